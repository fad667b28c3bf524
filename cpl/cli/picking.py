"""What is right where both sides of a merge changed a place: as the command line says, or as a person answers."""

from __future__ import annotations

from collections.abc import Mapping
from gettext import gettext as _
from typing import Any, Final

import click

from cpl import unmerged
from cpl.cli.app import App
from cpl.cli.writing import typed
from cpl.errors import CplError
from cpl.merge import Clash
from cpl.render import visible
from cpl.schema import shown
from cpl.settling import Case
from cpl.values import frozen

OURS: Final = "ours"
THEIRS: Final = "theirs"
_BOTH: Final = "both"
_VALUE: Final = "value"
_LATER: Final = "later"


class NotPicked(CplError):
    """Something is in conflict, nothing says which side is right, and nobody can be asked."""


@frozen
class Picker:
    """Picks a value for each place in conflict: from `values` by name, else of the `side`, else what is answered."""

    app: App
    side: str | None
    values: Mapping[str, str]

    def picked(self, case: Case) -> dict[str, Any] | None:
        """The value for each place in conflict; None where the person leaves it for later.

        Raises:
            NotPicked: something is to be picked and nobody can be asked.
        """
        picked: dict[str, Any] = {}
        is_told = False
        for clash in case.clashes:
            if clash.name in self.values:
                picked[clash.name] = _typed(clash, self.values[clash.name])
            elif self.side is not None:
                picked[clash.name] = clash.ours if self.side == OURS else clash.theirs
            else:
                if not is_told:
                    self._tell(case)
                    is_told = True
                value = self._ask(case, clash)
                if value is _LATER:
                    return None
                picked[clash.name] = value
        return picked

    def _tell(self, case: Case) -> None:
        """Show every place in conflict with both sides, who was there last, and when."""
        ours, theirs = unmerged.told(self.app.store.git, case.path)
        self.app.say(f"{case.id}  {case.path}")
        for clash in case.clashes:
            self.app.say(f"  {clash.name}")
            self.app.say(_side(OURS, clash.ours, ours))
            self.app.say(_side(THEIRS, clash.theirs, theirs))

    def _ask(self, case: Case, clash: Clash) -> Any:
        if not self.app.asks:
            names = ", ".join(each.name for each in case.clashes if each.name not in self.values)
            message = _(
                "{id}: {names}: say which side is right: --ours, --theirs, or --field NAME=VALUE for one field; "
                "or settle it in your editor: --edit"
            )
            raise NotPicked(message.format(id=case.id, names=names))
        choices = [OURS, THEIRS, _BOTH if clash.is_section else _VALUE, _LATER]
        answer = click.prompt(visible(clash.name), type=click.Choice(choices), err=True)
        if answer == _VALUE:
            text: str = click.prompt(_("Value"), err=True)
            return _typed(clash, text)
        both = [*(clash.ours or ()), *(clash.theirs or ())[1:]] if clash.is_section else None
        return {OURS: clash.ours, THEIRS: clash.theirs, _BOTH: both, _LATER: _LATER}[answer]


def word(case: Case, name: str, value: Any) -> str:
    """How a value was picked."""
    clash = next(each for each in case.clashes if each.name == name)
    if value == clash.ours:
        return OURS
    if value == clash.theirs:
        return THEIRS
    return _BOTH if clash.is_section else shown(value)


def _typed(clash: Clash, text: str) -> Any:
    """The value that a text stands for in a field; an empty text takes it away.

    Raises:
        click.UsageError: it is no field that can be given a value so.
    """
    if clash.is_section or any(isinstance(each, int) for each in clash.place):
        message = _("{name} takes one of the sides: --ours, --theirs; or settle it in your editor: --edit")
        raise click.UsageError(message.format(name=clash.name))
    if not text.strip():
        return None
    value: Any = typed(clash.name, text)
    for part in clash.place:
        value = value[part]
    return value


def _side(name: str, value: Any, who: str) -> str:
    """One side of a conflict for a person to read."""
    about = f" ({who})" if who else ""
    if isinstance(value, list):
        return "\n".join([f"    {name}{about}", *(f"      {line}" for line in value)])
    return f"    {name}{about}: {shown(value)}"
