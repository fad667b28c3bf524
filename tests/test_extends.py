"""A profile laid over those that it extends: which value counts, where it stands, and what can't be extended."""

from __future__ import annotations

import pytest

from cpl import config
from cpl.config import Settings
from cpl.errors import Invalid
from cpl.overlay import overlay
from cpl.settings_files import parse
from cpl.yaml_nodes import plain_data
from tests.ledger import COMMON, RESIDENTIAL, Ledger, settings

NAMES = """\
base: true
kinds: {k: {}}
clocks:
  spare: {off: true, starts: [to:in], stops: [did:contact], targets: {t: {within: 2h}}}
  c: {starts: [to:in], stops: [did:contact], targets: {t: {within: 1h}, u: {within: 3h}}}
rules:
  first: {to: [out], requires: [reason]}
"""
STAGES = """\
extends: names
states:
  in: {initial: true}
  out: {final: true}
moves: {in: [out]}
clocks: {c: {targets: {t: {within: 4h}}}}
"""
PROFILE = """\
extends: stages
label: {en: x}
summary: {timely: c}
rules: {first: {off: true}}
"""
SHIPPED = {"names": NAMES, "stages": STAGES, "p": PROFILE}


def loaded(own: str = "", name: str = "p", **profiles: str) -> Settings:
    texts = {f"templates/profiles/{name}.yaml": text for name, text in {**SHIPPED, **profiles}.items()}
    texts[config.MARKER] = f"format: 1\ntimezone: Asia/Shanghai\nprofile: {name}\n{own}"
    return config.load(lambda path: texts[path].encode() if path in texts else None)


def refused(**profiles: str) -> list[str]:
    with pytest.raises(Invalid) as caught:
        loaded(**profiles)
    return [str(each).removeprefix("templates/profiles/") for each in caught.value.problems]


def test_values_of_the_upper_file_count_and_their_places_are_told() -> None:
    known = loaded()
    assert known.profile_files == tuple(f"templates/profiles/{name}.yaml" for name in ("p", "stages", "names"))
    assert list(known.profile.clocks) == ["c"]
    assert [(each.name, str(each.within), each.place) for each in known.profile.clocks["c"].targets] == [
        ("t", "4h", "templates/profiles/stages.yaml:6"),
        ("u", "3h", "templates/profiles/names.yaml:5"),
    ]
    assert known.profile.rules == ()


def test_store_switches_on_what_a_file_below_has_off() -> None:
    known = loaded("clocks: {spare: {off: false}}\nrules: {first: {off: false}}\n")
    assert list(known.profile.clocks) == ["spare", "c"]
    assert [rule.name for rule in known.profile.rules] == ["first"]


def test_what_a_target_has_off_is_gone() -> None:
    known = loaded("clocks: {c: {targets: {t: {off: true}}}}\n")
    assert [each.name for each in known.profile.clocks["c"].targets] == ["u"]


@pytest.mark.parametrize(
    ("profiles", "expected"),
    [
        ({"p": "extends: nobody\n"}, ["p.yaml:1: E070 there is no profile 'nobody' (templates/profiles/nobody.yaml)"]),
        (
            {"names": "# x\nextends: stages\n"},
            ["names.yaml:2: E070 'stages' extends itself; take this line away, or name another profile"],
        ),
        ({"p": "extends: p\n"}, ["p.yaml:1: E070 'p' extends itself; take this line away, or name another profile"]),
        (
            {"p": "extends: ../names\n"},
            ["p.yaml:1: E070 '../names' is not the name of a profile; write it without folder and ending"],
        ),
        ({"p": "extends: [names]\n"}, ["p.yaml:1: E022 here stands a list, expected a name"]),
        ({"names": "- a\n"}, ["names.yaml:1: E070 expected a mapping like format: 1"]),
        ({"names": NAMES.replace("kinds", "kins")}, ["names.yaml:2: E020 'kins' is not a known key here; did you"]),
        ({"name": "names"}, ["cpl.yaml:3: E070 'names' is only what profiles extend; name one that extends it"]),
    ],
)
def test_what_can_not_be_extended_is_told_with_its_line(profiles: dict[str, str], expected: list[str]) -> None:
    found = refused(**profiles)
    assert [each[: len(start)] for each, start in zip(found, expected, strict=False)] == expected


def test_layers_are_taken_in_turn() -> None:
    texts = ("a: {x: '1', y: '2'}\n", "a: {x: {off: true}}\nb: '3'\n", "a: {x: {off: false}, y: '4'}\n")
    both = overlay(*(parse(text.encode(), "f.yaml") for text in texts))
    assert {each.key.text: plain_data(each.value) for each in both.entries} == {
        "b": "3",
        "a": {"x": {"off": "false"}, "y": "4"},
    }


@pytest.mark.usefixtures("one")
def test_change_of_the_extended_file_changes_what_the_index_knows(ledger: Ledger) -> None:
    own = ledger.root / "templates/profiles"
    own.mkdir(parents=True)
    text = RESIDENTIAL.read_text(encoding="utf-8")
    clocks = "clocks:\n" + text.partition("\nclocks:\n")[2].partition("\nsummary:")[0]
    (own / "residential.yaml").write_text(text.replace(clocks, ""), encoding="utf-8")
    common = COMMON.read_text(encoding="utf-8")
    (own / "common.yaml").write_text(f"{common}\n{clocks}", encoding="utf-8")
    due = "overdue", "--soon", "30d", "--format", "csv"
    before = ledger.ok(*due)
    assert "2026-11-19T" in before
    (own / "common.yaml").write_text(f"{common}\n{clocks}".replace("within: 24h, clause: FC-1", "within: 72h"), "utf-8")
    assert "2026-11-21T" in ledger.ok(*due)


def test_common_names_are_no_procedure() -> None:
    with pytest.raises(Invalid, match=r"cpl\.yaml:3: E070 'common' is only what"):
        settings("format: 1\ntimezone: Asia/Shanghai\nprofile: common\n")
