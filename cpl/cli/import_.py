"""`cpl import`: the file, the mapping, progress, the one commit and the report; rows are judged elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from gettext import gettext as _
from pathlib import Path
from typing import BinaryIO, Final

import click

from cpl import tables, validate
from cpl.cli.app import App, pass_app
from cpl.cli.options import output_format
from cpl.document import Document
from cpl.errors import EXIT_OK, EXIT_PROBLEMS, CplError, Invalid, Problem
from cpl.importing import Importer, Outcome, Present, Report, report
from cpl.mapping import ImportMap, read_mapping
from cpl.places import shipped, template
from cpl.render import Cell, Column
from cpl.schema import did_you_mean
from cpl.settings_files import parse
from cpl.tables import NotATable, Row, Table
from cpl.writes import Commit

MAPPINGS: Final = "templates/imports"
_RESULT: Final = tuple(
    Column(name, name) for name in ("source", "rows", "new", "known", "dry_run", "commit", "rejected", "without_entry")
)


@click.command("import")
@click.argument("file", type=click.File("rb"))
@click.option(
    "--mapping", "name", required=True, metavar="MAP", help=_("What the columns mean: a YAML file, or a shipped name.")
)
@click.option("--dry-run", is_flag=True, help=_("Report what would be taken in; write nothing."))
@click.option("--encoding", metavar="NAME", help=_("Of FILE; default: by its mark, UTF-8, GB18030."))
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help=_("Look at the first N rows only."))
@output_format("table", ("table", "json"))
@pass_app
def import_command(
    app: App, file: BinaryIO, name: str, dry_run: bool, encoding: str | None, limit: int | None, fmt: str
) -> int:
    """Take in another system's complaints from FILE: CSV or JSON lines, also gzipped; - is standard input.

    The mapping says which columns become which fields, dates and events; templates/imports/nyc311.yaml explains it.
    Rows that the store has already are left alone, so that a second run takes nothing twice. A row that can't be
    taken in is named with the reason, makes the exit code 1, and stops no other row. All new records are one commit.

    \b
    Examples:
      cpl import requests.csv --mapping nyc311 --dry-run
      cpl import requests.csv --mapping nyc311
      cpl import old-desk.jsonl --mapping templates/imports/old-desk.yaml --encoding gb18030
    """
    mapping = _mapping(app, name)
    where = getattr(file, "name", "-")  # standard input may have none
    table = _table(where, file.read(), mapping, encoding)
    if table.encoding not in tables.EXPECTED and encoding is None:
        app.say(_("{file} is read as {encoding}").format(file=where, encoding=table.encoding))
    if unknown := _named_by_no_row(table, mapping):
        message = _("{file}: no line has {names}, which the mapping reads; are they spelled right there?")
        app.say(message.format(file=where, names=", ".join(map(repr, unknown))))
    with _writing(app, dry_run=dry_run):
        result = _convert(app, mapping, table.rows[:limit])
        commit = None if dry_run or not result.new else _commit(app, mapping, result)
    if fmt == "json":
        app.emit([_as_row(mapping, result, commit, dry_run=dry_run)], _RESULT, fmt)
    else:
        _print(app, mapping, result, commit, dry_run=dry_run)
    if commit is not None:
        app.hint_at_hooks()
    return EXIT_PROBLEMS if result.rejected else EXIT_OK


def _table(where: str, data: bytes, mapping: ImportMap, encoding: str | None) -> Table:
    try:
        table = tables.read(data, encoding=encoding)
    except NotATable as error:
        raise NotATable(f"{where}: {error}") from None
    if table.columns is not None and (missing := mapping.missing(table.columns)):
        raise Invalid(_("{file} does not fit the mapping").format(file=where), missing)
    return table


def _named_by_no_row(table: Table, mapping: ImportMap) -> list[str]:
    """Of JSON lines, which leave out what is empty: the names that the mapping reads and that no line has."""
    if table.columns is not None:
        return []
    return sorted(mapping.columns.keys() - {name for row in table.rows for name in row.cells})


def _mapping(app: App, name: str) -> ImportMap:
    path = Path(name)
    if path.is_file():
        data: bytes | None = path.read_bytes()
    else:
        # A shipped one may also be named as it lies in a store that has its own: templates/imports/NAME.yaml.
        name = name.removeprefix(f"{MAPPINGS}/").removesuffix(".yaml")
        path = Path(MAPPINGS, f"{name}.yaml")
        data = template(app.store.root, path.as_posix())
    if data is None:
        found = {each.stem for folder in (app.store.root, shipped()) for each in (folder / MAPPINGS).glob("*.yaml")}
        message = _("there is no mapping '{name}', neither as a file nor as {path}")
        raise CplError(message.format(name=name, path=path) + did_you_mean(name, found))
    mapping, problems = read_mapping(parse(data, str(path)), app.settings)
    if mapping is None:
        raise Invalid(_("the mapping is not right"), problems)
    return mapping


@contextmanager
def _writing(app: App, *, dry_run: bool) -> Iterator[None]:
    """Be the only writer from the look at what is there to the commit; a dry run only looks."""
    if dry_run:
        yield
        return
    app.store.begin()
    app.store.require_commit([])
    with app.store.lock():
        yield


def _convert(app: App, mapping: ImportMap, rows: Sequence[Row]) -> Report:
    settings, now = app.settings, app.now

    def judge(document: Document) -> list[Problem]:
        return validate.check(document, settings, validate.Facts(document.source.path, now, known=()))

    importer = Importer(mapping, settings, now, present=_present(app), judge=judge)
    return report(_shown(importer.outcomes(rows), len(rows)))


def _present(app: App) -> Present:
    """What the store holds: an unreadable record is among them by the name of its file."""
    keys: dict[tuple[str, str], str] = {}
    ids, unreadable = set(), set()
    for entry in app.store.entries():
        ids.add(entry.id)
        if entry.record is None:
            unreadable.add(entry.id)
        elif entry.record.source is not None:
            keys[entry.record.source["system"], entry.record.source["key"]] = entry.id
    return Present(keys, frozenset(ids), frozenset(unreadable))


def _shown(outcomes: Iterator[Outcome], count: int) -> Iterator[Outcome]:
    """`outcomes`, with a progress bar for a person who watches."""
    if not sys.stderr.isatty():
        yield from outcomes
        return
    with click.progressbar(outcomes, length=count, label=_("Rows"), file=sys.stderr) as shown:
        yield from shown


def _commit(app: App, mapping: ImportMap, result: Report) -> str:
    count = len(result.new)
    subject = f"Import {count} {'complaint' if count == 1 else 'complaints'} from {mapping.system}"
    trailers = (("Source", mapping.system), ("Records", str(count)))
    commit = Commit(subject, "import", trailers=trailers)
    return app.store.add_all({each.document.source.path: each.document.encode() for each in result.new}, commit)


def _as_row(mapping: ImportMap, result: Report, commit: str | None, *, dry_run: bool) -> dict[str, Cell]:
    return {
        "source": mapping.system,
        "rows": len(result.new) + len(result.known) + len(result.rejected),
        "new": len(result.new),
        "known": len(result.known),
        "dry_run": dry_run,
        "commit": commit,
        "rejected": _rejected(result),
        "without_entry": _unmatched(result),
    }


def _rejected(result: Report) -> list[dict[str, Cell]]:
    return [{"row": each.row, "reason": each.reason} for each in result.rejected]


def _unmatched(result: Report) -> list[dict[str, Cell]]:
    return [
        {"column": each.column, "value": each.value, "count": count, "became": each.became}
        for each, count in result.unmatched
    ]


def _print(app: App, mapping: ImportMap, result: Report, commit: str | None, *, dry_run: bool) -> None:
    counts = {"new": len(result.new), "known": len(result.known), "rejected": len(result.rejected)}
    message = _("{source}: {new} new, {known} already there, {rejected} rejected")
    click.echo(message.format(source=mapping.system, **counts))
    if result.rejected:
        click.echo(_("\nRejected:"))
        columns = [Column("row", _("row"), "right"), Column("reason", _("reason"))]
        app.emit(_rejected(result), columns, "table")
    if result.unmatched:
        click.echo(_("\nValues without an entry in the mapping, kept as they came:"))
        columns = [
            Column("column", _("column")),
            Column("value", _("value")),
            Column("count", _("rows"), "right"),
            Column("became", _("became")),
        ]
        app.emit(_unmatched(result), columns, "table")
    if dry_run:
        app.say(_("a dry run: nothing was written"))
    elif commit is None:
        app.say(_("nothing is new: no commit was made"))
    else:
        app.say(_("committed as {commit}").format(commit=commit[:12]))
