"""A record that a merge left to be settled: both sides, the record made of what was picked, and the merge's commit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from gettext import gettext as _
from pathlib import PurePosixPath
from typing import Any, Final

from cpl import conflicts, files, guard, mending, opinion, validate
from cpl import document as documents
from cpl.document import Document
from cpl.errors import CplError, Invalid, Problem
from cpl.events import Event
from cpl.merge import Clash, Union, Unmergeable
from cpl.record import Record, load
from cpl.store import Store, read_entry
from cpl.unmerged import BASE, OURS, THEIRS, Unmerged
from cpl.values import frozen
from cpl.writes import Commit

_MESSAGE_LIMIT: Final = 1 << 20
_IN_MERGE: Final = "merge"
# What git may be in the middle of with files to be settled, and how it goes on by hand.
GO_ON: Final = {
    "merge": "git commit",
    "rebase": "git rebase --continue",
    "cherry-pick": "git cherry-pick --continue",
    "revert": "git revert --continue",
    "am": "git am --continue",
}


class NotSettled(CplError):
    """A record that can't be settled by picking; the message says what to do."""

    def __init__(self, path: str, reason: str) -> None:
        message = _("{path} can't be settled by picking sides: {reason}; put it right in your editor: {command}")
        command = f"cpl settle {PurePosixPath(path).stem} --edit"
        super().__init__(message.format(path=path, reason=reason, command=command))


@frozen
class Case:
    """A record to settle: its file as it was found, and what git has of it (nothing where it is in no conflict)."""

    path: str
    data: bytes
    paths: tuple[str, ...]
    versions: Mapping[int, bytes]
    union: Union | None

    @property
    def id(self) -> str:
        """The id that the file is named by."""
        return PurePosixPath(self.path).stem

    @property
    def clashes(self) -> tuple[Clash, ...]:
        """What is to be picked."""
        return () if self.union is None else self.union.clashes

    @property
    def known(self) -> list[Event]:
        """The events that either side had: what they break is not the doing of who settles it."""
        sides = [data for stage, data in self.versions.items() if stage != BASE]
        records = [read_entry(self.path, each).record for each in (*sides, *(conflicts.readings(self.data) or ()))]
        return [event for each in records if each is not None for event in each.history]

    def settled(self, picked: Mapping[str, Any]) -> tuple[Document, list[str]]:
        """The record with what was picked, all events of both sides, and every copy as they say; what was mended.

        Raises:
            NotSettled: the file is not right in a way that nothing can be picked from.
        """
        if self.union is None:
            return self.taken(self.data)
        try:
            return self.taken(self.union.document(picked).encode())
        except Unmergeable as error:
            raise NotSettled(self.path, str(error)) from error

    def taken(self, data: bytes) -> tuple[Document, list[str]]:
        """The same of a text that a person has made of the file. Raises NotSettled."""
        if conflicts.is_marked(data):
            raise NotSettled(self.path, _("it has conflict markers"))
        document, words = mending.mended(self._document(data))
        for stage in (OURS, THEIRS):
            if stage in self.versions and _is_readable(self.versions[stage]):
                document = self._with_all_of(self.versions[stage], document)
        document, more = mending.mended(document)
        return document, [*words, *more]

    def _document(self, data: bytes) -> Document:
        document, problems = documents.parse(data, self.path)
        record, found = (None, []) if document is None else load(document)
        wrong = [each for each in (*problems, *found) if each.is_error]
        if document is None or record is None or wrong:
            raise NotSettled(
                self.path, _("line {line}: {message}").format(line=wrong[0].line, message=wrong[0].message)
            )
        return document

    def _with_all_of(self, side: bytes, document: Document) -> Document:
        """The document with each event, task and file of evidence of a side that it lacks, and nothing else of it."""
        try:
            return self._document(Union(side, document.encode(), side).document({}).encode())
        except Unmergeable as error:
            raise NotSettled(self.path, str(error)) from error


def case_of(path: str, data: bytes, unmerged: Unmerged | None = None) -> Case:
    """The case of a record's file, with what git has of it.

    The file is read rather than git's versions, so that what a person has settled in it already stays so.

    Raises:
        NotSettled: it has conflict markers, and neither it nor what git has can be read.
    """
    versions = {} if unmerged is None else unmerged.versions
    paths = (path,) if unmerged is None else unmerged.paths
    if not conflicts.is_marked(data):
        return Case(path, data, paths, versions, None)
    sides = conflicts.readings(data)
    try:
        if sides is None:
            raise NotSettled(path, _("its conflict markers do not belong together"))
        return Case(path, data, paths, versions, Union(versions.get(BASE), *sides))
    except (Unmergeable, NotSettled) as error:
        if OURS not in versions or THEIRS not in versions:
            raise NotSettled(path, str(error)) from error
    try:
        union = Union(versions.get(BASE), versions[OURS], versions[THEIRS])
    except Unmergeable as error:
        raise NotSettled(path, str(error)) from error
    return Case(path, data, paths, versions, union)


def _is_readable(data: bytes) -> bool:
    entry = read_entry("", data)
    return entry.record is not None and not any(each.is_error for each in entry.problems)


def problems(store: Store, document: Document, now: datetime, known: Sequence[Event] | None) -> list[Problem]:
    """What is wrong with a record; its evidence is taken as recorded. Events that are `known` are judged mildly."""
    record, _found = load(document)
    items = () if record is None else record.get("evidence") or ()
    evidence = {item["file"]: item["sha256"] for item in items}
    facts = validate.Facts(document.source.path, now, evidence, known=known)
    return opinion.second_opinion(document) + validate.check(document, store.settings, facts)


def record_of(document: Document) -> Record:
    """The record that a settled document holds."""
    record, found = load(document)
    if record is None:
        raise Invalid(_("the record can't be read"), found)
    return record


def may_conclude(store: Store) -> bool:
    """Whether git is in the middle of a merge in which nothing is left to be settled."""
    return store.git.state() == _IN_MERGE and not store.git.unmerged()


def conclude(store: Store, commit: Commit, now: datetime) -> str:
    """Make the commit of the merge under way, with git's own message and the trailers of `commit`; the new commit.

    Raises:
        Invalid: what it would commit has errors; the merge stays open.
        GitFailed: git or a hook refused.
    """
    found = [each.problem for each in guard.staged(store.git, now, {}).found if each.problem.is_error]
    if found:
        message = _(
            "the merge is not concluded, its result would not be right; put that right (with --no-commit), then run "
            "cpl settle again; to give the merge up: git merge --abort"
        )
        raise Invalid(message, found)
    trailers = commit.message().partition("\n\n")[2]
    message = f"{_message_of_git(store) or commit.subject}\n\n{trailers}"
    store.git.run("commit", "--quiet", "--file=-", "--cleanup=verbatim", input=message.encode(), write=True)
    return store.git.head() or ""


def _message_of_git(store: Store) -> str:
    """The message that git has prepared for the merge, without its comments; empty where there is none."""
    try:
        kept = files.read(store.git.git_dir() / "MERGE_MSG", _MESSAGE_LIMIT)
    except files.Missing:
        return ""
    return store.git.run("stripspace", "--strip-comments", input=kept).decode("utf-8", "replace").rstrip("\n")
