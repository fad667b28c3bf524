"""The audit trail: what differs between versions, which commit did it, and `cpl log`, on real repositories."""

from __future__ import annotations

import json
import os
import random
import subprocess
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cpl import history
from cpl.changes import Change, changes
from cpl.git import Git
from cpl.history import Commit, FileChange
from cpl.steps import Shallow
from cpl.store import Store, record_path
from tests.ledger import Ledger

ID = "CPL-20261118-3CB6VN4"
OTHER = "CPL-20261117-9XE2WH9"
PATH = record_path(ID)
MOVED = f"records/2026/11/19/{ID}.md"
INTAKE = "{at: 2026-11-18T09:00:00+08:00, by: li.na, to: received}"
CONTACT = "{at: 2026-11-18T09:10:00+08:00, by: li.na, did: contact, via: phone, about: acknowledge, reached: true}"
MOVE = "{at: 2026-11-18T10:00:00+08:00, by: zhao.qiang, to: resolving}"
EVENTS = (INTAKE, CONTACT, MOVE)
BODY = "## Description\nThe door of unit 2\ndoes not lock.\n\n## Plan\nA new lock.\n"
TASK = "{id: t-9f3k, kind: promise, text: mend it, due: 2026-11-19T18:00:00+08:00}"


def text(
    *,
    events: Iterable[str] = EVENTS,
    extra: str = "",
    status: str = "resolving",
    body: str = BODY,
    title: str = "3号楼门禁",
) -> str:
    """A record's file."""
    lines = "".join(f"- {event}\n" for event in events)
    fields = f"title: {title}\nkind: complaint\nstatus: {status}\nreceived_at: 2026-11-18T09:00:00+08:00\n"
    return f"---\nid: {ID}\n{fields}{extra}history:\n{lines}---\n{body}"


def difference(before: str | None, after: str | None) -> list[Change]:
    old, new = (None if each is None else each.encode() for each in (before, after))
    return changes(old, new)


def words(before: str | None, after: str | None) -> list[str]:
    return [each.words for each in difference(before, after)]


class Repository:
    """A store's repository in which commits have dates a minute apart."""

    def __init__(self, top: Path, *, sub: str = ".") -> None:
        self.top, self.root = top, top / sub
        self.minute = 0
        self.root.mkdir(exist_ok=True)

    def git(self, *args: str) -> str:
        date = f"2026-11-18T10:{self.minute:02}:00+08:00"
        env = {**os.environ, "GIT_AUTHOR_DATE": date, "GIT_COMMITTER_DATE": date}
        return subprocess.run(["git", *args], cwd=self.root, env=env, check=True, capture_output=True, text=True).stdout

    def put(self, path: str, content: str | bytes) -> None:
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).write_bytes(content if isinstance(content, bytes) else content.encode())

    def commit(self, message: str = "by hand") -> str:
        self.minute += 1
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", message)
        return self.git("rev-parse", "HEAD").strip()

    def trail(
        self, path: str | None = PATH, *, limit: int | None = None, since: datetime | None = None
    ) -> list[Commit]:
        return list(history.trail(Git(self.root), path, limit=limit, since=since))

    def told(
        self, path: str | None = PATH, *, limit: int | None = None, since: datetime | None = None
    ) -> list[tuple[str, list[str]]]:
        """The trail, as subjects and words."""
        return [
            (commit.subject, [change.words for each in commit.files for change in each.changes])
            for commit in self.trail(path, limit=limit, since=since)
        ]


@pytest.fixture
def store(repo: Path) -> Repository:
    return Repository(repo)


FIELDS = {
    "a field set": ("", "severity: minor\n", [Change("severity", None, "minor", "severity: – → minor")]),
    "a field taken away": ("severity: minor\n", "", [Change("severity", "minor", None, "severity: minor → –")]),
    "a field within": (
        "location: {building: '3', room: '1201'}\n",
        "location: {building: '3', room: '1202'}\n",
        [Change("location.room", "1201", "1202", "location.room: 1201 → 1202")],
    ),
    "a mapping taken away": (
        "location: {building: '3'}\n",
        "",
        [Change("location.building", "3", None, "location.building: 3 → –")],
    ),
    "a mapping for a text": (
        "finding: ours\n",
        "finding: {share: full}\n",
        [Change("finding", "ours", "{share: full}", "finding: ours → {share: full}")],
    ),
    "a list": (
        "demands: [mend it]\n",
        "demands: [mend it, say sorry]\n",
        [Change("demands", "[mend it]", "[mend it, say sorry]", "demands: [mend it] → [mend it, say sorry]")],
    ),
    "a task added": (
        "",
        f"tasks:\n- {TASK}\n",
        [
            Change(
                "tasks[t-9f3k]",
                None,
                TASK,
                "task t-9f3k added: kind: promise, text: mend it, due: 2026-11-19T18:00:00+08:00",
            )
        ],
    ),
    "a task removed": (
        f"tasks: [{TASK}]\n",
        "tasks: []\n",
        [
            Change(
                "tasks[t-9f3k]",
                TASK,
                None,
                "task t-9f3k REMOVED: kind: promise, text: mend it, due: 2026-11-19T18:00:00+08:00",
            )
        ],
    ),
    "a task changed": (
        f"tasks: [{TASK}]\n",
        f"tasks: [{TASK.replace('-19T', '-20T')}]\n",
        [
            Change(
                "tasks[t-9f3k].due",
                "2026-11-19T18:00:00+08:00",
                "2026-11-20T18:00:00+08:00",
                "task t-9f3k.due: 2026-11-19T18:00:00+08:00 → 2026-11-20T18:00:00+08:00",
            )
        ],
    ),
    "tasks of which two have one id": (
        "tasks: [{id: t-1}]\n",
        "tasks: [{id: t-1}, {id: t-1}]\n",
        [
            Change(
                "tasks",
                "[{id: t-1}]",
                "[{id: t-1}, {id: t-1}]",
                "tasks: [{id: t-1}] → [{id: t-1}, {id: t-1}]",
            )
        ],
    ),
    "evidence that is no mapping": (
        "evidence: a.jpg\n",
        "evidence: b.jpg\n",
        [Change("evidence", "a.jpg", "b.jpg", "evidence: a.jpg → b.jpg")],
    ),
    "evidence added": (
        "",
        "evidence: [{file: door.jpg, sha256: 00ff}]\n",
        [
            Change(
                "evidence[door.jpg]",
                None,
                "{file: door.jpg, sha256: 00ff}",
                "evidence door.jpg added: sha256: 00ff",
            )
        ],
    ),
    "a name within braces": (
        "x-a: {b: [{c: }]}\n",
        "x-a: {}\n",
        [Change("x-a.b", "[{c: }]", None, "x-a.b: [{c: }] → –")],
    ),
}


