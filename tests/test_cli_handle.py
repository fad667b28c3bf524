"""transition, assign, contact, note, follow-up and did, through the command line."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.ledger import Ledger

LATER = "2026-11-18T17:00:00+08:00"


def shown(ledger: Ledger, identifier: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(ledger.ok("show", identifier, "--format", "json"))
    return found


def last_event(ledger: Ledger, identifier: str) -> dict[str, Any]:
    event: dict[str, Any] = shown(ledger, identifier)["history"][-1]
    return event


def message(ledger: Ledger) -> str:
    return ledger.git("log", "-1", "--format=%B").strip()


def usage(error: str) -> str:
    """The last paragraph of a usage error."""
    return error.rpartition("\n\n")[2]


def test_transition_is_one_commit_with_trailers_and_a_log_entry(ledger: Ledger, one: str) -> None:
    commits = int(ledger.git("rev-list", "--count", "HEAD"))
    outcome = ledger("transition", one, "investigating", "-m", "On the way\n## to door 2", now=LATER)
    assert outcome == (0, f"{one}: received → investigating\n", "")
    assert int(ledger.git("rev-list", "--count", "HEAD")) == commits + 1
    assert message(ledger) == (
        f"{one}: received → investigating\n\nOn the way\n## to door 2\n\nComplaint: {one}\nAction: transition"
    )
    assert ledger.git("status", "--porcelain") == ""
    record = shown(ledger, one)
    assert (record["status"], record["history"][-1]) == (
        "investigating",
        {"at": LATER, "by": "li.na", "to": "investigating"},
    )
    assert record["body"].endswith(
        "## Handling log\n### 2026-11-18 17:00 li.na, received → investigating\nOn the way\n\\## to door 2\n"
    )


def test_several_complaints_move_in_one_commit(ledger: Ledger) -> None:
    ids = [ledger.open(title) for title in ("a", "b")]
    assert ledger.ok("transition", *ids, "resolving") == "".join(f"{each}: received → resolving\n" for each in ids)
    assert message(ledger) == (
        f"2 complaints: received → resolving\n\nComplaint: {ids[0]}\nComplaint: {ids[1]}\nAction: transition"
    )


def test_subject_of_several_complaints_names_every_step_once(ledger: Ledger) -> None:
    first, second = ledger.open("a"), ledger.open("b")
    ledger.ok("transition", first, "investigating")
    ledger.ok("transition", first, second, "replying")
    assert message(ledger).startswith("2 complaints: investigating → replying; received → replying\n")


def test_of_several_complaints_none_moves_when_one_may_not(ledger: Ledger) -> None:
    first, second = ledger.open("a"), ledger.open("b")
    ledger.ok("transition", second, "resolving")
    head = ledger.git("rev-parse", "HEAD")
    outcome = ledger("transition", first, second, "declined", "--reason", "no", "--by", "sun.wei")
    assert outcome == (
        2,
        "",
        f"{second}: from 'resolving' there is no move to 'declined'; "
        "it can go to: replying, investigating, on-hold, referred, withdrawn\n",
    )
    assert (ledger.git("rev-parse", "HEAD"), ledger.git("status", "--porcelain")) == (head, "")


def test_a_complaint_named_twice_moves_once(ledger: Ledger, one: str) -> None:
    assert ledger.ok("transition", one, one[-7:].lower(), "resolving") == f"{one}: received → resolving\n"


def test_everything_that_a_move_lacks_is_named_with_its_command(ledger: Ledger, one: str) -> None:
    ledger.ok("task", one, "add", "Ring back")
    task = shown(ledger, one)["tasks"][0]["id"]
    ledger.ok("transition", one, "replying")
    outcome = ledger("transition", one, "closed")
    assert outcome == (
        2,
        "",
        f"{one}: not yet ready for 'closed'\n"
        f"  - rule 'told' (CS-8) needs did:contact/reply: cpl contact {one} --via CHANNEL --about reply\n"
        f"  - rule 'followed-up' (RQ-5) needs did:follow-up/satisfied or reason: "
        f"cpl follow-up {one} --via CHANNEL --satisfied or --reason TEXT\n"
        f"  - task {task} is open (Ring back): cpl task {one} done {task}\n",
    )


def test_a_move_that_needs_a_role_says_which(ledger: Ledger, one: str) -> None:
    outcome = ledger("transition", one, "declined", "--reason", "not ours")
    assert (outcome.code, outcome.err) == (
        2,
        f"{one}: not yet ready for 'declined'\n"
        "  - rule 'declining' wants the role manager, which 'li.na' has not: --by PERSON\n",
    )
    assert ledger("transition", one, "declined", "--reason", "not ours", "--by", "sun.wei").code == 0


def test_a_closed_complaint_is_reopened_with_a_reason_and_a_new_cycle(ledger: Ledger, one: str) -> None:
    ledger.ok("transition", one, "replying")
    ledger.ok("contact", one, "--via", "phone", "--about", "reply")
    ledger.ok("follow-up", one, "--via", "phone", "--satisfied")
    assert ledger.ok("transition", one, "closed") == f"{one}: replying → closed\n"
    assert ledger("transition", one, "resolving").err == (
        f"{one}: not yet ready for 'resolving'\n  - rule 'reopening' needs reason: --reason TEXT\n"
    )
    assert ledger.ok("transition", one, "resolving", "--reason", "out again") == f"{one}: closed → resolving\n"
    cycles = {(run["clock"], run["cycle"]) for run in shown(ledger, one)["clocks"]}
    assert {("respond", 1), ("respond", 2)} <= cycles


@pytest.mark.parametrize(
    ("until", "expected"),
    [
        ("2026-11-20T09:00", "2026-11-20T09:00:00+08:00"),
        ("2026-11-20T09:00:00+00:00", "2026-11-20T09:00:00+00:00"),
        ("2026-11-20", "2026-11-21T00:00:00+08:00"),
        ("18:30", "2026-11-18T18:30:00+08:00"),
        ("2d", "2026-11-20T16:00:00+08:00"),
        ("8h", "2026-11-19T00:00:00+08:00"),
    ],
)
def test_a_pause_ends_when_it_was_said_to(ledger: Ledger, one: str, until: str, expected: str) -> None:
    ledger.ok("transition", one, "on-hold", "--reason", "part ordered", "--until", until)
    assert last_event(ledger, one) | {"at": ""} == {
        "at": "",
        "by": "li.na",
        "to": "on-hold",
        "reason": "part ordered",
        "until": expected,
    }


@pytest.mark.parametrize(
    ("args", "error"),
    [
        (
            ["ID", "on-hold", "--reason", "x", "--until", "soon"],
            "Error: Invalid value for --until: 'soon' is not a time; "
            "write 2026-11-22T18:00, 2026-11-22 (its end), 18:00, or 2d (from now)",
        ),
        (
            ["ID", "on-hold", "--reason", "x", "--until", "2026-02-30"],
            "Error: Invalid value for --until: '2026-02-30' is not a time; "
            "write 2026-11-22T18:00, 2026-11-22 (its end), 18:00, or 2d (from now)",
        ),
        (
            ["ID", "on-hold", "--reason", "x", "--until", "2025-11-20"],
            "Error: Invalid value for --until: 2025-11-21T00:00:00+08:00 is past; "
            "it has to lie after 2026-11-18T16:00:00+08:00",
        ),
        (
            ["ID", "resolvd"],
            "Error: Invalid value for STATE: 'resolvd' is not a state of the profile; did you mean 'resolving'?",
        ),
        (
            ["ID"],
            "Error: say where to; ID is in 'received' and can go to: "
            "investigating, resolving, replying, on-hold, declined, referred, withdrawn",
        ),
        (["resolving"], "Error: say which complaint goes to 'resolving': cpl transition ID… resolving"),
        ([], "Error: Missing argument 'STATE'."),
        (
            ["ID", "resolving", "--by", "li.nah"],
            "Error: Invalid value for --by: 'li.nah' is not one of the people in cpl.yaml; did you mean 'li.na'?",
        ),
        (
            ["ID", "resolving", "--at", "gestern"],
            "Error: Invalid value for --at: 'gestern' is not an instant like 2026-11-22T09:14:00+08:00",
        ),
        (
            ["ID", "resolving", "--at", "2026-11-18T25:00"],
            "Error: Invalid value for --at: '2026-11-18T25:00' does not exist: hour must be in 0..23",
        ),
    ],
)
def test_transition_says_what_is_wrong_with_its_arguments(
    ledger: Ledger, one: str, args: list[str], error: str
) -> None:
    outcome = ledger("transition", *(one if arg == "ID" else arg for arg in args))
    assert (outcome.code, outcome.out, usage(outcome.err)) == (2, "", error.replace("ID is", f"{one} is") + "\n")


def test_transition_without_state_of_an_unreadable_record_asks_for_the_state(ledger: Ledger, one: str) -> None:
    ledger.put(one, "---\n")
    outcome = ledger("transition", one)
    assert (outcome.code, usage(outcome.err)) == (2, "Error: say where to: cpl transition ID… STATE\n")


def test_what_happened_earlier_is_entered_with_at_and_keeps_when_it_was_recorded(ledger: Ledger) -> None:
    one = ledger.open(now="2026-11-18T09:00:00+08:00")
    ledger.ok("transition", one, "resolving", "--at", "10:30", "--by", "zhao.qiang")
    assert last_event(ledger, one) == {
        "at": "2026-11-18T10:30:00+08:00",
        "by": "zhao.qiang",
        "to": "resolving",
        "recorded_at": "2026-11-18T16:00:00+08:00",
        "recorded_by": "li.na",
    }


def test_the_future_is_refused(ledger: Ledger, one: str) -> None:
    outcome = ledger("transition", one, "resolving", "--at", "16:01")
    assert outcome == (
        2,
        "",
        "--at 2026-11-18T16:01:00+08:00 lies in the future; now is 2026-11-18T16:00:00+08:00\n",
    )


def test_a_move_before_the_last_one_is_refused(ledger: Ledger, one: str) -> None:
    ledger.ok("transition", one, "investigating", now=LATER)
    outcome = ledger("transition", one, "resolving", "--at", "16:30", now=LATER)
    assert outcome == (
        2,
        "",
        f"{one}: the last move was at 2026-11-18T17:00:00+08:00; "
        "a move at 2026-11-18T16:30:00+08:00 can't come before it\n",
    )


def test_cpl_user_says_who_acts(ledger: Ledger, one: str) -> None:
    ledger.env = {"CPL_USER": "zhao.qiang"}
    ledger.ok("did", one, "handover")
    assert last_event(ledger, one) | {"at": ""} == {
        "at": "",
        "by": "zhao.qiang",
        "did": "handover",
        "recorded_by": "li.na",
    }
    ledger.env = {"CPL_USER": "zhao.q"}
    outcome = ledger("did", one, "handover")
    assert (outcome.code, usage(outcome.err)) == (
        2,
        "Error: Invalid value for CPL_USER: 'zhao.q' is not one of the people in cpl.yaml; "
        "did you mean 'zhao.qiang'?\n",
    )


def test_without_commit_the_file_is_written_and_nothing_else(ledger: Ledger, one: str) -> None:
    head = ledger.git("rev-parse", "HEAD")
    path = ledger.path(one).relative_to(ledger.root)
    assert ledger.ok("transition", one, "resolving", "--no-commit") == f"{one}: received → resolving (not committed)\n"
    assert (ledger.git("rev-parse", "HEAD"), ledger.git("status", "--porcelain")) == (head, f" M {path}\n")
    outcome = ledger("note", one, "-m", "more")
    assert (outcome.code, outcome.err.splitlines()[-1]) == (
        2,
        f"{path} has changes that are not committed; commit them, or add yours with --no-commit",
    )
    ledger.ok("note", one, "-m", "more", "--no-commit")
    assert "more" in ledger.path(one).read_text(encoding="utf-8")


def test_what_else_is_staged_stays_staged(ledger: Ledger, one: str) -> None:
    (ledger.root / "other.txt").write_text("mine", encoding="utf-8")
    ledger.git("add", "other.txt")
    ledger.ok("transition", one, "resolving")
    assert ledger.git("status", "--porcelain") == "A  other.txt\n"
    assert ledger.git("show", "--name-only", "--format=") == f"{ledger.path(one).relative_to(ledger.root)}\n"


@pytest.mark.parametrize(
    ("args", "expected", "said"),
    [
        (["--to", "zhao.qiang"], {"assignee": "zhao.qiang"}, "zhao.qiang"),
        (
            ["--department", "engineering", "--department", "security"],
            {"departments": ["engineering", "security"]},
            "engineering, security",
        ),
        (
            ["--to", "sun.wei", "--department", "quality"],
            {"assignee": "sun.wei", "departments": ["quality"]},
            "quality, sun.wei",
        ),
    ],
)
def test_assign_gives_it_to_people_and_departments(
    ledger: Ledger, one: str, args: list[str], expected: dict[str, Any], said: str
) -> None:
    assert ledger.ok("assign", one, *args) == f"{one}: assigned to {said}\n"
    record = shown(ledger, one)
    assert {name: record[name] for name in expected} == expected
    assert (record["lead"], record["history"][-1]["set"]) == ("li.na", expected)
    assert message(ledger).endswith(f"Complaint: {one}\nAction: assign")


@pytest.mark.parametrize(
    ("args", "error"),
    [
        ([], "say to whom: --to PERSON, --department NAME, or both"),
        (
            ["--to", "zhao.q"],
            "Invalid value for --to: 'zhao.q' is not one of the people in cpl.yaml; did you mean 'zhao.qiang'?",
        ),
        (
            ["--department", "enginering"],
            "Invalid value for --department: 'enginering' is not in the profile; did you mean 'engineering'?",
        ),
    ],
)
def test_assign_to_nobody_that_there_is_is_refused(ledger: Ledger, one: str, args: list[str], error: str) -> None:
    outcome = ledger("assign", one, *args)
    assert (outcome.code, usage(outcome.err)) == (2, f"Error: {error}\n")


def test_assign_to_me_is_whoever_acts(ledger: Ledger, one: str) -> None:
    assert ledger.ok("assign", one, "--to", "me") == f"{one}: assigned to li.na\n"


@pytest.mark.parametrize(
    ("args", "event", "said"),
    [
        (
            ["--via", "phone"],
            {"via": "phone", "about": "progress", "reached": True},
            "contact by phone, progress",
        ),
        (
            ["--via", "visit", "--about", "reply", "--reached"],
            {"via": "visit", "about": "reply", "reached": True},
            "contact by visit, reply",
        ),
        (
            ["--via", "phone", "--about", "acknowledge", "--not-reached"],
            {"via": "phone", "about": "acknowledge", "reached": False},
            "nobody reached by phone, acknowledge",
        ),
    ],
)
def test_contact_is_recorded(ledger: Ledger, one: str, args: list[str], event: dict[str, Any], said: str) -> None:
    assert ledger("contact", one, *args, "-m", "She agrees") == (0, f"{one}: {said}\n", "")
    assert last_event(ledger, one) == {"at": "2026-11-18T16:00:00.001+08:00", "by": "li.na", "did": "contact", **event}
    assert f"### 2026-11-18 16:00 li.na, {args[1]}\nShe agrees\n" in ledger.path(one).read_text(encoding="utf-8")


def test_contact_about_something_that_nearly_stops_a_clock_is_doubted(ledger: Ledger, one: str) -> None:
    outcome = ledger("contact", one, "--via", "phone", "--about", "replly")
    assert (outcome.code, outcome.err) == (
        0,
        "no clock and no rule waits for 'replly'; if you meant 'reply', take it back and enter it again: "
        "cpl correct ID --void contact --reason TEXT\n",
    )
    assert ledger("contact", one, "--via", "phone", "--about", "house-visit").err == ""


@pytest.mark.parametrize("name", ["contact", "follow-up"])
def test_a_channel_has_to_be_said_and_to_be_known(ledger: Ledger, one: str, name: str) -> None:
    outcome = ledger(name, one, "--not-reached")
    assert (outcome.code, usage(outcome.err)) == (
        2,
        "Error: say how: --via CHANNEL; there are: "
        "app, desk, email, headquarters, hotline, letter, other, phone, visit, web, wechat\n",
    )
    outcome = ledger(name, one, "--not-reached", "--via", "fone")
    assert (outcome.code, usage(outcome.err)) == (
        2,
        "Error: Invalid value for --via: 'fone' is not in the profile; did you mean 'phone'?\n",
    )


def test_note_comes_from_the_option_a_file_or_stdin(ledger: Ledger, one: str) -> None:
    file = ledger.root.parent / "visit.txt"
    file.write_bytes("\ufeff漏水\r\n已关阀".encode())
    assert ledger.ok("note", one, "-m", "first") == f"{one}: note\n"
    ledger.ok("note", one, "--file", str(file))
    ledger.ok("note", one, "-f", "-", stdin="third\n")
    assert shown(ledger, one)["body"].partition("## Handling log\n")[2] == (
        "### 2026-11-18 16:00 li.na, note\nfirst\n\n"
        "### 2026-11-18 16:00 li.na, note\n漏水\n已关阀\n\n"
        "### 2026-11-18 16:00 li.na, note\nthird\n"
    )
    assert len(shown(ledger, one)["history"]) == 1
    assert message(ledger) == f"{one}: note\n\nthird\n\nComplaint: {one}\nAction: note"


@pytest.mark.parametrize(
    ("args", "error"),
    [
        ([], "Error: say what to note: -m TEXT or --file FILE"),
        (["-m", " \n"], "Error: say what to note: -m TEXT or --file FILE"),
        (["-m", "a", "-f", "-"], "Error: give the text once: -m TEXT or --file FILE"),
    ],
)
def test_a_note_without_words_is_refused(ledger: Ledger, one: str, args: list[str], error: str) -> None:
    outcome = ledger("note", one, *args)
    assert (outcome.code, usage(outcome.err)) == (2, f"{error}\n")


def test_a_note_of_a_conflict_or_a_front_matter_can_harm_nothing(ledger: Ledger, one: str) -> None:
    ledger.ok("note", one, "-m", "---\n<<<<<<< HEAD\n# a\n```\n## Description\n\x1b[2J\u2028x")
    assert ledger("check") == (0, "", "1 record: no problems\n")
    assert ledger.ok("note", one, "-m", "next") == f"{one}: note\n"
    assert shown(ledger, one)["body"].partition("## Handling log\n")[2] == (
        "### 2026-11-18 16:00 li.na, note\n---\n <<<<<<< HEAD\n\\# a\n```\n## Description\n [2J x\n```\n\n"
        "### 2026-11-18 16:00 li.na, note\nnext\n"
    )


@pytest.mark.parametrize(
    ("args", "event", "said"),
    [
        (
            ["--via", "phone", "--satisfied", "--score", "attitude=5", "--score", "speed=4"],
            {"reached": True, "satisfied": True, "scores": {"attitude": 5, "speed": 4}, "about": "desk"},
            "follow-up by phone, satisfied",
        ),
        (
            ["--via", "phone", "--not-satisfied", "--about", "management"],
            {"reached": True, "satisfied": False, "about": "management"},
            "follow-up by phone, not satisfied",
        ),
        (
            ["--via", "phone", "--not-reached", "--about", "office"],
            {"reached": False, "about": "office"},
            "follow-up by phone, nobody reached",
        ),
    ],
)
def test_follow_up_is_recorded(ledger: Ledger, one: str, args: list[str], event: dict[str, Any], said: str) -> None:
    assert ledger("follow-up", one, *args, "--by", "sun.wei") == (0, f"{one}: {said}\n", "")
    assert last_event(ledger, one) == {
        "at": "2026-11-18T16:00:00.001+08:00",
        "by": "sun.wei",
        "recorded_by": "li.na",
        "did": "follow-up",
        "via": "phone",
        **event,
    }


@pytest.mark.parametrize(
    ("args", "error"),
    [
        ([], "say --satisfied or --not-satisfied, or --not-reached"),
        (
            ["--not-reached", "--satisfied"],
            "who was not reached is neither satisfied nor not; leave one of the two out",
        ),
        (["--satisfied", "--score", "5"], "'5' is not NAME=VALUE"),
        (
            ["--satisfied", "--score", "attitude=101"],
            "Invalid value for --score: 'attitude=101' is not a score; it goes from 0 to 100",
        ),
        (
            ["--satisfied", "--score", f"a={'9' * 40}"],
            f"Invalid value for --score: 'a={'9' * 40}' is not a score; it goes from 0 to 100",
        ),
        (["--satisfied", "--score", "a=1", "--score", "a=5"], "the score 'a' is given twice; leave one of them out"),
        (["--not-reached", "--score", "attitude=5"], "who was not reached gives no score; leave one of the two out"),
        (
            ["--satisfied", "--score", "attitude=good"],
            "Invalid value for --score: 'attitude=good' is not NAME=N with a whole number",
        ),
        (
            ["--satisfied", "--score", "attitude=５"],
            "Invalid value for --score: 'attitude=５' is not NAME=N with a whole number",
        ),
        (
            ["--satisfied", "--about", "boss"],
            "Invalid value for '--about': 'boss' is not one of 'desk', 'management', 'office'.",
        ),
    ],
)
def test_a_follow_up_that_says_too_little_or_too_much_is_refused(
    ledger: Ledger, one: str, args: list[str], error: str
) -> None:
    outcome = ledger("follow-up", one, "--via", "phone", *args)
    assert (outcome.code, usage(outcome.err)) == (2, f"Error: {error}\n")


@pytest.mark.parametrize(
    ("args", "event", "said"),
    [
        (["handover"], {"did": "handover"}, "handover"),
        (["arrive"], {"did": "arrive"}, "arrive"),
        (["finish"], {"did": "finish"}, "finish"),
        (["instruct", "text=Two plumbers tonight"], {"did": "instruct", "text": "Two plumbers tonight"}, "instruct"),
        (["sign-off", "about=plan"], {"did": "sign-off", "about": "plan"}, "sign-off, plan"),
        (
            ["sign-off", "--about", "price", "who=王女士"],
            {"did": "sign-off", "who": "王女士", "about": "price"},
            "sign-off, price",
        ),
        (["forward", "whom=12345"], {"did": "forward", "whom": "12345"}, "forward"),
        (
            ["agree", "clock=resolve", "due=2026-11-25T18:00"],
            {"did": "agree", "clock": "resolve", "due": "2026-11-25T18:00:00+08:00"},
            "agree",
        ),
        (["join", "people=2", "room=3-1-0902"], {"did": "join", "people": 2, "room": "3-1-0902"}, "join"),
    ],
)
def test_did_records_every_verb(ledger: Ledger, one: str, args: list[str], event: dict[str, Any], said: str) -> None:
    assert ledger("did", one, *args, "--by", "sun.wei") == (0, f"{one}: {said}\n", "")
    assert last_event(ledger, one) == {
        "at": "2026-11-18T16:00:00.001+08:00",
        "by": "sun.wei",
        **event,
        "recorded_by": "li.na",
    }
    assert message(ledger).endswith(f"Complaint: {one}\nAction: {args[0]}")


def test_who_joins_is_counted_among_the_people(ledger: Ledger) -> None:
    alone, several = ledger.open("a"), ledger.open("b", "--people", "3")
    for one in (alone, several):
        ledger.ok("did", one, "join", "people=2")
        ledger.ok("did", one, "join", "people=1")
    people = [shown(ledger, one)["complainant"]["people"] for one in (alone, several)]
    assert people == [4, 6]


def test_who_joins_is_one_person_whose_data_goes_to_the_complainants(ledger: Ledger) -> None:
    one = ledger.open("No water", "--name", "王女士")
    assert ledger.ok("did", one, "join", "name=何先生", "phone=13900001111", "room=0902", "role=") == f"{one}: join\n"
    ledger.ok("did", one, "join", "people=3", "name=周女士")
    ledger.ok("did", one, "join")
    record = json.loads(ledger.ok("show", one, "--format", "json"))
    assert record["complainant"] == {
        "name": "王女士",
        "people": 6,
        "others": [{"name": "何先生", "phone": "13900001111"}, {"name": "周女士"}],
    }
    joined = [{name: value for name, value in each.items() if name not in ("at", "by")} for each in record["history"]]
    assert joined[1:] == [
        {"did": "join", "people": 1, "room": "0902"},
        {"did": "join", "people": 3},
        {"did": "join", "people": 1},
    ]
    assert ledger("check") == (0, "", "1 record: no problems\n")


@pytest.mark.parametrize(
    ("args", "error"),
    [
        (["jion"], "'jion' is not a verb; did you mean 'join'?"),
        (
            ["shout"],
            "'shout' is not a verb; there are: agree, arrive, finish, forward, handover, instruct, join, sign-off",
        ),
        (["contact", "via=phone"], "'contact' has a command of its own: cpl contact"),
        (["void"], "'void' has a command of its own: cpl correct --void"),
        (["handover", "now"], "'now' is not NAME=VALUE"),
        (["handover", "=x"], "'=x' is not NAME=VALUE"),
        (["agree"], "the event 'agree' needs also: clock=… due=…"),
        (["join", "people=many"], "Invalid value for people: 'many' is not a whole number in the digits 0-9"),
        (["join", "people=0"], "Invalid value for people: '0' is not a whole number from 1"),
        (["join", "peopel=2"], "Invalid value for peopel: 'peopel' is not a known key here; did you mean 'people'?"),
        (["handover", "due=2d"], "Invalid value for due: 'due' is not a known key here; there are: text"),
        (
            ["agree", "clock=resolv", "due=2d"],
            "Invalid value for clock: 'resolv' is not a clock of the profile; did you mean 'resolve'?",
        ),
        (
            ["agree", "clock=resolve", "due=2026-11-18T15:00"],
            "Invalid value for due: 2026-11-18T15:00:00+08:00 is past; it has to lie after 2026-11-18T16:00:00+08:00",
        ),
    ],
)
def test_did_says_what_is_wrong_with_an_event(ledger: Ledger, one: str, args: list[str], error: str) -> None:
    outcome = ledger("did", one, *args)
    assert (outcome.code, outcome.out, usage(outcome.err)) == (2, "", f"Error: {error}\n")


def test_a_deed_before_the_intake_is_refused(ledger: Ledger, one: str) -> None:
    outcome = ledger("did", one, "handover", "--at", "2026-11-18T08:00")
    assert (outcome.code, outcome.err) == (
        2,
        f"{one} was taken in at 2026-11-18T16:00:00+08:00; nothing can have been done about it before, "
        "at 2026-11-18T08:00:00+08:00\n",
    )
    assert ledger.git("status", "--porcelain") == ""


def test_what_the_intake_names_can_be_dispatched_once(ledger: Ledger) -> None:
    one = ledger.open("Lift", "--department", "engineering")
    again = ("assign", one, "--department", "engineering")
    assert ledger(*again) == (0, f"{one}: assigned to engineering\n", "")
    assert ledger(*again) == (2, "", f"{one}: nothing to change, the fields have these values\n")
