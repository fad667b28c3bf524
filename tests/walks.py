"""Replays the walks of docs/walks: each page begins with the cpl.yaml of its store, its console blocks are commands.

`python -m tests.walks` rewrites the pages; a test compares.
"""

from __future__ import annotations

import re
import sys
import tempfile
from pathlib import Path
from typing import Final

from tests.ledger import ROOT
from tests.readme import BLOCK, Replay

FOLDER: Final = ROOT / "docs" / "walks"
SETTINGS: Final = re.compile(r"(?<=^```yaml\n).*?(?=^```$)", re.MULTILINE | re.DOTALL)


def settings_of(page: str) -> str:
    """The cpl.yaml of a walk."""
    found = SETTINGS.search(page)
    assert found is not None
    return found[0]


def commands_of(page: str) -> list[str]:
    """The commands of a walk, in order."""
    return [line for block in BLOCK.findall(page) for line in block.splitlines() if line.startswith("$ ")]


def walked(page: str, root: Path) -> str:
    """The page with the output of all its commands renewed; `root` becomes the store."""
    replay = Replay(root, settings_of(page))
    return BLOCK.sub(lambda found: replay.block(found[0]), page)


if __name__ == "__main__":
    for path in sorted(FOLDER.glob("*.md")):
        if path.stem in sys.argv[1:] or len(sys.argv) == 1:
            with tempfile.TemporaryDirectory() as folder:
                path.write_text(walked(path.read_text(encoding="utf-8"), Path(folder)), encoding="utf-8")
    sys.exit(0)
