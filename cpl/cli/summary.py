"""`cpl summary`: which days are asked for and in which face they are printed; no figure is made here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta, tzinfo
from gettext import gettext as _
from typing import Final, NamedTuple

import click

from cpl import figures, files, moments, registers, render, report, weak_points
from cpl.cli.app import App, bad_parameter, pass_app
from cpl.cli.options import index_option, output_format
from cpl.errors import EXIT_OK, EXIT_PROBLEMS, CplError, Problem
from cpl.figures import Summary
from cpl.language import speaking
from cpl.moments import Period, parse_date
from cpl.record import local_day
from cpl.registers import Row
from cpl.render import Column
from cpl.report_json import as_json, findings_json
from cpl.tally import View
from cpl.values import frozen

THIS: Final = "this"
LAST: Final = "last"
END: Final = "end"
REPORTS: Final = "reports"


@frozen
class Asked:
    """The options that name a period, as they were written."""

    week: str | None
    month: str | None
    from_: str | None
    to: str | None


@click.command("summary")
@click.option("--week", metavar="WEEK", help=_("2026-W47, this (the default) or last: Monday to Sunday."))
@click.option("--month", metavar="MONTH", help=_("2026-11, this or last."))
@click.option("--from", "from_", metavar="DATE", help=_("The first day; with --to."))
@click.option("--to", metavar="DATE", help=_("The day after the last one: it is not included."))
@click.option("--ids", is_flag=True, help=_("Name with each number the complaints that it counts."))
@click.option("--findings", is_flag=True, help=_("Also what gives cause to improve, beside the period before (OT-8)."))
@click.option("--save", is_flag=True, help=_("Also write it as Markdown to reports/PERIOD.md."))
@click.option("--at", metavar="INSTANT", help=_("As it was then, or at the end of the period (end); default: now."))
@index_option
@output_format("table", ("table", "markdown", "json"))
@pass_app
def summary_command(
    app: App,
    week: str | None,
    month: str | None,
    from_: str | None,
    to: str | None,
    ids: bool,
    findings: bool,
    save: bool,
    at: str | None,
    fmt: str,
) -> int:
    """Count what was received, closed, open, overdue and in time; without any personal data.

    Open and overdue are those at the end of the period, or now while it lasts. A record that can't be
    read is named, left out, and makes the exit code 1.

    \b
    Examples:
      cpl summary
      cpl summary --week last --ids
      cpl summary --month last --findings
      cpl summary --month 2026-11 --at end --save
      cpl summary --from 2026-11-01 --to 2026-11-16 --format json
    """
    period = asked_period(Asked(week, month, from_, to), app.now, app.settings.zone)
    instant = period.end if at == END else app.read_only_instant(at)
    view = View(app.settings, period, instant)
    told = app.ahead(lambda: _told(app, view, fmt, ids=ids, findings=findings, save=save))
    for fault in sorted(told.faults):
        app.say(str(fault))
    if told.document is not None:
        _save(told.document, f"{REPORTS}/{period.name}.md", app)
    click.echo(told.face, nl=False)
    return EXIT_PROBLEMS if told.faults else EXIT_OK


class _Told(NamedTuple):
    """What a run has to say: what is wrong with the form of records, the document to save, and what is printed."""

    faults: Sequence[Problem]
    document: str | None
    face: str


def _told(app: App, view: View, fmt: str, *, ids: bool, findings: bool, save: bool) -> _Told:
    faults: list[Problem] = []
    summary = _summary(app, view, faults, _draws(app))
    found = list(weak_points.findings(summary, _before(app, view.period))) if findings else None
    document = None
    if save:
        with speaking(app.settings.language):  # not in that of whoever saves it
            document = report.as_markdown(summary, app.settings, ids=ids, found=found)
    return _Told(faults, document, _face(summary, app, fmt, found, ids=ids))


def _summary(app: App, view: View, faults: list[Problem], draws: Sequence[Row] = ()) -> Summary:
    """The figures seen from there; what is wrong with the form of records is added to `faults`."""
    tallied = app.ask_index(lambda index: index.tallied(view))
    entries = app.entries_at(app.store.paths() if tallied is None else tallied.paths)
    parts = [] if tallied is None else [*tallied.parts]
    unreadable = 0
    for entry in entries:
        faults.extend(problem for problem in entry.problems if problem.is_error)
        if entry.record is None:
            unreadable += 1
        else:
            parts.append(view.part(entry.record))
    return figures.summed(parts, view, draws, unreadable)


def _draws(app: App) -> Sequence[Row]:
    """The draws that the store keeps; none where their register is not right, which is said."""
    try:
        return registers.read(app.store.file, "draws")
    except CplError as error:
        app.say(str(error))
        return ()


def _before(app: App, period: Period) -> Summary:
    """The figures of as many days before the period, or of the month before, as they were at their end."""
    zone = app.settings.zone
    start, end = (local_day(instant, zone) for instant in (period.start, period.end))
    first = start - (end - start)
    if (start.day, end.day) == (1, 1) and start.replace(day=28) + timedelta(days=4) >= end:
        first = (start - timedelta(days=1)).replace(day=1)
    earlier = moments.days(f"{first}..{start}", first, start, zone)
    return _summary(app, View(app.settings, earlier, earlier.end), [])


def _save(text: str, path: str, app: App) -> None:
    root = app.store.root
    files.write(root / path, text.encode(), root=root)
    app.say(_("written: {path}").format(path=path))


def _face(summary: Summary, app: App, fmt: str, found: report.Found, *, ids: bool) -> str:
    if fmt == "markdown":
        return report.as_markdown(summary, app.settings, ids=ids, found=found)
    if fmt == "table":
        return report.as_table(summary, app.settings, ids=ids, width=app.width, found=found)
    data = as_json(summary, ids=ids)
    if found is not None:
        data["findings"] = findings_json(found, summary, app.settings)
    return render.rows([data], [Column(name, name) for name in data], "jsonl")


def asked_period(asked: Asked, now: datetime, zone: tzinfo) -> Period:
    """The period that the options name; without any the week of `now`.

    Raises:
        click.UsageError: they exclude each other, lack one another, or name no period.
    """
    days = asked.from_ is not None or asked.to is not None
    if days + (asked.week is not None) + (asked.month is not None) > 1:
        raise click.UsageError(_("--week, --month and --from with --to exclude each other; give one of them"))
    if days:
        return _days(asked, zone)
    if asked.month is not None:
        name = _month(asked.month, local_day(now, zone))
        return _period("--month", moments.month, name, zone)
    name = _week(asked.week or THIS, local_day(now, zone))
    return _period("--week", moments.week, name, zone)


def _period(option: str, parse: Callable[[str, tzinfo], Period], name: str, zone: tzinfo) -> Period:
    period: Period = bad_parameter(option, lambda text: parse(text, zone), name)
    return period


def _week(text: str, today: date) -> str:
    if text not in (THIS, LAST):
        return text
    year, week, _day = (today - timedelta(days=7 if text == LAST else 0)).isocalendar()
    return f"{year:04}-W{week:02}"


def _month(text: str, today: date) -> str:
    if text not in (THIS, LAST):
        return text
    first = today.replace(day=1)
    return f"{first - timedelta(days=1) if text == LAST else first:%Y-%m}"


def _days(asked: Asked, zone: tzinfo) -> Period:
    if asked.from_ is None or asked.to is None:
        raise click.UsageError(_("--from and --to are given together; the day of --to is not included"))
    first: date = bad_parameter("--from", parse_date, asked.from_)
    end: date = bad_parameter("--to", parse_date, asked.to)
    if end <= first:
        message = _("--to {to} is not after --from {first}; the day of --to is not included")
        raise click.UsageError(message.format(to=end, first=first))
    return moments.days(f"{first}..{end}", first, end, zone)
