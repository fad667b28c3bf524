"""`cpl register`: the small registers of a store, listed and kept; what is in them is said in `registers`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from gettext import gettext as _
from pathlib import PurePosixPath
from typing import Any, Final

import click

from cpl import query, register_edits, registers
from cpl.cli.app import App, as_cell, bad_parameter, pass_app
from cpl.cli.options import output_format
from cpl.cli.register_writing import Edit, change_register
from cpl.cli.writing import pair, typed
from cpl.document import Document
from cpl.errors import CplError
from cpl.language import later, said
from cpl.moments import Duration, format_instant
from cpl.registers import REGISTERS, Register
from cpl.render import Cell, Column, pairs
from cpl.schema import did_you_mean, instant

_PARTS: Final = {"list": (0, 0), "show": (1, 1), "add": (1, None), "set": (2, None), "remove": (1, 1)}


@click.command("register")
@click.argument("name", metavar="NAME", type=click.Choice(list(REGISTERS)))
@click.argument("what", metavar="list|show|add|set|remove", type=click.Choice(list(_PARTS)), default="list")
@click.argument("parts", metavar="[ROW] [FIELD=VALUE]…", nargs=-1)
@click.option("--personal", is_flag=True, help=_("With list: also what is personal."))
@click.option("--no-commit", "commit", flag_value=False, default=True, help=_("Write the file, don't commit."))
@output_format()
@pass_app
def register_command(
    app: App, name: str, what: str, parts: Sequence[str], personal: bool, commit: bool, fmt: str
) -> None:
    """Keep the registers: residents (lone elderly), access (to files, RQ-9), draws (RQ-5), prices (OT-3).

    FIELD=VALUE as in cpl did; a field may be dotted, a value a list [a, b]; FIELD+=VALUE adds to a list, and with set
    FIELD= takes the field away. Rows of access and draws are only added. What is personal is listed only with
    --personal, and never stands in the message of a commit.

    \b
    Examples:
      cpl register residents add name="Mrs He" location.building=3 location.unit=2 location.room=1201
      cpl register residents set r-7kq2 'contacts+={name: He Jun, relation: son, phone: 13900001111}'
      cpl register residents list --personal
      cpl register prices add code=lock label.zh=换锁芯 label.en="new lock" unit=piece price=60
      cpl register access add record=7k3 kind=police who="Mr Zhou" office=Tianhe officer="Mr Lin" signed=true seen=log
    """
    register = REGISTERS[name]
    least, most = _PARTS[what]
    if len(parts) < least or (most is not None and len(parts) > most):
        raise click.UsageError(_USAGE[what])
    if (name, what) == ("draws", "add"):
        raise click.UsageError(_("nobody chooses who is drawn; use: cpl sample --month MONTH --level LEVEL"))
    if what == "list":
        _list(app, register, fmt, personal=personal)
    elif what == "show":
        _show(app, register, parts[0])
    else:
        click.echo(change_register(app, register, _edit(app, register, what, parts), commit=commit))


_USAGE: Final = {
    "list": _("say no row and no field: cpl register NAME list"),
    "show": _("say which row: cpl register NAME show ROW"),
    "add": _("say what is added: cpl register NAME add FIELD=VALUE…"),
    "set": _("say which row, and what of it: cpl register NAME set ROW FIELD=VALUE…"),
    "remove": _("say which row: cpl register NAME remove ROW"),
}


def _edit(app: App, register: Register, what: str, parts: Sequence[str]) -> Edit:
    """The change that the command line means; the fields are read before anything is locked."""
    if what == "remove":
        name = parts[0]
        return lambda document: (register_edits.removed(register, document, name), said("{row} removed", row=name))
    if what == "set":
        return lambda document: _set(app, register, document, parts)
    return lambda document: _add(app, register, document, parts)


def _add(app: App, register: Register, document: Document, parts: Sequence[str]) -> tuple[Document, str]:
    row: dict[str, Any] = {"at": app.now} if "at" in register.required else {}
    if register.prefix is not None:
        row[register.key] = register_edits.free_name(register, document, app.choose)
    for part in parts:
        row = _laid_over(row, _field(app, register, part, row))
    if register.key not in row:
        raise click.UsageError(_("say what it is called: {field}=…").format(field=register.key))
    added = register_edits.added(register, document, row)
    message = later("{row} added for {record}") if "record" in row else later("{row} added")
    return added, said(message, row=registers.name_of(register, row), record=row.get("record"))


def _set(app: App, register: Register, document: Document, parts: Sequence[str]) -> tuple[Document, str]:
    name, *fields = parts
    rows, _problems = registers.load_rows(register, document)
    row = rows[register_edits.place_of(register, document, name)]
    values: dict[str, Any] = {}
    for part in fields:
        dotted, text = pair(part)
        if dotted == register.key:
            message = _("'{field}' is what the row is called, and stays; remove it, and add another one")
            raise click.UsageError(message.format(field=dotted))
        values[dotted.removesuffix("+")] = _at(_field(app, register, part, row), dotted) if text.strip() else None
    changed = register_edits.changed(register, document, name, values)
    if changed.text == document.text:
        raise CplError(_("{row}: nothing to change, the fields have these values").format(row=name))
    return changed, said("{row} changed ({fields})", row=name, fields=", ".join(values))


def _field(app: App, register: Register, part: str, row: Mapping[str, Any]) -> dict[str, Any]:
    """The typed value of one FIELD=VALUE, in mappings by the parts of its name; `+=` adds to the list of `row`.

    Raises:
        click.BadParameter: there is no such field, or the value is of the wrong type.
    """
    dotted, text = pair(part)
    name = dotted.removesuffix("+")
    first = name.partition(".")[0]
    converter = register.fields.get(first)
    if converter is None and not first.startswith("x-"):
        message = _("'{name}' is not a field of {register}").format(name=first, register=register.name)
        raise click.BadParameter(message + did_you_mean(first, register.fields), param_hint=dotted)
    if name == "record":
        text = PurePosixPath(app.store.find(text)).stem
    if converter is instant:
        return {name: _past(app, name, text)}
    if name == dotted:
        return typed(name, text, register.fields)
    values = typed(name, f"[{text}]" if text.startswith(("[", "{")) else text, register.fields)
    return _nested(name, (*(_at(row, name) or ()), *_at(values, name)))


def _past(app: App, name: str, text: str) -> datetime:
    """The instant that a field names. Raises CplError: it has not come yet."""
    at: datetime = bad_parameter(name, app.instant, text)
    if at > app.now:
        message = _("{field} {at} lies in the future; now is {now}")
        raise CplError(message.format(field=name, at=format_instant(at), now=format_instant(app.now)))
    return at


def _nested(dotted: str, value: Any) -> dict[str, Any]:
    for name in reversed(dotted.split(".")):
        value = {name: value}
    result: dict[str, Any] = value
    return result


def _at(row: Mapping[str, Any], dotted: str) -> Any:
    """The value of a row at a dotted name; None where there is none."""
    value: Any = row
    for name in dotted.removesuffix("+").split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def _laid_over(row: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    result = dict(row)
    for name, value in over.items():
        old = result.get(name)
        is_nested = isinstance(old, Mapping) and isinstance(value, Mapping)
        result[name] = _laid_over(old or {}, value) if is_nested else value
    return result


def _list(app: App, register: Register, fmt: str, *, personal: bool) -> None:
    names = [name for name in register.columns if personal or name not in register.personal]
    people = fmt in ("table", "markdown")
    cells = [
        {name: _cell(app, row.get(name), people=people) for name in names}
        for row in registers.read(app.store.file, register.name)
    ]
    app.emit(cells, [Column(name, _(name), whole=name == register.key) for name in names], fmt)
    if fmt == "table":
        hidden = [name for name in register.columns if name not in names]
        if cells and hidden:
            app.say(_("not shown: {names}; see them with --personal").format(names=", ".join(hidden)))
        elif not cells:
            app.say(_("no row"))


def _cell(app: App, value: Any, *, people: bool) -> Cell:
    plain = _plain(value)
    return query.as_text(plain) if people and isinstance(plain, Mapping | tuple) else as_cell(plain, app.settings.zone)


def _plain(value: Any) -> Any:
    """The value without durations, which only cpl knows."""
    if isinstance(value, Mapping):
        return {name: _plain(each) for name, each in value.items()}
    if isinstance(value, tuple):
        return tuple(map(_plain, value))
    return str(value) if isinstance(value, Duration) else value


def _show(app: App, register: Register, name: str) -> None:
    data = app.store.file(register.path)
    document = register_edits.begun(register, data)
    rows, _problems = registers.load_rows(register, document)
    row = rows[register_edits.place_of(register, document, name)]
    click.echo(pairs([(each, query.as_text(_plain(value))) for each, value in row.items()]), nl=False)
