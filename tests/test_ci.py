"""The shipped CI files run for real, on new clones of a bare repository, after good and bad pushes."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from cpl import hook_script
from tests import ci, doors
from tests.ci import NOTHING, Push, Run
from tests.doors import Desk
from tests.ledger import ROOT, record_text

SITES = [ci.github, ci.gitlab]


@pytest.fixture
def desk(desk_model: Path, tmp_path: Path) -> Desk:
    return doors.copied(desk_model, tmp_path)


def pushed(desk: Desk, *options: str) -> Push:
    """Push main; what it was before."""
    before = subprocess.run(["git", "rev-parse", "main"], cwd=desk.remote, check=True, capture_output=True, text=True)
    desk.sh("push", "--quiet", *options, "origin", "main")
    return Push(desk.remote, before.stdout.strip())


def last_line(run: Run) -> str:
    return run.printed.splitlines()[-1]


@pytest.mark.parametrize("site", SITES)
def test_good_push_passes(site: Callable[[Push, Path], Run], desk: Desk, tmp_path: Path) -> None:
    desk.events("handover", "arrive")
    run = site(pushed(desk), tmp_path)
    assert (run.code, last_line(run)) == (0, "2 commits, 2 changes of records: no problems")


@pytest.mark.parametrize("site", SITES)
def test_first_push_of_the_default_branch_is_judged_from_the_first_commit(
    site: Callable[[Push, Path], Run], desk: Desk, tmp_path: Path
) -> None:
    run = site(Push(desk.remote, NOTHING), tmp_path)
    assert (run.code, last_line(run)) == (0, "5 commits, 4 changes of records: no problems")


@pytest.mark.parametrize("site", SITES)
def test_first_push_of_another_branch_is_judged_from_where_it_left_the_default_one(
    site: Callable[[Push, Path], Run], desk: Desk, tmp_path: Path
) -> None:
    desk.sh("revert", "--no-edit", "HEAD")
    desk.sh("push", "--quiet", "origin", "main")  # bad, and there for good
    desk.sh("switch", "--quiet", "--create", "side")
    desk.events("handover")
    desk.sh("push", "--quiet", "origin", "side")
    desk.sh("switch", "--quiet", "main")
    desk.events("arrive")
    desk.sh("push", "--quiet", "origin", "main")
    run = site(Push(desk.remote, NOTHING, "side"), tmp_path)
    assert (run.code, last_line(run)) == (0, "1 commit, 1 change of a record: no problems")


@pytest.mark.parametrize("site", SITES)
def test_push_that_deletes_a_record_fails(site: Callable[[Push, Path], Run], desk: Desk, tmp_path: Path) -> None:
    desk.sh("rm", "--quiet", "-r", "records/2026")
    desk.sh("commit", "--quiet", "--no-verify", "-m", "bad")
    run = site(pushed(desk), tmp_path)
    assert (run.code, last_line(run)) == (1, "1 commit, 2 changes of records: 2 errors, 0 warnings")
    assert run.printed.count(" E100 the record was removed") == 2


@pytest.mark.clause("RQ-5")
@pytest.mark.parametrize("site", SITES)
def test_a_draw_that_nobody_drew_fails(site: Callable[[Push, Path], Run], desk: Desk, tmp_path: Path) -> None:
    head = subprocess.run(["git", "rev-parse", "main"], cwd=desk.remote, check=True, capture_output=True, text=True)
    row = "id: d-aaaa, period: 2026-11, level: office, share: office, percent: 3, population: 9, digest: aa, drawn: []"
    by = f"commit: {head.stdout.strip()}, at: 2026-11-18T10:00:00+08:00, by: li.na"
    draws = desk.root / "records/registers/draws.yaml"
    draws.parent.mkdir()
    draws.write_text(f"rows:\n- {{{row}, {by}}}\n", "utf-8")
    desk.sh("add", "--all")
    desk.sh("commit", "--quiet", "--no-verify", "-m", "bad")
    run = site(pushed(desk), tmp_path)
    assert (run.code, run.printed.count("population is 9, but by that commit it is 0")) == (1, 1)


@pytest.mark.parametrize("site", SITES)
def test_bad_commit_fails_although_a_later_one_puts_it_right(
    site: Callable[[Push, Path], Run], desk: Desk, tmp_path: Path
) -> None:
    desk.change(*doors.EDIT)
    desk.sh("commit", "--quiet", "--all", "--no-verify", "-m", "bad")
    desk.change(*reversed(doors.EDIT))
    desk.sh("commit", "--quiet", "--all", "--no-verify", "-m", "good again")
    run = site(pushed(desk), tmp_path)
    assert (run.code, run.printed.count(" E102 ")) == (1, 2)


@pytest.mark.parametrize("site", SITES)
def test_merge_that_a_hosting_site_made_badly_fails(
    site: Callable[[Push, Path], Run], desk: Desk, tmp_path: Path
) -> None:
    before = desk.sh("rev-parse", "HEAD").stdout.strip()
    doors.hosting_merge(desk)
    pushed(desk)
    run = site(Push(desk.remote, before), tmp_path)
    assert run.code == 1
    assert re.search(r"^records/\S+:\d+: E063 task t-\w{4} is still open", run.printed, re.MULTILINE)


@pytest.mark.parametrize("site", SITES)
def test_push_with_force_fails_whether_the_site_still_has_the_old_commits_or_not(
    site: Callable[[Push, Path], Run], desk: Desk, tmp_path: Path
) -> None:
    desk.change("\n## Plan", "\nMore words.\n\n## Plan")
    desk.sh("commit", "--quiet", "--all", "--amend", "--no-edit")
    push = pushed(desk, "--force")
    found = site(push, tmp_path)
    assert found.code == 1
    assert f"{push.before[:12]}:records:1: E110 1 commit that was published is gone" in found.printed
    subprocess.run(["git", "gc", "--quiet", "--prune=now"], cwd=desk.remote, check=True)
    (tmp_path / "again").mkdir()
    refused = site(push, tmp_path / "again")
    assert refused.code == 2
    assert f"this clone has no commit '{push.before}'; get it with: git fetch origin {push.before}" in refused.printed


def many_commits(count: int) -> str:
    """A stream for git fast-import: commits that each add an event to one of ten new complaints."""
    lines = []
    for number in range(count):
        events = [f"16T10:{minute:02} did: handover" for minute in range(number // 10)]
        identifier = doors.make_id(number % 10)
        text = record_text(*events, identifier=identifier)
        path = f"records/2026/11/16/{identifier}.md"
        who = f"Li Na <li.na@example.org> {1700000000 + number} +0800"
        lines += ["commit refs/heads/main", f"committer {who}", "data 1", "x"]
        lines += ["from refs/heads/main^0"] if number == 0 else []
        lines += [f"M 100644 inline {path}", f"data {len(text.encode())}", text]
    return "\n".join(lines) + "\n"


def test_push_of_300_commits_is_judged_whole(desk: Desk, tmp_path: Path) -> None:
    stream = many_commits(300)
    subprocess.run(["git", "fast-import", "--quiet"], cwd=desk.root, input=stream.encode(), check=True)
    run = ci.github(pushed(desk), tmp_path)
    assert (run.code, last_line(run)) == (0, "300 commits, 300 changes of records: no problems")


def test_what_the_workflow_installs_is_cpl(desk: Desk, tmp_path: Path) -> None:
    """Once with nothing prepared: the new environment gets cpl by the workflow's own command, and all of it."""
    desk.events("handover")
    run = ci.github(pushed(desk), tmp_path, install=True)
    assert (run.code, last_line(run)) == (0, "1 commit, 1 change of a record: no problems")
    environment = tmp_path / "venv"
    assert (environment / "bin" / "cpl").exists()
    (installed,) = environment.glob("lib/python*/site-packages/cpl")
    assert_nothing_is_missing(installed)
    assert_a_store_can_be_made(environment / "bin" / "python", tmp_path)


