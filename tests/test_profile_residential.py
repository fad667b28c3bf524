"""The profile residential: clauses of its procedures through the command line, every figure asserted."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.ledger import CPL_YAML, Ledger, settings
from tests.test_profiles_more import Desk, desk

ROLES = {
    "desk": "客服管家",
    "steward": "楼管员",
    "supervisor": "客服主管",
    "manager": "管理处主任",
    "project-manager": "项目经理",
    "management": "管理部",
    "office": "总经办",
    "department-manager": "部门经理",
    "director": "总监",
    "operations": "营运主管",
    "engineering-supervisor": "工程主管",
    "security-supervisor": "安全主管",
    "environment-supervisor": "环境主管",
    "control-room": "指挥中心值机员",
    "patrol": "巡逻岗",
    "crew": "班组",
    "finance": "财务",
    "contractor": "维保单位",
    "quality": "品质管理部",
}
FINDING = "finding: {responsible: engineering, text: the pump failed}\n"


@pytest.fixture(scope="module")
def estate(pristine: Path, tmp_path_factory: pytest.TempPathFactory) -> Desk:
    return desk(pristine, tmp_path_factory.mktemp("residential"), "residential", "progress-told: {off: false}")


@pytest.fixture(scope="module")
def strict(pristine: Path, tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """A store that has switched on what the procedures ask for and the profile leaves to the store."""
    made = desk(pristine, tmp_path_factory.mktemp("strict"), "residential", "")
    path = made.ledger.root / "cpl.yaml"
    rules = ("finding-signed", "plan-made", "reviewed", "reviewing", "instructed", "instructing")
    on = ", ".join(f"{each}: {{off: false}}" for each in rules)
    path.write_text(f"{path.read_text(encoding='utf-8')}rules: {{{on}}}\n", encoding="utf-8")
    return made


@pytest.mark.clause("RO-1")
def test_roles_have_the_names_of_the_field_and_can_be_given_to_people(ledger: Ledger) -> None:
    known = settings().profile.roles
    assert {name: known[name].label["zh"] for name in ROLES} == ROLES
    people = "".join(f"- {{id: p-{role}, roles: [{role}]}}\n" for role in ROLES)
    (ledger.root / "cpl.yaml").write_text(CPL_YAML + people, encoding="utf-8")
    assert ledger("check") == (0, "", "0 records: no problems\n")


@pytest.mark.clause("CC-3b")
def test_loss_and_injury_are_ticked_by_a_person_not_found(estate: Desk) -> None:
    hurt = estate.put("category: equipment/lift\n")
    assert json.loads(estate.ledger.ok("escalate", hurt, "--format", "json")) == []
    judge = ("correct", hurt, "nature=A", "severity=major", "--classify", "--rule", "CC-3b", "--reason", "arm broken")
    estate.ledger.ok(*judge, "--no-commit")
    record = estate.show(hurt)
    assert (record["nature"], record["severity"]) == ("A", "major")
    assert (record["history"][-1]["rule"], record["history"][-1]["reason"]) == ("CC-3b", "arm broken")


@pytest.mark.clause("CC-4", "CC-5")
@pytest.mark.parametrize(("severity", "label"), [("important", "重要"), ("minor", "轻微")])
def test_important_and_minor_are_judged_of_our_own_shortcomings_only(estate: Desk, severity: str, label: str) -> None:
    assert settings().profile.terms["severity"][severity].label["zh"] == label
    assert list(settings().profile.terms["severity"]) == ["major", "important", "minor"]
    for nature, code in (("A", 0), ("B", 2), ("C", 2)):
        one = estate.put("")
        judge = (
            "correct",
            one,
            f"nature={nature}",
            f"severity={severity}",
            "--classify",
            "--reason",
            "r",
            "--no-commit",
        )
        outcome = estate.ledger(*judge)
        assert outcome.code == code
        assert code == 0 or f"E058 severity '{severity}' goes only with nature=A" in outcome.err


@pytest.mark.clause("CS-4")
def test_first_classification_is_by_kind_category_and_urgency(ledger: Ledger) -> None:
    wanted = {
        "repair": ["--kind", "repair", "--category", "equipment/water"],
        "suggestion": ["--kind", "suggestion"],
        "dispute": ["--kind", "coordination", "--category", "neighbour"],
        "safety": ["--category", "security", "--field", "tags=[urgent]"],
    }
    ids = {name: ledger.open(name, *args) for name, args in wanted.items()}
    found = {
        "repair": ["--kind", "repair"],
        "suggestion": ["--kind", "suggestion"],
        "dispute": ["--category", "neighbour"],
        "safety": ["--where", "tags=urgent"],
    }
    for name, args in found.items():
        rows = json.loads(ledger.ok("list", *args, "--format", "json", "--columns", "id"))
        assert rows == [{"id": ids[name]}]


@pytest.mark.clause("CR-2")
def test_one_desk_takes_everything_in_whatever_the_channel(ledger: Ledger) -> None:
    ids = [ledger.open(name, "--channel", name) for name in settings().profile.terms["channel"]]
    rows = json.loads(ledger.ok("list", "--format", "json", "--columns", "id,channel,lead,status"))
    assert {row["id"] for row in rows} == set(ids)
    assert {(row["lead"], row["status"]) for row in rows} == {("li.na", "received")}
    assert len({row["channel"] for row in rows}) == len(ids)


@pytest.mark.clause("RQ-3")
def test_what_is_not_solved_today_is_told_and_the_reply_waits_for_the_directors_review(
    estate: Desk, strict: Desk
) -> None:
    today = estate.put("nature: A\n")
    assert estate.clock(today, "resolve", "2026-11-16T12:00") == ("2026-11-17T00:00", "running", "RQ-4")
    longer = estate.put("nature: A\n", "16T10:00 to: resolving")
    assert estate.clock(longer, "progress-told", "2026-11-16T12:00") == ("2026-11-17T10:00", "running", "CS-7")
    answered = strict.put("kind: help\n", "16T10:00 to: replying", "16T11:00 did: contact, via: phone, about: reply")
    assert strict.lacks(answered, "following-up") == ["RQ-3 did:sign-off/reply"]
    refused = strict.ledger("did", answered, "sign-off", "about=reply", "--no-commit")
    assert "rule 'reviewing' wants the role manager, project-manager, office" in refused.err
    strict.does(answered, "did sign-off about=reply --by sun.wei")
    strict.does(answered, "transition following-up")


@pytest.mark.clause("RQ-2")
def test_supervisors_instruction_stands_on_the_record(strict: Desk) -> None:
    taken = strict.put("")
    assert strict.lacks(taken, "investigating") == ["RQ-2 did:instruct"]
    strict.does(taken, "did instruct --by chen.jing", "text=the pump first, then the flats")
    strict.does(taken, "transition investigating")
    instruction = strict.show(taken)["history"][1]
    assert (instruction["by"], instruction["text"]) == ("chen.jing", "the pump first, then the flats")


@pytest.mark.clause("CS-5", "CS-6")
def test_finding_is_signed_off_and_the_plan_says_who_does_what_by_when(strict: Desk) -> None:
    found = strict.put(f"nature: A\n{FINDING}", "16T09:30 did: instruct", "16T10:00 to: investigating")
    assert strict.lacks(found, "resolving") == ["CS-5 did:sign-off/finding"]
    strict.does(found, "did sign-off about=finding --by sun.wei")
    strict.does(found, "transition resolving")
    assert strict.lacks(found, "replying") == ["CS-6 tasks"]
    strict.does(found, "task add --who zhao.qiang --due 2026-11-20", "replace the pump")
    strict.does(found, "transition replying")
    (task,) = strict.show(found)["tasks"]
    assert (task["who"], task["due"]) == ("zhao.qiang", "2026-11-21T00:00:00+08:00")


@pytest.mark.clause("RQ-8")
def test_neighbours_are_mediated_not_judged_and_the_committee_is_told_of_serious_disputes(estate: Desk) -> None:
    dispute = estate.put("kind: coordination\ncategory: neighbour\n")
    estate.ledger.ok("assign", dispute, "--no-commit")
    assert estate.show(dispute)["departments"] == ["customer-service"]
    estate.does(dispute, "transition investigating")
    estate.does(dispute, "contact --via visit --about mediation", "-m", "one side heard")
    estate.does(dispute, "contact --via visit --about mediation", "-m", "the other side heard")
    estate.does(dispute, "transition resolving")  # nothing asks for a finding of who is to blame
    estate.does(dispute, "did forward whom=居委会")
    assert estate.lacks(dispute, "referred") == ["CS-6 reason"]
    estate.does(dispute, "transition referred", "--reason", "the residents' committee takes it on")
    record = estate.show(dispute)
    assert (record["status"], record.get("nature")) == ("referred", None)
    assert [event["whom"] for event in record["history"] if event.get("did") == "forward"] == ["居委会"]


@pytest.mark.parametrize(
    ("playbook", "words", "order"),
    [
        pytest.param(
            "medical-emergency",
            "An old man has fainted, call 120",
            ["address, the phone", "call 120", "entrance", "ambulance", "hospital", "relatives"],
            marks=pytest.mark.clause("RQ-10"),
        ),
        pytest.param(
            "crime",
            "Two men with a knife, call 110",
            ["cordoned off", "emergency plan", "Call 110"],
            marks=pytest.mark.clause("RQ-11"),
        ),
        pytest.param(
            "fire",
            "Smoke from the cellar, fire",
            ["report", "evacuat"],
            marks=pytest.mark.clause("RQ-11"),
        ),
    ],
)
def test_emergency_is_taken_in_at_once_and_its_steps_are_tasks_in_order(
    ledger: Ledger, playbook: str, words: str, order: list[str]
) -> None:
    outcome = ledger("open", "-t", words, "--kind", "incident")
    one = outcome.out.partition(":")[0]
    assert f"cpl playbook apply {one[-7:]} {playbook}" in outcome.err
    ledger.ok("playbook", "apply", one, playbook)
    tasks = [task["text"] for task in json.loads(ledger.ok("show", one, "--format", "json"))["tasks"]]
    places = [next(index for index, text in enumerate(tasks) if wanted.lower() in text.lower()) for wanted in order]
    assert places == sorted(places)
