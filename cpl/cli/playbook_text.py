"""A playbook for people: as text at a terminal, or as Markdown; what must not be said stands first."""

from __future__ import annotations

from collections.abc import Iterator
from gettext import gettext as _
from typing import Final, NamedTuple

from cpl.config import Settings
from cpl.language import spoken_now
from cpl.playbook import Playbook, Step, Text, said
from cpl.render import visible, visible_lines
from cpl.views import length

_BOX: Final = "[ ] "
_AVOID: Final = "! "


class Part(NamedTuple):
    """A titled list; `mark` stands before each item, a number where it is empty."""

    title: str
    items: list[str]
    mark: str = "- "


def as_text(playbook: Playbook, settings: Settings) -> str:
    """The whole playbook in the store's language, as it is read at a terminal."""
    lines = [_heading(playbook, settings)]
    for part in _parts(playbook, settings):
        lines += ["", part.title]
        for number, item in enumerate(part.items, 1):
            lines.append(f"  {part.mark or f'{number}. '}" + item.replace("\n", "\n    "))
    return visible_lines("\n".join(lines)) + "\n"


def as_markdown(playbook: Playbook, settings: Settings) -> str:
    """The whole playbook in the store's language, as Markdown."""
    lines = [f"# {_heading(playbook, settings)}"]
    for part in _parts(playbook, settings):
        bold = "**" if part.mark == _AVOID else ""
        box = _BOX if part.mark == _BOX else ""
        lines += ["", f"## {part.title}", ""]
        for number, item in enumerate(part.items, 1):
            lines.append(f"{'-' if part.mark else f'{number}.'} {box}{bold}" + item.replace("\n", "\n  ") + bold)
    return visible_lines("\n".join(lines)) + "\n"


def _heading(playbook: Playbook, settings: Settings) -> str:
    clause = f" ({playbook.clause})" if playbook.clause else ""
    return f"{playbook.name}  {visible(said(playbook.label, settings.language))}{clause}"


def _parts(playbook: Playbook, settings: Settings) -> Iterator[Part]:
    """All that a playbook holds (CL-2), and how to behave (CL-4)."""
    language = settings.language
    lists = {name: [said(each, language) for each in texts] for name, texts in playbook.lists.items()}
    parts = [
        Part(_("AVOID: do not promise or mention"), lists["avoid"], _AVOID),
        Part(_("What the complainant expects"), lists["expectations"]),
        Part(_("Steps"), [_step_words(step, settings) for step in playbook.steps], ""),
        Part(_("Facts to collect"), lists["facts"], _BOX),
        Part(_("Papers"), lists["papers"], _BOX),
        Part(_("Notice"), _texts(playbook.notice, language), "| "),
        Part(_("Say, in outline"), lists["say"]),
        Part(_("Risks"), lists["risks"]),
        Part(_("To improve, internal"), lists["improvement"]),
        Part(_("Conduct"), _conduct()),
    ]
    return (part for part in parts if part.items)


def _conduct() -> list[str]:
    return [
        _("be patient, let them finish, show that you care; weigh your words, and never quarrel"),
        _("give way where that is reasonable; hand over upwards what you may not decide"),
        _("promise only what will be kept, and write it down: cpl task ID add TEXT --kind promise --due INSTANT"),
    ]


def _texts(text: Text | None, language: str) -> list[str]:
    return [] if text is None else [said(text, language)]


def _step_words(step: Step, settings: Settings) -> str:
    """`arrive (patrol, within 10m): …`."""
    role = None if step.role is None else settings.label(settings.profile.roles.get(step.role), step.role)
    about = ", ".join([*([role] if role else []), *_when(step)])
    return step.name + (f" ({about})" if about else "") + f": {said(step.text, settings.language)}"


def _when(step: Step) -> Iterator[str]:
    if step.within is not None:
        yield _("within {length}").format(length=length(step.within, spoken_now()))
    if step.every is not None:
        yield _("every {length}").format(length=length(step.every, spoken_now()))
    if step.ahead is not None:
        yield _("{length} ahead of the date").format(length=length(step.ahead, spoken_now()))
    if step.at is not None:
        yield _("at {time}").format(time=f"{step.at:%H:%M}")
    if step.each is not None:
        yield _("for each of {register}").format(register=step.each)
