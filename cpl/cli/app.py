"""What every command gets: the store, the settings, now, who acts, and how to print; made and imported on demand."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import Decimal
from functools import cached_property, wraps
from gettext import gettext as _
from pathlib import Path
from typing import TYPE_CHECKING, Any, Concatenate, Final, ParamSpec, TextIO, TypeVar

import click

from cpl.errors import CplError
from cpl.moments import fixed, format_instant, parse_instant
from cpl.patterns import regex
from cpl.values import replace

_MANY: Final = 3000  # files that take longer to read than a person wants to wait without a word
_TIME_OF_DAY: Final = regex(r"[0-9]{2}:[0-9]{2}")

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cpl.config import Settings
    from cpl.git_begun import Begun
    from cpl.index import Index
    from cpl.record import Record
    from cpl.render import Cell, Column
    from cpl.store import Entry, Store

T = TypeVar("T")
P = ParamSpec("P")
Among = Callable[["Index"], Iterable[str]]
"""A question to the index: which records may matter. The files say which do."""


def system_choice(characters: str) -> str:
    """One of the characters, by chance that nobody can foresee."""
    import secrets

    return secrets.choice(characters)


def system_now() -> datetime:
    """The present second."""
    return datetime.now(UTC).replace(microsecond=0)


@dataclass
class App:
    """One run of the program. `clock`, `env` and `choose` are the only ways to time, environment and chance.

    `interpreter` is what hooks will run cpl by. `hints` says whether a write may add advice about the clone.
    """

    clock: Callable[[], datetime] = system_now
    env: Mapping[str, str] = field(default_factory=lambda: os.environ)
    git_env: Mapping[str, str] = field(default_factory=dict)
    folder: Path | None = None
    no_input: bool = False
    choose: Callable[[str], str] = system_choice
    interpreter: str = sys.executable
    hints: bool = True
    uses_index: bool = True
    compared: Begun | None = None

    @cached_property
    def store(self) -> Store:
        """The store around the folder that the command works in."""
        from cpl.places import find_root
        from cpl.store import Store

        try:
            here = self.folder or Path.cwd()
        except FileNotFoundError:
            raise CplError(_("the folder that you are in is gone; go to another one: cd FOLDER")) from None
        return Store(find_root(here.resolve()), self.git_env, self._ids_like, self.say)

    def _ids_like(self, store: Store, pieces: Sequence[str]) -> dict[str, str]:
        """The paths of records by the ids that their files are named by, at least those with a piece in them."""
        found = self.ask_index(lambda index: index.names(*pieces))
        return store.ids() if found is None else found

    @cached_property
    def index(self) -> Index:
        """The index of the store; asking it may be refused."""
        from cpl.index import Help, Index

        return Index(self.store, Help(self._watch, self.say), self.compared)

    def ahead(self, work: Callable[[], T]) -> T:
        """What `work`, which reads and prints, returns; done while git compares, and again if anything is new.

        Nothing is printed before it is known to be right. Raises: what `work` does.
        """
        from cpl.cli.held import Held
        from cpl.index import Unusable

        held = Held()
        try:
            found = self.index.ahead(lambda: held.result_of(work)) if self.uses_index else None
        except Unusable:
            found = None
        if found is None:
            return work()
        held.release()
        return found[0]

    def _watch(self, items: Iterable[T], count: int) -> Iterable[T]:
        """The same items, with a bar on a person's terminal where there are many."""
        if count < _MANY or not _is_terminal(sys.stderr):
            return items
        return self._with_bar(items, count)

    def _with_bar(self, items: Iterable[T], count: int) -> Iterator[T]:
        with click.progressbar(items, count, label=_("reading"), file=sys.stderr) as bar:
            yield from bar

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
        return not self.no_input and _is_terminal(sys.stdin) and _is_terminal(sys.stderr)

    @property
    def is_watched(self) -> bool:
        """Whether what is said on stderr goes to a terminal, and into no file."""
        return _is_terminal(sys.stderr)

    @property
    def width(self) -> int | None:
        """The terminal's width in columns; None when the output goes elsewhere."""
        if not _is_terminal(sys.stdout):
            return None
        import shutil

        return shutil.get_terminal_size().columns

    def say(self, text: str) -> None:
        """Words for the person, on stderr."""
        from cpl.render import visible_lines

        click.echo(visible_lines(text), err=True)

    def hint_at_hooks(self) -> None:
        """After a commit: say so when nothing checks the records that are committed by hand in this clone."""
        from cpl.git import GitFailed
        from cpl.hook_states import are_active

        if not self.hints:
            return
        try:
            is_checked = are_active(self.store)
        except GitFailed as error:  # the commit is made, so this is no failure of the command
            self.say(str(error))
            return
        if not is_checked:
            self.say(_("this clone has no hooks that check records; run: cpl doctor --fix"))

    def warn_of_provisional_years(self) -> None:
        """Say, at the end of a run, by which years without data something was reckoned."""
        store = vars(self).get("store")  # a run that needed no settings is not to read them now
        settings = None if store is None else vars(store).get("settings")
        calendar = None if settings is None else settings.worktime.calendar
        if calendar is None:
            return
        for year in calendar.provisional:
            message = _(
                "calendar {name} has no data for {year}: only weekends and holidays on fixed dates count, so what is "
                "reckoned by it is provisional; when the dates are published: cpl calendar seed {year}"
            )
            self.say(message.format(name=calendar.name, year=year))

    def emit(self, rows: Sequence[Mapping[str, Cell]], columns: Sequence[Column], fmt: str) -> None:
        """Print rows on stdout in the format that was asked for."""
        from cpl import render

        click.echo(render.rows(rows, columns, fmt, width=self.width), nl=False)

    def ask_index(self, question: Callable[[Index], T]) -> T | None:
        """What the index says; None where there is none that can be used."""
        from cpl.index import Unusable

        try:
            return question(self.index) if self.uses_index else None
        except Unusable:
            return None

    def paths(self, among: Among) -> Iterable[str]:
        """The record files that a question to the index brings; all of them where there is no index."""
        found = self.ask_index(among)
        return self.store.paths() if found is None else found

    def tell_unreadable(self) -> None:
        """Name on stderr the files that hold no record, in order."""
        for _record in self.records(lambda index: index.faulty()):
            pass

    def entries(self, among: Among) -> Iterable[Entry]:
        """The records that a question to the index brings, perhaps without documents; all where there is no index."""
        return self.entries_at(self.paths(among))

    def entries_at(self, paths: Iterable[str]) -> Iterator[Entry]:
        """The records at these paths, perhaps without documents, with the names that the profile has now."""
        from cpl.store import read_record

        return (self.current(read_record(self.store.root, path)) for path in paths)

    def read(self, path: str) -> Entry:
        """The record file at `path`, with the names that the profile has now."""
        return self.current(self.store.read(path))

    def current(self, entry: Entry) -> Entry:
        """The entry with the names that the profile has now."""
        from cpl.renames import current

        record = entry.record and current(entry.record, self.settings.profile)
        return entry if record is entry.record else replace(entry, record=record)

    def records(self, among: Among) -> Iterator[Record]:
        """The records of these entries; one that can't be read is named on stderr, never missing in silence."""
        return self.readable(self.entries(among))

    def readable(self, entries: Iterable[Entry]) -> Iterator[Record]:
        """As `records`, of entries at hand."""
        for entry in entries:
            if entry.record is None:
                self.say(_("unreadable: {problem}").format(problem=entry.problems[0]))
            else:
                yield entry.record

    def instant(self, text: str) -> datetime:
        """The instant that an option names; without an offset it is meant in the store's zone, without a day today."""
        if _TIME_OF_DAY.fullmatch(text):
            text = f"{self.now.astimezone(self.settings.zone):%Y-%m-%d}T{text}"
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
        if by is not None:
            return self.known_person("--by", by)
        if named := self.env.get("CPL_USER"):
            return self.known_person("CPL_USER", named)
        if self.recording is None:
            raise CplError(self._why_nobody())
        return self.recording

    def known_person(self, option: str, name: str) -> str:
        """The person of that id, `me` being who acts.

        Raises:
            click.BadParameter: there is none.
        """
        if name == "me" and option not in ("--by", "CPL_USER"):
            return self.acting(None)
        people = self.settings.people
        if name not in people:
            from cpl.schema import did_you_mean

            message = _("'{name}' is not one of the people in cpl.yaml").format(name=name)
            raise click.BadParameter(message + did_you_mean(name, people), param_hint=option)
        return name

    def present_person(self, option: str, name: str, at: datetime) -> str:
        """As `known_person`, of somebody who is given work at that instant.

        Raises:
            click.BadParameter: there is none, or the person had left by then.
        """
        person = self.settings.people[self.known_person(option, name)]
        if self.had_left(person.id, at):
            message = _("'{name}' left after {until} (see cpl.yaml) and gets no new work; name somebody who is there")
            raise click.BadParameter(message.format(name=person.id, until=person.until), param_hint=option)
        return person.id

    def had_left(self, name: str, at: datetime) -> bool:
        """Whether one of the people had left by then; of somebody who is none of them it is not known."""
        from cpl.record import local_day

        person = self.settings.people.get(name)
        return person is not None and person.has_left(local_day(at, self.settings.zone))

    def _why_nobody(self) -> str:
        identity = self.store.identity
        if identity is None:
            return _(
                "git does not know who you are; run: git config user.name NAME; git config user.email EMAIL; "
                "or say who acts: --by PERSON"
            )
        message = _("nobody in cpl.yaml has your git address {email}; add it there, or say who acts: --by PERSON")
        return message.format(email=identity[1])

    @cached_property
    def recording(self) -> str | None:
        """The person whose address git has, who writes things down; None when nobody has it."""
        identity = self.store.identity
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


