"""`cpl open`: take a complaint in, from options, a file, the editor, or by asking."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from gettext import gettext as _
from pathlib import Path
from typing import Any, Final

import click

from cpl import document as documents
from cpl import files
from cpl.cli.app import App, pass_app
from cpl.cli.attach import add_evidence, evidence_item
from cpl.cli.edit import edited
from cpl.cli.options import PERSON, How, term, writes
from cpl.cli.writing import pair, report, typed_fields, who_acts
from cpl.document import Document
from cpl.draft import AFTER_THE_FACT, Draft, Who
from cpl.errors import Invalid
from cpl.record import ALPHABET, DESCRIPTION_SECTION, HISTORY, ORDER, load, local_day, make_id
from cpl.store import Commit, Write, record_path, template

# Options that are one field each: the option, the field, what it is.
_FIELD_OPTIONS: Final = {
    "kind": "kind",
    "channel": "channel",
    "category": "category",
    "nature": "nature",
    "severity": "severity",
    "site": "location.site",
    "building": "location.building",
    "unit": "location.unit",
    "room": "location.room",
    "spot": "location.spot",
    "name": "complainant.name",
    "phone": "complainant.phone",
    "role": "complainant.role",
    "people": "complainant.people",
    "lead": "lead",
    "assignee": "assignee",
}
_ASKED: Final = ("channel", "category", "building", "room", "name", "phone")
_OWN: Final = ("id", "status", HISTORY, "source", "evidence")


def _field_options(command: Any) -> Any:
    for option, field in reversed(_FIELD_OPTIONS.items()):
        kind = PERSON if field in ("lead", "assignee") else term(field) if "." not in field else None
        command = click.option(f"--{option}", metavar=option.upper(), type=kind, help=field)(command)
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
@click.option(
    "-d", "--description", metavar="TEXT", help=_("What happened: when, where, what, present state.")
)
@click.option(
    "-f",
    "--file",
    "source",
    type=click.File("r", encoding="utf-8"),
    help=_("Read the description; - is stdin."),
)
@click.option(
    "--attach", "attached", multiple=True, type=click.Path(path_type=Path), help=_("Evidence, copied in.")
)
@click.option(
    "--from",
    "from_file",
    type=click.Path(path_type=Path),
    metavar="FILE.md",
    help=_("A whole record, with or without id."),
)
@click.option(
    "-e", "--edit", "in_editor", is_flag=True, help=_("Look it over in your editor before it is taken in.")
)
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
    source: Any,
    attached: Sequence[Path],
    from_file: Path | None,
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
    store = app.store
    store.require_repository()
    if description is not None and source is not None:
        raise click.UsageError(_("give the description once: --description or --file"))
    text = source.read() if source is not None else description
    given = [(_FIELD_OPTIONS[name], value) for name, value in options.items() if value is not None]
    given += [("title", title)] if title is not None else []
    given += [("departments", f"[{', '.join(departments)}]")] if departments else []
    given += [pair(field) for field in fields]
    _refuse_own(given)
    values = _merged(_from_file(from_file), typed_fields(given))
    if demands:
        values["demands"] = list(demands)
    who = who_acts(app, how)
    body = values.pop("", None)
    asked = _Intake(app, who, values, text, body, [evidence_item(path, {}) for path in attached])
    asked.take_in(how, attached, in_editor=in_editor)


def _refuse_own(pairs: Sequence[tuple[str, str]]) -> None:
    for name, _value in pairs:
        if name.partition(".")[0] in (*_OWN, "received_at"):
            hint = _("use --at") if name == "received_at" else _("cpl sets it")
            raise click.UsageError(_("'{name}' is not given here: {hint}").format(name=name, hint=hint))


def _merged(base: dict[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """`base` with `over` laid over it, mapping by mapping."""
    for name, value in over.items():
        old = base.get(name)
        base[name] = (
            _merged(dict(old), value) if isinstance(old, Mapping) and isinstance(value, Mapping) else value
        )
    return base


def _from_file(path: Path | None) -> dict[str, Any]:
    """The typed fields of a record file, its body under ''; its own id and history are not taken over."""
    if path is None:
        return {}
    data = files.read(path, documents.RECORD_LIMIT)
    document, problems = documents.parse(data, str(path))
    if document is None or any(problem.is_error for problem in problems):
        raise Invalid(_("{path} can't be taken in:").format(path=path), problems)
    from cpl.record import FIELDS
    from cpl.schema import struct

    values: dict[str, Any] = struct(FIELDS, extra=True)(document.front, problems) or {}
    if problems:
        raise Invalid(_("{path} can't be taken in:").format(path=path), problems)
    taken = {name: value for name, value in values.items() if name not in _OWN}
    return {**taken, "": document.body}


class _Intake:
    """A complaint on its way in: what is known, what is asked for, and the text that must not be lost."""

    def __init__(
        self,
        app: App,
        who: Who,
        values: dict[str, Any],
        description: str | None,
        body: str | None,
        evidence: Sequence[dict[str, Any]],
    ) -> None:
        self.app = app
        self.who = who
        self.values = values
        self.description = description
        self.body = body
        self.evidence = evidence
        self.text = ""

    def take_in(self, how: How, attached: Sequence[Path], *, in_editor: bool) -> None:
        """Ask, build, check, write, commit; on any failure the text is kept in a file that is named."""
        self.who = replace(self.who, at=self.values.pop("received_at", self.who.at))
        self.ask(in_editor=in_editor)
        with self.app.store.lock():
            document = self.build(self.new_id())
            self.text = document.text
            try:
                if in_editor:
                    document = self.look_over(document)
                self.write(document, how, attached)
            except BaseException:
                self.keep()
                raise

    def ask(self, *, in_editor: bool) -> None:
        """Ask at a terminal for what is missing; elsewhere raise UsageError that names it."""
        if "title" not in self.values and not in_editor:
            if not self.app.asks:
                raise click.UsageError(_("the title is missing: --title TEXT"))
            self.values["title"] = click.prompt(_("Title"), err=True)
            self.ask_details()
        self.values.setdefault("title", _("(title)"))
        self.values.setdefault("kind", next(iter(self.app.settings.profile.terms["kind"])))
        self.values.setdefault("lead", self.who.by)

    def ask_details(self) -> None:
        """The questions of the intake, each of which may be left empty."""
        fields = typed_fields([])
        for option in _ASKED:
            field = _FIELD_OPTIONS[option]
            known = self.app.settings.profile.terms.get(field)
            hint = " (" + ", ".join(known) + ")" if known and len(known) <= 12 else ""
            if not _has(self.values, field):
                answer = click.prompt(f"{option}{hint}", default="", show_default=False, err=True).strip()
                if answer:
                    fields = _merged(fields, typed_fields([(field, answer)]))
        self.values = _merged(self.values, fields)
        if self.description is None and self.body is None:
            self.description = click.prompt(_("What happened"), default="", show_default=False, err=True)

    def new_id(self) -> str:
        """A free id for the day on which the complaint was received."""
        day = local_day(self.who.at, self.app.settings.zone)
        while True:
            identifier = make_id(day, "".join(self.app.choose(ALPHABET) for _position in range(6)))
            if not (self.app.store.root / record_path(identifier)).exists():
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
            **self.values,
            "id": identifier,
            "status": profile.initial,
            "received_at": self.who.at,
            HISTORY: [intake],
        }
        ordered = {name: front[name] for name in sorted(front, key=_place)}
        body = self.body if self.body is not None else self.template()
        document = documents.new(ordered, body, path=record_path(identifier))
        if self.description:
            document = documents.add_to_section(document, DESCRIPTION_SECTION, self.description)
        draft = Draft(document, self.app.settings, self.who)
        if self.evidence:
            add_evidence(draft, self.evidence)
        return draft.document

    def template(self) -> str:
        """The body for the kind, in the store's language, with the intake checklist (OT-1)."""
        language = self.app.settings.language
        for name in (f"{self.values['kind']}.{language}", f"complaint.{language}"):
            data = template(self.app.store.root, f"templates/records/{name}.md")
            if data is not None:
                return data.decode("utf-8-sig", "replace")
        return ""

    def look_over(self, document: Document) -> Document:
        """The record after the editor; id and path stay."""
        mine = files.keep(self.app.store.kept_folder(), Path(document.source.path).name, document.text)
        after = edited(self.app, mine)
        mine.unlink()
        self.text = after.decode("utf-8", "replace")
        changed, problems = documents.parse(after, document.source.path)
        if changed is None or any(problem.is_error for problem in problems):
            raise Invalid(_("the text is not right, nothing was taken in:"), problems)
        return changed

    def write(self, document: Document, how: How, attached: Sequence[Path]) -> None:
        """Check, write and commit."""
        record, problems = load(document)
        if record is None:
            raise Invalid(_("the record would not be right, nothing was taken in:"), problems)
        if how.message:
            draft = Draft(document, self.app.settings, self.who)
            draft.log(record.status, how.message)
            document = draft.document
        commit = (
            Commit(f"{record.id}: {record.status}", "open", [record.id], how.message) if how.commit else None
        )
        if commit is not None:
            self.app.store.require_commit([])
        self.app.store.write(
            [Write(document, None, [(path, path.name) for path in attached])], commit, self.app.now
        )
        report({record.id: record.status}, committed=commit is not None)
        self.app.say(document.source.path)

    def keep(self) -> None:
        """Keep the text in a file of its own and say where, with the command that takes it in."""
        path = files.keep(self.app.store.kept_folder(), "intake.md", self.text)
        self.app.say(_("nothing was taken in; your text is kept: cpl open --from {path}").format(path=path))


def _place(name: str) -> int:
    return ORDER.index(name) if name in ORDER else len(ORDER)


def _has(values: Mapping[str, Any], dotted: str) -> bool:
    first, _dot, rest = dotted.partition(".")
    found = values.get(first)
    return found is not None and (not rest or (isinstance(found, Mapping) and rest in found))
