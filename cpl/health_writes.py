"""Checks of cpl's own writes: is one unfinished, and what did those leave that were killed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from gettext import gettext as _
from gettext import ngettext
from pathlib import Path
from typing import Final

from cpl import files, hook_places, journal, locks, recovery
from cpl.finding import Clone, Finding
from cpl.journal import Journal
from cpl.store import LOCK, Store

_REMEDY: Final = "cpl doctor --fix"
_TOLD: Final = 8


def interrupted(clone: Clone) -> Iterator[Finding]:
    """Whether a write was killed before it was done, and whether it left files that were being written."""
    store = clone.store
    if locks.is_held(store.private / LOCK):
        yield Finding("interrupted", "ok", _("cpl is writing just now"))
        return
    noted = unfinished(store)
    left = [] if noted else list(_left_over(store))
    if noted:
        yield Finding("interrupted", "error", noted, _REMEDY, _settle)
    elif left:
        words = ngettext(
            "a write that was killed left {path}",
            "writes that were killed left {count} files, such as {path}",
            len(left),
        )
        words = words.format(count=len(left), path=os.path.relpath(left[0], store.root))
        yield Finding("interrupted", "warning", words, _REMEDY, _settle)
    else:
        yield Finding("interrupted", "ok", _("every write was finished"))


def unfinished(store: Store) -> str | None:
    """What is known of a write that was killed before it was done, in words; None where there is none."""
    if locks.is_held(store.private / LOCK):
        return None
    try:
        noted = journal.read(store.private)
    except journal.Unusable as error:
        return str(error)
    return None if noted is None else _words(noted)


def _words(noted: Journal) -> str:
    paths = [each.path for each in noted.changes]
    told = ", ".join([*paths[:_TOLD], *(["…"] if len(paths) > _TOLD else [])])
    words = _("'{subject}' was interrupted, so it may be half done; it is about {paths}")
    return words.format(subject=noted.subject, paths=told)


def _left_over(store: Store) -> Iterator[Path]:
    """Files that were being written: beside those of the store, and in the folders of git that cpl writes into."""
    for told in store.git.stream("ls-files", "--others", "-z"):
        path = Path(os.fsdecode(told))
        if files.is_staged(path.name):
            yield store.root / path
    place = hook_places.find(store.git)
    for folder in {store.private, *({place.folder} if place.root else ())}:
        yield from recovery.left_over(folder)


def _settle(clone: Clone) -> str:
    """Finish or undo the write that was interrupted, and remove what was being written."""
    store, told = clone.store, list[str]()
    with Store(store.root, store.git.env, say=told.append).lock():
        left = list(_left_over(store))
        for path in left:
            files.remove(path, root=path.parent)
    if left:
        names = ", ".join(os.path.relpath(path, store.root) for path in left)
        told.append(_("removed {names}").format(names=names))
    return "\n".join(told) or _("it is finished already")
