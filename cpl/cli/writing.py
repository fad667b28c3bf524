"""How a command changes records: lock, read, draft, check, write, commit, say so; and typed fields from text."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from gettext import gettext as _
from pathlib import Path
from typing import Any

import click

from cpl.cli.app import App
from cpl.cli.options import How
from cpl.document import Document
from cpl.draft import Draft, Who
from cpl.errors import CplError, Invalid, Problem
from cpl.record import FIELDS
from cpl.schema import struct
from cpl.store import Commit, Write
from cpl.yaml_reader import MappingNode, Source, read
from cpl.yaml_writer import entry as yaml_entry

Edit = Callable[[Draft], str]


@dataclass(frozen=True, slots=True)
class Action:
    """What a command does to each record: its name in the trailer, the title in the handling log, and the change.

    `edit` changes the draft and returns the words for the commit's subject.
    """

    name: str
    edit: Edit
    logged_as: str | None = None
    evidence: Sequence[tuple[Path, str]] = ()


def who_acts(app: App, how: How) -> Who:
    """The person, the time and the recorder of a write."""
    return Who(app.acting(how.by), app.acted_at(how.at), app.now, app.recording)


def change(app: App, pieces: Iterable[str], how: How, action: Action) -> None:
    """Change the records that `pieces` name, all or none, in one commit."""
    store = app.store
    store.require_repository()
    who = who_acts(app, how)
    with store.lock():
        paths = list(dict.fromkeys(store.find(piece) for piece in pieces))
        if how.commit:
            store.require_commit(paths)
        writes, words = [], {}
        for path in paths:
            document = sound_document(app, path)
            draft = Draft(document, app.settings, who)
            identifier = draft.record.id
            words[identifier] = action.edit(draft)
            if how.message:
                draft.log(action.logged_as or words[identifier], how.message)
            writes.append(Write(draft.document, document.encode(), action.evidence))
        commit = Commit(_subject(words), action.name, list(words), how.message) if how.commit else None
        store.write(writes, commit, app.now)
    report(words, committed=commit is not None)


def sound_document(app: App, path: str) -> Document:
    """The document at `path`, which holds a record.

    Raises:
        Invalid: it can't be read, so nothing but `cpl edit` may change it.
    """
    entry = app.store.read(path)
    if entry.record is None or entry.document is None:
        message = _("{id} can't be changed while its file is not right; mend it with: cpl edit {id}")
        raise Invalid(message.format(id=entry.id), entry.problems)
    return entry.document


def _subject(words: Mapping[str, str]) -> str:
    if len(words) == 1:
        return "".join(f"{identifier}: {what}" for identifier, what in words.items())
    said = list(dict.fromkeys(words.values()))
    return f"{len(words)} complaints: {said[0] if len(said) == 1 else '; '.join(said)}"


def report(words: Mapping[str, str], *, committed: bool) -> None:
    """Say on stdout what was done to each record."""
    suffix = "" if committed else _(" (not committed)")
    for identifier, what in words.items():
        click.echo(f"{identifier}: {what}{suffix}")


def typed_fields(pairs: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """The typed values of `name=value` pairs by top-level field; a name may be dotted, a value a list `[a, b]`.

    Raises:
        Invalid: a field that there is not, or a value of the wrong type.
    """
    nested: dict[str, Any] = {}
    for name, text in pairs:
        *parents, last = name.split(".")
        place = nested
        for parent in parents:
            place = place.setdefault(parent, {})
            if not isinstance(place, dict):
                raise CplError(_("'{name}' is given both as a value and as a mapping").format(name=parent))
        place[last] = _value(name, text)
    source = Source(_("(options)"), "".join(yaml_entry(name, value) for name, value in nested.items()))
    node, problems = read(source, 0, len(source.text))
    if not isinstance(node, MappingNode):
        return {}
    result: dict[str, Any] = struct(FIELDS, extra=True)(node, problems) or {}
    if problems:
        raise Invalid(_("these values can't be taken:"), [_without_line(problem) for problem in problems])
    return result


def _value(name: str, text: str) -> Any:
    if not text.startswith(("[", "{")):
        return text
    from cpl.yaml_reader import plain_data

    source = Source(name, f"v: {text}\n")
    node, problems = read(source, 0, len(source.text))
    if problems or not isinstance(node, MappingNode):
        raise Invalid(_("{name}: not a list like [a, b]").format(name=name), problems)
    return plain_data(node.get("v"))


def _without_line(problem: Problem) -> Problem:
    return Problem(problem.path, 1, problem.code, problem.message)


def pair(text: str) -> tuple[str, str]:
    """The two sides of `name=value`.

    Raises:
        click.UsageError: there is no `=`, or nothing before it.
    """
    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        raise click.UsageError(_("'{text}' is not NAME=VALUE").format(text=text))
    return name.strip(), value


def due_instant(app: App, option: str, text: str) -> datetime:
    """An instant for a deadline: an instant, a day (its end), or a duration from now such as 2d."""
    from datetime import timedelta

    from cpl import worktime
    from cpl.cli.app import bad_parameter
    from cpl.moments import parse_date, parse_duration, start_of_day

    def parse(given: str) -> datetime:
        for reader in (app.instant, _end_of_day, _from_now):
            try:
                return reader(given)
            except ValueError:
                continue
        message = _("'{text}' is not a time; write 2026-11-22T18:00, 2026-11-22 (its end), or 2d (from now)")
        raise ValueError(message.format(text=given))

    def _end_of_day(given: str) -> datetime:
        return start_of_day(parse_date(given) + timedelta(days=1), app.settings.zone)

    def _from_now(given: str) -> datetime:
        return worktime.due(app.now, parse_duration(given), app.settings.zone)

    result: datetime = bad_parameter(option, parse, text)
    return result
