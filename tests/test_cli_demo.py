"""`cpl demo`: a store at work, the same everywhere, with nothing taken from the computer that shows it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from cpl.cli import COMMANDS
from tests.ledger import CPL_YAML, Ledger, Once, Outcome

# Why the story, which has to be short, does without them.
NOT_SHOWN = {
    **dict.fromkeys(("show", "search", "similar", "form", "sample"), "long, or like what is shown"),
    **dict.fromkeys(("edit", "settle", "sync"), "needs an editor, a conflict or a remote"),
    **dict.fromkeys(("note", "attach", "link", "undo"), "a further write of the kind that is shown"),
    **dict.fromkeys(("import", "export", "schema", "completion", "merge-driver", "index"), "for programs"),
    **dict.fromkeys(("hooks", "doctor", "config", "calendar"), "about the clone and its settings"),
    "demo": "is what is shown",
}


def play(folder: Path) -> None:
    """A demo, and beside it what it printed, without the path of the folder."""
    code, out, err = Ledger(folder)("demo", str(folder / "shown"))
    (folder / "outcome.json").write_text(json.dumps([code, out.replace(str(folder), ""), err]), encoding="utf-8")


@pytest.fixture
def shown(once: Once) -> Ledger:
    """The store of a demo, which is not to be changed."""
    return Ledger(once(play) / "shown", now="2026-11-25T18:00:00+08:00")


@pytest.fixture
def outcome(shown: Ledger) -> Outcome:
    """What that demo printed."""
    return Outcome(*json.loads(shown.root.with_name("outcome.json").read_text(encoding="utf-8")))


def head(folder: Path) -> bytes:
    return subprocess.run(["git", "rev-parse", "HEAD"], cwd=folder, check=True, capture_output=True).stdout


def test_demo_shows_every_command_refuses_a_move_and_leaves_a_store(shown: Ledger, outcome: Outcome) -> None:
    assert (outcome.code, "Traceback" in outcome.err) == (0, False)
    commands = [line.split()[2] for line in outcome.out.splitlines() if line.startswith("$ cpl ")]
    assert {*commands} | {*NOT_SHOWN} == {*COMMANDS}
    assert {*commands} & {*NOT_SHOWN} == set()
    assert (commands[0], commands[-7:]) == (
        "init",
        ["list", "overdue", "explain", "summary", "log", "check", "verify"],
    )
    assert "The store is /shown; " in outcome.out
    assert shown("check").out == ""
    assert shown.ok("list", "--format", "plain").count("\n") == 3
    assert shown("hooks", "status").code == 0
    assert "hooks" not in outcome.err
    assert "closed → resolving" in outcome.out
    assert "rule 'found' (CS-5) needs finding: cpl set" in outcome.err
    assert "2 overdue" in outcome.err


def test_demo_is_in_order(shown: Ledger) -> None:
    assert json.loads(shown.ok("verify", "--format", "json"))["findings"] == []


def test_demo_is_the_same_everywhere_whatever_the_store_around_speaks(
    shown: Ledger, outcome: Outcome, tmp_path: Path
) -> None:
    around = tmp_path / "around"
    around.mkdir()
    (around / "cpl.yaml").write_text(CPL_YAML.replace("language: en", "language: zh"), encoding="utf-8")
    other = Ledger(around, env={"CPL_LANG": "", "LANG": "en_US.UTF-8"})("demo", str(tmp_path / "shown"))
    assert other.out.replace(str(tmp_path), "") == outcome.out
    assert head(tmp_path / "shown") == head(shown.root)


def test_demo_never_writes_into_a_folder_that_is_there(tmp_path: Path) -> None:
    outcome = Ledger(tmp_path)("demo", str(tmp_path))
    assert (outcome.code, outcome.err) == (2, f"{tmp_path} exists already; name a new folder, or none\n")
    assert list(tmp_path.iterdir()) == []
