"""doctor: each check in its good and its bad state on real repositories, what --fix mends, and what it never does."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from cpl import __version__, driver, health, hooking
from cpl.health_files import FileSystem, judge_file_system
from cpl.moments import format_instant
from cpl.render import FORMATS
from cpl.store import Store
from tests.ledger import COMMON, CPL_YAML, ONE, RESIDENTIAL, ROOT, Ledger
from tests.ledger import TRUE as STUB
from tests.processes import Terminal, run_process

PAGE = ROOT / "docs" / "doctor.md"
RECORD = "records/2026/11/18/CPL-20261118-M9S3467"
ATTRIBUTES = "records/** -text\nrecords/**/*.md -text merge=cpl\n"
FIXABLE = {
    "interrupted",
    "attributes",
    "hooks",
    "merge-driver",
    "pull",
    "history",
    "commit-graph",
    "partial",
    "file-system",
}
FOLDS_CASE = Path(__file__).with_name(Path(__file__).name.upper()).exists()
FALSE, TRUE = ("true", "false") if FOLDS_CASE else ("false", "true")  # as core.ignorecase
UNKNOWN = "not known while the settings are not right"


@pytest.fixture(scope="session")
def healthy(pristine_with_one: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the store `estate`, in which nothing is wrong, and its remote; made once, tests get copies."""
    folder = tmp_path_factory.mktemp("healthy")
    shutil.copytree(pristine_with_one, folder / "estate", symlinks=True)
    ledger = Ledger(folder / "estate")
    (ledger.root / ".gitattributes").write_text(ATTRIBUTES, encoding="utf-8")
    ledger.commit()
    shutil.rmtree(ledger.root / ".git/hooks")
    settle(ledger)
    ledger.git("init", "--quiet", "--bare", "--initial-branch=main", "../remote.git")
    ledger.git("-C", "../remote.git", "config", "uploadpack.allowFilter", "true")
    ledger.git("remote", "add", "origin", "../remote.git")
    ledger.git("push", "--quiet", "--set-upstream", "origin", "main")
    return folder


@pytest.fixture
def ledger(healthy: Path, tmp_path: Path) -> Ledger:
    """The healthy store with ONE in it, now."""
    shutil.copytree(healthy, tmp_path / "healthy", symlinks=True)
    return at_work(tmp_path / "healthy" / "estate")


def at_work(root: Path) -> Ledger:
    """The store in `root`, at the instant that it is: git has no fixed clock."""
    return Ledger(root, now=format_instant(datetime.now(UTC).replace(microsecond=0)))


def settle(ledger: Ledger) -> Ledger:
    """Give a clone what it does not bring along: an identity, hooks, and the merge driver."""
    ledger.git("config", "user.name", "Li Na")
    ledger.git("config", "user.email", "li.na@example.org")
    hooking.install(Store(ledger.root), STUB)
    driver.register(Store(ledger.root))
    return ledger


