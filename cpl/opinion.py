"""A second opinion on a document before it is written: do other tools read the same from it?"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from gettext import gettext as _
from importlib import import_module
from threading import Thread
from typing import TYPE_CHECKING

from cpl.document import Document
from cpl.errors import Problem
from cpl.yaml_nodes import MappingNode, Node, ScalarNode, SequenceNode

if TYPE_CHECKING:
    from ruamel.yaml.nodes import Node as OtherNode


def prepare() -> None:
    """Begin to import the other tools, which takes longer than to ask them, while git is waited for."""
    Thread(target=_import_tools).start()


def _import_tools() -> None:
    with suppress(ImportError):  # whoever asks for the opinion will hear of it
        for name in ("frontmatter.default_handlers", "ruamel.yaml"):
            import_module(name)


def second_opinion(doc: Document) -> list[Problem]:
    """A problem for each way in which other tools would read the front matter differently."""
    from frontmatter.default_handlers import YAMLHandler

    text, handler = doc.text.replace("\r\n", "\n"), YAMLHandler()
    start = 0 if doc.bare else doc.text.index("\n") + 1
    front = doc.text[start : doc.front_end].replace("\r\n", "\n")
    problems = []
    if doc.bare:
        text = f"---\n{text}---\n"
    if not handler.detect(text) or handler.split(text)[0].strip() != front.strip():
        problems.append(_("other tools see the front matter end elsewhere; remove lines of dashes from it"))
    if not _is_read_alike(doc.front, _with_commas_quoted(doc, start)):
        problems.append(_("other YAML readers read the front matter differently; put its texts in quotes"))
    return [Problem(doc.source.path, 1, "E005", message) for message in problems]


def _with_commas_quoted(doc: Document, start: int) -> str:
    """The front matter with quotes around texts with a comma: of these W005 has warned, they are not judged again."""
    text, at = "", start
    for node in _scalars(doc.front):
        if node.style == "plain" and "," in node.text:
            text += doc.text[at : node.start] + f"'{node.text.replace(chr(39), chr(39) * 2)}'"
            at = node.end
    return (text + doc.text[at : doc.front_end]).replace("\r\n", "\n")


def _scalars(node: Node) -> Iterator[ScalarNode]:
    """The texts below `node`, in the order of the file."""
    if isinstance(node, ScalarNode):
        yield node
    elif isinstance(node, SequenceNode):
        for item in node.items:
            yield from _scalars(item)
    else:
        for pair in node.entries:
            yield pair.key
            yield from _scalars(pair.value)


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
