"""Business time: hours, weekends, holidays, make-up days, pauses and changes of the clock."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import settings as with_settings
from hypothesis import strategies as st

from cpl.clocks import runs
from cpl.hours import hours as read_hours
from cpl.moments import Duration, fixed, format_instant, parse_duration, parse_instant
from cpl.workdays import Calendar, CalendarYear, Hours, Shift
from cpl.worktime import Worktime, between, due, extend, intervals
from cpl.yaml_nodes import Source
from cpl.yaml_reader import read
from tests.ledger import CPL_YAML, instant, record, record_text, settings

SHANGHAI, BERLIN = ZoneInfo("Asia/Shanghai"), ZoneInfo("Europe/Berlin")
NAMES = ["Africa/Cairo", "America/New_York", "America/Sao_Paulo", "Asia/Kathmandu", "Asia/Shanghai", "Asia/Tehran"]
NAMES += ["Australia/Lord_Howe", "Europe/Berlin", "Europe/Dublin", "Pacific/Apia", "Pacific/Kiritimati", "UTC"]
OFFICE = "{mon-fri: ['08:30-12:00', '14:00-18:00'], sat: ['09:00-12:00']}"
WEEKDAYS = "{mon-fri: ['08:30-12:00', '14:00-18:00']}"


@cache
def opened(text: str) -> Hours:
    """The hours that a profile says by this text."""
    node, _problems = read(Source("profile.yaml", text), 0, len(text))
    assert node is not None
    found = read_hours(node, problems := [])
    assert found is not None, problems
    return found


def year_2026(_year: int) -> CalendarYear:
    """National Day of 2026 with its make-up days."""
    off = {date(2026, 10, day): "国庆节" for day in range(1, 8)}
    return CalendarYear(off, {date(2026, 9, 20): "国庆节调休", date(2026, 10, 10): "国庆节调休"})


CHINA = Worktime(SHANGHAI, opened(WEEKDAYS), Calendar("cn", year_2026))


def at(text: str, zone: ZoneInfo = SHANGHAI) -> datetime:
    return parse_instant(text, zone)


def shown(moment: datetime) -> str:
    return f"{moment.astimezone(SHANGHAI):%m-%d %a %H:%M}"


@pytest.mark.parametrize(
    ("start", "within", "expected"),
    [
        ("2026-11-16T09:00", "3bh", "11-16 Mon 12:00"),  # a deadline on closing time stays
        ("2026-11-16T09:00", "4bh", "11-16 Mon 15:00"),  # over lunch
        ("2026-11-16T12:00", "1bh", "11-16 Mon 15:00"),  # closing time is out of hours
        ("2026-11-16T13:00", "1bh", "11-16 Mon 15:00"),
        ("2026-11-16T09:00", "7bh", "11-16 Mon 18:00"),
        ("2026-11-16T17:30", "1bh", "11-17 Tue 09:00"),  # over night
        ("2026-11-16T19:00", "1bh", "11-17 Tue 09:30"),  # out of hours
        ("2026-11-16T06:00", "1bh", "11-16 Mon 09:30"),
        ("2026-11-20T17:00", "2bh", "11-23 Mon 09:30"),  # over a weekend
        ("2026-11-21T10:00", "1bh", "11-23 Mon 09:30"),
        ("2026-09-30T17:00", "2bh", "10-08 Thu 09:30"),  # over National Day
        ("2026-10-03T10:00", "1bh", "10-08 Thu 09:30"),
        ("2026-10-09T17:00", "2bh", "10-10 Sat 09:30"),  # into a make-up day
        ("2026-09-19T12:00", "1bh", "09-20 Sun 09:30"),
        ("2026-11-16T10:15", "1bd", "11-17 Tue 10:15"),
        ("2026-11-16T10:15", "3bd", "11-19 Thu 10:15"),
        ("2026-11-20T10:15", "1bd", "11-23 Mon 10:15"),  # over a weekend
        ("2026-11-21T10:15", "1bd", "11-24 Tue 08:30"),  # counts from the next opening
        ("2026-11-20T18:00", "1bd", "11-24 Tue 08:30"),
        ("2026-11-16T12:30", "1bd", "11-17 Tue 14:00"),
        ("2026-09-30T10:15", "3bd", "10-10 Sat 10:15"),  # 8, 9 and the make-up day
        ("2026-10-10T10:15", "1bd", "10-12 Mon 10:15"),
        ("2026-11-16T10:15", "same-day", "11-16 Mon 18:00"),
        ("2026-11-16T12:30", "same-day", "11-16 Mon 18:00"),
        ("2026-11-16T18:00", "same-day", "11-17 Tue 18:00"),
        ("2026-11-21T10:15", "same-day", "11-23 Mon 18:00"),
        ("2026-10-01T10:15", "same-day", "10-08 Thu 18:00"),
        ("2026-10-10T10:15", "same-day", "10-10 Sat 18:00"),
        ("2026-09-30T10:15", "24h", "10-01 Thu 10:15"),  # the others take no notice of hours
        ("2026-09-30T10:15", "2d", "10-02 Fri 10:15"),
        ("2026-08-31T10:15", "1mo", "09-30 Wed 10:15"),
    ],
)
def test_due_is_as_an_office_counts(start: str, within: str, expected: str) -> None:
    assert shown(due(at(start), parse_duration(within), CHINA)) == expected


@pytest.mark.parametrize(
    ("within", "start", "pauses", "expected"),
    [
        ("7bh", "2026-11-16T09:00", [("2026-11-16T10:00", "2026-11-16T15:00")], "11-17 Tue 11:30"),
        ("7bh", "2026-11-16T09:00", [("2026-11-16T18:00", "2026-11-17T08:30")], "11-16 Mon 18:00"),
        ("7bh", "2026-09-30T09:00", [("2026-09-30T17:00", "2026-10-08T09:30")], "10-08 Thu 10:30"),
        ("2bd", "2026-11-16T10:15", [("2026-11-16T11:00", "2026-11-16T17:00")], "11-18 Wed 16:15"),
        ("2bd", "2026-11-16T10:15", [("2026-11-16T11:00", "2026-11-18T09:00")], "11-19 Thu 17:45"),
        ("2bd", "2026-11-16T10:15", [("2026-11-20T18:00", "2026-11-23T08:00")], "11-18 Wed 10:15"),
        ("2bd", "2026-09-29T10:15", [("2026-09-30T11:00", "2026-10-08T11:00")], "10-09 Fri 10:15"),
        ("same-day", "2026-11-20T10:15", [("2026-11-20T11:00", "2026-11-20T15:00")], "11-20 Fri 18:00"),
        ("same-day", "2026-11-20T10:15", [("2026-11-20T11:00", "2026-11-23T09:00")], "11-23 Mon 18:00"),
        (
            "same-day",
            "2026-11-20T10:15",
            [("2026-11-20T11:00", "2026-11-23T09:00"), ("2026-11-23T10:00", "2026-11-24T09:00")],
            "11-24 Tue 18:00",
        ),
    ],
)
def test_pause_adds_what_it_takes_in_the_unit_of_the_target(
    within: str, start: str, pauses: list[tuple[str, str]], expected: str
) -> None:
    duration = parse_duration(within)
    spans = [(at(since), at(to)) for since, to in pauses]
    assert shown(extend(due(at(start), duration, CHINA), spans, duration, CHINA)) == expected


@pytest.mark.parametrize(
    ("start", "within", "expected"),
    [
        ("2026-03-29T01:00", "2bh", "2026-03-29T04:00:00+02:00"),  # 02:00 to 03:00 is left out
        ("2026-10-25T01:00", "3bh", "2026-10-25T03:00:00+01:00"),  # and here twice
        ("2026-03-28T09:00", "1bd", "2026-03-29T09:00:00+02:00"),
        ("2026-03-28T22:00", "4bh", "2026-03-29T03:00:00+02:00"),
    ],
)
def test_business_hours_are_real_hours(start: str, within: str, expected: str) -> None:
    always = Worktime(BERLIN)
    assert format_instant(due(at(start, BERLIN), parse_duration(within), always)) == expected


def test_opening_that_the_change_of_the_clock_leaves_out_comes_when_the_clock_is_there() -> None:
    early = Worktime(BERLIN, opened("{daily: ['02:30-06:00']}"))
    assert between(at("2026-03-29T00:00", BERLIN), at("2026-03-30T00:00", BERLIN), early) == timedelta(hours=2.5)
    assert between(at("2026-10-25T00:00", BERLIN), at("2026-10-26T00:00", BERLIN), early) == timedelta(hours=4.5)


def test_day_that_a_zone_has_left_out_is_no_business_day() -> None:
    apia = Worktime(ZoneInfo("Pacific/Apia"))
    found = due(at("2011-12-29T10:00", ZoneInfo("Pacific/Apia")), Duration(1, "bd"), apia)
    assert format_instant(found) == "2011-12-31T10:00:00+14:00"


def test_intervals_say_what_counts_and_why() -> None:
    found = [
        (shown(each.start), shown(each.end), each.counts, each.why, each.name)
        for each in intervals(at("2026-09-30T11:00"), at("2026-10-10T09:00"), CHINA)
    ]
    assert found == [
        ("09-30 Wed 11:00", "09-30 Wed 12:00", True, "open", None),
        ("09-30 Wed 12:00", "09-30 Wed 14:00", False, "closed", None),
        ("09-30 Wed 14:00", "09-30 Wed 18:00", True, "open", None),
        ("09-30 Wed 18:00", "10-01 Thu 00:00", False, "closed", None),
        ("10-01 Thu 00:00", "10-08 Thu 00:00", False, "holiday", "国庆节"),
        ("10-08 Thu 00:00", "10-08 Thu 08:30", False, "closed", None),
        ("10-08 Thu 08:30", "10-08 Thu 12:00", True, "open", None),
        ("10-08 Thu 12:00", "10-08 Thu 14:00", False, "closed", None),
        ("10-08 Thu 14:00", "10-08 Thu 18:00", True, "open", None),
        ("10-08 Thu 18:00", "10-09 Fri 08:30", False, "closed", None),
        ("10-09 Fri 08:30", "10-09 Fri 12:00", True, "open", None),
        ("10-09 Fri 12:00", "10-09 Fri 14:00", False, "closed", None),
        ("10-09 Fri 14:00", "10-09 Fri 18:00", True, "open", None),
        ("10-09 Fri 18:00", "10-10 Sat 08:30", False, "closed", None),
        ("10-10 Sat 08:30", "10-10 Sat 09:00", True, "make-up", "国庆节调休"),
    ]
    weekend = list(intervals(at("2026-11-21T10:00"), at("2026-11-22T10:00"), CHINA))
    assert [(each.counts, each.why) for each in weekend] == [(False, "weekend")]


# A clock of a record


BUSINESS = """\
hours: {mon-fri: ['08:30-12:00', '14:00-18:00']}
clocks:
  feedback: {starts: [to:received], stops: [to:replying], pauses: true, targets: {all: {within: 1bd, clause: MA-1}}}
  inspect: {starts: [to:received], stops: [to:replying], pauses: true, targets: {all: {within: 9bh}}}
  answer: {starts: [to:received], stops: [to:replying], pauses: true, targets: {all: {within: 48h}}}
