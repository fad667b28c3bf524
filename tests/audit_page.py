"""Replays docs/audit.md; `python -m tests.audit_page` renews what its commands print."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Final

from tests import keys, readme

PAGE: Final = readme.PAGE.parent / "docs" / "audit.md"


def replayed(page: str, folder: Path) -> str:
    """The page with the output of its console blocks renewed; sun.wei has a key."""
    (folder / "keys").mkdir()
    (folder / "estate").mkdir()
    key = keys.ssh_key(folder / "keys", "sun.wei")
    allowed = f"sun.wei@example.org {keys.public_ssh(key)}\n"
    (folder / "keys" / "allowed").write_text(allowed, encoding="utf-8")
    return readme.replayed(page, folder / "estate")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as made:
        PAGE.write_text(replayed(PAGE.read_text(encoding="utf-8"), Path(made)), encoding="utf-8")
    sys.exit(0)
