"""What a change of a record may not do: the rules between a version and those that it was made from; no I/O.

The history only grows, what an event sets changes by an event, and tasks and evidence stay. A merge is compared with
every parent: it may drop nothing that one of them had, and what one of them brings is not new.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from gettext import gettext as _
from typing import Any, Final

from cpl import by_hand, workflow
from cpl.by_hand import by_name
from cpl.document import Document
from cpl.errors import Problem
from cpl.events import SET_BY_EVENTS, Event, void_target
from cpl.moments import format_instant
from cpl.profile import Profile
from cpl.profile_names import STATUS
from cpl.record import HISTORY, Record, before, derived, derived_dues, line_of
from cpl.schema import shown
from cpl.validate import CLOCK_SKEW
from cpl.values import frozen

_FIXED: Final = ("id", "source")


@frozen
class Change:
    """A record's new version at `path`, and its versions in the parents that have it.

    `profile` is None where the settings can't be read. `may_import` says whether it is an import that made the change,
    or may be, where that is not known; `now` is when it was made.
    """

    path: str
    document: Document
    record: Record
    parents: Sequence[Record]
    profile: Profile | None
    may_import: bool
    now: datetime

    @property
    def added(self) -> list[Event]:
        """The events that no parent has."""
        found = list(self.record.history)
        for parent in self.parents:
            found = _lacking(found, parent.history)
        return found

    @property
    def new(self) -> list[Event]:
        """The events that are new, and not what became of one that a parent has."""
        added = self.added
        changed = [_same_but(each, added) for parent in self.parents for each in self.gone(parent)]
        return [each for each in added if each not in changed]

    def gone(self, parent: Record) -> list[Event]:
        """The events of `parent` that are not there any more, at least not as they were."""
        return _lacking(parent.history, self.record.history)

    def is_explained(self, name: str, value: Any, task: str | None = None) -> bool:
        """Whether events account for a field (of a task) that no event that counts sets: all that did were voided."""
        is_set, before_it = _before_all_setters(self.record, name, task)
        return is_set and value == before_it


def _lacking(events: Iterable[Event], others: Iterable[Event]) -> list[Event]:
    """Those of the events that are not among the others."""
    by_time: dict[datetime, list[Event]] = defaultdict(list)
    for each in others:
        by_time[each.at].append(each)
    return [each for each in events if each not in by_time.get(each.at, ())]


def _before_all_setters(record: Record, name: str, task: str | None = None) -> tuple[bool, Any]:
    """Whether events of the history set the field (of a task), voided ones too; and what it was before the first."""
    setters = [each for each in record.history if name in each.sets and each.data.get("task") == task]
    return bool(setters), setters[0].data.get("was", {}).get(name) if setters else None


def check(change: Change) -> Iterator[Problem]:
    """What the change does that it may not, in no particular order."""
    for parent in change.parents:
        yield from _events_kept(change, parent)
        yield from _fields_kept(change, parent)
        yield from _tasks_kept(change, parent)
        yield from _evidence_kept(change, parent)
    yield from _in_time(change)
    yield from _true_to_what_was(change)
    yield from _legal_moves(change)
    yield from _legal_voids(change)
    yield from _imports(change)


def _problem(change: Change, line: int, code: str, message: str) -> Problem:
    return Problem(change.path, line, code, message)


def _events_kept(change: Change, parent: Record) -> Iterator[Problem]:
    """E101, E102: no event goes, none is changed."""
    added = change.added
    for event in change.gone(parent):
        said = {"event": event.key, "at": format_instant(event.at)}
        now = _same_but(event, added)
        if now is None:
            message = _(
                "the event {event} of {at} was removed; put it back, a slip is voided: cpl correct {id} --void {event}"
            )
            line = line_of(change.document, [HISTORY])
            yield _problem(change, line, "E101", message.format(id=change.record.id, **said))
        else:
            message = _(
                "the event {event} of {at} was changed ({what}); put it back, a slip is put right by: {command}"
            )
            command = f"cpl correct {change.record.id}"
            message = message.format(what=_what_changed(event, now), command=command, **said)
            yield _problem(change, now.line, "E102", message)


def _same_but(event: Event, added: Sequence[Event]) -> Event | None:
    """The new event that stands where `event` stood, or says the same of another time."""
    there = [each for each in added if each.at == event.at and each.key == event.key]
    there += [each for each in added if each.at == event.at]
    there += [each for each in added if _without_time(each) == _without_time(event)]
    return there[0] if there else None


def _without_time(event: Event) -> dict[str, Any]:
    return {name: value for name, value in event.data.items() if name != "at"}


def _what_changed(old: Event, new: Event) -> str:
    names = [name for name in {**old.data, **new.data} if old.data.get(name) != new.data.get(name)]
    return ", ".join(f"{name}: {shown(old.data.get(name))} → {shown(new.data.get(name))}" for name in names)


def _fields_kept(change: Change, parent: Record) -> Iterator[Problem]:
    """E105, E106: a field that no event has set stands for itself until one does; an id and a source stay.

    What events say that it is, `validate` compares.
    """
    record = change.record
    known = {"received_at", *derived(record)}
    for name in (*_FIXED, *sorted(SET_BY_EVENTS - known)):
        old, new = parent.get(name), record.get(name)
        if old == new or any(each.get(name) == new for each in change.parents) or change.is_explained(name, new):
            continue
        said = {"field": name, "old": shown(old), "new": shown(new)}
        line = line_of(change.document, [name])
        if name in _FIXED:
            message = _("{field} was {old} and is {new}; it never changes, put it back")
            yield _problem(change, line, "E106", message.format(**said))
        else:
            message = _("{field} was {old} and is {new}, but no event set it; put it back and use: {command}")
            yield _problem(change, line, "E105", message.format(command=by_hand.command_for(name, record.id), **said))


def _tasks_kept(change: Change, parent: Record) -> Iterator[Problem]:
    """E107: a task stays, and its due changes by an event."""
    tasks = by_name(change.record, "tasks")
    for task, old in by_name(parent, "tasks").items():
        if task not in tasks:
            message = _("task {task} was removed; put it back and use: cpl task {id} drop {task} --reason TEXT")
            line = line_of(change.document, ["tasks"])
            yield _problem(change, line, "E107", message.format(task=task, id=change.record.id))
            continue
        place, new = tasks[task]
        for name, command in by_hand.OF_TASKS.items():
            if not _is_task_kept(change, parent, (task, name), (old[1].get(name), new.get(name))):
                message = _(
                    "{field} of task {task} was {old} and is {new}, but no event set it; put it back and use: {command}"
                )
                said = {"field": name, "old": shown(old[1].get(name)), "new": shown(new.get(name))}
                said["command"] = command.format(id=change.record.id, task=task)
                line = line_of(change.document, ["tasks", place, name])
                yield _problem(change, line, "E107", message.format(task=task, **said))


def _is_task_kept(change: Change, parent: Record, which: tuple[str, str], values: tuple[Any, Any]) -> bool:
    task, name = which
    old, new = values
    others = (by_name(each, "tasks").get(task) for each in change.parents if each is not parent)
    is_anothers = any(each is not None and each[1].get(name) == new for each in others)
    is_set = name == "due" and (task in derived_dues(change.record) or change.is_explained(name, new, task))
    return old == new or is_anothers or is_set


def _evidence_kept(change: Change, parent: Record) -> Iterator[Problem]:
    """E108: evidence stays, and its name never stands for another file."""
    items = by_name(change.record, "evidence")
    hashes = {item.get("sha256") for _place, item in items.values()}
    others = [by_name(each, "evidence") for each in change.parents if each is not parent]
    for name, (_place, old) in by_name(parent, "evidence").items():
        is_taken = any(name in each and each[name][1]["sha256"] != old["sha256"] for each in others)
        if is_taken and old["sha256"] in hashes:
            continue  # two sides took in two files of one name; one of them got another
        if name not in items:
            message = _("evidence '{name}' was removed; put it back, evidence is never removed")
            yield _problem(change, line_of(change.document, ["evidence"]), "E108", message.format(name=name))
        elif items[name][1]["sha256"] != old["sha256"]:
            message = _("'{name}' stands for another file than before; put it back and attach the new file as another")
            line = line_of(change.document, ["evidence", items[name][0], "file"])
            yield _problem(change, line, "E108", message.format(name=name))


def _in_time(change: Change) -> Iterator[Problem]:
    """E103: what is entered after the fact says so, and when that was (ML-4)."""
    last = max((event.at for parent in change.parents for event in parent.history), default=None)
    if last is None:
        return
    # An event of a clock that was ahead may lie later than the change: then it is enough to say when that was made.
    entered = min(last, change.now) - CLOCK_SKEW
    for event in change.new:
        recorded_at = event.data.get("recorded_at")
        if event.at > last or (recorded_at is not None and recorded_at >= entered):
            continue
        message = _(
            "the new event {event} of {at} stands before one of {last} that was there already; say in recorded_at when "
            "it was entered (cpl does, with --at), and merge two lines of work instead of rebasing them"
        )
        message = message.format(event=event.key, at=format_instant(event.at), last=format_instant(last))
        yield _problem(change, event.line, "E103", message)


def _true_to_what_was(change: Change) -> Iterator[Problem]:
    """E105: what a new event says that a field was is what it was; of one behind all that set it, not in a merge."""
    if len(change.parents) != 1:
        return
    parent, known = change.parents[0], set[str]()
    for event in change.new:
        known |= {name for each in parent.history if each.at > event.at for name in each.sets}
        for name, was in event.data.get("was", {}).items() if "task" not in event.data else ():
            if name not in known and was != parent.get(name):
                message = _("the event {event} of {at} says that {field} was {was}, but it was {actual}; write that")
                said = {"event": event.key, "at": format_instant(event.at), "field": name, "was": shown(was)}
                yield _problem(change, event.line, "E105", message.format(actual=shown(parent.get(name)), **said))
        known |= set(event.sets)


def _last_move(change: Change) -> datetime | None:
    """When the last of the parents' moves that still counts was made."""
    moves = [event for parent in change.parents for event in parent.events if event.is_move]
    undone = _lacking(moves, change.record.events)
    return max((event.at for event in moves if event not in undone), default=None)


