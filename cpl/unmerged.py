"""What a merge left unmerged in git's index: records with the versions of both sides, evidence, other files."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import field
from gettext import gettext as _
from pathlib import PurePosixPath
from typing import Final

from cpl import files, tree
from cpl.git import Git
from cpl.merge_front import parted_name
from cpl.record import is_id
from cpl.store import RECORDS, Store, record_path
from cpl.values import frozen

BASE: Final = 1
OURS: Final = 2
THEIRS: Final = 3
# What git is in the middle of, and what then names the commit that is theirs.
_THEIRS: Final = {"merge": "MERGE_HEAD", "cherry-pick": "CHERRY_PICK_HEAD", "rebase": "REBASE_HEAD"}
_ABOUT: Final = "--format=%an, %ad"


@frozen
class Unmerged:
    """A record that git could not merge: its file, all files that git has for it, and its versions by stage."""

    path: str
    paths: tuple[str, ...]
    versions: Mapping[int, bytes]


@frozen
class Left:
    """All that is unmerged in the store: records, files of evidence by their records' files, other files."""

    records: tuple[Unmerged, ...] = ()
    evidence: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    others: tuple[str, ...] = ()


def left_to_settle(store: Store) -> Left:
    """What the index has unmerged below the store's root."""
    stages: dict[str, dict[int, str]] = defaultdict(dict)
    for entry in os.fsdecode(store.git.run("ls-files", "--unmerged", "-z")).split("\0")[:-1]:
        about, _tab, path = entry.partition("\t")
        _mode, blob, stage = about.split(" ")
        stages[path][int(stage)] = blob
    by_record: dict[str, list[str]] = defaultdict(list)
    evidence: dict[str, list[str]] = defaultdict(list)
    for path in stages:
        if tree.is_record(path, RECORDS):
            by_record[PurePosixPath(path).name].append(path)
        elif path.startswith(f"{RECORDS}/") and tree.owner(path) != path:
            evidence[tree.owner(path)].append(path)
    records = tuple(_unmerged(store.git, {path: stages[path] for path in group}) for group in by_record.values())
    known = {path for group in (*by_record.values(), *evidence.values()) for path in group}
    others = tuple(path for path in stages if path not in known)
    return Left(records, {name: tuple(paths) for name, paths in evidence.items()}, others)


def _unmerged(git: Git, stages: Mapping[str, Mapping[int, str]]) -> Unmerged:
    """One record, which has several files where a side gave it another place."""
    blobs = {stage: blob for found in stages.values() for stage, blob in found.items()}
    contents = dict(zip(blobs, git.cat_files(blobs.values()), strict=True))
    versions = {stage: data for stage, data in contents.items() if data is not None}
    there = [path for stage in (OURS, THEIRS, BASE) for path, found in stages.items() if stage in found]
    name = PurePosixPath(there[0]).stem
    right = record_path(name) if is_id(name) else there[0]
    return Unmerged(right if right in there else there[0], tuple(stages), versions)


def told(git: Git, path: str) -> tuple[str, str]:
    """Who changed a file last on either side, and when; empty where git does not know."""
    theirs = _THEIRS.get(git.state() or "")
    if theirs is None:
        return "", ""
    ours, other = (
        git.run("log", "-1", "--no-show-signature", "--date=format:%Y-%m-%d %H:%M", _ABOUT, one, f"^{two}", "--", path)
        for one, two in (("HEAD", theirs), (theirs, "HEAD"))
    )
    return ours.decode("utf-8", "replace").strip(), other.decode("utf-8", "replace").strip()


def settle_files(store: Store, paths: Iterable[str], hashes: Mapping[str, str]) -> list[str]:
    """Give each version of these files of evidence the name that the record has for it; what was done, in words.

    `hashes` are the SHA-256 of the record's evidence by name. A version that it does not list gets its hash into the
    name, so that none is lost.
    """
    return [_settle_file(store, path, {sha: name for name, sha in hashes.items()}) for path in paths]


def _settle_file(store: Store, path: str, names: Mapping[str, str]) -> str:
    folder, own = PurePosixPath(path).parent, PurePosixPath(path).name
    targets: dict[str, str] = {}
    for stage in (THEIRS, OURS):
        if not _check_out(store.git, path, stage):
            continue
        sha = files.sha256(store.root / path)
        name = names.get(sha) or (own if not targets and own not in names.values() else parted_name(own, sha))
        targets[name] = sha
        files.move(store.root / path, store.root / folder / f".{sha}", root=store.root, replace=True)
    for name, sha in targets.items():
        files.move(store.root / folder / f".{sha}", store.root / folder / name, root=store.root, replace=True)
    store.git.run("rm", "--cached", "--quiet", "--ignore-unmatch", "--", path)
    stage_files(store.git, [f"{folder}/{name}" for name in targets])
    return _("{path} is kept as {names}").format(path=path, names=", ".join(sorted(targets)))


def _check_out(git: Git, path: str, stage: int) -> bool:
    """Put a side's version of a file into the work tree, as git would; whether there is one."""
    listed = git.run("ls-files", "--unmerged", "-z", "--", path).split(b"\0")
    if not any(entry.partition(b"\t")[0].endswith(b" %d" % stage) for entry in listed):
        return False
    git.run("checkout-index", "--force", f"--stage={stage}", "--", path, write=True)
    return True


def stage_files(git: Git, paths: Iterable[str]) -> None:
    """Tell git that these files are settled as they now are, or gone."""
    named = b"".join(os.fsencode(path) + b"\0" for path in paths)
    git.run("update-index", "--add", "--remove", "-z", "--stdin", input=named)
