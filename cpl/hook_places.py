"""Where git looks for the hooks of a work tree, and whether cpl may write there; not what the hooks are."""

from __future__ import annotations

import os
import shlex
from gettext import gettext as _
from pathlib import Path
from typing import Final

from cpl.git import Git
from cpl.values import frozen

_OWN_SCOPES: Final = ("local", "worktree")


@frozen
class Setting:
    """core.hooksPath as it is set: the value, the scope (`global` …) and the file or command line it comes from."""

    value: str
    scope: str
    origin: str


@frozen
class Place:
    """The folder in which git looks for hooks, real and absolute, and what is around it.

    `top` is the top of the work tree, `common` the git folder that all work trees share, `store` the store's folder
    from the top (`.` for the top itself). A bare repository, which others push to, is both `top` and `common`.
    """

    folder: Path
    top: Path
    common: Path
    store: str
    is_server: bool = False

    @property
    def root(self) -> Path | None:
        """The part of the repository that the folder lies in: the git folder or the work tree; None outside both."""
        return next((each for each in (self.common, self.top) if self.folder.is_relative_to(each)), None)

    @property
    def is_in_work_tree(self) -> bool:
        """Whether hooks are files of the work tree, which git may track."""
        return self.root == self.top and not self.is_server

    @property
    def install(self) -> str:
        """The command that installs the hooks here."""
        server = f" --server {shlex.quote(os.fspath(self.common))}" if self.is_server else ""
        return f"cpl hooks install{server}"


def find(git: Git) -> Place:
    """Where the hooks of the work tree around `git.cwd` are; one git process.

    Raises:
        GitFailed: there is no work tree.
    """
    asked = ("--show-toplevel", "--git-common-dir", "--git-path", "hooks", "--show-prefix")
    told = os.fsdecode(git.run("rev-parse", "--path-format=absolute", *asked))
    top, common, folder, prefix = told.split("\n")[:4]
    return Place(_real(folder), _real(top), _real(common), prefix.rstrip("/") or ".")


def find_bare(git: Git) -> Place | None:
    """Where the hooks of a bare repository are; None where there is no such repository; one git process."""
    asked = ("--is-bare-repository", "--git-common-dir", "--git-path", "hooks")
    # Named, and not found: git finds no bare repository by itself when cpl asks.
    told = os.fsdecode(git.run("--git-dir=.", "rev-parse", "--path-format=absolute", *asked, ok=(0, 128)))
    if not told.startswith("true\n"):
        return None
    _is_bare, common, folder = told.split("\n")[:3]
    return Place(_real(folder), _real(common), _real(common), ".", is_server=True)


def _real(path: str) -> Path:
    return Path(os.path.realpath(path))


def setting(git: Git) -> Setting | None:
    """core.hooksPath, None when it is not set."""
    asked = ("--null", "--show-scope", "--show-origin", "--type=path", "--get", "core.hooksPath")
    told = os.fsdecode(git.run("config", *asked, ok=(0, 1)))
    if not told:
        return None
    scope, origin, value = told.split("\0")[:3]
    return Setting(value, scope, origin.removeprefix("file:"))


def why_not(place: Place, found: Setting | None) -> str:
    """Why cpl writes no hooks into that folder; empty when it may."""
    if found is not None and found.scope not in _OWN_SCOPES:
        message = _(
            "git takes the hooks of this repository from {folder}, for core.hooksPath is set for more than this "
            "repository ({scope}: {origin}), and cpl writes nothing there"
        )
        return message.format(folder=place.folder, scope=found.scope, origin=found.origin or "-")
    if place.root is None:
        message = _("the hooks of this repository are in {folder}, outside of it, and cpl writes nothing there")
        return message.format(folder=place.folder)
    return ""


def own_folder(place: Place) -> Path:
    """A folder for hooks of this repository alone, to set core.hooksPath to."""
    usual = place.common / "hooks"
    return usual if Path(os.path.realpath(usual)) == usual else place.common / "cpl" / "hooks"


def call(place: Place, program: str) -> str:
    """The line that has a hook of somebody else check records; it does nothing in other repositories."""
    if place.is_server:
        return f"{program} hooks receive || exit"
    marker, store = shlex.quote(f"{place.store}/cpl.yaml"), shlex.quote(place.store)
    return f"[ ! -f {marker} ] || {program} -C {store} check --staged || exit"
