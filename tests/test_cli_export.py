"""`cpl export`: every complaint as a row, safe for spreadsheets, without what identifies people."""

from __future__ import annotations

import csv
import io
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cpl import exporting, render
from cpl.render import Column
from tests.ledger import Ledger, record, record_text, settings
from tests.processes import run_process

PROFILE = settings().profile


@pytest.fixture(scope="module")
def estate(pristine: Path, tmp_path_factory: pytest.TempPathFactory) -> Ledger:
    """A store with two complaints of which one has everything that is not to leave it."""
    root = tmp_path_factory.mktemp("export") / "estate"
    shutil.copytree(pristine, root, symlinks=True)
    ledger = Ledger(root)
    place = ["--site", "锦绣花园", "--building", "3", "--unit", "2", "--room", "1201", "--spot", "单元门"]
    person = ["--name", "王女士", "--phone", "13800001234", "--people", "2"]
    first = ledger.open("＝王女士 of 1201 calls 138-0000-1234", "--category", "equipment/lift", *place, *person)
    ledger.ok("contact", first, "--via", "phone", "--about", "acknowledge", "-m", "She cried")
    ledger.ok("assign", first, "--to", "zhao.qiang", "--department", "engineering", "--department", "security")
    ledger.ok("task", first, "add", "Call her husband", "--kind", "promise", "--due", "2026-11-19T12:00")
    task = ledger.path(first).read_text(encoding="utf-8").partition("id: t-")[2][:4]
    ledger.ok("task", first, "done", f"t-{task}", "--reason", "her husband called", now="2026-11-18T16:30:00+08:00")
    ledger.ok("transition", first, "withdrawn", "--reason", "her husband said so", now="2026-11-18T16:40:00+08:00")
    ledger.open("=1+1", "--kind", "repair", "--field", "order.size=minor", now="2026-11-19T17:00:00+08:00")
    return ledger


def rows(text: str) -> list[dict[str, str]]:
    assert text.startswith("\ufeffid,title,kind,status,")
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline="")))


@pytest.mark.clause("FC-5")
def test_csv_has_a_row_for_each_complaint(estate: Ledger) -> None:
    first, second = rows(estate.ok("export"))
    assert {name: value for name, value in first.items() if value} == {
        "id": first["id"],
        "title": "'＝… of … calls …",
        "kind": "complaint",
        "status": "withdrawn",
        "category": "equipment/lift",
        "received_at": "2026-11-18T16:00:00+08:00",
        "closed_at": "2026-11-18T16:40:00+08:00",
        "reopened": "0",
        "site": "锦绣花园",
        "building": "3",
        "people": "2",
        "lead": "li.na",
        "assignee": "zhao.qiang",
        "departments": "engineering, security",
        "tasks": "1",
        "evidence": "0",
    }
    assert (second["title"], second["kind"], second["order.size"]) == ("'=1+1", "repair", "minor")


def test_json_lines_have_events_and_tasks_without_their_words(estate: Ledger) -> None:
    whole: dict[str, Any] = json.loads(estate.ok("export", "--format", "jsonl").splitlines()[0])
    assert [{name: each for name, each in event.items() if name != "at"} for event in whole["events"]] == [
        {"by": "li.na", "to": "received"},
        {"by": "li.na", "did": "contact", "via": "phone", "about": "acknowledge", "reached": True},
        {"by": "li.na", "did": "assign", "set": {"departments": ["engineering", "security"], "assignee": "zhao.qiang"}},
        {"by": "li.na", "did": "done", "task": whole["tasks"][0]["id"]},
        {"by": "li.na", "to": "withdrawn"},
    ]
    task = whole["tasks"][0]
    assert {name: task[name] for name in ("kind", "due", "done_at")} == {
        "kind": "promise",
        "due": "2026-11-19T12:00:00+08:00",
        "done_at": "2026-11-18T16:30:00+08:00",
    }
    assert set(task) == {"id", "kind", "who", "made_at", "due", "done_at", "dropped_at"}


