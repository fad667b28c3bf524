"""What a change of a record may not do: each rule broken once, and kept by everything that cpl itself writes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cpl import difference, document
from cpl.difference import Change
from cpl.record import make_id
from tests.ledger import ID, instant, record, record_text, settings

NOW = instant("2026-11-18T16:00")
OTHER = make_id(date(2026, 11, 16), "BBBBBB")
CONTACT = "16T10:00 did: contact, via: phone, about: acknowledge"
RESOLVING = "16T11:00 to: resolving"
TASK = "tasks:\n- {id: t-aaaa, kind: promise, text: mend it, due: 2026-11-20T12:00:00+08:00}\n"
DOOR = "evidence:\n- {file: door.jpg, sha256: aa}\n"
IMPORTED = "source: {system: nyc311, key: '1'}\n"


def judged(old: Sequence[str], new: str, *, may_import: bool = True) -> list[tuple[int, str]]:
    """Line and code of all that is wrong with making `new` of the versions `old`."""
    parsed, _problems = document.parse(new.encode(), "record.md")
    assert parsed is not None
    parents = [record(each) for each in old]
    change = Change("record.md", parsed, record(new), parents, settings().profile, may_import, NOW)
    return sorted({(each.line, each.code) for each in difference.check(change)})


def text(*events: str, fields: str = "") -> str:
    return record_text(*events, fields=fields)


# Name, the versions of the parents, the new version, and what is wrong with it.
CASES = [
    ("an event goes", [text(CONTACT)], text(), [(8, "E101")]),
    ("an event gets another value", [text(CONTACT)], text(CONTACT.replace("phone", "email")), [(9, "E102")]),
    ("an event gets another time", [text(CONTACT)], text(CONTACT.replace("10:00", "10:30")), [(9, "E102")]),
    ("an event gets another text", [text(CONTACT + ", text: a")], text(CONTACT + ", text: b"), [(9, "E102")]),
    (
        "an event gets recorded_at",
        [text(CONTACT)],
        text(CONTACT + ", recorded_at: 2026-11-16T12:00:00+08:00"),
        [(9, "E102")],
    ),
    (
        "an event stands before an old one",
        [text(RESOLVING)],
        text("16T10:00 did: handover", RESOLVING),
        [(9, "E103")],
    ),
    ("a move that there is not", [text()], text("16T10:00 to: closed, reason: x"), [(9, "E104")]),
    (
        "a move that there is not, then one that there is",
        [text()],
        text("16T10:00 to: following-up", "16T10:05 to: closed, reason: x"),
        [(9, "E104")],
    ),
    (
        "a move before the last one",
        [text(RESOLVING)],
        text("16T10:00 to: investigating, recorded_at: 2026-11-17T09:00:00+08:00", RESOLVING),
        [(9, "E104")],
    ),
    ("a new record with a move that there is not", [], text("16T10:00 to: following-up"), [(9, "E104")]),
    ("a judged field", [text(fields="severity: minor\nnature: A\n")], text(fields="nature: A\n"), [(2, "E105")]),
    ("a field that nobody set", [text()], text(fields="assignee: li.na\n"), [(7, "E105")]),
    (
        "a field that another event set",
        [text(fields="lead: li.na\n")],
        text("16T10:00 did: assign, set: {assignee: sun.wei}", fields="lead: sun.wei\nassignee: sun.wei\n"),
        [(7, "E105")],
    ),
    ("the id", [text()], record_text(identifier=OTHER), [(2, "E106")]),
    ("the source", [text(fields=IMPORTED)], text(fields=IMPORTED.replace("1", "2")), [(7, "E106")]),
    ("a record becomes an imported one", [text()], text(fields=IMPORTED), [(7, "E106")]),
    ("a task goes", [text(fields=TASK)], text(), [(2, "E107")]),
    ("a due moves", [text(fields=TASK)], text(fields=TASK.replace("11-20", "11-21")), [(8, "E107")]),
    (
        "a due goes",
        [text(fields=TASK)],
        text(fields=TASK.replace(", due: 2026-11-20T12:00:00+08:00", "")),
        [(8, "E107")],
    ),
    (
        "a task repeats less often",
        [text(fields=TASK.replace("it,", "it, every: 1d,"))],
        text(fields=TASK.replace("it,", "it, every: 9d,")),
        [(8, "E107")],
    ),
    ("a promise becomes a step", [text(fields=TASK)], text(fields=TASK.replace("promise", "step")), [(8, "E107")]),
    ("evidence goes", [text(fields=DOOR)], text(), [(2, "E108")]),
    ("a name of evidence is used again", [text(fields=DOOR)], text(fields=DOOR.replace("aa", "bb")), [(8, "E108")]),
    (
        "an event of another system in a record of it",
        [text(fields=IMPORTED)],
        text(fields=IMPORTED).replace("\n---\n", "\n- {at: 2026-11-16T10:00:00+08:00, by: nyc311, to: closed}\n---\n"),
        [(10, "E109")],
    ),
    ("a merge drops an event of its first side", [text(CONTACT), text(RESOLVING)], text(RESOLVING), [(8, "E101")]),
    ("a merge drops an event of its other side", [text(CONTACT), text(RESOLVING)], text(CONTACT), [(8, "E101")]),
    (
        "a merge brings a field that no side has",
        [text(fields="lead: li.na\n"), text(fields="lead: sun.wei\n")],
        text(fields="lead: zhao.qiang\n"),
        [(7, "E105")],
    ),
    ("a merge drops a task", [text(fields=TASK), text()], text(), [(2, "E107")]),
    (
        "a merge takes one of two files of a name",
        [text(fields=DOOR), text(fields=DOOR.replace("aa", "bb"))],
        text(fields=DOOR),
        [(8, "E108")],
    ),
]

ALLOWED = [
    ("nothing", [text(CONTACT)], text(CONTACT)),
    ("an event more", [text(CONTACT)], text(CONTACT, RESOLVING)),
    ("a new record", [], text(CONTACT, RESOLVING)),
    ("other fields", [text()], text(fields="title: Door 3\ntags: [door]\ndemands: [mend it]\n")),
    (
        "the notation",
        [text(CONTACT)],
        text(CONTACT).replace("via: phone", "via: 'phone'").replace("+08:00, by", "+08:00,  by"),
    ),
    ("the same instant in another zone", [text(CONTACT)], text(CONTACT).replace("16T10:00:00+08:00", "16T02:00:00Z")),
    (
        "an event entered after the fact",
        [text(RESOLVING)],
        text("16T10:00 did: handover, recorded_at: 2026-11-17T09:00:00+08:00", RESOLVING),
    ),
    (
        "a field that a new event sets",
        [text(fields="lead: li.na\n")],
        text("16T10:00 did: correct, set: {lead: sun.wei}, was: {lead: li.na}, reason: slip", fields="lead: sun.wei\n"),
    ),
    (
        "a field whose only setter is voided",
        [text("16T10:00 did: assign, set: {assignee: sun.wei}", fields="assignee: sun.wei\n")],
        text(
            "16T10:00 did: assign, set: {assignee: sun.wei}",
            "16T10:05 did: void, event: {at: '2026-11-16T10:00:00+08:00', did: assign}, reason: slip",
        ),
    ),
    (
        "a move that takes the place of a voided one",
        [text(RESOLVING)],
        text(
            RESOLVING,
            "16T11:05 did: void, event: {at: '2026-11-16T11:00:00+08:00', to: resolving}, reason: slip",
            "16T11:06 to: investigating",
            fields="status: investigating\n",
        ),
    ),
    (
        "a due that a new event moves",
        [text(fields=TASK)],
        text(
            "16T10:00 did: reschedule, task: t-aaaa, set: {due: '2026-11-21T12:00:00+08:00'}, reason: rain",
            fields=TASK.replace("11-20", "11-21"),
        ),
    ),
    (
        "a judgement entered after the fact, before a later one",
        [
            text(
                "17T10:00 did: correct, set: {lead: sun.wei}, was: {lead: li.na}, reason: slip",
                fields="lead: sun.wei\n",
            )
        ],
        text(
            "16T10:00 did: correct, set: {lead: zhao.qiang}, was: {lead: li.na}, reason: slip, "
            "recorded_at: 2026-11-18T09:00:00+08:00",
            "17T10:00 did: correct, set: {lead: sun.wei}, was: {lead: li.na}, reason: slip",
            fields="lead: sun.wei\n",
        ),
    ),
    (
        "words and person of a task",
        [text(fields=TASK)],
        text(fields=TASK.replace("mend it", "mend it now, who: li.na")),
    ),
    ("more evidence", [text(fields=DOOR)], text(fields=DOOR + "- {file: lock.jpg, sha256: bb}\n")),
    ("an import", [], text(fields=IMPORTED).replace("by: li.na", "by: nyc311")),
    (
        "a legal move after one that the profile has not",
        [text("16T10:00 to: following-up")],
        text("16T10:00 to: following-up", "16T10:05 to: closed, reason: x"),
    ),
    ("a merge of two lines", [text(CONTACT), text(RESOLVING)], text(CONTACT, RESOLVING)),
    (
        "a merge of two moves at once, which is a warning of check",
        [text("16T10:00 to: investigating"), text("16T10:01 to: replying")],
        text("16T10:00 to: investigating", "16T10:01 to: replying"),
    ),
    (
        "a merge of which one side reschedules",
        [
            text(fields=TASK),
            text(
                "16T10:00 did: reschedule, task: t-aaaa, set: {due: '2026-11-21T12:00:00+08:00'}, reason: rain",
                fields=TASK.replace("11-20", "11-21"),
            ),
        ],
        text(
            "16T10:00 did: reschedule, task: t-aaaa, set: {due: '2026-11-21T12:00:00+08:00'}, reason: rain",
            fields=TASK.replace("11-20", "11-21"),
        ),
    ),
    (
        "a merge of two files of one name, of which one got another",
        [text(fields=DOOR), text(fields=DOOR.replace("aa", "bb"))],
        text(fields=DOOR + "- {file: door-2.jpg, sha256: bb}\n"),
    ),
]


@pytest.mark.parametrize(("old", "new", "expected"), [each[1:] for each in CASES], ids=[each[0] for each in CASES])
def test_what_a_change_may_not_do(old: list[str], new: str, expected: list[tuple[int, str]]) -> None:
    assert judged(old, new) == expected


@pytest.mark.parametrize(("old", "new"), [each[1:] for each in ALLOWED], ids=[each[0] for each in ALLOWED])
def test_what_a_change_may_do(old: list[str], new: str) -> None:
    assert judged(old, new) == []


def test_a_record_of_another_system_comes_only_by_an_import() -> None:
    imported = text(fields=IMPORTED).replace("by: li.na", "by: nyc311")
    assert judged([], imported, may_import=False) == [(9, "E109")]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "11-20",
            "11-21",
            "due of task t-aaaa was 2026-11-20T12:00:00+08:00 and is 2026-11-21T12:00:00+08:00, but no event set it; "
            f"put it back and use: cpl task {ID} due t-aaaa --due INSTANT --reason TEXT",
        ),
        (
            "promise",
            "step",
            "kind of task t-aaaa was 'promise' and is 'step', but no event set it; put it back and use: "
            f"cpl task {ID} drop t-aaaa --reason TEXT, cpl task {ID} add TEXT",
        ),
    ],
    ids=["due", "kind"],
)
def test_messages_name_the_value_and_the_remedy(old: str, new: str, message: str) -> None:
    parsed, _problems = document.parse(text(fields=TASK.replace(old, new)).encode(), "record.md")
    assert parsed is not None
    parents = [record(text(fields=TASK))]
    change = Change("record.md", parsed, record(parsed.text), parents, settings().profile, may_import=True, now=NOW)
    (found,) = difference.check(change)
    assert str(found) == f"record.md:8: E107 {message}"


EVENTS = st.lists(
    st.tuples(st.integers(0, 59), st.sampled_from(["did: handover", "did: arrive", "did: finish"])),
    max_size=6,
    unique_by=lambda each: each[0],
).map(sorted)


@given(EVENTS, EVENTS)
def test_no_event_of_any_side_can_be_missing(ours: list[tuple[int, str]], theirs: list[tuple[int, str]]) -> None:
    sides = [[f"16T10:{minute:02} {what}" for minute, what in each] for each in (ours, theirs)]
    union = sorted({*sides[0], *sides[1]})
    merged = text(*union)
    assert judged([text(*sides[0]), text(*sides[1])], merged) == []
    for lost in union:
        less = text(*(each for each in union if each != lost))
        assert {code for _line, code in judged([text(*sides[0]), text(*sides[1])], less)} & {"E101", "E102"}
