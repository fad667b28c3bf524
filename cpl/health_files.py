"""Checks of how files are kept: git's attributes, the file system, and names that can't stand side by side."""

from __future__ import annotations

import os
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import partial
from gettext import gettext as _
from typing import Final

from cpl import files, git_locks
from cpl.attributes import FILE, LINES, wrong
from cpl.finding import Clone, Finding, NotMended, State
from cpl.git import Git
from cpl.journal import Change, Journal
from cpl.places import SETTINGS_LIMIT
from cpl.store import RECORDS
from cpl.transactions import Transaction
from cpl.values import frozen
from cpl.writes import Commit

_COMPOSED: Final = "\N{LATIN SMALL LETTER A WITH DIAERESIS}"


def attributes(clone: Clone) -> Iterator[Finding]:
    """Whether git keeps records and evidence byte for byte, and lets cpl merge records."""
    found = wrong(clone.git)
    if not found:
        yield Finding("attributes", "ok", _("records and evidence stay byte for byte, records are merged by cpl"))
        return
    remedy = _("add to the end of {file}: {lines}").format(
        file=FILE, lines=", ".join(f"'{LINES[name]}'" for name in found)
    )
    state: State = "error" if "text" in found else "warning"
    yield Finding("attributes", state, "; ".join(_told(found, clone.git)), remedy, _add_lines)


def _told(found: dict[str, list[str]], git: Git) -> Iterator[str]:
    if paths := found.get("text"):
        words = _("git may change line ends below {records}/, as in {path} (core.autocrlf is {value})")
        yield words.format(records=RECORDS, path=paths[0], value=git.config("core.autocrlf") or "false")
    if paths := found.get("merge"):
        yield _("two versions of {path} are merged line by line, not by cpl").format(path=paths[0])


def _add_lines(clone: Clone) -> str:
    """Append the lines that are missing to the store's .gitattributes, and commit that file.

    Raises:
        NotReady, NotCommitted: it can't be committed now.
        NotMended: the file is being changed, or another file of attributes has the last word.
    """
    store = clone.store
    path = store.root / FILE
    with store.lock():
        lines = [LINES[name] for name in wrong(clone.git)]
        if clone.git.is_changed([FILE]):
            raise NotMended(_("{file} has changes that are not committed; commit them first").format(file=FILE))
        store.require_commit([FILE])
        commit = Commit("Keep records byte for byte, and merge them by cpl", "doctor")
        before = _content(clone)
        change = Change(FILE, before, _with_lines(before or b"", lines))
        with store.writing(Journal(store.root, commit.subject, [change])) as transaction:
            transaction.write(path, _with_lines(before or b"", lines), expected=before)
            _require_effect(clone.git)
            store.commit([path], commit)
    return _("added to {file} and committed: {lines}").format(file=FILE, lines=", ".join(lines))


def _content(clone: Clone) -> bytes | None:
    try:
        return files.read(clone.store.root / FILE, SETTINGS_LIMIT)
    except files.Missing:
        return None


def _with_lines(data: bytes, lines: Iterable[str]) -> bytes:
    start = data if not data or data.endswith(b"\n") else data + b"\n"
    return start + "".join(f"{line}\n" for line in lines).encode()


def _require_effect(git: Git) -> None:
    for paths in wrong(git).values():
        message = _("another file of attributes (in a folder below, or .git/info/attributes) says otherwise for {path}")
        raise NotMended(message.format(path=paths[0]) + "; " + _("mend it there by hand"))


@frozen
class FileSystem:
    """What a file system does with names, and what git's settings say that it does."""

    folds_case: bool
    normalises: bool
    ignorecase: bool
    precompose: bool


def file_system(clone: Clone) -> Iterator[Finding]:
    """Whether git knows what the file system does with names."""
    settings = map(clone.is_set, ("core.ignorecase", "core.precomposeunicode"))
    yield judge_file_system(FileSystem(*_probe(clone.git), *settings))


class _Probed(Exception):
    """Ends a transaction so that nothing is left of it."""


def _probe(git: Git) -> tuple[bool, bool]:
    """Whether names that differ only in case, and only in Unicode normalisation, are those of one file.

    It is tried in the git folder with a file that is gone afterwards.
    """
    folder = git.common_dir()
    name = f"probe-{os.getpid()}-a{_COMPOSED}"
    path = folder / "cpl" / name
    try:
        with Transaction(folder, durable=False) as transaction:
            transaction.write(path, b"")
            upper, decomposed = name.replace("-a", "-A"), unicodedata.normalize("NFD", name)
            found = path.with_name(upper).exists(), path.with_name(decomposed).exists()
            raise _Probed
    except _Probed:
        return found


def judge_file_system(facts: FileSystem) -> Finding:
    """The verdict on what git has been told of the file system."""
    wanted = {"core.ignorecase": facts.folds_case, "core.precomposeunicode": facts.normalises}
    said = {"core.ignorecase": facts.ignorecase, "core.precomposeunicode": facts.precompose}
    case = _("upper and lower case are the same name") if facts.folds_case else _("upper and lower case differ")
    form = _("ä has one form") if facts.normalises else _("ä has two forms, which differ")
    words = _("in names here {case}, and {form}").format(case=case, form=form)
    wrong = {key: value for key, value in wanted.items() if said[key] != value}
    if not wrong:
        return Finding("file-system", "ok", words)
    told = ", ".join(f"{key}={_word(said[key])}" for key in wrong)
    remedy = "; ".join(f"git config --local {key} {_word(value)}" for key, value in wrong.items())
    return Finding("file-system", "warning", f"{words}; {told}", remedy, partial(_set_flags, wrong))


def _word(value: bool) -> str:
    return "true" if value else "false"


def _set_flags(wanted: dict[str, bool], clone: Clone) -> str:
    for key, value in wanted.items():
        git_locks.configure(clone.git, key, _word(value))
    return _("set {settings}").format(settings=", ".join(f"{key}={_word(value)}" for key, value in wanted.items()))


def names(clone: Clone) -> Iterator[Finding]:
    """Whether all files below records/ can be checked out on every computer."""
    groups = clashing(map(os.fsdecode, clone.git.stream("ls-files", "-z", "--", RECORDS)))
    for group in groups:
        words = _("{names} are one name on computers that fold case or normalise Unicode: only one can be there")
        remedy = _("on a computer where both are there: git mv one of them to another name")
        yield Finding("names", "error", words.format(names=", ".join(group)), remedy)
    if not groups:
        yield Finding("names", "ok", _("no two files below records/ have names that are the same elsewhere"))


def clashing(paths: Iterable[str]) -> list[tuple[str, ...]]:
    """The paths that differ only in case or in Unicode normalisation, in groups; also a file and a folder."""
    found: dict[str, set[str]] = defaultdict(set)
    folders: dict[str, set[str]] = defaultdict(set)
    seen: set[str] = set()
    for path in paths:
        found[_folded(path)].add(path)
        folder = path.rpartition("/")[0]
        while folder and folder not in seen:
            seen.add(folder)
            folders[_folded(folder)].add(folder)
            folder = folder.rpartition("/")[0]
    for key in found.keys() & folders.keys():
        found[key] |= folders[key]
    return sorted(tuple(sorted(group)) for group in found.values() if len(group) > 1)


def _folded(path: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", path).casefold())
