"""`cpl sync`: bring in what others wrote, send what was written here, and say what that was."""

from __future__ import annotations

import json
from collections.abc import Iterable
from gettext import gettext as _
from gettext import ngettext
from pathlib import PurePosixPath
from typing import Final

import click

from cpl.cli.app import App, pass_app
from cpl.cli.options import output_format
from cpl.render import visible
from cpl.syncing import Sync, Synced, Traffic

_TOLD: Final = 10


@click.command("sync")
@output_format("plain", ("plain", "json"))
@pass_app
def sync_command(app: App, fmt: str) -> None:
    """Bring in what others wrote and send what was written here: fetch, merge, check, push.

    It merges and never rebases, so that every commit stays as it was made. The result is checked before it is pushed;
    when the remote has moved meanwhile it is fetched and merged again. Without the remote nothing is changed. Git's own
    settings, credentials, hooks and signing are used. With a conflict it stops: `cpl settle` puts that right, and `git
    merge --abort` gives the merge up. Exit code 1: a conflict, or errors that are not pushed; 2: the remote can't be
    reached, or git refused.

    \b
    Examples:
      cpl sync
      cpl sync --format json
    """
    app.store.require_repository()
    synced = Sync(app.store, app.now, app.say).run()
    if fmt == "json":
        click.echo(json.dumps(_for_programs(synced), ensure_ascii=False))
    else:
        _tell(app, _("in"), synced.came, is_named=True)
        _tell(app, _("out"), synced.went, is_named=False)
    for remedy in synced.left:
        app.say("\n".join([str(remedy.problem), *(f"  {each}" for each in remedy.commands)]))
    if changed := app.store.git.is_changed(["."]):
        message = ngettext(
            "{path} has changes that are not committed; they are in this clone only",
            "{count} files have changes that are not committed, such as {path}; they are in this clone only",
            len(changed),
        )
        app.say(message.format(count=len(changed), path=changed[0]))
    app.hint_at_hooks()


def _tell(app: App, way: str, traffic: Traffic, *, is_named: bool) -> None:
    """Say what went one way: how many complaints, by whom, and the first of them."""
    if not traffic.commits:
        click.echo(f"{way}: {_('nothing')}")
        return
    count = len(traffic.paths)
    words = ngettext("{count} complaint", "{count} complaints", count).format(count=count)
    words += ngettext(", {count} commit", ", {count} commits", traffic.commits).format(count=traffic.commits)
    if is_named:
        words += _(" by {names}").format(names=", ".join(traffic.names))
    click.echo(visible(f"{way}: {words}"))
    for path in traffic.paths[:_TOLD]:
        record = app.store.read(path).record
        click.echo(visible(f"  {PurePosixPath(path).stem}  {'' if record is None else record.title}".rstrip()))
    if count > _TOLD:
        click.echo("  …")


def _for_programs(synced: Synced) -> dict[str, object]:
    return {"in": _as_json(synced.came), "out": _as_json(synced.went), "tries": synced.tries}


def _as_json(traffic: Traffic) -> dict[str, object]:
    return {"complaints": _ids(traffic.paths), "commits": traffic.commits, "by": list(traffic.names)}


def _ids(paths: Iterable[str]) -> list[str]:
    return [PurePosixPath(path).stem for path in paths]