def findings(ledger: Ledger, *args: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(ledger("doctor", "--format", "json", *args).out)
    return found


def wrong(ledger: Ledger, *args: str) -> list[tuple[str, str, str, str | None]]:
    """Everything that is not ok."""
    keys = ("name", "state", "found", "remedy")
    return [tuple(each[key] for key in keys) for each in findings(ledger, *args) if each["state"] != "ok"]


def words(ledger: Ledger, name: str) -> str:
    """What the check found, which is ok."""
    (found,) = (each for each in findings(ledger) if each["name"] == name)
    assert found["state"] == "ok"
    return str(found["found"])


def snapshot(ledger: Ledger) -> dict[str, tuple[int, bytes]]:
    """Every file of the store and of its git folder, but for objects that nothing refers to."""
    paths = [path for path in sorted(ledger.root.rglob("*")) if path.is_file() and "objects" not in path.parts]
    return {str(path): (path.stat().st_mtime_ns, path.read_bytes()) for path in paths}


def fixed(ledger: Ledger) -> str:
    """What `doctor --fix` says that it did; nothing may be wrong after it, and records are what they were."""
    before = ledger.path(ONE).read_bytes()
    outcome = ledger("doctor", "--fix", "--format", "json")
    states = {each["state"] for each in json.loads(outcome.out)}
    assert (outcome.code, states, ledger.path(ONE).read_bytes()) == (0, {"ok"}, before), outcome
    again = ledger("doctor", "--fix")
    assert (again.code, again.err) == (0, "all is well\n")
    return outcome.err


def clone(ledger: Ledger, *options: str) -> Ledger:
    """Another clone of the ledger's remote, by the same person."""
    url = (ledger.root.parent / "remote.git").as_uri()
    ledger.git("clone", "--quiet", *options, url, "../clone")
    return settle(at_work(ledger.root.parent / "clone"))


def conflict(ledger: Ledger) -> None:
    """Stop in the middle of a merge."""
    ledger.git("switch", "--quiet", "--create", "side")
    ledger.put(ONE, ledger.path(ONE).read_text(encoding="utf-8").replace("Door 2", "Door 3"))
    ledger.commit()
    ledger.git("switch", "--quiet", "main")
    ledger.put(ONE, ledger.path(ONE).read_text(encoding="utf-8").replace("Door 2", "Door 4"))
    ledger.commit()
    subprocess.run(["git", "merge", "--quiet", "side"], cwd=ledger.root, capture_output=True)
    assert "<<<<<<<" in ledger.path(ONE).read_text(encoding="utf-8")


def test_a_healthy_clone_is_told_so_in_full(ledger: Ledger) -> None:
    git = re.findall(r"\d+\.\d+", ledger.git("version"))[0]
    python = f"{sys.version_info[0]}.{sys.version_info[1]}"
    told = {
        "settings": "right; 3 people",
        "versions": f"git {git}, Python {python}, cpl {__version__}, which reads stores of format 1",
        "profile": "'residential', the one that this cpl brings along; the store has no copy, "
        "so another cpl may differ",
        "identity": "Li Na <li.na@example.org>",
        "person": "li.na",
        "interrupted": "every write was finished",
        "attributes": "records and evidence stay byte for byte, records are merged by cpl",
        "hooks": "pre-commit: installed, pre-merge-commit: installed",
        "merge-driver": "registered, and its Python is there",
        "unfinished": "git is in the middle of nothing",
        "conflicts": "none",
        "branch": "main",
        "pull": "git pull merges",
        "locks": "none",
        "history": "complete",
        "commit-graph": "not needed",
        "partial": "every version of every file is here",
        "sparse": "every file below records/ is in the work tree",
        "names": "no two files below records/ have names that are the same elsewhere",
        "file-system": judge_file_system(FileSystem(*[FOLDS_CASE] * 4)).words,
        "clock": "no commit lies in the future",
        "remote": "every commit is on a remote branch, as last fetched",
        "kept": "no text that could not be used",
    }
    assert findings(ledger) == [
        {"name": name, "state": "ok", "found": found, "remedy": None, "fixable": False} for name, found in told.items()
    ]
    outcome = ledger("doctor")
    assert (outcome.code, outcome.err) == (0, "all is well\n")
    assert [re.split(r"  +", line) for line in outcome.out.splitlines()[2:]] == [
        [name, "ok", found] for name, found in told.items()
    ]
    assert (
        ledger.ok("doctor", "--format", "plain").splitlines()[3] == "identity\tok\tLi Na <li.na@example.org>\t\tfalse"
    )
    assert ledger.ok("doctor", "--format", "csv").splitlines()[11] == "conflicts,ok,none,,false"
    assert ledger.ok("doctor", "--format", "markdown").splitlines()[13] == "| branch | ok | main |  |"


def test_every_check_has_its_row_on_the_page_in_order() -> None:
    rows = re.findall(r"^\| ([\w-]+) \|.*\| ([^|]+) \|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)[1:]
    assert [name for name, _fix in rows] == list(health.CHECKS)
    assert {name for name, fix in rows if fix.startswith("yes")} == FIXABLE


def test_without_fix_nothing_is_changed_not_even_a_time(ledger: Ledger) -> None:
    ledger.git("config", "core.ignorecase", TRUE)
    ledger.git("config", "user.email", "nobody@example.org")
    (ledger.root / ".gitattributes").write_text("", encoding="utf-8")
    os.utime(ledger.path(ONE), (1_000_000_000, 1_000_000_000))  # git would like to refresh its index
    (ledger.root / ".git/cpl/lock").unlink()
    (ledger.root / ".git/cpl").rmdir()
    before = snapshot(ledger)
    assert [each[0] for each in wrong(ledger)] == ["person", "attributes", "file-system"]
    assert (snapshot(ledger), (ledger.root / ".git/cpl").exists()) == (before, False)


def test_fix_says_what_was_done_and_what_takes_a_person(ledger: Ledger) -> None:
    ledger.git("config", "core.ignorecase", TRUE)
    ledger.git("remote", "remove", "origin")
    outcome = ledger("doctor", "--fix")
    assert (outcome.code, outcome.err) == (
        0,
        f"file-system: set core.ignorecase={FALSE}\n"
        "remote: not done, it takes a person: git remote add origin URL, then: git push --set-upstream origin main\n"
        "0 errors, 1 warning\n",
    )
    assert "\nfile-system   ok " in outcome.out


def test_what_fix_would_mend_is_named(ledger: Ledger) -> None:
    ledger.git("config", "core.ignorecase", TRUE)
    (ledger.root / ".gitattributes").write_text("", encoding="utf-8")
    ledger.commit()
    outcome = ledger("doctor")
    assert (outcome.code, outcome.err) == (1, "1 error, 1 warning; cpl doctor --fix mends: attributes, file-system\n")


# Settings, versions, profile


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (CPL_YAML.replace("format: 1", "format: x"), ["cpl.yaml:1: E022 "]),
        ("format: 2\n", ["cpl.yaml:1: E072 format 2 is not the one that this cpl reads"]),
        (CPL_YAML.replace("[desk]", "[dusk]").replace("[engineer]", "[x]"), ["cpl.yaml:7: E070 ", "cpl.yaml:8: E070 "]),
        ("<<<<<<< ours\n" + CPL_YAML, ["cpl.yaml:1: E011 "]),
        (CPL_YAML.replace("residential", "gone"), ["cpl.yaml:5: E070 there is no profile 'gone'"]),
    ],
)
def test_broken_settings_are_findings_and_the_rest_is_looked_at(ledger: Ledger, text: str, told: list[str]) -> None:
    (ledger.root / "cpl.yaml").write_text(text, encoding="utf-8")
    outcome = ledger("doctor", "--format", "json")
    found = [each for each in json.loads(outcome.out) if each["state"] != "ok"]
    assert (outcome.code, [each["name"] for each in found]) == (1, ["settings"] * len(told) + ["profile", "person"])
    for each, start in zip(found, told, strict=False):
        assert each["found"].startswith(start)
        assert each["remedy"] == "mend the file (docs/problems.md explains each code), then: cpl check"
    assert [each["found"] for each in found[len(told) :]] == [UNKNOWN, UNKNOWN]


