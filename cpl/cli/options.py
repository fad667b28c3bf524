"""Options, arguments and completions that several commands share."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import wraps
from gettext import gettext as _
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from cpl.cli.app import App
from cpl.errors import CplError
from cpl.render import FORMATS
from cpl.values import frozen

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

Command = TypeVar("Command", bound=Callable[..., Any])

LIST_FORMATS: Final = FORMATS


@frozen
class How:
    """What every write takes: who acts, when it happened, words for the handling log, whether to commit."""

    by: str | None
    at: str | None
    message: str | None
    commit: bool


def _app(context: click.Context) -> App:
    """The app of a completion, in which the group itself, and so `-C`, is not run."""
    root = context.find_root()
    app = root.ensure_object(App)
    app.folder = root.params.get("folder") or app.folder
    return app


class Name(click.ParamType[str]):
    """A name that the store knows, completed by the shell; whether it is right is said by the command."""

    def __init__(self, name: str, candidates: Callable[[App], Iterable[tuple[str, str]]]) -> None:
        self.name = name
        self._candidates = candidates

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:  # noqa: ARG002
        """The names that begin with what has been typed; without one, the only name that has it inside.

        Several that have it inside would make a shell replace what was typed by what they have in common.
        """
        from click.shell_completion import CompletionItem

        from cpl.render import one_line

        try:
            found = list(self._candidates(_app(ctx)))
        except (CplError, OSError):
            return []  # a message would end up in the middle of the command line
        wanted = incomplete.casefold()
        matching = [each for each in found if each[0].casefold().startswith(wanted)]
        inside = [each for each in found if wanted in each[0].casefold()]
        if not matching and len(inside) == 1:
            matching = inside
        return [CompletionItem(value, help=one_line(label)) for value, label in matching]


def _ids(app: App) -> Iterable[tuple[str, str]]:
    for entry in app.store.entries():
        yield entry.id, "" if entry.record is None else entry.record.title


def _states(app: App) -> Iterable[tuple[str, str]]:
    states = app.settings.profile.states.values()
    return [(state.name, state.label.get(app.settings.language, "")) for state in states]


def _people(app: App) -> Iterable[tuple[str, str]]:
    return [(person.id, person.name) for person in app.settings.people.values()]


def term(field: str) -> Name:
    """A name of one of the profile's maps, such as a kind or a category."""

    def candidates(app: App) -> Iterable[tuple[str, str]]:
        terms = app.settings.profile.terms[field].values()
        return [(each.name, each.label.get(app.settings.language, "")) for each in terms]

    return Name(field, candidates)


def _ids_and_states(app: App) -> Iterable[tuple[str, str]]:
    return [*_ids(app), *_states(app)]


RECORD: Final = Name("id", _ids)
MOVED: Final = Name("id", _ids_and_states)  # the shell can't tell the last of the ids from the state behind them
STATE: Final = Name("state", _states)
PERSON: Final = Name("person", _people)


def _never_ask(context: click.Context, _option: click.Parameter, is_set: bool) -> None:
    if is_set:
        _app(context).no_input = True


def writes(command: Command) -> Command:
    """Give a command the options of every write, as one argument `how`."""

    @wraps(command)
    def wrapped(*args: Any, by: str | None, at: str | None, message: str | None, commit: bool, **rest: Any) -> Any:
        return command(*args, how=How(by, at, message, commit), **rest)

    options = (
        click.option("--by", type=PERSON, metavar="PERSON", help=_("Who did it; default: you, by git's user.email.")),
        click.option("--at", metavar="INSTANT", help=_("When it happened, if not now; never in the future.")),
        click.option("-m", "--message", metavar="TEXT", help=_("Words for the handling log and the commit.")),
        click.option("--no-input", is_flag=True, expose_value=False, callback=_never_ask, help=_("Never ask.")),
        click.option("--no-commit", "commit", flag_value=False, default=True, help=_("Write the file, don't commit.")),
    )
    result: Any = wrapped
    for option in reversed(options):
        result = option(result)
    return result  # type: ignore[no-any-return]  # click's decorators give back what they got


def _do_without_index(context: click.Context, _option: click.Parameter, is_set: bool) -> None:
    if is_set:
        _app(context).uses_index = False


def index_option(command: Command) -> Command:
    """The option `--no-index` of what reads many records."""
    words = _("Read every file instead of asking the index first; the answer is the same.")
    return click.option("--no-index", is_flag=True, expose_value=False, callback=_do_without_index, help=words)(command)


def output_format(default: str = "table", formats: Iterable[str] = LIST_FORMATS) -> Callable[[Command], Command]:
    """The option `--format`."""
    return click.option(
        "--format",
        "fmt",
        type=click.Choice(list(formats)),
        default=default,
        show_default=True,
        help=_("How to print it."),
    )


def at_option(command: Command) -> Command:
    """The option `--at` of what only reads: what it looked like then."""
    return click.option("--at", metavar="INSTANT", help=_("As it was at this instant; default: now."))(command)
