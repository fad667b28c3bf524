"""A store to test on, driven through the command line with a fixed clock: `Ledger(...)("list", "--open")`."""

from __future__ import annotations

import random
import shutil
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import NamedTuple

from click.testing import CliRunner

from cpl import config, document
from cpl.cli import run
from cpl.cli.app import App
from cpl.config import Settings
from cpl.hook_states import HOOKS
from cpl.moments import parse_instant
from cpl.record import Record, load, make_id
from cpl.settings_files import PROFILES

ROOT = Path(__file__).parent.parent
EXAMPLES = ROOT / "tests" / "examples"
COMMON = ROOT / "templates" / "profiles" / "common.yaml"
RESIDENTIAL = ROOT / "templates" / "profiles" / "residential.yaml"
ONE = "CPL-20261118-M9S3467"
TRUE = shutil.which("true") or "/bin/true"  # stands in for the interpreter of hooks: they have the real clock
NOW = "2026-11-18T16:00:00+08:00"

Once = Callable[[Callable[[Path], object]], Path]
"""What the fixture `once` is."""

CPL_YAML = """\
format: 1
name: 锦绣花园
timezone: Asia/Shanghai
language: en
profile: residential
people:
- {id: li.na, name: 李娜, emails: [li.na@example.org], roles: [desk], department: customer-service}
- {id: zhao.qiang, name: 赵强, emails: [zhao.qiang@example.org], roles: [engineer], department: engineering}
- {id: sun.wei, name: 孙伟, emails: [sun.wei@example.org], roles: [manager], department: management}
"""


def install_stub_hooks(root: Path) -> None:
    """Hooks that count as installed and check nothing, so that tests of other things are quiet and fast."""
    for name in HOOKS:
        path = root / ".git" / "hooks" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("#!/bin/sh\n# cpl-hook: a stub for tests\n", encoding="utf-8")
        path.chmod(0o755)


class Outcome(NamedTuple):
    """What a command did."""

    code: int
    out: str
    err: str


@dataclass
class Ledger:
    """A store and the person who works in it; calling it runs a command line."""

    root: Path
    now: str = NOW
    env: Mapping[str, str] = field(default_factory=dict)
    chance: random.Random = field(default_factory=lambda: random.Random(7))
    interpreter: str = TRUE

    def __call__(self, *args: str, stdin: str | None = None, now: str | None = None) -> Outcome:
        """Run `cpl ARGS` in the store."""
        app = App(
            clock=lambda: parse_instant(now or self.now),
            env={"CPL_LANG": "en", **self.env},
            folder=self.root,
            choose=self.chance.choice,
            interpreter=self.interpreter,
        )
        runner = CliRunner()
        with runner.isolation(input=stdin) as (out, err, _both):
            code = run(args, app)
        return Outcome(code, out.getvalue().decode(), err.getvalue().decode())

    def ok(self, *args: str, stdin: str | None = None, now: str | None = None) -> str:
        """Run a command that has to succeed; what it printed on stdout."""
        outcome = self(*args, stdin=stdin, now=now)
        assert outcome.code == 0, outcome
        return outcome.out

    def open(self, title: str = "Door 2 does not lock", *args: str, now: str | None = None) -> str:
        """Take a complaint in; its id."""
        return self.ok("open", "-t", title, *args, now=now).partition(":")[0]

    def path(self, identifier: str) -> Path:
        """The file of a record."""
        day = identifier[4:12]
        return self.root / "records" / day[:4] / day[4:6] / day[6:] / f"{identifier}.md"

    def git(self, *args: str) -> str:
        """What a git command prints."""
        return subprocess.run(["git", *args], cwd=self.root, check=True, capture_output=True, text=True).stdout

    def put(self, identifier: str, text: str) -> Path:
        """Write a record's file by hand, uncommitted."""
        path = self.path(identifier)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="")
        return path

    def commit(self, message: str = "by hand") -> None:
        """Commit everything by hand."""
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", message)


def instant(text: str) -> datetime:
    """Shorthand for an instant in the store's zone: `2026-11-18T16:00`."""
    return parse_instant(f"{text}:00+08:00")


@cache
def settings(cpl_yaml: str = CPL_YAML, *, profile: str | None = None) -> Settings:
    """The settings of a store with this cpl.yaml, and with this profile instead of the shipped one."""

    def files(path: str) -> bytes | None:
        if path == config.MARKER:
            return cpl_yaml.encode()
        if profile is not None and path.startswith(PROFILES) and path != f"{PROFILES}/{COMMON.name}":
            return profile.encode()
        return (ROOT / path).read_bytes() if (ROOT / path).exists() else None

    return config.load(files)


ID = make_id(date(2026, 11, 16), "AAAAAA")


def record_text(*events: str, fields: str = "", identifier: str = ID) -> str:
    """A record received on Monday, the 16th at 09:00, with events such as `17T10:00 to: resolving`, by li.na."""
    history = ["16T09:00 to: received", *events]
    moves = [event.split("to: ")[1].split(",")[0] for event in history if " to: " in event.split(",")[0]]
    lines = [
        f"- {{at: 2026-11-{at}:00+08:00, by: li.na, {rest}}}" for at, rest in (each.split(" ", 1) for each in history)
    ]
    front = {
        "id": identifier,
        "title": "Door 2 does not lock",
        "kind": "complaint",
        "status": moves[-1],
        "received_at": "2026-11-16T09:00:00+08:00",
    }
    own = {line.partition(":")[0] for line in fields.splitlines()}
    rest = "".join(f"{name}: {value}\n" for name, value in front.items() if name not in own)
    return f"---\n{rest}{fields}history:\n" + "\n".join(lines) + "\n---\n"


def record(text: str) -> Record:
    """The record of a text that has no error."""
    parsed, problems = document.parse(text.encode(), "record.md")
    assert parsed is not None, problems
    found, more = load(parsed)
    assert found is not None, more
    assert [each for each in [*problems, *more] if each.is_error] == []
    return found
