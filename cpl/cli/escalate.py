"""`cpl escalate`: open complaints that should get a graver severity, by which rule, and why; done on request."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from gettext import gettext as _
from pathlib import PurePath
from typing import Final

import click

from cpl.cli.app import App, pass_app
from cpl.cli.options import RECORD, How, index_option, output_format, writes
from cpl.cli.writing import Action, change, in_subject, preview
from cpl.draft import Draft
from cpl.errors import CplError
from cpl.escalation import SEVERITY, Ground, Proposal, is_as_grave, named, proposals
from cpl.language import said, spoken
from cpl.record import as_of, piece_of
from cpl.render import FOR_PEOPLE, Cell, Column

_ROOM_FOR_NEXT: Final = 130  # a command does not fit beside the rest in fewer columns
_FOR_PROGRAMS: Final = tuple(
    Column(name, name)
    for name in (
        "id",
        "title",
        "status",
        "nature",
        "severity",
        "proposed",
        "rule",
        "clause",
        "evidence",
        "counted",
        "judge_first",
        "next",
    )
)


def _for_people() -> tuple[Column, ...]:
    return (
        Column("piece", _("id"), whole=True),
        Column("title", _("title")),
        Column("proposed", _("proposed"), whole=True),
        Column("code", _("rule"), whole=True),
        Column("evidence", _("evidence")),
        Column("pieces", _("counted")),
        Column("next", _("next step")),
    )


@click.command("escalate")
@click.argument("pieces", metavar="[ID]…", nargs=-1, type=RECORD)
@click.option("--apply", "is_applied", is_flag=True, help=_("Do what is proposed, in one commit."))
@click.option("--dry-run", is_flag=True, help=_("With --apply: say what would be done; write nothing."))
@click.option("--exit-code", is_flag=True, help=_("Exit with 1 when something is proposed."))
@index_option
@output_format()
@writes
@pass_app
def escalate_command(
    app: App, pieces: Sequence[str], how: How, fmt: str, *, is_applied: bool, dry_run: bool, exit_code: bool
) -> None:
    """Propose a graver severity for open complaints, by the escalations of the profile (CC-6).

    Each proposal names the rule, the evidence and the records that were counted. Nothing is changed without --apply,
    which classifies all that are proposed, or those named. Where the nature has not been judged yet, people judge it
    first. --at looks back, or dates what is done.

    \b
    Examples:
      cpl escalate
      cpl escalate --at 2026-11-18T16:00 --format json
      cpl escalate 7k3 8m2 --apply --by sun.wei
    """
    if is_applied and exit_code:
        raise click.UsageError(_("--exit-code goes only without --apply; leave one of them out"))
    if not is_applied and (dry_run or how.by or how.message or not how.commit):
        raise click.UsageError(_("--dry-run, --by, -m and --no-commit go only with --apply; add it, or leave them out"))
    ids = {PurePath(app.store.find(piece)).stem for piece in pieces}
    if is_applied:
        _apply(app, ids, how, dry_run=dry_run)
        return
    found = app.ahead(lambda: _proposals(app, ids, app.read_only_instant(how.at)))
    _show(app, found, fmt)
    if exit_code and found:
        raise click.exceptions.Exit(1)


def _proposals(app: App, ids: Collection[str], at: datetime) -> list[Proposal]:
    """What is proposed for all records, or for those named."""
    if not app.settings.profile.relations.escalations:
        app.say(_("the profile has no escalations; what they are stands in docs/profile.md"))
    found = proposals(app.records(lambda index: index.bound_together(at)), app.settings, at)
    return [each for each in found if not ids or each.record.id in ids]


def _show(app: App, found: Sequence[Proposal], fmt: str) -> None:
    for_people = fmt in FOR_PEOPLE
    rows = [_row(proposal, ground, for_people=for_people) for proposal in found for ground in proposal.grounds]
    if for_people:
        rows = [{**row, "proposed": app.settings.called(SEVERITY, str(row["proposed"]))} for row in rows]
    columns = _for_people() if for_people else _FOR_PROGRAMS
    is_narrow = fmt == "table" and app.width is not None and app.width < _ROOM_FOR_NEXT
    app.emit(rows, columns[:-1] if is_narrow else columns, fmt)
    if fmt != "table":
        return
    ready = sum(1 for proposal in found if proposal.is_ready)
    words = _("{ready} to escalate, {waiting} to be judged first")
    app.say(words.format(ready=ready, waiting=len(found) - ready))
    if is_narrow and found:
        words = _("the next step of each: a terminal of {width} columns, or --format plain")
        app.say(words.format(width=_ROOM_FOR_NEXT))


def _row(proposal: Proposal, ground: Ground, *, for_people: bool) -> dict[str, Cell]:
    record = proposal.record
    return {
        "id": record.id,
        "piece": piece_of(record.id),
        "title": record.title,
        "status": record.status,
        "nature": record.get("nature"),
        "severity": record.get(SEVERITY),
        "proposed": proposal.severity,
        "rule": ground.rule,
        "clause": ground.clause,
        "code": ground.code,
        "evidence": str(spoken(ground.evidence)) if for_people else ground.evidence,
        "counted": ground.counted,
        "pieces": str(spoken(named([piece_of(each) for each in ground.counted]))),
        "judge_first": tuple(proposal.first),
        "next": _next_step(proposal),
    }


def _next_step(proposal: Proposal) -> str:
    """The command that does what is proposed, or with which people judge what has to be judged first."""
    piece = piece_of(proposal.record.id)
    if proposal.is_ready:
        return f"cpl escalate {piece} --apply"
    fields = " ".join(f"{name}=…" for name in proposal.first)
    return f"cpl correct {piece} {fields} --classify --reason TEXT"


def _apply(app: App, ids: Collection[str], how: How, *, dry_run: bool) -> None:
    """Classify what is proposed, all or nothing; what can't be done yet is named, or refused where it was asked for."""
    at = app.acted_at(how.at)
    found = {each.record.id: each for each in _proposals(app, ids, at)}
    waiting = [each for each in found.values() if not each.is_ready]
    refused = [*_not_proposed(ids, found), *map(_to_be_judged, waiting)]
    if ids and refused:
        raise CplError("\n".join(refused))
    for line in refused:
        app.say(line)
    ready = [identifier for identifier, each in found.items() if each.is_ready]
    if not ready:
        app.say(_("nothing to escalate"))
        return
    action = Action("escalate", lambda draft: _classify(draft, found[draft.record.id], at))
    (preview if dry_run else change)(app, ready, how, action)


