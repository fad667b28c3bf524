"""What the writer emits is read back as the same text, by our reader and by other tools."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from frontmatter.default_handlers import YAMLHandler
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from cpl.yaml_nodes import PlainData, Source, plain_data
from cpl.yaml_reader import read
from cpl.yaml_writer import Value, behind_dash, behind_key, entry, flow, item, scalar

CHINA = timezone(timedelta(hours=8))
NOON = datetime(2026, 11, 22, 9, 14, tzinfo=CHINA)


@pytest.mark.parametrize(
    "text",
    [
        "phone",
        "3号楼2单元门禁报修两周未处理",
        "equipment/access-control",
        "CPL-20261122-7K3QDXZ",
        "li.na@example.org",
        "t-9f3k",
        "to:received",
        "did:contact/written-reply",
        "24h",
        "a b#c",
        "wait 'til & then!",
        "门禁：坏了，请修",
        "_1",
        "none",
        "nothing",
        "e5",
    ],
)
def test_harmless_text_stays_plain(text: str) -> None:
    assert (scalar(text, in_flow=False), scalar(text, in_flow=True)) == (text, text)


@pytest.mark.parametrize(
    "text",
    [
        *("", " a", "a ", "y", "N", "yes", "No", "on", "OFF", "true", "False", "null", "NULL", "~", "=", "<<", "0302"),
        *("12", "-5", "+5", "1_000", "0x1F", "0b1", "0o17", "1.5", ".5", "1e5", "12:30", ".inf", "-.INF", ".nan"),
        *("2026-11-22", "2026-11-22T09:14:00+08:00", "2026-11-22 09:14:00 Z", "13800001234", "- a", "-", "--", "? a"),
        *(": a", "a: b", "a:", "a #b", "#a", "&a", "*a", "!a", "|", ">", "@a", "`a", "%a", "[a", "{a", ",a", "]", "}"),
        *('"', "'", "'a'", ".a", "\u3000a", "a\xa0", "---", "..."),
    ],
)
def test_text_that_could_be_something_else_is_quoted(text: str) -> None:
    quoted = "'" + text.replace("'", "''") + "'"
    assert (scalar(text, in_flow=False), scalar(text, in_flow=True)) == (quoted, quoted)


@pytest.mark.parametrize("text", ["a, b", "a,b", "a]", "a [b", "a{", "a}", "why?"])
def test_brackets_and_commas_are_quoted_in_flow_only(text: str) -> None:
    assert (scalar(text, in_flow=False), scalar(text, in_flow=True)) == (text, f"'{text}'")


@pytest.mark.parametrize(
    ("text", "emitted"),
    [
        ("a\nb", r'"a\nb"'),
        ('a\tb "c" \\', r'"a\tb \"c\" \\"'),
        ("\r\x00\x1b", r'"\r\0\x1b"'),
        ("a\x85\u2028\ufeff", r'"a\x85\u2028\ufeff"'),
        ("\u202e门", r'"\u202e门"'),
        ("\U000e0001", r'"\U000e0001"'),
    ],
)
def test_what_cannot_be_seen_is_escaped(text: str, emitted: str) -> None:
    assert scalar(text, in_flow=False) == emitted


@pytest.mark.parametrize(
    ("value", "emitted"),
    [
        (0, "0"),
        (-12, "-12"),
        (True, "true"),
        (False, "false"),
        (Decimal("12.50"), "12.50"),
        (Decimal("1E+3"), "1000"),
        (date(2026, 11, 22), "2026-11-22"),
        (NOON, "2026-11-22T09:14:00+08:00"),
        (NOON.replace(microsecond=1000), "2026-11-22T09:14:00.001+08:00"),
        (NOON.replace(microsecond=999), "2026-11-22T09:14:00+08:00"),
        (NOON.astimezone(UTC), "2026-11-22T01:14:00+00:00"),
    ],
)
def test_typed_values_stay_plain(value: Any, emitted: str) -> None:
    assert (scalar(value, in_flow=True), entry("k", value)) == (emitted, f"k: {emitted}\n")
    assert read_back(entry("k", value)) == {"k": emitted}


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (datetime(2026, 11, 22), "datetime.datetime(2026, 11, 22, 0, 0) has no offset of whole minutes"),  # noqa: DTZ001
        (Decimal("NaN"), "NaN is not a number that can be written"),
        (Decimal("-Infinity"), "-Infinity is not a number that can be written"),
        ("a\ud800", "'a\\ud800' can't be written as UTF-8"),
    ],
)
def test_what_has_no_meaning_elsewhere_is_refused(value: Value, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        flow(value)


def test_odd_offset_is_refused() -> None:
    with pytest.raises(ValueError, match="no offset of whole minutes"):
        flow(NOON.replace(tzinfo=timezone(timedelta(hours=8, seconds=5))))


def test_flow_is_one_line() -> None:
    event: Value = {"at": NOON, "by": "li.na", "did": "assign", "set": {"departments": ["engineering", "a, b"], "x": 1}}
    expected = (
        "{at: 2026-11-22T09:14:00+08:00, by: li.na, did: assign, set: {departments: [engineering, 'a, b'], x: 1}}"
    )
    assert flow(event) == expected
    assert [flow([]), flow({}), flow(()), flow([[], {}])] == ["[]", "{}", "[]", "[[], {}]"]
    assert flow({"no": "x", "a b": "w", "c, d": "z"}) == "{'no': x, a b: w, 'c, d': z}"


@pytest.mark.parametrize(
    ("value", "lines"),
    [
        ("a, b", "  k: a, b\n"),
        ([], "  k: []\n"),
        ({}, "  k: {}\n"),
        (("a", "b, c"), "  k: [a, 'b, c']\n"),
        ({"a": {"b": "c"}}, "  k: {a: {b: c}}\n"),
        ([["a"], ["b"]], "  k: [[a], [b]]\n"),
        ([{"a": "b"}, {"c": ["d"]}, "e, f"], "  k:\n  - {a: b}\n  - {c: [d]}\n  - e, f\n"),
    ],
)
def test_entry_is_whole_lines(value: Value, lines: str) -> None:
    assert entry("k", value, indent=2) == lines
    assert entry("k", value, indent=2, newline="\r\n") == lines.replace("\n", "\r\n")
    assert "  k:" + behind_key(value, indent=2) + "\n" == lines


def test_keys_are_quoted_like_texts() -> None:
    assert entry("no", "a") + entry("a, b", "c") + entry("键", "d") == "'no': a\na, b: c\n键: d\n"


def test_item_is_one_line() -> None:
    items = [item("a, b"), item({"a": "b, c"}, indent=2), item(["d"], newline="\r\n"), item("- e")]
    assert items == ["- a, b\n", "  - {a: 'b, c'}\n", "- [d]\r\n", "- '- e'\n"]
    assert behind_dash("y") == "'y'"


def read_back(text: str) -> PlainData:
    node, problems = read(Source("a.md", text), 0, len(text))
    assert problems == []
    return plain_data(node)


def texts_of(value: Value) -> PlainData:
    """What the reader must give for `value`: each scalar as the text that was meant."""
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping):
        return {key: texts_of(each) for key, each in value.items()}
    if isinstance(value, Sequence):
        return [texts_of(each) for each in value]
    return scalar(value, in_flow=False)


anything = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
tricky = st.text(st.sampled_from("aYnoe1059.:-+_ #,'\"\\[]{}&*!|>%@`~=<?\n\t门，：\u3000\x85\u2028\ufeff"), max_size=8)
readable = (anything | tricky).map(lambda text: "".join(char for char in text if not is_refused(char)))


def is_refused(char: str) -> bool:
    return (char < " " and char not in "\t\n") or "\x7f" <= char < "\xa0" or char in "\u2028\u2029\ufeff\ufffe\uffff"


@given(anything | tricky)
@settings(max_examples=500)
def test_pyyaml_reads_every_text_as_it_was(text: str) -> None:
    assert YAMLHandler().load(flow([text])) == [text]
    assert YAMLHandler().load(entry("k", text)) == {"k": text}
    assert YAMLHandler().load(item(text)) == [text]


@given(anything | tricky)
@settings(max_examples=150)
def test_ruamel_reads_every_text_as_it_was(text: str) -> None:
    node = YAML(typ="rt", pure=True).compose(entry("k", text) + "l: " + flow([text]) + "\n")
    assert [node.value[0][1].value, node.value[1][1].value[0].value] == [text, text]


@given(readable, readable)
@settings(max_examples=300)
def test_our_reader_reads_every_clean_text_as_it_was(key: str, text: str) -> None:
    assert read_back(entry(key, text)) == {key: text}
    assert read_back(entry("k", {key: [text]})) == {"k": {key: [text]}}
    assert read_back(entry("k", [{"a": text}, text], newline="\r\n")) == {"k": [{"a": text}, text]}


scalars: st.SearchStrategy[Value] = st.one_of(
    readable,
    st.integers(),
    st.booleans(),
    st.decimals(allow_nan=False, allow_infinity=False, places=2),
    st.dates(),
    st.datetimes(timezones=st.sampled_from([UTC, CHINA])),
)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(readable, inner, max_size=3), max_leaves=8
)


@given(st.dictionaries(readable, values, min_size=1, max_size=3), st.sampled_from([0, 2]))
@settings(max_examples=200)
def test_values_come_back_as_the_texts_that_were_written(data: dict[str, Value], indent: int) -> None:
    lines = "".join(entry(key, value, indent=indent) for key, value in data.items())
    text = f"root:\n{lines}" if indent else lines
    assert read_back(text) == ({"root": texts_of(data)} if indent else texts_of(data))
    assert read_back(item(data)) == [texts_of(data)]
