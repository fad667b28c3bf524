"""What went wrong on somebody's first day with cpl, each step as it was typed."""

from __future__ import annotations

import json

import pytest

from tests.ledger import Ledger


def test_a_field_emptied_again_does_not_meet_a_rule(ledger: Ledger, one: str) -> None:
    ledger.ok("transition", one, "investigating")
    ledger.ok("set", one, "finding.text=a")
    ledger.ok("set", one, "finding.text=")
    assert "finding" not in ledger.path(one).read_text(encoding="utf-8")
    outcome = ledger("transition", one, "resolving")
    assert (outcome.code, f"cpl set {one} finding.text=…" in outcome.err) == (2, True)


def test_an_empty_mapping_does_not_meet_a_rule(ledger: Ledger, one: str) -> None:
    ledger.ok("transition", one, "investigating")
    path = ledger.path(one)
    path.write_text(path.read_text(encoding="utf-8").replace("\nhistory:", "\nfinding: {}\nhistory:"), encoding="utf-8")
    ledger.commit()
    assert ledger("transition", one, "resolving").code == 2


def test_the_return_from_a_pause_starts_no_clock(ledger: Ledger) -> None:
    one = ledger.open("Lift", now="2026-11-18T09:00:00+08:00")
    ledger.ok("contact", one, "--via", "phone", "--about", "acknowledge", now="2026-11-18T09:05:00+08:00")
    ledger.ok("transition", one, "on-hold", "--reason", "x", "--until", "2d", now="2026-11-18T09:10:00+08:00")
    ledger.ok("transition", one, "received", now="2026-11-18T10:00:00+08:00")
    shown = json.loads(ledger.ok("show", one, "--format", "json"))
    assert [(run["clock"], run["run"], run["result"]) for run in shown["clocks"]] == [("respond", 1, "met")]


@pytest.mark.parametrize("people", ["0", "-3"])
def test_nobody_or_fewer_can_not_complain(ledger: Ledger, people: str) -> None:
    outcome = ledger("open", "-t", "x", "--people", people)
    assert outcome.code == 2
    assert f"'{people}' is not a whole number from 1" in outcome.err


@pytest.mark.clause("RQ-4")
def test_a_size_that_no_target_knows_is_refused(ledger: Ledger) -> None:
    outcome = ledger("open", "-t", "x", "--kind", "repair", "--field", "order.size=smal")
    assert outcome.code == 2
    assert "order.size 'smal' is not in the profile" in outcome.err


def test_a_paused_clock_is_not_due_soon_and_the_next_step_can_be_made(ledger: Ledger) -> None:
    one = ledger.open("Light", "--nature", "A", now="2026-11-18T09:00:00+08:00")
    ledger.ok("contact", one, "--via", "phone", "--about", "acknowledge", now="2026-11-18T09:05:00+08:00")
    ledger.ok("transition", one, "on-hold", "--reason", "x", "--until", "2026-11-20", now="2026-11-18T10:00:00+08:00")
    rows = json.loads(ledger.ok("overdue", "--soon", "9d", "--format", "json"))
    assert [(row["basis"], row["next"]) for row in rows] == [("pause", f"cpl transition {one[-7:]} received")]


def test_a_paused_clock_with_an_agreed_date_says_how_to_go_on(ledger: Ledger) -> None:
    one = ledger.open("Light", now="2026-11-18T09:00:00+08:00")
    ledger.ok("contact", one, "--via", "phone", "--about", "acknowledge", now="2026-11-18T09:05:00+08:00")
    ledger.ok("did", one, "agree", "clock=resolve", "due=2026-11-18T12:00", now="2026-11-18T09:10:00+08:00")
    ledger.ok("transition", one, "on-hold", "--reason", "x", "--until", "2026-11-20", now="2026-11-18T10:00:00+08:00")
    rows = json.loads(ledger.ok("overdue", "--format", "json"))
    assert [(row["basis"], row["next"]) for row in rows] == [("agreed", f"cpl transition {one[-7:]} received")]


def test_no_input_is_understood_behind_the_command_too(ledger: Ledger) -> None:
    outcome = ledger("open", "--no-input")
    assert (outcome.code, "the title is missing: --title TEXT" in outcome.err) == (2, True)


@pytest.mark.parametrize(("typed", "meant"), [("water", "equipment/water"), ("noise", "environment/noise")])
def test_the_last_part_of_a_category_leads_to_it(ledger: Ledger, typed: str, meant: str) -> None:
    assert f"did you mean '{meant}'?" in ledger("open", "-t", "x", "--category", typed).err


def test_fields_have_the_same_short_names_everywhere(ledger: Ledger, one: str) -> None:
    ledger.ok("set", one, "building=4", "phone=13800001234")
    two = ledger.open("Lift", "--field", "building=4")
    assert json.loads(ledger.ok("list", "--where", "building=4", "--columns", "id", "--format", "json")) == [
        {"id": one},
        {"id": two},
    ]


def test_what_changes_nothing_is_not_written(ledger: Ledger, one: str) -> None:
    ledger.ok("set", one, "title=Lift")
    ledger.ok("assign", one, "--to", "zhao.qiang", "--department", "engineering")
    for args in (["set", one, "title=Lift"], ["assign", one, "--to", "zhao.qiang", "--department", "engineering"]):
        outcome = ledger(*args)
        assert (outcome.code, "nothing to change" in outcome.err) == (2, True)


def test_an_assignment_is_shown_without_what_it_does_not_say(ledger: Ledger, one: str) -> None:
    ledger.ok("assign", one, "--to", "zhao.qiang")
    ledger.ok("assign", one, "--to", "sun.wei")
    shown = ledger.ok("show", one)
    assert "did:assign  assignee: 'zhao.qiang'\n" in shown
    assert "did:assign  assignee: 'sun.wei'\n" in shown


@pytest.mark.parametrize(
    ("where", "said"),
    [
        ("status=recieved", "'recieved' is not a state of the profile; did you mean 'received'?"),
        ("kind!=repairs", "'repairs' is not in the profile; did you mean 'repair'?"),
        ("building==3", "write one '=': building=3"),
    ],
)
def test_a_where_that_can_find_nothing_is_refused(ledger: Ledger, where: str, said: str) -> None:
    outcome = ledger("list", "--where", where)
    assert (outcome.code, said in outcome.err) == (2, True)


def test_init_says_which_settings_of_a_store_it_keeps(ledger: Ledger) -> None:
    outcome = ledger("init", "--name", "other", "--timezone", "Europe/Berlin")
    assert outcome.code == 0
    assert "cpl.yaml is kept as it is: --name, --timezone changed nothing\n" in outcome.err


def test_a_title_given_twice_is_refused(ledger: Ledger) -> None:
    outcome = ledger("open", "-t", "x", "--field", "title=y")
    assert (outcome.code, "'title' is given twice" in outcome.err) == (2, True)
