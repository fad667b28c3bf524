"""The profiles office-tower, community, service-desk and clubhouse: each clause through the command line."""

from __future__ import annotations

import itertools
import json
import re
import shutil
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from cpl.record import ALPHABET, make_id
from tests.ledger import ROOT, Ledger, record_text, settings

NAMES = ("office-tower", "community", "service-desk", "clubhouse")
CPL_YAML = """\
format: 1
name: 时代大厦
timezone: Asia/Shanghai
language: zh
profile: {profile}
people:
- {{id: li.na, name: 李娜, emails: [li.na@example.org], roles: [desk], department: customer-service}}
- {{id: zhao.qiang, name: 赵强, emails: [zhao.qiang@example.org], roles: [crew], department: engineering}}
- {{id: chen.jing, name: 陈静, emails: [chen.jing@example.org], roles: [supervisor], department: customer-service}}
- {{id: sun.wei, name: 孙伟, emails: [sun.wei@example.org], roles: [manager], department: management}}
clocks: {{{clocks}}}
"""
LACK = re.compile(
    r"  - rule '[\w-]+'(?: \(([\w-]+)\))? (?:needs (.*?): (?:cpl|--)|wants the role (.*?), which '(.*?)' has not)"
)
CHARACTERS = itertools.product(ALPHABET, repeat=2)


@dataclass
class Desk:
    """A store of one profile, whose records are written by hand: nothing is committed, which is fast."""

    ledger: Ledger

    def put(self, fields: str, *events: str, by: str = "li.na") -> str:
        """A record received on Monday, the 16th at 09:00, with these fields and events; its id."""
        identifier = make_id(date(2026, 11, 16), "AAAA" + "".join(next(CHARACTERS)))
        self.ledger.put(identifier, record_text(*events, fields=fields, identifier=identifier).replace("li.na", by))
        return identifier

    def lacks(self, identifier: str, state: str, *args: str) -> list[str]:
        """What the move still lacks, each with its clause; the record is not changed."""
        outcome = self.ledger("transition", identifier, state, "--no-commit", *args)
        assert (outcome.code, outcome.out) == (2, ""), outcome
        return [" ".join(part for part in found if part) for found in LACK.findall(outcome.err)]

    def does(self, identifier: str, command: str, *args: str) -> None:
        """Run a command that writes, by its first word, about a record."""
        first, *rest = command.split()
        self.ledger.ok(first, identifier, *rest, "--no-commit", *args)

    def show(self, identifier: str, at: str = "2026-11-18T16:00") -> dict[str, Any]:
        """The record as `show` gives it."""
        data: dict[str, Any] = json.loads(self.ledger.ok("show", identifier, "--format", "json", "--at", at))
        return data

    def clock(self, identifier: str, name: str, at: str) -> tuple[str, str, str | None] | None:
        """Of the last run of a clock: when it is due, its result and the clause."""
        runs = [run for run in self.show(identifier, at)["clocks"] if run["clock"] == name]
        return (runs[-1]["due_at"][:16], runs[-1]["result"], runs[-1]["clause"]) if runs else None

    def late(self, at: str) -> dict[str, tuple[str, int]]:
        """What is overdue, by id: the clock, and by how many seconds."""
        rows = json.loads(self.ledger.ok("overdue", "--format", "json", "--at", at))
        return {row["id"]: (row["clock"], row["late_seconds"]) for row in rows}


def desk(pristine: Path, folder: Path, profile: str, clocks: str) -> Desk:
    root = folder / "estate"
    shutil.copytree(pristine, root, symlinks=True)
    (root / "cpl.yaml").write_text(CPL_YAML.format(profile=profile, clocks=clocks), encoding="utf-8")
    return Desk(Ledger(root))


@pytest.fixture(scope="module")
def tower(pristine: Path, tmp_path_factory: pytest.TempPathFactory) -> Desk:
    on = "hand-over: {off: false}, progress-told: {off: false}, report-upwards: {off: false}"
    return desk(pristine, tmp_path_factory.mktemp("tower"), "office-tower", on)


