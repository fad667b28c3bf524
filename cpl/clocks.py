"""Deadlines of a record: the runs of its clocks, its tasks and pauses, and which of them are overdue.

Pure: the record, the profile, when the store works and `now` come in; nothing is stored.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Literal

from cpl.events import Event
from cpl.moments import BUSINESS_UNITS, Duration
from cpl.profile import REOPEN, Clock, Profile, Target
from cpl.record import Record, as_of, judged_at, local_day
from cpl.workflow import matches
from cpl.worktime import Worktime, between, extend
from cpl.worktime import due as due_after

Result = Literal["running", "paused", "met", "breached"]
Basis = Literal["rule", "agreed", "task", "pause"]
OPEN_RESULTS: Final = ("running", "paused")

Span = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a clock: from the event that started it to the one that stopped it, or to now.

    `due_at` of a running clock already holds the pauses so far. `used` is the time that counted: business time where
    the target is in business hours or days, else by the wall clock.
    """

    clock: str
    cycle: int
    number: int
    started_at: datetime
    due_at: datetime
    warn_at: datetime | None
    stopped_at: datetime | None
    result: Result
    basis: Basis
    used: timedelta
    clause: str | None

    @property
    def is_open(self) -> bool:
        """Whether nothing has stopped it yet."""
        return self.stopped_at is None


@dataclass(frozen=True, slots=True)
class Due:
    """Something of a record that has to happen by an instant: a clock, a task or the end of a pause."""

    record: Record
    basis: Basis
    name: str  # the clock, the task's id, or the paused state
    due_at: datetime
    late: timedelta  # wall clock; negative while there is time
    who: str | None
    is_warned: bool = False  # the clock's warning has passed


@dataclass(slots=True)
class _Open:
    """A run that is being followed through the events."""

    cycle: int
    cycle_start: datetime
    number: int
    started_at: datetime
    pauses: list[Span] = field(default_factory=list)
    paused_at: datetime | None = None

    def spans(self, end: datetime) -> list[Span]:
        """The pauses, one that still lasts ending at `end`."""
        return [*self.pauses, (self.paused_at, end)] if self.paused_at is not None else list(self.pauses)


@dataclass(frozen=True, slots=True)
class _Step:
    """An event that counts, with what it means for the clocks; `state` is the one that the record is in after it."""

    event: Event
    at: datetime
    cycle: int
    cycle_start: datetime
    reopens: bool
    resumes: bool  # the return from a pause to where the record came from
    state: str | None


def runs(record: Record, profile: Profile, worktime: Worktime, now: datetime) -> list[Run]:
    """Every run of every clock of `record` at `now`, in the profile's order; events after `now` are ignored.

    An imported record that names its clocks runs only those.
    """
    known = as_of(record, now)
    if known is None:
        return []
    steps = list(_steps(known, profile))
    only = None if known.source is None else known.source.get("clocks")
    clocks = [clock for clock in profile.clocks.values() if only is None or clock.name in only]
    return [run for clock in clocks for run in _Follow(known, profile, clock, worktime, now).through(steps)]


def _steps(record: Record, profile: Profile) -> Iterator[_Step]:
    state: str | None = None
    unpaused: str | None = None
    cycle, cycle_start = 1, record.received_at
    for event in record.events:
        at = record.received_at if event is record.events[0] else max(event.at, record.received_at)
        reopens = event.is_move and profile.is_final(state) and not profile.is_final(event.to)
        if reopens:
            cycle, cycle_start = cycle + 1, at
        resumes = event.is_move and profile.is_paused(state) and event.to == unpaused
        state = event.to or state
        unpaused = unpaused if profile.is_paused(state) else state
        yield _Step(event, at, cycle, cycle_start, reopens, resumes, state)


