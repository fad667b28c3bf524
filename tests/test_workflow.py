"""Moves, and the clauses of the procedures that they and the deadlines keep, through the command line."""

from __future__ import annotations

import hashlib
import json
import re
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from cpl import replay, workflow
from cpl.profile_rules import asked, holds
from cpl.values import replace
from tests.ledger import CPL_YAML, Ledger, record, record_text, settings

MONDAY = "2026-11-16T09:00:00+08:00"
PROFILE = settings().profile


def overdue(ledger: Ledger, at: str, *options: str) -> list[dict[str, Any]]:
    """The rows of `cpl overdue --at`."""
    rows: list[dict[str, Any]] = json.loads(
        ledger.ok("overdue", "--at", at, "--format", "json", *options, now=f"{at}:00+08:00")
    )
    return rows


def due_of(ledger: Ledger, identifier: str, clock: str, at: str = "2026-11-16T09:01") -> str | None:
    """When a clock of a record is due."""
    rows = overdue(ledger, at, "--soon", "30d")
    return next((row["due_at"] for row in rows if row["id"] == identifier and row["clock"] == clock), None)


def shown(ledger: Ledger, identifier: str, now: str = "2026-11-30T09:00:00+08:00") -> dict[str, Any]:
    """A record as a program sees it."""
    found: dict[str, Any] = json.loads(ledger.ok("show", identifier, "--format", "json", now=now))
    return found


# Deadlines


@pytest.mark.clause("FC-1")
@pytest.mark.parametrize(("when", "result"), [("17T09:00", "met"), ("17T09:01", "breached")])
def test_answer_is_due_within_24_hours(ledger: Ledger, when: str, result: str) -> None:
    identifier = ledger.open(now=MONDAY)
    assert due_of(ledger, identifier, "respond") == "2026-11-17T09:00:00+08:00"
    ledger.ok("contact", identifier, "--via", "phone", "--about", "acknowledge", now=f"2026-11-{when}:00+08:00")
    assert [(each["result"], each["clause"]) for each in shown(ledger, identifier)["clocks"]] == [(result, "FC-1")]


@pytest.mark.clause("RQ-4")
@pytest.mark.parametrize(
    ("options", "clock", "due"),
    [
        (["--kind", "repair", "--field", "order.size=minor"], "resolve", "2026-11-16T17:00:00+08:00"),
        (["--kind", "repair", "--field", "order.size=medium"], "resolve", "2026-11-19T09:00:00+08:00"),
        (["--kind", "repair", "--field", "order.size=large"], "resolve", None),
        (["--nature", "A"], "resolve", "2026-11-17T00:00:00+08:00"),
        (["--nature", "B"], "resolve", None),
        (["--kind", "consultation", "--channel", "letter"], "written-answer", "2026-11-18T09:00:00+08:00"),
        (["--kind", "consultation", "--channel", "phone"], "written-answer", None),
    ],
    ids=["minor 8 h", "medium 3 d", "large: none", "ours: same day", "not ours", "letter 2 d", "phone"],
)
def test_service_quality_is_kept_by_the_hour(ledger: Ledger, options: list[str], clock: str, due: str | None) -> None:
    identifier = ledger.open("x", *options, now=MONDAY)
    assert due_of(ledger, identifier, clock) == due


@pytest.mark.clause("RQ-4")
def test_letter_is_answered_in_writing_and_by_nothing_else(ledger: Ledger) -> None:
    identifier = ledger.open("x", "--kind", "consultation", "--channel", "letter", now=MONDAY)
    ledger.ok("contact", identifier, "--via", "phone", "--about", "reply", now="2026-11-16T10:00:00+08:00")
    assert due_of(ledger, identifier, "written-answer", "2026-11-16T11:00") == "2026-11-18T09:00:00+08:00"
    ledger.ok("contact", identifier, "--via", "letter", "--about", "written-reply", now="2026-11-17T10:00:00+08:00")
    assert due_of(ledger, identifier, "written-answer", "2026-11-17T11:00") is None


