"""edit and set: what no event has to change, through the command line."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

import pytest

from tests.ledger import Ledger


def shown(ledger: Ledger, identifier: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(ledger.ok("show", identifier, "--format", "json"))
    return found


@pytest.fixture
def editor(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """Sets a shell script as the editor; `$1` is the file that it edits."""

    def is_set(script: str) -> None:
        path = tmp_path / "my editor"
        path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        path.chmod(0o755)
        monkeypatch.setenv("GIT_EDITOR", shlex.quote(str(path)))

    return is_set


def replacing(old: str, new: str) -> str:
    return f"""python3 - "$1" <<'END'
import sys, pathlib
path = pathlib.Path(sys.argv[1])
text = path.read_bytes().decode("utf-8", "surrogateescape")
assert {old!r} in text, text
path.write_bytes(text.replace({old!r}, {new!r}).encode("utf-8", "surrogateescape"))
END"""


def kept(ledger: Ledger) -> list[Path]:
    return sorted((ledger.root / ".git/cpl/kept").glob("*"))


def is_as_before(ledger: Ledger) -> bool:
    return ledger.git("status", "--porcelain") == "" and int(ledger.git("rev-list", "--count", "HEAD")) == 2


@pytest.mark.parametrize(
    ("field", "name", "value"),
    [
        ("title=Door 2 stays open", "title", "Door 2 stays open"),
        ("title=[urgent] door 2", "title", "[urgent] door 2"),
        ("title=[urgent]", "title", "[urgent]"),
        ("title={a: b}", "title", "{a: b}"),
        ("title=no", "title", "no"),
        ("title=$1 | #2 --- `x` \u202egpj", "title", "$1 | #2 --- `x` \u202egpj"),
        ("title=a\x1b[31mb", "title", "a [31mb"),
        ("location.room=0302", "location", {"room": "0302"}),
        ("complainant.phone=13800001234", "complainant", {"phone": "13800001234"}),
        ("complainant.people=3", "complainant", {"people": 3}),
        ("order.paid=false", "order", {"paid": False}),
        ("order.price=12.50", "order", {"price": "12.50"}),
        ("order.appointment=2026-11-20T09:00:00+08:00", "order", {"appointment": "2026-11-20T09:00:00+08:00"}),
        ("order.appointment=2026-11-20T09:00", "order", {"appointment": "2026-11-20T09:00:00+08:00"}),
        ("happened_at=2026-11-17T21:30", "happened_at", "2026-11-17T21:30:00+08:00"),
        ("happened_at=2026-11-17", "happened_at", "2026-11-17"),
        ("demands=[fix it, 'why, then']", "demands", ["fix it", "why, then"]),
        ("demands=fix it", "demands", ["fix it"]),
        ("demands=[]", "demands", []),
        ("tags=[a, b]", "tags", ["a", "b"]),
        ("finding={responsible: engineering, share: full}", "finding", {"responsible": "engineering", "share": "full"}),
        ("x-own=[1, {a: b}]", "x-own", ["1", {"a": "b"}]),
        ("forwarded_by=12345", "forwarded_by", "12345"),
    ],
)
def test_set_takes_every_type_of_value(ledger: Ledger, one: str, field: str, name: str, value: Any) -> None:
    path = field.partition("=")[0]
    assert ledger("set", one, field) == (0, f"{one}: set {path}\n", "")
    assert shown(ledger, one)[name] == value
    assert ledger("check").code == 0
    assert ledger.git("log", "-1", "--format=%B").strip() == f"{one}: set {path}\n\nComplaint: {one}\nAction: set"


def test_set_changes_several_fields_and_takes_one_away_at_once(ledger: Ledger, one: str) -> None:
    ledger.ok("set", one, "location.room=1201", "location.unit=2", "cause=rust")
    said = ledger.ok("set", one, "location.room=", "location.building=3", "cause= ", "-m", "wrong room")
    assert said == f"{one}: set location.room, location.building, cause\n"
    record = shown(ledger, one)
    assert (record["location"], "cause" in record) == ({"unit": "2", "building": "3"}, False)
    assert record["body"].endswith("li.na, set location.room, location.building, cause\nwrong room\n")


@pytest.mark.parametrize(
    ("args", "error"),
    [
        (["rum=1201"], "Error: Invalid value for rum: 'rum' is not a known key here; there are: "),
        (["lokation.room=1"], "Invalid value for lokation.room: 'lokation' is not a known key here; did you mean"),
        (["location.rom=1"], "Invalid value for location.rom: 'rom' is not a known key here; did you mean 'room'?\n"),
        (["location=1201"], "Invalid value for location: expected a mapping like {site: …, building: …}\n"),
        (["title.x=1"], "Invalid value for title.x: here stands a mapping, expected text\n"),
        (["order.paid=maybe"], "Invalid value for order.paid: 'maybe' is neither true nor false\n"),
        (
            ["complainant.people=１２"],
            "Invalid value for complainant.people: '１２' is not a whole number in the digits 0-9\n",
        ),
        (["order.price=1e5"], "Invalid value for order.price: '1e5' is not a number in the digits 0-9 such as 12.50\n"),
        (
            ["order.appointment=2026-02-30T09:00:00+08:00"],
            "'2026-02-30T09:00:00+08:00' does not exist: day is out of range for month\n",
        ),
        (
            ["demands=[a, b"],
            "Invalid value for demands: '[a, b' is not a list like [a, b]; "
            "put quotes around a text with brackets in it\n",
        ),
        (["title"], "'title' is not NAME=VALUE\n"),
        (["location.room="], "CPL-20261118-M9S3467 has no 'location.room' to take away\n"),
        (["title="], "E021 'title' is missing\n"),
        ([".=x"], "Invalid value for .: "),
        ([], "Missing argument 'NAME=VALUE…'.\n"),
    ],
)
def test_set_says_what_is_wrong_with_a_value(ledger: Ledger, one: str, args: list[str], error: str) -> None:
    outcome = ledger("set", one, *args)
    assert (outcome.code, outcome.out) == (2, "")
    assert error in outcome.err
    assert is_as_before(ledger)


def test_an_edit_is_checked_and_committed(ledger: Ledger, one: str, editor: Any) -> None:
    editor(replacing("title: Door 2 does", "title: Door 3 does"))
    assert ledger("edit", one, "-m", "wrong door") == (0, f"{one}: edited\n", "")
    record = shown(ledger, one)
    assert record["title"] == "Door 3 does not lock"
    assert record["body"].endswith("### 2026-11-18 16:00 li.na, edited\nwrong door\n")
    assert ledger.git("log", "-1", "--format=%B").strip() == (
        f"{one}: edited\n\nwrong door\n\nComplaint: {one}\nAction: edit"
    )
    assert (kept(ledger), ledger.git("status", "--porcelain")) == ([], "")


def test_an_edit_may_stay_uncommitted(ledger: Ledger, one: str, editor: Any) -> None:
    editor(replacing("Door 2", "Door 3"))
    assert ledger.ok("edit", one, "--no-commit") == f"{one}: edited (not committed)\n"
    assert ledger.git("status", "--porcelain").startswith(" M records/")


def test_texts_of_tasks_and_evidence_may_be_edited(ledger: Ledger, one: str, editor: Any, tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"a")
    ledger.ok("task", one, "add", "Fx it", "--due", "2d")
    ledger.ok("attach", one, str(tmp_path / "a.jpg"), "--source", "onwer")
    editor(replacing("Fx it", "Fix it") + "\n" + replacing("onwer", "owner"))
    assert ledger.ok("edit", one) == f"{one}: edited\n"
    record = shown(ledger, one)
    assert (record["tasks"][0]["text"], record["evidence"][0]["source"]) == ("Fix it", "owner")


def test_a_text_that_is_not_right_is_kept_and_its_problems_name_the_kept_file(
    ledger: Ledger, one: str, editor: Any
) -> None:
    editor(replacing("title: Door", "titel: Door"))
    outcome = ledger("edit", one)
    (mine,) = kept(ledger)
    assert (outcome.code, outcome.err) == (
        2,
        f"your text is kept; mend it and run: cpl edit {one} --file {mine}\n"
        "the text is not right, the record is as it was:\n"
        f"{mine}:3: E020 'titel' is not a known key here; did you mean 'title'?\n",
    )
    assert is_as_before(ledger)
    mine.write_text(mine.read_text(encoding="utf-8").replace("titel: Door", "title: Gate"), encoding="utf-8")
    assert ledger.ok("edit", one, "--file", str(mine)) == f"{one}: edited\n"
    assert shown(ledger, one)["title"] == "Gate 2 does not lock"


def test_an_edit_that_breaks_a_rule_is_kept_too(ledger: Ledger, one: str, editor: Any) -> None:
    editor(replacing("id: CPL", f"links: [{{as: same-cause, id: {one}}}]\nid: CPL"))
    outcome = ledger("edit", one)
    (mine,) = kept(ledger)
    assert (outcome.code, outcome.err.splitlines()[1:]) == (
        2,
        [
            "nothing was written, the record would not be right:",
            f"{mine}:2: E044 no other record has the id '{one}'",
        ],
    )


def test_an_editor_that_fails_changes_nothing(ledger: Ledger, one: str, editor: Any, tmp_path: Path) -> None:
    editor("exit 3")
    outcome = ledger("edit", one)
    assert outcome == (2, "", f"the editor ''{tmp_path}/my editor'' failed (exit code 3); nothing was changed\n")
    assert (kept(ledger), is_as_before(ledger)) == ([], True)


def test_an_editor_that_fails_after_it_saved_loses_nothing(ledger: Ledger, one: str, editor: Any) -> None:
    editor(replacing("Door 2", "Door 3") + "\nexit 1")
    outcome = ledger("edit", one)
    (mine,) = kept(ledger)
    assert outcome.code == 2
    assert outcome.err.startswith(f"your text is kept; mend it and run: cpl edit {one} --file {mine}\n")
    assert "Door 3" in mine.read_text(encoding="utf-8")
    assert is_as_before(ledger)


@pytest.mark.parametrize("script", ["true", ': > "$1"'], ids=["unchanged", "emptied"])
def test_an_edit_of_nothing_is_no_commit(ledger: Ledger, one: str, editor: Any, script: str) -> None:
    editor(script)
    outcome = ledger("edit", one)
    assert outcome.code == 2
    assert (kept(ledger), is_as_before(ledger)) == ([], True)


def test_without_an_editor_it_is_said_how_to_set_one(ledger: Ledger, one: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "dumb")
    for name in ("EDITOR", "VISUAL", "GIT_EDITOR"):
        monkeypatch.delenv(name, raising=False)
    outcome = ledger("edit", one)
    assert outcome == (2, "", "no editor is set; run: git config core.editor PROGRAM, or set EDITOR\n")
    assert kept(ledger) == []


def test_a_hook_that_refuses_leaves_everything_and_keeps_the_text(ledger: Ledger, one: str, editor: Any) -> None:
    hook = ledger.root / ".git/hooks/pre-commit"
    hook.write_text("#!/bin/sh\necho not today >&2\nexit 1\n", encoding="utf-8")
    hook.chmod(0o755)
    editor(replacing("Door 2", "Door 3"))
    outcome = ledger("edit", one)
    (mine,) = kept(ledger)
    assert outcome == (
        2,
        "",
        f"your text is kept; mend it and run: cpl edit {one} --file {mine}\n"
        "the commit was refused, nothing was written; git or a hook says:\nnot today\n",
    )
    assert is_as_before(ledger)


def test_another_writer_is_not_kept_waiting_by_an_open_editor_and_is_not_overwritten(
    ledger: Ledger, one: str, editor: Any
) -> None:
    root = shlex.quote(str(ledger.root))
    path = shlex.quote(str(ledger.path(one)))
    editor(
        replacing("Door 2", "Door 3")
        + f"\nflock --nonblock {root}/.git/cpl/lock true || exit 7"
        + f"\nsed -i 's/kind: complaint/kind: repair/' {path} && git -C {root} commit --quiet --all -m other"
    )
    outcome = ledger("edit", one)
    (mine,) = kept(ledger)
    relative = ledger.path(one).relative_to(ledger.root)
    assert outcome == (
        2,
        "",
        f"your text is kept; mend it and run: cpl edit {one} --file {mine}\n"
        f"{relative} was changed by somebody else in the meantime; nothing was written. "
        "Put that change into your text too, or it would be lost; "
        f"see it with: cpl log {one} --limit 1, cpl show {one} --raw\n",
    )
    assert "title: Door 2" in ledger.path(one).read_text(encoding="utf-8")


def test_what_happens_to_the_repository_meanwhile_is_noticed(ledger: Ledger, one: str, editor: Any) -> None:
    root = shlex.quote(str(ledger.root))
    editor(replacing("Door 2", "Door 3") + f"\ngit -C {root} checkout --quiet --detach")
    outcome = ledger("edit", one)
    assert (outcome.code, outcome.err.splitlines()[1]) == (
        2,
        "HEAD is detached, a commit would be lost; run: git switch BRANCH (git branch lists them)",
    )
    assert is_as_before(ledger)


def test_edit_takes_the_text_from_stdin(ledger: Ledger, one: str) -> None:
    text = ledger.path(one).read_text(encoding="utf-8").replace("Door 2", "Door 3")
    assert ledger.ok("edit", one, "--file", "-", stdin=text) == f"{one}: edited\n"
    outcome = ledger("edit", one, "--file", "-", stdin="nothing")
    (mine,) = kept(ledger)
    assert mine.read_text(encoding="utf-8") == "nothing"
    assert (outcome.code, outcome.err) == (
        2,
        f"your text is kept; mend it and run: cpl edit {one} --file {mine}\n"
        "the text is not right, the record is as it was:\n"
        "<stdin>:1: E003 the first line is not '---'; the front matter must begin there\n",
    )


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("kind: complaint", "kind: {"),
        ("title: Door", "<<<<<<< HEAD\ntitle: Door"),
        ("\n---\n", "\n"),
        ("title: Door", "title: \udcff Door"),
        ("by: li.na", "by: nobody"),
        ("history:", "Historie:"),
    ],
    ids=["yaml", "conflict", "unclosed", "latin-1", "unknown person", "no history"],
)
def test_a_record_that_is_broken_is_mended_by_edit(ledger: Ledger, one: str, editor: Any, old: str, new: str) -> None:
    path = ledger.path(one)
    text = path.read_text(encoding="utf-8")
    broken = text.replace(old, new, 1) if old != "\n---\n" else text.replace(old, new)
    path.write_bytes(broken.encode("utf-8", "surrogateescape"))
    ledger.commit()
    assert ledger("check").code == 1
    outcome = ledger("note", one, "-m", "more")
    assert (outcome.code, f"mend it with: cpl edit {one}" in outcome.err) == (2, True)
    (ledger.root.parent / "right.md").write_text(text, encoding="utf-8")
    editor(f'cp {shlex.quote(str(ledger.root.parent / "right.md"))} "$1"')
    assert ledger.ok("edit", one) == f"{one}: edited\n"
    assert path.read_text(encoding="utf-8") == text
    assert ledger("check") == (0, "", "1 record: no problems\n")
