"""Deadlines of a record: the runs of its clocks, its tasks and pauses, and which of them are overdue.

Pure: the record, the profile, when the store works and `now` come in; nothing is stored.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final, Literal, NamedTuple

from cpl.events import Event
from cpl.moments import BUSINESS_UNITS, WALL_UNITS, Duration
from cpl.profile import REOPEN, Profile
from cpl.profile_clocks import Clock, Target
from cpl.record import Record, as_of, judged_at, local_day
from cpl.renames import current
from cpl.values import field, frozen, slotted
from cpl.workflow import matches
from cpl.worktime import Worktime, between, extend
from cpl.worktime import due as due_after

Result = Literal["running", "paused", "met", "breached"]
Basis = Literal["rule", "agreed", "task", "pause"]
OPEN_RESULTS: Final = ("running", "paused")
_CHANGE_OF_OFFSET: Final = timedelta(hours=3)  # no zone changes its offset by more in a night

Span = tuple[datetime, datetime]


class Run(NamedTuple):
    """One run of a clock: from the event that started it to the one that stopped it, or to now.

    `target` is the rule that applies to it, None where only a date was agreed. `pauses` lie between its beginning and
    its end, in order.
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
    target: Target | None
    pauses: tuple[Span, ...]
    started_by: Event
    stopped_by: Event | None

    @property
    def clause(self) -> str | None:
        """The clause that its due comes from; None for an agreed date."""
        return None if self.target is None or self.basis == "agreed" else self.target.clause

    @property
    def is_open(self) -> bool:
        """Whether nothing has stopped it yet."""
        return self.stopped_at is None


@frozen
class Due:
    """Something of a record that has to happen by an instant: a clock, a task or the end of a pause."""

    record: Record
    basis: Basis
    name: str  # the clock, the task's id, or the paused state
    due_at: datetime
    late: timedelta  # wall clock; negative while there is time
    who: str | None
    warn_at: datetime | None = None  # when the clock warns


class _Step(NamedTuple):
    """An event that counts, with what it means for every clock."""

    event: Event
    at: datetime
    cycle: int
    cycle_start: datetime
    names: set[str]  # what clocks call it
    reached: bool
    resumes: bool  # the return from a pause to where the record came from
    is_final: bool  # so is the state that the record is in after it
    is_paused: bool

    def is_one_of(self, patterns: Iterable[str]) -> bool:
        """Whether one of the patterns names it; an attempt that reached nobody is none of them."""
        return self.reached and not self.names.isdisjoint(patterns)


@slotted
class _Open:
    """A run that is being followed through the events."""

    step: _Step
    number: int
    attempts: int = 0
    pauses: list[Span] = field(default_factory=list)
    paused_at: datetime | None = None

    def spans(self, end: datetime) -> list[Span]:
        """The pauses, one that still lasts ending at `end`."""
        return [*self.pauses, (self.paused_at, end)] if self.paused_at is not None else list(self.pauses)


def runs(record: Record, profile: Profile, worktime: Worktime, now: datetime) -> list[Run]:
    """Every run of every clock of `record` at `now`, in the profile's order; events after `now` are ignored.

    An imported record that names its clocks runs only those.
    """
    known = as_of(current(record, profile), now)
    if known is None:
        return []
    return [run for follow in _follows(known, profile, worktime, now) for run in follow.through()]


def _follows(record: Record, profile: Profile, worktime: Worktime, now: datetime) -> list[_Follow]:
    """The clocks that a record, as it is known at `now`, runs."""
    steps = list(_steps(record, profile))
    story = _Story(record, steps, [event for event in record.events if event.did == "agree"], now)
    only = None if record.source is None else record.source.get("clocks")
    clocks = [clock for clock in profile.clocks.values() if only is None or clock.name in only]
    return [_Follow(story, profile, clock, worktime) for clock in clocks]


