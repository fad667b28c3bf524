"""Promises: kept, broken, open or dropped in time, by which due, and where people see it."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import timedelta
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cpl.figures import summed
from cpl.moments import days
from cpl.promises import OUTCOMES, Fate, fates
from cpl.record import Record
from cpl.tally import View
from tests.ledger import Ledger, instant, record, record_text, settings

DAY = "2026-11-18"  # the promise is made on it at 16:00
NEXT_DAY = "2026-11-19T12:00:00+08:00"


def at(time: str) -> str:
    """An instant of the day, `17:30` or `17:30:15`."""
    return f"{DAY}T{time}{':00' if time.count(':') == 1 else ''}+08:00"


def promise(ledger: Ledger, identifier: str, *args: str, due: str | None = "18:00", when: str = "16:00") -> str:
    """Make a promise; the task's id."""
    options = [] if due is None else ["--due", f"{DAY}T{due}"]
    said = ledger.ok("task", identifier, "add", "Ring", "--kind", "promise", *options, *args, now=at(when))
    return str(re.findall("t-[0-9a-z]{4}", said)[0])


def steps(ledger: Ledger, identifier: str, task: str, *commands: str) -> None:
    """Do each command `17:00 done`, `17:00 drop`, `17:00 due 20:00`, `17:00 void did:done` or `17:00 note`, then.

    Each may end in ` --at 16:30`.
    """
    for command in commands:
        when, what, *rest = command.split()
        words = {
            "done": ["task", identifier, "done", task],
            "drop": ["task", identifier, "drop", task, "--reason", "not wanted"],
            "due": ["task", identifier, "due", task, "--reason", f"asked at {when}", "--due"],
            "void": ["correct", identifier, "--reason", "a slip", "--void"],
            "note": ["contact", identifier, "--via", "phone"],
        }[what]
        more = [f"{DAY}T{each}" if re.fullmatch("[0-9]{2}:[0-9]{2}", each) else each for each in rest]
        ledger.ok(*words, *more, "--no-commit", now=at(when))


def results(ledger: Ledger, identifier: str, when: str, command: str = "show") -> list[dict[str, Any]]:
    """What became of the tasks, as a command tells programs."""
    out = ledger.ok(command, identifier, "--format", "json", "--at", at(when), now=NEXT_DAY)
    found: list[dict[str, Any]] = json.loads(out)["task_results"]
    return found


def line(ledger: Ledger, identifier: str, when: str) -> str:
    """What `cpl show` says of the one task behind its due."""
    out = ledger.ok("show", identifier, "--at", at(when), now=NEXT_DAY)
    (found,) = re.findall(r"^tasks +t-\S{4} (.*)$", out, re.MULTILINE)
    return str(found).replace(f"{DAY}T", "").replace(":00+08:00", "")


class Case(NamedTuple):
    """What is done, and what then is told at `when`."""

    commands: tuple[str, ...]
    when: str
    outcome: str
    judged_by: str | None
    late_minutes: int | None
    words: str
    due: str | None = "18:00"


