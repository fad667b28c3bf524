"""`cpl sample`: draws by a commit, kept once, repeated by anybody with sha256sum, and what is still to be called."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from cpl import registers
from cpl.registers import Row
from tests.ledger import CPL_YAML, ROOT, Ledger, install_stub_hooks

MONTH = ("sample", "--month", "2026-11")
MANAGEMENT = (*MONTH, "--level", "management", "--share", "10%")


@pytest.fixture(scope="module")
def answered(pristine: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with 12 complaints and 2 calls for help that were replied to, and an open complaint; drawn from once."""
    root = tmp_path_factory.mktemp("answered") / "estate"
    shutil.copytree(pristine, root, symlinks=True)
    ledger = Ledger(root)
    ids = [ledger.open(f"Door {number}", "--no-commit") for number in range(12)]
    ids += [ledger.open("Carry a sofa", "--kind", "help", "--no-commit") for _number in range(2)]
    ledger.open("Still open", "--no-commit")
    ledger.commit()
    ledger.ok("transition", *ids, "replying")
    ledger.ok("contact", *ids, "--via", "phone", "--about", "reply")
    ledger.ok(*MANAGEMENT)
    return root


@pytest.fixture
def estate(answered: Path, tmp_path: Path) -> Ledger:
    shutil.copytree(answered, tmp_path / "estate", symlinks=True)
    return Ledger(tmp_path / "estate")


def kept(ledger: Ledger) -> tuple[Row, ...]:
    """The draws that the store keeps."""
    path = ledger.root / "records" / "registers" / "draws.yaml"
    return registers.read(lambda _path: path.read_bytes(), "draws")


def drawn(out: str) -> list[str]:
    return [row["id"] for row in json.loads(out)]


@pytest.mark.clause("RQ-5")
def test_ten_percent_of_the_complaints_are_drawn_by_a_commit_and_kept(estate: Ledger) -> None:
    (row,) = kept(estate)
    said = {name: row[name] for name in ("period", "level", "share", "percent", "population", "by")}
    assert said == {
        "period": "2026-11",
        "level": "management",
        "share": "management",
        "percent": 10,
        "population": 12,
        "by": "li.na",
    }
    assert len(row["drawn"]) == 2
    assert row["commit"] == estate.git("rev-parse", "HEAD^").strip()
    assert estate.git("log", "-1", "--format=%B").strip() == (
        "register draws: 2026-11, management: 2 drawn of 12 (10 %)\n\nAction: register"
    )
    by = row["commit"][:12]
    assert estate.ok("sample", "--verify") == (
        f"{row['id']}  2026-11, management: 2 drawn of 12 (10 %) by {by}: holds\n"
    )


@pytest.mark.clause("RQ-5")
def test_the_shares_of_the_profile_are_drawn(estate: Ledger) -> None:
    estate.ok(*MONTH)
    assert [(row["share"], row["percent"], row["population"], len(row["drawn"])) for row in kept(estate)] == [
        ("management", 10, 12, 2),
        ("management-help", 1, 2, 1),
        ("office", 3, 14, 1),
    ]
    assert estate("sample", "--verify").code == 0


