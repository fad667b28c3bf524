"""The faces of a summary for people: Markdown for reports/, tables for a terminal; no figure is made here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from gettext import gettext as _
from gettext import ngettext

from cpl import render, report_follow_ups
from cpl.config import FORMAT, Settings
from cpl.figures import Count, Numbers, Promises, Spread, Summary, Timely
from cpl.moments import format_instant
from cpl.render import Cell, Column
from cpl.report_section import NOTHING, Section, label, percent, rate
from cpl.tally import Dimension, Key, Single
from cpl.weak_points import Finding

Found = Sequence[Finding] | None
"""What the figures give cause to improve; None: that was not asked."""


def as_markdown(summary: Summary, settings: Settings, *, ids: bool, found: Found = None) -> str:
    """The summary as a document for reports/, in the words of the store's language."""
    title = _("Complaint figures {period}").format(period=summary.period.name)
    return f"# {title}\n" + "".join(map(_section_markdown, _sections(summary, settings, found, ids=ids)))


def _section_markdown(section: Section) -> str:
    notes = "".join(f"\n{note}\n" for note in section.notes)
    table = render.rows(section.rows, section.columns, "markdown")
    return f"\n## {section.title}\n{notes}\n{table}"


def as_table(summary: Summary, settings: Settings, *, ids: bool, width: int | None = None, found: Found = None) -> str:
    """The summary for a terminal of that many columns (None: nothing is cut)."""
    return "\n".join(_section_table(section, width) for section in _sections(summary, settings, found, ids=ids))


def _section_table(section: Section, width: int | None) -> str:
    notes = "".join(f"{note}\n" for note in section.notes)
    table = render.rows(section.rows, section.columns, "table", width=width if section.may_be_cut else None)
    return f"{section.title}\n{notes}{table}"


def _sections(summary: Summary, settings: Settings, found: Found, *, ids: bool) -> Iterator[Section]:
    yield _about(summary)
    yield _key_figures(summary, settings)
    yield from report_follow_ups.sections(summary, settings)
    for dimension, groups in _told(summary):
        yield _by_dimension(dimension, groups, summary.total, settings)
    if summary.singled_out:
        yield _singled_out(summary.singled_out, settings)
    if found is not None:
        yield report_follow_ups.improvements(found, summary, settings)
    if ids:
        yield _counted_ids(summary, settings)


def _told(summary: Summary) -> Iterator[tuple[Dimension, Mapping[Key, Numbers]]]:
    """The dimensions of which the records say anything."""
    return ((dimension, groups) for dimension, groups in summary.dimensions.items() if set(groups) != {None})


def _about(summary: Summary) -> Section:
    facts = (
        (_("Store"), summary.store),
        (_("Period"), summary.period.name),
        (_("From"), format_instant(summary.period.start)),
        (_("To (not included)"), format_instant(summary.period.end)),
        (_("As of"), format_instant(summary.at)),
        (_("Format of the store"), str(FORMAT)),
    )
    return Section(_("About"), tuple(_warnings(summary)), *_named_values(facts))


def _warnings(summary: Summary) -> Iterator[str]:
    if summary.unreadable:
        text = ngettext(
            "{n} unreadable record is not counted.",
            "{n} unreadable records are not counted.",
            summary.unreadable,
        )
        yield text.format(n=summary.unreadable)
    if summary.at < summary.period.end:
        yield _("The period was not over yet; open and overdue are those at {at}.").format(
            at=format_instant(summary.at)
        )
    if summary.closed_again.ids:
        ids = ", ".join(summary.closed_again.ids)
        yield _("Closed more than once in the period, counted once: {ids}").format(ids=ids)


def _named_values(
    facts: Sequence[tuple[str, str]],
) -> tuple[tuple[Column, ...], tuple[Mapping[str, Cell], ...]]:
    columns = (Column("name", _("Name")), Column("value", _("Value")))
    return columns, tuple({"name": name, "value": value} for name, value in facts)


