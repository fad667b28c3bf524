"""`cpl letter`: letters to the complainant or an authority; what is sent is kept as evidence and stops the clock."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from datetime import datetime
from gettext import gettext as _
from typing import Any, Final

import click

from cpl import clocks, files, forms, workflow
from cpl.cli.app import App, kept_on_failure, pass_app
from cpl.cli.choosing import Asked, chosen
from cpl.cli.editor import in_editor, is_kept
from cpl.cli.evidence import add_evidence
from cpl.cli.filling import LETTER, Wanted, as_page, filled, list_all, put_out, require_output, text_options
from cpl.cli.known import known_term
from cpl.cli.options import RECORD, How, output_format, term, writes
from cpl.cli.writing import Action, change
from cpl.draft import Draft
from cpl.errors import CplError
from cpl.forms import Form
from cpl.language import said, told_as
from cpl.record import Record, as_of, local_day
from cpl.renames import current
from cpl.templating import Lacking
from cpl.values import frozen
from cpl.views import Views
from cpl.writes import Evidence

_SOURCE: Final = "cpl"


@frozen
class _Letter:
    """A letter about a record, at an instant."""

    app: App
    form: Form
    record: Record
    body: str
    at: datetime

    @property
    def event(self) -> dict[str, Any]:
        """The event that it is when it has been sent; without the channel."""
        if self.form.did == "forward":
            return {"did": "forward", "whom": self.record.get("forwarded_by")}
        return {"did": "contact", "about": self.form.about or self.form.name, "reached": True}

    def require(self) -> None:
        """Raise CplError where the record has not what has to come before this letter."""
        if not workflow.matches(self.record, self.form.when):
            return
        for name in self.form.requires:
            is_there = any(event.matches(name) for event in self.record.events) or self.record.get(name) is not None
            if not is_there:
                message = _("{id}: before '{letter}' comes {what}: {command}")
                command = workflow.supplies(name, self.record.id)
                raise CplError(message.format(id=self.record.id, letter=self.form.label, what=name, command=command))

    def text(self, said: Mapping[str, str]) -> str:
        """The letter; `said` is what the record does not have. Raises Lacking where more of that is needed."""
        views = Views(self.app.settings, self.form.language, self.at)
        context = {
            **views.common(),
            "by": views.person(self.app.recording) or "",
            "record": views.record(self.record, self.body),
            "dues": [views.run(run) for run in self._open_runs()],
            "given": said,
        }
        return filled(self.form, context)

    def _open_runs(self) -> Iterator[clocks.Run]:
        """The deadlines that are still open when the letter has been sent."""
        settings, did = self.app.settings, f"did:{self.event['did']}"
        stops = {did, f"{did}/{self.event.get('about', '')}"}
        for run in clocks.runs(self.record, settings.profile, settings.worktime, self.at):
            if run.is_open and stops.isdisjoint(settings.profile.clocks[run.clock].stops):
                yield run

    def file_name(self, digest: str, ending: str) -> str:
        """What the letter is called among the record's evidence; the same one sent again on a day is numbered.

        With a piece of its SHA-256: two clones never give two letters one name, which both events would tell.
        """
        day = local_day(self.at, self.app.settings.zone)
        stem = f"letter-{self.form.name}-{day:%Y%m%d}-{digest[:8]}"
        taken = {each["file"] for each in self.record.get("evidence") or ()}
        number, name = 1, f"{stem}{ending}"
        while name in taken:
            number += 1
            name = f"{stem}-{number}{ending}"
        return name


@click.command("letter")
@click.argument("name", required=False, type=LETTER)
@click.argument("piece", metavar="[ID]", required=False, type=RECORD)
@click.option("--list", "only_list", is_flag=True, help=_("List the letters; so does no name at all."))
@click.option("--edit", is_flag=True, help=_("Look it over in your editor first."))
@click.option(
    "--sent", "via", metavar="CHANNEL", type=term("channel"), help=_("It was sent: keep it, and record the contact.")
)
@text_options
@output_format()
@writes
@pass_app
def letter_command(
    app: App,
    name: str | None,
    piece: str | None,
    only_list: bool,
    edit: bool,
    via: str | None,
    fmt: str,
    wanted: Wanted,
    how: How,
) -> None:
    """Print a letter about a complaint; with --sent keep exactly this text as evidence, with the event, in one commit.

    What a letter has to say and the record does not is asked for at a terminal, else given by --say. The store's own
    templates/letters/NAME.zh.md wins over the shipped one; --format is for the list of letters.

    \b
    Examples:
      cpl letter
      cpl letter acknowledgement 7k3
      cpl letter acknowledgement 7k3 --sent email
      cpl letter reply 7k3 --edit --say met=no --say why="part ordered" --say next="fitted on Friday" --sent letter
    """
    if name is None or only_list:
        list_all(app, forms.LETTERS, wanted, fmt)
        return
    if piece is None:
        raise click.UsageError(_("say about which complaint: cpl letter {name} ID").format(name=name))
    if via is not None:
        via = known_term(app, "--sent", "channel", via)
    require_output(app, wanted.output)
    form = forms.find(app.store.root, forms.LETTERS, name, wanted.language_in(app))
    ((record, body),) = chosen(app, Asked([piece], (), None, None))
    at = app.acted_at(how.at)
    letter = _Letter(app, form, current(as_of(record, at) or record, app.settings.profile), body, at)
    letter.require()
    text = _written(letter, dict(wanted.said))
    if edit:
        text = _edited(app, letter, text)
    with kept_on_failure(app, f"letter-{name}.md", text if edit else None):
        text = as_page(form, text) if wanted.html else text
        if via is not None:
            _keep_as_sent(letter, text, via, how, ".html" if wanted.html else ".md")
        if via is None or wanted.output is not None:
            put_out(app, text, wanted.output)


def _written(letter: _Letter, said: dict[str, str]) -> str:
    """The letter's text; what it lacks is asked of a person at a terminal."""
    while True:
        try:
            return letter.text(said)
        except Lacking as error:
            if not letter.app.asks:
                raise
            said[error.name] = click.prompt(error.name, err=True)


def _edited(app: App, letter: _Letter, text: str) -> str:
    """The text as the person wants it."""
    mine = files.keep(app.store.kept_folder(), f"letter-{letter.form.name}.md", text)
    found: list[bytes] = []
    try:
        in_editor(app, mine, found.append)
    except BaseException:
        if is_kept(app, mine, worthless=[text.encode()]):
            app.say(_("your text is kept in {path}").format(path=mine))
        raise
    edited = found[0].decode("utf-8", "backslashreplace")
    if not edited.strip():
        raise CplError(_("the letter is empty; nothing was done"))
    return edited


def _keep_as_sent(letter: _Letter, text: str, via: str, how: How, ending: str) -> None:
    """Make the text evidence of the record and add the event, in one commit."""
    app, data = letter.app, text.encode("utf-8", "backslashreplace")
    digest = hashlib.sha256(data).hexdigest()
    name = letter.file_name(digest, ending)
    item = {
        "file": name,
        "sha256": digest,
        "source": _SOURCE,
        "taken_at": letter.at,
        "text": letter.form.label,
    }

    def edit(draft: Draft) -> str:
        add_evidence(draft, [item])
        event = letter.event
        draft.add({**event, **({"via": via} if event["did"] == "contact" else {}), "text": name})
        channel = told_as(via, app.settings.called("channel", via))
        return said("letter {name} sent by {via}", name=letter.form.name, via=channel)

    evidence = [Evidence(data, name, digest)]
    change(app, [letter.record.id], how, Action("letter", edit, logged_as=via, evidence=evidence))