def _steps(record: Record, profile: Profile) -> Iterator[_Step]:
    is_received = is_final = is_paused = False
    unpaused: str | None = None
    received_at = record.received_at
    cycle, cycle_start = 1, received_at
    for event in record.events:
        at = event.at
        if not is_received:  # events are in order: behind one that is not before the receipt none is
            at = received_at if event is record.events[0] else max(at, received_at)
            is_received = at is event.at
        names, resumes = event.names, False
        if event.to is not None:
            resumes = is_paused and event.to == unpaused
            was_final, is_final, is_paused = is_final, profile.is_final(event.to), profile.is_paused(event.to)
            unpaused = unpaused if is_paused else event.to
            if was_final and not is_final:
                cycle, cycle_start = cycle + 1, at
                names.add(REOPEN)
        yield _Step(event, at, cycle, cycle_start, names, event.reached, resumes, is_final, is_paused)


class _Story(NamedTuple):
    """What is known of a record at `now`, for all of its clocks."""

    record: Record
    steps: Sequence[_Step]
    agreed: Sequence[Event]  # the events that agree on a date
    now: datetime


class _Follow(NamedTuple):
    """One clock followed through a record's events."""

    story: _Story
    profile: Profile
    clock: Clock
    worktime: Worktime

    def through(self) -> Iterator[Run]:
        """The clock's runs in order."""
        for followed, stop in self._followed():
            run = self._run(followed, stop)
            if run is not None:
                yield run

    def running(self) -> Run | None:
        """The run that nothing has stopped; without the work that those before it take."""
        for followed, stop in self._followed():
            if stop is None:
                return self._run(followed, stop)
        return None

    def _followed(self) -> Iterator[tuple[_Open, _Step | None]]:
        """What the events start, with the one that stops it; without what leaves the figures."""
        open_run: _Open | None = None
        count = 0
        for step in self.story.steps:
            if open_run is None and step.names.isdisjoint(self.clock.starts):
                continue  # so it is with most
            is_stopped = open_run is not None and self._is_stopped_by(step, open_run)
            if open_run is not None and not is_stopped:
                self._pause(open_run, step)
                continue
            if open_run is not None and not self._is_dropped_by(step):
                yield open_run, step
            open_run = None
            if self._is_started_by(step, again=is_stopped):
                count += 1
                open_run = _Open(step, count, paused_at=step.at if self.clock.pauses and step.is_paused else None)
        if open_run is not None:
            yield open_run, None

    def _is_stopped_by(self, step: _Step, run: _Open) -> bool:
        if step.is_final:
            return True
        is_meant = not step.names.isdisjoint(self.clock.stops)
        if step.reached:
            return is_meant or not step.names.isdisjoint(self.clock.ends)
        run.attempts += is_meant
        return is_meant and run.attempts == self.clock.attempts

    def _is_dropped_by(self, step: _Step) -> bool:
        return step.event.to is not None and not self.profile.counts(step.event.to)

    def _is_started_by(self, step: _Step, *, again: bool) -> bool:
        """Whether a run begins; `again`: the event has just stopped one, so that a repeating clock goes on."""
        if step.is_final or step.resumes:
            return False
        repeats = again and self.clock.repeat and not step.is_one_of(self.clock.ends)
        return repeats or step.is_one_of(self.clock.starts)

    def _pause(self, run: _Open, step: _Step) -> None:
        if not self.clock.pauses or step.event.to is None:
            return
        if run.paused_at is not None:
            run.pauses.append((run.paused_at, step.at))
            run.paused_at = None
        if step.is_paused:
            run.paused_at = step.at

    def _run(self, run: _Open, stop: _Step | None) -> Run | None:
        """The finished or still running `run`; None where neither a target nor an agreed date gives it a due."""
        step, stopped_at = run.step, None if stop is None else stop.at
        end = stopped_at or max(self.story.now, step.at)
        pauses = run.spans(end)
        target, agreed = self._target(run, end), self._agreed(run, end)
        due_at = agreed or self._by_rule(run, target.within if target else None, pauses)
        if due_at is None:
            return None
        warn_at = None if agreed else self._by_rule(run, target.warn if target else None, pauses)
        return Run(
            clock=self.clock.name,
            cycle=step.cycle,
            number=run.number,
            started_at=step.at,
            due_at=due_at,
            warn_at=warn_at,
            stopped_at=stopped_at,
            result=_result(run, due_at, stopped_at, end),
            basis="rule" if agreed is None else "agreed",
            used=self._used((step.at, end), pauses, target),
            target=target,
            pauses=tuple(pauses),
            started_by=step.event,
            stopped_by=None if stop is None else stop.event,
        )

    def _by_rule(self, run: _Open, within: Duration | None, pauses: Sequence[Span]) -> datetime | None:
        if within is None:
            return None
        due_at = due_after(run.step.at, within, self.worktime)
        return extend(due_at, pauses, within, self.worktime) if pauses else due_at

    def _used(self, span: Span, pauses: Sequence[Span], target: Target | None) -> timedelta:
        in_business_time = target is not None and target.within.unit in BUSINESS_UNITS
        spans = (span, *pauses)
        lengths = [between(*each, self.worktime) if in_business_time else each[1] - each[0] for each in spans]
        return lengths[0] - sum(lengths[1:], timedelta())

    def _target(self, run: _Open, end: datetime) -> Target | None:
        for target in self.clock.targets:
            if self._is_meant(target, run, end):
                return target
        return None

    def _is_meant(self, target: Target, run: _Open, end: datetime) -> bool:
        if target.since is not None and target.since > local_day(run.step.cycle_start, self.worktime.zone):
            return False
        return not target.when or matches(judged_at(self.story.record, end), target.when)

    def _agreed(self, run: _Open, end: datetime) -> datetime | None:
        """The date agreed last for this run: in its cycle, before it ended, and not past when it began."""
        found: datetime | None = None
        for event in self.story.agreed:
            is_meant = event.data["clock"] == self.clock.name
            if is_meant and run.step.cycle_start <= event.at <= end and event.data["due"] > run.step.at:
                found = event.data["due"]
        return found


