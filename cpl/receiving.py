"""A push on its way into a repository: what it would do to branches, tags and records, and what of that may not be."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from gettext import gettext as _
from gettext import ngettext
from typing import Final

from cpl import config, guard
from cpl.errors import CplError, Problem
from cpl.git import Git
from cpl.guard import Found
from cpl.language import stated
from cpl.steps import lost_commits
from cpl.store import RECORDS
from cpl.values import frozen, replace

_BRANCHES: Final = "refs/heads/"
_SEALS: Final = "refs/tags/seal/"
_REPLACED: Final = "refs/replace/"
_NEW: Final = ("--not", "--branches")  # git's branches are still as they were before the push


class NotAPush(CplError):
    """What came in is not what git tells a pre-receive hook."""

    def __init__(self, line: str) -> None:
        message = _("'{line}' is not a line of git's pre-receive hook: OLD NEW REF; this command is for git to run")
        super().__init__(message.format(line=line))


@frozen
class Update:
    """A ref of the push, what it is and what it would be; None: it is not there."""

    ref: str
    old: str | None
    new: str | None

    @property
    def is_branch(self) -> bool:
        """Whether clones take its commits by themselves."""
        return self.ref.startswith(_BRANCHES)


def parse(data: bytes) -> list[Update]:
    """The refs of a push, as git tells them to its pre-receive hook.

    Raises:
        NotAPush: it is something else.
    """
    return [_update(line) for line in os.fsdecode(data).split("\n") if line]


def _update(line: str) -> Update:
    parts = line.split(" ", 2)
    if len(parts) != 3 or not parts[2].startswith("refs/") or not all(_is_hash(each) for each in parts[:2]):
        raise NotAPush(line)
    old, new = (each if each.strip("0") else None for each in parts[:2])
    return Update(parts[2], old, new)


def _is_hash(text: str) -> bool:
    return len(text) in (40, 64) and not text.strip("0123456789abcdef")


def judge(git: Git, updates: Sequence[Update], now: datetime) -> list[Found]:
    """All that is wrong with a push, and who would change settings by it.

    `git` is that of the hook, with the objects of the push. Each commit that no branch has yet is judged, whatever ref
    would bring it, for every store that it may belong to.

    Raises:
        CplError: it can't be judged.
    """
    found = [Found(None, problem) for update in updates for problem in _ref(git, update)]
    found += [Found(None, problem) for problem in _lost(git, updates)]
    heads = _commits(git, [each.new for each in updates if each.new is not None])
    for folder in _stores(git, heads) if heads else ():
        verdict = guard.received(replace(git, prefix=folder), [*heads, *_NEW], now)
        found += [replace(each, problem=_below(folder, each.problem)) for each in verdict.found]
    return found


def language_of(git: Git, updates: Sequence[Update]) -> str | None:
    """The language that a store states in what is pushed; None where none does."""
    for head in _commits(git, [each.new for each in updates if each.new is not None]):
        top = f"{head}:{config.MARKER}"
        for data in git.cat_files([top]):
            if data is not None:
                return stated(data)
        below = [f"{head}:{folder}{config.MARKER}" for folder in sorted(_tree_markers(git, head))]
        found = (stated(data) for data in git.cat_files(below) if data is not None)
        if (language := next(filter(None, found), None)) is not None:
            return language
    return None


def _below(folder: str, problem: Problem) -> Problem:
    return problem._replace(path=f"{folder}{problem.path}")


def _ref(git: Git, update: Update) -> Iterator[Problem]:
    """E124: a seal stays as it is, and nothing is put in the place of what is there."""
    if update.ref.startswith(_REPLACED) and update.new is not None:
        message = _("git would show another object in place of the one that was published; push without this ref")
        yield Problem(update.ref, 1, "E124", message)
    if not update.ref.startswith(_SEALS):
        return
    if update.old is not None:
        message = _("a seal is never moved or deleted; make another one: cpl verify --seal")
        yield Problem(update.ref, 1, "E124", message)
    elif update.new is not None and git.run("cat-file", "-t", update.new) != b"tag\n":
        message = _("a seal is an annotated tag that holds a digest; make it with: cpl verify --seal")
        yield Problem(update.ref, 1, "E124", message)


def _lost(git: Git, updates: Sequence[Update]) -> Iterator[Problem]:
    """E110: a branch with a store goes on from what it was; one may be deleted when another branch has all of it."""
    changed = [each for each in updates if each.is_branch and each.old is not None]
    main = git.run("symbolic-ref", "--quiet", "HEAD", ok=(0, 1)).decode().strip()
    for update in changed:
        old = update.old or ""
        if update.new is not None:
            count = lost_commits(git, old, update.new)
            problem = guard.gone(update.ref, count, old)
        else:
            kept = [] if update.ref == main else ["--not", *_branches_after(git, updates)]
            count = int(git.run("rev-list", "--count", old, *kept))
            problem = _deleted(update.ref, count, is_main=update.ref == main)
        if count and _tree_markers(git, old):
            yield problem


def _deleted(ref: str, count: int, *, is_main: bool) -> Problem:
    if is_main:
        return Problem(ref, 1, "E110", _("this is the branch that every clone begins with; it is never deleted"))
    message = ngettext(
        "{count} commit that only this branch has would be gone; merge it into another branch and push that first",
        "{count} commits that only this branch has would be gone; merge it into another branch and push that first",
        count,
    )
    return Problem(ref, 1, "E110", message.format(count=count))


def _branches_after(git: Git, updates: Iterable[Update]) -> list[str]:
    """What the branches will be."""
    told = git.run("for-each-ref", "--format=%(refname) %(objectname)", _BRANCHES).decode("utf-8", "surrogateescape")
    changed = {each.ref: each.new for each in updates if each.is_branch}
    kept = (name for ref, name in (line.split(" ") for line in told.splitlines()) if ref not in changed)
    return sorted({*kept, *filter(None, changed.values())})


def _commits(git: Git, objects: Iterable[str]) -> list[str]:
    """The commits that these objects are, or are tags of; a tag may be of something else."""
    asked = "".join(f"{each}^{{commit}}\n" for each in dict.fromkeys(objects))
    answers = git.run("cat-file", "--batch-check", input=asked.encode()).decode().splitlines()
    found = (answer.split(" ") for answer in answers)
    return sorted({words[0] for words in found if len(words) == 3 and words[1] == "commit"})


def _stores(git: Git, heads: Sequence[str]) -> list[str]:
    """The folders (`estate/`, empty for the top) that have a store in one of the new commits, or just before them."""
    told = git.run("rev-list", "--boundary", *heads, *_NEW).decode().split()
    if not told:
        return []
    options = ("-z", "--format=", "--name-only", "--no-renames", "--root", "-c", "--no-show-signature")
    found = _markers(git.stream("log", *options, *heads, *_NEW))
    for commit in (each[1:] for each in told if each.startswith("-")):
        found |= _tree_markers(git, commit)
    # Evidence may have any name.
    return sorted(each for each in found if not any(each.startswith(f"{other}{RECORDS}/") for other in found))


def _tree_markers(git: Git, commit: str) -> set[str]:
    return _markers(git.stream("ls-tree", "-r", "-z", "--name-only", "--full-tree", commit))


def _markers(paths: Iterable[bytes]) -> set[str]:
    """The folders in which one of the files marks a store."""
    ending = os.fsencode(config.MARKER)
    names = (path.lstrip(b"\n") for path in paths)
    found = (name.removesuffix(ending) for name in names if name.endswith(ending))
    return {os.fsdecode(folder) for folder in found if not folder or folder.endswith(b"/")}
