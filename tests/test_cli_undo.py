"""undo: what is taken back, what stays untouched, what is refused, and the commands that put right the rest."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.ledger import ONE, ROOT, Ledger
from tests.processes import Terminal

FILTER_THAT_FAILS = "[ -e {mark} ] && exec cat; : > {mark}; exit 1"


def state(ledger: Ledger) -> tuple[str, str, str]:
    """The branch, the index and the work tree."""
    shown = "".join(
        f"{path.relative_to(ledger.root)}: {path.read_bytes()!r}\n"
        for path in sorted(ledger.root.rglob("*"))
        if path.is_file() and ".git" not in path.parts
    )
    return ledger.git("rev-parse", "HEAD", "--symbolic-full-name", "HEAD"), ledger.git("ls-files", "--stage"), shown


def sha(ledger: Ledger) -> str:
    return ledger.git("rev-parse", "HEAD").strip()[:12]


def push(ledger: Ledger) -> None:
    """Give the ledger a remote that has all it has."""
    ledger.git("init", "--quiet", "--bare", "../remote.git")
    ledger.git("remote", "add", "origin", "../remote.git")
    ledger.git("push", "--quiet", "origin", "main")


def refused(ledger: Ledger) -> str:
    """What `undo` says when it refuses; nothing may have changed by it."""
    before = state(ledger)
    outcome = ledger("undo", "--yes")
    assert (outcome.code, outcome.out, state(ledger)) == (2, "", before)
    return outcome.err


def hook(ledger: Ledger, name: str, script: str) -> None:
    path = ledger.root / ".git/hooks" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    path.chmod(0o755)


WRITES: dict[str, Callable[[Ledger], object]] = {
    "open": lambda ledger: ledger.open("Lift stuck", "--attach", str(ROOT / "LICENSE")),
    "transition": lambda ledger: ledger.ok("transition", ONE, "resolving"),
    "several": lambda ledger: ledger.ok("assign", ONE, ledger.open("x"), "--to", "zhao.qiang", "-m", "both"),
    "note": lambda ledger: ledger.ok("note", ONE, "-m", "spare part ordered"),
    "attach": lambda ledger: ledger.ok("attach", ONE, str(ROOT / "LICENSE")),
}


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_the_last_write_is_taken_back_and_comes_back_by_the_command_that_is_named(
    ledger: Ledger, one: str, write: Callable[[Ledger], object]
) -> None:
    assert one == ONE
    write(ledger)
    after, made, subject = state(ledger), sha(ledger), ledger.git("log", "-1", "--format=%s")
    ledger.git("reset", "--quiet", "--hard", "HEAD~1")
    before = state(ledger)
    ledger.git("reset", "--quiet", "--hard", made)
    assert ledger("undo", "--yes") == (0, f"undone: {subject}", f"to get it back: git cherry-pick {made}\n")
    assert (state(ledger), ledger.git("status", "--porcelain")) == (before, "")
    assert ledger("check").code == 0
    ledger.git("cherry-pick", made)
    assert state(ledger)[1:] == after[1:]


IMPORT = """\
format: 1
system: desk
key: {column: No}
timezone: Asia/Shanghai
dates: ['%Y-%m-%d']
received: {column: Date}
title: {column: Text}
kind: {value: complaint}
category: {value: other}
"""


def import_three(ledger: Ledger, folder: Path) -> list[str]:
    """Import three complaints; their ids."""
    (folder / "map.yaml").write_text(IMPORT, encoding="utf-8")
    (folder / "rows.csv").write_text("No,Date,Text\n1,2026-11-01,a\n2,2026-11-01,b\n3,2026-11-02,c\n", encoding="utf-8")
    ledger.ok("import", str(folder / "rows.csv"), "--mapping", str(folder / "map.yaml"))
    return sorted(path.stem for path in ledger.root.glob("records/**/*.md"))


def test_an_import_is_undone_and_can_be_made_again(ledger: Ledger, tmp_path: Path) -> None:
    before = state(ledger)
    import_three(ledger, tmp_path)
    after = state(ledger)
    assert ledger.ok("undo", "--yes") == "undone: Import 3 complaints from desk\n"
    assert state(ledger) == before
    import_three(ledger, tmp_path)
    assert state(ledger)[1:] == after[1:]


def test_each_record_of_an_import_that_a_remote_has_is_withdrawn(ledger: Ledger, tmp_path: Path) -> None:
    ids = import_three(ledger, tmp_path)
    push(ledger)
    assert refused(ledger).splitlines()[1:] == [f"  cpl transition {each} withdrawn --reason TEXT" for each in ids]


def test_writes_are_undone_one_after_the_other_up_to_what_cpl_did_not_make(ledger: Ledger, one: str) -> None:
    ledger.ok("transition", one, "resolving")
    ledger.ok("note", one, "-m", "x")
    said = [ledger.ok("undo", "-y") for _time in range(3)]
    assert said == [f"undone: {one}: {what}\n" for what in ("note", "received → resolving", "received")]
    assert list(ledger.root.glob("records/**/*")) == []
    assert refused(ledger) == (
        f"the last commit {sha(ledger)} ('Start') was not made by cpl; "
        "no remote branch has it, so git can take it back: git reset --keep HEAD~1\n"
    )


def test_other_uncommitted_work_stays_as_it_is_staged_or_not(ledger: Ledger, one: str) -> None:
    other = ledger.path(ledger.open("other"))
    marker = ledger.root / "cpl.yaml"
    ledger.ok("transition", one, "resolving")
    marker.write_text(marker.read_text(encoding="utf-8") + "# staged\n", encoding="utf-8")
    ledger.git("add", "cpl.yaml")
    marker.write_text(marker.read_text(encoding="utf-8") + "# and changed again\n", encoding="utf-8")
    other.write_text(other.read_text(encoding="utf-8") + "by hand\n", encoding="utf-8")
    (ledger.root / "new.txt").write_text("new", encoding="utf-8")
    (ledger.root / "staged.txt").write_text("staged", encoding="utf-8")
    (ledger.root / "meant.txt").write_text("meant", encoding="utf-8")
    ledger.git("add", "staged.txt")
    ledger.git("add", "--intent-to-add", "meant.txt")
    changes = [ledger.git("diff", "--cached", "--", ".", ":!records"), ledger.git("status", "--porcelain")]
    assert ledger.ok("undo", "--yes") == f"undone: {one}: received → resolving\n"
    assert changes == [ledger.git("diff", "--cached", "--", ".", ":!records"), ledger.git("status", "--porcelain")]
    assert "status: received\n" in ledger.path(one).read_text(encoding="utf-8")


def change_record(ledger: Ledger) -> None:
    path = ledger.path(ONE)
    path.write_text(path.read_text(encoding="utf-8") + "by hand\n", encoding="utf-8")


def change_and_stage(ledger: Ledger) -> None:
    change_record(ledger)
    ledger.git("add", "records")


def stage_and_restore(ledger: Ledger) -> None:
    text = ledger.path(ONE).read_bytes()
    change_and_stage(ledger)
    ledger.path(ONE).write_bytes(text)


@pytest.mark.parametrize(
    "change",
    [
        change_record,
        change_and_stage,
        stage_and_restore,
        lambda ledger: ledger.path(ONE).unlink(),
        lambda ledger: ledger.ok("note", ONE, "-m", "x", "--no-commit"),
    ],
    ids=["changed", "staged", "only-staged", "removed", "not-committed"],
)
def test_uncommitted_work_on_the_same_record_is_never_lost(
    ledger: Ledger, one: str, change: Callable[[Ledger], object]
) -> None:
    ledger.ok("transition", one, "resolving")
    change(ledger)
    path = ledger.path(one).relative_to(ledger.root)
    assert refused(ledger) == (
        f"{path} has changes that are not committed, and undoing '{one}: received → resolving' would lose them; "
        f"commit them, or throw them away: git restore --staged --worktree {path}\n"
    )


def test_a_file_that_only_looks_changed_is_in_nobodys_way(ledger: Ledger, one: str) -> None:
    ledger.ok("transition", one, "resolving")
    os.utime(ledger.path(one), (1_000_000_000, 1_000_000_000))
    assert ledger.ok("undo", "--yes") == f"undone: {one}: received → resolving\n"


def test_a_file_of_somebody_elses_in_the_folder_of_evidence_stays(ledger: Ledger) -> None:
    identifier = ledger.open("Lift stuck", "--attach", str(ROOT / "LICENSE"))
    folder = ledger.path(identifier).with_suffix("")
    (folder / "mine.txt").write_text("mine", encoding="utf-8")
    ledger.ok("undo", "--yes")
    assert [path.name for path in folder.iterdir()] == ["mine.txt"]


def test_a_store_in_a_subfolder(ledger: Ledger, one: str) -> None:
    inner = ledger.root / "branch office"
    inner.mkdir()
    shutil.copy(ledger.root / "cpl.yaml", inner)
    ledger.commit()
    office = Ledger(inner)
    before = state(ledger)
    identifier = office.open("Wet")
    made = sha(ledger)
    assert refused(ledger) == (
        f"the last commit {made} ('{identifier}: received') does more than write records: "
        f"see branch office/records/2026/11/18/{identifier}.md; "
        "no remote branch has it, so git can take it back: git reset --keep HEAD~1\n"
    )
    assert office.ok("undo", "--yes") == f"undone: {identifier}: received\n"
    assert state(ledger) == before
    ledger.ok("transition", one, "resolving")
    assert "does more than write records: see records/2026" in refused(office)


def test_a_commit_to_which_more_was_added_by_hand_is_not_taken_back(ledger: Ledger, one: str) -> None:
    ledger.ok("transition", one, "resolving")
    (ledger.root / "plan.txt").write_text("plan", encoding="utf-8")
    ledger.git("add", "plan.txt")
    ledger.git("commit", "--quiet", "--amend", "--no-edit")
    made = sha(ledger)
    assert refused(ledger) == (
        f"the last commit {made} ('{one}: received → resolving') does more than write records: see plan.txt; "
        "no remote branch has it, so git can take it back: git reset --keep HEAD~1\n"
    )


def test_a_commit_that_removes_a_record_is_not_cpls(ledger: Ledger, one: str) -> None:
    ledger.open("second")
    ledger.git("rm", "--quiet", "--", str(ledger.path(one)))
    ledger.git("commit", "--quiet", "--amend", "--no-edit")
    path = ledger.path(one).relative_to(ledger.root)
    assert f"does more than write records: see {path}; no remote branch has it" in refused(ledger)


def test_making_a_store_is_not_undone(ledger: Ledger, tmp_path: Path) -> None:
    root = tmp_path / "fresh"
    shutil.copytree(ledger.root / ".git", root / ".git")
    fresh = Ledger(root)
    fresh.git("config", "--local", "core.bare", "false")
    fresh.git("rm", "--quiet", "-r", "--cached", ".")
    fresh.git("commit", "--quiet", "-m", "empty")
    fresh.ok("init")
    assert "('Start a complaint store') does more than write records: see " in refused(fresh)


def test_merge_is_never_undone(ledger: Ledger, one: str) -> None:
    ledger.git("switch", "--quiet", "--create", "side")
    ledger.open("on the side")
    ledger.git("switch", "--quiet", "main")
    ledger.ok("transition", one, "resolving")
    ledger.git("merge", "--quiet", "--no-edit", "-m", "both\n\nAction: sync", "side")
    assert refused(ledger) == (
        f"the last commit {sha(ledger)} ('both') is a merge, which cpl does not take back; "
        "put what is wrong right by a further event: cpl correct ID --void EVENT --reason TEXT\n"
    )


def test_while_git_is_in_the_middle_of_a_merge_nothing_is_undone(ledger: Ledger, one: str) -> None:
    ledger.git("switch", "--quiet", "--create", "side")
    ledger.open("on the side")
    ledger.git("switch", "--quiet", "main")
    ledger.ok("transition", one, "resolving")
    ledger.git("merge", "--quiet", "--no-ff", "--no-commit", "side")
    words = "a merge is not finished; end it first (git status tells how), then try again\n"
    assert refused(ledger) == words


def test_on_no_branch_nothing_is_undone(ledger: Ledger, one: str) -> None:
    ledger.ok("transition", one, "resolving")
    ledger.git("switch", "--quiet", "--detach")
    words = "HEAD is detached, a commit would be lost; run: git switch BRANCH (git branch lists them)\n"
    assert refused(ledger) == words


def test_before_the_first_commit_there_is_nothing_to_undo(ledger: Ledger) -> None:
    ledger.git("update-ref", "-d", "HEAD")
    outcome = ledger("undo", "--yes")
    assert outcome == (2, "", "there is no commit yet, so there is nothing to undo\n")


def test_the_first_commit_of_a_branch_stays(ledger: Ledger) -> None:
    ledger.git("checkout", "--quiet", "--orphan", "fresh")
    ledger.git("rm", "--quiet", "--cached", "-r", ".")
    identifier = ledger.open("first")
    assert refused(ledger) == (
        f"the commit {sha(ledger)} ('{identifier}: received') is the first one here; there is nothing before it\n"
    )


def test_outside_a_repository_there_is_nothing_to_undo(ledger: Ledger) -> None:
    shutil.rmtree(ledger.root / ".git")
    outcome = ledger("undo", "--yes")
    assert outcome == (2, "", f"{ledger.root} is not in a git repository; run: git init, then: cpl init\n")


def test_broken_settings_are_no_reason_to_keep_a_write(ledger: Ledger, one: str) -> None:
    ledger.ok("transition", one, "resolving")
    (ledger.root / "cpl.yaml").write_text("format: x\n", encoding="utf-8")
    assert ledger.ok("undo", "--yes") == f"undone: {one}: received → resolving\n"


PUBLISHED = {
    "open": (["open", "-t", "Wet"], "transition NEW withdrawn --reason TEXT"),
    "transition": (["transition", ONE, "resolving"], f"correct {ONE} --void to:resolving --reason TEXT"),
    "assign": (["assign", ONE, "--to", "zhao.qiang"], f"correct {ONE} --void did:assign --reason TEXT"),
    "contact": (
        ["contact", ONE, "--via", "phone", "--at", "16:00"],
        f"correct {ONE} --void did:contact --reason TEXT",
    ),
    "did": (["did", ONE, "join", "people=2"], f"correct {ONE} --void did:join --reason TEXT"),
    "judgement": (
        ["correct", ONE, "kind=repair", "--reason", "x", "--classify"],
        f"correct {ONE} --void did:classify --reason TEXT",
    ),
    "task": (["task", ONE, "add", "Ring"], f"task {ONE} drop TASK --reason TEXT"),
    "set": (["set", ONE, "location.room=1201"], f"set {ONE} NAME=VALUE"),
    "note": (["note", ONE, "-m", "x"], f"note {ONE} -m TEXT"),
    "attach": (["attach", ONE, str(ROOT / "LICENSE")], f"note {ONE} -m TEXT"),
}


@pytest.mark.parametrize(("args", "remedy"), PUBLISHED.values(), ids=PUBLISHED)
def test_what_a_remote_has_is_put_right_by_the_command_that_is_named(
    ledger: Ledger, one: str, args: list[str], remedy: str
) -> None:
    assert one == ONE
    ledger.ok(*args)
    push(ledger)
    subject = ledger.git("log", "-1", "--format=%s").strip()
    tasks = json.loads(ledger.ok("show", one, "--format", "json")).get("tasks", [])
    remedy = remedy.replace("NEW", subject.partition(":")[0]).replace("TASK", "".join(each["id"] for each in tasks))
    assert refused(ledger) == (
        f"'{subject}' is on a remote branch already, others may have it; put it right by a further event:\n"
        f"  cpl {remedy}\n"
    )
    words = remedy.replace("NAME=VALUE", "location.room=").replace("TEXT", "slip").split()
    ledger.ok(*words)
    assert ledger("check").code == 0


def test_of_two_alike_events_the_one_that_was_written_is_named_by_its_time(ledger: Ledger, one: str) -> None:
    ledger.now = "2026-11-18T18:00:00+08:00"
    ledger.ok("contact", one, "--via", "phone")
    ledger.ok("contact", one, "--via", "wechat", "--at", "17:00")
    push(ledger)
    remedy = f"correct {one} --void 2026-11-18T17:00:00+08:00 --reason TEXT"
    assert refused(ledger).endswith(f":\n  cpl {remedy}\n")
    assert ledger.ok(*remedy.split()) == f"{one}: voided did:contact of 2026-11-18T17:00:00+08:00\n"


def test_a_void_that_a_remote_has_is_put_right_by_entering_the_event_anew(ledger: Ledger, one: str) -> None:
    ledger.ok("transition", one, "resolving")
    ledger.ok("correct", one, "--void", "to:resolving", "--reason", "wrong one")
    push(ledger)
    assert refused(ledger).endswith(f":\n  cpl transition {one} resolving\n")


def test_of_an_edit_and_of_a_text_that_is_no_record_the_editor_is_named(ledger: Ledger, one: str) -> None:
    text = ledger.path(one).read_text(encoding="utf-8")
    ledger.ok("edit", one, "--file", "-", stdin=text.replace("title: Door 2", "title: Door 3"))
    push(ledger)
    assert refused(ledger).endswith(f":\n  cpl edit {one}\n")
    ledger.put(one, "---\n")
    ledger.git("commit", "--quiet", "--all", "--amend", "--no-edit")
    ledger.git("push", "--quiet", "--force", "origin", "main")
    assert refused(ledger).endswith(f":\n  cpl edit {one}\n")


def test_of_a_handover_the_tasks_go_back_in_the_editor(ledger: Ledger, one: str) -> None:
    ledger.ok("assign", one, "--to", "zhao.qiang")
    ledger.ok("task", one, "add", "Ring", "--who", "zhao.qiang")
    ledger.ok("assign", "--all-of", "zhao.qiang", "--to", "sun.wei")
    push(ledger)
    assert refused(ledger).splitlines()[1:] == [
        f"  cpl correct {one} --void did:assign --reason TEXT",
        f"  cpl edit {one}",
    ]


def test_of_many_records_the_first_ones_are_named(ledger: Ledger) -> None:
    ids = [ledger.open(f"no. {number}") for number in range(10)]
    ledger.ok("transition", *ids, "resolving")
    push(ledger)
    lines = [f"  cpl correct {each} --void to:resolving --reason TEXT" for each in sorted(ids)[:8]]
    assert refused(ledger).splitlines()[1:] == [*lines, "  …"]


def test_the_state_that_takes_a_record_out_of_the_figures_is_that_of_the_profile(ledger: Ledger) -> None:
    marker = ledger.root / "cpl.yaml"
    own = "states: {void: {final: true, counts: false}}\nmoves: {received: [resolving, closed, void]}\n"
    marker.write_text(marker.read_text(encoding="utf-8") + own, encoding="utf-8")
    identifier = ledger.open("Wet")
    push(ledger)
    assert refused(ledger).endswith(f":\n  cpl transition {identifier} void --reason TEXT\n")
    marker.write_text(marker.read_text(encoding="utf-8").replace(", void]", "]"), encoding="utf-8")
    assert refused(ledger).endswith(f":\n  cpl transition {identifier} STATE --reason TEXT\n")


def test_only_what_a_remote_has_is_kept_and_a_tag_or_another_branch_is_none(ledger: Ledger, one: str) -> None:
    push(ledger)
    ledger.ok("transition", one, "resolving")
    ledger.git("branch", "other")
    ledger.git("tag", "here")
    assert ledger.ok("undo", "--yes") == f"undone: {one}: received → resolving\n"
    assert "is on a remote branch already" in refused(ledger)


def test_without_a_terminal_it_has_to_be_said_that_it_is_meant(ledger: Ledger, one: str) -> None:
    before = state(ledger)
    outcome = ledger("undo")
    assert (outcome.code, outcome.err.rpartition("\n\n")[2], state(ledger)) == (
        2,
        f"Error: this takes back '{one}: received'; if you mean it: --yes\n",
        before,
    )


@pytest.mark.parametrize(("answer", "code", "said"), [("y", 0, "undone: "), ("n", 2, "nothing was undone\n")])
def test_a_person_is_asked_first(ledger: Ledger, one: str, answer: str, code: int, said: str) -> None:
    with Terminal(ledger, "undo") as terminal:
        terminal.expect(f"Take back '{one}: received'? [y/N]: ")
        terminal.type(f"{answer}\n")
        outcome = terminal.finish()
    assert (outcome[0], said in outcome[1], ledger.path(one).exists()) == (code, True, answer == "n")


def test_a_commit_that_comes_while_the_person_thinks_is_not_taken_back(ledger: Ledger, one: str) -> None:
    with Terminal(ledger, "undo") as terminal:
        terminal.expect("[y/N]: ")
        ledger.ok("note", one, "-m", "meanwhile")
        before = state(ledger)
        terminal.type("y\n")
        code, said = terminal.finish()
    words = "another commit was made in the meantime; nothing was undone, try again\n"
    assert (code, said.endswith(words), state(ledger)) == (2, True, before)


def test_a_hook_that_refuses_leaves_all_as_it_was(ledger: Ledger, one: str) -> None:
    ledger.ok("transition", one, "resolving")
    hook(ledger, "reference-transaction", '[ "$1" != prepared ]')
    assert "`git update-ref -m cpl undo: " in refused(ledger)


def test_an_index_that_is_locked_meanwhile_leaves_all_as_it_was(ledger: Ledger, one: str) -> None:
    ledger.ok("transition", one, "resolving")
    hook(ledger, "reference-transaction", '[ "$1" != committed ] || : > .git/index.lock')
    before = state(ledger)
    outcome = ledger("undo", "--yes")
    assert (outcome.code, "index.lock is there, so git writes nothing" in outcome.err, state(ledger)) == (
        2,
        True,
        before,
    )
    assert not (ledger.root / ".git/index.lock").exists()  # nobody at work could have made it meanwhile


def test_work_tree_that_git_leaves_half_done_is_put_back(ledger: Ledger, one: str, tmp_path: Path) -> None:
    """A filter that fails stops git when some files have been changed already."""
    second = ledger.open("second", "--attach", str(ROOT / "LICENSE"))
    ledger.ok("transition", one, second, "resolving")
    (ledger.root / ".git/info/attributes").write_text(f"{second}.md filter=fails\n", encoding="utf-8")
    ledger.git("config", "filter.fails.required", "true")
    ledger.git("config", "filter.fails.clean", "cat")
    ledger.git("config", "filter.fails.smudge", FILTER_THAT_FAILS.format(mark=tmp_path / "mark"))
    assert "smudge filter fails failed" in refused(ledger)
    assert ledger.git("status", "--porcelain") == ""


def test_an_interrupt_that_comes_when_it_is_done_comes_too_late(ledger: Ledger, one: str) -> None:
    before = state(ledger)
    ledger.ok("transition", one, "resolving")
    parent = before[0].partition("\n")[0]
    interrupt = f'rm "$0"; kill -INT {os.getpid()}'
    hook(ledger, "post-index-change", f'[ "$(git rev-parse HEAD)" != {parent} ] || {{ {interrupt}; }}')
    assert ledger.ok("undo", "--yes") == f"undone: {one}: received → resolving\n"
    assert (state(ledger), ledger.git("status", "--porcelain")) == (before, "")
