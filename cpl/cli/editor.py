"""The person's editor on a text, and what happens to a text that is not right; what the text is for is the caller's."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import sys
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from gettext import gettext as _
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from cpl import files
from cpl.cli.app import App
from cpl.cli.goto import arguments, program_of
from cpl.errors import CplError, Invalid
from cpl.git import GitFailed

if TYPE_CHECKING:
    import subprocess

_LIMIT: Final = 1 << 26  # far more than a record may have, so that a text that is too long is judged, not unreadable
_RESCUE_SECONDS: Final = 5.0
_SPECIAL: Final = frozenset("|&;<>(){}$`*?[]#~\n")


def in_editor(app: App, mine: Path, use: Callable[[bytes], None]) -> None:
    """Have the person edit the file `mine`, use what came out, and remove the file; it stays when that fails.

    A person at a terminal may mend what `use` finds Invalid; the editor then opens at the line of the first error.

    Raises:
        CplError: the editor failed, or `use` did not take the text.
    """
    line: int | None = None
    while True:
        _run_editor(app, mine, line)
        try:
            with naming(str(mine)):
                use(_edited(mine))
        except Invalid as error:
            if not app.asks:
                raise
            app.say(str(error))
            if not click.confirm(_("Edit it again?"), default=True, err=True):
                raise
            line = next((problem.line for problem in error.problems if problem.is_error), None)
        else:
            mine.unlink()
            return


@contextmanager
def naming(path: str) -> Iterator[None]:
    """Name the file that the person can mend, instead of the record, where problems are found."""
    try:
        yield
    except Invalid as error:
        headline = str(error).partition("\n")[0]
        raise Invalid(headline, [problem._replace(path=path) for problem in error.problems]) from None


def is_kept(app: App, mine: Path, *, worthless: Collection[bytes]) -> bool:
    """Whether there is a text in `mine` after a failure; one that is empty or `worthless` is removed.

    What the editor has left beside it, such as a swap file, is named, for it may hold what was not saved.
    """
    beside = sorted(path for path in mine.parent.glob("*") if mine.name in path.name and path != mine)
    for path in beside:
        app.say(_("the editor left {path}; it may hold text that was not saved").format(path=path))
    try:
        text = files.read(mine, _LIMIT).strip()
    except files.Missing:
        return False
    except files.Unreadable:
        return True
    if beside or text not in (b"", *(each.strip() for each in worthless)):
        return True
    mine.unlink()
    return False


def _edited(mine: Path) -> bytes:
    """What the editor has saved.

    Raises:
        CplError: it has left no file there, or one that can't be read.
    """
    try:
        return files.read(mine, _LIMIT)
    except files.Missing:
        message = _("the editor has left no file {path}; nothing was changed, try again")
        raise CplError(message.format(path=mine)) from None


def _run_editor(app: App, path: Path, line: int | None) -> None:
    """Let the user's editor, the one that git uses, change the file, at the line if it takes one.

    Raises:
        CplError: there is no editor, or it failed.
        KeyboardInterrupt: it was interrupted.
    """
    try:
        editor = app.store.git.run("var", "GIT_EDITOR").decode().strip()
    except GitFailed:
        message = _("no editor is set; run: git config core.editor PROGRAM, or set EDITOR")
        raise CplError(message) from None
    if not _is_terminal() and not _is_chosen(app):
        raise CplError(_("there is no terminal for the editor '{editor}'; set EDITOR").format(editor=editor))
    words = arguments(_resolved(program_of(editor)), str(path), line)
    code = _exit_code(["sh", "-c", _shell_text(editor), editor, *words])
    if code in (-signal.SIGINT, 128 + signal.SIGINT):
        raise KeyboardInterrupt
    if code != 0:
        message = _("the editor '{editor}' failed (exit code {code}); nothing was changed")
        raise CplError(message.format(editor=editor, code=code))


def _shell_text(editor: str) -> str:
    """What the shell runs, with the file as its argument; it gives its place to a plain program, which gets signals."""
    program = program_of(editor)
    is_first = program != "" and shlex.split(editor)[0] == program
    is_plain = is_first and not _SPECIAL & set(editor) and shutil.which(program) is not None
    # Without the trap Ctrl-C would end a shell that waits for an editor, and leave the editor alone.
    return f'exec {editor} "$@"' if is_plain else f'trap : INT QUIT; {editor} "$@"'


def _resolved(program: str) -> str:
    """`program`, or what Debian's name for any editor stands for."""
    return os.path.realpath(shutil.which(program) or program) if program == "editor" else program


def _exit_code(command: Sequence[str]) -> int:
    """The exit code of the editor. Ctrl-C is for it alone, as git has it: in vim it only ends a command."""
    import subprocess

    # No SIG_IGN, which the editor would inherit.
    before = {number: signal.signal(number, lambda *_signal: None) for number in (signal.SIGINT, signal.SIGQUIT)}
    process = None
    try:
        with _put_off(signal.SIGTERM, signal.SIGHUP):
            process = subprocess.Popen(command)
        return process.wait()
    except BaseException:
        if process is not None:
            _end(process)
        raise
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _put_off(*numbers: int) -> Iterator[None]:
    """Act on a signal only when the block is done: one that comes while a process is started would leave it alone."""
    come: list[int] = []
    held = [number for number in numbers if callable(signal.getsignal(number))]
    before = {number: signal.signal(number, lambda number, _frame: come.append(number)) for number in held}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    for number in come:
        signal.raise_signal(number)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End an editor as a terminal that goes away does, so that it can save what it has."""
    import subprocess

    process.send_signal(signal.SIGHUP)
    with suppress(subprocess.TimeoutExpired):
        process.wait(_RESCUE_SECONDS)


def _is_terminal() -> bool:
    return sys.stdin is not None and sys.stdin.isatty()


def _is_chosen(app: App) -> bool:
    """Whether somebody has chosen an editor for git, so that it may be one that needs no terminal."""
    named = any(os.environ.get(name) for name in ("GIT_EDITOR", "VISUAL", "EDITOR"))
    return named or app.store.git.config("core.editor") is not None
