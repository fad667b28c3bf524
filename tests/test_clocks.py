"""The clocks: runs with their dues and results, tasks and pauses, and what is overdue."""

from __future__ import annotations

import itertools
import json
import shutil
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cpl.clocks import Due, Run, dues, runs
from cpl.moments import parse_instant
from cpl.record import Record, as_of
from cpl.worktime import Worktime
from tests.ledger import CPL_YAML, EXAMPLES, Ledger, instant, record, record_text, settings

SETTINGS = settings()
NOW = instant("2026-11-18T16:00")


def followed(text: str, now: str = "2026-11-30T00:00", extra: str = "") -> list[tuple[str, int, str, str, str, str]]:
    """The runs as clock, cycle, due, stop, result, used; `extra` is added to cpl.yaml."""
    known = settings(CPL_YAML + extra)
    return [short(run) for run in runs(record(text), known.profile, known.worktime, instant(now))]


def of(clock: str, text: str, now: str = "2026-11-30T00:00", extra: str = "") -> list[tuple[int, str, str, str, str]]:
    """The runs of one clock as cycle, due, stop, result, used."""
    return [run[1:] for run in followed(text, now, extra) if run[0] == clock]


def short(run: Run) -> tuple[str, int, str, str, str, str]:
    zone = SETTINGS.zone
    stopped = "" if run.stopped_at is None else f"{run.stopped_at.astimezone(zone):%d %H:%M}"
    return (run.clock, run.cycle, f"{run.due_at.astimezone(zone):%d %H:%M}", stopped, run.result, str(run.used))


def example(name: str) -> Record:
    (path,) = EXAMPLES.glob(f"records/*/*/*/CPL-*-{name}.md")
    return record(path.read_text(encoding="utf-8"))


# The three records that were written by hand


@pytest.fixture
def examples(tmp_path: Path) -> Ledger:
    shutil.copytree(EXAMPLES, tmp_path / "estate")
    return Ledger(tmp_path / "estate")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (
            "M4T8RAE",
            [
                ("respond", 1, "16T09:00", "17T09:00", "16T09:05", "met", timedelta(minutes=5), "rule"),
                ("resolve", 1, "16T09:00", "17T17:00", "17T13:30", "met", timedelta(hours=4, minutes=30), "rule"),
                ("resolve", 2, "18T10:05", "18T18:05", "18T12:00", "met", timedelta(hours=1, minutes=55), "rule"),
                ("reply", 1, "17T13:30", "19T13:30", "17T13:40", "met", timedelta(minutes=10), "rule"),
                ("reply", 2, "18T12:00", "20T12:00", "18T12:10", "met", timedelta(minutes=10), "rule"),
            ],
        ),
        (
            "9XE2WH9",
            [
                ("respond", 1, "17T08:40", "18T08:40", "17T08:45", "met", timedelta(minutes=5), "rule"),
                ("resolve", 1, "17T08:40", "17T20:00", None, "breached", timedelta(hours=31, minutes=20), "agreed"),
            ],
        ),
        (
            "3CB6VN4",
            [
                ("respond", 1, "18T02:10", "19T02:10", "18T02:19", "met", timedelta(minutes=9), "rule"),
                ("resolve", 1, "18T02:10", "19T00:00", "18T09:40", "met", timedelta(hours=7, minutes=30), "rule"),
                ("reply", 1, "18T09:40", "20T09:40", None, "running", timedelta(hours=6, minutes=20), "rule"),
            ],
        ),
    ],
)
def test_runs_of_the_hand_written_records(name: str, expected: list[tuple[object, ...]]) -> None:
    found = runs(example(name), SETTINGS.profile, SETTINGS.worktime, NOW)
    said = [
        (run.clock, run.number, run.started_at, run.due_at, run.stopped_at, run.result, run.used, run.basis)
        for run in found
    ]
    assert said == [
        (clock, number, *(None if each is None else instant(f"2026-11-{each}") for each in times), *rest)
        for clock, number, *times, result, used, basis in expected
        for rest in [(result, used, basis)]
    ]


