"""`cpl settle`: conflicts shown, picked, and the merge concluded; what two clones made wrong, put right."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest

from cpl import driver
from cpl.store import Store
from tests.ledger import ONE, ROOT, Ledger, Outcome
from tests.processes import Terminal

ATTRIBUTES = "records/** -text\nrecords/**/*.md -text merge=cpl\n"
EARLIER = "2026-11-18T16:30:00+08:00"
LATER = "2026-11-18T17:00:00+08:00"
LATEST = "2026-11-18T18:00:00+08:00"
TITLE = "title: Door 2 does not lock"
DATED = {
    "GIT_AUTHOR_DATE": "2026-11-18T17:00:00+08:00",
    "GIT_COMMITTER_DATE": "2026-11-18T17:00:00+08:00",
    "GIT_EDITOR": "true",
}


@pytest.fixture
def merging(ledger: Ledger, one: str, monkeypatch: pytest.MonkeyPatch) -> Ledger:
    """A store with ONE in it, in a clone that merges records with this source tree's cpl."""
    assert one == ONE
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    for name, value in DATED.items():
        monkeypatch.setenv(name, value)
    (ledger.root / ".gitattributes").write_text(ATTRIBUTES, encoding="utf-8")
    ledger.commit("merge by cpl")
    assert driver.register(Store(ledger.root))
    ledger.now = LATEST
    return ledger


def git(ledger: Ledger, *args: str) -> Outcome:
    done = subprocess.run(["git", *args], cwd=ledger.root, capture_output=True, text=True)
    return Outcome(done.returncode, done.stdout, done.stderr)


def on_branches(ledger: Ledger, theirs: Callable[[], object], ours: Callable[[], object]) -> None:
    """Do both from one start, theirs by Zhao on a branch, ours on main; then merge theirs."""
    ledger.git("switch", "--quiet", "--create", "theirs")
    ledger.git("config", "user.name", "Zhao Qiang")
    theirs()
    ledger.git("config", "user.name", "Li Na")
    ledger.git("switch", "--quiet", "main")
    ours()
    git(ledger, "merge", "--quiet", "theirs")


def text(ledger: Ledger) -> str:
    return ledger.path(ONE).read_text(encoding="utf-8")


def replace(ledger: Ledger, *pairs: tuple[str, str]) -> None:
    """Change the record by hand and commit."""
    new = text(ledger)
    for old, value in pairs:
        assert old in new
        new = new.replace(old, value, 1)
    ledger.put(ONE, new)
    ledger.commit()


def two_titles(ledger: Ledger) -> None:
    on_branches(
        ledger,
        lambda: replace(ledger, (TITLE, "title: Door 2 is stuck"), ("## Plan\n", "## Plan\nNew hinge\n")),
        lambda: replace(ledger, (TITLE, "title: Gate 2"), ("## Plan\n", "## Plan\nNew lock\n")),
    )


def move(ledger: Ledger, to: str, now: str, *args: str) -> None:
    ledger.ok("transition", ONE, to, *args, now=now)


def state(ledger: Ledger) -> str | None:
    return Store(ledger.root).git.state()


def parents(ledger: Ledger) -> int:
    return len(ledger.git("log", "-1", "--format=%P").split())


SIDES = f"""\
{ONE}  records/2026/11/18/{ONE}.md
  title
    ours (Li Na, 2026-11-18 17:00): 'Gate 2'
    theirs (Zhao Qiang, 2026-11-18 17:00): 'Door 2 is stuck'
  ## Plan
    ours (Li Na, 2026-11-18 17:00)
      ## Plan
      New lock
    theirs (Zhao Qiang, 2026-11-18 17:00)
      ## Plan
      New hinge
"""


# A merge under way


def test_without_a_terminal_what_is_missing_is_named_and_nothing_is_done(merging: Ledger) -> None:
    two_titles(merging)
    before = text(merging)
    code, out, err = merging("settle")
    assert (code, out) == (2, "")
    assert err.startswith(SIDES)
    assert err.endswith(
        f"{ONE}: title, ## Plan: say which side is right: --ours, --theirs, or --field NAME=VALUE for one field; "
        "or settle it in your editor: --edit\n"
    )
    assert (text(merging), state(merging)) == (before, "merge")


