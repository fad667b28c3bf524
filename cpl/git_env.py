"""The environment that git is run in; not which git, nor what it is asked."""

from __future__ import annotations

import os

TYPE_CHECKING = False  # as of `typing`: git may begin before anything that takes long to import
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Final

# From `git rev-parse --local-env-vars`, without those that carry the user's settings.
_PATHS: Final = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_COMMON_DIR", "GIT_OBJECT_DIRECTORY")
_OBJECTS: Final = ("GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_QUARANTINE_PATH", "GIT_SHALLOW_FILE")
_REPOSITORY: Final = (*_PATHS, *_OBJECTS, "GIT_GRAFT_FILE", "GIT_NAMESPACE")
_CHANGES_ANSWERS: Final = ("GIT_EXTERNAL_DIFF", "GIT_DIFF_OPTS", "GIT_PREFIX")
_PATHSPECS: Final = "_PATHSPECS"
_FOR_QUESTIONS: Final = {
    "GIT_LITERAL_PATHSPECS": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_PAGER": "cat",
    "GIT_TERMINAL_PROMPT": "0",
    "LANGUAGE": "",
    "LC_ALL": "C.UTF-8",
}

# A folder of a clone may look like a bare repository whose settings name programs: git from 2.38 on ignores it then.
# Only for questions, one of which precedes each write: the user's hooks would inherit it.
CAREFUL: Final = ("-c", "safe.bareRepository=explicit")


def environment(more: Mapping[str, str], *, write: bool, inherit: bool) -> dict[str, str]:
    """The variables for a question, or for a `write`, which works as in the user's shell; with `more` on top.

    Those that select a repository are left out unless they are to be inherited.
    """
    kept = {name: value for name, value in os.environ.items() if not _is_left_out(name)}
    inherited = _inherited(os.environ) if inherit else {}
    return {**kept, **inherited, **({} if write else _FOR_QUESTIONS), **more}


def _is_left_out(name: str) -> bool:
    return name in _REPOSITORY or name in _CHANGES_ANSWERS or (name.startswith("GIT_") and name.endswith(_PATHSPECS))


def _inherited(environ: Mapping[str, str]) -> dict[str, str]:
    """The variables that select a repository, meaning the same in another folder."""
    from pathlib import Path  # only what goes on for a caller of git needs it

    here = os.fspath(Path.cwd())
    found = {name: environ[name] for name in _REPOSITORY if environ.get(name)}
    found |= {name: os.fspath(Path(here, found[name])) for name in _PATHS if name in found}
    if found.get("GIT_DIR", here) != here:  # in hooks of a bare repository they are the same
        # A hook starts at the top of the work tree and git takes that for granted, also after `-C`.
        found.setdefault("GIT_WORK_TREE", here)
    return found
