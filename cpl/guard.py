"""What is wrong with what the index would commit, or with commits; reads nothing but git."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from gettext import gettext as _
from gettext import ngettext
from typing import Final

from cpl import steps
from cpl.ancestry import Ancestry
from cpl.errors import Problem
from cpl.git import Git
from cpl.judging import PATHS, Judge
from cpl.objects import reading
from cpl.steps import Span
from cpl.store import RECORDS

_DIFFERENCE: Final = "E1"  # the codes of what only a comparison finds


@dataclass(frozen=True, slots=True)
class Found:
    """A problem, and the commit that has it; None: the index."""

    commit: str | None
    problem: Problem

    def __str__(self) -> str:
        return str(self.problem) if self.commit is None else f"{self.commit[:12]}:{self.problem}"


@dataclass(frozen=True, slots=True)
class Verdict:
    """All that was found, by commit, in the order of their making; and how much was looked at."""

    found: tuple[Found, ...]
    commits: int
    versions: int


def staged(git: Git, now: datetime, environ: Mapping[str, str]) -> Verdict:
    """What is wrong with the commit that the index would make; files that are no records are not looked at.

    `git` works in the store's root. What HEAD alone has, and no remote branch, may be amended: that is a warning,
    unless `environ`, which git gives to its hooks, shows that this is a commit of its own.

    Raises:
        steps.Unmerged: a conflict is not settled yet.
    """
    parents = steps.parents_of_next(git, environ)
    step = steps.staged(git, parents, PATHS)
    if not any(step.sides):
        return Verdict((), 0, 0)
    with reading(git) as objects:
        judge = Judge(git, objects, now)
        problems, count = judge.step(step), judge.versions
        differences = [each for each in problems if each.code.startswith(_DIFFERENCE)]
        if differences and len(parents) == 1 and _may_be_amended(git, parents[0], environ):
            without = steps.staged(git, steps.parents_of(git, parents[0]), PATHS)
            kept = {(each.path, each.code) for each in judge.step(without)}
            problems = [each if (each.path, each.code) in kept else _amended(each) for each in problems]
    return Verdict(tuple(Found(None, each) for each in problems), 0, count)


def between(git: Git, base: str | None, head: str, now: datetime, *, pushed: bool = False) -> Verdict:
    """What is wrong with any of the commits that `head` has and `base` has not; None: with any commit of `head`.

    `git` works in the store's root. With `pushed`, `base` is what a branch was before it became `head`: then nothing of
    it may be gone.

    Raises:
        steps.Shallow: older commits are not there.
        steps.NoSuchCommit: one of the two is not in this clone.
    """
    steps.refuse_shallow(git)
    git = as_it_is(git)
    first = None if base is None else steps.commit_named(git, base)
    last = steps.commit_named(git, head)
    found = list[Found]()
    if pushed and first is not None and (count := steps.lost_commits(git, first, last)):
        message = ngettext(
            "{count} commit that was published is gone; put it back: git merge {commit}",
            "{count} commits that were published are gone, up to this one; put them back: git merge {commit}",
            count,
        )
        found.append(Found(first, Problem(RECORDS, 1, "E110", message.format(count=count, commit=first[:12]))))
    commits = 0
    with reading(git) as objects:
        judge = Judge(git, objects, now)
        for step, problems in judge.steps(steps.between(git, Span(first, last), PATHS, Ancestry())):
            found += [Found(step.revision, each) for each in problems if each.is_error]
            commits += not step.is_idle
    return Verdict(tuple(found), commits, judge.versions)


def as_it_is(git: Git) -> Git:
    """The same git that sees what is there, and not what replace refs or grafts of a clone put in its place."""
    return replace(git, env={**git.env, "GIT_NO_REPLACE_OBJECTS": "1", "GIT_GRAFT_FILE": os.devnull})


def _may_be_amended(git: Git, head: str, environ: Mapping[str, str]) -> bool:
    """Whether nobody else has HEAD, and git did not say that this is a commit of another moment."""
    if git.remote_branches_contain(head):
        return False
    dated = environ.get("GIT_AUTHOR_DATE")  # when it amends, git gives to its hooks the date of what is amended
    told = git.run("log", "-1", "--no-show-signature", "--date=raw", "--format=%ad", head).decode().strip()
    return dated is None or dated.lstrip("@") == told


def _amended(problem: Problem) -> Problem:
    if not problem.code.startswith(_DIFFERENCE):
        return problem
    message = _("right only if this amends the last commit, which no remote branch has: {code} {message}")
    return Problem(problem.path, problem.line, "W112", message.format(code=problem.code, message=problem.message))
