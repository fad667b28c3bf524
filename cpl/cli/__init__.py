"""The program: the group of all commands, loaded when asked for, and the boundary where errors become exit codes."""

from __future__ import annotations

import atexit
import copy
import gc
import importlib
import inspect
import io
import os
import signal
import sys
from collections.abc import Sequence
from gettext import gettext as _
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn

import click

from cpl import __version__, language
from cpl.cli.app import App
from cpl.errors import EXIT_BUG, EXIT_REFUSED, CplError
from cpl.language import later

if TYPE_CHECKING:
    from types import FrameType

    from cpl.git_begun import Begun

# Every command and the module that holds it; a module is imported when its command is used.
COMMANDS: Final = {
    "open": "open_",
    "show": "show",
    "list": "look",
    "search": "look",
    "edit": "edit",
    "set": "edit",
    "transition": "handle",
    "assign": "assign",
    "contact": "handle",
    "note": "handle",
    "follow-up": "handle",
    "did": "handle",
    "attach": "attach",
    "task": "task",
    "correct": "correct",
    "overdue": "overdue",
    "explain": "explain",
    "summary": "summary",
    "similar": "similar",
    "link": "link",
    "escalate": "escalate",
    "form": "form",
    "letter": "letter",
    "sample": "sample",
    "playbook": "playbook",
    "register": "register",
    "check": "check",
    "log": "log",
    "verify": "verify",
    "settle": "settle",
    "sync": "sync",
    "undo": "undo",
    "hooks": "hooks",
    "doctor": "doctor",
    "init": "init",
    "demo": "demo",
    "import": "import_",
    "export": "export",
    "calendar": "calendar_",
    "config": "config_",
    "merge-driver": "merge_driver",
    "index": "index_",
    "schema": "schema_",
    "completion": "completion",
}


_PATHS_OF_HOOKS: Final = ("GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE", "GIT_COMMON_DIR", "GIT_OBJECT_DIRECTORY")


# Until it is known: gettext would import `locale`, for 1.5 ms, to look up click's words for the options below.
language.speak(language.ENGLISH)


class ReaderGone(Exception):
    """Who read our output has gone, as in `cpl list | head`."""


