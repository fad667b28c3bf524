"""Groups by links: who belongs together, and how many people that is, in whatever order records come."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cpl.groups import Groups, Member, in_time, links_between
from cpl.record import make_id
from tests.ledger import record, record_text, settings

LINKS = settings().profile.relations.links
DAY = date(2026, 11, 16)
IDS = [make_id(DAY, name * 6) for name in "ABCDE"]


def text(own: str, *links: tuple[str, str]) -> str:
    items = ", ".join(f"{{as: {name}, id: {to}}}" for name, to in links)
    return record_text(fields=f"links: [{items}]\n" if links else "", identifier=own)


def groups(*members: tuple[str, int, tuple[tuple[str, str], ...]]) -> Groups:
    found = Groups(LINKS)
    for own, people, links in members:
        found.add(record(text(own, *links)), Member(DAY, people))
    return found


def test_people_with_the_same_cause_are_added_up_and_those_of_a_duplicate_are_not() -> None:
    a, b, c, d, e = IDS
    found = groups(
        (a, 4, ()),
        (b, 5, (("same-cause", a),)),
        (c, 7, (("duplicate", b),)),
        (d, 9, (("follows", a),)),
        (e, 1, (("other-word", a),)),
    )
    assert found.of(a) == found.of(b) == found.of(c) == {a, b, c}
    assert found.of(d) == {d}
    assert found.people({a, b, c}) == 4 + 7
    assert found.number({a, b, c}) == 2
    assert (found.people({d}), found.number({d})) == (9, 1)


def test_what_has_left_the_figures_holds_the_group_together_and_adds_nobody() -> None:
    a, b, c, _d, _e = IDS
    found = groups((a, 4, ()), (b, 0, (("duplicate", a),)), (c, 2, (("same-cause", b),)))
    assert found.of(c) == {a, b, c}
    assert found.people({a, b, c}) == 6


def test_a_link_to_a_record_that_is_not_known_adds_nobody() -> None:
    a, b, *_rest = IDS
    assert groups((a, 4, (("same-cause", b),))).of(a) == {a}


KINDS = st.sampled_from(["same-cause", "duplicate", "follows"])
PAIRS = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4), KINDS), max_size=8)


@given(pairs=PAIRS, people=st.lists(st.integers(1, 20), min_size=5, max_size=5), order=st.permutations(range(5)))
def test_order_of_records_and_side_of_a_link_do_not_matter(
    pairs: list[tuple[int, int, str]], people: list[int], order: list[int]
) -> None:
    def members(*, turned: bool) -> list[tuple[str, int, tuple[tuple[str, str], ...]]]:
        links = [(b, a, name) if turned else (a, b, name) for a, b, name in pairs if a != b]
        return [
            (IDS[at], people[at], tuple((name, IDS[to]) for own, to, name in links if own == at)) for at in range(5)
        ]

    one = groups(*members(turned=False))
    other = groups(*(members(turned=True)[at] for at in order))
    for each in IDS:
        ids = one.of(each)
        assert ids == other.of(each)
        assert each in ids
        assert one.people(ids) == other.people(ids) <= sum(people)
        assert 1 <= one.number(ids) == other.number(ids) <= len(ids)


@pytest.mark.parametrize("hours", [1, 0])
def test_the_later_one_is_the_one_received_later_and_of_two_at_once_the_one_with_the_later_id(hours: int) -> None:
    first, second = (record(record_text(identifier=own)) for own in IDS[:2])
    if hours:
        later = first.received_at + timedelta(hours=hours)
        first = type(first)({**first.fields, "received_at": later}, first.history, first.events)
        assert in_time(first, second) == in_time(second, first) == (second, first)
    else:
        assert in_time(first, second) == in_time(second, first) == (first, second)


def test_links_between_two_are_found_on_either() -> None:
    a, b, *_rest = IDS
    one, other = record(text(a, ("follows", b))), record(text(b, ("duplicate", a)))
    assert links_between(one, other) == ["follows", "duplicate"]
    assert links_between(other, one) == ["duplicate", "follows"]
