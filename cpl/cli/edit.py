"""`cpl edit` and `cpl set`: change what no event has to change, in an editor or by name."""

from __future__ import annotations

from collections.abc import Sequence
from gettext import gettext as _
from pathlib import PurePath
from typing import Any, BinaryIO, Final

import click

from cpl import document as documents
from cpl import files
from cpl.cli.app import App, pass_app
from cpl.cli.editor import in_editor, naming
from cpl.cli.options import RECORD, How, writes
from cpl.cli.writing import Action, called, change, field_pair, nothing_to_change, report, typed, who_acts
from cpl.draft import Draft, Who
from cpl.errors import CplError, Invalid
from cpl.record import HISTORY, Record, load
from cpl.store import Commit, Write, read_entry

# The command that changes what `set` and `edit` refuse to.
COMMANDS_FOR: Final = {
    "status": "cpl transition ID STATE",
    "assignee": "cpl assign ID --to PERSON",
    "departments": "cpl assign ID --department NAME",
    "kind": "cpl correct ID kind=… --classify --reason TEXT",
    "nature": "cpl correct ID nature=… --classify --reason TEXT",
    "severity": "cpl correct ID severity=… --classify --reason TEXT",
    "category": "cpl correct ID category=… --classify --reason TEXT",
    "channel": "cpl correct ID channel=… --reason TEXT",
    "lead": "cpl correct ID lead=… --reason TEXT",
    "received_at": "cpl correct ID received_at=… --reason TEXT",
    HISTORY: "cpl did ID VERB, cpl correct ID --void EVENT",
    "tasks": "cpl task ID add|done|drop|due",
    "evidence": "cpl attach ID FILE",
    "id": "cpl open",
    "source": "cpl import",
}


def refuse(name: str) -> CplError:
    """The error for a field that only another command changes."""
    message = _("'{name}' is not changed by hand; use: {command}")
    return CplError(message.format(name=name, command=COMMANDS_FOR[name]))


@click.command("set")
@click.argument("piece", metavar="ID", type=RECORD)
@click.argument("fields", metavar="NAME=VALUE…", nargs=-1, required=True)
@writes
@pass_app
def set_command(app: App, piece: str, fields: Sequence[str], how: How) -> None:
    """Set fields that no event has to set; an empty value takes the field away.

    \b
    Examples:
      cpl set 7k3 location.room=1201 complainant.phone=13800001234
      cpl set 7k3 order.size=minor order.paid=false 'demands=[fix it, say why]'
      cpl set 7k3 title="Door 2 does not lock"
    """
    pairs = [field_pair(field) for field in fields]
    for name, _value in pairs:
        if name.partition(".")[0] in COMMANDS_FOR:
            raise refuse(name.partition(".")[0])
    values = [(name, typed(name, value) if value.strip() else None) for name, value in pairs]

    def edit(draft: Draft) -> str:
        before = draft.document
        for name, value in values:
            _set(draft, name.split("."), value)
        if draft.document == before:
            raise nothing_to_change(draft.record.id)
        return _("set {names}").format(names=", ".join(name for name, _value in pairs))

    change(app, [piece], how, Action("set", edit))


def _set(draft: Draft, path: Sequence[str], value: Any) -> None:
    """Set the field at `path` to what stands there in the mappings of `value`; None takes it away."""
    if value is None:
        name = ".".join(path)
        if draft.record.get(name) is None:
            raise CplError(_("{id} has no '{name}' to take away").format(id=draft.record.id, name=name))
        draft.set(path, None)
        if len(path) > 1 and not draft.record.get(path[0]):
            draft.set(path[:1], None)
        return
    for name in path:
        value = value[name]
    draft.set(path, value)


@click.command("edit")
@click.argument("piece", metavar="ID", type=RECORD)
@click.option(
    "-f",
    "--file",
    "source",
    type=click.File("rb"),
    metavar="FILE",
    help=_("Take the text from a file instead of the editor; - is stdin."),
)
@writes
@pass_app
def edit_command(app: App, piece: str, source: BinaryIO | None, how: How) -> None:
    """Open a record in your editor (the one that git uses), check it, and commit it.

    This is also how a record that is broken is mended. What only an event may change is refused, unless the record
    was not right before. If the editor fails or the text is not right, the record stays as it was, and your text is
    kept in a file that the message names.

    \b
    Examples:
      cpl edit 7k3
      cpl edit 7k3 --file mended.md
    """
    store = app.store
    store.require_repository()
    who = who_acts(app, how)
    path = store.find(piece)
    before = store.bytes_of(path)
    if not isinstance(before, bytes):
        raise Invalid(_("{id} can't be read").format(id=piece), [before])
    if how.commit:
        store.require_commit([path])
    if source is not None:
        with naming(called(source)):
            _save(app, path, (before, source.read()), how, who)
        return
    mine = files.keep(store.kept_folder(), PurePath(path).name, before.decode("utf-8", "surrogateescape"))
    try:
        in_editor(app, mine, lambda after: _save(app, path, (before, after), how, who))
    except BaseException:
        if mine.read_bytes().strip() in (before.strip(), b""):
            mine.unlink()
        else:
            message = _("your text is kept; mend it and run: cpl edit {id} --file {path}")
            app.say(message.format(id=PurePath(path).stem, path=mine))
        raise


def _save(app: App, path: str, texts: tuple[bytes, bytes], how: How, who: Who) -> None:
    """Check and commit the second of the two texts, if the record still has the first."""
    before, after = texts
    if after == before:
        raise CplError(_("nothing was changed"))
    document, problems = documents.parse(after, path)
    record = None
    if document is not None:
        record, found = load(document)
        problems = [*problems, *found]
    if document is None or record is None or any(problem.is_error for problem in problems):
        raise Invalid(_("the text is not right, the record is as it was:"), problems)
    known = read_entry(path, before).record
    if known is not None and not app.store.was_wrong(before, path, app.now):
        refuse_events(known, record)
    if how.message and how.message.strip():
        draft = Draft(document, app.settings, who)
        draft.log(_("edited"), how.message)
        document = draft.document
    with app.store.lock():
        if how.commit:
            app.store.require_commit([path])
        commit = Commit(f"{record.id}: edited", "edit", [record.id], how.message) if how.commit else None
        app.store.write([Write(document, before)], commit, app.now)
    report(app, {record.id: _("edited")}, committed=commit is not None)


def refuse_events(before: Record, after: Record) -> None:
    """Refuse a hand edit of what only an event or another command may change.

    Raises:
        CplError: naming the field and the command.
    """
    for name in COMMANDS_FOR:
        if _fixed(before, name) != _fixed(after, name):
            raise refuse(name)


def _fixed(record: Record, name: str) -> object:
    """What `edit` may not change of a field: of tasks and evidence only what they are known by."""
    if name == HISTORY:
        return record.history
    keys = {"tasks": ("id", "kind", "made_at", "due"), "evidence": ("file", "sha256")}.get(name)
    if keys is None:
        return record.get(name)
    return [[item.get(key) for key in keys] for item in record.get(name) or ()]
