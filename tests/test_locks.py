"""The lock: one writer at a time, told by its number, free when its process is dead."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from cpl import files, locks

HOLD = """
import sys
from pathlib import Path
from cpl import locks
with locks.lock(Path(sys.argv[1]), timeout=5):
    print("held", flush=True)
    sys.stdin.read()
"""


@contextmanager
def held_elsewhere(path: Path) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", HOLD, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        try:
            yield process
        finally:
            process.kill()


def test_lock_is_private_and_says_who_holds_it(tmp_path: Path) -> None:
    path = tmp_path / "git/cpl.lock"
    path.parent.mkdir()
    path.touch(mode=0o600)
    path.write_text("12345678901\n")  # what a process that died has left
    with locks.lock(path, timeout=0):
        assert path.read_text() == f"{os.getpid()}\n"
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_lock_held_by_another_process_is_refused_with_its_number(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with held_elsewhere(path) as process:
        with pytest.raises(locks.Busy) as caught, locks.lock(path, timeout=0.05):
            pytest.fail("two hold one lock")
        assert str(caught.value) == (
            f"process {process.pid} is writing to this store (lock {path}); try again when it is done"
        )
        assert caught.value.pid == str(process.pid)


def test_lock_of_a_dead_process_is_free(tmp_path: Path) -> None:
    with held_elsewhere(tmp_path / "lock") as process:
        process.kill()
        process.wait()
        with locks.lock(tmp_path / "lock", timeout=0):
            assert (tmp_path / "lock").read_text() == f"{os.getpid()}\n"


def test_lock_whose_holder_has_not_signed_yet_is_told_without_a_number(tmp_path: Path) -> None:
    with locks.lock(tmp_path / "lock", timeout=0):
        (tmp_path / "lock").write_bytes(b"")
        with (
            pytest.raises(locks.Busy, match=r"^another process is writing"),
            locks.lock(tmp_path / "lock", timeout=0),
        ):
            pytest.fail("two hold one lock")


def test_lock_waits_until_it_is_free_and_is_given_back_after_an_error(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), locks.lock(tmp_path / "lock", timeout=0):
        raise ZeroDivisionError
    waiting, got = threading.Event(), threading.Event()

    def want() -> None:
        waiting.set()
        with locks.lock(tmp_path / "lock", timeout=30):
            got.set()

    thread = threading.Thread(target=want)
    with locks.lock(tmp_path / "lock", timeout=0):
        thread.start()
        assert waiting.wait(30)
        assert not got.wait(0.05)
    assert got.wait(30)
    thread.join()


def test_lock_that_can_not_be_made_says_why(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to("file")
    for name, reason in (("file/lock", "part of its path is a file"), ("link", "it is a symbolic link")):
        with pytest.raises(files.WriteFailed, match=reason), locks.lock(tmp_path / name, timeout=0):
            pytest.fail("locked")
