"""The strict reader of the small YAML that records and settings use: text to a tree of text nodes with marks.

What a text means (a number, an instant) is said by the schema, not here; nothing is written here.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass, field
from gettext import gettext as _
from itertools import accumulate, islice
from typing import Final, Literal, NoReturn

from cpl.errors import Problem

Style = Literal["plain", "single", "double", "literal"]
PlainData = dict[str, "PlainData"] | list["PlainData"] | str | None


@dataclass(frozen=True, slots=True)
class Source:
    """The full text of a file, so that marks and line numbers are those of the file."""

    path: str
    text: str = field(repr=False)
    _line_ends: list[int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        lengths = (len(line) + 1 for line in self.text.split("\n"))
        object.__setattr__(self, "_line_ends", list(accumulate(lengths)))

    def line(self, offset: int) -> int:
        """The line of `offset`, counted from 1."""
        return bisect_right(self._line_ends, offset) + 1


@dataclass(slots=True)
class ScalarNode:
    """A text; `commented`: behind a plain one a comment follows, which may have eaten a part of it."""

    text: str
    style: Style
    start: int
    end: int
    source: Source = field(repr=False, compare=False)
    commented: bool = False

    @property
    def line(self) -> int:
        """The line where it starts."""
        return self.source.line(self.start)

    @property
    def is_absent(self) -> bool:
        """Whether nothing stands there: `key:` or `-` alone."""
        return not self.text and self.style == "plain"


@dataclass(slots=True)
class Entry:
    """One `key: value`."""

    key: ScalarNode
    value: Node


@dataclass(slots=True)
class MappingNode:
    """The entries in the order of the file; `end` is behind the last of them or behind the closing brace."""

    entries: list[Entry]
    flow: bool
    start: int
    end: int
    source: Source = field(repr=False, compare=False)

    @property
    def line(self) -> int:
        """The line where it starts."""
        return self.source.line(self.start)

    def get(self, key: str) -> Node | None:
        """The value at `key`; None where there is no such key."""
        return next((entry.value for entry in self.entries if entry.key.text == key), None)


@dataclass(slots=True)
class SequenceNode:
    """The items in the order of the file; of a block list, `dashes` says where the `-` of each stands."""

    items: list[Node]
    flow: bool
    start: int
    end: int
    source: Source = field(repr=False, compare=False)
    dashes: list[int] = field(default_factory=list)

    @property
    def line(self) -> int:
        """The line where it starts."""
        return self.source.line(self.start)


Node = ScalarNode | MappingNode | SequenceNode


def plain_data(node: Node | None) -> PlainData:
    """The tree as dict, list and str; None where nothing stands."""
    if node is None:
        return None
    if isinstance(node, ScalarNode):
        return None if node.is_absent else node.text
    if isinstance(node, SequenceNode):
        return [plain_data(item) for item in node.items]
    return {entry.key.text: plain_data(entry.value) for entry in node.entries}


def read(source: Source, start: int, end: int, *, max_depth: int = 8) -> tuple[Node | None, list[Problem]]:
    """The tree of the whole lines `source.text[start:end]`, None where there is none, and its problems.

    With problems the tree holds what could be read; behind a syntax error the next root key is tried.
    """
    conflicts = conflict_markers(source, start, end)
    forbidden = _forbidden(source, start, end)
    reader = _Reader(source, start, end, max_depth)
    node = reader.root()
    if conflicts:
        return node, conflicts
    lines = {problem.line for problem in forbidden}
    return node, sorted(forbidden + [problem for problem in reader.problems if problem.line not in lines])


def conflict_markers(source: Source, start: int, end: int, *, prose_from: int | None = None) -> list[Problem]:
    """One problem for each conflict that a merge left; from `prose_from` on a lone `=======` is none."""
    problems = []
    is_open = False
    for match in _MARKER.finditer(source.text, start, end):
        kind = match[0][0]
        is_heading = kind == "=" and prose_from is not None and match.start() >= prose_from
        if kind == "<" or not (is_open or is_heading):
            message = _("a merge left conflict markers ('{marker}'); keep what is right and remove them")
            line = source.line(match.start())
            problems.append(Problem(source.path, line, "E011", message.format(marker=match[0])))
            is_open = True
        if kind == ">":
            is_open = False
    return problems


def _forbidden(source: Source, start: int, end: int) -> list[Problem]:
    problems = []
    for match in islice(_CONTROL.finditer(source.text, start, end), _MANY):
        problems.append(Problem(source.path, source.line(match.start()), "E010", _control_message(ord(match[0]))))
    for match in _DOCUMENT.finditer(source.text, start, end):
        message = _("'{line}' stands for the end of the data; remove the line").format(line=match[0])
        problems.append(Problem(source.path, source.line(match.start()), "E006", message))
    return problems


def _control_message(number: int) -> str:
    return _("the character U+{number} is not allowed; remove it").format(number=f"{number:04X}")


def _plain_pattern(stop: str) -> str:
    """The pattern of text without quotes; the characters `stop` end it besides."""
    solid = rf"[^ \t\r\n{stop}]"
    return (
        rf"(?:[^ \t\r\n\-?:,\[\]{{}}#&*!|>'\"%@`]|-(?={solid}))"
        rf"(?:[^ \t\r\n:{stop}]++|:(?={solid})|[ ]++(?=[^ \t\r\n#:{stop}]|:{solid}))*+"
    )


_MARKER: Final = re.compile(r"^(?:<{7}|\|{7}|={7}|>{7})(?=[ \r\n]|\Z)", re.MULTILINE)
_DOCUMENT: Final = re.compile(r"^(?:(?:---|\.\.\.)(?=[ \t\r\n]|\Z)|-{3,}(?=[^\S\n]*$))", re.MULTILINE)
_CONTROL: Final = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]|\r(?!\n)"
)
_BLOCK: Final = _plain_pattern("")
# Other YAML readers end a text at `?` within braces, so this one does not take it.
_FLOW: Final = _plain_pattern(r",?\[\]{}")
_QUOTES: Final = r"""(?:'(?:[^'\r\n]|'')*+'|"(?:[^"\\\r\n]|\\[^\r\n])*+")"""
_COLON: Final = r"[ ]{0,8}+:(?=[ \r\n]|\Z)"
_LINES: Final = r"(?:[ ]*+(?:\#[^\n]*+)?\r?\n)*+([ ]*+)(?:\#[^\n]*+)?"
_REST: Final = rf"(?:[ ]++(\#)[^\n]*+|[ ]*+)(?:\r?\n{_LINES}|\Z)"