CASES = {
    "done before": Case(("17:00 done",), "20:00", "kept", "18:00", -60, "done, promise: Ring, due 18:00; kept"),
    "done at the due": Case(("18:00 done",), "20:00", "kept", "18:00", 0, "done, promise: Ring, due 18:00; kept"),
    "done in the second of the due": Case(
        ("18:00 note", "18:00 done"), "20:00", "kept", "18:00", 0, "done, promise: Ring, due 18:00; kept"
    ),
    "done later": Case(
        ("20:00 done",), "21:00", "broken", "18:00", 120, "done, promise: Ring, due 18:00; broken by 2 h"
    ),
    "done before, entered later": Case(
        ("20:00 done --at 17:30",), "21:00", "kept", "18:00", -30, "done, promise: Ring, due 18:00; kept"
    ),
    "dropped before": Case(("17:00 drop",), "20:00", "dropped", "18:00", -60, "dropped, promise: Ring, due 18:00"),
    "dropped later": Case(
        ("19:00 drop",), "20:00", "broken", "18:00", 60, "dropped, promise: Ring, due 18:00; broken by 1 h"
    ),
    "open before": Case((), "17:00", "open", "18:00", -60, "open, promise: Ring, due 18:00"),
    "open at the due": Case((), "18:00", "open", "18:00", 0, "open, promise: Ring, due 18:00"),
    "open later": Case((), "18:01", "broken", "18:00", 1, "open, promise: Ring, due 18:00; broken by 1 min"),
    "done, but seen before that": Case(
        ("20:00 done",), "17:00", "open", "18:00", -60, "open, promise: Ring, due 18:00"
    ),
    "moved in time and done": Case(
        ("17:00 due 20:00", "19:30 done"),
        "21:00",
        "kept",
        "20:00",
        -30,
        "done, promise: Ring, due 20:00; kept; rescheduled 1 time: asked at 17:00",
    ),
    "moved at the due itself": Case(
        ("18:00 due 20:00",),
        "19:00",
        "open",
        "20:00",
        -60,
        "open, promise: Ring, due 20:00; rescheduled 1 time: asked at 18:00",
    ),
    "moved twice in time and done too late": Case(
        ("17:00 due 20:00", "19:00 due 21:00", "21:45 done"),
        "22:00",
        "broken",
        "21:00",
        45,
        "done, promise: Ring, due 21:00; broken by 45 min; rescheduled 2 times: asked at 17:00; asked at 19:00",
    ),
    "moved in time, but seen before that": Case(
        ("17:00 due 20:00", "19:30 done"), "16:30", "open", "18:00", -90, "open, promise: Ring, due 18:00"
    ),
    "moved to an earlier due": Case(
        ("16:30 due 17:00", "17:15 done"),
        "18:00",
        "broken",
        "17:00",
        15,
        "done, promise: Ring, due 17:00; broken by 15 min; rescheduled 1 time: asked at 16:30",
    ),
    "moved after the due had passed": Case(
        ("18:30 due 22:00", "21:00 done"),
        "22:00",
        "broken",
        "18:00",
        180,
        "done, promise: Ring, due 22:00; broken by 3 h (it was due 2026-11-18 18:00, and rescheduled only after that); "
        "rescheduled 1 time: asked at 18:30",
    ),
    "moved after the due had passed, and the new one is not over": Case(
        ("18:30 due 22:00",),
        "19:00",
        "broken",
        "18:00",
        60,
        "open, promise: Ring, due 22:00; broken by 1 h (it was due 2026-11-18 18:00, and rescheduled only after that); "
        "rescheduled 1 time: asked at 18:30",
    ),
    "moved in time, but entered after the due had passed": Case(
        ("18:30 due 22:00 --at 17:30", "21:00 done"),
        "22:00",
        "broken",
        "18:00",
        180,
        "done, promise: Ring, due 22:00; broken by 3 h (it was due 2026-11-18 18:00, and rescheduled only after that); "
        "rescheduled 1 time: asked at 18:30",
    ),
    "moved in time, then again too late": Case(
        ("17:00 due 19:00", "20:00 due 22:00", "21:00 done"),
        "22:00",
        "broken",
        "19:00",
        120,
        "done, promise: Ring, due 22:00; broken by 2 h (it was due 2026-11-18 19:00, and rescheduled only after that); "
        "rescheduled 2 times: asked at 17:00; asked at 20:00",
    ),
    "moved in time by a slip": Case(
        ("17:00 due 20:00", "17:10 void did:reschedule", "19:00 done"),
        "20:00",
        "broken",
        "18:00",
        60,
        "done, promise: Ring, due 18:00; broken by 1 h",
    ),
    "moved in time by a slip, and then again": Case(
        ("17:00 due 22:00", "19:00 due 23:00", "19:10 void 17:00", "20:00 done"),
        "21:00",
        "broken",
        "18:00",
        120,
        "done, promise: Ring, due 23:00; broken by 2 h (it was due 2026-11-18 18:00, and rescheduled only after that); "
        "rescheduled 1 time: asked at 19:00",
    ),
    "done by a slip": Case(
        ("17:00 done", "17:10 void did:done"),
        "19:00",
        "broken",
        "18:00",
        60,
        "open, promise: Ring, due 18:00; broken by 1 h",
    ),
    "without a due": Case((), "23:00", "open", None, None, "open, promise: Ring", due=None),
    "done without a due": Case(("17:00 done",), "23:00", "kept", None, None, "done, promise: Ring", due=None),
    "with its first due later": Case(
        ("17:00 due 18:00", "18:30 done"),
        "23:00",
        "broken",
        "18:00",
        30,
        "done, promise: Ring, due 18:00; broken by 30 min; rescheduled 1 time: asked at 17:00",
        due=None,
    ),
}


