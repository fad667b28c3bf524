"""Three-way merge of records: events united, the rest field by field and section by section; bytes in, bytes out."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from gettext import gettext as _
from typing import Any, Final

from cpl import document as documents
from cpl.document import BOM, Document, reparsed
from cpl.errors import CplError, Invalid, Problem
from cpl.merge_body import BodyMerge
from cpl.merge_front import FrontMerge, Version, event_key
from cpl.patterns import regex
from cpl.record import NAMED, load
from cpl.values import frozen
from cpl.yaml_nodes import Source

_COMMENT: Final = regex(r"(?:^|(?<=[ \t]))#[^\r\n]*", re.MULTILINE)
_LINE: Final = regex(r"[^\n]*\n|[^\n]+")


class Unmergeable(CplError):
    """These versions can't be merged as a record, only as text."""

    def __init__(self, reason: str) -> None:
        super().__init__(_("it can't be merged as a record: {reason}").format(reason=reason))


@frozen
class Marks:
    """The length of the lines that mark a conflict, and what the two sides are called there."""

    size: int = 7
    ours: str = "ours"
    theirs: str = "theirs"


PLAIN: Final = Marks()


@frozen
class Merged:
    """The merged file, and which fields (`location.room`) and sections (`## Plan`) are in conflict and marked in it.

    `left_out` are the comments of theirs that it has not.
    """

    data: bytes
    conflicts: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()


@frozen
class Clash:
    """A place that both sides changed: a field, or the lines of a section; None: a side has nothing there."""

    name: str
    ours: Any
    theirs: Any
    place: tuple[str | int, ...]
    is_section: bool

    @property
    def section(self) -> tuple[str, int]:
        """The section's heading, and how many of the same precede it."""
        return str(self.place[0]), int(self.place[1])


class Union:
    """Two versions of a record on their way to one that has the events, tasks and evidence of both."""

    def __init__(self, base: bytes | None, ours: bytes, theirs: bytes) -> None:
        """Unite `ours` and `theirs`, both made from the record `base`; None or empty: both made it new.

        Raises:
            Unmergeable: a side is no record without errors of its form.
        """
        self._document, self._ours = _read(ours)
        _theirs, self._theirs = _read(theirs)
        old = _base(base)
        try:
            self._front = FrontMerge(self._document, old, self._ours, self._theirs)
        except (Invalid, ValueError) as error:
            raise _unmergeable(error) from error
        bodies = (old.body if old else "", self._ours.body, self._theirs.body)
        self._body = BodyMerge(*bodies, self._document.newline)
        self.clashes = (*self._fields(), *self._sections())

    def document(self, picked: Mapping[str, Any]) -> Document:
        """The merged record; of a clash, by its name, it has what was picked, else what ours has.

        Raises:
            Unmergeable: it would not be right, or lack something of either side.
        """
        chosen = [each for each in self.clashes if each.name in picked]
        fields = {each.place: picked[each.name] for each in chosen if not each.is_section}
        sections = {each.section: picked[each.name] for each in chosen if each.is_section}
        try:
            document = _with_body(self._front.document(fields), self._body.text(sections))
        except (Invalid, ValueError) as error:
            raise _unmergeable(error) from error
        _require_all(document, self._ours, self._theirs)
        return document

    def _fields(self) -> Iterator[Clash]:
        for path, theirs in self._front.clashes:
            yield Clash(self._front.name(path), self._front.ours(path), theirs, path, is_section=False)

    def _sections(self) -> Iterator[Clash]:
        for (heading, number), both in self._body.clashes.items():
            name = f"## {heading}" if heading else _("the text before the first heading")
            yield Clash(f"{name} ({number + 1})" if number else name, *both, (heading, number), is_section=True)


def merge(base: bytes | None, ours: bytes, theirs: bytes, marks: Marks = PLAIN) -> Merged:
    """What both sides made of the record `base`, which is None or empty where both made it new.

    No event, task or evidence of either side is missing; a field that events set is what all events together make of
    it. What theirs did not change stays byte for byte as it stands in `ours`.

    Raises:
        Unmergeable: a side is no record without errors of its form, or the merged one would not be.
    """
    if theirs in (base, ours):
        return Merged(ours)
    if base == ours:
        return Merged(theirs)
    union = Union(base, ours, theirs)
    left = union.document({})
    right = union.document({each.name: each.theirs for each in union.clashes})
    left_out = _left_out(theirs, base or b"", left.text + right.text)
    if left.text == right.text:
        return Merged(left.encode(), (), left_out)
    text = _marked(left.text, right.text, left.newline, marks)
    conflicts = tuple(each.name for each in union.clashes)
    return Merged(((BOM if left.bom else "") + text).encode(), conflicts, left_out)


