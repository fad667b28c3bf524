"""Which record files may have changed since somebody last looked, without a look at each: git compares what it tracks
with its own index, and the times of the folders tell what came and went.

What git does not compare (what it does not track, or was told to leave alone) is for the caller to watch. A time that
lies so near to the look that a further change could leave it as it is, is not trusted.
"""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Collection, Mapping
from functools import partial
from pathlib import Path
from threading import Thread
from typing import Final

from cpl import files, tree
from cpl.errors import CplError
from cpl.git import Git
from cpl.git_begun import Begun, comparison
from cpl.patterns import bytes_regex
from cpl.values import field, frozen, slotted

Stamp = str
"""What tells a file or folder from what it was or will be: times, size, inode, mode; empty: not to be trusted."""

UNTRUSTED: Final[Stamp] = ""
RACY_NS: Final = 2_000_000_000  # the coarsest times that a file system keeps are those of FAT
_TAIL: Final = 64
_LISTING: Final = ("ls-files", "-v", "-s", "-z", "--")
_COMPARED: Final = bytes_regex(rb"H [0-7]+ [0-9a-f]+ 0\t")  # in no conflict, and neither skipped nor assumed unchanged
_ALL_COMPARED: Final = bytes_regex(rb"(?:\A|\0)H [0-7]+ [0-9a-f]+ 0\t([^\0]+)(?=\0)")
_CHUNK: Final = 1 << 16
_FEW: Final = 100


def stamp_of(info: os.stat_result, looked_at: int) -> Stamp:
    """The stamp of what `lstat` said; `looked_at` is the clock in nanoseconds from before it was asked."""
    if max(info.st_mtime_ns, info.st_ctime_ns) > looked_at - RACY_NS:
        return UNTRUSTED
    return f"{info.st_mtime_ns} {info.st_ctime_ns} {info.st_size} {info.st_ino} {info.st_mode}"


@frozen
class Known:
    """What was seen the last time: the stamps of the folders, and what git's index was like."""

    folders: Mapping[str, Stamp]
    git_stamp: bytes


@slotted
class Folders:
    """The folders that had to be looked into, with their stamps and record files; and those that are gone."""

    stamps: dict[str, Stamp] = field(default_factory=dict)
    files: dict[str, list[str]] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)


@frozen
class Seen:
    """What has to be looked at: the folders, the files that differ from git's index, and that index itself.

    `listing` is what git's index says of each file, None where it says what it said the last time.
    """

    folders: Folders
    dirty: frozenset[str]
    git_stamp: bytes
    listing: bytes | None


class Looking:
    """A look at what may have changed in the folder `records` of `root` since `known`; git answers meanwhile."""

    def __init__(
        self, git: Git, root: Path, records: str, git_dir: Path, known: Known, compared: Begun | None = None
    ) -> None:
        self._compare = partial(Asked, git, comparison(records))
        self._dirty = compared or self._compare()
        self._git_stamp = _git_stamp(git_dir)
        is_new = not self._git_stamp or self._git_stamp != known.git_stamp
        self._listing = Asked(git, (*_LISTING, records)) if is_new else None
        self._folders = look_at_folders(root, records, known.folders)

    def seen(self) -> Seen:
        """What was seen, once git has answered. Raises CplError: it refuses to say."""
        told = self._dirty.answer()
        told = self._compare().answer() if told is None else told
        dirty = frozenset(os.fsdecode(told).split("\0")[:-1])
        listing = None if self._listing is None else self._listing.answer()
        return Seen(self._folders, dirty, self._git_stamp, listing)


def _git_stamp(git_dir: Path) -> bytes:
    """The checksum at the end of git's index; empty where there is none, so that nothing is concluded from it."""
    try:
        found = files.tail(git_dir / "index", _TAIL)
    except OSError:
        return b""
    return found if any(found[-20:]) else b""  # index.skipHash leaves zeros there


