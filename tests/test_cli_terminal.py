"""At a real terminal: what is asked, what is shown in its width, and completion by a real shell."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from wcwidth import wcswidth

from tests.ledger import Ledger
from tests.processes import Terminal, command, environment, run_process

REAL = "2999-01-01T00:00:00+08:00"  # processes have the real clock, and what they wrote is never in the future then


def shown(ledger: Ledger, identifier: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(ledger.ok("show", identifier, "--format", "json", now=REAL))
    return found


def only_id(ledger: Ledger) -> str:
    (found,) = ledger.ok("list", "--columns", "id", "--format", "plain", now=REAL).split()
    return found


def test_open_asks_for_what_is_missing(ledger: Ledger) -> None:
    with Terminal(ledger, "open", "--building", "3") as terminal:
        terminal.expect("Title: ")
        terminal.type("门禁坏了\n")
        terminal.expect("channel (desk, hotline, phone, visit, wechat, app, web, email, letter, headquarters, other): ")
        terminal.type("fone\n")
        terminal.expect("'fone' is not in the profile; did you mean 'phone'?")
        terminal.expect("channel (")
        terminal.type("phone\n")
        terminal.expect("category: ")
        terminal.type("\n")
        terminal.expect("room: ")
        terminal.type("1201\n")
        terminal.expect("name: ")
        terminal.type("王女士\n")
        terminal.expect("phone: ")
        terminal.type("\n")
        terminal.expect("What happened: ")
        terminal.type("Since Monday\n")
        code, said = terminal.finish()
    one = only_id(ledger)
    assert (code, f"{one}: received\n" in said) == (0, True)
    record = shown(ledger, one)
    assert {name: record.get(name) for name in ("title", "channel", "location", "complainant", "category")} == {
        "title": "门禁坏了",
        "channel": "phone",
        "location": {"building": "3", "room": "1201"},
        "complainant": {"name": "王女士"},
        "category": None,
    }
    assert "## Description\nSince Monday\n" in record["body"]


def test_what_was_answered_before_an_interrupt_is_kept(ledger: Ledger) -> None:
    with Terminal(ledger, "open") as terminal:
        terminal.expect("Title: ")
        terminal.type("Wet\n")
        terminal.expect("headquarters, other): ")
        terminal.interrupt("nothing was taken in")
        code, said = terminal.finish()
    kept = ledger.root / ".git/cpl/kept/intake.md"
    assert code == 2
    assert f"nothing was taken in; your text is kept: cpl open --from {kept}\n" in said
    assert said.endswith("interrupted; what was not finished was not written\n")
    assert "\ntitle: Wet\n" in kept.read_text(encoding="utf-8")
    assert ledger.git("status", "--porcelain") == ""


def test_without_a_word_there_is_nothing_to_keep(ledger: Ledger) -> None:
    with Terminal(ledger, "open") as terminal:
        terminal.expect("Title: ")
        terminal.type("\x04")
        code, said = terminal.finish()
    assert (code, said.strip()) == (2, "interrupted; what was not finished was not written")
    assert not (ledger.root / ".git/cpl/kept").exists()


def test_no_input_asks_nothing(ledger: Ledger) -> None:
    with Terminal(ledger, "--no-input", "open") as terminal:
        code, said = terminal.finish()
    assert (code, said.rpartition("\n\n")[2]) == (2, "Error: the title is missing: --title TEXT\n")


def test_a_pause_asks_for_reason_and_end_and_holds_no_lock_meanwhile(ledger: Ledger, one: str) -> None:
    with Terminal(ledger, "transition", one, "on-hold") as terminal:
        terminal.expect("Reason: ")
        terminal.type("part ordered\n")
        terminal.expect("Until (an instant, a day, or 2d from now): ")
        assert ledger.ok("note", one, "-m", "meanwhile") == f"{one}: note\n"
        terminal.type("3d\n")
        code, said = terminal.finish()
    assert (code, said) == (0, f"3d\n{one}: received → on-hold\n")
    event = shown(ledger, one)["history"][-1]
    assert (event["to"], event["reason"], "until" in event) == ("on-hold", "part ordered", True)


def test_what_was_given_is_not_asked_for_again(ledger: Ledger, one: str) -> None:
    with Terminal(ledger, "transition", one, "on-hold", "--reason", "a", "--until", "2d") as terminal:
        assert terminal.finish() == (0, f"{one}: received → on-hold\n")


@pytest.mark.parametrize(
    ("args", "dialogue", "field", "value"),
    [
        (["contact"], [("Via (desk, ", "visit")], "via", "visit"),
        (
            ["follow-up"],
            [("Via (", "telex"), ("Error: 'telex' is not one of", "phone"), ("Satisfied?", "y")],
            "via",
            "phone",
        ),
        (["follow-up", "--via", "phone"], [("Satisfied? [y/N]: ", "n")], "satisfied", False),
        (["assign"], [("To (li.na, zhao.qiang, sun.wei): ", "sun.wei")], "set", {"assignee": "sun.wei"}),
        (["correct", "ID", "kind=repair"], [("Reason: ", "slip")], "reason", "slip"),
    ],
    ids=["contact", "follow-up", "satisfied", "assign", "correct"],
)
def test_commands_ask_for_what_is_missing(
    ledger: Ledger, one: str, args: list[str], dialogue: list[tuple[str, str]], field: str, value: Any
) -> None:
    words = [one if word == "ID" else word for word in args] if "ID" in args else [args[0], one, *args[1:]]
    with Terminal(ledger, *words) as terminal:
        for question, answer in dialogue:
            terminal.expect(question)
            terminal.type(f"{answer}\n")
        code, _said = terminal.finish()
    assert code == 0
    assert shown(ledger, one)["history"][-1][field] == value


def test_note_and_task_ask_too(ledger: Ledger, one: str) -> None:
    with Terminal(ledger, "note", one) as terminal:
        terminal.expect("Note: ")
        terminal.type("Spare part is here\n")
        assert terminal.finish()[0] == 0
    assert "Spare part is here" in shown(ledger, one)["body"]
    task = re.findall("t-[0-9a-z]{4}", ledger.ok("task", one, "add", "Ring"))[0]
    with Terminal(ledger, "task", one, "drop", task) as terminal:
        terminal.expect("Reason: ")
        terminal.type("not needed\n")
        assert terminal.finish()[0] == 0
    assert shown(ledger, one)["history"][-1]["reason"] == "not needed"


def test_an_edit_that_is_not_right_may_be_edited_again(ledger: Ledger, one: str, tmp_path: Path) -> None:
    editor = tmp_path / "editor"
    editor.write_text(
        f'#!/bin/sh\nif [ -e {tmp_path}/again ]; then sed -i "s/titel:/title:/" "$1"\n'
        f'else sed -i "s/title: Door/titel: Gate/" "$1"; touch {tmp_path}/again; fi\n',
        encoding="utf-8",
    )
    editor.chmod(0o755)
    with Terminal(ledger, "edit", one, env={"GIT_EDITOR": str(editor)}) as terminal:
        terminal.expect("E020 'titel' is not a known key here; did you mean 'title'?")
        terminal.expect("Edit it again? [Y/n]: ")
        terminal.type("\n")
        code, said = terminal.finish()
    assert (code, said.endswith(f"{one}: edited\n")) == (0, True)
    assert shown(ledger, one)["title"] == "Gate 2 does not lock"


def test_an_edit_that_is_given_up_is_kept(ledger: Ledger, one: str) -> None:
    with Terminal(ledger, "edit", one, env={"GIT_EDITOR": "sed -i s/title:/titel:/"}) as terminal:
        terminal.expect("Edit it again? [Y/n]: ")
        terminal.type("n\n")
        code, said = terminal.finish()
    (kept,) = (ledger.root / ".git/cpl/kept").glob("*")
    assert (code, f"cpl edit {one} --file {kept}" in said) == (2, True)


@pytest.mark.parametrize("columns", [60, 80, 132])
def test_a_table_keeps_to_the_width_of_the_terminal(ledger: Ledger, one: str, columns: int) -> None:
    ledger.ok("set", one, "title=" + "3号楼2单元门禁报修两周未处理" * 6)
    for words in (["list"], ["overdue", "--at", "2026-12-01T00:00"], ["search", "门禁"]):
        with Terminal(ledger, *words, columns=columns) as terminal:
            _code, said = terminal.finish()
        lines = [line for line in said.splitlines() if "terminal of" not in line]
        assert columns < 80 or any("门禁" in line for line in lines), said
        assert max(map(wcswidth, lines)) <= columns, said


@pytest.mark.parametrize("columns", [80, 130])
def test_escalate_shows_the_next_step_where_there_is_room(ledger: Ledger, one: str, columns: int) -> None:
    ledger.ok("set", one, "complainant.people=12")
    with Terminal(ledger, "escalate", columns=columns) as terminal:
        _code, said = terminal.finish()
    assert max(map(wcswidth, said.splitlines())) <= columns
    assert (f"cpl correct {one[-7:]} nature=…" in said, "terminal of 130 columns" in said) == (
        columns == 130,
        columns == 80,
    )


def test_columns_of_the_environment_are_stronger_than_the_terminals(ledger: Ledger, one: str) -> None:
    ledger.ok("set", one, "title=" + "门禁" * 60)
    with Terminal(ledger, "list", columns=80, env={"COLUMNS": "100"}) as terminal:
        _code, said = terminal.finish()
    assert max(map(wcswidth, said.splitlines())) in (99, 100)


def test_a_terminal_gets_no_escape_sequence_of_a_record(ledger: Ledger, one: str) -> None:
    path = ledger.path(one)
    path.write_text(path.read_text(encoding="utf-8") + "\x1b]0;evil\x07\u202ex\n", encoding="utf-8")
    for words in (["show", one], ["show", one, "--raw"]):
        with Terminal(ledger, *words) as terminal:
            _code, said = terminal.finish()
        assert ("\x1b" in said, "\x07" in said, "\u202e" in said) == (False, False, False)
        assert "\\x1b]0;evil" in said


BASH = """\
eval "$(cpl completion bash)"
COMP_WORDS=({words}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
_cpl_completion cpl "${{COMP_WORDS[-1]}}"
printf '%s\\n' "${{COMPREPLY[@]}}"
"""


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("cpl tra", ["transition"]),
        ("cpl show CPL", ["CPL-20261118-M9S3467"]),
        ("cpl show m9s", ["CPL-20261118-M9S3467"]),
        ("cpl show nothing", [""]),
        ("cpl transition m9s res", ["resolving"]),
        ("cpl list --status clo", ["closed"]),
        ("cpl assign m9s --to zh", ["zhao.qiang"]),
        ("cpl note m9s --by su", ["sun.wei"]),
        ("cpl open --category equipment/l", ["equipment/lift"]),
        ("cpl list --format js", ["json", "jsonl"]),
        ("cpl open --sev", ["--severity"]),
    ],
)
def test_bash_completes(ledger: Ledger, one: str, tmp_path: Path, words: str, expected: list[str]) -> None:
    assert one == "CPL-20261118-M9S3467"
    program = tmp_path / "bin" / "cpl"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {" ".join(command())} "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    done = subprocess.run(
        ["bash", "-c", BASH.format(words=words)],
        cwd=ledger.root,
        env=environment(PATH=f"{program.parent}:{os.environ['PATH']}"),
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr, done.stdout.splitlines()) == (0, "", expected)


def test_several_ids_that_hold_a_piece_are_not_offered(ledger: Ledger) -> None:
    """A shell would replace the piece by what the ids have in common."""
    for title in "abc":
        ledger.open(title)
    env = {"_CPL_COMPLETE": "bash_complete", "COMP_WORDS": "cpl show 2026", "COMP_CWORD": "2"}
    assert run_process(ledger, env=env) == (0, "\n", "")
    env["COMP_WORDS"] = "cpl show CPL"
    assert run_process(ledger, env=env).out.count("CPL-20261118-") == 3


def test_completion_outside_a_store_is_silent(ledger: Ledger, tmp_path: Path) -> None:
    env = {"_CPL_COMPLETE": "bash_complete", "COMP_WORDS": "cpl show x", "COMP_CWORD": "2"}
    assert run_process(Ledger(tmp_path), env=env) == (0, "\n", "")
    env = {"_CPL_COMPLETE": "bash_complete", "COMP_WORDS": f"cpl -C {ledger.root} open --by z", "COMP_CWORD": "5"}
    assert run_process(Ledger(tmp_path), env=env) == (0, "plain,zhao.qiang\n", "")


def test_completion_of_a_command_that_there_is_not_is_silent(ledger: Ledger) -> None:
    env = {"_CPL_COMPLETE": "bash_complete", "COMP_WORDS": "cpl lsit x", "COMP_CWORD": "2"}
    assert run_process(ledger, env=env) == (0, "\n", "")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_of_a_shell_is_printed_and_is_right(ledger: Ledger, tmp_path: Path, shell: str) -> None:
    script = ledger.ok("completion", shell)
    assert f"_CPL_COMPLETE={shell}_complete" in script
    program = shutil.which(shell)
    if program is not None:  # bash is everywhere that the suite runs
        file = tmp_path / "script"
        file.write_text(script, encoding="utf-8")
        assert subprocess.run([program, "-n", str(file)], capture_output=True).returncode == 0
