"""A template filled in by a process of its own, whose time, memory and output have limits; not what a form is."""

from __future__ import annotations

import json
import os
import resource
import select
import signal
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from gettext import gettext as _
from pathlib import Path
from typing import Any, Final, NoReturn

from cpl import files
from cpl.errors import CplError
from cpl.render import visible_lines
from cpl.values import frozen

MIB: Final = 1 << 20
_PATIENCE: Final = 5  # as long may it take by the wall clock as by the processor's, where the computer is busy
_PIECE: Final = 1 << 16
_SIZES: Final = Path("/proc/self/statm")
_MADE, _FAULTY, _NO_ROOM, _BUG = b"T", b"F", b"M", b"B"  # what an answer begins with
_WORDS: Final = 300


@frozen
class Template:
    """The text of a template, and where it stands: its file, and the line before its first."""

    path: str
    text: str
    above: int = 0


class TemplateFault(CplError):
    """A template that can't be filled in; the message names file, line and remedy."""

    def __init__(self, path: str, line: int, words: str) -> None:
        super().__init__(f"{path}:{line}: {words}")


class Lacking(CplError):
    """A template uses `given.NAME`, and that was not said."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(_("the text needs to say more: --say {name}=TEXT").format(name=name))


@frozen
class Limits:
    """What a template may use: seconds of the processor, bytes of memory beside those of cpl, bytes of output."""

    seconds: int
    room: int
    output: int

    @staticmethod
    def of(size: int) -> Limits:
        """For so many bytes of data: 2 s, 256 MiB and 1 MiB, and more as the data are more."""
        return Limits(2 + size // MIB, 256 * MIB + 32 * size, MIB + 8 * size)


def fill_in(template: Template, context: Mapping[str, Any]) -> str:
    """What the template makes of `context`, made safe for a terminal.

    `context` holds nothing but mappings, lists, texts, numbers, flags and None.

    Raises:
        TemplateFault: the template is not right, or needs more than it may use.
        Lacking: it needs something of `given`.
    """
    from cpl import sandbox

    def work() -> bytes:
        try:
            return _MADE + _encoded(visible_lines(sandbox.rendered(template.text, context)))
        except sandbox.Fault as fault:
            return _FAULTY + json.dumps([fault.line, fault.kind, visible_lines(fault.words[:_WORDS])]).encode()

    sandbox.prepare()
    answer = _in_child(work, Limits.of(len(_encoded(json.dumps(context, ensure_ascii=False)))))
    if isinstance(answer, str):
        raise TemplateFault(template.path, 1, answer)
    if answer[:1] == _MADE:
        return answer[1:].decode()
    line, kind, words = json.loads(answer[1:])
    if kind == sandbox.LACKING:
        raise Lacking(words)
    raise TemplateFault(template.path, template.above + line, _explained(kind, words))


def confined(template: Template, text: str, change: Callable[[str], str]) -> str:
    """What `change` makes of a text that came from the template, in the same limits.

    Raises:
        TemplateFault: it needs more.
    """
    answer = _in_child(lambda: _MADE + _encoded(change(text)), Limits.of(len(text)))
    if isinstance(answer, str):
        raise TemplateFault(template.path, 1, answer)
    return answer[1:].decode()


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "backslashreplace")


def _explained(kind: str, words: str) -> str:
    remedies = {
        "alone": _("a template stands alone, so '{words}' can't be in it; copy the text in"),
        "refused": _("{words}; docs/forms.md tells what a template may do"),
        "undefined": _("{words}; docs/forms.md lists the names that a template gets"),
        "wrong": _("{words}; mend the template here"),
    }
    return remedies[kind].format(words=words)


def _too_much_room(limits: Limits) -> str:
    message = _("the template needs more than {room} MiB of memory; let it make less")
    return message.format(room=limits.room // MIB)


def _in_child(work: Callable[[], bytes], limits: Limits) -> bytes | str:
    """What `work` gives in a process of its own, or in words which limit it would not keep."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        _be_the_child(work, writing, limits)
    os.close(writing)
    with _ended(child) as end:
        try:
            answer = _received(reading, limits)
        finally:
            os.close(reading)
        return answer if isinstance(answer, str) else _judged(answer, end(), limits)


def _be_the_child(work: Callable[[], bytes], writing: int, limits: Limits) -> NoReturn:
    """Do the work within the limits and send the answer; nothing is left of the parent's duties, not even its exit."""
    code = 1
    try:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_DFL)
        _confine(limits)
        try:
            answer = work()
        except MemoryError:
            answer = _NO_ROOM
        except Exception:  # a bug of cpl, to be told by the parent as any other
            answer = _BUG + traceback.format_exc().encode()
        view = memoryview(answer)
        while view:
            view = view[os.write(writing, view) :]
        code = 0
    finally:
        os._exit(code)  # whatever happened: what the parent has in its buffers is its own


def _confine(limits: Limits) -> None:
    """Give this process its limits: it can open no file, write none, and take neither time nor memory."""
    wanted = {
        resource.RLIMIT_CPU: (limits.seconds, limits.seconds + 1),
        resource.RLIMIT_CORE: (0, 0),
        resource.RLIMIT_FSIZE: (0, 0),
        resource.RLIMIT_NOFILE: (0, 0),
    }
    if (size := _own_size()) is not None:  # macOS would not keep it
        wanted[resource.RLIMIT_AS] = (size + limits.room, size + limits.room)
    for kind, pair in wanted.items():
        hard = resource.getrlimit(kind)[1]
        if hard == resource.RLIM_INFINITY or hard >= pair[1]:
            resource.setrlimit(kind, pair)


def _own_size() -> int | None:
    """How much address space this process has; None where the system does not tell."""
    try:
        return int(files.read(_SIZES, _PIECE).split()[0]) * resource.getpagesize()
    except files.Unreadable:
        return None


@contextmanager
def _ended(child: int) -> Iterator[Callable[[], int]]:
    """Gives what waits for the child's end and tells its status; on every way out the child is gone."""
    status: list[int] = []

    def end() -> int:
        if not status:
            status.append(os.waitpid(child, 0)[1])
        return status[0]

    try:
        yield end
    finally:
        if not status:
            with suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
            end()


def _received(reading: int, limits: Limits) -> bytes | str:
    """All that comes through the pipe, or in words why there is no waiting for the rest."""
    pieces: list[bytes] = []
    total, end = 0, time.monotonic() + _PATIENCE * limits.seconds
    while select.select([reading], [], [], max(0.0, end - time.monotonic()))[0]:
        piece = os.read(reading, _PIECE)
        if not piece:
            return b"".join(pieces)
        total += len(piece)
        if total > limits.output:
            message = _("the template makes more than {size} MiB of text; let it make less")
            return message.format(size=limits.output // MIB)
        pieces.append(piece)
    return _too_long(limits)


def _judged(answer: bytes, status: int, limits: Limits) -> bytes | str:
    """The answer of a child that has ended as it should; else what became of it, in words."""
    if os.WIFEXITED(status) and answer[:1] in (_MADE, _FAULTY):
        return answer
    if answer[:1] == _BUG:
        raise RuntimeError(answer[1:].decode())
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) in (signal.SIGXCPU, signal.SIGKILL):
        return _too_long(limits)
    return _too_much_room(limits)


def _too_long(limits: Limits) -> str:
    return _("the template takes longer than {seconds} s; let it do less").format(seconds=limits.seconds)
