"""The clocks of a profile as data: which events start and stop them, and how long they may run."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from cpl.moments import Duration
from cpl.overlay import find
from cpl.profile_rules import When
from cpl.schema import count, day, duration, flag, list_of, map_of, struct, text, word
from cpl.values import frozen
from cpl.yaml_nodes import MappingNode, Node


@frozen
class Target:
    """How long a clock may run for the records that match `when`; `place` is the file and line that say so."""

    name: str
    when: When
    within: Duration
    warn: Duration | None
    since: date | None
    clause: str | None
    place: str


@frozen
class Clock:
    """A deadline by rule: which events start, stop and end it, and its targets, first match first.

    After `attempts` that reached nobody it is stopped too; None: these never stop it.
    """

    name: str
    label: Mapping[str, str]
    starts: tuple[str, ...]
    stops: tuple[str, ...]
    ends: tuple[str, ...]
    pauses: bool
    repeat: bool
    attempts: int | None
    targets: tuple[Target, ...]


_TARGET: Final = struct(
    {"when": map_of(list_of(text)), "within": duration, "warn": duration, "since": day, "clause": text, "off": flag},
    required=["within"],
)
CLOCK: Final = struct(
    {
        "label": map_of(text),
        "starts": list_of(word),
        "stops": list_of(word),
        "ends": list_of(word),
        "pauses": flag,
        "repeat": flag,
        "attempts": count,
        "was": list_of(word),
        "off": flag,
        "targets": map_of(_TARGET),
    },
    required=["starts", "stops", "targets"],
)


def read_clock(name: str, data: Mapping[str, Any], root: MappingNode) -> Clock:
    """The clock that the mapping of its keys says; `root` tells where its targets stand."""
    places = {each: find(root, ("clocks", name, "targets", each)) for each in data["targets"]}
    return Clock(
        name,
        data.get("label", {}),
        starts=data["starts"],
        stops=data["stops"],
        ends=data.get("ends", ()),
        pauses=data.get("pauses", False),
        repeat=data.get("repeat", False),
        attempts=data.get("attempts"),
        targets=tuple(_target(each, target, places[each]) for each, target in data["targets"].items()),
    )


def _target(name: str, data: Mapping[str, Any], node: Node) -> Target:
    rest = {key: data.get(key) for key in ("warn", "since", "clause")}
    return Target(name, data.get("when", {}), data["within"], **rest, place=f"{node.source.path}:{node.line}")
