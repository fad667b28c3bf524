"""Pushes into a real bare repository that judges them: attacks are refused and change nothing, honest work passes."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from cpl import hooking
from tests import doors, keys, server_page
from tests.doors import Desk
from tests.ledger import CPL_YAML, ROOT, Ledger, Outcome
from tests.processes import command, environment

ZEROS = "0" * 40
MAPPING = """\
format: 1
system: old
key: {column: No}
timezone: Asia/Shanghai
dates: ['%Y-%m-%d %H:%M']
received: {column: Date}
title: {column: Text}
kind: {value: repair}
"""


@pytest.fixture(scope="module")
def server_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a desk without hooks and its remote, which has the server's; made by the first test that asks."""
    return tmp_path_factory.mktemp("server")


@pytest.fixture
def desk(server_model: Path, desk_model: Path, tmp_path: Path) -> Desk:
    if not (server_model / "desk").exists():
        model = doors.copied(desk_model, server_model)
        shutil.rmtree(model.root / ".git/hooks")
        hooking.install_on_server(model.remote, sys.executable)
    return doors.copied(server_model, tmp_path)


def git(folder: Path, *args: str, check: bool = True, **env: str) -> Outcome:
    done = subprocess.run(["git", *args], cwd=folder, env=environment(**env), capture_output=True, text=True)
    assert done.returncode == 0 or not check, done
    return Outcome(done.returncode, done.stdout, done.stderr)


def push(desk: Ledger, *args: str, remote: str = "origin", **env: str) -> Outcome:
    """Push; the code, and the lines that the server said, without hashes and paths of records."""
    done = git(desk.root, "push", "--quiet", remote, *args, check=False, **env)
    lines = [line.removeprefix("remote: ").rstrip() for line in done.err.splitlines() if line.startswith("remote: ")]
    said = re.sub(r"\b[0-9a-f]{12,40}\b", "HASH", "\n".join(lines))
    return Outcome(done.code, re.sub(r"records/\S+/(CPL|RECORD)-[^: ]+\.md", "RECORD", said), done.err)


def codes(outcome: Outcome) -> list[str]:
    return sorted(set(re.findall(r":\d+: ([EW]\d{3}) ", outcome.out)))


def everything(remote: Path) -> set[str]:
    """The files of a repository: refs and objects."""
    return {str(path.relative_to(remote)) for path in remote.rglob("*") if path.is_file()} | {
        git(remote, "for-each-ref").out
    }


def commit(desk: Ledger, message: str = "by hand", author: str = "") -> str:
    """Commit everything by hand; the commit."""
    git(desk.root, "add", "--all")
    git(desk.root, "commit", "--quiet", "--allow-empty", "-m", message, *([f"--author={author}"] if author else []))
    return git(desk.root, "rev-parse", "HEAD").out.strip()


def edit(desk: Desk) -> str:
    desk.change(*doors.EDIT)
    return commit(desk)


# Attacks


def edited_and_mended(desk: Desk) -> list[str]:
    """a bad commit that the next one takes back"""
    edit(desk)
    desk.change(*reversed(doors.EDIT))
    commit(desk)
    return ["main"]


def hidden_behind_good_ones(desk: Desk) -> list[str]:
    """a bad commit on a branch, merged into a new one"""
    git(desk.root, "switch", "--quiet", "--create", "side")
    edit(desk)
    git(desk.root, "switch", "--quiet", "--create", "other", "main")
    git(desk.root, "merge", "--quiet", "--no-ff", "-m", "m", "side")
    return ["other"]


def dropped_by_merge(desk: Desk) -> list[str]:
    """a merge that takes one side, for the other side's event is lost"""
    git(desk.root, "switch", "--quiet", "--create", "side")
    desk.events("handover")
    git(desk.root, "switch", "--quiet", "main")
    desk.events("arrive", at="2026-11-18T17:0{n}:00+08:00")
    git(desk.root, "merge", "--quiet", "--strategy=ours", "-m", "m", "side")
    return ["main"]


