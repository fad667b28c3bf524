"""The procedure as data: states, moves, rules, clocks and names of a profile; it knows no file and no record."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from gettext import gettext as _
from typing import Any, Final

from cpl.calendars import calendar_name
from cpl.errors import Problem
from cpl.events import VERBS
from cpl.hours import hours
from cpl.overlay import find
from cpl.profile_clocks import CLOCK, Clock, read_clock
from cpl.profile_duties import SECTIONS as DUTY_SECTIONS
from cpl.profile_duties import Channel, Route, Share, read_channels, read_routes, read_shares
from cpl.profile_names import CLOCK_NAME, STATUS, with_present_names
from cpl.profile_rules import COUNTED, EVENT_KEYS, RULE, Rule, When, holds, may_be_about, read_rule
from cpl.relations import SECTIONS as RELATION_SECTIONS
from cpl.relations import Escalation, Relations, read_relations
from cpl.schema import (
    Converter,
    did_you_mean,
    flag,
    list_of,
    map_of,
    problem,
    struct,
    text,
    word,
)
from cpl.values import field as default
from cpl.values import frozen
from cpl.workdays import ALWAYS, Hours
from cpl.yaml_nodes import MappingNode

BACK: Final = "back"
REOPEN: Final = "reopen"
_KEPT: Final = 1000  # cases of which is kept which rules count

Case = tuple[object, ...]
"""What `asked` makes of the values of the fields `conditions`; CHANGED for one that an event has changed."""
CHANGED: Final = True  # `asked` gives nothing like it
Step = tuple[str | None, str | None, str]
"""The state that an event leads to, its verb, and the state before it."""


@frozen
class Term:
    """A name that a profile defines, with its labels by language; English is the name itself."""

    name: str
    label: Mapping[str, str]
    when: When
    is_default: bool = False


@frozen
class State:
    """A stage of handling."""

    name: str
    label: Mapping[str, str]
    initial: bool
    paused: bool
    final: bool
    counts: bool


@frozen
class Figures:
    """What a summary counts: the clock of the timely rate, those whose medians are shown, who is singled out."""

    timely: str
    medians: tuple[str, ...]
    single_out: When


@frozen
class Profile:
    """A procedure, ready to be used by the engine."""

    states: Mapping[str, State]
    moves: Mapping[str, tuple[str, ...]]
    rules: tuple[Rule, ...]
    clocks: Mapping[str, Clock]
    terms: Mapping[str, Mapping[str, Term]]  # by the field of TERM_SECTIONS; none at all: any name will do
    roles: Mapping[str, Term]
    figures: Figures
    relations: Relations
    appeal: Mapping[str, str]  # by language: whom a complainant can turn to next
    channels: Mapping[str, Channel]
    routes: tuple[Route, ...]  # the first that matches counts
    shares: tuple[Share, ...]
    conditions: tuple[str, ...]  # the fields that rules ask for by `when`
    former: Mapping[str, Mapping[str, str]]  # by field, the names of before with those of now; no field without any
    hours: Hours = ALWAYS
    calendar: str | None = None
    _about: dict[tuple[str | None, ...], tuple[Rule, ...]] = default(
        default_factory=dict, init=False, compare=False, repr=False
    )
    _cases: dict[Case, _InCase] = default(default_factory=dict, init=False, compare=False, repr=False)

    def present_name(self, field: str, name: str) -> str:
        """What a name of the field (STATUS, CLOCK_NAME, or one of TERM_SECTIONS) is called now."""
        return self.former.get(field, {}).get(name, name)

    def _state(self, name: str | None) -> State | None:
        if name is None:
            return None
        return self.states.get(self.present_name(STATUS, name) if self.former else name)

    @property
    def finals(self) -> tuple[str, ...]:
        """The final states, with the names that they had before."""
        names = (*self.states, *self.former.get(STATUS, ()))
        return tuple(name for name in names if self.is_final(name))

    @property
    def initial(self) -> str:
        """The state that a complaint is taken in with."""
        return next(state.name for state in self.states.values() if state.initial)

    def rules_about(self, to: str | None, did: str | None, status: str) -> tuple[Rule, ...]:
        """The rules that may be about such a move, or a deed of that verb, of a record in `status`."""
        found = self._about.get((to, did, status))
        if found is None:
            rules = (rule for rule in self.rules if not rule.from_ or status in rule.from_)
            found = self._about[to, did, status] = tuple(rule for rule in rules if may_be_about(rule, to, did))
        return found

    def rules_in(self, case: Case) -> Mapping[Step, tuple[Rule, ...]]:
        """For every event the rules that ask for something and may count in that case."""
        found = self._cases.get(case)
        if found is None:
            if len(self._cases) >= _KEPT:
                self._cases.clear()
            found = self._cases[case] = _InCase(self, case)
        return found

    @property
    def usual_kind(self) -> str:
        """The kind of a complaint of which nobody says another: the default one, else the first."""
        kinds = self.terms["kind"].values()
        return next((kind.name for kind in kinds if kind.is_default), next(iter(kinds)).name)

    def is_final(self, state: str | None) -> bool:
        """Whether `state` ends the handling; an unknown state does not."""
        found = self._state(state)
        return found is not None and found.final

    def is_paused(self, state: str | None) -> bool:
        """Whether clocks that pause stand still in `state`."""
        found = self._state(state)
        return found is not None and found.paused

    def counts(self, state: str) -> bool:
        """Whether records in `state` are part of the figures (withdrawn ones are not)."""
        found = self._state(state)
        return found is None or found.counts


_NAMED: Final = {"label": map_of(text), "clause": text, "was": list_of(word), "off": flag}


class _InCase(dict[Step, tuple[Rule, ...]]):
    """The rules of a profile that may count in one case, by what they are about; found when they are asked for."""

    def __init__(self, profile: Profile, case: Case) -> None:
        super().__init__()
        self._profile = profile
        self._values = dict(zip(profile.conditions, case, strict=True))

    def __missing__(self, step: Step) -> tuple[Rule, ...]:
        to, did, status = step
        about = self._profile.rules_about(to, did, status)
        asking = (rule for rule in about if rule.roles or (to is not None and rule.requires))
        found = self[step] = tuple(filter(self._may_count, asking))
        return found

    def _may_count(self, rule: Rule) -> bool:
        """Whether the values meet the rule's conditions, or may have met them before they were changed."""
        values, when = self._values, rule.when
        return any(values[name] is CHANGED for name in when) or all(holds(values[name], when[name]) for name in when)


