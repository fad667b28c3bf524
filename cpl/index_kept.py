"""What the index keeps by the settings of a store: under which number, for which contents, and what is forgotten.

What is kept of a content follows from the content, from what a key is made of, and from nothing else. A number stands
for a key; each content is looked at once for it, and entered only if there is something to keep.
"""

from __future__ import annotations

import sqlite3
import zoneinfo
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from gettext import gettext as _
from pathlib import Path
from typing import Final, NamedTuple, TypeVar, cast

from cpl import calendars, config, files, quick
from cpl.errors import CplError
from cpl.index_file import Tree, Where, key_of, locked, path_at, transaction
from cpl.parallel import in_order_anyhow
from cpl.places import SETTINGS_LIMIT
from cpl.record import Record
from cpl.store import Store, bytes_of, read_entry

R = TypeVar("R")

_ENOUGH: Final = 1000  # records that take longer to reckon with than processes to start


class Sort(NamedTuple):
    """One sort of what is kept: the table that it is in, and for how many keys, of which the first are forgotten."""

    table: str
    most: int


class Wanted(NamedTuple):
    """A content of which something is to be kept, a file that has it, and from when on everything in it is known."""

    row: int
    key: bytes
    path: str | None
    known_from: int


def settings_key(store: Store) -> bytes:
    """What the settings of a store, as it read them, its calendar and its zone are known by."""
    settings = store.settings
    paths = [config.MARKER, *settings.profile_files]
    if settings.worktime.calendar is not None:
        folder = store.root / calendars.FOLDER / settings.worktime.calendar.name
        paths += sorted(each.relative_to(store.root).as_posix() for each in folder.glob(f"*{calendars.ENDING}"))
    texts = [store.settings_file(path) or b"" for path in paths]
    return key_of(b"\0".join([*map(str.encode, paths), *texts, _zone_data(str(settings.zone))]))


def key_now(store: Store) -> bytes:
    """As `settings_key`, of the settings as the files say now, which may have been changed since they were read."""
    return settings_key(Store(store.root, store.git.env))


def _zone_data(name: str) -> bytes:
    """The data of a time zone on this computer; its name where they come from a package."""
    for folder in zoneinfo.TZPATH:
        try:
            return files.read(Path(folder, name), SETTINGS_LIMIT)
        except files.Unreadable:
            continue
    return name.encode()


def asked(
    at: Where, tree: Tree, of: tuple[Sort, bytes], enter: Callable[[int, int], None], question: Callable[[int], R]
) -> R:
    """What a question about the number of a key brings, once what is kept for it is there for every content.

    `enter` is called with the number and the last row that it was entered for; it enters what is to be kept of the rows
    behind that one, in a transaction.
    """
    while True:
        number = _number(at, tree.database, of, enter)
        found = question(number)
        if is_kept(tree.database, number):  # else another process has forgotten it, perhaps before the question
            return found


def _number(at: Where, database: sqlite3.Connection, of: tuple[Sort, bytes], enter: Callable[[int, int], None]) -> int:
    found = seen(database, *of)
    if found is not None and found[1] >= last_row(database):
        return found[0]
    with locked(at), transaction(database):
        number, last = begun(database, *of)
        enter(number, last)
        database.execute("UPDATE kept SET seen = ? WHERE kept = ?", (last_row(database), number))
    return number


def is_kept(database: sqlite3.Connection, number: int) -> bool:
    """Whether what is kept under a number is still there; if so, nothing was missing from it before."""
    return database.execute("SELECT 1 FROM kept WHERE kept = ?", (number,)).fetchone() is not None


def seen(database: sqlite3.Connection, sort: Sort, key: bytes) -> tuple[int, int] | None:
    """The number of a key, and the last row that was looked at for it; None where there is none."""
    asked = "SELECT kept, seen FROM kept WHERE sort = ? AND key = ?"
    return cast("tuple[int, int] | None", database.execute(asked, (sort.table, key)).fetchone())


def begun(database: sqlite3.Connection, sort: Sort, key: bytes) -> tuple[int, int]:
    """As `seen`, in a transaction; a key that has no number gets one."""
    found = seen(database, sort, key)
    if found is None:
        database.execute("INSERT INTO kept (sort, key) VALUES (?, ?)", (sort.table, key))
        _forget(database, sort)
        found = seen(database, sort, key)
        assert found is not None
    return found


def last_row(database: sqlite3.Connection) -> int:
    """The number of the content that was entered last."""
    return cast(int, database.execute("SELECT max(row) FROM rows").fetchone()[0] or 0)


def _forget(database: sqlite3.Connection, sort: Sort) -> None:
    """Take out what is kept for the keys that were used first, where there are more than may be."""
    numbers = database.execute("SELECT kept FROM kept WHERE sort = ? ORDER BY kept DESC", (sort.table,)).fetchall()
    for table in (sort.table, "kept"):
        database.executemany(f"DELETE FROM {table} WHERE kept = ?", numbers[sort.most :])


def wanted(tree: Tree, rows: Iterable[int]) -> Iterator[Wanted]:
    """The contents of these rows; not of those that another process has taken out meanwhile."""
    database = tree.database
    for row in rows:
        found = database.execute("SELECT key, known_from FROM rows WHERE row = ?", (row,)).fetchone()
        place = database.execute("SELECT place FROM files WHERE row = ? AND tree = ?", (row, tree.number)).fetchone()
        if found is not None:
            yield Wanted(row, found[0], None if place is None else path_at(place[0]), found[1])


def record_of(root: Path, wanted: Wanted) -> Record | None:
    """The record that has this content; None where no file has it any more."""
    data = None if wanted.path is None else bytes_of(root, wanted.path)
    if not isinstance(data, bytes) or key_of(data) != wanted.key:
        return None
    return quick.read(data) or read_entry("", data).record


def reckoned(
    store: Store, contents: Sequence[Wanted], prepare: Callable[[Store], Callable[[Wanted], R]]
) -> Iterator[R]:
    """What the function that `prepare` gives makes of each content, by several processes where there are many.

    `prepare` is pickled, so it is a function of a module or a `partial` of one.

    Raises:
        CplError: the settings were changed meanwhile, so that other processes may have read other ones.
    """
    if len(contents) < _ENOUGH:
        yield from map(prepare(store), contents)
        return
    yield from in_order_anyhow(partial(_elsewhere, store.root, store.git.env, prepare), contents, enough=_ENOUGH)
    if key_now(store) != settings_key(store):
        raise CplError(_("the settings were changed meanwhile"))


def _elsewhere(
    root: Path, env: Mapping[str, str], prepare: Callable[[Store], Callable[[Wanted], R]]
) -> Callable[[Wanted], R]:
    return prepare(Store(root, env))