def record_removed(desk: Desk) -> list[str]:
    """a record deleted on a new branch"""
    desk.path(desk.record()).unlink()
    commit(desk)
    return ["HEAD:refs/heads/new"]


def illegal_move(desk: Desk) -> list[str]:
    """a move that the profile has not"""
    doors._move(desk)
    commit(desk)
    return ["main"]


def amended(desk: Desk) -> list[str]:
    """a published commit rewritten, pushed with force"""
    git(desk.root, "commit", "--quiet", "--amend", "-m", "other words")
    return ["--force", "main"]


def main_deleted(_desk: Desk) -> list[str]:
    """the main branch deleted"""
    return [":main"]


def branch_deleted(desk: Desk) -> list[str]:
    """a branch deleted that alone has a commit, in the same push that moves the main one"""
    git(desk.root, "switch", "--quiet", "--create", "side")
    desk.events("handover")
    assert push(desk, "side").code == 0
    git(desk.root, "switch", "--quiet", "main")
    desk.ok("open", "-t", "Lift", now="2026-11-18T16:00:00+08:00")
    return ["--atomic", "main", ":side"]


def tag_of_bad_commit(desk: Desk) -> list[str]:
    """a tag of a bad commit that no branch has"""
    git(desk.root, "tag", "-a", "-m", "t", "v1", edit(desk))
    return ["v1"]


def other_ref(desk: Desk) -> list[str]:
    """a bad commit by a ref that clones don't fetch"""
    edit(desk)
    return ["HEAD:refs/kept/x"]


def replaced(desk: Desk) -> list[str]:
    """another commit put in the place of a published one"""
    published = git(desk.root, "rev-parse", "HEAD").out.strip()
    git(desk.root, "replace", published, f"{published}~1")
    return ["refs/replace/*:refs/replace/*"]


def plain_seal(desk: Desk) -> list[str]:
    """a seal that is no annotated tag"""
    git(desk.root, "tag", "seal/1")
    return ["seal/1"]


def moved_seal(desk: Desk) -> list[str]:
    """a seal moved"""
    git(desk.root, "tag", "-a", "-m", "digest", "seal/1", "HEAD~1")
    assert push(desk, "seal/1").code == 0
    git(desk.root, "tag", "-f", "-a", "-m", "digest", "seal/1", "HEAD")
    return ["--force", "seal/1"]


def deleted_seal(desk: Desk) -> list[str]:
    """a seal deleted"""
    git(desk.root, "tag", "-a", "-m", "digest", "seal/1")
    assert push(desk, "seal/1").code == 0
    return [":seal/1"]


def store_moved_out_of_sight(desk: Desk) -> list[str]:
    """the settings removed, so that nothing would be judged"""
    (desk.root / "cpl.yaml").unlink()
    edit(desk)
    return ["main"]


def store_hidden_within_the_push(desk: Desk) -> list[str]:
    """another store begun badly, and its settings taken away again, so that neither end of the push has it"""
    shutil.copytree(desk.root / "records", desk.root / "annex" / "records")
    (desk.root / "annex" / "cpl.yaml").write_text(CPL_YAML, encoding="utf-8")
    path = next((desk.root / "annex").rglob("CPL-*.md"))
    path.write_text(path.read_text(encoding="utf-8").replace("kind: complaint", "kind: compliment"), encoding="utf-8")
    commit(desk)
    (desk.root / "annex" / "cpl.yaml").unlink()
    commit(desk)
    return ["main"]


def under_another_name(desk: Desk) -> list[str]:
    """an event by somebody else, who is not said to have recorded it"""
    doors._event("2026-11-18T15:30:00+08:00, by: sun.wei, did: handover")(desk)
    commit(desk)
    return ["main"]


def declined_by_the_clerk(desk: Desk) -> list[str]:
    """a complaint declined in the manager's name, at the clerk's computer"""
    desk.ok("transition", desk.record(1), "declined", "--reason", "no", "--by", "sun.wei")
    return ["main"]


