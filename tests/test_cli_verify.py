"""`cpl verify` on real repositories: each fraud that git allows, honest histories, seals, signatures, the report."""

from __future__ import annotations

import json
import random
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from cpl import driver
from cpl.store import Store
from tests import audit_page, keys
from tests.ledger import ONE, ROOT, Ledger
from tests.processes import Terminal
from tests.test_cli_import import MAPPING, TABLE

PATH = f"records/2026/11/18/{ONE}.md"
LATER = "2026-11-25T18:00:00+08:00"
INTAKE = "- {at: 2026-11-18T16:00:00+08:00, by: li.na, to: received}\n"
HANDOVER = "- {at: 2026-11-18T16:10:00+08:00, by: li.na, did: handover}\n"


class Desk:
    """A store whose commits have the time and the author of the story, as on a computer whose clock is right."""

    def __init__(self, ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
        self.ledger = ledger
        self.monkeypatch = monkeypatch

    def at(self, when: str, who: str = "li.na") -> Ledger:
        """The store at a time such as `18T16:00`, with somebody at the desk."""
        self.ledger.now = f"2026-11-{when}:00+08:00"
        for role in ("AUTHOR", "COMMITTER"):
            self.monkeypatch.setenv(f"GIT_{role}_DATE", self.ledger.now)
            self.monkeypatch.setenv(f"GIT_{role}_NAME", who)
            self.monkeypatch.setenv(f"GIT_{role}_EMAIL", f"{who}@example.org")
        return self.ledger

    def set(self, **variables: str) -> None:
        """Tell git something else than the truth."""
        for name, value in variables.items():
            self.monkeypatch.setenv(name, value)

    def change(self, old: str, new: str) -> None:
        """Replace a text that stands once in the record."""
        path = self.ledger.path(ONE)
        text = path.read_text(encoding="utf-8")
        assert text.count(old) == 1, (old, text)
        path.write_text(text.replace(old, new), encoding="utf-8")

    def head(self) -> str:
        return self.ledger.git("rev-parse", "HEAD").strip()


def verified(ledger: Ledger, *args: str) -> list[tuple[str, str]]:
    """Subject of the commit (or the tag) and code of each finding; the exit code is that of the worst."""
    outcome = ledger("verify", "--format", "json", *args, now=LATER)
    assert outcome.code in (0, 1), outcome
    report = json.loads(outcome.out)
    found = [(each["commit"], each["path"], each["code"]) for each in report["findings"]]
    assert report["errors"] == sum(1 for each in found if each[2].startswith("E"))
    assert outcome.code == int(report["errors"] > 0), outcome
    return [(path if path.startswith("refs/") else subject(ledger, commit), code) for commit, path, code in found]


def subject(ledger: Ledger, commit: str | None) -> str:
    return "" if commit is None else ledger.git("log", "-1", "--format=%s", commit).strip()


@pytest.fixture(scope="session")
def model(pristine: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with the complaint ONE, taken in on the 18th at 16:00, made once; tests get copies."""
    root = tmp_path_factory.mktemp("audited") / "estate"
    shutil.copytree(pristine, root, symlinks=True)
    with pytest.MonkeyPatch.context() as monkeypatch:
        desk = Desk(Ledger(root), monkeypatch)
        desk.at("16T08:00").git("commit", "--quiet", "--amend", "--reset-author", "--no-edit")
        assert desk.at("18T16:00").open() == ONE
    return root


@pytest.fixture
def desk(model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A copy of that store, and who works at it."""
    shutil.copytree(model, tmp_path / "estate", symlinks=True)
    made = Desk(Ledger(tmp_path / "estate"), monkeypatch)
    made.at("18T16:00")
    return made


@keys.needs_ssh
def test_page_for_auditors_shows_what_the_commands_print(tmp_path: Path) -> None:
    page = audit_page.PAGE.read_text(encoding="utf-8")
    assert audit_page.replayed(page, tmp_path) == page, "run: python -m tests.audit_page"


# Honest histories


def test_honest_history_is_told_in_numbers(desk: Desk) -> None:
    desk.at("18T16:10").ok("did", ONE, "handover")
    desk.at("18T18:00").ok("contact", ONE, "--via", "phone", "--about", "acknowledge", "--at", "16:30")
    desk.at("18T18:05", "zhao.qiang").ok("contact", ONE, "--via", "phone", "--about", "progress", "--by", "li.na")
    head = desk.head()
    assert desk.ledger("verify", now=LATER) == (
        0,
        "verified at          2026-11-25T18:00:00+08:00\n"
        "from                 the first commit, 2026-11-16T08:00:00+08:00\n"
        f"to                   {head}, 2026-11-18T18:05:00+08:00\n"
        "commits              5, 0 of them merges\n"
        "versions of records  4\n"
        "new events           4, 0 of them imported\n"
        "changes of settings  1\n"
        "tolerance            30 min\n"
        "signatures           not asked for (--signatures)\n"
        "seals                none\n"
        "result               no problems\n",
        "",
    )


def test_report_as_json_and_markdown(desk: Desk) -> None:
    desk.at("18T17:00").git("rm", "--quiet", PATH)
    desk.ledger.git("commit", "--quiet", "--message", "tidy up")
    head = desk.head()
    outcome = desk.ledger("verify", "--format", "json", now=LATER)
    message = (
        f"the record was removed (Door 2 does not lock); put it back: git checkout {head[:12]}^ -- {PATH}; "
        f"what is not to count is moved: cpl transition {ONE} withdrawn --reason TEXT"
    )
    assert (outcome.code, outcome.err) == (1, "")
    assert json.loads(outcome.out) == {
        "store": "锦绣花园",
        "at": LATER,
        "head": head,
        "since": None,
        "from": "2026-11-16T08:00:00+08:00",
        "to": "2026-11-18T17:00:00+08:00",
        "tolerance_seconds": 1800,
        "commits": 3,
        "merges": 0,
        "versions": 2,
        "events": 1,
        "imported": 0,
        "settings": 1,
        "signatures": None,
        "errors": 1,
        "warnings": 0,
        "findings": [
            {
                "commit": head,
                "at": "2026-11-18T17:00:00+08:00",
                "author": "li.na <li.na@example.org>",
                "path": PATH,
                "line": 1,
                "code": "E100",
                "message": message,
            }
        ],
        "seals": [],
    }
    text = desk.ledger("verify", now=LATER)
    assert (text.code, text.out.splitlines()[0]) == (1, f"{head[:12]}:{PATH}:1: E100 {message}")
    assert text.out.endswith("\nresult               1 error, 0 warnings\n")
    page = desk.ledger("verify", "--format", "markdown", now=LATER)
    assert page.code == 1
    assert page.out.startswith(
        "# Audit of 锦绣花园\n\n|  |  |\n| --- | --- |\n| verified at | 2026-11-25T18:00:00+08:00 |\n"
    )
    assert "\n## Findings\n\n| commit | at | author | path | line | code | message |\n" in page.out


def test_import_is_in_order_and_counted(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "map.yaml").write_text(MAPPING, encoding="utf-8")
    (tmp_path / "rows.csv").write_text(TABLE, encoding="utf-8")
    outcome = desk.at("18T17:00")("import", str(tmp_path / "rows.csv"), "--mapping", str(tmp_path / "map.yaml"))
    assert outcome.code == 1, outcome  # two rows are not right
    report = json.loads(desk.ledger.ok("verify", "--format", "json", now=LATER))
    assert (report["findings"], report["imported"], report["events"]) == ([], 3, 4)


@pytest.fixture
def merging(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A clone that merges records with cpl."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    attributes = "records/** -text\nrecords/**/*.md -text merge=cpl\n"
    (desk.ledger.root / ".gitattributes").write_text(attributes, encoding="utf-8")
    desk.at("18T16:01").commit("merge by cpl")
    assert driver.register(Store(desk.ledger.root))
    return desk


def diverged(desk: Desk) -> None:
    """Two lines of work on one record; the one that is merged is older than the end of the other."""
    ledger = desk.ledger
    ledger.git("switch", "--quiet", "--create", "side")
    desk.at("18T16:20", "zhao.qiang").ok("did", ONE, "handover")
    desk.at("19T09:00", "zhao.qiang").open("Another")
    ledger.git("switch", "--quiet", "main")
    desk.at("19T10:00").ok("contact", ONE, "--via", "phone", "--about", "acknowledge")
    desk.at("20T10:00", "sun.wei").git("merge", "--quiet", "--no-edit", "side")


def test_merge_of_two_clones_days_later_is_in_order(merging: Desk) -> None:
    diverged(merging)
    merging.at("20T10:05").ok("note", ONE, "-m", "both told")
    assert verified(merging.ledger) == []


WORK = (
    "open -t Other --kind repair",
    "transition {0} investigating",
    "transition {0} resolving --reason done",
    "transition {0} on-hold --reason parts --until 2026-12-24T12:00",
    "transition {0} withdrawn --reason twice",
    "did {0} handover",
    "contact {0} --via phone --about acknowledge --at {earlier}",
    "contact {0} --via phone --about progress --by zhao.qiang",
    "assign {0} --to zhao.qiang --department engineering",
    "correct {0} nature=A --classify --reason heard --at {earlier}",
    "correct {0} channel=phone --reason slip",
    "correct {0} --void did:handover --reason slip",
    "task {0} add mend --kind promise --due 2026-12-24T12:00",
    "set {0} location.building=3",
    "note {0} -m words",
)


@pytest.mark.parametrize("seed", [2])
def test_whatever_honest_people_do_in_two_clones_is_in_order(merging: Desk, seed: int) -> None:
    chance, ledger = random.Random(seed), merging.ledger
    ledger.git("branch", "side")
    done = merged = 0
    for minute in range(0, 60 * 24, 60):
        when = f"{19 + minute // 1440}T{minute // 60 % 24:02}:{chance.randrange(30):02}"
        merging.at(when, chance.choice(["li.na", "zhao.qiang", "sun.wei"]))
        if chance.random() < 0.25:
            here = ledger.git("branch", "--show-current").strip()
            other = "side" if here == "main" else "main"
            ledger.git("switch", "--quiet", other)
            merged += try_merge(merging, here)
        piece = chance.choice(sorted(path.stem for path in ledger.root.glob("records/*/*/*/*.md")))
        earlier = f"2026-11-19T{max(0, minute // 60 - 3):02}:30"
        words = shlex.split(chance.choice(WORK).format(piece, earlier=earlier))
        done += ledger(*words).code == 0
    assert done > 8
    assert merged > 1
    assert verified(ledger) == []


def try_merge(desk: Desk, other: str) -> bool:
    """Merge a branch as an honest clone does; a conflict is left for another day."""
    command = ["git", "merge", "--quiet", "--no-edit", other]
    is_done = subprocess.run(command, cwd=desk.ledger.root, capture_output=True).returncode == 0
    if not is_done or desk.ledger("check").code:
        desk.ledger.git(*(("reset", "--quiet", "--hard", "ORIG_HEAD") if is_done else ("merge", "--abort")))
        return False
    return True


def test_merge_that_drops_an_event_is_found(merging: Desk) -> None:
    merging.ledger.git("switch", "--quiet", "--create", "side")
    merging.at("18T16:20", "zhao.qiang").ok("did", ONE, "handover")
    merging.ledger.git("switch", "--quiet", "main")
    merging.at("19T10:00").ok("contact", ONE, "--via", "phone", "--about", "acknowledge")
    merging.at("20T10:00").git("merge", "--quiet", "--strategy=ours", "--message", "bad merge", "side")
    assert verified(merging.ledger) == [("bad merge", "E101")]


def test_event_that_a_merge_adds_by_itself_is_its_authors(merging: Desk) -> None:
    merging.ledger.git("switch", "--quiet", "--create", "side")
    merging.at("18T16:20", "zhao.qiang").open("Another")
    merging.ledger.git("switch", "--quiet", "main")
    merging.at("18T16:30").ok("did", ONE, "handover")
    merging.at("18T16:40", "sun.wei").git("merge", "--quiet", "--no-commit", "--no-ff", "side")
    text = "- {at: 2026-11-18T16:35:00+08:00, by: li.na, did: contact, via: phone, about: acknowledge}\n"
    handover = "- {at: 2026-11-18T16:30:00+08:00, by: li.na, did: handover}\n"
    merging.change(handover, handover + text)
    merging.ledger.commit("bad merge")
    assert verified(merging.ledger) == [("bad merge", "E203")]


def test_what_was_there_when_the_store_began_is_told_once(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk(ledger, monkeypatch)
    desk.at("18T16:00").open()
    ledger.git("checkout", "--quiet", "--orphan", "anew")
    desk.at("20T09:00", "nobody").commit("begin")
    outcome = ledger("verify", now=LATER)
    words = "1 record (events: 1) was there when the store began; who entered it is not known, nor when"
    assert (outcome.code, outcome.out.splitlines()[0]) == (0, f"{desk.head()[:12]}:records:1: W208 {words}")


# Frauds in the records


def test_edited_event_is_found_though_the_file_is_right(desk: Desk) -> None:
    desk.at("18T16:10").ok("did", ONE, "handover")
    desk.at("19T09:00").ok("contact", ONE, "--via", "phone", "--about", "acknowledge")
    desk.change("did: handover", "did: arrive")
    desk.at("19T09:05").git("commit", "--quiet", "--all", "--no-verify", "--message", "bad")
    assert desk.ledger("check", now=LATER).code == 0
    assert verified(desk.ledger) == [("bad", "E102")]


def test_removed_event_is_found_though_it_is_put_back_later(desk: Desk) -> None:
    desk.at("18T16:10").ok("did", ONE, "handover")
    desk.change(HANDOVER, "")
    desk.at("18T16:20").commit("bad")
    desk.at("20T09:00", "zhao.qiang").git("revert", "--no-edit", "HEAD")
    assert verified(desk.ledger) == [("bad", "E101")]


def test_deleted_record_that_is_put_back_is_found_once(desk: Desk) -> None:
    desk.ledger.git("rm", "--quiet", PATH)
    desk.at("18T16:20").commit("bad")
    desk.at("20T09:00", "zhao.qiang").git("revert", "--no-edit", "HEAD")
    assert verified(desk.ledger) == [("bad", "E100")]


def test_deleted_record_is_found(desk: Desk) -> None:
    desk.at("18T16:10").open("Other")
    desk.ledger.git("rm", "--quiet", PATH)
    desk.at("18T16:20").commit("bad")
    assert verified(desk.ledger) == [("bad", "E100")]


def test_evidence_that_was_replaced_is_found(desk: Desk) -> None:
    photo = desk.ledger.root.parent / "door.jpg"
    photo.write_bytes(b"open")
    desk.at("18T16:10").ok("attach", ONE, str(photo))
    (desk.ledger.path(ONE).with_suffix("") / "door.jpg").write_bytes(b"shut")
    desk.at("18T16:20").commit("bad")
    assert verified(desk.ledger) == [("bad", "E041")]


def test_evidence_that_was_replaced_with_its_hash_is_found(desk: Desk) -> None:
    photo = desk.ledger.root.parent / "door.jpg"
    photo.write_bytes(b"open")
    desk.at("18T16:10").ok("attach", ONE, str(photo))
    path = desk.ledger.path(ONE)
    (path.with_suffix("") / "door.jpg").write_bytes(b"shut")
    text = re.sub(r"sha256: \w{64}", f"sha256: {sha256(b'shut')}", path.read_text(encoding="utf-8"))
    path.write_text(text, encoding="utf-8")
    desk.at("18T16:20").commit("bad")
    assert verified(desk.ledger) == [("bad", "E108")]


def sha256(data: bytes) -> str:
    return subprocess.run(["sha256sum"], input=data, check=True, capture_output=True).stdout.decode().split()[0]


@pytest.mark.parametrize(
    ("event", "code"),
    [
        ("- {at: 2026-11-18T16:10:00+08:00, by: li.na, did: handover}\n", "E201"),
        (
            "- {at: 2026-11-18T16:10:00+08:00, by: li.na, did: handover, recorded_at: 2026-11-18T16:20:00+08:00}\n",
            "E201",
        ),
        ("- {at: 2026-11-20T12:00:00+08:00, by: li.na, did: handover}\n", "E202"),
        (
            "- {at: 2026-11-18T16:10:00+08:00, by: li.na, did: handover, recorded_at: 2026-11-20T12:00:00+08:00}\n",
            "E202",
        ),
    ],
    ids=["back-dated", "said to have been entered then", "of the future", "entered in the future"],
)
def test_event_that_does_not_fit_its_commit_is_found(desk: Desk, event: str, code: str) -> None:
    desk.change(INTAKE, INTAKE + event)
    desk.at("20T09:00").commit("bad")
    assert verified(desk.ledger) == [("bad", code)]


def test_record_that_comes_from_where_no_rules_are_is_found(desk: Desk) -> None:
    event = "- {at: 2026-11-18T16:05:00+08:00, by: sun.wei, did: handover}\n"
    desk.change(INTAKE, INTAKE + event)
    text = desk.ledger.path(ONE).read_text(encoding="utf-8")
    desk.ledger.git("checkout", "--quiet", "--", PATH)
    desk.ledger.git("switch", "--quiet", "--orphan", "side")
    other = "CPL-20261117-9XE2WH9"
    desk.ledger.put(other, text.replace(ONE, other))
    desk.at("20T09:00").commit("bad")
    desk.ledger.git("switch", "--quiet", "main")
    desk.ledger.git("merge", "--quiet", "--allow-unrelated-histories", "--no-edit", "side")
    assert verified(desk.ledger) == [("bad", "E215")]


def test_tolerance_is_how_late_a_commit_may_come(desk: Desk) -> None:
    desk.change(INTAKE, INTAKE + HANDOVER)
    desk.at("18T17:00").commit("by hand")
    assert verified(desk.ledger) == [("by hand", "E201")]
    assert verified(desk.ledger, "--tolerance", "50m") == []
    outcome = desk.ledger("verify", "--tolerance", "3bd")
    assert (outcome.code, outcome.err.splitlines()[-1]) == (
        2,
        "Error: Invalid value for --tolerance: '3bd' is not a length of time; write 10m, 2h or 1d",
    )


def test_event_in_the_name_of_somebody_else_is_found(desk: Desk) -> None:
    desk.change(INTAKE, INTAKE + HANDOVER)
    desk.at("18T16:10", "zhao.qiang").commit("bad")
    assert verified(desk.ledger) == [("bad", "E203")]


def test_recorded_by_somebody_who_did_not_write_the_commit_is_found(desk: Desk) -> None:
    desk.change(INTAKE, INTAKE + HANDOVER.replace("did: handover", "did: handover, recorded_by: sun.wei"))
    desk.at("18T16:10", "zhao.qiang").commit("bad")
    assert verified(desk.ledger) == [("bad", "E203")]


def test_author_is_known_by_the_people_of_the_commits_own_tree(desk: Desk) -> None:
    settings = desk.ledger.root / "cpl.yaml"
    desk.at("18T16:10").ok("did", ONE, "handover")
    text = settings.read_text(encoding="utf-8")
    settings.write_text(text.replace("li.na@example.org", "na@home.example"), encoding="utf-8")
    desk.at("18T16:20").commit("another address")
    desk.change(HANDOVER, HANDOVER + HANDOVER.replace("16:10", "16:30").replace("handover", "arrive"))
    desk.at("18T16:30").commit("the old address")
    assert verified(desk.ledger) == [("the old address", "E204")]


# Frauds in commits


def test_commit_of_the_future_is_found(desk: Desk) -> None:
    desk.at("28T16:10").ok("note", ONE, "-m", "a word")
    assert [code for _subject, code in verified(desk.ledger)] == ["E205"]


def test_commit_dated_before_its_parent_is_found_though_it_fits_its_event(desk: Desk) -> None:
    desk.at("20T09:00").ok("note", ONE, "-m", "a word")
    desk.change(INTAKE, INTAKE + HANDOVER)
    desk.at("18T16:10").commit("bad")
    assert verified(desk.ledger) == [("bad", "E206")]
    assert verified(desk.ledger, "--since", "HEAD~1") == [("bad", "E206")]


@pytest.mark.parametrize("date", ["99999999999999999 +0800", "-5 +0800", "yesterday", ""])
def test_commit_with_an_odd_date_is_found(desk: Desk, date: str) -> None:
    desk.at("18T16:10").ok("note", ONE, "-m", "a word")
    text = re.sub(r"(?m)(?<=> )\d+ [+]0800$", date, desk.ledger.git("cat-file", "commit", "HEAD"))
    command = ["git", "hash-object", "-t", "commit", "-w", "--stdin", "--literally"]
    done = subprocess.run(command, cwd=desk.ledger.root, input=text.encode(), check=True, capture_output=True)
    desk.ledger.git("update-ref", "refs/heads/main", done.stdout.decode().strip())
    assert [code for _subject, code in verified(desk.ledger)] == ["E205" if date.startswith("9") else "E206"]


def test_made_up_date_of_the_author_is_shown(desk: Desk) -> None:
    desk.change(INTAKE, INTAKE + HANDOVER)
    desk.at("20T09:00").git("commit", "--quiet", "--all", "--date=2026-11-18T16:10:00+08:00", "--message", "bad")
    assert verified(desk.ledger) == [("bad", "W207")]


def rewritten(desk: Desk, commit: str) -> str:
    """A commit in the place of another one, with the deed in it taken out."""
    desk.ledger.git("switch", "--quiet", "--detach", f"{commit}^")
    desk.at("18T16:20").git("commit", "--quiet", "--allow-empty", "--message", "nothing happened")
    return desk.head()


def test_replaced_commit_hides_nothing(desk: Desk) -> None:
    desk.change(INTAKE, INTAKE + HANDOVER)
    desk.at("20T09:00").commit("bad")
    bad = desk.head()
    fake = rewritten(desk, bad)
    desk.ledger.git("switch", "--quiet", "main")
    desk.ledger.git("replace", bad, fake)
    assert "handover" not in desk.ledger.git("show", f"HEAD:{PATH}")
    assert {code for _subject, code in verified(desk.ledger)} == {"W209", "E201"}


def test_graft_hides_nothing(desk: Desk) -> None:
    desk.change(INTAKE, INTAKE + HANDOVER)
    desk.at("20T09:00").commit("bad")
    desk.at("20T09:10").ok("note", ONE, "-m", "a word")
    info = desk.ledger.root / ".git" / "info"
    info.mkdir(exist_ok=True)
    (info / "grafts").write_text(f"{desk.head()} {desk.ledger.git('rev-parse', 'HEAD~2')}", encoding="utf-8")
    assert "bad" not in desk.ledger.git("log", "--format=%s")
    outcome = desk.ledger("verify", "--format", "json", now=LATER)
    assert [each["code"] for each in json.loads(outcome.out)["findings"]] == ["E201"]


def test_shallow_clone_is_refused(desk: Desk, tmp_path: Path) -> None:
    desk.at("18T16:10").ok("did", ONE, "handover")
    subprocess.run(
        ["git", "clone", "--quiet", "--depth=1", f"file://{desk.ledger.root}", str(tmp_path / "clone")], check=True
    )
    assert Ledger(tmp_path / "clone")("verify") == (
        2,
        "",
        "this clone lacks the older commits; get them with: git fetch --unshallow\n",
    )


def test_since_something_that_was_rewritten_is_found(desk: Desk) -> None:
    desk.at("18T16:10").ok("did", ONE, "handover")
    before = desk.head()
    fake = rewritten(desk, before)
    desk.ledger.git("branch", "--force", "main", fake)
    assert verified(desk.ledger, "--since", before) == [("", "E211")]


def test_store_without_a_commit_is_refused(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "--quiet", str(tmp_path)], check=True)
    (tmp_path / "cpl.yaml").write_text("format: 1\ntimezone: Asia/Shanghai\nprofile: residential\n", encoding="utf-8")
    assert Ledger(tmp_path)("verify") == (2, "", "there is no commit yet, so nothing to verify\n")


def test_missing_object_is_named(desk: Desk) -> None:
    blob = desk.ledger.git("rev-parse", f"HEAD:{PATH}").strip()
    (desk.ledger.root / ".git" / "objects" / blob[:2] / blob[2:]).unlink()
    words = f"{PATH}: its version {blob} is missing from the repository; see: git fsck, and clone it anew\n"
    assert desk.ledger("verify", now=LATER) == (2, "", words)


def test_progress_is_shown_to_who_watches(desk: Desk) -> None:
    with Terminal(desk.ledger, "verify") as terminal:
        terminal.expect("Commits")
        terminal.expect("100%")
        terminal.expect("versions of records")
        terminal.finish()


# Seals


@pytest.fixture
def sealing(desk: Desk, tmp_path: Path) -> Desk:
    """A store whose user signs with a key of SSH."""
    key = keys.ssh_key(tmp_path, "key")
    keys.sign_with_ssh(desk.ledger.root, key, f"li.na@example.org {keys.public_ssh(key)}\n")
    return desk


def seal(desk: Desk) -> str:
    """Seal HEAD; the tag."""
    return desk.ledger.ok("verify", "--seal").splitlines()[-1].partition(":")[0]


def by_hand(ledger: Ledger, commit: str = "HEAD") -> tuple[int, str]:
    """The files of a commit and the digest of their list, worked out as docs/audit.md shows it."""
    page = (ROOT / "docs" / "audit.md").read_text(encoding="utf-8")
    (script,) = re.findall(r"```sh\n(commit=.*?)```", page, re.DOTALL)
    script = script.replace("commit=seal/2026-11-26-183000", f"commit={commit}")
    done = subprocess.run(["sh", "-c", script], cwd=ledger.root, check=True, capture_output=True, text=True)
    files = ledger.git("ls-tree", "-r", commit, "records", "cpl.yaml", "templates/profiles", "calendar").splitlines()
    return len(files), done.stdout.split()[0]


@keys.needs_ssh
def test_seal_is_a_signed_tag_whose_digest_anybody_can_work_out(sealing: Desk) -> None:
    (sealing.ledger.root / "records" / "registers").mkdir()
    (sealing.ledger.root / "records" / "registers" / "价格 list.yaml").write_text("a: b\n", encoding="utf-8")
    sealing.at("18T16:05").commit("a register")
    sealing.at("18T18:30")
    files, digest = by_hand(sealing.ledger)
    outcome = sealing.ledger("verify", "--seal")
    head = sealing.head()
    tag = "seal/2026-11-18-183000"
    said = f"{tag}: commit {head[:12]}, records: 1, events: 1, SHA-256 {digest}"
    assert (outcome.code, outcome.out.splitlines()[-1]) == (0, said)
    assert outcome.err == f"give it to those who are to rely on it: git push origin {tag}\n"
    message = sealing.ledger.git("tag", "--list", "--format=%(contents:subject)%0a%0a%(contents:body)", tag)
    assert message.strip() == (
        "Seal of 锦绣花园\n\n"
        f"cpl-seal: 1\ncommit: {head}\nstore: .\nfiles: {files}\nrecords: 1\nevents: 1\nsha256: {digest}"
    )
    assert "BEGIN SSH SIGNATURE" in sealing.ledger.git("cat-file", "tag", tag)
    args = ("verify", "--format", "json", "--signatures", "--since", "HEAD")
    assert json.loads(sealing.ledger.ok(*args, now=LATER))["seals"] == [
        {
            "seal": tag,
            "at": "2026-11-18T18:30:00+08:00",
            "by": "li.na <li.na@example.org>",
            "commit": head,
            "files": files,
            "records": 1,
            "events": 1,
            "sha256": digest,
            "good": True,
        }
    ]


@keys.needs_ssh
def test_store_in_a_subfolder_is_verified_and_sealed_by_itself(sealing: Desk) -> None:
    root = sealing.ledger.root
    seal(sealing)
    (root / "north").mkdir()
    shutil.copy(root / "cpl.yaml", root / "north")
    sealing.at("19T09:00").commit("another store")
    north = Desk(Ledger(root / "north"), sealing.monkeypatch)
    north.at("19T09:10").open("Other")
    tag = north.ledger.ok("verify", "--seal").splitlines()[-1].partition(":")[0]
    report = json.loads(north.ledger.ok("verify", "--format", "json", now=LATER))
    assert [(each["seal"], each["good"]) for each in report["seals"]] == [(tag, True)]
    assert (report["commits"], report["events"]) == (2, 1)
    assert (report["seals"][0]["files"], report["seals"][0]["sha256"]) == by_hand(north.ledger)
    assert "\nstore: north\n" in north.ledger.git("cat-file", "tag", tag)


@keys.needs_ssh
def test_seal_finds_a_history_that_was_rewritten(sealing: Desk, tmp_path: Path) -> None:
    sealing.at("18T16:10").ok("did", ONE, "handover")
    sealing.at("18T18:30")
    tag = seal(sealing)
    witness = tmp_path / "witness"
    subprocess.run(["git", "clone", "--quiet", str(sealing.ledger.root), str(witness)], check=True)
    bad = sealing.head()
    fake = rewritten(sealing, bad)
    sealing.ledger.git("switch", "--quiet", "-C", "main", fake)
    sealing.ledger.git("tag", "--delete", tag)
    clean = verified(sealing.ledger)
    assert clean == []  # nobody who was not there can see it
    sealing.ledger.git("fetch", "--quiet", str(witness), f"refs/tags/{tag}:refs/tags/{tag}")
    assert verified(sealing.ledger) == [(f"refs/tags/{tag}", "E211")]


@keys.needs_ssh
def test_seals_follow_one_another(sealing: Desk) -> None:
    sealing.at("18T18:30")
    first = seal(sealing)
    sealing.at("19T09:00").ok("did", ONE, "handover")
    second = seal(sealing)
    sealing.at("19T10:00")
    assert json.loads(sealing.ledger.ok("verify", "--seal", "--format", "json"))["errors"] == 0
    assert verified(sealing.ledger, "--signatures", "--since", "HEAD") == []
    assert len(sealing.ledger.git("tag", "--list").split()) == 3
    sealing.ledger.git("tag", "--delete", first)
    assert verified(sealing.ledger) == [(f"refs/tags/{second}", "E214")]


@keys.needs_ssh
def test_seal_of_what_is_not_here_yet_is_no_error(sealing: Desk) -> None:
    sealing.at("19T09:00").ok("did", ONE, "handover")
    tag = seal(sealing)
    sealing.ledger.git("reset", "--quiet", "--hard", "HEAD~1")
    assert verified(sealing.ledger) == [(f"refs/tags/{tag}", "W213")]


def forge(desk: Desk, tag: str, old: str, new: str) -> None:
    """Put a changed tag in the place of a seal."""
    text = desk.ledger.git("cat-file", "tag", tag)
    assert text.count(old) == 1
    command = ["git", "hash-object", "-t", "tag", "-w", "--stdin", "--literally"]
    done = subprocess.run(
        command, cwd=desk.ledger.root, input=text.replace(old, new).encode(), check=True, capture_output=True
    )
    desk.ledger.git("update-ref", f"refs/tags/{tag}", done.stdout.decode().strip())


@keys.needs_ssh
@pytest.mark.parametrize(
    ("old", "new", "codes"),
    [
        ("\nsha256: ", "\nsha256: 0", ["E212", "E221"]),
        ("\nrecords: 1", "\nrecords: " + "9" * 5000, ["E221"]),
        ("\ncommit: ", "\ncommit: 0", ["E210", "E221"]),
        ("\ntag seal/", "\ntag sael/", ["E210"]),
        ("\ncpl-seal: 1", "\ncpl-seal: 2", ["E210"]),
    ],
    ids=["digest", "count", "commit", "name", "format"],
)
def test_seal_that_was_changed_is_found(sealing: Desk, old: str, new: str, codes: list[str]) -> None:
    sealing.at("18T18:30")
    tag = seal(sealing)
    forge(sealing, tag, old, new)
    assert [code for _ref, code in verified(sealing.ledger, "--signatures", "--since", "HEAD")] == codes


def test_tag_among_the_seals_that_is_none_is_named(desk: Desk) -> None:
    desk.ledger.git("tag", "seal/tuesday")
    assert verified(desk.ledger) == [("refs/tags/seal/tuesday", "E210")]


def test_seal_without_a_key_says_how_to_get_one(desk: Desk) -> None:
    keys.configure(desk.ledger.root, {"gpg.format": "ssh", "gpg.ssh.program": "/nonexistent"})
    outcome = desk.ledger("verify", "--seal")
    assert outcome.code == 2
    assert outcome.err.startswith("not sealed, git could not sign: ")
    assert outcome.err.endswith(
        "\nname a key to sign with: git config user.signingKey KEY; for one of SSH also: git config gpg.format ssh, "
        "and KEY is the path of the .pub file\n"
    )
    assert desk.ledger.git("tag", "--list") == ""


def test_history_with_an_error_is_not_sealed(desk: Desk) -> None:
    desk.ledger.git("rm", "--quiet", PATH)
    desk.ledger.commit("bad")
    outcome = desk.ledger("verify", "--seal")
    words = "not sealed: there are errors; what was looked into already can be left out with --since REV\n"
    assert (outcome.code, outcome.err) == (1, words)
    assert desk.ledger.git("tag", "--list") == ""


# Signatures


@keys.needs_ssh
def test_signatures_by_ssh(sealing: Desk, tmp_path: Path) -> None:
    other = keys.ssh_key(tmp_path, "other")
    sealing.at("18T16:10").ok("did", ONE, "handover")
    signed = sealing.head()
    assert verified(sealing.ledger, "--signatures", "--since", f"{signed}^") == []
    sealing.at("18T16:20", "zhao.qiang").ok("did", ONE, "handover")
    keys.configure(sealing.ledger.root, {"user.signingKey": f"{other}.pub"})
    sealing.at("18T16:30").ok("note", ONE, "-m", "a word")
    keys.configure(sealing.ledger.root, {"commit.gpgSign": "false"})
    sealing.at("18T16:40").ok("note", ONE, "-m", "another")
    codes = [code for _subject, code in verified(sealing.ledger, "--signatures", "--since", signed)]
    assert codes == ["E223", "E222", "E220"]
    summary = sealing.ledger("verify", "--signatures", "--since", signed, now=LATER).out
    assert "\nsignatures           good 1, none 1, unknown 1\n" in summary
    keys.configure(sealing.ledger.root, {"gpg.ssh.allowedSignersFile": "/nonexistent/none"})
    sealing.ledger.git("config", "--unset", "gpg.ssh.allowedSignersFile")
    codes = [code for _subject, code in verified(sealing.ledger, "--signatures", "--since", f"{signed}^")]
    assert codes == ["W224", "W224", "W224", "E220"]


@pytest.fixture
def home() -> Iterator[Path]:
    with keys.gpg_home() as folder:
        yield folder


@keys.needs_gpg
def test_signatures_by_gpg(desk: Desk, home: Path) -> None:
    key = keys.gpg_key("li.na@example.org", "Li Na")
    root = desk.ledger.root
    keys.configure(root, {"user.signingKey": key, "commit.gpgSign": "true"})
    base = desk.head()
    desk.at("18T16:10").ok("did", ONE, "handover")
    desk.at("18T18:30")
    tag = desk.ledger.ok("verify", "--since", base, "--signatures", "--seal").splitlines()[-1].partition(":")[0]
    text = desk.ledger.git("cat-file", "commit", "HEAD").replace("+0800\ngpgsig", "+0900\ngpgsig")
    command = ["git", "hash-object", "-t", "commit", "-w", "--stdin"]
    forged = subprocess.run(command, cwd=root, input=text.encode(), check=True, capture_output=True).stdout.decode()
    desk.ledger.git("reset", "--quiet", "--hard", forged.strip())
    found = [code for _subject, code in verified(desk.ledger, "--since", base, "--signatures")]
    assert found == ["E221", "E211"]
    desk.ledger.git("reset", "--quiet", "--hard", tag)
    (home / "trustdb.gpg").unlink()
    codes = [code for _subject, code in verified(desk.ledger, "--since", base, "--signatures")]
    assert codes == ["W224", "W224"]
