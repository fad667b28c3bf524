"""Checks of what a clone does not bring along: git's hooks that check records, and the driver that merges them."""

from __future__ import annotations

from collections.abc import Iterator
from gettext import gettext as _
from typing import Final

from cpl import attributes, driver, hook_states, hooking
from cpl.finding import Clone, Finding

# What an installation puts right; in the other states somebody has to decide.
_INSTALLABLE: Final = (
    hook_states.MISSING,
    hook_states.NOT_EXECUTABLE,
    hook_states.INTERPRETER_GONE,
    hook_states.EARLIER_CHANGED,
    hook_states.OTHER_STORE,
)


def hooks(clone: Clone) -> Iterator[Finding]:
    """Whether git has cpl check what is committed by hand, and what a merge makes."""
    states = hooking.state(clone.store, clone.interpreter)
    words = ", ".join(f"{each.name}: {each.words}" for each in states)
    wrong = [each for each in states if not each.is_in_order]
    if not wrong:
        yield Finding("hooks", "ok", words)
        return
    remedy = "; ".join(dict.fromkeys(each.remedy for each in wrong))
    can_install = all(each.state in _INSTALLABLE for each in wrong)
    yield Finding("hooks", "warning", words, remedy, _install_hooks if can_install else None)


def _install_hooks(clone: Clone) -> str:
    done = hooking.install(clone.store, clone.interpreter)
    return ", ".join(f"{each.name}: {each.words}" for each in done)


def merge_driver(clone: Clone) -> Iterator[Finding]:
    """Whether git can run the merge driver that .gitattributes names."""
    if "merge" in attributes.lacking(clone.git):
        yield Finding("merge-driver", "ok", _("not asked for: .gitattributes does not say merge=cpl for records"))
        return
    state = driver.state(clone.store)
    if state is driver.State.READY:
        yield Finding("merge-driver", "ok", _("registered, and its Python is there"))
    elif state is driver.State.ABSENT:
        words = _("not registered in this clone, so git merges records line by line")
        yield Finding("merge-driver", "warning", words, "cpl doctor --fix", _register)
    else:
        words = _(
            "registered, but its Python is gone, or another command stands there; git merges as text, or loses a side"
        )
        yield Finding("merge-driver", "error", words, "cpl doctor --fix", _register)


def _register(clone: Clone) -> str:
    driver.register(clone.store)
    return _("registered in git's settings of this clone")
