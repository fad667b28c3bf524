"""escalate: what is proposed by which clause, from which figure on, and what --apply enters."""

from __future__ import annotations

import json
import random
from datetime import date, timedelta
from typing import Any

import pytest

from cpl.escalation import proposals
from cpl.moments import parse_instant
from cpl.record import make_id
from cpl.store import Store
from tests.ledger import Ledger, settings

NOW = "2026-11-18T16:00"
DAY = date(2026, 11, 16)
INTAKE = "2026-11-16T09:00"
A, B, C = (make_id(DAY, name * 6) for name in "ABC")
WATER = "category: equipment/water\nlocation: {building: '3'}\n"


def put(ledger: Ledger, identifier: str, fields: str = "", *, received: str = INTAKE, status: str = "") -> str:
    """A record by hand, received in the store's zone; with a status, moved there a minute later."""
    at = f"{received}:00+08:00"
    history = f"- {{at: {at}, by: li.na, to: received}}\n"
    if status:
        history += f"- {{at: {received}:59+08:00, by: sun.wei, to: {status}, reason: r}}\n"
    ledger.put(
        identifier,
        f"---\nid: {identifier}\ntitle: No water\nkind: complaint\nstatus: {status or 'received'}\n"
        f"received_at: {at}\n{fields}history:\n{history}---\n",
    )
    return identifier


def proposed(ledger: Ledger, *args: str, at: str = NOW) -> list[tuple[str, str]]:
    """Which record by which clause."""
    return [(row["id"], row["clause"]) for row in rows(ledger, *args, "--at", at)]


