"""The store as a collection and the one write path: all or nothing, in one commit, never over somebody else's work."""

from __future__ import annotations

from pathlib import Path

import pytest

from cpl import document
from cpl.errors import Invalid, Problem
from cpl.git_locks import GitBusy
from cpl.layout import NotReady
from cpl.places import NotAStore, find_root, shipped, template
from cpl.render import one_line
from cpl.store import AmbiguousId, NoSuchRecord, NotCommitted, Store, read_entry, record_path
from cpl.writes import Commit, Evidence, Write
from tests.ledger import ID, ONE, Ledger, instant, record_text

NOW = instant("2026-11-18T16:00")
COMMIT = Commit("subject", "test", [ONE])


@pytest.fixture
def store(ledger: Ledger) -> Store:
    return Store(ledger.root)


def edited(store: Store, old: str, new: str) -> Write:
    """The next version of ONE with a text replaced."""
    before = store.bytes_of(record_path(ONE))
    assert isinstance(before, bytes)
    after, problems = document.parse(before.replace(old.encode(), new.encode()), record_path(ONE))
    assert after is not None, problems
    return Write(after, before)


def test_a_commit_message_has_subject_text_and_trailers() -> None:
    commit = Commit(
        "a\nsubject\x1b", "open", ["CPL-1", "CPL-2"], "  First\n\n## line\t2\r\n\u202ethird\n", [("Source", "x\ny")]
    )
    assert commit.message() == (
        "a subject\n\nFirst\n\n## line 2\nthird\n\nComplaint: CPL-1\nComplaint: CPL-2\nAction: open\nSource: x y\n"
    )
    assert Commit("subject", "init").message() == "subject\n\nAction: init\n"
    assert Commit("subject", "init", text="").message() == "subject\n\nAction: init\n"


def test_one_line_leaves_only_what_can_be_shown() -> None:
    assert one_line(" a\n\tb\x00c\u2028d 门 ") == "a b c d 门"


def test_the_root_is_the_nearest_folder_with_settings(tmp_path: Path) -> None:
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    with pytest.raises(NotAStore):
        find_root(below)
    (tmp_path / "cpl.yaml").touch()
    assert find_root(below) == tmp_path
    (below.parent / "cpl.yaml").mkdir()
    assert find_root(below) == tmp_path
    (below / "cpl.yaml").touch()
    assert find_root(below) == below


def test_a_template_of_the_store_wins_over_the_shipped_one(tmp_path: Path) -> None:
    path = "templates/records/complaint.en.md"
    assert template(tmp_path, path) == (shipped() / path).read_bytes()
    (tmp_path / path).parent.mkdir(parents=True)
    (tmp_path / path).write_bytes(b"own")
    assert template(tmp_path, path) == b"own"
    assert template(tmp_path, "templates/none.md") is None


def test_records_come_in_the_order_of_their_paths(ledger: Ledger, store: Store) -> None:
    assert list(store.entries()) == []
    ids = [ledger.open("x", "--at", f"2026-11-{day}T10:00") for day in ("09", "18", "10")]
    (ledger.root / "records/registers").mkdir()
    (ledger.root / "records/registers/elderly.md").touch()
    assert [entry.id for entry in store.entries()] == [ids[0], ids[2], ids[1]]
    assert store.ids() == {one: record_path(one) for one in ids}


def test_an_entry_that_is_no_record_is_known_by_its_file() -> None:
    entry = read_entry("records/2026/11/18/CPL-1.md", b"words")
    assert (entry.id, entry.record, [each.code for each in entry.problems]) == ("CPL-1", None, ["E003"])


def test_a_name_that_the_system_refuses_is_a_problem(store: Store) -> None:
    path = f"{'x' * 300}.md"
    assert store.bytes_of(path) == Problem(path, 1, "E013", "its name is too long; choose a shorter one")
    assert store.bytes_of("records/none.md") == Problem(
        "records/none.md", 1, "E013", "it does not exist; check the name"
    )


def test_a_record_is_found_by_pieces_and_paths(ledger: Ledger, one: str, store: Store) -> None:
    other = ledger.open("x")
    assert store.find(one) == store.find(one[-4:].lower()) == store.find(f"./x/{one}.md") == record_path(one)
    odd = ledger.path(one).with_name("odd name.md")
    odd.write_bytes(b"")
    assert store.find("odd name") == "records/2026/11/18/odd name.md"
    ledger.path(one).with_name("odd name 2.md").write_bytes(b"")
    assert store.find("odd name") == "records/2026/11/18/odd name.md"
    with pytest.raises(AmbiguousId, match=rf"fits 2 records.*\n  .*{min(one, other)}  "):
        store.find("CPL-")
    for piece in ("", " ", ".md", "nothing"):
        with pytest.raises(NoSuchRecord):
            store.find(piece)


def test_ambiguous_ids_without_titles_are_listed_bare() -> None:
    assert str(AmbiguousId("x", ["a", "b"])) == "'x' fits 2 records; give more of the id:\n  a\n  b"


def test_evidence_is_listed_with_its_hash_or_why_not(ledger: Ledger, one: str, store: Store) -> None:
    path = record_path(one)
    assert store.evidence_of(path, one) == {}
    folder = ledger.path(one).with_suffix("")
    (folder / "sub").mkdir(parents=True)
    (folder / "a").write_bytes(b"")
    assert store.evidence_of(path, one) == {
        "a": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "sub": "it is not a regular file; name a file",
    }
    (folder / "sub").rmdir()
    (folder / "a").unlink()
    folder.rmdir()
    folder.symlink_to("/etc")
    assert store.evidence_of(path, one) == {}


