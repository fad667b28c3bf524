"""cpl as its console script runs it, with a clock that stands still: `python tests/bench/clocked.py INSTANT ARGS`."""

from __future__ import annotations

import gc
import sys

from cpl import start


def main() -> None:
    """Run the command line behind the instant."""
    instant = sys.argv.pop(1)
    gc.set_threshold(100_000)  # as the console script does, before anything is imported
    compared = start.compare(sys.argv[1:])

    from typing import Any

    import cpl.cli
    from cpl.cli.app import App
    from cpl.moments import parse_instant

    class Clocked(App):
        """An app that begins at the same instant whenever it begins."""

        def __init__(self, **given: Any) -> None:
            super().__init__(clock=lambda: parse_instant(instant), **given)

    cpl.cli.App = Clocked
    cpl.cli.main(compared)


if __name__ == "__main__":  # the processes that share cpl's work import this too
    main()
