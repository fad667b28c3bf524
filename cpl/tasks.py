"""Tasks of a draft: added, ended, and the next one of those that repeat; who asks for it is said elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from gettext import gettext as _
from typing import Any, Final, NamedTuple

from cpl.config import Settings
from cpl.draft import Draft, task_index
from cpl.errors import CplError
from cpl.language import Said, joined, later, said
from cpl.moments import format_instant, parse_duration
from cpl.record import Record, Task
from cpl.task_fields import derived_id, new_id
from cpl.values import frozen
from cpl.worktime import Worktime, due

_ENDED: Final = {
    "done": later("task {id} done"),
    "drop": later("task {id} dropped"),
    "due": later("task {id} rescheduled"),
}


def add(draft: Draft, data: Mapping[str, Any], choose: Callable[[str], str]) -> str:
    """Add a task made now, with the fields that are not None; its new id, whose characters `choose` picks."""
    identifier = new_id({task.id for task in draft.record.tasks}, choose)
    head = {name: data.get(name) for name in ("kind", "text", "who", "role", "department", "needs")}
    whole = {"id": identifier, **head, "made_at": draft.who.at, **data}
    draft.append("tasks", {name: value for name, value in whole.items() if value is not None})
    return identifier


def end(draft: Draft, what: str, task_id: str, given: Mapping[str, Any]) -> str:
    """Enter that a task is done, dropped, or due at another time (`what`: done, drop, due); what was done, in words.

    Of a task that repeats and is done the next one is added.

    Raises:
        CplError: it has ended already.
    """
    record = draft.record
    task = _open(record, task_id)
    event: dict[str, Any] = {"did": what, "task": task.id}
    if what == "due":
        was = {} if task.due is None else {"due": task.due}
        event = {"did": "reschedule", "task": task.id, "set": {"due": given["due"]}, "was": was}
    draft.add(event | ({"reason": given["reason"]} if given["reason"] else {}))
    words = said(_ENDED[what], id=task.id)
    next_one = following(record, task, draft.settings, draft.who.at) if what == "done" else None
    if next_one is None:
        return words
    draft.append("tasks", next_one.data)
    return joined("; ", [words, next_one.words()])


def give(draft: Draft, task_id: str, who: str) -> str:
    """Have somebody else do an open task; what was done, in words. Raises CplError: it has ended already."""
    task = _open(draft.record, task_id)
    draft.set(["tasks", task_index(draft.record, task.id), "who"], who)
    return said("task {id} for {name}", id=task.id, name=who)


def _open(record: Record, task_id: str) -> Task:
    task = record.tasks[task_index(record, task_id)]
    if not task.is_open:
        message = _("{id}: task {task} is {what} already; add a new one: cpl task {id} add TEXT")
        ended = _("dropped") if task.done_at is None else _("done")
        raise CplError(message.format(id=record.id, task=task.id, what=ended))
    return task


@frozen
class Next:
    """The next occurrence of a task that repeats; `skipped` occurrences before it had passed already."""

    data: Mapping[str, Any]
    skipped: int

    def words(self) -> Said:
        """Which one it is, and by when."""
        words = said("next: {id}, due {due}", id=self.data["id"], due=format_instant(self.data["due"]))
        return joined("", [words, said(" ({count} missed)", count=self.skipped)]) if self.skipped else words


def following(record: Record, task: Task, settings: Settings, at: datetime) -> Next | None:
    """What follows a repeating task that is done at `at`; None: it does not repeat, or the record is finished.

    Its id follows from that of the one before, and all else too: two clones in which it is done make the same.
    """
    if task.every is None or settings.profile.is_final(record.status):
        return None
    tasks = {each["id"]: each for each in record.fields["tasks"]}
    kept = {name: value for name, value in tasks[task.id].items() if name not in ("id", "made_at", "due")}
    number = 0
    while (identifier := derived_id(f"{record.id} {task.id} {number}")) in tasks:
        if {"text": task.text, "every": task.every}.items() <= tasks[identifier].items():
            return None  # it is there: the one before was done once, and that has been voided since
        number += 1
    found = _next_due(task.due or at, task.every, settings.worktime, at)
    return Next({"id": identifier, **kept, "due": found.at}, found.skipped)


class _Found(NamedTuple):
    at: datetime
    skipped: int


def _next_due(last: datetime, every: str, worktime: Worktime, at: datetime) -> _Found:
    """The first of the dues behind `last` that lies behind `at`."""
    length = parse_duration(every)
    found, skipped = due(last, length, worktime), 0
    if found <= at and length.unit in ("m", "h"):
        skipped = (at - last) // (found - last)
        found = last + (skipped + 1) * (found - last)
    while found <= at:
        found, skipped = due(found, length, worktime), skipped + 1
    return _Found(found, skipped)
