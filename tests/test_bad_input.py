"""Whatever may come in: a clear message, the right exit code, nothing lost; reading works wherever it can."""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.ledger import ONE, Ledger
from tests.processes import command, environment, run_process

LATER = "2999-01-01T00:00:00+08:00"  # processes have the real clock

GOOD = f"""\
---
id: {ONE}
title: Door 2 does not lock
kind: complaint
status: received
received_at: 2026-11-18T16:00:00+08:00
lead: li.na
history:
- {{at: 2026-11-18T16:00:00+08:00, by: li.na, to: received}}
---
## Description
"""

BROKEN = {
    "broken YAML": (GOOD.replace("kind: complaint", "kind: {a"), 4, "E005", ""),
    "no front matter": ("Just words\n", 1, "E003", "the first line is not '---'; the front matter must begin there"),
    "empty": ("", 1, "E003", "the first line is not '---'; the front matter must begin there"),
    "no closing ---": (GOOD.replace("---\n##", "##"), 1, "E004", "no line '---' closes the front matter; add it"),
    "list at the root": ("---\n- a\n- b\n---\n", 2, "E012", ""),
    "full-width colon": (GOOD.replace("kind: c", "kind：c"), 4, "E005", ""),
    "tab": (GOOD.replace("kind: ", "\tkind: "), 4, "E005", ""),
    "duplicate key": (
        GOOD.replace("lead:", "kind: repair\nlead:"),
        7,
        "E007",
        "the key 'kind' stands here again, first in line 4; keep one of them",
    ),
    "anchor": (GOOD.replace("kind: c", "kind: &a c"), 4, "E006", ""),
    "alias": (GOOD.replace("kind: complaint", "kind: *a"), 4, "E006", ""),
    "tag": (GOOD.replace("kind: c", "kind: !!str c"), 4, "E006", ""),
    "merge key": (GOOD.replace("lead:", "<<: {a: b}\nlead:"), 7, "E006", ""),
    "null": (GOOD.replace("kind: complaint", "kind: null"), 4, "E009", ""),
    "deep": (GOOD.replace("lead:", f"x-a: {'[' * 30000}\nlead:"), 7, "E008", ""),
    "a date that does not exist": (
        GOOD.replace("received_at: 2026-11-18", "received_at: 2026-02-30"),
        6,
        "E022",
        "'2026-02-30T16:00:00+08:00' does not exist: day is out of range for month",
    ),
    "no offset": (
        GOOD.replace("16:00:00+08:00\nlead", "16:00:00\nlead"),
        6,
        "E022",
        "'2026-11-18T16:00:00' is not an instant like 2026-11-22T09:14:00+08:00",
    ),
    "unknown key": (GOOD.replace("lead:", "leed:"), 7, "E020", "'leed' is not a known key here; did you mean 'lead'?"),
    "no title": (GOOD.replace("title: Door 2 does not lock\n", ""), 2, "E021", "'title' is missing"),
    "comment in the title": (GOOD.replace("Door 2", "Door #2"), 3, "E023", ""),
    "conflict markers": (
        GOOD.replace("lead: li.na", "<<<<<<< HEAD\nlead: li.na\n=======\nlead: sun.wei\n>>>>>>> b"),
        7,
        "E011",
        "",
    ),
    "conflict in the text": (GOOD + "<<<<<<< HEAD\na\n=======\nb\n>>>>>>> b\n", 12, "E011", ""),
    "NUL": (GOOD.replace("Door", "Do\0or"), 3, "E010", ""),
    "escape": (GOOD.replace("Door", "Do\x1bor"), 3, "E010", ""),
    "line separator": (GOOD.replace("Door", "Do\u2028or"), 3, "E010", ""),
    "an id that leaves records": (GOOD.replace(ONE, "../../../etc/passwd", 1), 2, "E030", ""),
    "an id of a day that there is not": (GOOD.replace(ONE, "CPL-20269999-AAAAAAA", 1), 2, "E030", ""),
    "no history": (GOOD.partition("history:")[0] + "history: []\n---\n", 8, "E021", "the history has no event"),
    "an event that is no mapping": (GOOD.partition("- {")[0] + "- today\n---\n", 9, "E051", ""),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_record_is_named_by_check_and_by_lists_and_harms_no_other(ledger: Ledger, one: str, name: str) -> None:
    text, line, code, words = BROKEN[name]
    other = ledger.open("Another")
    path = ledger.put(one, text)
    ledger.commit()
    where = f"records/2026/11/18/{one}.md:{line}: {code} {words}"
    checked = ledger("check")
    assert (checked.code, where in checked.out) == (1, True), checked
    assert all(each.isprintable() or each == "\n" for each in checked.out)
    listed = ledger("list", "--columns", "id", "--format", "plain")
    assert listed.code == 0
    assert other in listed.out
    assert len(listed.out.splitlines()) == 2 or listed.err.startswith(f"unreadable: records/2026/11/18/{one}.md:")
    written = ledger("note", one, "-m", "my words")
    assert (written.code, f"mend it with: cpl edit {one}" in written.err) == (2, True)
    assert path.read_text(encoding="utf-8") == text
    assert (ledger.root / ".git/cpl/kept/note.txt").read_text(encoding="utf-8") == "my words"
    assert ledger.ok("note", other, "-m", "fine") == f"{other}: note\n"


BYTES = {
    "Latin-1": (GOOD.replace("Door", "Tür").encode("latin-1"), 3, "E001", "byte 0xFC at offset 37 is not UTF-8"),
    "GBK": (GOOD.replace("Door", "门").encode("gbk"), 3, "E001", "byte 0xC3 at offset 36 is not UTF-8"),
    "UTF-16": (GOOD.encode("utf-16"), 1, "E001", "byte 0xFF at offset 0 is not UTF-8"),
    "surrogates": (GOOD.encode().replace(b"Door", b"\xed\xa0\x80"), 3, "E001", "byte 0xED at offset 36"),
}


@pytest.mark.parametrize("name", BYTES)
def test_bytes_that_are_not_utf8_are_named_by_their_place(ledger: Ledger, one: str, name: str) -> None:
    data, line, code, words = BYTES[name]
    ledger.path(one).write_bytes(data)
    problem = f"records/2026/11/18/{one}.md:{line}: {code} {words}"
    assert ledger("check").out.startswith(problem)
    assert ledger("list").err.startswith(f"unreadable: {problem}")
    assert ledger("show", one).code == 2


@pytest.mark.parametrize(
    ("bom", "newline"), [(b"", "\r\n"), (b"\xef\xbb\xbf", "\n"), (b"\xef\xbb\xbf", "\r\n")], ids=["CRLF", "BOM", "both"]
)
def test_a_windows_file_is_read_and_stays_one(ledger: Ledger, one: str, bom: bytes, newline: str) -> None:
    path = ledger.path(one)
    path.write_bytes(bom + GOOD.replace("\n", newline).encode())
    ledger.commit()
    assert ledger("check") == (0, "", "1 record: no problems\n")
    ledger.ok("transition", one, "resolving", "-m", "a\nb")
    data = path.read_bytes()
    assert (data.startswith(bom + b"---"), data.count(b"\r\n") == data.count(b"\n")) == (True, newline == "\r\n")
    assert ledger("check") == (0, "", "1 record: no problems\n")


def test_a_huge_file_is_not_even_read(ledger: Ledger, one: str) -> None:
    with ledger.path(one).open("wb") as file:
        file.truncate(100 << 20)
    problem = (
        f"records/2026/11/18/{one}.md:1: E002 the file has 104857600 bytes, a record at most 1048576; "
        "move what is large into evidence\n"
    )
    assert ledger("check").out == problem
    assert ledger("list").err == f"unreadable: {problem}no complaint\n"
    assert ledger("show", one, "--raw").code == 2
    assert ledger("edit", one).code == 2


def test_a_record_may_not_grow_too_large(ledger: Ledger, one: str) -> None:
    outcome = ledger("note", one, "-m", "word " * 210_000)
    assert (outcome.code, outcome.err.splitlines()[-1].partition(" bytes")[2]) == (
        2,
        ", the limit is 1048576; attach the long text as a file",
    )
    assert ledger.git("status", "--porcelain") == ""
    assert (ledger.root / ".git/cpl/kept/note.txt").stat().st_size == 5 * 210_000


def test_links_are_not_followed(ledger: Ledger, one: str, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / f"{one}.md").write_text(GOOD, encoding="utf-8")
    path = ledger.path(one)
    path.unlink()
    path.symlink_to(outside / f"{one}.md")
    (ledger.root / "records/2025").symlink_to(outside)
    said = "it is a symbolic link; name the file that it points to"
    assert ledger("check") == (
        1,
        f"records/2025:1: E013 {said}\nrecords/2026/11/18/{one}.md:1: E013 {said}\n",
        "2 records: 2 errors, 0 warnings\n",
    )
    outcome = ledger("note", one, "-m", "x", "--no-commit")
    assert (outcome.code, "E013" in outcome.err) == (2, True)
    assert (outside / f"{one}.md").read_text(encoding="utf-8") == GOOD


def test_a_dangling_link_is_named(ledger: Ledger) -> None:
    folder = ledger.root / "records"
    folder.mkdir()
    (folder / "a.md").symlink_to("/none")
    (folder / "b").symlink_to("/none")
    assert [line.split(" ")[:2] for line in ledger("check").out.splitlines()] == [
        ["records/a.md:1:", "E013"],
        ["records/b:1:", "W080"],
    ]


def test_records_that_are_a_link_are_named(ledger: Ledger, one: str, tmp_path: Path) -> None:
    assert one
    shutil.move(ledger.root / "records", tmp_path / "elsewhere")
    (ledger.root / "records").symlink_to(tmp_path / "elsewhere")
    assert ledger("check").out == "records:1: E013 it is a symbolic link; name the file that it points to\n"
    outcome = ledger("open", "-t", "x")
    assert outcome.code == 2
    assert f"its folder is really {tmp_path}/elsewhere/" in outcome.err
    assert len(list((tmp_path / "elsewhere").rglob("*.md"))) == 1


@pytest.mark.parametrize("name", ["a b.md", 'it\'s "quoted".md', "门禁.md", "a\nb.md", "-n.md", "$(x).md", ".md"])
def test_a_file_of_any_name_is_named_and_harms_nothing(ledger: Ledger, one: str, name: str) -> None:
    path = ledger.path(one).with_name(name)
    path.write_text(GOOD, encoding="utf-8")
    outcome = ledger("check")
    assert outcome.code == 1
    shown = f"records/2026/11/18/{name}".replace("\n", "⏎")
    assert f"{shown}:2: E031 the file of this id is records/2026/11/18/{one}.md; move it there\n" in outcome.out
    assert ledger("list", "--columns", "id", "--format", "plain").out == f"{one}\n{one}\n"
    assert json.loads(ledger("check", "--format", "json").out)[0]["path"] == f"records/2026/11/18/{name}"
    assert ledger.ok("show", "--raw", "--", str(path)) == GOOD
    assert ledger.ok("transition", one, "resolving") == f"{one}: received → resolving\n"


@pytest.mark.parametrize(
    "piece",
    ["../../../etc/passwd", "/etc/passwd", "..", "*", "%", "CPL-20261118-M9S3467/../x", "\x1b[31m", "\udcff", "'; --"],
)
def test_a_piece_finds_nothing_but_records(ledger: Ledger, one: str, piece: str) -> None:
    assert one
    outcome = ledger("show", piece)
    assert (outcome.code, outcome.out, "\x1b" in outcome.err) == (2, "", False)
    assert "in it; see: cpl list, or cpl search WORDS" in outcome.err


@pytest.mark.parametrize("name", ["../../../escaped", "/tmp/escaped", "a/b", "..", ".git", "x\\y"])
def test_evidence_in_a_record_can_not_name_a_file_elsewhere(ledger: Ledger, one: str, name: str) -> None:
    path = ledger.path(one)
    sha = "0" * 64
    text = path.read_text(encoding="utf-8").replace(
        "history:", f"evidence: [{{file: '{name}', sha256: '{sha}'}}]\nhistory:"
    )
    path.write_text(text, encoding="utf-8")
    outcome = ledger("check")
    assert outcome.code == 1
    assert f"E042 '{name}' can't be evidence: a plain file name, once, in the record's own folder" in outcome.out


def test_a_new_record_does_not_leave_its_folder(ledger: Ledger) -> None:
    text = "---\nid: ../../../../escaped\ntitle: x\n---\n"
    outcome = ledger("open", "--from", "-", stdin=text)
    assert (outcome.code, "'../../../../escaped' is not" in outcome.err) == (2, True)
    assert list(ledger.root.parent.glob("escaped*")) == []


# The repository


def test_reading_needs_no_git_and_writing_says_so(ledger: Ledger, one: str, tmp_path: Path) -> None:
    env = {"PATH": str(tmp_path)}
    for args in (["list"], ["show", one], ["overdue"], ["check"], ["search", "Door"]):
        assert run_process(ledger, *args, env=env).code == 0, args
    outcome = run_process(ledger, "note", one, "-m", "x", env=env)
    assert outcome == (2, "", "git was not found; install it (on Debian: `sudo apt install git`)\n")


def test_reading_needs_no_repository_and_writing_says_how_to_make_one(ledger: Ledger, one: str) -> None:
    shutil.rmtree(ledger.root / ".git")
    for args in (["list"], ["show", one], ["overdue"], ["check"], ["search", "Door"]):
        assert ledger(*args).code == 0, args
    words = f"{ledger.root} is not in a git repository; run: git init, then: cpl init\n"
    for args in (["note", one, "-m", "x"], ["open", "-t", "x"], ["edit", one], ["note", one, "-m", "x", "--no-commit"]):
        assert ledger(*args) == (2, "", words), args


def test_without_an_identity_reading_works_and_writing_says_what_to_set(ledger: Ledger, one: str) -> None:
    ledger.git("config", "--unset", "user.email")
    assert ledger("list").code == 0
    told = "git does not know who you are; run: git config user.name NAME; git config user.email EMAIL"
    kept = f"your text is kept in {ledger.root}/.git/cpl/kept/"
    assert ledger("note", one, "-m", "x") == (2, "", f"{kept}note.txt\n{told}; or say who acts: --by PERSON\n")
    assert ledger("open", "-t", "x", "--by", "li.na").err == f"{told}\n"
    assert ledger.ok("note", one, "-m", "x", "--by", "li.na", "--no-commit") == f"{one}: note (not committed)\n"


def test_an_address_that_nobody_has_is_named(ledger: Ledger, one: str) -> None:
    ledger.git("config", "user.email", "new@example.org")
    assert ledger("did", one, "handover") == (
        2,
        "",
        "nobody in cpl.yaml has your git address new@example.org; add it there, or say who acts: --by PERSON\n",
    )
    assert ledger.ok("did", one, "handover", "--by", "li.na") == f"{one}: handover\n"
    assert "recorded_by" not in ledger.path(one).read_text(encoding="utf-8")
    ledger.git("config", "user.email", "LI.NA@Example.ORG")
    assert ledger.ok("did", one, "arrive") == f"{one}: arrive\n"


def test_on_a_detached_head_reading_works_and_a_commit_is_refused(ledger: Ledger, one: str) -> None:
    ledger.git("checkout", "--quiet", "--detach")
    assert ledger("list").code == 0
    words = "HEAD is detached, a commit would be lost; run: git switch BRANCH (git branch lists them)\n"
    assert ledger("did", one, "handover") == (2, "", words)
    assert ledger("open", "-t", "x") == (2, "", words)
    assert ledger.ok("did", one, "handover", "--no-commit") == f"{one}: handover (not committed)\n"


@pytest.fixture
def half_merged(ledger: Ledger, one: str) -> Ledger:
    """A store in the middle of a merge in which two branches moved the same complaint."""
    ledger.open("Another")
    ledger.git("switch", "--quiet", "-c", "other")
    ledger.ok("transition", one, "resolving")
    ledger.git("switch", "--quiet", "main")
    ledger.ok("transition", one, "replying")
    with pytest.raises(subprocess.CalledProcessError):
        ledger.git("merge", "--quiet", "other")
    return ledger


def test_in_a_half_done_merge_reading_works_and_writing_waits_for_its_end(half_merged: Ledger, one: str) -> None:
    listed = half_merged("list", "--columns", "title")
    assert (listed.code, "Another" in listed.out) == (0, True)
    assert listed.err.startswith(f"unreadable: records/2026/11/18/{one}.md:")
    assert " E011 " in listed.err
    other = half_merged.ok("list", "--columns", "id", "--format", "plain").strip()
    assert half_merged("did", other, "handover") == (
        2,
        "",
        "a merge is not finished; end it first (git status tells how), then try again\n",
    )
    assert half_merged("open", "-t", "x").code == 2
    half_merged.git("merge", "--abort")
    assert half_merged("did", other, "handover").code == 0


def test_an_unmerged_file_without_a_merge_is_named(half_merged: Ledger, one: str) -> None:
    (half_merged.root / ".git/MERGE_HEAD").unlink()
    assert half_merged("open", "-t", "x").err == (
        f"records/2026/11/18/{one}.md is not merged yet; settle the conflict, git add it, then try again\n"
    )


def test_a_foreign_lock_of_git_is_told_with_the_remedy(ledger: Ledger, one: str) -> None:
    lock = ledger.root / ".git/index.lock"
    lock.touch()
    outcome = ledger("did", one, "handover")
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err == (
        "the commit was refused, nothing was written; git or a hook says:\n"
        f"{lock} is there, so git writes nothing, and no git that is at work here can be seen: one that was killed has "
        f"left it; see that none runs (ps -ef lists what does), then: rm {lock}\n"
    )
    lock.unlink()
    assert ledger.git("status", "--porcelain") == ""


def test_a_refusing_hook_leaves_all_of_several_complaints_as_they_were(ledger: Ledger, one: str) -> None:
    other = ledger.open("Another")
    hook = ledger.root / ".git/hooks/pre-commit"
    hook.write_text("#!/bin/sh\necho '\033[31mno\033[0m way' >&2\nexit 1\n", encoding="utf-8")
    hook.chmod(0o755)
    outcome = ledger("contact", one, other, "--via", "phone", "-m", "What she said\nin full")
    assert outcome == (
        2,
        "",
        f"your text is kept in {ledger.root}/.git/cpl/kept/contact.txt\n"
        "the commit was refused, nothing was written; git or a hook says:\nno way\n",
    )
    assert ledger.git("status", "--porcelain") == ""
    assert (ledger.root / ".git/cpl/kept/contact.txt").read_text(encoding="utf-8") == "What she said\nin full"


def test_hooks_run_for_every_commit(ledger: Ledger, one: str) -> None:
    hook = ledger.root / ".git/hooks/commit-msg"
    hook.write_text('#!/bin/sh\necho "Signed-by: hook" >> "$1"\n', encoding="utf-8")
    hook.chmod(0o755)
    ledger.ok("did", one, "handover")
    assert ledger.git("log", "-1", "--format=%B").strip().endswith("Action: handover\nSigned-by: hook")


# The disk


def small_files(limit: int) -> Callable[[], None]:
    """Lets a process write no file of more than `limit` bytes, as on a disk that is nearly full."""
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))


