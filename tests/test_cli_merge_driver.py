"""Records that git merges: by the driver, without it, and what is left when it can't run."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from cpl import attributes, driver
from cpl.driver import State
from cpl.errors import CplError
from cpl.store import Store
from tests.ledger import ONE, ROOT, Ledger, Outcome, record_text

ATTRIBUTES = "records/** -text\nrecords/**/*.md -text merge=cpl\n"
LATER = "2026-11-18T17:00:00+08:00"
LATEST = "2026-11-18T18:00:00+08:00"


@pytest.fixture
def merging(ledger: Ledger, one: str, monkeypatch: pytest.MonkeyPatch) -> Ledger:
    """A store with ONE in it, in a clone that merges records with this source tree's cpl."""
    assert one == ONE
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    (ledger.root / ".gitattributes").write_text(ATTRIBUTES, encoding="utf-8")
    ledger.commit("merge by cpl")
    assert driver.register(Store(ledger.root))
    return ledger


def git(ledger: Ledger, *args: str) -> Outcome:
    done = subprocess.run(["git", *args], cwd=ledger.root, capture_output=True, text=True)
    return Outcome(done.returncode, done.stdout, done.stderr)


def on_branches(ledger: Ledger, theirs: Callable[[], object], ours: Callable[[], object]) -> None:
    """Do both from one start: theirs on the branch of that name, ours on main."""
    ledger.git("switch", "--quiet", "--create", "theirs")
    theirs()
    ledger.git("switch", "--quiet", "main")
    ours()


def merged(ledger: Ledger) -> None:
    """Merge theirs, which has to go without a conflict and without a word."""
    outcome = git(ledger, "merge", "--quiet", "theirs")
    assert (outcome.code, outcome.err) == (0, "")


def set_by_hand(ledger: Ledger, old: str, new: str) -> None:
    path = ledger.path(ONE)
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    ledger.commit()


def keys(ledger: Ledger) -> list[str]:
    """The events of ONE in the order of the file, as `17:00 did: contact`."""
    lines = ledger.path(ONE).read_text(encoding="utf-8").splitlines()
    return [f"{line[18:23]} {line.split(', ')[2].rstrip('}')}" for line in lines if line.startswith("- {at:")]


def status(ledger: Ledger) -> str:
    (line,) = [each for each in ledger.path(ONE).read_text(encoding="utf-8").splitlines() if each.startswith("status:")]
    return line


def contact(ledger: Ledger, now: str) -> None:
    ledger.ok("contact", ONE, "--via", "phone", "--about", "acknowledge", "-m", f"Called at {now[11:16]}", now=now)


def move(ledger: Ledger, to: str, now: str) -> None:
    ledger.ok("transition", ONE, to, now=now)


def contact_and_move(ledger: Ledger) -> None:
    on_branches(ledger, lambda: contact(ledger, LATER), lambda: move(ledger, "investigating", LATEST))


def two_titles(ledger: Ledger) -> None:
    title = "title: Door 2 does not lock"
    on_branches(
        ledger,
        lambda: set_by_hand(ledger, title, "title: Door 2 is stuck"),
        lambda: set_by_hand(ledger, title, "title: Gate 2 does not lock"),
    )


# What merges by itself


def test_different_events_of_two_branches_are_all_there(merging: Ledger) -> None:
    contact_and_move(merging)
    merged(merging)
    assert keys(merging) == ["16:00 to: received", "17:00 did: contact", "18:00 to: investigating"]
    assert status(merging) == "status: investigating"
    assert "### 2026-11-18 17:00 li.na, phone\nCalled at 17:00\n" in merging.path(ONE).read_text(encoding="utf-8")
    assert merging("check", now=LATEST) == (0, "", "1 record: no problems\n")


def test_two_moves_at_once_are_merged_and_told(merging: Ledger) -> None:
    on_branches(
        merging,
        lambda: move(merging, "resolving", LATER),
        lambda: move(merging, "investigating", LATEST),
    )
    merged(merging)
    assert keys(merging) == ["16:00 to: received", "17:00 to: resolving", "18:00 to: investigating"]
    outcome = merging("check", now=LATEST)
    assert outcome.code == 0
    assert [line.split()[1] for line in outcome.out.splitlines()] in ([], ["W062"])


def test_the_merge_is_the_same_from_the_other_side(merging: Ledger) -> None:
    contact_and_move(merging)
    merging.git("switch", "--quiet", "theirs")
    assert git(merging, "merge", "--quiet", "main").code == 0
    assert keys(merging) == ["16:00 to: received", "17:00 did: contact", "18:00 to: investigating"]
    assert status(merging) == "status: investigating"


