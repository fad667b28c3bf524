"""Rows in every format, as they are printed, and what must hold for any text in them."""

from __future__ import annotations

import csv
import io
import json
import re
import unicodedata
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wcwidth import wcswidth

from cpl.render import Cell, Column, UnknownFormat, clip, duration, pairs, rows, visible, visible_lines

CHINA = timezone(timedelta(hours=8))
COLUMNS = (Column("id", "Id"), Column("title", "标题"), Column("late", "Late", "right"))
ITEMS: list[dict[str, Cell]] = [
    {"id": "CPL-1", "title": "门禁报修", "late": 12},
    {"id": "CPL-2", "title": "a|b", "late": None},
]
NASTY = st.text(st.characters(exclude_categories=[]) | st.sampled_from("\x1b\x9b\r\n\t\u202e\u200b|`<>&[]\\\"'=+-@,门️"))
TEXT = st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from("\x1b\x9b\r\n\t\u202e|\\\"'=+-@,门"))


def test_table_aligns_chinese_by_display_width() -> None:
    assert rows(ITEMS, COLUMNS, "table", width=None) == (
        "Id     标题      Late\n"
        "-----  --------  ----\n"
        "CPL-1  门禁报修    12\n"
        "CPL-2  a|b\n"
    )  # fmt: skip  # a table reads best with a row a line


def test_table_cuts_the_widest_text_column_to_the_terminal() -> None:
    items: list[dict[str, Cell]] = [{"id": "CPL-1", "title": "3号楼2单元门禁报修两周未处理", "late": 12}]
    assert rows(items, COLUMNS, "table", width=30) == (
        "Id     标题               Late\n"
        "-----  -----------------  ----\n"
        "CPL-1  3号楼2单元门禁报…    12\n"
    )  # fmt: skip  # a table reads best with a row a line


def test_table_cuts_two_long_columns_alike_and_uses_the_whole_width() -> None:
    columns = (Column("a", "A"), Column("b", "B"))
    assert rows([{"a": "x" * 50, "b": "y" * 40}], columns, "table", width=21) == (
        "A           B\n"
        "----------  ---------\n"
        "xxxxxxxxx…  yyyyyyyy…\n"
    )  # fmt: skip  # a table reads best with a row a line


def test_table_leaves_numbers_whole_while_there_is_text_to_cut() -> None:
    columns = (Column("n", "N", "right"), Column("t", "T"))
    assert rows([{"n": 1234567, "t": "text"}], columns, "table", width=10) == (
        "      N  T\n"
        "-------  -\n"
        "1234567  …\n"
    )  # fmt: skip  # a table reads best with a row a line


def test_table_narrower_than_its_columns_is_still_not_wider_than_the_terminal() -> None:
    assert rows(ITEMS, COLUMNS, "table", width=5) == "…  ……\n-  -…\n…  ……\n…  …\n"


def test_table_shows_each_type_for_people() -> None:
    columns = [Column(name, name) for name in "abcdef"]
    item: dict[str, Cell] = {
        "a": True,
        "b": False,
        "c": datetime(2026, 11, 22, 9, 14, 30, tzinfo=CHINA),
        "d": date(2026, 11, 22),
        "e": ["x", 1, None],
        "f": {"k": 1.5, "l": [2]},
    }
    assert rows([item], columns, "table") == (
        "a    b   c                 d           e      f\n"
        "---  --  ----------------  ----------  -----  ------------\n"
        "yes  no  2026-11-22 09:14  2026-11-22  x, 1,  k: 1.5, l: 2\n"
    )


def test_plain_is_tab_separated_without_header_and_exact() -> None:
    items: list[dict[str, Cell]] = [
        {"id": "a\tb", "title": datetime(2026, 11, 22, 9, 14, tzinfo=CHINA), "late": True},
        {"id": "x\r\ny", "late": -3},
    ]
    assert rows(items, COLUMNS, "plain") == "a\\tb\t2026-11-22T09:14:00+08:00\ttrue\nx⏎y\t\t-3\n"


def test_json_keeps_types_and_order_of_columns() -> None:
    columns = [Column(name, name.upper()) for name in "abcdefg"]
    item: dict[str, Cell] = {
        "g": None,
        "a": "门禁",
        "b": 1,
        "c": 1.5,
        "d": False,
        "e": datetime(2026, 11, 22, 9, 14, 0, 1000, tzinfo=UTC),
        "f": {"on": date(2026, 11, 22), "many": [1, None, float("nan")]},
    }
    assert rows([item], columns, "jsonl") == (
        '{"a": "门禁", "b": 1, "c": 1.5, "d": false, "e": "2026-11-22T09:14:00.001+00:00", '
        '"f": {"on": "2026-11-22", "many": [1, null, null]}, "g": null}\n'
    )
    assert rows([{"a": 1}], columns[:1], "json") == '[\n  {\n    "a": 1\n  }\n]\n'


