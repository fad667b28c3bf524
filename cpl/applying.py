"""A playbook applied to a complaint: its steps as tasks with who and by when, its lists as checklists; no I/O."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from gettext import gettext as _
from itertools import pairwise
from typing import Any, Final

from cpl import sections
from cpl.config import Person, Settings
from cpl.draft import Draft, Refused
from cpl.moments import Duration, fixed
from cpl.playbook import Playbook, Step, said
from cpl.profile import Profile
from cpl.promises import PLAYBOOK
from cpl.record import Record, local_day
from cpl.schema import did_you_mean
from cpl.values import frozen
from cpl.worktime import due

INVESTIGATION: Final = "Investigation"
PLAN: Final = "Plan"
_BACKWARDS: Final = {"m": timedelta(minutes=1), "h": timedelta(hours=1)}

Entry = Mapping[str, Any]
"""An entry of a register: `id`, and its `location`."""


@frozen
class Wanted:
    """What is applied: these steps (none: all), the date that is planned, and the entries of registers by name."""

    only: Sequence[str] = ()
    date: datetime | None = None
    registers: Mapping[str, Sequence[Entry]] | None = None


def tasks(playbook: Playbook, draft: Draft, wanted: Wanted) -> list[dict[str, Any]]:
    """The tasks that the steps become, in their order, without id.

    Raises:
        Refused: the complaint is finished, there is no such step, or a step is a task already.
    """
    record, settings = draft.record, draft.settings
    steps = [step for step in playbook.steps if not wanted.only or step.name in wanted.only]
    if settings.profile.is_final(record.status):
        message = _("{id} is in the final state '{state}', where nothing is left to do; move it back first")
        raise Refused(message.format(id=record.id, state=record.status))
    _refuse_unknown(playbook, wanted.only)
    _refuse_twice(playbook, record, settings.profile, steps)
    made: list[dict[str, Any]] = []
    for step in steps:
        task: dict[str, Any] = {
            "kind": step.kind,
            "text": _one_line(said(step.text, settings.language)),
            "who": who(step.role, record, settings, draft.who.at),
            "role": step.role,
            "due": due_of(step, settings, draft.who.at, wanted.date),
            "every": None if step.every is None else str(step.every),
            "source": f"{PLAYBOOK}{playbook.name}#{step.name}",
        }
        made += [task] if step.each is None else _for_each(task, (wanted.registers or {}).get(step.each, ()))
    if not made:
        names = ", ".join(dict.fromkeys(str(step.each) for step in steps))
        message = _("{id}: there is nothing to do, for the register {names} is empty; see: cpl register {names} list")
        raise Refused(message.format(id=record.id, names=names))
    return made


def _refuse_unknown(playbook: Playbook, names: Iterable[str]) -> None:
    known = [step.name for step in playbook.steps]
    for name in names:
        if name not in known:
            message = _("playbook '{playbook}' has no step '{name}'").format(playbook=playbook.name, name=name)
            raise Refused(message + did_you_mean(name, known))


def _refuse_twice(playbook: Playbook, record: Record, profile: Profile, steps: Iterable[Step]) -> None:
    tasks = {task["id"]: _step_of(playbook, task) for task in _of_this_cycle(record, profile)}
    names = {step.name for step in steps}
    if there := [identifier for identifier, name in tasks.items() if name in names]:
        left = [step.name for step in playbook.steps if step.name not in tasks.values()]
        message = _("{id}: playbook '{name}' is applied already, as {tasks}")
        message = message.format(id=record.id, name=playbook.name, tasks=", ".join(there))
        hint = _("; what is not there yet: --only {step}").format(step=" --only ".join(left)) if left else ""
        raise Refused(message + hint)


def _of_this_cycle(record: Record, profile: Profile) -> Iterator[Mapping[str, Any]]:
    """The tasks of the record; where it was finished and reopened, only those made since."""
    moves = [event for event in record.events if event.is_move]
    reopened = [after.at for before, after in pairwise(moves) if profile.is_final(before.to)]
    for task, data in zip(record.tasks, record.fields.get("tasks", ()), strict=True):
        if not reopened or task.is_open or (task.made_at is not None and task.made_at >= reopened[-1]):
            yield data


def _step_of(playbook: Playbook, task: Mapping[str, Any]) -> str:
    """The step that the task comes from; empty where it is none of this playbook."""
    origin, _hash, rest = task.get("source", "").partition("#")
    return str(rest).partition("/")[0] if origin == f"{PLAYBOOK}{playbook.name}" else ""


def who(role: str | None, record: Record, settings: Settings, at: datetime) -> str | None:
    """Who has the role: the assignee, else the lead, else the only one; None: several, or nobody."""
    on = local_day(at, settings.zone)
    having = [each.id for each in settings.people.values() if role in each.roles and _is_there(each, on)]
    for name in (record.get("assignee"), record.lead):
        if name in having:
            return str(name)
    return having[0] if len(having) == 1 else None


def _is_there(person: Person, on: date) -> bool:
    return not person.has_left(on) and (person.from_ is None or person.from_ <= on)


def due_of(step: Step, settings: Settings, at: datetime, planned: datetime | None) -> datetime | None:
    """By when a step that is applied at `at` has to be done; None: it has no due, or its date is not known."""
    if step.ahead is not None:
        return None if planned is None else _earlier(planned, step.ahead, settings, step.at)
    length = step.within or step.every
    if length is None:
        return None
    last = due(at, length, settings.worktime)
    found = _at(last, step.at, settings)
    # At one in the night the next morning is that of the same day, and not later than `within` says.
    return found if found <= last or length.unit != "d" else _at(_days_before(last, 1, settings), step.at, settings)


def _earlier(planned: datetime, ahead: Duration, settings: Settings, at: time | None) -> datetime:
    if ahead.unit in _BACKWARDS:
        return planned - ahead.amount * _BACKWARDS[ahead.unit]
    return _at(_days_before(planned, ahead.amount, settings), at, settings)


def _days_before(instant: datetime, days: int, settings: Settings) -> datetime:
    """The same local time so many days before."""
    return fixed(instant.astimezone(settings.zone) - timedelta(days=days))


def _at(instant: datetime, at: time | None, settings: Settings) -> datetime:
    """`instant` at that time of its local day."""
    if at is None:
        return instant
    return fixed(instant.astimezone(settings.zone).replace(hour=at.hour, minute=at.minute, second=0, microsecond=0))


def _for_each(task: Mapping[str, Any], entries: Iterable[Entry]) -> Iterator[dict[str, Any]]:
    """The task once for each entry of a register, with the room; never with a name or a telephone."""
    for entry in entries:
        location = entry.get("location") or {}
        parts = [location[name] for name in ("building", "unit", "room") if location.get(name)]
        where = f": {'-'.join(parts)}" if parts else ""
        yield {**task, "text": f"{task['text']}{where}", "source": f"{task['source']}/{entry['id']}"}


def without_place(text: str) -> str:
    """The text of a task that was made for an entry of a register, without the place."""
    return text.rpartition(": ")[0] or text


def add_checklists(playbook: Playbook, draft: Draft) -> None:
    """Put the facts to collect under the investigation, the papers under the plan, to be ticked off."""
    language = draft.settings.language
    for name, heading, title in (("facts", INVESTIGATION, _("facts")), ("papers", PLAN, _("papers"))):
        items = [f"- [ ] {_one_line(said(each, language))}" for each in playbook.lists[name]]
        if items:
            first = f"{said(playbook.label, language)}, {title}:"
            draft.document = sections.add_to_section(draft.document, heading, "\n".join([first, *items]))


def _one_line(text: str) -> str:
    return " ".join(text.split())
