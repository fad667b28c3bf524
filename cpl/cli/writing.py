"""How a command changes records: lock, read, draft, check, write, commit, say so; and typed fields from text."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from gettext import gettext as _
from typing import Any, BinaryIO, Final

import click

from cpl import worktime
from cpl.cli.app import App, bad_parameter, kept_on_failure
from cpl.cli.known import known_term
from cpl.cli.options import How
from cpl.document import Document, clean_text
from cpl.draft import Draft, Who
from cpl.errors import CplError, Invalid, Problem
from cpl.labels import Ambiguous, Labelled, name_of
from cpl.language import Said, joined, said, spoken
from cpl.moments import format_instant, parse_date, parse_duration, start_of_day
from cpl.query import SHORT_NAMES
from cpl.record import FIELDS
from cpl.render import visible
from cpl.schema import Converter, shown, struct
from cpl.values import frozen
from cpl.writes import Commit, Evidence, Write
from cpl.yaml_nodes import MappingNode, Source, plain_data
from cpl.yaml_reader import read
from cpl.yaml_writer import entry as yaml_entry

Edit = Callable[[Draft], str]

INSTANTS: Final = ("happened_at", "order.appointment")  # the fields that no event sets


@frozen
class Action:
    """What a command does to each record: its name in the trailer, the title in the handling log, and the change.

    `edit` changes the draft and returns the words for the commit's subject, in English but told in the language of the
    run (`language.said`); the subject of several records is made of them unless `subject` says it.
    """

    name: str
    edit: Edit
    logged_as: str | None = None
    evidence: Sequence[Evidence] = ()
    subject: str | None = None


def who_acts(app: App, how: How) -> Who:
    """The person, the time and the recorder of a write.

    Raises:
        CplError: the person is not known, or had left by then; the time lies in the future.
    """
    by, at = app.acting(how.by), app.acted_at(how.at)
    if app.had_left(by, at):
        message = _(
            "'{name}' left after {until} (see cpl.yaml); say who acts: --by PERSON, or when it was done: --at INSTANT"
        )
        raise CplError(message.format(name=by, until=app.settings.people[by].until))
    return Who(by, at, app.now, app.recording)


def change(app: App, pieces: Iterable[str], how: How, action: Action) -> None:
    """Change the records that `pieces` name, all or none, in one commit; on a failure `--message` is kept."""
    app.store.require_repository()
    with kept_on_failure(app, f"{action.name}.txt", how.message):
        who = who_acts(app, how)
        with app.store.lock():
            words = _change(app, pieces, how, action, who)
    report(app, words, committed=how.commit)


def preview(app: App, pieces: Iterable[str], how: How, action: Action) -> None:
    """Say what `change` would do, and judge it as `change` does; nothing is written."""
    app.store.require_repository()
    writes, words = _next_versions(app, pieces, how, action, who_acts(app, how))
    for each in writes:
        app.store.judge(each, app.now)
    _tell(words)
    app.say(_("a dry run: nothing was written"))


def _change(app: App, pieces: Iterable[str], how: How, action: Action, who: Who) -> dict[str, str]:
    """The records that were changed, by id, and what was done to each."""
    writes, words = _next_versions(app, pieces, how, action, who)
    subject = _subject(words, action.subject)
    commit = Commit(subject, action.name, list(words), how.message) if how.commit else None
    app.store.write(writes, commit, app.now)
    return words


def _next_versions(
    app: App, pieces: Iterable[str], how: How, action: Action, who: Who
) -> tuple[list[Write], dict[str, str]]:
    """The next version of each record, not yet judged, and what was done to it, by id."""
    store = app.store
    paths = list(dict.fromkeys(store.find(piece) for piece in pieces))
    if how.commit:
        store.require_commit(paths)
    writes: list[Write] = []
    words: dict[str, str] = {}
    for path in paths:
        document = sound_document(app, path)
        draft = Draft(document, app.settings, who)
        identifier = _begun(draft)
        words[identifier] = action.edit(draft)
        if how.message and how.message.strip():
            draft.log(action.logged_as or words[identifier], how.message)
        writes.append(Write(draft.document, document.encode(), action.evidence))
    return writes, words


def _begun(draft: Draft) -> str:
    """The record's id.

    Raises:
        CplError: it had not been taken in by the time that is entered.
    """
    record, at = draft.record, draft.who.at
    if at < (intake := record.history[0].at):
        message = _("{id} was taken in at {intake}; nothing can have been done about it before, at {at}")
        raise CplError(message.format(id=record.id, intake=format_instant(intake), at=format_instant(at)))
    return record.id


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


def _subject(words: Mapping[str, str], of_several: str | None) -> str:
    if len(words) == 1:
        return "".join(f"{identifier}: {what}" for identifier, what in words.items())
    return f"{len(words)} complaints: {of_several or '; '.join(dict.fromkeys(words.values()))}"


def report(app: App, words: Mapping[str, str], *, committed: bool) -> None:
    """Say on stdout what was done to each record, and on stderr when this clone has no hooks."""
    _tell(words, "" if committed else _(" (not committed)"))
    if committed:
        app.hint_at_hooks()


def _tell(words: Mapping[str, str], suffix: str = "") -> None:
    for identifier, what in words.items():
        click.echo(visible(f"{identifier}: {spoken(what)}{suffix}"))


def typed_fields(pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """The typed values of `name=value` pairs by top-level field; a name may be dotted, a value a list `[a, b]`.

    Raises:
        click.BadParameter: a field that there is not, or a value of the wrong type.
    """
    result: dict[str, Any] = {}
    for name, text in pairs:
        result = merged(result, typed(name, text))
    return result


def merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """`base` with `over` laid over it, mapping by mapping."""
    result = dict(base)
    for name, value in over.items():
        old = result.get(name)
        if isinstance(old, Mapping) and isinstance(value, Mapping):
            result[name] = merged(old, value)
        else:
            result[name] = value
    return result


def typed(name: str, text: str, fields: Mapping[str, Converter] = FIELDS) -> dict[str, Any]:
    """The typed value at the dotted `name`, in mappings by the parts of the name. Raises as `typed_fields`."""
    value: Any = (text := clean_text(text))
    if text.startswith(("[", "{")) and _may_be_structure(name, fields):
        value = _structure(name, text)
    converted, problems = _converted(name, value, fields)
    if problems:
        raise click.BadParameter(problems[0].message, param_hint=name)
    return converted


def _may_be_structure(name: str, fields: Mapping[str, Converter]) -> bool:
    """Whether a list or a mapping may stand there; where not, as in `title=[urgent] the lift`, it is text."""
    empty: tuple[Any, ...] = ([], {})
    return any(not _converted(name, each, fields)[1] for each in empty)


def _converted(name: str, value: Any, fields: Mapping[str, Converter]) -> tuple[dict[str, Any], list[Problem]]:
    """The value as `fields` have it, with what is wrong with it."""
    for part in reversed(name.split(".")):
        value = {part: value}
    source = Source(name, "".join(yaml_entry(first, each) for first, each in value.items()))
    node, problems = read(source, 0, len(source.text))
    data: dict[str, Any] = {}
    if isinstance(node, MappingNode):
        data = struct(fields, extra=True)(node, problems) or {}
    return data, problems


def _structure(name: str, text: str) -> Any:
    source = Source(name, f"v: {text}\n")
    node, problems = read(source, 0, len(source.text))
    if problems or not isinstance(node, MappingNode):
        message = _("'{text}' is not a list like [a, b]; put quotes around a text with brackets in it")
        raise click.BadParameter(message.format(text=text), param_hint=name)
    return plain_data(node.entries[0].value)


def with_names(app: App, values: Mapping[str, Any], at: datetime, option: str = "--{name}") -> dict[str, Any]:
    """The values with the names that labels of the profile stand for; absent ones are fine.

    Raises:
        click.BadParameter: a name that neither the profile nor cpl.yaml has; somebody who had left by `at`.
    """
    result = dict(values)
    for field in app.settings.profile.terms:
        known = partial(known_term, app, option.format(name=field.removesuffix("s")), field)
        if given := values.get(field):
            result[field] = tuple(map(known, given)) if isinstance(given, tuple | list) else known(given)
    if size := values.get("order", {}).get("size"):
        sizes = app.settings.profile.terms["order.size"]
        result["order"] = {**values["order"], "size": name_of(sizes, size) or size}
    for field in ("lead", "assignee"):
        if values.get(field) is not None:
            app.present_person(option.format(name=field), values[field], at)
    return result


class _Named(click.Choice[str]):
    """A choice of names of the profile, which may be typed as their labels."""

    def __init__(self, known: Mapping[str, Labelled]) -> None:
        super().__init__(list(known))
        self._known = known

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """As click does, of the name that is typed or labelled."""
        try:
            return super().convert(name_of(self._known, value) or value, param, ctx)
        except Ambiguous as error:
            self.fail(str(error), param, ctx)


def asked(app: App, value: str | None, label: str, usage: str, choices: Collection[str] = ()) -> str:
    """`value`, or what a person at a terminal answers; `usage` says what is missing where nobody can be asked.

    Raises:
        click.UsageError: it is missing and nobody can be asked.
    """
    if value is not None and value.strip():
        return value
    if not app.asks:
        raise click.UsageError(usage)
    kind = _Named(choices) if isinstance(choices, Mapping) else click.Choice(list(choices)) if choices else None
    answer: str = click.prompt(label, type=kind, err=True)
    return answer


def pair(text: str) -> tuple[str, str]:
    """The two sides of `name=value`.

    Raises:
        click.UsageError: there is no `=`, or nothing before it.
    """
    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        raise click.UsageError(_("'{text}' is not NAME=VALUE").format(text=text))
    return name.strip(), value


def field_pair(text: str) -> tuple[str, str]:
    """As `pair`, for a field of a record, which may have its short name: `building` is `location.building`."""
    name, value = pair(text)
    return SHORT_NAMES.get(name, name), value


def in_zone(app: App, name: str, text: str) -> tuple[str, str]:
    """A field and its text; an instant without an offset is meant in the store's zone, as in options."""
    if name not in INSTANTS or not text.strip() or len(text) == len("2026-11-22"):
        return name, text
    return name, format_instant(bad_parameter(name, app.instant, text))