def test_json_escapes_what_a_terminal_would_obey() -> None:
    text = rows([{"a": "\x1b\x7f\x9b\u202e\U000e0041\n"}], [Column("a", "A")], "jsonl")
    assert text == '{"a": "\\u001b\\u007f\\u009b\\u202e\\udb40\\udc41\\n"}\n'


@pytest.mark.parametrize("start", list("=+-@\t\r\n＝＋－＠"))
def test_csv_disarms_text_that_a_spreadsheet_takes_for_a_formula(start: str) -> None:
    made = rows([{"a": f"{start}1"}], [Column("a", "A")], "csv")
    assert list(csv.reader(io.StringIO(made, newline=""))) == [["a"], [f"'{start}1"]]


def test_csv_has_names_crlf_quotes_and_bare_numbers() -> None:
    items: list[dict[str, Cell]] = [
        {"id": 'say "a,b"', "title": -1.5, "late": -2},
        {"id": "\udce9", "late": ["-", 1]},
    ]
    assert rows(items, COLUMNS, "csv") == 'id,title,late\r\n"say ""a,b""",-1.5,-2\r\n<U+DCE9>,,"\'-, 1"\r\n'


def test_markdown_cells_break_neither_table_nor_page() -> None:
    items: list[dict[str, Cell]] = [{"id": "a|b\\", "title": "<b>&![x](y)`c`", "late": 1}, {"id": "*_~x\ny"}]
    assert rows(items, COLUMNS, "markdown") == (
        "| Id | 标题 | Late |\n"
        "| --- | --- | --: |\n"
        "| a\\|b\\\\ | &lt;b&gt;&amp;\\!\\[x\\](y)\\`c\\` | 1 |\n"
        "| \\*\\_\\~x⏎y |  |  |\n"
    )


@pytest.mark.parametrize(
    ("fmt", "expected"),
    [
        ("table", ""),
        ("plain", ""),
        ("json", "[]\n"),
        ("jsonl", ""),
        ("csv", "id,title,late\r\n"),
        ("markdown", "| Id | 标题 | Late |\n| --- | --- | --: |\n"),
    ],
)
def test_no_rows(fmt: str, expected: str) -> None:
    assert rows([], COLUMNS, fmt, width=80) == expected


def test_unknown_format_names_those_that_exist() -> None:
    with pytest.raises(UnknownFormat) as caught:
        rows(ITEMS, COLUMNS, "xml")
    assert str(caught.value) == "no format 'xml'; there are table, plain, json, jsonl, csv, markdown"


def test_an_instant_without_offset_is_a_bug_that_is_not_printed() -> None:
    with pytest.raises(ValueError, match="without an offset: 2026-11-22"):
        rows([{"a": datetime(2026, 11, 22)}], [Column("a", "A")], "json")  # noqa: DTZ001 - the point of the test


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("门禁 ok é ❤️", "门禁 ok é ❤️"),
        ("\x1b[31m", "\\x1b[31m"),
        ("\x00\x7f\x85\x9b", "\\x00\\x7f\\x85\\x9b"),
        ("a\tb\rc\nd\r\ne", "a\\tb\\rc⏎d⏎e"),
        ("\u202a\u202e\u2066\u2069", "<U+202A><U+202E><U+2066><U+2069>"),
        ("\u200e\u200f\u061c\u200b\ufeff\u2028", "<U+200E><U+200F><U+061C><U+200B><U+FEFF><U+2028>"),
        ("\U000e0041\udc80\xad", "<U+E0041><U+DC80><U+00AD>"),
    ],
)
def test_visible(text: str, expected: str) -> None:
    assert visible(text) == expected


def test_visible_lines_keeps_line_ends_and_tabs_only() -> None:
    assert visible_lines("a\tb\x1b\r\n\n门\u202e\n") == "a\tb\\x1b\\r\n\n门<U+202E>\n"


@pytest.mark.parametrize(
    ("text", "width", "expected"),
    [
        ("abc", 3, "abc"),
        ("abcd", 3, "ab…"),
        ("门禁门", 6, "门禁门"),
        ("门禁门", 5, "门禁…"),
        ("门禁门", 4, "门…"),
        ("门", 1, "…"),
        ("门", 0, ""),
        ("", 0, ""),
    ],
)
def test_clip_counts_columns(text: str, width: int, expected: str) -> None:
    assert clip(text, width) == expected


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0, "0 s"),
        (45, "45 s"),
        (61, "1 min 1 s"),
        (72_000, "20 h"),
        (16_200, "4 h 30 min"),
        (16_259, "4 h 30 min"),
        (187_200, "2 d 4 h"),
        (86_460, "1 d"),
        (-187_200, "-2 d 4 h"),
    ],
)
def test_duration(seconds: int, expected: str) -> None:
    assert duration(seconds) == expected


