"""From YAML nodes to typed values: what kind of value stands where, and what is wrong with one that doesn't.

A converter takes a node and a list of problems and returns the value, or None after adding a problem.
Which fields there are is said in `record`, `config` and `importing`, not here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import date, datetime, tzinfo
from decimal import Decimal
from functools import partial
from gettext import gettext as _
from typing import Any, Final, TypeVar

from cpl.errors import Problem
from cpl.language import later
from cpl.moments import Duration, format_instant, parse_date, parse_duration, parse_instant, parse_zone
from cpl.patterns import regex
from cpl.values import frozen
from cpl.yaml_nodes import MappingNode, Node, ScalarNode, SequenceNode

Problems = list[Problem]
Converter = Callable[[Node, Problems], Any]
T = TypeVar("T")

_ADVISED: Final = 50  # problems that come with what was probably meant, which takes long to find: then it is no slip
_WORD: Final = regex(r"[\w.+-]+(?:[/@:][\w.+-]+)*")
_INTEGER: Final = regex(r"-?[0-9]{1,15}", re.ASCII)
_NUMBER: Final = regex(r"-?[0-9]{1,15}(\.[0-9]{1,6})?", re.ASCII)


def problem(node: Node, code: str, message: str) -> Problem:
    """A problem at the line where `node` starts."""
    return Problem(node.source.path, node.line, code, message)


def nearest(name: str, known: Iterable[str]) -> set[str]:
    """The known name that was probably meant; none where nothing is like it."""
    import difflib  # 2 ms that a text without mistakes does not need

    names = sorted(known)
    last_parts = {each.rpartition("/")[2]: each for each in reversed(names)}
    return {last_parts[name]} if name in last_parts else {*difflib.get_close_matches(name, names, n=1, cutoff=0.6)}


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """The end of an error message: the name that was probably meant, or all that there are."""
    names = sorted(known)
    for near in nearest(name, names):
        return _("; did you mean '{name}'?").format(name=near)
    return _("; there are: {names}").format(names=", ".join(names)) if names else ""


def is_absent(node: Node | None) -> bool:
    """Whether there is no value: no such key, or a key with nothing behind it."""
    return node is None or (isinstance(node, ScalarNode) and node.is_absent)


def _scalar(node: Node, problems: Problems, expected: str) -> str | None:
    if isinstance(node, ScalarNode):
        return node.text
    shape = _("a mapping") if isinstance(node, MappingNode) else _("a list")
    message = _("here stands {shape}, expected {expected}").format(shape=shape, expected=_(expected))
    problems.append(problem(node, "E022", message))
    return None


def text(node: Node, problems: Problems) -> str | None:
    """Any text; a comment right behind plain text is an error, for it is text that somebody will miss."""
    if not isinstance(node, ScalarNode):
        return _scalar(node, problems, later("text"))
    if node.commented:
        message = _("the text ends at ' #', the rest of the line is lost as a comment; put the text in quotes")
        problems.append(problem(node, "E023", message))
    return node.text


def word(node: Node, problems: Problems) -> str | None:
    """A name: letters, digits, `. - _ +`, joined by `/`, `@` or `:`, without blanks."""
    value = node.text if isinstance(node, ScalarNode) else _scalar(node, problems, later("a name"))
    if value is not None and not _WORD.fullmatch(value):
        message = _("'{value}' is not a name; a name has letters, digits, . - _ + and no blanks").format(value=value)
        problems.append(problem(node, "E022", message))
        return None
    return value


def _parsed(node: Node, problems: Problems, parse: Callable[[str], T], expected: str) -> T | None:
    value = _scalar(node, problems, expected)
    if value is None:
        return None
    try:
        return parse(value)
    except ValueError as error:
        problems.append(problem(node, "E022", str(error)))
        return None


def instant(node: Node, problems: Problems) -> datetime | None:
    """An RFC 3339 instant with seconds and offset."""
    return _parsed(node, problems, parse_instant, later("an instant"))


def day(node: Node, problems: Problems) -> date | None:
    """A date."""
    return _parsed(node, problems, parse_date, later("a date"))


def moment(node: Node, problems: Problems) -> datetime | date | None:
    """An instant or, where only the day is known, a date."""
    if isinstance(node, ScalarNode) and len(node.text) <= len("2026-11-22"):
        return day(node, problems)
    return instant(node, problems)


def duration(node: Node, problems: Problems) -> Duration | None:
    """A duration such as `24h`."""
    return _parsed(node, problems, parse_duration, later("a duration"))


def zone(node: Node, problems: Problems) -> tzinfo | None:
    """An IANA time zone."""
    return _parsed(node, problems, parse_zone, later("a time zone"))


def integer(node: Node, problems: Problems) -> int | None:
    """A whole number in ASCII digits."""
    return _parsed(node, problems, _to_int, later("a whole number"))


def count(node: Node, problems: Problems) -> int | None:
    """A whole number from 1, in ASCII digits."""
    return _parsed(node, problems, _to_count, later("a whole number from 1"))


def number(node: Node, problems: Problems) -> Decimal | None:
    """A decimal number in ASCII digits."""
    return _parsed(node, problems, _to_decimal, later("a number"))


def flag(node: Node, problems: Problems) -> bool | None:
    """`true` or `false`."""
    return _parsed(node, problems, _to_flag, later("true or false"))


def _to_int(value: str) -> int:
    if not _INTEGER.fullmatch(value):
        raise ValueError(_("'{value}' is not a whole number in the digits 0-9").format(value=value))
    return int(value)


def _to_count(value: str) -> int:
    if (amount := _to_int(value)) < 1:
        raise ValueError(_("'{value}' is not a whole number from 1").format(value=value))
    return amount


def _to_decimal(value: str) -> Decimal:
    if not _NUMBER.fullmatch(value):
        raise ValueError(_("'{value}' is not a number in the digits 0-9 such as 12.50").format(value=value))
    return Decimal(value)


def _to_flag(value: str) -> bool:
    if value not in ("true", "false"):
        raise ValueError(_("'{value}' is neither true nor false").format(value=value))
    return value == "true"


@frozen
class OneOf:
    """A converter for one of a closed list of names."""

    names: Collection[str]

    def __call__(self, node: Node, problems: Problems) -> str | None:
        """The name that stands at the node."""
        value = _scalar(node, problems, later("a name"))
        if value is not None and value not in self.names:
            hint = did_you_mean(value, self.names) if len(problems) < _ADVISED else ""
            problems.append(problem(node, "E014", _("'{value}' is not known here").format(value=value) + hint))
            return None
        return value


@frozen
class ListOf:
    """A converter for a list; a single scalar stands for a list of one."""

    item: Converter

    def __call__(self, node: Node, problems: Problems) -> tuple[Any, ...] | None:
        """The values of the list that stands at the node."""
        if isinstance(node, MappingNode):
            problems.append(problem(node, "E022", _("here stands a mapping, expected a list")))
            return None
        items = node.items if isinstance(node, SequenceNode) else [node]
        values = (self.item(each, problems) for each in items)
        return tuple(value for value in values if value is not None)


@frozen
class MapOf:
    """A converter for a mapping with free names as keys."""

    value: Converter

    def __call__(self, node: Node, problems: Problems) -> dict[str, Any] | None:
        """The values of the mapping that stands at the node."""
        if not isinstance(node, MappingNode):
            problems.append(problem(node, "E022", _("expected a mapping like {example}").format(example="{a: b}")))
            return None
        values = {entry.key.text: self.value(entry.value, problems) for entry in node.entries}
        return {name: each for name, each in values.items() if each is not None}


@frozen
class Shaped:
    """A converter whose values look like those of another one, which says less than this one demands."""

    like: Converter
    convert: Converter

    def __call__(self, node: Node, problems: Problems) -> Any:
        """What the converter makes of the node."""
        return self.convert(node, problems)


def one_of(names: Collection[str]) -> Converter:
    """A converter for one of a closed list of names."""
    return OneOf(names)


def list_of(item: Converter) -> Converter:
    """A converter for a list; a single scalar stands for a list of one."""
    return ListOf(item)


def map_of(value: Converter) -> Converter:
    """A converter for a mapping with free names as keys."""
    return MapOf(value)


def shaped(like: Converter) -> Callable[[Converter], Converter]:
    """Decorate a converter with one that its values look like, for the JSON Schema of what it reads."""
    return partial(Shaped, like)


def anything(node: Node, problems: Problems) -> Any:
    """Any value, all scalars as text: for `x-` keys, which are the user's own."""
    if isinstance(node, ScalarNode):
        return node.text
    if isinstance(node, SequenceNode):
        return tuple(anything(item, problems) for item in node.items)
    return {entry.key.text: anything(entry.value, problems) for entry in node.entries}


