"""A mapping file as values: which columns of a table become which fields and events; it looks at no row.

A mistake in one is a Problem before the first row is read. Codes: E081 a name that the store does not know,
E082 a zone or date format, E083 `keep`, E084 an event, E085 a missing column; and those of `sources`, `schema`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, datetime, tzinfo
from functools import partial
from gettext import gettext as _
from typing import Any, Final

from cpl.config import Settings
from cpl.errors import Problem
from cpl.events import VERBS
from cpl.patterns import regex
from cpl.profile import TERM_SECTIONS
from cpl.schema import (
    Converter,
    Problems,
    did_you_mean,
    integer,
    list_of,
    map_of,
    problem,
    struct,
    text,
    word,
    zone,
)
from cpl.sources import Source, kept_name, known, source
from cpl.values import frozen
from cpl.yaml_nodes import MappingNode, Node

FORMAT: Final = 1
ISO: Final = "iso"
RECEIVED: Final = "received"
TEXT_FIELDS: Final = ("title", "object", "cause", "forwarded_by")
LIST_FIELDS: Final = ("departments", "demands")
GROUPS: Final[Mapping[str, tuple[str, ...]]] = {
    "location": ("site", "area", "building", "unit", "floor", "room", "spot"),
    "complainant": ("name", "phone", "email", "role", "room", "address"),
}
# Verbs that say by themselves what happened; the others change what an import has already set.
IMPORTED_VERBS: Final = (
    "agree",
    "contact",
    "follow-up",
    "handover",
    "arrive",
    "finish",
    "sign-off",
    "forward",
)

_PROBE: Final = datetime(2001, 2, 3, 16, 5, 6, tzinfo=UTC)
_ZONE_NAME: Final = regex(r"(?>(?:[^%]|%[^Z])*)%Z")


@frozen
class EventRule:
    """How an event is made: fixed fields, sources of instants and texts; `at` None: when it was received."""

    at: Source | None
    fixed: Mapping[str, Any]
    instants: Mapping[str, Source]
    texts: Mapping[str, Source]

    @property
    def is_agreement(self) -> bool:
        """Whether it states an agreed date."""
        return self.fixed.get("did") == "agree"


@frozen
class ImportMap:
    """A mapping file, ready to be used; `fields` by dotted name, `keep` by column."""

    path: str
    system: str
    key: Source
    zone: tzinfo
    dates: tuple[str, ...]
    empty: frozenset[str]
    received: Source
    fields: Mapping[str, Source]
    events: tuple[EventRule, ...]
    clocks: tuple[str, ...]
    keep: Mapping[str, str]
    body: Mapping[str, Source]
    columns: Mapping[str, int]  # every column that is used, with the line that names it

    def missing(self, columns: Collection[str]) -> list[Problem]:
        """E085: the columns that are used here and that a table with these `columns` lacks."""
        message = _("the file has no column '{name}'")
        return [
            Problem(self.path, line, "E085", message.format(name=name) + did_you_mean(name, filter(None, columns)))
            for name, line in self.columns.items()
            if name not in columns
        ]


def read_mapping(node: MappingNode, settings: Settings) -> tuple[ImportMap | None, list[Problem]]:
    """The mapping that `node` holds for a store with these settings, None where it has problems."""
    problems: list[Problem] = []
    required = ("format", "system", "key", "timezone", RECEIVED, "title", "kind")
    data = struct(_sections(settings), required)(node, problems)
    if data is None or problems:
        return None, sorted(problems)
    problems = [*_check_format(node, data["format"]), *_check_kept(node, data)]
    return (None if problems else _import_map(node, data)), problems


def _sections(settings: Settings) -> dict[str, Converter]:
    """What may stand in a mapping file of a store with these settings."""
    names = {field: {*settings.profile.terms[field]} for field in TERM_SECTIONS}
    return {
        "format": integer,
        "system": partial(_system, people=settings.people),
        "key": source(),
        "timezone": zone,
        "dates": list_of(_date_format),
        "empty": list_of(text),
        RECEIVED: source(),
        **{name: source() for name in (*TEXT_FIELDS, "demands")},
        **{name: source(known) for name, known in names.items()},
        **{name: struct(dict.fromkeys(below, source())) for name, below in GROUPS.items()},
        "events": list_of(partial(_event, settings=settings)),
        "clocks": list_of(known(settings.profile.clocks)),
        "keep": map_of(kept_name),
        "body": map_of(source()),
    }


def _import_map(node: MappingNode, data: Mapping[str, Any]) -> ImportMap:
    return ImportMap(
        path=node.source.path,
        system=data["system"],
        key=data["key"],
        zone=data["timezone"],
        dates=data.get("dates") or (ISO,),
        empty=frozenset(data.get("empty", ())),
        received=data[RECEIVED],
        fields=dict(_fields(data)),
        events=data.get("events", ()),
        clocks=data.get("clocks", ()),
        keep=data.get("keep", {}),
        body=data.get("body", {}),
        columns=_columns(node, data),
    )


def _columns(node: MappingNode, data: Mapping[str, Any]) -> dict[str, int]:
    """Every column that is used, with the first line that names it; those of `keep` stand first."""
    columns = dict.fromkeys(data.get("keep", {}), (node.get("keep") or node).line)
    for piece in (piece for each in _sources(data) for piece in each):
        for name in (*piece.columns, *piece.when):
            columns.setdefault(name, piece.line)
    return columns


def _sources(data: Mapping[str, Any]) -> Iterator[Source]:
    yield from (data["key"], data[RECEIVED])
    yield from (each for _name, each in _fields(data))
    yield from data.get("body", {}).values()
    for rule in data.get("events", ()):
        yield from (() if rule.at is None else (rule.at,))
        yield from (*rule.instants.values(), *rule.texts.values())


def _fields(data: Mapping[str, Any]) -> Iterator[tuple[str, Source]]:
    for name in (*TEXT_FIELDS, "demands", *TERM_SECTIONS):
        if name in data:
            yield name, data[name]
    for group in GROUPS:
        yield from ((f"{group}.{name}", each) for name, each in data.get(group, {}).items())


def _system(node: Node, problems: Problems, people: Collection[str]) -> str | None:
    name = word(node, problems)
    if name in people:
        message = _("'{name}' is one of the people; the events of an import need a name of their own")
        problems.append(problem(node, "E081", message.format(name=name)))
    return name


def _date_format(node: Node, problems: Problems) -> str | None:
    value = text(node, problems)
    if value is None or value == ISO:
        return value
    fault = _format_fault(value)
    if fault is not None:
        problems.append(problem(node, "E082", fault.format(format=value)))
        return None
    return value


def _format_fault(pattern: str) -> str | None:
    """Why a pattern of `strptime` would misread dates; None when it does not."""
    if _ZONE_NAME.match(pattern):  # strptime skips the name, and which names it takes depends on the machine
        return _("'{format}' has %Z, names of zones can't be read; write %z for an offset such as +0800")
    try:
        read = datetime.strptime(_PROBE.strftime(pattern), pattern).replace(tzinfo=UTC)
    except (ValueError, re.error):  # re.error: a part that stands twice
        read = None
    if read is None or read.date() != _PROBE.date():
        return _("'{format}' does not give year, month and day; write iso, or one such as '%d.%m.%Y %H:%M'")
    if read.hour not in (0, _PROBE.hour):
        return _("'{format}' does not tell morning from afternoon; write %H, or %I with %p")
    return None


def _event(node: Node, problems: Problems, settings: Settings) -> EventRule | None:
    if not isinstance(node, MappingNode):
        problems.append(problem(node, "E084", _("an event is a mapping like {to: closed, at: {column: Closed}}")))
        return None
    shape = _event_shape(node, problems, settings)
    if shape is None:
        return None
    allowed, required = shape
    before = len(problems)
    data = struct({"at": source(), **{name: _or_source(name, each) for name, each in allowed.items()}}, required)(
        node, problems
    )
    if data is None or len(problems) > before:
        return None
    sources = {name: each for name, each in data.items() if isinstance(each, tuple) and name != "at"}
    instants = {name: each for name, each in sources.items() if name in ("due", "until")}
    return EventRule(
        at=data.get("at"),
        fixed={name: each for name, each in data.items() if name not in sources and name != "at"},
        instants=instants,
        texts={name: each for name, each in sources.items() if name not in instants},
    )


def _event_shape(
    node: MappingNode, problems: Problems, settings: Settings
) -> tuple[Mapping[str, Converter], tuple[str, ...]] | None:
    """What an event of this kind may and must hold besides `at`; None after adding what is wrong with it."""
    to, did = node.get("to"), node.get("did")
    if (to is None) == (did is None):
        problems.append(problem(node, "E084", _("an event has either 'to' (a move) or 'did' (a deed)")))
        return None
    if did is None:
        return {"to": known(settings.profile.states), "until": source(), "reason": text, "text": text}, (
            "to",
            "at",
        )
    verb: str | None = known(IMPORTED_VERBS)(did, problems)
    if verb is None:
        return None
    shape = dict(VERBS[verb].fields)
    if "clock" in shape:
        shape["clock"] = known(settings.profile.clocks)
    return {"did": word, "text": text, **shape}, VERBS[verb].required


def _or_source(name: str, fixed: Converter) -> Converter:
    """What a row gives, or except for instants, which differ from row to row, a fixed value."""
    if name in ("to", "did"):
        return fixed

    def convert(node: Node, problems: Problems) -> Any:
        if isinstance(node, MappingNode) or name in ("due", "until"):
            return source()(node, problems)
        return fixed(node, problems)

    return convert


def _check_format(node: MappingNode, version: int) -> Iterator[Problem]:
    if version != FORMAT:
        message = _("format {version} is not the one that this cpl reads ({format}); install a newer cpl")
        where = node.get("format") or node
        yield problem(where, "E072", message.format(version=version, format=FORMAT))


def _check_kept(node: MappingNode, data: Mapping[str, Any]) -> Iterator[Problem]:
    """E083: two columns that would be kept under one name."""
    users = [(name, column) for column, name in data.get("keep", {}).items()]
    for field, each in _fields(data):
        users += {(piece.keep, field) for piece in each if piece.keep is not None}
    seen: dict[str, str] = {}
    for name, user in users:
        if name in seen:
            message = _("'{name}' is to keep both '{first}' and '{second}'; give one another name")
            where = node.get("keep") or node
            yield problem(where, "E083", message.format(name=name, first=seen[name], second=user))
        seen[name] = user
