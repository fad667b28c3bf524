"""Evidence on its way into a record: what is entered for a file, and the file to copy in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from gettext import gettext as _
from pathlib import Path
from typing import Any

from cpl import files
from cpl.draft import Draft
from cpl.errors import CplError
from cpl.tree import is_evidence_name
from cpl.writes import Evidence


def incoming(paths: Sequence[Path], items: Sequence[Mapping[str, Any]]) -> list[Evidence]:
    """The files to copy in, with what the record says about each."""
    return [Evidence(path, item["file"], item["sha256"]) for path, item in zip(paths, items, strict=True)]


def evidence_item(path: Path, about: dict[str, Any]) -> dict[str, Any]:
    """The entry of the list `evidence` for a file.

    Raises:
        CplError: it can't be read, or its name can't stand in a record's folder.
    """
    if not is_evidence_name(path.name):
        message = _(
            "'{name}' can't be the name of evidence; rename the file (no control characters, at most 200 bytes)"
        )
        raise CplError(message.format(name=path.name))
    item = {"file": path.name, "sha256": files.sha256(path), **about}
    return {name: value for name, value in item.items() if value is not None}


def add_evidence(draft: Draft, items: Sequence[dict[str, Any]]) -> None:
    """Enter evidence on the record.

    Raises:
        CplError: a file of the name is on the record already.
    """
    for item in items:
        if item["file"] in {each["file"] for each in draft.record.get("evidence") or ()}:
            message = _("{id} already has evidence named '{name}'; rename the new file")
            raise CplError(message.format(id=draft.record.id, name=item["file"]))
        draft.append("evidence", item)