_PLAIN: Final = re.compile(_BLOCK)
_PLAIN_FLOW: Final = re.compile(_FLOW)
_QUOTED: Final = re.compile(_QUOTES)
_KEY: Final = re.compile(rf"(?:{_BLOCK}|{_QUOTES}){_COLON}")
_KEY_FLOW: Final = re.compile(rf"(?:{_FLOW}|{_QUOTES}){_COLON}")
_ROOT_KEY: Final = re.compile(rf"^(?:{_BLOCK}|{_QUOTES}){_COLON}", re.MULTILINE)
_SIMPLE_LINE: Final = re.compile(rf"({_BLOCK}):[ ]++({_BLOCK}){_REST}")
_SIMPLE_PAIR: Final = re.compile(rf"({_FLOW}):[ ]++({_FLOW})(?:,[ ]?(?=[^ \t\r\n#,])|(?=\}}))")
_TO_CONTENT: Final = re.compile(_LINES)
_END_OF_LINE: Final = re.compile(_REST)
_DASH: Final = re.compile(r"-(?=[ \r\n]|\Z)")
_BLANKS: Final = re.compile(r"[ ]*+")
_GAP: Final = re.compile(r"(?:[ ]++(?:#[^\n]*+)?|\r?\n(?:#[^\n]*+)?)*+")
_IN_GAP: Final = frozenset(" \r\n#")
_COMMENT: Final = re.compile(r"[ ]++#")
_LITERAL: Final = re.compile(r"\|([+-]?)(?:[ ]++#[^\n]*+|[ ]*+)(?:\r?\n|\Z)")
_LITERAL_LINE: Final = re.compile(r"( *)([^\r\n]*)(?:\r?\n|\Z)")
_ESCAPE: Final = re.compile(r"\\(?:x([0-9A-Fa-f]{2})|u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|(.))")
_ESCAPED: Final = dict(zip('tn\t "/\\_0abvfreNLP', '\t\n\t "/\\\xa0\0\a\b\v\f\r\x1b\x85\u2028\u2029', strict=True))
_NULLS: Final = frozenset(("null", "Null", "NULL", "~"))
_UNUSED: Final = frozenset("&*!>?%|")
_REFUSED: Final = _UNUSED | frozenset("@`:,]}#'\"\t")
_WIDE_COLON: Final = re.compile(r"([^\s:'\"：]+)：\s*(.*)")
_TIGHT_COLON: Final = re.compile(r"([\w.-]+):(\S.*)")
_MANY: Final = 20  # as many forbidden characters are told; a file full of them is no text
_KEY_LIMIT: Final = 500  # other readers give up a key at 1,024 characters


