"""The editor: at which line it opens, and that no text is lost whatever becomes of the editor or the terminal."""

from __future__ import annotations

import os
import resource
import shlex
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from cpl.cli.goto import arguments, program_of
from tests.ledger import ONE, Ledger, Outcome
from tests.processes import Terminal, await_file, command, environment, run_process, start

Script = Callable[..., str]


@pytest.fixture
def script(tmp_path: Path) -> Script:
    """Makes a shell script that is to be the editor, `$f` the file; the shell text that starts it."""

    def made(text: str, name: str = "editor", options: str = "") -> str:
        path = tmp_path / "my tools" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/sh\nfor f; do :; done\n{text}\n", encoding="utf-8")
        path.chmod(0o755)
        return f"{shlex.quote(str(path))} {options}".strip()

    return made


def kept(ledger: Ledger) -> list[Path]:
    return sorted((ledger.root / ".git/cpl/kept").glob("*"))


def says(mine: Path, *options: str) -> str:
    return f"your text is kept; mend it and run: {shlex.join(['cpl', 'edit', ONE, '--file', str(mine), *options])}\n"


def edit(ledger: Ledger, editor: str, *args: str) -> Outcome:
    return run_process(ledger, "edit", ONE, *args, env={"GIT_EDITOR": editor})


@pytest.mark.parametrize(
    ("editor", "expected"),
    [
        ("vi", ["+7", "a b.md"]),
        ("/usr/bin/vim.basic -u NONE", ["+7", "a b.md"]),
        ("nano", ["+7", "a b.md"]),
        ("emacsclient -nw -a ''", ["+7", "a b.md"]),
        ("TERM=xterm env LANG=C kak", ["+7", "a b.md"]),
        ("gedit -w", ["+7", "a b.md"]),
        ("hx", ["a b.md:7"]),
        ("'/Applications/Sublime Text.app/Contents/SharedSupport/bin/subl' -w", ["a b.md:7"]),
        ("/Applications/Sublime\\ Text.app/Contents/SharedSupport/bin/subl -w", ["a b.md:7"]),
        ("zed --wait", ["a b.md:7"]),
        ("code --wait", ["--goto", "a b.md:7"]),
        ("code-insiders --wait --new-window", ["--goto", "a b.md:7"]),
        ("cursor -w", ["--goto", "a b.md:7"]),
        ("idea.sh --wait", ["--line", "7", "a b.md"]),
        ("kate --block", ["-l", "7", "a b.md"]),
        ("mate -w", ["-l", "7", "a b.md"]),
        ("ed", ["a b.md"]),
        ("jed", ["a b.md"]),
        ("sensible-editor", ["a b.md"]),
        ("my-vim", ["a b.md"]),
        ("sh -c 'vim \"$1\"' -", ["a b.md"]),
        ("vim 'unclosed", ["a b.md"]),
        ("", ["a b.md"]),
        (":", ["a b.md"]),
    ],
)
def test_an_editor_gets_the_line_in_the_form_that_it_knows(editor: str, expected: list[str]) -> None:
    assert arguments(program_of(editor), "a b.md", 7) == expected
    assert arguments(program_of(editor), "a b.md", None) == ["a b.md"]


def changed(ledger: Ledger, old: bytes = b"history:", new: bytes = b"cause: rust\nhistory:") -> bytes:
    """The record's text with one thing different."""
    text = ledger.path(ONE).read_bytes()
    assert old in text
    return text.replace(old, new, 1)