def test_settings_that_are_no_file_are_a_finding(ledger: Ledger) -> None:
    (ledger.root / "cpl.yaml").rename(ledger.root / "real.yaml")
    (ledger.root / "cpl.yaml").symlink_to("real.yaml")
    assert wrong(ledger)[0] == (
        "settings",
        "error",
        f"{ledger.root}/cpl.yaml can't be read: it is a symbolic link; name the file that it points to",
        "git log -- cpl.yaml tells who changed it",
    )


def test_a_profile_of_the_stores_own_is_told_and_never_wrong(ledger: Ledger) -> None:
    own = ledger.root / "templates/profiles/residential.yaml"
    own.parent.mkdir(parents=True)
    shutil.copy(RESIDENTIAL, own)
    assert words(ledger, "profile") == (
        "'residential'; of what it extends the store has no copy, so another cpl may differ"
    )
    shutil.copy(COMMON, own.with_name("common.yaml"))
    assert words(ledger, "profile") == "'residential', the same as this cpl brings along"
    own.write_text(own.read_text(encoding="utf-8") + "# ours\n", encoding="utf-8")
    assert words(ledger, "profile") == (
        "'residential', which differs from the one that this cpl brings along; the store's rules are its own"
    )
    own.rename(own.with_name("ours.yaml"))
    (ledger.root / "cpl.yaml").write_text(CPL_YAML.replace("residential", "ours"), encoding="utf-8")
    assert words(ledger, "profile") == "'ours', the store's own"


# Who


@pytest.mark.parametrize("key", ["user.name", "user.email"])
def test_without_name_or_address_nobody_is_known(ledger: Ledger, key: str) -> None:
    ledger.git("config", "--unset", key)
    found = [
        (
            "identity",
            "error",
            "git does not know who you are, so nothing can be committed",
            "git config user.name NAME; git config user.email EMAIL",
        ),
        ("person", "warning", "not known while git has no address of yours", "see identity"),
    ]
    assert wrong(ledger) == found
    outcome = ledger("doctor", "--fix")
    assert (outcome.code, outcome.err.splitlines()[0]) == (
        1,
        "identity: not done, it takes a person: git config user.name NAME; git config user.email EMAIL",
    )


def test_the_line_for_cpl_yaml_makes_the_person_known_and_is_not_added_by_fix(ledger: Ledger) -> None:
    ledger.git("config", "user.email", "Wu.Di@example.org")
    ledger.git("config", "user.name", "吴迪")
    before = snapshot(ledger)
    ((name, state, found, remedy),) = wrong(ledger, "--fix")
    assert (name, state, snapshot(ledger)) == ("person", "warning", before)
    assert found == "nobody in cpl.yaml has your git address Wu.Di@example.org, so every write needs --by"
    line = str(remedy).removeprefix("add below people in cpl.yaml: ").partition(" (with")[0]
    assert line == "- {id: wu.di, name: 吴迪, emails: [Wu.Di@example.org]}"
    (ledger.root / "cpl.yaml").write_text(f"{CPL_YAML}{line}\n", encoding="utf-8")
    assert words(ledger, "person") == "wu.di"


def test_who_has_left_is_told(ledger: Ledger) -> None:
    text = CPL_YAML.replace("department: customer-service", "department: customer-service, until: 2026-11-17")
    (ledger.root / "cpl.yaml").write_text(text, encoding="utf-8")
    assert [each[:2] for each in wrong(ledger)] == [("person", "warning")]


# Attributes


