"""`cpl edit` and `cpl set`: change what no event has to change, in an editor or by name."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from gettext import gettext as _
from pathlib import Path, PurePath
from typing import Any, BinaryIO

import click

from cpl import by_hand, files
from cpl import document as documents
from cpl.cli.app import App, keep, pass_app
from cpl.cli.editor import in_editor, is_kept, naming
from cpl.cli.options import RECORD, How, writes
from cpl.cli.prices import hint_at_price
from cpl.cli.writing import (
    Action,
    called,
    change,
    field_pair,
    in_zone,
    nothing_to_change,
    report,
    typed,
    who_acts,
    with_names,
)
from cpl.document import Document
from cpl.draft import Draft, Who
from cpl.errors import CplError, Invalid, Problem
from cpl.language import said
from cpl.record import Record, load
from cpl.store import read_entry
from cpl.values import frozen
from cpl.writes import Commit, Write


@click.command("set")
@click.argument("piece", metavar="ID", type=RECORD)
@click.argument("fields", metavar="NAME=VALUE…", nargs=-1, required=True)
@writes
@pass_app
def set_command(app: App, piece: str, fields: Sequence[str], how: How) -> None:
    """Set fields that no event has to set; an empty value takes the field away, NAME+=VALUE adds to a list.

    \b
    Examples:
      cpl set 7k3 location.room=1201 complainant.phone=13800001234
      cpl set 7k3 order.size=minor order.paid=false 'demands=[fix it, say why]'
      cpl set 7k3 title="Door 2 does not lock"
      cpl set 7k3 'costs+={text: new lock, amount: 85.50, hours: 1.5}'
    """
    pairs = [in_zone(app, *field_pair(field)) for field in fields]
    identifier = PurePath(app.store.find(piece)).stem
    for name, _value in pairs:
        if (first := name.removesuffix("+").partition(".")[0]) in by_hand.FIELDS:
            raise CplError(by_hand.refusal(first, identifier))
    values = [(name, with_names(app, _typed(name, value), app.now) if value.strip() else None) for name, value in pairs]

    def edit(draft: Draft) -> str:
        before, record = draft.document, draft.record
        for name, value in values:
            if name.endswith("+") and value is not None:
                _add(draft, name.removesuffix("+"), value)
            else:
                _set(draft, name.split("."), value)
        if draft.document == before:
            raise nothing_to_change(record.id)
        if refused := by_hand.changes(record, draft.record, draft.document):
            raise CplError(refused[0].message)
        return said("set {names}", names=", ".join(name for name, _value in pairs))

    change(app, [piece], how, Action("set", edit))
    after = app.store.read(app.store.find(identifier)).record
    if after is not None and any(name.startswith("order") for name, _value in pairs):
        hint_at_price(app, after)


def _typed(name: str, text: str) -> dict[str, Any]:
    """The typed value of a field; that of `NAME+` is what is added to a list."""
    if not name.endswith("+"):
        return typed(name, text)
    field = name.removesuffix("+")
    return typed(field, f"[{text}]" if text.startswith("{") else text)


def _add(draft: Draft, name: str, value: Any) -> None:
    """Add what stands at `name` in the mappings of `value` to the list there."""
    path = name.split(".")
    for each in path:
        value = value[each]
    if not isinstance(value, tuple):
        raise CplError(_("'{name}' is no list, so nothing is added to it; use: {name}=VALUE").format(name=name))
    present = draft.record.get(name) or ()
    if not present:
        draft.set(path, value)
    for place, item in enumerate(value if present else (), start=len(present)):
        draft.set([*path, place], item)


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
    was not right before. At a terminal a text that is not right may be edited again: most editors then open at the
    line of the first error. If you give up, or the editor fails, the record stays as it was, and your text is kept
    in a file that the message names.

    \b
    Examples:
      cpl edit 7k3
      cpl edit 7k3 --file mended.md
    """
    store = app.store
    store.begin()
    who = who_acts(app, how)
    path = store.find(piece)
    before = store.bytes_of(path)
    if not isinstance(before, bytes):
        raise Invalid(_("{id} can't be read").format(id=piece), [before])
    if how.commit:
        store.require_commit([path])
    if source is not None:
        _take_in(app, source, _Edit(path, before, how, who))
    else:
        _by_editor(app, _Edit(path, before, how, who))


