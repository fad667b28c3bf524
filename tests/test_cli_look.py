"""show, list and search: filters, columns, formats, and what can't be read."""

from __future__ import annotations

import csv
import io
import json
import os
from typing import Any

import pytest

from tests.ledger import ONE, Ledger


@pytest.fixture(scope="module")
def estate(tmp_path_factory: pytest.TempPathFactory, pristine: Any) -> Ledger:
    """Four complaints of three days; tests of this module only read it."""
    import shutil

    root = tmp_path_factory.mktemp("look") / "estate"
    shutil.copytree(pristine, root, symlinks=True)
    ledger = Ledger(root)
    ledger.open(
        "3号楼门禁报修两周未处理",
        *("--building", "3", "--unit", "2", "--room", "1201", "--channel", "phone", "--name", "王女士"),
        *("--phone", "13800001234", "--category", "equipment/access-control", "--at", "2026-11-16T09:00"),
    )
    ledger.open("Lift stuck", "--building", "10", "--kind", "repair", "--field", "order.size=minor", "--at", "10:00")
    ledger.open(
        "Water in cellar",
        *("--building", "9", "--category", "equipment/water", "--nature", "A", "--severity", "minor"),
        *("--department", "engineering", "--lead", "zhao.qiang", "--at", "2026-11-17T23:30"),
    )
    closed = ledger.open("Noise", "--field", "order.price=12.50", "--at", "2026-11-18T11:00")
    ledger.ok("transition", closed, "withdrawn", "--reason", "test")
    return ledger


def titles(ledger: Ledger, *args: str) -> list[str]:
    return ledger.ok("list", "--columns", "title", "--format", "plain", *args).splitlines()


DOOR, LIFT, WATER, NOISE = "3号楼门禁报修两周未处理", "Lift stuck", "Water in cellar", "Noise"


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        ([], [DOOR, WATER, LIFT, NOISE]),
        (["--open"], [DOOR, WATER, LIFT]),
        (["--status", "withdrawn"], [NOISE]),
        (["--status", "withdrawn,received"], [DOOR, WATER, LIFT, NOISE]),
        (["--kind", "repair"], [LIFT]),
        (["--nature", "A"], [WATER]),
        (["--severity", "minor"], [WATER]),
        (["--category", "equipment"], [DOOR, WATER]),
        (["--category", "equipment/water"], [WATER]),
        (["--channel", "phone"], [DOOR]),
        (["--department", "engineering"], [WATER]),
        (["--lead", "zhao.qiang"], [WATER]),
        (["--lead", "me"], [DOOR, LIFT, NOISE]),
        (["--assignee", "sun.wei"], []),
        (["--building", "3,9"], [DOOR, WATER]),
        (["--unit", "2", "--room", "1201"], [DOOR]),
        (["--where", "building=3"], [DOOR]),
        (["--where", "building!=3 status!=withdrawn"], [WATER, LIFT]),
        (["--where", "received>=2026-11-18"], [LIFT, NOISE]),
        (["--where", "received=2026-11-17"], [WATER]),
        (["--where", "received<=2026-11-17"], [DOOR, WATER]),
        (["--where", "received<2026-11-17T23:30"], [DOOR]),
        (["--where", "title~门禁"], [DOOR]),
        (["--where", "title~LIFT"], [LIFT]),
        (["--where", "title='Lift stuck'"], [LIFT]),
        (["--where", "building>=9"], [WATER, LIFT]),
        (["--where", "building="], [NOISE]),
        (["--where", "order.size=minor,medium"], [LIFT]),
        (["--where", "size=minor"], [LIFT]),
        (["--where", "order.price>12"], [NOISE]),
        (["--where", "phone~1380"], [DOOR]),
        (["--where", "building=3", "--where", "unit=2"], [DOOR]),
        (["--sort", "-received_at"], [NOISE, LIFT, WATER, DOOR]),
        (["--sort", "building"], [NOISE, DOOR, WATER, LIFT]),
        (["--sort", "-building", "--limit", "2"], [LIFT, WATER]),
        (["--sort", "title"], [DOOR, LIFT, NOISE, WATER]),
        (["--sort", "due"], [NOISE, DOOR, WATER, LIFT]),
        (["--sort", "status", "--limit", "1"], [DOOR]),
        (["--at", "2026-11-17T23:29"], [DOOR]),
        (["--at", "2026-11-18T15:59", "--open"], [DOOR, WATER, LIFT, NOISE]),
    ],
    ids=lambda value: " ".join(value) if value and isinstance(value[0], str) and value[0].startswith("--") else "",
)
def test_list_filters_and_sorts(estate: Ledger, args: list[str], expected: list[str]) -> None:
    assert titles(estate, *args) == expected