@pytest.fixture(scope="module")
def estate(pristine: Path, tmp_path_factory: pytest.TempPathFactory) -> Desk:
    return desk(pristine, tmp_path_factory.mktemp("estate"), "community", "write-up: {off: false}")


@pytest.fixture(scope="module")
def service(pristine: Path, tmp_path_factory: pytest.TempPathFactory) -> Desk:
    return desk(pristine, tmp_path_factory.mktemp("service"), "service-desk", "")


@pytest.fixture(scope="module")
def club(pristine: Path, tmp_path_factory: pytest.TempPathFactory) -> Desk:
    return desk(pristine, tmp_path_factory.mktemp("club"), "clubhouse", "")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "home"
    folder.mkdir()
    (folder / ".gitconfig").write_text("[user]\nname = 李 娜\nemail = li.na@example.org\n", encoding="utf-8")
    monkeypatch.setenv("HOME", str(folder))
    return folder


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize("name", NAMES)
def test_init_makes_a_store_of_each_profile_without_problems(tmp_path: Path, name: str) -> None:
    ledger = Ledger(tmp_path / name)
    ledger.root.mkdir()
    ledger.ok("init", "--profile", name, "--language", "zh", "--no-hooks")
    assert len((ledger.root / "cpl.yaml").read_text(encoding="utf-8").splitlines()) < 20
    assert ledger("check") == (0, "", "0 records: no problems\n")
    record = ledger.path(ledger.open("门禁坏了", "--no-commit")).read_text(encoding="utf-8")
    assert "\nkind: complaint\n" in record
    assert "- [ ] 听清楚" in record


@pytest.mark.parametrize("name", NAMES)
def test_each_kind_of_a_profile_has_a_template_in_both_languages(name: str) -> None:
    text = (ROOT / "templates" / "profiles" / f"{name}.yaml").read_text(encoding="utf-8")
    own = re.findall(r"^  ([\w-]+): \{label: .*", text.partition("kinds:")[2].partition("\n\n")[0], re.MULTILINE)
    for kind in own if "\nkinds:" in text else ():
        for language in ("en", "zh"):
            assert (ROOT / "templates" / "records" / f"{kind}.{language}.md").is_file()


@pytest.mark.parametrize("name", NAMES)
def test_clocks_that_are_off_can_be_switched_on_and_each_target_names_its_clause(name: str) -> None:
    text = (ROOT / "templates" / "profiles" / f"{name}.yaml").read_text(encoding="utf-8")
    off = re.findall(r"^  ([\w-]+):.*\n    off: true$", text, re.MULTILINE)
    start = f"format: 1\ntimezone: Asia/Shanghai\nprofile: {name}\n"
    before = settings(start).profile.clocks
    after = settings(f"{start}clocks: {{{', '.join(f'{each}: {{off: false}}' for each in off)}}}\n").profile
    assert set(after.clocks) - set(before) == set(off)
    assert all(target.clause for clock in after.clocks.values() for target in clock.targets)


@pytest.mark.parametrize("name", NAMES)
def test_every_name_of_a_profile_has_a_chinese_label(name: str) -> None:
    profile = settings(f"format: 1\ntimezone: Asia/Shanghai\nprofile: {name}\n").profile
    terms = [term for section in profile.terms.values() for term in section.values()]
    named = [*terms, *profile.roles.values(), *profile.states.values(), *profile.clocks.values()]
    assert [each.name for each in named if "zh" not in each.label] == []


REPAIR = "kind: repair\ncategory: equipment/power\nlocation: {building: A, room: '1201'}\ncomplainant: {name: 周女士}\n"
PAID = REPAIR + "order: {paid: true, price: 120, crew: [zhao.qiang]}\n"
TOLD = "did: contact, via: phone, about: reply, reached: true"
AGREED = "did: agree, clock: resolve, due: 2026-11-16T15:00:00+08:00"
GIVEN = "did: assign, set: {departments: [engineering]}"
SCORES = "scores: {quality: 5, attitude: 5, satisfaction: 4}"
INFORMED = TOLD.replace("reply", "progress")
FOLLOWED_UP = f"did: follow-up, via: phone, about: desk, satisfied: true, {SCORES}"
FOR = "departments: [engineering]\n"


