"""playbook: list, show, suggest, apply and new, through the command line."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.ledger import CPL_YAML, Ledger
from tests.playbooks import NAME, RATS, add_playbook
from tests.processes import Terminal
from tests.test_cli_task import shown


@pytest.fixture(scope="module")
def read_only(pristine_with_one: Path, tmp_path_factory: pytest.TempPathFactory) -> Ledger:
    """A store with the complaint ONE and the playbook, for tests that change nothing."""
    root = tmp_path_factory.mktemp("playbooks") / "estate"
    shutil.copytree(pristine_with_one, root, symlinks=True)
    ledger = Ledger(root)
    add_playbook(ledger)
    return ledger


@pytest.fixture
def rats(ledger: Ledger) -> str:
    """A complaint about rats, in a store with the playbook."""
    add_playbook(ledger)
    return ledger.open("Rats behind the bins", "--category", "environment/pests")


def own(text: str) -> list[dict[str, Any]]:
    return [row for row in json.loads(text) if row.get("name") == NAME]


def test_list_has_the_stores_own_and_those_shipped(read_only: Ledger) -> None:
    listed = read_only.ok("playbook", "list", "--format", "json")
    assert own(listed) == [{"name": NAME, "label": "Rats found", "clause": "X-1", "steps": 7, "from": "the store"}]


def test_a_playbook_for_another_profile_is_listed_only_when_asked_for(ledger: Ledger) -> None:
    add_playbook(ledger, text=RATS + "profiles: [mall]\n")
    identifier = ledger.open("Rats behind the bins", "--category", "environment/pests")
    assert own(ledger.ok("playbook", "list", "--format", "json")) == []
    assert len(own(ledger.ok("playbook", "list", "--all", "--format", "json"))) == 1
    assert ledger("playbook", "suggest", identifier) == (0, "", f"no playbook fits {identifier}\n")


@pytest.mark.clause("CL-2")
@pytest.mark.clause("CL-4")
def test_show_prints_all_that_a_playbook_holds_and_first_what_to_avoid(read_only: Ledger) -> None:
    assert read_only.ok("playbook", "show", NAME) == (
        """\
rats-found  Rats found (X-1)

AVOID: do not promise or mention
  ! Do not promise that none will come back.

What the complainant expects
  - That they are gone by the evening.

Steps
  1. arrive (guard, within 10m): Look at the place
  2. apologise (desk, within same-day): Ring up and apologise
  3. call-in-the-morning (desk, within 1d, at 08:30): Ask whether they came back
  4. promise-of-a-date (manager, within 3bd): Say when the vendor comes
  5. check-the-baits (engineer, every 1d): Check the baits
  6. announce (desk, 1d ahead of the date): Put up the notice
  7. warn (10m ahead of the date): Ring the bell at each door

Facts to collect
  [ ] where droppings lie

Papers
  [ ] the vendor's licence

Notice
  | Dear residents,
    baits are laid on [date].

Say, in outline
  - We look at it today.

Risks
  - A child eats the bait.

To improve, internal
  - A contract with a vendor.

Conduct
  - be patient, let them finish, show that you care; weigh your words, and never quarrel
  - give way where that is reasonable; hand over upwards what you may not decide
  - promise only what will be kept, and write it down: cpl task ID add TEXT --kind promise --due INSTANT
