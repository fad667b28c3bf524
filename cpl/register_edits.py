"""A register's next version: rows added, changed, taken away, each touching only its own line; no I/O."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from gettext import gettext as _
from typing import Any, Final

from cpl import access, registers, splicing
from cpl import document as documents
from cpl.document import Document
from cpl.errors import CplError, Invalid, Problem
from cpl.moments import Duration
from cpl.opinion import second_opinion
from cpl.registers import ROWS, Register
from cpl.schema import did_you_mean

LETTERS: Final = "0123456789abcdefghijkmnpqrstuvwxyz"


class NoSuchRow(CplError):
    """No row has this name."""

    def __init__(self, register: Register, name: str, known: Iterable[str]) -> None:
        message = _("{register} has no row '{name}'").format(register=register.name, name=name)
        super().__init__(message + did_you_mean(name, known))


def begun(register: Register, data: bytes | None) -> Document:
    """The document of a register's bytes, of an empty one where there is no file.

    A row of access that lacks something does not keep the one from being added that corrects it.

    Raises:
        Invalid: it can't be read, so nothing is added to it.
    """
    if data is None:
        return documents.new_bare({ROWS: []}, path=register.path)
    document, _rows, problems = registers.load(register, data)
    errors = [each for each in problems if each.is_error and each.code != access.LACKING]
    if document is None or errors:
        raise Invalid(_("{path} is not right, so nothing is written to it:").format(path=register.path), errors)
    return document


def free_name(register: Register, document: Document, choose: Callable[[str], str]) -> str:
    """A name that no row has, of four characters by chance behind the register's prefix."""
    taken = names(register, document)
    while (name := f"{register.prefix}{''.join(choose(LETTERS) for _position in range(4))}") in taken:
        continue
    return name


def names(register: Register, document: Document) -> list[str]:
    """What the rows are called, in their order."""
    rows, _problems = registers.load_rows(register, document)
    return [registers.name_of(register, row) for row in rows]


def place_of(register: Register, document: Document, name: str) -> int:
    """The place of the row of that name; of a price its code will do, where only one row has it.

    Raises:
        NoSuchRow: there is none, or the code alone does not tell.
    """
    known = names(register, document)
    if name in known:
        return known.index(name)
    found = [at for at, each in enumerate(known) if each.partition("@")[0] == name]
    if len(found) != 1:
        raise NoSuchRow(register, name, known)
    return found[0]


def added(register: Register, document: Document, row: Mapping[str, Any]) -> Document:
    """The register with one more row, its fields in the register's order."""
    order = {name: place for place, name in enumerate(register.fields)}
    ordered = dict(sorted(row.items(), key=lambda item: order.get(item[0], len(order))))
    return splicing.insert_item(document, [ROWS], len(names(register, document)), written(ordered))


def changed(register: Register, document: Document, name: str, fields: Mapping[str, Any]) -> Document:
    """The register with these fields of a row, by their dotted names; None takes one away.

    Raises:
        NoSuchRow: there is no such row.
        CplError: rows of this register are only added.
    """
    _refuse_change(register, name)
    place = place_of(register, document, name)
    for dotted, value in fields.items():
        path: Sequence[str | int] = [ROWS, place, *dotted.split(".")]
        if value is None:
            document = splicing.remove(document, path)
        else:
            document = splicing.set_value(document, path, written(value))
    return document


def removed(register: Register, document: Document, name: str) -> Document:
    """The register without a row. Raises as `changed`."""
    _refuse_change(register, name)
    return splicing.remove(document, [ROWS, place_of(register, document, name)])


def _refuse_change(register: Register, name: str) -> None:
    if register.append_only:
        message = _("rows of {register} are only added; put a slip right by a further row: corrects={name}")
        if "corrects" not in register.fields:
            message = _("rows of {register} are only added; '{name}' stays as it is")
        raise CplError(message.format(register=register.name, name=name))


def require_right(document: Document, before: bytes | None) -> None:
    """Raise Invalid when a register's next version would break the rules, or takes away what has to stay."""
    register = registers.register_at(document.source.path)
    if register is None:
        raise Invalid(_("nothing was written:"), [registers.unknown(document.source.path)])
    _rows, found = registers.load_rows(register, document)
    problems: list[Problem] = [*second_opinion(document), *found]
    if before is not None:
        _document, old, _problems = registers.load(register, before)
        problems += registers.kept(register, document, old)
    if errors := [each for each in problems if each.is_error]:
        raise Invalid(_("nothing was written, the register would not be right:"), errors)


def written(value: Any) -> Any:
    """A typed value as a file has it: durations as text."""
    if isinstance(value, Duration):
        return str(value)
    if isinstance(value, Mapping):
        return {name: written(each) for name, each in value.items()}
    if isinstance(value, tuple | list):
        return [written(each) for each in value]
    return value