def promoted_by_himself(desk: Desk) -> list[str]:
    """a clerk who becomes manager by the commit that declines"""
    desk.ok("transition", desk.record(1), "declined", "--reason", "no", "--by", "sun.wei")
    path = desk.path(desk.record(1))
    text = path.read_text(encoding="utf-8").replace("by: sun.wei", "by: li.na").replace(", recorded_by: li.na", "")
    git(desk.root, "reset", "--quiet", "--hard", "HEAD~1")
    path.write_text(text, encoding="utf-8")
    (desk.root / "cpl.yaml").write_text(CPL_YAML.replace("[desk]", "[desk, manager]"), encoding="utf-8")
    commit(desk)
    return ["main"]


ATTACKS: list[tuple[Callable[[Desk], list[str]], list[str]]] = [
    (edited_and_mended, ["E102"]),
    (hidden_behind_good_ones, ["E102"]),
    (dropped_by_merge, ["E101"]),
    (record_removed, ["E100"]),
    (illegal_move, ["E104"]),
    (amended, ["E110"]),
    (main_deleted, ["E110"]),
    (branch_deleted, ["E110"]),
    (tag_of_bad_commit, ["E102"]),
    (other_ref, ["E102"]),
    (replaced, ["E124"]),
    (plain_seal, ["E124"]),
    (moved_seal, ["E124"]),
    (deleted_seal, ["E124"]),
    (store_moved_out_of_sight, ["E070"]),
    (store_hidden_within_the_push, ["E014", "E070"]),
    (under_another_name, ["E120"]),
    (declined_by_the_clerk, ["E121"]),
    (promoted_by_himself, ["E121", "W126"]),
]


@pytest.mark.parametrize(("attack", "expected"), ATTACKS, ids=[attack.__name__ for attack, _codes in ATTACKS])
def test_attack_is_refused_and_changes_nothing(
    attack: Callable[[Desk], list[str]], expected: list[str], desk: Desk
) -> None:
    refs = attack(desk)
    before = everything(desk.remote)
    outcome = push(desk, *refs)
    assert (outcome.code, codes(outcome)) == (1, expected)
    assert "the push is refused and nothing was changed: " in outcome.out
    assert everything(desk.remote) == before


def test_refusal_names_commit_path_line_code_and_remedy(desk: Desk) -> None:
    bad = edit(desk)
    done = git(desk.root, "push", "--quiet", f"file://{desk.remote}", "main", check=False)
    path = desk.path(desk.record()).relative_to(desk.root)
    line = desk.path(desk.record()).read_text(encoding="utf-8").splitlines().index(
        "- {at: 2026-11-18T15:00:00+08:00, by: li.na, did: contact, via: phone, about: progress, reached: true}"
    ) + 1  # fmt: skip  # a table reads best with a row a line
    assert [each.rstrip() for each in done.err.splitlines() if each.startswith("remote: ")] == [
        f"remote: {bad[:12]}:{path}:{line}: E102 the event did:contact of 2026-11-18T15:00:00+08:00 was changed "
        f"(about: 'acknowledge' → 'progress'); put it back, a slip is put right by: cpl correct {desk.record()}",
        "remote: the push is refused and nothing was changed: 1 error",
    ]


# Honest work


def test_story_of_the_demo_is_taken_in_whole_by_an_empty_repository(tmp_path: Path) -> None:
    done = subprocess.run(command("demo", str(tmp_path / "estate")), env=environment(), capture_output=True)
    assert done.returncode == 0
    git(tmp_path, "init", "--quiet", "--bare", "--initial-branch=main", "a.git")
    hooking.install_on_server(tmp_path / "a.git", sys.executable)
    assert push(Ledger(tmp_path / "estate"), "HEAD:main", remote=str(tmp_path / "a.git"))[:2] == (
        0,
        "HASH:cpl.yaml:1: W126 li.na@example.org changed the settings: people",
    )


