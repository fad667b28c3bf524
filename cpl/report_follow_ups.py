"""The sections of a summary about what was followed up, what was said, and what it cost; no figure is made here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from gettext import gettext as _

from cpl.config import Settings
from cpl.figures import Count, Shares, Summary
from cpl.profile_duties import Share
from cpl.render import Cell, Column
from cpl.report_section import NOTHING, Section, label, percent
from cpl.weak_points import Finding


def sections(summary: Summary, settings: Settings) -> Iterator[Section]:
    """Those of which the records say anything."""
    if any(each.population.number or each.drawn.number for each in summary.shares):
        yield _followed_up(summary, settings)
    if summary.scores:
        yield _scores(summary)
    if summary.costs:
        yield _costs(summary, settings)


def counts(summary: Summary, settings: Settings) -> Iterator[tuple[str, Count]]:
    """Each number by what it is called, for who wants to know what it counts."""
    for each in summary.shares:
        name = f"{each.share.level} ({_of(each.share, settings)})"
        yield _("{share}: to follow up").format(share=name), each.population
        yield _("{share}: drawn").format(share=name), each.drawn
        yield _("{share}: reached").format(share=name), each.reached
        yield _("{share}: satisfied").format(share=name), each.satisfied


def improvements(found: Sequence[Finding], summary: Summary, settings: Settings) -> Section:
    """What the figures give cause to improve, each with the command that takes it up."""
    columns = (
        Column("key", _("Key"), whole=True),
        Column("text", _("Finding")),
        Column("command", _("Take it up with")),
    )
    rows: tuple[dict[str, Cell], ...] = tuple(
        {"key": each.key, "text": each.text, "command": each.command(settings.profile, summary.period.name)}
        for each in found
    )
    note = _("Each needs an action with a deadline: cpl task ID add TEXT --kind action --due 30d")
    return Section(_("Findings"), (note,) if found else (_("Nothing stands out."),), columns, rows, may_be_cut=False)


def _followed_up(summary: Summary, settings: Settings) -> Section:
    columns = (
        Column("level", _("Level")),
        Column("of", _("Of")),
        Column("share", _("Share"), "right"),
        Column("population", _("All"), "right"),
        Column("wanted", _("Wanted"), "right"),
        Column("drawn", _("Drawn"), "right"),
        Column("called", _("Called"), "right"),
        Column("reached", _("Reached"), "right"),
        Column("satisfied", _("Satisfied"), "right"),
    )
    notes = (_("Of those received in the period that are finished or replied to; called are attempts too."),)
    rows = tuple(_row(each, settings) for each in summary.shares)
    return Section(_("Follow-ups against the shares"), notes, columns, rows)


def _row(each: Shares, settings: Settings) -> dict[str, Cell]:
    is_whole = each.wanted == each.population.number
    drawn = percent(each.drawn_reached.number, each.drawn.number)
    return {
        "level": each.share.level,
        "of": _of(each.share, settings),
        "share": _("{percent} %").format(percent=each.share.percent),
        "population": each.population.number,
        "wanted": each.wanted,
        "drawn": NOTHING if is_whole and not each.drawn.number else drawn,
        "called": each.called.number,
        "reached": percent(each.reached.number, each.population.number),
        "satisfied": percent(each.satisfied.number, each.asked.number),
    }


def _of(share: Share, settings: Settings) -> str:
    """Of which records a share is."""
    if not share.when:
        return _("all")
    terms = settings.profile.terms
    return ", ".join(
        settings.label(terms.get(field, {}).get(name), name) for field, names in share.when.items() for name in names
    )


def _scores(summary: Summary) -> Section:
    columns = (Column("score", _("Score")), Column("mean", _("Mean"), "right"), Column("given", _("Given"), "right"))
    rows: tuple[dict[str, Cell], ...] = tuple(
        {"score": name, "mean": str(score.mean), "given": score.given.number} for name, score in summary.scores.items()
    )
    return Section(_("Scores of the follow-ups in the period"), (), columns, rows)


def _costs(summary: Summary, settings: Settings) -> Section:
    columns = (
        Column("kind", _("Kind")),
        Column("entered", _("Records"), "right"),
        Column("amount", _("Cost"), "right"),
        Column("hours", _("Hours"), "right"),
        Column("charged", _("Charged"), "right"),
    )
    rows: tuple[dict[str, Cell], ...] = tuple(
        {
            "kind": label("kind", kind, settings),
            "entered": costs.entered.number,
            "amount": str(costs.amount),
            "hours": str(costs.hours),
            "charged": str(costs.charged),
        }
        for kind, costs in summary.costs.items()
    )
    notes = (_("Of those received in the period, as far as it is entered; charged is what customers pay."),)
    return Section(_("Cost of handling"), notes, columns, rows)
