"""`cpl open`: take a complaint in, from options, a file, the editor, or by asking."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping, Sequence
from gettext import gettext as _
from pathlib import Path
from typing import Any, BinaryIO, Final

import click

from cpl import document as documents
from cpl import files, sections
from cpl.cli.app import App, keep, pass_app
from cpl.cli.editor import in_editor as open_in_editor
from cpl.cli.editor import is_kept, naming
from cpl.cli.evidence import add_evidence, evidence_item, incoming
from cpl.cli.intake_words import tell_duties
from cpl.cli.options import PERSON, How, term, writes
from cpl.cli.prices import hint_at_price
from cpl.cli.related import hint_at_similar
from cpl.cli.residents import show_cards
from cpl.cli.suggested import hint_at_playbook
from cpl.cli.writing import (
    called,
    field_pair,
    in_zone,
    merged,
    read_text,
    report,
    typed_fields,
    who_acts,
    with_names,
)
from cpl.document import Document
from cpl.draft import AFTER_THE_FACT, Draft, Who
from cpl.errors import CplError, Invalid, Problem
from cpl.places import template
from cpl.profile import TERM_SECTIONS
from cpl.record import ALPHABET, DESCRIPTION_SECTION, FIELDS, HISTORY, ORDER, load, local_day, make_id
from cpl.schema import struct
from cpl.store import record_path
from cpl.values import replace
from cpl.writes import Commit, Evidence, Write

# Options that are one field each: the option, the field, what it is.
FIELD_OPTIONS: Final = {
    "kind": "kind",
    "channel": "channel",
    "category": "category",
    "nature": "nature",
    "severity": "severity",
    "site": "location.site",
    "area": "location.area",
    "building": "location.building",
    "unit": "location.unit",
    "floor": "location.floor",
    "room": "location.room",
    "spot": "location.spot",
    "happened-at": "happened_at",
    "object": "object",
    "cause": "cause",
    "name": "complainant.name",
    "phone": "complainant.phone",
    "email": "complainant.email",
    "role": "complainant.role",
    "people": "complainant.people",
    "lead": "lead",
    "assignee": "assignee",
    "forwarded-by": "forwarded_by",
}
_FEW: Final = 12
_ASKED: Final = ("channel", "category", "building", "room", "name", "phone")
_OWN: Final = ("id", "status", HISTORY, "source", "evidence")


def _field_options(command: Any) -> Any:
    for option, field in reversed(FIELD_OPTIONS.items()):
        kind = PERSON if field in ("lead", "assignee") else term(field) if field in TERM_SECTIONS else None
        command = click.option(f"--{option}", metavar=option.upper(), type=kind, help=_(field))(command)
    return command


@click.command("open")
@click.option("-t", "--title", metavar="TEXT", help=_("The complaint in one line."))
@_field_options
@click.option("--department", "departments", multiple=True, metavar="NAME", type=term("departments"))
@click.option("--demand", "demands", multiple=True, metavar="TEXT", help=_("What the complainant asks for."))
@click.option(
    "--field",
    "fields",
    multiple=True,
    metavar="NAME=VALUE",
    help=_("Any other field, such as order.size=minor."),
)
@click.option("-d", "--description", metavar="TEXT", help=_("What happened: when, where, what, present state."))
@click.option(
    "-f",
    "--file",
    "source",
    type=click.File("rb"),
    metavar="FILE",
    help=_("Read the description; - is stdin."),
)
@click.option("--attach", "attached", multiple=True, type=click.Path(path_type=Path), help=_("Evidence, copied in."))
@click.option(
    "--from",
    "from_file",
    type=click.File("rb"),
    metavar="FILE.md",
    help=_("A whole record, with or without id; - is stdin."),
)
@click.option("-e", "--edit", "in_editor", is_flag=True, help=_("Look it over in your editor before it is taken in."))
@writes
@pass_app
def open_command(
    app: App,
    /,
    title: str | None,
    departments: Sequence[str],
    demands: Sequence[str],
    fields: Sequence[str],
    description: str | None,
    source: BinaryIO | None,
    attached: Sequence[Path],
    from_file: BinaryIO | None,
    in_editor: bool,
    how: How,
    **options: str | None,
) -> None:
    """Take a complaint in. Prints its id; whoever takes it in is its lead and answers for it (RQ-2).

    At a terminal you are asked for what is missing; with --no-input, or without a terminal, that is an error.

    \b
    Examples:
      cpl open -t "Door 2 does not lock" --building 3 --name "Ms Wang" --phone 13800001234
      cpl open -t "Lift stuck" --kind incident --at 02:10 -m "entered in the morning"
      cpl open --from walk-in.md --attach door.jpg
    """
    app.store.require_repository()
    if description is not None and source is not None:
        raise click.UsageError(_("give the description once: --description or --file"))
    given = {
        "title": title and _in_one_line(title),
        **{field: options[name.replace("-", "_")] for name, field in FIELD_OPTIONS.items()},
    }
    stated = [(name, value) for name, value in given.items() if value is not None]
    pairs = [in_zone(app, *each) for each in (*stated, *map(field_pair, fields))]
    _refuse_twice(pairs)
    _refuse_own(pairs)
    values = merged(_from_file(app, from_file), typed_fields((name, value) for name, value in pairs if value.strip()))
    lists = {"departments": list(departments), "demands": list(demands)}
    values |= {name: value for name, value in lists.items() if value}
    values = with_names(app, values, app.acted_at(how.at))
    who = who_acts(app, how)
    if how.at is None:
        who = replace(who, at=values.get("received_at", who.at))
    if how.commit:
        app.store.require_commit([])
    evidence = [evidence_item(path, {}) for path in attached]
    body = values.pop("", None)
    intake = _Intake(app, who, values, body, evidence, incoming(attached, evidence))
    intake.require_title(in_editor=in_editor)
    intake.description = description if source is None else read_text(source)
    intake.take_in(how, in_editor=in_editor)


def _refuse_twice(pairs: Sequence[tuple[str, str]]) -> None:
    names = [name for name, _value in pairs]
    for name in names:
        if names.count(name) > 1:
            raise click.UsageError(_("'{name}' is given twice; give it once").format(name=name))


def _refuse_own(pairs: Sequence[tuple[str, str]]) -> None:
    hints = {"received_at": _("use --at"), "evidence": _("use --attach FILE")}
    for name, _value in pairs:
        first = name.partition(".")[0]
        if first in (*_OWN, *hints):
            hint = hints.get(first, _("cpl sets it"))
            raise click.UsageError(_("'{name}' is not given here: {hint}").format(name=name, hint=hint))


def _from_file(app: App, source: BinaryIO | None) -> dict[str, Any]:
    """The typed fields of a record file, its body under ''; its own id, history and evidence are not taken over.

    Raises:
        Invalid: it can't be read as a record.
    """
    if source is None:
        return {}
    path = called(source)
    document, problems = documents.parse(source.read(), path)
    values: dict[str, Any] = {}
    if document is not None:
        values = struct(FIELDS, extra=True)(document.front, problems) or {}
    if document is None or any(problem.is_error for problem in problems):
        raise Invalid(_("{path} can't be taken in:").format(path=path), problems)
    if left := [item["file"] for item in values.get("evidence", ())]:
        app.say(_("not taken over, add it with --attach: {names}").format(names=", ".join(left)))
    taken = {name: value for name, value in values.items() if name not in _OWN}
    if taken.get("title") == _untitled():
        del taken["title"]
    return {**taken, "": document.body}


def _in_one_line(text: str) -> str:
    return " ".join(documents.clean_text(text).split())


def _untitled() -> str:
    return _("(title)")


class _Intake:
    """A complaint on its way in: what is known, what is asked for, and the text that must not be lost."""

    def __init__(
        self,
        app: App,
        who: Who,
        values: dict[str, Any],
        body: str | None,
        items: Sequence[dict[str, Any]],
        evidence: Sequence[Evidence],
    ) -> None:
        self.app = app
        self.who = who
        self.values = values
        self.body = body
        self.items = items
        self.evidence = evidence
        self.description: str | None = None
        self.kept: Path | None = None
        self.written: Document | None = None

    def require_title(self, *, in_editor: bool) -> None:
        """Raise UsageError where the title is missing and nobody can be asked."""
        if "title" not in self.values and not in_editor and not self.app.asks:
            raise click.UsageError(_("the title is missing: --title TEXT"))

    def take_in(self, how: How, *, in_editor: bool) -> None:
        """Ask, build, check, write, commit; on any failure the text is kept in a file that is named."""
        document: Document | None = None
        try:
            if not in_editor and "title" not in self.values:
                self.ask()
            document = self.build(self.new_id())
            if in_editor:
                self.kept = files.keep(self.app.store.kept_folder(), "intake.md", document.text)
                path = document.source.path
                open_in_editor(self.app, self.kept, lambda after: self.write(self.read(after, path), how))
            else:
                self.write(document, how)
        except Invalid as error:
            with naming(str(self.keep(document) or "-")):
                raise error from None
        except BaseException:
            self.keep(document)
            raise
        if self.written is not None:
            tell_duties(self.app, self.written)
            hint_at_similar(self.app, self.written)
            hint_at_playbook(self.app, self.written)

    def ask(self) -> None:
        """The questions of the intake, each of which but the first may be left empty."""
        self.values["title"] = _in_one_line(click.prompt(_("Title"), err=True))
        for option in _ASKED:
            field = FIELD_OPTIONS[option]
            if not _has(self.values, field):
                self.values = merged(self.values, self.answer(option, field))
        if self.description is None and self.body is None:
            self.description = click.prompt(_("What happened"), default="", show_default=False, err=True)

    def answer(self, option: str, field: str) -> dict[str, Any]:
        """What a person answers for one field; asked again until it can be taken."""
        known = self.app.settings.profile.terms.get(field, {})
        hint = f" ({', '.join(known)})" if 0 < len(known) <= _FEW else ""
        while True:
            text: str = click.prompt(f"{option}{hint}", default="", show_default=False, err=True).strip()
            try:
                value = with_names(self.app, typed_fields([(field, text)] if text else []), self.who.at)
            except click.BadParameter as error:
                self.app.say(error.message)
            else:
                return value

    def new_id(self) -> str:
        """A free id for the day on which the complaint was received."""
        day = local_day(self.who.at, self.app.settings.zone)
        while True:
            identifier = make_id(day, "".join(self.app.choose(ALPHABET) for _position in range(6)))
            if not os.path.lexists(self.app.store.root / record_path(identifier)):
                return identifier

    def build(self, identifier: str) -> Document:
        """The new record."""
        profile = self.app.settings.profile
        intake: dict[str, Any] = {"at": self.who.at, "by": self.who.by, "to": profile.initial}
        if self.who.now - self.who.at > AFTER_THE_FACT:
            intake["recorded_at"] = self.who.now
        if self.who.recorded_by not in (None, self.who.by):
            intake["recorded_by"] = self.who.recorded_by
        front = {
            "title": _untitled(),
            "kind": profile.usual_kind,
            "lead": self.who.by,
            **self.values,
            "id": identifier,
            "status": profile.initial,
            "received_at": self.who.at,
            HISTORY: [intake],
        }
        ordered = {name: front[name] for name in sorted(front, key=_place)}
        body = self.template(front["kind"]) if self.body is None else self.body
        document = documents.new(ordered, body, path=record_path(identifier))
        if self.description and self.description.strip():
            document = sections.add_to_section(document, DESCRIPTION_SECTION, self.description)
        draft = Draft(document, self.app.settings, self.who)
        add_evidence(draft, self.items)
        return draft.document

    def template(self, kind: str) -> str:
        """The body for the kind, in the store's language, with the intake checklist (OT-1)."""
        language = self.app.settings.language
        for name in (f"{kind}.{language}", f"default.{language}"):
            data = template(self.app.store.root, f"templates/records/{name}.md")
            if data is not None:
                return data.decode("utf-8-sig", "replace")
        return ""

    def read(self, data: bytes, path: str) -> Document:
        """The record that came out of the editor."""
        if not data.strip():
            raise CplError(_("the text is empty, nothing was taken in"))
        document, problems = documents.parse(data, path)
        if document is None or any(problem.is_error for problem in problems):
            raise Invalid(_("the text is not right, nothing was taken in:"), problems)
        return document

    def write(self, document: Document, how: How) -> None:
        """Check, write and commit; the lock is held only for this, not while the person thinks."""
        record, problems = load(document)
        if record is None:
            raise Invalid(_("the record would not be right, nothing was taken in:"), problems)
        if record.title == _untitled():
            raise Invalid(
                _("the title is missing:"), [Problem(document.source.path, 2, "E021", _("say it in one line"))]
            )
        if how.message and how.message.strip():
            draft = Draft(document, self.app.settings, self.who)
            draft.log(record.status, how.message)
            document = draft.document
        show_cards(self.app, record.get("location") or {})
        commit = Commit(f"{record.id}: {record.status}", "open", [record.id], how.message) if how.commit else None
        with self.app.store.lock():
            self.app.store.write([Write(document, None, self.evidence)], commit, self.app.now)
        report(self.app, {record.id: record.status}, committed=commit is not None)
        self.app.say(document.source.path)
        hint_at_price(self.app, record)
        self.written = document

    def keep(self, document: Document | None) -> Path | None:
        """Keep the text in a file of its own and say which command takes it in; the file, None if there is none."""
        if document is None and "title" not in self.values:
            return None  # the title is asked for first, so nothing was answered
        if self.kept is None:
            text = document or self.build(self.new_id())
            self.kept = keep(self.app, "intake.md", text.text)
        elif not is_kept(self.app, self.kept, worthless=()):
            return None
        if self.kept is not None:
            again = ["cpl", "open", "--from", str(self.kept)]
            again += [word for item in self.evidence for word in ("--attach", str(item.source))]
            self.app.say(_("nothing was taken in; your text is kept: {command}").format(command=shlex.join(again)))
        return self.kept


def _place(name: str) -> int:
    return ORDER.index(name) if name in ORDER else len(ORDER)


def _has(values: Mapping[str, Any], dotted: str) -> bool:
    first, _dot, rest = dotted.partition(".")
    found = values.get(first)
    return found is not None and (not rest or (isinstance(found, Mapping) and rest in found))