@pytest.mark.clause("OT-1")
def test_intake_of_an_office_tower_is_four_times_clear_and_reported(tower: Desk) -> None:
    identifier = tower.ledger.open("会议室没电", "--no-commit")
    body = tower.ledger.path(identifier).read_text(encoding="utf-8")
    checks = re.findall(r"- \[ \] (\w+)：", body)
    assert checks == ["听清楚", "问清楚", "复清楚", "记清楚", "已报告"]
    assert tower.lacks(identifier, "resolving")[:3] == [
        "OT-1 category",
        "OT-1 location",
        "OT-1 complainant.name or reason",
    ]


@pytest.mark.clause("OT-2")
def test_what_is_taken_in_is_dispatched_at_once(tower: Desk) -> None:
    waiting = tower.put(REPAIR)
    assert "OT-2 did:assign" in tower.lacks(waiting, "resolving")
    assert waiting not in tower.late("2026-11-16T09:10:00")
    assert tower.late("2026-11-16T09:10:01")[waiting] == ("hand-over", 1)
    given = tower.put(FOR + REPAIR, f"16T09:09 {GIVEN}")
    assert tower.clock(given, "hand-over", "2026-11-16T12:00") == ("2026-11-16T09:10", "met", "MA-1")


@pytest.mark.clause("OT-3")
def test_paid_repair_begins_when_its_price_is_accepted(tower: Desk) -> None:
    asked = tower.put(FOR + REPAIR, f"16T09:05 {GIVEN}", f"16T09:06 {AGREED}")
    assert tower.lacks(asked, "resolving") == ["OT-3 order.paid", "OT-3 order.crew"]
    tower.does(asked, "set order.paid=true order.crew=[zhao.qiang]")
    assert tower.lacks(asked, "resolving") == ["OT-3 order.price", "OT-3 did:sign-off/price"]
    assert tower.lacks(asked, "with-others")[:2] == ["OT-3 order.price", "OT-3 did:sign-off/price"]
    tower.does(asked, "set order.price=120")
    tower.does(asked, "did sign-off about=price who=customer")
    tower.does(asked, "transition resolving")
    free = tower.put(
        FOR + REPAIR + "order: {paid: false, crew: [zhao.qiang]}\n", f"16T09:05 {GIVEN}", f"16T09:06 {AGREED}"
    )
    tower.does(free, "transition resolving")


@pytest.mark.clause("OT-3")
def test_repair_is_closed_when_the_customer_signed_scored_and_is_charged(tower: Desk) -> None:
    done = tower.put(PAID, "16T10:00 to: resolving", "16T14:00 to: confirming")
    assert tower.lacks(done, "closed") == [
        "OT-3 did:sign-off/order or reason",
        "OT-3 did:follow-up/quality or reason",
        "OT-3 did:follow-up/attitude or reason",
        "OT-3 did:follow-up/satisfaction or reason",
        "OT-3 order.charge",
        "OT-8 did:follow-up/satisfied or reason",
    ]
    tower.does(done, "did sign-off about=order who=customer")
    scores = [word for name in ("quality=5", "attitude=5", "satisfaction=4") for word in ("--score", name)]
    tower.does(done, "follow-up --via visit --satisfied", *scores)
    assert tower.lacks(done, "closed") == ["OT-3 order.charge"]
    tower.does(done, "set order.charge=120")
    tower.does(done, "transition closed")


