"""The index brought up to date with the files of a work tree: only what may have changed is read."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from functools import cached_property
from itertools import chain, islice
from typing import Any, Final, NamedTuple, cast

from cpl import files, freshness, index_file, index_rows
from cpl.freshness import UNTRUSTED, Known, Seen, Stamp
from cpl.git import Git
from cpl.git_begun import Begun
from cpl.index_file import Tree, Where, locked, name_of, path_at, place_of, transaction
from cpl.index_rows import COLUMNS, ROW, Examined, Values
from cpl.store import RECORDS

_LISTING: Final = "cpl/listing"
_LISTING_LIMIT: Final = 1 << 30
_FEW: Final = 500  # files that one process reads and parses in less time than others need to start
_SPARE: Final = 10_000
_FILE: Final = "place, row, stamp, is_compared, is_watched"
# What lies in a folder itself, or stands for it; other folders lie in it as well.
_FILES_OF_FOLDER: Final = (
    f"SELECT {_FILE} FROM files WHERE tree = :tree AND place >= :place AND place < :end"
    " AND instr(substr(place, length(:place) + 2), x'00') = 0"
)
# Without statistics SQLite would look through all files of the tree.
_WATCHED_FILES: Final = f"SELECT {_FILE} FROM files INDEXED BY watched_files WHERE tree = ? AND is_watched"
_AT_ONCE: Final = 500  # files are entered
_NEW_ROW: Final = f"INSERT INTO rows (row, key, {', '.join(ROW)}) VALUES (?, ?, {', '.join('?' * len(ROW))})"
_NEW_LINK: Final = "INSERT INTO links VALUES (?, ?)"
_NEW_FILE: Final = (
    "INSERT OR REPLACE INTO files (tree, place, name, row, stamp, is_compared, is_watched) VALUES (?, ?, ?, ?, ?, ?, ?)"
)

_Found = tuple[str, Examined]
Watch = Callable[[Iterable[_Found], int], Iterable[_Found]]
"""What shows the progress over so many files while they are read."""


class _File(NamedTuple):
    """What the index says of a file."""

    row: int | None
    stamp: Stamp
    is_compared: bool
    is_watched: bool


class _Plan(NamedTuple):
    """Files to look at, with what is known of them (of new ones nothing), and files that are gone."""

    wanted: dict[str, _File | None]
    gone: set[str]


class Look:
    """A look at whether the index says what there is, begun when it is made; git answers while others do something.

    `tree` is the work tree's part of the index as it was found, None where there is none yet. `say` is called when the
    index is damaged, and so has to be made anew. Whatever is asked raises CplError, OSError or sqlite3.Error when the
    index can't be used; then the files have to be read themselves.
    """

    def __init__(self, git: Git, at: Where, say: Callable[[], None], compared: Begun | None = None) -> None:
        self._git = git
        self._at = at
        self._database = _opened(at, say)
        self._generation, number = index_file.generation(self._database, at)
        self.tree = None if self._database is None or number is None else Tree(self._database, number)
        self._known = index_file.known(self._database, number)
        self._looking = freshness.Looking(git, at.root, RECORDS, at.git_dir, self._known, compared)

    @cached_property
    def _update(self) -> _Update:
        return _Update(self._at, None if self.tree is None else self.tree.number, self._known, self._looking.seen())

    def is_nothing_new(self) -> bool:
        """Whether the index says what there is."""
        return self.tree is not None and self._update.is_nothing_new(self.tree.database)

    def fresh(self, watch: Watch) -> Tree:
        """The index, once it has learned what is new; from another process, if that was faster."""
        if self.tree is not None and self.is_nothing_new():
            return self.tree
        with locked(self._at):
            if self._is_first():
                return self._written(watch)
        return Look(self._git, self._at, _say_nothing).fresh(watch)

    def _is_first(self) -> bool:
        """Whether no other process has changed the index since the look."""
        if self._database is None:
            return _opened(self._at, _say_nothing) is None
        return index_file.generation(self._database, self._at)[0] == self._generation

    def _written(self, watch: Watch) -> Tree:
        if self._database is None:
            with index_file.replaced(self._at.database, COLUMNS) as new:
                number = self._update.write(new, watch)
            return Tree(index_file.connect(self._at.database), number)
        with transaction(self._database):
            number = self._update.write(self._database, watch)
        return Tree(self._database, number)


def _say_nothing() -> None:
    """It has been said already."""


def _opened(at: Where, say: Callable[[], None]) -> sqlite3.Connection | None:
    """The index if there is one that this cpl can use."""
    if not at.database.exists():
        return None
    try:
        database = index_file.connect(at.database)
        if index_file.is_current(database):
            return database
    except sqlite3.DatabaseError:
        say()
        return None
    database.close()
    return None


class _Update:
    """What was seen of a work tree, and what the index has to learn from it."""

    def __init__(self, at: Where, tree: int | None, known: Known, seen: Seen) -> None:
        self._at = at
        self._tree = tree
        self._known = known
        self._seen = seen

    def is_nothing_new(self, database: sqlite3.Connection) -> bool:
        """Whether the index says already what there is; a few files are read to find out."""
        folders = self._seen.folders
        is_other = any(self._known.folders.get(each) != stamp for each, stamp in folders.stamps.items())
        is_gone = not folders.gone.isdisjoint(self._known.folders)
        if is_gone or is_other or self._seen.listing is not None:
            return False
        plan = self._plan(database)
        if plan.gone or len(plan.wanted) > _FEW:
            return False
        return all(self._is_same(database, path, known) for path, known in plan.wanted.items())

    def _is_same(self, database: sqlite3.Connection, path: str, known: _File | None) -> bool:
        if known is None:
            return False
        stamp, key, *_unparsed = index_rows.examine(self._at.root, path)
        row = None if key is None else _row_with(database, key)
        is_watched = key is None or self._is_watched(path, stamp, is_compared=known.is_compared)
        return (
            stamp is not None
            and known == _File(row, stamp, known.is_compared, is_watched)
            and (row is not None or key is None)
        )

    def _is_watched(self, path: str, stamp: Stamp | None, *, is_compared: bool) -> bool:
        """Whether a file that can be read has to be looked at each time."""
        return not is_compared or stamp == UNTRUSTED or path in self._seen.dirty

    def write(self, database: sqlite3.Connection, watch: Watch) -> int:
        """Enter into the index what is new, in the caller's transaction; the work tree's number there."""
        tree = self._tree or _new_tree(database, self._at)
        listing = self._seen.listing
        plan = self._plan(database)
        self._write_folders(database, tree)
        database.executemany(
            "DELETE FROM files WHERE tree = ? AND place = ?", ((tree, place_of(path)) for path in plan.gone)
        )
        entry = _Entry(database, tree)
        found = iter(watch(self._examined(database, entry, plan), len(plan.wanted)))
        compared = self._compared(plan)  # while other processes begin to examine
        while some := list(islice(found, _AT_ONCE)):
            for path, each in some:
                self._enter(entry, path, each, known=plan.wanted[path], is_compared=path in compared)
            entry.flush()
        if listing is not None:
            _keep_listing(self._at, self._seen.git_stamp, listing)
        if plan.wanted:
            _forget_old_rows(database)
        database.execute(
            "UPDATE trees SET generation = generation + 1, git_stamp = ? WHERE tree = ?", (self._seen.git_stamp, tree)
        )
        return tree

    def _enter(self, entry: _Entry, path: str, found: Examined, *, known: _File | None, is_compared: bool) -> None:
        stamp, key, values, links = found
        if stamp is None:
            entry.forget(path)
            return
        row = None if key is None else entry.row(key, values, links)
        is_watched = key is None or self._is_watched(path, stamp, is_compared=is_compared)
        file = row, stamp, int(is_compared), int(is_watched)
        if file != known:
            entry.file(path, file)

    def _plan(self, database: sqlite3.Connection) -> _Plan:
        """The files that may differ from what the index says."""
        tree, folders = self._tree, self._seen.folders
        if tree is None:
            in_order = sorted(folders.files, key=lambda folder: folder.replace("/", "\0"))  # so they are entered faster
            return _Plan({path: None for folder in in_order for path in folders.files[folder]}, set())
        known: dict[str, _File | None] = {}
        gone: set[str] = set()
        for folder in (*folders.stamps, *folders.gone):
            there = _files_of(database, tree, folder)
            listed = folders.files.get(folder, ())
            gone |= there.keys() - set(listed)
            known |= {path: there.get(path) for path in listed}
        asked = {*self._seen.dirty, *self._changed_in_git(database)}
        known |= {path: file for path, file in _files_at(database, tree, asked) if path not in gone}
        known |= {path: file for path, file in _watched(database, tree) if path not in gone}
        return _Plan(known, gone - known.keys())

    def _changed_in_git(self, database: sqlite3.Connection) -> Collection[str]:
        """The files of which git's index says something new; all of them where it is not known what it said."""
        if self._seen.listing is None:
            return frozenset()
        old = _kept_listing(self._at, self._known.git_stamp)
        if old is not None:
            return frozenset(freshness.changed_entries(old, self._seen.listing))
        return [path_at(each) for (each,) in database.execute("SELECT place FROM files WHERE tree = ?", (self._tree,))]

    def _compared(self, plan: _Plan) -> Collection[str]:
        """Those of the wanted files that git compares by itself."""
        if self._seen.listing is not None:
            return freshness.compared(self._seen.listing, plan.wanted)
        new = {path for path, known in plan.wanted.items() if known is None}
        old = {path for path, known in plan.wanted.items() if known is not None and known.is_compared}
        listing = _kept_listing(self._at, self._known.git_stamp) if new else None
        return old if listing is None else old | freshness.compared(listing, new)

    def _write_folders(self, database: sqlite3.Connection, tree: int) -> None:
        folders = self._seen.folders
        rows = ((tree, os.fsencode(path)) for path in folders.gone)
        database.executemany("DELETE FROM folders WHERE tree = ? AND path = ?", rows)
        database.executemany(
            "INSERT INTO folders (tree, path, stamp) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET stamp = excluded.stamp",
            ((tree, os.fsencode(path), stamp) for path, stamp in folders.stamps.items()),
        )

    def _examined(self, database: sqlite3.Connection, entry: _Entry, plan: _Plan) -> Iterator[_Found]:
        """The wanted files as they are now; only what the index has no row of is parsed."""
        known = {} if entry.is_empty else dict(self._known_contents(database, plan))
        unknown = [path for path in plan.wanted if path not in known]
        return chain(known.items(), zip(unknown, index_rows.examined(self._at.root, unknown), strict=True))

    def _known_contents(self, database: sqlite3.Connection, plan: _Plan) -> Iterator[_Found]:
        """Those of the wanted files that can't be read, or whose content has a row."""
        for path in plan.wanted:
            found = index_rows.examine(self._at.root, path)
            if found[1] is None or _row_with(database, found[1]) is not None:
                yield path, found


