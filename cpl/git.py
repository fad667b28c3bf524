"""The only module that runs git: questions in, answers out; not what they mean for a record."""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import field
from gettext import gettext as _
from pathlib import Path
from signal import strsignal
from subprocess import PIPE, Popen
from threading import Thread
from typing import IO, Any, Final, TypeAlias, cast

from cpl import git_env
from cpl.errors import CplError, harmless
from cpl.patterns import bytes_regex, regex
from cpl.values import frozen

_STATES: Final = (  # a stopped rebase may leave CHERRY_PICK_HEAD too, so the order counts
    ("rebase-merge", "rebase"),
    ("rebase-apply/applying", "am"),
    ("rebase-apply", "rebase"),
    ("MERGE_HEAD", "merge"),
    ("CHERRY_PICK_HEAD", "cherry-pick"),
    ("REVERT_HEAD", "revert"),
    ("BISECT_LOG", "bisect"),
)
# git compares each path asked for with each in its index: 7,000 with 100,000 took 15 s.
_MANY: Final = 500
_CHUNK: Final = 1 << 16
_FOUND: Final = bytes_regex(rb"[0-9a-f]{40,64} \w+ (\d+)\n")
_IDENTITY: Final = regex(r"(.*) <(.*)> \d+ [+-]\d{4}\n")
COMMIT: Final = ("commit", "--quiet", "--file=-", "--cleanup=verbatim")  # the message from stdin, to the letter
_SETTINGS: Final = ("-c", "core.quotePath=false", "-c", "i18n.commitEncoding=UTF-8")
_FROM_STDIN: Final = ("--pathspec-from-file=-", "--pathspec-file-nul")

AnyPath: TypeAlias = str | os.PathLike[str]


class GitMissing(CplError):
    """There is no git to run."""

    def __init__(self) -> None:
        super().__init__(_("git was not found; install it (on Debian: `sudo apt install git`)"))


class GitFailed(CplError):
    """git said no: `command`, exit `code` (negative: a signal), and its or a hook's `words`, made safe."""

    def __init__(self, command: Sequence[str], code: int, words: str | bytes) -> None:
        self.command = tuple(command)
        self.code = code
        self.words = harmless(words) or (strsignal(-code) if code < 0 else None) or ""
        what = _("`git {command}` failed with code {code}: {words}")
        super().__init__(what.format(command=_short(command), code=code, words=self.words or "-"))