def test_honest_branches_merges_imports_and_tags_are_taken_in_without_a_word(desk: Desk) -> None:
    git(desk.root, "switch", "--quiet", "--create", "side")
    desk.events("handover")
    (desk.root.parent / "rows.csv").write_text("No,Date,Text\n1,2026-11-17 10:00,Lamp\n", encoding="utf-8")
    (desk.root.parent / "map.yaml").write_text(MAPPING, encoding="utf-8")
    desk.ok(
        "import",
        str(desk.root.parent / "rows.csv"),
        "--mapping",
        str(desk.root.parent / "map.yaml"),
        now="2026-11-18T16:05:00+08:00",
    )
    assert push(desk, "side")[:2] == (0, "")
    git(desk.root, "switch", "--quiet", "main")
    desk.open("Gate", now="2026-11-18T17:00:00+08:00")
    desk.ok("contact", desk.record(1), "--via", "phone", "--by", "zhao.qiang", now="2026-11-18T17:01:00+08:00")
    git(desk.root, "merge", "--quiet", "--no-ff", "-m", "both", "side")
    git(desk.root, "tag", "-a", "-m", "digest", "seal/1")
    git(desk.root, "tag", "light")
    git(desk.root, "notes", "add", "-m", "looked at")
    assert push(desk, "main", "seal/1", "light", "refs/notes/*:refs/notes/*")[:2] == (0, "")
    assert push(desk, ":side", ":light")[:2] == (0, "")
    assert git(desk.remote, "for-each-ref", "--format=%(refname)").out.split() == [
        "refs/heads/main", "refs/notes/commits", "refs/tags/seal/1",
    ]  # fmt: skip  # a table reads best with a row a line


def test_branches_without_a_store_are_nobody_s_business(desk: Desk) -> None:
    git(desk.root, "switch", "--quiet", "--orphan", "page")
    commit(desk)
    assert push(desk, "page")[:2] == (0, "")
    git(desk.root, "commit", "--quiet", "--amend", "--allow-empty", "-m", "anew")
    assert push(desk, "--force", "page")[:2] == (0, "")
    assert push(desk, ":page")[:2] == (0, "")


def test_stores_in_folders_are_found_and_judged(desk: Desk) -> None:
    for name in ("north", "south"):
        (desk.root / name).mkdir()
        (desk.root / name / "cpl.yaml").write_text(CPL_YAML, encoding="utf-8")
    commit(desk)
    south = Desk(desk.root / "south", env={"CPL_USER": "li.na"})
    south.open(now="2026-11-18T16:00:00+08:00")
    assert push(desk, "main")[:2] == (0, "")
    south.change("lead: li.na", "lead: sun.wei")
    commit(desk)
    outcome = push(desk, "main")
    assert outcome.code == 1
    assert re.findall(r":(\S+):\d+: (E\d+) ", outcome.err) == [
        (str(south.path(south.record()).relative_to(desk.root)), "E105")
    ]


def test_non_ascii_names_beside_the_store_do_no_harm(desk: Desk) -> None:
    (desk.root / "锦绣 花园").mkdir()
    (desk.root / "锦绣 花园" / "cpl.yaml").write_text(CPL_YAML + "nonsense: true\n", encoding="utf-8")
    commit(desk)
    outcome = push(desk, "main")
    assert (outcome.code, codes(outcome)) == (1, ["E020"])
    assert ":锦绣 花园/cpl.yaml:" in outcome.out


def test_page_shows_what_the_commands_print(tmp_path: Path) -> None:
    page = server_page.PAGE.read_text(encoding="utf-8")
    assert server_page.replayed(page, tmp_path) == page, "run: python -m tests.server_page"


# Roles and signatures


def test_manager_declines_with_his_own_commit(desk: Desk) -> None:
    git(desk.root, "config", "user.email", "sun.wei@example.org")
    desk.env = {}
    desk.ok("transition", desk.record(1), "declined", "--reason", "no")
    assert push(desk, "main")[:2] == (0, "")


