"""Tables from bytes: encodings, delimiters, row numbers, and rows that can't be used."""

from __future__ import annotations

import csv
import gzip
import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cpl.tables import NotATable, Row, Table, read


def refusal(data: bytes, encoding: str | None = None) -> str:
    with pytest.raises(NotATable) as caught:
        read(data, encoding=encoding)
    return str(caught.value)


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_reads_each_delimiter(delimiter: str) -> None:
    data = f"key{delimiter}text\r\n1{delimiter}a b\r\n".encode()
    assert read(data) == Table(("key", "text"), "utf-8", (Row(2, {"key": "1", "text": "a b"}),))


def test_a_quoted_delimiter_of_the_header_does_not_count() -> None:
    assert read(b'a;"b,c,d";e\n1;2;3\n').columns == ("a", "b,c,d", "e")


@pytest.mark.parametrize(
    ("data", "encoding", "used"),
    [
        ("键\n值\n".encode(), None, "utf-8"),
        ("键\n值\n".encode("utf-8-sig"), None, "utf-8-sig"),
        ("键\n值\n".encode("utf-16"), None, "utf-16"),
        ("键\n值\n".encode("gb18030"), None, "gb18030"),
        ("键\n值\n".encode("gbk"), "gbk", "gbk"),
        ("键\n值\n".encode("utf-16-le"), "utf-16-le", "utf-16-le"),
    ],
    ids=["utf-8", "utf-8 with mark", "utf-16 with mark", "gb18030", "asked for", "utf-16 without mark"],
)
def test_finds_the_encoding(data: bytes, encoding: str | None, used: str) -> None:
    assert read(data, encoding=encoding) == Table(("键",), used, (Row(2, {"键": "值"}),))


def test_reads_gzip() -> None:
    assert read(gzip.compress(b"a\n1\n")) == read(b"a\n1\n")


def test_rows_carry_the_number_that_a_spreadsheet_shows() -> None:
    rows = read(b'a,b\n1,"x\ny"\n\n,\n2,z\n').rows
    assert rows == (Row(2, {"a": "1", "b": "x\ny"}), Row(5, {"a": "2", "b": "z"}))


def test_a_row_with_more_or_fewer_cells_is_not_guessed_at() -> None:
    assert read(b"a,b\n1\n1,2\n1,2,3\n").rows == (
        Row(2, {}, "the row has 1 cells, the header 2"),
        Row(3, {"a": "1", "b": "2"}),
        Row(4, {}, "the row has 3 cells, the header 2"),
    )


def test_a_quote_that_is_not_closed_names_the_lines_that_it_swallows() -> None:
    fault = "lines 3 to 5 can't be read: unexpected end of data; is a quote not closed?"
    assert read(b'a,b\n1,2\n3,"4\n5,6\n7,8\n').rows == (Row(2, {"a": "1", "b": "2"}), Row(3, {}, fault))


def test_reading_goes_on_behind_a_row_that_is_no_csv() -> None:
    rows = read(b'a\n"1"2\n3\n').rows
    assert [(row.number, row.fault is None) for row in rows] == [(2, False), (3, True)]


def test_a_column_without_a_name_is_left_out() -> None:
    assert read(b"a,,b,\n1,2,3,4\n").rows == (Row(2, {"a": "1", "b": "3"}),)


def test_json_lines_give_cells_as_they_were_written() -> None:
    data = b'{"a": 1.50, "b": null, "c": {"d": true, "e": ["x", 1]}}\n\n{"a": "\xc3\xa4"}\r\n'
    assert read(data) == Table(
        None,
        "utf-8",
        (Row(1, {"a": "1.50", "b": "", "c.d": "true", "c.e": '["x", "1"]'}), Row(3, {"a": "ä"})),
    )


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ('{"a": 1', "the line is not JSON: Expecting ',' delimiter"),
        ('{"a": {"b": 1}, "a.b": 2}', "two of its cells are named 'a.b'; give one another name"),
        ("[1]", "the line is not a JSON object: it does not start with a brace"),
        ('{"a": 1, "a": 2}', "the line is not JSON: a name stands twice in one object"),
        ('{"a": ' + "[" * 100_000 + "}", "the line is not JSON: maximum recursion depth exceeded"),
    ],
    ids=["cut off", "a name twice once flat", "no object", "a name twice", "nested deeply"],
)
def test_a_line_that_is_no_json_object_is_a_fault_of_its_row(line: str, fault: str) -> None:
    rows = read(f'{{"a": "1"}}\n{line}\n{{"a": "3"}}\n'.encode()).rows
    assert (rows[0], rows[2]) == (Row(1, {"a": "1"}), Row(3, {"a": "3"}))
    assert rows[1].number == 2
    assert str(rows[1].fault).startswith(fault)


@pytest.mark.parametrize(
    ("data", "encoding", "message"),
    [
        (b"", None, "there is no header: the first line names the columns"),
        (b",,\n1,2,3\n", None, "there is no header: the first line names the columns"),
        (b"a,b,a\n1,2,3\n", None, "two columns are named 'a'; give one another name"),
        (b'"a,b\n1,2\n', None, "the header can't be read: unexpected end of data"),
        (b'[{"a": 1}]', None, "this is one JSON list; write one object a line instead (JSON lines)"),
        (
            b"a\n1\n\xff\n",
            None,
            "line 3 is not text in utf-8 / gb18030 (byte 0xff); name the right one with --encoding",
        ),
        (b"a\n\xe4\n", "utf-8", "line 2 is not text in utf-8 (byte 0xe4); name the right one with --encoding"),
        (b"a\n", "klingon", "'klingon' is not an encoding; write one such as utf-8, gb18030 or utf-16"),
        (b"a\n", "hex", "'hex' is not an encoding; write one such as utf-8, gb18030 or utf-16"),
        (b"a\nb\0c\n", None, "line 2 holds a NUL character; a file of UTF-16 needs --encoding utf-16-le"),
    ],
)
def test_what_is_no_table_is_refused_with_the_remedy(data: bytes, encoding: str | None, message: str) -> None:
    assert refusal(data, encoding) == message


def test_a_damaged_gzip_file_is_refused() -> None:
    assert refusal(gzip.compress(b"a\n1\n" * 99)[:-9]).startswith("the gzip file is damaged: ")
    assert refusal(b"\x1f\x8b\x08\x00 not really").startswith("the gzip file is damaged: ")


_CELL = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))


@given(st.lists(st.tuples(_CELL, _CELL).filter(lambda cells: any(map(str.strip, cells)))))
def test_every_csv_row_comes_back(cells: list[tuple[str, str]]) -> None:
    out = io.StringIO(newline="")
    csv.writer(out).writerows([("a", "b"), *cells])
    assert [row.cells for row in read(out.getvalue().encode()).rows] == [{"a": a, "b": b} for a, b in cells]


@given(st.lists(st.dictionaries(_CELL.filter(bool), _CELL, min_size=1), min_size=1))
def test_every_json_line_comes_back(objects: list[dict[str, str]]) -> None:
    data = "\n".join(map(json.dumps, objects)).encode()
    assert [row.cells for row in read(data).rows] == objects


@given(st.binary())
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        table = read(data)
    except NotATable:
        return
    numbers = [row.number for row in table.rows]
    assert numbers == sorted(set(numbers))
    assert not any(row.fault is not None and row.cells for row in table.rows)
