"""What the summary makes of follow-ups, causes and costs, and what it gives cause to improve."""

from __future__ import annotations

import json
import re
import shlex
import shutil
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from cpl import weak_points
from cpl.record import make_id
from tests.ledger import CPL_YAML, Ledger, record_text, settings

REPLIED = ("17T10:00 to: replying", "17T11:00 did: contact, via: phone, about: reply, reached: true")
SATISFIED = "17T12:00 did: follow-up, via: phone, reached: true, satisfied: {}, about: {}"
MONTH = ("summary", "--month", "2026-11", "--format", "json")


def put(ledger: Ledger, number: int, *events: str, fields: str = "") -> str:
    """Write a record by hand; its id."""
    identifier = make_id(date(2026, 11, 16), f"{number:06}")
    ledger.put(identifier, record_text(*events, fields=fields, identifier=identifier))
    return identifier


def told(ledger: Ledger, *args: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(ledger.ok(*MONTH, *args))
    return found


def satisfied(answer: str = "true", level: str = "desk", *, at: str = "17T12:00") -> str:
    return f"{at} did: follow-up, via: phone, reached: true, satisfied: {answer}, about: {level}"


@pytest.fixture(scope="module")
def followed(pristine: Path, tmp_path_factory: pytest.TempPathFactory) -> Ledger:
    """A month with 12 complaints and a call for help that were replied to, some of which were followed up."""
    root = tmp_path_factory.mktemp("followed") / "estate"
    shutil.copytree(pristine, root, symlinks=True)
    ledger = Ledger(root, now="2026-11-20T16:00:00+08:00")
    for number in range(9):
        put(ledger, number, *REPLIED, satisfied())
    put(ledger, 9, *REPLIED, satisfied("false"), satisfied(level="management", at="17T13:00"))
    put(ledger, 10, *REPLIED, "17T12:00 did: follow-up, via: phone, reached: false, about: desk")
    put(ledger, 11, *REPLIED)
    put(ledger, 12, *REPLIED, satisfied(), fields="kind: help\n")
    put(ledger, 13, "17T10:00 to: resolving")
    ledger.commit()
    return ledger


@pytest.mark.clause("RQ-5")
def test_follow_ups_are_counted_against_the_shares(followed: Ledger) -> None:
    names = ("share", "percent", "population", "wanted", "called", "reached", "share_reached", "asked", "satisfied")
    assert [tuple(each[name] for name in names) for each in told(followed)["shares"]] == [
        ("desk", 100, 13, 13, 12, 11, 0.8462, 11, 10),
        ("management", 10, 12, 2, 1, 1, 0.0833, 1, 1),
        ("management-help", 1, 1, 1, 0, 0, 0.0, 0, 0),
        ("office", 3, 13, 1, 0, 0, 0.0, 0, 0),
    ]


@pytest.mark.clause("RQ-5")
@pytest.mark.clause("CS-9")
def test_people_read_the_shares_as_a_table(followed: Ledger) -> None:
    page = followed.ok("summary", "--month", "2026-11", "--format", "markdown")
    section = page.partition("## Follow-ups against the shares\n")[2].partition("\n## ")[0]
    assert [line for line in section.splitlines() if line.startswith("| ")][2:] == [
        "| desk | complaint, help | 100 % | 13 | 13 | – | 12 | 84.6 % (11 of 13) | 90.9 % (10 of 11) |",
        "| management | complaint | 10 % | 12 | 2 | – | 1 | 8.3 % (1 of 12) | 100.0 % (1 of 1) |",
        "| management | help | 1 % | 1 | 1 | – | 0 | 0.0 % (0 of 1) | – |",
        "| office | all | 3 % | 13 | 1 | – | 0 | 0.0 % (0 of 13) | – |",
    ]


@pytest.mark.clause("RQ-5")
def test_what_was_drawn_is_counted_with_what_was_reached_of_it(followed: Ledger, tmp_path: Path) -> None:
    shutil.copytree(followed.root, tmp_path / "estate", symlinks=True)
    ledger = Ledger(tmp_path / "estate", now=followed.now)
    ledger.ok("sample", "--month", "2026-11", "--level", "management", "--share", "10%")
    (one, other) = [row["id"] for row in json.loads(ledger.ok("sample", "--open", "--format", "json"))]
    share = told(ledger)["shares"][1]
    assert (share["wanted"], share["drawn"], share["drawn_reached"]) == (2, 2, 0)
    ledger.ok("follow-up", one, "--via", "phone", "--about", "management", "--satisfied", "--by", "sun.wei")
    share = told(ledger, "--ids")["shares"][1]
    assert (share["drawn"]["ids"], share["drawn_reached"]["ids"]) == (sorted((one, other)), [one])


def test_a_broken_register_of_draws_is_told_and_the_rest_counted(ledger: Ledger) -> None:
    path = ledger.root / "records" / "registers" / "draws.yaml"
    path.parent.mkdir(parents=True)
    path.write_text("rows: {}\n", "utf-8")
    outcome = ledger(*MONTH)
    assert (outcome.code, json.loads(outcome.out)["shares"][1]["drawn"]) == (0, 0)
    assert "the register draws is not right\nrecords/registers/draws.yaml:1: E022" in outcome.err


@pytest.mark.clause("MA-3")
def test_special_services_are_followed_up_in_full_on_timeliness_and_quality(ledger: Ledger) -> None:
    """A share of 100 % for a kind of one's own; the two scores are asked for and counted."""
    mall = "kinds:\n  special-service: {label: {zh: 特殊服务}}\nshares:\n  services: "
    mall += "{level: desk, when: {kind: special-service}, share: 100%, did: follow-up/desk, clause: MA-3}\n"
    (ledger.root / "cpl.yaml").write_text(CPL_YAML + mall, "utf-8")
    for number in range(3):
        put(ledger, number, *REPLIED, fields="kind: special-service\n")
    ledger.commit()
    for number, scores in enumerate([("timeliness=5", "quality=4"), ("timeliness=4", "quality=4")]):
        piece = make_id(date(2026, 11, 16), f"{number:06}")
        ledger.ok("follow-up", piece, "--via", "visit", "--satisfied", *(f"--score={each}" for each in scores))
    found = told(ledger)
    share = next(each for each in found["shares"] if each["share"] == "services")
    assert (share["percent"], share["population"], share["reached"], share["clause"]) == (100, 3, 2, "MA-3")
    assert found["scores"] == {
        "quality": {"mean": 4.0, "given": 2},
        "timeliness": {"mean": 4.5, "given": 2},
    }


@pytest.mark.clause("CR-3")
def test_satisfaction_and_scores_are_told_back(followed: Ledger, tmp_path: Path) -> None:
    shutil.copytree(followed.root, tmp_path / "estate", symlinks=True)
    ledger = Ledger(tmp_path / "estate", now=followed.now)
    one = make_id(date(2026, 11, 16), "000011")
    ledger.ok("follow-up", one, "--via", "phone", "--not-satisfied", "--score", "attitude=2")
    other = make_id(date(2026, 11, 16), "000010")
    ledger.ok("follow-up", other, "--via", "phone", "--satisfied", "--score", "attitude=5")
    ledger.ok("follow-up", one, "--via", "phone", "--not-reached")
    text = ledger.path(one).read_text("utf-8")
    ledger.put(one, text.replace("reached: false", "reached: false, scores: {attitude: 0}"))
    ledger.commit("a score of nobody")
    shown = ledger.ok("summary", "--month", "2026-11")
    assert re.search(r"^attitude  3\.50      2$", shown, re.MULTILINE)
    assert re.search(r"^desk .* 100\.0 % \(13 of 13\) +84\.6 % \(11 of 13\)$", shown, re.MULTILINE)


@pytest.mark.clause("CR-4")
def test_what_handling_costs_is_summed_by_kind(ledger: Ledger, one: str) -> None:
    ledger.ok("set", one, "costs+={text: new lock, amount: 85.50, hours: 1.5}")
    ledger.ok("set", one, "costs+={text: taxi, amount: 20, at: 2026-11-18}", "order.charge=60")
    repair = ledger.open("Tap drips", "--kind", "repair", "--field", "order.charge=12.50")
    ledger.open("Nothing entered")
    assert told(ledger)["costs"] == [
        {"kind": "complaint", "entered": 1, "amount": 105.5, "hours": 1.5, "charged": 60.0},
        {"kind": "repair", "entered": 1, "amount": 0.0, "hours": 0.0, "charged": 12.5},
    ]
    assert told(ledger, "--ids")["costs"][1]["entered"]["ids"] == [repair]
    assert re.search(r"^complaint +1  105\.50    1\.5 +60$", ledger.ok("summary"), re.MULTILINE)


@pytest.mark.parametrize(
    ("field", "said"),
    [
        ("costs+={amount: 5}", "'text' is missing"),
        ("costs+={text: a, amount: five}", "'five' is not a number in the digits 0-9 such as 12.50"),
        ("title+=more", "'title' is no list, so nothing is added to it; use: title=VALUE"),
        ("tasks+={id: t-aaaa}", "'tasks' is not changed by hand; use: cpl task"),
    ],
)
def test_what_can_not_be_added_to_a_list_is_said(ledger: Ledger, one: str, field: str, said: str) -> None:
    outcome = ledger("set", one, field)
    assert (outcome.code, outcome.out) == (2, "")
    assert said in outcome.err


def test_items_are_added_to_a_list(ledger: Ledger, one: str) -> None:
    ledger.ok("set", one, "tags+=noise")
    ledger.ok("set", one, "tags+=[night, again]")
    assert "tags: [noise, night, again]\n" in ledger.path(one).read_text("utf-8")


@pytest.fixture
def two_months(ledger: Ledger) -> Ledger:
    """October with 4 complaints in time, November with 6 about one lift: late, with one cause, few satisfied."""
    ledger.now = "2026-11-30T16:00:00+08:00"
    for number in range(4):
        identifier = make_id(date(2026, 10, 16), f"{number:06}")
        events = [*REPLIED, satisfied(), "17T13:00 to: closed, reason: told"]
        text = record_text(*events, fields="nature: A\ncategory: vehicle/parking\n", identifier=identifier)
        ledger.put(identifier, text.replace("2026-11", "2026-10").replace("-17T10", "-16T10"))
    finding = "finding: {responsible: engineering, cause: management-gap, text: no contract}\n"
    for number in range(6):
        events = (*REPLIED, satisfied("false"), "17T13:00 to: closed, reason: told")
        fields = f"nature: A\ncategory: equipment/lift\n{finding if number < 3 else ''}"
        put(ledger, number, *(events if number < 5 else ("16T10:00 to: resolving",)), fields=fields)
    ledger.commit()
    return ledger


@pytest.mark.clause("CS-10")
def test_causes_and_hot_problems_are_counted(two_months: Ledger) -> None:
    by = told(two_months)["by"]
    assert [(each["value"], each["received"]) for each in by["cause"]] == [("management-gap", 3), (None, 3)]
    assert [(each["value"], each["received"]) for each in by["category"]] == [("equipment/lift", 6)]


@pytest.mark.clause("OT-8")
@pytest.mark.clause("CS-10")
@pytest.mark.clause("CR-5")
def test_the_summary_names_what_to_improve_and_the_command_that_takes_it_up(two_months: Ledger) -> None:
    found = told(two_months, "--findings")["findings"]
    assert {each["key"]: each["text"] for each in found} == {
        "overdue/equipment/lift": "equipment/lift: 1 overdue at the end of the period",
        "hot/equipment/lift": "equipment/lift: 6 received of 6, 0 in the period before",
        "cause/management-gap": "cause management-gap: found 3 times",
        "late/resolve": "resolve: 0 % in time, 100 % in the period before",
        "satisfaction": "0 % of those asked are satisfied, 100 % in the period before",
    }
    command = shlex.split(next(each["command"] for each in found if each["key"] == "hot/equipment/lift"))
    one = two_months.ok(*command[1:]).partition(":")[0]
    assert "x-finding: 2026-11:hot/equipment/lift\n" in two_months.path(one).read_text("utf-8")
    assert two_months("transition", one, "resolving").code == 2
    two_months.ok("task", one, "add", "New maintenance contract", "--kind", "action", "--due", "2026-12-10")
    two_months.ok("transition", one, "resolving")
    due = json.loads(two_months.ok("overdue", "--soon", "30d", "--format", "json"))
    assert [each["basis"] for each in due if each["id"] == one and each["clock"].startswith("t-")] == ["task"]


@pytest.mark.parametrize("name", ["residential", "mall", "office-tower", "community", "service-desk", "clubhouse"])
def test_every_shipped_profile_has_a_kind_for_improvements(name: str) -> None:
    text = f"format: 1\ntimezone: Asia/Shanghai\nprofile: {name}\n"
    assert weak_points.improvement_kind(settings(text).profile) == "improvement"


def test_a_kind_of_another_name_is_found_by_its_rule_or_by_what_it_was() -> None:
    text = (
        "format: 1\ntimezone: Asia/Shanghai\nprofile: mall\nkinds:\n  better: {label: {zh: 改进}, was: [improvement]}\n"
    )
    assert weak_points.improvement_kind(settings(text).profile) == "better"
    rule = "rules:\n  acting: {to: [resolving], when: {kind: suggestion}, requires: ['task:action']}\n"
    assert weak_points.improvement_kind(settings(text + rule).profile) == "suggestion"


def test_where_nothing_stands_out_it_is_said(followed: Ledger) -> None:
    shown = followed.ok("summary", "--month", "2026-10", "--findings")
    assert shown.partition("\nFindings\n")[2].startswith("Nothing stands out.\n")
    assert "Findings" not in followed.ok("summary", "--month", "2026-11")