def test_on_a_full_disk_nothing_is_written_and_the_text_is_not_lost(ledger: Ledger, one: str) -> None:
    before = ledger.path(one).read_bytes()
    words = "It drips from the ceiling. " * 20
    outcome = run_process(ledger, "note", one, "-m", words, before=small_files(200))
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err.startswith("your text could not be kept (")
    assert words in outcome.err
    assert outcome.err.endswith("the file is larger than the system allows; see `ulimit -f`\n")
    assert (ledger.path(one).read_bytes(), ledger.git("status", "--porcelain")) == (before, "")
    assert sorted(path.name for path in ledger.path(one).parent.iterdir()) == [f"{one}.md"]


def test_a_new_complaint_on_a_full_disk_is_shown_instead_of_lost(ledger: Ledger) -> None:
    outcome = run_process(ledger, "open", "-t", "Lift stuck", "-d", "Two inside", before=small_files(200))
    assert (outcome.code, outcome.out) == (2, "")
    assert "\ntitle: Lift stuck\n" in outcome.err
    assert "\nTwo inside\n" in outcome.err
    assert ledger.git("status", "--porcelain") == ""
    assert not (ledger.root / "records").exists()


def test_evidence_that_does_not_fit_takes_the_record_back(ledger: Ledger, one: str, tmp_path: Path) -> None:
    (tmp_path / "big.jpg").write_bytes(b"x" * 100_000)
    before = ledger.path(one).read_bytes()
    outcome = run_process(ledger, "attach", one, str(tmp_path / "big.jpg"), before=small_files(50_000))
    assert (outcome.code, "big.jpg can't be written: the file is larger" in outcome.err) == (2, True)
    assert (ledger.path(one).read_bytes(), ledger.git("status", "--porcelain")) == (before, "")
    assert not ledger.path(one).with_suffix("").exists()