"""


@pytest.mark.clause("MA-1")
def test_what_a_clock_has_used_is_business_time_where_its_target_is() -> None:
    text = record_text(
        "16T11:00 to: on-hold, reason: r, until: 2026-11-17T12:00:00+08:00",
        "17T09:30 to: received",
        "17T15:00 to: replying",
    )
    known = settings(CPL_YAML + BUSINESS)
    found = {
        run.clock: (shown(run.due_at), run.result, run.used)
        for run in runs(record(text), known.profile, known.worktime, instant("2026-11-30T00:00"))
    }
    assert {name: found[name] for name in ("feedback", "inspect", "answer")} == {
        "feedback": ("11-17 Tue 17:00", "met", timedelta(hours=5.5)),
        "inspect": ("11-18 Wed 09:00", "met", timedelta(hours=5.5)),
        "answer": ("11-19 Thu 07:30", "met", timedelta(hours=7.5)),
    }


# What holds for all

often = with_settings(max_examples=50)  # each works out a year or more


def shifts_from(cuts: set[int]) -> tuple[Shift, ...]:
    ordered = sorted(cuts)
    return tuple(Shift(*pair) for pair in zip(ordered[::2], ordered[1::2], strict=False))


days_hours = st.sets(st.integers(0, 24 * 4).map(lambda quarter: quarter * 15), max_size=6).map(shifts_from)
all_hours = st.builds(
    Hours, st.lists(days_hours, min_size=6, max_size=6).map(lambda week: (*week, (Shift(480, 720),))), days_hours
)
days = st.dates(date(2025, 12, 20), date(2027, 1, 10))
holidays = st.sets(days, max_size=30)
zones = st.sampled_from(NAMES).map(ZoneInfo)
moments = st.builds(  # in 2011 Samoa left out a day, up to 2018 Brazil put its clocks forward at midnight
    lambda year, second: datetime(year, 1, 1, tzinfo=UTC) + timedelta(seconds=second),
    st.sampled_from([2011, 2018, 2026]),
    st.integers(0, 365 * 24 * 3600),
)
fractions = st.floats(0, 1)
business = st.builds(Duration, st.integers(1, 60), st.sampled_from(["bh", "bd"])) | st.just(Duration(1, "same-day"))


def calendar_of(off: set[date], on: set[date]) -> Calendar:
    return Calendar("x", lambda year: CalendarYear(of_year(off, year), of_year(on - off, year)))


def of_year(days: set[date], year: int) -> dict[date, str]:
    return {day: "x" for day in days if day.year == year}


worktimes = st.builds(
    lambda zone, hours, off, on: Worktime(zone, hours, calendar_of(off, on)), zones, all_hours, holidays, holidays
)


@often
@given(worktimes, moments, st.integers(1, 300))
def test_adding_business_hours_and_measuring_gives_them_back(worktime: Worktime, start: datetime, hours: int) -> None:
    end = due(start, Duration(hours, "bh"), worktime)
    assert between(start, end, worktime) == timedelta(hours=hours)
    assert between(start, end - timedelta.resolution, worktime) < timedelta(hours=hours)


@often
@given(worktimes, moments, st.integers(0, 30 * 24 * 60))
def test_intervals_are_whole_and_sum_up_to_the_business_time(worktime: Worktime, start: datetime, minutes: int) -> None:
    end = start + timedelta(minutes=minutes)
    found = list(intervals(start, end, worktime))
    assert sum((each.end - each.start for each in found if each.counts), timedelta()) == between(start, end, worktime)
    edges = [start, *(each.end for each in found)]
    assert [each.start for each in found] == edges[:-1]
    assert edges[-1] == end


@often
@given(zones, all_hours, holidays, holidays, st.sets(days, max_size=5), moments, business)
def test_more_holidays_make_no_deadline_earlier(
    zone: ZoneInfo, hours: Hours, off: set[date], on: set[date], more: set[date], start: datetime, within: Duration
) -> None:
    fewer = Worktime(zone, hours, calendar_of(off, on - more))
    greater = Worktime(zone, hours, calendar_of(off | more, on - more))
    before, after = due(start, within, fewer), due(start, within, greater)
    if within.unit == "bh":
        assert before <= after
    else:
        assert before.astimezone(zone).date() <= after.astimezone(zone).date()


@often
@given(
    zones, all_hours, holidays, st.sets(days, max_size=5), moments, st.integers(1, 60), st.tuples(fractions, fractions)
)
def test_more_holidays_make_no_deadline_earlier_that_was_paused(
    zone: ZoneInfo,
    hours: Hours,
    off: set[date],
    more: set[date],
    start: datetime,
    amount: int,
    paused: tuple[float, float],
) -> None:
    """In business hours, and paused before it was due: each of them may lie in the pause, where it adds nothing."""
    fewer, greater = (Worktime(zone, hours, calendar_of(each, set())) for each in (off, off | more))
    within = Duration(amount, "bh")
    first = due(start, within, fewer)
    since, to = (start + (first - start) * part for part in sorted(paused))
    before, after = (extend(due(start, within, each), [(since, to)], within, each) for each in (fewer, greater))
    assert before <= after


@often
@given(worktimes, moments, business, st.lists(st.tuples(st.integers(0, 90), st.integers(0, 90)), max_size=3))
def test_pauses_make_no_deadline_earlier(
    worktime: Worktime, start: datetime, within: Duration, lengths: list[tuple[int, int]]
) -> None:
    moment, spans = start, []
    for wait, length in lengths:
        since = moment + timedelta(hours=wait)
        moment = since + timedelta(hours=length)
        spans.append((since, moment))
    first = due(start, within, worktime)
    extended = extend(first, spans, within, worktime)
    assert extended >= first
    assert extend(first, [], within, worktime) == first
    if within.unit == "bh":
        paused = sum((between(*span, worktime) for span in spans), timedelta())
        assert between(start, extended, worktime) == timedelta(hours=within.amount) + paused


@often
@given(worktimes, moments, st.integers(0, 5000), st.integers(1, 100), st.integers(0, 100))
def test_deadline_in_business_hours_is_monotone_in_start_and_amount(
    worktime: Worktime, start: datetime, minutes: int, hours: int, more: int
) -> None:
    first = due(start, Duration(hours, "bh"), worktime)
    assert first <= due(start + timedelta(minutes=minutes), Duration(hours, "bh"), worktime)
    assert first <= due(start, Duration(hours + more, "bh"), worktime)
    assert first > start


@often
@given(zones, moments, st.integers(0, 5000), st.integers(1, 100), st.integers(0, 100))
def test_deadline_in_business_days_is_monotone_in_start_and_amount(
    zone: ZoneInfo, start: datetime, minutes: int, count: int, more: int
) -> None:
    worktime = Worktime(zone, opened(WEEKDAYS))
    first = due(start, Duration(count, "bd"), worktime)
    assert first <= due(start + timedelta(minutes=minutes), Duration(count, "bd"), worktime)
    assert first <= due(start, Duration(count + more, "bd"), worktime)
    assert first > start


@often
@given(worktimes, moments)
def test_same_day_is_a_closing_time_and_stays_one(worktime: Worktime, start: datetime) -> None:
    closing = due(start, Duration(1, "same-day"), worktime)
    assert closing > start
    assert between(closing - timedelta.resolution, closing, worktime) == timedelta.resolution
    left = between(start, closing, worktime)
    assert worktime.advance(start, left) == closing


@often
@given(worktimes, moments, st.integers(0, 3000), st.integers(0, 3000))
def test_business_time_adds_up(worktime: Worktime, start: datetime, one: int, other: int) -> None:
    middle = start + timedelta(minutes=one)
    end = middle + timedelta(minutes=other)
    assert between(start, middle, worktime) + between(middle, end, worktime) == between(start, end, worktime)


@often
@given(worktimes, moments, business)
def test_due_has_the_offset_of_the_store_s_zone(worktime: Worktime, start: datetime, within: Duration) -> None:
    found = due(start, within, worktime)
    assert found.utcoffset() == fixed(found.astimezone(worktime.zone)).utcoffset()


def test_the_longest_deadlines_can_be_computed() -> None:
    least = Worktime(SHANGHAI, opened("{mon: ['09:00-10:00']}"))
    start = at("2999-12-31T10:00")
    assert due(start, Duration(99999, "bd"), least).year == 4916
    assert due(start, Duration(99999, "bh"), least).year == 4916
