"""The list of checks on one record against its settings; facts about files come in as arguments."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import field
from datetime import datetime, timedelta
from gettext import gettext as _
from typing import Final

from cpl import replay, workflow
from cpl.config import Person, Settings
from cpl.document import Document
from cpl.errors import Problem
from cpl.events import SET_BY_EVENTS, Event, Words, rise, void_target, words_of
from cpl.moments import format_instant
from cpl.profile import TERM_SECTIONS, Profile, Term
from cpl.profile_rules import TASK_KINDS
from cpl.promises import doubled, unreported, untold
from cpl.record import Record, Task, day_of, derived, derived_dues, line_of, load, local_day
from cpl.renames import current, current_events
from cpl.schema import did_you_mean, shown
from cpl.tree import is_evidence_name
from cpl.values import frozen, replace

Step = str | int

_JUDGED: Final = ("id", "history", "tasks", "evidence", "links", "source")  # beside what events set and rules read

_EASED: Final = {"E056": "W056", "E060": "W060", "E061": "W061"}
CLOCK_SKEW: Final = timedelta(minutes=5)  # the clocks of two laptops are never quite the same


@frozen
class Facts:
    """What lies around a record: evidence by name with its SHA-256, and the ids that links may name."""

    path: str
    now: datetime
    evidence: Mapping[str, str] = field(default_factory=dict)
    ids: Collection[str] | None = None  # None: the other records are not at hand, links are not judged
    known: Collection[Event] | None = None  # the events that were there before; None: that is not known


def check(document: Document, settings: Settings, facts: Facts) -> list[Problem]:
    """Every problem of the record in `document`, in the order of its lines."""
    record, problems = load(document)
    if record is not None and not any(each.is_error for each in problems):
        problems = [*problems, *check_record(document, record, settings, facts)]
    return sorted(set(problems))


def check_record(document: Document, record: Record, settings: Settings, facts: Facts) -> Iterator[Problem]:
    """The problems of the record that was read from `document` without an error, but for those of its form."""
    return _check(document, record, settings, facts).all()


def is_clean(record: Record, settings: Settings, facts: Facts) -> bool:
    """Whether the rules have nothing to say of a record in whose text there is no problem; `check` tells what."""
    return next(_check(None, record, settings, facts).all(), None) is None


def fields_judged(profile: Profile) -> frozenset[str]:
    """The fields that a record has to have, where it has them at all, for `is_clean` to be true."""
    of_names = (name.partition(".")[0] for name in TERM_SECTIONS)
    return frozenset({*_JUDGED, *SET_BY_EVENTS, *of_names, *replay.fields_read(profile)})


def _check(document: Document | None, record: Record, settings: Settings, facts: Facts) -> _Check:
    profile = settings.profile
    if facts.known is not None and profile.former:
        facts = replace(facts, known=current_events(facts.known, profile))
    record = current(record, profile)
    return _Check(document, record, settings, facts, words_of(record.history), record.tasks)


@frozen
class _Check:
    """One record under examination; without the document the lines are not known."""

    document: Document | None
    record: Record
    settings: Settings
    facts: Facts
    words: Words
    all_tasks: tuple[Task, ...]

    def all(self) -> Iterator[Problem]:
        """All problems, in no particular order."""
        yield from self.place()
        yield from self.names()
        yield from self.people()
        yield from self.copies()
        yield from self.events()
        yield from self.voids()
        yield from self.tasks()
        yield from self.milestones()
        yield from self.steps()
        yield from self.evidence()
        yield from self.links()
        for event, code, message in replay.faults(self.record, self.settings):
            yield self._on(event, self._judged(event, code), message)

    def _at(self, path: Sequence[Step], code: str, message: str) -> Problem:
        line = 0 if self.document is None else line_of(self.document, path)
        return Problem(self.facts.path, line, code, message)

    def _on(self, event: Event, code: str, message: str) -> Problem:
        return Problem(self.facts.path, event.line, code, message)

    def place(self) -> Iterator[Problem]:
        """E031: a record lies in the folder of its day under its own name."""
        expected = f"records/{day_of(self.record.id)}/{self.record.id}.md"
        if self.facts.path != expected:
            yield self._at(["id"], "E031", _("the file of this id is {path}; move it there").format(path=expected))

    def names(self) -> Iterator[Problem]:
        """E014, E058: names are the profile's, and a severity stands only where the profile allows it (CC-2)."""
        record = self.record
        for name, terms in self.settings.profile.terms.items():
            value = record.get(name)
            if isinstance(value, tuple):
                for index, each in enumerate(value):
                    yield from self._name(name, each, [name, index])
            elif value is not None:
                term = terms.get(value)
                if term is None:
                    yield from self._name(name, value, name.split("."))
                elif term.when:
                    yield from self._goes_with(name, term)
        if record.status not in self.settings.profile.states:
            yield self._unknown(["status"], "status", record.status, self.settings.profile.states)

    def _name(self, name: str, value: str, path: Sequence[Step]) -> Iterator[Problem]:
        known = self.settings.profile.terms[name]
        if known and value not in known:
            yield self._unknown(path, name, value, known)

    def _goes_with(self, name: str, term: Term) -> Iterator[Problem]:
        if not workflow.matches(self.record, term.when):
            needs = " ".join(f"{each}={'|'.join(allowed)}" for each, allowed in term.when.items())
            message = _("{field} '{value}' goes only with {needs}").format(field=name, value=term.name, needs=needs)
            yield self._at([name], "E058", message)

    def _unknown(self, path: Sequence[Step], name: str, value: str, known: Collection[str]) -> Problem:
        message = _("{field} '{value}' is not in the profile").format(field=name, value=value)
        return self._at(path, "E014", message + did_you_mean(value, known))

    def people(self) -> Iterator[Problem]:
        """E014, W015: who is named is one of the people, and still there; an import's own events name its source."""
        known = self.settings.people
        for name in ("lead", "assignee"):
            value = self.record.get(name)
            if value is not None and value not in known:
                message = _("{field} '{value}' is not one of the people in cpl.yaml")
                message = message.format(field=name, value=value)
                yield self._at([name], "E014", message + did_you_mean(value, known))
            elif value is not None and known[value].until is not None:
                yield from self._left([name], name, known[value], option=" --lead -m TEXT" if name == "lead" else "")
        for index, task in enumerate(self.all_tasks):
            if task.is_open and task.who is not None and task.who in known:
                words = _("task {id} is open, its who").format(id=task.id)
                yield from self._left(["tasks", index, "who"], words, known[task.who])
        source = self.record.source
        if source is not None and source["system"] in known:
            message = _("source.system '{name}' is one of the people in cpl.yaml; name the system that it came from")
            yield self._at(["source", "system"], "E058", message.format(name=source["system"]))
        if "recorded_by" in self.words.keys or self.facts.known is not None or not known.keys() >= self.words.by:
            for event in self.record.history:
                yield from self._gone_by_then(event)
                yield from self._entered_by(event)

    def _entered_by(self, event: Event) -> Iterator[Problem]:
        known = self.settings.people
        for name in ("by", "recorded_by"):
            value = event.data.get(name)
            imported = name == "by" and self.record.is_imported(event)
            if value is not None and value not in known and not imported:
                message = _("{field} '{value}' is not one of the people in cpl.yaml")
                message = message.format(field=name, value=value)
                yield self._on(event, "E014", message + did_you_mean(value, known))

    def _left(self, path: Sequence[Step], what: str, person: Person, *, option: str = "") -> Iterator[Problem]:
        has_left = person.has_left(local_day(self.facts.now, self.settings.zone))
        if not has_left or self.settings.profile.is_final(self.record.status):
            return
        message = _("{what} '{value}' left after {until}; run: cpl assign --all-of {value} --to PERSON{option}")
        message = message.format(what=what, value=person.id, until=person.until, option=option)
        yield self._at(path, "W015", message)

    def _gone_by_then(self, event: Event) -> Iterator[Problem]:
        """E061: nobody acts any more who has left; of what was there already it is not asked."""
        person = self.settings.people.get(event.by)
        is_new = self.facts.known is not None and event not in self.facts.known
        if is_new and person is not None and person.has_left(local_day(event.at, self.settings.zone)):
            message = _("'{by}' left after {until}, before this was done; write who did it")
            yield self._on(event, "E061", message.format(by=event.by, until=person.until))

    def copies(self) -> Iterator[Problem]:
        """E050: a field that an event sets equals the last such event."""
        for name, (expected, event) in derived(self.record).items():
            actual = self.record.get(name)
            if actual != expected:
                message = _(
                    "{field} is {actual}, but the event of {at} made it {expected}; put that back, "
                    "and to change it use cpl transition, assign or correct"
                )
                yield self._at(
                    [name],
                    "E050",
                    message.format(
                        field=name,
                        actual=shown(actual),
                        at=format_instant(event.at),
                        expected=shown(expected),
                    ),
                )
        dues = derived_dues(self.record) if "reschedule" in self.words.did else {}
        for index, task in enumerate(self.all_tasks if dues else ()):
            due, _event = dues.get(task.id, (task.due, None))
            if due != task.due:
                message = _(
                    "due of {task} is {actual}, but the last reschedule made it {expected}; put that back, "
                    "and to change it use: cpl task {id} due {task}"
                )
                message = message.format(id=self.record.id, task=task.id, actual=shown(task.due), expected=shown(due))
                yield self._at(["tasks", index, "due"], "E050", message)

    def events(self) -> Iterator[Problem]:
        """E053, E054, E055, E059, W052, W059: the intake, names in events, doubles, the future, and ties."""
        first = self.record.history[0]
        if first.to != self.settings.profile.initial:
            message = _("the first event has to be the intake, a move to '{state}'")
            yield self._on(first, "E053", message.format(state=self.settings.profile.initial))
        elif self.record.received_at != first.at and "received_at" not in derived(self.record):
            message = _("received_at is {actual}, but the intake is of {expected}; use 'cpl correct'")
            message = message.format(actual=shown(self.record.received_at), expected=shown(first.at))
            yield self._at(["received_at"], "E053", message)
        elif self.record.received_at > max(first.at, self._latest):
            message = _("received_at lies in the future: {at}; this computer's clock says {now}")
            message = message.format(at=shown(self.record.received_at), now=self._clock())
            yield self._at(["received_at"], self._of_future(first), message)
        if not self._events_are_usual():
            for event in self.record.events:
                yield from self._event(event)
        if rise(self.record.history):
            return
        times = Counter(event.at for event in self.record.history)
        for event in self.record.history:
            if times[event.at] == 1:
                continue
            if self.record.history.count(event) > 1:
                message = _("the event {event} of {at} stands twice; keep one of them")
                yield self._on(event, "E055", message.format(event=event.key, at=format_instant(event.at)))
            else:
                message = _("two events share the time {at}; cpl takes the next free millisecond")
                yield self._on(event, "W052", message.format(at=format_instant(event.at)))

    def _events_are_usual(self) -> bool:
        """Whether it can't be that `_event` has anything to say of one."""
        states, words = self.settings.profile.states, self.words
        is_known = "agree" not in words.did and words.to - {None} <= states.keys()
        return is_known and "recorded_at" not in words.keys and self.record.history[-1].at <= self._latest

    @property
    def _latest(self) -> datetime:
        """What lies behind it is the future."""
        return self.facts.now + CLOCK_SKEW

    def _clock(self) -> str:
        """The present in the store's zone, so that it compares with the times of the record."""
        return shown(self.facts.now.astimezone(self.settings.zone).replace(microsecond=0))

    def _event(self, event: Event) -> Iterator[Problem]:
        profile = self.settings.profile
        if max(event.at, event.data.get("recorded_at", event.at)) > self._latest:
            message = _("the event lies in the future: {at}; this computer's clock says {now}")
            yield self._on(event, self._of_future(event), message.format(at=shown(event.at), now=self._clock()))
        if event.is_move and event.to not in profile.states:
            message = _("'{state}' is not a state of the profile").format(state=event.to)
            yield self._on(event, "E014", message + did_you_mean(str(event.to), profile.states))
        if event.did == "agree" and event.data["clock"] not in profile.clocks:
            message = _("'{clock}' is not a clock of the profile").format(clock=event.data["clock"])
            yield self._on(event, "E054", message + did_you_mean(event.data["clock"], profile.clocks))

    def _of_future(self, event: Event) -> str:
        """The code for an event of the future: an error only where it is new, for what is there can't be taken out."""
        return "W059" if self.facts.known is None or event in self.facts.known else "E059"

    def _judged(self, event: Event, code: str) -> str:
        """The code for an event that breaks a rule: of one that was there already only a warning.

        It came by a merge, or nobody looked; then a further event puts it right, and that has to be possible.
        """
        return _EASED.get(code, code) if self.facts.known is not None and event in self.facts.known else code

    def voids(self) -> Iterator[Problem]:
        """E056: a void names an earlier event; of the moves only the last one, never the intake or another void."""
        intake = self.record.history[0]
        for event in self.record.history if "void" in self.words.did else ():
            if event.did != "void":
                continue
            target = void_target(event)
            named = [each for each in self.record.history if (each.at, each.key) == target and _may_void(event, each)]
            if not named:
                message = _("there is no earlier event {key} at {at} to void")
                yield self._on(event, "E056", message.format(key=target[1], at=format_instant(target[0])))
            elif named[0].did == "void":
                yield self._on(event, "E056", _("a void can't be voided; record the event that it took back anew"))
            elif named[0] is intake:
                yield self._on(event, "E056", _("the intake can't be voided; withdraw the record"))
            elif named[0].is_move and self._was_followed(named[0], event):
                code = self._judged(event, "E056")
                yield self._on(event, code, _("only the last move can be voided; here another one follows"))

    def _was_followed(self, move: Event, void: Event) -> bool:
        return any(each.is_move and move.precedes(each) and each.precedes(void) for each in self.record.events)

    def tasks(self) -> Iterator[Problem]:
        """E057, E063: kinds and ids of tasks, events about tasks that there are, nothing open at the end."""
        ids = {task.id for task in self.all_tasks}
        times = Counter(task.id for task in self.all_tasks) if len(ids) < len(self.all_tasks) else None
        for index, task in enumerate(self.all_tasks):
            if times is not None and times[task.id] > 1:
                message = _("two tasks have the id '{id}'").format(id=task.id)
                yield self._at(["tasks", index, "id"], "E057", message)
            if task.kind not in TASK_KINDS:
                message = _("'{kind}' is not a kind of task").format(kind=task.kind)
                yield self._at(["tasks", index, "kind"], "E057", message + did_you_mean(task.kind, TASK_KINDS))
            if task.is_open and self.settings.profile.is_final(self.record.status):
                message = _("task {id} is still open in the final state '{state}'; run: cpl task {record} done {id}")
                message = message.format(id=task.id, state=self.record.status, record=self.record.id)
                yield self._at(["tasks", index], "E063", message)
        for event in self.record.history if "task" in self.words.keys else ():
            name = event.data.get("task")
            if name is not None and name not in ids:
                message = _("there is no task '{id}'").format(id=name) + did_you_mean(name, ids)
                yield self._on(event, "E057", message)

    def milestones(self) -> Iterator[Problem]:
        """W064: each milestone is reported to the complainant (CS-7)."""
        if not self.settings.profile.is_final(self.record.status):
            yield from (self._at(["tasks"], "W064", untold(task, self.record)) for task in unreported(self.record))

    def steps(self) -> Iterator[Problem]:
        """W065: a step of a playbook is one task, also where two clones applied it."""
        yield from (self._at(["tasks", place], "W065", message) for place, message in doubled(self.record))

    def evidence(self) -> Iterator[Problem]:
        """E040, E041, E042, W043: evidence files exist, are unchanged, lie in the record's folder; none is unlisted."""
        listed: set[str] = set()
        for index, item in enumerate(self.record.get("evidence") or ()):
            name = item["file"]
            where: list[Step] = ["evidence", index, "file"]
            if not is_evidence_name(name) or name in listed:
                message = _("'{name}' can't be evidence: a plain file name, once, in the record's own folder")
                yield self._at(where, "E042", message.format(name=name))
            elif name not in self.facts.evidence:
                message = _("the file '{name}' is missing from the folder {id}; put it back from git")
                yield self._at(where, "E040", message.format(name=name, id=self.record.id))
            elif self.facts.evidence[name] != item["sha256"]:
                message = _(
                    "'{name}' has changed (SHA-256 recorded: {expected}, found: {actual}); "
                    "put it back from git, and attach a new version under another name"
                )
                message = message.format(name=name, actual=self.facts.evidence[name], expected=item["sha256"])
                yield self._at(where, "E041", message)
            listed.add(name)
        for name in sorted(set(self.facts.evidence) - listed):
            message = _("'{name}' lies in the record's folder but is not listed; run: cpl attach {id} {path}")
            path = f"records/{day_of(self.record.id)}/{self.record.id}/{name}"
            yield self._at(["evidence"], "W043", message.format(name=name, id=self.record.id, path=path))

    def links(self) -> Iterator[Problem]:
        """E044, E014: a link leads to another record that there is, and has a name of the profile."""
        known = self.settings.profile.relations.links
        for index, link in enumerate(self.record.get("links") or ()):
            if known and link["as"] not in known:
                yield self._unknown(["links", index, "as"], "links.as", link["as"], known)
            to = link["id"]
            if to == self.record.id or (self.facts.ids is not None and to not in self.facts.ids):
                yield self._at(["links", index, "id"], "E044", _("no other record has the id '{id}'").format(id=to))


def _may_void(void: Event, event: Event) -> bool:
    """Whether `event` was there when it was voided: one of a clock that was ahead may seem later."""
    return event.precedes(void) or "recorded_at" in void.data
