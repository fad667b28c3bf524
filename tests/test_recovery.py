"""An interrupted write: told by check and doctor, finished or undone by them or the next write, never guessed at."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from cpl import files, git_locks, journal, locks, recovery
from cpl.git import GitFailed
from cpl.git_locks import GitBusy
from cpl.journal import Change, Digest, Journal
from cpl.places import NotAStore
from cpl.store import Store, record_path
from tests.ledger import ONE, Ledger

PATH = record_path(ONE)
NEW = "records/2026/11/17/CPL-20261117-HE6M11Z.md"
SUBJECT = f"{ONE}: set title"
LINUX = pytest.mark.skipif(not Path("/proc/self").exists(), reason="tells what runs by /proc")


@pytest.fixture
def store(ledger: Ledger, one: str) -> Store:
    assert one
    return Store(ledger.root)


def versions(ledger: Ledger) -> tuple[bytes, bytes]:
    """The record as it is, and as a write would make it."""
    before = ledger.path(ONE).read_bytes()
    return before, before.replace(b"Door 2", b"Door 3")


def interrupted(store: Store, *changes: Change, commits: bool = True) -> None:
    """Leave a journal of a write that was killed."""
    journal.note(store.private, Journal(store.root, SUBJECT, changes, commits=commits))


def is_clean(ledger: Ledger) -> bool:
    return ledger.git("status", "--porcelain") == "" and not (ledger.root / ".git/cpl/unfinished").exists()


def test_a_write_that_was_not_committed_is_told_and_undone_by_doctor(ledger: Ledger, store: Store) -> None:
    before, after = versions(ledger)
    interrupted(store, Change(PATH, before, after), Change(NEW, None, b"new"))
    ledger.path(ONE).write_bytes(after)
    (ledger.root / NEW).parent.mkdir()
    (ledger.root / NEW).touch()  # claimed, and not yet filled
    (ledger.root / NEW).with_name(".cpl-0123456789abcdef").write_bytes(b"ne")
    ledger.git("add", "--intent-to-add", NEW)
    words = f"'{SUBJECT}' was interrupted, so it may be half done; it is about {PATH}, {NEW}"
    assert f".git/cpl/unfinished:1: W082 {words}; run: cpl doctor --fix\n" in ledger("check").out
    assert f"interrupted   error    {words}" in ledger("doctor").out
    kept = ledger.root / ".git/cpl/kept/unfinished.json"
    assert ledger("doctor", "--fix").err.startswith(
        f"interrupted: '{SUBJECT}' was interrupted; it is undone, so enter it again\n"
        f"what it was to write is kept in {kept}\n"
    )
    assert (ledger.path(ONE).read_bytes(), (ledger.root / NEW).parent.exists()) == (before, False)
    assert is_clean(ledger)
    assert ledger("check") == (0, "", "1 record: no problems\n")


def test_the_next_write_undoes_it_first_and_keeps_the_text(ledger: Ledger, store: Store) -> None:
    before, after = versions(ledger)
    interrupted(store, Change(PATH, before, after))
    ledger.path(ONE).write_bytes(after)
    outcome = ledger("did", ONE, "handover")
    kept = ledger.root / f".git/cpl/kept/{ONE}.md"
    assert outcome == (
        0,
        f"{ONE}: handover\n",
        f"'{SUBJECT}' was interrupted; it is undone, so enter it again\nwhat it was to write is kept in {kept}\n",
    )
    assert (kept.read_bytes(), b"Door 2" in ledger.path(ONE).read_bytes(), is_clean(ledger)) == (after, True, True)


def test_a_write_whose_commit_was_made_is_finished(ledger: Ledger, store: Store) -> None:
    before, after = versions(ledger)
    interrupted(store, Change(PATH, before, after))
    ledger.path(ONE).write_bytes(after)
    index = (ledger.root / ".git/index").read_bytes()
    ledger.git("commit", "--quiet", "--all", "--message", SUBJECT)
    (ledger.root / ".git/index").write_bytes(index)  # git writes it last
    outcome = ledger("did", ONE, "handover")
    assert outcome.err == f"'{SUBJECT}' was interrupted when it was done already; nothing of it is lost\n"
    assert (outcome.code, b"Door 3" in ledger.path(ONE).read_bytes(), is_clean(ledger)) == (0, True, True)


def test_what_somebody_changed_since_is_left_as_it_is(ledger: Ledger, store: Store) -> None:
    before, after = versions(ledger)
    interrupted(store, Change(PATH, before, after))
    ledger.path(ONE).write_bytes(after + b"mine\n")
    assert recovery.settle(store.git, store.private) == (
        f"'{SUBJECT}' was interrupted when it was done already; nothing of it is lost"
        f"; left as they are, because they were changed since: {PATH}"
    )
    assert ledger.path(ONE).read_bytes() == after + b"mine\n"


@pytest.mark.parametrize("commits", [True, False])
@pytest.mark.parametrize("left", [None, b""], ids=["gone", "git had no room to write it"])
def test_a_file_that_is_gone_comes_back(ledger: Ledger, store: Store, left: bytes | None, *, commits: bool) -> None:
    before, after = versions(ledger)
    interrupted(store, Change(PATH, before, after), commits=commits)
    ledger.path(ONE).unlink()
    if left is not None:
        ledger.path(ONE).write_bytes(left)
    assert recovery.settle(store.git, store.private)
    assert (ledger.path(ONE).read_bytes(), is_clean(ledger)) == (before, True)


@pytest.mark.parametrize(("written", "is_kept"), [(1, False), (2, True)], ids=["half", "all"])
def test_a_write_without_a_commit_stays_only_if_all_of_it_was_done(
    ledger: Ledger, store: Store, written: int, *, is_kept: bool
) -> None:
    before, after = versions(ledger)
    other = "records/2026/11/18/notes"
    interrupted(store, Change(PATH, before, after), Change(other, None, b"x"), commits=False)
    for path, data in [(PATH, after), (other, b"x")][:written]:
        (ledger.root / path).write_bytes(data)
    assert recovery.settle(store.git, store.private)
    assert (ledger.path(ONE).read_bytes() == after, (ledger.root / other).exists()) == (is_kept, is_kept)


def test_a_write_without_a_commit_is_undone_while_a_file_of_it_is_claimed_and_not_yet_filled(
    ledger: Ledger, store: Store
) -> None:
    before, after = versions(ledger)
    interrupted(store, Change(PATH, before, after), Change(NEW, None, b"new"), commits=False)
    ledger.path(ONE).write_bytes(after)
    (ledger.root / NEW).parent.mkdir()
    (ledger.root / NEW).touch()
    assert f"'{SUBJECT}' was interrupted; it is undone, so enter it again\n" in ledger("doctor", "--fix").err
    assert (ledger.path(ONE).read_bytes(), (ledger.root / NEW).parent.exists()) == (before, False)


def test_a_file_that_gitignore_hides_is_undone_too(ledger: Ledger, store: Store) -> None:
    (ledger.root / ".git/info/exclude").write_text("secret\n")
    interrupted(
        store, Change("secret", None, Digest("2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"))
    )
    (ledger.root / "secret").write_bytes(b"x")
    assert recovery.settle(store.git, store.private) == f"'{SUBJECT}' was interrupted; it is undone, so enter it again"
    assert not (ledger.root / "secret").exists()


def test_a_journal_of_a_clone_that_was_moved_still_is_right(ledger: Ledger, store: Store) -> None:
    before, after = versions(ledger)
    interrupted(store, Change(PATH, before, after))
    ledger.path(ONE).write_bytes(after)
    moved = Ledger(ledger.root.rename(ledger.root.parent / "moved"))
    assert moved("did", ONE, "handover").code == 0
    assert (b"Door 2" in moved.path(ONE).read_bytes(), is_clean(moved)) == (True, True)


@pytest.mark.parametrize("data", [b"", b"[]", b'{"format": 2}', b'{"format": 1, "root": "../.."}'])
def test_a_journal_that_can_not_be_read_is_told_and_kept(ledger: Ledger, store: Store, data: bytes) -> None:
    path = store.private / journal.NAME
    path.write_bytes(data)
    words = f"{path}, which tells of an interrupted write, can't be read; another version of cpl may have made it"
    assert words in ledger("check").out
    kept = store.kept_folder() / "unfinished.json"
    assert ledger("did", ONE, "handover") == (0, f"{ONE}: handover\n", f"{words}; it is kept as {kept}\n")
    assert (kept.read_bytes(), path.exists()) == (data, False)


def test_a_journal_of_a_store_that_is_gone_is_told_and_kept(ledger: Ledger, store: Store) -> None:
    gone = ledger.root / "branch"
    journal.note(store.private, Journal(gone, SUBJECT, [Change(PATH, None, b"x")]))
    assert recovery.settle(store.git, store.private) == (
        f"'{SUBJECT}' was interrupted, and its store {gone} is not there any more; what is known is in "
        f"{store.kept_folder() / 'unfinished.json'}"
    )
    assert not (store.private / journal.NAME).exists()


def test_what_killed_writers_left_is_told_and_removed(ledger: Ledger) -> None:
    names = (".git/hooks/.cpl-0123456789abcdef", "reports/.cpl-0123456789abcdef")
    for name in names:
        files.write(ledger.root / name, b"half", root=ledger.root)
    told = ledger("doctor").out
    assert "writes that were killed left 2 files, such as reports/.cpl-0123456789abcdef" in told
    assert f"removed {names[1]}, {names[0]}\n" in ledger("doctor", "--fix").err
    assert not any((ledger.root / name).exists() for name in names)


def test_a_journal_that_was_being_written_is_removed_by_the_next_writer(ledger: Ledger, store: Store) -> None:
    half = store.private / ".cpl-0123456789abcdef"
    half.write_bytes(b"{")
    assert ledger("did", ONE, "handover") == (0, f"{ONE}: handover\n", "")
    assert not half.exists()


def fail_under_a_lock(ledger: Ledger, store: Store) -> None:
    """A write that fails when it has changed the index, while an old lock, so somebody else's, is in the way."""
    index = ledger.root / ".git/index.lock"
    with store.writing(Journal(store.root, SUBJECT, [Change(NEW, None, b"new")])) as transaction:
        transaction.create(ledger.root / NEW, b"new")
        ledger.git("add", NEW)
        index.touch()
        os.utime(index, (0, 0))
        raise ZeroDivisionError


