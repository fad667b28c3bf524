"""A clone and its remote made the same: fetch, merge, judge, push, and again when the remote moved meanwhile."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from datetime import datetime
from gettext import gettext as _
from pathlib import PurePosixPath
from typing import Final

from cpl import aftermath, attributes, driver, guard, settling, tree
from cpl.aftermath import Remedy
from cpl.errors import EXIT_PROBLEMS, CplError
from cpl.git import Git, GitFailed
from cpl.guard import Found
from cpl.layout import NotReady
from cpl.store import RECORDS, Store
from cpl.values import frozen

TRIES: Final = 5
_MERGE: Final = ("merge", "--quiet", "--no-edit", "--ff", "--no-squash")
_DIFF: Final = ("diff", "--name-only", "--no-renames", "--no-ext-diff", "--relative", "-z")
_ABORT: Final = "git merge --abort"


class Offline(CplError):
    """The remote could not be reached."""

    def __init__(self, remote: str, words: str, *, is_merged: bool) -> None:
        nothing = _("nothing was changed; what you have committed is safe here and goes out with the next cpl sync")
        merged = _("what came in is merged; what you have committed is safe here and goes out with the next cpl sync")
        message = _("the remote '{remote}' can't be reached: {what}. git says:\n{words}")
        super().__init__(message.format(remote=remote, what=merged if is_merged else nothing, words=words))


class Stopped(CplError):
    """A merge that a person has to put right; git has stopped in the middle of it."""

    exit_code = EXIT_PROBLEMS


class NotPushed(CplError):
    """What was merged is not pushed, for it has errors."""

    exit_code = EXIT_PROBLEMS


@frozen
class Upstream:
    """The branch of a remote that the current branch follows, and the ref where it is kept as last fetched."""

    remote: str
    branch: str
    ref: str


@frozen
class Traffic:
    """What some commits bring: the complaints by path, how many commits that are, and by whom (merges left out)."""

    paths: tuple[str, ...] = ()
    commits: int = 0
    names: tuple[str, ...] = ()


@frozen
class Synced:
    """What came in and what went out, in how many tries; `left` is what both sides together made wrong."""

    came: Traffic
    went: Traffic
    tries: int
    left: tuple[Remedy, ...]


def upstream_of(store: Store) -> Upstream:
    """The branch that the current one follows.

    Raises:
        NotReady: git is in the middle of something, on no branch, or follows no branch of a remote.
    """
    git = store.git
    if git.state() == "merge":
        message = _("a merge is not finished; settle what is left: cpl settle; or give it up: {abort}")
        raise NotReady(message.format(abort=_ABORT))
    store.require_branch()
    if git.head() is None:
        raise NotReady(_("there is no commit yet; make one, then: cpl sync"))
    name = git.branch() or ""
    remote, branch = git.config(f"branch.{name}.remote"), git.config(f"branch.{name}.merge")
    if remote not in (None, ".") and remote is not None and branch is not None:
        short = branch.removeprefix("refs/heads/")
        told = git.run("for-each-ref", "--format=%(upstream)", f"refs/heads/{name}").decode().strip()
        return Upstream(remote, short, told or f"refs/remotes/{remote}/{short}")
    remotes = git.run("remote").decode().split()
    if not remotes:
        raise NotReady(_("there is no remote; add one: git remote add origin URL, then: cpl sync"))
    message = _("branch '{name}' follows no branch of a remote; say once which: {command}")
    command = f"git push --set-upstream {remotes[0]} {name}"
    if _commit(git, f"refs/remotes/{remotes[0]}/{name}"):
        command = f"git branch --set-upstream-to={remotes[0]}/{name}"
    raise NotReady(message.format(name=name, command=command))


class Sync:
    """One run: of which store, at which instant, and how to tell the person what is done on the way."""

    def __init__(self, store: Store, now: datetime, tell: Callable[[str], None]) -> None:
        self._store = store
        self._git = store.git
        self._now = now
        self._tell = tell
        self._upstream = upstream_of(store)
        self._start = self._git.head()
        self._both: set[str] = set()  # records that both sides have changed

    def run(self) -> Synced:
        """Fetch, merge, judge and push until both are the same.

        Raises:
            Offline: the remote can't be reached; before anything was merged nothing has changed.
            Stopped: the merge has conflicts, or its result would have errors; it stays as git left it.
            NotPushed: commits of this clone have errors; nothing was merged.
            CplError: git refused the merge or the push, or the remote moved each time.
        """
        self._fetch(is_merged=False)
        for attempt in range(1, TRIES + 1):
            theirs = _commit(self._git, self._upstream.ref)
            with self._store.lock():
                self._require_own_right(theirs)
                self._merge(theirs)
                head = self._git.head()
            if head is None or head == theirs or self._push(head, theirs):
                return self._synced(theirs, head, attempt)
            self._tell(_("the remote has moved meanwhile; once more"))
        message = _("the remote '{remote}' moved {count} times while this ran; nothing was pushed, try again")
        raise CplError(message.format(remote=self._upstream.remote, count=TRIES))

    def _fetch(self, *, is_merged: bool) -> None:
        try:
            self._git.run("fetch", "--quiet", "--", self._upstream.remote, write=True)
        except GitFailed as error:
            raise Offline(self._upstream.remote, error.words, is_merged=is_merged) from error

    def _merge(self, theirs: str | None) -> None:
        """Merge what the remote has, if it has more; the work tree is as git leaves it."""
        if theirs is None or self._is_ancestor(theirs, "HEAD"):
            return
        if not self._is_ancestor("HEAD", theirs):
            self._require_driver()
            self._both |= _records(self._git, f"HEAD...{theirs}") & _records(self._git, f"{theirs}...HEAD")
        before = self._git.head()
        try:
            self._git.run(*_MERGE, "--commit", self._named(theirs), write=True)
        except GitFailed as error:
            self._explain(error)
        self._require_right(before, theirs)

    def _named(self, theirs: str) -> str:
        """What to call the commit in the message of the merge: `origin/main`, unless that is something else by now."""
        name = self._upstream.ref.removeprefix("refs/remotes/")
        return name if not name.startswith("-") and _commit(self._git, name) == theirs else theirs

    def _explain(self, error: GitFailed) -> None:
        """Raise what became of a merge that git did not make."""
        git = self._git
        if git.state() != "merge":
            message = _("git did not begin the merge, nothing was changed; git says:\n{words}")
            raise CplError(message.format(words=error.words)) from error
        unmerged = sorted(set(git.unmerged()))
        if unmerged:
            message = _(
                "the merge has conflicts, nothing was pushed:\n{paths}\nsettle them: cpl settle; then: cpl sync; "
                "or give the merge up: {abort}"
            )
            paths = "\n".join(f"  {path}" for path in unmerged)
            raise Stopped(message.format(paths=paths, abort=_ABORT)) from error
        raise _stopped(error.words) from error

    def _require_right(self, before: str | None, theirs: str) -> None:
        """Raise Stopped where the merge just made has errors, and open it again, so that they are put right in it."""
        head = self._git.head()
        if head is None or before is None or head == theirs:
            return
        found = [each for each in self._found(theirs, head) if each.commit == head]
        if found:
            self._git.run("reset", "--quiet", "--keep", before, write=True)
            self._git.run(*_MERGE, "--no-commit", self._named(theirs), write=True)
            raise _stopped("\n".join(str(each.problem) for each in found))

    def _require_own_right(self, theirs: str | None) -> None:
        """Raise NotPushed where commits of this clone have errors, before a merge makes it hard to change them."""
        head = self._git.head()
        found = [] if head is None or head == theirs else self._found(theirs, head)
        if found:
            message = _(
                "nothing was merged or pushed, for what would go out has errors, which CI refuses:\n{problems}\nwhat "
                "no remote branch has can still be changed: cpl undo, git commit --amend, git rebase --interactive"
            )
            raise NotPushed(message.format(problems="\n".join(map(str, found))))

    def _found(self, base: str | None, head: str) -> list[Found]:
        """The errors of the commits that `head` has and `base` has not."""
        return [each for each in guard.between(self._git, base, head, self._now).found if each.problem.is_error]

    def _push(self, head: str, theirs: str | None) -> bool:
        """Push what was judged; False where the remote has moved, so that it has to be merged first."""
        try:
            self._git.run(
                "push", "--quiet", "--", self._upstream.remote, f"{head}:refs/heads/{self._upstream.branch}", write=True
            )
        except GitFailed as error:
            self._fetch(is_merged=head != self._start)
            if _commit(self._git, self._upstream.ref) != theirs:
                return False
            message = _("the remote '{remote}' did not take it; git says:\n{words}")
            raise CplError(message.format(remote=self._upstream.remote, words=error.words)) from error
        return True

    def _require_driver(self) -> None:
        """See that git merges records with cpl, in a fresh clone by saying so in its settings.

        Raises:
            NotReady: another command, or a Python that is gone, stands there.
        """
        if "merge" in attributes.lacking(self._git):
            self._tell(_("records are merged line by line here: .gitattributes does not name the driver; cpl doctor"))
            return
        state = driver.state(self._store)
        if state is driver.State.STALE:
            raise NotReady(
                _("git can't merge records with cpl in this clone; nothing was merged; run: cpl doctor --fix")
            )
        if state is driver.State.ABSENT:
            driver.register(self._store)
            self._tell(_("from now on git merges records with cpl in this clone (docs/merge.md)"))

    def _is_ancestor(self, one: str, other: str) -> bool:
        return not self._git.run("rev-list", "--max-count=1", one, f"^{other}")

    def _synced(self, theirs: str | None, head: str | None, tries: int) -> Synced:
        came = _traffic(self._git, self._start, theirs)
        went = _traffic(self._git, theirs, head)
        return Synced(came, went, tries, tuple(self._left()))

    def _left(self) -> Iterable[Remedy]:
        """What a further event has to put right in the records that both sides have changed."""
        for path in sorted(self._both):
            entry = self._store.read(path)
            if entry.document is not None and entry.record is not None:
                found = settling.problems(self._store, entry.document, self._now, None)
                yield from aftermath.remedies(entry.record, self._store.settings.profile, found)


def _stopped(words: str) -> Stopped:
    message = _(
        "the merge is not concluded and nothing was pushed, for this is not right yet:\n{words}\nput it right, then: "
        "cpl settle, cpl sync; or give the merge up: {abort}"
    )
    return Stopped(message.format(words=words, abort=_ABORT))


def _commit(git: Git, name: str) -> str | None:
    told = git.run("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}", ok=(0, 1, 128))
    return told.decode().split()[-1] if told else None


def _records(git: Git, *span: str) -> set[str]:
    """The records' files that differ, or whose evidence does."""
    told = os.fsdecode(git.run(*_DIFF, *span, "--", RECORDS)).split("\0")[:-1]
    owners = {tree.owner(path) for path in told}
    return {path for path in owners if PurePosixPath(path).name.startswith(tree.PREFIX)}


def _traffic(git: Git, base: str | None, tip: str | None) -> Traffic:
    """What `tip` has and `base` has not; None: nothing."""
    if tip is None:
        return Traffic()
    span = [tip] if base is None else [tip, f"^{base}"]
    told = git.run("log", "--no-merges", "--no-show-signature", "--format=%an%x00", *span).decode("utf-8", "replace")
    names = [name.lstrip("\n") for name in told.split("\0")[:-1]]
    if base is None:
        base = git.run("hash-object", "-t", "tree", "--stdin").decode().strip()
        return Traffic(tuple(sorted(_records(git, base, tip))), len(names), tuple(dict.fromkeys(names)))
    paths = _records(git, f"{base}...{tip}") if names else set[str]()
    return Traffic(tuple(sorted(paths)), len(names), tuple(dict.fromkeys(names)))
