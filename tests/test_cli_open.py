"""open: take a complaint in, from options, a file, stdin or the editor."""

from __future__ import annotations

import hashlib
import json
import shlex
from pathlib import Path
from typing import Any

import pytest

from tests.ledger import ONE, ROOT, Ledger

FRONT = """\
---
id: CPL-20261118-M9S3467
title: Door 2 does not lock
kind: complaint
status: received
received_at: 2026-11-18T16:00:00+08:00
lead: li.na
history:
- {at: 2026-11-18T16:00:00+08:00, by: li.na, to: received}
---
"""
TEMPLATES = ROOT / "templates" / "records"
WHOLE = FRONT + (TEMPLATES / "complaint.en.md").read_text(encoding="utf-8")


def shown(ledger: Ledger, identifier: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(ledger.ok("show", identifier, "--format", "json"))
    return found


def kept(ledger: Ledger) -> list[Path]:
    return sorted((ledger.root / ".git/cpl/kept").glob("*"))


@pytest.fixture
def editor(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """Sets a shell script as the editor; `$1` is the file that it edits."""

    def is_set(script: str) -> None:
        path = tmp_path / "editor"
        path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        path.chmod(0o755)
        monkeypatch.setenv("GIT_EDITOR", shlex.quote(str(path)))

    return is_set


def test_a_title_is_enough_and_the_record_is_whole(ledger: Ledger) -> None:
    outcome = ledger("open", "-t", "Door 2 does not lock")
    assert outcome == (0, f"{ONE}: received\n", f"records/2026/11/18/{ONE}.md\n")
    assert ledger.path(ONE).read_bytes() == WHOLE.encode()
    assert ledger.git("log", "-1", "--format=%B").strip() == f"{ONE}: received\n\nComplaint: {ONE}\nAction: open"
    assert (ledger.git("status", "--porcelain"), ledger("check").code) == ("", 0)


OPTIONS = {
    "--kind": ("kind", "repair"),
    "--channel": ("channel", "phone"),
    "--category": ("category", "equipment/lift"),
    "--nature": ("nature", "A"),
    "--severity": ("severity", "minor"),
    "--site": ("location.site", "锦绣花园"),
    "--area": ("location.area", "east"),
    "--building": ("location.building", "3"),
    "--unit": ("location.unit", "2"),
    "--floor": ("location.floor", "-1"),
    "--room": ("location.room", "0302"),
    "--spot": ("location.spot", "单元门"),
    "--happened-at": ("happened_at", "2026-11-17"),
    "--object": ("object", "lock"),
    "--cause": ("cause", "rust"),
    "--name": ("complainant.name", "王女士"),
    "--phone": ("complainant.phone", "13800001234"),
    "--email": ("complainant.email", "wang@example.org"),
    "--role": ("complainant.role", "owner"),
    "--people": ("complainant.people", "4"),
    "--lead": ("lead", "zhao.qiang"),
    "--assignee": ("assignee", "sun.wei"),
    "--forwarded-by": ("forwarded_by", "12345"),
}


def test_every_option_fills_its_field(ledger: Ledger) -> None:
    args = [word for option, (_field, value) in OPTIONS.items() for word in (option, value)]
    args += ["--department", "engineering", "--department", "security", "--demand", "fix it", "--demand", "why, how?"]
    args += ["--field", "order.size=minor", "--field", "tags=[wet, cold]", "--field", "x-own=1"]
    one = ledger.open("Wet", *args)
    record = shown(ledger, one)
    for field, value in OPTIONS.values():
        first, _dot, second = field.partition(".")
        found = record[first][second] if second else record[first]
        assert found == (4 if value == "4" else value), field
    assert {name: record[name] for name in ("departments", "demands", "order", "tags", "x-own")} == {
        "departments": ["engineering", "security"],
        "demands": ["fix it", "why, how?"],
        "order": {"size": "minor"},
        "tags": ["wet", "cold"],
        "x-own": "1",
    }
    assert ledger("check") == (0, "", "1 record: no problems\n")


@pytest.mark.parametrize(
    ("given", "title"),
    [
        ("$1 | a #2 --- {x}: 'y' \"z\" \\", "$1 | a #2 --- {x}: 'y' \"z\" \\"),
        ("---", "---"),
        ("[urgent] lift", "[urgent] lift"),
        ("a\n\tb\r\n  c", "a b c"),
        ("a\x1b[31mb\x00c\u2028d", "a [31mb c d"),
        ("no", "no"),
        ("12:30", "12:30"),
        ("# 3号楼 #2单元", "# 3号楼 #2单元"),
        ("\u202eevil", "\u202eevil"),
        ("=HYPERLINK(1)", "=HYPERLINK(1)"),
        ("\udcff", "\ufffd"),
    ],
)
def test_a_title_stands_as_it_was_given_on_one_line(ledger: Ledger, given: str, title: str) -> None:
    one = ledger.ok("open", f"--title={given}").partition(":")[0]
    assert shown(ledger, one)["title"] == title
    assert ledger("check") == (0, "", "1 record: no problems\n")


def test_the_description_comes_from_an_option_a_file_or_stdin(ledger: Ledger, tmp_path: Path) -> None:
    (tmp_path / "said.txt").write_bytes("\ufeff漏水。\r\n## 三天了".encode())
    first = ledger.open("a", "-d", "It drips.")
    second = ledger.open("b", "--file", str(tmp_path / "said.txt"))
    third = ledger.ok("open", "-t", "c", "-f", "-", stdin="Since Monday\n").partition(":")[0]
    bodies = [shown(ledger, one)["body"].partition("\n\n## Intake")[0] for one in (first, second, third)]
    assert bodies == [
        "## Description\nIt drips.",
        "## Description\n漏水。\n\\## 三天了",
        "## Description\nSince Monday",
    ]


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("kind", ["complaint", "repair", "help", "consultation", "incident", "suggestion"])
@pytest.mark.clause("OT-1")
def test_the_body_is_the_template_of_the_kind_in_the_language(ledger: Ledger, kind: str, language: str) -> None:
    settings = ledger.root / "cpl.yaml"
    settings.write_text(
        settings.read_text(encoding="utf-8").replace("language: en", f"language: {language}"), encoding="utf-8"
    )
    one = ledger.open("x", "--kind", kind)
    named = TEMPLATES / f"{kind}.{language}.md"
    expected = named if named.exists() else TEMPLATES / f"default.{language}.md"
    assert shown(ledger, one)["body"] == expected.read_text(encoding="utf-8")


def test_a_store_has_its_own_templates_or_none(ledger: Ledger) -> None:
    folder = ledger.root / "templates" / "records"
    folder.mkdir(parents=True)
    (folder / "repair.en.md").write_text("## Our own\n", encoding="utf-8")
    assert shown(ledger, ledger.open("x", "--kind", "repair"))["body"] == "## Our own\n"
    settings = ledger.root / "cpl.yaml"
    settings.write_text(settings.read_text(encoding="utf-8").replace("language: en", "language: fr"), encoding="utf-8")
    assert shown(ledger, ledger.open("x", "-d", "Bonjour"))["body"] == "## Description\nBonjour\n"


@pytest.mark.clause("ML-4")
def test_what_was_taken_in_earlier_keeps_when_it_was_recorded(ledger: Ledger) -> None:
    one = ledger.open("Lift", "--at", "02:10", "--by", "zhao.qiang", "-m", "entered in the morning")
    record = shown(ledger, one)
    assert one.startswith("CPL-20261118-")
    assert (record["received_at"], record["lead"]) == ("2026-11-18T02:10:00+08:00", "zhao.qiang")
    assert record["history"] == [
        {
            "at": "2026-11-18T02:10:00+08:00",
            "by": "zhao.qiang",
            "to": "received",
            "recorded_at": "2026-11-18T16:00:00+08:00",
            "recorded_by": "li.na",
        }
    ]
    assert record["body"].endswith("### 2026-11-18 02:10 zhao.qiang, received\nentered in the morning\n")


def test_the_id_has_the_day_in_the_zone_of_the_store(ledger: Ledger) -> None:
    assert ledger.open("a", "--at", "2026-11-16T23:30:00+00:00").startswith("CPL-20261117-")
    assert ledger.open("b", "--at", "2026-11-16T23:30").startswith("CPL-20261116-")


def test_an_id_that_is_taken_is_not_given_again(ledger: Ledger) -> None:
    first = ledger.open("a")
    ledger.chance.seed(7)
    second = ledger.open("b")
    assert (first, second == first, len(ledger.ok("list", "--format", "jsonl").splitlines())) == (ONE, False, 2)


def test_evidence_is_attached_at_once(ledger: Ledger, tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"a")
    (tmp_path / "b.jpg").write_bytes(b"b")
    one = ledger.open("x", "--attach", str(tmp_path / "a.jpg"), "--attach", str(tmp_path / "b.jpg"))
    assert shown(ledger, one)["evidence"] == [
        {"file": f"{name}.jpg", "sha256": hashlib.sha256(name.encode()).hexdigest()} for name in "ab"
    ]
    assert ledger.git("show", "--name-only", "--format=").count("\n") == 3
    assert ledger("check") == (0, "", "1 record: no problems\n")


def test_an_empty_option_is_as_if_it_were_not_given(ledger: Ledger) -> None:
    record = shown(ledger, ledger.open("x", "--severity", "", "--building", " ", "--field", "cause=", "-d", " "))
    assert {"severity", "location", "cause"}.isdisjoint(record)


def test_without_commit_the_file_is_there_and_nothing_else(ledger: Ledger) -> None:
    assert ledger.ok("open", "-t", "x", "--no-commit") == f"{ONE}: received (not committed)\n"
    assert ledger.git("status", "--porcelain") == "?? records/\n"


@pytest.mark.parametrize(
    ("args", "error"),
    [
        ([], "Error: the title is missing: --title TEXT"),
        (["-t", "  "], "Error: the title is missing: --title TEXT"),
        (["-t", "x", "-d", "a", "-f", "-"], "Error: give the description once: --description or --file"),
        (["-t", "x", "--field", "status=closed"], "Error: 'status' is not given here: cpl sets it"),
        (["-t", "x", "--field", "id=CPL-1"], "Error: 'id' is not given here: cpl sets it"),
        (["-t", "x", "--field", "source.key=1"], "Error: 'source.key' is not given here: cpl sets it"),
        (["-t", "x", "--field", "received_at=02:10"], "Error: 'received_at' is not given here: use --at"),
        (["-t", "x", "--field", "evidence=[a]"], "Error: 'evidence' is not given here: use --attach FILE"),
        (["-t", "x", "--field", "room"], "Error: 'room' is not NAME=VALUE"),
        (
            ["-t", "x", "--field", "bulding=1"],
            "Error: Invalid value for bulding: 'bulding' is not a known key here; there are: ",
        ),
        (
            ["-t", "x", "--people", "many"],
            "Error: Invalid value for complainant.people: 'many' is not a whole number in the digits 0-9",
        ),
        (["-t", "x", "--kind", "repairs"], "Invalid value for --kind: 'repairs' is not in the profile; did you mean"),
        (
            ["-t", "x", "--category", "equipment/lft"],
            "Invalid value for --category: 'equipment/lft' is not in the profile; did you mean 'equipment/lift'?",
        ),
        (["-t", "x", "--department", "a, b"], "Invalid value for --department: 'a, b' is not in the profile; there"),
        (["-t", "x", "--lead", "li"], "Invalid value for --lead: 'li' is not one of the people in cpl.yaml; there are"),
        (["-t", "x", "--assignee", "li"], "Invalid value for --assignee: 'li' is not one of the people in cpl.yaml;"),
        (["-t", "x", "--by", "li"], "Invalid value for --by: 'li' is not one of the people in cpl.yaml; there are"),
        (["-t", "x", "--attach", "/none"], "/none can't be read: it does not exist; check the name"),
        (["-t", "x", "--at", "16:01"], "--at 2026-11-18T16:01:00+08:00 lies in the future; now is 2026-11-18T16:00"),
        (["--from", "/none.md"], "Error: Invalid value for '--from': '/none.md': No such file or directory"),
    ],
)
def test_what_can_not_be_taken_in_is_said_before_anything_is_written(
    ledger: Ledger, args: list[str], error: str
) -> None:
    outcome = ledger("open", *args)
    assert (outcome.code, outcome.out) == (2, "")
    assert error in outcome.err
    assert (kept(ledger), ledger.git("status", "--porcelain")) == ([], "")


@pytest.mark.clause("CC-2")
def test_what_the_rules_refuse_is_kept_and_taken_in_when_mended(ledger: Ledger) -> None:
    outcome = ledger("open", "-t", "Wet", "--severity", "minor", "-d", "Long story", "-m", "by phone")
    (mine,) = kept(ledger)
    assert outcome == (
        2,
        "",
        f"nothing was taken in; your text is kept: cpl open --from {mine}\n"
        "nothing was written, the record would not be right:\n"
        f"{mine}:6: E058 severity 'minor' goes only with nature=A\n",
    )
    assert mine.stat().st_mode & 0o777 == 0o600
    one = ledger.open("Wet", "--from", str(mine), "--nature", "A")
    record = shown(ledger, one)
    assert (record["title"], record["nature"], record["severity"]) == ("Wet", "A", "minor")
    assert "Long story" in record["body"]


def test_a_hook_that_refuses_loses_nothing(ledger: Ledger, tmp_path: Path) -> None:
    hook = ledger.root / ".git/hooks/commit-msg"
    hook.write_text("#!/bin/sh\necho 'say more' >&2\nexit 1\n", encoding="utf-8")
    hook.chmod(0o755)
    photo = tmp_path / "my photo.jpg"
    photo.write_bytes(b"a")
    outcome = ledger("open", "-t", "Wet", "--attach", str(photo))
    (mine,) = kept(ledger)
    assert outcome == (
        2,
        "",
        f"nothing was taken in; your text is kept: cpl open --from {mine} --attach '{photo}'\n"
        "the commit was refused, nothing was written; git or a hook says:\nsay more\n",
    )
    assert (ledger.git("status", "--porcelain"), (ledger.root / "records").exists()) == ("", False)
    hook.unlink()
    outcome = ledger("open", "--from", str(mine), "--attach", str(photo))
    assert (outcome.code, outcome.err.splitlines()[0]) == (0, "not taken over, add it with --attach: my photo.jpg")
    assert ledger("check") == (0, "", "1 record: no problems\n")


def test_a_record_file_is_taken_in_as_a_new_complaint(ledger: Ledger, one: str, tmp_path: Path) -> None:
    file = tmp_path / "walk-in.md"
    file.write_bytes(
        b"\xef\xbb\xbf---\r\ntitle: Wet\r\nid: CPL-20261118-M9S3467\r\nstatus: closed\r\n"
        b"location: {building: 3, room: '12'}\r\nreceived_at: 2026-11-17T10:00:00+08:00\r\n"
        b"departments: [engineering]\r\nx-own: 1\r\n---\r\nThe body\r\n"
    )
    new = ledger.ok("open", "--from", str(file), "--room", "13", "--people", "2").partition(":")[0]
    record = shown(ledger, new)
    assert (new.startswith("CPL-20261117-"), new == one) == (True, False)
    assert {name: value for name, value in record.items() if name not in ("clocks", "id")} == {
        "title": "Wet",
        "kind": "complaint",
        "status": "received",
        "received_at": "2026-11-17T10:00:00+08:00",
        "location": {"building": "3", "room": "13"},
        "complainant": {"people": 2},
        "lead": "li.na",
        "departments": ["engineering"],
        "x-own": "1",
        "linked_from": [],
        "task_results": [],
        "history": [
            {
                "at": "2026-11-17T10:00:00+08:00",
                "by": "li.na",
                "to": "received",
                "recorded_at": "2026-11-18T16:00:00+08:00",
            }
        ],
        "body": "The body\n",
    }


def test_at_is_stronger_than_the_time_in_the_file(ledger: Ledger) -> None:
    text = "---\ntitle: x\nreceived_at: 2026-11-17T10:00:00+08:00\n---\n"
    one = ledger.ok("open", "--from", "-", "--at", "09:00", stdin=text).partition(":")[0]
    assert shown(ledger, one)["received_at"] == "2026-11-18T09:00:00+08:00"


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("title: x\n", "<stdin>:1: E003 the first line is not '---'; the front matter must begin there"),
        ("---\ntitle: x\n", "<stdin>:1: E004 no line '---' closes the front matter; add it above the text"),
        ("---\ntitel: x\n---\n", "<stdin>:2: E020 'titel' is not a known key here; did you mean 'title'?"),
        ("---\ntitle： x\n---\n", "<stdin>:2: E005 "),
        ("---\n- a\n---\n", "<stdin>:2: E012 "),
    ],
)
def test_a_file_that_is_no_record_is_refused_with_its_line(ledger: Ledger, text: str, error: str) -> None:
    outcome = ledger("open", "--from", "-", stdin=text)
    assert outcome.code == 2
    assert outcome.err.startswith("<stdin> can't be taken in:\n")
    assert error in outcome.err


