"""What a profile says about complaints that belong together: links, likeness, and what makes them graver."""

from __future__ import annotations

from collections.abc import Mapping
from gettext import gettext as _
from typing import Any, Final

from cpl.moments import Duration
from cpl.schema import (
    Converter,
    Problems,
    count,
    duration,
    flag,
    list_of,
    map_of,
    one_of,
    problem,
    shaped,
    struct,
    text,
    word,
)
from cpl.values import frozen
from cpl.yaml_nodes import Node

LEVELS: Final = ("site", "area", "building", "unit", "floor", "room", "spot")  # the parts of a place
ADD: Final = "add"
ONCE: Final = "once"


@frozen
class Link:
    """What one complaint can have to do with another.

    `people` says whether the two are about one problem, and how their people are counted: those of both (`add`), or
    of one, for they are the same people (`once`). None: two matters.
    """

    name: str
    label: Mapping[str, str]
    people: str | None


@frozen
class Similar:
    """When two complaints may be about one matter: how many days apart, and which parts of the place are the same."""

    days: int = 30
    place: tuple[str, ...] = ("site", "area", "building")  # as exactly as figures may say it


@frozen
class Group:
    """At least so many people, on the record that is judged and on others at most so many days from it."""

    people: int
    days: int


@frozen
class Repeats:
    """At least so many open records, the one that is judged and others at most so many days from it."""

    count: int
    days: int


@frozen
class Escalation:
    """When an open complaint should get the severity; all that is stated has to hold."""

    name: str
    clause: str | None
    when: Mapping[str, tuple[str, ...]]
    has: tuple[str, ...]
    age: Duration | None
    repeats: Repeats | None
    group: Group | None
    severity: str


_MOST_DAYS: Final = 3660  # ten years; any more could lead beyond the days that Python knows


@shaped(count)
def _days(node: Node, problems: Problems) -> int | None:
    value = count(node, problems)
    if value is not None and value > _MOST_DAYS:
        message = _("{days} days are too many; write at most {most}").format(days=value, most=_MOST_DAYS)
        problems.append(problem(node, "E022", message))
        return None
    return value


_CONDITIONS: Final = ("when", "has", "age", "repeats", "group")
_ESCALATION: Final = struct(
    {
        "label": map_of(text),
        "clause": text,
        "off": flag,
        "when": map_of(list_of(text)),
        "has": list_of(word),
        "age": duration,
        "repeats": struct({"count": count, "days": _days}, required=["count", "days"]),
        "group": struct({"people": count, "days": _days}, required=["people", "days"]),
        "set": struct({"severity": word}, required=["severity"]),
    },
    required=["set"],
)


@shaped(_ESCALATION)
def _escalation(node: Node, problems: Problems) -> Any:
    known = len(problems)
    data: dict[str, Any] | None = _ESCALATION(node, problems)
    if data is not None and len(problems) == known and not any(data.get(name) for name in _CONDITIONS):
        message = _("an escalation says when: {names}").format(names=", ".join(_CONDITIONS))
        problems.append(problem(node, "E021", message))
    return data


SECTIONS: Final[Mapping[str, Converter]] = {
    "links": map_of(struct({"label": map_of(text), "people": one_of((ADD, ONCE)), "clause": text, "off": flag})),
    "similar": struct({"days": _days, "place": list_of(one_of(LEVELS))}),
    "escalations": map_of(_escalation),
}


@frozen
class Relations:
    """The sections of a profile about complaints that belong together."""

    links: Mapping[str, Link]  # none at all: any name will do
    similar: Similar
    escalations: tuple[Escalation, ...]


def read_relations(data: Mapping[str, Any]) -> Relations:
    """What the typed values of a profile's SECTIONS say; a profile that has none of them gets no escalations."""
    links = data.get("links", {})
    return Relations(
        links={name: Link(name, each.get("label", {}), each.get("people")) for name, each in links.items()},
        similar=Similar(**data.get("similar", {})),
        escalations=tuple(_read(name, each) for name, each in data.get("escalations", {}).items()),
    )


def _read(name: str, data: Mapping[str, Any]) -> Escalation:
    return Escalation(
        name,
        clause=data.get("clause"),
        when=data.get("when", {}),
        has=data.get("has", ()),
        age=data.get("age"),
        repeats=Repeats(**data["repeats"]) if "repeats" in data else None,
        group=Group(**data["group"]) if "group" in data else None,
        severity=data["set"]["severity"],
    )
