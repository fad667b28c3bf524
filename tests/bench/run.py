"""cpl on many records beside git on the same files: `python tests/bench/run.py --records 100000 [--keep DIR]`.

For each size a store with history is made once and kept in DIR; what is measured is a fresh clone of it. Each command
runs alternately with the work of git that it is compared with; the medians of a few warm runs count, and "of cpu" is
their ratio by the processors' time. cpl runs as its console script does, with .pyc files, and git with its default
settings. The bars are for 100,000 records, smaller stores show the growth; at 200 records each read command has to
stay near the start-up of Python. With --data the same is done with real service requests (files nyc311_*.csv.gz),
taken in by `cpl import`. Exits with 1 when a bar is missed, or when a command prints something else with `--no-index`.
"""

from __future__ import annotations

import argparse
import io
import os
import platform
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import stores
from estate import NOW
from measuring import ENVIRONMENT, run
from works import READS, ROWS, Clone, Measured, Work, compared, knows_no_index, measure, small_works, works

LARGE: Final = 100_000
BARRED_FROM: Final = 99_000  # a few of the real rows can't be taken in
SIZES: Final = (1_000, 10_000)
SMALL: Final = 200
MOST_MEBIBYTES: Final = 400
COMPARED_UP_TO: Final = 10_000
WITHOUT_INDEX: Final = "output without the index"
HEAD: Final = (
    f"{'work':28}  {'cpl':>9}  {'beside':23}  {'its time':>9}  {'ratio':>7}  {'of cpu':>7}  {'bar':>4}  {'memory':>8}"
)


@dataclass(frozen=True)
class Bench:
    """How it is measured, as the options say."""

    keep: Path
    now: datetime
    turns: int
    patience: float
    only: Sequence[str]

    def wants(self, name: str) -> bool:
        """Whether a row is asked for."""
        return not self.only or any(word in name for word in self.only)

    def rows(self, clone: Clone, rows: Iterable[Work], *, barred: bool) -> int:
        """Measure and print each row; how many are over a bar."""
        print(HEAD)
        over = 0
        for work in rows:
            if self.wants(work.name):
                found = measure(work, clone, self.turns, self.patience)
                reasons = _over(work, found) if barred else []
                over += bool(reasons)
                _print(work, found, "; ".join(reasons), barred=barred)
        return over

    def size(self, store: Path, *, compare: bool) -> int:
        """All rows of a large store; how many are not as they should be."""
        with stores.cloned(store, self.now) as clone:
            barred = len(clone.paths) >= BARRED_FROM
            commits = int(run(["git", "rev-list", "--count", "HEAD"], clone.folder))
            words = "" if barred else f"; the bars are for {LARGE:,}"
            print(f"\n{len(clone.paths):,} records, {commits:,} commits, {store.name}{words}")
            wrong = self.rows(clone, works(clone), barred=barred)
            return wrong + (compare_outputs(clone) if compare and self.wants(WITHOUT_INDEX) else 0)

    def small(self) -> int:
        """The rows of a small store; how many are over a bar."""
        if not any(self.wants(name) for name in READS):
            return 0
        with stores.cloned(stores.estate(self.keep, SMALL, self.now), self.now) as clone:
            print(f"\n{SMALL} records, beside the start of Python with click and sqlite3")
            return self.rows(clone, small_works(clone), barred=True)


def _over(work: Work, found: Measured) -> list[str]:
    reasons = []
    if work.bar is not None and found.ratio > work.bar:
        reasons.append(f"{found.ratio:.2f} > {work.bar:g} x {work.peer_name}")
    if found.mebibytes > MOST_MEBIBYTES:
        reasons.append(f"{found.mebibytes:.0f} > {MOST_MEBIBYTES} MiB")
    return reasons


def _print(work: Work, found: Measured, reasons: str, *, barred: bool) -> None:
    bar = "–" if work.bar is None else f"{work.bar:g}"
    verdict = f"OVER: {reasons}" if reasons else "ok" if barred else ""
    name = work.name.ljust(28 - sum(letter > "⺀" for letter in work.name))  # Chinese takes two columns
    print(
        f"{name}  {found.ours:7.3f} s  {work.peer_name:23}  {found.peer:7.3f} s  {found.ratio:7.2f}  "
        f"{found.of_processor:7.2f}  {bar:>4}  {found.mebibytes:4.0f} MiB  {verdict}".rstrip()
    )


