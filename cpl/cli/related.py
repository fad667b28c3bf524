"""Records that may belong to another one: those like it, and those that are linked with it; found by reading files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta
from gettext import gettext as _
from typing import Final

from cpl import sections, tree
from cpl.cli.app import App
from cpl.document import Document
from cpl.groups import links_of
from cpl.record import DESCRIPTION_SECTION, Record, load, piece_of
from cpl.similar import Near, Search, Told
from cpl.store import RECORDS, Entry, read_entry
from cpl.values import replace

_HINTED: Final = 3


def told(record: Record, document: Document) -> Told:
    """The record with its description."""
    return Told(record, sections.section(document, DESCRIPTION_SECTION) or "")


def like(app: App, search: Search, entries: Iterable[Entry]) -> list[Near]:
    """Those of the entries that are like what is looked for, the likest first; not those that left the figures."""
    found = []
    for entry in entries:
        if entry.record is None or not app.settings.profile.counts(entry.record.status):
            continue
        near = search.nearness(entry.record)
        document = None if near is None else entry.document or app.read(entry.path).document
        if near is not None and document is not None:
            found.append(replace(near, told=told(entry.record, document)))
    return search.ranked(found)


def hint_at_similar(app: App, document: Document) -> None:
    """Say so when a complaint that has just been taken in is like others; it stays as it is.

    Only the folders of the days around it are read, so that the intake does not become slower with the years. A record
    that can't be read is left out: other commands name it.
    """
    record, _problems = load(document)
    if record is None:
        return
    search = Search(told(record, document), app.settings.profile.relations.similar, app.settings.zone)
    found = [near for near in like(app, search, _around(app, search)) if not near.links]
    if not found:
        return
    app.say(_("perhaps about the same; all of them: cpl similar {piece}").format(piece=piece_of(record.id)))
    for near in found[:_HINTED]:
        app.say(f"  {near.record.id}  {near.record.title} ({near.reason()})")
    message = _("if so: cpl link {piece} {other} --as {name}")
    name = next(iter(app.settings.profile.relations.links), "NAME")
    other = piece_of(found[0].record.id) if len(found) == 1 else "ID"
    app.say(message.format(piece=piece_of(record.id), other=other, name=name))


def _around(app: App, search: Search) -> Iterator[Entry]:
    """The records in the folders of the days in which similar ones may have been received; most are not parsed."""
    marks = [mark.encode() for mark in search.marks()]
    day, last = search.first_to_last()
    while marks and day <= last:
        for path in tree.record_files(app.store.root, f"{RECORDS}/{day:%Y/%m/%d}"):
            data = app.store.bytes_of(path)
            if isinstance(data, bytes) and any(mark in data for mark in marks):
                yield read_entry(path, data)
        day += timedelta(days=1)


def linked_from(app: App, identifier: str) -> list[tuple[str, Record]]:
    """The records on which a link to this one stands, each with the link's name, in the order of ids."""
    found = []
    for path in app.paths(lambda index: index.linked_to(identifier)):
        data = app.store.bytes_of(path)
        # Most files are told apart without being parsed.
        if isinstance(data, bytes) and identifier.encode() in data:
            entry = app.read(path)
            if entry.record is None:
                app.say(_("unreadable: {problem}").format(problem=entry.problems[0]))
                continue
            found += [(name, entry.record) for name, to in links_of(entry.record) if to == identifier]
    return sorted(found, key=lambda each: (each[1].id, each[0]))
