"""The merge driver in git's settings: is it there, and put it in; not what it does."""

from __future__ import annotations

import os
import shlex
import sys
from enum import StrEnum
from gettext import gettext as _
from typing import Final

from cpl import git_locks
from cpl.attributes import DRIVER
from cpl.errors import CplError
from cpl.store import Store

_KEY: Final = f"merge.{DRIVER}"
_TITLE: Final = "complaint records: events united, fields three-way"
# git replaces %O base, %A ours and result, %B theirs, %P path, %L marker size, %X %Y labels (from 2.44 on; an older
# git leaves these two as they are), and %% by %. Only the words `merged` and `conflicts` are believed, no exit code:
# Python ends with 1 as well when cpl is no longer installed, and ours would stay as if it were the merge.
_CPL: Final = "{python} -P -m cpl merge-driver -- %O %A %B %P %L %X %Y"
_AS_TEXT: Final = (
    "echo 'cpl did not run, this is merged as text:' %P '(to mend that: cpl init)' >&2; "
    "git merge-file --quiet --marker-size=%L -L ours -L base -L theirs %A %O %B && exit 0; "
    "test $? -gt 127 || exit 1; "
)
# What git refuses to merge as text, because of a NUL in it: both, one behind the other. Above 128, git stops.
_WHOLE: Final = (
    "{ echo '<<<<<<< ours'; cat %A; echo; echo '======='; cat %B; echo; echo '>>>>>>> theirs'; } >%A.cpl "
    "&& mv -f %A.cpl %A || exit 129; exit 1"
)


class State(StrEnum):
    """How it stands with the driver in a clone's own settings."""

    ABSENT = "absent"  # not registered: git merges records as text
    STALE = "stale"  # registered, but in another form, or with an interpreter that is gone: merges as text
    READY = "ready"


def state(store: Store) -> State:
    """Whether this clone merges records with cpl; which records, says .gitattributes."""
    value = _local(store, "driver")
    if value is None:
        return State.ABSENT
    python = _interpreter(value)
    is_ours = python is not None and value == _command(python) and os.access(python, os.X_OK)
    return State.READY if is_ours else State.STALE


def register(store: Store) -> bool:
    """Make this clone merge records with the cpl that runs now; whether anything was to be done.

    All of the command stands in the setting, so that no file can go missing from under it.

    Raises:
        CplError: it is not known which Python that is, or the settings can't be written.
    """
    if not sys.executable:
        raise CplError(_("Python does not say where it is, so git could not start it; use a cpl of a venv"))
    command = _command(sys.executable)
    if _local(store, "driver") == command:
        return False
    for key, value in (("name", _TITLE), ("driver", command)):
        git_locks.configure(store.git, f"{_KEY}.{key}", value)
    return True


def _local(store: Store, key: str) -> str | None:
    told = store.git.run("config", "--local", "--null", "--get", f"{_KEY}.{key}", ok=(0, 1))
    return os.fsdecode(told[:-1]) if told else None


def _command(python: str) -> str:
    run = _CPL.format(python=shlex.quote(python).replace("%", "%%"))
    return f'case "$({run})" in merged) exit 0;; conflicts) exit 1;; esac; {_AS_TEXT}{_WHOLE}'


def _interpreter(command: str) -> str | None:
    """The interpreter that a registered command starts; None where it is not one of ours."""
    before, _sign, rest = command.partition("$(")
    try:
        words = shlex.split(rest.partition(" -P -m cpl ")[0].replace("%%", "%"))
    except ValueError:
        return None
    return words[0] if len(words) == 1 and before == 'case "' else None
