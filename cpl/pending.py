"""What still has to happen on a record, as `cpl overdue` tells it, without the record; and as text for the index."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from cpl.clocks import Basis, Due, dues
from cpl.config import Settings
from cpl.record import Record, piece_of
from cpl.workflow import came_from, supplies


class Pending(NamedTuple):
    """A clock, a task or a pause of a record, and the command that would end it."""

    due_at: datetime
    warn_at: datetime | None  # when the clock warns
    id: str
    title: str
    status: str
    lead: str | None
    basis: Basis
    name: str  # the clock, the task's id, or the paused state
    who: str | None
    next: str

    def late(self, now: datetime) -> timedelta:
        """How late it is at `now` by the wall clock; negative while there is time."""
        return now - self.due_at

    def is_warned(self, now: datetime) -> bool:
        """Whether the clock's warning has passed at `now`."""
        return self.warn_at is not None and now > self.warn_at


def pending(record: Record, settings: Settings, now: datetime) -> list[Pending]:
    """All that still has to happen on `record` at `now`."""
    return [_pending(due, settings) for due in dues(record, settings.profile, settings.worktime, now)]


def _pending(due: Due, settings: Settings) -> Pending:
    record = due.record
    return Pending(
        due_at=due.due_at,
        warn_at=due.warn_at,
        id=record.id,
        title=record.title,
        status=record.status,
        lead=record.lead,
        basis=due.basis,
        name=due.name,
        who=due.who,
        next=_next_step(due, settings),
    )


def _next_step(due: Due, settings: Settings) -> str:
    """The command that would stop the clock, do the task or end the pause."""
    record = due.record
    short = piece_of(record.id)
    if due.basis == "task":
        return f"cpl task {short} done {due.name}"
    back = f"cpl transition {short} {came_from(record.events, settings.profile)}"
    if due.basis == "pause":
        return back
    stop = settings.profile.clocks[due.name].stops[0]
    is_stuck = stop.startswith("to:") and settings.profile.is_paused(record.status)
    return back if is_stuck else supplies(stop, short)


def packed(items: Sequence[Pending]) -> str:
    """The items as text."""
    return json.dumps([_packed(*item) for item in items], separators=(",", ":"))


def _packed(due_at: datetime, warn_at: datetime | None, *rest: str | None) -> list[str | None]:
    return [due_at.isoformat(), None if warn_at is None else warn_at.isoformat(), *rest]


def unpacked(text: str) -> list[Pending]:
    """The items that `packed` made this of."""
    return [_unpacked(*values) for values in json.loads(text)]


def _unpacked(due_at: str, warn_at: str | None, *rest: Any) -> Pending:
    return Pending(datetime.fromisoformat(due_at), None if warn_at is None else datetime.fromisoformat(warn_at), *rest)
