"""The table of docs/guarantees.md, made by running the benches: `python -m tests.bench.guarantees [NAME…]`.

Each bench that is there is run with --json (only those that are named, if any are), and its row is written anew; the
other rows stay. Exits with 1 when a bench found something lost; then nothing is written.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Mapping
from itertools import takewhile
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).parent.parent.parent
PAGE: Final = ROOT / "docs" / "guarantees.md"
# What is run, by the name of the row, in the order of the rows; those that are not there are left out.
BENCHES: Final[Mapping[str, tuple[str, ...]]] = {
    "writers": (),
    "crash": (),
    "sync": (),
    "fuzz": ("--seconds", "15"),
}
BEGIN: Final = "| what was done | how much | lost |\n|---|---|---|\n"
_ROW: Final = re.compile(r"^\| `(\w+)`.*\|$", re.MULTILINE)


def present() -> list[str]:
    """The benches that are there."""
    return [name for name in BENCHES if (ROOT / "tests" / "bench" / f"{name}.py").exists()]


def row(name: str, found: Mapping[str, Any]) -> str:
    """A bench's row of the table: what it says of itself, without what is a text or a list."""
    lost = found["lost"]
    count = len(lost) if isinstance(lost, list) else int(lost)
    numbers = {key: value for key, value in found.items() if key != "lost" and isinstance(value, int | float)}
    told = ", ".join(f"{key.replace('_', ' ')} {value:,}" for key, value in numbers.items())
    what = f": {found['what']}" if "what" in found else ""
    return f"| `{name}`{what} | {told} | {count} |"


def run(name: str) -> dict[str, Any]:
    """What a bench found. Its messages go to stderr."""
    command = [sys.executable, "-m", f"tests.bench.{name}", "--json", *BENCHES[name]]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def rewritten(page: str, rows: Mapping[str, str]) -> str:
    """The page with these rows in its table, in the order of BENCHES; what else it has stays."""
    head, begin, rest = page.partition(BEGIN)
    assert begin, f"{PAGE} has no table"
    table = "".join(takewhile(lambda line: line.startswith("|"), rest.splitlines(keepends=True)))
    known = {found[1]: found[0] for found in _ROW.finditer(table)} | dict(rows)
    lines = "".join(f"{known[name]}\n" for name in BENCHES if name in known)
    return f"{head}{begin}{lines}{rest.removeprefix(table)}"


def main() -> int:
    """Run the benches and rewrite the table; 1 when something is lost."""
    names = sys.argv[1:] or present()
    found = {name: run(name) for name in names}
    if lost := {name: each["lost"] for name, each in found.items() if each["lost"]}:
        print(json.dumps(lost, indent=2), file=sys.stderr)
        return 1
    rows = {name: row(name, each) for name, each in found.items()}
    PAGE.write_text(rewritten(PAGE.read_text("utf-8"), rows), "utf-8")
    print("\n".join(rows.values()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
