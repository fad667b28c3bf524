"""The sections `## …` of a body: reading them, adding to one; text put in can't open another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from cpl.document import Document, clean_text, without_marker
from cpl.patterns import regex
from cpl.splicing import Edit, spliced

_BLANK_LINES: Final = regex(r"(?:[ \t]*\r?\n)*")
_LINE: Final = regex(r"[^\n]+\n?|\n")
_CODE_FENCE: Final = regex(r" {0,3}(`{3,}|~{3,})(.*)")
_HEADING: Final = regex(r"^( {0,3})(#{1,6}(?:[ \t]|$))")


def section(doc: Document, heading: str) -> str | None:
    """The text under `## heading` with `\\n` as newline; None where there is no such section."""
    found = _find_section(doc, heading)
    return None if found is None else doc.text[found[0] : found[1]].replace("\r\n", "\n").strip("\n")


def by_heading(body: str) -> dict[str, str]:
    """The texts of all sections by heading, those of one heading together; under `""` what precedes the first."""
    headings, _fence = _headings(body, 0)
    ends = [start for _heading, start, _end in headings] + [len(body)]
    texts: dict[str, str] = {}
    for (heading, _start, begin), end in zip([("", 0, 0), *headings], ends, strict=True):
        if heading or body[begin:end].strip():
            texts[heading] = texts.get(heading, "") + body[begin:end].replace("\r\n", "\n")
    return {heading: text.strip("\n") for heading, text in texts.items()}


def parts(body: str, mark: str = "##") -> list[tuple[str, str]]:
    """All of a body cut at its headings: each heading with its whole text, its own line included, in order.

    The first part is what precedes the first heading, under `""`; `mark` is the kind of heading.
    """
    headings, _fence = _headings(body, 0, f"{mark} ")
    starts = [0, *(start for _heading, start, _end in headings)]
    names = ["", *(heading for heading, _start, _end in headings)]
    ends = [*starts[1:], len(body)]
    return [(name, body[start:end]) for name, start, end in zip(names, starts, ends, strict=True)]


def set_section(doc: Document, heading: str, text: str) -> Document:
    """`doc` with `text` as all that stands under `## heading`, which is made where it is missing."""
    found = _find_section(doc, heading)
    if found is None:
        return _with_new_section(doc, heading, safe_lines(text))
    start, end = found
    stop = _end_of_text(doc.text, start, end)
    blank = _BLANK_LINES.match(doc.text, start, stop)
    return _with_lines(doc, Edit(blank.end() if blank else start, stop, ""), safe_lines(text), end)


def add_to_section(doc: Document, heading: str, text: str, *, title: str | None = None) -> Document:
    """`doc` with `text` at the end of what stands under `## heading`, which is made where it is missing.

    `title` is a whole heading line (`### …`) to go above the text, in which headings are escaped.

    Raises:
        ValueError: `title` would open a section.
    """
    lines = safe_lines(text)
    if title is not None:
        if title.startswith("## "):
            raise ValueError(f"{title!r} would open a section")
        lines.insert(0, clean_text(title).replace("\n", " "))
    found = _find_section(doc, heading)
    if found is None:
        return _with_new_section(doc, heading, lines)
    start, end = found
    stop = _end_of_text(doc.text, start, end)
    closing = _open_fence(doc) if end == len(doc.text) else ""
    before = (closing + doc.newline if closing else "") + (doc.newline if stop > start else "")
    return _with_lines(doc, Edit(stop, stop, before), lines, end) if lines else doc


def _with_lines(doc: Document, edit: Edit, lines: Sequence[str], end: int) -> Document:
    """`doc` after `edit` and `lines` behind its text, in a section that ends at `end`."""
    before, newline = edit.text, doc.newline
    if not doc.text[: edit.start].endswith("\n"):
        before = newline + before
    is_tight = lines and edit.end == end < len(doc.text)
    new = before + "".join(line + newline for line in lines) + (newline if is_tight else "")
    return spliced(doc, Edit(edit.start, edit.end, new), (), ())


def _with_new_section(doc: Document, heading: str, lines: Sequence[str]) -> Document:
    end, closing = len(doc.text), _open_fence(doc)
    has_gap = not doc.body.strip() or doc.body.endswith(("\n\n", "\n\r\n"))
    before = closing + doc.newline if closing else ""
    before += doc.newline if closing or not has_gap else ""
    return _with_lines(doc, Edit(end, end, before), [f"## {' '.join(heading.split())}", *lines], end)


def _headings(text: str, at: int, mark: str = "## ") -> tuple[list[tuple[str, int, int]], str]:
    """The sections' headings from `at` on with start and end of their lines, and the code fence left open."""
    found, fence = [], ""
    for match in _LINE.finditer(text, at):
        line = match[0].rstrip("\r\n")
        if not fence and line.startswith(mark):
            found.append((line[len(mark) :].strip(), match.start(), match.end()))
        fence = _fence_behind(line, fence)
    return found, fence


def _open_fence(doc: Document) -> str:
    return _headings(doc.text, doc.body_start)[1]


def _find_section(doc: Document, heading: str) -> tuple[int, int] | None:
    """Where what stands under `heading` begins and ends."""
    found, _fence = _headings(doc.text, doc.body_start)
    ends = [start for _heading, start, _end in found[1:]] + [len(doc.text)]
    places = {name: (begin, end) for (name, _start, begin), end in reversed(list(zip(found, ends, strict=False)))}
    return places.get(" ".join(heading.split()))


def _fence_behind(line: str, fence: str) -> str:
    """The marks of the code fence that is open behind `line`, if `fence` is before it; empty: none."""
    match = _CODE_FENCE.match(line)
    if match is None:
        return fence
    marks, rest = match.groups()
    if fence:
        is_closing = marks.startswith(fence) and not rest.strip()
        return "" if is_closing else fence
    return "" if marks[0] == "`" and "`" in rest else marks


def _end_of_text(text: str, start: int, end: int) -> int:
    """Behind the last line with text between `start` and `end`; `start` where there is none."""
    content = text[start:end].rstrip()
    if not content:
        return start
    newline = text.find("\n", start + len(content), end)
    return newline + 1 if newline >= 0 else end


def safe_lines(text: str) -> list[str]:
    """The lines of `text` so that they can't open a section, leave code open or pass for a merge conflict.

    There is none where `text` is empty.
    """
    lines, fence = [], ""
    for line in clean_text(text).strip("\n").split("\n"):
        lines.append(without_marker(line if fence else _HEADING.sub(r"\1\\\2", line)))
        fence = _fence_behind(line, fence)
    if fence:
        lines.append(fence)
    return lines if any(lines) else []
