"""The writer: whole or not at all, never out of the store, and put back when something fails."""

from __future__ import annotations

import errno
import hashlib
import os
import re
import resource
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cpl import files
from cpl.errors import CplError
from cpl.transactions import Transaction

Tree = dict[str, bytes | None]


def tree(root: Path) -> Tree:
    """Everything below a folder: the bytes of files, None for folders."""
    return {str(path.relative_to(root)): path.read_bytes() if path.is_file() else None for path in root.rglob("*")}


@contextmanager
def file_size_limit(size: int) -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@contextmanager
def umask(mask: int) -> Iterator[None]:
    old = os.umask(mask)
    try:
        yield
    finally:
        os.umask(old)


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    (folder / "precious").write_bytes(b"precious")
    return folder


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "store"
    folder.mkdir()
    return folder


# Reading


@pytest.mark.parametrize("size", [0, 1, 9, 10])
def test_read_gives_the_bytes_up_to_the_limit(root: Path, size: int) -> None:
    (root / "a").write_bytes(b"x" * size)
    assert files.read(root / "a", 10) == b"x" * size


def test_read_refuses_a_file_over_the_limit(root: Path) -> None:
    (root / "a").write_bytes(b"x" * 11)
    with pytest.raises(files.Unreadable) as caught:
        files.read(root / "a", 10)
    assert str(caught.value) == f"{root}/a can't be read: it is larger than 10 bytes; make it smaller"
    assert caught.value.path == root / "a"


def test_read_takes_files_of_several_pieces_and_files_without_a_size(root: Path) -> None:
    data = os.urandom(3_000_000)
    (root / "a").write_bytes(data)
    assert files.read(root / "a", 3_000_000) == data
    assert files.read(Path("/proc/self/stat"), 10_000).startswith(f"{os.getpid()} ".encode())


def link(path: Path) -> None:
    path.symlink_to("target")


def socket(path: Path) -> None:
    os.mknod(path, stat.S_IFSOCK | 0o600)


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (link, "it is a symbolic link; name the file that it points to"),
        (Path.mkdir, "it is not a regular file; name a file"),
        (os.mkfifo, "it is not a regular file; name a file"),
        (socket, "No such device or address; mend that and try again"),
    ],
)
def test_read_refuses_what_is_no_file(root: Path, make: Callable[[Path], None], reason: str) -> None:
    make(root / "a")
    with pytest.raises(files.Unreadable) as caught:
        files.read(root / "a", 10)
    assert caught.value.reason == reason
    assert not isinstance(caught.value, files.Missing)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("none", "it does not exist; check the name"),
        ("file/none", "part of its path is a file, not a folder; move that file away"),
    ],
)
def test_read_says_that_a_file_is_missing(root: Path, name: str, reason: str) -> None:
    (root / "file").touch()
    with pytest.raises(files.Missing) as caught:
        files.read(root / name, 10)
    assert caught.value.reason == reason


def test_sha256_is_that_of_the_bytes(root: Path) -> None:
    data = os.urandom(2_500_000)
    (root / "a").write_bytes(data)
    assert files.sha256(root / "a") == hashlib.sha256(data).hexdigest()


# Writing one file


def test_write_makes_folders_and_replaces_what_is_there(root: Path) -> None:
    for data in (b"old and longer", b"new"):
        files.write(root / "a/b/c", data, root=root)
        assert tree(root) == {"a": None, "a/b": None, "a/b/c": data}


@pytest.mark.parametrize("durable", [True, False])
def test_write_keeps_the_mode_of_a_file_and_gives_a_new_one_the_umask(root: Path, *, durable: bool) -> None:
    (root / "old").touch(mode=0o600)
    (root / "run").touch()
    (root / "run").chmod(0o755)
    with umask(0o027):
        for name in ("old", "run", "new"):
            files.write(root / name, b"x", root=root, durable=durable)
        files.write_new(root / "newer", b"x", root=root, durable=durable)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in root.iterdir()}
    assert modes == {"old": 0o600, "run": 0o755, "new": 0o640, "newer": 0o640}