def test_an_init_that_was_interrupted_is_told_and_undone(repo: Path) -> None:
    store = Store(repo)
    ledger = Ledger(repo)
    (repo / "cpl.yaml").write_bytes(b"")
    interrupted(store, Change("cpl.yaml", None, Digest("0" * 64)))
    assert ".git/cpl/unfinished:1: W082 " in ledger("check").out
    outcome = ledger("doctor", "--fix")
    assert (outcome.code, (repo / "cpl.yaml").exists()) == (2, False)
    assert outcome.err.endswith(f"{NotAStore(repo)}\n")
    assert ledger("init").code == 0


def test_a_write_that_can_not_be_put_back_says_what_to_do(
    ledger: Ledger, one: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert one
    monkeypatch.setattr(git_locks, "_NOBODY_SECONDS", 0.0)
    said: list[str] = []
    with pytest.raises(ZeroDivisionError):
        fail_under_a_lock(ledger, Store(ledger.root, say=said.append))
    lock = ledger.root / ".git/index.lock"
    assert said == [
        f"not all is as it was before: {GitBusy(lock, [])}\nwhen that is mended, run: cpl doctor --fix",
    ]
    lock.unlink()
    assert ledger("doctor", "--fix").err.startswith(f"interrupted: '{SUBJECT}' was interrupted; it is undone")
    assert is_clean(ledger)


def test_an_index_that_another_git_wrote_back_is_no_change(ledger: Ledger, one: str) -> None:
    """`git commit` by hand reads the index before it locks it, so it can write back one that is older than HEAD."""
    index = ledger.root / ".git/index"
    before = index.read_bytes()
    second = ledger.open("Door 5")
    ledger.ok("did", one, "handover")
    index.write_bytes(before)
    assert ledger.git("status", "--porcelain") != ""
    for each in (one, second):
        ledger.ok("note", each, "-m", "looked at")
    assert is_clean(ledger)


def test_a_version_that_only_the_index_has_is_a_change(ledger: Ledger, one: str) -> None:
    before, after = versions(ledger)
    ledger.path(one).write_bytes(after)
    ledger.git("add", "--all")
    ledger.path(one).write_bytes(before)
    assert ledger("did", one, "handover").err == (
        f"{PATH} has changes that are not committed; commit them, or add yours with --no-commit\n"
    )


def test_git_is_waited_for_while_its_lock_is_there(ledger: Ledger, store: Store) -> None:
    lock = ledger.root / ".git/index.lock"
    lock.touch()
    threading.Timer(0.3, lock.unlink).start()
    ledger.path(ONE).write_bytes(versions(ledger)[1])
    git_locks.patiently(store.git, lambda: store.git.run("add", PATH, write=True))
    assert ledger.git("status", "--porcelain") == f"M  {PATH}\n"


def test_a_failure_that_is_no_lock_is_not_waited_for(store: Store) -> None:
    with pytest.raises(GitFailed):
        git_locks.patiently(store.git, lambda: store.git.run("add", "nothing", write=True))


@LINUX
def test_who_holds_a_lock_of_git_is_named(ledger: Ledger, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(git_locks, "WAIT_SECONDS", 0.2)
    command = ["git", "cat-file", "--batch"]
    lock = ledger.root / ".git/index.lock"
    with subprocess.Popen(command, cwd=ledger.root, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin
        process.stdin.write(b"HEAD\n")
        process.stdin.flush()
        assert process.stdout
        process.stdout.readline()
        lock.touch()
        who = f"process {process.pid}: git cat-file --batch"
        with pytest.raises(GitBusy) as busy:
            git_locks.patiently(store.git, lambda: store.git.run("add", PATH, write=True))
        assert str(busy.value) == f"git is at work here ({who}) and holds {lock}; try again when it is done"
        with pytest.raises(GitBusy):
            git_locks.clear(store.git, 0.0, patience=0.0)
        process.stdin.close()
        process.wait()
    assert git_locks.clear(store.git, time.time() + 60) == []
    assert (git_locks.clear(store.git, 0.0), lock.exists()) == ([lock], False)


def test_a_lock_outlives_a_killed_process_with_what_it_started(tmp_path: Path) -> None:
    script = """
import subprocess, sys
from pathlib import Path
from cpl import locks
from cpl.git import Git
with locks.lock(Path(sys.argv[1]), timeout=5):
    Git(Path.cwd()).run("-c", "alias.wait=!echo >started; read line <fifo", "wait")
"""
    os.mkfifo(tmp_path / "fifo")
    subprocess.run(["git", "init", "--quiet", str(tmp_path)], check=True)
    path = tmp_path / "lock"
    with subprocess.Popen([sys.executable, "-c", script, str(path)], cwd=tmp_path) as process:
        while not (tmp_path / "started").exists():
            time.sleep(0.01)
        process.kill()
        process.wait()
    with pytest.raises(locks.Busy) as busy, locks.lock(path, timeout=0):
        pytest.fail("two hold one lock")
    assert str(busy.value) == (
        f"process {process.pid} has been killed, but a git that it started is writing to this store (lock {path}); "
        "try again when it is done"
    )
    assert locks.is_held(path)
    (tmp_path / "fifo").write_text("go on\n")
    with locks.lock(path, timeout=30):
        assert locks.is_held(path)
    assert not locks.is_held(path)


def test_a_lock_is_free_though_a_child_that_inherited_it_lives(tmp_path: Path) -> None:
    with locks.lock(tmp_path / "lock", timeout=0):
        child = subprocess.Popen(["cat"], stdin=subprocess.PIPE, close_fds=False)
    assert not locks.is_held(tmp_path / "lock")
    assert child.stdin
    child.stdin.close()
    child.wait()
