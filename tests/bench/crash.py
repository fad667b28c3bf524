"""Every write command, stopped at every point: `python -m tests.bench.crash [--only NAME,…] [--every N] [--json]`.

Each command runs once to count its points, then once for each point and kind of fault on a fresh copy of the store:
killed, interrupted, terminated or out of disk before and after each call of `cpl.files` and each command of git, and
killed (alone, or together with git) each time that git runs a hook. Afterwards the store has to be as before or as
after; where something is left, `cpl check` has to say so, and `cpl doctor --fix` has to finish or undo it. What is
neither is lost. Prints a row of a Markdown table, with --json the same for programs; exits with 1 when something is
lost.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from cpl import driver, hooking
from cpl.files import is_staged
from cpl.journal import NAME
from cpl.store import Store
from tests import faults
from tests.faults import FULL, INTERRUPT, KILL, ORPHAN, POWER, TERMINATE, Done, Fault
from tests.ledger import CPL_YAML, ONE, ROOT, TRUE, Ledger

WHAT: Final = "commands killed, interrupted, out of disk"
KINDS: Final = (KILL, INTERRUPT, TERMINATE, FULL)
KINDS_WITHIN_GIT: Final = (POWER, ORPHAN)
MAPPING: Final = """\
format: 1
system: desk
key: {column: No}
timezone: Asia/Shanghai
dates: ['%Y-%m-%d %H:%M']
received: {column: Date}
title: {column: Text}
kind: {value: complaint}
category: {column: Type, default: other, keep: x-type}
"""
ROWS: Final = "No,Date,Type,Text\n1,2026-11-01 09:00,other,No heat\n2,2026-11-02 09:00,other,Loud\n"
ATTRIBUTES: Final = "records/** -text\nrecords/**/*.md -text merge=cpl\n"
_SHIFT: Final = 11
TASK: Final = "t-k9r3"  # what `Ledger` makes of a task in a fresh store
SECOND: Final = "CPL-20261118-Q3D25VJ"


@dataclass(frozen=True, slots=True)
class Command:
    """A command line, and what makes the store ready for it."""

    args: Sequence[str]
    prepare: Callable[[Ledger], object] = lambda _ledger: None


def _nothing_installed(ledger: Ledger) -> None:
    for name in hooking.HOOKS:
        (ledger.root / ".git" / "hooks" / name).unlink()


def _earlier_hook(ledger: Ledger) -> None:
    _nothing_installed(ledger)
    path = ledger.root / ".git" / "hooks" / "pre-commit"
    path.write_text("#!/bin/sh\nexit 0\n")
    path.chmod(0o755)


def _with_hooks_beside(ledger: Ledger) -> None:
    _earlier_hook(ledger)
    hooking.install(Store(ledger.root), TRUE)


def _unwell(ledger: Ledger) -> None:
    _nothing_installed(ledger)
    ledger.git("config", "--remove-section", "merge.cpl")
    (ledger.root / ".gitattributes").write_text("", "utf-8")
    ledger.git("commit", "--quiet", "--all", "--message", "Without attributes")


def _edited(ledger: Ledger) -> None:
    text = ledger.path(ONE).read_text("utf-8").replace("Door 2", "Door 3")
    (ledger.root.parent / "mended.md").write_text(text, "utf-8")


def _rows(ledger: Ledger) -> None:
    (ledger.root.parent / "map.yaml").write_text(MAPPING, "utf-8")
    (ledger.root.parent / "rows.csv").write_text(ROWS, "utf-8")


def _nothing_there(ledger: Ledger) -> None:
    shutil.rmtree(ledger.root)
    ledger.root.mkdir()


def _repeating_task(ledger: Ledger) -> None:
    ledger.ok("task", ONE, "add", "Look after the door", "--every", "1d", "--due", "2026-11-18T17:00")


def _finished(ledger: Ledger) -> None:
    ledger.ok("transition", ONE, "resolving")
    ledger.ok("transition", ONE, "replying")
    ledger.ok("contact", ONE, "--via", "phone", "--about", "reply")
    ledger.ok("transition", ONE, "closed", "--reason", "she is content")


COMMANDS: Final = {
    "open": Command(["open", "-t", "Lift stuck", "--attach", str(ROOT / "LICENSE")]),
    "open --no-commit": Command(["open", "-t", "Lift stuck", "--attach", str(ROOT / "LICENSE"), "--no-commit"]),
    "set": Command(["set", ONE, "location.room=1201"]),
    "edit": Command(["edit", ONE, "--file", "../mended.md"], _edited),
    "transition": Command(["transition", ONE, SECOND, "resolving"]),
    "assign": Command(["assign", ONE, "--to", "zhao.qiang"]),
    "assign --all-of": Command(["assign", "--all-of", "zhao.qiang", "--to", "sun.wei"]),
    "contact": Command(["contact", ONE, "--via", "phone", "--about", "acknowledge"]),
    "note": Command(["note", ONE, "-m", "The door was looked at."]),
    "note --no-commit": Command(["note", ONE, SECOND, "-m", "The door was looked at.", "--no-commit"]),
    "follow-up": Command(["follow-up", ONE, "--via", "phone", "--satisfied"]),
    "did": Command(["did", ONE, "handover"]),
    "attach": Command(["attach", ONE, str(ROOT / "LICENSE"), "--source", "owner"]),
    "task": Command(["task", ONE, "add", "Mend the door", "--who", "zhao.qiang"]),
    "task done": Command(["task", ONE, "done", TASK], _repeating_task),
    "correct": Command(["correct", ONE, "channel=phone", "--reason", "misread"]),
    "link": Command(["link", SECOND, ONE, "--as", "same-cause"]),
    "undo": Command(["undo", "--yes"], lambda ledger: ledger.ok("transition", ONE, SECOND, "resolving")),
    "undo of open": Command(["undo", "--yes"], lambda ledger: ledger.open("Lift", "--attach", str(ROOT / "LICENSE"))),
    "playbook apply": Command(["playbook", "apply", ONE, "door-access-ignored"]),
    "playbook new": Command(["playbook", "new", "door", "--from", ONE], _finished),
    "register add": Command(["register", "prices", "add", "code=lock", "label.en=lock", "unit=piece", "price=60"]),
    "letter": Command(["letter", "acknowledgement", ONE, "--sent", "phone"]),
    "sample": Command(["sample", "--month", "2026-11", "--level", "management", "--share", "100%"], _finished),
    "import": Command(["import", "../rows.csv", "--mapping", "../map.yaml"], _rows),
    "init": Command(["init", "."], _nothing_there),
    "hooks install": Command(["hooks", "install"], _earlier_hook),
    "hooks uninstall": Command(["hooks", "uninstall"], _with_hooks_beside),
    "doctor --fix": Command(["doctor", "--fix"], _unwell),
    "summary --save": Command(["summary", "--week", "2026-W47", "--save"]),
    "calendar seed": Command(["calendar", "seed", "2026"]),
}


@dataclass
class Tally:
    """What became of the faults of one command or of all; `lost` says of each what is wrong."""

    faults: int = 0
    before: int = 0
    after: int = 0
    mended: int = 0
    lost: list[str] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        """Count the other's faults too."""
        self.faults, self.before, self.after = (
            self.faults + other.faults,
            self.before + other.before,
            self.after + other.after,
        )
        self.mended += other.mended
        self.lost += other.lost


