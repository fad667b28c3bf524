"""The worked deadlines of tests/deadlines.md, against the walker."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest

from tests.deadlines import SHIPPED, Expected, Row, rows, walked

ROWS = rows()


def params(found: Iterable[Row]) -> list[Any]:
    """The rows as parameters, each marked with the clause that it proves."""
    return [
        pytest.param(row, id=str(row.number), marks=[pytest.mark.clause(row.clause)] if row.clause else [])
        for row in found
    ]


def stated(row: Row, found: Iterable[Expected]) -> list[Expected]:
    """`found` without the results that the row does not speak of."""
    return [
        replace(each, result=each.result if place >= len(row.expected) or row.expected[place].result else None)
        for place, each in enumerate(found)
    ]


def test_page_numbers_its_rows_from_1_and_has_enough_of_them() -> None:
    assert [row.number for row in ROWS] == list(range(1, len(ROWS) + 1))
    assert len(ROWS) >= 130


@pytest.mark.parametrize("row", params(row for row in ROWS if row.where.name != SHIPPED))
def test_walk_from_minute_to_minute_agrees_with_the_page(row: Row) -> None:
    assert stated(row, walked(row)) == list(row.expected)
