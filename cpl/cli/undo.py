"""`cpl undo`: asks, and takes back the last write that no remote branch has."""

from __future__ import annotations

from gettext import gettext as _

import click

from cpl import undoing
from cpl.cli.app import App, pass_app
from cpl.render import visible


@click.command("undo")
@click.option("-y", "--yes", is_flag=True, help=_("Don't ask."))
@pass_app
def undo_command(app: App, *, yes: bool) -> None:
    """Take back the last write of cpl, as long as no remote branch has it.

    The branch and the files of that write become what they were before; other work that is not committed stays. What
    others may have already is not taken back: then the command is named that puts it right by a further event. The
    same goes for a merge, and for a commit that cpl did not make.

    \b
    Examples:
      cpl undo
      cpl undo --yes
    """
    app.store.begin()
    write = undoing.last_write(app.store)
    undoing.require_own(app.store, write)
    if not yes and not _agreed(app, write.subject):
        raise undoing.NotUndone(_("nothing was undone"))
    with app.store.lock():
        undoing.take_back(app.store, write)
    click.echo(visible(_("undone: {subject}").format(subject=write.subject)))
    app.say(_("to get it back: git cherry-pick {sha}").format(sha=write.name))


def _agreed(app: App, subject: str) -> bool:
    """Whether the person at the terminal wants it.

    Raises:
        click.UsageError: there is nobody to ask.
    """
    if not app.asks:
        raise click.UsageError(_("this takes back '{subject}'; if you mean it: --yes").format(subject=subject))
    return click.confirm(visible(_("Take back '{subject}'?").format(subject=subject)), err=True)
