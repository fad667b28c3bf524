"""Deadline arithmetic: an instant and a duration make a due instant, by the clock, the calendar or business time."""

from __future__ import annotations

import calendar
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import field
from datetime import UTC, date, datetime, timedelta, tzinfo
from itertools import accumulate
from typing import Final, Literal, NamedTuple

from cpl import moments
from cpl.moments import Duration, fixed
from cpl.values import frozen
from cpl.workdays import ALWAYS, MINUTES_OF_DAY, Calendar, Day, Hours, day_of, days_of

Why = Literal["open", "closed", "weekend", "holiday", "make-up"]
Span = tuple[datetime, datetime]

_LENGTHS: Final = {"m": timedelta(minutes=1), "h": timedelta(hours=1)}
_MINUTE: Final = timedelta(minutes=1)
_HOUR: Final = timedelta(hours=1)
_DAY: Final = timedelta(days=1)
_NOTHING: Final = timedelta()
_BEFORE: Final = timedelta.resolution


class Interval(NamedTuple):
    """A stretch [start, end) that counts as business time or does not, and why; the name is that of the calendar."""

    start: datetime
    end: datetime
    counts: bool
    why: Why
    name: str | None


@frozen
class _Year:
    """The shifts of one local year in order, on the absolute time line (UTC), and the business days that have any."""

    opens: list[datetime]
    closes: list[datetime]
    before: list[timedelta]  # the year's business time before each shift
    after: list[timedelta]  # and up to its end
    shift_days: list[date]
    days: list[date]
    closing: list[datetime]  # of each of the days

    @property
    def total(self) -> timedelta:
        """The year's business time."""
        return self.after[-1] if self.after else _NOTHING

    def elapsed(self, at: datetime) -> timedelta:
        """The year's business time before `at`."""
        place = bisect_right(self.closes, at)
        if place == len(self.closes):
            return self.total
        return self.before[place] + max(_NOTHING, at - self.opens[place])

    def reached(self, time: timedelta) -> datetime:
        """The first instant at which that much of the year's business time, more than none, has passed."""
        place = bisect_left(self.after, time)
        return self.opens[place] + (time - self.before[place])