def test_a_file_from_the_future_is_refused_and_kept(ledger: Ledger) -> None:
    outcome = ledger("open", "--from", "-", stdin="---\ntitle: x\nreceived_at: 2026-11-19T10:00:00+08:00\n---\n")
    (mine,) = kept(ledger)
    assert (outcome.code, outcome.err.splitlines()[-1]) == (
        2,
        f"{mine}:9: E059 the event lies in the future: 2026-11-19T10:00:00+08:00; "
        "this computer's clock says 2026-11-18T16:00:00+08:00",
    )


def test_the_editor_shows_the_whole_record_before_it_is_taken_in(ledger: Ledger, editor: Any, tmp_path: Path) -> None:
    editor(f'cp "$1" {tmp_path}/seen; sed -i "s/Door 2/Gate 2/; s/^## Description/&\\nSeen/" "$1"')
    assert ledger.open("Door 2 does not lock", "-e") == ONE
    assert (tmp_path / "seen").read_text(encoding="utf-8") == WHOLE
    assert ledger.path(ONE).read_text(encoding="utf-8") == WHOLE.replace("Door 2", "Gate 2").replace(
        "## Description", "## Description\nSeen"
    )
    assert kept(ledger) == []


def test_the_title_may_be_written_in_the_editor(ledger: Ledger, editor: Any) -> None:
    editor('sed -i "s/^title: .*/title: Wet/" "$1"')
    one = ledger.ok("open", "--edit").partition(":")[0]
    assert shown(ledger, one)["title"] == "Wet"


