"""A complaint as typed values: which fields a record has and what its events make of them; no rules of a procedure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta, tzinfo
from gettext import gettext as _
from typing import Any, Final

from cpl.document import Document
from cpl.errors import Problem
from cpl.events import JUDGED_FIELDS, Event, effective, in_order, preceding, read_event
from cpl.patterns import regex
from cpl.schema import Converter, Problems, count, flag, instant, list_of, moment, number, problem, struct, text, word
from cpl.task_fields import TASK
from cpl.values import field, frozen, replace
from cpl.yaml_nodes import MappingNode, Node, SequenceNode

ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford base32: no I L O U
_LOOK_ALIKES: Final = str.maketrans("OIL", "011")
_VALUES: Final = bytes.maketrans(ALPHABET.encode(), bytes(range(32)))
_DOUBLED: Final = bytes.maketrans(ALPHABET.encode(), bytes(2 * value // 32 + 2 * value % 32 for value in range(32)))
_ID: Final = regex(r"CPL-([0-9]{8})-([0-9A-HJKMNP-TV-Z]{7})")

HISTORY: Final = "history"
NAMED: Final = {"tasks": "id", "evidence": "file"}  # lists whose items have a name; none is ever removed
LOG_SECTION: Final = "Handling log"
DESCRIPTION_SECTION: Final = "Description"


def _id(node: Node, problems: Problems) -> str | None:
    value = word(node, problems)
    if value is not None and not is_id(value):
        message = _("'{value}' is not an id like CPL-20261122-7K3QDXZ whose last character checks the others")
        problems.append(problem(node, "E030", message.format(value=value)))
    return value


def _title(node: Node, problems: Problems) -> str | None:
    value = text(node, problems)
    if value is not None and (not value.strip() or len(value.splitlines()) > 1):
        problems.append(problem(node, "E022", _("the title is one line that says what it is about")))
    return value


_PERSON: Final = {"name": text, "phone": text, "email": text, "role": word, "room": text, "address": text}
_EVIDENCE: Final = {"file": text, "sha256": text, "source": text, "taken_at": moment, "text": text}

# Every key a record can have, in the order in which cpl writes them.
FIELDS: Final[Mapping[str, Converter]] = {
    "id": _id,
    "title": _title,
    "kind": word,
    "status": word,
    "nature": word,
    "severity": word,
    "category": word,
    "tags": list_of(word),
    "channel": word,
    "received_at": instant,
    "happened_at": moment,
    "location": struct(
        {"site": text, "building": text, "unit": text, "room": text, "floor": text, "spot": text, "area": text},
        extra=True,
    ),
    "object": text,
    "cause": text,
    "complainant": struct({**_PERSON, "people": count, "others": list_of(struct(_PERSON, extra=True))}, extra=True),
    "lead": text,
    "departments": list_of(word),
    "assignee": text,
    "demands": list_of(text),
    "order": struct(
        {
            "size": word,
            "paid": flag,
            "price": number,
            "crew": list_of(text),
            "appointment": instant,
            "charge": number,
            "items": list_of(word),
        },
        extra=True,
    ),
    "forwarded_by": text,
    "finding": struct({"responsible": text, "share": text, "cause": word, "text": text}, extra=True),
    "costs": list_of(struct({"text": text, "at": moment, "amount": number, "hours": number}, ["text"], extra=True)),
    "links": list_of(struct({"as": word, "id": _id}, required=["as", "id"])),
    "source": struct({"system": word, "key": text, "clocks": list_of(word)}, required=["system", "key"]),
    HISTORY: list_of(read_event),
    "tasks": list_of(TASK),
    "evidence": list_of(struct(_EVIDENCE, required=["file", "sha256"], extra=True)),
}
ORDER: Final = tuple(FIELDS)
REQUIRED: Final = ("id", "title", "kind", "status", "received_at", HISTORY)
PERSONAL: Final = frozenset({"complainant"})
# Of a field with parts the one to begin with, for hints.
FIRST_PARTS: Final = {"finding": "finding.text", "order": "order.size", "location": "location.building"}
PLACES: Final = ("site", "area", "building")  # as exactly as a place may stand in figures: never a room


@frozen
class Task:
    """A thing to do with a person and a due; `done_at` and `dropped_at` come from events.

    One that has `every`, a duration, comes again that much later when it is done.
    """

    id: str
    kind: str
    text: str
    who: str | None
    made_at: datetime | None
    due: datetime | None
    every: str | None = None
    done_at: datetime | None = None
    dropped_at: datetime | None = None

    @property
    def is_open(self) -> bool:
        """Whether it is neither done nor dropped."""
        return self.done_at is None and self.dropped_at is None


@frozen
class Record:
    """One complaint; `fields` holds everything in the front matter as typed values, `history` its events in order."""

    fields: Mapping[str, Any]
    history: tuple[Event, ...]
    events: tuple[Event, ...] = field(repr=False)  # those of the history that count

    @property
    def id(self) -> str:
        """`CPL-YYYYMMDD-XXXXXXX`."""
        value: str = self.fields["id"]
        return value

    @property
    def title(self) -> str:
        """One line, in the words of the desk."""
        value: str = self.fields["title"]
        return value

    @property
    def kind(self) -> str:
        """One of the profile's kinds."""
        value: str = self.fields["kind"]
        return value

    @property
    def status(self) -> str:
        """One of the profile's states."""
        value: str = self.fields["status"]
        return value

    @property
    def received_at(self) -> datetime:
        """When the complaint was received, as corrected."""
        value: datetime = self.fields["received_at"]
        return value

    @property
    def lead(self) -> str | None:
        """Who answers for it to the end (RQ-2)."""
        return self.fields.get("lead")

    @property
    def source(self) -> Mapping[str, Any] | None:
        """Where an imported record came from; None for one that was taken in here."""
        return self.fields.get("source")

    @property
    def people(self) -> int:
        """How many people complain: `complainant.people`, or without it one and those who joined."""
        stated = self.get("complainant.people")
        joined = sum(event.data["people"] for event in self.events if event.did == "join")
        return stated if isinstance(stated, int) else 1 + joined

    def get(self, dotted: str) -> Any:
        """The value of a field such as `location.building`, None where there is none."""
        value: Any = self.fields
        if "." not in dotted:
            return value.get(dotted)
        for name in dotted.split("."):
            if not isinstance(value, Mapping):
                return None
            value = value.get(name)
        return value

    def is_imported(self, event: Event) -> bool:
        """Whether `event` came with an import: then neither moves nor requirements judge it."""
        return self.source is not None and event.by == self.source["system"]

    @property
    def tasks(self) -> tuple[Task, ...]:
        """The tasks with what the events made of them."""
        kept = self.fields.get("tasks", ())
        about = [event for event in self.events if "task" in event.data] if kept else ()
        return tuple(_task(data, about) for data in kept)


