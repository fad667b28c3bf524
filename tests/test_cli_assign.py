"""assign --all-of: all work of one person handed to another; and what people who have left can't do any more."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.ledger import Ledger
from tests.processes import Terminal

LATER = "2026-11-18T17:00:00+08:00"


def shown(ledger: Ledger, identifier: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(ledger.ok("show", identifier, "--format", "json"))
    return found


def usage(error: str) -> str:
    """The last paragraph of a usage error."""
    return error.rpartition("\n\n")[2]


def task_of(ledger: Ledger, identifier: str, who: str) -> str:
    """Add a task for that person; its id."""
    return ledger.ok("task", identifier, "add", "Ring", "--who", who).split()[2]


def leaves(ledger: Ledger, person: str, until: str) -> None:
    """Give a person a last day."""
    marker = ledger.root / "cpl.yaml"
    text = marker.read_text(encoding="utf-8").replace(f"id: {person},", f"id: {person}, until: {until},")
    marker.write_text(text, encoding="utf-8")
    ledger.commit()


@pytest.fixture(scope="session")
def busy(pristine: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """A store with complaints on which zhao.qiang has something to do, and their ids by what it is."""
    ledger = Ledger(tmp_path_factory.mktemp("busy") / "estate")
    shutil.copytree(pristine, ledger.root, symlinks=True)
    ids = {name: ledger.open(name) for name in ("assigned", "led", "task", "both", "closed", "others")}
    ledger.ok("assign", ids["assigned"], ids["both"], ids["closed"], "--to", "zhao.qiang")
    ledger.ok("correct", ids["led"], "lead=zhao.qiang", "--reason", "took the call")
    ledger.ok("correct", ids["both"], "lead=zhao.qiang", "--reason", "took the call")
    ids["t-task"] = task_of(ledger, ids["task"], "zhao.qiang")
    ids["t-both"] = task_of(ledger, ids["both"], "zhao.qiang")
    ids["t-done"] = task_of(ledger, ids["both"], "zhao.qiang")
    ids["t-other"] = task_of(ledger, ids["both"], "li.na")
    ledger.ok("task", ids["both"], "done", ids["t-done"])
    ledger.ok("transition", ids["closed"], "withdrawn", "--reason", "by mistake")
    return ledger.root, ids


@pytest.fixture
def work(ledger: Ledger, busy: tuple[Path, dict[str, str]]) -> dict[str, str]:
    """The ids of that store, of which the ledger is a copy."""
    root, ids = busy
    shutil.rmtree(ledger.root)
    shutil.copytree(root, ledger.root, symlinks=True)
    return ids


def test_all_open_work_of_a_person_is_handed_over_in_one_commit(ledger: Ledger, work: dict[str, str]) -> None:
    head, ledger.now = ledger.git("rev-parse", "HEAD").strip(), LATER
    untouched = [ledger.path(work[name]).read_bytes() for name in ("closed", "others", "led")]
    outcome = ledger("assign", "--all-of", "zhao.qiang", "--to", "sun.wei", "--department", "management", "-m", "leave")
    said = {
        work["assigned"]: "assigned to management, sun.wei",
        work["both"]: f"assigned to management, sun.wei, task {work['t-both']} for sun.wei",
        work["task"]: f"task {work['t-task']} for sun.wei",
    }
    assert outcome == (0, "".join(f"{each}: {said[each]}\n" for each in sorted(said)), "")
    assert ledger.git("rev-parse", "HEAD~1").strip() == head
    assert ledger.git("log", "-1", "--format=%B").strip() == (
        "3 complaints: handed over from zhao.qiang to sun.wei\n\nleave\n\n"
        + "".join(f"Complaint: {each}\n" for each in sorted(said))
        + "Action: assign"
    )
    assert untouched == [ledger.path(work[name]).read_bytes() for name in ("closed", "others", "led")]
    both = shown(ledger, work["both"])
    assert (both["assignee"], both["departments"], both["lead"]) == ("sun.wei", ["management"], "zhao.qiang")
    assert {task["id"]: task["who"] for task in both["tasks"]} == {
        work["t-both"]: "sun.wei",
        work["t-done"]: "zhao.qiang",
        work["t-other"]: "li.na",
    }
    assert both["history"][-1] == {
        "at": LATER,
        "by": "li.na",
        "did": "assign",
        "set": {"assignee": "sun.wei", "departments": ["management"]},
    }
    assert f"li.na, {said[work['both']]}\nleave\n" in both["body"]
    assert "departments" not in shown(ledger, work["task"])
    assert ledger("check").code == 0


def test_with_lead_also_what_the_person_answers_for(ledger: Ledger, work: dict[str, str]) -> None:
    ledger.now = LATER
    out = ledger.ok("assign", "--all-of", "zhao.qiang", "--to", "sun.wei", "--lead", "-m", "has left")
    said = {
        work["assigned"]: "assigned to sun.wei",
        work["led"]: "lead sun.wei",
        work["both"]: f"assigned to sun.wei, lead sun.wei, task {work['t-both']} for sun.wei",
        work["task"]: f"task {work['t-task']} for sun.wei",
    }
    assert out == "".join(f"{each}: {said[each]}\n" for each in sorted(said))
    led = shown(ledger, work["led"])
    assert (led["lead"], led["history"][-1]) == (
        "sun.wei",
        {
            "at": LATER,
            "by": "li.na",
            "did": "correct",
            "set": {"lead": "sun.wei"},
            "was": {"lead": "zhao.qiang"},
            "reason": "has left",
        },
    )
    assert shown(ledger, work["task"])["lead"] == "li.na"
    assert ledger("check").code == 0
    assert ledger("assign", "--all-of", "zhao.qiang", "--to", "sun.wei", "--lead", "-m", "x").err.endswith(
        "\n'zhao.qiang' has no open work to hand over\n"
    )
    assert ledger.ok("undo", "--yes") == "undone: 4 complaints: handed over from zhao.qiang to sun.wei\n"


def test_a_dry_run_says_the_same_and_writes_nothing(ledger: Ledger, work: dict[str, str]) -> None:
    args = ["assign", "--all-of", "zhao.qiang", "--to", "sun.wei", "--lead", "-m", "has left"]
    before = ledger.git("rev-parse", "HEAD"), ledger.path(work["led"]).read_bytes()
    dry = ledger(*args, "--dry-run")
    assert (dry.code, dry.err) == (0, "a dry run: nothing was written\n")
    assert (ledger.git("rev-parse", "HEAD"), ledger.path(work["led"]).read_bytes()) == before
    assert (ledger.git("status", "--porcelain"), ledger.ok(*args)) == ("", dry.out)


def test_when_one_record_can_not_be_written_none_is(ledger: Ledger, work: dict[str, str]) -> None:
    path = ledger.path(work["both"])
    path.write_text(path.read_text(encoding="utf-8").replace("kind: complaint", "kind: grumble"), encoding="utf-8")
    ledger.commit()
    head = ledger.git("rev-parse", "HEAD")
    for more in ([], ["--dry-run"]):
        outcome = ledger("assign", "--all-of", "zhao.qiang", "--to", "sun.wei", *more)
        shown_path = path.relative_to(ledger.root)
        assert (outcome.code, outcome.out, outcome.err.splitlines()[0]) == (
            2,
            "",
            f"{shown_path} was not right before this, so nothing is written to it; "
            f"mend it with: cpl edit {work['both']}",
        )
        assert (ledger.git("rev-parse", "HEAD"), ledger.git("status", "--porcelain")) == (head, "")


def test_an_uncommitted_edit_stops_it_and_keeps_the_reason(ledger: Ledger, work: dict[str, str]) -> None:
    path = ledger.path(work["task"])
    path.write_text(path.read_text(encoding="utf-8") + "by hand\n", encoding="utf-8")
    outcome = ledger("assign", "--all-of", "zhao.qiang", "--to", "sun.wei", "-m", "leave")
    assert outcome == (
        2,
        "",
        f"your text is kept in {ledger.root}/.git/cpl/kept/assign.txt\n"
        f"{path.relative_to(ledger.root)} has changes that are not committed; "
        "commit them, or add yours with --no-commit\n",
    )
    assert ledger.git("diff", "--name-only").strip() == str(path.relative_to(ledger.root))


def test_a_record_that_can_not_be_read_is_named_and_the_others_go(ledger: Ledger, work: dict[str, str]) -> None:
    ledger.put(work["task"], "---\n")
    ledger.commit()
    outcome = ledger("assign", "--all-of", "zhao.qiang", "--to", "sun.wei")
    path = ledger.path(work["task"]).relative_to(ledger.root)
    assert (outcome.code, outcome.out.count("assigned to sun.wei")) == (0, 2)
    assert outcome.err.startswith(f"unreadable: {path}:1: E004 ")


@pytest.mark.parametrize(
    ("args", "error"),
    [
        ([], "say which complaints: either ID… or --all-of PERSON"),
        (["7k3", "--all-of", "zhao.qiang"], "say which complaints: either ID… or --all-of PERSON"),
        (["7k3", "--lead", "--to", "sun.wei"], "--lead and --dry-run go only with --all-of; leave them out"),
        (["7k3", "--dry-run", "--to", "sun.wei"], "--lead and --dry-run go only with --all-of; leave them out"),
        (["--all-of", "zhao.qiang"], "say to whom: --to PERSON"),
        (["--all-of", "zhao.qiang", "--to", "sun.wei", "--lead"], "say why the lead changes: -m TEXT"),
        (
            ["--all-of", "zhao.q", "--to", "sun.wei"],
            "Invalid value for --all-of: 'zhao.q' is not one of the people in cpl.yaml; did you mean 'zhao.qiang'?",
        ),
        (
            ["--all-of", "zhao.qiang", "--to", "sun"],
            "Invalid value for --to: 'sun' is not one of the people in cpl.yaml; did you mean 'sun.wei'?",
        ),
        (
            ["--all-of", "me", "--to", "li.na"],
            "Invalid value for --to: 'li.na' has it already; hand it to somebody else",
        ),
        (
            ["--all-of", "zhao.qiang", "--to", "sun.wei", "--department", "it"],
            "Invalid value for --department: 'it' is not in the profile; there are: customer-service, engineering, "
            "environment, finance, general-office, management, other, quality, security",
        ),
    ],
)
def test_what_is_wrong_with_the_arguments_is_said(ledger: Ledger, args: list[str], error: str) -> None:
    outcome = ledger("assign", *args)
    assert (outcome.code, outcome.out, usage(outcome.err)) == (2, "", f"Error: {error}\n")


def test_nothing_to_hand_over_says_what_the_person_leads(ledger: Ledger, one: str) -> None:
    words = "'li.na' has no open work to hand over"
    args = ["assign", "--all-of", "li.na", "--to", "sun.wei"]
    assert ledger(*args) == (2, "", f"{words}; but leads 1 open complaint: add --lead\n")
    ledger.open("second")
    assert ledger(*args).err == f"{words}; but leads 2 open complaints: add --lead\n"
    assert ledger("assign", "--all-of", "sun.wei", "--to", "li.na") == (2, "", f"{words.replace('li.na', 'sun.wei')}\n")
    assert one in ledger.ok(*args, "--lead", "-m", "leave", "--dry-run")


def test_at_a_terminal_it_is_asked_to_whom_among_those_who_are_there(ledger: Ledger, work: dict[str, str]) -> None:
    leaves(ledger, "li.na", "2020-01-01")  # by the real clock of a process
    with Terminal(ledger, "assign", "--all-of", "zhao.qiang", "--by", "sun.wei") as terminal:
        terminal.expect("To (sun.wei): ")
        terminal.type("sun.wei\n")
        code, said = terminal.finish()
    assert (code, f"{work['assigned']}: assigned to sun.wei\n" in said) == (0, True)


def test_whoever_has_left_does_not_act_any_more_but_did_before(ledger: Ledger, one: str) -> None:
    leaves(ledger, "zhao.qiang", "2026-11-17")
    words = "say who acts: --by PERSON, or when it was done: --at INSTANT"
    refused = (2, "", f"'zhao.qiang' left after 2026-11-17 (see cpl.yaml); {words}\n")
    assert ledger("contact", one, "--via", "phone", "--by", "zhao.qiang") == refused
    assert ledger("open", "-t", "x", "--by", "zhao.qiang") == refused
    ledger.env = {"CPL_USER": "zhao.qiang"}
    assert ledger("transition", one, "resolving") == refused
    assert ledger("edit", one, "--file", "-", stdin="x") == refused
    entered = ["open", "-t", "Seen on my last day", "--at", "2026-11-17T23:59:59"]
    assert ledger(*entered).code == 0
    assert ledger.ok("list", "--lead", "zhao.qiang", "--columns", "title", "--format", "plain") == (
        "Seen on my last day\n"
    )
    ledger.env = {}
    assert ledger.git("status", "--porcelain") == ""


@pytest.mark.parametrize(
    ("args", "option"),
    [
        (["assign", "ID", "--to", "zhao.qiang"], "--to"),
        (["assign", "--all-of", "li.na", "--to", "zhao.qiang"], "--to"),
        (["task", "ID", "add", "Ring", "--who", "zhao.qiang"], "--who"),
        (["correct", "ID", "lead=zhao.qiang", "--reason", "x"], "lead"),
        (["open", "-t", "x", "--assignee", "zhao.qiang"], "--assignee"),
        (["open", "-t", "x", "--lead", "zhao.qiang"], "--lead"),
    ],
    ids=["assign", "all-of", "task", "correct", "assignee", "lead"],
)
def test_whoever_has_left_gets_no_new_work(ledger: Ledger, one: str, args: list[str], option: str) -> None:
    leaves(ledger, "zhao.qiang", "2026-11-17")
    outcome = ledger(*(one if word == "ID" else word for word in args))
    assert (outcome.code, outcome.out, usage(outcome.err)) == (
        2,
        "",
        f"Error: Invalid value for {option}: 'zhao.qiang' left after 2026-11-17 (see cpl.yaml) and gets no new work; "
        "name somebody who is there\n",
    )


def test_the_last_day_is_a_day_of_work_and_a_task_may_be_anybodys(ledger: Ledger, one: str) -> None:
    leaves(ledger, "zhao.qiang", "2026-11-18")
    assert ledger.ok("assign", one, "--to", "zhao.qiang") == f"{one}: assigned to zhao.qiang\n"
    assert ledger("task", one, "add", "Ring", "--who", "the lift company").code == 0
    assert ledger.ok("did", one, "handover", "--by", "zhao.qiang") == f"{one}: handover\n"


def test_whoever_has_left_hands_over_what_is_left(ledger: Ledger, work: dict[str, str]) -> None:
    leaves(ledger, "zhao.qiang", "2026-11-17")
    warned = [line.partition(": ")[2][:4] for line in ledger.ok("check").splitlines()]
    assert warned == ["W015"] * 6
    ledger.ok("assign", "--all-of", "zhao.qiang", "--to", "sun.wei", "--lead", "-m", "has left")
    assert ledger.ok("check") == ""
    assert work["closed"] in ledger.ok("list", "--assignee", "zhao.qiang", "--columns", "id")
