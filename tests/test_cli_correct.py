"""correct: slips, new judgements and voided events, through the command line."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.ledger import Ledger


def shown(ledger: Ledger, identifier: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(ledger.ok("show", identifier, "--format", "json"))
    return found


def action(ledger: Ledger) -> str:
    return ledger.git("log", "-1", "--format=%(trailers:key=Action,valueonly)").strip()


def test_a_slip_is_put_right_and_what_was_there_stays_in_the_history(ledger: Ledger, one: str) -> None:
    outcome = ledger("correct", one, "received_at=2026-11-18T08:50", "channel=phone", "--reason", "misread")
    assert outcome == (
        0,
        f"{one}: received_at 2026-11-18T16:00:00+08:00 → 2026-11-18T08:50:00+08:00, channel absent → 'phone'\n",
        "",
    )
    record = shown(ledger, one)
    assert (record["received_at"], record["channel"]) == ("2026-11-18T08:50:00+08:00", "phone")
    assert record["history"][-1] == {
        "at": "2026-11-18T16:00:00.001+08:00",
        "by": "li.na",
        "did": "correct",
        "set": {"received_at": "2026-11-18T08:50:00+08:00", "channel": "phone"},
        "was": {"received_at": "2026-11-18T16:00:00+08:00"},
        "reason": "misread",
    }
    assert (action(ledger), ledger("check").code) == ("correct", 0)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("kind", "repair"),
        ("nature", "B"),
        ("category", "equipment/lift"),
        ("channel", "letter"),
        ("lead", "zhao.qiang"),
    ],
)
def test_every_field_of_an_event_can_be_corrected(ledger: Ledger, one: str, field: str, value: str) -> None:
    ledger.ok("correct", one, f"{field}={value}", "--reason", "slip")
    assert (shown(ledger, one)[field], ledger("check").code) == (value, 0)


def test_a_new_judgement_keeps_its_rule(ledger: Ledger, one: str) -> None:
    outcome = ledger(
        "correct", one, "nature=A", "severity=major", "--classify", "--reason", "12 households", "--rule", "CC-3e"
    )
    assert outcome == (0, f"{one}: nature absent → 'A', severity absent → 'major'\n", "")
    event = shown(ledger, one)["history"][-1]
    assert (event["did"], event["set"], event["rule"]) == (
        "classify",
        {"nature": "A", "severity": "major"},
        "CC-3e",
    )
    assert action(ledger) == "classify"


@pytest.mark.parametrize("name", ["to:resolving", "resolving", "2026-11-18T17:00:00+08:00", "17:00"])
def test_the_last_move_is_voided_by_its_name_or_its_time(ledger: Ledger, one: str, name: str) -> None:
    later = "2026-11-18T17:00:00+08:00"
    ledger.ok("transition", one, "resolving", now=later)
    ledger.now = "2026-11-18T18:00:00+08:00"
    outcome = ledger("correct", one, "--void", name, "--reason", "wrong record")
    assert outcome == (0, f"{one}: voided to:resolving of {later}\n", "")
    assert shown(ledger, one)["status"] == "received"
    assert ledger("check").code == 0
    assert f"{later}  li.na  to:resolving  (voided)\n" in ledger.ok("show", one)


def test_a_voided_classification_gives_back_what_was_there(ledger: Ledger, one: str) -> None:
    ledger.ok("correct", one, "nature=B", "--classify", "--reason", "a")
    ledger.ok("correct", one, "nature=A", "--classify", "--reason", "b")
    assert ledger.ok("correct", one, "--void", "classify", "--reason", "c").startswith(f"{one}: voided did:classify")
    assert shown(ledger, one)["nature"] == "B"
    ledger.ok("correct", one, "--void", "classify", "--reason", "d")
    assert "nature" not in shown(ledger, one)
    assert ledger("check").code == 0


def test_neither_the_intake_nor_an_earlier_move_can_be_voided(ledger: Ledger, one: str) -> None:
    outcome = ledger("correct", one, "--void", "received", "--reason", "x")
    assert outcome == (2, "", f"the intake can't be voided; withdraw the record: cpl transition {one} STATE\n")
    ledger.ok("transition", one, "resolving")
    ledger.ok("transition", one, "investigating")
    outcome = ledger("correct", one, "--void", "resolving", "--reason", "x")
    assert outcome == (2, "", "only the last move can be voided; here another one follows\n")


def test_an_event_that_there_is_not_is_answered_with_those_there_are(ledger: Ledger, one: str) -> None:
    ledger.ok("contact", one, "--via", "phone")
    assert ledger("correct", one, "--void", "contct", "--reason", "x") == (
        2,
        "",
        f"{one} has no event 'contct'; did you mean 'contact'?\n",
    )
    assert ledger("correct", one, "--void", "15:00", "--reason", "x") == (
        2,
        "",
        f"{one} has no event '15:00'; there are: contact, did:contact, received, to:received\n",
    )


@pytest.mark.parametrize(
    ("args", "error"),
    [
        ([], "give either NAME=VALUE or --void EVENT"),
        (["kind=repair", "--void", "contact"], "give either NAME=VALUE or --void EVENT"),
        (["kind=repair"], "say why: --reason TEXT"),
        (["kind=repair", "--reason", " "], "say why: --reason TEXT"),
        (["kind=repair", "--reason", "x", "--rule", "CC-3"], "--rule goes only with --classify; leave it out"),
        (
            ["title=x", "--reason", "x"],
            "'title' is not changed by this command; "
            "there are: category, channel, kind, lead, nature, received_at, severity",
        ),
        (
            ["chanel=phone", "--reason", "x"],
            "'chanel' is not changed by this command; did you mean 'channel'?",
        ),
        (
            ["channel=phone", "--classify", "--reason", "x"],
            "'channel' is not changed by this command; there are: category, kind, nature, severity",
        ),
        (["kind=", "--reason", "x"], "kind can't be taken away by this command; say what it is"),
        (
            ["kind=repairs", "--reason", "x"],
            "Invalid value for kind: 'repairs' is not in the profile; did you mean 'repair'?",
        ),
        (
            ["lead=li", "--reason", "x"],
            "Invalid value for lead: 'li' is not one of the people in cpl.yaml; there are: li.na, sun.wei, zhao.qiang",
        ),
        (
            ["received_at=yesterday", "--reason", "x"],
            "Invalid value for received_at: 'yesterday' is not an instant like 2026-11-22T09:14:00+08:00",
        ),
    ],
)
def test_correct_says_what_is_wrong_with_its_arguments(ledger: Ledger, one: str, args: list[str], error: str) -> None:
    outcome = ledger("correct", one, *args)
    assert (outcome.code, outcome.out, outcome.err.rpartition("\n\n")[2]) == (2, "", f"Error: {error}\n")


def test_nothing_to_change_is_said(ledger: Ledger, one: str) -> None:
    outcome = ledger("correct", one, "kind=complaint", "--reason", "x")
    assert outcome == (2, "", f"{one}: nothing to change, the fields have these values\n")


@pytest.mark.clause("CC-2")
def test_a_severity_without_nature_a_is_refused_with_its_reason(ledger: Ledger, one: str) -> None:
    outcome = ledger("correct", one, "severity=minor", "--classify", "--reason", "x")
    path = ledger.path(one).relative_to(ledger.root)
    assert outcome == (
        2,
        "",
        "nothing was written, the record would not be right:\n"
        f"{path}:6: E058 severity 'minor' goes only with nature=A\n",
    )


@pytest.mark.clause("CC-2")
def test_a_severity_goes_when_the_nature_changes(ledger: Ledger) -> None:
    identifier = ledger.open("Lift", "--nature", "A", "--severity", "major")
    said = ledger.ok("correct", identifier, "nature=B", "severity=", "--classify", "--reason", "the builder's fault")
    assert said == f"{identifier}: nature 'A' → 'B', severity 'major' → absent\n"
    text = ledger.path(identifier).read_text()
    assert "\nseverity:" not in text
    assert "set: {nature: B}, was: {nature: A, severity: major}" in text
    assert ledger("check").code == 0
    ledger.ok("correct", identifier, "--void", "did:classify", "--reason", "ours after all")
    assert "\nseverity: major\n" in ledger.path(identifier).read_text()
    assert ledger("check").code == 0
