"""Hostile input in bulk: `python tests/bench/fuzz.py [--inputs 2000] [--seconds 60] [--seed 1] [--json]`.

For each way in of `tests/hostile.py`, that many inputs or that many seconds, whichever comes first. The process may not
have more than MEMORY bytes, and an input not more than HANG seconds of the processor. Prints a table in Markdown, or
with `--json` the same for programs, and how to make each input that failed again; then the exit code is 1.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import signal
import sys
import time
import traceback
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).parent.parent.parent
sys.path.insert(0, str(ROOT))

from tests.hostile import TARGETS, Target  # noqa: E402 - the folder of the tests is known only now

MEMORY: Final = 1 << 30
HANG: Final = 20.0


class Hang(Exception):
    """An input took too long."""


@dataclass
class Result:
    """What came of one way in; `seeds` are those of the inputs that failed."""

    target: str
    inputs: int = 0
    crashes: int = 0
    hangs: int = 0
    out_of_memory: int = 0
    slowest_seconds: float = 0.0
    seeds: list[str] = field(default_factory=list)


def too_long(_number: int, _frame: object) -> None:
    raise Hang


def fuzz(name: str, target: Target, inputs: int, seconds: float, seed: int) -> Result:
    """Run one target."""
    result, end = Result(name), time.monotonic() + seconds
    for number in range(inputs):
        if time.monotonic() > end:
            break
        which, start = f"{seed}/{name}/{number}", time.process_time()
        signal.setitimer(signal.ITIMER_VIRTUAL, HANG)
        try:
            target(random.Random(which))
        except Hang:
            result.hangs += 1
            result.seeds.append(which)
        except MemoryError:
            result.out_of_memory += 1
            result.seeds.append(which)
        except Exception:  # whatever it is, it is what is looked for
            result.crashes += 1
            result.seeds.append(which)
            traceback.print_exc()
        finally:
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        result.inputs += 1
        result.slowest_seconds = max(result.slowest_seconds, round(time.process_time() - start, 3))
    return result


def table(results: list[Result]) -> str:
    """The results in Markdown."""
    lines = ["| input | fuzzed | crashes | hangs | out of memory | slowest |", "|---|--:|--:|--:|--:|--:|"]
    lines += [
        f"| {each.target} | {each.inputs:,} | {each.crashes} | {each.hangs} | {each.out_of_memory} "
        f"| {each.slowest_seconds:.2f} s |"
        for each in results
    ]
    return "\n".join(lines)


def summed(results: list[Result]) -> dict[str, Any]:
    """What came of all inputs together; `lost` is what a program would have lost by failing."""
    names = ("inputs", "crashes", "hangs", "out_of_memory")
    sums = {name: sum(getattr(each, name) for each in results) for name in names}
    return {"targets": len(results), **sums, "lost": sums["crashes"] + sums["hangs"] + sums["out_of_memory"]}


def main() -> int:
    """Run what the options say; 1 when anything failed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--inputs", type=int, default=2000)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--target", choices=TARGETS, action="append")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    if sys.platform == "linux":  # macOS does not keep to this limit
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    signal.signal(signal.SIGVTALRM, too_long)
    results = [fuzz(name, TARGETS[name], asked.inputs, asked.seconds, asked.seed) for name in asked.target or TARGETS]
    if asked.json:
        print(json.dumps(summed(results) | {"results": [asdict(each) for each in results]}))
    else:
        print(table(results))
    failed = [seed for each in results for seed in each.seeds]
    for seed in failed:
        print(f"failed: tests.hostile.TARGETS[{seed.split('/')[1]!r}](random.Random({seed!r}))", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
