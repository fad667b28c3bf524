"""Three-way merge of a record's body by sections, the handling log by its entries; texts in, texts out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from gettext import gettext as _
from typing import Final

from cpl import threeway
from cpl.patterns import regex
from cpl.record import LOG_SECTION
from cpl.sections import parts

_TIME: Final = regex(r"### (\d{4}-\d\d-\d\d \d\d:\d\d)")

Key = tuple[str, int]  # a heading, and how many of the same precede it
Lines = list[str]


class BodyMerge:
    """A body on its way to the merged one; of each section either side's lines, None where a side has it not."""

    def __init__(self, base: str, ours: str, theirs: str, newline: str) -> None:
        before, self._mine, self._other = (_sections(body) for body in (base, ours, theirs))
        self._newline = newline
        self._merged: dict[Key, tuple[Lines | None, Lines | None]] = {}
        for key in _order(self._mine, self._other):
            three = [_lines(each[key]) if key in each else None for each in (before, self._mine, self._other)]
            self._merged[key] = _section(key, *three)

    @property
    def clashes(self) -> Mapping[Key, tuple[Lines | None, Lines | None]]:
        """The sections of which both sides changed the same place: once with ours and once with theirs."""
        return {key: both for key, both in self._merged.items() if both[0] != both[1]}

    def text(self, picked: Mapping[Key, Lines | None]) -> str:
        """The merged body; of a clash it has the lines that were picked, else those of ours.

        What theirs did not change stays as it is written in `ours`.

        Raises:
            ValueError: the merged sections would not be read as such.
        """
        chosen = {key: picked.get(key, both[0]) for key, both in self._merged.items()}
        wanted = {key: lines for key, lines in chosen.items() if lines is not None}
        text = _joined(wanted, self._mine, self._other, self._newline)
        if [heading for heading, _text in parts(text)] != [heading for heading, _number in wanted]:
            raise ValueError(_("a section would be lost in a piece of code that is left open"))
        return text


def merge_body(base: str, ours: str, theirs: str, newline: str) -> tuple[str, str]:
    """The merged body, twice: where both sides changed the same place, once with ours and once with theirs.

    `newline` is what ends a line in `ours`. Raises: as `BodyMerge.text`.
    """
    body = BodyMerge(base, ours, theirs, newline)
    return body.text({}), body.text({key: both[1] for key, both in body.clashes.items()})


def _sections(body: str) -> dict[Key, str]:
    seen: Counter[str] = Counter()
    found = {}
    for heading, text in parts(body):
        found[heading, seen[heading]] = text
        seen[heading] += 1
    return found


def _order(mine: Mapping[Key, str], other: Mapping[Key, str]) -> list[Key]:
    """All sections in the order of ours; one that only theirs has stands behind the one before it there."""
    order = list(mine)
    last = ("", 0)
    for key in other:
        if key not in mine:
            order.insert(order.index(last) + 1, key)
        last = key
    return order


def _lines(text: str) -> Lines:
    """The lines of a section without the blank ones at its end."""
    text = text.replace("\r\n", "\n").rstrip(" \t\n")
    return text.split("\n") if text else []


def _section(
    key: Key, base: Lines | None, ours: Lines | None, theirs: Lines | None
) -> tuple[Lines | None, Lines | None]:
    if ours == theirs or base == theirs:
        return ours, ours
    if base == ours:
        return theirs, theirs
    if ours is None or theirs is None:
        return ours, theirs
    if key[0] == LOG_SECTION:
        return _log(base or [], ours, theirs)
    return threeway.lines(base or [], ours, theirs)


def _log(base: Lines, ours: Lines, theirs: Lines) -> tuple[Lines, Lines]:
    """The log with the entries of both sides, one that only theirs has before the first later one of ours.

    Two versions of one entry both stay: what was noted is never a conflict.
    """
    (old, *before), (top, *mine), (above, *other) = (_entries(lines) for lines in (base, ours, theirs))
    notes = [[entry.rstrip() for entry in entries] for entries in (before, mine, other)]
    kept = threeway.items(*notes)
    entries = _without(mine, threeway.beyond(notes[1], kept))
    new = threeway.beyond(kept, notes[1])
    for entry in new:
        entries.insert(_place(entry, entries), entry)
    left, right = threeway.lines(_lines(old), _lines(top), _lines(above))
    return _with_entries(left, entries, new), _with_entries(right, entries, new)


def _entries(lines: Lines) -> list[str]:
    """What precedes the first entry, then each entry."""
    return [text for _heading, text in parts("\n".join(lines), "###")]


def _without(entries: Sequence[str], gone: list[str]) -> list[str]:
    """The entries as they are written, each that has gone left out as often as it has gone."""
    kept = []
    for entry in entries:
        if entry.rstrip() in gone:
            gone.remove(entry.rstrip())
        else:
            kept.append(entry)
    return kept


def _place(entry: str, entries: Sequence[str]) -> int:
    time = _TIME.match(entry)
    if time is not None:
        for index, each in enumerate(entries):
            if (other := _TIME.match(each)) and other[1] > time[1]:
                return index
    return len(entries)


def _with_entries(top: Lines, entries: Sequence[str], new: Sequence[str]) -> Lines:
    """The section's lines, with a blank one on both sides of each new entry."""
    text = "\n".join(top)
    previous = ""
    for entry in entries:
        if entry in new or previous in new:
            text = text.rstrip("\n") + ("\n\n" if text.strip("\n").count("\n") else "\n")
        text = (text if text.endswith("\n") else text + "\n") + entry
        previous = entry
    return _lines(text)


def _joined(wanted: Mapping[Key, Lines], mine: Mapping[Key, str], other: Mapping[Key, str], newline: str) -> str:
    """The body of these sections; what ours has too is written, and parted from the next section, as there."""
    body, before = "", (0, 0)  # and how many lines the section before has, and had
    for key, lines in wanted.items():
        model = mine[key] if key in mine else other[key]
        if body and not body.endswith("\n"):
            body += newline
        is_tight = before[0] > 1 and (before[1] <= 1 or key not in mine)
        if is_tight and not body.endswith(newline * 2):
            body += newline
        is_same = key in mine and lines == _lines(model)
        body += model if is_same else _written(lines, model).replace("\n", newline)
        before = len(lines), len(_lines(model))
    return body


def _written(lines: Lines, model: str) -> str:
    """A section's text, which ends as that of `model` does."""
    model = model.replace("\r\n", "\n")
    gap = model[len(model.rstrip(" \t\n")) :]
    return "\n".join(lines) + (gap if "\n" in gap or not lines else "\n")
