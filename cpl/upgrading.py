"""What the profiles that come with cpl would change in a store's copies, and in what the store says differently."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from gettext import gettext as _

from cpl.config import MARKER, layers_of
from cpl.effective import Leaf, leaves
from cpl.errors import Problem
from cpl.journal import Change, Journal
from cpl.settings_files import Files, merged, parse, profile_layers
from cpl.store import Store
from cpl.values import frozen
from cpl.writes import Commit
from cpl.yaml_nodes import MappingNode


@frozen
class Copy:
    """A profile's file as the store has it and as it comes with cpl; one of the two may be missing."""

    path: str
    own: bytes | None
    shipped: bytes | None

    @property
    def is_same(self) -> bool:
        """Whether there is nothing to upgrade: they are equal, or the file is the store's alone."""
        return self.shipped is None or self.own == self.shipped

    @property
    def difference(self) -> str:
        """What would change, as a unified diff."""
        before, after = ((each or b"").decode("utf-8", "replace").splitlines() for each in (self.own, self.shipped))
        name = "/dev/null" if self.own is None else f"a/{self.path}"
        return "\n".join(difflib.unified_diff(before, after, name, f"b/{self.path}", lineterm=""))


def copies(own: Files, shipped: Files) -> list[Copy]:
    """The files of the store's profile, by the store and as they come with cpl, the profile's own first.

    Raises:
        Invalid: the store's settings can't be read.
    """
    root = parse(own(MARKER) or b"", MARKER)

    def both(path: str) -> bytes | None:
        found = own(path)
        return shipped(path) if found is None else found

    layers, _over = layers_of(both, root)
    paths = [each.source.path for each in layers]
    if shipped(paths[0]) is not None:
        name = paths[0].rpartition("/")[2].removesuffix(".yaml")
        paths += [each.source.path for each in profile_layers(shipped, name, root)]
    return [Copy(path, own(path), shipped(path)) for path in dict.fromkeys(paths)]


def differences(found: list[Copy]) -> Iterator[Problem]:
    """W074: copies that are missing, or are not those that come with this cpl."""
    for copy in found:
        if copy.own is None:
            message = _("the store has no copy, so another cpl may have other rules; run: cpl config upgrade --apply")
            yield Problem(copy.path, 1, "W074", message)
        elif not copy.is_same:
            message = _("differs from the one that this cpl brings along; what that would change: cpl config upgrade")
            yield Problem(copy.path, 1, "W074", message)


@frozen
class Touched:
    """A value that cpl.yaml sets, where the profile below it changes; None: there is no such value."""

    own: Leaf
    before: str | None
    after: str | None


def touched(files: Files, upgraded: Files) -> list[Touched]:
    """What cpl.yaml says differently of values that the upgrade changes, in the order of cpl.yaml."""
    root = parse(files(MARKER) or b"", MARKER)
    old_layers, over = layers_of(files, root)
    before, after = _values(merged(old_layers)), _values(merged(layers_of(upgraded, root)[0]))
    found = (Touched(leaf, before.get(leaf.names), after.get(leaf.names)) for leaf in leaves(over) if leaf.names)
    return [each for each in found if each.before != each.after]


def _values(node: MappingNode) -> Mapping[tuple[str, ...], str]:
    return {leaf.names: leaf.value for leaf in leaves(node)}


def take_over(store: Store, found: list[Copy], commit: Commit) -> None:
    """Write the files as they come with cpl, and commit them; all or nothing."""
    with store.lock():
        store.require_commit([each.path for each in found])
        changes = [Change(each.path, each.own, each.shipped) for each in found]
        with store.writing(Journal(store.root, commit.subject, changes)) as transaction:
            for each in found:
                if each.own is None:
                    transaction.create(store.root / each.path, each.shipped or b"")
                else:
                    transaction.write(store.root / each.path, each.shipped or b"", expected=each.own)
            store.commit(transaction.paths, commit)
