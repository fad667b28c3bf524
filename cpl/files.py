"""The only writer: files are read whole, written whole or not at all, and put back; not what is in them."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import suppress
from gettext import gettext as _
from pathlib import Path
from typing import Final

from cpl.errors import CplError
from cpl.values import frozen, replace

_CHUNK: Final = 1 << 20
_READ_FLAGS: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
_NEW_FLAGS: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_STAGED: Final = ".cpl-"
_STAGED_LENGTH: Final = len(_STAGED) + 16


class Unreadable(CplError):
    """A file that can't be read; `reason` says why and what to do."""

    def __init__(self, path: Path, reason: str) -> None:
        self.path, self.reason = path, reason
        super().__init__(_("{path} can't be read: {reason}").format(path=path, reason=reason))


class Missing(Unreadable):
    """A file that is not there."""


class WriteFailed(CplError):
    """A file that can't be written; what was there before still is. `reason` says why and what to do."""

    def __init__(self, path: Path, reason: str) -> None:
        self.path, self.reason = path, reason
        super().__init__(_("{path} can't be written: {reason}").format(path=path, reason=reason))


class AlreadyThere(WriteFailed):
    """A new file whose name is taken; what has the name was not touched."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, _("something of this name is there already; choose another name"))


class Changed(WriteFailed):
    """A file that is no longer what its next version was made from; it was not touched."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, _("it was changed by somebody else in the meantime; try again"))


class NotPutBack(CplError):
    """A transaction failed, and some of its files could not be made again as they were."""

    def __init__(self, failures: Iterable[WriteFailed]) -> None:
        self.paths = tuple(failure.path for failure in failures)
        names = ", ".join(map(str, self.paths))
        words = _("not put back as before: {names}; compare them with `git diff` and `git status`")
        super().__init__(words.format(names=names))


def explain(error: OSError) -> str:
    """Why the system refused, in words and with the remedy."""
    kind = errno.EACCES if isinstance(error, PermissionError) else error.errno or 0
    words = {
        errno.ENOENT: _("it does not exist; check the name"),
        errno.ENOTDIR: _("part of its path is a file, not a folder; move that file away"),
        errno.EEXIST: _("part of its path is a file, not a folder; move that file away"),
        errno.EISDIR: _("it is a folder; name a file"),
        errno.ELOOP: _("it is a symbolic link; name the file that it points to"),
        errno.EACCES: _("permission denied; check the owner and mode of the file and its folder"),
        errno.EROFS: _("the file system is read-only; mount it for writing"),
        errno.ENOSPC: _("the disk is full; free some space and try again"),
        errno.EDQUOT: _("your disk quota is used up; free some space and try again"),
        errno.EFBIG: _("the file is larger than the system allows; see `ulimit -f`"),
        errno.ENAMETOOLONG: _("its name is too long; choose a shorter one"),
    }
    return words.get(kind) or _("{words}; mend that and try again").format(words=error.strerror)


def read(path: Path | str, limit: int, told: list[os.stat_result] | None = None) -> bytes:
    """The bytes of a regular file of at most `limit` bytes.

    What the system says of the file, from before it was read, is added to `told`.

    Raises:
        Missing: nothing is there.
        Unreadable: a link, folder, pipe or device, larger than `limit`, or not ours to read.
    """
    try:
        descriptor = os.open(path, _READ_FLAGS)
        try:
            size = _size(descriptor, path, told)
            data = piece = os.read(descriptor, size)
            while len(piece) == size and len(data) <= limit:
                piece = os.read(descriptor, size)
                data += piece
        finally:
            os.close(descriptor)
    except OSError as error:
        raise _refused(path, error) from error
    if len(data) > limit:
        raise Unreadable(Path(path), _("it is larger than {limit} bytes; make it smaller").format(limit=limit))
    return data


def _size(descriptor: int, path: Path | str, told: list[os.stat_result] | None = None) -> int:
    """How many bytes of a regular file are read at once; one of ordinary size takes one read. Raises Unreadable."""
    about = os.fstat(descriptor)
    if told is not None:
        told.append(about)
    if not stat.S_ISREG(about.st_mode):
        raise Unreadable(Path(path), _("it is not a regular file; name a file"))
    return min(about.st_size + 1, _CHUNK)


