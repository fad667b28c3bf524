"""What finished cases teach, as the text of a playbook: what was done, by whom, and how long it took (MA-4); no I/O.

What identifies the complainants is left out; a person still looks the text over.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from difflib import SequenceMatcher
from gettext import gettext as _
from itertools import chain
from statistics import median_high
from typing import Final, NamedTuple

from cpl.applying import without_place
from cpl.config import Settings
from cpl.patterns import regex
from cpl.playbook import REGISTERS, STEP, is_name
from cpl.promises import PLAYBOOK
from cpl.record import Record
from cpl.redaction import redacted, redacted_title
from cpl.yaml_writer import Value, entry

_SECOND: Final = timedelta(seconds=1)
_MINUTES: Final = timedelta(minutes=90)
_HOURS: Final = timedelta(hours=48)
_LATIN: Final = regex(r"[A-Za-z]{4,}")
_CHINESE: Final = regex(r"[\u4e00-\u9fff]{2,}")
_LONGEST: Final = 6  # characters of a Chinese word; a longer run is a sentence


class _Done(NamedTuple):
    """One thing that was done in a case: how long after the intake, and what a step says of it."""

    after: timedelta
    name: str | None
    kind: str
    text: str
    role: str | None
    every: str | None = None
    each: str | None = None  # the register that it was done for, one row after the other


@dataclass
class _Learned:
    """The same thing as it was done in several cases."""

    first: _Done
    times: list[timedelta] = field(default_factory=list)


def playbook_text(records: Sequence[Record], settings: Settings) -> str:
    """The YAML of a playbook made of these cases, in the store's language."""
    language = settings.language
    names = ", ".join(record.id for record in records)
    comment = _("Made of {ids}: look it over, and leave out what was peculiar to them.").format(ids=names)
    found: dict[str, Value] = {"label": {language: redacted_title(records[0])}}
    found |= _suggest(records, settings)
    found["steps"] = list(_steps(records, settings))
    if lessons := list(dict.fromkeys(chain.from_iterable(_lessons(record) for record in records))):
        found["improvement"] = [{language: lesson} for lesson in lessons]
    return f"# {comment}\n" + "".join(entry(name, value) for name, value in found.items())


def _suggest(records: Sequence[Record], settings: Settings) -> dict[str, Value]:
    categories = list(dict.fromkeys(each for record in records if (each := record.get("category"))))
    words = _words([redacted_title(record) for record in records])
    found: dict[str, Value] = {"categories": categories} if categories else {}
    if words:
        found["words"] = {settings.language: words}
    return {"suggest": found} if found else {"profiles": [settings.profile_name]}


def _words(titles: Sequence[str]) -> list[str]:
    """The words that stand in all of the titles."""
    first, *others = titles
    latin = [word for word in _LATIN.findall(first) if all(word.casefold() in each.casefold() for each in others)]
    chinese = [word for word in _CHINESE.findall(first) if len(word) <= _LONGEST]
    if others:
        common = first
        for other in others:
            match = SequenceMatcher(None, common, other, autojunk=False).find_longest_match()
            common = common[match.a : match.a + match.size]
        chinese = _CHINESE.findall(common)
    return list(dict.fromkeys([*latin, *chinese]))


def _steps(records: Iterable[Record], settings: Settings) -> Iterator[dict[str, Value]]:
    """What was done in the cases, in the order of the time that it took: half of them took no longer."""
    learned: dict[str, _Learned] = {}
    for record in records:
        seen: set[str] = set()
        for done in sorted(chain(_tasks(record, settings), _moves(record, settings)), key=_time):
            if done.text not in seen:
                learned.setdefault(done.text, _Learned(done)).times.append(done.after)
                seen.add(done.text)
    names: set[str] = set()
    for number, each in enumerate(sorted(learned.values(), key=lambda each: median_high(each.times)), 1):
        wanted = each.first.name
        name = wanted if wanted and is_name(wanted) and wanted not in names else f"step-{number}"
        names.add(name)
        yield _step(name, each, settings.language)


def _time(done: _Done) -> timedelta:
    return done.after


def _step(name: str, learned: _Learned, language: str) -> dict[str, Value]:
    done = learned.first
    step: dict[str, Value] = {"name": name, "text": {language: done.text}}
    if done.kind != STEP:
        step["kind"] = done.kind
    if done.role is not None:
        step["role"] = done.role
    step["within"] = _length(median_high(learned.times))
    if done.every is not None:
        step["every"] = done.every
    if done.each is not None:
        step["for"] = done.each
    return step


def _tasks(record: Record, settings: Settings) -> Iterator[_Done]:
    """The tasks that were done."""
    intake = record.history[0].at
    for task, data in zip(record.tasks, record.fields.get("tasks", ()), strict=True):
        if task.done_at is not None:
            text = " ".join(redacted(record, task.text).split())
            role = data.get("role") or _role(task.who or _who_did(record, task.id), settings)
            done = _Done(task.done_at - intake, _name(data), task.kind, text, role, task.every)
            yield done._replace(text=without_place(text), each=REGISTERS[0]) if _is_of_register(data) else done


def _is_of_register(task: Mapping[str, str]) -> bool:
    """Whether a task was made for a row of a register, whose place stands in its text."""
    return task.get("source", "").startswith(PLAYBOOK) and "/" in task["source"].partition("#")[2]


def _name(task: Mapping[str, str]) -> str | None:
    """The name of the step that a task comes from."""
    origin, _hash, name = task.get("source", "").partition("#")
    return name.partition("/")[0] if origin.startswith(PLAYBOOK) else None


def _who_did(record: Record, task: str) -> str | None:
    return next((event.by for event in record.events if event.did == "done" and event.data["task"] == task), None)


def _moves(record: Record, settings: Settings) -> Iterator[_Done]:
    """The moves, without pauses and without what came back."""
    intake, profile = record.history[0], settings.profile
    for event in record.events:
        if event.to is None or event is intake or profile.is_paused(event.to) or event.to == profile.initial:
            continue
        state = profile.states.get(event.to)
        text = event.to if state is None else state.label.get(settings.language, event.to)
        yield _Done(event.at - intake.at, event.to, STEP, text, _role(event.by, settings))


def _role(name: str | None, settings: Settings) -> str | None:
    """The first of a person's roles."""
    person = settings.people.get(name or "")
    return person.roles[0] if person is not None and person.roles else None


def _lessons(record: Record) -> Iterator[str]:
    """Why it happened, as it was found."""
    for name in ("cause", "finding.cause", "finding.text"):
        if value := record.get(name):
            yield " ".join(redacted(record, str(value)).split())


def _length(time: timedelta) -> str:
    """A duration that is not shorter: in minutes, hours or days; what is less than a second does not count."""
    time = time // _SECOND * _SECOND
    if time < _MINUTES:
        return f"{max(1, -(-time // timedelta(minutes=1)))}m"
    return f"{-(-time // timedelta(hours=1))}h" if time < _HOURS else f"{-(-time // timedelta(days=1))}d"


def is_finished(record: Record, settings: Settings) -> bool:
    """Whether the case was brought to its end, and counts."""
    return settings.profile.is_final(record.status) and settings.profile.counts(record.status)
