"""What a hand edit may not change, because an event or another command does; which command that is, and where it is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from gettext import gettext as _
from typing import Any, Final

from cpl import workflow
from cpl.document import Document
from cpl.errors import Problem
from cpl.events import Event
from cpl.moments import format_instant
from cpl.record import HISTORY, NAMED, Record, line_of
from cpl.schema import shown
from cpl.values import frozen

# Lists of which a person may change some things by hand, and the commands that change the rest.
_LISTS: Final = {
    HISTORY: "cpl did {id} VERB, cpl correct {id} --void EVENT --reason TEXT",
    "tasks": "cpl task {id} add TEXT, cpl task {id} done|drop|due TASK",
    "evidence": "cpl attach {id} FILE",
}
FIELDS: Final = frozenset({*workflow.FIELD_COMMANDS, *_LISTS})

_PEOPLE: Final = "complainant.people"
_JOIN: Final = "cpl did {id} join people=N, cpl correct {id} --void did:join --reason TEXT"
_DROP: Final = "cpl task {id} drop {task} --reason TEXT"
_ANEW: Final = f"{_DROP}, cpl task {{id}} add TEXT"
OF_TASKS: Final = {
    "due": "cpl task {id} due {task} --due INSTANT --reason TEXT",
    "every": _ANEW,
    "kind": _ANEW,
    "made_at": _ANEW,
}
"""The command that changes what a task is known by; its words and who does it are set by hand."""


def command_for(name: str, identifier: str) -> str:
    """The command of the record `identifier` that changes one of FIELDS."""
    return (workflow.FIELD_COMMANDS | _LISTS)[name].format(id=identifier)


def refusal(name: str, identifier: str) -> str:
    """Why one of FIELDS is not set by hand, and the command of the record `identifier` that changes it."""
    message = _("'{name}' is not changed by hand; use: {command}")
    return message.format(name=name, command=command_for(name, identifier))


def by_name(record: Record, field: str) -> Mapping[str, tuple[int, Mapping[str, Any]]]:
    """The items of a list whose items have names, each with its place there."""
    return {item[NAMED[field]]: (place, item) for place, item in enumerate(record.get(field) or ())}


def changes(before: Record, after: Record, document: Document) -> list[Problem]:
    """E090 for all that `document`, whose record is `after`, may not change of `before`; in the order of its lines."""
    return sorted(set(_Comparison(before, after, document).all()))


@frozen
class _Comparison:
    """Two versions of a record, and the text of the second."""

    before: Record
    after: Record
    document: Document

    def all(self) -> Iterator[Problem]:
        """All that may not be changed by hand, in no particular order."""
        yield from self.fields()
        yield from self.events()
        yield from self.tasks()
        yield from self.evidence()

    def fields(self) -> Iterator[Problem]:
        """The fields of which events keep a copy, and how many people complain when some have joined."""
        commands = dict(workflow.FIELD_COMMANDS)
        if any(event.did == "join" for event in self.before.events):
            commands[_PEOPLE] = _JOIN
        for name, command in commands.items():
            was = self.before.get(name)
            if self.after.get(name) != was:
                what = _("'{name}' (it was {was})").format(name=name, was=shown(was))
                yield self._refused(line_of(self.document, name.split(".")), what, command)

    def events(self) -> Iterator[Problem]:
        """Events that came, went, or are not what they were; their order in the file does not count."""
        gone, come = [], list(self.after.history)
        for event in self.before.history:
            if event in come:
                come.remove(event)
            else:
                gone.append(event)
        for event in gone:
            twin = next((each for each in come if _is_alike(each, event)), None)
            if twin is not None:
                come.remove(twin)
            yield self._gone(event, twin)
        for event in come:
            yield self._refused(event.line, _called(event), _command_of(event))

    def _gone(self, event: Event, twin: Event | None) -> Problem:
        line = line_of(self.document, [HISTORY]) if twin is None else twin.line
        if event == self.before.history[0] and twin is not None and twin.at != event.at:
            return self._refused(line, _called(event), workflow.FIELD_COMMANDS["received_at"])
        if event == self.before.history[0] or event.did == "void":
            return self._at(line, _("{what} stays as it was; put it back").format(what=_called(event)))
        command = "cpl correct {id} --void {at} --reason TEXT"
        return self._refused(line, _called(event), command, at=format_instant(event.at))

    def tasks(self) -> Iterator[Problem]:
        """Tasks that came or went, or have another kind or due; who does them, and their text, may be changed."""
        was = by_name(self.before, "tasks")
        for index, item in enumerate(self.after.get("tasks") or ()):
            task = item["id"]
            if task not in was:
                line = line_of(self.document, ["tasks", index])
                yield self._refused(line, _("task {id}").format(id=task), "cpl task {id} add TEXT")
                continue
            _place, old = was[task]
            for key, command in OF_TASKS.items():
                if item.get(key) != old.get(key):
                    line = line_of(self.document, ["tasks", index, key])
                    what = _("'{key}' of task {id} (it was {was})").format(key=key, id=task, was=shown(old.get(key)))
                    yield self._refused(line, what, command, task=task)
        for task in was.keys() - by_name(self.after, "tasks"):
            what = _("task {id}, which is gone,").format(id=task)
            yield self._refused(line_of(self.document, ["tasks"]), what, _DROP, task=task)

    def evidence(self) -> Iterator[Problem]:
        """Evidence that came, went or has another hash; what is said of it may be changed."""
        was = by_name(self.before, "evidence")
        for index, item in enumerate(self.after.get("evidence") or ()):
            name = item["file"]
            if name not in was or was[name][1]["sha256"] != item["sha256"]:
                what = _("evidence '{name}'").format(name=name)
                yield self._refused(line_of(self.document, ["evidence", index]), what, _LISTS["evidence"])
        for name in was.keys() - by_name(self.after, "evidence"):
            message = _("evidence '{name}' is never taken away; put it back").format(name=name)
            yield self._at(line_of(self.document, ["evidence"]), message)

    def _refused(self, line: int, what: str, command: str, **parts: str) -> Problem:
        message = _("{what} is not changed by hand; use: {command}")
        return self._at(line, message.format(what=what, command=command.format(id=self.before.id, **parts)))

    def _at(self, line: int, message: str) -> Problem:
        return Problem(self.document.source.path, line, "E090", message)


def _is_alike(one: Event, other: Event) -> bool:
    """Whether two events that differ are probably one that was changed."""
    return one.at == other.at or {**one.data, "at": None} == {**other.data, "at": None}


def _called(event: Event) -> str:
    return _("the event {key} of {at}").format(key=event.key, at=format_instant(event.at))


def _command_of(event: Event) -> str:
    """The command that makes such an event, with a place for the record's id."""
    about = event.data.get("about")
    named = f"{event.key}/{about}" if about and event.did != "follow-up" else event.key
    return workflow.supplies(named, "{id}")
