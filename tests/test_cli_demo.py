"""`cpl demo`: a store at work, the same everywhere, with nothing taken from the computer that shows it."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.ledger import Ledger


def test_demo_shows_every_command_and_leaves_a_store(tmp_path: Path) -> None:
    outcome = Ledger(tmp_path)("demo", str(tmp_path / "shown"))
    assert (outcome.code, "Traceback" in outcome.err) == (0, False)
    commands = [line.split()[2] for line in outcome.out.splitlines() if line.startswith("$ cpl ")]
    assert commands[0] == "init"
    assert {"open", "contact", "assign", "transition", "correct", "did", "task", "set"} <= set(commands)
    assert commands[-5:] == ["list", "overdue", "summary", "log", "check"]
    assert f"The store is {tmp_path / 'shown'}" in outcome.out
    shown = Ledger(tmp_path / "shown")
    assert shown("check").out == ""
    assert shown.ok("list", "--format", "plain").count("\n") == 3
    assert shown("hooks", "status").code == 0
    assert "hooks" not in outcome.err


def test_demo_reopens_a_complaint_refuses_a_move_and_finds_what_is_overdue(tmp_path: Path) -> None:
    outcome = Ledger(tmp_path)("demo", str(tmp_path / "shown"))
    assert "closed → resolving" in outcome.out
    assert "rule 'found' (CS-5) needs finding: cpl set" in outcome.err
    assert "2 overdue" in outcome.err


def test_demo_is_the_same_everywhere(tmp_path: Path) -> None:
    one, two = (Ledger(tmp_path)("demo", str(tmp_path / name)) for name in ("one", "two"))
    assert one.out.replace(str(tmp_path / "one"), "") == two.out.replace(str(tmp_path / "two"), "")
    heads = [
        subprocess.run(["git", "rev-parse", "HEAD"], cwd=tmp_path / name, check=True, capture_output=True).stdout
        for name in ("one", "two")
    ]
    assert heads[0] == heads[1]


def test_demo_never_writes_into_a_folder_that_is_there(tmp_path: Path) -> None:
    outcome = Ledger(tmp_path)("demo", str(tmp_path))
    assert (outcome.code, outcome.err) == (2, f"{tmp_path} exists already; name a new folder, or none\n")
    assert list(tmp_path.iterdir()) == []
