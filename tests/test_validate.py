"""Every problem that `cpl check` can name: a bad record, tree or setting for each code, and its line."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest

from cpl import document, validate
from cpl.record import make_id
from cpl.schema import shown
from cpl.tree import is_evidence_name
from tests.ledger import CPL_YAML, ID, RESIDENTIAL, ROOT, Ledger, instant, record_text, settings

SHA = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
OTHER = "CPL-20261117-9XE2WH9"
TODAY = make_id(date(2026, 11, 18), "AAAAAA")
RECORD = f"records/2026/11/16/{ID}.md"
FOLDER = f"records/2026/11/16/{ID}"


@dataclass(frozen=True)
class Found:
    """A problem as `check` prints it."""

    path: str
    line: int
    code: str
    message: str


def checked(ledger: Ledger, *args: str) -> tuple[int, list[Found]]:
    """The exit code of `cpl check` and what it found."""
    outcome = ledger("check", *args)
    rows = [re.fullmatch(r"(.+?):(\d+): (\w+) (.+)", line) for line in outcome.out.splitlines()]
    return outcome.code, [Found(row[1], int(row[2]), row[3], row[4]) for row in rows if row]


Tree = Callable[[Ledger], object]


def put(text: str | bytes, path: str = RECORD) -> Tree:
    """A tree with this file."""

    def make(ledger: Ledger) -> None:
        full = ledger.root / path
        full.parent.mkdir(parents=True, exist_ok=True)
        full.write_bytes(text if isinstance(text, bytes) else text.encode())

    return make


def trees(*all_of: Tree) -> Tree:
    """All these files together."""
    return lambda ledger: [make(ledger) for make in all_of]


def fields(text: str) -> Tree:
    """A sound record with these lines from line 7 on, or in the place of the same keys."""
    return put(record_text(fields=text))


def events(*texts: str, extra: str = "") -> Tree:
    """A record with these events, the first of them in line 9 (intake in 8) plus the lines of `extra`."""
    return put(record_text(*texts, fields=extra))


def replaced(old: str, new: str) -> Tree:
    """A sound record with one thing different."""
    text = record_text()
    assert old in text
    return put(text.replace(old, new, 1))


def profile(old: str, new: str) -> Tree:
    """A store whose own profile differs in one thing."""
    text = RESIDENTIAL.read_text(encoding="utf-8")
    assert old in text
    return put(text.replace(old, new, 1), "templates/profiles/residential.yaml")


def line_in_profile(start: str) -> int:
    lines = RESIDENTIAL.read_text(encoding="utf-8").splitlines()
    return 1 + next(index for index, line in enumerate(lines) if line.startswith(start))


def has_left(fields_: str) -> Tree:
    """A record of people of whom zhao.qiang left after the day before."""
    gone = CPL_YAML.replace("id: zhao.qiang,", "id: zhao.qiang, until: 2026-11-17,")
    return trees(put(gone, "cpl.yaml"), fields(fields_))


def link(ledger: Ledger) -> None:
    path = ledger.root / RECORD
    path.parent.mkdir(parents=True)
    path.symlink_to(ledger.root / "cpl.yaml")


SETTINGS_LINE = 1 + CPL_YAML.splitlines().index("profile: residential")
TASK = "tasks:\n- {id: t-aaaa, kind: step, text: a}\n"
EVIDENCE = f"evidence:\n- {{file: door.jpg, sha256: {SHA}}}\n"
PROFILE = "templates/profiles/residential.yaml"
CONTACT = "16T10:00 did: contact, via: phone, about: reply"

CASES: list[tuple[str, str, int, Tree]] = [
    # code, what is wrong, line (0: that of the profile's part), the tree
    ("E001", "not UTF-8", 3, put(record_text().encode().replace(b"Door", b"D\xf6\xf6r"))),
    ("E002", "front matter too large", 1, fields("x-a: " + "a" * 262_144 + "\n")),
    ("E002", "record too large", 1, put(record_text() + "a" * 1_048_576)),
    ("E003", "no front matter", 1, put("# A complaint\n")),
    ("E004", "front matter not closed", 1, put(record_text().removesuffix("---\n"))),
    ("E005", "full-width colon", 3, replaced("title: Door", "title：Door")),
    ("E005", "tab", 8, fields("x-a:\n\tb: c\n")),
    ("W005", "comma within braces", 7, fields("location: {spot: 3号楼,2单元}\n")),
    ("E006", "anchor", 3, replaced("title: Door", "title: &a Door")),
    ("E006", "tag", 3, replaced("title: Door", "title: !!str Door")),
    ("E006", "merge key", 7, fields("<<: a\n")),
    ("E007", "key twice", 7, put(record_text().replace("history:", "kind: repair\nhistory:", 1))),
    ("E008", "nested too deep", 7, fields("x-a: [[[[[[[[a]]]]]]]]\n")),
    ("E009", "null", 7, fields("cause: ~\n")),
    ("E010", "control character", 3, replaced("Door", "Door\x07")),
    ("E011", "conflict markers", 3, replaced("title: Door", "<<<<<<< ours\ntitle: Door")),
    ("E012", "a list at the root", 2, put("---\n- a\n---\n")),
    ("E013", "a link", 1, link),
    ("E014", "kind", 4, replaced("kind: complaint", "kind: complaintt")),
    ("E014", "department", 7, fields("departments: [enginering]\n")),
    ("E014", "lead", 7, fields("lead: li.ma\n")),
    ("E014", "by", 8, replaced("by: li.na", "by: li.ma")),
    ("E014", "recorded_by", 9, events("16T10:00 did: arrive, recorded_by: li.ma")),
    ("W015", "assignee who has left", 7, has_left("assignee: zhao.qiang\n")),
    ("W015", "who does a task has left", 8, has_left(TASK.replace("text: a", "text: a, who: zhao.qiang"))),
    ("E020", "unknown key", 7, fields("recieved: a\n")),
    ("E021", "required key", 2, put(record_text().replace("title: Door 2 does not lock\n", ""))),
    ("E021", "no event", 7, put(record_text().partition("history:")[0] + "history: []\n---\n")),
    ("E022", "no instant", 6, replaced("received_at: 2026-11-16T09", "received_at: 2026-11-31T09")),
    ("E023", "comment in a text", 3, replaced("Door 2 does", "Door #2 does")),
    ("E030", "check character", 2, replaced(f"id: {ID}", f"id: {OTHER[:-1]}8")),
    ("E031", "another day", 2, put(record_text(), f"records/2026/11/17/{ID}.md")),
    ("E040", "evidence missing", 8, fields(EVIDENCE)),
    ("E041", "evidence changed", 8, trees(fields(EVIDENCE), put("x", f"{FOLDER}/door.jpg"))),
    ("E042", "evidence elsewhere", 8, fields(EVIDENCE.replace("door.jpg", "../door.jpg"))),
    ("W043", "evidence not listed", 2, trees(fields(""), put("x", f"{FOLDER}/door.jpg"))),
    ("E044", "no such record", 7, fields(f"links: [{{as: same-cause, id: {OTHER}}}]\n")),
    ("E044", "itself", 7, fields(f"links: [{{as: same-cause, id: {ID}}}]\n")),
    ("E050", "status", 5, replaced("status: received", "status: resolving")),
    ("E051", "unknown verb", 9, events("16T10:00 did: shout")),
    ("E053", "no intake", 8, put(record_text().replace("to: received", "did: arrive"))),
    ("E053", "received at another time", 6, replaced("received_at: 2026-11-16T09:00", "received_at: 2026-11-16T08:00")),
    ("E054", "unknown clock", 9, events("16T10:00 did: agree, clock: rezolve, due: 2026-11-20T18:00:00+08:00")),
    (
        "E056",
        "nothing to void",
        9,
        events("16T10:00 did: void, reason: r, event: {at: 2026-11-16T09:30:00+08:00, did: arrive}"),
    ),
    (
        "E056",
        "the intake",
        9,
        events("16T10:00 did: void, reason: r, event: {at: 2026-11-16T09:00:00+08:00, to: received}"),
    ),
    ("E057", "kind of task", 8, fields(TASK.replace("step", "stepp"))),
    ("E057", "no such task", 9, events("16T10:00 did: done, task: t-bbbb")),
    ("E057", "id of a task", 8, fields(TASK.replace("t-aaaa", "T1"))),
    ("E058", "severity without nature A", 7, fields("severity: major\n")),
    ("W059", "the future", 9, events("19T10:00 did: arrive")),
    ("E060", "no finding", 10, events("16T10:00 to: investigating", "16T11:00 to: resolving")),
    ("E061", "not a manager", 9, events("16T10:00 to: declined, reason: r")),
    ("W062", "no such move", 9, events("16T10:00 to: closed", extra="kind: repair\n")),
    ("E063", "task open at the end", 8, events("16T10:00 to: referred, reason: r", extra=TASK)),
    ("W080", "a stranger", 1, put("x", "records/2026/notes.txt")),
    ("E022", "time zone", 3, put(CPL_YAML.replace("Asia/Shanghai", "Asia/Shanghei"), "cpl.yaml")),
    ("E070", "profile", SETTINGS_LINE, put(CPL_YAML.replace("residential", "office"), "cpl.yaml")),
    ("E070", "role", 7, put(CPL_YAML.replace("[desk]", "[dessk]"), "cpl.yaml")),
    ("E071", "move to nowhere", 0, profile("  received: [investigating,", "  received: [investigatin,")),
    ("E072", "newer format", 1, put(CPL_YAML.replace("format: 1", "format: 2"), "cpl.yaml")),
]
WARNED_TIE = events("16T10:00 did: arrive", "16T10:00 did: finish")
TWICE = trees(put(record_text()), put(record_text(), f"records/2026/11/17/{ID}.md"))
OF_IMPORTS = {"E080", "E081", "E082", "E083", "E084", "E085"}
OF_EDITS = {"E090"}


@pytest.mark.parametrize(
    ("code", "line", "tree"),
    [pytest.param(code, line, tree, id=f"{code} {what}") for code, what, line, tree in CASES],
)
def test_problem_is_named_with_its_line(ledger: Ledger, code: str, line: int, tree: Tree) -> None:
    tree(ledger)
    exit_code, found = checked(ledger)
    expected = line or line_in_profile("  received: [inv")
    assert [(each.line, each.code) for each in found] == [(expected, code)]
    assert exit_code == (1 if code.startswith("E") else 0)


def test_two_events_at_one_time_are_both_warned_of(ledger: Ledger) -> None:
    WARNED_TIE(ledger)
    exit_code, found = checked(ledger)
    assert (exit_code, [(each.line, each.code) for each in found]) == (0, [(9, "W052"), (10, "W052")])


def test_id_of_two_files_is_named_at_both(ledger: Ledger) -> None:
    TWICE(ledger)
    exit_code, found = checked(ledger)
    assert (exit_code, [(each.path, each.line, each.code) for each in found]) == (
        1,
        [
            (RECORD, 1, "E032"),
            (f"records/2026/11/17/{ID}.md", 1, "E032"),
            (f"records/2026/11/17/{ID}.md", 2, "E031"),
        ],
    )


TWICE_THERE = "E055"  # see test_guard_attacks
OF_CHANGES = {
    TWICE_THERE,
    *(f"E1{number:02}" for number in range(11)),
    "W111",
    "W112",
    "E059",
    *("W056", "W060", "W061"),
    *(f"E12{number}" for number in range(5)),
    "W126",
}  # see test_difference, test_cli_guard and test_server
OF_REGISTERS = {"E113", "E300", "E301", "E303", "W302"}  # see test_registers and test_cli_register
OF_AUDITS = {
    *(f"E20{number}" for number in range(1, 7)),
    *("W207", "W208", "W209", "E210", "E211", "E212", "W213", "E214", "E215", "E220", "E221", "E222", "E223", "W224"),
}  # see test_cli_verify


def codes_in(paths: list[Path], pattern: str) -> set[str]:
    return {code for path in paths for code in re.findall(pattern, path.read_text(encoding="utf-8"))}


OF_PLAYBOOKS = {"E073", "W065"}  # see test_playbook and test_cli_playbook
OF_MILESTONES = {"W064"}  # see test_cli_task_repeat


def test_every_code_is_in_the_docs_and_has_a_case() -> None:
    source = codes_in(sorted((ROOT / "cpl").rglob("*.py")), r'"([EW]\d{3})"')
    documented = re.findall(r"^\| ([EW]\d{3}) \|", (ROOT / "docs" / "problems.md").read_text("utf-8"), re.MULTILINE)
    assert sorted(documented) == sorted(source)
    others = {"W052", "E032", "W073", "W074", "W081", "W082"} | OF_PLAYBOOKS | OF_MILESTONES
    others |= OF_IMPORTS | OF_EDITS | OF_CHANGES | OF_AUDITS | OF_REGISTERS
    assert {code for code, *_rest in CASES} | others == source
    assert codes_in([ROOT / "cpl" / "mapping.py", ROOT / "cpl" / "sources.py"], r'"(E08\d)"') == OF_IMPORTS


def test_open_record_of_somebody_who_has_left_is_to_be_handed_over(ledger: Ledger) -> None:
    has_left("lead: zhao.qiang\nassignee: zhao.qiang\n")(ledger)
    words = "'zhao.qiang' left after 2026-11-17; run: cpl assign --all-of zhao.qiang --to PERSON"
    assert checked(ledger) == (
        0,
        [
            Found(RECORD, 7, "W015", f"lead {words} --lead -m TEXT"),
            Found(RECORD, 8, "W015", f"assignee {words}"),
        ],
    )
    assert ledger("check", now="2026-11-17T23:59:59+08:00").out == ""


def test_open_task_of_somebody_who_has_left_is_to_be_handed_over(ledger: Ledger) -> None:
    tasks = (
        "tasks:\n"
        "- {id: t-aaaa, kind: step, text: a, who: zhao.qiang}\n"
        "- {id: t-bbbb, kind: step, text: b, who: the lift company}\n"
        "- {id: t-cccc, kind: step, text: c, who: li.na}\n"
        "- id: t-dddd\n  kind: step\n  text: d\n  who: zhao.qiang\n"
        "- {id: t-eeee, kind: step, text: e}\n"
    )
    has_left(tasks)(ledger)
    done = "17T10:00 did: done, task: t-aaaa"
    words = "its who 'zhao.qiang' left after 2026-11-17; run: cpl assign --all-of zhao.qiang --to PERSON"
    first, second = (
        Found(RECORD, line, "W015", f"task {task} is open, {words}") for line, task in ((8, "t-aaaa"), (14, "t-dddd"))
    )
    assert checked(ledger) == (0, [first, second])
    put(record_text(done, fields=tasks))(ledger)
    assert checked(ledger) == (0, [second])
    assert ledger("check", now="2026-11-17T23:59:59+08:00").out == ""
    ledger.commit()
    ledger.ok("assign", "--all-of", "zhao.qiang", "--to", "sun.wei")
    assert checked(ledger) == (0, [])


def test_whoever_has_left_may_stay_on_what_is_over(ledger: Ledger) -> None:
    has_left("lead: zhao.qiang\n")(ledger)
    put(record_text("16T10:00 to: withdrawn, reason: r", fields="lead: zhao.qiang\n"))(ledger)
    assert checked(ledger) == (0, [])


MESSAGES = [
    (
        replaced("status: received", "status: resolved"),
        "E014 status 'resolved' is not in the profile; did you mean 'resolving'?",
    ),
    (
        fields("nature: C\nseverity: major\n"),
        "E058 severity 'major' goes only with nature=A",
    ),
    (
        events("16T10:00 to: declined, reason: r"),
        "E061 'li.na' may not move it to 'declined': rule 'declining' wants the role manager",
    ),
    (
        fields("location: {spot: 3号楼,2单元}\n"),
        "W005 other readers end the text before ',2单元'; put it in quotes: '3号楼,2单元'",
    ),
    (
        events("16T10:00 to: closed", extra="kind: repair\n"),
        "W062 the profile has no move from 'received' to 'closed', only to: investigating, resolving, replying, "
        "on-hold, declined, referred, withdrawn",
    ),
]


@pytest.mark.parametrize(("tree", "message"), MESSAGES, ids=[message.split()[0] for _tree, message in MESSAGES])
def test_message_names_the_value_and_what_would_be_right(ledger: Ledger, tree: Tree, message: str) -> None:
    tree(ledger)
    _code, found = checked(ledger)
    assert message in [f"{each.code} {each.message}" for each in found]


# What is no problem, and what is one more than once


@pytest.mark.parametrize(
    "tree",
    [
        pytest.param(fields("x-own: {a: [b]}\n"), id="own keys"),
        pytest.param(events("16T10:00 did: arrive, x-own: a"), id="own keys of an event"),
        pytest.param(fields("category: equipment/lift\nnature: A\nseverity: minor\n"), id="names of the profile"),
        pytest.param(trees(fields(EVIDENCE), put("", f"{FOLDER}/door.jpg")), id="evidence as recorded"),
        pytest.param(
            put(
                record_text("16T10:00 to: closed", fields="source: {system: nyc311, key: '1'}\nkind: repair\n").replace(
                    "by: li.na", "by: nyc311"
                )
            ),
            id="moves of an import",
        ),
        pytest.param(
            events(
                "16T10:00 did: correct, set: {category: other}, was: {category: not-any-more}, reason: renamed",
                extra="category: other\n",
            ),
            id="a name that the profile had once",
        ),
        pytest.param(
            events(
                "16T10:00 did: agree, clock: rezolve, due: 2026-11-20T18:00:00+08:00",
                "16T11:00 did: void, reason: slip, event: {at: 2026-11-16T10:00:00+08:00, did: agree}",
            ),
            id="a slip that was voided",
        ),
        pytest.param(
            events(
                "16T10:00 to: on-hold, reason: r, until: 2026-11-20T18:00:00+08:00",
                "16T11:00 did: void, reason: slip, event: {at: 2026-11-16T10:00:00+08:00, to: on-hold}",
                extra="status: received\n",
            ),
            id="the last move voided",
        ),
        pytest.param(
            put(
                record_text(identifier=TODAY).replace("2026-11-16", "2026-11-18").replace("09:00:00", "16:04:59"),
                f"records/2026/11/18/{TODAY}.md",
            ),
            id="clocks of two machines",
        ),
    ],
)
def test_check_is_clean(ledger: Ledger, tree: Tree) -> None:
    tree(ledger)
    assert checked(ledger) == (0, [])


@pytest.mark.parametrize(
    ("tree", "expected"),
    [
        pytest.param(
            events(
                "16T10:00 did: void, reason: r, event: {at: 2026-11-16T11:00:00+08:00, did: arrive}",
                "16T11:00 did: arrive",
            ),
            [(9, "E056")],
            id="void of a later event",
        ),
        pytest.param(
            events(
                "16T10:00 did: arrive",
                "16T11:00 did: void, reason: r, event: {at: 2026-11-16T10:00:00+08:00, did: arrive}",
                "16T12:00 did: void, reason: r, event: {at: 2026-11-16T11:00:00+08:00, did: void}",
            ),
            [(11, "E056")],
            id="void of a void",
        ),
        pytest.param(
            events(
                "16T10:00 to: investigating",
                "16T11:00 to: replying",
                "16T12:00 did: void, reason: r, event: {at: 2026-11-16T10:00:00+08:00, to: investigating}",
            ),
            [(11, "E056")],
            id="void of a move that another one followed",
        ),
        pytest.param(
            events("16T10:00 to: closed", "16T11:00 to: withdrawn, reason: r"),
            [(9, "E060"), (10, "W062")],
            id="the last unknown step is told until a legal move follows",
        ),
        pytest.param(
            events("16T10:00 to: following-up", "16T11:00 to: resolving", extra="kind: repair\n"),
            [],
            id="unknown step settled by a legal move",
        ),
        pytest.param(
            events(
                "16T10:00 did: correct, reason: r, was: {received_at: 2026-11-16T09:00:00+08:00}, "
                "set: {received_at: 2026-11-19T09:00:00+08:00}",
                extra="received_at: 2026-11-19T09:00:00+08:00\n",
            ),
            [(6, "W059")],
            id="received in the future",
        ),
        pytest.param(
            events(
                "16T10:00 did: reschedule, task: t-aaaa, reason: r, set: {due: 2026-11-20T18:00:00+08:00}",
                extra=TASK,
            ),
            [(8, "E050")],
            id="due of a task",
        ),
        pytest.param(fields(TASK + TASK.partition("\n")[2]), [(8, "E057"), (9, "E057")], id="two tasks of one id"),
        pytest.param(
            trees(fields(EVIDENCE + EVIDENCE.partition("\n")[2]), put("", f"{FOLDER}/door.jpg")),
            [(9, "E042")],
            id="evidence listed twice",
        ),
        pytest.param(replaced("to: received", "to: recieved"), [(5, "E050"), (8, "E014"), (8, "E053")], id="typo"),
        pytest.param(
            put(record_text(fields="kind: x\nnature: D\nassignee: nobody\n")),
            [(6, "E014"), (7, "E014"), (8, "E014")],
            id="all problems at once",
        ),
    ],
)
def test_check_finds_all_there_is(ledger: Ledger, tree: Tree, expected: list[tuple[int, str]]) -> None:
    tree(ledger)
    _code, found = checked(ledger)
    assert [(each.line, each.code) for each in found] == expected


def test_one_record_is_checked_without_knowing_the_others(ledger: Ledger) -> None:
    put(record_text(fields=f"links: [{{as: same-cause, id: {OTHER}}}]\n"))(ledger)
    put(record_text(fields="x: a\n"), f"records/2026/11/17/{OTHER}.md")(ledger)
    code, found = checked(ledger, ID)
    assert (code, found) == (0, [])


def test_values_of_the_wrong_type_are_told_before_any_rule_is_judged() -> None:
    text = record_text(fields="kind: x\nreceived_at: today\n")
    parsed, _problems = document.parse(text.encode(), RECORD)
    assert parsed is not None
    found = validate.check(parsed, settings(), validate.Facts(RECORD, instant("2026-11-18T16:00")))
    assert [(each.line, each.code) for each in found] == [(6, "E022")]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, "absent"),
        ((), "absent"),
        ("a", "'a'"),
        (12, "12"),
        (True, "true"),
        (instant("2026-11-16T09:00"), "2026-11-16T09:00:00+08:00"),
        (("a", "b"), "['a', 'b']"),
        ({"a": 1}, "{a: 1}"),
    ],
)
def test_value_is_shown_as_it_stands_in_a_file(value: object, expected: str) -> None:
    assert shown(value) == expected


@pytest.mark.parametrize("name", ["door.jpg", "门 1.jpg", "a#b.pdf", "x" * 200])
def test_plain_name_can_be_evidence(name: str) -> None:
    assert is_evidence_name(name)


@pytest.mark.parametrize(
    "name", ["", ".", "..", ".hidden", "a/b", "/a", "a\\b", "a\nb", "a\u202eb", "x" * 201, "门" * 67]
)
def test_name_that_hides_or_leads_elsewhere_can_not(name: str) -> None:
    assert not is_evidence_name(name)
