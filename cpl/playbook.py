"""A playbook as values: what is done, said and avoided in cases of a kind; and what is wrong with its file."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from datetime import time
from gettext import gettext as _
from typing import Any, Final

from cpl.errors import Problem
from cpl.moments import Duration
from cpl.patterns import regex
from cpl.profile import Profile
from cpl.profile_rules import TASK_KINDS
from cpl.schema import (
    Converter,
    Problems,
    did_you_mean,
    duration,
    list_of,
    one_of,
    problem,
    struct,
    text,
    word,
)
from cpl.values import frozen
from cpl.yaml_nodes import MappingNode, Node, SequenceNode, Source
from cpl.yaml_reader import read as read_yaml

LANGUAGES: Final = ("en", "zh")
REGISTERS: Final = ("residents",)
STEP: Final = "step"
LISTS: Final = ("expectations", "facts", "papers", "say", "avoid", "risks", "improvement")
DAYS: Final = ("d", "bd", "mo")
MOST_STEPS: Final = 200
BACKWARDS: Final = ("m", "h", "d")

_NAME: Final = regex(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_TIME: Final = regex(r"([01][0-9]|2[0-3]):([0-5][0-9])")
# What says when a playbook is suggested, cut out by lines: with all their texts 36 files take long to read.
_HEAD: Final = regex(r"^(?:suggest|profiles):.*\n?(?:(?![A-Za-z]).*\n|(?![A-Za-z]).+\Z)*", re.MULTILINE)

Text = Mapping[str, str]
"""A text by language."""


def said(text: Text, language: str) -> str:
    """`text` in that language, else in the one that there is."""
    return text.get(language) or next(iter(text.values()))


@frozen
class Suggest:
    """When a playbook is suggested: for these categories and all below them, and where these words stand."""

    categories: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    profiles: tuple[str, ...] = ()  # none: all


@frozen
class Fit:
    """How well a playbook fits: its category of the record (as deep as it is), and the words that stand there."""

    category: str | None
    words: tuple[str, ...]

    @property
    def rank(self) -> tuple[int, int]:
        """The more, the better."""
        depth = 0 if self.category is None else self.category.count("/") + 1
        return depth, len(self.words)


@frozen
class Step:
    """One thing to do: it becomes a task of `kind`, of somebody with `role`.

    Its due is `within` counted from when the playbook is applied (with `at` at that time of day), or `ahead` of a date
    that is planned. With `every` it repeats; with `each`, a register, it is one task for each of its entries.
    """

    name: str
    text: Text
    kind: str
    role: str | None
    within: Duration | None
    at: time | None
    every: Duration | None
    ahead: Duration | None
    each: str | None


@frozen
class Playbook:
    """All that is known about cases of a kind; `lists` has the texts by the names in LISTS."""

    name: str
    label: Text
    clause: str | None
    suggest: Suggest
    steps: tuple[Step, ...]
    lists: Mapping[str, tuple[Text, ...]]
    notice: Text | None


def _text(node: Node, problems: Problems) -> Text | None:
    wrong: Problems = []
    found: dict[str, str] | None = struct(dict.fromkeys(LANGUAGES, text))(node, wrong)
    problems += wrong
    if wrong or found is None:
        return None
    texts = {language: each.strip("\n") for language, each in found.items() if each.strip()}
    if not texts:
        problems.append(problem(node, "E073", _("the text stands in no language; write {en: …, zh: …}")))
        return None
    return texts


def _name(node: Node, problems: Problems) -> str | None:
    name = word(node, problems)
    if name is not None and not is_name(name):
        message = _("'{name}' can't be the name of a step; write it with a-z, 0-9 and -").format(name=name)
        problems.append(problem(node, "E073", message))
        return None
    return name


def is_name(name: str) -> bool:
    """Whether a playbook or a step can have this name."""
    return _NAME.fullmatch(name) is not None


def _time(node: Node, problems: Problems) -> time | None:
    value = text(node, problems)
    if value is None or not _TIME.fullmatch(value):
        message = _("'{value}' is not a time of day like '08:30'").format(value=value)
        problems.append(problem(node, "E073", message))
        return None
    return time.fromisoformat(value)


_STEP: Final = struct(
    {
        "name": _name,
        "text": _text,
        "kind": one_of(TASK_KINDS),
        "role": word,
        "within": duration,
        "at": _time,
        "every": duration,
        "ahead": duration,
        "for": one_of(REGISTERS),
    },
    required=["name", "text"],
    extra=True,
)
_WORDS: Final = struct({language: list_of(text) for language in LANGUAGES})
_HEAD_FIELDS: Final[Mapping[str, Converter]] = {
    "suggest": struct({"categories": list_of(word), "words": _WORDS}),
    "profiles": list_of(word),
}
_FIELDS: Final[Mapping[str, Converter]] = {
    "label": _text,
    "clause": text,
    **_HEAD_FIELDS,
    "steps": list_of(_STEP),
    "notice": _text,
    **{name: list_of(_text) for name in LISTS},
}
_REQUIRED: Final = ("label", "steps")


def head(source: Source) -> Suggest | None:
    """When the playbook in `source` is suggested, by those lines alone; None: these alone can't be read."""
    cut = Source(source.path, "".join(_HEAD.findall(source.text)))
    node, problems = read_yaml(cut, 0, len(cut.text))
    if problems or not isinstance(node, MappingNode):
        return None
    data = struct(_HEAD_FIELDS)(node, problems)
    return None if problems or data is None else _suggest(data)


