"""Every event of a record against the record as it was just before: moves, requirements, roles; nothing is changed."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from gettext import gettext as _
from itertools import chain
from typing import NamedTuple

from cpl import workflow
from cpl.config import Settings
from cpl.events import Event
from cpl.profile import BACK, Profile
from cpl.profile_rules import Rule
from cpl.record import Record, before_place


class Fault(NamedTuple):
    """What is wrong with an event: E060, E061 or W062."""

    event: Event
    code: str
    message: str


def faults(record: Record, settings: Settings) -> Iterator[Fault]:
    """What the procedure has to say of a record's events; an import's own are not judged.

    A move that the profile does not have (W062) is mended by the next one that it has.
    """
    profile = settings.profile
    sets = (event.sets for event in record.history if "set" in event.data)
    changed = {"status", "complainant", *chain.from_iterable(sets)}
    unknown_step: Fault | None = None
    status = record.status  # from the first move on what the moves have led to
    for place, event in enumerate(record.events):
        about = profile.rules_about(event.to, event.did, status)
        if (about or event.is_move) and place and not _is_twice(record, place) and not record.is_imported(event):
            if event.is_move:
                unknown_step = _step(record, place, status, profile)
            if rules := [each for each in about if _is_plain(each) or _may_apply(each, record, event, changed)]:
                yield from _of_rules(record, place, rules, settings)
        status = event.to or status
    if unknown_step is not None:
        yield unknown_step


def _is_twice(record: Record, place: int) -> bool:
    """Whether the event before is the same; that it is there twice is told elsewhere."""
    event, previous = record.events[place], record.events[place - 1]
    return event.at == previous.at and event == previous


def fields_read(profile: Profile) -> set[str]:
    """The fields of a record that the rules may read, beside its history."""
    names = {name for rule in profile.rules for alternatives in rule.requires for name in alternatives}
    terms = chain.from_iterable(terms.values() for terms in profile.terms.values())
    names.update(*(rule.when for rule in profile.rules), *(term.when for term in terms))
    return {name.partition(".")[0] for name in names if ":" not in name}


def _step(record: Record, place: int, status: str, profile: Profile) -> Fault | None:
    move = record.events[place]
    if move.to != BACK and move.to in profile.moves.get(status, ()):
        return None
    allowed = workflow.moves_from(record.events[:place], status, profile)
    if move.to in allowed:
        return None
    message = _("the profile has no move from '{from_}' to '{to}', only to: {allowed}")
    return Fault(move, "W062", message.format(from_=status, to=move.to, allowed=", ".join(allowed)))


def _is_plain(rule: Rule) -> bool:
    """Whether a rule that may be about an event is about it, whatever the record and the event hold."""
    return not rule.when and not rule.did


def _may_apply(rule: Rule, record: Record, event: Event, changed: Collection[str]) -> bool:
    """Whether the rule may have applied to an earlier event of the record, some of whose fields have `changed`."""
    return workflow.is_about(rule, event) and (
        workflow.matches(record, rule.when) or any(name.partition(".")[0] in changed for name in rule.when)
    )


def _of_rules(record: Record, place: int, rules: Collection[Rule], settings: Settings) -> Iterator[Fault]:
    """What the rules say of the event at that place, for which no others than `rules` count."""
    event, profile, zone = record.events[place], settings.profile, settings.zone
    ask_for_roles = any(rule.roles for rule in rules)
    need_something = event.is_move and any(rule.requires for rule in rules)
    if not ask_for_roles and not need_something:
        return
    previous = before_place(record, event, place)
    if need_something:
        for missing in workflow.missing(previous, profile, event, zone, settings.named_in):
            hint = workflow.supplies(missing.alternatives[0], record.id)
            message = _("the move to '{to}' lacks something: {missing}; use: {hint}")
            yield Fault(event, "E060", message.format(to=event.to, missing=missing, hint=hint))
    person = settings.people.get(event.by)
    for rule in workflow.roles_lacking(previous, profile, event, zone, person) if ask_for_roles else ():
        message = _("'{by}' may not move it to '{to}': rule '{rule}' wants the role {roles}")
        if not event.is_move:
            message = _("'{by}' may not record {event}: rule '{rule}' wants the role {roles}")
        said = {"by": event.by, "to": event.to, "event": event.key}
        yield Fault(event, "E061", message.format(rule=rule.name, roles=", ".join(rule.roles), **said))
