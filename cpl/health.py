"""The health of a clone: every check, asked whatever the others say, and the remedies that cpl can do itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from gettext import gettext as _
from typing import Final

from cpl import config, health_files, health_git, health_guards, health_store, health_writes
from cpl.errors import CplError
from cpl.finding import Clone, Finding
from cpl.places import NotAStore

Check = Callable[[Clone], Iterable[Finding]]

CHECKS: Final[Mapping[str, Check]] = {
    "settings": health_store.settings,
    "versions": health_store.versions,
    "profile": health_store.profile,
    "identity": health_store.identity,
    "person": health_store.person,
    "interrupted": health_writes.interrupted,
    "attributes": health_files.attributes,
    "hooks": health_guards.hooks,
    "merge-driver": health_guards.merge_driver,
    "unfinished": health_git.unfinished,
    "conflicts": health_git.conflicts,
    "branch": health_git.branch,
    "pull": health_git.pull,
    "locks": health_git.locks,
    "history": health_git.history,
    "commit-graph": health_git.commit_graph,
    "partial": health_git.partial,
    "sparse": health_git.sparse,
    "names": health_files.names,
    "file-system": health_files.file_system,
    "clock": health_git.clock,
    "remote": health_git.remote,
    "kept": health_store.kept,
}
"""The checks by the name of their findings, in the order in which they are shown."""


def look(clone: Clone) -> list[Finding]:
    """What every check finds, at least one finding each; nothing is changed."""
    return [finding for name, check in CHECKS.items() for finding in _asked(name, check, clone)]


def _asked(name: str, check: Check, clone: Clone) -> list[Finding]:
    """What one check finds; one that can't be asked says so, and is in nobody's way."""
    try:
        return list(check(clone))
    except (CplError, OSError) as error:
        words = _("could not be asked: {reason}").format(reason=error)
        return [Finding(name, "error", words, _("mend what the words before say, then: cpl doctor"))]


def mend(clone: Clone) -> Iterator[tuple[Finding, str]]:
    """Do each remedy that cpl can do itself; for every finding that is not well, what was done, or why nothing was.

    Each check is asked when those before it are mended: what .gitattributes says decides what is needed further on.

    Raises:
        NotAStore: what was mended is that a store was half made.
    """
    for name, check in CHECKS.items():
        for finding in _asked(name, check, clone):
            if finding.state != "ok":
                yield finding, _mended(clone, finding)
        if not (clone.store.root / config.MARKER).is_file():
            raise NotAStore(clone.store.root)  # it was a `cpl init` that was interrupted, and is undone


def _mended(clone: Clone, finding: Finding) -> str:
    if finding.fix is None:
        return _("not done, it takes a person: {remedy}").format(remedy=finding.remedy or "-")
    try:
        return finding.fix(clone)
    except (CplError, OSError) as error:
        return _("not done: {reason}").format(reason=error)
