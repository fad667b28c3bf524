"""The clocks of many records beside plain datetime arithmetic: `python tests/bench/clocks.py [--records 100000]`.

Four clocks follow each record: respond in 24h, resolve in 8bh with pauses, reply in 48h with a warning, progress in
3bd; with office hours and the calendar cn. The records are `Record` values that are made in memory before the time is
taken, so nothing is read or parsed in it. They are DISTINCT histories, repeated later by a multiple of four weeks:
intake, contact, assign, and the moves to the end; every third with a judgement, every fifth with a pause, every tenth
reopened, every twentieth still open. The peer is what one would write by hand for the four dues of such a record: no
pauses, no second cycle, no results. Where there is neither, the engine has to come to the same dues. It is the
processor's time, the best of ROUNDS; they alternate, so that all see the same machine. Exits with 1 when the engine
takes more than BAR for a record.
"""

from __future__ import annotations

import argparse
import random
import resource
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from cpl import config
from cpl.clocks import dues, runs
from cpl.config import Settings
from cpl.events import Event
from cpl.moments import fixed
from cpl.record import ALPHABET, Record, build, make_id

ROUNDS: Final = 3
BAR: Final = 150  # microseconds
DISTINCT: Final = 4000
SPAN: Final = timedelta(weeks=4)
SPANS: Final = 25  # then they begin anew, for the calendar's years do not go on for ever
ROOT: Final = Path(__file__).parent.parent.parent
ZONE: Final = ZoneInfo("Asia/Shanghai")
FIRST: Final = datetime(2025, 1, 1, tzinfo=ZONE)
NOW: Final = fixed(datetime(2026, 12, 31, tzinfo=ZONE))
CPL_YAML: Final = """\
format: 1
timezone: Asia/Shanghai
profile: residential
hours: {mon-fri: ['08:30-12:00', '14:00-18:00']}
calendar: cn
clocks:
  written-answer: {off: true}
  department-contact: {off: true}
  resolve: {targets: {major: {when: {severity: major}, within: 4bh}, all: {within: 8bh}}}
  progress:
    starts: [to:resolving]
    stops: [did:contact/progress]
    ends: [to:replying]
    targets: {all: {within: 3bd}}
people:
- {id: li.na, emails: [li.na@example.org], roles: [desk]}
"""
SHIFTS: Final = ((timedelta(hours=8, minutes=30), timedelta(hours=12)), (timedelta(hours=14), timedelta(hours=18)))


def settings() -> Settings:
    """The settings of a store with CPL_YAML."""

    def read(path: str) -> bytes | None:
        if path == config.MARKER:
            return CPL_YAML.encode()
        return (ROOT / path).read_bytes() if (ROOT / path).exists() else None

    return config.load(read)


def story(number: int) -> Iterator[Mapping[str, Any]]:
    """What happened on a record, without `at`: that comes in order."""
    yield {"to": "received"}
    yield {"did": "contact", "via": "phone", "about": "acknowledge"}
    yield {"did": "assign", "set": {"assignee": "zhao.qiang"}}
    if number % 3 == 0:
        yield {"did": "classify", "set": {"severity": "minor"}, "was": {}, "reason": "seen"}
    yield {"to": "resolving"}
    if number % 5 == 0:
        yield {"to": "on-hold", "reason": "part ordered"}
        yield {"to": "resolving"}
    if number % 20 == 19:
        return
    if number % 4 == 0:
        yield {"did": "contact", "via": "phone", "about": "progress"}
    yield {"to": "replying"}
    yield {"did": "contact", "via": "phone", "about": "reply"}
    yield {"to": "closed"}
    if number % 10 == 1:
        yield {"to": "resolving", "reason": "again"}
        yield {"to": "replying"}


