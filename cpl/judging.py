"""What a step of history, or the index, does to the records, judged by the settings of its own tree."""

from __future__ import annotations

import posixpath
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from functools import partial
from gettext import gettext as _
from itertools import islice
from pathlib import PurePosixPath
from typing import Final, Generic, TypeAlias, TypeVar

from cpl import calendars, config, difference, registers, steps, validate, workflow
from cpl.config import Settings
from cpl.difference import Change
from cpl.errors import CplError, Invalid, Problem
from cpl.git import Git
from cpl.objects import Objects
from cpl.patterns import bytes_regex
from cpl.places import TEMPLATES, shipped, template
from cpl.record import Record, is_id
from cpl.registers import is_register
from cpl.settings_files import PROFILES, Files
from cpl.steps import INDEX, File, Step
from cpl.store import RECORDS, Entry, read_entry, record_path
from cpl.store_paths import name_of
from cpl.tree import ENDING, is_evidence_name, is_record
from cpl.values import replace

PATHS: Final = (RECORDS, config.MARKER, PROFILES, calendars.FOLDER)
"""What is judged, and what by."""

_AT_ONCE: Final = 40  # steps whose records are read at once, and so many records of them
_AHEAD: Final = 400
_SETTINGS: Final = 200
_VERSIONS: Final = 2000  # of records in work, so that few are read twice; 10 KB each
IMPORT: Final = "import"
"""The action of a commit that takes in another system's records."""

_LFS: Final = bytes_regex(rb"version https://git-lfs\.github\.com/spec/v1\n(?:.*\n)*?oid sha256:([0-9a-f]{64})\n")

Also: TypeAlias = Callable[[Step, Settings, Change], Iterable[Problem]]
"""More rules for what a step does to one record, beside those of `difference`."""

_Loaded: TypeAlias = tuple[Settings | Invalid | None]  # in a tuple, so that None is something that is known
_Key = TypeVar("_Key")
_Value = TypeVar("_Value")


class Broken(CplError):
    """An object that a commit needs is not in the repository."""

    def __init__(self, path: str, blob: str) -> None:
        message = _("{path}: its version {blob} is missing from the repository; see: git fsck, and clone it anew")
        super().__init__(message.format(path=path, blob=blob))


