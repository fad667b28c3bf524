"""What a write is made of, as values: the next versions of records, their evidence, what its commit says."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from gettext import gettext as _
from pathlib import Path

from cpl import files, tree
from cpl.document import Document
from cpl.journal import Change, Digest
from cpl.layout import NotReady
from cpl.render import one_line
from cpl.transactions import Transaction
from cpl.values import frozen


@frozen
class Commit:
    """What the commit of a write says: subject, free text, and the trailers."""

    subject: str
    action: str
    ids: Sequence[str] = ()
    text: str | None = None
    trailers: Sequence[tuple[str, str]] = ()

    def message(self) -> str:
        """The message as git gets it."""
        trailers = [*(("Complaint", each) for each in self.ids), ("Action", self.action), *self.trailers]
        lines = [one_line(self.subject), ""]
        if self.text:
            lines += [_clean(self.text), ""]
        return "\n".join([*lines, *(f"{name}: {one_line(value)}" for name, value in trailers)]) + "\n"


def _clean(text: str) -> str:
    return "\n".join(one_line(line) for line in text.strip().splitlines())


@frozen
class Evidence:
    """A file, or bytes, to go into a record's folder under `name`, and the SHA-256 that the record says it has."""

    source: Path | bytes
    name: str
    sha256: str


@frozen
class Write:
    """A record's or register's next version, the bytes it was made from (None: a new one), and evidence to copy in."""

    document: Document
    before: bytes | None
    evidence: Sequence[Evidence] = ()


def changes_of(write: Write, root: Path) -> Iterator[Change]:
    """The files that a write touches: the record, and the evidence that is not at its place yet."""
    path = write.document.source.path
    yield Change(path, write.before, write.document.encode())
    for item in write.evidence:
        name = f"{path.removesuffix(tree.ENDING)}/{item.name}"
        if not os.path.lexists(root / name):
            yield Change(name, None, Digest(item.sha256))


def new_files(contents: Mapping[str, bytes]) -> list[Change]:
    """New files by their paths, known by their digests: there may be many of them."""
    import hashlib  # 5 ms that most commands do not need

    return [Change(path, None, Digest(hashlib.sha256(data).hexdigest())) for path, data in contents.items()]


def take_in(transaction: Transaction, item: Evidence, folder: Path) -> Path:
    """Copy evidence into the record's folder, unless it lies there already; where it then is.

    Raises:
        NotReady: the file is no longer the one whose SHA-256 was recorded.
    """
    target = folder / item.name
    if isinstance(item.source, bytes):
        transaction.create(target, item.source)
        return target
    is_there = target.exists() and target.samefile(item.source)
    if (files.sha256(target) if is_there else transaction.copy(item.source, target)) != item.sha256:
        message = _("{path} has changed while it was being attached; nothing was written, try again")
        raise NotReady(message.format(path=item.source))
    return target
