"""Seals: signed tags that say what a store held, so that a history that was rewritten later is found.

A seal names its commit and the SHA-256 of a list of all files, each with its own SHA-256, so that it rests on more than
git's hashes. docs/audit.md describes the format and how to work it out without cpl.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from gettext import gettext as _
from typing import Final

from cpl.errors import CplError, Problem
from cpl.git import Git, GitFailed
from cpl.judging import PATHS
from cpl.objects import Objects
from cpl.patterns import regex
from cpl.render import one_line
from cpl.store import RECORDS, read_entry
from cpl.tree import is_record
from cpl.values import frozen

FOLDER: Final = "seal/"
_REFS: Final = "refs/tags/seal/"
_FORMAT: Final = "1"
_FIELD: Final = regex(r"^(cpl-seal|commit|store|files|records|events|sha256|previous): (.+)$", re.MULTILINE)
_TAGGER: Final = regex(r"^tagger (.*) (-?\d+) [+-]\d{4}$", re.MULTILINE)
_REQUIRED: Final = ("commit", "store", "files", "records", "events", "sha256")


class NotSealed(CplError):
    """git could not make the signed tag."""

    def __init__(self, words: str) -> None:
        message = _(
            "not sealed, git could not sign: {words}\nname a key to sign with: git config user.signingKey KEY; for one "
            "of SSH also: git config gpg.format ssh, and KEY is the path of the .pub file"
        )
        super().__init__(message.format(words=words or "-"))


@frozen
class Content:
    """What a store holds in a commit: numbers of files, records and events, and the digest of the list of files."""

    files: int
    records: int
    events: int
    digest: str


@frozen
class Seal:
    """A seal as its tag tells it; `fields` is empty where the tag is no seal that this cpl can read."""

    name: str
    tag: str
    commit: str
    tagger: str
    at: datetime | None
    fields: dict[str, str]

    @property
    def ref(self) -> str:
        """The full name of the tag."""
        return f"refs/tags/{self.name}"


class Digests:
    """Digests of commits' files; what two commits have in common is read once."""

    def __init__(self, git: Git, objects: Objects) -> None:
        self._git = git
        self._objects = objects
        self._known: dict[bytes, bytes] = {}

    def of(self, commit: str) -> tuple[int, str]:
        """How many files there are and the SHA-256 of their list: a line `SHA-256  PATH` for each, sorted by path."""
        import hashlib  # 5 ms that most commands do not need

        found, count = hashlib.sha256(), 0
        for path, blob in sorted(files_of(self._git, commit)):
            count += 1
            found.update(f"{self._of_blob(blob)}  ".encode() + path + b"\n")
        return count, found.hexdigest()

    def _of_blob(self, blob: str) -> str:
        key = bytes.fromhex(blob)
        if key not in self._known:
            told = self._objects.digest(blob)
            self._known[key] = bytes.fromhex(told[1]) if told else b""
        return self._known[key].hex()

    def content(self, commit: str) -> Content:
        """What a seal says of a commit."""
        files, digest = self.of(commit)
        records = events = 0
        for name, blob in files_of(self._git, commit):
            path = os.fsdecode(name)
            if is_record(path, RECORDS):
                record = read_entry(path, self._objects.read(blob) or b"").record
                records += 1
                events += len(record.history) if record else 0
        return Content(files, records, events, digest)


def files_of(git: Git, commit: str) -> Iterator[tuple[bytes, str]]:
    """The store's files in a commit: their paths from the store's root, as bytes, and their blobs."""
    for entry in git.stream("ls-tree", "-r", "-z", "--end-of-options", commit, "--", *PATHS):
        about, _tab, path = entry.partition(b"\t")
        _mode, kind, blob = about.decode().split(" ")
        if kind == "blob":
            yield path, blob


def prefix(git: Git) -> str:
    """Where the store lies in the repository; `.` at the top."""
    return os.fsdecode(git.run("rev-parse", "--show-prefix").removesuffix(b"\n")).rstrip("/") or "."


