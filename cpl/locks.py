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
        who = _("process {pid}").format(pid=pid) if pid else _("another process")
        words = _("{who} is writing to this store (lock {path}); try again when it is done")
        super().__init__(words.format(who=who, path=path))


@contextmanager
def lock(path: Path, *, timeout: float) -> Iterator[None]:
    """Hold the exclusive lock `path`, waiting up to `timeout` seconds; a dead process holds no lock.

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
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        # The file stays: removing it would let two processes lock two files of one name.
        os.close(descriptor)


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
