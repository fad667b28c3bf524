"""Mapping files: the shipped ones are right, and every mistake is named with its line before a row is read."""

from __future__ import annotations

from pathlib import Path

import pytest

from cpl import config
from cpl.config import Settings
from cpl.mapping import read_mapping
from cpl.settings_files import parse

REPOSITORY = Path(__file__).parent.parent
CPL_YAML = b"""\
format: 1
timezone: Asia/Shanghai
profile: residential
people: [{id: li.na}]
"""
SMALL = """\
format: 1
system: desk
key: {column: No}
timezone: Asia/Shanghai
received: {column: Date}
title: {column: Text}
kind: {value: complaint}
"""


def settings() -> Settings:
    return config.load(lambda path: CPL_YAML if path == config.MARKER else (REPOSITORY / path).read_bytes())


def problems(text: str) -> list[str]:
    """What is wrong with a mapping: `LINE: CODE message`."""
    mapping, found = read_mapping(parse(text.encode(), "m.yaml"), settings())
    assert (mapping is None) == bool(found)
    return [f"{each.line}: {each.code} {each.message}" for each in found]


@pytest.mark.parametrize("path", sorted((REPOSITORY / "templates/imports").glob("*.yaml")), ids=lambda path: path.stem)
def test_each_shipped_mapping_is_right(path: Path) -> None:
    assert problems(path.read_text(encoding="utf-8")) == []


def test_the_smallest_mapping_reads_iso_dates_and_runs_all_clocks() -> None:
    mapping, found = read_mapping(parse(SMALL.encode(), "m.yaml"), settings())
    assert (mapping and (mapping.dates, mapping.clocks, mapping.events, mapping.keep), found) == (
        (("iso",), (), (), {}),
        [],
    )


@pytest.mark.parametrize(
    "pattern",
    ["%Y-%m-%d", "%m/%d/%Y %I:%M:%S %p", "%d.%m.%y %H.%M", "%Y-%m-%dT%H:%M:%S%z", "%d %b %Y 100%%Z", "%j/%Y"],
)
def test_a_format_that_gives_the_day_is_taken(pattern: str) -> None:
    assert problems(f"{SMALL}dates: ['{pattern}']\n") == []


def test_every_column_is_known_with_the_line_that_names_it() -> None:
    text = SMALL + (
        "keep: {Office: x-office}\n"
        "events:\n"
        "- {to: closed, at: {column: Done, when: {State: [ok]}}, reason: {column: Why}}\n"
        "- {did: agree, clock: resolve, due: {column: Due}}\n"
        "body: {Description: {text: '{Long} {Text}'}}\n"
    )
    mapping, _found = read_mapping(parse(text.encode(), "m.yaml"), settings())
    assert mapping is not None
    assert mapping.columns == {
        "Office": 8,
        "No": 3,
        "Date": 5,
        "Text": 6,
        "Long": 12,
        "Done": 10,
        "State": 10,
        "Why": 10,
        "Due": 11,
    }
    present = {*mapping.columns, ""} - {"Done", "Long"}
    assert [str(each) for each in mapping.missing([*present, "Lon"])] == [
        "m.yaml:12: E085 the file has no column 'Long'; did you mean 'Lon'?",
        "m.yaml:10: E085 the file has no column 'Done'; there are: Date, Due, Lon, No, Office, State, Text, Why",
    ]


def test_what_is_missing_is_named_all_at_once() -> None:
    names = ("format", "system", "key", "timezone", "received", "title", "kind")
    assert problems("empty: [x]\n") == sorted(f"1: E021 '{name}' is missing" for name in names)


