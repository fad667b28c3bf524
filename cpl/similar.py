"""How alike two complaints are: place, category and time first, their words only then, for words alone can't tell."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Sequence
from datetime import date, timedelta, tzinfo
from difflib import SequenceMatcher
from functools import partial
from gettext import gettext as _
from typing import Final

from cpl.groups import links_between
from cpl.record import Record, local_day
from cpl.relations import Similar
from cpl.values import frozen, replace

COMPARED: Final = 200  # characters of each text: the time that difflib takes grows with the square
_ROOM: Final = ("site", "building", "unit", "room")

Place = tuple[str | None, ...]
Test = Callable[[str | None], bool]
"""Whether the value of a field will do."""


@frozen
class Told:
    """A record with what its body says under the description."""

    record: Record
    description: str


@frozen
class Near:
    """A complaint that may be about the same matter as another, or comes from the same room."""

    told: Told
    days: int  # calendar days between the two receipts
    level: str | None  # the smallest part of the place that both name; None: only the room is the same
    is_same_category: bool  # or one of them is of a category above
    is_same_room: bool
    links: tuple[str, ...]
    text: float = 0.0  # how alike the words are, 0 to 1

    @property
    def record(self) -> Record:
        """The complaint itself."""
        return self.told.record

    def reason(self) -> str:
        """Why it is shown, in words; which room it is stays out of them."""
        level = self.level and _("same {level}").format(level=self.level)
        apart = _("{days} days apart") if self.days != 1 else _("{days} day apart")
        words = (
            level,
            _("same category") if self.is_same_category else None,
            _("same room") if self.is_same_room else None,
            apart.format(days=self.days),
            _("text {ratio:.2f}").format(ratio=self.text),
        )
        return ", ".join(word for word in words if word)


def place_of(record: Record, levels: Sequence[str]) -> Place | None:
    """The parts of the record's place as they are compared; None where it names none of them."""
    parts = tuple(_folded(record.get(f"location.{level}")) for level in levels)
    return parts if any(parts) else None


def _folded(text: str | None) -> str | None:
    """Text as it is compared: full-width digits, case and blanks make no difference."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split()) if text else None


@frozen
class Search:
    """What is looked for: complaints like `told`, by `rule`; days are those of `zone`."""

    told: Told
    rule: Similar
    zone: tzinfo

    def first_to_last(self) -> tuple[date, date]:
        """The days between which what is looked for was received; both are part of it."""
        day, span = local_day(self.told.record.received_at, self.zone), timedelta(days=self.rule.days)
        return day - span, day + span

    def marks(self) -> tuple[str, ...]:
        """Texts of which every complaint that is near has one, as they are usually written; none: nothing can be."""
        own = self.told.record
        category, room = own.get("category"), own.get("location.room")
        is_placed = place_of(own, self.rule.place) is not None
        found = (category.partition("/")[0] if category and is_placed else None, room if _room(own) else None)
        return tuple(mark for mark in found if mark)

    def tests(self) -> list[dict[str, Test]]:
        """What the fields of every complaint that is near hold, in one of these ways; none: nothing can be near.

        Names of the profile are those that it has now.
        """
        own = self.told.record
        place, room, category = place_of(own, self.rule.place), _room(own), own.get("category")
        about: dict[str, Test] = {"category": partial(_are_akin, category)}
        ways = []
        if place is not None and category is not None:
            ways.append({**about, **_in_place(self.rule.place, place)})
        if room is not None:
            ways.append(_in_place(_ROOM, room))
        return ways

    def nearness(self, other: Record) -> Near | None:
        """What `other` has in common, its words not yet compared; None when that is not enough."""
        own = self.told.record
        days = abs((local_day(other.received_at, self.zone) - local_day(own.received_at, self.zone)).days)
        if other.id == own.id or days > self.rule.days:
            return None
        place = place_of(own, self.rule.place)
        is_same_place = place is not None and place == place_of(other, self.rule.place)
        is_about_it = is_same_place and _are_akin(own.get("category"), other.get("category"))
        is_same_room = _room(own) is not None and _room(own) == _room(other)
        if not is_about_it and not is_same_room:
            return None
        level = self._smallest(place) if is_same_place and place else None
        links = tuple(links_between(own, other))
        return Near(Told(other, ""), days, level, is_about_it, is_same_room, links)

    def _smallest(self, place: Place) -> str:
        return [level for level, part in zip(self.rule.place, place, strict=True) if part][-1]

    def ranked(self, found: Iterable[Near]) -> list[Near]:
        """Those that were found with how alike their words are: same category first, then the likest, the nearest."""
        compared = [replace(each, text=likeness(self.told, each.told)) for each in found]
        return sorted(compared, key=lambda near: (not near.is_same_category, -near.text, near.days, near.record.id))


def _in_place(levels: Sequence[str], place: Place) -> dict[str, Test]:
    """Whether a part of another place is the same, by its field."""

    def same(part: str | None) -> Test:
        return lambda value: _folded(value) == part

    return {f"location.{level}": same(part) for level, part in zip(levels, place, strict=True)}


def _are_akin(one: str | None, other: str | None) -> bool:
    """Whether two categories are the same, or one stands above the other; nothing is known of an absent one."""
    if one is None or other is None:
        return False
    return one == other or one.startswith(f"{other}/") or other.startswith(f"{one}/")


def _room(record: Record) -> Place | None:
    """From where it comes, to the room; None where building or room is not known."""
    parts = place_of(record, _ROOM)
    return parts if parts and parts[1] and parts[3] else None


def likeness(one: Told, other: Told) -> float:
    """How alike title and description are, 0 to 1, to two digits; Chinese is compared by characters."""
    pairs = ((one.record.title, other.record.title), (one.description, other.description))
    ratios = [_ratio(*texts) for texts in pairs if all(text.strip() for text in texts)]
    return round(sum(ratios) / len(ratios), 2) if ratios else 0.0


def _ratio(one: str, other: str) -> float:
    # In a fixed order, for difflib does not always say the same the other way round.
    first, second = sorted((_folded(one) or "", _folded(other) or ""))
    return SequenceMatcher(None, first[:COMPARED], second[:COMPARED], autojunk=False).ratio()