@frozen
class Worktime:
    """When a store works: its zone, its hours and its calendar; each year is worked out when it is first needed."""

    zone: tzinfo
    hours: Hours = ALWAYS
    calendar: Calendar | None = None
    _years: dict[int, _Year] = field(default_factory=dict, init=False, repr=False, compare=False)

    def day(self, day: date) -> Day:
        """What a local day is."""
        return day_of(day, self.hours, self.calendar)

    def opening(self, at: datetime) -> tuple[datetime, date]:
        """`at` if it lies in a shift, else the next opening; with the business day that it belongs to.

        The instant at which a shift closes lies in it no more.
        """
        year = at.astimezone(self.zone).year
        at = at.astimezone(UTC)  # as the shifts are, for within one zone Python compares much faster
        found = self._year(year)
        while (place := bisect_right(found.closes, at)) == len(found.closes):
            year += 1
            found = self._year(year)
        return max(at, found.opens[place]), found.shift_days[place]

    def closing(self, day: date) -> datetime:
        """When a business day closes: the end of its last shift."""
        year = self._year(day.year)
        return self.local(year.closing[bisect_left(year.days, day)])

    def later(self, day: date, days: int) -> date:
        """The business day that is that many after `day`."""
        found = self._year(day.year)
        year, place = day.year, bisect_right(found.days, day) - 1 + days
        while place >= len(found.days):
            place -= len(found.days)
            year += 1
            found = self._year(year)
        return found.days[place]

    def crossed(self, since: date, to: date) -> int:
        """How many business days lie behind `since`, up to and with `to`."""
        whole = sum(len(self._year(year).days) for year in range(since.year, to.year))
        return whole + bisect_right(self._year(to.year).days, to) - bisect_right(self._year(since.year).days, since)

    def elapsed(self, start: datetime, end: datetime) -> timedelta:
        """The business time in [start, end)."""
        first, last = start.astimezone(self.zone).year, end.astimezone(self.zone).year
        since, to = self._year(first).elapsed(start.astimezone(UTC)), self._year(last).elapsed(end.astimezone(UTC))
        if first < last:
            to += sum((self._year(year).total for year in range(first, last)), _NOTHING)
        return max(_NOTHING, to - since)

    def advance(self, start: datetime, length: timedelta) -> datetime:
        """The first instant at which that much business time, more than none, has passed since `start`.

        One that is reached as a shift closes stays there; it does not become the next opening.
        """
        year = start.astimezone(self.zone).year
        found = self._year(year)
        wanted = found.elapsed(start.astimezone(UTC)) + length
        while wanted > found.total:
            wanted -= found.total
            year += 1
            found = self._year(year)
        return self.local(found.reached(wanted))

    def local(self, instant: datetime) -> datetime:
        """The instant with the zone's offset as a fixed one."""
        return fixed(instant.astimezone(self.zone))

    def midnight(self, day: date) -> datetime:
        """00:00 of a local day, in UTC."""
        return datetime(day.year, day.month, day.day, tzinfo=self.zone).astimezone(UTC)

    def shifts(self, day: Day, midnight: datetime, tomorrow: datetime) -> Iterator[Span]:
        """The shifts, in UTC, of a day that lies between these. A local time that does not exist is read as later."""
        if tomorrow - midnight == _DAY:  # the clock is not changed
            for opens, closes in day.shifts:
                yield midnight + opens * _MINUTE, midnight + closes * _MINUTE
            return
        for opens, closes in day.shifts:
            yield self._at(day.date, opens), tomorrow if closes == MINUTES_OF_DAY else self._at(day.date, closes)

    def _at(self, day: date, minutes: int) -> datetime:
        hour, minute = divmod(minutes, 60)
        return datetime(day.year, day.month, day.day, hour, minute, tzinfo=self.zone).astimezone(UTC)

    def _year(self, year: int) -> _Year:
        if year not in self._years:
            self._years[year] = self._worked_out(year)
        return self._years[year]

    def _worked_out(self, year: int) -> _Year:
        opens, closes, shift_days = list[datetime](), list[datetime](), list[date]()
        closing: dict[date, datetime] = {}
        midnight = self.midnight(date(year, 1, 1))
        for day in days_of(date(year, 1, 1), date(year + 1, 1, 1), self.hours, self.calendar):
            tomorrow = self.midnight(day.date + _DAY)
            for since, to in self.shifts(day, midnight, tomorrow):
                start = max(since, closes[-1]) if closes else since  # apart also where the clock is put forward
                if start < to:
                    opens.append(start)
                    closes.append(to)
                    shift_days.append(day.date)
                    closing[day.date] = to
            midnight = tomorrow
        after = list(accumulate(to - since for since, to in zip(opens, closes, strict=True)))
        return _Year(opens, closes, [_NOTHING, *after[:-1]], after, shift_days, list(closing), list(closing.values()))


def due(start: datetime, within: Duration, worktime: Worktime) -> datetime:
    """The instant by which a clock that starts at `start` has to stop.

    `m` and `h` run by the wall clock; `d` is the same local time that many calendar days on; `mo` the same day of a
    later month, or that month's last day. `bh` counts business hours; `bd` is the same local time that many business
    days on, `same-day` the closing time of the business day (24:00 in a store without hours): what starts out of
    hours starts for these three at the next opening.
    """
    match within.unit:
        case "m" | "h":
            return fixed(start) + within.amount * _LENGTHS[within.unit]
        case "bh":
            return worktime.advance(start, within.amount * _HOUR)
        case "bd":
            opening, day = worktime.opening(start)
            return _same_time(opening, worktime.later(day, within.amount), worktime.zone)
        case moments.SAME_DAY:
            return worktime.closing(worktime.opening(start)[1])
    local = start.astimezone(worktime.zone)
    if within.unit == "d":
        return fixed(local + timedelta(days=within.amount))
    year, month = divmod(local.year * 12 + local.month - 1 + within.amount, 12)
    day_of_month = min(local.day, calendar.monthrange(year, month + 1)[1])
    return fixed(local.replace(year=year, month=month + 1, day=day_of_month))


