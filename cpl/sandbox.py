"""The template language as far as a template may go: names, conditions and loops over plain data.

Nothing of it runs code, loads a file or reaches an object behind a value. How long it may take is said in `templating`.
"""

from __future__ import annotations

import codecs
import traceback
import warnings
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from difflib import get_close_matches
from typing import Any, Final, NoReturn

from jinja2 import StrictUndefined, Template, TemplateSyntaxError, Undefined, nodes, pass_context
from jinja2.debug import rewrite_traceback_stack
from jinja2.exceptions import SecurityError
from jinja2.runtime import Context, LoopContext, Macro
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup

from cpl import markdown

ALONE: Final = "alone"
LACKING: Final = "lacking"
REFUSED: Final = "refused"
UNDEFINED: Final = "undefined"
WRONG: Final = "wrong"

_FILTERS: Final = (
    "default",
    "first",
    "last",
    "length",
    "lower",
    "map",
    "rejectattr",
    "selectattr",
    "sort",
    "sum",
    "trim",
    "unique",
    "upper",
)
_TESTS: Final = ("defined", "none", "odd", "even", "in", "eq", "ne", "gt", "ge", "lt", "le")
_LOOP: Final = ("index", "index0", "first", "last", "length", "previtem", "nextitem")
_LARGEST: Final = 10**12
_OTHERS: Final = (nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends, nodes.Block)
_GLUE: Final = (nodes.Concat,)


class _Given(dict[str, str]):
    """What the person says for this text alone."""


class _Lacking(Exception):
    """The template uses something of `given` that was not said."""


class Fault(Exception):
    """What is wrong with a template: at which line of its text, of which kind, in Jinja's words."""

    def __init__(self, line: int, kind: str, words: str) -> None:
        self.line, self.kind, self.words = line, kind, words
        super().__init__(words)


class _Environment(ImmutableSandboxedEnvironment):
    """Values are mappings, lists, texts and numbers: only what they hold can be reached, nothing of them is called."""

    intercepted_binops = frozenset({"+", "*", "**", "%"})

    def __init__(self) -> None:
        super().__init__(autoescape=True, undefined=StrictUndefined, finalize=_shown, trim_blocks=True)
        own = {"join": _join, "lines": _lines}
        self.filters = {name: self.filters[name] for name in _FILTERS} | own
        self.tests = {name: self.tests[name] for name in _TESTS}
        self.globals = {}

    def getattr(self, obj: Any, attribute: str) -> Any:
        """What a mapping holds under the name, or what a loop tells; no attribute of a Python object."""
        if isinstance(obj, LoopContext) and attribute in _LOOP:
            return getattr(obj, attribute)
        return self.getitem(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        """What a mapping, a list or a text holds there."""
        if isinstance(obj, _Given) and argument not in obj:
            raise _Lacking(argument)
        is_place = isinstance(obj, list | str) and isinstance(argument, int | slice)
        if isinstance(obj, Mapping) or is_place:
            try:
                return obj[argument]
            except (LookupError, TypeError):
                return self.undefined(_no_such(argument, obj))
        if isinstance(obj, Undefined):
            return obj[argument]
        return self.undefined(_no_such(argument, ()))

    def call(self, context: Context, obj: Any, /, *args: Any, **kwargs: Any) -> Any:
        """Call a macro, which the template itself has defined; nothing else."""
        if not isinstance(obj, Macro):
            raise SecurityError("a template can call nothing but its own macros")
        return context.call(obj, *args, **kwargs)

    def handle_exception(self, source: str | None = None) -> NoReturn:
        """As Jinja does, without importing what it needs now: nothing can be read any more."""
        raise rewrite_traceback_stack(source=source)

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """A sum, product or remainder of numbers of ordinary size."""
        if operator == "**" or not (_is_ordinary(left) and _is_ordinary(right)):
            raise SecurityError(f"'{operator}' is only for numbers of ordinary size, and '**' for none")
        return super().call_binop(context, operator, left, right)


def _no_such(name: Any, known: Iterable[str]) -> str:
    near = get_close_matches(str(name), list(map(str, known)), n=1)
    return f"there is no '{name}' here" + (f"; did you mean '{near[0]}'?" if near else "")


def _is_ordinary(value: Any) -> bool:
    return isinstance(value, int | float | Decimal) and -_LARGEST <= value <= _LARGEST


@pass_context  # so that Jinja asks it about constants too, each time
def _shown(_context: Context, value: Any) -> Any:
    """A value as it is put between the template's own text: as text that means nothing in Markdown."""
    if isinstance(value, Markup):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "✓" if value else "✗"
    if isinstance(value, str | int | float | Decimal | Undefined):
        return Markup(markdown.inline(str(value)))
    raise TypeError("here stands a list or a mapping; take something out of it, or use |join")


def _join(values: Iterable[Any], between: str = ", ") -> str:
    return between.join(str(value) for value in values if value not in (None, ""))


def _lines(value: Any) -> Markup:
    return Markup(markdown.block(str(value)))


def prepare() -> None:
    """Load what Jinja loads when it first needs it, for where nothing can be read any more."""
    codecs.lookup("unicode-escape")


def rendered(text: str, context: Mapping[str, Any]) -> str:
    """What the template `text` makes of `context`, which holds nothing but mappings, lists, texts, numbers and None.

    Raises:
        Fault: whatever the template does wrong.
        MemoryError: there is not enough room.
    """
    name = "template"
    try:
        return _template(text, name).render({**context, "given": _Given(context.get("given", {}))})
    except (MemoryError, Fault):
        raise
    except TemplateSyntaxError as error:
        raise Fault(error.lineno, WRONG, str(error.message)) from error
    except _Lacking as error:
        raise Fault(_line(error, name), LACKING, str(error)) from error
    except SecurityError as error:
        raise Fault(_line(error, name), REFUSED, str(error)) from error
    except Exception as error:  # a template can make any operation of Python fail, and each is the template's fault
        kind = UNDEFINED if type(error).__name__ == "UndefinedError" else WRONG
        raise Fault(_line(error, name), kind, str(error) or type(error).__name__) from error


def _template(text: str, name: str) -> Template:
    environment = _Environment()
    tree = environment.parse(text, name, name)
    for node in tree.find_all(_OTHERS):
        raise Fault(node.lineno, ALONE, type(node).__name__.lower())
    for glue in tree.find_all(_GLUE):  # it would take text for Markdown where the other side is
        raise Fault(glue.lineno, REFUSED, "write two expressions side by side instead of '~'")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SyntaxWarning)  # what Python thinks of the code that Jinja makes
        code = environment.compile(tree, name, name)
    return environment.template_class.from_code(environment, code, {})


def _line(error: BaseException, name: str) -> int:
    """The line of the template at which it happened, as Jinja has put it into the traceback."""
    lines = [line for frame, line in _frames(error) if frame == name]
    return lines[-1] if lines else 1


def _frames(error: BaseException) -> Iterator[tuple[str, int]]:
    for frame, line in traceback.walk_tb(error.__traceback__):
        yield frame.f_code.co_filename, line
