"""similar, link, and what open and show say of related complaints."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.ledger import Ledger

WATER = ("--building", "3", "--category", "equipment/water")


def opened(ledger: Ledger, title: str, *args: str, day: int = 16) -> str:
    return ledger.open(title, *args, now=f"2026-11-{day}T09:00:00+08:00")


def linked(ledger: Ledger, identifier: str) -> tuple[Any, Any]:
    """The links on a record, and those to it."""
    record = json.loads(ledger.ok("show", identifier, "--format", "json"))
    return record.get("links"), record["linked_from"]


@pytest.fixture
def two(ledger: Ledger) -> tuple[str, str]:
    """Two complaints about water in one building, a day apart."""
    first = opened(ledger, "3号楼整栋停水", *WATER, "--room", "1201", "--name", "王女士", "--phone", "13800001234")
    return first, opened(ledger, "3号楼停水没人管", *WATER, day=17)


def test_similar_tells_why(ledger: Ledger, two: tuple[str, str]) -> None:
    first, second = two
    ledger.ok("link", first, second, "--as", "follows")
    assert ledger("similar", second) == (
        0,
        "id                    status    title          linked   why\n"
        "--------------------  --------  -------------  -------  ----------------------------------------------------\n"
        f"{first}  received  3号楼整栋停水  follows  same building, same category, 1 day apart, text 0.67\n",
        "1 found\n",
    )
    assert json.loads(ledger.ok("similar", first, "--format", "json")) == [
        {
            "id": second,
            "title": "3号楼停水没人管",
            "status": "received",
            "received_at": "2026-11-17T09:00:00+08:00",
            "days_apart": 1,
            "same_place": "building",
            "same_category": True,
            "same_room": False,
            "text": 0.67,
            "linked": ["follows"],
            "reason": "same building, same category, 1 day apart, text 0.67",
        }
    ]


def test_similar_ones_are_found_whatever_the_index_knows_of_them(ledger: Ledger, two: tuple[str, str]) -> None:
    """Written in another way, of a category above, from the same room only, by a name of before."""
    first, second = two
    others = (
        ("3", "environment", "--room", "9"),
        ("３", "equipment/access-control", "--room", "1201"),
        ("4", "environment/noise", "--room", "1201"),
        ("3", "equipment/access-control", "--unit", "2"),
        (" 3 ", "equipment", "--room", "１２０１"),
    )
    ids = [opened(ledger, "x", "--building", place, "--category", category, *more) for place, category, *more in others]
    (ledger.root / "records/2026/11/16/CPL-20261116-BADBAD0.md").write_text("no record")
    settings = (ledger.root / "cpl.yaml").read_text()
    renamed = settings + "categories: {equipment/gate: {was: [equipment/access-control]}}\n"
    counts = set()
    for text in (settings, renamed):
        (ledger.root / "cpl.yaml").write_text(text)
        for one in (first, second, *ids):
            for days in ("0", "30"):
                args = ("similar", one, "--days", days, "--format", "json")
                outcome = ledger(*args)
                assert outcome == ledger(*args, "--no-index")
                counts.add(len(json.loads(outcome.out)))
    assert len(counts) > 2


def test_description_counts_too(ledger: Ledger) -> None:
    said = ["-d", "The main has burst"]
    first, second = opened(ledger, "Water", *WATER, *said), opened(ledger, "一二", *WATER, *said)
    (found,) = json.loads(ledger.ok("similar", first, "--format", "json"))
    assert (found["id"], found["text"]) == (second, 0.5)


def test_what_comes_from_the_same_room_is_shown_without_the_room(ledger: Ledger, two: tuple[str, str]) -> None:
    first, _second = two
    outcome = ledger("open", "-t", "Noise", "--category", "environment/noise", "--building", "3", "--room", "1201")
    noise = outcome.out.partition(":")[0]
    assert outcome.err == (
        f"records/2026/11/18/{noise}.md\n"
        f"for environment (CS-7); next: cpl assign {noise[-7:]} --department environment\n"
        f"perhaps about the same; all of them: cpl similar {noise[-7:]}\n"
        f"  {first}  3号楼整栋停水 (same building, same room, 2 days apart, text 0.00)\n"
        f"if so: cpl link {noise[-7:]} {first[-7:]} --as same-cause\n"
    )
    for fmt in ("table", "plain", "json", "jsonl", "csv", "markdown"):
        shown = ledger.ok("similar", noise, "--format", fmt)
        assert first in shown
        assert not any(private in shown for private in ("1201", "王", "1380"))


def test_days_and_limit(ledger: Ledger, two: tuple[str, str]) -> None:
    first, second = two
    third = opened(ledger, "停水", *WATER, day=18)
    assert ledger("similar", first, "--days", "0") == (0, "", "0 found\n")
    assert [row["id"] for row in json.loads(ledger.ok("similar", first, "--days", "1", "--format", "json"))] == [second]
    outcome = ledger("similar", third, "--limit", "1")
    assert (len(outcome.out.splitlines()), outcome.err) == (3, "2 found, the first 1 are shown; see --limit\n")
    (ledger.root / "cpl.yaml").write_text(
        (ledger.root / "cpl.yaml").read_text(encoding="utf-8") + "similar: {days: 1}\n", encoding="utf-8"
    )
    assert [row["id"] for row in json.loads(ledger.ok("similar", first, "--format", "json"))] == [second]


def test_what_has_left_the_figures_is_not_shown_and_what_is_unreadable_is_named(
    ledger: Ledger, two: tuple[str, str]
) -> None:
    first, second = two
    ledger.ok("transition", second, "withdrawn", "--reason", "duplicate")
    path = ledger.put("CPL-20261118-M9S3467", "nothing").relative_to(ledger.root)
    outcome = ledger("similar", first)
    assert (outcome.code, outcome.out) == (0, "")
    assert outcome.err.startswith(f"unreadable: {path}:1: ")
    assert outcome.err.endswith("\n0 found\n")
    broken = ledger("similar", "M9S3467")
    assert broken.code == 2
    assert broken.err.startswith("CPL-20261118-M9S3467 can't be read; its text: cpl show CPL-20261118-M9S3467 --raw\n")


def test_record_that_says_too_little_is_told_what_it_lacks(ledger: Ledger) -> None:
    one = ledger.open("停水")
    assert ledger("similar", one).err == (
        f"0 found\n{one} says nothing of: category, location.site or location.area or location.building\n"
    )


def test_open_hints_at_the_likest_three_and_never_waits(ledger: Ledger) -> None:
    ids = [opened(ledger, title, *WATER) for title in ("Lift", "停", "停水了", "停水")]
    outcome = ledger("--no-input", "open", "-t", "停水", *WATER)
    new = outcome.out.partition(":")[0]
    assert outcome.code == 0
    assert [line.split()[0] for line in outcome.err.splitlines()[3:-2]] == [ids[3], ids[2], ids[1]]
    assert outcome.err.splitlines()[-2] == f"if so: cpl link {new[-7:]} ID --as same-cause"


def test_open_says_nothing_where_nothing_is_like_it_or_the_link_is_there(ledger: Ledger, two: tuple[str, str]) -> None:
    first, second = two
    outcome = ledger("open", "-t", "停水", "--building", "4", "--category", "equipment/water")
    assert "perhaps" not in outcome.err
    text = "---\ntitle: 停水\nlocation: {building: '3'}\ncategory: equipment/water\n"
    text += f"links: [{{as: same-cause, id: {first}}}, {{as: follows, id: {second}}}]\n---\n"
    outcome = ledger("open", "--from", "-", stdin=text)
    assert "perhaps" not in outcome.err


def test_open_reads_only_the_folders_of_the_days_around(ledger: Ledger, two: tuple[str, str]) -> None:
    _first, second = two
    late = ledger("open", "-t", "停水", *WATER, now="2026-12-17T09:00:00+08:00")
    assert [line.split()[0] for line in late.err.splitlines()[3:-2]] == [second]


# link


def test_link_stands_on_the_later_record_whatever_the_order(ledger: Ledger, two: tuple[str, str]) -> None:
    first, second = two
    assert ledger("link", first, second, "--as", "same-cause") == (
        0,
        f"{second}: linked as same-cause to {first}\n",
        "",
    )
    assert linked(ledger, second) == ([{"as": "same-cause", "id": first}], [])
    assert linked(ledger, first) == (None, [{"as": "same-cause", "id": second}])
    assert ledger.git("log", "-1", "--format=%B").splitlines() == [
        f"{second}: linked as same-cause to {first}",
        "",
        f"Complaint: {second}",
        "Action: link",
        "",
    ]
    assert f"linked_from        as: same-cause, id: {second}, title: 3号楼停水没人管\n" in ledger.ok("show", first)
    assert json.loads(ledger.ok("show", first, "--at", "2026-11-16T12:00", "--format", "json"))["linked_from"] == []
    assert ledger("check") == (0, "", "2 records: no problems\n")


def test_link_is_not_made_twice_nor_to_itself(ledger: Ledger, two: tuple[str, str]) -> None:
    first, second = two
    ledger.ok("link", second, first, "--as", "duplicate")
    for pair in ((first, second), (second, first)):
        assert ledger("link", *pair, "--as", "follows") == (
            2,
            "",
            f"{second} and {first} are linked already, as duplicate; "
            f"to change that: cpl link {second} {first} --remove\n",
        )
    outcome = ledger("link", first, first, "--as", "follows")
    assert (outcome.code, outcome.err.rpartition("\n\n")[2]) == (
        2,
        f"Error: {first} can't be linked with itself; name two complaints\n",
    )


@pytest.mark.parametrize(
    ("args", "error"),
    [
        (
            ["--as", "same-couse"],
            "Error: Invalid value for --as: 'same-couse' is not in the profile; did you mean 'same-cause'?\n",
        ),
        ([], "Error: say how they are linked: --as NAME; there are: duplicate, follows, same-cause\n"),
    ],
)
def test_name_of_a_link_is_one_of_the_profile(
    ledger: Ledger, two: tuple[str, str], args: list[str], error: str
) -> None:
    outcome = ledger("link", *two, *args)
    assert (outcome.code, outcome.err.rpartition("\n\n")[2]) == (2, error)


def test_any_word_will_do_where_the_profile_names_no_links(ledger: Ledger, two: tuple[str, str]) -> None:
    first, second = two
    settings = ledger.root / "cpl.yaml"
    settings.write_text(settings.read_text(encoding="utf-8") + "links: {off: true}\n", encoding="utf-8")
    assert ledger.ok("link", first, second, "--as", "cousin") == f"{second}: linked as cousin to {first}\n"
    assert ledger("check").code == 0
    settings.write_text(settings.read_text(encoding="utf-8").replace("links: {off: true}\n", ""), encoding="utf-8")
    found = ledger("check")
    assert (found.code, found.out.split(": ", 1)[1]) == (
        1,
        "E014 links.as 'cousin' is not in the profile; there are: duplicate, follows, same-cause\n",
    )


def test_both_records_have_to_be_there(ledger: Ledger, two: tuple[str, str]) -> None:
    assert ledger("link", two[0], "ZZZZ", "--as", "follows") == (
        2,
        "",
        "no record's id has 'ZZZZ' in it; see: cpl list, or cpl search WORDS\n",
    )


def test_link_is_taken_away_wherever_it_stands(ledger: Ledger, two: tuple[str, str]) -> None:
    first, second = two
    third = ledger.open("停水")
    before = ledger.path(second).read_bytes()
    ledger.ok("link", second, first, "--as", "same-cause")
    assert ledger.ok("link", first, second, "--remove", "-m", "another pipe").startswith(f"{second}: link to {first}")
    assert linked(ledger, second) == (None, [])
    assert ledger.path(second).read_bytes().startswith(before.rstrip(b"\n"))
    assert ledger("link", first, second, "--remove").err == (
        f"{second} and {first} are not linked as anything; they are linked as: nothing\n"
    )
    ledger.ok("link", third, second, "--as", "same-cause")
    ledger.ok("link", third, first, "--as", "follows")
    assert ledger("link", third, first, "--remove", "--as", "same-cause").err == (
        f"{third} and {first} are not linked as same-cause; they are linked as: follows\n"
    )
    ledger.ok("link", third, second, "--remove", "--as", "same-cause")
    assert linked(ledger, third) == ([{"as": "follows", "id": first}], [])


def test_undo_of_a_link_that_is_public_names_the_command(ledger: Ledger, two: tuple[str, str]) -> None:
    first, second = two
    ledger.ok("link", first, second, "--as", "follows")
    ledger.git("update-ref", "refs/remotes/origin/main", "HEAD")
    assert f"cpl link {second} OTHER --remove|--as NAME" in ledger("undo", "--yes").err
