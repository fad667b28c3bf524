"""cpl as its console script runs it, with a clock that stands still: `python tests/bench/clocked.py INSTANT ARGS`."""

from __future__ import annotations

import sys
from typing import Any

import cpl.cli
from cpl.cli.app import App
from cpl.moments import parse_instant

NOW = parse_instant(sys.argv.pop(1))


class Clocked(App):
    """An app that begins at NOW whenever it begins."""

    def __init__(self, **given: Any) -> None:
        super().__init__(clock=lambda: NOW, **given)


cpl.cli.App = Clocked
cpl.cli.main()
