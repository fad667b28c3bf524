"""What one record adds to the figures of a period; the sums are made in `figures`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta, tzinfo
from decimal import Decimal
from typing import Final, Literal

from cpl.clocks import Basis, Due, Run, dues, runs
from cpl.config import Settings
from cpl.events import Event
from cpl.moments import MILLISECOND, Period, fixed
from cpl.profile import Profile
from cpl.profile_duties import Share
from cpl.promises import PROMISE, Outcome, fates
from cpl.record import PLACES, Record, as_of
from cpl.redaction import redacted_title
from cpl.sampling import is_answered, share_of, shares_of, shows
from cpl.values import frozen
from cpl.workflow import matches

Dimension = Literal["kind", "category", "place", "department", "severity", "channel", "cause"]
Mark = Literal[
    "received",
    "open-at-start",
    "open-at-end",
    "closed",
    "closed-again",
    "reopened",
    "overdue",
    "met",
    "breached",
    "not-yet-due",
    "reached",
    "asked",
    "satisfied",
]
Key = str | None  # what a group is called; None: the records say nothing there

_NOTHING: Final = Decimal()
_SINGLED: Final[frozenset[Mark]] = frozenset({"received", "closed", "open-at-end", "overdue"})


@frozen
class Single:
    """A record that is shown by itself: `due_at` is its next due at the period's end, `title` is redacted."""

    id: str
    status: str
    category: str | None
    place: str | None
    received_at: datetime
    due_at: datetime | None
    is_overdue: bool
    lead: str | None
    title: str


@frozen
class _Life:
    """What the moves and follow-ups of a record come to; a cycle ends with a reopening."""

    moves: tuple[tuple[datetime, str], ...]
    closings: tuple[tuple[datetime, int], ...]  # into a final state that counts, with the cycle
    reopenings: tuple[datetime, ...]
    follow_ups: tuple[tuple[int, Event], ...]  # those that reached somebody, with the cycle


@frozen
class Promise:
    """A promise whose due, as it is judged, lies in the period: what became of it, and whether it was rescheduled."""

    outcome: Outcome
    is_rescheduled: bool


@frozen
class FollowUp:
    """What was asked of the complainant under a share (RQ-5): whether anybody tried, was reached, was told what."""

    share: str
    is_called: bool
    is_reached: bool
    satisfied: bool | None  # what was said last


@frozen
class Cost:
    """What the handling of a complaint cost, and what the customer paid (CR-4)."""

    amount: Decimal
    hours: Decimal
    charged: Decimal


@frozen
class Part:
    """What one record adds to the figures: `marks` says which of them count it."""

    id: str
    marks: frozenset[Mark]
    groups: Mapping[Dimension, tuple[Key, ...]]
    people: int
    overdue: tuple[Basis, ...]
    promises: tuple[Promise, ...]
    used: tuple[tuple[str, timedelta], ...]
    single: Single | None
    follow_ups: tuple[FollowUp, ...] = ()  # one for each level that has a share of it
    scores: tuple[tuple[str, int], ...] = ()  # that were given in the period
    cost: Cost | None = None


@frozen
class View:
    """From where records are looked at: the settings, the period, and the instant as of which they are known."""

    settings: Settings
    period: Period
    at: datetime

    @property
    def end(self) -> datetime:
        """The last instant at which open and overdue are judged; the period's own end is not part of it."""
        return min(self.at, self.period.end - MILLISECOND)

    def part(self, record: Record) -> Part | None:
        """What `record` adds; None when that is nothing."""
        known = as_of(record, self.at)
        profile = self.settings.profile
        if known is None or not profile.counts(known.status):
            return None
        life = _life(known, profile)
        marks: set[Mark] = {*self._flow(known, life), *_answers(life, self.period)}
        stopped = self._runs(known) if "received" in marks else []
        marks.update(_outcome([run for run in stopped if run.clock == profile.figures.timely]))
        pending = self._dues(known) if "open-at-end" in marks or "tasks" in known.fields else []
        late = tuple(due.basis for due in pending if due.late > timedelta())
        marks.update(["overdue"] if late else [])
        promises = tuple(self._promises(known)) if "tasks" in known.fields else ()
        scores = tuple(self._scores(known))
        if not (marks or promises or scores):
            return None
        is_received = "received" in marks
        title = redacted_title(record) if self._is_single(known, marks) else None
        return Part(
            id=known.id,
            marks=frozenset(marks),
            groups=_groups(known),
            people=known.people,
            overdue=late,
            promises=promises,
            used=tuple((run.clock, run.used) for run in stopped if not run.is_open),
            single=None if title is None else self._single(known, pending, title),
            follow_ups=tuple(self._follow_ups(known)) if is_received else (),
            scores=scores,
            cost=_cost(known) if is_received else None,
        )

    def _flow(self, record: Record, life: _Life) -> Iterator[Mark]:
        profile, period = self.settings.profile, self.period
        if period.holds(record.received_at):
            yield "received"
        if _is_open(record, life, profile, lambda at: at < period.start):
            yield "open-at-start"
        if _is_open(record, life, profile, lambda at: at <= self.end):
            yield "open-at-end"
        if any(map(period.holds, life.reopenings)):
            yield "reopened"

    def _is_single(self, record: Record, marks: set[Mark]) -> bool:
        chosen = self.settings.profile.figures.single_out
        return bool(chosen) and bool(marks & _SINGLED) and matches(record, chosen)

    def _runs(self, record: Record) -> list[Run]:
        return runs(record, self.settings.profile, self.settings.worktime, self.at)

    def _dues(self, record: Record) -> list[Due]:
        return dues(record, self.settings.profile, self.settings.worktime, self.end)

    def _promises(self, record: Record) -> Iterator[Promise]:
        for fate in fates(record, self.at):
            if fate.task.kind == PROMISE and fate.due_at is not None and self.period.holds(fate.due_at):
                yield Promise(fate.outcome, bool(fate.reschedules))

    def _follow_ups(self, record: Record) -> Iterator[FollowUp]:
        profile = self.settings.profile
        if not profile.shares or not is_answered(record, profile):
            return
        for level in dict.fromkeys(share.level for share in profile.shares):
            share = share_of(record, shares_of(profile, level))
            if share is not None:
                yield _follow_up(record, share)

    def _scores(self, record: Record) -> Iterator[tuple[str, int]]:
        for event in record.events:
            if event.did == "follow-up" and event.reached and self.period.holds(event.at):
                yield from event.data.get("scores", {}).items()

    def _single(self, record: Record, pending: Sequence[Due], title: str) -> Single:
        next_due = min((due.due_at for due in pending), default=None)
        zone = self.settings.zone
        return Single(
            id=record.id,
            status=record.status,
            category=record.get("category"),
            place=_place(record),
            received_at=local(record.received_at, zone),
            due_at=None if next_due is None else local(next_due, zone),
            is_overdue=any(due.late > timedelta() for due in pending),
            lead=record.lead,
            title=title,
        )


