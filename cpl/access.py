"""Who is shown files (RQ-9): what a row of the register of access needs, and which rows are corrected; no I/O."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from gettext import gettext as _
from typing import Any, Final

from cpl.schema import did_you_mean

Row = Mapping[str, Any]

PAPERS: Final = ("letter", "licence", "mandate")
LACKING: Final = "E301"
_OF_AUTHORITIES: Final = ("office", "officer", "signed")
_OF_LAWYERS: Final = ("papers", "approved_by")
_NEEDED: Final[Mapping[str, tuple[str, ...]]] = {
    **dict.fromkeys(("police", "prosecutor", "discipline"), _OF_AUTHORITIES),
    "own-lawyer": (*_OF_LAWYERS, "received_by"),
    "other-lawyer": (*_OF_LAWYERS, "fee", "escort"),
}
"""What access needs before anything is shown, by who asks for it."""
_BY_ALL: Final = ("who", "seen")
KINDS: Final = tuple(_NEEDED)


def faults(rows: Sequence[Row]) -> Iterator[tuple[int, str, str]]:
    """What is wrong with rows of access: the place of the row, the code and the message."""
    settled, names = corrected(rows), [row["id"] for row in rows]
    for index, row in enumerate(rows):
        if row["id"] not in settled and (lacks := list(_lacking(row))):
            message = _("access {name} by '{kind}' lacks: {lacks} (RQ-9)")
            yield index, LACKING, message.format(name=row["id"], kind=row["kind"], lacks=", ".join(lacks))
        wrong = row.get("corrects")
        if wrong is not None and wrong not in settled.intersection(names):
            message = _("'{name}' corrects '{wrong}', and no other row has that name").format(
                name=row["id"], wrong=wrong
            )
            yield index, "E303", message + did_you_mean(wrong, [each for each in names if each != row["id"]])


def _lacking(row: Row) -> Iterator[str]:
    """What is not there, or says nothing."""
    needed = _NEEDED[row["kind"]]
    yield from (name for name in (*needed, *_BY_ALL) if name != "papers" and not _is_said(row.get(name)))
    if "papers" in needed:
        yield from (f"papers: {each}" for each in PAPERS if each not in row.get("papers", ()))


def _is_said(value: Any) -> bool:
    """Whether a field says something: no empty text, no list of such, no `false`."""
    if isinstance(value, tuple):
        return any(map(_is_said, value))
    return bool(value.strip()) if isinstance(value, str) else value is not None and value is not False


def corrected(rows: Iterable[Row]) -> frozenset[str]:
    """The names of the rows that another one corrects, and which so count for nothing."""
    return frozenset(row["corrects"] for row in rows if row.get("corrects") not in (None, row.get("id")))
