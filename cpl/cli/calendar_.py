"""`cpl calendar`: the days of a month or year as the store works them, and a year's file for it."""

from __future__ import annotations

from datetime import UTC, date
from gettext import gettext as _
from typing import Final

import click

from cpl import calendars, seeding
from cpl.cli.app import App, bad_parameter, pass_app
from cpl.cli.options import output_format
from cpl.config import read_calendar
from cpl.errors import CplError
from cpl.language import later
from cpl.moments import month, parse_date, week
from cpl.places import template
from cpl.render import Cell, Column
from cpl.workdays import Calendar, Day, day_of, days_in
from cpl.writes import Commit

_WEEKDAYS: Final = (
    later("Mon"),
    later("Tue"),
    later("Wed"),
    later("Thu"),
    later("Fri"),
    later("Sat"),
    later("Sun"),
)
_COLUMNS: Final = (
    Column("date", _("date"), whole=True),
    Column("weekday", _("day"), whole=True),
    Column("kind", _("kind"), whole=True),
    Column("name", _("name")),
    Column("hours", _("hours")),
)
_PROVISIONAL: Final = Column("provisional", _("provisional"))


@click.group("calendar")
def calendar_command() -> None:
    """The days that the store works: weekends, holidays and make-up workdays 「调休」.

    Deadlines in business time count by `hours` of the profile and, where it names a calendar, by the store's own files
    calendar/NAME/YYYY.yml, so that every clone comes to the same.

    \b
    Examples:
      cpl calendar show 2026-10
      cpl calendar show 2026-W41 --calendar cn
      cpl calendar seed 2027
    """


@calendar_command.command("show")
@click.argument("period", metavar="WEEK|MONTH|YEAR")
@click.option("--calendar", "name", metavar="NAME", help=_("By this calendar of the store, not by the profile's."))
@output_format()
@pass_app
def show_command(app: App, period: str, name: str | None, fmt: str) -> None:
    """Print each day of a week, month or year: workday, weekend, holiday or make-up day, its name, and when you work.

    A year without data is provisional: only weekends and the holidays on fixed dates are known.

    \b
    Examples:
      cpl calendar show 2026-10
      cpl calendar show 2026-W41
      cpl calendar show 2026 --format csv
    """
    worktime = app.settings.worktime
    calendar = worktime.calendar if name is None else _named(app, name)
    days = bad_parameter("WEEK|MONTH|YEAR", _days, period)
    rows = [_row(day_of(day, worktime.hours, calendar), calendar) for day in days]
    if fmt in ("table", "markdown"):
        rows = [row | _told(day_of(day, worktime.hours, calendar)) for row, day in zip(rows, days, strict=True)]
    has_data = fmt == "table" and not any(row["provisional"] for row in rows)
    app.emit(rows, _COLUMNS if has_data else (*_COLUMNS, _PROVISIONAL), fmt)
    if calendar is None:
        app.say(
            _("no calendar counts here, so no day is a holiday; to have one count: hours and calendar: cn in cpl.yaml")
        )


def _named(app: App, name: str) -> Calendar:
    if not (app.store.root / calendars.FOLDER / name).is_dir() or name in ("", ".", ".."):
        message = _("the store has no calendar '{name}' ({folder}/{name}/); run: cpl calendar seed YEAR")
        raise CplError(message.format(name=name, folder=calendars.FOLDER))
    return Calendar(name, lambda year: read_calendar(lambda path: template(app.store.root, path), name, year))


def _days(text: str) -> list[date]:
    """The days of `2026-W41`, `2026-10` or `2026`.

    Raises:
        ValueError: it is none of them.
    """
    try:
        if len(text) == len("2026"):
            return list(days_in(parse_date(f"{text}-01-01").year))
        period = (week if "W" in text else month)(text, UTC)
    except ValueError:
        message = _("'{text}' is no week like 2026-W41, month like 2026-10, or year").format(text=text)
        raise ValueError(message) from None
    ordinals = range(period.start.toordinal(), period.end.toordinal())
    return [date.fromordinal(each) for each in ordinals]


def _row(day: Day, calendar: Calendar | None) -> dict[str, Cell]:
    return {
        "date": day.date,
        "weekday": _WEEKDAYS[day.date.weekday()],
        "kind": day.kind,
        "name": day.name,
        "hours": [str(shift) for shift in day.shifts],
        "provisional": calendar is not None and calendar.year(day.date.year).is_provisional,
    }


def _told(day: Day) -> dict[str, Cell]:
    """What is in the language of the run for people."""
    weekday, kind = _WEEKDAYS[day.date.weekday()], day.kind
    return {"weekday": _(weekday), "kind": _(kind)}


@calendar_command.command("seed")
@click.argument("year", metavar="YEAR", type=click.IntRange(1900, 2999))
@pass_app
def seed_command(app: App, year: int) -> None:
    """Write calendar/cn/YEAR.yml into the store and commit it: the file that comes with cpl, else one that is made from
    the library chinesecalendar, if that is installed and knows the year.

    A file that is there is kept: a year's data may be yours.

    \b
    Examples:
      cpl calendar seed 2027
    """
    used = app.settings.worktime.calendar
    name = calendars.SHIPPED if used is None else used.name
    path = calendars.path_of(name, year)
    store = app.store
    store.begin()
    if (store.root / path).exists():
        message = _("{path} is there already and is kept; change it by hand, or remove it first")
        raise CplError(message.format(path=path))
    data = seeding.year_file(name, year)
    with store.lock():
        store.require_commit([])
        store.add_all({path: data}, Commit(f"Calendar {name}: {year}", "calendar"))
    click.echo(_("made {what}").format(what=path))
    if used is None:
        app.say(_("no deadline counts by it yet; write hours and calendar: cn in cpl.yaml"))
