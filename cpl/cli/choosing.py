"""Which records a command is about: those that are named, or those of a period, a place, a condition."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta, tzinfo
from gettext import gettext as _
from typing import Any, Final

import click

from cpl import moments, query
from cpl.cli.app import Among, App, bad_parameter
from cpl.cli.known import known_names, value_test
from cpl.errors import Invalid
from cpl.forms import FINISH, RECEIPT
from cpl.index import Index, Narrow
from cpl.moments import Period, parse_date
from cpl.recognise import FACETS
from cpl.record import Record
from cpl.store import Entry
from cpl.values import frozen

_ROOM: Final = "location.room"

Test = tuple[str, Callable[[Any], bool]]


@frozen
class Asked:
    """The records that a form is for, as the options name them; those of a period are `counted` by an instant."""

    pieces: Sequence[str]
    wheres: Sequence[str]
    period: Period | None
    room: str | None
    counted: str = RECEIPT


def asked_period(app: App, month: str | None, week: str | None, day: str | None) -> Period | None:
    """The period that the options name; None without any.

    Raises:
        click.UsageError: they exclude each other, or name no period.
    """
    given = {"--month": month, "--week": week, "--day": day}
    named = {option: text for option, text in given.items() if text is not None}
    if len(named) > 1:
        raise click.UsageError(_("--month, --week and --day exclude each other; give one of them"))
    if not named:
        return None
    option, text = named.popitem()
    parse = _PERIODS[option]
    period: Period = bad_parameter(option, lambda written: parse(written, app.settings.zone), text)
    return period


def whole_day(day: date, zone: tzinfo) -> Period:
    """The day as a period."""
    return moments.days(day.isoformat(), day, day + timedelta(days=1), zone)


def _day(text: str, zone: tzinfo) -> Period:
    return whole_day(parse_date(text), zone)


_PERIODS: Final[Mapping[str, Callable[[str, tzinfo], Period]]] = {
    "--month": moments.month,
    "--week": moments.week,
    "--day": _day,
}


def chosen(app: App, asked: Asked) -> list[tuple[Record, str]]:
    """The records that were named, in that order; else those that are meant, in order of receipt; with their bodies.

    Raises:
        Invalid: one that was named can't be read.
    """
    if asked.pieces:
        return [_read(app, path) for path in dict.fromkeys(app.store.find(piece) for piece in asked.pieces)]
    conditions = [known_names(app, each) for where in asked.wheres for each in query.parse(where)]
    tests = [(each.field, value_test(app, each)) for each in conditions]

    def is_meant(record: Record) -> bool:
        return _is_meant(asked, record) and all(test(record.get(name)) for name, test in tests)

    entries = app.entries(lambda index: _among(index, asked, _narrow(asked, tests)))
    return _with_bodies(app, entries, is_meant)


def _among(index: Index, asked: Asked, narrow: Narrow) -> Iterable[str]:
    """The records that may be meant; what was finished in a period has had an event since it began."""
    if asked.period is not None and asked.counted == FINISH:
        return index.active(asked.period.start)
    return index.matching(narrow)


def of_index(app: App, among: Among) -> list[tuple[Record, str]]:
    """The records that a question to the index brings, in order of receipt, with their bodies."""
    return _with_bodies(app, app.entries(among), lambda _record: True)


def _with_bodies(app: App, entries: Iterable[Entry], is_meant: query.Predicate) -> list[tuple[Record, str]]:
    """Those of the entries that are meant, in order of receipt; one that holds no record is named."""
    found = []
    for entry in entries:
        if entry.record is None:
            app.say(_("unreadable: {problem}").format(problem=entry.problems[0]))
        elif is_meant(entry.record):
            found.append((entry.record.received_at, entry.record.id, entry.path))
    return [_read(app, path) for _received, _id, path in sorted(found)]


def _read(app: App, path: str) -> tuple[Record, str]:
    entry = app.store.read(path)
    if entry.record is None or entry.document is None:
        raise Invalid(_("{id} can't be read; mend it with: cpl edit {id}").format(id=entry.id), entry.problems)
    return entry.record, entry.document.body


def _is_meant(asked: Asked, record: Record) -> bool:
    at = _COUNTED[asked.counted](record)
    is_in_time = asked.period is None or (at is not None and asked.period.holds(at))
    return is_in_time and (asked.room is None or query.is_at(record.get("location"), asked.room))


def _narrow(asked: Asked, tests: Sequence[Test]) -> Narrow:
    """What the index needs to know of it."""
    tests = [(name, test) for name, test in tests if name in FACETS]
    room, period = asked.room, asked.period
    if room is not None:
        tests += [(_ROOM, lambda value: query.may_be_at(value, room))]
    return Narrow(tests) if period is None else Narrow(tests, period.start, period.end)


def _received_at(record: Record) -> datetime | None:
    return record.received_at


def _finished_at(record: Record) -> datetime | None:
    """When the work was done: the last `finish`, or else the last sign-off."""
    for verb in ("finish", "sign-off"):
        for event in reversed(record.events):
            if event.did == verb:
                return event.at
    return None


_COUNTED: Final[Mapping[str, Callable[[Record], datetime | None]]] = {
    RECEIPT: _received_at,
    FINISH: _finished_at,
}