@pytest.mark.parametrize(("before", "after", "expected"), FIELDS.values(), ids=FIELDS)
def test_a_changed_field_is_told_with_its_path_values_and_words(
    before: str, after: str, expected: list[Change]
) -> None:
    assert difference(text(extra=before), text(extra=after)) == expected


def test_a_move_is_told_as_its_event_and_its_copy() -> None:
    assert difference(text(events=EVENTS[:2], status="received"), text()) == [
        Change("status", "received", "resolving", "status: received → resolving"),
        Change("history[+]", None, MOVE, "event added: to:resolving by zhao.qiang at 2026-11-18 10:00"),
    ]


def test_an_added_event_is_told_with_its_details() -> None:
    assert words(text(events=[INTAKE]), text(events=[INTAKE, CONTACT])) == [
        "event added: did:contact by li.na at 2026-11-18 09:10 (via: phone, about: acknowledge, reached: true)"
    ]


def test_a_removed_event_is_told_loudly() -> None:
    assert difference(text(), text(events=[INTAKE, MOVE])) == [
        Change(
            "history[-]",
            CONTACT,
            None,
            "event REMOVED: did:contact by li.na at 2026-11-18 09:10 (via: phone, about: acknowledge, reached: true)",
        )
    ]


CHANGED_EVENTS = {
    "a field": (
        CONTACT.replace("true", "false"),
        "event CHANGED: did:contact by li.na at 2026-11-18 09:10: reached: true → false",
    ),
    "a field more": (
        CONTACT.replace("}", ", text: hello}"),
        "event CHANGED: did:contact by li.na at 2026-11-18 09:10: text: – → hello",
    ),
    "the verb": (
        "{at: 2026-11-18T09:10:00+08:00, by: li.na, did: handover}",
        "event CHANGED: did:contact by li.na at 2026-11-18 09:10: did: contact → handover;"
        " via: phone → –; about: acknowledge → –; reached: true → –",
    ),
    "the time": (
        CONTACT.replace("09:10", "09:50"),
        "event CHANGED: did:contact by li.na at 2026-11-18 09:10:"
        " at: 2026-11-18T09:10:00+08:00 → 2026-11-18T09:50:00+08:00",
    ),
}


@pytest.mark.parametrize(("event", "expected"), CHANGED_EVENTS.values(), ids=CHANGED_EVENTS)
def test_a_changed_event_is_told_loudly(event: str, expected: str) -> None:
    assert difference(text(), text(events=[INTAKE, event, MOVE])) == [Change("history[~]", CONTACT, event, expected)]


def test_an_event_that_stands_once_less_is_removed() -> None:
    assert words(text(events=[INTAKE, INTAKE]), text(events=[INTAKE])) == [
        "event REMOVED: to:received by li.na at 2026-11-18 09:00"
    ]


def test_of_two_events_at_one_instant_the_one_of_the_same_name_is_the_changed_one() -> None:
    twin = "{at: 2026-11-18T09:10:00+08:00, by: li.na, did: handover}"
    before = text(events=[INTAKE, twin, CONTACT])
    after = text(events=[INTAKE, CONTACT.replace("phone", "visit"), twin.replace("}", ", text: taken}")])
    assert words(before, after) == [
        "event CHANGED: did:handover by li.na at 2026-11-18 09:10: text: – → taken",
        "event CHANGED: did:contact by li.na at 2026-11-18 09:10: via: phone → visit",
    ]


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        ("gone", "event added: ? by – at – (gone)"),
        ("{by: li.na, to: }", "event added: ? by li.na at –"),
        ("{at: noon, by: li.na, to: closed}", "event added: to:closed by li.na at noon"),
    ],
)
def test_what_is_no_event_is_told_all_the_same(event: str, expected: str) -> None:
    assert words(text(), text(events=[*EVENTS, event])) == [expected]


def test_events_without_a_list_are_told() -> None:
    assert words(text(), text().replace("history:\n", "x-history:\n"))[-3:] == [
        "event REMOVED: to:received by li.na at 2026-11-18 09:00",
        "event REMOVED: did:contact by li.na at 2026-11-18 09:10 (via: phone, about: acknowledge, reached: true)",
        "event REMOVED: to:resolving by zhao.qiang at 2026-11-18 10:00",
    ]


ASSIGN = "{at: 2026-11-18T09:20:00+08:00, by: li.na, did: assign, set: {departments: engineering}}"


def test_an_event_that_means_the_same_is_the_same() -> None:
    other = ASSIGN.replace("engineering", "[engineering]")
    found = difference(text(events=[INTAKE, ASSIGN]), text(events=[INTAKE, other]))
    assert [change.field for change in found] == ["notation"]


NOTATIONS = {
    "order of events": text(events=(MOVE, INTAKE, CONTACT)),
    "quotes within an event": text(events=(INTAKE.replace("li.na", "'li.na'"), CONTACT, MOVE)),
    "comment": text(extra="# look here\n"),
    "quotes": text(title="'3号楼门禁'"),
    "key without value": text(extra="severity:\n"),
    "newlines": text().replace("\n", "\r\n"),
    "byte order mark": "\ufeff" + text(),
    "blank lines around sections": text(body=BODY.replace("\n\n", "\n\n\n") + "\n"),
    "blank line before the first section": text(body="\n" + BODY),
    "order of sections": text(body="## Plan\nA new lock.\n## Description\nThe door of unit 2\ndoes not lock.\n"),
}


@pytest.mark.parametrize("after", NOTATIONS.values(), ids=NOTATIONS)
def test_what_changes_nothing_but_the_notation_is_said_to(after: str) -> None:
    notation = Change("notation", None, None, "only the notation changed: comments, order, quotes or blanks")
    assert difference(text(), after) == [notation]