class _Entry:
    """Files and rows on their way into the index; `flush` enters them, many at once.

    A bytearray and an int are taken as they are by sqlite3, which asks of bytes and of True each time whether anybody
    has said how to adapt them; that takes three times as long.
    """

    def __init__(self, database: sqlite3.Connection, tree: int) -> None:
        self._database = database
        self._tree = tree
        self.is_empty = database.execute("SELECT 1 FROM rows LIMIT 1").fetchone() is None
        last = database.execute("SELECT max(seq) FROM sqlite_sequence WHERE name = 'rows'").fetchone()[0]
        self._last: int = last or 0  # the highest number that a row ever had
        self._numbers: dict[bytes, int] = {}  # of the rows that are entered here
        self._rows: list[tuple[Any, ...]] = []
        self._links: list[tuple[int, str]] = []
        self._files: list[tuple[Any, ...]] = []

    def row(self, key: bytes, values: Values, links: Sequence[str]) -> int | None:
        """The number of the row of a content, which is new if there is none; None where nothing is known of it."""
        number = self._numbers.get(key)
        if number is None and not self.is_empty:
            number = _row_with(self._database, key)
        if number is not None or not values:
            return number
        self._last += 1
        self._numbers[key] = self._last
        self._rows.append((self._last, bytearray(key), *values))
        if links:
            self._links += [(self._last, target) for target in links]
        return self._last

    def forget(self, path: str) -> None:
        """Take a file out that is gone."""
        self._database.execute("DELETE FROM files WHERE tree = ? AND place = ?", (self._tree, place_of(path)))

    def file(self, path: str, file: tuple[int | None, Stamp, int, int]) -> None:
        """Enter what is seen of a file, in place of what is known of it."""
        self._files.append((self._tree, bytearray(place_of(path)), name_of(path), *file))

    def flush(self) -> None:
        """Enter what has been collected."""
        for statement, each in ((_NEW_ROW, self._rows), (_NEW_LINK, self._links), (_NEW_FILE, self._files)):
            self._database.executemany(statement, each)
            each.clear()