def test_lost_attributes_are_appended_and_committed_and_the_rest_stays(ledger: Ledger) -> None:
    path = ledger.root / ".gitattributes"
    path.write_bytes(b"*.sh text\r\n# \xff\n* text=auto")
    (ledger.root / "note.txt").write_text("mine", encoding="utf-8")
    ledger.git("add", ".gitattributes")
    ledger.git("commit", "--quiet", "--message", "by hand")
    ledger.git("add", "note.txt")
    ledger.git("config", "core.autocrlf", "input")
    assert wrong(ledger) == [
        (
            "attributes",
            "error",
            f"git may change line ends below records/, as in {RECORD}.md (core.autocrlf is input); "
            f"two versions of {RECORD}.md are merged line by line, not by cpl",
            "add to the end of .gitattributes: 'records/** -text', 'records/**/*.md -text merge=cpl'",
        )
    ]
    assert fixed(ledger) == (
        "attributes: added to .gitattributes and committed: records/** -text, records/**/*.md -text merge=cpl\n"
    )
    assert path.read_bytes() == b"*.sh text\r\n# \xff\n* text=auto\n" + ATTRIBUTES.encode()
    assert ledger.git("log", "-1", "--format=%B%an", "--name-only") == (
        "Keep records byte for byte, and merge them by cpl\n\nAction: doctor\nLi Na\n\n.gitattributes\n"
    )
    assert ledger.git("status", "--porcelain") == "A  note.txt\n"


def test_only_the_line_that_is_missing_is_added(ledger: Ledger) -> None:
    (ledger.root / ".gitattributes").write_text("records/** -text\n", encoding="utf-8")
    ledger.commit()
    ((name, state, _found, _remedy),) = wrong(ledger)
    assert (name, state) == ("attributes", "warning")
    assert fixed(ledger) == "attributes: added to .gitattributes and committed: records/**/*.md -text merge=cpl\n"
    assert (ledger.root / ".gitattributes").read_text(encoding="utf-8") == ATTRIBUTES


def test_without_a_file_of_attributes_one_is_made(ledger: Ledger) -> None:
    ledger.git("rm", "--quiet", ".gitattributes")
    ledger.commit()
    fixed(ledger)
    assert (ledger.root / ".gitattributes").read_text(encoding="utf-8") == ATTRIBUTES


def test_one_kind_of_evidence_that_git_would_change_is_found(ledger: Ledger) -> None:
    ledger.ok("attach", ONE, str(ROOT / "LICENSE"), "--at", "2026-11-18T16:00")
    (ledger.root / ".gitattributes").write_text(f"{ATTRIBUTES}LICENSE text\n", encoding="utf-8")
    ledger.commit()
    assert f"as in {RECORD}/LICENSE (core.autocrlf is false)" in wrong(ledger)[0][2]
    assert fixed(ledger).startswith("attributes: added to .gitattributes and committed: records/** -text\n")


def refused(ledger: Ledger) -> str:
    """Why --fix did nothing; nothing was changed."""
    before, head = snapshot(ledger), ledger.git("rev-parse", "HEAD")
    outcome = ledger("doctor", "--fix")
    now = snapshot(ledger)
    changed = {
        path for path in before.keys() | now.keys() if before.get(path, (0, b""))[1] != now.get(path, (0, b""))[1]
    }
    assert {Path(path).name for path in changed} <= {"lock", "COMMIT_EDITMSG"}
    assert (outcome.code, ledger.git("rev-parse", "HEAD")) == (1, head)
    return outcome.err.partition("\n")[0]


def test_attributes_that_are_being_changed_are_left_alone(ledger: Ledger) -> None:
    (ledger.root / ".gitattributes").write_text("# mine\n", encoding="utf-8")
    assert refused(ledger) == (
        "attributes: not done: .gitattributes has changes that are not committed; commit them first"
    )


def test_attributes_are_put_back_where_another_file_has_the_last_word(ledger: Ledger) -> None:
    (ledger.root / "records/.gitattributes").write_text("*.md text\n", encoding="utf-8")
    ledger.commit()
    assert refused(ledger) == (
        "attributes: not done: another file of attributes (in a folder below, or .git/info/attributes) "
        f"says otherwise for {RECORD}.md; mend it there by hand"
    )


def test_attributes_that_are_a_link_are_not_followed(ledger: Ledger, tmp_path: Path) -> None:
    (tmp_path / "attributes").write_text("# elsewhere\n", encoding="utf-8")
    (ledger.root / ".gitattributes").unlink()
    (ledger.root / ".gitattributes").symlink_to(tmp_path / "attributes")
    ledger.commit()
    assert refused(ledger) == (
        f"attributes: not done: {ledger.root}/.gitattributes can't be read: "
        "it is a symbolic link; name the file that it points to"
    )
    assert (tmp_path / "attributes").read_text(encoding="utf-8") == "# elsewhere\n"


def test_attributes_are_put_back_when_a_hook_refuses(ledger: Ledger) -> None:
    (ledger.root / ".gitattributes").write_text("# none\n", encoding="utf-8")
    ledger.commit()
    hook = ledger.root / ".git/hooks/commit-msg"
    hook.write_text("#!/bin/sh\necho no; exit 1\n", encoding="utf-8")
    hook.chmod(0o755)
    assert refused(ledger).startswith("attributes: not done: the commit was refused, nothing was written")


# Hooks and the merge driver


