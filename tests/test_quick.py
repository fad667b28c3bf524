"""The quick reader: what it reads is what the strict one reads, and the form that cpl writes it reads."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cpl import document, quick
from cpl.events import Event
from cpl.moments import MILLISECOND
from cpl.record import ALPHABET, Record, make_id
from cpl.store import read_entry
from tests.ledger import ROOT, record_text

PATHS = sorted([*(ROOT / "records").rglob("CPL-*.md"), *(ROOT / "tests" / "examples").rglob("CPL-*.md")])


def shape(value: Any) -> Any:
    """A value with the types of all its parts and the order of its keys, but without the lines of events."""
    match value:
        case Record():
            return shape(value.fields), shape(value.history), shape(value.events)
        case Event():
            return type(value), shape([value.at, value.by, value.to, value.did]), shape(value.data)
        case Mapping():
            return type(value), [(name, shape(each)) for name, each in value.items()]
        case list() | tuple():
            return type(value), [shape(each) for each in value]
    return type(value), repr(value)


def agreed(data: bytes) -> Record | None:
    """What the quick reader says; when it says something, the strict one has to say the same, and no problem."""
    found = quick.read(data)
    if found is not None:
        entry = read_entry("record.md", data)
        assert entry.problems == ()
        assert entry.record == found
        assert shape(entry.record) == shape(found)
    return found


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_records_of_which_nothing_is_to_be_said_are_read(path: Path) -> None:
    data = path.read_bytes()
    assert (agreed(data) is not None) == (read_entry("record.md", data).problems == ())


FULL = """\
---
id: CPL-20261122-7K3QDXZ
title: '3号楼 #2: it''s "shut"'
kind: complaint
status: resolving
nature: A
severity: important
category: equipment/access-control
tags: [a, b/c]
channel: phone
received_at: 2026-11-22T09:14:00+08:00
location: {site: 锦绣花园, building: '3', unit: '2', room: '1201', x-door: [left, right], x-at: {floor: '1', of: [a]}}
object: -door:2
complainant: {name: 王女士, phone: '13800001234', people: 2, others: [{name: 'Hall, Ann', room: '12'}, {name: Bo}]}
lead: li.na
departments: [engineering]
assignee: zhao.qiang
demands: [立即修复门禁, '解释原因, 书面']
order: {size: minor, paid: false, price: 12.50, crew: [a, b], appointment: 2026-11-23T09:00:00.500+08:00}
finding: {responsible: engineering, share: full, cause: management-gap, text: it's worn}
links:
- {as: same-cause, id: CPL-20261116-M4T8RAE}
source: {system: nyc311, key: '40611598', clocks: [resolve]}
x-own: [a, {b: c}]
x-旧编号: A-17
history:
- {at: 2026-11-22T09:14:00+08:00, by: li.na, to: received}
- {at: 2026-11-22T09:20:00+08:00, by: li.na, did: assign, set: {departments: [engineering]}, was: {}}
- {at: 2026-11-22T01:24:00Z, by: zhao.qiang, did: handover, text: 'taken: over'}
- {by: li.na, at: 2026-11-22T09:31:00.001+08:00, did: contact, via: phone, about: acknowledge, reached: true}
- {at: 2026-11-22T10:00:00+08:00, by: li.na, did: classify, set: {severity: important}, was: {}, reason: seen}
- {at: 2026-11-22T11:00:00+08:00, by: zhao.qiang, to: resolving, recorded_at: 2026-11-22T12:00:00+08:00, x-a: {b: [c]}}
- {at: 2026-11-22T12:00:00+08:00, by: li.na, did: follow-up, via: phone, about: desk, scores: {attitude: 5, 态度: 4}}
- {at: 2026-11-22T12:10:00+08:00, by: li.na, did: join, people: 2}
- {at: 2026-11-22T12:20:00+08:00, by: li.na, did: void, event: {at: 2026-11-22T12:10:00+08:00, did: join}, reason: no}
tasks:
- {id: t-9f3k, kind: promise, text: 修复门禁, who: zhao.qiang, due: 2026-11-23T18:00:00+08:00}
- {id: t-9f3m, kind: step, text: '-'}
evidence:
- {file: door.jpg, sha256: abc, taken_at: 2026-11-22}
---
## Description
A line

Underlined
=======
"""


def test_every_kind_of_value_is_read() -> None:
    assert agreed(FULL.encode()) is not None
    assert agreed(FULL.partition("## ")[0].removesuffix("\n").encode()) is not None


def test_values_of_one_record_are_its_own() -> None:
    first, second = quick.read(FULL.encode()), quick.read(FULL.encode())
    assert first is not None
    assert second is not None
    before = shape(second)
    first.fields["location"].clear()
    first.fields["location"]["x-at"] = {}
    for event in first.history:
        for value in event.data.values():
            if isinstance(value, dict):
                value.clear()
    assert shape(second) == before
    assert shape(quick.read(FULL.encode())) == before


PLAIN = record_text("17T10:00 did: contact, via: phone, about: acknowledge", fields="object: door\n")

UNUSUAL = {
    "comment": ("object: door\n", "object: door # x\n"),
    "comment line": ("object: door\n", "# x\nobject: door\n"),
    "empty line": ("object: door\n", "\nobject: door\n"),
    "double quotes": ("object: door", 'object: "door"'),
    "more blanks": ("object: door", "object:  door"),
    "blank at the end": ("object: door", "object: door "),
    "quoted key": ("object: door", "'object': door"),
    "null": ("object: door", "object: null"),
    "nothing": ("object: door", "object:"),
    "text on several lines": ("object: door", "object: |\n  door"),
    "block mapping": ("object: door", "location:\n  building: '3'"),
    "list of texts": ("object: door", "demands:\n- door"),
    "key that is not known": ("object: door", "objekt: door"),
    "key that stands twice": ("object: door", "object: door\nobject: door"),
    "key that stands twice in braces": ("object: door", "location: {building: a, building: a}"),
    "missing key": ("kind: complaint\n", ""),
    "wrong value": ("kind: complaint", "kind: a b"),
    "wrong id": ("id: CPL-20261116-AAAAAA", "id: CPL-20261116-AAAAAB"),
    "day that does not exist": ("2026-11-17", "2026-11-31"),
    "no seconds": ("at: 2026-11-17T10:00:00", "at: 2026-11-17T10:00"),
    "year out of bounds": ("at: 2026-11-17", "at: 3026-11-17"),
    "comma without blank": ("via: phone,", "via: phone,a, text: b,c,"),
    "full-width comma as separator": ("via: phone,", "via: phone，"),
    "verb that is not known": ("did: contact", "did: contakt"),
    "event without its field": (", via: phone", ""),
    "no history": (PLAIN[PLAIN.index("history:") : -4], "history: []\n"),
    "history in brackets": (
        PLAIN[PLAIN.index("history:") : -4],
        "history: [{at: 2026-11-16T09:00:00+08:00, by: a, to: received}]\n",
    ),
    "CRLF": ("\n", "\r\n"),
    "BOM": ("---\nid", "\ufeff---\nid"),
    "first line": ("---\nid", "--- \nid"),
    "no front matter": ("---\nid", "id"),
    "front matter that is not closed": ("}\n---\n", "}\n"),
    "blanks behind the closing line": ("}\n---\n", "}\n--- \n"),
    "closing line with more": ("}\n---\n", "}\n---x\n---\n"),
    "conflict in the body": ("}\n---\n", "}\n---\n<<<<<<< a\n=======\n>>>>>>> b\n"),
    "tab": ("object: door", "object: do\tor"),
    "control character": ("object: door", "object: 'do\x07or'"),
    "hidden line end": ("object: door", "object: do\u2028or"),
    "anchor": ("object: door", "object: &a door"),
}


@pytest.mark.parametrize(("before", "after"), UNUSUAL.values(), ids=UNUSUAL)
def test_unusual_form_is_left_to_the_strict_reader(before: str, after: str) -> None:
    assert agreed(PLAIN.encode()) is not None
    assert before in PLAIN
    assert quick.read(PLAIN.replace(before, after).encode()) is None


def test_bytes_that_are_no_text_and_files_too_large_are_left_to_the_strict_reader() -> None:
    assert quick.read(PLAIN.encode() + b"\xff") is None
    assert quick.read(PLAIN.encode() + b"a" * (1 << 20)) is None
    assert quick.read(PLAIN.replace("door", "d" * (1 << 18)).encode()) is None
    assert quick.read(b"") is None


@pytest.mark.parametrize(
    "text", ["a: " * 60_000, "x" * 60_000, "x-a: {" * 20_000, "x-a: '" * 20_000, "\n- {at: " * 20_000]
)
def test_hostile_text_is_refused_at_once(text: str) -> None:
    for around in ("{}", "x-a: {}\n", "x-a: {{{}}}\n", "history:\n- {{at: {}}}\n"):
        assert agreed(f"---\n{around.format(text)}---\n".encode()) is None


texts = st.text(st.sampled_from("ab1门 -:#,.'?x\u3000{}[]&*!|>%@`=~/\\\"") | st.characters(), min_size=1, max_size=12)
names = st.sampled_from(
    ["a", "b/c", "management-gap", "no", "0302", "1e5", "12:30", "门禁", "null", "~", "true", "x.y"]
)
instants = st.integers(0, 1100 * 365 * 86_400_000).map(
    lambda number: datetime(1900, 1, 1, tzinfo=timezone(timedelta(hours=8))) + number * MILLISECOND
)
ids = st.builds(make_id, st.dates(date(1900, 1, 1), date(2999, 12, 31)), st.text(ALPHABET, min_size=6, max_size=6))
keys = st.sampled_from(["a", "态度", "x-y"])
inner = st.text(st.sampled_from("ab1门 -:#,.'?\""), max_size=12)  # brackets in brackets in brackets are unusual
own = texts | st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3)
people = {"name": inner, "phone": st.from_regex("[0-9]{1,11}", fullmatch=True), "role": names}


def some(fields: Mapping[str, Any], **required: Any) -> Any:
    """A mapping with what is required and some of the other fields."""
    return st.fixed_dictionaries(required, optional=dict(fields))


changes = some({"kind": names, "nature": names, "severity": names, "category": names})
deeds = {
    "assign": {"set": some({"assignee": names, "departments": st.lists(names, max_size=2)})},
    "handover": {},
    "contact": {"via": names, "about": names, "reached": st.booleans()},
    "classify": {"set": changes, "was": changes, "reason": texts},
    "correct": {"set": some({"received_at": instants}), "reason": texts},
    "agree": {"clock": names, "due": instants},
    "drop": {"task": names, "reason": texts},
    "join": {"people": st.integers(1, 99)},
    "follow-up": {"via": names, "about": names, "scores": st.dictionaries(keys, st.integers(-9, 9), max_size=2)},
    "void": {"event": some({}, at=instants, to=names), "reason": texts},
}
more = {"text": texts, "recorded_at": instants, "recorded_by": texts, "x-own": own}
moves = some({**more, "reason": texts, "until": instants}, at=instants, by=texts, to=names)
events = moves | st.one_of(
    [some(more, at=instants, by=texts, did=st.just(verb), **fields) for verb, fields in deeds.items()]
)
fields = {
    "severity": names,
    "tags": st.lists(names, max_size=3),
    "location": some({"site": texts, "room": texts, "x-door": own}),
    "complainant": some(
        {**people, "x-more": own, "people": st.integers(1, 9), "others": st.lists(some(people), max_size=2)}
    ),
    "demands": st.lists(texts, max_size=3),
    "order": some({"paid": st.booleans(), "price": st.decimals(-9999, 9999, places=2), "appointment": instants}),
    "links": st.lists(some({}, **{"as": names, "id": ids}), max_size=2),
    "tasks": st.lists(some({"due": instants}, id=st.just("t-9f3k"), kind=names, text=texts), max_size=2),
    "evidence": st.lists(some({"taken_at": st.dates(date(1900, 1, 1))}, file=texts, sha256=texts), max_size=2),
    "x-own": own,
}
fronts = some(
    fields,
    id=ids,
    title=texts,
    kind=names,
    status=names,
    received_at=instants,
    history=st.lists(events, min_size=1, max_size=4),
)


IN_DOUBLE_QUOTES = re.compile(rb'(?:: |- |, |\[)"')


@given(fronts, texts)
@settings(max_examples=150)
def test_what_cpl_writes_is_read_unless_it_needs_escapes(front: dict[str, Any], body: str) -> None:
    data = document.new(front, body).encode()
    found, entry = agreed(data), read_entry("record.md", data)
    assert found is not None or any(each.is_error for each in entry.problems) or IN_DOUBLE_QUOTES.search(data)


PIECES = [
    *"\t\r\n :,#'\"{}[]&*!|>%@`?-<=~0Aa.，：門\u3000\u2028\ufeff\x07\x85",
    *(
        ": ",
        ", ",
        " #",
        "null",
        "- ",
        "\n- ",
        "---\n",
        "...\n",
        "<<<<<<< a\n",
        "=======\n",
        "x-a: ",
        "''",
        "at: ",
        "\n\n",
        "\r\n",
    ),
    *(
        "# c\n",
        "? ",
        "|\n  a\n",
        "&a ",
        "*a",
        "!!str ",
        "<<: ",
        "status: closed\n",
        ",b",
        "{}",
        "[]",
        "x-null: {null: a}\n",
    ),
    *(
        "2026-02-30",
        "T24:00:00",
        "+25:00",
        "Z",
        "history:\n",
        "links:\n- a\n",
        "to: b",
        "did: done",
        "true",
        "1",
        "١",
        "\\",
    ),
]


HARMLESS = [*"ab19门._/+", "x y", "'it''s'", "2026", "T09:00:00+08:00", ""]
TEXTS = [FULL, PLAIN, *(path.read_text(encoding="utf-8") for path in PATHS)]


def edit(chance: random.Random, texts: Sequence[str] = ()) -> bytes:
    """A record with up to three places at which something was cut out or put in, often what does no harm there."""
    text = chance.choice(texts or TEXTS)
    for _number in range(chance.choice([1, 1, 1, 2, 3])):
        start = chance.randrange(text.find("\n---\n") + 6)
        end = start + chance.choice([0, 0, 0, 1, 1, 2, 20, 80])
        text = text[:start] + chance.choice(chance.choice([HARMLESS, PIECES])) + text[end:]
    return text.replace("\n", chance.choice([*["\n"] * 19, "\r\n"])).encode()


# Evenly spread, which hypothesis' own choices are not: they crowd at the beginning.
edited = st.randoms(use_true_random=True).map(edit)


@given(edited)
@settings(max_examples=600)
def test_edited_records_are_read_as_the_strict_reader_reads_them_or_not_at_all(data: bytes) -> None:
    agreed(data)
