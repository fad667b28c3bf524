"""What git is to look for in the history of a record; not what it finds."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Sequence
from pathlib import PurePosixPath

from cpl.git import Git
from cpl.record import is_id
from cpl.store import RECORDS, record_path
from cpl.tree import ENDING, owner
from cpl.values import frozen, replace


@frozen
class Scope:
    """Which files a walk is about: the pathspecs that git looks for, and the record whose files are kept of them.

    git jumps over commits by the filters of a commit-graph when it looks for one plain path, not for two or a pattern.
    """

    specs: Sequence[str]
    record: str | None = None

    @property
    def exact(self) -> Sequence[str]:
        """The pathspecs of nothing but what is kept."""
        return self.specs if self.record is None else _literally(self.record)

    def has(self, path: str) -> bool:
        """Whether what happened to this file is kept."""
        return self.record is None or owner(path) == self.record


def everywhere(path: str) -> Scope:
    """A record and its evidence, in whatever folder below records/ they lay."""
    name, top = PurePosixPath(path).stem, path.split("/")[0]
    if is_id(name) and top == RECORDS:
        return Scope([f":(glob){top}/**/{name}{ENDING}", f":(glob){top}/**/{name}/**"])
    return Scope(_literally(path))


def _literally(path: str) -> list[str]:
    return [f":(literal){path}", f":(literal){path.removesuffix(ENDING)}"]


def folder_of(path: str) -> Scope:
    """A record and its evidence as long as they lie in this folder."""
    return Scope([f":(literal){posixpath.dirname(path)}"], path)


def is_at_home(git: Git, path: str) -> bool:
    """Whether the record is where one of its id belongs, and nowhere else."""
    name = PurePosixPath(path).stem
    if not is_id(name) or path != record_path(name):
        return False
    told = with_magic(git).run("ls-files", "-z", "--", *everywhere(path).specs)
    found = os.fsdecode(told).split("\0")[:-1]
    return path in found and all(owner(each) == path for each in found)


def with_magic(git: Git) -> Git:
    """The other modules' paths are literal; those of one record are patterns, with magic words to say so."""
    return replace(git, env={**git.env, "GIT_LITERAL_PATHSPECS": "0"})
