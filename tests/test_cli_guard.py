"""check --staged and --range on real repositories: what they read, what they compare with, and what they refuse."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from datetime import date
from pathlib import Path

import pytest

from cpl.record import make_id
from tests.ledger import CPL_YAML, ONE, ROOT, Ledger
from tests.processes import command, environment

pytestmark = pytest.mark.usefixtures("one")

PATH = f"records/2026/11/18/{ONE}.md"
NOTHING = "0" * 40
HANDOVER = "- {at: 2026-11-18T16:01:00+08:00, by: li.na, did: handover}\n"


def change(ledger: Ledger, old: str, new: str, identifier: str = ONE) -> None:
    """Replace a text that stands once in a record's file."""
    path = ledger.path(identifier)
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1, (old, text)
    path.write_text(text.replace(old, new), encoding="utf-8")


def stage(ledger: Ledger, old: str, new: str) -> None:
    change(ledger, old, new)
    ledger.git("add", "--all")


def head(ledger: Ledger) -> str:
    return ledger.git("rev-parse", "HEAD").strip()


def publish(ledger: Ledger, commit: str = "HEAD") -> str:
    """Let a remote branch have a commit; its hash."""
    ledger.git("update-ref", "refs/remotes/origin/main", commit)
    return ledger.git("rev-parse", commit).strip()


def staged(ledger: Ledger) -> list[str]:
    """The codes that `check --staged` finds; the exit code is that of the worst."""
    outcome = ledger("check", "--staged")
    codes = re.findall(r":\d+: ([EW]\d{3}) ", outcome.out)
    assert outcome.code == int(any(code.startswith("E") for code in codes)), outcome
    return codes


def ranged(ledger: Ledger, base: str = NOTHING, head: str = "HEAD", *options: str) -> list[tuple[str, str]]:
    """Subject of the commit and code of each error that `check --range` finds."""
    outcome = ledger("check", "--range", f"{base}..{head}", *options)
    found = re.findall(r"^([0-9a-f]{12}):\S+:\d+: (E\d{3}) ", outcome.out, re.MULTILINE)
    assert len(found) == len(outcome.out.splitlines()), outcome
    assert outcome.code == int(bool(found)), outcome
    return [(ledger.git("log", "-1", "--format=%s", commit).strip(), code) for commit, code in found]


def test_without_a_problem_a_hook_says_nothing(ledger: Ledger, one: str) -> None:
    assert ledger("check", "--staged") == (0, "", "")
    ledger.path(one).write_text(ledger.path(one).read_text("utf-8") + "\nMore words.\n", encoding="utf-8")
    ledger.git("add", "--all")
    assert ledger("check", "--staged") == (0, "", "")


def test_problem_of_what_is_staged_is_one_line_and_refuses_the_commit(ledger: Ledger, one: str) -> None:
    publish(ledger)
    stage(ledger, "kind: complaint", "kind: complant")
    assert ledger("check", "--staged") == (
        1,
        f"{PATH}:4: E014 kind 'complant' is not in the profile; did you mean 'complaint'?\n"
        f"{PATH}:4: E105 kind was 'complaint' and is 'complant', but no event set it; put it back and use: "
        f"cpl correct {one} kind=… --classify --reason TEXT\n",
        "what is staged: 2 errors, 0 warnings\n",
    )


def test_the_index_is_read_and_not_the_files(ledger: Ledger) -> None:
    stage(ledger, "title: Door 2", "titel: Door 2")
    change(ledger, "titel: Door 2", "title: Door 2")
    assert staged(ledger) == ["E020"]
    ledger.git("add", "--all")
    change(ledger, "title: Door 2", "titel: Door 2")
    assert staged(ledger) == []