@pytest.mark.parametrize(
    ("args", "error"),
    [
        (
            ["--status", "withdrwan"],
            "Invalid value for --status: 'withdrwan' is not a state of the profile; did you me",
        ),
        (["--kind", "repairs"], "Invalid value for --kind: 'repairs' is not in the profile; did you mean 'repair'?"),
        (["--kind", "repair,hlep"], "Invalid value for --kind: 'hlep' is not in the profile; did you mean 'help'?"),
        (["--department", "it"], "Invalid value for --department: 'it' is not in the profile; there are: "),
        (["--lead", "zhao"], "Invalid value for --lead: 'zhao' is not one of the people in cpl.yaml; "),
        (["--where", "bulding=3"], "'bulding' is not a field; did you mean 'building'?"),
        (
            ["--where", "building"],
            "can't understand 'building'; write FIELD=VALUE, with one of != >= <= = > < ~, quotes",
        ),
        (
            ["--where", "received>=yesterday"],
            "'yesterday' is neither a day like 2026-11-01 nor an instant like 2026-11-01T09:30",
        ),
        (["--columns", "id,titel"], "'titel' is not a column; did you mean 'title'?"),
        (["--columns", ", ,"], "Error: --columns names no column"),
        (["--sort", "-du"], "'du' is not a column; did you mean 'due'?"),
        (["--limit", "0"], "Error: Invalid value for '--limit': 0 is not in the range x>=1."),
        (["--format", "xml"], "Error: Invalid value for '--format': 'xml' is not one of 'table', 'plain', 'json', "),
        (
            ["--at", "2026-11-17"],
            "Invalid value for --at: '2026-11-17' is not an instant like 2026-11-22T09:14:00+08:00",
        ),
    ],
)
def test_list_says_what_is_wrong_with_its_options(estate: Ledger, args: list[str], error: str) -> None:
    outcome = estate("list", *args)
    assert (outcome.code, outcome.out) == (2, "")
    assert error in outcome.err


def test_list_shows_what_a_desk_wants_to_see(estate: Ledger) -> None:
    outcome = estate("list", "--sort", "received", "--limit", "2")
    ids = estate.ok("list", "--columns", "id", "--format", "plain").split()
    assert outcome == (
        0,
        "id                    status    title                    place     lead        due\n"
        "--------------------  --------  -----------------------  --------  ----------  ----------------\n"
        f"{ids[0]}  received  3号楼门禁报修两周未处理  3 2 1201  li.na       2026-11-17 09:00\n"
        f"{ids[1]}  received  Water in cellar          9         zhao.qiang  2026-11-18 00:00\n",
        "2 of 4 records\n",
    )


def test_list_speaks_every_format(estate: Ledger) -> None:
    args = ["list", "--where", "building=3", "--columns", "id,title,received,phone,due,age"]
    (identifier,) = estate.ok("list", "--where", "building=3", "--columns", "id", "--format", "plain").split()
    row = {
        "id": identifier,
        "title": DOOR,
        "received": "2026-11-16T09:00:00+08:00",
        "phone": "13800001234",
        "due": "2026-11-17T09:00:00+08:00",
        "age": "2 d 7 h",
    }
    assert json.loads(estate.ok(*args, "--format", "json")) == [row]
    assert json.loads(estate.ok(*args, "--format", "jsonl")) == row
    assert list(csv.DictReader(io.StringIO(estate.ok(*args, "--format", "csv")))) == [row]
    assert estate.ok(*args, "--format", "plain") == "\t".join(row.values()) + "\n"
    assert estate.ok(*args, "--format", "markdown") == (
        "| id | title | received | phone | due | age |\n| --- | --- | --- | --- | --- | --- |\n"
        f"| {identifier} | {DOOR} | 2026-11-16 09:00 | 13800001234 | 2026-11-17 09:00 | 2 d 7 h |\n"
    )


def test_amounts_and_lists_keep_their_form_in_every_format(estate: Ledger) -> None:
    args = ["list", "--where", "title=Noise,'Water in cellar'", "--columns", "order,departments"]
    args[2] = "order.price=12.50"
    assert json.loads(estate.ok(*args, "--format", "json")) == [{"order": {"price": "12.50"}, "departments": None}]
    assert estate.ok("list", "--building", "9", "--columns", "departments", "--format", "plain") == "engineering\n"
    assert estate.ok(*args, "--format", "plain") == "price: 12.50\t\n"


def test_instants_are_shown_in_the_zone_of_the_store(ledger: Ledger) -> None:
    one = ledger.open("x", "--at", "2026-11-18T01:00:00+00:00")
    ledger.ok("did", one, "agree", "clock=resolve", "due=2026-11-20T00:30:00+00:00")
    table = ledger.ok("list", "--columns", "received,due")
    assert table.splitlines()[2] == "2026-11-18 09:00  2026-11-19 09:00"
    assert "2026-11-18T09:00:00+08:00  li.na  to:received" in ledger.ok("show", one)


