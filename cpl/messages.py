"""What the commits of a store say: subject, free text and trailers; nothing is committed here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cpl.render import one_line


@dataclass(frozen=True, slots=True)
class Commit:
    """What the commit of a write says: subject, free text, and the trailers."""

    subject: str
    action: str
    ids: Sequence[str] = ()
    text: str | None = None
    trailers: Sequence[tuple[str, str]] = ()

    def message(self) -> str:
        """The message as git gets it."""
        trailers = [*(("Complaint", each) for each in self.ids), ("Action", self.action), *self.trailers]
        lines = [one_line(self.subject), ""]
        if self.text:
            lines += [_clean(self.text), ""]
        return "\n".join([*lines, *(f"{name}: {one_line(value)}" for name, value in trailers)]) + "\n"


def _clean(text: str) -> str:
    return "\n".join(one_line(line) for line in text.strip().splitlines())