@pytest.mark.clause("CL-4")
def test_overdue_names_the_broken_promise_and_the_agreed_date(examples: Ledger) -> None:
    rows = json.loads(examples.ok("overdue", "--at", "2026-11-18T16:00+08:00", "--format", "json"))
    names = ("id", "clock", "due_at", "late_seconds", "basis", "lead", "status")
    record_id = "CPL-20261117-9XE2WH9"
    assert [tuple(row[name] for name in names) for row in rows] == [
        (record_id, "t-4hq2", "2026-11-17T12:00:00+08:00", 28 * 3600, "task", "li.na", "resolving"),
        (record_id, "resolve", "2026-11-17T20:00:00+08:00", 20 * 3600, "agreed", "li.na", "resolving"),
    ]


def test_check_of_the_hand_written_records_is_clean(examples: Ledger) -> None:
    outcome = examples("check")
    assert outcome.code == 0
    # Two texts hold a comma within braces, which other readers of YAML would end at.
    assert [line.split()[1] for line in outcome.out.splitlines()] == ["W005", "W005"]


def test_record_that_is_not_received_yet_has_no_run() -> None:
    assert followed(record_text(), "2026-11-16T08:59") == []


# Starting and stopping


def test_start_while_running_is_ignored_and_after_a_stop_is_a_new_run() -> None:
    text = record_text(
        "16T10:00 to: resolving",
        "16T11:00 to: replying",
        "16T12:00 to: resolving",
        "16T13:00 to: replying",
        fields="nature: A\n",
    )
    assert of("resolve", text) == [
        (1, "17 00:00", "16 11:00", "met", "2:00:00"),
        (1, "17 00:00", "16 13:00", "met", "1:00:00"),
    ]


@pytest.mark.parametrize(
    ("stop", "result"),
    [("17T08:59", "met"), ("17T09:00", "met"), ("17T09:01", "breached")],
    ids=["before", "on", "after"],
)
def test_met_is_stopped_by_the_due(stop: str, result: str) -> None:
    ((_cycle, due, _stop, found, _used),) = of("respond", record_text(f"{stop} did: contact, via: phone, about: a"))
    assert (due, found) == ("17 09:00", result)


@pytest.mark.parametrize(("now", "result"), [("2026-11-17T09:00", "running"), ("2026-11-17T09:01", "breached")])
def test_overdue_is_later_than_the_due(now: str, result: str) -> None:
    assert of("respond", record_text(), now)[0][3] == result


def test_attempt_that_reached_nobody_stops_no_clock() -> None:
    text = record_text("16T10:00 did: contact, via: phone, about: acknowledge, reached: false")
    assert of("respond", text, "2026-11-16T12:00") == [(1, "17 09:00", "", "running", "3:00:00")]


def test_record_without_a_matching_target_has_no_run_unless_a_date_is_agreed() -> None:
    assert of("resolve", record_text()) == []
    agreed = record_text("16T10:00 did: agree, clock: resolve, due: 2026-11-20T18:00:00+08:00")
    assert of("resolve", agreed, "2026-11-16T12:00") == [(1, "20 18:00", "", "running", "3:00:00")]


def test_final_state_stops_every_clock_and_one_that_does_not_count_drops_it() -> None:
    declined = record_text("18T10:00 to: declined, reason: r", fields="nature: A\n")
    assert followed(declined) == [
        ("respond", 1, "17 09:00", "18 10:00", "breached", "2 days, 1:00:00"),
        ("resolve", 1, "17 00:00", "18 10:00", "breached", "2 days, 1:00:00"),
    ]
    assert followed(record_text("18T10:00 to: withdrawn, reason: r", fields="nature: A\n")) == []


def test_reopening_starts_a_new_cycle_and_earlier_results_stay() -> None:
    text = record_text(
        "16T09:30 did: contact, via: phone, about: reply",
        "16T10:00 to: replying",
        "16T11:00 to: closed",
        "20T10:00 to: resolving, reason: again",
        fields="nature: A\n",
    )
    assert [run for run in followed(text) if run[0] != "reply"] == [
        ("respond", 1, "17 09:00", "16 09:30", "met", "0:30:00"),
        ("respond", 2, "21 10:00", "", "breached", "9 days, 14:00:00"),
        ("resolve", 1, "17 00:00", "16 10:00", "met", "1:00:00"),
        ("resolve", 2, "21 00:00", "", "breached", "9 days, 14:00:00"),
    ]


