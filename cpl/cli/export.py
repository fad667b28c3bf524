"""`cpl export`: all complaints for a spreadsheet or a program, without what identifies people."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import tzinfo
from gettext import gettext as _
from pathlib import Path
from typing import Final

import click

from cpl import exporting, files, query, render
from cpl.cli.app import App, as_cell, pass_app
from cpl.cli.known import known_names, value_test
from cpl.cli.options import index_option, output_format
from cpl.index import Narrow
from cpl.recognise import FACETS
from cpl.record import Record
from cpl.render import Cell, Column

_BOM: Final = "\ufeff"  # tells spreadsheets that it is UTF-8


@click.command("export")
@output_format("csv", ("csv", "jsonl"))
@click.option("--where", "wheres", multiple=True, metavar="WHERE", help=_("Such as 'building=3 status!=closed'."))
@click.option(
    "-o",
    "--output",
    "target",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help=_("Into this new file instead of to the standard output."),
)
@index_option
@pass_app
def export_command(app: App, fmt: str, wheres: Sequence[str], target: Path | None) -> None:
    """Write all complaints as CSV for a spreadsheet, or as JSON lines with their events and tasks.

    What identifies people stays in the store: complainants, rooms, units and exact spots, the text, the handling log,
    and whatever was written about an event. Times are in the store's zone. In CSV no cell can start a formula.

    \b
    Examples:
      cpl export > complaints.csv
      cpl export --where 'received>=2026-11-01 kind=complaint' --format jsonl -o november.jsonl
    """
    pieces = _pieces(app, _records(app, wheres), fmt)
    if target is None:
        for piece in pieces:
            sys.stdout.buffer.write(piece)
        return
    place = Path(app.folder or "", target)
    files.write_pieces(place, pieces, root=place.parent)
    app.say(_("written: {path}").format(path=target))


def _records(app: App, wheres: Sequence[str]) -> Iterator[Record]:
    """The records that meet the conditions, one at a time."""
    conditions = [known_names(app, each) for where in wheres for each in query.parse(where)]
    tests = [(each.field, value_test(app, each)) for each in conditions]
    narrow = Narrow([each for each in tests if each[0] in FACETS])
    for record in app.records(lambda index: index.matching(narrow)):
        if all(test(record.get(name)) for name, test in tests):
            yield record


def _pieces(app: App, records: Iterable[Record], fmt: str) -> Iterator[bytes]:
    """The lines of the export."""
    profile, zone = app.settings.profile, app.settings.zone
    if fmt == "csv":
        rows = (_local(exporting.row(record, profile), zone) for record in records)
        yield _BOM.encode()
        for line in render.csv_lines(rows, [Column(name, name) for name in exporting.columns()]):
            yield line.encode()
        return
    for record in records:
        whole = _local(exporting.whole(record, profile), zone)
        yield render.rows([whole], [Column(name, name) for name in whole], "jsonl").encode()


def _local(row: Mapping[str, Cell], zone: tzinfo) -> dict[str, Cell]:
    """The row with its instants in the store's zone."""
    return {name: as_cell(each, zone) for name, each in row.items()}
