"""Where the parts of a repository are: work tree and git folders; not what is in them."""

from __future__ import annotations

import os
from gettext import gettext as _
from pathlib import Path
from typing import Final

from cpl.errors import CplError
from cpl.git import Git, GitFailed, is_outside
from cpl.values import frozen

_ASKED: Final = (
    ("--show-toplevel",),
    ("--git-dir",),
    ("--git-common-dir",),
    ("--show-prefix",),
)


class NotReady(CplError):
    """The repository is in no state to take a commit."""


@frozen
class Layout:
    """The top of a work tree, its git folder, and the one that all work trees share; all are absolute.

    `prefix` is the way from the top to where git was run: empty, or with `/` at its end.
    """

    top: Path
    git_dir: Path
    common_dir: Path
    prefix: str


def find(git: Git) -> Layout:
    """Where the parts of the repository around `git.cwd` are; one git process.

    Raises:
        NotReady: there is no repository.
        GitFailed: there is one without a work tree, or git refuses it.
    """
    absolute = ("rev-parse", "--path-format=absolute")
    try:
        told = git.run(*absolute, *(word for words in _ASKED for word in words)).split(b"\n")[:-1]
    except GitFailed as error:
        if not is_outside(error):
            raise
        message = _("{root} is not in a git repository; run: git init, then: cpl init")
        raise NotReady(message.format(root=git.cwd)) from error
    if len(told) != len(_ASKED):  # there is a name with a line end in it
        told = [git.run(*absolute, *words).removesuffix(b"\n") for words in _ASKED]
    top, git_dir, common_dir, prefix = map(os.fsdecode, told)
    return Layout(Path(top), Path(git_dir), Path(common_dir), prefix)
