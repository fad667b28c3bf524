"""What whoever takes a complaint in is told about it: what its channel promises, and who is to get it."""

from __future__ import annotations

from gettext import gettext as _

from cpl.cli.app import App
from cpl.document import Document
from cpl.record import Record, load, piece_of
from cpl.routing import answer_by, route_of


def tell_duties(app: App, document: Document) -> None:
    """Say what is to be told to the complainant (CS-2), and the command that dispatches the complaint (RO-2)."""
    record, _problems = load(document)
    if record is None:
        return
    for line in (_channel_words(app, record), _route_words(app, record)):
        if line:
            app.say(line)


def _channel_words(app: App, record: Record) -> str:
    settings = app.settings
    channel = settings.profile.channels.get(record.get("channel") or "")
    if channel is None:
        return ""
    words = [settings.in_language(channel.scope)]
    if (by := answer_by(record, settings)) is not None:
        message = _("answered within {within}, by {by}")
        words.append(message.format(within=channel.within, by=f"{by.astimezone(settings.zone):%Y-%m-%d %H:%M}"))
    found = "; ".join(filter(None, words))
    return found and f"{settings.label(channel, channel.name)}: {found}"


def _route_words(app: App, record: Record) -> str:
    route = None if record.get("departments") else route_of(record, app.settings.profile)
    if route is None:
        return ""
    options = " ".join(f"--department {name}" for name in route.departments)
    clause = f" ({route.clause})" if route.clause else ""
    message = _("for {departments}{clause}; next: cpl assign {piece} {options}")
    names = ", ".join(route.departments)
    return message.format(departments=names, clause=clause, piece=piece_of(record.id), options=options)
