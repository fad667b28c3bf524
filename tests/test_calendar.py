"""Calendars: the shipped years against two libraries and the notices, files with mistakes, and `cpl calendar`."""

from __future__ import annotations

import builtins
import json
from datetime import date
from typing import Any

import pytest

from cpl import calendars, seeding
from cpl.calendars import provisional, read_year, text_of
from cpl.config import parse
from cpl.workdays import ALWAYS, Calendar, CalendarYear, day_of, days_in
from tests.ledger import CPL_YAML, ROOT, Ledger

YEARS = range(2004, 2027)
OFFICE = "calendar: cn\nhours: {mon-fri: ['08:30-12:00', '14:00-18:00']}\n"
FEEDBACK = """\
clocks:
  feedback: {starts: [to:received], stops: [did:contact], targets: {all: {within: 1bd}}}
"""


def shipped(year: int) -> CalendarYear:
    path = calendars.path_of("cn", year)
    found, problems = read_year(parse((ROOT / path).read_bytes(), path), year)
    assert found is not None, problems
    return found


def test_each_day_of_the_shipped_years_is_what_both_libraries_say_but_one() -> None:
    """国办发明电〔2005〕35号, the notice for 2006, has Saturday 2005-12-31 worked; one of the two overlooks it."""
    chinese_calendar = pytest.importorskip("chinese_calendar", reason="it belongs to the packages for tests")
    holidays = pytest.importorskip("holidays", reason="it belongs to the packages for tests")
    other = holidays.country_holidays("CN", years=list(YEARS))
    every = [day for year in YEARS for day in days_in(year)]
    calendar = Calendar("cn", shipped)
    ours = {day: day_of(day, ALWAYS, calendar).kind in ("workday", "make-up") for day in every}
    assert len(every) == (date(2027, 1, 1) - date(2004, 1, 1)).days
    assert [day for day in every if ours[day] != chinese_calendar.is_workday(day)] == [date(2005, 12, 31)]
    assert [day for day in every if ours[day] != other.is_working_day(day)] == []
    assert ours[date(2005, 12, 31)]


@pytest.mark.parametrize("year", YEARS)
def test_shipped_year_says_where_it_comes_from_and_is_written_as_cpl_writes(year: int) -> None:
    found = shipped(year)
    assert found.source[0].startswith(f"国务院办公厅关于{year}年部分节假日安排的通知")
    assert found.source[-1].startswith("chinesecalendar 1.11.0")
    assert text_of(found) == (ROOT / calendars.path_of("cn", year)).read_text(encoding="utf-8")
    assert all(day.weekday() >= 5 for day in found.workdays)
    assert not found.is_provisional


@pytest.mark.parametrize("year", [2004, 2015, 2026])
def test_year_made_from_the_library_is_the_shipped_one(year: int) -> None:
    pytest.importorskip("chinese_calendar", reason="it belongs to the packages for tests")
    made, kept = seeding.from_library(year), shipped(year)
    assert (made.holidays, made.workdays) == (kept.holidays, kept.workdays)
    assert made.source[0].startswith("chinesecalendar ")


@pytest.mark.parametrize(
    ("year", "expected"),
    [
        (2027, ["01-01", "05-01", "05-02", "10-01", "10-02", "10-03"]),
        (2024, ["01-01", "05-01", "10-01", "10-02", "10-03"]),
        (2003, ["01-01", "05-01", "05-02", "05-03", "10-01", "10-02", "10-03"]),
        (1999, ["01-01", "05-01", "10-01", "10-02"]),
        (1949, []),
    ],
)
def test_year_without_data_has_the_holidays_that_the_law_puts_on_fixed_days(year: int, expected: list[str]) -> None:
    found = provisional("cn", year)
    assert [f"{day:%m-%d}" for day in found.holidays] == expected
    assert (found.workdays, found.is_provisional) == ({}, True)
    assert provisional("elsewhere", year).holidays == {}


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        ("source: x\nholidays:\n  2026-13-01: a\n", ["3: E022 '2026-13-01' does not exist: month must be in 1..12"]),
        ("source: x\nholidays: {2027-01-01: a}\n", ["2: E022 2027-01-01 does not lie in 2026, the year of this file"]),
        ("source: x\nholidays: {1 Jan: a}\n", ["2: E022 '1 Jan' is not a date like 2026-11-22"]),
        ("holidays: {}\n", ["1: E021 'source' is missing"]),
        (
            "source: x\nholidays: {2026-01-01: a}\nworkdays: {2026-01-01: b}\n",
            ["1: E071 2026-01-01 is both a holiday and a workday; leave one out"],
        ),
        (
            "source: x\nholidays: {}\nworkday: {}\n",
            ["3: E020 'workday' is not a known key here; did you mean 'workdays'?"],
        ),
    ],
    ids=["no such day", "another year", "no date", "no source", "both", "unknown key"],
)
def test_mistakes_of_a_calendar_s_file_are_told_by_check_and_by_the_hook(
    ledger: Ledger, text: str, problems: list[str]
) -> None:
    with_calendar(ledger, OFFICE)
    path = ledger.root / "calendar/cn/2026.yml"
    path.write_text(text, encoding="utf-8")
    ledger.git("add", "--all")
    expected = "".join(f"calendar/cn/2026.yml:{each}\n" for each in problems)
    for how in ([], ["--staged"]):
        outcome = ledger("check", *how)
        assert (outcome.code, outcome.out) == (1, expected)