def test_two_clones_merge_what_the_other_one_pushed(merging: Ledger, tmp_path: Path) -> None:
    other = Ledger(tmp_path / "other")
    merging.git("clone", "--quiet", ".", str(other.root))
    for key, value in (("user.name", "Zhao"), ("user.email", "zhao.qiang@example.org")):
        other.git("config", key, value)
    assert driver.state(Store(other.root)) is State.ABSENT
    assert "made merge driver" in other.ok("init")
    contact(merging, LATER)
    move(other, "investigating", LATEST)
    assert git(other, "pull", "--quiet", "--no-rebase").code == 0
    assert keys(other) == ["16:00 to: received", "17:00 did: contact", "18:00 to: investigating"]


def test_a_rebase_goes_through_the_driver(merging: Ledger) -> None:
    contact_and_move(merging)
    assert git(merging, "rebase", "--quiet", "theirs").code == 0
    assert keys(merging) == ["16:00 to: received", "17:00 did: contact", "18:00 to: investigating"]
    assert status(merging) == "status: investigating"


def test_a_cherry_pick_goes_through_the_driver(merging: Ledger) -> None:
    contact_and_move(merging)
    assert git(merging, "cherry-pick", "theirs").code == 0
    assert keys(merging) == ["16:00 to: received", "17:00 did: contact", "18:00 to: investigating"]


def test_a_worktree_merges_with_the_driver_of_its_clone(merging: Ledger, tmp_path: Path) -> None:
    contact_and_move(merging)
    merging.git("worktree", "add", "--quiet", str(tmp_path / "tree"), "-b", "ours", "main")
    tree = Ledger(tmp_path / "tree")
    merged(tree)
    assert keys(tree) == ["16:00 to: received", "17:00 did: contact", "18:00 to: investigating"]


def test_a_store_in_a_subfolder_is_merged_too(merging: Ledger) -> None:
    (merging.root / "estate").mkdir()
    for name in ("cpl.yaml", "records", ".gitattributes"):
        merging.git("mv", name, f"estate/{name}")
    merging.commit("into a subfolder")
    inner = Ledger(merging.root / "estate")
    contact_and_move(inner)
    merged(inner)
    assert keys(inner) == ["16:00 to: received", "17:00 did: contact", "18:00 to: investigating"]


def test_a_record_that_one_side_moved_gets_the_events_of_the_other(merging: Ledger) -> None:
    moved = f"records/2026/11/{ONE}.md"

    def move_away() -> None:
        merging.git("mv", str(merging.path(ONE).relative_to(merging.root)), moved)
        set_by_hand_at = merging.root / moved
        text = set_by_hand_at.read_text(encoding="utf-8")
        set_by_hand_at.write_text(text.replace("title: Door 2", "title: Door 3"), encoding="utf-8")
        merging.commit("moved")

    on_branches(merging, lambda: move(merging, "investigating", LATER), move_away)
    assert git(merging, "merge", "--quiet", "theirs").code == 0
    text = (merging.root / moved).read_text(encoding="utf-8")
    assert "title: Door 3" in text
    assert "to: investigating" in text


def test_a_store_whose_settings_are_in_conflict_still_merges_its_records(merging: Ledger) -> None:
    settings = merging.root / "cpl.yaml"

    def rename(name: str) -> None:
        settings.write_text(settings.read_text(encoding="utf-8").replace("锦绣花园", name), encoding="utf-8")
        merging.commit()

    def theirs() -> None:
        contact(merging, LATER)
        rename("North")

    def ours() -> None:
        move(merging, "investigating", LATEST)
        rename("South")

    on_branches(merging, theirs, ours)
    assert git(merging, "merge", "--quiet", "theirs").code == 1
    assert merging.git("diff", "--name-only", "--diff-filter=U") == "cpl.yaml\n"
    assert keys(merging) == ["16:00 to: received", "17:00 did: contact", "18:00 to: investigating"]


def test_stashed_changes_come_back_through_the_driver(merging: Ledger) -> None:
    merging.ok("contact", ONE, "--via", "phone", "--about", "acknowledge", "--no-commit", now=LATER)
    merging.git("stash")
    move(merging, "investigating", LATEST)
    assert git(merging, "stash", "pop").code == 0
    assert keys(merging) == ["16:00 to: received", "17:00 did: contact", "18:00 to: investigating"]


# Conflicts


