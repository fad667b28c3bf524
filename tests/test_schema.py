"""From nodes to typed values: each converter, and what it says about a value of another kind."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

import pytest

from cpl import schema
from cpl.moments import Duration, parse_instant
from cpl.schema import Converter
from cpl.yaml_reader import MappingNode, Node, Source, read

NOON = parse_instant("2026-11-22T12:00:00+08:00")


def node(text: str) -> Node:
    """The node of a value, standing in line 2 of file f.yaml."""
    source = Source("f.yaml", f"\nv: {text}\n")
    root, problems = read(source, 0, len(source.text))
    assert isinstance(root, MappingNode), problems
    found = root.get("v")
    assert found is not None
    return found


def convert(converter: Converter, text: str) -> tuple[object, list[str]]:
    """The value, and the problems as lines."""
    problems: schema.Problems = []
    value = converter(node(text), problems)
    return value, [str(problem) for problem in problems]


@pytest.mark.parametrize(
    ("converter", "text", "expected"),
    [
        (schema.text, "no", "no"),
        (schema.text, "0302", "0302"),
        (schema.text, "'12:30'", "12:30"),
        (schema.text, "'' # empty, and said so", ""),
        (schema.word, "complaint  # one of the kinds", "complaint"),
        (schema.word, "equipment/lift", "equipment/lift"),
        (schema.word, "did:contact/reply", "did:contact/reply"),
        (schema.word, "设备", "设备"),
        (schema.instant, "2026-11-22T12:00:00+08:00", NOON),
        (schema.day, "2026-11-22", date(2026, 11, 22)),
        (schema.moment, "2026-11-22", date(2026, 11, 22)),
        (schema.moment, "2026-11-22T12:00:00+08:00", NOON),
        (schema.duration, "24h", Duration(24, "h")),
        (schema.integer, "-12", -12),
        (schema.number, "12.50", Decimal("12.50")),
        (schema.flag, "true", True),
        (schema.flag, "false", False),
        (schema.list_of(schema.word), "[a, b]", ("a", "b")),
        (schema.list_of(schema.word), "a", ("a",)),
        (schema.list_of(schema.word), "[]", ()),
        (schema.map_of(schema.integer), "{a: 1, b: 2}", {"a": 1, "b": 2}),
        (schema.one_of({"a", "b"}), "b", "b"),
        (schema.anything, "[a, {b: [c], d: }]", ("a", {"b": ("c",), "d": ""})),
        (schema.struct({"a": schema.integer, "b": schema.text}), "{a: 1, b: }", {"a": 1}),
        (schema.struct({"a": schema.integer}, extra=True), "{x-b: [c]}", {"x-b": ("c",)}),
    ],
)
def test_value_is_what_was_written(converter: Converter, text: str, expected: object) -> None:
    value, problems = convert(converter, text)
    assert (value, problems) == (expected, [])
    assert type(value) is type(expected)


@pytest.mark.parametrize(
    ("converter", "text", "problem"),
    [
        (schema.text, "[a]", "E022 here stands a list, expected text"),
        (schema.text, "{a: b}", "E022 here stands a mapping, expected text"),
        (
            schema.text,
            "3号楼 #2单元",
            "E023 the text ends at ' #', the rest of the line is lost as a comment; put the text in quotes",
        ),
        (schema.word, "a b", "E022 'a b' is not a name; a name has letters, digits, . - _ + and no blanks"),
        (schema.word, "[a]", "E022 here stands a list, expected a name"),
        (
            schema.instant,
            "2026-11-22T12:00+08:00",
            "E022 '2026-11-22T12:00+08:00' is not an instant like 2026-11-22T09:14:00+08:00",
        ),
        (schema.instant, "[a]", "E022 here stands a list, expected an instant"),
        (schema.day, "22.11.", "E022 '22.11.' is not a date like 2026-11-22"),
        (schema.day, "{a: b}", "E022 here stands a mapping, expected a date"),
        (schema.moment, "2026-11-31", "E022 '2026-11-31' does not exist: day is out of range for month"),
        (schema.moment, "[a]", "E022 here stands a list, expected an instant"),
        (schema.duration, "8w", "E022 '8w' is not a duration; write 10m, 24h, 2d, 1mo, 8bh, 3bd or same-day"),
        (schema.duration, "[a]", "E022 here stands a list, expected a duration"),
        (schema.integer, "１２", "E022 '１２' is not a whole number in the digits 0-9"),
        (schema.integer, "1e5", "E022 '1e5' is not a whole number in the digits 0-9"),
        (schema.integer, "[1]", "E022 here stands a list, expected a whole number"),
        (schema.number, "1,50", "E022 '1,50' is not a number in the digits 0-9 such as 12.50"),
        (schema.number, "[1]", "E022 here stands a list, expected a number"),
        (schema.flag, "yes", "E022 'yes' is neither true nor false"),
        (schema.flag, "[true]", "E022 here stands a list, expected true or false"),
        (schema.one_of({"desk", "phone"}), "phnoe", "E014 'phnoe' is not known here; did you mean 'phone'?"),
        (schema.one_of({"desk", "phone"}), "zzz", "E014 'zzz' is not known here; there are: desk, phone"),
        (schema.one_of(()), "zzz", "E014 'zzz' is not known here"),
        (schema.one_of({"desk"}), "[desk]", "E022 here stands a list, expected a name"),
        (schema.list_of(schema.word), "{a: b}", "E022 here stands a mapping, expected a list"),
        (schema.map_of(schema.word), "a", "E022 expected a mapping like {a: b}"),
        (
            schema.struct({"a": schema.word, "b": schema.word}, ["b"]),
            "[a]",
            "E022 expected a mapping like {b: …}",
        ),
        (schema.struct({"a": schema.word, "b": schema.word}), "x", "E022 expected a mapping like {a: …, b: …}"),
    ],
)
def test_value_of_another_kind_is_named_with_what_is_expected(converter: Converter, text: str, problem: str) -> None:
    _value, problems = convert(converter, text)
    assert problems == [f"f.yaml:2: {problem}"]


def test_struct_names_every_unknown_and_missing_key_but_not_one_that_is_misspelt() -> None:
    shape = schema.struct({"title": schema.text, "kind": schema.word}, ["title", "kind"])
    assert convert(shape, "{titel: a, x-own: b, kind: }") == (
        None,
        [
            "f.yaml:2: E020 'titel' is not a known key here; did you mean 'title'?",
            "f.yaml:2: E020 'x-own' is not a known key here; there are: kind, title",
            "f.yaml:2: E021 'kind' is missing",
        ],
    )


def test_list_and_map_keep_the_good_values_beside_the_bad_ones() -> None:
    assert convert(schema.list_of(schema.integer), "[1, a, 3]") == (
        (1, 3),
        ["f.yaml:2: E022 'a' is not a whole number in the digits 0-9"],
    )
    assert convert(schema.map_of(schema.integer), "{a: 1, b: c}") == (
        {"a": 1},
        ["f.yaml:2: E022 'c' is not a whole number in the digits 0-9"],
    )


def test_absent_is_a_key_without_value_and_no_key_at_all() -> None:
    assert schema.is_absent(None)
    assert schema.is_absent(node(""))
    assert not schema.is_absent(node("''"))
    assert not schema.is_absent(node("[]"))


def test_instant_keeps_the_offset_that_was_written() -> None:
    value, _problems = convert(schema.instant, "2026-11-22T12:00:00-04:00")
    assert isinstance(value, datetime)
    assert value.isoformat() == "2026-11-22T12:00:00-04:00"