"""
    )


def test_show_as_markdown(read_only: Ledger) -> None:
    text = read_only.ok("playbook", "show", NAME, "--format", "markdown")
    assert text.startswith(
        "# rats-found  Rats found (X-1)\n\n## AVOID: do not promise or mention\n\n"
        "- **Do not promise that none will come back.**\n\n## What"
    )
    assert "\n1. arrive (guard, within 10m): Look at the place\n" in text
    assert "\n- [ ] the vendor's licence\n" in text


def test_an_unknown_playbook_is_answered_with_the_one_that_was_meant(read_only: Ledger) -> None:
    said = "there is no playbook 'rats-fund'; did you mean 'rats-found'?\n"
    assert read_only("playbook", "show", "rats-fund") == (2, "", said)
    assert read_only("playbook", "show", "../cpl").code == 2


@pytest.mark.clause("CL-3")
def test_open_proposes_the_playbook_that_fits(ledger: Ledger) -> None:
    add_playbook(ledger)
    outcome = ledger("open", "-t", "Rats behind the bins", "--category", "environment/pests")
    piece = outcome.out[13:20]
    assert outcome.err.splitlines()[-1] == f"playbook: {NAME}  (cpl playbook apply {piece} {NAME})"
    rows = json.loads(ledger.ok("playbook", "suggest", piece, "--format", "json"))
    assert rows[0] == {"name": NAME, "label": "Rats found", "category": "environment/pests", "words": ["rats"]}


def test_open_names_several_that_fit_as_well(ledger: Ledger) -> None:
    add_playbook(ledger)
    add_playbook(ledger, "rats-again")
    outcome = ledger("open", "-t", "Droppings", "--category", "environment/pests")
    piece = outcome.out[13:20]
    assert outcome.err.splitlines()[-1] == f"playbooks: rats-again, {NAME}  (cpl playbook suggest {piece})"


def test_words_of_the_description_count_where_there_is_no_category(ledger: Ledger) -> None:
    add_playbook(ledger)
    first = ledger.open("垃圾房", "-d", "昨晚有老鼠")
    second = ledger.open("Grate over the drain", "-d", "it rattles")
    assert [row["words"] for row in own(ledger.ok("playbook", "suggest", first, "--format", "json"))] == [["老鼠"]]
    assert own(ledger.ok("playbook", "suggest", second, "--format", "json")) == []


@pytest.mark.clause("CL-3")
def test_applied_its_steps_are_tasks_with_who_and_by_when_in_one_commit(ledger: Ledger, rats: str) -> None:
    before = ledger.git("rev-parse", "HEAD")
    outcome = ledger("playbook", "apply", rats, NAME, "--date", "2026-11-23T09:00")
    assert (outcome.code, outcome.err) == (0, "")
    assert ledger.git("rev-parse", "HEAD~1") == before
    assert ledger.git("log", "-1", "--format=%B").strip() == (
        f"{rats}: playbook {NAME}, 7 tasks\n\nComplaint: {rats}\nAction: playbook"
    )
    made = shown(ledger, rats)["tasks"]
    assert [(each["source"], each["kind"], each.get("who"), each.get("role"), each.get("due")) for each in made] == [
        (f"playbook/{NAME}#arrive", "step", None, "guard", "2026-11-18T16:10:00+08:00"),
        (f"playbook/{NAME}#apologise", "step", "li.na", "desk", "2026-11-19T00:00:00+08:00"),
        (f"playbook/{NAME}#call-in-the-morning", "step", "li.na", "desk", "2026-11-19T08:30:00+08:00"),
        (f"playbook/{NAME}#promise-of-a-date", "promise", "sun.wei", "manager", "2026-11-21T16:00:00+08:00"),
        (f"playbook/{NAME}#check-the-baits", "step", "zhao.qiang", "engineer", "2026-11-19T16:00:00+08:00"),
        (f"playbook/{NAME}#announce", "step", "li.na", "desk", "2026-11-22T09:00:00+08:00"),
        (f"playbook/{NAME}#warn", "step", None, None, "2026-11-23T08:50:00+08:00"),
    ]
    assert [each["every"] for each in made if "every" in each] == ["1d"]
    assert outcome.out.splitlines()[3] == f"{made[0]['id']}  2026-11-18 16:10  guard       Look at the place"
    body = shown(ledger, rats)["body"]
    assert "## Investigation\nRats found, facts:\n- [ ] where droppings lie\n" in body
    assert "## Plan\nRats found, papers:\n- [ ] the vendor's licence\n" in body
    assert ledger("check").code == 0


def test_a_step_ahead_of_a_date_has_no_due_without_the_date_and_says_so(ledger: Ledger, rats: str) -> None:
    outcome = ledger("playbook", "apply", rats, NAME)
    assert outcome.err == (
        f"no date is planned, so there is no due for: announce, warn; give one: cpl task {rats[-7:]} due TASK …\n"
    )
    assert [task["source"].partition("#")[2] for task in shown(ledger, rats)["tasks"] if "due" not in task] == [
        "announce",
        "warn",
    ]


def test_texts_are_in_the_stores_language(ledger: Ledger) -> None:
    (ledger.root / "cpl.yaml").write_text(CPL_YAML.replace("language: en", "language: zh"), encoding="utf-8")
    add_playbook(ledger)
    identifier = ledger.open("老鼠", "--category", "environment/pests")
    ledger.ok("playbook", "apply", identifier, NAME)
    assert shown(ledger, identifier)["tasks"][0]["text"] == "到场查看"
    assert ledger.ok("playbook", "show", NAME).startswith("rats-found  发现老鼠 (X-1)\n")


def test_applied_twice_it_is_refused_but_a_step_that_is_not_there_may_follow(ledger: Ledger, rats: str) -> None:
    ledger.ok("playbook", "apply", rats, NAME, "--only", "arrive")
    (task,) = shown(ledger, rats)["tasks"]
    assert "Rats found, facts" not in shown(ledger, rats)["body"]
    refused = f"{rats}: playbook '{NAME}' is applied already, as {task['id']}; what is not there yet: --only apologise "
    outcome = ledger("playbook", "apply", rats, NAME)
    assert (outcome.code, outcome.err.startswith(refused)) == (2, True)
    assert ledger("playbook", "apply", rats, NAME, "--only", "arrive").code == 2
    ledger.ok("playbook", "apply", rats, NAME, "--only", "apologise")
    assert len(shown(ledger, rats)["tasks"]) == 2
    assert ledger("playbook", "apply", rats, NAME, "--only", "aplogise").err == (
        f"playbook '{NAME}' has no step 'aplogise'; did you mean 'apologise'?\n"
    )


def test_a_step_that_two_clones_made_a_task_is_named(ledger: Ledger, rats: str) -> None:
    ledger.ok("playbook", "apply", rats, NAME, "--only", "arrive", "--only", "check-the-baits")
    path = ledger.path(rats)
    text = path.read_text("utf-8")
    first, repeating = (task["id"] for task in shown(ledger, rats)["tasks"])
    line = next(each for each in text.splitlines(keepends=True) if f"- {{id: {first}" in each)
    path.write_text(text.replace(line, line + line.replace(first, "t-aaaa")), "utf-8")
    ledger.commit("as a merge leaves it")
    ledger.ok("task", rats, "done", repeating)
    where = f"{path.relative_to(ledger.root)}:{path.read_text('utf-8').partition('t-aaaa')[0].count(chr(10)) + 1}"
    assert ledger("check").out == (
        f"{where}: W065 task t-aaaa is the same step as {first}; run: cpl task {rats} drop t-aaaa --reason TEXT\n"
    )
    ledger.ok("task", rats, "drop", "t-aaaa", "--reason", "applied by two of us")
    assert ledger("check").out == ""


def test_a_playbook_of_very_many_steps_is_refused_before_it_takes_long(ledger: Ledger, rats: str) -> None:
    steps = "".join(f"- {{name: s-{number}, text: {{en: x}}}}\n" for number in range(201))
    add_playbook(ledger, "endless", f"label: {{en: x}}\nsuggest: {{words: {{en: [x]}}}}\nsteps:\n{steps}")
    refused = ledger("playbook", "apply", rats, "endless")
    assert (refused.code, refused.err.splitlines()[1]) == (
        2,
        "templates/playbooks/endless.yaml:4: E073 it has 201 steps, the limit is 200; make several playbooks of it",
    )


def test_a_file_whose_name_no_playbook_can_have_is_named_by_list(ledger: Ledger) -> None:
    add_playbook(ledger, "No name", RATS)
    assert ledger("playbook", "list").err == (
        "unreadable: 'No name' can't be the name of a playbook; name its file with a-z, 0-9 and -\n"
    )


def test_a_repeating_step_repeats(ledger: Ledger, rats: str) -> None:
    ledger.ok("playbook", "apply", rats, NAME, "--only", "check-the-baits")
    (task,) = shown(ledger, rats)["tasks"]
    ledger.ok("task", rats, "done", task["id"])
    _old, new = shown(ledger, rats)["tasks"]
    assert (new["due"], new["source"], new["role"]) == ("2026-11-20T16:00:00+08:00", task["source"], "engineer")


def test_check_names_what_is_wrong_with_the_stores_own_playbooks(ledger: Ledger) -> None:
    wrong = RATS.replace("role: guard", "role: gard")
    add_playbook(ledger, text=wrong)
    add_playbook(ledger, "No name", RATS)
    add_playbook(ledger, "twice", RATS.replace("name: apologise", "name: arrive"))
    add_playbook(ledger, "for-malls", wrong + "profiles: [mall]\n")
    outcome = ledger("check")
    path = f"templates/playbooks/{NAME}.yaml"
    assert (outcome.code, outcome.out.splitlines()) == (
        1,
        [
            "templates/playbooks/No name.yaml:1: E073 'No name' can't be the name of a playbook; "
            "name its file with a-z, 0-9 and -",
            f"{path}:9: E014 role 'gard' is not in the profile; did you mean 'guard'?",
            "templates/playbooks/twice.yaml:13: E073 two steps have the name 'arrive'",
        ],
    )


def finished(ledger: Ledger, title: str, *args: str) -> str:
    """A complaint that was handled by the playbook and closed."""
    identifier = ledger.open(title, "--category", "environment/pests", *args, now="2026-11-18T09:00:00+08:00")
    ledger.ok("playbook", "apply", identifier, NAME, "--only", "check-the-baits", now="2026-11-18T09:05:00+08:00")
    ledger.ok(
        "task",
        identifier,
        "add",
        "Ring Ms Wang of 1201",
        "--kind",
        "promise",
        "--due",
        "1h",
        now="2026-11-18T09:10:00+08:00",
    )
    baits, ring = (task["id"] for task in shown(ledger, identifier)["tasks"])
    ledger.ok("task", identifier, "done", ring, now="2026-11-18T09:40:00+08:00")
    ledger.ok("task", identifier, "done", baits, "--by", "zhao.qiang", now="2026-11-19T09:05:00+08:00")
    ledger.ok("set", identifier, "finding.cause=management-gap", "finding.text=Ms Wang saw the open bins")
    ledger.ok(
        "transition", identifier, "referred", "--reason", "vendor", "--by", "sun.wei", now="2026-11-19T10:00:00+08:00"
    )
    return identifier


@pytest.mark.clause("MA-4")
def test_the_rooms_of_residents_do_not_get_into_a_playbook(ledger: Ledger, one: str) -> None:
    for building in ("7", "Court 8"):
        place = (f"location.building={building}", "location.unit=2", "location.room=1501")
        ledger.ok("register", "residents", "add", "name=Mr Sun", *place)
    steps = "steps:\n- {name: call, text: {en: Call on}, for: residents}\n"
    add_playbook(ledger, "rounds", f"label: {{en: Rounds}}\nsuggest: {{words: {{en: [x]}}}}\n{steps}")
    ledger.ok("playbook", "apply", one, "rounds")
    assert [task["text"] for task in shown(ledger, one)["tasks"]] == ["Call on: 7-2-1501", "Call on: Court 8-2-1501"]
    for task in shown(ledger, one)["tasks"]:
        ledger.ok("task", one, "done", task["id"])
    ledger.ok("transition", one, "referred", "--reason", "x", "--by", "sun.wei")
    ledger.ok("playbook", "new", "rounds-again", "--from", one)
    text = (ledger.root / "templates/playbooks/rounds-again.yaml").read_text(encoding="utf-8")
    step = "- {name: call, text: {en: Call on}, role: desk, within: 1m, for: residents}"
    assert [line for line in text.splitlines() if "name: call" in line] == [step]
    assert "1501" not in text


@pytest.mark.clause("MA-4")
def test_a_finished_case_becomes_a_playbook_without_personal_data(ledger: Ledger) -> None:
    add_playbook(ledger)
    ledger.now = "2026-11-19T16:00:00+08:00"
    identifier = finished(ledger, "Rats at Ms Wang's", "--name", "Ms Wang", "--phone", "13800001234", "--room", "1201")
    assert (
        ledger.ok("playbook", "new", "rats-vendor", "--from", identifier)
        == "made templates/playbooks/rats-vendor.yaml\n"
    )
    text = (ledger.root / "templates/playbooks/rats-vendor.yaml").read_text(encoding="utf-8")
    assert text == (
        f"# Made of {identifier}: look it over, and leave out what was peculiar to them.\n"
        "label: {en: Rats at …'s}\n"
        "suggest: {categories: [environment/pests], words: {en: [Rats]}}\n"
        "steps:\n"
        "- {name: step-1, text: {en: Ring … of …}, kind: promise, role: desk, within: 40m}\n"
        "- {name: check-the-baits, text: {en: Check the baits}, role: engineer, within: 25h, every: 1d}\n"
        "- {name: referred, text: {en: referred}, role: manager, within: 25h}\n"
        "improvement:\n"
        "- {en: management-gap}\n"
        "- {en: … saw the open bins}\n"
    )
    assert ledger.git("log", "-1", "--format=%B").strip() == "Playbook rats-vendor\n\nAction: playbook"
    assert ledger.git("status", "--porcelain") == ""
    assert ledger("check").code == 0
    again = ledger("playbook", "new", "rats-vendor", "--from", identifier)
    assert again.err.startswith("templates/playbooks/rats-vendor.yaml is there already and is kept")


def test_a_playbook_is_made_of_finished_cases_only(ledger: Ledger, rats: str) -> None:
    outcome = ledger("playbook", "new", "x", "--from", rats)
    assert outcome == (2, "", f"{rats} is not finished; a playbook is made of cases that are\n")
    assert ledger("playbook", "new", "X y", "--from", rats).code == 2


@pytest.mark.clause("RQ-12")
def test_a_storm_check_is_a_task_for_each_lone_resident_with_the_room_and_never_a_name(ledger: Ledger) -> None:
    people = [("王奶奶", "3", "2", "1201"), ("孙爷爷", "5", "1", "302")]
    for name, building, unit, room in people:
        fields = [f"name={name}", f"location.building={building}", f"location.unit={unit}", f"location.room={room}"]
        ledger.ok("register", "residents", "add", *fields, "phone=13800001234")
    identifier = ledger.open("A typhoon comes", "--kind", "incident")
    ledger.ok("playbook", "apply", identifier, "storm-check")
    made = [task for task in shown(ledger, identifier)["tasks"] if "storm-check#ask/" in task["source"]]
    assert [(task["text"].rpartition(": ")[2], task["role"]) for task in made] == [
        ("3-2-1201", "steward"),
        ("5-1-302", "steward"),
    ]
    assert not any(word in json.dumps(made, ensure_ascii=False) for word in ("王奶奶", "孙爷爷", "13800001234"))
    assert len({task["source"] for task in made}) == 2
    assert ledger("check").code == 0


def test_an_empty_register_is_told(ledger: Ledger) -> None:
    identifier = ledger.open("A typhoon comes", "--kind", "incident")
    outcome = ledger("playbook", "apply", identifier, "storm-check")
    assert outcome.err == "the register residents is empty; see: cpl register residents list\n"
    assert len(shown(ledger, identifier)["tasks"]) == 2


def test_a_reopened_complaint_may_get_the_playbook_again(ledger: Ledger, rats: str) -> None:
    ledger.ok("playbook", "apply", rats, NAME, "--only", "check-the-baits")
    ledger.ok("transition", rats, "referred", "--reason", "vendor")
    assert ledger("playbook", "apply", rats, NAME) == (
        2,
        "",
        f"{rats} is in the final state 'referred', where nothing is left to do; move it back first\n",
    )
    ledger.ok("transition", rats, "investigating", "--reason", "they are back")
    later = "2026-11-18T17:00:00+08:00"
    ledger.ok("playbook", "apply", rats, NAME, "--only", "check-the-baits", now=later)
    assert len(shown(ledger, rats)["tasks"]) == 2
    assert ledger("playbook", "apply", rats, NAME, now=later).code == 2


def test_a_step_for_an_empty_register_alone_is_refused(ledger: Ledger, one: str) -> None:
    assert ledger("playbook", "apply", one, "storm-check", "--only", "ask") == (
        2,
        "",
        f"{one}: there is nothing to do, for the register residents is empty; see: cpl register residents list\n",
    )


def test_at_a_terminal_the_editor_opens_on_a_new_playbook(ledger: Ledger, one: str, tmp_path: Path) -> None:
    ledger.ok("transition", one, "referred", "--reason", "vendor")
    editor = tmp_path / "editor"
    editor.write_text(
        '#!/bin/sh\nsed -i.bak \'s/^label:.*/label: {en: Doors}/\' "$1"\nrm -f "$1.bak"\n', encoding="utf-8"
    )
    editor.chmod(0o755)
    with Terminal(ledger, "playbook", "new", "doors", "--from", one, env={"GIT_EDITOR": str(editor)}) as terminal:
        code, said = terminal.finish()
    assert (code, "made templates/playbooks/doors.yaml" in said) == (0, True)
    text = (ledger.root / "templates/playbooks/doors.yaml").read_text(encoding="utf-8")
    assert "\nlabel: {en: Doors}\n" in text
    assert ledger.git("status", "--porcelain") == ""


def test_a_category_that_was_renamed_is_still_found_by_its_former_name(ledger: Ledger) -> None:
    renamed = CPL_YAML + "categories: {vermin: {label: {zh: 虫鼠}, was: [environment/pests]}}\n"
    (ledger.root / "cpl.yaml").write_text(renamed, encoding="utf-8")
    add_playbook(ledger)
    outcome = ledger("open", "-t", "Droppings", "--category", "vermin")
    assert f"playbook: {NAME}  (" in outcome.err


def test_a_playbook_that_can_not_be_read_is_named_and_hides_no_other(ledger: Ledger, tmp_path: Path) -> None:
    add_playbook(ledger)
    add_playbook(ledger, "No name", RATS)
    add_playbook(ledger, "broken", "label: [")
    outside = tmp_path / "outside.yaml"
    outside.write_text(RATS, encoding="utf-8")
    (ledger.root / "templates/playbooks/linked.yaml").symlink_to(outside)
    ledger.commit()
    listed = ledger("playbook", "list", "--format", "json")
    assert (listed.code, len(own(listed.out))) == (0, 1)
    assert [line.split(":")[0] for line in listed.err.splitlines()] == ["unreadable"] * 3
    opened = ledger("open", "-t", "Rats behind the bins", "--category", "environment/pests")
    assert f"playbook: {NAME}  (" in opened.err
    codes = [line.split(": ")[1].split()[0] for line in ledger("check").out.splitlines()]
    assert codes == ["E073", "E005", "E013"]
    assert "templates/playbooks/linked.yaml:1: E013 it is a symbolic link" in ledger("check").out
