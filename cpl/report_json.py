"""The face of a summary for programs, stable from version to version; no figure is made here."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from cpl.config import FORMAT, Settings
from cpl.figures import Costs, Count, FollowUps, Numbers, Promises, Shares, Summary
from cpl.moments import format_instant
from cpl.render import Cell
from cpl.tally import Key, Single
from cpl.weak_points import Finding

Figure = Callable[[Count], Cell]


def as_json(summary: Summary, *, ids: bool) -> dict[str, Cell]:
    """The summary for programs: seconds, shares from 0 to 1, null where there is nothing to divide.

    With `ids` every number is `{count, ids}`, an id standing there as often as it was counted; the number of
    people and of runs counts something else than records.
    """
    figure = _with_ids if ids else _without_ids
    return {
        "format": FORMAT,
        "store": summary.store,
        "period": {
            "name": summary.period.name,
            "from": format_instant(summary.period.start),
            "to": format_instant(summary.period.end),
        },
        "at": format_instant(summary.at),
        "unreadable": summary.unreadable,
        "open_at_start": figure(summary.open_at_start),
        **_numbers_json(summary.total, figure),
        "overdue_items": {basis: figure(count) for basis, count in summary.overdue_items.items()},
        "closed_again": list(summary.closed_again.ids),
        "reopened": figure(summary.reopened),
        "followed_up": _follow_ups_json(summary.follow_ups, summary.total.closed, figure),
        "promises": _promises_json(summary.promises, figure),
        "people": figure(summary.people),
        "shares": [_shares_json(each, figure) for each in summary.shares],
        "scores": {
            name: {"mean": float(score.mean), "given": figure(score.given)} for name, score in summary.scores.items()
        },
        "costs": [_costs_json(kind, each, figure) for kind, each in summary.costs.items()],
        "by": {
            dimension: [{"value": key, **_numbers_json(each, figure)} for key, each in groups.items()]
            for dimension, groups in summary.dimensions.items()
        },
        "singled_out": [_single_json(single) for single in summary.singled_out],
    }


def findings_json(found: Sequence[Finding], summary: Summary, settings: Settings) -> list[Cell]:
    """What the figures give cause to improve, for programs."""
    name = summary.period.name
    return [
        {
            "key": each.key,
            "text": each.text,
            "category": each.category,
            "command": each.command(settings.profile, name),
        }
        for each in found
    ]


def _with_ids(count: Count) -> Cell:
    return {"count": count.number, "ids": list(count.ids)}


def _without_ids(count: Count) -> Cell:
    return count.number


def _numbers_json(numbers: Numbers, figure: Figure) -> dict[str, Cell]:
    timely = numbers.timely
    return {
        "received": figure(numbers.received),
        "closed": figure(numbers.closed),
        "open_at_end": figure(numbers.open_at_end),
        "overdue": figure(numbers.overdue),
        "timely": {
            "clock": timely.clock,
            "met": figure(timely.met),
            "breached": figure(timely.breached),
            "not_yet_due": figure(timely.not_yet_due),
            "rate_of_all": share(*timely.of_all),
            "rate_of_due": share(*timely.of_due),
        },
        "times": {
            spread.clock: {
                "runs": figure(spread.runs),
                "median_seconds": spread.median_seconds,
                "p90_seconds": spread.p90_seconds,
            }
            for spread in numbers.spreads
        },
    }


def _follow_ups_json(follow_ups: FollowUps, closed: Count, figure: Figure) -> dict[str, Cell]:
    return {
        "reached": figure(follow_ups.reached),
        "share_of_closed": share(follow_ups.reached.number, closed.number),
        "asked": figure(follow_ups.asked),
        "satisfied": figure(follow_ups.satisfied),
        "share_satisfied": share(follow_ups.satisfied.number, follow_ups.asked.number),
    }


def _promises_json(promises: Promises, figure: Figure) -> dict[str, Cell]:
    return {
        "made": figure(promises.made),
        **{outcome: figure(count) for outcome, count in promises.outcomes.items()},
        "rescheduled": figure(promises.rescheduled),
    }


def _shares_json(each: Shares, figure: Figure) -> dict[str, Cell]:
    return {
        "share": each.share.name,
        "level": each.share.level,
        "percent": float(each.share.percent),
        "clause": each.share.clause,
        "population": figure(each.population),
        "wanted": each.wanted,
        "drawn": figure(each.drawn),
        "drawn_reached": figure(each.drawn_reached),
        "called": figure(each.called),
        "reached": figure(each.reached),
        "share_reached": share(each.reached.number, each.population.number),
        "asked": figure(each.asked),
        "satisfied": figure(each.satisfied),
        "share_satisfied": share(each.satisfied.number, each.asked.number),
    }


def _costs_json(kind: Key, costs: Costs, figure: Figure) -> dict[str, Cell]:
    return {
        "kind": kind,
        "entered": figure(costs.entered),
        "amount": float(costs.amount),
        "hours": float(costs.hours),
        "charged": float(costs.charged),
    }


def _single_json(single: Single) -> dict[str, Cell]:
    return {
        "id": single.id,
        "title": single.title,
        "status": single.status,
        "category": single.category,
        "place": single.place,
        "received_at": single.received_at,
        "due_at": single.due_at,
        "overdue": single.is_overdue,
        "lead": single.lead,
    }


def share(part: int, whole: int) -> float | None:
    """`part` ÷ `whole` to four places; None where there is nothing to divide."""
    return round(part / whole, 4) if whole else None