def test_other_files_are_in_nobodys_way(ledger: Ledger, one: str) -> None:
    (ledger.root / "notes.yaml").write_text(":\n- [", encoding="utf-8")
    (ledger.root / "records" / "registers").mkdir()
    (ledger.root / "records" / "registers" / "access.yaml").write_text("rows: []\n", encoding="utf-8")
    ledger.git("add", "--all")
    ledger.path(one).write_text("broken, but not staged\n", encoding="utf-8")
    assert ledger("check", "--staged") == (0, "", "")


def test_an_older_error_of_another_record_is_in_nobodys_way(ledger: Ledger, one: str) -> None:
    other = ledger.open("Other")
    change(ledger, "kind: complaint", "kind: complant", other)
    ledger.commit()
    ledger.path(one).write_text(ledger.path(one).read_text("utf-8") + "\nMore words.\n", encoding="utf-8")
    ledger.git("add", "--all")
    assert staged(ledger) == []


def test_settings_are_those_of_the_index(ledger: Ledger) -> None:
    line = "- {id: wu.ming, name: 吴明, emails: [wu.ming@example.org], roles: [desk]}\n"
    (ledger.root / "cpl.yaml").write_text(CPL_YAML + line, encoding="utf-8")
    stage(ledger, "---\n## Desc", HANDOVER.replace("li.na", "wu.ming") + "---\n## Desc")
    assert staged(ledger) == []
    ledger.git("reset", "--quiet", "cpl.yaml")
    assert staged(ledger) == ["E014"]


def test_broken_settings_are_refused_when_they_are_staged(ledger: Ledger) -> None:
    (ledger.root / "cpl.yaml").write_text(CPL_YAML.replace("Asia/Shanghai", "Asia/Shangai"), encoding="utf-8")
    ledger.git("add", "--all")
    outcome = ledger("check", "--staged")
    assert (outcome.code, outcome.out.partition(" '")[0]) == (1, "cpl.yaml:3: E022")
    (ledger.root / "cpl.yaml").write_text(CPL_YAML, encoding="utf-8")
    assert staged(ledger) == ["E022"]


def test_settings_may_not_go(ledger: Ledger) -> None:
    ledger.git("rm", "--quiet", "--cached", "cpl.yaml")
    assert ledger("check", "--staged").out == (
        "cpl.yaml:1: E070 the settings of the store were removed; put them back: git checkout HEAD -- cpl.yaml\n"
    )


def test_a_deleted_record_is_named_with_the_way_back(ledger: Ledger, one: str) -> None:
    publish(ledger)
    ledger.git("rm", "--quiet", PATH)
    assert ledger("check", "--staged").out == (
        f"{PATH}:1: E100 the record was removed (Door 2 does not lock); put it back: git checkout HEAD -- {PATH}; "
        f"what is not to count is moved: cpl transition {one} withdrawn --reason TEXT\n"
    )


def test_a_record_that_moves_to_its_right_place_was_not_deleted(ledger: Ledger, one: str) -> None:
    wrong = ledger.root / "records" / f"{one}.md"
    ledger.git("mv", PATH, f"records/{one}.md")
    ledger.git("commit", "--quiet", "--message", "wrong place")
    publish(ledger)
    assert wrong.exists()
    ledger.path(one).parent.mkdir(parents=True, exist_ok=True)
    ledger.git("mv", f"records/{one}.md", PATH)
    assert staged(ledger) == []
    stage(ledger, "lead: li.na", "lead: sun.wei")
    assert staged(ledger) == ["E105"]


def test_one_of_two_files_of_a_record_may_go(ledger: Ledger, one: str) -> None:
    (ledger.root / "records" / f"{one}.md").write_bytes(ledger.path(one).read_bytes())
    (ledger.root / "records" / "README.md").write_text("No record.\n", encoding="utf-8")
    ledger.commit()
    publish(ledger)
    ledger.git("rm", "--quiet", f"records/{one}.md", "records/README.md")
    assert staged(ledger) == []


def test_a_record_that_becomes_a_link_is_none(ledger: Ledger, one: str) -> None:
    ledger.path(one).unlink()
    ledger.path(one).symlink_to("/etc/passwd")
    ledger.git("add", "--all")
    assert staged(ledger) == ["E013"]


