"""The Chinese catalogue brought in step with the code: `python -m tests.catalogue`.

It takes the messages from the code of cpl, the docstrings that are the help of its commands, the names that are looked
up as titles and kinds, and the code of click; keeps the translations that there are, in the order of the messages; and
compiles. A message without a translation has an empty one, and a test names it.
"""

from __future__ import annotations

import ast
import importlib.metadata
import inspect
import io
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final, TypeAlias, get_args

import click
from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

import cpl
from cpl import clocks, explaining, profile_rules, promises, query, record, workdays, worktime
from cpl.cli import cli, open_
from cpl.cli.look import COMPUTED
from cpl.cli.show import OVERDUE

PO: Final = Path(cpl.__file__).parent / "locale" / "zh_CN" / "LC_MESSAGES" / "cpl.po"
MO: Final = PO.with_suffix(".mo")
WIDTH: Final = 120

Id: TypeAlias = str | tuple[str, ...]

_KEYWORDS: Final = {"_": 1, "gettext": 1, "ngettext": 2, "later": 1, "said": 1}
"""What looks a message up, or marks one, and how many of its first arguments are forms of it."""
_CLICK: Final = "click"
_CLICK_MODULES: Final = ("_termui_impl", "core", "decorators", "exceptions", "formatting", "parser", "termui", "types")
_HEADER: Final = [
    ("Project-Id-Version", "cpl"),
    ("Language", "zh_CN"),
    ("Plural-Forms", "nplurals=1; plural=0;"),
    ("MIME-Version", "1.0"),
    ("Content-Type", "text/plain; charset=utf-8"),
    ("Content-Transfer-Encoding", "8bit"),
]


class _Undated(Catalog):
    """A catalogue whose header says nothing that changes from one run to the next."""

    mime_headers = property(lambda self: [*_HEADER, ("X-Click-Version", self.version)])


def of_cpl() -> set[Id]:
    """The messages of cpl."""
    found = {each for path in PO.parents[3].rglob("*.py") for each in _messages(path)}
    return {*found, *_helps(cli), *_looked_up()}


def _messages(path: Path) -> Iterator[Id]:
    """The messages of a module; Babel's own reading of Python finds none within an f-string."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _KEYWORDS:
            forms = [each.value for each in node.args[: _KEYWORDS[node.func.id]] if isinstance(each, ast.Constant)]
            if len(forms) == _KEYWORDS[node.func.id]:
                yield forms[0] if len(forms) == 1 else tuple(forms)


def _helps(command: click.Command) -> Iterator[str]:
    """What `cpl.cli` looks up as the help of commands."""
    yield inspect.cleandoc(command.callback.__doc__ or "")
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            assert inner is not None
            yield from _helps(inner)


def _looked_up() -> Iterator[str]:
    """Names that are a column's title or the kind of a value, looked up as they are."""
    yield from (*COMPUTED, *query.SHORT_NAMES, *query.SHORT_NAMES.values(), *record.FIELDS)
    yield from (
        *open_.FIELD_OPTIONS.values(),
        *profile_rules.TASK_KINDS,
        explaining.RUNNING,
        explaining.PAUSED,
        OVERDUE,
    )
    for names in (clocks.Result, clocks.Basis, promises.Outcome, workdays.Kind, worktime.Why):
        yield from get_args(names)


def of_click() -> set[Id]:
    """The messages of click."""
    folder = Path(click.__file__).parent
    return {each for module in _CLICK_MODULES for each in _messages(folder / f"{module}.py")}


def click_version() -> str:
    """The version of the click whose messages `of_click` finds."""
    return importlib.metadata.version("click")


def read() -> Catalog:
    """The catalogue as it is kept."""
    with PO.open("rb") as stream:
        return read_po(stream, locale="zh_CN")


def renewed(old: Catalog) -> Catalog:
    """The catalogue with all messages of today and the old translations."""
    new = _Undated(locale="zh_CN", version=click_version(), fuzzy=False, header_comment="# cpl in Chinese.")
    own, of_others = of_cpl(), of_click()
    for each in own | of_others:
        known = old.get(each[0] if isinstance(each, tuple) else each)
        flags = {"python-brace-format"} if "{" in str(each) and each in own else set()
        comments = [] if each in own else [_CLICK]
        new.add(each, known.string if known is not None and known.id == each else None, (), flags, comments)
    return new


def is_of_click(message: Message) -> bool:
    """Whether a message of the kept catalogue is click's alone."""
    return _CLICK in message.auto_comments


def as_po(catalogue: Catalog) -> bytes:
    """The text of the catalogue."""
    out = io.BytesIO()
    write_po(out, catalogue, width=WIDTH, no_location=True, sort_output=True, ignore_obsolete=True)
    return out.getvalue()


def as_mo(catalogue: Catalog) -> bytes:
    """The compiled catalogue."""
    out = io.BytesIO()
    write_mo(out, catalogue)
    return out.getvalue()


if __name__ == "__main__":
    PO.write_bytes(as_po(renewed(read())))
    MO.write_bytes(as_mo(renewed(read())))
    sys.exit(0)
