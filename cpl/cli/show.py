"""`cpl show`: one complaint with its fields, deadlines, history and text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from gettext import gettext as _
from typing import Any, Final

import click

from cpl import clocks, query, render
from cpl.cli.app import App, as_cell, pass_app
from cpl.cli.options import RECORD, at_option, index_option, output_format
from cpl.cli.related import linked_from
from cpl.cli.task_words import fates_json, outcome_words
from cpl.errors import CplError, Invalid
from cpl.events import Event
from cpl.moments import format_instant
from cpl.profile import TERM_SECTIONS
from cpl.promises import Fate, fates, unreported
from cpl.record import HISTORY, Record, Task, as_of, piece_of
from cpl.render import Cell, Column, duration, pairs, visible, visible_lines
from cpl.schema import shown
from cpl.workflow import supplies

OVERDUE: Final = "overdue"
_NAMES: Final = ("status", *TERM_SECTIONS)

Linked = Sequence[tuple[str, Record]]  # the records on which a link to this one stands, with its name


@click.command("show")
@click.argument("piece", metavar="ID", type=RECORD)
@click.option("--raw", is_flag=True, help=_("The file as it is."))
@output_format("text", ("text", "json"))
@at_option
@index_option
@pass_app
def show_command(app: App, piece: str, raw: bool, fmt: str, at: str | None) -> None:
    """Show one complaint: fields, deadlines, history, text. ID is any unique piece of the id.

    \b
    Examples:
      cpl show 7k3
      cpl show 7k3 --raw
    """
    path = app.store.find(piece)
    if raw:
        data = app.store.bytes_of(path)
        if not isinstance(data, bytes):
            raise Invalid(_("{id} can't be read").format(id=piece), [data])
        # A terminal gets what can do it no harm, a file or another program every byte.
        text = visible_lines(data.decode("utf-8", "replace").replace("\r\n", "\n"))
        click.echo(data if app.width is None else text, nl=False)
        return
    app.ahead(lambda: _show(app, path, fmt, at))


def _show(app: App, path: str, fmt: str, at: str | None) -> None:
    entry = app.read(path)
    if entry.record is None or entry.document is None:
        raise Invalid(_("{id} can't be read; its text: cpl show {id} --raw").format(id=entry.id), entry.problems)
    now = app.read_only_instant(at)
    record = entry.record if at is None else as_of(entry.record, now)
    if record is None:
        raise CplError(_("{id} had not been received by {at}").format(id=entry.id, at=format_instant(now)))
    runs = clocks.runs(record, app.settings.profile, app.settings.worktime, now)
    linked = [(name, each) for name, each in linked_from(app, record.id) if at is None or as_of(each, now)]
    judged = fates(record, now)
    if fmt == "json":
        computed: dict[str, Cell] = {"clocks": _clocks_json(runs), "task_results": fates_json(app, judged)}
        _show_json(app, record, linked, {**computed, "body": entry.document.body})
        return
    click.echo(_heading(app, record, linked, judged), nl=False)
    click.echo(_deadlines(app, record, runs, now), nl=False)
    click.echo(_history(app, record))
    click.echo("\n" + visible_lines(entry.document.body.replace("\r\n", "\n").strip()))


def _heading(app: App, record: Record, linked: Linked, judged: Sequence[Fate]) -> str:
    outcomes = {fate.task.id: outcome_words(app, fate) for fate in judged}
    fields = _fields(record, outcomes)
    rows = [(name, _with_label(app, name, text)) for name, text in fields]
    rows += [("linked_from", f"as: {name}, id: {other.id}, title: {other.title}") for name, other in linked]
    return f"{record.id}  {visible(record.title)}\n\n{pairs(rows)}"


def _with_label(app: App, name: str, text: str) -> str:
    """The text of a field, behind a name of the profile what people call it."""
    label = ", ".join(app.settings.called(name, each) for each in text.split(", ")) if name in _NAMES else text
    return text if label == text else f"{text}  {label}"


def _fields(record: Record, outcomes: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Every field but the history by its dotted name, as text; a list of mappings has a row for each item.

    `outcomes` says what became of the tasks, by id.
    """
    for name, value in record.fields.items():
        if name == "tasks":
            unheard = unreported(record)
            for task, data in zip(record.tasks, value, strict=True):
                words = [outcomes.get(task.id), _not_reported(record) if task in unheard else None]
                yield name, "; ".join([_task_words(task, data), *filter(None, words)])
        elif name not in ("id", "title", HISTORY):
            yield from _rows(name, value)


