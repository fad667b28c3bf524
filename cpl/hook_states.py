"""What the hooks of a clone that check records are like; not how they are installed."""

from __future__ import annotations

import os
import re
import shlex
import stat
import sys
from gettext import gettext as _
from pathlib import Path
from typing import Final

from cpl import config, files, hook_places, hook_script
from cpl.git import Git
from cpl.hook_places import Place
from cpl.hook_script import Script
from cpl.language import later
from cpl.patterns import bytes_regex
from cpl.places import shipped
from cpl.store import Store
from cpl.values import frozen

HOOKS: Final = ("pre-commit", "pre-merge-commit")
HOOKS_OF_SERVER: Final = ("pre-receive",)
INSTALLED: Final = later("installed")
CALLED: Final = later("called by another hook")
CHANGED: Final = later("changed since")
EARLIER_CHANGED: Final = later("earlier hook changed")
MISSING: Final = later("not installed")
TRACKED: Final = later("not in the tracked hook")
SHADOWED: Final = later("shadowed")
NOT_EXECUTABLE: Final = later("not executable")
INTERPRETER_GONE: Final = later("interpreter gone")
OTHER_STORE: Final = later("checks another store")
_ACTIVE: Final = (INSTALLED, CALLED, CHANGED, EARLIER_CHANGED)
_SUFFIX: Final = ".before-cpl"
_LEGACY: Final = ".legacy"  # what the pre-commit framework calls the hook that it found
_LIMIT: Final = 1 << 20
_FRAMEWORK_ID: Final = bytes_regex(rb"^[ \t]*-[ \t]+id:[ \t]*cpl-check\b", re.MULTILINE)


@frozen
class HookState:
    """What one hook of a clone is like: one of the states above, the file it is about, and what to do (`remedy`)."""

    name: str
    state: str
    path: Path
    remedy: str = ""

    @property
    def words(self) -> str:
        """The state as people read it; `state` itself is for programs."""
        name = self.state
        return _(name)

    @property
    def is_active(self) -> bool:
        """Whether git runs it and it checks the records of this store."""
        return self.state in _ACTIVE

    @property
    def is_in_order(self) -> bool:
        """Whether there is nothing to do about it."""
        return not self.remedy


def state(store: Store, interpreter: str = sys.executable) -> tuple[HookState, ...]:
    """What each of HOOKS is like, in that order; `interpreter` is named where a line has to be added by hand.

    Raises:
        NotReady: there is no repository.
    """
    store.require_repository()
    return states(store.git, hook_places.find(store.git), interpreter)


def states(git: Git, place: Place, interpreter: str) -> tuple[HookState, ...]:
    """What each of the hooks is like that belong there."""
    refusal = hook_places.why_not(place, hook_places.setting(git))
    shadowed = refusal and shadowed_words(place, refusal, interpreter)
    return tuple(_state(git, place, name, shadowed) for name in names_of(place))


def names_of(place: Place) -> tuple[str, ...]:
    """The hooks of cpl that belong there."""
    return HOOKS_OF_SERVER if place.is_server else HOOKS


def are_active(store: Store) -> bool:
    """Whether git runs all of HOOKS and they check this store; one git process."""
    place = hook_places.find(store.git)
    return all(seen(place, name).is_active for name in HOOKS)


def seen(place: Place, name: str) -> HookState:
    """What a hook is like by its file alone: not whether cpl may write there, nor whether it was changed."""
    path = ours(place, name)
    if path is not None:
        return _ours_seen(place, name, path)
    path = place.folder / name
    if _is_called(place, path):
        return HookState(name, CALLED, path)
    return HookState(name, MISSING, path, _("run: {install}").format(install=place.install))


def _ours_seen(place: Place, name: str, path: Path) -> HookState:
    script = hook_script.read(read(path)) or Script("", "")
    if not os.access(path, os.X_OK):
        message = _("git runs no hook that is not executable; run: {install}")
        return HookState(name, NOT_EXECUTABLE, path, message.format(install=place.install))
    if script.python and not os.access(script.python, os.X_OK):
        message = _("{python} is gone; run: {install}")
        return HookState(name, INTERPRETER_GONE, path, message.format(python=script.python, install=place.install))
    if script.store not in ("", place.store):
        message = other_store_words(place, path, script) or _("the store is {store} now; run: cpl hooks install")
        return HookState(name, OTHER_STORE, path, message.format(store=place.store))
    return HookState(name, INSTALLED, path)


def _is_called(place: Place, path: Path) -> bool:
    """Whether somebody else's hook runs the check: itself, through the pre-commit framework or through husky."""
    data = read(path)
    if not data or not os.access(path, os.X_OK):
        return False
    if hook_script.is_framework(data):
        return bool(_FRAMEWORK_ID.search(read(place.top / ".pre-commit-config.yaml")))
    if path.parent.name == "_":  # husky's own; it runs the file of that name above, executable or not
        data += read(path.parent.parent / path.name)
    return hook_script.calls_check(data)


