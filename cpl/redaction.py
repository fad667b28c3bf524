"""Text freed of what identifies the people of a complaint; where it may be shown is said elsewhere."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from cpl.patterns import regex
from cpl.record import Record

_REDACTED: Final = "…"
_SEPARATORS: Final = regex(r"[\s-]+")
_SHORTEST: Final = 2  # a single character of a complainant's data would blot out half a title


def redacted_title(record: Record) -> str:
    """The title without anything that stands under `complainant`, and without the rooms."""
    return redacted(record, record.title)


def redacted(record: Record, text: str) -> str:
    """A text about a record without anything that stands under `complainant` there, and without the rooms."""
    rooms = [record.get("location.room"), *(event.data.get("room") for event in record.history)]
    private = {each for each in _texts(record.get("complainant")) if len(each) >= _SHORTEST}
    private.update(room for room in rooms if room)
    if not private:
        return text
    longest_first = sorted(private, key=lambda each: (-len(each), each))
    return re.sub("|".join(map(_pattern, longest_first)), _REDACTED, text, flags=re.IGNORECASE)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from _texts(each)
    elif isinstance(value, tuple):
        for each in value:
            yield from _texts(each)


def _pattern(text: str) -> str:
    """What finds `text` however it is spaced: a telephone number is written in many ways."""
    core = _SEPARATORS.sub("", text)
    return r"[\s-]*".join(map(re.escape, core)) if len(core) >= _SHORTEST else re.escape(text)
