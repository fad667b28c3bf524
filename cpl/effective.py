"""The settings as they count in the end: every value with the file and the line that it comes from."""

from __future__ import annotations

from collections.abc import Iterator
from gettext import gettext as _
from typing import NamedTuple

from cpl.config import MARKER, layers_of
from cpl.errors import Problem
from cpl.overlay import find, is_off, laid
from cpl.profile import NAMED_SECTIONS, SECTIONS
from cpl.profile_names import with_present_names
from cpl.schema import did_you_mean, problem
from cpl.settings_files import Files, bottom_up, merged, parse
from cpl.yaml_nodes import MappingNode, Node, ScalarNode, SequenceNode, plain_data
from cpl.yaml_writer import Value, behind_dash, flow, scalar


class Leaf(NamedTuple):
    """A value that is no mapping, by the names that lead to it."""

    names: tuple[str, ...]
    node: Node

    @property
    def key(self) -> str:
        """The names, with dots between them."""
        return ".".join(self.names)

    @property
    def value(self) -> str:
        """The value as YAML on one line."""
        return written(self.node)

    @property
    def place(self) -> str:
        """The file and the line."""
        return f"{self.node.source.path}:{self.node.line}"


def effective(files: Files) -> MappingNode:
    """The store's own settings, and the profile with what the store says differently laid over it.

    Raises:
        Invalid: a file is missing or can't be read.
    """
    root = parse(files(MARKER) or b"", MARKER)
    layers, over = layers_of(files, root)
    profile, _former, _problems = with_present_names(merged(layers, over), NAMED_SECTIONS)
    own = [entry for entry in root.entries if entry.key.text not in SECTIONS]
    return MappingNode([*own, *profile.entries], root.flow, root.start, root.end, root.source)


def below(node: MappingNode, key: str) -> tuple[tuple[str, ...], MappingNode] | None:
    """What stands at a key such as `clocks.respond`, as a mapping of one entry, and the names above it.

    Names may have dots themselves. None: there is no such key.
    """
    for entry in node.entries:
        name = entry.key.text
        if name == key:
            return (), MappingNode([entry], node.flow, node.start, node.end, node.source)
        if key.startswith(f"{name}.") and isinstance(entry.value, MappingNode):
            found = below(entry.value, key.removeprefix(f"{name}."))
            if found is not None:
                return (name, *found[0]), found[1]
    return None


def leaves(node: Node, names: tuple[str, ...] = ()) -> Iterator[Leaf]:
    """All values below a node, in the order of the files; of an empty mapping the mapping."""
    if not isinstance(node, MappingNode) or not node.entries:
        yield Leaf(names, node)
        return
    for entry in node.entries:
        yield from leaves(entry.value, (*names, entry.key.text))


def as_yaml(node: MappingNode, *, origin: bool, indent: int = 0) -> Iterator[str]:
    """The lines of a mapping as YAML, one value a line, with `origin` each with its place."""
    for entry in node.entries:
        name, value = f"{' ' * indent}{scalar(entry.key.text, in_flow=False)}:", entry.value
        if isinstance(value, MappingNode) and value.entries:
            yield name
            yield from as_yaml(value, origin=origin, indent=indent + 2)
        elif isinstance(value, SequenceNode) and any(isinstance(each, MappingNode) for each in value.items):
            yield name
            yield from (_with(f"{' ' * indent}- {_behind_dash(each)}", each, origin=origin) for each in value.items)
        else:
            yield _with(f"{name} {written(value)}".rstrip(), value, origin=origin)


def _with(line: str, node: Node, *, origin: bool) -> str:
    return f"{line}  # {node.source.path}:{node.line}" if origin else line


def written(node: Node) -> str:
    """A value as YAML on one line; nothing where nothing stands."""
    data = plain_data(node)
    return "" if data is None else flow(_value(data)) if not isinstance(data, str) else _scalar(node, data)


def _scalar(node: Node, text: str) -> str:
    """A scalar as it stands in the file where it is plain there: true stays true, and 1 stays 1."""
    return text if isinstance(node, ScalarNode) and node.style == "plain" else scalar(text, in_flow=False)


def _behind_dash(node: Node) -> str:
    return behind_dash(_value(plain_data(node)))


def _value(data: object) -> Value:
    if isinstance(data, dict):
        return {name: _value(each) for name, each in data.items()}
    return [_value(each) for each in data] if isinstance(data, list) else str(data or "")


def taken_away_in_vain(files: Files) -> Iterator[Problem]:
    """W073: what cpl.yaml takes away by `off: true`, but no profile has."""
    root = parse(files(MARKER) or b"", MARKER)
    layers, over = layers_of(files, root)
    base = laid(*bottom_up(layers))
    for names, node in _off(over):
        above = find(base, names[:-1])
        known = [entry.key.text for entry in above.entries] if isinstance(above, MappingNode) else []
        if names[-1] not in known:
            message = _("'{name}' is taken away, but it is not there").format(name=".".join(names))
            yield problem(node, "W073", message + did_you_mean(names[-1], known))


def _off(node: Node, names: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Node]]:
    if not isinstance(node, MappingNode):
        return
    if is_off(node):
        yield names, node
        return
    for entry in node.entries:
        yield from _off(entry.value, (*names, entry.key.text))