def _legal_moves(change: Change) -> Iterator[Problem]:
    """E104: a new move goes from where the parent was to where the profile lets it go; an import's are not judged."""
    last = _last_move(change)
    for move in change.new:
        if not move.is_move or move not in change.record.events or change.record.is_imported(move):
            continue
        if last is not None and move.at <= last:
            message = _("the move to '{to}' of {at} comes before the last move, of {last}; enter it as it went on")
            message = message.format(to=move.to, at=format_instant(move.at), last=format_instant(last))
            yield _problem(change, move.line, "E104", message)
            continue
        previous = before(change.record, move)
        if previous is None or change.profile is None:
            continue
        allowed = workflow.allowed_moves(previous, change.profile)
        if change.profile.present_name(STATUS, str(move.to)) not in allowed:
            message = _("the profile has no move from '{from_}' to '{to}', only to: {allowed}; take the move out again")
            message = message.format(from_=previous.status, to=move.to, allowed=", ".join(allowed))
            yield _problem(change, move.line, "E104", message)


def _legal_voids(change: Change) -> Iterator[Problem]:
    """E104: of the moves a new void takes back only the last one, whatever time it gives itself."""
    last = _last_move(change)
    for void in change.new:
        at, key = void_target(void) if void.did == "void" else (None, "")
        if at is not None and last is not None and key.startswith("to:") and at < last:
            message = _("only the last move can be voided, the one of {last}; {event} of {at} is followed by it")
            message = message.format(event=key, at=format_instant(at), last=format_instant(last))
            yield _problem(change, void.line, "E104", message)


def _imports(change: Change) -> Iterator[Problem]:
    """E109: only an import brings events of another system."""
    is_import = not change.parents and change.may_import
    for event in change.new:
        if change.record.is_imported(event) and not is_import:
            message = _("the event {event} of {at} is by '{by}', but only cpl import may add such; use: cpl did")
            message = message.format(event=event.key, at=format_instant(event.at), by=event.by)
            yield _problem(change, event.line, "E109", message)
