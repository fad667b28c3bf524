"""What YAML text is read into: text nodes that know their place in the file; nothing is read or judged here."""

from __future__ import annotations

from bisect import bisect_right
from itertools import accumulate
from typing import Literal

from cpl.values import field, frozen, slotted

Style = Literal["plain", "single", "double", "literal"]
PlainData = dict[str, "PlainData"] | list["PlainData"] | str | None


@frozen
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


@slotted
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


@slotted
class Entry:
    """One `key: value`."""

    key: ScalarNode
    value: Node


@slotted
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


@slotted
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
