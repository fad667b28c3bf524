"""Records of before a rename, with the names that the profile has now; the files keep what was written."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from cpl.events import Event
from cpl.profile import Profile
from cpl.profile_names import CLOCK_NAME, STATUS
from cpl.record import HISTORY, Record, build
from cpl.values import replace


def current(record: Record, profile: Profile) -> Record:
    """The record with the profile's present names for states, terms and clocks, in its fields and its events."""
    if not profile.former:
        return record
    history = current_events(record.history, profile)
    fields = {**_renamed(record.fields, profile), HISTORY: history}
    if fields == {**record.fields, HISTORY: record.history}:
        return record
    return build(fields)


def current_events(events: Collection[Event], profile: Profile) -> tuple[Event, ...]:
    """The events with the profile's present names."""
    return tuple(_event(each, profile) for each in events)


def _event(event: Event, profile: Profile) -> Event:
    data = dict(event.data)
    for name, field in (("to", STATUS), ("clock", CLOCK_NAME)):
        if name in data:
            data[name] = profile.present_name(field, data[name])
    for name in ("set", "was"):
        if name in data:
            data[name] = _renamed(data[name], profile)
    if "to" in (voided := data.get("event", {})):
        data["event"] = {**voided, "to": profile.present_name(STATUS, voided["to"])}
    return event if data == event.data else replace(event, to=data.get("to"), data=data)


def _renamed(fields: Mapping[str, Any], profile: Profile) -> dict[str, Any]:
    """Fields with their names as they are now; a dotted one such as order.size stands in a mapping."""
    result = dict(fields)
    for field in profile.former:
        first, _dot, rest = field.partition(".")
        value = result.get(first)
        if rest and isinstance(value, Mapping) and rest in value:
            result[first] = {**value, rest: profile.present_name(field, value[rest])}
        elif not rest and isinstance(value, tuple):
            result[first] = tuple(profile.present_name(field, each) for each in value)
        elif not rest and isinstance(value, str):
            result[first] = profile.present_name(field, value)
    return result
