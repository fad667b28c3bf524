"""`cpl list` and `cpl search`: many complaints, filtered, sorted, and in every format."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from gettext import gettext as _
from typing import Any, Final

import click

from cpl import clocks, query
from cpl.cli.app import App, ahead, as_cell, pass_app
from cpl.cli.known import known_names, known_state, known_term, value_test
from cpl.cli.options import PERSON, STATE, at_option, index_option, output_format, term
from cpl.document import BOM
from cpl.index import Narrow
from cpl.patterns import regex
from cpl.recognise import FACETS
from cpl.record import FIELDS, Record, as_of
from cpl.render import FOR_PEOPLE, Cell, Column, duration
from cpl.schema import did_you_mean
from cpl.store import Entry
from cpl.values import frozen

RECEIVED: Final = "received_at"
ROOM: Final = "location.room"
_SORTED_BY_INDEX: Final = {RECEIVED: "receipt", "id": "id"}
DEFAULT_COLUMNS: Final = "id,status,title,place,lead,due"
COMPUTED: Final = ("place", "due", "age")
_NUMBER: Final = regex(r"-?[0-9]{1,15}(\.[0-9]+)?")
_WHOLE: Final = ("id", "status", "due", "received", "received_at", "age")


@click.command("list")
@click.option("--where", "wheres", multiple=True, metavar="TEXT", help=_("Such as 'building=3 status!=closed'."))
@click.option("--status", metavar="STATE", type=STATE)
@click.option("--kind", metavar="KIND", type=term("kind"))
@click.option("--nature", metavar="NATURE", type=term("nature"))
@click.option("--channel", metavar="CHANNEL", type=term("channel"))
@click.option("--department", metavar="NAME", type=term("departments"))
@click.option("--category", metavar="CATEGORY", type=term("category"), help=_("Also all below it."))
@click.option("--severity", metavar="SEVERITY", type=term("severity"))
@click.option("--lead", metavar="PERSON", type=PERSON, help=_("An id, or: me."))
@click.option("--assignee", metavar="PERSON", type=PERSON, help=_("An id, or: me."))
@click.option("--building", metavar="NAME")
@click.option("--unit", metavar="NAME")
@click.option("--room", metavar="ROOM", help=_("1201, 2-1201, or 3-2-1201: building, unit, room."))
@click.option("--open", "only_open", is_flag=True, help=_("Only what is not in a final state."))
@click.option("--sort", metavar="FIELD", default="received_at", show_default=True, help=_("-FIELD: from the end."))
@click.option("--limit", type=click.IntRange(min=1), metavar="N")
@click.option("--columns", default=DEFAULT_COLUMNS, show_default=True, metavar="A,B,…")
@output_format()
@at_option
@index_option
@pass_app
@ahead
def list_command(
    app: App,
    /,
    wheres: Sequence[str],
    room: str | None,
    only_open: bool,
    sort: str,
    limit: int | None,
    columns: str,
    fmt: str,
    at: str | None,
    **filters: str | None,
) -> None:
    """List complaints.

    --where compares any field with = != < <= > >= or ~ (contains); several conditions must all hold, a,b means any
    of them, FIELD= means absent. Dates are days: received>=2026-11-01.

    \b
    Examples:
      cpl list --open --sort -received_at --limit 20
      cpl list --room 3-2-1201
      cpl list --where 'building=3 status!=closed received>=2026-11-01'
      cpl list --where 'order.size=minor,medium title~lift' --columns id,title,phone --format csv
    """
    conditions = [known_names(app, condition) for where in wheres for condition in query.parse(where)]
    conditions += [_filter(app, name, value) for name, value in filters.items() if value is not None]
    conditions += [_filter(app, "room", "")] if room == "" else []
    tests = [(each.field, value_test(app, each)) for each in conditions]
    now = app.read_only_instant(at)
    names = _columns(columns)
    by, backwards = _column(sort.removeprefix("-")), sort.startswith("-")
    wanted = _Wanted(app, conditions, tests, only_open, None if at is None else now, room.split(",") if room else ())
    records, count = wanted.first(by, limit, backwards=backwards) or wanted.sorted(
        lambda record: _sort_key(_cell(app, record, by, now)), backwards=backwards
    )
    for_people = fmt in FOR_PEOPLE
    rows = [
        {name: _shown(app, record, full, now) if for_people else _cell(app, record, full, now) for name, full in names}
        for record in records[:limit]
    ]
    app.emit(rows, [Column(name, _(name), whole=name in _WHOLE) for name, _full in names], fmt)
    if fmt == "table" and not count:
        app.say(_("no complaint"))
    elif fmt == "table" and limit is not None and count > limit:
        app.say(_("{shown} of {count} records").format(shown=limit, count=count))


def _filter(app: App, name: str, value: str) -> query.Condition:
    """The condition that an option means; its names are separated by commas.

    Raises:
        click.BadParameter: neither the profile nor cpl.yaml has a name.
    """
    field = query.field_name(name)
    values = tuple(value.split(","))
    if field in app.settings.profile.terms:
        values = tuple(known_term(app, f"--{name}", field, each) for each in values)
    elif field in ("lead", "assignee"):
        values = tuple(app.known_person(f"--{name}", each) for each in values)
    elif field == "status":
        values = tuple(known_state(app, "--status", each) for each in values)
    return query.Condition(field, "=", values)


@frozen
class _Wanted:
    """Which records are listed: those for which all conditions hold, as they are or as they were at an instant."""

    app: App
    conditions: Sequence[query.Condition]
    tests: Sequence[tuple[str, Callable[[Any], bool]]]  # of the fields that the conditions name
    only_open: bool
    at: datetime | None
    rooms: Sequence[str] = ()  # any of them

    def sorted(self, key: Callable[[Record], Any], *, backwards: bool) -> tuple[list[Record], int]:
        """All of them in order, by id where the key is the same, and how many they are."""
        records = [record for record in self._known() if self._holds(record)]
        records.sort(key=lambda record: record.id)
        records.sort(key=key, reverse=backwards)
        return records, len(records)

    def _known(self) -> Iterator[Record]:
        for record in self.app.records(lambda index: index.matching(self._narrow())):
            known = record if self.at is None else as_of(record, self.at)
            if known is not None:
                yield known

    def _holds(self, record: Record) -> bool:
        is_meant = not self.only_open or self._is_open(record.status)
        is_there = not self.rooms or any(query.is_at(record.get("location"), room) for room in self.rooms)
        return is_meant and is_there and all(test(record.get(name)) for name, test in self.tests)

    def _is_open(self, status: str) -> bool:
        return not self.app.settings.profile.is_final(status)

    def first(self, by: str, limit: int | None, *, backwards: bool) -> tuple[list[Record], int] | None:
        """The first of them and how many there are; None where the index can't tell."""
        narrow = self._narrow()
        column = _SORTED_BY_INDEX.get(by)
        if column is None or limit is None or not narrow.is_exact:
            return None
        page = self.app.ask_index(lambda index: index.page(narrow, column, limit, backwards=backwards))
        found = [] if page is None else [self.app.read(path).record for path in page.paths]
        records = [record for record in found if record is not None]
        if page is None or len(records) < len(found):
            return None
        self.app.tell_unreadable()
        return records, page.total

    def _narrow(self) -> Narrow:
        """What the index needs to know of it."""
        if self.at is not None:
            return Narrow(before=self.at + timedelta(seconds=1))
        tests = [(name, test) for name, test in self.tests if name in FACETS]
        tests += [("status", self._is_open)] if self.only_open else []
        tests += [(ROOM, self._may_be_there)] if self.rooms else []
        spans = [each for each in self.conditions if each.field == RECEIVED]
        span = query.bounds(spans[0], self.app.settings.zone) if len(spans) == 1 else None
        known = len(tests) - self.only_open - bool(self.rooms) + (span is not None)
        is_exact = known == len(self.conditions) and not self.rooms
        return Narrow(tests, *(span or (None, None)), is_exact=is_exact)

    def _may_be_there(self, room: object) -> bool:
        return any(query.may_be_at(room, each) for each in self.rooms)