def git(root: Path, *args: str) -> str:
    """What a git command prints; what it says when it fails."""
    done = subprocess.run(["git", *args], cwd=root, capture_output=True, text=True)
    return done.stdout if done.returncode == 0 else f"failed: {done.stderr}"


def state(root: Path) -> dict[str, object]:
    """All that a write may change: what HEAD has, what git finds different, the files, the hooks, git's settings."""
    found: dict[str, object] = {"head": git(root, "rev-parse", "HEAD^{tree}")}
    found["status"] = git(root, "status", "--porcelain", "--untracked-files=all", "--ignored")
    found["driver"] = git(root, "config", "--local", "merge.cpl.driver")
    found["commits"] = len(git(root, "rev-list", "HEAD").split()) if "failed" not in str(found["head"]) else 0
    for path in sorted(root.rglob("*")):
        name = path.relative_to(root).as_posix()
        is_hook = name.startswith(".git/hooks/") and not name.endswith(".sample")
        if path.is_file() and (is_hook or not name.startswith(".git/")):
            found[name] = path.read_bytes()
    return found


def left_over(root: Path) -> list[str]:
    """What an interrupted write or git has left that is in the way of others, or that nobody needs."""
    paths = [path for path in root.rglob("*") if "objects" not in path.parts]
    return [
        path.relative_to(root).as_posix()
        for path in paths
        if is_staged(path.name) or path.name == NAME or path.name.endswith(".lock")
    ]