@pytest.mark.parametrize(
    ("options", "title", "plan", "said"),
    [
        (["--ours"], "Gate 2", "New lock", "title: ours; ## Plan: ours"),
        (["--theirs"], "Door 2 is stuck", "New hinge", "title: theirs; ## Plan: theirs"),
        (["--ours", "--field", "title=Both"], "Both", "New lock", "title: 'Both'; ## Plan: ours"),
    ],
)
def test_a_side_is_picked_and_the_merge_concluded(
    merging: Ledger, options: list[str], title: str, plan: str, said: str
) -> None:
    two_titles(merging)
    out = merging.ok("settle", ONE, *options)
    head = merging.git("rev-parse", "HEAD")[:12]
    assert out == f"{ONE}: settled ({said})\nthe merge is concluded: {head}\n"
    assert f"title: {title}\n" in text(merging)
    assert f"## Plan\n{plan}\n" in text(merging)
    assert (state(merging), parents(merging), merging.git("status", "--porcelain")) == (None, 2, "")
    assert merging.git("log", "-1", "--format=%B") == (f"Merge branch 'theirs'\n\nComplaint: {ONE}\nAction: settle\n\n")
    assert merging("check") == (0, "", "1 record: no problems\n")


def test_a_person_at_a_terminal_is_asked_for_each_place(merging: Ledger) -> None:
    two_titles(merging)
    with Terminal(merging, "settle") as terminal:
        terminal.expect("title (ours, theirs, value, later): ")
        terminal.type("value\n")
        terminal.expect("Value: ")
        terminal.type("Gate 2 is stuck\n")
        terminal.expect("## Plan (ours, theirs, both, later): ")
        terminal.type("both\n")
        code, shown = terminal.finish()
    assert code == 0, shown
    assert "title: Gate 2 is stuck\n" in text(merging)
    assert "## Plan\nNew lock\nNew hinge\n" in text(merging)
    assert (state(merging), parents(merging)) == (None, 2)


def test_what_is_left_for_later_stays_as_git_left_it(merging: Ledger) -> None:
    two_titles(merging)
    before = text(merging)
    with Terminal(merging, "settle") as terminal:
        terminal.expect("title (ours, theirs, value, later): ")
        terminal.type("later\n")
        assert terminal.finish()[0] == 1
    assert (text(merging), state(merging)) == (before, "merge")


