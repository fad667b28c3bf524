"""The face of a summary for programs, stable from version to version; no figure is made here."""

from __future__ import annotations

from collections.abc import Callable

from cpl.config import FORMAT
from cpl.figures import Count, FollowUps, Numbers, Promises, Summary
from cpl.moments import format_instant
from cpl.render import Cell
from cpl.tally import Single

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
        "by": {
            dimension: [{"value": key, **_numbers_json(each, figure)} for key, each in groups.items()]
            for dimension, groups in summary.dimensions.items()
        },
        "singled_out": [_single_json(single) for single in summary.singled_out],
    }


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
