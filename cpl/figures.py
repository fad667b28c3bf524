"""The sums of a period: received, closed, open, overdue, in time, how long; how they look is in `report`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from cpl.clocks import Basis
from cpl.moments import Period
from cpl.profile import Profile
from cpl.profile_duties import Share
from cpl.promises import OUTCOMES, Outcome
from cpl.registers import Row
from cpl.sampling import size
from cpl.tally import Cost, Dimension, FollowUp, Key, Mark, Part, Single, View, local
from cpl.values import frozen

BASES: Final[tuple[Basis, ...]] = ("rule", "agreed", "task", "pause")
_HUNDREDTH: Final = Decimal("0.01")
_MEDIAN: Final = 50
_HIGH: Final = 90


@frozen
class Count:
    """A number and the ids of the records that it counts, sorted; an id stands as often as it was counted."""

    number: int
    ids: tuple[str, ...]


@frozen
class Timely:
    """The timely rate (OT-8): records by whether all their runs of the profile's timely clock were met."""

    clock: str
    met: Count
    breached: Count
    not_yet_due: Count

    @property
    def of_all(self) -> tuple[int, int]:
        """Met ÷ all that have the clock, as numerator and denominator."""
        return self.met.number, self.met.number + self.breached.number + self.not_yet_due.number

    @property
    def of_due(self) -> tuple[int, int]:
        """Met ÷ those whose outcome is known."""
        return self.met.number, self.met.number + self.breached.number


@frozen
class Spread:
    """How long the stopped runs of a clock took, pauses out, by nearest rank; None when there is no run."""

    clock: str
    runs: Count
    median_seconds: int | None
    p90_seconds: int | None


@frozen
class Numbers:
    """What is counted of all records and again of each group."""

    received: Count
    closed: Count
    open_at_end: Count
    overdue: Count
    timely: Timely
    spreads: tuple[Spread, ...]


@frozen
class FollowUps:
    """Of the closed records: those whose complainant was reached, said how it was, and was satisfied."""

    reached: Count
    asked: Count
    satisfied: Count


@frozen
class Promises:
    """Promises (CL-4) by their due in the period; each has one of the outcomes, which add up to `made`."""

    made: Count
    outcomes: Mapping[Outcome, Count]
    rescheduled: Count  # at least once, whatever became of them


@frozen
class Shares:
    """How far a share of the profile is reached (RQ-5), of those received in the period and finished or replied to.

    `drawn` are those that a draw for the period chose, `drawn_reached` those of them that were reached for its level.
    """

    share: Share
    population: Count
    drawn: Count
    drawn_reached: Count
    called: Count
    reached: Count
    asked: Count
    satisfied: Count

    @property
    def wanted(self) -> int:
        """How many the share is, rounded up."""
        return size(self.share.percent, self.population.number)


@frozen
class Score:
    """What was given under one name in the follow-ups of the period: the mean, and how often."""

    mean: Decimal
    given: Count


@frozen
class Costs:
    """What the handling of those received in the period cost, and what customers paid (CR-4)."""

    entered: Count
    amount: Decimal
    hours: Decimal
    charged: Decimal


@frozen
class Summary:
    """The figures of `period` as they were known at `at`; nothing in it is personal."""

    store: str
    period: Period
    at: datetime
    unreadable: int
    total: Numbers
    open_at_start: Count
    closed_again: Count  # closed more than once in the period; they count once under closed
    reopened: Count
    overdue_items: Mapping[Basis, Count]
    follow_ups: FollowUps
    promises: Promises
    people: Count
    dimensions: Mapping[Dimension, Mapping[Key, Numbers]]
    singled_out: tuple[Single, ...]
    shares: tuple[Shares, ...]
    scores: Mapping[str, Score]
    costs: Mapping[Key, Costs]  # by kind


def summed(found: Iterable[Part | None], view: View, draws: Iterable[Row] = (), unreadable: int = 0) -> Summary:
    """The figures that the parts of records come to, seen from `view`; their order does not matter, None is nothing.

    So many files could not be read. What had not been received by then and what is in a state that does not count
    has no part. Open and overdue are judged at the end of the period or as of the view, whichever is earlier; clocks,
    promises and the names of groups (category, department …) as of the view. `draws` are the rows of that register,
    those of other periods too.
    """
    settings, period = view.settings, view.period
    # In the order of their ids, in which every sum names them: what is in order already is sorted fast.
    parts = sorted((part for part in found if part is not None), key=lambda part: part.id)
    return Summary(
        store=settings.name,
        period=period,
        at=local(view.at, settings.zone),
        unreadable=unreadable,
        total=_numbers(parts, settings.profile),
        open_at_start=_marked(parts, "open-at-start"),
        closed_again=_marked(parts, "closed-again"),
        reopened=_marked(parts, "reopened"),
        overdue_items={basis: _items(parts, basis) for basis in BASES},
        follow_ups=FollowUps(_marked(parts, "reached"), _marked(parts, "asked"), _marked(parts, "satisfied")),
        promises=_promises(parts),
        people=_people(parts),
        dimensions=_dimensions(parts, settings.profile),
        singled_out=tuple(sorted((part.single for part in parts if part.single), key=_by_receipt)),
        shares=_shares(parts, settings.profile, [row for row in draws if row["period"] == period.name]),
        scores=_scores(parts),
        costs=_costs(parts),
    )