BODIES = {
    "changed": (
        BODY.replace("does not lock", "locks badly\nand squeaks"),
        [("body:Description", "Description changed (+2 −1 lines)")],
    ),
    "added": (BODY + "## Result\nDone.\n\nTested.\n", [("body:Result", "Result added (+2 lines)")]),
    "removed": (BODY.partition("## Plan")[0], [("body:Plan", "Plan REMOVED (−1 lines)")]),
    "empty section added": (BODY + "## Result\n", [("body:Result", "Result added (+0 lines)")]),
    "preamble": ("Hello\n" + BODY, [("body:", "text before the first heading added (+1 lines)")]),
    "blanks in lines": (
        BODY.replace("unit 2\n", "unit 2\n  \n"),
        [("body:Description", "Description: only the order of lines or blanks changed")],
    ),
    "order of lines": (
        BODY.replace("The door of unit 2\ndoes not lock.", "does not lock.\nThe door of unit 2"),
        [("body:Description", "Description: only the order of lines or blanks changed")],
    ),
    "heading within code": (
        BODY + "```\n## no heading\n``` \n",
        [("body:Plan", "Plan changed (+3 −0 lines)")],
    ),
    "fence within a longer fence": (
        BODY + "````\n```\n## no heading\n````\n## Result\nx\n",
        [("body:Plan", "Plan changed (+4 −0 lines)"), ("body:Result", "Result added (+1 lines)")],
    ),
    "code within a line is no fence": (
        BODY + "```code```\n## Result\nx\n",
        [("body:Plan", "Plan changed (+1 −0 lines)"), ("body:Result", "Result added (+1 lines)")],
    ),
    "deeper heading": (BODY + "### Step\n", [("body:Plan", "Plan changed (+1 −0 lines)")]),
}


@pytest.mark.parametrize(("after", "expected"), BODIES.values(), ids=BODIES)
def test_a_changed_body_is_told_by_section(after: str, expected: list[tuple[str, str]]) -> None:
    found = difference(text(), text(body=after))
    assert [(change.field, change.words) for change in found] == expected


def test_the_texts_of_a_changed_section_are_the_values() -> None:
    assert difference(text(), text(body=BODY.replace("A new", "No new"))) == [
        Change("body:Plan", "A new lock.", "No new lock.", "Plan changed (+1 −1 lines)")
    ]


def test_a_new_and_a_removed_record_are_told_in_one_line() -> None:
    assert difference(None, text()) == [
        Change("record", None, "3号楼门禁", "record added: 3号楼门禁 (complaint, resolving)")
    ]
    assert difference(text(), None) == [
        Change("record", "3号楼门禁", None, "record REMOVED: 3号楼门禁 (complaint, resolving)")
    ]


def test_an_unreadable_version_is_told_with_its_first_problem_and_its_lines() -> None:
    broken = text().replace("status: resolving", "status：closed")
    before, after = "status: resolving", "status：closed"
    found = difference(text(), broken)
    assert [change.field for change in found] == ["unreadable", "text", "text[-]", "text[+]"]
    assert found[0].words.startswith("this version is UNREADABLE: line 5: E005 ")
    assert found[1:] == [
        Change("text", None, None, "text changed (+1 −1 lines)"),
        Change("text[-]", before, None, f"− {before}"),
        Change("text[+]", None, after, f"+ {after}"),
    ]
    assert difference(broken, text()) == [
        Change("text", None, None, "text changed (+1 −1 lines)"),
        Change("text[-]", after, None, f"− {after}"),
        Change("text[+]", None, before, f"+ {before}"),
    ]


def test_a_version_that_never_was_readable_is_told() -> None:
    told = words(None, "hello\n")
    assert told[0] == "record added: – (–, –)"
    assert told[1].startswith("this version is UNREADABLE: line 1: E003 ")
    assert changes(b"\xff", None) == [Change("record", None, None, "record REMOVED: – (–, –)")]


def test_a_long_value_is_cut_in_the_words_only() -> None:
    (change,) = difference(text(), text(extra="object: " + "长" * 2000 + "\n"))
    assert change.after == "长" * 2000
    assert change.words == "object: – → " + "长" * 49 + "…"


values = st.text("ab\n\x1b锁{}[]:#'\"", max_size=12)


@given(values, values)
def test_two_texts_of_one_field_differ_exactly_when_they_do(before: str, after: str) -> None:
    old, new = (text(extra=f"object: {json.dumps(each, ensure_ascii=True)}\n") for each in (before, after))
    fields = [change.field for change in difference(old, new)]
    if "\x1b" in before + after:  # not allowed in a record
        assert before == after or fields[0] in ("unreadable", "text")
    else:
        assert fields == ([] if before == after else ["object"])


@given(st.lists(st.sampled_from(EVENTS), min_size=1), st.lists(st.sampled_from(EVENTS), min_size=1))
def test_added_less_removed_events_are_those_that_the_versions_differ_by(before: list[str], after: list[str]) -> None:
    found = difference(text(events=before), text(events=after))
    count = {field: sum(change.field == f"history[{field}]" for change in found) for field in "+-~"}
    assert count["+"] - count["-"] == len(after) - len(before)
    assert count["~"] == 0
    assert (sorted(before) == sorted(after)) == (count["+"] + count["-"] == 0)


def test_a_trail_tells_who_did_what_and_by_which_commit(store: Repository) -> None:
    store.put(PATH, text(events=[INTAKE], status="received"))
    first = store.commit(f"{ID}: taken in\n\nComplaint: {ID}\nAction: open")
    store.put(PATH, text(events=[INTAKE], status="closed"))
    second = store.commit()
    at = [datetime(2026, 11, 18, 2, minute, tzinfo=UTC) for minute in (1, 2)]
    assert store.trail() == [
        Commit(
            second,
            at[1],
            at[1],
            "Li Na",
            "li.na@example.org",
            "by hand",
            None,
            is_merge=False,
            files=(FileChange(PATH, None, (Change("status", "received", "closed", "status: received → closed"),)),),
        ),
        Commit(
            first,
            at[0],
            at[0],
            "Li Na",
            "li.na@example.org",
            f"{ID}: taken in",
            "open",
            is_merge=False,
            files=(
                FileChange(
                    PATH,
                    None,
                    (Change("record", None, "3号楼门禁", "record added: 3号楼门禁 (complaint, received)"),),
                ),
            ),
        ),
    ]
    assert [commit.by_hand for commit in store.trail()] == [True, False]


