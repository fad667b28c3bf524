"""Writes in a store of many files: what git is asked, what is committed, and that a refusal leaves no trace."""

from __future__ import annotations

import json
import os
import subprocess
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from cpl import committing, layout
from cpl.git import Git, GitFailed
from cpl.layout import Layout, NotReady
from tests.ledger import Ledger
from tests.test_git import committed, conflict, hook, index, put, sh, status


@pytest.fixture
def trace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where git tells what it does; made by the first git that is run."""
    path = tmp_path / "trace"
    monkeypatch.setenv("GIT_TRACE2_EVENT", str(path))
    return path


def events(trace: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in trace.read_text().splitlines()]


def commands(trace: Path) -> Counter[str]:
    """What git was asked to do, and how often; not what git itself runs then."""
    names = [each["name"] for each in events(trace) if each["event"] == "cmd_name" and "/" not in each["sid"]]
    return Counter(names)


@pytest.fixture
def started(repo: Path) -> Path:
    """A repository with a.md and b.md committed."""
    put(repo, **{"a.md": "a\n", "b.md": "b\n"})
    sh(repo, "add", ".")
    sh(repo, "commit", "-qm", "start")
    return repo


ASKED = Counter({"rev-parse": 3, "var": 1, "diff-index": 1, "ls-tree": 1, "hash-object": 1, "commit": 1, "log": 1})


@pytest.mark.parametrize(
    "args",
    [
        ("transition", "ONE", "investigating"),
        ("assign", "ONE", "--to", "zhao.qiang"),
        ("contact", "ONE", "--via", "phone"),
        ("note", "ONE", "-m", "Spare part ordered"),
        ("set", "ONE", "location.building=3"),
        ("task", "ONE", "add", "Mend the door", "--due", "2026-11-20"),
        ("did", "ONE", "handover"),
        ("correct", "ONE", "nature=A", "--classify", "--reason", "valid"),
    ],
    ids=lambda args: args[0],
)
def test_a_write_asks_git_little_and_nothing_about_all_files(
    ledger: Ledger, one: str, trace: Path, args: tuple[str, ...]
) -> None:
    ledger.ok(*(one[-5:] if each == "ONE" else each for each in args))
    assert commands(trace) == ASKED


def test_a_write_has_git_write_its_index_once(ledger: Ledger, one: str, trace: Path) -> None:
    ledger.ok("transition", one, "investigating")
    labels = Counter(each["label"] for each in events(trace) if each["event"] == "region_enter")
    assert (labels["do_write_index"], labels["refresh"]) == (1, 1)


def test_a_write_of_several_records_asks_no_more(ledger: Ledger, one: str, trace: Path) -> None:
    other = ledger.open("Lift stuck")
    trace.unlink()
    ledger.ok("note", one, other, "-m", "Both seen")
    assert commands(trace) == ASKED
    assert ledger.git("diff-tree", "-r", "--name-only", "--no-commit-id", "HEAD").split() == sorted(
        str(ledger.path(each).relative_to(ledger.root)) for each in (one, other)
    )


def test_a_new_record_and_evidence_are_committed_without_a_look_at_all_files(
    ledger: Ledger, one: str, trace: Path, tmp_path: Path
) -> None:
    (tmp_path / "door.jpg").write_text("a picture")
    ledger.ok("attach", one, str(tmp_path / "door.jpg"))
    ledger.open("Lift stuck")
    assert not {"status", "diff-files", "diff"} & set(commands(trace))
    assert ledger.git("status", "--porcelain") == ""


def test_what_else_is_staged_stays_staged_and_is_not_committed(ledger: Ledger, one: str) -> None:
    (ledger.root / "other.txt").write_text("staged\n")
    ledger.git("add", "other.txt")
    ledger.ok("transition", one, "investigating")
    assert ledger.git("status", "--porcelain") == "A  other.txt\n"


STAGES_ANOTHER = """\
[ -f .git/done ] && exit 0
touch .git/done
echo meanwhile > other.txt
git add other.txt
"""


@pytest.mark.parametrize("in_subfolder", [False, True])
def test_what_is_staged_in_the_very_moment_of_a_commit_is_not_committed(started: Path, *, in_subfolder: bool) -> None:
    folder = started / "sub" if in_subfolder else started
    folder.mkdir(exist_ok=True)
    (folder / "mine.md").write_text("1\n")
    sh(started, "add", ".")
    sh(started, "commit", "-qm", "more")
    hook(started, "pre-commit", STAGES_ANOTHER)
    (folder / "mine.md").write_text("2\n")
    sha = quickly(folder, ["mine.md"])
    assert (sha, committed(started)) == (Git(started).head(), ["sub/mine.md" if in_subfolder else "mine.md"])
    assert status(started) == ["A  other.txt"]
    assert sh(started, "log", "--format=%s").split() == ["quickly", "more", "start"]


def test_where_the_commit_made_anew_is_refused_only_the_other_file_stays_staged(started: Path) -> None:
    hook(started, "pre-commit", f"[ ! -f .git/done ] || exit 1\n{STAGES_ANOTHER}")
    put(started, **{"a.md": "changed\n"})
    with pytest.raises(GitFailed):
        quickly(started, ["a.md"])
    assert sh(started, "log", "--format=%s") == "start\n"
    assert status(started) == [" M a.md", "A  other.txt"]


def test_a_change_that_a_hook_undoes_is_a_commit_of_nothing(started: Path) -> None:
    hook(started, "pre-commit", "git checkout -q HEAD -- a.md")
    put(started, **{"a.md": "changed\n"})
    assert quickly(started, ["a.md"]) == Git(started).head()
    assert (committed(started), status(started)) == ([], [])


def test_what_a_hook_adds_to_each_commit_is_committed(started: Path) -> None:
    hook(started, "pre-commit", "date >> stamps; echo x >> stamps; git add stamps")
    put(started, **{"a.md": "changed\n"})
    quickly(started, ["a.md"])
    assert committed(started) == ["a.md", "stamps"]


def quickly(folder: Path, paths: list[str]) -> str:
    """Commit what is in these files, after a look when nothing was staged."""
    git, place = Git(folder), layout.find(Git(folder))
    seen = committing.ready(git, place, [])
    assert seen.nothing_staged
    return committing.commit(git, place, seen, paths, "quickly\n")


@pytest.mark.parametrize("names", [["a.md"], ["new.md"], ["a.md", "new.md"], ["folder/new"], ["gone.md"]], ids=str)
@pytest.mark.parametrize("refuse", [False, True])
def test_commit_takes_these_files_or_leaves_the_index_as_it_was(
    started: Path, names: list[str], *, refuse: bool
) -> None:
    put(started, **{"gone.md": "g\n"})
    sh(started, "add", ".")
    sh(started, "commit", "-qm", "more")
    (started / "gone.md").unlink()
    (started / "folder").mkdir()
    put(started, **{"a.md": "2\n", "b.md": "2\n", "new.md": "n\n", "folder/new": "n\n"})
    before = index(started)
    if not refuse:
        quickly(started, names)
        assert committed(started) == names
        left = {" D gone.md", " M a.md", " M b.md", "?? folder/new", "?? new.md"}
        assert set(status(started)) == {each for each in left if each[3:] not in names}
        return
    hook(started, "pre-commit", "exit 1")
    with pytest.raises(GitFailed):
        quickly(started, names)
    assert (index(started), sh(started, "log", "-1", "--format=%s")) == (before, "more\n")


def test_commit_of_folders_and_of_ignored_files_is_as_before(started: Path) -> None:
    (started / "folder").mkdir()
    put(started, **{"folder/1": "1", "folder/2": "2", "hidden": "h", ".gitignore": "hidden\n"})
    quickly(started, ["folder", ".gitignore"])
    assert committed(started) == [".gitignore", "folder/1", "folder/2"]
    with pytest.raises(GitFailed, match="ignored by one of your"):
        quickly(started, ["hidden"])
    assert status(started) == []


def _replaced_by_link(root: Path) -> None:
    (root / "copy").write_bytes((root / "a.md").read_bytes())
    (root / "a.md").unlink()
    (root / "a.md").symlink_to("copy")


def _intended(root: Path) -> None:
    sh(root, "rm", "-q", "--cached", "a.md")
    sh(root, "commit", "-qm", "without")
    sh(root, "add", "-N", "a.md")


def _crlf(root: Path) -> None:
    sh(root, "config", "core.autocrlf", "true")
    (root / "a.md").unlink()
    sh(root, "checkout", "-q", "--", "a.md")
    assert (root / "a.md").read_bytes() == b"a\r\n"


def _staged_and_put_back(root: Path) -> None:
    put(root, **{"a.md": "staged\n"})
    sh(root, "add", "a.md")
    put(root, **{"a.md": "a\n"})


STATES: dict[str, tuple[Callable[[Path], object], bool]] = {
    "as committed": (lambda root: os.utime(root / "a.md", (1, 1)), False),
    "edited": (lambda root: put(root, **{"a.md": "b\n"}), True),
    "staged": (lambda root: (put(root, **{"a.md": "b\n"}), sh(root, "add", "a.md")), True),
    "staged and put back": (_staged_and_put_back, True),
    "deleted": (lambda root: (root / "a.md").unlink(), True),
    "removed": (lambda root: sh(root, "rm", "-q", "a.md"), True),
    "executable": (lambda root: (root / "a.md").chmod(0o755), True),
    "a link": (_replaced_by_link, True),
    "only intended": (_intended, True),
    "assumed unchanged": (
        lambda root: (sh(root, "update-index", "--assume-unchanged", "a.md"), put(root, **{"a.md": "b\n"})),
        False,
    ),
    "with the line ends that git makes": (_crlf, False),
    "unmerged": (lambda root: (conflict(root), _merge(root)), True),
}


def _merge(root: Path) -> None:
    subprocess.run(["git", "merge", "-q", "theirs"], cwd=root, capture_output=True, check=False)


@pytest.mark.parametrize("name", STATES)
def test_a_file_is_seen_to_be_changed_as_git_status_sees_it(started: Path, name: str) -> None:
    make, is_changed = STATES[name]
    make(started)
    git = Git(started)
    found = committing.look(git, ["a.md"], "")
    assert list(found.changed) == git.is_changed(["a.md"]) == (["a.md"] if is_changed else [])
    assert list(found.unmerged) == git.unmerged()
    assert found.nothing_staged == (sh(started, "diff", "--cached", "--name-only", "--no-ext-diff") == "")


def test_a_look_before_the_first_commit_and_off_a_branch(repo: Path) -> None:
    put(repo, **{"a.md": "a\n"})
    git = Git(repo)
    assert committing.look(git, ["a.md"], "") == committing.Look(None, True, [], ["a.md"], (), nothing_staged=False)
    sha = git.commit(["a.md"], "first\n")
    assert committing.look(git, ["a.md"], "") == committing.Look(sha, True, [], [], ["a.md"], nothing_staged=True)
    sh(repo, "checkout", "-q", "--detach")
    assert committing.look(git, [], "") == committing.Look(sha, False, [], [], (), nothing_staged=True)


def test_a_conflict_elsewhere_in_the_repository_is_seen_from_a_folder(started: Path) -> None:
    conflict(started)
    _merge(started)
    (started / "sub").mkdir()
    assert committing.look(Git(started / "sub"), [], "sub/").unmerged == ["../a.md"]


def test_parts_of_a_repository_and_of_a_linked_work_tree(started: Path, tmp_path: Path) -> None:
    tree, git = tmp_path / "linked", started / ".git"
    sh(started, "worktree", "add", "-q", str(tree))
    (tree / "sub").mkdir()
    assert layout.find(Git(started)) == Layout(started, git, git, "")
    assert layout.find(Git(tree / "sub")) == Layout(tree, git / "worktrees/linked", git, "sub/")


def test_parts_of_a_repository_with_a_line_end_in_its_name(started: Path, tmp_path: Path) -> None:
    odd = started.rename(tmp_path / "with\nline end")
    assert layout.find(Git(odd)) == Layout(odd, odd / ".git", odd / ".git", "")


def test_outside_of_a_repository_is_told_with_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(NotReady) as caught:
        layout.find(Git(tmp_path))
    assert str(caught.value) == f"{tmp_path} is not in a git repository; run: git init, then: cpl init"


def test_the_hook_has_git_read_its_index_once(ledger: Ledger, one: str, trace: Path) -> None:
    path = ledger.path(one)
    path.write_text(path.read_text().replace("## Plan", "A lock was ordered.\n\n## Plan"))
    ledger.git("add", "--all")
    trace.unlink()
    assert ledger("check", "--staged") == (0, "", "")
    assert commands(trace) == {"rev-parse": 1, "diff-index": 1, "cat-file": 1}
    assert [each["label"] for each in events(trace) if each["event"] == "region_enter"].count("do_read_index") == 1
