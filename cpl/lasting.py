"""For how long what is reckoned of a record stays the same: the instants around one at which nothing of it changes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from cpl.clocks import dues, stays
from cpl.config import Settings
from cpl.events import instants
from cpl.recognise import microseconds
from cpl.record import Record, as_of
from cpl.values import replace
from cpl.workdays import CalendarYear

FOREVER: Final = 1 << 62
_SECOND: Final = timedelta(seconds=1) // timedelta.resolution


class NoData(Exception):
    """A calendar has no data of a year that is reckoned with; whoever catches it reckons by what there is."""


class Span(NamedTuple):
    """Instants from `since` to before `until`, in microseconds."""

    since: int
    until: int


def span(record: Record, settings: Settings, at: datetime) -> Span:
    """The instants around `at` as of which the same is known of a record, and the same of it is late.

    What is reckoned of a record as of an instant depends, beside the record and the settings, on how the instant, its
    second (`as_of`), or the earlier of it and another one that is always the same, lies to
    - every instant that stands in the record: of its events, its tasks, its agreed dates and pauses;
    - the due of a clock that runs, which stays the same until there is something new in the record, unless a pause
      moves it (`stays`): then nothing is said of any other instant than `at`;
    - the years, for a calendar has data of some and of others not, and whoever reckons with one without is told so.
    Between two of these there is nothing by which two instants could differ.
    """
    profile, worktime, now = settings.profile, settings.worktime, microseconds(at)
    known = as_of(record, at)
    if known is not None and not stays(known, profile, worktime, at):
        return Span(now, now + 1)
    found = [*instants(record.fields)]
    found += [] if known is None else [due.due_at for due in dues(known, profile, worktime, at)]
    found += [] if worktime.calendar is None else _years(settings, at)
    points = {point for each in map(microseconds, found) for point in (each - each % _SECOND, each, each + 1)}
    since = max((each for each in points if each <= now), default=-FOREVER)
    return Span(since, min((each for each in points if each > now), default=FOREVER))


def _years(settings: Settings, at: datetime) -> list[datetime]:
    """Where the year of `at` begins and ends."""
    year = at.astimezone(settings.zone).year
    return [datetime(each, 1, 1, tzinfo=settings.zone) for each in (year, year + 1)]


def aside(settings: Settings, read: Callable[[int], CalendarYear] | None = None) -> Settings:
    """The settings with a calendar of their own, so that the years it is asked for are not told of; read by `read`."""
    calendar = settings.worktime.calendar
    own = None if calendar is None else replace(calendar, read=read or calendar.read)
    return replace(settings, worktime=replace(settings.worktime, calendar=own))


def with_data_only(settings: Settings) -> Settings:
    """The settings aside, with a calendar that raises NoData when it is asked for a year of which it has none."""
    calendar = settings.worktime.calendar

    def read(year: int) -> CalendarYear:
        assert calendar is not None
        found = calendar.read(year)
        if found.is_provisional:
            raise NoData
        return found

    return aside(settings, read)
