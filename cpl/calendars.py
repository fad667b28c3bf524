"""The files of a calendar: a year's holidays and make-up workdays as text and as values; where they lie, not them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from gettext import gettext as _
from typing import Any, Final, NamedTuple

from cpl.errors import Problem
from cpl.moments import parse_date
from cpl.schema import Problems, list_of, map_of, problem, shaped, struct, text, word
from cpl.workdays import CalendarYear
from cpl.yaml_nodes import MappingNode, Node
from cpl.yaml_writer import scalar

FOLDER: Final = "calendar"
ENDING: Final = ".yml"
SHIPPED: Final = "cn"

_FILE: Final = struct(
    {"source": list_of(text), "holidays": map_of(text), "workdays": map_of(text)}, required=["source", "holidays"]
)


class _Law(NamedTuple):
    """Holidays on a fixed day of the solar year, from a year on."""

    since: int
    days: Mapping[tuple[int, int], str]


def _spread(name: str, month: int, days: int) -> dict[tuple[int, int], str]:
    return {(month, day): name for day in range(1, days + 1)}


def _law(since: int, may: int, october: int) -> _Law:
    return _Law(since, {**_spread("元旦", 1, 1), **_spread("劳动节", 5, may), **_spread("国庆节", 10, october)})


# 《全国年节及纪念日放假办法》 of 1949 and its revisions of 1999, 2007 and 2024 (State Council order 795). All other
# holidays follow the moon or the sun's place and are left to the yearly notice.
_FIXED: Final = {SHIPPED: (_law(2025, 2, 3), _law(2008, 1, 3), _law(2000, 3, 3), _law(1950, 1, 2))}


def path_of(name: str, year: int) -> str:
    """Where a calendar's year lies, from the store's root."""
    return f"{FOLDER}/{name}/{year}{ENDING}"


@shaped(word)
def calendar_name(node: Node, problems: Problems) -> str | None:
    """The name of a calendar, which is that of its folder."""
    name = word(node, problems)
    if name is not None and ("/" in name or name.startswith(".")):
        message = _("'{name}' is not the name of a calendar; write that of its folder below {folder}/, such as cn")
        problems.append(problem(node, "E071", message.format(name=name, folder=FOLDER)))
        return None
    return name


def year_of(path: str) -> int | None:
    """The year that a file is named by; None for one that is no year of a calendar."""
    stem = path.rpartition("/")[2].removesuffix(ENDING)
    return int(stem) if len(stem) == 4 and stem.isascii() and stem.isdigit() and path.endswith(ENDING) else None


def provisional(name: str, year: int) -> CalendarYear:
    """A year without data: the holidays that the law puts on fixed days, where cpl knows it, and no make-up days."""
    laws = (law.days for law in _FIXED.get(name, ()) if law.since <= year)
    fixed = next(laws, {})
    holidays = {date(year, month, day): each for (month, day), each in fixed.items()}
    return CalendarYear(holidays, {}, is_provisional=True)


def read_year(node: MappingNode, year: int) -> tuple[CalendarYear | None, list[Problem]]:
    """The year that a calendar's file holds, and its problems."""
    problems: list[Problem] = []
    data: dict[str, Any] | None = _FILE(node, problems)
    if data is None:
        return None, problems
    both = {key: dict(_dated(node, key, year, problems)) for key in ("holidays", "workdays")}
    for day in sorted(both["holidays"].keys() & both["workdays"].keys()):
        message = _("{day} is both a holiday and a workday; leave one out").format(day=day)
        problems.append(problem(node, "E071", message))
    return (None if problems else CalendarYear(both["holidays"], both["workdays"], data["source"])), problems


def _dated(node: MappingNode, key: str, year: int, problems: Problems) -> Iterator[tuple[date, str]]:
    """The days of one of the two mappings; E022 for a key that is no day of the year."""
    below = node.get(key)
    for each in below.entries if isinstance(below, MappingNode) else ():
        try:
            day = parse_date(each.key.text)
        except ValueError as error:
            problems.append(problem(each.key, "E022", str(error)))
            continue
        if day.year != year:
            message = _("{day} does not lie in {year}, the year of this file").format(day=day, year=year)
            problems.append(problem(each.key, "E022", message))
            continue
        yield day, text(each.value, problems) or ""


def text_of(year: CalendarYear) -> str:
    """The text of a calendar's file."""
    lines = ["source:\n", *(f"- {scalar(each, in_flow=False)}\n" for each in year.source)]
    for key, days in (("holidays", year.holidays), ("workdays", year.workdays)):
        lines.append(f"{key}:\n" if days else f"{key}: {{}}\n")
        lines += [f"  {day.isoformat()}: {scalar(name, in_flow=False)}\n" for day, name in sorted(days.items())]
    return "".join(lines)