@pytest.mark.parametrize(
    ("editor", "form", "old", "new", "line"),
    [
        ("vim", "+{line} {file}", b"kind:", b"kin:", 4),
        ("code --wait", "--wait --goto {file}:{line}", b"status: received", b"status: resolving", 5),
        ("nano", "+{line} {file}", b"lead: li.na", b"lead: \xff", 7),
        ("unknown -x", "-x {file}", b"kind: complaint", b"kind: {", 4),
    ],
    ids=["a key", "what an event changes", "not UTF-8", "unknown editor"],
)
def test_it_opens_again_at_the_line_of_the_first_error(
    ledger: Ledger, script: Script, tmp_path: Path, one: str, editor: str, form: str, old: bytes, new: bytes, line: int
) -> None:
    file = ledger.root / f".git/cpl/kept/{one}.md"
    (tmp_path / "1").write_bytes(changed(ledger, old, new))
    (tmp_path / "2").write_bytes(changed(ledger))
    name, _blank, options = editor.partition(" ")
    lines = f'echo "$@" >> {tmp_path}/log\ncp {tmp_path}/$(grep -c "" {tmp_path}/log) {file}'
    with Terminal(ledger, "edit", one, env={"GIT_EDITOR": script(lines, name, options)}) as terminal:
        terminal.expect("Edit it again? [Y/n]: ")
        terminal.type("\n")
        code, said = terminal.finish()
    assert (code, said.endswith(f"{one}: edited\n"), kept(ledger)) == (0, True, []), said
    first, second = (tmp_path / "log").read_text(encoding="utf-8").splitlines()
    assert (first, second) == (f"{options} {file}".strip(), form.format(line=line, file=file))
    assert ledger.path(one).read_bytes() == (tmp_path / "2").read_bytes()


def test_debians_name_for_any_editor_is_the_editor_that_it_stands_for(
    ledger: Ledger, script: Script, tmp_path: Path, one: str
) -> None:
    (tmp_path / "1").write_bytes(changed(ledger, b"kind:", b"kin:"))
    script(f'echo "$@" >> {tmp_path}/log; cp {tmp_path}/1 "$f"', "vim.tiny")
    (tmp_path / "my tools/editor").symlink_to("vim.tiny")
    env = {"GIT_EDITOR": "editor", "PATH": f"{tmp_path}/my tools:{os.environ['PATH']}"}
    with Terminal(ledger, "edit", one, env=env) as terminal:
        for answer in ("y", "n"):
            terminal.expect("Edit it again? [Y/n]: ")
            terminal.type(f"{answer}\n")
        code, _said = terminal.finish()
    (mine,) = kept(ledger)
    assert code == 2
    assert (tmp_path / "log").read_text(encoding="utf-8") == f"{mine}\n+4 {mine}\n"


def test_the_intake_too_opens_again_at_the_line(ledger: Ledger, script: Script, tmp_path: Path) -> None:
    editor = script(f'echo "$@" >> {tmp_path}/log; sed -i "s/^kind: .*/kind: x/" "$f"', "vim")
    with Terminal(ledger, "open", "-t", "a", "--edit", env={"GIT_EDITOR": editor}) as terminal:
        for answer in ("y", "n"):
            terminal.expect("Edit it again? [Y/n]: ")
            terminal.type(f"{answer}\n")
        assert terminal.finish()[0] == 2
    assert (tmp_path / "log").read_text(encoding="utf-8").splitlines()[1].startswith("+4 ")


@pytest.mark.parametrize("before", ["", "TERM=xterm "], ids=["program", "shell"])
def test_interrupt_is_the_editors_own(ledger: Ledger, script: Script, one: str, before: str) -> None:
    """In vim Ctrl-C ends what one is doing, not vim; and it must not end cpl under it."""
    ready = "trap 'sed -i s/Door.2/Door.3/ \"$f\"; exit 0' INT; echo ready; while :; do sleep 0.05; done"
    with Terminal(ledger, "edit", one, env={"GIT_EDITOR": before + script(ready)}) as terminal:
        terminal.expect("ready")
        terminal.type("\x03")
        code, said = terminal.finish()
    assert (code, said.endswith(f"{one}: edited\n")) == (0, True), said


def test_editor_that_an_interrupt_ends_loses_nothing(ledger: Ledger, script: Script, one: str) -> None:
    editor = script('sed -i s/Door.2/Door.3/ "$f"; echo ready; exec sleep 60')
    with Terminal(ledger, "edit", one, env={"GIT_EDITOR": editor}) as terminal:
        terminal.expect("ready")
        terminal.type("\x03")
        code, said = terminal.finish()
    (mine,) = kept(ledger)
    assert (code, said.endswith(f"{says(mine)}\ninterrupted; what was not finished was not written\n")) == (2, True), (
        said
    )


