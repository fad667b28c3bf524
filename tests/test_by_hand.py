"""What `edit` and `set` refuse, because an event or another command changes it; and the command that they name."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from cpl import by_hand
from cpl.events import SET_BY_EVENTS, VERBS
from cpl.record import FIELDS, PERSONAL
from tests.ledger import ONE, Ledger

# What a person may change by hand, with `set` or in the editor: no event sets it.
FREE = {
    "title",
    "tags",
    "happened_at",
    "location",
    "object",
    "cause",
    "demands",
    "order",
    "costs",
    "forwarded_by",
    "finding",
    "links",
}

COMMANDS = {
    "status": f"cpl transition {ONE} STATE",
    "assignee": f"cpl assign {ONE} --to PERSON",
    "departments": f"cpl assign {ONE} --department NAME",
    "kind": f"cpl correct {ONE} kind=… --classify --reason TEXT",
    "nature": f"cpl correct {ONE} nature=… --classify --reason TEXT",
    "severity": f"cpl correct {ONE} severity=… --classify --reason TEXT",
    "category": f"cpl correct {ONE} category=… --classify --reason TEXT",
    "channel": f"cpl correct {ONE} channel=… --reason TEXT",
    "lead": f"cpl correct {ONE} lead=… --reason TEXT",
    "received_at": f"cpl correct {ONE} received_at=… --reason TEXT",
    "history": f"cpl did {ONE} VERB, cpl correct {ONE} --void EVENT --reason TEXT",
    "tasks": f"cpl task {ONE} add TEXT, cpl task {ONE} done|drop|due TASK",
    "evidence": f"cpl attach {ONE} FILE",
    "id": "cpl open",
    "source": "cpl import",
}
DROP = f"cpl task {ONE} drop t-aaaa --reason TEXT"
DUE = "2026-11-20T18:00:00+08:00"
AT = "2026-11-18T16:00:00+08:00"


def test_every_field_is_either_free_or_refused() -> None:
    assert set(FIELDS) == by_hand.FIELDS | FREE | PERSONAL
    assert by_hand.FIELDS >= SET_BY_EVENTS
    assert set(COMMANDS) == by_hand.FIELDS


def test_set_refuses_what_an_event_changes_and_names_the_command(ledger: Ledger, one: str) -> None:
    short = {"received": "received_at", "department": "departments", "key": "source"}
    names = {name: name.partition(".")[0] for name in (*COMMANDS, "source.key", "tasks.due", "history.at")}
    for name, first in (names | short).items():
        for value in ("x", "", "[]"):
            refusal = f"'{first}' is not changed by hand; use: {COMMANDS[first]}\n"
            assert ledger("set", one[-7:].lower(), "title=x", f"{name}={value}") == (2, "", refusal)


def test_people_who_joined_are_not_counted_by_hand(ledger: Ledger, one: str) -> None:
    ledger.ok("set", one, "people=2", "name=a")
    ledger.ok("did", one, "join", "people=1")
    said = (
        "'complainant.people' (it was 3) is not changed by hand; "
        f"use: cpl did {one} join people=N, cpl correct {one} --void did:join --reason TEXT\n"
    )
    for field in ("people=5", "complainant.people=", "complainant={name: a}", "complainant="):
        assert ledger("set", one, field) == (2, "", said)
    assert ledger("set", one, "name=b").code == 0
    ledger.ok("correct", one, "--void", "did:join", "--reason", "slip")
    assert ledger("set", one, "people=5").code == 0


def prepared(ledger: Ledger, folder: Path) -> str:
    """A record with a task, evidence and a contact; its text."""
    (folder / "a.jpg").write_bytes(b"a")
    ledger.ok("attach", ONE, str(folder / "a.jpg"))
    ledger.ok("contact", ONE, "--via", "phone")
    path = ledger.path(ONE)
    task = f"tasks:\n- {{id: t-aaaa, kind: action, text: Ring, made_at: {AT}, due: {DUE}}}\n"
    path.write_text(path.read_text(encoding="utf-8").replace("evidence:", f"{task}evidence:"), encoding="utf-8")
    ledger.commit()
    assert ledger("check").code == 0
    return path.read_text(encoding="utf-8")


def refused(ledger: Ledger, text: str) -> list[tuple[int, str]]:
    """The lines and messages with which `edit` refuses a text."""
    file = ledger.root.parent / "mine.md"
    file.write_text(text, encoding="utf-8")
    outcome = ledger("edit", ONE, "--file", str(file))
    headline, *lines = outcome.err.splitlines()
    assert (outcome.code, headline) == (2, "this is not changed by hand, the record is as it was:")
    found = [re.fullmatch(re.escape(str(file)) + r":(\d+): E090 (.*)", line) for line in lines]
    return [(int(each[1]), each[2]) for each in found if each]


def added(event: str) -> tuple[str, str]:
    """An event behind all others, by hand."""
    return "\ntasks:", f"\n- {{at: 2026-11-18T16:00:01+08:00, by: li.na, {event}}}\ntasks:"


EVENT_LINE = 11
SOURCE = "source: {system: a, key: b}\nhistory:"
CASES = {
    "status": ("status: received", "status: resolving", 5, f"'status' (it was 'received')…{COMMANDS['status']}"),
    "lead": ("lead: li.na", "lead: sun.wei", 7, f"'lead' (it was 'li.na')…{COMMANDS['lead']}"),
    "lead taken away": ("lead: li.na\n", "", 2, f"'lead' (it was 'li.na')…{COMMANDS['lead']}"),
    "kind": ("kind: complaint", "kind: repair", 4, f"'kind' (it was 'complaint')…{COMMANDS['kind']}"),
    "source": (
        "history:",
        "source: {system: a, key: b}\nhistory:",
        8,
        f"'source' (it was absent)…{COMMANDS['source']}",
    ),
    "intake time": (
        f"- {{at: {AT}, by: li.na, to",
        "- {at: 2026-11-18T15:00:00+08:00, by: li.na, to",
        9,
        f"the event to:received of {AT}…{COMMANDS['received_at']}",
    ),
    "intake person": (
        f"- {{at: {AT}, by: li.na, to",
        f"- {{at: {AT}, by: sun.wei, to",
        9,
        f"the event to:received of {AT} stays as it was; put it back",
    ),
    "event changed": (
        "via: phone",
        "via: visit",
        10,
        f"the event did:contact of 2026-11-18T16:00:00.001+08:00…"
        f"cpl correct {ONE} --void 2026-11-18T16:00:00.001+08:00 --reason TEXT",
    ),
    "task's kind": (
        "kind: action",
        "kind: promise",
        12,
        f"'kind' of task t-aaaa (it was 'action')…{DROP}, cpl task {ONE} add TEXT",
    ),
    "how often a task repeats": (
        "text: Ring,",
        "text: Ring, every: 1d,",
        12,
        f"'every' of task t-aaaa (it was absent)…{DROP}, cpl task {ONE} add TEXT",
    ),
    "task's due": (
        f"due: {DUE}",
        "due: 2026-11-21T18:00:00+08:00",
        12,
        f"'due' of task t-aaaa (it was {DUE})…cpl task {ONE} due t-aaaa --due INSTANT --reason TEXT",
    ),
    "task taken away": (
        f"tasks:\n- {{id: t-aaaa, kind: action, text: Ring, made_at: {AT}, due: {DUE}}}\n",
        "",
        2,
        f"task t-aaaa, which is gone,…{DROP}",
    ),
    "task added": (
        "evidence:",
        "- {id: t-bbbb, kind: step, text: x}\nevidence:",
        13,
        f"task t-bbbb…cpl task {ONE} add TEXT",
    ),
    "evidence changed": ("sha256: ", "sha256: 0", 14, f"evidence 'a.jpg'…{COMMANDS['evidence']}"),
    "evidence renamed": ("file: a.jpg", "file: b.jpg", 14, f"evidence 'b.jpg'…{COMMANDS['evidence']}"),
    "move added": (*added("to: resolving"), EVENT_LINE, f"cpl transition {ONE} resolving"),
    "assign": (*added("did: assign, set: {assignee: li.na}"), EVENT_LINE, f"cpl assign {ONE} --to PERSON"),
    "handover": (*added("did: handover"), EVENT_LINE, f"cpl did {ONE} handover"),
    "contact": (
        *added("did: contact, via: phone, about: reply"),
        EVENT_LINE,
        f"cpl contact {ONE} --via CHANNEL --about reply",
    ),
    "classify": (
        *added("did: classify, set: {nature: A}, reason: r"),
        EVENT_LINE,
        f"cpl correct {ONE} NAME=VALUE --classify --reason TEXT",
    ),
    "correct": (
        *added("did: correct, set: {lead: li.na}, reason: r"),
        EVENT_LINE,
        f"cpl correct {ONE} NAME=VALUE --reason TEXT",
    ),
    "reschedule": (
        *added(f"did: reschedule, task: t-aaaa, set: {{due: {DUE}}}, reason: r"),
        EVENT_LINE,
        f"cpl task {ONE} due TASK --due INSTANT --reason TEXT",
    ),
    "agree": (*added(f"did: agree, clock: resolve, due: {DUE}"), EVENT_LINE, f"cpl did {ONE} agree clock=… due=…"),
    "done": (*added("did: done, task: t-aaaa"), EVENT_LINE, f"cpl task {ONE} done TASK"),
    "drop": (*added("did: drop, task: t-aaaa, reason: r"), EVENT_LINE, f"cpl task {ONE} drop TASK --reason TEXT"),
    "arrive": (*added("did: arrive"), EVENT_LINE, f"cpl did {ONE} arrive"),
    "finish": (*added("did: finish"), EVENT_LINE, f"cpl did {ONE} finish"),
    "instruct": (*added("did: instruct"), EVENT_LINE, f"cpl did {ONE} instruct"),
    "sign-off": (*added("did: sign-off, about: price"), EVENT_LINE, f"cpl did {ONE} sign-off --about price"),
    "forward": (*added("did: forward, whom: x"), EVENT_LINE, f"cpl did {ONE} forward whom=…"),
    "join": (*added("did: join, people: 2"), EVENT_LINE, f"cpl did {ONE} join people=…"),
    "follow-up": (
        *added("did: follow-up, via: phone, about: desk"),
        EVENT_LINE,
        f"cpl follow-up {ONE} --via CHANNEL --satisfied",
    ),
    "void": (
        *added("did: void, event: {at: 2026-11-18T16:00:00.001+08:00, did: contact}, reason: r"),
        EVENT_LINE,
        f"cpl correct {ONE} --void EVENT --reason TEXT",
    ),
}


@pytest.mark.parametrize(("old", "new", "line", "words"), CASES.values(), ids=CASES)
def test_edit_refuses_what_an_event_changes_at_its_line_with_the_command(
    ledger: Ledger, one: str, tmp_path: Path, old: str, new: str, line: int, words: str
) -> None:
    text = prepared(ledger, tmp_path)
    assert old in text
    found = dict(refused(ledger, text.replace(old, new, 1)))
    if words.startswith("cpl "):
        name = re.sub(r".*(to|did): ([\w-]+).*", r"\1:\2", new.partition("event:")[0], flags=re.DOTALL)
        assert found[line] == f"the event {name} of 2026-11-18T16:00:01+08:00 is not changed by hand; use: {words}"
    else:
        assert found[line] == words.replace("…", " is not changed by hand; use: ", 1)
    assert ledger.path(one).read_text(encoding="utf-8") == text


def test_every_verb_is_refused() -> None:
    assert {name for name in CASES if name in VERBS} == set(VERBS)


def test_what_went_is_refused_too_and_everything_is_named_at_once(ledger: Ledger, one: str, tmp_path: Path) -> None:
    text = prepared(ledger, tmp_path)
    without = re.sub(r"- \{at: [^\n]*did: contact[^\n]*\n", "", text)
    without = re.sub(r"evidence:\n[^\n]*\n", "", without).replace("lead: li.na", "lead: sun.wei")
    assert refused(ledger, without) == [
        (2, "evidence 'a.jpg' is never taken away; put it back"),
        (7, f"'lead' (it was 'li.na') is not changed by hand; use: {COMMANDS['lead']}"),
        (
            9,
            "the event did:contact of 2026-11-18T16:00:00.001+08:00 is not changed by hand; "
            f"use: cpl correct {one} --void 2026-11-18T16:00:00.001+08:00 --reason TEXT",
        ),
    ]


@pytest.mark.usefixtures("one")
def test_an_event_that_stands_twice_is_one_too_many(ledger: Ledger, tmp_path: Path) -> None:
    text = prepared(ledger, tmp_path)
    contact = next(line for line in text.splitlines(keepends=True) if "did: contact" in line)
    ((line, words),) = refused(ledger, text.replace(contact, contact * 2))
    assert (line, words.partition(";")[0]) == (
        11,
        "the event did:contact of 2026-11-18T16:00:00.001+08:00 is not changed by hand",
    )


def test_order_notation_and_what_no_event_sets_are_free(ledger: Ledger, one: str, tmp_path: Path) -> None:
    text = prepared(ledger, tmp_path)
    events = [line for line in text.splitlines(keepends=True) if line.startswith("- {at: ")]
    changed = text.replace("".join(events), "".join(reversed(events)))
    changed = changed.replace("text: Ring", 'text: "Ring twice", who: sun.wei').replace("lead: li.na", "lead: 'li.na'")
    changed = changed.replace("file: a.jpg", "file: a.jpg, source: owner")
    changed = changed.replace("history:", "order: {price: 12.50}\nlocation: {room: '0302'}\nhistory:  # here", 1)
    file = tmp_path / "mine.md"
    file.write_text(changed, encoding="utf-8")
    assert ledger("edit", one, "--file", str(file)) == (0, f"{one}: edited\n", "")
    assert ledger("check").code == 0