def test_strange_numbers_sort_as_text(ledger: Ledger) -> None:
    for room in ("nan", "1_0", "-1", "b", "2", "10", "inf", "1.5", "１"):
        ledger.open("x", "--room", room)
    order = ledger.ok("list", "--columns", "room", "--sort", "room", "--format", "plain").splitlines()
    assert order == ["-1", "1.5", "2", "10", "1_0", "b", "inf", "nan", "１"]


def test_an_empty_list_is_no_error(ledger: Ledger) -> None:
    assert ledger("list") == (0, "", "no complaint\n")
    assert ledger("list", "--format", "json") == (0, "[]\n", "")


def test_what_can_not_be_read_is_named_and_the_rest_is_shown(ledger: Ledger, one: str) -> None:
    other = ledger.open("Lift")
    ledger.put(other, "no record\n")
    path = ledger.path(other).relative_to(ledger.root)
    said = f"unreadable: {path}:1: E003 the first line is not '---'; the front matter must begin there\n"
    assert ledger("list", "--columns", "id") == (0, f"id\n--------------------\n{one}\n", said)
    assert ledger("overdue", "--format", "json") == (0, "[]\n", said)
    found = ledger("search", "record", "--format", "jsonl")
    assert json.loads(found.out) == {"id": other, "status": "(unreadable)", "title": "", "found": "no record"}


def test_a_record_from_a_clock_that_is_ahead_is_not_missing(ledger: Ledger) -> None:
    one = ledger.open("x", now="2026-11-18T16:05:00+08:00")
    assert titles(ledger) == ["x"]
    assert ledger("show", one).code == 0
    assert titles(ledger, "--at", "2026-11-18T16:00") == []
    assert ledger("show", one, "--at", "16:00") == (
        2,
        "",
        f"{one} had not been received by 2026-11-18T16:00:00+08:00\n",
    )


def test_show_says_everything_about_a_complaint(ledger: Ledger, one: str) -> None:
    ledger.ok("set", one, "location.building=3", "complainant.others=[{name: Li, room: '2'}]", "order.price=9.50")
    ledger.ok("contact", one, "--via", "phone", "--about", "acknowledge", now="2026-11-18T16:10:00+08:00")
    ledger.ok("correct", one, "nature=A", "--classify", "--reason", "ours", now="2026-11-18T16:20:00+08:00")
    shown = ledger.ok("show", one, now="2026-11-18T17:00:00+08:00")
    assert shown.partition("\n## Description\n")[0] == (
        f"{one}  Door 2 does not lock\n\n"
        "kind                complaint\n"
        "status              received\n"
        "nature              A\n"
        "received_at         2026-11-18T16:00:00+08:00\n"
        "location.building   3\n"
        "complainant.others  name: Li, room: 2\n"
        "lead                li.na\n"
        "order.price         9.50\n"
        "\n"
        "clock      due               result     used  by\n"
        "---------  ----------------  -------  ------  -----------\n"
        "respond 1  2026-11-19 16:00  met      10 min  rule (FC-1)\n"
        "resolve 1  2026-11-19 00:00  running     1 h  rule (RQ-4)\n"
        "\n"
        "2026-11-18T16:00:00+08:00  li.na  to:received\n"
        "2026-11-18T16:10:00+08:00  li.na  did:contact  via: phone, about: acknowledge, reached: true\n"
        "2026-11-18T16:20:00+08:00  li.na  did:classify  nature: absent → 'A', reason: ours\n"
    )


def test_show_names_the_state_in_the_language_of_the_store(ledger: Ledger, one: str) -> None:
    settings = ledger.root / "cpl.yaml"
    settings.write_text(settings.read_text(encoding="utf-8").replace("language: en", "language: zh"), encoding="utf-8")
    assert "  received  受理\n" in ledger.ok("show", one)


def test_show_without_a_clock_has_no_table(ledger: Ledger, one: str) -> None:
    ledger.ok("transition", one, "withdrawn", "--reason", "test")
    assert "clock " not in ledger.ok("show", one)


def test_show_at_an_earlier_time_leaves_out_what_came_later(ledger: Ledger, one: str) -> None:
    ledger.ok("transition", one, "resolving", now="2026-11-18T17:00:00+08:00")
    record = json.loads(ledger.ok("show", one, "--at", "16:30", "--format", "json", now="2026-11-18T18:00:00+08:00"))
    assert (record["status"], len(record["history"])) == ("received", 1)