@pytest.mark.clause("RQ-5")
def test_anybody_can_repeat_a_draw_with_sha256sum(estate: Ledger, tmp_path: Path) -> None:
    page = (ROOT / "docs" / "sampling.md").read_text("utf-8")
    (recipe,) = re.findall(r"```sh\n(.*?)```", page, re.DOTALL)
    first, rest = recipe.split("\n", 1)
    asked = first.removeprefix("cpl ").removesuffix(" >ids").split()
    (tmp_path / "ids").write_text(estate.ok(*asked), "utf-8")
    if shutil.which("sha256sum") is None:
        rest = rest.replace("sha256sum", "shasum -a 256")
    done = subprocess.run(["sh", "-c", rest], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert tuple(done.stdout.split()) == kept(estate)[0]["drawn"]


@pytest.mark.clause("RQ-5")
def test_the_same_draw_is_the_same_and_not_entered_twice(estate: Ledger) -> None:
    before = estate.git("rev-parse", "HEAD")
    again = estate.ok(*MANAGEMENT, "--format", "json")
    assert tuple(drawn(again)) == kept(estate)[0]["drawn"]
    assert estate.git("rev-parse", "HEAD") == before


def test_an_older_commit_can_be_drawn_by_if_it_is_of_this_history(estate: Ledger) -> None:
    new = estate.open("Door 13")
    estate.ok("transition", new, "declined", "--reason", "not ours", "--by", "sun.wei")
    (row,) = kept(estate)
    again = estate.ok(*MANAGEMENT, "--commit", row["commit"], "--format", "json")
    assert (tuple(drawn(again)), kept(estate)) == (row["drawn"], (row,))
    estate.git("switch", "--quiet", "--detach")
    estate.git("commit", "--quiet", "--allow-empty", "--message", "elsewhere")
    other = estate.git("rev-parse", "HEAD").strip()
    estate.git("switch", "--quiet", "main")
    refused = estate(*MANAGEMENT, "--commit", other)
    assert (refused.code, kept(estate)) == (2, (row,))
    assert refused.err == (
        f"commit {other[:12]} is not part of this branch's history, so nobody here could repeat the draw\n"
    )


def test_what_is_not_committed_plays_no_part(estate: Ledger) -> None:
    (row,) = kept(estate)
    estate.ok("transition", row["drawn"][0], "resolving", "--no-commit")
    assert drawn(estate.ok(*MANAGEMENT, "--dry-run", "--format", "json")) == [*row["drawn"]]


@pytest.mark.clause("RQ-5")
def test_drawing_again_from_more_leaves_what_was_drawn(estate: Ledger) -> None:
    (first,) = kept(estate)
    new = estate.open("Door 13")
    estate.ok("transition", new, "declined", "--reason", "not ours", "--by", "sun.wei")
    outcome = estate(*MANAGEMENT, now="2026-12-01T09:00:00+08:00")
    assert outcome.err == "2026-11, management: 2 drawn of 13 (10 %)\n"
    assert [row["population"] for row in kept(estate)] == [12, 13]
    assert kept(estate)[0] == first
    assert estate("sample", "--verify").code == 0


@pytest.mark.clause("RQ-5")
def test_what_is_drawn_is_listed_until_somebody_was_reached(estate: Ledger) -> None:
    one, other = kept(estate)[0]["drawn"]
    estate.ok("follow-up", one, "--via", "phone", "--about", "management", "--not-reached", "--by", "sun.wei")
    estate.ok("follow-up", other, "--via", "phone", "--satisfied")
    rows = json.loads(estate.ok("sample", "--open", "--format", "json"))
    assert [(row["id"], row["next"]) for row in rows] == [
        (each, f"cpl follow-up {each[-7:]} --via CHANNEL --satisfied --about management") for each in (one, other)
    ]
    estate.ok("follow-up", one, "--via", "phone", "--about", "management", "--not-satisfied", "--by", "sun.wei")
    assert drawn(estate.ok("sample", "--open", "--format", "json")) == [other]
    assert drawn(estate.ok("sample", "--open", "--month", "2026-10", "--format", "json")) == []
    assert drawn(estate.ok("sample", "--open", "--level", "office", "--format", "json")) == []
    assert drawn(estate.ok("sample", "--open", "--level", "management", "--format", "json")) == [other]


@pytest.mark.clause("RQ-5")
def test_who_is_drawn_twice_is_called_once(estate: Ledger) -> None:
    path = estate.root / "records" / "registers" / "draws.yaml"
    text = path.read_text("utf-8")
    row = text.splitlines(keepends=True)[1]
    path.write_text(text + row.replace("id: d-", "id: d-z").replace("by: li.na", "by: zhao.qiang"), "utf-8")
    estate.commit("as two clones leave it in which the same is drawn")
    assert [row["population"] for row in kept(estate)] == [12, 12]
    rows = json.loads(estate.ok("sample", "--open", "--format", "json"))
    assert [(row["draw"], row["id"]) for row in rows] == [
        (kept(estate)[0]["id"], each) for each in kept(estate)[0]["drawn"]
    ]


@pytest.mark.clause("RQ-5")
@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("drawn: [CPL", "drawn: [CPL-20261118-M9S3467, CPL", ": drawn is CPL-20261118-M9S3467, CPL-"),
        ("population: 12", "population: 11", ": population is 11, but by that commit it is 12"),
        ("level: management", "level: office", ": the profile of that commit has no share 'management' of 10 %"),
        ("period: '2026-11'", "period: '2026-1'", ": '2026-1' is not a month like 2026-11"),
        ("COMMIT", "main", ": 'main' is not the whole hash of a commit, so it can mean another one any day"),
        ("COMMIT", "f" * 40, ": it can't be repeated: this clone has no commit ffffffffffff"),
    ],
)
def test_a_draw_that_was_tampered_with_does_not_hold(estate: Ledger, old: str, new: str, said: str) -> None:
    path = estate.root / "records" / "registers" / "draws.yaml"
    old = old.replace("COMMIT", kept(estate)[0]["commit"])
    path.write_text(path.read_text("utf-8").replace(old, new), "utf-8")
    outcome = estate("sample", "--verify")
    assert outcome.code == 1
    assert said in outcome.out


