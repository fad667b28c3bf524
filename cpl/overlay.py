"""Settings laid over settings: what a store says differently from its profile, name by name; not what it means."""

from __future__ import annotations

from cpl.yaml_nodes import MappingNode, Node, ScalarNode


def find(root: MappingNode, path: tuple[str, ...]) -> Node:
    """The node at `path`, or the nearest one above it."""
    node: Node = root
    for name in path:
        below = node.get(name) if isinstance(node, MappingNode) else None
        node = below or node
    return node


def overlay(base: MappingNode, over: MappingNode) -> MappingNode:
    """`base` with what `over` says differently.

    Mappings are merged by name, names that only `over` has stand first, lists and scalars are replaced whole, and
    `NAME: {off: true}` takes NAME away.
    """
    changed = {entry.key.text: entry for entry in over.entries}
    names = {entry.key.text for entry in base.entries}
    entries = [entry for entry in over.entries if entry.key.text not in names]
    for entry in base.entries:
        other = changed.get(entry.key.text)
        if other is None:
            entries.append(entry)
        elif isinstance(other.value, MappingNode) and isinstance(entry.value, MappingNode):
            merged = overlay(entry.value, other.value)
            entries.append(type(entry)(other.key, merged))
        else:
            entries.append(other)
    kept = [entry for entry in entries if not _is_off(entry.value)]
    return MappingNode(kept, over.flow, over.start, over.end, over.source)


def _is_off(node: Node) -> bool:
    off = node.get("off") if isinstance(node, MappingNode) else None
    return isinstance(off, ScalarNode) and off.text == "true"
