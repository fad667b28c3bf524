"""What is wrong with what the index would commit, or with commits; reads nothing but git."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from gettext import gettext as _
from gettext import ngettext
from typing import Final

from cpl import authority, signatures, steps
from cpl.ancestry import Ancestry
from cpl.authority import Author
from cpl.config import Settings
from cpl.difference import Change
from cpl.errors import Problem
from cpl.git import Git
from cpl.judging import PATHS, Judge, settings_files
from cpl.objects import Objects, reading
from cpl.steps import INDEX, Span, Step
from cpl.store import RECORDS
from cpl.values import frozen, replace

_DIFFERENCE: Final = "E1"  # the codes of what only a comparison finds
_TOLD: Final = "W126"  # who changed the settings is told where commits are taken in


@frozen
class Found:
    """A problem, and the commit that has it; None: the index."""

    commit: str | None
    problem: Problem

    def __str__(self) -> str:
        return str(self.problem) if self.commit is None else f"{self.commit[:12]}:{self.problem}"


@frozen
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
    # git gives to the hook of a commit who its author will be.
    email = environ.get("GIT_AUTHOR_EMAIL")
    author = None if email is None else steps.Author("", email, now)
    step = replace(steps.staged(git, parents, PATHS), author=author)
    if not any(step.sides):
        return Verdict((), 0, 0)
    with reading(git) as objects:
        judge = _judge(git, objects, now)
        for parent in parents:
            judge.settings_at(parent)  # those of the index too, where nothing of them is staged
        problems, count = _problems(judge, git, objects, step), judge.versions
        differences = [each for each in problems if each.code.startswith(_DIFFERENCE)]
        if differences and len(parents) == 1 and _may_be_amended(git, parents[0], environ):
            without = replace(steps.staged(git, steps.parents_of(git, parents[0]), PATHS), author=author)
            kept = {(each.path, each.code) for each in _problems(judge, git, objects, without)}
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
    lost = steps.lost_commits(git, first, last) if pushed and first is not None else 0
    found = [Found(first, gone(RECORDS, lost, first))] if first is not None and lost else []
    verdict = _judged(git, steps.between(git, Span(first, last), PATHS, Ancestry()), now)
    errors = (each for each in verdict.found if each.problem.is_error)
    return replace(verdict, found=(*found, *errors))


def received(git: Git, revisions: Sequence[str], now: datetime) -> Verdict:
    """What is wrong with any of the commits that `git log` takes by these hashes and options; who changed settings too.

    Raises:
        steps.Shallow: older commits are not there.
    """
    steps.refuse_shallow(git)
    git = as_it_is(git)
    return _judged(git, steps.walk(git, revisions, PATHS, Ancestry()), now)


def gone(path: str, count: int, last: str) -> Problem:
    """E110: so many commits, up to `last`, were published and would be in no branch any more."""
    message = ngettext(
        "{count} commit that was published is gone; put it back: git merge {commit}",
        "{count} commits that were published are gone, up to this one; put them back: git merge {commit}",
        count,
    )
    return Problem(path, 1, "E110", message.format(count=count, commit=last[:12]))


def _judged(git: Git, walk: Iterator[Step], now: datetime) -> Verdict:
    found, commits = list[Found](), 0
    with reading(git) as objects:
        judge = _judge(git, objects, now)
        for step, problems in judge.steps(walk):
            told = [each for each in _with_settings(judge, git, objects, (step, problems)) if _is_told(each)]
            found += [Found(step.revision, each) for each in told]
            commits += not step.is_idle
    return Verdict(tuple(found), commits, judge.versions)


def _is_told(problem: Problem) -> bool:
    return problem.is_error or problem.code == _TOLD


def _judge(git: Git, objects: Objects, now: datetime) -> Judge:
    """A judge who also asks who committed an event."""

    def of_events(step: Step, settings: Settings, change: Change) -> Iterable[Problem]:
        author = _author(judge, git, step, settings)
        return () if author is None else authority.of_events(change, author)

    judge = Judge(git, objects, now, of_events)
    return judge


def _author(judge: Judge, git: Git, step: Step, settings: Settings | None) -> Author | None:
    """Who made the step, by the settings before it; of the store's first commit by its own. None: nobody knows."""
    known = [each for each in map(judge.settings_at, step.parents) if isinstance(each, Settings)]
    if step.author is None or not (known or settings):
        return None
    signature = None if step.revision == INDEX else partial(signatures.of_commit, git, step.revision)
    return Author(step.author.email, known or [each for each in [settings] if each is not None], signature)


def _problems(judge: Judge, git: Git, objects: Objects, step: Step) -> list[Problem]:
    return _with_settings(judge, git, objects, (step, judge.step(step)))


def _with_settings(judge: Judge, git: Git, objects: Objects, judged: tuple[Step, list[Problem]]) -> list[Problem]:
    """What was found in a step; with E122, E123 and W126 of the files of settings that it changes."""
    step, problems = judged
    author = _author(judge, git, step, None) if settings_files(step) else None
    if author is None:
        return problems
    found = list(problems)
    for path in settings_files(step):
        found += authority.of_settings(path, author)
        files = (*step.before(path), step.after(path))
        versions = [None if each is None else objects.read(each.blob) for each in files]
        if step.revision != INDEX:
            found += authority.told_of_settings(path, author.email, versions)
    return sorted(set(found))


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