@keys.needs_ssh
def test_server_s_own_keys_decide_whose_signature_is_good(desk: Desk, tmp_path: Path) -> None:
    key, other = keys.ssh_key(tmp_path, "key"), keys.ssh_key(tmp_path, "other")
    signed = "rules: {declining: {to: [declined], requires: [reason], roles: [manager], signed: true}}\n"
    (desk.root / "cpl.yaml").write_text(CPL_YAML + signed, encoding="utf-8")
    commit(desk)
    git(desk.root, "config", "user.email", "sun.wei@example.org")
    desk.env = {}
    desk.ok("transition", desk.record(1), "declined", "--reason", "no")
    assert codes(push(desk, "main")) == ["E122", "W126"]
    allowed = f"sun.wei@example.org {keys.public_ssh(other)}\n"
    keys.sign_with_ssh(desk.root, other, allowed)  # the clone's own file says that the key is the manager's
    git(desk.root, "commit", "--quiet", "--amend", "--no-edit")
    assert codes(push(desk, "main")) == ["E122", "W126"]
    (desk.remote / "allowed").write_text(f"sun.wei@example.org {keys.public_ssh(key)}\n", encoding="utf-8")
    keys.configure(desk.remote, {"gpg.ssh.allowedSignersFile": str(desk.remote / "allowed")})
    assert codes(push(desk, "main")) == ["E122", "W126"]
    keys.sign_with_ssh(desk.root, key, None)
    git(desk.root, "commit", "--quiet", "--amend", "--no-edit")
    assert push(desk, "main")[:2] == (
        0,
        "HASH:cpl.yaml:1: W126 li.na@example.org changed the settings: rules",
    )


@keys.needs_gpg
def test_server_s_own_keyring_decides_whose_gpg_signature_is_good(desk: Desk) -> None:
    signed = "rules: {declining: {to: [declined], requires: [reason], roles: [manager], signed: true}}\n"
    (desk.root / "cpl.yaml").write_text(CPL_YAML + signed, encoding="utf-8")
    commit(desk)
    git(desk.root, "config", "user.email", "sun.wei@example.org")
    desk.env = {}
    with keys.gpg_home():
        key = keys.gpg_key("sun.wei@example.org", "Sun Wei")
        keys.configure(desk.root, {"user.signingKey": key, "commit.gpgSign": "true"})
        desk.ok("transition", desk.record(1), "declined", "--reason", "no")
        with keys.gpg_home():  # the server has another keyring
            assert codes(push(desk, "main")) == ["E122", "W126"]
        assert codes(push(desk, "main")) == ["W126"]


# What can't be judged is refused


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "which judges what is pushed here, is gone, so nothing is taken in; "),
        ("#!/bin/sh\nexit 97\n", "which judges what is pushed here, is gone, so nothing is taken in; "),
        ("#!/bin/sh\nkill -9 $$\n", ""),
        ("#!/bin/sh\nexit 3\n", ""),
    ],
    ids=["interpreter gone", "no cpl", "killed", "a bug"],
)
def test_push_is_refused_when_cpl_can_t_be_run(text: str | None, said: str, desk: Desk, tmp_path: Path) -> None:
    python = tmp_path / "python"
    python.write_text(text or "", encoding="utf-8")
    python.chmod(0o755)
    hooking.install_on_server(desk.remote, str(python))
    if text is None:
        python.unlink()
    before = everything(desk.remote)
    outcome = push(desk, "HEAD:refs/heads/new")
    assert outcome.code == 1
    assert said in outcome.out
    assert everything(desk.remote) == before


def test_push_is_refused_when_cpl_fails(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "cpl").mkdir()
    (tmp_path / "cpl" / "__init__.py").write_text("", encoding="utf-8")
    (tmp_path / "cpl" / "cli.py").write_text("raise RuntimeError('bug')\n", encoding="utf-8")
    outcome = push(desk, "HEAD:refs/heads/new", PYTHONPATH=str(tmp_path))
    assert outcome.code == 1
    assert "RuntimeError: bug" in outcome.out


