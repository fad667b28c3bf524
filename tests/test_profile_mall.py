"""The profile mall: each clause of its procedure through the command line, every figure asserted."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.ledger import settings
from tests.test_profiles_more import Desk, desk

PEOPLE = """\
- {id: li.na, name: 李娜, emails: [li.na@example.org], roles: [desk], department: operations}
- {id: chen.jing, name: 陈静, emails: [chen.jing@example.org], roles: [operations], department: operations}
- {id: sun.wei, name: 孙伟, emails: [sun.wei@example.org], roles: [department-manager], department: operations}
- {id: wang.gang, name: 王刚, emails: [wang.gang@example.org], roles: [director], department: management}
"""
JUDGED = "did: classify, set: {nature: invalid}, reason: out of scope"
EXPLAINED = "did: contact, via: visit, about: explanation, reached: true"


@pytest.fixture(scope="module")
def mall(pristine: Path, tmp_path_factory: pytest.TempPathFactory) -> Desk:
    made = desk(pristine, tmp_path_factory.mktemp("mall"), "mall", "")
    path = made.ledger.root / "cpl.yaml"
    text = path.read_text(encoding="utf-8").partition("people:\n")[0]
    path.write_text(f"{text}people:\n{PEOPLE}", encoding="utf-8")
    return made


@pytest.mark.clause("MA-1")
@pytest.mark.parametrize(
    ("fields", "clock", "due", "clause"),
    [
        ("kind: complaint\n", "hand-over", "2026-11-16T09:10", "MA-1"),
        ("kind: complaint\n", "call-back", "2026-11-16T12:00", "MA-1"),
        ("kind: suggestion\n", "feedback", "2026-11-17T10:00", "MA-1"),
        ("tags: [trade-stopped]\ncategory: equipment/power\n", "resolve", "2026-11-16T10:00", "MA-1"),
        ("tags: [trade-stopped]\n", "answer", "2026-11-16T10:00", "MA-1"),
        ("tags: [outside-control]\ncategory: equipment/power\n", "answer", "2026-11-18T09:00", "MA-1"),
        ("category: equipment/lift\n", "resolve", "2026-11-19T09:00", "MA-1"),
        ("category: equipment/lift\n", "answer", "2026-11-19T09:00", "MA-1"),
    ],
)
def test_request_is_handed_over_called_back_and_answered_in_time(
    mall: Desk, fields: str, clock: str, due: str, clause: str
) -> None:
    one = mall.put(fields)
    assert mall.clock(one, clock, due) == (due, "running", clause)
    assert mall.clock(one, clock, f"{due}:01") == (due, "breached", clause)


@pytest.mark.clause("MA-1")
def test_feedback_within_a_working_day_counts_holidays_too(mall: Desk) -> None:
    assert settings("format: 1\ntimezone: Asia/Shanghai\nprofile: mall\n").profile.calendar is None
    national_day = mall.ledger.open("x", "--channel", "desk", now="2026-09-30T21:00:00+08:00")
    runs = json.loads(mall.ledger.ok("show", national_day, "--format", "json", "--at", "2026-09-30T21:30"))["clocks"]
    assert {run["clock"]: run["due_at"] for run in runs}["feedback"] == "2026-10-01T21:00:00+08:00"


@pytest.mark.clause("MA-1")
def test_what_can_not_be_solved_shortly_goes_to_the_superior_the_same_day(mall: Desk) -> None:
    until = "until: 2026-11-20T12:00:00+08:00"
    waiting = mall.put("", "16T10:00 to: resolving", f"16T15:00 to: on-hold, reason: spare part, {until}")
    assert mall.clock(waiting, "report-upwards", "2026-11-16T21:59") == ("2026-11-16T22:00", "running", "MA-1")
    told = mall.put(
        "", "16T10:00 to: resolving", f"16T15:00 to: on-hold, reason: part, {until}", "16T15:30 did: forward, whom: x"
    )
    assert mall.clock(told, "report-upwards", "2026-11-17T09:00") == ("2026-11-16T22:00", "met", "MA-1")


@pytest.mark.clause("MA-1")
def test_trade_that_stands_still_for_an_hour_goes_to_the_leader(pristine: Path, tmp_path: Path) -> None:
    here = desk(pristine, tmp_path, "mall", "")
    stopped = here.put("tags: [trade-stopped]\n")
    proposed = ("escalate", "--format", "json", "--at")
    assert json.loads(here.ledger.ok(*proposed, "2026-11-16T10:00:00")) == []
    (row,) = json.loads(here.ledger.ok(*proposed, "2026-11-16T10:00:01"))
    assert (row["id"], row["proposed"], row["clause"]) == (stopped, "major", "MA-1")


@pytest.mark.clause("MA-1")
def test_every_request_is_followed_up_and_confirmed(mall: Desk) -> None:
    (share,) = settings("format: 1\ntimezone: Asia/Shanghai\nprofile: mall\n").profile.shares
    assert (share.level, str(share.percent), share.when, share.clause) == ("desk", "100", {}, "MA-1")
    for kind in ("complaint", "suggestion", "repair", "help", "coordination"):
        answered = mall.put(f"kind: {kind}\n", "16T10:00 to: replying", "16T10:10 to: following-up")
        assert mall.lacks(answered, "closed") == ["MA-1 did:follow-up/satisfied or reason"]
        mall.does(answered, "follow-up --via phone --satisfied")
        mall.does(answered, "transition closed")


@pytest.mark.clause("MA-2")
def test_department_manager_decides_whether_a_complaint_is_valid(mall: Desk) -> None:
    judged = mall.put("", "16T10:00 to: investigating")
    assert mall.lacks(judged, "resolving") == ["MA-2 did:classify"]
    classify = ("correct", judged, "nature=valid", "--classify", "--reason", "promised in the lease", "--no-commit")
    refused = mall.ledger(*classify)
    assert refused.code == 2
    assert "rule 'judging' wants the role department-manager, director" in refused.err
    mall.ledger.ok(*classify, "--by", "sun.wei")
    mall.does(judged, "transition resolving")
    assert list(settings("format: 1\ntimezone: Asia/Shanghai\nprofile: mall\n").profile.terms["nature"]) == [
        "valid",
        "invalid",
    ]


@pytest.mark.clause("MA-2")
def test_invalid_complaint_is_explained_and_by_a_supervisor_if_that_fails(mall: Desk) -> None:
    fields = "nature: invalid\n"
    told = mall.put(fields, "16T10:00 to: investigating", f"16T10:10 {JUDGED}", "16T10:20 to: replying")
    assert "MA-2 did:contact/explanation" in mall.lacks(told, "following-up")
    mall.does(told, "contact --via visit --about explanation")
    mall.does(told, "transition following-up")
    mall.does(told, "follow-up --via phone --not-satisfied")
    assert mall.lacks(told, "closed", "--reason", "explained twice") == [
        "MA-2 did:follow-up/satisfied or did:contact/supervisor-explanation"
    ]
    again = ("contact", told, "--via", "visit", "--about", "supervisor-explanation", "--no-commit")
    assert "rule 'explaining-again' wants the role operations, department-manager, director" in mall.ledger(*again).err
    mall.ledger.ok(*again, "--by", "chen.jing")
    mall.does(told, "transition closed", "--reason", "explained twice")


@pytest.mark.clause("MA-2")
def test_major_complaint_goes_to_the_manager_and_then_to_the_director(mall: Desk) -> None:
    major = mall.put("severity: major\n", "16T10:00 to: resolving")
    assert mall.clock(major, "report-major", "2026-11-16T12:00") == ("2026-11-16T22:00", "running", "MA-2")
    assert mall.lacks(major, "replying") == ["MA-2 did:instruct", "MA-2 did:sign-off/plan"]
    mall.does(major, "did instruct --by sun.wei")
    refused = mall.ledger("did", major, "sign-off", "about=plan", "--by", "sun.wei", "--no-commit")
    assert "rule 'signing-off' wants the role director" in refused.err
    mall.does(major, "did sign-off about=plan --by wang.gang")
    mall.does(major, "transition replying")


@pytest.mark.clause("MA-3")
def test_written_complaint_is_answered_in_writing_after_the_leaders_instruction(mall: Desk) -> None:
    letter = mall.put("channel: letter\n", "16T10:00 to: resolving")
    assert mall.lacks(letter, "replying") == ["MA-3 did:instruct"]
    mall.does(letter, "did instruct --by sun.wei")
    mall.does(letter, "transition replying")
    assert "MA-3 did:contact/written-reply" in mall.lacks(letter, "following-up")
    mall.does(letter, "contact --via letter --about written-reply")
    mall.does(letter, "transition following-up")


@pytest.mark.clause("MA-3")
def test_special_service_is_given_to_a_department_and_followed_up_with_scores(mall: Desk) -> None:
    service = mall.put("kind: special-service\n")
    assert mall.lacks(service, "resolving") == ["MA-3 departments"]
    mall.ledger.ok("assign", service, "--no-commit")
    mall.does(service, "transition resolving")
    mall.does(service, "transition replying")
    mall.does(service, "contact --via phone --about reply")
    mall.does(service, "transition following-up")
    assert mall.lacks(service, "closed") == [
        "MA-1 did:follow-up/satisfied or reason",
        "MA-3 did:follow-up/timeliness or reason",
        "MA-3 did:follow-up/quality or reason",
    ]
    mall.does(service, "follow-up --via phone --satisfied --score timeliness=5 --score quality=4")
    mall.does(service, "transition closed")
    (followed,) = [event for event in mall.show(service)["history"] if event.get("did") == "follow-up"]
    assert followed["scores"] == {"timeliness": 5, "quality": 4}