@pytest.mark.clause("OT-4")
def test_appointment_is_the_deadline_and_the_customer_is_kept_informed(tower: Desk) -> None:
    without = tower.put(FOR + PAID, f"16T09:05 {GIVEN}", "16T09:06 did: sign-off, about: price")
    assert tower.lacks(without, "resolving") == ["OT-4 did:agree/resolve"]
    agreed = tower.put(PAID, f"16T09:05 {AGREED}", "16T10:00 to: resolving", f"16T10:00 {INFORMED}")
    assert tower.late("2026-11-16T15:30:00")[agreed] == ("resolve", 1800)
    assert tower.clock(agreed, "progress-told", "2026-11-16T12:00") == ("2026-11-17T10:00", "running", "CS-7")
    again = tower.put(PAID, "16T10:00 to: resolving", "16T14:00 to: confirming")
    assert tower.lacks(again, "resolving") == ["OT-4 did:agree/resolve"]


@pytest.mark.clause("OT-5")
def test_in_unit_services_are_negotiated_and_public_areas_have_a_promised_time(tower: Desk) -> None:
    own = "kind: service\ncategory: in-unit/greening\nlocation: {room: '1201'}\ncomplainant: {name: 周女士}\n"
    order = "order: {paid: true, crew: [c]}\n"
    sign = tower.put(FOR + own.replace("greening", "sign") + order, f"16T09:05 {GIVEN}", f"16T09:06 {AGREED}")
    wanted = ["OT-3 order.price", "OT-3 did:sign-off/price", "OT-5 order.price", "OT-5 did:sign-off/price"]
    assert tower.lacks(sign, "resolving") == wanted
    free = tower.put(FOR + own + order.replace("true", "false"), f"16T09:05 {GIVEN}", f"16T09:06 {AGREED}")
    assert tower.lacks(free, "resolving") == wanted[2:]
    for category in ("noise", "air", "hawkers", "cleaning", "greening", "damage"):
        fields = f"category: environment/{category}\nlocation: {{floor: '8'}}\ncomplainant: {{name: 周女士}}\n"
        public = tower.put(FOR + fields, f"16T09:05 {GIVEN}")
        assert tower.lacks(public, "resolving") == ["OT-5 did:agree/resolve"]


@pytest.mark.clause("OT-5")
def test_delivery_record_of_lost_mail_is_checked(tower: Desk) -> None:
    mail = tower.put("category: service/mail\n", "16T10:00 to: resolving")
    assert tower.lacks(mail, "confirming") == ["OT-5 finding.text or evidence"]
    tower.does(mail, "set", "finding.text=The book says: handed to the front desk on the 14th")
    tower.does(mail, "transition confirming")


@pytest.mark.clause("OT-6")
def test_serious_complaint_goes_to_the_leaders_who_inspect_it(tower: Desk) -> None:
    fields = "severity: serious\ncategory: environment/noise\nlocation: {floor: '8'}\ncomplainant: {name: 周女士}\n"
    serious = tower.put(FOR + fields, f"16T09:05 {GIVEN}", f"16T09:06 {AGREED}")
    assert tower.lacks(serious, "resolving") == ["OT-6 did:instruct"]
    assert tower.clock(serious, "report-upwards", "2026-11-16T12:00") == ("2026-11-17T00:00", "running", "OT-6")
    refused = tower.ledger("did", serious, "instruct", "--no-commit")
    assert refused.code == 2
    assert "rule 'instructing' wants the role director, office, manager" in refused.err
    tower.does(serious, "did instruct --by sun.wei")
    tower.does(serious, "transition resolving")
    assert tower.lacks(serious, "confirming") == ["OT-6 did:arrive", "OT-6 evidence"]


@pytest.mark.clause("OT-7")
def test_other_parties_are_contacted_and_the_customer_told(tower: Desk) -> None:
    others = tower.put("category: equipment/lift\n", "16T10:00 to: resolving")
    assert tower.lacks(others, "with-others") == ["OT-7 did:contact/progress", "OT-7 did:forward", "OT-7 until"]
    tower.does(others, "contact --via phone --about progress")
    tower.does(others, "did forward whom=电梯公司")
    tower.does(others, "transition with-others --until 2026-11-20T12:00")
    tower.does(others, "transition confirming")
    assert "OT-7 did:contact/reply" in tower.lacks(others, "closed")


