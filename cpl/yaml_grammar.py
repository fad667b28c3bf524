"""The grammar of the small YAML as patterns; what they find is put together by `yaml_reader`."""

from __future__ import annotations

import re
from typing import Final

from cpl.patterns import regex


def plain_pattern(stop: str) -> str:
    """The pattern of text without quotes; the characters `stop` end it besides."""
    solid = rf"[^ \t\r\n{stop}]"
    return (
        rf"(?:[^ \t\r\n\-?:,\[\]{{}}#&*!|>'\"%@`]|-(?={solid}))"
        rf"(?>(?:[^ \t\r\n:{stop}]++|:(?={solid})|[ ]++(?=[^ \t\r\n#:{stop}]|:{solid}))*)"
    )


BLOCK: Final = plain_pattern("")
# Other YAML readers end a text at `?` within braces, so this one does not take it.
FLOW: Final = plain_pattern(r",?\[\]{}")
QUOTES: Final = r"""(?:'(?>(?:[^'\r\n]++|'')*)'|"(?>(?:[^"\\\r\n]++|\\[^\r\n])*)")"""
COLON: Final = r"[ ]{0,8}+:(?=[ \r\n]|\Z)"
LINES: Final = r"(?>(?:[ ]*+(?:\#[^\n]*+)?\r?\n)*)([ ]*+)(?:\#[^\n]*+)?"
REST: Final = rf"(?:[ ]++(\#)[^\n]*+|[ ]*+)(?:\r?\n{LINES}|\Z)"

PLAIN: Final = regex(BLOCK)
PLAIN_FLOW: Final = regex(FLOW)
QUOTED: Final = regex(QUOTES)
KEY: Final = regex(rf"(?:{BLOCK}|{QUOTES}){COLON}")
KEY_FLOW: Final = regex(rf"(?:{FLOW}|{QUOTES}){COLON}")
ROOT_KEY: Final = regex(rf"^(?:{BLOCK}|{QUOTES}){COLON}", re.MULTILINE)
SIMPLE_LINE: Final = regex(rf"({BLOCK}):[ ]++({BLOCK}){REST}")
SIMPLE_PAIR: Final = regex(rf"({FLOW}):[ ]++({FLOW})(?:,[ ]?(?=[^ \t\r\n#,])|(?=\}}))")
TO_CONTENT: Final = regex(LINES)
END_OF_LINE: Final = regex(REST)
DASH: Final = regex(r"-(?=[ \r\n]|\Z)")
BLANKS: Final = regex(r"[ ]*+")
GAP: Final = regex(r"(?>(?:[ ]++(?:#[^\n]*+)?|\r?\n(?:#[^\n]*+)?)*)")
IN_GAP: Final = frozenset(" \r\n#")
COMMENT: Final = regex(r"[ ]++#")
LITERAL: Final = regex(r"\|([+-]?)(?:[ ]++#[^\n]*+|[ ]*+)(?:\r?\n|\Z)")
LITERAL_LINE: Final = regex(r"( *)([^\r\n]*)(?:\r?\n|\Z)")
ESCAPE: Final = regex(r"\\(?:x([0-9A-Fa-f]{2})|u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|(.))")
ESCAPED: Final = dict(zip('tn\t "/\\_0abvfreNLP', '\t\n\t "/\\\xa0\0\a\b\v\f\r\x1b\x85\u2028\u2029', strict=True))
NULLS: Final = frozenset(("null", "Null", "NULL", "~"))
KEY_LIMIT: Final = 500  # other readers give up a key at 1,024 characters


def behind_match(pattern: re.Pattern[str], text: str, at: int) -> int:
    """Where what `pattern` matches at `at` ends; `at` where it matches nothing."""
    match = pattern.match(text, at)
    return match.end() if match else at
