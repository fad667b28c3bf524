"""The registers of a store as typed rows: lone elderly residents, access to files, draws, prices; and their faults.

A register is records/registers/NAME.yaml, one list `rows`. Reading is all that happens here: rows are added and changed
by `register_edits`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date
from functools import cache
from gettext import gettext as _
from typing import Any, Final

from cpl import access, tree
from cpl import document as documents
from cpl.document import Document
from cpl.errors import CplError, Invalid, Problem
from cpl.record import is_id
from cpl.schema import (
    Converter,
    Problems,
    count,
    day,
    did_you_mean,
    duration,
    flag,
    instant,
    integer,
    list_of,
    map_of,
    moment,
    number,
    one_of,
    problem,
    struct,
    text,
    word,
)
from cpl.settings_files import Files
from cpl.values import frozen
from cpl.yaml_nodes import Node, ScalarNode, SequenceNode

FOLDER: Final = f"{tree.RECORDS}/{tree.REGISTERS}"
ENDING: Final = ".yaml"
ROWS: Final = "rows"

Row = Mapping[str, Any]


@frozen
class Register:
    """A register: what a row has, which field names it, and which fields are not listed unless they are asked for.

    Of one that is `append_only` no row is changed or removed. `prefix` begins the names that cpl makes; None: they are
    given.
    """

    name: str
    fields: Mapping[str, Converter]
    required: tuple[str, ...]
    columns: tuple[str, ...]
    key: str = "id"
    personal: frozenset[str] = frozenset()
    append_only: bool = False
    prefix: str | None = None

    @property
    def path(self) -> str:
        """Its file, from the store's root."""
        return f"{FOLDER}/{self.name}{ENDING}"


def _record_id(node: Node, problems: Problems) -> str | None:
    value = word(node, problems)
    if value is not None and not is_id(value):
        message = _("'{value}' is not an id like CPL-20261122-7K3QDXZ whose last character checks the others")
        problems.append(problem(node, "E030", message.format(value=value)))
        return None
    return value


def _born(node: Node, problems: Problems) -> date | int | None:
    """A day, or a year where no more is known."""
    is_year = isinstance(node, ScalarNode) and len(node.text) == len("1941")
    return count(node, problems) if is_year else day(node, problems)


_BLOOD_TYPES: Final = tuple(f"{group}{sign}" for group in ("A", "B", "AB", "O") for sign in ("", "+", "-"))
_CONTACT: Final = struct({"name": text, "relation": text, "phone": text, "note": text}, ["name", "phone"], extra=True)
_RESIDENTS: Final = Register(
    "residents",
    {
        "id": word,
        "name": text,
        "location": struct({"site": text, "area": text, "building": text, "unit": text, "floor": text, "room": text}),
        "phone": text,
        "born": _born,
        "blood_type": one_of(_BLOOD_TYPES),
        "history": list_of(text),
        "contacts": list_of(_CONTACT),
        "visits": struct({"every": duration, "who": text}),
        "commissioned": struct(
            {
                "by": text,
                "since": day,
                "every": duration,
                "reports": list_of(struct({"at": moment, "by": text, "via": text, "text": text}, ["at"], extra=True)),
                "costs": list_of(struct({"at": moment, "text": text, "amount": number}, ["at", "amount"], extra=True)),
            },
            extra=True,
        ),
        "record": _record_id,
        "note": text,
    },
    required=("id", "name", "location"),
    columns=("id", "name", "location", "phone", "born", "contacts", "visits", "commissioned", "record"),
    personal=frozenset({"name", "phone", "born", "blood_type", "history", "contacts", "commissioned", "note"}),
    prefix="r-",
)
_ACCESS: Final = Register(
    "access",
    {
        "id": word,
        "at": instant,
        "record": _record_id,
        "kind": one_of(access.KINDS),
        "who": text,
        "office": text,
        "officer": text,
        "signed": flag,
        "papers": list_of(one_of(access.PAPERS)),
        "approved_by": text,
        "received_by": text,
        "escort": text,
        "fee": number,
        "seen": list_of(text),
        "corrects": word,
        "note": text,
    },
    required=("id", "at", "record", "kind", "who", "seen"),
    columns=("id", "at", "record", "kind", "office", "who", "officer", "approved_by", "fee", "seen"),
    personal=frozenset({"who", "officer", "seen", "note"}),
    append_only=True,
    prefix="a-",
)
_DRAWS: Final = Register(
    "draws",
    {
        "id": word,
        "period": text,
        "level": word,
        "share": word,
        "percent": number,
        "commit": word,
        "population": integer,
        "digest": word,
        "drawn": list_of(_record_id),
        "at": instant,
        "by": text,
    },
    required=("id", "period", "level", "percent", "commit", "population", "digest", "drawn", "at", "by"),
    columns=("id", "period", "level", "share", "percent", "commit", "population", "drawn", "at", "by"),
    append_only=True,
    prefix="d-",
)
_PRICES: Final = Register(
    "prices",
    {
        "code": word,
        "label": map_of(text),
        "unit": text,
        "price": number,
        "from": day,
        "until": day,
        "note": text,
    },
    required=("code", "label", "unit", "price"),
    columns=("code", "label", "unit", "price", "from", "until"),
    key="code",
)
REGISTERS: Final[Mapping[str, Register]] = {each.name: each for each in (_RESIDENTS, _ACCESS, _DRAWS, _PRICES)}


