"""What every test starts from: no access to the real home and its git settings; a repository if asked."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import settings

from tests import doors
from tests.ledger import CPL_YAML, ONE, Ledger, install_stub_hooks

settings.register_profile("cpl", deadline=None)
settings.load_profile("cpl")


@pytest.fixture(autouse=True)
def trap(monkeypatch: pytest.MonkeyPatch) -> None:
    """A home where nothing can be read or written, and no trace of the git and user that run the tests."""
    for name in [*os.environ]:
        if name.startswith(("GIT_", "CPL_")) or name in ("EMAIL", "LANGUAGE"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", "/dev/null")
    monkeypatch.setenv("XDG_CONFIG_HOME", "/dev/null/config")
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.setenv("LC_ALL", "C.UTF-8")


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    """An empty repository on branch main, whose user is Li Na <li.na@example.org>."""
    folder = tmp_path / "repo"
    for command in (
        ["init", "--quiet", "--initial-branch=main", "."],
        ["config", "user.name", "Li Na"],
        ["config", "user.email", "li.na@example.org"],
    ):
        folder.mkdir(exist_ok=True)
        subprocess.run(["git", *command], cwd=folder, check=True)
    return folder


@pytest.fixture(scope="session")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A committed, empty store with three people, made once; tests get copies."""
    root = tmp_path_factory.mktemp("pristine") / "estate"
    root.mkdir()
    (root / "cpl.yaml").write_text(CPL_YAML, encoding="utf-8")
    (root / ".gitattributes").write_text("records/** -text\n", encoding="utf-8")
    for command in (
        ["init", "--quiet", "--initial-branch=main", "."],
        ["config", "user.name", "Li Na"],
        ["config", "user.email", "li.na@example.org"],
        ["add", "--all"],
        ["commit", "--quiet", "--message", "Start"],
    ):
        subprocess.run(["git", *command], cwd=root, check=True)
    install_stub_hooks(root)
    return root


@pytest.fixture(scope="session")
def pristine_with_one(pristine: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same store with the complaint ONE in it."""
    root = tmp_path_factory.mktemp("pristine_with_one") / "estate"
    shutil.copytree(pristine, root, symlinks=True)
    assert Ledger(root).open() == ONE
    return root


@pytest.fixture
def ledger(request: pytest.FixtureRequest, tmp_path: Path) -> Ledger:
    """A store of its own, with li.na at the desk on 2026-11-18 at 16:00 in Shanghai."""
    name = "pristine_with_one" if "one" in request.fixturenames else "pristine"
    root = tmp_path / "estate"
    shutil.copytree(request.getfixturevalue(name), root, symlinks=True)
    return Ledger(root)


@pytest.fixture
def one(ledger: Ledger) -> str:
    """The id of a complaint that is in the ledger from the start; this is faster than to open one."""
    assert ledger.path(ONE).exists()
    return ONE


@pytest.fixture
def desk_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a desk and its remote, made once, by the first test that asks for it: only then the trap is set."""
    folder = tmp_path_factory.getbasetemp() / "desk_model"
    if not folder.exists():
        made = tmp_path_factory.mktemp("desk")
        doors.prepare(made)
        made.rename(folder)
    return folder
