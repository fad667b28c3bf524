"""git's own lock files: waiting for who holds one, and taking away what a git that was killed left; not cpl's lock."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from gettext import gettext as _
from pathlib import Path
from typing import Final, TypeVar

from cpl import files
from cpl.errors import CplError
from cpl.git import Git, GitFailed
from cpl.values import frozen

WAIT_SECONDS: Final = 10.0
_NOBODY_SECONDS: Final = 2.0  # what is not a program called git, such as an editor, holds a lock for a moment only
_POLL_SECONDS: Final = 0.05
_OLD_SECONDS: Final = 600.0
_PROC: Final = Path("/proc")
_TICK_SECONDS: Final = 0.1  # the times of files are less exact than the clock
# How git ends when it can't go on by itself, and `git config` when its file is locked; a refusing hook makes it 1.
_DIED: Final = (128, 255)
_OWN: Final = ("index.lock", "HEAD.lock", "ORIG_HEAD.lock", "next-index-*.lock")
_SHARED: Final = ("config.lock", "packed-refs.lock")
_SHOWN: Final = 60

T = TypeVar("T")


class GitBusy(CplError):
    """A lock file of git is there; who holds it, or that nobody does, and what to do."""

    def __init__(self, path: Path, holders: Sequence[str] | None) -> None:
        self.path = path
        if holders:
            message = _("git is at work here ({who}) and holds {path}; try again when it is done")
            super().__init__(message.format(who=", ".join(holders), path=path))
        else:
            message = _(
                "{path} is there, so git writes nothing, and no git that is at work here can be seen: one that was "
                "killed has left it; see that none runs (ps -ef lists what does), then: rm {path}"
            )
            super().__init__(message.format(path=path))


@frozen
class _Lock:
    path: Path
    made_at: float


def patiently(git: Git, do: Callable[[], T]) -> T:
    """What `do` returns, which is tried again while another git keeps it from a lock.

    Of a git that `do` runs and that is killed, no lock is left.

    Raises:
        GitBusy: that git did not finish within WAIT_SECONDS, or was killed.
        GitFailed: it failed for another reason.
    """
    begun, since = time.monotonic(), time.time() - _TICK_SECONDS
    while True:
        try:
            return do()
        except GitFailed as error:
            if error.code < 0:
                with suppress(GitBusy):
                    clear(git, since, _NOBODY_SECONDS)
            if error.code not in _DIED or "lock" not in error.words:
                raise
            _require_hope(git, error, time.monotonic() - begun)
            time.sleep(_POLL_SECONDS)


def configure(git: Git, key: str, value: str) -> None:
    """Set a setting of this repository, patiently."""
    patiently(git, lambda: git.run("config", "--local", "--replace-all", key, value, write=True))


def _require_hope(git: Git, error: GitFailed, seconds: float) -> None:
    """Raise what there is to say when a lock was waited for so long that it is no use to go on."""
    lock = next(_there(git), None)
    if lock is None:
        if seconds >= _NOBODY_SECONDS:
            raise error
        return
    holders = running(git)
    if seconds >= (_NOBODY_SECONDS if holders == [] else WAIT_SECONDS):
        raise GitBusy(lock.path, holders) from error


def clear(git: Git, since: float, patience: float = WAIT_SECONDS) -> list[Path]:
    """Wait for a git that is at work here, and remove the locks that one which is dead has left after `since`.

    `since` is in seconds since 1970. Returns what was removed.

    Raises:
        GitBusy: a git is still at work after `patience` seconds; or it can't be seen whether one is, and the lock is
            young.
    """
    give_up_at = time.monotonic() + patience
    while locks := [each for each in _there(git) if each.made_at >= since]:
        holders = running(git)
        if holders == [] or (holders is None and all(_is_old(each) for each in locks)):
            return _remove(locks)
        if time.monotonic() >= give_up_at:
            raise GitBusy(locks[0].path, holders)
        time.sleep(_POLL_SECONDS)
    return []


def running(git: Git) -> list[str] | None:
    """The programs called git that work in this work tree; None where the system does not tell (it has no /proc)."""
    if not (_PROC / "self").exists():
        return None
    folders = {os.path.realpath(folder) for folder in (git.cwd, git.git_dir(), git.common_dir())}
    top = git.run("rev-parse", "--show-toplevel", ok=(0, 128)).decode("utf-8", "surrogateescape").strip()
    folders |= {os.path.realpath(top)} if top else set()
    return [each for path in _PROC.iterdir() if path.name.isdigit() and (each := _git_within(path, folders))]


def _git_within(process: Path, folders: set[str]) -> str | None:
    """How a process is called by people, if it is a git that works in one of the folders, or may do so."""
    with suppress(OSError, CplError):  # it has ended meanwhile
        if not files.read(process / "comm", 1 << 10).startswith(b"git"):
            return None
        try:
            place = Path(os.path.realpath(process / "cwd", strict=True))
        except PermissionError:
            return _("process {pid} of another user").format(pid=process.name)
        if any(place.is_relative_to(folder) for folder in folders):
            words = files.read(process / "cmdline", 1 << 20).replace(b"\0", b" ").decode("utf-8", "replace")
            return _("process {pid}: {words}").format(pid=process.name, words=words[:_SHOWN].strip())
    return None


def _there(git: Git) -> Iterator[_Lock]:
    """The lock files of git that there are for this work tree and its branch."""
    own, shared, branch = git.git_dir(), git.common_dir(), git.branch()
    paths = [path for pattern in _OWN for path in sorted(own.glob(pattern))]
    paths += [shared / name for name in _SHARED]
    paths += [] if branch is None else [shared / "refs" / "heads" / f"{branch}.lock"]
    for path in paths:
        with suppress(FileNotFoundError):
            yield _Lock(path, path.lstat().st_mtime)


def _is_old(lock: _Lock) -> bool:
    return time.time() - lock.made_at > _OLD_SECONDS


def _remove(locks: Sequence[_Lock]) -> list[Path]:
    removed = []
    for each in locks:
        with suppress(FileNotFoundError, files.WriteFailed):  # a git that has just ended has removed it
            if each.path.lstat().st_mtime == each.made_at:  # else it is that of another one, which has just begun
                files.remove(each.path, root=each.path.parent)
                removed.append(each.path)
    return removed
