"""What the index keeps of a record file: enough to tell which records a question is not about."""

from __future__ import annotations

import marshal
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any, Final

from cpl import files, freshness, recognise
from cpl.document import BOM, RECORD_LIMIT
from cpl.freshness import UNTRUSTED, Stamp
from cpl.index_file import key_of
from cpl.parallel import ENOUGH, in_order_anyhow
from cpl.recognise import FACETS, Row, as_facet, microseconds
from cpl.record import Record

_CLOSING: Final = "\n---"
_TOGETHER: Final = 50  # files whose contents are recognised together; so they stay in a processor's cache
_SENT: Final = 500  # files that a process gets at a time
_FEW: Final = 200  # records that are read in less time than it takes to compile the patterns that recognise them


COLUMNS: Final = tuple(name.replace(".", "_") for name in FACETS)
"""What the facets are called in the index."""

ROW: Final = (
    "id",
    "receipt",
    "known_from",
    "latest",
    "moved_to",
    "has_open_tasks",
    "is_linked",
    "is_faulty",
    *COLUMNS,
)
"""What the index calls the values of a row behind its number and its key."""

_NO_FACETS: Final = (None,) * len(FACETS)

RowsOf = Callable[[Sequence[bytes]], list[Row]]
Values = tuple[Any, ...]
Examined = tuple[Stamp | None, bytes | None, Values, tuple[str, ...]]
"""What a file is like: its stamp, the key of its content, the values of that one's row, the ids that it links to.

Without a key it can't be read, without a stamp it is gone; without values it was not parsed.
"""


def examine(root: Path, path: str) -> Examined:
    """A record file as it is now, not yet parsed."""
    stamp, data = _stamped(os.fspath(root), path)
    return stamp, None if data is None else key_of(data), (), ()


def examined(root: Path, paths: Sequence[str]) -> Iterator[Examined]:
    """Many record files as they are now, in their order, parsed by as many processes as the machine has cores."""
    rows_of = _rows if len(paths) > _FEW else _rows_read
    together = [paths[start : start + _TOGETHER] for start in range(0, len(paths), _TOGETHER)]
    enough, at_once = ENOUGH // _TOGETHER, _SENT // _TOGETHER
    found = in_order_anyhow(partial(_examiner, root, rows_of), together, enough=enough, at_once=at_once)
    return chain.from_iterable(map(marshal.loads, found))


def _examiner(root: Path, rows_of: RowsOf) -> Callable[[Sequence[str]], bytes]:
    return partial(_examined, os.fspath(root), rows_of)


def _examined(root: str, rows_of: RowsOf, paths: Sequence[str]) -> bytes:
    """A list of what the files are like, as bytes: other processes take these faster than what pickle makes of it."""
    found = [_stamped(root, path) for path in paths]
    contents = [data for _stamp, data in found if data is not None]
    keys = map(key_of, contents)
    rows = map(_values, rows_of(contents))
    examined = [(stamp, None, (), ()) if data is None else (stamp, next(keys), *next(rows)) for stamp, data in found]
    return marshal.dumps(examined)


def _values(row: Row) -> tuple[Values, tuple[str, ...]]:
    """The values of a row as sqlite3 takes them fastest, with numbers for true and false, and the links."""
    identifier, received, known_from, latest, moved_to, has_open_tasks, links, is_faulty, facets = row
    flags = int(has_open_tasks), int(bool(links)), int(is_faulty)
    return (identifier, received, known_from, latest, moved_to, *flags, *(facets or _NO_FACETS)), links


def _stamped(root: str, path: str) -> tuple[Stamp | None, bytes | None]:
    """The stamp from before a file was read, and its bytes; None for what is not there, or can't be read."""
    looked_at = time.time_ns()
    full = f"{root}/{path}"
    told: list[os.stat_result] = []
    try:
        data = files.read(full, RECORD_LIMIT, told)
    except files.Unreadable:
        return UNTRUSTED if os.path.lexists(full) else None, None
    return freshness.stamp_of(told[0], looked_at), data


def _rows(contents: Sequence[bytes]) -> list[Row]:
    """What is kept of these contents."""
    return [row or read_row(data) for row, data in zip(recognise.rows(contents), contents, strict=True)]


def _rows_read(contents: Sequence[bytes]) -> list[Row]:
    """The same, by the readers alone."""
    return [*map(read_row, contents)]


def read_row(data: bytes) -> Row:
    """What is kept of a content, by the readers."""
    from cpl.events import instants  # 40 ms that a process does not need that recognises all its records
    from cpl.groups import links_of

    record, text, is_faulty = _read(data)
    if record is None:
        return Row()
    fields = record.fields
    moves = [event.to for event in record.events if event.to is not None]
    links = links_of(record)
    latest = microseconds(max(instants(fields)))
    return Row(
        id=record.id,
        received=microseconds(record.received_at),
        known_from=microseconds(_known_from(record)),
        latest=max(latest, recognise.latest(text[: text.find(_CLOSING)]) or latest),
        moved_to=moves[-1] if moves else None,
        has_open_tasks="tasks" in fields and any(task.is_open for task in record.tasks),
        links=tuple(dict.fromkeys(to for _name, to in links)) if links else (),
        is_faulty=is_faulty,
        facets=tuple(_facets(fields)),
    )


def text_of(data: bytes) -> bytes:
    """The text of a file for searches, without regard to case."""
    try:
        return recognise.folded(data.decode().removeprefix(BOM), data.removeprefix(BOM.encode()))
    except UnicodeDecodeError:
        return data.decode("utf-8", "replace").casefold().encode()


def _read(data: bytes) -> tuple[Record | None, str, bool]:
    """The record that a content holds, its text, and whether its form has an error."""
    from cpl import quick
    from cpl.store import read_entry

    record = quick.read(data)
    if record is not None:
        return record, data.decode(), False
    entry = read_entry("", data)
    text = data.decode("utf-8", "replace") if entry.document is None else entry.document.text
    return entry.record, text, any(problem.is_error for problem in entry.problems)


def _known_from(record: Record) -> datetime:
    made: Iterator[datetime] = (task["made_at"] for task in record.fields.get("tasks", ()) if "made_at" in task)
    return max(record.received_at, record.history[-1].at, *made)


def _facets(fields: Mapping[str, Any]) -> Iterator[str | None]:
    for name in FACETS:
        first, _dot, part = name.partition(".")
        value = (fields.get(first) or {}).get(part) if part else fields.get(first)
        yield as_facet(value) if isinstance(value, tuple) else value


def from_facet(text: str | None, name: str) -> Any:
    """The value that a field had."""
    if text is None or name != "departments":
        return text
    import json  # 2 ms that most questions do not need

    return tuple(json.loads(text))