@frozen
class Git:
    """git as run in `cwd`, with `env` on top of the environment.

    Variables that select a repository (GIT_DIR, GIT_INDEX_FILE …) count only with `inherit_repository`.
    Paths go in relative to `cwd` or absolute, and come out relative to `cwd`.
    """

    cwd: Path
    env: Mapping[str, str] = field(default_factory=dict)
    inherit_repository: bool = field(default=False, kw_only=True)
    prefix: str | None = field(default=None, kw_only=True)  # the store's folder, `estate/`, where no `cwd` can be in it

    def run(
        self,
        *args: str,
        input: bytes | None = None,  # noqa: A002 - the name that subprocess.run has
        ok: Collection[int] = (0,),
        write: bool = False,
        with_words: bool = False,
    ) -> bytes:
        """What git prints; `with_words`: and behind it what it says on stderr.

        `write` is for what changes history or talks to others: hooks, prompts and the user's language work as
        in a shell. A question has literal pathspecs, English words, no prompts and no optional locks.

        Raises:
            GitMissing: there is no git.
            GitFailed: the exit code is not in `ok`.
        """
        with self._started(args, write=write) as process:
            told, words = _answer(process, args, input or b"", ok)
            return told + words if with_words else told

    def answers(self, *questions: Sequence[str]) -> list[bytes]:
        """What git prints for each of these questions, all asked at once. Raises: as `run`."""
        with ExitStack() as stack:
            started = [stack.enter_context(self._started(args, write=False)) for args in questions]
            asked = zip(started, questions, strict=True)
            return [_answer(process, args, b"", (0,))[0] for process, args in asked]

    def stream(self, *args: str) -> Generator[bytes, None, None]:
        """The NUL-separated pieces that a question prints, while git runs; closing the iterator ends git."""
        with self._running(args) as output:
            rest = b""
            while chunk := output.read(_CHUNK):
                *pieces, rest = (rest + chunk).split(b"\0")
                yield from pieces
            if rest:
                yield rest

    def cat_files(self, specs: Iterable[str]) -> Generator[bytes | None, None, None]:
        """The content of each object (`BLOB` or `COMMIT:PATH`), in order; None for one that is not there."""
        wanted = [os.fsencode(spec) for spec in specs]
        # git has `-z` here since 2.38; it is asked for only where a name needs it.
        end, options = (b"\0", ("-z",)) if any(b"\n" in spec for spec in wanted) else (b"\n", ())
        asked = b"".join(spec + end for spec in wanted)
        with self._running(("cat-file", "--batch", "--buffer", *options), asked) as output:
            for spec in wanted:
                header = output.readline()
                if found := _FOUND.fullmatch(header):
                    yield output.read(int(found[1]) + 1)[:-1]
                else:
                    for _line in range(spec.count(b"\n")):  # git repeats the name, line ends and all
                        output.readline()
                    yield None

    def git_dir(self) -> Path:
        """The absolute git folder of this work tree."""
        return _path(self.run("rev-parse", "--absolute-git-dir"))

    def common_dir(self) -> Path:
        """The absolute git folder that all work trees share."""
        return _path(self.run("rev-parse", "--path-format=absolute", "--git-common-dir"))

    def head(self) -> str | None:
        """The commit of HEAD; None before the first."""
        return self.run("rev-parse", "--verify", "--quiet", "HEAD^{commit}", ok=(0, 1)).decode().strip() or None

    def branch(self) -> str | None:
        """The name of the current branch; None when HEAD is detached."""
        return os.fsdecode(self.run("symbolic-ref", "--quiet", "--short", "HEAD", ok=(0, 1))).strip() or None

    def state(self) -> str | None:
        """What git is in the middle of: merge, rebase, cherry-pick, revert, am or bisect; else None."""
        return state_in(self.git_dir())

    def unmerged(self) -> list[str]:
        """The paths with conflicts, in the whole repository."""
        told = self.run("diff-files", "--name-only", "--diff-filter=U", "--no-relative", "-z")
        return self._relative(_names(told))

    def identity(self) -> tuple[str, str] | None:
        """The author's name and e-mail address as the user set them; None when git would have to guess."""
        try:
            told = self.run("-c", "user.useConfigOnly=true", "var", "GIT_AUTHOR_IDENT")
        except GitFailed as error:
            if re.search(r"auto-detection is disabled|ident name|name consists only", error.words):
                return None
            raise
        found = _IDENTITY.fullmatch(told.decode("utf-8", "replace"))
        return (found[1], found[2]) if found else None

    def config(self, key: str) -> str | None:
        """The value of a setting (the last, if there are several); None when it is not set."""
        told = self.run("config", "--null", "--get", "--end-of-options", key, ok=(0, 1))
        return os.fsdecode(told[:-1]) if told else None

    def is_shallow(self) -> bool:
        """Whether older commits were left out when this was cloned."""
        return self.run("rev-parse", "--is-shallow-repository") == b"true\n"

    def remote_branches_contain(self, sha: str) -> bool:
        """Whether some remote branch, as last fetched, has this commit."""
        return bool(self.run("for-each-ref", "--count=1", f"--contains={sha}", "refs/remotes/"))

    def is_changed(self, paths: Iterable[AnyPath]) -> list[str]:
        """Which of these files (or files in these folders) are new or differ from HEAD in index or tree."""
        wanted = self.named(paths)
        if not wanted:
            return []
        narrowed = () if len(wanted) > _MANY else tuple(wanted)
        options = ("--porcelain=v2", "-z", "--untracked-files=all", "--no-renames")
        told = self.run("status", *options, "--", *narrowed)
        changed = [_status_path(entry) for entry in _names(told) if not entry.startswith("#")]
        asked = set(wanted)
        return [path for path in self._relative(changed) if not asked.isdisjoint(with_parents(path))]

    def ignored(self, paths: Iterable[AnyPath]) -> list[str]:
        """Which of these files .gitignore hides from git; a tracked one is never hidden."""
        matching = self._check_ignore(self.named(paths), "--no-index")
        return self._check_ignore(matching) if matching else []

    def commit(self, paths: Iterable[AnyPath], message: str) -> str:
        """Commit these files as they are in the work tree, and only these; the new commit.

        Hooks, signing and identity are the user's. What else is staged stays so.

        Raises:
            GitFailed: nothing changed, a file is ignored, a hook refused …; the index is as it was.
        """
        named = self.named(paths)
        if len(named) > _MANY and self._is_index_clean():
            self._commit_whole_index(named, message)
        else:
            self._commit_only(named, message)
        return self.run("rev-parse", "--verify", "HEAD").decode().strip()

    def _commit_only(self, paths: Sequence[str], message: str) -> None:
        new = self._untracked(paths)
        before = self.head()
        try:
            if new:
                self.run("add", "--intent-to-add", *_FROM_STDIN, input=_nul(new))
            # Literal by magic words, not by environment: that would reach the user's hooks.
            specs = [f":(literal){path}" for path in paths]
            self.run(*COMMIT, "--only", "--", *specs, input=message.encode(), write=True)
        except BaseException:
            if new and self.head() == before:
                self.run("update-index", "--force-remove", "-z", "--stdin", input=_nul(new))
            raise

    def _commit_whole_index(self, paths: Sequence[str], message: str) -> None:
        if hidden := self.ignored(paths):
            words = _("ignored by .gitignore: {path}; change .gitignore or move the file")
            raise GitFailed(("add",), 1, words.format(path=hidden[0]))
        try:
            self.run("update-index", "--add", "--remove", "-z", "--stdin", input=_nul(paths))
            self.run(*COMMIT, input=message.encode(), write=True)
        except BaseException:
            self.run("read-tree", *(("-m", "HEAD") if self.head() else ("--empty",)))
            raise

    def _is_index_clean(self) -> bool:
        """Whether nothing is staged and nothing half done, so that the whole index may be committed."""
        staged = ("diff-index", "--cached", "--name-only", "HEAD", "--") if self.head() else ("ls-files",)
        return self.state() is None and not self.run(*staged)

    def _untracked(self, paths: Sequence[str]) -> list[str]:
        return _names(self.run("ls-files", "--others", "-z", "--", *paths)) if paths else []

    def _check_ignore(self, paths: Sequence[str], *options: str) -> list[str]:
        # check-ignore refuses GIT_LITERAL_PATHSPECS; with `./` before it a name can't be magic words.
        asked = _nul(f"./{path}" for path in paths)
        told = self.run("check-ignore", "-z", "--stdin", *options, input=asked, ok=(0, 1), write=True)
        return [path.removeprefix("./") for path in _names(told)]

    def named(self, paths: Iterable[AnyPath]) -> list[str]:
        """Paths relative to `cwd` and normal, each once, in the order given."""
        here = os.path.realpath(self.cwd)
        return list(dict.fromkeys(_named_from(here, Path(path)) for path in paths))

    def _relative(self, paths: Sequence[str]) -> list[str]:
        """Paths that git gave relative to the top of the work tree, relative to `cwd`."""
        prefix = _path(self.run("rev-parse", "--show-prefix")) if paths else ""
        return [posixpath.relpath(f"/{path}", f"/{prefix}") for path in paths]

    def _started(self, args: Sequence[str], *, write: bool) -> Popen[bytes]:
        command = ["git", "-C", os.fspath(self.cwd), *_SETTINGS, *(() if write else git_env.CAREFUL), *args]
        environment = git_env.environment(self.env, write=write, inherit=self.inherit_repository)
        try:
            # What may be inherited is: the lock of the store, so that a git outlives a killed cpl under it.
            return Popen(command, stdin=PIPE, stdout=PIPE, stderr=PIPE, env=environment, close_fds=False)
        except OSError as error:
            raise _not_started(args, error) from error

    @contextmanager
    def talking(self, *args: str) -> Iterator[tuple[IO[bytes], IO[bytes]]]:
        """A question that goes on: what git reads, to be flushed, and what it answers.

        Less is to be asked at once than a pipe holds (4 KiB are safe), and all answers read before more is asked.
        """
        process, words, is_whole = self._started(args, write=False), list[bytes](), False
        asked, told = cast(IO[bytes], process.stdin), cast(IO[bytes], process.stdout)
        with process, _alongside(_drain, process.stderr, words):
            try:
                yield asked, told
                asked.close()
                is_whole = True
            except BrokenPipeError:  # git has ended, and says why
                process.wait()
            except BaseException:
                process.kill()
                raise
        if process.returncode or not is_whole:
            raise GitFailed(args, process.returncode, b"".join(words))

    @contextmanager
    def _running(self, args: Sequence[str], asked: bytes = b"") -> Iterator[IO[bytes]]:
        process, words = self._started(args, write=False), list[bytes]()
        # Both other pipes have a thread, so that whichever fills up first blocks nobody.
        with process, _alongside(_feed, process.stdin, asked), _alongside(_drain, process.stderr, words):
            try:
                yield cast(IO[bytes], process.stdout)
            except BaseException:
                process.kill()
                raise
        if process.returncode:
            raise GitFailed(args, process.returncode, b"".join(words))


