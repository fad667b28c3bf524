"""The benchmark of many records makes its store, measures a clone of it, and keeps the store for the next run."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from tests.ledger import ROOT

NUMBERS = re.compile(r"[0-9]+\.[0-9]+|[0-9]+(?= MiB)")
BAR = re.compile(r"(?<= )1\.3(?= )")  # and no other number with these figures


def bench(keep: Path, row: str) -> tuple[list[str], str]:
    """The last lines of a run for one row, with `#` for what was measured; and what it said of making stores."""
    options = ["--records", "12", "--keep", str(keep), "--patience", "0", "--only", row]
    command = [sys.executable, ROOT / "tests" / "bench" / "run.py", *options]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    lines = [NUMBERS.sub("#", BAR.sub("bar", line)) for line in done.stdout.splitlines()]
    return [" ".join(line.split()) for line in lines[-4:]], done.stderr


def test_bench_prints_a_row_and_keeps_the_store(tmp_path: Path) -> None:
    lines, said = bench(tmp_path, "transition")
    (store,) = tmp_path.iterdir()
    assert said.startswith(f"making {store} …\n12 records: no problems\nmade in ")
    assert lines == [
        "work cpl beside its time ratio of cpu bar memory",
        "cpl transition # s git add + commit # s # # bar # MiB",
        "",
        "all bars are kept",
    ]
    lines, said = bench(tmp_path, "log ID, no commit-graph")
    assert lines[1] == "cpl log ID, no commit-graph # s git log --follow # s # # – # MiB"
    assert (said, [*tmp_path.iterdir()]) == ("", [store])