def test_what_is_only_announced_to_git_is_not_judged(ledger: Ledger) -> None:
    other = ledger.ok("open", "-t", "Lamp is dark", "--no-commit").partition(":")[0]
    ledger.git("add", "--intent-to-add", str(ledger.path(other)))
    assert ledger("check", "--staged") == (0, "", "")
    ledger.git("add", str(ledger.path(other)))
    assert ledger("check", "--staged") == (0, "", "")


def test_evidence_is_judged_as_it_is_staged(ledger: Ledger, one: str, tmp_path: Path) -> None:
    (tmp_path / "door.jpg").write_bytes(b"a door")
    ledger.ok("attach", one, str(tmp_path / "door.jpg"))
    door = ledger.path(one).with_suffix("") / "door.jpg"
    door.write_bytes(b"another door")
    assert staged(ledger) == []
    ledger.git("add", "--all")
    assert staged(ledger) == ["E041"]
    ledger.git("rm", "--quiet", "--force", door.relative_to(ledger.root).as_posix())
    assert staged(ledger) == ["E040"]
    ledger.git("reset", "--quiet", "--hard")
    door.with_name("lock.jpg").write_bytes(b"a lock")
    ledger.git("add", "--all")
    assert staged(ledger) == ["W043"]


def test_a_new_record_may_bring_its_evidence_and_link_to_another_new_one(ledger: Ledger, tmp_path: Path) -> None:
    (tmp_path / "door.jpg").write_bytes(b"a door")
    first = ledger.open("First", "--attach", str(tmp_path / "door.jpg"), "--no-commit")
    second = ledger.open("Second", "--no-commit")
    change(ledger, "history:\n", f"links: [{{as: same-cause, id: {first}}}]\nhistory:\n", second)
    ledger.git("add", "--all")
    assert staged(ledger) == []
    ledger.git("rm", "--quiet", "-r", "--cached", ledger.path(first).relative_to(ledger.root).as_posix())
    assert staged(ledger) == ["E044"]


def test_what_no_remote_branch_has_may_be_amended(ledger: Ledger, one: str) -> None:
    ledger.ok("did", one, "handover")
    (event,) = re.findall(r"^- .*did: handover.*\n", ledger.path(one).read_text("utf-8"), re.MULTILINE)
    stage(ledger, event, "")
    outcome = ledger("check", "--staged")
    assert outcome.code == 0
    assert re.sub(r" the event .*", "", outcome.out) == (
        f"{PATH}:9: W112 right only if this amends the last commit, which no remote branch has: E101\n"
    )
    dated = ledger.git("log", "-1", "--date=raw", "--format=%ad").strip()
    ledger.env = {"GIT_AUTHOR_DATE": f"@{dated}"}
    assert staged(ledger) == ["W112"]
    ledger.env = {"GIT_AUTHOR_DATE": "@1000000000 +0800"}
    assert staged(ledger) == ["E101"]
    ledger.env = {}
    publish(ledger)
    assert staged(ledger) == ["E101"]


def test_what_is_older_than_the_commit_that_is_amended_stays(ledger: Ledger, one: str) -> None:
    ledger.ok("did", one, "handover")
    ledger.ok("did", one, "arrive")
    (event,) = re.findall(r"^- .*did: handover.*\n", ledger.path(one).read_text("utf-8"), re.MULTILINE)
    stage(ledger, event, "")
    assert staged(ledger) == ["E101"]


def test_first_commit_of_a_repository_is_judged(ledger: Ledger) -> None:
    ledger.git("update-ref", "-d", "HEAD")
    assert staged(ledger) == []
    stage(ledger, "to: received}", "to: received}\n- {at: 2026-11-18T16:01:00+08:00, by: li.na, to: following-up}")
    assert staged(ledger) == ["E050", "E104", "W062"]


