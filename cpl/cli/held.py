"""Output that is held back until it is known to be right."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from typing import TextIO, TypeVar

T = TypeVar("T")


class Held:
    """What is printed, and raised, by work that may have to be done again."""

    def __init__(self) -> None:
        self._printed: list[tuple[TextIO | None, str]] = []
        self._error: Exception | None = None

    def result_of(self, work: Callable[[], T]) -> list[T]:
        """What the work returns, nothing where it raised an error; what it did before is forgotten."""
        self._printed.clear()
        self._error = None
        out, err = (_Holding(stream, self._printed) for stream in (sys.stdout, sys.stderr))
        with redirect_stdout(out), redirect_stderr(err):
            try:
                return [work()]
            except Exception as error:  # whatever it is, it is raised by `release`
                self._error = error
                return []

    def release(self) -> None:
        """Print what was printed, in its order, and raise what was raised."""
        for stream, text in self._printed:
            if stream is not None:  # the caller may have closed it
                stream.write(text)
                stream.flush()
        self._printed.clear()
        if self._error is not None:
            raise self._error


class _Holding(io.StringIO):
    """Stands for a stream, and keeps what is written to it."""

    def __init__(self, stream: TextIO | None, printed: list[tuple[TextIO | None, str]]) -> None:
        super().__init__()
        self._stream = stream
        self._printed = printed

    def write(self, text: str) -> int:
        """Keep the text."""
        if not isinstance(text, str):  # asked by click, which finds out so what a stream takes
            raise TypeError(type(text))
        self._printed.append((self._stream, text))
        return len(text)

    def isatty(self) -> bool:
        """Whether the stream is a terminal, on which tables are fitted to its width."""
        return self._stream is not None and self._stream.isatty()