def as_nobody_special(ledger: Ledger, *args: str) -> subprocess.CompletedProcess[str]:
    """Run cpl without root's power over permissions."""
    prefix = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"] if os.geteuid() == 0 else []
    return subprocess.run(
        [*prefix, *command(*args)], cwd=ledger.root, env=environment(), capture_output=True, text=True
    )


needs_permissions = pytest.mark.skipif(
    os.geteuid() == 0 and shutil.which("setpriv") is None, reason="root without setpriv may write everywhere"
)


@pytest.fixture
def read_only(ledger: Ledger, one: str) -> Ledger:
    """A store in which nothing may be written."""
    assert one
    folders = [folder for folder in (ledger.root, *ledger.root.rglob("*")) if folder.is_dir()]
    for folder in folders:
        folder.chmod(0o555)
    return ledger


@needs_permissions
def test_a_read_only_store_can_be_read_and_a_write_says_why_not(read_only: Ledger, one: str) -> None:
    for args in (["list"], ["show", one], ["overdue"], ["check"], ["search", "Door"]):
        assert as_nobody_special(read_only, *args).returncode == 0, args
    done = as_nobody_special(read_only, "note", one, "-m", "my text")
    assert (done.returncode, done.stdout) == (2, "")
    assert "my text\n" in done.stderr
    assert done.stderr.endswith("permission denied; check the owner and mode of the file and its folder\n")


