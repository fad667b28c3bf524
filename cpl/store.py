"""records/ as a collection, and the one path by which cpl writes: check, write, commit; or nothing at all."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from gettext import gettext as _
from pathlib import Path
from typing import Final

import cpl
from cpl import config, files, validate
from cpl import document as documents
from cpl.config import Settings
from cpl.document import Document
from cpl.errors import CplError, Invalid, Problem
from cpl.git import Git, find_toplevel
from cpl.record import Record, day_of, is_id, load, normalize_piece

RECORDS: Final = "records"
REGISTERS: Final = "registers"
RECORD_LIMIT: Final = 1 << 20
SETTINGS_LIMIT: Final = 1 << 20
LOCK_SECONDS: Final = 10.0


class NotAStore(CplError):
    """There is no cpl.yaml here or above."""

    def __init__(self, path: Path) -> None:
        message = _("{path} is not in a complaint store (no cpl.yaml here or above); make one with: cpl init")
        super().__init__(message.format(path=path))


class NoSuchRecord(CplError):
    """No id has this piece."""

    def __init__(self, piece: str) -> None:
        message = _("no record's id has '{piece}' in it; see: cpl list, or cpl search WORDS")
        super().__init__(message.format(piece=piece))


class AmbiguousId(CplError):
    """Several ids have this piece."""

    def __init__(self, piece: str, ids: Sequence[str]) -> None:
        shown = ", ".join(ids[:8]) + (", …" if len(ids) > 8 else "")
        message = _("'{piece}' fits {count} records: {ids}; give more of the id")
        super().__init__(message.format(piece=piece, count=len(ids), ids=shown))


class NotReady(CplError):
    """The repository is in no state to take a commit."""


@dataclass(frozen=True, slots=True)
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


@dataclass(frozen=True, slots=True)
class Commit:
    """What the commit of a write says: subject, free text, and the trailers."""

    subject: str
    action: str
    ids: Sequence[str] = ()
    text: str | None = None
    trailers: Sequence[tuple[str, str]] = ()

    def message(self) -> str:
        """The message as git gets it."""
        trailers = [
            *(("Complaint", each) for each in self.ids),
            ("Action", self.action),
            *self.trailers,
        ]
        lines = [one_line(self.subject), ""]
        if self.text:
            lines += [_clean(self.text), ""]
        return "\n".join([*lines, *(f"{name}: {one_line(value)}" for name, value in trailers)]) + "\n"


def one_line(text: str) -> str:
    """`text` with every run of blanks, newlines and control characters as one blank."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def _clean(text: str) -> str:
    return "\n".join(one_line(line) for line in text.strip().splitlines())


@dataclass(frozen=True, slots=True)
class Write:
    """A record's next version, the bytes it was made from (None: a new record), and evidence to copy in."""

    document: Document
    before: bytes | None
    evidence: Sequence[tuple[Path, str]] = ()


def shipped() -> Path:
    """The folder that holds the shipped templates/: in the package of a wheel, beside it in a source tree."""
    packaged = Path(cpl.__file__).parent / "shipped"
    return packaged if packaged.is_dir() else Path(cpl.__file__).parent.parent


def find_root(start: Path) -> Path:
    """The root of the store around the folder `start`.

    Raises:
        NotAStore: there is none.
    """
    for folder in (start, *start.parents):
        if (folder / config.MARKER).is_file():
            return folder
    raise NotAStore(start)


def template(root: Path, path: str) -> bytes | None:
    """A file under templates/: the store's own, else the shipped one, else None."""
    for folder in (root, shipped()):
        try:
            return files.read(folder / path, SETTINGS_LIMIT)
        except files.Missing:
            continue
    return None


