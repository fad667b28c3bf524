"""`cpl config`: the settings as they count, what is wrong with them, and newer profiles taken over."""

from __future__ import annotations

from collections.abc import Iterator
from gettext import gettext as _
from pathlib import Path
from typing import Final

import click

from cpl import config, effective, files, upgrading
from cpl.cli.app import App, pass_app
from cpl.cli.options import LIST_FORMATS, output_format
from cpl.errors import EXIT_PROBLEMS, Invalid, Problem
from cpl.places import SETTINGS_LIMIT, shipped, template
from cpl.render import Cell, Column, visible, visible_lines
from cpl.schema import did_you_mean
from cpl.settings_files import Files
from cpl.upgrading import Copy
from cpl.writes import Commit

_PROBLEM_FORMATS: Final = ("plain", "json", "jsonl", "csv")
_PROBLEM: Final = tuple(Column(name, name) for name in ("path", "line", "code", "message"))


@click.group("config")
def config_command() -> None:
    """The settings: cpl.yaml laid over the profile, which is laid over what it extends.

    \b
    Examples:
      cpl config show --origin clocks.respond
      cpl config check
      cpl config upgrade
    """


@config_command.command("show")
@click.argument("key", required=False)
@click.option("--origin", is_flag=True, help=_("Each value with the file and the line that it comes from."))
@output_format("yaml", ("yaml", *LIST_FORMATS))
@pass_app
def show_command(app: App, key: str | None, fmt: str, *, origin: bool) -> None:
    """Print the settings as they count in the end, or what stands below KEY, as YAML.

    \b
    Examples:
      cpl config show
      cpl config show --origin clocks.respond
      cpl config show rules --format csv
    """
    node, above = effective.effective(lambda path: template(app.store.root, path)), tuple[str, ...]()
    if key is not None:
        found = effective.below(node, key)
        if found is None:
            message = _("there is no setting '{key}'").format(key=key)
            known = [each.key.text for each in node.entries]
            raise click.BadParameter(message + did_you_mean(key, known), param_hint="KEY")
        above, node = found
    if fmt == "yaml":
        click.echo("".join(f"{visible(line)}\n" for line in effective.as_yaml(node, origin=origin)), nl=False)
        return
    rows = [{"key": each.key, "value": each.value, "origin": each.place} for each in effective.leaves(node, above)]
    columns = [Column("key", _("key")), Column("value", _("value"))]
    app.emit(rows, [*columns, Column("origin", _("origin"))] if origin else columns, fmt)


@config_command.command("check")
@output_format("plain", _PROBLEM_FORMATS)
@pass_app
def check_command(app: App, fmt: str) -> None:
    """Check cpl.yaml, the profile and the files that it extends; the records are left to `cpl check`.

    Also warns of what cpl.yaml takes away although it is not there (W073), and of copies of the profile that are not
    those that this cpl brings along (W074). Exit code 1 when there is an error (E…).

    \b
    Examples:
      cpl config check
      cpl config check --format json
    """
    found = sorted(_problems(app))
    if fmt == "plain":
        click.echo("".join(f"{visible(str(each))}\n" for each in found), nl=False)
        if not found:
            app.say(_("the settings: no problems"))
    else:
        app.emit([_row(each) for each in found], _PROBLEM, fmt)
    if any(each.is_error for each in found):
        raise click.exceptions.Exit(EXIT_PROBLEMS)


def _problems(app: App) -> Iterator[Problem]:
    def read(path: str) -> bytes | None:
        return template(app.store.root, path)

    try:
        config.load(read)
    except Invalid as error:
        yield from error.problems
    else:
        yield from effective.taken_away_in_vain(read)
        yield from upgrading.differences(_copies(app))


def _row(problem: Problem) -> dict[str, Cell]:
    return {"path": problem.path, "line": problem.line, "code": problem.code, "message": problem.message}


def _copies(app: App) -> list[Copy]:
    return upgrading.copies(_reader(app.store.root), _reader(shipped()))


def _reader(folder: Path) -> Files:
    """Reads the files of a folder; None for one that is not there."""

    def read(path: str) -> bytes | None:
        try:
            return files.read_below(folder, path, SETTINGS_LIMIT)
        except files.Missing:
            return None

    return read


@config_command.command("upgrade")
@click.option("--apply", "is_applied", is_flag=True, help=_("Write the newer files into the store and commit them."))
@pass_app
def upgrade_command(app: App, *, is_applied: bool) -> None:
    """Print what the profile that comes with this cpl would change in the store's copies, as a diff.

    What cpl.yaml says differently of a value that changes is named on stderr. Nothing is written without --apply.

    \b
    Examples:
      cpl config upgrade
      cpl config upgrade --apply
    """
    if is_applied:
        app.store.begin()
    newer = [each for each in _copies(app) if not each.is_same]
    if not newer:
        app.say(_("nothing to do: the store's copies are those that this cpl brings along"))
        return
    _judge(app, newer)
    if not is_applied:
        click.echo("".join(f"{visible_lines(each.difference)}\n" for each in newer), nl=False)
        app.say(_("nothing was written; to take it over: cpl config upgrade --apply"))
        return
    names = ", ".join(each.path.rpartition("/")[2] for each in newer)
    subject = _("Profile as this cpl brings it along: {names}").format(names=names)
    upgrading.take_over(app.store, newer, Commit(subject, "config"))
    for each in newer:
        click.echo(_("written: {path}").format(path=each.path))


def _judge(app: App, newer: list[Copy]) -> None:
    """Say what of the store's own values the upgrade touches.

    Raises:
        CplError: the settings would not be right with it.
    """
    new = {each.path: each.shipped for each in newer}

    def before(path: str) -> bytes | None:
        return template(app.store.root, path)

    def after(path: str) -> bytes | None:
        return new[path] if path in new else before(path)

    for each in upgrading.touched(before, after):
        said = {"place": each.own.place, "key": each.own.key, "value": each.own.value}
        message = _("{place}: {key} is {value} here, whatever the profile says; there it was {before}, and is {after}")
        nothing = _("absent")
        app.say(message.format(before=each.before or nothing, after=each.after or nothing, **said))
    try:
        config.load(after)
    except Invalid as error:
        message = _("with the newer profile the settings would not be right, so nothing was written; mend cpl.yaml:")
        raise Invalid(message, error.problems) from error