class _Recent(Generic[_Key, _Value]):
    """The values that were used last, at most `limit` of them."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._values = OrderedDict[_Key, _Value]()

    def __contains__(self, key: _Key) -> bool:
        return key in self._values

    def get(self, key: _Key) -> _Value | None:
        """The value, if it is still there."""
        if key not in self._values:
            return None
        self._values.move_to_end(key)
        return self._values[key]

    def put(self, key: _Key, value: _Value) -> None:
        """Keep a value, and forget the one that was not used for longest."""
        self._values[key] = value
        self._values.move_to_end(key)
        if len(self._values) > self._limit:
            self._values.popitem(last=False)


class Judge:
    """Judges steps one after another and remembers what it has read last."""

    def __init__(self, git: Git, objects: Objects, now: datetime, also: Also | None = None) -> None:
        self._git = git
        self._objects = objects
        self._now = now
        self._also = also
        self._settings = _Recent[str, _Loaded](_SETTINGS)  # by commit
        self._same = _Recent[bytes, _Loaded](_SETTINGS)  # by what they are made of
        self._known = _Recent[tuple[str, str], Entry](_VERSIONS)  # without their documents
        self.versions = 0

    def steps(self, steps: Iterator[Step]) -> Iterator[tuple[Step, list[Problem]]]:
        """The steps one after another, each with all that is wrong with what it does."""
        while chunk := list(islice(steps, _AT_ONCE)):
            self._objects.fetch(islice(self._wanted(chunk), _AHEAD))
            yield from ((step, self.step(step)) for step in chunk)

    def _wanted(self, chunk: Iterable[Step]) -> Iterator[str]:
        """The blobs of records that steps bring, and of those that they were made from, unless these are known."""
        brought = set[str]()
        for step in chunk:
            for path in step.paths:
                if is_record(path, RECORDS):
                    files = [each for each in (step.after(path), *step.before(path)) if each and each.is_regular]
                    wanted = [each.blob for each in files if each is files[0] or (path, each.blob) not in self._known]
                    yield from (blob for blob in wanted if blob not in brought)
                    brought.update(wanted)

    def step(self, step: Step) -> list[Problem]:
        """All that is wrong with what one step does, sorted."""
        if not any(step.sides):
            return []
        settings = self.settings(step)
        if settings is None:
            return [_removed_settings()] if step.touches(config.MARKER) else []
        problems = list(settings.problems) if isinstance(settings, Invalid) else _removed_profile(step, settings)
        for path in step.owned:
            if is_record(path, RECORDS):
                problems += self._record(step, path, None if isinstance(settings, Invalid) else settings)
            elif is_register(path):
                problems += self._register(step, path)
        if isinstance(settings, Settings):
            problems += config.calendar_problems(settings, step.paths)
        return sorted(set(problems))

    def settings(self, step: Step) -> Settings | Invalid | None:
        """The settings in a step's own tree: its parent's, unless it changed them; None where there is no store."""
        own = self._settings.get(step.revision)
        if own is not None:
            return own[0]
        first = step.parents[0] if step.parents else ""
        is_touched = len(step.parents) != 1 or settings_files(step) != [] or any(map(is_register, step.paths))
        known = None if is_touched else self._settings.get(first)
        # Of the index too they are its parent's then, and git finds them there without reading its index.
        loaded = known or self._load(step.revision if is_touched else first)
        if step.revision != INDEX:
            self._settings.put(step.revision, loaded)
        return loaded[0]

    def _name(self, revision: str, path: str) -> str:
        return name_of(self._git, revision, path)

    def settings_at(self, commit: str) -> Settings | Invalid | None:
        """The settings in a commit's tree."""
        loaded = self._settings.get(commit) or self._load(commit)
        self._settings.put(commit, loaded)
        return loaded[0]

    def _load(self, revision: str) -> _Loaded:
        marker = self._objects.read(self._name(revision, config.MARKER))
        if marker is None:
            return (None,)
        read = partial(self._file, revision)
        if revision == INDEX:
            return (_with_registers(_read_settings(read), read),)
        folders = (self._objects.read(self._name(revision, each)) for each in (PROFILES, calendars.FOLDER))
        key = b"\0\0".join((marker, *(each or b"" for each in folders)))  # trees, so they name all that is in them
        found = self._same.get(key) or (_read_settings(read),)
        self._same.put(key, found)
        return (_with_registers(found[0], read),)

    def _file(self, revision: str, path: str) -> bytes | None:
        """A file that settings or registers are made of, as a tree has it."""
        data = self._objects.read(self._name(revision, path))
        return template(shipped(), path) if data is None and path.startswith(TEMPLATES) else data

    def _record(self, step: Step, path: str, settings: Settings | None) -> Iterator[Problem]:
        """What is wrong with one record's file, or with its evidence."""
        self.versions += 1
        entry = self._now_there(step, path)
        if entry is None:
            yield from self._removed(step, path, settings)
            return
        yield from entry.problems
        if entry.document is None or entry.record is None or _record_of(entry) is None:
            return
        parents = list(self._parents(step, path))
        yield from (_unreadable(path) for each in parents if _record_of(each) is None)
        records = [each for each in map(_record_of, parents) if each is not None]
        may_import = step.revision == INDEX or IMPORT in step.actions
        profile = None if settings is None else settings.profile
        now = min(self._now, step.written_at or self._now)
        change = difference.Change(path, entry.document, entry.record, records, profile, may_import, now)
        is_comparable = step.touches(path) and (records or not parents)
        changed = list(difference.check(change)) if is_comparable else []
        yield from changed
        if settings is not None:
            if self._also is not None and is_comparable:
                yield from self._also(step, settings, change)
            has_moved = step.touches(path) and not any(step.before(path))
            evidence = self._evidence(step, path, entry.record, [] if has_moved else records)
            ids = self._linked(entry.record) if step.revision == INDEX else None
            known = [event for each in records for event in each.history]
            facts = validate.Facts(path, self._now, evidence, ids, known)
            found = validate.check_record(entry.document, entry.record, settings, facts)
            # A field that follows an event which is to be put back has the remedy of that event.
            is_event = any(each.code in ("E101", "E102") for each in changed)
            yield from (each for each in found if not (is_event and each.code == "E050"))

    def _register(self, step: Step, path: str) -> list[Problem]:
        """What is wrong with a register, and with what became of the rows that the parents have."""
        file = step.after(path)
        if file is not None and not file.is_regular:
            return list(_no_file(path, file).problems)
        before = [self._blob(path, each) for each in step.before(path) if each is not None and each.is_regular]
        return registers.changes(path, None if file is None else self._blob(path, file), before)

    def _now_there(self, step: Step, path: str) -> Entry | None:
        """The record as the step leaves it, with its document; None where it takes it away, or where there is none."""
        if not step.touches(path):
            return self._read(path, self._name(step.revision, path))
        file = step.after(path)
        if file is None or not file.is_regular:
            return None if file is None else _no_file(path, file)
        entry = read_entry(path, self._blob(path, file))
        self._known.put((path, file.blob), replace(entry, document=None))
        return entry

    def _blob(self, path: str, file: File) -> bytes:
        data = self._objects.read(file.blob)
        if data is None:
            raise Broken(path, file.blob)
        return data

    def _read(self, path: str, spec: str) -> Entry | None:
        data = self._objects.read(spec)
        return None if data is None else read_entry(path, data)

    def _version(self, path: str, file: File | None) -> Entry | None:
        """A version of a record, without its document."""
        if file is None or not file.is_regular:
            return None if file is None else _no_file(path, file)
        known = self._known.get((path, file.blob))
        if known is None:
            known = replace(read_entry(path, self._blob(path, file)), document=None)
            self._known.put((path, file.blob), known)
        return known

    def _parents(self, step: Step, path: str) -> Iterator[Entry]:
        """The versions that the parents have, also of a record that lay somewhere else."""
        if not step.touches(path):
            yield from filter(None, [self._read(path, self._name(step.revision, path))])
            return
        for number, (side, file) in enumerate(zip(step.sides, step.before(path), strict=True)):
            moved = [each for each in _namesakes(step, path) if each in side and side[each].after is None]
            versions = [self._version(path, file), *(self._version(each, side[each].before) for each in moved)]
            entry = next((each for each in versions if each is not None), None)
            if entry is not None:
                yield entry if _record_of(entry) else self._last_readable(step.parents[number], entry)

    def _last_readable(self, commit: str, entry: Entry) -> Entry:
        """The record as it was before somebody broke it; as it is where there is no such version."""
        for each in steps.earlier(self._git, commit, entry.path):
            older = self._read(entry.path, self._name(each, entry.path))
            if older is not None and _record_of(older) is not None:
                return older
        return entry

    def _removed(self, step: Step, path: str, settings: Settings | None) -> Iterator[Problem]:
        """E100, unless the file only moved, was one of two of a record, or was no record at all."""
        if not step.touches(path):
            return
        name = PurePosixPath(path)
        moved = any(step.after(each) is not None for each in _namesakes(step, path))
        known = [each for each in map(self._version, [path] * len(step.sides), step.before(path)) if each is not None]
        record = next((each.record for each in known if each.record is not None), None)
        if moved or not (is_id(name.stem) or record):
            return
        right = record_path(name.stem) if is_id(name.stem) else path
        if right != path and self._objects.read(self._name(step.revision, right)) is not None:
            return
        message = _(
            "the record was removed{title}; put it back: git checkout {parent} -- {path}; what is not to count is "
            "moved: cpl transition {id} {state} --reason TEXT"
        )
        said = {
            "title": f" ({record.title})" if record else "",
            "parent": "HEAD" if step.revision == INDEX else f"{step.revision[:12]}^",
            "state": workflow.withdrawn(record, settings.profile) if record and settings else "STATE",
        }
        yield Problem(path, 1, "E100", message.format(path=path, id=name.stem, **said))

    def _evidence(self, step: Step, path: str, record: Record, parents: Iterable[Record]) -> dict[str, str]:
        """The files of evidence with their SHA-256; one that a parent has too is taken as it was recorded there."""
        folder = path.removesuffix(ENDING)
        listed = {item["file"]: item["sha256"] for item in record.get("evidence") or ()}
        items = {name: sha for name, sha in listed.items() if is_evidence_name(name)}
        known = {(item["file"], item["sha256"]) for parent in parents for item in parent.get("evidence") or ()}
        touched = {each.removeprefix(f"{folder}/") for each in step.owned[path] if each != path}
        kept = {name: sha for name, sha in items.items() if name not in touched and (name, sha) in known}
        links = {name for name in touched if (file := step.after(f"{folder}/{name}")) and not file.is_regular}
        asked = {f"{folder}/{name}": name for name in (*items, *touched) if name not in {*kept, *links}}
        found = {name: self._objects.digest(self._name(step.revision, path)) for path, name in asked.items()}
        return kept | {name: _lfs_hash(told[0]) or told[1] for name, told in found.items() if told is not None}

    def _linked(self, record: Record) -> set[str]:
        """Those of the ids that a record links to which the index has."""
        wanted = {record_path(link["id"]): link["id"] for link in record.get("links") or ()}
        return {wanted[path] for path in wanted if self._objects.read(self._name(INDEX, path)) is not None}


