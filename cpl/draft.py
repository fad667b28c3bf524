"""A record being changed: adds events, keeps the fields they set equal to them, writes the handling log; no I/O."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from gettext import gettext as _
from typing import Any, Final

from cpl import sections, splicing, workflow
from cpl.config import Settings
from cpl.document import Document
from cpl.errors import CplError, Invalid
from cpl.events import Event, free_instant, set_last
from cpl.moments import format_instant
from cpl.profile import Profile
from cpl.profile_names import STATUS
from cpl.record import HISTORY, LOG_SECTION, ORDER, Record, Task, as_of, before, derived, load
from cpl.renames import current, current_events
from cpl.values import frozen

AFTER_THE_FACT: Final = timedelta(minutes=5)


class Refused(CplError):
    """A change that the rules do not allow; the message says what to do instead."""


@frozen
class Who:
    """Who did it, when, and who writes it down now."""

    by: str
    at: datetime
    now: datetime
    recorded_by: str | None = None


class Draft:
    """One record on its way to its next version."""

    def __init__(self, document: Document, settings: Settings, who: Who) -> None:
        self.document = document
        self.settings = settings
        self.who = who

    @property
    def record(self) -> Record:
        """The record as the draft now stands, with the names that the profile has now."""
        return current(self._written, self.settings.profile)

    @property
    def _written(self) -> Record:
        record, problems = load(self.document)
        if record is None:
            raise Invalid(_("nothing was written, the record would not be right:"), problems)
        return record

    def set(self, path: Sequence[str | int], value: Any) -> None:
        """Set one field; None takes it away."""
        if value is None:
            self.document = splicing.remove(self.document, path)
        else:
            self.document = splicing.set_value(self.document, path, value, order=ORDER)

    def append(self, name: str, value: Mapping[str, Any]) -> None:
        """Add an item to the list `name`."""
        self.document = splicing.insert_item(self.document, [name], self._length(name), value, order=ORDER)

    def _length(self, name: str) -> int:
        node = self.document.front.get(name)
        return len(getattr(node, "items", ()))

    def add(self, data: Mapping[str, Any], *, at: datetime | None = None) -> Event:
        """Add the event `data` (without `at` and `by`) in its place and set what it sets; the event as it stands now.

        It takes the next free millisecond from `at` on (default: when it was done), and carries `recorded_at` when it
        is entered after the fact (ML-4).
        """
        record = self.record
        at = free_instant(at or self.who.at, {event.at for event in record.history})
        stamped = {"at": at, "by": self.who.by, **_with_was(record, data), **self._recorded(record, at)}
        index = sum(1 for event in record.history if event.at < at)
        self.document = splicing.insert_item(self.document, [HISTORY], index, stamped, order=ORDER)
        added = next(event for event in self.record.history if event.at == at)
        self._settle(added)
        return added

    def _recorded(self, record: Record, at: datetime) -> dict[str, Any]:
        result: dict[str, Any] = {}
        is_late = self.who.now - at > AFTER_THE_FACT or any(event.at > at for event in record.history)
        if is_late:
            result["recorded_at"] = self.who.now
        if self.who.recorded_by not in (None, self.who.by):
            result["recorded_by"] = self.who.recorded_by
        return result

    def _settle(self, event: Event) -> None:
        """Make what `event` sets, or did until it was voided, equal to what the events that count say now."""
        record = self.record
        if event.is_move:
            self.set(["status"], derived(record)["status"][0])
        task = event.data.get("task")
        for name in event.sets:
            value = set_last(record.history, name, task)
            self.set([name] if task is None else ["tasks", task_index(record, task), name], value)

    def move(self, to: str, *, reason: str | None = None, until: datetime | None = None) -> tuple[str, str]:
        """Move the record to the state `to`; the state it came from and the one it is in.

        Raises:
            workflow.IllegalTransition: the profile has no such move.
            workflow.Unmet: the rules require more; every lack is named with the command that supplies it.
            Refused: the move would come before the last one, or tasks are still open that do not end with it.
        """
        record, profile = self.record, self.settings.profile
        to = profile.present_name(STATUS, to)
        if to not in (allowed := workflow.allowed_moves(record, profile)):
            raise workflow.IllegalTransition(record.id, record.status, to, allowed)
        at = self._next_move_at(record)
        move = Event(at, self.who.by, to, None, {"to": to, **_present(reason=reason, until=until)})
        self._judge(record, move)
        for task in self.ending(to):
            self.add({"did": "drop", "task": task.id, "reason": _("it repeats, and ends with this")})
        self.add(move.data, at=self._next_move_at(self.record))
        return record.status, to

    def ending(self, to: str) -> list[Task]:
        """The open tasks that a move to the state `to` ends: where it is final, those that repeat and are not due."""
        if not self.settings.profile.is_final(self.settings.profile.present_name(STATUS, to)):
            return []
        at = self.who.at
        return [task for task in self.record.tasks if task.is_open and task.every and (task.due or at) >= at]

    def _next_move_at(self, record: Record) -> datetime:
        """When the move takes place: behind a last move of the same second, for within it the order is cpl's."""
        last = max((event.at for event in record.events if event.is_move), default=self.who.at)
        if last >= self.who.at + timedelta(seconds=1):
            message = _("{id}: the last move was at {last}; a move at {at} can't come before it")
            raise Refused(message.format(id=record.id, last=format_instant(last), at=format_instant(self.who.at)))
        return free_instant(max(last, self.who.at), {event.at for event in record.history})

    def _judge(self, record: Record, move: Event) -> None:
        profile, zone = self.settings.profile, self.settings.zone
        known = before(record, move) or record
        lacks = [
            _("{missing}: {command}").format(
                missing=missing,
                command=_(" or ").join(workflow.supplies(name, record.id) for name in missing.alternatives),
            )
            for missing in workflow.missing(known, profile, move, zone, self.settings.named_in)
        ]
        person = self.settings.people.get(self.who.by)
        for rule in workflow.roles_lacking(known, profile, move, zone, person):
            message = _("rule '{rule}' wants the role {roles}, which '{by}' has not: --by PERSON")
            lacks.append(message.format(rule=rule.name, roles=_(" or ").join(rule.roles), by=self.who.by))
        if profile.is_final(move.to):
            ending = self.ending(str(move.to))
            lacks.extend(_still_open(record, [task for task in record.tasks if task.is_open and task not in ending]))
        if lacks:
            raise workflow.Unmet(record.id, str(move.to), lacks)

    def judge(self, verb: str, fields: Mapping[str, Any], *, reason: str, rule: str | None = None) -> Event:
        """Change judged fields by a `classify` or `correct` event that keeps what they were; None takes one away.

        Raises:
            Refused: nothing would change.
        """
        record = self.record
        known = as_of(record, self.who.at) or record
        was = {name: known.get(name) for name in fields if known.get(name) is not None}
        if all(known.get(name) == value for name, value in fields.items()):
            raise Refused(_("{id}: nothing to change, the fields have these values").format(id=record.id))
        return self.add({"did": verb, "set": _present(**fields), "was": was, "reason": reason, **_present(rule=rule)})

    def void(self, event: Event, *, reason: str) -> Event:
        """Take `event` back by a further event; what it set gets the value that it would have without it."""
        written = next(each for each in self._written.history if _is_now(each, event, self.settings.profile))
        kind = {"to": written.to} if written.is_move else {"did": written.did}
        void = self.add({"did": "void", "event": {"at": event.at, **kind}, "reason": reason})
        self._settle(event)
        people = self.record.get("complainant.people")
        if event.did == "join" and people is not None:
            self.set(["complainant", "people"], people - event.data["people"])
        return void

    def log(self, what: str, text: str) -> None:
        """Add `text` to the handling log under the time, the person and `what`."""
        local = self.who.at.astimezone(self.settings.zone)
        entry = f"### {local:%Y-%m-%d %H:%M} {self.who.by}, {what}"
        self.document = sections.add_to_section(self.document, LOG_SECTION, text, title=entry)


def _is_now(written: Event, event: Event, profile: Profile) -> bool:
    """Whether the event as it stands in the file is this one with the names of now."""
    return current_events([written], profile) == (event,)


def task_index(record: Record, task_id: str) -> int:
    """The place of a task on the record.

    Raises:
        Refused: there is no such task; the message lists those there are.
    """
    ids = [task.id for task in record.tasks]
    if task_id not in ids:
        message = _("{id} has no task '{task}'; it has: {ids}")
        raise Refused(message.format(id=record.id, task=task_id, ids=", ".join(ids) or _("none")))
    return ids.index(task_id)


def _with_was(record: Record, data: Mapping[str, Any]) -> Mapping[str, Any]:
    """`data`; an assignment also says what the fields were, where no earlier event does."""
    if data.get("did") != "assign":
        return data
    known = derived(record)
    was = {name: record.get(name) for name in data["set"] if name not in known and record.get(name) is not None}
    return {**data, **({"was": was} if was else {})}


def _still_open(record: Record, tasks: Iterable[Task]) -> list[str]:
    message = _("task {id} is open ({text}): cpl task {record} done {id}")
    return [message.format(id=task.id, text=task.text, record=record.id) for task in tasks]


def _present(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}
