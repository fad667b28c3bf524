"""Commits of a few files in a store of many, with little work for git; not whether what is in them is right."""

from __future__ import annotations

import os
import stat
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from gettext import gettext as _
from pathlib import Path
from typing import Final

from cpl.git import COMMIT, AnyPath, Git, state_in, with_parents
from cpl.layout import Layout, NotReady
from cpl.values import frozen

_FEW: Final = 500
_STAGED: Final = (  # without what `git add -N` only announces: no commit takes it
    "diff-index",
    "--cached",
    "--ita-invisible-in-index",
    "--name-status",
    "--no-renames",
    "--no-relative",
    "-z",
    "HEAD",
)
# Not `git diff-tree`, which reads the index with every file that there is.
_TAKEN: Final = (
    "log",
    "-1",
    "--format=%H",
    "--no-show-signature",
    "--name-only",
    "--no-renames",
    "--no-relative",
    "-z",
)
_UNMERGED: Final = "U"


@frozen
class Look:
    """What was seen of a work tree before a commit.

    `head` is None before the first commit. `unmerged` are all files with conflicts. Of the files asked for, `changed`
    are new or differ from HEAD; `same` were seen to be what HEAD has. All paths are from the folder in which git is
    run. `on_branch` is false when HEAD is detached, `nothing_staged` also when it is not known.
    """

    head: str | None
    on_branch: bool
    unmerged: Sequence[str]
    changed: Sequence[str]
    same: Sequence[str]
    nothing_staged: bool


def ready(git: Git, layout: Layout, paths: Sequence[str]) -> Look:
    """What was seen before these files are written and committed.

    Raises:
        NotReady: git is in the middle of something, or on no branch.
    """
    if state := state_in(layout.git_dir):
        message = _("a {state} is not finished; end it first (git status tells how), then try again")
        raise NotReady(message.format(state=state))
    found = look(git, paths, layout.prefix)
    if found.unmerged:
        message = _("{path} is not merged yet; settle the conflict, git add it, then try again")
        raise NotReady(message.format(path=found.unmerged[0]))
    if not found.on_branch:
        message = _("HEAD is detached, a commit would be lost; run: git switch BRANCH (git branch lists them)")
        raise NotReady(message)
    return found


def look(git: Git, paths: Sequence[str], prefix: str) -> Look:
    """How index and work tree are; `prefix` is the way from the top to the folder in which git is run.

    Of the work tree only these files are read: a question such as `git status` looks at every file there is.
    """
    head, on_branch = _position(git)
    if head is None or len(paths) > _FEW:
        return Look(head, on_branch, git.unmerged(), git.is_changed(paths), (), nothing_staged=False)
    modes = [_mode(git.cwd / path) for path in paths]
    is_plain = bool(paths) and all(modes)
    told, *versions = git.answers(_STAGED, *(_versions(paths) if is_plain else ()))
    pieces = _names(told)
    staged = dict(zip(pieces[1::2], pieces[::2], strict=True))
    unmerged = [os.path.relpath(f"/{path}", f"/{prefix}") for path, how in staged.items() if how == _UNMERGED]
    is_staged = any(f"{prefix}{path}" in staged for path in paths)
    is_same = is_plain and not is_staged and _is_same(paths, modes, *versions)
    changed = [] if is_same else git.is_changed(paths)  # it knows of settings by which files may differ and be the same
    return Look(head, on_branch, unmerged, changed, paths if is_same else (), nothing_staged=not staged)


def _position(git: Git) -> tuple[str | None, bool]:
    """The commit of HEAD, and whether HEAD is a branch; one process, once there is a commit."""
    told = git.run("rev-parse", "--revs-only", "HEAD", "--symbolic-full-name", "HEAD").split()
    if len(told) != 2:
        return git.head(), git.branch() is not None
    return told[0].decode(), told[1] != b"HEAD"


def _mode(path: Path) -> str | None:
    """The mode that git has for a file; None for what is no file, or not ours to read."""
    try:
        mode = path.lstat().st_mode
    except OSError:
        return None
    if not stat.S_ISREG(mode) or not os.access(path, os.R_OK):
        return None
    return "100755" if mode & stat.S_IXUSR else "100644"


def _versions(paths: Sequence[str]) -> tuple[Sequence[str], Sequence[str]]:
    """The questions after the versions of files in HEAD and in the work tree."""
    return ("ls-tree", "-z", "HEAD", "--", *paths), ("hash-object", "--", *paths)


def _is_same(paths: Sequence[str], modes: Sequence[str | None], tree: bytes, hashes: bytes) -> bool:
    """Whether the answers to these questions are the same for each file."""
    known = {path: about.split(" ") for about, _tab, path in (entry.partition("\t") for entry in _names(tree))}
    there = zip(paths, modes, hashes.decode().split(), strict=True)
    return all(known.get(path) == [mode, "blob", blob] for path, mode, blob in there)


def commit(git: Git, layout: Layout, seen: Look, paths: Iterable[AnyPath], message: str) -> str:
    """Commit these files as they are in the work tree, and only these, as `Git.commit` does; the new commit.

    Where nothing else was staged when the tree was seen, git writes its index once or twice, and not three times.

    Raises:
        GitFailed: as `Git.commit`; the index is as it was.
    """
    named = git.named(paths)
    if not seen.nothing_staged or not 0 < len(named) <= _FEW:
        return git.commit(named, message)
    new = set(named).difference(seen.same)
    new -= _tracked(git, new)
    if not new:
        specs = [f":(literal){path}" for path in named]
        git.run(*COMMIT, "--include", "--", *specs, input=message.encode(), write=True)
    elif all(_mode(git.cwd / path) for path in new) and not git.ignored(named):
        _add_and_commit(git, named, message)
    else:
        return git.commit(named, message)
    sha, *taken = _names(git.run(*_TAKEN).replace(b"\0\n", b"\0", 1))  # no files, where a hook has undone the change
    wanted = {f"{layout.prefix}{path}" for path in named}
    if all(not wanted.isdisjoint(with_parents(path)) for path in taken):
        return sha
    # Somebody has staged another file in this moment, and git took it along.
    git.run("update-ref", "-m", _("cpl: what else is staged stays staged"), "HEAD", f"{sha}^", sha, write=True)
    with _unstaged_on_failure(git, named):
        return git.commit(named, message)


def _tracked(git: Git, paths: Collection[str]) -> set[str]:
    """Which of these are files of HEAD, and no folders."""
    if not paths:
        return set()
    entries = (entry.partition("\t") for entry in _names(git.run("ls-tree", "-z", "HEAD", "--", *paths)))
    return {path for about, _tab, path in entries if " blob " in about}


def _add_and_commit(git: Git, paths: Sequence[str], message: str) -> None:
    with _unstaged_on_failure(git, paths):
        git.run("update-index", "--add", "--remove", "-z", "--stdin", input=os.fsencode("\0".join([*paths, ""])))
        git.run(*COMMIT, input=message.encode(), write=True)


@contextmanager
def _unstaged_on_failure(git: Git, paths: Sequence[str]) -> Iterator[None]:
    """When the block fails, these files are in the index as they are in HEAD."""
    try:
        yield
    except BaseException:
        git.run("reset", "--quiet", "--", *paths)
        raise


def _names(told: bytes) -> list[str]:
    return os.fsdecode(told).split("\0")[:-1]
