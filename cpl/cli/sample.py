"""`cpl sample`: who is followed up beyond the desk is drawn, kept, and drawn again by whoever doubts it (RQ-5)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from functools import cached_property
from gettext import gettext as _
from typing import Any, Final

import click

from cpl import draws, register_edits, registers, sampling
from cpl.cli.app import App, bad_parameter, pass_app
from cpl.cli.options import output_format
from cpl.cli.register_writing import change_register
from cpl.document import Document
from cpl.draws import Asked, Drawn, Past
from cpl.errors import EXIT_PROBLEMS, CplError
from cpl.language import joined, said
from cpl.moments import month
from cpl.patterns import regex
from cpl.record import Record, piece_of
from cpl.registers import REGISTERS, Row
from cpl.render import Cell, Column, visible
from cpl.schema import did_you_mean
from cpl.store import read_record, record_path
from cpl.workflow import supplies

_REGISTER: Final = REGISTERS["draws"]
_SHARE: Final = regex(r"([0-9]{1,3}(?:\.[0-9]{1,6})?)%?", re.ASCII)


@click.command("sample")
@click.option("--month", "name", metavar="MONTH", help=_("Of what was received in this month: 2026-11."))
@click.option("--level", metavar="LEVEL", help=_("Who asks again: management, office; default: all of the profile."))
@click.option("--share", metavar="PERCENT", help=_("Such as 10%; default: the shares of the profile."))
@click.option("--commit", "revision", metavar="REV", default="HEAD", show_default=True, help=_("Drawn by this commit."))
@click.option("--dry-run", is_flag=True, help=_("Print who would be drawn; keep nothing."))
@click.option("--population", is_flag=True, help=_("Print the ids that are drawn from, each on a line; keep nothing."))
@click.option(
    "--open", "only_open", is_flag=True, help=_("What was drawn and is not called yet, of all months or one.")
)
@click.option("--verify", is_flag=True, help=_("Repeat every draw that is kept; exit code 1 when one does not hold."))
@output_format()
@pass_app
def sample_command(
    app: App,
    /,
    name: str | None,
    level: str | None,
    share: str | None,
    revision: str,
    dry_run: bool,
    population: bool,
    only_open: bool,
    verify: bool,
    fmt: str,
) -> int:
    """Draw who is followed up once more, beyond the desk: nobody can choose, everybody can draw again.

    Drawn from what was received in the month and is finished or replied to, by the day in the ids, as a commit has it.
    The draw is kept in records/registers/draws.yaml; the same draw is not entered twice. docs/sampling.md has the
    recipe for a shell.

    \b
    Examples:
      cpl sample --month 2026-11 --share 10% --level management
      cpl sample --month 2026-11
      cpl sample --open
      cpl sample --verify
    """
    if (dry_run, population, only_open, verify).count(True) > 1:
        raise click.UsageError(_("--dry-run, --population, --open and --verify exclude each other"))
    if verify:
        _refuse_unused("--verify", {"--month": name, "--level": level, "--share": share})
        return _verify(app)
    if only_open:
        _refuse_unused("--open", {"--share": share})
        _list_open(app, name, level, fmt)
        return 0
    asked = _asked(app, name, level, share)
    known = draws.past(app.store.git, revision, asked.month, app.now)
    found = draws.draws(known, asked)
    if population:
        _print_population(found)
        return 0
    rows: list[Row] = [each.row() for each in found if each.population]
    if not dry_run:
        _require_ours(app, known)
        rows = _entered(app, rows)
    _emit(app, [line for row in rows for line in _lines(app, row)], fmt)
    for row in rows:
        app.say(_told(row))
    _say_what_is_odd(app, asked, known, found)
    return 0


def _refuse_unused(what: str, given: Mapping[str, str | None]) -> None:
    """Raise click.UsageError for an option that would have no effect."""
    for option, value in given.items():
        if value is not None:
            message = _("{option} has no effect on {what}; leave it out").format(option=option, what=what)
            raise click.UsageError(message)


def _asked(app: App, name: str | None, level: str | None, share: str | None) -> Asked:
    if name is None:
        raise click.UsageError(_("say of which month: --month 2026-11"))
    if share is not None and level is None:
        raise click.UsageError(_("say at which level: --level management"))
    bad_parameter("--month", lambda text: month(text, app.settings.zone), name)
    return Asked(name, level, None if share is None else bad_parameter("--share", _percent, share))


def _print_population(found: Sequence[Drawn]) -> None:
    if len(found) > 1:
        names = ", ".join(f"--level {each.level} --share {each.percent}%" for each in found)
        raise click.UsageError(_("these are several draws; say of which one: {names}").format(names=names))
    click.echo("".join(f"{each}\n" for draw in found for each in sorted(draw.population)), nl=False)


def _percent(text: str) -> Decimal:
    found = _SHARE.fullmatch(text)
    if found is None or not 0 < Decimal(found[1]) <= sampling.WHOLE:
        raise ValueError(_("'{text}' is not a share; write one such as 10%").format(text=text))
    return Decimal(found[1])


def _require_ours(app: App, known: Past) -> None:
    if not draws.is_ours(app.store.git, known.commit):
        message = _("commit {commit} is not part of this branch's history, so nobody here could repeat the draw")
        raise CplError(message.format(commit=known.commit[:12]))


def _entered(app: App, rows: Sequence[Row]) -> list[Row]:
    """The draws as they are kept: those that were there already, and the new ones, in one commit."""
    kept = registers.read(app.store.file, _REGISTER.name)
    if all(draws.same_as(row, kept) for row in rows):
        return [draws.same_as(row, kept) or row for row in rows]
    by, entered = app.acting(None), list[Row]()

    def edit(document: Document) -> tuple[Document, str]:
        known, _problems = registers.load_rows(_REGISTER, document)
        words = []
        for row in rows:
            old = draws.same_as(row, known)
            new = old or {
                "id": register_edits.free_name(_REGISTER, document, app.choose),
                **row,
                "at": app.now,
                "by": by,
            }
            if old is None:
                document = register_edits.added(_REGISTER, document, new)
                words.append(_told(new))
            entered.append(new)
        return document, joined("; ", words)

    change_register(app, _REGISTER, edit)
    return entered


def _told(row: Row) -> str:
    """A draw in words, without who was drawn."""
    facts = {name: row[name] for name in ("period", "level", "population", "percent")}
    return said("{period}, {level}: {drawn} drawn of {population} ({percent} %)", drawn=len(row["drawn"]), **facts)


def _say_what_is_odd(app: App, asked: Asked, known: Past, found: Sequence[Drawn]) -> None:
    if not found:
        levels = [share.level for share in known.settings.profile.shares]
        hint = did_you_mean(asked.level or "", dict.fromkeys(levels))
        app.say(_("the profile has no share for this, so nothing is drawn; give one with --share") + hint)
    elif not any(each.population for each in found):
        app.say(_("nothing that was received in {month} is finished or replied to").format(month=asked.month))
    elif app.now < month(asked.month, app.settings.zone).end:
        message = _("{month} is not over; draw again when it is: what was drawn stays drawn")
        app.say(message.format(month=asked.month))


class _Line:
    """One drawn record of a draw, and whether it was called."""

    def __init__(self, app: App, row: Row, identifier: str) -> None:
        self._app, self.row, self.id = app, row, identifier

    @cached_property
    def record(self) -> Record | None:
        """The record as it is now; None where it can't be read."""
        return self._app.current(read_record(self._app.store.root, record_path(self.id))).record

    @property
    def did(self) -> str:
        """The event that shows a call."""
        return draws.did_of(self.row, self._app.settings)

    @property
    def is_called(self) -> bool:
        """Whether somebody was reached for this level, after the draw or before it."""
        return self.record is not None and any(event.matches(self.did) for event in self.record.events)

    def cells(self) -> Mapping[str, Cell]:
        """The line of a list."""
        told: dict[str, Any] = {name: self.row.get(name) for name in ("period", "level", "percent")}
        title = _("(unreadable)") if self.record is None else self.record.title
        next_step = None if self.is_called else supplies(self.did, piece_of(self.id))
        percent = str(told.pop("percent"))
        return {
            "draw": self.row.get("id"),
            **told,
            "percent": percent,
            "id": self.id,
            "called": self.is_called,
            "title": title,
            "next": next_step,
        }