def test_conflicts_are_settled_in_the_editor(merging: Ledger, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    two_titles(merging)
    script = tmp_path / "editor"
    script.write_text(
        '#!/bin/sh\nsed -e \'/^[<=>]\\{7\\}/d\' -e \'/^title: Door/d\' "$1" >"$1.new"; mv "$1.new" "$1"\n'
    )
    script.chmod(0o755)
    monkeypatch.setenv("GIT_EDITOR", str(script))
    out = merging.ok("settle", "--edit")
    assert out.startswith(f"{ONE}: settled (edited)\n")
    assert "title: Gate 2\n" in text(merging)
    assert "New lock\nNew hinge\n" in text(merging)
    assert parents(merging) == 2


def test_a_text_with_markers_left_is_refused(merging: Ledger) -> None:
    two_titles(merging)
    code, _out, err = merging("settle", "--edit")
    assert code == 2
    assert "it has conflict markers" in err
    assert "your text is kept" not in err
    assert state(merging) == "merge"


def test_what_was_settled_by_hand_is_taken_with_every_event_of_both(merging: Ledger) -> None:
    def theirs() -> None:
        move(merging, "investigating", LATER)
        replace(merging, (TITLE, "title: Door 2 is stuck"))

    on_branches(merging, theirs, lambda: replace(merging, (TITLE, "title: Gate 2")))
    merging.git("checkout", "--ours", "--", str(merging.path(ONE)))
    assert "investigating" not in text(merging)
    assert merging.ok("settle", ONE).startswith(f"{ONE}: settled (as it stands)\nthe merge is concluded: ")
    assert "title: Gate 2\n" in text(merging)
    assert "status: investigating\n" in text(merging)


def test_without_the_driver_events_of_both_sides_are_united_all_the_same(merging: Ledger) -> None:
    merging.git("config", "--remove-section", "merge.cpl")
    on_branches(
        merging,
        lambda: merging.ok("contact", ONE, "--via", "phone", "--about", "acknowledge", now=LATER),
        lambda: move(merging, "investigating", LATEST),
    )
    assert "<<<<<<<" in text(merging)
    assert merging.ok("settle").startswith(f"{ONE}: settled")
    assert [line for line in text(merging).splitlines() if line.startswith(("status", "- {at"))] == [
        "status: investigating",
        "- {at: 2026-11-18T16:00:00+08:00, by: li.na, to: received}",
        "- {at: 2026-11-18T17:00:00+08:00, by: li.na, did: contact, via: phone, about: acknowledge, reached: true}",
        "- {at: 2026-11-18T18:00:00+08:00, by: li.na, to: investigating}",
    ]


def test_a_record_that_one_side_removed_is_kept(merging: Ledger) -> None:
    def remove() -> None:
        merging.path(ONE).unlink()
        merging.commit("gone")

    on_branches(merging, remove, lambda: move(merging, "investigating", LATER))
    assert merging.ok("settle").startswith(f"{ONE}: settled (as it stands)\nthe merge is concluded: ")
    assert "to: investigating" in text(merging)


def test_one_record_made_on_both_sides_is_settled_like_any_other(merging: Ledger) -> None:
    made = text(merging)
    merging.path(ONE).unlink()
    merging.commit("gone")

    def make(title: str, now: str) -> None:
        merging.put(ONE, made.replace("Door 2 does not lock", title))
        merging.commit("made")
        move(merging, "investigating", now)

    on_branches(merging, lambda: make("Door 2", EARLIER), lambda: make("Gate 2", LATER))
    assert merging.ok("settle", "--field", "title=Both").startswith(f"{ONE}: settled (title: 'Both')\n")
    assert "title: Both\n" in text(merging)
    assert text(merging).count("to: investigating") == 2


def test_a_record_that_both_sides_moved_stands_in_the_right_place_once(merging: Ledger) -> None:
    right = merging.path(ONE).relative_to(merging.root)
    merging.git("mv", str(right), "records/A.md")
    merging.git("mv", "records/A.md", f"records/{ONE}.md")
    merging.commit("wrong place")

    def move_to(folder: str) -> None:
        (merging.root / folder).mkdir(parents=True, exist_ok=True)
        merging.git("mv", f"records/{ONE}.md", f"{folder}/{ONE}.md")
        merging.commit("moved")

    on_branches(merging, lambda: move_to("records/2026"), lambda: move_to("records/2026/11/18"))
    assert merging.ok("settle").startswith(f"{ONE}: settled (as it stands)\nthe merge is concluded: ")
    assert merging.git("ls-files", "records") == f"{right}\n"
    assert merging("check") == (0, "", "1 record: no problems\n")


def test_two_files_of_one_name_are_both_kept(merging: Ledger, tmp_path: Path) -> None:
    def attach(content: bytes, now: str) -> None:
        (tmp_path / "door.jpg").write_bytes(content)
        merging.ok("attach", ONE, str(tmp_path / "door.jpg"), now=now)

    on_branches(merging, lambda: attach(b"their door", LATER), lambda: attach(b"our door", LATEST))
    assert state(merging) == "merge"
    hashes = {sha256(content).hexdigest(): content for content in (b"their door", b"our door")}
    first, second = sorted(hashes)
    out = merging.ok("settle")
    names = {"door.jpg": hashes[first], f"door-{second[:8]}.jpg": hashes[second]}
    folder = merging.path(ONE).with_suffix("")
    relative = folder.relative_to(merging.root)
    listed = ", ".join(sorted(names))
    assert out.startswith(f"{ONE}: settled ({relative}/door.jpg is kept as {listed})\nthe merge is concluded: ")
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == names
    assert merging("check") == (0, "", "1 record: no problems\n")
    assert merging("check", "--range", "HEAD^..HEAD").code == 0


def test_what_is_no_record_is_left_to_a_person(merging: Ledger) -> None:
    def rename(name: str) -> None:
        path = merging.root / "cpl.yaml"
        path.write_text(path.read_text(encoding="utf-8").replace("锦绣花园", name), encoding="utf-8")
        merging.commit()

    on_branches(merging, lambda: rename("North"), lambda: rename("South"))
    assert merging("settle") == (1, "", "cpl.yaml is no record: settle it in the file, then: git add cpl.yaml\n")
    assert state(merging) == "merge"
    merging.git("checkout", "--ours", "cpl.yaml")
    merging.git("add", "cpl.yaml")
    head = merging.git("rev-parse", "HEAD")
    assert merging.ok("settle").startswith("the merge is concluded: ")
    assert merging.git("rev-parse", "HEAD^1") == head


def test_a_cherry_pick_is_settled_and_gits_command_named(merging: Ledger) -> None:
    on_branches(
        merging,
        lambda: replace(merging, (TITLE, "title: Door 2 is stuck")),
        lambda: replace(merging, (TITLE, "title: Gate 2")),
    )
    merging.git("merge", "--abort")
    git(merging, "cherry-pick", "theirs")
    code, out, err = merging("settle", "--theirs")
    assert (code, out) == (0, f"{ONE}: settled (title: theirs)\n")
    assert err == "all is settled; go on with: git cherry-pick --continue\n"
    assert git(merging, "cherry-pick", "--continue").code == 0
    assert "title: Door 2 is stuck\n" in text(merging)


def test_a_field_that_is_in_no_conflict_is_refused(merging: Ledger) -> None:
    two_titles(merging)
    code, _out, err = merging("settle", "--ours", "--field", "object=lock")
    assert (code, state(merging)) == (2, "merge")
    assert err.endswith("object is in no conflict; in conflict are: title, ## Plan\n")


def test_a_value_is_given_to_one_complaint_only(merging: Ledger) -> None:
    other = merging.open("Lamp")

    def retitle(title: str) -> None:
        merging.ok("set", ONE, f"title={title}")
        merging.ok("set", other, f"title={title}")

    on_branches(merging, lambda: retitle("theirs"), lambda: retitle("ours"))
    code, out, err = merging("settle")
    assert (code, out) == (2, "")
    assert [line.partition(": ")[0] for line in err.splitlines()[-2:]] == sorted([ONE, other])
    code, out, err = merging("settle", "--field", "title=Both", "--ours")
    assert (code, out) == (2, "")
    assert err.endswith(
        "title is in conflict in several complaints; say which is meant: cpl settle ID --field title=…\n"
    )
    assert merging.ok("settle", ONE, "--field", "title=Both") == f"{ONE}: settled (title: 'Both')\n"
    assert merging.ok("settle", "--theirs").startswith(f"{other}: settled (title: theirs)\nthe merge is concluded: ")
    assert "title: Both\n" in text(merging)


# A record merged as text, and committed


def test_markers_that_were_committed_are_settled_by_a_commit(merging: Ledger) -> None:
    two_titles(merging)
    merging.commit("as it is")
    assert merging("check").code == 1
    assert merging.ok("settle", "--theirs") == f"{ONE}: settled (title: theirs; ## Plan: theirs)\n"
    assert merging("check") == (0, "", "1 record: no problems\n")
    assert merging.git("log", "-1", "--format=%s") == f"{ONE}: settled\n"


def test_what_a_merge_of_texts_left_out_of_step_follows_the_events_again(merging: Ledger) -> None:
    move(merging, "investigating", LATER)
    (event,) = [line for line in text(merging).splitlines() if "to: investigating" in line]
    replace(merging, ("status: investigating", "status: received"), (event, f"{event}\n{event}"))
    assert [line.split()[1] for line in merging("check").out.splitlines()] == ["E050", "E055", "E055"]
    assert merging.ok("settle") == (
        f"{ONE}: settled (the event to:investigating of 2026-11-18T17:00:00+08:00 stood twice; "
        "status is 'investigating' by the events, not 'received')\n"
    )
    assert merging("check") == (0, "", "1 record: no problems\n")


def test_nothing_to_settle_is_said(merging: Ledger) -> None:
    assert merging("settle") == (0, "", "nothing is to be settled\n")


# What honest clones made wrong between them


def checked(ledger: Ledger) -> list[str]:
    return [line.split()[1] for line in ledger("check").out.splitlines()]


def lacking_a_finding(ledger: Ledger) -> None:
    on_branches(ledger, lambda: move(ledger, "resolving", LATER), lambda: move(ledger, "investigating", EARLIER))


def not_in_the_profile(ledger: Ledger) -> None:
    on_branches(ledger, lambda: move(ledger, "investigating", LATER), lambda: move(ledger, "replying", EARLIER))


def voided_and_gone_on_from(ledger: Ledger) -> None:
    move(ledger, "investigating", EARLIER)
    options = ("--void", "to:investigating", "--reason", "slip")
    on_branches(
        ledger,
        lambda: ledger.ok("correct", ONE, *options, now="2026-11-18T17:30:00+08:00"),
        lambda: move(ledger, "replying", LATER),
    )


def voided_and_gone_on_from_twice(ledger: Ledger) -> None:
    voided_and_gone_on_from(ledger)
    move(ledger, "resolving", "2026-11-18T17:45:00+08:00")


@pytest.mark.parametrize(
    ("make", "code", "voided", "status"),
    [
        (lacking_a_finding, "E060", "resolving", "investigating"),
        (not_in_the_profile, "W062", "investigating", "replying"),
        (voided_and_gone_on_from, "E056", "replying", "received"),
        (voided_and_gone_on_from_twice, "E056", "resolving; voided to:replying", "received"),
    ],
)
def test_moves_that_do_not_go_together_are_voided_by_a_further_event(
    merging: Ledger, make: Callable[[Ledger], None], code: str, voided: str, status: str
) -> None:
    make(merging)
    assert checked(merging) == [code]
    outcome = merging("settle")
    assert outcome.code == (0 if code == "W062" else 1)
    assert f"{code} " in outcome.err
    assert outcome.err.endswith(f"  cpl settle {ONE} --void --reason TEXT\n")
    assert checked(merging) == [code]
    out = merging.ok("settle", "--void", "--reason", "two at once")
    assert out == f"{ONE}: settled (voided to:{voided})\n"
    assert f"status: {status}\n" in text(merging)
    assert checked(merging) == []
    assert merging("check", "--range", "HEAD^..HEAD").code == 0


def test_a_voiding_needs_a_reason(merging: Ledger) -> None:
    lacking_a_finding(merging)
    code, out, err = merging("settle", "--void")
    assert (code, out, err.splitlines()[-1]) == (2, "", "Error: say why: --reason TEXT")
    assert checked(merging) == ["E060"]


def test_at_a_terminal_it_is_asked_what_to_void_and_why(merging: Ledger) -> None:
    lacking_a_finding(merging)
    with Terminal(merging, "settle") as terminal:
        terminal.expect("Void to:resolving? [y/N]: ")
        terminal.type("y\n")
        terminal.expect("Reason: ")
        terminal.type("two at once\n")
        assert terminal.finish()[0] == 0
    assert checked(merging) == []


def test_a_merge_whose_result_is_not_right_is_put_right_before_it_is_concluded(merging: Ledger) -> None:
    merging.git("switch", "--quiet", "--create", "theirs")
    merging.ok("task", ONE, "add", "Mend it", "--kind", "step", now=LATER)
    merging.git("switch", "--quiet", "main")
    move(merging, "withdrawn", LATER, "--reason", "a try")
    merging.git("merge", "--quiet", "--no-commit", "theirs")
    code, out, err = merging("settle")
    assert (code, out) == (2, "")
    (task,) = [line.split("{id: ")[1][:6] for line in text(merging).splitlines() if "Mend it" in line]
    assert f"E063 task {task} is still open in the final state 'withdrawn'; run: cpl task {ONE} done {task}\n" in err
    assert "the merge is not concluded, its result would not be right" in err
    merging.ok("task", ONE, "done", task, "--no-commit")
    assert merging.ok("settle").startswith("the merge is concluded: ")
    assert (parents(merging), checked(merging)) == (2, [])
