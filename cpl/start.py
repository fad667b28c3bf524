"""The entry point of the program `cpl`: where a command will ask git what has changed, git begins before the rest is
imported, for that takes both of them about as long. So what is imported here imports next to nothing.
"""

from __future__ import annotations

import gc
import os
import sys

from cpl.git_begun import Begun, comparison
from cpl.line import beginning

TYPE_CHECKING = False  # as of `typing`
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Final

READERS: Final = frozenset({"list", "overdue", "search", "show", "summary", "similar", "escalate"})
"""The commands that ask the index, whatever their options."""

_WITHOUT: Final = frozenset({"--no-index", "--help", "-h"})
_MARKER: Final = "cpl.yaml"  # as in `tree`, like the folder of the records
_RECORDS: Final = "records"


def main() -> None:
    """Run the command line, and exit with its code."""
    # By default Python looks for garbage after every 700 new objects, a tenth of the time of a short run; so it is told
    # before anything is imported.
    gc.set_threshold(100_000)
    compared = compare(sys.argv[1:])
    from cpl.cli import main as rest

    rest(compared)


def compare(words: Sequence[str]) -> Begun | None:
    """Have git begin to compare the store's files, if this command line is going to ask; None if it is not."""
    line = beginning(words)
    if line.command not in READERS or not _WITHOUT.isdisjoint(words):
        return None
    try:
        root = _root(os.path.realpath(line.folder or "."))
        return None if root is None else Begun(root, comparison(_RECORDS))
    except OSError:  # the command says so
        return None


def _root(folder: str) -> str | None:
    """The root of the store around a folder, as `places.find_root` finds it; None where there is none."""
    while not os.path.isfile(os.path.join(folder, _MARKER)):
        folder, below = os.path.split(folder)
        if not below:
            return None
    return folder