def test_author_and_committer_dates_are_told_apart(store: Repository) -> None:
    store.put(PATH, text())
    store.commit()
    store.minute = 30
    store.git("commit", "--amend", "--quiet", "--message", "later", "--date", "2026-11-01T08:00:00+08:00")
    (commit,) = store.trail()
    assert (commit.at, commit.committed_at) == (
        datetime(2026, 11, 1, tzinfo=UTC),
        datetime(2026, 11, 18, 2, 30, tzinfo=UTC),
    )


@pytest.mark.parametrize(
    "date",
    ["@1795000000000 +0800", "@253402300799 -0100", "@5 +9999"],  # milliseconds for seconds; offsets of no zone
    ids=["year 58851", "year 9999", "offset"],
)
def test_a_date_beyond_the_calendar_is_told_as_1970(store: Repository, date: str) -> None:
    store.put(PATH, text())
    store.git("add", "--all")
    tree = store.git("write-tree").strip()
    person = f"Li Na <li.na@example.org> {date.removeprefix('@')}"
    (store.root / "commit").write_text(f"tree {tree}\nauthor {person}\ncommitter {person}\n\nodd\n", encoding="utf-8")
    store.git("reset", "--quiet", store.git("hash-object", "-t", "commit", "-w", "commit").strip())
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    assert [(each.subject, each.at, each.committed_at) for each in store.trail()] == [("odd", epoch, epoch)]


def test_a_trail_leaves_out_other_records_and_the_whole_one_has_them(store: Repository) -> None:
    store.put(PATH, text())
    store.commit("one")
    store.put(record_path(OTHER), text().replace(ID, OTHER))
    store.put("records/registers/elderly.yaml", "a: b\n")
    store.commit("two")
    store.put("README.md", "hello")
    store.commit("three")
    assert [subject for subject, _words in store.told()] == ["one"]
    assert [(commit.subject, [each.name for each in commit.files]) for commit in store.trail(None)] == [
        ("two", [OTHER, "records/registers/elderly.yaml"]),
        ("one", [ID]),
    ]
    assert store.told(None)[0][1] == [
        "record added: 3号楼门禁 (complaint, resolving)",
        "file records/registers/elderly.yaml added",
    ]


def test_limit_counts_commits_and_since_is_half_open(store: Repository) -> None:
    for number in range(5):
        store.put(PATH, text(extra=f"object: door {number}\n"))
        store.commit(str(number))
    third = datetime(2026, 11, 18, 2, 3, tzinfo=UTC)
    assert [subject for subject, _words in store.told(limit=2)] == ["4", "3"]
    assert [subject for subject, _words in store.told(since=third)] == ["4", "3", "2"]
    assert [subject for subject, _words in store.told(None, since=datetime(1969, 1, 1, tzinfo=UTC))] == list("43210")


def test_more_commits_than_are_read_at_once_are_all_told(store: Repository) -> None:
    message, mark = "commit refs/heads/main\ncommitter L <l@x> {at} +0800\ndata 1\nc\n", 0
    script = ""
    for mark in range(230):
        content = text(extra=f"object: door {mark}\n")
        size = len(content.encode())
        script += message.format(at=1_790_000_000 + mark)
        script += f"M 100644 inline {PATH}\ndata {size}\n{content}\n"
    subprocess.run(["git", "fast-import", "--quiet"], cwd=store.root, input=script.encode(), check=True)
    told = store.told()
    assert len(told) == 230
    assert told[0][1] == ["object: door 228 → door 229"]
    assert told[-1][1] == ["record added: 3号楼门禁 (complaint, resolving)"]


def test_a_moved_day_folder_is_followed_with_its_evidence(store: Repository) -> None:
    folder = PATH.removesuffix(".md")
    store.put(PATH, text())
    store.put(f"{folder}/door.jpg", b"\xff\xd8")
    store.commit("one")
    store.git("mv", "records/2026/11/18", "records/2026/11/19")
    store.put(MOVED, text(status="closed"))
    store.commit("two")
    two, one = store.trail(MOVED)
    assert [(each.path, each.renamed_from) for each in (*two.files, *one.files)] == [
        (MOVED, PATH),
        (PATH, None),
    ]
    assert store.told(MOVED) == [
        ("two", [f"moved from {PATH} to {MOVED}", "status: resolving → closed"]),
        ("one", ["record added: 3号楼门禁 (complaint, resolving)", "file door.jpg added"]),
    ]
    assert store.told(None) == store.told(MOVED)


def test_a_record_that_had_another_name_is_followed(store: Repository) -> None:
    store.put("records/new complaint.md", text())
    store.put("another.txt", "what has nothing to do with it\n")
    store.commit("one")
    store.put("records/new complaint.md", text(status="closed"))
    store.commit("two")
    store.put(PATH, "")
    store.git("mv", "--force", "records/new complaint.md", PATH)
    store.git("mv", "another.txt", "a.txt")
    store.put(PATH, text())
    store.commit("three")
    assert store.told() == [
        ("three", [f"moved from records/new complaint.md to {PATH}", "status: closed → resolving"]),
        ("two", ["status: resolving → closed"]),
        ("one", ["record added: 3号楼门禁 (complaint, resolving)"]),
    ]
    assert store.trail()[0].files[0].renamed_from == "records/new complaint.md"


def test_a_record_that_was_removed_and_came_back_is_told_in_full(store: Repository) -> None:
    store.put(PATH, text())
    store.commit("one")
    (store.root / PATH).unlink()
    store.commit("two")
    store.put(PATH, text(status="closed"))
    store.commit("three")
    assert store.told() == [
        ("three", ["record added: 3号楼门禁 (complaint, closed)"]),
        ("two", ["record REMOVED: 3号楼门禁 (complaint, resolving)"]),
        ("one", ["record added: 3号楼门禁 (complaint, resolving)"]),
    ]
    assert [commit.files[0].is_removed for commit in store.trail()] == [False, True, False]


