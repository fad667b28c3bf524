"""The stores that are measured: made once, kept by a digest of what they were made with, and cloned."""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Final

from measuring import ROOT, run, timed
from words import ATTRIBUTES
from works import Clone

ESTATE: Final = Path(__file__).parent / "estate.py"
PROFILE: Final = Path("templates/profiles/residential.yaml")
PROFILES: Final = (ROOT / PROFILE, (ROOT / PROFILE).with_name("common.yaml"))
MAPPING: Final = Path("templates/imports/nyc311-2026.yaml")
CHECKED: Final = 200
NEW_YORK: Final = """\
format: 1
name: New York City
timezone: America/New_York
profile: residential
people:
- {id: li.na, name: Li Na, emails: [li.na@example.org], roles: [desk, manager], department: customer-service}
"""


def estate(keep: Path, records: int, now: datetime) -> Path:
    """The store of that many made-up records."""
    digest = _digest([ESTATE, ESTATE.with_name("words.py"), *PROFILES], str(records), now.isoformat())
    command = (sys.executable, str(ESTATE), "--records", str(records), "--now", now.isoformat())

    def make(folder: Path) -> None:
        timed((*command, str(folder)), keep)

    return _kept(keep / f"estate-{records}-{digest}", make, now)


def service_requests(keep: Path, files: Sequence[Path], now: datetime) -> Path:
    """The store of the real records of these exports."""
    digest = _digest([*files, *PROFILES, ROOT / MAPPING], NEW_YORK, now.isoformat())

    def make(folder: Path) -> None:
        (folder / PROFILE).parent.mkdir(parents=True)
        for path in PROFILES:
            shutil.copy(path, (folder / PROFILE).with_name(path.name))
        (folder / "cpl.yaml").write_text(NEW_YORK, encoding="utf-8")
        (folder / ".gitattributes").write_text(ATTRIBUTES, encoding="utf-8")
        run(["git", "init", "--quiet", "--initial-branch=main"], folder)
        run(["git", "config", "gc.auto", "0"], folder)  # or it would run on beside what comes next
        clone = Clone(folder, now)
        run(["git", "add", "--all"], folder)
        run(["git", "commit", "--quiet", "--message", "Start"], folder)
        for each in files:  # a row whose dates can't be right is rejected, and makes the exit code 1
            timed(clone.cpl("import", str(each.resolve()), "--mapping", MAPPING.stem), folder, ok=(0, 1))
        clone.forget()
        run(["git", "repack", "-a", "-d", "-q"], folder)

    return _kept(keep / f"nyc311-{digest}", make, now)


def _digest(files: Iterable[Path], *words: str) -> str:
    found = hashlib.sha256("\0".join(words).encode())
    for path in files:
        found.update(path.read_bytes())
    return found.hexdigest()[:10]


def _kept(folder: Path, make: Callable[[Path], None], now: datetime) -> Path:
    """The folder of a store, made if it is not there: beside its place, so that it is never there by halves."""
    if folder.exists():
        return folder
    print(f"making {folder} …", file=sys.stderr, flush=True)
    start = time.monotonic()
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="making-", dir=folder.parent) as aside:
        made = Path(aside, "store")
        make(made)
        _check(made, now)
        made.rename(folder)
    print(f"made in {time.monotonic() - start:.0f} s", file=sys.stderr, flush=True)
    return folder


def _check(folder: Path, now: datetime) -> None:
    """A few records, evenly taken, have no error; then the others, which were made alike, have none either."""
    clone = Clone(folder, now)
    step = max(1, len(clone.paths) // CHECKED)
    said = run(clone.cpl("check", *clone.paths[::step]), folder).decode()
    if said:
        raise SystemExit(f"the records that were made are not right:\n{said}")
    clone.forget()


@contextmanager
def cloned(store: Path, now: datetime) -> Iterator[Clone]:
    """A clone of a store, for as long as it is needed."""
    with tempfile.TemporaryDirectory(prefix="clone-", dir=store.parent) as folder:
        run(["git", "clone", "--quiet", os.fspath(store), folder], store.parent)
        yield Clone(Path(folder), now)
