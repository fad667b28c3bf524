"""Three clones that sync in random order; the full play is `python -m tests.bench.sync`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import clones
from tests.bench.sync import is_well
from tests.three_clones import Office


def test_three_clones_end_the_same_and_nothing_is_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in clones.environment().items():
        monkeypatch.setenv(name, value)
    result = Office(tmp_path, seed=4).play(6)
    assert is_well(result), result
    assert (result.clones, result.operations, result.lost) == (3, 18, 0)
    assert result.row().endswith("| 0 |")