def _columns(text: str) -> list[tuple[str, str]]:
    names = [name.strip() for name in text.split(",") if name.strip()]
    if not names:
        raise click.UsageError(_("--columns names no column"))
    return [(name, _column(name)) for name in names]


def _column(name: str) -> str:
    """The field or computed value of that name.

    Raises:
        query.BadWhere: there is none.
    """
    if name in COMPUTED:
        return name
    try:
        return query.field_name(name)
    except query.BadWhere:
        known = [*COMPUTED, *query.SHORT_NAMES, *FIELDS]
        raise query.BadWhere(_("'{name}' is not a column").format(name=name) + did_you_mean(name, known)) from None


def _shown(app: App, record: Record, name: str, now: datetime) -> Cell:
    """What people are shown of a field: names by their labels."""
    value = record.get(name)
    if isinstance(value, str):
        return app.settings.called(name, value)
    if name == "departments" and value is not None:
        return tuple(app.settings.called(name, each) for each in value)
    return _cell(app, record, name, now)


def _cell(app: App, record: Record, name: str, now: datetime) -> Cell:
    if name == "place":
        location = record.get("location") or {}
        parts = [location.get(part) for part in ("building", "unit", "room", "spot")]
        return " ".join(part for part in parts if part) or None
    if name == "due":
        found = clocks.dues(record, app.settings.profile, app.settings.worktime, now)
        return min((due.due_at.astimezone(app.settings.zone) for due in found), default=None)
    if name == "age":
        return duration(int((now - record.received_at).total_seconds()))
    return as_cell(record.get(name), app.settings.zone)


