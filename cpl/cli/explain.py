"""`cpl explain`: how each deadline of a complaint came about, so that a supervisor can check it by hand."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from gettext import gettext as _
from typing import Final

import click

from cpl import render
from cpl.cli.app import App, pass_app
from cpl.cli.options import RECORD, at_option, output_format
from cpl.cli.task_words import fates_json, local_minute
from cpl.clocks import Due, Run, dues
from cpl.errors import CplError, Invalid
from cpl.events import Event
from cpl.explaining import Explanation, Stretch, explain
from cpl.moments import SAME_DAY, format_instant
from cpl.profile_clocks import Target
from cpl.promises import Fate, fates
from cpl.record import as_of
from cpl.render import Cell, Column, visible

_OTHERS: Final = ("task", "pause")


@click.command("explain")
@click.argument("piece", metavar="ID", type=RECORD)
@click.option("--clock", "wanted", metavar="CLOCK", help=_("Only this clock."))
@output_format("text", ("text", "json"))
@at_option
@pass_app
def explain_command(app: App, piece: str, wanted: str | None, fmt: str, at: str | None) -> None:
    """Explain each deadline of a complaint: the rule and where it stands, what counted and what did not, the result.

    The lengths of the stretches that count add up to what was used; a deadline in business hours counts only when the
    store works, all others run by the wall clock or the calendar. A task is kept or broken by the due that was in
    force when it ended, but by a former one that had passed before another was entered.

    \b
    Examples:
      cpl explain 7k3
      cpl explain 7k3 --clock resolve --at 2026-11-20T18:00
      cpl explain 7k3 --format json
    """
    entry = app.read(app.store.find(piece))
    if entry.record is None:
        raise Invalid(_("{id} can't be read; its text: cpl show {id} --raw").format(id=entry.id), entry.problems)
    if wanted is not None and wanted not in app.settings.profile.clocks:
        from cpl.schema import did_you_mean

        message = _("'{clock}' is not a clock of the profile").format(clock=wanted)
        raise click.BadParameter(message + did_you_mean(wanted, app.settings.profile.clocks), param_hint="--clock")
    now = app.read_only_instant(at)
    record = as_of(entry.record, now)
    if record is None:
        raise CplError(_("{id} had not been received by {at}").format(id=entry.id, at=format_instant(now)))
    profile, worktime = app.settings.profile, app.settings.worktime
    found = [each for each in explain(record, profile, worktime, now) if wanted in (None, each.run.clock)]
    others = [] if wanted else [each for each in dues(record, profile, worktime, now) if each.basis in _OTHERS]
    tasks = [] if wanted else fates(record, now)
    if fmt == "json":
        row = _json(app, entry.id, now, found, others) | {"task_results": fates_json(app, tasks)}
        app.emit([row], [Column(name, name) for name in row], "jsonl")
        return
    click.echo(visible(_("{id}  {title}").format(id=entry.id, title=record.title)))
    click.echo(_("as of {at}").format(at=format_instant(now.astimezone(app.settings.zone))))
    for each in found:
        click.echo(_block(app, each), nl=False)
    for task in tasks:
        click.echo(_task_block(app, task), nl=False)
    for other in others:
        if other.basis != "task":
            click.echo("\n" + _other(app, other))


def _block(app: App, each: Explanation) -> str:
    """A run as a heading, its facts, and a table of its stretches."""
    run = each.run
    rows: list[tuple[str, str]] = [
        (_("rule"), _rule(run)),
        (_("started"), _("{at} by {event}").format(at=local_minute(app, run.started_at), event=_event(run.started_by))),
        (_("due"), f"{local_minute(app, run.due_at)}{_agreed(run)}"),
        *([] if run.warn_at is None else [(_("warns"), local_minute(app, run.warn_at))]),
        *(
            []
            if run.stopped_by is None or run.stopped_at is None
            else [
                (
                    _("stopped"),
                    _("{at} by {event}").format(at=local_minute(app, run.stopped_at), event=_event(run.stopped_by)),
                )
            ]
        ),
        (_("result"), _result(each)),
    ]
    heading = _("{clock}, run {number}").format(clock=run.clock, number=run.number)
    if run.cycle > 1:
        heading += _(", cycle {cycle}").format(cycle=run.cycle)
    return f"\n{heading}\n{render.pairs(rows)}{_table(app, each.stretches)}"


def _table(app: App, stretches: Sequence[Stretch]) -> str:
    rows: list[dict[str, Cell]] = [
        {
            "from": local_minute(app, each.start),
            "to": local_minute(app, each.end),
            "length": render.duration(_seconds(each.length)),
            "counts": _("yes") if each.counts else _("no"),
            "why": ", ".join(word for word in (_(each.why), each.name, each.reason) if word),
        }
        for each in stretches
    ]
    columns = (
        Column("from", _("from")),
        Column("to", _("to")),
        Column("length", _("length"), "right"),
        Column("counts", _("counts")),
        Column("why", _("why")),
    )
    return render.rows(rows, columns, "table", width=app.width) if rows else ""


def _rule(run: Run) -> str:
    if run.target is None:
        return _("none; the date was agreed")
    target = run.target
    clause = f" ({target.clause})" if target.clause else ""
    words = _("target {name}: {within}{clause}, {place}")
    return words.format(name=target.name, within=_within(target), clause=clause, place=target.place)


def _within(target: Target) -> str:
    if target.within.unit == SAME_DAY:
        return _("the same day, until closing time")
    return str(target.within)


def _agreed(run: Run) -> str:
    return _(" (agreed)") if run.basis == "agreed" else ""


def _result(each: Explanation) -> str:
    words = _("{judged}; {used} used")
    judged = _judged(_(each.run.result), each.late)
    return words.format(judged=judged, used=render.duration(_seconds(each.run.used)))


def _judged(result: str, late: timedelta) -> str:
    if late > timedelta():
        return _("{result}, {late} late").format(result=result, late=render.duration(_seconds(late)))
    return _("{result}, {left} to spare").format(result=result, left=render.duration(_seconds(-late)))


def _task_block(app: App, fate: Fate) -> str:
    """A task as a heading and its facts: when it was made, each reschedule, the due that it is judged by, its end."""
    made_at, ended_by = fate.task.made_at, fate.ended_by
    rows: list[tuple[str, str]] = [
        *([] if made_at is None else [(_("made"), local_minute(app, made_at))]),
        *((_("moved"), _reschedule(app, event)) for event in fate.reschedules),
        (_("due"), _task_due(app, fate)),
        *([] if ended_by is None else [(_("ended"), _task_end(app, ended_by))]),
        (_("result"), _(fate.outcome) if fate.late is None else _judged(_(fate.outcome), fate.late)),
    ]
    heading = _("{kind} {task}").format(kind=_(fate.task.kind), task=fate.task.id)
    return f"\n{visible(heading)}\n{render.pairs(rows)}"


def _reschedule(app: App, event: Event) -> str:
    words = _("{at} by {event}, to {due}: {reason}")
    if "recorded_at" in event.data:
        words = _("{at} by {event}, entered {entered}, to {due}: {reason}")
    return words.format(
        at=local_minute(app, event.at),
        event=_event(event),
        entered=local_minute(app, event.data.get("recorded_at", event.at)),
        due=local_minute(app, event.data["set"]["due"]),
        reason=event.data["reason"],
    )


def _task_due(app: App, fate: Fate) -> str:
    if fate.due_at is None:
        return _("none")
    at = local_minute(app, fate.due_at)
    return _("{at} (it had passed before the next one was entered)").format(at=at) if fate.was_moved_too_late else at


def _task_end(app: App, event: Event) -> str:
    return _("{at} by {event}").format(at=local_minute(app, event.at), event=_event(event))


def _other(app: App, due: Due) -> str:
    """The end of a pause, which needs no explanation but its date."""
    words = _("{basis} {name}: due {at}, {late} late") if due.late > timedelta() else _("{basis} {name}: due {at}")
    late = render.duration(_seconds(due.late)) if due.late > timedelta() else ""
    return visible(words.format(basis=_(due.basis), name=due.name, at=local_minute(app, due.due_at), late=late))


def _event(event: Event) -> str:
    about = event.data.get("about")
    name = f"{event.key}/{about}" if about else event.key
    return visible(_("{event} of {by}").format(event=name, by=event.by))


def _seconds(length: timedelta) -> int:
    return int(length.total_seconds())


def _json(
    app: App, identifier: str, now: datetime, found: Sequence[Explanation], others: Sequence[Due]
) -> dict[str, Cell]:
    return {
        "id": identifier,
        "at": _local(app, now),
        "clocks": [_clock_json(app, each) for each in found],
        "others": [
            {
                "basis": each.basis,
                "name": each.name,
                "due_at": _local(app, each.due_at),
                "late_seconds": _seconds(each.late),
                "who": each.who,
            }
            for each in others
        ],
    }


def _clock_json(app: App, each: Explanation) -> Cell:
    run = each.run
    return {
        "clock": run.clock,
        "cycle": run.cycle,
        "run": run.number,
        "basis": run.basis,
        "rule": _rule_json(run.target),
        "started_at": _local(app, run.started_at),
        "started_by": run.started_by.key,
        "due_at": _local(app, run.due_at),
        "warn_at": None if run.warn_at is None else _local(app, run.warn_at),
        "stopped_at": None if run.stopped_at is None else _local(app, run.stopped_at),
        "stopped_by": None if run.stopped_by is None else run.stopped_by.key,
        "result": run.result,
        "used_seconds": _seconds(run.used),
        "late_seconds": _seconds(each.late),
        "intervals": [
            {
                "from": _local(app, part.start),
                "to": _local(app, part.end),
                "seconds": _seconds(part.length),
                "counts": part.counts,
                "why": part.why,
                "name": part.name,
                "reason": part.reason,
            }
            for part in each.stretches
        ],
    }


def _rule_json(target: Target | None) -> Cell:
    if target is None:
        return None
    return {
        "target": target.name,
        "within": str(target.within),
        "warn": None if target.warn is None else str(target.warn),
        "when": {name: list(values) for name, values in target.when.items()},
        "since": None if target.since is None else target.since.isoformat(),
        "clause": target.clause,
        "place": target.place,
    }


def _local(app: App, instant: datetime) -> datetime:
    return instant.astimezone(app.settings.zone)
