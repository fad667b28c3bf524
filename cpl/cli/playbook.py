"""`cpl playbook`: what to do in cases of a kind; listed, shown, suggested, applied as tasks, made of closed cases."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from gettext import gettext as _
from typing import Any, Final

import click

from cpl import applying, cases, files, language, registers, shelf, tasks
from cpl.cli.app import App, pass_app
from cpl.cli.editor import in_editor
from cpl.cli.options import RECORD, How, Name, output_format, writes
from cpl.cli.playbook_text import as_markdown, as_text
from cpl.cli.suggested import fitting
from cpl.cli.writing import Action, change, due_instant, sound_document
from cpl.draft import Draft
from cpl.errors import CplError, Invalid
from cpl.language import later
from cpl.places import template
from cpl.playbook import Playbook, is_name, read_playbook, said
from cpl.record import Record, load, piece_of
from cpl.renames import current
from cpl.render import Cell, Column
from cpl.settings_files import parse
from cpl.shelf import Fitting
from cpl.writes import Commit

_LISTED: Final = (
    Column("name", _("name"), whole=True),
    Column("label", _("label")),
    Column("clause", _("clause"), whole=True),
    Column("steps", _("steps"), "right"),
    Column("from", _("from"), whole=True),
)
_SUGGESTED: Final = (
    Column("name", _("name"), whole=True),
    Column("label", _("label")),
    Column("category", _("category"), whole=True),
    Column("words", _("words")),
)
_APPLIED: Final = (
    Column("task", _("task"), whole=True),
    Column("due", _("due"), whole=True),
    Column("who", _("who"), whole=True),
    Column("text", _("what")),
)


def _names(app: App) -> Iterable[tuple[str, str]]:
    return [(name, "") for name in shelf.names(app.store.root)]


PLAYBOOK: Final = Name("playbook", _names)


@click.group("playbook")
def playbook_command() -> None:
    """What to do in cases of a kind: expectations, steps with who and by when, facts, papers, what to say and to avoid.

    Those that come with cpl are in templates/playbooks/; a file of the same name in the store wins.

    \b
    Examples:
      cpl playbook list
      cpl playbook show lift-trapped
      cpl playbook suggest 7k3
      cpl playbook apply 7k3 lift-trapped
    """


@playbook_command.command("list")
@click.option("--all", "all_", is_flag=True, help=_("Also those for stores with another profile."))
@output_format()
@pass_app
def list_command(app: App, all_: bool, fmt: str) -> None:
    """List the playbooks for the store's profile.

    \b
    Examples:
      cpl playbook list
      cpl playbook list --all --format json
    """
    root, own = app.store.root, set(shelf.own_names(app.store.root))
    rows: list[Mapping[str, Cell]] = []
    for name in shelf.names(root):
        playbook = _loaded(app, name)
        if playbook is not None and (all_ or shelf.is_offered(playbook.suggest, app.settings)):
            source = _("the store") if name in own else "cpl"
            label = said(playbook.label, app.settings.language)
            rows.append({**_named(playbook, label), "steps": len(playbook.steps), "from": source})
    app.emit(rows, _LISTED, fmt)
    if fmt == "table" and not rows:
        app.say(_("no playbook"))


def _loaded(app: App, name: str) -> Playbook | None:
    """The playbook; one that can't be read is named on stderr."""
    try:
        return shelf.load(app.store.root, name)
    except CplError as error:
        why = error.problems[0] if isinstance(error, Invalid) else error
        app.say(_("unreadable: {problem}").format(problem=why))
        return None


def _named(playbook: Playbook, label: str) -> dict[str, Cell]:
    return {"name": playbook.name, "label": label, "clause": playbook.clause}


@playbook_command.command("show")
@click.argument("name", metavar="NAME", type=PLAYBOOK)
@output_format("text", ("text", "markdown"))
@pass_app
def show_command(app: App, name: str, fmt: str) -> None:
    """Print a playbook, in the store's language. What not to promise or mention stands first.

    \b
    Examples:
      cpl playbook show lift-trapped
      cpl playbook show lift-trapped --format markdown > notice-board.md
    """
    made = {"text": as_text, "markdown": as_markdown}[fmt]
    click.echo(made(shelf.load(app.store.root, name), app.settings), nl=False)


@playbook_command.command("suggest")
@click.argument("piece", metavar="ID", type=RECORD)
@output_format()
@pass_app
def suggest_command(app: App, piece: str, fmt: str) -> None:
    """List the playbooks that fit a complaint, the best first: by its category, then by words found in it.

    \b
    Examples:
      cpl playbook suggest 7k3
    """
    document = sound_document(app, app.store.find(piece))
    found = fitting(app, document)
    rows = [_suggestion(app, each) for each in found]
    app.emit(rows, _SUGGESTED, fmt)
    if fmt == "table":
        words = _("to apply one: cpl playbook apply {piece} NAME") if found else _("no playbook fits {piece}")
        app.say(words.format(piece=piece))


def _suggestion(app: App, found: Fitting) -> dict[str, Cell]:
    playbook = _loaded(app, found.name)
    label = None if playbook is None else said(playbook.label, app.settings.language)
    return {"name": found.name, "label": label, "category": found.fit.category, "words": list(found.fit.words)}


