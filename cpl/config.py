"""The settings of a store: cpl.yaml, its people and its profile, read from files that a caller hands in."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import date, tzinfo
from functools import lru_cache
from gettext import gettext as _
from typing import Any, Final

from cpl import calendars, tree
from cpl.errors import Invalid, Problem
from cpl.labels import Labelled
from cpl.language import ENGLISH
from cpl.profile import SECTIONS, Profile, read_profile
from cpl.record import FIELDS
from cpl.schema import (
    Problems,
    anything,
    day,
    integer,
    is_absent,
    list_of,
    one_of,
    problem,
    shaped,
    struct,
    text,
    word,
    zone,
)
from cpl.settings_files import Files, merged, parse, profile_layers, profile_name
from cpl.values import field, frozen, replace
from cpl.workdays import ALWAYS, Calendar, CalendarYear
from cpl.worktime import Worktime
from cpl.yaml_nodes import MappingNode, Node, Source

MARKER: Final = tree.MARKER
FORMAT: Final = 1
ANYBODY: Final = "anybody"
_KEPT: Final = 16  # profiles: along a history cpl.yaml changes often, what it says differently from one hardly ever
AUTHORS: Final = ("themselves", ANYBODY)


NamedIn = Callable[[str], Collection[str]]
"""Tells which records, by their ids, the register of a name is about."""


def in_no_register(_name: str) -> Collection[str]:
    """Of no record: where no registers are at hand."""
    return ()


@frozen
class Person:
    """Somebody who handles complaints; `from_` and `until` are the first and the last day."""

    id: str
    name: str
    emails: tuple[str, ...]
    roles: tuple[str, ...]
    department: str | None
    from_: date | None
    until: date | None

    def has_left(self, day: date) -> bool:
        """Whether the person's last day lies before `day`."""
        return self.until is not None and self.until < day


@frozen
class Settings:
    """All that a store decides for itself."""

    name: str
    zone: tzinfo
    language: str
    profile_name: str
    profile_files: tuple[str, ...]  # the profile's own, then those that it extends
    profile: Profile
    people: Mapping[str, Person]
    worktime: Worktime
    any_author: bool = False  # who committed an event is not compared with who did it
    named_in: NamedIn = in_no_register  # by the registers of the same tree

    def with_registers(self, named_in: NamedIn) -> Settings:
        """The same with the registers of a tree."""
        return replace(self, named_in=named_in)

    def person_with(self, email: str) -> Person | None:
        """The person whose git identity has this address, whatever its case."""
        wanted = email.casefold()
        return next((each for each in self.people.values() if wanted in map(str.casefold, each.emails)), None)

    def called(self, field: str, name: str) -> str:
        """What to call a name that a field of records holds, in the store's language."""
        known: Mapping[str, Labelled] = self.profile.terms.get(field, {})
        return self.label((self.profile.states if field == "status" else known).get(name), name)

    def label(self, term: Labelled | None, name: str) -> str:
        """What to call `name` in the store's language."""
        return name if term is None else term.label.get(self.language, name)

    def in_language(self, texts: Mapping[str, str]) -> str:
        """The one of the texts by language that is the store's, else the English one; empty where there is neither."""
        return texts.get(self.language) or texts.get(ENGLISH, "")


def person_id(email: str) -> str:
    """The id of a person that is made of their address, `li.na` of Li.Na@example.org; `desk` where nothing is left."""
    local = email.partition("@")[0].lower()
    found = "".join(c if c.isascii() and (c.isalnum() or c in "._-") else "-" for c in local).strip(".-_")
    return found or "desk"


@shaped(one_of(AUTHORS))
def _authors(node: Node, problems: Problems) -> bool | None:
    name = word(node, problems)
    if name is not None and name not in AUTHORS:
        message = _("'{name}' says not who commits an event; write one of: {names}")
        problems.append(problem(node, "E070", message.format(name=name, names=", ".join(AUTHORS))))
        return None
    return name == ANYBODY


_PERSON: Final = struct(
    {
        "id": word,
        "name": text,
        "emails": list_of(text),
        "roles": list_of(word),
        "department": word,
        "from": day,
        "until": day,
    },
    required=["id"],
)
OWN: Final = {
    "format": integer,
    "name": text,
    "timezone": zone,
    "language": word,
    "profile": profile_name,
    "people": list_of(_PERSON),
    "authors": _authors,
}
REQUIRED: Final = ("format", "timezone", "profile")


def load(files: Files) -> Settings:
    """The settings of the store whose files `files` reads.

    Raises:
        Invalid: cpl.yaml or the profile has problems; all of them are named.
    """
    root = parse(files(MARKER) or b"", MARKER)
    _refuse_newer(root)
    problems: list[Problem] = []
    data = struct({**OWN, **dict.fromkeys(SECTIONS, anything)}, REQUIRED, extra=True)(root, problems)
    if data is None or problems:
        raise Invalid(_("the store's settings are not right"), problems)
    profile, profile_files = _load_profile(files, root)
    people = [_person(each) for each in data.get("people", ())]
    problems.extend(_check_people(root, people, profile))
    if problems:
        raise Invalid(_("the store's settings are not right"), problems)
    return Settings(
        name=data.get("name", ""),
        zone=data["timezone"],
        language=data.get("language", ENGLISH),
        profile_name=data["profile"],
        profile_files=profile_files,
        profile=profile,
        people={person.id: person for person in people},
        worktime=Worktime(data["timezone"], profile.hours, _calendar(files, profile)),
        any_author=data.get("authors", False),
    )


