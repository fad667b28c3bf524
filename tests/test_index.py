"""The index: whatever happens to the files, a command says the same with it as without it; and it can be lost."""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
import stat
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cpl import freshness, index_file, locks
from tests.ledger import CPL_YAML, NOW, Ledger, Outcome
from tests.processes import run_process

WINDOW = 0.02
QUESTIONS = (
    ("list", "--limit", "3"),
    ("list", "--sort", "-id", "--limit", "2", "--open"),
    ("list", "--where", "building=3 status!=closed received>=2026-11-10", "--limit", "5", "--format", "jsonl"),
    ("list", "--where", "title~lift", "--sort", "due", "--columns", "id,title,due,room"),
    ("list", "--department", "engineering", "--at", "2026-11-17T12:00"),
    ("overdue",),
    ("overdue", "--soon", "2d", "--format", "json"),
    ("overdue", "--at", "2026-11-17T09:00", "--format", "json"),
    ("summary", "--week", "this", "--ids", "--format", "json"),
    ("summary", "--week", "last", "--format", "json"),
    ("summary", "--month", "this", "--at", "2026-11-17T00:00", "--ids", "--format", "json"),
    ("search", "lift"),
    ("search", "电梯"),
    ("escalate", "--format", "json"),
)
EVENTS = ("16T10:00 to: investigating", "17T10:00 to: resolving", "18T09:00 to: replying")


def both(ledger: Ledger, *args: str) -> tuple[Outcome, Outcome]:
    """What a command does with the index, and without it."""
    return ledger(*args), ledger(*args, "--no-index")


def assert_same(ledger: Ledger) -> None:
    for question in QUESTIONS:
        with_index, without = both(ledger, *question)
        assert with_index == without, question


def database(ledger: Ledger) -> Path:
    return ledger.root / ".git" / "cpl" / index_file.NAME


@pytest.fixture
def filled(ledger: Ledger) -> Ledger:
    """A store with some complaints in several states, one of which is linked with another."""
    first = ledger.open("Lift stuck on floor 3", "--building", "3", "--room", "301", now="2026-11-09T09:00:00+08:00")
    second = ledger.open("电梯又停了", "--building", "3", "--room", "301", now="2026-11-16T09:00:00+08:00")
    third = ledger.open("No light in the stairs", "--building", "5", now="2026-11-17T09:00:00+08:00")
    ledger.ok("transition", first, "investigating", now="2026-11-09T10:00:00+08:00")
    ledger.ok("assign", second, "--to", "zhao.qiang", now="2026-11-16T10:00:00+08:00")
    ledger.ok("link", second, first, "--as", "same-cause", now="2026-11-16T11:00:00+08:00")
    ledger.ok("transition", third, "withdrawn", "--reason", "test", now="2026-11-17T10:00:00+08:00")
    return ledger