def _numbers(parts: Iterable[Part], profile: Profile) -> Numbers:
    marked: defaultdict[Mark, list[str]] = defaultdict(list)
    used: defaultdict[str, list[tuple[timedelta, str]]] = defaultdict(list)
    for part in parts:
        for mark in part.marks:
            marked[mark].append(part.id)
        for clock, time in part.used:
            used[clock].append((time, part.id))
    return Numbers(
        received=_count(marked["received"]),
        closed=_count(marked["closed"]),
        open_at_end=_count(marked["open-at-end"]),
        overdue=_count(marked["overdue"]),
        timely=Timely(
            profile.figures.timely,
            _count(marked["met"]),
            _count(marked["breached"]),
            _count(marked["not-yet-due"]),
        ),
        spreads=tuple(_spread(clock, used[clock]) for clock in profile.figures.medians),
    )


def _spread(clock: str, used: Sequence[tuple[timedelta, str]]) -> Spread:
    """How long the runs of a clock took, each with the id of its record."""
    seconds = sorted(time // timedelta(seconds=1) for time, _id in used)
    ids = _count(identifier for _time, identifier in used)
    return Spread(clock, ids, nearest_rank(seconds, _MEDIAN), nearest_rank(seconds, _HIGH))


def nearest_rank(ordered: Sequence[int], percent: int) -> int | None:
    """The smallest of the ordered values that at least `percent` of them do not exceed; None of nothing."""
    return ordered[-(-len(ordered) * percent // 100) - 1] if ordered else None


def _dimensions(parts: Iterable[Part], profile: Profile) -> dict[Dimension, dict[Key, Numbers]]:
    members: dict[Dimension, dict[Key, list[Part]]] = {}
    for part in parts:
        if not part.marks:
            continue  # promises alone are in no column of the tables
        for dimension, keys in part.groups.items():
            groups = members.setdefault(dimension, {})
            for key in keys:
                groups.setdefault(key, []).append(part)
    return {
        dimension: _ordered({key: _numbers(group, profile) for key, group in groups.items()})
        for dimension, groups in members.items()
    }


def _ordered(groups: Mapping[Key, Numbers]) -> dict[Key, Numbers]:
    """The groups with the most received first, what has no name last."""

    def rank(item: tuple[Key, Numbers]) -> tuple[bool, int, int, str]:
        key, numbers = item
        return key is None, -numbers.received.number, -numbers.open_at_end.number, key or ""

    return dict(sorted(groups.items(), key=rank))


def _items(parts: Iterable[Part], basis: Basis) -> Count:
    return _count(part.id for part in parts for each in part.overdue if each == basis)


def _promises(parts: Sequence[Part]) -> Promises:
    found = [(promise, part.id) for part in parts for promise in part.promises]
    return Promises(
        made=_count(identifier for _promise, identifier in found),
        outcomes={
            each: _count(identifier for promise, identifier in found if promise.outcome == each) for each in OUTCOMES
        },
        rescheduled=_count(identifier for promise, identifier in found if promise.is_rescheduled),
    )


def _shares(parts: Sequence[Part], profile: Profile, draws: Sequence[Row]) -> tuple[Shares, ...]:
    found = [(each, part.id) for part in parts for each in part.follow_ups]
    return tuple(
        _share(share, [each for each in found if each[0].share == share.name], draws) for share in profile.shares
    )


def _share(share: Share, found: Sequence[tuple[FollowUp, str]], draws: Sequence[Row]) -> Shares:
    drawn = {
        each for row in draws if (row["level"], row.get("share")) == (share.level, share.name) for each in row["drawn"]
    }
    reached = _count(each for follow_up, each in found if follow_up.is_reached)
    return Shares(
        share,
        population=_count(each for _follow_up, each in found),
        drawn=_count(drawn),
        drawn_reached=_count(drawn.intersection(reached.ids)),
        called=_count(each for follow_up, each in found if follow_up.is_called),
        reached=reached,
        asked=_count(each for follow_up, each in found if follow_up.satisfied is not None),
        satisfied=_count(each for follow_up, each in found if follow_up.satisfied),
    )


def _scores(parts: Iterable[Part]) -> dict[str, Score]:
    given: dict[str, list[tuple[int, str]]] = {}
    for part in parts:
        for name, value in part.scores:
            given.setdefault(name, []).append((value, part.id))
    return {name: _score(given[name]) for name in sorted(given)}


def _score(given: Sequence[tuple[int, str]]) -> Score:
    mean = Decimal(sum(value for value, _id in given)) / len(given)
    return Score(mean.quantize(_HUNDREDTH), _count(each for _value, each in given))


def _costs(parts: Iterable[Part]) -> dict[Key, Costs]:
    by_kind: dict[Key, list[tuple[Cost, str]]] = {}
    for part in parts:
        if part.cost is not None:
            by_kind.setdefault(part.groups["kind"][0], []).append((part.cost, part.id))
    return {kind: _cost(by_kind[kind]) for kind in sorted(by_kind, key=str)}


def _cost(found: Sequence[tuple[Cost, str]]) -> Costs:
    sums = {
        name: sum((getattr(cost, name) for cost, _id in found), Decimal()) for name in ("amount", "hours", "charged")
    }
    return Costs(_count(each for _cost, each in found), **sums)


def _count(ids: Iterable[str]) -> Count:
    counted = tuple(sorted(ids))
    return Count(len(counted), counted)


def _people(parts: Iterable[Part]) -> Count:
    received = [part for part in parts if "received" in part.marks]
    return Count(sum(part.people for part in received), tuple(sorted(part.id for part in received)))


def _marked(parts: Iterable[Part], mark: Mark) -> Count:
    return _count(part.id for part in parts if mark in part.marks)


def _by_receipt(single: Single) -> tuple[datetime, str, str]:
    return single.received_at, single.id, str(single)  # a copied file has the same id
