"""`cpl overdue`: what is late or soon due, who answers for it, and the next step; worst first."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from gettext import gettext as _
from typing import Any, Final

import click

from cpl import worktime
from cpl.cli.app import App, ahead, bad_parameter, pass_app
from cpl.cli.options import PERSON, at_option, index_option, output_format
from cpl.clocks import Due, dues
from cpl.config import Settings
from cpl.labels import Labelled
from cpl.moments import parse_duration
from cpl.record import piece_of
from cpl.render import FOR_PEOPLE, Cell, Column, Rows, duration, widest
from cpl.workflow import came_from, supplies

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
    found = _dues(app, now, horizon if soon else None, whom)
    found.sort(key=lambda due: (-due.late, due.record.id, due.name))
    shown = [due for due in found if due.due_at < now or (soon and (due.due_at <= horizon or due.is_warned))]
    rows = [_row(due, app.settings) for due in shown]
    columns, width, room = _FOR_PROGRAMS, app.width or 0, 0
    if fmt in FOR_PEOPLE:
        rows = [{**row, "clock": _clock_words(due, app.settings)} for row, due in zip(rows, shown, strict=True)]
        room = _room_for_next(rows) if fmt == "table" and width else 0
        columns = _for_people(is_whole=width >= room)
    app.emit(rows, columns[:-1] if width < min(room, ROOM_FOR_NEXT) else columns, fmt)
    late = sum(1 for due in shown if due.late > timedelta())
    if fmt == "table":
        count = _("{late} overdue, {soon} soon due") if soon else _("{late} overdue")
        app.say(count.format(late=late, soon=len(shown) - late))
        if width < room:
            words = _("the next step of each: a terminal of {width} columns, or --format plain")
            app.say(words.format(width=room))
    if exit_code and late:
        raise click.exceptions.Exit(1)


def _dues(app: App, now: datetime, horizon: datetime | None, whom: str | None) -> list[Due]:
    """What is overdue, or due by the horizon, for that person or for all.

    A task may also name somebody who is not in cpl.yaml, now or later.
    """
    settings = app.settings
    if whom is not None and whom not in ("me", *settings.people):
        horizon = datetime.max.replace(tzinfo=UTC)
    records = app.records(lambda index: index.due(now, horizon))
    found = [due for record in records for due in dues(record, settings.profile, settings.worktime, now)]
    if whom is None:
        return found
    if whom not in {due.who for due in found}:
        whom = app.known_person("--for", whom)
    return [due for due in found if whom in (due.who, due.record.lead)]


def _room_for_next(rows: Rows) -> int:
    """How wide a terminal has to be for whole next steps beside the rest, with some room for the title."""
    titles = tuple(column for column in _for_people() if column.name == "title")
    rest = [column for column in _for_people() if column not in titles]
    return widest(rows, rest) + min(_ROOM_FOR_TITLE, widest(rows, titles)) + 2 if rows else 0


def _clock_words(due: Due, settings: Settings) -> str:
    """What people call what is due: a clock or a state by its label, a task by its id."""
    if due.basis == "task":
        return due.name
    known: Mapping[str, Labelled] = settings.profile.states if due.basis == "pause" else settings.profile.clocks
    return settings.label(known.get(due.name), due.name)


def _row(due: Due, settings: Settings) -> dict[str, Cell]:
    record = due.record
    seconds = int(due.late.total_seconds())
    local = due.due_at.astimezone(settings.zone)
    return {
        "id": record.id,
        "title": record.title,
        "status": record.status,
        "clock": due.name,
        "due_at": due.due_at,
        "late_seconds": seconds,
        "basis": due.basis,
        "lead": record.lead,
        "who": due.who,
        "warned": due.is_warned,
        "next": next_step(due, settings),
        "late": duration(seconds),
        "due": f"{local:%Y-%m-%d %H:%M}",
        "piece": piece_of(record.id),
    }


def next_step(due: Due, settings: Settings) -> str:
    """The command that would stop the clock, do the task or end the pause."""
    record: Any = due.record
    short = piece_of(record.id)
    if due.basis == "task":
        return f"cpl task {short} done {due.name}"
    back = f"cpl transition {short} {came_from(record.events, settings.profile)}"
    if due.basis == "pause":
        return back
    stop = settings.profile.clocks[due.name].stops[0]
    is_stuck = stop.startswith("to:") and settings.profile.is_paused(record.status)
    return back if is_stuck else supplies(stop, short)
