"""Settings: cpl.yaml, people, and the profile with the store's differences laid over it."""

from __future__ import annotations

from datetime import date
from zoneinfo import ZoneInfo

import pytest

from cpl import config
from cpl.config import Person, Settings
from cpl.errors import Invalid
from tests.ledger import COMMON, CPL_YAML, RESIDENTIAL, settings


def problems_of(cpl_yaml: str | bytes, profile: bytes | None = None) -> list[str]:
    """The problems that loading these files finds."""
    found = {config.MARKER: cpl_yaml.encode() if isinstance(cpl_yaml, str) else cpl_yaml}
    found["templates/profiles/common.yaml"] = COMMON.read_bytes()
    found["templates/profiles/residential.yaml"] = RESIDENTIAL.read_bytes() if profile is None else profile
    with pytest.raises(Invalid) as caught:
        config.load(found.get)
    return [str(problem) for problem in caught.value.problems]


def replaced(old: str, new: str) -> str:
    assert old in CPL_YAML
    return CPL_YAML.replace(old, new, 1)


def test_settings_are_those_of_the_files() -> None:
    more = "- {id: li.ming, from: 2026-01-01, until: 2026-06-30}\n"
    known = settings(CPL_YAML + more)
    assert (known.name, known.zone, known.language) == ("锦绣花园", ZoneInfo("Asia/Shanghai"), "en")
    assert known.profile_name == "residential"
    assert list(known.people) == ["li.na", "zhao.qiang", "sun.wei", "li.ming"]
    assert known.people["sun.wei"] == Person(
        "sun.wei", "孙伟", ("sun.wei@example.org",), ("manager",), "management", None, None
    )
    assert known.people["li.ming"] == Person("li.ming", "li.ming", (), (), None, date(2026, 1, 1), date(2026, 6, 30))


def test_shortest_settings_do() -> None:
    known = settings("format: 1\ntimezone: Asia/Shanghai\nprofile: residential\n")
    assert (known.name, known.language, known.people) == ("", "en", {})


def test_person_is_found_by_an_address_whatever_its_case() -> None:
    known = settings()
    assert known.person_with("Li.Na@Example.org") == known.people["li.na"]
    assert known.person_with("nobody@example.org") is None


def test_label_is_that_of_the_language_else_the_name() -> None:
    chinese: Settings = settings(replaced("language: en", "language: zh"))
    term = chinese.profile.terms["kind"]["repair"]
    assert chinese.label(term, "repair") == "报修"
    assert settings().label(term, "repair") == "repair"
    assert chinese.label(None, "unknown") == "unknown"


def test_own_keys_are_left_alone_and_a_comma_in_braces_is_no_fault() -> None:
    assert settings(CPL_YAML + "x-own: {a: b}\nkinds: {repair: {label: {zh: 维修,保养}}}\n").profile.terms["kind"][
        "repair"
    ].label == {"zh": "维修,保养"}


@pytest.mark.parametrize(
    ("cpl_yaml", "expected"),
    [
        (b"", ["cpl.yaml:1: E070 expected a mapping like format: 1"]),
        (b"- a\n", ["cpl.yaml:1: E070 expected a mapping like format: 1"]),
        (b"format: 1\nname: \xff\n", ["cpl.yaml:2: E001 not UTF-8 text: byte 0xff; save the file as UTF-8"]),
        (
            "format: 1\n",
            ["cpl.yaml:1: E021 'profile' is missing", "cpl.yaml:1: E021 'timezone' is missing"],
        ),
        (
            replaced("format: 1", "format: 2"),
            ["cpl.yaml:1: E072 format 2 is not the one that this cpl reads (1); install a newer cpl"],
        ),
        (replaced("format: 1", "format: one"), ["cpl.yaml:1: E022 'one' is not a whole number in the digits 0-9"]),
        (replaced("format: 1", "format:"), ["cpl.yaml:1: E021 'format' is missing"]),
        (
            replaced("name: 锦绣花园", "nmae: a"),
            ["cpl.yaml:2: E020 'nmae' is not a known key here; did you mean 'name'?"],
        ),
        (
            CPL_YAML + "sates: {}\n",
            ["cpl.yaml:10: E020 'sates' is not a known key here; did you mean 'states'?"],
        ),
        (
            replaced("Asia/Shanghai", "Shanghai"),
            ["cpl.yaml:3: E022 'Shanghai' is not a time zone; write one such as Asia/Shanghai"],
        ),
        (replaced("Asia/Shanghai", "[a]"), ["cpl.yaml:3: E022 here stands a list, expected a time zone"]),
        (
            replaced("Asia/Shanghai", "../../etc"),
            ["cpl.yaml:3: E022 '../../etc' is not a time zone; write one such as Asia/Shanghai"],
        ),
        (
            replaced("residential", "office"),
            ["cpl.yaml:5: E070 there is no profile 'office' (templates/profiles/office.yaml)"],
        ),
        (
            replaced("residential", "../profiles/residential"),
            [
                "cpl.yaml:5: E070 '../profiles/residential' is not the name of a profile; "
                "write it without folder and ending"
            ],
        ),
        (
            replaced("residential", "a/b"),
            ["cpl.yaml:5: E070 'a/b' is not the name of a profile; write it without folder and ending"],
        ),
        (replaced("residential", "[a]"), ["cpl.yaml:5: E022 here stands a list, expected a name"]),
        (
            replaced("id: zhao.qiang", "id: li.na"),
            ["cpl.yaml:8: E070 'li.na' is that of li.na already; every person has an id and addresses of their own"],
        ),
        (
            replaced("zhao.qiang@", "Li.Na@"),
            [
                "cpl.yaml:8: E070 'li.na@example.org' is that of li.na already; "
                "every person has an id and addresses of their own"
            ],
        ),
        (
            replaced("roles: [manager], department: management", "roles: [boss], department: heaven"),
            [
                "cpl.yaml:9: E070 'boss' (of sun.wei) is neither a role nor a department of the profile",
                "cpl.yaml:9: E070 'heaven' (of sun.wei) is neither a role nor a department of the profile",
            ],
        ),
    ],
)
def test_settings_that_are_not_right_are_refused_with_every_problem(cpl_yaml: str | bytes, expected: list[str]) -> None:
    assert problems_of(cpl_yaml) == expected


def test_problem_of_the_profile_is_named_in_the_file_that_has_it() -> None:
    shipped = problems_of(CPL_YAML, b"states: [a]\n")
    assert shipped[-1] == "templates/profiles/residential.yaml:1: E022 expected a mapping like {a: b}"
    own = problems_of(CPL_YAML + "summary: {timely: rezolve}\n")
    assert own == ["cpl.yaml:10: E071 'rezolve' is not defined; did you mean 'resolve'?"]


def test_a_profile_that_stays_as_it_was_is_made_once() -> None:
    before, after = (settings(replaced("李娜", name)).profile for name in ("Li Na", "Na Li"))
    assert after is before
    others = [settings(f"{CPL_YAML}calendar: {name}\n").profile for name in ("cn", "de")]
    assert [each.calendar for each in (before, *others)] == [None, "cn", "de"]


def test_a_profile_is_made_anew_where_one_of_its_files_differs() -> None:
    text = RESIDENTIAL.read_text(encoding="utf-8")
    made = [settings(profile=f"{text}calendar: {name}\n").profile for name in ("cn", "de")]
    assert [each.calendar for each in made] == ["cn", "de"]
