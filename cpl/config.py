"""The settings of a store: cpl.yaml, its people and its profile, read from files that a caller hands in."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, tzinfo
from gettext import gettext as _
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cpl.errors import Invalid, Problem
from cpl.profile import SECTIONS, Profile, Term, overlay, read_profile
from cpl.schema import Problems, day, integer, list_of, problem, struct, text, word
from cpl.yaml_reader import MappingNode, Node, Source, read

MARKER: Final = "cpl.yaml"
FORMAT: Final = 1
PROFILES: Final = "templates/profiles"
LANGUAGES: Final = ("en", "zh")

Files = Callable[[str], bytes | None]
"""Reads a file by its path from the store's root, from the work tree, the index or a commit; None: there is none."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who handles complaints; `from_` and `until` are the first and the last day."""

    id: str
    name: str
    emails: tuple[str, ...]
    roles: tuple[str, ...]
    department: str | None
    from_: date | None
    until: date | None


@dataclass(frozen=True, slots=True)
class Settings:
    """All that a store decides for itself."""

    name: str
    zone: tzinfo
    language: str
    profile_name: str
    profile: Profile
    people: Mapping[str, Person]

    def person_with(self, email: str) -> Person | None:
        """The person whose git identity has this address, whatever its case."""
        wanted = email.casefold()
        return next((each for each in self.people.values() if wanted in map(str.casefold, each.emails)), None)

    def label(self, term: Term | None, name: str) -> str:
        """What to call `name` in the store's language."""
        return name if term is None else term.label.get(self.language, name)


def _zone(node: Node, problems: Problems) -> tzinfo | None:
    name = text(node, problems)
    if name is None:
        return None
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        message = _("'{name}' is not a time zone; write one such as Asia/Shanghai").format(name=name)
        problems.append(problem(node, "E070", message))
        return None


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
_OWN: Final = {
    "format": integer,
    "name": text,
    "timezone": _zone,
    "language": word,
    "profile": word,
    "people": list_of(_PERSON),
}
_REQUIRED: Final = ("format", "timezone", "profile")


def parse(data: bytes, path: str) -> MappingNode:
    """The mapping that a settings file holds.

    Raises:
        Invalid: it is no UTF-8, no YAML of the kind that cpl reads, or no mapping.
    """
    try:
        content = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        message = _("not UTF-8 text: byte {byte:#x}; save the file as UTF-8").format(byte=data[error.start])
        raise Invalid(_("settings can't be read"), [Problem(path, line, "E001", message)]) from None
    source = Source(path, content)
    node, problems = read(source, 0, len(content))
    if not problems and not isinstance(node, MappingNode):
        problems = [
            Problem(path, 1, "E070", _("expected a mapping like {example}").format(example="format: 1"))
        ]
    if problems or not isinstance(node, MappingNode):
        raise Invalid(_("settings can't be read"), problems)
    return node


def load(files: Files) -> Settings:
    """The settings of the store whose files `files` reads.

    Raises:
        Invalid: cpl.yaml or the profile has problems; all of them are named.
    """
    root = parse(files(MARKER) or b"", MARKER)
    own = type(root)(
        [entry for entry in root.entries if entry.key.text not in SECTIONS],
        root.flow,
        root.start,
        root.end,
        root.source,
    )
    problems: list[Problem] = []
    _refuse_newer(root)
    data = struct(_OWN, _REQUIRED, extra=True)(own, problems)
    if data is None or problems:
        raise Invalid(_("the store's settings are not right"), problems)
    profile = _load_profile(files, data["profile"], root)
    people = {each["id"]: _person(each) for each in data.get("people", ())}
    problems.extend(_check_people(root, data.get("people", ()), profile))
    if problems:
        raise Invalid(_("the store's settings are not right"), problems)
    return Settings(
        name=data.get("name", ""),
        zone=data["timezone"],
        language=data.get("language", LANGUAGES[0]),
        profile_name=data["profile"],
        profile=profile,
        people=people,
    )


def _refuse_newer(root: MappingNode) -> None:
    node = root.get("format")
    problems: list[Problem] = []
    version = None if node is None else integer(node, problems)
    if node is not None and version is not None and version != FORMAT:
        message = _("format {version} is not the one that this cpl reads ({format}); install a newer cpl")
        message = message.format(version=version, format=FORMAT)
        raise Invalid(_("the store's settings are not right"), [problem(node, "E072", message)])


def _load_profile(files: Files, name: str, root: MappingNode) -> Profile:
    path = f"{PROFILES}/{name}.yaml"
    data = files(path)
    if data is None:
        node = root.get("profile") or root
        message = _("there is no profile '{name}' ({path})").format(name=name, path=path)
        raise Invalid(_("the store's settings are not right"), [problem(node, "E070", message)])
    base = parse(data, path)
    different = [entry for entry in root.entries if entry.key.text in SECTIONS]
    merged = overlay(base, MappingNode(different, root.flow, root.start, root.end, base.source))
    profile, problems = read_profile(merged)
    if profile is None:
        raise Invalid(_("the profile is not right"), problems)
    return profile


def _person(data: Mapping[str, Any]) -> Person:
    return Person(
        data["id"],
        data.get("name", data["id"]),
        data.get("emails", ()),
        data.get("roles", ()),
        data.get("department"),
        data.get("from"),
        data.get("until"),
    )


def _check_people(root: MappingNode, people: Sequence[Mapping[str, Any]], profile: Profile) -> list[Problem]:
    """Roles and departments that the profile does not define, and an id that two people have (E070)."""
    node = root.get("people") or root
    problems: list[Problem] = []
    seen: set[str] = set()
    for person in people:
        if person["id"] in seen:
            message = _("two people have the id '{id}'; give one another id").format(id=person["id"])
            problems.append(problem(node, "E070", message))
        seen.add(person["id"])
        unknown = [role for role in person.get("roles", ()) if role not in profile.roles]
        department = person.get("department")
        if department is not None and department not in profile.terms["departments"]:
            unknown.append(department)
        for name in unknown:
            message = _("'{name}' (of {id}) is neither a role nor a department of the profile")
            problems.append(problem(node, "E070", message.format(name=name, id=person["id"])))
    return problems
