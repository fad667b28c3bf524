"""`cpl attach`: evidence, copied into the record's folder with its SHA-256, source and date."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from gettext import gettext as _
from pathlib import Path

import click

from cpl.cli.app import App, bad_parameter, pass_app
from cpl.cli.evidence import add_evidence, evidence_item, incoming
from cpl.cli.options import RECORD, How, writes
from cpl.cli.writing import Action, change
from cpl.draft import Draft
from cpl.language import said
from cpl.moments import parse_date


@click.command("attach")
@click.argument("piece", metavar="ID", type=RECORD)
@click.argument("paths", metavar="FILE…", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--source", metavar="WHO", help=_("Whom it comes from: owner, camera, engineer … (CS-3)."))
@click.option("--taken-at", metavar="INSTANT", help=_("When it was taken: an instant or a day (CS-3)."))
@click.option("--text", metavar="TEXT", help=_("What it shows."))
@writes
@pass_app
def attach_command(
    app: App,
    piece: str,
    paths: Sequence[Path],
    source: str | None,
    taken_at: str | None,
    text: str | None,
    how: How,
) -> None:
    """Attach evidence. The file is copied; its SHA-256 is recorded and checked from then on.

    \b
    Example:
      cpl attach 7k3 door.jpg --source owner --taken-at 2026-11-22T09:00
    """
    about = {"source": source, "taken_at": taken(app, "--taken-at", taken_at), "text": text}
    items = [evidence_item(path, about) for path in paths]

    def edit(draft: Draft) -> str:
        add_evidence(draft, items)
        return said("attached {names}", names=", ".join(item["file"] for item in items))

    change(app, [piece], how, Action("attach", edit, evidence=incoming(paths, items)))


def taken(app: App, option: str, text: str | None) -> datetime | date | None:
    """When evidence was taken: an instant, or a date where only the day is known."""

    def parse(given: str) -> datetime | date:
        return parse_date(given) if len(given) == len("2026-11-22") else app.instant(given)

    result: datetime | date | None = None if text is None else bad_parameter(option, parse, text)
    return result
