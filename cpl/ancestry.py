"""Which commit comes from which, and when each was made, as far as a walk has got; about 150 bytes a commit."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from heapq import heappop, heappush
from typing import Final

_STALE: Final = 1  # what lies behind a base that was found; a bit for each start comes above it


class Ancestry:
    """The commits of a walk, parents first."""

    def __init__(self) -> None:
        self._places: dict[bytes, int] = {}
        self._commits: list[bytes] = []
        self._parents: list[tuple[int, ...] | None] = []
        self._times = array("q")

    def __contains__(self, commit: str) -> bool:
        return bytes.fromhex(commit) in self._places

    def add(self, commit: str, parents: Sequence[str], seconds: int) -> None:
        """Enter a commit, whose parents were entered before, or lie outside of the walk."""
        places = [self._places.get(bytes.fromhex(each)) for each in parents]
        known = tuple(each for each in places if each is not None)
        key = bytes.fromhex(commit)
        self._places[key] = len(self._commits)
        self._commits.append(key)
        self._parents.append(known if len(known) == len(parents) else None)
        self._times.append(seconds)

    def seconds(self, commit: str) -> int | None:
        """When a commit was made, in seconds since 1970; None outside of the walk."""
        place = self._places.get(bytes.fromhex(commit))
        return None if place is None else self._times[place]

    def bases(self, commits: Sequence[str]) -> list[str] | None:
        """The last common ancestors of commits, as `git merge-base --all --octopus`; None: outside of the walk."""
        starts = [self._places.get(bytes.fromhex(each)) for each in commits]
        marks: dict[int, int] = {}
        queue: list[int] = []
        for bit, place in enumerate(starts, 1):
            if place is None:
                return None
            self._mark(marks, queue, place, 1 << bit)
        everything = sum(1 << bit for bit in range(1, len(starts) + 1))
        found = []
        # All that comes from a commit has a higher place, so a commit taken from the queue is marked for good.
        while queue and any(not marks[-each] & _STALE for each in queue):
            place = -heappop(queue)
            mark = marks[place]
            if mark == everything:
                found.append(self._commits[place].hex())
                mark |= _STALE
            parents = self._parents[place]
            if parents is None and not mark & _STALE:
                return None
            for each in parents or ():
                self._mark(marks, queue, each, mark)
        return found

    def _mark(self, marks: dict[int, int], queue: list[int], place: int, mark: int) -> None:
        if place not in marks:
            heappush(queue, -place)
        marks[place] = marks.get(place, 0) | mark
