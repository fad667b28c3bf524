"""check: places, formats, verdict and exit code; what each code means is tested with the rules."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from pathlib import Path

import pytest

from tests.ledger import CPL_YAML, Ledger
from tests.processes import run_process


def broken(ledger: Ledger, identifier: str) -> str:
    """Make the kind of a record unknown; the path from the root."""
    path = ledger.path(identifier)
    path.write_text(path.read_text(encoding="utf-8").replace("kind: complaint", "kind: complant"), encoding="utf-8")
    return path.relative_to(ledger.root).as_posix()


def test_a_store_without_problems_is_said_to_be(ledger: Ledger) -> None:
    assert ledger("check") == (0, "", "0 records: no problems\n")
    ledger.open()
    assert ledger("check") == (0, "", "1 record: no problems\n")
    ledger.open()
    assert ledger("check") == (0, "", "2 records: no problems\n")


def test_an_error_is_one_line_with_place_code_value_and_remedy(ledger: Ledger, one: str) -> None:
    path = broken(ledger, one)
    line = f"{path}:4: E014 kind 'complant' is not in the profile; did you mean 'complaint'?\n"
    assert ledger("check") == (1, line, "1 record: 1 error, 0 warnings\n")


def test_warnings_alone_are_no_failure(ledger: Ledger, one: str) -> None:
    stray = ledger.path(one).with_name("notes.txt")
    stray.write_text("x", encoding="utf-8")
    assert ledger("check") == (
        0,
        "records/2026/11/18/notes.txt:1: W080 is neither a record (records/YYYY/MM/DD/ID.md) "
        "nor a file in a record's folder; move it away\n",
        "1 record: 0 errors, 1 warning\n",
    )
    assert ledger("check", one).err == "1 record: no problems\n"


def test_problems_come_in_every_format(ledger: Ledger, one: str) -> None:
    path = broken(ledger, one)
    message = "kind 'complant' is not in the profile; did you mean 'complaint'?"
    row = {"path": path, "line": 4, "code": "E014", "message": message}
    assert json.loads(ledger("check", "--format", "json").out) == [row]
    assert json.loads(ledger("check", "--format", "jsonl").out) == row
    assert list(csv.DictReader(io.StringIO(ledger("check", "--format", "csv").out))) == [{**row, "line": "4"}]


def test_only_what_was_asked_for_is_checked(ledger: Ledger, one: str) -> None:
    other = ledger.open("other", "--at", "2026-11-17T10:00")
    path = broken(ledger, other)
    day = ledger.path(one).parent
    for asked, code, count in [
        ([one], 0, 1),
        ([one[-7:].lower()], 0, 1),
        ([str(ledger.path(one))], 0, 1),
        ([str(day)], 0, 1),
        ([str(day.parent)], 1, 2),
        ([str(ledger.root / "records")], 1, 2),
        ([str(ledger.root)], 1, 2),
        ([one, other], 1, 2),
        ([other, str(ledger.path(other))], 1, 1),
    ]:
        outcome = ledger("check", *asked)
        assert (outcome.code, outcome.err.split(" ")[0]) == (code, str(count)), asked
        assert outcome.out == "" if code == 0 else outcome.out.startswith(f"{path}:4: E014")


def test_paths_count_from_the_folder_that_cpl_works_in(ledger: Ledger, one: str) -> None:
    assert run_process(ledger, "check", f"records/2026/11/18/{one}.md").err == "1 record: no problems\n"
    here = Ledger(ledger.root / "records/2026")
    assert run_process(here, "check", "11").err == "1 record: no problems\n"
    outside = Ledger(ledger.root.parent)
    assert run_process(outside, "-C", "estate/records", "check", "2026").err == "1 record: no problems\n"


def test_what_is_no_record_is_refused(ledger: Ledger, one: str, tmp_path: Path) -> None:
    assert ledger("check", "zzz") == (
        2,
        "",
        "no record's id has 'zzz' in it; see: cpl list, or cpl search WORDS\n",
    )
    assert ledger("check", str(tmp_path)) == (2, "", f"{tmp_path} is not in the store {ledger.root}\n")
    marker = ledger.root / "cpl.yaml"
    assert ledger("check", str(marker), one) == (
        2,
        "",
        f"{marker} is no record and holds none; records are records/YYYY/MM/DD/ID.md\n",
    )


def test_an_id_in_two_places_is_named_in_both(ledger: Ledger, one: str) -> None:
    twin = ledger.root / "records/2026/11/17" / f"{one}.md"
    twin.parent.mkdir()
    twin.write_bytes(ledger.path(one).read_bytes())
    first, second = f"records/2026/11/17/{one}.md", f"records/2026/11/18/{one}.md"
    outcome = ledger("check")
    assert (outcome.code, [line for line in outcome.out.splitlines() if "E032" in line]) == (
        1,
        [
            f"{first}:1: E032 the id {one} is also that of {second}; keep one file",
            f"{second}:1: E032 the id {one} is also that of {first}; keep one file",
        ],
    )
    outcome = ledger("check", str(ledger.path(one)))
    assert outcome.out == f"{second}:1: E032 the id {one} is also that of {first}; keep one file\n"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            CPL_YAML.replace("timezone: Asia/Shanghai", "timezone: Asia/Shanghia"),
            "'Asia/Shanghia' is not a time zone; write one",
        ),
        (CPL_YAML.replace("format: 1", "format: 2"), "cpl.yaml:1: E072 format 2 is not the one that this cpl reads"),
        (CPL_YAML.replace("profile: residential", "profile: rural"), "cpl.yaml:5: E070 there is no profile 'rural'"),
        (
            CPL_YAML.replace("profile:", "profil:"),
            "cpl.yaml:5: E020 'profil' is not a known key here; did you mean 'profile'?",
        ),
        (CPL_YAML.replace("roles: [desk]", "roles: [dsk]"), "cpl.yaml:7: E070 'dsk' (of li.na) is neither a role nor"),
        (CPL_YAML + "people: []\n", "cpl.yaml:10: E007 "),
        ("- a\n", "cpl.yaml:1: E070 expected a mapping like format: 1"),
        ("", "cpl.yaml:1: E070 expected a mapping like format: 1"),
    ],
)
def test_settings_are_checked_too(ledger: Ledger, one: str, text: str, problem: str) -> None:
    (ledger.root / "cpl.yaml").write_text(text, encoding="utf-8")
    outcome = ledger("check")
    assert outcome.code == 1
    assert problem in outcome.out
    assert outcome.err.startswith("0 records: ")
    outcome = ledger("note", one, "-m", "x")
    assert (outcome.code, problem in outcome.err) == (2, True)


def test_settings_that_are_not_text_are_an_error_of_their_own(ledger: Ledger) -> None:
    (ledger.root / "cpl.yaml").write_bytes("format: 1\nname: Bäder\n".encode("latin-1"))
    outcome = ledger("check")
    assert (outcome.code, outcome.out) == (1, "cpl.yaml:2: E001 not UTF-8 text: byte 0xe4; save the file as UTF-8\n")


def test_a_problem_can_do_the_terminal_no_harm(ledger: Ledger, one: str) -> None:
    path = ledger.path(one)
    path.write_text(path.read_text(encoding="utf-8").replace("kind: complaint", "kind: \u202ex"), encoding="utf-8")
    assert "\u202e" not in ledger("check").out


def test_evidence_is_hashed_again(ledger: Ledger, one: str, tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"a")
    ledger.ok("attach", one, str(tmp_path / "a.jpg"))
    copy = ledger.path(one).with_suffix("") / "a.jpg"
    copy.write_bytes(b"b")
    recorded, found = (hashlib.sha256(data).hexdigest() for data in (b"a", b"b"))
    remedy = "put it back from git, and attach a new version under another name\n"
    changed = f" E041 'a.jpg' has changed (SHA-256 recorded: {recorded}, found: "
    assert f"{changed}{found}); {remedy}" in ledger("check").out
    assert ledger("note", one, "-m", "still works").code == 0
    copy.unlink()
    assert f" E040 the file 'a.jpg' is missing from the folder {one}; put it back from git\n" in ledger("check").out
    copy.symlink_to("/etc/hostname")
    assert f"{changed}it is a symbolic link" in ledger("check").out
