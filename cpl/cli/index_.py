"""`cpl index`: the cache that makes reading fast, brought up to date, made anew or taken away."""

from __future__ import annotations

from gettext import gettext as _

import click

from cpl.cli.app import App, pass_app


@click.command("index")
@click.option("--rebuild", is_flag=True, help=_("Make it anew, whatever it says."))
@click.option("--drop", is_flag=True, help=_("Take it away; the next command that reads makes it anew."))
@pass_app
def index_command(app: App, rebuild: bool, drop: bool) -> None:
    """Bring the index up to date, and say what it holds.

    The index is a cache below .git, private to this clone. Commands keep it up to date by themselves; it can be deleted
    at any time, and each of them says the same without it (--no-index).

    \b
    Examples:
      cpl index
      cpl index --rebuild
    """
    if rebuild and drop:
        raise click.UsageError(_("--rebuild and --drop exclude each other; give one of them"))
    if rebuild or drop:
        app.index.drop()
    if drop:
        app.say(_("the index is gone; the records are not affected"))
        return
    size = app.index.size()
    message = _("{files} record files, {faulty} of them with errors of their form; {bytes} bytes in {path}")
    click.echo(message.format(files=size.files, faulty=size.faulty, bytes=size.bytes, path=size.path))
