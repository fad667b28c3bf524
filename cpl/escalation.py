"""Which open complaints should get a graver severity by the profile's escalations, and why (CC-6); it changes none."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Final

from cpl.config import Settings
from cpl.groups import Groups, Member
from cpl.language import Said, joined, said
from cpl.moments import Duration
from cpl.profile_rules import When
from cpl.query import as_text
from cpl.record import PERSONAL, Record, as_of, local_day
from cpl.relations import Escalation, Group, Repeats
from cpl.similar import Place, place_of
from cpl.values import frozen
from cpl.workflow import matches
from cpl.worktime import due as due_after

SEVERITY: Final = "severity"
_TOLD: Final = 5

Key = tuple[Place, str]


@frozen
class _Evidence:
    """What was measured, in words, and the records that were counted besides the one that is judged."""

    words: Said
    counted: frozenset[str] = frozenset()


@frozen
class Ground:
    """One rule that holds: its evidence in words, and the records that were counted for it, the one itself too."""

    rule: str
    clause: str | None
    evidence: Said
    counted: tuple[str, ...]

    @property
    def code(self) -> str:
        """What to call the rule: its clause, else its name."""
        return self.clause or self.rule


@frozen
class Proposal:
    """A record that should get `severity`; `first` says what people have to judge before it can, and to what."""

    record: Record
    severity: str
    grounds: tuple[Ground, ...]
    first: Mapping[str, tuple[str, ...]]

    @property
    def is_ready(self) -> bool:
        """Whether it can be done now."""
        return not self.first

    @property
    def reason(self) -> str:
        """All grounds in words, with the records that were counted besides the one itself."""
        return "; ".join(f"{ground.code}: {ground.evidence}{_others(ground)}" for ground in self.grounds)


def proposals(records: Iterable[Record], settings: Settings, now: datetime) -> list[Proposal]:
    """What is to be escalated of all records as they were known at `now`, in the order of ids."""
    view = _View(settings, now, Groups(settings.profile.relations.links))
    for record in records:
        known = as_of(record, now)
        if known is not None:
            view.add(known)
    return view.proposals()


def is_as_grave(record: Record, severity: str, settings: Settings) -> bool:
    """Whether the record has that severity already, or one that stands before it in the profile."""
    present = record.get(SEVERITY)
    names = [*settings.profile.terms[SEVERITY]]
    if present == severity:
        return True
    return present in names and severity in names and names.index(present) < names.index(severity)


@dataclass(slots=True)
class _View:
    """The records at an instant: all of them by their links, the open ones also by place and category."""

    settings: Settings
    now: datetime
    groups: Groups
    open: dict[str, Record] = field(default_factory=dict)
    alike: dict[Key, list[tuple[date, str]]] = field(default_factory=lambda: defaultdict(list))

    def add(self, record: Record) -> None:
        """Count a record in."""
        profile = self.settings.profile
        day = local_day(record.received_at, self.settings.zone)
        self.groups.add(record, Member(day, record.people if profile.counts(record.status) else 0))
        if profile.is_final(record.status) or not profile.counts(record.status):
            return
        self.open[record.id] = record
        if (key := self._key(record)) is not None:
            self.alike[key].append((day, record.id))

    def _key(self, record: Record) -> Key | None:
        place = place_of(record, self.settings.profile.relations.similar.place)
        category: str | None = record.get("category")
        return None if place is None or category is None else (place, category)

    def proposals(self) -> list[Proposal]:
        """Those of all open records."""
        for days in self.alike.values():
            days.sort()
        found = (self._proposal(self.open[identifier]) for identifier in sorted(self.open))
        return [each for each in found if each is not None]

    def _proposal(self, record: Record) -> Proposal | None:
        """The gravest severity that rules want for the record, with all of them that want it."""
        wanted: dict[str, list[Ground]] = defaultdict(list)
        for rule in self.settings.profile.relations.escalations:
            if is_as_grave(record, rule.severity, self.settings) or self._lacks(record, rule.severity) is None:
                continue
            ground = self._ground(record, rule)
            if ground is not None:
                wanted[rule.severity].append(ground)
        if not wanted:
            return None
        names = [*self.settings.profile.terms[SEVERITY], *wanted]
        severity = min(wanted, key=names.index)
        return Proposal(record, severity, tuple(wanted[severity]), self._lacks(record, severity) or {})

    def _lacks(self, record: Record, severity: str) -> Mapping[str, tuple[str, ...]] | None:
        """What has to be judged before the record can have the severity; None when it was judged otherwise (CC-2)."""
        term = self.settings.profile.terms[SEVERITY].get(severity)
        when = {} if term is None else term.when
        absent = {name: values for name, values in when.items() if record.get(name) is None}
        others = {name: values for name, values in when.items() if name not in absent}
        return absent if matches(record, others) else None

    def _ground(self, record: Record, rule: Escalation) -> Ground | None:
        """Why the rule holds for the record; None when something that it states does not."""
        if not matches(record, rule.when) or any(record.get(name) in (None, ()) for name in rule.has):
            return None
        words = [_fact(record, name) for name in (*rule.when, *rule.has)]
        counted = {record.id}
        for found in self._measured(record, rule):
            if found is None:
                return None
            words.append(found.words)
            counted |= found.counted
        return Ground(rule.name, rule.clause, joined(", ", words), tuple(sorted(counted)))

    def _measured(self, record: Record, rule: Escalation) -> Iterator[_Evidence | None]:
        if rule.age is not None:
            yield self._aged(record, rule.age)
        if rule.repeats is not None:
            yield self._repeated(record, rule.repeats, rule.when)
        if rule.group is not None:
            yield self._grouped(record, rule.group)

    def _aged(self, record: Record, age: Duration) -> _Evidence | None:
        """Not solved in time: `now` lies later than the age, counted from the receipt."""
        zone = self.settings.zone
        end = due_after(record.received_at, age, self.settings.worktime)
        if self.now <= end:
            return None
        received, by = (f"{each.astimezone(zone):%Y-%m-%d %H:%M}" for each in (record.received_at, end))
        words = said("received {received} and not solved within {age}, by {end}", received=received, age=age, end=by)
        return _Evidence(words)

    def _repeated(self, record: Record, repeats: Repeats, when: When) -> _Evidence | None:
        """Raised so often, of one place and category or linked, and all of it still open."""
        ids = {each for each in self.groups.of(record.id) if each in self.open and self._is_near(record, each, repeats)}
        ids |= set(self._alike(record, repeats.days))
        ids = {each for each in ids if matches(self.open[each], when)}
        count = self.groups.number(ids)
        if count < repeats.count:
            return None
        words = said(
            "{count} open complaints of one place and category, or linked, within {days} days",
            count=count,
            days=repeats.days,
        )
        return _Evidence(words, frozenset(ids))

    def _grouped(self, record: Record, group: Group) -> _Evidence | None:
        """So many people at the same time about the same problem: on the record, and on those linked with it."""
        ids = {each for each in self.groups.of(record.id) if self._is_near(record, each, group)}
        people = self.groups.people(ids)
        if people < group.people:
            return None
        ids = {each for each in ids if self.groups.members[each].people}
        words = said("{people} people about one problem", people=people)
        if len(ids) > 1:
            words = said("{people} people about one problem within {days} days", people=people, days=group.days)
        return _Evidence(words, frozenset(ids))

    def _is_near(self, record: Record, other: str, span: Repeats | Group) -> bool:
        days = self.groups.members[other].day - self.groups.members[record.id].day
        return abs(days.days) <= span.days

    def _alike(self, record: Record, days: int) -> Iterator[str]:
        """The open records of the same place and category that were received at most so many days from this one."""
        key = self._key(record)
        if key is None:
            return
        found, day, span = self.alike[key], self.groups.members[record.id].day, timedelta(days=days)
        start = bisect_left(found, day - span, key=_day)
        end = bisect_right(found, day + span, key=_day)
        yield from (identifier for _received_on, identifier in found[start:end])


def _fact(record: Record, name: str) -> Said:
    """A field with its value; without it where that is personal, for the words become part of an event."""
    is_personal = name.partition(".")[0] in PERSONAL or name == "location.room"
    return said("{name} is stated", name=name) if is_personal else joined(": ", [name, as_text(record.get(name))])


def _day(found: tuple[date, str]) -> date:
    return found[0]


def _others(ground: Ground) -> str:
    return f" ({named(ground.counted)})" if len(ground.counted) > 1 else ""


def named(ids: Sequence[str]) -> Said:
    """The first of the ids, and how many more there are."""
    first = ", ".join(ids[:_TOLD])
    if len(ids) <= _TOLD:
        return joined("", [first])
    return said("{ids} and {count} more", ids=first, count=len(ids) - _TOLD)
