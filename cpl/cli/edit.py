"""`cpl edit` and `cpl set`: change what no event has to change, in an editor or by name."""

from __future__ import annotations

from collections.abc import Sequence
from gettext import gettext as _
from pathlib import Path
from typing import Final

import click

from cpl import document as documents
from cpl import files
from cpl.cli.app import App, pass_app
from cpl.cli.options import RECORD, How, writes
from cpl.cli.writing import Action, change, pair, report, typed_fields, who_acts
from cpl.draft import Draft
from cpl.errors import CplError, Invalid
from cpl.record import HISTORY, Record, load
from cpl.store import Commit, Write

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
    pairs = [pair(field) for field in fields]
    for name, _value in pairs:
        if name.partition(".")[0] in COMMANDS_FOR:
            raise refuse(name.partition(".")[0])
    values = typed_fields([(name, value) for name, value in pairs if value])

    def edit(draft: Draft) -> str:
        for name, value in pairs:
            path = name.split(".")
            if not value and draft.record.get(name) is None:
                raise CplError(_("{id} has no '{name}' to take away").format(id=draft.record.id, name=name))
            draft.set(path, _dig(values, path) if value else None)
        return _("set {names}").format(names=", ".join(name for name, _value in pairs))

    change(app, [piece], how, Action("set", edit))


def _dig(values: object, path: Sequence[str]) -> object:
    for name in path:
        values = values[name]  # type: ignore[index]  # typed_fields has built it along these names
    return values


@click.command("edit")
@click.argument("piece", metavar="ID", type=RECORD)
@writes
@pass_app
def edit_command(app: App, piece: str, how: How) -> None:
    """Open a record in your editor (the one that git uses), check it, and commit it.

    What only an event may change is refused. If the editor fails or the text is not right, the record stays as it
    was, and your text is kept in a file that the message names.
    """
    store = app.store
    store.require_repository()
    path = store.find(piece)
    before = store.bytes_of(path)
    if not isinstance(before, bytes):
        raise Invalid(_("{id} can't be read").format(id=piece), [before])
    if how.commit:
        store.require_commit([path])
    text = before.decode("utf-8", "surrogateescape")
    mine = files.keep(store.kept_folder(), Path(path).name, text)
    after = edited(app, mine)
    if after == before:
        mine.unlink()
        raise CplError(_("nothing was changed"))
    try:
        _save(app, path, before, after, how)
    except BaseException:
        app.say(_("the record is as it was; your text is kept in {path}").format(path=mine))
        raise
    mine.unlink()


def edited(app: App, path: Path) -> bytes:
    """What the file holds after the user's editor, the one that git uses, has closed.

    Raises:
        CplError: there is no editor, or it failed; the file is still there and is named.
    """
    import subprocess

    editor = app.store.git.run("var", "GIT_EDITOR").decode().strip()
    done = subprocess.run(["sh", "-c", f'{editor} "$@"', editor, str(path)], check=False)
    if done.returncode != 0:
        message = _("the editor '{editor}' failed (exit code {code}); your text is kept in {path}")
        raise CplError(message.format(editor=editor, code=done.returncode, path=path))
    return path.read_bytes()


def _save(app: App, path: str, before: bytes, after: bytes, how: How) -> None:
    document, problems = documents.parse(after, path)
    record = None
    if document is not None:
        record, found = load(document)
        problems = [*problems, *found]
    if document is None or record is None or any(problem.is_error for problem in problems):
        raise Invalid(_("the text is not right, the record is as it was:"), problems)
    old, _found = documents.parse(before, path)
    known = None if old is None else load(old)[0]
    if known is not None:
        refuse_events(known, record)
    with app.store.lock():
        commit = Commit(f"{record.id}: edited", "edit", [record.id], how.message) if how.commit else None
        who_acts(app, how)
        app.store.write([Write(document, before)], commit, app.now)
    report({record.id: _("edited")}, committed=commit is not None)


def refuse_events(before: Record, after: Record) -> None:
    """Refuse a hand edit of what only an event or another command may change.

    Raises:
        CplError: naming the field and the command.
    """
    for name in COMMANDS_FOR:
        old, new = before.get(name), after.get(name)
        if name == HISTORY:
            old, new = before.history, after.history
        if old != new:
            raise refuse(name)
