"""What every test starts from: no access to the real home and its git settings; a repository if asked."""

from __future__ import annotations

import gc
import os
import shutil
import subprocess
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings

from cpl import language
from tests import doors
from tests.ledger import CPL_YAML, ONE, Ledger, Once, install_stub_hooks

settings.register_profile("cpl", deadline=None)
settings.load_profile("cpl")

MEMORY = Path("/dev/shm")  # where Linux has a file system in memory; elsewhere there is no such folder
ROOM = 2 << 30
TRACED_CASES, TRACED_ROWS = 4, 60


def pytest_configure() -> None:
    """Let pytest make its temporary folders in memory where it can: on a disk the tests wait for fsync."""
    if MEMORY.is_dir() and os.access(MEMORY, os.W_OK):
        found = os.statvfs(MEMORY)
        if found.f_bavail * found.f_frsize >= ROOM and not found.f_flag & os.ST_NOEXEC:  # hooks are run there
            os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))


def pytest_collection_finish() -> None:
    """Look for garbage as seldom as `cpl` does, and never in what pytest has loaded for the whole run."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Measure coverage in the first cases of a test that works on files, in more of a table's, in no property's.

    Under the tracer cpl takes three times as long. The rows of a table without files are cheap, and many have a line
    of their own; elsewhere the next cases run the lines that the first ones did. A line that only they reach counts
    as not covered: the true figure is never below the one that is reported.
    """
    cases: Counter[tuple[Path, str]] = Counter()
    for item in items:
        name = (item.path, item.name.partition("[")[0])
        cases[name] += 1
        traced = TRACED_CASES if "tmp_path" in getattr(item, "fixturenames", ()) else TRACED_ROWS
        if cases[name] > traced or hasattr(getattr(item, "obj", None), "hypothesis"):
            item.add_marker("no_cover")


@pytest.fixture(scope="session")
def bytecode(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the processes of tests keep compiled modules when they may not be kept beside the source."""
    return tmp_path_factory.mktemp("bytecode")


@pytest.fixture(autouse=True)
def trap(monkeypatch: pytest.MonkeyPatch, bytecode: Path) -> None:
    """A home where nothing can be read or written, no trace of the git and user that run the tests, and English."""
    for name in [*os.environ]:
        if name.startswith(("GIT_", "CPL_")) or name in ("EMAIL", "LANGUAGE"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", "/dev/null")
    monkeypatch.setenv("XDG_CONFIG_HOME", "/dev/null/config")
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    monkeypatch.setenv("CPL_LANG", "en")
    language.speak("en")
    if os.environ.get("PYTHONDONTWRITEBYTECODE"):  # else each process compiles all of cpl, a third of its time
        monkeypatch.delenv("PYTHONDONTWRITEBYTECODE")
        monkeypatch.setenv("PYTHONPYCACHEPREFIX", str(bytecode))


@pytest.fixture
def once(tmp_path_factory: pytest.TempPathFactory) -> Once:
    """Gives the folder that a function fills, filled by the first test that asks for it: only then the trap is set."""

    def filled(fill: Callable[[Path], object]) -> Path:
        folder = tmp_path_factory.getbasetemp() / f"once_{fill.__module__}_{fill.__name__}"
        if not folder.exists():
            made = tmp_path_factory.mktemp("made")
            fill(made)
            made.rename(folder)
        return folder

    return filled


def make_repository(folder: Path) -> None:
    """Make an empty repository on branch main in the folder, whose user is Li Na <li.na@example.org>."""
    for command in (
        ["init", "--quiet", "--initial-branch=main", "--template=", "."],  # git's examples of hooks would be copied too
        ["config", "user.name", "Li Na"],
        ["config", "user.email", "li.na@example.org"],
        ["config", "maintenance.auto", "false"],  # else each commit starts git twice more
    ):
        subprocess.run(["git", *command], cwd=folder, check=True)
    for name in ("hooks", "info"):
        (folder / ".git" / name).mkdir()


@pytest.fixture
def repo(once: Once, tmp_path: Path) -> Path:
    """An empty repository on branch main, whose user is Li Na <li.na@example.org>."""
    folder = tmp_path / "repo"
    shutil.copytree(once(make_repository), folder)
    return folder


@pytest.fixture(scope="session")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A committed, empty store with three people, made once; tests get copies."""
    root = tmp_path_factory.mktemp("pristine") / "estate"
    root.mkdir()
    (root / "cpl.yaml").write_text(CPL_YAML, encoding="utf-8")
    (root / ".gitattributes").write_text("records/** -text\n", encoding="utf-8")
    make_repository(root)
    Ledger(root).commit("Start")
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
def desk_model(once: Once) -> Path:
    """A folder with a desk and its remote, for copies."""
    return once(doors.prepare)
