"""What is measured on a store, and beside which work of git: the rows of the benchmark, not how they are printed."""

from __future__ import annotations

import shutil
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Final

from measuring import Spent, run, timed

CLOCKED: Final = Path(__file__).parent / "clocked.py"
STATUS: Final = ("git", "status")
GREP: Final = ("git", "grep", "-c", "^status: ", "--", "records")
PEER_OF_SMALL: Final = (sys.executable, "-c", "import click, sqlite3")
# The commands that only read, each with its bar beside `git status`.
READS: Final = {
    "cpl overdue": 1.0,
    "cpl list --limit 20": 1.0,
    "cpl show ID": 1.0,
    "cpl summary --week last": 1.5,
    "cpl search 门禁": None,
    "cpl similar ID": None,
}
COLD: Final = "first cpl overdue in a clone"
CHECK: Final = "cpl check"
CHECK_ALL: Final = "cpl check --no-index"
TRANSITION: Final = "cpl transition"
LOG: Final = "cpl log ID, no commit-graph"
LOG_WITH_GRAPH: Final = "cpl log ID, commit-graph"
ROWS: Final = (COLD, *READS, CHECK, CHECK_ALL, TRANSITION, LOG, LOG_WITH_GRAPH)

Turn = Callable[[int], Spent]
"""One timed run, the how many-th is told: what a write changes has to be another record each time."""


@dataclass(frozen=True)
class Work:
    """A row: `ours` beside `peer`; `bar` is the ratio that may not be passed, None: it is only shown.

    `prepare` is done before, and takes no part in what is measured.
    """

    name: str
    ours: Turn
    peer_name: str
    peer: Turn
    bar: float | None = None
    prepare: Sequence[str] = ()


@dataclass(frozen=True)
class Measured:
    """What a row's work took: medians of both sides, how many times the peer's ours is, and the most memory.

    `of_processor` is that ratio by the processors' time, which says more when a machine has other work as well.
    """

    ours: float
    peer: float
    ratio: float
    of_processor: float
    mebibytes: float


@dataclass
class Clone:
    """A fresh clone of a store, whose commands see `now` on the clock."""

    folder: Path
    now: datetime

    def __post_init__(self) -> None:
        for name, value in (("user.name", "Li Na"), ("user.email", "li.na@example.org")):
            run(["git", "config", name, value], self.folder)

    def cpl(self, *args: str) -> tuple[str, ...]:
        """The command line of `cpl ARGS`."""
        return (sys.executable, str(CLOCKED), self.now.isoformat(), *args)

    def turn(self, *command: str) -> Turn:
        """A run of the command, in whatever turn."""
        return lambda _turn: timed(command, self.folder)

    @cached_property
    def paths(self) -> list[str]:
        """Every record's path, the oldest first."""
        return run(["git", "ls-files", "--", "records"], self.folder).decode().splitlines()

    def id_at(self, share: float) -> str:
        """The id of a record at that share of all of them; 0 is the oldest."""
        return Path(self.paths[int(len(self.paths) * share)]).stem

    @cached_property
    def closed(self) -> list[str]:
        """The paths of closed records."""
        return run(["git", "grep", "-l", "^status: closed", "--", "records"], self.folder).decode().splitlines()

    def forget(self) -> None:
        """Take away what cpl keeps for itself in the clone: its index."""
        for path in (self.folder / ".git").glob("cpl*"):
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def measure(work: Work, clone: Clone, turns: int, patience: float) -> Measured:
    """Run both alternately, once to warm up and then `turns` times, but no more once `patience` seconds are over.

    The run that warms up counts when there is no time for another.
    """
    if work.prepare:
        timed(work.prepare, clone.folder)
    start = time.monotonic()
    warm = work.peer(0), work.ours(0)
    rounds: list[tuple[Spent, Spent]] = []
    while len(rounds) < turns and time.monotonic() - start < patience:
        turn = len(rounds) + 1
        rounds.append((work.peer(turn), work.ours(turn)))
    peer, ours = zip(*(rounds or [warm]), strict=True)
    times = [statistics.median(each.seconds for each in side) for side in (ours, peer)]
    processor = [statistics.median(each.processor for each in side) for side in (ours, peer)]
    most = max(each.mebibytes for each in (warm[1], *ours))
    return Measured(*times, times[0] / times[1], processor[0] / processor[1], most)


