"""The card of a lone elderly resident, at hand when something comes in from the room (RQ-12); nothing of it is kept."""

from __future__ import annotations

from collections.abc import Mapping
from gettext import gettext as _
from typing import Any, Final

from cpl import query, registers
from cpl.cli.app import App
from cpl.errors import CplError
from cpl.registers import Row
from cpl.render import pairs

_CARD: Final = ("name", "phone", "born", "blood_type", "history", "contacts", "note")


def show_cards(app: App, location: Mapping[str, Any]) -> None:
    """Say on stderr who lives alone in the room, and at a terminal what 120 is told and whom to call.

    Elsewhere, where the words might be kept, it names the row alone. A register that is not right is told, and nothing
    else comes of it.
    """
    try:
        rows = registers.read(app.store.file, "residents")
    except CplError as error:
        app.say(str(error))
        return
    for row in registers.residents_of(rows, location):
        message = _("a lone elderly resident lives in room {room}; the card: cpl register residents show {row}")
        app.say(message.format(room=location["room"], row=row["id"]))
        if app.is_watched:
            app.say(_card(row))


def _card(row: Row) -> str:
    lines = [(_(name), query.as_text(row[name])) for name in _CARD if name in row]
    return "".join(f"  {line}\n" for line in pairs(lines).splitlines()).rstrip("\n")