def read_playbook(node: MappingNode, name: str) -> tuple[Playbook | None, list[Problem]]:
    """The playbook that `node` holds, None where it can't be used; and what is wrong with it."""
    problems: list[Problem] = []
    data = struct(_FIELDS, _REQUIRED, extra=True)(node, problems)
    if data is None or problems:
        return None, problems
    playbook = Playbook(
        name,
        data["label"],
        data.get("clause"),
        _suggest(data),
        steps=tuple(_step(each) for each in data["steps"]),
        lists={each: data.get(each, ()) for each in LISTS},
        notice=data.get("notice"),
    )
    problems = list(_wrong(playbook, node))
    return (None if problems else playbook), problems


def _suggest(data: Mapping[str, Any]) -> Suggest:
    found = data.get("suggest", {})
    words = [each for words in found.get("words", {}).values() for each in words]
    return Suggest(found.get("categories", ()), tuple(words), data.get("profiles", ()))


def _step(data: Mapping[str, Any]) -> Step:
    rest = {name: data.get(name) for name in ("role", "within", "at", "every", "ahead")}
    return Step(data["name"], data["text"], data.get("kind", STEP), **rest, each=data.get("for"))


def _wrong(playbook: Playbook, node: MappingNode) -> Iterator[Problem]:
    """E073: what does not go together."""
    suggest = playbook.suggest
    if not (suggest.categories or suggest.words or suggest.profiles):
        message = _("nobody would find it; write suggest: {categories: […], words: …}, or profiles: […]")
        yield problem(node, "E073", message)
    if not playbook.steps:
        yield problem(node, "E073", _("it has no step; write at least one"))
    if len(playbook.steps) > MOST_STEPS:
        message = _("it has {count} steps, the limit is {limit}; make several playbooks of it")
        message = message.format(count=len(playbook.steps), limit=MOST_STEPS)
        yield problem(node.get("steps") or node, "E073", message)
    seen: set[str] = set()
    for step, place in zip(playbook.steps, _places(node), strict=True):
        if step.name in seen:
            yield problem(place, "E073", _("two steps have the name '{name}'").format(name=step.name))
        seen.add(step.name)
        yield from _wrong_time(step, place)


def _wrong_time(step: Step, place: Node) -> Iterator[Problem]:
    length = step.within or step.every or step.ahead
    if step.at is not None and (length is None or length.unit not in DAYS):
        message = _("'at' goes with a length in days such as within: 1d; step '{name}' has none")
        yield problem(place, "E073", message.format(name=step.name))
    if step.ahead is not None and (step.within is not None or step.every is not None):
        message = _("'ahead' counts back from a date, 'within' and 'every' from now; step '{name}' has both")
        yield problem(place, "E073", message.format(name=step.name))
    if step.ahead is not None and step.ahead.unit not in BACKWARDS:
        message = _("'ahead: {length}' can't be counted back; write it in m, h or d").format(length=step.ahead)
        yield problem(place, "E073", message)


def unknown_names(playbook: Playbook, node: MappingNode, profile: Profile) -> Iterator[Problem]:
    """E014: the roles and categories that the profile does not have."""
    for step, place in zip(playbook.steps, _places(node), strict=True):
        if step.role is not None:
            yield from _not_in("role", step.role, profile.roles, place)
    for category in playbook.suggest.categories:
        present = profile.present_name("category", category)
        yield from _not_in("category", present, profile.terms["category"], node.get("suggest") or node)


def _not_in(what: str, name: str, known: Collection[str], place: Node) -> Iterator[Problem]:
    if known and name not in known:
        message = _("{field} '{value}' is not in the profile").format(field=what, value=name)
        yield problem(place, "E014", message + did_you_mean(name, known))


def _places(node: MappingNode) -> list[Node]:
    steps = node.get("steps")
    return steps.items if isinstance(steps, SequenceNode) else [node]


def fit(suggest: Suggest, category: str | None, words: str) -> Fit | None:
    """How well a playbook fits a record with that category, in which `words` stand; None: not at all.

    A category counts for all below it. Where the record's is another one, words do not count; where it is a wider one,
    or there is none on one side, they decide.
    """
    found = tuple(each for each in suggest.words if _stands(each.casefold(), words.casefold()))
    above = [each for each in suggest.categories if category is not None and _is_below(category, each)]
    if above:
        return Fit(max(above, key=len), found)
    is_open = (
        category is None or not suggest.categories or any(_is_below(each, category) for each in suggest.categories)
    )
    return Fit(None, found) if found and is_open else None


def _is_below(category: str, other: str) -> bool:
    return category == other or category.startswith(f"{other}/")


def _stands(word: str, words: str) -> bool:
    """Whether `word` stands in `words`: one of letters as a whole word, a Chinese one anywhere. Both are casefolded."""
    start = words.find(word)
    while start >= 0 and word.isascii() and _is_inside(words, start, start + len(word)):
        start = words.find(word, start + 1)
    return start >= 0


def _is_inside(words: str, start: int, end: int) -> bool:
    """Whether what stands there is a part of a longer word."""
    around = words[start - 1 : start] if start else "", words[end : end + 1]
    return any(each.isascii() and each.isalnum() for each in around)
