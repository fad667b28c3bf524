"""Every event of a record against the record as it was just before: moves, requirements, roles; nothing is changed."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from gettext import gettext as _
from itertools import chain
from typing import NamedTuple

from cpl import workflow
from cpl.config import Settings
from cpl.events import Event
from cpl.profile import BACK, CHANGED, Case, Profile
from cpl.profile_rules import Rule, asked
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
    in_case = profile.rules_in(_case(record, profile))
    unknown_step: Fault | None = None
    status = record.status  # from the first move on what the moves have led to
    for place, event in enumerate(record.events):
        rules = in_case[event.to, event.did, status]
        is_odd = event.to is not None and not _is_usual(event, status, profile)
        if (rules or unknown_step or is_odd) and _is_judged(record, place):
            if event.to is not None:
                unknown_step = _step(record, place, status, profile)
            if about := [each for each in rules if workflow.is_about(each, event)]:
                yield from _of_rules(record, place, about, settings)
        status = event.to or status
    if unknown_step is not None:
        yield unknown_step


def _case(record: Record, profile: Profile) -> Case:
    """What decides which rules may have counted for the events of the record."""
    sets = chain.from_iterable(event.sets for event in record.history if "set" in event.data)
    changed = {"status", "complainant", *sets}
    values = [CHANGED if name.partition(".")[0] in changed else asked(record.get(name)) for name in profile.conditions]
    return tuple(values)


def _is_usual(event: Event, status: str, profile: Profile) -> bool:
    """Whether it is a deed, or a move that the profile has from that state, whatever else the record holds."""
    return event.to is None or (event.to != BACK and event.to in profile.moves.get(status, ()))


def _is_judged(record: Record, place: int) -> bool:
    """Whether the event at that place is neither the intake, nor an import's own, nor the one before once more.

    That an event is there twice is told elsewhere.
    """
    event, previous = record.events[place], record.events[place - 1]
    is_twice = event.at == previous.at and event == previous
    return place > 0 and not is_twice and not record.is_imported(event)


def fields_read(profile: Profile) -> set[str]:
    """The fields of a record that the rules may read, beside its history."""
    names = {name for rule in profile.rules for alternatives in rule.requires for name in alternatives}
    terms = chain.from_iterable(terms.values() for terms in profile.terms.values())
    names.update(*(rule.when for rule in profile.rules), *(term.when for term in terms))
    return {name.partition(".")[0] for name in names if ":" not in name}


def _step(record: Record, place: int, status: str, profile: Profile) -> Fault | None:
    move = record.events[place]
    if _is_usual(move, status, profile):
        return None
    allowed = workflow.moves_from(record.events[:place], status, profile)
    if move.to in allowed:
        return None
    message = _("the profile has no move from '{from_}' to '{to}', only to: {allowed}")
    return Fault(move, "W062", message.format(from_=status, to=move.to, allowed=", ".join(allowed)))


def _of_rules(record: Record, place: int, rules: Collection[Rule], settings: Settings) -> Iterator[Fault]:
    """What the rules say of the event at that place, for which no others than `rules` may count."""
    event, profile, zone = record.events[place], settings.profile, settings.zone
    person = settings.people.get(event.by)
    if all(workflow.has_role(person, rule) and _has_happened(rule, record, place, profile) for rule in rules):
        return  # so it is with nearly all, and the record need not be put back
    previous = before_place(record, event, place)
    if event.is_move:
        for missing in workflow.missing(previous, profile, event, zone, settings.named_in):
            hint = workflow.supplies(missing.alternatives[0], record.id)
            message = _("the move to '{to}' lacks something: {missing}; use: {hint}")
            yield Fault(event, "E060", message.format(to=event.to, missing=missing, hint=hint))
    for rule in workflow.roles_lacking(previous, profile, event, zone, person):
        message = _("'{by}' may not move it to '{to}': rule '{rule}' wants the role {roles}")
        if not event.is_move:
            message = _("'{by}' may not record {event}: rule '{rule}' wants the role {roles}")
        said = {"by": event.by, "to": event.to, "event": event.key}
        yield Fault(event, "E061", message.format(rule=rule.name, roles=", ".join(rule.roles), **said))


def _has_happened(rule: Rule, record: Record, place: int, profile: Profile) -> bool:
    """Whether what the rule requires of a move stands in its event, or has been done since the last state."""
    event = record.events[place]
    if event.to is None:
        return True
    earlier = record.events[:place]
    return all(
        any(workflow.has_happened(name, earlier, profile, event) for name in alternatives)
        for alternatives in rule.requires
    )