def _same_time(at: datetime, day: date, zone: tzinfo) -> datetime:
    """The local time of `at` on another day."""
    return fixed(at.astimezone(zone).replace(year=day.year, month=day.month, day=day.day))


def extend(at: datetime, pauses: Iterable[Span], within: Duration, worktime: Worktime) -> datetime:
    """`at`, a due by `within`, later by the length of the pauses in the unit of `within`; never earlier.

    A deadline in business hours or days moves by the business time of the pauses, a `same-day` one by the business
    days that they cross; one in days or months by their length on the local clock, every other one by their length.
    """
    match within.unit:
        case "m" | "h":
            return at + sum((end - start for start, end in pauses), _NOTHING)
        case "bh" | "bd":
            paused = sum((worktime.elapsed(start, end) for start, end in pauses), _NOTHING)
            return worktime.advance(at, paused) if paused else at
        case moments.SAME_DAY:
            return _later_by_days(at, pauses, worktime)
    local = at.astimezone(worktime.zone)
    spans = [(start.astimezone(worktime.zone), end.astimezone(worktime.zone)) for start, end in pauses]
    # Within one zone Python subtracts and adds by the wall clock, which is what a day is measured by.
    return max(at, fixed(local + sum((end - start for start, end in spans), _NOTHING)))


def _later_by_days(at: datetime, pauses: Iterable[Span], worktime: Worktime) -> datetime:
    spans = [(worktime.opening(start)[1], worktime.opening(end)[1]) for start, end in pauses]
    count = sum(worktime.crossed(since, to) for since, to in spans)
    if not count:
        return at
    closing_day = worktime.opening(at - _BEFORE)[1]
    return worktime.closing(worktime.later(closing_day, count))


def between(start: datetime, end: datetime, worktime: Worktime) -> timedelta:
    """The business time in [start, end); none where the end is not later."""
    return worktime.elapsed(start, end)


def intervals(start: datetime, end: datetime, worktime: Worktime) -> Iterator[Interval]:
    """What [start, end) consists of, in order and without gaps; neighbours differ in more than their times."""
    last: Interval | None = None
    for found in _pieces(start, end, worktime):
        since, to = max(start, found.start), min(end, found.end)
        if since >= to:
            continue
        piece = found._replace(start=worktime.local(since), end=worktime.local(to))
        if last is not None and last[2:] == piece[2:]:
            last = last._replace(end=piece.end)
            continue
        if last is not None:
            yield last
        last = piece
    if last is not None:
        yield last


def _pieces(start: datetime, end: datetime, worktime: Worktime) -> Iterator[Interval]:
    """The pieces of all days that [start, end) touches."""
    first, last = (at.astimezone(worktime.zone).date() for at in (start, end))
    for day in days_of(first, last + _DAY, worktime.hours, worktime.calendar):
        at = midnight = worktime.midnight(day.date)
        tomorrow = worktime.midnight(day.date + _DAY)
        for since, to in worktime.shifts(day, midnight, tomorrow):
            opens, closes = max(at, since), max(at, to)
            yield Interval(at, opens, False, "closed", None)
            yield Interval(opens, closes, True, "make-up" if day.kind == "make-up" else "open", day.name)
            at = max(opens, closes)
        why: Why = day.kind if not day.shifts and day.kind in ("weekend", "holiday") else "closed"
        yield Interval(at, tomorrow, False, why, None if day.shifts else day.name)
