"""Several writes that happen together, or not at all; how one file is written is said in `files`."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from cpl import files
from cpl.errors import CplError
from cpl.files import AlreadyThere, NotPutBack, WriteFailed

_LIMIT: Final = 1 << 40


class Transaction:
    """Several writes that happen together: when the block fails, each file is as it was, byte for byte."""

    def __init__(self, root: Path, *, durable: bool = True) -> None:
        self._root = root
        self._durable = durable
        self._before: list[tuple[Path, bytes | None]] = []
        self._made: list[Path] = []

    @property
    def paths(self) -> tuple[Path, ...]:
        """What was touched, in order, each once."""
        return tuple(dict.fromkeys(path for path, _old in self._before))

    def write(self, path: Path, data: bytes, *, expected: bytes | None = None) -> None:
        """As `files.write`; raises Changed when the file is not the `expected` one up to the last moment."""
        with self._noted(path):
            files.write(path, data, root=self._root, durable=self._durable, expected=expected)

    def create(self, path: Path, data: bytes) -> None:
        """As `files.write_new`."""
        with self._noted(path, new=True):
            files.write_new(path, data, root=self._root, durable=self._durable)

    def copy(self, source: Path, path: Path) -> str:
        """As `files.copy_in`."""
        with self._noted(path, new=True):
            return files.copy_in(source, path, root=self._root, durable=self._durable)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self._put_back()

    @contextmanager
    def _noted(self, path: Path, *, new: bool = False) -> Iterator[None]:
        """Note what is there before it is changed, so that an interrupt at any point is put back too."""
        files.refuse_way_out(path, self._root)
        if new and os.path.lexists(path):
            raise AlreadyThere(path)
        old = files.read(path, _LIMIT) if path.exists() else None
        self._before.append((path, old))
        self._made.extend(files.missing_folders(path.parent))
        try:
            yield
        except CplError:
            self._before.pop()
            raise

    def _put_back(self) -> None:
        failures = []
        for path, old in reversed(self._before):
            try:
                self._put_one_back(path, old)
            except WriteFailed as failure:
                failures.append(failure)
        for folder in reversed(self._made):
            with suppress(OSError):  # gone already, or somebody else has put a file there
                folder.rmdir()
        if failures:
            raise NotPutBack(failures)

    def _put_one_back(self, path: Path, old: bytes | None) -> None:
        if old is not None:
            files.write(path, old, root=self._root, durable=self._durable)
        elif os.path.lexists(path):
            files.remove(path, root=self._root, durable=self._durable)