def _task(data: Mapping[str, Any], events: Iterable[Event]) -> Task:
    """The task of the values `data`, and of those of `events`, which are about tasks, that are about it."""
    ended = {event.did: event.at for event in events if event.data["task"] == data["id"]}
    return Task(
        data["id"],
        data["kind"],
        data["text"],
        who=data.get("who"),
        made_at=data.get("made_at"),
        due=data.get("due"),
        every=data.get("every"),
        done_at=ended.get("done"),
        dropped_at=ended.get("drop"),
    )


def build(fields: Mapping[str, Any]) -> Record:
    """The record of `fields`, whose `history` is a sequence of events in any order."""
    history = in_order(fields[HISTORY])
    return Record(fields, history, effective(history))


def load(document: Document) -> tuple[Record | None, list[Problem]]:
    """The record that `document` holds and what is wrong with its values; None where it can't be built at all."""
    problems: list[Problem] = []
    fields = struct(FIELDS, REQUIRED, extra=True)(document.front, problems)
    if not problems and fields is not None and not fields[HISTORY]:
        message = _("the history has no event; the first one is the intake")
        problems.append(Problem(document.source.path, line_of(document, [HISTORY]), "E021", message))
    if fields is None or not fields[HISTORY]:
        return None, problems
    return build(fields), problems


def as_of(record: Record, now: datetime) -> Record | None:
    """The record as it was known at `now`; None when it had not been received by then.

    Later events are left out, corrections and voids too, and what they changed is as it was before. An event of the
    same second counts, for cpl puts the events of one second a millisecond apart.
    """
    end = now.replace(microsecond=0) + timedelta(seconds=1)
    has_later = record.history[-1].at >= end  # of most records none is
    later = [event for event in record.history[1:] if event.at >= end] if has_later else []
    if later:
        history = record.history[: -len(later)]
        kept = effective(history)
        record = Record(_without(record, later, kept), history, kept)
    tasks = record.fields.get("tasks", ())
    made = tuple(task for task in tasks if "made_at" not in task or task["made_at"] < end)
    if len(made) < len(tasks):
        record = replace(record, fields={**record.fields, "tasks": made})
    return record if record.received_at < end else None


def before(record: Record, event: Event) -> Record | None:
    """The record as it was known just before `event`, without what has been voided since; None before the intake."""
    place = preceding(record.events, event)
    return before_place(record, event, place) if place else None


def before_place(record: Record, event: Event, place: int) -> Record:
    """As `before`, of an event that has that place, from 1, among those that count, or would have it."""
    earlier, later = record.events[:place], record.events[place:]
    if record.history is not record.events:  # what has been voided since may have set something
        later = record.history[preceding(record.history, event) :]
    return Record(_without(record, later, earlier), earlier, earlier)