@pytest.mark.clause("OT-8")
def test_timely_rate_is_handled_in_time_of_all_per_kind_and_for_all(pristine: Path, tmp_path: Path) -> None:
    here = desk(pristine, tmp_path, "office-tower", "")
    for kind, done in (("repair", "14:00"), ("repair", "15:00"), ("repair", "16:00"), ("complaint", "15:01")):
        here.put(f"kind: {kind}\n", f"16T09:05 {AGREED}", "16T10:00 to: resolving", f"16T{done} to: confirming")
    figures = json.loads(here.ledger.ok("summary", "--month", "2026-11", "--format", "json"))
    assert figures["timely"] == {
        "clock": "resolve",
        "met": 2,
        "breached": 2,
        "not_yet_due": 0,
        "rate_of_all": 0.5,
        "rate_of_due": 0.5,
    }
    assert [(row["value"], row["timely"]["rate_of_all"]) for row in figures["by"]["kind"]] == [
        ("repair", 0.6667),
        ("complaint", 0.0),
    ]


@pytest.mark.clause("OT-8")
def test_every_case_is_evaluated_and_corrective_action_has_a_deadline(tower: Desk) -> None:
    told = tower.put("", "16T10:00 to: resolving", "16T14:00 to: confirming", f"16T14:10 {TOLD}")
    assert tower.lacks(told, "closed") == ["OT-8 did:follow-up/satisfied or reason"]
    better = tower.put(FOR + "kind: improvement\n", f"16T09:05 {GIVEN}")
    assert tower.lacks(better, "resolving") == ["OT-8 tasks", "OT-8 did:agree/resolve"]
    tower.does(better, "task add --kind action --due 2026-11-30", "One more electrician")
    tower.does(better, "did agree clock=resolve due=2026-11-30")
    tower.does(better, "transition resolving")
    assert tower.clock(better, "resolve", "2026-12-02T09:00") == ("2026-12-01T00:00", "breached", None)


FULL = (
    "category: equipment/lift\nlocation: {building: '5'}\nhappened_at: 2026-11-15\n"
    "cause: Out since Sunday\ndemands: [repair]\n"
)


@pytest.mark.clause("ML-1")
def test_complaint_says_place_time_course_content_and_demand(estate: Desk) -> None:
    bare = estate.put("severity: general\n", f"16T09:05 {GIVEN}", by="chen.jing")
    wanted = ["ML-1 location", "ML-1 happened_at", "ML-1 cause", "ML-1 demands"]
    assert estate.lacks(bare, "resolving") == wanted
    assert estate.lacks(estate.put(FULL), "resolving") == ["ML-1 severity"]


@pytest.mark.clause("ML-2")
def test_general_complaint_is_passed_on_by_the_supervisor_and_guided_by_the_director(estate: Desk) -> None:
    general = estate.put(f"severity: general\n{FULL}")
    assert estate.lacks(general, "resolving") == ["ML-2 did:assign"]
    refused = estate.ledger("assign", general, "--department", "engineering", "--no-commit")
    assert "rule 'notifying' wants the role supervisor, manager" in refused.err
    estate.does(general, "assign --department engineering --by chen.jing")
    estate.does(general, "transition resolving --by chen.jing")
    estate.does(general, "did finish --by zhao.qiang")
    assert estate.lacks(general, "replying") == ["ML-2 did:instruct"]
    assert "rule 'guiding' wants the role manager" in estate.ledger("did", general, "instruct", "--no-commit").err
    estate.does(general, "did instruct --by sun.wei")
    estate.does(general, "transition replying")


