"""`cpl form`: forms printed from the records, from templates; nothing is written to the store."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from gettext import gettext as _
from typing import Any, Final

import click

from cpl import forms, moments, query, registers, sheets
from cpl.cli.app import App, pass_app
from cpl.cli.choosing import Asked, asked_period, chosen, of_index, whole_day
from cpl.cli.filling import FORM, Wanted, as_page, filled, list_all, put_out, require_output, text_options
from cpl.cli.known import known_names
from cpl.cli.options import RECORD, output_format
from cpl.forms import Form
from cpl.moments import Period
from cpl.record import LOG_SECTION, Record, as_of, local_day, piece_of
from cpl.sections import by_heading
from cpl.templating import TemplateFault
from cpl.values import frozen, replace
from cpl.views import Views

_EACH: Final = "{% for record in records %}{% if not loop.first %}\n---\n\n{% endif %}"
_END: Final = "{% endfor %}"


@click.command("form")
@click.argument("name", required=False, type=FORM)
@click.argument("pieces", metavar="[ID]…", nargs=-1, type=RECORD)
@click.option("--list", "only_list", is_flag=True, help=_("List the forms; so does no name at all."))
@click.option("--where", "wheres", multiple=True, metavar="TEXT", help=_("Such as 'building=3 status!=closed'."))
@click.option("--month", metavar="MONTH", help=_("2026-11; of most registers the default is the present month."))
@click.option("--week", metavar="WEEK", help=_("2026-W47: Monday to Sunday."))
@click.option("--day", metavar="DATE", help=_("2026-11-26."))
@click.option("--room", metavar="ROOM", help=_("1201, 2-1201, or 3-2-1201: building, unit, room."))
@text_options
@output_format()
@pass_app
def form_command(
    app: App,
    name: str | None,
    pieces: Sequence[str],
    only_list: bool,
    wheres: Sequence[str],
    month: str | None,
    week: str | None,
    day: str | None,
    room: str | None,
    fmt: str,
    wanted: Wanted,
) -> None:
    """Print a form from the records, as Markdown or (--html) as a page to print from a browser.

    Forms hold personal data: they are for the desk, the crew and the customer, and are never committed. The store's
    own templates/forms/NAME.zh.md wins over the shipped one; --format is for the list of forms.

    \b
    Examples:
      cpl form
      cpl form repair-order 7k3 --html -o order.html
      cpl form call-register --month 2026-11 --where 'kind=complaint'
      cpl form customer-card --room 3-2-1201
    """
    if name is None or only_list:
        list_all(app, forms.FORMS, wanted, fmt)
        return
    require_output(app, wanted.output)
    form = forms.find(app.store.root, forms.FORMS, name, wanted.language_in(app))
    conditions = [*_own_condition(app, form), *wheres]
    asked = Asked(pieces, conditions, asked_period(app, month, week, day), room, form.counted)
    context = _Taking(app, form.name, Views(app.settings, form.language, app.now)).context(form.takes, asked)
    text = filled(_for_each(form), {**context, "given": dict(wanted.said)})
    put_out(app, as_page(form, text) if wanted.html else text, wanted.output)


def _for_each(form: Form) -> Form:
    """The form; one of a single record is printed for each of the records, every one on a page of its own."""
    if form.takes != "record":
        return form
    template = replace(form.template, text=f"{_EACH}{form.template.text.strip()}\n{_END}")
    empty = form.template.text.partition(form.template.text.strip())[0].count("\n")
    return replace(form, template=replace(template, above=form.template.above + empty - _EACH.count("\n")))


def _own_condition(app: App, form: Form) -> list[str]:
    """The form's own condition, if it has one.

    Raises:
        TemplateFault: the profile has not the names in it.
    """
    try:
        for condition in query.parse(form.where):
            known_names(app, condition)
    except (click.BadParameter, query.BadWhere) as error:
        message = _("'where' does not fit: {words}")
        words = message.format(words=getattr(error, "message", error))
        raise TemplateFault(form.template.path, 1, words) from error
    return [form.where] if form.where else []


@frozen
class _Taking:
    """What the form of a name is filled in with."""

    app: App
    name: str
    views: Views

    def context(self, takes: str, asked: Asked) -> dict[str, Any]:
        """The names that a template which takes that gets.

        Raises:
            click.UsageError: the options do not say of what.
        """
        if takes == "record":
            return self._records(self._with_pieces(asked))
        if takes == "records":
            return self._records(self._with_period(asked))
        if takes == "day":
            return self._day(asked)
        return self._room(asked) if takes == "room" else self._residents(asked)

    def _with_pieces(self, asked: Asked) -> Asked:
        if not asked.pieces:
            raise click.UsageError(_("say of which complaint: cpl form {name} ID…").format(name=self.name))
        return asked

    def _with_period(self, asked: Asked) -> Asked:
        if asked.pieces or asked.period is not None:
            return asked
        return replace(asked, period=moments.month(f"{self._today:%Y-%m}", self.app.settings.zone))

    @property
    def _today(self) -> date:
        return local_day(self.app.now, self.app.settings.zone)

    def _common(self, asked: Asked) -> dict[str, Any]:
        views, period = self.views, asked.period
        named = None
        if period is not None:
            last = views.plain(period.end - timedelta(seconds=1))[:10]
            named = {"name": period.name, "from": views.plain(period.start)[:10], "to": last}
        return {**views.common(), "by": views.person(self.app.recording), "period": named, "room": asked.room}

    def _records(self, asked: Asked) -> dict[str, Any]:
        found = chosen(self.app, asked)
        if not found:
            self.app.say(_("no complaint"))
        records = [record for record, _body in found]
        shown = [self.views.record(record, body) for record, body in found]
        rooms, total = sheets.by_room(records, shown)
        card = sheets.card(records, shown)
        return {**self._common(asked), "records": shown, "rooms": rooms, "total": total, "card": card}

    def _day(self, asked: Asked) -> dict[str, Any]:
        """What came in on a day, what was noted on it, and what is left over at its end.

        Raises:
            click.UsageError: a longer time was asked for.
        """
        zone = self.app.settings.zone
        day = whole_day(self._today if asked.period is None else local_day(asked.period.start, zone), zone)
        if asked.period is not None and asked.period.end > day.end:
            message = _("this form is of one day: cpl form {name} --day {day}").format(name=self.name, day=day.name)
            raise click.UsageError(message)
        found = of_index(self.app, lambda index: index.active(day.start))
        active = [(record, body) for record, body in found if record.received_at < day.end]
        end = min(day.end - timedelta(seconds=1), self.app.now)
        known = [record for record in (as_of(each, end) for each, _body in active) if record is not None]
        left = [self.views.record(each) for each in known if not self.views.is_final(each)]
        notes = [note for record, body in active for note in self._notes(record, body, day)]
        context = self._records(replace(asked, period=day))
        return {**context, "left": left, "notes": sorted(notes, key=lambda each: each["at"])}

    def _notes(self, record: Record, body: str, day: Period) -> list[dict[str, Any]]:
        """What was noted in a record's log on that day, and when it was taken over."""
        taken = [event for event in record.events if day.holds(event.at) and event.did == "handover"]
        found = [{**self.views.event(event), "what": ""} for event in taken]
        log = self.views.notes(by_heading(body).get(LOG_SECTION, ""))
        found += [{**note, "did": None} for note in log if note["at"].startswith(day.name)]
        return [{**each, "record": piece_of(record.id), "title": record.title} for each in found]

    def _room(self, asked: Asked) -> dict[str, Any]:
        if asked.room is None:
            raise click.UsageError(_("say of which room: cpl form {name} --room 3-2-1201").format(name=self.name))
        rows = [
            row for row in registers.read(self.app.store.file, "residents") if query.is_at(row["location"], asked.room)
        ]
        return {**self._records(asked), "residents": sheets.residents(rows, self.views)}

    def _residents(self, asked: Asked) -> dict[str, Any]:
        rows = registers.read(self.app.store.file, "residents")
        return {**self._common(asked), "residents": sheets.residents(rows, self.views)}