@frozen
class _Edit:
    """The record at `path` that is edited, which was `before`; how and by whom."""

    path: str
    before: bytes
    how: How
    who: Who

    def again(self, mine: Path) -> str:
        """The command that takes in the text that is kept in `mine`."""
        given = {"--by": self.how.by, "--at": self.how.at, "--message": self.how.message}
        options = [word for name, value in given.items() if value is not None for word in (name, value)]
        options += [] if self.how.commit else ["--no-commit"]
        return shlex.join(["cpl", "edit", PurePath(self.path).stem, "--file", str(mine), *options])


def _by_editor(app: App, edit: _Edit) -> None:
    """Have the person edit the record's text, and save it; on a failure it is kept."""
    name, text = PurePath(edit.path).name, edit.before.decode("utf-8", "surrogateescape")
    mine = files.keep(app.store.kept_folder(), name, text)
    try:
        in_editor(app, mine, lambda after: _save(app, edit, after))
    except BaseException:
        if is_kept(app, mine, worthless=[edit.before]):
            _say_kept(app, edit, mine)
        raise


def _take_in(app: App, source: BinaryIO, edit: _Edit) -> None:
    """Save the text of a file; one that came from stdin, and so stands in no file, is kept on a failure."""
    after = source.read()
    try:
        with naming(called(source)):
            _save(app, edit, after)
    except BaseException:
        text = after.decode("utf-8", "surrogateescape")
        is_new = after.strip() not in (b"", edit.before.strip())
        if is_new and called(source) == "<stdin>" and (mine := keep(app, PurePath(edit.path).name, text)):
            _say_kept(app, edit, mine)
        raise


def _say_kept(app: App, edit: _Edit, mine: Path) -> None:
    app.say(_("your text is kept; mend it and run: {command}").format(command=edit.again(mine)))


def _save(app: App, edit: _Edit, after: bytes) -> None:
    """Check and commit the text, if the record still is what it was."""
    document, record = _checked(app, edit, after)
    how = edit.how
    if how.message and how.message.strip():
        draft = Draft(document, app.settings, edit.who)
        draft.log("edited", how.message)
        document = draft.document
    with app.store.lock():
        _require_unchanged(app, edit)
        if how.commit:
            app.store.require_commit([edit.path])
        commit = Commit(f"{record.id}: edited", "edit", [record.id], how.message) if how.commit else None
        app.store.write([Write(document, edit.before)], commit, app.now)
    report(app, {record.id: said("edited")}, committed=commit is not None)


def _checked(app: App, edit: _Edit, after: bytes) -> tuple[Document, Record]:
    """What the text holds.

    Raises:
        Invalid: it is no record, or changes what is not changed by hand.
        CplError: it is empty, or as it was.
    """
    if not after.strip():
        raise CplError(_("the text is empty; nothing was changed"))
    if after == edit.before:
        raise CplError(_("nothing was changed"))
    document, problems = documents.parse(after, edit.path)
    record = None
    if document is not None:
        record, found = load(document)
        problems = [*problems, *found]
    if document is None or record is None or any(problem.is_error for problem in problems):
        raise Invalid(_("the text is not right, the record is as it was:"), problems)
    if refused := _refused(app, edit, record, document):
        raise Invalid(_("this is not changed by hand, the record is as it was:"), refused)
    return document, record


def _refused(app: App, edit: _Edit, record: Record, document: Document) -> list[Problem]:
    """What the text may not change; a record that was not right before may be mended in any way."""
    known = read_entry(edit.path, edit.before).record
    if known is None or app.store.was_wrong(edit.before, edit.path, app.now):
        return []
    return by_hand.changes(known, record, document)


def _require_unchanged(app: App, edit: _Edit) -> None:
    """Raise CplError unless the record is what it was when the text was made from it."""
    if app.store.bytes_of(edit.path) != edit.before:
        message = _(
            "{path} was changed by somebody else in the meantime; nothing was written. Put that change into your text "
            "too, or it would be lost; see it with: cpl log {id} --limit 1, cpl show {id} --raw"
        )
        raise CplError(message.format(path=edit.path, id=PurePath(edit.path).stem))
