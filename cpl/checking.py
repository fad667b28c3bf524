"""Every record of a store judged, in several processes where there are many; the settings are judged elsewhere."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import datetime
from functools import lru_cache, partial
from itertools import chain
from pathlib import Path
from typing import Final, NamedTuple

from cpl import quick, recognise, validate
from cpl.config import NamedIn, Settings
from cpl.errors import Problem
from cpl.index_file import key_of
from cpl.language import speak, spoken_now
from cpl.parallel import AT_ONCE, ENOUGH, in_order
from cpl.record import Record
from cpl.store import Store, read_entry
from cpl.validate import Facts
from cpl.values import frozen

_MANY: Final = 300  # records from which on it pays to compile the patterns of `recognise`
_TOGETHER: Final = 10  # records are judged together


class Verdict(NamedTuple):
    """What is wrong with a record file; where that is nothing because of its content alone, what this is known by."""

    problems: Sequence[Problem]
    proven: bytes | None = None


_CLEAN: Final = Verdict(())


def verdicts(
    store: Store, paths: Sequence[str], ids: Collection[str], now: datetime, *, proving: bool = False
) -> Iterator[Verdict]:
    """What is to be said of each of the record files, in the order of `paths`; `ids` are those that links may name.

    With `proving` also what a content is known by that is clean by itself.
    """
    about = _About(frozenset(ids), now, are_many=len(paths) >= _MANY, proving=proving)
    groups = [paths[at : at + _TOGETHER] for at in range(0, len(paths), _TOGETHER)]
    prepare = partial(_judge, store.root, store.git.env, spoken_now(), about)
    found = in_order(prepare, groups, enough=ENOUGH // _TOGETHER, at_once=AT_ONCE // _TOGETHER)
    return chain.from_iterable(found)


class _About(NamedTuple):
    """What all records are judged by, beside the settings."""

    ids: Collection[str]
    now: datetime
    are_many: bool
    proving: bool


def _judge(root: Path, env: Mapping[str, str], language: str, about: _About) -> _Judge:
    speak(language)  # in a process of its own nobody has said yet which
    store = Store(root, env)
    registers = _Registers(store.settings.named_in)
    settings = store.settings.with_registers(registers)
    judged = validate.fields_judged(settings.profile) if about.are_many else frozenset[str]()
    names_in = lru_cache(1)(partial(_names_in, root))  # of a day, whose records come one after the other
    return _Judge(store, settings, registers, about, judged, names_in)


def _names_in(root: Path, folder: str) -> Collection[str] | None:
    """What lies in a folder, without regard to case, as some systems look for it; None: it may not be read."""
    try:
        with os.scandir(f"{root}/{folder}") as found:
            return {item.name.casefold() for item in found}
    except OSError:
        return None


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
    """Judges record files by the rules of their store; called with their paths it gives the verdicts on them.

    What is recognised as the form that cpl writes is read no further than to the fields `judged`; none: all are read.
    """

    store: Store
    settings: Settings
    registers: _Registers
    about: _About
    judged: Collection[str]
    names_in: Callable[[str], Collection[str] | None]

    def __call__(self, paths: Sequence[str]) -> list[Verdict]:
        """Each step is done with all files before the next: so the processor has at hand what a step needs."""
        contents = [*map(self.store.bytes_of, paths)]
        return [*map(self._verdict, paths, contents, self._records(contents))]

    def _records(self, contents: Sequence[bytes | Problem]) -> list[Record | None]:
        """The record of each content, where it has the form that cpl writes."""
        if not self.judged:
            return [None if isinstance(data, Problem) else quick.read(data) for data in contents]
        fronts = [None if isinstance(data, Problem) else quick.front(data) for data in contents]
        are_usual = [front is not None and recognise.is_head(front) for front in fronts]
        return [
            None if front is None else quick.partly(front, self.judged) if is_usual else quick.within(front)
            for front, is_usual in zip(fronts, are_usual, strict=True)
        ]

    def _verdict(self, path: str, data: bytes | Problem, record: Record | None) -> Verdict:
        if isinstance(data, Problem):
            return Verdict([data])
        if record is None:
            return Verdict(self._told(path, data))
        facts = self._facts(path, record)
        self.registers.were_asked = False
        if not validate.is_clean(record, self.settings, facts):
            # What is wrong, and in which line, takes the strict reader.
            return Verdict(self._told(path, data, facts))
        return Verdict((), key_of(data)) if self.about.proving and self._is_by_itself(record, facts) else _CLEAN

    def _is_by_itself(self, record: Record, facts: Facts) -> bool:
        """Whether the rules have looked at nothing but the record, and at the present only for its last event."""
        if self.registers.were_asked or facts.evidence or record.get("evidence") or record.get("links"):
            return False
        last = record.history[-1].at
        return all(event.data.get("recorded_at", last) <= last for event in record.history)

    def _told(self, path: str, data: bytes, facts: Facts | None = None) -> list[Problem]:
        entry = read_entry(path, data)
        found = list(entry.problems)
        if entry.document is None or entry.record is None or any(each.is_error for each in found):
            return found
        return found + validate.check(entry.document, self.settings, facts or self._facts(path, entry.record))

    def _facts(self, path: str, record: Record) -> Facts:
        names = self.names_in(path.rpartition("/")[0])
        has_evidence = names is None or record.id.casefold() in names
        evidence = self.store.evidence_of(path, record.id) if has_evidence else {}
        return Facts(path, self.about.now, evidence, self.about.ids)