def test_an_intake_without_a_title_is_kept_and_taken_in_with_one(ledger: Ledger, editor: Any) -> None:
    editor("true")
    outcome = ledger("open", "--edit", "--building", "3")
    (mine,) = kept(ledger)
    assert outcome == (
        2,
        "",
        f"nothing was taken in; your text is kept: cpl open --from {mine}\n"
        f"the title is missing:\n{mine}:2: E021 say it in one line\n",
    )
    assert "the title is missing: --title TEXT" in ledger("open", "--from", str(mine)).err
    assert ledger("open", "--from", str(mine), "-t", "Wet").code == 0


@pytest.mark.parametrize(
    ("script", "error", "kept_text"),
    [
        ("exit 1", "failed (exit code 1); nothing was changed", "title: Wet"),
        ('sed -i "s/^kind: .*/kind: {/" "$1"; exit 0', "E005 '{' is not closed", "kind: {"),
        ('sed -i "s/^status: .*/status: closed/" "$1"', "E050 status is 'closed'", "status: closed"),
        ('sed -i "s/^id: .*/id: CPL-20261118-AAAAAAA/" "$1"', "E030 'CPL-20261118-AAAAAAA' is not an id", "AAAAAAA"),
        ('printf "\\377" >> "$1"', "E001 ", "title: Wet"),
        ('sed -i "/^title:/d" "$1"', "E021 'title' is missing", "kind: complaint"),
    ],
    ids=["fails", "yaml", "copy", "id", "bytes", "no title"],
)
def test_an_editor_that_fails_or_breaks_the_text_loses_nothing(
    ledger: Ledger, editor: Any, script: str, error: str, kept_text: str
) -> None:
    editor(script)
    outcome = ledger("open", "-t", "Wet", "-e")
    (mine,) = kept(ledger)
    assert outcome.code == 2
    assert outcome.err.startswith(f"nothing was taken in; your text is kept: cpl open --from {mine}\n")
    assert error in outcome.err
    assert kept_text.encode() in mine.read_bytes()
    assert (ledger.git("status", "--porcelain"), (ledger.root / "records").exists()) == ("", False)


