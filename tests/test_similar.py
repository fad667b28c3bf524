"""Likeness: place, category and time decide, words only rank; the same whichever of two is asked about."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cpl.record import Record, make_id
from cpl.relations import Similar
from cpl.similar import Search, Told, likeness
from tests.ledger import record, record_text, settings

ZONE = settings().zone
OWN, OTHER = (make_id(date(2026, 11, 16), name * 6) for name in "AB")


def complaint(identifier: str = OWN, *, title: str = "3号楼整栋停水", days: int = 0, **location: str) -> Record:
    category = location.pop("category", "equipment/water")
    parts = ", ".join(f"{name}: '{value}'" for name, value in location.items())
    fields = f"title: {title}\n" + (f"location: {{{parts}}}\n" if parts else "")
    fields += f"category: {category}\n" if category else ""
    found = record(record_text(fields=fields, identifier=identifier))
    received_at = found.received_at + timedelta(days=days)
    return Record({**found.fields, "received_at": received_at}, found.history, found.events)


def reason(own: Record, other: Record, rule: Similar | None = None) -> str | None:
    near = Search(Told(own, ""), rule or Similar(), ZONE).nearness(other)
    back = Search(Told(other, ""), rule or Similar(), ZONE).nearness(own)
    assert (near is None) == (back is None)
    assert near is None or back is None or near.reason() == back.reason()
    return None if near is None else near.reason()


@pytest.mark.parametrize(
    ("own", "other", "expected"),
    [
        ({"building": "3"}, {"building": "3"}, "same building, same category, 0 days apart, text 0.00"),
        ({"building": "3"}, {"building": " 3 "}, "same building, same category, 0 days apart, text 0.00"),
        ({"building": "3"}, {"building": "3", "days": 1}, "same building, same category, 1 day apart, text 0.00"),
        ({"building": "3"}, {"building": "3", "days": 30}, "same building, same category, 30 days apart, text 0.00"),
        ({"building": "3"}, {"building": "3", "days": -31}, None),
        ({"building": "3"}, {"building": "4"}, None),
        ({"building": "3"}, {"site": "North", "building": "3"}, None),
        ({"site": "North"}, {"site": "north"}, "same site, same category, 0 days apart, text 0.00"),
        ({}, {}, None),
        ({"building": "3"}, {"building": "3", "category": "equipment/lift"}, None),
        ({"building": "3"}, {"building": "3", "category": "equip"}, None),
        (
            {"building": "3"},
            {"building": "3", "category": "equipment"},
            "same building, same category, 0 days apart, text 0.00",
        ),
        ({"building": "3", "category": ""}, {"building": "3", "category": ""}, None),
        (
            {"building": "3", "room": "1201"},
            {"building": "3", "room": "1201", "category": ""},
            "same building, same room, 0 days apart, text 0.00",
        ),
        ({"building": "3", "room": "1201"}, {"building": "3", "unit": "2", "room": "1201", "category": ""}, None),
        ({"room": "1201", "category": ""}, {"room": "1201", "category": ""}, None),
    ],
)
def test_place_category_and_time_decide(own: dict[str, str], other: dict[str, str], expected: str | None) -> None:
    assert reason(complaint(**own), complaint(OTHER, **other)) == expected  # type: ignore[arg-type]  # days is a number


def test_profile_says_how_many_days_and_which_parts_of_the_place() -> None:
    own, other = complaint(building="3", floor="2"), complaint(OTHER, building="4", floor="2", days=5)
    assert reason(own, other, Similar(days=5, place=("floor",))) == "same floor, same category, 5 days apart, text 0.00"
    assert reason(own, other, Similar(days=4, place=("floor",))) is None


def test_a_record_is_not_like_itself() -> None:
    assert reason(complaint(building="3"), complaint(building="3")) is None


def test_words_rank_and_ties_are_broken_by_days_and_id() -> None:
    own = complaint(building="3", room="1")
    others = [
        complaint(make_id(date(2026, 11, 16), name * 6), title=title, days=days, building="3", room="1", category=kind)
        for name, title, days, kind in [
            ("F", "3号楼整栋停水", 9, "environment/noise"),
            ("E", "Lift", 2, "equipment/water"),
            ("D", "Lift", 2, "equipment/water"),
            ("C", "Lift", 1, "equipment/water"),
            ("B", "3号楼停水没人管", 9, "equipment/water"),
        ]
    ]
    search = Search(Told(own, ""), Similar(), ZONE)
    for found in (others, others[::-1]):
        ranked = search.ranked(near for near in map(search.nearness, found) if near is not None)
        assert [near.record.id[-7] for near in ranked] == ["B", "C", "D", "E", "F"]
        assert [near.text for near in ranked] == [0.67, 0.0, 0.0, 0.0, 1.0]


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (("停水", ""), ("停水", ""), 1.0),
        (("停水", "一二三四"), ("停水", ""), 1.0),
        (("停水", "一二三四"), ("停水", "五六七八"), 0.5),
        (("Lift Stuck", ""), ("lift  stuck", ""), 1.0),
    ],
)
def test_title_and_description_count_alike_where_both_have_one(
    one: tuple[str, str], other: tuple[str, str], expected: float
) -> None:
    first, second = (Told(complaint(title=title), description) for title, description in (one, other))
    assert likeness(first, second) == expected


@given(one=st.text("停水abc ", min_size=1), other=st.text("停水abc ", min_size=1), long=st.text("ab", max_size=300))
def test_likeness_lies_between_0_and_1_and_is_the_same_both_ways(one: str, other: str, long: str) -> None:
    first, second = Told(complaint(title="x"), one), Told(complaint(title="x"), other + long)
    assert 0 <= likeness(first, second) == likeness(second, first) <= 1
    assert likeness(first, first) == 1
