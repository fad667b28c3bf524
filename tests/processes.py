"""cpl as real processes in a store: with pipes, or at a terminal of its own; with the real clock."""

from __future__ import annotations

import codecs
import fcntl
import os
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.ledger import ROOT, Ledger, Outcome

PATIENCE = 60.0


def environment(**more: str) -> dict[str, str]:
    """What a process gets: the trapped home of the tests, this source tree, and `more`."""
    kept = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES")}
    return {**kept, "PYTHONPATH": str(ROOT), **more}


def command(*args: str) -> list[str]:
    """`cpl ARGS`."""
    return [sys.executable, "-m", "cpl", *args]


def default_signals() -> None:
    """Undo what `nohup` or a script's `&` had the tests ignore: the process would never end, nor its editor."""
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT):
        signal.signal(number, signal.SIG_DFL)


def run_process(
    ledger: Ledger,
    *args: str,
    env: dict[str, str] | None = None,
    stdin: bytes = b"",
    before: Callable[[], None] | None = None,
) -> Outcome:
    """Run `cpl ARGS` in the store as a process; `before` is called in it first.

    It keeps no compiled modules then: Python would leave half of one where a limit is set.
    """
    kept = {} if before is None else {"PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        command(*args),
        cwd=ledger.root,
        env=environment(**kept, **(env or {})),
        input=stdin,
        capture_output=True,
        preexec_fn=before,
        timeout=PATIENCE,
    )
    return Outcome(done.returncode, done.stdout.decode(), done.stderr.decode())


def start(ledger: Ledger, *args: str, env: dict[str, str] | None = None) -> subprocess.Popen[bytes]:
    """Start `cpl ARGS` in a process group of its own, as a shell with job control does."""
    return subprocess.Popen(
        command(*args),
        cwd=ledger.root,
        env=environment(**(env or {})),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        preexec_fn=default_signals,
    )


def await_file(path: Path) -> None:
    """Wait until a process has made the file."""
    end = time.monotonic() + PATIENCE
    while not path.exists():
        assert time.monotonic() < end, f"{path} was not made"
        select.select([], [], [], 0.01)


class Terminal:
    """`cpl ARGS` at a terminal of 24 lines: what it shows can be waited for, and answered."""

    def __init__(self, ledger: Ledger, *args: str, columns: int = 80, env: dict[str, str] | None = None) -> None:
        self.shown = ""
        self._decoder = codecs.getincrementaldecoder("utf-8")()  # a character may come in two pieces
        self._main, inner = os.openpty()
        fcntl.ioctl(inner, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))

        def enter() -> None:
            default_signals()
            os.login_tty(inner)

        self._process = subprocess.Popen(
            command(*args),
            cwd=ledger.root,
            env=environment(TERM="xterm", **(env or {})),
            preexec_fn=enter,
            close_fds=True,
        )
        os.close(inner)

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *_error: Any) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self._main)

    def expect(self, text: str) -> None:
        """Wait until `text` is shown; what was shown up to there is passed over."""
        end = time.monotonic() + PATIENCE
        while text not in self.shown:
            assert self._read(end), f"{text!r} is not in {self.shown!r}"
        self.shown = self.shown.partition(text)[2]

    def type(self, text: str) -> None:
        """Type `text` as a person does."""
        os.write(self._main, text.encode())

    def interrupt(self, said: str) -> None:
        """Type Ctrl-C until `said` is shown: Python misses one that comes just before it waits for a key."""
        end = time.monotonic() + PATIENCE
        while said not in self.shown:
            assert time.monotonic() < end, f"{said!r} is not in {self.shown!r}"
            self.type("\x03")
            soon = time.monotonic() + 1.0
            while said not in self.shown and self._read(soon):
                continue

    def finish(self) -> tuple[int, str]:
        """The exit code, and what was shown since the last `expect`."""
        end = time.monotonic() + PATIENCE
        while self._read(end):
            continue
        return self._process.wait(PATIENCE), self.shown.replace("\r\n", "\n")

    def _read(self, end: float) -> bool:
        if not select.select([self._main], [], [], max(0.0, end - time.monotonic()))[0]:
            return False
        try:
            data = os.read(self._main, 65536)
        except OSError:  # Linux says so when the other side has been closed
            return False
        self.shown += self._decoder.decode(data)
        return bool(data)