def test_write_leaves_readers_of_the_old_file_with_the_old_bytes(root: Path) -> None:
    (root / "a").write_bytes(b"old")
    with (root / "a").open("rb") as reader:
        files.write(root / "a", b"new", root=root)
        assert reader.read() == b"old"


def test_write_that_fails_halfway_leaves_the_old_file_and_nothing_else(root: Path) -> None:
    (root / "a").write_bytes(b"old")
    with file_size_limit(100_000), pytest.raises(files.WriteFailed) as caught:
        files.write(root / "a", b"x" * 200_000, root=root)
    assert caught.value.reason == "the file is larger than the system allows; see `ulimit -f`"
    assert tree(root) == {"a": b"old"}


@pytest.mark.parametrize("write", [files.write, files.write_new])
def test_write_that_fails_takes_the_folders_that_it_made_away_again(root: Path, write: Callable[..., None]) -> None:
    (root / "kept").mkdir()
    with file_size_limit(100_000), pytest.raises(files.WriteFailed):
        write(root / "kept/made/too/a", b"x" * 200_000, root=root)
    assert tree(root) == {"kept": None}


def test_write_new_refuses_a_name_that_is_taken(root: Path) -> None:
    (root / "file").write_bytes(b"old")
    (root / "link").symlink_to("nowhere")
    (root / "folder").mkdir()
    for name in ("file", "link", "folder"):
        with pytest.raises(files.AlreadyThere) as caught:
            files.write_new(root / name, b"new", root=root)
        assert str(caught.value) == (
            f"{root}/{name} can't be written: something of this name is there already; choose another name"
        )
    assert sorted(path.name for path in root.iterdir()) == ["file", "folder", "link"]
    assert (root / "file").read_bytes() == b"old"


@pytest.mark.parametrize("make", [link, Path.mkdir, os.mkfifo])
def test_write_refuses_to_replace_what_is_no_file(root: Path, make: Callable[[Path], None]) -> None:
    make(root / "a")
    before = (root / "a").lstat()
    with pytest.raises(files.WriteFailed) as caught:
        files.write(root / "a", b"x", root=root)
    assert caught.value.reason == "it is a link, folder or device, not a regular file; move it away"
    assert (root / "a").lstat() == before
    assert [path.name for path in root.iterdir()] == ["a"]


def test_write_under_a_file_says_so(root: Path) -> None:
    (root / "file").touch()
    with pytest.raises(files.WriteFailed) as caught:
        files.write(root / "file/a", b"x", root=root)
    assert caught.value.reason == "part of its path is a file, not a folder; move that file away"


def writers() -> dict[str, Callable[[Path, Path], object]]:
    return {
        "write": lambda path, root: files.write(path, b"x", root=root),
        "write_new": lambda path, root: files.write_new(path, b"x", root=root),
        "copy_in": lambda path, root: files.copy_in(Path(__file__), path, root=root),
        "remove": lambda path, root: files.remove(path, root=root),
        "transaction": lambda path, root: Transaction(root).write(path, b"x"),
        "creation": lambda path, root: Transaction(root).create(path, b"x"),
    }


@pytest.mark.parametrize("writer", writers().values(), ids=writers().keys())
@pytest.mark.parametrize("name", ["out/precious", "out/new", "out/more/new", "deep/../../elsewhere/precious"])
def test_no_writer_follows_a_folder_link_out_of_the_root(
    root: Path, elsewhere: Path, writer: Callable[[Path, Path], object], name: str
) -> None:
    (root / "out").symlink_to(elsewhere)
    (root / "deep").mkdir()
    with pytest.raises(files.WriteFailed, match=r"outside .*; remove the link or write there"):
        writer(root / name, root)
    assert tree(elsewhere) == {"precious": b"precious"}


