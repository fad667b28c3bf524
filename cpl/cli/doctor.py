"""`cpl doctor`: what is wrong with this clone, each with its remedy; --fix does what a program can do."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from gettext import gettext as _
from gettext import ngettext
from typing import Final

import click

from cpl import health
from cpl.cli.app import App, pass_app
from cpl.cli.options import output_format
from cpl.errors import EXIT_PROBLEMS, CplError
from cpl.finding import Clone, Finding
from cpl.render import FOR_PEOPLE, Cell, Column, widest

_FOR_PROGRAMS: Final = tuple(Column(name, name) for name in ("name", "state", "found", "remedy", "fixable"))


def _for_people() -> tuple[Column, ...]:
    return (
        Column("name", _("check"), whole=True),
        Column("label", _("state"), whole=True),
        Column("found", _("found")),
        Column("remedy", _("remedy")),
    )


@click.command("doctor")
@click.option("--fix", is_flag=True, help=_("Do the remedies that a program can do, then look again."))
@output_format()
@pass_app
def doctor_command(app: App, *, fix: bool, fmt: str) -> None:
    """Tell how this clone is: settings, git, who you are, hooks, file system, remote; each with the remedy.

    Nothing is changed without --fix, which touches records only where a write of cpl was interrupted, and writes
    nothing outside the repository. The exit code is 1 when something is wrong, 0 when there are only warnings.
    docs/doctor.md explains every check.

    \b
    Examples:
      cpl doctor
      cpl doctor --fix
      cpl doctor --format json
    """
    app.store.require_repository()
    clone = Clone(app.store, _now(app), app.interpreter)
    if fix:
        for finding, words in health.mend(clone):
            app.say(f"{finding.name}: {words}")
    findings = health.look(clone)
    _print(app, findings, fmt)
    if fmt == "table":
        app.say(_verdict(findings))
    if any(each.state == "error" for each in findings):
        raise click.exceptions.Exit(EXIT_PROBLEMS)


def _now(app: App) -> datetime:
    """The present instant, also where the settings don't tell the store's zone."""
    try:
        return app.now
    except CplError:
        return app.clock()


def _print(app: App, findings: Sequence[Finding], fmt: str) -> None:
    """Print the findings; the remedies that a terminal is too narrow for stand below the table, in full."""
    rows = [_row(each) for each in findings]
    columns = _for_people() if fmt in FOR_PEOPLE else _FOR_PROGRAMS
    is_narrow = fmt == "table" and app.width is not None and widest(rows, columns) > app.width
    app.emit(rows, columns[:-1] if is_narrow else columns, fmt)
    for each in findings:
        if is_narrow and (each.state != "ok" or each.remedy):
            app.say("\n" + "\n  ".join(filter(None, (f"{each.name}: {each.words}", each.remedy))))


def _row(finding: Finding) -> dict[str, Cell]:
    labels = {"ok": _("ok"), "warning": _("warning"), "error": _("error")}
    return {
        "name": finding.name,
        "state": finding.state,
        "label": labels[finding.state],
        "found": finding.words,
        "remedy": finding.remedy,
        "fixable": finding.fix is not None,
    }


def _verdict(findings: Sequence[Finding]) -> str:
    """How many errors and warnings there are, and what --fix would mend."""
    states = [each.state for each in findings]
    errors, warnings = states.count("error"), states.count("warning")
    if not errors and not warnings:
        return _("all is well")
    counts = (
        ngettext("{count} error", "{count} errors", errors).format(count=errors),
        ngettext("{count} warning", "{count} warnings", warnings).format(count=warnings),
    )
    fixable = ", ".join(each.name for each in findings if each.fix is not None and each.state != "ok")
    hint = _("; cpl doctor --fix mends: {names}").format(names=fixable) if fixable else ""
    return ", ".join(counts) + hint