class Asked:
    """A question to git that is answered while Python does something else; nobody has to wait for the answer."""

    def __init__(self, git: Git, args: tuple[str, ...]) -> None:
        self._told = b""
        self._error: CplError | None = None
        self._thread = Thread(target=self._ask, args=(git, args), daemon=True)
        self._thread.start()

    def _ask(self, git: Git, args: tuple[str, ...]) -> None:
        try:
            self._told = git.run(*args)
        except CplError as error:
            self._error = error

    def answer(self) -> bytes:
        """What git prints. Raises what asking it raised."""
        self._thread.join()
        if self._error is not None:
            raise self._error
        return self._told


def look_at_folders(root: Path, records: str, known: Mapping[str, Stamp]) -> Folders:
    """The folders below `records` whose stamp is not the known one, with what is in them."""
    found = Folders()
    top = os.fspath(root)  # there may be thousands of folders, and a Path takes longer to make than to look at
    new = [] if records in known else [records]
    looked_at = time.time_ns()
    for folder, stamp in sorted(known.items()):  # so that a folder comes before what lies in it
        is_gone = found.gone and folder.rpartition("/")[0] in found.gone
        info = None if is_gone else _folder_at(f"{top}/{folder}")
        if info is None:
            found.gone.add(folder)
        elif stamp_of(info, looked_at) != stamp or stamp == UNTRUSTED:
            new += [each for each in _look_into(root, folder, records, found) if each not in known]
    while new:
        new += _look_into(root, new.pop(), records, found)
    return found


def _folder_at(path: str) -> os.stat_result | None:
    """What `lstat` says of a folder; None where there is none."""
    try:
        info = os.lstat(path)
    except OSError:
        return None
    return info if stat.S_ISDIR(info.st_mode) else None


def _look_into(root: Path, folder: str, records: str, found: Folders) -> list[str]:
    """Note what is in a folder; the folders in it."""
    looked_at = time.time_ns()
    info = _folder_at(f"{root}/{folder}")
    try:
        inside = tree.look_into(root / folder, folder, not_in=f"{records}/{tree.REGISTERS}")
    except (FileNotFoundError, NotADirectoryError):
        info = None
    if info is None:
        found.gone.add(folder)
        return []
    if inside is None:  # what may not be read stands for a record that can't be read
        found.stamps[folder], found.files[folder] = UNTRUSTED, [folder]
        return []
    found.stamps[folder] = UNTRUSTED if inside.has_links else stamp_of(info, looked_at)
    found.files[folder] = [f"{folder}/{name}" for name, is_folder in inside.items if not is_folder]
    return [f"{folder}/{name}" for name, is_folder in inside.items if is_folder]


def changed_entries(old: bytes, new: bytes) -> set[str]:
    """The files of which two listings of git's index say something else; what is the same is passed over quickly."""
    start = 0
    while start < len(old) and old[start : start + _CHUNK] == new[start : start + _CHUNK]:
        start += _CHUNK
    start = min(start, len(old), len(new))
    back, room = 0, min(len(old), len(new)) - start - _CHUNK
    while back <= room and _chunk_before(old, back) == _chunk_before(new, back):
        back += _CHUNK
    one, other = ({*_whole_entries(each, start, len(each) - back)} for each in (old, new))
    return {os.fsdecode(entry.partition(b"\t")[2]) for entry in one ^ other if entry}


def _chunk_before(listing: bytes, back: int) -> bytes:
    return listing[len(listing) - back - _CHUNK : len(listing) - back]


def _whole_entries(listing: bytes, start: int, end: int) -> list[bytes]:
    """The entries that a stretch of a listing touches."""
    first = listing.rfind(b"\0", 0, start) + 1
    return listing[first : listing.find(b"\0", max(end - 1, 0)) + 1].split(b"\0")


def compared(listing: bytes, paths: Collection[str]) -> set[str]:
    """Those of the paths that git compares with its index: not the new ones, nor what it was told to leave alone."""
    if len(paths) > _FEW:
        return {*os.fsdecode(b"\0".join(_ALL_COMPARED.findall(listing))).split("\0")}.intersection(paths)
    return {path for path in paths if _is_compared(listing, os.fsencode(path))}


def _is_compared(listing: bytes, path: bytes) -> bool:
    at = listing.find(b"\t" + path + b"\0")
    found = _COMPARED.match(listing, listing.rfind(b"\0", 0, at) + 1) if at >= 0 else None
    return found is not None and found.end() == at + 1
