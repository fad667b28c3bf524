"""One row of a table becomes the fields, events and text of a record; ids and other rows are not known here."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo
from gettext import gettext as _
from typing import Any, Final

from cpl.document import clean_text
from cpl.events import free_instant
from cpl.mapping import ISO, LIST_FIELDS, EventRule, ImportMap
from cpl.moments import fixed, format_instant, parse_instant
from cpl.patterns import regex
from cpl.profile import Profile
from cpl.record import HISTORY, ORDER
from cpl.sections import safe_lines
from cpl.sources import Piece, Source
from cpl.values import frozen

YEARS: Final = range(1900, 2200)  # outside of it a date is a slip or a placeholder
_HAS_OFFSET: Final = regex(r"(?:[Zz]|[+-][0-9]{2}:[0-9]{2})\Z")


class RowRejected(ValueError):
    """A row that can't become a record, and why."""


@frozen
class Unmatched:
    """A value that a table of values has no entry for, and what stands for it (nothing: '')."""

    column: str
    value: str
    became: str


class Reading:
    """One row read through a mapping; it notes values without an entry and what is kept of them."""

    def __init__(self, mapping: ImportMap, cells: Mapping[str, str]) -> None:
        self.mapping = mapping
        self.cells = {name: clean_text(cells.get(name, "")).strip() for name in mapping.columns}
        self.lines = {name: " ".join(cell.split()) for name, cell in self.cells.items()}
        for name, line in self.lines.items():
            if line in mapping.empty:
                self.cells[name] = self.lines[name] = ""
        self.unmatched: list[Unmatched] = []
        self.kept = {name: self.lines[column] for column, name in mapping.keep.items() if self.lines[column]}

    def text(self, source: Source) -> str | None:
        """What `source` gives on one line, None where it gives nothing."""
        return next(filter(None, (self._looked_up(piece) for piece in source)), None)

    def block(self, source: Source) -> str | None:
        """What `source` gives with its line breaks, None where it gives nothing."""
        found = (
            self._filled(piece, self.cells) if piece.values is None else self._looked_up(piece) for piece in source
        )
        return next(filter(None, found), None)

    def _filled(self, piece: Piece, cells: Mapping[str, str]) -> str | None:
        if any(self.lines[column] not in allowed for column, allowed in piece.when.items()):
            return None
        values = [cells[column] for column in piece.columns]
        if not all(values):
            return None
        return "".join(map("".join, zip(piece.literals, [*values, ""], strict=True)))

    def _looked_up(self, piece: Piece) -> str | None:
        text = self._filled(piece, self.lines)
        if text is None or piece.values is None or piece.keep is None:
            return text
        if text in piece.values:
            return piece.values[text]
        self.unmatched.append(Unmatched(piece.name, text, piece.default or ""))
        self.kept[piece.keep] = text
        return piece.default

    def instant(self, source: Source, not_before: datetime | None = None) -> datetime | None:
        """The instant that `source` gives; in the hour that autumn repeats the first one that is not too early.

        Raises:
            RowRejected: it is no date in any of the mapping's formats, or does not exist.
        """
        text = self.text(source)
        if text is None:
            return None
        found = sorted({fixed(each) for each in self._instants(text, source)})
        return next((each for each in found if not_before is None or each >= not_before), found[0])

    def _instants(self, text: str, source: Source) -> list[datetime]:
        for pattern in self.mapping.dates:
            try:
                instants = _read_instants(text, pattern, self.mapping.zone)
            except (ValueError, OverflowError):
                continue
            if not instants:
                message = _("{columns} '{text}' does not exist in {zone}: the clocks were put forward")
                raise RowRejected(message.format(columns=columns_of(source), text=text, zone=self.mapping.zone))
            if all(each.year in YEARS for each in instants):
                return instants
        message = _("{columns} '{text}' is not a date like {formats}")
        formats = " | ".join(self.mapping.dates)
        raise RowRejected(message.format(columns=columns_of(source), text=text, formats=formats))