@playbook_command.command("apply")
@click.argument("piece", metavar="ID", type=RECORD)
@click.argument("name", metavar="NAME", type=PLAYBOOK)
@click.option("--date", metavar="INSTANT", help=_("The date that is planned, from which steps ahead of it count back."))
@click.option("--only", multiple=True, metavar="STEP", help=_("Only this step; may be given several times."))
@writes
@pass_app
def apply_command(app: App, piece: str, name: str, date: str | None, only: Sequence[str], how: How) -> None:
    """Make a playbook's steps tasks of a complaint, and its facts and papers checklists in the text, in one commit.

    A step is for the assignee who has its role, else for the lead who has it, else for the only one who has it; else
    the task names the role alone, and the assignee or lead answers for it.

    \b
    Examples:
      cpl playbook apply 7k3 lift-trapped
      cpl playbook apply 7k3 power-cut-planned --date 2026-12-01T09:00
      cpl playbook apply 7k3 lift-trapped --only doctor
    """
    playbook = shelf.load(app.store.root, name)
    planned = None if date is None else due_instant(app, "--date", date, after=app.acted_at(how.at))
    applied = _Application(app, playbook, applying.Wanted(only, planned, _rows(app, playbook)))
    change(app, [piece], how, Action("playbook", applied.enter))
    app.emit(applied.rows, _APPLIED, "table")
    applied.tell()


def _rows(app: App, playbook: Playbook) -> dict[str, Sequence[applying.Entry]]:
    """The rows of the registers that the playbook's steps go through."""
    names = {step.each for step in playbook.steps if step.each is not None}
    return {name: registers.read(lambda path: template(app.store.root, path), name) for name in names}


@dataclass
class _Application:
    """A playbook on its way into a record, and what there is to say of it then."""

    app: App
    playbook: Playbook
    wanted: applying.Wanted
    rows: list[dict[str, Cell]] = field(default_factory=list)
    piece: str = ""

    def enter(self, draft: Draft) -> str:
        """Add the tasks and the checklists; what was done, in words."""
        self.piece = piece_of(draft.record.id)
        made = applying.tasks(self.playbook, draft, self.wanted)
        for task in made:
            self.rows.append(self._row(tasks.add(draft, task, self.app.choose), task))
        if not self.wanted.only:
            applying.add_checklists(self.playbook, draft)
        words = later("playbook {name}, {count} tasks") if len(made) != 1 else later("playbook {name}, {count} task")
        return language.said(words, name=self.playbook.name, count=len(made))

    def _row(self, identifier: str, task: Mapping[str, Any]) -> dict[str, Cell]:
        due = None if task["due"] is None else task["due"].astimezone(self.app.settings.zone)
        return {"task": identifier, "due": due, "who": task["who"] or task["role"], "text": task["text"]}

    def tell(self) -> None:
        """Say which steps lack a date, and which registers are empty."""
        for name, rows in (self.wanted.registers or {}).items():
            if not rows:
                self.app.say(_("the register {name} is empty; see: cpl register {name} list").format(name=name))
        steps = [step for step in self.playbook.steps if not self.wanted.only or step.name in self.wanted.only]
        undated = [step.name for step in steps if step.ahead is not None and self.wanted.date is None]
        if undated:
            message = _("no date is planned, so there is no due for: {steps}; give one: cpl task {piece} due TASK …")
            self.app.say(message.format(steps=", ".join(undated), piece=self.piece))


@playbook_command.command("new")
@click.argument("name", metavar="NAME")
@click.option(
    "--from", "pieces", metavar="ID…", multiple=True, required=True, type=RECORD, help=_("A finished complaint.")
)
@click.argument("more", metavar="", nargs=-1, type=RECORD)
@pass_app
def new_command(app: App, name: str, pieces: Sequence[str], more: Sequence[str]) -> None:
    """Make a playbook of finished complaints, in templates/playbooks/ of the store, and commit it (MA-4).

    The tasks that were done and the moves become steps with the time that they took (of several cases half took no
    longer), what was found becomes what to improve. Names, telephones and rooms of complainants are left out. At a
    terminal your editor opens on it first.

    \b
    Examples:
      cpl playbook new lift-slow --from 7k3
      cpl playbook new lift-slow --from 7k3 8m2
    """
    if not is_name(name):
        message = _("'{name}' can't be the name of a playbook; write it with a-z, 0-9 and -").format(name=name)
        raise click.BadParameter(message, param_hint="NAME")
    store, path = app.store, shelf.path_of(name)
    store.begin()
    if (store.root / path).exists():
        raise CplError(_("{path} is there already and is kept; choose another name, or edit it").format(path=path))
    records = [_finished(app, piece) for piece in dict.fromkeys((*pieces, *more))]
    text = cases.playbook_text(records, app.settings).encode()
    if app.asks:
        kept = files.keep(store.kept_folder(), "playbook.yaml", text.decode())
        in_editor(app, kept, lambda after: _add(app, name, after))
    else:
        _add(app, name, text)


def _finished(app: App, piece: str) -> Record:
    """The complaint, which has been brought to its end.

    Raises:
        CplError: it has not.
    """
    record, _problems = load(sound_document(app, app.store.find(piece)))
    record = None if record is None else current(record, app.settings.profile)
    if record is None or not cases.is_finished(record, app.settings):
        raise CplError(_("{piece} is not finished; a playbook is made of cases that are").format(piece=piece))
    return record


def _add(app: App, name: str, data: bytes) -> None:
    """Write and commit the playbook. Raises Invalid when it is not right."""
    path, store = shelf.path_of(name), app.store
    playbook, problems = read_playbook(parse(data, path), name)
    if playbook is None:
        raise Invalid(_("the playbook is not right, nothing was written:"), problems)
    with store.lock():
        store.require_commit([])
        store.add_all({path: data}, Commit(f"Playbook {name}", "playbook"))
    click.echo(_("made {what}").format(what=path))
