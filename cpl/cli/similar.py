"""`cpl similar`: complaints that may be about the same matter, and why."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta
from gettext import gettext as _
from typing import Final

import click

from cpl.cli.app import App, ahead, pass_app
from cpl.cli.options import RECORD, index_option, output_format
from cpl.cli.related import like, told
from cpl.config import Settings
from cpl.errors import Invalid
from cpl.index import Index, Narrow
from cpl.index_file import place_of
from cpl.moments import start_of_day
from cpl.profile import Profile
from cpl.recognise import FACETS
from cpl.render import FOR_PEOPLE, Cell, Column
from cpl.similar import Near, Search, Test
from cpl.store import Entry
from cpl.values import replace

_FOR_PROGRAMS: Final = tuple(
    Column(name, name)
    for name in (
        "id",
        "title",
        "status",
        "received_at",
        "days_apart",
        "same_place",
        "same_category",
        "same_room",
        "text",
        "linked",
        "reason",
    )
)


def _for_people() -> tuple[Column, ...]:
    return (
        Column("id", _("id"), whole=True),
        Column("status", _("status"), whole=True),
        Column("title", _("title")),
        Column("linked", _("linked")),
        Column("reason", _("why")),
    )


@click.command("similar")
@click.argument("piece", metavar="ID", type=RECORD)
@click.option("--days", type=click.IntRange(min=0), metavar="N", help=_("At most so many days apart."))
@click.option("--limit", type=click.IntRange(min=1), metavar="N", default=10, show_default=True)
@index_option
@output_format()
@pass_app
@ahead
def similar_command(app: App, piece: str, days: int | None, limit: int, fmt: str) -> None:
    """List complaints that may be about the same matter, the likest first.

    They come from the same place, have the same category and were received within some days of each other, as the
    profile says; or they come from the same room, whatever they are about. Their words only set the order. What has
    left the figures, such as a withdrawn duplicate, is not shown; what is linked is marked.

    \b
    Examples:
      cpl similar 7k3
      cpl similar 7k3 --days 180 --format json
    """
    entry = app.read(app.store.find(piece))
    if entry.record is None or entry.document is None:
        raise Invalid(_("{id} can't be read; its text: cpl show {id} --raw").format(id=entry.id), entry.problems)
    rule = app.settings.profile.relations.similar
    search = Search(
        told(entry.record, entry.document), rule if days is None else replace(rule, days=days), app.settings.zone
    )
    found = like(app, search, _readable(app, app.entries(lambda index: _among(index, search, app.settings))))
    people = fmt in FOR_PEOPLE
    rows = [_row(app, near) for near in found[:limit]]
    if people:
        rows = [{**row, "status": app.settings.called("status", str(row["status"]))} for row in rows]
    app.emit(rows, _for_people() if people else _FOR_PROGRAMS, fmt)
    if fmt == "table":
        said = (
            _("{count} found") if len(found) <= limit else _("{count} found, the first {limit} are shown; see --limit")
        )
        app.say(said.format(count=len(found), limit=limit))
        if not found and (lacking := _lacking(search)):
            app.say(_("{id} says nothing of: {names}").format(id=entry.id, names=", ".join(lacking)))


def _among(index: Index, search: Search, settings: Settings) -> list[str]:
    """The records that may be near."""
    first, last = (start_of_day(day, settings.zone) for day in search.first_to_last())
    paths = {*index.faulty()}
    for tests in search.tests():
        known = [(name, _of_now(name, test, settings.profile)) for name, test in tests.items() if name in FACETS]
        paths |= {*index.matching(Narrow(known, first, last + timedelta(days=2)))}
    return sorted(paths, key=place_of)


def _of_now(field: str, test: Test, profile: Profile) -> Test:
    """The test of a value that may be a name of before."""
    return lambda value: test(None if value is None else profile.present_name(field, value))


def _readable(app: App, entries: Iterable[Entry]) -> Iterator[Entry]:
    """The records of these entries; one that can't be read is named on stderr."""
    for entry in entries:
        if entry.record is None:
            app.say(_("unreadable: {problem}").format(problem=entry.problems[0]))
        else:
            yield entry


def _lacking(search: Search) -> list[str]:
    """What the record would have to say for others to be like it."""
    record = search.told.record
    place = [f"location.{level}" for level in search.rule.place]
    return [
        *(["category"] if record.get("category") is None else []),
        *([_(" or ").join(place)] if all(record.get(name) is None for name in place) else []),
    ]


def _row(app: App, near: Near) -> dict[str, Cell]:
    record = near.record
    return {
        "id": record.id,
        "title": record.title,
        "status": record.status,
        "received_at": record.received_at.astimezone(app.settings.zone),
        "days_apart": near.days,
        "same_place": near.level,
        "same_category": near.is_same_category,
        "same_room": near.is_same_room,
        "text": near.text,
        "linked": near.links,
        "reason": near.reason(),
    }
