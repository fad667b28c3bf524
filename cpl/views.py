"""A record as a template gets it: texts in the store's zone and the form's language, lists and mappings; nothing else.

Every name is always there, as None or empty where the record has nothing, so that a slip in a template is noticed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from cpl import clocks, promises, sections
from cpl.clocks import Run
from cpl.config import Settings
from cpl.events import Event
from cpl.moments import Duration
from cpl.patterns import regex
from cpl.profile import Term
from cpl.record import DESCRIPTION_SECTION, LOG_SECTION, Record, piece_of
from cpl.renames import current
from cpl.routing import answer_by
from cpl.values import frozen

View = dict[str, Any]

PLACE_PARTS: Final = ("building", "unit", "room")
_LOCATION: Final = ("site", "area", "building", "unit", "floor", "room", "spot")
_PERSON: Final = ("name", "phone", "email", "role", "room", "address")
_ORDER: Final = ("size", "paid", "price", "crew", "appointment", "charge")
_FINDING: Final = ("responsible", "share", "cause", "text")
_EVIDENCE: Final = ("file", "source", "taken_at", "text")
_EVENT: Final = ("about", "reached", "satisfied", "reason", "text", "until", "whom", "people", "task", "due")
_SECTIONS: Final = {name.lower(): name for name in (DESCRIPTION_SECTION, "Investigation", "Plan", "Result")}
_NOTE: Final = regex(r"(?P<at>\d{4}-\d\d-\d\d \d\d:\d\d) (?P<by>[^ ,]+), (?P<what>.*)")
# By language, not by gettext: a form may be in another language than the messages of cpl.
_UNITS: Final[Mapping[str, Mapping[str, tuple[str, str]]]] = {
    "en": {
        "m": ("1 minute", "{n} minutes"),
        "h": ("1 hour", "{n} hours"),
        "d": ("1 day", "{n} days"),
        "mo": ("1 month", "{n} months"),
        "bh": ("1 business hour", "{n} business hours"),
        "bd": ("1 business day", "{n} business days"),
        "same-day": ("the same day", "the same day"),
    },
    "zh": {
        "m": ("{n} 分钟", "{n} 分钟"),
        "h": ("{n} 小时", "{n} 小时"),
        "d": ("{n} 天", "{n} 天"),
        "mo": ("{n} 个月", "{n} 个月"),
        "bh": ("{n} 个工作小时", "{n} 个工作小时"),
        "bd": ("{n} 个工作日", "{n} 个工作日"),
        "same-day": ("当日", "当日"),
    },
}
_REPLIES: Final = ("reply", "written-reply")


@frozen
class Views:
    """What records look like at `now` in a language."""

    settings: Settings
    language: str
    now: datetime

    def common(self) -> View:
        """What every template gets."""
        return {
            "store": self.settings.name,
            "now": self.plain(self.now),
            "today": self.plain(self.now)[:10],
            "appeal": self.settings.profile.appeal.get(self.language) or "",
        }

    def record(self, record: Record, body: str = "") -> View:
        """A record with the sections of its body."""
        record = current(record, self.settings.profile)
        texts = sections.by_heading(body)
        view = {name: self.label(name, record.get(name)) for name in ("kind", "nature", "severity", "category")}
        return {
            **view,
            **{name: self.plain(record.get(name)) for name in ("id", "title", "object", "cause", "forwarded_by")},
            "piece": piece_of(record.id),
            "status": self.state(record.status),
            "received_at": self.plain(record.received_at),
            "happened_at": self.plain(record.get("happened_at")),
            **self._channel(record),
            "location": self._parts(record.get("location"), _LOCATION),
            "place": place_of(record),
            **self._people(record),
            "demands": self.plain(record.get("demands") or ()),
            "tags": self.plain(record.get("tags") or ()),
            "order": self._order(record),
            "finding": self._parts(record.get("finding"), _FINDING),
            "evidence": [self._parts(each, _EVIDENCE) for each in record.get("evidence") or ()],
            "tasks": [self._task(each) for each in promises.fates(record, self.now)],
            "clocks": self._clocks(record),
            "extra": {name[2:]: self.plain(value) for name, value in record.fields.items() if name.startswith("x-")},
            "sections": texts,
            **{name: texts.get(heading, "") for name, heading in _SECTIONS.items()},
            "notes": self.notes(texts.get(LOG_SECTION, "")),
            **self._story(record),
        }

    def label(self, field: str, name: str | None) -> str | None:
        """What the profile calls a name of one of its maps, in the language."""
        terms: Mapping[str, Term] = self.settings.profile.terms.get(field, {})
        return None if name is None else self._called(terms.get(name), name)

    def state(self, name: str | None) -> str | None:
        """What the profile calls a state."""
        state = None if name is None else self.settings.profile.states.get(name)
        return name if state is None else state.label.get(self.language, state.name)

    def is_final(self, record: Record) -> bool:
        """Whether nothing is left to be done on the record."""
        return self.settings.profile.is_final(current(record, self.settings.profile).status)

    def person(self, identifier: str | None) -> str | None:
        """The name of one of the people, the identifier of anybody else."""
        person = None if identifier is None else self.settings.people.get(identifier)
        return identifier if person is None else person.name

    def length(self, duration: Duration) -> str:
        """A length of a procedure in words, such as 2 business days."""
        one, many = _UNITS.get(self.language, _UNITS["en"])[duration.unit]
        return (one if duration.amount == 1 else many).format(n=duration.amount)

    def plain(self, value: Any) -> Any:
        """A value of a record as text, list or mapping; instants to the minute, in the store's zone."""
        if isinstance(value, datetime):
            return f"{value.astimezone(self.settings.zone):%Y-%m-%d %H:%M}"
        if isinstance(value, date):
            return value.isoformat()
        if isinstance(value, Decimal):
            return f"{value:f}"
        if isinstance(value, Mapping):
            return {name: self.plain(each) for name, each in value.items()}
        if isinstance(value, tuple | list):
            return [self.plain(each) for each in value]
        return value

    def _called(self, term: Term | None, name: str) -> str:
        return name if term is None else term.label.get(self.language, name)

    def _parts(self, value: Mapping[str, Any] | None, names: Iterable[str]) -> View:
        """A mapping with all of these names, and whatever else it has."""
        return {**dict.fromkeys(names), **self.plain(value or {})}

    def _channel(self, record: Record) -> View:
        """The channel with its scope, within what time it is answered, and so by when (CS-2)."""
        name: str | None = record.get("channel")
        channel = None if name is None else self.settings.profile.channels.get(name)
        return {
            "channel": self.label("channel", name),
            "channel_scope": "" if channel is None else channel.scope.get(self.language, ""),
            "channel_within": None if channel is None or channel.within is None else self.length(channel.within),
            "channel_by": self.plain(answer_by(record, self.settings)),
        }

    def _people(self, record: Record) -> View:
        complainant = record.get("complainant")
        others = (complainant or {}).get("others") or ()
        return {
            "complainant": {
                **self._parts(complainant, _PERSON),
                "others": [self._parts(each, _PERSON) for each in others],
            },
            "people": record.people,
            "lead": self.person(record.lead),
            "assignee": self.person(record.get("assignee")),
            "departments": [self.label("departments", name) for name in record.get("departments") or ()],
        }

    def _order(self, record: Record) -> View:
        order = self._parts(record.get("order"), _ORDER)
        crew = order["crew"] or []
        return {**order, "size": self.label("order.size", order["size"]), "crew": [self.person(each) for each in crew]}

    def _task(self, fate: promises.Fate) -> View:
        task = fate.task
        ends = {"done_at": self.plain(task.done_at), "due": self.plain(task.due), "is_open": task.is_open}
        known = {"id": task.id, "kind": task.kind, "text": task.text, "outcome": fate.outcome}
        return {**known, "who": self.person(task.who), **ends}

    def _clocks(self, record: Record) -> list[View]:
        profile = self.settings.profile
        return [self.run(run) for run in clocks.runs(record, profile, self.settings.worktime, self.now)]

    def run(self, run: Run) -> View:
        """A run of a clock."""
        clock = self.settings.profile.clocks[run.clock]
        return {
            "clock": clock.label.get(self.language, clock.name),
            "due": self.plain(run.due_at),
            "stopped_at": self.plain(run.stopped_at),
            "result": run.result,
            "clause": run.clause,
            "agreed": run.basis == "agreed",
        }

    def _story(self, record: Record) -> View:
        """The events that count, and what is asked about most."""
        events = [self.event(event) for event in record.events]

        def all_of(verb: str) -> list[View]:
            return [each for each in events if each["did"] == verb and each["reached"] is not False]

        contacts, asked = all_of("contact"), all_of("follow-up")
        answered = [each for each in asked if each["satisfied"] is not None]
        ends = [each for each, event in zip(events, record.events, strict=True) if self._is_end(event)]
        return {
            "events": events,
            "contacts": contacts,
            "reply": _last(each for each in contacts if each["about"] in _REPLIES),
            "instructions": all_of("instruct"),
            "sign_offs": all_of("sign-off"),
            "handovers": all_of("handover"),
            "follow_ups": asked,
            "satisfied": answered[-1]["satisfied"] if answered else None,
            "scores": [score for each in answered[-1:] for score in each["scores"]],
            "arrived_at": _at(all_of("arrive")),
            "finished_at": _at(all_of("finish")),
            "closed_at": _at(ends) if self.settings.profile.is_final(record.status) else None,
        }

    def notes(self, log: str) -> list[View]:
        """What stands in a handling log, in its order; a part that somebody wrote by hand has no time and no name."""
        found = []
        for heading, whole in sections.parts(log, "###"):
            text = whole.partition("\n")[2] if heading else whole
            match = _NOTE.fullmatch(heading)
            known = {"at": "", "by": "", "what": heading} if match is None else match.groupdict()
            if heading or text.strip():
                found.append({**known, "by": self.person(known["by"] or None), "text": text.strip()})
        return found

    def _is_end(self, event: Event) -> bool:
        return event.is_move and self.settings.profile.is_final(event.to)

    def event(self, event: Event) -> View:
        """An event with every field that one can have."""
        data = event.data
        return {
            **self._parts({name: data[name] for name in _EVENT if name in data}, _EVENT),
            "at": self.plain(event.at),
            "by": self.person(event.by),
            "who": self.person(data.get("who")),
            "to": self.state(event.to),
            "did": event.did,
            "via": self.label("channel", data.get("via")),
            "scores": [{"name": name, "score": score} for name, score in (data.get("scores") or {}).items()],
        }


def place_of(record: Record) -> str:
    """Building, unit and room with `-` between them, as one asks for it, and the spot."""
    location = record.get("location") or {}
    room = "-".join(location[part] for part in PLACE_PARTS if location.get(part))
    return " ".join(part for part in (room, location.get("spot")) if part)


def _last(events: Iterable[View]) -> View | None:
    found = list(events)
    return found[-1] if found else None


def _at(events: list[View]) -> str | None:
    return events[-1]["at"] if events else None