def test_an_emptied_text_takes_nothing_in(ledger: Ledger, editor: Any) -> None:
    editor(': > "$1"')
    assert ledger("open", "-t", "Wet", "-e") == (2, "", "the text is empty, nothing was taken in\n")
    assert kept(ledger) == []


def test_another_writer_need_not_wait_for_an_open_editor(ledger: Ledger, editor: Any) -> None:
    ledger.open("first")  # so that the lock file is there
    lock = shlex.quote(str(ledger.root / ".git/cpl/lock"))
    editor(f"flock --nonblock {lock} true")
    assert ledger("open", "-t", "second", "-e").code == 0


def test_a_second_kept_text_gets_a_name_of_its_own(ledger: Ledger) -> None:
    for _time in range(2):
        assert ledger("open", "-t", "x", "--severity", "minor").code == 2
    assert [path.name for path in kept(ledger)] == ["intake-2.md", "intake.md"]


def test_a_text_that_is_not_utf8_is_refused_with_the_place(ledger: Ledger, tmp_path: Path) -> None:
    file = tmp_path / "latin.txt"
    file.write_bytes("Bäder".encode("latin-1"))
    outcome = ledger("open", "-t", "x", "--file", str(file))
    assert outcome == (2, "", f"{file}: byte 0xE4 at offset 1 is not UTF-8; save the text as UTF-8\n")
