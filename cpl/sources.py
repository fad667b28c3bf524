"""Where an imported value comes from: columns, templates and tables of values as a mapping file states them.

Codes: E080 a source that is not well formed, E081 a name that the store does not know, E083 `keep`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from functools import partial
from gettext import gettext as _
from typing import Any, Final

from cpl.errors import Problem
from cpl.patterns import regex
from cpl.schema import Converter, Problems, is_absent, list_of, map_of, one_of, problem, struct, text, word
from cpl.values import frozen
from cpl.yaml_nodes import MappingNode, Node

_REFERENCE: Final = regex(r"\{([^{}]*)\}")


@frozen
class Piece:
    """One way to a text: `literals` with `columns` in between, looked up in `values` if there are any.

    It gives nothing where one of its columns is empty, or where a column that `when` names has another value.
    A text that `values` lacks becomes `default`, and itself goes under the record's key `keep`; one that stands
    there with nothing behind it gives nothing.
    """

    name: str
    literals: tuple[str, ...]
    columns: tuple[str, ...]
    when: Mapping[str, tuple[str, ...]]
    values: Mapping[str, str] | None
    default: str | None
    keep: str | None
    line: int


Source = tuple[Piece, ...]
"""Where a value comes from: the first piece that gives a text."""


def kept_name(node: Node, problems: Problems) -> str | None:
    """The name of a key for what is kept as it came: it starts with `x-`."""
    name = word(node, problems)
    if name is not None and not name.startswith("x-"):
        message = _("'{name}' is not a name for what is kept; it starts with x-, such as x-{name}")
        problems.append(problem(node, "E083", message.format(name=name)))
        return None
    return name


def source(names: Collection[str] | None = None) -> Converter:
    """A converter for where a value comes from; with `names` the value is one of these."""

    def convert(node: Node, problems: Problems) -> Source | None:
        first = node.get("first") if isinstance(node, MappingNode) else None
        if first is None:
            piece = _piece(node, problems, names)
            return None if piece is None else (piece,)
        struct({"first": list_of(_anything)})(node, problems)
        found: Source | None = list_of(partial(_piece, names=names))(first, problems)
        return found

    return convert


def _anything(node: Node, problems: Problems) -> Node:  # noqa: ARG001
    return node


_PIECE: Final[Mapping[str, Converter]] = {
    "column": text,
    "text": text,
    "value": text,
    "values": map_of(text),
    "default": text,
    "keep": kept_name,
    "when": map_of(list_of(text)),
}


def _piece(node: Node, problems: Problems, names: Collection[str] | None) -> Piece | None:
    before = len(problems)
    data = struct(_PIECE)(node, problems)
    if data is None or not isinstance(node, MappingNode) or len(problems) > before:
        return None
    kinds = [name for name in ("column", "text", "value") if name in data]
    if len(kinds) != 1:
        message = _("a value comes from one of: {{column: C}}, {{text: '{{C}}: {{D}}'}}, {{value: V}}, {{first: […]}}")
        problems.append(problem(node, "E080", message.format()))
        return None
    if names is not None:
        _check_names(node, names, problems)
        if "value" not in data and "values" not in data:
            data["values"] = {name: name for name in names}
    problems.extend(_check_table(node, data))
    literals, columns = _template(node, kinds[0], data[kinds[0]], problems)
    table = {name: data.get(name) for name in ("values", "default", "keep")}
    return Piece(data[kinds[0]], literals, columns, data.get("when", {}), line=node.line, **table)


def _template(node: Node, kind: str, template: str, problems: Problems) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The fixed parts of a template and the columns between them."""
    if kind == "value":
        return (template,), ()
    if kind == "column":
        return ("", ""), (template,)
    parts = _REFERENCE.split(template)
    if not parts[1::2] or any(brace in part for part in parts[0::2] for brace in "{}"):
        message = _("'{text}' has to name columns in braces: '{{Type}}: {{Detail}}'").format(text=template)
        problems.append(problem(node, "E080", message))
    return tuple(parts[0::2]), tuple(parts[1::2])


def _check_table(node: MappingNode, data: Mapping[str, Any]) -> Iterator[Problem]:
    """E080, E083: a table of values goes with where the values that it lacks are kept."""
    if "values" in data and "value" in data:
        yield problem(node, "E080", _("'value' is fixed, a table 'values' has nothing to look up"))
    elif "values" in data and "keep" not in data:
        message = _("say where a value without an entry is kept: keep: x-…")
        yield problem(node, "E083", message)
    elif "values" not in data and ("keep" in data or "default" in data):
        yield problem(node, "E083", _("'keep' and 'default' are for a value without an entry in 'values'"))


def _check_names(node: MappingNode, names: Collection[str], problems: Problems) -> None:
    table = node.get("values")
    nodes = [node.get("value"), node.get("default")]
    nodes += [entry.value for entry in table.entries] if isinstance(table, MappingNode) else []
    for each in nodes:
        if each is not None and not is_absent(each):
            known(names)(each, problems)


def known(names: Collection[str]) -> Converter:
    """As `one_of`, with the code of what the store does not know (E081)."""

    def convert(node: Node, problems: Problems) -> str | None:
        found: list[Problem] = []
        value: str | None = one_of(names)(node, found)
        problems.extend(Problem(each.path, each.line, "E081", each.message) for each in found)
        return value

    return convert
