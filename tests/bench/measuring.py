"""What the benchmarks share: the environment of the programs they run, and how the time and memory of one are taken."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parent.parent.parent
# With .pyc files, this source tree, and git's own defaults instead of the settings of whoever measures.
ENVIRONMENT: Final = {
    **{name: value for name, value in os.environ.items() if not name.startswith(("PYTHONDONT", "GIT_", "CPL_"))},
    "PYTHONPATH": str(ROOT),
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
}


@dataclass(frozen=True)
class Spent:
    """What one run took, with all that it started; `mebibytes` is the most that one of its processes held in memory."""

    seconds: float
    processor: float
    mebibytes: float


def timed(command: Sequence[str], folder: Path, ok: Collection[int] = (0,)) -> Spent:
    """The wall-clock time and the memory of one run; what it prints is thrown away.

    What counts as memory is at least what this process holds: Linux takes over what the parent had when a process
    starts. So a benchmark that measures memory stays small itself.
    """
    with tempfile.TemporaryFile() as words:
        start = time.perf_counter()
        process = subprocess.Popen(
            command, cwd=folder, env=ENVIRONMENT, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=words
        )
        try:
            _pid, status, usage = os.wait4(process.pid, 0)
        except BaseException:
            process.terminate()
            process.wait()
            raise
        seconds = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode not in ok:
            words.seek(0)
            said = words.read().decode(errors="replace")[-2000:]
            raise SystemExit(f"{' '.join(command)} failed with code {process.returncode}:\n{said}")
    unit = 1 << 20 if sys.platform == "darwin" else 1 << 10
    return Spent(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / unit)


def run(command: Sequence[str], folder: Path) -> bytes:
    """What a command prints, which has to succeed."""
    return subprocess.run(command, cwd=folder, env=ENVIRONMENT, check=True, stdout=subprocess.PIPE).stdout