@pytest.mark.clause("CL-4")
@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_promise_is_judged_by_the_due_that_was_in_force(ledger: Ledger, one: str, case: Case) -> None:
    task = promise(ledger, one, due=case.due)
    steps(ledger, one, task, *case.commands)
    (found,) = results(ledger, one, case.when)
    judged_by = None if case.judged_by is None else at(case.judged_by)
    late = None if case.late_minutes is None else case.late_minutes * 60
    assert (found["result"], found["due_at"], found["late_seconds"]) == (case.outcome, judged_by, late)
    assert results(ledger, one, case.when, "explain") == [found]
    assert line(ledger, one, case.when) == case.words


@pytest.mark.clause("CL-4")
@pytest.mark.parametrize("command", ["show", "explain"])
def test_programs_get_the_whole_fate_of_each_task(ledger: Ledger, one: str, command: str) -> None:
    kept = promise(ledger, one, "--who", "水务")
    step = re.findall("t-[0-9a-z]{4}", ledger.ok("task", one, "add", "Look"))[0]
    steps(ledger, one, kept, "17:00 due 20:00", "19:30 done")
    assert results(ledger, one, "21:00", command) == [
        {
            "task": kept,
            "kind": "promise",
            "who": "水务",
            "result": "kept",
            "due_at": at("20:00"),
            "ended_at": at("19:30"),
            "ended_by": "did:done",
            "late_seconds": -1800,
            "rescheduled": 1,
            "reasons": ["asked at 17:00"],
        },
        {
            "task": step,
            "kind": "action",
            "who": None,
            "result": "open",
            "due_at": None,
            "ended_at": None,
            "ended_by": None,
            "late_seconds": None,
            "rescheduled": 0,
            "reasons": [],
        },
    ]


@pytest.mark.clause("CL-4")
def test_explain_tells_how_a_promise_came_to_be_broken(ledger: Ledger, one: str) -> None:
    task = promise(ledger, one)
    none = promise(ledger, one, due=None)
    steps(ledger, one, task, "17:00 due 18:30", "19:00 due 22:00 --at 18:20", "21:00 done")
    text = ledger.ok("explain", one, "--at", at("23:00"), now=NEXT_DAY)
    assert text[text.index("\npromise ") :] == (
        f"\npromise {task}\n"
        "made    2026-11-18 16:00\n"
        "moved   2026-11-18 17:00 by did:reschedule of li.na, to 2026-11-18 18:30: asked at 17:00\n"
        "moved   2026-11-18 18:20 by did:reschedule of li.na, entered 2026-11-18 19:00, to 2026-11-18 22:00: "
        "asked at 19:00\n"
        "due     2026-11-18 18:30 (it had passed before the next one was entered)\n"
        "ended   2026-11-18 21:00 by did:done of li.na\n"
        "result  broken, 2 h 30 min late\n"
        f"\npromise {none}\n"
        "made    2026-11-18 16:00\n"
        "due     none\n"
        "result  open\n"
    )
    assert json.loads(ledger.ok("explain", one, "--clock", "respond", "--format", "json"))["task_results"] == []


@pytest.fixture
def kept_and_broken(ledger: Ledger, one: str) -> tuple[Ledger, dict[str, str]]:
    """Promises of three complaints: two kept, two broken, one open, one dropped; two of them were rescheduled."""
    ids = {name: ledger.open(name, now=at("15:00")) for name in ("second", "third")} | {"first": one}
    work = (
        ("first", ("17:00 done",)),
        ("first", ("17:00 due 18:30", "18:20 done")),
        ("first", ("19:00 drop",)),
        ("second", ("18:30 due 23:30", "19:00 done")),
        ("second", ("17:00 drop",)),
    )
    for name, commands in work:
        task = promise(ledger, ids[name], "--no-commit")
        steps(ledger, ids[name], task, *commands)
    promise(ledger, ids["third"], "--no-commit", due="22:00")
    promise(ledger, ids["third"], "--no-commit", due=None)
    ledger.ok("task", ids["third"], "add", "no promise", "--due", f"{DAY}T17:00", "--no-commit")
    return ledger, ids


