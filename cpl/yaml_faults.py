"""What can be wrong with YAML text, as codes and messages with a remedy; where it is wrong is the reader's to find."""

from __future__ import annotations

import re
from gettext import gettext as _
from itertools import islice
from typing import Final

from cpl.errors import Problem
from cpl.patterns import regex
from cpl.yaml_grammar import KEY_FLOW, PLAIN_FLOW
from cpl.yaml_nodes import Node, ScalarNode, Source

Fault = tuple[str, str]

_MARKER: Final = regex(r"^(?:<{7}|\|{7}|={7}|>{7})(?=[ \r\n]|\Z)", re.MULTILINE)
_DOCUMENT: Final = regex(r"^(?:(?:---|\.\.\.)(?=[ \t\r\n]|\Z)|-{3,}(?=[^\S\n]*$))", re.MULTILINE)
_CONTROL: Final = regex(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]|\r(?!\n)")
_UNUSED: Final = frozenset("&*!>?%|")
_REFUSED: Final = _UNUSED | frozenset("@`:,]}#'\"\t")
_WIDE_COLON: Final = regex(r"([^\s:'\"：]+)：\s*(.*)")
_TIGHT_COLON: Final = regex(r"([\w.-]+):(\S.*)")
_MANY: Final = 20  # as many forbidden characters are told; a file full of them is no text


class SyntaxFault(Exception):
    """What ends the reading of an entry: the fault, and the place `at` which it is."""

    def __init__(self, at: int, code: str, message: str) -> None:
        self.at = at
        self.code = code
        self.message = message


def conflict_markers(source: Source, start: int, end: int, *, prose_from: int | None = None) -> list[Problem]:
    """One problem for each conflict that a merge left; from `prose_from` on a lone `=======` is none."""
    problems = []
    is_open = False
    for match in _MARKER.finditer(source.text, start, end):
        kind = match[0][0]
        is_heading = kind == "=" and prose_from is not None and match.start() >= prose_from
        if kind == "<" or not (is_open or is_heading):
            message = _(
                "a merge left conflict markers ('{marker}'); keep what is right and remove them (a record: cpl settle)"
            )
            line = source.line(match.start())
            problems.append(Problem(source.path, line, "E011", message.format(marker=match[0])))
            is_open = True
        if kind == ">":
            is_open = False
    return problems


def forbidden(source: Source, start: int, end: int) -> list[Problem]:
    """The characters that may not stand in a file (E010), the first of many, and ends of the data (E006)."""
    problems = []
    for match in islice(_CONTROL.finditer(source.text, start, end), _MANY):
        problems.append(Problem(source.path, source.line(match.start()), "E010", control_message(ord(match[0]))))
    for match in _DOCUMENT.finditer(source.text, start, end):
        message = _("'{line}' stands for the end of the data; remove the line").format(line=match[0])
        problems.append(Problem(source.path, source.line(match.start()), "E006", message))
    return problems


def control_message(number: int) -> str:
    """The words on a character that may not stand in a file, by its code point."""
    return _("the character U+{number} is not allowed; remove it").format(number=f"{number:04X}")


def is_control(char: str) -> bool:
    """Whether a character may not stand in a file."""
    return bool(_CONTROL.match(char))


def is_plain(node: Node | None) -> bool:
    """Whether the node is plain text that is there."""
    return isinstance(node, ScalarNode) and node.style == "plain" and not node.is_absent


def looks_like_pair(text: str) -> bool:
    """Whether `text` begins as `key:value`, a colon of the wrong kind or without its blank."""
    return bool(_WIDE_COLON.match(text) or _TIGHT_COLON.match(text))


def end_of_text(text: str, at: int) -> int:
    """Where what goes on at `at` over commas without a blank ends, between braces; `at` where nothing goes on."""
    end = at
    while rest := PLAIN_FLOW.match(text, at):
        if KEY_FLOW.match(text, at) or looks_like_pair(rest[0]):
            break
        end = rest.end()
        if text[end : end + 1] != ",":
            break
        at = end + 1
    return end


def deeper(value: Node | None) -> Fault:
    """A line indented further than `value` above it allows."""
    if is_plain(value):
        return "E006", _("the text of the line above goes on here; put it on one line, or under 'key: |'")
    return "E005", _("this line is indented further than the lines that it belongs to")


def behind(rest: str, node: Node | None) -> Fault:
    """`rest` stands on the line behind `node`."""
    rest = excerpt(rest.lstrip(" "))
    if rest.startswith(":") and is_plain(node):
        text = excerpt(node.text + rest) if isinstance(node, ScalarNode) else rest
        return "E005", _("': ' stands within a text; put the text in quotes: '{text}'").format(text=text)
    if rest.startswith(":"):
        return "E006", _("what stands before this colon can't be a key; a key is one word on its own line")
    if rest.startswith("\t"):
        return tab()
    return "E005", _("'{rest}' can't stand here, the value before it has ended").format(rest=rest)


def in_flow(rest: str, closing: str, node: Node, gap: str) -> Fault:
    """Between brackets `rest` stands where a comma or `closing` should; `gap` is what parts it from `node`."""
    rest = excerpt(rest)
    if is_plain(node) and "\n" in gap:
        return "E006", _("the text of the line above goes on here; put it on one line, in quotes")
    if rest.startswith("\t"):
        return tab()
    message = _("here should stand ',' or '{closing}', not '{rest}'; put such a text in quotes")
    return "E005", message.format(closing=closing, rest=rest)


def at_key(text: str, at: int, *, is_flow: bool) -> Fault:
    """What stands at `at` is no `key: value`."""
    line = excerpt(text[at : at + 80])
    wide, tight = _WIDE_COLON.match(line), _TIGHT_COLON.match(line)
    if wide:
        right = f"{wide[1]}: {wide[2]}"
        return "E005", _("the colon is full-width (：); write '{right}'").format(right=right)
    if tight:
        right = f"{tight[1]}: {tight[2]}"
        return "E005", _("behind the colon a blank is missing; write '{right}'").format(right=right)
    if line[:1] in _REFUSED:
        return at_scalar(text, at)
    message = _("here should stand 'key: value', not '{line}'")
    if is_flow:
        message = _("here should stand 'key: value', not '{line}'; put a text that holds a comma in quotes")
    return "E005", message.format(line=line)


def at_scalar(text: str, at: int) -> Fault:
    """What stands at `at` is no value."""
    line = excerpt(text[at : at + 80])
    if line[:1] in ("'", '"'):
        goes_on = text.startswith(" ", text.find("\n", at) + 1)
        message = _("the quote that opens here is not closed on its line; put the text on one line")
        return "E006" if goes_on else "E005", message
    if line[:1] in _UNUSED:
        message = _("'{line}' has a YAML form that records don't use (anchor, tag, folded text …); use quotes")
        return "E006", message.format(line=line)
    if line.startswith("\t"):
        return tab()
    return "E005", _("'{line}' can't stand here; put such a text in quotes").format(line=line)


def tab() -> Fault:
    """A tab where YAML wants blanks."""
    return "E005", _("a tab stands here; write blanks instead")


def excerpt(text: str) -> str:
    """The beginning of the first line of `text`, short enough for a message."""
    line = text.split("\n", 1)[0].rstrip("\r ")
    return line if len(line) <= 40 else line[:40] + "…"
