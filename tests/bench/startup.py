"""Start-up of cpl beside that of Python with click, measured in one run: `python tests/bench/startup.py`.

Each command runs ROUNDS times, alternating with the others so that all see the same machine; the best time counts,
and .pyc files are there from a first run that is not counted. Exits with 1 when a ratio is over its bar.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

from measuring import timed

ROUNDS: Final = 20
EXAMPLES: Final = Path(__file__).parent.parent / "examples"
PEER: Final = (sys.executable, "-c", "import click")
CPL: Final = (sys.executable, "-m", "cpl")
WORK: Final = (
    ("cpl --version", (*CPL, "--version"), 2.5),
    ("cpl show ID", (*CPL, "-C", str(EXAMPLES), "show", "M4T8RAE"), 6.0),
)


def main() -> int:
    """Print a table of times and ratios; 1 when one is over its bar."""
    commands = [PEER, *(command for _name, command, _bar in WORK)]
    for command in commands:
        timed(command, EXAMPLES)
    times = [[timed(command, EXAMPLES).seconds for command in commands] for _round in range(ROUNDS)]
    best = [min(column) for column in zip(*times, strict=True)]
    print(f"{'python -c import click':24} {best[0] * 1000:7.1f} ms")
    over = False
    for (name, _command, bar), spent in zip(WORK, best[1:], strict=True):
        ratio = spent / best[0]
        over |= ratio > bar
        print(f"{name:24} {spent * 1000:7.1f} ms  {ratio:5.2f} x  (at most {bar} x)")
    return int(over)


if __name__ == "__main__":
    sys.exit(main())
