"""Three-way merge of a record's front matter: events, what they set, tasks, lists, fields; typed values in and out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import Any, Final

from cpl import splicing, threeway
from cpl.document import Document
from cpl.events import Event, canonical, effective, set_last
from cpl.record import HISTORY, NAMED, ORDER, Record, derived, load
from cpl.values import frozen

EVIDENCE: Final = "evidence"
_PEOPLE: Final = ("complainant", "people")
# Items of a list one by one, for the sake of comments; each takes a look at the whole record.
_MOST_TAKEN_OUT: Final = 50
_NAME_LIMIT: Final = 200  # bytes of the name of a file of evidence
_ABSENT: Final[tuple[object, ...]] = (None, {}, ())

Path = tuple[str | int, ...]


@frozen
class Version:
    """One version of the record: its fields as typed values, and its body."""

    fields: Mapping[str, Any]
    body: str

    @property
    def history(self) -> Sequence[Event]:
        """The events as they stand there."""
        events: Sequence[Event] = self.fields[HISTORY]
        return events


def event_key(event: Event) -> str:
    """The same for the same event, however its instants and texts are written."""
    return canonical(_in_utc(event.data))


def _in_utc(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _in_utc(each) for name, each in value.items()}
    if isinstance(value, tuple):
        return [_in_utc(each) for each in value]
    return value.astimezone(UTC) if isinstance(value, datetime) else value


class FrontMerge:
    """The front matter of ours on its way to the merged one; where both sides changed the same, ours stands."""

    def __init__(self, document: Document, base: Version | None, ours: Version, theirs: Version) -> None:
        self._document = document
        self._versions = (base or Version({HISTORY: ()}, ""), ours, theirs)
        self._has_base = base is not None
        self.clashes: list[tuple[Path, Any]] = []  # where, and the value of theirs
        self._settled: set[Path] = {("status",)}  # what follows from the events and is not merged field by field
        self._waiting: dict[Path, Any] = {}  # what is to be set, in one step: each looks at the whole record
        self._unite_events()
        self._note_settled()
        self._merge_fields()
        self._write_waiting()
        self._settle()
        self._write_waiting()

    def document(self, picked: Mapping[Path, Any]) -> Document:
        """The merged front matter; where both sides changed the same it has what was picked, else ours."""
        document = self._document
        for path, value in picked.items():
            document = _with(document, path, value)
        return document

    def ours(self, path: Path) -> Any:
        """The value that stands at `path` where nothing is picked; None where there is none."""
        return value_at(self._record.fields, path)

    def name(self, path: Path) -> str:
        """What a field is called: `title`, `location.room`, `tasks[t-9f3k].text`."""
        return _shown(path, self._document.data)

    def _unite_events(self) -> None:
        """Put each event that only theirs has before the first that it precedes, all at once."""
        _base, ours, theirs = self._versions
        known = set(map(event_key, ours.history))
        history = [(event, True) for event in ours.history]
        for event in theirs.history:
            if (key := event_key(event)) not in known:
                known.add(key)
                index = next((at for at, (each, _is_ours) in enumerate(history) if event.precedes(each)), len(history))
                history.insert(index, (event, False))
        new: dict[int, list[Any]] = {}
        before = 0
        for event, is_ours in history:
            if is_ours:
                before += 1
            else:
                new.setdefault(before, []).append(event.data)
        self._insert((HISTORY,), new)

    def _insert(self, path: Path, new: Mapping[int, Sequence[Any]]) -> None:
        self._write_waiting()
        if new:
            self._document = splicing.insert_items(self._document, path, new, order=ORDER)

    @property
    def _record(self) -> Record:
        record, problems = load(self._document)
        if record is None:
            raise ValueError(f"the merged record can't be read: {problems[0]}")
        return record

    def _note_settled(self) -> None:
        for event in self._record.history:
            if "task" not in event.data:
                self._settled |= {(name,) for name in event.sets}
            if event.did == "join":
                self._settled.add(_PEOPLE)

    def _merge_fields(self) -> None:
        _base, ours, theirs = self._versions
        for name in dict.fromkeys((*ours.fields, *theirs.fields)):
            if name in NAMED:
                self._merge_named(name)
            elif name != HISTORY:
                self._merge_value((name,), *(each.fields.get(name) for each in self._versions))

    def _merge_named(self, name: str) -> None:
        """A list whose items have names: each item by itself, and those that only theirs has at the end."""
        key = NAMED[name]
        old, mine, other = ({item[key]: item for item in each.fields.get(name, ())} for each in self._versions)
        at = {each: index for index, each in enumerate(mine)}
        for event in self._record.history:
            if (task := event.data.get("task")) in at:
                self._settled |= {(name, at[task], each) for each in event.sets}
        new: dict[str, Any] = {}
        for each, item in other.items():
            if each in mine and each not in old and mine[each].get("sha256") != item.get("sha256"):
                renamed = self._parted(at[each], mine[each], item)
                new.setdefault(renamed["file"], renamed)
            elif each in mine:
                path = (name, at[each])
                self._merge_value(path, old.get(each), *self._in_step(path, old.get(each), mine[each], item))
            else:
                new.setdefault(each, item)
        added = [item for each, item in new.items() if each not in mine]
        self._insert((name,), {len(at): added} if added else {})

    def _in_step(self, path: Path, base: Any, mine: Mapping[str, Any], other: Mapping[str, Any]) -> tuple[Any, Any]:
        """Both items; the next one of a task that repeats, made on both sides, is due when the later one says."""
        if base is not None or "every" not in mine or "due" not in mine or "due" not in other:
            return mine, other
        due = max(mine["due"], other["due"])
        if due != mine["due"]:
            self._set((*path, "due"), due)
        return {**mine, "due": due}, {**other, "due": due}

    def _parted(self, index: int, mine: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
        """Both sides took in a file of one name: one keeps it, the other, which is returned, gets one of its own."""
        stays, goes = sorted((mine, other), key=_hash)
        if stays is other:
            self._set((EVIDENCE, index), other)
        return {**goes, "file": parted_name(goes["file"], goes["sha256"])}

    def _merge_value(self, path: Path, base: Any, ours: Any, theirs: Any) -> None:
        if path in self._settled or _same(ours, theirs) or _same(base, theirs):
            return
        is_ours_untouched = _same(base, ours)
        if is_ours_untouched and None in (ours, theirs):
            self._set(path, theirs)
        elif _are(Mapping, ours, theirs):
            self._merge_mapping(path, base, ours or {}, theirs or {})
        elif is_ours_untouched and not isinstance(ours, tuple):
            self._set(path, theirs)
        elif _are(tuple, ours, theirs):
            self._merge_list(path, ours or (), threeway.items(_list(base), ours or (), theirs or ()))
        else:
            self.clashes.append((path, theirs))

    def _merge_mapping(self, path: Path, base: Any, ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> None:
        old = base if isinstance(base, Mapping) else {}
        for name in dict.fromkeys((*ours, *theirs)):
            self._merge_value((*path, name), old.get(name), ours.get(name), theirs.get(name))

    def _merge_list(self, path: Path, ours: Sequence[Any], wanted: Sequence[Any]) -> None:
        """Make the list at `path` the wanted one, item by item where it can be, for the sake of its comments."""
        stays = set(map(threeway.key, wanted))
        kept = [item for item in ours if threeway.key(item) in stays]
        data = value_at(self._document.data, path)
        is_listed = isinstance(data, list) and len(data) == len(ours) and list(wanted[: len(kept)]) == kept
        if not is_listed or len(ours) - len(kept) > _MOST_TAKEN_OUT:
            self._set(path, wanted)
            return
        added = wanted[len(kept) :]
        self._insert(path, {len(ours): added} if added else {})
        for index in reversed(range(len(ours))):  # what waits has been written
            if threeway.key(ours[index]) not in stays:
                self._document = splicing.remove(self._document, (*path, index))

    def _settle(self) -> None:
        """Make every field that events set, and people who joined, what the events of both sides make of it."""
        record = self._record
        wanted = {path: set_last(record.history, str(path[0])) for path in self._settled if _is_set(path)}
        if "status" in (made := derived(record)):
            wanted["status",] = made["status"][0]
        for index, task in enumerate(record.fields.get("tasks", ())):
            names = {name for event in record.history if event.data.get("task") == task["id"] for name in event.sets}
            wanted |= {("tasks", index, name): set_last(record.history, name, task["id"]) for name in names}
        for path, value in sorted(wanted.items(), key=str):
            if not _same(value_at(record.fields, path), value):
                self._set(path, value)
        if _PEOPLE in self._settled:
            self._settle_people(record)

    def _settle_people(self, record: Record) -> None:
        """Those of the intake are merged, those who joined added again: two counts of one base are no conflict."""
        base, ours, theirs = map(_people_at_intake, self._versions)
        if all(value_at(each.fields, _PEOPLE) is None for each in self._versions[1:]):
            return
        joined = _joined(record.events)
        is_clash = ours != theirs and (not self._has_base or base not in (ours, theirs))
        first = theirs if base == ours and self._has_base else ours
        if record.get("complainant.people") != first + joined:
            self._set(_PEOPLE, first + joined)
        if is_clash:
            self.clashes.append((_PEOPLE, theirs + joined))

    def _set(self, path: Path, value: Any) -> None:
        if value is None:
            self._write_waiting()
            self._document = splicing.remove(self._document, path)
        else:
            self._waiting[path] = value

    def _write_waiting(self) -> None:
        waiting, self._waiting = self._waiting, {}
        if waiting:
            self._document = splicing.set_values(self._document, waiting, order=ORDER)


def parted_name(name: str, sha256: str) -> str:
    """The name of a file of evidence whose own name stands for another file: the same in every clone."""
    path = PurePosixPath(name)
    longer = f"{path.stem}-{sha256[:8]}{path.suffix}"
    return longer if len(longer.encode()) <= _NAME_LIMIT else f"{sha256}{path.suffix}"


def _hash(item: Mapping[str, Any]) -> str:
    return str(item["sha256"])


def _with(doc: Document, path: Path, value: Any) -> Document:
    if value is None:
        return splicing.remove(doc, path)
    return splicing.set_value(doc, path, value, order=ORDER)


def _is_set(path: Path) -> bool:
    """Whether an event sets the field itself; the status is moved, and people join."""
    return len(path) == 1 and path != ("status",)


def _people_at_intake(version: Version) -> int:
    joined = _joined(effective(version.history))
    stated: int | None = value_at(version.fields, _PEOPLE)
    return 1 if stated is None else stated - joined


def _joined(events: Sequence[Event]) -> int:
    return sum(event.data["people"] for event in events if event.did == "join")


def _same(one: Any, other: Any) -> bool:
    """Whether two values say the same; an empty list or mapping says nothing."""
    return bool(one == other) or (one in _ABSENT and other in _ABSENT)


def _are(kind: type, *values: Any) -> bool:
    """Whether these values are of a kind, as far as they are there."""
    return all(value is None or isinstance(value, kind) for value in values)


def _list(value: Any) -> Sequence[Any]:
    return value if isinstance(value, tuple) else ()


def value_at(fields: Any, path: Path) -> Any:
    """The value at `path`, None where there is none."""
    value = fields
    for key in path:
        if isinstance(value, Mapping):
            value = value.get(str(key))
        else:
            value = value[key] if isinstance(value, Sequence) and isinstance(key, int) else None
    return value


def _shown(path: Path, fields: Any) -> str:
    """`location.room`, `tasks[t-9f3k].text`."""
    words = str(path[0])
    for at, key in enumerate(path[1:], 1):
        if isinstance(key, int):
            words += f"[{value_at(fields, path[: at + 1])[NAMED[str(path[0])]]}]"
        else:
            words += f".{key}"
    return words
