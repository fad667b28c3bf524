"""What a summary for people is made of: a section with a table, and figures and names as words."""

from __future__ import annotations

from collections.abc import Mapping
from gettext import gettext as _
from typing import Final

from cpl.config import Settings
from cpl.render import Cell, Column
from cpl.tally import Dimension, Key
from cpl.values import frozen

NOTHING: Final = "–"


@frozen
class Section:
    """A heading, what has to be known about it, and a table."""

    title: str
    notes: tuple[str, ...]
    columns: tuple[Column, ...]
    rows: tuple[Mapping[str, Cell], ...]
    may_be_cut: bool = True


def percent(part: int, whole: int) -> str:
    """`part` ÷ `whole` with both numbers behind it."""
    if not whole:
        return NOTHING
    return _("{rate} ({part} of {whole})").format(rate=rate(part, whole), part=part, whole=whole)


def rate(part: int, whole: int) -> str:
    """`part` ÷ `whole` in percent."""
    return _("{percent} %").format(percent=f"{100 * part / whole:.1f}") if whole else NOTHING


def label(dimension: Dimension, key: Key, settings: Settings) -> str:
    """What a group is called in the store's language."""
    if key is None:
        return NOTHING
    field = "departments" if dimension == "department" else dimension
    return settings.label(settings.profile.terms.get(field, {}).get(key), key)
