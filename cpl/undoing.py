"""The last write of cpl: taken back while no remote branch has it, else the command that puts it right; asks nobody."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from gettext import gettext as _
from pathlib import PurePosixPath
from typing import Final

from cpl import git_locks, workflow
from cpl.errors import CplError
from cpl.events import Event, void_target
from cpl.git import Git
from cpl.journal import Change, Digest, Journal
from cpl.moments import format_instant
from cpl.record import Record, is_id
from cpl.registers import Register, register_at
from cpl.store import RECORDS, Store, read_entry, record_path
from cpl.values import frozen

_ABOUT: Final = "--format=%P%x00%s%x00%(trailers:key=Action,valueonly,separator=%x20)"
_CHANGES: Final = ("diff-tree", "-r", "-z", "--root", "--no-commit-id", "--name-status", "--no-renames")
_WRITTEN: Final = ("A", "M")  # cpl adds files and changes them; whatever else a commit does was added by hand
_TOLD: Final = 8


class NotUndone(CplError):
    """The last commit stays; the message says why, and what to do instead."""


@frozen
class LastWrite:
    """The commit of HEAD, which cpl made; `paths` are the files it wrote, from the store's root."""

    sha: str
    parent: str | None
    subject: str
    action: str
    paths: tuple[str, ...]

    @property
    def name(self) -> str:
        """The commit as people type it."""
        return self.sha[:12]


def last_write(store: Store) -> LastWrite:
    """What cpl wrote last.

    Raises:
        NotReady: git is in the middle of something, or on no branch.
        NotUndone: the last commit is not one of cpl's.
    """
    store.require_branch()
    sha = store.git.head()
    if sha is None:
        raise NotUndone(_("there is no commit yet, so there is nothing to undo"))
    told = store.git.run("log", "-1", "--no-show-signature", _ABOUT, sha).decode("utf-8", "replace")
    parents, subject, action = told.removesuffix("\n").split("\0")
    write = LastWrite(sha, parents.partition(" ")[0] or None, subject, action.strip(), ())
    if " " in parents:
        message = _(
            "the last commit {sha} ('{subject}') is a merge, which cpl does not take back; put what is wrong right "
            "by a further event: cpl correct ID --void EVENT --reason TEXT"
        )
        raise NotUndone(message.format(sha=write.name, subject=subject))
    if not write.action:
        message = _("the last commit {sha} ('{subject}') was not made by cpl; {remedy}")
        remedy = _way_back(store.git, sha)
        raise NotUndone(message.format(sha=write.name, subject=subject, remedy=remedy))
    return LastWrite(sha, write.parent, subject, write.action, tuple(_paths(store.git, write)))


def _way_back(git: Git, sha: str) -> str:
    """What to do about a commit that cpl does not take back: a revert would remove events that others have."""
    if git.remote_branches_contain(sha):
        return _("others may have it, so put what is wrong right by a further event: cpl correct ID --void EVENT")
    return _("no remote branch has it, so git can take it back: git reset --keep HEAD~1")


def _paths(git: Git, write: LastWrite) -> Iterator[str]:
    """The files that the commit wrote, from the store's root.

    Raises:
        NotUndone: something else than a record or its evidence was changed too, or something was removed.
    """
    prefix = os.fsdecode(git.run("rev-parse", "--show-prefix").removesuffix(b"\n"))
    pieces = iter(_names(git.run(*_CHANGES, write.sha)))
    for status, path in zip(pieces, pieces, strict=True):
        if status not in _WRITTEN or not path.startswith(f"{prefix}{RECORDS}/"):
            message = _("the last commit {sha} ('{subject}') does more than write records: see {path}; {remedy}")
            remedy = _way_back(git, write.sha)
            raise NotUndone(message.format(sha=write.name, subject=write.subject, path=path, remedy=remedy))
        yield path.removeprefix(prefix)


def require_own(store: Store, write: LastWrite) -> None:
    """Raise NotUndone unless the commit is this clone's alone and nothing lies in the way of taking it back."""
    if store.git.remote_branches_contain(write.sha):
        message = _("'{subject}' is on a remote branch already, others may have it; put it right by a further event:")
        lines = [f"  {command}" for command in remedies(store, write)]
        raise NotUndone("\n".join([message.format(subject=write.subject), *lines]))
    if write.parent is None:
        message = _("the commit {sha} ('{subject}') is the first one here; there is nothing before it")
        raise NotUndone(message.format(sha=write.name, subject=write.subject))
    if changed := store.git.is_changed(write.paths):
        message = _(
            "{path} has changes that are not committed, and undoing '{subject}' would lose them; commit them, "
            "or throw them away: git restore --staged --worktree {path}"
        )
        raise NotUndone(message.format(path=changed[0], subject=write.subject))