def test_strangers_are_what_is_neither_record_nor_evidence_nor_register(ledger: Ledger, one: str, store: Store) -> None:
    day = ledger.path(one).parent
    for name in (f"{one}/a.jpg", f"{one}/deep/b.jpg", "CPL-20261118-GONE000/c.jpg", "notes.txt", "../.gitkeep"):
        (day / name).parent.mkdir(parents=True, exist_ok=True)
        (day / name).touch()
    (ledger.root / "records/registers").mkdir()
    (ledger.root / "records/registers/a.yaml").touch()
    assert list(store.strangers(store.paths())) == [
        "records/2026/11/18/notes.txt",
        "records/2026/11/18/CPL-20261118-GONE000/c.jpg",
    ]


def test_a_write_is_one_commit_of_its_files(ledger: Ledger, one: str, store: Store, tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"a")
    sha = "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"
    change = edited(store, "history:", f"evidence: [{{file: a.jpg, sha256: {sha}}}]\nhistory:")
    write = Write(change.document, change.before, [Evidence(tmp_path / "a.jpg", "a.jpg", sha)])
    commit = store.write([write], COMMIT, NOW)
    assert commit == ledger.git("rev-parse", "HEAD").strip()
    assert ledger.git("show", "--name-only", "--format=%s").split() == [
        "subject",
        record_path(one),
        f"records/2026/11/18/{one}/a.jpg",
    ]
    assert store.write([edited(store, "Door 2", "Door 3")], None, NOW) is None
    assert ledger.git("status", "--porcelain") == f" M {record_path(one)}\n"


def test_evidence_that_changes_under_way_is_refused(ledger: Ledger, one: str, store: Store, tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"b")
    change = edited(store, "history:", f"evidence: [{{file: a.jpg, sha256: {'0' * 64}}}]\nhistory:")
    with pytest.raises(NotReady, match="has changed while it was being attached; nothing was written"):
        store.write(
            [Write(change.document, change.before, [Evidence(tmp_path / "a.jpg", "a.jpg", "0" * 64)])], COMMIT, NOW
        )
    assert ledger.git("status", "--porcelain") == ""
    assert not ledger.path(one).with_suffix("").exists()


def test_a_version_that_is_not_right_is_refused_before_anything_is_written(
    ledger: Ledger, one: str, store: Store
) -> None:
    with pytest.raises(Invalid, match="nothing was written, the record would not be right") as refused:
        store.write([edited(store, "kind: complaint", "kind: wish")], COMMIT, NOW)
    assert [(each.path, each.code) for each in refused.value.problems] == [(record_path(one), "E014")]
    assert ledger.git("status", "--porcelain") == ""


def test_a_record_that_was_wrong_before_says_so(ledger: Ledger, one: str, store: Store) -> None:
    text = ledger.path(one).read_text(encoding="utf-8")
    ledger.put(one, text.replace("kind: complaint", "kind: wish"))
    with pytest.raises(Invalid, match=f"was not right before this.*mend it with: cpl edit {one}"):
        store.write([edited(store, "Door 2", "Door 3")], COMMIT, NOW)
    assert store.write([edited(store, "kind: wish", "kind: repair")], None, NOW) is None


def test_what_somebody_else_wrote_meanwhile_is_not_overwritten(ledger: Ledger, one: str, store: Store) -> None:
    other = ledger.open("other")
    first, second = edited(store, "Door 2", "Door 3"), edited(store, "Door 2", "Door 4")
    store.write([second], COMMIT, NOW)
    with pytest.raises(NotReady, match="was changed by somebody else in the meantime; nothing was written"):
        store.write([first], COMMIT, NOW)
    assert ("Door 4" in ledger.path(one).read_text(encoding="utf-8"), ledger("show", other).code) == (True, 0)


def test_a_commit_that_git_refuses_leaves_no_trace(ledger: Ledger, one: str, store: Store) -> None:
    assert one
    (ledger.root / ".git/index.lock").touch()
    with pytest.raises(NotCommitted, match=r"index\.lock") as refused:
        store.write([edited(store, "Door 2", "Door 3")], COMMIT, NOW)
    assert isinstance(refused.value.__cause__, GitBusy)
    with pytest.raises(NotCommitted, match=r"index\.lock"):
        store.add_all({"records/2026/11/17/new.md": b"x"}, COMMIT)
    (ledger.root / ".git/index.lock").unlink()
    assert ledger.git("status", "--porcelain") == ""
    assert not (ledger.root / "records/2026/11/17").exists()
    assert str(NotCommitted("")).endswith("\n-")


def test_many_files_are_written_all_or_none(ledger: Ledger, one: str, store: Store) -> None:
    assert one
    (ledger.root / "b.md").write_bytes(b"mine")
    from cpl.files import AlreadyThere

    with pytest.raises(AlreadyThere):
        store.add_all({"a.md": b"a", "b.md": b"b"}, COMMIT)
    assert ledger.git("status", "--porcelain") == "?? b.md\n"
    assert (ledger.root / "b.md").read_bytes() == b"mine"


def test_several_errors_are_put_right_one_by_one(ledger: Ledger) -> None:
    """A merge can leave a finished complaint with open tasks (E063); each of them is done by itself."""
    tasks = "".join(f"- {{id: t-{name}, kind: action, text: Look, who: li.na}}\n" for name in ("aaaa", "bbbb"))
    text = record_text("17T10:00 to: withdrawn, reason: twice", fields=f"tasks:\n{tasks}")
    ledger.put(ID, text)
    ledger.commit()
    assert ledger("check").code == 1
    assert ledger("note", ID, "-m", "no error less").code == 2
    for name in ("t-aaaa", "t-bbbb"):
        ledger.ok("task", ID, "done", name)
    assert ledger("check") == (0, "", "1 record: no problems\n")
