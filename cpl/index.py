"""The index: which records a question may be about, without reading those that it is not about.

The files are the truth. Each method names at least the records that matter, and every file with an error of its form;
who asks reads these files and judges them as if there were no index: so it makes an answer faster, and no other one.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from functools import cached_property
from gettext import gettext as _
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar

from cpl import freshness, index_dues, index_file, index_texts
from cpl.errors import CplError
from cpl.git_begun import Begun
from cpl.index_dues import When
from cpl.index_file import Tree, Where, name_of, path_at, place_of
from cpl.index_rows import COLUMNS, from_facet
from cpl.index_update import Look, Watch
from cpl.recognise import FACETS, microseconds
from cpl.store import RECORDS, Store

if TYPE_CHECKING:
    from cpl.index_parts import Tallied
    from cpl.index_verdicts import Clean
    from cpl.pending import Pending
    from cpl.tally import View

T = TypeVar("T")

_HARMLESS: Final = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM)
_MOST_VALUES: Final = 30_000  # SQLite takes 32,766 values in a question
_SECOND: Final = timedelta(seconds=1)
# Rows first: there are few of them.
_FAULTY: Final = (
    "SELECT place FROM files WHERE tree = :tree AND row IS NULL UNION"
    " SELECT place FROM rows CROSS JOIN files USING (row) WHERE is_faulty AND tree = :tree"
)


# What values do that cpl never wrote, in an index that SQLite finds sound.
_DAMAGED: Final = (ArithmeticError, LookupError, TypeError, ValueError)


class Unusable(CplError):
    """There is no index that can be used: no repository, no room, no right to write, or another process is at it."""


class Narrow(NamedTuple):
    """What records have to be like: tests of fields with few values, and [from, before) of the receipt.

    `is_exact`: whether that is all that is asked.
    """

    tests: Sequence[tuple[str, Callable[[Any], bool]]] = ()
    since: datetime | None = None
    before: datetime | None = None
    is_exact: bool = False


class Page(NamedTuple):
    """The first records in some order, and how many there are in all."""

    paths: Sequence[str]
    total: int


class Size(NamedTuple):
    """How many record files the index knows, how many of them are faulty, and how large it is itself."""

    files: int
    faulty: int
    bytes: int
    path: Path


class Help(NamedTuple):
    """What the index needs of its caller: to show progress, and to tell a person."""

    watch: Watch
    say: Callable[[str], None]


class Index:
    """The index of a store, brought up to date when it is first asked."""

    def __init__(self, store: Store, help_: Help, compared: Begun | None = None) -> None:
        self._store = store
        self._watch, self._say = help_
        self._compared = compared  # by git, which may have begun before there was an index to ask
        self._fresh: Tree | None = None
        self._guessed: Tree | None = None  # what git has not confirmed yet

    @cached_property
    def _at(self) -> Where:
        return index_file.where(self._store.layout, self._store.root)

    @property
    def _tree(self) -> Tree:
        if self._guessed is not None:
            return self._guessed
        if self._fresh is None:
            self._fresh = self._look().fresh(self._watch)
        return self._fresh

    def _look(self) -> Look:
        compared, self._compared = self._compared, None
        return Look(self._store.git, self._at, self._tell_damage, compared)

    def _tell_damage(self) -> None:
        message = _("the index {path} is damaged and is made anew; the records are not affected")
        self._say(message.format(path=self._at.database))

    def ahead(self, work: Callable[[], T]) -> T:
        """What `work`, which asks the index, brings; it is done while git compares, and again if anything is new.

        Raises:
            Unusable: it can't be asked.
        """
        if self._fresh is not None:
            return work()
        look = self._mended(self._look)
        self._guessed = look.tree
        try:
            found = work() if look.tree is not None else None
        finally:
            self._guessed = None
        if self._fresh is None and look.tree is not None and self._mended(look.is_nothing_new):
            self._fresh = look.tree
        elif self._fresh is None:
            self._fresh = self._mended(lambda: look.fresh(self._watch), lambda: self._look().fresh(self._watch))
            found = None
        return work() if found is None else found

    def _asked(self, question: Callable[[Tree], T]) -> T:
        """What a question to the index brings. Raises Unusable: it can't be asked."""
        return self._mended(lambda: question(self._tree))

    def _mended(self, ask: Callable[[], T], again: Callable[[], T] | None = None) -> T:
        """What asking brings; a damaged index is taken away first, once, and then it is asked again."""
        with _only_unusable():
            try:
                return ask()
            except sqlite3.DatabaseError as error:
                if getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT) & 0xFF in _HARMLESS:
                    raise
            except _DAMAGED:  # from the index made anew it would be a bug, and come through
                pass
            self._tell_damage()
            self.drop()
            return (again or ask)()

    def drop(self) -> None:
        """Take the index away; the next question makes it anew. Raises Unusable."""
        with _only_unusable():
            for tree in filter(None, (self._fresh, self._guessed)):
                tree.database.close()
            self._fresh = self._guessed = None
            with index_file.locked(self._at):
                index_file.remove(self._at.database)

    def size(self) -> Size:
        """How much the index holds. Raises Unusable."""
        counted = "SELECT count(*) FROM files WHERE tree = ?"
        files = self._asked(lambda tree: tree.database.execute(counted, (tree.number,)).fetchone()[0])
        path = self._at.database
        return Size(files, len(self.faulty()), path.stat().st_size, path)

    def faulty(self) -> list[str]:
        """The files that hold no record, or one with an error of its form, in order."""
        return self._asked(lambda tree: _paths(tree, _FAULTY, {}))

    def active(self, since: datetime) -> list[str]:
        """The records that were not at rest at `since` or later: open, or with something to happen, or with events."""
        condition, values = self._at_work(since)
        return self._rows(condition, values)

    def tallied(self, view: View) -> Tallied:
        """What the active records add to the figures of a period, without reading those of which it is known."""
        from cpl import index_parts  # 20 ms that only figures need
        from cpl.index_parts import AtWork, Tallied

        if view.at < view.period.start:
            return Tallied((), self.active(view.at))
        at_work = AtWork(*self._at_work(view.period.start))
        faulty = self.faulty()
        parts, paths = self._asked(lambda tree: index_parts.tallied(self._store, self._at, tree, view, at_work))
        return Tallied(parts, [*faulty, *paths])

    def is_there(self) -> bool:
        """Whether there is an index of this work tree, so that asking it takes less than making one."""
        with _only_unusable():
            return self._at.database.exists() and index_file.knows(self._at)

    def clean(self, now: datetime) -> Clean:
        """The records that need not be judged at `now`."""
        from cpl import index_verdicts

        return self._asked(lambda tree: index_verdicts.clean(self._store, tree, now))

    def learn(self, now: datetime, known: Clean, proven: Collection[bytes]) -> None:
        """Keep that contents are clean, in addition to what was `known`."""
        from cpl import index_verdicts

        self._asked(lambda tree: index_verdicts.learn(self._store, self._at, tree, now, known, proven))

    def bound_together(self, since: datetime) -> list[str]:
        """The active records, and all that any link connects with any other, for links may lead on."""
        condition, values = self._at_work(since)
        linked = f"is_linked OR id IN (SELECT target FROM links) OR id IN (SELECT id FROM rows WHERE {condition})"
        return self._rows(f"{condition} OR {linked}", values)

    def _at_work(self, since: datetime) -> tuple[str, dict[str, Any]]:
        values = {f"final{number}": state for number, state in enumerate(self._finals())}
        finals = ", ".join(f":{name}" for name in values)
        is_open = f"moved_to IS NULL OR moved_to NOT IN ({finals}) OR status NOT IN ({finals})"
        return f"({is_open} OR has_open_tasks OR latest >= :latest)", {**values, "latest": microseconds(since)}

    def _finals(self) -> list[str]:
        return [*self._store.settings.profile.finals]

    def linked_to(self, identifier: str) -> list[str]:
        """The records on which a link to this one stands."""
        return self._rows("row IN (SELECT row FROM links WHERE target = :target)", {"target": identifier})

    def with_words(self, words: Sequence[str]) -> list[str]:
        """The files in which all of the words stand, whatever their case."""
        return self._asked(lambda tree: index_texts.with_words(self._at, tree, words))

    def due(self, now: datetime, horizon: datetime | None) -> dict[str, list[Pending] | None]:
        """The records of which at `now` something is overdue; with a horizon also due by then, or warned of.

        In order, with all that is pending of each; None where the file has to be read to tell.
        """
        when = When(now, max(now, horizon or now), with_warned=horizon is not None)
        found = self._asked(lambda tree: index_dues.due(self._store, self._at, tree, self._finals(), when))
        found |= dict.fromkeys(self.faulty())
        return {path: found[path] for path in sorted(found, key=place_of)}

    def matching(self, narrow: Narrow) -> list[str]:
        """The records that may be like that."""
        return self._asked(lambda tree: _paths(tree, *self._with_faulty(tree, narrow)))

    def _with_faulty(self, tree: Tree, narrow: Narrow) -> tuple[str, dict[str, Any]]:
        condition, values = _condition(tree, narrow)
        return f"SELECT place FROM {_JOINED} WHERE {condition} UNION {_FAULTY}", values

    def page(self, narrow: Narrow, order: str, limit: int, *, backwards: bool) -> Page:
        """The first `limit` records that are like that by a column, by id where that is the same."""
        return self._asked(lambda tree: _page(tree, narrow, order, limit, backwards=backwards))

    def _rows(self, condition: str, values: dict[str, Any]) -> list[str]:
        rows = f"SELECT row FROM rows WHERE {condition}"
        asked = f"SELECT place FROM ({rows}) CROSS JOIN files USING (row) WHERE tree = :tree UNION {_FAULTY}"
        return self._asked(lambda tree: _paths(tree, asked, values))

    def names(self, *pieces: str) -> dict[str, str]:
        """The paths of the files in whose name one of the pieces stands, in whatever case, by the name.

        The files themselves are not looked at, so git is not asked. Raises Unusable.
        """
        with _only_unusable():
            try:
                return _names(self._at, {name_of(piece) for piece in pieces})
            except _DAMAGED as error:
                raise Unusable(str(error)) from error


