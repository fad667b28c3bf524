"""Which files below records/ are records, evidence, registers or strangers, by name and place; reads none of them."""

from __future__ import annotations

import os
import stat
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import Final, NamedTuple

MARKER: Final = "cpl.yaml"  # marks the root of a store
RECORDS: Final = "records"
REGISTERS: Final = "registers"
REGISTER_NAMES: Final = ("residents", "access", "draws", "prices")
PREFIX: Final = "CPL-"
ENDING: Final = ".md"


def record_files(root: Path, records: str) -> Iterator[str]:
    """The path of every record file in the folder `records` of `root`, in order.

    Also what only looks like a record, such as a link, and a folder that may not be read: reading it says so.
    """
    folder = root / records
    if folder.is_symlink():
        yield records
        return
    waiting = [(records, True)] if folder.is_dir() else []
    while waiting:  # no recursion: folders may lie within each other as deep as the system allows
        path, is_folder = waiting.pop()
        found = look_into(root / path, path, not_in=f"{records}/{REGISTERS}") if is_folder else None
        if found is None:
            yield path
        else:
            waiting += [(f"{path}/{name}", is_below) for name, is_below in reversed(found.items)]


class Folder(NamedTuple):
    """What matters in a folder: names in order, each with whether records may lie below it; or it is one's file."""

    items: Sequence[tuple[str, bool]]
    has_links: bool


def look_into(folder: Path, relative: str, *, not_in: str) -> Folder | None:
    """What lies in a folder, without evidence and the folder `not_in`; None where it may not be read."""
    try:
        with os.scandir(folder) as found:
            items = sorted(found, key=lambda item: item.name)
    except (FileNotFoundError, NotADirectoryError):
        raise
    except OSError:  # not ours to read, or its path is longer than the system takes
        return None
    kept: list[tuple[str, bool]] = []
    for item in items:
        name = item.name
        if item.is_dir(follow_symlinks=False):
            if not name.startswith(PREFIX) and f"{relative}/{name}" != not_in:
                kept.append((name, True))
        elif name.endswith(ENDING) or (item.is_symlink() and _leads_to_folder(item)):
            kept.append((name, False))
    return Folder(kept, any(item.is_symlink() for item in items))


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
    left_out = {f"{records}/{REGISTERS}", *(path.removesuffix(ENDING) for path in known)}
    waiting = [records]
    while waiting:  # no recursion, as above
        relative = waiting.pop()
        folders, names = _inside(root / relative)
        waiting += [each for each in (f"{relative}/{name}" for name in reversed(folders)) if each not in left_out]
        for name in names:
            path = f"{relative}/{name}"
            if path not in known and name != ".gitkeep":
                yield path


def _inside(folder: Path) -> tuple[list[str], list[str]]:
    """The names of the folders and of all else in a folder, in order; none where it may not be read."""
    try:
        with os.scandir(folder) as found:
            items = sorted(found, key=lambda item: item.name)
    except OSError:
        return [], []
    folders = {item.name: None for item in items if item.is_dir(follow_symlinks=False)}
    links = {item.name for item in items if item.is_symlink() and _leads_to_folder(item)}  # `record_files` tells them
    return [*folders], [item.name for item in items if item.name not in links and item.name not in folders]


def register_files(root: Path) -> list[str]:
    """The files in the folder of the registers and below it, in order, whatever their names."""
    top = f"{RECORDS}/{REGISTERS}"
    if (root / RECORDS).is_symlink() or (root / top).is_symlink():
        return []
    found: list[str] = []
    waiting = [top]
    while waiting:
        folder = waiting.pop()
        folders, names = _inside(root / folder)
        waiting += [f"{folder}/{name}" for name in folders]
        found += [f"{folder}/{name}" for name in names if name != ".gitkeep"]
    return sorted(found)


def is_below(root: Path, path: str) -> bool:
    """Whether no folder on the way from `root` to `path` is a link, which could lead anywhere."""
    return not any((root / parent).is_symlink() for parent in PurePosixPath(path).parents)


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


def is_evidence_name(name: str) -> bool:
    """Whether `name` can be a file in a record's own folder: no path, not hidden, nothing that hides its nature."""
    return (
        name != ""
        and PurePosixPath(name).name == name
        and not name.startswith(".")
        and "\\" not in name
        and name.isprintable()
        and len(name.encode()) <= 200
    )
