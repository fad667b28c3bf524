"""What was found about a clone: how it is, in words, the remedy, and what does it; the checks are elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from gettext import gettext as _
from typing import Final, Literal, TypeAlias

from cpl.config import Settings
from cpl.errors import CplError
from cpl.git import Git
from cpl.patterns import bytes_regex
from cpl.store import Store
from cpl.values import frozen

State: TypeAlias = Literal["ok", "warning", "error"]

_VERSION: Final = bytes_regex(rb"git version (\d+)\.(\d+)")


class NotMended(CplError):
    """A remedy that could not be done; the message says why, and what to do instead."""


@frozen
class Clone:
    """What is looked at: a store in its repository, at the present instant; `interpreter` is what hooks run cpl by."""

    store: Store
    now: datetime
    interpreter: str

    @property
    def git(self) -> Git:
        """git in the store's root."""
        return self.store.git

    @property
    def settings(self) -> Settings | None:
        """The store's settings; None while they can't be read, which is a finding of its own."""
        try:
            return self.store.settings
        except CplError:
            return None

    def is_set(self, key: str) -> bool:
        """Whether a setting of git is true; false where it is not set."""
        return self.git.run("config", "--type=bool", "--get", key, ok=(0, 1)) == b"true\n"

    def git_version(self) -> tuple[int, int]:
        """The first two numbers of git's version.

        Raises:
            CplError: git says something else than a version.
        """
        told = self.git.run("version")
        found = _VERSION.match(told)
        if found is None:
            message = _("git tells no version: {words}; install git 2.31 or newer")
            raise CplError(message.format(words=told.decode("utf-8", "replace").strip()))
        return int(found[1]), int(found[2])


Fix: TypeAlias = Callable[[Clone], str]
"""Does the remedy; what was done, in words. Raises CplError when it can't be done."""


@frozen
class Finding:
    """What the check `name` found, in words; `remedy` is what a person does, `fix` what cpl can do itself."""

    name: str
    state: State
    words: str
    remedy: str | None = None
    fix: Fix | None = None
