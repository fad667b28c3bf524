"""Replays the commands of a page's console blocks and puts their real output behind them.

`python -m tests.readme` rewrites README.md and the walks in docs/walks/, or the pages that it is given; tests compare.
In a block, `# 2026-11-18 09:00 li.na` sets the clock and the person, `$ cpl …` and `$ git …` are run, and what follows
up to the next such line is their output. A page may have settings of its own, in a yaml block that begins with
`# cpl.yaml`; then `cpl init` completes the store, as it does for everybody.
"""

from __future__ import annotations

import random
import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from click.testing import CliRunner

from cpl import hooking
from cpl.cli import run
from cpl.cli.app import App
from cpl.moments import parse_instant
from cpl.store import Store
from tests.ledger import CPL_YAML, TRUE

PAGE: Final = Path(__file__).parent.parent / "README.md"
WALKS: Final = sorted((PAGE.parent / "docs" / "walks").glob("*.md"))
BLOCK: Final = re.compile(r"(?<=^```console\n).*?(?=^```$)", re.MULTILINE | re.DOTALL)
COMMAND: Final = re.compile(r"^\$ .+$", re.MULTILINE)
_SETTINGS: Final = re.compile(r"^```yaml\n(# cpl\.yaml\n.*?)^```$", re.MULTILINE | re.DOTALL)
_WHEN: Final = re.compile(r"# (\d{4}-\d\d-\d\d) (\d\d:\d\d) ([\w.]+)")


class Replay:
    """A store in which the commands of a page run one after another."""

    def __init__(self, root: Path, settings: str | None = None) -> None:
        self.root = root
        self.chance = random.Random(1)
        self.at, self.who = "2026-11-16T08:00", "li.na"
        (root / "cpl.yaml").write_text(settings or CPL_YAML, encoding="utf-8")
        self.run("git init --quiet --initial-branch=main .")
        self.run("git config user.name 'Li Na'")
        self.run("git config user.email li.na@example.org")
        self.run("git add cpl.yaml")
        self.run("git commit --quiet --message 'Start a complaint store'")
        if settings is not None:
            self.run("cpl init --no-hooks")
        hooking.install(Store(root), TRUE)

    def _environment(self) -> dict[str, str]:
        stamp = f"{self.at}:00+08:00"
        return {
            "GIT_AUTHOR_NAME": self.who,
            "GIT_AUTHOR_EMAIL": f"{self.who}@example.org",
            "GIT_COMMITTER_NAME": self.who,
            "GIT_COMMITTER_EMAIL": f"{self.who}@example.org",
            "GIT_AUTHOR_DATE": stamp,
            "GIT_COMMITTER_DATE": stamp,
        }

    def run(self, command: str) -> str:
        """What a command prints, on stdout and stderr as a terminal shows it."""
        words = shlex.split(command)
        if words[0] == "git":
            environment = {"PATH": "/usr/bin:/bin", **self._environment()}
            done = subprocess.run(words, cwd=self.root, env=environment, check=True, capture_output=True, text=True)
            return done.stdout
        app = App(
            clock=lambda: parse_instant(f"{self.at}:00+08:00"),
            env={"CPL_LANG": "en"},
            git_env=self._environment(),
            folder=self.root,
            no_input=True,
            choose=self.chance.choice,
            interpreter=TRUE,
        )
        with CliRunner().isolation() as (_out, _err, both):
            run(words[1:], app)
        return both.getvalue().decode()

    def block(self, text: str) -> str:
        """The block with the commands' output renewed."""
        lines = []
        for line in text.splitlines():
            if when := _WHEN.fullmatch(line):
                self.at, self.who = f"{when[1]}T{when[2]}", when[3]
                lines.append(line)
            elif line.startswith("$ "):
                printed = "\n".join(each.rstrip() for each in self.run(line[2:]).rstrip("\n").splitlines())
                lines.append(line + ("\n" + printed if printed else ""))
        return "\n".join(lines) + "\n"


def replayed(page: str, root: Path) -> str:
    """The page with the output of all its console blocks renewed."""
    settings = _SETTINGS.search(page)
    replay = Replay(root, settings and settings[1])
    return BLOCK.sub(lambda found: replay.block(found[0]), page)


if __name__ == "__main__":
    for path in map(Path, sys.argv[1:]) if sys.argv[1:] else (PAGE, *WALKS):
        with tempfile.TemporaryDirectory() as folder:
            path.write_text(replayed(path.read_text(encoding="utf-8"), Path(folder)), encoding="utf-8")
    sys.exit(0)
