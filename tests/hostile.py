"""Hostile input by chance: for each way in, a function that makes one input and gives it to cpl.

What cpl refuses in words is right; any other exception is a crash. `tests/test_hostile.py` runs a few of them,
`tests/bench/fuzz.py` as many as time allows.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from typing import Final

from cpl import clocks, config, merge, opinion, query, quick, settings_files, splicing, tables, validate
from cpl import document as documents
from cpl.config import Settings
from cpl.errors import CplError
from cpl.importing import Importer, Present
from cpl.mapping import read_mapping
from cpl.moments import month, parse_date, parse_duration, parse_instant, parse_zone, week
from cpl.record import Record
from cpl.settings_files import PROFILES
from cpl.store import Store, read_entry, template
from tests.ledger import CPL_YAML, EXAMPLES, NOW, RESIDENTIAL, ROOT, record, record_text, settings

Target = Callable[[random.Random], None]

PIECES: Final = (
    *("---\n", "\n", "\r\n", "\r", "- ", ": ", ":", ", ", ",", "{", "}", "[", "]", "'", '"', "''", '\\"', " #", "|"),
    *("|\n", "a: b\n", "x-a: ", "<<: *a", "&a", "*a", "!!python/object:os.system", "null", "~", "%", "@", "?", "..."),
    *("\0", "\x07", "\x1b[31m", "\x85", "\u2028", "\u202e", "\ufeff", "\ud800", "\U000e0041", "：", "，", "门禁"),
    *(
        "=",
        "!=",
        ">=",
        "<",
        ">",
        "building=",
        "received>=",
        "../",
        "/etc/passwd",
        "$(id)",
        "{0.__class__}",
        "%s",
        "=1+1",
    ),
    *("9" * 40, "-1", "1e999", "2026-02-30", "2999-12-31T23:59:59+23:59", "1900-01-01", "99999bd", "999mo", "2026-W53"),
    *("<<<<<<< a\n", "=======\n", ">>>>>>> b\n", "## Result\n", "```\n", "history:\n", "tasks: ", "status: ", "closed"),
    *("a" * 300, "(" * 50, " " * 200, "'" * 99, ":" * 99, "," * 99, "[" * 99, "\n" * 50, "\t", "\\x", "\\u0000"),
)
_LIKELY: Final = ("2026-11-17", "T10:00:00+08:00", "li.na", "24h", "CPL-20261118-M9S3467", "m9s", "kind", "complaint")


def text(chance: random.Random, most: int = 12) -> str:
    """A text of hostile pieces."""
    return "".join(chance.choices((*PIECES, *_LIKELY), k=chance.randrange(1, most)))


def changed(chance: random.Random, data: bytes) -> bytes:
    """`data` after some changes: pieces put in, stretches left out, repeated or from elsewhere, single bytes."""
    for _time in range(chance.randrange(1, 5)):
        start, end = sorted(chance.choices(range(len(data) + 1), k=2))
        end = min(end, start + chance.choice((0, 1, 8, 200)))
        put = chance.choice(
            (
                b"",
                data[start:end] * chance.choice((2, 50)),
                text(chance, 4).encode(errors="surrogatepass"),
                chance.randbytes(chance.randrange(1, 4)),
            )
        )
        data = data[:start] + put + data[end:]
    return data


@cache
def records() -> tuple[bytes, ...]:
    """Records as they should be."""
    return tuple(path.read_bytes() for path in sorted((EXAMPLES / "records").rglob("CPL-*.md")))


@cache
def _settings() -> Settings:
    return settings()


@cache
def _record() -> Record:
    return record(record_text("17T10:00 to: resolving", fields="location: {building: '3'}\n"))


@cache
def _store() -> Store:
    return Store(EXAMPLES)


def read_a_record(chance: random.Random) -> None:
    """Any bytes as a record's file: read by both readers, which agree; checked; and changed in one place."""
    data = changed(chance, chance.choice(records()))
    entry, found = read_entry("record.md", data), quick.read(data)
    assert found is None or (entry.record is not None and entry.record.fields == found.fields)
    if entry.document is None or any(each.is_error for each in entry.problems):
        return
    validate.check(entry.document, _settings(), validate.Facts("record.md", parse_instant(NOW)))
    if entry.record is not None:
        clocks.runs(entry.record, _settings().profile, _settings().worktime, parse_instant(NOW))
    with suppress(CplError):
        new = splicing.set_value(entry.document, ["title"], documents.clean_text(text(chance)))
        opinion.second_opinion(new)
        assert {**new.data, "title": ""} == {**entry.document.data, "title": ""}


