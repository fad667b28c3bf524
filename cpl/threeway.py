"""Three-way merges of lists and of lines: what both sides made of a base; not what the lines mean."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from typing import Any, Final, cast

from cpl.patterns import regex

_TICK: Final = regex(r"\s*[-*+] \[[ xX]\] ")


def items(base: Sequence[Any], ours: Sequence[Any], theirs: Sequence[Any]) -> list[Any]:
    """The items that neither side took away, ours first and what only theirs added behind them.

    How often an item stands there counts too. Where only one side changed something, its order is kept.
    """
    if list(base) == list(ours):
        return list(theirs)
    gone = beyond(beyond(base, theirs), beyond(base, ours))
    come = beyond(beyond(theirs, base), beyond(ours, base))
    return [*beyond(ours, gone), *come]


def beyond(some: Sequence[Any], others: Sequence[Any]) -> list[Any]:
    """What stands in `some` more often than in `others`, in order; of equal items the last ones."""
    left = Counter(map(key, others))
    found = []
    for item in some:
        known = key(item)
        if left[known]:
            left[known] -= 1
        else:
            found.append(item)
    return found


def key(item: Any) -> Hashable:
    """The same for equal items, in a form that a set takes."""
    if isinstance(item, Mapping):
        return frozenset((name, key(each)) for name, each in item.items())
    if isinstance(item, list | tuple):
        return tuple(map(key, item))
    return cast(Hashable, item)


def lines(base: Sequence[str], ours: Sequence[str], theirs: Sequence[str]) -> tuple[list[str], list[str]]:
    """The merged lines, twice: where both sides changed the same place, once with ours and once with theirs.

    Two equal lists are a merge without conflict. In a checklist each line is a place of its own.
    """
    left: list[str] = []
    right: list[str] = []
    at = (0, 0, 0)
    for start, ours_start, theirs_start, size in _untouched(base, ours, theirs):
        between = base[at[0] : start], ours[at[1] : ours_start], theirs[at[2] : theirs_start]
        for mine, other in _settled(*between):
            left += mine
            right += other
        left += base[start : start + size]
        right += base[start : start + size]
        at = start + size, ours_start + size, theirs_start + size
    return left, right


def _untouched(base: Sequence[str], ours: Sequence[str], theirs: Sequence[str]) -> Iterator[tuple[int, int, int, int]]:
    """Where lines of `base` stand on both sides too: their start in all three, and how many; at the end none."""
    mine = SequenceMatcher(None, base, ours).get_matching_blocks()
    other = SequenceMatcher(None, base, theirs).get_matching_blocks()
    first = second = 0
    while first < len(mine) and second < len(other):
        a, b = mine[first], other[second]
        start, end = max(a.a, b.a), min(a.a + a.size, b.a + b.size)
        if start < end:
            yield start, a.b + start - a.a, b.b + start - b.a, end - start
        if a.a + a.size < b.a + b.size:
            first += 1
        else:
            second += 1
    yield len(base), len(ours), len(theirs), 0


def _settled(
    base: Sequence[str], ours: Sequence[str], theirs: Sequence[str]
) -> Iterator[tuple[Sequence[str], Sequence[str]]]:
    """Of one place: what stands there with ours and with theirs."""
    if ours == theirs or base == theirs:
        yield ours, ours
    elif base == ours:
        yield theirs, theirs
    elif len(base) == len(ours) == len(theirs) > 1 and all(map(_TICK.match, (*base, *ours, *theirs))):
        for index in range(len(base)):
            yield from _settled(*(each[index : index + 1] for each in (base, ours, theirs)))
    else:
        yield ours, theirs
