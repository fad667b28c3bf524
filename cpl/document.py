"""A record's text: front matter and body with marks, and changes that touch only what is changed.

What the fields mean is said in `record`; files are read and written elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from gettext import gettext as _
from typing import TYPE_CHECKING, Final

from cpl.errors import Invalid, Problem
from cpl.yaml_reader import (
    MappingNode,
    Node,
    PlainData,
    ScalarNode,
    SequenceNode,
    Source,
    conflict_markers,
    plain_data,
    read,
)
from cpl.yaml_writer import Value, behind_dash, behind_key, entry, flow, scalar

if TYPE_CHECKING:
    from ruamel.yaml.nodes import Node as OtherNode

Path = Sequence[str | int]

RECORD_LIMIT: Final = 1024 * 1024
FRONT_LIMIT: Final = 256 * 1024
BOM: Final = "\ufeff"

_OPENING: Final = re.compile(r"---[ \t]*(?:\r?\n|\Z)")
_CLOSING: Final = re.compile(r"^---[ \t]*(?:\r?\n|\Z)", re.MULTILINE)
_UNCLEAN: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
_SURROGATE: Final = re.compile(r"[\ud800-\udfff]")
_TO_COMMA: Final = re.compile(r"(?:[ \r\n]++|(?<=[ \n])#[^\n]*+)*+,")
_REST_OF_LINE: Final = re.compile(r"[ ]*(,?)[ ]*(?:#[^\n]*|\r)?\n")
_LITERAL_REST: Final = re.compile(r"(?:[ ]*\r?\n|[ ]+#[^\n]*\n)*")
_COMMENT: Final = re.compile(r"[ ]+#")
_WORD: Final = re.compile(r"[A-Za-z0-9_.+/@:-]+")
_BLANK_LINES: Final = re.compile(r"(?:[ \t]*\r?\n)*")
_LINE: Final = re.compile(r"[^\n]+\n?|\n")
_CODE_FENCE: Final = re.compile(r" {0,3}(`{3,}|~{3,})(.*)")
_HEADING: Final = re.compile(r"^( {0,3})(#{1,6}(?:[ \t]|$))")
_MARKER: Final = re.compile(r"(?:<{7}|\|{7}|={7}|>{7})(?: |$)")


@dataclass(frozen=True, slots=True)
class Document:
    """A record's text and where its parts lie; `source.text` is the text without BOM."""

    source: Source
    front: MappingNode
    front_end: int
    body_start: int
    bom: bool
    newline: str

    @property
    def text(self) -> str:
        """The whole text, without BOM."""
        return self.source.text

    @property
    def body(self) -> str:
        """What stands behind the front matter."""
        return self.source.text[self.body_start :]

    @property
    def data(self) -> dict[str, PlainData]:
        """The front matter as dict, list and str."""
        return {each.key.text: plain_data(each.value) for each in self.front.entries}

    def encode(self) -> bytes:
        """The bytes of the file, as they were read."""
        return ((BOM if self.bom else "") + self.source.text).encode()


@dataclass(frozen=True, slots=True)
class _Edit:
    start: int
    end: int
    text: str


def parse(data: bytes, path: str) -> tuple[Document | None, list[Problem]]:
    """The document that a file's bytes hold, None where it has no front matter; and its problems."""
    if len(data) > RECORD_LIMIT:
        message = _("the file has {size} bytes, the limit is {limit}; move long texts into evidence files")
        return None, [Problem(path, 1, "E002", message.format(size=len(data), limit=RECORD_LIMIT))]
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        message = _("byte 0x{byte:02X} at offset {offset} is not UTF-8; save the file as UTF-8")
        return None, [Problem(path, line, "E001", message.format(byte=data[error.start], offset=error.start))]
    bom = text.startswith(BOM)
    return _parsed(Source(path, text.removeprefix(BOM)), bom=bom)