def is_register(path: str) -> bool:
    """Whether a file lies where registers do, whatever its name."""
    return path.startswith(f"{FOLDER}/")


def register_at(path: str) -> Register | None:
    """The register whose file that is; None where it is nobody's."""
    return next((each for each in REGISTERS.values() if each.path == path), None)


def read(files: Files, name: str) -> tuple[Row, ...]:
    """The typed rows of the register `name`, in the order of the file; none where there is no file.

    Raises:
        Invalid: the file has problems.
    """
    register = REGISTERS[name]
    data = files(register.path)
    if data is None:
        return ()
    _document, rows, found = load(register, data)
    errors = [each for each in found if each.is_error]
    if errors:
        raise Invalid(_("the register {name} is not right").format(name=name), errors)
    return rows


def load(register: Register, data: bytes) -> tuple[Document | None, tuple[Row, ...], list[Problem]]:
    """What the bytes of a register hold: its document, its rows as far as they can be read, and all its problems."""
    document, found = documents.parse(data, register.path, bare=True)
    if document is None:
        return None, (), found
    rows, more = load_rows(register, document)
    return document, rows, sorted({*found, *more})


def load_rows(register: Register, document: Document) -> tuple[tuple[Row, ...], list[Problem]]:
    """The rows that a document holds, and what is wrong with them."""
    found: list[Problem] = []
    row = struct(register.fields, register.required, extra=True)
    data = struct({ROWS: list_of(row)}, [ROWS], extra=True)(document.front, found)
    rows: tuple[Row, ...] = () if data is None else data[ROWS]
    if not found:  # only then each row has its node
        found += _twice(register, document, rows)
        found += _of_access(document, rows) if register is _ACCESS else []
    return rows, found


def problems(path: str, data: bytes, ids: Collection[str] | None = None) -> list[Problem]:
    """All that is wrong with a file among the registers; `ids` are the records there are, None: that is not known."""
    register = register_at(path)
    if register is None:
        return [unknown(path)]
    document, rows, found = load(register, data)
    if document is None or ids is None or any(each.is_error for each in found):
        return found
    for index, row in enumerate(rows):
        for each in (row.get("record"), *row.get("drawn", ())):
            if each is not None and each not in ids:
                message = _("no record has the id '{id}'").format(id=each)
                found.append(Problem(path, _line(document, index), "E044", message))
    return sorted(found)


def name_of(register: Register, row: Row) -> str:
    """What a row is called: its key; of a price that counts from some day on, with that day."""
    since = row.get("from") if register is _PRICES else None
    return str(row[register.key]) if since is None else f"{row[register.key]}@{since}"


def _line(document: Document, index: int) -> int:
    node = document.front.get(ROWS)
    return node.items[index].line if isinstance(node, SequenceNode) else document.front.line


