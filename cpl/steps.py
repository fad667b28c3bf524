"""What commits, or the index, do to a store's files against each of their parents; not what may be done.

Paths count from the store's root. Files of a merge that only one side has changed, and that the merge took from that
side, are left out: what that side did is judged by its own commits.
"""

from __future__ import annotations

import os
import posixpath
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from gettext import gettext as _
from itertools import islice
from pathlib import Path
from typing import Final

from cpl import files
from cpl.errors import CplError
from cpl.git import Git
from cpl.tree import owner

INDEX: Final = ""
"""The revision that stands for the index, so that `{revision}:./{path}` names a file in either."""

_MERGE_HEAD_LIMIT: Final = 1 << 16
_LATEST: Final = 1 << 37  # the year 6325: git takes dates that Python does not
_AT_ONCE: Final = 100  # commits that one process compares
_RAW: Final = ("-r", "-z", "--raw", "--no-abbrev", "--no-renames")
# Without what `git add -N` only announces: the next commit has none of it.
_INDEX: Final = ("diff-index", "--cached", "--ita-invisible-in-index", *_RAW)
_EACH: Final = ("diff-tree", "--stdin", "--always", "--root", *_RAW)
_LOG: Final = (
    "log",
    "-z",
    "--topo-order",
    "--reverse",
    "--no-show-signature",
    "--encoding=UTF-8",
    "--format=%H%n%P%n%ct%n%ae%n%B",  # not %aE: no .mailmap says who somebody is
)
# Not only among the trailers: a hosting site that squashes commits puts their messages into the middle of its own.
_ACTION: Final = re.compile(r"^Action: (\S+)\s*$", re.MULTILINE)


class Shallow(CplError):
    """The clone lacks older commits, so that no trail would be whole."""

    def __init__(self) -> None:
        super().__init__(_("this clone lacks the older commits; get them with: git fetch --unshallow"))


class Unmerged(CplError):
    """A file in the index has a conflict that is not settled yet."""

    def __init__(self, path: str) -> None:
        message = _("{path} is not merged yet; settle the conflict, git add it, then try again")
        super().__init__(message.format(path=path))


class NoSuchCommit(CplError):
    """A commit that this clone does not have."""

    def __init__(self, name: str) -> None:
        message = _(
            "this clone has no commit '{name}'; get it with: git fetch origin {name}; if nobody has it any more, judge "
            "the whole history: cpl check --range {zeros}..HEAD"
        )
        super().__init__(message.format(name=name, zeros="0" * 40))


@dataclass(frozen=True, slots=True)
class File:
    """A file in a tree of git: its mode, such as `100644`, and its blob."""

    mode: str
    blob: str

    @property
    def is_regular(self) -> bool:
        """Whether it is a plain file, and no link or other repository."""
        return self.mode in ("100644", "100755")


@dataclass(frozen=True, slots=True)
class Pair:
    """A file before and after; None where it was or is not there."""

    before: File | None
    after: File | None


Side = Mapping[str, Pair]
"""What differs from one parent, by path."""


@dataclass(frozen=True)
class Step:
    """A commit, or what the index would make one.

    `sides` has one entry for each parent; without a parent, one against nothing. `actions` are those that cpl noted in
    the commit's message, none for one made by hand; `written_at` is when it was made by the clock of who made it, and
    `author` the address of who wrote it. Of the index none of these is known.
    """

    revision: str
    parents: tuple[str, ...]
    sides: tuple[Side, ...]
    actions: tuple[str, ...] = ()
    written_at: datetime | None = None
    author: str | None = None

    @cached_property
    def paths(self) -> tuple[str, ...]:
        """The files that differ from some parent, sorted."""
        return tuple(sorted({path for side in self.sides for path in side}))

    @cached_property
    def named(self) -> Mapping[str, Sequence[str]]:
        """The same by the name of the file, as one that was moved keeps its name."""
        found: dict[str, list[str]] = defaultdict(list)
        for path in self.paths:
            found[posixpath.basename(path)].append(path)
        return found

    @cached_property
    def owned(self) -> Mapping[str, Sequence[str]]:
        """The same by the record's file that they are or belong to."""
        found: dict[str, list[str]] = defaultdict(list)
        for path in self.paths:
            found[owner(path)].append(path)
        return found

    def touches(self, path: str) -> bool:
        """Whether the file differs from some parent."""
        return any(path in side for side in self.sides)

    def after(self, path: str) -> File | None:
        """The file as it is now, of a path that differs from some parent."""
        return next(side[path].after for side in self.sides if path in side)

    def before(self, path: str) -> list[File | None]:
        """The file as each parent has it, of a path that differs from some parent."""
        return [side[path].before if path in side else self.after(path) for side in self.sides]


