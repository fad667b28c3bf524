"""Objects of git by name, from one process that goes on for as many as are asked for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import IO, Final

from cpl.git import Git

_CHUNK: Final = 1 << 20
_HEAD: Final = 1 << 10
_AT_ONCE: Final = 40  # see `Git.talking`
_AHEAD: Final = 1 << 24


class Objects:
    """What `git cat-file` tells; made by `reading`."""

    def __init__(self, git: Git, asked: IO[bytes], told: IO[bytes]) -> None:
        self._git = git
        self._asked = asked
        self._told = told
        self._ahead: dict[str, bytes] = {}

    def fetch(self, blobs: Iterable[str]) -> None:
        """Read blobs ahead that are wanted soon, as many as are not too much; what was read before is forgotten.

        Asked for one by one, each would wait until git has its turn.
        """
        self._ahead = {}
        left, size = iter(blobs), 0
        while size < _AHEAD and (some := list(islice(left, _AT_ONCE))):
            self._asked.write("".join(f"{blob}\n" for blob in some).encode())
            self._asked.flush()
            for blob in some:
                found = self._answer()
                if found is not None:
                    self._ahead[blob] = self._exactly(found + 1)[:-1]
                    size += found

    def read(self, spec: str) -> bytes | None:
        """The content of an object (`BLOB`, or `COMMIT:PATH`); None where it is not there."""
        if spec in self._ahead:
            return self._ahead.pop(spec)
        if "\n" in spec:
            return next(self._git.cat_files([spec]))
        size = self._ask(spec)
        return None if size is None else self._exactly(size + 1)[:-1]

    def digest(self, spec: str) -> tuple[bytes, str] | None:
        """The first KiB of an object and the SHA-256 of the whole, of which little is in memory at a time."""
        import hashlib  # 5 ms that most commits do not need

        if "\n" in spec:
            data = next(self._git.cat_files([spec]))
            return None if data is None else (data[:_HEAD], hashlib.sha256(data).hexdigest())
        size = self._ask(spec)
        if size is None:
            return None
        head = self._exactly(min(size, _HEAD))
        found = hashlib.sha256(head)
        for part in self._rest(size - len(head)):
            found.update(part)
        return head, found.hexdigest()

    def _rest(self, size: int) -> Iterator[bytes]:
        """What is left of an object, and its line end taken away."""
        while size > 0:
            part = self._exactly(min(size, _CHUNK))
            size -= len(part)
            yield part
        self._exactly(1)

    def _exactly(self, size: int) -> bytes:
        data = self._told.read(size)
        if len(data) < size:
            raise BrokenPipeError  # git has ended; `Git.talking` tells why
        return data

    def _ask(self, spec: str) -> int | None:
        self._asked.write(spec.encode("utf-8", "surrogateescape") + b"\n")
        self._asked.flush()
        return self._answer()

    def _answer(self) -> int | None:
        """The size of an object, whose content is to be read then; None where it is not there."""
        header = self._told.readline()
        if not header:
            raise BrokenPipeError  # git has ended; `Git.talking` tells why
        words = header.split()
        return int(words[2]) if len(words) == 3 and words[2].isdigit() and not header.endswith(b" missing\n") else None


@contextmanager
def reading(git: Git) -> Iterator[Objects]:
    """Objects of this repository, as long as the block goes on."""
    with git.talking("cat-file", "--batch") as (asked, told):
        yield Objects(git, asked, told)