_TERM: Final = struct({**_NAMED, "when": map_of(list_of(text)), "default": flag})
_STATE: Final = struct({**_NAMED, **dict.fromkeys(("initial", "paused", "final", "counts"), flag)})
_FIGURES: Final = struct(
    {"timely": word, "medians": list_of(word), "single-out": map_of(list_of(text))}, required=["timely"]
)

# The maps of names by the record's field that holds one of them.
TERM_SECTIONS: Final[Mapping[str, str]] = {
    "kind": "kinds",
    "nature": "natures",
    "severity": "severities",
    "category": "categories",
    "channel": "channels",
    "departments": "departments",
    "order.size": "sizes",
}
# The same for names that may have been others before.
NAMED_SECTIONS: Final[Mapping[str, str]] = {STATUS: "states", CLOCK_NAME: "clocks", **TERM_SECTIONS}
SECTIONS: Final[Mapping[str, Converter]] = {
    "label": map_of(text),
    "source": text,
    "states": map_of(_STATE),
    "moves": map_of(list_of(word)),
    "rules": map_of(RULE),
    "clocks": map_of(CLOCK),
    "summary": _FIGURES,
    "hours": hours,
    "calendar": calendar_name,
    "appeal": map_of(text),
    "roles": map_of(_TERM),
    **RELATION_SECTIONS,
    **{section: map_of(_TERM) for section in TERM_SECTIONS.values()},
    **DUTY_SECTIONS,
}
REQUIRED: Final = ("states", "moves", "kinds", "clocks", "summary")


