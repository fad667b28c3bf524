"""records/ as a collection, and the one path by which cpl writes: check, write, commit; or nothing at all."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from functools import cache, cached_property
from gettext import gettext as _
from pathlib import Path, PurePath
from typing import Final

from cpl import committing, config, files, git_locks, journal, layout, locks, opinion, quick, recovery, tree, validate
from cpl import document as documents
from cpl.committing import Look
from cpl.config import Settings
from cpl.document import RECORD_LIMIT, Document
from cpl.errors import CplError, Invalid, Problem
from cpl.git import Git, GitFailed
from cpl.journal import Journal
from cpl.layout import Layout, NotReady
from cpl.places import template
from cpl.record import Record, day_of, is_id, load, normalize_piece
from cpl.register_edits import require_right
from cpl.registers import is_register, naming
from cpl.transactions import Transaction
from cpl.values import frozen
from cpl.writes import Commit, Evidence, Write, changes_of, new_files, take_in

RECORDS: Final = tree.RECORDS
LOCK: Final = "lock"
LOCK_SECONDS: Final = 10.0
_TOLD: Final = 8


class NoSuchRecord(CplError):
    """No id has this piece."""

    def __init__(self, piece: str) -> None:
        message = _("no record's id has '{piece}' in it; see: cpl list, or cpl search WORDS")
        super().__init__(message.format(piece=piece))


class AmbiguousId(CplError):
    """Several ids have this piece; `titles` tells the first of them apart."""

    def __init__(self, piece: str, ids: Sequence[str], titles: Mapping[str, str] | None = None) -> None:
        message = _("'{piece}' fits {count} records; give more of the id:").format(piece=piece, count=len(ids))
        lines = [f"  {each}  {(titles or {}).get(each, '')}".rstrip() for each in ids[:_TOLD]]
        super().__init__("\n".join([message, *lines, *(["  …"] if len(ids) > _TOLD else [])]))


class NotCommitted(CplError):
    """git or a hook refused the commit; the files are as they were."""

    def __init__(self, words: str) -> None:
        message = _("the commit was refused, nothing was written; git or a hook says:\n{words}")
        super().__init__(message.format(words=words or "-"))


@frozen
class Entry:
    """A record file as it was read; `record` is None where it can't be one, and `problems` say why."""

    path: str
    document: Document | None
    record: Record | None
    problems: tuple[Problem, ...]

    @property
    def id(self) -> str:
        """The record's id, or for an unreadable one the file's name without its ending."""
        return self.record.id if self.record is not None else Path(self.path).stem


Ids = Callable[["Store", Sequence[str]], dict[str, str]]
"""Finds the paths of records by the ids that their files are named by, at least those with one of the pieces."""