PROGRESS = """\
clocks:
  progress:
    starts: [to:resolving]
    stops: [did:contact/progress]
    ends: [to:replying]
    repeat: true
    pauses: true
    targets: {all: {within: 24h, clause: CS-7}}
"""


def test_repeating_clock_goes_on_from_each_stop_until_it_ends() -> None:
    text = record_text(
        "16T09:30 did: contact, via: phone, about: progress",
        "16T10:00 to: resolving",
        "16T20:00 did: contact, via: phone, about: progress",
        "18T08:00 did: contact, via: phone, about: progress",
        "18T10:00 to: replying",
        "18T11:00 did: contact, via: phone, about: progress",
    )
    assert of("progress", text, extra=PROGRESS) == [
        (1, "17 10:00", "16 20:00", "met", "10:00:00"),
        (1, "17 20:00", "18 08:00", "breached", "1 day, 12:00:00"),
        (1, "19 08:00", "18 10:00", "met", "2:00:00"),
    ]


def test_clock_may_start_with_a_reopening_alone_and_stop_with_one_too() -> None:
    extra = """\
clocks:
  again: {starts: [reopen], stops: [did:contact], targets: {all: {within: 1h}}}
"""
    text = record_text("16T10:00 to: closed", "17T10:00 to: resolving, reason: r")
    assert of("again", text, "2026-11-17T10:30", extra) == [(2, "17 11:00", "", "running", "0:30:00")]


# Pauses


def test_pause_moves_the_due_by_its_length_and_the_time_in_it_does_not_count() -> None:
    paused = ("16T11:00 to: on-hold, reason: r, until: 2026-11-17T12:00:00+08:00",)
    fields = "kind: repair\norder: {size: minor}\n"
    back = record_text(*paused, "17T11:00 to: resolving", fields=fields)
    assert of("resolve", back, "2026-11-17T12:00") == [(1, "17 17:00", "", "running", "3:00:00")]
    still = record_text(*paused, fields=fields)
    assert of("resolve", still, "2026-11-17T09:00") == [(1, "17 15:00", "", "paused", "2:00:00")]
    assert of("respond", still, "2026-11-17T09:00") == [(1, "17 09:00", "", "running", "1 day, 0:00:00")]


def test_pause_that_follows_a_breach_leaves_it_as_late_as_it_was() -> None:
    text = record_text(
        "16T18:00 to: on-hold, reason: r, until: 2026-11-20T12:00:00+08:00",
        fields="kind: repair\norder: {size: minor}\n",
    )
    late = {
        now: [
            due.late
            for due in dues(record(text), SETTINGS.profile, SETTINGS.worktime, instant(now))
            if due.name == "resolve"
        ]
        for now in ("2026-11-16T18:00", "2026-11-19T18:00")
    }
    assert late == {"2026-11-16T18:00": [timedelta(hours=1)], "2026-11-19T18:00": [timedelta(hours=1)]}


def test_clock_that_starts_within_a_pause_begins_with_it() -> None:
    extra = """\
clocks:
  visit: {starts: [did:handover], stops: [did:arrive], pauses: true, targets: {all: {within: 2h}}}
"""
    text = record_text(
        "16T10:00 to: on-hold, reason: r, until: 2026-11-16T14:00:00+08:00",
        "16T12:00 did: handover",
        "16T14:00 to: resolving",
        "16T15:00 did: arrive",
    )
    assert of("visit", text, extra=extra) == [(1, "16 16:00", "16 15:00", "met", "1:00:00")]


def test_pause_does_not_move_an_agreed_date() -> None:
    text = record_text(
        "16T10:00 did: agree, clock: resolve, due: 2026-11-16T18:00:00+08:00",
        "16T11:00 to: on-hold, reason: r, until: 2026-11-17T12:00:00+08:00",
        "17T11:00 to: resolving",
        "17T12:00 to: replying",
        fields="nature: A\n",
    )
    assert of("resolve", text) == [(1, "16 18:00", "17 12:00", "breached", "3:00:00")]


# Agreed dates, targets


