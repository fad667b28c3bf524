"""Three-way merge of registers row by row, by their names; what both sides changed is left to a merge of texts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cpl import register_edits, registers, splicing
from cpl.document import Document
from cpl.register_edits import written
from cpl.registers import ROWS, Register, Row


def merged(register: Register, base: bytes, ours: bytes, theirs: bytes) -> bytes | None:
    """Ours with what theirs did to rows since the base; None where one can't be read, or both changed a row.

    Ours keeps its comments and its order; rows that theirs added come behind.
    """
    was, mine, other = (_rows(register, data) for data in (base, ours, theirs))
    document = registers.load(register, ours)[0]
    if document is None or was is None or mine is None or other is None:
        return None
    touched = [name for name in {**was, **other} if was.get(name) != other.get(name) != mine.get(name)]
    if any(mine.get(name) != was.get(name) for name in touched):
        return None
    names = list(mine)
    for name in touched:
        document, names = _taken_over(register, document, names, (name, other.get(name)))
    return document.encode()


def _rows(register: Register, data: bytes) -> Mapping[str, Row] | None:
    """The rows by name, of an empty file none; None where they can't be read, or told apart."""
    if not data.strip():
        return {}
    _document, rows, problems = registers.load(register, data)
    is_right = not any(each.is_error for each in problems)
    return {registers.name_of(register, row): row for row in rows} if is_right else None


def _taken_over(
    register: Register, document: Document, names: Sequence[str], theirs: tuple[str, Row | None]
) -> tuple[Document, list[str]]:
    """The document, and the names of its rows, with a row as theirs has it; None: without it."""
    name, row = theirs
    if row is None:
        left = [each for each in names if each != name]
        return splicing.remove(document, [ROWS, names.index(name)]), left
    if name in names:
        return splicing.set_value(document, [ROWS, names.index(name)], written(row)), list(names)
    return register_edits.added(register, document, row), [*names, name]
