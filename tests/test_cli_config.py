"""`cpl config`: what counts and where it comes from, what is wrong with it, and a newer profile taken over."""

from __future__ import annotations

import json
import shutil

import pytest

from cpl.config import load
from tests.ledger import COMMON, CPL_YAML, RESIDENTIAL, Ledger, settings

OWN = "clocks: {respond: {targets: {all: {within: 12h}}}}\n"


def own(ledger: Ledger, more: str = "") -> None:
    (ledger.root / "cpl.yaml").write_text(CPL_YAML + more, encoding="utf-8")


def copied(ledger: Ledger, *, old: str = "", new: str = "") -> None:
    """The store gets copies as `init` makes them; in that of the profile `old` stands for `new`."""
    folder = ledger.root / "templates" / "profiles"
    folder.mkdir(parents=True)
    shutil.copy(COMMON, folder)
    text = RESIDENTIAL.read_text(encoding="utf-8")
    assert new in text
    (folder / "residential.yaml").write_text(text.replace(new, old), encoding="utf-8")
    ledger.commit("copies")


def line(text: str, path: str) -> int:
    """The line of the shipped file in which the text stands first."""
    lines = (COMMON if path == "common" else RESIDENTIAL).read_text(encoding="utf-8").splitlines()
    return 1 + next(number for number, each in enumerate(lines) if text in each)


def test_show_prints_what_counts_with_its_place(ledger: Ledger) -> None:
    own(ledger, OWN)
    first = "templates/profiles/residential.yaml"
    start = line("  respond:", "residential")
    assert ledger("config", "show", "--origin", "clocks.respond") == (
        0,
        "respond:\n"
        f"  label:\n    zh: 首次回应  # {first}:{start + 1}\n"
        f"  starts: [to:received, reopen]  # {first}:{start + 2}\n"
        f"  stops: [did:contact]  # {first}:{start + 3}\n"
        "  targets:\n    all:\n"
        "      within: 12h  # cpl.yaml:10\n"
        f"      clause: FC-1  # {first}:{start + 5}\n",
        "",
    )
    assert ledger.ok("config", "show", "clocks.respond.targets.all.within") == "within: 12h\n"
    assert ledger.ok("config", "show", "--origin", "kinds.complaint.label") == (
        f"label:\n  zh: 投诉  # templates/profiles/common.yaml:{line('  complaint:', 'common')}\n"
    )
    assert ledger.ok("config", "show", "people", "--origin").splitlines()[:2] == [
        "people:",
        f"{CPL_YAML.splitlines()[6]}  # cpl.yaml:7",
    ]


def test_show_lists_as_other_commands_do(ledger: Ledger) -> None:
    row = {"key": "summary.single-out.severity", "value": "major"}
    assert json.loads(ledger.ok("config", "show", "summary.single-out", "--format", "json")) == [row]
    place = f"templates/profiles/residential.yaml:{line('summary:', 'residential')}"
    shown = ledger.ok("config", "show", "summary.single-out", "--origin", "--format", "json")
    assert json.loads(shown) == [{**row, "origin": place}]
    assert ledger.ok("config", "show", "timezone", "--format", "csv") == "key,value\r\ntimezone,Asia/Shanghai\r\n"


def test_what_show_prints_is_what_counts(ledger: Ledger) -> None:
    """The whole of it, as one file, is read as the same profile."""
    own(ledger, OWN + "states: {handling: {was: [resolving]}}\nrules: {declining: {off: true}}\n")
    text = ledger.ok("config", "show")
    head, people, rest = text.partition("people:\n")
    profile = "label:" + rest.partition("\nlabel:")[2] if "\nlabel:" in rest else rest
    profile = "".join(each + "\n" for each in rest.splitlines() if not each.startswith("- {id:"))
    again = settings(f"{head}profile: p\n".replace("profile: residential\n", ""), profile=profile).profile
    known = load(lambda path: (ledger.root / path).read_bytes() if path == "cpl.yaml" else _shipped(path)).profile
    assert again.states.keys() == known.states.keys()
    assert again.rules == known.rules
    assert [clock.starts for clock in again.clocks.values()] == [clock.starts for clock in known.clocks.values()]
    assert "handling" in again.states
    assert people


def _shipped(path: str) -> bytes | None:
    full = RESIDENTIAL.parent.parent.parent / path
    return full.read_bytes() if full.exists() else None


def test_setting_that_there_is_not_is_refused(ledger: Ledger) -> None:
    outcome = ledger("config", "show", "clcoks")
    assert (outcome.code, outcome.err.rpartition("Error: ")[2]) == (
        2,
        "Invalid value for KEY: there is no setting 'clcoks'; did you mean 'clocks'?\n",
    )


def test_check_names_what_is_wrong_by_line_and_remedy(ledger: Ledger) -> None:
    copied(ledger)
    assert ledger("config", "check") == (0, "", "the settings: no problems\n")
    own(ledger, "rules: {declinig: {off: true}}\nclocks: {hand-over: {off: true}}\n")
    assert ledger("config", "check") == (
        0,
        "cpl.yaml:10: W073 'rules.declinig' is taken away, but it is not there; did you mean 'declining'?\n",
        "",
    )
    own(ledger, "summary: {timely: rezolve}\n")
    assert ledger("config", "check") == (
        1,
        "cpl.yaml:10: E071 'rezolve' is not defined; did you mean 'resolve'?\n",
        "",
    )
    assert json.loads(ledger("config", "check", "--format", "json").out)[0]["code"] == "E071"


