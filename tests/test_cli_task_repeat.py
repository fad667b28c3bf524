"""Tasks that repeat, parts of departments, milestones: through the command line, and the same in two clones."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cpl import merge
from cpl.moments import parse_duration
from cpl.tasks import _next_due
from tests.ledger import Ledger, instant, settings
from tests.test_cli_task import add, shown


def tasks(ledger: Ledger, identifier: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = shown(ledger, identifier).get("tasks", [])
    return found


def visits(ledger: Ledger, identifier: str) -> str:
    """A daily visit, the first one tomorrow at nine; its id."""
    return add(ledger, identifier, "Look after Mr Sun", "--every", "1d", "--due", "2026-11-19T09:00", "--who", "li.na")


def test_a_repeating_task_comes_again_a_day_after_its_due_not_after_it_was_done(ledger: Ledger, one: str) -> None:
    first = visits(ledger, one)
    ledger.now = "2026-11-19T10:30:00+08:00"
    said = ledger.ok("task", one, "done", first)
    _old, new = tasks(ledger, one)
    assert said == f"{one}: task {first} done; next: {new['id']}, due 2026-11-20T09:00:00+08:00\n"
    assert new == {
        "id": new["id"],
        "kind": "action",
        "text": "Look after Mr Sun",
        "who": "li.na",
        "every": "1d",
        "due": "2026-11-20T09:00:00+08:00",
    }
    assert ledger.git("log", "--format=%s", "-1").strip() == said.strip()
    assert ledger("check") == (0, "", "1 record: no problems\n")


def test_occurrences_that_have_passed_are_skipped_and_counted(ledger: Ledger, one: str) -> None:
    first = visits(ledger, one)
    said = ledger.ok("task", one, "done", first, now="2026-11-21T10:00:00+08:00")
    assert said.endswith(", due 2026-11-22T09:00:00+08:00 (2 missed)\n")


def test_a_dropped_task_comes_no_more(ledger: Ledger, one: str) -> None:
    first = visits(ledger, one)
    ledger.ok("task", one, "drop", first, "--reason", "his daughter is back")
    assert [task["id"] for task in tasks(ledger, one)] == [first]


def test_done_again_after_a_void_adds_nothing_twice(ledger: Ledger, one: str) -> None:
    first = visits(ledger, one)
    ledger.ok("task", one, "done", first)
    ledger.ok("correct", one, "--void", "done", "--reason", "it was the neighbour")
    assert ledger.ok("task", one, "done", first) == f"{one}: task {first} done\n"
    assert len(tasks(ledger, one)) == 2


def test_two_clones_that_do_it_both_make_one_next_task(ledger: Ledger, one: str) -> None:
    first = visits(ledger, one)
    path = ledger.path(one)
    base = path.read_bytes()
    versions = []
    for now in ("2026-11-19T08:30:00+08:00", "2026-11-19T09:40:00+08:00"):
        path.write_bytes(base)
        ledger.ok("task", one, "done", first, "--no-commit", now=now)
        versions.append(path.read_bytes())
    merged = merge.merge(base, *versions)
    assert not merged.conflicts
    path.write_bytes(merged.data)
    assert [(task["id"] == first, task["due"]) for task in tasks(ledger, one)] == [
        (True, "2026-11-19T09:00:00+08:00"),
        (False, "2026-11-20T09:00:00+08:00"),
    ]
    assert ledger("check").code == 0


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_of_two_clones_that_do_it_on_other_days_the_later_one_says_when_it_comes_again(
    ledger: Ledger, one: str, order: tuple[int, int]
) -> None:
    first = visits(ledger, one)
    path = ledger.path(one)
    base = path.read_bytes()
    versions = []
    for now in ("2026-11-19T08:30:00+08:00", "2026-11-21T09:40:00+08:00"):
        path.write_bytes(base)
        ledger.ok("task", one, "done", first, "--no-commit", now=now)
        versions.append(path.read_bytes())
    merged = merge.merge(base, *(versions[at] for at in order))
    assert not merged.conflicts
    path.write_bytes(merged.data)
    assert [task["due"] for task in tasks(ledger, one)][1:] == ["2026-11-22T09:00:00+08:00"]


def close(ledger: Ledger, identifier: str, **rest: Any) -> Any:
    return ledger("transition", identifier, "referred", "--reason", "to the city's utility", **rest)


@pytest.mark.parametrize(("spoken", "said"), [("en", "{} ended with it"), ("zh", "{} 随之结束")])
def test_closing_ends_what_repeats_and_is_not_due(ledger: Ledger, one: str, spoken: str, said: str) -> None:
    first = visits(ledger, one)
    ledger.env = {"CPL_LANG": spoken}
    assert said.format(first) in close(ledger, one).out
    assert ledger.git("log", "-1", "--format=%s") == f"{one}: received → referred; {first} ended with it\n"
    events = [(event.get("did") or event["to"], event.get("reason")) for event in shown(ledger, one)["history"][1:]]
    assert events == [("drop", "it repeats, and ends with this"), ("referred", "to the city's utility")]
    assert ledger("check").code == 0


def test_closing_is_refused_while_an_occurrence_that_was_due_is_open(ledger: Ledger, one: str) -> None:
    first = visits(ledger, one)
    later = "2026-11-19T12:00:00+08:00"
    assert close(ledger, one, now=later) == (
        2,
        "",
        f"{one}: not yet ready for 'referred'\n"
        f"  - task {first} is open (Look after Mr Sun): cpl task {one} done {first}\n",
    )
    ledger.ok("task", one, "done", first, now=later)
    assert close(ledger, one, now=later).code == 0


@pytest.mark.parametrize(
    ("last", "every", "at", "due", "skipped"),
    [
        ("2026-11-18T09:00", "7d", "2026-11-18T10:00", "2026-11-25T09:00", 0),
        ("2026-01-31T09:00", "1mo", "2026-01-31T10:00", "2026-02-28T09:00", 0),
        ("2026-11-20T09:00", "1bd", "2026-11-20T10:00", "2026-11-21T09:00", 0),
        ("1900-01-01T00:00", "10m", "2026-11-18T09:05", "2026-11-18T09:10", 6673302),
        ("2026-11-18T09:00", "4h", "2026-11-18T13:00", "2026-11-18T17:00", 1),
        ("2026-11-18T09:00", "4h", "2026-11-18T08:00", "2026-11-18T13:00", 0),
    ],
)
def test_next_due(last: str, every: str, at: str, due: str, skipped: int) -> None:
    assert parse_duration(every)
    found = _next_due(instant(last), every, settings().worktime, instant(at))
    assert (found.at, found.skipped) == (instant(due), skipped)


@pytest.mark.clause("CS-7")
def test_several_departments_have_each_their_part_and_all_are_tracked(ledger: Ledger, one: str) -> None:
    ledger.ok("assign", one, "--department", "engineering", "--department", "security")
    pipe = add(ledger, one, "Pipe of riser 2", "--kind", "part", "--department", "engineering", "--due", "1d")
    ledger.ok("task", one, "add", "Cordon", "--kind", "part", "--department", "security", "--due", "2h")
    rows = json.loads(ledger.ok("overdue", "--soon", "3d", "--format", "json"))
    assert [(row["basis"], row["due_at"]) for row in rows if row["basis"] == "task"] == [
        ("task", "2026-11-18T18:00:00+08:00"),
        ("task", "2026-11-19T16:00:00+08:00"),
    ]
    line = next(line for line in ledger.ok("show", one).splitlines() if pipe in line)
    assert line.split("  ")[-1] == f"{pipe} open, part: Pipe of riser 2, engineering, due 2026-11-19T16:00:00+08:00"
    assert ledger("task", one, "add", "x", "--department", "engineers").err.splitlines()[-1] == (
        "Error: Invalid value for --department: 'engineers' is not in the profile; did you mean 'engineering'?"
    )
    refused = close(ledger, one).err
    assert [line for line in refused.splitlines() if "is open" in line] != []


@pytest.mark.clause("CS-7")
def test_a_milestone_that_is_reached_is_reported_to_the_owner(ledger: Ledger, one: str) -> None:
    task = add(ledger, one, "Lift parts are here", "--kind", "milestone", "--due", "1d")
    tell = "cpl contact M9S3467 --via CHANNEL --about progress"
    assert ledger("task", one, "done", task) == (
        0,
        f"{one}: task {task} done\n",
        f"a milestone is reported to who complained: {tell}\n",
    )
    assert (
        f"{task} done, milestone: Lift parts are here, due 2026-11-19T16:00:00+08:00; kept; not reported: {tell}"
        in (ledger.ok("show", one))
    )
    path = ledger.path(one).relative_to(ledger.root)
    warned = ledger("check")
    assert (warned.code, warned.out) == (
        0,
        f"{path}:12: W064 milestone {task} was reached and not reported; "
        f"run: cpl contact {one} --via CHANNEL --about progress\n",
    )
    ledger.now = "2026-11-18T17:00:00+08:00"
    ledger.ok("contact", one, "--via", "phone", "--not-reached")
    ledger.ok("contact", one, "--via", "phone", "--about", "acknowledge")
    assert "W064" in ledger("check").out
    ledger.ok("contact", one, "--via", "phone", "--about", "progress")
    assert ledger("check").out == ""
    assert "not reported" not in ledger.ok("show", one)


@pytest.mark.clause("CS-6")
def test_a_plan_says_measures_deadline_responsible_and_resources(ledger: Ledger, one: str) -> None:
    task = add(
        ledger, one, "New lock", "--kind", "step", "--who", "zhao.qiang", "--needs", "locksmith", "--due", "2026-11-19"
    )
    ledger.ok("did", one, "sign-off", "--about", "plan", "--by", "sun.wei")
    line = next(line for line in ledger.ok("show", one).splitlines() if line.startswith("tasks"))
    assert line == (
        f"tasks        {task} open, step: New lock, zhao.qiang, needs locksmith, due 2026-11-20T00:00:00+08:00"
    )


@pytest.mark.clause("CS-6")
def test_what_is_outside_our_duty_is_referred_with_the_reason(ledger: Ledger, one: str) -> None:
    assert ledger("transition", one, "referred").err == (
        f"{one}: not yet ready for 'referred'\n  - rule 'referring' (CS-6) needs reason: --reason TEXT\n"
    )
    assert close(ledger, one).code == 0


@pytest.mark.clause("CS-5")
def test_a_finding_says_whose_how_much_and_why_and_is_signed_off(ledger: Ledger, one: str) -> None:
    ledger.ok("transition", one, "investigating")
    assert ledger("transition", one, "resolving").err == (
        f"{one}: not yet ready for 'resolving'\n  - rule 'found' (CS-5) needs finding: cpl set {one} finding.text=…\n"
    )
    ledger.ok("did", one, "arrive", "--by", "zhao.qiang")
    fields = ["responsible=engineering", "share=full", "cause=management-gap", "text=not oiled for a year"]
    ledger.ok("set", one, *(f"finding.{field}" for field in fields))
    ledger.ok("did", one, "sign-off", "--about", "finding", "--by", "sun.wei")
    ledger.ok("transition", one, "resolving")
    record = shown(ledger, one)
    assert record["finding"] == dict(field.split("=") for field in fields)
    signed = [event for event in record["history"] if event.get("did") == "sign-off"]
    assert [(event["about"], event["by"]) for event in signed] == [("finding", "sun.wei")]
