"""One event of a record's history: its verbs and fields, and which events count; no rules about who may do what."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import field
from datetime import datetime
from functools import cache
from gettext import gettext as _
from operator import lt
from typing import Any, Final, NamedTuple

from cpl.errors import Problem
from cpl.moments import MILLISECOND, format_instant
from cpl.schema import (
    Converter,
    Struct,
    count,
    did_you_mean,
    flag,
    instant,
    integer,
    list_of,
    map_of,
    problem,
    shaped,
    struct,
    text,
    word,
)
from cpl.values import frozen
from cpl.yaml_nodes import MappingNode, Node, ScalarNode

# What a `set` may hold, by the verb that sets it: the judged fields of a record, and a task's due.
GIVEN_FIELDS: Final[Mapping[str, Converter]] = {"assignee": word, "departments": list_of(word)}
JUDGED_FIELDS: Final[Mapping[str, Converter]] = {
    "kind": word,
    "nature": word,
    "severity": word,
    "category": word,
}
CORRECTED_FIELDS: Final[Mapping[str, Converter]] = {
    **JUDGED_FIELDS,
    "received_at": instant,
    "channel": word,
    "lead": word,
}
_NOTHING: Final[Mapping[str, Any]] = {}
TASK_FIELDS: Final[Mapping[str, Converter]] = {"due": instant}
FOLLOW_UPS: Final = ("desk", "management", "office")  # who asks: the desk, or a re-check
SET_BY_EVENTS: Final = frozenset({"status", *GIVEN_FIELDS, *CORRECTED_FIELDS})

COMMON: Final[Mapping[str, Converter]] = {
    "at": instant,
    "by": text,
    "text": text,
    "recorded_at": instant,
    "recorded_by": text,
}
MOVE: Final[Mapping[str, Converter]] = {"to": word, "reason": text, "until": instant}
_NAMED: Final = struct({"at": instant, "to": word, "did": word}, required=["at"])


@shaped(_NAMED)
def _voided(node: Node, problems: list[Problem]) -> Mapping[str, Any] | None:
    named: Mapping[str, Any] | None = _NAMED(node, problems)
    if named is not None and ("to" in named) == ("did" in named):
        message = _("name the event by its 'at' and its 'to' or 'did', as in {at: …, to: STATE}")
        problems.append(problem(node, "E051", message))
    return named


@frozen
class Verb:
    """What an event `did: VERB` may and must hold besides who, when and free text."""

    fields: Mapping[str, Converter]
    required: tuple[str, ...] = ()


def _change(fields: Mapping[str, Converter]) -> Verb:
    shape: dict[str, Converter] = {"set": struct(fields), "was": struct(fields), "reason": text, "rule": text}
    return Verb(shape, required=("set", "reason"))


def _change_of_task() -> Verb:
    change = _change(TASK_FIELDS)
    return Verb({**change.fields, "task": word}, required=(*change.required, "task"))


VERBS: Final[Mapping[str, Verb]] = {
    "assign": Verb({"set": struct(GIVEN_FIELDS), "was": struct(GIVEN_FIELDS)}, required=("set",)),
    "handover": Verb({}),
    "contact": Verb({"via": word, "about": word, "reached": flag}, required=("via", "about")),
    "classify": _change(JUDGED_FIELDS),
    "correct": _change(CORRECTED_FIELDS),
    "reschedule": _change_of_task(),
    "agree": Verb({"clock": word, "due": instant}, required=("clock", "due")),
    "done": Verb({"task": word, "reason": text}, required=("task",)),
    "drop": Verb({"task": word, "reason": text}, required=("task", "reason")),
    "arrive": Verb({}),
    "finish": Verb({}),
    "instruct": Verb({}),
    "sign-off": Verb({"about": word, "who": text}, required=("about",)),
    "forward": Verb({"whom": text}, required=("whom",)),
    "join": Verb({"people": count, "room": text}, required=("people",)),
    "follow-up": Verb(
        {"via": word, "reached": flag, "satisfied": flag, "scores": map_of(integer), "about": word},
        required=("via", "about"),
    ),
    "void": Verb({"event": _voided, "reason": text}, required=("event", "reason")),
}


@frozen
class Event:
    """One thing that happened: a move (`to`) or a deed (`did`); `data` holds every field as it was recorded."""

    at: datetime
    by: str
    to: str | None
    did: str | None
    data: Mapping[str, Any]
    line: int = field(default=0, compare=False)

    @property
    def is_move(self) -> bool:
        """Whether the event changes the status."""
        return self.to is not None

    @property
    def key(self) -> str:
        """The event's name in a profile: `to:STATE` or `did:VERB`."""
        return f"did:{self.did}" if self.to is None else f"to:{self.to}"

    @property
    def sets(self) -> Mapping[str, Any]:
        """The fields that the event sets; None for one that a judgement took away: its `was` has it, its `set` not."""
        values: Mapping[str, Any] = self.data.get("set", _NOTHING)
        if self.did not in ("classify", "correct"):
            return values
        return {name: values.get(name) for name in (*self.data.get("was", {}), *values)}

    @property
    def reached(self) -> bool:
        """False for an attempt that reached nobody; it stops no clock and meets no requirement."""
        return self.data.get("reached") is not False

    @property
    def names(self) -> set[str]:
        """What a profile can call the event: `to:STATE`, `did:VERB` or `did:VERB/WHAT`.

        WHAT is the event's `about`, the clock that it agrees on a date for, one of its flags that is true
        (`did:follow-up/satisfied`), or one of its scores; none: any.
        """
        key = self.key
        names = {key, f"{key}/", f"{key}/{self.data.get('about', '')}", f"{key}/{self.data.get('clock', '')}"}
        for name, value in self.data.items():
            if value is True:
                names.add(f"{key}/{name}")
            elif name == "scores":
                names.update(f"{key}/{score}" for score in value)
        return names

    def is_called(self, name: str) -> bool:
        """Whether that is one of its names."""
        key = self.key  # by it most names are told apart
        return name.startswith(key) and (name == f"{key}/{self.data.get('about', '')}" or name in self.names)

    def matches(self, pattern: str) -> bool:
        """Whether the event is what one of its names says; an attempt that reached nobody is none of these."""
        return self.reached and self.is_called(pattern)

    def sort_key(self) -> tuple[datetime, str]:
        """Order in the history: by `at`; a tie is broken by the event's canonical JSON."""
        return self.at, canonical(self.data)

    def precedes(self, other: Event) -> bool:
        """Whether the event stands before `other` in a history."""
        if self.at != other.at or self is other:
            return self.at < other.at
        return self.sort_key() < other.sort_key()


