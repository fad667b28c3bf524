"""The where-language and the search in one text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cpl import query
from cpl.query import BadWhere, Condition
from tests.ledger import Ledger, record, record_text, settings

ZONE = settings().zone
RECORD = record(
    record_text(
        "16T10:00 to: resolving",
        fields="""\
title: Lift 2号梯 is stuck
category: equipment/lift
location: {building: '3', unit: '02', spot: 2号梯}
complainant: {name: Wang, phone: '13800001234', people: 12}
departments: [engineering, security]
order: {size: minor, paid: false, price: 12.50, appointment: 2026-11-20T09:00:00+08:00}
tasks:
- {id: t-aaaa, kind: promise, text: two buckets}
x-complaint-type: HEAT
""",
    )
)


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("building=3", True),
        ("building=3 status!=closed received>=2026-11-01", True),
        ("building=3 status=closed", False),
        ("status=closed,resolving", True),
        ("status!=closed,resolving", False),
        ("building=03", True),
        ("unit=2", True),
        ("unit=20", False),
        ("people>9", True),
        ("people>=12 people<=12", True),
        ("people<12", False),
        ("people>1e9", False),
        ("order.price>12.4 order.price<12.6", True),
        ("building>nan", False),
        ("category=equipment", True),
        ("category=equip", False),
        ("category>equipment", True),
        ("title~LIFT", True),
        ("title~2号", True),
        ("title~'is stuck'", True),
        ('title="lift 2号梯 IS stuck"', True),
        ("department=security", True),
        ("department!=security", False),
        ("departments~engine", True),
        ("paid=false", True),
        ("tasks~bucket", True),
        ("complainant~wang", True),
        ("x-complaint-type=heat", True),
        ("severity=", True),
        ("severity!=", False),
        ("building=", False),
        ("building!=", True),
        ("severity=major,", True),
        ("severity>=major", False),
        ("received=2026-11-16", True),
        ("received=2026-11-15", False),
        ("received!=2026-11-15", True),
        ("received>2026-11-15", True),
        ("received>2026-11-16", False),
        ("received>=2026-11-16", True),
        ("received<2026-11-16", False),
        ("received<=2026-11-16", True),
        ("received<2026-11-17", True),
        ("received=2026-11-16T09:00", True),
        ("received>2026-11-16T09:00", False),
        ("received>=2026-11-16T09:00", True),
        ("received<=2026-11-16T09:00", True),
        ("received<2026-11-16T09:00:01", True),
        ("received=2026-11-16T01:00:00Z", True),
        ("received~2026-11", True),
        ("order.appointment>=2026-11-20", True),
        ("", True),
        ("   ", True),
    ],
)
def test_record_meets_a_where_text(where: str, *, expected: bool) -> None:
    assert query.predicate(query.parse(where), ZONE)(RECORD) is expected


def test_midnight_belongs_to_the_day_that_it_begins() -> None:
    midnight = record(record_text().replace("16T09:00:00", "16T00:00:00"))
    for where, expected in (
        ("received>2026-11-15", True),
        ("received=2026-11-15", False),
        ("received<=2026-11-15", False),
    ):
        assert query.predicate(query.parse(where), ZONE)(midnight) is expected


def test_conditions_are_read_with_their_full_names() -> None:
    assert query.parse(" building = 3  title~'a b' phone!=\"\" x-a.b>=1,2") == [
        Condition("location.building", "=", ("3",)),
        Condition("title", "~", ("a b",)),
        Condition("complainant.phone", "!=", ("",)),
        Condition("x-a.b", ">=", ("1", "2")),
    ]


@pytest.mark.parametrize(
    ("where", "message"),
    [
        ("buildin=3", "'buildin' is not a field; did you mean 'building'?"),
        ("closed", "can't understand 'closed'; write FIELD=VALUE, with one of != >= <= = > < ~, quotes around blanks"),
        ("status=closed and", "can't understand 'and'; write FIELD=VALUE"),
        ("title='a", "can't understand 'title='a'; write FIELD=VALUE"),
        ('title="a"b', "can't understand 'title=\"a\"b'; write FIELD=VALUE"),
        ("received>=yesterday", "'yesterday' is neither a day like 2026-11-01 nor an instant like 2026-11-01T09:30"),
        ("received>9999-12-31", "'9999-12-31' is neither a day"),
        ("received=2026-11-31", "'2026-11-31' is neither a day"),
        ("received=20261101", "'20261101' is neither a day"),
    ],
)
def test_text_that_is_no_condition_is_refused_before_any_record_is_read(
    ledger: Ledger, where: str, message: str
) -> None:
    outcome = ledger("list", "--where", where)
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err.startswith(message)


def test_other_instants_are_compared_when_a_record_has_one() -> None:
    holds = query.predicate(query.parse("order.appointment>soon"), ZONE)
    assert holds(record(record_text())) is False
    with pytest.raises(BadWhere, match="'soon' is neither a day"):
        holds(RECORD)


@given(st.text(max_size=40))
def test_any_text_is_a_where_text_or_refused(where: str) -> None:
    try:
        found = query.predicate(query.parse(where), ZONE)(RECORD)
    except BadWhere:
        return
    assert found in (True, False)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, ""),
        (True, "true"),
        (False, "false"),
        ((), ""),
        (("a", ("b",)), "a, b"),
        ({"a": 1, "b": None}, "1 "),
        (3, "3"),
    ],
)
def test_value_as_text(value: object, expected: str) -> None:
    assert query.as_text(value) == expected
    assert query.as_text(RECORD.received_at) == "2026-11-16T09:00:00+08:00"


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["门禁"], "…楼2单元门禁报修…"),
        (["门禁", "两周"], "…楼2单元门禁报修…"),
        (["LIFT"], "The lift"),
        (["处理"], "…两周未处理"),
        (["门禁", "nothing"], None),
        ([], None),
    ],
)
def test_text_is_found_with_what_stands_around_it(words: list[str], expected: str | None) -> None:
    text = "The lift\nof block 3号楼2单元门禁报修两周未处理"
    assert query.find_text(text, words, around=4 if words[:1] != ["处理"] else 3) == expected
