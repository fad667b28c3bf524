"""overdue: clocks, tasks and pauses that are late or soon due, and what comes next."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from tests.ledger import Ledger

COLUMNS = ["id", "title", "status", "clock", "due_at", "late_seconds", "basis", "lead", "who", "warned", "next"]


def rows(ledger: Ledger, *args: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(ledger.ok("overdue", "--format", "json", *args))
    return found


def task_of(said: str) -> str:
    (found,) = re.findall("t-[0-9a-z]{4}", said)
    return str(found)


def test_nothing_late_is_said(ledger: Ledger, one: str) -> None:
    assert one
    assert ledger("overdue") == (0, "", "0 overdue\n")
    assert ledger("overdue", "--soon", "1h") == (0, "", "0 overdue, 0 soon due\n")
    assert ledger("overdue", "--exit-code") == (0, "", "0 overdue\n")
    assert ledger("overdue", "--format", "json") == (0, "[]\n", "")


def test_a_clock_a_task_and_a_pause_are_listed_the_worst_first(ledger: Ledger, one: str) -> None:
    said = ledger.ok("task", one, "add", "Buckets", "--kind", "promise", "--who", "水务", "--due", "18:00")
    task = task_of(said)
    other = ledger.open("Lift", "--kind", "repair", "--lead", "zhao.qiang")
    ledger.ok("transition", other, "on-hold", "--reason", "part", "--until", "2026-11-19T12:00")
    found = rows(ledger, "--at", "2026-11-19T16:00:01")
    assert [list(row) for row in found] == [COLUMNS] * 4
    assert [(row["id"], row["clock"], row["basis"], row["late_seconds"], row["who"]) for row in found] == [
        (one, task, "task", 79201, "水务"),
        (other, "on-hold", "pause", 14401, "zhao.qiang"),
        (other, "respond", "rule", 1, "zhao.qiang"),
        (one, "respond", "rule", 1, "li.na"),
    ]
    assert [row["next"] for row in found] == [
        f"cpl task {one[-7:]} done {task}",
        f"cpl transition {other[-7:]} received",
        f"cpl contact {other[-7:]} --via CHANNEL --about acknowledge",
        f"cpl contact {one[-7:]} --via CHANNEL --about acknowledge",
    ]
    assert found[3] == {
        "id": one,
        "title": "Door 2 does not lock",
        "status": "received",
        "clock": "respond",
        "due_at": "2026-11-19T16:00:00+08:00",
        "late_seconds": 1,
        "basis": "rule",
        "lead": "li.na",
        "who": "li.na",
        "warned": False,
        "next": f"cpl contact {one[-7:]} --via CHANNEL --about acknowledge",
    }


@pytest.fixture
def one_of_each(ledger: Ledger, one: str) -> tuple[Ledger, str, str]:
    """The day after, what is late by each of the four bases, of two complaints; and the id of the task."""
    other = ledger.open("Lift", "--kind", "repair", "--lead", "sun.wei", "--assignee", "zhao.qiang")
    ledger.ok("transition", other, "on-hold", "--reason", "part", "--until", "2026-11-19T12:00", "--no-commit")
    said = ledger.ok("task", one, "add", "Buckets", "--kind", "promise", "--who", "zhao.qiang", "--due", "18:00")
    ledger.ok("did", one, "agree", "clock=resolve", "due=2026-11-19T15:00")
    ledger.now = "2026-11-19T16:30:00+08:00"
    return ledger, other, task_of(said)


@pytest.mark.clause("CL-4")
@pytest.mark.clause("OT-4")
def test_rule_agreed_date_promise_and_pause_that_ran_out_stand_in_one_list(
    one_of_each: tuple[Ledger, str, str], one: str
) -> None:
    ledger, other, task = one_of_each
    first, second = one[-7:], other[-7:]
    assert ledger("overdue", "--format", "markdown") == (
        0,
        "| late | due | clock | id | title | who | next step |\n"
        "| --: | --- | --- | --- | --- | --- | --- |\n"
        f"| 22 h 30 min | 2026-11-18 18:00 | {task} | {first} | Door 2 does not lock | zhao.qiang | "
        f"cpl task {first} done {task} |\n"
        f"| 4 h 30 min | 2026-11-19 12:00 | on-hold | {second} | Lift | zhao.qiang | "
        f"cpl transition {second} received |\n"
        f"| 1 h 30 min | 2026-11-19 15:00 | resolve | {first} | Door 2 does not lock | li.na | "
        f"cpl transition {first} replying |\n"
        f"| 30 min | 2026-11-19 16:00 | respond | {first} | Door 2 does not lock | li.na | "
        f"cpl contact {first} --via CHANNEL --about acknowledge |\n"
        f"| 30 min | 2026-11-19 16:00 | respond | {second} | Lift | zhao.qiang | "
        f"cpl contact {second} --via CHANNEL --about acknowledge |\n",
        "",
    )
    found = rows(ledger)
    assert [row["basis"] for row in found] == ["task", "pause", "agreed", "rule", "rule"]
    assert [row["late_seconds"] for row in found] == [81000, 16200, 5400, 1800, 1800]


@pytest.mark.clause("CL-4")
def test_worklist_of_a_person_has_the_tasks_that_are_theirs_and_not_those_of_others(
    one_of_each: tuple[Ledger, str, str], one: str
) -> None:
    ledger, other, task = one_of_each
    ledger.ok("task", other, "add", "Ring", "--who", "li.na", "--due", "17:00", "--at", "16:00", "--no-commit")
    at = ["--at", "2026-11-19T17:30"]

    def work(whom: str) -> list[tuple[str, str, str]]:
        return [(row["id"], row["basis"], row["who"]) for row in rows(ledger, *at, "--for", whom)]

    assert work("zhao.qiang") == [
        (one, "task", "zhao.qiang"),
        (other, "pause", "zhao.qiang"),
        (other, "rule", "zhao.qiang"),
    ]
    assert work("li.na") == [
        (one, "task", "zhao.qiang"),  # she leads the complaint, and answers for it to the end (RQ-2)
        (one, "agreed", "li.na"),
        (one, "rule", "li.na"),
        (other, "task", "li.na"),
    ]
    assert work("sun.wei") == [
        (other, "pause", "zhao.qiang"),
        (other, "rule", "zhao.qiang"),
        (other, "task", "li.na"),
    ]
    assert task in {row["clock"] for row in rows(ledger, "--for", "zhao.qiang")}


def test_what_is_due_this_very_moment_is_not_late(ledger: Ledger, one: str) -> None:
    assert one
    assert rows(ledger, "--at", "2026-11-19T16:00") == []
    assert [row["late_seconds"] for row in rows(ledger, "--at", "2026-11-19T16:00", "--soon", "10m")] == [0]


@pytest.mark.parametrize(("soon", "count"), [("23h", 0), ("24h", 1), ("1d", 1), ("2d", 1)])
def test_soon_looks_ahead(ledger: Ledger, one: str, soon: str, count: int) -> None:
    assert one
    found = rows(ledger, "--soon", soon)
    assert [row["late_seconds"] for row in found] == [-86400] * count


def test_a_warning_of_the_profile_counts_as_soon(ledger: Ledger, one: str) -> None:
    ledger.ok("contact", one, "--via", "phone")
    ledger.ok("transition", one, "replying")
    assert rows(ledger, "--soon", "10m", "--at", "2026-11-19T15:59") == []
    (row,) = rows(ledger, "--soon", "10m", "--at", "2026-11-19T16:01")
    assert (row["clock"], row["warned"], row["late_seconds"]) == ("reply", True, -86340)
    assert rows(ledger, "--at", "2026-11-19T16:01") == []


def test_the_table_is_for_people(ledger: Ledger, one: str) -> None:
    outcome = ledger("overdue", "--at", "2026-11-20T18:30", "--soon", "1d")
    piece = one[-7:]
    assert outcome == (
        0,
        "   late  due               clock    id       title                 who    next step\n"
        "-------  ----------------  -------  -------  --------------------  -----  "
        "-----------------------------------------------------\n"
        f"1 d 2 h  2026-11-19 16:00  respond  {piece}  Door 2 does not lock  li.na  "
        f"cpl contact {piece} --via CHANNEL --about acknowledge\n",
        "1 overdue, 0 soon due\n",
    )


@pytest.mark.parametrize("fmt", ["plain", "jsonl", "csv"])
def test_programs_get_the_same_columns_in_every_format(ledger: Ledger, one: str, fmt: str) -> None:
    out = ledger.ok("overdue", "--at", "2026-11-20T18:00", "--format", fmt)
    if fmt == "plain":
        assert out.split("\t")[:4] == [one, "Door 2 does not lock", "received", "respond"]
    elif fmt == "csv":
        assert out.splitlines()[0].split(",") == COLUMNS
    else:
        assert list(json.loads(out)) == COLUMNS


def test_markdown_is_for_people_too(ledger: Ledger, one: str) -> None:
    out = ledger.ok("overdue", "--at", "2026-11-20T18:00", "--format", "markdown")
    assert out.splitlines()[0] == "| late | due | clock | id | title | who | next step |"
    assert one[-7:] in out


def test_for_shows_what_a_person_leads_or_does(ledger: Ledger, one: str) -> None:
    ledger.ok("task", one, "add", "a", "--who", "sun.wei", "--due", "17:00")
    ledger.ok("task", one, "add", "b", "--who", "水务", "--due", "17:00")
    at = ["--at", "2026-11-18T18:00"]
    assert len(rows(ledger, *at)) == 2
    assert len(rows(ledger, *at, "--for", "li.na")) == 2
    assert len(rows(ledger, *at, "--for", "me")) == 2
    assert [row["who"] for row in rows(ledger, *at, "--for", "sun.wei")] == ["sun.wei"]
    assert [row["who"] for row in rows(ledger, *at, "--for", "水务")] == ["水务"]
    assert rows(ledger, *at, "--for", "zhao.qiang") == []
    outcome = ledger("overdue", *at, "--for", "zhao.qian")
    assert (outcome.code, outcome.err.rpartition("\n\n")[2]) == (
        2,
        "Error: Invalid value for --for: 'zhao.qian' is not one of the people in cpl.yaml; "
        "did you mean 'zhao.qiang'?\n",
    )


def test_exit_code_tells_a_script_that_something_is_late(ledger: Ledger, one: str) -> None:
    assert one
    assert ledger("overdue", "--at", "2026-11-20T18:00").code == 0
    assert ledger("overdue", "--at", "2026-11-20T18:00", "--exit-code").code == 1
    assert ledger("overdue", "--soon", "2d", "--exit-code").code == 0


@pytest.mark.parametrize(
    ("args", "error"),
    [
        (
            ["--soon", "tomorrow"],
            "Invalid value for --soon: 'tomorrow' is not a duration; write 10m, 24h, 2d, 1mo, 8bh, 3bd or same-day",
        ),
        (["--at", "x"], "Invalid value for --at: 'x' is not an instant like 2026-11-22T09:14:00+08:00"),
    ],
)
def test_overdue_says_what_is_wrong_with_its_options(ledger: Ledger, args: list[str], error: str) -> None:
    outcome = ledger("overdue", *args)
    assert (outcome.code, outcome.err.rpartition("\n\n")[2]) == (2, f"Error: {error}\n")
