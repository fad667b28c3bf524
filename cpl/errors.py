"""What can be wrong: problems in a user's data (values) and what can't be done (exceptions), and words for them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final, NamedTuple

EXIT_OK: Final = 0
EXIT_PROBLEMS: Final = 1
EXIT_REFUSED: Final = 2
EXIT_BUG: Final = 3

_COLOUR: Final = r"\x1b\[[0-9;]*[A-Za-z]"
_CONTROL: Final = r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2066-\u2069]"


class Problem(NamedTuple):
    """One thing that a user's data has wrong: where, which kind (`code`), which value, what would be right."""

    path: str
    line: int
    code: str
    message: str

    @property
    def is_error(self) -> bool:
        """Whether this makes `check` fail; a warning (code `W…`) does not."""
        return self.code.startswith("E")

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.code} {self.message}"


class CplError(Exception):
    """Something that can't be done; its text is shown to the user and `exit_code` is the program's."""

    exit_code: int = EXIT_REFUSED


class Invalid(CplError):
    """Data that a command needs has problems; nothing was written."""

    def __init__(self, message: str, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(problems))
        super().__init__("\n".join([message, *map(str, self.problems)]))


def harmless(words: str | bytes) -> str:
    """What another program said, without colours, and with control characters made visible."""
    text = words.decode("utf-8", "backslashreplace") if isinstance(words, bytes) else words
    return re.sub(_CONTROL, lambda found: f"<U+{ord(found[0]):04X}>", re.sub(_COLOUR, "", text)).strip()
