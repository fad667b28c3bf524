"""Every clause of the procedures has a test that proves it."""

from __future__ import annotations

import pytest

from tests.clauses import REQUIREMENTS, codes, marked, without_test

SOME = """\
# What it must do (see (a) above; RO-9 is not here)

## AA · One
- AA-1 First: in particular (a) this; (b) that,
  and (c) more. - AA-2 as AA-1 (a), and (b) too.

## BB · Two
BB-1 All of it, by AA-3.
"""


@pytest.mark.skipif(not REQUIREMENTS.exists(), reason="the procedures are not at hand")
def test_every_clause_has_a_test() -> None:
    text = REQUIREMENTS.read_text(encoding="utf-8")
    assert without_test(text) == []


@pytest.mark.skipif(not REQUIREMENTS.exists(), reason="the procedures are not at hand")
def test_no_test_is_marked_with_a_clause_that_there_is_not() -> None:
    known = codes(REQUIREMENTS.read_text(encoding="utf-8"))
    assert len(known) > 60
    assert set(marked()) - {*known, *(part for parts in known.values() for part in parts)} == set()


def test_clauses_are_read_with_their_parts() -> None:
    assert codes(SOME) == {"AA-1": ["AA-1a", "AA-1b", "AA-1c"], "AA-2": [], "AA-3": [], "BB-1": []}
    assert without_test(SOME) == ["AA-1a", "AA-1b", "AA-1c", "AA-2", "AA-3", "BB-1"]
