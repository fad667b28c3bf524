"""Playbooks that fit a complaint: as a hint when it is taken in, and as a list."""

from __future__ import annotations

from gettext import gettext as _
from typing import Final

from cpl import sections, shelf
from cpl.cli.app import App
from cpl.document import Document
from cpl.record import DESCRIPTION_SECTION, Record, load, piece_of
from cpl.renames import current
from cpl.shelf import Fitting

_NAMED: Final = 3


def fitting(app: App, document: Document) -> list[Fitting]:
    """The playbooks that fit the record that a document holds, the best first."""
    record = _record(app, document)
    if record is None:
        return []
    description = sections.section(document, DESCRIPTION_SECTION) or ""
    words = "\n".join([record.title, str(record.get("object") or ""), description])
    return shelf.fitting(app.store.root, app.settings, record.get("category"), words)


def _record(app: App, document: Document) -> Record | None:
    record, _problems = load(document)
    return None if record is None else current(record, app.settings.profile)


def hint_at_playbook(app: App, document: Document) -> None:
    """Say which playbook fits best a complaint that has just been taken in; of several that fit as well, the first."""
    record, found = _record(app, document), fitting(app, document)
    if record is None or not found:
        return
    best = [each.name for each in found if each.fit.rank == found[0].fit.rank]
    piece = piece_of(record.id)
    if len(best) == 1:
        app.say(_("playbook: {name}  (cpl playbook apply {piece} {name})").format(name=best[0], piece=piece))
    else:
        names = ", ".join(best[:_NAMED]) + (", …" if len(best) > _NAMED else "")
        app.say(_("playbooks: {names}  (cpl playbook suggest {piece})").format(names=names, piece=piece))