def _not_proposed(ids: Collection[str], found: Collection[str]) -> Iterator[str]:
    for identifier in sorted(set(ids) - set(found)):
        yield _("{id}: no rule of the profile proposes to escalate it").format(id=identifier)


def _to_be_judged(proposal: Proposal) -> str:
    message = _("{id}: {severity} is for {code}, but first judge {names}: {command}")
    return message.format(
        id=proposal.record.id,
        severity=proposal.severity,
        code=", ".join(ground.code for ground in proposal.grounds),
        names=_(" and ").join(proposal.first),
        command=_next_step(proposal),
    )


def _classify(draft: Draft, proposal: Proposal, at: datetime) -> str:
    """Enter what was proposed; what was done.

    Raises:
        CplError: the record is not the one any more that the proposal was made for.
    """
    record, settings = draft.record, draft.settings
    is_other = as_of(record, at) != proposal.record
    if is_other or settings.profile.is_final(record.status) or is_as_grave(record, proposal.severity, settings):
        message = _("{id} has been changed since; look again: cpl escalate {id}")
        raise CplError(message.format(id=record.id))
    code = proposal.grounds[0].code
    event = draft.judge("classify", {SEVERITY: proposal.severity}, reason=proposal.reason, rule=code)
    was = event.data["was"].get(SEVERITY)
    return said(
        "{name} {was} → {now} ({code})",
        name=SEVERITY,
        was=in_subject(was),
        now=in_subject(proposal.severity),
        code=code,
    )