@pytest.mark.clause("ML-3")
def test_major_complaint_is_handled_by_the_director_in_person(estate: Desk) -> None:
    major = estate.put(f"severity: major\n{FULL}")
    assert estate.lacks(major, "resolving") == [
        "ML-3 did:sign-off/meeting",
        "ML-3 did:sign-off/plan",
        "ML-3 did:agree/reply",
        "ML-3 did:contact",
        "manager li.na",
    ]
    refused = estate.ledger("did", major, "sign-off", "--about", "plan", "--no-commit")
    assert "rule 'signing-off' wants the role manager" in refused.err
    estate.does(major, "contact --via phone --about progress")
    for about in ("meeting", "plan"):
        estate.does(major, f"did sign-off about={about} --by sun.wei")
    estate.does(major, "did agree clock=reply due=2026-11-19T18:00 --by sun.wei")
    estate.does(major, "transition resolving --by sun.wei")
    assert estate.late("2026-11-19T18:00:01")[major] == ("reply", 1)
    checked = estate.put("severity: major\n", "16T10:00 to: following-up", "16T11:00 " + FOLLOWED_UP)
    assert estate.lacks(checked, "closed") == ["ML-3 did:sign-off/effect"]


@pytest.mark.clause("ML-4")
def test_emergency_is_acted_on_first_and_written_up_after(estate: Desk) -> None:
    args = ("--kind", "incident", "--severity", "emergency", "--at", "2026-11-18T02:10", "--no-commit")
    identifier = estate.ledger.open("Burst pipe", *args)
    estate.does(identifier, "transition resolving --at 2026-11-18T02:11")
    estate.does(identifier, "did finish --at 2026-11-18T05:40 --by zhao.qiang")
    recorded = [event.get("recorded_at") for event in estate.show(identifier)["history"]]
    assert recorded == ["2026-11-18T16:00:00+08:00"] * 3
    assert estate.lacks(identifier, "replying") == [
        "ML-4 location",
        "ML-4 happened_at",
        "ML-4 cause",
        "ML-4 did:sign-off/write-up",
    ]
    assert estate.clock(identifier, "write-up", "2026-11-18T17:00") == ("2026-11-19T02:10", "running", "ML-4")


@pytest.mark.clause("ML-5")
def test_outcome_goes_to_the_centre_and_the_follow_up_is_recorded(estate: Desk) -> None:
    working = estate.put("kind: repair\n", "16T10:00 to: resolving")
    assert estate.lacks(working, "replying") == ["ML-5 did:finish"]
    estate.does(working, "did finish --by zhao.qiang")
    estate.does(working, "transition replying")
    assert estate.lacks(working, "following-up") == ["ML-5 did:contact/reply"]
    estate.does(working, "contact --via phone --about reply")
    estate.does(working, "transition following-up")
    estate.does(working, "follow-up --via phone --not-satisfied")
    assert estate.lacks(working, "closed") == ["ML-5 did:follow-up/satisfied or reason"]
    estate.does(working, "transition resolving")


CALLER = "complainant: {name: 何女士, phone: '13700003333', address: 2-0902}\n"
KNOWN = "16T09:01 did: sign-off, about: identity"


@pytest.mark.clause("FC-1")
def test_whoever_takes_it_answers_within_24_hours_and_nobody_shifts_it_away(service: Desk) -> None:
    taken = service.put(
        f"category: service\nlead: li.na\nassignee: zhao.qiang\n{CALLER}",
        "16T09:02 did: contact, via: phone, about: acknowledge",
        "16T09:05 did: assign, set: {assignee: zhao.qiang}",
        "16T09:06 did: handover",
    )
    assert service.clock(taken, "answer", "2026-11-17T09:00") == ("2026-11-17T09:00", "running", "FC-1")
    assert service.late("2026-11-17T09:00:01")[taken] == ("answer", 1)
    assert service.show(taken)["lead"] == "li.na"
    nowhere = service.ledger("transition", taken, "closed", "--no-commit").err
    assert re.findall(r"[\w-]+", nowhere.rpartition("it can go to: ")[2])[::2] == [
        "resolving",
        "replying",
        "with-utility",
        "on-hold",
        "withdrawn",
    ]
    replying = service.put("", "16T10:00 to: replying")
    assert service.lacks(replying, "closed") == ["FC-1 did:contact/reply or did:contact/written-reply"]
    assert "FC-1 did:assign" in service.lacks(service.put(""), "resolving")


