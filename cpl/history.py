"""Commits to what each did to which record, from one `git log`; how versions differ is said in `changes`."""

from __future__ import annotations

import os
import posixpath
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import MAXYEAR, UTC, datetime
from gettext import gettext as _
from itertools import islice
from typing import Final

from cpl.changes import UNREADABLE, Change, changes
from cpl.errors import Problem
from cpl.git import Git
from cpl.pathspecs import Scope, everywhere, folder_of, is_at_home, with_magic
from cpl.record import normalize_piece
from cpl.steps import refuse_shallow
from cpl.store import RECORDS, Store
from cpl.tree import ENDING, PREFIX, owner
from cpl.values import frozen, replace

WORK_TREE: Final = "work tree"

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_AT_ONCE: Final = 100  # commits whose files are read by one process
_FIELDS: Final = ("H", "P", "aI", "cI", "an", "ae", "s", "(trailers:key=Action,valueonly,separator=%x2C%x20)")
# What the user's settings could change is fixed here. A moved record is known by its name, not by likeness.
_RAW: Final = ("-r", "-z", "--raw", "--no-abbrev", "--no-relative")
_WHOLE: Final = ("--full-history", "-c", "--no-renames", "--no-follow")
_FORMAT: Final = "--format=" + "".join(f"%x00%{name}" for name in _FIELDS) + "%x00"
_LOG: Final = ("log", *_RAW, *_WHOLE, "--no-show-signature", "--no-notes", "--encoding=UTF-8", _FORMAT)
_SIDES: Final = ("diff-tree", *_RAW, "-m", "--no-renames", "--no-commit-id")
_RENAMES: Final = ("diff-tree", *_RAW, "-M", "--diff-filter=R", "--no-commit-id")


@frozen
class FileChange:
    """What happened to a record or another file; `path` is the record's also where only evidence changed."""

    path: str
    renamed_from: str | None
    changes: tuple[Change, ...]
    is_removed: bool = False

    @property
    def name(self) -> str:
        """The record's id; of another file its path."""
        stem = _stem(self.path)
        return stem if stem.startswith(PREFIX) else self.path


@frozen
class Commit:
    """One commit and what it did; `at` is when it was written, `committed_at` when it got its place."""

    sha: str
    at: datetime
    committed_at: datetime
    name: str
    email: str
    subject: str
    action: str | None
    is_merge: bool
    files: tuple[FileChange, ...] = ()

    @property
    def by_hand(self) -> bool:
        """Whether it is not cpl that made it: there is no trailer `Action:`."""
        return self.action is None


@frozen
class _Row:
    """One file of a commit: its blobs before and after, None where it was or is not there."""

    path: str
    before: str | None
    after: str | None
    source: str | None = None
    modes: tuple[str, str] = ("", "")

    @property
    def is_own(self) -> bool:
        """Whether this is the file of a record and not its evidence or another file."""
        return self.path.endswith(ENDING) and owner(self.path) == self.path


_Step = tuple[Commit, list[_Row]]


def trail(
    git: Git, path: str | None = None, *, limit: int | None = None, since: datetime | None = None
) -> Iterator[Commit]:
    """The commits that changed a record or its evidence (None: all records), the newest first.

    A record that was moved is followed. A merge is among them only where its result is neither side's, or lacks
    events of one; what it changed is told against its first parent, or the side whose events it lacks. `limit`
    counts commits; `since` is about `committed_at`.

    Raises:
        Shallow: older commits are not there.
    """
    refuse_shallow(git)
    if git.head() is None:
        return
    steps = _log(git, "HEAD", Scope([RECORDS]), since) if path is None else _of_one(git, path, since)
    yield from islice(_commits(git, steps, min(_AT_ONCE, limit or _AT_ONCE)), limit)