def judged_at(record: Record, instant: datetime) -> Record:
    """The record as it was judged at `instant`: a later judgement is taken back, the correction of a slip is not."""
    later = [event for event in record.events if event.did == "classify" and event.at > instant]
    if not later:
        return record
    fields = dict(record.fields)
    for name in JUDGED_FIELDS:
        anew = next((event for event in later if name in event.sets), None)
        if anew is not None:
            setters = record.events[: record.events.index(anew)]
            fields[name] = _value_before(name, setters, anew)
    return replace(record, fields=_present(fields))


def _without(record: Record, later: Sequence[Event], kept: Sequence[Event]) -> dict[str, Any]:
    """The fields of `record` when only the events `kept` are known; `later` holds those that came after them."""
    states = (event.to for event in reversed(kept) if event.to is not None)
    fields = {**record.fields, "status": next(states, record.status)}
    setters = [event for event in later if "set" in event.data]
    for event in reversed(setters):
        _take_back(fields, event, kept)
    complainant = fields.get("complainant", {})
    if "people" in complainant:
        joins = [event for event in later if event.did == "join"]
        joined = sum(event.data["people"] for event in joins if event in record.events)
        fields["complainant"] = {**complainant, "people": complainant["people"] - joined}
    return _present(fields) if setters else fields


def _take_back(fields: dict[str, Any], event: Event, kept: Sequence[Event]) -> None:
    task_id = event.data.get("task")
    setters = [each for each in kept if each.sets and each.data.get("task") == task_id]
    values = {name: _value_before(name, setters, event) for name in event.sets}
    if task_id is None:
        fields.update(values)
    else:
        tasks = fields.get("tasks", ())
        fields["tasks"] = tuple(_present(task | values) if task["id"] == task_id else task for task in tasks)


def _value_before(name: str, setters: Iterable[Event], event: Event) -> Any:
    """What a field was before `event` set it: what an earlier one set, else what `event` says that it was."""
    values = [each.sets[name] for each in setters if name in each.sets]
    return values[-1] if values else event.data.get("was", {}).get(name)


def _present(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


def derived(record: Record) -> dict[str, tuple[Any, Event]]:
    """What the events that count set last, by field: the value of which the front matter keeps a copy."""
    result: dict[str, tuple[Any, Event]] = {}
    for event in record.events:
        if event.to is not None:
            result["status"] = (event.to, event)
        elif "set" in event.data and "task" not in event.data:
            result.update({name: (value, event) for name, value in event.sets.items()})
    return result


def derived_dues(record: Record) -> dict[str, tuple[datetime, Event]]:
    """The due that an event set last, by task id."""
    return {
        event.data["task"]: (event.data["set"]["due"], event)
        for event in record.events
        if event.did == "reschedule" and "task" in event.data and "due" in event.data["set"]
    }


def check_character(digits: str) -> str:
    """The check character of an id's date and random part: Luhn mod 32, doubling from the right."""
    each = digits.encode()
    return ALPHABET[-(sum(each[::-2].translate(_DOUBLED)) + sum(each[-2::-2].translate(_VALUES))) % 32]


def make_id(received_on: date, random: str) -> str:
    """The id of a complaint received on that day (in the store's zone), from six random base32 characters."""
    digits = f"{received_on:%Y%m%d}"
    return f"CPL-{digits}-{random}{check_character(digits + random)}"


def is_id(text: str) -> bool:
    """Whether `text` is a well-formed id with the right check character and a day that exists."""
    if _ID.fullmatch(text) is None:
        return False
    day = text[4:12]
    try:
        date.fromisoformat(day)
    except ValueError:
        return False
    return check_character(day + text[13:-1]) == text[-1]


def normalize_piece(piece: str) -> str:
    """A piece of an id as it would stand there: upper case, O read as 0, I and L as 1."""
    upper = piece.strip().upper()
    prefix = "CPL-" if upper.startswith("CPL-") else ""
    return prefix + upper.removeprefix("CPL-").translate(_LOOK_ALIKES)


def piece_of(identifier: str) -> str:
    """The piece of an id that people type: its random part with the check character."""
    return identifier.rpartition("-")[2]


def day_of(identifier: str) -> str:
    """The folder of the day that an id names, `2026/11/22`."""
    digits = identifier[4:12]
    return f"{digits[:4]}/{digits[4:6]}/{digits[6:]}"


def local_day(instant: datetime, zone: tzinfo) -> date:
    """The calendar day of `instant` in `zone`."""
    return instant.astimezone(zone).date()


def line_of(document: Document, path: Sequence[str | int]) -> int:
    """The line where the value at `path` stands, or its nearest parent that there is."""
    node: Node = document.front
    for step in path:
        below: Node | None = None
        if isinstance(node, MappingNode):
            below = node.get(str(step))
        elif isinstance(node, SequenceNode) and isinstance(step, int) and step < len(node.items):
            below = node.items[step]
        if below is None:
            break
        node = below
    return node.line
