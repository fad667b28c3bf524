"""How the outcome of a task is told: in words behind it, and as JSON."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from gettext import gettext as _
from gettext import ngettext

from cpl.cli.app import App
from cpl.promises import Fate
from cpl.render import Cell, duration


def outcome_words(app: App, fate: Fate) -> str:
    """`kept`, `broken by 2 h` or nothing, and how often and why it was rescheduled; nothing to say: the empty text."""
    return "; ".join(part for part in (_judged(app, fate), _rescheduled(fate)) if part)


def _judged(app: App, fate: Fate) -> str:
    if fate.due_at is None or fate.late is None:
        return ""
    if fate.outcome == "kept":
        return _("kept")
    if fate.outcome != "broken":
        return ""
    length = duration(int(fate.late.total_seconds()))
    words = _("broken by {length}")
    if fate.was_moved_too_late:
        words = _("broken by {length} (it was due {at}, and rescheduled only after that)")
    return words.format(length=length, at=local_minute(app, fate.due_at))


def _rescheduled(fate: Fate) -> str:
    times = len(fate.reschedules)
    if not times:
        return ""
    words = ngettext("rescheduled {n} time: {reasons}", "rescheduled {n} times: {reasons}", times)
    return words.format(n=times, reasons="; ".join(fate.reasons))


def local_minute(app: App, instant: datetime) -> str:
    """`2026-11-17 12:00` in the store's zone, with seconds where there are any."""
    local = instant.astimezone(app.settings.zone)
    return f"{local:%Y-%m-%d %H:%M}" + (f":{local:%S}" if local.second else "")


def fates_json(app: App, fates: Iterable[Fate]) -> list[Cell]:
    """Each outcome for programs: `due_at` is the due that it was judged by; null of a task without one."""
    return [_fate_json(app, fate) for fate in fates]


def _fate_json(app: App, fate: Fate) -> Cell:
    zone = app.settings.zone
    ended_by = fate.ended_by
    return {
        "task": fate.task.id,
        "kind": fate.task.kind,
        "who": fate.task.who,
        "result": fate.outcome,
        "due_at": None if fate.due_at is None else fate.due_at.astimezone(zone),
        "ended_at": None if ended_by is None else ended_by.at.astimezone(zone),
        "ended_by": None if ended_by is None else ended_by.key,
        "late_seconds": None if fate.late is None else int(fate.late.total_seconds()),
        "rescheduled": len(fate.reschedules),
        "reasons": list(fate.reasons),
    }
