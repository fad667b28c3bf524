"""`cpl sync` between real clones and a bare remote: what comes in, what goes out, and what stops it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import NamedTuple

import pytest

from cpl import driver
from cpl.driver import State
from cpl.store import Store
from tests import clones
from tests.ledger import ONE, Ledger

LATER = "2026-11-18T17:00:00+08:00"
LATEST = "2026-11-18T18:00:00+08:00"
DRIVER = "from now on git merges records with cpl in this clone (docs/merge.md)\n"


class Office(NamedTuple):
    """Two clones, the remote, and a complaint that all have."""

    li: Ledger
    zhao: Ledger
    remote: Path
    id: str


@pytest.fixture
def office(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Office:
    for name, value in clones.environment().items():
        monkeypatch.setenv(name, value)
    model = tmp_path_factory.getbasetemp() / "office_model"
    if not model.exists():  # made once, by the first test that asks for it
        made = tmp_path_factory.mktemp("office")
        li, zhao = clones.make(made, ["li.na", "zhao.qiang"])
        assert li.open() == ONE
        clones.git(li.root, "push", "--quiet")
        clones.git(zhao.root, "pull", "--quiet", "--ff-only")
        made.rename(model)
    folder = tmp_path / "office"
    shutil.copytree(model, folder, symlinks=True)
    li, zhao = (Ledger(folder / name, now=LATEST) for name in ("li.na", "zhao.qiang"))
    return Office(li, zhao, folder / "remote.git", ONE)


def contact(ledger: Ledger, identifier: str, now: str = LATER) -> None:
    ledger.ok("contact", identifier, "--via", "phone", "--about", "acknowledge", now=now)


def move(ledger: Ledger, identifier: str, to: str, *args: str, now: str = LATEST) -> None:
    ledger.ok("transition", identifier, to, *args, now=now)


def retitle(ledger: Ledger, identifier: str, title: str) -> None:
    ledger.ok("set", identifier, f"title={title}")


def head(ledger: Ledger, name: str = "HEAD") -> str:
    return ledger.git("rev-parse", name).strip()


def hook(folder: Path, name: str, text: str) -> None:
    path = folder / "hooks" / name
    path.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    path.chmod(0o755)


def both_changed(office: Office) -> None:
    """Zhao's contact is on the remote, Li's move is not."""
    contact(office.zhao, office.id)
    office.zhao.ok("sync")
    move(office.li, office.id, "investigating")


# What comes in and goes out


def test_two_clones_become_the_same(office: Office) -> None:
    other = office.zhao.open("Lamp")
    contact(office.zhao, office.id)
    first = f"out: 2 complaints, 2 commits\n  {office.id}  Door 2 does not lock\n  {other}  Lamp\n"
    assert office.zhao("sync") == (0, f"in: nothing\n{first}", "")
    move(office.li, office.id, "investigating")
    assert office.li("sync") == (
        0,
        f"in: 2 complaints, 2 commits by Zhao Qiang\n  {office.id}  Door 2 does not lock\n  {other}  Lamp\n"
        f"out: 1 complaint, 1 commit\n  {office.id}  Door 2 does not lock\n",
        DRIVER,
    )
    assert office.zhao("sync") == (
        0,
        f"in: 1 complaint, 1 commit by Li Na\n  {office.id}  Door 2 does not lock\nout: nothing\n",
        "",
    )
    assert head(office.li) == head(office.zhao) == clones.git(office.remote, "rev-parse", "main").strip()
    assert office.li("sync") == (0, "in: nothing\nout: nothing\n", "")
    assert office.zhao("check") == (0, "", "2 records: no problems\n")


def test_for_programs_it_is_json(office: Office) -> None:
    both_changed(office)
    side = {"complaints": [office.id], "commits": 1}
    assert json.loads(office.li.ok("sync", "--format", "json")) == {
        "in": {**side, "by": ["Zhao Qiang"]},
        "out": {**side, "by": ["Li Na"]},
        "tries": 1,
    }


def test_nothing_is_rebased(office: Office) -> None:
    office.li.git("config", "pull.rebase", "true")
    office.li.git("config", "merge.ff", "only")
    both_changed(office)
    mine = head(office.li)
    office.li.ok("sync")
    assert head(office.li, "HEAD^1") == mine
    assert head(office.li, "HEAD^2") == head(office.zhao)
    assert office.li.git("log", "-1", "--format=%s") == "Merge remote-tracking branch 'origin/main'\n"


def test_the_first_push_to_an_empty_remote(tmp_path: Path, ledger: Ledger, one: str) -> None:
    clones.git(tmp_path, "init", "--quiet", "--bare", "--initial-branch=main", "empty.git")
    ledger.git("remote", "add", "origin", str(tmp_path / "empty.git"))
    assert ledger("sync") == (
        2,
        "",
        "branch 'main' follows no branch of a remote; say once which: git push --set-upstream origin main\n",
    )
    ledger.git("config", "branch.main.remote", "origin")
    ledger.git("config", "branch.main.merge", "refs/heads/main")
    assert ledger("sync") == (
        0,
        f"in: nothing\nout: 1 complaint, 2 commits\n  {one}  Door 2 does not lock\n",
        "",
    )


# The remote


def test_offline_nothing_is_changed(office: Office) -> None:
    both_changed(office)
    office.remote.rename(office.remote.with_name("away"))
    refs = office.li.git("for-each-ref")
    code, out, err = office.li("sync")
    assert (code, out) == (2, "")
    assert err.startswith(
        "the remote 'origin' can't be reached: nothing was changed; what you have committed is safe here and goes out "
        "with the next cpl sync. git says:\n"
    )
    assert office.li.git("for-each-ref") == refs
    assert driver.state(Store(office.li.root)) is State.ABSENT


def test_when_the_remote_moves_meanwhile_it_is_merged_once_more(office: Office) -> None:
    both_changed(office)
    contact(office.zhao, office.id, now=LATEST)
    once = office.remote.with_name("once")
    hook(
        office.li.root / ".git",
        "pre-push",
        f"test -e {once} || {{ touch {once}; unset GIT_DIR; git -C {office.zhao.root} push --quiet; }}",
    )
    code, out, err = office.li("sync")
    assert (code, err) == (0, DRIVER + "the remote has moved meanwhile; once more\n")
    assert out.startswith("in: 1 complaint, 2 commits by Zhao Qiang\n")
    office.zhao.ok("sync")
    assert head(office.li) == head(office.zhao)


def test_a_remote_that_moves_each_time_ends_it(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cpl.syncing.TRIES", 2)  # each takes a second
    retitle(office.li, office.id, "Gate 2")
    moved = f"cd {office.remote}; unset GIT_DIR; git update-ref refs/heads/main "
    moved += "$(git -c user.name=A -c user.email=a@example.org commit-tree 'main^{tree}' -p main -m moved)"
    hook(office.li.root / ".git", "pre-push", moved)
    code, _out, err = office.li("sync")
    assert code == 2
    assert err.endswith("the remote 'origin' moved 2 times while this ran; nothing was pushed, try again\n")


def test_what_the_remote_refuses_is_said(office: Office) -> None:
    contact(office.li, office.id)
    hook(office.remote, "pre-receive", "echo 'not today' >&2; exit 1")
    code, out, err = office.li("sync")
    assert (code, out) == (2, "")
    assert err.startswith("the remote 'origin' did not take it; git says:\n")
    assert "not today" in err


# What stops it


def test_a_conflict_stops_it_until_it_is_settled(office: Office) -> None:
    retitle(office.zhao, office.id, "Gate 2")
    office.zhao.ok("sync")
    retitle(office.li, office.id, "Main door")
    path = office.li.path(office.id).relative_to(office.li.root)
    code, out, err = office.li("sync")
    assert (code, out) == (1, "")
    assert err == DRIVER + (
        f"the merge has conflicts, nothing was pushed:\n  {path}\nsettle them: cpl settle; then: cpl sync; "
        "or give the merge up: git merge --abort\n"
    )
    assert office.li("sync") == (
        2,
        "",
        "a merge is not finished; settle what is left: cpl settle; or give it up: git merge --abort\n",
    )
    office.li.ok("settle", "--theirs")
    office.li.ok("sync")
    office.zhao.ok("sync")
    assert head(office.li) == head(office.zhao)
    assert "title: Gate 2\n" in office.zhao.path(office.id).read_text(encoding="utf-8")


def test_a_result_that_is_not_right_is_not_pushed(office: Office) -> None:
    office.zhao.ok("task", office.id, "add", "Mend it", "--kind", "step")
    office.zhao.ok("sync")
    before = head(office.zhao)
    move(office.li, office.id, "withdrawn", "--reason", "a try")
    mine = head(office.li)
    code, out, err = office.li("sync")
    assert (code, out) == (1, "")
    assert "nothing was pushed, for this is not right yet:\n" in err
    assert ": E063 task t-" in err
    assert (head(office.li), Store(office.li.root).git.state()) == (mine, "merge")
    assert clones.git(office.remote, "rev-parse", "main").strip() == before
    task = err.split("E063 task ")[1][:6]
    office.li.ok("task", office.id, "done", task, "--no-commit")
    office.li.ok("settle")
    office.li.ok("sync")
    assert office.li("check").code == 0


def test_a_hook_that_refuses_the_merge_stops_it(office: Office) -> None:
    both_changed(office)
    before = clones.git(office.remote, "rev-parse", "main")
    hook(office.li.root / ".git", "pre-merge-commit", "echo 'not on a Wednesday' >&2; exit 1")
    code, out, err = office.li("sync")
    assert (code, out) == (1, "")
    assert "nothing was pushed, for this is not right yet:\nnot on a Wednesday\n" in err
    assert Store(office.li.root).git.state() == "merge"
    assert clones.git(office.remote, "rev-parse", "main") == before
    assert office.li.ok("settle").startswith("the merge is concluded: ")


def test_what_two_honest_clones_made_wrong_is_pushed_and_told(office: Office) -> None:
    move(office.zhao, office.id, "resolving")
    office.zhao.ok("sync")
    move(office.li, office.id, "investigating", now=LATER)
    code, _out, err = office.li("sync")
    assert code == 0
    assert ": E060 the move to 'resolving' lacks something" in err
    assert err.endswith(f"  cpl settle {office.id} --void --reason TEXT\n")
    office.li.ok("settle", "--void", "--reason", "two at once")
    office.li.ok("sync")
    assert office.li("check").code == 0


def test_errors_of_this_clone_are_told_before_anything_is_merged(office: Office) -> None:
    contact(office.zhao, office.id)
    office.zhao.ok("sync")
    path = office.li.path(office.id)
    path.write_text(path.read_text(encoding="utf-8").replace("status: received", "status: closed"), encoding="utf-8")
    office.li.commit()
    mine = head(office.li)
    code, out, err = office.li("sync")
    assert (code, out, head(office.li)) == (1, "", mine)
    assert err.startswith("nothing was merged or pushed, for what would go out has errors, which CI refuses:\n")
    assert ": E050 status is 'closed'" in err


def test_changes_that_are_not_committed_stay_and_are_told(office: Office) -> None:
    both_changed(office)
    notes = office.li.root / "notes.txt"
    notes.write_text("mine", encoding="utf-8")
    code, _out, err = office.li("sync")
    assert code == 0
    assert err.endswith("notes.txt has changes that are not committed; they are in this clone only\n")
    contact(office.zhao, office.id, now=LATEST)
    office.zhao.ok("sync")
    office.li.ok("note", office.id, "-m", "mine", "--no-commit")
    before = office.li.path(office.id).read_bytes()
    code, out, err = office.li("sync")
    assert (code, out) == (2, "")
    assert err.startswith("git did not begin the merge, nothing was changed; git says:\n")
    assert office.li.path(office.id).read_bytes() == before


def test_a_driver_that_can_not_run_stops_it(office: Office) -> None:
    both_changed(office)
    office.li.git("config", "merge.cpl.driver", "something else")
    mine = head(office.li)
    assert office.li("sync") == (
        2,
        "",
        "git can't merge records with cpl in this clone; nothing was merged; run: cpl doctor --fix\n",
    )
    assert head(office.li) == mine


def test_without_branch_or_remote_it_says_what_to_do(office: Office) -> None:
    office.li.git("branch", "--unset-upstream")
    assert office.li("sync").err == (
        "branch 'main' follows no branch of a remote; say once which: git branch --set-upstream-to=origin/main\n"
    )
    office.li.git("remote", "remove", "origin")
    assert office.li("sync") == (2, "", "there is no remote; add one: git remote add origin URL, then: cpl sync\n")
    office.li.git("switch", "--quiet", "--detach")
    code, _out, err = office.li("sync")
    assert (code, err.partition(",")[0]) == (2, "HEAD is detached")
