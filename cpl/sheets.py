"""What a template gets about many records: charges by room, the customer card of a room; one record is in `views`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from cpl.record import Record
from cpl.views import View, Views, length, place_of

_CONTACT: Final = ("name", "relation", "phone", "note")


def charge_of(record: Record) -> Decimal | None:
    """What the customer pays for a repair order: what was charged, else the price that was told; None: nothing."""
    if record.get("order.paid") is False:
        return None
    charge: Decimal | None = record.get("order.charge")
    price: Decimal | None = record.get("order.price")
    return price if charge is None else charge


def by_room(records: Sequence[Record], views: Sequence[View]) -> tuple[list[View], str]:
    """The charges of records by room, in order of the rooms, and their sum; what costs nothing is left out."""
    rooms: dict[str, tuple[list[View], Decimal]] = {}
    for record, view in zip(records, views, strict=True):
        charge = charge_of(record)
        if charge is None:
            continue
        items, total = rooms.get(place_of(record), ([], Decimal(0)))
        rooms[place_of(record)] = ([*items, {**view, "amount": f"{charge:f}"}], total + charge)
    found = [
        {"place": place, "people": _people(items), "records": items, "total": f"{total:f}"}
        for place, (items, total) in sorted(rooms.items())
    ]
    return found, f"{sum((total for _items, total in rooms.values()), Decimal(0)):f}"


def card(records: Sequence[Record], views: Sequence[View]) -> View:
    """What is known about the people of a room: who they are, what comes again, how satisfied, at what cost (CR-4)."""
    answers = [view["satisfied"] for view in views if view["satisfied"] is not None]
    scores = [score for view in views for score in view["scores"]]
    return {
        "people": _people(views),
        "repeats": _repeats(records, views),
        "asked": len(answers),
        "content": sum(answers),
        "scores": _averages(scores),
        "costs": f"{_sum_of(records, 'amount'):f}",
        "hours": f"{_sum_of(records, 'hours'):f}",
        "charges": f"{sum((charge_of(record) or Decimal(0) for record in records), Decimal(0)):f}",
        "promises": [
            {**task, "record": view["piece"]}
            for view in views
            for task in view["tasks"]
            if task["kind"] == "promise" and task["is_open"]
        ],
    }


def _sum_of(records: Iterable[Record], name: str) -> Decimal:
    """What handling the records has cost us, in money or in hours."""
    return sum((cost.get(name, Decimal(0)) for record in records for cost in record.get("costs") or ()), Decimal(0))


def _people(views: Iterable[View]) -> list[View]:
    """The complainants, each once by name and telephone, who was heard last first."""
    known: dict[tuple[str | None, str | None], View] = {}
    for view in reversed(list(views)):
        complainant = view["complainant"]
        for person in (complainant, *complainant["others"]):
            if person["name"] or person["phone"]:
                known.setdefault((person["name"], person["phone"]), person)
    return list(known.values())


def _repeats(records: Sequence[Record], views: Sequence[View]) -> list[View]:
    """The categories that came more than once, the most frequent first."""
    categories = [view["category"] or record.kind for record, view in zip(records, views, strict=True)]
    last = dict(zip(categories, (view["received_at"][:10] for view in views), strict=True))
    counted = sorted(Counter(categories).items(), key=lambda each: (-each[1], each[0]))
    return [{"category": name, "count": count, "last": last[name]} for name, count in counted if count > 1]


def _averages(scores: Iterable[View]) -> list[View]:
    values: dict[str, list[int]] = {}
    for each in scores:
        values.setdefault(each["name"], []).append(each["score"])
    return [{"name": name, "score": f"{sum(all_) / len(all_):.1f}"} for name, all_ in sorted(values.items())]


def residents(rows: Iterable[Mapping[str, Any]], views: Views) -> list[View]:
    """The residents of the register as a template gets them, in order of their rooms (RQ-12)."""
    found = [_resident(row, views) for row in rows]
    return sorted(found, key=lambda each: (each["place"], each["id"]))


def _resident(row: Mapping[str, Any], views: Views) -> View:
    names = ("id", "name", "phone", "born", "blood_type", "note")
    location = row.get("location") or {}
    visits = row.get("visits")
    contacts = [{**dict.fromkeys(_CONTACT), **views.plain(each)} for each in row.get("contacts", ())]
    return {
        **dict.fromkeys(names),
        **{name: views.plain(row.get(name)) for name in names},
        "place": "-".join(location[part] for part in ("building", "unit", "room") if location.get(part)),
        "history": views.plain(row.get("history") or ()),
        "contacts": contacts,
        "every": None if visits is None else length(visits["every"], views.language),
        "commissioned_by": (row.get("commissioned") or {}).get("by"),
    }