@pytest.mark.clause("RQ-7")
@pytest.mark.parametrize("fmt", ["csv", "jsonl"])
def test_nothing_that_identifies_people_leaves_the_store(estate: Ledger, fmt: str) -> None:
    out = estate.ok("export", "--format", fmt)
    for private in ("王女士", "1380000", "1201", "单元门", "She cried", "husband", "Intake"):
        assert private not in out
    assert "--personal" not in estate.ok("export", "--help")


def test_conditions_choose_by_names_or_labels(estate: Ledger) -> None:
    assert [each["kind"] for each in rows(estate.ok("export", "--where", "kind=报修"))] == ["repair"]
    assert [each["kind"] for each in rows(estate.ok("export", "--where", "room=1201 kind!=repair"))] == ["complaint"]
    assert estate.ok("export", "--where", "building=9", "--format", "jsonl") == ""
    assert estate.ok("export", "--no-index") == estate.ok("export")


def test_file_is_new_and_the_same_as_the_output(estate: Ledger, tmp_path: Path) -> None:
    target = tmp_path / "out.csv"
    outcome = estate("export", "-o", str(target))
    assert (outcome.code, outcome.out, outcome.err) == (0, "", f"written: {target}\n")
    assert target.read_bytes() == run_process(estate, "export").out.encode()
    again = estate("export", "--format", "jsonl", "-o", str(target))
    assert (again.code, again.out) == (2, "")
    assert target.read_bytes().startswith("\ufeffid,".encode())
    assert list(tmp_path.iterdir()) == [target]


def test_an_unreadable_record_is_named_and_the_others_are_exported(estate: Ledger, tmp_path: Path) -> None:
    root = tmp_path / "estate"
    shutil.copytree(estate.root, root, symlinks=True)
    ledger = Ledger(root)
    path = sorted(root.glob("records/*/*/*/*.md"))[0]
    path.write_text("nothing", encoding="utf-8")
    outcome = ledger("export")
    assert len(rows(outcome.out)) == 1
    assert outcome.err.startswith("unreadable: records/")


SECRET = st.text("abcdefghijkmnpqrstuvwxyz王李赵0123456789", min_size=3, max_size=9).map(lambda text: f"Zq{text}")
PLACES_OF_SECRETS = (
    "title: '{} calls'\n",
    "cause: about {}\n",
    "object: '{}'\n",
    "forwarded_by: for {}\n",
    "finding: {{responsible: engineering, text: '{}'}}\n",
    "demands: [help '{}']\n",
    "location: {{room: '{}', unit: x, building: 'of {}'}}\n",
    "location: {{spot: '{}', site: 'at {}'}}\n",
    "x-was: {}\n",
)


@given(st.lists(SECRET, min_size=2, max_size=4, unique=True), st.sampled_from(PLACES_OF_SECRETS), st.integers(0, 3))
def test_no_personal_value_appears_in_an_export(secrets: list[str], place: str, which: int) -> None:
    keys = ("name", "phone", "email", "address")
    person = ", ".join(f"{name}: {value}" for name, value in zip(keys, secrets, strict=False))
    used = secrets[which % len(secrets)]
    fields = f"complainant: {{{person}}}\n" + place.replace("{}", used).replace("{{", "{").replace("}}", "}")
    events = (
        f"16T10:00 did: join, people: 1, room: {used}, text: met {used}",
        f"16T11:00 to: resolving, reason: '{used}'",
        f"16T12:00 did: forward, whom: {used}",
        f"16T13:00 did: classify, set: {{nature: A}}, reason: '{used}', rule: '{used}'",
    )
    found = record(record_text(*events, fields=fields))
    columns = [Column(name, name) for name in exporting.columns()]
    csv_text = "".join(render.csv_lines([exporting.row(found, PROFILE)], columns))
    whole = exporting.whole(found, PROFILE)
    json_text = render.rows([whole], [Column(name, name) for name in whole], "jsonl")
    assert [secret for secret in secrets if secret in csv_text + json_text] == []


def test_memory_does_not_grow_with_the_records() -> None:
    made = (exporting.row(record(record_text()), PROFILE) for _each in range(10**9))
    lines = render.csv_lines(made, [Column("id", "id")])
    assert [next(lines) for _line in range(3)] == ["id\r\n", "CPL-20261116-AAAAAA6\r\n", "CPL-20261116-AAAAAA6\r\n"]