def test_a_fresh_clone_gets_all_that_it_lacks_in_one_run(ledger: Ledger) -> None:
    (ledger.root / ".gitattributes").write_text("", encoding="utf-8")
    ledger.commit()
    ledger.git("push", "--quiet")
    fresh = clone(ledger)
    shutil.rmtree(fresh.root / ".git/hooks")
    fresh.git("config", "--remove-section", "merge.cpl")
    assert [each[:3] for each in wrong(fresh)[1:]] == [
        ("hooks", "warning", "pre-commit: not installed, pre-merge-commit: not installed")
    ]
    assert fixed(fresh) == (
        "attributes: added to .gitattributes and committed: records/** -text, records/**/*.md -text merge=cpl\n"
        "hooks: pre-commit: installed, pre-merge-commit: installed\n"
        "merge-driver: registered in git's settings of this clone\n"
    )


def test_a_new_store_is_well_but_for_the_remote(ledger: Ledger, tmp_path: Path) -> None:
    root = tmp_path / "new"
    root.mkdir()
    ledger.git("init", "--quiet", str(root))
    new = at_work(root)
    new.git("config", "user.name", "Li Na")
    new.git("config", "user.email", "li.na@example.org")
    new.ok("init")
    assert [each[0] for each in wrong(new)] == ["remote"]


def test_hooks_that_only_a_person_can_put_right_are_left(ledger: Ledger) -> None:
    hook = ledger.root / ".git/hooks/pre-commit"
    text = hook.read_text(encoding="utf-8")
    hook.write_text(text.replace("\n", "\n# mine\n", 3), encoding="utf-8")
    changed = hook.read_bytes()
    ((name, state, found, remedy),) = wrong(ledger, "--fix")
    assert (name, state, found) == ("hooks", "warning", "pre-commit: changed since, pre-merge-commit: installed")
    assert str(remedy).startswith(str(hook))
    assert hook.read_bytes() == changed


def test_without_the_driver_that_the_attributes_name_records_are_merged_as_text(ledger: Ledger) -> None:
    ledger.git("config", "--remove-section", "merge.cpl")
    words = "not registered in this clone, so git merges records line by line"
    assert wrong(ledger) == [("merge-driver", "warning", words, "cpl doctor --fix")]
    assert fixed(ledger) == "merge-driver: registered in git's settings of this clone\n"


def test_a_driver_whose_python_is_gone_is_an_error(ledger: Ledger) -> None:
    value = ledger.git("config", "merge.cpl.driver").strip()
    ledger.git("config", "merge.cpl.driver", value.replace(sys.executable, "/gone/python"))
    words = "registered, but its Python is gone, or another command stands there; git merges as text, or loses a side"
    assert wrong(ledger) == [("merge-driver", "error", words, "cpl doctor --fix")]
    assert fixed(ledger) == "merge-driver: registered in git's settings of this clone\n"


def test_a_driver_that_nobody_asks_for_is_not_missed(ledger: Ledger) -> None:
    ledger.git("config", "--remove-section", "merge.cpl")
    (ledger.root / ".gitattributes").write_text("records/** -text\n", encoding="utf-8")
    assert [each[0] for each in wrong(ledger)] == ["attributes"]


# The repository


def test_in_the_middle_of_a_merge_everything_is_looked_at(ledger: Ledger) -> None:
    conflict(ledger)
    assert wrong(ledger) == [
        (
            "unfinished",
            "warning",
            "a merge is not finished; until then cpl commits nothing",
            "git status tells how to go on; to give it up: git merge --abort",
        ),
        (
            "conflicts",
            "error",
            f"{RECORD}.md is not merged yet",
            "cpl settle; of a file that is no record, settle the conflict in it, then: git add FILE",
        ),
    ]
    assert ledger("doctor", "--fix").code == 1


def test_a_bisect_ends_by_a_reset(ledger: Ledger) -> None:
    ledger.git("bisect", "start")
    assert [(each[0], each[3]) for each in wrong(ledger)] == [
        ("unfinished", "when the search is done: git bisect reset")
    ]


def test_a_detached_head_is_a_warning(ledger: Ledger) -> None:
    ledger.git("switch", "--quiet", "--detach")
    assert wrong(ledger) == [
        (
            "branch",
            "warning",
            "HEAD is detached; a commit made now would be lost",
            "git switch BRANCH (git branch lists them); what was committed here: git switch --create NAME keeps it",
        )
    ]


@pytest.mark.parametrize("key", ["pull.rebase", "branch.main.rebase"])
def test_a_pull_that_rebases_is_a_warning_and_merges_again(ledger: Ledger, key: str) -> None:
    ledger.git("config", key, "true")
    assert wrong(ledger) == [
        (
            "pull",
            "warning",
            f"git pull rebases ({key}): events of yours may then stand before those of others, which CI refuses",
            f"git config {key} false",
        )
    ]
    assert fixed(ledger) == "pull: git pull merges in this clone\n"
    assert ledger.git("config", key) == "false\n"


@pytest.mark.parametrize("name", ["index.lock", "HEAD.lock"])
def test_a_lock_that_was_left_behind_is_told_and_never_removed(ledger: Ledger, name: str) -> None:
    path = ledger.root / ".git" / name
    path.write_bytes(b"")
    assert words(ledger, "locks") == "git is writing just now"
    long_ago = datetime.fromisoformat(ledger.now) - timedelta(hours=2)
    os.utime(path, (long_ago.timestamp(), long_ago.timestamp()))
    assert wrong(ledger, "--fix") == [
        (
            "locks",
            "error",
            f"{name} is 2 h old; while it is there git writes nothing",
            f"see that no git is at work (ps -ef lists what runs; look for git), then remove {path}",
        )
    ]
    assert path.exists()