def _answer(process: Popen[bytes], command: Sequence[str], asked: bytes, ok: Collection[int]) -> tuple[bytes, bytes]:
    """What a process prints and what it says on stderr, when it has ended with one of the codes `ok`."""
    try:
        told, words = process.communicate(asked)
    except BaseException:
        # Asked to end, git takes its lock files away; killed, as subprocess.run does, it would leave them.
        process.terminate()
        process.wait()
        raise
    if process.returncode not in ok:
        raise GitFailed(command, process.returncode, words.strip() or told)
    return told, words


def find_toplevel(path: Path, env: Mapping[str, str] | None = None, *, inherit_repository: bool = False) -> Path | None:
    """The top folder of the work tree around the folder `path`; None where there is no repository.

    Raises:
        GitFailed: there is one, and git refuses it: owned by somebody else, bare, broken.
    """
    git = Git(path, env or {}, inherit_repository=inherit_repository)
    try:
        return _path(git.run("rev-parse", "--show-toplevel"))
    except GitFailed as error:
        if is_outside(error):
            return None
        raise


def is_outside(error: GitFailed) -> bool:
    """Whether git failed because there is no repository."""
    return "not a git repository (or any" in error.words


def state_in(git_dir: Path) -> str | None:
    """As `Git.state`, of the work tree with this git folder."""
    return next((state for name, state in _STATES if (git_dir / name).exists()), None)


