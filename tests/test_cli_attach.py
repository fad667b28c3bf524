"""attach: evidence with its SHA-256, source and date, through the command line."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.ledger import Ledger


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "门 1.jpg"
    path.write_bytes(b"\xff\xd8\r\nphoto")
    return path


def evidence(ledger: Ledger, identifier: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(ledger.ok("show", identifier, "--format", "json"))["evidence"]
    return found


@pytest.mark.clause("CS-3")
@pytest.mark.parametrize(
    ("given", "stored"),
    [("2026-11-18T09:00", "2026-11-18T09:00:00+08:00"), ("2026-11-17", "2026-11-17"), ("09:30", None)],
)
def test_evidence_is_copied_with_hash_source_and_date(
    ledger: Ledger, one: str, photo: Path, given: str, stored: str | None
) -> None:
    args = ["--source", "owner", "--taken-at", given, "--text", "The lock"]
    assert ledger("attach", one, str(photo), *args) == (0, f"{one}: attached 门 1.jpg\n", "")
    assert evidence(ledger, one) == [
        {
            "file": "门 1.jpg",
            "sha256": hashlib.sha256(b"\xff\xd8\r\nphoto").hexdigest(),
            "source": "owner",
            "taken_at": stored or "2026-11-18T09:30:00+08:00",
            "text": "The lock",
        }
    ]
    copy = ledger.path(one).with_suffix("") / "门 1.jpg"
    assert copy.read_bytes() == photo.read_bytes()
    assert ledger.git("status", "--porcelain") == ""
    assert ledger.git("log", "-1", "--format=%B").strip() == (
        f"{one}: attached 门 1.jpg\n\nComplaint: {one}\nAction: attach"
    )
    assert ledger("check") == (0, "", "1 record: no problems\n")


def test_several_files_go_into_one_commit(ledger: Ledger, one: str, photo: Path) -> None:
    other = photo.with_name("b.txt")
    other.write_bytes(b"")
    assert ledger.ok("attach", one, str(photo), str(other)) == f"{one}: attached 门 1.jpg, b.txt\n"
    assert [item["file"] for item in evidence(ledger, one)] == ["门 1.jpg", "b.txt"]
    assert ledger.git("show", "--name-only", "--format=").count("\n") == 3


def test_a_name_that_is_taken_is_refused_and_nothing_is_copied(ledger: Ledger, one: str, photo: Path) -> None:
    ledger.ok("attach", one, str(photo))
    head = ledger.git("rev-parse", "HEAD")
    other = photo.with_name("b.txt")
    other.write_bytes(b"b")
    photo.write_bytes(b"another")
    outcome = ledger("attach", one, str(other), str(photo))
    assert outcome == (2, "", f"{one} already has evidence named '门 1.jpg'; rename the new file\n")
    assert (ledger.git("rev-parse", "HEAD"), ledger.git("status", "--porcelain")) == (head, "")
    assert not (ledger.path(one).with_suffix("") / "b.txt").exists()


def test_one_name_given_twice_is_refused(ledger: Ledger, one: str, photo: Path) -> None:
    (photo.parent / "x").mkdir()
    twin = photo.parent / "x" / photo.name
    twin.write_bytes(b"twin")
    assert ledger("attach", one, str(photo), str(twin)).code == 2
    assert not ledger.path(one).with_suffix("").exists()


def test_a_file_that_was_put_into_the_folder_by_hand_is_taken_in_where_it_lies(ledger: Ledger, one: str) -> None:
    folder = ledger.path(one).with_suffix("")
    folder.mkdir()
    (folder / "a.jpg").write_bytes(b"a")
    relative = folder.relative_to(ledger.root)
    assert ledger("check").out.endswith(f"run: cpl attach {one} {relative}/a.jpg\n")
    assert ledger.ok("attach", one, str(folder / "a.jpg")) == f"{one}: attached a.jpg\n"
    assert ledger.git("status", "--porcelain") == ""
    assert ledger("check") == (0, "", "1 record: no problems\n")
    (folder / "b.jpg").write_bytes(b"b")
    outside = ledger.root.parent / "b.jpg"
    outside.write_bytes(b"another b")
    outcome = ledger("attach", one, str(outside))
    assert (outcome.code, outcome.err) == (
        2,
        f"{folder}/b.jpg can't be written: something of this name is there already; choose another name\n",
    )
    assert (folder / "b.jpg").read_bytes() == b"b"


def _make_link(path: Path) -> None:
    path.symlink_to("/etc/hostname")


@pytest.mark.parametrize(
    ("name", "make", "error"),
    [
        ("none.jpg", lambda _path: None, "{path} can't be read: it does not exist; check the name"),
        ("folder", Path.mkdir, "{path} can't be read: it is not a regular file; name a file"),
        ("pipe", os.mkfifo, "{path} can't be read: it is not a regular file; name a file"),
        (
            "link.jpg",
            _make_link,
            "{path} can't be read: it is a symbolic link; name the file that it points to",
        ),
        (
            ".hidden",
            Path.touch,
            "'.hidden' can't be the name of evidence; rename the file (no control characters, at most 200 bytes)",
        ),
        (
            "a\nb.jpg",
            Path.touch,
            "'a\nb.jpg' can't be the name of evidence; rename the file (no control characters, at most 200 bytes)",
        ),
        (
            "\u202egpj.exe",
            Path.touch,
            "'<U+202E>gpj.exe' can't be the name of evidence; "
            "rename the file (no control characters, at most 200 bytes)",
        ),
        (
            "长" * 70,
            Path.touch,
            "'" + "长" * 70 + "' can't be the name of evidence; "
            "rename the file (no control characters, at most 200 bytes)",
        ),
    ],
    ids=["missing", "folder", "pipe", "link", "hidden", "newline", "bidi", "long"],
)
def test_what_can_not_be_evidence_is_refused(
    ledger: Ledger, one: str, tmp_path: Path, name: str, make: Any, error: str
) -> None:
    path = tmp_path / "of" / name
    path.parent.mkdir()
    make(path)
    assert ledger("attach", one, str(path)) == (2, "", error.format(path=path) + "\n")
    assert ledger.git("status", "--porcelain") == ""


def test_a_date_that_is_none_is_refused(ledger: Ledger, one: str, photo: Path) -> None:
    outcome = ledger("attach", one, str(photo), "--taken-at", "2026-02-30")
    assert (outcome.code, outcome.err.rpartition("\n\n")[2]) == (
        2,
        "Error: Invalid value for --taken-at: '2026-02-30' does not exist: day is out of range for month\n",
    )


def test_a_file_hidden_by_gitignore_is_not_lost(ledger: Ledger, one: str, photo: Path) -> None:
    (ledger.root / ".gitignore").write_text("*.jpg\n", encoding="utf-8")
    ledger.commit()
    before = ledger.path(one).read_bytes()
    outcome = ledger("attach", one, str(photo))
    assert outcome.code == 2
    assert outcome.err.startswith("the commit was refused, nothing was written; git or a hook says:\n")
    assert ledger.path(one).read_bytes() == before
    assert not ledger.path(one).with_suffix("").exists()
