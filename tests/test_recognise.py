"""Rows that are recognised by patterns: they are those that the readers give, of records that have no fault of form."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cpl import document, index_rows, recognise
from cpl.recognise import Row
from cpl.store import read_entry
from tests.ledger import record_text
from tests.test_quick import PATHS, edit, fronts, texts

USUAL = """\
---
id: CPL-20261122-7K3QDXZ
title: 3号楼2单元门禁报修两周未处理, again
kind: complaint
status: resolving
nature: A
severity: important
category: equipment/access-control
tags: [a, b/c]
channel: phone
received_at: 2026-11-22T09:14:00+08:00
location: {site: 锦绣花园, building: '3', unit: '2', room: it's, spot: 单元门}
object: door
cause: wear
complainant: {name: 王女士, phone: '13800001234', role: owner, people: 2}
lead: li.na
departments: [engineering, 客服]
assignee: 'zhao, qiang'
demands: [立即修复门禁, '解释原因, 书面']
order: {size: minor, paid: false, price: 12.50, crew: [a, b], appointment: 2026-11-23T09:00:00.500+08:00}
finding: {responsible: engineering, share: full, cause: management-gap, text: it's worn}
links: [{as: same-cause, id: CPL-20261116-M4T8RAE}]
source: {system: nyc311, key: '40611598', clocks: [resolve]}
history:
- {at: 2026-11-22T09:14:00+08:00, by: li.na, to: received}
- {at: 2026-11-22T09:14:00.001+08:00, by: li.na, did: contact, via: phone, about: acknowledge, reached: true}
- {at: 2026-11-22T09:20:00+08:00, by: li.na, did: assign, set: {departments: [engineering], assignee: a}, was: {}}
- {at: 2026-11-22T09:24:00+08:00, by: 'O''Hara, Ann', did: handover, text: 'taken: over, to: closed'}
- {at: 2026-11-22T10:00:00+08:00, by: li.na, did: classify, set: {severity: important}, was: {}, reason: seen}
- {at: 2026-11-22T11:00:00+08:00, by: it's me, to: resolving, recorded_at: 2026-11-22T12:00:00+08:00}
- {at: 2026-11-22T11:30:00+08:00, by: li.na, did: agree, clock: resolve, due: 2027-01-31T12:00:00+08:00}
- {at: 2026-11-22T12:00:00+08:00, by: li.na, did: follow-up, via: phone, about: desk, reached: true, satisfied: false}
- {at: 2026-11-22T12:10:00+08:00, by: li.na, to: on-hold, reason: '等, 配件', until: 2026-11-30T12:00:00+08:00}
- {at: 2026-11-22T12:20:00+08:00, by: li.na, did: done, task: t-9f3k, reason: no}
- {at: 2026-11-22T12:30:00+08:00, by: li.na, did: sign-off, about: plan, who: sun.wei}
tasks:
- {id: t-9f3k, kind: promise, text: '-', who: z, made_at: 2026-11-22T13:31:00+08:00, due: 2026-11-23T18:00:00+08:00}
- {id: t-9f3m, kind: step, text: '-'}
---
## Description
Straße, ＡＢＣ，ﬁn…
"""


def recognised(data: bytes) -> Row | None:
    """The row that is recognised; where one is, there is no fault of form, and the readers give the same."""
    [found] = recognise.rows([data])
    if found is not None:
        assert read_entry("record.md", data).problems == ()
        assert found == index_rows.read_row(data)
    return found


def test_everything_usual_is_recognised() -> None:
    row = recognised(USUAL.encode())
    assert row is not None
    assert (row.moved_to, row.has_open_tasks, row.links) == ("on-hold", True, ("CPL-20261116-M4T8RAE",))
    assert row.facets[6:] == ("li.na", "zhao, qiang", '["engineering", "客服"]', "3", "2", "it's")
    assert recognised(USUAL.partition("## ")[0].removesuffix("\n").encode()) is not None


SHORT = record_text("17T10:00 did: contact, via: phone, about: acknowledge", fields="object: door\n")

UNUSUAL = {
    "comment": ("object: door\n", "object: door # x\n"),
    "null": ("object: door", "object: null"),
    "nothing": ("object: door", "object:"),
    "order of the keys": ("object: door\n", "object: door\nnature: A\n"),
    "key that stands twice": ("object: door", "object: door\nobject: door"),
    "key that stands twice in braces": ("object: door", "location: {building: a, building: a}"),
    "comma at the end": ("object: door", "location: {building: a, }"),
    "wrong id": ("id: CPL-20261116-AAAAAA", "id: CPL-20261116-AAAAAB"),
    "day that does not exist": ("2026-11-17", "2026-11-31"),
    "no such hour": ("T10:00", "T24:00"),
    "another offset": ("at: 2026-11-17T10:00:00+08:00", "at: 2026-11-17T10:00:00+09:00"),
    "event out of order": ("at: 2026-11-17", "at: 2026-11-15"),
    "events of one instant": ("at: 2026-11-17T10:00", "at: 2026-11-16T09:00"),
    "verb that is not known": ("did: contact", "did: contakt"),
    "void": (
        "did: contact, via: phone, about: acknowledge",
        "did: void, event: {at: 2026-11-16T09:00:00+08:00, to: a}",
    ),
    "no history": (SHORT[SHORT.index("history:") : -4], "history: []\n"),
    "CRLF": ("\n", "\r\n"),
    "BOM": ("---\nid", "\ufeff---\nid"),
    "front matter that is not closed": ("}\n---\n", "}\n"),
    "conflict in the body": ("}\n---\n", "}\n---\n<<<<<<< a\n=======\n>>>>>>> b\n"),
    "control character": ("object: door", "object: 'do\x07or'"),
    "hidden line end": ("object: door", "object: do\u2028or"),
}


@pytest.mark.parametrize(("before", "after"), UNUSUAL.values(), ids=UNUSUAL)
def test_of_anything_unusual_nothing_is_said(before: str, after: str) -> None:
    assert recognised(SHORT.encode()) is not None
    assert before in SHORT
    assert recognise.rows([SHORT.replace(before, after).encode()]) == [None]


def test_a_head_ends_where_the_history_begins() -> None:
    front = SHORT.removeprefix("---\n").partition("\n---")[0] + "\n"
    assert recognise.is_head(front)
    assert not recognise.is_head(front.replace("\nhistory:\n", "\n"))
    assert not recognise.is_head(front.replace("\nhistory:\n", "\nhistory: []\n"))
    assert not recognise.is_head(front.partition("history:\n")[0])


def test_bytes_that_are_no_text_and_files_too_large_are_left_to_the_readers() -> None:
    others = [
        SHORT.encode() + b"\xff",
        SHORT.encode() + b"a" * (1 << 20),
        SHORT.replace("door", "d" * (1 << 17)).encode(),
    ]
    usual = USUAL.encode()
    assert recognise.rows([usual, *others, usual]) == [recognised(usual), None, None, None, recognised(usual)]


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_records_of_the_examples_have_the_rows_that_the_readers_give(path: Any) -> None:
    recognised(path.read_bytes())


HOSTILE = ["a: " * 15_000, "x" * 15_000, "a, " * 15_000, "'" * 15_000, "a/" * 15_000, "\n- {at: " * 5_000]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_refused_at_once(text: str) -> None:
    for around in ("door{}", "'door{}", "door\ndemands: [{}"):
        recognised(SHORT.replace("door", around.format(text)).encode())
    for around in ("by: {}", "by: 'a{}", "by: a, to: b, reason: {}"):
        recognised(USUAL.replace("by: it's me", around.format(text)).encode())


@given(fronts, texts)
@settings(max_examples=100)
def test_whatever_cpl_writes_has_the_row_that_the_readers_give(front: dict[str, Any], body: str) -> None:
    recognised(document.new(front, body).encode())


def altered(chance: random.Random) -> bytes:
    """A record that was edited; two of three times one of which everything is recognised."""
    return edit(chance, [USUAL, SHORT]) if chance.random() < 0.7 else edit(chance)


@given(st.randoms(use_true_random=True).map(altered))
@settings(max_examples=600)
def test_edited_records_have_the_row_that_the_readers_give_or_none(data: bytes) -> None:
    recognised(data)


def is_utf8(text: str) -> bool:
    return not any("\ud800" <= each <= "\udfff" for each in text)


@given((st.text() | texts | st.text(st.sampled_from("Ab，。Ａ…门「ß\u2014\u3000"))).filter(is_utf8))
def test_case_is_folded_as_python_folds_it(text: str) -> None:
    assert recognise.folded(text, text.encode()) == text.casefold().encode()
