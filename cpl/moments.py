"""Instants, dates, periods and durations as text and as values; no calendars and no business time."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, datetime, timedelta, timezone, tzinfo
from gettext import gettext as _
from typing import Final

from cpl.patterns import regex
from cpl.values import frozen

MILLISECOND: Final = timedelta(milliseconds=1)

# The years and lengths are bounded so that no deadline can lie beyond what Python can compute.
_YEAR: Final = r"(?:19|2[0-9])[0-9]{2}"
_INSTANT: Final = regex(
    rf"({_YEAR}-[0-9]{{2}}-[0-9]{{2}})[Tt ]([0-9]{{2}}:[0-9]{{2}})(:[0-9]{{2}}(?:\.[0-9]{{1,6}})?)?"
    r"([Zz]|[+-][0-9]{2}:[0-9]{2})?"
)
# An instant as `format_instant` writes it: datetime.fromisoformat gives the same for it, or refuses it too.
USUAL_INSTANT: Final = (
    rf"{_YEAR}-[0-9]{{2}}-[0-9]{{2}}T[0-9]{{2}}:[0-9]{{2}}:[0-9]{{2}}(?:\.[0-9]{{3}})?[+-][0-9]{{2}}:[0-9]{{2}}"
)
_USUAL: Final = regex(USUAL_INSTANT)
_DATE: Final = regex(rf"{_YEAR}-[0-9]{{2}}-[0-9]{{2}}")
_DURATION: Final = regex(r"([1-9][0-9]{0,4})(m|h|d|bh|bd)|([1-9][0-9]{0,2})(mo)")
_WEEK: Final = regex(rf"({_YEAR})-W([0-9]{{2}})")
_MONTH: Final = regex(rf"({_YEAR})-([0-9]{{2}})")


def parse_instant(text: str, zone: tzinfo | None = None) -> datetime:
    """The aware instant that `text` names (RFC 3339), of the years 1900 to 2999.

    Without `zone` the offset and the seconds are required, as in a record; with it, as in an option, seconds may
    be left out and a missing offset means `zone`.

    Raises:
        ValueError: `text` is no such instant, or a date or time that does not exist.
    """
    usual = _USUAL.fullmatch(text)
    found = usual or _INSTANT.fullmatch(text)
    if found is None or (zone is None and not (usual or (found[3] and found[4]))):
        raise ValueError(_("'{text}' is not an instant like 2026-11-22T09:14:00+08:00").format(text=text))
    try:
        return datetime.fromisoformat(text) if usual else _instant(found, zone)
    except ValueError as error:
        raise ValueError(_("'{text}' does not exist: {reason}").format(text=text, reason=error)) from None


def _instant(found: re.Match[str], zone: tzinfo | None) -> datetime:
    day, minute, second, offset = found.groups()
    instant = datetime.fromisoformat(f"{day}T{minute}{second or ':00'}{(offset or '').upper()}")
    if instant.tzinfo is None:
        instant = instant.replace(tzinfo=zone)
    instant = fixed(instant)
    return instant.replace(microsecond=instant.microsecond // 1000 * 1000)


def usual_instants(texts: Sequence[str]) -> list[datetime]:
    """The instants that such texts (USUAL_INSTANT) name.

    Where they have one offset they share their zone: Python compares such instants in a tenth of the time.

    Raises:
        ValueError: a date or time does not exist.
    """
    offset, zone = texts[0][-6:], datetime.fromisoformat(texts[0]).tzinfo
    if "".join(texts).count(offset) < len(texts):  # each text has one, at its end
        return list(map(datetime.fromisoformat, texts))
    local = [datetime.fromisoformat(text[:-6]) for text in texts]
    return [datetime.combine(each, each.time(), zone) for each in local]


def parse_zone(name: str) -> tzinfo:
    """The IANA time zone of that name.

    Raises:
        ValueError: there is none.
    """
    from zoneinfo import ZoneInfo

    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # ZoneInfoNotFoundError is a KeyError
        raise ValueError(_("'{name}' is not a time zone; write one such as Asia/Shanghai").format(name=name)) from None


def fixed(instant: datetime) -> datetime:
    """`instant` with its offset as a fixed one.

    Python computes and compares within one ZoneInfo by the wall clock, which is wrong across a change of offset.
    """
    if isinstance(instant.tzinfo, timezone):
        return instant
    return instant.astimezone(timezone(instant.utcoffset() or timedelta()))


def format_instant(instant: datetime) -> str:
    """`instant` as it stands in a record: RFC 3339 with its offset; milliseconds only where there are any."""
    return instant.isoformat(timespec="milliseconds" if instant.microsecond else "seconds")


def parse_date(text: str) -> date:
    """The date `YYYY-MM-DD`, of the years 1900 to 2999.

    Raises:
        ValueError: `text` is not of that form or does not exist.
    """
    if not _DATE.fullmatch(text):
        raise ValueError(_("'{text}' is not a date like 2026-11-22").format(text=text))
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise ValueError(_("'{text}' does not exist: {reason}").format(text=text, reason=error)) from None


@frozen
class Duration:
    """A length as a procedure states it: `amount` of `unit` (m, h, d, mo; business hours bh,
    business days bd), or the rest of the day (`same-day`).
    """

    amount: int
    unit: str

    def __str__(self) -> str:
        return self.unit if self.unit == SAME_DAY else f"{self.amount}{self.unit}"


SAME_DAY: Final = "same-day"
BUSINESS_UNITS: Final = ("bh", "bd")
WALL_UNITS: Final = ("m", "h", "d", "mo")


def parse_duration(text: str) -> Duration:
    """The duration `10m`, `24h`, `2d`, `8bh`, `3bd`, `1mo` or `same-day`; up to 99999 of a unit, but 999 months.

    Raises:
        ValueError: `text` is none of these.
    """
    if text == SAME_DAY:
        return Duration(1, SAME_DAY)
    found = _DURATION.fullmatch(text)
    if found is None:
        raise ValueError(
            _("'{text}' is not a duration; write 10m, 24h, 2d, 1mo, 8bh, 3bd or same-day").format(text=text)
        )
    return Duration(int(found[1] or found[3]), found[2] or found[4])


@frozen
class Period:
    """The half-open stretch of time [start, end), with the name it was asked for by."""

    name: str
    start: datetime
    end: datetime

    def holds(self, instant: datetime) -> bool:
        """Whether `instant` lies in the period; its end does not."""
        return self.start <= instant < self.end


def week(text: str, zone: tzinfo) -> Period:
    """The ISO 8601 week `2026-W47`, Monday 00:00 to Monday 00:00 in `zone`.

    Raises:
        ValueError: no such week.
    """
    found = _WEEK.fullmatch(text)
    try:
        if found is None:
            raise ValueError
        monday = date.fromisocalendar(int(found[1]), int(found[2]), 1)
        return days(text, monday, monday + timedelta(days=7), zone)
    except ValueError:
        raise ValueError(_("'{text}' is not a week like 2026-W47").format(text=text)) from None


def month(text: str, zone: tzinfo) -> Period:
    """The calendar month `2026-11` in `zone`.

    Raises:
        ValueError: no such month.
    """
    found = _MONTH.fullmatch(text)
    try:
        if found is None:
            raise ValueError
        first = date(int(found[1]), int(found[2]), 1)
        return days(text, first, (first + timedelta(days=31)).replace(day=1), zone)
    except ValueError:
        raise ValueError(_("'{text}' is not a month like 2026-11").format(text=text)) from None


def days(name: str, first: date, end: date, zone: tzinfo) -> Period:
    """The period from 00:00 of `first` to 00:00 of `end` (not included) in `zone`."""
    return Period(name, start_of_day(first, zone), start_of_day(end, zone))


def start_of_day(day: date, zone: tzinfo) -> datetime:
    """00:00 of `day` in `zone`, an aware instant."""
    return fixed(datetime(day.year, day.month, day.day, tzinfo=zone))
