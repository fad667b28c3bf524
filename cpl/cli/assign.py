"""`cpl assign`: complaints are given to a person or to departments; all work of one person is handed to another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from gettext import gettext as _
from gettext import ngettext
from typing import Any

import click

from cpl.cli.app import App, pass_app
from cpl.cli.known import known_term
from cpl.cli.options import PERSON, RECORD, How, term, writes
from cpl.cli.writing import Action, asked, change, nothing_to_change, preview
from cpl.draft import Draft
from cpl.errors import CplError
from cpl.language import joined, said, told_as
from cpl.record import Record, Task
from cpl.routing import route_of
from cpl.values import frozen, replace


@click.command("assign")
@click.argument("pieces", metavar="ID…", nargs=-1, type=RECORD)
@click.option("--to", "assignee", metavar="PERSON", type=PERSON, help=_("Who does the work."))
@click.option("--department", "departments", metavar="NAME", multiple=True, type=term("departments"))
@click.option("--all-of", "giver", metavar="PERSON", type=PERSON, help=_("Not IDs, but all open work of this person."))
@click.option("--lead", is_flag=True, help=_("With --all-of: also what the person leads; say why with -m."))
@click.option("--dry-run", is_flag=True, help=_("With --all-of: say what would be done; write nothing."))
@writes
@pass_app
def assign_command(
    app: App,
    pieces: Sequence[str],
    assignee: str | None,
    departments: Sequence[str],
    giver: str | None,
    how: How,
    *,
    lead: bool,
    dry_run: bool,
) -> None:
    """Give complaints to a person, to departments, or both. The lead, who took it in, stays.

    With --all-of, whoever goes away or has left hands over all open complaints that are assigned to them, and the
    open tasks that are theirs, in one commit, all or none. Without --to and --department they are dispatched: each goes
    to the departments that the profile's `routing` names.

    \b
    Examples:
      cpl assign 7k3
      cpl assign 7k3 --to zhao.qiang
      cpl assign 7k3 --department engineering --department security
      cpl assign --all-of li.na --to chen.jing --dry-run
      cpl assign --all-of li.na --to chen.jing --lead -m "on leave from Monday"
    """
    if bool(pieces) == (giver is not None):
        raise click.UsageError(_("say which complaints: either ID… or --all-of PERSON"))
    if giver is None and (lead or dry_run):
        raise click.UsageError(_("--lead and --dry-run go only with --all-of; leave them out"))
    names = [known_term(app, "--department", "departments", name) for name in departments]
    if giver is not None:
        giver = app.known_person("--all-of", giver)
        _hand_over(app, _Handover(giver, _taker(app, assignee, giver, how), names, lead=lead), how, dry_run=dry_run)
        return
    if assignee is None and not departments:
        if all(_has_route(app, piece) for piece in pieces):
            change(app, pieces, how, Action("assign", lambda draft: _dispatch(app, draft)))
            return
        usage = _("say to whom: --to PERSON, --department NAME, or both")
        assignee = asked(app, None, _("To"), usage, _present(app, how))
    if assignee is not None:
        assignee = app.present_person("--to", assignee, app.acted_at(how.at))
    change(app, pieces, how, Action("assign", lambda draft: _assign(draft, assignee, names)))


def _has_route(app: App, piece: str) -> bool:
    """Whether the profile says who gets a record; one that can't be read is left to the command that changes it."""
    record = app.read(app.store.find(piece)).record
    return record is None or route_of(record, app.settings.profile) is not None


def _dispatch(app: App, draft: Draft) -> str:
    """Give the record to the departments that the profile names (RO-2)."""
    route = route_of(draft.record, app.settings.profile)
    if route is None:
        raise CplError(_("{id}: the profile does not say who gets it").format(id=draft.record.id))
    return _assign(draft, None, route.departments)


def _present(app: App, how: How) -> list[str]:
    """Who can be given work."""
    return [name for name in app.settings.people if not app.had_left(name, app.acted_at(how.at))]


def _assign(draft: Draft, assignee: str | None, departments: Sequence[str]) -> str:
    given: dict[str, Any] = {}
    if assignee is not None:
        given["assignee"] = assignee
    if departments:
        given["departments"] = tuple(departments)
    is_given = any(event.did == "assign" for event in draft.record.events)  # else only the intake names them
    if is_given and all(draft.record.get(name) == value for name, value in given.items()):
        raise nothing_to_change(draft.record.id)
    draft.add({"did": "assign", "set": given})
    names: list[str] = [told_as(name, draft.settings.called("departments", name)) for name in departments]
    return said("assigned to {names}", names=joined(", ", [*names, *([assignee] if assignee else [])]))


def _taker(app: App, assignee: str | None, giver: str, how: How) -> str:
    others = [name for name in _present(app, how) if name != giver]
    taker = asked(app, assignee, _("To"), _("say to whom: --to PERSON"), others)
    taker = app.present_person("--to", taker, app.acted_at(how.at))
    if taker == giver:
        message = _("'{name}' has it already; hand it to somebody else").format(name=giver)
        raise click.BadParameter(message, param_hint="--to")
    return taker


@frozen
class _Handover:
    """Whose work goes to whom; `departments` as well for what is assigned, with `lead` also what the giver leads."""

    giver: str
    taker: str
    departments: Sequence[str]
    lead: bool

    def tasks(self, record: Record) -> Iterator[tuple[int, Task]]:
        """The giver's open tasks with their places on the record."""
        return ((at, task) for at, task in enumerate(record.tasks) if task.is_open and task.who == self.giver)

    def concerns(self, record: Record) -> bool:
        """Whether there is something on the record that the giver has."""
        leads = self.lead and record.lead == self.giver
        return leads or record.get("assignee") == self.giver or any(self.tasks(record))

    def edit(self, draft: Draft, reason: str) -> str:
        """Hand over what the giver has; what was done."""
        record = draft.record
        parts: list[str] = []
        if record.get("assignee") == self.giver:
            parts.append(_assign(draft, self.taker, self.departments))
        if self.lead and record.lead == self.giver:
            draft.judge("correct", {"lead": self.taker}, reason=reason)
            parts.append(said("lead {name}", name=self.taker))
        for index, task in self.tasks(record):
            draft.set(["tasks", index, "who"], self.taker)
            parts.append(said("task {id} for {name}", id=task.id, name=self.taker))
        return joined(", ", parts)


def _hand_over(app: App, handover: _Handover, how: How, *, dry_run: bool) -> None:
    if handover.lead:
        how = replace(how, message=asked(app, how.message, _("Reason"), _("say why the lead changes: -m TEXT")))
    subject = f"handed over from {handover.giver} to {handover.taker}"
    action = Action("assign", lambda draft: handover.edit(draft, how.message or ""), subject=subject)
    # The records are looked for while nobody else can write: in `change`, behind the lock.
    (preview if dry_run else change)(app, _concerned(app, handover), how, action)


def _concerned(app: App, handover: _Handover) -> Iterator[str]:
    """The ids of the open records on which there is something to hand over.

    Raises:
        CplError: there is none.
    """
    found, led = False, 0
    for record in app.records(lambda index: index.active(app.now)):
        if app.settings.profile.is_final(record.status):
            continue
        if handover.concerns(record):
            found = True
            yield record.id
        elif record.lead == handover.giver:
            led += 1
    if not found:
        message = _("'{giver}' has no open work to hand over").format(giver=handover.giver)
        if led:
            words = ngettext("leads {count} open complaint", "leads {count} open complaints", led)
            message += _("; but {words}: add --lead").format(words=words.format(count=led))
        raise CplError(message)
