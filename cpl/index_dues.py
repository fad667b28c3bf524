"""When something of a record is due next, as the index keeps it for the settings of a store."""

from __future__ import annotations

import sqlite3
import zoneinfo
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple, cast

from cpl import calendars, config, files, quick
from cpl.clocks import dues, stands_still
from cpl.config import Settings
from cpl.index_file import Tree, Where, locked, path_at, transaction
from cpl.index_rows import at_microsecond, key_of
from cpl.parallel import in_order_anyhow
from cpl.places import SETTINGS_LIMIT, template
from cpl.recognise import microseconds
from cpl.record import Record
from cpl.store import Store, bytes_of, read_entry
from cpl.workdays import Calendar

LOOK_EACH_TIME: Final = 0
"""The due of a record whose dues may be others at another time, or can't be told beforehand."""


_SETTINGS_KEPT: Final = 20
_ENOUGH: Final = 1000  # records whose dues take longer to reckon than processes to start


class Dues(NamedTuple):
    """The earliest due and the earliest warning of a record, in microseconds."""

    row: int
    due: int
    warn: int | None


def settings_key(store: Store) -> bytes:
    """What the settings, the calendar and the zone of a store are known by."""
    settings = store.settings
    paths = [config.MARKER, *settings.profile_files]
    if settings.worktime.calendar is not None:
        folder = store.root / calendars.FOLDER / settings.worktime.calendar.name
        paths += sorted(each.relative_to(store.root).as_posix() for each in folder.glob(f"*{calendars.ENDING}"))
    texts = [template(store.root, path) or b"" for path in paths]
    return key_of(b"\0".join([*map(str.encode, paths), *texts, _zone_data(str(settings.zone))]))


def _zone_data(name: str) -> bytes:
    """The data of a time zone on this computer; its name where they come from a package."""
    for folder in zoneinfo.TZPATH:
        try:
            return files.read(Path(folder, name), SETTINGS_LIMIT)
        except files.Unreadable:
            continue
    return name.encode()


def _missing(database: sqlite3.Connection, settings: int, finals: Iterable[str]) -> list[tuple[int, bytes]]:
    """The rows that may have something due and were entered since this was last asked, with their keys."""
    states = [*finals]
    marks = ", ".join("?" * len(states))
    asked = (
        "SELECT row, key FROM rows WHERE row > (SELECT seen FROM settings WHERE settings = ?) AND id IS NOT NULL"
        f" AND (moved_to NOT IN ({marks}) OR status NOT IN ({marks}) OR moved_to IS NULL OR has_open_tasks)"
    )
    return database.execute(asked, (settings, *states, *states)).fetchall()


class _Wanted(NamedTuple):
    """A row of which the dues are wanted, a file that had its content, and from when on everything in it is known."""

    row: int
    key: bytes
    path: str | None
    known_from: int


def _reckoned(store: Store, rows: Sequence[_Wanted]) -> Iterator[Dues]:
    """What is due next, by several processes where there are many rows; nothing of a row without anything due."""
    found = in_order_anyhow(partial(_reckoner, store.root, store.git.env), rows, enough=_ENOUGH)
    return (each for each in found if each is not None)


def _reckoner(root: Path, env: Mapping[str, str]) -> Callable[[_Wanted], Dues | None]:
    store = Store(root, env)
    return partial(_dues_of, store, _Years(store.settings))


def _dues_of(store: Store, years: _Years, wanted: _Wanted) -> Dues | None:
    data = None if wanted.path is None else bytes_of(store.root, wanted.path)
    record = _record(data) if isinstance(data, bytes) and key_of(data) == wanted.key else None
    if record is None:
        return Dues(wanted.row, LOOK_EACH_TIME, None)
    found = _next(record, store.settings, at_microsecond(wanted.known_from), years)
    return None if found is None else Dues(wanted.row, *found)


def _record(data: bytes) -> Record | None:
    return quick.read(data) or read_entry("", data).record


def _next(record: Record, settings: Settings, at: datetime, years: _Years) -> tuple[int, int | None] | None:
    """The earliest due and warning once everything has happened; None where nothing is due any more."""
    found = dues(record, settings.profile, settings.worktime, at)
    paused = {settings.profile.is_paused(state) for state in (record.status, *_moves(record)[-1:])}
    if True in paused and not (len(paused) == 1 and stands_still(record, settings.profile, settings.worktime, at)):
        return LOOK_EACH_TIME, None
    if not found:
        return None
    due = min(each.due_at for each in found)
    if years.are_provisional(record.received_at, max(each.due_at for each in found)):
        return LOOK_EACH_TIME, None
    warnings = [each.warn_at for each in found if each.warn_at is not None]
    return microseconds(due), microseconds(min(warnings)) if warnings else None


def _moves(record: Record) -> list[str]:
    return [event.to for event in record.events if event.to is not None]


class _Years:
    """Which years a calendar has no data of, found out without asking the store's calendar, which would say so."""

    def __init__(self, settings: Settings) -> None:
        self._calendar: Calendar | None = settings.worktime.calendar
        self._zone = settings.zone
        self._known: dict[int, bool] = {}

    def are_provisional(self, first: datetime, last: datetime) -> bool:
        """Whether the calendar has no data of some year between the two."""
        years = range(first.astimezone(self._zone).year, last.astimezone(self._zone).year + 1)
        return self._calendar is not None and any(map(self._is_provisional, years))

    def _is_provisional(self, year: int) -> bool:
        if year not in self._known:
            assert self._calendar is not None
            self._known[year] = self._calendar.read(year).is_provisional
        return self._known[year]


def is_provisional(settings: Settings, now: datetime) -> bool:
    """Whether the calendar has no data of the present year."""
    return _Years(settings).are_provisional(now, now)


def with_dues(store: Store, at: Where, tree: Tree, finals: Iterable[str]) -> int:
    """The number of the store's settings in the index, once what is due by them is reckoned for every row."""
    database, key = tree.database, settings_key(store)
    asked = "SELECT settings, seen FROM settings WHERE key = ?"
    last = database.execute("SELECT max(row) FROM rows").fetchone()[0] or 0
    found = database.execute(asked, (key,)).fetchone()
    if found is not None and found[1] >= last:
        return cast(int, found[0])
    with locked(at), transaction(database):
        database.execute("INSERT OR IGNORE INTO settings (key) VALUES (?)", (key,))
        number = cast(int, database.execute(asked, (key,)).fetchone()[0])
        last = database.execute("SELECT max(row) FROM rows").fetchone()[0] or 0
        rows = [_Wanted(*row, *_known_by(database, tree, row[0])) for row in _missing(database, number, finals)]
        entered = ((number, *found) for found in _reckoned(store, rows))
        database.executemany("INSERT OR REPLACE INTO dues VALUES (?, ?, ?, ?)", entered)
        database.execute("UPDATE settings SET seen = ? WHERE settings = ?", (last, number))
        database.execute("DELETE FROM settings WHERE settings < ?", (number - _SETTINGS_KEPT,))
        database.execute("DELETE FROM dues WHERE settings < ?", (number - _SETTINGS_KEPT,))
    return number


def _known_by(database: sqlite3.Connection, tree: Tree, row: int) -> tuple[str | None, int]:
    """A file that has a row's content, and from when on everything in it is known."""
    known_from = database.execute("SELECT known_from FROM rows WHERE row = ?", (row,)).fetchone()[0]
    place = database.execute("SELECT place FROM files WHERE row = ? AND tree = ?", (row, tree.number)).fetchone()
    return None if place is None else path_at(place[0]), known_from
