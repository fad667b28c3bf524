"""Clones of one store around a bare remote, each with its person."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from tests.ledger import CPL_YAML, ROOT, Ledger, install_stub_hooks

ATTRIBUTES = "records/** -text\nrecords/**/*.md -text merge=cpl\n"
NAMES = {"li.na": "Li Na", "zhao.qiang": "Zhao Qiang", "sun.wei": "Sun Wei"}


def git(folder: Path, *args: str) -> str:
    """What a git command prints, which has to succeed."""
    return subprocess.run(["git", *args], cwd=folder, check=True, capture_output=True, text=True).stdout


def make(folder: Path, people: Sequence[str]) -> list[Ledger]:
    """A clone for each of these people, of a store that is empty but for its settings; `remote.git` lies beside them.

    git starts the merge driver as a process, which finds this source tree by the environment.
    """
    remote = folder / "remote.git"
    git(folder, "init", "--quiet", "--bare", "--initial-branch=main", str(remote))
    found = [_clone(remote, folder / name, name) for name in people]
    first = found[0].root
    (first / "cpl.yaml").write_text(CPL_YAML, encoding="utf-8")
    (first / ".gitattributes").write_text(ATTRIBUTES, encoding="utf-8")
    found[0].commit("Start")
    git(first, "push", "--quiet", "origin", "main")
    for each in found[1:]:
        git(each.root, "pull", "--quiet", "--ff-only")
    return found


def _clone(remote: Path, folder: Path, person: str) -> Ledger:
    git(remote.parent, "clone", "--quiet", str(remote), str(folder))
    git(folder, "config", "user.name", NAMES[person])
    git(folder, "config", "user.email", f"{person}@example.org")
    git(folder, "config", "remote.origin.url", f"../{remote.name}")  # so that all of it can be copied
    git(folder, "checkout", "--quiet", "-B", "main")
    install_stub_hooks(folder)
    return Ledger(folder)


def environment() -> dict[str, str]:
    """What the environment has to have, so that git finds this cpl, asks nobody and takes the tests' time."""
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    dates = dict.fromkeys(("GIT_AUTHOR_DATE", "GIT_COMMITTER_DATE"), "2026-11-18T17:00:00+08:00")
    return {"PYTHONPATH": path, "GIT_EDITOR": "true", **dates}
