"""The index: whatever happens to the files, a command says the same with it as without it; and it can be lost."""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
import stat
import subprocess
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import closing
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cpl import checking, freshness, git_begun, index_file, index_kept, index_rows, locks, store
from cpl.checking import Verdict
from cpl.store import Store
from tests.ledger import CPL_YAML, Ledger, Once, Outcome
from tests.processes import command, environment, run_process
from tests.test_cli_register import OFFICER

WINDOW = 0.02
SECOND_NS = 1_000_000_000
QUESTIONS = (
    ("list", "--limit", "3"),
    ("list", "--sort", "-id", "--limit", "2", "--open"),
    ("list", "--where", "building=3 status!=closed received>=2026-11-10", "--limit", "5", "--format", "jsonl"),
    ("list", "--where", "building!=3 status!=withdrawn lead!=zhao.qiang"),
    ("list", "--where", "title~lift", "--sort", "due", "--columns", "id,title,due,room"),
    ("list", "--department", "engineering", "--at", "2026-11-17T12:00"),
    ("overdue",),
    ("overdue", "--soon", "2d", "--format", "json"),
    ("overdue", "--at", "2026-11-17T09:00", "--format", "json"),
    ("summary", "--week", "this", "--ids", "--format", "json"),
    ("summary", "--week", "last", "--findings"),
    ("summary", "--month", "this", "--at", "2026-11-17T00:00", "--ids", "--format", "json"),
    ("search", "lift"),
    ("search", "电梯"),
    ("escalate", "--format", "json"),
    ("check",),
)
EVENTS = ("16T10:00 to: investigating", "17T10:00 to: resolving", "18T09:00 to: replying")


def both(ledger: Ledger, *args: str) -> tuple[Outcome, Outcome]:
    """What a command does with the index, and without it."""
    return ledger(*args), ledger(*args, "--no-index")


def assert_same(ledger: Ledger) -> None:
    some = sorted(path.stem for path in ledger.root.glob("records/*/*/*/CPL-*.md"))[-1:]
    for question in (*QUESTIONS, *(("similar", each) for each in some)):
        with_index, without = both(ledger, *question)
        assert with_index == without, question


def database(ledger: Ledger) -> Path:
    return ledger.root / ".git" / "cpl" / index_file.NAME


@pytest.fixture
def filled(once: Once, pristine: Path, tmp_path: Path) -> Ledger:
    """A store with some complaints in several states, one of which is linked with another."""

    def fill(folder: Path) -> None:
        shutil.copytree(pristine, folder / "estate", symlinks=True)
        take_in_three(Ledger(folder / "estate"))

    shutil.copytree(once(fill), tmp_path, symlinks=True, dirs_exist_ok=True)
    return Ledger(tmp_path / "estate")


def take_in_three(ledger: Ledger) -> None:
    first = ledger.open("Lift stuck on floor 3", "--building", "3", "--room", "301", now="2026-11-09T09:00:00+08:00")
    second = ledger.open("电梯又停了", "--building", "3", "--room", "301", now="2026-11-16T09:00:00+08:00")
    third = ledger.open("No light in the stairs", "--building", "5", now="2026-11-17T09:00:00+08:00")
    ledger.ok("transition", first, "investigating", now="2026-11-09T10:00:00+08:00")
    ledger.ok("assign", second, "--to", "zhao.qiang", now="2026-11-16T10:00:00+08:00")
    ledger.ok("link", second, first, "--as", "same-cause", now="2026-11-16T11:00:00+08:00")
    ledger.ok("transition", third, "withdrawn", "--reason", "test", now="2026-11-17T10:00:00+08:00")


