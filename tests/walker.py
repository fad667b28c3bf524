"""Deadlines reckoned a second time by walking from minute to minute; it shares nothing with cpl.

Slow and simple on purpose. The holidays were copied from the notices of the State Council for 2026.
"""

from __future__ import annotations

import calendar
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

MINUTE: Final = timedelta(minutes=1)
Span = tuple[datetime, datetime]


def _days(first: str, count: int) -> set[date]:
    return {date.fromisoformat(first) + timedelta(days=each) for each in range(count)}


OFF: Final = {
    *_days("2026-01-01", 3),
    *_days("2026-02-15", 9),
    *_days("2026-04-04", 3),
    *_days("2026-05-01", 5),
    *_days("2026-06-19", 3),
    *_days("2026-09-25", 3),
    *_days("2026-10-01", 7),
}
MAKE_UP: Final = {date.fromisoformat(f"2026-{day}") for day in ("01-04", "02-14", "02-28", "05-09", "09-20", "10-10")}
FIXED: Final = {(1, 1), (5, 1), (5, 2), (10, 1), (10, 2), (10, 3)}  # of the years without a notice


@dataclass(frozen=True)
class Place:
    """Where a deadline runs; `hours` are open and close in minutes for each weekday, Monday first; None: no hours."""

    zone: ZoneInfo
    hours: tuple[tuple[tuple[int, int], ...], ...] | None
    has_holidays: bool

    def shifts(self, day: date) -> tuple[tuple[int, int], ...]:
        """The shifts of a day."""
        if self.hours is None:
            return ((0, 1440),)
        if self.has_holidays and (day in OFF if day.year == 2026 else (day.month, day.day) in FIXED):
            return ()
        return self.hours[0 if self.has_holidays and day in MAKE_UP else day.weekday()]

    def is_open(self, at: datetime) -> bool:
        """Whether the minute that begins at `at` is one of work."""
        local = at.astimezone(self.zone)
        minute = local.hour * 60 + local.minute
        return any(opens <= minute < closes for opens, closes in self.shifts(local.date()))

    def day(self, at: datetime) -> date:
        """The local day."""
        return at.astimezone(self.zone).date()


def _walk(at: datetime) -> Iterator[datetime]:
    while True:
        yield at
        at += MINUTE


def _opening(at: datetime, place: Place) -> datetime:
    return next(each for each in _walk(at) if place.is_open(each))


def _worked(start: datetime, minutes: int, place: Place) -> datetime:
    """When so many minutes of work have passed: the end of the last of them."""
    if minutes == 0:
        return start
    for each in _walk(start):
        minutes -= place.is_open(each)
        if minutes == 0:
            return each + MINUTE
    raise AssertionError


def _work_in(span: Span, place: Place) -> int:
    return sum(place.is_open(span[0] + count * MINUTE) for count in range(int((span[1] - span[0]) / MINUTE)))


def _business_days(first: date, place: Place) -> Iterator[date]:
    """The business days behind `first`."""
    day = first
    while True:
        day += timedelta(days=1)
        if place.shifts(day):
            yield day


def _at(naive: datetime, place: Place) -> datetime:
    return naive.replace(tzinfo=place.zone).astimezone(UTC)


def _local(at: datetime, place: Place) -> datetime:
    return at.astimezone(place.zone).replace(tzinfo=None)


def _closing(day: date, place: Place) -> datetime:
    minutes = place.shifts(day)[-1][1]
    midnight = datetime(day.year, day.month, day.day) + timedelta(days=minutes // 1440)  # noqa: DTZ001 a local time
    return _at(midnight + timedelta(minutes=minutes % 1440), place)


def due(start: datetime, amount: int, unit: str, pauses: Sequence[Span], place: Place) -> datetime:
    """When something that starts at `start` is due, with its pauses (UTC)."""
    start = start.astimezone(UTC)
    spans = [(since.astimezone(UTC), to.astimezone(UTC)) for since, to in pauses]
    match unit:
        case "m" | "h":
            real = sum((to - since for since, to in spans), timedelta())
            return start + amount * {"m": MINUTE, "h": 60 * MINUTE}[unit] + real
        case "bh":
            return _worked(start, amount * 60 + sum(_work_in(span, place) for span in spans), place)
        case "bd":
            return _in_business_days(start, amount, spans, place)
        case "same-day":
            return _same_day(start, spans, place)
    return _by_the_calendar(start, amount, unit, spans, place)


def _in_business_days(start: datetime, amount: int, spans: Sequence[Span], place: Place) -> datetime:
    opening = _opening(start, place)
    days = _business_days(place.day(opening), place)
    last = [next(days) for _ in range(amount)][-1]
    first = _at(datetime.combine(last, _local(opening, place).time()), place)
    return _worked(first, sum(_work_in(span, place) for span in spans), place)


def _same_day(start: datetime, spans: Sequence[Span], place: Place) -> datetime:
    """A pause moves it by the business days that begin between the work before it and the work after it."""
    day = place.day(_opening(start, place))
    days = _business_days(day, place)
    for since, to in spans:
        last = place.day(_opening(to, place))
        for each in _business_days(place.day(_opening(since, place)), place):
            if each > last:
                break
            day = next(days)
    return _closing(day, place)


def _by_the_calendar(start: datetime, amount: int, unit: str, spans: Sequence[Span], place: Place) -> datetime:
    local = _local(start, place)
    if unit == "d":
        moved = local + timedelta(days=amount)
    else:
        month = local.month + amount
        year, month = local.year + (month - 1) // 12, (month - 1) % 12 + 1
        moved = local.replace(year=year, month=month, day=min(local.day, calendar.monthrange(year, month)[1]))
    paused = sum((_local(to, place) - _local(since, place) for since, to in spans), timedelta())
    return _at(_local(_at(moved, place), place) + max(paused, timedelta()), place)
