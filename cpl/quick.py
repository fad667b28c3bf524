"""A record in the form in which cpl writes it, read quickly; every other form is left to `store.read_entry`.

Lines are cut by patterns, and what a text means is asked of the schema, once for each text that comes again: the
schema gets the same nodes as from the strict reader, without marks. So there is one grammar, one list of fields and one
list of events. Whatever is unusual, or wrong, gives None: then the strict reader says what it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from itertools import chain
from types import FunctionType
from typing import Any, Final, NamedTuple

from cpl.document import FRONT_LIMIT, MARKED, ORDINARY, RECORD_LIMIT
from cpl.events import VERBS, Event, shape_of
from cpl.moments import USUAL_INSTANT, usual_instants
from cpl.patterns import regex
from cpl.record import FIELDS, HISTORY, REQUIRED, Record, build
from cpl.schema import Converter, ListOf, Problems, Struct, struct
from cpl.yaml_faults import conflict_markers, forbidden
from cpl.yaml_grammar import FLOW, NULLS, PLAIN
from cpl.yaml_nodes import Entry, MappingNode, Node, ScalarNode, SequenceNode, Source

_KEY: Final = r"(\w[\w-]{0,40}+)"
_QUOTED: Final = r"'(?>(?:[^'\r\n]++|'')*)'"
_VALUE: Final = rf"({FLOW}|{_QUOTED}|\{{[^{{}}\n]*+\}}|\[[^\[\]\n]*+\])"
_BEHIND: Final = r"(?:, |\Z)"

# Patterns to split by: between the pieces that they find nothing may be left over.
_ENTRY: Final = regex(rf"{_KEY}:(?: ([^\n]+)|((?:\n- [^\n]+)+))\n")
_EVENT: Final = regex(rf"\n- \{{at: ({USUAL_INSTANT}), ([^\n]+)\}}(?=\n|\Z)")
_PAIR: Final = regex(rf"{_KEY}: {_VALUE}{_BEHIND}")
_ITEM: Final = regex(_VALUE + _BEHIND)
_SINGLE: Final = regex(_QUOTED)

_OPENING: Final = "---\n"
_CLOSING: Final = "\n---"
_END: Final = _CLOSING.encode()
_HISTORY: Final = f"\n{HISTORY}:"
_OTHER_FIELDS: Final = struct({}, extra=True)  # `x-…`
_REQUIRED: Final = frozenset(REQUIRED)
_NOWHERE: Final = Source("", "")
_SOME_INSTANT: Final = "at: 2000-01-01T00:00:00+00:00, "  # in place of an event's own, so that its rest comes again
_SELDOM_THE_SAME: Final = frozenset({"id", "title", "received_at"})
_PLAINLY: Final[Mapping[str, Callable[[str], Any]]] = {"id": str, "received_at": datetime.fromisoformat}
_KEPT: Final = 4096  # texts whose meaning is kept, of each kind
_SHORT: Final = 200  # characters; longer texts hardly come again


class _Unusual(Exception):
    """The record has not the usual form."""


def read(data: bytes) -> Record | None:
    """The record that a file's bytes hold, when they have the form that cpl writes; None: let `read_entry` look at it.

    It is the record of `read_entry`, which finds no problem in it; only the lines of the events are not told.
    """
    text = front(data)
    return None if text is None else within(text)


def within(front: str) -> Record | None:
    """The record of a front matter, when it has the form that cpl writes."""
    try:
        return _record(front)
    except _Unusual:
        return None


def decoded(data: bytes) -> str | None:
    """The text of a file's bytes; None of what is longer than a record may be, or no UTF-8."""
    if len(data) > RECORD_LIMIT:
        return None
    try:
        return data.decode()
    except UnicodeDecodeError:
        return None


def front(data: bytes) -> str | None:
    """The front matter in a file's bytes, where nothing but its entries may be unusual."""
    text = decoded(data) or ""
    end = text.find(_CLOSING)
    if not text.startswith(_OPENING) or text[end + 4 : end + 5] not in ("", "\n"):
        return None
    found = text[len(_OPENING) : end + 1]
    return None if len(found) > FRONT_LIMIT // 4 or _has_what_no_file_may_hold(data, text, found) else found


