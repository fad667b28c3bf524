"""Commands that are stopped at a point leave the store as before, as after, or as `cpl doctor --fix` mends it."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.ledger import ROOT
from tests.processes import environment

# One command of each kind; tests/bench/crash.py walks all of them, at all points.
SAMPLE = ("open", "transition", "note --no-commit", "undo", "import", "init", "hooks install", "summary --save")
EVERY = 37


def test_a_sample_of_the_walk_loses_nothing() -> None:
    command = [sys.executable, "-m", "tests.bench.crash", "--only", ",".join(SAMPLE), "--every", str(EVERY), "--json"]
    done = subprocess.run(command, cwd=ROOT, env=environment(), capture_output=True, text=True)
    found = json.loads(done.stdout)
    assert (found["lost"], done.returncode, found["commands"]) == ([], 0, len(SAMPLE)), done.stderr
    assert found["faults"] == found["left_as_before"] + found["as_after"] + found["mended_by_doctor"]
    assert min(found["left_as_before"], found["as_after"], found["mended_by_doctor"]) > 0


@pytest.mark.parametrize("writers", [4])
def test_writers_at_once_lose_nothing(writers: int) -> None:
    command = [sys.executable, "-m", "tests.bench.writers", "--writers", str(writers), "--changes", "5", "--json"]
    done = subprocess.run(command, cwd=ROOT, env=environment(), capture_output=True, text=True)
    found = json.loads(done.stdout)
    assert (found["lost"], done.returncode, found["changes"]) == ([], 0, (writers + 1) * 5), done.stderr
    assert found["done"] + found["refused"] == found["changes"]
    assert found["done"] > 0