@dataclass(frozen=True, slots=True)
class _Follow:
    """One clock followed through a record's events."""

    record: Record
    profile: Profile
    clock: Clock
    worktime: Worktime
    now: datetime

    def through(self, steps: Iterable[_Step]) -> Iterator[Run]:
        """The clock's runs in order."""
        for followed, stopped_at in self._followed(steps):
            run = self._run(followed, stopped_at)
            if run is not None:
                yield run

    def _followed(self, steps: Iterable[_Step]) -> Iterator[tuple[_Open, datetime | None]]:
        """What the events start, with the instant at which they stop it; without what leaves the figures."""
        open_run: _Open | None = None
        count = 0
        for step in steps:
            is_stopped = open_run is not None and self._is_stopped_by(step)
            if open_run is not None and not is_stopped:
                self._pause(open_run, step)
                continue
            if open_run is not None and not self._is_dropped_by(step):
                yield open_run, step.at
            open_run = None
            if self._is_started_by(step, again=is_stopped):
                count += 1
                paused_at = step.at if self.clock.pauses and self.profile.is_paused(step.state) else None
                open_run = _Open(step.cycle, step.cycle_start, count, step.at, paused_at=paused_at)
        if open_run is not None:
            yield open_run, None

    def _matches(self, step: _Step, patterns: Iterable[str]) -> bool:
        return any(step.event.matches(pattern) or (pattern == REOPEN and step.reopens) for pattern in patterns)

    def _is_stopped_by(self, step: _Step) -> bool:
        is_final = step.event.is_move and self.profile.is_final(step.event.to)
        return is_final or self._matches(step, (*self.clock.stops, *self.clock.ends))

    def _is_dropped_by(self, step: _Step) -> bool:
        return step.event.to is not None and not self.profile.counts(step.event.to)

    def _is_started_by(self, step: _Step, *, again: bool) -> bool:
        """Whether a run begins; `again`: the event has just stopped one, so that a repeating clock goes on."""
        if self.profile.is_final(step.state) or step.resumes:
            return False
        repeats = again and self.clock.repeat and not self._matches(step, self.clock.ends)
        return repeats or self._matches(step, self.clock.starts)

    def _pause(self, run: _Open, step: _Step) -> None:
        if not self.clock.pauses or not step.event.is_move:
            return
        if run.paused_at is not None:
            run.pauses.append((run.paused_at, step.at))
            run.paused_at = None
        if self.profile.is_paused(step.state):
            run.paused_at = step.at

    def _run(self, run: _Open, stopped_at: datetime | None) -> Run | None:
        """The finished or still running `run`; None where neither a target nor an agreed date gives it a due."""
        end = stopped_at or max(self.now, run.started_at)
        pauses = run.spans(end)
        target, agreed = self._target(run, end), self._agreed(run, end)
        due_at = agreed or self._by_rule(run, target.within if target else None, pauses)
        if due_at is None:
            return None
        warn_at = None if agreed else self._by_rule(run, target.warn if target else None, pauses)
        return Run(
            clock=self.clock.name,
            cycle=run.cycle,
            number=run.number,
            started_at=run.started_at,
            due_at=due_at,
            warn_at=warn_at,
            stopped_at=stopped_at,
            result=_result(run, due_at, stopped_at, end),
            basis="rule" if agreed is None else "agreed",
            used=self._used((run.started_at, end), pauses, target),
            clause=None if target is None or agreed is not None else target.clause,
        )

    def _by_rule(self, run: _Open, within: Duration | None, pauses: Sequence[Span]) -> datetime | None:
        if within is None:
            return None
        return extend(due_after(run.started_at, within, self.worktime), pauses, within, self.worktime)

    def _used(self, span: Span, pauses: Sequence[Span], target: Target | None) -> timedelta:
        in_business_time = target is not None and target.within.unit in BUSINESS_UNITS
        lengths = (between(*each, self.worktime) if in_business_time else each[1] - each[0] for each in (span, *pauses))
        return next(lengths) - sum(lengths, timedelta())

    def _target(self, run: _Open, end: datetime) -> Target | None:
        judged = judged_at(self.record, end)
        began_on = local_day(run.cycle_start, self.worktime.zone)
        for target in self.clock.targets:
            in_force = target.since is None or target.since <= began_on
            if in_force and matches(judged, target.when):
                return target
        return None

    def _agreed(self, run: _Open, end: datetime) -> datetime | None:
        """The date agreed last for this run: in its cycle, before it ended, and not past when it began."""
        found: datetime | None = None
        for event in self.record.events:
            is_meant = event.did == "agree" and event.data["clock"] == self.clock.name
            if is_meant and run.cycle_start <= event.at <= end and event.data["due"] > run.started_at:
                found = event.data["due"]
        return found


def _result(run: _Open, due_at: datetime, stopped_at: datetime | None, end: datetime) -> Result:
    if stopped_at is not None:
        return "met" if stopped_at <= due_at else "breached"
    if end > due_at:
        return "breached"
    return "running" if run.paused_at is None else "paused"


def dues(record: Record, profile: Profile, worktime: Worktime, now: datetime) -> list[Due]:
    """All that still has to happen on `record` at `now`: running clocks, open tasks, a pause with its end."""
    known = as_of(record, now)
    if known is None:
        return []
    found = [*_running(known, profile, worktime, now), *_open_tasks(known, profile, now)]
    pause = _pause_end(known, profile, now)
    return found if pause is None else [*found, pause]


def _answers(record: Record) -> str | None:
    assignee: str | None = record.get("assignee")
    return assignee or record.lead


def _running(record: Record, profile: Profile, worktime: Worktime, now: datetime) -> Iterator[Due]:
    """The running clocks; not a paused one whose due moves on with the pause, for the pause's end is due instead."""
    for run in runs(record, profile, worktime, now):
        if run.is_open and not (run.result == "paused" and run.basis == "rule"):
            warned = run.warn_at is not None and now > run.warn_at
            yield Due(record, run.basis, run.clock, run.due_at, now - run.due_at, _answers(record), warned)


def _open_tasks(record: Record, profile: Profile, now: datetime) -> Iterator[Due]:
    if not profile.counts(record.status):
        return
    for task in record.tasks:
        if task.is_open and task.due is not None:
            yield Due(record, "task", task.id, task.due, now - task.due, task.who or _answers(record))


def _pause_end(record: Record, profile: Profile, now: datetime) -> Due | None:
    if not profile.is_paused(record.status):
        return None
    moves = [event for event in record.events if event.is_move]
    until: datetime | None = moves[-1].data.get("until") if moves else None
    return None if until is None else Due(record, "pause", record.status, until, now - until, _answers(record))