def test_write_follows_links_that_stay_inside_and_a_root_that_is_a_link(root: Path, tmp_path: Path) -> None:
    (root / "real").mkdir()
    (root / "inside").symlink_to("real")
    (tmp_path / "alias").symlink_to(root)
    files.write(tmp_path / "alias/inside/a", b"x", root=tmp_path / "alias")
    files.write(root / "inside/b", b"y", root=tmp_path / "alias")
    assert {path.name: path.read_bytes() for path in (root / "real").iterdir()} == {"a": b"x", "b": b"y"}


def test_write_survives_links_in_a_circle(root: Path) -> None:
    (root / "circle").symlink_to("circle")
    with pytest.raises(files.WriteFailed):
        files.write(root / "circle/a", b"x", root=root)
    assert [path.name for path in root.iterdir()] == ["circle"]


def test_remove_removes_a_file_and_says_when_there_is_none(root: Path) -> None:
    (root / "a").touch()
    files.remove(root / "a", root=root)
    assert tree(root) == {}
    with pytest.raises(files.WriteFailed) as caught:
        files.remove(root / "a", root=root, durable=False)
    assert str(caught.value) == f"{root}/a can't be written: it does not exist; check the name"


def test_write_gives_a_file_the_mode_that_is_asked_for(root: Path) -> None:
    for _time in range(2):
        files.write(root / "hook", b"x", root=root, mode=0o755)
        assert stat.S_IMODE((root / "hook").stat().st_mode) == 0o755
        (root / "hook").chmod(0o600)


def test_move_gives_another_name_and_replaces_only_when_asked_to(root: Path) -> None:
    files.write(root / "a", b"a", root=root, mode=0o751)
    files.write(root / "b", b"b", root=root)
    with pytest.raises(files.AlreadyThere):
        files.move(root / "a", root / "b", root=root)
    assert tree(root) == {"a": b"a", "b": b"b"}
    files.move(root / "a", root / "b", root=root, replace=True)
    assert (tree(root), stat.S_IMODE((root / "b").stat().st_mode)) == ({"b": b"a"}, 0o751)
    (root / "link").symlink_to("b")
    files.move(root / "link", root / "other", root=root)
    assert (root / "other").readlink() == Path("b")
    with pytest.raises(files.WriteFailed) as caught:
        files.move(root / "a", root / "c", root=root)
    assert caught.value.reason == "it does not exist; check the name"


def test_move_does_not_lead_out_of_the_root(root: Path, tmp_path: Path) -> None:
    (root / "out").symlink_to(tmp_path)
    (root / "a").touch()
    (tmp_path / "b").touch()
    for source, target in ((root / "a", root / "out/a"), (root / "out/b", root / "b")):
        with pytest.raises(files.WriteFailed, match="outside"):
            files.move(source, target, root=root)
    assert (root / "a").exists()
    assert (tmp_path / "b").exists()


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (errno.EACCES, "permission denied; check the owner and mode of the file and its folder"),
        (errno.EPERM, "permission denied; check the owner and mode of the file and its folder"),
        (errno.EROFS, "the file system is read-only; mount it for writing"),
        (errno.ENOSPC, "the disk is full; free some space and try again"),
        (errno.EDQUOT, "your disk quota is used up; free some space and try again"),
        (errno.EISDIR, "it is a folder; name a file"),
        (errno.ENAMETOOLONG, "its name is too long; choose a shorter one"),
        (errno.ENXIO, "No such device or address; mend that and try again"),
    ],
)
def test_a_refusal_is_told_in_words_with_the_remedy(code: int, words: str) -> None:
    assert files.explain(OSError(code, os.strerror(code))) == words


def test_names_that_are_too_long_are_refused(root: Path) -> None:
    with pytest.raises(files.WriteFailed) as caught:
        files.write(root / ("门" * 100), b"x", root=root)
    assert caught.value.reason == "its name is too long; choose a shorter one"
    assert tree(root) == {}