def _unknown_key(key: ScalarNode, fields: Mapping[str, Converter], problems: Problems) -> set[str]:
    """Name a key that there is not (E020); the one that was probably meant."""
    is_advised = len(problems) < _ADVISED
    hint = did_you_mean(key.text, fields) if is_advised else ""
    problems.append(problem(key, "E020", _("'{name}' is not a known key here").format(name=key.text) + hint))
    return nearest(key.text, fields) if is_advised else set()


@frozen
class Struct:
    """A converter for a mapping whose keys are known; see `struct`."""

    fields: Mapping[str, Converter]
    required: Collection[str]
    extra: bool

    def converter(self, name: str) -> Converter | None:
        """What converts the value of a key; None: there is no such key."""
        return self.fields.get(name) or (anything if self.extra and name.startswith("x-") else None)

    def __call__(self, node: Node, problems: Problems) -> dict[str, Any] | None:
        """The values of the mapping that stands at the node, by its keys."""
        if not isinstance(node, MappingNode):
            example = ", ".join(f"{name}: …" for name in list(self.required or self.fields)[:2])
            message = _("expected a mapping like {example}").format(example=f"{{{example}}}")
            problems.append(problem(node, "E022", message))
            return None
        result: dict[str, Any] = {}
        misspelt: set[str] = set()
        for entry in node.entries:
            name = entry.key.text
            converter = self.converter(name)
            if converter is None:
                misspelt |= _unknown_key(entry.key, self.fields, problems)
            elif not is_absent(entry.value):
                result[name] = converter(entry.value, problems)
        missing = [name for name in self.required if name not in result]
        told = (name for name in missing if name not in misspelt)
        problems += [problem(node, "E021", _("'{name}' is missing").format(name=name)) for name in told]
        if missing or any(result.get(name) is None for name in self.required):
            return None
        return {name: value for name, value in result.items() if value is not None}


def struct(fields: Mapping[str, Converter], required: Collection[str] = (), *, extra: bool = False) -> Struct:
    """A converter for a mapping whose keys are known.

    An unknown key is an error with the key that was probably meant (E020), a missing one that is required too (E021);
    with `extra`, keys that start with `x-` are taken as they stand. Without all that is required there is no value.
    """
    return Struct(fields, required, extra)


def shown(value: object) -> str:
    """A field's value in a message, as it stands in the file; 'absent' where there is none."""
    if value is None or value == ():
        return _("absent")
    if isinstance(value, datetime):
        return format_instant(value)
    if isinstance(value, tuple):
        return "[" + ", ".join(shown(each) for each in value) + "]"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{name}: {shown(each)}" for name, each in value.items()) + "}"
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, date | Decimal | int) else f"'{value}'"
