"""The program around the commands: help, errors, exit codes, streams, signals, and bugs of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import click
import pytest

import cpl
from cpl.cli import COMMANDS, cli
from tests.ledger import Ledger
from tests.processes import await_file, command, environment, run_process, start


def test_version(ledger: Ledger) -> None:
    assert ledger.ok("--version") == f"cpl, version {cpl.__version__}\n"


@pytest.mark.parametrize("args", [["--help"], ["-h"]])
def test_help_lists_every_command(ledger: Ledger, args: list[str]) -> None:
    out = ledger.ok(*args)
    listed = [line.split()[0] for line in out.partition("Commands:\n")[2].splitlines() if line[2:3].strip()]
    assert listed == list(COMMANDS)


def test_every_option_of_every_command_has_a_word_of_help_or_a_metavar() -> None:
    context = click.Context(cli)
    for name in COMMANDS:
        found = cli.get_command(context, name)
        assert found is not None
        for parameter in found.params:
            if isinstance(parameter, click.Option):
                assert parameter.help or parameter.metavar, (name, parameter.name)


@pytest.mark.parametrize(
    ("args", "error"),
    [
        (["lsit"], "Error: no such command 'lsit'; did you mean 'list'?\n"),
        (["--nope"], "Error: No such option '--nope'. Did you mean '--no-input'?\n"),
        (["list", "--opne"], "Error: No such option '--opne'. Did you mean '--open'?\n"),
        (["-C", "/nowhere", "list"], "Error: Invalid value for '-C': Directory '/nowhere' does not exist.\n"),
    ],
)
def test_what_can_not_be_understood_is_a_usage_error(ledger: Ledger, args: list[str], error: str) -> None:
    outcome = ledger(*args)
    assert (outcome.code, outcome.out, outcome.err.rpartition("\n\n")[2]) == (2, "", error)


def test_without_a_command_help_is_shown_and_it_is_no_success(ledger: Ledger) -> None:
    outcome = ledger()
    assert (outcome.code, "Commands:" in outcome.err) == (2, True)


def test_outside_a_store_it_is_said_how_to_make_one(tmp_path: Path) -> None:
    for args in (["list"], ["overdue"], ["check"], ["show", "x"], ["open", "-t", "x"], ["search", "x"]):
        assert Ledger(tmp_path)(*args) == (
            2,
            "",
            f"{tmp_path} is not in a complaint store (no cpl.yaml here or above); make one with: cpl init\n",
        )


def test_the_store_is_found_from_below_and_with_c(ledger: Ledger, one: str) -> None:
    below = Ledger(ledger.path(one).parent)
    assert run_process(below, "list", "--columns", "id", "--format", "plain") == (0, f"{one}\n", "")
    outside = Ledger(ledger.root.parent)
    args = ["-C", "estate", "list", "--columns", "id", "--format", "plain"]
    assert run_process(outside, *args) == (0, f"{one}\n", "")


def test_with_c_paths_count_from_there(ledger: Ledger, one: str) -> None:
    (ledger.root / "a.txt").write_text("a", encoding="utf-8")
    outcome = run_process(Ledger(ledger.root.parent), "-C", "estate", "attach", one, "a.txt")
    assert (outcome.code, outcome.out) == (0, f"{one}: attached a.txt\n")


@pytest.fixture
def bug(monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes `cpl list` fail as only a bug does."""

    def fail(*_args: object) -> None:
        raise ZeroDivisionError("a slip\x1b[31m of ours")

    monkeypatch.setattr("cpl.cli.look._column", fail)


