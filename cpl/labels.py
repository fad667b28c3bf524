"""Names of a profile by what people call them: the name itself, or its label in any language."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from gettext import gettext as _
from typing import Protocol

from cpl.errors import CplError


class Labelled(Protocol):
    """What has labels by language, such as a state."""

    @property
    def label(self) -> Mapping[str, str]:
        """The labels by language."""


class Ambiguous(CplError):
    """A label that several names have."""

    def __init__(self, text: str, names: Iterable[str]) -> None:
        message = _("'{text}' is the label of several names; write one of: {names}")
        super().__init__(message.format(text=text, names=", ".join(names)))


def name_of(known: Mapping[str, Labelled], text: str) -> str | None:
    """The name that `text` is or labels; None where it does neither. A name wins over a label.

    A label may have those of the names above it before it: 设施设备/电梯.

    Raises:
        Ambiguous: it labels several.
    """
    if text in known:
        return text
    wanted = text.casefold()
    found = [name for name in known if any(wanted == label.casefold() for label in _labels(known, name))]
    if len(found) > 1:
        raise Ambiguous(text, found)
    return found[0] if found else None


def _labels(known: Mapping[str, Labelled], name: str) -> Iterator[str]:
    parts = name.split("/")
    above = ["/".join(parts[:count]) for count in range(1, len(parts))]
    for language, label in known[name].label.items():
        yield label
        if above:
            yield "/".join([*(_label(known, each, language) for each in above), label])


def _label(known: Mapping[str, Labelled], name: str, language: str) -> str:
    """What to call a name; by the last part of the name itself where it has no label."""
    own = name.rpartition("/")[2]
    return known[name].label.get(language, own) if name in known else own