def figures(ledger: Ledger, first: str, end: str, *args: str, when: str = "21:00") -> dict[str, Any]:
    """The promises in the summary of the days from `first` to before `end` of November."""
    period = ["--from", f"2026-11-{first}", "--to", f"2026-11-{end}", "--at", at(when)]
    out = ledger.ok("summary", *period, "--format", "json", *args, now=NEXT_DAY)
    found: dict[str, Any] = json.loads(out)["promises"]
    return found


@pytest.mark.clause("CL-4")
def test_summary_counts_the_promises_due_in_the_period(kept_and_broken: tuple[Ledger, dict[str, str]]) -> None:
    ledger, _ids = kept_and_broken
    expected = {"made": 6, "kept": 2, "broken": 2, "open": 1, "dropped": 1, "rescheduled": 2}
    assert figures(ledger, "18", "19") == expected
    nothing = dict.fromkeys(expected, 0)
    assert (figures(ledger, "17", "18"), figures(ledger, "19", "20")) == (nothing, nothing)
    assert figures(ledger, "18", "19", when="23:00") == expected | {"broken": 3, "open": 0}
    assert figures(ledger, "18", "19", when="16:30") == nothing | {"made": 6, "open": 6}
    text = ledger.ok("summary", "--from", DAY, "--to", "2026-11-19", "--at", at("21:00"), now=NEXT_DAY)
    assert [each for each in text.splitlines() if each.startswith("Promises")] == [
        "Promises made, due in the period       6",
        "Promises kept                          2",
        "Promises broken                        2",
        "Promises still open                    1",
        "Promises dropped in time               1",
        "Promises rescheduled                   2",
    ]


@pytest.mark.clause("CL-4")
def test_summary_names_the_complaints_of_each_number(kept_and_broken: tuple[Ledger, dict[str, str]]) -> None:
    ledger, ids = kept_and_broken
    first, second, third = (ids[name] for name in ("first", "second", "third"))
    assert figures(ledger, "18", "19", "--ids") == {
        name: {"count": len(counted), "ids": sorted(counted)}
        for name, counted in {
            "made": [first, first, first, second, second, third],
            "kept": [first, first],
            "broken": [first, second],
            "open": [third],
            "dropped": [second],
            "rescheduled": [first, second],
        }.items()
    }
    period = ["--from", DAY, "--to", "2026-11-19", "--at", at("21:00"), "--format", "markdown", "--ids"]
    text = ledger.ok("summary", *period, now=NEXT_DAY)
    assert f"| Promises broken | 2 | {', '.join(sorted([first, second]))} |\n" in text


@pytest.mark.clause("CL-4")
def test_promise_moved_in_time_belongs_to_the_period_of_its_new_due_and_a_broken_one_stays(
    ledger: Ledger, one: str
) -> None:
    in_time, too_late = promise(ledger, one), promise(ledger, one)
    for task, when in ((in_time, "17:00"), (too_late, "19:00")):
        ledger.ok("task", one, "due", task, "--due", "2026-11-19T12:00", "--reason", "part", now=at(when))
    counts = {"kept": 0, "open": 0, "dropped": 0}
    assert figures(ledger, "18", "19") == {"made": 1, "broken": 1, "rescheduled": 1, **counts}
    assert figures(ledger, "19", "20") == {"made": 1, "broken": 0, "rescheduled": 1, **counts, "open": 1}


def test_promise_of_a_complaint_that_left_the_figures_is_not_counted(ledger: Ledger, one: str) -> None:
    task = promise(ledger, one)
    steps(ledger, one, task, "17:00 done")
    assert figures(ledger, "18", "19", when="19:00")["made"] == 1
    ledger.ok("transition", one, "withdrawn", "--reason", "a try", "--no-commit", now=at("18:00"))
    assert figures(ledger, "18", "19", when="19:00")["made"] == 0


def test_promise_alone_makes_no_row_in_the_tables_of_a_period(ledger: Ledger, one: str) -> None:
    task = re.findall("t-[0-9a-z]{4}", ledger.ok("task", one, "add", "x", "--kind", "promise", "--due", "7d"))[0]
    ledger.ok("task", one, "done", task)
    ledger.ok("transition", one, "referred", "--reason", "not ours")
    out = ledger.ok("summary", "--week", "2026-W48", "--at", "end", "--format", "json", now=NEXT_DAY)
    assert (json.loads(out)["promises"]["kept"], json.loads(out)["by"]) == (1, {})