@pytest.mark.clause("CS-8")
@pytest.mark.parametrize(
    ("at", "is_soon", "late_seconds"),
    [
        ("2026-11-17T10:00", False, None),
        ("2026-11-17T10:01", True, None),
        ("2026-11-18T10:00", True, None),
        ("2026-11-18T10:01", True, 60),
    ],
)
def test_owner_is_told_soon_at_24_and_breached_at_48_hours(
    ledger: Ledger, at: str, *, is_soon: bool, late_seconds: int | None
) -> None:
    identifier = ledger.open("x", "--kind", "repair", now=MONDAY)
    ledger.ok("contact", identifier, "--via", "phone", "--about", "acknowledge", now=MONDAY)
    ledger.ok("transition", identifier, "replying", now="2026-11-16T10:00:00+08:00")
    (row,) = overdue(ledger, at, "--soon", "2d")
    assert (row["clock"], row["due_at"], row["warned"]) == ("reply", "2026-11-18T10:00:00+08:00", is_soon)
    late = [each["late_seconds"] for each in overdue(ledger, at) if each["late_seconds"] > 0]
    assert late == ([] if late_seconds is None else [late_seconds])


@pytest.mark.clause("CL-4")
def test_promise_is_overdue_until_it_is_kept(ledger: Ledger) -> None:
    identifier = ledger.open(now=MONDAY)
    said = ledger.ok("task", identifier, "add", "water", "--kind", "promise", "--due", "2026-11-16T12:00", now=MONDAY)
    (task,) = re.findall(r"t-\w{4}", said)
    assert [(row["clock"], row["late_seconds"], row["basis"]) for row in overdue(ledger, "2026-11-16T16:00")] == [
        (task, 4 * 3600, "task")
    ]
    ledger.ok("task", identifier, "done", task, now="2026-11-16T16:30:00+08:00")
    assert overdue(ledger, "2026-11-16T17:00") == []


# What a move requires


def refused(ledger: Ledger, identifier: str, state: str, *options: str) -> list[str]:
    """The lines by which a move is refused."""
    outcome = ledger("transition", identifier, state, *options)
    assert (outcome.code, outcome.out) == (2, ""), outcome
    return outcome.err.splitlines()


@pytest.mark.clause("CC-2")
def test_severity_without_nature_a_is_an_error(ledger: Ledger) -> None:
    outcome = ledger("open", "-t", "x", "--nature", "B", "--severity", "major")
    assert outcome.code == 2
    assert "E058 severity 'major' goes only with nature=A" in outcome.err
    ledger.ok("open", "-t", "x", "--nature", "A", "--severity", "major")


@pytest.mark.clause("CS-5")
def test_complaint_is_not_resolved_without_a_finding(ledger: Ledger) -> None:
    identifier = ledger.open()
    ledger.ok("transition", identifier, "investigating")
    assert refused(ledger, identifier, "resolving") == [
        f"{identifier}: not yet ready for 'resolving'",
        f"  - rule 'found' (CS-5) needs finding: cpl set {identifier} finding.text=…",
    ]
    ledger.ok("set", identifier, "finding.responsible=engineering", "finding.cause=management-gap")
    assert ledger.ok("transition", identifier, "resolving") == f"{identifier}: investigating → resolving\n"


@pytest.mark.clause("CS-6")
def test_complaint_outside_our_duty_is_referred_with_a_reason(ledger: Ledger) -> None:
    identifier = ledger.open()
    assert refused(ledger, identifier, "referred") == [
        f"{identifier}: not yet ready for 'referred'",
        "  - rule 'referring' (CS-6) needs reason: --reason TEXT",
    ]
    ledger.ok("transition", identifier, "referred", "--reason", "a matter of the water company")
    last = shown(ledger, identifier)["history"][-1]
    assert (last["to"], last["reason"]) == ("referred", "a matter of the water company")


@pytest.mark.clause("ML-3")
def test_reply_to_a_major_complaint_needs_the_plan_signed_off(ledger: Ledger) -> None:
    identifier = ledger.open("x", "--nature", "A", "--severity", "major")
    ledger.ok("transition", identifier, "resolving")
    assert refused(ledger, identifier, "replying") == [
        f"{identifier}: not yet ready for 'replying'",
        f"  - rule 'major-plan' (ML-3) needs did:sign-off/plan: cpl did {identifier} sign-off --about plan",
    ]
    ledger.ok("did", identifier, "sign-off", "about=plan", "--by", "sun.wei")
    ledger.ok("transition", identifier, "replying")


def to_follow_up(ledger: Ledger) -> str:
    """A complaint that waits for its follow-up."""
    identifier = ledger.open()
    ledger.ok("transition", identifier, "resolving")
    ledger.ok("transition", identifier, "replying")
    assert refused(ledger, identifier, "following-up") == [
        f"{identifier}: not yet ready for 'following-up'",
        f"  - rule 'told' (CS-8) needs did:contact/reply: cpl contact {identifier} --via CHANNEL --about reply",
    ]
    ledger.ok("contact", identifier, "--via", "phone", "--about", "reply")
    ledger.ok("transition", identifier, "following-up")
    return identifier


