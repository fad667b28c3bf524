"""Changes of a document's front matter that touch only what is changed; the rest stays byte for byte."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from cpl.document import Document, Path, clean, reparsed
from cpl.patterns import regex
from cpl.values import frozen
from cpl.yaml_nodes import MappingNode, Node, PlainData, ScalarNode, SequenceNode, Source
from cpl.yaml_writer import Value, behind_dash, behind_key, entry, flow, scalar

_TO_COMMA: Final = regex(r"(?>(?:[ \r\n]++|(?<=[ \n])#[^\n]*+)*),")
_REST_OF_LINE: Final = regex(r"[ ]*(,?)[ ]*(?:#[^\n]*|\r)?\n")
_LITERAL_REST: Final = regex(r"(?:[ ]*\r?\n|[ ]+#[^\n]*\n)*")
_COMMENT: Final = regex(r"[ ]+#")
_WORD: Final = regex(r"[A-Za-z0-9_.+/@:-]+")


@frozen
class Edit:
    """`text` to stand where `start` to `end` (not included) of a document's text stands."""

    start: int
    end: int
    text: str


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
        return spliced(doc, edit, path, path)
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
    return spliced(doc, edit, path[: depth + 1], path[: depth + 1])


def set_values(doc: Document, new: Mapping[tuple[str | int, ...], Value], *, order: Sequence[str] = ()) -> Document:
    """`doc` with values at several paths, none of which leads through another; what is there already in one step.

    Raises:
        ValueError: as `set_value`.
    """
    edits: list[Edit] = []
    there: dict[tuple[str | int, ...], None] = {}
    for path, value in new.items():
        nodes = _walk(doc, path)
        if len(nodes) > len(path):
            edits.append(_replacement(doc, nodes[-2], path[-1], nodes[-1], clean(value)))
            there[path] = None
    result = _edited(doc, sorted(edits, key=lambda edit: edit.start))
    expected = copy.deepcopy(doc.data)
    for path in there:
        _at(expected, path[:-1])[path[-1]] = _at(result.data, path)
    if expected != result.data:
        raise ValueError(f"{edits!r} would change more than {[*there]!r}")
    for path, value in new.items():
        if path not in there:
            result = set_value(result, path, value, order=order)
    return result


def insert_item(doc: Document, path: Path, index: int, value: Value, *, order: Sequence[str] = ()) -> Document:
    """`doc` with `value` before the item `index` of the list at `path`, which is made where it is missing.

    Raises:
        ValueError: no list stands at `path`, or it is shorter than `index`.
    """
    return insert_items(doc, path, {index: [value]}, order=order)


def insert_items(
    doc: Document, path: Path, new: Mapping[int, Sequence[Value]], *, order: Sequence[str] = ()
) -> Document:
    """`doc` with values before some items of the list at `path`, by their index as it stands now: all in one step.

    Raises:
        ValueError: no list stands at `path`, or it is shorter than an index.
    """
    nodes = _walk(doc, path)
    node = nodes[-1] if len(nodes) > len(path) else None
    is_absent = node is None or (isinstance(node, ScalarNode) and node.is_absent)
    if new.keys() == {0} and (is_absent or (isinstance(node, SequenceNode) and not node.items)):
        return set_value(doc, path, [*new[0]], order=order)
    if not isinstance(node, SequenceNode) or not all(0 <= index <= len(node.items) for index in new):
        raise ValueError(f"{path!r}: no item can be inserted at {sorted(new)}")
    edits = [_new_items(doc, node, index, [clean(each) for each in new[index]]) for index in sorted(new)]
    result = _edited(doc, edits)
    places = set(_places(new))
    kept = [each for at, each in enumerate(_at(result.data, path)) if at not in places]
    if kept != _at(doc.data, path) or _without(doc.data, path) != _without(result.data, path):
        raise ValueError(f"{edits!r} would change more than {list(path)!r}")
    return result


def _places(new: Mapping[int, Sequence[Value]]) -> Iterator[int]:
    """Where the inserted items then stand."""
    before = 0
    for index in sorted(new):
        for _value in new[index]:
            yield index + before
            before += 1


def _at(data: Any, path: Path) -> Any:
    """What stands at a path that has been walked."""
    for key in path:
        data = data[key]
    return data


def remove(doc: Document, path: Path) -> Document:
    """`doc` without what stands at `path`; an emptied list stays as `[]`, a mapping as `{}`."""
    nodes = _walk(doc, path)
    if len(nodes) <= len(path):
        return doc
    parent = nodes[-2]
    if len(_spans(parent)) == 1 and len(path) > 1:
        return set_value(doc, path[:-1], [] if isinstance(parent, SequenceNode) else {})
    index = _index(parent, path[-1])
    return spliced(doc, _removal(doc, parent, index), path, ())


def spliced(doc: Document, edit: Edit, old: Path, new: Path) -> Document:
    """`doc` after `edit`, which may change nothing but what stood at `old` and now stands at `new`."""
    result = _edited(doc, [edit])
    if _without(doc.data, old) != _without(result.data, new):
        raise ValueError(f"{edit!r} would change more than {list(old or new)!r}")
    return result


