"""What became of a record's tasks, promises above all: kept, broken, still open, or dropped in time (CL-4).

Pure, as `clocks`: the record and `now` come in, nothing is stored.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from gettext import gettext as _
from typing import Final, Literal

from cpl.events import Event
from cpl.record import Record, Task, as_of
from cpl.values import frozen
from cpl.workflow import supplies

Outcome = Literal["kept", "broken", "open", "dropped"]

PROMISE: Final = "promise"
MILESTONE: Final = "milestone"
PLAYBOOK: Final = "playbook/"
"""What the source of a task begins with that is a step of a playbook."""
OUTCOMES: Final[tuple[Outcome, ...]] = ("kept", "broken", "open", "dropped")
ACKNOWLEDGE: Final = "acknowledge"
_ENDS: Final = ("done", "drop")


@frozen
class Fate:
    """What became of a task: `outcome`, judged by `due_at`, which need not be the due that the task has now.

    `due_at` is the due in force when the task ended, or now; but where a due had passed before its reschedule was
    entered, that one, for then it was broken. None: it never had one, and can't be broken. `late` is by wall clock,
    from there to the end or to now, negative while or where there was time. `reschedules` are those up to its end.
    """

    task: Task
    outcome: Outcome
    due_at: datetime | None
    late: timedelta | None
    ended_by: Event | None
    reschedules: tuple[Event, ...]

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why it was rescheduled, in order; one for each time."""
        return tuple(event.data["reason"] for event in self.reschedules)

    @property
    def was_moved_too_late(self) -> bool:
        """Whether `due_at` had passed before a reschedule was entered, which therefore mends nothing."""
        return bool(self.reschedules) and self.reschedules[-1].data["set"]["due"] != self.due_at


def fates(record: Record, now: datetime) -> list[Fate]:
    """What became of each task of `record` at `now`, in their order; events after `now` are ignored."""
    known = as_of(record, now)
    return [] if known is None else [_fate(known, task, now) for task in known.tasks]


def _fate(record: Record, task: Task, now: datetime) -> Fate:
    about = [event for event in record.events if event.data.get("task") == task.id]
    ended_by = next((event for event in about if event.did in _ENDS), None)
    counted = about if ended_by is None else about[: about.index(ended_by)]
    reschedules = [event for event in counted if _sets_due(event)]
    due_at = _judged_by(_first_due(record, task), reschedules)
    end = now if ended_by is None else _second(ended_by.at)
    late = None if due_at is None else end - due_at
    return Fate(task, _outcome(ended_by, late), due_at, late, ended_by, tuple(reschedules))


def _outcome(ended_by: Event | None, late: timedelta | None) -> Outcome:
    if late is not None and late > timedelta():
        return "broken"
    if ended_by is None:
        return "open"
    return "kept" if ended_by.did == "done" else "dropped"


def _judged_by(due: datetime | None, reschedules: Sequence[Event]) -> datetime | None:
    """The last due of those that followed one another in time, beginning with `due`."""
    for event in reschedules:
        if due is not None and _entered_at(event) > due:
            return due
        due = event.data["set"]["due"]
    return due


def _first_due(record: Record, task: Task) -> datetime | None:
    """What the task was due at before any event set that, also one that has been voided since."""
    first = next(_setters(record, task), None)
    return task.due if first is None else first.data.get("was", {}).get("due")


def _setters(record: Record, task: Task) -> Iterator[Event]:
    return (event for event in record.history if event.data.get("task") == task.id and _sets_due(event))


def _sets_due(event: Event) -> bool:
    return event.did == "reschedule" and "due" in event.data["set"]


def _entered_at(event: Event) -> datetime:
    """When the reschedule became known: a date moved afterwards (`recorded_at`) moves no promise that was broken."""
    return _second(max(event.at, event.data.get("recorded_at", event.at)))


def _second(at: datetime) -> datetime:
    """The second of `at`, since cpl puts the events of one second a millisecond apart."""
    return at.replace(microsecond=0)


def unreported(record: Record) -> list[Task]:
    """The milestones that were reached and of which the complainant has not heard since (CS-7)."""
    if not any(task["kind"] == MILESTONE for task in record.get("tasks") or ()):
        return []
    reached = [(task, task.done_at) for task in record.tasks if task.kind == MILESTONE and task.done_at is not None]
    told = [event.at for event in record.events if event.did == "contact" and _reports(event)]
    return [task for task, done_at in reached if not any(at >= done_at for at in told)]


def doubled(record: Record) -> Iterator[tuple[int, str]]:
    """Each open task that is a step of a playbook of which an open one stands before it: its place, what is wrong."""
    steps = [each for each in enumerate(record.get("tasks") or ()) if each[1].get("source", "").startswith(PLAYBOOK)]
    are_open = {task.id for task in record.tasks if task.is_open} if len(steps) > 1 else ()
    first: dict[str, str] = {}
    for place, task in steps:
        source = task["source"]
        if task["id"] not in are_open:
            continue
        other = first.setdefault(source, task["id"])
        if other != task["id"]:
            message = _("task {task} is the same step as {other}; run: cpl task {id} drop {task} --reason TEXT")
            yield place, message.format(task=task["id"], other=other, id=record.id)


def _reports(contact: Event) -> bool:
    """Whether the complainant was told how things stand: more than that the complaint has come in."""
    return contact.reached and contact.data["about"] != ACKNOWLEDGE


def untold(milestone: Task, record: Record) -> str:
    """What is wrong when a milestone is not reported, and the command that puts it right."""
    command = supplies("did:contact/progress", record.id)
    message = _("milestone {task} was reached and not reported; run: {command}")
    return message.format(task=milestone.id, command=command)
