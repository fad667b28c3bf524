"""The where-language: `building=3 status!=closed received>=2026-11-01`, and full-text search in one record."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from decimal import Decimal, InvalidOperation
from gettext import gettext as _
from typing import Any, Final

from cpl.errors import CplError
from cpl.moments import format_instant, parse_instant, start_of_day
from cpl.record import FIELDS, Record
from cpl.schema import did_you_mean

OPERATORS: Final = ("!=", ">=", "<=", "=", ">", "<", "~")
_TERM: Final = re.compile(
    r"\s*(?P<name>[\w.-]+?)\s*(?P<operator>!=|>=|<=|=|>|<|~)\s*(?P<value>\"[^\"]*\"|'[^']*'|\S*)(?=\s|$)"
)

# Short names for what people ask most; every other field is written with its dots.
SHORT_NAMES: Final[Mapping[str, str]] = {
    "received": "received_at",
    "department": "departments",
    "site": "location.site",
    "area": "location.area",
    "building": "location.building",
    "unit": "location.unit",
    "floor": "location.floor",
    "room": "location.room",
    "spot": "location.spot",
    "name": "complainant.name",
    "phone": "complainant.phone",
    "people": "complainant.people",
    "size": "order.size",
    "paid": "order.paid",
    "source": "source.system",
    "key": "source.key",
}

Predicate = Callable[[Record], bool]


class BadWhere(CplError):
    """A where-text that can't be understood."""


@dataclass(frozen=True, slots=True)
class Condition:
    """One comparison; several values stand for any of them."""

    field: str
    operator: str
    values: tuple[str, ...]


def field_name(name: str) -> str:
    """The dotted field that `name` means.

    Raises:
        BadWhere: there is no such field.
    """
    full = SHORT_NAMES.get(name, name)
    first = full.partition(".")[0]
    if first in FIELDS or first.startswith("x-"):
        return full
    known = [*SHORT_NAMES, *FIELDS]
    raise BadWhere(_("'{name}' is not a field").format(name=name) + did_you_mean(name, known))


def parse(text: str) -> list[Condition]:
    """The conditions of a where-text, all of which must hold.

    Raises:
        BadWhere: text that is no condition, or a field that there is not.
    """
    conditions: list[Condition] = []
    at = 0
    while text[at:].strip():
        found = _TERM.match(text, at)
        if found is None:
            message = _(
                "can't understand '{rest}'; write FIELD=VALUE, with one of {operators}, quotes around blanks"
            )
            raise BadWhere(message.format(rest=text[at:].strip(), operators=" ".join(OPERATORS)))
        value = found["value"]
        quoted = value[:1] in ("'", '"')
        values = (value[1:-1],) if quoted else tuple(value.split(","))
        conditions.append(Condition(field_name(found["name"]), found["operator"], values))
        at = found.end()
    return conditions


def predicate(conditions: Iterable[Condition], zone: tzinfo) -> Predicate:
    """Whether a record meets all conditions; dates are days in `zone`."""
    tests = [_test(condition, zone) for condition in conditions]
    return lambda record: all(test(record) for test in tests)


def _test(condition: Condition, zone: tzinfo) -> Predicate:
    def holds(record: Record) -> bool:
        value = record.get(condition.field)
        if condition.operator == "!=":
            return not any(_holds(value, "=", wanted, zone) for wanted in condition.values)
        return any(_holds(value, condition.operator, wanted, zone) for wanted in condition.values)

    return holds


def _holds(value: Any, operator: str, wanted: str, zone: tzinfo) -> bool:
    if isinstance(value, tuple):
        return any(_holds(each, operator, wanted, zone) for each in value) if value else wanted == ""
    if isinstance(value, Mapping):
        return any(_holds(each, operator, wanted, zone) for each in value.values())
    if value is None or wanted == "":
        return operator == "=" and wanted == "" and value is None
    if operator == "~":
        return wanted.casefold() in as_text(value).casefold()
    if isinstance(value, datetime):
        return _compare_instant(value, operator, wanted, zone)
    return _compare(value, operator, wanted)


def _compare_instant(value: datetime, operator: str, wanted: str, zone: tzinfo) -> bool:
    try:
        if len(wanted) <= len("2026-11-22"):
            day = date.fromisoformat(wanted)
            start, end = start_of_day(day, zone), start_of_day(day + timedelta(days=1), zone)
        else:
            start = end = parse_instant(wanted, zone)
    except ValueError:
        message = _("'{value}' is neither a date like 2026-11-01 nor an instant").format(value=wanted)
        raise BadWhere(message) from None
    if operator == "=":
        return start <= value < end or value == start
    return {
        ">": value >= end and value != start,
        ">=": value >= start,
        "<": value < start,
        "<=": value < end,
    }.get(operator, False) or (operator == "<=" and value == start)


def _compare(value: Any, operator: str, wanted: str) -> bool:
    text = as_text(value)
    left, right = _number(text), _number(wanted)
    if operator == "=":
        same = text.casefold() == wanted.casefold() or (left is not None and left == right)
        return same or text.startswith(f"{wanted}/")
    if left is not None and right is not None:
        return _in_order(left, operator, right)
    return _in_order(text, operator, wanted)


def _in_order(left: Any, operator: str, right: Any) -> bool:
    return bool({">": left > right, ">=": left >= right, "<": left < right, "<=": left <= right}[operator])


def _number(text: str) -> Decimal | None:
    try:
        return Decimal(text) if text.isascii() else None
    except InvalidOperation:
        return None


def as_text(value: object) -> str:
    """A field's value as one text, as a list or a search shows it; empty where there is none."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return format_instant(value)
    if isinstance(value, tuple):
        return ", ".join(as_text(each) for each in value)
    if isinstance(value, Mapping):
        return " ".join(as_text(each) for each in value.values())
    return str(value)


def find_text(text: str, words: Iterable[str], *, around: int = 20) -> str | None:
    """Where all `words` stand in `text`, whatever their case: the first one with its surroundings; else None.

    Words are looked for as they are, so two Chinese characters are enough.
    """
    folded = text.casefold()
    places = [folded.find(word.casefold()) for word in words]
    if not places or min(places) < 0:
        return None
    at = places[0]
    start, end = max(0, at - around), at + around
    snippet = " ".join(text[start:end].split())
    return f"{'…' if start else ''}{snippet}{'…' if end < len(text) else ''}"
