"""An import's rows become new records with their ids, or reasons why not; it reads and writes no file."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import field
from datetime import date, datetime
from gettext import gettext as _
from typing import Any

from cpl import document as documents
from cpl.config import Settings
from cpl.conversion import Reading, RowRejected, Unmatched, body, columns_of, convert
from cpl.document import Document
from cpl.errors import Invalid, Problem
from cpl.mapping import ImportMap
from cpl.record import ALPHABET, day_of, local_day, make_id
from cpl.tables import Row
from cpl.values import frozen

Judge = Callable[[Document], Iterable[Problem]]
"""What is wrong with a new record, whose path is that of the document's source."""


@frozen
class New:
    """A row that became a record."""

    row: int
    document: Document
    unmatched: tuple[Unmatched, ...]


@frozen
class Known:
    """A row whose complaint the store already has, as the record `id`."""

    row: int
    id: str


@frozen
class Rejected:
    """A row that was not taken in, and why."""

    row: int
    reason: str


Outcome = New | Known | Rejected


@frozen
class Report:
    """What became of a table's rows, in their order."""

    new: tuple[New, ...]
    known: tuple[Known, ...]
    rejected: tuple[Rejected, ...]

    @property
    def unmatched(self) -> list[tuple[Unmatched, int]]:
        """Values without an entry with how often each came in, by column, the most frequent first."""
        counts = Counter(each for new in self.new for each in new.unmatched)
        return sorted(counts.items(), key=lambda item: (item[0].column, -item[1], item[0].value))


def report(outcomes: Iterable[Outcome]) -> Report:
    """The report on `outcomes`."""
    every = tuple(outcomes)
    return Report(
        tuple(each for each in every if isinstance(each, New)),
        tuple(each for each in every if isinstance(each, Known)),
        tuple(each for each in every if isinstance(each, Rejected)),
    )


@frozen
class Present:
    """What the store holds: ids by source and key, all ids, and those of records that can't be read."""

    keys: Mapping[tuple[str, str], str] = field(default_factory=dict)
    ids: frozenset[str] = frozenset()
    unreadable: frozenset[str] = frozenset()


class Importer:
    """One run over a table; it remembers the keys and ids that it has given out."""

    def __init__(
        self, mapping: ImportMap, settings: Settings, now: datetime, *, present: Present, judge: Judge
    ) -> None:
        self.mapping = mapping
        self.settings = settings
        self.now = now
        self.present = present
        self.judge = judge
        self._rows: dict[str, int] = {}
        self._ids = set(present.ids)

    def outcomes(self, rows: Iterable[Row]) -> Iterator[Outcome]:
        """What becomes of each row."""
        for row in rows:
            try:
                yield self._take(row)
            except RowRejected as error:
                yield Rejected(row.number, str(error))

    def _take(self, row: Row) -> New | Known:
        if row.fault is not None:
            raise RowRejected(row.fault)
        reading = Reading(self.mapping, row.cells)
        key = reading.text(self.mapping.key)
        if key is None:
            raise RowRejected(_("there is no key: {columns}").format(columns=columns_of(self.mapping.key)))
        if key in self._rows:
            message = _("the key '{key}' is also that of row {row}")
            raise RowRejected(message.format(key=key, row=self._rows[key]))
        known = self.present.keys.get((self.mapping.system, key))
        outcome = self._new(row, key, reading) if known is None else Known(row.number, known)
        self._rows[key] = row.number
        return outcome

    def _new(self, row: Row, key: str, reading: Reading) -> New:
        fields = convert(reading, key, self.settings.profile, self.now)
        identifier = self._free_id(key, local_day(fields["received_at"], self.settings.zone))
        path = f"records/{day_of(identifier)}/{identifier}.md"
        document = _document({"id": identifier, **fields}, body(reading), path)
        wrong = next((each for each in self.judge(document) if each.is_error), None)
        if wrong is not None:
            raise RowRejected(f"{wrong.code} {wrong.message}")
        self._ids.add(identifier)
        return New(row.number, document, tuple(reading.unmatched))

    def _free_id(self, key: str, day: date) -> str:
        counter = 0
        while (identifier := identify(self.mapping.system, key, day, counter)) in self._ids:
            if identifier in self.present.unreadable:
                message = _("the record {id} may be this one, but can't be read; mend it first: cpl check {id}")
                raise RowRejected(message.format(id=identifier))
            counter += 1
        return identifier


def _document(front: Mapping[str, Any], text: str, path: str) -> Document:
    try:
        document = documents.new(front, text, path=path)
    except Invalid as error:
        raise RowRejected(error.problems[0].message) from None
    size = len(document.encode())
    if size > documents.RECORD_LIMIT:
        message = _("the record would have {size} bytes, the limit is {limit}; leave long columns out")
        raise RowRejected(message.format(size=size, limit=documents.RECORD_LIMIT))
    return document


def identify(system: str, key: str, day: date, counter: int) -> str:
    """The id of a source's complaint, the same in every clone; `counter`: how many tries were taken."""
    digest = hashlib.sha256(f"{system}\0{key}\0{counter}".encode()).digest()
    number = int.from_bytes(digest[:4], "big") >> 2
    return make_id(day, "".join(ALPHABET[number >> shift & 31] for shift in range(25, -1, -5)))