def gone(git: Git, piece: str) -> dict[str, str]:
    """The last path, by id, of each record with `piece` in its id that HEAD has or an older commit had.

    Raises:
        Shallow: older commits are not there.
    """
    refuse_shallow(git)
    if git.head() is None:
        return {}
    deleted = _log(git, "HEAD", Scope([RECORDS]), None, "--diff-filter=D")
    rows = (row.path for _commit, rows in deleted for row in rows if row.is_own)
    wanted, found = normalize_piece(piece), dict[str, str]()
    for path in (*_tree(git, RECORDS), *rows):
        stem = _stem(path)
        if wanted and wanted in stem.upper() and path.endswith(f"/{stem}{ENDING}"):
            found.setdefault(stem, path)
    return found


def pending(store: Store, path: str) -> FileChange | None:
    """What was done to a record and its evidence and is not committed; None: nothing."""
    git, folder = store.git, path.removesuffix(ENDING)
    changed = git.is_changed([path, folder])
    if not changed:
        return None
    committed = _tree(git, path, folder)
    if path not in committed:
        elsewhere = _tree(git, RECORDS)
        committed = {each: elsewhere[each] for each in elsewhere if _stem(owner(each)) == _stem(path)}
    there = {each for each in (*changed, *committed) if os.path.lexists(store.root / each)}
    rows = [
        _Row(each, committed.get(each), _uncommitted(git, each, own=path) if each in there else None)
        for each in dict.fromkeys((*changed, *committed))
        if each in changed or each not in there
    ]
    data = store.bytes_of(path) if path in there else b""
    if isinstance(data, Problem):
        return FileChange(path, None, (Change(UNREADABLE, None, None, data.message),))
    blobs = {**_contents(git, rows), WORK_TREE: data}
    return next((each for each in _files(_paired(rows), blobs) if each.path == path), None)


def _uncommitted(git: Git, path: str, *, own: str) -> str:
    """What stands for the blob of a file in the work tree; that of evidence is told, the record is read."""
    if path == own:
        return WORK_TREE
    return git.run("hash-object", "--no-filters", "--", path, ok=(0, 128)).decode().strip() or WORK_TREE


def _of_one(git: Git, path: str, since: datetime | None) -> Iterator[_Step]:
    """The steps of one record. Other folders are searched only where it may have come from one of them."""
    seen = set[str]()
    if is_at_home(git, path):
        for commit, rows in _log(git, "HEAD", folder_of(path), since):
            if any(_may_have_moved(commit, row) for row in rows):
                break
            seen.add(commit.sha)
            yield commit, rows
        else:
            return
    yield from (step for step in _followed(git, "HEAD", path, since) if step[0].sha not in seen)


def _may_have_moved(commit: Commit, row: _Row) -> bool:
    """Whether a file went away, or came otherwise than by cpl, which makes only new ones."""
    return row.after is None or (row.before is None and commit.by_hand)


def _followed(git: Git, start: str, path: str, since: datetime | None) -> Iterator[_Step]:
    """The steps of one record: wherever below records/ it lay, and then under the name that it had before."""
    earlier: tuple[str, str] | None = None
    for commit, rows in _log(git, start, everywhere(path), since):
        born = next((row for row in rows if row.is_own and row.before is None), None)
        if born is not None:
            source = _source(git, commit.sha, born.path)
            earlier = None if source is None else (commit.sha, source.path)
            rows = [_moved(source, row) if source and row is born else row for row in rows]
        yield commit, rows
    if earlier is not None:
        yield from _followed(git, f"{earlier[0]}^", earlier[1], since)


def _source(git: Git, sha: str, path: str) -> _Row | None:
    """What the file `path` that appeared in a commit was before, if it was renamed there; not in a merge."""
    pieces = iter(git.run(*_RENAMES, "--end-of-options", sha).split(b"\0"))
    here = _here(git)
    for piece in pieces:
        if piece:
            row = _row(piece, pieces, here)
            if _relative(next(pieces), here) == path:
                return row
    return None


