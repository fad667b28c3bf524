"""Values as YAML text that every YAML reader takes for the same; where it goes is said elsewhere."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final, TypeAlias

from cpl.patterns import regex

Value: TypeAlias = "str | int | bool | Decimal | datetime | date | Sequence[Value] | Mapping[str, Value]"

_INDICATORS: Final = r"\-?:,\[\]{}#&*!|>'\"%@`=<~+."
_SOLID: Final = r"[^ \t\r\n:,?\[\]{}]"
_PLAIN: Final = regex(rf"[^ \t\r\n{_INDICATORS}](?>(?:[^ \t\r\n:]++|:(?={_SOLID})|[ ]++(?=[^ #:]))*)")
_NEVER_IN_FLOW: Final = regex(r"[,?\[\]{}]")
# Words and numbers of YAML 1.1 and 1.2: what consists of a number's characters is quoted, dates too.
_WORD: Final = regex(r"y|n|yes|no|on|off|true|false|null", re.IGNORECASE)
_NUMBER: Final = regex(r"[0-9][0-9_:.,eE+\-TtZz ]*|0[xXoObB][0-9A-Fa-f_]+")
# Not in YAML, or not to be seen, so that a person could not tell two texts apart.
_ESCAPED: Final = regex(
    r"[\x00-\x1f\x7f-\x9f\xad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufffe\uffff\U000e0000-\U000e0fff]"
)
_SURROGATE: Final = regex(r"[\ud800-\udfff]")
_SHORT: Final = {"\n": r"\n", "\t": r"\t", "\r": r"\r", "\0": r"\0"}


def scalar(value: str | int | bool | Decimal | datetime | date, *, in_flow: bool) -> str:
    """`value` as it stands in a file; `in_flow`: within brackets or braces.

    Raises:
        ValueError: a datetime without offset, a number that is none, or a text without UTF-8 (a surrogate).
    """
    if isinstance(value, str):
        return _text(value, in_flow=in_flow)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return _number(value)
    if isinstance(value, datetime):
        return _instant(value)
    if isinstance(value, date):
        return value.isoformat()
    return str(value)


def flow(value: Value) -> str:
    """`value` on one line, lists in brackets and mappings in braces."""
    if isinstance(value, Mapping):
        pairs = (f"{scalar(key, in_flow=True)}: {flow(each)}" for key, each in value.items())
        return "{" + ", ".join(pairs) + "}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "[" + ", ".join(map(flow, value)) + "]"
    return scalar(value, in_flow=True)


def behind_key(value: Value, *, indent: int = 0, newline: str = "\n") -> str:
    """What follows the colon of a block entry whose key is `indent` blanks in, without the last newline."""
    if isinstance(value, Mapping):
        return " " + flow(value)
    if isinstance(value, Sequence) and not isinstance(value, str):
        if any(isinstance(each, Mapping) for each in value):
            items = (item(each, indent=indent, newline=newline) for each in value)
            return (newline + "".join(items)).removesuffix(newline)
        return " " + flow(value)
    return " " + scalar(value, in_flow=False)


def entry(key: str, value: Value, *, indent: int = 0, newline: str = "\n") -> str:
    """The whole line or lines of `key: value` in a block mapping."""
    name = scalar(key, in_flow=False)
    return f"{' ' * indent}{name}:{behind_key(value, indent=indent, newline=newline)}{newline}"


def item(value: Value, *, indent: int = 0, newline: str = "\n") -> str:
    """The whole line of an item in a block list."""
    return f"{' ' * indent}- {behind_dash(value)}{newline}"


def behind_dash(value: Value) -> str:
    """What follows the dash and the blank of an item in a block list."""
    if isinstance(value, Mapping) or (isinstance(value, Sequence) and not isinstance(value, str)):
        return flow(value)
    return scalar(value, in_flow=False)


def _text(text: str, *, in_flow: bool) -> str:
    if _SURROGATE.search(text):
        raise ValueError(f"{text!r} can't be written as UTF-8")
    if _ESCAPED.search(text):
        escaped = text.replace("\\", "\\\\").replace('"', '\\"')
        return '"' + _ESCAPED.sub(_escape, escaped) + '"'
    if _is_plain(text) and not (in_flow and _NEVER_IN_FLOW.search(text)):
        return text
    return "'" + text.replace("'", "''") + "'"


def _is_plain(text: str) -> bool:
    if not _PLAIN.fullmatch(text) or text != text.strip():
        return False
    return not _WORD.fullmatch(text) and not _NUMBER.fullmatch(text)


def _escape(match: re.Match[str]) -> str:
    number = ord(match[0])
    if match[0] in _SHORT:
        return _SHORT[match[0]]
    if number < 0x100:
        return f"\\x{number:02x}"
    return f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"


def _number(value: Decimal) -> str:
    if not value.is_finite():
        raise ValueError(f"{value} is not a number that can be written")
    return format(value, "f")


def _instant(value: datetime) -> str:
    offset = value.utcoffset()
    if offset is None or offset % timedelta(minutes=1):
        raise ValueError(f"{value!r} has no offset of whole minutes")
    milliseconds = value.microsecond // 1000
    return value.isoformat(timespec="milliseconds" if milliseconds else "seconds")