def canonical(data: Mapping[str, Any]) -> str:
    """`data` as JSON with sorted keys, the same for the same event however it was written."""
    import json  # 2 ms that a look at a few records does not need

    return json.dumps(data, sort_keys=True, ensure_ascii=False, default=_plain)


def _plain(value: object) -> str:
    return format_instant(value) if isinstance(value, datetime) else str(value)


def read_event(node: Node, problems: list[Problem]) -> Event | None:
    """The event that `node` holds, or None after adding what is wrong with it (E051 and the codes of `schema`)."""
    if not isinstance(node, MappingNode):
        problems.append(problem(node, "E051", _("an event is a mapping like {at: …, by: …, to: …}")))
        return None
    shape = _shape(node, problems)
    if shape is None:
        return None
    found: list[Problem] = []
    data = shape(node, found)
    problems.extend(found)
    if found or data is None:
        return None
    return Event(data["at"], data["by"], data.get("to"), data.get("did"), data, node.line)


def _shape(node: MappingNode, problems: list[Problem]) -> Struct | None:
    to, did = node.get("to"), node.get("did")
    if (to is None) == (did is None):
        message = _("an event has either 'to' (a move) or 'did' (a deed), one of the two")
        problems.append(problem(node, "E051", message))
        return None
    if to is not None:
        return shape_of(None)
    name = did.text if isinstance(did, ScalarNode) else "…"
    if name not in VERBS:
        message = _("'{name}' is not a verb that an event can have").format(name=name) + did_you_mean(name, VERBS)
        problems.append(problem(node, "E051", message))
        return None
    return shape_of(name)


