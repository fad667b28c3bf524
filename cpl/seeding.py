"""A calendar's year for a store to keep: as shipped, else made from the library chinesecalendar; nothing is written."""

from __future__ import annotations

from collections.abc import Iterator
from gettext import gettext as _
from typing import Final

from cpl import calendars, files
from cpl.errors import CplError
from cpl.places import SETTINGS_LIMIT, shipped
from cpl.workdays import CalendarYear, days_in

_LIBRARY: Final = "chinesecalendar"
_MAKE_UP: Final = "调休"


class NotSeeded(CplError):
    """There is nothing that the year could be made from."""


def shipped_years(name: str) -> Iterator[str]:
    """The paths of the years of a calendar that come with cpl, from a store's root, in order."""
    for path in sorted((shipped() / calendars.FOLDER / name).glob(f"*{calendars.ENDING}")):
        yield f"{calendars.FOLDER}/{name}/{path.name}"


def year_file(name: str, year: int) -> bytes:
    """The file of a calendar's year: the shipped one, else made from the library.

    Raises:
        NotSeeded: neither has it.
    """
    try:
        return files.read(shipped() / calendars.path_of(name, year), SETTINGS_LIMIT)
    except files.Missing:
        pass
    if name != calendars.SHIPPED:
        message = _("nothing is known about the calendar '{name}'; write {path} by hand, as docs/calendar.md shows")
        raise NotSeeded(message.format(name=name, path=calendars.path_of(name, year)))
    return calendars.text_of(from_library(year)).encode()


def from_library(year: int) -> CalendarYear:
    """A year of mainland China by the library. A deadline is never reckoned by it, only by the file made of this.

    Raises:
        NotSeeded: it is not installed, or does not know the year.
    """
    path = calendars.path_of(calendars.SHIPPED, year)
    try:
        import chinese_calendar
    except ImportError:
        message = _(
            "cpl has no file for {year}, and the library that can make one is not installed; run: pip install "
            "{library}; or write {path} by hand, as docs/calendar.md shows"
        )
        raise NotSeeded(message.format(year=year, library=_LIBRARY, path=path)) from None
    from importlib.metadata import version

    source = f"{_LIBRARY} {version(_LIBRARY)}"
    try:
        details = {day: chinese_calendar.get_holiday_detail(day) for day in days_in(year)}
    except NotImplementedError:  # what chinesecalendar raises for a year that it does not have
        message = _(
            "{source} does not know {year}; when the State Council's notice is out: pip install --upgrade {library}; "
            "or write {path} by hand, as docs/calendar.md shows"
        )
        raise NotSeeded(message.format(source=source, year=year, library=_LIBRARY, path=path)) from None
    named = {day: (is_off, _chinese(name)) for day, (is_off, name) in details.items() if name is not None}
    holidays = {day: name for day, (is_off, name) in named.items() if is_off}
    workdays = {day: name + _MAKE_UP for day, (is_off, name) in named.items() if not is_off}
    return CalendarYear(holidays, workdays, (source,))


def _chinese(name: str) -> str:
    from chinese_calendar import Holiday

    chinese: str = Holiday(name).chinese
    return chinese