def _is_terminal(stream: TextIO | None) -> bool:
    """Whether the stream, which is None when the caller closed it, is a terminal."""
    return stream is not None and stream.isatty()


pass_app = click.make_pass_decorator(App, ensure=True)


def ahead(command: Callable[Concatenate[App, P], T]) -> Callable[Concatenate[App, P], T]:
    """A command that only reads and prints, done by `App.ahead`."""

    @wraps(command)
    def run(app: App, /, *args: P.args, **options: P.kwargs) -> T:
        return app.ahead(lambda: command(app, *args, **options))

    return run


def bad_parameter(option: str, parse: Callable[[str], Any], text: str) -> Any:
    """What `parse` makes of an option's text; its ValueError becomes a usage error that names the option."""
    try:
        return parse(text)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint=option) from None


def as_cell(value: Any, zone: tzinfo | None = None) -> Cell:
    """A record's value as a cell: instants in `zone` if there is one, numbers as they are written."""
    if isinstance(value, datetime):
        return value if zone is None else value.astimezone(zone)
    if isinstance(value, Mapping):
        return {name: as_cell(each, zone) for name, each in value.items()}
    if isinstance(value, tuple):
        return [as_cell(each, zone) for each in value]
    if isinstance(value, Decimal):
        return str(value)
    cell: Cell = value
    return cell


@contextmanager
def kept_on_failure(app: App, name: str, text: str | None) -> Iterator[None]:
    """Keep `text`, which a person typed, in a file when the block fails, and say where."""
    try:
        yield
    except BaseException:
        if text and text.strip() and (path := keep(app, name, text)):
            app.say(_("your text is kept in {path}").format(path=path))
        raise


def keep(app: App, name: str, text: str) -> Path | None:
    """The new private file that holds `text`; where none can be written, the text is printed instead."""
    from cpl import files

    try:
        return files.keep(app.store.kept_folder(), name, text)
    except CplError as error:
        app.say(_("your text could not be kept ({reason}); here it is:").format(reason=error))
        app.say(text)
        return None
