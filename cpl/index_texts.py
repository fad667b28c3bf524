"""The texts of record files in the index, for searches: they are read when somebody first searches, and then kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple

from cpl.index_file import Tree, Where, key_of, locked, path_at, transaction
from cpl.index_rows import text_of
from cpl.parallel import in_order_anyhow
from cpl.store import bytes_of

# Of the files whose text is not known it can't be said.
_ASKED: Final = (
    "SELECT place, files.row IS NOT NULL AND texts.row IS NULL FROM files LEFT JOIN texts USING (row)"
    " WHERE tree = :tree AND files.row IS NOT NULL AND (texts.row IS NULL OR {holds})"
)


class _Text(NamedTuple):
    key: bytes
    folded: bytes


def with_words(at: Where, tree: Tree, words: Sequence[str]) -> list[str]:
    """The files in which all of the words stand, whatever their case, in the order in which folders are walked."""
    values = {f"word{number}": word.casefold().encode(errors="surrogatepass") for number, word in enumerate(words)}
    asked = _ASKED.format(holds=" AND ".join(f"instr(folded, :{name})" for name in values))
    found = tree.database.execute(asked, {**values, "tree": tree.number}).fetchall()
    unknown = [path_at(place) for place, is_unknown in found if is_unknown]
    if unknown:
        _enter(at, tree, unknown)
        found = tree.database.execute(asked, {**values, "tree": tree.number}).fetchall()
    return [path_at(place) for place, _is_unknown in sorted(found)]


def _enter(at: Where, tree: Tree, paths: Sequence[str]) -> None:
    """Enter the texts of these files; one that was changed since it was looked at stays unknown."""
    with locked(at), transaction(tree.database):
        texts = (text for text in in_order_anyhow(partial(_reader, at.root), paths) if text is not None)
        tree.database.executemany(
            "INSERT OR IGNORE INTO texts SELECT row, ? FROM rows WHERE key = ?",
            ((text.folded, text.key) for text in texts),
        )


def _reader(root: Path) -> Callable[[str], _Text | None]:
    return partial(_read, root)


def _read(root: Path, path: str) -> _Text | None:
    data = bytes_of(root, path)
    return _Text(key_of(data), text_of(data)) if isinstance(data, bytes) else None
