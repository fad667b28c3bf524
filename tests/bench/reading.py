"""Reading records beside other YAML readers: `python tests/bench/reading.py [--records 2000]`.

The records are those of this project and of the examples that have the usual form, each time with another id, other
times, rooms and telephone numbers, so that what a reader keeps from one record to the next helps as little as it does
in a real store. `quick.read` and `read_entry` give typed values, judged by the schema; the peers only read the front
matter into texts: PyYAML's loader in C and that in Python, if PyYAML is installed, and ruamel.yaml. The two in Python
get fewer records. It is the processor's time for a record, the best of ROUNDS; they alternate, so that all see the
same machine. Exits with 1 when `quick.read` takes more than BAR of the time of `read_entry`.
"""

from __future__ import annotations

import argparse
import random
import re
import sys
import time
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Final

from ruamel.yaml import YAML

from cpl import quick
from cpl.record import ALPHABET, make_id
from cpl.store import read_entry

ROUNDS: Final = 3
BAR: Final = 0.3
FEWER: Final = 20
ROOT: Final = Path(__file__).parent.parent.parent
FIRST: Final = date(2024, 1, 1)


def texts() -> list[str]:
    """The records that stand in this repository and have the usual form."""
    folders = (ROOT / "records", ROOT / "tests" / "examples" / "records")
    paths = [path for each in folders for path in sorted(each.rglob("CPL-*.md"))]
    return [path.read_text(encoding="utf-8") for path in paths if quick.read(path.read_bytes()) is not None]


def another(text: str, chance: random.Random) -> bytes:
    """`text` as if it were another record."""
    identifier = make_id(FIRST + timedelta(days=chance.randrange(1000)), "".join(chance.choices(ALPHABET, k=6)))
    text = re.sub(r"(?m)^id: .*", f"id: {identifier}", text)
    text = re.sub(r"(T..:)..:..", lambda found: f"{found[1]}{chance.randrange(60):02}:{chance.randrange(60):02}", text)
    text = re.sub(r"(phone: ')\d+", lambda found: f"{found[1]}1{chance.randrange(10**9, 10**10)}", text)
    return re.sub(r"(room: ')\d+", lambda found: f"{found[1]}{chance.randrange(101, 3205)}", text).encode()


def readers() -> dict[str, tuple[Callable[[bytes], object], int]]:
    """What is measured by name, with how many times fewer records it gets."""
    ruamel = YAML(typ="safe", pure=True)
    found: dict[str, tuple[Callable[[bytes], object], int]] = {
        "quick.read": (quick.read, 1),
        "read_entry": (lambda data: read_entry("record.md", data), 1),
        "ruamel.yaml": (lambda data: ruamel.load(front(data)), FEWER),
    }
    try:
        import yaml
    except ImportError:
        return found
    found["PyYAML in Python"] = (lambda data: yaml.load(front(data), yaml.BaseLoader), FEWER)
    if yaml.__with_libyaml__:
        found["PyYAML in C"] = (lambda data: yaml.load(front(data), yaml.CBaseLoader), 1)
    return found


def front(data: bytes) -> str:
    """The front matter."""
    return data.decode().split("\n---\n", 1)[0].removeprefix("---\n")


def micros(read: Callable[[bytes], object], records: Sequence[bytes]) -> float:
    """The processor time for a record."""
    start = time.process_time()
    for each in records:
        read(each)
    return (time.process_time() - start) / len(records) * 1e6


def main() -> int:
    """Print the times; 1 when the quick reader is over its bar."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=2000)
    amount, chance, known = parser.parse_args().records, random.Random(7), texts()
    records = [another(known[number % len(known)], chance) for number in range(amount)]
    works = readers()
    times = [[micros(read, records[::fewer]) for read, fewer in works.values()] for _round in range(ROUNDS)]
    best = dict(zip(works, (min(column) for column in zip(*times, strict=True)), strict=True))
    print(f"{amount} records of {sum(map(len, records)) / amount:.0f} bytes on average")
    for name, spent in best.items():
        print(f"{name:16} {spent:8.0f} µs a record  {spent / best['read_entry']:6.2f} x")
    print(f"quick.read at most {BAR} x")
    return int(best["quick.read"] > BAR * best["read_entry"])


if __name__ == "__main__":
    sys.exit(main())
