"""A record being changed: its events, the fields that they set, and the handling log, through the commands."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from cpl.document import Document, parse
from cpl.draft import Draft, Refused, Who, task_index
from cpl.errors import Invalid
from cpl.moments import parse_instant
from tests.ledger import Ledger, instant, record, record_text, settings

LATER = "2026-11-18T18:00:00+08:00"


def shown(ledger: Ledger, identifier: str) -> dict[str, Any]:
    """A record as a program sees it, an hour after the last command."""
    found: dict[str, Any] = json.loads(
        ledger.ok("show", identifier, "--format", "json", now="2026-11-18T19:00:00+08:00")
    )
    return found


def correct(ledger: Ledger, identifier: str, *words: str, now: str = LATER) -> None:
    ledger.ok("correct", identifier, *words, "--reason", "r", now=now)


def events(ledger: Ledger, identifier: str) -> list[str]:
    """The events as `16:00:00.001 to:state`."""
    found = shown(ledger, identifier)["history"]
    return [
        f"{event['at'][11:].partition('+')[0]} " + (f"to:{event['to']}" if "to" in event else f"did:{event['did']}")
        for event in found
    ]


# Order and time


def test_commands_of_one_second_stand_a_millisecond_apart_in_their_order(ledger: Ledger) -> None:
    identifier = ledger.open()
    ledger.ok("contact", identifier, "--via", "phone", "--about", "acknowledge")
    ledger.ok("transition", identifier, "investigating")
    ledger.ok("transition", identifier, "replying")
    ledger.ok("transition", identifier, "resolving")
    assert events(ledger, identifier) == [
        "16:00:00 to:received",
        "16:00:00.001 did:contact",
        "16:00:00.002 to:investigating",
        "16:00:00.003 to:replying",
        "16:00:00.004 to:resolving",
    ]
    assert json.loads(ledger.ok("list", "--format", "json", "--columns", "status")) == [{"status": "resolving"}]
    assert ledger("check").code == 0


def test_move_before_the_last_one_is_refused(ledger: Ledger) -> None:
    identifier = ledger.open(now="2026-11-18T12:00:00+08:00")
    ledger.ok("transition", identifier, "investigating")
    outcome = ledger("transition", identifier, "replying", "--at", "2026-11-18T15:59:59")
    assert (outcome.code, outcome.err) == (
        2,
        f"{identifier}: the last move was at 2026-11-18T16:00:00+08:00; "
        "a move at 2026-11-18T15:59:59+08:00 can't come before it\n",
    )


def test_deed_entered_late_stands_where_it_belongs(ledger: Ledger) -> None:
    identifier = ledger.open(now="2026-11-18T12:00:00+08:00")
    ledger.ok("transition", identifier, "investigating", now="2026-11-18T15:59:00+08:00")
    ledger.ok("did", identifier, "arrive", "--at", "2026-11-18T15:58")
    assert events(ledger, identifier) == [
        "12:00:00 to:received",
        "15:58:00 did:arrive",
        "15:59:00 to:investigating",
    ]
    assert shown(ledger, identifier)["history"][1]["recorded_at"] == "2026-11-18T16:00:00+08:00"


def test_move_entered_late_is_judged_by_what_was_there_then(ledger: Ledger) -> None:
    identifier = ledger.open("x", "--kind", "repair", now="2026-11-18T12:00:00+08:00")
    ledger.ok("transition", identifier, "replying", now="2026-11-18T13:00:00+08:00")
    ledger.ok("contact", identifier, "--via", "phone", "--about", "reply", now="2026-11-18T15:00:00+08:00")
    outcome = ledger("transition", identifier, "closed", "--at", "2026-11-18T14:00")
    assert (outcome.code, outcome.err.splitlines()[0]) == (2, f"{identifier}: not yet ready for 'closed'")


def test_record_without_any_move_is_told_what_it_can_do(ledger: Ledger) -> None:
    identifier = ledger.open()
    text = ledger.path(identifier).read_text("utf-8")
    ledger.put(identifier, text.replace("to: received", "did: arrive"))
    ledger.commit()
    outcome = ledger("transition", identifier, "investigating")
    assert outcome.code == 2
    assert "E053 the first event has to be the intake" in outcome.err


# Copies


def test_judgement_entered_late_leaves_a_later_one_in_force(ledger: Ledger) -> None:
    identifier = ledger.open("x", "--nature", "A", now="2026-11-18T12:00:00+08:00")
    correct(ledger, identifier, "severity=major", "--classify", now="2026-11-18T15:00:00+08:00")
    correct(ledger, identifier, "severity=minor", "--classify", "--at", "2026-11-18T14:00")
    found = shown(ledger, identifier)
    assert found["severity"] == "major"
    assert [(event["set"], event["was"]) for event in found["history"][1:]] == [
        ({"severity": "minor"}, {}),
        ({"severity": "major"}, {}),
    ]
    assert ledger("check", now=LATER).code == 0


def test_judgement_that_changes_nothing_is_refused(ledger: Ledger) -> None:
    identifier = ledger.open("x", "--nature", "A")
    outcome = ledger("correct", identifier, "nature=A", "--classify", "--reason", "r")
    assert (outcome.code, outcome.err) == (2, f"{identifier}: nothing to change, the fields have these values\n")


@pytest.mark.parametrize(
    ("voided", "severity"),
    [(["17:00"], "major"), (["17:30"], "minor"), (["17:00", "17:30"], None), (["17:30", "17:00"], None)],
    ids=["an earlier one", "the last one", "both", "both, the last one first"],
)
def test_voided_judgement_leaves_what_would_be_without_it(
    ledger: Ledger, voided: list[str], severity: str | None
) -> None:
    identifier = ledger.open("x", "--nature", "A")
    correct(ledger, identifier, "severity=minor", "--classify", now="2026-11-18T17:00:00+08:00")
    correct(ledger, identifier, "severity=major", "--classify", now="2026-11-18T17:30:00+08:00")
    for time in voided:
        correct(ledger, identifier, "--void", f"2026-11-18T{time}")
    assert shown(ledger, identifier).get("severity") == severity
    assert ledger("check", now=LATER).code == 0


def test_voided_assignment_gives_back_whom_the_intake_named(ledger: Ledger) -> None:
    identifier = ledger.open("x", "--assignee", "li.na", "--department", "engineering")
    ledger.ok("assign", identifier, "--to", "sun.wei", "--department", "security", now=LATER)
    found = shown(ledger, identifier)
    assert (found["assignee"], found["departments"]) == ("sun.wei", ["security"])
    assert found["history"][-1]["was"] == {"assignee": "li.na", "departments": ["engineering"]}
    ledger.ok("assign", identifier, "--to", "zhao.qiang", now=LATER)
    assert "was" not in shown(ledger, identifier)["history"][-1]
    correct(ledger, identifier, "--void", "did:assign")
    correct(ledger, identifier, "--void", "did:assign")
    found = shown(ledger, identifier)
    assert (found["assignee"], found["departments"]) == ("li.na", ["engineering"])
    assert ledger("check", now=LATER).code == 0


def test_voided_move_leads_back_to_the_state_before(ledger: Ledger) -> None:
    identifier = ledger.open()
    ledger.ok("transition", identifier, "investigating")
    correct(ledger, identifier, "--void", "to:investigating")
    assert shown(ledger, identifier)["status"] == "received"
    ledger.ok("transition", identifier, "replying", now=LATER)
    assert ledger("check", now=LATER).code == 0


def test_voided_joining_takes_the_people_back(ledger: Ledger) -> None:
    identifier = ledger.open("x", "--people", "11")
    ledger.ok("did", identifier, "join", "people=2")
    assert shown(ledger, identifier)["complainant"] == {"people": 13}
    correct(ledger, identifier, "--void", "did:join")
    assert shown(ledger, identifier)["complainant"] == {"people": 11}


def test_due_of_a_task_follows_its_reschedulings(ledger: Ledger) -> None:
    identifier = ledger.open()
    said = ledger.ok("task", identifier, "add", "water", "--due", "2026-11-20T12:00")
    (task,) = re.findall(r"t-\w{4}", said)
    due = ["task", identifier, "due", task, "--reason", "r", "--due"]
    ledger.ok(*due, "2026-11-21T12:00", now="2026-11-18T17:00:00+08:00")
    ledger.ok(*due, "2026-11-22T12:00", now="2026-11-18T17:30:00+08:00")
    assert shown(ledger, identifier)["tasks"][0]["due"] == "2026-11-22T12:00:00+08:00"
    correct(ledger, identifier, "--void", "2026-11-18T17:30")
    assert shown(ledger, identifier)["tasks"][0]["due"] == "2026-11-21T12:00:00+08:00"
    correct(ledger, identifier, "--void", "2026-11-18T17:00")
    assert shown(ledger, identifier)["tasks"][0]["due"] == "2026-11-20T12:00:00+08:00"


def test_closing_with_open_tasks_names_each(ledger: Ledger) -> None:
    identifier = ledger.open("x", "--kind", "repair")
    ledger.ok("task", identifier, "add", "water")
    ledger.ok("task", identifier, "add", "call back")
    outcome = ledger("transition", identifier, "withdrawn", "--reason", "r")
    first, second = shown(ledger, identifier)["tasks"]
    assert (outcome.code, outcome.err.splitlines()) == (
        2,
        [
            f"{identifier}: not yet ready for 'withdrawn'",
            f"  - task {first['id']} is open (water): cpl task {identifier} done {first['id']}",
            f"  - task {second['id']} is open (call back): cpl task {identifier} done {second['id']}",
        ],
    )


# The draft itself


WHO = Who("li.na", instant("2026-11-17T10:00"), instant("2026-11-17T10:00"), "li.na")


def document(text: str) -> Document:
    parsed, problems = parse(text.encode(), "f.md")
    assert parsed is not None, problems
    return parsed


def test_field_is_set_in_its_place_and_taken_away() -> None:
    before = record_text()
    draft = Draft(document(before), settings(), WHO)
    draft.set(["cause"], "lock jams")
    assert draft.document.text == before.replace("history:", "cause: lock jams\nhistory:")
    draft.set(["cause"], None)
    assert draft.document.text == before


def test_event_goes_behind_the_earlier_ones_and_before_the_later_ones() -> None:
    text = record_text("18T10:00 did: arrive", "19T10:00 did: finish")
    draft = Draft(document(text), settings(), Who("li.na", instant("2026-11-18T10:00"), instant("2026-11-20T10:00")))
    added = draft.add({"did": "handover"})
    assert added.at == parse_instant("2026-11-18T10:00:00.001+08:00")
    assert draft.document.text == text.replace(
        "- {at: 2026-11-19",
        "- {at: 2026-11-18T10:00:00.001+08:00, by: li.na, did: handover, recorded_at: 2026-11-20T10:00:00+08:00}\n"
        "- {at: 2026-11-19",
    )


def test_log_tells_who_said_what_when() -> None:
    draft = Draft(document(record_text()), settings(), WHO)
    draft.log("phone", "Ms Wang is content")
    assert draft.document.body == "## Handling log\n### 2026-11-17 10:00 li.na, phone\nMs Wang is content\n"


def test_draft_of_what_is_no_record_is_refused() -> None:
    draft = Draft(document("---\ntitle: x\n---\n"), settings(), WHO)
    with pytest.raises(Invalid, match="E021 'id' is missing"):
        draft.add({"did": "arrive"})


@pytest.mark.parametrize(
    ("fields", "known"), [("", "none"), ("tasks:\n- {id: t-aaaa, kind: step, text: a}\n", "t-aaaa")]
)
def test_unknown_task_is_refused_with_those_there_are(fields: str, known: str) -> None:
    found = record(record_text(fields=fields))
    with pytest.raises(Refused) as caught:
        task_index(found, "t-bbbb")
    assert str(caught.value) == f"{found.id} has no task 't-bbbb'; it has: {known}"
