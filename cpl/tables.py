"""Tables that other systems export, as rows of named cells; what the cells mean is not known here."""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import json
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator
from gettext import gettext as _
from typing import Any, Final

from cpl.errors import CplError
from cpl.patterns import regex
from cpl.values import frozen

MOST: Final = 1 << 29
DELIMITERS: Final = ",;\t"
FALLBACKS: Final = ("utf-8", "gb18030")
EXPECTED: Final = ("utf-8", "utf-8-sig", "utf-16")  # what nobody has to be told
_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_QUOTED: Final = regex(r'"(?>(?:[^"]|"")*)"')
_HEADER: Final = regex(rf'(?>(?:{_QUOTED.pattern}|[^"\r\n])*)')
_GZIP: Final = b"\x1f\x8b"


class NotATable(CplError):
    """A file that can't be read as a table at all; the message says where it stops and what would help."""


@frozen
class Row:
    """One row: its number as a spreadsheet shows it, its cells by column, or the `fault` that spoils it."""

    number: int
    cells: dict[str, str]
    fault: str | None = None


@frozen
class Table:
    """A table's rows; `columns` is None where each row names its own (JSON lines)."""

    columns: tuple[str, ...] | None
    encoding: str
    rows: tuple[Row, ...]


def read(data: bytes, *, encoding: str | None = None, most: int = MOST) -> Table:
    """The table in `data`: CSV, or JSON lines where the text starts with a brace; either may be gzipped.

    Without `encoding` a byte order mark decides, then UTF-8 is tried, then GB18030. Rows without any content
    are left out. Row 1 of a CSV file is its header. What is packed may unpack to at most `most` bytes.

    Raises:
        NotATable: it is no text in that encoding, or has no header.
    """
    text, used = _decode(_unpack(data, most), encoding)
    start = text.lstrip()[:1]
    if start == "[":
        raise NotATable(_("this is one JSON list; write one object a line instead (JSON lines)"))
    if start == "{":
        return Table(None, used, tuple(_json_rows(text)))
    columns, rows = _csv(text)
    return Table(columns, used, tuple(rows))


def _unpack(data: bytes, most: int) -> bytes:
    if not data.startswith(_GZIP):
        return data
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(data)) as file:
            found = file.read(most + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise NotATable(_("the gzip file is damaged: {reason}").format(reason=error)) from None
    if len(found) > most:
        message = _("the gzip file unpacks to more than {limit} bytes; unpack it, and take it in in parts")
        raise NotATable(message.format(limit=most))
    return found


def _decode(data: bytes, encoding: str | None) -> tuple[str, str]:
    marked = [name for mark, name in _MARKS if data.startswith(mark)]
    names = [encoding] if encoding is not None else marked or FALLBACKS
    failed: UnicodeError | None = None
    for name in names:
        try:
            text = data.decode(name).removeprefix("\N{BYTE ORDER MARK}")
        except LookupError:
            message = _("'{name}' is not an encoding; write one such as utf-8, gb18030 or utf-16")
            raise NotATable(message.format(name=name)) from None
        except UnicodeError as error:
            failed = failed or error
        else:
            _refuse_nul(text)
            return text, name
    raise _undecodable(data, " / ".join(names), failed)


def _undecodable(data: bytes, names: str, error: UnicodeError | None) -> NotATable:
    start = error.start if isinstance(error, UnicodeDecodeError) else 0
    message = _("line {line} is not text in {names} (byte {byte:#04x}); name the right one with --encoding")
    line = data.count(b"\n", 0, start) + 1
    return NotATable(message.format(line=line, names=names, byte=data[start]))


def _refuse_nul(text: str) -> None:
    where = text.find("\0")
    if where >= 0:
        message = _("line {line} holds a NUL character; a file of UTF-16 needs --encoding utf-16-le")
        raise NotATable(message.format(line=text.count("\n", 0, where) + 1))


def _csv(text: str) -> tuple[tuple[str, ...], Iterator[Row]]:
    header = _HEADER.match(text)
    unquoted = _QUOTED.sub("", header[0] if header else "")
    delimiter = max(DELIMITERS, key=unquoted.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        columns = tuple(name.strip() for name in next(reader, ()))
    except csv.Error as error:
        raise NotATable(_("the header can't be read: {reason}").format(reason=error)) from None
    if not any(columns):
        raise NotATable(_("there is no header: the first line names the columns"))
    twice = _first_twice(filter(None, columns))
    if twice is not None:
        raise NotATable(_("two columns are named '{name}'; give one another name").format(name=twice))
    return columns, _csv_rows(reader, columns)


def _csv_rows(reader: Any, columns: tuple[str, ...]) -> Iterator[Row]:
    number = 1
    while True:
        number, first_line = number + 1, reader.line_num + 1
        try:
            cells = next(reader, None)
        except csv.Error as error:
            message = _("lines {first} to {last} can't be read: {reason}; is a quote not closed?")
            yield Row(number, {}, message.format(first=first_line, last=reader.line_num, reason=error))
            continue
        if cells is None:
            return
        if any(map(str.strip, cells)):
            yield _csv_row(number, cells, columns)


def _csv_row(number: int, cells: list[str], columns: tuple[str, ...]) -> Row:
    if len(cells) != len(columns):
        message = _("the row has {count} cells, the header {columns}")
        return Row(number, {}, message.format(count=len(cells), columns=len(columns)))
    return Row(number, {name: cell for name, cell in zip(columns, cells, strict=True) if name})


def _json_rows(text: str) -> Iterator[Row]:
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            yield _json_row(number, line)


def _json_row(number: int, line: str) -> Row:
    try:
        data = json.loads(line, parse_float=str, parse_int=str, parse_constant=str, object_pairs_hook=_object)
        if not isinstance(data, dict):
            return Row(number, {}, _("the line is not a JSON object: it does not start with a brace"))
        cells = list(_flat("", data))
    except (ValueError, RecursionError) as error:
        return Row(number, {}, _("the line is not JSON: {reason}").format(reason=error))
    twice = _first_twice(name for name, _cell in cells)
    if twice is not None:
        message = _("two of its cells are named '{name}'; give one another name")
        return Row(number, {}, message.format(name=twice))
    return Row(number, dict(cells))


def _first_twice(names: Iterable[str]) -> str | None:
    """The first of the names that stands there more than once; None when each stands once."""
    return next((name for name, count in Counter(names).items() if count > 1), None)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError(_("a name stands twice in one object"))
    return found


def _flat(prefix: str, value: Any) -> Iterable[tuple[str, str]]:
    """The cells of a JSON value: of an object within an object as `outer.inner`, a list as JSON text."""
    if isinstance(value, dict):
        dot = f"{prefix}." if prefix else ""
        return [cell for name, below in value.items() for cell in _flat(f"{dot}{name}", below)]
    if value is None:
        return [(prefix, "")]
    if isinstance(value, str):
        return [(prefix, value)]
    return [(prefix, json.dumps(value, ensure_ascii=False))]