FORMS = "a value comes from one of: {column: C}, {text: '{C}: {D}'}, {value: V}, {first: […]}"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("cause: {}", f"E080 {FORMS}"),
        ("cause: {column: A, value: b}", f"E080 {FORMS}"),
        ("cause: {first: [{keep: x-a}]}", f"E080 {FORMS}"),
        ("cause: A", "E022 expected a mapping like {column: …, text: …}"),
        ("cause: {colum: A}", "E020 'colum' is not a known key here; did you mean 'column'?"),
        ("cause: {first: [{column: A}], keep: x-a}", "E020 'keep' is not a known key here; there are: first"),
        ("cause: {text: none}", "E080 'none' has to name columns in braces: '{Type}: {Detail}'"),
        ("cause: {text: '{A} }'}", "E080 '{A} }' has to name columns in braces: '{Type}: {Detail}'"),
        (
            "cause: {value: a, values: {a: b}, keep: x-a}",
            "E080 'value' is fixed, a table 'values' has nothing to look up",
        ),
        ("cause: {column: A, values: {a: b}}", "E083 say where a value without an entry is kept: keep: x-…"),
        (
            "cause: {column: A, default: b}",
            "E083 'keep' and 'default' are for a value without an entry in 'values'",
        ),
        ("channel: {column: A}", "E083 say where a value without an entry is kept: keep: x-…"),
        ("channel: {value: fone}", "E081 'fone' is not known here; did you mean 'phone'?"),
        (
            "category: {column: A, keep: x-a, values: {a: vehicle/parkin}}",
            "E081 'vehicle/parkin' is not known here; did you mean 'vehicle/parking'?",
        ),
        (
            "nature: {column: A, keep: x-a, values: {a: A}, default: D}",
            "E081 'D' is not known here; there are: A, B, C",
        ),
        ("keep: {A: agency}", "E083 'agency' is not a name for what is kept; it starts with x-, such as x-agency"),
        ("keep: {A: x-a, B: x-a}", "E083 'x-a' is to keep both 'A' and 'B'; give one another name"),
        ("clocks: [resolved]", "E081 'resolved' is not known here; did you mean 'resolve'?"),
        (
            "dates: ['%H:%M']",
            "E082 '%H:%M' does not give year, month and day; write iso, or one such as '%d.%m.%Y %H:%M'",
        ),
        (
            "dates: ['%Q']",
            "E082 '%Q' does not give year, month and day; write iso, or one such as '%d.%m.%Y %H:%M'",
        ),
        (
            "dates: ['%Y-%m-%d %Y']",
            "E082 '%Y-%m-%d %Y' does not give year, month and day; write iso, or one such as '%d.%m.%Y %H:%M'",
        ),
        (
            "dates: ['%Y-%m-%d %H:%M %Z']",
            "E082 '%Y-%m-%d %H:%M %Z' has %Z, names of zones can't be read; write %z for an offset such as +0800",
        ),
        (
            "dates: ['%d.%m.%Y %I:%M']",
            "E082 '%d.%m.%Y %I:%M' does not tell morning from afternoon; write %H, or %I with %p",
        ),
        ("location: {sight: {column: A}}", "E020 'sight' is not a known key here; did you mean 'site'?"),
        ("events: [closed]", "E084 an event is a mapping like {to: closed, at: {column: Closed}}"),
        ("events: [{at: {column: A}}]", "E084 an event has either 'to' (a move) or 'did' (a deed)"),
        ("events: [{to: close, at: {column: A}}]", "E081 'close' is not known here; did you mean 'closed'?"),
        ("events: [{to: closed}]", "E021 'at' is missing"),
        ("events: [{did: agree, clock: resolve}]", "E021 'due' is missing"),
        ("events: [{did: agree, clock: x, due: {column: A}}]", "E081 'x' is not known here; there are: "),
        ("events: [{did: agree, clock: resolve, due: tomorrow}]", "E022 expected a mapping like {column: …, text: …}"),
        (
            "events: [{did: contact, via: phone, about: reply, reached: perhaps}]",
            "E022 'perhaps' is neither true nor false",
        ),
        ("events: [{did: void, at: {column: A}}]", "E081 'void' is not known here; there are: agree, "),
    ],
)
def test_a_mistake_is_named_with_its_line(line: str, expected: str) -> None:
    (found,) = problems(f"{SMALL}{line}\n")
    assert found.startswith(f"8: {expected}")


def test_kept_values_of_two_fields_need_two_names() -> None:
    both = "cause: {column: A, values: {a: b}, keep: x-a}\nobject: {column: B, values: {a: b}, keep: x-a}\n"
    assert problems(SMALL + both) == ["1: E083 'x-a' is to keep both 'object' and 'cause'; give one another name"]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("format: 1", "format: 2", "1: E072 format 2 is not the one that this cpl reads (1); install a newer cpl"),
        (
            "system: desk",
            "system: li.na",
            "2: E081 'li.na' is one of the people; the events of an import need a name of their own",
        ),
        (
            "timezone: Asia/Shanghai",
            "timezone: Asia/Shangri-La",
            "4: E022 'Asia/Shangri-La' is not a time zone; write one such as Asia/Shanghai",
        ),
        ("timezone: Asia/Shanghai", "timezone: [a]", "4: E022 here stands a list, expected a time zone"),
        ("kind: {value: complaint}", "kind: {value: [a]}", "7: E022 here stands a list, expected text"),
        (
            "kind: {value: complaint}",
            "kind: {value: complain}",
            "7: E081 'complain' is not known here; did you mean 'complaint'?",
        ),
    ],
)
def test_a_wrong_head_is_named_with_its_line(old: str, new: str, expected: str) -> None:
    assert problems(SMALL.replace(old, new)) == [expected]