def test_interrupt_at_the_question_loses_nothing(ledger: Ledger, script: Script, one: str) -> None:
    with Terminal(ledger, "edit", one, env={"GIT_EDITOR": script('sed -i s/title:/titel:/ "$f"')}) as terminal:
        terminal.expect("Edit it again? [Y/n]: ")
        terminal.interrupt("interrupted;")
        code, said = terminal.finish()
    (mine,) = kept(ledger)
    assert (code, says(mine) in said) == (2, True)
    assert "titel: " in mine.read_text(encoding="utf-8")


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGTERM])
def test_editor_can_save_when_the_terminal_goes_away(
    ledger: Ledger, script: Script, tmp_path: Path, one: str, number: signal.Signals
) -> None:
    ready = tmp_path / "ready"
    lines = f"trap 'sleep 0.3; sed -i s/Door.2/Door.3/ \"$f\"; exit 1' HUP; touch {ready}; while :; do sleep 0.05; done"
    process = start(ledger, "edit", one, env={"GIT_EDITOR": script(lines)})
    await_file(ready)
    process.send_signal(number)
    out, err = process.communicate(timeout=30)
    (mine,) = kept(ledger)
    assert (process.returncode, out.decode()) == (2, "")
    assert err.decode() == f"{says(mine)}\ninterrupted; what was not finished was not written\n"
    assert "Door.3" in mine.read_text(encoding="utf-8")


def test_terminal_that_is_gone_loses_nothing(ledger: Ledger, script: Script, tmp_path: Path, one: str) -> None:
    ready = tmp_path / "ready"
    editor = script(f'sed -i s/title:/titel:/ "$f"; touch {ready}')
    with Terminal(ledger, "edit", one, env={"GIT_EDITOR": editor}) as terminal:
        terminal.expect("Edit it again? [Y/n]: ")
    (mine,) = kept(ledger)
    assert "titel: " in mine.read_text(encoding="utf-8")


SAVED = 'sed -i s/Door.2/Door.3/ "$f"\n'
FAILED = "the editor '{editor}' failed (exit code {code}); nothing was changed\n"


@pytest.mark.parametrize(
    ("lines", "words", "is_kept"),
    [
        (SAVED + "kill -9 $$", FAILED.format(editor="{editor}", code="-9"), True),
        ("kill -9 $$", FAILED.format(editor="{editor}", code="-9"), False),
        ('rm "$f"', "the editor has left no file {mine}; nothing was changed, try again\n", False),
        ('rm "$f"; mkdir "$f"', "{mine} can't be read: it is not a regular file; name a file\n", True),
        (': > "$f"', "the text is empty; nothing was changed\n", False),
        ("true", "nothing was changed\n", False),
    ],
    ids=["killed, saved", "killed", "removed", "folder", "emptied", "unchanged"],
)
def test_what_the_editor_leaves_is_told_and_kept(
    ledger: Ledger, script: Script, one: str, lines: str, words: str, is_kept: bool
) -> None:
    editor = script(lines)
    outcome = edit(ledger, editor)
    mine = ledger.root / f".git/cpl/kept/{one}.md"
    words = words.format(editor=editor, mine=mine)
    assert outcome == (2, "", (says(mine) if is_kept else "") + words)
    assert kept(ledger) == ([mine] if is_kept else [])


@pytest.mark.parametrize(
    "lines",
    [
        'sed s/Door.2/Door.3/ "$f" > "$f.new"; mv "$f.new" "$f"',
        SAVED + 'chmod 400 "$f"',
        'cp "$f" "$f~"\n' + SAVED,
    ],
    ids=["renamed in", "read-only", "backup"],
)
def test_ways_of_saving(ledger: Ledger, script: Script, one: str, lines: str) -> None:
    assert edit(ledger, script(lines)) == (0, f"{one}: edited\n", "")
    assert "Door.3" in ledger.path(one).read_text(encoding="utf-8")


