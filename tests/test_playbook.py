"""Playbooks as values: what is wrong with a file, when one fits, and that all that are shipped are right."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cpl import applying, shelf
from cpl.playbook import LANGUAGES, Suggest, fit, head, read_playbook, unknown_names
from cpl.record import Record
from cpl.settings_files import parse
from cpl.yaml_nodes import Source
from tests.ledger import ROOT, instant, record, record_text, settings
from tests.playbooks import NAME, RATS


def problems(text: str) -> list[str]:
    node = parse(text.encode(), "a.yaml")
    _playbook, found = read_playbook(node, "a")
    return [f"{each.line} {each.code} {each.message}" for each in found]


MINIMAL = """\
label: {en: A}
suggest: {categories: [equipment]}
steps:
- {name: go, text: {en: Go}}
"""


@pytest.mark.parametrize("text", [MINIMAL, RATS], ids=["minimal", "whole"])
def test_a_playbook_that_is_right_has_no_problem(text: str) -> None:
    assert problems(text) == []


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("label: {en: A}\n", "", "1 E021 'label' is missing"),
        ("label: {en: A}", "label: A", "1 E022 expected a mapping like {en: …, zh: …}"),
        ("label: {en: A}", "label: {}", "1 E073 the text stands in no language; write {en: …, zh: …}"),
        ("label: {en: A}", "label: {de: A}", "1 E020 'de' is not a known key here; there are: en, zh"),
        ("label: {en: A}", "label: {en: A}\nstep: []", "2 E020 'step' is not a known key here; did you mean 'steps'?"),
        (
            "suggest: {categories: [equipment]}\n",
            "",
            "1 E073 nobody would find it; write suggest: {categories: […], words: …}, or profiles: […]",
        ),
        ("- {name: go, text: {en: Go}}", "- []", "4 E022 expected a mapping like {name: …, text: …}"),
        ("steps:\n- {name: go, text: {en: Go}}", "steps: []", "1 E073 it has no step; write at least one"),
        ("name: go", "name: Go_on", "4 E073 'Go_on' can't be the name of a step; write it with a-z, 0-9 and -"),
        ("name: go", "name: go, kind: job", "4 E014 'job' is not known here; there are: action, appointment, "),
        ("name: go", "name: go, within: 10 min", "4 E022 '10 min' is not a duration; write 10m, 24h, 2d, 1mo, 8bh, "),
        ("name: go", "name: go, within: 1d, at: '8:30'", "4 E073 '8:30' is not a time of day like '08:30'"),
        (
            "name: go",
            "name: go, within: 4h, at: '08:30'",
            "4 E073 'at' goes with a length in days such as within: 1d; step 'go' has none",
        ),
        (
            "name: go",
            "name: go, within: 4h, ahead: 1d",
            "4 E073 'ahead' counts back from a date, 'within' and 'every' from now; step 'go' has both",
        ),
        ("name: go", "name: go, ahead: 3bd", "4 E073 'ahead: 3bd' can't be counted back; write it in m, h or d"),
        ("name: go", "name: go, for: owners", "4 E014 'owners' is not known here; there are: residents"),
    ],
)
def test_what_is_wrong_is_named_with_its_line_and_what_would_be_right(old: str, new: str, expected: str) -> None:
    (found,) = problems(MINIMAL.replace(old, new))
    assert found.startswith(expected)


SUGGEST = Suggest(("equipment/lift",), ("trapped", "stuck in the lift", "困人"))


@pytest.mark.parametrize(
    ("category", "words", "expected"),
    [
        ("equipment/lift", "", ((2, 0), ())),
        ("equipment/lift/shaft", "Trapped", ((2, 1), ("trapped",))),
        ("equipment/lift", "3号梯困人", ((2, 1), ("困人",))),
        ("equipment", "they are STUCK in the lift", ((0, 1), ("stuck in the lift",))),
        ("equipment", "lift", None),
        (None, "trapped!", ((0, 1), ("trapped",))),
        (None, "entrapped, trappeded", None),
        (None, "entrapped, trapped", ((0, 1), ("trapped",))),
        ("vehicle/gate", "trapped", None),
        ("equipment/lifts", "trapped", None),
        (None, "", None),
    ],
)
def test_fit(category: str | None, words: str, expected: tuple[tuple[int, int], tuple[str, ...]] | None) -> None:
    found = fit(SUGGEST, category, words)
    assert (None if found is None else (found.rank, found.words)) == expected


def test_without_categories_words_decide() -> None:
    assert fit(Suggest((), ("typhoon",)), "other", "A typhoon comes") is not None
    assert fit(Suggest((), ("typhoon",)), "other", "rain") is None
    assert fit(Suggest(("other",), ("typhoon",)), None, "A typhoon comes") is not None


KEYS = st.sampled_from(
    ["label: {en: 'suggest: no'}", "notice:\n  en: |\n    suggest:\n    profiles: [x]\n", "# suggest: x"]
)


@given(
    st.lists(KEYS, max_size=3),
    st.lists(st.sampled_from(["equipment", "vehicle/gate"]), max_size=2, unique=True),
    st.lists(st.sampled_from(["mall", "residential"]), max_size=2, unique=True),
)
def test_the_quick_look_finds_what_the_whole_reading_finds(
    others: list[str], categories: list[str], profiles: list[str]
) -> None:
    lines = [
        "suggest:\n  # as seen\n  categories:" + "".join(f"\n  - {each}" for each in categories) + "\n",
        "profiles:" + "".join(f"\n- {each}" for each in profiles) + "\n",
    ]
    text = "\n".join([*others, *lines, "steps:", "- {name: go, text: {en: Go}}"])
    assert head(Source("a.yaml", text)) == Suggest(tuple(categories), (), tuple(profiles))


def rats_of(fields: str) -> Record:
    return record(record_text(fields=fields))


PEOPLE = """
- {id: a, roles: [desk, guard]}
- {id: b, roles: [desk], until: 2026-11-15}
- {id: c, roles: [engineer], from: 2026-11-17}
- {id: d, roles: [manager]}
- {id: e, roles: [manager]}
"""


@pytest.mark.parametrize(
    ("role", "fields", "expected"),
    [
        ("manager", "lead: d\nassignee: e\n", "e"),
        ("manager", "lead: d\nassignee: a\n", "d"),
        ("manager", "lead: a\n", None),
        ("desk", "", "a"),
        ("engineer", "", None),
        ("patrol", "lead: a\n", None),
        (None, "lead: a\n", None),
    ],
)
def test_who_does_a_step(role: str | None, fields: str, expected: str | None) -> None:
    text = "format: 1\ntimezone: Asia/Shanghai\nprofile: residential\npeople:" + PEOPLE
    assert applying.who(role, rats_of(fields), settings(text), instant("2026-11-16T10:00")) == expected


SHIPPED = shelf.own_names(ROOT)


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_playbook_is_right_in_both_languages(name: str) -> None:
    text = (ROOT / shelf.path_of(name)).read_text(encoding="utf-8")
    node = parse(text.encode(), name)
    playbook, found = read_playbook(node, name)
    assert found == []
    assert playbook is not None
    texts = [playbook.label, *(step.text for step in playbook.steps), *([playbook.notice] if playbook.notice else [])]
    texts += [each for several in playbook.lists.values() for each in several]
    assert [each for each in texts if tuple(each) != LANGUAGES] == []
    assert list(unknown_names(playbook, node, settings().profile)) == []
    assert head(Source(name, text)) == playbook.suggest
    assert re.fullmatch(r"[A-Z]{2}-[0-9]+", playbook.clause or "")


def test_the_fixture_is_read_by_the_quick_look() -> None:
    assert head(Source(NAME, RATS)) == Suggest(("environment/pests",), ("rat", "rats", "rat poison", "老鼠"))


@pytest.mark.parametrize(
    ("step", "at", "expected"),
    [
        ("within: 1d, at: '08:30'", "2026-11-16T22:00", "2026-11-17T08:30"),
        ("within: 1d, at: '08:30'", "2026-11-17T01:00", "2026-11-17T08:30"),
        ("within: 1d, at: '08:30'", "2026-11-16T08:30", "2026-11-17T08:30"),
        ("every: 1d, at: '21:00'", "2026-11-16T09:00", "2026-11-16T21:00"),
        ("within: 3bd, at: '21:00'", "2026-11-16T09:00", "2026-11-19T21:00"),
        ("within: 1mo", "2026-01-31T09:00", "2026-02-28T09:00"),
        ("within: 10m", "2026-11-16T23:55", "2026-11-17T00:05"),
        ("within: 2d, every: 1d", "2026-11-16T09:00", "2026-11-18T09:00"),
        ("ahead: 1d, at: '10:00'", "2026-11-16T09:00", "2026-11-30T10:00"),
        ("ahead: 10m", "2026-11-16T09:00", "2026-12-01T08:50"),
        ("role: desk", "2026-11-16T09:00", None),
    ],
)
def test_by_when_a_step_has_to_be_done(step: str, at: str, expected: str | None) -> None:
    node = parse(MINIMAL.replace("name: go", f"name: go, {step}").encode(), "a.yaml")
    playbook, found = read_playbook(node, "a")
    assert playbook is not None, found
    due = applying.due_of(playbook.steps[0], settings(), instant(at), instant("2026-12-01T09:00"))
    assert due == (None if expected is None else instant(expected))
