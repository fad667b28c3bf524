"""What a write is going to do, noted before it is done and struck out after it: text and values, no recovery."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from gettext import gettext as _
from pathlib import Path
from typing import Any, Final, TypeAlias

from cpl import files
from cpl.errors import CplError
from cpl.values import frozen

NAME: Final = "unfinished"
FORMAT: Final = 1
_LIMIT: Final = 1 << 30


@frozen
class Digest:
    """A file that is known by the SHA-256 of its bytes, in hex; it is too large to be noted whole."""

    sha256: str


Version: TypeAlias = bytes | Digest | None
"""What a file holds, or a digest of it; None: there is no such file."""


@frozen
class Change:
    """A file, by its path from the store's root, before and after."""

    path: str
    before: Version
    after: Version


@frozen
class Journal:
    """The write of the store in `root`: its commit's subject, the files, and whether they are to be committed."""

    root: Path
    subject: str
    changes: Sequence[Change]
    commits: bool = True


class Unusable(CplError):
    """A journal that can't be read, by this version of cpl or by any."""


def note(folder: Path, journal: Journal) -> None:
    """Write the journal into `folder`, the private one of the clone, so that no loss of power can take it away."""
    import json  # 2 ms that only a write needs

    data = {
        "format": FORMAT,
        # From there, so that it still is right when the clone was moved.
        "root": os.path.relpath(os.path.realpath(journal.root), os.path.realpath(folder)),
        "subject": journal.subject,
        "commits": journal.commits,
        "changes": [[each.path, _noted(each.before), _noted(each.after)] for each in journal.changes],
    }
    files.write(folder / NAME, json.dumps(data).encode(), root=folder, mode=0o600)


def strike(folder: Path) -> None:
    """Remove the journal: the write is done, or undone."""
    files.remove(folder / NAME, root=folder, durable=False)


def read(folder: Path) -> Journal | None:
    """The journal in `folder`; None where there is none.

    Raises:
        Unusable: it can't be read.
    """
    import json  # 2 ms that only a write needs

    path = folder / NAME
    try:
        data = files.read(path, _LIMIT)
    except files.Missing:
        return None
    try:
        return _journal(folder, json.loads(data))
    except (ValueError, KeyError, TypeError) as error:
        message = _(
            "{path}, which tells of an interrupted write, can't be read; another version of cpl may have made it"
        )
        raise Unusable(message.format(path=path)) from error


def _journal(folder: Path, data: dict[str, Any]) -> Journal:
    if data["format"] != FORMAT:
        raise ValueError(data["format"])
    changes = tuple(Change(path, _version(before), _version(after)) for path, before, after in data["changes"])
    root = Path(os.path.normpath(os.path.realpath(folder / data["root"])))
    return Journal(root, str(data["subject"]), changes, bool(data["commits"]))


def _noted(version: Version) -> Any:
    if isinstance(version, bytes):
        return version.decode("utf-8", "surrogateescape")
    return {"sha256": version.sha256} if isinstance(version, Digest) else None


def _version(noted: Any) -> Version:
    if isinstance(noted, str):
        return noted.encode("utf-8", "surrogateescape")
    return None if noted is None else Digest(noted["sha256"])


def texts(journal: Journal) -> Iterator[tuple[str, str]]:
    """What was to be written, by the name of the file, as far as it is noted whole."""
    for each in journal.changes:
        if isinstance(each.after, bytes):
            yield each.path.rpartition("/")[2], each.after.decode("utf-8", "surrogateescape")