@pytest.mark.parametrize("name", ["common.yaml", "residential.yaml"])
def test_check_warns_of_copies_that_differ(ledger: Ledger, name: str) -> None:
    copied(ledger)
    path = ledger.root / "templates" / "profiles" / name
    path.write_text(path.read_text(encoding="utf-8") + "# ours\n", encoding="utf-8")
    assert ledger("config", "check") == (
        0,
        f"templates/profiles/{name}:1: W074 differs from the one that this cpl brings along; what that would change: "
        "cpl config upgrade\n",
        "",
    )
    path.unlink()
    assert ledger.ok("config", "check") == (
        f"templates/profiles/{name}:1: W074 the store has no copy, so another cpl may have other rules; run: "
        "cpl config upgrade --apply\n"
    )


def test_upgrade_shows_what_changes_and_what_of_the_store_it_touches(ledger: Ledger) -> None:
    copied(ledger, old="within: 30h, clause: FC-1", new="within: 24h, clause: FC-1")
    own(ledger, OWN)
    ledger.commit("own")
    number = line("within: 24h, clause: FC-1", "residential")
    before = RESIDENTIAL.read_text(encoding="utf-8").splitlines()[number - 4 : number + 3]
    path = "templates/profiles/residential.yaml"
    diff = [f"--- a/{path}", f"+++ b/{path}", f"@@ -{number - 3},7 +{number - 3},7 @@"]
    diff += [f" {each}" for each in before[:3]]
    diff += [f"-{before[3].replace('24h', '30h')}", f"+{before[3]}"]
    diff += [f" {each}" for each in before[4:]]
    told = (
        "cpl.yaml:10: clocks.respond.targets.all.within is 12h here, whatever the profile says; "
        "there it was 30h, and is 24h\n"
    )
    assert ledger("config", "upgrade") == (
        0,
        "".join(f"{each}\n" for each in diff),
        told + "nothing was written; to take it over: cpl config upgrade --apply\n",
    )
    assert ledger("config", "upgrade", "--apply") == (0, f"written: {path}\n", told)
    assert (ledger.root / path).read_bytes() == RESIDENTIAL.read_bytes()
    assert ledger.git("log", "-1", "--format=%B").strip() == (
        "Profile as this cpl brings it along: residential.yaml\n\nAction: config"
    )
    assert ledger.git("status", "--porcelain") == ""
    assert ledger("config", "upgrade") == (
        0,
        "",
        "nothing to do: the store's copies are those that this cpl brings along\n",
    )


def test_upgrade_of_a_store_without_copies_makes_them(ledger: Ledger) -> None:
    assert ledger.ok("config", "upgrade", "--apply") == (
        "written: templates/profiles/residential.yaml\nwritten: templates/profiles/common.yaml\n"
    )
    assert ledger("config", "check") == (0, "", "the settings: no problems\n")


def test_upgrade_of_a_profile_from_before_it_was_divided_brings_what_it_extends(ledger: Ledger) -> None:
    folder = ledger.root / "templates" / "profiles"
    folder.mkdir(parents=True)
    whole = ledger.ok("config", "show").partition("people:\n")[2]
    text = "".join(f"{each}\n" for each in whole.splitlines() if not each.startswith("- {id:"))
    (folder / "residential.yaml").write_text(text, encoding="utf-8")
    ledger.commit("as it was")
    assert ledger.ok("config", "upgrade", "--apply").splitlines() == [
        "written: templates/profiles/residential.yaml",
        "written: templates/profiles/common.yaml",
    ]
    assert ledger("check").code == 0


def test_upgrade_that_would_break_the_settings_is_refused(ledger: Ledger) -> None:
    spare = "clocks:\n  spare: {starts: [reopen], stops: [did:contact], targets: {}}\n"
    copied(ledger, old=f"{spare}  respond:", new="clocks:\n  respond:")
    own(ledger, "summary: {medians: [spare]}\n")
    ledger.commit("own")
    outcome = ledger("config", "upgrade", "--apply")
    assert (outcome.code, outcome.out) == (2, "")
    assert "cpl.yaml:10: E071 'spare' is not defined" in outcome.err
    assert "spare" in (ledger.root / "templates/profiles/residential.yaml").read_text(encoding="utf-8")


def test_upgrade_leaves_uncommitted_changes_alone(ledger: Ledger) -> None:
    copied(ledger)
    path = ledger.root / "templates/profiles/residential.yaml"
    path.write_text(path.read_text(encoding="utf-8") + "# ours\n", encoding="utf-8")
    outcome = ledger("config", "upgrade", "--apply")
    assert (outcome.code, outcome.err.splitlines()[-1].partition(";")[0]) == (
        2,
        "templates/profiles/residential.yaml has changes that are not committed",
    )
    assert path.read_text(encoding="utf-8").endswith("# ours\n")


def test_names_that_come_from_a_clause_say_it(ledger: Ledger) -> None:
    lacking = set()
    for section in ("kinds", "categories", "channels", "sizes", "roles", "natures", "severities", "routing", "shares"):
        rows = json.loads(ledger.ok("config", "show", section, "--format", "json"))
        names = {row["key"].removeprefix(f"{section}.").partition(".")[0] for row in rows}
        told = {row["key"].split(".")[1] for row in rows if row["key"].endswith(".clause")}
        lacking |= {f"{section}.{name}" for name in names - told}
    assert lacking == {"channels.other", "roles.engineer", "roles.guard"}