def make_base(folder: Path) -> Path:
    """A store with two complaints in which nothing is wrong."""
    root = folder / "base" / "estate"
    root.mkdir(parents=True)
    (root / "cpl.yaml").write_text(CPL_YAML, "utf-8")
    (root / ".gitattributes").write_text(ATTRIBUTES, "utf-8")
    for command in (
        ["init", "--quiet", "--initial-branch=main", "--template=", "."],  # the examples of hooks take long to copy
        ["config", "user.name", "Li Na"],
        ["config", "user.email", "li.na@example.org"],
        ["add", "--all"],
        ["commit", "--quiet", "--message", "Start"],
    ):
        subprocess.run(["git", *command], cwd=root, check=True)
    hooking.install(Store(root), TRUE)
    driver.register(Store(root))
    ledger = Ledger(root)
    assert (ledger.open(), ledger.open("Door 5")) == (ONE, SECOND)
    ledger.ok("assign", SECOND, "--to", "zhao.qiang")
    return root


class Walk:
    """One command, stopped at every point."""

    def __init__(self, name: str, base: Path, every: int) -> None:
        self.name, self.every = name, every
        self.shift = _SHIFT * list(COMMANDS).index(name)
        self.command = COMMANDS[name]
        self.folder = base.parent.parent / "walk"
        self.tally = Tally()
        model = self.folder / "model"
        shutil.copytree(base.parent, model, symlinks=True)
        self.command.prepare(Ledger(model / "estate"))
        self.model = model
        self.before = state(model / "estate")

    def all(self) -> Tally:
        """Walk; what became of the faults."""
        done = self._run(None)
        assert done.code == 0, (self.name, done)
        self.after = state(self.ledger.root)
        assert self.after != self.before
        for kind in KINDS:
            for point in self._sample(done.points):
                self._judge(self._run(Fault(kind, point)), f"{kind} at point {point}")
        for kind in KINDS_WITHIN_GIT:
            for number in self._sample(self._calls()):
                self._fresh()
                with faults.hooks(self.ledger, kind, number):
                    done = faults.run(self.ledger, self.command.args)
                self._judge(done, f"{kind} at hook {number}")
        shutil.rmtree(self.folder)
        return self.tally

    def _sample(self, count: int) -> range:
        """Each N-th number up to `count`; for each kind of fault they begin somewhere else."""
        self.shift += _SHIFT
        return range(1 + self.shift % min(self.every, max(count, 1)), count + 1, self.every)

    def _calls(self) -> int:
        """How often git runs a hook; none where there is no repository to put one into yet."""
        self._fresh()
        if not (self.ledger.root / ".git").exists():
            return 0
        with faults.hooks(self.ledger, POWER, 0) as calls:
            faults.run(self.ledger, self.command.args)
            return calls()

    def _fresh(self) -> None:
        shutil.rmtree(self.folder / "now", ignore_errors=True)
        shutil.copytree(self.model, self.folder / "now", symlinks=True)
        self.ledger = Ledger(self.folder / "now" / "estate")
        os.chdir(self.ledger.root)

    def _run(self, fault: Fault | None) -> Done:
        self._fresh()
        return faults.run(self.ledger, self.command.args, fault)

    def _judge(self, done: Done, where: str) -> None:
        """Count how the store was left, and see that it can be put right."""
        self.tally.faults += 1
        ledger = self.ledger
        found, left = state(ledger.root), left_over(ledger.root)
        is_mended = bool(left) or found not in (self.before, self.after)
        if is_mended:
            self._mend(where)
            found, left = state(ledger.root), left_over(ledger.root)
        if left or found not in (self.before, self.after):
            self._lost(where, f"left {left}, differs in {self._differing(found)}; {done.err}")
        elif done.code == 0 and done.points and found != self.after:
            self._lost(where, f"ended with 0, and is as before; {done.err}")
        elif done.code not in (-9, 0, 1, 2) or (done.code and done.points and not done.err.strip()):
            self._lost(where, f"ended with {done.code}: {done.err}")
        else:
            self.tally.mended += is_mended
            self.tally.before += not is_mended and found == self.before
            self.tally.after += not is_mended and found != self.before

    def _mend(self, where: str) -> None:
        """Have `cpl check` tell of it, and `cpl doctor --fix` put it right; without a store, another `cpl init`."""
        ledger = self.ledger
        if (ledger.root / "cpl.yaml").exists():
            check = ledger("check")
            is_told = "W082" in check.out or not (ledger.root / ".git" / "cpl" / NAME).exists()
            if check.code not in (0, 1) or not is_told:
                self._lost(where, f"check does not tell of it: {check}")
            ledger("doctor", "--fix")
        if self.name == "init":
            ledger(*self.command.args)

    def _differing(self, found: dict[str, object]) -> list[str]:
        nearest = min(
            (self.before, self.after),
            key=lambda known: sum(known.get(name) != found.get(name) for name in {*known, *found}),
        )
        return [name for name in {*nearest, *found} if nearest.get(name) != found.get(name)]

    def _lost(self, where: str, why: str) -> None:
        self.tally.lost.append(f"{self.name}, {where}: {why}")


