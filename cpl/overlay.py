"""Settings laid over settings: what a store says differently from its profile, name by name; not what it means."""

from __future__ import annotations

from functools import reduce

from cpl.yaml_nodes import MappingNode, Node, ScalarNode


def find(root: MappingNode, path: tuple[str, ...]) -> Node:
    """The node at `path`, or the nearest one above it."""
    node: Node = root
    for name in path:
        below = node.get(name) if isinstance(node, MappingNode) else None
        node = below or node
    return node


def laid(base: MappingNode, *layers: MappingNode) -> MappingNode:
    """As `overlay`, but what is off is still there."""
    return reduce(_laid_over, layers, base)


def overlay(base: MappingNode, *layers: MappingNode) -> MappingNode:
    """`base` with what each of the layers, one after the other, says differently.

    Mappings are merged by name, names that only the upper one has stand first, lists and scalars are replaced whole,
    and `NAME: {off: true}` takes NAME away, unless a layer above says `{off: false}`.
    """
    return _without_what_is_off(laid(base, *layers))


def _laid_over(base: MappingNode, over: MappingNode) -> MappingNode:
    changed = {entry.key.text: entry for entry in over.entries}
    names = {entry.key.text for entry in base.entries}
    entries = [entry for entry in over.entries if entry.key.text not in names]
    for entry in base.entries:
        other = changed.get(entry.key.text)
        if other is None:
            entries.append(entry)
        elif isinstance(other.value, MappingNode) and isinstance(entry.value, MappingNode):
            entries.append(type(entry)(other.key, _laid_over(entry.value, other.value)))
        else:
            entries.append(other)
    return MappingNode(entries, over.flow, over.start, over.end, over.source)


def _without_what_is_off(node: MappingNode) -> MappingNode:
    entries = []
    for entry in node.entries:
        if not isinstance(entry.value, MappingNode):
            entries.append(entry)
        elif not is_off(entry.value):
            entries.append(type(entry)(entry.key, _without_what_is_off(entry.value)))
    return MappingNode(entries, node.flow, node.start, node.end, node.source)


def is_off(node: MappingNode) -> bool:
    """Whether a layer takes away what stands here."""
    off = node.get("off")
    return isinstance(off, ScalarNode) and off.text == "true"
