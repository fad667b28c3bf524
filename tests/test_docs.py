"""The pages tell the truth: README replayed, the command list, the shipped files."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from cpl.cli import COMMANDS, cli
from tests import readme
from tests.ledger import CPL_YAML, Ledger

ROOT = Path(__file__).parent.parent
MOST_COMMANDS = 25  # of a walk, so that it takes a few seconds


def test_readme_shows_what_the_commands_print(tmp_path: Path) -> None:
    page = readme.PAGE.read_text(encoding="utf-8")
    assert readme.replayed(page, tmp_path) == page, "run: python -m tests.readme"


@pytest.mark.parametrize("path", readme.WALKS, ids=lambda path: path.stem)
def test_walk_shows_what_the_commands_print(tmp_path: Path, path: Path) -> None:
    page = path.read_text(encoding="utf-8")
    assert len(readme.COMMAND.findall(page)) <= MOST_COMMANDS
    assert readme.replayed(page, tmp_path) == page, f"run: python -m tests.readme docs/walks/{path.name}"


def test_readme_lists_every_command_in_order() -> None:
    page = readme.PAGE.read_text(encoding="utf-8")
    assert re.findall(r"^\| `([\w-]+)` \|", page, re.MULTILINE) == list(COMMANDS)


def test_settings_shown_in_the_pages_are_right(ledger: Ledger) -> None:
    page = (ROOT / "docs" / "profile.md").read_text(encoding="utf-8")
    whole, *parts = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    for settings in (whole, *(CPL_YAML + part for part in parts)):
        (ledger.root / "cpl.yaml").write_text(settings, encoding="utf-8")
        outcome = ledger("check")
        assert (outcome.code, outcome.out) == (0, "")


def test_every_link_of_the_pages_leads_somewhere() -> None:
    for page in [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]:
        for link in re.findall(r"\]\((?!https?:)([^)#]+)\)", page.read_text(encoding="utf-8")):
            assert (page.parent / link).exists(), f"{page.name}: {link}"


@pytest.mark.parametrize("name", list(COMMANDS))
def test_every_command_has_help_with_an_example(name: str) -> None:
    result = CliRunner().invoke(cli, [name, "--help"], prog_name="cpl")
    assert result.exit_code == 0
    assert result.output.startswith(f"Usage: cpl {name} ")
    assert f"  cpl {name}" in result.output.partition("\n")[2]


def test_options_of_the_readme_exist() -> None:
    """Every `--option` that README names belongs to some command."""
    page = readme.PAGE.read_text(encoding="utf-8").partition("## A tour")[2]
    named = set(re.findall(r"(?<![\w-])--[a-z][\w-]+", page))
    helps = "".join(CliRunner().invoke(cli, [*name, "--help"]).output for name in ([], *([each] for each in COMMANDS)))
    git_options = {"--oneline", "--max-count", "--quiet"}
    assert {option for option in named - git_options if option not in helps} == set()


@pytest.mark.parametrize(
    ("shipped", "used"), [("github.yml", ".github/workflows/cpl.yml"), ("gitlab.yml", ".gitlab-ci.yml")]
)
def test_this_repository_uses_the_ci_files_that_it_ships(shipped: str, used: str) -> None:
    assert (ROOT / "templates" / "ci" / shipped).read_bytes() == (ROOT / used).read_bytes()


def test_this_repository_is_a_store_without_problems() -> None:
    outcome = Ledger(ROOT, now="2026-11-23T08:00:00+08:00")("check", "records")
    assert (outcome.code, outcome.out) == (0, "")
