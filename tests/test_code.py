"""The code itself: layers, types, lint, wrapped strings, and docs that are in step with it."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "cpl"
MODULES = sorted(PACKAGE.rglob("*.py"))


def name_of(path: Path) -> str:
    """`cli.app` for cpl/cli/app.py, `cli` for cpl/cli/__init__.py."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def levels() -> dict[str, int]:
    """The table of docs/architecture.md; `cli.*` stands for every other module of the command line."""
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    return {name: int(level) for level, name in re.findall(r"^\| (\d+) \| `([\w.*]+)` \|", text, re.MULTILINE)}


def level(name: str) -> int:
    table = levels()
    return table.get(name, table["cli.*"]) if name.startswith("cli.") else table[name]


def imports(path: Path) -> Iterator[str]:
    """The modules of the package that a module imports, at the top or within a function."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.removeprefix("cpl.") for alias in node.names if alias.name.startswith("cpl."))
        elif isinstance(node, ast.ImportFrom) and node.module == "cpl":
            yield from (alias.name for alias in node.names if (PACKAGE / f"{alias.name}.py").exists())
        elif isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("cpl."):
            yield node.module.removeprefix("cpl.")


@pytest.mark.parametrize("path", MODULES, ids=lambda path: name_of(path) or "cpl")
def test_module_imports_only_from_levels_below(path: Path) -> None:
    name = name_of(path)
    if not name:
        assert list(imports(path)) == []
        return
    own = level(name)
    assert [each for each in imports(path) if level(each) >= own] == []


def test_every_module_has_a_level() -> None:
    stated = {name for name in levels() if name != "cli.*"}
    existing = {name_of(path) for path in MODULES} - {""}
    assert stated <= existing
    assert {name for name in existing - stated if not name.startswith("cli.")} == set()


@pytest.mark.parametrize("path", MODULES, ids=lambda path: name_of(path) or "cpl")
def test_module_opens_with_a_docstring_and_stays_short(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert ast.get_docstring(ast.parse(text))
    assert len(text.splitlines()) <= 400


def test_no_pattern_repeats_a_group_possessively() -> None:
    """Python up to 3.11.4, and so Debian 12, matches `(?:…)*+` wrongly; `(?>(?:…)*)` says the same (gh-106052)."""
    lines = [(path.name, line) for path in MODULES for line in path.read_text(encoding="utf-8").splitlines()]
    assert [each for each in lines if re.search(r"\)(?:[*+?]|\{[0-9,]+\})\+", each[1])] == []


def test_no_message_is_formatted_before_it_is_translated() -> None:
    """`_(f"…")` and `_("…".format())` would never be found in a catalogue."""
    wrong = []
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            is_translation = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "_"
            if is_translation and not isinstance(node.args[0], ast.Constant | ast.Name | ast.Attribute):
                wrong.append(f"{path.name}:{node.lineno}")
    assert wrong == []


def subjects(tree: ast.Module) -> Iterator[ast.expr]:
    """What becomes the subject of a commit: the first value of a Commit, and what the functions of an Action return."""
    functions = {node.name: node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
            continue
        if node.func.id == "Commit" and node.args:
            yield node.args[0]
        elif node.func.id == "Action" and len(node.args) > 1:
            edit = node.args[1]
            body = edit.body if isinstance(edit, ast.Lambda) else edit
            yield body
            called = body.func if isinstance(body, ast.Call) else body
            function = functions.get(called.id) if isinstance(called, ast.Name) else None
            found = (each.value for each in ast.walk(function or ast.Module([], [])) if isinstance(each, ast.Return))
            yield from filter(None, found)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: name_of(path) or "cpl")
def test_subjects_of_commits_are_not_translated(path: Path) -> None:
    """They are English whoever writes; `language.said` tells people the same in their language."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names = (node for subject in subjects(tree) for node in ast.walk(subject) if isinstance(node, ast.Name))
    assert [f"{path.name}:{node.lineno}" for node in names if node.id in ("_", "ngettext")] == []


@pytest.mark.parametrize(
    "command",
    [["ruff", "check", "."], ["ruff", "format", "--check", "."], ["mypy", "--no-error-summary"]],
    ids=["lint", "format", "types"],
)
def test_tools_find_nothing(command: list[str]) -> None:
    done = subprocess.run([sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_only_files_writes_and_only_git_runs_git() -> None:
    """The one writer is `files` (`locks` opens its lock file), those that run git are `git` and, early, `git_begun`."""
    pattern = re.compile(r"write_text|write_bytes|os\.replace|os\.rename|\bopen\(|subprocess|posix_spawn")
    allowed = {"files.py", "locks.py", "git.py", "git_begun.py"}
    found = {
        path.name
        for path in MODULES
        if path.name not in allowed
        and pattern.search(path.read_text(encoding="utf-8").replace("os.open(os.devnull", ""))
    }
    # The editor is the user's program, started where it is needed; a method of click's is called `write_text`.
    assert found <= {"editor.py", "help_text.py"}
