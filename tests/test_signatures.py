"""What git says of real signatures, by SSH and GPG, of commits and tags; and whose they are."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from cpl import signatures
from cpl.git import Git
from cpl.signatures import Signature
from tests import keys
from tests.ledger import settings

ADDRESS = "li.na@example.org"


def git(root: Path, *args: str) -> str:
    return subprocess.run(["git", *args], cwd=root, check=True, capture_output=True, text=True).stdout.strip()


def committed(root: Path, message: str, *options: str) -> str:
    git(root, "commit", "--quiet", "--allow-empty", "--message", message, *options)
    return git(root, "rev-parse", "HEAD")


def tagged(root: Path, name: str, *options: str) -> str:
    git(root, "tag", "--message", "words", *(options or ("-s",)), name)
    return f"refs/tags/{name}"


def forged(root: Path, kind: str, name: str) -> str:
    """The same signature below other words."""
    text = git(root, "cat-file", kind, name) + "\n"
    assert text.count("words\n") == 1
    command = ["git", "hash-object", "-t", kind, "-w", "--stdin"]
    changed = text.replace("words\n", "other words\n").encode()
    return subprocess.run(command, cwd=root, input=changed, check=True, capture_output=True).stdout.decode().strip()


def test_unsigned_commit_and_tag_have_no_signature(repo: Path) -> None:
    commit = committed(repo, "words")
    assert signatures.of_commit(Git(repo), commit) == Signature("none")
    assert signatures.of_tag(Git(repo), tagged(repo, "plain", "-a")) == Signature("none")


@keys.needs_ssh
def test_ssh_signatures(repo: Path, tmp_path: Path) -> None:
    key, other = keys.ssh_key(tmp_path, "key"), keys.ssh_key(tmp_path, "other")
    keys.sign_with_ssh(repo, key, f"{ADDRESS} {keys.public_ssh(key)}\n")
    commit, tag = committed(repo, "words"), tagged(repo, "good")
    good = Signature("good", keys.ssh_fingerprint(key), ADDRESS)
    assert signatures.of_commit(Git(repo), commit) == good
    assert signatures.of_tag(Git(repo), tag) == good
    assert signatures.of_commit(Git(repo), forged(repo, "commit", commit)).grade == "bad"
    assert signatures.of_tag(Git(repo), forged(repo, "tag", tag)).grade == "bad"
    keys.configure(repo, {"user.signingKey": f"{other}.pub"})
    unknown = Signature("unknown", keys.ssh_fingerprint(other))
    assert signatures.of_commit(Git(repo), committed(repo, "other")) == unknown
    assert signatures.of_tag(Git(repo), tagged(repo, "unknown")) == unknown


@keys.needs_ssh
def test_ssh_signature_is_unchecked_where_git_knows_no_signers(repo: Path, tmp_path: Path) -> None:
    keys.sign_with_ssh(repo, keys.ssh_key(tmp_path, "key"), None)
    commit, tag = committed(repo, "words"), tagged(repo, "signed")
    assert signatures.of_commit(Git(repo), commit) == Signature("unchecked")
    assert signatures.of_tag(Git(repo), tag) == Signature("unchecked")


@pytest.fixture
def home() -> Iterator[Path]:
    with keys.gpg_home() as folder:
        yield folder


@keys.needs_gpg
def test_gpg_signatures(repo: Path, home: Path) -> None:
    key = keys.gpg_key(ADDRESS, "Li Na")
    keys.configure(repo, {"user.signingKey": key, "commit.gpgSign": "true"})
    commit, tag = committed(repo, "words"), tagged(repo, "good")
    good = Signature("good", key, f"Li Na <{ADDRESS}>")
    assert signatures.of_commit(Git(repo), commit) == good
    assert signatures.of_tag(Git(repo), tag) == good
    assert signatures.of_commit(Git(repo), forged(repo, "commit", commit)).grade == "bad"
    assert signatures.of_tag(Git(repo), forged(repo, "tag", tag)).grade == "bad"
    (home / "trustdb.gpg").unlink()
    assert signatures.of_commit(Git(repo), commit) == replace(good, grade="untrusted")
    assert signatures.of_tag(Git(repo), tag) == replace(good, grade="untrusted")
    with keys.gpg_home():  # a computer that lacks the key
        assert signatures.of_commit(Git(repo), commit) == Signature("unknown", key[-16:])
        assert signatures.of_tag(Git(repo), tag) == Signature("unknown", key[-16:])
    keys.configure(repo, {"gpg.program": "/nonexistent"})
    assert signatures.of_commit(Git(repo), commit) == Signature("unchecked")
    assert signatures.of_tag(Git(repo), tag) == Signature("unchecked")


@pytest.mark.parametrize(
    ("signer", "is_theirs"),
    [
        (ADDRESS, True),
        ("Li.Na@Example.org", True),
        (f"Li Na <{ADDRESS}>", True),
        ("na@home.example", True),
        ("somebody@example.org,na@home.example", True),
        ("*@example.org", True),
        ("zhao.qiang@example.org", False),
        ("Li Na <li.na@example.org> <zhao.qiang@example.org>", False),
        ("li.na", False),
        ("", False),
    ],
)
def test_signer_is_the_author_by_address_or_as_the_same_person(signer: str, *, is_theirs: bool) -> None:
    store = settings(
        "format: 1\ntimezone: Asia/Shanghai\nprofile: residential\npeople:\n"
        f"- {{id: li.na, emails: [{ADDRESS}, na@home.example]}}\n"
        "- {id: zhao.qiang, emails: [zhao.qiang@example.org]}\n"
    )
    assert signatures.is_by(Signature("good", "key", signer), ADDRESS, store) is is_theirs


def test_author_is_the_person_with_the_address() -> None:
    found = signatures.author_of(settings(), "Li.Na@example.org")
    assert found is not None
    assert found.id == "li.na"
    assert signatures.author_of(settings(), "nobody@example.org") is None
