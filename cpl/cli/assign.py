"""`cpl assign`: complaints are given to a person or to departments."""

from __future__ import annotations

from collections.abc import Sequence
from gettext import gettext as _
from typing import Any

import click

from cpl.cli.app import App, pass_app
from cpl.cli.options import PERSON, RECORD, How, term, writes
from cpl.cli.writing import Action, asked, change, known_term
from cpl.draft import Draft


@click.command("assign")
@click.argument("pieces", metavar="ID…", nargs=-1, required=True, type=RECORD)
@click.option("--to", "assignee", metavar="PERSON", type=PERSON, help=_("Who does the work."))
@click.option("--department", "departments", metavar="NAME", multiple=True, type=term("departments"))
@writes
@pass_app
def assign_command(app: App, pieces: Sequence[str], assignee: str | None, departments: Sequence[str], how: How) -> None:
    """Give complaints to a person, to departments, or both. The lead, who took it in, stays.

    \b
    Examples:
      cpl assign 7k3 --to zhao.qiang
      cpl assign 7k3 --department engineering --department security
    """
    given: dict[str, Any] = {}
    if assignee is None and not departments:
        usage = _("say to whom: --to PERSON, --department NAME, or both")
        assignee = asked(app, None, _("To"), usage, app.settings.people)
    if assignee is not None:
        given["assignee"] = assignee = app.known_person("--to", assignee)
    if departments:
        given["departments"] = [known_term(app, "--department", "departments", name) for name in departments]

    def edit(draft: Draft) -> str:
        draft.add({"did": "assign", "set": given})
        names = [*departments, *([assignee] if assignee else [])]
        return _("assigned to {names}").format(names=", ".join(names))

    change(app, pieces, how, Action("assign", edit))
