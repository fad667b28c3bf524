"""What differs between two versions of a record's file, field by field and in words; not who changed it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping
from gettext import gettext as _
from typing import Final

from cpl import document as documents
from cpl.errors import Problem
from cpl.events import canonical, read_event
from cpl.patterns import regex
from cpl.record import HISTORY, NAMED
from cpl.render import clip, visible
from cpl.sections import by_heading
from cpl.values import frozen
from cpl.yaml_nodes import MappingNode, Node, PlainData, SequenceNode, plain_data

NOTATION: Final = "notation"
RECORD: Final = "record"
TEXT: Final = "text"
UNREADABLE: Final = "unreadable"

_WIDEST: Final = 100  # of a value within a sentence; `before` and `after` have all of it
_MINUTE: Final = regex(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d)")


@frozen
class Change:
    """One difference, as a sentence in `words` and with the values, None where there is none.

    `field` is a path such as `location.room`, `tasks[t-9f3k].due`, `history[+]` (`[-]` went, `[~]` is not
    what it was) or `body:Description`; or what it is about: `record`, `text`, `notation`, `unreadable`.
    """

    field: str
    before: str | None
    after: str | None
    words: str


@frozen
class _Version:
    """A version of the file; `front` is None where it can't be read, and `problem` says why."""

    text: str
    front: MappingNode | None
    body: str
    problem: Problem | None

    def get(self, name: str) -> PlainData:
        return None if self.front is None else plain_data(self.front.get(name))


def changes(before: bytes | None, after: bytes | None) -> list[Change]:
    """What made the version `after` of `before`, in the order of the file; None: there was or is no file.

    Two versions of which one can't be read are compared as text. No difference is passed over: one of nothing
    but comments, order or quotes is a change of the `notation`.
    """
    if before == after:
        return []
    if before is None or after is None:
        return list(_whole(before, after))
    old, new = _read(before), _read(after)
    if old.front is None or new.front is None:
        return [*_unreadable(new), *_as_text(old.text, new.text)]
    found = [*_fields(old.front, new.front), *_body(old.body, new.body)]
    words = _("only the notation changed: comments, order, quotes or blanks")
    return found or [Change(NOTATION, None, None, words)]


def _read(data: bytes) -> _Version:
    document, problems = documents.parse(data, RECORD)
    errors = sorted(problem for problem in problems if problem.is_error)
    if document is None or errors:
        return _Version(data.decode("utf-8-sig", "replace"), None, "", errors[0])
    return _Version(document.text, document.front, document.body, None)


def _unreadable(version: _Version) -> Iterator[Change]:
    if version.problem is not None:
        words = _("this version is UNREADABLE: line {line}: {code} {message}")
        facts = {"line": version.problem.line, "code": version.problem.code}
        yield Change(UNREADABLE, None, None, words.format(message=version.problem.message, **facts))


def _as_text(old: str, new: str) -> Iterator[Change]:
    """The lines that went and came, for want of fields."""
    left, right = _count(old), _count(new)
    yield Change(TEXT, None, None, _lines_words(_("text"), old, new))
    for line in (left - right).elements():
        yield Change(f"{TEXT}[-]", line, None, f"− {_short(line)}")
    for line in (right - left).elements():
        yield Change(f"{TEXT}[+]", None, line, f"+ {_short(line)}")


def _whole(before: bytes | None, after: bytes | None) -> Iterator[Change]:
    """The record came or went."""
    version = _read(before if before is not None else after or b"")
    title = _text(version.get("title"))
    shown = {name: _short(version.get(name)) for name in ("title", "kind", "status")}
    if before is not None:
        yield Change(RECORD, title, None, _("record REMOVED: {title} ({kind}, {status})").format(**shown))
        return
    yield Change(RECORD, None, title, _("record added: {title} ({kind}, {status})").format(**shown))
    yield from _unreadable(version)