def test_a_shallow_clone_gets_its_history(ledger: Ledger) -> None:
    shallow = clone(ledger, "--depth=1")
    assert wrong(shallow) == [
        (
            "history",
            "warning",
            "this clone is shallow: it lacks the older commits, so cpl log can't tell who changed what",
            "git fetch --unshallow",
        )
    ]
    assert fixed(shallow) == "history: fetched the older commits\n"
    assert "received" in shallow.ok("log", ONE)


def test_a_shallow_clone_whose_remote_is_gone_stays_so(ledger: Ledger) -> None:
    shallow = clone(ledger, "--depth=1")
    shutil.rmtree(ledger.root.parent / "remote.git")
    outcome = shallow("doctor", "--fix")
    assert outcome.code == 0
    assert outcome.err.startswith("history: not done: `git fetch --quiet --unshallow` failed with code 128: ")


def lengthen(ledger: Ledger, commits: int) -> None:
    """Add so many commits that change nothing."""
    head = ledger.git("rev-parse", "HEAD").strip()
    who = "committer Li Na <li.na@example.org> 1763452800 +0800\ndata 0\n"
    text = "".join(
        f"commit refs/heads/main\n{who}{f'from {head}' if not number else ''}\n" for number in range(commits)
    )
    subprocess.run(["git", "fast-import", "--quiet"], cwd=ledger.root, input=text.encode(), check=True)
    ledger.git("push", "--quiet")


def test_a_long_history_gets_a_commit_graph(ledger: Ledger) -> None:
    lengthen(ledger, 10_000 - int(ledger.git("rev-list", "--count", "HEAD")))
    assert wrong(ledger) == []
    lengthen(ledger, 1)
    words = (
        "there are more than 10000 commits and no commit-graph that tells which of them changed a file, so cpl log "
        "and git log read them all"
    )
    command = "git commit-graph write --reachable --changed-paths"
    missing = [("commit-graph", "warning", words, command)]
    assert wrong(ledger) == missing
    ledger.git("commit-graph", "write", "--reachable")  # without the filters it is of little use
    assert wrong(ledger) == missing
    ledger.git("config", "core.commitGraph", "false")
    assert wrong(ledger) == []
    ledger.git("config", "--unset", "core.commitGraph")
    log = ledger.ok("log", ONE)
    assert fixed(ledger) == "commit-graph: wrote the commit-graph; git gc keeps it up to date\n"
    assert wrong(ledger) == []
    assert ledger.ok("log", ONE) == log
    ledger.git("gc", "--quiet")
    assert wrong(ledger) == []


def test_a_commit_graph_in_parts_is_seen(ledger: Ledger) -> None:
    ledger.git("commit-graph", "write", "--reachable", "--changed-paths", "--split")
    found = {each["name"]: each["found"] for each in findings(ledger)}
    assert found["commit-graph"] == "there is one that tells which commit changed which file"


def test_a_partial_clone_gets_every_version(ledger: Ledger) -> None:
    ledger.ok("note", ONE, "-m", "rang", "--at", "2026-11-18T16:00")
    ledger.git("push", "--quiet")
    part = clone(ledger, "--filter=blob:none")
    command = "git fetch --refetch --no-filter origin && git config --unset remote.origin.partialclonefilter"
    assert wrong(part) == [
        (
            "partial",
            "warning",
            "a partial clone (blob:none from origin): older versions are fetched one by one, which fails offline",
            command,
        )
    ]
    assert "?" in part.git("rev-list", "--objects", "--all", "--missing=print")
    assert fixed(part) == "partial: fetched every version of every file\n"
    shutil.rmtree(ledger.root.parent / "remote.git")
    assert "rang" in part.git("log", "-p")


def test_a_partial_clone_that_can_not_fetch_stays_known_as_one(ledger: Ledger) -> None:
    part = clone(ledger, "--filter=blob:none")
    shutil.rmtree(ledger.root.parent / "remote.git")
    outcome = part("doctor", "--fix")
    assert outcome.err.startswith("partial: not done: `git fetch --quiet --refetch --no-filter` failed with code 128: ")
    assert [each[0] for each in wrong(part)] == ["partial"]


def test_records_that_a_sparse_checkout_hides_are_an_error(ledger: Ledger) -> None:
    ledger.git("status")  # git leaves a file there that looks changed
    ledger.git("sparse-checkout", "set", "templates")
    assert wrong(ledger) == [
        (
            "sparse",
            "error",
            f"{RECORD}.md is kept out of the work tree, so cpl does not see it",
            "git sparse-checkout disable",
        )
    ]
    ledger.git("sparse-checkout", "disable")
    ledger.git("update-index", "--skip-worktree", f"{RECORD}.md")
    assert wrong(ledger)[0][3] == "git update-index --no-skip-worktree FILE"


