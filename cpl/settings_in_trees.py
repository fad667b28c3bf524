"""The settings of a store as commits, or the index, have them, read from git and remembered; not what they allow."""

from __future__ import annotations

from collections.abc import Iterable

from cpl import config, steps
from cpl.config import Settings
from cpl.errors import Invalid
from cpl.git import Git
from cpl.steps import INDEX, Step
from cpl.store import RECORDS, TEMPLATES, shipped, template

Found = Settings | Invalid | None
"""Settings, or what is wrong with them; None where there is no store."""


class SettingsInTrees:
    """The settings of many commits, parents before children; those that change nothing in them share one value."""

    def __init__(self, git: Git) -> None:
        self._git = git
        self._known: dict[str, Found] = {}

    def of(self, step: Step) -> Found:
        """The settings in a step's own tree: its parents', unless it changed them."""
        befores = [self.at(each) for each in step.parents]
        is_same = befores != [] and all(each is befores[0] for each in befores) and not settings_files(step)
        settings = befores[0] if is_same else self._load(step.revision)
        if step.revision != INDEX:
            self._known[step.revision] = settings
        return settings

    def at(self, commit: str) -> Found:
        """The settings in a commit's tree."""
        if commit not in self._known:
            self._known[commit] = self._load(commit)
        return self._known[commit]

    def _load(self, revision: str) -> Found:
        marker = contents_of(self._git, revision, [config.MARKER])[config.MARKER]

        def read(path: str) -> bytes | None:
            if path == config.MARKER:
                return marker
            data = contents_of(self._git, revision, [path])[path]
            is_shipped = data is None and path.startswith(TEMPLATES)
            return template(shipped(), path) if is_shipped else data

        try:
            return None if marker is None else config.load(read)
        except Invalid as error:
            return error


def contents_of(git: Git, revision: str, paths: Iterable[str]) -> dict[str, bytes | None]:
    """Files of the store as they are in a tree; None for one that is not there."""
    wanted = list(paths)
    if not wanted:
        return {}
    contents = git.cat_files(steps.name_of(git, revision, path) for path in wanted)
    return dict(zip(wanted, contents, strict=True))


def settings_files(step: Step) -> list[str]:
    """The files of a step that are no records."""
    return [path for path in step.paths if not path.startswith(f"{RECORDS}/")]
