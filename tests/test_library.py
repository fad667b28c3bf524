"""The playbooks that come with cpl: all scenarios and incidents are there, with the figures of the procedures."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from cpl import shelf
from tests import readme
from tests.ledger import ROOT, Ledger
from tests.test_cli_task import shown

VEHICLES = (
    "space-taken-own",
    "space-taken-other",
    "vehicle-data-not-told",
    "vehicle-data-told",
    "gate-faulty",
    "gate-sound",
    "sticker-deserved",
    "sticker-our-fault",
    "charging-pile",
    "parking-fee-raised",
)
EQUIPMENT = (
    "door-access-ignored",
    "lift-trapped",
    "lift-repair-ignored",
    "pipe-burst",
    "pipe-pit-open",
    "intercom-password",
    "intercom-fob",
    "intercom-told",
    "smoke-detector-damaged",
    "smoke-detector-silent",
    "meter-room-locked",
    "corridor-light-out",
)
INCIDENTS = (
    "drunk-disorderly",
    "quarrel-fight",
    "lost-property",
    "theft",
    "power-cut-sudden",
    "power-cut-planned",
    "fire",
)
PARTS = (
    "AVOID: do not promise or mention",
    "What the complainant expects",
    "Steps",
    "Facts to collect",
    "Say, in outline",
    "Risks",
)


@pytest.fixture(scope="module")
def estate(pristine: Path, tmp_path_factory: pytest.TempPathFactory) -> Ledger:
    """An empty store for tests that only read, or add a complaint of their own."""
    root = tmp_path_factory.mktemp("library") / "estate"
    shutil.copytree(pristine, root, symlinks=True)
    return Ledger(root)


def listed(ledger: Ledger) -> dict[str, dict[str, Any]]:
    rows = json.loads(ledger.ok("playbook", "list", "--format", "json"))
    return {row["name"]: row for row in rows}


@pytest.mark.clause("CL-1")
def test_all_twenty_two_scenarios_are_there(estate: Ledger) -> None:
    scenarios = {name for name, row in listed(estate).items() if row["clause"] == "CL-1"}
    assert (len(VEHICLES), len(EQUIPMENT)) == (10, 12)
    assert scenarios == {*VEHICLES, *EQUIPMENT}


@pytest.mark.clause("IC-1")
def test_all_incidents_are_there(estate: Ledger) -> None:
    found = listed(estate)
    assert {name for name, row in found.items() if row["clause"] == "IC-1"} == {*INCIDENTS}


@pytest.mark.clause("CL-2")
@pytest.mark.parametrize("name", [*VEHICLES, *EQUIPMENT])
def test_a_scenario_holds_all_that_it_has_to(estate: Ledger, name: str) -> None:
    text = estate.ok("playbook", "show", name)
    assert [part for part in PARTS if f"\n{part}\n  " not in text] == []


@pytest.mark.clause("CL-2")
def test_the_figures_of_the_procedures_are_there(estate: Ledger) -> None:
    text = "".join(estate.ok("playbook", "show", name) for name in listed(estate))
    figures = (
        "within 10 minutes",
        "within the same day",
        "within 1 day, at 08:30",
        "within 1 day)",
        "within 2 days",
        "within 3 days",
        "within 7 days",
        "every 1 day",
        "every 7 days",
        "every 1 month",
        "within 4 hours",
        "1 day ahead of the date",
    )
    assert [figure for figure in figures if figure not in text] == []
    assert (text.count("\nNotice\n") >= 10, text.count("\nTo improve, internal\n") >= 20) == (True, True)


@pytest.mark.clause("IC-1")
def test_guests_are_told_ten_minutes_before_the_power_is_cut(estate: Ledger) -> None:
    identifier = estate.open("Power cut on Monday", "--kind", "incident", "--category", "equipment/power")
    estate.ok("playbook", "apply", identifier, "power-cut-planned", "--date", "2026-11-23T09:00")
    dues = {task["source"].partition("#")[2]: task.get("due") for task in shown(estate, identifier)["tasks"]}
    assert dues["tell-guests"] == "2026-11-23T08:50:00+08:00"


@pytest.mark.clause("IC-1")
def test_the_guests_choice_about_the_police_is_written_down(estate: Ledger) -> None:
    identifier = estate.open("Wallet stolen", "--kind", "incident", "--category", "security")
    rows = json.loads(estate.ok("playbook", "suggest", identifier, "--format", "json"))
    assert rows[0]["name"] == "theft"
    estate.ok("playbook", "apply", identifier, "theft")
    assert "- [ ] The guest's choice about the police, in their own hand\n" in shown(estate, identifier)["body"]


@pytest.mark.clause("CL-3")
@pytest.mark.parametrize(
    ("title", "category", "expected"),
    [
        ("3号楼电梯困人", "equipment/lift", "lift-trapped"),
        ("My space is taken again", "vehicle/parking", "space-taken-own"),
        ("Two guests fight at the bar", "security", "quarrel-fight"),
        ("消防：楼道起火", "equipment/fire", "fire"),
    ],
)
def test_the_first_suggestion_is_the_one_that_fits(estate: Ledger, title: str, category: str, expected: str) -> None:
    identifier = estate.open(title, "--category", category)
    rows = json.loads(estate.ok("playbook", "suggest", identifier, "--format", "json"))
    assert rows[0]["name"] == expected


def test_names_of_files_are_names_of_playbooks() -> None:
    assert [path.name for path in (ROOT / shelf.FOLDER).iterdir()] != []
    assert {path.name for path in (ROOT / shelf.FOLDER).iterdir()} == {f"{each}.yaml" for each in shelf.own_names(ROOT)}


def test_the_page_shows_what_the_commands_print(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "playbooks.md").read_text(encoding="utf-8")
    assert readme.replayed(page, tmp_path) == page, "run: python -m tests.readme docs/playbooks.md"