def staged(git: Git, parents: Sequence[str], paths: Sequence[str]) -> Step:
    """What the index would commit below `paths`, if its parents were these.

    Raises:
        Unmerged: it can't be committed yet.
    """
    against = parents or (_empty_tree(git),)
    sides = [_side(git.run(*_INDEX, *_relative(git), parent, "--", *_below(git, paths))) for parent in against]
    return _without_taken_over(git, Step(INDEX, tuple(parents), tuple(sides)), paths)


def between(git: Git, base: str | None, head: str, paths: Sequence[str]) -> Iterator[Step]:
    """The commits that `head` has and `base` has not (None: all of them), parents first."""
    excluded = [] if base is None else [f"^{base}"]
    return walk(git, [*excluded, head], paths)


def walk(git: Git, revisions: Sequence[str], paths: Sequence[str]) -> Iterator[Step]:
    """The commits that `git log` takes by these hashes and options, parents first, and what they do below `paths`."""
    commits = (_commit(told) for told in git.stream(*_LOG, *revisions))
    while chunk := list(islice(commits, _AT_ONCE)):
        yield from (_without_taken_over(git, step, paths) for step in _compared(git, chunk, paths))


def name_of(git: Git, revision: str, path: str) -> str:
    """What git calls a file of the store in a tree."""
    return f"{revision}:{'./' if git.prefix is None else git.prefix}{path}"


def commit_named(git: Git, name: str) -> str:
    """The commit that a name or a piece of a hash stands for.

    Raises:
        NoSuchCommit: it is not in this clone.
    """
    told = git.run("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}", ok=(0, 1, 128))
    if not told:
        raise NoSuchCommit(name)
    return told.decode().split()[-1]


def parents_of(git: Git, commit: str) -> list[str]:
    """The parents that a commit has in this clone."""
    return git.run("rev-parse", f"{commit}^@").decode().split()


def lost_commits(git: Git, base: str, head: str) -> int:
    """How many commits of `base` are not in `head`; 0 when `head` goes on from it."""
    # Counting alone is not enough: git miscounts where somebody's clock was behind for more than a few commits.
    fork = git.run("merge-base", base, head, ok=(0, 1)).decode().strip()
    return 0 if fork == base else max(1, int(git.run("rev-list", "--count", f"{head}..{base}")))


def earlier(git: Git, commit: str, path: str) -> list[str]:
    """The commits from `commit` back that changed a file, the newest first."""
    return git.run("rev-list", "--max-count=100", commit, "--", *_below(git, [path])).decode().split()


def _below(git: Git, paths: Sequence[str]) -> list[str]:
    return [f"{git.prefix or ''}{path}" for path in paths]


def _relative(git: Git) -> tuple[str, ...]:
    """Have git count paths from the store's root."""
    return (f"--relative={git.prefix}" if git.prefix else "--relative",)


def _commit(told: bytes) -> Step:
    revision, parents, seconds, author, message = told.decode("utf-8", "replace").split("\n", 4)
    written_at = datetime.fromtimestamp(min(int(seconds), _LATEST), UTC)
    return Step(revision, tuple(parents.split()), (), tuple(_ACTION.findall(message)), written_at, author)


