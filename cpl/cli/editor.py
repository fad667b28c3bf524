"""The person's editor on a text, and what happens to a text that is not right; what the text is for is the caller's."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from gettext import gettext as _
from pathlib import Path

import click

from cpl.cli.app import App
from cpl.errors import CplError, Invalid
from cpl.git import GitFailed


def in_editor(app: App, mine: Path, use: Callable[[bytes], None]) -> None:
    """Have the person edit the file `mine`, use what came out, and remove the file; it stays when that fails.

    A person at a terminal may mend what `use` finds Invalid.

    Raises:
        CplError: the editor failed, or `use` did not take the text.
    """
    while True:
        _run_editor(app, mine)
        try:
            with naming(str(mine)):
                use(mine.read_bytes())
        except Invalid as error:
            if not app.asks:
                raise
            app.say(str(error))
            if not click.confirm(_("Edit it again?"), default=True, err=True):
                raise
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
        raise Invalid(headline, [replace(problem, path=path) for problem in error.problems]) from None


def _run_editor(app: App, path: Path) -> None:
    """Let the user's editor, the one that git uses, change the file.

    Raises:
        CplError: there is no editor, or it failed.
    """
    import subprocess

    try:
        editor = app.store.git.run("var", "GIT_EDITOR").decode().strip()
    except GitFailed:
        message = _("no editor is set; run: git config core.editor PROGRAM, or set EDITOR")
        raise CplError(message) from None
    if not sys.stdin.isatty() and not _is_chosen(app):
        raise CplError(_("there is no terminal for the editor '{editor}'; set EDITOR").format(editor=editor))
    done = subprocess.run(["sh", "-c", f'{editor} "$@"', editor, str(path)], check=False)
    if done.returncode != 0:
        message = _("the editor '{editor}' failed (exit code {code}); nothing was changed")
        raise CplError(message.format(editor=editor, code=done.returncode))


def _is_chosen(app: App) -> bool:
    """Whether somebody has chosen an editor for git, so that it may be one that needs no terminal."""
    named = any(os.environ.get(name) for name in ("GIT_EDITOR", "VISUAL", "EDITOR"))
    return named or app.store.git.config("core.editor") is not None
