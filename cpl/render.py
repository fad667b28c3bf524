"""Rows to a table, plain lines, JSON, CSV or Markdown that can harm no terminal or program."""

from __future__ import annotations

import csv
import io
import math
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from gettext import gettext as _
from itertools import chain
from typing import Final, Literal, TypeAlias

from cpl.errors import CplError
from cpl.patterns import regex
from cpl.values import frozen

Scalar: TypeAlias = str | int | float | bool | datetime | date | None
Cell: TypeAlias = Scalar | Sequence["Cell"] | Mapping[str, "Cell"]
Json: TypeAlias = str | int | float | bool | list["Json"] | dict[str, "Json"] | None

FORMATS: Final = ("table", "plain", "json", "jsonl", "csv", "markdown")
FOR_PEOPLE: Final = ("table", "markdown")

_GAP: Final = 2
_ELLIPSIS: Final = "…"
# Control characters, line separators, bidi marks, surrogates, and what Unicode calls default ignorable; but
# not variation selectors, which belong to ordinary emoji and Chinese names.
_HIDDEN: Final = regex(
    "[\x00-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e"
    "\u2060-\u206f\u3164\ud800-\udfff\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U000e0000-\U000e00ff\U000e01f0-\U000e0fff]"
)
_SURROGATE: Final = regex("[\ud800-\udfff]")
_FORMULA: Final = tuple("=+-@\t\r\n＝＋－＠")
_MARKDOWN: Final = str.maketrans(
    {"&": "&amp;", "<": "&lt;", ">": "&gt;"} | {mark: f"\\{mark}" for mark in "\\`*_~|[]!"}
)
_UNITS: Final = (86_400, 3_600, 60, 1)


class UnknownFormat(CplError):
    """A name that is not in FORMATS."""

    def __init__(self, fmt: str) -> None:
        names = ", ".join(FORMATS)
        super().__init__(_("no format '{name}'; there are {names}").format(name=fmt, names=names))


@frozen
class Column:
    """A column: the key of its cells (`name`, never translated), what people read above it, and its side.

    One that is `whole`, such as an id, is cut only when cutting all others is not enough.
    """

    name: str
    title: str
    align: Literal["left", "right"] = "left"
    whole: bool = False


Rows: TypeAlias = Sequence[Mapping[str, Cell]]


def rows(items: Rows, columns: Sequence[Column], fmt: str, *, width: int | None = None) -> str:
    """The items in one of FORMATS, ending with a line end unless empty; an absent key is an empty cell.

    `width` is that of the terminal, in columns: the text columns of a table are cut to fit.

    Raises:
        UnknownFormat: `fmt` is not in FORMATS.
    """
    match fmt:
        case "table":
            return _table(items, columns, width)
        case "plain":
            return "".join("\t".join(line) + "\n" for line in _lines(items, columns, _exact))
        case "json":
            return _dumped([_record(item, columns) for item in items], indent=2)
        case "jsonl":
            return "".join(_dumped(_record(item, columns)) for item in items)
        case "csv":
            return "".join(csv_lines(items, columns))
        case "markdown":
            return _markdown(items, columns)
    raise UnknownFormat(fmt)


def widest(items: Rows, columns: Sequence[Column]) -> int:
    """How many columns of a terminal the rows take as a table."""
    return max(map(_width, rows(items, columns, "table").splitlines()), default=0)


def _width(text: str) -> int:
    """How many columns of a terminal a text takes that has been made visible."""
    if text.isascii():  # much of what is shown is, and wcwidth looks at each character
        return len(text)
    from wcwidth import wcswidth

    return wcswidth(text)


def visible(text: str) -> str:
    r"""The text with what moves the cursor, reorders or hides spelled out: `\x1b`, `<U+202E>`, `⏎`."""
    return _HIDDEN.sub(lambda found: _spelled(found[0]), text.replace("\r\n", "\n"))


