"""The key `hours` of a profile: names of days and ranges of time to shifts, and what is wrong with them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from gettext import gettext as _
from itertools import pairwise
from typing import Final

from cpl.patterns import regex
from cpl.schema import Problems, did_you_mean, list_of, map_of, problem, shaped, text
from cpl.workdays import MINUTES_OF_DAY, Hours, Shift, Shifts
from cpl.yaml_nodes import MappingNode, Node, ScalarNode

DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAILY: Final = "daily"
MAKE_UP: Final = "make-up"

_TIME: Final = r"([01][0-9]|2[0-3]):([0-5][0-9])"
_RANGE: Final = regex(rf"{_TIME}-(?:{_TIME}|24:00)", re.ASCII)
_LEAST: Final = 60  # minutes a week, so that no deadline lies beyond what Python can compute


def _shift(node: Node, problems: Problems) -> Shift | None:
    """A range such as `08:30-12:00`; its end may be 24:00."""
    text = node.text if isinstance(node, ScalarNode) else ""
    found = _RANGE.fullmatch(text)
    if found is None:
        message = _("'{text}' is not a range of time; write one such as '08:30-12:00', up to '24:00'")
        problems.append(problem(node, "E022", message.format(text=text)))
        return None
    hours, minutes, to_hours, to_minutes = (None if each is None else int(each) for each in found.groups())
    opens = (hours or 0) * 60 + (minutes or 0)
    closes = MINUTES_OF_DAY if to_hours is None else to_hours * 60 + (to_minutes or 0)
    if opens >= closes:
        message = _(
            "'{text}' does not end after it begins; write a shift over midnight as two, such as '22:00-24:00' and, on "
            "the next day, '00:00-06:00'"
        )
        problems.append(problem(node, "E071", message.format(text=text)))
        return None
    return Shift(opens, closes)


def _shifts(node: Node, problems: Problems) -> Shifts:
    """The shifts of one day in order; an empty list is a day that is closed."""
    shifts = tuple(sorted(list_of(_shift)(node, problems) or ()))
    for one, next_one in pairwise(shifts):
        if next_one.opens < one.closes:
            message = _("'{one}' and '{other}' overlap; write each stretch of the day once")
            problems.append(problem(node, "E071", message.format(one=one, other=next_one)))
    return shifts


@shaped(map_of(list_of(text)))
def hours(node: Node, problems: Problems) -> Hours | None:
    """The hours that `{mon-fri: ['08:30-12:00', '14:00-18:00'], sat: ['09:00-12:00']}` says.

    Of several names that a day goes by, the one for the fewest days counts; a day without a name is closed. A make-up
    day has the hours of `make-up`, else those of Monday, or of the first day after it that has any.
    """
    count = len(problems)
    by_name: dict[str, Shifts] | None = map_of(_shifts)(node, problems)
    if by_name is None or not isinstance(node, MappingNode):
        return None
    covered = {name: _days(name) for name in by_name}
    _check_names(node, covered, problems)
    if len(problems) > count:
        return None
    narrow_last = sorted(by_name, key=lambda name: -len(covered[name]))
    by_day = {day: by_name[name] for name in narrow_last for day in covered[name]}
    week = tuple(by_day.get(day, ()) for day in range(len(DAYS)))
    if sum(shift.closes - shift.opens for shifts in week for shift in shifts) < _LEAST:
        message = _("the week has less than an hour of work in all, so nothing would ever be due; see docs/profile.md")
        problems.append(problem(node, "E071", message))
        return None
    make_up = by_name.get(MAKE_UP) or next(shifts for shifts in week if shifts)
    return Hours(week, make_up)


def _days(name: str) -> tuple[int, ...]:
    """The days that a name stands for, 0 being Monday; none for one that is no name of days."""
    if name == DAILY:
        return tuple(range(len(DAYS)))
    first, dash, last = name.partition("-")
    ends = [DAYS.index(each) for each in (first, last if dash else first) if each in DAYS]
    if len(ends) < len((first, last)):
        return ()
    length = (ends[1] - ends[0]) % len(DAYS)
    return tuple((ends[0] + step) % len(DAYS) for step in range(length + 1))


def _check_names(node: MappingNode, covered: Mapping[str, tuple[int, ...]], problems: Problems) -> None:
    """E020: a name that is none; E071: two names for as many days that share one, so that neither comes first."""
    seen: dict[tuple[int, int], str] = {}
    for entry in node.entries:
        name = entry.key.text
        days = covered.get(name, ())
        if not days and name != MAKE_UP:
            message = _("'{name}' names no days; write mon, mon-fri, daily, or make-up")
            problems.append(problem(entry.key, "E020", message.format(name=name) + _meant(name)))
        for day in days:
            other = seen.setdefault((len(days), day), name)
            if other != name:
                message = _("'{name}' and '{other}' both say when {day} is open; say it once")
                message = message.format(name=name, other=other, day=DAYS[day])
                problems.append(problem(entry.key, "E071", message))
                break


def _meant(name: str, known: Iterable[str] = (*DAYS, DAILY, MAKE_UP)) -> str:
    """The name that was probably meant, if one is near."""
    hint = did_you_mean(name.lower()[:3] if name.lower()[:3] in DAYS else name, known)
    return hint if "?" in hint else ""
