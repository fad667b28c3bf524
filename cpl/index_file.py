"""The SQLite file of the index: its tables, how it is opened and replaced; not what is asked of it.

It is a cache and can be deleted at any time. One file serves all work trees of a repository.
"""

from __future__ import annotations

import os
import sqlite3
import sys
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final, NamedTuple

import cpl
from cpl import files, locks
from cpl.freshness import Known
from cpl.layout import Layout

NAME: Final = "index.sqlite"
_LOCK: Final = "index-lock"
LOCK_SECONDS: Final = 60.0
_WAIT_SECONDS: Final = 30.0
_JOURNAL: Final = "-journal"
_TABLES: Final = """
CREATE TABLE about (made_by TEXT NOT NULL);
CREATE TABLE trees (
  tree INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, generation INTEGER NOT NULL DEFAULT 0,
  git_stamp BLOB NOT NULL DEFAULT x'');
CREATE TABLE folders (
  tree INTEGER NOT NULL, path BLOB NOT NULL, stamp TEXT NOT NULL, PRIMARY KEY (tree, path)
) WITHOUT ROWID;
-- A place is a path with NUL for the slash: so it sorts in the order in which folders are walked.
CREATE TABLE files (
  tree INTEGER NOT NULL, place BLOB NOT NULL, name TEXT NOT NULL, row INTEGER,
  stamp TEXT NOT NULL, is_compared INTEGER NOT NULL, is_watched INTEGER NOT NULL, PRIMARY KEY (tree, place)
) WITHOUT ROWID;
CREATE TABLE rows (
  row INTEGER PRIMARY KEY AUTOINCREMENT, key BLOB NOT NULL, id TEXT, receipt INTEGER, known_from INTEGER,
  latest INTEGER, moved_to TEXT, has_open_tasks INTEGER, is_linked INTEGER, is_faulty INTEGER NOT NULL, {facets});
CREATE TABLE links (row INTEGER NOT NULL, target TEXT NOT NULL, PRIMARY KEY (target, row)) WITHOUT ROWID;
-- Made by the first search.
CREATE TABLE texts (row INTEGER PRIMARY KEY, folded BLOB NOT NULL);
-- For which settings something is kept of the contents up to which row.
CREATE TABLE kept (
  kept INTEGER PRIMARY KEY AUTOINCREMENT, sort TEXT NOT NULL, key BLOB NOT NULL, seen INTEGER NOT NULL DEFAULT 0,
  UNIQUE (sort, key)
);
-- Only of what has something due, or may have (0); what is pending as JSON, if it is known.
CREATE TABLE dues (
  kept INTEGER NOT NULL, row INTEGER NOT NULL, due INTEGER NOT NULL, warn INTEGER, pending TEXT,
  PRIMARY KEY (kept, row)
) WITHOUT ROWID;
-- What a record adds to the figures of a period, at the instants from `since` to before `until`; as JSON.
CREATE TABLE parts (
  kept INTEGER NOT NULL, row INTEGER NOT NULL, since INTEGER NOT NULL, until INTEGER NOT NULL, part TEXT NOT NULL,
  PRIMARY KEY (kept, row)
) WITHOUT ROWID;
-- What `cpl check` has to judge each time: it is not clean, or not by itself.
CREATE TABLE doubts (kept INTEGER NOT NULL, row INTEGER NOT NULL, PRIMARY KEY (kept, row)) WITHOUT ROWID;
"""
# Made when all rows are there, for that is faster.
_INDEXES: Final = """
CREATE UNIQUE INDEX rows_by_key ON rows (key);
CREATE INDEX files_of_a_row ON files (row, tree);
CREATE INDEX watched_files ON files (tree) WHERE is_watched;
CREATE INDEX unreadable_files ON files (tree) WHERE row IS NULL;
CREATE INDEX rows_by_receipt ON rows (receipt, id);
CREATE INDEX rows_by_knowledge ON rows (known_from);
CREATE INDEX faulty_rows ON rows (row) WHERE is_faulty;
CREATE INDEX links_of_a_row ON links (row);
CREATE INDEX dues_by_instant ON dues (kept, due);
"""


class Tree(NamedTuple):
    """A work tree's part of the index; `folder` is where it lies."""

    database: sqlite3.Connection
    number: int


class Where(NamedTuple):
    """Where a work tree's files, its git folder and the folder that all work trees share lie; and what it is called."""

    root: Path
    git_dir: Path
    shared: Path
    name: str

    @property
    def database(self) -> Path:
        """The index itself."""
        return self.shared / NAME


def where(found: Layout, root: Path) -> Where:
    """Where the index of the work tree is that has `root` in it."""
    shared = found.common_dir / "cpl"
    return Where(root, found.git_dir, shared, f"{os.path.relpath(found.git_dir, shared)}:{found.prefix}")


def place_of(path: str) -> bytes:
    """A path as the index keeps it."""
    return os.fsencode(path).replace(b"/", b"\0")


