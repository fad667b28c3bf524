"""What whoever takes a complaint in is told about it: what its channel promises, and who is to get it."""

from __future__ import annotations

from gettext import gettext as _

from cpl.cli.app import App
from cpl.document import Document
from cpl.language import spoken_now
from cpl.record import Record, load, piece_of
from cpl.routing import answer_by, route_of
from cpl.views import length


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
    by = answer_by(record, settings)
    if by is not None and channel.within is not None:
        message = _("answered within {within}, by {by}")
        within = length(channel.within, spoken_now())
        words.append(message.format(within=within, by=f"{by.astimezone(settings.zone):%Y-%m-%d %H:%M}"))
    found = _("; ").join(filter(None, words))
    return found and _("{channel}: {words}").format(channel=settings.label(channel, channel.name), words=found)


def _route_words(app: App, record: Record) -> str:
    route = None if record.get("departments") else route_of(record, app.settings.profile)
    if route is None:
        return ""
    options = " ".join(f"--department {name}" for name in route.departments)
    clause = f" ({route.clause})" if route.clause else ""
    message = _("for {departments}{clause}; next: cpl assign {piece} {options}")
    names = ", ".join(app.settings.called("departments", name) for name in route.departments)
    return message.format(departments=names, clause=clause, piece=piece_of(record.id), options=options)
