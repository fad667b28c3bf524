"""The shipped CI files as a hosting site runs them: commands, conditions and depth of the clone come from the YAML."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from ruamel.yaml import YAML

from tests.ledger import ROOT
from tests.processes import environment

NOTHING: Final = "0" * 40
_PIP: Final = {"PIP_NO_COMPILE": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}  # what is run once need not be compiled
_EXPRESSION: Final = re.compile(r"\$\{\{(.*?)\}\}")


@dataclass(frozen=True, slots=True)
class Run:
    """What the check of a push came to: the exit code of the step that ended it, and all that was printed."""

    code: int
    printed: str


@dataclass(frozen=True, slots=True)
class Push:
    """A push to a branch of a bare repository whose default branch is main: what the branch was before."""

    remote: Path
    before: str
    branch: str = "main"


def github(push: Push, folder: Path, *, install: bool = False) -> Run:
    """The job `check` of the workflow for GitHub, in a new clone below `folder`."""
    workflow = _read("templates/ci/github.yml")
    context = {
        "github.event_name": "push",
        "github.event.before": push.before,
        "github.event.repository.default_branch": "main",
        "vars.CPL_SOURCE": str(ROOT),
    }
    steps = workflow["jobs"]["check"]["steps"]
    (depth,) = [step["with"]["fetch-depth"] for step in steps if step.get("uses", "").startswith("actions/checkout")]
    clone = _clone(push, folder, depth)
    variables = {"GITHUB_REF_NAME": push.branch, "GITHUB_EVENT_NAME": "push"} | _evaluated(
        workflow.get("env", {}), context
    )
    scripts = [
        (step["run"], variables | _evaluated(step.get("env", {}), context))
        for step in steps
        if "run" in step and _holds(step.get("if"), context)
    ]
    return _run(clone, [(f"set -e\n{text}", env) for text, env in scripts], install=install)


def gitlab(push: Push, folder: Path, *, install: bool = False) -> Run:
    """The job `check` of the pipeline for GitLab, in a new clone below `folder`."""
    pipeline = _read("templates/ci/gitlab.yml")
    clone = _clone(push, folder, int(pipeline["variables"]["GIT_DEPTH"]), "--single-branch")
    variables = {
        "CI_PIPELINE_SOURCE": "push",
        "CI_COMMIT_BEFORE_SHA": push.before,
        "CI_COMMIT_BRANCH": push.branch,
        "CI_DEFAULT_BRANCH": "main",
        "CPL_SOURCE": str(ROOT),
    }
    script = "\n".join(["set -eo pipefail", *pipeline["check"]["script"]])
    return _run(clone, [(script, variables)], install=install)


@cache
def _read(path: str) -> Any:
    return YAML(typ="safe").load((ROOT / path).read_text(encoding="utf-8"))


def _clone(push: Push, folder: Path, depth: int, *options: str) -> Path:
    options = (*options, f"--branch={push.branch}", *([f"--depth={depth}"] if depth else []))
    clone = folder / "clone"
    subprocess.run(["git", "clone", "--quiet", *options, f"file://{push.remote}", str(clone)], check=True)
    return clone


def _run(clone: Path, scripts: list[tuple[str, Mapping[str, str]]], *, install: bool) -> Run:
    programs = _programs(clone.parent / "bin", install=install)
    printed = ""
    for text, variables in scripts:
        done = subprocess.run(
            ["bash", "-c", text],
            cwd=clone,
            env=environment(**variables, **_PIP, PATH=f"{programs}:{os.environ['PATH']}"),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        printed += done.stdout
        if done.returncode != 0:
            return Run(done.returncode, printed)
    return Run(0, printed)


def _programs(folder: Path, *, install: bool) -> Path:
    """A folder with `python`, of a new environment with `install`, else one that has cpl already; and with `cpl`."""
    folder.mkdir()
    if install:
        return _new_environment(folder.with_name("venv")) / "bin"
    python = f'#!/bin/sh\n[ "$1 $2 $3" = "-m pip install" ] || exec "{sys.executable}" "$@"\n'
    for name, text in (("python", python), ("cpl", f'#!/bin/sh\nexec "{sys.executable}" -m cpl "$@"\n')):
        (folder / name).write_text(text, encoding="utf-8")
        (folder / name).chmod(0o755)
    return folder


def _new_environment(folder: Path) -> Path:
    """An environment with nothing but pip, which is linked: to unpack it takes longer than to install cpl."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    pip = find_spec("pip")
    assert pip is not None
    assert pip.origin is not None
    (packages,) = folder.glob("lib/python*/site-packages")
    (packages / "pip").symlink_to(Path(pip.origin).parent)
    return folder


def _evaluated(variables: Mapping[str, str], context: Mapping[str, str]) -> dict[str, str]:
    return {name: _EXPRESSION.sub(lambda found: _value(found[1], context), value) for name, value in variables.items()}


def _value(expression: str, context: Mapping[str, str]) -> str:
    """The first of the alternatives that is not empty."""
    return next((value for value in _operands(expression, context) if value), "")


def _operands(expression: str, context: Mapping[str, str]) -> Iterator[str]:
    for operand in expression.split("||"):
        word = operand.strip()
        yield word.strip("'") if word.startswith("'") else context.get(word, "")


def _holds(condition: str | None, context: Mapping[str, str]) -> bool:
    """Whether a step's `if` holds: equalities, joined by `||`."""
    if condition is None:
        return True
    pairs = (each.split("==") for each in condition.split("||"))
    return any(_value(left, context) == _value(right, context) for left, right in pairs)