def test_last_agreed_date_counts_but_not_one_for_another_clock_or_from_an_earlier_cycle() -> None:
    text = record_text(
        "16T10:00 did: agree, clock: resolve, due: 2026-11-17T18:00:00+08:00",
        "16T11:00 did: agree, clock: resolve, due: 2026-11-18T18:00:00+08:00",
        "16T12:00 did: agree, clock: reply, due: 2026-11-25T18:00:00+08:00",
        "17T10:00 to: replying",
        "17T11:00 to: closed",
        "17T12:00 to: resolving, reason: r",
        fields="nature: A\n",
    )
    assert of("resolve", text, "2026-11-17T13:00") == [
        (1, "18 18:00", "17 10:00", "met", "1 day, 1:00:00"),
        (2, "18 00:00", "", "running", "1:00:00"),
    ]


def test_agreed_date_that_was_past_when_a_run_began_is_not_its_due() -> None:
    text = record_text(
        "16T10:00 did: agree, clock: resolve, due: 2026-11-16T18:00:00+08:00",
        "16T12:00 to: replying",
        "17T12:00 to: resolving",
        fields="nature: A\n",
    )
    assert of("resolve", text, "2026-11-17T13:00")[1] == (1, "18 00:00", "", "running", "1:00:00")


def test_nature_and_severity_are_those_of_the_stop() -> None:
    events = (
        "16T10:00 did: classify, set: {nature: A}, was: {}, reason: r",
        "16T11:00 to: replying",
        "16T12:00 did: classify, set: {nature: B}, was: {nature: A}, reason: r",
    )
    assert of("resolve", record_text(*events, fields="nature: B\n")) == [(1, "17 00:00", "16 11:00", "met", "2:00:00")]
    assert of("resolve", record_text(*events[::2], fields="nature: B\n")) == []


def test_correction_of_a_slip_counts_for_runs_that_had_stopped() -> None:
    text = record_text(
        "16T11:00 to: replying",
        "16T12:00 did: correct, set: {nature: A}, was: {}, reason: slip",
        fields="nature: A\n",
    )
    assert of("resolve", text) == [(1, "17 00:00", "16 11:00", "met", "2:00:00")]


def test_corrected_time_of_receipt_starts_the_clocks() -> None:
    text = record_text(
        "16T09:30 did: contact, via: phone, about: acknowledge",
        "16T12:00 did: correct, set: {received_at: 2026-11-15T09:00:00+08:00}, reason: r, "
        "was: {received_at: 2026-11-16T09:00:00+08:00}",
        fields="received_at: 2026-11-15T09:00:00+08:00\n",
    )
    assert of("respond", text) == [(1, "16 09:00", "16 09:30", "breached", "1 day, 0:30:00")]
    later = text.replace("set: {received_at: 2026-11-15T09", "set: {received_at: 2026-11-16T10").replace(
        "received_at: 2026-11-15T09:00:00+08:00\nhistory", "received_at: 2026-11-16T10:00:00+08:00\nhistory"
    )
    assert of("respond", later) == [(1, "17 10:00", "16 10:00", "met", "0:00:00")]


@pytest.mark.parametrize(("since", "target"), [("2026-11-16", "16 10:00"), ("2026-11-17", "17 09:00")])
def test_target_counts_for_cycles_that_began_since_then(since: str, target: str) -> None:
    extra = f"clocks: {{respond: {{targets: {{fast: {{within: 1h, since: {since}}}}}}}}}\n"
    assert of("respond", record_text(), "2026-11-16T09:30", extra)[0][1] == target


def test_imported_record_runs_only_the_clocks_that_its_source_names() -> None:
    text = record_text(fields="nature: A\nsource: {system: nyc311, key: '1', clocks: [resolve]}\n")
    assert [run[0] for run in followed(text)] == ["resolve"]
    assert [run[0] for run in followed(text.replace(", clocks: [resolve]", ""))] == ["respond", "resolve"]


# What is to be done


def shown(found: list[Due]) -> list[tuple[str, str, str, str | None, bool]]:
    zone = SETTINGS.zone
    warned = [due.warn_at is not None and due.due_at + due.late > due.warn_at for due in found]
    return [
        (due.basis, due.name, f"{due.due_at.astimezone(zone):%d %H:%M}", due.who, is_warned)
        for due, is_warned in zip(found, warned, strict=True)
    ]