@needs_permissions
def test_records_alone_read_only_lose_nothing(ledger: Ledger, one: str) -> None:
    ledger.path(one).parent.chmod(0o555)
    done = as_nobody_special(ledger, "note", one, "-m", "my text")
    assert done.returncode == 2
    assert done.stderr == (
        f"your text is kept in {ledger.root}/.git/cpl/kept/note.txt\n"
        f"{ledger.path(one)} can't be written: "
        "permission denied; check the owner and mode of the file and its folder\n"
    )
    assert ledger.git("status", "--porcelain") == ""


@needs_permissions
def test_what_may_not_be_read_is_named_and_the_rest_is_shown(ledger: Ledger, one: str) -> None:
    other = ledger.open("Another", "--at", "2026-11-17T10:00")
    third = ledger.open("Third", "--at", "2026-11-16T10:00")
    ledger.path(one).chmod(0o000)
    ledger.path(other).parent.chmod(0o000)
    done = as_nobody_special(ledger, "list", "--columns", "id", "--format", "plain")
    reason = "E013 permission denied; check the owner and mode of the file and its folder"
    assert (done.returncode, done.stdout, done.stderr) == (
        0,
        f"{third}\n",
        f"unreadable: records/2026/11/17:1: {reason}\nunreadable: records/2026/11/18/{one}.md:1: {reason}\n",
    )
    assert as_nobody_special(ledger, "check").returncode == 1
    ledger.path(other).parent.chmod(0o755)


def test_a_file_where_a_folder_is_needed_is_named(ledger: Ledger) -> None:
    (ledger.root / "records").write_text("in the way", encoding="utf-8")
    outcome = ledger("open", "-t", "x")
    assert outcome.code == 2
    assert "part of its path is a file, not a folder; move that file away" in outcome.err
    assert ledger("list") == (0, "", "no complaint\n")
