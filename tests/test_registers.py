"""Registers as values: typed rows, what is wrong with them, who lives in a room, what a price is on a day."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest

from cpl import registers
from cpl.errors import Invalid
from cpl.moments import Duration, parse_duration
from cpl.record import make_id
from cpl.registers import REGISTERS, Row
from tests.ledger import ONE

RESIDENT = (
    "{id: r-7kq2, name: 何奶奶, location: {building: '3', unit: '2', room: '1201'}, phone: '02088001234', born: 1938, "
    "blood_type: AB-, history: [hypertension], contacts: [{name: 何军, relation: son, phone: '13900001111'}], "
    "visits: {every: 1d, who: li.na}}"
)
POLICE = (
    f"{{id: a-0001, at: 2026-11-18T10:00:00+08:00, record: {ONE}, kind: police, who: Officer Zhou, office: Tianhe, "
    "officer: Officer Lin, signed: true, seen: [gate log of 17 November]}"
)


def rows(name: str, *lines: str) -> tuple[Row, ...]:
    """The rows of a register with these lines."""
    return registers.read(lambda _path: text(*lines).encode(), name)


def text(*lines: str) -> str:
    """A register of one row a line."""
    return "rows:\n" + "".join(f"- {line}\n" for line in lines)


def told(name: str, *lines: str) -> list[str]:
    """What is wrong with a register of these rows."""
    _document, _rows, problems = registers.load(REGISTERS[name], text(*lines).encode())
    return [str(each) for each in problems]


def test_a_resident_is_read_as_typed_values() -> None:
    assert rows("residents", RESIDENT) == (
        {
            "id": "r-7kq2",
            "name": "何奶奶",
            "location": {"building": "3", "unit": "2", "room": "1201"},
            "phone": "02088001234",
            "born": 1938,
            "blood_type": "AB-",
            "history": ("hypertension",),
            "contacts": ({"name": "何军", "relation": "son", "phone": "13900001111"},),
            "visits": {"every": parse_duration("1d"), "who": "li.na"},
        },
    )
    assert isinstance(rows("residents", RESIDENT)[0]["visits"]["every"], Duration)


def test_a_register_that_there_is_not_has_no_rows() -> None:
    assert registers.read(lambda _path: None, "prices") == ()


def test_a_register_with_errors_is_not_read() -> None:
    with pytest.raises(Invalid, match=r"registers/residents.yaml:2: E020 'nam' is not a known key here; did you mean"):
        rows("residents", RESIDENT.replace("name:", "nam:", 1))


@pytest.mark.parametrize(
    ("name", "lines", "expected"),
    [
        ("residents", [RESIDENT, RESIDENT], ":3: E300 'r-7kq2' stands in residents twice; keep one of the rows, or"),
        ("residents", [RESIDENT.replace("AB-", "C")], ":2: E014 'C' is not known here; there are: A, A+, A-, AB,"),
        ("residents", [RESIDENT.replace("1938", "38")], ":2: E022 "),
        ("access", [POLICE.replace(ONE, "CPL-1")], ":2: E030 'CPL-1' is not an id like CPL-20261122-7K3QDXZ"),
        ("access", [POLICE.replace(", signed: true", "")], ":2: E301 access a-0001 by 'police' lacks: signed (RQ-9)"),
        ("access", [POLICE.replace("signed: true", "signed: false")], ":2: E301 access a-0001 by 'police' lacks: sig"),
        (
            "access",
            [POLICE.replace("kind: police", "kind: other-lawyer, papers: [letter, mandate], fee: 0")],
            ":2: E301 access a-0001 by 'other-lawyer' lacks: approved_by, escort, papers: licence (RQ-9)",
        ),
        (
            "access",
            [POLICE.replace("office: Tianhe", "office: ' '")],
            ":2: E301 access a-0001 by 'police' lacks: office",
        ),
        (
            "access",
            [POLICE.replace("[gate log of 17 November]", "['']")],
            ":2: E301 access a-0001 by 'police' lacks: seen",
        ),
        (
            "access",
            [POLICE, POLICE.replace("a-0001", "a-0002").replace("signed", "corrects: a-0003, signed")],
            ":3: E303 'a-0002' corrects 'a-0003', and no other row has that name; did you mean 'a-0001'?",
        ),
        (
            "access",
            [POLICE.replace("signed", "corrects: a-0001, signed")],
            ":2: E303 'a-0001' corrects 'a-0001', and no",
        ),
        ("prices", ["{code: lock, label: {zh: 换锁芯}, unit: piece, price: 60 yuan}"], ":2: E022 '60 yuan' is not a"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(name: str, lines: list[str], expected: str) -> None:
    problems = told(name, *lines)
    assert any(each.startswith(f"records/registers/{name}.yaml{expected}") for each in problems), problems


@pytest.mark.parametrize("data", [b"", b"a: b\n", b"- {id: r-1}\n", b"\xff\n", b"rows: {a: b}\n"])
def test_what_is_no_register_is_told(data: bytes) -> None:
    _document, found, problems = registers.load(REGISTERS["residents"], data)
    assert found == ()
    assert [each for each in problems if each.is_error]


def test_rows_may_also_be_blocks_without_a_last_line_end() -> None:
    written = b"# prices of 2026\nrows:\n- code: lock\n  label: {en: new lock}\n  unit: piece\n  price: 60"
    assert registers.read(lambda _path: written, "prices")[0]["price"] == Decimal(60)


def test_a_price_counts_from_its_first_day_to_its_last() -> None:
    found = rows(
        "prices",
        "{code: lock, label: {en: new lock}, unit: piece, price: 60, until: 2026-12-31}",
        "{code: lock, label: {en: new lock}, unit: piece, price: 70, from: 2027-01-01}",
        "{code: lock, label: {en: new lock}, unit: piece, price: 65, from: 2027-03-01, until: 2027-03-31}",
    )
    prices = {
        on: registers.price_on(found, "lock", date.fromisoformat(on))
        for on in ("2026-12-31", "2027-01-01", "2027-03-31", "2027-04-01")
    }
    assert {on: row and row["price"] for on, row in prices.items()} == {
        "2026-12-31": 60,
        "2027-01-01": 70,
        "2027-03-31": 65,
        "2027-04-01": 70,
    }
    assert registers.price_on(found, "tap", date(2027, 1, 1) + timedelta(days=1)) is None


@pytest.mark.parametrize(
    ("location", "is_theirs"),
    [
        ({"building": "3", "unit": "2", "room": "1201"}, True),
        ({"room": "1201"}, True),
        ({"building": "3", "room": "1201", "spot": "kitchen"}, True),
        ({"building": "4", "unit": "2", "room": "1201"}, False),
        ({"building": "3", "unit": "2", "room": "1202"}, False),
        ({"building": "3", "unit": "2"}, False),
        ({}, False),
    ],
)
def test_a_resident_is_found_by_the_room(location: dict[str, str], is_theirs: bool) -> None:
    found = registers.residents_of(rows("residents", RESIDENT), location)
    assert bool(found) is is_theirs


def test_a_row_that_is_corrected_names_no_record() -> None:
    other = POLICE.replace("a-0001", "a-0002").replace(ONE, make_id(date(2026, 11, 17), "000000"))
    right = POLICE.replace("a-0001", "a-0003").replace("signed", "corrects: a-0002, signed")
    data = text(POLICE, other, right).encode()
    assert registers.records_named(lambda _path: data, "access") == {ONE}