class Hand:
    """Somebody who does things to the files of a store, at random."""

    def __init__(self, ledger: Ledger, chance: random.Random) -> None:
        self.ledger = ledger
        self.chance = chance

    @property
    def root(self) -> Path:
        return self.ledger.root

    def _some_file(self) -> Path | None:
        found = sorted(
            path for path in (self.root / "records").rglob("*.md") if path.is_file() and not path.is_symlink()
        )
        return self.chance.choice(found) if found else None

    def act(self, name: str) -> None:
        path = self._some_file()
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
        aside.write_bytes(path.read_bytes().replace(b"title: ", b"title: The ", 1))
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

    def evidence(self, path: Path) -> None:
        """A file beside a record that is not listed in it, or is gone again."""
        folder = path.with_suffix("")
        if folder.exists():
            shutil.rmtree(folder)
        else:
            folder.mkdir()
            (folder / "photo.jpg").write_bytes(b"\xff")

    def leave(self, _path: Path) -> None:
        """Somebody leaves, today or later."""
        day = self.chance.choice(["2026-11-15", "2026-11-20"])
        (self.root / "cpl.yaml").write_text(CPL_YAML.replace("roles: [engineer],", f"roles: [engineer], until: {day},"))

    def move(self, path: Path) -> None:
        """A move by hand, of the past or of the future."""
        event = f"- {{at: 2026-11-{self.chance.randrange(10, 30)}T10:00:00+08:00, by: li.na, to: "
        event += self.chance.choice(["on-hold, reason: r", "resolving", "closed"]) + "}\n"
        path.write_bytes(path.read_bytes().replace(b"\n---\n", f"\n{event}---\n".encode(), 1))

    def wait(self, _path: Path) -> None:
        """Time passes, or the clock is put back."""
        self.ledger.now = f"2026-{self.chance.choice(['11-12', '11-18', '11-23', '12-31'])}T12:00:00+08:00"

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
    """Times are trusted after some milliseconds and not only after two seconds, so that a test sees them trusted.

    But never in the second of the change, for git compares whole seconds. And a few records are recognised as many are.
    """
    stamp_of = freshness.stamp_of

    def stamp_in_another_second(info: os.stat_result, looked_at: int) -> freshness.Stamp:
        changed = max(info.st_mtime_ns, info.st_ctime_ns)
        return freshness.UNTRUSTED if changed // SECOND_NS >= looked_at // SECOND_NS else stamp_of(info, looked_at)

    monkeypatch.setattr(freshness, "RACY_NS", int(WINDOW * SECOND_NS / 2))
    monkeypatch.setattr(freshness, "stamp_of", stamp_in_another_second)
    monkeypatch.setattr(index_rows, "_FEW", 0)


def test_an_edit_in_the_second_of_the_change_before_is_seen(filled: Ledger) -> None:
    """Git, which compares whole seconds, does not see it, so the window in which no time is trusted has to be wider."""
    path = sorted(filled.root.glob("records/*/*/*/CPL-*.md"))[0]
    time.sleep(1 - time.time() % 1)
    path.write_bytes(path.read_bytes())
    os.utime(path, ns=(0, SECOND_NS))
    filled.git("status")
    expected = filled("overdue")
    Hand(filled, random.Random(1)).same_size(path)
    with_index, without = both(filled, "overdue")
    assert filled.git("ls-files", "--modified") == ""
    assert (with_index, with_index != expected) == (without, True)


@settings(max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    acts=st.lists(st.sampled_from(ACTS), min_size=1, max_size=7),
    seed=st.integers(0, 1 << 16),
    waits=st.booleans(),
    cores=st.sampled_from([2, 8]),
)
@pytest.mark.usefixtures("short_window")
def test_whatever_is_done_to_the_files_the_answers_are_those_without_index(
    filled: Ledger, acts: list[str], seed: int, *, waits: bool, cores: int
) -> None:
    """Git is asked in another way where there are more processors."""
    with TemporaryDirectory(dir=filled.root.parent) as folder, pytest.MonkeyPatch.context() as patched:
        patched.setattr(git_begun, "cores", lambda: cores)
        root = Path(folder) / "estate"
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


def in_index(ledger: Ledger, asked: str) -> list[tuple[object, ...]]:
    """What a question to the index, or a change of it, brings."""
    with closing(sqlite3.connect(database(ledger))) as opened, opened:
        return opened.execute(asked).fetchall()