def _named_from(here: str, path: Path) -> str:
    if path.is_absolute():  # git compares real paths: `here` may be known to the caller by a link
        return os.path.relpath(Path(os.path.realpath(path.parent), path.name), here)
    return os.path.normpath(path)


def with_parents(path: str) -> Iterator[str]:
    """A path and every folder that it lies in, the path first."""
    yield path
    yield from map(str, Path(path).parents)


def _status_path(entry: str) -> str:
    """The path in an entry of `status --porcelain=v2`, which stands after a fixed number of fields."""
    fields = {"1": 8, "u": 10, "?": 1}[entry[0]]
    return entry.split(" ", fields)[fields]


def _names(told: bytes) -> list[str]:
    return os.fsdecode(told).split("\0")[:-1]


def _nul(paths: Iterable[str]) -> bytes:
    return b"".join(os.fsencode(path) + b"\0" for path in paths)


def _path(told: bytes) -> Path:
    return Path(os.fsdecode(told.removesuffix(b"\n")))


def _not_started(command: Sequence[str], error: OSError) -> CplError:
    if isinstance(error, FileNotFoundError | PermissionError):
        return GitMissing()
    return GitFailed(command, error.errno or 0, error.strerror or "")


def _short(command: Sequence[str]) -> str:
    """A command without its list of paths."""
    end = command.index("--") if "--" in command else len(command)
    return harmless(" ".join(command[:end]))


@contextmanager
def _alongside(task: Callable[..., None], *args: Any) -> Iterator[None]:
    thread = Thread(target=task, args=args)
    thread.start()
    try:
        yield
    finally:
        thread.join()


def _feed(pipe: IO[bytes], data: bytes) -> None:
    with suppress(BrokenPipeError), pipe:
        pipe.write(data)


def _drain(pipe: IO[bytes], pieces: list[bytes]) -> None:
    pieces.append(pipe.read())
