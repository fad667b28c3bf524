"""Which days a store works and when: hours by weekday and the calendar's days, as values; reads no file."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import field
from datetime import date
from typing import Final, Literal, NamedTuple

from cpl.values import frozen

Kind = Literal["workday", "weekend", "holiday", "make-up"]

MINUTES_OF_DAY: Final = 24 * 60
SATURDAY: Final = 5


class Shift(NamedTuple):
    """A stretch of one local day, in minutes from 00:00; it opens at the first and is closed from the second on."""

    opens: int
    closes: int

    def __str__(self) -> str:
        return "-".join(f"{minutes // 60:02}:{minutes % 60:02}" for minutes in self)


Shifts = tuple[Shift, ...]
_WHOLE_DAY: Final = (Shift(0, MINUTES_OF_DAY),)


@frozen
class Hours:
    """The shifts of each day of a week, Monday first, and of a make-up day; in order and apart from each other."""

    week: tuple[Shifts, ...]
    make_up: Shifts


ALWAYS: Final = Hours((_WHOLE_DAY,) * 7, _WHOLE_DAY)


@frozen
class CalendarYear:
    """The days of a year on which a calendar differs from the week, by name; provisional: made without its data."""

    holidays: Mapping[date, str]
    workdays: Mapping[date, str]
    source: tuple[str, ...] = ()
    is_provisional: bool = False


@frozen
class Calendar:
    """Holidays and make-up days; `read` makes a year when it is first asked for."""

    name: str
    read: Callable[[int], CalendarYear]
    _years: dict[int, CalendarYear] = field(default_factory=dict, init=False, repr=False, compare=False)

    def year(self, year: int) -> CalendarYear:
        """What the calendar says of a year."""
        if year not in self._years:
            self._years[year] = self.read(year)
        return self._years[year]

    @property
    def provisional(self) -> list[int]:
        """The years that have been asked for and have no data, in order."""
        return sorted(year for year, data in self._years.items() if data.is_provisional)


class Day(NamedTuple):
    """A local day: what it is by the calendar, the holiday's or make-up day's name, and when the store is open."""

    date: date
    kind: Kind
    name: str | None
    shifts: Shifts


def day_of(day: date, hours: Hours, calendar: Calendar | None) -> Day:
    """What `day` is. A holiday is closed whatever its weekday's hours, a make-up day has hours of its own."""
    if calendar is not None:
        year = calendar.year(day.year)
        if day in year.holidays:
            return Day(day, "holiday", year.holidays[day], ())
        if day in year.workdays:
            return Day(day, "make-up", year.workdays[day], hours.make_up)
    weekday = day.weekday()
    return Day(day, "weekend" if weekday >= SATURDAY else "workday", None, hours.week[weekday])


def days_in(year: int) -> Iterator[date]:
    """The days of a year."""
    return map(date.fromordinal, range(date(year, 1, 1).toordinal(), date(year + 1, 1, 1).toordinal()))


def days_of(first: date, end: date, hours: Hours, calendar: Calendar | None) -> Iterator[Day]:
    """The days from `first` to `end`, which is not included."""
    for ordinal in range(first.toordinal(), end.toordinal()):
        yield day_of(date.fromordinal(ordinal), hours, calendar)
