"""Regular expressions that are compiled when they are first used: a run uses a few of the hundred that it imports."""

from __future__ import annotations

import re
from typing import Any, Final, cast

_METHODS: Final = ("match", "fullmatch", "search", "sub", "split", "finditer", "findall")


class _Pattern:
    """Stands for a pattern; once it is compiled its methods are attributes, so that nothing is in between."""

    def __init__(self, text: Any, flags: int) -> None:
        self._given = text, flags

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # asked for by `copy` and the like, before there is anything
            raise AttributeError(name)
        compiled = re.compile(*self._given)
        self.__dict__.update({each: getattr(compiled, each) for each in _METHODS})
        return getattr(compiled, name)


def regex(text: str, flags: int = 0) -> re.Pattern[str]:
    """What `re.compile` gives, compiled at its first use."""
    return cast("re.Pattern[str]", _Pattern(text, flags))


def bytes_regex(text: bytes, flags: int = 0) -> re.Pattern[bytes]:
    """As `regex`, for bytes."""
    return cast("re.Pattern[bytes]", _Pattern(text, flags))