def _result(run: _Open, due_at: datetime, stopped_at: datetime | None, end: datetime) -> Result:
    if stopped_at is not None:
        # cpl puts the events of one second some milliseconds apart; that is nobody's delay.
        return "met" if stopped_at.replace(microsecond=0) <= due_at else "breached"
    if end > due_at:
        return "breached"
    return "running" if run.paused_at is None else "paused"


def dues(record: Record, profile: Profile, worktime: Worktime, now: datetime) -> list[Due]:
    """All that still has to happen on `record` at `now`: running clocks, open tasks, a pause with its end."""
    known = as_of(current(record, profile), now)
    if known is None:
        return []
    found = [*_running(known, profile, worktime, now), *_open_tasks(known, profile, now)]
    pause = _pause_end(known, profile, now)
    return found if pause is None else [*found, pause]


def stays(record: Record, profile: Profile, worktime: Worktime, now: datetime) -> bool:
    """Whether what is due of `record` at `now` is due at the same instants as long as nothing happens.

    Only a pause moves deadlines with the time that passes.
    """
    moves = [event.to for event in record.events if event.is_move]
    paused = {profile.is_paused(state) for state in (record.status, *moves[-1:])}
    return True not in paused or (len(paused) == 1 and stands_still(record, profile, worktime, now))


def stands_still(record: Record, profile: Profile, worktime: Worktime, now: datetime) -> bool:
    """Whether of a paused record nothing else falls due the longer its pause lasts than what is due already at `now`.

    A paused clock that was not late stays so, for its due moves on with the pause; but one by business time or days may
    be late for some hours of each day.
    """
    for follow in _follows(current(record, profile), profile, worktime, now):
        run = follow.running() if follow.clock.pauses else None
        if run is None or run.basis == "agreed":
            continue
        if run.result != "paused" or not _is_by_wall(run.target) or run.due_at - now < _CHANGE_OF_OFFSET:
            return False
    return True


def _is_by_wall(target: Target | None) -> bool:
    """Whether no business time counts, of which every year has its own."""
    return target is not None and {target.within.unit, (target.warn or target.within).unit} <= {*WALL_UNITS}


def _answers(record: Record) -> str | None:
    assignee: str | None = record.get("assignee")
    return assignee or record.lead


def _running(record: Record, profile: Profile, worktime: Worktime, now: datetime) -> Iterator[Due]:
    """The running clocks; not a paused one whose due moves on with the pause, for the pause's end is due instead."""
    for follow in _follows(record, profile, worktime, now):
        run = follow.running()
        if run is not None and not (run.result == "paused" and run.basis == "rule"):
            yield Due(record, run.basis, run.clock, run.due_at, now - run.due_at, _answers(record), run.warn_at)


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