def test_branches_that_merged_each_other_in_two_ways_keep_all_events(merging: Ledger) -> None:
    """Their base is itself a merge, with a conflict in it, which each of them has settled in its own way."""
    two_titles(merging)
    merging.git("branch", "before")
    for branch, other, title in (("main", "theirs", "Gate 2"), ("theirs", "before", "Door 2")):
        merging.git("switch", "--quiet", branch)
        assert git(merging, "merge", "--quiet", other).code == 1
        lines = merging.path(ONE).read_text(encoding="utf-8").splitlines(keepends=True)
        assert lines[2].startswith("<<<<<<<")
        merging.put(ONE, "".join([*lines[:2], f"title: {title}\n", *lines[7:]]))
        merging.commit("settled")
    contact(merging, LATER)
    merging.git("switch", "--quiet", "main")
    move(merging, "investigating", LATEST)
    assert len(merging.git("merge-base", "--all", "main", "theirs").splitlines()) == 2
    assert git(merging, "merge", "--quiet", "theirs").code == 1
    text = merging.path(ONE).read_text(encoding="utf-8")
    assert "<<<<<<< ours\ntitle: Gate 2\n=======\ntitle: Door 2\n>>>>>>> theirs\n" in text
    assert text.count("<<<<<<<") == 1
    assert keys(merging) == ["16:00 to: received", "17:00 did: contact", "18:00 to: investigating"]


def test_a_field_set_two_ways_is_marked_and_can_be_settled(merging: Ledger) -> None:
    two_titles(merging)
    outcome = git(merging, "merge", "--quiet", "theirs")
    assert outcome.code == 1
    assert "both sides changed title\n" in outcome.err
    path = merging.path(ONE)
    text = path.read_text(encoding="utf-8")
    conflict = "<<<<<<< ours\ntitle: Gate 2 does not lock\n=======\ntitle: Door 2 is stuck\n>>>>>>> theirs\n"
    assert text.startswith(f"---\nid: {ONE}\n{conflict}kind: complaint\n")
    assert text.count("<<<<<<<") == 1
    relative = path.relative_to(merging.root)
    checked = merging("check", now=LATEST)
    assert (checked.code, checked.out.splitlines()[0].split(": ", 1)) == (
        1,
        [
            f"{relative}:3",
            "E011 a merge left conflict markers ('<<<<<<<'); keep what is right and remove them (a record: cpl settle)",
        ],
    )
    path.write_text(text.replace(conflict, "title: Gate 2 is stuck\n"), encoding="utf-8")
    merging.commit("settled")
    assert merging("check", now=LATEST).code == 0
    assert merging.git("log", "--format=%p", "-1").count(" ") == 1


def test_one_record_made_on_both_sides_is_united(merging: Ledger) -> None:
    text = merging.path(ONE).read_text(encoding="utf-8")
    merging.path(ONE).unlink()
    merging.commit("gone")

    def make(title: str, now: str) -> None:
        merging.put(ONE, text.replace("Door 2 does not lock", title))
        merging.commit("made")
        contact(merging, now)

    on_branches(merging, lambda: make("Door 2", LATER), lambda: make("Gate 2", LATEST))
    assert git(merging, "merge", "--quiet", "theirs").code == 1
    assert keys(merging) == ["16:00 to: received", "17:00 did: contact", "18:00 did: contact"]
    merged = merging.path(ONE).read_text(encoding="utf-8")
    assert "<<<<<<< ours\ntitle: Gate 2\n=======\ntitle: Door 2\n>>>>>>> theirs\n" in merged
    assert merged.count("<<<<<<<") == 1


def test_a_record_that_can_not_be_read_is_merged_as_text(merging: Ledger) -> None:
    on_branches(
        merging,
        lambda: contact(merging, LATER),
        lambda: set_by_hand(merging, "status: received", "status: [received"),
    )
    outcome = git(merging, "merge", "--quiet", "theirs")
    assert "it can't be merged as a record: line 5: E005" in outcome.err
    text = merging.path(ONE).read_text(encoding="utf-8")
    assert "status: [received" in text
    assert "did: contact" in text


def test_a_file_that_git_calls_binary_keeps_both_sides(merging: Ledger) -> None:
    on_branches(
        merging,
        lambda: set_by_hand(merging, "title: Door", "title: \0Door"),
        lambda: set_by_hand(merging, "title: Door", "title: \0\0Door"),
    )
    assert git(merging, "merge", "--quiet", "theirs").code == 1
    text = merging.path(ONE).read_text(encoding="utf-8")
    assert text.startswith("<<<<<<< ours\n---\n")
    assert "title: \0\0Door" in text
    assert "title: \0Door" in text
    assert text.endswith(">>>>>>> theirs\n")


