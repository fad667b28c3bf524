"""The hooks that check records: put into a clone beside what is there, and taken out again as if never there."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from gettext import gettext as _
from pathlib import Path
from typing import Final

from cpl import files, hook_places, hook_script, hook_states, locks
from cpl.errors import CplError
from cpl.git import Git
from cpl.hook_places import Place
from cpl.hook_script import Script
from cpl.hook_states import HOOKS, HookState, state
from cpl.store import LOCK_SECONDS, Store
from cpl.values import frozen, replace

__all__ = ["HOOKS", "Done", "HookState", "NotDone", "install", "state", "uninstall"]

_MODE: Final = 0o755


class NotDone(CplError):
    """The hooks can't be installed or taken out; nothing was changed. One line a hook, each with what to do."""


@frozen
class Done:
    """What became of one hook: its file, and that in words; `is_change` unless all was as it should be."""

    name: str
    path: Path
    words: str
    is_change: bool = True


@frozen
class _Plan:
    """What is to be done about a hook, in this order: a file given another name, one written, one removed."""

    done: Done
    root: Path
    move: tuple[Path, Path] | None = None
    data: bytes | None = None
    remove: Path | None = None


@frozen
class _Job:
    """An installation: where, by which interpreter, and why it may not be (empty when it may)."""

    git: Git
    place: Place
    interpreter: str
    refusal: str

    @property
    def root(self) -> Path:
        """What no write may lead out of."""
        return self.place.root or self.place.common


def install(store: Store, interpreter: str = sys.executable) -> tuple[Done, ...]:
    """Have git run `cpl check --staged` by `interpreter`, an absolute path, before each commit and merge of this clone.

    A hook that is there is kept and run first. What is as it should be is left alone.

    Raises:
        NotDone: for one of HOOKS it can't be done; nothing was changed.
        NotReady, Busy, WriteFailed: there is no repository, somebody else writes, the disk refuses.
    """
    store.require_repository()
    return _install(store.git, hook_places.find(store.git), interpreter)


def install_on_server(repository: Path, interpreter: str = sys.executable) -> tuple[Done, ...]:
    """Have git judge what is pushed into a bare repository, by `interpreter`; as `install` otherwise."""
    git = Git(repository)
    return _install(git, _bare(git), interpreter)


def state_on_server(repository: Path, interpreter: str = sys.executable) -> tuple[HookState, ...]:
    """What the hook of a bare repository that judges what is pushed is like."""
    git = Git(repository)
    return hook_states.states(git, _bare(git), interpreter)


def uninstall_on_server(repository: Path) -> tuple[Done, ...]:
    """Take the hook out of a bare repository; as `uninstall` otherwise."""
    git = Git(repository)
    return _uninstall(git, _bare(git))


def _bare(git: Git) -> Place:
    place = hook_places.find_bare(git)
    if place is None:
        message = _("{path} is not a bare repository, as a server has; make one with: git init --bare {path}")
        raise NotDone(message.format(path=git.cwd))
    return place


def _install(git: Git, place: Place, interpreter: str) -> tuple[Done, ...]:
    if "\n" in f"{interpreter}{place.top}" or not Path(interpreter).is_absolute():
        message = _(
            "'{path}' can't stand in a hook as its interpreter: it has to be an absolute path without line breaks"
        )
        raise NotDone(message.format(path=interpreter))
    refusal = hook_places.why_not(place, hook_places.setting(git))
    job = _Job(git, place, interpreter, refusal)
    with _lock(place):
        return tuple(map(_carry_out, _all(place, partial(_planned, job))))


def _lock(place: Place) -> AbstractContextManager[None]:
    return locks.lock(place.common / "cpl" / "lock", timeout=LOCK_SECONDS)


def uninstall(store: Store) -> tuple[Done, ...]:
    """Take cpl's hooks out of this clone, and give back what was there before: bytes, mode and name.

    Raises:
        NotDone: one of them, or what was there before, was changed since; nothing was changed now.
        NotReady, Busy, WriteFailed: there is no repository, somebody else writes, the disk refuses.
    """
    store.require_repository()
    return _uninstall(store.git, hook_places.find(store.git))


def _uninstall(git: Git, place: Place) -> tuple[Done, ...]:
    refusal = hook_places.why_not(place, hook_places.setting(git))
    usual = replace(place, folder=Path(os.path.realpath(place.common / "hooks")))
    places = dict.fromkeys(each for each in ([] if refusal else [place]) + [usual] if each.root is not None)
    jobs = [_Job(git, each, "", "") for each in places]
    with _lock(place):
        plans = [plan for job in jobs for plan in _all(place, partial(_taken_out, job))]
        return tuple(map(_carry_out, plans))


def _all(place: Place, plan: Callable[[str], _Plan | None]) -> list[_Plan]:
    """The plans for the hooks that belong there. Raises NotDone with all that is in the way of any of them."""
    plans, obstacles = [], []
    for name in hook_states.names_of(place):
        try:
            plans.append(plan(name))
        except NotDone as obstacle:
            obstacles.append(str(obstacle))
    if obstacles:
        raise NotDone("\n".join(dict.fromkeys(obstacles)))
    return [each for each in plans if each is not None]


def _planned(job: _Job, name: str) -> _Plan:
    seen = hook_states.seen(job.place, name)
    if seen.state == hook_states.CALLED:
        return _Plan(Done(name, seen.path, _("calls cpl check already"), is_change=False), job.root)
    if job.refusal:
        raise NotDone(hook_states.shadowed_words(job.place, job.refusal, job.interpreter))
    path = hook_states.ours(job.place, name)
    plan = _beside(job, name) if path is None else _renewed(job, name, path)
    if plan.data is not None and hook_states.is_tracked(job.git, job.place, plan.done.path):
        raise NotDone(hook_states.tracked_words(job.place, plan.done.path))
    return plan


