"""`cpl schema`: what it says of records and settings is what cpl reads, in the store's own names."""

from __future__ import annotations

import json
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from ruamel.yaml import YAML

from cpl import document
from cpl.moments import format_instant
from cpl.settings_files import parse
from cpl.yaml_nodes import plain_data
from tests.ledger import CPL_YAML, EXAMPLES, ROOT, Ledger

OWN = sorted(ROOT.glob("records/*/*/*/CPL-*.md"))
RECORDS = sorted([*OWN, *EXAMPLES.glob("records/*/*/*/CPL-*.md")])
PROFILES = sorted((ROOT / "templates" / "profiles").glob("*.yaml"))


def validator(folder: Path, *what: str) -> Draft202012Validator:
    schema = json.loads(Ledger(folder).ok("schema", *what))
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


@pytest.fixture(scope="module")
def of_record() -> Draft202012Validator:
    return validator(ROOT)


@pytest.fixture(scope="module")
def of_settings() -> Draft202012Validator:
    return validator(ROOT, "settings")


def front(path: Path) -> dict[str, Any]:
    """The front matter as cpl reads it: every scalar as text."""
    parsed, problems = document.parse(path.read_bytes(), path.name)
    assert parsed is not None, problems
    data: dict[str, Any] = plain_data(parsed.front)
    return data


def as_editors_read(path: Path) -> Any:
    """The front matter by another reader, whose numbers and flags are none of text; instants as they are written."""
    text = path.read_text(encoding="utf-8").split("---\n")[1]
    return _untimed(YAML(typ="safe", pure=True).load(text))


def _untimed(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _untimed(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_untimed(each) for each in value]
    if isinstance(value, datetime):
        return format_instant(value.astimezone())
    return value.isoformat() if isinstance(value, date) else value


@pytest.mark.parametrize("path", RECORDS, ids=lambda path: path.stem)
def test_every_example_record_fits(of_record: Draft202012Validator, path: Path) -> None:
    assert [each.message for each in of_record.iter_errors(front(path))] == []


@pytest.mark.parametrize("path", OWN, ids=lambda path: path.stem)
def test_record_fits_as_an_editor_reads_it(of_record: Draft202012Validator, path: Path) -> None:
    assert [each.message for each in of_record.iter_errors(as_editors_read(path))] == []


@pytest.mark.parametrize(
    "change",
    [
        {"title": None},
        {"id": "CPL-20261122-7K3QDXI"},
        {"kind": "complaints"},
        {"status": "处理解决"},
        {"severity": ["major"]},
        {"category": "equipment/elevator"},
        {"receivedat": "2026-11-22T09:14:00+08:00"},
        {"received_at": "2026-11-22 9:14"},
        {"departments": ["engineering", "kitchen"]},
        {"location": {"flat": "1201"}},
        {"complainant": {"people": "none"}},
        {"complainant": {"people": 0}},
        {"order": {"size": "huge"}},
        {"order": {"paid": "yes"}},
        {"history": [{"at": "2026-11-22T09:14:00+08:00", "by": "li.na"}]},
        {"history": [{"at": "2026-11-22T09:14:00+08:00", "by": "li.na", "to": "nowhere"}]},
        {"history": [{"at": "2026-11-22T09:14:00+08:00", "by": "li.na", "did": "contact", "via": "phone"}]},
        {"history": [{"at": "2026-11-22T09:14:00+08:00", "by": "li.na", "did": "assign", "set": {"lead": "sun.wei"}}]},
        {"history": [{"at": "2026-11-22T09:14:00+08:00", "by": "li.na", "did": "handover", "to": "received"}]},
        {"tasks": [{"id": "t-4hq2", "kind": "promise"}]},
        {"evidence": [{"file": "door.jpg"}]},
        {"links": [{"as": "same cause", "id": "CPL-20261122-7K3QDX0"}]},
    ],
    ids=lambda change: json.dumps(change, ensure_ascii=False)[:60],
)
def test_record_that_is_not_right_does_not_fit(of_record: Draft202012Validator, change: dict[str, Any]) -> None:
    data = {**front(RECORDS[0]), "x-own": {"any": ["thing"]}, "tags": None}
    assert of_record.is_valid(data)
    assert not of_record.is_valid({**data, **change})


@pytest.mark.parametrize("name", ["id", "title", "kind", "status", "received_at", "history"])
def test_field_that_every_record_has_may_not_be_missing(of_record: Draft202012Validator, name: str) -> None:
    data = front(RECORDS[0])
    del data[name]
    assert not of_record.is_valid(data)


def settings(text: str) -> Any:
    return plain_data(parse(text.encode(), "cpl.yaml"))


@pytest.mark.parametrize(
    "more",
    [
        "",
        "states: {closed: {off: true}, filed: {label: {zh: 存档}, final: true}}\n",
        "clocks: {respond: {targets: {all: {within: 12h}}}}\n",
        "moves: {received: [filed], on-hold: {off: true}}\n",
        "hours: {mon-fri: ['08:30-12:00']}\n",
        "escalations: {}\nsimilar: {days: 3, place: building}\n",
        "x-own: [1, 2]\nauthors: anybody\n",
    ],
)
def test_settings_fit(of_settings: Draft202012Validator, more: str) -> None:
    assert [each.message for each in of_settings.iter_errors(settings(CPL_YAML + more))] == []


@pytest.mark.parametrize(
    "more",
    [
        "state: {}\n",
        "authors: nobody\n",
        "clocks: {respond: {targets: {all: {within: soon}}}}\n",
        "states: {closed: {final: maybe}}\n",
        "similar: {place: house}\n",
        "states: [received]\n",
    ],
)
def test_settings_that_are_not_right_do_not_fit(of_settings: Draft202012Validator, more: str) -> None:
    assert not of_settings.is_valid(settings(CPL_YAML + more))


def test_settings_name_roles_and_departments_of_the_store(of_settings: Draft202012Validator) -> None:
    assert not of_settings.is_valid(settings(CPL_YAML.replace("roles: [desk]", "roles: [deks]")))
    assert not of_settings.is_valid(settings(CPL_YAML.replace("department: management", "department: attic")))
    assert not of_settings.is_valid(settings(CPL_YAML.replace("timezone: Asia/Shanghai\n", "")))


@pytest.mark.parametrize("path", PROFILES, ids=lambda path: path.stem)
def test_every_shipped_profile_fits(path: Path) -> None:
    found = validator(ROOT, "profile").iter_errors(settings(path.read_text(encoding="utf-8")))
    assert [each.message for each in found] == []


def test_outside_a_store_any_name_will_do(tmp_path: Path) -> None:
    schema = validator(tmp_path)
    data = {**front(RECORDS[0]), "kind": "gripe", "status": "new"}
    assert schema.is_valid(data)
    assert not schema.is_valid({**data, "kind": "a gripe"})
