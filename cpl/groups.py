"""Complaints about one problem, as far as links say so: who is linked with whom, and how many people that makes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import date

from cpl.record import Record
from cpl.relations import ONCE, Link
from cpl.values import field, frozen, slotted


def links_of(record: Record) -> tuple[tuple[str, str], ...]:
    """The links that stand on the record, each as its name and the id that it leads to."""
    return tuple((link["as"], link["id"]) for link in record.get("links") or ())


def links_between(one: Record, other: Record) -> list[str]:
    """The names of the links between the two, on whichever they stand."""
    return [name for name, to in links_of(one) if to == other.id] + [
        name for name, to in links_of(other) if to == one.id
    ]


def in_time(one: Record, other: Record) -> tuple[Record, Record]:
    """The two, the one that was received first before the other; a tie is broken by id."""
    if (other.received_at, other.id) < (one.received_at, one.id):
        return other, one
    return one, other


@frozen
class Member:
    """What a record adds to a group: when it was received, and its people; none once it has left the figures."""

    day: date
    people: int


@slotted
class Groups:
    """All records by what links say of them; the order in which they are added does not matter.

    A record that has left the figures adds nobody, but what is linked with it stays together.
    """

    links: Mapping[str, Link]
    members: dict[str, Member] = field(default_factory=dict)
    _linked: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    _same: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))

    def add(self, record: Record, member: Member) -> None:
        """Count a record in."""
        self.members[record.id] = member
        for name, to in links_of(record):
            link = self.links.get(name)
            if link is None or link.people is None:
                continue
            for pairs in (self._linked, self._same) if link.people == ONCE else (self._linked,):
                pairs[record.id].add(to)
                pairs[to].add(record.id)

    def of(self, identifier: str) -> set[str]:
        """The ids of all records about the same problem as this one, itself among them."""
        return {each for each in _reached(identifier, self._linked) if each in self.members}

    def people(self, ids: Collection[str]) -> int:
        """How many people that is: all added up, but of records of the same people only those of the largest."""
        return sum(max(self.members[each].people for each in same) for same in self._apart(ids))

    def number(self, ids: Collection[str]) -> int:
        """How many complaints that is; what was entered twice is one."""
        return len(self._apart(ids))

    def _apart(self, ids: Iterable[str]) -> list[list[str]]:
        """The ids, those of the same people together."""
        together: dict[str, list[str]] = defaultdict(list)
        for each in ids:
            together[min(_reached(each, self._same))].append(each)
        return list(together.values())


def _reached(start: str, pairs: Mapping[str, Collection[str]]) -> set[str]:
    """All that can be reached from `start`, itself among them."""
    found, left = {start}, [start]
    while left:
        new = set(pairs.get(left.pop(), ())) - found
        found |= new
        left += new
    return found