def test_a_version_that_cant_be_read_is_passed_over_for_the_one_before_it(ledger: Ledger, one: str) -> None:
    good = ledger.path(one).read_bytes()
    stage(ledger, "title: Door", "title: 'Door")
    assert staged(ledger) == ["E005"]
    ledger.git("commit", "--quiet", "--message", "broken")
    ledger.path(one).write_bytes(good)
    ledger.git("add", "--all")
    assert staged(ledger) == []
    ledger.git("commit", "--quiet", "--message", "mended")
    assert ranged(ledger) == [("broken", "E005")]


def test_a_record_that_never_could_be_read_is_mended_with_a_warning(ledger: Ledger) -> None:
    good = ledger.path(ONE).read_bytes()
    other = ledger.root / "records" / "2026" / "11" / "18" / f"{make_id(date(2026, 11, 18), 'AAAAAA')}.md"
    other.write_bytes(good.replace(b"title: Door", b"title: 'Door").replace(ONE.encode(), other.stem.encode()))
    ledger.commit("broken")
    other.write_bytes(good.replace(ONE.encode(), other.stem.encode()))
    ledger.git("add", "--all")
    assert "W111" in staged(ledger)


def diverge(ledger: Ledger) -> None:
    """Two lines of work on one record: `main` hands over, `side` arrives."""
    ledger.git("branch", "side")
    ledger.ok("did", ONE, "handover")
    ledger.git("switch", "--quiet", "side")
    ledger.ok("did", ONE, "arrive", now="2026-11-18T16:05:00+08:00")
    ledger.git("switch", "--quiet", "main")


def union(ledger: Ledger) -> None:
    """Settle the conflict of `diverge` as it should be: both events."""
    path = ledger.path(ONE)
    text = path.read_text(encoding="utf-8")
    path.write_text(re.sub(r"^(<{7}|={7}|>{7}).*\n", "", text, flags=re.MULTILINE), encoding="utf-8")
    ledger.git("add", "--all")


def try_merge(ledger: Ledger, *args: str) -> None:
    subprocess.run(["git", "merge", "--quiet", "--no-edit", *args], cwd=ledger.root, check=False, capture_output=True)


def test_a_conflict_that_is_not_settled_is_named(ledger: Ledger) -> None:
    diverge(ledger)
    try_merge(ledger, "side")
    outcome = ledger("check", "--staged")
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err == f"{PATH} is not merged yet; settle the conflict, git add it, then try again\n"


def test_a_merge_is_compared_with_both_parents(ledger: Ledger) -> None:
    diverge(ledger)
    try_merge(ledger, "side")
    union(ledger)
    assert staged(ledger) == []
    change(ledger, "did: arrive", "did: finish")
    ledger.git("add", "--all")
    assert staged(ledger) == ["E102"]
    ledger.git("checkout", "--quiet", "main", "--", PATH)
    assert staged(ledger) == ["E101"]
    ledger.git("checkout", "--quiet", "side", "--", PATH)
    assert staged(ledger) == ["E101"]


def test_hook_of_a_clean_merge_learns_from_the_environment_what_is_merged(ledger: Ledger) -> None:
    diverge(ledger)
    side = ledger.git("rev-parse", "side").strip()
    ledger.git("read-tree", "HEAD")
    assert staged(ledger) == []
    ledger.env = {f"GITHEAD_{side}": "side"}
    assert staged(ledger) == ["E101"]


def test_a_merge_that_drops_one_side_is_found_in_a_range(ledger: Ledger) -> None:
    diverge(ledger)
    base = ledger.git("merge-base", "main", "side").strip()
    try_merge(ledger, "--strategy=ours", "-m", "ours", "side")
    assert ranged(ledger, base) == [("ours", "E101")]


