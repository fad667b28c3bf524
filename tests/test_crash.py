"""Commands that are stopped at a point leave the store as before, as after, or as `cpl doctor --fix` mends it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.bench import crash
from tests.ledger import ROOT
from tests.processes import environment

# One command of each kind; tests/bench/crash.py walks all of them, at all points.
SAMPLE = ("open", "note --no-commit", "undo", "import", "init", "hooks install")
EVERY = 61
# How much room is left on the disk, in pages of 4 KiB.
ROOM = (0, 1, 2, 4, 8, 16, 24, 32)
FILL = """
import json, shutil, subprocess, sys
from pathlib import Path
from tests.bench.crash import left_over, state
from tests.ledger import ONE, Ledger
model, disk = Path(sys.argv[1]), Path(sys.argv[2])
found = []
for pages in map(int, sys.argv[3:]):
    shutil.rmtree(disk / "estate", ignore_errors=True)
    shutil.copytree(model, disk / "estate", symlinks=True)
    ledger, before = Ledger(disk / "estate"), state(disk / "estate")
    with (disk / "filler").open("wb", buffering=0) as filler:
        try:
            while True:
                filler.write(bytes(4096))
        except OSError:
            filler.truncate(filler.tell() - 4096 * pages)
    outcome = ledger("open", "-t", "Lift stuck")
    (disk / "filler").unlink()
    is_left = bool(left_over(ledger.root))
    if is_left:
        ledger("doctor", "--fix")
    left = [path for path in left_over(ledger.root) if path != ".git/cpl/lock"]
    found.append([outcome.code, outcome.err, state(ledger.root) == before, is_left, left])
print(json.dumps(found))
"""


@pytest.fixture
def healthy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store in which nothing is wrong."""
    return crash.make_base(tmp_path_factory.mktemp("healthy"))


def test_a_sample_of_the_walk_loses_nothing(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.bench.crash", "--only", ",".join(SAMPLE), "--every", str(EVERY), "--json"]
    done = subprocess.run(command, cwd=ROOT, env=environment(TMPDIR=str(tmp_path)), capture_output=True, text=True)
    found = json.loads(done.stdout)
    assert (found["lost"], done.returncode, found["commands"]) == ([], 0, len(SAMPLE)), done.stderr
    assert found["faults"] == found["left_as_before"] + found["as_after"] + found["mended_by_doctor"]
    assert min(found["left_as_before"], found["mended_by_doctor"]) > 0


def test_a_disk_that_is_full_loses_nothing(healthy: Path, tmp_path: Path) -> None:
    """On a real disk, a small one of its own that is made for the test where the system lets anybody do so."""
    mount = 'mount -t tmpfs -o size=4m none "$1" && shift && exec "$@"'
    inside = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", mount, "sh", str(tmp_path)]
    if subprocess.run([*inside, "true"], capture_output=True).returncode:
        pytest.skip("no disk of its own can be made here")
    script = [sys.executable, "-c", FILL, str(healthy), str(tmp_path), *map(str, ROOM)]
    done = subprocess.run([*inside, *script], cwd=ROOT, env=environment(), capture_output=True, text=True)
    found = json.loads(done.stdout)
    assert done.returncode == 0, done.stderr
    for (code, said, is_before, _is_left, left), pages in zip(found, ROOM, strict=True):
        assert (code == 0) != is_before, (pages, code, said)
        assert left == [], pages
        assert code in (0, 2), (pages, said)
        assert bool(said.strip()), pages
    assert found[0][0] == 2


@pytest.mark.parametrize("writers", [4])
def test_writers_at_once_lose_nothing(writers: int, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.bench.writers", "--writers", str(writers), "--changes", "5", "--json"]
    done = subprocess.run(command, cwd=ROOT, env=environment(TMPDIR=str(tmp_path)), capture_output=True, text=True)
    found = json.loads(done.stdout)
    assert (found["lost"], done.returncode, found["changes"]) == ([], 0, (writers + 1) * 5), done.stderr
    assert found["done"] + found["refused"] == found["changes"]
    assert found["done"] > 0
