"""When something of a record is due next, as the index keeps it for the settings of a store."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple, TypeVar

from cpl import index_kept
from cpl.clocks import dues, stays
from cpl.config import Settings
from cpl.index_file import Tree, Where
from cpl.index_kept import Sort, Wanted, record_of
from cpl.lasting import aside
from cpl.recognise import at_microsecond, microseconds
from cpl.record import Record
from cpl.store import Store
from cpl.workdays import Calendar

T = TypeVar("T")

LOOK_EACH_TIME: Final = 0
"""The due of a record whose dues may be others at another time, or can't be told beforehand."""

_DUES: Final = Sort("dues", most=20)


class Dues(NamedTuple):
    """The earliest due and the earliest warning of a record, in microseconds."""

    row: int
    due: int
    warn: int | None


def _missing(database: sqlite3.Connection, seen: int, finals: Iterable[str]) -> Iterator[int]:
    """The rows behind `seen` that may have something due."""
    states = [*finals]
    marks = ", ".join("?" * len(states))
    asked = (
        "SELECT row FROM rows WHERE row > ? AND id IS NOT NULL"
        f" AND (moved_to NOT IN ({marks}) OR status NOT IN ({marks}) OR moved_to IS NULL OR has_open_tasks)"
    )
    return (row for (row,) in database.execute(asked, (seen, *states, *states)).fetchall())


def _reckoner(store: Store) -> Callable[[Wanted], Dues | None]:
    settings = aside(store.settings)
    return partial(_dues_of, store.root, settings, _Years(settings))


def _dues_of(root: Path, settings: Settings, years: _Years, wanted: Wanted) -> Dues | None:
    """What is due next of a content; None where there is nothing."""
    record = record_of(root, wanted)
    if record is None:
        return Dues(wanted.row, LOOK_EACH_TIME, None)
    found = _next(record, settings, at_microsecond(wanted.known_from), years)
    return None if found is None else Dues(wanted.row, *found)


def _next(record: Record, settings: Settings, at: datetime, years: _Years) -> tuple[int, int | None] | None:
    """The earliest due and warning once everything has happened; None where nothing is due any more."""
    found = dues(record, settings.profile, settings.worktime, at)
    if not stays(record, settings.profile, settings.worktime, at):
        return LOOK_EACH_TIME, None
    if not found:
        return None
    due = min(each.due_at for each in found)
    if years.are_provisional(record.received_at, max(each.due_at for each in found)):
        return LOOK_EACH_TIME, None
    warnings = [each.warn_at for each in found if each.warn_at is not None]
    return microseconds(due), microseconds(min(warnings)) if warnings else None


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


def asked(store: Store, at: Where, tree: Tree, finals: Iterable[str], question: Callable[[int], T]) -> T:
    """What a question about the number of the store's settings brings, once what is due is reckoned for every row."""

    def enter(number: int, seen: int) -> None:
        rows = [*index_kept.wanted(tree, _missing(tree.database, seen, finals))]
        found = (each for each in index_kept.reckoned(store, rows, _reckoner) if each is not None)
        entered = ((number, *each) for each in found)
        tree.database.executemany("INSERT OR REPLACE INTO dues VALUES (?, ?, ?, ?)", entered)

    return index_kept.asked(at, tree, (_DUES, index_kept.settings_key(store)), enter, question)