def visible_lines(text: str) -> str:
    """As `visible`, for text of several lines: its line ends and tabs stay."""
    return "\n".join("\t".join(map(visible, line.split("\t"))) for line in text.split("\n"))


def one_line(text: str) -> str:
    """`text` with every run of blanks, newlines and control characters as one blank."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def clip(text: str, width: int) -> str:
    """The text cut to at most `width` terminal columns, with `…` at the cut; `text` has been made visible."""
    if _width(text) <= width:
        return text
    kept = text[: max(width - 1, 0)]
    while kept and _width(kept) > width - 1:
        kept = kept[:-1]
    return kept + _ELLIPSIS if width > 0 else ""


def pairs(items: Sequence[tuple[str, str]]) -> str:
    """Lines of `label  value`, the values below each other."""
    labels = [visible(label) for label, _value in items]
    widest = max(map(_width, labels), default=0) + _GAP
    return "".join(
        (_padded(label, widest) + visible(value)).rstrip() + "\n"
        for label, (_label, value) in zip(labels, items, strict=True)
    )


def _unit_words() -> tuple[str, ...]:
    """The words for days, hours, minutes and seconds."""
    return _("{n} d"), _("{n} h"), _("{n} min"), _("{n} s")


def duration(seconds: int) -> str:
    """A length of time in its largest unit and the next, cut off there: `4 h 30 min`, `-2 d 4 h`, `45 s`."""
    words = _unit_words()
    left = abs(seconds)
    counts = []
    for unit in _UNITS:
        count, left = divmod(left, unit)
        counts.append(count)
    first = next((place for place, count in enumerate(counts) if count), len(counts) - 1)
    shown = [
        words[place].format(n=counts[place])
        for place in range(first, min(first + 2, len(counts)))
        if counts[place] or place == first
    ]
    return ("-" if seconds < 0 else "") + " ".join(shown)


def _spelled(character: str) -> str:
    named = {"\n": "⏎", "\t": "\\t", "\r": "\\r"}
    code = ord(character)
    return named.get(character) or (f"\\x{code:02x}" if code < 0xA0 else f"<U+{code:04X}>")


def _instant(value: datetime) -> str:
    """RFC 3339, to the second or the millisecond."""
    if value.utcoffset() is None:
        raise ValueError(f"an instant without an offset: {value}")
    return value.isoformat(timespec="milliseconds" if value.microsecond else "seconds")


def _text(cell: Cell, scalar: Callable[[Scalar], str]) -> str:
    """A cell as one text, not yet made safe."""
    match cell:
        case str() | int() | float() | date() | None:  # a datetime is a date, a bool an int
            return scalar(cell)
        case Mapping():
            return ", ".join(f"{key}: {_text(value, scalar)}" for key, value in cell.items())
    return ", ".join(_text(part, scalar) for part in cell)


def _exact(cell: Scalar) -> str:
    """For programs: the same in every language, nothing rounded."""
    match cell:
        case None:
            return ""
        case bool():
            return "true" if cell else "false"
        case datetime():
            return _instant(cell)
    return str(cell)


def _readable(cell: Scalar) -> str:
    """For people: in their language, to the minute."""
    match cell:
        case bool():
            return _("yes") if cell else _("no")
        case datetime():
            return cell.strftime("%Y-%m-%d %H:%M")
    return _exact(cell)


def _lines(items: Rows, columns: Sequence[Column], scalar: Callable[[Scalar], str]) -> Iterator[list[str]]:
    for item in items:
        yield [visible(_text(item.get(column.name), scalar)) for column in columns]


def _table(items: Rows, columns: Sequence[Column], width: int | None) -> str:
    if not items:
        return ""
    from tabulate import tabulate

    titles = [visible(column.title) for column in columns]
    grid = [[cell.strip() for cell in line] for line in (titles, *_lines(items, columns, _readable))]
    widths = [max(map(_width, cells)) for cells in zip(*grid, strict=True)]
    if width is not None:
        widths = _fitted(widths, columns, width)
        grid = [[clip(cell, room) for cell, room in zip(line, widths, strict=True)] for line in grid]
    grid.insert(1, ["-" * room for room in widths])
    # The titles are a row like others: a header would be padded by two columns that a terminal may not have.
    made = tabulate(grid, tablefmt="plain", disable_numparse=True, colalign=[column.align for column in columns])
    return "".join((line if width is None else clip(line, width)).rstrip() + "\n" for line in made.split("\n"))


def _padded(text: str, width: int) -> str:
    return text + " " * (width - _width(text))


def _fitted(widths: Sequence[int], columns: Sequence[Column], width: int) -> list[int]:
    """Widths that fit together: the widest text columns give first, then whole ones, numbers last."""
    room = width - _GAP * (len(columns) - 1)
    text = _capped(widths, [column.align == "left" and not column.whole for column in columns], room)
    whole = _capped(text, [column.align == "left" for column in columns], room)
    return _capped(whole, [True] * len(columns), room)


def _capped(widths: Sequence[int], flexible: Sequence[bool], room: int) -> list[int]:
    """The widths with the widest flexible ones cut to one height, so that the sum is `room` if it can be."""

    def capped(cap: int) -> list[int]:
        return [min(own, cap) if cut else own for own, cut in zip(widths, flexible, strict=True)]

    caps = range(1, max(widths) + 1)
    cap = max(1, bisect_right(caps, room, key=lambda cap: sum(capped(cap))))
    fitted = capped(cap)
    for place, own in enumerate(widths):
        if fitted[place] < own and sum(fitted) < room:
            fitted[place] += 1
    return fitted


def _json(cell: Cell) -> Json:
    match cell:
        case float() if not math.isfinite(cell):
            return None
        case str() | int() | float() | None:
            return cell
        case datetime():
            return _instant(cell)
        case date():
            return cell.isoformat()
        case Mapping():
            return {key: _json(value) for key, value in cell.items()}
    return [_json(part) for part in cell]


def _record(item: Mapping[str, Cell], columns: Sequence[Column]) -> Json:
    return {column.name: _json(item.get(column.name)) for column in columns}


def _dumped(value: Json, *, indent: int | None = None) -> str:
    """JSON whose every character may be shown on a terminal."""
    import json  # 2 ms that a table does not need

    text = json.dumps(value, ensure_ascii=False, indent=indent, allow_nan=False)
    return _HIDDEN.sub(lambda found: _escaped(found[0]), text) + "\n"


def _escaped(character: str) -> str:
    if character == "\n":  # between values; JSON has escaped those within
        return character
    units = character.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2))


def csv_lines(items: Iterable[Mapping[str, Cell]], columns: Sequence[Column]) -> Iterator[str]:
    """The lines of CSV, the header first, each with its line end; no more than one item is in memory at a time."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    for item in chain([{column.name: column.name for column in columns}], items):
        writer.writerow([_csv_cell(item.get(column.name)) for column in columns])
        yield out.getvalue()
        out.seek(0)
        out.truncate()


def _csv_cell(cell: Cell) -> str:
    """A cell that no spreadsheet takes for a formula, and that can be encoded; else exactly as it is."""
    text = _SURROGATE.sub(lambda found: _spelled(found[0]), _text(cell, _exact))
    is_number = isinstance(cell, int | float)
    return f"'{text}" if text.startswith(_FORMULA) and not is_number else text


def _markdown(items: Rows, columns: Sequence[Column]) -> str:
    titles = [visible(column.title) for column in columns]
    rules = ["--:" if column.align == "right" else "---" for column in columns]
    lines = [[cell.translate(_MARKDOWN) for cell in line] for line in (titles, *_lines(items, columns, _readable))]
    return "".join(f"| {' | '.join(line)} |\n" for line in (lines[0], rules, *lines[1:]))
