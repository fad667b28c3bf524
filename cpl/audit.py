"""History put to the proof: every commit by its own rules, every new event against the commit that brought it.

What may be done to a record is said in `difference` and `validate`; here stands what a commit itself gives away: who
made it, when, in which order, and signed by whom. Nothing of a commit is kept but its parents and its time.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from gettext import gettext as _
from gettext import ngettext
from pathlib import PurePosixPath
from typing import Final

from cpl import config, guard, seals, signatures, steps
from cpl.ancestry import Ancestry
from cpl.config import Settings
from cpl.difference import Change
from cpl.errors import CplError, Problem
from cpl.events import Event, canonical
from cpl.git import Git
from cpl.judging import IMPORT, PATHS, Judge
from cpl.moments import format_instant
from cpl.objects import Objects, reading
from cpl.patterns import bytes_regex
from cpl.record import is_id
from cpl.render import duration
from cpl.seals import Digests, Seal
from cpl.signatures import Signature
from cpl.steps import Author, Span, Step
from cpl.store import RECORDS, read_entry
from cpl.tree import is_record
from cpl.validate import CLOCK_SKEW
from cpl.values import frozen

_COMMITTED: Final = bytes_regex(rb"^committer .* (\d{1,18}) [+-]\d{4}$", re.MULTILINE)

TOLERANCE: Final = timedelta(minutes=30)
"""How much later than its event a commit may be: cpl notes when a command began, and people type."""


class NoCommit(CplError):
    """There is no history yet."""

    def __init__(self) -> None:
        super().__init__(_("there is no commit yet, so nothing to verify"))


@frozen
class Terms:
    """What an audit is to do: from which commit on (None: everything), how exactly, with signatures or not, and now."""

    now: datetime
    since: str | None = None
    tolerance: timedelta = TOLERANCE
    signatures: bool = False


@frozen
class Finding:
    """A problem and the commit that has it, with its author; without a commit it is about the clone, or a seal."""

    problem: Problem
    commit: str | None = None
    at: datetime | None = None
    author: str | None = None

    def __str__(self) -> str:
        return str(self.problem) if self.commit is None else f"{self.commit[:12]}:{self.problem}"


@dataclass
class Counts:
    """How much was looked at so far: `settings` are commits that changed them, `signatures` go by grade."""

    commits: int = 0
    merges: int = 0
    versions: int = 0
    events: int = 0
    imported: int = 0
    settings: int = 0
    signatures: dict[str, int] = field(default_factory=dict)


class Audit:
    """One walk through history; `findings` is to be run through once, then the rest is known."""

    def __init__(self, git: Git, terms: Terms) -> None:
        """An audit of the store in whose root `git` works.

        Raises:
            steps.Shallow: older commits are not there.
            steps.NoSuchCommit: the one to begin with is not in this clone.
            NoCommit: there is none at all.
        """
        steps.refuse_shallow(git)
        self.git = guard.as_it_is(git)
        self.terms = terms
        if self.git.head() is None:
            raise NoCommit
        self.head = steps.commit_named(self.git, "HEAD")
        self.base = None if terms.since is None else steps.commit_named(self.git, terms.since)
        self.counts = Counts()
        self.first: datetime | None = None  # when the first and the last of the commits was made
        self.last: datetime | None = None
        self.seals: list[tuple[Seal, bool]] = []  # and whether all is well with it
        self._ancestry = Ancestry()
        self._gone = _Gone()
        self._new_events = 0  # in the commit that is being judged
        self._first_records = self._first_events = 0  # of the commit with which the store began

    def length(self) -> int:
        """How many commits there are to walk."""
        excluded = [] if self.base is None else [f"^{self.base}"]
        return int(self.git.run("rev-list", "--count", self.head, *excluded))

    def findings(self, tick: Callable[[], None] = lambda: None) -> Iterator[Finding]:
        """What was found, in the order of history, then of seals; `tick` is called for every commit."""
        yield from map(Finding, self._replaced())
        yield from map(Finding, self._lost())
        with reading(self.git) as objects:
            judge = Judge(self.git, objects, self.terms.now, self._events)
            asked = signatures.FORMAT if self.terms.signatures else ""
            walk = steps.between(self.git, Span(self.base, self.head, asked), PATHS, self._ancestry)
            self._gone.objects = objects
            for step, problems in judge.steps(walk):
                yield from self._step(step, problems, judge, objects)
                tick()
            self.counts.versions = judge.versions
            yield from self._sealed(objects)

    def _step(self, step: Step, found: Sequence[Problem], judge: Judge, objects: Objects) -> Iterator[Finding]:
        problems = [each for each in found if each.is_error]
        self._gone.removed.update((each.path, step.parents[0]) for each in problems if each.code == "E100")
        if self._first_records:
            problems.append(_were_there(self._first_records, self._first_events))
        problems += self._dates(step, objects)
        if any(step.sides) and judge.settings(step) is None:
            problems += _lawless(step)
        if not step.is_idle:
            self.first, self.last = self.first or step.written_at, step.written_at
            self.counts.commits += 1
            self.counts.merges += len(step.parents) > 1
            self.counts.settings += any(not path.startswith(f"{RECORDS}/") for path in step.paths)
            if self.terms.signatures:
                settings = judge.settings(step)
                problems += self._signed(step, settings if isinstance(settings, Settings) else None, objects)
        author = None if step.author is None else f"{step.author.name} <{step.author.email}>"
        yield from (Finding(each, step.revision, step.written_at, author) for each in problems)
        self._new_events = self._first_records = self._first_events = 0

    def _events(self, step: Step, settings: Settings, change: Change) -> Iterator[Problem]:
        """What the commit gives away about the events that it brought to a record."""
        added = change.new
        self.counts.events += len(added)
        if step.author is None:
            return
        if _begins_the_store(step):
            self._first_records += 1
            self._first_events += len(added)
            return
        may_import = IMPORT in step.actions and not change.parents
        self._gone.note(change)
        for event in added:
            if self._gone.is_back(change, event):
                continue
            if change.record.is_imported(event):
                self.counts.imported += may_import  # of any other E109 has been told
                continue
            self._new_events += 1
            yield from _who(change, event, step.author, settings)
            yield from _when(change, event, step.author.at.astimezone(settings.zone), self.terms.tolerance)

    def _dates(self, step: Step, objects: Objects) -> Iterator[Problem]:
        """E205, E206, W207: a commit of the future, before a parent, or with two dates that are far apart."""
        if step.author is None or step.written_at is None:
            return
        latest = max(step.written_at, step.author.at)
        if latest > self.terms.now + CLOCK_SKEW:
            message = _("the commit is dated {at}, in the future; set the clock of the computer that made it")
            yield _of_commit("E205", message.format(at=self._shown(latest)))
        for parent in step.parents:
            seconds = self._ancestry.seconds(parent)
            seconds = _seconds(objects.read(parent) or b"") if seconds is None else seconds
            before = timedelta(seconds=seconds - step.seconds)
            if before > self.terms.tolerance:
                message = _(
                    "the commit is dated {at}, {before} before its parent {parent}: a clock that was wrong, or a date "
                    "that was made up; ask {name}"
                )
                said = {"at": self._shown(step.written_at), "before": _length(before), "parent": parent[:12]}
                yield _of_commit("E206", message.format(name=step.author.name, **said))
        apart = step.written_at - step.author.at
        if self._new_events and abs(apart) > self.terms.tolerance:
            message = _(
                "the commit says that it was written {written} and was made {made}: amended, rebased or picked, or a "
                "date that was made up; if nobody had it before {made}, ask {name}"
            )
            said = {"written": self._shown(step.author.at), "made": self._shown(step.written_at)}
            yield _of_commit("W207", message.format(name=step.author.name, **said))

    def _shown(self, at: datetime) -> str:
        return format_instant(at.astimezone(self.terms.now.tzinfo))

    def _signed(self, step: Step, settings: Settings | None, objects: Objects) -> Iterator[Problem]:
        if step.author is None:
            return
        signature = signatures.read(step.author.signature, lambda: objects.read(step.revision) or b"")
        self._count(signature)
        yield from (_of_commit(code, message) for code, message in _of_signature(signature))
        is_somebody = signature.grade in ("good", "untrusted", "expired")
        if is_somebody and not signatures.is_by(signature, step.author.email, settings):
            message = _("signed by {signer}, and written by {author}; who of them did it?")
            yield _of_commit("E223", message.format(signer=signature.signer, author=step.author.email))

    def _count(self, signature: Signature) -> None:
        self.counts.signatures[signature.grade] = self.counts.signatures.get(signature.grade, 0) + 1

    def _replaced(self) -> Iterator[Problem]:
        count = len(self.git.run("for-each-ref", "--format=.", "refs/replace/").splitlines())
        if count:
            message = ngettext(
                "this clone shows {count} object as another one (git replace -l); it was read as it really is",
                "this clone shows {count} objects as others (git replace -l); they were read as they really are",
                count,
            )
            yield _of_commit("W209", message.format(count=count))

    def _lost(self) -> Iterator[Problem]:
        if self.base is not None and steps.lost_commits(self.git, self.base, self.head):
            message = _("{since} is not part of this history: it was rewritten, or HEAD is another branch")
            yield _of_commit("E211", message.format(since=self.terms.since))

    def _sealed(self, objects: Objects) -> Iterator[Finding]:
        """What is wrong with the seals."""
        found = seals.seals(self.git, objects, seals.prefix(self.git))
        digests = Digests(self.git, objects)
        for seal in found:
            problems = list(seals.check(seal, digests, self._where(seal.commit), found))
            if self.terms.signatures and seal.fields:
                signature = signatures.of_tag(self.git, seal.tag)
                told = ((code, f"{message} ({seal.tagger})") for code, message in _of_signature(signature))
                problems += [Problem(seal.ref, 1, code, message) for code, message in told]
            self.seals.append((seal, not problems))
            yield from (Finding(each, seal.commit, seal.at, seal.tagger) for each in problems)

    def _where(self, commit: str) -> str:
        """How a sealed commit lies to HEAD."""
        if commit in self._ancestry or self._is_ancestor(commit, self.head):
            return "in"
        return "after" if self._is_ancestor(self.head, commit) else "beside"

    def _is_ancestor(self, one: str, other: str) -> bool:
        return self.git.run("merge-base", one, other, ok=(0, 1)).decode().strip() == one


class _Gone:
    """What was taken out of records, as has been told; when it is put back it is not new."""

    def __init__(self) -> None:
        self.objects: Objects | None = None
        self.removed: dict[str, str] = {}  # the files of records, and the commit that had them last
        self._events: set[tuple[str, str]] = set()

    def note(self, change: Change) -> None:
        """Take note of events that are not there any more, and of those of a removed record that is there again."""
        gone = [each for parent in change.parents for each in change.gone(parent)]
        if not change.parents and self.objects is not None and (commit := self.removed.pop(change.path, None)):
            before = read_entry(change.path, self.objects.read(f"{commit}:./{change.path}") or b"").record
            gone += before.history if before else ()
        self._events.update((change.record.id, canonical(each.data)) for each in gone)

    def is_back(self, change: Change, event: Event) -> bool:
        """Whether a new event was there once."""
        return bool(self._events) and (change.record.id, canonical(event.data)) in self._events


def _begins_the_store(step: Step) -> bool:
    """Whether it is with this commit that there is a store."""
    return step.touches(config.MARKER) and not any(step.before(config.MARKER))


def _lawless(step: Step) -> Iterator[Problem]:
    """E215: where there is no store, there are no rules that a record could be judged by."""
    for path in step.paths:
        if is_record(path, RECORDS) and is_id(PurePosixPath(path).stem) and not step.touches(config.MARKER):
            message = _("changed in a commit without {marker}, so by no rules; ask {name}, and take it in anew")
            name = step.author.name if step.author else "-"
            yield Problem(path, 1, "E215", message.format(marker=config.MARKER, name=name))


def _were_there(records: int, events: int) -> Problem:
    message = ngettext(
        "{count} record (events: {events}) was there when the store began; who entered it is not known, nor when",
        "{count} records (events: {events}) were there when the store began; who entered them is not known, nor when",
        records,
    )
    return _of_commit("W208", message.format(count=records, events=events))


def _who(change: Change, event: Event, author: Author, settings: Settings) -> Iterator[Problem]:
    """E203, E204: an event is entered by whoever wrote the commit."""
    said = event.data.get("recorded_by", event.by)
    person = signatures.author_of(settings, author.email)
    about = {"event": event.key, "at": format_instant(event.at), "said": said, "email": author.email}
    if person is None:
        message = _(
            "the event {event} of {at} is entered by '{said}', but the commit is by {name} <{email}>, who is none of "
            "the people in cpl.yaml; ask '{said}'; if it is their address, add it there"
        )
        yield Problem(change.path, event.line, "E204", message.format(name=author.name, **about))
    elif person.id != said:
        message = _(
            "the event {event} of {at} is entered by '{said}', but the commit is by '{person}' ({email}) and has no "
            "recorded_by: {person}; ask both"
        )
        yield Problem(change.path, event.line, "E203", message.format(person=person.id, **about))


def _when(change: Change, event: Event, written_at: datetime, tolerance: timedelta) -> Iterator[Problem]:
    """E201, E202: an event is entered when the commit was written."""
    recorded_at = event.data.get("recorded_at")
    entered = event.at if recorded_at is None else recorded_at
    about = {"event": event.key, "at": format_instant(event.at), "written": format_instant(written_at)}
    if written_at - entered > tolerance:
        message = _(
            "the event {event} of {at} came {late} later, with a commit of {written}, and has no recorded_at: was it "
            "entered after the fact? ask '{by}'"
        )
        if recorded_at is not None:
            about["entered"] = format_instant(recorded_at)
            message = _(
                "the event {event} of {at} is said to have been entered at {entered}, but came {late} later, with a "
                "commit of {written}; ask '{by}'"
            )
        message = message.format(late=_length(written_at - entered), by=event.by, **about)
        yield Problem(change.path, event.line, "E201", message)
    elif max(event.at, entered) - written_at > CLOCK_SKEW:
        message = _("the event {event} of {at}, or its recorded_at, lies after its commit of {written}; ask '{by}'")
        yield Problem(change.path, event.line, "E202", message.format(by=event.by, **about))


def _of_signature(signature: Signature) -> Iterator[tuple[str, str]]:
    """E220, E221, E222, W224: what is wrong with a signature by itself."""
    said = {"key": signature.key or _("not known"), "signer": signature.signer}
    match signature.grade:
        case "none":
            yield "E220", _("not signed")
        case "bad":
            yield "E221", _("the signature is not that of this text: what was signed has been changed")
        case "revoked":
            yield "E221", _("signed by {signer} with a key that was revoked: {key}").format(**said)
        case "unknown":
            message = _("signed with a key that is not known here: {key}; ask whose it is, and get it from them")
            yield "E222", message.format(**said)
        case "untrusted":
            message = _("signed by {signer}, but is {key} theirs? gpg does not know; compare it, then: gpg --lsign-key")
            yield "W224", message.format(**said)
        case "expired":
            yield "W224", _("signed by {signer}; the key {key}, or the signature, has expired").format(**said)
        case "unchecked":
            yield "W224", _("the signature can't be checked here; install gpg, or set gpg.ssh.allowedSignersFile")


def _of_commit(code: str, message: str) -> Problem:
    return Problem(RECORDS, 1, code, message)


def _length(time: timedelta) -> str:
    return duration(int(time.total_seconds()))


def _seconds(commit: bytes) -> int:
    """When a commit was made, by its own text; 0 for what is no date."""
    found = _COMMITTED.search(commit.partition(b"\n\n")[0])
    return int(found[1]) if found else 0
