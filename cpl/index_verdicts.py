"""Which records `cpl check` has nothing to say of, as the index keeps it for the settings of a store.

A verdict is kept where it says nothing, and depends on nothing but
- the content of the file: no evidence or link is named in it, and the rules asked no register (`checking`);
- the settings, and who has left by the day of the check, which are what it is kept by;
- the present, up to which everything in the record has happened and was entered: one with an event of the future is
  judged, and one of which an event was entered after its last one happened is never kept;
- the file's place, and that no folder of evidence lies beside it: both are looked at each time.
cpl itself is no part of this, for another version makes the index anew. Whatever is not known to be so is judged.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Final, NamedTuple

from cpl import index_kept
from cpl.index_file import Tree, Where, key_of, locked, path_at, transaction
from cpl.index_kept import Sort
from cpl.recognise import microseconds
from cpl.record import local_day
from cpl.store import Store, record_path
from cpl.tree import ENDING

_DOUBTS: Final = Sort("doubts", most=4)
# Every row up to the one that was seen last is known to be clean, but for the doubts.
_CLEAN: Final = (
    "SELECT place, id FROM files CROSS JOIN rows USING (row)"
    " WHERE tree = :tree AND row <= :seen AND id IS NOT NULL AND NOT is_faulty AND NOT is_linked AND known_from <= :now"
    " AND row NOT IN (SELECT row FROM doubts WHERE kept = :kept)"
)


class Clean(NamedTuple):
    """The files of which nothing has to be told; and what this is kept by, with the last row that there was then."""

    paths: Collection[str]
    key: bytes
    last: int


def clean(store: Store, tree: Tree, now: datetime) -> Clean:
    """The files that need not be judged at `now`."""
    database, key = tree.database, _key(store, now)
    last = index_kept.last_row(database)
    number, seen = index_kept.seen(database, _DOUBTS, key) or (0, 0)
    values = {"tree": tree.number, "kept": number, "seen": seen, "now": microseconds(now)}
    found = ((path_at(place), each) for place, each in database.execute(_CLEAN, values))
    paths = {path for path, each in found if path == record_path(each)}
    if not index_kept.is_kept(database, number):  # another process has forgotten it, perhaps before the question
        return Clean((), key, last)
    return Clean(paths - {*_with_folders(store.root, paths)}, key, last)


def learn(store: Store, at: Where, tree: Tree, now: datetime, known: Clean, proven: Collection[bytes]) -> None:
    """Keep that contents are clean; of the other rows that there were and had not been seen it is not known.

    Nothing is kept if the settings have changed since it was asked what is `known`.
    """
    database = tree.database
    seen = index_kept.seen(database, _DOUBTS, known.key)
    is_nothing_new = not proven and seen is not None and seen[1] >= known.last
    if is_nothing_new or known.key != _key(Store(store.root, store.git.env), now):
        return
    with locked(at), transaction(database):
        number, before = index_kept.begun(database, _DOUBTS, known.key)
        asked = "SELECT row, key FROM rows WHERE row <= ? AND row > ?"
        rows = database.execute(asked, (known.last, before)).fetchall()
        doubts = ((number, row) for row, each in rows if each not in proven)
        database.executemany("INSERT OR IGNORE INTO doubts VALUES (?, ?)", doubts)
        gone = "DELETE FROM doubts WHERE kept = ? AND row = (SELECT row FROM rows WHERE key = ?)"
        database.executemany(gone, ((number, each) for each in proven))
        database.execute("UPDATE kept SET seen = max(seen, ?) WHERE kept = ?", (known.last, number))


def _key(store: Store, now: datetime) -> bytes:
    """What a verdict is kept by: the settings, and who of the people has left."""
    today = local_day(now, store.settings.zone)
    left = sorted(person.id for person in store.settings.people.values() if person.has_left(today))
    return key_of("\0".join(["left", *left, ""]).encode() + index_kept.settings_key(store))


def _with_folders(root: Path, paths: Iterable[str]) -> Iterator[str]:
    """The paths of records beside which something lies that is called as their folder would be, whatever its case."""
    for folder in {path.rpartition("/")[0] for path in paths}:
        with os.scandir(root / folder) as found:
            yield from (f"{folder}/{each.name.upper()}{ENDING}" for each in found)