def test_evidence_is_told_under_its_record(store: Repository) -> None:
    folder = PATH.removesuffix(".md")
    store.put(PATH, text())
    store.put(f"{folder}/old.jpg", b"old")
    store.commit("one")
    store.put(f"{folder}/门 1\n.jpg", b"one")
    store.commit("two")
    store.put(f"{folder}/门 1\n.jpg", b"two")
    store.put(f"{folder}/CPL-notes.md", b"no record")
    (store.root / folder / "old.jpg").unlink()
    store.commit("three")
    assert store.told()[:2] == [
        (
            "three",
            ["file CPL-notes.md added", "file old.jpg REMOVED", "file 门 1\n.jpg CHANGED"],
        ),
        ("two", ["file 门 1\n.jpg added"]),
    ]
    assert [each.path for each in store.trail()[0].files] == [PATH]
    new = store.git("hash-object", f"{folder}/CPL-notes.md").strip()
    assert store.trail()[0].files[0].changes[0] == Change("file:CPL-notes.md", None, new, "file CPL-notes.md added")


def test_evidence_that_moved_alone_is_told(store: Repository) -> None:
    store.put(PATH, text())
    store.put(f"records/2026/11/17/{ID}/door.jpg", b"x")
    store.commit("one")
    store.git("mv", f"records/2026/11/17/{ID}", PATH.removesuffix(".md"))
    store.commit("two")
    assert store.told()[0] == ("two", ["file door.jpg moved"])


def test_a_changed_file_mode_is_told(store: Repository) -> None:
    store.put(PATH, text())
    store.commit("one")
    (store.root / PATH).chmod(0o755)
    store.commit("two")
    assert store.told()[0] == ("two", ["file mode: 100644 → 100755"])


def test_a_store_in_a_folder_of_the_repository_has_its_own_paths(repo: Path) -> None:
    store = Repository(repo, sub="房 子\n[1]")
    store.put(PATH, text())
    store.commit("one")
    store.put(PATH, text(status="closed"))
    store.commit("two")
    (repo / "records").mkdir()
    (repo / "records" / f"{ID}.md").write_text(text())
    store.commit("elsewhere")
    assert store.told() == [
        ("two", ["status: resolving → closed"]),
        ("one", ["record added: 3号楼门禁 (complaint, resolving)"]),
    ]
    assert [each.path for commit in store.trail(None) for each in commit.files] == [PATH, PATH]


def test_a_store_that_moved_within_the_repository_is_followed(repo: Path) -> None:
    store = Repository(repo, sub="old")
    store.put(PATH, text())
    store.commit("one")
    store.git("mv", "../old", "../new")
    store.root = repo / "new"
    store.commit("two")
    assert store.told() == [
        ("two", [f"moved from ../old/{PATH} to {PATH}"]),
        ("one", ["record added: 3号楼门禁 (complaint, resolving)"]),
    ]


def two_branches(store: Repository, ours: str, theirs: str) -> None:
    """Two edits of one base, not yet merged."""
    store.put(PATH, text())
    store.commit("base")
    store.git("checkout", "--quiet", "-b", "side")
    store.put(PATH, theirs)
    store.commit("theirs")
    store.git("checkout", "--quiet", "main")
    store.put(PATH, ours)
    store.commit("ours")


def test_a_merge_is_told_only_where_its_result_is_neither_sides(store: Repository) -> None:
    two_branches(store, text(status="closed"), text(body=BODY.replace("A new", "No new")))
    store.put("other.txt", "x")
    store.commit("unrelated")
    store.minute += 1
    store.git("merge", "--quiet", "--no-edit", "side", "--message", "merged")
    assert store.told() == [
        ("merged", ["Plan changed (+1 −1 lines)"]),
        ("ours", ["status: resolving → closed"]),
        ("theirs", ["Plan changed (+1 −1 lines)"]),
        ("base", ["record added: 3号楼门禁 (complaint, resolving)"]),
    ]
    assert [commit.is_merge for commit in store.trail()] == [True, False, False, False]
    assert store.told(None) == store.told()


def test_a_side_whose_edit_a_merge_dropped_stays_in_the_trail(store: Repository) -> None:
    two_branches(store, text(status="closed"), text(events=(*EVENTS[:2],)))
    store.minute += 1
    store.git("merge", "--quiet", "--strategy=ours", "side", "--message", "merged")
    assert [subject for subject, _words in store.told()] == ["ours", "theirs", "base"]


def test_a_merge_is_compared_with_the_first_side_that_has_the_record(store: Repository) -> None:
    two_branches(store, text(status="closed"), text())
    store.git("rm", "--quiet", PATH)
    store.commit("removed")
    store.git("merge", "--quiet", "--no-commit", "--strategy=ours", "side")
    store.put(PATH, text(status="on-hold"))
    store.commit("merged")
    assert store.told()[0] == ("merged", ["status: resolving → on-hold"])


def test_a_detached_head_has_the_trail_of_its_commit(store: Repository) -> None:
    store.put(PATH, text())
    store.commit("one")
    store.put(PATH, text(status="closed"))
    store.commit("two")
    store.git("checkout", "--quiet", "--detach", "HEAD^")
    assert [subject for subject, _words in store.told()] == ["one"]


SETTINGS = {
    "log.showSignature": "true",
    "log.follow": "true",
    "log.date": "relative",
    "color.ui": "always",
    "diff.renames": "copies",
    "diff.relative": "true",
    "core.abbrev": "4",
    "i18n.logOutputEncoding": "latin1",
    "log.diffMerges": "off",
    "format.pretty": "oneline",
    "core.quotePath": "true",
}


def test_settings_of_the_user_do_not_change_what_is_told(repo: Path) -> None:
    store = Repository(repo, sub="estate")
    store.put(PATH, text())
    store.put("gpg", "#!/bin/sh\necho Good signature >&2\n")
    (store.root / "gpg").chmod(0o755)
    store.commit("grüße: one")
    store.put(PATH, text(status="closed"))
    store.commit("two")
    signed = store.git("cat-file", "commit", "HEAD").replace(
        "\n\n", "\ngpgsig -----BEGIN PGP SIGNATURE-----\n x\n -----END PGP SIGNATURE-----\n\n", 1
    )
    command = ["git", "hash-object", "-t", "commit", "-w", "--stdin"]
    made = subprocess.run(command, cwd=repo, input=signed.encode(), capture_output=True, check=True)
    store.git("reset", "--quiet", "--hard", made.stdout.decode().strip())
    expected = store.trail(), store.trail(None)
    for key, value in {**SETTINGS, "gpg.program": str(store.root / "gpg")}.items():
        store.git("config", key, value)
    assert "Good signature" in store.git("log", "--encoding=UTF-8")
    assert (store.trail(), store.trail(None)) == expected
    assert [commit.subject for commit in expected[0]] == ["two", "grüße: one"]


