"""task: add, done, drop and due, through the command line."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from tests.ledger import Ledger


def shown(ledger: Ledger, identifier: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(ledger.ok("show", identifier, "--format", "json"))
    return found


def add(ledger: Ledger, identifier: str, *args: str) -> str:
    """Add a task; its id."""
    said = ledger.ok("task", identifier, "add", *args)
    found = re.fullmatch(rf"{identifier}: task (t-[0-9a-z]{{4}}) added\n", said)
    assert found, said
    return found[1]


def test_a_task_is_added_with_what_was_said_about_it(ledger: Ledger, one: str) -> None:
    task = add(ledger, one, "Two buckets", "--kind", "promise", "--who", "水务", "--due", "18:00", "-m", "She asked")
    record = shown(ledger, one)
    assert record["tasks"] == [
        {
            "id": task,
            "kind": "promise",
            "text": "Two buckets",
            "who": "水务",
            "made_at": "2026-11-18T16:00:00+08:00",
            "due": "2026-11-18T18:00:00+08:00",
        }
    ]
    assert len(record["history"]) == 1
    assert ledger.git("log", "-1", "--format=%B").strip() == (
        f"{one}: task {task} added\n\nShe asked\n\nComplaint: {one}\nAction: task"
    )


def test_a_task_needs_only_words(ledger: Ledger, one: str) -> None:
    first, second = add(ledger, one, "Ring back"), add(ledger, one, "Write")
    made = {"kind": "action", "made_at": "2026-11-18T16:00:00+08:00"}
    assert shown(ledger, one)["tasks"] == [
        {"id": first, "text": "Ring back", **made},
        {"id": second, "text": "Write", **made},
    ]


def test_no_two_tasks_of_a_complaint_get_one_id(ledger: Ledger, one: str) -> None:
    letters = iter("aaaaaaaabbbb")
    ledger.chance = type("Chance", (), {"choice": staticmethod(lambda _of: next(letters))})()
    assert (add(ledger, one, "a"), add(ledger, one, "b")) == ("t-aaaa", "t-bbbb")


def test_a_task_is_done_dropped_and_rescheduled_by_events(ledger: Ledger, one: str) -> None:
    done, dropped, moved = (add(ledger, one, text, "--due", "1d") for text in "abc")
    assert ledger.ok("task", one, "done", done) == f"{one}: task {done} done\n"
    assert ledger.ok("task", one, "drop", dropped, "--reason", "back") == f"{one}: task {dropped} dropped\n"
    ledger.ok("task", one, "due", moved, "--due", "2026-11-20", "--reason", "agreed")
    events = [{**event, "at": ""} for event in shown(ledger, one)["history"][1:]]
    assert events == [
        {"at": "", "by": "li.na", "did": "done", "task": done},
        {"at": "", "by": "li.na", "did": "drop", "task": dropped, "reason": "back"},
        {
            "at": "",
            "by": "li.na",
            "did": "reschedule",
            "task": moved,
            "set": {"due": "2026-11-21T00:00:00+08:00"},
            "was": {"due": "2026-11-19T16:00:00+08:00"},
            "reason": "agreed",
        },
    ]
    assert shown(ledger, one)["tasks"][2]["due"] == "2026-11-21T00:00:00+08:00"
    assert ledger("check").code == 0
    assert [line for line in ledger.ok("show", one).splitlines() if line.startswith("tasks ")] == [
        f"tasks        {done} done, action: a, due 2026-11-19T16:00:00+08:00; kept",
        f"tasks        {dropped} dropped, action: b, due 2026-11-19T16:00:00+08:00",
        f"tasks        {moved} open, action: c, due 2026-11-21T00:00:00+08:00; rescheduled 1 time: agreed",
    ]


def test_a_task_without_a_due_may_get_one(ledger: Ledger, one: str) -> None:
    task = add(ledger, one, "a")
    ledger.ok("task", one, "due", task, "--due", "2d", "--reason", "she asks by when")
    assert shown(ledger, one)["history"][-1]["was"] == {}
    assert ledger("check").code == 0


def test_a_task_is_given_to_somebody(ledger: Ledger, one: str) -> None:
    task = add(ledger, one, "a")
    assert ledger.ok("task", one, "give", task, "--who", "zhao.qiang") == f"{one}: task {task} for zhao.qiang\n"
    assert shown(ledger, one)["tasks"][0]["who"] == "zhao.qiang"
    assert len(shown(ledger, one)["history"]) == 1
    assert ledger("check").code == 0


def test_done_may_say_why(ledger: Ledger, one: str) -> None:
    task = add(ledger, one, "a")
    ledger.ok("task", one, "done", task, "--reason", "by the neighbour")
    assert shown(ledger, one)["history"][-1]["reason"] == "by the neighbour"


@pytest.mark.parametrize("what", ["done", "drop", "due"])
@pytest.mark.parametrize("ended", ["done", "dropped"])
def test_what_has_ended_can_not_end_again(ledger: Ledger, one: str, what: str, ended: str) -> None:
    task = add(ledger, one, "a")
    ledger.ok("task", one, *(["done", task] if ended == "done" else ["drop", task, "--reason", "x"]))
    options = {"done": [], "drop": ["--reason", "x"], "due": ["--reason", "x", "--due", "1d"]}
    outcome = ledger("task", one, what, task, *options[what])
    assert outcome == (
        2,
        "",
        f"{one}: task {task} is {ended} already; add a new one: cpl task {one} add TEXT\n",
    )


@pytest.mark.parametrize(
    ("args", "error"),
    [
        (["add", " "], "say what is to be done: cpl task ID add TEXT"),
        (["add", "a", "--reason", "b"], "--reason has no effect on 'task add'; leave it out"),
        (["done", "t-0000", "--due", "1d"], "--due has no effect on 'task done'; leave it out"),
        (["drop", "t-0000", "--who", "x"], "--who has no effect on 'task drop'; leave it out"),
        (["due", "t-0000", "--kind", "step"], "--kind has no effect on 'task due'; leave it out"),
        (["drop", "t-0000"], "say why: --reason TEXT"),
        (["due", "t-0000", "--due", "1d"], "say why: --reason TEXT"),
        (["due", "t-0000", "--reason", "x"], "say the new due: --due INSTANT"),
        (
            ["add", "a", "--due", "2026-11-17"],
            "Invalid value for --due: 2026-11-18T00:00:00+08:00 is past; it has to lie after 2026-11-18T16:00:00+08:00",
        ),
        (
            ["add", "a", "--kind", "wish"],
            "Invalid value for '--kind': 'wish' is not one of "
            "'promise', 'step', 'milestone', 'part', 'appointment', 'action'.",
        ),
        (["give", "t-0000"], "say who does it: --who PERSON"),
        (
            ["end", "a"],
            "Invalid value for 'add|done|drop|due|give': 'end' is not one of 'add', 'done', 'drop', 'due', 'give'.",
        ),
    ],
)
def test_task_says_what_is_wrong_with_its_arguments(ledger: Ledger, one: str, args: list[str], error: str) -> None:
    outcome = ledger("task", one, *args)
    assert (outcome.code, outcome.out, outcome.err.rpartition("\n\n")[2]) == (2, "", f"Error: {error}\n")


def test_a_task_that_there_is_not_is_answered_with_those_there_are(ledger: Ledger, one: str) -> None:
    assert ledger("task", one, "done", "t-0000").err == f"{one} has no task 't-0000'; it has: none\n"
    task = add(ledger, one, "a")
    assert ledger("task", one, "done", "t-0000") == (2, "", f"{one} has no task 't-0000'; it has: {task}\n")


def test_a_past_due_may_be_entered_with_the_time_it_was_promised(ledger: Ledger, one: str) -> None:
    outcome = ledger(
        "task", one, "add", "a", "--at", "17:00", "--due", "2026-11-18T18:00", now="2026-11-18T20:00:00+08:00"
    )
    assert outcome.code == 0
    assert shown(ledger, one)["tasks"][0]["made_at"] == "2026-11-18T17:00:00+08:00"
