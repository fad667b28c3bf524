"""cpl as its console script runs it, with a clock that stands still: `python tests/bench/clocked.py INSTANT ARGS`."""

from __future__ import annotations

import sys
from typing import Any

import cpl.cli
from cpl.cli.app import App
from cpl.moments import parse_instant


class Clocked(App):
    """An app that begins at the same instant whenever it begins."""

    now_for_all = ""

    def __init__(self, **given: Any) -> None:
        super().__init__(clock=lambda: parse_instant(self.now_for_all), **given)


if __name__ == "__main__":  # the processes that share cpl's work import this too
    Clocked.now_for_all = sys.argv.pop(1)
    cpl.cli.App = Clocked
    cpl.cli.main()
