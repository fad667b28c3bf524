"""A record's text: front matter and body with marks; how it is changed is in `splicing` and `sections`.

A register's text is all front matter, without the lines around it. What the fields mean is said in `record` and
`registers`; files are read and written elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from gettext import gettext as _
from typing import Final

from cpl.errors import Invalid, Problem
from cpl.patterns import bytes_regex, regex
from cpl.values import frozen
from cpl.yaml_faults import conflict_markers
from cpl.yaml_nodes import MappingNode, PlainData, Source, plain_data
from cpl.yaml_reader import read
from cpl.yaml_writer import Value, entry

Path = Sequence[str | int]

RECORD_LIMIT: Final = 1024 * 1024
FRONT_LIMIT: Final = 256 * 1024
BOM: Final = "\ufeff"
CHINESE: Final = bytes([*range(0x80, 0xC0), *range(0xE4, 0xEA)])
"""The bytes that the characters from U+4000 to U+9FFF consist of."""
ORDINARY: Final = bytes([0x0A, *range(0x20, 0x7F)]) + CHINESE
"""Those of text that holds nothing but such characters, printed ASCII and line ends."""
MARKED: Final = bytes_regex(rb"\n[<|=>]{7}")  # perhaps a conflict

_OPENING: Final = regex(r"---[ \t]*(?:\r?\n|\Z)")
_CLOSING: Final = regex(r"^---[ \t]*(?:\r?\n|\Z)", re.MULTILINE)
_UNCLEAN: Final = regex(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
_SURROGATE: Final = regex(r"[\ud800-\udfff]")
_MARKER: Final = regex(r"(?:<{7}|\|{7}|={7}|>{7})(?: |$)")


@frozen
class Document:
    """A text and where its parts lie; `source.text` is it without BOM. A `bare` one is all front matter: a register."""

    source: Source
    front: MappingNode
    front_end: int
    body_start: int
    bom: bool
    newline: str
    bare: bool = False

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


def parse(data: bytes, path: str, *, bare: bool = False) -> tuple[Document | None, list[Problem]]:
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
    if bare and text and not text.endswith("\n"):
        text += "\n"  # what is added goes on a line of its own
    return _parsed(Source(path, text.removeprefix(BOM)), bom=bom, bare=bare)


def new(front: Mapping[str, Value], body: str, *, path: str = "") -> Document:
    """A new document with the entries of `front` in their order and a cleaned `body`.

    Raises:
        ValueError: `front` is empty or holds a value that can't be written.
        Invalid: the front matter is larger than FRONT_LIMIT.
    """
    lines = "".join(entry(clean_text(key), clean(value)) for key, value in front.items())
    text = "\n".join(without_marker(line) for line in clean_text(body).split("\n"))
    if text and not text.endswith("\n"):
        text += "\n"
    return reparsed(Source(path, f"---\n{lines}---\n{text}"), bom=False)


def new_bare(front: Mapping[str, Value], *, path: str = "") -> Document:
    """As `new`, a document that is all front matter."""
    lines = "".join(entry(clean_text(key), clean(value)) for key, value in front.items())
    return reparsed(Source(path, lines), bom=False, bare=True)


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


def _parsed(source: Source, *, bom: bool, bare: bool = False) -> tuple[Document | None, list[Problem]]:
    return _parsed_bare(source, bom=bom) if bare else _parsed_whole(source, bom=bom)


def _parsed_bare(source: Source, *, bom: bool) -> tuple[Document | None, list[Problem]]:
    end = len(source.text)
    front, problems = read(source, 0, end)
    conflicts = conflict_markers(source, 0, end, prose_from=end)
    problems = sorted([each for each in problems if each.code != "E011"] + conflicts)
    if isinstance(front, MappingNode):
        newline = "\r\n" if "\r\n" in source.text else "\n"
        return Document(source, front, end, end, bom, newline, bare=True), problems
    return None, problems or [Problem(source.path, 1, "E012", _("the file must hold lines such as 'name: …'"))]


def _parsed_whole(source: Source, *, bom: bool) -> tuple[Document | None, list[Problem]]:
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


def reparsed(source: Source, *, bom: bool, bare: bool = False) -> Document:
    """The document that a text made by cpl holds.

    Raises:
        Invalid: its front matter is larger than FRONT_LIMIT.
        ValueError: it has another problem, which is a mistake of the caller's.
    """
    doc, problems = _parsed(source, bom=bom, bare=bare)
    if any(problem.code == "E002" for problem in problems):
        raise Invalid(_("nothing was changed:"), problems)
    if doc is None or any(problem.is_error for problem in problems):
        raise ValueError(f"the text would not be right: {problems[0]}")
    return doc


def without_marker(line: str) -> str:
    """`line`, with a blank before it where it could pass for a merge conflict."""
    return " " + line if _MARKER.match(line) else line
