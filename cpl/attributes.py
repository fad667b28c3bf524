"""What .gitattributes has to say of records and evidence, and whether git goes by it; not who puts it there."""

from __future__ import annotations

import os
from collections.abc import Iterable
from itertools import chain
from pathlib import PurePosixPath
from typing import Final

from cpl.git import Git
from cpl.record import is_id
from cpl.store import RECORDS

FILE: Final = ".gitattributes"
DRIVER: Final = "cpl"
LINES: Final = {"text": f"{RECORDS}/** -text", "merge": f"{RECORDS}/**/*.md -text merge={DRIVER}"}
"""The line that gives an attribute its value, in the order in which they have to stand."""

REGISTERS: Final = f"{RECORDS}/registers/*.yaml -text merge={DRIVER}"
"""The line by which registers are merged row by row; without it git merges their lines, and marks more conflicts."""

_WANTED: Final = {"text": "unset", "merge": DRIVER}
# Asked for also where no file is there yet.
_DAY: Final = f"{RECORDS}/2026/11/22/CPL-20261122-7K3QDXZ"
_SAMPLES: Final = (f"{_DAY}.md", f"{_DAY}/door.jpg", f"{_DAY}/mail.txt", f"{RECORDS}/registers/access.yaml")


def lacking(git: Git) -> list[str]:
    """The attributes that git does not have for records and evidence in general; `git` works in the store's root."""
    return list(_wrong(git, map(os.fsencode, _SAMPLES)))


def wrong(git: Git) -> dict[str, list[str]]:
    """The paths below records/ that lack what they need, by attribute; `git` works in the store's root."""
    return _wrong(git, chain(git.stream("ls-files", "-z", "--", RECORDS), map(os.fsencode, _SAMPLES)))


def _wrong(git: Git, paths: Iterable[bytes]) -> dict[str, list[str]]:
    told = git.run("check-attr", "-z", "--stdin", *_WANTED, input=b"".join(path + b"\0" for path in paths))
    pieces = iter(os.fsdecode(told).split("\0")[:-1])
    return judged(zip(pieces, pieces, pieces, strict=True))


def judged(told: Iterable[tuple[str, str, str]]) -> dict[str, list[str]]:
    """Of triples of path, attribute and value: the paths whose value is not the right one, by attribute."""
    found: dict[str, list[str]] = {name: [] for name in LINES}
    for path, name, value in told:
        matters = name != "merge" or (path.endswith(".md") and is_id(PurePosixPath(path).stem))
        if matters and value != _WANTED[name]:
            found[name].append(path)
    return {name: paths for name, paths in found.items() if paths}