def new(front: Mapping[str, Value], body: str, *, path: str = "") -> Document:
    """A new document with the entries of `front` in their order and a cleaned `body`.

    Raises:
        ValueError: `front` is empty or holds a value that can't be written.
    """
    lines = "".join(entry(clean_text(key), clean(value)) for key, value in front.items())
    text = "\n".join(_without_marker(line) for line in clean_text(body).split("\n"))
    if text and not text.endswith("\n"):
        text += "\n"
    return _reparsed(Source(path, f"---\n{lines}---\n{text}"), bom=False)


def clean_text(text: str) -> str:
    """`text` with `\\n` as newline and without what corrupts a file or can't be read back; blanks instead."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return _UNCLEAN.sub(" ", _SURROGATE.sub("\ufffd", text))


def clean(value: Value) -> Value:
    """`value` with all its texts cleaned."""
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, Mapping):
        return {clean_text(key): clean(each) for key, each in value.items()}
    if isinstance(value, Sequence):
        return [clean(each) for each in value]
    return value


def set_value(doc: Document, path: Path, value: Value, *, order: Sequence[str] = ()) -> Document:
    """`doc` with `value` at `path`; what is missing on the way becomes a mapping.

    A new key of the root goes behind the last one that precedes it in `order`, any other one to the end.

    Raises:
        ValueError: `path` leads through a text, or beyond the end of a list.
    """
    nodes = _walk(doc, path)
    depth = len(nodes) - 1
    if depth == len(path):
        edit = _replacement(doc, nodes[-2], path[-1], nodes[-1], clean(value))
        return _spliced(doc, edit, path, path)
    container, key, rest = nodes[-1], path[depth], path[depth + 1 :]
    for name in reversed(rest):
        value = {_name(name): value}
    if isinstance(container, ScalarNode) and container.is_absent and depth:
        return set_value(doc, path[:depth], {_name(key): value})
    if isinstance(container, SequenceNode) and isinstance(key, int):
        return insert_item(doc, path[:depth], key, value)
    if not isinstance(container, MappingNode):
        raise ValueError(f"{path!r}: nothing can be set below {container!r}")
    edit = _new_entry(doc, container, _name(key), clean(value), () if depth else order)
    return _spliced(doc, edit, path[: depth + 1], path[: depth + 1])


def insert_item(doc: Document, path: Path, index: int, value: Value, *, order: Sequence[str] = ()) -> Document:
    """`doc` with `value` before the item `index` of the list at `path`, which is made where it is missing.

    Raises:
        ValueError: no list stands at `path`, or it is shorter than `index`.
    """
    nodes = _walk(doc, path)
    node = nodes[-1] if len(nodes) > len(path) else None
    is_absent = node is None or (isinstance(node, ScalarNode) and node.is_absent)
    if index == 0 and (is_absent or (isinstance(node, SequenceNode) and not node.items)):
        return set_value(doc, path, [value], order=order)
    if not isinstance(node, SequenceNode) or not 0 <= index <= len(node.items):
        raise ValueError(f"{path!r}: no item can be inserted at {index}")
    edit = _new_item(doc, node, index, clean(value))
    return _spliced(doc, edit, (), [*path, index])


def remove(doc: Document, path: Path) -> Document:
    """`doc` without what stands at `path`; an emptied list stays as `[]`, a mapping as `{}`."""
    nodes = _walk(doc, path)
    if len(nodes) <= len(path):
        return doc
    parent = nodes[-2]
    if len(_spans(parent)) == 1 and len(path) > 1:
        return set_value(doc, path[:-1], [] if isinstance(parent, SequenceNode) else {})
    index = _index(parent, path[-1])
    return _spliced(doc, _removal(doc, parent, index), path, ())


def _parsed(source: Source, *, bom: bool) -> tuple[Document | None, list[Problem]]:
    text = source.text
    opening = _OPENING.match(text)
    if opening is None:
        return _refused(source, "E003", _("the first line is not '---'; the front matter must begin there"))
    closing = _CLOSING.search(text, opening.end())
    if closing is None:
        return _refused(source, "E004", _("no line '---' closes the front matter; add it above the text"))
    start, end = opening.end(), closing.start()
    size = len(text[start:end].encode(errors="replace"))
    if size > FRONT_LIMIT:
        message = _("the front matter has {size} bytes, the limit is {limit}; move long texts below it")
        return _refused(source, "E002", message.format(size=size, limit=FRONT_LIMIT))
    front, problems = read(source, start, end)
    conflicts = conflict_markers(source, start, len(text), prose_from=closing.end())
    problems = sorted([each for each in problems if each.code != "E011"] + conflicts)
    if isinstance(front, MappingNode):
        newline = "\r\n" if opening[0].endswith("\r\n") else "\n"
        return Document(source, front, end, closing.end(), bom, newline), problems
    message = _("the front matter must hold lines such as 'title: …'")
    return None, problems or [Problem(source.path, source.line(start), "E012", message)]


def _refused(source: Source, code: str, message: str) -> tuple[None, list[Problem]]:
    conflicts = conflict_markers(source, 0, len(source.text), prose_from=0)
    return None, sorted([*conflicts, Problem(source.path, 1, code, message)])


def _reparsed(source: Source, *, bom: bool) -> Document:
    doc, problems = _parsed(source, bom=bom)
    if any(problem.code == "E002" for problem in problems):
        raise Invalid(_("nothing was changed:"), problems)
    if doc is None or problems:
        raise ValueError(f"the text would not be right: {problems[0]}")
    return doc


def _spliced(doc: Document, edit: _Edit, old: Path, new: Path) -> Document:
    """`doc` after `edit`, which may change nothing but what stood at `old` and now stands at `new`."""
    text = doc.text[: edit.start] + edit.text + doc.text[edit.end :]
    result = _reparsed(Source(doc.source.path, text), bom=doc.bom)
    if _without(doc.data, old) != _without(result.data, new):
        raise ValueError(f"{edit!r} would change more than {list(old or new)!r}")
    return result


def _without(data: PlainData, path: Path) -> PlainData:
    if not path:
        return data
    key, rest = path[0], path[1:]
    if isinstance(data, dict) and isinstance(key, str) and key in data:
        kept = {name: each for name, each in data.items() if name != key}
        return {**data, key: _without(data[key], rest)} if rest else kept
    if isinstance(data, list) and isinstance(key, int):
        return [*data[:key], *([_without(data[key], rest)] if rest else []), *data[key + 1 :]]
    return data


def _walk(doc: Document, path: Path) -> list[Node]:
    """The nodes along `path`, the root first, as far as there are any."""
    if not path:
        raise ValueError("an empty path names no place")
    nodes: list[Node] = [doc.front]
    for key in path:
        node, child = nodes[-1], None
        if isinstance(node, MappingNode) and isinstance(key, str):
            child = node.get(key)
        elif isinstance(node, SequenceNode) and isinstance(key, int) and 0 <= key < len(node.items):
            child = node.items[key]
        if child is None:
            break
        nodes.append(child)
    return nodes


def _name(key: str | int) -> str:
    if isinstance(key, int):
        raise ValueError(f"there is no list whose item {key} could be set")
    return key


def _children(node: Node) -> list[Node]:
    if isinstance(node, ScalarNode):
        return []
    return node.items if isinstance(node, SequenceNode) else [each.value for each in node.entries]


def _spans(node: Node) -> list[tuple[int, int]]:
    """Where each entry or item begins, with its dash, and where it ends."""
    if isinstance(node, SequenceNode):
        starts = [each.start for each in node.items] if node.flow else node.dashes
        return [(start, each.end) for start, each in zip(starts, node.items, strict=True)]
    entries = node.entries if isinstance(node, MappingNode) else []
    return [(each.key.start, each.value.end) for each in entries]


def _index(parent: Node, key: str | int) -> int:
    if isinstance(parent, MappingNode):
        return [each.key.text for each in parent.entries].index(str(key))
    return int(key)


def _line_start(text: str, at: int) -> int:
    return text.rfind("\n", 0, at) + 1


def _next_line(text: str, at: int) -> int:
    return text.index("\n", at) + 1


def _line_end(text: str, at: int) -> int:
    end = text.index("\n", at)
    return end - 1 if text[end - 1] == "\r" else end


def _indent(text: str, at: int) -> str | None:
    """The blanks before `at` on its line; None where something else stands there."""
    before = text[_line_start(text, at) : at]
    return None if before.strip(" ") else before


def _replacement(doc: Document, parent: Node, key: str | int, node: Node, value: Value) -> _Edit:
    mark, new = node.start, " " + flow(value)
    if isinstance(parent, MappingNode) and not parent.flow:
        name = parent.entries[_index(parent, key)].key
        column = name.start - _line_start(doc.text, name.start)
        mark = doc.text.index(":", name.end) + 1
        new = behind_key(value, indent=column, newline=doc.newline)
    elif isinstance(parent, SequenceNode) and not parent.flow:
        mark = parent.dashes[int(key)] + 1
        new = " " + behind_dash(value)
    if isinstance(node, ScalarNode):
        is_block = node.style == "literal"
    else:
        is_block = not node.flow or "\n" in doc.text[mark : node.start]
    if is_block:
        return _Edit(mark, _line_end(doc.text, node.end), new)
    if new[1:] == value and _COMMENT.match(doc.text, node.end):
        new = " " + _apart_from_comment(new[1:], node)
    if node.start == node.end or "\n" in new:
        return _Edit(mark, node.end, new)
    return _Edit(node.start, node.end, new[1:])


def _apart_from_comment(text: str, node: Node) -> str:
    """Plain `text` in quotes, lest the comment behind `node` pass for a part of it; a mere word only as before."""
    was_quoted = isinstance(node, ScalarNode) and node.style != "plain"
    return text if _WORD.fullmatch(text) and not was_quoted else "'" + text.replace("'", "''") + "'"


def _new_entry(doc: Document, node: MappingNode, key: str, value: Value, order: Sequence[str]) -> _Edit:
    if node.flow:
        new = f"{scalar(key, in_flow=True)}: {flow(value)}"
        return _insertion_in_flow(doc.text, node, len(node.entries), new)
    first = node.entries[0].key.start
    column = first - _line_start(doc.text, first)
    new = entry(key, value, indent=column, newline=doc.newline)
    before = node.entries
    if key in order:
        earlier = set(order[: order.index(key)])
        before = [each for each in before if each.key.text in earlier]
    at = _next_line(doc.text, before[-1].value.end) if before else first
    return _Edit(at, at, new)


def _new_item(doc: Document, node: SequenceNode, index: int, value: Value) -> _Edit:
    if node.flow:
        return _insertion_in_flow(doc.text, node, index, flow(value))
    first = node.dashes[0]
    indent = " " * (first - _line_start(doc.text, first))
    new = f"- {behind_dash(value)}{doc.newline}"
    if index == 0:
        return _Edit(first, first, new + indent)
    at = _next_line(doc.text, node.items[index - 1].end)
    return _Edit(at, at, indent + new)


def _insertion_in_flow(text: str, node: MappingNode | SequenceNode, index: int, new: str) -> _Edit:
    spans = _spans(node)
    if not spans:
        return _Edit(node.start + 1, node.start + 1, new)
    at = spans[min(index, len(spans) - 1)][0]
    indent = _indent(text, at)
    newline = text[_line_end(text, at) : _next_line(text, at)]
    separator = " " if indent is None else newline + indent
    if index < len(spans):
        return _Edit(at, at, f"{new},{separator}")
    end = spans[-1][1]
    comma = " ," if text[end - 1] == ":" else ","
    stop = _line_end(text, end)
    if stop >= node.end or (indent is None and not _COMMENT.match(text, end)):
        return _Edit(end, end, f"{comma} {new}")
    rest, separator = text[end:stop], newline + (indent or "  ")
    if rest.lstrip(" ").startswith(","):
        return _Edit(stop, stop, f"{separator}{new},")
    return _Edit(end, stop, f"{comma}{rest}{separator}{new}")


def _removal(doc: Document, node: Node, index: int) -> _Edit:
    spans = _spans(node)
    start, end = spans[index]
    if isinstance(node, ScalarNode) or node.flow:
        return _removal_in_flow(doc.text, node, spans, index)
    if _indent(doc.text, start) is None:
        return _Edit(start, spans[index + 1][0], "")
    stop = _next_line(doc.text, end)
    if index and _ends_with_literal(_children(node)[index - 1]):
        rest = _LITERAL_REST.match(doc.text, stop)
        stop = rest.end() if rest else stop
    return _Edit(_line_start(doc.text, start), stop, "")


def _ends_with_literal(node: Node) -> bool:
    """Whether indented lines behind `node` would become a part of it."""
    children = _children(node)
    return _ends_with_literal(children[-1]) if children else isinstance(node, ScalarNode) and node.style == "literal"


def _removal_in_flow(text: str, node: Node, spans: Sequence[tuple[int, int]], index: int) -> _Edit:
    start, end = spans[index]
    is_last = index == len(spans) - 1
    rest = _REST_OF_LINE.match(text, end)
    if len(spans) == 1:
        return _Edit(node.start + 1, node.end - 1, "")
    if rest and (rest[1] or is_last) and _indent(text, start) is not None:
        return _Edit(_line_start(text, start), rest.end(), "")
    if not is_last:
        return _Edit(start, spans[index + 1][0], "")
    before = spans[index - 1][1]
    if "#" in text[before:start] or text[before - 1] == ":":
        comma = _TO_COMMA.match(text, end)
        return _Edit(start, comma.end() if comma else end, "")
    return _Edit(before, end, "")


def section(doc: Document, heading: str) -> str | None:
    """The text under `## heading` with `\\n` as newline; None where there is no such section."""
    found = _find_section(doc, heading)
    return None if found is None else doc.text[found[0] : found[1]].replace("\r\n", "\n").strip("\n")


def set_section(doc: Document, heading: str, text: str) -> Document:
    """`doc` with `text` as all that stands under `## heading`, which is made where it is missing."""
    found = _find_section(doc, heading)
    if found is None:
        return _with_new_section(doc, heading, _safe_lines(text))
    start, end = found
    stop = _end_of_text(doc.text, start, end)
    blank = _BLANK_LINES.match(doc.text, start, stop)
    return _with_lines(doc, _Edit(blank.end() if blank else start, stop, ""), _safe_lines(text), end)


def add_to_section(doc: Document, heading: str, text: str, *, title: str | None = None) -> Document:
    """`doc` with `text` at the end of what stands under `## heading`, which is made where it is missing.

    `title` is a whole heading line (`### …`) to go above the text, in which headings are escaped.

    Raises:
        ValueError: `title` would open a section.
    """
    lines = _safe_lines(text)
    if title is not None:
        if title.startswith("## "):
            raise ValueError(f"{title!r} would open a section")
        lines.insert(0, clean_text(title).replace("\n", " "))
    found = _find_section(doc, heading)
    if found is None:
        return _with_new_section(doc, heading, lines)
    start, end = found
    stop = _end_of_text(doc.text, start, end)
    closing = _open_fence(doc) if end == len(doc.text) else ""
    before = (closing + doc.newline if closing else "") + (doc.newline if stop > start else "")
    return _with_lines(doc, _Edit(stop, stop, before), lines, end) if lines else doc


def _with_lines(doc: Document, edit: _Edit, lines: Sequence[str], end: int) -> Document:
    """`doc` after `edit` and `lines` behind its text, in a section that ends at `end`."""
    before, newline = edit.text, doc.newline
    if not doc.text[: edit.start].endswith("\n"):
        before = newline + before
    is_tight = lines and edit.end == end < len(doc.text)
    new = before + "".join(line + newline for line in lines) + (newline if is_tight else "")
    return _spliced(doc, _Edit(edit.start, edit.end, new), (), ())


def _with_new_section(doc: Document, heading: str, lines: Sequence[str]) -> Document:
    end, closing = len(doc.text), _open_fence(doc)
    has_gap = not doc.body.strip() or doc.body.endswith(("\n\n", "\n\r\n"))
    before = closing + doc.newline if closing else ""
    before += doc.newline if closing or not has_gap else ""
    return _with_lines(doc, _Edit(end, end, before), [f"## {' '.join(heading.split())}", *lines], end)


def _headings(doc: Document) -> tuple[list[tuple[str, int, int]], str]:
    """The sections' headings with start and end of their lines, and the code fence left open at the end."""
    found, fence = [], ""
    for match in _LINE.finditer(doc.text, doc.body_start):
        line = match[0].rstrip("\r\n")
        if not fence and line.startswith("## "):
            found.append((line[3:].strip(), match.start(), match.end()))
        fence = _fence_behind(line, fence)
    return found, fence


