"""The verdicts of the doctor on facts that no test computer has: other versions, file systems, clocks and people."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cpl import __version__, attributes
from cpl.finding import Finding
from cpl.health_files import FileSystem, clashing, judge_file_system
from cpl.health_git import judge_clock, judge_locks, judge_partial
from cpl.health_store import Versions, judge_person, judge_versions
from tests.ledger import CPL_YAML, instant, settings

NOW = instant("2026-11-18T16:00")
SECONDS = int(NOW.timestamp())
GIT_DIR = Path("/estate/.git")
RECORD = "records/2026/11/18/CPL-20261118-M9S3467.md"


@pytest.mark.parametrize(
    ("facts", "state", "more", "remedy"),
    [
        (Versions((2, 30), (3, 11), False), "error", "", "install git 2.31 or newer"),
        (Versions((1, 99), (3, 11), False), "error", "", "install git 2.31 or newer"),
        (Versions((2, 31), (3, 11), False), "ok", "", None),
        (Versions((2, 47), (3, 13), True), "ok", "", None),
        (Versions((2, 31), (3, 10), False), "error", "", "install Python 3.11 or newer"),
        (
            Versions((2, 37), (3, 11), True),
            "warning",
            "; a file below records/ has a line end in its name, which this git can't be asked for",
            "install git 2.38 or newer, or rename the file",
        ),
    ],
)
def test_versions_are_wrong_only_where_cpl_needs_newer_ones(
    facts: Versions, state: str, more: str, remedy: str | None
) -> None:
    git, python = (".".join(map(str, each)) for each in (facts.git, facts.python))
    words = f"git {git}, Python {python}, cpl {__version__}, which reads stores of format 1{more}"
    found = judge_versions(facts)
    assert (found.name, found.state, found.words, found.remedy) == ("versions", state, words, remedy)


@pytest.mark.parametrize(
    ("newest", "found"),
    [
        (None, ("ok", "there is no commit yet to compare with")),
        (0, ("ok", "no commit lies in the future")),
        (SECONDS + 300, ("ok", "no commit lies in the future")),
        (SECONDS + 301, ("warning", "5 min 1 s")),
        (SECONDS + 86_400 * 400, ("warning", "400 d")),
        (10**18, ("warning", f"{(10**18 - SECONDS) // 86_400} d")),
    ],
)
def test_clock_is_doubted_from_five_minutes_on(newest: int | None, found: tuple[str, str]) -> None:
    state, words = found
    if state == "warning":
        words = judge_clock(newest, NOW).words
        assert words.startswith(f"the newest commit lies {found[1]}")
    assert (judge_clock(newest, NOW).state, judge_clock(newest, NOW).words) == (state, words)


def test_lock_is_left_behind_when_it_is_older_than_ten_minutes() -> None:
    young, old = SECONDS - 600.0, SECONDS - 3_660.0
    assert list(judge_locks({}, GIT_DIR, NOW)) == [Finding("locks", "ok", "none")]
    assert list(judge_locks({"index.lock": young}, GIT_DIR, NOW)) == [Finding("locks", "ok", "git is writing just now")]
    assert next(judge_locks({"index.lock": SECONDS + 9.0}, GIT_DIR, NOW)).state == "ok"
    assert list(judge_locks({"HEAD.lock": old, "index.lock": young}, GIT_DIR, NOW)) == [
        Finding(
            "locks",
            "error",
            "HEAD.lock is 1 h 1 min old; while it is there git writes nothing",
            "see that no git is at work (ps -ef lists what runs; look for git), then remove /estate/.git/HEAD.lock",
        )
    ]


def test_a_partial_clone_is_made_whole_in_place_only_by_a_git_that_can() -> None:
    assert judge_partial({}, (2, 31)) == Finding("partial", "ok", "every version of every file is here")
    rules = {"origin": "blob:none", "the office": "tree:0"}
    words = (
        "a partial clone (blob:none from origin, tree:0 from the office): "
        "older versions are fetched one by one, which fails offline"
    )
    remedy = "clone anew without --filter, or install git 2.36 or newer, which can do it in place"
    assert judge_partial(rules, (2, 35)) == Finding("partial", "warning", words, remedy)
    found = judge_partial(rules, (2, 36))
    assert (found.state, found.words, found.fix is None) == ("warning", words, False)
    assert found.remedy == (
        "git fetch --refetch --no-filter origin && git config --unset remote.origin.partialclonefilter && "
        "git fetch --refetch --no-filter 'the office' && git config --unset 'remote.the office.partialclonefilter'"
    )


SAME = "in names here upper and lower case are the same name, and ä has one form"
DIFFERENT = "in names here upper and lower case differ, and ä has two forms, which differ"


@pytest.mark.parametrize(
    ("facts", "state", "words", "remedy"),
    [
        (FileSystem(False, False, False, False), "ok", DIFFERENT, None),
        (FileSystem(True, True, True, True), "ok", SAME, None),
        (
            FileSystem(True, True, False, True),
            "warning",
            f"{SAME}; core.ignorecase=false",
            "git config --local core.ignorecase true",
        ),
        (
            FileSystem(False, False, True, True),
            "warning",
            f"{DIFFERENT}; core.ignorecase=true, core.precomposeunicode=true",
            "git config --local core.ignorecase false; git config --local core.precomposeunicode false",
        ),
    ],
)
def test_file_system_and_settings_have_to_say_the_same(
    facts: FileSystem, state: str, words: str, remedy: str | None
) -> None:
    found = judge_file_system(facts)
    assert (found.state, found.words, found.remedy, found.fix is None) == (state, words, remedy, remedy is None)


CLASHES = {
    "none": (["records/a.md", "records/b.md"], []),
    "the same path twice, as in a merge": (["records/a.md", "records/a.md"], []),
    "case": (["records/a.md", "records/A.md"], [("records/A.md", "records/a.md")]),
    "case of a folder": (["records/x/a", "records/X/a"], [("records/X/a", "records/x/a")]),
    "folders alone can be one": (["records/x/a", "records/X/b"], []),
    "normalisation": (["records/ä", "records/a\u0308"], [("records/a\u0308", "records/ä")]),
    "sharp s": (["records/straße", "records/STRASSE"], [("records/STRASSE", "records/straße")]),
    "file and folder": (["records/A", "records/a/b/c"], [("records/A", "records/a")]),
    "file and folders": (["r/A", "r/a/b", "r/\u00c4", "r/a\u0308/b"], [("r/A", "r/a"), ("r/a\u0308", "r/Ä")]),
    "a folder is no clash with itself": (["records/a/b", "records/a/c"], []),
    "Chinese, line end, no UTF-8": (["records/门\n.jpg", "records/\udcff.jpg", "records/\udcfe.jpg"], []),
}


@pytest.mark.parametrize(("paths", "groups"), CLASHES.values(), ids=CLASHES)
def test_names_clash_that_are_one_name_elsewhere(paths: list[str], groups: list[tuple[str, ...]]) -> None:
    assert clashing(paths) == groups


NAMES = st.lists(st.text("aAbB/äÄé\udcff", min_size=1).filter(lambda name: "" not in name.split("/")), unique=True)


@given(NAMES)
def test_every_clash_is_found_in_any_order(paths: list[str]) -> None:
    assert clashing(paths) == clashing(reversed(paths))
    lower = [path for path in paths if path == path.lower()]
    files = [path for path in lower if not any(each.startswith(f"{path}/") for each in lower)]
    assert clashing(files) == []
    doubled = {path for path in files if path.upper() != path}
    assert {path for group in clashing([*files, *map(str.upper, doubled)]) for path in group} >= doubled


def test_an_attribute_is_wrong_where_it_matters() -> None:
    told = [
        (RECORD, "text", "unset"),
        (RECORD, "merge", "unspecified"),
        ("records/registers/notes.md", "merge", "unspecified"),
        ("records/2026/11/18/CPL-20261118-M9S3467/mail.md", "merge", "union"),
        ("records/2026/11/18/CPL-20261118-M9S3467/mail.md", "text", "auto"),
        ("records/2026/11/18/CPL-20261118-M9S3467/a.txt", "text", "set"),
    ]
    assert attributes.judged(told) == {
        "merge": [RECORD],
        "text": [told[4][0], told[5][0]],
    }


@pytest.mark.parametrize(
    ("email", "until", "state", "words", "remedy"),
    [
        ("LI.NA@example.org", "", "ok", "li.na", None),
        ("li.na@example.org", ", until: 2026-11-18", "ok", "li.na", None),
        (
            "li.na@example.org",
            ", until: 2026-11-17",
            "warning",
            "'li.na' has your git address li.na@example.org, and left after 2026-11-17",
            "change `until` of li.na in cpl.yaml, or tell git who works here: git config user.email EMAIL",
        ),
        (
            "li.na@home.example",
            "",
            "warning",
            "nobody in cpl.yaml has your git address li.na@home.example, so every write needs --by",
            "if that is you, write in cpl.yaml for li.na: emails: [li.na@example.org, li.na@home.example]",
        ),
        (
            "wu@home.example",
            "",
            "warning",
            "nobody in cpl.yaml has your git address wu@home.example, so every write needs --by",
            "add below people in cpl.yaml: - {id: wu, name: 'Wu, the 2nd', emails: [wu@home.example]} "
            f"(with `roles: [...]`, of {', '.join(settings().profile.roles)})",
        ),
    ],
)
def test_who_works_here_is_one_of_the_people(
    email: str, until: str, state: str, words: str, remedy: str | None
) -> None:
    known = settings(CPL_YAML.replace("department: customer-service", f"department: customer-service{until}"))
    found = judge_person(known, ("Wu, the 2nd", email), date(2026, 11, 18))
    assert (found.name, found.state, found.words, found.remedy, found.fix) == ("person", state, words, remedy, None)
