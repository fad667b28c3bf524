"""Checks of the repository itself: what git is in the middle of, what a clone left out, its clock and its remotes."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from gettext import gettext as _
from gettext import ngettext
from pathlib import Path
from typing import Final

from cpl import files, git_locks
from cpl.finding import Clone, Finding
from cpl.git import Git
from cpl.render import duration
from cpl.store import RECORDS

SKEW: Final = timedelta(minutes=5)
LEFT_BEHIND: Final = timedelta(minutes=10)
REFETCH_SINCE: Final = (2, 36)
GRAPH_SINCE: Final = 10_000  # commits; below that git log of one file takes no second
_MERGES: Final = (None, "false", "no", "off", "0", "")
_WRITE_GRAPH: Final = ("commit-graph", "write", "--reachable", "--changed-paths")
# https://git-scm.com/docs/gitformat-commit-graph: a table of chunks stands at the beginning.
_FILTERS_OF_GRAPH: Final = b"BDAT"
_TABLE_OF_GRAPH: Final = 256
_HASH_AT_MOST: Final = 65
_SWITCHED_OFF: Final = ("false", "no", "off", "0", "")
_LOCKS: Final = ("index.lock", "HEAD.lock")
_FILTERS: Final = r"^remote\..*\.partialclonefilter$"
_HIDDEN: Final = "S "  # how `ls-files -t` marks a file that git keeps out of the work tree


def unfinished(clone: Clone) -> Iterator[Finding]:
    """Whether git is in the middle of a merge, rebase …"""
    state = clone.git.state()
    if state is None:
        yield Finding("unfinished", "ok", _("git is in the middle of nothing"))
        return
    remedy = _("git status tells how to go on; to give it up: git {state} --abort").format(state=state)
    if state == "bisect":
        remedy = _("when the search is done: git bisect reset")
    words = _("a {state} is not finished; until then cpl commits nothing").format(state=state)
    yield Finding("unfinished", "warning", words, remedy)


def conflicts(clone: Clone) -> Iterator[Finding]:
    """Whether a merge left files to be settled."""
    unmerged = sorted(set(clone.git.unmerged()))
    if not unmerged:
        yield Finding("conflicts", "ok", _("none"))
        return
    words = ngettext("{path} is not merged yet", "{count} files are not merged yet, such as {path}", len(unmerged))
    remedy = _("cpl settle; of a file that is no record, settle the conflict in it, then: git add FILE")
    yield Finding("conflicts", "error", words.format(count=len(unmerged), path=unmerged[0]), remedy)


def branch(clone: Clone) -> Iterator[Finding]:
    """Whether commits go to a branch."""
    name = clone.git.branch()
    if name is not None:
        yield Finding("branch", "ok", name)
        return
    remedy = _("git switch BRANCH (git branch lists them); what was committed here: git switch --create NAME keeps it")
    yield Finding("branch", "warning", _("HEAD is detached; a commit made now would be lost"), remedy)


def pull(clone: Clone) -> Iterator[Finding]:
    """Whether git pull merges: a rebase puts older events behind newer ones (E103)."""
    keys = [key for key in _pull_keys(clone.git) if clone.git.config(key) not in _MERGES]
    if not keys:
        yield Finding("pull", "ok", _("git pull merges"))
        return
    words = _("git pull rebases ({key}): events of yours may then stand before those of others, which CI refuses")
    remedy = "; ".join(f"git config {key} false" for key in keys)
    yield Finding("pull", "warning", words.format(key=", ".join(keys)), remedy, _merge_on_pull)


def _pull_keys(git: Git) -> list[str]:
    """The settings that say how the current branch is pulled."""
    name = git.branch()
    return ["pull.rebase", *([] if name is None else [f"branch.{name}.rebase"])]


def _merge_on_pull(clone: Clone) -> str:
    for key in _pull_keys(clone.git):
        if clone.git.config(key) not in _MERGES:
            git_locks.configure(clone.git, key, "false")
    return _("git pull merges in this clone")


def locks(clone: Clone) -> Iterator[Finding]:
    """Whether a git that was killed left its lock files behind."""
    folder = clone.git.git_dir()
    times = {name: time for name in _LOCKS if (time := _modified(folder / name)) is not None}
    yield from judge_locks(times, folder, clone.now)


def _modified(path: Path) -> float | None:
    with suppress(FileNotFoundError):
        return path.lstat().st_mtime
    return None


def judge_locks(times: Mapping[str, float], folder: Path, now: datetime) -> Iterator[Finding]:
    """The verdict on lock files in `folder`, by name the time when each was written, in seconds since 1970."""
    ages = {name: int(now.timestamp() - time) for name, time in times.items()}
    old = {name: age for name, age in ages.items() if age > LEFT_BEHIND.total_seconds()}
    for name, age in old.items():
        words = _("{name} is {age} old; while it is there git writes nothing").format(name=name, age=duration(age))
        remedy = _("see that no git is at work (ps -ef lists what runs; look for git), then remove {path}")
        yield Finding("locks", "error", words, remedy.format(path=folder / name))
    if not old:
        yield Finding("locks", "ok", _("git is writing just now") if ages else _("none"))


def history(clone: Clone) -> Iterator[Finding]:
    """Whether all commits are here."""
    if not clone.git.is_shallow():
        yield Finding("history", "ok", _("complete"))
        return
    words = _("this clone is shallow: it lacks the older commits, so cpl log can't tell who changed what")
    yield Finding("history", "warning", words, "git fetch --unshallow", _fetch_history)


def _fetch_history(clone: Clone) -> str:
    clone.git.run("fetch", "--quiet", "--unshallow", write=True)
    return _("fetched the older commits")


def commit_graph(clone: Clone) -> Iterator[Finding]:
    """Whether git can tell what a long history did to one file without reading all of it."""
    git = clone.git
    usable = not git.is_shallow() and git.config("core.commitGraph") not in _SWITCHED_OFF
    commits = 0
    if usable and git.head() is not None:
        commits = int(git.run("rev-list", "--count", f"--max-count={GRAPH_SINCE + 1}", "HEAD", "--"))
    yield judge_graph(commits, has_filters=_has_filters(clone.store.layout.common_dir / "objects" / "info"))


def judge_graph(commits: int, *, has_filters: bool) -> Finding:
    """The verdict on so many commits, of which a commit-graph tells with filters which files they changed."""
    if has_filters:
        return Finding("commit-graph", "ok", _("there is one that tells which commit changed which file"))
    if commits <= GRAPH_SINCE:
        return Finding("commit-graph", "ok", _("not needed"))
    words = _(
        "there are more than {count} commits and no commit-graph that tells which of them changed a file, so cpl log "
        "and git log read them all"
    )
    remedy = shlex.join(["git", *_WRITE_GRAPH])
    return Finding("commit-graph", "warning", words.format(count=GRAPH_SINCE), remedy, _write_graph)


def _has_filters(folder: Path) -> bool:
    """Whether the commit-graph, or the oldest part of one in parts, has filters of the files that were changed."""
    with suppress(files.Missing):
        oldest = files.beginning(folder / "commit-graphs" / "commit-graph-chain", _HASH_AT_MOST).split(b"\n")[0]
        name = f"commit-graphs/graph-{oldest.decode('ascii', 'replace')}.graph"
        return _FILTERS_OF_GRAPH in files.beginning(folder / name, _TABLE_OF_GRAPH)
    with suppress(files.Missing):
        return _FILTERS_OF_GRAPH in files.beginning(folder / "commit-graph", _TABLE_OF_GRAPH)
    return False


def _write_graph(clone: Clone) -> str:
    clone.git.run(*_WRITE_GRAPH, write=True)
    return _("wrote the commit-graph; git gc keeps it up to date")


def partial(clone: Clone) -> Iterator[Finding]:
    """Whether all versions of all files are here."""
    yield judge_partial(_filters(clone.git), clone.git_version())


def judge_partial(filters: Mapping[str, str], git: tuple[int, int]) -> Finding:
    """The verdict on the rules by which files were left out, by remote, for a git of that version."""
    if not filters:
        return Finding("partial", "ok", _("every version of every file is here"))
    told = ", ".join(_("{rule} from {remote}").format(rule=rule, remote=each) for each, rule in filters.items())
    words = _("a partial clone ({rules}): older versions are fetched one by one, which fails offline")
    if git < REFETCH_SINCE:
        remedy = _("clone anew without --filter, or install git 2.36 or newer, which can do it in place")
        return Finding("partial", "warning", words.format(rules=told), remedy)
    commands = (
        command
        for remote in filters
        for command in (("fetch", "--refetch", "--no-filter", remote), ("config", "--unset", _filter_of(remote)))
    )
    remedy = " && ".join(shlex.join(["git", *command]) for command in commands)
    return Finding("partial", "warning", words.format(rules=told), remedy, _fetch_all_versions)


def _filters(git: Git) -> dict[str, str]:
    """The rule by which files were left out, by remote."""
    told = git.run("config", "--null", "--get-regexp", _FILTERS, ok=(0, 1))
    entries = [entry.partition("\n") for entry in os.fsdecode(told).split("\0")[:-1]]
    named = ((key.removeprefix("remote.").rpartition(".")[0], rule) for key, _end, rule in entries)
    return {remote: rule for remote, rule in named if rule}


def _filter_of(remote: str) -> str:
    return f"remote.{remote}.partialclonefilter"


def _fetch_all_versions(clone: Clone) -> str:
    for remote in _filters(clone.git):
        clone.git.run("fetch", "--quiet", "--refetch", "--no-filter", "--", remote, write=True)
        # Only now: stopped before, it is still known that something is missing.
        clone.git.run("config", "--local", "--unset-all", _filter_of(remote), write=True)
    return _("fetched every version of every file")


def sparse(clone: Clone) -> Iterator[Finding]:
    """Whether all records are in the work tree."""
    entries = map(os.fsdecode, clone.git.stream("ls-files", "-t", "-z", "--", RECORDS))
    hidden = [entry.removeprefix(_HIDDEN) for entry in entries if entry.startswith(_HIDDEN)]
    if not hidden:
        yield Finding("sparse", "ok", _("every file below records/ is in the work tree"))
        return
    words = ngettext(
        "{path} is kept out of the work tree, so cpl does not see it",
        "{count} files below records/ are kept out of the work tree, such as {path}; cpl does not see them",
        len(hidden),
    )
    is_sparse = clone.is_set("core.sparseCheckout")
    remedy = "git sparse-checkout disable" if is_sparse else "git update-index --no-skip-worktree FILE"
    yield Finding("sparse", "error", words.format(count=len(hidden), path=hidden[0]), remedy)


def clock(clone: Clone) -> Iterator[Finding]:
    """Whether the newest commit lies in the future."""
    head = ("HEAD",) if clone.git.head() else ()
    told = clone.git.run("rev-list", "--max-count=1", "--timestamp", *head, "--remotes", "--")
    yield judge_clock(int(told.split()[0]) if told else None, clone.now)


def judge_clock(newest: int | None, now: datetime) -> Finding:
    """The verdict on the newest commit's time, in seconds since 1970; None: there is no commit."""
    if newest is None:
        return Finding("clock", "ok", _("there is no commit yet to compare with"))
    ahead = newest - int(now.timestamp())
    if ahead <= SKEW.total_seconds():
        return Finding("clock", "ok", _("no commit lies in the future"))
    words = _("the newest commit lies {ahead} in the future; the clock of this computer may be behind")
    remedy = _("set the clock; if it is right, the computer that made the commit was ahead: git log -1 --remotes HEAD")
    return Finding("clock", "warning", words.format(ahead=duration(ahead)), remedy)


def remote(clone: Clone) -> Iterator[Finding]:
    """Whether somebody else has the records too."""
    git = clone.git
    target = git.branch() or "BRANCH"
    if not git.run("remote").strip():
        remedy = _("git remote add origin URL, then: git push --set-upstream origin {branch}")
        words = _("there is no remote: the records stand on this computer only")
        yield Finding("remote", "warning", words, remedy.format(branch=target))
    elif git.head() is None:
        yield Finding("remote", "ok", _("there is no commit yet to push"))
    elif not git.run("for-each-ref", "--count=1", "refs/remotes/"):
        words = _("no branch of a remote is known: the records stand on this computer only")
        remedy = _("git push --set-upstream REMOTE {branch} (git remote lists them), or git fetch --all")
        yield Finding("remote", "warning", words, remedy.format(branch=target))
    else:
        yield _pushed(int(git.run("rev-list", "--count", "HEAD", "--not", "--remotes", "--")))


def _pushed(count: int) -> Finding:
    if not count:
        return Finding("remote", "ok", _("every commit is on a remote branch, as last fetched"))
    words = ngettext("{count} commit is on no remote branch yet", "{count} commits are on no remote branch yet", count)
    return Finding("remote", "ok", words.format(count=count), "git push")