def test_one_who_hangs_up_is_refused_all_the_same(desk: Desk) -> None:
    hook = desk.remote / "hooks" / "pre-receive"
    hook.rename(desk.remote / "off")
    bad = edit(desk)
    assert push(desk, "HEAD:refs/kept/x").code == 0
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        command("hooks", "receive"),
        cwd=desk.remote,
        env=environment(),
        input=f"{ZEROS} {bad} refs/heads/main\n".encode(),
        stdout=writer,
        stderr=writer,
    )
    os.close(writer)
    assert done.returncode != 0


@pytest.mark.parametrize("line", ["words", f"{ZEROS} main refs/heads/main", f"{ZEROS} {ZEROS} main"])
def test_what_git_did_not_say_is_not_understood(line: str, desk: Desk) -> None:
    outcome = desk("hooks", "receive", stdin=f"{line}\n")
    assert outcome == (
        2,
        "",
        f"'{line}' is not a line of git's pre-receive hook: OLD NEW REF; this command is for git to run\n",
    )


# The hook itself


def test_hook_is_put_into_a_bare_repository_looked_at_and_taken_out(ledger: Ledger, tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet", "--bare", "s.git")
    server, hook = tmp_path / "s.git", tmp_path / "s.git" / "hooks" / "pre-receive"
    before = everything(server)
    outcome = ledger("hooks", "status", "--server", str(server))
    assert (outcome.code, outcome.err) == (1, f"pre-receive: run: cpl hooks install --server {server}\n")
    assert ledger("hooks", "install", "--server", str(server)) == (0, f"{hook}: installed\n", "")
    assert ledger("hooks", "install", "--server", str(server)) == (0, f"{hook}: was installed already\n", "")
    assert ledger("hooks", "status", "--server", str(server)).code == 0
    assert ledger("hooks", "uninstall", "--server", str(server)) == (0, f"{hook}: taken out\n", "")
    assert everything(server) - before == {"cpl/lock"}
    assert ledger("hooks", "uninstall", "--server", str(server)) == (
        0,
        "",
        "nothing to take out: this repository has no hook of cpl\n",
    )


def test_hook_of_a_server_goes_into_no_clone(ledger: Ledger) -> None:
    assert ledger("hooks", "install", "--server", str(ledger.root)) == (
        2,
        "",
        f"{ledger.root} is not a bare repository, as a server has; make one with: git init --bare {ledger.root}\n",
    )


@pytest.mark.parametrize("shebang", ["#!/bin/sh", "#!/usr/bin/env bash"])
def test_hook_that_was_there_reads_the_refs_first_and_may_refuse(shebang: str, desk: Desk) -> None:
    hook = desk.remote / "hooks" / "pre-receive"
    hook.write_text(f"{shebang}\nread old new ref\necho mine: $ref\n[ $ref != refs/heads/no ]\n", encoding="utf-8")
    hook.chmod(0o755)
    hooking.install_on_server(desk.remote, sys.executable)
    assert push(desk, "HEAD:refs/heads/no")[:2] == (1, "mine: refs/heads/no")
    assert push(desk, "HEAD:refs/heads/yes")[:2] == (0, "mine: refs/heads/yes")


def test_shipped_hook_names_no_interpreter() -> None:
    assert "cpl_python=''" in (ROOT / "hooks" / "pre-receive").read_text(encoding="utf-8")


def test_server_speaks_the_language_of_the_store_that_is_pushed(desk: Desk) -> None:
    chinese = CPL_YAML.replace("language: en", "language: zh")
    (desk.root / "cpl.yaml").write_text(chinese, encoding="utf-8")
    commit(desk, "speak Chinese")
    ways = record_removed(desk)
    assert "E100 记录被删除" in push(desk, *ways, CPL_LANG="").out
    assert "E100 the record was removed" in push(desk, *ways, CPL_LANG="en").out
