"""A profile with another name for everything that a profile names, and what cpl says by it with the names put back."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from cpl.profile import BACK, TERM_SECTIONS, Profile
from cpl.settings_files import parse
from cpl.yaml_nodes import plain_data
from cpl.yaml_writer import entry

_KEYED: Final = (*TERM_SECTIONS.values(), "states", "roles", "clocks", "links", "moves")  # their keys are names
_NAMES: Final = ("from", "to", "roles", "departments", "medians", "timely")  # these hold names
_FIELDS: Final = ("when", "single-out", "set")  # these hold fields, and names of the profile for some
_EVENTS: Final = ("starts", "stops", "ends")


def other(name: str) -> str:
    """Another name for a state, kind, severity …; it sorts as the first one does."""
    return name if name == BACK else "/".join(f"zz{part}" for part in name.split("/"))


def names_of(profile: Profile) -> set[str]:
    """Every name that a profile gives to something; of a category its parts too."""
    groups: Iterable[Mapping[str, Any]] = (
        profile.states,
        *profile.terms.values(),
        profile.roles,
        profile.clocks,
        profile.relations.links,
    )
    return {part for group in groups for name in group for part in name.split("/")}


def put_back(text: str, names: Iterable[str]) -> str:
    """`text` with all names as they were."""
    pattern = "zz(" + "|".join(sorted(map(re.escape, names), key=len, reverse=True)) + ")"
    return re.sub(pattern, lambda found: found[1], text)


def renamed(profile: str) -> str:
    """The text of a profile file with another name for everything."""
    root: Any = plain_data(parse(profile.encode(), "f.yaml"))
    return "".join(entry(section, _value(section, value)) for section, value in root.items())


def _value(key: str, value: Any) -> Any:
    if key in _NAMES and not isinstance(value, dict):
        return _names(value)
    if key in _FIELDS:
        return {field: _names(each) if field in (*TERM_SECTIONS, "status") else each for field, each in value.items()}
    if key in _EVENTS:
        return [f"to:{other(each[3:])}" if each.startswith("to:") else each for each in value]
    if not isinstance(value, dict):
        return value
    if key == "moves":
        return {other(name): _names(each) for name, each in value.items()}
    is_keyed = key in _KEYED
    return {other(name) if is_keyed else name: _value(name, each) for name, each in value.items()}


def _names(value: Any) -> Any:
    return [other(each) for each in value] if isinstance(value, list) else other(value)
