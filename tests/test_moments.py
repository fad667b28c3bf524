"""Instants, dates, durations and periods as text."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cpl import moments
from cpl.moments import Duration, Period, format_instant, parse_date, parse_duration, parse_instant

SHANGHAI = ZoneInfo("Asia/Shanghai")
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-22T09:14:00+08:00", "2026-11-22T09:14:00+08:00"),
        ("2026-11-22 09:14:00+08:00", "2026-11-22T09:14:00+08:00"),
        ("2026-11-22t09:14:00z", "2026-11-22T09:14:00+00:00"),
        ("2026-11-22T09:14:00.25-04:00", "2026-11-22T09:14:00.250-04:00"),
        ("2026-11-22T09:14:00.123999+08:00", "2026-11-22T09:14:00.123+08:00"),
        ("2028-02-29T00:00:00+00:00", "2028-02-29T00:00:00+00:00"),
    ],
)
def test_instant_of_a_record_keeps_its_offset_and_milliseconds(text: str, expected: str) -> None:
    assert format_instant(parse_instant(text)) == expected


def test_instant_has_no_more_than_milliseconds() -> None:
    assert parse_instant("2026-11-22T09:14:00.123999+08:00").microsecond == 123_000


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-07-01T09:14", "2026-07-01T09:14:00+02:00"),
        ("2026-12-01 09:14:30", "2026-12-01T09:14:30+01:00"),
        ("2026-12-01T09:14+08:00", "2026-12-01T09:14:00+08:00"),
    ],
)
def test_instant_of_an_option_is_meant_in_the_zone(text: str, expected: str) -> None:
    assert format_instant(parse_instant(text, BERLIN)) == expected


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-22T09:14:00",
        "2026-11-22T09:14+08:00",
        "2026-11-22",
        "22.11.2026 09:14",
        "2026-11-22T9:14:00+08:00",
        "2026-11-22T09:14:00+0800",
        "0226-11-22T09:14:00+08:00",
        "9999-12-31T23:59:00+08:00",
        "２０２６-11-22T09:14:00+08:00",
        "",
    ],
)
def test_text_of_another_form_is_no_instant_of_a_record(text: str) -> None:
    with pytest.raises(ValueError, match="is not an instant like"):
        parse_instant(text)


@pytest.mark.parametrize(
    "text",
    [
        "2026-02-29T09:00:00+08:00",
        "2026-13-01T09:00:00+08:00",
        "2026-11-22T24:01:00+08:00",
        "2026-11-22T09:14:60+08:00",
        "2026-11-22T09:14:00+25:00",
    ],
)
def test_instant_that_does_not_exist_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="does not exist"):
        parse_instant(text)


@given(
    st.datetimes(min_value=datetime.fromisoformat("1900-01-02"), max_value=datetime.fromisoformat("2999-12-30")),
    st.integers(min_value=-23 * 60, max_value=23 * 60),
)
def test_instant_survives_being_written_and_read(local: datetime, minutes: int) -> None:
    instant = local.replace(microsecond=local.microsecond // 1000 * 1000, tzinfo=timezone(timedelta(minutes=minutes)))
    again = parse_instant(format_instant(instant))
    assert (again, again.utcoffset()) == (instant, instant.utcoffset())


def test_fixed_instants_subtract_in_real_time_across_a_change_of_offset() -> None:
    before = moments.fixed(datetime(2026, 10, 25, 1, tzinfo=BERLIN))
    after = moments.fixed(datetime(2026, 10, 25, 4, tzinfo=BERLIN))
    assert after - before == timedelta(hours=4)


@pytest.mark.parametrize("text", ["2026-11-2", "20261122", "2026-W47-7", "1899-12-31", "9999-12-31", "heute", ""])
def test_text_of_another_form_is_no_date(text: str) -> None:
    with pytest.raises(ValueError, match="is not a date like"):
        parse_date(text)


def test_date_that_does_not_exist_is_refused() -> None:
    assert parse_date("2028-02-29") == date(2028, 2, 29)
    with pytest.raises(ValueError, match="'2026-02-29' does not exist"):
        parse_date("2026-02-29")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("10m", Duration(10, "m")),
        ("24h", Duration(24, "h")),
        ("8bh", Duration(8, "bh")),
        ("99999bd", Duration(99999, "bd")),
        ("2d", Duration(2, "d")),
        ("1mo", Duration(1, "mo")),
        ("999mo", Duration(999, "mo")),
        ("99999h", Duration(99999, "h")),
        ("same-day", Duration(1, "same-day")),
    ],
)
def test_duration_is_read_and_written_alike(text: str, expected: Duration) -> None:
    assert parse_duration(text) == expected
    assert str(expected) == text


@pytest.mark.parametrize("text", ["0h", "1000mo", "100000h", "8bm", "1.5h", "-1d", "h", "1 h", "同日", ""])
def test_other_text_is_no_duration(text: str) -> None:
    with pytest.raises(ValueError, match="is not a duration"):
        parse_duration(text)


def test_week_is_monday_to_monday_in_the_zone() -> None:
    found = moments.week("2026-W47", SHANGHAI)
    assert found == Period(
        "2026-W47", parse_instant("2026-11-16T00:00:00+08:00"), parse_instant("2026-11-23T00:00:00+08:00")
    )
    assert found.holds(found.start)
    assert not found.holds(found.end)


def test_first_iso_week_may_begin_in_the_year_before() -> None:
    assert format_instant(moments.week("2026-W01", SHANGHAI).start) == "2025-12-29T00:00:00+08:00"
    assert format_instant(moments.week("2026-W53", SHANGHAI).start) == "2026-12-28T00:00:00+08:00"


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("2026-12", "2026-12-01T00:00:00+01:00", "2027-01-01T00:00:00+01:00"),
        ("2028-02", "2028-02-01T00:00:00+01:00", "2028-03-01T00:00:00+01:00"),
        ("2026-03", "2026-03-01T00:00:00+01:00", "2026-04-01T00:00:00+02:00"),
    ],
)
def test_month_ends_where_the_next_one_begins(text: str, start: str, end: str) -> None:
    assert moments.month(text, BERLIN) == Period(text, parse_instant(start), parse_instant(end))


@pytest.mark.parametrize("text", ["2026-W54", "2026-W00", "2025-W53", "2026-47", "W47", "9999-W52"])
def test_week_that_there_is_not_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a week like"):
        moments.week(text, SHANGHAI)


@pytest.mark.parametrize("text", ["2026-13", "2026-00", "2026-1", "2026-W47", "9999-12"])
def test_month_that_there_is_not_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a month like"):
        moments.month(text, SHANGHAI)