_JOINED: Final = "rows CROSS JOIN files USING (row)"
# All files but those without a record: these are few. A whole table is counted faster than a part of it.
_ALL: Final = (
    "SELECT CASE (SELECT count(*) FROM trees) WHEN 1 THEN (SELECT count(*) FROM files)"
    " ELSE (SELECT count(*) FROM files WHERE tree = :tree) END"
    " - (SELECT count(*) FROM files WHERE tree = :tree AND row IS NULL)"
    " - (SELECT count(*) FROM rows CROSS JOIN files USING (row) WHERE is_faulty AND id IS NULL AND tree = :tree)"
)


def _page(tree: Tree, narrow: Narrow, order: str, limit: int, *, backwards: bool) -> Page:
    condition, values = _condition(tree, narrow)
    values |= {"tree": tree.number, "limit": limit}
    is_all = not narrow.tests and narrow.since is None and narrow.before is None
    counted = _ALL if is_all else f"SELECT count(*) FROM {_JOINED} WHERE {condition}"
    total = tree.database.execute(counted, values).fetchone()[0]
    way = "DESC" if backwards else "ASC"
    asked = f"SELECT place FROM {_JOINED} WHERE {condition} ORDER BY {order} {way}, id, place LIMIT :limit"
    return Page([path_at(place) for (place,) in tree.database.execute(asked, values)], total)


