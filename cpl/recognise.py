"""What the index keeps of a record, recognised by patterns where the record has just the form that cpl writes.

Nothing is made of what is found but the row: so it takes a fifth of the time of `quick`. The patterns accept a part of
what the strict reader reads without a problem, with the usual fields in their order; of anything else nothing is said.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import chain
from operator import lt
from typing import Final, NamedTuple

from cpl.document import CHINESE, FRONT_LIMIT, MARKED, ORDINARY, RECORD_LIMIT
from cpl.patterns import bytes_regex, regex
from cpl.record import is_id
from cpl.yaml_grammar import BLOCK, FLOW, NULLS

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)

# Only days that there are; of the 29th of February the strict reader knows.
_DAY: Final = (
    r"(?:19|2[0-9])[0-9]{2}-(?:(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8])"
    r"|(?:0[13-9]|1[0-2])-(?:29|30)|(?:0[13578]|1[02])-31)"
)
_INSTANT: Final = rf"{_DAY}T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]{{3}})?[+-](?:0[0-9]|1[0-4]):[0-5][0-9]"
_IS: Final = rf"(?!(?:{'|'.join(map(re.escape, sorted(NULLS)))})(?:[,}}\]\n]))"  # something, and not nothing
_QUOTED: Final = r"'(?>(?:[^'\r\n]++|'')*)'"
_TEXT: Final = rf"{_IS}(?:{FLOW}|{_QUOTED})"
_LINE: Final = rf"{_IS}(?:{BLOCK}|{_QUOTED})"
_WORD: Final = rf"{_IS}\w[\w.+-]*+(?>(?:/[\w.+-]++)*)"
_FLAG: Final = "(?:true|false)"
_COUNT: Final = "[1-9][0-9]{0,13}"
_NUMBER: Final = r"-?[0-9]{1,15}(?:\.[0-9]{1,6})?"
_ID: Final = "CPL-[0-9]{8}-[0-9A-HJKMNP-TV-Z]{7}"
_TASK_ID: Final = "t-[0-9a-z]{4}"


def _perhaps(pattern: str) -> str:
    """What may be there or not; `(?:…|)` takes less time than `(?:…)?`."""
    return f"(?:{pattern}|)"


def _list(item: str) -> str:
    return rf"\[(?:{item}(?>(?:, {item})*))?\]"


def _braces(*pairs: str) -> str:
    """Some of the pairs between braces, in their order."""
    return rf"\{{(?=[a-z]){''.join(_perhaps(rf'{pair}(?:, (?=[a-z])|(?=}}))') for pair in pairs)}\}}"


def _fields(*lines: str) -> str:
    """Some of the lines, in their order."""
    return "".join(_perhaps(rf"{line}\n") for line in lines)


_PERSON: Final = (*(f"{name}: {_TEXT}" for name in ("name", "phone", "email")), f"role: {_WORD}")
_LINK: Final = rf"\{{as: {_WORD}, id: {_ID}\}}"
_HEAD: Final = regex(
    rf"id: (?P<id>{_ID})\ntitle: {_LINE}\nkind: (?P<kind>{_WORD})\nstatus: (?P<status>{_WORD})\n"
    + _fields(
        rf"nature: (?P<nature>{_WORD})",
        rf"severity: (?P<severity>{_WORD})",
        rf"category: (?P<category>{_WORD})",
        rf"tags: {_list(_WORD)}",
        rf"channel: (?P<channel>{_WORD})",
    )
    + rf"received_at: (?P<received_at>{_INSTANT})\n"
    + _fields(
        "location: "
        + _braces(
            f"site: {_TEXT}",
            *(f"{name}: (?P<{name}>{_TEXT})" for name in ("building", "unit", "room")),
            *(f"{name}: {_TEXT}" for name in ("floor", "spot", "area")),
        ),
        f"object: {_TEXT}",
        f"cause: {_WORD}",
        "complainant: " + _braces(*_PERSON, f"room: {_TEXT}", f"address: {_TEXT}", f"people: {_COUNT}"),
        f"lead: (?P<lead>{_TEXT})",
        rf"departments: (?P<departments>{_list(_WORD)})",
        f"assignee: (?P<assignee>{_TEXT})",
        f"demands: {_list(_TEXT)}",
        "order: "
        + _braces(
            f"size: {_WORD}",
            f"paid: {_FLAG}",
            f"price: {_NUMBER}",
            f"crew: {_list(_TEXT)}",
            f"appointment: {_INSTANT}",
            f"charge: {_NUMBER}",
        ),
        f"forwarded_by: {_TEXT}",
        "finding: " + _braces(f"responsible: {_TEXT}", f"share: {_TEXT}", f"cause: {_WORD}", f"text: {_TEXT}"),
        rf"links:(?P<links> {_list(_LINK)}|(?>(?:\n- {_LINK})+))",
        "source: " + rf"\{{system: {_WORD}, key: {_TEXT}(?:, clocks: {_list(_WORD)})?\}}",
    )
)
_GIVEN: Final = _braces(f"departments: {_list(_WORD)}", f"assignee: {_WORD}")
_JUDGED: Final = _braces(*(f"{name}: {_WORD}" for name in ("kind", "nature", "severity", "category")))
_REASON: Final = _perhaps(f", reason: {_TEXT}")
_REACHED: Final = _perhaps(f", reached: {_FLAG}")
_DEEDS: Final = (
    f"contact, via: {_WORD}, about: {_WORD}{_REACHED}",
    f"assign, set: {_GIVEN}" + _perhaps(rf", was: (?:\{{\}}|{_GIVEN})"),
    "(?:handover|arrive|finish|instruct)",
    f"follow-up, via: {_WORD}, about: {_WORD}{_REACHED}" + _perhaps(f", satisfied: {_FLAG}"),
    f"sign-off, about: {_WORD}" + _perhaps(f", who: {_TEXT}"),
    f"done, task: (?P<done>{_WORD}){_REASON}",
    f"drop, task: (?P<dropped>{_WORD}), reason: {_TEXT}",
    f"classify, set: {_JUDGED}"
    + _perhaps(rf", was: (?:\{{\}}|{_JUDGED})")
    + f", reason: {_TEXT}"
    + _perhaps(f", rule: {_TEXT}"),
    f"agree, clock: {_WORD}, due: {_INSTANT}",
    f"forward, whom: {_TEXT}",
)
_MOVE: Final = f"to: (?P<to>{_WORD}){_REASON}" + _perhaps(f", until: {_INSTANT}")
_MORE: Final = "".join(
    _perhaps(f", {each}") for each in (f"text: {_TEXT}", f"recorded_at: {_INSTANT}", f"recorded_by: {_TEXT}")
)
_DEED: Final = regex(rf"{_TEXT}, (?:{_MOVE}|did: (?:{'|'.join(_DEEDS)})){_MORE}\}}")
# Patterns to split by: between the pieces that they find nothing may be left over.
_EVENT: Final = regex(rf"\n- \{{at: ({_INSTANT}), by: ")
_OF_TASK: Final = (
    f"who: {_TEXT}",
    f"made_at: ({_INSTANT})",
    f"due: {_INSTANT}",
    f"part_of: {_TEXT}",
    f"source: {_TEXT}",
)
_TASK: Final = regex(
    rf"\n- \{{id: ({_TASK_ID}), kind: {_WORD}, text: {_TEXT}"
    + "".join(_perhaps(f", {each}") for each in _OF_TASK)
    + r"\}"
)
_INSTANTS: Final = regex(f": ({_INSTANT})")
_LINKED: Final = regex(f"id: ({_ID})")
_ITEMS: Final = regex(_WORD)

_OPENING: Final = b"---\n"
_CLOSING: Final = b"\n---"
_HISTORY: Final = b"\nhistory:\n"
_TASKS: Final = "\ntasks:"
_NOTHING: Final = ("", "")
_KEPT: Final = 4096  # texts whose meaning is kept, of each kind
_SHORT: Final = 4000  # characters of a history; what stands in longer ones is not kept
_OWN: Final = ("kind", "status", "nature", "severity", "category", "channel", "lead", "assignee", "departments")
_OF_PLACE: Final = ("building", "unit", "room")
FACETS: Final = (*_OWN, *(f"location.{name}" for name in _OF_PLACE))
"""The fields with few values, by which most lists are filtered."""

_WITHOUT_CASE: Final = bytes([*range(0x80), 0xE3]) + CHINESE
_CASED_WIDE: Final = bytes_regex(b"\xef\xbc[\xa1-\xba]")


class Row(NamedTuple):
    """What is kept of a content, nothing of one that holds no record; one with an error of its form is faulty.

    Instants are microseconds since 1970. From `known_from` on everything that happened is known; `latest` is the last
    instant that stands in the front matter at all. `moved_to` is the state that the events lead to, whatever `status`
    says.
    """

    id: str | None = None
    received: int = 0
    known_from: int = 0
    latest: int = 0
    moved_to: str | None = None
    has_open_tasks: bool = False
    links: tuple[str, ...] = ()
    is_faulty: bool = True
    facets: tuple[str | None, ...] = ()


def microseconds(instant: datetime) -> int:
    """An instant as the index keeps it."""
    return (instant - _EPOCH) // _MICROSECOND


def at_microsecond(number: int) -> datetime:
    """The instant that the index keeps so."""
    return _EPOCH + number * _MICROSECOND


class _Unusual(Exception):
    """The content has not the usual form."""


class _Deed(NamedTuple):
    """What matters of an event: the state that it leads to, the task that it ends, the instants but for its own."""

    to: str | None
    ended: str | None
    instants: Sequence[str]


class _Tasks(NamedTuple):
    """The ids of tasks, when they were made as far as that is said, and all the instants in them."""

    ids: Collection[str]
    made: Iterable[str]
    instants: Iterable[str]


_NO_TASKS: Final = _Tasks((), (), ())


def rows(contents: Iterable[bytes]) -> list[Row | None]:
    """The row of each content; None of one that is not of the usual form, of which nothing is said.

    Each step is done with all contents before the next: so the processor has at hand what a step needs. Some dozens
    take three quarters of the time that they take one by one.
    """
    cuts = [*map(_cut, contents)]
    heads = [_HEAD.fullmatch(fields) for fields, _history in cuts]
    events = [_EVENT.split(history) for _fields, history in cuts]
    return [*map(_row, cuts, heads, events)]


def _cut(data: bytes) -> tuple[str, str]:
    """The text before the key of the history, and the text behind it; both empty where they are not of the usual form.

    The history mostly is ASCII, which is handled faster if nothing else is in the text.
    """
    at = data.find(_HISTORY)
    end = data.find(_CLOSING, at)
    body = data[end:]
    is_cut = at > 0 and end > 0 and data.startswith(_OPENING) and body[4:5] in (b"", b"\n")
    if not is_cut or end > FRONT_LIMIT // 4 or len(data) > RECORD_LIMIT or MARKED.search(body):
        return _NOTHING
    before = data[len(_OPENING) : at + 1]
    try:
        fields, history = before.decode(), data[at + len(_HISTORY) - 1 : end].decode()
        body.decode()  # is it text?
    except UnicodeDecodeError:
        return _NOTHING
    is_plain = not before.translate(None, ORDINARY)
    return (fields, history) if is_plain or _is_printable(fields) else _NOTHING


def _row(cut: tuple[str, str], head: re.Match[str] | None, events: Sequence[str]) -> Row | None:
    if head is None:
        return None
    try:
        return _row_of(head, events, are_kept=len(cut[1]) < _SHORT)
    except _Unusual:
        return None


def _row_of(head: re.Match[str], events: Sequence[str], *, are_kept: bool) -> Row:
    """The row of the fields before the history and of its events. Raises _Unusual."""
    before, *parts = events
    ats, texts = parts[::2], parts[1::2]
    if before or not ats or not all(map(lt, ats, ats[1:])):
        raise _Unusual
    texts[-1], has_tasks, items = texts[-1].partition(_TASKS)
    moves, ended, others = zip(*map(_known_deed if are_kept else _deed, texts), strict=True)
    tasks = _tasks(items) if has_tasks else _NO_TASKS
    identifier, *facets, received, building, unit, room, lead, departments, assignee, linked = head.groups()
    in_head = _INSTANTS.findall(head.string) if head.string.count("T") > 1 else (received,)
    instants = [*in_head, *chain.from_iterable(others), *tasks.instants]
    links = _links(linked)
    is_one_offset = "".join([*ats, *instants]).count(received[-6:]) == len(ats) + len(instants)
    if not is_one_offset or not is_id(identifier) or not all(map(is_id, links)):
        raise _Unusual
    known_from, latest = max(received, ats[-1], *tasks.made), max(ats[-1], *instants)  # texts of one offset
    known_number = _number(known_from)
    return Row(
        identifier,
        _number(received),
        known_number,
        known_number if latest == known_from else _number(latest),
        next(filter(None, reversed(moves)), None),
        has_tasks != "" and not {*ended}.issuperset(tasks.ids),
        links,
        False,
        (*facets, _unquoted(lead), _unquoted(assignee), _names(departments), *map(_unquoted, (building, unit, room))),
    )


def _deed(text: str) -> _Deed:
    """What stands in an event behind its instant. Raises _Unusual."""
    found = _DEED.fullmatch(text)
    if found is None or not text.isprintable():
        raise _Unusual
    return _Deed(found["to"], found["done"] or found["dropped"], _INSTANTS.findall(text))


_known_deed: Final = lru_cache(_KEPT)(_deed)


def _tasks(items: str) -> _Tasks:
    """The tasks of a list. Raises _Unusual: they are not all of the usual form, or there are none."""
    parts = _TASK.split(items)
    ids = parts[1::3]
    if any(parts[::3]) or not ids or not _is_printable(items):
        raise _Unusual
    return _Tasks(ids, filter(None, parts[2::3]), _INSTANTS.findall(items))


def _is_printable(lines: str) -> bool:
    return lines.replace("\n", "").isprintable()


def is_head(front: str) -> bool:
    """Whether a front matter begins in the usual form, with fields up to the history in which nothing is wrong."""
    fields, is_there, _history = front.partition(_HISTORY.decode())
    found = _HEAD.fullmatch(f"{fields}\n") if is_there else None
    return found is not None and all(map(is_id, (found["id"], *_links(found["links"]))))


def _links(text: str | None) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_LINKED.findall(text))) if text else ()


def _number(instant: str) -> int:
    """As `microseconds`, in half the time: the parts of an instant come again in others."""
    return _day(instant[:10]) + _minute(instant[10:16]) + _rest(instant[16:])


@lru_cache(_KEPT)
def _day(text: str) -> int:
    return microseconds(datetime.fromisoformat(f"{text}T00:00:00+00:00"))


@lru_cache(_KEPT)
def _minute(text: str) -> int:
    return microseconds(datetime.fromisoformat(f"1970-01-01{text}:00+00:00"))


@lru_cache(_KEPT)
def _rest(text: str) -> int:
    return microseconds(datetime.fromisoformat(f"1970-01-01T00:00{text}"))


def latest(front: str) -> int | None:
    """The last instant of the usual form in a front matter; None where there is none."""
    return max(map(_number, _INSTANTS.findall(front)), default=None)


@lru_cache(_KEPT)
def _unquoted(text: str | None) -> str | None:
    return text[1:-1].replace("''", "'") if text is not None and text.startswith("'") else text


@lru_cache
def _names(text: str | None) -> str | None:
    return None if text is None else as_facet(_ITEMS.findall(text))


def as_facet(names: Sequence[str]) -> str:
    """Several names as the index keeps them."""
    import json  # 2 ms that most commands do not need

    return json.dumps(names, ensure_ascii=False)


def folded(text: str, data: bytes) -> bytes:
    """`text`, whose bytes are `data`, without regard to case; of ASCII and Chinese in a tenth of the usual time."""
    others = data.translate(None, _WITHOUT_CASE)
    if others and (
        others.strip(b"\xe2\xef")
        or data.count(b"\xe2") > data.count(b"\xe2\x80")
        or data.count(b"\xef") > data.count(b"\xef\xbc")
        or _CASED_WIDE.search(data)
    ):
        return text.casefold().encode(errors="surrogatepass")
    return data.lower()