def due_list(text: str, now: str) -> list[tuple[str, str, str, str | None, bool]]:
    return shown(dues(record(text), SETTINGS.profile, SETTINGS.worktime, instant(now)))


TASK = "{id: t-aaaa, kind: promise, text: a, made_at: 2026-11-16T10:00:00+08:00, due: 2026-11-16T18:00:00+08:00"


def test_clock_task_and_pause_are_one_list_with_who_answers() -> None:
    text = record_text(
        "16T11:00 to: on-hold, reason: r, until: 2026-11-17T12:00:00+08:00",
        fields="lead: li.na\nassignee: zhao.qiang\n"
        f"tasks:\n- {TASK}, who: sun.wei}}\n- {{id: t-bbbb, kind: step, text: b}}\n",
    )
    assert due_list(text, "2026-11-16T12:00") == [
        ("rule", "respond", "17 09:00", "zhao.qiang", False),
        ("task", "t-aaaa", "16 18:00", "sun.wei", False),
        ("pause", "on-hold", "17 12:00", "zhao.qiang", False),
    ]
    assert due_list(text, "2026-11-16T10:30") == [
        ("rule", "respond", "17 09:00", "zhao.qiang", False),
        ("task", "t-aaaa", "16 18:00", "sun.wei", False),
    ]
    assert due_list(text, "2026-11-16T08:30") == []


@pytest.mark.parametrize(
    ("events", "fields"),
    [
        (("16T11:00 did: done, task: t-aaaa",), ""),
        (("16T11:00 did: drop, task: t-aaaa, reason: r",), ""),
        (("16T11:00 to: withdrawn, reason: r",), ""),
    ],
    ids=["done", "dropped", "withdrawn"],
)
def test_task_that_is_done_or_counts_no_more_is_not_due(events: tuple[str, ...], fields: str) -> None:
    text = record_text(*events, fields=f"lead: li.na\ntasks:\n- {TASK}}}\n{fields}")
    assert [each for each in due_list(text, "2026-11-16T12:00") if each[0] == "task"] == []


def test_pause_without_an_end_is_not_due() -> None:
    assert [each[0] for each in due_list(record_text("16T11:00 to: on-hold"), "2026-11-16T12:00")] == ["rule"]


def test_paused_status_that_no_move_led_to_is_not_due() -> None:
    text = record_text(fields="status: on-hold\n").replace("to: received", "did: arrive")
    assert due_list(text, "2026-11-16T12:00") == []


@pytest.mark.clause("CS-8")
@pytest.mark.parametrize(("now", "warned"), [("2026-11-17T10:00", False), ("2026-11-17T10:01", True)])
def test_clock_warns_when_its_warning_has_passed(now: str, *, warned: bool) -> None:
    text = record_text("16T09:30 did: contact, via: phone, about: acknowledge", "16T10:00 to: replying")
    assert due_list(text, now) == [("rule", "reply", "18 10:00", None, warned)]


# What always holds

HISTORY = (
    "16T09:30 did: contact, via: phone, about: acknowledge",
    "16T10:00 did: classify, set: {nature: A}, was: {}, reason: r",
    "16T11:00 to: resolving",
    "16T12:00 did: agree, clock: resolve, due: 2026-11-17T10:00:00+08:00",
    "16T13:00 to: on-hold, reason: r, until: 2026-11-17T09:00:00+08:00",
    "17T09:00 to: resolving",
    "17T12:00 to: replying",
    "17T13:00 did: contact, via: phone, about: reply",
    "17T14:00 to: closed",
    "19T09:00 to: resolving, reason: again",
)
WHOLE = record_text(*HISTORY, fields="nature: A\n")
hours = st.integers(0, 120).map(lambda count: instant("2026-11-16T09:00") + timedelta(hours=count))


@given(st.permutations(range(len(HISTORY) + 1)), hours)
def test_order_of_the_events_in_the_file_never_matters(order: list[int], now: datetime) -> None:
    lines = WHOLE.splitlines(keepends=True)
    first = next(index for index, line in enumerate(lines) if line.startswith("- "))
    events = lines[first : first + len(order)]
    shuffled = "".join([*lines[:first], *(events[place] for place in order), *lines[first + len(order) :]])
    assert runs(record(shuffled), SETTINGS.profile, SETTINGS.worktime, now) == runs(
        record(WHOLE),
        SETTINGS.profile,
        SETTINGS.worktime,
        now,
    )


