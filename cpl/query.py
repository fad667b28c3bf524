"""The where-language: `building=3 status!=closed received>=2026-11-01`, and full-text search in one record."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta, tzinfo
from decimal import Decimal
from gettext import gettext as _
from typing import Any, Final

from cpl.errors import CplError
from cpl.labels import Labelled, name_of
from cpl.moments import MILLISECOND, format_instant, parse_date, parse_instant, start_of_day
from cpl.patterns import regex
from cpl.profile import Profile
from cpl.record import FIELDS, Record
from cpl.schema import did_you_mean, instant
from cpl.values import frozen, replace

OPERATORS: Final = ("!=", ">=", "<=", "=", ">", "<", "~")
_TERM: Final = regex(
    r"\s*(?P<name>[\w.-]+?)\s*(?P<operator>!=|>=|<=|=|>|<|~)\s*(?P<value>\"[^\"]*\"|'[^']*'|(?![\"'])\S*)(?=\s|$)"
)
_NUMBER: Final = regex(r"-?[0-9]+(?:\.[0-9]+)?", re.ASCII)
_COMPARE: Final = {"=": operator.eq, ">": operator.gt, ">=": operator.ge, "<": operator.lt, "<=": operator.le}

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

_PLACE_PARTS: Final = ("building", "unit", "room")

Predicate = Callable[[Record], bool]


class BadWhere(CplError):
    """A where-text that can't be understood."""


@frozen
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
            message = _("can't understand '{rest}'; write FIELD=VALUE, with one of {operators}, quotes around blanks")
            raise BadWhere(message.format(rest=text[at:].strip(), operators=" ".join(OPERATORS)))
        value = found["value"]
        if found["operator"] == "=" and value.startswith("="):
            message = _("'{text}': write one '=': {name}={value}")
            name, rest = found["name"], value.lstrip("=")
            raise BadWhere(message.format(text=found[0].strip(), name=name, value=rest))
        quoted = value[:1] in ("'", '"')
        values = (value[1:-1],) if quoted else tuple(value.split(","))
        conditions.append(Condition(field_name(found["name"]), found["operator"], values))
        at = found.end()
    return conditions


def in_names(condition: Condition, profile: Profile) -> Condition:
    """The condition with the names of states and of the profile that are given by their labels; a name comes first.

    Raises:
        Ambiguous: a label that several names have.
    """
    maps: dict[str, Mapping[str, Labelled]] = {**profile.terms, "status": profile.states}
    if condition.field not in maps or condition.operator not in ("=", "!="):
        return condition
    known = maps[condition.field]
    return replace(condition, values=tuple(name_of(known, each) or each for each in condition.values))


def predicate(conditions: Iterable[Condition], zone: tzinfo) -> Predicate:
    """Whether a record meets all conditions; dates are days in `zone`.

    Raises:
        BadWhere: a field that holds an instant is compared with something else.
    """
    tests = [_test(condition, zone) for condition in conditions]
    return lambda record: all(test(record) for test in tests)


def _test(condition: Condition, zone: tzinfo) -> Predicate:
    test = value_test(condition, zone)
    return lambda record: test(record.get(condition.field))


def value_test(condition: Condition, zone: tzinfo) -> Callable[[Any], bool]:
    """Whether the condition holds where its field has a value. Raises as `predicate`."""
    if FIELDS.get(condition.field) is instant and condition.operator != "~":
        for wanted in filter(None, condition.values):
            _span(wanted, zone)
    is_negated = condition.operator == "!="
    compared = "=" if is_negated else condition.operator
    return lambda value: is_negated != any(_holds(value, compared, wanted, zone) for wanted in condition.values)


def is_at(location: Mapping[str, Any] | None, place: str) -> bool:
    """Whether the location is the room that `place` names: `3-2-1201` by building, unit and room, or any tail of it.

    A room's own name may have a `-` in it; it is named whole.
    """
    parts = [str((location or {}).get(part) or "") for part in _PLACE_PARTS]
    whole, wanted = "-".join(filter(None, parts)).casefold(), place.casefold()
    return bool(parts[-1]) and len(wanted) >= len(parts[-1]) and f"-{whole}".endswith(f"-{wanted}")


def may_be_at(room: object, place: str) -> bool:
    """Whether a location with this room can be the one that `place` names; for what knows the room alone."""
    return isinstance(room, str) and f"-{place}".casefold().endswith(f"-{room}".casefold())


def bounds(condition: Condition, zone: tzinfo) -> tuple[datetime | None, datetime | None] | None:
    """The [from, before) in which the condition wants its instant; None of one that wants something else as well."""
    if len(condition.values) != 1 or not condition.values[0] or condition.operator in ("!=", "~"):
        return None
    start, end = _span(condition.values[0], zone)
    return {"=": (start, end), ">=": (start, None), "<": (None, start), ">": (end, None), "<=": (None, end)}[
        condition.operator
    ]


def _holds(value: Any, sign: str, wanted: str, zone: tzinfo) -> bool:
    if isinstance(value, Mapping):
        value = tuple(value.values())
    if isinstance(value, tuple) and value:
        return any(_holds(each, sign, wanted, zone) for each in value)
    if value in (None, ()) or wanted == "":
        return sign == "=" and wanted == "" and value in (None, ())
    if sign == "~":
        return wanted.casefold() in as_text(value).casefold()
    if isinstance(value, datetime):
        start, end = _span(wanted, zone)
        return _in_span(value, sign, start, end)
    return _compare(as_text(value), sign, wanted)


def _span(wanted: str, zone: tzinfo) -> tuple[datetime, datetime]:
    """The half-open stretch that a day or an instant names: a whole day, or the millisecond of an instant."""
    try:
        if len(wanted) > len("2026-11-22"):
            start = parse_instant(wanted, zone)
            return start, start + MILLISECOND
        day = parse_date(wanted)
    except ValueError:
        message = _("'{value}' is neither a day like 2026-11-01 nor an instant like 2026-11-01T09:30")
        raise BadWhere(message.format(value=wanted)) from None
    return start_of_day(day, zone), start_of_day(day + timedelta(days=1), zone)


def _in_span(value: datetime, sign: str, start: datetime, end: datetime) -> bool:
    if sign == "=":
        return start <= value < end
    if sign in (">=", "<"):
        return (value >= start) == (sign == ">=")
    return (value >= end) == (sign == ">")


def _compare(text: str, sign: str, wanted: str) -> bool:
    if sign == "=" and (text.casefold() == wanted.casefold() or text.startswith(f"{wanted}/")):
        return True
    if _NUMBER.fullmatch(text) and _NUMBER.fullmatch(wanted):
        return bool(_COMPARE[sign](Decimal(text), Decimal(wanted)))
    return bool(_COMPARE[sign](text, wanted))


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
    """Where all `words` stand in `text`, whatever their case: the first one with what is `around` it on its line.

    None where one of them is missing.

    Words are looked for as they are, so two Chinese characters are enough.
    """
    folded = text.casefold()
    places = [folded.find(word.casefold()) for word in words]
    if not places or min(places) < 0:
        return None
    at = places[0]
    line_start, line_end = text.rfind("\n", 0, at) + 1, text.find("\n", at)
    line_end = len(text) if line_end < 0 else line_end
    start, end = max(line_start, at - around), min(line_end, at + around)
    snippet = " ".join(text[start:end].split())
    return f"{'…' if start > line_start else ''}{snippet}{'…' if end < line_end else ''}"