def _refused(path: Path | str, error: OSError) -> Unreadable:
    is_missing = isinstance(error, FileNotFoundError | NotADirectoryError)
    return (Missing if is_missing else Unreadable)(Path(path), explain(error))


def read_below(root: Path, path: str, limit: int) -> bytes:
    """As `read`, of a file that no symbolic link leads to from outside of `root`. Raises: as `read`."""
    full = root / path
    real = os.path.realpath(full.parent)
    if not Path(real).is_relative_to(os.path.realpath(root)):
        words = _("its folder is really {real}, outside {root}; remove the link")
        raise Unreadable(full, words.format(real=real, root=root))
    return read(full, limit)


def tail(path: Path, length: int) -> bytes:
    """The last bytes of a file of any size, at most `length`. Raises: OSError."""
    with path.open("rb") as stream:
        stream.seek(max(0, stream.seek(0, os.SEEK_END) - length))
        return stream.read(length)


def beginning(path: Path, size: int) -> bytes:
    """The first `size` bytes of a regular file, at most a MiB; fewer where it has no more. Raises: as `read`."""
    return next(_chunks(path))[:size]


def sha256(path: Path) -> str:
    """The SHA-256 of a regular file's bytes, in hex. Raises: as `read`."""
    found: list[str] = []
    for _piece in _hashed(path, found):
        pass
    return found[0]


def write(
    path: Path,
    data: bytes,
    *,
    root: Path,
    durable: bool = True,
    mode: int | None = None,
    expected: bytes | None = None,
) -> None:
    """Put `data` at `path`, whole or not at all; the mode of a file that was there is kept, folders are made.

    `root` is the folder that no symbolic link may lead out of. `durable=False` skips fsync. With `mode` the file
    gets that one, whatever it had; with `expected`, it has to hold these bytes up to the last moment.

    Raises:
        Changed: it does not.
        WriteFailed: refused; what was there still is.
    """
    _place(path, [data], _How(root, durable=durable, mode=mode, expected=expected))


def write_new(path: Path, data: bytes, *, root: Path, durable: bool = True, mode: int | None = None) -> None:
    """As `write`, but raises AlreadyThere when anything of that name exists."""
    _place(path, [data], _How(root, new=True, durable=durable, mode=mode))


def write_pieces(path: Path, pieces: Iterable[bytes], *, root: Path) -> None:
    """As `write_new`, of data that comes piece by piece."""
    _place(path, pieces, _How(root, new=True))


def copy_in(source: Path, target: Path, *, root: Path, durable: bool = True) -> str:
    """Copy a regular file's bytes to the new file `target`; the SHA-256 of the bytes copied, in hex.

    Raises:
        Unreadable: `source` can't be read.
        AlreadyThere, WriteFailed: as `write_new`.
    """
    found: list[str] = []
    _place(target, _hashed(source, found), _How(root, new=True, durable=durable))
    return found[0]


def remove(path: Path, *, root: Path, durable: bool = True) -> None:
    """Remove a file (or a link itself), but not by way of a link that leads out of `root`.

    Raises:
        WriteFailed: it is not there, or may not be removed.
    """
    refuse_way_out(path, root)
    try:
        path.unlink()
    except OSError as error:
        raise WriteFailed(path, explain(error)) from error
    if durable:
        _sync_folder(path.parent)


def remove_if_there(path: Path, *, root: Path) -> None:
    """As `remove`, of a file that may be gone."""
    if os.path.lexists(path):
        remove(path, root=root)


def move(path: Path, target: Path, *, root: Path, replace: bool = False) -> None:
    """Give a file (or a link itself) another name; its bytes, mode and times stay.

    Raises:
        AlreadyThere: something has that name, and it is not to be replaced.
        WriteFailed: refused; both are as they were.
    """
    for each in (path, target):
        refuse_way_out(each, root)
    if not replace and os.path.lexists(target):
        raise AlreadyThere(target)
    try:
        path.rename(target)
    except OSError as error:
        raise WriteFailed(path, explain(error)) from error
    _sync_folder(target.parent)


def keep(folder: Path, name: str, text: str) -> Path:
    """Save text that could not be used in a new private file of `folder`, numbered if the name is taken."""
    data = text.encode("utf-8", "surrogateescape")
    wanted, number = folder / name, 1
    while True:
        with suppress(AlreadyThere):
            _place(wanted, [data], _How(folder, new=True, mode=0o600))
            return wanted
        number += 1
        wanted = folder / f"{Path(name).stem}-{number}{Path(name).suffix}"


