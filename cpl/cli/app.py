"""What every command gets: the store, the settings, now, who acts, and how to print; made and imported on demand."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from gettext import gettext as _
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cpl.errors import CplError
from cpl.moments import fixed, format_instant, parse_instant

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cpl.config import Settings
    from cpl.render import Cell, Column
    from cpl.store import Store


def system_choice(characters: str) -> str:
    """One of the characters, by chance that nobody can foresee."""
    import secrets

    return secrets.choice(characters)


def system_now() -> datetime:
    """The present second."""
    return datetime.now(UTC).replace(microsecond=0)


@dataclass
class App:
    """One run of the program. `clock`, `env` and `choose` are the only ways to time, environment and chance."""

    clock: Callable[[], datetime] = system_now
    env: Mapping[str, str] = field(default_factory=lambda: os.environ)
    git_env: Mapping[str, str] = field(default_factory=dict)
    folder: Path | None = None
    no_input: bool = False
    choose: Callable[[str], str] = system_choice

    @cached_property
    def store(self) -> Store:
        """The store around the folder that the command works in."""
        from cpl.store import Store, find_root

        return Store(find_root((self.folder or Path.cwd()).resolve()), self.git_env)

    @property
    def settings(self) -> Settings:
        """The store's settings."""
        return self.store.settings

    @cached_property
    def now(self) -> datetime:
        """The instant of this run, with the store's offset."""
        return fixed(self.clock().astimezone(self.settings.zone))

    @property
    def asks(self) -> bool:
        """Whether a person at a terminal can be asked."""
        return not self.no_input and sys.stdin.isatty() and sys.stderr.isatty()

    @property
    def width(self) -> int | None:
        """The terminal's width in columns; None when the output goes elsewhere."""
        return shutil.get_terminal_size().columns if sys.stdout.isatty() else None

    def say(self, text: str) -> None:
        """Words for the person, on stderr."""
        from cpl.render import visible_lines

        click.echo(visible_lines(text), err=True)

    def emit(self, rows: Sequence[Mapping[str, Cell]], columns: Sequence[Column], fmt: str) -> None:
        """Print rows on stdout in the format that was asked for."""
        from cpl import render

        click.echo(render.rows(rows, columns, fmt, width=self.width), nl=False)

    def instant(self, text: str) -> datetime:
        """The instant that an option names; without an offset it is meant in the store's zone."""
        return parse_instant(text, self.settings.zone)

    def read_only_instant(self, text: str | None) -> datetime:
        """The instant that a report is made for: now unless `--at` says otherwise."""
        if text is None:
            return self.now
        instant: datetime = bad_parameter("--at", self.instant, text)
        return instant

    def acting(self, by: str | None) -> str:
        """The person who acts: `--by`, else CPL_USER, else whoever has git's user.email.

        Raises:
            CplError: nobody is found, or the name is not one of the people.
        """
        people = self.settings.people
        named = by or self.env.get("CPL_USER")
        if named:
            if named not in people:
                from cpl.schema import did_you_mean

                message = _("'{name}' is not one of the people in cpl.yaml").format(name=named)
                raise CplError(message + did_you_mean(named, people))
            return named
        person = self.recording
        if person is None:
            message = _(
                "nobody in cpl.yaml has your git address; say who acts: --by PERSON or CPL_USER=PERSON"
            )
            raise CplError(message)
        return person

    @cached_property
    def recording(self) -> str | None:
        """The person whose address git has, who writes things down; None when nobody has it."""
        identity = self.store.git.identity()
        person = None if identity is None else self.settings.person_with(identity[1])
        return None if person is None else person.id

    def acted_at(self, at: str | None) -> datetime:
        """When it happened: now, or `--at`, which can't lie in the future."""
        if at is None:
            return self.now
        instant: datetime = bad_parameter("--at", self.instant, at)
        if instant > self.now + timedelta(seconds=1):
            message = _("--at {at} lies in the future; now is {now}")
            raise CplError(message.format(at=format_instant(instant), now=format_instant(self.now)))
        return instant


pass_app = click.make_pass_decorator(App, ensure=True)


def bad_parameter(option: str, parse: Callable[[str], Any], text: str) -> Any:
    """What `parse` makes of an option's text; its ValueError becomes a usage error that names the option."""
    try:
        return parse(text)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint=option) from None


@contextmanager
def kept_on_failure(app: App, name: str, text: str) -> Iterator[None]:
    """Keep `text`, which a person typed, in a file when the block fails, and say where."""
    try:
        yield
    except BaseException:
        if text.strip():
            from cpl import files

            app.say(
                _("your text is kept in {path}").format(path=files.keep(app.store.kept_folder(), name, text))
            )
        raise
