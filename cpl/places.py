"""Where a store lies, and what is shipped with cpl; a store's own file of a name wins over the shipped one."""

from __future__ import annotations

from gettext import gettext as _
from pathlib import Path
from typing import Final

import cpl
from cpl import files
from cpl.errors import CplError
from cpl.tree import MARKER

TEMPLATES: Final = "templates/"
SETTINGS_LIMIT: Final = 1 << 20


class NotAStore(CplError):
    """There is no cpl.yaml here or above."""

    def __init__(self, path: Path) -> None:
        message = _("{path} is not in a complaint store (no cpl.yaml here or above); make one with: cpl init")
        super().__init__(message.format(path=path))


def shipped() -> Path:
    """The folder of the shipped templates/ and hooks/: in the package of a wheel, beside it in a source tree."""
    packaged = Path(cpl.__file__).parent / "shipped"
    return packaged if packaged.is_dir() else Path(cpl.__file__).parent.parent


def find_root(start: Path) -> Path:
    """The root of the store around the folder `start`.

    Raises:
        NotAStore: there is none.
    """
    for folder in (start, *start.parents):
        if (folder / MARKER).is_file():
            return folder
    raise NotAStore(start)


def template(root: Path, path: str) -> bytes | None:
    """A file that settings are made of: the store's own; of those under templates/ else the shipped one; else None."""
    for folder in (root, shipped()) if path.startswith(TEMPLATES) else (root,):
        try:
            return files.read_below(folder, path, SETTINGS_LIMIT)
        except files.Missing:
            continue
    return None