def test_a_merge_is_not_blamed_for_what_one_side_did_before(ledger: Ledger, one: str) -> None:
    other = ledger.open("Other")
    ledger.git("branch", "side")
    ledger.git("rm", "--quiet", ledger.path(other).relative_to(ledger.root).as_posix())
    ledger.git("commit", "--quiet", "--message", "erased on purpose")
    base = head(ledger)
    ledger.git("switch", "--quiet", "side")
    ledger.ok("did", one, "handover")
    try_merge(ledger, "-m", "merge", "main")
    assert ranged(ledger, base) == []
    assert ranged(ledger) == [("erased on purpose", "E100")]


def test_an_octopus_is_compared_with_all_parents(ledger: Ledger, one: str) -> None:
    other = ledger.open("Other")
    for name, record in (("a", one), ("b", other)):
        ledger.git("branch", name)
        ledger.git("switch", "--quiet", name)
        ledger.ok("did", record, "handover")
        ledger.git("switch", "--quiet", "main")
    base = head(ledger)
    (ledger.root / "note.txt").write_text("x", encoding="utf-8")
    ledger.commit("note")
    try_merge(ledger, "-m", "octopus", "a", "b")
    assert len(ledger.git("rev-parse", "HEAD^@").split()) == 3
    assert ranged(ledger, base) == []
    ledger.git("checkout", "--quiet", base, "--", PATH)
    ledger.git("commit", "--quiet", "--amend", "--no-edit")
    assert ranged(ledger, base) == [("octopus", "E101")]


def test_histories_without_a_common_commit_are_merged_like_others(ledger: Ledger) -> None:
    ledger.git("switch", "--quiet", "--orphan", "other")
    (ledger.root / "cpl.yaml").write_text(CPL_YAML, encoding="utf-8")
    ledger.chance.seed(8)  # not the id of the complaint on the other line
    second = ledger.open("Second")
    ledger.git("add", "--all")
    ledger.git("commit", "--quiet", "--message", "other")
    ledger.git("switch", "--quiet", "main")
    try_merge(ledger, "--allow-unrelated-histories", "-m", "both", "other")
    assert ledger.path(second).exists()
    assert ranged(ledger) == []
    ledger.git("rm", "--quiet", ledger.path(second).relative_to(ledger.root).as_posix())
    ledger.git("commit", "--quiet", "--amend", "--no-edit")
    assert ranged(ledger) == [("both", "E100")]


def test_each_commit_of_a_range_is_judged_also_one_that_a_later_one_mends(ledger: Ledger, one: str) -> None:
    base = head(ledger)
    good = ledger.path(one).read_bytes()
    change(ledger, "lead: li.na", "lead: sun.wei")
    ledger.commit("bad")
    ledger.path(one).write_bytes(good)
    ledger.commit("good again")
    outcome = ledger("check", "--range", f"{base}..")
    (bad,) = ledger.git("log", "--format=%h", "--abbrev=12", "--grep=^bad$").split()
    assert outcome == (
        1,
        f"{bad}:{PATH}:7: E105 lead was 'li.na' and is 'sun.wei', but no event set it; put it back and use: "
        f"cpl correct {one} lead=… --reason TEXT\n"
        f"{ledger.git('log', '-1', '--format=%h', '--abbrev=12').strip()}:{PATH}:7: E105 lead was 'sun.wei' and is "
        f"'li.na', but no event set it; put it back and use: cpl correct {one} lead=… --reason TEXT\n",
        "2 commits, 2 changes of records: 2 errors, 0 warnings\n",
    )


def test_a_range_comes_as_rows_with_the_commit(ledger: Ledger) -> None:
    base = head(ledger)
    ledger.git("rm", "--quiet", PATH)
    ledger.git("commit", "--quiet", "--message", "bad")
    (row,) = json.loads(ledger("check", "--range", base, "--format", "json").out)
    assert (row["commit"], row["path"], row["line"], row["code"]) == (head(ledger), PATH, 1, "E100")


