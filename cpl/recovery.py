"""A write that was interrupted, finished where its commit was made and undone where it was not; not who asks for it."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from gettext import gettext as _
from pathlib import Path
from typing import Final, Literal, TypeAlias

from cpl import files, git_locks, journal
from cpl.errors import CplError
from cpl.git import Git
from cpl.journal import Change, Digest, Journal, Version
from cpl.values import frozen, replace

KEPT: Final = "kept"
_LIMIT: Final = 1 << 30
_SHORTLY: Final = 1.0
_NO_BLOB: Final = "0" * 40

State: TypeAlias = Literal["before", "claimed", "after", "gone", "foreign"]
_BEGUN: Final[tuple[State, ...]] = ("claimed", "after")


@frozen
class Mended:
    """What became of a write: whether it is undone, and the files that somebody else has changed, left as they are."""

    is_undone: bool
    foreign: tuple[str, ...]


def settle(git: Git, folder: Path) -> str | None:
    """Mend the write of which a journal in the private folder tells; what was done, in words; None without a journal.

    The caller holds the lock, so whoever wrote the journal is dead, and so is who was about to write one. What it was
    to write is kept where it is undone.

    Raises:
        CplError: as `mend`; the journal stays.
    """
    for path in left_over(folder):
        files.remove(path, root=folder, durable=False)
    try:
        noted = journal.read(folder)
    except journal.Unusable as error:
        return _("{error}; it is kept as {path}").format(error=error, path=_set_aside(folder))
    if noted is None:
        return None
    if not noted.root.is_dir():
        message = _(
            "'{subject}' was interrupted, and its store {root} is not there any more; what is known is in {path}"
        )
        return message.format(subject=noted.subject, root=noted.root, path=_set_aside(folder))
    mended = mend(replace(git, cwd=noted.root), folder, noted)
    lines = [_told(noted, mended)]
    if mended.is_undone and (kept := _keep(folder, noted)):
        lines.append(_("what it was to write is kept in {path}").format(path=kept))
    journal.strike(folder)
    return "\n".join(lines)


def clear_up(git: Git, folder: Path, noted: Journal) -> str | None:
    """After a failure, put back what the writer itself could not; what is in the way, in words: the journal stays."""
    try:
        mend(git, folder, noted, patience=_SHORTLY)
        journal.strike(folder)
    except (CplError, OSError) as error:
        message = _("not all is as it was before: {reason}\nwhen that is mended, run: cpl doctor --fix")
        return message.format(reason=error)
    return None


def _told(noted: Journal, mended: Mended) -> str:
    if not mended.is_undone:
        words = _("'{subject}' was interrupted when it was done already; nothing of it is lost")
    else:
        words = _("'{subject}' was interrupted; it is undone, so enter it again")
    if mended.foreign:
        words += _("; left as they are, because they were changed since: {paths}")
    return words.format(subject=noted.subject, paths=", ".join(mended.foreign))


def _set_aside(folder: Path) -> Path:
    """Keep a journal that can't be used where it is in nobody's way."""
    path = _keep_whole(folder)
    journal.strike(folder)
    return path


def _keep_whole(folder: Path) -> Path:
    data = files.read(folder / journal.NAME, _LIMIT)
    return files.keep(folder / KEPT, f"{journal.NAME}.json", data.decode("utf-8", "surrogateescape"))


def _keep(folder: Path, noted: Journal) -> Path | None:
    """Keep the text of a write: that of one record as it is, of several the whole journal; None where there is none."""
    texts = list(journal.texts(noted))
    if len(texts) == 1:
        return files.keep(folder / KEPT, *texts[0])
    return _keep_whole(folder) if texts else None


def mend(git: Git, folder: Path, noted: Journal, patience: float = git_locks.WAIT_SECONDS) -> Mended:
    """Make files and index what HEAD says, as far as they are the write's own; the journal stays for the caller.

    A write that was not to be committed is undone unless all of it was done. May be interrupted, and asked again.

    Raises:
        GitBusy: another git is at work for longer than `patience` seconds.
        WriteFailed, GitFailed: a file can't be put back.
    """
    git_locks.clear(git, (folder / journal.NAME).stat().st_mtime, patience)
    states = {each.path: _state(noted.root / each.path, each) for each in noted.changes}
    known = [each for each in noted.changes if states[each.path] != "foreign"]
    if noted.commits:
        differing = _not_as_head(git, noted, known)
    else:
        is_done = all(states[each.path] == "after" for each in known)
        differing = set() if is_done else {each.path for each in known if states[each.path] != "before"}
    for each in known:
        if each.path in differing:
            _put(git, noted.root / each.path, _other(each, states[each.path]))
    _sweep(noted)
    is_done = all((states[each.path] in _BEGUN) != (each.path in differing) for each in known)
    return Mended(not is_done, tuple(path for path, state in states.items() if state == "foreign"))


def _other(change: Change, state: State) -> Version:
    """The version that a file has to have where it has the wrong one."""
    if state == "gone":
        return Digest("")  # whichever of the two HEAD has
    return change.before if state in _BEGUN else change.after


def _state(path: Path, change: Change) -> State:
    if not os.path.lexists(path):
        absent: dict[bool, State] = {change.before is None: "before", change.after is None: "after"}
        return absent.get(True, "gone")
    if _is(path, change.after):
        return "after"
    if _is(path, change.before):
        return "before"
    if not path.is_file() or path.stat().st_size:
        return "foreign"
    # A new file is there and empty for a moment before it gets its content; git leaves one where the disk is full.
    return "claimed" if change.before is None else "gone"


def _is(path: Path, version: Version) -> bool:
    with suppress(files.Unreadable):
        if isinstance(version, Digest):
            return files.sha256(path) == version.sha256
        return version is not None and files.read(path, _LIMIT) == version
    return False


def _put(git: Git, path: Path, version: Version) -> None:
    if version is None:
        files.remove(path, root=git.cwd)
        files.remove_empty(path.parent, root=git.cwd)
    elif isinstance(version, Digest):
        git.run("checkout-index", "--force", "-z", "--stdin", input=_nul([os.path.relpath(path, git.cwd)]))
    else:
        files.write(path, version, root=git.cwd)


def without_written_back(git: Git, changed: Sequence[str]) -> list[str]:
    """Those of the changed files that really are; where only the index has an older version, it gets that of HEAD.

    `git commit` reads the index before it locks it, and so may write back what it was before another commit.
    """
    prefix, in_head, in_index = _head_and_index(git, changed)
    there = [path for path in changed if (git.cwd / path).is_file() and f"{prefix}{path}" in in_head]
    told = git.run("hash-object", "--stdin-paths", input="".join(f"{path}\n" for path in there).encode())
    blobs = dict(zip(there, told.decode().split(), strict=True))
    same = [path for path in there if in_head[f"{prefix}{path}"].endswith(f" {blobs[path]}")]
    old = [path for path in same if _was_committed(git, path, in_index.get(f"{prefix}{path}"))]
    _set_index(git, {f"{prefix}{path}": in_head[f"{prefix}{path}"] for path in old})
    return [path for path in changed if path not in old]


def _was_committed(git: Git, path: str, entry: str | None) -> bool:
    """Whether an entry of the index, which HEAD has otherwise, was what some commit had; None: there is no entry."""
    if entry is None:
        return True
    return bool(git.run("log", "-1", "--format=%H", f"--find-object={entry.split()[1]}", "HEAD", "--", path))


def _not_as_head(git: Git, noted: Journal, known: Iterable[Change]) -> set[str]:
    """Make the index what HEAD says of the files of a write; those of them that differ from HEAD in the work tree."""
    prefix, in_head, in_index = _head_and_index(git, [each.path for each in noted.changes])
    wanted = {f"{prefix}{each.path}": in_head.get(f"{prefix}{each.path}") for each in noted.changes}
    _set_index(git, {path: entry for path, entry in wanted.items() if entry != in_index.get(path)})
    # What .gitignore hides is no change for git.
    new = {each.path for each in known if f"{prefix}{each.path}" not in in_head}
    hidden = {path for path in new if os.path.lexists(noted.root / path)}
    return hidden | set(git.is_changed([each.path for each in known]))


def _head_and_index(git: Git, paths: Sequence[str]) -> tuple[str, dict[str, str], dict[str, str]]:
    """What stands before the paths at the top of the work tree; the mode and blob of each, in HEAD and in the index."""
    prefix = os.fsdecode(git.run("rev-parse", "--show-prefix").removesuffix(b"\n"))
    wanted = {f"{prefix}{path}" for path in paths}
    told = git.run("ls-tree", "-r", "-z", "--full-tree", "HEAD") if git.head() else b""
    in_index = git.run("ls-files", "--stage", "-z", "--full-name")
    return prefix, dict(_entries(told, wanted)), dict(_entries(in_index, wanted))


def _set_index(git: Git, entries: Mapping[str, str | None]) -> None:
    """Give the files these entries in the index, by paths from the top; None takes one out."""
    lines = _nul(f"{entry or f'0 {_NO_BLOB}'}\t{path}" for path, entry in entries.items())
    if entries:
        git_locks.patiently(git, partial(git.run, "update-index", "-z", "--index-info", input=lines))


def _entries(told: bytes, wanted: Collection[str]) -> Iterator[tuple[str, str]]:
    """Mode and blob of each wanted file, by path, as `ls-tree` or `ls-files -s` tells them."""
    for entry in os.fsdecode(told).split("\0")[:-1]:
        about, _tab, path = entry.partition("\t")
        if path in wanted:
            words = [word for word in about.split(" ") if word not in ("blob", "0")]
            yield path, " ".join(words[:2])


def _sweep(noted: Journal) -> None:
    """Remove what was being written beside the files when it was interrupted."""
    for folder in {(noted.root / each.path).parent for each in noted.changes}:
        for path in left_over(folder):
            files.remove(path, root=noted.root)
        files.remove_empty(folder, root=noted.root)


def left_over(folder: Path) -> Iterator[Path]:
    """The files of a folder that were being written when their writer was killed; some writer may be at work now."""
    with suppress(OSError):
        yield from [path for path in sorted(folder.iterdir()) if files.is_staged(path.name)]


def _nul(lines: Iterable[str]) -> bytes:
    return b"".join(os.fsencode(line) + b"\0" for line in lines)