def assert_nothing_is_missing(installed: Path) -> None:
    """The package has the catalogue, and what lies outside of it in the source."""
    catalogue = "locale/zh_CN/LC_MESSAGES/cpl.mo"
    assert (installed / catalogue).read_bytes() == (ROOT / "cpl" / catalogue).read_bytes()
    shipped = installed / "shipped"
    assert {path.relative_to(shipped).as_posix() for path in shipped.rglob("*") if path.is_file()} == {
        path.relative_to(ROOT).as_posix()
        for folder in ("templates", "hooks", "calendar")
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def assert_a_store_can_be_made(python: Path, folder: Path) -> None:
    """Without the source at hand."""
    identity = {
        f"GIT_{role}_{part}": "li.na@example.org" for role in ("AUTHOR", "COMMITTER") for part in ("NAME", "EMAIL")
    }
    done = subprocess.run(
        [str(python), "-m", "cpl", "init", str(folder / "estate")],
        cwd=folder,
        env={"PATH": "/usr/bin:/bin", **identity},
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
    profile = "templates/profiles/residential.yaml"
    assert (folder / "estate" / profile).read_bytes() == (ROOT / profile).read_bytes()
    script = hook_script.read((folder / "estate/.git/hooks/pre-commit").read_bytes())
    assert script == hook_script.Script(str(python), ".")