def histories() -> list[list[Event]]:
    """The distinct histories, received within SPAN from FIRST on; up to ten hours lie between two events."""
    chance = random.Random(7)  # the same records in each run
    made = []
    for number in range(DISTINCT):
        at = FIRST + timedelta(minutes=chance.randrange(SPAN // timedelta(minutes=1)))
        history = []
        for rest in story(number):
            history.append(event({"at": fixed(at), "by": "li.na", **rest}))
            at += timedelta(minutes=chance.randrange(1, 600))
        made.append(history)
    return made


def event(data: Mapping[str, Any]) -> Event:
    """The event of these fields."""
    return Event(data["at"], data["by"], data.get("to"), data.get("did"), data)


def make_records(amount: int) -> list[Record]:
    """That many records, each with values of its own."""
    distinct = histories()
    return [record(number, distinct[number % DISTINCT]) for number in range(amount)]


def record(number: int, history: list[Event]) -> Record:
    """Record `number`, whose history is `history` some time later."""
    later = number // DISTINCT % SPANS * SPAN
    events = tuple(event({**each.data, "at": each.at + later}) for each in history)
    received_at = events[0].at
    fields = {
        "id": make_id(received_at.date(), "".join(ALPHABET[number >> bits & 31] for bits in (25, 20, 15, 10, 5, 0))),
        "title": "Door 2 does not lock",
        "kind": "complaint",
        "status": [each.to for each in events if each.to][-1],
        "category": "public/elevator",
        "channel": "phone",
        "received_at": received_at,
        "lead": "li.na",
        "assignee": "zhao.qiang",
        "history": events,
    }
    severity = {"severity": "minor"} if any(each.did == "classify" for each in events) else {}
    return build(fields | severity)


def holidays(known: Settings) -> tuple[set[date], set[date]]:
    """The holidays and make-up workdays that the peer goes by."""
    calendar = known.worktime.calendar
    if calendar is None:
        return set(), set()
    years = [calendar.year(year) for year in (2024, 2025, 2026)]
    return {day for year in years for day in year.holidays}, {day for year in years for day in year.workdays}


class Peer:
    """The four dues by hand, in a zone that never changes its clocks."""

    def __init__(self, off: set[date], on: set[date]) -> None:
        self.off = off
        self.on = on

    def works(self, day: date) -> bool:
        """Whether it is a business day."""
        return day in self.on or (day.weekday() < 5 and day not in self.off)

    def opening(self, at: datetime) -> datetime:
        """`at` if it lies in office hours, else when they next begin."""
        midnight = at.replace(hour=0, minute=0, second=0, microsecond=0)
        while True:
            for opens, closes in SHIFTS if self.works(midnight.date()) else ():
                if at < midnight + closes:
                    return max(at, midnight + opens)
            midnight += timedelta(days=1)

    def business_hours(self, at: datetime, left: timedelta) -> datetime:
        """The instant at which that much office time has passed."""
        midnight = at.replace(hour=0, minute=0, second=0, microsecond=0)
        while True:
            for opens, closes in SHIFTS if self.works(midnight.date()) else ():
                since = max(at, midnight + opens)
                here = midnight + closes - since
                if here >= left:
                    return since + left
                left -= max(here, timedelta())
            midnight += timedelta(days=1)

    def business_days(self, at: datetime, left: int) -> datetime:
        """The same time that many business days on."""
        at = self.opening(at)
        while left:
            at += timedelta(days=1)
            left -= self.works(at.date())
        return at

    def dues(self, record: Record) -> dict[str, datetime]:
        """The dues of the record's first cycle, by clock."""
        began: dict[str, datetime] = {}
        for each in record.events:
            if each.to is not None:
                began.setdefault(each.to, each.at)
        found = {"respond": record.received_at + timedelta(hours=24)}
        found["resolve"] = self.business_hours(record.received_at, timedelta(hours=8))
        if "replying" in began:
            found["reply"] = began["replying"] + timedelta(hours=48)
        if "resolving" in began:
            found["progress"] = self.business_days(began["resolving"], 3)
        return found


def seconds(work: Callable[[Record], object], records: list[Record]) -> float:
    """The processor time that it takes over all records."""
    start = time.process_time()
    for each in records:
        work(each)
    return time.process_time() - start


def check(records: list[Record], known: Settings, peer: Peer) -> int:
    """How many of the distinct records have neither a pause nor a second cycle; their dues have to be the peer's."""
    compared = count()
    for each in records[:DISTINCT]:
        found = runs(each, known.profile, known.worktime, NOW)
        plain = {run.clock: run.due_at for run in found}
        if len(plain) == len(found) and not any(run.pauses for run in found):
            next(compared)
            if plain != peer.dues(each):
                raise SystemExit(f"{each.id}: the engine says {plain}, the peer {peer.dues(each)}")
    return next(compared)


def main() -> int:
    """Print the times; 1 when the engine is over its bar."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=100_000)
    records = make_records(parser.parse_args().records)
    known = settings()
    profile, worktime, peer = known.profile, known.worktime, Peer(*holidays(known))
    alike = check(records, known, peer)
    works: dict[str, Callable[[Record], object]] = {
        "clocks.runs": lambda each: runs(each, profile, worktime, NOW),
        "clocks.dues": lambda each: dues(each, profile, worktime, NOW),
        "plain datetime": peer.dues,
    }
    times = [[seconds(work, records) for work in works.values()] for _round in range(ROUNDS)]
    best = [min(column) for column in zip(*times, strict=True)]
    events = sum(len(each.events) for each in records) / len(records)
    print(f"{len(records)} records of {events:.1f} events on average, {len(profile.clocks)} clocks")
    print(f"{alike} of {DISTINCT} have one cycle and no pause: there the peer's dues are the engine's")
    micros = [spent / len(records) * 1e6 for spent in best]
    for name, spent, each in zip(works, best, micros, strict=True):
        print(f"{name:16} {spent:6.2f} s  {each:6.1f} µs a record  {each / micros[-1]:5.2f} x")
    kibibytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // (1024 if sys.platform == "darwin" else 1)
    print(f"at most {BAR} µs; peak memory {kibibytes / 1024:.0f} MiB, most of it the records")
    return int(max(micros[:2]) > BAR)


if __name__ == "__main__":
    sys.exit(main())