def _twice(register: Register, document: Document, rows: Sequence[Row]) -> Iterator[Problem]:
    """E300: a row's name is its own."""
    names = set[str]()
    for index, row in enumerate(rows):
        name = name_of(register, row)
        if name in names:
            message = _("'{name}' stands in {register} twice; keep one of the rows, or give one another name")
            message = message.format(name=name, register=register.name)
            yield Problem(register.path, _line(document, index), "E300", message)
        names.add(name)


def _of_access(document: Document, rows: Sequence[Row]) -> Iterator[Problem]:
    for index, code, message in access.faults(rows):
        yield Problem(_ACCESS.path, _line(document, index), code, message)


def lost(path: str) -> Problem:
    """E113 for a file of rows that are only added, which is gone."""
    message = _("the register was removed, whose rows stay; put it back: git checkout HEAD -- {path}")
    return Problem(path, 1, "E113", message.format(path=path))


def changes(path: str, data: bytes | None, before: Sequence[bytes]) -> list[Problem]:
    """What is wrong with the next version of a file among the registers (None: it is gone), and with what it lost."""
    register = register_at(path)
    if data is None:
        return [lost(path)] if register is not None and register.append_only else []
    if register is None:
        return [unknown(path)]
    document, _rows, found = load(register, data)
    if document is not None:
        olds = [load(register, each)[1] for each in before]
        found += [each for old in olds for each in kept(register, document, old)]
    return sorted(set(found))


def kept(register: Register, document: Document, old: Iterable[Row]) -> Iterator[Problem]:
    """E113: of a register that is append-only each old row is there as it was; of one with errors it is not asked."""
    rows, found = load_rows(register, document)
    if not register.append_only or any(each.is_error for each in found):
        return
    now = {name_of(register, row): (index, row) for index, row in enumerate(rows)}
    for row in old:
        name = name_of(register, row)
        index, new = now.get(name, (0, None))
        if new is None:
            message = _("row '{name}' of {register} was removed; put it back, rows are only added")
            yield Problem(register.path, 1, "E113", message.format(name=name, register=register.name))
        elif new != row:
            fields = ", ".join(each for each in {**row, **new} if row.get(each) != new.get(each))
            message = _(
                "row '{name}' of {register} was changed ({fields}); put it back, and add a row that corrects it"
            )
            message = message.format(name=name, register=register.name, fields=fields)
            yield Problem(register.path, _line(document, index), "E113", message)


def records_named(files: Files, name: str) -> frozenset[str]:
    """The ids of the records that the register `name` is about; a row that another one corrects counts for nothing."""
    rows = read(files, name)
    corrected = access.corrected(rows)
    valid = [row for row in rows if row.get("id") not in corrected]
    return frozenset(each for row in valid for each in (row.get("record"), *row.get("drawn", ())) if each is not None)


def naming(files: Files) -> Callable[[str], frozenset[str]]:
    """Tells which records a register is about, as `records_named`, each read once; one with faults is about none."""

    @cache
    def named(name: str) -> frozenset[str]:
        try:
            return records_named(files, name)
        except CplError:  # it has errors, or is no file: that is told by those who check it
            return frozenset()

    return named


def price_on(rows: Iterable[Row], code: str, on: date) -> Row | None:
    """The price of a code that counts on a day: the one in force that began last; None where there is none."""
    found = [row for row in rows if row["code"] == code and row.get("from", on) <= on <= row.get("until", on)]
    return max(found, key=lambda row: row.get("from", date.min), default=None)


def residents_of(rows: Iterable[Row], location: Mapping[str, Any]) -> list[Row]:
    """The residents who live in the room of a location: nothing that both say of it differs, and both name the room."""
    return [row for row in rows if location.get("room") is not None and _is_same_place(row["location"], location)]


def _is_same_place(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    is_same = one.get("room") == other.get("room")
    return is_same and all(
        one.get(name) == other[name] for name in ("site", "building", "unit") if one.get(name) and other.get(name)
    )


def unknown(path: str) -> Problem:
    """W302: a file among the registers that nobody reads."""
    name = path.removeprefix(f"{FOLDER}/").removesuffix(ENDING)
    message = _("there is no register '{name}', so nobody reads this file; move it away").format(name=name)
    return Problem(path, 1, "W302", message + did_you_mean(name, REGISTERS))
