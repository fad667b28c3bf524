"""What of a record is due and when, as the index keeps it for the settings of a store."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple

from cpl import index_kept
from cpl.clocks import stays
from cpl.config import Settings
from cpl.index_file import Tree, Where, path_at
from cpl.index_kept import Sort, Wanted, record_of
from cpl.lasting import aside
from cpl.pending import Pending, packed, pending, unpacked
from cpl.recognise import at_microsecond, microseconds
from cpl.store import Store
from cpl.workdays import Calendar

LOOK_EACH_TIME: Final = 0
"""The due of a record whose dues may be others at another time, or can't be told beforehand."""

_SECOND: Final = timedelta(seconds=1)
_DUES: Final = Sort("dues", most=20)
_ASKED: Final = (
    "SELECT place, {pending} FROM dues CROSS JOIN rows USING (row) CROSS JOIN files USING (row)"
    " WHERE kept = :kept AND ({is_due}) AND known_from <= :now AND tree = :tree"
    " UNION ALL SELECT place, NULL FROM rows CROSS JOIN files USING (row)"
    " WHERE known_from > :now AND receipt < :end AND tree = :tree"
)


class When(NamedTuple):
    """What is asked for: what is due by an instant, seen from `now`; perhaps also what is warned of."""

    now: datetime
    by: datetime
    with_warned: bool


class Dues(NamedTuple):
    """The earliest due and the earliest warning of a record, in microseconds; and all of it as text, if known."""

    row: int
    due: int
    warn: int | None = None
    pending: str | None = None


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
    """What is due of a content once everything has happened; None where nothing is due any more."""
    record = record_of(root, wanted)
    at = at_microsecond(wanted.known_from)
    if record is None or not stays(record, settings.profile, settings.worktime, at):
        return Dues(wanted.row, LOOK_EACH_TIME)
    found = pending(record, settings, at)
    if not found:
        return None
    due = min(each.due_at for each in found)
    if years.are_provisional(record.received_at, max(each.due_at for each in found)):
        return Dues(wanted.row, LOOK_EACH_TIME)
    warnings = [each.warn_at for each in found if each.warn_at is not None]
    return Dues(wanted.row, microseconds(due), microseconds(min(warnings)) if warnings else None, packed(found))


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


def due(store: Store, at: Where, tree: Tree, finals: Iterable[str], when: When) -> dict[str, list[Pending] | None]:
    """The files of what is due, with all that is pending of each; None where the file has to be read to tell.

    What is pending is kept as of when everything in a content has happened, so of another instant before that nothing
    is known; and whoever reckons by a year without data has to say so, and reads all files.
    """

    def enter(number: int, seen: int) -> None:
        rows = [*index_kept.wanted(tree, _missing(tree.database, seen, finals))]
        found = (each for each in index_kept.reckoned(store, rows, _reckoner) if each is not None)
        entered = ((number, *each) for each in found)
        tree.database.executemany("INSERT OR REPLACE INTO dues VALUES (?, ?, ?, ?, ?)", entered)

    def question(number: int) -> list[tuple[bytes, str | None]]:
        values = {"kept": number, "tree": tree.number, "now": microseconds(when.now), "by": microseconds(when.by)}
        return tree.database.execute(asked, {**values, "end": microseconds(when.now + _SECOND)}).fetchall()

    is_due, column = "due <= :by OR warn < :now" if when.with_warned else "due <= :by", "pending"
    if _Years(store.settings).are_provisional(when.now, when.now):
        is_due, column = "TRUE", "NULL"
    asked = _ASKED.format(pending=column, is_due=is_due)
    found = index_kept.asked(at, tree, (_DUES, index_kept.settings_key(store)), enter, question)
    return {path_at(place): None if text is None else unpacked(text) for place, text in found}
