"""`cpl import`: one commit a batch, nothing twice, every rejected row named; and a slice of real data."""

from __future__ import annotations

import csv
import gzip
import json
import os
import pty
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tests.ledger import Ledger

MAPPING = """\
format: 1
system: desk
key: {column: No}
timezone: Asia/Shanghai
dates: ['%Y-%m-%d %H:%M']
received: {column: Date}
title: {column: Text}
kind: {value: complaint}
category: {column: Type, default: other, keep: x-type, values: {heat: equipment/heating}}
events:
- {to: closed, at: {column: Closed}}
"""
TABLE = """\
No,Date,Closed,Type,Text
1,2026-11-01 09:00,,heat,No heat
2,2026-11-01 09:00,2026-11-02 09:00,noise,Loud
3,2026-11-01 09:00,2026-10-02 09:00,heat,Cold
4,,,heat,Cold
"""


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A table of which two rows are good."""
    (tmp_path / "map.yaml").write_text(MAPPING, encoding="utf-8")
    path = tmp_path / "source.csv"
    path.write_text(TABLE, encoding="utf-8")
    return path


def args(source: Path, *more: str) -> list[str]:
    return ["import", str(source), "--mapping", str(source.parent / "map.yaml"), *more]


def as_json(text: str) -> dict[str, Any]:
    (found,) = json.loads(text)
    assert isinstance(found, dict)
    return found


REJECTED = [
    {
        "row": 4,
        "reason": "'closed' at 2026-10-02T09:00:00+08:00 lies before it was received at 2026-11-01T09:00:00+08:00",
    },
    {"row": 5, "reason": "there is no date when it was received: Date"},
]


def test_takes_in_what_it_can_and_names_the_rest(ledger: Ledger, source: Path) -> None:
    outcome = ledger(*args(source))
    assert outcome.code == 1
    assert (
        outcome.out
        == """\
desk: 2 new, 0 already there, 2 rejected

Rejected:
row  reason
---  ----------------------------------------------------------------------------------------------
  4  'closed' at 2026-10-02T09:00:00+08:00 lies before it was received at 2026-11-01T09:00:00+08:00
  5  there is no date when it was received: Date

