"""The table of what was tried is that of the benches that there are, and nothing was lost."""

from __future__ import annotations

import re

from tests.bench import guarantees
from tests.bench.guarantees import BEGIN, PAGE, present, rewritten, row


def test_the_page_has_a_row_for_each_bench_and_nothing_lost() -> None:
    table = PAGE.read_text(encoding="utf-8").partition(BEGIN)[2].partition("\n\n")[0]
    rows = re.findall(r"^\| `(\w+)`.* \| (\d+) \|$", table, re.MULTILINE)
    assert rows == [(name, "0") for name in present()], "run: python -m tests.bench.guarantees NAME"
    assert len(rows) == len(table.splitlines())


def test_a_row_tells_the_numbers_and_how_much_was_lost() -> None:
    found = {"what": "syncs", "clones": 3, "operations_each": 1200, "lost": ["a", "b"], "texts": "x"}
    assert row("sync", found) == "| `sync`: syncs | clones 3, operations each 1,200 | 2 |"
    assert row("sync", {"clones": 3, "lost": 0}) == "| `sync` | clones 3 | 0 |"


def test_a_new_row_takes_its_place_and_the_others_stay() -> None:
    page = f"# Page\n\n{BEGIN}| `crash` | old | 0 |\n| `fuzz` | old | 0 |\n\nEnd\n"
    rows = {"sync": "| `sync` | new | 0 |", "crash": "| `crash` | new | 0 |"}
    assert rewritten(page, rows) == (
        f"# Page\n\n{BEGIN}| `crash` | new | 0 |\n| `sync` | new | 0 |\n| `fuzz` | old | 0 |\n\nEnd\n"
    )
    both = f"{BEGIN}| `crash` | new | 0 |\n| `sync` | new | 0 |\n\nEnd\n"
    assert (rewritten(f"{BEGIN}\nEnd\n", rows), rewritten(both, rows)) == (both, both)
    assert set(guarantees.BENCHES) == {"writers", "crash", "sync", "fuzz"}