def _log(git: Git, start: str, scope: Scope, since: datetime | None, *options: str) -> Iterator[_Step]:
    """What `git log` tells of the files in scope; commits that did nothing to them are left out."""
    here = _here(git)
    magic = with_magic(git)
    after = [] if since is None else [f"--since=@{max(0, int(since.timestamp()))} +0000"]
    pieces = magic.stream(*_LOG, *options, *after, "--end-of-options", start, "--", *scope.specs)
    commit, rows = None, list[_Row]()
    for piece in pieces:
        told = piece.lstrip(b"\n")
        if told.startswith(b":"):
            rows.append(_row(told, pieces, here))
        elif told:
            yield from _step(magic, commit, rows, scope)
            commit, rows = _commit([told, *islice(pieces, len(_FIELDS) - 1)]), []
    yield from _step(magic, commit, rows, scope)


def _step(git: Git, commit: Commit | None, rows: list[_Row], scope: Scope) -> Iterator[_Step]:
    rows = [row for row in rows if scope.has(row.path)]
    if commit is not None and commit.is_merge:
        rows = [*rows, *_lost(git, commit.sha, scope.exact, known={row.path for row in rows})]
    if commit is not None and rows:
        yield commit, _paired(rows)


def _lost(git: Git, sha: str, specs: Sequence[str], *, known: Collection[str]) -> list[_Row]:
    """The records of which a merge took one side whole and so dropped events of another: these are never right."""
    pieces = iter(git.run(*_SIDES, "--end-of-options", sha, "--", *specs).split(b"\0"))
    here = _here(git)
    rows = [_row(piece, pieces, here) for piece in pieces if piece]
    found: dict[str, _Row] = {}
    for row in rows:
        if row.path not in known and row.is_own and row.before and row.after and _drops_events(git, row):
            found.setdefault(row.path, row)
    return list(found.values())


def _drops_events(git: Git, row: _Row) -> bool:
    before, after = git.cat_files([str(row.before), str(row.after)])
    lines = set((after or b"").splitlines())
    if all(line in lines for line in (before or b"").splitlines() if b"at:" in line):
        return False
    return any(change.field in ("history[-]", "history[~]") for change in changes(before, after))


def _commit(fields: Sequence[bytes]) -> Commit:
    sha, parents, at, committed_at, name, email, subject, action = (
        field.decode("utf-8", "replace") for field in fields
    )
    return Commit(
        sha,
        _instant(at),
        _instant(committed_at),
        name,
        email,
        subject,
        action.strip() or None,
        " " in parents,
    )


def _instant(text: str) -> datetime:
    """A date of git; 1970, as git has it for what is no date, also for what lies beyond Python's calendar."""
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        return _EPOCH
    return instant if instant.year < MAXYEAR else _EPOCH


def _row(told: bytes, pieces: Iterator[bytes], here: str) -> _Row:
    """One row of a raw diff, of a merge too: then what is compared is the first parent that has the file."""
    words = told.decode().lstrip(":").split(" ")
    half = len(words) // 2  # as many modes as blobs, and the letters
    modes, blobs = words[:half], [_blob(word) for word in words[half:-1]]
    first = next((at for at, blob in enumerate(blobs[:-1]) if blob is not None), 0)
    path = _relative(next(pieces), here)
    return _Row(path, blobs[first], blobs[-1], modes=(modes[first], modes[-1]))


def _blob(word: str) -> str | None:
    return word if word.strip("0") else None


def _here(git: Git) -> str:
    return os.fsdecode(git.run("rev-parse", "--show-prefix").removesuffix(b"\n"))


def _relative(path: bytes, here: str) -> str:
    return posixpath.relpath("/" + os.fsdecode(path), "/" + here)


