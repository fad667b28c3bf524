"""What is done before it is known that the index says what there is: begun early, printed once, and only when right."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from subprocess import PIPE

import pytest

from cpl import git_begun, start, tree
from cpl.git_begun import Begun, comparison
from tests.ledger import ROOT, Ledger
from tests.processes import command, environment, run_process
from tests.test_git import put, sh


@pytest.mark.parametrize(
    ("words", "asks"),
    [
        (["list"], True),
        (["--lang", "zh", "overdue", "--soon", "2d"], True),
        (["--no-input", "show", "x"], True),
        (["list", "--no-index"], False),
        (["list", "--help"], False),
        (["check"], False),
        ([], False),
    ],
)
def test_git_begins_before_a_command_that_will_ask_it(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch, words: list[str], *, asks: bool
) -> None:
    below = ledger.root / "below"
    below.mkdir()
    monkeypatch.chdir(below)
    assert (start.compare(words) is not None) is asks


def test_git_begins_in_the_folder_that_c_names(ledger: Ledger, one: str, tmp_path: Path) -> None:
    ledger.path(one).write_text("---\n", encoding="utf-8")
    name = ledger.path(one).relative_to(ledger.root).as_posix()
    for words in (["-C", str(ledger.root), "list"], [f"-C{ledger.root}", "list"]):
        begun = start.compare(words)
        assert begun is not None
        assert begun.answer() == f"{name}\0".encode()
    assert start.compare(["-C", str(tmp_path / "nowhere"), "list"]) is None


def test_little_is_imported_before_git_begins() -> None:
    """What Python itself loads at its start, and four small modules: `typing` alone would take as long as all that."""
    code = "import sys; before = {*sys.modules}; import cpl.start; print(*sorted({*sys.modules} - before))"
    done = subprocess.run(
        [sys.executable, "-I", "-c", f"import sys; sys.path.insert(0, {str(ROOT)!r}); {code}"], stdout=PIPE
    )
    ours = {"cpl", "cpl.git_begun", "cpl.git_env", "cpl.line", "cpl.machine", "cpl.start"}
    assert {*done.stdout.decode().split()} <= ours | {"__future__", "errno", "gc"}


def test_what_start_knows_of_a_store_is_what_the_store_says() -> None:
    assert (start._MARKER, start._RECORDS) == (tree.MARKER, tree.RECORDS)


def test_git_is_asked_in_two_ways_that_say_the_same(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = ("same", "edited", "gone", "mode", "link", "folder", "left", "assumed", "staged", "touched")
    (repo / "records").mkdir()
    put(repo, **{f"records/{name}.md": "1\n" for name in names}, **{"other.md": "1\n"})
    sh(repo, "add", ".")
    sh(repo, "commit", "-qm", "start")
    sh(repo, "update-index", "--skip-worktree", "records/left.md")
    sh(repo, "update-index", "--assume-unchanged", "records/assumed.md")
    put(
        repo, **{f"records/{name}.md": "2\n" for name in ("edited", "left", "assumed", "staged")}, **{"other.md": "2\n"}
    )
    sh(repo, "add", "records/staged.md")
    (repo / "records/mode.md").chmod(0o755)
    (repo / "records/touched.md").touch()
    for name in ("gone", "link", "folder"):
        (repo / f"records/{name}.md").unlink()
    (repo / "records/link.md").symlink_to("same.md")
    (repo / "records/folder.md").mkdir()
    put(repo, **{"records/new.md": "1\n", "records/announced.md": "1\n"})
    sh(repo, "add", "--intent-to-add", "records/announced.md")
    told = []
    for cores in (2, 8):
        monkeypatch.setattr(git_begun, "cores", lambda cores=cores: cores)
        told.append(Begun(str(repo), comparison("records")).answer())
    assert told[0] == told[1]
    dirty = ("announced", "edited", "folder", "gone", "link", "mode")
    assert told[0] == "".join(f"records/{name}.md\0" for name in dirty).encode()


def test_where_git_fails_all_files_are_read(ledger: Ledger, one: str) -> None:
    ledger.ok("list")
    (ledger.root / ".git" / "index").write_bytes(b"no index")
    begun = start.compare(["-C", str(ledger.root), "list"])
    assert begun is not None
    assert begun.answer() is None
    ledger.path(one).write_text("---\n", encoding="utf-8")
    assert run_process(ledger, "list") == run_process(ledger, "list", "--no-index")


def test_where_nobody_is_to_wait_for_children_git_is_asked_again(ledger: Ledger) -> None:
    code = (
        "import signal; signal.signal(signal.SIGCHLD, signal.SIG_IGN);"
        "from cpl.start import compare; print(compare(['list']).answer())"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ledger.root, env=environment(), stdout=PIPE)
    assert done.stdout == b"None\n"


def test_in_a_folder_that_is_gone_git_does_not_begin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "gone"
    folder.mkdir()
    monkeypatch.chdir(folder)
    folder.rmdir()
    assert start.compare(["list"]) is None
    done = subprocess.run(command("list"), env=environment(), capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (2, "the folder that you are in is gone; go to another one: cd FOLDER\n")


def test_with_a_stream_closed_git_does_not_begin_early(ledger: Ledger, one: str) -> None:
    """A pipe would have the number of the stream, and what git found be lost."""
    ledger.path(one).write_text("---\n", encoding="utf-8")
    code = "import os; os.close(0); os.close(1); from cpl.start import compare; os.write(2, b'%r' % compare(['list']))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ledger.root, env=environment(), stderr=PIPE)
    assert done.stderr == b"None"


def test_what_was_found_on_an_old_index_is_not_printed(ledger: Ledger, one: str) -> None:
    args = ("list", "--limit", "1", "--columns", "title", "--format", "plain")
    title = json.loads(ledger.ok("show", one, "--format", "json"))["title"]
    assert run_process(ledger, *args) == (0, f"{title}\n", "")
    text = ledger.path(one).read_text(encoding="utf-8")
    ledger.path(one).write_text(text.replace(f"title: {title}", "title: Another"), encoding="utf-8")
    assert run_process(ledger, *args) == (0, "Another\n", "")


def test_an_error_that_an_old_index_leads_to_is_told_once_and_as_it_is_now(ledger: Ledger, one: str) -> None:
    other = ledger.open("Lift stuck")
    ledger.ok("link", other, one, "--as", "same-cause")
    assert f"linked_from  as: same-cause, id: {other}" in ledger.ok("show", one)
    ledger.path(other).write_text(f"no record, but {one}\n", encoding="utf-8")
    outcome = ledger("show", one)
    assert ("linked_from" in outcome.out, outcome.err.count("unreadable: ")) == (False, 1)
    ledger.path(one).write_text("no record\n", encoding="utf-8")
    outcome = ledger("show", one)
    assert (outcome.code, outcome.out, outcome.err.count("can't be read")) == (2, "", 1)


def test_a_full_disk_is_told(ledger: Ledger, one: str) -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(command("show", one), cwd=ledger.root, env=environment(), stdout=full, stderr=PIPE)
    assert (done.returncode, done.stderr) == (2, b"the disk is full; free some space and try again\n")