def test_swap_file_is_named_and_its_text_stays_beside_it(ledger: Ledger, script: Script, one: str) -> None:
    editor = script('echo unsaved > "$(dirname "$f")/.$(basename "$f").swp"; kill -9 $$')
    outcome = edit(ledger, editor)
    swap, mine = kept(ledger)
    assert (swap.name, mine.name) == (f".{one}.md.swp", f"{one}.md")
    assert outcome.err == (
        f"the editor left {swap}; it may hold text that was not saved\n"
        + says(mine)
        + FAILED.format(editor=editor, code=-9)
    )


def test_text_stays_when_the_disk_is_full(ledger: Ledger, script: Script, one: str) -> None:
    """The editor has room for what it saves, the record has not."""
    before = ledger.path(one).read_bytes()

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY))

    editor = script('ulimit -S -f unlimited; printf "%09000d\\n" 1 >> "$f"')
    outcome = run_process(ledger, "edit", one, env={"GIT_EDITOR": editor}, before=limit)
    (mine,) = kept(ledger)
    assert outcome == (
        2,
        "",
        f"{says(mine)}{ledger.root}/.git/cpl/unfinished can't be written: the file is larger than the system allows; "
        "see `ulimit -f`\n",
    )
    assert (ledger.path(one).read_bytes(), mine.stat().st_size > 9000) == (before, True)


def test_no_room_for_the_text_is_told_before_the_editor_opens(
    ledger: Ledger, script: Script, tmp_path: Path, one: str
) -> None:
    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, resource.RLIM_INFINITY))

    editor = script(f"touch {tmp_path}/opened")
    outcome = run_process(ledger, "edit", one, env={"GIT_EDITOR": editor}, before=limit)
    mine = ledger.root / f".git/cpl/kept/{one}.md"
    assert outcome == (2, "", f"{mine} can't be written: the file is larger than the system allows; see `ulimit -f`\n")
    assert not (tmp_path / "opened").exists()


def test_command_that_takes_the_kept_text_in_can_be_pasted(
    ledger: Ledger, script: Script, tmp_path: Path, one: str
) -> None:
    ledger.root.rename(tmp_path / "my estate")
    ledger.root = tmp_path / "my estate"
    options = ("--by", "sun.wei", "--message", "it's 3", "--no-commit")
    outcome = edit(ledger, script(SAVED + 'sed -i s/kind:/kin:/ "$f"'), *options)
    (mine,) = kept(ledger)
    assert outcome.err.startswith(says(mine, *options))
    mine.write_text(mine.read_text(encoding="utf-8").replace("kin:", "kind:"), encoding="utf-8")
    again = shlex.split(outcome.err.splitlines()[0].partition("run: cpl ")[2])
    assert run_process(ledger, *again).out == f"{one}: edited (not committed)\n"
    assert "Door.3" in ledger.path(one).read_text(encoding="utf-8")


def test_without_stdin_a_chosen_editor_still_works(ledger: Ledger, script: Script, one: str) -> None:
    line = shlex.join(command("edit", one)) + " <&-"
    env = environment(GIT_EDITOR=script(SAVED))
    done = subprocess.run(["sh", "-c", line], cwd=ledger.root, env=env, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{one}: edited\n", "")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "the text is empty; nothing was changed\n"),
        (b"---\ntitle: \xff\n---\n", "the text is not right, the record is as it was:\n{name}:2: E001 "),
        (b"---\nid: x\n", "the text is not right, the record is as it was:\n{name}:1: E004 "),
    ],
    ids=["empty", "not UTF-8", "not closed"],
)
def test_text_of_a_file_that_is_not_right_is_told_and_stays(
    ledger: Ledger, tmp_path: Path, one: str, data: bytes, words: str
) -> None:
    file = tmp_path / "mine.md"
    file.write_bytes(data)
    outcome = run_process(ledger, "edit", one, "--file", str(file))
    assert (outcome.code, outcome.err.startswith(words.format(name=file))) == (2, True), outcome
    assert (file.read_bytes(), kept(ledger)) == (data, [])
    outcome = run_process(ledger, "edit", one, "--file", "-", stdin=data)
    hint = "".join(says(mine) for mine in kept(ledger))
    assert (outcome.code, outcome.err.startswith(hint + words.format(name="<stdin>"))) == (2, True), outcome
    assert [mine.read_bytes() for mine in kept(ledger)] == ([data] if data else [])
