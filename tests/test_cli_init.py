"""init: a store in a new or an existing repository."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from cpl.cli.app import App
from cpl.cli.init import profiles
from tests.ledger import ROOT, Ledger
from tests.processes import run_process

MADE = """\
made git repository
made cpl.yaml
made templates/profiles/residential.yaml
made templates/profiles/common.yaml
made records/.gitkeep
made .gitattributes
made merge driver in git's settings of this clone
hook pre-commit: installed
hook pre-merge-commit: installed
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home whose git knows Li Na."""
    folder = tmp_path / "home"
    folder.mkdir()
    (folder / ".gitconfig").write_text("[user]\nname = 李 娜\nemail = Li.Na@example.org\n", encoding="utf-8")
    monkeypatch.setenv("HOME", str(folder))
    return folder


def git(folder: Path, *args: str) -> str:
    return subprocess.run(["git", *args], cwd=folder, check=True, capture_output=True, text=True).stdout


@pytest.mark.usefixtures("home")
def test_a_store_is_made_with_all_it_needs(tmp_path: Path) -> None:
    root = tmp_path / "锦绣 花园"
    outcome = Ledger(tmp_path)("init", str(root))
    assert outcome == (0, f"{MADE}the complaint store is {root}; next: cpl open\n", "")
    assert (root / "cpl.yaml").read_text(encoding="utf-8") == (
        "format: 1\nname: 锦绣 花园\ntimezone: Asia/Shanghai\nlanguage: en\nprofile: residential\npeople:\n"
        "- {id: li.na, name: 李 娜, emails: [Li.Na@example.org], "
        "roles: [desk, steward, supervisor, manager, project-manager, management, office, department-manager, "
        "director, operations, engineering-supervisor, security-supervisor, environment-supervisor, control-room, "
        "patrol, crew, engineer, guard, finance, contractor, quality]}\n"
    )
    for profile in ("templates/profiles/residential.yaml", "templates/profiles/common.yaml"):
        assert (root / profile).read_bytes() == (ROOT / profile).read_bytes()
    assert (root / ".gitattributes").read_text(encoding="utf-8").splitlines()[1:] == [
        "records/** -text",
        "records/**/*.md -text merge=cpl",
        "records/registers/*.yaml -text merge=cpl",
    ]
    assert git(root, "status", "--porcelain") == ""
    assert git(root, "log", "--format=%B").strip() == "Start a complaint store\n\nAction: init"
    ledger = Ledger(root)
    assert ledger("check") == (0, "", "0 records: no problems\n")
    assert ledger.open("first") in ledger.ok("list")


@pytest.mark.usefixtures("home")
def test_every_option_is_in_the_settings(tmp_path: Path) -> None:
    root = tmp_path / "new"
    args = ["--name", "Seeblick: #2", "--timezone", "Europe/Berlin", "--language", "zh", "--profile", "residential"]
    assert Ledger(tmp_path)("init", str(root), *args).code == 0
    text = (root / "cpl.yaml").read_text(encoding="utf-8")
    assert text.startswith("format: 1\nname: 'Seeblick: #2'\ntimezone: Europe/Berlin\nlanguage: zh\n")
    assert Ledger(root)("check").code == 0


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize(
    ("before", "env", "after", "stated", "said"),
    [
        ([], {"CPL_LANG": ""}, ["--language", "zh"], "zh", "投诉库在"),
        (["--lang", "zh"], {"CPL_LANG": ""}, [], "zh", "投诉库在"),
        ([], {"CPL_LANG": "", "LANG": "zh_CN.UTF-8"}, [], "zh", "投诉库在"),
        ([], {"CPL_LANG": "en"}, ["--language", "zh"], "zh", "the complaint store is"),
        (["--lang", "en"], {"CPL_LANG": ""}, ["--language", "zh"], "zh", "the complaint store is"),
        (["--lang", "zh"], {"CPL_LANG": ""}, ["--language", "en"], "en", "投诉库在"),
    ],
)
def test_init_speaks_the_language_of_the_store_that_it_makes_unless_told_otherwise(
    tmp_path: Path, before: list[str], env: dict[str, str], after: list[str], stated: str, said: str
) -> None:
    ledger = Ledger(tmp_path, env=env)
    out = ledger.ok(*before, "init", str(tmp_path / "new"), "--no-hooks", *after)
    assert f"language: {stated}\n" in (tmp_path / "new" / "cpl.yaml").read_text(encoding="utf-8")
    assert said in out


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize(
    ("ci", "path", "source"),
    [("github", ".github/workflows/cpl.yml", "github.yml"), ("gitlab", ".gitlab-ci.yml", "gitlab.yml")],
)
def test_files_for_ci_are_the_shipped_ones(tmp_path: Path, ci: str, path: str, source: str) -> None:
    assert Ledger(tmp_path)("init", str(tmp_path / "new"), "--ci", ci).code == 0
    assert (tmp_path / "new" / path).read_bytes() == (ROOT / "templates" / "ci" / source).read_bytes()


def test_the_profiles_are_listed_with_their_labels(tmp_path: Path) -> None:
    assert Ledger(tmp_path)("init", "--profiles") == (
        0,
        "profile       English             Chinese\n"
        "------------  ------------------  ----------\n"
        "clubhouse     club house          康体会所\n"
        "community     housing community   居民社区\n"
        "mall          shopping centre     购物中心\n"
        "office-tower  office tower        写字楼\n"
        "residential   residential estate  住宅小区\n"
        "service-desk  service desk        客户服务台\n",
        "",
    )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize("name", list(profiles()))
def test_settings_of_a_new_store_are_short_whatever_the_profile(tmp_path: Path, name: str) -> None:
    ledger = Ledger(tmp_path)
    ledger.ok("init", "--profile", name, "--name", "锦绣花园", "--language", "zh", "--no-hooks")
    assert len((tmp_path / "cpl.yaml").read_text(encoding="utf-8").splitlines()) < 20
    assert ledger("check") == (0, "", "0 records: no problems\n")
    assert ledger("config", "check") == (0, "", "the settings: no problems\n")


@pytest.mark.usefixtures("home")
def test_a_second_run_changes_nothing(tmp_path: Path) -> None:
    root = tmp_path / "new"
    ledger = Ledger(tmp_path)
    ledger.ok("init", str(root))
    (root / "cpl.yaml").write_text((root / "cpl.yaml").read_text(encoding="utf-8") + "x-own: 1\n", encoding="utf-8")
    assert ledger("init", str(root)) == (0, f"nothing to do: {root} is a complaint store already\n", "")
    assert git(root, "status", "--porcelain") == " M cpl.yaml\n"
    (root / ".gitattributes").unlink()
    git(root, "commit", "--quiet", "--all", "-m", "x")
    assert ledger.ok("init", str(root)) == (f"made .gitattributes\nthe complaint store is {root}; next: cpl open\n")


def test_an_existing_repository_keeps_what_it_has(repo: Path) -> None:
    (repo / ".gitattributes").write_text("*.png binary\n", encoding="utf-8")
    (repo / "mine.txt").write_text("mine", encoding="utf-8")
    git(repo, "add", "mine.txt")
    outcome = Ledger(repo)("init")
    assert (outcome.code, outcome.out.splitlines()[0]) == (0, "made cpl.yaml")
    assert outcome.err == (
        "please add to .gitattributes, so that git neither converts line ends nor merges records as text:\n"
        "  records/** -text\n"
        "  records/**/*.md -text merge=cpl\n"
    )
    assert git(repo, "status", "--porcelain") == "A  mine.txt\n?? .gitattributes\n"


@pytest.mark.usefixtures("home")
def test_a_store_of_before_the_merge_driver_is_told_the_line_that_it_lacks(tmp_path: Path) -> None:
    root = tmp_path / "new"
    Ledger(tmp_path).ok("init", str(root))
    (root / ".gitattributes").write_text("records/** -text\n", encoding="utf-8")
    git(root, "config", "--remove-section", "merge.cpl")
    outcome = Ledger(root)("init")
    assert outcome == (
        0,
        f"made merge driver in git's settings of this clone\nthe complaint store is {root}; next: cpl open\n",
        "please add to .gitattributes, so that git neither converts line ends nor merges records as text:\n"
        "  records/**/*.md -text merge=cpl\n",
    )


def test_a_store_may_be_a_subfolder_of_a_repository(repo: Path) -> None:
    ledger = Ledger(repo / "estate")
    assert Ledger(repo)("init", str(repo / "estate")).code == 0
    one = ledger.open("x")
    assert git(repo, "show", "--name-only", "--format=") == f"estate/records/2026/11/18/{one}.md\n"
    assert ledger("transition", one, "resolving").code == 0
    assert git(repo, "status", "--porcelain") == ""


@pytest.mark.usefixtures("home")
def test_with_c_the_folder_counts_from_there(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    outcome = run_process(Ledger(tmp_path), "-C", "a", "init", "b", "--timezone", "UTC")
    assert (outcome.code, (tmp_path / "a/b/cpl.yaml").exists()) == (0, True)


@pytest.mark.usefixtures("home")
def test_a_store_inside_a_store_is_refused(ledger: Ledger) -> None:
    inside = ledger.root / "records" / "more"
    assert ledger("init", str(inside)) == (
        2,
        "",
        f"{inside} is inside the store {ledger.root}; work there, or choose a folder outside it\n",
    )
    assert not inside.exists()


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize(
    ("args", "error"),
    [
        (
            ["--profile", "residental"],
            "Error: Invalid value for --profile: there is no profile 'residental'; did you mean 'residential'?\n",
        ),
        (
            ["--profile", "common"],
            "Error: Invalid value for --profile: 'common' is only what others extend; choose one of: "
            "clubhouse, community, mall, office-tower, residential, service-desk\n",
        ),
        (
            ["--timezone", "Asia/Beijing"],
            "Error: Invalid value for --timezone: 'Asia/Beijing' is not a time zone; write one such as Asia/Shanghai\n",
        ),
        (
            ["--timezone", "/etc/passwd"],
            "Error: Invalid value for --timezone: '/etc/passwd' is not a time zone; write one such as Asia/Shanghai\n",
        ),
        (["--language", "fr"], "Error: Invalid value for '--language': 'fr' is not one of 'en', 'zh'.\n"),
        (["--ci", "x"], "Error: Invalid value for '--ci': 'x' is not one of 'github', 'gitlab', 'none'.\n"),
    ],
)
def test_a_wrong_option_makes_nothing(tmp_path: Path, args: list[str], error: str) -> None:
    outcome = Ledger(tmp_path)("init", str(tmp_path / "new"), *args)
    assert (outcome.code, outcome.err.rpartition("\n\n")[2], (tmp_path / "new").exists()) == (2, error, False)


def test_without_an_identity_nothing_is_made(tmp_path: Path) -> None:
    outcome = Ledger(tmp_path)("init", str(tmp_path / "deep" / "new"))
    assert outcome == (
        2,
        "",
        "git does not know who you are; run: git config --global user.name NAME; the same for user.email\n",
    )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("home")
def test_a_folder_that_can_not_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    outcome = Ledger(tmp_path)("init", str(tmp_path / "file" / "new"))
    assert outcome == (
        2,
        "",
        f"{tmp_path}/file/new can't be written: part of its path is a file, not a folder; move that file away\n",
    )


@pytest.mark.usefixtures("home")
def test_a_refusing_hook_leaves_no_half_store(repo: Path) -> None:
    hook = repo / ".git/hooks/pre-commit"
    hook.write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
    hook.chmod(0o755)
    outcome = Ledger(repo)("init")
    assert (outcome.code, sorted(path.name for path in repo.iterdir())) == (2, [".git"])


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize(
    ("email", "expected"),
    [
        ("li.na@example.org", "li.na"),
        ("LI+desk@example.org", "li-desk"),
        ("李娜@example.org", "desk"),
        ("...@example.org", "desk"),
        ("123@example.org", "123"),
    ],
)
def test_the_first_person_is_named_by_the_address(home: Path, tmp_path: Path, email: str, expected: str) -> None:
    (home / ".gitconfig").write_text(f"[user]\nname = X: #1\nemail = {email}\n", encoding="utf-8")
    root = tmp_path / "new"
    Ledger(tmp_path).ok("init", str(root))
    ledger = Ledger(root)
    assert ledger.ok("show", ledger.open("x"), "--format", "json").count(f'"lead": "{expected}"') == 1


def test_git_settings_may_come_from_the_environment_of_the_run(tmp_path: Path) -> None:
    env = {f"GIT_{role}_{what}": "li.na@example.org" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    from cpl.cli import run

    assert run(["init", str(tmp_path / "new")], App(git_env=env)) == 0
    assert git(tmp_path / "new", "log", "--format=%ae").strip() == "li.na@example.org"