class Store:
    """One store on disk; `ids` finds records faster than by a walk through all folders, `say` tells a person."""

    def __init__(
        self,
        root: Path,
        env: Mapping[str, str] | None = None,
        ids: Ids | None = None,
        say: Callable[[str], None] = lambda _words: None,
    ) -> None:
        self.root = root
        self.git = Git(root, env or {})
        self._ids_like = ids
        self._say = say
        self._look: Look | None = None  # what was seen since the lock is held

    @cached_property
    def settings(self) -> Settings:
        """The store's settings. Raises Invalid when they have problems."""
        return config.load(self.settings_file).with_registers(naming(self.file))

    @cached_property
    def settings_file(self) -> Callable[[str], bytes | None]:
        """A file that settings are made of, as it was when they first asked for it; what is kept by them goes by it."""
        return cache(self.file)

    def file(self, path: str) -> bytes | None:
        """A file that settings or registers are made of; None: there is none."""
        return template(self.root, path)

    @cached_property
    def layout(self) -> Layout:
        """Where the parts of the repository around the store are. Raises NotReady where there is none."""
        return layout.find(self.git)

    @cached_property
    def identity(self) -> tuple[str, str] | None:
        """The name and address that git has for the user; None when it would have to guess."""
        return self.git.identity()

    def paths(self) -> Iterator[str]:
        """Every record file below records/, in order; also what only looks like one, to be named by `check`."""
        return tree.record_files(self.root, RECORDS)

    def entries(self) -> Iterator[Entry]:
        """Every record, in the order of paths; an unreadable one is among them."""
        return (self.read(path) for path in self.paths())

    def read(self, path: str) -> Entry:
        """The record at `path`, with what is wrong with its form; it is judged by `check`."""
        data = self.bytes_of(path)
        if isinstance(data, Problem):
            return Entry(path, None, None, (data,))
        return read_entry(path, data)

    def bytes_of(self, path: str) -> bytes | Problem:
        """The bytes of a record file, or why it can't be read."""
        return bytes_of(self.root, path)

    def ids(self) -> dict[str, str]:
        """The path of every record by the id that its file is named by."""
        return {Path(path).stem: path for path in self.paths()}

    def find(self, piece: str) -> str:
        """The path of the one record whose id has `piece` in it; O and 0, I, l and 1 are read alike.

        A record's path will do as well, for that is what `check` prints and what a shell completes.

        Raises:
            NoSuchRecord, AmbiguousId: none, or several.
        """
        written = piece.strip()
        written = PurePath(written).stem if written.endswith(".md") else written
        wanted = normalize_piece(written)
        if is_id(wanted):
            path = record_path(wanted)
            if os.path.lexists(self.root / path) and tree.is_below(self.root, path):
                return path
        ids = self.ids() if self._ids_like is None else self._ids_like(self, (wanted, written))
        found = sorted(each for each in ids if written and (wanted in each.upper() or written in each))
        if not found:
            raise NoSuchRecord(piece)
        if len(found) > 1 and written not in found:
            raise AmbiguousId(piece, found, {each: self._title(ids[each]) for each in found[:_TOLD]})
        return ids[written if written in found else found[0]]

    def _title(self, path: str) -> str:
        record = self.read(path).record
        return _("(unreadable)") if record is None else record.title

    def evidence_of(self, path: str, identifier: str) -> dict[str, str]:
        """The files in a record's own folder with their SHA-256."""
        name = f"{self.root}/{path.rpartition('/')[0]}/{identifier}"
        if not os.path.lexists(name):  # most have none, and a Path takes longer to make
            return {}
        folder = Path(name)
        found: dict[str, str] = {}
        if folder.is_dir() and not folder.is_symlink():
            for item in sorted(folder.iterdir()):
                try:
                    found[item.name] = files.sha256(item)
                except files.Unreadable as error:
                    found[item.name] = error.reason
        return found

    def strangers(self, known: Iterable[str]) -> Iterator[str]:
        """Files below records/ that are neither one of the records `known`, nor evidence of one, nor a register."""
        return tree.strangers(self.root, RECORDS, frozenset(known))

    @cached_property
    def private(self) -> Path:
        """The folder for what is this clone's own: the lock, the journal of a write, kept texts."""
        return self.layout.common_dir / "cpl"

    def kept_folder(self) -> Path:
        """The private folder for text that could not be used."""
        return self.private / recovery.KEPT

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Be the only writer of this clone; first, mend the write that another one could not finish.

        Raises:
            Busy: another writer does not finish within 10 s.
            CplError: what was interrupted can't be mended now.
        """
        with locks.lock(self.private / LOCK, timeout=LOCK_SECONDS):
            self._look = None
            if words := recovery.settle(self.git, self.private):
                self._say(words)
            yield

    @contextmanager
    def writing(self, noted: Journal, *, durable: bool = True) -> Iterator[Transaction]:
        """Do what the journal tells, or nothing: a block that fails leaves no trace, one that is killed the journal."""
        journal.note(self.private, noted)
        try:
            with Transaction(self.root, durable=durable) as transaction:
                yield transaction
        except BaseException:
            if words := recovery.clear_up(self.git, self.private, noted):
                self._say(words)
            raise
        journal.strike(self.private)

    def begin(self) -> None:
        """As `require_repository`; and mend the write that another process could not finish, as `lock` does."""
        self.require_repository()
        if (self.private / journal.NAME).exists():
            with self.lock():
                return

    def require_repository(self) -> None:
        """Raise NotReady unless the store lies in a git work tree."""
        self.layout  # noqa: B018 - finding it is what tells

    def require_branch(self) -> None:
        """Raise NotReady while git is in the middle of something, or on no branch."""
        self._ready(())

    def require_commit(self, paths: Sequence[str]) -> None:
        """Raise NotReady unless a commit of exactly these files can be made now."""
        opinion.prepare()
        look = self._ready(paths)
        if self.identity is None:
            message = _("git does not know who you are; run: git config user.name NAME; git config user.email EMAIL")
            raise NotReady(message)
        changed = look.changed
        if changed and (changed := recovery.without_written_back(self.git, changed)):
            message = _("{path} has changes that are not committed; commit them, or add yours with --no-commit")
            raise NotReady(message.format(path=changed[0]))

    def _ready(self, paths: Sequence[str]) -> Look:
        self._look = committing.ready(self.git, self.layout, paths)
        return self._look

    def write(self, writes: Sequence[Write], commit: Commit | None, now: datetime) -> str | None:
        """Check, write and commit the records' next versions; the new commit, None with `commit` None.

        On any failure, an interrupt included, every file is as it was before.

        Raises:
            Invalid: a version would break the rules; nothing was written.
            NotReady, NotCommitted, CplError: it can't be written or committed.
        """
        for each in writes:
            self.judge(each, now)
        changes = [change for each in writes for change in changes_of(each, self.root)]
        subject = writes[0].document.source.path if commit is None else commit.subject
        with self.writing(Journal(self.root, subject, changes, commits=commit is not None)) as transaction:
            paths = [path for each in writes for path in self._put(transaction, each)]
            return None if commit is None else self.commit(paths, commit)

    def add_all(self, new: Mapping[str, bytes], commit: Commit) -> str:
        """Write many new, checked files and commit them in one; all or nothing. For imports."""
        with self.writing(Journal(self.root, commit.subject, new_files(new)), durable=False) as transaction:
            for path, data in new.items():
                transaction.create(self.root / path, data)
            return self.commit(transaction.paths, commit)

    def commit(self, paths: Sequence[Path], commit: Commit) -> str:
        """Commit what a transaction has written, and only that; the new commit. Raises NotCommitted when refused."""
        look = self._look or self._ready(())
        try:
            return git_locks.patiently(
                self.git, lambda: committing.commit(self.git, self.layout, look, paths, commit.message())
            )
        except BaseException as error:
            after = self.git.head()
            if after is not None and after != look.head and not self.git.is_changed(paths):
                return after  # an interrupt that came when the commit was made comes too late
            if isinstance(error, GitFailed | git_locks.GitBusy):
                raise NotCommitted(error.words if isinstance(error, GitFailed) else str(error)) from error
            raise

    def _put(self, transaction: Transaction, each: Write) -> list[Path]:
        """Write one record and copy its evidence in; the files that belong into the commit."""
        path = each.document.source.path
        full = self.root / path
        if each.before is None:
            transaction.create(full, each.document.encode())
        else:
            try:
                transaction.write(full, each.document.encode(), expected=each.before)
            except files.Changed as error:
                message = _("{path} was changed by somebody else in the meantime; nothing was written, try again")
                raise NotReady(message.format(path=path)) from error
        return [full, *(take_in(transaction, item, full.with_suffix("")) for item in each.evidence)]

    def judge(self, each: Write, now: datetime) -> None:
        """Raise Invalid when the record's, or register's, next version would break the rules."""
        path = each.document.source.path
        if is_register(path):
            require_right(each.document, each.before)
            return
        old = None if each.before is None else read_entry(path, each.before).record
        known = () if old is None else old.history
        facts = validate.Facts(path, now, self._evidence(each.document, path, each.evidence), known=known)
        problems = opinion.second_opinion(each.document) + self._errors(each.document, facts)
        size = len(each.document.encode())
        if size > RECORD_LIMIT:
            message = _("the record would have {size} bytes, the limit is {limit}; attach the long text as a file")
            problems.append(Problem(path, 1, "E002", message.format(size=size, limit=RECORD_LIMIT)))
        if not problems or self._mends(each, problems, now):
            return
        if each.before is not None and self.was_wrong(each.before, path, now):
            message = _("{path} was not right before this, so nothing is written to it; mend it with: cpl edit {id}")
            raise Invalid(message.format(path=path, id=PurePath(path).stem), problems)
        raise Invalid(_("nothing was written, the record would not be right:"), problems)

    def _mends(self, each: Write, problems: Sequence[Problem], now: datetime) -> bool:
        """Whether the next version has only errors that the record had before, and fewer: so several are put right."""
        before = None if each.before is None else self._errors_of(each.before, each.document.source.path, now)
        left, had = (Counter((found.code, found.message) for found in errors) for errors in (problems, before or ()))
        return left < had

    def was_wrong(self, data: bytes, path: str, now: datetime) -> bool:
        """Whether the record that `data` holds has errors of its own."""
        return self._errors_of(data, path, now) != []

    def _errors_of(self, data: bytes, path: str, now: datetime) -> list[Problem] | None:
        """The errors of the record that `data` holds; None where it holds none."""
        entry = read_entry(path, data)
        if entry.document is None or entry.record is None:
            return None
        facts = validate.Facts(path, now, self._evidence(entry.document, path), known=entry.record.history)
        return self._errors(entry.document, facts)

    def _evidence(self, document: Document, path: str, incoming: Sequence[Evidence] = ()) -> dict[str, str]:
        """The evidence of a record that is there, taken as recorded: `check` hashes it again, a write need not."""
        record, _found = load(document)
        new = {item.name for item in incoming}
        folder = (self.root / path).with_suffix("")
        items = () if record is None else record.get("evidence") or ()
        return {
            item["file"]: item["sha256"] for item in items if item["file"] in new or (folder / item["file"]).is_file()
        }

    def _errors(self, document: Document, facts: validate.Facts) -> list[Problem]:
        return [problem for problem in validate.check(document, self.settings, facts) if problem.is_error]


def bytes_of(root: Path, path: str) -> bytes | Problem:
    """The bytes of a record file, or why it can't be read."""
    full = f"{root}/{path}"  # a Path takes longer to make than the file to read
    try:
        return files.read(full, RECORD_LIMIT)
    except files.Unreadable as error:
        reason = error.reason
    with suppress(OSError):
        size = os.lstat(full).st_size
        if size > RECORD_LIMIT:
            message = _("the file has {size} bytes, a record at most {limit}; move what is large into evidence")
            return Problem(path, 1, "E002", message.format(size=size, limit=RECORD_LIMIT))
    return Problem(path, 1, "E013", reason)


def read_record(root: Path, path: str) -> Entry:
    """The record at `path`, perhaps without its document; with what is wrong with its form."""
    data = bytes_of(root, path)
    if isinstance(data, Problem):
        return Entry(path, None, None, (data,))
    record = quick.read(data)
    return read_entry(path, data) if record is None else Entry(path, None, record, ())


def read_entry(path: str, data: bytes) -> Entry:
    """The record that `data` holds."""
    document, problems = documents.parse(data, path)
    if document is None or any(problem.is_error for problem in problems):
        return Entry(path, document, None, tuple(sorted(problems)))
    record, found = load(document)
    return Entry(path, document, record, tuple(sorted([*problems, *found])))


def record_path(identifier: str) -> str:
    """Where the record of an id lies, from the root."""
    return f"{RECORDS}/{day_of(identifier)}/{identifier}.md"