def test_no_commit_means_no_trail(store: Repository) -> None:
    store.put(PATH, text())
    assert (store.trail(), store.trail(None), history.gone(Git(store.root), ID)) == ([], [], {})


def test_a_shallow_clone_is_refused_with_the_remedy(store: Repository, tmp_path: Path) -> None:
    store.put(PATH, text())
    store.commit()
    store.put(PATH, text(status="closed"))
    store.commit()
    subprocess.run(["git", "clone", "--quiet", "--depth=1", store.top.as_uri(), tmp_path / "clone"], check=True)
    clone = Repository(tmp_path / "clone")
    for ask in (clone.trail, lambda: history.gone(Git(clone.root), ID)):
        with pytest.raises(Shallow, match="git fetch --unshallow"):
            ask()
    clone.git("fetch", "--quiet", "--unshallow")
    assert len(clone.trail()) == 2


def test_a_record_that_is_gone_is_found_by_a_piece_of_its_id(store: Repository) -> None:
    store.put(PATH, text())
    store.put(f"{PATH.removesuffix('.md')}/CPL-3CB6.md", "evidence")
    store.put(record_path(OTHER), text())
    store.commit()
    store.git("mv", "records/2026/11/18", "records/2026/11/19")
    store.commit()
    store.git("rm", "-r", "--quiet", "records")
    store.commit()
    git = Git(store.root)
    assert history.gone(git, "3cb6vn4") == {ID: MOVED}
    assert history.gone(git, "2026") == {ID: MOVED, OTHER: record_path(OTHER)}
    assert history.gone(git, "zzz") == history.gone(git, "") == {}


def pending(store: Repository, path: str = PATH) -> tuple[str | None, list[str]] | None:
    found = history.pending(Store(store.root), path)
    return None if found is None else (found.renamed_from, [change.words for change in found.changes])


@pytest.fixture
def committed(store: Repository) -> Repository:
    store.put(PATH, text())
    store.put(f"{PATH.removesuffix('.md')}/door.jpg", b"x")
    store.commit()
    return store


def test_nothing_is_pending_in_a_clean_store(committed: Repository) -> None:
    assert pending(committed) is None


def test_uncommitted_edits_are_pending_staged_or_not(committed: Repository) -> None:
    committed.put(PATH, text(status="closed"))
    assert pending(committed) == (None, ["status: resolving → closed"])
    committed.git("add", "--all")
    assert pending(committed) == (None, ["status: resolving → closed"])


def test_uncommitted_evidence_is_pending(committed: Repository) -> None:
    folder = PATH.removesuffix(".md")
    committed.put(f"{folder}/new.jpg", b"y")
    (committed.root / folder / "door.jpg").unlink()
    assert pending(committed) == (None, ["file door.jpg REMOVED", "file new.jpg added"])


def test_pending_evidence_has_its_blob_where_git_can_make_one(committed: Repository) -> None:
    folder = PATH.removesuffix(".md")
    committed.put(f"{folder}/door.jpg", b"y")
    (committed.root / folder / "nowhere").symlink_to("missing")
    found = history.pending(Store(committed.root), PATH)
    old, new = (
        subprocess.run(
            ["git", "hash-object", "--stdin"], input=data, cwd=committed.root, capture_output=True, check=True
        )
        .stdout.decode()
        .strip()
        for data in (b"x", b"y")
    )
    assert found is not None
    assert found.changes == (
        Change("file:door.jpg", old, new, "file door.jpg CHANGED"),
        Change("file:nowhere", None, "work tree", "file nowhere added"),
    )


def test_an_uncommitted_new_record_is_pending_before_the_first_commit_too(store: Repository) -> None:
    store.put(PATH, text())
    assert pending(store) == (None, ["record added: 3号楼门禁 (complaint, resolving)"])
    store.put("README.md", "")
    store.git("add", "README.md")
    store.git("commit", "--quiet", "--message", "readme")
    assert pending(store) == (None, ["record added: 3号楼门禁 (complaint, resolving)"])


def test_an_uncommitted_removal_is_pending(committed: Repository) -> None:
    (committed.root / PATH).unlink()
    assert pending(committed) == (None, ["record REMOVED: 3号楼门禁 (complaint, resolving)"])
    assert history.gone(Git(committed.root), ID) == {ID: PATH}


@pytest.mark.parametrize("staged", [True, False])
def test_an_uncommitted_move_is_pending(committed: Repository, *, staged: bool) -> None:
    if staged:
        committed.git("mv", "records/2026/11/18", "records/2026/11/19")
    else:
        (committed.root / "records/2026/11/18").rename(committed.root / "records/2026/11/19")
    assert pending(committed, MOVED) == (PATH, [f"moved from {PATH} to {MOVED}"])


def test_an_unreadable_file_is_pending_with_the_reason(committed: Repository) -> None:
    (committed.root / PATH).unlink()
    (committed.root / PATH).symlink_to("elsewhere")
    found = pending(committed)
    assert found is not None
    assert found[1][0].startswith("it is a symbolic link")


def test_conflict_markers_are_pending_during_a_merge(store: Repository) -> None:
    two_branches(store, text(status="closed"), text(status="on-hold"))
    failed = subprocess.run(["git", "merge", "side"], cwd=store.root, capture_output=True, check=False)
    assert failed.returncode == 1
    assert [subject for subject, _words in store.told()] == ["ours", "base"]
    found = pending(store)
    assert found is not None
    assert found[1][0].startswith("this version is UNREADABLE: line 5: E011 ")


def commit_as_cpl(ledger: Ledger, time: str, *, status: str, action: str) -> str:
    """A commit like those of cpl, at a time of the day in UTC."""
    ledger.put(ID, text(events=[INTAKE], status=status))
    ledger.git("add", "--all")
    date = f"2026-11-18T{time}:00+00:00"
    env = {**os.environ, "GIT_AUTHOR_DATE": date, "GIT_COMMITTER_DATE": date}
    message = f"{ID}: {status}\n\nComplaint: {ID}\nAction: {action}\n"
    command = ["git", "commit", "--quiet", "--message", message]
    subprocess.run(command, cwd=ledger.root, env=env, check=True)
    return ledger.git("rev-parse", "HEAD").strip()