@pytest.mark.clause("FC-2")
def test_municipal_matter_is_explained_and_the_utility_pressed(service: Desk) -> None:
    water = service.put(f"category: public/water\n{CALLER}", KNOWN)
    wanted = ["FC-2 did:contact/progress", "FC-2 did:forward", "FC-2 until"]
    assert service.lacks(water, "with-utility") == wanted
    assert service.lacks(water, "replying") == ["FC-2 did:forward"]
    service.does(water, "contact --via phone --about progress")
    service.does(water, "did forward whom=自来水公司")
    service.does(water, "transition with-utility --until 2026-11-18T20:00")
    assert service.late("2026-11-18T20:00:01")[water][0] in ("with-utility", "answer")
    service.does(water, "transition replying")


@pytest.mark.clause("FC-3")
def test_recurring_problem_is_found_and_studied(pristine: Path, tmp_path: Path) -> None:
    here = desk(pristine, tmp_path, "service-desk", "")
    fields = "category: public/road\nlocation: {area: north}\n"
    ids = [here.put(fields) for _time in range(3)]
    found = json.loads(here.ledger.ok("escalate", "--format", "json", "--at", "2026-11-16T10:00"))
    assert [(each["id"], each["proposed"], each["clause"]) for each in found] == [
        (each, "important", "FC-3") for each in ids
    ]
    assert json.loads(here.ledger.ok("similar", ids[0], "--format", "json"))
    study = here.put("kind: improvement\n", "16T09:01 did: assign, set: {}")
    assert here.lacks(study, "resolving") == ["FC-3 links", "FC-3 tasks"]
    solved = here.put("kind: improvement\n", "16T10:00 to: replying")
    assert here.lacks(solved, "closed") == ["FC-3 finding.text"]


@pytest.mark.clause("FC-4")
def test_name_address_phone_matter_and_answer_are_recorded_and_the_identity_checked(service: Desk) -> None:
    unknown = service.put("")
    assert service.lacks(unknown, "replying") == [
        "FC-4 category",
        "FC-4 complainant.name or reason",
        "FC-4 complainant.phone or complainant.email or reason",
        "FC-4 complainant.address or location.building or location.room or reason",
        "FC-4 did:sign-off/identity or reason",
    ]
    named = service.put(f"category: service\n{CALLER}", KNOWN)
    service.does(named, "transition replying")
    anonymous = service.put("category: service\n")
    service.does(anonymous, "transition replying --reason anonymous")


@pytest.mark.clause("FC-4")
def test_overdue_and_important_goes_to_the_supervisor(pristine: Path, tmp_path: Path) -> None:
    here = desk(pristine, tmp_path, "service-desk", "")
    overdue = here.put(f"category: service\n{CALLER}", KNOWN)
    asked = ("escalate", "--format", "json", "--at")
    assert json.loads(here.ledger.ok(*asked, "2026-11-17T09:00:00")) == []
    found = json.loads(here.ledger.ok(*asked, "2026-11-17T09:00:01"))
    assert [(each["id"], each["proposed"], each["clause"]) for each in found] == [(overdue, "important", "FC-4")]
    important = here.put(f"severity: important\ncategory: service\n{CALLER}", KNOWN)
    assert here.lacks(important, "replying") == ["FC-4 did:instruct"]
    refused = here.ledger("did", important, "instruct", "--no-commit")
    assert "rule 'instructing' wants the role supervisor, manager" in refused.err
    here.does(important, "did instruct --by chen.jing")
    here.does(important, "transition replying")
    channels = json.loads(here.ledger.ok("summary", "--month", "2026-11", "--format", "json"))["by"]["channel"]
    assert [row["received"] for row in channels] == [2]


@pytest.mark.clause("FC-5")
def test_figures_hold_nothing_of_who_called(pristine: Path, tmp_path: Path) -> None:
    here = desk(pristine, tmp_path, "service-desk", "")
    here.put(f"severity: important\nlocation: {{building: '2', room: '0902'}}\ntitle: 何女士 0902 no water\n{CALLER}")
    for form in ("json", "markdown", "table"):
        text = here.ledger.ok("summary", "--month", "2026-11", "--ids", "--format", form)
        assert not [private for private in ("何女士", "13700003333", "0902") if private in text]


