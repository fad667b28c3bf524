"""The language that cpl speaks in this run, and the catalogue of its words; not the labels of a profile."""

from __future__ import annotations

import gettext
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Final

from cpl.line import beginning
from cpl.patterns import bytes_regex

ENGLISH: Final = "en"
CHINESE: Final = "zh"
LANGUAGES: Final = (ENGLISH, CHINESE)
VARIABLE: Final = "CPL_LANG"

_CATALOGUES: Final = {CHINESE: Path(__file__).parent / "locale" / "zh_CN" / "LC_MESSAGES" / "cpl.mo"}
_LOCALES: Final = ("LC_ALL", "LC_MESSAGES", "LANG")
_STATED: Final = bytes_regex(rb"^language:[ \t]*['\"]?(\w+)", re.MULTILINE)


def speak(language: str) -> None:
    """Have the words of cpl and of click, whenever `gettext` is asked for one, come from that catalogue.

    `gettext.textdomain` would do so by the environment, and look for the file anew at each word, for 0.06 ms.
    """
    vars(gettext)["translation"] = _Chosen(language, _catalogue(language))


class _Chosen:
    """What stands in the place of `gettext.translation`; no dataclass, which would take longer to make than to use."""

    def __init__(self, language: str, words: gettext.NullTranslations) -> None:
        self.language = language
        self._words = words

    def __call__(self, *_names: object, **_options: object) -> gettext.NullTranslations:
        return self._words


def spoken_now() -> str:
    """The language that this process speaks."""
    found = gettext.translation
    return found.language if isinstance(found, _Chosen) else ENGLISH


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """Speak that language as long as the block goes on."""
    before = spoken_now()
    speak(language)
    try:
        yield
    finally:
        speak(before)


@cache
def _catalogue(language: str) -> gettext.NullTranslations:
    try:
        data = _CATALOGUES[language].read_bytes()
    except (KeyError, FileNotFoundError):  # English needs none, and a word that can't be found is better than none
        return gettext.NullTranslations()
    return gettext.GNUTranslations(io.BytesIO(data))


def later(text: str) -> str:
    """The text as it is, for the catalogue; it is looked up when the language is known."""
    return text


class Said(str):
    """English words that a record or a commit keeps, whatever the language of the run; people are told `spoken`."""

    __slots__ = ("spoken",)
    spoken: str


def told_as(text: str, told: str) -> Said:
    """A text that is kept, and what people are told in its place."""
    words = Said(text)
    words.spoken = told
    return words


def said(message: str, **values: object) -> Said:
    """The message with its values, to be kept; what is `Said` among these is spoken as well."""
    words = Said(message.format(**values))
    words.spoken = gettext.gettext(message).format(**{name: spoken(value) for name, value in values.items()})
    return words


def joined(separator: str, parts: Iterable[str]) -> Said:
    """Words that are kept, one after another."""
    each = [*parts]
    words = Said(separator.join(each))
    words.spoken = separator.join(str(spoken(part)) for part in each)
    return words


def spoken(words: object) -> object:
    """What people are told; other values as they are."""
    return getattr(words, "spoken", words)


def chosen(words: Sequence[str], env: Mapping[str, str], folder: Path | None) -> str:
    """The language of a command line: by --lang, CPL_LANG, the settings of the store in `folder`, or the locale.

    A language that cpl does not speak is passed over here; where one was asked for, the options say so.
    """
    line = beginning(words)
    for name in (line.language, env.get(VARIABLE)):
        if name in LANGUAGES:
            return str(name)
    return _of_store(Path(folder or "", line.folder or "")) or of_person(env)


def of_person(env: Mapping[str, str]) -> str:
    """The language of a person, whatever the store around: by CPL_LANG, or the first locale that is set."""
    if (named := env.get(VARIABLE)) in LANGUAGES:
        return str(named)
    name = next((env[each] for each in _LOCALES if env.get(each)), "")
    return CHINESE if name.lower().startswith(CHINESE) else ENGLISH


def _of_store(folder: Path) -> str | None:
    """The language that cpl.yaml in the folder or above states, as far as can be told without reading it as YAML."""
    from cpl.errors import CplError
    from cpl.files import read
    from cpl.places import SETTINGS_LIMIT, find_root
    from cpl.tree import MARKER

    try:
        return stated(read(find_root(folder.absolute()) / MARKER, SETTINGS_LIMIT))
    except (CplError, OSError):  # the command says what is wrong with it
        return None


def stated(settings: bytes) -> str | None:
    """The language that the text of a cpl.yaml states; None without one that cpl speaks."""
    found = _STATED.search(settings)
    name = "" if found is None else found[1].decode()
    return name if name in LANGUAGES else None
