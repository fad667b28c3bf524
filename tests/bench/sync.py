"""Three clones, 200 random operations each, synced in random order: `python -m tests.bench.sync [--json]`.

Prints what was done and what was lost, as a row of a Markdown table or as JSON; ends with 1 unless all clones are the
same in the end and nothing is lost.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

from tests import clones
from tests.three_clones import HEADER, Office, Result


def main() -> int:
    """Play and print; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--operations", type=int, default=200, help="of each clone")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    os.environ.update(clones.environment())
    with tempfile.TemporaryDirectory() as folder:
        result = Office(Path(folder), asked.seed).play(asked.operations)
    print(json.dumps(asdict(result)) if asked.json else f"{HEADER}\n{result.row()}")
    return 0 if is_well(result) else 1


def is_well(result: Result) -> bool:
    """Whether nothing is lost, all are the same, and no error is left."""
    errors = [line for line in result.problems if ": E" in line]
    return result.identical and not result.lost and not errors


if __name__ == "__main__":
    sys.exit(main())