def compare_outputs(clone: Clone) -> int:
    """Say which commands print something else without the index; how many do."""
    lines = compared(clone)
    known = {name: knows_no_index(clone, name) for name in dict.fromkeys(args[0] for args in lines)}
    if lacking := [name for name, knows in known.items() if not knows]:
        print(f"{WITHOUT_INDEX}: not compared, without --no-index: {', '.join(lacking)}")
    lines = [args for args in lines if known[args[0]]]
    differing = [args for args in lines if _said(clone, *args) != _said(clone, *args, "--no-index")]
    for args in differing:
        print(f"{WITHOUT_INDEX}: DIFFERS: cpl {' '.join(args)}")
    if lines:
        print(f"{WITHOUT_INDEX}: the same bytes from {len(lines) - len(differing)} of {len(lines)} commands")
    return len(differing)


def _said(clone: Clone, *args: str) -> tuple[int, bytes, bytes]:
    command = clone.cpl(*args)
    done = subprocess.run(command, cwd=clone.folder, env=ENVIRONMENT, capture_output=True, stdin=subprocess.DEVNULL)
    return done.returncode, done.stdout, done.stderr


def options() -> argparse.Namespace:
    """The options as given, refused where they can't work."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--records", type=int, action="append", metavar="N", help="how many; several times: these sizes")
    add("--alone", action="store_true", help="with one --records: not 1,000 and 10,000 as well")
    add("--keep", type=Path, metavar="DIR", default=Path(tempfile.gettempdir(), "cpl-bench"), help="where stores stay")
    add("--data", type=Path, metavar="DIR", help="real service requests, nyc311_*.csv.gz")
    add("--now", type=datetime.fromisoformat, default=NOW, metavar="INSTANT", help="when it is, with an offset")
    add("--turns", type=int, default=5, metavar="N", help="how many runs of each count")
    add("--patience", type=float, default=40.0, metavar="SECONDS", help="no further run of a row after so long")
    add("--only", action="append", default=[], metavar="WORDS", help="only rows with these words; several times: any")
    add("--compare", action="store_true", help=f"compare with --no-index also above {COMPARED_UP_TO:,} records")
    given = parser.parse_args()
    if given.now.tzinfo is None:
        parser.error("--now lacks an offset, as in 2026-11-26T09:00:00+08:00")
    if given.now > datetime.now(UTC):
        parser.error(f"--now {given.now.isoformat()} lies ahead of this computer's clock, by which the hook judges")
    names = (*ROWS, WITHOUT_INDEX)
    if unknown := [words for words in given.only if not any(words in name for name in names)]:
        parser.error(f"--only {unknown[0]}: there is no such row, only: {', '.join(names)}")
    return given


def main() -> int:
    """Print the tables; 1 when a bar is missed or an output differs."""
    given = options()
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(line_buffering=True)  # a row is to be seen when it is known, also in a file
    signal.signal(signal.SIGTERM, lambda _number, _frame: sys.exit(1))  # with the clone removed
    bench = Bench(given.keep.resolve(), given.now, given.turns, given.patience, given.only)
    bench.keep.mkdir(parents=True, exist_ok=True)
    asked = given.records or ([] if given.data else [LARGE])
    also = SIZES if len(asked) == 1 and not given.alone else ()
    git = run(["git", "--version"], bench.keep).decode().strip()
    print(f"{git}, Python {platform.python_version()}, {os.cpu_count()} processors, now {bench.now.isoformat()}")
    wrong = bench.small()
    for size in (*(each for each in also if each < asked[0]), *asked):
        store = stores.estate(bench.keep, size, bench.now)
        wrong += bench.size(store, compare=given.compare or size <= COMPARED_UP_TO)
    if given.data:
        files = sorted(given.data.glob("nyc311_*.csv.gz"))
        if not files:
            raise SystemExit(f"{given.data} has no files nyc311_*.csv.gz")
        wrong += bench.size(stores.service_requests(bench.keep, files, bench.now), compare=given.compare)
    print(f"\n{wrong} missed" if wrong else "\nall bars are kept")
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
