"""Faults on purpose: a command line in a process of its own that is killed, interrupted or out of disk at a point.

A point is the moment before or after a call of `cpl.files`, or a command of git; those within a git command are moments
at which git runs a hook. Nothing in cpl knows of this: the functions are wrapped in the child process alone.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any, Final, NamedTuple

import cpl.cli
from cpl import files, locks
from cpl.git import Git
from tests.ledger import Ledger

# What writes, of the functions of `files`; the rest reads.
WRITERS: Final = (
    "_place",
    "_stage_and_rename",
    "_fill",
    "_claim",
    "_sync_folder",
    "remove",
    "remove_empty",
    "move",
)
HOOKS: Final = ("reference-transaction", "post-index-change", "prepare-commit-msg", "commit-msg", "post-commit")
KILL: Final = "killed"
POWER: Final = "killed within git"
ORPHAN: Final = "killed while git goes on"
INTERRUPT: Final = "interrupted"
TERMINATE: Final = "terminated"
FULL: Final = "disk full"
_PATIENCE: Final = 60.0


class Done(NamedTuple):
    """How a child ended: its exit code (negative: the signal), what it printed, and how many points it passed."""

    code: int
    out: str
    err: str
    points: int


@dataclass(frozen=True, slots=True)
class Fault:
    """What happens at which point, counted from 1."""

    kind: str
    point: int

    def strike(self) -> None:
        """Let it happen to this process."""
        if self.kind == KILL:
            os.kill(os.getpid(), signal.SIGKILL)
        elif self.kind == INTERRUPT:
            os.kill(os.getpid(), signal.SIGINT)
        elif self.kind == TERMINATE:
            os.kill(os.getpid(), signal.SIGTERM)
        elif self.kind == FULL:
            sys.dont_write_bytecode = True  # Python would leave half a module
            resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))


def run(ledger: Ledger, args: Sequence[str], fault: Fault | None = None) -> Done:
    """Run `cpl ARGS` in a child process that has this fault; without one, count the points."""
    result = ledger.root.parent / "result"
    result.unlink(missing_ok=True)
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        _be_child(ledger, args, fault, result)
    _pid, status = os.waitpid(child, 0)
    _await_git(ledger.root)
    if not result.exists():
        return Done(os.waitstatus_to_exitcode(status), "", "", 0)
    return Done(*json.loads(result.read_text("utf-8")))


def _be_child(ledger: Ledger, args: Sequence[str], fault: Fault | None, result: Path) -> None:
    os.setsid()  # so that `kill 0` in a hook of git ends this process and its children
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, cpl.cli._stop)
    (ledger.root.parent / "pid").write_text(str(os.getpid()))
    descriptor = os.open(result.with_suffix(".made"), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    points = _Points(fault)
    try:
        with points.wrapped():
            outcome = ledger(*args)
        # To a pipe or a file that is there already, for the disk may be full by now.
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        os.write(descriptor, json.dumps([*outcome, points.passed]).encode())
        result.with_suffix(".made").rename(result)
    finally:
        os._exit(0)


class _Points:
    """Counts the points that a process passes, and lets the fault strike at its own."""

    def __init__(self, fault: Fault | None) -> None:
        self.fault = fault
        self.passed = 0

    def __call__(self) -> None:
        self.passed += 1
        if self.fault is not None and self.fault.point == self.passed:
            self.fault.strike()

    def around(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function with a point before and one after it."""

        @wraps(function)
        def wrapper(*args: Any, **more: Any) -> Any:
            self()
            value = function(*args, **more)
            self()
            return value

        return wrapper

    @contextmanager
    def wrapped(self) -> Iterator[None]:
        """Points around the calls of `files` and the commands of git; this process ends with it."""
        for name in WRITERS:
            setattr(files, name, self.around(getattr(files, name)))
        Git.run = self.around(Git.run)
        Git._running = self.around(Git._running)
        yield


def _await_git(root: Path) -> None:
    """Wait until a git that outlived its cpl is done."""
    end = time.monotonic() + _PATIENCE
    while locks.is_held(root / ".git" / "cpl" / "lock"):
        assert time.monotonic() < end, "a git does not end"
        time.sleep(0.01)


@contextmanager
def hooks(ledger: Ledger, kind: str, number: int) -> Iterator[Callable[[], int]]:
    """Hooks of git that strike at their `number`-th call; yields what tells how often any was called."""
    calls = ledger.root.parent / "calls"
    calls.write_text("")
    victim = "0" if kind == POWER else f"$(cat '{ledger.root.parent}/pid')"
    script = (
        f"#!/bin/sh\necho >>'{calls}'\n"
        f"[ $(wc -l <'{calls}') -ne {number} ] || {{ kill -9 {victim}; sleep 0.2; }}\nexit 0\n"
    )
    folder = ledger.root / ".git" / "hooks"
    for name in HOOKS:
        (folder / name).write_text(script)
        (folder / name).chmod(0o755)
    try:
        yield lambda: len(calls.read_text().splitlines())
    finally:
        for name in HOOKS:
            (folder / name).unlink()