def test_file_that_is_no_year_is_named(ledger: Ledger) -> None:
    with_calendar(ledger, OFFICE)
    (ledger.root / "calendar/cn/2026.yaml").write_text("source: x\nholidays: {}\n", encoding="utf-8")
    outcome = ledger("check")
    assert (outcome.code, outcome.out) == (
        0,
        "calendar/cn/2026.yaml:1: W081 is no year of the calendar, so nobody reads it; name it calendar/cn/2026.yml, "
        "or move it away\n",
    )


def with_calendar(ledger: Ledger, extra: str, *years: int) -> None:
    """Let the store have these settings and the shipped files of these years."""
    (ledger.root / "cpl.yaml").write_text(CPL_YAML + extra, encoding="utf-8")
    (ledger.root / "calendar/cn").mkdir(parents=True)
    for year in years:
        path = calendars.path_of("cn", year)
        (ledger.root / path).write_bytes((ROOT / path).read_bytes())


def test_show_prints_the_days_of_a_month(ledger: Ledger) -> None:
    with_calendar(ledger, OFFICE, 2026)
    outcome = ledger("calendar", "show", "2026-10")
    assert outcome.out.splitlines()[:13] == [
        "date        day  kind     occasion    hours",
        "----------  ---  -------  ----------  ------------------------",
        *(f"2026-10-0{day}  {name}  holiday  国庆节" for day, name in zip(range(1, 8), WEEK, strict=True)),
        "2026-10-08  Thu  workday              08:30-12:00, 14:00-18:00",
        "2026-10-09  Fri  workday              08:30-12:00, 14:00-18:00",
        "2026-10-10  Sat  make-up  国庆节调休  08:30-12:00, 14:00-18:00",
        "2026-10-11  Sun  weekend",
    ]
    assert (outcome.code, outcome.err) == (0, "")
    assert len(outcome.out.splitlines()) == 2 + 31


def test_show_prints_a_week(ledger: Ledger) -> None:
    with_calendar(ledger, OFFICE, 2026)
    assert ledger.ok("calendar", "show", "2026-W41", "--format", "plain") == "".join(
        f"2026-10-{line}\n"
        for line in (
            "05\tMon\tholiday\t国庆节\t\tfalse",
            "06\tTue\tholiday\t国庆节\t\tfalse",
            "07\tWed\tholiday\t国庆节\t\tfalse",
            "08\tThu\tworkday\t\t08:30-12:00, 14:00-18:00\tfalse",
            "09\tFri\tworkday\t\t08:30-12:00, 14:00-18:00\tfalse",
            "10\tSat\tmake-up\t国庆节调休\t08:30-12:00, 14:00-18:00\tfalse",
            "11\tSun\tweekend\t\t\tfalse",
        )
    )


WEEK = ("Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed")


def test_show_marks_a_year_without_data(ledger: Ledger) -> None:
    with_calendar(ledger, OFFICE, 2026)
    outcome = ledger("calendar", "show", "2027-05", "--format", "json")
    rows = json.loads(outcome.out)
    assert rows[1] == {
        "date": "2027-05-02",
        "weekday": "Sun",
        "kind": "holiday",
        "name": "劳动节",
        "hours": [],
        "provisional": True,
    }
    assert outcome.err == provisional_words(2027)
    table = ledger.ok("calendar", "show", "2027-05").splitlines()
    assert table[2] == "2027-05-01  Sat  holiday  劳动节                              yes"


def provisional_words(year: int) -> str:
    return (
        f"calendar cn has no data for {year}: only weekends and holidays on fixed dates count, so what is "
        f"reckoned by it is provisional; when the dates are published: cpl calendar seed {year}\n"
    )


@pytest.mark.parametrize("period", ["2026-13", "26", "2026-1", "next", "2026-01-01", "2026-W60"])
def test_show_says_what_a_period_is(ledger: Ledger, period: str) -> None:
    outcome = ledger("calendar", "show", period)
    assert outcome.code == 2
    assert outcome.err.endswith(
        f"Error: Invalid value for WEEK|MONTH|YEAR: '{period}' is no week like 2026-W41, month like 2026-10, or year\n"
    )


