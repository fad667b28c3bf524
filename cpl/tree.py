"""Which files below records/ are records, evidence, registers or strangers, by name and place; reads none of them."""

from __future__ import annotations

import os
import stat
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Final

REGISTERS: Final = "registers"
PREFIX: Final = "CPL-"
ENDING: Final = ".md"


def record_files(root: Path, records: str) -> Iterator[str]:
    """The path of every record file in the folder `records` of `root`, in order.

    Also what only looks like a record, such as a link, and a folder that may not be read: reading it says so.
    """
    folder = root / records
    if folder.is_symlink():
        yield records
    elif folder.is_dir():
        yield from _below(folder, records, not_in=f"{records}/{REGISTERS}")


def _below(folder: Path, relative: str, *, not_in: str) -> Iterator[str]:
    try:
        with os.scandir(folder) as found:
            items = sorted(found, key=lambda item: item.name)
    except PermissionError:
        yield relative
        return
    for item in items:
        path = f"{relative}/{item.name}"
        if item.is_dir(follow_symlinks=False):
            is_evidence = item.name.startswith(PREFIX)
            if not is_evidence and path != not_in:
                yield from _below(Path(item.path), path, not_in=not_in)
        elif item.name.endswith(ENDING) or (item.is_symlink() and _leads_to_folder(item)):
            yield path


def _leads_to_folder(item: os.DirEntry[str]) -> bool:
    try:
        return stat.S_ISDIR(item.stat().st_mode)
    except OSError:
        return False


def strangers(root: Path, records: str, known: Collection[str]) -> Iterator[str]:
    """Files in the folder `records` of `root` that are neither a record, nor evidence of one, nor a register.

    `known` holds the record files that are there, as `record_files` gives them.
    """
    if (root / records).is_symlink():
        return
    owned = {path.removesuffix(ENDING) for path in known}
    for folder, folders, names in os.walk(root / records):
        relative = Path(folder).relative_to(root).as_posix()
        folders[:] = sorted(each for each in folders if f"{relative}/{each}" not in owned)
        if relative == records:
            folders[:] = [each for each in folders if each != REGISTERS]
        for name in sorted(names):
            path = f"{relative}/{name}"
            if path not in known and name != ".gitkeep":
                yield path


def owner(path: str) -> str:
    """The record's file that a path is or belongs to as evidence; of another file the path itself."""
    parts = path.split("/")
    place = next((at for at, part in enumerate(parts) if part.startswith(PREFIX)), len(parts) - 1)
    is_evidence = place < len(parts) - 1
    return "/".join(parts[: place + 1]) + (ENDING if is_evidence else "")


def is_record(path: str, records: str) -> bool:
    """Whether the path is one of a record's own file, judged by its name."""
    is_below = path.startswith(f"{records}/") and not path.startswith(f"{records}/{REGISTERS}/")
    return is_below and path.endswith(ENDING) and owner(path) == path