def _life(record: Record, profile: Profile) -> _Life:
    moves: list[tuple[datetime, str]] = []
    closings: list[tuple[datetime, int]] = []
    reopenings: list[datetime] = []
    follow_ups: list[tuple[int, Event]] = []
    state: str | None = None
    for event in record.events:
        if event.did == "follow-up" and event.reached:
            follow_ups.append((len(reopenings) + 1, event))
        if event.to is None:
            continue
        # Nothing happens to a complaint before it is received, whatever was entered afterwards (ML-4).
        at = record.received_at if event is record.events[0] else max(event.at, record.received_at)
        if _is_closed(event.to, profile) and not _is_closed(state, profile):
            closings.append((at, len(reopenings) + 1))
        elif profile.is_final(state) and not profile.is_final(event.to):
            reopenings.append(at)
        state = event.to
        moves.append((at, state))
    return _Life(tuple(moves), tuple(closings), tuple(reopenings), tuple(follow_ups))


def _is_closed(state: str | None, profile: Profile) -> bool:
    return state is not None and profile.is_final(state) and profile.counts(state)


def _is_open(record: Record, life: _Life, profile: Profile, is_past: Callable[[datetime], bool]) -> bool:
    if not is_past(record.received_at):
        return False
    states = [state for at, state in life.moves if is_past(at)]
    return not profile.is_final(states[-1] if states else None)


def _outcome(of_clock: Sequence[Run]) -> Iterator[Mark]:
    """The worst that the runs of the timely clock come to; nothing when there is none."""
    if any(run.result == "breached" for run in of_clock):
        yield "breached"
    elif any(run.is_open for run in of_clock):
        yield "not-yet-due"
    elif of_clock:
        yield "met"


def _answers(life: _Life, period: Period) -> Iterator[Mark]:
    """How often it was closed in the period, and what the complainant said of the last time."""
    cycles = [cycle for at, cycle in life.closings if period.holds(at)]
    if not cycles:
        return
    yield "closed"
    if len(cycles) > 1:
        yield "closed-again"
    heard = [event for cycle, event in life.follow_ups if cycle == cycles[-1]]
    said = [event.data["satisfied"] for event in heard if "satisfied" in event.data]
    if heard:
        yield "reached"
    if said:
        yield "asked"
    if said and said[-1]:
        yield "satisfied"


def _follow_up(record: Record, share: Share) -> FollowUp:
    calls = [event for event in record.events if shows(event, share)]
    reached = [event for event in calls if event.reached]
    said = [event.data["satisfied"] for event in reached if "satisfied" in event.data]
    return FollowUp(share.name, bool(calls), bool(reached), said[-1] if said else None)


def _cost(record: Record) -> Cost | None:
    """What is entered of it; None where that is nothing."""
    costs = record.get("costs") or ()
    charged = record.get("order.charge")
    if not costs and charged is None:
        return None
    amount, hours = (sum((item.get(name, _NOTHING) for item in costs), _NOTHING) for name in ("amount", "hours"))
    return Cost(amount, hours, charged or _NOTHING)


def _groups(record: Record) -> dict[Dimension, tuple[Key, ...]]:
    return {
        "kind": (record.kind,),
        "category": (record.get("category"),),
        "place": (_place(record),),
        "department": tuple(dict.fromkeys(record.get("departments") or (None,))),
        "severity": (record.get("severity"),),
        "channel": (record.get("channel"),),
        "cause": (record.get("finding.cause"),),
    }


def _place(record: Record) -> str | None:
    """Where it is about, as exactly as figures may say: never the room."""
    names = [record.get(f"location.{name}") for name in PLACES]
    return "/".join(name for name in names if name) or None


def local(instant: datetime, zone: tzinfo) -> datetime:
    """`instant` with the offset that `zone` has then."""
    return fixed(instant.astimezone(zone))
