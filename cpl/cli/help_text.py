"""Help with characters that take two columns: click counts characters, and breaks lines only at blanks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

import click

from cpl.patterns import regex

_WIDE: Final = regex("[\u2e80-\uffef]")
# What stays together: a word, or one wide character, with the brackets before it and the punctuation behind it.
_UNIT: Final = regex(r"\s+|[（「『《]*(?:[^\s\u2e80-\uffef]+|.)[，。；：、）」』》！？]*")
_ENDS: Final = "，。；：、）」』》！？"
_NARROWEST: Final = 20


class HelpFormatter(click.HelpFormatter):
    """As click's, by columns of the terminal."""

    def write_text(self, text: str) -> None:
        """Write paragraphs that fit the width."""
        if not _WIDE.search(text):
            super().write_text(text)
            return
        indent = " " * self.current_indent
        for number, paragraph in enumerate(text.split("\n\n")):
            self.write("\n" if number else "")
            for line in _lines(paragraph, max(self.width - self.current_indent, _NARROWEST)):
                self.write(f"{indent}{line}\n")

    def write_dl(self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2) -> None:
        """Write terms with what they mean in a column behind them."""
        pairs = list(rows)
        if not any(_WIDE.search(part) for pair in pairs for part in pair):
            super().write_dl(pairs, col_max, col_spacing)
            return
        column = min(max(_width(term) for term, _meaning in pairs), col_max) + col_spacing
        margin, room = " " * self.current_indent, max(self.width - column - 2, _NARROWEST)
        for term, meaning in pairs:
            first, *rest = [*_lines(meaning, room)] or [""]
            fits = _width(term) <= column - col_spacing
            gap = " " * (column - _width(term)) if fits else f"\n{margin}{' ' * column}"
            self.write(f"{margin}{term}{gap}{first}".rstrip() + "\n")
            for line in rest:
                self.write(f"{margin}{' ' * column}{line}\n")


class HelpContext(click.Context):
    """The context of a command whose help may have wide characters."""

    formatter_class = HelpFormatter


def first_sentence(text: str) -> str:
    """What a list of commands says of one; click looks for a full stop and a blank."""
    sentence, stop, _rest = text.partition("\n\n")[0].partition("。")
    return sentence + stop


def _lines(paragraph: str, width: int) -> Iterator[str]:
    """The lines of a paragraph; one that begins with \\b is left as it is."""
    written = paragraph.strip("\n").split("\n")
    if written[0].strip() == "\b":
        yield from written[1:]
        return
    line = ""
    for unit in _UNIT.findall(_joined(written)):
        if line and _width(line + unit.rstrip()) > width:
            yield line.rstrip()
            line = ""
        line += unit if line else unit.lstrip()
    yield from [line] if line else ()


def _joined(lines: Iterable[str]) -> str:
    """Lines as one, with a blank in between unless both sides are wide, or the first ends with wide punctuation."""
    text = ""
    for line in (each.strip() for each in lines):
        ends_wide = bool(text and line) and _WIDE.match(text[-1]) and (_WIDE.match(line[0]) or text[-1] in _ENDS)
        is_between = bool(text and line) and not ends_wide
        text += " " + line if is_between else line
    return text


def _width(text: str) -> int:
    from wcwidth import wcswidth

    return max(wcswidth(text), 0)