def _key_figures(summary: Summary, settings: Settings) -> Section:
    total, follow_ups = summary.total, summary.follow_ups
    items = ", ".join(
        f"{_basis(basis)} {count.number}" for basis, count in summary.overdue_items.items() if count.number
    )
    facts = [
        (_("Received"), str(total.received.number)),
        (_("People who complained"), str(summary.people.number)),
        (_("Closed"), str(total.closed.number)),
        (_("Open at the start"), str(summary.open_at_start.number)),
        (_("Open at the end"), str(total.open_at_end.number)),
        (_("Overdue at the end"), str(total.overdue.number)),
        (_("Overdue items by basis"), items or NOTHING),
        (_("Reopened"), str(summary.reopened.number)),
        *_timely_facts(total.timely, settings),
        *(fact for spread in total.spreads for fact in _spread_facts(spread, settings)),
        (_("Followed up, of those closed"), percent(follow_ups.reached.number, total.closed.number)),
        (_("Satisfied, of those asked"), percent(follow_ups.satisfied.number, follow_ups.asked.number)),
    ]
    facts += [(name, str(count.number)) for name, count in _promises(summary.promises)]
    note = _("In the tables below the timely rate is that of all, and the times are medians.")
    return Section(_("Key figures"), (note,) if summary.dimensions else (), *_named_values(facts))


def _promises(promises: Promises) -> Iterator[tuple[str, Count]]:
    yield _("Promises made, due in the period"), promises.made
    yield _("Promises kept"), promises.outcomes["kept"]
    yield _("Promises broken"), promises.outcomes["broken"]
    yield _("Promises still open"), promises.outcomes["open"]
    yield _("Promises dropped in time"), promises.outcomes["dropped"]
    yield _("Promises rescheduled"), promises.rescheduled


def _timely_facts(timely: Timely, settings: Settings) -> Iterator[tuple[str, str]]:
    clock = _clock(timely.clock, settings)
    yield _("Timely rate ({clock})").format(clock=clock), percent(*timely.of_all)
    yield _("Timely rate without those not yet due"), percent(*timely.of_due)
    yield _("Not yet due"), str(timely.not_yet_due.number)


def _spread_facts(spread: Spread, settings: Settings) -> Iterator[tuple[str, str]]:
    clock = _clock(spread.clock, settings)
    yield _("{clock}, median").format(clock=clock), _length(spread.median_seconds)
    yield _("{clock}, 90th percentile").format(clock=clock), _length(spread.p90_seconds)


def _length(seconds: int | None) -> str:
    return NOTHING if seconds is None else render.duration(seconds)


def _by_dimension(dimension: Dimension, groups: Mapping[Key, Numbers], total: Numbers, settings: Settings) -> Section:
    title = _dimension(dimension)
    columns = (
        Column("value", title),
        Column("received", _("Received"), "right"),
        Column("closed", _("Closed"), "right"),
        Column("open_at_end", _("Open"), "right"),
        Column("overdue", _("Overdue"), "right"),
        Column("timely", _("Timely"), "right"),
        *(_spread_column(spread, settings) for spread in total.spreads),
    )
    rows = tuple({"value": label(dimension, key, settings), **_group_row(numbers)} for key, numbers in groups.items())
    several = _("A record with several departments counts under each of them.")
    notes = (several,) if dimension == "department" else ()
    return Section(_("By {dimension}").format(dimension=title), notes, columns, rows)


def _spread_column(spread: Spread, settings: Settings) -> Column:
    return Column(f"times.{spread.clock}", _clock(spread.clock, settings), "right")


def _group_row(numbers: Numbers) -> dict[str, Cell]:
    return {
        "received": numbers.received.number,
        "closed": numbers.closed.number,
        "open_at_end": numbers.open_at_end.number,
        "overdue": numbers.overdue.number,
        "timely": rate(*numbers.timely.of_all),
        **{f"times.{spread.clock}": _length(spread.median_seconds) for spread in numbers.spreads},
    }