def _fields(old: MappingNode, new: MappingNode) -> Iterator[Change]:
    for name in dict.fromkeys(entry.key.text for entry in (*new.entries, *old.entries)):
        before, after = old.get(name), new.get(name)
        if name == HISTORY:
            yield from _events(before, after)
        elif name in NAMED:
            yield from _items(name, plain_data(before), plain_data(after))
        else:
            yield from _values(name, name, plain_data(before), plain_data(after))


def _values(path: str, label: str, old: PlainData, new: PlainData) -> Iterator[Change]:
    """The differences of two values; those of mappings key by key."""
    if old == new:
        return
    if isinstance(old or new, dict) and isinstance(new or old, dict):
        left, right = _mapping(old), _mapping(new)
        for key in dict.fromkeys((*right, *left)):
            yield from _values(f"{path}.{key}", f"{label}.{key}", left.get(key), right.get(key))
        return
    words = _("{field}: {before} → {after}").format(field=label, before=_short(old), after=_short(new))
    yield Change(path, _text(old), _text(new), words)


def _items(name: str, old: PlainData, new: PlainData) -> Iterator[Change]:
    """The differences of two lists whose items have names."""
    left, right = _named(old, NAMED[name]), _named(new, NAMED[name])
    if left is None or right is None:
        yield from _values(name, name, old, new)
        return
    noun = _("task") if name == "tasks" else name
    for key in dict.fromkeys((*left, *right)):
        before, after = left.get(key), right.get(key)
        path, label = f"{name}[{key}]", f"{noun} {key}"
        said = {"label": label, "item": _details(after or before, without=(NAMED[name],))}
        if before is None:
            yield Change(path, None, _text(after), _("{label} added: {item}").format(**said))
        elif after is None:
            yield Change(path, _text(before), None, _("{label} REMOVED: {item}").format(**said))
        else:
            yield from _values(path, label, before, after)


def _named(items: PlainData, key: str) -> dict[str, PlainData] | None:
    """The items by name; None where one has no name, or two have the same."""
    if items is None:
        return {}
    found: dict[str, PlainData] = {}
    for item in items if isinstance(items, list) else [items]:
        name = _mapping(item).get(key)
        if not isinstance(name, str) or name in found:
            return None
        found[name] = item
    return found


def _events(old: Node | None, new: Node | None) -> Iterator[Change]:
    """The events that came, went, or are not what they were; their order does not count."""
    before, after = _by_key(old), _by_key(new)
    data = {key: events[0] for key, events in (before | after).items()}
    left, right = (Counter({key: len(each) for key, each in events.items()}) for events in (before, after))
    gone, come = list((left - right).elements()), list((right - left).elements())
    changed: list[tuple[str, str]] = []
    for alike in (_time_and_name, _time, _all_but_time):
        names = {key: alike(_mapping(data[key])) for key in (*gone, *come)}
        changed += _pair(gone, come, names)
    for key in gone:
        words = _("event REMOVED: {event}").format(event=_event(data[key]))
        yield Change(f"{HISTORY}[-]", _text(data[key]), None, words)
    for key, other in changed:
        yield _event_changed(data[key], data[other])
    for key in come:
        words = _("event added: {event}").format(event=_event(data[key]))
        yield Change(f"{HISTORY}[+]", None, _text(data[key]), words)


def _event_changed(old: PlainData, new: PlainData) -> Change:
    inner = _values("", "", _mapping(old), _mapping(new))
    what = "; ".join(change.words.removeprefix(".") for change in inner)
    words = _("event CHANGED: {event}: {what}").format(event=_event(old, details=False), what=what)
    return Change(f"{HISTORY}[~]", _text(old), _text(new), words)


def _by_key(node: Node | None) -> dict[str, list[PlainData]]:
    """The events by their canonical JSON, which is the same however an event is written."""
    found: dict[str, list[PlainData]] = defaultdict(list)
    for item in node.items if isinstance(node, SequenceNode) else [] if node is None else [node]:
        event, data = read_event(item, []), plain_data(item)
        found[canonical({"": data} if event is None else event.data)].append(data)
    return found