@pytest.mark.usefixtures("bug")
def test_a_bug_is_exit_code_3_and_its_traceback_is_kept(ledger: Ledger) -> None:
    outcome = ledger("list")
    kept = ledger.root / ".git/cpl/kept/bug.txt"
    assert (outcome.code, outcome.out) == (3, "")
    assert outcome.err.startswith("Traceback (most recent call last):\n")
    assert outcome.err.endswith(
        "ZeroDivisionError: a slip\\x1b[31m of ours\n\n"
        "this is a bug in cpl; please report it with the text above\n"
        f"the text above is kept in {kept}\n"
    )
    assert "ZeroDivisionError" in kept.read_text(encoding="utf-8")
    assert kept.stat().st_mode & 0o777 == 0o600


@pytest.mark.usefixtures("bug")
def test_a_bug_that_can_not_be_kept_is_still_shown(ledger: Ledger) -> None:
    (ledger.root / ".git/cpl").write_text("in the way", encoding="utf-8")
    outcome = ledger("list")
    assert outcome.code == 3
    assert outcome.err.endswith("please report it with the text above\n")


def test_an_error_of_the_system_is_explained(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_args: object) -> None:
        raise PermissionError(13, "Permission denied", "/some/file")

    monkeypatch.setattr("cpl.cli.look._column", refuse)
    assert ledger("list") == (
        2,
        "",
        "/some/file: permission denied; check the owner and mode of the file and its folder\n",
    )

    def refuse_namelessly(*_args: object) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr("cpl.cli.look._column", refuse_namelessly)
    assert ledger("list") == (2, "", "Input/output error; mend that and try again\n")


def test_a_reader_that_goes_away_is_no_error(ledger: Ledger, one: str) -> None:
    ledger.ok("note", one, "-m", "word " * 30000)
    script = 'set -o pipefail; "$@" | head -c 1 >/dev/null; echo $?'
    done = subprocess.run(
        ["bash", "-c", script, "-", *command("show", one)],
        cwd=ledger.root,
        env=environment(),
        capture_output=True,
        text=True,
    )
    assert (done.stdout, done.stderr) == ("0\n", "")


@pytest.mark.parametrize("encoding", ["latin-1", "gb18030", "utf-8"])
def test_a_terminal_that_lacks_characters_is_no_reason_to_fail(ledger: Ledger, encoding: str) -> None:
    one = ledger.open("门禁坏了")
    done = subprocess.run(
        command("list", "--columns", "id,title", "--format", "json"),
        cwd=ledger.root,
        env=environment(PYTHONIOENCODING=encoding),
        capture_output=True,
    )
    assert done.returncode == 0
    assert json.loads(done.stdout.decode(encoding)) == [{"id": one, "title": "门禁坏了"}]


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_streams_are_no_reason_to_fail(ledger: Ledger, closed: str) -> None:
    script = f'"$@" {closed}; code=$?; exec >/dev/tty 2>/dev/null || true; exit $code'
    for args, code in ((["list"], 0), (["open"], 2)):
        done = subprocess.run(
            ["bash", "-c", script, "-", *command(*args)],
            cwd=ledger.root,
            env=environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
        )
        assert done.returncode == code, done


SLOW_HOOK = """\
#!/bin/sh
# cpl-hook: counts as installed, so that no write advises to install it
echo started > "$(git rev-parse --git-common-dir)/started"
read line < "$(git rev-parse --git-common-dir)/wait"
"""


