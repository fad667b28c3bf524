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
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from gettext import gettext as _
from itertools import islice
from pathlib import Path
from typing import IO, Final

from cpl import files
from cpl.ancestry import Ancestry
from cpl.errors import CplError
from cpl.git import Git
from cpl.patterns import regex
from cpl.store_paths import below, relative
from cpl.tree import owner
from cpl.values import frozen, replace

INDEX: Final = ""
"""The revision that stands for the index, so that `{revision}:./{path}` names a file in either."""

_MERGE_HEAD_LIMIT: Final = 1 << 16
_LATEST: Final = 1 << 37  # the year 6325: git takes dates that Python does not
_AT_ONCE: Final = 40  # comparisons that are asked for before the answers are read
_CHUNK: Final = 1 << 16
_END: Final = b"end\n"  # what git repeats, so that it is known where the answers end
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
)
_FORMAT: Final = ("%H", "%P", "%ct", "%at", "%an", "%ae")
# Not only among the trailers: a hosting site that squashes commits puts their messages into the middle of its own.
_ACTION: Final = regex(r"^Action: (\S+)\s*$", re.MULTILINE)


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


@frozen
class File:
    """A file in a tree of git: its mode, such as `100644`, and its blob."""

    mode: str
    blob: str

    @property
    def is_regular(self) -> bool:
        """Whether it is a plain file, and no link or other repository."""
        return self.mode in ("100644", "100755")


@frozen
class Pair:
    """A file before and after; None where it was or is not there."""

    before: File | None
    after: File | None


Side = Mapping[str, Pair]
"""What differs from one parent, by path."""


@frozen
class Author:
    """Who wrote a commit, and when, as it says itself; `signature` is what `signatures` asks of it, if it was told."""

    name: str
    email: str
    at: datetime
    signature: tuple[str, ...] = ()


@dataclass(frozen=True)
class Step:
    """A commit, or what the index would make one.

    `sides` has one entry for each parent; without a parent, one against nothing. `actions` are those that cpl noted in
    the commit's message, none for one made by hand; `written_at` is when it was made by the clock of who made it. Of
    the index neither is known, nor an author. One that `is_idle` does nothing at all below the paths.
    """

    revision: str
    parents: tuple[str, ...]
    sides: tuple[Side, ...]
    actions: tuple[str, ...] = ()
    written_at: datetime | None = None
    author: Author | None = None
    is_idle: bool = False

    @property
    def seconds(self) -> int:
        """When it was made, in seconds since 1970."""
        return int(self.written_at.timestamp()) if self.written_at else 0

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


@frozen
class Span:
    """The commits that `head` has and `base` has not (None: all of them).

    `signature` is what git is asked to tell of signatures: placeholders of its formats, with %n between them.
    """

    base: str | None
    head: str
    signature: str = ""


def staged(git: Git, parents: Sequence[str], paths: Sequence[str]) -> Step:
    """What the index would commit below `paths`, if its parents were these.

    Raises:
        Unmerged: it can't be committed yet.
    """
    against = parents or (_empty_tree(git),)
    sides = [_side(git.run(*_INDEX, *relative(git), parent, "--", *below(git, paths))) for parent in against]
    step = Step(INDEX, tuple(parents), tuple(sides))
    if len(parents) < 2:
        return step
    with _comparing(git, paths) as comparison:
        return _without_taken_over(step, Ancestry(), comparison)


def between(git: Git, span: Span, paths: Sequence[str], ancestry: Ancestry) -> Iterator[Step]:
    """The commits of a span, parents first, each with what it does below `paths`; they are entered into `ancestry`."""
    excluded = [] if span.base is None else [f"^{span.base}"]
    return walk(git, [*excluded, "--end-of-options", span.head], paths, ancestry, span.signature)


def walk(
    git: Git, revisions: Sequence[str], paths: Sequence[str], ancestry: Ancestry, signature: str = ""
) -> Iterator[Step]:
    """As `between`, the commits that `git log` takes by these hashes and options."""
    lines = signature.split("%n") if signature else []
    told = git.stream(*_LOG, f"--format={'%n'.join([*_FORMAT, *lines, '%B'])}", *revisions)
    commits = (_commit(each, len(lines)) for each in told)
    with _comparing(git, paths) as comparison:
        while chunk := list(islice(commits, _AT_ONCE)):
            sides = iter(comparison.sides([pair for each in chunk for pair in _pairs(each)]))
            for each in chunk:
                ancestry.add(each.revision, each.parents, each.seconds)
                step = replace(each, sides=tuple(islice(sides, max(1, len(each.parents)))))
                yield _without_taken_over(step, ancestry, comparison)


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
    return git.run("rev-list", "--max-count=100", commit, "--", *below(git, [path])).decode().split()


