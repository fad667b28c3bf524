"""Why a clock came to its result: each stretch of its runs with its length, whether it counted, and why."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from cpl.clocks import Run, runs
from cpl.moments import BUSINESS_UNITS
from cpl.profile import Profile
from cpl.record import Record
from cpl.values import frozen
from cpl.worktime import Worktime, intervals

RUNNING: Final = "running"
PAUSED: Final = "paused"


@frozen
class Stretch:
    """A part [start, end) of a run, whether it counted, and why: running, paused, or what kind of time it was.

    `name` says more: the paused state, or what the calendar calls the day; `reason` is that of the pause.
    """

    start: datetime
    end: datetime
    counts: bool
    why: str
    name: str | None = None
    reason: str | None = None

    @property
    def length(self) -> timedelta:
        """How long it was, by the wall clock."""
        return self.end - self.start


@frozen
class Explanation:
    """A run and what it consists of, up to its end or to now, without gaps; `late` by wall clock, negative: soon."""

    run: Run
    stretches: tuple[Stretch, ...]
    late: timedelta


def explain(record: Record, profile: Profile, worktime: Worktime, now: datetime) -> list[Explanation]:
    """Every run of every clock of `record` at `now`, in the profile's order.

    The stretches that count add up to the run's `used`.
    """
    return [_explained(record, run, worktime, now) for run in runs(record, profile, worktime, now)]


def _explained(record: Record, run: Run, worktime: Worktime, now: datetime) -> Explanation:
    end = run.stopped_at or max(now, run.started_at)
    return Explanation(run, tuple(_stretches(record, run, worktime, end)), end - run.due_at)


def _stretches(record: Record, run: Run, worktime: Worktime, end: datetime) -> Iterator[Stretch]:
    at = run.started_at
    for since, to in run.pauses:
        yield from _counted(run, worktime, at, since)
        if since < to:
            yield _paused(record, since, to)
        at = to
    yield from _counted(run, worktime, at, end)


def _counted(run: Run, worktime: Worktime, start: datetime, end: datetime) -> Iterator[Stretch]:
    """What lies between pauses: all of it counts, but of a target in business time only when the store works."""
    if start >= end:
        return
    if run.target is None or run.target.within.unit not in BUSINESS_UNITS:
        yield Stretch(start, end, counts=True, why=RUNNING)
        return
    for each in intervals(start, end, worktime):
        yield Stretch(each.start, each.end, each.counts, each.why, each.name)


def _paused(record: Record, start: datetime, end: datetime) -> Stretch:
    """A pause, with the move that began it."""
    moves = [event for event in record.events if event.is_move and event.at <= start]
    state, reason = (moves[-1].to, moves[-1].data.get("reason")) if moves else (None, None)
    return Stretch(start, end, counts=False, why=PAUSED, name=state, reason=reason)