def make(git: Git, commit: str, content: Content, store: tuple[str, str], at: datetime) -> str:
    """Seal what a commit holds with a signed tag, by the user's settings; its name. `store` is its name and place.

    Raises:
        NotSealed: git can't sign, or a tag of this name is there.
    """
    name, place = store
    tag = f"{FOLDER}{at:%Y-%m-%d-%H%M%S}"
    earlier = [each for each in seals(git, None, place) if each.fields]
    fields = {
        "cpl-seal": _FORMAT,
        "commit": commit,
        "store": place,
        "files": str(content.files),
        "records": str(content.records),
        "events": str(content.events),
        "sha256": content.digest,
    }
    if earlier:
        fields["previous"] = f"{earlier[-1].name} {earlier[-1].tag}"
    lines = [one_line(_("Seal of {name}").format(name=name or place)), "", *(f"{key}: {fields[key]}" for key in fields)]
    message = "\n".join(lines) + "\n"
    try:
        git.run("tag", "--sign", "--cleanup=verbatim", "--file=-", tag, commit, input=message.encode(), write=True)
    except GitFailed as error:
        raise NotSealed(error.words) from error
    return tag


def seals(git: Git, objects: Objects | None, place: str) -> Sequence[Seal]:
    """The seals of the store at `place` in the repository, and tags among them that can't be read, the oldest first."""
    told = git.run("for-each-ref", "--format=%(refname) %(objecttype) %(objectname)", _REFS).decode().splitlines()
    refs = [line.split(" ") for line in told]
    tags = [tag for _ref, _kind, tag in refs]
    contents = git.cat_files(tags) if objects is None else map(objects.read, tags)
    found = [
        _seal(ref.removeprefix("refs/tags/"), kind, tag, data or b"")
        for (ref, kind, tag), data in zip(refs, contents, strict=True)
    ]
    ours = [each for each in found if each.fields.get("store", place) == place]
    return sorted(ours, key=lambda each: (each.at.timestamp() if each.at else 0, each.name))


def _seal(name: str, kind: str, tag: str, data: bytes) -> Seal:
    head, _blank, message = data.decode("utf-8", "replace").partition("\n\n")
    headers = dict(line.partition(" ")[::2] for line in head.split("\n")) if kind == "tag" else {}
    fields = dict(_FIELD.findall(message))
    is_right = headers.get("type") == "commit" and headers.get("tag") == name
    is_seal = is_right and fields.get("cpl-seal") == _FORMAT and all(each in fields for each in _REQUIRED)
    tagger = _TAGGER.search(head)
    at = datetime.fromtimestamp(int(tagger[2]), UTC) if tagger and len(tagger[2]) < len("99999999999") else None
    return Seal(name, tag, headers.get("object", tag), tagger[1] if tagger else "", at, fields if is_seal else {})


def check(seal: Seal, digests: Digests, where: str, known: Sequence[Seal]) -> Iterator[Problem]:
    """What is wrong with a seal; `where` says how its commit lies to HEAD: `in`, `after` or `beside` its history."""
    if not seal.fields:
        message = _("is no seal that this cpl can read; ask who made it; a seal is made by: cpl verify --seal")
        yield Problem(seal.ref, 1, "E210", message)
        return
    if seal.fields["commit"] != seal.commit:
        message = _("says that it seals {said}, but stands at {commit}; get the right one where it was published")
        yield Problem(seal.ref, 1, "E210", message.format(said=seal.fields["commit"][:12], commit=seal.commit[:12]))
    yield from _place(seal, where)
    count, digest = digests.of(seal.commit)
    if digest != seal.fields["sha256"]:
        message = _("the {count} files of commit {commit} give another SHA-256 than the {files} that were sealed")
        message = message.format(count=count, commit=seal.commit[:12], files=seal.fields["files"])
        yield Problem(seal.ref, 1, "E212", message)
    yield from _previous(seal, known)


def _place(seal: Seal, where: str) -> Iterator[Problem]:
    said = {"commit": seal.commit[:12]}
    if where == "after":
        message = _("seals {commit}, which HEAD has not yet; bring this clone up to date: git pull")
        yield Problem(seal.ref, 1, "W213", message.format(**said))
    elif where == "beside":
        message = _(
            "what was sealed is not part of this history: it was rewritten, or HEAD is another branch; compare: "
            "git diff {commit} HEAD"
        )
        yield Problem(seal.ref, 1, "E211", message.format(**said))


def _previous(seal: Seal, known: Sequence[Seal]) -> Iterator[Problem]:
    name, _blank, tag = seal.fields.get("previous", "").partition(" ")
    if name and not any(each.name == name and each.tag == tag for each in known):
        message = _("names {name} as the seal before it, which is not here as it was then; get it: git fetch --tags")
        yield Problem(seal.ref, 1, "E214", message.format(name=name))
