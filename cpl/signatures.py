"""Who wrote and who signed a commit or a tag, by git's own verification and a tree's people; not what is allowed."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase
from typing import Final, Literal, TypeAlias

from cpl.config import Person, Settings
from cpl.git import Git
from cpl.patterns import bytes_regex, regex
from cpl.values import frozen

Grade: TypeAlias = Literal["good", "untrusted", "expired", "revoked", "bad", "unknown", "unchecked", "none"]
"""What became of a signature.

`untrusted`: good, by a GPG key that is there and that nobody said to be trusted. `expired`: good, but it, or its key,
had an end that is past. `unknown`: by a key that this computer does not know. `unchecked`: there is one, and git can't
check it here, as without gpg, or without gpg.ssh.allowedSignersFile. `none`: not signed.
"""

# Neither %GT nor verify-commit: where a signature can't be checked the one stops git, the other says nothing.
FORMAT: Final = "%G?%n%GF%n%GK%n%GS"
"""What `git log` is asked for to tell a signature: four lines for `read`."""

_LETTERS: Final[dict[str, Grade]] = {"G": "good", "U": "untrusted", "X": "expired", "Y": "expired", "R": "revoked"}
_FAILED: Final[dict[str, Grade]] = {"B": "bad", "E": "unknown"}
_OF_GPG: Final[dict[str, Grade]] = {
    "GOODSIG": "good",
    "EXPSIG": "expired",
    "EXPKEYSIG": "expired",
    "REVKEYSIG": "revoked",
    "BADSIG": "bad",
    "ERRSIG": "unknown",
}
_STATUS: Final = regex(rf"^\[GNUPG:\] ({'|'.join(_OF_GPG)}) (\S+) ?(.*)$", re.MULTILINE)
_FINGERPRINT: Final = regex(r"^\[GNUPG:\] VALIDSIG (\S+)", re.MULTILINE)
_UNTRUSTED: Final = regex(r"^\[GNUPG:\] TRUST_(?:UNDEFINED|NEVER)\b", re.MULTILINE)
_SSH: Final = regex(r'^Good "git" signature (?:for (.+) )?with \S+ key (\S+)', re.MULTILINE)
_IN_COMMIT: Final = bytes_regex(rb"^gpgsig(?:-sha256)? ", re.MULTILINE)
_IN_TAG: Final = bytes_regex(
    rb"^-----BEGIN (?:SSH SIGNATURE|PGP SIGNATURE|PGP MESSAGE|SIGNED MESSAGE)-----$", re.MULTILINE
)
_ADDRESS: Final = regex(r"<([^<>]*)>\s*$")


@frozen
class Signature:
    """What git says of a signature; `key` is a fingerprint, or as much of it as is known, `signer` whom it names."""

    grade: Grade
    key: str = ""
    signer: str = ""

    @property
    def is_valid(self) -> bool:
        """Whether the text is what the key signed, and the key is one that this computer knows."""
        return self.grade in ("good", "untrusted")

    @property
    def addresses(self) -> tuple[str, ...]:
        """The addresses of the signer: of a GPG key the one, of SSH those in the file of allowed signers, `*` too."""
        found = _ADDRESS.search(self.signer)
        return tuple(filter(None, [found[1]] if found else self.signer.split(",")))


def author_of(settings: Settings, email: str) -> Person | None:
    """The person who wrote a commit, by the people of the commit's own tree; None: the address is nobody's."""
    return settings.person_with(email)


def is_by(signature: Signature, email: str, settings: Settings | None) -> bool:
    """Whether the signer is the one with this address, by name or as the same person of a tree."""
    person = None if settings is None else settings.person_with(email)
    for address in signature.addresses:
        if fnmatchcase(email.casefold(), address.casefold()):
            return True
        if settings is not None and person is not None and settings.person_with(address) == person:
            return True
    return False


def of_commit(git: Git, commit: str) -> Signature:
    """The signature of a commit."""
    told = git.run("log", "-1", "--no-show-signature", f"--format={FORMAT}", "--end-of-options", commit)
    lines = told.decode("utf-8", "replace").split("\n")
    return read(lines, lambda: next(git.cat_files([commit])) or b"")


def read(lines: Sequence[str], commit: Callable[[], bytes]) -> Signature:
    """The signature that the four lines of FORMAT tell; `commit` gives the commit's own text, asked for when needed."""
    letter, fingerprint, key, signer = lines[:4]
    if letter in _LETTERS:
        is_unknown = letter == "U" and not signer  # SSH: whoever it was, it is nobody of the allowed signers
        return Signature("unknown" if is_unknown else _LETTERS[letter], fingerprint or key, signer)
    if letter in _FAILED:
        return Signature(_FAILED[letter], fingerprint or key, signer)
    headers = commit().partition(b"\n\n")[0]
    return Signature("unchecked" if _IN_COMMIT.search(headers) else "none")


def of_tag(git: Git, tag: str) -> Signature:
    """The signature of an annotated tag, named by its hash or as `refs/tags/NAME`."""
    text = next(git.cat_files([tag])) or b""
    if not _IN_TAG.search(text.partition(b"\n\n")[2]):
        return Signature("none")
    told = git.run("verify-tag", "--raw", "--end-of-options", tag, ok=(0, 1), with_words=True).decode(
        "utf-8", "replace"
    )
    if found := _SSH.search(told):
        return Signature("good" if found[1] else "unknown", found[2], found[1] or "")
    if status := _STATUS.search(told):
        fingerprint = _FINGERPRINT.search(told)
        grade = _OF_GPG[status[1]]
        is_untrusted = grade == "good" and _UNTRUSTED.search(told)
        signer = status[3] if grade not in ("unknown", "bad") else ""
        return Signature("untrusted" if is_untrusted else grade, fingerprint[1] if fingerprint else status[2], signer)
    return Signature("bad" if re.search(r"verification failed|incorrect signature", told, re.I) else "unchecked")
