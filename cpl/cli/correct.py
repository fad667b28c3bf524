"""`cpl correct`: put a slip right by a further event, judge anew, or void an event; nothing is rubbed out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from gettext import gettext as _
from typing import Any, Final

import click

from cpl.cli.app import App, bad_parameter, pass_app
from cpl.cli.options import RECORD, How, writes
from cpl.cli.writing import Action, asked, change, in_subject, pair, typed_fields, with_names
from cpl.draft import Draft
from cpl.errors import CplError
from cpl.events import CORRECTED_FIELDS, JUDGED_FIELDS, Event
from cpl.language import joined, said
from cpl.moments import format_instant
from cpl.schema import did_you_mean

_MAY_GO: Final = ("nature", "severity", "category", "channel")


@click.command("correct")
@click.argument("piece", metavar="ID", type=RECORD)
@click.argument("fields", metavar="[NAME=VALUE]…", nargs=-1)
@click.option("--classify", is_flag=True, help=_("Not a slip: judge nature, severity, category or kind anew."))
@click.option(
    "--void",
    "voided",
    metavar="EVENT",
    help=_("Void this event: its time or its name, as `cpl show` prints."),
)
@click.option("--reason", metavar="TEXT", help=_("Why; always required."))
@click.option("--rule", metavar="CODE", help=_("The rule that a new classification follows, such as CC-3e."))
@writes
@pass_app
def correct_command(
    app: App,
    piece: str,
    fields: Sequence[str],
    classify: bool,
    voided: str | None,
    reason: str | None,
    rule: str | None,
    how: How,
) -> None:
    """Put a slip right. What was there stays in the history, with the reason for the change.

    Fields: kind, nature, severity, category, channel, lead, received_at. Only the last move can be voided, and
    never the intake: withdraw the record instead. NAME= takes a nature, severity, category or channel away.

    \b
    Examples:
      cpl correct 7k3 received_at=2026-11-22T08:50 --reason "time misread"
      cpl correct 7k3 nature=A severity=major --classify --reason "12 households" --rule CC-3e
      cpl correct 7k3 --void to:closed --reason "wrong record"
    """
    if bool(fields) == (voided is not None):
        raise click.UsageError(_("give either NAME=VALUE or --void EVENT"))
    if rule is not None and not classify:
        raise click.UsageError(_("--rule goes only with --classify; leave it out"))
    values = _values(app, fields, app.acted_at(how.at), classify=classify)
    why = asked(app, reason, _("Reason"), _("say why: --reason TEXT"))
    if voided is not None:
        named = voided
        change(app, [piece], how, Action("correct", lambda draft: _void(app, draft, named, why)))
        return
    verb = "classify" if classify else "correct"

    def edit(draft: Draft) -> str:
        event = draft.judge(verb, values, reason=why, rule=rule)
        was = event.data.get("was", {})
        changes = (
            said("{name} {was} → {now}", name=name, was=in_subject(was.get(name)), now=in_subject(value))
            for name, value in values.items()
        )
        return joined(", ", changes)

    change(app, [piece], how, Action(verb, edit))


def _values(app: App, fields: Sequence[str], at: datetime, *, classify: bool) -> dict[str, Any]:
    allowed = JUDGED_FIELDS if classify else CORRECTED_FIELDS
    pairs = []
    for field in fields:
        name, value = pair(field)
        if name not in allowed:
            message = _("'{name}' is not changed by this command").format(name=name)
            raise click.UsageError(message + did_you_mean(name, allowed))
        if not value.strip() and name not in _MAY_GO:
            message = _("{name} can't be taken away by this command; say what it is").format(name=name)
            raise click.UsageError(message)
        if name == "received_at":
            value = format_instant(bad_parameter(name, app.instant, value))
        pairs.append((name, value))
    values = typed_fields((name, value) for name, value in pairs if value.strip())
    values = with_names(app, values, at, "{name}")
    return values | {name: None for name, value in pairs if not value.strip()}


def _void(app: App, draft: Draft, named: str, reason: str) -> str:
    event = _named_event(app, draft, named)
    record = draft.record
    if event == record.history[0]:
        message = _("the intake can't be voided; withdraw the record: cpl transition {id} STATE")
        raise CplError(message.format(id=record.id))
    if event.is_move and any(each.is_move and each.sort_key() > event.sort_key() for each in record.events):
        raise CplError(_("only the last move can be voided; here another one follows"))
    draft.void(event, reason=reason)
    return said("voided {event} of {at}", event=event.key, at=format_instant(event.at))


def _named_event(app: App, draft: Draft, named: str) -> Event:
    events = [event for event in draft.record.events if event.did != "void"]
    found = [event for event in events if named in (event.key, event.did, event.to, format_instant(event.at))]
    if not found:
        at = _instant_or_none(app, named)
        found = [event for event in events if event.at == at]
    if not found:
        known = {name for event in events for name in (event.key, event.did or event.to or "")}
        message = _("{id} has no event '{named}'").format(id=draft.record.id, named=named)
        raise CplError(message + did_you_mean(named, known))
    return found[-1]


def _instant_or_none(app: App, text: str) -> Any:
    try:
        return app.instant(text)
    except ValueError:
        return None
