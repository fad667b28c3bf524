"""May this move happen, and if not, what is missing and which command supplies it; it changes nothing."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import tzinfo
from gettext import gettext as _
from typing import Final

from cpl.config import NamedIn, Person, in_no_register
from cpl.errors import CplError
from cpl.events import FOLLOW_UPS, VERBS, Event
from cpl.profile import BACK, Profile
from cpl.profile_names import STATUS
from cpl.profile_rules import COUNTED, EVENT_KEYS, Rule, When, holds
from cpl.record import FIRST_PARTS, Record, local_day
from cpl.values import frozen


@frozen
class Missing:
    """A requirement of `rule` that a move does not meet; any of the alternatives would do."""

    rule: Rule
    alternatives: tuple[str, ...]

    def __str__(self) -> str:
        clause = f" ({self.rule.clause})" if self.rule.clause else ""
        return _("rule '{rule}'{clause} needs {what}").format(
            rule=self.rule.name, clause=clause, what=_(" or ").join(self.alternatives)
        )


class IllegalTransition(CplError):
    """The profile has no such move."""

    def __init__(self, identifier: str, from_: str, to: str, allowed: Collection[str]) -> None:
        options = ", ".join(allowed) or _("no other state")
        super().__init__(
            _("{id}: from '{from_}' there is no move to '{to}'; it can go to: {options}").format(
                id=identifier, from_=from_, to=to, options=options
            )
        )


class Unmet(CplError):
    """A move lacks what the rules require; the message names each with the command that supplies it."""

    def __init__(self, identifier: str, to: str, missing: Iterable[str]) -> None:
        lines = [_("{id}: not yet ready for '{to}'").format(id=identifier, to=to)]
        super().__init__("\n".join([*lines, *(f"  - {line}" for line in missing)]))


def matches(record: Record, when: When) -> bool:
    """Whether every field that `when` names has one of its values; a category counts for all below it too."""
    return not when or all(holds(record.get(name), allowed) for name, allowed in when.items())


def allowed_moves(record: Record, profile: Profile) -> tuple[str, ...]:
    """The states that `record` can move to, in the profile's order; out of a pause also where it came from."""
    return moves_from(record.events, record.status, profile)


def moves_from(events: Iterable[Event], status: str, profile: Profile) -> tuple[str, ...]:
    """The states that a record with these events can move to from `status`."""
    result: list[str] = []
    for name in profile.moves.get(profile.present_name(STATUS, status), ()):
        state = came_from(events, profile) if name == BACK else name
        if state is not None and state not in result:
            result.append(state)
    return tuple(result)


def withdrawn(record: Record, profile: Profile) -> str:
    """The state that takes a record out of the figures, in which nobody has to do anything; STATE if there is none."""
    moves = allowed_moves(record, profile)
    return next((name for name in moves if profile.is_final(name) and not profile.counts(name)), "STATE")


def came_from(events: Iterable[Event], profile: Profile) -> str | None:
    """The last state that was not a pause."""
    states = [event.to for event in events if event.to is not None and not profile.is_paused(event.to)]
    return profile.present_name(STATUS, states[-1]) if states else None


def missing(
    record: Record, profile: Profile, move: Event, zone: tzinfo, named_in: NamedIn = in_no_register
) -> list[Missing]:
    """What the rules require for `move` and the record (as it is just before) does not have.

    `named_in` tells which records a register is about.
    """
    return [
        Missing(rule, alternatives)
        for rule in rules(record, profile, move, zone)
        for alternatives in rule.requires
        if not any(_is_met(name, record, profile, move) or _is_counted(name, record, named_in) for name in alternatives)
    ]


def roles_lacking(record: Record, profile: Profile, event: Event, zone: tzinfo, person: Person | None) -> list[Rule]:
    """The rules for an event whose roles `person` has none of."""
    return [rule for rule in rules(record, profile, event, zone) if not has_role(person, rule)]


def has_role(person: Person | None, rule: Rule) -> bool:
    """Whether the person has one of the roles that a rule wants; everybody where it wants none."""
    if not rule.roles:
        return True
    return person is not None and not set(rule.roles).isdisjoint(person.roles)


def rules(record: Record, profile: Profile, event: Event, zone: tzinfo) -> Iterator[Rule]:
    """The rules for an event of a record, which is as it was just before."""
    for rule in profile.rules_about(event.to, event.did, record.status):
        in_force = rule.since is None or rule.since <= local_day(record.received_at, zone)
        if in_force and is_about(rule, event) and matches(record, rule.when):
            yield rule


def is_about(rule: Rule, event: Event) -> bool:
    """Whether a rule for such moves, or for deeds of that verb, is about this one; also when it reached nobody."""
    return event.to is not None or any(event.is_called(f"did:{name}") for name in rule.did)