def _rows(name: str, value: object) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for key, each in value.items():
            yield from _rows(f"{name}.{key}", each)
    elif isinstance(value, tuple) and any(isinstance(each, Mapping) for each in value):
        yield from ((name, ", ".join(f"{key}: {query.as_text(part)}" for key, part in each.items())) for each in value)
    else:
        yield name, query.as_text(value)


def _task_words(task: Task, data: Mapping[str, Any]) -> str:
    state = _("open") if task.is_open else _("done") if task.done_at else _("dropped")
    doer = task.who or data.get("role")
    about = [task.text, *filter(None, (doer, data.get("department")))]
    if "needs" in data:
        about.append(_("needs {what}").format(what=data["needs"]))
    if task.due is not None:
        about.append(_("due {at}").format(at=format_instant(task.due)))
    if task.every is not None:
        about.append(_("every {length}").format(length=task.every))
    return f"{task.id} {state}, {_(task.kind)}: {', '.join(about)}"


def _not_reported(record: Record) -> str:
    return _("not reported: {command}").format(command=supplies("did:contact/progress", piece_of(record.id)))


def _deadlines(app: App, record: Record, runs: Sequence[clocks.Run], now: datetime) -> str:
    zone = app.settings.zone
    rows: list[dict[str, Cell]] = [
        {
            "clock": f"{run.clock} {run.number}",
            "due": f"{run.due_at.astimezone(zone):%Y-%m-%d %H:%M}",
            "result": _(run.result),
            "used": duration(int(run.used.total_seconds())),
            "by": _(run.basis) if run.clause is None else f"{_(run.basis)} ({run.clause})",
        }
        for run in runs
    ]
    others = [
        due
        for due in clocks.dues(record, app.settings.profile, app.settings.worktime, now)
        if due.basis in ("task", "pause")
    ]
    rows += [
        {
            "clock": due.name,
            "due": f"{due.due_at.astimezone(zone):%Y-%m-%d %H:%M}",
            "result": _(OVERDUE) if due.late > timedelta() else _("open"),
            "by": _(due.basis),
        }
        for due in others
    ]
    if not rows:
        return ""
    columns = (
        Column("clock", _("clock")),
        Column("due", _("due")),
        Column("result", _("result")),
        Column("used", _("used"), "right"),
        Column("by", _("by")),
    )
    return "\n" + render.rows(rows, columns, "table", width=app.width)


def _history(app: App, record: Record) -> str:
    events = set(map(id, record.events))
    lines = [
        f"{format_instant(event.at.astimezone(app.settings.zone))}  {visible(_event_words(event))}"
        + ("" if id(event) in events or event.did == "void" else _("  (voided)"))
        for event in record.history
    ]
    return "\n" + "\n".join(lines)


def _event_words(event: Event) -> str:
    was = event.data.get("was", {})
    details = []
    for name, value in event.data.items():
        if name == "set":
            details += [_changed(key, was, each, is_kept="was" in event.data) for key, each in event.sets.items()]
        elif name not in ("at", "by", "to", "did", "was"):
            details.append(f"{name}: {query.as_text(value)}")
    return f"{event.by}  {event.key}" + (f"  {', '.join(details)}" if details else "")


def _changed(name: str, was: Mapping[str, Any], value: Any, *, is_kept: bool) -> str:
    """A field that an event sets; with what it was, where the event has kept that."""
    return f"{name}: {shown(was.get(name))} → {shown(value)}" if is_kept else f"{name}: {shown(value)}"


def _show_json(app: App, record: Record, linked: Linked, computed: Mapping[str, Cell]) -> None:
    fields = {name: value for name, value in record.fields.items() if name != HISTORY}
    row: dict[str, Cell] = {
        **{name: as_cell(value) for name, value in fields.items()},
        "linked_from": [{"as": name, "id": other.id} for name, other in linked],
        HISTORY: [as_cell(event.data) for event in record.history],
        **computed,
    }
    app.emit([row], [Column(name, name) for name in row], "jsonl")


def _clocks_json(runs: Sequence[clocks.Run]) -> list[Cell]:
    return [
        {
            "clock": run.clock,
            "run": run.number,
            "cycle": run.cycle,
            "started_at": run.started_at,
            "due_at": run.due_at,
            "stopped_at": run.stopped_at,
            "result": run.result,
            "basis": run.basis,
            "used_seconds": int(run.used.total_seconds()),
            "clause": run.clause,
        }
        for run in runs
    ]