def _sort_key(value: object) -> tuple[int, float, str]:
    """Absent values first, then numbers and instants by size, then text."""
    if value is None:
        return 0, 0.0, ""
    if isinstance(value, datetime):
        return 1, value.timestamp(), ""
    text = query.as_text(value)
    return (1, float(text), text) if _NUMBER.fullmatch(text) else (2, 0.0, text)


@click.command("search")
@click.argument("words", nargs=-1, required=True)
@click.option("--limit", type=click.IntRange(min=1), metavar="N", default=50, show_default=True)
@index_option
@output_format()
@pass_app
@ahead
def search_command(app: App, words: Sequence[str], limit: int, fmt: str) -> None:
    """Find complaints in which all WORDS stand, anywhere in the file; two Chinese characters are enough.

    \b
    Examples:
      cpl search 门禁
      cpl search lift "3rd floor"
    """
    if not all(word.strip() for word in words):
        raise click.UsageError(_("a word to search for is empty"))
    found = list(_found(app, words))
    rows = [_found_row(app.read(path), words_around) for path, words_around in found[:limit]]
    if fmt in FOR_PEOPLE:
        rows = [{**row, "status": app.settings.called("status", str(row["status"]))} for row in rows]
    columns = (
        Column("id", _("id")),
        Column("status", _("status")),
        Column("title", _("title")),
        Column("found", _("found")),
    )
    app.emit(rows, columns, fmt)
    if fmt == "table":
        said = (
            _("{count} found") if len(found) <= limit else _("{count} found, the first {limit} are shown; see --limit")
        )
        app.say(said.format(count=len(found), limit=limit))


def _found(app: App, words: Sequence[str]) -> Iterator[tuple[str, str]]:
    """The files in which all words stand, each with the first of the words and what is around it."""
    for path in app.paths(lambda index: index.with_words(words)):
        data = app.store.bytes_of(path)
        text = data.decode("utf-8", "replace").removeprefix(BOM) if isinstance(data, bytes) else ""
        words_around = query.find_text(text, words)
        if words_around is not None:
            yield path, words_around


def _found_row(entry: Entry, words_around: str) -> dict[str, Cell]:
    record = entry.record
    return {
        "id": entry.id,
        "status": _("(unreadable)") if record is None else record.status,
        "title": "" if record is None else record.title,
        "found": words_around,
    }
