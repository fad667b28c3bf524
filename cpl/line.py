"""How a command line begins, told before it is parsed; imports nothing, for whatever it tells of is begun first."""

from __future__ import annotations

TYPE_CHECKING = False  # as of `typing`, which takes longer to import than all else here
if TYPE_CHECKING:
    from collections.abc import Sequence


class Beginning:
    """The values of --lang and -C, and the command's name; None where there is none."""

    def __init__(self, language: str | None, folder: str | None, command: str | None) -> None:
        self.language = language
        self.folder = folder
        self.command = command


def beginning(words: Sequence[str]) -> Beginning:
    """How a command line begins."""
    found: dict[str, str] = {}
    rest = iter(words)
    for word in rest:
        if not word.startswith("-"):
            return Beginning(found.get("--lang"), found.get("-C"), word)
        name, equals, value = word.partition("=")
        if word.startswith("-C") and len(word) > 2:
            name, equals, value = "-C", "=", word[2:]
        if name in ("-C", "--lang"):
            found[name] = value if equals else next(rest, "")
    return Beginning(found.get("--lang"), found.get("-C"), None)