def _refuse_newer(root: MappingNode) -> None:
    node = root.get("format")
    problems: list[Problem] = []
    version = None if node is None or is_absent(node) else integer(node, problems)
    if node is not None and version not in (None, FORMAT):
        message = _("format {version} is not the one that this cpl reads ({format}); install a newer cpl")
        message = message.format(version=version, format=FORMAT)
        raise Invalid(_("the store's settings are not right"), [problem(node, "E072", message)])


@frozen
class _Parts:
    """What a profile is made of; the same texts make the same one."""

    marker: Source | None  # None where cpl.yaml says nothing differently
    files: tuple[Source, ...]
    layers: list[MappingNode] = field(compare=False)
    own: MappingNode = field(compare=False)


def layers_of(files: Files, root: MappingNode) -> tuple[list[MappingNode], MappingNode]:
    """The files of the profile that cpl.yaml names, itself first, and what cpl.yaml says differently.

    Raises:
        Invalid: a file is missing or can't be read.
    """
    problems: list[Problem] = []
    node = root.get("profile") or root
    name = profile_name(node, problems)
    if name is None:
        raise Invalid(_("the store's settings are not right"), problems)
    layers = profile_layers(files, name, node)
    different = [entry for entry in root.entries if entry.key.text in SECTIONS]
    return layers, MappingNode(different, root.flow, layers[0].start, layers[0].end, layers[0].source)


def _load_profile(files: Files, root: MappingNode) -> tuple[Profile, tuple[str, ...]]:
    layers, own = layers_of(files, root)
    parts = _Parts(root.source if own.entries else None, tuple(each.source for each in layers), layers, own)
    return _profile(parts), tuple(each.path for each in parts.files)


@lru_cache(_KEPT)
def _profile(parts: _Parts) -> Profile:
    profile, problems = read_profile(merged(parts.layers, parts.own), FIELDS)
    if profile is None:
        raise Invalid(_("the profile is not right"), problems)
    return profile


def _calendar(files: Files, profile: Profile) -> Calendar | None:
    """The profile's calendar; none without hours, for then every day counts."""
    name = None if profile.hours is ALWAYS else profile.calendar
    return None if name is None else Calendar(name, lambda year: read_calendar(files, name, year))


def read_calendar(files: Files, name: str, year: int) -> CalendarYear:
    """A year of a calendar by the store's own file; without one it is provisional.

    Raises:
        Invalid: the file has problems.
    """
    path = calendars.path_of(name, year)
    data = files(path)
    if data is None:
        return calendars.provisional(name, year)
    found, problems = calendars.read_year(parse(data, path), year)
    if found is None:
        raise Invalid(_("the calendar is not right"), problems)
    return found


def calendar_problems(settings: Settings, paths: Iterable[str]) -> Iterator[Problem]:
    """What is wrong with those of the files that belong to the store's calendar; W081: one that is no year of it."""
    calendar = settings.worktime.calendar
    for path in paths:
        if calendar is None or not path.startswith(f"{calendars.FOLDER}/{calendar.name}/"):
            continue
        year = calendars.year_of(path)
        if year is None or path != calendars.path_of(calendar.name, year):
            message = _("is no year of the calendar, so nobody reads it; name it {path}, or move it away")
            yield Problem(path, 1, "W081", message.format(path=calendars.path_of(calendar.name, 2026)))
            continue
        try:
            calendar.year(year)
        except Invalid as error:
            yield from error.problems


def _person(data: Mapping[str, Any]) -> Person:
    return Person(
        data["id"],
        name=data.get("name", data["id"]),
        emails=data.get("emails", ()),
        roles=data.get("roles", ()),
        department=data.get("department"),
        from_=data.get("from"),
        until=data.get("until"),
    )


def _check_people(root: MappingNode, people: Iterable[Person], profile: Profile) -> Iterator[Problem]:
    """E070: an id or an address that two people have, and roles and departments that the profile does not define."""
    nodes = getattr(root.get("people"), "items", ())
    seen: dict[str, str] = {}
    for node, person in zip(nodes, people, strict=True):
        for name in (person.id, *map(str.casefold, person.emails)):
            if name in seen:
                message = _("'{name}' is that of {id} already; every person has an id and addresses of their own")
                yield problem(node, "E070", message.format(name=name, id=seen[name]))
            seen[name] = person.id
        departments = profile.terms["departments"]
        unknown = [role for role in person.roles if role not in profile.roles]
        unknown += [name for name in (person.department,) if name is not None and name not in departments]
        for name in unknown:
            message = _("'{name}' (of {id}) is neither a role nor a department of the profile")
            yield problem(node, "E070", message.format(name=name, id=person.id))
