"""git asked about real repositories, and commits of exactly the files that were named."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cpl.git import Git, GitFailed, GitMissing, find_toplevel

NAMES = [
    "plain.md",
    "with space.md",
    "quote\"'`$.md",
    "line\nend.md",
    "tab\t\\.md",
    "门禁.md",
    "-dash.md",
    "--all",
    ":(glob)*.md",
    ":!x",
    "#comment",
    "star*[a].md",
    "?",
    "folder/inner file.md",
    os.fsdecode(b"latin-\xe9.md"),
]


def sh(repo: Path, *args: str) -> str:
    """What git says to a user who types this."""
    done = subprocess.run(["git", *args], cwd=repo, check=True, capture_output=True)
    return os.fsdecode(done.stdout)


def put(repo: Path, **contents: str) -> None:
    for name, text in contents.items():
        (repo / name).write_text(text)


def hook(repo: Path, name: str, script: str) -> None:
    path = repo / ".git/hooks" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def committed(repo: Path, commit: str = "HEAD") -> list[str]:
    """The names that a commit changed."""
    return sorted(sh(repo, "show", "--format=", "--name-only", "-z", commit).split("\0")[:-1])


def status(repo: Path) -> list[str]:
    return sh(repo, "status", "--porcelain", "-z", "-uall").split("\0")[:-1]


def index(repo: Path) -> list[str]:
    return sh(repo, "ls-files", "--stage", "-z").split("\0")[:-1]


@pytest.fixture
def git(repo: Path) -> Git:
    return Git(repo)


@pytest.fixture
def started(repo: Path) -> Path:
    """A repository with a.md and b.md committed."""
    put(repo, **{"a.md": "a\n", "b.md": "b\n"})
    sh(repo, "add", ".")
    sh(repo, "commit", "-qm", "start")
    return repo


# Running git


def test_run_returns_output_and_feeds_input(git: Git) -> None:
    assert git.run("hash-object", "--stdin", input=b"") == b"e69de29bb2d1d6434b8b29ae775ad8c2e48c5391\n"
    assert git.run("stripspace", input=b" a \n\n\n b\n") == b" a\n\n b\n"


def test_run_without_input_does_not_read_the_terminal(git: Git) -> None:
    assert git.run("stripspace") == b""


def test_run_that_fails_tells_command_code_and_words(git: Git) -> None:
    with pytest.raises(GitFailed) as caught:
        git.run("show", "nothing", "--", "a path")
    assert caught.value.command == ("show", "nothing", "--", "a path")
    assert caught.value.code == 128
    assert caught.value.words == "fatal: bad revision 'nothing'"
    assert str(caught.value) == "`git show nothing` failed with code 128: fatal: bad revision 'nothing'"


def test_run_accepts_the_codes_that_it_is_told(git: Git) -> None:
    assert git.run("config", "--get", "no.such", ok=(0, 1)) == b""


def test_words_of_git_can_not_harm_a_terminal() -> None:
    failure = GitFailed(["x"], 1, b"\x1b[31mred\x1b[0m\r\x1b]0;title\x07 \xff\n\xe2\x80\xae ok\tline\n")
    assert failure.words == "red<U+000D><U+001B>]0;title<U+0007> \\xff\n<U+202E> ok\tline"
    assert str(GitFailed(["x\x1b"], -9, "")) == "`git x<U+001B>` failed with code -9: Killed"


def test_questions_are_asked_in_english_without_prompts_and_writes_as_in_the_users_shell(
    repo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    monkeypatch.setenv("LANGUAGE", "zh")
    alias = "alias.show-env=!echo $LC_ALL $LANGUAGE $GIT_TERMINAL_PROMPT $GIT_OPTIONAL_LOCKS $GIT_LITERAL_PATHSPECS"
    git = Git(repo)
    assert git.run("-c", alias, "show-env") == b"C.UTF-8 0 0 1\n"
    assert git.run("-c", alias, "show-env", write=True) == b"zh_CN.UTF-8 zh\n"


def test_git_that_is_not_installed_is_told_with_the_remedy(
    git: Git, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    questions: list[Callable[[], object]] = [git.head, lambda: list(git.stream("ls-files", "-z"))]
    for question in questions:
        with pytest.raises(GitMissing) as caught:
            question()
        assert str(caught.value) == "git was not found; install it (on Debian: `sudo apt install git`)"


def test_a_command_that_the_system_refuses_is_a_failure_of_git(git: Git) -> None:
    with pytest.raises(GitFailed, match="Argument list too long"):
        git.run("show", "x" * 200_000)


def test_a_folder_that_is_gone_is_a_failure_of_git(tmp_path: Path) -> None:
    with pytest.raises(GitFailed, match="cannot change to"):
        Git(tmp_path / "gone").head()


def test_repository_variables_count_only_when_asked(
    started: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "other"
    sh(tmp_path, "init", "-q", "-b", "other", str(other))
    monkeypatch.setenv("GIT_DIR", str(started / ".git"))
    monkeypatch.setenv("GIT_GLOB_PATHSPECS", "1")
    monkeypatch.chdir(started)
    assert Git(other).branch() == "other"
    assert Git(other, inherit_repository=True).branch() == "main"
    assert find_toplevel(other) == other
    assert find_toplevel(other, inherit_repository=True) == started


def test_relative_variables_of_a_hook_mean_the_same_in_another_folder(
    started: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (started / "sub").mkdir()
    put(started, **{"sub/new": "n"})
    monkeypatch.chdir(started)
    monkeypatch.setenv("GIT_INDEX_FILE", "other-index")
    sh(started, "read-tree", "--empty")
    sh(started, "add", "sub/new")
    assert Git(started / "sub", inherit_repository=True).run("ls-files", "-z") == b"new\0"
    assert Git(started, inherit_repository=True).run("ls-files", "-z") == b"sub/new\0"
    assert Git(started).run("ls-files", "-z") == b"a.md\0b.md\0"


def test_a_hook_of_a_bare_repository_has_no_work_tree(
    started: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sh(tmp_path, "clone", "-q", "--bare", str(started), "bare")
    monkeypatch.chdir(tmp_path / "bare")
    monkeypatch.setenv("GIT_DIR", ".")
    assert Git(tmp_path, inherit_repository=True).head() == Git(started).head()
    with pytest.raises(GitFailed, match="must be run in a work tree"):
        find_toplevel(tmp_path / "bare", inherit_repository=True)


def test_environment_given_wins(started: Path) -> None:
    put(started, **{"a.md": "changed\n"})
    env = {
        "GIT_AUTHOR_NAME": "Zhao",
        "GIT_AUTHOR_DATE": "2026-11-22T09:14:00+08:00",
        "GIT_COMMITTER_EMAIL": "c@d",
    }
    Git(started, env).commit(["a.md"], "x\n")
    told = sh(started, "log", "-1", "--format=%an <%ae> %aI %ce")
    assert told == "Zhao <li.na@example.org> 2026-11-22T09:14:00+08:00 c@d\n"


# Where we are


def test_toplevel_is_found_from_below_and_absent_outside(repo: Path, tmp_path: Path) -> None:
    (repo / "a\nb").mkdir()
    assert find_toplevel(repo) == repo
    assert find_toplevel(repo / "a\nb", {}) == repo
    assert find_toplevel(tmp_path) is None


def test_repository_that_git_refuses_is_an_error_in_git_s_words(repo: Path, tmp_path: Path) -> None:
    (tmp_path / "bare").mkdir()
    sh(tmp_path / "bare", "init", "-q", "--bare")
    with pytest.raises(GitFailed, match=r"must be run in a work tree|cannot use bare repository"):
        find_toplevel(tmp_path / "bare")
    with pytest.raises(GitFailed, match="detected dubious ownership"):
        find_toplevel(repo, {"GIT_TEST_ASSUME_DIFFERENT_OWNER": "1"})
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken/.git").write_text("gitdir: /nowhere/at/all\n")
    with pytest.raises(GitFailed, match="not a git repository: /nowhere"):
        find_toplevel(tmp_path / "broken")


def test_git_folders_of_a_linked_work_tree(started: Path, tmp_path: Path) -> None:
    sh(started, "worktree", "add", "-q", str(tmp_path / "linked"))
    (tmp_path / "linked/sub").mkdir()
    linked = Git(tmp_path / "linked/sub")
    assert linked.git_dir() == started / ".git/worktrees/linked"
    assert linked.common_dir() == started / ".git"
    assert Git(started).git_dir() == Git(started).common_dir() == started / ".git"


def test_head_and_branch_before_and_after_the_first_commit_and_detached(repo: Path, git: Git) -> None:
    assert (git.head(), git.branch()) == (None, "main")
    put(repo, a="a")
    sha = git.commit(["a"], "first")
    assert (git.head(), git.branch()) == (sha, "main")
    sh(repo, "checkout", "-q", "--detach")
    assert (git.head(), git.branch()) == (sha, None)


def conflict(repo: Path) -> None:
    """Branches main and theirs that both changed a.md."""
    sh(repo, "checkout", "-qb", "theirs")
    put(repo, **{"a.md": "theirs\n"})
    sh(repo, "commit", "-qam", "theirs")
    sh(repo, "checkout", "-q", "main")
    put(repo, **{"a.md": "ours\n"})
    sh(repo, "commit", "-qam", "ours")


@pytest.mark.parametrize(
    ("command", "state"),
    [
        (["merge", "theirs"], "merge"),
        (["rebase", "theirs"], "rebase"),
        (["rebase", "--apply", "theirs"], "rebase"),
        (["cherry-pick", "theirs"], "cherry-pick"),
        (["revert", "HEAD~1"], "revert"),
        (["am", "-3", "../patch"], "am"),
    ],
)
def test_state_and_conflicts_when_git_has_stopped_halfway(started: Path, command: list[str], state: str) -> None:
    conflict(started)
    (started.parent / "patch").write_text(sh(started, "format-patch", "--stdout", "-1", "theirs"))
    (started / "sub").mkdir()
    git = Git(started / "sub")
    assert (git.state(), git.unmerged()) == (None, [])
    stopped = subprocess.run(["git", *command], cwd=started, capture_output=True, check=False)
    assert stopped.returncode != 0
    assert (git.state(), git.unmerged()) == (state, ["../a.md"])
    assert Git(started).unmerged() == ["a.md"]


def test_state_of_a_bisection(started: Path) -> None:
    sh(started, "bisect", "start")
    assert Git(started).state() == "bisect"


def test_identity_is_what_the_user_set(git: Git, repo: Path) -> None:
    assert git.identity() == ("Li Na", "li.na@example.org")
    assert Git(repo, {"GIT_AUTHOR_NAME": "李娜"}).identity() == ("李娜", "li.na@example.org")


@pytest.mark.parametrize(
    ("key", "value"), [("user.email", None), ("user.name", None), ("user.name", ""), ("user.name", "<>")]
)
def test_identity_that_git_would_have_to_guess_is_none(git: Git, repo: Path, key: str, value: str | None) -> None:
    sh(repo, "config", *(["--unset", key] if value is None else [key, value]))
    assert git.identity() is None


def test_identity_with_broken_settings_is_an_error(git: Git, repo: Path) -> None:
    with (repo / ".git/config").open("a") as config:
        config.write("[broken")
    with pytest.raises(GitFailed, match="bad config line"):
        git.identity()


def test_config_values(git: Git, repo: Path) -> None:
    for value in ("first", "last\nline 门"):
        sh(repo, "config", "--add", "cpl.test", value)
    sh(repo, "config", "cpl.empty", "")
    assert git.config("cpl.test") == "last\nline 门"
    assert git.config("cpl.empty") == ""
    assert git.config("cpl.none") is None


def test_shallow_clone_is_known(started: Path, tmp_path: Path) -> None:
    put(started, **{"a.md": "more\n"})
    sh(started, "commit", "-qam", "more")
    sh(tmp_path, "clone", "-q", "--depth=1", f"file://{started}", "shallow")
    assert Git(tmp_path / "shallow").is_shallow()
    assert not Git(started).is_shallow()


def test_what_remote_branches_contain(started: Path, tmp_path: Path) -> None:
    sh(tmp_path, "clone", "-q", str(started), "clone")
    clone = Git(tmp_path / "clone", {"GIT_AUTHOR_NAME": "x", "GIT_COMMITTER_NAME": "x", "EMAIL": "x@y"})
    start = clone.head()
    (clone.cwd / "a.md").write_text("mine\n")
    mine = clone.commit(["a.md"], "mine")
    assert start is not None
    assert clone.remote_branches_contain(start)
    assert not clone.remote_branches_contain(mine)
    with pytest.raises(GitFailed):
        clone.remote_branches_contain("--help")


# Which files changed


def test_changed_files_of_every_kind_and_only_those_asked(started: Path) -> None:
    for name in ("gone.md", "removed.md", "moved.md", "staged.md"):
        put(started, **{name: f"{name}\n" * 9})
    sh(started, "add", ".")
    sh(started, "commit", "-qm", "more")
    (started / "gone.md").unlink()
    sh(started, "rm", "-q", "removed.md")
    sh(started, "mv", "moved.md", "moved here.md")
    put(started, **{"staged.md": "s", "new.md": "n", "other.md": "o", "a.md": "changed", "intended.md": "i"})
    sh(started, "add", "staged.md")
    sh(started, "add", "-N", "intended.md")
    put(started, **{"staged.md": f"{'staged.md'}\n" * 9})
    asked = [
        "a.md",
        "b.md",
        "gone.md",
        "removed.md",
        "moved.md",
        "moved here.md",
        "staged.md",
        "new.md",
        "none",
    ]
    changed = ["a.md", "gone.md", "moved here.md", "moved.md", "new.md", "removed.md", "staged.md"]
    git = Git(started)
    assert sorted(git.is_changed(asked)) == changed
    assert sorted(git.is_changed(["."])) == sorted([*changed, "other.md", "intended.md"])
    assert sorted(git.is_changed([*asked, *(f"many/{n}" for n in range(600))])) == changed
    assert git.is_changed([]) == []


def test_changed_files_are_named_from_the_folder_we_are_in(started: Path, tmp_path: Path) -> None:
    (started / "sub/deep").mkdir(parents=True)
    put(started, **{"a.md": "changed", "sub/deep/new": "n"})
    (tmp_path / "alias").symlink_to(started)
    assert Git(started / "sub").is_changed(["deep", "../a.md"]) == ["../a.md", "deep/new"]
    assert Git(tmp_path / "alias/sub").is_changed([tmp_path / "alias/sub/deep/new", started / "a.md"]) == [
        "../a.md",
        "deep/new",
    ]


def test_unmerged_file_is_changed_and_settings_of_the_user_change_nothing(started: Path) -> None:
    conflict(started)
    subprocess.run(["git", "merge", "theirs"], cwd=started, capture_output=True, check=False)
    for key, value in (("status.branch", "true"), ("status.showStash", "true"), ("status.short", "true")):
        sh(started, "config", key, value)
    sh(started, "config", "status.showUntrackedFiles", "no")
    put(started, new="")
    assert Git(started).is_changed(["a.md", "b.md", "new"]) == ["a.md", "new"]


@pytest.mark.parametrize("name", NAMES)
def test_odd_names_are_changed_and_ignored_literally(repo: Path, git: Git, name: str) -> None:
    (repo / name).parent.mkdir(exist_ok=True)
    (repo / name).write_text("x")
    (repo / "x.md").write_text("x")
    assert git.is_changed([name]) == [name]
    assert git.ignored([name]) == []
    (repo / ".gitignore").write_text("*\n")
    assert git.ignored([name, ".gitignore"]) == [name, ".gitignore"]
    assert git.is_changed([name]) == []


def test_ignored_is_what_can_not_be_committed(started: Path) -> None:
    (started / ".gitignore").write_text("*.md\nfolder/\n")
    asked: list[str | Path] = ["a.md", "new.md", "new.txt", "folder/x", started / "abs.md"]
    assert Git(started).ignored(asked) == ["new.md", "folder/x", "abs.md"]
    assert Git(started).ignored(["b.md"]) == []
    assert Git(started).ignored([]) == []


# Commits


@pytest.mark.parametrize("name", NAMES)
def test_commit_of_odd_names_takes_that_file_only(started: Path, name: str) -> None:
    git = Git(started)
    put(started, **{"x.md": "1", "xx": "1"})
    git.commit(["x.md", "xx"], "others\n")
    put(started, **{"x.md": "2", "xx": "2", "new.md": "n"})
    untouched = [" M x.md", " M xx", "?? new.md"]
    path = started / name
    path.parent.mkdir(exist_ok=True)
    path.write_text("x")
    assert git.commit([name], "first\n") == git.head()
    assert (committed(started), status(started)) == ([name], untouched)
    path.write_text("changed")
    git.commit([path], "second\n")
    assert (committed(started), status(started)) == ([name], untouched)
    path.unlink()
    git.commit([name], "third\n")
    assert (committed(started), status(started)) == ([name], untouched)
    assert sh(started, "log", "-3", "--format=%s") == "third\nsecond\nfirst\n"


def test_commit_leaves_what_else_is_staged_staged(started: Path) -> None:
    put(started, **{"a.md": "changed\n", "b.md": "staged\n", "new.md": "new\n", "other.md": "o\n"})
    sh(started, "add", "b.md", "other.md")
    sh(started, "add", "-N", "new.md")
    put(started, **{"b.md": "and more\n"})
    Git(started).commit(["a.md", "new.md"], "mine\n")
    assert committed(started) == ["a.md", "new.md"]
    assert sorted(status(started)) == ["A  other.md", "MM b.md"]


def test_commit_takes_the_file_as_it_is_also_when_a_part_was_staged(started: Path) -> None:
    put(started, **{"a.md": "part\n"})
    sh(started, "add", "a.md")
    put(started, **{"a.md": "part\nand all\n"})
    Git(started).commit(["a.md"], "x")
    assert sh(started, "show", "HEAD:a.md") == "part\nand all\n"
    assert status(started) == []


def test_commit_takes_folders_with_what_is_in_them_and_works_below_the_top(started: Path) -> None:
    (started / "sub/evidence").mkdir(parents=True)
    put(started, **{"sub/evidence/1": "1", "sub/evidence/2": "2", "evidence": "no"})
    Git(started / "sub").commit(["evidence"], "x")
    assert committed(started) == ["sub/evidence/1", "sub/evidence/2"]
    assert status(started) == ["?? evidence"]


@pytest.mark.parametrize(
    "message",
    ["门禁 → 处理\n\n# no comment\n\n\n  kept  \n\nComplaint: X\n", "-m", "no line end", "x" * 200_000],
)
def test_commit_message_is_kept_to_the_letter(started: Path, message: str) -> None:
    sh(started, "config", "i18n.commitEncoding", "GBK")
    put(started, **{"a.md": "x"})
    Git(started).commit(["a.md"], message)
    header, kept = sh(started, "cat-file", "commit", "HEAD").split("\n\n", 1)
    assert kept == message
    assert "encoding" not in header  # git takes it for UTF-8, whatever the user's setting


REFUSALS = {
    "pre-commit": 'echo "no: 门禁 $PWD"; exit 1',
    "commit-msg": 'echo "no: 门禁 $PWD" >&2; exit 3',
}


@pytest.mark.parametrize("name", REFUSALS)
@pytest.mark.parametrize("unborn", [True, False])
def test_commit_that_a_hook_refuses_leaves_the_index_as_it_was(
    repo: Path, git: Git, name: str, *, unborn: bool
) -> None:
    put(repo, tracked="1", staged="1")
    if not unborn:
        sh(repo, "add", ".")
        sh(repo, "commit", "-qm", "start")
    put(repo, tracked="2", staged="2")
    sh(repo, "add", ".")
    put(repo, tracked="3", new="new", intended="i")
    sh(repo, "add", "-N", "intended")
    before = (index(repo), status(repo), git.head())
    hook(repo, name, REFUSALS[name])
    with pytest.raises(GitFailed) as caught:
        git.commit(["tracked", "new", "intended"], "x")
    assert caught.value.words == f"no: 门禁 {repo}"
    assert (index(repo), status(repo), git.head()) == before


def test_commit_whose_signing_fails_leaves_the_index_as_it_was(started: Path) -> None:
    sh(started, "config", "commit.gpgSign", "true")
    sh(started, "config", "gpg.program", "false")
    put(started, new="new")
    with pytest.raises(GitFailed, match="gpg failed to sign the data"):
        Git(started).commit(["new"], "x")
    assert status(started) == ["?? new"]


def test_commit_without_change_or_files_is_refused_in_git_s_words(started: Path) -> None:
    with pytest.raises(GitFailed) as caught:
        Git(started).commit(["a.md"], "x")
    assert caught.value.code == 1
    assert "nothing to commit" in caught.value.words
    with pytest.raises(GitFailed, match="No paths with --include/--only"):
        Git(started).commit([], "x")
    with pytest.raises(GitFailed, match="did not match any file"):
        Git(started).commit(["none"], "x")


def test_commit_of_an_ignored_file_is_refused_and_the_others_are_not_left_staged(started: Path) -> None:
    put(started, **{".gitignore": "*.log\n", "new.md": "n", "x.log": "x"})
    with pytest.raises(GitFailed, match=r"ignored by one of your \.gitignore files:\nx\.log"):
        Git(started).commit(["new.md", "x.log"], "x")
    assert status(started) == ["?? .gitignore", "?? new.md"]


def test_commit_in_the_middle_of_a_merge_is_refused(started: Path) -> None:
    conflict(started)
    subprocess.run(["git", "merge", "theirs"], cwd=started, capture_output=True, check=False)
    before = index(started)
    put(started, new="n")
    with pytest.raises(GitFailed, match="cannot do a partial commit during a merge"):
        Git(started).commit(["new"], "x")
    assert index(started) == before


def test_hooks_see_the_users_language_and_pathspecs_and_only_our_files(
    started: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    monkeypatch.setenv("LANGUAGE", "zh")
    put(started, **{"a.md": "changed", "b.md": "staged"})
    sh(started, "add", "b.md")
    hook(started, "pre-commit", 'echo "$LC_ALL $LANGUAGE" $(git diff --cached --name-only -- "*.md") >../seen')
    Git(started).commit(["a.md"], "x")
    assert (started.parent / "seen").read_text() == "zh_CN.UTF-8 zh a.md\n"


SEE = """
from pathlib import Path
from cpl.git import Git
git = Git(Path("sub"), inherit_repository=True)
print(git.run("diff", "--cached", "--name-only", "-z").decode().split("\\0")[:-1], git.is_changed(["new"]))
"""


@pytest.mark.parametrize("linked", [False, True])
def test_in_a_hook_the_index_of_the_commit_is_seen_from_a_subfolder(
    started: Path, tmp_path: Path, *, linked: bool
) -> None:
    tree = started
    if linked:
        tree = tmp_path / "linked"
        sh(started, "worktree", "add", "-q", str(tree))
    (tree / "sub").mkdir()
    put(tree, **{"a.md": "staged, not part of this commit", "sub/new": "n"})
    sh(tree, "add", ".")
    (tmp_path / "see.py").write_text(SEE)
    hook(started, "pre-commit", f'"{sys.executable}" "{tmp_path}/see.py" >"{tmp_path}/seen"')
    Git(tree / "sub").commit(["new"], "x")
    assert (tmp_path / "seen").read_text() == "['sub/new'] ['new']\n"


MANY = [f"records/{number % 7}/门 {number}.md" for number in range(700)]


def put_many(repo: Path) -> None:
    for name in MANY:
        (repo / name).parent.mkdir(parents=True, exist_ok=True)
        (repo / name).write_text(name)


@pytest.mark.parametrize("staged", [[], ["b.md"]], ids=["clean index", "something staged"])
def test_commit_of_many_files_takes_those_only(started: Path, staged: list[str]) -> None:
    put_many(started)
    put(started, **{"a.md": "changed", "b.md": "changed"})
    if staged:
        sh(started, "add", *staged)
    git = Git(started)
    sha = git.commit(MANY, "many\n")
    assert git.head() == sha
    assert committed(started) == sorted(MANY)
    assert status(started) == [" M a.md", "M  b.md" if staged else " M b.md"]


@pytest.mark.parametrize("unborn", [True, False])
def test_commit_of_many_files_that_a_hook_refuses_leaves_the_index_as_it_was(
    repo: Path, git: Git, *, unborn: bool
) -> None:
    put(repo, **{"a.md": "a", "b.md": "b"})
    if not unborn:
        git.commit(["a.md"], "start")
    put(repo, **{"a.md": "changed"})
    put_many(repo)
    before = (index(repo), status(repo), git.head())
    hook(repo, "pre-commit", "echo no; exit 1")
    with pytest.raises(GitFailed) as caught:
        git.commit([*MANY, "a.md"], "x")
    assert caught.value.words == "no"
    assert (index(repo), status(repo), git.head()) == before


def test_commit_of_many_files_with_an_ignored_one_is_refused(started: Path) -> None:
    put_many(started)
    put(started, **{".gitignore": "*.log\n", "x.log": "x"})
    with pytest.raises(GitFailed, match=r"ignored by \.gitignore: x\.log; change \.gitignore or move the file"):
        Git(started).commit([*MANY, "x.log"], "x")
    assert len(index(started)) == 2


def test_commit_of_many_files_does_not_conclude_a_merge(started: Path) -> None:
    sh(started, "checkout", "-qb", "theirs")
    put(started, theirs="t")
    Git(started).commit(["theirs"], "theirs")
    sh(started, "checkout", "-q", "main")
    sh(started, "merge", "-q", "--no-ff", "--no-commit", "-s", "ours", "theirs")
    put_many(started)
    with pytest.raises(GitFailed, match="cannot do a partial commit during a merge"):
        Git(started).commit(MANY, "x")
    assert Git(started).state() == "merge"
    assert len(index(started)) == 2


def test_commit_that_is_interrupted_after_it_was_made_keeps_it(started: Path) -> None:
    put(started, new="n")
    put_many(started)
    hook(started, "post-commit", "kill -9 $PPID")
    for paths in (["new"], MANY):
        with pytest.raises(GitFailed) as caught:
            Git(started).commit(paths, "x")
        assert caught.value.code == -9
        assert committed(started) == sorted(paths)
    assert status(started) == []


# Content


def test_cat_files_gives_contents_in_order_and_none_for_what_is_not_there(started: Path) -> None:
    odd = os.fsdecode(b"odd \xe9\nname blob 3")
    (started / odd).write_bytes(b"\0\r\nodd")
    put(started, empty="")
    git = Git(started)
    git.commit([odd, "empty"], "x")
    blob = sh(started, "rev-parse", "HEAD:a.md").strip()
    specs = [
        "HEAD:a.md",
        "HEAD:none",
        f"HEAD:{odd}",
        "HEAD:no\nsuch\n",
        blob,
        "0" * 40,
        "HEAD:empty",
        "",
        "HEAD:b.md",
    ]
    expected = [b"a\n", None, b"\0\r\nodd", None, b"a\n", None, b"", None, b"b\n"]
    assert list(git.cat_files(specs)) == expected
    assert list(git.cat_files(iter(specs[:1]))) == [b"a\n"]
    assert list(git.cat_files([])) == []


def test_cat_files_does_without_what_git_learned_in_2_38(
    started: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    older = tmp_path / "older" / "git"
    older.parent.mkdir()
    older.write_text(f'#!/bin/sh\ncase " $* " in *" -z "*) exit 129;; esac\nexec {shutil.which("git")} "$@"\n')
    older.chmod(0o755)
    monkeypatch.setenv("PATH", str(older.parent), prepend=os.pathsep)
    assert list(Git(started).cat_files(["HEAD:a.md", "HEAD:none", "HEAD:b.md"])) == [b"a\n", None, b"b\n"]


def test_cat_files_of_more_than_a_pipe_holds_in_both_directions(started: Path) -> None:
    (started / "big").write_bytes(os.urandom(300_000))
    git = Git(started)
    git.commit(["big"], "x")
    specs = ["HEAD:big", "HEAD:" + "n" * 3000] * 60
    assert list(git.cat_files(specs)) == [(started / "big").read_bytes(), None] * 60


def children() -> set[str]:
    """The processes that this one has started and that are still there, but for the one that lists them."""
    listing = subprocess.run(["ps", "-A", "-o", "ppid=,pid=,comm="], check=True, capture_output=True, text=True).stdout
    mine = (line.split() for line in listing.splitlines())
    return {pid for parent, pid, *name in mine if parent == str(os.getpid()) and name != ["ps"]}


def test_cat_files_that_is_left_early_ends_git(started: Path) -> None:
    before = children()
    contents = Git(started).cat_files(["HEAD:a.md"] * 100_000)
    assert next(contents) == b"a\n"
    assert len(children() - before) == 1
    contents.close()
    assert children() - before == set()


def test_cat_files_outside_a_repository_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(GitFailed, match="not a git repository"):
        list(Git(tmp_path).cat_files(["HEAD"] * 100_000))


def test_stream_splits_at_nul(started: Path) -> None:
    put_many(started)
    git = Git(started)
    git.commit(MANY, "x")
    assert sorted(git.stream("ls-files", "-z")) == sorted(map(os.fsencode, ["a.md", "b.md", *MANY]))
    assert list(git.stream("log", "--format=%s%x00%s", "-z")) == [b"x", b"x", b"start", b"start"]
    assert list(git.stream("log", "-1", "--format=")) == []
    assert list(git.stream("log", "-1", "--format=a%x00%x00b")) == [b"a", b"", b"b\n"]


def test_stream_that_fails_tells_it_after_its_pieces(started: Path) -> None:
    with pytest.raises(GitFailed) as caught:
        list(Git(started).stream("log", "nothing"))
    assert caught.value.code == 128
    assert "unknown revision" in caught.value.words


@given(st.lists(st.binary(max_size=200), max_size=8))
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_is_stored_is_given_back(repo: Path, contents: list[bytes]) -> None:
    git = Git(repo)
    blobs = [git.run("hash-object", "-w", "--stdin", input=data).decode().strip() for data in contents]
    assert list(git.cat_files(blobs)) == contents
