"""`cpl hooks`: git's hooks that check records, put into this clone, taken out, and looked at."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from contextlib import suppress
from gettext import gettext as _
from gettext import ngettext
from pathlib import Path
from typing import Final

import click
from click.core import ParameterSource

from cpl import hooking, language, receiving
from cpl.cli.app import App, pass_app
from cpl.cli.options import output_format
from cpl.errors import EXIT_PROBLEMS
from cpl.git import Git
from cpl.guard import Found
from cpl.render import Cell, Column, visible

_COLUMNS: Final = (
    Column("hook", _("hook"), whole=True),
    Column("state", _("state"), whole=True),
    Column("path", _("file")),
)
_SHOWN: Final = 50  # of what is wrong with a push
_ALL: Final = (*_COLUMNS, Column("remedy", _("what to do")))


@click.group("hooks")
def hooks_command() -> None:
    """Have git run `cpl check --staged` before each commit and each merge of this clone.

    A clone does not bring its hooks along, so each clone needs them once. Hooks that are there already are kept and
    run first: your own, those of the pre-commit framework, husky's. Nothing outside the repository is written.

    With --server it is the bare repository that others push to: there git judges each push before it is taken in.

    \b
    Examples:
      cpl hooks install
      cpl hooks status
      cpl hooks uninstall
      cpl hooks install --server /srv/estate.git
    """


_on_server: Final = click.option(
    "--server",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    metavar="FOLDER",
    help=_("A bare repository that others push to, instead of this clone."),
)


@hooks_command.command("install")
@_on_server
@pass_app
def install_command(app: App, server: Path | None) -> None:
    """Put the hooks into this clone, or renew them for the cpl that you run now.

    A second run changes nothing.

    \b
    Examples:
      cpl hooks install
      cpl hooks install --server /srv/estate.git
    """
    if server is not None:
        _tell(hooking.install_on_server(server.resolve(), app.interpreter))
    else:
        _tell(hooking.install(app.store, app.interpreter))


@hooks_command.command("uninstall")
@_on_server
@pass_app
def uninstall_command(app: App, server: Path | None) -> None:
    """Take the hooks out of this clone and give back what was there before, byte for byte.

    What was changed since is left as it is, and the message says what.

    \b
    Example:
      cpl hooks uninstall
    """
    done = hooking.uninstall(app.store) if server is None else hooking.uninstall_on_server(server.resolve())
    _tell(done)
    if not done and server is not None:
        app.say(_("nothing to take out: this repository has no hook of cpl"))
    elif not done:
        app.say(_("nothing to take out: this clone has no hooks of cpl"))


@hooks_command.command("status")
@_on_server
@output_format()
@pass_app
def status_command(app: App, server: Path | None, fmt: str) -> None:
    """Tell for each hook whether git runs it, and if not, what to do; exit code 1 when something is to be done.

    \b
    Examples:
      cpl hooks status
      cpl hooks status --format json
    """
    if server is None:
        root, states = app.store.root, hooking.state(app.store, app.interpreter)
    else:
        root, states = server.resolve(), hooking.state_on_server(server.resolve(), app.interpreter)
    is_table = fmt == "table"
    rows: list[dict[str, Cell]] = [
        {
            "hook": each.name,
            "state": each.words if is_table else each.state,
            "path": _short(root, each.path) if is_table else str(each.path),
            "remedy": each.remedy,
        }
        for each in states
    ]
    app.emit(rows, _COLUMNS if is_table else _ALL, fmt)
    if is_table:
        for each in dict.fromkeys(f"{each.name}: {each.remedy}" for each in states if each.remedy):
            app.say(each)
    if not all(each.is_in_order for each in states):
        raise click.exceptions.Exit(EXIT_PROBLEMS)


@hooks_command.command("receive")
@pass_app
@click.pass_context
def receive_command(context: click.Context, app: App) -> None:
    """For git: judge a push before it is taken in; exit code 1 refuses it.

    The hook pre-receive of a bare repository runs this, in the repository, with lines `OLD NEW REF` on stdin. Each
    commit that no branch has yet is judged by the settings of its own tree, as by check --range; docs/server.md says
    what else is. What is wrong is told as COMMIT:path:line, and a refused push changes nothing.

    \b
    Example:
      cpl hooks receive < lines
    """
    updates = receiving.parse(sys.stdin.buffer.read())
    git = Git(Path.cwd(), app.git_env, inherit_repository=True)
    if context.find_root().get_parameter_source("lang") is ParameterSource.DEFAULT:
        language.speak(receiving.language_of(git, updates) or language.chosen([], app.env, app.folder))
    found = receiving.judge(git, updates, app.clock())
    with suppress(BrokenPipeError):  # who has hung up gets no answer; the verdict is the same
        _answer(app, found)
    if any(each.problem.is_error for each in found):
        raise click.exceptions.Exit(EXIT_PROBLEMS)


def _answer(app: App, found: Sequence[Found]) -> None:
    """Tell who pushes what was found, the errors first."""
    in_order = sorted(found, key=lambda each: not each.problem.is_error)
    click.echo("".join(f"{visible(str(each))}\n" for each in in_order[:_SHOWN]), nl=False)
    if len(found) > _SHOWN:
        message = _("… and {count} more; to see them all, in your clone: cpl check --range BASE..HEAD")
        app.say(message.format(count=len(found) - _SHOWN))
    if errors := sum(each.problem.is_error for each in found):
        message = ngettext(
            "the push is refused and nothing was changed: {count} error",
            "the push is refused and nothing was changed: {count} errors",
            errors,
        )
        app.say(message.format(count=errors))


def _short(root: Path, path: Path) -> str:
    """A path as people like to read it: from `root`, if it is below it."""
    return str(path.relative_to(root) if path.is_relative_to(root) else path)


def _tell(done: Iterable[hooking.Done]) -> None:
    for each in done:
        click.echo(visible(f"{each.path}: {each.words}"))
