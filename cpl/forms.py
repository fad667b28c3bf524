"""Which forms and letters there are, and what the head of each says; a store's own file of a name wins."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from gettext import gettext as _
from pathlib import Path
from typing import Any, Final

from cpl import document
from cpl.errors import CplError, Invalid, Problem
from cpl.patterns import regex
from cpl.places import shipped, template
from cpl.schema import did_you_mean, list_of, map_of, struct, text, word
from cpl.templating import Template, TemplateFault
from cpl.values import frozen

FORMS: Final = "templates/forms"
LETTERS: Final = "templates/letters"

TAKES: Final = ("record", "records", "day", "room", "residents")
_PAPERS: Final = ("portrait", "landscape")
RECEIPT: Final = "receipt"
FINISH: Final = "finish"
_COUNTED: Final = (RECEIPT, FINISH)
_NAME: Final = regex(r"(?P<name>[a-z0-9][a-z0-9-]{0,60})\.(?P<language>[a-z]{2})\.md")
_HEAD: Final = struct(
    {
        "label": text,
        "takes": word,
        "where": text,
        "counted": word,
        "paper": word,
        "did": word,
        "about": word,
        "requires": list_of(word),
        "when": map_of(list_of(text)),
    },
    required=["label"],
)


@frozen
class Form:
    """A form or a letter in one language.

    `takes` is one of TAKES, for a letter always a record; `where` is a condition for the records of a form, `counted`
    the instant by which they belong to a period. A letter that is sent is the event `did` with this `about`; it is
    not written before the record has what `requires` names, if it is one of which `when` is true.
    """

    name: str
    language: str
    label: str
    template: Template
    is_own: bool
    takes: str
    where: str
    counted: str
    landscape: bool
    did: str
    about: str | None
    requires: tuple[str, ...]
    when: Mapping[str, tuple[str, ...]]


def names(root: Path, folder: str) -> list[str]:
    """The names of all forms of a folder, in order."""
    return sorted({name for name, _language in _files(root, folder)})


def every(root: Path, folder: str, language: str) -> Iterator[Form]:
    """All forms of a folder in the language, or in the one that they have, by name. Raises as `find`."""
    return (find(root, folder, name, language) for name in names(root, folder))


def find(root: Path, folder: str, name: str, language: str) -> Form:
    """The form of that name in the language, else in another one.

    Raises:
        CplError: there is none.
        Invalid, TemplateFault: its head is not right.
    """
    found = _files(root, folder)
    languages = sorted((each for known, each in found if known == name), key=lambda each: (each != language, each))
    if not languages:
        kind = _("form") if folder == FORMS else _("letter")
        message = _("there is no {kind} '{name}'").format(kind=kind, name=name)
        raise CplError(message + did_you_mean(name, {known for known, _language in found}))
    return _read(root, folder, name, languages[0])


def _files(root: Path, folder: str) -> set[tuple[str, str]]:
    """The names and languages of all forms in a folder, shipped or the store's own."""
    found = set()
    for base in (shipped(), root):
        place = base / folder
        for path in place.iterdir() if place.is_dir() else ():
            if match := _NAME.fullmatch(path.name):
                found.add((match["name"], match["language"]))
    return found


def _read(root: Path, folder: str, name: str, language: str) -> Form:
    path = f"{folder}/{name}.{language}.md"
    data = template(root, path)
    if data is None:
        raise CplError(_("{path} was there a moment ago and is gone; try again").format(path=path))
    parsed, problems = document.parse(data, path)
    errors = [problem for problem in problems if problem.is_error]
    head = None if parsed is None or errors else _HEAD(parsed.front, errors)
    if parsed is None or head is None or errors:
        missing = Problem(path, 1, "E020", _("a template begins with a head: ---, label: NAME, ---"))
        raise Invalid(_("the template is not right:"), errors or [missing])
    _check(path, head)
    is_own = (root / path).is_file() and root != shipped()
    return Form(
        name,
        language,
        head["label"],
        Template(path, parsed.body, parsed.text.count("\n", 0, parsed.body_start)),
        is_own,
        takes=head.get("takes", TAKES[0]),
        where=head.get("where", ""),
        counted=head.get("counted", _COUNTED[0]),
        landscape=head.get("paper") == _PAPERS[1],
        did=head.get("did", "contact"),
        about=head.get("about"),
        requires=head.get("requires", ()),
        when=head.get("when", {}),
    )


def _check(path: str, head: Mapping[str, Any]) -> None:
    """Raise TemplateFault for a word in a head that is none of those which it can be."""
    choices = {"takes": TAKES, "paper": _PAPERS, "counted": _COUNTED, "did": ("contact", "forward")}
    for name, known in choices.items():
        if (value := head.get(name, known[0])) not in known:
            message = _("'{value}' is not a value of '{name}'").format(value=value, name=name)
            raise TemplateFault(path, 1, message + did_you_mean(value, known))