Values without an entry in the mapping, kept as they came:
column  value  rows  became
------  -----  ----  ------
Type    noise     1  other
"""
    )
    assert outcome.err == f"committed as {ledger.git('rev-parse', 'HEAD')[:12]}\n"
    assert ledger("check").code == 0


def test_a_batch_is_one_commit_that_says_what_it_was(ledger: Ledger, source: Path) -> None:
    before = ledger.git("rev-parse", "HEAD").strip()
    ledger(*args(source))
    assert ledger.git("rev-parse", "HEAD^").strip() == before
    assert ledger.git("log", "-1", "--format=%B").strip() == (
        "Import 2 complaints from desk\n\nAction: import\nSource: desk\nRecords: 2"
    )
    assert ledger.git("status", "--porcelain") == ""
    assert len(ledger.git("show", "--format=", "--name-only", "HEAD").splitlines()) == 2


def test_a_second_run_takes_nothing_twice(ledger: Ledger, source: Path) -> None:
    ledger(*args(source))
    head = ledger.git("rev-parse", "HEAD")
    outcome = ledger(*args(source, "--format", "json"))
    assert outcome.code == 1
    assert as_json(outcome.out) == {
        "source": "desk",
        "rows": 4,
        "new": 0,
        "known": 2,
        "dry_run": False,
        "commit": None,
        "rejected": REJECTED,
        "without_entry": [],
    }
    assert ledger.git("rev-parse", "HEAD") == head
    assert ledger(*args(source)).err == "nothing is new: no commit was made\n"


def test_a_second_run_takes_what_has_come_since(ledger: Ledger, source: Path) -> None:
    ledger(*args(source))
    ledger.open("Taken in at the desk")
    source.write_text(TABLE.splitlines()[0] + "\n1,2026-11-01 09:00,,heat,No heat\n9,2026-11-03 09:00,,heat,New\n")
    assert ledger.ok(*args(source)) == "desk: 1 new, 1 already there, 0 rejected\n"


def test_two_clones_make_the_same_records(ledger: Ledger, source: Path, pristine: Path, tmp_path: Path) -> None:
    subprocess.run(["git", "clone", "--quiet", str(pristine), str(tmp_path / "other")], check=True)
    other = Ledger(tmp_path / "other")
    for name, value in (("user.name", "Zhao Qiang"), ("user.email", "zhao.qiang@example.org")):
        other.git("config", name, value)
    for each in (ledger, other):
        each(*args(source))
    assert ledger.git("rev-parse", "HEAD:records") == other.git("rev-parse", "HEAD:records")


def test_a_dry_run_reports_the_same_and_writes_nothing(ledger: Ledger, source: Path) -> None:
    head = ledger.git("rev-parse", "HEAD")
    outcome = ledger(*args(source, "--dry-run", "--format", "json"))
    assert (outcome.code, ledger.git("rev-parse", "HEAD"), ledger.git("status", "--porcelain")) == (1, head, "")
    found = as_json(outcome.out)
    assert (found["new"], found["dry_run"], found["rejected"]) == (2, True, REJECTED)
    assert found["without_entry"] == [{"column": "Type", "value": "noise", "count": 1, "became": "other"}]
    assert ledger(*args(source, "--dry-run")).err == "a dry run: nothing was written\n"


def test_a_limit_looks_at_the_first_rows_only(ledger: Ledger, source: Path) -> None:
    assert ledger.ok(*args(source, "--limit", "1")) == "desk: 1 new, 0 already there, 0 rejected\n"


def test_an_imported_record_can_be_worked_on(ledger: Ledger, source: Path) -> None:
    ledger(*args(source, "--limit", "1"))
    (path,) = ledger.root.glob("records/*/*/*/*.md")
    ledger.ok("transition", path.stem, "investigating")
    assert ledger("check").code == 0
    assert ledger.ok(*args(source, "--limit", "1")) == "desk: 0 new, 1 already there, 0 rejected\n"


def test_a_record_that_can_not_be_read_does_not_come_a_second_time(ledger: Ledger, source: Path) -> None:
    ledger(*args(source, "--limit", "1"))
    (path,) = ledger.root.glob("records/*/*/*/*.md")
    path.write_text("no record any more\n", encoding="utf-8")
    outcome = ledger(*args(source, "--limit", "1", "--dry-run", "--format", "json"))
    message = f"the record {path.stem} may be this one, but can't be read; mend it first: cpl check {path.stem}"
    assert as_json(outcome.out)["rejected"] == [{"row": 2, "reason": message}]


def test_reads_gzip_and_tells_of_an_encoding_that_was_guessed(ledger: Ledger, source: Path) -> None:
    packed = source.with_suffix(".gz")
    packed.write_bytes(gzip.compress(TABLE.replace("Cold", "冷").encode("gb18030")))
    outcome = ledger(*args(packed, "--dry-run"))
    assert outcome.err == f"{packed} is read as gb18030\na dry run: nothing was written\n"
    assert ledger(*args(packed, "--dry-run", "--encoding", "gb18030")).err == "a dry run: nothing was written\n"


def test_reads_json_lines_from_standard_input(ledger: Ledger, source: Path) -> None:
    line = json.dumps({"No": 5, "Date": "2026-11-01 09:00", "Text": "门禁", "Type": "heat"})
    assert (
        ledger.ok(*args(source)[:1], "-", *args(source)[2:], stdin=line) == "desk: 1 new, 0 already there, 0 rejected\n"
    )


def test_names_that_no_json_line_has_are_told(ledger: Ledger, source: Path) -> None:
    line = {"No": "1", "Date": "2026-11-01 09:00", "Type": "heat", "Txt": "No heat"}
    source.write_text(json.dumps(line), encoding="utf-8")
    assert ledger(*args(source, "--dry-run")).err == (
        f"{source}: no line has 'Closed', 'Text', which the mapping reads; are they spelled right there?\n"
        "a dry run: nothing was written\n"
    )


def test_a_file_that_is_no_table_is_named_with_what_is_wrong(ledger: Ledger, source: Path) -> None:
    source.write_bytes(b"")
    assert ledger(*args(source)) == (2, "", f"{source}: there is no header: the first line names the columns\n")


def test_columns_that_the_file_lacks_are_named_before_the_first_row(ledger: Ledger, source: Path) -> None:
    source.write_text("No,Date,Type,Txt\n1,2026-11-01 09:00,heat,x\n", encoding="utf-8")
    outcome = ledger(*args(source))
    where = source.parent / "map.yaml"
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err == (
        f"{source} does not fit the mapping\n"
        f"{where}:7: E085 the file has no column 'Text'; did you mean 'Txt'?\n"
        f"{where}:11: E085 the file has no column 'Closed'; there are: Date, No, Txt, Type\n"
    )


def test_a_wrong_mapping_is_refused_with_its_lines(ledger: Ledger, source: Path) -> None:
    where = source.parent / "map.yaml"
    where.write_text(MAPPING.replace("to: closed", "to: close"), encoding="utf-8")
    outcome = ledger(*args(source))
    message = f"the mapping is not right\n{where}:11: E081 'close' is not known here; did you mean 'closed'?\n"
    assert (outcome.code, outcome.err) == (2, message)


def test_a_mapping_that_there_is_not_is_refused_with_the_nearest(ledger: Ledger, source: Path) -> None:
    outcome = ledger("import", str(source), "--mapping", "nyc31")
    path = "templates/imports/nyc31.yaml"
    message = f"there is no mapping 'nyc31', neither as a file nor as {path}; did you mean 'nyc311'?\n"
    assert (outcome.code, outcome.err) == (2, message)


def test_the_store_s_own_mapping_wins_over_the_shipped_one(ledger: Ledger, source: Path) -> None:
    own = ledger.root / "templates/imports/nyc311.yaml"
    own.parent.mkdir(parents=True)
    own.write_text(MAPPING.replace("system: desk", "system: own"), encoding="utf-8")
    outcome = ledger("import", str(source), "--mapping", "nyc311", "--limit", "1", "--dry-run")
    assert outcome.out == "own: 1 new, 0 already there, 0 rejected\n"


def test_nothing_stays_when_the_commit_is_refused(ledger: Ledger, source: Path) -> None:
    hook = ledger.root / ".git/hooks/pre-commit"
    hook.write_text("#!/bin/sh\necho not today >&2\nexit 1\n", encoding="utf-8")
    hook.chmod(0o755)
    head = ledger.git("rev-parse", "HEAD")
    outcome = ledger(*args(source))
    assert outcome.code == 2
    assert "not today" in outcome.err
    assert (ledger.git("rev-parse", "HEAD"), ledger.git("status", "--porcelain")) == (head, "")
    assert not [*ledger.root.glob("records/**/*.md")]


def test_a_person_at_a_terminal_sees_progress(ledger: Ledger, source: Path) -> None:
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "cpl", "-C", str(ledger.root), *args(source, "--dry-run", "--format", "json")]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=theirs, stdin=subprocess.DEVNULL, check=False)
    os.close(theirs)
    shown = os.read(ours, 100_000).decode()
    os.close(ours)
    assert (done.returncode, as_json(done.stdout.decode())["new"]) == (1, 2)
    assert "100%" in shown


# ---- real data, where it is at hand

DATA = Path(__file__).parent.parent.parent / "shared/data/nyc311-2018-10.csv"
INSTANTS = ("2018-10-22T12:00", "2018-10-21T20:00", "2018-10-21T12:00")


def _instant(text: str) -> datetime | None:
    return datetime.strptime(text, "%m/%d/%y %H:%M") if text else None  # noqa: DTZ007 - all of one zone


def _is_late(row: dict[str, str], at: datetime) -> bool:
    received, due, closed = (_instant(row[name]) for name in ("Created Date", "Due Date", "Closed Date"))
    if closed is None and row["Status"] == "Closed":
        closed = _instant(row["Resolution Action Updated Date"])
    assert received is not None
    return due is not None and received <= at and due < at and (closed is None or closed > at)


@pytest.mark.skipif(not DATA.exists(), reason="the real data is not at hand: it is not part of the project")
def test_a_slice_of_real_data_comes_in_whole_and_is_late_where_it_was(ledger: Ledger, tmp_path: Path) -> None:
    with DATA.open(encoding="utf-8-sig", newline="") as file:
        rows = [*csv.DictReader(file)][::22]
    part = tmp_path / "part.csv"
    with part.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=[*rows[0]])
        writer.writeheader()
        writer.writerows(rows)
    found = as_json(ledger.ok("import", str(part), "--mapping", "nyc311", "--format", "json"))
    assert (found["new"], found["known"], found["rejected"]) == (len(rows), 0, [])
    assert ledger("check").code == 0
    for at in INSTANTS:
        due = json.loads(ledger.ok("overdue", "--at", f"{at}-04:00", "--format", "json"))
        expected = sum(_is_late(row, datetime.fromisoformat(at)) for row in rows)
        assert (at, sum(each["basis"] == "agreed" for each in due)) == (at, expected)
        assert expected > 0
    assert ledger.ok("import", str(part), "--mapping", "nyc311").startswith(
        f"nyc311: 0 new, {len(rows)} already there, 0 rejected"
    )


def test_a_shipped_mapping_is_found_by_its_place_in_a_store_too(ledger: Ledger, source: Path) -> None:
    outcomes = [
        ledger("import", str(source), "--mapping", name, "--dry-run")
        for name in ("nyc311", "templates/imports/nyc311.yaml")
    ]
    assert outcomes[0] == outcomes[1]
    assert "E085 the file has no column" in outcomes[0].err
