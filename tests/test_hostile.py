"""Hostile input: no crash, no hang, nothing that grows without bound, nothing run, read or written elsewhere."""

from __future__ import annotations

import gzip
import os
import random
import re
import shutil
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cpl import merge, tables
from cpl.git import Git
from cpl.store import read_entry
from tests.hostile import TARGETS, changed
from tests.ledger import CPL_YAML, ROOT, Ledger, Outcome
from tests.processes import environment

EVIL = "=cmd|' /C calc'!A0 <img src=x onerror=alert(1)> [a](javascript:b) {0.__class__} %(x)s $(touch pwned) `b`"
HEAD = """\
---
id: CPL-20261118-M9S3467
title: a
kind: complaint
status: received
received_at: 2026-11-18T16:00:00+08:00
history:
- {at: 2026-11-18T16:00:00+08:00, by: li.na, to: received}
"""


@pytest.mark.parametrize("name", TARGETS)
@settings(max_examples=40)
@given(seed=st.integers(0, 1 << 32))
def test_any_input_is_taken_or_refused_in_words(name: str, seed: int) -> None:
    TARGETS[name](random.Random(seed))


# Time and memory by size

LONG = {
    "quotes": lambda n: "x: '" + "'" * n,
    "lines with a quote": lambda n: "x: '\n" * (n // 5),
    "colons": lambda n: "x: " + ":" * n,
    "tight colons": lambda n: "a:b\n" * (n // 4),
    "commas": lambda n: "x-a: {a: b" + "," * n + "}",
    "commas within a text": lambda n: "x-a: {a: b" + ",c" * (n // 2) + "}",
    "list": lambda n: "x-a: [" + "a," * (n // 2) + "]",
    "brackets": lambda n: "[" * n,
    "lists that stay open": lambda n: "a: [\n" * (n // 5),
    "braces that stay open": lambda n: "a: {b: c,\n" * (n // 10),
    "blanks": lambda n: "x: a" + " " * n + "b",
    "blank lines": lambda n: "x: |\n" + "   \n" * (n // 4) + " x",
    "dashes": lambda n: "-\n" * (n // 2),
    "comments": lambda n: "x: a #\n" * (n // 7),
    "unknown keys": lambda n: "".join(f"stat{i:x}: 1\n" for i in range(n // 12)),
    "one key again and again": lambda n: "lead: a\n" * (n // 8),
    "escapes": lambda n: 'x-a: "' + "\\u95e8" * (n // 6) + '"',
    "markers": lambda n: "<<<<<<< a\n" * (n // 10),
}


def cost(text: str) -> tuple[float, int]:
    """The processor's time to read a record, and how many characters are said about it."""
    start = time.process_time()
    entry = read_entry("r.md", f"{HEAD}{text.rstrip()}\n---\n".encode())
    return time.process_time() - start, sum(len(each.message) for each in entry.problems)


@pytest.mark.parametrize("name", LONG)
def test_reading_takes_time_and_room_in_proportion_to_the_size(name: str) -> None:
    half, whole = cost(LONG[name](20_000)), cost(LONG[name](40_000))
    assert whole[0] < max(5 * half[0], 1.0)
    assert whole[1] < 60 * 40_000


def test_merging_many_sections_takes_time_in_proportion_to_their_number() -> None:
    def took(count: int) -> float:
        base, ours, theirs = (
            (f"{HEAD}---\n" + "".join(f"## {name}{number}\nx\n" for number in range(count if name else 0))).encode()
            for name in ("", "a", "b")
        )
        start = time.process_time()
        merge.merge(base, ours, theirs)
        return time.process_time() - start

    assert took(2000) < max(5 * took(1000), 1.0)


def test_a_packed_file_does_not_fill_the_memory() -> None:
    bomb = gzip.compress(b"No,Date\n" + b"1,2\n" * 100_000)
    assert len(bomb) < 2000
    with pytest.raises(tables.NotATable, match="unpacks to more than 10000 bytes"):
        tables.read(bomb, most=10_000)
    assert len(tables.read(bomb).rows) == 100_000


# A store from elsewhere


def cloned(tmp_path: Path, source: Path) -> Ledger:
    """A clone of everything in the folder `source`, committed."""
    for command in (
        ["init", "--quiet", "--initial-branch=main"],
        ["add", "--all", "--force"],
        ["-c", "user.name=E", "-c", "user.email=e@example.org", "commit", "--quiet", "-m", EVIL],
    ):
        subprocess.run(["git", "-C", str(source), *command], check=True)
    subprocess.run(["git", "clone", "--quiet", str(source), str(tmp_path / "clone")], check=True)
    for key, value in (("user.name", "Li Na"), ("user.email", "li.na@example.org")):
        subprocess.run(["git", "-C", str(tmp_path / "clone"), "config", key, value], check=True)
    return Ledger(tmp_path / "clone")


def test_a_folder_that_poses_as_a_bare_repository_runs_nothing(tmp_path: Path) -> None:
    told = subprocess.run(["git", "version"], check=True, capture_output=True, text=True).stdout
    if [int(part) for part in re.findall(r"\d+", told)[:2]] < [2, 38]:
        pytest.skip("git has safe.bareRepository from 2.38 on")
    bait = tmp_path / "source" / "estate"
    for name in ("objects", "refs", "records"):
        (bait / name).mkdir(parents=True)
        (bait / name / ".gitkeep").touch()
    (bait / "HEAD").write_text("ref: refs/heads/main\n", encoding="utf-8")
    (bait / "cpl.yaml").write_text(CPL_YAML, encoding="utf-8")
    trap = tmp_path / "pwned"
    (bait / "config").write_text(
        f'[core]\n\trepositoryformatversion = 0\n\tbare = false\n\tworktree = .\n\tfsmonitor = "touch {trap};false"\n'
        f'\teditor = touch {trap}\n\thooksPath = .\n[merge "cpl"]\n\tdriver = touch {trap}\n',
        encoding="utf-8",
    )
    ledger = cloned(tmp_path, tmp_path / "source")
    ledger.root /= "estate"
    assert ledger("list") == (0, "", "no complaint\n")
    for args in (
        ["check"],
        ["open", "-t", "x"],
        ["doctor"],
        ["log"],
        ["index"],
        ["hooks", "status"],
        ["undo", "--yes"],
    ):
        ledger(*args)
        assert not trap.exists(), args
    words = ledger("open", "-t", "x", "--by", "li.na").err
    assert "cannot use bare repository" in words


@pytest.fixture
def evil(tmp_path: Path) -> Ledger:
    """A clone whose files ask git and cpl to run things."""
    source, trap = tmp_path / "source", tmp_path / "pwned"
    script = f"#!/bin/sh\ntouch {trap}\n"
    files = {
        "cpl.yaml": CPL_YAML + f"x-editor: touch {trap}\n",
        ".gitattributes": "records/**/*.md -text merge=cpl\n* filter=evil diff=evil merge=evil\n",
        ".gitconfig": f'[core]\n\teditor = touch {trap}\n[filter "evil"]\n\tclean = touch {trap}\n',
        ".gitmodules": f'[submodule "a"]\n\tpath = a\n\turl = ext::sh -c touch% {trap}\n\tupdate = !touch {trap}\n',
        ".mailmap": "Somebody Else <x@example.org> <li.na@example.org>\n",
        **{
            f"{folder}/{name}": script
            for folder in ("hooks", ".githooks", ".husky")
            for name in ("pre-commit", "pre-push")
        },
        **{name: f"open({str(trap)!r}, 'w')\n" for name in ("click.py", "cpl.py", "sitecustomize.py", "yaml.py")},
        "templates/records/complaint.md": "{{ ''.__class__ }} {0.__class__} $(id)\n",
        ".editorconfig": "root = true\n",
    }
    for name, text in files.items():
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_text(text, encoding="utf-8")
        (source / name).chmod(0o755)
    return cloned(tmp_path, source)


def in_process(ledger: Ledger, *args: str, **env: str) -> Outcome:
    """Run `cpl ARGS` as the program does: without the folder that it works in among Python's (`-m` alone adds it)."""
    command = [sys.executable, "-P", "-m", "cpl", *args]
    done = subprocess.run(command, cwd=ledger.root, env=environment(**env), capture_output=True, text=True)
    return Outcome(done.returncode, done.stdout, done.stderr)


def test_nothing_in_a_clone_runs_code(evil: Ledger, tmp_path: Path) -> None:
    evil.interpreter = sys.executable
    assert evil("init").code == 0
    one = evil.open(EVIL)
    for args in (
        ["list"],
        ["check"],
        ["note", one, "-m", "x"],
        ["transition", one, "resolving"],
        ["log", one],
        ["doctor"],
    ):
        assert evil(*args).code in (0, 1), args
    later = "2999-01-01T00:00:00+08:00"
    assert in_process(evil, "overdue", "--at", later).code == 0
    assert in_process(evil, "doctor", "--fix").code in (0, 1)
    assert not (tmp_path / "pwned").exists()


def test_settings_of_git_and_hooks_are_never_those_that_a_store_asks_for(evil: Ledger, tmp_path: Path) -> None:
    before = set(evil.git("config", "--local", "--name-only", "--list").split())
    assert evil("init").code == 0
    new = set(evil.git("config", "--local", "--name-only", "--list").split()) - before
    assert new == {"merge.cpl.name", "merge.cpl.driver"}
    assert str(tmp_path / "pwned") not in evil.git("config", "--local", "--list")
    hook = (evil.root / ".git/hooks/pre-commit").read_text(encoding="utf-8")
    assert "cpl-hook" in hook
    assert str(tmp_path / "pwned") not in hook
    assert not (evil.root / ".git/hooks/pre-push").exists()


def test_the_editor_is_never_one_that_a_store_asks_for(evil: Ledger, tmp_path: Path) -> None:
    one = evil.open("x")
    outcome = in_process(evil, "edit", one, VISUAL="false", EDITOR="false", TERM="xterm")
    assert (outcome.code, "the editor 'false' failed" in outcome.err) == (2, True)
    assert not (tmp_path / "pwned").exists()


def test_no_module_of_cpl_can_run_text() -> None:
    forbidden = re.compile(
        r"\b(?:eval|exec|__import__)\(|\bimport (?:pickle|marshal|shelve)\b|\b(?:import|from) jinja2\b|shell=True|"
        r"format_map|yaml\.load\(|load_extension|entry_points"
    )
    found = [
        f"{path.name}: {line.strip()}"
        for path in sorted((ROOT / "cpl").rglob("*.py"))
        # The language of the sandbox can call nothing: tests/test_templating.py. What values.py compiles is made of the
        # names of our own fields, as dataclasses do it.
        if path.name not in ("sandbox.py", "values.py")
        for line in path.read_text(encoding="utf-8").splitlines()
        if forbidden.search(line)
    ]
    # Rows are packed for the pipe between cpl's own processes, through which multiprocessing sends pickles anyway.
    assert found == ["index_rows.py: import marshal"]


# Links and odd files


def test_no_record_is_read_by_a_folder_that_is_a_link(ledger: Ledger, one: str, tmp_path: Path) -> None:
    shutil.move(ledger.root / "records/2026", tmp_path / "elsewhere")
    (ledger.root / "records/2026").symlink_to(tmp_path / "elsewhere")
    for args in (["show", one], ["show", "--raw", one], ["explain", one], ["note", one, "-m", "x", "--no-commit"]):
        outcome = ledger(*args)
        assert (outcome.code, outcome.out, f"no record's id has '{one}' in it" in outcome.err) == (2, "", True), args
    assert "E013 it is a symbolic link" in ledger("check").out


@pytest.mark.parametrize("name", ["templates", "templates/profiles"])
def test_no_settings_are_read_by_a_link_out_of_the_store(ledger: Ledger, tmp_path: Path, name: str) -> None:
    outside = tmp_path / "outside"
    (outside / "profiles").mkdir(parents=True)
    for folder in (outside, outside / "profiles"):
        (folder / "residential.yaml").write_text("secret: 1\n", encoding="utf-8")
    (ledger.root / name).parent.mkdir(exist_ok=True)
    (ledger.root / name).symlink_to(outside)
    for args in (["list"], ["check"], ["open", "-t", "x"]):
        outcome = ledger(*args)
        assert (outcome.code, "secret" in outcome.out + outcome.err) == (2, False), args
        assert f"outside {ledger.root}; remove the link" in outcome.err


@pytest.mark.parametrize(
    ("name", "args"),
    [
        ("records", ["open", "-t", "x"]),
        ("reports", ["summary", "--save"]),
        ("calendar", ["calendar", "seed", "2026"]),
        (".github", ["init", "--ci", "github"]),
    ],
)
def test_nothing_is_written_by_a_link_out_of_the_store(
    ledger: Ledger, tmp_path: Path, name: str, args: list[str]
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (ledger.root / name).symlink_to(outside)
    ledger(*args)
    assert list(outside.rglob("*")) == []


def test_pipes_and_devices_are_named_and_not_opened(ledger: Ledger, one: str) -> None:
    folder = ledger.path(one).parent
    os.mkfifo(folder / "CPL-20261118-AAAAAAA.md")
    folder.joinpath(one).mkdir()
    os.mkfifo(folder / one / "pipe.jpg")
    outcome = ledger("check")
    assert "CPL-20261118-AAAAAAA.md:1: E013 it is not a regular file; name a file" in outcome.out
    assert ledger("list").code == 0
    assert ledger("attach", one, str(folder / one / "pipe.jpg")).code == 2


def test_folders_may_be_deeper_than_python_can_go(ledger: Ledger, one: str) -> None:
    here = Path.cwd()
    try:
        os.chdir(ledger.root / "records")
        for _level in range(1200):
            os.mkdir("d")  # noqa: PTH102 - a whole path would be too long
            os.chdir("d")
        Path("x.md").write_text("x", encoding="utf-8")
        os.chdir(here)
        outcomes = [ledger(*args) for args in (["check"], ["list"], ["overdue"], ["show", one])]
    finally:
        os.chdir(here)
        subprocess.run(["rm", "-rf", str(ledger.root / "records/d")], check=True)  # pytest can't go there either
    assert [each.code for each in outcomes] == [1, 0, 0, 0]
    assert "/d/x.md:1: E003" in outcomes[0].out


def test_paths_longer_than_the_system_takes_are_named(ledger: Ledger, one: str) -> None:
    here = Path.cwd()
    try:
        os.chdir(ledger.root / "records")
        for _level in range(25):
            os.mkdir("d" * 200)  # noqa: PTH102
            os.chdir("d" * 200)
    finally:
        os.chdir(here)
    outcome = ledger("check")
    assert (outcome.code, "E013 its name is too long" in outcome.out) == (1, True)
    assert one in ledger.ok("list")


def test_many_odd_names_are_each_told_in_one_safe_line(ledger: Ledger, one: str) -> None:
    chance, folder = random.Random(1), os.fsencode(ledger.path(one).parent)
    names = {changed(chance, b"a.md").replace(b"/", b"_").replace(b"\0", b"_")[:200] for _each in range(300)}
    made = 0
    for name in names - {b"", b".", b".."}:
        path = os.path.join(folder, name)  # noqa: PTH118 - names are bytes
        if not os.path.lexists(path):
            Path(os.fsdecode(path)).write_bytes(b"x")
            made += 1
    outcome = ledger("check")
    assert outcome.code == 1
    assert len(outcome.out.splitlines()) >= made
    assert all(each.isprintable() or each == "\n" for each in outcome.out)
    assert one in ledger.ok("list")


# What people see


def test_git_s_words_and_names_can_not_harm_a_terminal(ledger: Ledger, one: str) -> None:
    tree = ledger.git("rev-parse", "HEAD^{tree}").strip()
    path = ledger.path(one)
    path.write_text(path.read_text(encoding="utf-8").replace("Door 2", "Door 3"), encoding="utf-8")
    ledger.commit()
    tree, parent = ledger.git("rev-parse", "HEAD^{tree}", "HEAD^").split()
    person = b"\x1b[31mRed\xff\xe2\x80\xae <\x1b]0;x\x07@example.org> 1795000000 +0800"
    data = (
        b"\n".join(
            (b"tree " + tree.encode(), b"parent " + parent.encode(), b"author " + person, b"committer " + person, b"")
        )
        + b"\n\x1b[2J\x9b31m \xe2\x80\xae "
        + EVIL.encode()
        + b"\n\nAction: \x1b[31mx\n"
    )
    made = subprocess.run(
        ["git", "hash-object", "-t", "commit", "-w", "--literally", "--stdin"],
        cwd=ledger.root,
        input=data,
        check=True,
        capture_output=True,
    ).stdout.decode()
    ledger.git("reset", "--quiet", "--hard", made.strip())
    ledger.git("branch", "--move", "\u202emain\u2066")
    for args in (
        ["log"],
        ["log", one],
        ["check", "--range", "HEAD~1..HEAD"],
        ["check", "--range", "HEAD~1..HEAD", "--format", "json"],
        ["undo", "--yes"],
        ["doctor"],
        ["show", one],
    ):
        outcome = ledger(*args)
        assert outcome.code != 3, outcome
        shown = outcome.out + outcome.err
        assert [each for each in shown if not each.isprintable() and each != "\n"] == [], args


def test_text_of_a_record_is_text_in_every_format(ledger: Ledger) -> None:
    one = ledger.open(EVIL, "--name", EVIL, "--spot", EVIL)
    cells = ledger.ok("list", "--columns", "title,name", "--format", "csv")
    assert re.findall(r"(?m)(?:^|,)\"?[=+@-]", cells) == []
    for page in (
        ledger.ok("list", "--columns", "id,title,name", "--format", "markdown"),
        ledger.ok("summary", "--format", "markdown", "--ids"),
    ):
        assert ("<img" in page, re.search(r"(?<!\\)\]\(javascript", page)) == (False, None)
    for args in (["show", one], ["list"], ["log", one], ["overdue"], ["search", "cmd"]):
        assert "<class" not in ledger.ok(*args), args
    assert not (ledger.root / "pwned").exists()


# Arguments that look like something else

STRANGE = [
    "--upload-pack=touch pwned",
    "-x",
    "--output=pwned",
    "a\nb",
    "\x1b[31m",
    "../../x",
    ":(glob)**",
    "@{-1}",
    "\udcff",
]
STRANGE += ["", "..", "@", "HEAD^{/x}", "$(touch pwned)", "{0.__class__}", "%s", "a" * 5000]
COMMANDS = [
    ["check", "--range={}"],
    ["check", "--range={}..{}"],
    ["check", "--", "{}"],
    ["log", "--", "{}"],
    ["log", "--since={}"],
    ["show", "--", "{}"],
    ["list", "--where={}"],
    ["search", "--", "{}"],
    ["import", "--mapping={}", "--", "{}"],
    ["calendar", "show", "--calendar={}", "--", "{}"],
    ["summary", "--week={}"],
    ["overdue", "--soon={}", "--for={}"],
    ["attach", "ONE", "--", "{}"],
    ["note", "ONE", "--message={}"],
    ["assign", "ONE", "--to={}"],
    ["merge-driver", "--", "{}", "{}", "{}", "{}"],
    ["init", "--name={}", "--profile={}", "--timezone={}", "sub"],
]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: " ".join(command[:2]))
def test_an_argument_is_never_an_option_or_a_path_elsewhere(ledger: Ledger, one: str, command: list[str]) -> None:
    around = sorted(ledger.root.parent.iterdir())
    for strange in STRANGE:
        outcome = ledger(*(each.replace("{}", strange).replace("ONE", one) for each in command))
        assert outcome.code in (0, 1, 2), (strange, outcome)
        shown = outcome.out + outcome.err
        assert [each for each in shown if not each.isprintable() and each not in "\n\t"] == [], strange
    assert sorted(ledger.root.parent.iterdir()) == around
    assert list(ledger.root.rglob("*pwned*")) == []


# The index


@pytest.fixture
def outside(ledger: Ledger, one: str, tmp_path: Path) -> Path:
    """A folder beside a store with an index."""
    assert one in ledger.ok("list")
    (tmp_path / "outside").mkdir()
    return tmp_path / "outside"


@pytest.mark.parametrize("name", ["index.sqlite", "index.sqlite-journal", "listing", "index-lock", "lock"])
def test_a_link_in_place_of_the_index_leads_nowhere(ledger: Ledger, one: str, outside: Path, name: str) -> None:
    place, target = ledger.root / ".git/cpl" / name, outside / "target"
    target.write_bytes(place.read_bytes() if place.exists() else b"precious")
    before = target.read_bytes()
    place.unlink(missing_ok=True)
    place.symlink_to(target)
    second = ledger("open", "-t", "Another")
    assert second.code in (0, 2)
    for args in (["list"], ["search", "Door"], ["overdue"], ["index"], ["index", "--rebuild"]):
        assert ledger(*args).code in (0, 2), args
    assert one in ledger.ok("list")
    assert target.read_bytes() == before
    assert [path.name for path in outside.iterdir()] == ["target"]


def test_a_link_in_place_of_the_folder_of_the_index_leads_nowhere(ledger: Ledger, one: str, outside: Path) -> None:
    shutil.rmtree(ledger.root / ".git/cpl")
    (ledger.root / ".git/cpl").symlink_to(outside)
    assert one in ledger.ok("list")
    assert ledger("index").code == 2
    assert ledger("did", one, "handover").code == 2
    assert list(outside.iterdir()) == []


@pytest.mark.parametrize(
    "script",
    [
        "DROP TABLE files; CREATE TABLE files (x)",
        "UPDATE files SET place = CAST('..' || x'00' || '..' || x'00' || 'x.md' AS BLOB)",
        "UPDATE rows SET id = x'ff', receipt = 'abc', known_from = 'x', latest = 'y'",
        "UPDATE files SET stamp = 5, name = x'ff', is_watched = 'z'",
        "ALTER TABLE rows RENAME TO others; CREATE VIEW rows AS SELECT * FROM others",
    ],
)
def test_whatever_the_index_says_no_answer_is_wrong(ledger: Ledger, one: str, outside: Path, script: str) -> None:
    assert outside.is_dir()
    database = sqlite3.connect(ledger.root / ".git/cpl/index.sqlite")
    database.executescript(script)
    database.close()
    for args in (["list"], ["overdue"], ["index"], ["search", "Door"]):
        assert ledger(*args).code in (0, 2), args
    assert Path(Git(ledger.root).run("rev-parse", "--show-toplevel").decode().strip()) == ledger.root
    ledger.ok("index", "--rebuild")
    assert one in ledger.ok("list")


def test_bytes_changed_in_the_index_crash_nothing(ledger: Ledger, one: str, outside: Path) -> None:
    assert outside.is_dir()
    path = ledger.root / ".git/cpl/index.sqlite"
    good, chance = path.read_bytes(), random.Random(1)
    for _time in range(25):
        data = bytearray(good)
        for _byte in range(chance.randrange(1, 40)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        path.write_bytes(data)
        assert ledger("search", "Door").code in (0, 2)
    path.write_bytes(b"")
    assert one in ledger.ok("list")


# The page


def test_every_test_that_the_page_names_exists() -> None:
    page = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    named = re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", page)
    assert len(named) > 20
    for path, test in named:
        text = (ROOT / path).read_text(encoding="utf-8")
        assert not test or f"def {test}(" in text, (path, test)
