"""Deadline arithmetic: months, leap days, changes of the clock, and pauses."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cpl.moments import Duration, fixed, format_instant, parse_duration, parse_instant
from cpl.worktime import Worktime, due, extend

ZONES = {name: ZoneInfo(name) for name in ("Asia/Shanghai", "Europe/Berlin", "America/New_York")}
BERLIN, NEW_YORK, SHANGHAI = ZONES["Europe/Berlin"], ZONES["America/New_York"], ZONES["Asia/Shanghai"]

zones = st.sampled_from(sorted(ZONES)).map(ZONES.__getitem__)
starts = st.builds(
    lambda naive, zone: fixed(naive.replace(microsecond=0, tzinfo=zone)),
    st.datetimes(datetime.fromisoformat("2020-01-01"), datetime.fromisoformat("2032-12-31")),
    zones,
)
durations = st.one_of(
    st.builds(Duration, st.integers(1, 400), st.sampled_from(["m", "h", "d"])),
    st.builds(Duration, st.integers(1, 30), st.just("mo")),
    st.just(Duration(1, "same-day")),
)


def local(text: str, zone: ZoneInfo) -> datetime:
    return parse_instant(text, zone)


@pytest.mark.parametrize(
    ("zone", "start", "within", "expected"),
    [
        (SHANGHAI, "2026-11-22T09:14", "10m", "2026-11-22T09:24:00+08:00"),
        (SHANGHAI, "2026-11-22T23:00", "24h", "2026-11-23T23:00:00+08:00"),
        (SHANGHAI, "2026-12-31T10:00", "2d", "2027-01-02T10:00:00+08:00"),
        (SHANGHAI, "2026-11-22T09:14", "same-day", "2026-11-23T00:00:00+08:00"),
        (SHANGHAI, "2026-11-22T00:00", "same-day", "2026-11-23T00:00:00+08:00"),
        (SHANGHAI, "2026-01-31T10:00", "1mo", "2026-02-28T10:00:00+08:00"),
        (SHANGHAI, "2028-01-31T10:00", "1mo", "2028-02-29T10:00:00+08:00"),
        (SHANGHAI, "2028-02-29T10:00", "12mo", "2029-02-28T10:00:00+08:00"),
        (SHANGHAI, "2026-12-31T10:00", "1mo", "2027-01-31T10:00:00+08:00"),
        (SHANGHAI, "2026-11-30T10:00", "1mo", "2026-12-30T10:00:00+08:00"),
        (BERLIN, "2026-03-28T12:00", "24h", "2026-03-29T13:00:00+02:00"),
        (BERLIN, "2026-03-28T12:00", "1d", "2026-03-29T12:00:00+02:00"),
        (BERLIN, "2026-10-24T12:00", "24h", "2026-10-25T11:00:00+01:00"),
        (BERLIN, "2026-10-24T12:00", "2d", "2026-10-26T12:00:00+01:00"),
        (BERLIN, "2026-03-29T01:00", "same-day", "2026-03-30T00:00:00+02:00"),
        (NEW_YORK, "2026-10-31T23:00", "2h", "2026-11-01T01:00:00-04:00"),
        (NEW_YORK, "2026-10-31T23:00", "3h", "2026-11-01T01:00:00-05:00"),
        (NEW_YORK, "2026-10-31T12:00", "2d", "2026-11-02T12:00:00-05:00"),
        (NEW_YORK, "2026-02-08T09:30", "1mo", "2026-03-08T09:30:00-04:00"),
    ],
)
def test_due_is_as_a_person_counts(zone: ZoneInfo, start: str, within: str, expected: str) -> None:
    found = due(local(start, zone), parse_duration(within), Worktime(zone))
    assert found == parse_instant(expected)
    assert format_instant(fixed(found.astimezone(zone))) == expected


def test_due_does_not_depend_on_the_offset_that_the_start_was_written_with() -> None:
    shanghai, berlin = parse_instant("2026-11-22T06:00:00+08:00"), parse_instant("2026-11-21T23:00:00+01:00")
    for within in ("24h", "2d", "1mo", "same-day"):
        assert due(shanghai, parse_duration(within), Worktime(SHANGHAI)) == due(
            berlin, parse_duration(within), Worktime(SHANGHAI)
        )


@given(starts, zones)
def test_same_day_ends_at_a_local_midnight_within_a_day(start: datetime, zone: ZoneInfo) -> None:
    found = due(start, Duration(1, "same-day"), Worktime(zone))
    midnight = found.astimezone(zone)
    assert (midnight.hour, midnight.minute, midnight.second) == (0, 0, 0)
    assert timedelta() < found - start <= timedelta(hours=25)


@given(starts, st.integers(1, 99999), zones)
def test_hours_are_real_hours(start: datetime, hours: int, zone: ZoneInfo) -> None:
    assert due(start, Duration(hours, "h"), Worktime(zone)) - start == timedelta(hours=hours)


@given(starts, st.integers(1, 400), zones)
def test_days_keep_the_local_time_where_it_exists(start: datetime, days: int, zone: ZoneInfo) -> None:
    before = start.astimezone(zone)
    after = due(start, Duration(days, "d"), Worktime(zone)).astimezone(zone)
    exists = before.replace(tzinfo=None) + timedelta(days=days)
    if fixed(exists.replace(tzinfo=zone)).astimezone(zone).replace(tzinfo=None) == exists:
        assert after.replace(tzinfo=None) == exists


@given(starts, durations, zones)
def test_due_lies_behind_the_start(start: datetime, within: Duration, zone: ZoneInfo) -> None:
    assert due(start, within, Worktime(zone)) > start


@given(starts, durations, zones, st.lists(st.tuples(st.integers(0, 90), st.integers(0, 90)), max_size=3))
def test_pauses_never_make_a_due_earlier(
    start: datetime, within: Duration, zone: ZoneInfo, lengths: list[tuple[int, int]]
) -> None:
    at, spans = start, []
    for wait, length in lengths:
        since = at + timedelta(hours=wait)
        at = since + timedelta(hours=length)
        spans.append((since, at))
    first = due(start, within, Worktime(zone))
    extended = extend(first, spans, within, Worktime(zone))
    assert extended >= first
    assert extend(first, [], within, Worktime(zone)) == first


@pytest.mark.parametrize(
    ("zone", "at", "since", "until", "within", "expected"),
    [
        (SHANGHAI, "2026-11-16T17:00", "2026-11-16T11:00", "2026-11-17T11:00", "8h", "2026-11-17T17:00:00+08:00"),
        (SHANGHAI, "2026-11-17T00:00", "2026-11-16T11:00", "2026-11-16T18:00", "same-day", "2026-11-17T00:00:00+08:00"),
        (SHANGHAI, "2026-11-17T00:00", "2026-11-16T23:59", "2026-11-17T00:01", "same-day", "2026-11-18T00:00:00+08:00"),
        (SHANGHAI, "2026-11-17T00:00", "2026-11-16T11:00", "2026-11-19T09:00", "same-day", "2026-11-20T00:00:00+08:00"),
        (SHANGHAI, "2026-11-18T10:00", "2026-11-17T10:00", "2026-11-17T16:00", "2d", "2026-11-18T16:00:00+08:00"),
        (BERLIN, "2026-03-30T10:00", "2026-03-28T12:00", "2026-03-29T12:00", "2d", "2026-03-31T10:00:00+02:00"),
        (
            BERLIN,
            "2026-10-26T10:00",
            "2026-10-25T02:50+02:00",
            "2026-10-25T02:10+01:00",
            "2d",
            "2026-10-26T10:00:00+01:00",
        ),
        (BERLIN, "2026-10-25T12:00", "2026-10-25T00:00", "2026-10-25T06:00", "24h", "2026-10-25T19:00:00+01:00"),
    ],
    ids=[
        "hours by length",
        "same day, paused within it",
        "same day, over one midnight",
        "same day, over three midnights",
        "days by length",
        "a day of 23 hours is a day",
        "never shorter",
        "hours are real ones",
    ],
)
def test_pause_adds_its_length_in_the_unit_of_the_target(
    zone: ZoneInfo, at: str, since: str, until: str, within: str, expected: str
) -> None:
    found = extend(local(at, zone), [(local(since, zone), local(until, zone))], parse_duration(within), Worktime(zone))
    assert found == parse_instant(expected)
