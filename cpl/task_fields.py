"""What a task of a record holds: its keys, the form of its id; what becomes of tasks is said elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from gettext import gettext as _
from typing import Final

from cpl.patterns import regex
from cpl.schema import Converter, Problems, duration, instant, problem, struct, text, word
from cpl.yaml_nodes import Node

_TASK_ID: Final = regex(r"t-[0-9a-z]{4}")
_LETTERS: Final = "0123456789abcdefghijkmnpqrstuvwxyz"
_LENGTH: Final = 4


def _task_id(node: Node, problems: Problems) -> str | None:
    value = word(node, problems)
    if value is not None and not _TASK_ID.fullmatch(value):
        message = _("'{value}' is not a task's id; write t- and four of a-z, 0-9").format(value=value)
        problems.append(problem(node, "E057", message))
    return value


def _length(node: Node, problems: Problems) -> str | None:
    """A duration, kept as it is written."""
    value = duration(node, problems)
    return None if value is None else str(value)


TASK_FIELDS: Final[Mapping[str, Converter]] = {
    "id": _task_id,
    "kind": word,
    "text": text,
    "who": text,
    "role": word,
    "department": word,
    "needs": text,
    "made_at": instant,
    "due": instant,
    "every": _length,
    "part_of": text,
    "source": text,
}
TASK: Final = struct(TASK_FIELDS, required=["id", "kind", "text"], extra=True)


def new_id(taken: Collection[str], choose: Callable[[str], str]) -> str:
    """A task's id that the record does not have yet; `choose` picks one of the characters."""
    while (identifier := "t-" + "".join(choose(_LETTERS) for _position in range(_LENGTH))) in taken:
        continue
    return identifier


def derived_id(seed: str) -> str:
    """The id that follows from `seed`, the same in every clone."""
    import hashlib  # 5 ms that most commands do not need

    digest = hashlib.sha256(seed.encode()).digest()
    return "t-" + "".join(_LETTERS[byte % len(_LETTERS)] for byte in digest[:_LENGTH])