def _edited(doc: Document, edits: Sequence[Edit]) -> Document:
    """`doc` after edits that stand in their order and touch each other nowhere."""
    pieces, at = [], 0
    for edit in edits:
        pieces += [doc.text[at : edit.start], edit.text]
        at = edit.end
    text = "".join([*pieces, doc.text[at:]])
    return reparsed(Source(doc.source.path, text), bom=doc.bom, bare=doc.bare)


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


def _replacement(doc: Document, parent: Node, key: str | int, node: Node, value: Value) -> Edit:
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
        return Edit(mark, _line_end(doc.text, node.end), new)
    if new[1:] == value and _COMMENT.match(doc.text, node.end):
        new = " " + _apart_from_comment(new[1:], node)
    if node.start == node.end or "\n" in new:
        return Edit(mark, node.end, new)
    return Edit(node.start, node.end, new[1:])


def _apart_from_comment(text: str, node: Node) -> str:
    """Plain `text` in quotes, lest the comment behind `node` pass for a part of it; a mere word only as before."""
    was_quoted = isinstance(node, ScalarNode) and node.style != "plain"
    return text if _WORD.fullmatch(text) and not was_quoted else "'" + text.replace("'", "''") + "'"


def _new_entry(doc: Document, node: MappingNode, key: str, value: Value, order: Sequence[str]) -> Edit:
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
    return Edit(at, at, new)


def _new_items(doc: Document, node: SequenceNode, index: int, values: Sequence[Value]) -> Edit:
    if node.flow:
        return _insertion_in_flow(doc.text, node, index, ", ".join(map(flow, values)))
    first = node.dashes[0]
    indent = " " * (first - _line_start(doc.text, first))
    new = [f"- {behind_dash(value)}{doc.newline}" for value in values]
    if index == 0:
        return Edit(first, first, "".join(each + indent for each in new))
    at = _next_line(doc.text, node.items[index - 1].end)
    return Edit(at, at, "".join(indent + each for each in new))


def _insertion_in_flow(text: str, node: MappingNode | SequenceNode, index: int, new: str) -> Edit:
    spans = _spans(node)
    if not spans:
        return Edit(node.start + 1, node.start + 1, new)
    at = spans[min(index, len(spans) - 1)][0]
    indent = _indent(text, at)
    newline = text[_line_end(text, at) : _next_line(text, at)]
    separator = " " if indent is None else newline + indent
    if index < len(spans):
        return Edit(at, at, f"{new},{separator}")
    end = spans[-1][1]
    comma = " ," if text[end - 1] == ":" else ","
    stop = _line_end(text, end)
    if stop >= node.end or (indent is None and not _COMMENT.match(text, end)):
        return Edit(end, end, f"{comma} {new}")
    rest, separator = text[end:stop], newline + (indent or "  ")
    if rest.lstrip(" ").startswith(","):
        return Edit(stop, stop, f"{separator}{new},")
    return Edit(end, stop, f"{comma}{rest}{separator}{new}")


def _removal(doc: Document, node: Node, index: int) -> Edit:
    spans = _spans(node)
    start, end = spans[index]
    if isinstance(node, ScalarNode) or node.flow:
        return _removal_in_flow(doc.text, node, spans, index)
    if _indent(doc.text, start) is None:
        return Edit(start, spans[index + 1][0], "")
    stop = _next_line(doc.text, end)
    if index and _ends_with_literal(_children(node)[index - 1]):
        # Blank and indented lines behind it would now be the literal's: comments go to the margin, blanks go.
        rest = _LITERAL_REST.match(doc.text, stop)
        lines = rest[0].splitlines(keepends=True) if rest else []
        comments = "".join(line.lstrip(" ") for line in lines if line.strip())
        return Edit(_line_start(doc.text, start), rest.end() if rest else stop, comments)
    return Edit(_line_start(doc.text, start), stop, "")


def _ends_with_literal(node: Node) -> bool:
    """Whether indented lines behind `node` would become a part of it."""
    children = _children(node)
    return _ends_with_literal(children[-1]) if children else isinstance(node, ScalarNode) and node.style == "literal"


def _removal_in_flow(text: str, node: Node, spans: Sequence[tuple[int, int]], index: int) -> Edit:
    start, end = spans[index]
    is_last = index == len(spans) - 1
    rest = _REST_OF_LINE.match(text, end)
    if len(spans) == 1:
        return Edit(node.start + 1, node.end - 1, "")
    if rest and (rest[1] or is_last) and _indent(text, start) is not None:
        return Edit(_line_start(text, start), rest.end(), "")
    if not is_last:
        return Edit(start, spans[index + 1][0], "")
    before = spans[index - 1][1]
    if "#" in text[before:start] or text[before - 1] == ":":
        comma = _TO_COMMA.match(text, end)
        return Edit(start, comma.end() if comma else end, "")
    return Edit(before, end, "")