def test_a_commit_of_the_future_casts_doubt_on_the_clock(ledger: Ledger) -> None:
    ledger.now = format_instant(datetime.fromisoformat(ledger.now) - timedelta(days=2, hours=1))
    ((name, state, found, remedy),) = wrong(ledger)
    assert (name, state) == ("clock", "warning")
    assert found.startswith("the newest commit lies 2 d ")
    assert remedy == (
        "set the clock; if it is right, the computer that made the commit was ahead: git log -1 --remotes HEAD"
    )
    ledger.git("checkout", "--quiet", "--orphan", "fresh")
    assert [each[0] for each in wrong(ledger)] == ["clock"]  # a remote branch has it, as last fetched


def test_what_no_remote_has_is_told(ledger: Ledger) -> None:
    ledger.ok("note", ONE, "-m", "rang", "--at", "2026-11-18T16:00")
    assert words(ledger, "remote") == "1 commit is on no remote branch yet"
    ledger.git("update-ref", "-d", "refs/remotes/origin/main")
    assert wrong(ledger) == [
        (
            "remote",
            "warning",
            "no branch of a remote is known: the records stand on this computer only",
            "git push --set-upstream REMOTE main (git remote lists them), or git fetch --all",
        )
    ]
    ledger.git("remote", "remove", "origin")
    assert wrong(ledger) == [
        (
            "remote",
            "warning",
            "there is no remote: the records stand on this computer only",
            "git remote add origin URL, then: git push --set-upstream origin main",
        )
    ]


# Files


def test_settings_that_deny_the_file_system_are_set_right(ledger: Ledger) -> None:
    ledger.git("config", "core.ignorecase", TRUE)
    ledger.git("config", "--add", "core.ignorecase", TRUE)
    ((name, state, _found, remedy),) = wrong(ledger)
    assert (name, state, remedy) == ("file-system", "warning", f"git config --local core.ignorecase {FALSE}")
    assert fixed(ledger) == f"file-system: set core.ignorecase={FALSE}\n"


@pytest.mark.skipif(sys.platform == "darwin", reason="there it does what it says")
def test_a_file_system_that_does_not_normalise_names_is_set_right(ledger: Ledger) -> None:
    ledger.git("config", "core.precomposeunicode", "yes")
    assert fixed(ledger) == "file-system: set core.precomposeunicode=false\n"


@pytest.mark.skipif(FOLDS_CASE, reason="they can't both be there")
def test_names_that_are_one_elsewhere_are_an_error_here_too(ledger: Ledger) -> None:
    blob = ledger.git("rev-parse", "HEAD:cpl.yaml").strip()
    for name in ("Door.jpg", "door.jpg", "ä.jpg", "a\u0308.jpg"):
        path = ledger.root / RECORD / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(CPL_YAML, encoding="utf-8")
        ledger.git("update-index", "--add", "--cacheinfo", f"100644,{blob},{RECORD}/{name}")
    remedy = "on a computer where both are there: git mv one of them to another name"
    end = "are one name on computers that fold case or normalise Unicode: only one can be there"
    assert wrong(ledger) == [
        ("names", "error", f"{RECORD}/Door.jpg, {RECORD}/door.jpg {end}", remedy),
        ("names", "error", f"{RECORD}/a\u0308.jpg, {RECORD}/ä.jpg {end}", remedy),
    ]


def test_names_of_any_kind_are_no_obstacle(ledger: Ledger) -> None:
    folder = ledger.root / RECORD
    folder.mkdir()
    for name in (b"line\nend.txt", b"\xff\x1b[31m.txt", "门 禁.txt".encode(), b"=1+1.txt"):
        Path(os.fsdecode(os.path.join(os.fsencode(folder), name))).write_bytes(b"x")  # noqa: PTH118 - bytes
    (ledger.root / ".gitattributes").write_text(f"{ATTRIBUTES}*.txt text\n", encoding="utf-8")
    ledger.commit()
    for fmt in FORMATS:
        outcome = ledger("doctor", "--format", fmt)
        assert (outcome.code, "\x1b" in outcome.out, "=1+1.txt" in outcome.out) == (1, False, True)


def test_kept_texts_are_told(ledger: Ledger) -> None:
    assert ledger("note", "nothing", "-m", "typed in vain").code == 2
    (path,) = (ledger.root / ".git/cpl/kept").iterdir()
    assert words(ledger, "kept") == f"1 text that could not be used is kept: {path}"
    newer = path.with_name("b.txt")
    newer.write_text("x", encoding="utf-8")
    os.utime(path, (1_000_000_000, 1_000_000_000))
    assert words(ledger, "kept") == f"2 texts that could not be used are kept; the newest: {newer}"


# Places


def test_before_the_first_commit_everything_is_looked_at(ledger: Ledger) -> None:
    ledger.git("update-ref", "-d", "HEAD")
    ledger.git("remote", "remove", "origin")
    assert [each[0] for each in wrong(ledger)] == ["remote"]
    assert words(ledger, "clock") == "there is no commit yet to compare with"
    ledger.git("remote", "add", "origin", "../remote.git")
    assert wrong(ledger) == []


