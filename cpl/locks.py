"""The lock that makes a process the only writer of a clone; a dead process holds none."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from gettext import gettext as _
from pathlib import Path
from typing import Final

from cpl.errors import CplError
from cpl.files import WriteFailed, explain

_POLL_SECONDS: Final = 0.02
_FLAGS: Final = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC


class Busy(CplError):
    """Another process holds the lock; `pid` is what it wrote about itself, empty when unknown."""

    def __init__(self, path: Path, pid: str) -> None:
        self.path, self.pid = path, pid
        words = _("{who} is writing to this store (lock {path}); try again when it is done")
        super().__init__(words.format(who=_holder(pid), path=path))


def _holder(pid: str) -> str:
    """Who holds a lock, as people read it."""
    if not pid.isdecimal():
        return _("another process")
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return _("process {pid} has been killed, but a git that it started").format(pid=pid)
    except OSError:  # it is somebody else's, so it is there
        pass
    return _("process {pid}").format(pid=pid)


@contextmanager
def lock(path: Path, *, timeout: float) -> Iterator[None]:
    """Hold the exclusive lock `path`, waiting up to `timeout` seconds; a dead process holds no lock.

    Who is started meanwhile inherits it: when this process is killed, a git that it started still keeps others out.

    Raises:
        Busy: somebody else had it all the time.
        WriteFailed: the lock file can't be made, or its folder is a link.
    """
    if path.parent.is_symlink():
        raise WriteFailed(path, _("its folder is a symbolic link, which may lead anywhere; remove the link"))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, _FLAGS, 0o600)
    except OSError as error:
        raise WriteFailed(path, explain(error)) from error
    try:
        _await_lock(path, descriptor, time.monotonic() + timeout)
        _sign(path, descriptor)
        os.set_inheritable(descriptor, True)
        try:
            yield
        finally:
            # Not only closed: what git leaves running, such as its housekeeping, has inherited it.
            fcntl.flock(descriptor, fcntl.LOCK_UN)
    finally:
        # The file stays: removing it would let two processes lock two files of one name.
        os.close(descriptor)


def _sign(path: Path, descriptor: int) -> None:
    """Write into the lock who has it now."""
    try:
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
    except OSError as error:
        raise WriteFailed(path, explain(error)) from error


def is_held(path: Path) -> bool:
    """Whether some process holds the lock `path`; nothing is changed."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:  # there is none, or it can't be taken by us
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def _await_lock(path: Path, descriptor: int, give_up_at: float) -> None:
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= give_up_at:
                raise Busy(path, os.pread(descriptor, 32, 0).decode("ascii", "replace").strip()) from None
            time.sleep(_POLL_SECONDS)
        else:
            return