def test_rules_of_a_commit_are_those_of_its_own_tree(ledger: Ledger) -> None:
    line = "- {id: wu.ming, name: 吴明, emails: [wu.ming@example.org], roles: [desk]}\n"
    event = HANDOVER.replace("li.na", "wu.ming, recorded_by: li.na")
    change(ledger, "---\n## Desc", event + "---\n## Desc")
    ledger.commit("unknown")
    (ledger.root / "cpl.yaml").write_text(CPL_YAML + line, encoding="utf-8")
    ledger.commit("known")
    change(ledger, "---\n## Desc", event.replace(":01:", ":02:") + "---\n## Desc")
    ledger.commit("by a known one")
    assert ranged(ledger) == [("unknown", "E014")]
    (ledger.root / "cpl.yaml").write_text(CPL_YAML.replace("format: 1", "format: one"), encoding="utf-8")
    ledger.commit("broken settings")
    (ledger.root / "cpl.yaml").write_text(CPL_YAML, encoding="utf-8")
    ledger.commit("mended settings")
    assert ranged(ledger) == [("unknown", "E014"), ("broken settings", "E022")]


def test_commits_from_before_the_store_are_not_judged(ledger: Ledger) -> None:
    ledger.git("switch", "--quiet", "--orphan", "young")
    profiles = ledger.root / "templates" / "profiles"
    profiles.mkdir(parents=True)
    (profiles / "residential.yaml").write_bytes((ROOT / "templates/profiles/residential.yaml").read_bytes())
    ledger.commit("a profile")
    ledger.git("checkout", "--quiet", "main", "--", ".")
    ledger.commit("a store")
    assert ranged(ledger) == []


def test_only_a_commit_of_an_import_brings_records_of_another_system(ledger: Ledger, one: str) -> None:
    imported = (
        ledger.path(one).read_text("utf-8").replace("history:", "source: {system: old, key: '1'}\nhistory:")
    ).replace("by: li.na, to", "by: old, to")
    ledger.git("rm", "--quiet", PATH)
    ledger.git("commit", "--quiet", "--amend", "--no-edit", "--allow-empty")
    ledger.put(one, imported)
    ledger.commit("by hand")
    assert ranged(ledger) == [("by hand", "E109")]
    ledger.git("commit", "--quiet", "--amend", "--message", "import\n\nAction: import")
    assert ranged(ledger) == []


def test_a_shallow_clone_is_refused_with_the_remedy(ledger: Ledger, tmp_path: Path) -> None:
    ledger.git("clone", "--quiet", "--depth=1", f"file://{ledger.root}", str(tmp_path / "shallow"))
    shallow = Ledger(tmp_path / "shallow")
    outcome = shallow("check", "--range", f"{NOTHING}..HEAD")
    assert outcome == (2, "", "this clone lacks the older commits; get them with: git fetch --unshallow\n")
    assert shallow("check", "--staged") == (0, "", "")
    shallow.git("rm", "--quiet", PATH)
    assert staged(shallow) == ["E100"]


def test_a_base_that_is_not_there_is_named_with_the_remedy(ledger: Ledger) -> None:
    gone = "1234567890" * 4
    outcome = ledger("check", "--range", f"{gone}..HEAD")
    assert outcome == (
        2,
        "",
        f"this clone has no commit '{gone}'; get it with: git fetch origin {gone}; if nobody has it any more, judge "
        f"the whole history: cpl check --range {NOTHING}..HEAD\n",
    )
    assert ledger("check", "--range", "HEAD..nowhere").code == 2


def test_published_commits_that_a_push_took_away_are_missed(ledger: Ledger, one: str) -> None:
    ledger.ok("did", one, "handover")
    old = head(ledger)
    ledger.git("commit", "--quiet", "--amend", "--message", "another message")
    assert [code for _subject, code in ranged(ledger, old, "HEAD", "--pushed")] == ["E110"]
    assert ranged(ledger, old) == []
    assert ledger("check", "--pushed").err.endswith("Error: --pushed goes with --range\n")