def reads(clone: Clone) -> dict[str, tuple[str, ...]]:
    """The arguments of the commands that only read, by the names of READS."""
    lines = (
        ("overdue",),
        ("list", "--limit", "20"),
        ("show", clone.id_at(0.4)),
        ("summary", "--week", "last"),
        ("search", "门禁"),
        ("similar", clone.id_at(0.6)),
    )
    return dict(zip(READS, lines, strict=True))


def compared(clone: Clone) -> list[tuple[str, ...]]:
    """The command lines whose output has to be the same without the index."""
    return [
        *reads(clone).values(),
        ("overdue", "--soon", "2d", "--format", "json"),
        ("overdue", "--for", "zhao.qiang"),
        ("overdue", "--at", clone.now.replace(day=1).isoformat()),
        ("list", "--open", "--sort", "-received_at"),
        ("list", "--format", "jsonl", "--columns", "id,title,due,place,age,category"),
        ("list", "--where", "building=3 status!=closed", "--format", "csv"),
        ("search", "lift", "floor"),
        ("summary", "--month", "last", "--format", "json", "--ids"),
        ("similar", clone.id_at(0.9), "--days", "180", "--format", "json"),
        ("escalate",),
        ("check",),
    ]


def works(clone: Clone) -> Iterator[Work]:
    """The rows for a large store, in the order in which they have to run."""
    status, grep = clone.turn(*STATUS), clone.turn(*GREP)
    yield Work(COLD, _cold(clone), "git grep -c", grep, 8)
    for name, args in reads(clone).items():
        yield Work(name, clone.turn(*clone.cpl(*args)), "git status", status, READS[name])
    yield Work(CHECK, clone.turn(*clone.cpl("check")), "git grep -c", grep, 25)
    yield Work(CHECK_ALL, clone.turn(*clone.cpl("check", "--no-index")), "git grep -c", grep, 25)
    init = clone.cpl("init")  # hooks and merge driver, as in any clone that is worked in
    yield Work(TRANSITION, _transition(clone), "git add + commit", _git_commit(clone), 1.3, init)
    path, followed = clone.paths[int(len(clone.paths) * 0.1)], "git log --follow"
    log, follow = clone.turn(*clone.cpl("log", Path(path).stem)), clone.turn("git", "log", "--follow", "--", path)
    yield Work(LOG, log, followed, follow)
    graph = ("git", "commit-graph", "write", "--reachable", "--changed-paths")
    yield Work(LOG_WITH_GRAPH, log, followed, follow, 1.5, graph)


def small_works(clone: Clone) -> Iterator[Work]:
    """The rows for a small store."""
    for name, args in reads(clone).items():
        yield Work(name, clone.turn(*clone.cpl(*args)), "python, click, sqlite3", clone.turn(*PEER_OF_SMALL), 3)


def _cold(clone: Clone) -> Turn:
    def turn(_turn: int) -> Spent:
        clone.forget()
        return timed(clone.cpl("overdue"), clone.folder)

    return turn


def _transition(clone: Clone) -> Turn:
    """One closed record after the other is reopened."""

    def turn(number: int) -> Spent:
        identifier = Path(clone.closed[2 * number]).stem
        return timed(clone.cpl("transition", identifier, "resolving", "--reason", "again"), clone.folder)

    return turn


def _git_commit(clone: Clone) -> Turn:
    """A line is added to one closed record after the other, as with an editor; only git's part counts."""

    def turn(number: int) -> Spent:
        path = clone.closed[2 * number + 1]
        with (clone.folder / path).open("a", encoding="utf-8") as file:
            file.write("She called once more.\n")
        add = timed(("git", "add", "--", path), clone.folder)
        commit = timed(("git", "commit", "--quiet", "--message", "By hand"), clone.folder)
        return Spent(
            add.seconds + commit.seconds, add.processor + commit.processor, max(add.mebibytes, commit.mebibytes)
        )

    return turn


def knows_no_index(clone: Clone, command: str) -> bool:
    """Whether the command has the option `--no-index`."""
    return b"--no-index" in run(clone.cpl(command, "--help"), clone.folder)