@pytest.fixture
def logged(ledger: Ledger) -> tuple[Ledger, str, str]:
    """A store with a record of two commits."""
    first = commit_as_cpl(ledger, "01:00", status="received", action="open")
    second = commit_as_cpl(ledger, "02:30", status="closed", action="transition")
    return ledger, first, second


def test_log_tells_people_who_changed_what(logged: tuple[Ledger, str, str]) -> None:
    ledger, first, second = logged
    outcome = ledger("log", "3cb6")
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out == (
        f"2026-11-18 10:30  li.na (Li Na <li.na@example.org>)  {second[:7]}  {ID}: closed\n"
        "    status: received → closed\n"
        "\n"
        f"2026-11-18 09:00  li.na (Li Na <li.na@example.org>)  {first[:7]}  {ID}: received\n"
        "    record added: 3号楼门禁 (complaint, received)\n"
        "\n"
    )


def test_log_tells_edits_by_hand_and_by_strangers(ledger: Ledger) -> None:
    ledger.put(ID, text())
    ledger.git("config", "user.name", "Eve \x1b[31m")
    ledger.git("config", "user.email", "eve@example.org")
    ledger.commit("hello\u202e")
    first = ledger.ok("log", ID).splitlines()
    sha = ledger.git("rev-parse", "HEAD")[:7]
    assert first[0].endswith(f"  Eve \\x1b[31m <eve@example.org>  {sha}  hello<U+202E>  [by hand]")
    assert first[1:3] == [f"  {ID}", "    record added: 3号楼门禁 (complaint, resolving)"]


def test_log_as_json_has_every_fact(logged: tuple[Ledger, str, str]) -> None:
    ledger, first, second = logged
    ledger.put(ID, text(events=[INTAKE], status="on-hold"))
    author = {"name": "Li Na", "email": "li.na@example.org", "person": "li.na"}
    common = {"path": PATH, "renamed_from": None, "merge": False, "by_hand": False, "author": author}
    added = "record added: 3号楼门禁 (complaint, received)"
    assert json.loads(ledger.ok("log", ID, "--format", "json")) == [
        {
            **common,
            "commit": second,
            "at": "2026-11-18T02:30:00+00:00",
            "committed_at": "2026-11-18T02:30:00+00:00",
            "subject": f"{ID}: closed",
            "action": "transition",
            "changes": [{"field": "status", "from": "received", "to": "closed", "words": "status: received → closed"}],
        },
        {
            **common,
            "commit": first,
            "at": "2026-11-18T01:00:00+00:00",
            "committed_at": "2026-11-18T01:00:00+00:00",
            "subject": f"{ID}: received",
            "action": "open",
            "changes": [{"field": "record", "from": None, "to": "3号楼门禁", "words": added}],
        },
        {
            "path": PATH,
            "renamed_from": None,
            "commit": None,
            "at": None,
            "committed_at": None,
            "author": None,
            "subject": None,
            "action": None,
            "by_hand": None,
            "merge": None,
            "changes": [{"field": "status", "from": "closed", "to": "on-hold", "words": "status: closed → on-hold"}],
        },
    ]


def test_log_has_flat_rows_for_spreadsheets_and_tables(logged: tuple[Ledger, str, str]) -> None:
    ledger, first, second = logged
    added = "record added: 3号楼门禁 (complaint, received)"
    assert ledger.ok("log", ID, "--format", "csv") == (
        "commit,at,by,action,path,field,from,to,words\r\n"
        f"{second},2026-11-18T02:30:00+00:00,li.na,transition,{PATH},status,received,closed,"
        "status: received → closed\r\n"
        f'{first},2026-11-18T01:00:00+00:00,li.na,open,{PATH},record,,3号楼门禁,"{added}"\r\n'
    )
    ledger.put(ID, text(events=[INTAKE], status="on-hold"))
    assert ledger.ok("log", ID, "--limit", "1", "--format", "markdown") == (
        "| when | by | commit | record | change |\n"
        "| --- | --- | --- | --- | --- |\n"
        f"| 2026-11-18 10:30 | li.na | {second[:7]} | {ID} | status: received → closed |\n"
        f"|  |  | uncommitted | {ID} | status: closed → on-hold |\n"
    )


def test_log_names_uncommitted_changes_last(logged: tuple[Ledger, str, str]) -> None:
    ledger, _first, _second = logged
    ledger.put(ID, text(events=[INTAKE], status="on-hold"))
    assert ledger.ok("log", ID, "--limit", "1").endswith("\n\nuncommitted changes:\n    status: closed → on-hold\n")


def test_log_of_all_is_limited_to_20_commits_unless_asked(ledger: Ledger) -> None:
    for number in range(23):
        ledger.put(ID, text(extra=f"object: door {number}\n"))
        ledger.commit()
    for options, count in [((), 20), (("--limit", "22"), 22), (("--since", "2000-01-01"), 23), ((ID,), 23)]:
        assert ledger.ok("log", *options).count("[by hand]") == count
    assert ledger.ok("log", "--since", "2200-01-01T00:00") == ""


def test_log_shows_people_only_the_first_records_and_changes_of_a_commit(ledger: Ledger) -> None:
    chance = random.Random(1)
    for _number in range(12):
        ledger.open("x" + str(chance.random()))
    ledger.git("reset", "--soft", "HEAD~12")
    ledger.commit("many")
    assert ledger.ok("log").endswith("  … and 2 more records\n\n")
    assert len(json.loads(ledger.ok("log", "--format", "json"))) == 12
    ledger.put(ID, "not a record\n" + "".join(f"{number}\n" for number in range(60)))
    ledger.commit("one")
    ledger.put(ID, "not a record\n")
    ledger.commit("two")
    assert ledger.ok("log", "--limit", "1").endswith("    − 47\n    … and 12 more changes\n\n")


def test_log_finds_a_deleted_record_and_says_where_it_ended(logged: tuple[Ledger, str, str]) -> None:
    ledger, _first, _second = logged
    ledger.git("rm", "--quiet", PATH)
    gone = ledger("log", "3CB6")
    assert gone.out.endswith("uncommitted changes:\n    record REMOVED: 3号楼门禁 (complaint, closed)\n")
    ledger.commit("cleared")
    outcome = ledger("log", "3cb6")
    sha = ledger.git("rev-parse", "HEAD")[:7]
    assert outcome.code == 0
    assert outcome.out.splitlines()[1:3] == [
        f"  {ID}",
        "    record REMOVED: 3号楼门禁 (complaint, closed)",
    ]
    assert outcome.err == f"{ID} was deleted in commit {sha}; it is still there in the one before\n"


