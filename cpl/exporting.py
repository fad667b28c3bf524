"""A record as what may leave the store: no complainant, no room, no body and none of an event's words."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any, Final

from cpl.events import Event
from cpl.profile import Profile
from cpl.record import PLACES, Record, Task
from cpl.redaction import redacted
from cpl.render import Cell

_NAMES: Final = ("nature", "severity", "category", "channel")
_WORDS: Final = ("object", "cause", "forwarded_by")  # free text, freed of what identifies people
_NUMBERS: Final = {"order": ("size", "paid", "price", "charge"), "finding": ("responsible", "share", "cause")}
# Of an event only what is a name, an instant, a flag or a number.
_OF_EVENT: Final = (
    *("at", "by", "to", "did", "until", "recorded_at", "recorded_by", "via", "about", "reached", "satisfied", "scores"),
    *("clock", "due", "task", "set", "was", "rule", "event", "people"),
)


def columns() -> tuple[str, ...]:
    """The names of the fields of a row, in order."""
    nested = (f"{name}.{part}" for name, parts in _NUMBERS.items() for part in parts)
    return (
        *("id", "title", "kind", "status", *_NAMES, "tags", "received_at", "closed_at", "reopened", *PLACES, "people"),
        *("lead", "assignee", "departments", *_WORDS, *nested, "links", "source.system", "source.key"),
        *("tasks", "evidence"),
    )


def row(record: Record, profile: Profile) -> dict[str, Cell]:
    """The record as one row: of tasks and evidence only how many they are."""
    flat: dict[str, Any] = {name: record.get(name) for name in columns()}
    return {
        **flat,
        **{name: _redacted(record, record.get(name)) for name in ("title", "tags", *_WORDS)},
        **{name: _redacted(record, record.get(f"location.{name}")) for name in PLACES},
        **{name: _redacted(record, record.get(name)) for name in ("finding.responsible", "finding.share")},
        **_ends(record, profile),
        "people": record.people,
        "links": [f"{each['as']}: {each['id']}" for each in record.get("links") or ()],
        "tasks": len(record.tasks),
        "evidence": len(record.get("evidence") or ()),
    }


def whole(record: Record, profile: Profile) -> dict[str, Cell]:
    """The record with its links, tasks and events, each of them without its words."""
    return {
        **row(record, profile),
        "links": [dict(each) for each in record.get("links") or ()],
        "tasks": [_task(each) for each in record.tasks],
        "events": [_event(record, each) for each in record.events],
    }


def _ends(record: Record, profile: Profile) -> dict[str, Cell]:
    """When it came into the final state that it is in, and how often it was taken out of one."""
    moves = [event for event in record.events if event.is_move]
    finals = [profile.is_final(event.to) for event in moves]
    reopened = sum(before and not after for before, after in pairwise(finals))
    return {"closed_at": moves[-1].at if finals and finals[-1] else None, "reopened": reopened}


def _task(task: Task) -> dict[str, Cell]:
    times = {"made_at": task.made_at, "due": task.due, "done_at": task.done_at, "dropped_at": task.dropped_at}
    return {"id": task.id, "kind": task.kind, "who": task.who, **times}


def _event(record: Record, event: Event) -> dict[str, Cell]:
    found = {name: _cell(event.data[name]) for name in _OF_EVENT if name in event.data}
    return found | ({"rule": redacted(record, event.data["rule"])} if "rule" in found else {})


def _cell(value: Any) -> Cell:
    if isinstance(value, Mapping):
        return {name: _cell(each) for name, each in value.items()}
    return [_cell(each) for each in value] if isinstance(value, tuple) else value


def _redacted(record: Record, value: Any) -> Any:
    if isinstance(value, tuple):
        return [redacted(record, each) for each in value]
    return redacted(record, value) if isinstance(value, str) else value