def _condition(tree: Tree, narrow: Narrow) -> tuple[str, dict[str, Any]]:
    """What rows have to be like, as SQL with its values."""
    parts = ["id IS NOT NULL", "tree = :tree"]
    values: dict[str, Any] = {}
    for sign, instant in ((">=", narrow.since), ("<", narrow.before)):
        if instant is not None:
            name = f"value{len(values)}"
            parts.append(f"receipt {sign} :{name}")
            values[name] = microseconds(instant)
    for field, test in narrow.tests:
        column = COLUMNS[FACETS.index(field)]
        found = tree.database.execute(f"SELECT DISTINCT {column} FROM rows WHERE id IS NOT NULL").fetchall()
        kept = [text for (text,) in found if test(from_facet(text, field))]
        if len(kept) + len(values) > _MOST_VALUES:
            return _condition(tree, narrow._replace(tests=[each for each in narrow.tests if each[0] != field]))
        present = [text for text in kept if text is not None]
        new = {f"value{len(values) + number}": text for number, text in enumerate(present)}
        absent = f"{column} IS NULL OR " if None in kept else ""
        parts.append(f"({absent}{column} IN ({', '.join(f':{name}' for name in new)}))")
        values |= new
    return " AND ".join(parts), values


def _paths(tree: Tree, asked: str, values: dict[str, Any]) -> list[str]:
    """The paths that a question brings, in the order in which folders are walked."""
    found = tree.database.execute(asked, {**values, "tree": tree.number}).fetchall()
    return [path_at(place) for (place,) in sorted(found)]


@contextmanager
def _only_unusable() -> Iterator[None]:
    """Whatever keeps the index from being used is Unusable: then the files are read."""
    try:
        yield
    except Unusable:
        raise
    except (CplError, OSError, sqlite3.Error) as error:
        raise Unusable(str(error)) from error


def _names(at: Where, pieces: Collection[str]) -> dict[str, str]:
    """The paths of the files in whose name one of the pieces stands, by the name; git is not asked.

    Raises:
        CplError, OSError, sqlite3.Error: there is no index to ask.
    """
    database = index_file.connect(at.database)
    with closing(database):
        tree = index_file.generation(database, at)[1]
        if tree is None or not index_file.is_current(database):
            raise sqlite3.OperationalError("no index of this work tree")
        folders = freshness.look_at_folders(at.root, RECORDS, index_file.known(database, tree).folders)
        holds = " OR ".join("instr(name, ?)" for _piece in pieces)
        asked = f"SELECT place FROM files WHERE tree = ? AND ({holds})"
        paths = [path_at(place) for (place,) in database.execute(asked, (tree, *pieces))]
    old = [path for path in paths if path.rpartition("/")[0] not in {*folders.stamps, *folders.gone}]
    new = [path for listed in folders.files.values() for path in listed]
    return {Path(path).stem: path for path in sorted([*old, *new])}