def test_pairs_put_values_below_each_other() -> None:
    assert pairs([("状态", "处理\n解决"), ("id", "CPL-1"), ("none", "")]) == "状态  处理⏎解决\nid    CPL-1\nnone\n"
    assert pairs([]) == ""


@given(NASTY)
def test_visible_text_has_nothing_that_a_terminal_obeys(text: str) -> None:
    shown = visible(text)
    assert not [c for c in shown if unicodedata.category(c) in ("Cc", "Zl", "Zp", "Cs")]
    assert not re.search("[\u061c\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]", shown)
    assert visible(shown) == shown
    assert wcswidth(shown) >= 0
    shown.encode()


@given(st.lists(st.tuples(NASTY, NASTY, st.integers()), min_size=1, max_size=4), st.integers(1, 60) | st.none())
def test_table_lines_have_one_width_within_the_terminal(cells: list[tuple[str, str, int]], width: int | None) -> None:
    columns = (Column("a", "A"), Column("b", "B"), Column("n", "N", "right"))
    made = rows([dict(zip("abn", line, strict=True)) for line in cells], columns, "table", width=width)
    lines = made.removesuffix("\n").split("\n")
    assert len(lines) == len(cells) + 2
    widths = {wcswidth(line) for line in lines}
    assert width is None or max(widths) <= width
    if width is None or width >= 40:
        assert len(widths) == 1  # the last column ends every line


@given(NASTY, st.integers(0, 20))
def test_clipped_text_fits_and_is_a_beginning(text: str, width: int) -> None:
    shown = visible(text)
    cut = clip(shown, width)
    assert wcswidth(cut) <= width
    assert cut == shown or not cut or (cut[-1] == "…" and shown.startswith(cut[:-1]))


@given(st.lists(st.tuples(TEXT, st.integers() | st.floats(allow_nan=False)), max_size=4))
def test_csv_comes_back(cells: list[tuple[str, float]]) -> None:
    columns = (Column("a", "A"), Column("n", "N"))
    made = rows([{"a": text, "n": number} for text, number in cells], columns, "csv")
    header, *lines = csv.reader(io.StringIO(made, newline=""))
    assert header == ["a", "n"]
    for (text, number), (first, second) in zip(cells, lines, strict=True):
        assert first == (f"'{text}" if text[:1] in [*"=+-@\t\r\n＝＋－＠"] else text)
        assert second == str(number)


@given(
    st.lists(st.dictionaries(st.sampled_from("ab"), TEXT | st.integers() | st.booleans() | st.none() | st.lists(TEXT)))
)
def test_json_comes_back_and_is_safe(items: list[dict[str, Cell]]) -> None:
    columns = (Column("a", "A"), Column("b", "B"))
    whole = [{"a": item.get("a"), "b": item.get("b")} for item in items]
    made = rows(items, columns, "json")
    assert json.loads(made) == whole
    assert visible(made.replace("\n", "")) == made.replace("\n", "")
    lines = rows(items, columns, "jsonl")
    assert [json.loads(line) for line in lines.split("\n")[:-1]] == whole


@given(st.lists(st.tuples(NASTY, NASTY), max_size=4))
def test_markdown_rows_have_their_columns_and_no_html(cells: list[tuple[str, str]]) -> None:
    columns = (Column("a", "A"), Column("b", "B"))
    lines = rows([{"a": a, "b": b} for a, b in cells], columns, "markdown").removesuffix("\n").split("\n")
    assert len(lines) == len(cells) + 2
    for line in lines:
        bare = re.sub(r"\\.", "", line)
        assert bare.count("|") == 3
        assert not re.search(r"[<>`\[\]]", bare)


@given(st.lists(st.tuples(NASTY, NASTY), max_size=4))
def test_plain_has_one_line_an_item_and_one_field_a_column(cells: list[tuple[str, str]]) -> None:
    columns = (Column("a", "A"), Column("b", "B"))
    made = rows([{"a": a, "b": b} for a, b in cells], columns, "plain")
    assert [line.split("\t") for line in made.split("\n")[:-1]] == [[visible(a), visible(b)] for a, b in cells]


@given(st.integers(-(10**9), 10**9))
def test_duration_is_never_longer_than_the_time_and_less_than_one_of_its_last_unit_shorter(
    seconds: int,
) -> None:
    size = {"d": 86_400, "h": 3_600, "min": 60, "s": 1}
    words = duration(abs(seconds)).split()
    units = words[1::2]
    told = sum(int(count) * size[unit] for count, unit in zip(words[::2], units, strict=True))
    below = {"d": 3_600, "h": 60, "min": 1, "s": 1}[units[0]]
    assert 0 <= abs(seconds) - told < below
    assert len(units) <= 2
    assert duration(-abs(seconds)) == ("-" if seconds else "") + duration(abs(seconds))