def is_staged(name: str) -> bool:
    """Whether a file of this name is one that was being written: it is there only for that moment."""
    return name.startswith(_STAGED) and len(name) == _STAGED_LENGTH


def remove_empty(folder: Path, *, root: Path) -> None:
    """Remove the folder, and those around it up to `root`, as far as they are empty."""
    while folder != root and folder.is_relative_to(root):
        try:
            folder.rmdir()
        except OSError:  # it holds something, or is gone
            return
        folder = folder.parent


def _hashed(path: Path, found: list[str]) -> Iterator[bytes]:
    """The bytes of a file, piece by piece; when all were taken, their SHA-256 in hex is added to `found`."""
    import hashlib  # 5 ms that most commands do not need

    digest = hashlib.sha256()
    for piece in _chunks(path):
        digest.update(piece)
        yield piece
    found.append(digest.hexdigest())


def _chunks(path: Path) -> Iterator[bytes]:
    """The bytes of a regular file, piece by piece."""
    try:
        descriptor = os.open(path, _READ_FLAGS)
        try:
            size = _size(descriptor, path)
            while len(piece := os.read(descriptor, size)) == size:
                yield piece
            yield piece
        finally:
            os.close(descriptor)
    except OSError as error:
        raise _refused(path, error) from error


@frozen
class _How:
    """How a file is put at its place: see `write`, `write_new` and `Transaction.write`."""

    root: Path
    new: bool = False
    durable: bool = True
    mode: int | None = None
    expected: bytes | None = None


def _place(path: Path, chunks: Iterable[bytes], how: _How) -> None:
    refuse_way_out(path, how.root)
    made = missing_folders(path.parent)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        kept = None if how.new else _mode_to_keep(path)
        _stage_and_rename(path, chunks, replace(how, mode=kept if how.mode is None else how.mode))
    except BaseException as error:
        for folder in reversed(made):
            with suppress(OSError):
                folder.rmdir()
        if isinstance(error, OSError):
            raise WriteFailed(path, explain(error)) from error
        raise
    if how.durable:
        for folder in [path.parent, *(folder.parent for folder in made)]:
            _sync_folder(folder)


def _stage_and_rename(path: Path, chunks: Iterable[bytes], how: _How) -> None:
    staged = path.with_name(f"{_STAGED}{os.urandom(8).hex()}")
    try:
        descriptor = os.open(staged, _NEW_FLAGS, 0o666 if how.mode is None else 0o600)
        _fill(descriptor, chunks, how)
        if how.new:
            _claim(path)
        elif how.expected is not None and b"".join(_chunks(path)) != how.expected:
            raise Changed(path)
        staged.replace(path)
    finally:
        staged.unlink(missing_ok=True)


def _claim(path: Path) -> None:
    """Take a name that nobody has; a hard link would do it too, but not every file system has them."""
    try:
        os.close(os.open(path, _NEW_FLAGS, 0o666))
    except FileExistsError as error:
        raise AlreadyThere(path) from error


def _mode_to_keep(path: Path) -> int | None:
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return None
    if not stat.S_ISREG(mode):
        raise WriteFailed(path, _("it is a link, folder or device, not a regular file; move it away"))
    return stat.S_IMODE(mode)


def _fill(descriptor: int, chunks: Iterable[bytes], how: _How) -> None:
    with os.fdopen(descriptor, "wb") as stream:
        for piece in chunks:
            stream.write(piece)
        stream.flush()
        if how.mode is not None:
            os.fchmod(descriptor, how.mode)
        if how.durable:
            os.fsync(descriptor)


def _sync_folder(folder: Path) -> None:
    # The file is in place and whole by now, and some network file systems can't sync a folder.
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def missing_folders(folder: Path) -> list[Path]:
    """The folders that making `folder` would make, outermost first."""
    missing = []
    while not os.path.lexists(folder):
        missing.append(folder)
        folder = folder.parent
    return missing[::-1]


def refuse_way_out(path: Path, root: Path) -> None:
    """Raise WriteFailed when a symbolic link leads from `root` to a file outside of it."""
    real = Path(os.path.realpath(path.parent))
    if not real.is_relative_to(os.path.realpath(root)):
        words = _("its folder is really {real}, outside {root}; remove the link or write there")
        raise WriteFailed(path, words.format(real=real, root=root))