@pytest.mark.parametrize(
    "piece",
    [
        ONE,
        ONE.lower(),
        "M9S3467",
        "m9s",
        "20261118-M9",
        "9s34",
        f"{ONE}.md",
        f"records/2026/11/18/{ONE}.md",
        f"/elsewhere/{ONE}.md",
        f" {ONE} ",
    ],
)
def test_any_unique_piece_or_path_finds_the_record(ledger: Ledger, one: str, piece: str) -> None:
    assert ledger.ok("show", piece).startswith(f"{one}  ")


def test_letters_that_look_alike_are_read_alike(ledger: Ledger) -> None:
    letters = iter("0110AB")
    ledger.chance = type("Chance", (), {"choice": staticmethod(lambda _of: next(letters))})()
    one = ledger.open()
    for piece in ("oi1o", "0L10", "OIlO"):
        assert ledger.ok("show", piece).startswith(one)


def test_a_piece_of_none_or_several_is_refused_with_what_helps(ledger: Ledger, one: str) -> None:
    second = ledger.open("电梯\x1b停了")
    ledger.put(ledger.open("broken"), "---\n")
    assert ledger("show", "zzz") == (2, "", "no record's id has 'zzz' in it; see: cpl list, or cpl search WORDS\n")
    assert ledger("show", "CPL-20261118-AAAAAA2") == (
        2,
        "",
        "no record's id has 'CPL-20261118-AAAAAA2' in it; see: cpl list, or cpl search WORDS\n",
    )
    assert ledger("show", "") == (2, "", "no record's id has '' in it; see: cpl list, or cpl search WORDS\n")
    outcome = ledger("show", "CPL-2026")
    lines = outcome.err.splitlines()
    assert (outcome.code, lines[0]) == (2, "'CPL-2026' fits 3 records; give more of the id:")
    assert sorted(lines[1:])[:2] == sorted([f"  {one}  Door 2 does not lock", f"  {second}  电梯 停了"]) or any(
        line.endswith("(unreadable)") for line in lines
    )
    for title in "abcdefg":
        ledger.open(title)
    lines = ledger("show", "2026").err.splitlines()
    assert (lines[0], len(lines), lines[-1]) == ("'2026' fits 10 records; give more of the id:", 10, "  …")


def test_raw_gives_every_byte(ledger: Ledger, one: str) -> None:
    data = b"\xef\xbb\xbf---\r\ntitle: \xff\x1b[31m\r\n"
    ledger.path(one).write_bytes(data)
    from click.testing import CliRunner

    from cpl.cli import run
    from cpl.cli.app import App

    with CliRunner().isolation() as (out, _err, _both):
        assert run(["show", one, "--raw"], App(folder=ledger.root)) == 0
    assert out.getvalue() == data


def test_show_of_an_unreadable_record_says_how_to_see_its_text(ledger: Ledger, one: str) -> None:
    path = ledger.put(one, "---\ntitle: x\n").relative_to(ledger.root)
    outcome = ledger("show", one)
    assert outcome == (
        2,
        "",
        f"{one} can't be read; its text: cpl show {one} --raw\n"
        f"{path}:1: E004 no line '---' closes the front matter; add it above the text\n",
    )
    assert ledger.ok("show", one, "--raw") == "---\ntitle: x\n"
    full = ledger.path(one)
    full.unlink()
    os.mkfifo(full)
    outcome = ledger("show", one, "--raw")
    assert outcome == (2, "", f"{one} can't be read\n{path}:1: E013 it is not a regular file; name a file\n")


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["门禁"], "title: 3号楼门禁报修"),
        (["LIFT"], "Lift stuck"),
        (["cellar", "water"], "Water in cellar"),
        (["1201", "王女士"], "1201"),
        (["3号楼门禁报修两周未处理"], "3号楼门禁报修两周未处理"),
    ],
)
def test_search_finds_words_anywhere_in_any_case(estate: Ledger, words: list[str], found: str) -> None:
    rows = [json.loads(line) for line in estate.ok("search", *words, "--format", "jsonl").splitlines()]
    assert (len(rows), list(rows[0])) == (1, ["id", "status", "title", "found"])
    assert found in rows[0]["found"]


def test_search_counts_and_limits(estate: Ledger) -> None:
    assert estate("search", "lift", "cellar") == (0, "", "0 found\n")
    outcome = estate("search", "received", "--limit", "1")
    assert (outcome.code, len(outcome.out.splitlines()), outcome.err) == (
        0,
        3,
        "4 found, the first 1 are shown; see --limit\n",
    )
    outcome = estate("search", "lift", " ")
    assert (outcome.code, outcome.err.rpartition("\n\n")[2]) == (2, "Error: a word to search for is empty\n")


def test_search_passes_over_what_has_no_text(ledger: Ledger, one: str) -> None:
    ledger.path(one).unlink()
    os.mkfifo(ledger.path(one))
    assert ledger("search", "Door") == (0, "", "0 found\n")
