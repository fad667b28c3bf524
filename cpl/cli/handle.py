"""Commands that handle a complaint: move it, speak with people, write down what was done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from gettext import gettext as _
from typing import Any, Final

import click

from cpl import workflow
from cpl.cli.app import App, pass_app
from cpl.cli.known import known_state, known_term
from cpl.cli.options import MOVED, RECORD, STATE, How, term, writes
from cpl.cli.writing import (
    Action,
    asked,
    change,
    due_instant,
    pair,
    read_text,
    sound_document,
    typed,
    who_acts,
)
from cpl.draft import Draft
from cpl.events import FOLLOW_UPS, VERBS, Event
from cpl.labels import name_of
from cpl.language import joined, later, said, told_as
from cpl.schema import did_you_mean, text
from cpl.values import replace

# What contacts and follow-ups are about; a profile may wait for further words.
_BEST: Final = 100  # so that a slip of the key does not decide over a mean
ABOUT: Final = ("acknowledge", "progress", "outcome", "reply", "written-reply")


@click.command("transition")
@click.argument("pieces", metavar="ID…", nargs=-1, type=MOVED)
@click.argument("state", metavar="STATE", type=STATE)
@click.option("--reason", metavar="TEXT", help=_("Why; some moves require it."))
@click.option("--until", metavar="INSTANT", help=_("When a pause ends: an instant, a day (its end), or 2d from now."))
@writes
@pass_app
def transition_command(
    app: App, pieces: Sequence[str], state: str, reason: str | None, until: str | None, how: How
) -> None:
    """Move complaints to another state, by the moves of the profile.

    What a move requires and the record does not have is named with the command that supplies it.
    Moving a closed complaint back reopens it: a new cycle with new deadlines. A move into a final state ends tasks that
    repeat and are not due yet; every other open task has to be done or dropped first.

    \b
    Examples:
      cpl transition 7k3 investigating
      cpl transition 7k3 8m2 resolving -m "Electrician ordered for both"
      cpl transition 7k3 on-hold --reason "part ordered" --until 2026-11-25
    """
    if not pieces:
        raise click.UsageError(_where_to(app, state))
    state = known_state(app, "STATE", state)
    at = app.acted_at(how.at)
    if app.asks:
        reason, until = _ask(app, pieces, state, how, (reason, until))
    ends = None if until is None else due_instant(app, "--until", until, after=at)

    def edit(draft: Draft) -> str:
        ended = ", ".join(task.id for task in draft.ending(state))
        before, after = draft.move(state, reason=reason or None, until=ends)
        moved = [told_as(name, app.settings.called("status", name)) for name in (before, after)]
        return joined("", [joined(" → ", moved), *([said("; {tasks} ended with it", tasks=ended)] if ended else [])])

    change(app, pieces, how, Action("transition", edit))


def _where_to(app: App, given: str) -> str:
    """What to say when only an id or only a state was given."""
    if name_of(app.settings.profile.states, given) is not None:
        return _("say which complaint goes to '{state}': cpl transition ID… {state}").format(state=given)
    record = app.read(app.store.find(given)).record
    if record is None:
        return _("say where to: cpl transition ID… STATE")
    moves = ", ".join(workflow.allowed_moves(record, app.settings.profile)) or _("no other state")
    message = _("say where to; {id} is in '{state}' and can go to: {moves}")
    return message.format(id=record.id, state=record.status, moves=moves)


def _ask(
    app: App, pieces: Sequence[str], state: str, how: How, known: tuple[str | None, str | None]
) -> tuple[str | None, str | None]:
    """The reason and the end of a pause: what is known, else asked of the person, where a move requires them."""
    reason, until = known
    who = who_acts(app, how)
    drafts = [Draft(sound_document(app, app.store.find(piece)), app.settings, who) for piece in pieces]
    needed = set().union(*(_required(draft, state) for draft in drafts))
    if "reason" in needed and not reason:
        reason = click.prompt(_("Reason"), err=True)
    if "until" in needed and not until:
        until = click.prompt(_("Until (an instant, a day, or 2d from now)"), err=True)
    return reason, until


def _required(draft: Draft, state: str) -> set[str]:
    """Which of the event's own fields the move of one record to `state` can't do without."""
    move = Event(draft.who.at, draft.who.by, state, None, {"to": state})
    settings = draft.settings
    lacks = workflow.missing(draft.record, settings.profile, move, settings.zone, settings.named_in)
    return {each.alternatives[-1] for each in lacks}


@click.command("contact")
@click.argument("pieces", metavar="ID…", nargs=-1, required=True, type=RECORD)
@click.option(
    "--via", metavar="CHANNEL", type=term("channel"), help=_("phone, visit, wechat …; asked for at a terminal.")
)
@click.option(
    "--about",
    default="progress",
    show_default=True,
    metavar="WHAT",
    help=_("acknowledge, progress, outcome, reply, written-reply …"),
)
@click.option("--reached/--not-reached", default=True, help=_("An attempt that reached nobody stops no clock."))
@writes
@pass_app
def contact_command(app: App, pieces: Sequence[str], via: str | None, about: str, reached: bool, how: How) -> None:
    """Record that the complainant was contacted, or that nobody was reached.

    \b
    Examples:
      cpl contact 7k3 --via phone --about acknowledge
      cpl contact 7k3 --via phone --about reply -m "Door fixed, she is content"
      cpl contact 7k3 --via phone --not-reached
    """
    channel = _channel(app, via)

    def edit(draft: Draft) -> str:
        draft.add({"did": "contact", "via": channel, "about": about, "reached": reached})
        via = told_as(channel, app.settings.called("channel", channel))
        words = later("contact by {via}, {about}") if reached else later("nobody reached by {via}, {about}")
        return said(words, via=via, about=told_as(about, _(about)))

    change(app, pieces, how, Action("contact", edit, logged_as=channel))
    _doubt(app, "did:contact", about)


def _channel(app: App, via: str | None) -> str:
    channels = app.settings.profile.terms["channel"]
    via = asked(app, via, _("Via"), _("say how: --via CHANNEL") + did_you_mean("", channels), channels)
    return known_term(app, "--via", "channel", via)


def _doubt(app: App, verb: str, about: str) -> None:
    """Say so when what an event is about is nearly, but not quite, what a clock or rule of the profile waits for."""
    profile = app.settings.profile
    patterns = {name for rule in profile.rules for names in rule.requires for name in names}
    patterns |= {name for clock in profile.clocks.values() for name in (*clock.stops, *clock.ends, *clock.starts)}
    waited_for = {name.removeprefix(f"{verb}/") for name in patterns if name.startswith(f"{verb}/")}
    near = get_close_matches(about, waited_for, n=1, cutoff=0.75)
    if near and about not in (*waited_for, *ABOUT):
        message = _(
            "no clock and no rule waits for '{about}'; if you meant '{near}', take it back and enter it again: "
            "cpl correct ID --void {verb} --reason TEXT"
        )
        app.say(message.format(about=about, near=near[0], verb=verb.removeprefix("did:")))


@click.command("note")
@click.argument("pieces", metavar="ID…", nargs=-1, required=True, type=RECORD)
@click.option("-f", "--file", "source", type=click.File("rb"), metavar="FILE", help=_("Read the text; - is stdin."))
@writes
@pass_app
def note_command(app: App, pieces: Sequence[str], source: Any, how: How) -> None:
    """Write something into the handling log; it moves no clock.

    \b
    Examples:
      cpl note 7k3 -m "Spare part arrives on Monday"
      cpl note 7k3 --file - < visit.txt
    """
    if source is not None and how.message is not None:
        raise click.UsageError(_("give the text once: -m TEXT or --file FILE"))
    words = how.message if source is None else read_text(source)
    words = asked(app, words, _("Note"), _("say what to note: -m TEXT or --file FILE"))
    change(app, pieces, replace(how, message=words), Action("note", lambda _draft: said("note")))


@click.command("follow-up")
@click.argument("pieces", metavar="ID…", nargs=-1, required=True, type=RECORD)
@click.option(
    "--via", metavar="CHANNEL", type=term("channel"), help=_("phone, visit, wechat …; asked for at a terminal.")
)
@click.option("--reached/--not-reached", default=True, help=_("An attempt that reached nobody meets no requirement."))
@click.option("--satisfied/--not-satisfied", default=None, help=_("What the complainant says."))
@click.option("--score", "scores", multiple=True, metavar="NAME=N", help=_("A score, such as attitude=5."))
@click.option(
    "--about",
    type=click.Choice(FOLLOW_UPS),
    default="desk",
    show_default=True,
    help=_("Who asks: the desk or a re-check."),
)
@writes
@pass_app
def follow_up_command(
    app: App,
    pieces: Sequence[str],
    via: str | None,
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
    if satisfied is not None and not reached:
        raise click.UsageError(_("who was not reached is neither satisfied nor not; leave one of the two out"))
    channel = _channel(app, via)
    if reached and satisfied is None:
        if not app.asks:
            raise click.UsageError(_("say --satisfied or --not-satisfied, or --not-reached"))
        satisfied = click.confirm(_("Satisfied?"), err=True)
    data: dict[str, Any] = {"did": "follow-up", "via": channel, "reached": reached}
    if satisfied is not None:
        data["satisfied"] = satisfied
    if scores:
        data["scores"] = _scores(scores, reached=reached)
    data["about"] = about

    def edit(draft: Draft) -> str:
        draft.add(data)
        return said(_followed_up(satisfied), via=told_as(channel, app.settings.called("channel", channel)))

    change(app, pieces, how, Action("follow-up", edit, logged_as=channel))


def _followed_up(satisfied: bool | None) -> str:
    if satisfied is None:
        return later("follow-up by {via}, nobody reached")
    return later("follow-up by {via}, satisfied") if satisfied else later("follow-up by {via}, not satisfied")


def _scores(given: Sequence[str], *, reached: bool) -> dict[str, int]:
    """The scores by name. Raises click.UsageError: nobody was reached, or one is given twice."""
    if not reached:
        raise click.UsageError(_("who was not reached gives no score; leave one of the two out"))
    scores: dict[str, int] = {}
    for name, score in map(_score, given):
        if name in scores:
            raise click.UsageError(_("the score '{name}' is given twice; leave one of them out").format(name=name))
        scores[name] = score
    return scores


def _score(text: str) -> tuple[str, int]:
    name, value = pair(text)
    if not (value.isascii() and value.isdigit()):
        message = _("'{text}' is not NAME=N with a whole number").format(text=text)
        raise click.BadParameter(message, param_hint="--score")
    if len(value) > len(str(_BEST)) or int(value) > _BEST:
        message = _("'{text}' is not a score; it goes from 0 to {most}").format(text=text, most=_BEST)
        raise click.BadParameter(message, param_hint="--score")
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

    VERB is one of: handover, arrive, finish, instruct, sign-off about=WHAT, forward whom=WHO, join, and
    agree clock=NAME due=INSTANT; each takes text=TEXT too. Other verbs have commands of their own, such as contact.

    Who joins a complaint is one person, or people=N; their name=, phone=, email=, role= and address= are added to the
    complainants, the room= to the event.

    \b
    Examples:
      cpl did 7k3 handover
      cpl did 7k3 sign-off about=plan --by sun.wei
      cpl did 7k3 agree clock=resolve due=2026-11-25T18:00
      cpl did 7k3 join name="Mr He" phone=13900001111 room=0902
      cpl did 7k3 join people=12
    """
    if verb in OWN_COMMANDS:
        message = _("'{verb}' has a command of its own: {command}")
        raise click.UsageError(message.format(verb=verb, command=OWN_COMMANDS[verb]))
    if verb not in VERBS:
        known = [name for name in VERBS if name not in OWN_COMMANDS]
        raise click.UsageError(_("'{verb}' is not a verb").format(verb=verb) + did_you_mean(verb, known))
    pairs = [*map(pair, fields), *([("about", about)] if about else [])]
    own = _WHO_JOINS if verb == "join" else ()
    person = {name: value for name, value in pairs if name in own and value.strip()}
    data = _event_data(app, verb, [each for each in pairs if each[0] not in own], how)

    def edit(draft: Draft) -> str:
        people = draft.record.people
        draft.add({"did": verb, **data})
        if verb == "join":
            _join(draft, people + data["people"], person)
        words = [told_as(each, _(each)) for each in (verb, data.get("about")) if each]
        return joined(", ", words)

    change(app, [piece], how, Action(verb, edit))