def read_profile(node: MappingNode, fields: Collection[str]) -> tuple[Profile | None, list[Problem]]:
    """The profile that `node` (the shipped one with the store's differences laid over it) holds, and its problems.

    `fields` are the names that a record's fields have.
    """
    node, former, problems = with_present_names(node, NAMED_SECTIONS)
    data = struct(SECTIONS, REQUIRED)(node, problems)
    if data is None or problems:
        return None, problems
    rules = tuple(read_rule(name, each) for name, each in data.get("rules", {}).items())
    profile = Profile(
        states={name: _state(name, each) for name, each in data["states"].items()},
        moves=data["moves"],
        rules=rules,
        clocks={name: read_clock(name, each, node) for name, each in data["clocks"].items()},
        terms={field: _terms(data.get(section, {})) for field, section in TERM_SECTIONS.items()},
        roles=_terms(data.get("roles", {})),
        figures=_figures(data["summary"]),
        hours=data.get("hours", ALWAYS),
        calendar=data.get("calendar"),
        appeal=data.get("appeal", {}),
        relations=read_relations(data),
        channels=read_channels(data),
        routes=read_routes(data),
        shares=read_shares(data),
        conditions=tuple({name: None for each in rules for name in each.when}),
        former=former,
    )
    problems = list(_CrossCheck(profile, node, fields).all())
    return (None if problems else profile), problems


def _state(name: str, data: Mapping[str, Any]) -> State:
    on = {key: data.get(key, False) for key in ("initial", "paused", "final")}
    return State(name, data.get("label", {}), counts=data.get("counts", True), **on)


def _terms(data: Mapping[str, Mapping[str, Any]]) -> dict[str, Term]:
    return {
        name: Term(name, each.get("label", {}), each.get("when", {}), is_default=each.get("default", False))
        for name, each in data.items()
    }


def _figures(data: Mapping[str, Any]) -> Figures:
    return Figures(data["timely"], data.get("medians", ()), data.get("single-out", {}))