@pytest.mark.clause("FC-6")
def test_who_can_not_be_answered_now_is_called_back(service: Desk) -> None:
    call = service.put("category: service\nchannel: phone\ncomplainant: {name: 何女士}\n", KNOWN)
    wanted = ["FC-6 complainant.phone", "FC-6 did:contact/reply or did:agree/call-back"]
    assert [each for each in service.lacks(call, "resolving", "--reason", "r") if "FC-6" in each] == wanted
    service.does(call, "did agree clock=call-back due=2026-11-18T17:00")
    assert service.clock(call, "call-back", "2026-11-18T17:00") == ("2026-11-18T17:00", "running", None)
    assert service.clock(call, "call-back", "2026-11-18T17:01") == ("2026-11-18T17:00", "breached", None)


@pytest.mark.clause("FC-7")
def test_opinion_collected_unasked_is_a_suggestion_without_a_deadline(service: Desk) -> None:
    opinion = service.ledger.open("More benches", "--kind", "suggestion", "--no-commit")
    assert service.show(opinion, "2026-11-18T16:00")["clocks"] == []
    service.does(opinion, "transition replying")


@pytest.mark.clause("IC-2")
@pytest.mark.parametrize(
    ("kind", "state", "wanted"),
    [
        (
            "lost-property",
            "received",
            [
                "IC-1 did:arrive",
                "IC-2 object",
                "IC-2 happened_at",
                "IC-2 location",
                "IC-2 complainant.name",
                "IC-2 complainant.phone or complainant.address",
            ],
        ),
        ("lost-property", "resolving", ["IC-2 did:sign-off/report", "IC-2 finding.text"]),
        ("damage", "received", ["IC-2 object", "IC-2 happened_at", "IC-2 location", "IC-2 cause"]),
        ("damage", "resolving", ["IC-2 did:sign-off/report", "IC-2 finding.text"]),
        ("incident", "resolving", ["IC-2 happened_at", "IC-2 location", "IC-2 cause"]),
        (
            "duty-log",
            "resolving",
            [
                "IC-2 happened_at",
                "IC-2 cause",
                "IC-2 did:finish",
                "IC-2 object",
                "IC-2 demands",
                "IC-2 finding.text",
                "IC-2 did:handover",
            ],
        ),
    ],
)
def test_reports_of_a_club_house_hold_what_they_must(club: Desk, kind: str, state: str, wanted: list[str]) -> None:
    moves = [] if state == "received" else [f"16T10:00 to: {state}"]
    identifier = club.put(f"kind: {kind}\n", *moves)
    assert club.lacks(identifier, "resolving" if state == "received" else "closed") == wanted


@pytest.mark.clause("IC-2")
def test_duty_log_is_handed_to_the_next_shift(club: Desk) -> None:
    fields = "happened_at: 2026-11-16T18:05:00+08:00\ncause: street\nobject: none\ndemands: [none]\n"
    log = club.put(
        f"kind: duty-log\n{fields}finding: {{text: none}}\n", "16T18:10 to: resolving", "16T18:40 did: finish"
    )
    assert club.lacks(log, "following-up") == ["IC-2 did:handover", "IC-2 did:assign", "IC-2 did:handover"]
    club.does(log, "assign --to chen.jing")
    club.does(log, "did handover --by chen.jing")
    club.does(log, "transition following-up")


@pytest.mark.clause("IC-1")
def test_theft_is_closed_when_the_guest_decided_about_the_police(club: Desk) -> None:
    theft = club.put("kind: complaint\ncategory: security/theft\n", "16T10:00 to: resolving", f"16T10:10 {TOLD}")
    assert club.lacks(theft, "closed") == ["IC-1 did:sign-off/police or did:sign-off/no-police"]
    club.does(theft, "did sign-off about=no-police who=guest")
    club.does(theft, "transition closed")