def _join(draft: Draft, people: int, person: Mapping[str, str]) -> None:
    """Count who joined, and add what is known of them where all personal data stands."""
    draft.set(["complainant", "people"], people)
    others = draft.record.get("complainant.others") or ()
    if person and others:
        draft.set(["complainant", "others", len(others)], person)
    elif person:
        draft.set(["complainant", "others"], [person])


_WHO_JOINS: Final = ("name", "phone", "email", "role", "address")
OWN_COMMANDS: Final = {
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


def _event_data(app: App, verb: str, pairs: Sequence[tuple[str, str]], how: How) -> dict[str, Any]:
    """The typed fields of an event; instants may be written as in other options.

    Raises:
        click.BadParameter, click.UsageError: a field that the verb has not, a wrong value, or a missing one.
    """
    shape = VERBS[verb]
    data: dict[str, Any] = {"people": 1} if verb == "join" else {}
    for name, value in pairs:
        if name == "due" and name in shape.fields:
            data[name] = due_instant(app, name, value, after=app.acted_at(how.at))
        else:
            data |= typed(name, value, {**shape.fields, "text": text})
    lacking = [name for name in shape.required if name not in data]
    if lacking:
        message = _("the event '{verb}' needs also: {names}")
        raise click.UsageError(message.format(verb=verb, names=" ".join(f"{name}=…" for name in lacking)))
    if "clock" in data and data["clock"] not in (clocks := app.settings.profile.clocks):
        message = _("'{clock}' is not a clock of the profile").format(clock=data["clock"])
        raise click.BadParameter(message + did_you_mean(data["clock"], clocks), param_hint="clock")
    return data
