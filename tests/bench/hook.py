"""The pre-commit hook with one record staged, beside git and Python: `python tests/bench/hook.py [--records 10000]`.

Makes a store of that many records in a temporary folder, installs the hooks, stages one more event of one record, and
runs the hook as git does, alternating with `git diff --cached --name-only` and `python -c "import click"`. The best
time of ROUNDS counts; .pyc files are there from a first run. Exits with 1 when the hook takes more than three times
what the two take together; what it is over three times the first plus once the second is printed too.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from datetime import date, timedelta
from pathlib import Path
from typing import Final

from measuring import run, timed

from cpl.record import ALPHABET, day_of, make_id

ROUNDS: Final = 20
FRONT: Final = """\
---
id: {id}
title: Door 2 does not lock
kind: complaint
status: received
received_at: {day}T09:00:00+08:00
lead: li.na
history:
- {{at: {day}T09:00:00+08:00, by: li.na, to: received}}
"""
EVENT: Final = "- {{at: {day}T10:00:00+08:00, by: li.na, did: handover}}\n"
BODY: Final = "---\n## Description\n\nThe door has not locked for a week.\n\n## Handling log\n"
CPL_YAML: Final = """\
format: 1
timezone: Asia/Shanghai
profile: residential
people:
- {id: li.na, emails: [li.na@example.org], roles: [desk]}
"""


def write_record(root: Path, number: int, event: str = "") -> None:
    """Write record `number`, twenty a day from 2025 on."""
    day = date(2025, 1, 1) + timedelta(days=number // 20)
    identifier = make_id(day, "".join(ALPHABET[number >> shift & 31] for shift in (25, 20, 15, 10, 5, 0)))
    path = root / "records" / day_of(identifier) / f"{identifier}.md"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(FRONT.format(id=identifier, day=day) + event.format(day=day) + BODY, encoding="utf-8")


def make_store(root: Path, records: int) -> None:
    """A committed store with hooks, and one change staged."""
    for number in range(records):
        write_record(root, number)
    (root / "cpl.yaml").write_text(CPL_YAML, encoding="utf-8")
    for command in (
        ["git", "init", "--quiet", "--initial-branch=main"],
        ["git", "config", "user.name", "Li Na"],
        ["git", "config", "user.email", "li.na@example.org"],
        ["git", "add", "--all"],
        ["git", "commit", "--quiet", "--message", "Start"],
        [sys.executable, "-m", "cpl", "hooks", "install"],
    ):
        run(command, root)
    write_record(root, records // 2, EVENT)
    run(["git", "add", "--all"], root)


def main() -> int:
    """Print the times; 1 when the hook is over its bar."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=10_000)
    records = parser.parse_args().records
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        make_store(root, records)
        diff = ["git", "diff", "--cached", "--name-only"]
        python = [sys.executable, "-c", "import click"]
        hook = [str(root / ".git" / "hooks" / "pre-commit")]
        commands = [diff, python, hook]
        for command in commands:
            timed(command, root)
        times = [[timed(command, root).seconds * 1000 for command in commands] for _round in range(ROUNDS)]
    best = [min(column) for column in zip(*times, strict=True)]
    print(f"{records} records, one staged")
    for name, value in zip((" ".join(diff), "python -c 'import click'", "the pre-commit hook"), best, strict=True):
        print(f"{name:32} {value:7.1f} ms")
    bar, narrow = 3 * (best[0] + best[1]), 3 * best[0] + best[1]
    print(f"3 x (git diff + Python)  {bar:7.1f} ms: the hook takes {best[2] / bar:.2f} of it")
    print(f"3 x git diff + Python    {narrow:7.1f} ms: the hook takes {best[2] / narrow:.2f} of it")
    return int(best[2] > bar)


if __name__ == "__main__":
    sys.exit(main())
