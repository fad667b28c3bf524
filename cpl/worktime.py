"""Deadline arithmetic: an instant and a duration make a due instant, in the store's zone."""

from __future__ import annotations

import calendar
from collections.abc import Iterable
from datetime import datetime, timedelta, tzinfo
from typing import Final

from cpl.moments import SAME_DAY, Duration, fixed, start_of_day

_LENGTHS: Final = {"m": timedelta(minutes=1), "h": timedelta(hours=1)}


def due(start: datetime, within: Duration, zone: tzinfo) -> datetime:
    """The instant by which a clock that starts at `start` has to stop.

    `m` and `h` run by the wall clock; `d` is the same local time that many calendar days on; `mo` the same day of a
    later month, or that month's last day; `same-day` is 24:00 of the local day.
    """
    if within.unit in _LENGTHS:
        return fixed(start) + within.amount * _LENGTHS[within.unit]
    local = start.astimezone(zone)
    if within.unit == SAME_DAY:
        return start_of_day(local.date() + timedelta(days=1), zone)
    if within.unit == "d":
        return fixed(local + timedelta(days=within.amount))
    year, month = divmod(local.year * 12 + local.month - 1 + within.amount, 12)
    day = min(local.day, calendar.monthrange(year, month + 1)[1])
    return fixed(local.replace(year=year, month=month + 1, day=day))


def extend(at: datetime, pauses: Iterable[tuple[datetime, datetime]], within: Duration, zone: tzinfo) -> datetime:
    """`at`, later by the length of the pauses in the unit of `within`; never earlier.

    A `same-day` deadline moves by the midnights that the pauses cross, one in days or months by their length on the
    local clock, every other one by their length.
    """
    if within.unit in _LENGTHS:
        return at + sum((end - start for start, end in pauses), timedelta())
    local = at.astimezone(zone)
    spans = [(start.astimezone(zone), end.astimezone(zone)) for start, end in pauses]
    if within.unit == SAME_DAY:
        nights = sum((end.date() - start.date()).days for start, end in spans)
        return start_of_day(local.date() + timedelta(days=nights), zone)
    # Within one zone Python subtracts and adds by the wall clock, which is what a day is measured by.
    return max(at, fixed(local + sum((end - start for start, end in spans), timedelta())))