def rows(ledger: Ledger, *args: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(ledger.ok("escalate", "--format", "json", *args))
    return found


def people(number: int) -> str:
    return f"complainant: {{people: {number}}}\n"


def link(name: str, to: str) -> str:
    return f"links: [{{as: {name}, id: {to}}}]\n"


# CC-3e: a group complaint


@pytest.mark.clause("CC-3e")
@pytest.mark.parametrize(("number", "expected"), [(9, []), (10, [(A, "CC-3e")])])
def test_ten_people_are_a_group_complaint_nine_are_not(
    ledger: Ledger, number: int, expected: list[tuple[str, str]]
) -> None:
    put(ledger, A, people(number))
    assert proposed(ledger) == expected


@pytest.mark.clause("CC-3e")
def test_who_joins_later_makes_it_a_group_complaint(ledger: Ledger) -> None:
    one = ledger.open("No water", "--people", "8", now="2026-11-16T09:00:00+08:00")
    ledger.ok("did", one, "join", "name=何先生", now="2026-11-16T10:00:00+08:00")
    assert proposed(ledger) == []
    ledger.ok("did", one, "join", now="2026-11-16T11:00:00+08:00")
    assert proposed(ledger) == [(one, "CC-3e")]
    assert proposed(ledger, at="2026-11-16T10:59") == []


@pytest.mark.clause("CC-3e")
@pytest.mark.parametrize(
    ("fields", "received", "is_group"),
    [
        (people(6) + link("same-cause", A), "2026-11-17T09:00", True),
        (people(5) + link("same-cause", A), "2026-11-17T09:00", False),
        (people(6) + link("duplicate", A), "2026-11-17T09:00", False),
        (people(10) + link("duplicate", A), "2026-11-17T09:00", True),
        (people(6) + link("follows", A), "2026-11-17T09:00", False),
        (people(6) + link("same-cause", A), "2026-12-16T09:00", True),
        (people(6) + link("same-cause", A), "2026-12-17T09:00", False),
        (people(6), "2026-11-17T09:00", False),
    ],
    ids=["10", "9", "the same people", "the same, but 10", "another matter", "30 days", "31 days", "not linked"],
)
def test_people_of_linked_complaints_at_one_time_are_added_up(
    ledger: Ledger, fields: str, received: str, is_group: bool
) -> None:
    put(ledger, A, people(4))
    put(ledger, B, fields, received=received)
    ledger.now = "2026-12-20T09:00:00+08:00"
    found = [identifier for identifier, _clause in proposed(ledger, at="2026-12-20T09:00")]
    assert found == ([A, B] if is_group else [])


@pytest.mark.clause("CC-3e")
def test_what_is_closed_still_counts_its_people_and_what_is_withdrawn_does_not(ledger: Ledger) -> None:
    put(ledger, A, people(4))
    put(ledger, B, people(6) + link("same-cause", A), status="closed")
    (row,) = rows(ledger)
    assert (row["id"], row["counted"]) == (A, [A, B])
    put(ledger, B, people(6) + link("same-cause", A), status="withdrawn")
    assert rows(ledger) == []


# CC-3c: valid, and not solved within a month


@pytest.mark.clause("CC-3c")
@pytest.mark.parametrize(
    ("received", "last_good"),
    [
        ("2026-10-16T09:00", "2026-11-16T09:00"),
        ("2026-01-31T09:00", "2026-02-28T09:00"),
        ("2028-01-31T09:00", "2028-02-29T09:00"),
        ("2026-02-28T09:00", "2026-03-28T09:00"),
        ("2026-12-31T23:30", "2027-01-31T23:30"),
    ],
)
def test_valid_complaint_has_a_month_to_the_day_and_no_longer(ledger: Ledger, received: str, last_good: str) -> None:
    identifier = make_id(date.fromisoformat(received[:10]), "AAAAAA")
    put(ledger, identifier, "nature: A\n", received=received)
    assert proposed(ledger, at=last_good) == []
    assert proposed(ledger, at=f"{last_good}:01") == [(identifier, "CC-3c")]


@pytest.mark.clause("CC-3c")
@pytest.mark.parametrize(
    ("fields", "status", "is_proposed"),
    [
        ("nature: A\n", "", True),
        ("nature: A\n", "on-hold", True),
        ("nature: A\n", "replying", False),
        ("nature: A\n", "closed", False),
        ("nature: B\n", "", False),
        ("", "", False),
        ("nature: A\nseverity: important\n", "", True),
        ("nature: A\nseverity: major\n", "", False),
    ],
)
def test_only_what_is_valid_and_unsolved_is_proposed(
    ledger: Ledger, fields: str, status: str, is_proposed: bool
) -> None:
    put(ledger, A, fields, status=status)
    assert proposed(ledger, at="2026-12-17T09:00") == ([(A, "CC-3c")] if is_proposed else [])


# CC-3a: raised repeatedly, still unsolved


@pytest.mark.clause("CC-3a")
@pytest.mark.parametrize(
    ("third", "received", "status", "expected"),
    [
        (WATER, "2026-11-17T09:00", "", [A, B, C]),
        (WATER, "2027-02-14T09:00", "", [A, B, C]),
        (WATER, "2027-02-15T09:00", "", []),
        (WATER, "2026-11-17T09:00", "closed", []),
        (WATER, "2026-11-17T09:00", "withdrawn", []),
        (WATER.replace("water", "lift"), "2026-11-17T09:00", "", []),
        (WATER.replace("3", "4"), "2026-11-17T09:00", "", []),
        (WATER.replace("3", "4") + link("same-cause", A), "2026-11-17T09:00", "", [A]),
        (WATER + link("duplicate", A), "2026-11-17T09:00", "", []),
    ],
    ids=[
        "three",
        "90 days",
        "91 days",
        "solved",
        "withdrawn",
        "another category",
        "another place",
        "linked",
        "entered twice",
    ],
)
def test_three_open_complaints_of_one_place_and_category_are_raised_repeatedly(
    ledger: Ledger, third: str, received: str, status: str, expected: list[str]
) -> None:
    put(ledger, A, WATER)
    put(ledger, B, WATER)
    assert proposed(ledger) == []
    put(ledger, C, third, received=received, status=status)
    ledger.now = "2027-02-16T09:00:00+08:00"
    found = [(row["id"], row["clause"], row["counted"]) for row in rows(ledger, "--at", "2027-02-16T09:00")]
    assert found == [(each, "CC-3a", [A, B, C]) for each in expected]


# CC-3d: forwarded


@pytest.mark.clause("CC-3d")
def test_what_an_authority_forwarded_is_proposed(ledger: Ledger) -> None:
    put(ledger, A, "nature: A\nforwarded_by: 12345 热线\n")
    put(ledger, B, "nature: A\n")
    assert rows(ledger) == [
        {
            "id": A,
            "title": "No water",
            "status": "received",
            "nature": "A",
            "severity": None,
            "proposed": "major",
            "rule": "forwarded",
            "clause": "CC-3d",
            "evidence": "forwarded_by: 12345 热线",
            "counted": [A],
            "judge_first": [],
            "next": f"cpl escalate {A[-7:]} --apply",
        }
    ]


def test_personal_data_does_not_become_part_of_the_evidence(ledger: Ledger) -> None:
    marker = ledger.root / "cpl.yaml"
    marker.write_text(
        marker.read_text(encoding="utf-8")
        + "escalations: {vip: {has: [complainant.phone, location.room], set: {severity: major}}}\n",
        encoding="utf-8",
    )
    put(ledger, A, "nature: A\nlocation: {room: '1201'}\ncomplainant: {phone: '13800001234'}\n")
    (row,) = rows(ledger)
    assert row["evidence"] == "complainant.phone is stated, location.room is stated"


# CC-6: proposed with rule and evidence, applied by a person


@pytest.mark.clause("CC-6")
def test_all_four_are_found_by_themselves_with_rule_and_evidence(ledger: Ledger) -> None:
    put(ledger, A, WATER + "nature: A\nforwarded_by: city\n" + people(12), received="2026-11-16T09:00")
    put(ledger, B, WATER, received="2026-11-17T09:00")
    put(ledger, C, WATER, received="2026-11-18T09:00")
    found = rows(ledger, A, "--at", "2026-12-16T09:01")
    assert [(row["clause"], row["evidence"], row["counted"]) for row in found] == [
        (
            "CC-3a",
            "3 open complaints of one place and category, or linked, within 90 days",
            [A, B, C],
        ),
        (
            "CC-3c",
            "nature: A, status: received, received 2026-11-16 09:00 and not solved within 1mo, by 2026-12-16 09:00",
            [A],
        ),
        ("CC-3d", "forwarded_by: city", [A]),
        ("CC-3e", "12 people about one problem", [A]),
    ]


@pytest.mark.clause("CC-6")
def test_table_is_for_people_and_says_what_to_do_next(ledger: Ledger) -> None:
    put(ledger, A, "nature: A\n" + people(12))
    put(ledger, B, "forwarded_by: city\n")
    put(ledger, C, "nature: C\nforwarded_by: city\n")
    a, b = A[-7:], B[-7:]
    assert ledger("escalate") == (
        0,
        "id       title     proposed  rule   evidence                     counted  next step\n"
        "-------  --------  --------  -----  ---------------------------  -------  "
        "-----------------------------------------------------\n"
        f"{a}  No water  major     CC-3e  12 people about one problem  {a}  cpl escalate {a} --apply\n"
        f"{b}  No water  major     CC-3d  forwarded_by: city           {b}  "
        f"cpl correct {b} nature=… --classify --reason TEXT\n",
        "1 to escalate, 1 to be judged first\n",
    )
    assert ledger("escalate", "--exit-code").code == 1
    assert ledger("escalate", C, "--exit-code") == (0, "", "0 to escalate, 0 to be judged first\n")


@pytest.mark.clause("CC-6")
def test_apply_classifies_all_that_are_ready_in_one_commit(ledger: Ledger) -> None:
    put(ledger, A, "nature: A\nseverity: minor\nforwarded_by: city\n" + people(12))
    put(ledger, B, "nature: A\nforwarded_by: city\n")
    put(ledger, C, "forwarded_by: city\n")
    ledger.commit()
    command = f"cpl correct {C[-7:]} nature=… --classify --reason TEXT"
    waiting = f"{C}: major is for CC-3d, but first judge nature: {command}\n"
    said = f"{A}: severity 'minor' → 'major' (CC-3d)\n{B}: severity absent → 'major' (CC-3d)\n"
    head = ledger.git("rev-parse", "HEAD")
    assert ledger("escalate", "--apply", "--dry-run") == (0, said, f"{waiting}a dry run: nothing was written\n")
    assert ledger.git("rev-parse", "HEAD") == head
    outcome = ledger("escalate", "--apply", "--by", "sun.wei", "--at", "15:00", "-m", "All called")
    assert outcome == (0, said, waiting)
    assert ledger.git("log", "--format=%s", f"{head.strip()}..HEAD").count("\n") == 1
    record = json.loads(ledger.ok("show", A, "--format", "json"))
    assert record["severity"] == "major"
    assert record["history"][1] == {
        "at": "2026-11-18T15:00:00+08:00",
        "by": "sun.wei",
        "did": "classify",
        "set": {"severity": "major"},
        "was": {"severity": "minor"},
        "reason": "CC-3d: forwarded_by: city; CC-3e: 12 people about one problem",
        "rule": "CC-3d",
        "recorded_at": "2026-11-18T16:00:00+08:00",
        "recorded_by": "li.na",
    }
    assert "All called" in record["body"]
    assert ledger("escalate", "--apply") == (0, "", f"{waiting}nothing to escalate\n")
    assert ledger("check").code == 0


def test_apply_refuses_what_is_asked_for_and_can_not_be_done(ledger: Ledger) -> None:
    put(ledger, A, "nature: A\n" + people(12))
    put(ledger, B, people(12))
    put(ledger, C)
    ledger.commit()
    assert ledger("escalate", "--apply", A, B, C) == (
        2,
        "",
        f"{C}: no rule of the profile proposes to escalate it\n"
        f"{B}: major is for CC-3e, but first judge nature: cpl correct {B[-7:]} nature=… --classify --reason TEXT\n",
    )
    assert ledger.ok("escalate", "--apply", A) == f"{A}: severity absent → 'major' (CC-3e)\n"


def test_apply_dated_back_is_refused_where_it_was_judged_since(ledger: Ledger) -> None:
    put(ledger, A, "nature: A\n" + people(12))
    ledger.commit()
    ledger.ok("correct", A, "severity=major", "--classify", "--reason", "r")
    assert ledger("escalate", "--apply", "--at", "2026-11-17T09:00") == (
        2,
        "",
        f"{A} has been changed since; look again: cpl escalate {A}\n",
    )


@pytest.mark.parametrize(
    ("args", "error"),
    [
        (["--apply", "--exit-code"], "--exit-code goes only without --apply; leave one of them out"),
        (
            ["--dry-run"],
            "--dry-run, --by, -m and --no-commit go only with --apply; add it, or leave them out",
        ),
    ],
)
def test_options_that_do_not_go_together_are_named(ledger: Ledger, args: list[str], error: str) -> None:
    outcome = ledger("escalate", *args)
    assert (outcome.code, outcome.err.rpartition("\n\n")[2]) == (2, f"Error: {error}\n")


def test_a_graver_severity_is_never_lowered_and_the_gravest_of_several_is_proposed(ledger: Ledger) -> None:
    marker = ledger.root / "cpl.yaml"
    marker.write_text(
        marker.read_text(encoding="utf-8")
        + "escalations:\n  few: {group: {people: 3, days: 1}, set: {severity: important}}\n"
        "  group-complaint: {group: {people: 5}}\n",
        encoding="utf-8",
    )
    put(ledger, A, "nature: A\n" + people(3))
    put(ledger, B, "nature: A\n" + people(5))
    put(ledger, C, "nature: A\nseverity: major\n" + people(3))
    found = [(row["id"], row["proposed"], row["rule"], row["clause"]) for row in rows(ledger)]
    assert found == [(A, "important", "few", None), (B, "major", "group-complaint", "CC-3e")]


def test_a_profile_without_escalations_says_so(ledger: Ledger) -> None:
    marker = ledger.root / "cpl.yaml"
    marker.write_text(marker.read_text(encoding="utf-8") + "escalations: {off: true}\n", encoding="utf-8")
    put(ledger, A, people(12))
    assert ledger("escalate") == (
        0,
        "",
        "the profile has no escalations; what they are stands in docs/profile.md\n"
        "0 to escalate, 0 to be judged first\n",
    )


def test_reason_names_the_first_of_many_that_were_counted(ledger: Ledger) -> None:
    ids = sorted(put(ledger, make_id(DAY, f"{at:06d}"), WATER + "nature: A\n") for at in range(7))
    ledger.commit()
    assert [row["counted"] for row in rows(ledger)] == [ids] * 7
    ledger.ok("escalate", "--apply", ids[0])
    record = json.loads(ledger.ok("show", ids[0], "--format", "json"))
    assert record["history"][1]["reason"] == (
        "CC-3a: 7 open complaints of one place and category, or linked, within 90 days "
        f"({', '.join(ids[:5])} and 2 more)"
    )


def test_order_in_which_records_are_read_does_not_matter(ledger: Ledger) -> None:
    chance = random.Random(3)
    names = [make_id(DAY, f"{at:06d}") for at in range(12)]
    for at, name in enumerate(names):
        fields = WATER.replace("3", str(chance.randint(3, 4))) + people(chance.randint(1, 6))
        fields += link(chance.choice(["same-cause", "duplicate"]), chance.choice(names[:at])) if at else ""
        put(ledger, name, fields, received=f"{DAY + timedelta(days=chance.randint(0, 60))}T09:00")
    read = [entry.record for entry in Store(ledger.root).entries() if entry.record is not None]
    assert len(read) == 12
    now = parse_instant("2027-02-01T09:00:00+08:00")
    first = proposals(read, settings(), now)
    assert first
    for _time in range(5):
        chance.shuffle(read)
        assert proposals(read, settings(), now) == first