def _read_settings(files: Files) -> Settings | Invalid:
    try:
        return config.load(files)
    except Invalid as error:
        return error


def _with_registers(settings: Settings | Invalid | None, files: Files) -> Settings | Invalid | None:
    """The settings with the registers of their tree, which are read when a rule asks for one."""
    return settings.with_registers(registers.naming(files)) if isinstance(settings, Settings) else settings


def settings_files(step: Step) -> list[str]:
    """The files of a step that are no records."""
    return [path for path in step.paths if not path.startswith(f"{RECORDS}/")]


def _lfs_hash(data: bytes) -> str | None:
    """The SHA-256 of the file that a pointer of Git LFS stands for; None of any other file."""
    found = _LFS.match(data)
    return found[1].decode() if found else None


def _no_file(path: str, file: File) -> Entry:
    message = _("it is a link or another repository, not a file (mode {mode}); put the file itself there")
    return Entry(path, None, None, (Problem(path, 1, "E013", message.format(mode=file.mode)),))


def _record_of(entry: Entry) -> Record | None:
    """The record of a version without errors of its form; None of another, which may lack what it seems to lack."""
    return None if any(each.is_error for each in entry.problems) else entry.record


def _namesakes(step: Step, path: str) -> list[str]:
    """The other records' files of this name that a step is about: where a record came from, or went to."""
    return [each for each in step.named[posixpath.basename(path)] if each != path and is_record(each, RECORDS)]


def _removed_settings() -> Problem:
    message = _("the settings of the store were removed; put them back: git checkout HEAD -- {path}")
    return Problem(config.MARKER, 1, "E070", message.format(path=config.MARKER))


def _removed_profile(step: Step, settings: Settings) -> list[Problem]:
    """E070: without the store's own profile its rules would be those of whatever cpl reads it."""
    removed = [path for path in settings.profile_files if step.touches(path) and step.after(path) is None]
    message = _("the store's own rules were removed; put them back: git checkout HEAD -- {path}")
    return [Problem(path, 1, "E070", message.format(path=path)) for path in removed]


def _unreadable(path: str) -> Problem:
    message = _("the version before this one can't be read, so what was changed is not judged; compare: git log -p")
    return Problem(path, 1, "W111", message)
