"""`cpl task`: promises, appointments and steps of a complaint; added, done, dropped, rescheduled."""

from __future__ import annotations

from gettext import gettext as _
from typing import Any, Final

import click

from cpl.cli.app import App, pass_app
from cpl.cli.options import PERSON, RECORD, How, writes
from cpl.cli.writing import Action, change, due_instant
from cpl.draft import Draft, task_index
from cpl.record import TASK_KINDS

_LETTERS: Final = "0123456789abcdefghijkmnpqrstuvwxyz"


@click.command("task")
@click.argument("piece", metavar="ID", type=RECORD)
@click.argument("what", metavar="add|done|drop|due", type=click.Choice(["add", "done", "drop", "due"]))
@click.argument("task_or_text", metavar="TASK|TEXT")
@click.option("--kind", type=click.Choice(TASK_KINDS), default="action", show_default=True)
@click.option(
    "--who", metavar="PERSON", type=PERSON, help=_("Who does it; default: the assignee or lead answers.")
)
@click.option("--due", metavar="INSTANT", help=_("By when: an instant, a day (its end), or 2d from now."))
@click.option("--reason", metavar="TEXT", help=_("Why it is dropped or gets another due."))
@writes
@pass_app
def task_command(
    app: App,
    piece: str,
    what: str,
    task_or_text: str,
    kind: str,
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
    due_at = None if due is None else due_instant(app, "--due", due)
    if what == "due" and due_at is None:
        raise click.UsageError(_("say the new due: --due INSTANT"))
    if what in ("drop", "due") and not reason:
        if not app.asks:
            raise click.UsageError(_("say why: --reason TEXT"))
        reason = click.prompt(_("Reason"), err=True)
    if what == "add":
        new = {"kind": kind, "text": task_or_text, "who": who, "due": due_at}
        change(app, [piece], how, Action("task", lambda draft: _add(app, draft, new)))
        return

    def edit(draft: Draft) -> str:
        index = task_index(draft.record, task_or_text)
        task = draft.record.tasks[index]
        if what == "due":
            was = {} if task.due is None else {"due": task.due}
            event: dict[str, Any] = {"did": "reschedule", "task": task.id, "set": {"due": due_at}, "was": was}
        else:
            event = {"did": what, "task": task.id}
        draft.add(event | ({"reason": reason} if reason else {}))
        return _("task {id} {what}").format(id=task.id, what=_SAID[what])

    change(app, [piece], how, Action("task", edit))


_SAID: Final = {"done": "done", "drop": "dropped", "due": "rescheduled"}


def _add(app: App, draft: Draft, new: dict[str, Any]) -> str:
    taken = {task.id for task in draft.record.tasks}
    while (identifier := "t-" + "".join(app.choose(_LETTERS) for _position in range(4))) in taken:
        continue
    data = {"id": identifier, "kind": new["kind"], "text": new["text"], "who": new["who"]}
    data |= {"made_at": draft.who.at, "due": new["due"]}
    draft.append("tasks", {name: value for name, value in data.items() if value is not None})
    return _("task {id} added").format(id=identifier)