def _open_fence(doc: Document) -> str:
    return _headings(doc)[1]


def _find_section(doc: Document, heading: str) -> tuple[int, int] | None:
    """Where what stands under `heading` begins and ends."""
    found, _fence = _headings(doc)
    ends = [start for _heading, start, _end in found[1:]] + [len(doc.text)]
    places = {name: (begin, end) for (name, _start, begin), end in reversed(list(zip(found, ends, strict=False)))}
    return places.get(" ".join(heading.split()))


def _fence_behind(line: str, fence: str) -> str:
    """The marks of the code fence that is open behind `line`, if `fence` is before it; empty: none."""
    match = _CODE_FENCE.match(line)
    if match is None:
        return fence
    marks, rest = match.groups()
    if fence:
        is_closing = marks.startswith(fence) and not rest.strip()
        return "" if is_closing else fence
    return "" if marks[0] == "`" and "`" in rest else marks


def _end_of_text(text: str, start: int, end: int) -> int:
    """Behind the last line with text between `start` and `end`; `start` where there is none."""
    content = text[start:end].rstrip()
    if not content:
        return start
    newline = text.find("\n", start + len(content), end)
    return newline + 1 if newline >= 0 else end


def _safe_lines(text: str) -> list[str]:
    """The lines of `text` so that they can't open a section, leave code open or pass for a merge conflict."""
    lines, fence = [], ""
    for line in clean_text(text).strip("\n").split("\n"):
        lines.append(_without_marker(line if fence else _HEADING.sub(r"\1\\\2", line)))
        fence = _fence_behind(line, fence)
    if fence:
        lines.append(fence)
    return lines if any(lines) else []