def in_subject(value: object) -> Said:
    """A field's value in the words of a subject."""
    return said("absent") if value is None or value == () else joined("", [shown(value)])


def nothing_to_change(identifier: str) -> CplError:
    """The error for a change to what is there already."""
    return CplError(_("{id}: nothing to change, the fields have these values").format(id=identifier))


def due_instant(app: App, option: str, text: str, *, after: datetime) -> datetime:
    """An instant for a deadline: an instant, a day (its end), or a duration from now such as 2d.

    Raises:
        click.BadParameter: it is none of these, or does not lie after `after`.
    """

    def parse(given: str) -> datetime:
        for reader in (app.instant, _end_of_day, _from_now):
            try:
                return reader(given)
            except ValueError:
                continue
        message = _("'{text}' is not a time; write 2026-11-22T18:00, 2026-11-22 (its end), 18:00, or 2d (from now)")
        raise ValueError(message.format(text=given))

    def _end_of_day(given: str) -> datetime:
        return start_of_day(parse_date(given) + timedelta(days=1), app.settings.zone)

    def _from_now(given: str) -> datetime:
        return worktime.due(app.now, parse_duration(given), app.settings.worktime)

    result: datetime = bad_parameter(option, parse, text)
    if result <= after:
        message = _("{due} is past; it has to lie after {after}")
        message = message.format(due=format_instant(result), after=format_instant(after))
        raise click.BadParameter(message, param_hint=option)
    return result


def read_text(source: BinaryIO) -> str:
    """What a file that the user names, or stdin, holds.

    Raises:
        CplError: it is not UTF-8.
    """
    data = source.read()
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        message = _("{name}: byte 0x{byte:02X} at offset {offset} is not UTF-8; save the text as UTF-8")
        raise CplError(message.format(name=called(source), byte=data[error.start], offset=error.start)) from None


def called(source: BinaryIO) -> str:
    """What to call a file that the user named, in a message."""
    return str(getattr(source, "name", "<stdin>"))
