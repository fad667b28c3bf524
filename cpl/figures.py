"""The sums of a period: received, closed, open, overdue, in time, how long; how they look is in `report`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from cpl.clocks import Basis
from cpl.config import Settings
from cpl.moments import Period
from cpl.profile import Profile
from cpl.promises import OUTCOMES, Outcome
from cpl.record import Record
from cpl.tally import Dimension, Key, Mark, Part, Single, View, local, not_known
from cpl.values import frozen

BASES: Final[tuple[Basis, ...]] = ("rule", "agreed", "task", "pause")
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


def summarize(
    records: Iterable[Record | None],
    settings: Settings,
    period: Period,
    at: datetime,
    is_punctual: Callable[[Record], bool] = not_known,
) -> Summary:
    """The figures of `period` [start, end), seen as of `at`; the order of the records does not matter.

    None among the records stands for a file that could not be read. What had not been received by `at` and
    what is in a state that does not count is left out. Open and overdue are judged at the end of the period
    or at `at`, whichever is earlier (`judged_until`; `is_punctual` tells of which record it is known that nothing is
    overdue then); clocks, promises and the names of groups (category, department …) as of `at`.
    """
    view = View(settings, period, at, is_punctual)
    parts: list[Part] = []
    unreadable = 0
    for record in records:
        part = None if record is None else view.part(record)
        unreadable += record is None
        parts.extend(() if part is None else (part,))
    return Summary(
        store=settings.name,
        period=period,
        at=local(at, settings.zone),
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
    )


def _numbers(parts: Sequence[Part], profile: Profile) -> Numbers:
    return Numbers(
        received=_marked(parts, "received"),
        closed=_marked(parts, "closed"),
        open_at_end=_marked(parts, "open-at-end"),
        overdue=_marked(parts, "overdue"),
        timely=Timely(
            profile.figures.timely,
            _marked(parts, "met"),
            _marked(parts, "breached"),
            _marked(parts, "not-yet-due"),
        ),
        spreads=tuple(_spread(clock, parts) for clock in profile.figures.medians),
    )


def _spread(clock: str, parts: Iterable[Part]) -> Spread:
    found = [(used, part.id) for part in parts for name, used in part.used if name == clock]
    seconds = sorted(used // timedelta(seconds=1) for used, _id in found)
    ids = tuple(sorted(identifier for _used, identifier in found))
    return Spread(clock, Count(len(ids), ids), nearest_rank(seconds, _MEDIAN), nearest_rank(seconds, _HIGH))


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