@given(st.binary(max_size=300), st.binary(max_size=300))
def test_what_is_written_is_read(first: bytes, second: bytes) -> None:
    with TemporaryDirectory() as folder:
        root = Path(folder)
        files.write_new(root / "a", first, root=root, durable=False)
        files.write(root / "a", second, root=root, durable=False)
        assert files.read(root / "a", 300) == second
        assert tree(root) == {"a": second}


# Copies


def test_copy_in_copies_and_tells_the_hash(root: Path, tmp_path: Path) -> None:
    data = os.urandom(2_500_000)
    (tmp_path / "photo").write_bytes(data)
    digest = files.copy_in(tmp_path / "photo", root / "evidence/door.jpg", root=root)
    assert digest == hashlib.sha256(data).hexdigest()
    assert tree(root) == {"evidence": None, "evidence/door.jpg": data}


def test_copy_in_never_replaces_evidence(root: Path, tmp_path: Path) -> None:
    (tmp_path / "photo").write_bytes(b"new")
    (root / "door.jpg").write_bytes(b"old")
    with pytest.raises(files.AlreadyThere):
        files.copy_in(tmp_path / "photo", root / "door.jpg", root=root)
    assert tree(root) == {"door.jpg": b"old"}


def test_copy_in_of_an_unreadable_source_leaves_nothing(root: Path, tmp_path: Path) -> None:
    (tmp_path / "photo").symlink_to("nowhere")
    with pytest.raises(files.Unreadable) as caught:
        files.copy_in(tmp_path / "photo", root / "a/door.jpg", root=root)
    assert caught.value.path == tmp_path / "photo"
    assert tree(root) == {}


# Several writes together


def test_transaction_that_succeeds_keeps_everything(root: Path, tmp_path: Path) -> None:
    (root / "a").write_bytes(b"old")
    (tmp_path / "photo").write_bytes(b"photo")
    with Transaction(root) as tx:
        tx.write(root / "a", b"new")
        tx.create(root / "b/c", b"c")
        digest = tx.copy(tmp_path / "photo", root / "b/photo")
        tx.write(root / "a", b"newer")
    assert digest == hashlib.sha256(b"photo").hexdigest()
    assert tx.paths == (root / "a", root / "b/c", root / "b/photo")
    assert tree(root) == {"a": b"newer", "b": None, "b/c": b"c", "b/photo": b"photo"}


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, CplError, ZeroDivisionError])
def test_transaction_that_fails_puts_everything_back(root: Path, tmp_path: Path, error: type[BaseException]) -> None:
    (root / "kept").mkdir()
    (root / "a").write_bytes(b"\xff\r\nold\x00")
    (root / "a").chmod(0o600)
    (tmp_path / "photo").write_bytes(b"photo")
    before = tree(root)
    with pytest.raises(error), Transaction(root, durable=False) as tx:  # noqa: PT012 - the point of it
        tx.write(root / "a", b"new")
        tx.create(root / "made/too/c", b"c")
        tx.copy(tmp_path / "photo", root / "made/photo")
        tx.write(root / "a", b"newer")
        tx.write(root / "made/d", b"d")
        (root / "made/d").unlink()
        raise error
    assert tree(root) == before
    assert stat.S_IMODE((root / "a").stat().st_mode) == 0o600


def test_transaction_whose_write_is_refused_puts_back_the_others_and_not_what_it_never_wrote(
    root: Path,
) -> None:
    (root / "theirs").write_bytes(b"theirs")
    with pytest.raises(files.AlreadyThere), Transaction(root) as tx:  # noqa: PT012
        tx.create(root / "mine", b"mine")
        tx.create(root / "theirs", b"mine")
    assert tree(root) == {"theirs": b"theirs"}
    assert tx.paths == (root / "mine",)