def _record(front: str) -> Record:
    entries = _entries(front)
    fields = {name: _field(name, inline, items) for name, inline, items in entries}
    if len(fields) < len(entries) or not fields.keys() >= _REQUIRED or not fields[HISTORY]:
        raise _Unusual
    return build(fields)


def partly(front: str, names: Collection[str]) -> Record | None:
    """The record of a front matter whose head `recognise` knows; of the fields of the head it has only `names`."""
    start = front.index(_HISTORY) + 1
    try:
        above, below = _lines(front[:start]), _entries(front[start:])
        if len({entry[0] for entry in chain(above, below)}) < len(above) + len(below):
            return None
        fields = {
            name: _PLAINLY[name](inline) if name in _PLAINLY else _field(name, inline, items)
            for name, inline, items in above
            if name in names
        }
        fields |= {name: _field(name, inline, items) for name, inline, items in below}
        return build(fields) if fields[HISTORY] else None
    except _Unusual:
        return None


def _entries(text: str) -> list[tuple[str, str, str]]:
    """Each field of a front matter: its name, and either what stands behind it or the items below it."""
    parts = _split(_ENTRY, 3, text)
    return [*zip(parts[::3], parts[1::3], parts[2::3], strict=True)]


def _lines(head: str) -> list[tuple[str, str, str]]:
    """The same of a head that `recognise` knows: without lists on lines of their own each line is a field."""
    if "\n- " in head:
        return _entries(head)
    pairs = [line.partition(": ") for line in head[:-1].split("\n")]
    return [(name, inline, "") for name, _colon, inline in pairs]


def _field(name: str, inline: str, items: str) -> Any:
    """The value of a field, of what stands behind its key, or of the items below it."""
    if not inline:
        return _listed(name, items)
    if name in _SELDOM_THE_SAME or len(inline) > _SHORT:
        return _typed(name, inline)
    value = _known(name, inline)
    return value if isinstance(value, str) else _own(value)


def _has_what_no_file_may_hold(data: bytes, text: str, front: str) -> bool:
    """Whether there are conflict markers, or characters that may not stand in a front matter."""
    if MARKED.search(data):
        body = len(_OPENING) + len(front) + len(_CLOSING)
        if conflict_markers(Source("", text), 0, len(text), prose_from=body):
            return True
    is_clear = not data[: data.find(_END)].translate(None, ORDINARY)
    return not is_clear and bool(forbidden(Source("", front), 0, len(front)))


def _typed(name: str, text: str) -> Any:
    """The value of a field that stands behind its key."""
    if name == HISTORY:
        raise _Unusual
    return _value(name, _root_node(text))


_known: Final = lru_cache(_KEPT)(_typed)


def _listed(name: str, items: str) -> Any:
    """The value of a field whose items stand on lines of their own, each behind a line end, a dash and a blank."""
    if name == HISTORY:
        parts = _EVENT.split(items)
        if not any(parts[::3]):  # else `at` does not come first, which the schema does not mind
            return tuple(map(_event, _instants(parts[1::3]), parts[2::3]))
    texts = items[3:].split("\n- ")
    converter = FIELDS.get(name)
    if isinstance(converter, ListOf) and isinstance(converter.item, Struct):
        return tuple(_struct(converter.item, _cut(_inner(text, "{}"))) for text in texts)
    nodes: list[Node] = [*map(_braces, texts)]
    return _value(name, SequenceNode(nodes, False, 0, 0, _NOWHERE))


def _value(name: str, node: Node) -> Any:
    """What the schema makes of the field `name`."""
    problems: Problems = []
    converter = FIELDS.get(name)
    if converter is None:
        entry = MappingNode([Entry(_plain(name), node)], False, 0, 0, _NOWHERE)
        value = (_OTHER_FIELDS(entry, problems) or {}).get(name)
    else:
        value = converter(node, problems)
    if problems or value is None:
        raise _Unusual
    return value


class _Rest(NamedTuple):
    """An event but for its instant; `compound` names the values that could be changed."""

    by: str
    to: str | None
    did: str | None
    data: Mapping[str, Any]
    compound: Sequence[str]


def _instants(texts: Sequence[str]) -> Sequence[datetime]:
    try:
        return usual_instants(texts)
    except ValueError as error:  # a day or a time that does not exist
        raise _Unusual from error