@pytest.fixture
def slow(ledger: Ledger, one: str) -> Ledger:
    """A store whose pre-commit hook waits at a pipe until somebody writes into it."""
    assert one
    hook = ledger.root / ".git/hooks/pre-commit"
    hook.write_text(SLOW_HOOK, encoding="utf-8")
    hook.chmod(0o755)
    os.mkfifo(ledger.root / ".git/wait")
    return ledger


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=["INT", "TERM", "HUP"])
@pytest.mark.parametrize("send", [os.killpg, os.kill], ids=["Ctrl-C", "kill"])
@pytest.mark.parametrize("new", [False, True], ids=["changed", "new"])
def test_an_interrupted_write_leaves_everything_as_it_was(
    slow: Ledger, one: str, number: signal.Signals, send: Callable[[int, int], None], new: bool
) -> None:
    before = slow.path(one).read_bytes()
    (slow.root / "other.txt").write_text("mine", encoding="utf-8")
    slow.git("add", "other.txt")
    args = ["open", "-t", "new one"] if new else ["note", one, "-m", "a long story"]
    process = start(slow, *args)
    await_file(slow.root / ".git/started")
    send(process.pid, number)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (2, b"")
    assert err.decode().endswith("interrupted; what was not finished was not written\n")
    assert slow.git("status", "--porcelain") == "A  other.txt\n"
    assert slow.path(one).read_bytes() == before
    assert not (slow.root / ".git/index.lock").exists()
    (kept,) = (slow.root / ".git/cpl/kept").glob("*")
    assert ("new one" if new else "a long story") in kept.read_text(encoding="utf-8")
    (slow.root / ".git/hooks/pre-commit").unlink()
    assert slow("note", one, "-m", "again", now="2999-01-01T00:00:00+08:00").code == 0


def test_an_interrupt_after_the_commit_undoes_nothing(ledger: Ledger, one: str) -> None:
    hook = ledger.root / ".git/hooks/post-commit"
    hook.write_text(SLOW_HOOK, encoding="utf-8")
    hook.chmod(0o755)
    os.mkfifo(ledger.root / ".git/wait")
    process = start(ledger, "note", one, "-m", "done")
    await_file(ledger.root / ".git/started")
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out.decode(), err.decode()) == (0, f"{one}: note\n", "")
    assert ledger.git("status", "--porcelain") == ""
    assert ledger.git("log", "-1", "--format=%s") == f"{one}: note\n"


def test_an_ignored_hangup_stays_ignored(slow: Ledger, one: str) -> None:
    process = subprocess.Popen(
        ["nohup", *command("note", one, "-m", "x")],
        cwd=slow.root,
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    await_file(slow.root / ".git/started")
    os.kill(process.pid, signal.SIGHUP)
    with (slow.root / ".git/wait").open("w", encoding="utf-8") as pipe:
        pipe.write("go\n")
    out, _err = process.communicate(timeout=60)
    assert (process.returncode, out.decode()) == (0, f"{one}: note\n")


def test_two_writers_at_once_both_write(slow: Ledger, one: str) -> None:
    first = start(slow, "note", one, "-m", "from the first")
    await_file(slow.root / ".git/started")
    second = start(slow, "note", one, "-m", "from the second")
    (slow.root / ".git/started").unlink()
    for _commit in range(2):
        with (slow.root / ".git/wait").open("w", encoding="utf-8") as pipe:
            pipe.write("go\n")
        await_file(slow.root / ".git/started")
    for process in (first, second):
        out, err = process.communicate(timeout=60)
        assert (process.returncode, out.decode(), err.decode()) == (0, f"{one}: note\n", "")
    text = slow.path(one).read_text(encoding="utf-8")
    assert ("from the first" in text, "from the second" in text) == (True, True)
    assert slow.git("status", "--porcelain") == ""


def test_who_waits_too_long_for_another_writer_is_told_and_keeps_the_text(
    slow: Ledger, one: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cpl.store.LOCK_SECONDS", 0.05)
    first = start(slow, "note", one, "-m", "slow")
    await_file(slow.root / ".git/started")
    outcome = slow("note", one, "-m", "my text")
    kept = slow.root / ".git/cpl/kept/note.txt"
    assert outcome == (
        2,
        "",
        f"your text is kept in {kept}\n"
        f"process {first.pid} is writing to this store (lock {slow.root}/.git/cpl/lock); try again when it is done\n",
    )
    assert kept.read_text(encoding="utf-8") == "my text"
    assert slow("list").code == 0
    assert slow("open", "-t", "x").err.endswith("try again when it is done\n")
    with (slow.root / ".git/wait").open("w", encoding="utf-8") as pipe:
        pipe.write("go\n")
    assert first.wait(60) == 0
    first.communicate()