def _behind_match(pattern: re.Pattern[str], text: str, at: int) -> int:
    match = pattern.match(text, at)
    return match.end() if match else at


class _SyntaxError(Exception):
    def __init__(self, at: int, code: str, message: str) -> None:
        self.at = at
        self.code = code
        self.message = message
        super().__init__(message)


class _Reader:
    """Reads from `at` on; between block nodes that is the next content, in `column` (-1: the end)."""

    __slots__ = ("at", "column", "max_depth", "problems", "source", "text")

    def __init__(self, source: Source, start: int, end: int, max_depth: int) -> None:
        self.source = source
        self.text = source.text if end == len(source.text) else source.text[:end]
        self.max_depth = max_depth
        self.problems: list[Problem] = []
        self.at = start
        self.column = -1

    def root(self) -> Node | None:
        try:
            self._to_content(_TO_CONTENT.match(self.text, self.at), 1)
            if self.column < 0:
                return None
            if self.text[self.at] in "[{" or _DASH.match(self.text, self.at):
                return self._root_collection()
        except _SyntaxError as failure:
            self._report(failure.at, failure.code, failure.message)
            return None
        return self._root_mapping()

    def _root_collection(self) -> Node:
        node = self._block_node(1)
        if self.column >= 0:
            self._fail("E005", _("this line does not belong to what stands above it"))
        return node

    def _root_mapping(self) -> MappingNode:
        node = MappingNode([], False, self.at, self.at, self.source)
        seen: dict[str, ScalarNode] = {}
        while self.column >= 0:
            begin = self.at
            try:
                self._block_pair(node, seen, 0, 1)
            except _SyntaxError as failure:
                self._report(failure.at, failure.code, failure.message)
                following = _ROOT_KEY.search(self.text, begin + 1)
                self.at, self.column = (following.start(), 0) if following else (len(self.text), -1)
        node.end = node.entries[-1].value.end if node.entries else node.start
        return node

    def _block_node(self, depth: int) -> Node:
        if _DASH.match(self.text, self.at):
            return self._block_sequence(self.column, depth)
        if _KEY.match(self.text, self.at):
            return self._block_mapping(self.column, depth)
        if self.text[self.at] not in "[{":
            self._fail_at_key(in_flow=False)
        node = self._inline(_PLAIN, depth)
        self._end_line(node)
        return node

    def _block_mapping(self, column: int, depth: int) -> MappingNode:
        self._enter(depth)
        self.column = column
        node = MappingNode([], False, self.at, self.at, self.source)
        seen: dict[str, ScalarNode] = {}
        while self.column == column:
            self._block_pair(node, seen, column, depth)
        node.end = node.entries[-1].value.end
        return node

    def _block_pair(self, node: MappingNode, seen: dict[str, ScalarNode], column: int, depth: int) -> None:
        if self.column > column:
            self._fail_deeper(node.entries[-1].value if node.entries else None)
        match = _SIMPLE_LINE.match(self.text, self.at)
        value: Node
        if match:
            value = simple = self._simple(node, seen, match)
            simple.commented = match[3] is not None
            self._to_content(match, 4)
        else:
            key = self._key(_KEY, _PLAIN)
            value = self._behind(column, depth, within_mapping=True)
            self._add(node, seen, key, value)
        if self.column > column:
            self._fail_deeper(value)

    def _block_sequence(self, column: int, depth: int) -> SequenceNode:
        self._enter(depth)
        self.column = column
        node = SequenceNode([], False, self.at, self.at, self.source)
        while self.column == column and _DASH.match(self.text, self.at):
            node.dashes.append(self.at)
            self.at += 1
            node.items.append(self._item(column, depth))
            if self.column > column:
                self._fail_deeper(node.items[-1])
        node.end = node.items[-1].end
        return node

    def _item(self, column: int, depth: int) -> Node:
        mark = self.at
        content = _behind_match(_BLANKS, self.text, mark)
        inner = column + 1 + content - mark
        if _DASH.match(self.text, content):
            self.at = content
            return self._block_sequence(inner, depth + 1)
        if _KEY.match(self.text, content):
            self.at = content
            return self._block_mapping(inner, depth + 1)
        return self._behind(column, depth, within_mapping=False)

    def _behind(self, column: int, depth: int, *, within_mapping: bool) -> Node:
        """What stands behind the colon or dash that ends at `at`."""
        mark = self.at
        self.at = _behind_match(_BLANKS, self.text, mark)
        char = self.text[self.at : self.at + 1]
        if char == "|":
            return self._literal(column)
        if char and char not in "\r\n#":
            node = self._inline(_PLAIN, depth + 1)
            self._end_line(node)
            return node
        self.at = mark
        self._end_line(None)
        has_list = within_mapping and self.column == column and _DASH.match(self.text, self.at)
        if self.column > column or has_list:
            return self._block_node(depth + 1)
        return ScalarNode("", "plain", mark, mark, self.source)

    def _literal(self, column: int) -> ScalarNode:
        start = self.at
        header = _LITERAL.match(self.text, start)
        if header is None:
            self._fail("E006", _("behind '|' may stand '-' or '+', and nothing else"), start)
        lines, ends = self._literal_lines(header.end(), column)
        kept = len(lines)
        while kept and not lines[kept - 1].rstrip("\n"):
            kept -= 1
        body, trailing = "".join(lines[:kept]), "".join(lines[kept:])
        end = ends[kept - 1] if kept else start + 1
        if header[1] == "+":
            body, end = body + trailing, ends[-1] if ends else end
        elif header[1] == "-":
            body = body.removesuffix("\n")
        return ScalarNode(body, "literal", start, end, self.source)

    def _literal_lines(self, begin: int, column: int) -> tuple[list[str], list[int]]:
        lines: list[str] = []
        ends: list[int] = []
        indent, blank = 0, 0
        self.at = begin
        while self.at < len(self.text):
            match = _LITERAL_LINE.match(self.text, self.at)
            if match is None or (match[2] and len(match[1]) < (indent or column + 1)):
                break
            if not indent and match[2]:
                indent = len(match[1])
                if blank:
                    self._fail("E005", _("the empty lines above are indented; remove their blanks"))
            blank = max(blank, len(match[1]))
            content = (match[1] + match[2])[indent:] if indent else ""
            lines.append(content + ("\n" if match[0].endswith("\n") else ""))
            ends.append(match.end(2))
            self.at = match.end()
        self._to_content(_TO_CONTENT.match(self.text, self.at), 1)
        return lines, ends

    def _inline(self, plain: re.Pattern[str], depth: int) -> Node:
        char = self.text[self.at]
        if char == "{":
            return self._flow_mapping(depth)
        if char == "[":
            return self._flow_sequence(depth)
        return self._scalar(plain)

    def _scalar(self, plain: re.Pattern[str]) -> ScalarNode:
        start = self.at
        match = plain.match(self.text, start)
        if match:
            self.at = match.end()
            node = ScalarNode(match[0], "plain", start, self.at, self.source)
            if match[0] in _NULLS:
                self._report_null(node)
            return node
        match = _QUOTED.match(self.text, start)
        if match is None:
            self._fail_at_scalar()
        self.at = match.end()
        text = match[0][1:-1]
        if match[0][0] == "'":
            return ScalarNode(text.replace("''", "'"), "single", start, self.at, self.source)
        if "\\" in text:
            text = _ESCAPE.sub(self._unescaped, text)
        return ScalarNode(text, "double", start, self.at, self.source)

    def _unescaped(self, match: re.Match[str]) -> str:
        digits = match[1] or match[2] or match[3]
        number = int(digits, 16) if digits else ord(_ESCAPED.get(match[4], "\ud800"))
        if number > 0x10FFFF or 0xD800 <= number < 0xE000:
            message = _("'{escape}' is not an escape; write '\\\\' for a backslash, or use single quotes")
            self._fail("E005", message.format(escape=match[0]), self.at - 1)
        char = chr(number)
        if _CONTROL.match(char):
            self._fail("E010", _control_message(number), self.at - 1)
        return char

    def _flow_mapping(self, depth: int) -> MappingNode:
        self._enter(depth)
        node = MappingNode([], True, self.at, self.at, self.source)
        seen: dict[str, ScalarNode] = {}
        self.at += 1
        while self._flow_next(node.start) != "}":
            match = _SIMPLE_PAIR.match(self.text, self.at)
            if match:
                self._simple(node, seen, match)
                self.at = match.end()
                continue
            key = self._key(_KEY_FLOW, _PLAIN_FLOW)
            value = self._flow_value(node.start, depth)
            self._add(node, seen, key, value)
            self._flow_separator(node.start, value, "}")
        self.at += 1
        node.end = self.at
        return node

    def _flow_sequence(self, depth: int) -> SequenceNode:
        self._enter(depth)
        node = SequenceNode([], True, self.at, self.at, self.source)
        self.at += 1
        while self._flow_next(node.start) != "]":
            item = self._inline(_PLAIN_FLOW, depth + 1)
            node.items.append(item)
            self._flow_separator(node.start, item, "]")
        self.at += 1
        node.end = self.at
        return node

    def _flow_value(self, opening: int, depth: int) -> Node:
        mark = self.at
        if self._flow_next(opening) in ",}":
            return ScalarNode("", "plain", mark, mark, self.source)
        return self._inline(_PLAIN_FLOW, depth + 1)

    def _flow_next(self, opening: int) -> str:
        """The character at which what opened at `opening` goes on, behind blanks and comments."""
        char = self.text[self.at : self.at + 1]
        if char in _IN_GAP:
            self.at = _behind_match(_GAP, self.text, self.at)
            char = self.text[self.at : self.at + 1]
        if not char or (self.text[self.at - 1] == "\n" and char not in "]}"):
            message = _("'{bracket}' is not closed").format(bracket=self.text[opening])
            self._fail("E005", message, opening)
        return char

    def _flow_separator(self, opening: int, node: Node, closing: str) -> None:
        mark = self.at
        char = self._flow_next(opening)
        if mark != self.at and isinstance(node, ScalarNode) and _COMMENT.match(self.text, mark):
            node.commented = node.style == "plain"
        if char == ",":
            self.at += 1
        elif char != closing:
            self._fail_in_flow(mark, closing, node)

    def _key(self, pattern: re.Pattern[str], plain: re.Pattern[str]) -> ScalarNode:
        match = pattern.match(self.text, self.at)
        if match is None:
            self._fail_at_key(in_flow=plain is _PLAIN_FLOW)
        key = self._scalar(plain)
        self.at = match.end()
        return key

    def _simple(self, node: MappingNode, seen: dict[str, ScalarNode], match: re.Match[str]) -> ScalarNode:
        key_text, text = match.group(1, 2)
        start, end = match.span(2)
        key = ScalarNode(key_text, "plain", match.start(), match.end(1), self.source)
        value = ScalarNode(text, "plain", start, end, self.source)
        if text in _NULLS or key_text in _NULLS:
            self._report_null(value if text in _NULLS else key)
        self._add(node, seen, key, value)
        return value

    def _add(self, node: MappingNode, seen: dict[str, ScalarNode], key: ScalarNode, value: Node) -> None:
        first = seen.setdefault(key.text, key)
        if first is not key:
            message = _("the key '{key}' stands here again, first in line {line}; keep one of them")
            self._report(key.start, "E007", message.format(key=key.text, line=first.line))
            return
        if key.text == "<<" and key.style == "plain":
            self._report(key.start, "E006", _("merge keys ('<<') are not used here; write the entries out"))
        if key.end - key.start > _KEY_LIMIT:
            self._report(key.start, "E005", _("the key is longer than {limit} characters").format(limit=_KEY_LIMIT))
        node.entries.append(Entry(key, value))

    def _enter(self, depth: int) -> None:
        if depth > self.max_depth:
            message = _("nested deeper than {limit} levels").format(limit=self.max_depth)
            self._fail("E008", message)

    def _to_content(self, match: re.Match[str] | None, group: int) -> None:
        """Moves behind `match`, the indentation of the next content line being its `group`."""
        self.at = match.end() if match else self.at
        self.column = len(match[group] or "") if match and self.at < len(self.text) else -1
        if self.text.startswith("\t", self.at):
            self._fail("E005", _("a tab stands here; write blanks instead"))

    def _end_line(self, node: Node | None) -> None:
        match = _END_OF_LINE.match(self.text, self.at)
        if match is None:
            self._fail_behind(node)
        if match[1] and isinstance(node, ScalarNode) and node.style == "plain":
            node.commented = True
        self._to_content(match, 2)

    def _report(self, at: int, code: str, message: str) -> None:
        self.problems.append(Problem(self.source.path, self.source.line(at), code, message))

    def _report_null(self, node: ScalarNode) -> None:
        message = _("'{text}' is not used here; leave the value out, or put the text in quotes")
        self._report(node.start, "E009", message.format(text=node.text))

    def _fail(self, code: str, message: str, at: int = -1) -> NoReturn:
        raise _SyntaxError(self.at if at < 0 else at, code, message)

    def _fail_deeper(self, value: Node | None) -> NoReturn:
        if _is_plain(value):
            self._fail("E006", _("the text of the line above goes on here; put it on one line, or under 'key: |'"))
        self._fail("E005", _("this line is indented further than the lines that it belongs to"))

    def _fail_behind(self, node: Node | None) -> NoReturn:
        rest = _excerpt(self.text[self.at : self.at + 200].lstrip(" "))
        if rest.startswith(":") and _is_plain(node):
            text = _excerpt(node.text + rest) if isinstance(node, ScalarNode) else rest
            self._fail("E005", _("': ' stands within a text; put the text in quotes: '{text}'").format(text=text))
        if rest.startswith(":"):
            self._fail("E006", _("what stands before this colon can't be a key; a key is one word on its own line"))
        self._fail_at_tab(rest)
        self._fail("E005", _("'{rest}' can't stand here, the value before it has ended").format(rest=rest))

    def _fail_in_flow(self, mark: int, closing: str, node: Node) -> NoReturn:
        rest = _excerpt(self.text[self.at : self.at + 80])
        if _is_plain(node) and "\n" in self.text[mark : self.at]:
            self._fail("E006", _("the text of the line above goes on here; put it on one line, in quotes"))
        self._fail_at_tab(rest)
        message = _("here should stand ',' or '{closing}', not '{rest}'; put such a text in quotes")
        self._fail("E005", message.format(closing=closing, rest=rest))

    def _fail_at_key(self, *, in_flow: bool) -> NoReturn:
        line = _excerpt(self.text[self.at : self.at + 80])
        wide, tight = _WIDE_COLON.match(line), _TIGHT_COLON.match(line)
        if wide:
            right = f"{wide[1]}: {wide[2]}"
            self._fail("E005", _("the colon is full-width (：); write '{right}'").format(right=right))
        if tight:
            right = f"{tight[1]}: {tight[2]}"
            self._fail("E005", _("behind the colon a blank is missing; write '{right}'").format(right=right))
        if line[:1] in _REFUSED:
            self._fail_at_scalar()
        message = _("here should stand 'key: value', not '{line}'")
        if in_flow:
            message = _("here should stand 'key: value', not '{line}'; put a text that holds a comma in quotes")
        self._fail("E005", message.format(line=line))

    def _fail_at_scalar(self) -> NoReturn:
        line = _excerpt(self.text[self.at : self.at + 80])
        if line[:1] in ("'", '"'):
            goes_on = self.text.startswith(" ", self.text.find("\n", self.at) + 1)
            message = _("the quote that opens here is not closed on its line; put the text on one line")
            self._fail("E006" if goes_on else "E005", message)
        if line[:1] in _UNUSED:
            message = _("'{line}' has a YAML form that records don't use (anchor, tag, folded text …); use quotes")
            self._fail("E006", message.format(line=line))
        self._fail_at_tab(line)
        self._fail("E005", _("'{line}' can't stand here; put such a text in quotes").format(line=line))

    def _fail_at_tab(self, rest: str) -> None:
        if rest.startswith("\t"):
            self._fail("E005", _("a tab stands here; write blanks instead"))


def _is_plain(node: Node | None) -> bool:
    return isinstance(node, ScalarNode) and node.style == "plain" and not node.is_absent


def _excerpt(text: str) -> str:
    """The beginning of the first line of `text`, short enough for a message."""
    line = text.split("\n", 1)[0].rstrip("\r ")
    return line if len(line) <= 40 else line[:40] + "…"