def test_a_range_begins_where_two_branches_parted(ledger: Ledger) -> None:
    diverge(ledger)
    change(ledger, "lead: li.na", "lead: sun.wei")
    ledger.commit("bad on main")
    assert ranged(ledger, "main", "side") == []
    assert ranged(ledger, "side", "main") == [("bad on main", "E105")]
    assert ledger("check", "--range", "side...main").code == 1


def test_one_thing_is_asked_for_at_a_time(ledger: Ledger, one: str) -> None:
    for args in (("--staged", one), ("--range", "a..b", one), ("--staged", "--range", "a..b")):
        outcome = ledger("check", *args)
        assert (outcome.code, outcome.err.splitlines()[-1]) == (
            2,
            "Error: give PATHS, --staged or --range, one of them",
        )
    assert "has no base; write BASE..HEAD" in ledger("check", "--range", "..HEAD").err


def in_subfolder(ledger: Ledger, tmp_path: Path) -> Path:
    """The same store in a subfolder of another repository, committed; the repository."""
    outer = tmp_path / "outer"
    outer.mkdir()
    user = (["config", "user.name", "Li"], ["config", "user.email", "li.na@example.org"])
    for args in (["init", "--quiet", "-b", "main"], *user):
        subprocess.run(["git", *args], cwd=outer, check=True)
    subprocess.run(
        ["git", "-C", str(ledger.root), "archive", "--prefix=a store/", "-o", str(tmp_path / "a.tar"), "HEAD"],
        check=True,
    )
    subprocess.run(["tar", "-xf", str(tmp_path / "a.tar"), "-C", str(outer)], check=True)
    subprocess.run(["git", "add", "--all"], cwd=outer, check=True)
    subprocess.run(["git", "commit", "--quiet", "-m", "outer"], cwd=outer, check=True)
    return outer


def test_hook_of_a_store_in_a_subfolder_reads_the_index_that_git_names(ledger: Ledger, tmp_path: Path) -> None:
    """As `git commit -- path` does it: a hook at the top of the work tree, and the name of another index from there."""
    outer = in_subfolder(ledger, tmp_path)
    inner = Ledger(outer / "a store")
    publish(inner)
    change(inner, "lead: li.na", "lead: sun.wei")
    args = command("-C", "a store", "check", "--staged")
    (outer / ".git" / "index").replace(outer / ".git" / "next-index-1.lock")
    for name in (".git/next-index-1.lock", str(outer / ".git" / "next-index-1.lock")):
        subprocess.run(["git", "add", "--all"], cwd=outer, env=environment(GIT_INDEX_FILE=name), check=True)
        done = subprocess.run(args, cwd=outer, env=environment(GIT_INDEX_FILE=name), capture_output=True, text=True)
        assert (done.returncode, done.stdout.partition(" lead")[0]) == (1, f"{PATH}:7: E105")
    subprocess.run(["git", "reset", "--quiet"], cwd=outer, check=True)
    variables = environment(GIT_DIR=".git", GIT_INDEX_FILE=".git/index")
    assert subprocess.run(args, cwd=outer, env=variables, capture_output=True, text=True).returncode == 0
    done = subprocess.run(
        command("-C", "a store", "check", "--range", f"{NOTHING}..HEAD"),
        cwd=outer,
        env=environment(),
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "1 commit, 1 change of a record: no problems\n")


def test_a_worktree_has_an_index_of_its_own(ledger: Ledger, tmp_path: Path) -> None:
    ledger.git("worktree", "add", "--quiet", str(tmp_path / "second"))
    second = Ledger(tmp_path / "second")
    stage(second, "lead: li.na", "lead: sun.wei")
    assert (staged(second), staged(ledger)) == (["W112"], [])
    publish(ledger)
    assert staged(second) == ["E105"]


