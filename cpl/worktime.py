"""Deadline arithmetic: an instant and a duration make a due instant, in the store's zone."""

from __future__ import annotations

import calendar
from collections.abc import Iterable
from datetime import datetime, timedelta, tzinfo

from cpl.moments import SAME_DAY, Duration, fixed, start_of_day


def due(start: datetime, within: Duration, zone: tzinfo) -> datetime:
    """The instant by which a clock that starts at `start` has to stop.

    `m` and `h` run by the wall clock; `d` is the same local time that many calendar days on; `mo` the same day of a
    later month, or that month's last day; `same-day` is 24:00 of the local day.
    """
    if within.unit == "m":
        return fixed(start) + timedelta(minutes=within.amount)
    if within.unit == "h":
        return fixed(start) + timedelta(hours=within.amount)
    local = start.astimezone(zone)
    if within.unit == SAME_DAY:
        return start_of_day(local.date() + timedelta(days=1), zone)
    day = local.date() + timedelta(days=within.amount) if within.unit == "d" else None
    if day is None:
        months = local.year * 12 + local.month - 1 + within.amount
        year, month = months // 12, months % 12 + 1
        day = local.date().replace(
            year=year, month=month, day=min(local.day, calendar.monthrange(year, month)[1])
        )
    return fixed(local.replace(year=day.year, month=day.month, day=day.day))


def extend(
    at: datetime, pauses: Iterable[tuple[datetime, datetime]], within: Duration, zone: tzinfo
) -> datetime:
    """`at`, later by the length of the pauses in the unit of `within`; never earlier.

    A `same-day` deadline moves by the midnights that the pauses cross, every other one by their length.
    """
    if within.unit != SAME_DAY:
        return at + sum((end - start for start, end in pauses), timedelta())
    nights = sum((end.astimezone(zone).date() - start.astimezone(zone).date()).days for start, end in pauses)
    return start_of_day(at.astimezone(zone).date() + timedelta(days=nights), zone)
