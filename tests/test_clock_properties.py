"""What holds of the clocks of any record: random histories, judged at random instants."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta

from hypothesis import given
from hypothesis import settings as with_settings
from hypothesis import strategies as st

from cpl.clocks import dues, runs, stands_still
from cpl.profile import Profile
from cpl.record import Record, local_day
from tests.ledger import CPL_YAML, instant, record, record_text, settings

OWN = ("resolve", "progress", "tries")
CLOCKS = """\
hours: {mon-fri: ['08:30-12:00', '14:00-18:00']}
calendar: cn
clocks:
  resolve: {targets: {all: {within: 8bh}}}
  progress:
    starts: [to:resolving]
    stops: [did:contact/progress]
    ends: [to:replying]
    repeat: true
    pauses: true
    targets: {all: {within: 3bd, warn: 1bd}}
  tries: {starts: [to:received, reopen], stops: [did:contact/reply], attempts: 2, targets: {all: {within: 2d}}}
"""
KNOWN = settings(CPL_YAML + CLOCKS)
RECEIVED = instant("2026-11-16T09:00")
EVENTS = (
    "to: resolving",
    "to: on-hold, reason: r, until: 2026-11-20T09:00:00+08:00",
    "to: replying",
    "to: closed",
    "to: withdrawn, reason: r",
    "did: contact, via: phone, about: progress",
    "did: contact, via: phone, about: reply",
    "did: contact, via: phone, about: reply, reached: false",
    "did: classify, set: {nature: A}, was: {nature: B}, reason: r",
    "did: agree, clock: resolve, due: 2026-11-19T18:00:00+08:00",
    "did: handover",
)

some = with_settings(max_examples=40)
waits = st.integers(0, 1500)  # minutes between events; with twelve of them the last one still lies in November


def text_of(story: list[tuple[int, str]]) -> str:
    """A record on which these events happened, each that many minutes after the one before."""
    at, lines = RECEIVED + timedelta(minutes=1), []
    for minutes, event in story:
        at += timedelta(minutes=minutes)
        lines.append(f"{at:%dT%H:%M} {event}")
    return record_text(*lines, fields="nature: A\n")


texts = st.lists(st.tuples(waits, st.sampled_from(EVENTS)), max_size=12).map(text_of)
nows = st.integers(0, 20 * 24 * 60).map(lambda minutes: RECEIVED + timedelta(minutes=minutes))


def began(found: Record, profile: Profile) -> Iterator[datetime]:
    """When each cycle of a record began."""
    yield found.received_at
    state: str | None = None
    for event in found.events:
        if event.to is not None:
            if profile.is_final(state) and not profile.is_final(event.to):
                yield event.at
            state = event.to


@some
@given(texts, nows, st.randoms(use_true_random=False))
def test_order_of_the_events_in_the_file_changes_neither_runs_nor_dues(
    text: str, now: datetime, chance: random.Random
) -> None:
    lines = text.splitlines(keepends=True)
    events = [line for line in lines if line.startswith("- ")]
    first = lines.index(events[0])
    mixed = chance.sample(events, len(events))
    shuffled = record("".join([*lines[:first], *mixed, *lines[first + len(events) :]]))
    rules = KNOWN.profile, KNOWN.worktime, now
    assert runs(shuffled, *rules) == runs(record(text), *rules)
    assert [replace(due, record=record(text)) for due in dues(shuffled, *rules)] == [
        replace(due, record=record(text)) for due in dues(record(text), *rules)
    ]


@some
@given(st.lists(st.tuples(texts, nows), max_size=4))
def test_order_in_which_records_are_judged_changes_nothing(asked: list[tuple[str, datetime]]) -> None:
    """Also not by what is kept of the years that have been worked out."""
    one, other = replace(KNOWN.worktime), replace(KNOWN.worktime)
    found = [runs(record(text), KNOWN.profile, one, now) for text, now in asked]
    assert found == [runs(record(text), KNOWN.profile, other, now) for text, now in reversed(asked)][::-1]


@some
@given(texts, nows)
def test_clocks_that_are_due_are_the_runs_that_are_open(text: str, now: datetime) -> None:
    found = record(text)
    rules = KNOWN.profile, KNOWN.worktime, now
    open_runs = [run for run in runs(found, *rules) if run.is_open]
    assert [(due.name, due.due_at, due.basis) for due in dues(found, *rules) if due.basis in ("rule", "agreed")] == [
        (run.clock, run.due_at, run.basis) for run in open_runs if (run.result, run.basis) != ("paused", "rule")
    ]


PAUSING = settings(
    CPL_YAML
    + """\
hours: {mon-fri: ['08:30-12:00', '14:00-18:00']}
calendar: cn
clocks:
  resolve: {pauses: true, targets: {judged: {when: {nature: A}, within: 2d}, all: {within: 30h}}}
  progress: {starts: [to:resolving], stops: [did:contact/progress], pauses: true, targets: {all: {within: same-day}}}
"""
)
ON_HOLD = "to: on-hold, reason: r, until: 2026-11-20T09:00:00+08:00"
paused = st.tuples(
    st.lists(st.tuples(waits, st.sampled_from(EVENTS)), max_size=8), waits, st.sampled_from([[], ["to: resolving"]])
)


@with_settings(max_examples=150)
@given(paused, st.integers(0, 60 * 24 * 60))
def test_of_what_stands_still_the_same_is_due_however_long_it_does(
    given: tuple[list[tuple[int, str]], int, list[str]], minutes: int
) -> None:
    story, wait, moves = given
    before = [(wait, move) for move in moves]
    found = record(text_of([*story, *before, (wait, ON_HOLD)]))
    profile, worktime, at = PAUSING.profile, PAUSING.worktime, found.history[-1].at
    if stands_still(found, profile, worktime, at):
        first, later = (dues(found, profile, worktime, now) for now in (at, at + timedelta(minutes=minutes)))
        assert [(due.name, due.basis, due.due_at) for due in later] == [
            (due.name, due.basis, due.due_at) for due in first
        ]


@some
@given(texts, nows, st.dates(date(2026, 11, 15), date(2026, 12, 2)))
def test_new_target_counts_for_all_cycles_that_begin_since_then_and_for_no_other(
    text: str, now: datetime, since: date
) -> None:
    found = record(text)
    stricter = CLOCKS.replace("targets: {", f"targets: {{stricter: {{within: 1m, since: {since}}}, ")
    new = settings(CPL_YAML + stricter)
    days = [local_day(at, new.zone) for at in began(found, KNOWN.profile)]
    before = runs(found, KNOWN.profile, KNOWN.worktime, now)
    after = runs(found, new.profile, new.worktime, now)
    assert [run for run in after if days[run.cycle - 1] < since] == [
        run for run in before if days[run.cycle - 1] < since
    ]
    targets = {run.target and run.target.name for run in after if days[run.cycle - 1] >= since and run.clock in OWN}
    assert targets <= {"stricter"}
