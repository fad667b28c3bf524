"""The files that settings are read from: text to a mapping, and a profile with those that it extends."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from gettext import gettext as _
from typing import Final

from cpl.errors import Invalid, Problem
from cpl.overlay import overlay
from cpl.schema import Problems, is_absent, problem, shaped, word
from cpl.yaml_nodes import MappingNode, Node, ScalarNode, Source
from cpl.yaml_reader import read

PROFILES: Final = "templates/profiles"
EXTENDS: Final = "extends"
BASE: Final = "base"
_KEPT: Final = 16  # files: along a history cpl.yaml changes often, what it is laid over hardly ever

Files = Callable[[str], bytes | None]
"""Reads a file by its path from the store's root, from the work tree, the index or a commit; None: there is none."""


def profile_path(name: str) -> str:
    """The file of a profile."""
    return f"{PROFILES}/{name}.yaml"


@shaped(word)
def profile_name(node: Node, problems: Problems) -> str | None:
    """The name of a profile, without folder and ending."""
    name = word(node, problems)
    if name is not None and ("/" in name or name.startswith(".")):
        message = _("'{name}' is not the name of a profile; write it without folder and ending").format(name=name)
        problems.append(problem(node, "E070", message))
        return None
    return name


@lru_cache(_KEPT)
def parse(data: bytes, path: str) -> MappingNode:
    """The mapping that a settings file holds; it is not to be changed, for who reads the same again gets the same.

    Raises:
        Invalid: it is no UTF-8, no YAML of the kind that cpl reads, or no mapping.
    """
    try:
        content = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        message = _("not UTF-8 text: byte {byte:#x}; save the file as UTF-8").format(byte=data[error.start])
        raise Invalid(_("{path} can't be read:").format(path=path), [Problem(path, line, "E001", message)]) from None
    node, problems = read(Source(path, content), 0, len(content))
    errors = [each for each in problems if each.is_error]
    if isinstance(node, MappingNode) and not errors:
        return node
    message = _("expected a mapping like {example}").format(example="format: 1")
    raise Invalid(_("{path} can't be read:").format(path=path), errors or [Problem(path, 1, "E070", message)])


def profile_layers(files: Files, name: str, named_at: Node) -> list[MappingNode]:
    """The profile called `name` at a node, and what it extends: itself first, what lies lowest last.

    Raises:
        Invalid: a file is missing or can't be read, a profile extends itself, or `name` is only a base.
    """
    found: dict[str, MappingNode] = {}
    wanted: str | None = name
    first = named_at
    while wanted is not None:
        path = profile_path(wanted)
        if path in found:
            message = _("'{name}' extends itself; take this line away, or name another profile").format(name=wanted)
            raise _not_right(named_at, message)
        data = files(path)
        if data is None:
            raise _not_right(named_at, _("there is no profile '{name}' ({path})").format(name=wanted, path=path))
        found[path] = parse(data, path)
        wanted, named_at = _extended(found[path], named_at)
    layers = list(found.values())
    if is_base(layers[0]):
        message = _("'{name}' is only what profiles extend; name one that extends it").format(name=name)
        raise _not_right(first, message)
    return layers


def _extended(layer: MappingNode, named_at: Node) -> tuple[str | None, Node]:
    node = layer.get(EXTENDS)
    if node is None or is_absent(node):
        return None, named_at
    problems: list[Problem] = []
    name = profile_name(node, problems)
    if name is None:
        raise Invalid(_("the profile is not right"), problems)
    return name, node


def is_base(layer: MappingNode) -> bool:
    """Whether a profile says of itself that it is there to be extended only."""
    node = layer.get(BASE)
    return isinstance(node, ScalarNode) and node.text == "true"


def merged(layers: Iterable[MappingNode], over: MappingNode | None = None) -> MappingNode:
    """The profile that the layers (itself first) make, with a store's own values over it."""
    return overlay(*bottom_up(layers), *([] if over is None else [over]))


def bottom_up(layers: Iterable[MappingNode]) -> list[MappingNode]:
    """The layers (itself first) with the lowest one first, without what each says of itself as a file."""
    return [_plain(each) for each in layers][::-1]


def _plain(layer: MappingNode) -> MappingNode:
    """A layer without what it says of itself as a file."""
    entries = [entry for entry in layer.entries if entry.key.text not in (EXTENDS, BASE)]
    return MappingNode(entries, layer.flow, layer.start, layer.end, layer.source)


def _not_right(node: Node, message: str) -> Invalid:
    return Invalid(_("the store's settings are not right"), [problem(node, "E070", message)])