@given(st.integers(0, len(HISTORY)), st.integers(0, 3599))
def test_events_after_now_never_matter(known: int, seconds: int) -> None:
    day, hour = (HISTORY[known - 1] if known else "16T09:00").split(":")[0].split("T")
    now = instant(f"2026-11-{day}T{hour}:00") + timedelta(seconds=seconds)
    last = [HISTORY[index] for index in range(len(HISTORY)) if index < known or HISTORY[index][:6] <= f"{now:%dT%H:%M}"]
    then = record_text(*last, fields="nature: A\n" if len(last) > 1 else "")
    found = [runs(record(text), SETTINGS.profile, SETTINGS.worktime, now) for text in (WHOLE, then)]
    assert found[0] == found[1]


@given(
    hours,
    hours,
    st.integers(1, 72),
    st.sampled_from(["90m", "8h", "3d", "1mo", "8bh", "3bd", "same-day"]),
    st.sampled_from(["", "hours: {mon-fri: ['08:30-12:00', '14:00-18:00'], sat: ['09:00-12:00']}\ncalendar: cn\n"]),
)
def test_pause_never_makes_a_due_earlier(since: datetime, now: datetime, length: int, within: str, week: str) -> None:
    start, end = since, since + timedelta(hours=length)
    extra = f"clocks: {{resolve: {{targets: {{all: {{within: {within}}}}}}}}}\n"
    known = settings(CPL_YAML + week + extra)
    pause = f"{start:%dT%H:%M} to: on-hold, reason: r, until: {end.isoformat()}"
    plain, paused = record_text(), record_text(pause, f"{end:%dT%H:%M} to: resolving")
    (before,) = [run for run in runs(record(plain), known.profile, known.worktime, now) if run.clock == "resolve"]
    (after,) = [run for run in runs(record(paused), known.profile, known.worktime, now) if run.clock == "resolve"]
    assert after.due_at >= before.due_at
    assert after.used <= before.used


@given(st.dates(parse_instant("2026-11-17T00:00:00+08:00").date(), parse_instant("2026-12-31T00:00:00+08:00").date()))
def test_target_of_later_changes_no_earlier_result(since: date) -> None:
    extra = f"clocks: {{resolve: {{targets: {{stricter: {{within: 1m, since: {since}}}}}}}}}\n"
    first = [run for run in followed(WHOLE, extra=extra) if run[1] == 1]
    assert first == [run for run in followed(WHOLE) if run[1] == 1]


@given(hours)
def test_runs_are_judged_alike_however_the_record_was_cut(now: datetime) -> None:
    known = as_of(record(WHOLE), now)
    assert known is not None
    whole = runs(record(WHOLE), SETTINGS.profile, SETTINGS.worktime, now)
    assert runs(known, SETTINGS.profile, SETTINGS.worktime, now) == whole


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York"])
def test_clock_of_24_hours_runs_24_real_hours_over_a_change_of_time(zone: str) -> None:
    days = ("2026-03-28", "2026-10-24", "2026-03-07", "2026-10-31")
    for day, hour in itertools.product(days, (1, 12, 23)):
        received = parse_instant(f"{day}T{hour:02}:30", ZoneInfo(zone))
        text = record_text().replace("2026-11-16T09:00:00+08:00", received.isoformat())
        (run,) = runs(record(text), SETTINGS.profile, Worktime(ZoneInfo(zone)), received)
        assert run.due_at - run.started_at == timedelta(hours=24)


def test_milliseconds_by_which_cpl_keeps_events_apart_are_no_delay() -> None:
    text = record_text("17T09:00 did: contact, via: phone, about: acknowledge").replace(
        "17T09:00:00+", "17T09:00:00.002+"
    )
    (run,) = [each for each in runs(record(text), SETTINGS.profile, SETTINGS.worktime, NOW) if each.clock == "respond"]
    assert (run.due_at, run.result) == (instant("2026-11-17T09:00"), "met")