def _state(git: Git, place: Place, name: str, shadowed: str) -> HookState:
    """What a hook is like, with all that can be known; `shadowed` says what to do where cpl may not write."""
    found = seen(place, name)
    if found.state == MISSING and shadowed:
        return HookState(name, SHADOWED, found.path, shadowed)
    if found.state == MISSING and is_tracked(git, place, found.path):
        return HookState(name, TRACKED, found.path, tracked_words(place, found.path))
    if found.state != INSTALLED:
        return found
    if lines := changes(name, found.path):
        return HookState(name, CHANGED, found.path, changed_words(place, found.path, lines))
    script = hook_script.read(read(found.path))
    if script and (words := changed_earlier(found.path, script)):
        message = _("{what} since cpl's hook was installed; to take it as it is, run: {install}")
        return HookState(name, EARLIER_CHANGED, found.path, message.format(what=words, install=place.install))
    return found


def changes(name: str, path: Path) -> list[str]:
    """The lines that were taken out of (`-`) and put into (`+`) cpl's hook `path` since it was written."""
    data = read(path)
    if hook_script.is_sealed(data):
        return []
    expected = hook_script.render(template(name), hook_script.read(data) or Script("", ""))
    return hook_script.differences(expected, data) or [_("- the last line, with the sum of the others")]


def changed_words(place: Place, path: Path, lines: list[str]) -> str:
    """What to do about cpl's hook `path`, in which these lines were changed."""
    message = _("{path} was changed since it was installed; save what you need of it, remove it, run: {install}")
    return "\n".join([message.format(path=path, install=place.install), *lines])


def read(path: Path) -> bytes:
    """What a hook's file holds, or the file that a link leads to; empty for none and for one that is not text."""
    try:
        return files.read(Path(os.path.realpath(path)), _LIMIT)
    except files.Unreadable:
        return b""


def ours(place: Place, name: str) -> Path | None:
    """The file of cpl's hook that git runs, by itself or by way of the pre-commit framework; None for none."""
    path = place.folder / name
    data = read(path)
    if hook_script.read(data):
        return path
    legacy = path.with_name(name + _LEGACY)
    if hook_script.is_framework(data) and hook_script.read(read(legacy)):
        return legacy
    return None


def with_earlier(script: Script, earlier: Path, name: str) -> Script:
    """The same hook, with the hook `earlier` run first, which will be beside it under that name."""
    is_executable = os.access(earlier, os.X_OK)
    how = hook_script.how_to_run(read(earlier), executable=is_executable)
    return Script(script.python, script.store, name, how, seal(earlier))


def earlier_of(path: Path) -> Path:
    """Where the hook is kept that was there before cpl's hook `path`."""
    return path.with_name(path.name.removesuffix(_LEGACY) + _SUFFIX)


def seal(path: Path) -> str:
    """What is remembered of an earlier hook, to tell whether it was changed: its target, or SHA-256 and mode."""
    if path.is_symlink():
        return f"link to {os.readlink(path)}"  # noqa: PTH115 - the text of the link, byte for byte
    return f"{files.sha256(path)} mode {stat.S_IMODE(path.stat().st_mode):04o}"


def changed_earlier(path: Path, script: Script) -> str:
    """What is no longer as it was about the earlier hook of the hook `path`; empty when nothing is."""
    if not script.earlier:
        return ""
    earlier = path.with_name(script.earlier)
    if not os.path.lexists(earlier):
        return _("{path} is gone").format(path=earlier)
    old, new = script.seal, seal(earlier)
    if new == old:
        return ""
    if new.partition(" ")[0] == old.partition(" ")[0]:
        return _("{path} is another: {old} → {new}").format(path=earlier, old=old, new=new)
    return _("the content of {path} is another").format(path=earlier)


def template(name: str) -> bytes:
    """The shipped hook."""
    return files.read(shipped() / "hooks" / name, _LIMIT)


def is_tracked(git: Git, place: Place, path: Path) -> bool:
    """Whether the hook is a file that git tracks."""
    return place.is_in_work_tree and bool(Git(place.top, git.env).run("ls-files", "-z", "--", os.fspath(path)))


def other_store_words(place: Place, path: Path, script: Script) -> str:
    """What to do where a hook checks another store of the repository; empty when that one is not there."""
    if script.store == place.store or not (place.top / script.store / config.MARKER).is_file():
        return ""
    message = _(
        "{path} checks the store {other}, and a hook of cpl checks one; to check both, run cpl hooks uninstall there "
        "and write a pre-commit and a pre-merge-commit by hand with such a line for each store: {line}"
    )
    line = hook_places.call(place, f"{shlex.quote(script.python)} -P -m cpl")
    return message.format(path=path, other=script.store, line=line)


def tracked_words(place: Place, path: Path) -> str:
    """What to do where the hook is one of the work tree's own files."""
    message = _(
        "{path} is tracked by git, so it is for its authors to change; add this line to it and commit it, or have "
        "everybody run cpl check: {line}"
    )
    return message.format(path=path, line=hook_places.call(place, "cpl"))


def shadowed_words(place: Place, refusal: str, interpreter: str) -> str:
    """What to do where cpl may not write hooks."""
    message = _(
        "{refusal}; add this line to its {names}: {line} - or give this repository hooks of its own: "
        "git config --local core.hooksPath {folder}, then: {install}"
    )
    said = {"names": _(" and ").join(names_of(place)), "install": place.install}
    program = f"{shlex.quote(interpreter)} -P -m cpl"
    folder = shlex.quote(os.fspath(hook_places.own_folder(place)))
    return message.format(refusal=refusal, line=hook_places.call(place, program), folder=folder, **said)
