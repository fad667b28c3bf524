"""Replays the console blocks of docs/server.md: a clone, and a bare repository beside it that judges what is pushed.

`python -m tests.server_page` rewrites the page; a test compares. The folder of both is shown as `/srv`.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from cpl import hooking
from tests import readme
from tests.processes import environment
from tests.readme import Replay

PAGE: Final = Path(__file__).parent.parent / "docs" / "server.md"
_INSTALL: Final = "cpl hooks install --server "


class ServerReplay(Replay):
    """As for the README, but pushes are judged for real."""

    def run(self, command: str) -> str:
        """What a command prints; of git also what it says, and what the server says."""
        if command.startswith(_INSTALL):
            folder = Path(os.path.normpath(self.root / command.removeprefix(_INSTALL)))
            printed = "".join(f"{each.path}: {each.words}\n" for each in hooking.install_on_server(folder))
        elif command.startswith("git "):
            env = environment(**self._environment())
            done = subprocess.run(shlex.split(command), cwd=self.root, env=env, capture_output=True, text=True)
            printed = done.stdout + done.stderr
        elif command.startswith("sed "):
            subprocess.run(shlex.split(command), cwd=self.root, check=True)
            return ""
        else:
            printed = super().run(command)
        return printed.replace(str(self.root.parent), "/srv")


def replayed(page: str, folder: Path) -> str:
    """The page with the output of all its console blocks renewed."""
    root = folder / "estate"
    root.mkdir()
    replay = ServerReplay(root)
    return readme.BLOCK.sub(lambda found: replay.block(found[0]), page)


if __name__ == "__main__":
    os.environ.update(HOME="/dev/null", GIT_CONFIG_NOSYSTEM="1", LC_ALL="C.UTF-8")
    with tempfile.TemporaryDirectory() as temporary:
        real = Path(temporary).resolve()
        PAGE.write_text(replayed(PAGE.read_text(encoding="utf-8"), real), encoding="utf-8")
    sys.exit(0)
