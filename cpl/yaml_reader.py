"""The strict reader of the small YAML that records and settings use: text to a tree of text nodes with marks.

What a text means (a number, an instant) is said by the schema, not here; nothing is written here.
"""

from __future__ import annotations

import re
from gettext import gettext as _
from typing import NoReturn

from cpl import yaml_faults as faults
from cpl.errors import Problem
from cpl.yaml_grammar import (
    BLANKS,
    COMMENT,
    DASH,
    END_OF_LINE,
    ESCAPE,
    ESCAPED,
    GAP,
    IN_GAP,
    KEY,
    KEY_FLOW,
    KEY_LIMIT,
    LITERAL,
    LITERAL_LINE,
    NULLS,
    PLAIN,
    PLAIN_FLOW,
    QUOTED,
    ROOT_KEY,
    SIMPLE_LINE,
    SIMPLE_PAIR,
    TO_CONTENT,
    behind_match,
)
from cpl.yaml_nodes import Entry, MappingNode, Node, ScalarNode, SequenceNode, Source


def read(source: Source, start: int, end: int, *, max_depth: int = 8) -> tuple[Node | None, list[Problem]]:
    """The tree of the whole lines `source.text[start:end]`, None where there is none, and its problems.

    With problems the tree holds what could be read; behind a syntax error the next root key is tried.
    """
    conflicts = faults.conflict_markers(source, start, end)
    forbidden = faults.forbidden(source, start, end)
    reader = _Reader(source, start, end, max_depth)
    node = reader.root()
    if conflicts:
        return node, conflicts
    lines = {problem.line for problem in forbidden}
    return node, sorted(forbidden + [problem for problem in reader.problems if problem.line not in lines])


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
            self._to_content(TO_CONTENT.match(self.text, self.at), 1)
            if self.column < 0:
                return None
            if self.text[self.at] in "[{" or DASH.match(self.text, self.at):
                return self._root_collection()
        except faults.SyntaxFault as failure:
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
            except faults.SyntaxFault as failure:
                self._report(failure.at, failure.code, failure.message)
                following = ROOT_KEY.search(self.text, begin + 1)
                self.at, self.column = (following.start(), 0) if following else (len(self.text), -1)
        node.end = node.entries[-1].value.end if node.entries else node.start
        return node

    def _block_node(self, depth: int) -> Node:
        if DASH.match(self.text, self.at):
            return self._block_sequence(self.column, depth)
        if KEY.match(self.text, self.at):
            return self._block_mapping(self.column, depth)
        if self.text[self.at] not in "[{":
            self._fail(*faults.at_key(self.text, self.at, is_flow=False))
        node = self._inline(PLAIN, depth)
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
            self._fail(*faults.deeper(node.entries[-1].value if node.entries else None))
        match = SIMPLE_LINE.match(self.text, self.at)
        value: Node
        if match:
            value = simple = self._simple(node, seen, match)
            simple.commented = match[3] is not None
            self._to_content(match, 4)
        else:
            key = self._key(KEY, PLAIN)
            value = self._behind(column, depth, within_mapping=True)
            self._add(node, seen, key, value)
        if self.column > column:
            self._fail(*faults.deeper(value))

    def _block_sequence(self, column: int, depth: int) -> SequenceNode:
        self._enter(depth)
        self.column = column
        node = SequenceNode([], False, self.at, self.at, self.source)
        while self.column == column and DASH.match(self.text, self.at):
            node.dashes.append(self.at)
            self.at += 1
            node.items.append(self._item(column, depth))
            if self.column > column:
                self._fail(*faults.deeper(node.items[-1]))
        node.end = node.items[-1].end
        return node

    def _item(self, column: int, depth: int) -> Node:
        mark = self.at
        content = behind_match(BLANKS, self.text, mark)
        inner = column + 1 + content - mark
        if DASH.match(self.text, content):
            self.at = content
            return self._block_sequence(inner, depth + 1)
        if KEY.match(self.text, content):
            self.at = content
            return self._block_mapping(inner, depth + 1)
        return self._behind(column, depth, within_mapping=False)

    def _behind(self, column: int, depth: int, *, within_mapping: bool) -> Node:
        """What stands behind the colon or dash that ends at `at`."""
        mark = self.at
        self.at = behind_match(BLANKS, self.text, mark)
        char = self.text[self.at : self.at + 1]
        if char == "|":
            return self._literal(column)
        if char and char not in "\r\n#":
            node = self._inline(PLAIN, depth + 1)
            self._end_line(node)
            return node
        self.at = mark
        self._end_line(None)
        has_list = within_mapping and self.column == column and DASH.match(self.text, self.at)
        if self.column > column or has_list:
            return self._block_node(depth + 1)
        return ScalarNode("", "plain", mark, mark, self.source)

    def _literal(self, column: int) -> ScalarNode:
        start = self.at
        header = LITERAL.match(self.text, start)
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
            match = LITERAL_LINE.match(self.text, self.at)
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
        self._to_content(TO_CONTENT.match(self.text, self.at), 1)
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
            if match[0] in NULLS:
                self._report_null(node)
            return node
        match = QUOTED.match(self.text, start)
        if match is None:
            self._fail(*faults.at_scalar(self.text, self.at))
        self.at = match.end()
        text = match[0][1:-1]
        if match[0][0] == "'":
            return ScalarNode(text.replace("''", "'"), "single", start, self.at, self.source)
        if "\\" in text:
            text = ESCAPE.sub(self._unescaped, text)
        return ScalarNode(text, "double", start, self.at, self.source)

    def _unescaped(self, match: re.Match[str]) -> str:
        digits = match[1] or match[2] or match[3]
        number = int(digits, 16) if digits else ord(ESCAPED.get(match[4], "\ud800"))
        if number > 0x10FFFF or 0xD800 <= number < 0xE000:
            message = _("'{escape}' is not an escape; write '\\\\' for a backslash, or use single quotes")
            self._fail("E005", message.format(escape=match[0]), self.at - 1)
        char = chr(number)
        if faults.is_control(char):
            self._fail("E010", faults.control_message(number), self.at - 1)
        return char

    def _flow_mapping(self, depth: int) -> MappingNode:
        self._enter(depth)
        node = MappingNode([], True, self.at, self.at, self.source)
        seen: dict[str, ScalarNode] = {}
        self.at += 1
        while self._flow_next(node.start) != "}":
            match = SIMPLE_PAIR.match(self.text, self.at)
            if match:
                self._simple(node, seen, match)
                self.at = match.end()
                continue
            if self._goes_on_behind_comma(node):
                continue
            key = self._key(KEY_FLOW, PLAIN_FLOW)
            value = self._flow_value(node.start, depth)
            self._add(node, seen, key, value)
            self._flow_separator(node.start, value, "}")
        self.at += 1
        node.end = self.at
        return node

    def _goes_on_behind_comma(self, node: MappingNode) -> bool:
        """Takes `b` of `{text: a,b}` to the text before it, with a warning; whether there was such text.

        YAML sees a further key `b` without a value there, which nobody means: Chinese is written without blanks.
        """
        value = node.entries[-1].value if node.entries else None
        if not isinstance(value, ScalarNode) or not faults.is_plain(value) or self.text[value.end : self.at] != ",":
            return False
        end = faults.end_of_text(self.text, self.at)
        if end == self.at:
            return False
        # All of it at once: one piece after the other, a text full of commas would take the square of its length.
        rest = self.text[self.at : end]
        value.text += "," + rest
        value.end = self.at = end
        message = _("other readers end the text before ',{rest}'; put it in quotes: '{text}'")
        words = message.format(rest=faults.excerpt(rest), text=faults.excerpt(value.text))
        self._report(value.start, "W005", words)
        self._flow_separator(node.start, value, "}")
        return True

    def _flow_sequence(self, depth: int) -> SequenceNode:
        self._enter(depth)
        node = SequenceNode([], True, self.at, self.at, self.source)
        self.at += 1
        while self._flow_next(node.start) != "]":
            item = self._inline(PLAIN_FLOW, depth + 1)
            node.items.append(item)
            self._flow_separator(node.start, item, "]")
        self.at += 1
        node.end = self.at
        return node

    def _flow_value(self, opening: int, depth: int) -> Node:
        mark = self.at
        if self._flow_next(opening) in ",}":
            return ScalarNode("", "plain", mark, mark, self.source)
        return self._inline(PLAIN_FLOW, depth + 1)

    def _flow_next(self, opening: int) -> str:
        """The character at which what opened at `opening` goes on, behind blanks and comments."""
        char = self.text[self.at : self.at + 1]
        if char in IN_GAP:
            self.at = behind_match(GAP, self.text, self.at)
            char = self.text[self.at : self.at + 1]
        if not char or (self.text[self.at - 1] == "\n" and char not in "]}"):
            message = _("'{bracket}' is not closed").format(bracket=self.text[opening])
            self._fail("E005", message, opening)
        return char

    def _flow_separator(self, opening: int, node: Node, closing: str) -> None:
        mark = self.at
        char = self._flow_next(opening)
        if mark != self.at and isinstance(node, ScalarNode) and COMMENT.match(self.text, mark):
            node.commented = node.style == "plain"
        if char == ",":
            self.at += 1
        elif char != closing:
            self._fail(*faults.in_flow(self.text[self.at : self.at + 80], closing, node, self.text[mark : self.at]))

    def _key(self, pattern: re.Pattern[str], plain: re.Pattern[str]) -> ScalarNode:
        match = pattern.match(self.text, self.at)
        if match is None:
            self._fail(*faults.at_key(self.text, self.at, is_flow=plain is PLAIN_FLOW))
        key = self._scalar(plain)
        self.at = match.end()
        return key

    def _simple(self, node: MappingNode, seen: dict[str, ScalarNode], match: re.Match[str]) -> ScalarNode:
        key_text, text = match.group(1, 2)
        start, end = match.span(2)
        key = ScalarNode(key_text, "plain", match.start(), match.end(1), self.source)
        value = ScalarNode(text, "plain", start, end, self.source)
        if text in NULLS or key_text in NULLS:
            self._report_null(value if text in NULLS else key)
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
        if key.end - key.start > KEY_LIMIT:
            self._report(key.start, "E005", _("the key is longer than {limit} characters").format(limit=KEY_LIMIT))
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
            self._fail(*faults.tab())

    def _end_line(self, node: Node | None) -> None:
        match = END_OF_LINE.match(self.text, self.at)
        if match is None:
            self._fail(*faults.behind(self.text[self.at : self.at + 200], node))
        if match[1] and isinstance(node, ScalarNode) and node.style == "plain":
            node.commented = True
        self._to_content(match, 2)

    def _report(self, at: int, code: str, message: str) -> None:
        self.problems.append(Problem(self.source.path, self.source.line(at), code, message))

    def _report_null(self, node: ScalarNode) -> None:
        message = _("'{text}' is not used here; leave the value out, or put the text in quotes")
        self._report(node.start, "E009", message.format(text=node.text))

    def _fail(self, code: str, message: str, at: int = -1) -> NoReturn:
        raise faults.SyntaxFault(self.at if at < 0 else at, code, message)
