"""`cpl overdue`: what is late or soon due, who answers for it, and the next step; worst first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from gettext import gettext as _
from typing import Final

import click

from cpl import worktime
from cpl.cli.app import App, ahead, bad_parameter, pass_app
from cpl.cli.options import PERSON, at_option, index_option, output_format
from cpl.config import Settings
from cpl.labels import Labelled
from cpl.moments import parse_duration
from cpl.pending import Pending, pending
from cpl.record import piece_of
from cpl.render import FOR_PEOPLE, Cell, Column, Rows, duration, widest

_ROOM_FOR_TITLE: Final = 16
ROOM_FOR_NEXT: Final = 110  # in fewer columns hardly a command fits beside the rest

_FOR_PROGRAMS: Final = tuple(
    Column(name, name)
    for name in (
        "id",
        "title",
        "status",
        "clock",
        "due_at",
        "late_seconds",
        "basis",
        "lead",
        "who",
        "warned",
        "next",
    )
)


def _for_people(*, is_whole: bool = True) -> tuple[Column, ...]:
    return (
        Column("late", _("late"), "right"),
        Column("due", _("due"), whole=True),
        Column("clock", _("clock"), whole=True),
        Column("piece", _("id"), whole=True),
        Column("title", _("title")),
        Column("who", _("who"), whole=True),
        Column("next", _("next step"), whole=is_whole),
    )


@click.command("overdue")
@click.option("--soon", metavar="DURATION", help=_("Also what falls due within 2d, 8h …"))
@click.option(
    "--for", "whom", metavar="PERSON", type=PERSON, help=_("Only what this person leads or does; an id, or: me.")
)
@click.option("--exit-code", is_flag=True, help=_("Exit with 1 when something is overdue."))
@at_option
@index_option
@output_format()
@pass_app
@ahead
def overdue_command(app: App, soon: str | None, whom: str | None, exit_code: bool, at: str | None, fmt: str) -> None:
    """List the clocks, tasks and pauses that are overdue, the worst first.

    \b
    Examples:
      cpl overdue
      cpl overdue --soon 2d --for li.na
      cpl overdue --at 2026-11-18T16:00 --format json
    """
    now = app.read_only_instant(at)
    horizon = now
    if soon is not None:
        horizon = worktime.due(now, bad_parameter("--soon", parse_duration, soon), app.settings.worktime)
    found = _found(app, now, horizon if soon else None, whom)
    found.sort(key=lambda item: (item.due_at, item.id, item.name))
    shown = [each for each in found if each.due_at < now or (soon and (each.due_at <= horizon or each.is_warned(now)))]
    rows = [_row(each, app.settings, now) for each in shown]
    columns, width, room = _FOR_PROGRAMS, app.width or 0, 0
    if fmt in FOR_PEOPLE:
        rows = [{**row, "clock": _clock_words(each, app.settings)} for row, each in zip(rows, shown, strict=True)]
        room = _room_for_next(rows) if fmt == "table" and width else 0
        columns = _for_people(is_whole=width >= room)
    app.emit(rows, columns[:-1] if width < min(room, ROOM_FOR_NEXT) else columns, fmt)
    late = sum(1 for each in shown if each.due_at < now)
    if fmt == "table":
        count = _("{late} overdue, {soon} soon due") if soon else _("{late} overdue")
        app.say(count.format(late=late, soon=len(shown) - late))
        if width < room:
            words = _("the next step of each: a terminal of {width} columns, or --format plain")
            app.say(words.format(width=room))
    if exit_code and late:
        raise click.exceptions.Exit(1)


def _found(app: App, now: datetime, horizon: datetime | None, whom: str | None) -> list[Pending]:
    """What is overdue, or due by the horizon, for that person or for all; and more of the same records.

    A task may also name somebody who is not in cpl.yaml, now or later.
    """
    if whom is not None and whom not in ("me", *app.settings.people):
        horizon = datetime.max.replace(tzinfo=UTC)
    found = [*_pending(app, now, horizon)]
    if whom is None:
        return found
    if whom not in {item.who for item in found}:
        whom = app.known_person("--for", whom)
    return [item for item in found if whom in (item.who, item.lead)]


def _pending(app: App, now: datetime, horizon: datetime | None) -> Iterator[Pending]:
    """What is pending of the records that matter, as the index knows it, or as the files say."""
    known = app.ask_index(lambda index: index.due(now, horizon))
    for path, items in (dict.fromkeys(app.store.paths()) if known is None else known).items():
        if items is not None:
            yield from items
        for record in app.readable(app.entries_at([path])) if items is None else ():
            yield from pending(record, app.settings, now)


def _room_for_next(rows: Rows) -> int:
    """How wide a terminal has to be for whole next steps beside the rest, with some room for the title."""
    titles = tuple(column for column in _for_people() if column.name == "title")
    rest = [column for column in _for_people() if column not in titles]
    return widest(rows, rest) + min(_ROOM_FOR_TITLE, widest(rows, titles)) + 2 if rows else 0


def _clock_words(item: Pending, settings: Settings) -> str:
    """What people call what is due: a clock or a state by its label, a task by its id."""
    if item.basis == "task":
        return item.name
    known: Mapping[str, Labelled] = settings.profile.states if item.basis == "pause" else settings.profile.clocks
    return settings.label(known.get(item.name), item.name)


def _row(item: Pending, settings: Settings, now: datetime) -> dict[str, Cell]:
    seconds = int(item.late(now).total_seconds())
    local = item.due_at.astimezone(settings.zone)
    return {
        "id": item.id,
        "title": item.title,
        "status": item.status,
        "clock": item.name,
        "due_at": item.due_at,
        "late_seconds": seconds,
        "basis": item.basis,
        "lead": item.lead,
        "who": item.who,
        "warned": item.is_warned(now),
        "next": item.next,
        "late": duration(seconds),
        "due": f"{local:%Y-%m-%d %H:%M}",
        "piece": piece_of(item.id),
    }
