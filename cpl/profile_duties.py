"""What a profile says of intake and follow-up: how channels are answered, who gets what, what is followed up."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from gettext import gettext as _
from typing import Any, Final

from cpl.moments import Duration
from cpl.profile_rules import When
from cpl.schema import Converter, Problems, duration, flag, list_of, map_of, number, problem, shaped, struct, text, word
from cpl.values import frozen
from cpl.yaml_nodes import Node, ScalarNode

FOLLOW_UP: Final = "follow-up"
_WHOLE: Final = 100


@frozen
class Channel:
    """How complaints come in: what the channel is for, by language, and within what time who uses it is answered."""

    name: str
    label: Mapping[str, str]
    scope: Mapping[str, str]
    within: Duration | None
    clause: str | None


@frozen
class Route:
    """Which departments get the records that match `when` and in which each field of `has` has a value."""

    name: str
    when: When
    has: tuple[str, ...]
    departments: tuple[str, ...]
    clause: str | None


@frozen
class Share:
    """How many percent of the records that match `when` are followed up at a level, which event `did` shows.

    A record counts under the first share of a level that it matches.
    """

    level: str
    when: When
    percent: Decimal
    clause: str | None
    did: str
    name: str


@shaped(text)
def _percent(node: Node, problems: Problems) -> Decimal | None:
    """A share such as `10%`."""
    written = node.text if isinstance(node, ScalarNode) else ""
    before = len(problems)
    value = number(ScalarNode(written.removesuffix("%"), "plain", node.start, node.end, node.source), problems)
    if value is not None and written.endswith("%") and 0 < value <= _WHOLE:
        return value
    del problems[before:]
    problems.append(problem(node, "E022", _("'{value}' is not a share; write one such as 10%").format(value=written)))
    return None


_CHANNEL: Final = struct(
    {
        "label": map_of(text),
        "scope": map_of(text),
        "within": duration,
        "when": map_of(list_of(text)),
        "default": flag,
        "clause": text,
        "was": list_of(word),
        "off": flag,
    }
)
_ROUTE: Final = struct(
    {
        "when": map_of(list_of(text)),
        "has": list_of(word),
        "departments": list_of(word),
        "clause": text,
        "off": flag,
    },
    required=["departments"],
)
_SHARE: Final = struct(
    {"level": word, "when": map_of(list_of(text)), "share": _percent, "did": word, "clause": text, "off": flag},
    required=["share"],
)
SECTIONS: Final[Mapping[str, Converter]] = {
    "channels": map_of(_CHANNEL),
    "routing": map_of(_ROUTE),
    "shares": map_of(_SHARE),
}


def read_channels(data: Mapping[str, Any]) -> dict[str, Channel]:
    """The channels of a profile's typed values."""
    return {name: _channel(name, each) for name, each in data.get("channels", {}).items()}


def _channel(name: str, data: Mapping[str, Any]) -> Channel:
    return Channel(name, data.get("label", {}), data.get("scope", {}), data.get("within"), data.get("clause"))


def read_routes(data: Mapping[str, Any]) -> tuple[Route, ...]:
    """The routes of a profile's typed values, in their order."""
    return tuple(
        Route(name, each.get("when", {}), each.get("has", ()), each["departments"], each.get("clause"))
        for name, each in data.get("routing", {}).items()
    )


def read_shares(data: Mapping[str, Any]) -> tuple[Share, ...]:
    """The shares of a profile's typed values, in their order; one that names no level is called by it."""
    return tuple(_share(name, each) for name, each in data.get("shares", {}).items())


def _share(name: str, data: Mapping[str, Any]) -> Share:
    level = data.get("level", name)
    did = data.get("did", f"{FOLLOW_UP}/{level}")
    return Share(level, data.get("when", {}), data["share"], data.get("clause"), did, name)
