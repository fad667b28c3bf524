"""Who is followed up beyond the desk (RQ-5): drawn so that nobody can choose and everybody can draw again; no I/O.

docs/sampling.md has the recipe for a shell. What is drawn from, and where draws are kept, is in `draws`.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Final

from cpl.events import FOLLOW_UPS, Event
from cpl.profile import Profile
from cpl.profile_duties import FOLLOW_UP, Share
from cpl.record import Record
from cpl.workflow import matches

WHOLE: Final = Decimal(100)
REPLIES: Final = ("did:contact/reply", "did:contact/written-reply")
_FORM: Final = "cpl sample 1"


def seed_text(period: str, level: str, ids: Iterable[str]) -> str:
    """What the seed is the SHA-256 of: the form, the period, the level, and the ids in order, each on a line."""
    return "".join(f"{line}\n" for line in (_FORM, period, level, *sorted(ids)))


def seed(period: str, level: str, ids: Iterable[str]) -> str:
    """The seed of a draw, in hex: anything else in the period, the level or the ids makes another one."""
    return hashlib.sha256(seed_text(period, level, ids).encode()).hexdigest()


def size(percent: Decimal, population: int) -> int:
    """How many that many percent are, rounded up: of one record even 1 % is one."""
    return math.ceil(percent * population / WHOLE)


def draw(seed: str, ids: Iterable[str], percent: Decimal) -> tuple[str, ...]:
    """Those whose SHA-256 behind the seed is smallest, the smallest first; a larger share only adds to them."""
    ranked = sorted(ids, key=lambda each: hashlib.sha256(f"{seed}{each}".encode()).digest())
    return tuple(ranked[: size(percent, len(ranked))])


def is_answered(record: Record, profile: Profile) -> bool:
    """Whether there is something to ask about: it is finished, or a reply was given, if reopened since then."""
    if not profile.counts(record.status):
        return False
    is_replied, state = False, None
    for event in record.events:
        if event.is_move:
            is_replied &= not profile.is_final(state)
            state = event.to
        is_replied |= any(map(event.matches, REPLIES))
    return is_replied or profile.is_final(record.status)


def share_of(record: Record, shares: Iterable[Share]) -> Share | None:
    """The share that a record counts under: the first that it matches, None where there is none."""
    return next((share for share in shares if matches(record, share.when)), None)


def shows(event: Event, share: Share) -> bool:
    """Whether an event is a follow-up of the share's level, an attempt too; one that names no level is the desk's."""
    if event.did == FOLLOW_UP and "about" not in event.data:
        return share.did == f"{FOLLOW_UP}/{FOLLOW_UPS[0]}"
    return f"did:{share.did}" in event.names


def shares_of(profile: Profile, level: str | None = None) -> Sequence[Share]:
    """The shares of a level, or of all levels, in the profile's order."""
    return [share for share in profile.shares if level in (None, share.level)]
