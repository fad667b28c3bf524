"""How a command changes a register: lock, read, change, check, write, commit."""

from __future__ import annotations

from collections.abc import Callable
from gettext import gettext as _
from typing import Final

from cpl import register_edits
from cpl.cli.app import App
from cpl.document import Document
from cpl.language import said, spoken
from cpl.registers import Register
from cpl.writes import Commit, Write

ACTION: Final = "register"

Edit = Callable[[Document], tuple[Document, str]]
"""Makes the next version of a register, and says what it did; nothing personal, for that goes into the commit."""


def change_register(app: App, register: Register, edit: Edit, *, commit: bool = True) -> str:
    """Write a register's next version and commit it; what was done. What `edit` refuses leaves all as it was."""
    store = app.store
    store.require_repository()
    with store.lock():
        if commit:
            store.require_commit([register.path])
        before = store.file(register.path)
        document, words = edit(register_edits.begun(register, before))
        subject = said("register {name}: {what}", name=register.name, what=words)
        store.write([Write(document, before)], Commit(subject, ACTION) if commit else None, app.now)
    if commit:
        app.hint_at_hooks()
    return str(spoken(subject)) + ("" if commit else _(" (not committed)"))
