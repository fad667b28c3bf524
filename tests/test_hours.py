"""The key `hours`: names of days and ranges of time, and every mistake named with its line."""

from __future__ import annotations

import pytest

from cpl.errors import Invalid
from cpl.hours import hours
from cpl.workdays import Hours
from cpl.yaml_nodes import Source
from cpl.yaml_reader import read
from tests.ledger import CPL_YAML, settings

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def opened(text: str) -> Hours | list[str]:
    node, problems = read(Source("f.yaml", text), 0, len(text))
    assert node is not None, problems
    found = hours(node, errors := [])
    return [str(each) for each in errors] if found is None else found


def week(text: str) -> dict[str, str]:
    """The shifts of each day that has any, and of a make-up day."""
    found = opened(text)
    assert isinstance(found, Hours), found
    named = zip((*DAYS, "make-up"), (*found.week, found.make_up), strict=True)
    return {name: " ".join(map(str, shifts)) for name, shifts in named if shifts}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "{mon-wed: ['14:00-18:00', '08:30-12:00'], sat: '09:00-12:00'}",
            {
                **dict.fromkeys(("mon", "tue", "wed"), "08:30-12:00 14:00-18:00"),
                "sat": "09:00-12:00",
                "make-up": "08:30-12:00 14:00-18:00",
            },
        ),
        ("{daily: ['00:00-24:00']}", dict.fromkeys((*DAYS, "make-up"), "00:00-24:00")),
        (
            "{daily: ['09:00-21:00'], fri-sun: ['10:00-22:00'], sun: [], make-up: ['09:00-17:00']}",
            {
                **dict.fromkeys(("mon", "tue", "wed", "thu"), "09:00-21:00"),
                **dict.fromkeys(("fri", "sat"), "10:00-22:00"),
                "make-up": "09:00-17:00",
            },
        ),
        (
            "{sat-tue: ['22:00-24:00', '00:00-06:00']}",
            dict.fromkeys(("mon", "tue", "sat", "sun", "make-up"), "00:00-06:00 22:00-24:00"),
        ),
        ("{tue: ['09:00-12:00', '12:00-18:00']}", dict.fromkeys(("tue", "make-up"), "09:00-12:00 12:00-18:00")),
    ],
    ids=["shifts in order", "daily", "the fewest days count", "over the weekend", "make-up day without a Monday"],
)
def test_hours_are_read(text: str, expected: dict[str, str]) -> None:
    assert week(text) == expected


RANGE = "is not a range of time; write one such as '08:30-12:00', up to '24:00'"
WEEK = "the week has less than an hour of work in all, so nothing would ever be due; see docs/profile.md"
NAMES = "names no days; write mon, mon-fri, daily, or make-up"
TWICE = "both say when {} is open; say it once"
OVERLAP = "overlap; write each stretch of the day once"
NIGHT = (
    "does not end after it begins; write a shift over midnight as two, such as '22:00-24:00' and, on the next day, "
    "'00:00-06:00'"
)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{mon: ['8:30-12:00']}", f"E022 '8:30-12:00' {RANGE}"),
        ("{mon: ['08:30-24:30']}", f"E022 '08:30-24:30' {RANGE}"),
        ("{mon: ['08：30-12：00']}", f"E022 '08：30-12：00' {RANGE}"),
        ("{mon: ['22:00-06:00']}", f"E071 '22:00-06:00' {NIGHT}"),
        ("{mon: ['08:00-08:00']}", f"E071 '08:00-08:00' {NIGHT}"),
        ("{mon: ['08:00-12:00', '11:00-13:00']}", f"E071 '08:00-12:00' and '11:00-13:00' {OVERLAP}"),
        ("{monday: ['08:00-12:00']}", f"E020 'monday' {NAMES}; did you mean 'mon'?"),
        ("{mon-: ['08:00-12:00']}", f"E020 'mon-' {NAMES}; did you mean 'mon'?"),
        ("{周一: ['08:00-12:00']}", f"E020 '周一' {NAMES}"),
        ("{mon-fri: ['08:00-12:00'], tue-sat: ['08:00-12:00']}", f"E071 'tue-sat' and 'mon-fri' {TWICE.format('tue')}"),
        ("{daily: ['08:00-12:00'], mon-sun: ['08:00-12:00']}", f"E071 'mon-sun' and 'daily' {TWICE.format('mon')}"),
        ("{mon: ['08:00-08:30']}", f"E071 {WEEK}"),
        ("{make-up: ['08:00-18:00']}", f"E071 {WEEK}"),
        ("['08:00-18:00']", "E022 expected a mapping like {a: b}"),
    ],
)
def test_each_mistake_is_named(text: str, problem: str) -> None:
    assert opened(text) == [f"f.yaml:1: {problem}"]


def test_a_store_s_hours_stand_over_the_profile_s() -> None:
    text = CPL_YAML + "hours: {daily: ['09:00-12:00'], sun: []}\n"
    assert settings(text).worktime.hours == opened("{daily: ['09:00-12:00'], sun: []}")


def test_mistake_in_cpl_yaml_is_told_with_its_line() -> None:
    with pytest.raises(Invalid) as raised:
        settings(CPL_YAML + "calendar: ../cn\nhours:\n  mon-fri: ['08:30-12:00']\n  fri-mon: 9-12\n")
    assert [str(each) for each in raised.value.problems] == [
        "cpl.yaml:10: E071 '../cn' is not the name of a calendar; write that of its folder below calendar/, such as cn",
        "cpl.yaml:13: E022 '9-12' is not a range of time; write one such as '08:30-12:00', up to '24:00'",
    ]
