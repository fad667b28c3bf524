"""The rows of tests/deadlines.md: read, turned into a record, and reckoned by the walker."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from tests import walker

PAGE: Final = Path(__file__).with_name("deadlines.md")
WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_INSTANT: Final = re.compile(r"(\w{3}) (\d{4}-\d\d-\d\d) (\d\d:\d\d(?::\d\d)?)([+-]\d\d:\d\d)?")
_TARGET: Final = re.compile(r"(?:(minor|major|warn|else) )?(?:(\d+)(mo|m|h|d|bh|bd)|(same-day))(?: since (\S+))?")
VERBS: Final = ("pause", "now", "stop", "close", "reopen", "minor", "major", "agree")
SHIPPED: Final = "residential"


class Where(NamedTuple):
    """A place of the first table; without zone and hours of its own it is the shipped procedure."""

    name: str
    zone: str
    hours: str
    calendar: str

    @property
    def settings(self) -> str:
        """What stands in cpl.yaml for it."""
        lines = [f"timezone: {self.zone}"]
        if self.hours not in ("none", "as shipped"):
            days = (part.split(": ", 1) for part in self.hours.split("; "))
            lines.append("hours: {" + ", ".join(f"{name}: {_quoted(times)}" for name, times in days) + "}")
        if self.calendar != "none":
            lines.append(f"calendar: {self.calendar}")
        return "\n".join(lines) + "\n"

    @property
    def place(self) -> walker.Place:
        """What the walker knows of it."""
        hours = None
        if self.hours not in ("none", "as shipped"):
            week: list[tuple[tuple[int, int], ...]] = [()] * 7
            for names, times in (part.split(": ", 1) for part in self.hours.split("; ")):
                first, _dash, last = names.partition("-")
                for day in range(WEEKDAYS.index(first), WEEKDAYS.index(last or first) + 1):
                    week[day] = tuple((_minutes(each[:5]), _minutes(each[6:])) for each in times.split(", "))
            hours = tuple(week)
        return walker.Place(ZoneInfo(self.zone), hours, self.calendar != "none")


def _quoted(times: str) -> str:
    return "[" + ", ".join(f"'{each}'" for each in times.split(", ")) + "]"


def _minutes(text: str) -> int:
    return int(text[:2]) * 60 + int(text[3:])


class Target(NamedTuple):
    """How long it may take: of which severity, from which day on, or the warning."""

    word: str | None
    amount: int
    unit: str
    since: date | None

    @property
    def within(self) -> str:
        """As a profile writes it."""
        return self.unit if self.unit == "same-day" else f"{self.amount}{self.unit}"


class Happening(NamedTuple):
    """Something that happens to a complaint, with the second instant of a pause or an agreed date."""

    verb: str
    at: datetime
    other: datetime | None


@dataclass(frozen=True)
class Expected:
    """The due of one run; `result` is None where the row does not speak of it."""

    due: datetime
    result: str | None
    warn: datetime | None = None


@dataclass(frozen=True)
class Row:
    """One worked deadline; `within` as it stands in the page.

    `rule` is the clock of the shipped procedure, None for a row with `targets` of its own.
    """

    number: int
    where: Where
    start: datetime
    severity: str | None
    events: tuple[Happening, ...]
    within: str
    rule: str | None
    fields: tuple[tuple[str, str], ...]
    targets: tuple[Target, ...]
    expected: tuple[Expected, ...]
    clause: str | None

    @property
    def now(self) -> datetime:
        """When the row looks: the last of its events."""
        ends = [event.other for event in self.events if event.verb == "pause" and event.other]
        return max([self.start, *(event.at for event in self.events), *ends])


def rows() -> list[Row]:
    """Every row of the page, in order."""
    cells = [
        [cell.strip() for cell in line.strip("|").split(" | ")]
        for line in PAGE.read_text("utf-8").splitlines()
        if line.startswith("| ") and not line.startswith("| --")
    ]
    places = {each[0]: Where(*each) for each in cells if len(each) == 4}
    return [_row(each, places) for each in cells if len(each) == 7 and each[0] != "no"]


def instant(text: str, zone: ZoneInfo) -> datetime:
    """The instant that a cell names; its weekday has to be right."""
    found = _INSTANT.fullmatch(text)
    assert found, text
    weekday, day, time, offset = found.groups()
    local = datetime.fromisoformat(f"{day}T{time}{offset or ''}")
    assert f"{local:%a}" == weekday, text
    return (local if offset else local.replace(tzinfo=zone)).astimezone(UTC)


def _row(cells: list[str], places: dict[str, Where]) -> Row:
    number, name, happens, within, due, _why, clause = cells
    where = places[name]
    zone = ZoneInfo(where.zone)
    first, *rest = happens.split("; ")
    start, _as, severity = first.partition(" as ")
    is_shipped = name == SHIPPED
    rule, _bracket, fields = within.rstrip(")").partition(" (")
    return Row(
        number=int(number),
        where=where,
        start=instant(start, zone),
        severity=severity or None,
        events=tuple(_happening(each, zone) for each in rest),
        within=within,
        rule=rule if is_shipped else None,
        fields=tuple(_pair(each) for each in fields.split()) if is_shipped else (),
        targets=() if is_shipped else tuple(_target(each) for each in within.split(", ")),
        expected=tuple(_expected(due, zone)),
        clause=clause or None,
    )


def _pair(text: str) -> tuple[str, str]:
    name, _equals, value = text.partition("=")
    return name, value


def _happening(text: str, zone: ZoneInfo) -> Happening:
    verb, _space, rest = text.partition(" ")
    assert verb in VERBS, text
    at, _between, other = (rest + " ").partition(" – " if verb == "pause" else " for ")
    return Happening(verb, instant(at.strip(), zone), instant(other.strip(), zone) if other.strip() else None)


def _target(text: str) -> Target:
    found = _TARGET.fullmatch(text)
    assert found, text
    word, amount, unit, same_day, since = found.groups()
    return Target(word, int(amount or 1), unit or same_day, date.fromisoformat(since) if since else None)


def _expected(cell: str, zone: ZoneInfo) -> Iterator[Expected]:
    warn = None
    for part in [] if cell == "none" else cell.split("; "):
        found = _INSTANT.search(part)
        assert found, part
        at = instant(found[0], zone)
        if part.startswith("warn "):
            warn = at
            continue
        yield Expected(at, part[found.end() :].strip() or None, warn)
        warn = None


# A row as a record


def events_of(row: Row) -> Iterator[str]:
    """The history's items in YAML, for the states of the shipped procedure."""
    received = row.start - timedelta(hours=1) if row.rule == "reply" else row.start
    yield _event(received, "to: received")
    state = "received"
    if row.rule == "reply":
        state = "replying"
        yield _event(row.start, "to: replying")
    severity = row.severity
    for verb, at, other in row.events:
        match verb:
            case "pause":
                until = other or at + timedelta(days=1)
                yield _event(at, f"to: on-hold, reason: r, until: {until.isoformat()}")
                if other:
                    yield _event(other, f"to: {state}")
            case "stop":
                yield _event(at, _STOPS[row.rule])
            case "close":
                yield _event(at, "to: closed, reason: r")
            case "reopen":
                state = "resolving"
                yield _event(at, "to: resolving, reason: r")
            case "agree":
                assert other
                yield _event(at, f"did: agree, clock: deadline, due: {other.isoformat()}")
            case "minor" | "major":
                yield _event(at, f"did: classify, set: {{severity: {verb}}}, was: {{severity: {severity}}}, reason: r")
                severity = verb