# Without the driver


def test_without_the_driver_git_marks_the_conflict_itself(merging: Ledger) -> None:
    merging.git("config", "--remove-section", "merge.cpl")
    contact_and_move(merging)
    assert git(merging, "merge", "--quiet", "theirs").code == 1
    text = merging.path(ONE).read_text(encoding="utf-8")
    assert "<<<<<<< HEAD\n" in text
    assert "did: contact" in text
    assert "to: investigating" in text


def replace_interpreter(ledger: Ledger, interpreter: str) -> None:
    value = Store(ledger.root).git.config("merge.cpl.driver") or ""
    before, _python, behind = value.partition(shlex.quote(sys.executable))
    ledger.git("config", "merge.cpl.driver", before + interpreter + behind)


@pytest.mark.parametrize(
    "script",
    [
        None,
        "#!/bin/sh\nexit 0\n",
        "#!/bin/sh\nexit 1\n",
        "#!/bin/sh\nexit 3\n",
        "#!/bin/sh\nkill -9 $$\n",
        "#!/bin/sh\necho 'No module named cpl'\nexit 1\n",
    ],
    ids=["gone", "does nothing", "cpl not installed", "a bug in cpl", "killed", "says something else"],
)
def test_an_interpreter_that_does_not_merge_never_loses_theirs(
    merging: Ledger, tmp_path: Path, script: str | None
) -> None:
    interpreter = tmp_path / "bin dir" / "python"
    interpreter.parent.mkdir()
    if script is not None:
        interpreter.write_text(script, encoding="utf-8")
        interpreter.chmod(0o755)
    replace_interpreter(merging, f"'{interpreter}'")
    assert driver.state(Store(merging.root)) is (State.STALE if script is None else State.READY)
    contact_and_move(merging)
    outcome = git(merging, "merge", "--quiet", "theirs")
    assert outcome.code == 1
    relative = merging.path(ONE).relative_to(merging.root)
    assert f"cpl did not run, this is merged as text: {relative} (to mend that: cpl init)\n" in outcome.err
    text = merging.path(ONE).read_text(encoding="utf-8")
    assert "<<<<<<< ours\n" in text
    assert ">>>>>>> theirs\n" in text
    assert "did: contact" in text
    assert "to: investigating" in text
    assert merging("check", now=LATEST).code == 1


def test_without_an_interpreter_a_binary_file_keeps_both_sides(merging: Ledger) -> None:
    replace_interpreter(merging, "/nonexistent/python")
    on_branches(
        merging,
        lambda: set_by_hand(merging, "title: Door", "title: \0Door"),
        lambda: set_by_hand(merging, "title: Door", "title: \0\0Door"),
    )
    assert git(merging, "merge", "--quiet", "theirs").code == 1
    text = merging.path(ONE).read_text(encoding="utf-8")
    assert text.startswith("<<<<<<< ours\n---\n")
    assert "title: \0\0Door" in text
    assert "title: \0Door" in text
    assert git(merging, "status", "--porcelain").out == f"UU {merging.path(ONE).relative_to(merging.root)}\n"


# The command itself


@pytest.fixture
def three(tmp_path: Path) -> Ledger:
    """A folder that is neither a store nor a repository, with the files of one merge."""
    for name, text in (
        ("base", record_text()),
        ("ours", record_text(fields="object: lock\n")),
        ("theirs", record_text("17T10:00 did: arrive")),
    ):
        (tmp_path / name).write_text(text, encoding="utf-8")
    return Ledger(tmp_path)


def test_the_command_needs_neither_store_nor_repository(three: Ledger) -> None:
    assert three("merge-driver", "base", "ours", "theirs", "r.md") == (0, "merged\n", "")
    expected = record_text("17T10:00 did: arrive", fields="object: lock\n")
    assert (three.root / "ours").read_text(encoding="utf-8") == expected


@pytest.mark.parametrize(
    ("labels", "shown"),
    [
        ([], ["ours", "theirs"]),
        (["7", "%X", "%Y"], ["ours", "theirs"]),
        (["7", "HEAD", "1a2b (CPL: a\nb)"], ["HEAD", "1a2b (CPL: a b)"]),
    ],
    ids=["none", "of an older git", "of git"],
)
def test_a_conflict_is_told_with_the_names_of_both_sides(three: Ledger, labels: list[str], shown: list[str]) -> None:
    (three.root / "theirs").write_text(record_text().replace("Door", "Gate"), encoding="utf-8")
    (three.root / "ours").write_text(record_text().replace("Door", "Lift"), encoding="utf-8")
    outcome = three("merge-driver", "base", "ours", "theirs", "r.md", *labels)
    assert outcome == (1, "conflicts\n", "r.md: both sides changed title\n")
    lines = (three.root / "ours").read_text(encoding="utf-8").splitlines()
    assert [lines[2], lines[6]] == [f"<<<<<<< {shown[0]}", f">>>>>>> {shown[1]}"]


