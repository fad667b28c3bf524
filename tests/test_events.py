"""Events: what one may hold, which ones count, and in which order they stand."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cpl import events
from cpl.events import VERBS, Event, effective, free_instant, in_order, read_event
from cpl.moments import MILLISECOND, parse_instant
from cpl.yaml_reader import MappingNode, Source, read

NOON = parse_instant("2026-11-22T12:00:00+08:00")
WHEN = "at: 2026-11-22T12:00:00+08:00, by: li.na"


def read_text(text: str) -> tuple[Event | None, list[str]]:
    """The event of a flow mapping in line 2, and its problems."""
    source = Source("f.yaml", f"\nv: {text}\n")
    root, found = read(source, 0, len(source.text))
    assert isinstance(root, MappingNode), found
    node = root.get("v")
    assert node is not None
    problems: list[events.Problem] = []
    return read_event(node, problems), [str(each) for each in problems]


def event(text: str) -> Event:
    found, problems = read_text(f"{{{text}}}")
    assert found is not None, problems
    return found


def test_move_holds_who_when_where_to_and_why() -> None:
    found = event(f"{WHEN}, to: on-hold, reason: part ordered, until: 2026-11-25T18:00:00+08:00, x-crew: '7'")
    until = parse_instant("2026-11-25T18:00:00+08:00")
    data = {"at": NOON, "by": "li.na", "to": "on-hold", "reason": "part ordered", "until": until, "x-crew": "7"}
    assert found == Event(NOON, "li.na", "on-hold", None, data)
    assert (found.key, found.is_move, found.line) == ("to:on-hold", True, 2)


def test_deed_holds_the_fields_of_its_verb() -> None:
    found = event(f"{WHEN}, did: follow-up, via: phone, about: desk, scores: {{attitude: 5}}, satisfied: false")
    data = {"at": NOON, "by": "li.na", "did": "follow-up", "via": "phone", "about": "desk"}
    assert found == Event(NOON, "li.na", None, "follow-up", {**data, "scores": {"attitude": 5}, "satisfied": False})
    assert (found.key, found.is_move) == ("did:follow-up", False)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("plain", "E051 an event is a mapping like {at: …, by: …, to: …}"),
        (f"{{{WHEN}}}", "E051 an event has either 'to' (a move) or 'did' (a deed), one of the two"),
        (f"{{{WHEN}, to: a, did: b}}", "E051 an event has either 'to' (a move) or 'did' (a deed), one of the two"),
        (f"{{{WHEN}, did: contcat}}", "E051 'contcat' is not a verb that an event can have; did you mean 'contact'?"),
        (
            f"{{{WHEN}, did: [contact]}}",
            f"E051 '…' is not a verb that an event can have; there are: {', '.join(sorted(VERBS))}",
        ),
        (f"{{{WHEN}, did: contact, via: phone}}", "E021 'about' is missing"),
        (f"{{{WHEN}, did: arrive, via: phone}}", None),
        ("{at: 2026-11-22T12:00:00+08:00, did: arrive}", "E021 'by' is missing"),
        (f"{{{WHEN}, did: reschedule, set: {{due: 2026-11-22T12:00:00+08:00}}, reason: r}}", "E021 'task' is missing"),
        (f"{{{WHEN}, did: classify, set: {{lead: li.na}}, reason: r}}", None),
        (
            f"{{{WHEN}, did: void, reason: r, event: {{at: 2026-11-22T12:00:00+08:00}}}}",
            "E051 name the event by its 'at' and its 'to' or 'did', as in {at: …, to: STATE}",
        ),
    ],
)
def test_event_that_is_not_one_says_what_it_lacks(text: str, problem: str | None) -> None:
    found, problems = read_text(text)
    assert found is None
    if problem is None:
        assert [each.split()[1] for each in problems] == ["E020"]
    else:
        assert problems == [f"f.yaml:2: {problem}"]


@pytest.mark.parametrize(
    ("text", "pattern", "expected"),
    [
        ("to: closed", "to:closed", True),
        ("to: closed", "to:resolving", False),
        ("did: contact, via: phone, about: reply", "did:contact", True),
        ("did: contact, via: phone, about: reply", "did:contact/reply", True),
        ("did: contact, via: phone, about: reply", "did:contact/progress", False),
        ("did: contact, via: phone, about: reply, reached: false", "did:contact/reply", False),
        ("did: contact, via: phone, about: reply, reached: true", "did:contact/reply", True),
        ("did: follow-up, via: phone, about: desk, satisfied: true", "did:follow-up/satisfied", True),
        ("did: follow-up, via: phone, about: desk, satisfied: false", "did:follow-up/satisfied", False),
        ("did: follow-up, via: phone, about: desk, satisfied: true, reached: false", "did:follow-up/satisfied", False),
        ("did: follow-up, via: phone, about: desk, scores: {attitude: 5}", "did:follow-up/attitude", True),
        ("did: follow-up, via: phone, about: desk, scores: {attitude: 5}", "did:follow-up/quality", False),
        ("did: agree, clock: reply, due: 2026-11-23T12:00:00+08:00", "did:agree/reply", True),
        ("did: agree, clock: reply, due: 2026-11-23T12:00:00+08:00", "did:agree/resolve", False),
        ("did: arrive", "did:finish", False),
    ],
)
def test_event_matches_a_pattern_of_a_profile(text: str, pattern: str, *, expected: bool) -> None:
    assert event(f"{WHEN}, {text}").matches(pattern) is expected


def test_voided_event_counts_for_nothing_and_neither_does_the_void() -> None:
    intake = event("at: 2026-11-22T09:00:00+08:00, by: li.na, to: received")
    wrong = event(f"{WHEN}, did: arrive")
    void = event(
        "at: 2026-11-22T13:00:00+08:00, by: li.na, did: void, reason: r, "
        "event: {at: 2026-11-22T12:00:00+08:00, did: arrive}"
    )
    assert effective([intake, wrong, void]) == (intake,)
    assert effective([intake, wrong]) == (intake, wrong)


def test_void_takes_back_only_the_event_of_its_name() -> None:
    move = event("at: 2026-11-22T12:00:00+08:00, by: li.na, to: closed")
    void = event(
        "at: 2026-11-22T13:00:00+08:00, by: li.na, did: void, reason: r, "
        "event: {at: 2026-11-22T12:00:00+08:00, to: closed}"
    )
    deed = event(f"{WHEN}, did: arrive")
    assert effective([move, deed, void]) == (deed,)


@given(st.permutations(["did: arrive", "did: finish", "to: closed", "did: contact, via: phone, about: reply"]))
def test_order_in_the_file_does_not_matter(texts: list[str]) -> None:
    at_once = [event(f"{WHEN}, {text}") for text in texts]
    expected = ["did:contact", "did:arrive", "did:finish", "to:closed"]
    assert [each.key for each in in_order(at_once)] == expected
    later = [event(f"at: 2026-11-22T11:59:59+08:00, by: zhao, {texts[0]}"), *at_once]
    assert in_order(later)[0] is later[0]


def test_one_event_precedes_another_by_time_and_then_by_content() -> None:
    early = event("at: 2026-11-22T11:00:00+08:00, by: li.na, did: finish")
    arrive, finish = event(f"{WHEN}, did: arrive"), event(f"{WHEN}, did: finish")
    assert early.precedes(arrive)
    assert not arrive.precedes(early)
    assert arrive.precedes(finish)
    assert not finish.precedes(arrive)
    assert not arrive.precedes(arrive)


def test_canonical_text_is_the_same_however_an_event_was_written() -> None:
    one = event(f"{WHEN}, did: join, people: 12, room: 3-1-0902")
    other = event("room: '3-1-0902', people: 12, did: join, by: 'li.na', at: 2026-11-22T12:00:00+08:00")
    assert events.canonical(one.data) == events.canonical(other.data)
    assert events.canonical(one.data) == (
        '{"at": "2026-11-22T12:00:00+08:00", "by": "li.na", "did": "join", "people": 12, "room": "3-1-0902"}'
    )


@given(st.sets(st.integers(min_value=0, max_value=5)))
def test_free_instant_is_the_first_one_not_taken(places: set[int]) -> None:
    taken = {NOON + place * MILLISECOND for place in places}
    found = free_instant(NOON, taken)
    assert found not in taken
    assert found - NOON == min(set(range(7)) - places) * timedelta(milliseconds=1)
