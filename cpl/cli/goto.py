"""How an editor is told to open a file at a line; which editor that is, and what it makes of it, is not known here."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from pathlib import PurePath
from typing import Final

from cpl.patterns import regex

_PLUS_LINE: Final = """
    vi vim vimx gvim mvim rvim view nvi elvis nvim nano rnano pico emacs emacs-nox emacs-gtk emacs-lucid emacsclient
    kak micro joe jmacs jpico jstar ne mg zile gedit xed pluma geany bbedit
"""
_FILE_LINE: Final = "hx helix subl sublime_text zed zeditor"
_GOTO: Final = "code code-insiders code-oss codium codium-insiders vscodium cursor windsurf positron"
_LINE_OPTION: Final = """
    idea intellij-idea-community intellij-idea-ultimate pycharm pycharm-community pycharm-professional webstorm
    phpstorm rubymine goland clion rider rustrover
"""
_SHORT_OPTION: Final = "kate mate"

# What stands behind an editor's own options, by its name.
_FORMS: Final[Mapping[str, tuple[str, ...]]] = {
    name: form
    for names, form in (
        (_PLUS_LINE, ("+{line}", "{file}")),
        (_FILE_LINE, ("{file}:{line}",)),
        (_GOTO, ("--goto", "{file}:{line}")),
        (_LINE_OPTION, ("--line", "{line}", "{file}")),
        (_SHORT_OPTION, ("-l", "{line}", "{file}")),
    )
    for name in names.split()
}
_ASSIGNMENT: Final = regex(r"[A-Za-z_]\w*=.*", re.ASCII | re.DOTALL)
_BEFORE_A_PROGRAM: Final = ("env", "exec", "command")


def program_of(editor: str) -> str:
    """The program that the shell text `editor` starts, as it is written there; empty where that can't be told."""
    try:
        words = shlex.split(editor)
    except ValueError:
        return ""
    return next((word for word in words if word not in _BEFORE_A_PROGRAM and not _ASSIGNMENT.fullmatch(word)), "")


def arguments(program: str, path: str, line: int | None) -> list[str]:
    """What makes `program` open the file `path` at a line; the file alone where it takes no line, or is not known."""
    name = PurePath(program).name.partition(".")[0]  # `vim.basic`, `idea.sh`
    form = _FORMS.get(name)
    if line is None or form is None:
        return [path]
    return [word.format(file=path, line=line) for word in form]