def worktree(ledger: Ledger) -> Ledger:
    ledger.git("worktree", "add", "--quiet", "-b", "side", "../side", "origin/main")
    return at_work(ledger.root.parent / "side")


def submodule(ledger: Ledger) -> Ledger:
    top = ledger.root.parent / "top"
    ledger.git("init", "--quiet", str(top))
    allowed = ("-c", "protocol.file.allow=always")
    url = str(ledger.root.parent / "remote.git")
    ledger.git("-C", str(top), *allowed, "submodule", "--quiet", "add", url, "estate")
    return settle(at_work(top / "estate"))


def subfolder(ledger: Ledger) -> Ledger:
    inner = ledger.root / "branch office"
    inner.mkdir()
    shutil.rmtree(ledger.root / ".git/hooks")  # they check the store that was here
    ledger.git("mv", "cpl.yaml", ".gitattributes", "records", "branch office")
    ledger.commit()
    ledger.git("push", "--quiet")
    return settle(at_work(inner))


@pytest.mark.parametrize("place", [worktree, submodule, subfolder])
def test_every_place_of_a_store_is_looked_at_and_mended(ledger: Ledger, place: Callable[[Ledger], Ledger]) -> None:
    there = place(ledger)
    assert wrong(there) == []
    (there.root / ".gitattributes").write_text("records/** text\n", encoding="utf-8")
    there.commit()
    assert [each[0] for each in wrong(there)] == ["attributes"]
    fixed(there)
    assert (there.root / ".gitattributes").read_text(encoding="utf-8") == f"records/** text\n{ATTRIBUTES}"


def test_a_check_that_can_not_be_asked_says_so_and_the_others_go_on(ledger: Ledger) -> None:
    shutil.rmtree(ledger.root / ".git/cpl")
    (ledger.root / ".git/cpl").write_text("in the way", encoding="utf-8")
    outcome = ledger("doctor", "--format", "json")
    found = [each for each in json.loads(outcome.out) if each["state"] != "ok"]
    assert [(each["name"], each["found"].partition(": ")[0]) for each in found] == [
        ("file-system", "could not be asked")
    ]
    assert (outcome.code, outcome.err, len(json.loads(outcome.out))) == (1, "", len(health.CHECKS))


def test_with_a_damaged_index_what_does_not_need_it_is_told(ledger: Ledger) -> None:
    (ledger.root / ".git/index").write_bytes(b"DIRC damaged")
    found = findings(ledger)
    assert {each["name"] for each in found if each["found"].startswith("could not be asked: `git ")} == {
        "attributes",
        "merge-driver",
        "interrupted",
        "conflicts",
        "sparse",
        "names",
    }
    assert {each["state"] for each in found if not each["found"].startswith("could not be asked")} == {"ok"}


def test_outside_a_repository_and_outside_a_store_it_can_not_look(ledger: Ledger, tmp_path: Path) -> None:
    outcome = Ledger(tmp_path)("doctor")
    assert (outcome.code, outcome.err.partition(";")[0]) == (
        2,
        f"{tmp_path} is not in a complaint store (no cpl.yaml here or above)",
    )
    shutil.rmtree(ledger.root / ".git")
    outcome = ledger("doctor")
    words = f"{ledger.root} is not in a git repository; run: git init, then: cpl init\n"
    assert outcome == (2, "", words)


def test_where_git_itself_refuses_its_words_are_shown(ledger: Ledger) -> None:
    ledger.git("config", "core.ignorecase", "maybe")
    outcome = ledger("doctor", "--fix")
    assert (outcome.code, outcome.out) == (2, "")
    assert "bad boolean config value 'maybe' for 'core.ignorecase'" in outcome.err


def test_settings_that_change_what_git_prints_change_nothing(ledger: Ledger) -> None:
    for key, value in {
        "core.autocrlf": "true",
        "core.quotePath": "true",
        "core.safecrlf": "true",
        "log.showSignature": "true",
        "log.date": "relative",
        "status.relativePaths": "false",
        "color.ui": "always",
        "remote.x y.z.partialclonefilter": "",
    }.items():
        ledger.git("config", key, value)
    assert wrong(ledger) == []


def test_on_a_narrow_terminal_the_remedies_stand_below_in_full(ledger: Ledger) -> None:
    ledger.git("switch", "--quiet", "--detach")
    with Terminal(ledger, "doctor", columns=60) as terminal:
        code, shown = terminal.finish()
    table, _gap, below = shown.partition("\n\n")
    assert (code, max(map(len, table.splitlines()))) == (0, 60)
    assert below == (
        "branch: HEAD is detached; a commit made now would be lost\n"
        "  git switch BRANCH (git branch lists them); what was committed here: git switch --create NAME keeps it\n"
        "0 errors, 1 warning\n"
    )


def test_the_real_clock_is_asked(ledger: Ledger) -> None:
    outcome = run_process(ledger, "doctor", "--format", "jsonl")
    assert (outcome.code, outcome.err) == (0, "")
    assert {json.loads(line)["state"] for line in outcome.out.splitlines()} == {"ok"}
