"""Commands that handle a complaint: move it, hand it on, speak with people, write down what was done."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from gettext import gettext as _
from typing import Any

import click

from cpl import workflow
from cpl.cli.app import App, pass_app
from cpl.cli.options import PERSON, RECORD, STATE, How, term, writes
from cpl.cli.writing import Action, change, due_instant, pair
from cpl.draft import Draft
from cpl.errors import CplError
from cpl.events import VERBS
from cpl.schema import did_you_mean


@click.command("transition")
@click.argument("pieces", metavar="ID…", nargs=-1, required=True, type=RECORD)
@click.argument("state", type=STATE)
@click.option("--reason", metavar="TEXT", help=_("Why; some moves require it."))
@click.option(
    "--until", metavar="INSTANT", help=_("When a pause ends: an instant, a day (its end), or 2d from now.")
)
@writes
@pass_app
def transition_command(
    app: App, pieces: Sequence[str], state: str, reason: str | None, until: str | None, how: How
) -> None:
    """Move complaints to another state, by the moves of the profile.

    What a move requires and the record does not have is named with the command that supplies it.
    Moving a closed complaint back reopens it: a new cycle with new deadlines.

    \b
    Examples:
      cpl transition 7k3 investigating
      cpl transition 7k3 8m2 resolving -m "Electrician ordered for both"
      cpl transition 7k3 on-hold --reason "part ordered" --until 2026-11-25
    """
    ends = None if until is None else due_instant(app, "--until", until)
    state = _known_state(app, state)

    def edit(draft: Draft) -> str:
        asked_reason, asked_until = _ask(app, draft, state, reason, ends)
        before, after = draft.move(state, reason=asked_reason, until=asked_until)
        return f"{before} → {after}"

    change(app, pieces, how, Action("transition", edit))


def _known_state(app: App, state: str) -> str:
    states = app.settings.profile.states
    if state not in states:
        message = _("'{state}' is not a state of the profile").format(state=state)
        raise click.BadParameter(message + did_you_mean(state, states), param_hint="STATE")
    return state


def _ask(
    app: App, draft: Draft, state: str, reason: str | None, until: datetime | None
) -> tuple[str | None, datetime | None]:
    """Ask a person at a terminal for the reason and the end of a pause, where the move requires them."""
    if not app.asks:
        return reason, until
    names = required_of_event(app, draft, state)
    if "reason" in names and reason is None:
        reason = click.prompt(_("Reason"), err=True)
    if "until" in names and until is None:
        until = due_instant(app, "--until", click.prompt(_("Until"), err=True))
    return reason, until


def required_of_event(app: App, draft: Draft, state: str) -> set[str]:
    """Which of the event's own fields a move to `state` can't do without."""
    from cpl.events import Event

    move = Event(draft.who.at, draft.who.by, state, None, {"to": state})
    lacks = workflow.missing(draft.record, app.settings.profile, move, app.settings.zone)
    return {each.alternatives[-1] for each in lacks}


@click.command("assign")
@click.argument("pieces", metavar="ID…", nargs=-1, required=True, type=RECORD)
@click.option("--to", "assignee", metavar="PERSON", type=PERSON, help=_("Who does the work."))
@click.option("--department", "departments", metavar="NAME", multiple=True, type=term("departments"))
@writes
@pass_app
def assign_command(
    app: App, pieces: Sequence[str], assignee: str | None, departments: Sequence[str], how: How
) -> None:
    """Give complaints to a person, to departments, or both. The lead, who took it in, stays.

    \b
    Examples:
      cpl assign 7k3 --to zhao.qiang
      cpl assign 7k3 --department engineering --department security
    """
    given: dict[str, Any] = {}
    if assignee is not None:
        given["assignee"] = assignee
    if departments:
        given["departments"] = list(departments)
    if not given:
        raise click.UsageError(_("say to whom: --to PERSON, --department NAME, or both"))

    def edit(draft: Draft) -> str:
        draft.add({"did": "assign", "set": given})
        names = [*departments, *([assignee] if assignee else [])]
        return _("assigned to {names}").format(names=", ".join(names))

    change(app, pieces, how, Action("assign", edit))


@click.command("contact")
@click.argument("pieces", metavar="ID…", nargs=-1, required=True, type=RECORD)
@click.option(
    "--via", required=True, metavar="CHANNEL", type=term("channel"), help=_("phone, visit, wechat …")
)
@click.option(
    "--about",
    default="progress",
    show_default=True,
    metavar="WHAT",
    help=_("acknowledge, progress, outcome, reply, written-reply …"),
)
@click.option(
    "--reached/--not-reached", default=True, help=_("An attempt that reached nobody stops no clock.")
)
@writes
@pass_app
def contact_command(app: App, pieces: Sequence[str], via: str, about: str, reached: bool, how: How) -> None:
    """Record that the complainant was contacted, or that nobody was reached.

    \b
    Examples:
      cpl contact 7k3 --via phone --about acknowledge
      cpl contact 7k3 --via phone --about reply -m "Door fixed, she is content"
      cpl contact 7k3 --via phone --not-reached
    """

    def edit(draft: Draft) -> str:
        draft.add({"did": "contact", "via": via, "about": about, "reached": reached})
        words = _("contact by {via}, {about}") if reached else _("nobody reached by {via}, {about}")
        return words.format(via=via, about=about)

    change(app, pieces, how, Action("contact", edit, logged_as=via))


@click.command("note")
@click.argument("pieces", metavar="ID…", nargs=-1, required=True, type=RECORD)
@click.option(
    "-f", "--file", "source", type=click.File("r", encoding="utf-8"), help=_("Read the text; - is stdin.")
)
@writes
@pass_app
def note_command(app: App, pieces: Sequence[str], source: Any, how: How) -> None:
    """Write something into the handling log; it moves no clock.

    \b
    Examples:
      cpl note 7k3 -m "Spare part arrives on Monday"
      cpl note 7k3 --file - < visit.txt
    """
    from dataclasses import replace

    words = source.read() if source is not None else how.message
    if not words and app.asks:
        words = click.prompt(_("Note"), err=True)
    if not words or not words.strip():
        raise click.UsageError(_("say what to note: -m TEXT or --file FILE"))

    change(app, pieces, replace(how, message=words), Action("note", lambda _draft: _("note")))


@click.command("follow-up")
@click.argument("pieces", metavar="ID…", nargs=-1, required=True, type=RECORD)
@click.option("--via", required=True, metavar="CHANNEL", type=term("channel"))
@click.option("--reached/--not-reached", default=True)
@click.option("--satisfied/--not-satisfied", default=None, help=_("What the complainant says."))
@click.option("--score", "scores", multiple=True, metavar="NAME=N", help=_("A score, such as attitude=5."))
@click.option(
    "--about", default="desk", show_default=True, metavar="LEVEL", help=_("desk, management or office.")
)
@writes
@pass_app
def follow_up_command(
    app: App,
    pieces: Sequence[str],
    via: str,
    reached: bool,
    satisfied: bool | None,
    scores: Sequence[str],
    about: str,
    how: How,
) -> None:
    """Record a follow-up call or visit and whether the complainant is satisfied (CS-9).

    \b
    Examples:
      cpl follow-up 7k3 --via phone --satisfied --score attitude=5
      cpl follow-up 7k3 --via visit --not-satisfied -m "Light is out again"
      cpl follow-up 7k3 --via phone --not-reached
    """
    if reached and satisfied is None:
        if not app.asks:
            raise click.UsageError(_("say --satisfied or --not-satisfied, or --not-reached"))
        satisfied = click.confirm(_("Satisfied?"), err=True)
    data: dict[str, Any] = {"did": "follow-up", "via": via, "reached": reached}
    if satisfied is not None and reached:
        data["satisfied"] = satisfied
    if scores:
        data["scores"] = dict(_score(each) for each in scores)
    data["about"] = about

    def edit(draft: Draft) -> str:
        draft.add(data)
        if not reached:
            return _("follow-up by {via}, nobody reached").format(via=via)
        words = _("follow-up by {via}, satisfied") if satisfied else _("follow-up by {via}, not satisfied")
        return words.format(via=via)

    change(app, pieces, how, Action("follow-up", edit, logged_as=via))


def _score(text: str) -> tuple[str, int]:
    name, value = pair(text)
    if not (value.isascii() and value.isdigit()):
        raise click.BadParameter(_("'{text}' is not NAME=N with a whole number").format(text=text))
    return name, int(value)


@click.command("did")
@click.argument("piece", metavar="ID", type=RECORD)
@click.argument("verb")
@click.argument("fields", metavar="[NAME=VALUE]…", nargs=-1)
@click.option("--about", metavar="WHAT", help=_("What it was about; the same as about=WHAT."))
@writes
@pass_app
def did_command(app: App, piece: str, verb: str, fields: Sequence[str], about: str | None, how: How) -> None:
    """Record any event of the history by its verb.

    VERB is one of: arrive, finish, handover, instruct, sign-off, forward, join, agree, and the verbs that have
    commands of their own (assign, contact, follow-up, classify, correct, reschedule, done, drop, void).

    \b
    Examples:
      cpl did 7k3 handover
      cpl did 7k3 sign-off about=plan --by sun.wei
      cpl did 7k3 agree clock=resolve due=2026-11-25T18:00:00+08:00
      cpl did 7k3 join people=1 room=3-1-0902
    """
    if verb in _OWN_COMMANDS:
        raise click.UsageError(
            _("'{verb}' has a command of its own: {command}").format(verb=verb, command=_OWN_COMMANDS[verb])
        )
    if verb not in VERBS:
        raise click.UsageError(_("'{verb}' is not a verb").format(verb=verb) + did_you_mean(verb, VERBS))
    pairs = [pair(field) for field in fields] + ([("about", about)] if about else [])
    data = _event_data(app, verb, pairs)

    def edit(draft: Draft) -> str:
        draft.add({"did": verb, **data})
        if verb == "join":
            draft.set(["complainant", "people"], draft.record.people + data["people"])
        return verb + (f", {data['about']}" if "about" in data else "")

    change(app, [piece], how, Action(verb, edit))


_OWN_COMMANDS = {
    "assign": "cpl assign",
    "contact": "cpl contact",
    "follow-up": "cpl follow-up",
    "classify": "cpl correct --classify",
    "correct": "cpl correct",
    "reschedule": "cpl task ID due",
    "done": "cpl task ID done",
    "drop": "cpl task ID drop",
    "void": "cpl correct --void",
}


def _event_data(app: App, verb: str, pairs: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """The typed fields of an event; instants may be written as in other options."""
    from cpl.errors import Invalid
    from cpl.schema import struct
    from cpl.yaml_reader import MappingNode, Source, read
    from cpl.yaml_writer import entry

    given = {name: due_instant(app, name, value) if name == "due" else value for name, value in pairs}
    source = Source(_("(options)"), "".join(entry(name, value) for name, value in given.items()) or "{}\n")
    node, problems = read(source, 0, len(source.text))
    if not isinstance(node, MappingNode):
        raise CplError(_("these are not NAME=VALUE pairs"))
    shape = VERBS[verb]
    data: dict[str, Any] = struct({**shape.fields}, shape.required, extra=True)(node, problems) or {}
    if problems:
        raise Invalid(_("the event '{verb}' can't be taken:").format(verb=verb), problems)
    return data