_STOPS: Final = {
    None: "did: finish",
    "respond": "did: contact, via: phone, about: acknowledge",
    "resolve": "to: replying",
    "reply": "did: contact, via: phone, about: reply",
    "written-answer": "did: contact, via: letter, about: written-reply",
}


def _event(at: datetime, rest: str) -> str:
    return f"- {{at: {at.isoformat()}, by: li.na, {rest}}}\n"


def record_text(row: Row, identifier: str) -> str:
    """The record of a row."""
    events = list(events_of(row))
    received = events[0].partition("at: ")[2].partition(",")[0]
    states = re.findall(r" to: ([\w-]+)", "".join(events))
    severity = next((event.verb for event in reversed(row.events) if event.verb in ("minor", "major")), row.severity)
    fields = {"kind": "complaint", "status": states[-1], "received_at": received, "x-within": f"'{row.within}'"}
    fields |= {"nature": "A", "severity": severity} if severity else {}
    for name, value in row.fields:
        section, _dot, key = name.partition(".")
        fields[section] = f"{{{key}: {value}}}" if key else value
    front = "".join(f"{name}: {value}\n" for name, value in fields.items())
    return f"---\nid: {identifier}\ntitle: Row {row.number}\n{front}history:\n{''.join(events)}---\n"


def targets_text(row: Row) -> list[str]:
    """The row's targets as lines of a clock's `targets` in YAML; those of rows with the same `within` are the same."""
    warn = next((f", warn: {each.within}" for each in row.targets if each.word == "warn"), "")
    lines = []
    for count, target in enumerate(each for each in row.targets if each.word != "warn"):
        severity = f", severity: {target.word}" if target.word in ("minor", "major") else ""
        since = f", since: {target.since}" if target.since else ""
        name = re.sub("[^0-9a-z]+", "-", f"{row.within} {count}")
        lines.append(f"{name}: {{when: {{x-within: '{row.within}'{severity}}}, within: {target.within}{warn}{since}}}")
    return lines