@pytest.mark.clause("RQ-5")
@pytest.mark.clause("MA-1")
def test_complaint_is_not_closed_without_a_follow_up_or_a_reason(ledger: Ledger) -> None:
    identifier = to_follow_up(ledger)
    assert refused(ledger, identifier, "closed") == [
        f"{identifier}: not yet ready for 'closed'",
        f"  - rule 'followed-up' (RQ-5) needs did:follow-up/satisfied or reason: "
        f"cpl follow-up {identifier} --via CHANNEL --satisfied or --reason TEXT",
    ]
    ledger.ok("follow-up", identifier, "--via", "phone", "--not-reached")
    assert len(refused(ledger, identifier, "closed")) == 2
    ledger.ok("follow-up", identifier, "--via", "phone", "--satisfied")
    ledger.ok("transition", identifier, "closed")
    assert ledger("check").code == 0


@pytest.mark.clause("RQ-5")
@pytest.mark.parametrize(("kind", "code"), [("complaint", 2), ("help", 2), ("repair", 0), ("consultation", 0)])
def test_follow_up_is_asked_of_every_complaint_and_every_help(ledger: Ledger, kind: str, code: int) -> None:
    identifier = ledger.open("x", "--kind", kind)
    ledger.ok("transition", identifier, "replying")
    ledger.ok("contact", identifier, "--via", "phone", "--about", "reply")
    assert ledger("transition", identifier, "closed").code == code


@pytest.mark.clause("CS-9")
def test_complainant_who_is_not_satisfied_leads_back_to_resolution(ledger: Ledger) -> None:
    identifier = to_follow_up(ledger)
    ledger.ok("follow-up", identifier, "--via", "visit", "--not-satisfied", "-m", "out again")
    assert len(refused(ledger, identifier, "closed")) == 2
    assert ledger.ok("transition", identifier, "resolving") == f"{identifier}: following-up → resolving\n"
    ledger.ok("transition", identifier, "replying")
    assert len(refused(ledger, identifier, "following-up")) == 2


def test_declining_is_for_a_manager(ledger: Ledger) -> None:
    identifier = ledger.open()
    assert refused(ledger, identifier, "declined") == [
        f"{identifier}: not yet ready for 'declined'",
        "  - rule 'declining' needs reason: --reason TEXT",
        "  - rule 'declining' wants the role manager, which 'li.na' has not: --by PERSON",
    ]
    ledger.ok("transition", identifier, "declined", "--reason", "not ours", "--by", "sun.wei")


def test_move_that_the_profile_does_not_have_names_those_it_has(ledger: Ledger) -> None:
    identifier = ledger.open()
    ledger.ok("transition", identifier, "on-hold", "--reason", "part", "--until", "2d")
    assert refused(ledger, identifier, "closed") == [
        f"{identifier}: from 'on-hold' there is no move to 'closed'; it can go to: received, withdrawn"
    ]


# What is on the record


@pytest.mark.clause("RQ-2")
def test_whoever_takes_it_in_is_its_lead_to_the_end(ledger: Ledger) -> None:
    identifier = ledger.open("x", "--by", "zhao.qiang")
    ledger.ok("assign", identifier, "--to", "sun.wei")
    found = shown(ledger, identifier)
    assert (found["lead"], found["assignee"]) == ("zhao.qiang", "sun.wei")


@pytest.mark.clause("ML-4")
@pytest.mark.parametrize(("at", "is_recorded"), [("2026-11-18T15:55", False), ("2026-11-18T15:54", True)])
def test_what_is_entered_after_the_fact_says_when(ledger: Ledger, at: str, *, is_recorded: bool) -> None:
    identifier = ledger.open(now=MONDAY)
    ledger.ok("did", identifier, "arrive", "--at", at, "--by", "zhao.qiang")
    event = shown(ledger, identifier)["history"][-1]
    assert (event["by"], event["recorded_by"]) == ("zhao.qiang", "li.na")
    assert event.get("recorded_at") == ("2026-11-18T16:00:00+08:00" if is_recorded else None)


