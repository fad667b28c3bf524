"""`cpl link`: what one complaint has to do with another."""

from __future__ import annotations

from collections.abc import Iterable
from gettext import gettext as _

import click

from cpl.cli.app import App, pass_app
from cpl.cli.known import known_name
from cpl.cli.options import RECORD, How, Name, writes
from cpl.cli.writing import Action, asked, change, sound_document
from cpl.draft import Draft
from cpl.errors import CplError
from cpl.groups import in_time, links_between, links_of
from cpl.language import said
from cpl.record import Record, load
from cpl.schema import did_you_mean


def _names(app: App) -> Iterable[tuple[str, str]]:
    links = app.settings.profile.relations.links.values()
    return [(link.name, link.label.get(app.settings.language, "")) for link in links]


@click.command("link")
@click.argument("piece", metavar="ID", type=RECORD)
@click.argument("other", metavar="OTHER", type=RECORD)
@click.option(
    "--as", "name", metavar="NAME", type=Name("link", _names), help=_("What they have to do with each other.")
)
@click.option("--remove", is_flag=True, help=_("Take the link between the two away."))
@writes
@pass_app
def link_command(app: App, piece: str, other: str, name: str | None, remove: bool, how: How) -> None:
    """Link two complaints. The link stands on the later one, in whatever order they are named.

    The names are those of the profile, such as same-cause, duplicate, follows. People of complaints with the same cause
    make a group. A link is a field, not an event: it can be taken away, and git keeps who did both.

    \b
    Examples:
      cpl link 8m2 7k3 --as same-cause
      cpl link 8m2 7k3 --remove -m "another pipe"
    """
    first, second = (_record(app, each) for each in (piece, other))
    if first.id == second.id:
        raise click.UsageError(_("{id} can't be linked with itself; name two complaints").format(id=first.id))
    earlier, later = in_time(first, second)
    if remove:
        _remove(app, (earlier, later), name, how)
        return
    known = app.settings.profile.relations.links
    usage = _("say how they are linked: --as NAME") + (did_you_mean("", known) if known else "")
    name = asked(app, name, _("As"), usage, known)
    named = known_name("--as", known, name, _("'{name}' is not in the profile")) if known else name
    change(app, [later.id], how, Action("link", lambda draft: _add(app, draft, earlier.id, named)))


def _record(app: App, piece: str) -> Record:
    record, _problems = load(sound_document(app, app.store.find(piece)))
    if record is None:
        raise CplError(_("the record can't be read; run: cpl check"))
    return record


def _add(app: App, draft: Draft, earlier: str, name: str) -> str:
    later = draft.record
    if present := links_between(later, _record(app, earlier)):
        message = _("{id} and {other} are linked already, as {name}; to change that: cpl link {id} {other} --remove")
        raise CplError(message.format(id=later.id, other=earlier, name=", ".join(present)))
    draft.append("links", {"as": name, "id": earlier})
    return said("linked as {name} to {other}", name=name, other=earlier)


def _remove(app: App, both: tuple[Record, Record], name: str | None, how: How) -> None:
    """Take away the links between two records, on whichever they stand; with a name only those of it."""
    pairs = (both, both[::-1])
    bearers = [one.id for one, other in pairs if _places(one, other.id, name)]
    if not bearers:
        message = _("{id} and {other} are not linked as {name}; they are linked as: {present}")
        present = ", ".join(links_between(*both)) or _("nothing")
        raise CplError(message.format(id=both[1].id, other=both[0].id, name=name or _("anything"), present=present))
    others = {one.id: other.id for one, other in pairs}

    def edit(draft: Draft) -> str:
        record = draft.record
        other = others[record.id]
        for index in reversed(_places(record, other, name)):
            draft.set(["links", index], None)
        if not draft.record.get("links"):
            draft.set(["links"], None)
        return said("link to {other} removed", other=other)

    change(app, bearers, how, Action("link", edit))


def _places(record: Record, other: str, name: str | None) -> list[int]:
    """Where on the record its links to the other one stand."""
    found = enumerate(links_of(record))
    return [at for at, (each, to) in found if to == other and name in (None, each)]