def _files_of(database: sqlite3.Connection, tree: int, folder: str) -> dict[str, _File]:
    """What the index says of the files that lie in a folder itself, and of what stands for it if it can't be read."""
    place = place_of(folder)
    values = {"tree": tree, "place": place, "end": place + b"\1"}
    return dict(map(_file, database.execute(_FILES_OF_FOLDER, values)))


def _files_at(database: sqlite3.Connection, tree: int, paths: Iterable[str]) -> Iterator[tuple[str, _File]]:
    """What the index says of those of the files that it knows."""
    for path in paths:
        found = database.execute(f"SELECT {_FILE} FROM files WHERE tree = ? AND place = ?", (tree, place_of(path)))
        yield from map(_file, found)


def _watched(database: sqlite3.Connection, tree: int) -> Iterator[tuple[str, _File]]:
    return map(_file, database.execute(_WATCHED_FILES, (tree,)))


def _file(found: Sequence[Any]) -> tuple[str, _File]:
    place, row, stamp, is_compared, is_watched = found
    return path_at(place), _File(row, stamp, bool(is_compared), bool(is_watched))


def _row_with(database: sqlite3.Connection, key: bytes) -> int | None:
    found = database.execute("SELECT row FROM rows WHERE key = ?", (key,)).fetchone()
    return None if found is None else int(found[0])