def test_transaction_does_not_put_back_what_it_was_refused(root: Path) -> None:
    (root / "link").symlink_to("nowhere")
    with pytest.raises(files.WriteFailed), Transaction(root) as tx:
        tx.write(root / "link", b"x")
    assert tx.paths == ()
    assert (root / "link").is_symlink()


def test_transaction_with_a_write_that_fails_halfway_puts_back_the_others(root: Path) -> None:
    (root / "a").write_bytes(b"old")
    with file_size_limit(100_000), pytest.raises(files.WriteFailed), Transaction(root) as tx:  # noqa: PT012
        tx.write(root / "a", b"new")
        tx.create(root / "b/c", b"x" * 200_000)
    assert tree(root) == {"a": b"old"}


def test_transaction_leaves_a_folder_where_somebody_else_put_a_file(root: Path) -> None:
    with pytest.raises(KeyboardInterrupt), Transaction(root) as tx:  # noqa: PT012
        tx.create(root / "made/mine", b"mine")
        (root / "made/theirs").write_bytes(b"theirs")
        raise KeyboardInterrupt
    assert tree(root) == {"made": None, "made/theirs": b"theirs"}


def test_transaction_names_what_it_could_not_put_back_and_puts_back_the_rest(root: Path) -> None:
    for name in ("a", "folder/b"):
        files.write(root / name, b"old", root=root)
    with pytest.raises(files.NotPutBack) as caught, Transaction(root) as tx:  # noqa: PT012
        tx.write(root / "a", b"new")
        tx.write(root / "folder/b", b"new")
        (root / "folder/b").unlink()
        (root / "folder").rmdir()
        (root / "folder").touch()
        raise KeyboardInterrupt
    assert str(caught.value) == (
        f"not put back as before: {root}/folder/b; compare them with `git diff` and `git status`"
    )
    assert caught.value.paths == (root / "folder/b",)
    assert isinstance(caught.value.__context__, KeyboardInterrupt)
    assert tree(root) == {"a": b"old", "folder": b""}


@given(
    st.dictionaries(st.sampled_from(["a", "b", "d/a", "d/e/a"]), st.binary(max_size=9)),
    st.lists(st.tuples(st.booleans(), st.sampled_from(["a", "b", "d/a", "d/e/a", "f/a"]), st.binary(max_size=9))),
)
def test_whatever_a_failed_transaction_did_is_undone(
    before: dict[str, bytes], steps: list[tuple[bool, str, bytes]]
) -> None:
    with TemporaryDirectory() as folder:
        root = Path(folder)
        for name, data in before.items():
            files.write(root / name, data, root=root, durable=False)
        then = tree(root)
        with pytest.raises(CplError), Transaction(root, durable=False) as tx:  # noqa: PT012
            for new, name, data in steps:
                (tx.create if new else tx.write)(root / name, data)
            raise CplError
        assert tree(root) == then


# Text that is kept


def test_keep_saves_text_privately_under_a_name_of_its_own(root: Path) -> None:
    made = [files.keep(root / "kept", "CPL-1.md", text) for text in ("one", "门\udcff", "three")]
    assert [path.name for path in made] == ["CPL-1.md", "CPL-1-2.md", "CPL-1-3.md"]
    assert [path.read_bytes() for path in made] == [b"one", b"\xe9\x97\xa8\xff", b"three"]
    assert {stat.S_IMODE(path.stat().st_mode) for path in made} == {0o600}


def test_keep_that_fails_says_why_and_leaves_nothing(root: Path) -> None:
    (root / "file").touch()
    with pytest.raises(files.WriteFailed, match=re.escape(f"{root}/file/a can't be written: part of its path")):
        files.keep(root / "file", "a", "text")
    with file_size_limit(100_000), pytest.raises(files.WriteFailed, match="larger than the system allows"):
        files.keep(root, "a", "x" * 200_000)
    assert tree(root) == {"file": b""}
