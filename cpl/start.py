"""The entry point of the program `cpl`: where a command will ask git what has changed, git begins before the rest is
imported, for that takes both of them about as long.
"""

from __future__ import annotations

import gc
import sys
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cpl.freshness import Asked

READERS: Final = frozenset({"list", "overdue", "search", "show", "summary", "similar", "escalate"})
"""The commands that ask the index, whatever their options."""

_WITHOUT: Final = frozenset({"--no-index", "--help", "-h"})


def main() -> None:
    """Run the command line, and exit with its code."""
    # By default Python looks for garbage after every 700 new objects, a tenth of the time of a short run; so it is told
    # before anything is imported.
    gc.set_threshold(100_000)
    compared = compare(sys.argv[1:])
    from cpl.cli import main as rest

    rest(compared)


def compare(words: Sequence[str]) -> Asked | None:
    """Have git begin to compare the store's files, if this command line is going to ask; None if it is not."""
    from cpl import language

    line = language.beginning(words)
    if line.command not in READERS or not _WITHOUT.isdisjoint(words):
        return None
    from pathlib import Path

    from cpl import freshness, tree
    from cpl.errors import CplError
    from cpl.git import Git
    from cpl.places import find_root

    try:
        root = find_root(Path(line.folder or "").resolve())
    except (CplError, OSError):  # the command says so
        return None
    return freshness.compare(Git(root), tree.RECORDS)
