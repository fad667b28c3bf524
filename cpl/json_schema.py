"""JSON Schema (2020-12) of records and settings, made of the converters that read them; `check` is the judge."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, TypeAlias

from cpl import config, events, moments, profile, record, settings_files
from cpl.profile_names import STATUS
from cpl.schema import (
    Converter,
    ListOf,
    MapOf,
    OneOf,
    Shaped,
    Struct,
    count,
    day,
    duration,
    flag,
    instant,
    integer,
    moment,
    number,
    struct,
    text,
    word,
    zone,
)
from cpl.values import frozen, replace

Json: TypeAlias = str | int | bool | Sequence["Json"] | Mapping[str, "Json"] | None
Schema: TypeAlias = dict[str, Json]

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"

# What is text for cpl may be a number or a flag for another reader of YAML: `building: 3`.
_SCALAR: Final = ("string", "number", "boolean")
_DATE: Final = r"\d{4}-\d{2}-\d{2}"
_INSTANT: Final = _DATE + r"[Tt ]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:\d{2})"
_SHAPES: Final[Mapping[Converter, Schema]] = {
    text: {"type": _SCALAR},
    word: {"type": _SCALAR, "pattern": r"^\S+$"},
    zone: {"type": "string"},
    instant: {"type": "string", "pattern": f"^{_INSTANT}$"},
    day: {"type": "string", "pattern": f"^{_DATE}$"},
    moment: {"type": "string", "pattern": f"^({_DATE}|{_INSTANT})$"},
    duration: {"type": "string", "pattern": rf"^(\d+(m|h|d|bh|bd|mo)|{moments.SAME_DAY})$"},
    integer: {"type": ("integer", "string"), "pattern": r"^-?\d+$"},
    count: {"type": ("integer", "string"), "minimum": 1, "pattern": r"^0*[1-9]\d*$"},
    number: {"type": ("number", "string"), "pattern": r"^-?\d+(\.\d+)?$"},
    flag: {"enum": (True, False, "true", "false")},
    record.FIELDS["title"]: {"type": _SCALAR, "minLength": 1},
    record.FIELDS["id"]: {"type": "string", "pattern": f"^CPL-[0-9]{{8}}-[{record.ALPHABET}]{{7}}$"},
}
_OFF: Final[Schema] = {"type": "object", "properties": {"off": _SHAPES[flag]}, "required": ("off",)}

Names: TypeAlias = Mapping[str, Sequence[str]]
"""The names that there are, by the dotted field that holds one of them."""


@frozen
class _Maker:
    """Makes schemas; `is_laid_over`: of values that differ from others, so that nothing is required."""

    names: Names
    path: str = ""
    is_laid_over: bool = False

    def of(self, converter: Converter) -> Schema:
        """The schema of what a converter reads."""
        if self.path in self.names and not isinstance(converter, ListOf):
            return {"enum": tuple(self.names[self.path])}
        if converter is events.read_event:
            move = events.Verb(events.MOVE)
            return {"anyOf": (self._event(move, "to"), *(self._event(verb, "did") for verb in _verbs()))}
        match converter:
            case Shaped():
                return self.of(converter.like)
            case OneOf():
                return {"enum": tuple(converter.names)}
            case ListOf():
                item = self.of(converter.item)
                return {"anyOf": (item, {"type": "array", "items": item})}
            case MapOf():
                return {"type": "object", "additionalProperties": self._optional(self._below("*").of(converter.value))}
            case Struct():
                return self._struct(converter)
        return dict(_SHAPES.get(converter, {}))

    def _below(self, name: str) -> _Maker:
        return replace(self, path=f"{self.path}.{name}".lstrip("."))

    def _struct(self, converter: Struct) -> Schema:
        required = () if self.is_laid_over else tuple(converter.required)
        made = {name: self._below(name).of(each) for name, each in converter.fields.items()}
        extra: Schema = {"patternProperties": {"^x-": True}} if converter.extra else {}
        return {
            "type": "object",
            "properties": {name: each if name in required else self._optional(each) for name, each in made.items()},
            **({"required": required} if required else {}),
            **extra,
            "additionalProperties": False,
        }

    def _optional(self, schema: Schema) -> Schema:
        """As the schema, or nothing behind the key; of what is laid over others, also `{off: true}`."""
        return {"anyOf": (schema, {"type": "null"}, *([_OFF] if self.is_laid_over else ()))}

    def _event(self, verb: events.Verb, kind: str) -> Schema:
        """An event of a verb; `kind` is `to` or `did`. What it sets has the names of a record's fields."""
        fields = struct({**events.COMMON, **verb.fields}, ("at", "by", kind, *verb.required), extra=True)
        names = {**self.names, "to": self.names["status"]} if "status" in self.names else self.names
        for outer in ("set", "was"):
            names = {**names, **{f"{outer}.{name}": each for name, each in self.names.items()}}
        return _Maker({name: each for name, each in names.items() if name not in ("kind", "status")}).of(fields)


def _verbs() -> list[events.Verb]:
    """Each verb, with its name as the only one that its events may have."""
    return [events.Verb({"did": OneOf((name,)), **each.fields}, each.required) for name, each in events.VERBS.items()]


def of_record(names: Names) -> Schema:
    """The schema of a record's front matter."""
    fields = struct(record.FIELDS, record.REQUIRED, extra=True)
    return {"$schema": DIALECT, "title": "cpl record", **_Maker(names).of(fields)}


def of_settings(names: Names) -> Schema:
    """The schema of cpl.yaml."""
    own = _Maker(names).of(struct(config.OWN, config.REQUIRED, extra=True))
    return {"$schema": DIALECT, "title": "cpl.yaml", **_with_sections(own, names)}


def of_profile(names: Names) -> Schema:
    """The schema of a profile's file, which may extend another one."""
    own = _Maker(names).of(struct({settings_files.EXTENDS: word, settings_files.BASE: flag}))
    return {"$schema": DIALECT, "title": "cpl profile", **_with_sections(own, names)}


def _with_sections(own: Schema, names: Names) -> Schema:
    sections = _Maker(names, is_laid_over=True).of(struct(profile.SECTIONS))
    return {**own, "properties": {**_properties(own), **_properties(sections)}}


def _properties(schema: Schema) -> Mapping[str, Json]:
    found = schema["properties"]
    assert isinstance(found, Mapping)
    return found


def names_of(settings: config.Settings) -> dict[str, Sequence[str]]:
    """The names that the settings of a store define, and those of before, by the fields of a record."""
    profile = settings.profile
    known = {STATUS: profile.states, **{field: terms for field, terms in profile.terms.items() if terms}}
    return {field: (*terms, *profile.former.get(field, ())) for field, terms in known.items()}


def names_of_people(settings: config.Settings) -> dict[str, Sequence[str]]:
    """The names that the settings of a store define, by the fields of cpl.yaml."""
    found = {"people.roles": settings.profile.roles, "people.department": settings.profile.terms["departments"]}
    return {field: tuple(known) for field, known in found.items() if known}