def _read_instants(text: str, pattern: str, zone: tzinfo) -> list[datetime]:
    """The instants that a text can mean: two in the hour that autumn repeats, none in the one spring skips."""
    if pattern == ISO:
        if _HAS_OFFSET.search(text):
            return [parse_instant(text)]
        local = parse_instant(text, UTC).replace(tzinfo=None)
    else:
        local = datetime.strptime(text, pattern)  # noqa: DTZ007 - the zone is the mapping's unless the text has one
        if local.tzinfo is not None:
            return [fixed(local)]
    local = local.replace(microsecond=local.microsecond // 1000 * 1000)
    either = [fixed(local.replace(tzinfo=zone, fold=fold)) for fold in (0, 1)]
    return [each for each in either if each.astimezone(zone).replace(tzinfo=None, fold=0) == local]


def columns_of(source: Source) -> str:
    """The columns and templates of `source`, for a message."""
    return " / ".join(piece.name for piece in source)


def convert(reading: Reading, key: str, profile: Profile, now: datetime) -> dict[str, Any]:
    """The fields of the record that a row becomes, in the order of a record, all but its id.

    Raises:
        RowRejected: it lacks its kind or the date when it was received, or a date can't be right.
    """
    mapping = reading.mapping
    received_at = reading.instant(mapping.received)
    if received_at is None:
        message = _("there is no date when it was received: {columns}")
        raise RowRejected(message.format(columns=columns_of(mapping.received)))
    data = _plain_fields(reading)
    if "kind" not in data:
        raise RowRejected(_("there is no kind: {columns}").format(columns=columns_of(mapping.fields["kind"])))
    data.setdefault("title", f"{mapping.system} {key}")
    history = _history(reading, received_at, profile, now)
    source = {
        "system": mapping.system,
        "key": key,
        **({"clocks": list(mapping.clocks)} if mapping.clocks else {}),
    }
    status = [event["to"] for event in history if "to" in event][-1]
    data.update({"received_at": received_at, "status": status, "source": source, HISTORY: history})
    return {**{name: data[name] for name in ORDER if name in data}, **dict(sorted(reading.kept.items()))}


def _plain_fields(reading: Reading) -> dict[str, Any]:
    data: dict[str, Any] = {}
    for dotted, source in reading.mapping.fields.items():
        text = reading.text(source)
        if text is None:
            continue
        group, _dot, name = dotted.partition(".")
        if name:
            data.setdefault(group, {})[name] = text
        else:
            data[group] = [text] if group in LIST_FIELDS else text
    return data


def _history(reading: Reading, received_at: datetime, profile: Profile, now: datetime) -> list[dict[str, Any]]:
    """The events in order: at one instant the intake, then agreed dates, then others, then the end."""
    intake = {"to": profile.initial}
    ranked = [(received_at, 0, intake)]
    for rule in reading.mapping.events:
        made = _event(reading, rule, received_at)
        if made is not None:
            rank = 1 if rule.is_agreement else 3 if profile.is_final(rule.fixed.get("to")) else 2
            ranked.append((made[0], rank, made[1]))
    history: list[dict[str, Any]] = []
    for at, _rank, data in sorted(ranked, key=lambda each: each[:2]):
        _require_order(received_at, at, now, data)
        free = free_instant(at, {event["at"] for event in history})
        history.append({"at": free, "by": reading.mapping.system, **data})
    return history


def _event(reading: Reading, rule: EventRule, received_at: datetime) -> tuple[datetime, dict[str, Any]] | None:
    """When it happened and its fields; None where the row lacks one of its instants."""
    at = received_at if rule.at is None else reading.instant(rule.at, received_at)
    instants = {name: reading.instant(source, received_at) for name, source in rule.instants.items()}
    if at is None or None in instants.values():
        return None
    texts = {name: reading.text(source) for name, source in rule.texts.items()}
    return at, {**rule.fixed, **instants, **{name: text for name, text in texts.items() if text is not None}}


def _require_order(received_at: datetime, at: datetime, now: datetime, data: Mapping[str, Any]) -> None:
    name = data.get("to") or data.get("did")
    facts = {"name": name, "at": format_instant(at), "received": format_instant(received_at)}
    if at < received_at:
        raise RowRejected(_("'{name}' at {at} lies before it was received at {received}").format(**facts))
    if at > now:
        raise RowRejected(_("'{name}' at {at} lies in the future").format(**facts))


def body(reading: Reading) -> str:
    """The Markdown under the front matter: a section for each part of `body` that the row fills."""
    texts = ((heading, reading.block(source)) for heading, source in reading.mapping.body.items())
    parts = ([f"## {heading}", "", *safe_lines(text), ""] for heading, text in texts if text is not None)
    return "\n".join(line for part in parts for line in part)