def _is_met(name: str, record: Record, profile: Profile, move: Event) -> bool:
    if name in EVENT_KEYS or name.startswith("did:"):
        return has_happened(name, record.events, profile, move)
    return record.get(name) not in (None, {}, ())


def has_happened(name: str, events: Sequence[Event], profile: Profile, move: Event) -> bool:
    """Whether `move`, or those of the `events` before it that are since the last state, meet such a requirement."""
    if name in EVENT_KEYS:
        return name in move.data
    return name.startswith("did:") and any(event.matches(name) for event in since_entered(events, profile))


def _is_counted(name: str, record: Record, named_in: NamedIn) -> bool:
    """Whether a row of a register names the record, or it has a task of that kind with a due."""
    kind, _colon, what = name.partition(":")
    if kind == "register":
        return record.id in named_in(what)
    return kind == "task" and any(task.kind == what and task.due is not None for task in record.tasks)


def since_entered(events: Sequence[Event], profile: Profile) -> Sequence[Event]:
    """The events since a record entered the state that they lead to; a pause and the return from it don't count."""
    state: str | None = None
    entered = -1  # where the first of the last moves to one state stands, pauses and returns between them
    for place in range(len(events) - 1, -1, -1):
        event = events[place]
        if event.to is not None and not profile.is_paused(event.to):
            if state not in (None, event.to):
                break
            state, entered = event.to, place
    return events[entered + 1 :]


_COUNTED: Final = {
    "register": "register {name} add record={id} FIELD=VALUE…",
    "task": "task {id} add TEXT --kind {name} --due INSTANT",
}

# The command that changes a field which is not changed by hand.
FIELD_COMMANDS: Final = {
    "id": "cpl open",
    "kind": "cpl correct {id} kind=… --classify --reason TEXT",
    "status": "cpl transition {id} STATE",
    "nature": "cpl correct {id} nature=… --classify --reason TEXT",
    "severity": "cpl correct {id} severity=… --classify --reason TEXT",
    "category": "cpl correct {id} category=… --classify --reason TEXT",
    "channel": "cpl correct {id} channel=… --reason TEXT",
    "received_at": "cpl correct {id} received_at=… --reason TEXT",
    "lead": "cpl correct {id} lead=… --reason TEXT",
    "departments": "cpl assign {id} --department NAME",
    "assignee": "cpl assign {id} --to PERSON",
    "source": "cpl import",
}
_SUPPLIED: Final = {
    **FIELD_COMMANDS,
    "tasks": "cpl task {id} add TEXT",
    "evidence": "cpl attach {id} FILE",
    "links": "cpl link {id} OTHER --as NAME",
}

# The verbs whose events another command than `cpl did` makes.
_COMMANDS: Final = {
    "assign": "assign {id} --to PERSON",
    "classify": "correct {id} NAME=VALUE --classify --reason TEXT",
    "correct": "correct {id} NAME=VALUE --reason TEXT",
    "reschedule": "task {id} due TASK --due INSTANT --reason TEXT",
    "done": "task {id} done TASK",
    "drop": "task {id} drop TASK --reason TEXT",
    "void": "correct {id} --void EVENT --reason TEXT",
}


def supplies(requirement: str, identifier: str) -> str:
    """The command that supplies what `requirement` names, or that makes the event of that name."""
    kind, _colon, name = requirement.partition(":")
    if kind == "to":
        return f"cpl transition {identifier} {name}"
    if kind in COUNTED:
        return f"cpl {_COUNTED[kind].format(id=identifier, name=name)}"
    if kind != "did":
        option = {"reason": "--reason TEXT", "until": "--until INSTANT", "text": "-m TEXT"}.get(requirement)
        if requirement in _SUPPLIED:
            return _SUPPLIED[requirement].format(id=identifier)
        return option or f"cpl set {identifier} {FIRST_PARTS.get(requirement, requirement)}=…"
    verb, _slash, about = name.partition("/")
    if verb == "contact":
        return f"cpl contact {identifier} --via CHANNEL --about {about or 'acknowledge'}"
    if verb == "follow-up":
        return f"cpl follow-up {identifier} --via CHANNEL --satisfied{_asked(about)}"
    if verb == "agree":
        return f"cpl did {identifier} agree clock={about or '…'} due=…"
    if verb in _COMMANDS:
        return f"cpl {_COMMANDS[verb].format(id=identifier)}"
    if about:
        return f"cpl did {identifier} {verb} --about {about}"
    needed = VERBS[verb].required if verb in VERBS else ()
    return " ".join(["cpl did", identifier, verb, *(f"{name}=…" for name in needed)])


def _asked(about: str) -> str:
    """The option that makes a follow-up what a requirement calls it: who asks, or what gets a score."""
    if about in ("", "satisfied"):
        return ""
    return f" --about {about}" if about in FOLLOW_UPS else f" --score {about}=N"