def _without_marker(line: str) -> str:
    return " " + line if _MARKER.match(line) else line


def second_opinion(doc: Document) -> list[Problem]:
    """A problem for each way in which other tools would read the front matter differently."""
    from frontmatter.default_handlers import YAMLHandler

    text, handler = doc.text.replace("\r\n", "\n"), YAMLHandler()
    start = _next_line(doc.text, 0)
    front = doc.text[start : doc.front_end].replace("\r\n", "\n")
    problems = []
    if not handler.detect(text) or handler.split(text)[0].strip() != front.strip():
        problems.append(_("other tools see the front matter end elsewhere; remove lines of dashes from it"))
    if not _is_read_alike(doc.front, front):
        problems.append(_("other YAML readers read the front matter differently; put its texts in quotes"))
    return [Problem(doc.source.path, 1, "E005", message) for message in problems]


def _is_read_alike(front: MappingNode, text: str) -> bool:
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        other = YAML(typ="rt", pure=True).compose(text)
    except YAMLError:
        return False
    return _is_same(front, other)


def _is_same(node: Node, other: OtherNode | None) -> bool:
    from ruamel.yaml import nodes

    if isinstance(node, ScalarNode):
        return isinstance(other, nodes.ScalarNode) and node.text == str(other.value)
    if isinstance(node, SequenceNode):
        if not isinstance(other, nodes.SequenceNode) or len(node.items) != len(other.value):
            return False
        return all(map(_is_same, node.items, other.value))
    if not isinstance(other, nodes.MappingNode) or len(node.entries) != len(other.value):
        return False
    mine = [each for pair in node.entries for each in (pair.key, pair.value)]
    return all(map(_is_same, mine, [each for pair in other.value for each in pair]))
