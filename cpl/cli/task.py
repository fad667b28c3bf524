"""`cpl task`: promises, appointments and steps of a complaint; added, done, dropped, rescheduled."""

from __future__ import annotations

from collections.abc import Mapping
from gettext import gettext as _
from typing import Any, Final

import click

from cpl.cli.app import App, pass_app
from cpl.cli.options import PERSON, RECORD, How, writes
from cpl.cli.writing import Action, asked, change, due_instant
from cpl.draft import Draft, task_index
from cpl.errors import CplError
from cpl.language import later, said
from cpl.record import TASK_KINDS

_LETTERS: Final = "0123456789abcdefghijkmnpqrstuvwxyz"


@click.command("task")
@click.argument("piece", metavar="ID", type=RECORD)
@click.argument("what", metavar="add|done|drop|due", type=click.Choice(["add", "done", "drop", "due"]))
@click.argument("task_or_text", metavar="TASK|TEXT")
@click.option(
    "--kind", type=click.Choice(TASK_KINDS), help=_("What kind of task; default: {kind}.").format(kind=TASK_KINDS[-1])
)
@click.option("--who", metavar="PERSON", type=PERSON, help=_("Who does it; default: the assignee or lead answers."))
@click.option("--due", metavar="INSTANT", help=_("By when: an instant, a day (its end), or 2d from now."))
@click.option("--reason", metavar="TEXT", help=_("Why it is dropped or gets another due."))
@writes
@pass_app
def task_command(
    app: App,
    piece: str,
    what: str,
    task_or_text: str,
    kind: str | None,
    who: str | None,
    due: str | None,
    reason: str | None,
    how: How,
) -> None:
    """Add a task, or say that one is done, dropped or due at another time. A promise is a task (CL-4).

    \b
    Examples:
      cpl task 7k3 add "Two buckets of water for each flat" --kind promise --due 2026-11-17T12:00
      cpl task 7k3 done t-4hq2
      cpl task 7k3 drop t-4hq2 --reason "water is back"
      cpl task 7k3 due t-4hq2 --due 2026-11-18 --reason "agreed with Ms Wang"
    """
    _refuse_unused(what, {"--kind": kind, "--who": who, "--due": due, "--reason": reason})
    due_at = None if due is None else due_instant(app, "--due", due, after=app.acted_at(how.at))
    if what == "due" and due_at is None:
        raise click.UsageError(_("say the new due: --due INSTANT"))
    if what in ("drop", "due"):
        reason = asked(app, reason, _("Reason"), _("say why: --reason TEXT"))
    if what == "add":
        if not task_or_text.strip():
            raise click.UsageError(_("say what is to be done: cpl task ID add TEXT"))
        if who is not None and who in app.settings.people:
            app.present_person("--who", who, app.acted_at(how.at))
        new = {"kind": kind or TASK_KINDS[-1], "text": task_or_text, "who": who, "due": due_at}
        change(app, [piece], how, Action("task", lambda draft: _add(app, draft, new)))
        return
    done = {"due": due_at, "reason": reason}
    change(app, [piece], how, Action("task", lambda draft: _end(draft, what, task_or_text, done)))


_USED: Final = {
    "add": ("--kind", "--who", "--due"),
    "done": ("--reason",),
    "drop": ("--reason",),
    "due": ("--due", "--reason"),
}


def _refuse_unused(what: str, given: Mapping[str, str | None]) -> None:
    """Raise click.UsageError for an option that would have no effect."""
    for option, value in given.items():
        if value is not None and option not in _USED[what]:
            message = _("{option} has no effect on 'task {what}'; leave it out")
            raise click.UsageError(message.format(option=option, what=what))


def _end(draft: Draft, what: str, task_id: str, given: Mapping[str, Any]) -> str:
    """Enter that a task is done, dropped or due at another time."""
    task = draft.record.tasks[task_index(draft.record, task_id)]
    if not task.is_open:
        message = _("{id}: task {task} is {what} already; add a new one: cpl task {id} add TEXT")
        ended = _("dropped") if task.done_at is None else _("done")
        raise CplError(message.format(id=draft.record.id, task=task.id, what=ended))
    event: dict[str, Any] = {"did": what, "task": task.id}
    if what == "due":
        was = {} if task.due is None else {"due": task.due}
        event = {"did": "reschedule", "task": task.id, "set": {"due": given["due"]}, "was": was}
    draft.add(event | ({"reason": given["reason"]} if given["reason"] else {}))
    return said(_SAID[what], id=task.id)


_SAID: Final = {
    "done": later("task {id} done"),
    "drop": later("task {id} dropped"),
    "due": later("task {id} rescheduled"),
}


def _add(app: App, draft: Draft, new: dict[str, Any]) -> str:
    taken = {task.id for task in draft.record.tasks}
    while (identifier := "t-" + "".join(app.choose(_LETTERS) for _position in range(4))) in taken:
        continue
    data = {"id": identifier, "kind": new["kind"], "text": new["text"], "who": new["who"]}
    data |= {"made_at": draft.who.at, "due": new["due"]}
    draft.append("tasks", {name: value for name, value in data.items() if value is not None})
    return said("task {id} added", id=identifier)
