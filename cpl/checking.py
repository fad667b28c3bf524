"""Every record of a store judged, in several processes where there are many; the settings are judged elsewhere."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Final

from cpl import quick, recognise, validate
from cpl.errors import Problem
from cpl.language import speak, spoken_now
from cpl.parallel import in_order
from cpl.record import Record
from cpl.store import Store, read_entry
from cpl.validate import Facts
from cpl.values import frozen

_MANY: Final = 300  # records from which on it pays to compile the patterns of `recognise`


def problems(store: Store, paths: Sequence[str], ids: Collection[str], now: datetime) -> Iterator[list[Problem]]:
    """What is wrong with each of the record files, in the order of `paths`; `ids` are those that links may name."""
    prepare = partial(_judge, store.root, store.git.env, spoken_now())
    return in_order(partial(prepare, ids=frozenset(ids), now=now, are_many=len(paths) >= _MANY), paths)


def _judge(
    root: Path, env: Mapping[str, str], language: str, *, ids: Collection[str], now: datetime, are_many: bool
) -> _Judge:
    speak(language)  # in a process of its own nobody has said yet which
    store = Store(root, env)
    return _Judge(store, ids, now, validate.fields_judged(store.settings.profile) if are_many else frozenset())


@frozen
class _Judge:
    """Judges record files by the rules of their store; called with a path it gives the problems of the file there.

    What is recognised as the form that cpl writes is read no further than to the fields `judged`; none: all are read.
    """

    store: Store
    ids: Collection[str]
    now: datetime
    judged: Collection[str]

    def __call__(self, path: str) -> list[Problem]:
        data = self.store.bytes_of(path)
        if isinstance(data, Problem):
            return [data]
        record = self._read(data)
        if record is None:
            return self._told(path, data)
        facts = self._facts(path, record)
        # With nearly all it ends here; what is wrong with the others, and in which line, takes the strict reader.
        return [] if validate.is_clean(record, self.store.settings, facts) else self._told(path, data, facts)

    def _read(self, data: bytes) -> Record | None:
        front = quick.front(data) if self.judged else None
        record = quick.partly(front, self.judged) if front is not None and recognise.is_head(front) else None
        return quick.read(data) if record is None else record

    def _told(self, path: str, data: bytes, facts: Facts | None = None) -> list[Problem]:
        entry = read_entry(path, data)
        found = list(entry.problems)
        if entry.document is None or entry.record is None or any(each.is_error for each in found):
            return found
        return found + validate.check(entry.document, self.store.settings, facts or self._facts(path, entry.record))

    def _facts(self, path: str, record: Record) -> Facts:
        return Facts(path, self.now, self.store.evidence_of(path, record.id), self.ids)