def test_what_is_no_record_is_merged_as_text(three: Ledger) -> None:
    for name, text in (("base", "1\n2\n3\n4\n"), ("ours", "one\n2\n3\n4\n"), ("theirs", "1\n2\n3\nfour\n")):
        (three.root / name).write_text(text, encoding="utf-8")
    outcome = three("merge-driver", "base", "ours", "theirs", "notes.md")
    assert (outcome.code, outcome.out) == (0, "merged\n")
    assert outcome.err.startswith("notes.md: it can't be merged as a record: line 1: E003 ")
    assert (three.root / "ours").read_text(encoding="utf-8") == "one\n2\n3\nfour\n"


def test_a_bug_of_ours_leaves_a_merge_as_text_and_its_traceback(three: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_versions: object) -> None:
        raise KeyError("a bug")

    monkeypatch.setattr("cpl.cli.merge_driver.merge", fail)  # a bug has to be made for this
    outcome = three("merge-driver", "base", "ours", "theirs", "r.md")
    assert (outcome.code, outcome.out) == (3, "merged\n")
    assert "KeyError: 'a bug'" in outcome.err
    text = (three.root / "ours").read_text(encoding="utf-8")
    assert ("object: lock" in text, "did: arrive" in text) == (True, True)


def test_a_file_that_is_not_there_is_said(three: Ledger) -> None:
    (three.root / "theirs").unlink()
    outcome = three("merge-driver", "base", "ours", "theirs", "r.md")
    assert (outcome.code, outcome.out) == (2, "")
    assert "theirs can't be read: it does not exist" in outcome.err


# The setting


def test_the_setting_is_made_and_mended(ledger: Ledger) -> None:
    store = Store(ledger.root)
    assert driver.state(store) is State.ABSENT
    assert (driver.register(store), driver.state(store), driver.register(store)) == (True, State.READY, False)
    for other in ("cpl merge-driver %O %A %B", 'case "$(', 'case "$(a b -P -m cpl x', ""):
        ledger.git("config", "merge.cpl.driver", other)
        assert driver.state(store) is State.STALE
    ledger.git("config", "--add", "merge.cpl.driver", "true")
    assert (driver.register(store), driver.state(store)) == (True, State.READY)


@pytest.mark.parametrize(
    ("text", "lacking"),
    [
        (ATTRIBUTES, []),
        ("records/** -text\n", ["merge"]),
        ("records/** -text merge=cpl\n", []),
        ("records/**/*.md merge=cpl\n", ["text"]),
        (f"{ATTRIBUTES}*.md text\n", ["text"]),
        ("", ["text", "merge"]),
    ],
)
def test_what_git_makes_of_gitattributes_counts(ledger: Ledger, text: str, lacking: list[str]) -> None:
    (ledger.root / ".gitattributes").write_text(text, encoding="utf-8")
    assert attributes.lacking(Store(ledger.root).git) == lacking


def test_only_records_are_merged_by_cpl(merging: Ledger) -> None:
    paths = (f"records/2026/11/18/{ONE}.md", f"records/2026/11/18/{ONE}/door.jpg", "records/registers/access.yaml")
    told = merging.git("check-attr", "text", "merge", "--", *paths)
    values = [line.rpartition(": ")[2] for line in told.splitlines()]
    assert values == ["unset", "cpl", "unset", "unspecified", "unset", "unspecified"]
    assert attributes.lacking(Store(ROOT).git) == []


def test_a_python_with_strange_characters_in_its_path_is_started(
    merging: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    strange = tmp_path / "it's 100%A $(x)" / "python"
    strange.parent.mkdir()
    strange.symlink_to(sys.executable)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT), *sys.path]))
    monkeypatch.setattr("sys.executable", str(strange))
    assert driver.register(Store(merging.root))
    assert driver.state(Store(merging.root)) is State.READY
    contact_and_move(merging)
    merged(merging)
    assert keys(merging) == ["16:00 to: received", "17:00 did: contact", "18:00 to: investigating"]


def test_without_a_python_nothing_is_registered(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.executable", "")
    with pytest.raises(CplError, match="Python does not say where it is"):
        driver.register(Store(ledger.root))
    assert driver.state(Store(ledger.root)) is State.ABSENT
