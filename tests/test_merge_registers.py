"""Registers that git merges: rows of both sides, and what both changed is left to people."""

from __future__ import annotations

import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cpl import driver, registers
from cpl.merge_registers import merged
from cpl.registers import REGISTERS
from cpl.store import Store
from tests.ledger import ROOT, Ledger

PRICES = REGISTERS["prices"]
ATTRIBUTES = "records/** -text\nrecords/registers/*.yaml -text merge=cpl\n"
ROWS = st.dictionaries(st.sampled_from("abcdef"), st.integers(1, 3), max_size=5)


def text(rows: dict[str, int]) -> bytes:
    """A price list of these codes; the first line is a comment."""
    lines = [f"- {{code: {code}, label: {{en: x}}, unit: piece, price: {price}}}" for code, price in rows.items()]
    return ("# prices\nrows:\n" + "".join(f"{line}\n" for line in lines)).encode() if lines else b"rows: []\n"


def prices(data: bytes | None) -> dict[str, int] | None:
    if data is None:
        return None
    rows = registers.read(lambda _path: data, "prices")
    return {row["code"]: int(row["price"]) for row in rows}


@given(ROWS, ROWS, ROWS)
def test_each_row_is_merged_by_itself(base: dict[str, int], ours: dict[str, int], theirs: dict[str, int]) -> None:
    expected: dict[str, int] | None = {}
    for code in {**ours, **theirs, **base}:
        was, mine, other = base.get(code), ours.get(code), theirs.get(code)
        is_clash = mine != was != other and mine != other
        value = other if mine == was else mine
        if is_clash:
            expected = None
            break
        if value is not None and expected is not None:
            expected[code] = value
    assert prices(merged(PRICES, text(base), text(ours), text(theirs))) == expected


@given(ROWS, ROWS)
def test_what_only_one_side_changed_is_as_that_side_has_it(base: dict[str, int], changed: dict[str, int]) -> None:
    assert merged(PRICES, text(base), text(changed), text(base)) == text(changed)
    assert prices(merged(PRICES, text(base), text(base), text(changed))) == changed


def test_a_row_that_theirs_changed_keeps_its_comments_and_its_form() -> None:
    base = b"rows:\n- code: lock  # the usual one\n  label: {en: x}\n  unit: piece\n  price: 1\n  until: 2026-12-31\n"
    theirs = base.replace(b"price: 1", b"price: 2").replace(b"  until: 2026-12-31\n", b"  note: new\n")
    ours = base + b"- {code: key, label: {en: x}, unit: piece, price: 3}\n"
    expected = ours.replace(b"price: 1", b"price: 2").replace(b"  until: 2026-12-31\n", b"  note: new\n")
    assert merged(PRICES, base, ours, theirs) == expected


def test_what_theirs_changed_beside_the_rows_is_not_lost() -> None:
    base = text({"a": 1})
    assert merged(PRICES, base + b"x-year: 2026\n", base + b"x-year: 2026\n", base + b"x-year: 2027\n") is None
    assert merged(PRICES, base, text({"a": 2}), base + b"x-year: 2027\n") is None
    assert merged(PRICES, base, text({"a": 2}) + b"x-year: 2027\n", base) == text({"a": 2}) + b"x-year: 2027\n"


@pytest.mark.parametrize("broken", [b"rows: {}\n", b"rows:\n- {code: a}\n", text({"a": 1}) + text({})])
def test_what_can_not_be_read_is_left_to_a_merge_of_texts(broken: bytes) -> None:
    assert merged(PRICES, text({}), broken, text({"a": 1})) is None
    assert merged(PRICES, text({}), text({"a": 1}), broken) is None


def test_a_file_that_both_sides_made_has_the_rows_of_both() -> None:
    assert prices(merged(PRICES, b"", text({"a": 1}), text({"b": 2}))) == {"a": 1, "b": 2}


@pytest.mark.parametrize("folder", ["", "estates/north"], ids=["at-the-top", "in-a-subfolder"])
def test_git_merges_rows_that_two_clones_added(ledger: Ledger, folder: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    assert driver.register(Store(ledger.root))
    (ledger.root / ".gitattributes").write_text(ATTRIBUTES.replace("records", f"{folder}/records".lstrip("/")), "utf-8")
    path = ledger.root / folder / "records" / "registers" / "prices.yaml"
    path.parent.mkdir(parents=True)
    path.write_bytes(text({"a": 1}))
    ledger.commit()
    ledger.git("switch", "--quiet", "--create", "theirs")
    path.write_bytes(text({"a": 2, "b": 1}))
    ledger.commit()
    ledger.git("switch", "--quiet", "main")
    path.write_bytes(text({"a": 1, "c": 1}))
    ledger.commit()
    ledger.git("merge", "--quiet", "theirs")
    assert path.read_bytes() == text({"a": 2, "c": 1, "b": 1})
    path.write_bytes(text({"a": 3, "c": 1, "b": 1}))
    ledger.commit()
    ledger.git("switch", "--quiet", "theirs")
    path.write_bytes(text({"a": 4, "b": 1}))
    ledger.commit()
    done = subprocess.run(["git", "merge", "main"], cwd=ledger.root, capture_output=True, text=True)
    assert done.returncode == 1
    assert path.read_text("utf-8").count("<<<<<<<") == 1
