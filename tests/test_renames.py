"""A state, term or clock with another name: records of before stay valid and are read with the name of now."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from cpl.renames import current
from tests.ledger import CPL_YAML, Ledger, record, record_text, settings
from tests.test_profile import SMALL, with_profile

OWN = """\
states: {handling: {label: {zh: 处理}, was: [resolving, solving]}}
clocks: {solve: {was: [resolve]}}
categories: {equipment/gate: {was: [equipment/access-control]}}
kinds: {grievance: {label: {zh: 申诉}, was: [complaint]}}
rules: {found: {to: [handling, replying]}}
"""
OLD = {"complaint": "grievance", "resolving": "handling", "access-control": "gate", "resolve": "solve"}


@pytest.fixture
def old(ledger: Ledger) -> str:
    """A complaint that went through states whose names are changed after that."""
    one = ledger.open("x", "--category", "equipment/access-control", "--building", "3", now="2026-11-16T09:00:00+08:00")
    for at, args in {
        "16T10:00": ("transition", one, "resolving"),
        "16T10:30": ("did", one, "agree", "clock=resolve", "due=2026-11-18T12:00"),
        "16T11:00": ("transition", one, "on-hold", "--reason", "r", "--until", "2026-11-17T10:00"),
        "17T10:00": ("transition", one, "resolving"),
        "17T10:10": ("correct", one, "kind=repair", "--reason", "r"),
        "17T10:20": ("correct", one, "kind=complaint", "--reason", "r"),
    }.items():
        ledger.ok(*args, now=f"2026-11-{at}:00+08:00")
    return one


def rename(ledger: Ledger) -> None:
    (ledger.root / "cpl.yaml").write_text(CPL_YAML + OWN, encoding="utf-8")
    ledger.commit("rename")


def shown(ledger: Ledger, one: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(ledger.ok("show", one, "--format", "json"))
    return found


def replaced(text: str, names: Mapping[str, str]) -> str:
    """`text` with every old name as it is now."""
    for name, other in names.items():
        for mark in ('"', "/", "to:"):
            text = text.replace(f"{mark}{name}", f"{mark}{other}")
    return text


def test_record_of_before_is_valid_and_read_with_the_names_of_now(ledger: Ledger, old: str) -> None:
    before = ledger.ok("show", old, "--format", "json")
    text = ledger.path(old).read_text(encoding="utf-8")
    rename(ledger)
    assert ledger("check") == (0, "", "1 record: no problems\n")
    after = shown(ledger, old)
    expected = json.loads(replaced(before, OLD))
    assert (after["status"], after["kind"], after["category"]) == ("handling", "grievance", "equipment/gate")
    assert after["history"] == expected["history"]
    assert after["clocks"] == expected["clocks"]
    assert ledger.path(old).read_text(encoding="utf-8") == text


def test_commands_find_it_by_both_names_and_go_on_with_the_name_of_now(ledger: Ledger, old: str) -> None:
    rename(ledger)
    lists = ("list", "--format", "markdown", "--columns", "id,status,kind,category")
    row = f"| {old} | handling | grievance | equipment/gate |\n"
    for args in (
        ["--status", "handling"],
        ["--status", "resolving"],
        ["--where", "status=handling"],
        ["--where", "status=solving kind=complaint"],
        ["--where", "status~handl"],
        ["--category", "equipment/access-control"],
        ["--category", "equipment"],
        ["--open", "--limit", "1"],
    ):
        assert ledger.ok(*lists, *args).endswith(row), args
        assert ledger.ok(*lists, *args, "--no-index").endswith(row), args
    assert old not in ledger.ok(*lists, "--where", "status!=handling")
    assert "handling" in ledger.ok("search", "x")
    due = ("overdue", "--at", "2026-11-19T12:00", "--format", "csv")
    assert ",handling,solve,2026-11-18T12:00:00+08:00" in ledger.ok(*due)
    assert ledger.ok(*due, "--no-index") == ledger.ok(*due)
    ledger.ok("transition", old, "on-hold", "--reason", "r", "--until", "2026-11-20T10:00")
    assert ledger.ok("transition", old, "resolving") == f"{old}: on-hold → handling\n"
    assert "\nstatus: handling\n" in ledger.path(old).read_text(encoding="utf-8")
    for args in (
        ["set", old, "title=y"],
        ["contact", old, "--via", "phone", "--about", "progress"],
        ["assign", old, "--to", "zhao.qiang"],
        ["task", old, "add", "z", "--kind", "step"],
        ["correct", old, "category=equipment/lift", "--reason", "r"],
        ["undo", "--yes"],
        ["transition", old, "replying"],
    ):
        ledger.ok(*args)
    assert ledger("check").code == 0
    assert ledger("check", "--range", "HEAD~7..HEAD").code == 0


def test_move_of_before_can_be_voided(ledger: Ledger, old: str) -> None:
    rename(ledger)
    moves = [each["at"] for each in shown(ledger, old)["history"] if each.get("to") == "handling"]
    ledger.ok("correct", old, "--void", moves[-1], "--reason", "slip")
    assert shown(ledger, old)["status"] == "on-hold"
    assert "to: resolving}, reason: slip" in ledger.path(old).read_text(encoding="utf-8")
    assert ledger("check").code == 0


def test_figures_are_those_of_before_under_the_names_of_now(ledger: Ledger, old: str) -> None:
    command = ("summary", "--week", "2026-W47", "--format", "json")
    ledger.ok("transition", old, "replying")
    before = ledger.ok(*command)
    rename(ledger)
    after = json.loads(ledger.ok(*command))
    assert after == json.loads(replaced(before, OLD))


def test_what_did_not_change_is_the_same_record() -> None:
    known = settings()
    one = record(record_text("17T10:00 to: resolving"))
    assert current(one, known.profile) is one
    renamed = settings(CPL_YAML + OWN).profile
    assert current(one, renamed) is not one
    assert current(current(one, renamed), renamed) == current(one, renamed)


@pytest.mark.parametrize(
    ("was", "expected"),
    [
        ("out", "'out' can't have been the name of 'wait', for it is that of 'out'; take it out"),
        ("a, a", "'a' can't have been the name of 'wait', for it is that of 'wait'; take it out"),
    ],
)
def test_name_of_before_is_that_of_one_thing(was: str, expected: str) -> None:
    (found,) = with_profile(SMALL.replace("wait: {paused: true}", f"wait: {{paused: true, was: [{was}]}}"))
    assert found == f"4: E071 {expected}"