_COLUMNS: Final = ("draw", "period", "level", "percent", "id", "called", "title", "next")


def _lines(app: App, row: Row) -> Iterator[_Line]:
    return (_Line(app, row, identifier) for identifier in row["drawn"])


def _emit(app: App, lines: Sequence[_Line], fmt: str) -> None:
    columns = [Column(name, _(name), whole=name == "id") for name in _COLUMNS]
    app.emit([line.cells() for line in lines], columns, fmt)


def _list_open(app: App, name: str | None, level: str | None, fmt: str) -> None:
    if name is not None:
        bad_parameter("--month", lambda text: month(text, app.settings.zone), name)
    rows = registers.read(app.store.file, _REGISTER.name)
    meant = [row for row in rows if name in (None, row["period"]) and level in (None, row["level"])]
    drawn = [line for row in meant for line in _lines(app, row)]
    first = {(line.did, line.id): line for line in reversed(drawn)}  # drawn again, it is the same call
    lines = [line for line in drawn if first[line.did, line.id] is line and not line.is_called]
    _emit(app, lines, fmt)
    if fmt == "table":
        app.say(_("{count} drawn and not called yet").format(count=len(lines)))


def _verify(app: App) -> int:
    """Repeat every draw that is kept, and say of each whether it holds; the exit code."""
    wrong = 0
    for row in registers.read(app.store.file, _REGISTER.name):
        found = list(draws.faults(app.store.git, row, app.now))
        wrong += bool(found)
        by = _("by {commit}").format(commit=row["commit"][:12])
        click.echo(visible(f"{row['id']}  {_told(row)} {by}: {'; '.join(found) or _('holds')}"))
    return EXIT_PROBLEMS if wrong else 0