def test_show_of_a_store_without_a_calendar_says_so(ledger: Ledger) -> None:
    outcome = ledger("calendar", "show", "2026")
    assert len(outcome.out.splitlines()) == 2 + 365
    assert outcome.err == (
        "no calendar counts here, so no day is a holiday; to have one count: hours and calendar: cn in cpl.yaml\n"
    )
    assert ledger("calendar", "show", "2026", "--calendar", "cn").err == (
        "the store has no calendar 'cn' (calendar/cn/); run: cpl calendar seed YEAR\n"
    )


def test_due_date_in_a_year_without_data_is_provisional_and_said_once(ledger: Ledger) -> None:
    with_calendar(ledger, OFFICE + FEEDBACK, 2026)
    ledger.commit()
    for title in ("One", "Two"):
        ledger.open(title, now="2026-12-31T10:00:00+08:00")
    outcome = ledger("overdue", "--soon", "9d", now="2026-12-31T11:00:00+08:00")
    dues = [line.partition("2027-")[2][:21] for line in outcome.out.splitlines() if "feedback" in line]
    assert dues == ["01-04 10:00  feedback"] * 2
    assert outcome.err.splitlines()[-1] + "\n" == provisional_words(2027)
    assert outcome.err.count("no data") == 1


def test_nothing_is_said_where_no_due_date_depends_on_it(ledger: Ledger) -> None:
    with_calendar(ledger, OFFICE + FEEDBACK, 2026)
    ledger.commit()
    ledger.open(now="2026-11-16T10:00:00+08:00")
    assert "no data" not in ledger("overdue", "--soon", "9d").err


def test_every_clone_comes_to_the_same_whatever_libraries_it_has(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_calendar(ledger, OFFICE + FEEDBACK, 2026)
    ledger.commit()
    ledger.open(now="2026-09-30T10:00:00+08:00")
    with_library = ledger.ok("overdue", "--format", "json")
    forbid_library(monkeypatch)
    assert ledger.ok("overdue", "--format", "json") == with_library
    assert "2026-10-08T10:00:00+08:00" in with_library


def forbid_library(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make a Python without the library of this one."""
    real = builtins.__import__

    def without(name: str, *args: Any, **rest: Any) -> Any:
        if name == "chinese_calendar":
            raise ModuleNotFoundError(name)
        return real(name, *args, **rest)

    monkeypatch.setattr(builtins, "__import__", without)


def test_seed_writes_and_commits_a_year_and_keeps_one_that_is_there(ledger: Ledger) -> None:
    outcome = ledger("calendar", "seed", "2026")
    assert outcome == (
        0,
        "made calendar/cn/2026.yml\n",
        "no deadline counts by it yet; write hours and calendar: cn in cpl.yaml\n",
    )
    assert (ledger.root / "calendar/cn/2026.yml").read_bytes() == (ROOT / "calendar/cn/2026.yml").read_bytes()
    assert ledger.git("log", "-1", "--format=%B").strip() == "Calendar cn: 2026\n\nAction: calendar"
    assert ledger.git("status", "--porcelain") == ""
    again = ledger("calendar", "seed", "2026")
    assert (again.code, again.err) == (
        2,
        "calendar/cn/2026.yml is there already and is kept; change it by hand, or remove it first\n",
    )


def test_seed_without_the_library_says_what_to_install(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    forbid_library(monkeypatch)
    outcome = ledger("calendar", "seed", "2050")
    assert (outcome.code, outcome.err) == (
        2,
        "cpl has no file for 2050, and the library that can make one is not installed; run: pip install "
        "chinesecalendar; or write calendar/cn/2050.yml by hand, as docs/calendar.md shows\n",
    )


def test_seed_of_a_year_that_the_library_does_not_know_says_so(ledger: Ledger) -> None:
    pytest.importorskip("chinese_calendar", reason="it belongs to the packages for tests")
    outcome = ledger("calendar", "seed", "2050")
    assert outcome.code == 2
    assert (
        "does not know 2050; when the State Council's notice is out: pip install --upgrade chinesecalendar"
        in outcome.err
    )


def test_seed_of_another_calendar_is_written_by_hand(ledger: Ledger) -> None:
    with_calendar(ledger, "calendar: elsewhere\nhours: {daily: ['08:00-20:00']}\n")
    outcome = ledger("calendar", "seed", "2026")
    assert (outcome.code, outcome.err) == (
        2,
        "nothing is known about the calendar 'elsewhere'; write calendar/elsewhere/2026.yml by hand, as "
        "docs/calendar.md shows\n",
    )


def test_init_copies_the_calendar_that_the_store_goes_by(ledger: Ledger) -> None:
    (ledger.root / "cpl.yaml").write_text(CPL_YAML + OFFICE, encoding="utf-8")
    ledger.commit()
    made = ledger.ok("init", "--no-hooks")
    kept = {path.name: path.read_bytes() for path in (ledger.root / "calendar/cn").iterdir()}
    assert kept == {path.name: path.read_bytes() for path in (ROOT / "calendar/cn").iterdir()}
    assert "made calendar/cn/2004.yml\n" in made
    assert ledger.git("status", "--porcelain") == ""