def path_at(place: bytes) -> str:
    """The path that the index keeps so."""
    return os.fsdecode(place.replace(b"\0", b"/"))


def key_of(data: bytes) -> bytes:
    """What a content is known by."""
    import hashlib  # 5 ms that a command on an index that is up to date does not need

    return hashlib.sha256(data, usedforsecurity=False).digest()[:20]  # most processors have instructions for it


def name_of(path: str) -> str:
    """What a piece of an id is looked for in: the file's name without its ending, in upper case."""
    name = path.rpartition("/")[2]
    stem, dot, _ending = name.rpartition(".")
    upper = (stem if dot and stem else name).upper()
    return upper if upper.isascii() else upper.encode("utf-8", "replace").decode()


def connect(path: Path) -> sqlite3.Connection:
    """The index at `path`, which has to be there.

    Raises:
        sqlite3.Error: it can't be opened, or is none.
    """
    if path.is_symlink():
        raise sqlite3.OperationalError("a link, by which SQLite would write elsewhere")
    found = sqlite3.connect(f"file:{_quoted(path)}?mode=rw", uri=True, timeout=_WAIT_SECONDS, isolation_level=None)
    try:
        found.execute("PRAGMA synchronous = NORMAL")
        found.execute("PRAGMA mmap_size = 0")
        found.execute("SELECT made_by FROM about").fetchone()
    except BaseException:
        found.close()
        raise
    return found


def _quoted(path: Path) -> str:
    from urllib.parse import quote

    return quote(os.fsencode(path))


def remove(path: Path) -> None:
    """Take the index away, with the journal that a killed process may have left of it; its caller holds the lock."""
    for each in (path.with_name(path.name + _JOURNAL), path):
        files.remove_if_there(each, root=path.parent)


def is_current(database: sqlite3.Connection) -> bool:
    """Whether this cpl made the index; what another version read may mean something else."""
    made_by: str = database.execute("SELECT made_by FROM about").fetchone()[0]
    return made_by == maker()


def maker() -> str:
    """What this cpl is: its version, its modules as they lie on the disk, and the Python that runs it."""
    folder = Path(cpl.__file__).parent
    with os.scandir(folder) as found:
        modules = sorted((item.name, item.stat().st_mtime_ns) for item in found if item.name.endswith(".py"))
    return f"{cpl.__version__} {sys.version_info[:2]} {modules}"


@contextmanager
def replaced(path: Path, facets: Iterable[str]) -> Iterator[sqlite3.Connection]:
    """A new, empty index that takes the place of the one at `path` at the end; on failure that one stays.

    Its caller holds the lock, so that nobody writes to the one that goes.
    """
    aside = path.with_name(f"{path.name}.{os.getpid()}")
    files.write(aside, b"", root=path.parent, durable=False, mode=0o600)
    try:
        with closing(sqlite3.connect(aside, isolation_level=None)) as database:
            for setting in ("page_size = 8192", "journal_mode = OFF", "synchronous = OFF", "cache_size = -65536"):
                database.execute(f"PRAGMA {setting}")
            database.executescript(_TABLES.format(facets=", ".join(f"{name} TEXT" for name in facets)))
            database.execute("BEGIN")
            database.execute("INSERT INTO about VALUES (?)", (maker(),))
            yield database
            for statement in _INDEXES.split(";"):
                database.execute(statement)
            database.execute("COMMIT")
        remove(path)
        files.move(aside, path, root=path.parent, replace=True)
    except BaseException:
        files.remove_if_there(aside, root=path.parent)
        raise


@contextmanager
def locked(at: Where) -> Iterator[None]:
    """Be the only one who writes to the index. Raises locks.Busy."""
    with locks.lock(at.shared / _LOCK, timeout=LOCK_SECONDS):
        yield


@contextmanager
def transaction(database: sqlite3.Connection) -> Iterator[None]:
    """All that the block writes, or nothing."""
    database.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        database.execute("ROLLBACK")
        raise
    database.execute("COMMIT")


def generation(database: sqlite3.Connection | None, at: Where) -> tuple[int, int | None]:
    """How often a work tree's part of the index was written, and its number there."""
    asked = "SELECT generation, tree FROM trees WHERE name = ?"
    found = None if database is None else database.execute(asked, (at.name,)).fetchone()
    return (0, None) if found is None else (found[0], found[1])


def knows(at: Where) -> bool:
    """Whether there is a part of this work tree in the index, made by this cpl. Raises sqlite3.Error: there is none."""
    with closing(connect(at.database)) as database:
        return is_current(database) and generation(database, at)[1] is not None


def known(database: sqlite3.Connection | None, tree: int | None) -> Known:
    """What was seen of a work tree the last time."""
    if database is None or tree is None:
        return Known({}, b"")
    folders = database.execute("SELECT path, stamp FROM folders WHERE tree = ?", (tree,)).fetchall()
    git_stamp = database.execute("SELECT git_stamp FROM trees WHERE tree = ?", (tree,)).fetchone()[0]
    return Known({os.fsdecode(path): stamp for path, stamp in folders}, git_stamp)