def find_a_record(chance: random.Random) -> None:
    """Any text as a piece of an id."""
    with suppress(CplError):
        assert (EXAMPLES / _store().find(text(chance, 4))).is_file()


def ask_where(chance: random.Random) -> None:
    """Any text as a where-text, and what it means for a record."""
    with suppress(CplError):
        condition = query.predicate(query.parse(text(chance)), _settings().zone)
        assert condition(_record()) in (True, False)


def read_a_time(chance: random.Random) -> None:
    """Any text as an instant, a day, a period, a length of time or a zone."""
    for parse in (
        parse_instant,
        parse_date,
        parse_duration,
        parse_zone,
        lambda value: parse_instant(value, _settings().zone),
        lambda value: week(value, _settings().zone),
        lambda value: month(value, _settings().zone),
    ):
        with suppress(ValueError):
            parse(chance.choice((text(chance, 3), changed(chance, NOW.encode()).decode(errors="surrogateescape"))))


_TABLE: Final = b'No,Date,Kind\n1,2026-11-17,repair\n2,"a\nb",\n'
_LINES: Final = b'{"No": 1, "Date": "2026-11-17", "Kind": {"a": [1]}}\n{"No": 2}\n'
_MAPPING: Final = b"""\
format: 1
system: desk
key: {column: No}
timezone: America/New_York
dates: ['%m/%d/%y %H:%M', iso]
received: {column: Date}
title: {text: 'No. {No}'}
kind: {column: Kind, keep: x-kind, default: complaint, values: {fix: repair}}
events:
- {to: closed, at: {column: Date}}
body: {Description: {column: Kind}}
"""


def import_rows(chance: random.Random) -> None:
    """Any bytes as a table, and any as a mapping: rows become records that can be read, or are rejected."""
    with suppress(CplError):
        data = changed(chance, _MAPPING) if chance.random() < 0.5 else _MAPPING
        mapping, _problems = read_mapping(settings_files.parse(data, "map.yaml"), _settings())
        encoding = chance.choice((None, None, "utf-8", "gb18030", "utf-16", "idna", "rot13"))
        rows = tables.read(changed(chance, chance.choice((_TABLE, _LINES))), encoding=encoding, most=1 << 20).rows
        if mapping is not None:
            taken = Importer(mapping, _settings(), parse_instant(NOW), present=Present(), judge=lambda _document: ())
            for outcome in taken.outcomes(rows):
                assert outcome.row >= 1


def merge_three(chance: random.Random) -> None:
    """Any three texts as base, ours and theirs: merged, in conflict, or refused; then both stand in the file."""
    base = chance.choice(records())
    ours, theirs = (changed(chance, chance.choice((base, chance.choice(records())))) for _side in range(2))
    with suppress(merge.Unmergeable):
        merge.merge(chance.choice((base, None, changed(chance, base))), ours, theirs)
    whole = merge.whole(ours, theirs)
    assert all(line in whole for each in (ours, theirs) for line in each.split(b"\n"))


def load_settings(chance: random.Random) -> None:
    """Any bytes as cpl.yaml, as the profile and as a calendar's year; what is taken can be reckoned by."""
    hours = chance.choice((b"", b"hours: {mon-fri: ['08:30-12:00']}\ncalendar: cn\n"))
    own = changed(chance, CPL_YAML.encode() + hours)
    profile = changed(chance, RESIDENTIAL.read_bytes())
    which = chance.randrange(3)

    def files(path: str) -> bytes | None:
        if path == config.MARKER:
            return own if which == 0 else CPL_YAML.encode() + hours
        found = template(ROOT, path)
        if path.startswith(PROFILES):
            return profile if which == 1 and path.endswith(RESIDENTIAL.name) else found
        return changed(chance, found) if which == 2 and found is not None else found

    with suppress(CplError):
        loaded = config.load(files)
        clocks.runs(_record(), loaded.profile, loaded.worktime, parse_instant(NOW))


TARGETS: Final[dict[str, Target]] = {
    "record": read_a_record,
    "id": find_a_record,
    "where": ask_where,
    "time": read_a_time,
    "import": import_rows,
    "merge": merge_three,
    "settings": load_settings,
}