def take_back(store: Store, write: LastWrite) -> None:
    """Make the branch, the index and the work tree what they were before `write`; other changes stay as they are.

    On any failure, an interrupt included, all is as it was.

    Raises:
        NotReady, NotUndone: as `last_write` and `require_own`, or another commit came in between.
        GitFailed: git or a hook refused.
    """
    if last_write(store) != write:
        raise NotUndone(_("another commit was made in the meantime; nothing was undone, try again"))
    require_own(store, write)
    git, parent = store.git, str(write.parent)
    subject = f"cpl undo: {write.subject}"
    with store.writing(Journal(store.root, subject, list(_changes(git, write)))):
        git.run("update-index", "-q", "--refresh", ok=(0, 1))
        try:
            git_locks.patiently(
                git, lambda: git.run("update-ref", "-m", subject, "HEAD", parent, write.sha, write=True)
            )
            # Not `reset --keep`, which unstages what else is staged and so loses a version that stands only there.
            git_locks.patiently(git, lambda: git.run("read-tree", "-m", "-u", write.sha, parent, write=True))
        except BaseException:
            if git.head() == parent and _index_is_at(git, write):
                return  # an interrupt that came when it was done comes too late
            _put_back(store, write)
            raise


def _changes(git: Git, write: LastWrite) -> Iterator[Change]:
    """The files of `write`, from what they are to what they were."""
    import hashlib  # 5 ms that most commands do not need

    contents = git.cat_files(f"{commit}:./{path}" for path in write.paths for commit in (write.sha, write.parent))
    digests = (None if data is None else Digest(hashlib.sha256(data).hexdigest()) for data in contents)
    for path, before, after in zip(write.paths, digests, digests, strict=True):
        yield Change(path, before, after)


def _index_is_at(git: Git, write: LastWrite) -> bool:
    """Whether the index, which git writes last, has the files of `write` as they were before it."""
    differing = _names(git.run("diff-index", "--cached", "--name-only", "--relative", "-z", str(write.parent)))
    return set(write.paths).isdisjoint(differing)


def _put_back(store: Store, write: LastWrite) -> None:
    git, parent = store.git, str(write.parent)
    if git.head() == parent:
        git.run("update-ref", "-m", "cpl undo: put back", "HEAD", write.sha, parent, write=True)
    # What is neither missing nor as it was before the write is somebody's work of this very moment.
    differing = set(_names(git.run("diff", "--name-only", "--relative", "--no-ext-diff", "-z", parent)))
    lost = [path for path in write.paths if path not in differing or not os.path.lexists(store.root / path)]
    git.run("checkout-index", "--force", "-z", "--stdin", input=b"".join(os.fsencode(path) + b"\0" for path in lost))


def remedies(store: Store, write: LastWrite) -> list[str]:
    """The commands that put right what `write` did, by further events; of many records those of the first ones."""
    paths = [path for path in write.paths if _is_record(path)]
    told = [line for path in paths[:_TOLD] for line in _remedies(store, write, path)]
    told += [_of_register(each) for each in map(register_at, write.paths) if each is not None]
    return [*told, "…"] if len(paths) > _TOLD else told


def _of_register(register: Register) -> str:
    """The command that puts a row of a register right; a draw stays, and shows whether it holds."""
    if not register.append_only:
        return f"cpl register {register.name} set ROW FIELD=VALUE"
    corrects = "corrects" in register.fields
    return f"cpl register {register.name} add corrects=ROW FIELD=VALUE…" if corrects else "cpl sample --verify"


def _is_record(path: str) -> bool:
    stem = PurePosixPath(path).stem
    return is_id(stem) and path == record_path(stem)


def _remedies(store: Store, write: LastWrite, path: str) -> Iterator[str]:
    identifier = PurePosixPath(path).stem
    before, after = (_record(store, commit, path) for commit in (write.parent, write.sha))
    if after is None:
        yield f"cpl edit {identifier}"
    elif before is None:
        yield f"cpl transition {identifier} {workflow.withdrawn(after, store.settings.profile)} --reason TEXT"
    else:
        added = [event for event in after.history if event not in before.history]
        yield from (_against(event, after) for event in reversed(added))
        known = {task.id: task.who for task in before.tasks}
        new = [task.id for task in after.tasks if task.id not in known]
        yield from (f"cpl task {identifier} drop {task} --reason TEXT" for task in new)
        if any(task.who != known.get(task.id, task.who) for task in after.tasks):
            yield f"cpl edit {identifier}"
        elif not added and not new:
            yield _by_hand(write.action, identifier)


def _record(store: Store, commit: str | None, path: str) -> Record | None:
    """The record as it was in a commit; None where it was not there, or could not be read."""
    (data,) = store.git.cat_files([f"{commit}:./{path}"])
    return None if data is None else read_entry(path, data).record


def _against(event: Event, record: Record) -> str:
    """The command that voids the event, or, of a void, the one that enters anew what it took back."""
    if event.did == "void":
        return workflow.supplies(void_target(event)[1], record.id)
    alike = [each for each in record.events if each.key == event.key]
    name = event.key if alike[-1:] == [event] else format_instant(event.at)
    return f"cpl correct {record.id} --void {name} --reason TEXT"


def _by_hand(action: str, identifier: str) -> str:
    """The command for a write that no event tells of: fields are set again, a text or evidence is explained."""
    known = {
        "set": f"cpl set {identifier} NAME=VALUE",
        "edit": f"cpl edit {identifier}",
        "link": f"cpl link {identifier} OTHER --remove|--as NAME",
    }
    return known.get(action, f"cpl note {identifier} -m TEXT")


def _names(told: bytes) -> Iterable[str]:
    return os.fsdecode(told).split("\0")[:-1]