@frozen
class _CrossCheck:
    """The names that one part of a profile uses and no other defines (E071)."""

    profile: Profile
    root: MappingNode
    fields: Collection[str]

    def all(self) -> Iterator[Problem]:
        """All problems, in no particular order."""
        profile = self.profile
        yield from self._initial()
        for name, targets in profile.moves.items():
            back = (BACK,) if profile.is_paused(name) else ()
            yield from self._known([name], profile.states, "moves", name)
            yield from self._known(targets, (*profile.states, *back), "moves", name)
        for rule in profile.rules:
            yield from self._rule(rule)
        for clock in profile.clocks.values():
            yield from self._clock(clock)
        for escalation in profile.relations.escalations:
            yield from self._escalation(escalation)
        for section, terms in zip(TERM_SECTIONS.values(), profile.terms.values(), strict=True):
            for term in terms.values():
                yield from self._when(term.when, section, term.name)
        yield from self._duties()
        yield from self._known((profile.figures.timely, *profile.figures.medians), profile.clocks, "summary")
        yield from self._when(profile.figures.single_out, "summary", "single-out")

    def _initial(self) -> Iterator[Problem]:
        initial = [state for state in self.profile.states.values() if state.initial]
        if len(initial) != 1:
            message = _("exactly one state is 'initial: true', here {count} are").format(count=len(initial))
            yield problem(find(self.root, ("states",)), "E071", message)

    def _rule(self, rule: Rule) -> Iterator[Problem]:
        path = ("rules", rule.name)
        yield from self._known((*rule.from_, *rule.to), self.profile.states, *path)
        yield from self._known(rule.roles, self.profile.roles, *path)
        yield from self._when(rule.when, *path)
        yield from self._known((name.partition("/")[0] for name in rule.did), VERBS, *path)
        yield from self._apart(rule, *path)
        for name in (name for alternatives in rule.requires for name in alternatives):
            kind, colon, what = name.partition(":")
            if kind in COUNTED:
                yield from self._known([what], COUNTED[kind], *path)
            elif colon:
                yield from self._event(name, *path)
            elif name not in EVENT_KEYS:
                yield from self._known([name.partition(".")[0]], (*self.fields, *EVENT_KEYS), *path)

    def _apart(self, rule: Rule, *path: str) -> Iterator[Problem]:
        """A rule is about moves, about events, or about the settings; what goes with another of them says nothing."""
        moves = {"to": rule.to, "requires": rule.requires}
        records = {"from": rule.from_, "when": rule.when, "since": rule.since, **moves, "did": rule.did}
        others, about = (records, "settings") if rule.settings else (moves, "did")
        wrong = [name for name, value in others.items() if value] if rule.settings or rule.did else []
        if wrong:
            message = _("a rule with '{about}' can't have {keys}; write two rules")
            message = message.format(about=about, keys=", ".join(wrong))
            yield problem(find(self.root, path), "E071", message)
        if rule.settings and not (rule.roles or rule.signed):
            message = _("a rule with 'settings' says who may change them; add roles or signed: true")
            yield problem(find(self.root, path), "E071", message)

    def _clock(self, clock: Clock) -> Iterator[Problem]:
        path = ("clocks", clock.name)
        for pattern in (*clock.starts, *clock.stops, *clock.ends):
            if pattern != REOPEN:
                yield from self._event(pattern, *path)
        for target in clock.targets:
            yield from self._when(target.when, *path, "targets", target.name)

    def _escalation(self, escalation: Escalation) -> Iterator[Problem]:
        path = ("escalations", escalation.name)
        yield from self._when({**escalation.when, "severity": (escalation.severity,)}, *path)
        yield from self._known((name.partition(".")[0] for name in escalation.has), self.fields, *path)

    def _duties(self) -> Iterator[Problem]:
        departments = self.profile.terms["departments"]
        for route in self.profile.routes:
            yield from self._when(route.when, "routing", route.name)
            yield from self._known((name.partition(".")[0] for name in route.has), self.fields, "routing", route.name)
            yield from self._known(route.departments if departments else (), departments, "routing", route.name)
        for share in self.profile.shares:
            yield from self._when(share.when, "shares", share.name)
            yield from self._known([share.did.partition("/")[0]], VERBS, "shares", share.name)

    def _event(self, pattern: str, *path: str) -> Iterator[Problem]:
        kind, _colon, name = pattern.partition(":")
        if kind == "to":
            yield from self._known([name], self.profile.states, *path)
        elif kind == "did":
            yield from self._known([name.partition("/")[0]], VERBS, *path)
        else:
            message = _("'{pattern}' is not an event; write to:STATE, did:VERB, did:VERB/ABOUT or reopen")
            yield problem(find(self.root, path), "E071", message.format(pattern=pattern))

    def _when(self, when: When, *path: str) -> Iterator[Problem]:
        named = {field: terms for field, terms in self.profile.terms.items() if terms}
        known: dict[str, Collection[str]] = {**named, "status": self.profile.states}
        for field, values in when.items():
            first = field.partition(".")[0]
            if not first.startswith("x-"):
                yield from self._known([first], self.fields, *path)
            if field in known:
                parts = {part for name in known[field] for part in _with_parents(name)}
                yield from self._known(values, parts, *path)

    def _known(self, names: Iterable[str], known: Collection[str], *path: str) -> Iterator[Problem]:
        for name in names:
            if name not in known:
                message = _("'{name}' is not defined").format(name=name) + did_you_mean(name, known)
                yield problem(find(self.root, path), "E071", message)


def _with_parents(name: str) -> Iterator[str]:
    """`a/b/c`, `a/b` and `a`: a category stands for all below it."""
    yield name
    while "/" in name:
        name = name.rpartition("/")[0]
        yield name