def _event(at: datetime, text: str) -> Event:
    """The event of an instant and of what stands behind it."""
    by, to, did, known, compound = _known_rest(text) if len(text) <= _SHORT else _rest(text)
    data = {**known, "at": at}
    for name in compound:
        data[name] = _own(data[name])
    return Event(at, by, to, did, data)


def _rest(text: str) -> _Rest:
    pairs = _cut(_SOME_INSTANT + text)
    did = pairs.get("did")
    if ("to" in pairs) == (did is not None) or not (did is None or did in VERBS):
        raise _Unusual
    data = _struct(shape_of(did), pairs)
    compound = [name for name, value in data.items() if isinstance(value, dict | tuple)]
    return _Rest(data["by"], data.get("to"), did, data, compound)


_known_rest: Final = lru_cache(_KEPT)(_rest)


def _own(value: Any) -> Any:
    """`value`, so that nothing in it can be changed through another record."""
    if isinstance(value, dict):
        return {name: each if isinstance(each, str) else _own(each) for name, each in value.items()}
    if isinstance(value, tuple) and any(isinstance(each, dict | tuple) for each in value):
        return tuple(map(_own, value))
    return value


def _root_node(text: str) -> Node:
    """The node of what stands behind a key of the root."""
    if text[0] in "{[" or PLAIN.fullmatch(text) or _SINGLE.fullmatch(text):
        return _node(text)
    raise _Unusual


def _node(text: str) -> Node:
    """The node of a text that _VALUE matches."""
    match text[0]:
        case "{":
            return _braces(text)
        case "[":
            items = [_node(each) for each in _split(_ITEM, 1, _inner(text, "[]"))]
            return SequenceNode(items, True, 0, 0, _NOWHERE)
        case "'":
            return ScalarNode(text[1:-1].replace("''", "'"), "single", 0, 0, _NOWHERE)
    return _plain(text)


def _plain(text: str) -> ScalarNode:
    if text in NULLS:
        raise _Unusual
    return ScalarNode(text, "plain", 0, 0, _NOWHERE)


def _braces(text: str) -> MappingNode:
    return _pairs(_inner(text, "{}"))


def _pairs(text: str) -> MappingNode:
    """The node of what stands between braces."""
    entries = [Entry(_key(name), _node(value)) for name, value in _cut(text).items()]
    return MappingNode(entries, True, 0, 0, _NOWHERE)


def _cut(text: str) -> dict[str, str]:
    """The texts of the values between braces, by their keys."""
    parts = _split(_PAIR, 2, text)
    pairs = dict(zip(parts[::2], parts[1::2], strict=True))
    if 2 * len(pairs) < len(parts):
        raise _Unusual
    return pairs


def _struct(shape: Struct, pairs: Mapping[str, str]) -> dict[str, Any]:
    """What `shape` makes of such a mapping; a node is made only for a value that is not known yet."""
    data = {name: _converted(shape.converter(name), text) for name, text in pairs.items()}
    if not data.keys() >= {*shape.required}:
        raise _Unusual
    return data


def _converted(converter: Converter | None, text: str) -> Any:
    if isinstance(converter, FunctionType) and text[0] not in "{[" and len(text) <= _SHORT:
        return _known_scalar(converter, text)
    return _unknown(converter, text)


def _unknown(converter: Converter | None, text: str) -> Any:
    problems: Problems = []
    value = None if converter is None else converter(_node(text), problems)
    if problems or value is None:
        raise _Unusual
    return value


_known_scalar: Final = lru_cache(_KEPT)(_unknown)


@lru_cache(_KEPT)
def _key(text: str) -> ScalarNode:
    return _plain(text)


def _inner(text: str, brackets: str) -> str:
    if text[0] != brackets[0] or text[-1] != brackets[1]:
        raise _Unusual
    return text[1:-1]


def _split(pattern: re.Pattern[str], groups: int, text: str) -> list[str]:
    """The groups of all that `pattern` finds, one after the other, when that is all there is."""
    parts = pattern.split(text)
    if any(parts[:: groups + 1]):
        raise _Unusual
    del parts[:: groups + 1]
    return parts