def _commit(told: bytes, lines: int) -> Step:
    """A commit with so many lines about its signature; what it did is not known yet."""
    revision, parents, seconds, authored, name, email, *rest = told.decode("utf-8", "replace").split("\n", 6 + lines)
    author = Author(name, email, _instant(authored), tuple(rest[:lines]))
    actions = tuple(_ACTION.findall(rest[lines]))
    return Step(revision, tuple(parents.split()), (), actions, _instant(seconds), author)


def _instant(seconds: str) -> datetime:
    """A date of git; 1970 for what is no date, as git has it."""
    return datetime.fromtimestamp(min(int(seconds), _LATEST) if seconds.isdecimal() else 0, UTC)


def _pairs(step: Step) -> list[str]:
    """What git is asked to compare: the commit with each parent, or with nothing."""
    return [f"{step.revision} {parent}" for parent in step.parents] or [step.revision]


class _Comparison:
    """Compares commits below some paths, in one process."""

    def __init__(self, git: Git, paths: Sequence[str], asked: IO[bytes], told: IO[bytes]) -> None:
        self.git = git
        self.paths = paths
        self._asked = asked
        self._told = told

    def sides(self, lines: Sequence[str]) -> list[Side]:
        """What differs, by line: `COMMIT OTHER`, or `COMMIT` alone with nothing."""
        found: list[Side] = []
        for start in range(0, len(lines), _AT_ONCE):
            asked = "".join(f"{line}\n" for line in lines[start : start + _AT_ONCE])
            self._asked.write(asked.encode() + _END)
            self._asked.flush()
            found += _answers(_pieces(self._told))
        return found

    def all_of(self, commit: str) -> set[str]:
        """The files of a commit."""
        told = self.git.run("ls-tree", "-r", "-z", "--name-only", commit, "--", *below(self.git, self.paths))
        return {each.removeprefix(self.git.prefix or "") for each in os.fsdecode(told).split("\0")[:-1]}


@contextmanager
def _comparing(git: Git, paths: Sequence[str]) -> Iterator[_Comparison]:
    with git.talking(*_EACH, *relative(git), "--", *below(git, paths)) as (asked, told):
        yield _Comparison(git, paths, asked, told)


def _pieces(told: IO[bytes]) -> Iterator[bytes]:
    """The pieces of the answers to what was asked at once."""
    rest, is_path = b"", False
    while is_path or rest != _END:
        chunk = os.read(told.fileno(), _CHUNK)
        if not chunk:
            raise BrokenPipeError  # git has ended; `Git.talking` tells why
        *pieces, rest = (rest + chunk).split(b"\0")
        for piece in pieces:
            is_path = not is_path and piece.startswith(b":")
            yield piece


def _answers(pieces: Iterator[bytes]) -> Iterator[Side]:
    """The sides in the order asked for; each begins with the commit's hash."""
    side: dict[str, Pair] | None = None
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


def _without_taken_over(step: Step, ancestry: Ancestry, comparison: _Comparison) -> Step:
    """A merge without the files that only one side had changed and that it took from there."""
    if not any(step.sides):
        return replace(step, is_idle=True)
    if len(step.parents) < 2:
        return step
    bases = _merge_bases(comparison.git, step.parents, ancestry)
    changed = [[set(side) for side in comparison.sides([f"{each} {base}" for each in step.parents])] for base in bases]
    changed = changed or [[comparison.all_of(each) for each in step.parents]]
    kept = {path for path in step.paths if not all(_is_taken_over(step, path, sides) for sides in changed)}
    sides = tuple({path: pair for path, pair in side.items() if path in kept} for side in step.sides)
    return replace(step, sides=sides)


def _merge_bases(git: Git, parents: Sequence[str], ancestry: Ancestry) -> Sequence[str]:
    """The last common ancestors of a merge's parents."""
    known = ancestry.bases(parents)
    if known is not None:
        return known
    octopus = ["--octopus"] if len(parents) > 2 else []
    return git.run("merge-base", "--all", *octopus, *parents, ok=(0, 1)).decode().split()


def _is_taken_over(step: Step, path: str, changed: Sequence[set[str]]) -> bool:
    """Whether a merge has the version of one side, and every side with another one left it as it was at the base."""
    others = [at for at, side in enumerate(step.sides) if path in side]
    return len(others) < len(step.sides) and all(path not in changed[at] for at in others)


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