# A row reckoned by the walker


@dataclass(frozen=True)
class _Cycle:
    start: datetime
    severity: str | None
    pauses: tuple[walker.Span, ...] = ()
    paused_at: datetime | None = None
    agreed: datetime | None = None
    stopped_at: datetime | None = None


def walked(row: Row) -> list[Expected]:
    """What the walker finds for a row with targets of its own."""
    cycles = [_Cycle(row.start, row.severity)]
    severity = row.severity
    for event in row.events:
        severity = event.verb if event.verb in ("minor", "major") else severity
        if event.verb == "reopen":
            cycles.append(_Cycle(event.at, severity))
        elif cycles[-1].stopped_at is None:
            cycles[-1] = _after(cycles[-1], event)
    return [_reckoned(each, row) for each in cycles]


def _after(cycle: _Cycle, event: Happening) -> _Cycle:
    match event.verb:
        case "pause" if event.other is None:
            return replace(cycle, paused_at=event.at)
        case "pause":
            assert event.other
            return replace(cycle, pauses=(*cycle.pauses, (event.at, event.other)))
        case "stop" | "close":
            return replace(cycle, stopped_at=event.at)
        case "agree":
            return replace(cycle, agreed=event.other)
        case "minor" | "major":
            return replace(cycle, severity=event.verb)
    return cycle


def _reckoned(cycle: _Cycle, row: Row) -> Expected:
    pauses = [*cycle.pauses, *([(cycle.paused_at, row.now)] if cycle.paused_at else [])]
    place = row.where.place

    def reckon(target: Target) -> datetime:
        return walker.due(cycle.start, target.amount, target.unit, pauses, place)

    began_on = cycle.start.astimezone(place.zone).date()
    target = next(
        each
        for each in row.targets
        if each.word in (None, "else", cycle.severity) and (each.since is None or each.since <= began_on)
    )
    warn = next((reckon(each) for each in row.targets if each.word == "warn" and not cycle.agreed), None)
    due = cycle.agreed or reckon(target)
    if cycle.stopped_at:
        result = "met" if cycle.stopped_at <= due else "breached"
    elif row.now > due:
        result = "breached"
    else:
        result = "paused" if cycle.paused_at else "running"
    return Expected(due, result, warn)