@pytest.mark.clause("CS-3")
def test_evidence_has_its_source_and_date(ledger: Ledger) -> None:
    identifier = ledger.open()
    (ledger.root / "door.jpg").write_bytes(b"door")
    taken = ["--source", "owner", "--taken-at", "2026-11-18T09:00"]
    ledger.ok("attach", identifier, str(ledger.root / "door.jpg"), *taken)
    assert shown(ledger, identifier)["evidence"] == [
        {
            "file": "door.jpg",
            "sha256": hashlib.sha256(b"door").hexdigest(),
            "source": "owner",
            "taken_at": "2026-11-18T09:00:00+08:00",
        }
    ]


@pytest.mark.clause("CS-3")
def test_fields_of_the_intake_stand_on_the_record(ledger: Ledger) -> None:
    options = ["--name", "Wang", "--phone", "13800001234", "--building", "3", "--room", "1201", "--demand", "repair"]
    identifier = ledger.open("x", *options, "--field", "object=door", "--field", "cause=lock jams since Monday")
    found = shown(ledger, identifier)
    assert found["complainant"] == {"name": "Wang", "phone": "13800001234"}
    assert found["location"] == {"building": "3", "room": "1201"}
    assert (found["object"], found["cause"], found["demands"]) == ("door", "lock jams since Monday", ["repair"])


@pytest.mark.clause("OT-1")
@pytest.mark.parametrize(("language", "first"), [("en", "heard"), ("zh", "听清楚")])
def test_intake_has_the_checklist_to_hear_ask_repeat_write_and_report(
    ledger: Ledger, language: str, first: str
) -> None:
    path = ledger.root / "cpl.yaml"
    path.write_text(path.read_text("utf-8").replace("language: en", f"language: {language}"), encoding="utf-8")
    body = shown(ledger, ledger.open())["body"]
    boxes = [line for line in body.splitlines() if line.startswith("- [ ] ")]
    assert len(boxes) == 5
    assert boxes[0].startswith(f"- [ ] {first}")


# The questions that the rules ask of a record


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        ({}, True),
        ({"kind": ("complaint", "help")}, True),
        ({"kind": ("repair",)}, False),
        ({"category": ("equipment",)}, True),
        ({"category": ("equip",)}, False),
        ({"order.paid": ("false",)}, True),
        ({"order.paid": ("true",)}, False),
        ({"severity": ("major",)}, False),
        ({"departments": ("security",)}, True),
        ({"departments": ("security",), "kind": ("repair",)}, False),
    ],
)
def test_condition_compares_fields(when: dict[str, tuple[str, ...]], *, expected: bool) -> None:
    text = record_text(fields="category: equipment/lift\norder: {paid: false}\ndepartments: [engineering, security]\n")
    assert workflow.matches(record(text), when) is expected


@pytest.mark.parametrize(
    "value", [None, "a/b", "true", True, False, 1, Decimal("1.0"), Decimal(1), date(2026, 11, 16), (), ("a", "1"), {}]
)
def test_a_condition_sees_of_a_value_what_is_kept_of_it(value: object) -> None:
    for allowed in (("a",), ("true",), ("1",), ("1.0",), ("2026-11-16",), ("{}",), ("false", "none")):
        assert holds(value, allowed) == holds(asked(value), allowed)
    hash(asked(value))


RULES = """\
rules:
  planned: {from: [resolving], to: [replying], when: {severity: major}, requires: ['did:sign-off/plan']}
  priced: {to: [resolving, replying], when: {order.paid: ['true']}, requires: [order.price]}
  sent: {did: [forward], when: {category: equipment}, roles: [guard]}
"""


def test_what_is_kept_of_the_rules_for_one_record_holds_for_the_next() -> None:
    """Each is judged as by a profile that has seen no other, whatever was judged before it."""
    known = settings(CPL_YAML + RULES)
    moves = ("16T10:00 to: resolving", "16T11:00 did: forward, whom: x", "16T12:00 to: replying")
    lighter = "16T12:30 did: classify, set: {severity: important}, was: {severity: major}, reason: seen"
    fields = ("", "severity: major\n", "severity: important\n", "category: equipment/lift\n", "order: {paid: true}\n")
    found = []
    for each in (*fields, *reversed(fields)):
        for events in (moves, (*moves, lighter)):
            judged = record(record_text(*events, fields=each))
            faults = [(fault.code, fault.message) for fault in replay.faults(judged, known)]
            fresh = replace(known, profile=replace(known.profile))
            assert faults == [(fault.code, fault.message) for fault in replay.faults(judged, fresh)]
            found.append([re.findall(r"rule '(\w+[\w-]*)'", message)[0] for _code, message in faults])
    assert found[:10:2] == [[], ["planned", "major-plan"], [], ["sent"], ["priced", "priced"]]
    assert found[5] == ["planned", "major-plan"], "it was graver before"