def _new_tree(database: sqlite3.Connection, at: Where) -> int:
    """A number for a work tree; those that are there no more are forgotten."""
    for name, number in database.execute("SELECT name, tree FROM trees").fetchall():
        if not (at.shared / name.partition(":")[0]).exists():
            for table in ("trees", "folders", "files"):
                database.execute(f"DELETE FROM {table} WHERE tree = ?", (number,))
    return cast(int, database.execute("INSERT INTO trees (name) VALUES (?)", (at.name,)).lastrowid)


def _forget_old_rows(database: sqlite3.Connection) -> None:
    """Take out the rows that no file has any more, when they have become as many as the others."""
    rows, used = (database.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in ("rows", "files"))
    if rows <= 2 * used + _SPARE:
        return
    for table in ("texts", "links", "dues", "parts", "doubts", "rows"):
        database.execute(f"DELETE FROM {table} WHERE row NOT IN (SELECT row FROM files WHERE row IS NOT NULL)")


def _keep_listing(at: Where, git_stamp: bytes, listing: bytes) -> None:
    data = len(git_stamp).to_bytes(1) + git_stamp + listing
    files.write(at.git_dir / _LISTING, data, root=at.git_dir, durable=False, mode=0o600)


def _kept_listing(at: Where, git_stamp: bytes) -> bytes | None:
    """What git's index said when it had this stamp; None where that was not kept."""
    try:
        data = files.read(at.git_dir / _LISTING, _LISTING_LIMIT)
    except files.Unreadable:
        return None
    head = len(git_stamp).to_bytes(1) + git_stamp
    return data.removeprefix(head) if data.startswith(head) else None
