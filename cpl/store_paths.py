"""What git calls the files of a store, in a work tree and in a bare repository."""

from __future__ import annotations

from collections.abc import Sequence

from cpl.git import Git


def name_of(git: Git, revision: str, path: str) -> str:
    """A file of the store in a tree, for `git cat-file`."""
    return f"{revision}:{'./' if git.prefix is None else git.prefix}{path}"


def below(git: Git, paths: Sequence[str]) -> list[str]:
    """Paths from the store's root, to narrow a question of git to."""
    return [f"{git.prefix or ''}{path}" for path in paths]


def relative(git: Git) -> tuple[str, ...]:
    """Have git count paths from the store's root in what it answers."""
    return (f"--relative={git.prefix}" if git.prefix else "--relative",)