PAUSE = "to: on-hold, reason: r, until: 2026-11-20T18:00:00+08:00"


def test_return_from_a_pause_does_not_begin_a_state_anew() -> None:
    text = record_text(
        "16T10:00 to: replying",
        "16T10:10 did: contact, via: phone, about: reply",
        f"16T11:00 {PAUSE}",
        "16T12:00 to: replying",
    )
    assert [event.key for event in workflow.since_entered(record(text).events, PROFILE)] == [
        "did:contact",
        "to:on-hold",
        "to:replying",
    ]
    left = text.replace("to: on-hold, reason: r, until: 2026-11-20T18:00:00+08:00", "to: resolving")
    assert workflow.since_entered(record(left).events, PROFILE) == ()


def test_way_back_leads_to_the_last_state_that_was_no_pause() -> None:
    assert workflow.allowed_moves(record(record_text("16T10:00 to: resolving", f"16T11:00 {PAUSE}")), PROFILE) == (
        "resolving",
        "withdrawn",
    )
    assert workflow.came_from((), PROFILE) is None
    assert workflow.moves_from((), "on-hold", PROFILE) == ("withdrawn",)
    assert workflow.moves_from((), "unknown", PROFILE) == ()


def test_state_that_leads_nowhere_says_so() -> None:
    assert str(workflow.IllegalTransition("ID", "a", "b", ())) == (
        "ID: from 'a' there is no move to 'b'; it can go to: no other state"
    )


@pytest.mark.parametrize(("since", "code"), [("2026-11-18", 2), ("2026-11-19", 0)])
def test_rule_counts_for_what_was_received_since_then(ledger: Ledger, since: str, code: int) -> None:
    path = ledger.root / "cpl.yaml"
    own = f"rules: {{told: {{since: {since}}}}}\n"
    path.write_text(path.read_text("utf-8") + own, encoding="utf-8")
    identifier = ledger.open("x", "--kind", "repair")
    ledger.ok("transition", identifier, "replying")
    assert ledger("transition", identifier, "closed").code == code


@pytest.mark.parametrize(
    ("requirement", "command"),
    [
        ("to:closed", "cpl transition ID closed"),
        ("reason", "--reason TEXT"),
        ("until", "--until INSTANT"),
        ("text", "-m TEXT"),
        ("finding", "cpl set ID finding.text=…"),
        ("category", "cpl correct ID category=… --classify --reason TEXT"),
        ("departments", "cpl assign ID --department NAME"),
        ("tasks", "cpl task ID add TEXT"),
        ("evidence", "cpl attach ID FILE"),
        ("links", "cpl link ID OTHER --as NAME"),
        ("did:contact", "cpl contact ID --via CHANNEL --about acknowledge"),
        ("did:contact/reply", "cpl contact ID --via CHANNEL --about reply"),
        ("did:follow-up", "cpl follow-up ID --via CHANNEL --satisfied"),
        ("did:follow-up/satisfied", "cpl follow-up ID --via CHANNEL --satisfied"),
        ("did:follow-up/management", "cpl follow-up ID --via CHANNEL --satisfied --about management"),
        ("did:follow-up/attitude", "cpl follow-up ID --via CHANNEL --satisfied --score attitude=N"),
        ("did:assign", "cpl assign ID --to PERSON"),
        ("did:classify", "cpl correct ID NAME=VALUE --classify --reason TEXT"),
        ("did:correct", "cpl correct ID NAME=VALUE --reason TEXT"),
        ("did:reschedule", "cpl task ID due TASK --due INSTANT --reason TEXT"),
        ("did:done", "cpl task ID done TASK"),
        ("did:drop", "cpl task ID drop TASK --reason TEXT"),
        ("did:sign-off/plan", "cpl did ID sign-off --about plan"),
        ("did:handover", "cpl did ID handover"),
        ("did:agree", "cpl did ID agree clock=… due=…"),
        ("did:agree/reply", "cpl did ID agree clock=reply due=…"),
        ("did:sign-off", "cpl did ID sign-off about=…"),
        ("did:void", "cpl correct ID --void EVENT --reason TEXT"),
    ],
)
def test_requirement_names_the_command_that_supplies_it(requirement: str, command: str) -> None:
    assert workflow.supplies(requirement, "ID") == command
