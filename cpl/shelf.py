"""The playbooks at hand: those shipped with cpl, and the store's own, which win; not what is in them."""

from __future__ import annotations

from collections.abc import Iterator
from gettext import gettext as _
from pathlib import Path
from typing import Final, NamedTuple

from cpl import files, places
from cpl.config import Settings
from cpl.errors import CplError, Invalid, Problem
from cpl.playbook import Fit, Playbook, Suggest, fit, head, is_name, read_playbook, unknown_names
from cpl.schema import did_you_mean
from cpl.settings_files import parse
from cpl.values import replace
from cpl.yaml_nodes import Source

FOLDER: Final = f"{places.TEMPLATES}playbooks"
ENDING: Final = ".yaml"
CATEGORY: Final = "category"


class Fitting(NamedTuple):
    """A playbook that fits a complaint, and how well."""

    name: str
    fit: Fit


class NoPlaybook(CplError):
    """There is none of that name."""


def path_of(name: str) -> str:
    """The file of a playbook, from the store's root."""
    return f"{FOLDER}/{name}{ENDING}"


def names(root: Path) -> list[str]:
    """The names of all playbooks, in order."""
    return sorted({*own_names(root), *_names(places.shipped())})


def own_names(root: Path) -> list[str]:
    """The names of the store's own ones, in order."""
    return sorted(_names(root))


def _names(root: Path) -> Iterator[str]:
    return (path.name.removesuffix(ENDING) for path in (root / FOLDER).glob(f"*{ENDING}"))


def load(root: Path, name: str) -> Playbook:
    """The playbook of that name.

    Raises:
        NoPlaybook: there is none.
        Invalid: its file is not right.
    """
    data = places.template(root, path_of(name)) if is_name(name) else None
    if data is None:
        if name in own_names(root):
            raise NoPlaybook(unnamed(name))
        known = filter(is_name, names(root))
        raise NoPlaybook(_("there is no playbook '{name}'").format(name=name) + did_you_mean(name, known))
    playbook, problems = read_playbook(parse(data, path_of(name)), name)
    if playbook is None:
        raise Invalid(_("the playbook is not right"), problems)
    return playbook


def unnamed(name: str) -> str:
    """What is wrong with a file of that name among the playbooks."""
    return _("'{name}' can't be the name of a playbook; name its file with a-z, 0-9 and -").format(name=name)


def is_offered(suggest: Suggest, settings: Settings) -> bool:
    """Whether it is for stores with the profile of `settings`, or with one that this one extends."""
    names = (path.rpartition("/")[2].removesuffix(ENDING) for path in settings.profile_files)
    return not suggest.profiles or any(name in suggest.profiles for name in names)


def fitting(root: Path, settings: Settings, category: str | None, words: str) -> list[Fitting]:
    """The playbooks for stores with that profile that fit a complaint with that category and words, the best first.

    One that can't be read is left out: `cpl check` says what is wrong with it.
    """
    found = []
    for name, data in _texts(root):
        suggest = _suggest(root, name, data, _written(settings, category))
        if suggest is None or not is_offered(suggest, settings):
            continue
        present = tuple(settings.profile.present_name(CATEGORY, each) for each in suggest.categories)
        how = fit(replace(suggest, categories=present), category, words)
        if how is not None:
            found.append(Fitting(name, how))
    return sorted(found, key=lambda each: ([-part for part in each.fit.rank], each.name))


def _written(settings: Settings, category: str | None) -> str | None:
    """The category as it stands in playbooks; None: they may have the name that it had before it was renamed."""
    return None if category in settings.profile.former.get(CATEGORY, {}).values() else category


def _texts(root: Path) -> Iterator[tuple[str, bytes]]:
    """Every playbook as it stands in its file; that of a shipped one is read without a look for links."""
    own, shipped = set(own_names(root)), places.shipped()
    for name in filter(is_name, sorted({*own, *_names(shipped)})):
        path = path_of(name)
        yield name, (own_text(root, name) if name in own else files.read(shipped / path, places.SETTINGS_LIMIT))


def own_text(root: Path, name: str) -> bytes:
    """The text of one of the store's own playbooks; empty where it can't be read."""
    try:
        return places.template(root, path_of(name)) or b""
    except files.Unreadable:
        return b""


def _suggest(root: Path, name: str, data: bytes, category: str | None) -> Suggest | None:
    """When the playbook is suggested; None also where its text shows that it is for other categories."""
    if category is not None and b"categories:" in data and category.partition("/")[0].encode() not in data:
        return None
    try:
        return head(Source(path_of(name), data.decode("utf-8-sig"))) or load(root, name).suggest
    except (CplError, UnicodeDecodeError):
        return None


def problems(root: Path, settings: Settings) -> Iterator[Problem]:
    """What is wrong with the store's own playbooks; those for another profile may have its names."""
    for name in own_names(root):
        path = path_of(name)
        if not is_name(name):
            yield Problem(path, 1, "E073", unnamed(name))
            continue
        try:
            node = parse(places.template(root, path) or b"", path)
        except files.Unreadable as error:
            yield Problem(path, 1, "E013", error.reason)
            continue
        except Invalid as error:
            yield from error.problems
            continue
        playbook, found = read_playbook(node, name)
        yield from found
        if playbook is not None and is_offered(playbook.suggest, settings):
            yield from unknown_names(playbook, node, settings.profile)
