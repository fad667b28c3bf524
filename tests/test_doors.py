"""The table of doors in the docs is true: each bad change is made for real, and none passes CI or a server."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests import doors


@pytest.mark.parametrize("name", doors.names())
def test_page_says_where_a_bad_change_is_caught(name: str, desk_model: Path, tmp_path: Path) -> None:
    row = doors.row(name, doors.copied(desk_model, tmp_path))
    assert row in doors.PAGE.read_text(encoding="utf-8").splitlines(), "run: python -m tests.doors"
    assert re.search(r"( \| (E\d{3}(, E\d{3})*|refused)){2} \|$", row)


def test_page_has_no_other_rows() -> None:
    page = doors.PAGE.read_text(encoding="utf-8")
    named = re.findall(r"^\| (.*?)(?: \| [^|]*){4} \|$", page, re.MULTILINE)
    assert [name for name in named if name not in ("way in", "change")] == doors.names()