class LazyGroup(click.Group):
    """A group that imports a command's module when the command is used, and lists them in the order of the table."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """The names, in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """The command of that name, None if there is none."""
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"cpl.cli.{COMMANDS[cmd_name]}")
        command: click.Command = getattr(module, cmd_name.replace("-", "_") + "_command")
        _translate(command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does, but an unknown name gets the one that was probably meant."""
        is_unknown = args and args[0] not in COMMANDS and not args[0].startswith("-")
        if is_unknown and not ctx.resilient_parsing:
            from cpl.schema import did_you_mean

            ctx.fail(_("no such command '{name}'").format(name=args[0]) + did_you_mean(args[0], COMMANDS))
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """As click does, which would make exit code 1 of a reader that has gone."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError as error:
            raise ReaderGone from error


class RootOption(click.Option):
    """An option of the group itself, which is made before the language of the run is known."""

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        """As click does, with the words in the language of the run."""
        shown = copy.copy(self)
        shown.help = _(self.help) if self.help else None
        return super(RootOption, shown).get_help_record(ctx)


def _translate(command: click.Command) -> None:
    """Take the help of a command, and of those in it, which their functions have as docstrings, from the catalogue."""
    text = inspect.cleandoc(getattr(command.callback, "__doc__", None) or "")
    if text:
        command.help = _(text)
    command.short_help = None
    if language.spoken_now() != language.ENGLISH:
        from cpl.cli.help_text import HelpContext, first_sentence

        command.context_class = HelpContext
        command.short_help = first_sentence(_(text)) if text else None
    for each in command.commands.values() if isinstance(command, click.Group) else ():
        _translate(each)


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(
    __version__,
    prog_name="cpl",
    message="%(prog)s, version %(version)s",  # scripts read it
    cls=RootOption,
    help=later("Show the version and exit."),
)
@click.option(
    "-C",
    "folder",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    cls=RootOption,
    help=later("Work in this folder, as if cpl had been started there."),
)
@click.option(
    "--lang",
    type=click.Choice(language.LANGUAGES),
    envvar=language.VARIABLE,
    expose_value=False,
    cls=RootOption,
    help=later("The language of messages; default: CPL_LANG, the store's language, or that of the locale."),
)
@click.option("--no-input", is_flag=True, cls=RootOption, help=later("Never ask; what is missing is an error."))
@click.pass_context
def cli(ctx: click.Context, folder: Path | None, no_input: bool) -> None:
    """The complaint ledger: complaints as plain text in git, with clocks that are kept.

    \b
    A day at the desk:
      cpl open -t "Lift stuck on floor 3" --building 1 --phone 13800001234
      cpl transition 7k3 investigating
      cpl overdue --soon 2d
      cpl summary --week last
    """
    app = ctx.ensure_object(App)
    if folder is not None:
        _work_in(folder)
        app.folder = Path.cwd()
    app.no_input = no_input or app.no_input


def _work_in(folder: Path) -> None:
    """Go there as git does, so that paths in the rest of the command line count from there.

    What git tells its hooks of a repository counts from where they are started, at the top of the work tree.
    """
    if os.environ.get("GIT_DIR"):
        os.environ.setdefault("GIT_WORK_TREE", os.getcwd())  # noqa: PTH109 - a text for the environment
    for name in _PATHS_OF_HOOKS:
        if path := os.environ.get(name):
            os.environ[name] = os.path.abspath(path)  # noqa: PTH100 - likewise
    os.chdir(folder)


def run(args: Sequence[str] | None = None, app: App | None = None) -> int:
    """Run one command line; its exit code."""
    app = app or App()
    line = sys.argv[1:] if args is None else list(args)
    language.speak(language.chosen(line, app.env, app.folder))
    _translate(cli)
    try:
        result = cli.main(args=line, prog_name="cpl", obj=app, standalone_mode=False)
        app.warn_of_provisional_years()
    except CplError as error:
        app.say(str(error))
        return error.exit_code
    except click.ClickException as error:
        words = io.StringIO()
        error.show(words)
        app.say(words.getvalue().rstrip("\n"))
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo(_("interrupted; what was not finished was not written"), err=True)
        return EXIT_REFUSED
    except ReaderGone:
        # Python would complain once more at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        from cpl.files import explain

        name = f"{error.filename}: " if error.filename else ""
        app.say(f"{name}{explain(error)}")
        return EXIT_REFUSED
    except Exception:  # the one boundary: whatever gets here is a bug of cpl, and its traceback is kept
        return _bug(app)
    return result if isinstance(result, int) else 0


def _bug(app: App) -> int:
    import traceback

    text = traceback.format_exc()
    app.say(text)
    app.say(_("this is a bug in cpl; please report it with the text above"))
    try:
        from cpl.files import keep

        kept = keep(app.store.kept_folder(), "bug.txt", text)
    except (CplError, OSError):
        return EXIT_BUG  # there is no store to keep it in; it has been printed
    app.say(_("the text above is kept in {path}").format(path=kept))
    return EXIT_BUG


def _stop(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def main(compared: Begun | None = None) -> None:
    """Run the program's command line and exit; `compared`: what git has been asked already, see `start`."""
    gc.set_threshold(100_000)  # as in `start`, for those who begin here
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal that lacks a character is no reason to fail
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, _stop)  # what has been begun is put back, as after Ctrl-C
    _leave(run(app=App(compared=compared)))


def _leave(code: int) -> NoReturn:
    """End at once: to take apart what is in memory would take Python a tenth of a short run."""
    try:
        for stream in filter(None, (sys.stdout, sys.stderr)):
            stream.flush()
    except OSError:
        sys.exit(code)  # Python says what could not be written
    atexit._run_exitfuncs()  # what others want done at the end, such as the measuring of tests
    os._exit(code)