class Store:
    """One store on disk."""

    def __init__(self, root: Path, env: Mapping[str, str] | None = None) -> None:
        self.root = root
        self.git = Git(root, env or {})

    @cached_property
    def settings(self) -> Settings:
        """The store's settings. Raises Invalid when they have problems."""
        return config.load(self._settings_file)

    def _settings_file(self, path: str) -> bytes | None:
        if path.startswith("templates/"):
            return template(self.root, path)
        return files.read(self.root / path, SETTINGS_LIMIT)

    def paths(self) -> Iterator[str]:
        """Every record file below records/, in order; also what only looks like one, to be named by `check`."""
        folder = self.root / RECORDS
        if folder.is_symlink():
            yield RECORDS
        elif folder.is_dir():
            yield from _record_files(folder, RECORDS)

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
        full = self.root / path
        try:
            size = full.lstat().st_size
            if size > RECORD_LIMIT:
                message = _(
                    "the file has {size} bytes, a record at most {limit}; move what is large into evidence"
                )
                return Problem(path, 1, "E002", message.format(size=size, limit=RECORD_LIMIT))
            return files.read(full, RECORD_LIMIT)
        except files.Unreadable as error:
            return Problem(path, 1, "E013", error.reason)
        except OSError as error:
            return Problem(path, 1, "E013", files.explain(error))

    def ids(self) -> dict[str, str]:
        """The path of every record by the id that its file is named by."""
        return {Path(path).stem: path for path in self.paths()}

    def find(self, piece: str) -> str:
        """The path of the one record whose id has `piece` in it; O and 0, I, l and 1 are read alike.

        Raises:
            NoSuchRecord, AmbiguousId: none, or several.
        """
        wanted = normalize_piece(piece)
        if is_id(wanted):
            path = record_path(wanted)
            if os.path.lexists(self.root / path):
                return path
        ids = self.ids()
        found = sorted(each for each in ids if wanted and wanted in each.upper())
        if not found:
            raise NoSuchRecord(piece)
        if len(found) > 1:
            raise AmbiguousId(piece, found)
        return ids[found[0]]

    def evidence_of(self, path: str, identifier: str) -> dict[str, str]:
        """The files in a record's own folder with their SHA-256."""
        folder = (self.root / path).parent / identifier
        found: dict[str, str] = {}
        if folder.is_dir() and not folder.is_symlink():
            for item in sorted(folder.iterdir()):
                try:
                    found[item.name] = files.sha256(item)
                except files.Unreadable as error:
                    found[item.name] = error.reason
        return found

    def strangers(self) -> Iterator[str]:
        """Files below records/ that are neither a record, nor evidence of one, nor a register."""
        known = set(self.paths())
        owned = {path.removesuffix(".md") for path in known}
        for folder, folders, names in os.walk(self.root / RECORDS):
            relative = Path(folder).relative_to(self.root).as_posix()
            folders[:] = sorted(each for each in folders if f"{relative}/{each}" not in owned)
            if relative == RECORDS:
                folders[:] = [each for each in folders if each != REGISTERS]
            yield from (
                f"{relative}/{name}"
                for name in sorted(names)
                if f"{relative}/{name}" not in known and name != ".gitkeep"
            )

    def kept_folder(self) -> Path:
        """The private folder for text that could not be used."""
        return self.git.common_dir() / "cpl" / "kept"

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Be the only writer of this clone. Raises Busy when another one does not finish within 10 s."""
        with files.lock(self.git.common_dir() / "cpl" / "lock", timeout=LOCK_SECONDS):
            yield

    def require_repository(self) -> None:
        """Raise NotReady unless the store lies in a git work tree."""
        if find_toplevel(self.root, self.git.env) is None:
            message = _("{root} is not in a git repository; run: git init, then: cpl init")
            raise NotReady(message.format(root=self.root))

    def require_commit(self, paths: Sequence[str]) -> None:
        """Raise NotReady unless a commit of exactly these files can be made now."""
        git = self.git
        if state := git.state():
            message = _("a {state} is not finished; end it first (git status tells how), then try again")
            raise NotReady(message.format(state=state))
        if unmerged := git.unmerged():
            message = _("{path} is not merged yet; settle the conflict, git add it, then try again")
            raise NotReady(message.format(path=unmerged[0]))
        if git.branch() is None:
            message = _(
                "HEAD is detached, a commit would be lost; run: git switch BRANCH (git branch lists them)"
            )
            raise NotReady(message)
        if git.identity() is None:
            message = _(
                "git does not know who you are; run: git config user.name NAME; git config user.email EMAIL"
            )
            raise NotReady(message)
        if changed := git.is_changed(paths):
            message = _(
                "{path} has changes that are not committed; commit them, or add yours with --no-commit"
            )
            raise NotReady(message.format(path=changed[0]))

    def write(self, writes: Sequence[Write], commit: Commit | None, now: datetime) -> str | None:
        """Check, write and commit the records' next versions; the new commit, None with `commit` None.

        On any failure, an interrupt included, every file is as it was before.

        Raises:
            Invalid: a version would break the rules; nothing was written.
            NotReady, CplError: it can't be written or committed.
        """
        for each in writes:
            self._judge(each, now)
        with files.Transaction(self.root) as transaction:
            for each in writes:
                self._put(transaction, each)
            if commit is None:
                return None
            return self.git.commit(transaction.paths, commit.message())

    def add_all(self, new: Mapping[str, bytes], commit: Commit) -> str:
        """Write many new, checked records and commit them in one; all or nothing. For imports."""
        with files.Transaction(self.root, durable=False) as transaction:
            for path, data in new.items():
                transaction.create(self.root / path, data)
            return self.git.commit(transaction.paths, commit.message())

    def _put(self, transaction: files.Transaction, each: Write) -> None:
        path = each.document.source.path
        full = self.root / path
        if each.before is None:
            transaction.create(full, each.document.encode())
        else:
            if files.read(full, RECORD_LIMIT) != each.before:
                message = _(
                    "{path} was changed by somebody else in the meantime; nothing was written, try again"
                )
                raise NotReady(message.format(path=path))
            transaction.write(full, each.document.encode())
        for source, name in each.evidence:
            transaction.copy(source, full.parent / full.stem / name)

    def _judge(self, each: Write, now: datetime) -> None:
        path = each.document.source.path
        problems = documents.second_opinion(each.document)
        record, _found = load(each.document)
        evidence: dict[str, str] = {}
        if record is not None:
            # What is there was hashed when it was taken in; `check` hashes it again, a write need not.
            recorded = {item["file"]: item["sha256"] for item in record.get("evidence") or ()}
            new = {name for _source, name in each.evidence}
            folder = (self.root / path).parent / record.id
            evidence = {
                name: sha for name, sha in recorded.items() if name in new or (folder / name).is_file()
            }
        facts = validate.Facts(path, now, evidence)
        problems += [p for p in validate.check(each.document, self.settings, facts) if p.is_error]
        size = len(each.document.encode())
        if size > RECORD_LIMIT:
            problems.append(
                Problem(path, 1, "E002", _("the record would have {size} bytes").format(size=size))
            )
        if problems:
            raise Invalid(_("nothing was written, the record would not be right:"), problems)


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


def _record_files(folder: Path, relative: str) -> Iterator[str]:
    with os.scandir(folder) as found:
        items = sorted(found, key=lambda item: item.name)
    for item in items:
        path = f"{relative}/{item.name}"
        if item.is_dir(follow_symlinks=False):
            is_evidence = item.name.startswith("CPL-")
            if not is_evidence and path != f"{RECORDS}/{REGISTERS}":
                yield from _record_files(Path(item.path), path)
        elif item.name.endswith(".md") or (item.is_symlink() and _is_folder(item)):
            yield path


def _is_folder(item: os.DirEntry[str]) -> bool:
    try:
        return stat.S_ISDIR(item.stat().st_mode)
    except OSError:
        return False