def test_log_refuses_a_piece_that_no_or_several_records_ever_had(ledger: Ledger) -> None:
    ledger.put(ID, text())
    ledger.put(OTHER, text())
    ledger.commit()
    ledger.git("rm", "-r", "--quiet", "records")
    ledger.commit()
    several, none = ledger("log", "2026"), ledger("log", "zzz")
    assert (several.code, several.out, none.code, none.out) == (2, "", 2, "")
    assert "'2026'" in several.err
    assert several.err.index(OTHER) < several.err.index(ID)
    assert "'zzz'" in none.err


def test_log_of_a_store_without_commits_says_so(ledger: Ledger) -> None:
    ledger.git("update-ref", "-d", "HEAD")
    assert (ledger("log").out, ledger("log").err) == ("", "no history yet\n")
    assert ledger.ok("log", "--format", "json") == "[]\n"


def test_log_since_an_instant_before_which_all_was_says_so(ledger: Ledger) -> None:
    assert ledger("log", "--since", "2026-12-31T10:00") == (0, "", "no commit since 2026-12-31T10:00:00+08:00\n")


def test_log_since_takes_a_time_of_today(ledger: Ledger) -> None:
    ledger.open()
    today = ledger.ok("log", "--since", "09:30", now="1999-01-01T12:00:00+08:00")
    assert today == ledger.ok("log", "--since", "1999-01-01")
    assert today


@pytest.mark.parametrize("since", ["yesterday-ish", "2026-02-30", "25:00"])
def test_log_refuses_a_date_that_is_none(ledger: Ledger, since: str) -> None:
    outcome = ledger("log", "--since", since)
    assert outcome.code == 2
    assert "--since" in outcome.err
    assert since in outcome.err


def test_log_outside_a_repository_is_refused_with_the_remedy(ledger: Ledger) -> None:
    (ledger.root / ".git").rename(ledger.root / "not-git")
    outcome = ledger("log")
    assert outcome.code == 2
    assert "git init" in outcome.err


@pytest.mark.parametrize("side", ["--ours", "--theirs"])
def test_a_merge_that_dropped_an_event_of_one_side_is_told_with_what_it_dropped(store: Repository, side: str) -> None:
    mine = "{at: 2026-11-18T11:00:00+08:00, by: li.na, to: replying}"
    other = "{at: 2026-11-18T11:05:00+08:00, by: zhao.qiang, to: on-hold, reason: x, until: 2026-11-19T11:00:00+08:00}"
    two_branches(
        store,
        text(events=(*EVENTS, mine), status="replying"),
        text(events=(*EVENTS, other), status="on-hold"),
    )
    store.minute += 1
    subprocess.run(["git", "merge", "--quiet", "side"], cwd=store.root, check=False, capture_output=True)
    store.git("checkout", side, "--", PATH)
    store.commit("merged")
    lost = "to:on-hold by zhao.qiang" if side == "--ours" else "to:replying by li.na"
    for path in (PATH, None):
        subject, told = store.told(path)[0]
        assert subject == "merged"
        assert [words for words in told if words.startswith(f"event REMOVED: {lost}")]


def test_a_merge_that_lost_a_whole_record_is_told(store: Repository) -> None:
    two_branches(store, text(title="ours"), text(title="theirs"))
    subprocess.run(["git", "merge", "--quiet", "side"], cwd=store.root, check=False, capture_output=True)
    store.git("rm", "--quiet", "--force", PATH)
    store.commit("merged")
    subject, told = store.told()[0]
    assert (subject, "REMOVED" in told[0]) == ("merged", True)


def walks(trace: Path) -> list[list[str]]:
    """The pathspecs of each `git log` that was run."""
    told = [json.loads(line) for line in trace.read_text().splitlines()]
    commands = [each["argv"] for each in told if each["event"] == "start" and "log" in each["argv"]]
    trace.unlink()
    return [argv[argv.index("--") + 1 :] for argv in commands]


def test_a_record_that_never_moved_is_one_plain_path_for_git(
    ledger: Ledger, one: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "door.jpg").write_text("a picture")
    ledger.open("Lift stuck")
    ledger.ok("attach", one, str(tmp_path / "door.jpg"))
    ledger.ok("transition", one, "investigating")
    trace = tmp_path / "trace"
    monkeypatch.setenv("GIT_TRACE2_EVENT", str(trace))
    before = ledger.ok("log", one)
    assert [line.split("  ")[-1] for line in before.splitlines() if line and line[0] != " "] == [
        f"{one}: received → investigating",
        f"{one}: attached door.jpg",
        f"{one}: received",
    ]
    assert walks(trace) == [[":(literal)records/2026/11/18"]]
    ledger.git("commit-graph", "write", "--reachable", "--changed-paths")
    trace.unlink()
    assert ledger.ok("log", one) == before
    assert walks(trace) == [[":(literal)records/2026/11/18"]]


@pytest.mark.parametrize("back", [False, True])
def test_a_record_that_may_have_moved_is_looked_for_everywhere(
    ledger: Ledger, one: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, back: bool
) -> None:
    home = record_path(one)
    ledger.git("mv", home, f"records/{one}.md")
    ledger.commit("away")
    with (ledger.root / "records" / f"{one}.md").open("a") as file:
        file.write("written elsewhere\n")
    ledger.commit("elsewhere")
    if back:
        ledger.git("mv", f"records/{one}.md", home)
        ledger.commit("back")
        ledger.ok("note", one, "-m", "written at home")
    trace = tmp_path / "trace"
    monkeypatch.setenv("GIT_TRACE2_EVENT", str(trace))
    told = [each["subject"] for each in json.loads(ledger.ok("log", one, "--format", "json"))]
    assert told == [*([f"{one}: note", "back"] if back else []), "elsewhere", "away", f"{one}: received"]
    everywhere = [f":(glob)records/**/{one}.md", f":(glob)records/**/{one}/**"]
    assert walks(trace) == [*([[":(literal)records/2026/11/18"]] if back else []), everywhere]
