"""git's comparison of record files with its index, begun before anything that takes Python long to import."""

from __future__ import annotations

import errno
import os

from cpl import git_env
from cpl.machine import cores

TYPE_CHECKING = False  # as of `typing`
if TYPE_CHECKING:
    from typing import Final

# Whatever the user has set: every file is compared, and by all that its folder entry says.
_SETTINGS: Final = ("-c", "core.fsmonitor=false", "-c", "core.checkStat=default", "-c", "core.trustctime=true")
_IN_THREADS: Final = ("diff-files", "-z", "--name-only", "--relative", "--no-renames", "--ignore-submodules", "--")
_IN_ONE_THREAD: Final = ("ls-files", "-z", "--modified", "--")
_FEW_CORES: Final = 2
_STDERR: Final = 2


def comparison(records: str) -> tuple[str, ...]:
    """What to ask git, for the files in the folder `records` that differ from its index, each with NUL behind it.

    With few processors by one thread, for cpl needs one itself meanwhile: `git diff-files` would begin twenty.
    """
    return (*_SETTINGS, *(_IN_THREADS if cores() > _FEW_CORES else _IN_ONE_THREAD), records)


class Begun:
    """A question to git, in `folder`, that has been begun; nobody has to wait for the answer.

    Raises:
        OSError: git could not be started.
    """

    def __init__(self, folder: str, question: tuple[str, ...]) -> None:
        self._told, end = os.pipe()
        try:
            if end <= _STDERR:  # the caller closed one of its own streams, and git's have these numbers, too
                raise OSError(errno.EBADF, os.strerror(errno.EBADF))
            self._process = _started(["git", "-C", folder, *git_env.CAREFUL, *question], end)
        except OSError:
            os.close(self._told)
            raise
        finally:
            os.close(end)

    def answer(self) -> bytes | None:
        """What git prints; None where it failed, or may have: it has to be asked again to know why."""
        with open(self._told, "rb") as pipe:
            told = pipe.read()
        try:
            _pid, status = os.waitpid(self._process, 0)
        except ChildProcessError:  # whoever started cpl has told the system that nobody waits for children
            return None
        return told if status == 0 else None


def _started(command: list[str], out: int) -> int:
    environment = git_env.environment({}, write=False, inherit=False)
    actions = [
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_DUP2, out, 1),
        (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0),
    ]
    return os.posix_spawnp(command[0], command, environment, file_actions=actions)