@cache
def shape_of(did: str | None) -> Struct:
    """What a move (None), or a deed of that verb, consists of."""
    verb = Verb(MOVE, required=("to",)) if did is None else VERBS[did]
    own = {} if did is None else {"did": word}
    return struct({**COMMON, **own, **verb.fields}, ("at", "by", *verb.required), extra=True)


def void_target(event: Event) -> tuple[datetime, str]:
    """The `at` and the key of the event that a `void` event takes back."""
    named = event.data["event"]
    return named["at"], f"to:{named['to']}" if "to" in named else f"did:{named['did']}"


def in_order(history: Collection[Event]) -> tuple[Event, ...]:
    """The events of a history, which may stand there in any order, in the order in which they happened."""
    if rise(history):  # of nearly all records it is so, and this takes a third of the time
        return tuple(history)
    has_ties = len({event.at for event in history}) < len(history)
    return tuple(sorted(history, key=Event.sort_key if has_ties else _at))


def rise(history: Collection[Event]) -> bool:
    """Whether each event is later than the one that stands before it."""
    ats = [event.at for event in history]
    return all(map(lt, ats, ats[1:]))


def _at(event: Event) -> datetime:
    return event.at


class Words(NamedTuple):
    """What stands in the events of a history at all: by this it is soon told that there is nothing to look into."""

    by: Set[str]
    to: Set[str | None]
    did: Set[str | None]
    keys: Set[str]


def words_of(history: Sequence[Event]) -> Words:
    """The words of a history."""
    return Words(
        {event.by for event in history},
        {event.to for event in history},
        {event.did for event in history},
        set().union(*[event.data for event in history]),
    )


def preceding(events: Sequence[Event], event: Event) -> int:
    """How many of `events`, which are in order, precede `event`."""
    place = bisect_left(events, event.at, key=_at)
    while place < len(events) and events[place].precedes(event):
        place += 1
    return place


def effective(history: Iterable[Event]) -> tuple[Event, ...]:
    """The events of a history that count: without those that a `void` takes back, and without the voids."""
    events = tuple(history)
    taken_back = {void_target(event) for event in events if event.did == "void"}
    if not taken_back:
        return events
    return tuple(event for event in events if event.did != "void" and (event.at, event.key) not in taken_back)


def set_last(history: Sequence[Event], name: str, task: str | None = None) -> Any:
    """What the events of a history in order have made of a field, or of a task's field; None: they took it away.

    Where all that set it have been voided, it is what it was before the first of them.

    Raises:
        ValueError: no event ever set it.
    """
    setters = [event for event in history if name in event.sets and event.data.get("task") == task]
    if not setters:
        raise ValueError(f"no event sets {name!r}")
    kept = effective(history)
    values = [event.sets[name] for event in setters if event in kept]
    return values[-1] if values else setters[0].data.get("was", {}).get(name)


def free_instant(at: datetime, taken: Collection[datetime]) -> datetime:
    """`at`, or the next millisecond at which no other event of the record stands."""
    while at in taken:
        at += MILLISECOND
    return at


def instants(fields: Mapping[str, Any]) -> Iterator[datetime]:
    """Every instant in a record's fields, those of its events too."""
    left: list[Any] = [*fields.values()]
    while left:
        value = left.pop()
        kind = type(value)  # much faster than isinstance with the abstract Mapping
        if kind is datetime:
            yield value
        elif kind is dict:
            left += value.values()
        elif kind is tuple:
            left += value
        elif kind is Event:
            left += value.data.values()