def _singled_out(singles: Sequence[Single], settings: Settings) -> Section:
    # What is as wide in every row stands at the right: a narrow terminal cuts the columns at the left.
    columns = (
        Column("id", _("Id"), "right"),
        Column("status", _("Status")),
        Column("category", _("Category")),
        Column("place", _("Place")),
        Column("received_at", _("Received"), "right"),
        Column("due_at", _("Due"), "right"),
        Column("overdue", _("Overdue"), "right"),
        Column("lead", _("First contact")),
        Column("title", _("Title")),
    )
    return Section(_("One by one"), (), columns, tuple(_single_row(single, settings) for single in singles))


def _single_row(single: Single, settings: Settings) -> dict[str, Cell]:
    state = settings.profile.states.get(single.status)
    return {
        "id": single.id,
        "status": single.status if state is None else state.label.get(settings.language, single.status),
        "category": label("category", single.category, settings),
        "place": label("place", single.place, settings),
        "received_at": single.received_at.date(),
        "due_at": single.due_at or NOTHING,
        "overdue": single.is_overdue,
        "lead": single.lead or NOTHING,
        "title": single.title,
    }


def _counted_ids(summary: Summary, settings: Settings) -> Section:
    columns = (Column("number", _("Number")), Column("count", _("Count"), "right"), Column("ids", _("Ids")))
    rows = tuple(_ids_row(name, count) for name, count in _counts(summary, settings) if count.ids)
    return Section(_("What each number counts"), (), columns, rows, may_be_cut=False)


def _ids_row(name: str, count: Count) -> dict[str, Cell]:
    return {"number": name, "count": count.number, "ids": count.ids}


def _counts(summary: Summary, settings: Settings) -> Iterator[tuple[str, Count]]:
    yield from _numbers_counts(summary.total, settings)
    yield _("People who complained"), summary.people
    yield _("Open at the start"), summary.open_at_start
    yield _("Reopened"), summary.reopened
    for basis, count in summary.overdue_items.items():
        yield _("Overdue items: {basis}").format(basis=_basis(basis)), count
    yield _("Followed up"), summary.follow_ups.reached
    yield _("Asked"), summary.follow_ups.asked
    yield _("Satisfied"), summary.follow_ups.satisfied
    yield from _promises(summary.promises)
    yield from report_follow_ups.counts(summary, settings)
    for dimension, groups in _told(summary):
        for key, numbers in groups.items():
            group = f"{_dimension(dimension)} {label(dimension, key, settings)}"
            for name, count in _numbers_counts(numbers, settings):
                yield f"{group}: {name}", count


def _numbers_counts(numbers: Numbers, settings: Settings) -> Iterator[tuple[str, Count]]:
    yield _("Received"), numbers.received
    yield _("Closed"), numbers.closed
    yield _("Open at the end"), numbers.open_at_end
    yield _("Overdue at the end"), numbers.overdue
    yield _("In time"), numbers.timely.met
    yield _("Not in time"), numbers.timely.breached
    yield _("Not yet due"), numbers.timely.not_yet_due
    for spread in numbers.spreads:
        yield _("{clock}, runs").format(clock=_clock(spread.clock, settings)), spread.runs


def _dimension(dimension: Dimension) -> str:
    titles: dict[Dimension, str] = {
        "kind": _("kind"),
        "category": _("category"),
        "place": _("place"),
        "department": _("department"),
        "severity": _("severity"),
        "channel": _("channel"),
        "cause": _("cause"),
    }
    return titles[dimension]


def _basis(basis: str) -> str:
    return {"rule": _("rule"), "agreed": _("agreed date"), "task": _("task"), "pause": _("pause")}[basis]


def _clock(name: str, settings: Settings) -> str:
    return settings.profile.clocks[name].label.get(settings.language, name)
