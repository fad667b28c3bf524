"""Names of a profile that were others before: what had the old name, and what refers to it, gets the present one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from gettext import gettext as _
from typing import Final

from cpl.errors import Problem
from cpl.overlay import overlay
from cpl.schema import problem
from cpl.values import replace
from cpl.yaml_nodes import Entry, MappingNode, Node, ScalarNode, SequenceNode

STATUS: Final = "status"
CLOCK_NAME: Final = "clock"  # where events name a clock
_MOVES: Final = "moves"
_WAS: Final = "was"
# The keys of a profile whose values are names, by the field in which a record has such a name.
_NAMES: Final = {
    "from": STATUS,
    "to": STATUS,
    "departments": "departments",
    "medians": CLOCK_NAME,
    "timely": CLOCK_NAME,
}
_FIELDS: Final = ("when", "single-out", "set")
_REQUIRES: Final = "requires"
_AGREED: Final = "did:agree/"
_EVENTS: Final = ("starts", "stops", "ends")

Former = dict[str, dict[str, str]]
"""By the field in which a record has such a name, the names of before with those of now; no field without any."""


def with_present_names(root: MappingNode, sections: Mapping[str, str]) -> tuple[MappingNode, Former, list[Problem]]:
    """The profile in which nothing has or uses a name that is listed as one of before (`was`), and these names.

    `sections` are those in which names are defined, by the field of a record that has one. What a lower file defines
    by the old name is laid under what has the present one. E071: in one file both are defined, or a name is that of
    two before.
    """
    former: Former = {}
    problems: list[Problem] = []
    for field, section in sections.items():
        for entry, was in _was(root.get(section)):
            old, name = was.text, entry.key.text
            other = former.get(field, {}).get(old) or _defined_beside(root.get(section), was)
            if other is not None:
                message = _("'{old}' can't have been the name of '{name}', for it is that of '{other}'; take it out")
                problems.append(problem(was, "E071", message.format(old=old, name=name, other=other)))
            former.setdefault(field, {})[old] = name
    if not former:
        return root, former, problems
    by_section = {sections[field]: names for field, names in former.items()}
    entries = [Entry(each.key, _section(each, by_section, former)) for each in root.entries]
    return MappingNode(entries, root.flow, root.start, root.end, root.source), former, problems


def _was(section: Node | None) -> Iterator[tuple[Entry, ScalarNode]]:
    """What of a section had other names, with each of them."""
    for entry in section.entries if isinstance(section, MappingNode) else ():
        node = entry.value.get(_WAS) if isinstance(entry.value, MappingNode) else None
        names = node.items if isinstance(node, SequenceNode) else [node]
        yield from ((entry, each) for each in names if isinstance(each, ScalarNode))


def _defined_beside(section: Node | None, was: ScalarNode) -> str | None:
    """The old name, where the file that lists it as one defines it as well."""
    entries = section.entries if isinstance(section, MappingNode) else []
    return next(
        (each.key.text for each in entries if each.key.text == was.text and each.key.source is was.source), None
    )


def _section(entry: Entry, by_section: Mapping[str, Mapping[str, str]], former: Former) -> Node:
    name, node = entry.key.text, entry.value
    if not isinstance(node, MappingNode):
        return node
    if name == _MOVES:
        node = _absorbed(node, former.get(STATUS, {}))
        moves = [Entry(each.key, _renamed(each.value, former.get(STATUS, {}))) for each in node.entries]
        return _with(node, moves)
    return _used(_absorbed(node, by_section.get(name, {})), former)


def _absorbed(section: MappingNode, names: Mapping[str, str]) -> MappingNode:
    """The section with each present name in the place of the old one, and laid over what that stood for."""
    present = {each.key.text: each for each in section.entries}
    old_of = {name: present[old] for old, name in names.items() if old in present}
    entries: dict[str, Entry] = {}
    for each in section.entries:
        name = names.get(each.key.text, each.key.text)
        old = old_of.get(name)
        if old is None:
            entries[name] = each
        elif old is each:
            entries[name] = _over(old, present.get(name), name)
    return _with(section, list(entries.values()))


def _over(old: Entry, new: Entry | None, name: str) -> Entry:
    """What has the present name, laid over what has the old one."""
    if new is None:
        return Entry(replace(old.key, text=name), old.value)
    if isinstance(new.value, MappingNode) and isinstance(old.value, MappingNode):
        return Entry(new.key, overlay(old.value, new.value))
    return new


def _used(node: MappingNode, former: Former) -> MappingNode:
    """What stands below a section, with present names wherever it refers to something."""
    return _with(node, [Entry(each.key, _reference(each, former)) for each in node.entries])


def _reference(entry: Entry, former: Former) -> Node:
    key, node = entry.key.text, entry.value
    if key in _EVENTS:
        names = former.get(STATUS, {})
        return _mapped(node, lambda text: f"to:{names.get(text[3:], text[3:])}" if text.startswith("to:") else text)
    if key == _REQUIRES:
        return _mapped(node, lambda text: " | ".join(_agreed(part, former) for part in text.split(" | ")))
    if not isinstance(node, MappingNode):
        return _renamed(node, former.get(_NAMES.get(key, ""), {}))
    if key in _FIELDS:
        return _with(
            node, [Entry(each.key, _renamed(each.value, former.get(each.key.text, {}))) for each in node.entries]
        )
    return _used(node, former)


def _agreed(requirement: str, former: Former) -> str:
    """A requirement; of one for a date agreed by a clock the clock's present name."""
    prefix, clock = requirement[: len(_AGREED)], requirement[len(_AGREED) :]
    return prefix + former.get(CLOCK_NAME, {}).get(clock, clock) if prefix == _AGREED else requirement


def _renamed(node: Node, names: Mapping[str, str]) -> Node:
    return _mapped(node, lambda text: names.get(text, text))


def _mapped(node: Node, change: Callable[[str], str]) -> Node:
    """A name or a list of names, each changed, in its place."""
    if isinstance(node, ScalarNode):
        return replace(node, text=change(node.text))
    if isinstance(node, SequenceNode):
        return replace(node, items=[_mapped(each, change) for each in node.items])
    return node


def _with(node: MappingNode, entries: list[Entry]) -> MappingNode:
    return MappingNode(entries, node.flow, node.start, node.end, node.source)
