"""`cpl task`: promises, appointments and steps of a complaint; added, done, dropped, rescheduled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from gettext import gettext as _
from typing import Any, Final

import click

from cpl import tasks
from cpl.cli.app import App, bad_parameter, pass_app
from cpl.cli.known import known_term
from cpl.cli.options import PERSON, RECORD, How, term, writes
from cpl.cli.writing import Action, asked, change, due_instant
from cpl.draft import Draft
from cpl.language import said
from cpl.moments import parse_duration
from cpl.profile_rules import TASK_KINDS
from cpl.promises import unreported
from cpl.record import piece_of
from cpl.workflow import supplies

_USED: Final = {
    "add": ("kind", "who", "department", "needs", "due", "every"),
    "done": ("reason",),
    "drop": ("reason",),
    "due": ("due", "reason"),
    "give": ("who",),
}


@click.command("task")
@click.argument("piece", metavar="ID", type=RECORD)
@click.argument("what", metavar="|".join(_USED), type=click.Choice(list(_USED)))
@click.argument("task_or_text", metavar="TASK|TEXT")
@click.option(
    "--kind", type=click.Choice(TASK_KINDS), help=_("What kind of task; default: {kind}.").format(kind=TASK_KINDS[-1])
)
@click.option("--who", metavar="PERSON", type=PERSON, help=_("Who does it; default: the assignee or lead answers."))
@click.option("--department", metavar="NAME", type=term("departments"), help=_("Whose part it is, as in --kind part."))
@click.option("--needs", metavar="TEXT", help=_("What it takes: people, material, money (CS-6)."))
@click.option("--due", metavar="INSTANT", help=_("By when: an instant, a day (its end), or 2d from now."))
@click.option("--every", metavar="DURATION", help=_("It repeats: done, it comes again so much later, as in 1d."))
@click.option("--reason", metavar="TEXT", help=_("Why it is dropped or gets another due."))
@writes
@pass_app
def task_command(
    app: App,
    /,
    piece: str,
    what: str,
    task_or_text: str,
    due: str | None,
    reason: str | None,
    how: How,
    **given: str | None,
) -> None:
    """Add a task, say that one is done, dropped or due at another time, or give it to somebody. A promise is a task.

    One that repeats (--every) comes again when it is done, until it is dropped or the complaint is finished. A
    milestone that is reached is to be told to the complainant (CS-7).

    \b
    Examples:
      cpl task 7k3 add "Two buckets of water for each flat" --kind promise --due 2026-11-17T12:00
      cpl task 7k3 add "Look after Mr Sun" --every 1d --due 2026-11-18T09:00
      cpl task 7k3 add "Pipe of riser 2" --kind part --department engineering --due 3d
      cpl task 7k3 done t-4hq2
      cpl task 7k3 drop t-4hq2 --reason "water is back"
      cpl task 7k3 due t-4hq2 --due 2026-11-18 --reason "agreed with Ms Wang"
      cpl task 7k3 give t-4hq2 --who zhao.qiang
    """
    _refuse_unused(what, {"due": due, "reason": reason, **given})
    due_at = None if due is None else due_instant(app, "--due", due, after=app.acted_at(how.at))
    if what == "due" and due_at is None:
        raise click.UsageError(_("say the new due: --due INSTANT"))
    if what in ("drop", "due"):
        reason = asked(app, reason, _("Reason"), _("say why: --reason TEXT"))
    if what == "give":
        who = _doer(app, given["who"] or asked(app, None, _("Who"), _("say who does it: --who PERSON")), how)
        change(app, [piece], how, Action("task", lambda draft: tasks.give(draft, task_or_text, who)))
        return
    if what == "add":
        new = _new_task(app, task_or_text, given, how) | {"due": due_at, "every": given["every"]}
        change(app, [piece], how, Action("task", lambda draft: _add(app, draft, new)))
        return
    ended = _Ended(what, task_or_text, {"due": due_at, "reason": reason})
    change(app, [piece], how, Action("task", ended.enter))
    if ended.untold is not None:
        app.say(_("a milestone is reported to who complained: {command}").format(command=ended.untold))


@dataclass
class _Ended:
    """How a task ends; then, of a milestone, the command that tells the complainant."""

    what: str
    task: str
    given: Mapping[str, Any]
    untold: str | None = None

    def enter(self, draft: Draft) -> str:
        """Enter it; what was done, in words."""
        words = tasks.end(draft, self.what, self.task, self.given)
        record = draft.record
        if self.task in {task.id for task in unreported(record)}:
            self.untold = supplies("did:contact/progress", piece_of(record.id))
        return words


def _new_task(app: App, text: str, given: Mapping[str, str | None], how: How) -> dict[str, Any]:
    """The fields of a new task but for its dues.

    Raises:
        click.UsageError: it says nothing, or names what there is not.
    """
    if not text.strip():
        raise click.UsageError(_("say what is to be done: cpl task ID add TEXT"))
    who, department, every = given["who"], given["department"], given["every"]
    if who is not None:
        _doer(app, who, how)
    if department is not None:
        department = known_term(app, "--department", "departments", department)
    if every is not None:
        bad_parameter("--every", parse_duration, every)
    kind = given["kind"] or TASK_KINDS[-1]
    return {"kind": kind, "text": text, "who": who, "department": department, "needs": given["needs"]}


def _doer(app: App, who: str, how: How) -> str:
    """Who does a task: one of the people who is still there, or anybody who is none of them."""
    return app.present_person("--who", who, app.acted_at(how.at)) if who in app.settings.people else who


def _add(app: App, draft: Draft, new: Mapping[str, Any]) -> str:
    return said("task {id} added", id=tasks.add(draft, new, app.choose))


def _refuse_unused(what: str, given: Mapping[str, str | None]) -> None:
    """Raise click.UsageError for an option that would have no effect."""
    for name, value in given.items():
        if value is not None and name not in _USED[what]:
            message = _("{option} has no effect on 'task {what}'; leave it out")
            raise click.UsageError(message.format(option=f"--{name}", what=what))
