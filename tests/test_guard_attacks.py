"""Bad changes that pass every door, honest work that a door refuses, and contents that stop one: one test each."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from cpl import driver
from cpl.settings_files import PROFILES
from cpl.store import Store
from tests import ci as doors_ci
from tests import doors
from tests.ledger import COMMON, CPL_YAML, ONE, RESIDENTIAL, Ledger
from tests.test_cli_guard import NOTHING, change, head, publish, ranged, staged, try_merge

pytestmark = pytest.mark.usefixtures("one")

PATH = f"records/2026/11/18/{ONE}.md"
LATER = "2026-11-20T18:00:00+08:00"
INTAKE = "- {at: 2026-11-18T16:00:00+08:00, by: li.na, to: received}\n"


def text_of(ledger: Ledger, identifier: str = ONE) -> str:
    return ledger.path(identifier).read_text(encoding="utf-8")


def add(ledger: Ledger, *events: str) -> None:
    """Write events such as `18T17:00 did: handover` behind those that are there, by li.na."""
    lines = [f"- {{at: 2026-11-{at}:00+08:00, by: li.na, {rest}}}\n" for at, rest in (e.split(" ", 1) for e in events)]
    text = text_of(ledger)
    last = re.findall(r"^- \{at: .*\n", text, re.MULTILINE)[-1]
    ledger.path(ONE).write_text(text.replace(last, last + "".join(lines)), encoding="utf-8")


def ci(ledger: Ledger, base: str, *, now: str = LATER) -> list[str]:
    """The codes of all errors that the two commands of CI find."""
    found = []
    for args in (["check"], ["check", "--range", f"{base}..HEAD"]):
        outcome = ledger(*args, now=now)
        assert outcome.code in (0, 1), outcome
        found += re.findall(r":\d+: (E\d{3}) ", outcome.out)
    return sorted(set(found))


def warned(ledger: Ledger, base: str, *, now: str = LATER) -> list[str]:
    found = []
    for args in (["check"], ["check", "--range", f"{base}..HEAD"]):
        found += re.findall(r":\d+: (W\d{3}) ", ledger(*args, now=now).out)
    return sorted(set(found))


def published(ledger: Ledger) -> str:
    return publish(ledger)


def task_of(ledger: Ledger) -> str:
    """A promise, due on the 20th at noon; its id."""
    ledger.ok(
        "task", ONE, "add", "mend it", "--kind", "promise", "--due", "2026-11-20T12:00", now="2026-11-18T16:01:00+08:00"
    )
    return re.findall(r"t-\w{4}", text_of(ledger))[0]


# Deadlines and fields that move without an event that says so


def test_void_pair_a_due_may_not_follow_an_event_that_is_voided_at_once(ledger: Ledger) -> None:
    task, base = task_of(ledger), published(ledger)
    add(
        ledger,
        f"18T17:00 did: reschedule, task: {task}, set: {{due: '2026-11-20T12:00:00+08:00'}}, reason: rain",
        "18T17:01 did: void, event: {at: '2026-11-18T17:00:00+08:00', did: reschedule}, reason: slip",
    )
    change(ledger, "due: 2026-11-20T12:00", "due: 2026-12-20T12:00")
    ledger.commit("bad")
    assert ci(ledger, base) != []


def test_void_pair_a_field_gets_back_what_it_was_when_its_only_setter_is_voided(ledger: Ledger) -> None:
    ledger.ok("assign", ONE, "--to", "zhao.qiang", now="2026-11-18T16:01:00+08:00")
    base = published(ledger)
    ledger.ok(
        "correct", ONE, "--void", "did:assign", "--reason", "slip", "--no-commit", now="2026-11-18T16:02:00+08:00"
    )
    change(ledger, "lead: li.na\n", "lead: li.na\nassignee: sun.wei\n")
    ledger.commit("bad")
    assert ci(ledger, base) != []


def test_void_again_an_event_that_is_void_is_not_voided_a_second_time_to_free_its_field(ledger: Ledger) -> None:
    ledger.ok("assign", ONE, "--to", "zhao.qiang", now="2026-11-18T16:01:00+08:00")
    ledger.ok("correct", ONE, "--void", "did:assign", "--reason", "slip", now="2026-11-18T16:02:00+08:00")
    base = published(ledger)
    add(ledger, "18T17:01 did: void, event: {at: '2026-11-18T16:01:00+08:00', did: assign}, reason: slip")
    change(ledger, "lead: li.na\n", "lead: li.na\nassignee: sun.wei\n")
    ledger.commit("bad")
    assert ci(ledger, base) != []


def resolve_row(ledger: Ledger, identifier: str) -> list[str]:
    return [line for line in ledger.ok("show", identifier, now=LATER).splitlines() if line.startswith("resolve")]


def test_lying_was_a_new_event_says_what_a_field_really_was(ledger: Ledger) -> None:
    other = ledger.open("Other", "--field", "nature=A", now="2026-11-18T16:01:00+08:00")
    ledger.ok("transition", other, "replying", now="2026-11-19T16:01:00+08:00")
    base, before = published(ledger), resolve_row(ledger, other)
    path = ledger.path(other)
    lie = "did: classify, set: {nature: A}, was: {nature: C}, reason: judged anew"
    text = re.sub(
        r"(to: replying\}\n)", rf"\1- {{at: 2026-11-20T17:00:00+08:00, by: li.na, {lie}}}\n", path.read_text("utf-8")
    )
    path.write_text(text, encoding="utf-8")
    ledger.commit("bad")
    assert "breached" in before[0]
    assert resolve_row(ledger, other) == []  # the harm: the breach is gone, though the nature is what it was
    assert ci(ledger, base) != []


@pytest.mark.parametrize("name", ["residential.yaml", "common.yaml"])
def test_profile_of_the_store_may_not_go(ledger: Ledger, name: str) -> None:
    (ledger.root / PROFILES).mkdir(parents=True)
    for path in (RESIDENTIAL, COMMON):
        shutil.copy(path, ledger.root / PROFILES)
    ledger.commit("own rules")
    base = published(ledger)
    (ledger.root / PROFILES / name).unlink()
    ledger.commit("bad")
    assert ci(ledger, base) != []


# Times that are made up


@pytest.mark.parametrize(
    "recorded_at", ["2026-11-18T16:30:00+08:00", "2026-11-18T16:00:00+08:00", "2030-01-01T00:00:00+08:00"]
)
def test_recorded_at_is_not_made_up(ledger: Ledger, recorded_at: str) -> None:
    ledger.ok("did", ONE, "handover", now="2026-11-19T16:00:00+08:00")
    base = published(ledger)
    deed = "did: contact, via: phone, about: reply"
    line = f"- {{at: 2026-11-18T16:30:00+08:00, by: li.na, {deed}, recorded_at: {recorded_at}}}\n"
    change(ledger, INTAKE, INTAKE + line)
    ledger.commit("bad")
    assert ci(ledger, base) != []


def test_second_intake_the_intake_that_was_there_stays_the_first_event(ledger: Ledger) -> None:
    ledger.ok("transition", ONE, "investigating", now="2026-11-18T16:10:00+08:00")
    base = published(ledger)
    earlier = "- {at: 2026-11-17T16:30:00+08:00, by: li.na, to: received, recorded_at: 2026-11-19T09:00:00+08:00}\n"
    change(ledger, INTAKE, earlier + INTAKE)
    change(ledger, "received_at: 2026-11-18T16:00", "received_at: 2026-11-17T16:30")
    ledger.commit("bad")
    assert ci(ledger, base) != []


def test_back_dated_void_takes_back_no_move_that_others_followed(ledger: Ledger) -> None:
    ledger.ok("transition", ONE, "investigating", now="2026-11-18T16:10:00+08:00")
    ledger.ok("set", ONE, "finding.text=lock worn out", now="2026-11-18T16:11:00+08:00")
    ledger.ok("transition", ONE, "resolving", now="2026-11-19T16:20:00+08:00")
    base = published(ledger)
    void = "did: void, event: {at: '2026-11-18T16:10:00+08:00', to: investigating}, reason: slip"
    line = f"- {{at: 2026-11-18T16:10:01+08:00, by: li.na, {void}, recorded_at: 2026-11-20T09:00:00+08:00}}\n"
    change(ledger, "to: investigating}\n", "to: investigating}\n" + line)
    ledger.commit("bad")
    assert ci(ledger, base) != []


def test_doubled_event_people_do_not_join_twice_by_a_copy_of_the_line(ledger: Ledger) -> None:
    ledger.ok("did", ONE, "join", "people=3", now="2026-11-18T16:10:00+08:00")
    base = published(ledger)
    line = "- {at: 2026-11-18T16:10:00+08:00, by: li.na, did: join, people: 3}\n"
    change(ledger, line, line + line)
    ledger.commit("bad")
    assert ci(ledger, base) != []


# What was broken once, and is another thing when it is mended


def test_partly_unreadable_an_event_that_could_not_be_read_may_not_go_in_silence(ledger: Ledger) -> None:
    ledger.ok("did", ONE, "handover", now="2026-11-18T16:10:00+08:00")
    change(ledger, "did: handover", "did: handovr")
    ledger.commit("broken")
    published(ledger)
    ledger.path(ONE).write_text(re.sub(r"^- .*handovr.*\n", "", text_of(ledger), flags=re.MULTILINE), encoding="utf-8")
    ledger.git("add", "--all")
    assert staged(ledger) != []


def test_unreadable_the_next_push_is_compared_with_the_last_version_that_could_be_read(ledger: Ledger) -> None:
    ledger.ok("did", ONE, "handover", now="2026-11-18T16:10:00+08:00")
    good = text_of(ledger)
    change(ledger, "title: Door", "title: 'Door")
    ledger.commit("broken")
    base = published(ledger)
    ledger.path(ONE).write_text(re.sub(r"^- .*handover.*\n", "", good, flags=re.MULTILINE), encoding="utf-8")
    ledger.commit("mended, but an event is gone")
    assert ci(ledger, base) != []


# Evidence


def attach(ledger: Ledger, name: str, data: bytes, minute: int) -> None:
    source = ledger.root.parent / "taken" / name
    source.parent.mkdir(exist_ok=True)
    source.write_bytes(data)
    ledger.ok("attach", ONE, str(source), now=f"2026-11-18T16:{minute}:00+08:00")


def test_swapped_evidence_a_merge_may_not_swap_two_files_that_both_sides_have(ledger: Ledger) -> None:
    attach(ledger, "a.jpg", b"aaa", 10)
    attach(ledger, "b.jpg", b"bbb", 11)
    base = published(ledger)
    ledger.git("switch", "--quiet", "--create", "side")
    ledger.open("Other", now="2026-11-18T16:21:00+08:00")
    ledger.git("switch", "--quiet", "main")
    ledger.ok("did", ONE, "handover", now="2026-11-18T16:22:00+08:00")
    try_merge(ledger, "--no-commit", "--no-ff", "side")
    text, folder = text_of(ledger), ledger.path(ONE).with_suffix("")
    first, second = re.findall(r"sha256: (\w{64})", text)
    text = text.replace(first, "FIRST").replace(second, first).replace("FIRST", second)
    ledger.path(ONE).write_text(text, encoding="utf-8")
    (folder / "a.jpg").write_bytes(b"bbb")
    (folder / "b.jpg").write_bytes(b"aaa")
    ledger.commit("bad merge")
    assert len(ledger.git("rev-parse", "HEAD^@").split()) == 2
    assert ci(ledger, base) != []


def test_linked_evidence_a_link_whose_target_is_the_text_of_the_file_is_no_evidence(ledger: Ledger) -> None:
    attach(ledger, "door.txt", b"door", 10)
    published(ledger)
    path = ledger.path(ONE).with_suffix("") / "door.txt"
    path.unlink()
    path.symlink_to("door")
    ledger.git("add", "--all")
    assert ledger("check", "--staged", now=LATER).code == 1


def test_evidence_outside_one_bad_name_does_not_stop_the_judging_of_everything(ledger: Ledger) -> None:
    base = published(ledger)
    change(ledger, "history:\n", "evidence:\n- {file: '../../../../../../etc/passwd', sha256: aa}\nhistory:\n")
    ledger.commit("bad")
    assert ranged(ledger, base) == [("bad", "E042")]


# Commits and pushes


def test_forged_import_a_person_is_not_a_system_whose_events_nobody_judges(ledger: Ledger) -> None:
    base = published(ledger)
    source = "source: {system: li.na, key: '1'}\nhistory:"
    other = ledger.open("Other", now="2026-11-18T16:01:00+08:00")
    ledger.git("reset", "--quiet", "--soft", base)
    text = (
        ledger.path(other).read_text("utf-8").replace("history:", source).replace("status: received", "status: closed")
    )
    text = text.replace("to: received}\n", "to: received}\n- {at: 2026-11-18T16:05:00+08:00, by: li.na, to: closed}\n")
    ledger.path(other).write_text(text, encoding="utf-8")
    ledger.commit("import\n\nAction: import")
    assert ci(ledger, base) != []


def test_replaced_commit_a_range_reads_what_is_really_there(ledger: Ledger) -> None:
    base = head(ledger)
    change(ledger, "lead: li.na", "lead: sun.wei")
    ledger.commit("bad")
    fake = ledger.git("commit-tree", "-p", base, "-m", "nothing", f"{base}^{{tree}}").strip()
    ledger.git("replace", "HEAD", fake)
    assert [code for _subject, code in ranged(ledger, base)] == ["E105"]


def test_rewritten_main_is_missed_also_when_another_branch_still_has_it(tmp_path: Path) -> None:
    desk = doors.prepare(tmp_path)
    desk.events("handover")
    desk.sh("push", "--quiet", "origin", "main")
    before = head(desk)
    desk.sh("push", "--quiet", "origin", "main:refs/heads/feature")
    desk.sh("reset", "--quiet", "--hard", "HEAD~1")
    desk.sh("push", "--quiet", "--force", "origin", "main")
    run = doors_ci.github(doors_ci.Push(desk.remote, before), tmp_path)
    assert (run.code, "E110" in run.printed) == (1, True), run.printed


# Honest work


@pytest.fixture
def merging(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> Ledger:
    """A clone that merges records with cpl; the record is being resolved, on main and on side."""
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent.parent))
    attributes = "records/** -text\nrecords/**/*.md -text merge=cpl\n"
    (ledger.root / ".gitattributes").write_text(attributes, encoding="utf-8")
    ledger.commit("merge by cpl")
    assert driver.register(Store(ledger.root))
    ledger.ok("transition", ONE, "resolving", now="2026-11-18T16:10:00+08:00")
    ledger.git("branch", "side")
    return ledger


def on_side(ledger: Ledger, *args: str, now: str) -> None:
    ledger.git("switch", "--quiet", "side")
    ledger.ok(*args, now=now)
    ledger.git("switch", "--quiet", "main")


def test_honest_merge_of_a_void_and_a_move_of_two_clones_is_no_error(merging: Ledger) -> None:
    base = head(merging)
    on_side(merging, "transition", ONE, "replying", now="2026-11-18T16:30:00+08:00")
    merging.ok("correct", ONE, "--void", "to:resolving", "--reason", "slip", now="2026-11-18T16:40:00+08:00")
    try_merge(merging, "-m", "merge", "side")
    merging.now = LATER
    assert ranged(merging, base) == []


def test_honest_merge_of_a_judgement_and_a_move_of_two_clones_is_no_error(merging: Ledger) -> None:
    base = head(merging)
    judged = ("correct", ONE, "nature=A", "severity=major", "--classify", "--reason", "12 households")
    on_side(merging, *judged, now="2026-11-18T16:30:00+08:00")
    merging.ok("transition", ONE, "replying", now="2026-11-18T16:40:00+08:00")
    try_merge(merging, "-m", "merge", "side")
    merging.now = LATER
    assert ranged(merging, base) == []


def test_honest_merge_can_be_settled_by_a_further_event_so_that_the_push_is_clean(merging: Ledger) -> None:
    base = head(merging)
    on_side(merging, "transition", ONE, "replying", now="2026-11-18T16:30:00+08:00")
    merging.ok("correct", ONE, "--void", "to:resolving", "--reason", "slip", now="2026-11-18T16:40:00+08:00")
    try_merge(merging, "-m", "merge", "side")
    merging.ok("correct", ONE, "--void", "to:replying", "--reason", "both moved", now="2026-11-18T17:00:00+08:00")
    assert ci(merging, base) == []


def imported(ledger: Ledger) -> None:
    """Stage a record as an import makes it."""
    other = ledger.open("Other", now="2026-11-18T16:01:00+08:00")
    ledger.git("reset", "--quiet", "--soft", "HEAD~1")
    text = ledger.path(other).read_text("utf-8").replace("history:", "source: {system: old, key: '1'}\nhistory:")
    ledger.path(other).write_text(text.replace("by: li.na, to", "by: old, to"), encoding="utf-8")
    ledger.git("add", "--all")


def test_squashed_import_is_one_too_when_a_hosting_site_adds_its_own_trailers(ledger: Ledger) -> None:
    base = published(ledger)
    imported(ledger)
    ledger.commit("Requests of 2026 (#12)\n\n* import\n\nAction: import\n\n---------\n\nCo-authored-by: a <a@b.org>")
    assert ci(ledger, base) == []


def test_new_branch_is_not_blamed_for_what_was_published_long_ago(tmp_path: Path) -> None:
    """A record erased on purpose, red once; the first push of every later branch has a base of zeros."""
    desk = doors.prepare(tmp_path)
    desk.sh("rm", "--quiet", desk.path(desk.record(1)).relative_to(desk.root).as_posix())
    desk.sh("commit", "--quiet", "--no-verify", "-m", "erased on purpose")
    desk.sh("push", "--quiet", "origin", "main")
    desk.events("handover")
    desk.sh("push", "--quiet", "origin", "main:refs/heads/side")
    run = doors_ci.github(doors_ci.Push(desk.remote, NOTHING, "side"), tmp_path)
    assert run.code == 0, run.printed


# Settings of git


@pytest.mark.parametrize("encoding", ["UTF-16", "UTF-16BE"])
def test_log_encoding_of_git_does_not_stop_a_range(ledger: Ledger, encoding: str) -> None:
    ledger.git("config", "i18n.logOutputEncoding", encoding)
    assert ledger("check", "--range", "HEAD~1..HEAD", now=LATER).code == 0


def test_trailer_separators_of_git_do_not_hide_an_import(ledger: Ledger) -> None:
    imported(ledger)
    ledger.commit("import\n\nAction: import")
    ledger.git("config", "trailer.separators", "=")
    assert ci(ledger, "HEAD~1") == []


def test_tie_a_new_event_does_not_take_the_time_of_one_that_was_there(ledger: Ledger) -> None:
    """cpl takes the next free millisecond; a tie stops a clock in the past and needs no recorded_at."""
    ledger.ok("transition", ONE, "investigating", now="2026-11-18T16:10:00+08:00")
    base = published(ledger)
    add(ledger, "18T16:10 to: replying")
    change(ledger, "status: investigating", "status: replying")
    ledger.commit("bad")
    assert ci(ledger, base) != []


def test_left_behind_evidence_moves_with_its_record(ledger: Ledger) -> None:
    attach(ledger, "door.txt", b"door", 10)
    ledger.git("mv", PATH, f"records/{ONE}.md")
    ledger.git("mv", PATH.removesuffix(".md"), f"records/{ONE}")
    ledger.git("commit", "--quiet", "--message", "wrong place")
    published(ledger)
    ledger.path(ONE).parent.mkdir(parents=True, exist_ok=True)
    ledger.git("mv", f"records/{ONE}.md", PATH)
    assert re.findall(r" (E\d{3}) ", ledger("check", "--staged", now=LATER).out) == ["E040"]


def test_large_evidence_that_git_lfs_keeps_elsewhere_is_what_its_pointer_says(ledger: Ledger) -> None:
    """The filter `clean` stands in for that of git-lfs: the blob is a pointer with the SHA-256 of the file."""
    pointer = "version https://git-lfs.github.com/spec/v1\\noid sha256:%s\\nsize 4\\n"
    ledger.git("config", "filter.lfs.clean", f'printf "{pointer}" "$(sha256sum | cut -c1-64)"')
    (ledger.root / ".gitattributes").write_text("records/** -text\n*.mp4 filter=lfs -text\n", encoding="utf-8")
    ledger.commit("large files")
    base = published(ledger)
    attach(ledger, "door.mp4", b"door", 10)
    assert "git-lfs" in ledger.git("show", f"HEAD:{PATH.removesuffix('.md')}/door.mp4")
    assert ci(ledger, base) == []


def test_left_nobody_acts_as_a_person_whose_last_day_is_past(ledger: Ledger) -> None:
    left = CPL_YAML.replace("roles: [manager]", "roles: [manager], until: 2026-11-10")
    (ledger.root / "cpl.yaml").write_text(left, encoding="utf-8")
    ledger.commit("sun.wei has left")
    assert ledger("did", ONE, "handover", "--by", "sun.wei").code == 2  # cpl itself refuses it
    base = published(ledger)
    change(ledger, INTAKE, INTAKE + "- {at: 2026-11-18T16:30:00+08:00, by: sun.wei, did: sign-off, about: plan}\n")
    ledger.commit("bad")
    assert ci(ledger, base) != []