def test_a_share_of_ones_own_is_of_all_that_the_level_is_for(estate: Ledger) -> None:
    estate.ok(*MONTH, "--level", "management", "--share", "50%")
    row = kept(estate)[-1]
    assert (row.get("share"), row["percent"], row["population"], len(row["drawn"])) == (None, 50, 14, 7)
    assert estate("sample", "--verify").code == 0


@pytest.mark.parametrize(
    ("args", "said"),
    [
        ((), "say of which month: --month 2026-11"),
        (("--month", "2026-13"), "'2026-13' is not a month like 2026-11"),
        ((*MONTH[1:], "--share", "10%"), "say at which level: --level management"),
        ((*MONTH[1:], "--level", "office", "--share", "0%"), "'0%' is not a share; write one such as 10%"),
        ((*MONTH[1:], "--level", "office", "--share", "1e1%"), "'1e1%' is not a share; write one such as 10%"),
        ((*MONTH[1:], "--commit", "nowhere"), "this clone has no commit 'nowhere'"),
        ((*MONTH[1:], "--population"), "these are several draws; say of which one: --level management --share 10%, "),
        (("--verify", "--level", "office"), "--level has no effect on --verify; leave it out"),
        (("--open", "--share", "10%"), "--share has no effect on --open; leave it out"),
        (("--open", "--month", "November"), "'November' is not a month like 2026-11"),
        ((*MONTH[1:], "--dry-run", "--verify"), "--dry-run, --population, --open and --verify exclude each other"),
    ],
)
def test_what_can_not_be_drawn_is_said(estate: Ledger, args: tuple[str, ...], said: str) -> None:
    outcome = estate("sample", *args)
    assert (outcome.code, outcome.out) == (2, "")
    assert said in outcome.err


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("--month", "2026-10"), "nothing that was received in 2026-10 is finished or replied to\n"),
        (
            (*MONTH[1:], "--level", "managment"),
            "the profile has no share for this, so nothing is drawn; give one with --share; "
            "did you mean 'management'?\n",
        ),
    ],
)
def test_where_nothing_is_drawn_it_is_said(estate: Ledger, args: tuple[str, ...], said: str) -> None:
    before = estate.git("rev-parse", "HEAD")
    outcome = estate("sample", *args, "--format", "plain")
    assert (outcome.code, outcome.out, outcome.err) == (0, "", said)
    assert estate.git("rev-parse", "HEAD") == before


def test_a_store_in_a_subfolder_draws_its_own(repo: Path) -> None:
    root = repo / "estates" / "north"
    root.mkdir(parents=True)
    (root / "cpl.yaml").write_text(CPL_YAML, "utf-8")
    install_stub_hooks(repo)
    ledger = Ledger(root)
    ledger.commit()
    one = ledger.open("Door")
    ledger.ok("transition", one, "declined", "--reason", "not ours", "--by", "sun.wei")
    assert drawn(ledger.ok(*MANAGEMENT, "--format", "json")) == [one]
    assert ledger("sample", "--verify").code == 0