def _pair(gone: list[str], come: list[str], names: Mapping[str, str | None]) -> list[tuple[str, str]]:
    """Take out of both lists the pairs that have the same name; None is no name."""
    waiting: dict[str | None, list[str]] = defaultdict(list)
    for key in come:
        waiting[names[key]].append(key)
    pairs = [(key, waiting[names[key]].pop(0)) for key in gone if names[key] is not None and waiting.get(names[key])]
    for left, right in pairs:
        gone.remove(left)
        come.remove(right)
    return pairs


def _time_and_name(event: Mapping[str, PlainData]) -> str | None:
    return None if (at := _time(event)) is None else f"{at} {_event_name(event)}"


def _time(event: Mapping[str, PlainData]) -> str | None:
    return _text(event.get("at"))


def _all_but_time(event: Mapping[str, PlainData]) -> str | None:
    return canonical({name: value for name, value in event.items() if name != "at"})


def _event_name(event: Mapping[str, PlainData]) -> str:
    return next((f"{key}:{_short(event[key])}" for key in ("to", "did") if event.get(key)), "?")


def _event(data: PlainData, *, details: bool = True) -> str:
    """`to:resolving by zhao.qiang at 2026-11-22 10:00 (reason: …)`."""
    event = _mapping(data)
    at = _MINUTE.match(_text(event.get("at")) or "")
    said = {
        "event": _event_name(event),
        "by": _short(event.get("by")),
        "at": f"{at[1]} {at[2]}" if at else _short(event.get("at")),
    }
    rest = _details(data, without=("at", "by", "to", "did")) if details else ""
    return _("{event} by {by} at {at}").format(**said) + (f" ({rest})" if rest else "")


def _body(old: str, new: str) -> Iterator[Change]:
    left, right = by_heading(old), by_heading(new)
    for heading in dict.fromkeys((*right, *left)):
        before, after = left.get(heading), right.get(heading)
        if (before or "").strip() != (after or "").strip() or (before is None) != (after is None):
            label = heading or _("text before the first heading")
            yield _lines_changed(f"body:{heading}", label, before, after)


def _lines_changed(field: str, label: str, before: str | None, after: str | None) -> Change:
    return Change(field, before, after, _lines_words(label, before, after))


def _lines_words(label: str, before: str | None, after: str | None) -> str:
    """How a text changed: `Description changed (+3 −1 lines)`; blank lines do not count."""
    old, new = _count(before or ""), _count(after or "")
    counts = {"added": (new - old).total(), "removed": (old - new).total()}
    if before is None:
        return _("{label} added (+{added} lines)").format(label=label, **counts)
    if after is None:
        return _("{label} REMOVED (−{removed} lines)").format(label=label, **counts)
    if not any(counts.values()):
        return _("{label}: only the order of lines or blanks changed").format(label=label)
    return _("{label} changed (+{added} −{removed} lines)").format(label=label, **counts)


def _count(text: str) -> Counter[str]:
    """How often each line stands there, blank ones apart."""
    return Counter(line for line in _lines(text) if line.strip())


def _lines(text: str) -> list[str]:
    return text.replace("\r\n", "\n").split("\n")


def _mapping(data: PlainData) -> dict[str, PlainData]:
    return data if isinstance(data, dict) else {}


def _details(data: PlainData, *, without: Collection[str]) -> str:
    if not isinstance(data, dict):
        return _short(data)
    return ", ".join(f"{key}: {_short(value)}" for key, value in data.items() if key not in without)


def _short(data: PlainData) -> str:
    text = _text(data)
    return "–" if text is None else clip(visible(text[: _WIDEST * 10]), _WIDEST)


def _text(data: PlainData) -> str | None:
    """A value as one text, much as it stands in the file; None where there is none."""
    if isinstance(data, list):
        return "[" + ", ".join(_text(item) or "" for item in data) + "]"
    if isinstance(data, dict):
        return "{" + ", ".join(f"{key}: {_text(value) or ''}" for key, value in data.items()) + "}"
    return data
