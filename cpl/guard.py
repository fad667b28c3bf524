"""What the index or a commit does to the records, judged by the settings of the same tree; reads nothing but git."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from gettext import gettext as _
from gettext import ngettext
from itertools import islice
from pathlib import PurePosixPath
from typing import Final

from cpl import calendars, config, difference, steps, validate, workflow
from cpl.config import Settings
from cpl.errors import Invalid, Problem
from cpl.git import Git
from cpl.record import Record, is_id
from cpl.steps import INDEX, File, Step
from cpl.store import RECORDS, TEMPLATES, Entry, read_entry, record_path, shipped, template
from cpl.tree import ENDING, is_record

_PATHS: Final = (RECORDS, config.MARKER, config.PROFILES, calendars.FOLDER)
_AT_ONCE: Final = 100  # commits whose records are read by one process
_DIFFERENCE: Final = "E1"  # the codes of what only a comparison finds
_IMPORT: Final = "import"
_LFS: Final = re.compile(rb"version https://git-lfs\.github\.com/spec/v1\n(?:.*\n)*?oid sha256:([0-9a-f]{64})\n")


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
    step = steps.staged(git, parents, _PATHS)
    judge = _Judge(git, now)
    problems, count = judge.step(step), judge.versions
    differences = [each for each in problems if each.code.startswith(_DIFFERENCE)]
    if differences and len(parents) == 1 and _may_be_amended(git, parents[0], environ):
        without = steps.staged(git, steps.parents_of(git, parents[0]), _PATHS)
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
    git = replace(git, env={**git.env, "GIT_NO_REPLACE_OBJECTS": "1"})  # what is there, not what stands for it
    first = None if base is None else steps.commit_named(git, base)
    last = steps.commit_named(git, head)
    judge = _Judge(git, now)
    found, commits = list[Found](), 0
    if pushed and first is not None and (count := steps.lost_commits(git, first, last)):
        message = ngettext(
            "{count} commit that was published is gone; put it back: git merge {commit}",
            "{count} commits that were published are gone, up to this one; put them back: git merge {commit}",
            count,
        )
        found.append(Found(first, Problem(RECORDS, 1, "E110", message.format(count=count, commit=first[:12]))))
    walk = steps.between(git, first, last, _PATHS)
    while chunk := list(islice(walk, _AT_ONCE)):
        judge.fetch(chunk)
        for step in chunk:
            errors = [each for each in judge.step(step) if each.is_error]
            found += [Found(step.revision, each) for each in errors]
        commits += len(chunk)
    return Verdict(tuple(found), commits, judge.versions)


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


class _Judge:
    """Judges steps one after another and remembers what it has read."""

    def __init__(self, git: Git, now: datetime) -> None:
        self._git = git
        self._now = now
        self._settings: dict[str, Settings | Invalid | None] = {}
        self._entries: dict[tuple[str, str], Entry] = {}
        self.versions = 0

    def fetch(self, chunk: Sequence[Step]) -> None:
        """Read all versions of records that these steps are about, in one process."""
        wanted: dict[tuple[str, str], None] = {}
        for step in chunk:
            for path in step.paths:
                if is_record(path, RECORDS):
                    versions = [*step.before(path), step.after(path)]
                    wanted |= {(path, each.blob): None for each in versions if each is not None and each.is_regular}
        self._entries = {key: self._entries[key] for key in wanted if key in self._entries}
        new = [key for key in wanted if key not in self._entries]
        contents = self._git.cat_files(blob for _path, blob in new) if new else ()
        self._entries |= {key: read_entry(key[0], data or b"") for key, data in zip(new, contents, strict=True)}

    def step(self, step: Step) -> list[Problem]:
        """All that is wrong with what one step does, sorted."""
        if not any(step.sides):
            return []
        if step.revision == INDEX:
            self.fetch([step])
        settings = self._settings_of(step)
        if settings is None:
            return [_removed_settings()] if step.touches(config.MARKER) else []
        problems = list(settings.problems) if isinstance(settings, Invalid) else _removed_profile(step, settings)
        for path in step.owned:
            if is_record(path, RECORDS):
                problems += self._record(step, path, None if isinstance(settings, Invalid) else settings)
        if isinstance(settings, Settings):
            problems += config.calendar_problems(settings, step.paths)
        return sorted(set(problems))

    def _settings_of(self, step: Step) -> Settings | Invalid | None:
        """The settings in a step's own tree: its parent's, unless it changed them; None where there is no store."""
        first = step.parents[0] if step.parents else ""
        is_touched = len(step.parents) != 1 or any(not path.startswith(f"{RECORDS}/") for path in step.sides[0])
        is_known = first in self._settings and not is_touched
        # Of the index too they are its parent's then, and git finds them there without reading its index.
        tree = step.revision if is_touched else first
        settings = self._settings[first] if is_known else self._load(tree)
        if step.revision != INDEX:
            self._settings[step.revision] = settings
        return settings

    def _load(self, revision: str) -> Settings | Invalid | None:
        marker = self._content(revision, [config.MARKER])[config.MARKER]

        def read(path: str) -> bytes | None:
            if path == config.MARKER:
                return marker
            data = self._content(revision, [path])[path]
            is_shipped = data is None and path.startswith(TEMPLATES)
            return template(shipped(), path) if is_shipped else data

        try:
            return None if marker is None else config.load(read)
        except Invalid as error:
            return error

    def _content(self, revision: str, paths: Iterable[str]) -> dict[str, bytes | None]:
        """Files as they are in a tree."""
        wanted = list(paths)
        if not wanted:
            return {}
        contents = self._git.cat_files(f"{revision}:./{path}" for path in wanted)
        return dict(zip(wanted, contents, strict=True))

    def _record(self, step: Step, path: str, settings: Settings | None) -> Iterator[Problem]:
        """What is wrong with one record's file, or with its evidence."""
        self.versions += 1
        entry = self._entry(step, path)
        if entry is None:
            yield from self._removed(step, path, settings)
            return
        yield from entry.problems
        if entry.document is None or entry.record is None or _record_of(entry) is None:
            return
        parents = list(self._parents(step, path))
        yield from (_unreadable(path) for each in parents if _record_of(each) is None)
        records = [each for each in map(_record_of, parents) if each is not None]
        may_import = step.revision == INDEX or _IMPORT in step.actions
        profile = None if settings is None else settings.profile
        now = min(self._now, step.written_at or self._now)
        change = difference.Change(path, entry.document, entry.record, records, profile, may_import, now)
        changed = list(difference.check(change)) if step.touches(path) and (records or not parents) else []
        yield from changed
        if settings is not None:
            has_moved = step.touches(path) and not any(step.before(path))
            evidence = self._evidence(step, path, entry.record, [] if has_moved else records)
            ids = self._linked(entry.record) if step.revision == INDEX else None
            known = [event for each in records for event in each.history]
            facts = validate.Facts(path, self._now, evidence, ids, known)
            found = validate.check(entry.document, settings, facts)
            # A field that follows an event which is to be put back has the remedy of that event.
            is_event = any(each.code in ("E101", "E102") for each in changed)
            yield from (each for each in found if not (is_event and each.code == "E050"))

    def _entry(self, step: Step, path: str) -> Entry | None:
        """The record as the step leaves it; None where it takes it away, or where there is none."""
        if not step.touches(path):
            data = self._content(step.revision, [path])[path]
            return None if data is None else read_entry(path, data)
        return self._version(path, step.after(path))

    def _version(self, path: str, file: File | None) -> Entry | None:
        if file is None:
            return None
        if not file.is_regular:
            message = _("it is a link or another repository, not a file (mode {mode}); put the record itself there")
            return Entry(path, None, None, (Problem(path, 1, "E013", message.format(mode=file.mode)),))
        return self._entries[path, file.blob]

    def _parents(self, step: Step, path: str) -> Iterator[Entry]:
        """The versions that the parents have, also of a record that lay somewhere else."""
        if not step.touches(path):
            yield from filter(None, [self._entry(step, path)])
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
            data = self._content(each, [entry.path])[entry.path]
            older = None if data is None else read_entry(entry.path, data)
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
        if right != path and self._content(step.revision, [right])[right] is not None:
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
        items = {name: sha for name, sha in listed.items() if validate.is_evidence_name(name)}
        known = {(item["file"], item["sha256"]) for parent in parents for item in parent.get("evidence") or ()}
        touched = {each.removeprefix(f"{folder}/") for each in step.owned[path] if each != path}
        kept = {name: sha for name, sha in items.items() if name not in touched and (name, sha) in known}
        links = {name for name in touched if (file := step.after(f"{folder}/{name}")) and not file.is_regular}
        asked = {f"{folder}/{name}": name for name in (*items, *touched) if name not in {*kept, *links}}
        contents = self._content(step.revision, asked)
        if not asked:
            return kept
        import hashlib  # 5 ms that most commits do not need

        return kept | {
            name: _lfs_hash(data) or hashlib.sha256(data).hexdigest()
            for path, name in asked.items()
            if (data := contents[path]) is not None
        }

    def _linked(self, record: Record) -> set[str]:
        """Those of the ids that a record links to which the index has."""
        wanted = {record_path(link["id"]): link["id"] for link in record.get("links") or ()}
        return {wanted[path] for path, data in self._content(INDEX, wanted).items() if data is not None}


def _lfs_hash(data: bytes) -> str | None:
    """The SHA-256 of the file that a pointer of Git LFS stands for; None of any other file."""
    found = _LFS.match(data)
    return found[1].decode() if found else None


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
    path = f"{config.PROFILES}/{settings.profile_name}.yaml"
    if not step.touches(path) or step.after(path) is not None:
        return []
    message = _("the store's own rules were removed; put them back: git checkout HEAD -- {path}")
    return [Problem(path, 1, "E070", message.format(path=path))]


def _unreadable(path: str) -> Problem:
    message = _("the version before this one can't be read, so what was changed is not judged; compare: git log -p")
    return Problem(path, 1, "W111", message)
