"""What forms and letters have in common: the template of a name, its text as Markdown or a page, where it goes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import wraps
from gettext import gettext as _
from pathlib import Path
from typing import Any, Final

import click

from cpl import files, markdown, templating
from cpl.cli.app import App
from cpl.cli.options import Command, Name
from cpl.cli.writing import pair
from cpl.errors import CplError, Invalid
from cpl.forms import FORMS, LETTERS, Form, find, names
from cpl.language import LANGUAGES
from cpl.patterns import regex
from cpl.render import Cell, Column
from cpl.store import RECORDS
from cpl.values import frozen

_EMPTY_LINES: Final = regex(r"\n(?:[ \t]*\n){2,}")
_PRIVATE: Final = 0o600  # it holds personal data


def _named(folder: str) -> Name:
    def candidates(app: App) -> Iterable[tuple[str, str]]:
        found, _unreadable = _all(app, folder, app.settings.language)
        return [(form.name, form.label) for form in found]

    return Name(folder.rpartition("/")[2].removesuffix("s"), candidates)


FORM: Final = _named(FORMS)
LETTER: Final = _named(LETTERS)


@frozen
class Wanted:
    """How a text is to be made: in which language, as a page or not, into which file, and what it is to say besides."""

    language: str | None
    html: bool
    output: Path | None
    said: Mapping[str, str]

    def language_in(self, app: App) -> str:
        """The language that was asked for, else the store's."""
        return self.language or app.settings.language


def text_options(command: Command) -> Command:
    """Give a command the options of what is made from a template, as one argument `wanted`."""

    @wraps(command)
    def wrapped(
        *args: Any, language: str | None, html: bool, output: Path | None, said: Sequence[str], **rest: Any
    ) -> Any:
        return command(*args, wanted=Wanted(language, html, output, dict(map(pair, said))), **rest)

    options = (
        click.option("--language", type=click.Choice(LANGUAGES), help=_("Its language; default: the store's.")),
        click.option("--say", "said", multiple=True, metavar="NAME=TEXT", help=_("What the record does not say.")),
        click.option("--html", is_flag=True, help=_("A page to print from a browser, without scripts and links.")),
        click.option(
            "-o",
            "--output",
            type=click.Path(path_type=Path, dir_okay=False),
            metavar="FILE",
            help=_("A new private file to write it to, not below records/; default: it is printed."),
        ),
    )
    result: Any = wrapped
    for option in reversed(options):
        result = option(result)
    return result  # type: ignore[no-any-return]  # click's decorators give back what they got


def filled(form: Form, context: Mapping[str, Any]) -> str:
    """The form's text, Markdown, with a line end behind it, and never two empty lines together."""
    text = templating.fill_in(form.template, context)
    return _EMPTY_LINES.sub("\n\n", text).strip("\n") + "\n"


def as_page(form: Form, text: str) -> str:
    """The form's text as a page of HTML."""
    make = markdown.pages(title=form.label, language=form.language, landscape=form.landscape)
    return templating.confined(form.template, text, make)


def require_output(app: App, output: Path | None) -> None:
    """Raise CplError where the file that is to be written would be one of the ledger's own."""
    if output is not None and output.absolute().parent.resolve().is_relative_to((app.store.root / RECORDS).resolve()):
        message = _("{path} is below {records}/, where only records and their evidence are; write it elsewhere")
        raise CplError(message.format(path=output, records=RECORDS))


def put_out(app: App, text: str, output: Path | None) -> None:
    """Print the text, or write it to a new file that nobody else can read."""
    if output is None:
        click.echo(text, nl=False)
        return
    files.write_new(output, text.encode(), root=output.absolute().parent, mode=_PRIVATE)
    app.say(_("written: {path}; it may hold personal data, so don't commit it").format(path=output))


def _all(app: App, folder: str, language: str) -> tuple[list[Form], list[CplError]]:
    """All forms of a folder, and why others can't be read."""
    found: list[Form] = []
    unreadable: list[CplError] = []
    for name in names(app.store.root, folder):
        try:
            found.append(find(app.store.root, folder, name, language))
        except CplError as error:
            unreadable.append(error)
    return found, unreadable


def list_all(app: App, folder: str, wanted: Wanted, fmt: str) -> None:
    """Print which forms or letters there are; one that can't be read is named on stderr, and hides no other."""
    found, unreadable = _all(app, folder, wanted.language_in(app))
    for error in unreadable:
        why = error.problems[0] if isinstance(error, Invalid) else error
        app.say(_("unreadable: {problem}").format(problem=why))
    rows: list[dict[str, Cell]] = [
        {
            "name": form.name,
            "label": form.label,
            "takes": form.takes,
            "own": form.template.path if form.is_own else None,
        }
        for form in found
    ]
    columns = [Column("name", _("name"), whole=True), Column("label", _("label")), Column("takes", _("takes"))]
    app.emit(rows, [*columns, Column("own", _("the store's own"))], fmt)