def test_everything_that_cpl_itself_writes_passes(ledger: Ledger, one: str, tmp_path: Path) -> None:
    (tmp_path / "door.jpg").write_bytes(b"a door")
    steps = [
        ("contact", one, "--via", "phone", "--about", "acknowledge"),
        ("assign", one, "--to", "zhao.qiang", "--department", "engineering"),
        ("correct", one, "nature=A", "severity=minor", "--classify", "--reason", "ours"),
        ("attach", one, str(tmp_path / "door.jpg")),
        ("task", one, "add", "mend it", "--due", "2026-11-20", "--kind", "promise"),
        ("did", one, "handover", "--at", "2026-11-18T15:59:59+08:00", "--by", "zhao.qiang"),
        ("transition", one, "resolving"),
        ("correct", one, "--void", "to:resolving", "--reason", "too early"),
        ("transition", one, "investigating"),
        ("correct", one, "received_at=2026-11-18T15:00", "--reason", "the call came earlier"),
        ("correct", one, "lead=sun.wei", "--reason", "he took it"),
        ("correct", one, "severity=", "nature=B", "--classify", "--reason", "left over"),
        ("set", one, "location.building=3", "finding.text=old"),
        ("note", one, "-m", "more"),
        ("assign", "--all-of", "zhao.qiang", "--to", "sun.wei", "-m", "leave"),
        ("transition", one, "withdrawn", "--reason", "twice"),
    ]
    ledger.now = "2026-11-18T19:00:00+08:00"
    for number, args in enumerate(steps):
        outcome = ledger(*args, now=f"2026-11-18T17:{number:02}:00+08:00")
        if args[0] == "transition" and args[2] == "withdrawn":
            task = re.search(r"t-\w{4}", ledger.path(one).read_text("utf-8"))
            assert task is not None
            ledger.ok(
                "task", one, "due", task[0], "--due", "2026-11-21", "--reason", "rain", now="2026-11-18T18:00:00+08:00"
            )
            ledger.ok("task", one, "done", task[0], now="2026-11-18T18:01:00+08:00")
            outcome = ledger(*args, now="2026-11-18T18:02:00+08:00")
        if args[:3] != ("did", one, "handover"):
            assert outcome.code == 0, (args, outcome)
    assert ranged(ledger) == []


def test_an_event_of_the_future_is_refused_while_it_is_new_and_hinders_nobody_once_it_is_there(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    event = "- {at: 2026-11-19T16:00:00+08:00, by: li.na, did: contact, via: phone, about: reply}\n"
    stage(ledger, "---\n## Desc", event + "---\n## Desc")
    assert staged(ledger) == ["E059"]
    ledger.git("commit", "--quiet", "--message", "by a clock that is ahead")
    publish(ledger)
    assert [code for _subject, code in ranged(ledger)] == ["E059"]
    assert (
        ledger("check").out.count(" W059 the event lies in the future: 2026-11-19T16:00:00+08:00; this computer") == 1
    )
    ledger.ok("note", ONE, "-m", "called again", now="2026-11-18T16:05:00+08:00")
    base = head(ledger)
    monkeypatch.setenv("GIT_COMMITTER_DATE", "2026-11-18T16:07:00+08:00")
    void = ("correct", ONE, "--void", "did:contact", "--reason", "the clock was wrong")
    ledger.ok(*void, now="2026-11-18T16:06:00+08:00")
    ledger.ok("contact", ONE, "--via", "phone", "--about", "reply", now="2026-11-18T16:07:00+08:00")
    ledger.now = "2026-11-18T16:10:00+08:00"
    assert ledger("check") == (0, "", "1 record: no problems\n")
    assert ranged(ledger, base) == []
    ledger.now = "2026-11-21T09:00:00+08:00"  # pushed when the event is not of the future any more
    assert ranged(ledger, base) == []


def test_outside_a_repository_there_is_nothing_to_check(ledger: Ledger) -> None:
    shutil.rmtree(ledger.root / ".git")
    words = f"{ledger.root} is not in a git repository; run: git init, then: cpl init\n"
    assert ledger("check", "--staged") == ledger("check", "--range", "HEAD~1") == (2, "", words)