def _beside(job: _Job, name: str) -> _Plan:
    """The plan for a hook where cpl has none: what is there, or was kept before, becomes the earlier one."""
    path = job.place.folder / name
    kept = hook_states.earlier_of(path)
    if path.is_dir():
        message = _("{path} is a folder; move it away, then run: {install}")
        raise NotDone(message.format(path=path, install=job.place.install))
    earlier = next((each for each in (path, kept) if os.path.lexists(each)), None)
    script = Script(job.interpreter, job.place.store)
    words = _("installed")
    if earlier is not None:
        if os.path.lexists(kept) and hook_states.seal(kept) != hook_states.seal(earlier):
            message = _(
                "{kept} was kept for an earlier installation, and {path} is another hook; remove the one that you do "
                "not need, then run: {install}"
            )
            raise NotDone(message.format(kept=kept, path=path, install=job.place.install))
        script = hook_states.with_earlier(script, earlier, kept.name)
        words = _("installed; the hook that was there is kept as {kept} and runs first").format(kept=kept.name)
        if script.how == hook_script.OFF:
            words = _("installed; the hook that was there is kept as {kept}; it is not executable, so it does not run")
            words = words.format(kept=kept.name)
    data = hook_script.render(hook_states.template(name), script)
    move = (path, kept) if earlier == path else None
    return _Plan(Done(name, path, words + _not_ignored(job, path)), job.root, move, data)


def _not_ignored(job: _Job, path: Path) -> str:
    """What to say of a hook that lies among the files of the work tree where git sees it."""
    if not job.place.is_in_work_tree or Git(job.place.top, job.git.env).ignored([path]):
        return ""
    return _("; do not commit this file, it names an interpreter of this computer")


def _renewed(job: _Job, name: str, path: Path) -> _Plan:
    """The plan for cpl's hook `path` to have today's values; the earlier hook is taken as it is now."""
    data = hook_states.read(path)
    old = hook_script.read(data) or Script("", "")
    if words := hook_states.other_store_words(job.place, path, old):
        raise NotDone(words)
    if lines := hook_states.changes(name, path):
        raise NotDone(hook_states.changed_words(job.place, path, lines))
    script = Script(job.interpreter, job.place.store)
    words = _("renewed")
    if old.earlier and os.path.lexists(earlier := path.with_name(old.earlier)):
        script = hook_states.with_earlier(script, earlier, old.earlier)
    elif old.earlier:
        words = _("renewed; {earlier}, which ran first, is gone").format(earlier=old.earlier)
    new = hook_script.render(hook_states.template(name), script)
    if new == data and os.access(path, os.X_OK):
        return _Plan(Done(name, path, _("was installed already"), is_change=False), job.root)
    return _Plan(Done(name, path, words), job.root, data=new)


def _taken_out(job: _Job, name: str) -> _Plan | None:
    """The plan for cpl's hook to go; None where there is none."""
    path = hook_states.ours(job.place, name)
    if path is None:
        return None
    script = hook_script.read(hook_states.read(path)) or Script("", "")
    kept = path.with_name(script.earlier) if script.earlier else None
    _require_unchanged(job, name, path, script)
    if kept is None:
        return _Plan(Done(name, path, _("taken out")), job.root, remove=path)
    if script.how == hook_script.FRAMEWORK and path.name != name:
        # The framework's hook is at its place again; two of them would run each other for ever.
        message = _("taken out; {kept}, an older hook of the pre-commit framework, is not needed any more: remove it")
        return _Plan(Done(name, path, message.format(kept=kept)), job.root, remove=path)
    return _Plan(Done(name, path, _("taken out; the hook that was there before is back")), job.root, (kept, path))


def _require_unchanged(job: _Job, name: str, path: Path, script: Script) -> None:
    """Raise NotDone when cpl's hook or the earlier one is not as it was left, and say what is different."""
    by_hand = shlex.join(["rm", os.fspath(path)])
    if script.earlier and os.path.lexists(kept := path.with_name(script.earlier)):
        by_hand = shlex.join(["mv", os.fspath(kept), os.fspath(path)])
    if lines := hook_states.changes(name, path):
        message = _("{path} was changed since it was installed, so it stays; to take it out: {command}")
        raise NotDone("\n".join([message.format(path=path, command=by_hand), *lines]))
    if words := hook_states.changed_earlier(path, script):
        message = _("{what} since cpl's hook was installed, so both stay; to take cpl's out: {command}")
        raise NotDone(message.format(what=words, command=by_hand))
    if hook_states.is_tracked(job.git, job.place, path):
        message = _("{path} is tracked by git, so cpl leaves it; to take it out: git rm --force {path}")
        raise NotDone(message.format(path=path))


def _carry_out(plan: _Plan) -> Done:
    """Do it; when it fails, an earlier hook is at its place again."""
    root, path = plan.root, plan.done.path
    if plan.move is not None:
        files.move(*plan.move, root=root, replace=True)
    try:
        if plan.data is not None:
            files.write(path, plan.data, root=root, mode=_MODE)
    except BaseException:
        if plan.move is not None and not os.path.lexists(plan.move[0]):
            files.move(plan.move[1], plan.move[0], root=root)
        raise
    if plan.remove is not None:
        files.remove(plan.remove, root=root)
    return plan.done
