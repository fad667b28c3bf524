"""For how long what a record adds to the figures stays the same, and that the index keeps just that."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import settings as with_settings
from hypothesis import strategies as st

from cpl import pending
from cpl.clocks import stays
from cpl.config import Settings
from cpl.events import instants
from cpl.index_parts import packed, unpacked
from cpl.lasting import NoData, span, with_data_only
from cpl.moments import week
from cpl.recognise import microseconds
from cpl.record import Record
from cpl.tally import Part, View
from tests.ledger import CPL_YAML, instant, record, record_text, settings

HOURS = "hours: {mon-fri: ['08:30-12:00', '14:00-18:00']}\ncalendar: cn\n"
SINGLES = "summary: {single-out: {nature: [A]}}\n"
BY_BUSINESS_TIME = settings(
    CPL_YAML
    + HOURS
    + SINGLES
    + """\
clocks:
  resolve: {pauses: true, targets: {judged: {when: {nature: A}, within: 8bh, warn: 2bh}, all: {within: 2bd}}}
  progress: {starts: [to:resolving], stops: [did:contact/progress], repeat: true, targets: {all: {within: same-day}}}
"""
)
BY_WALL_CLOCK = settings(
    CPL_YAML
    + SINGLES
    + """\
clocks:
  resolve: {pauses: true, targets: {judged: {when: {nature: A}, within: 2d}, all: {within: 30h, warn: 4h}}}
  progress: {starts: [to:resolving], stops: [did:contact/progress], pauses: true, targets: {all: {within: 1mo}}}
"""
)
RECEIVED = instant("2026-11-16T09:00")
WEEK = week("2026-W47", BY_WALL_CLOCK.zone)
TASK = """\
nature: A
tasks:
- {id: t-aaaa, kind: promise, text: T, made_at: 2026-11-16T09:00:00+08:00, due: 2026-11-18T10:00:00+08:00}
"""
EVENTS = (
    "to: resolving",
    "to: on-hold, reason: r, until: 2026-11-20T09:00:00+08:00",
    "to: replying",
    "to: closed",
    "to: withdrawn, reason: r",
    "did: contact, via: phone, about: progress, recorded_at: 2026-11-21T09:00:00+08:00",
    "did: contact, via: phone, about: reply",
    "did: classify, set: {nature: A}, was: {nature: B}, reason: r",
    "did: agree, clock: resolve, due: 2026-11-19T18:00:00+08:00",
    "did: follow-up, via: phone, about: desk, satisfied: true",
    "did: done, task: t-aaaa",
    "did: reschedule, task: t-aaaa, set: {due: 2026-11-20T10:00:00+08:00},"
    " was: {due: 2026-11-18T10:00:00+08:00}, reason: r",
    "did: void, event: {at: 2026-11-16T09:00:00+08:00, to: received}, reason: r",
)
WITHIN = timedelta(days=40)


def record_of(story: list[tuple[int, str]], fields: str) -> Record:
    """A record on which these events happened, each so many minutes after the one before, deeds within a second."""
    at, lines = RECEIVED, []
    for minutes, event in story:
        at += timedelta(minutes=minutes)
        lines.append(f"{at:%dT%H:%M} {event}")
    return record(
        record_text(*lines, fields=fields).replace(":00+08:00, by: li.na, did", ":00.500+08:00, by: li.na, did")
    )


records = st.builds(
    record_of,
    st.lists(st.tuples(st.integers(1, 1500), st.sampled_from(EVENTS)), max_size=9),
    st.sampled_from(["", "nature: A\n", TASK]),
)
shifts = st.sampled_from([-1_000_000, -1000, -1, 0, 1, 1000, 1_000_000]).map(
    lambda count: timedelta(microseconds=count)
)


@st.composite
def asked(draw: st.DrawFn) -> tuple[Record, datetime]:
    """A record, and an instant near one at which something of it may change, or any other."""
    found = draw(records)
    turns = [WEEK.start, WEEK.end, *instants(found.fields)]
    near = st.builds(lambda at, shift: at + shift, st.sampled_from(turns), shifts)
    anywhere = st.integers(-60, 30 * 24 * 60).map(lambda minutes: RECEIVED + timedelta(minutes=minutes))
    return found, draw(near | anywhere)


def part_of(found: Record, of: Settings, at: datetime) -> Part | None:
    return View(of, WEEK, at).part(found)


@with_settings(max_examples=120)
@given(asked(), st.sampled_from([BY_WALL_CLOCK, BY_BUSINESS_TIME]), st.data())
def test_between_two_turns_a_record_adds_the_same(
    given: tuple[Record, datetime], of: Settings, data: st.DataObject
) -> None:
    found, at = given
    since, until = span(found, of, at)
    assert since <= microseconds(at) < until
    first, last = max(since, microseconds(at - WITHIN)), min(until, microseconds(at + WITHIN)) - 1
    instants_within = st.sampled_from([first, last]) | st.integers(first, last)
    other = datetime(1970, 1, 1, tzinfo=UTC) + data.draw(instants_within) * timedelta.resolution
    assert part_of(found, of, other) == part_of(found, of, at)


@with_settings(max_examples=60)
@given(asked(), st.sampled_from([BY_WALL_CLOCK, BY_BUSINESS_TIME]))
def test_what_the_index_keeps_is_what_a_record_adds(given: tuple[Record, datetime], of: Settings) -> None:
    part = part_of(given[0], of, given[1])
    again = unpacked(json.loads(json.dumps(packed(part))))
    assert (again, repr(again)) == (part, repr(part).replace(repr(part and part.marks), repr(again and again.marks)))


@with_settings(max_examples=150)
@given(asked(), st.sampled_from([BY_WALL_CLOCK, BY_BUSINESS_TIME]))
def test_what_is_pending_stays_so_once_everything_has_happened(given: tuple[Record, datetime], of: Settings) -> None:
    """As it is kept, and due at the very same instants; but for what a pause may move."""
    found, at = given
    made = [task["made_at"] for task in found.fields.get("tasks", ())]
    known_from = max(found.received_at, found.history[-1].at, *made)
    assume(stays(found, of.profile, of.worktime, known_from))
    kept = pending.unpacked(pending.packed(pending.pending(found, of, known_from)))
    assert kept == pending.pending(found, of, max(at, known_from))


def test_what_rests_stays_as_it_is_from_the_last_event_on() -> None:
    found = record(record_text("17T10:00 to: closed"))
    assert span(found, BY_WALL_CLOCK, instant("2027-02-01T00:00")).until > microseconds(instant("2999-01-01T00:00"))


def test_of_a_pause_that_moves_deadlines_nothing_is_said_but_for_the_instant() -> None:
    found = record(record_text("17T10:00 to: on-hold, reason: r"))
    at = instant("2026-11-25T10:00")
    assert span(found, BY_BUSINESS_TIME, at) == (microseconds(at), microseconds(at) + 1)


def test_a_year_without_data_is_not_reckoned_with() -> None:
    found = record(record_text().replace("2026-11-16", "2026-12-31"))
    of = with_data_only(BY_BUSINESS_TIME)
    with pytest.raises(NoData):
        span(found, of, instant("2026-12-31T12:00"))
    assert BY_BUSINESS_TIME.worktime.calendar is not None
    assert 2027 not in BY_BUSINESS_TIME.worktime.calendar.provisional