# Any histories

MADE = instant("2026-11-16T10:00")
MOMENTS = st.integers(0, 48 * 60)
EVENTS = st.lists(
    st.tuples(st.integers(1, 48 * 60), st.sampled_from(["done", "drop", "reschedule", "late reschedule"]), MOMENTS),
    max_size=5,
    unique_by=lambda each: each[0],
)


def _minute(after: int) -> str:
    return f"{MADE + timedelta(minutes=after):%Y-%m-%dT%H:%M:00+08:00}"


def history(events: list[tuple[int, str, int]], due: int | None) -> Record:
    """A record with one promise; `events` are what is done with it, at minutes after it was made."""
    lines, now_due = [], due
    for minute, what, to in sorted(events):
        when = f"{MADE + timedelta(minutes=minute):%dT%H:%M}"
        if what in ("done", "drop"):
            lines.append(f"{when} did: {what}, task: t-aaaa, reason: r")
            continue
        was = "" if now_due is None else f"due: {_minute(now_due)}"
        entered = f", recorded_at: {_minute(minute + 600)}" if what.startswith("late") else ""
        move = f"did: reschedule, task: t-aaaa, set: {{due: {_minute(to)}}}, was: {{{was}}}, reason: r"
        lines.append(f"{when} {move}{entered}")
        now_due = to
    copy = "" if now_due is None else f", due: {_minute(now_due)}"
    task = f"tasks:\n- {{id: t-aaaa, kind: promise, text: a, made_at: {_minute(0)}{copy}}}\n"
    return record(record_text(*lines, fields=task))


def judged(events: list[tuple[int, str, int]], due: int | None, minute: int) -> Fate:
    (found,) = fates(history(events, due), MADE + timedelta(minutes=minute))
    return found


@pytest.mark.clause("CL-4")
@given(EVENTS, st.none() | MOMENTS, st.integers(0, 60 * 60))
def test_kept_broken_open_and_dropped_are_all_of_them(
    events: list[tuple[int, str, int]], due: int | None, minute: int
) -> None:
    now = MADE + timedelta(minutes=minute)
    period = days("always", now.date(), now.date() + timedelta(days=1), settings().zone)
    found = judged(events, due, minute)
    view = View(settings(), period, now)
    counted = summed([view.part(history(events, due))], view).promises
    is_counted = found.due_at is not None and period.holds(found.due_at)
    assert counted.made.number == sum(count.number for count in counted.outcomes.values()) == is_counted
    assert {name for name, count in counted.outcomes.items() if count.number} == (
        {found.outcome} if is_counted else set()
    )
    assert counted.rescheduled.number == (is_counted and bool(found.reschedules))
    assert found.outcome in OUTCOMES


@pytest.mark.clause("CL-4")
@given(EVENTS, st.none() | MOMENTS, st.integers(0, 60 * 60), st.integers(0, 60 * 60))
def test_what_is_once_broken_stays_broken_and_what_has_ended_stays_as_it_ended(
    events: list[tuple[int, str, int]], due: int | None, minute: int, later: int
) -> None:
    # What is entered after the fact was not known before it was entered.
    told = [(at, what.removeprefix("late "), to) for at, what, to in events]
    before, after = judged(told, due, minute), judged(told, due, minute + later)
    if before.outcome == "broken":
        assert (after.outcome, after.due_at) == ("broken", before.due_at)
    if before.ended_by is not None:
        assert replace(after, task=before.task) == before
    if after.outcome == "open":
        assert before.outcome == "open"


@pytest.mark.clause("CL-4")
@given(EVENTS, MOMENTS, st.integers(0, 60 * 60))
def test_a_reschedule_entered_after_the_due_changes_nothing(
    events: list[tuple[int, str, int]], due: int, minute: int
) -> None:
    kept = [each for each in events if "reschedule" not in each[1]]
    passed = [(at, what, to) for at, what, to in events if "reschedule" in what and at > due]
    plain, moved = judged(kept, due, minute), judged([*kept, *passed], due, minute)
    if plain.outcome != "open":
        assert (moved.outcome, moved.due_at, moved.late) == (plain.outcome, plain.due_at, plain.late)