def _compared(git: Git, commits: Sequence[Step], paths: Sequence[str]) -> Iterator[Step]:
    """The commits with what they did, in one process."""
    asked = [[f"{each.revision} {parent}" for parent in each.parents] or [each.revision] for each in commits]
    lines = "".join(f"{line}\n" for group in asked for line in group)
    answers = iter(_answers(git.run(*_EACH, *_relative(git), "--", *_below(git, paths), input=lines.encode())))
    for each, group in zip(commits, asked, strict=True):
        yield replace(each, sides=tuple(islice(answers, len(group))))


def _answers(told: bytes) -> Iterator[Side]:
    """The sides in the order asked for; each begins with the commit's hash."""
    side: dict[str, Pair] | None = None
    pieces = iter(told.split(b"\0")[:-1])
    for piece in pieces:
        if side is not None and piece.startswith(b":"):
            side[os.fsdecode(next(pieces))] = _pair(piece)
        else:
            if side is not None:
                yield side
            side = {}
    if side is not None:
        yield side


def _side(told: bytes) -> Side:
    pieces = told.split(b"\0")[:-1]
    rows = list(zip(pieces[::2], pieces[1::2], strict=True))
    for about, path in rows:
        if about.endswith(b" U"):
            raise Unmerged(os.fsdecode(path))
    return {os.fsdecode(path): _pair(about) for about, path in rows}


def _pair(about: bytes) -> Pair:
    old_mode, new_mode, old, new, _letter = about.decode().lstrip(":").split(" ")
    return Pair(_file(old_mode, old), _file(new_mode, new))


def _file(mode: str, blob: str) -> File | None:
    return File(mode, blob) if mode.strip("0") else None


def _without_taken_over(git: Git, step: Step, paths: Sequence[str]) -> Step:
    """A merge without the files that only one side had changed and that it took from there."""
    if len(step.parents) < 2 or not any(step.sides):
        return step
    told = git.run("merge-base", "--all", *(["--octopus"] if len(step.parents) > 2 else []), *step.parents, ok=(0, 1))
    bases = told.decode().split() or [_empty_tree(git)]
    changed = [[_differing(git, base, parent, paths) for parent in step.parents] for base in bases]
    kept = {path for path in step.paths if not all(_is_taken_over(step, path, sides) for sides in changed)}
    sides = tuple({path: pair for path, pair in side.items() if path in kept} for side in step.sides)
    return replace(step, sides=sides)


def _is_taken_over(step: Step, path: str, changed: Sequence[set[str]]) -> bool:
    """Whether a merge has the version of one side, and every side with another one left it as it was at the base."""
    others = [at for at, side in enumerate(step.sides) if path in side]
    return len(others) < len(step.sides) and all(path not in changed[at] for at in others)


def _differing(git: Git, base: str, other: str, paths: Sequence[str]) -> set[str]:
    options = ("-r", "-z", "--name-only", "--no-renames", *_relative(git))
    told = git.run("diff-tree", *options, base, other, "--", *_below(git, paths))
    return set(os.fsdecode(told).split("\0")[:-1])


def _empty_tree(git: Git) -> str:
    return git.run("hash-object", "-t", "tree", "--stdin").decode().strip()


def parents_of_next(git: Git, environ: Iterable[str]) -> list[str]:
    """The parents that the next commit will have: HEAD, if there is one, and what a merge under way brings in.

    `environ` holds the names of the environment: to the hook of a clean merge git names only there what it merges.
    """
    folder, *head = os.fsdecode(git.run("rev-parse", "--absolute-git-dir", "--revs-only", "HEAD")).split("\n")[:-1]
    try:
        merged = files.read(Path(folder, "MERGE_HEAD"), _MERGE_HEAD_LIMIT).decode().split()
    except files.Missing:
        merged = sorted(name.removeprefix("GITHEAD_") for name in environ if name.startswith("GITHEAD_"))
    return [*head, *merged] if head else []


def refuse_shallow(git: Git) -> None:
    """Raise Shallow when this clone lacks older commits."""
    if git.is_shallow():
        raise Shallow
