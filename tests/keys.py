"""Keys to sign with, SSH and GPG, made in folders of their own; and what git needs to know of them."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

_VERSION = subprocess.run(["git", "version"], check=True, capture_output=True, text=True).stdout
_NUMBERS = tuple(map(int, re.findall(r"\d+", _VERSION)[:2]))
needs_ssh = pytest.mark.skipif(
    shutil.which("ssh-keygen") is None or _NUMBERS < (2, 34), reason="git 2.34 signs with SSH, by ssh-keygen"
)
needs_gpg = pytest.mark.skipif(shutil.which("gpg") is None, reason="no gpg")


def ssh_key(folder: Path, name: str) -> Path:
    """A new private key without a passphrase; the public one lies beside it."""
    path = folder / name
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", str(path)], check=True)
    return path


def ssh_fingerprint(key: Path) -> str:
    """As git tells it: `SHA256:…`."""
    command = ["ssh-keygen", "-l", "-f", f"{key}.pub"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()[1]


def sign_with_ssh(root: Path, key: Path, allowed: str | None) -> None:
    """Have git sign with the key, and know the signers that `allowed` lists (None: no file)."""
    settings = {"gpg.format": "ssh", "user.signingKey": f"{key}.pub", "commit.gpgSign": "true"}
    if allowed is not None:
        (root / ".git" / "allowed").write_text(allowed, encoding="utf-8")
        settings["gpg.ssh.allowedSignersFile"] = str(root / ".git" / "allowed")
    configure(root, settings)


def configure(root: Path, settings: dict[str, str]) -> None:
    """Enter settings of git."""
    for name, value in settings.items():
        subprocess.run(["git", "config", name, value], cwd=root, check=True)


@contextmanager
def gpg_home() -> Iterator[Path]:
    """An empty folder of gpg's, with a short name: that of a socket in it has at most 100 characters."""
    home = Path(tempfile.mkdtemp(prefix="cpl-gpg-"))
    before = os.environ.get("GNUPGHOME")
    os.environ["GNUPGHOME"] = str(home)
    try:
        yield home
    finally:
        subprocess.run(["gpgconf", "--kill", "all"], check=False)
        shutil.rmtree(home, ignore_errors=True)
        os.environ.pop("GNUPGHOME")
        if before is not None:
            os.environ["GNUPGHOME"] = before


def gpg_key(address: str, name: str = "Somebody") -> str:
    """A new key without a passphrase in gpg's folder; its fingerprint."""
    lines = ("Key-Type: eddsa", "Key-Curve: ed25519", f"Name-Real: {name}", f"Name-Email: {address}")
    asked = "\n".join((*lines, "%no-protection", "%commit", ""))
    subprocess.run(["gpg", "--batch", "--quiet", "--gen-key"], input=asked.encode(), check=True, capture_output=True)
    command = ["gpg", "--batch", "--with-colons", "--list-keys", f"={name} <{address}>"]
    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return re.findall(r"^fpr:+(\w+):", told, re.MULTILINE)[-1]


def public_ssh(key: Path) -> str:
    """The public key as a line of the file of allowed signers has it, behind the address."""
    return " ".join(Path(f"{key}.pub").read_text(encoding="utf-8").split()[:2])
