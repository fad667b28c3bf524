"""Three-way merge of registers row by row, by their names; what both sides changed is left to a merge of texts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cpl import register_edits, registers, splicing
from cpl.document import Document
from cpl.register_edits import written
from cpl.registers import ROWS, Register, Row
from cpl.yaml_nodes import PlainData, plain_data


def merged(register: Register, base: bytes, ours: bytes, theirs: bytes) -> bytes | None:
    """Ours with what theirs did to rows since the base; None where one can't be read, or both changed a row.

    None too where theirs changed what stands beside the rows, which is no row.

    Ours keeps its comments and its order; rows that theirs added come behind.
    """
    was, mine, other = (_rows(register, data) for data in (base, ours, theirs))
    document = registers.load(register, ours)[0]
    if document is None or was is None or mine is None or other is None:
        return None
    if _beside(register, base) != _beside(register, theirs):
        return None
    touched = [name for name in {**was, **other} if was.get(name) != other.get(name) != mine.get(name)]
    if any(mine.get(name) != was.get(name) for name in touched):
        return None
    names = list(mine)
    for name in touched:
        document, names = _taken_over(register, document, names, (name, was.get(name), other.get(name)))
    return document.encode()


def _rows(register: Register, data: bytes) -> Mapping[str, Row] | None:
    """The rows by name, of an empty file none; None where they can't be read, or told apart."""
    if not data.strip():
        return {}
    _document, rows, problems = registers.load(register, data)
    is_right = not any(each.is_error for each in problems)
    return {registers.name_of(register, row): row for row in rows} if is_right else None


def _beside(register: Register, data: bytes) -> list[tuple[str, PlainData]]:
    """What a register holds beside its rows: keys of the store's own."""
    document = registers.load(register, data)[0] if data.strip() else None
    entries = [] if document is None else document.front.entries
    return [(each.key.text, plain_data(each.value)) for each in entries if each.key.text != ROWS]


def _taken_over(
    register: Register, document: Document, names: Sequence[str], theirs: tuple[str, Row | None, Row | None]
) -> tuple[Document, list[str]]:
    """The document, and the names of its rows, with a row as theirs has it, and as it was; None: without it."""
    name, old, row = theirs
    if row is None:
        left = [each for each in names if each != name]
        return splicing.remove(document, [ROWS, names.index(name)]), left
    if old is None:
        return register_edits.added(register, document, row), [*names, name]
    for field in {**old, **row}:
        path: list[str | int] = [ROWS, names.index(name), field]
        if field not in row:
            document = splicing.remove(document, path)
        elif row[field] != old.get(field):
            document = splicing.set_value(document, path, written(row[field]))
    return document, list(names)