def test_figures_are_kept_and_no_record_is_read_again(filled: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    for at in ((), ("--at", "end"), ("--at", "2026-11-16T10:30")):
        question = ("summary", "--ids", "--findings", *at)
        expected = filled(*question, "--no-index")
        assert filled(*question) == expected
        with monkeypatch.context() as patched:
            patched.setattr(index_kept, "record_of", None)
            patched.setattr(store, "read_record", None)
            assert filled(*question) == expected


def test_what_is_pending_is_kept_and_no_record_is_read_again(filled: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    for options in ((), ("--soon", "9d", "--format", "json"), ("--for", "zhao.qiang"), ("--at", "2026-11-17T10:30")):
        expected = filled("overdue", *options, "--no-index")
        assert filled("overdue", *options) == expected
        with monkeypatch.context() as patched:
            patched.setattr(index_kept, "record_of", None)
            patched.setattr(store, "read_record", None)
            assert filled("overdue", *options) == expected
    assert filled("overdue").err == "2 overdue\n"


def test_before_everything_has_happened_the_record_is_read(filled: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    filled.ok("overdue")
    before = ("overdue", "--at", "2026-11-16T09:30", "--soon", "9d")
    with_index, without = both(filled, *before)
    assert with_index == without
    monkeypatch.setattr(store, "read_record", None)
    assert filled(*before).code != 0


@pytest.mark.parametrize("question", [("overdue",), ("summary",), ("check",)])
def test_settings_that_change_while_they_are_used_are_not_what_is_kept(
    filled: Ledger, monkeypatch: pytest.MonkeyPatch, question: tuple[str, ...]
) -> None:
    """What was reckoned by the settings that were read is kept by them, not by those that somebody has just saved."""
    filled.ok("list")
    settings_key, before = index_kept.settings_key, (filled.root / "cpl.yaml").read_text()

    def changed_first(of: store.Store) -> bytes:
        (filled.root / "cpl.yaml").write_text(before + "clocks: {respond: {targets: {all: {within: 1m}}}}\n")
        return settings_key(of)

    with monkeypatch.context() as patched:
        patched.setattr(index_kept, "settings_key", changed_first)
        old = filled(*question)
    (filled.root / "cpl.yaml").write_text(before)
    assert filled(*question) == filled(*question, "--no-index") == old
    (filled.root / "cpl.yaml").write_text(before + "clocks: {respond: {targets: {all: {within: 1m}}}}\n")
    assert filled(*question) == filled(*question, "--no-index")


def test_figures_of_what_has_an_error_of_its_form_are_never_kept(filled: Ledger) -> None:
    filled.put("CPL-20261118-XXXXXXX", "no record")
    faulty = next(iter(filled.root.glob("records/2026/11/09/*.md")))
    faulty.write_bytes(faulty.read_bytes().replace(b"\nkind: ", b"\nkidn: x\nkind: ", 1))
    for _again in range(2):
        with_index, without = both(filled, "summary", "--month", "this", "--ids")
        assert (with_index, with_index.code) == (without, 1)


def test_figures_of_a_few_periods_are_kept(filled: Ledger) -> None:
    for week in range(30, 45):
        filled.ok("summary", "--week", f"2026-W{week}")
    found = in_index(filled, "SELECT count(*), count(DISTINCT parts.kept) FROM kept LEFT JOIN parts USING (kept)")
    assert found == [(3 * 8, 8)]


def test_damaged_figures_are_made_anew(filled: Ledger) -> None:
    expected = filled("summary")
    in_index(filled, "UPDATE parts SET part = '[1]'")
    outcome = filled("summary")
    assert (outcome.out, "is damaged and is made anew" in outcome.err) == (expected.out, True)
    assert filled("summary") == expected


@pytest.mark.parametrize("pending", ["[1]", "[[]]", "[", '[["soon",null,"","","",null,"rule","",null,""]]'])
def test_damaged_dues_are_made_anew(filled: Ledger, pending: str) -> None:
    expected = filled("overdue")
    assert expected.out
    in_index(filled, f"UPDATE dues SET pending = '{pending}'")
    outcome = filled("overdue")
    assert (outcome.out, "is damaged and is made anew" in outcome.err) == (expected.out, True)
    assert filled("overdue") == expected


def test_figures_by_a_year_without_data_are_told_of_each_time(filled: Ledger) -> None:
    late = "clocks: {respond: {targets: {all: {within: 90bd}}}}\n"
    (filled.root / "cpl.yaml").write_text(f"{CPL_YAML}hours: {{mon-fri: ['08:30-12:00']}}\ncalendar: cn\n{late}")
    for now in ("2026-12-31T11:00:00+08:00", "2027-01-01T11:00:00+08:00"):
        filled.now = now
        for _again in range(2):
            with_index, without = both(filled, "summary", "--month", "2026-11")
            assert with_index == without
    assert "calendar cn has no data for 2027" in with_index.err


def judged(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The records that a check of the whole store judges, which has to say the same as without the index."""
    expected, found = ledger("check", "--no-index"), list[str]()
    of_files = checking.verdicts

    def noted(
        store: Store, paths: Sequence[str], ids: Collection[str], now: datetime, *, proving: bool
    ) -> Iterator[Verdict]:
        found.extend(paths)
        return of_files(store, paths, ids, now, proving=proving)

    with monkeypatch.context() as patched:
        patched.setattr(checking, "verdicts", noted)
        assert ledger("check") == expected
    return found


def test_what_was_clean_is_not_judged_again_while_nothing_changes(
    filled: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second, third = sorted(path.relative_to(filled.root).as_posix() for path in filled.root.rglob("CPL-*.md"))
    assert judged(filled, monkeypatch) == [first, second, third]
    filled.ok("list")
    assert judged(filled, monkeypatch) == [first, second, third]
    assert judged(filled, monkeypatch) == [second], "which has a link"
    (filled.root / third).write_bytes((filled.root / third).read_bytes().replace(b"title: ", b"title: The ", 1))
    assert judged(filled, monkeypatch) == [second, third]
    assert judged(filled, monkeypatch) == [second]
    filled.now = "2026-11-17T09:30:00+08:00"
    assert judged(filled, monkeypatch) == [second, third], "in which something lies in the future now"


def test_what_lies_around_a_record_is_looked_at_each_time(filled: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second, _third = sorted(path for path in filled.root.rglob("CPL-*.md"))
    filled.ok("list")
    filled("check")
    first.with_suffix("").mkdir()
    (first.with_suffix("") / "photo.jpg").write_bytes(b"x")
    assert first.relative_to(filled.root).as_posix() in judged(filled, monkeypatch)
    assert " W043 " in filled("check").out
    copy = first.parent.parent / "01" / first.name
    copy.parent.mkdir()
    shutil.copy2(first, copy)
    assert copy.relative_to(filled.root).as_posix() in judged(filled, monkeypatch)
    assert " E031 " in filled("check").out
    shutil.rmtree(first.parent)
    copy.unlink()
    assert judged(filled, monkeypatch) == [second.relative_to(filled.root).as_posix()]
    assert " E044 " in filled("check").out


def test_what_was_entered_late_is_judged_each_time(filled: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    path = next(iter(filled.root.glob("records/2026/11/09/*.md")))
    entered = b"to: investigating, recorded_at: 2026-11-18T15:00:00+08:00"
    path.write_bytes(path.read_bytes().replace(b"to: investigating", entered, 1))
    filled.ok("list")
    filled.ok("check")
    filled.now = "2026-11-18T12:00:00+08:00"
    assert path.relative_to(filled.root).as_posix() in judged(filled, monkeypatch)
    assert " W059 " in filled("check").out


def test_who_has_left_makes_every_record_be_judged_anew(filled: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    path = filled.root / "cpl.yaml"
    path.write_text(CPL_YAML.replace("roles: [desk],", "roles: [desk], until: 2026-11-19,"))
    filled.ok("list")
    assert filled("check").out == ""
    filled.now = "2026-11-20T09:00:00+08:00"
    assert len(judged(filled, monkeypatch)) == 3
    assert " W015 " in filled("check").out


def test_a_rule_that_asks_a_register_is_asked_each_time(filled: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    rule = "rules: {lent: {to: [investigating], requires: ['register:access']}}\n"
    (filled.root / "cpl.yaml").write_text(CPL_YAML + rule)
    first, second, _third = sorted(path.relative_to(filled.root).as_posix() for path in filled.root.rglob("CPL-*.md"))
    filled.ok("list")
    assert first in judged(filled, monkeypatch)
    assert " E060 " in filled("check").out
    filled.ok("register", "access", "add", f"record={Path(first).stem}", *OFFICER)
    for _again in range(2):
        assert judged(filled, monkeypatch) == [first, second]
        assert " E060 " not in filled("check").out


def test_a_check_makes_no_index(filled: Ledger) -> None:
    shutil.rmtree(filled.root / ".git" / "cpl")
    filled.ok("check")
    assert not database(filled).exists()


def test_nobody_else_may_read_the_index(filled: Ledger) -> None:
    filled.ok("list")
    assert stat.S_IMODE(database(filled).stat().st_mode) == 0o600


@pytest.mark.parametrize("damage", [b"", b"no database", b"SQLite format 3\0" + b"\xff" * 8192])
def test_a_damaged_index_is_made_anew_with_one_line(filled: Ledger, damage: bytes) -> None:
    expected = filled("list", "--no-index")
    filled.ok("list")
    database(filled).write_bytes(damage)
    outcome = filled("list")
    assert (outcome.code, outcome.out) == (expected.code, expected.out)
    said = f"the index {database(filled)} is damaged and is made anew; the records are not affected\n"
    assert outcome.err == said + expected.err
    assert filled("list") == expected


def test_damage_that_is_met_on_the_way_is_mended_too(filled: Ledger) -> None:
    expected = filled("overdue", "--no-index")
    filled.ok("overdue")
    size = database(filled).stat().st_size
    with database(filled).open("r+b") as file:
        file.seek(3 * 8192)
        file.write(b"\xff" * (size - 4 * 8192))
    outcome = filled("overdue")
    assert (outcome.code, outcome.out) == (expected.code, expected.out)
    assert "is damaged and is made anew" in outcome.err
    assert filled("overdue") == expected


def test_an_index_of_another_version_is_made_anew(filled: Ledger) -> None:
    filled.ok("list")
    with closing(sqlite3.connect(database(filled))) as other, other:
        other.execute("UPDATE about SET made_by = 'another'")
        other.execute("UPDATE rows SET status = 'nonsense'")
    assert filled("list", "--status", "received") == filled("list", "--status", "received", "--no-index")
    with closing(sqlite3.connect(database(filled))) as made:
        assert made.execute("SELECT made_by FROM about").fetchone()[0] == index_file.maker()


def test_without_a_place_for_the_index_everything_works(filled: Ledger) -> None:
    shutil.rmtree(filled.root / ".git" / "cpl")
    (filled.root / ".git" / "cpl").write_text("in the way")
    assert_same(filled)


@pytest.mark.parametrize("is_file", [False, True])
def test_a_store_without_a_folder_of_records_is_empty(filled: Ledger, is_file: bool) -> None:
    filled.ok("list")
    shutil.rmtree(filled.root / "records")
    if is_file:
        (filled.root / "records").write_text("in the way")
    assert_same(filled)
    assert_same(filled)


def test_outside_of_a_repository_everything_works(filled: Ledger) -> None:
    shutil.rmtree(filled.root / ".git")
    assert_same(filled)


def test_git_that_refuses_to_say_is_done_without(filled: Ledger) -> None:
    filled.ok("list")
    (filled.root / ".git" / "index").write_bytes(b"DIRC nonsense")
    assert_same(filled)


def test_who_holds_the_lock_for_long_keeps_nobody_from_reading(filled: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    filled.ok("list")
    filled.open("Bins are full", "--building", "3")
    monkeypatch.setattr(index_file, "LOCK_SECONDS", 0.1)
    with locks.lock(filled.root / ".git" / "cpl" / "index-lock", timeout=1.0):
        assert_same(filled)
    assert_same(filled)


def test_a_work_tree_finds_what_another_one_has_read(filled: Ledger, tmp_path: Path) -> None:
    filled.ok("list")
    other = tmp_path / "other"
    filled.git("worktree", "add", "--quiet", "-b", "other", str(other))
    with closing(sqlite3.connect(database(filled))) as made:
        before = made.execute("SELECT max(row) FROM rows").fetchone()
        assert_same(Ledger(other))
        assert made.execute("SELECT max(row), (SELECT count(*) FROM trees) FROM rows").fetchone() == (*before, 2)
    filled.git("worktree", "remove", "--force", str(other))
    filled.git("worktree", "add", "--quiet", "-b", "third", str(tmp_path / "third"))
    assert_same(Ledger(tmp_path / "third"))
    with closing(sqlite3.connect(database(filled))) as made:
        assert made.execute("SELECT count(*) FROM trees").fetchone() == (2,), "the one that is gone was not forgotten"


def test_two_stores_in_one_repository_have_their_own_part(filled: Ledger) -> None:
    second = Ledger(filled.root / "second")
    shutil.copytree(filled.root / "records", second.root / "records")
    (second.root / "cpl.yaml").write_text(CPL_YAML, encoding="utf-8")
    shutil.rmtree(next((second.root / "records" / "2026" / "11").iterdir()))
    for ledger in (filled, second, filled):
        assert_same(ledger)


def test_a_killed_build_leaves_the_old_index(filled: Ledger) -> None:
    filled.ok("list")
    before = database(filled).read_bytes()
    with pytest.raises(KeyboardInterrupt), index_file.replaced(database(filled), ["status"]):
        raise KeyboardInterrupt
    assert database(filled).read_bytes() == before
    assert [path.name for path in database(filled).parent.glob("index.sqlite*")] == [index_file.NAME]


def test_processes_that_read_and_write_at_once_all_see_what_there_is(filled: Ledger) -> None:
    writers = [
        subprocess.Popen(
            command("open", "-t", f"Bins {number}", "--building", "3", "--by", "li.na"),
            cwd=filled.root,
            env=environment(),
            stdout=subprocess.DEVNULL,
        )
        for number in range(2)
    ]
    readers = [run_process(filled, "list", "--format", "jsonl") for _number in range(2)]
    assert [each.wait(60) for each in writers] == [0, 0]
    assert [(each.code, each.err) for each in readers] == [(0, ""), (0, "")]
    assert_same(filled)


def test_a_piece_of_an_id_is_found_whatever_the_index_knows(filled: Ledger) -> None:
    identifier = filled.open("Bins are full", "--building", "3")
    piece = identifier.rpartition("-")[2].lower()
    filled.ok("list")
    target = filled.path(identifier).parent.parent / "01" / f"{identifier}.md"
    target.parent.mkdir()
    filled.path(identifier).rename(target)
    assert filled.ok("show", piece, "--raw") == target.read_text(encoding="utf-8")
    target.unlink()
    assert filled("show", piece).code == 2


def test_what_links_to_a_record_is_shown_also_from_a_hand_edit(filled: Ledger) -> None:
    first, second = (
        each.split()[0] for each in filled.ok("list", "--columns", "id", "--format", "plain").split("\n")[:2]
    )
    for question in (("show", first), ("show", second, "--format", "json"), ("similar", first, "--format", "json")):
        with_index, without = both(filled, *question)
        assert with_index == without
    assert second in filled.ok("show", first)


def test_index_says_what_it_holds_and_can_be_dropped(filled: Ledger) -> None:
    path = database(filled)
    assert (
        filled.ok("index")
        == f"3 record files, 0 of them with errors of their form; {path.stat().st_size} bytes in {path}\n"
    )
    assert filled("index", "--drop").err == "the index is gone; the records are not affected\n"
    assert not path.exists()
    filled.put("CPL-20261118-XXXXXXX", "no record")
    assert filled.ok("index", "--rebuild").startswith("4 record files, 1 of them with errors of their form; ")
    assert filled("index", "--drop", "--rebuild").code == 2


def test_listings_of_git_are_compared_entry_by_entry() -> None:
    def listing(*names: str) -> bytes:
        return b"".join(b"H 100644 %040d 0\trecords/%s.md\0" % (len(name), name.encode()) for name in names)

    long = [f"{number:06}" for number in range(3000)]
    assert freshness.changed_entries(listing(), listing()) == set()
    assert freshness.changed_entries(listing(*long), listing(*long)) == set()
    for at in (0, 1, 700, 1500, 2998, 2999):
        shorter = [*long[:at], *long[at + 1 :]]
        gone = {f"records/{long[at]}.md"}
        assert freshness.changed_entries(listing(*long), listing(*shorter)) == gone
        assert freshness.changed_entries(listing(*shorter), listing(*long)) == gone
    assert freshness.changed_entries(listing(*long), listing()) == {f"records/{each}.md" for each in long}


@given(
    st.lists(st.sampled_from("abcdefgh"), max_size=6, unique=True),
    st.lists(st.sampled_from("abcdefgh"), max_size=6, unique=True),
)
def test_listings_differ_in_what_only_one_has(one: list[str], other: list[str]) -> None:
    listings = [b"".join(b"H 100644 0 0\t%s\0" % name.encode() for name in sorted(names)) for names in (one, other)]
    assert freshness.changed_entries(*listings) == set(one) ^ set(other)
    for listing, names in zip(listings, (one, other), strict=True):
        assert freshness.compared(listing, [*"abcdefgh"]) == set(names)
