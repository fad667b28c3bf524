"""Every record of a store judged, in several processes where there are many; the settings are judged elsewhere."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple

from cpl import quick, recognise, validate
from cpl.config import NamedIn, Settings
from cpl.errors import Problem
from cpl.index_file import key_of
from cpl.language import speak, spoken_now
from cpl.parallel import in_order
from cpl.record import Record
from cpl.store import Store, read_entry
from cpl.validate import Facts
from cpl.values import frozen

_MANY: Final = 300  # records from which on it pays to compile the patterns of `recognise`


class Verdict(NamedTuple):
    """What is wrong with a record file; where that is nothing because of its content alone, what this is known by."""

    problems: list[Problem]
    proven: bytes | None = None


def verdicts(store: Store, paths: Sequence[str], ids: Collection[str], now: datetime) -> Iterator[Verdict]:
    """What is to be said of each of the record files, in the order of `paths`; `ids` are those that links may name."""
    prepare = partial(_judge, store.root, store.git.env, spoken_now())
    return in_order(partial(prepare, ids=frozenset(ids), now=now, are_many=len(paths) >= _MANY), paths)


def _judge(
    root: Path, env: Mapping[str, str], language: str, *, ids: Collection[str], now: datetime, are_many: bool
) -> _Judge:
    speak(language)  # in a process of its own nobody has said yet which
    store = Store(root, env)
    registers = _Registers(store.settings.named_in)
    settings = store.settings.with_registers(registers)
    judged = validate.fields_judged(settings.profile) if are_many else frozenset[str]()
    return _Judge(store, settings, registers, ids, now, judged)


class _Registers:
    """What the registers name, with whether anybody has asked."""

    def __init__(self, named_in: NamedIn) -> None:
        self._named_in = named_in
        self.were_asked = False

    def __call__(self, register: str) -> Collection[str]:
        """The ids that a register names."""
        self.were_asked = True
        return self._named_in(register)


@frozen
class _Judge:
    """Judges record files by the rules of their store; called with a path it gives the verdict on the file there.

    What is recognised as the form that cpl writes is read no further than to the fields `judged`; none: all are read.
    """

    store: Store
    settings: Settings
    registers: _Registers
    ids: Collection[str]
    now: datetime
    judged: Collection[str]

    def __call__(self, path: str) -> Verdict:
        data = self.store.bytes_of(path)
        if isinstance(data, Problem):
            return Verdict([data])
        record = self._read(data)
        if record is None:
            return Verdict(self._told(path, data))
        facts = self._facts(path, record)
        self.registers.were_asked = False
        if not validate.is_clean(record, self.settings, facts):
            # What is wrong, and in which line, takes the strict reader.
            return Verdict(self._told(path, data, facts))
        return Verdict([], key_of(data) if self._is_by_itself(record, facts) else None)

    def _is_by_itself(self, record: Record, facts: Facts) -> bool:
        """Whether the rules have looked at nothing but the record, and at the present only for its last event."""
        if self.registers.were_asked or facts.evidence or record.get("evidence") or record.get("links"):
            return False
        last = record.history[-1].at
        return all(event.data.get("recorded_at", last) <= last for event in record.history)

    def _read(self, data: bytes) -> Record | None:
        front = quick.front(data) if self.judged else None
        record = quick.partly(front, self.judged) if front is not None and recognise.is_head(front) else None
        return quick.read(data) if record is None else record

    def _told(self, path: str, data: bytes, facts: Facts | None = None) -> list[Problem]:
        entry = read_entry(path, data)
        found = list(entry.problems)
        if entry.document is None or entry.record is None or any(each.is_error for each in found):
            return found
        return found + validate.check(entry.document, self.settings, facts or self._facts(path, entry.record))

    def _facts(self, path: str, record: Record) -> Facts:
        return Facts(path, self.now, self.store.evidence_of(path, record.id), self.ids)