def walked(names: Sequence[str], every: int, folder: Path) -> Iterator[tuple[str, Tally]]:
    """Each command with what became of its faults."""
    base = make_base(folder)
    for name in names:
        yield name, Walk(name, base, every).all()


def trap() -> None:
    """A home where nothing can be read or written, and no trace of whose git this is."""
    for name in [*os.environ]:
        if name.startswith(("GIT_", "CPL_")) or name in ("EMAIL", "LANGUAGE"):
            del os.environ[name]
    os.environ |= {"HOME": "/dev/null", "XDG_CONFIG_HOME": "/dev/null/config", "GIT_CONFIG_NOSYSTEM": "1"}
    os.environ |= {"LC_ALL": "C.UTF-8", "PYTHONPATH": str(ROOT)}
    # For `cpl init`, which makes the repository that has none of its own yet.
    os.environ |= {f"GIT_{role}_NAME": "Li Na" for role in ("AUTHOR", "COMMITTER")}
    os.environ |= {f"GIT_{role}_EMAIL": "li.na@example.org" for role in ("AUTHOR", "COMMITTER")}


def main() -> int:
    """Walk and print; 1 when something is lost."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--only", type=lambda text: text.split(","), default=list(COMMANDS), metavar="NAME,…")
    parser.add_argument("--every", type=int, default=1, metavar="N", help="only each N-th point")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    trap()
    total, commands = Tally(), Counter[str]()
    with tempfile.TemporaryDirectory() as folder:
        for name, tally in walked(options.only, options.every, Path(os.path.realpath(folder))):
            total.add(tally)
            commands[name] = tally.faults
            print(f"{name}: {tally.faults} faults, {len(tally.lost)} lost", file=sys.stderr, flush=True)
            os.chdir("/")
    if options.json:
        row = {"what": WHAT, "commands": len(commands), "one_point_in": options.every, "faults": total.faults}
        left = {"left_as_before": total.before, "as_after": total.after, "mended_by_doctor": total.mended}
        print(json.dumps({**row, **left, "lost": total.lost}))
    else:
        print(
            f"| crash | {total.faults} faults in {len(commands)} commands | {total.before} left as before, "
            f"{total.after} as after, {total.mended} mended by `cpl doctor --fix` | {len(total.lost)} |"
        )
    for each in total.lost:
        print(each, file=sys.stderr)
    return int(bool(total.lost))


if __name__ == "__main__":
    sys.exit(main())