def _unmergeable(error: Invalid | ValueError) -> Unmergeable:
    return Unmergeable(_told(error.problems[0]) if isinstance(error, Invalid) else str(error))


def _read(data: bytes) -> tuple[Document, Version]:
    document, problems = documents.parse(data, "")
    record = None
    if document is not None and not any(problem.is_error for problem in problems):
        record, problems = load(document)
    errors = [problem for problem in problems if problem.is_error]
    if document is None or record is None or errors:
        raise Unmergeable(_told(errors[0]))
    for name, key in NAMED.items():
        names = Counter(item[key] for item in record.fields.get(name, ()))
        if twice := [each for each, count in names.items() if count > 1]:
            raise Unmergeable(_("'{name}' stands twice in {field}").format(name=twice[0], field=name))
    return document, Version(record.fields, document.body)


def _told(problem: Problem) -> str:
    facts = {"line": problem.line, "code": problem.code, "message": problem.message}
    return _("line {line}: {code} {message}").format(**facts)


def _base(data: bytes | None) -> Version | None:
    """The base; None without one, or where it can't be read: then whatever differs is a conflict, and nothing goes."""
    try:
        return _read(data or b"")[1]
    except Unmergeable:
        return None


def _with_body(doc: Document, body: str) -> Document:
    head = doc.text[: doc.body_start]
    gap = doc.newline if body and not head.endswith("\n") else ""
    return reparsed(Source(doc.source.path, head + gap + body), bom=doc.bom)


def _require_all(doc: Document, ours: Version, theirs: Version) -> None:
    """Raise Unmergeable unless the merged record has every event, task and evidence of both sides."""
    record, problems = load(doc)
    if record is None or any(problem.is_error for problem in problems):
        raise Unmergeable(_("the merged record would not be right, {problem}").format(problem=_told(problems[0])))
    merged = _kept(Version(record.fields, ""))
    lost = (_kept(ours) | _kept(theirs)) - merged
    if lost:
        field, name = min(lost)
        raise Unmergeable(_("the merged record would lack {name} of {field}").format(name=name, field=field))


def _left_out(theirs: bytes, base: bytes, merged: str) -> tuple[str, ...]:
    """The comments that theirs added to its front matter and the merged one has not: they belong to no field."""
    added = set(_COMMENT.findall(_front(theirs))) - set(_COMMENT.findall(_front(base)))
    return tuple(sorted(each for each in added if each not in merged))


def _front(data: bytes) -> str:
    """The front matter of a record, as text."""
    document, _problems = documents.parse(data, "")
    return "" if document is None else document.text[: document.body_start]


def _kept(version: Version) -> set[tuple[str, str]]:
    """What may never go missing."""
    named = {(name, item[key]) for name, key in NAMED.items() for item in version.fields.get(name, ())}
    named |= {("evidence", item["sha256"]) for item in version.fields.get("evidence", ())}
    return named | {("history", event_key(event)) for event in version.history}


def whole(ours: bytes, theirs: bytes, marks: Marks = PLAIN) -> bytes:
    """All of both sides with conflict markers around them, for what can be merged in no way."""
    mine, other = (_LINE.findall(each.decode(errors="surrogateescape")) for each in (ours, theirs))
    return _hunk(mine, other, "\n", marks).encode(errors="surrogateescape")


def _marked(left: str, right: str, newline: str, marks: Marks) -> str:
    """One text of two, with conflict markers around the lines in which they differ."""
    mine, other = _LINE.findall(left), _LINE.findall(right)
    text = ""
    for kind, start, end, other_start, other_end in SequenceMatcher(None, mine, other).get_opcodes():
        lines = mine[start:end]
        text += "".join(lines) if kind == "equal" else _hunk(lines, other[other_start:other_end], newline, marks)
    return text


def _hunk(ours: Sequence[str], theirs: Sequence[str], newline: str, marks: Marks) -> str:
    pieces = [_marker("<", marks.ours, newline, marks.size), _ended(ours, newline)]
    pieces += [_marker("=", "", newline, marks.size), _ended(theirs, newline)]
    return "".join([*pieces, _marker(">", marks.theirs, newline, marks.size)])


def _marker(sign: str, label: str, newline: str, size: int) -> str:
    return f"{sign * size} {label}".rstrip() + newline


def _ended(lines: Sequence[str], newline: str) -> str:
    text = "".join(lines)
    return text if not text or text.endswith("\n") else text + newline