class Hand:
    """Somebody who does things to the files of a store, at random."""

    def __init__(self, ledger: Ledger, chance: random.Random) -> None:
        self.ledger = ledger
        self.chance = chance

    @property
    def root(self) -> Path:
        return self.ledger.root

    def some_file(self) -> Path | None:
        found = sorted(
            path for path in (self.root / "records").rglob("*.md") if path.is_file() and not path.is_symlink()
        )
        return self.chance.choice(found) if found else None

    def act(self, name: str) -> None:
        path = self.some_file()
        if name == "new":
            hours = self.chance.randrange(1, 200)
            self.ledger(
                "open",
                "-t",
                self.chance.choice(["Lift 2 hums", "电梯异响", "Bins"]),
                "--building",
                "3",
                now=f"2026-11-{9 + hours // 24:02}T{hours % 24:02}:30:00+08:00",
            )
        elif path is not None:
            getattr(self, name)(path)

    def same_size(self, path: Path) -> None:
        """An edit that neither size nor times tell of."""
        info = path.stat()
        text = path.read_bytes()
        path.write_bytes(text.replace(b"Lift", b"Boat", 1) if b"Lift" in text else text.replace(b"Boat", b"Lift", 1))
        os.utime(path, ns=(info.st_atime_ns, info.st_mtime_ns))

    def write_anew(self, path: Path) -> None:
        aside = path.with_suffix(".new")
        aside.write_bytes(path.read_bytes().replace("title: ".encode(), "title: The ".encode(), 1))
        aside.replace(path)

    def break_it(self, path: Path) -> None:
        path.write_bytes(path.read_bytes().replace(b"kind: ", b"kind", 1))

    def unknown_key(self, path: Path) -> None:
        path.write_bytes(path.read_bytes().replace(b"\nkind: ", b"\nkidn: x\nkind: ", 1))

    def delete(self, path: Path) -> None:
        path.unlink()

    def delete_folder(self, path: Path) -> None:
        shutil.rmtree(path.parent)

    def rename(self, path: Path) -> None:
        target = self.root / "records" / self.chance.choice(["2026/11/08", "2026/11", "2027-odd"]) / path.name
        target.parent.mkdir(parents=True, exist_ok=True)
        path.rename(target)

    def copy(self, path: Path) -> None:
        shutil.copy2(path, path.with_name(f"copy-{self.chance.randrange(3)}.md"))

    def link(self, path: Path) -> None:
        link = path.with_name("link.md")
        if not link.is_symlink():
            link.symlink_to(path)

    def link_folder(self, path: Path) -> None:
        link = path.parent / "elsewhere"
        if not link.is_symlink():
            link.symlink_to(self.root / "templates" if (self.root / "templates").is_dir() else self.root)

    def forbid(self, path: Path) -> None:
        path.chmod(0o644 if path.stat().st_mode & stat.S_IXUSR else 0o755)

    def jump(self, path: Path) -> None:
        """The times of a clock that is wrong."""
        moment = time.time_ns() + self.chance.choice([-1, 1]) * 3_600_000_000_000
        os.utime(self.chance.choice([path, path.parent]), ns=(moment, moment))

    def skip(self, path: Path) -> None:
        self.git("update-index", self.chance.choice(["--skip-worktree", "--assume-unchanged"]), str(path))
        self.same_size(path)

    def unskip(self, path: Path) -> None:
        self.git("update-index", "--no-skip-worktree", "--no-assume-unchanged", str(path))

    def add(self, path: Path) -> None:
        self.git("add", str(path))

    def commit(self, _path: Path) -> None:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--no-verify", "--message", "by hand")

    def branch(self, _path: Path) -> None:
        self.git("switch", "--quiet", "--create", f"b{self.chance.randrange(1000)}")

    def switch(self, _path: Path) -> None:
        names = self.ledger.git("branch", "--format=%(refname:short)").split()
        self.git("checkout", "--quiet", "--force", self.chance.choice(names))

    def back(self, _path: Path) -> None:
        self.git("reset", "--quiet", "--hard", "HEAD~1")

    def merge(self, _path: Path) -> None:
        names = self.ledger.git("branch", "--format=%(refname:short)").split()
        self.git("merge", "--quiet", "--no-edit", self.chance.choice(names))

    def stash(self, _path: Path) -> None:
        self.git("stash", "--quiet", "--include-untracked")

    def unstash(self, _path: Path) -> None:
        self.git("stash", "pop", "--quiet")

    def refresh(self, _path: Path) -> None:
        self.git("status")

    def crlf(self, path: Path) -> None:
        """git writes other bytes than it keeps."""
        (self.root / ".gitattributes").write_text("*.md text eol=crlf\n")
        path.unlink()
        self.git("checkout", "--", str(path))

    def forget(self, _path: Path) -> None:
        shutil.rmtree(self.root / ".git" / "cpl", ignore_errors=True)

    def other_rules(self, _path: Path) -> None:
        (self.root / "cpl.yaml").write_text(
            CPL_YAML + f"clocks: {{respond: {{targets: {{all: {{within: {self.chance.randrange(1, 60)}h}}}}}}}}\n"
        )

    def git(self, *args: str) -> None:
        subprocess.run(["git", *args], cwd=self.root, check=False, capture_output=True)


ACTS = [
    "new",
    *sorted(
        name
        for name, each in vars(Hand).items()
        if callable(each) and not name.startswith("_") and name not in ("act", "git")
    ),
]


@pytest.fixture
def short_window(monkeypatch: pytest.MonkeyPatch) -> None:
    """Times are trusted after some milliseconds and not only after two seconds, so that a test sees them trusted."""
    monkeypatch.setattr(freshness, "RACY_NS", int(WINDOW * 1e9 / 2))


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(acts=st.lists(st.sampled_from(ACTS), min_size=1, max_size=7), seed=st.integers(0, 1 << 16), waits=st.booleans())
@pytest.mark.usefixtures("short_window")
def test_whatever_is_done_to_the_files_the_answers_are_those_without_index(
    filled: Ledger, tmp_path_factory: pytest.TempPathFactory, acts: list[str], seed: int, waits: bool
) -> None:
    root = tmp_path_factory.mktemp("acts") / "estate"
    shutil.copytree(filled.root, root, symlinks=True)
    ledger = Ledger(root)
    hand = Hand(ledger, random.Random(seed))
    assert_same(ledger)
    for act in acts:
        if waits:
            time.sleep(WINDOW)
            ledger("list")  # the index learns what can be trusted by now
        hand.act(act)
        assert_same(ledger)
    shutil.rmtree(root)