def _tree(git: Git, *paths: str) -> dict[str, str]:
    """The blobs of the files at or below `paths` in HEAD, by path; none before the first commit."""
    if git.head() is None:
        return {}
    told = os.fsdecode(git.run("ls-tree", "-r", "-z", "HEAD", "--", *paths)).split("\0")[:-1]
    return {path: about.split(" ")[2] for about, _tab, path in (entry.partition("\t") for entry in told)}


def _paired(rows: Sequence[_Row]) -> list[_Row]:
    """The rows with those put together where a record, or evidence with it, left one folder for another."""
    left = {_tail(row.path): row for row in rows if row.after is None}
    found, moved = [], set[str]()
    for row in rows:
        old = left.pop(_tail(row.path), None) if row.before is None else None
        if old is not None:
            moved.add(old.path)
        found.append(row if old is None else _moved(old, row))
    return [row for row in found if row.path not in moved]


def _moved(old: _Row, new: _Row) -> _Row:
    return replace(new, before=old.before, source=old.path, modes=(old.modes[0], new.modes[1]))


def _commits(git: Git, steps: Iterator[_Step], at_once: int) -> Iterator[Commit]:
    while chunk := list(islice(steps, at_once)):
        blobs = _contents(git, [row for _commit, rows in chunk for row in rows])
        for commit, rows in chunk:
            yield replace(commit, files=tuple(_files(rows, blobs)))


def _contents(git: Git, rows: Iterable[_Row]) -> dict[str, bytes]:
    """The bytes of all versions of records, by blob; evidence is not read."""
    wanted = (blob for row in rows if row.is_own for blob in (row.before, row.after))
    blobs = list(dict.fromkeys(blob for blob in wanted if blob not in (None, WORK_TREE)))
    return {blob: data or b"" for blob, data in zip(blobs, git.cat_files(blobs), strict=True)}


def _files(rows: Iterable[_Row], blobs: Mapping[str, bytes]) -> Iterator[FileChange]:
    by_owner: dict[str, list[_Row]] = defaultdict(list)
    for row in rows:
        by_owner[owner(row.path)].append(row)
    for path, group in by_owner.items():
        own = next((row for row in group if row.is_own), None)
        found = [] if own is None else list(_own(own, blobs))
        source = None if own is None else own.source
        for row in group:
            found += [] if row is own else _other(row, is_moved=source is not None)
        yield FileChange(path, source, tuple(found), own is not None and own.after is None)


def _own(row: _Row, blobs: Mapping[str, bytes]) -> Iterator[Change]:
    """What happened to the file of a record."""
    if row.source is not None:
        words = _("moved from {source} to {path}").format(source=row.source, path=row.path)
        yield Change("path", row.source, row.path, words)
    if row.before and row.after and row.modes[0] != row.modes[1]:
        words = _("file mode: {before} → {after}").format(before=row.modes[0], after=row.modes[1])
        yield Change("mode", *row.modes, words)
    before, after = (None if blob is None else blobs[blob] for blob in (row.before, row.after))
    yield from changes(before, after)


def _other(row: _Row, *, is_moved: bool) -> list[Change]:
    """What happened to evidence or another file; that it moved with its record says nothing new."""
    name = row.path.removeprefix(f"{owner(row.path).removesuffix(ENDING)}/")
    if row.before is None:
        words = _("file {name} added")
    elif row.after is None:
        words = _("file {name} REMOVED")
    elif row.source is not None and row.before == row.after:
        words = _("file {name} moved")
        if is_moved:
            return []
    else:
        words = _("file {name} CHANGED")
    return [Change(f"file:{name}", row.before, row.after, words.format(name=name))]


def _stem(path: str) -> str:
    return posixpath.basename(path).removesuffix(ENDING)


def _tail(path: str) -> str:
    """A path from the record's name on, which stays the same when the record moves; else the whole path."""
    own = owner(path)
    if not posixpath.basename(own).startswith(PREFIX):
        return path
    return path.removeprefix(f"{posixpath.dirname(own)}/")
