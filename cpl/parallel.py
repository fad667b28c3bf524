"""Work on many items in several processes, with the results in the order of the items; not what the work is."""

from __future__ import annotations

import gc
import signal
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from gettext import gettext as _
from itertools import chain, islice
from typing import TYPE_CHECKING, Any, Final, TypeVar

from cpl.errors import CplError
from cpl.machine import cores

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from multiprocessing.process import BaseProcess

T = TypeVar("T")
R = TypeVar("R")
Prepare = Callable[[], Callable[[T], R]]

ENOUGH: Final = 2000  # with fewer items the start of the processes takes longer than they save
AT_ONCE: Final = 100  # as many items are handed over at once
_MOST: Final = 4  # processes: each has the program in memory once more


class ProcessLost(CplError):
    """One of the processes was ended by somebody else."""

    def __init__(self) -> None:
        super().__init__(_("one of cpl's processes was ended from outside (is the memory short?); try it again"))


def in_order(
    prepare: Prepare[T, R],
    items: Iterable[T],
    *,
    processes: int | None = None,
    enough: int = ENOUGH,
    at_once: int = AT_ONCE,
) -> Iterator[R]:
    """What the function that `prepare` gives makes of each item, in the order of the items; begun when it is called.

    `prepare` is called once in each process that takes part; it, the items and the results are pickled, so it is a
    function of a module or a `partial` of one. With fewer than `enough` items, or with one core, all is done in this
    process. A process gets `at_once` items at a time, and no more items and results than all of them have are held: who
    reads slowly slows the work down.

    Raises:
        CplError: the work raised one; from another process it is a CplError in the same words.
        ProcessLost: one of the processes was killed.
        RuntimeError: the work raised anything else; the text is its traceback.
    """
    rest = iter(items)
    first = list(islice(rest, enough))
    count = processes or min(cores(), _MOST)
    if count < 2 or len(first) < enough:
        return map(prepare(), chain(first, rest))
    results = _spread(prepare, _pieces(chain(first, rest), at_once), count)
    return chain(next(results), chain.from_iterable(results))


def in_order_anyhow(
    prepare: Prepare[T, R], items: Sequence[T], *, enough: int = ENOUGH, at_once: int = AT_ONCE
) -> Iterator[R]:
    """As `in_order`; what a process that was killed, perhaps for want of memory, left undone is done in this one."""
    try:
        found = in_order(prepare, items, enough=enough, at_once=at_once)
    except ProcessLost:
        return map(prepare(), items)
    return _anyhow(found, prepare, items)


def _anyhow(found: Iterator[R], prepare: Prepare[T, R], items: Sequence[T]) -> Iterator[R]:
    done = 0
    try:
        for result in found:
            yield result
            done += 1
    except ProcessLost:
        yield from map(prepare(), items[done:])


def _pieces(items: Iterator[T], size: int) -> Iterator[list[T]]:
    while piece := list(islice(items, size)):
        yield piece


def _spread(prepare: Prepare[T, R], pieces: Iterator[list[T]], count: int) -> Iterator[Iterable[R]]:
    """The results by pieces; before the first ones nothing, when the processes have begun.

    The pieces go round: the process that has just given its results gets its next piece before they are passed on. None
    has more than one piece, so no two ever wait for each other to read.
    """
    with _processes(prepare, count) as pipes:
        busy: deque[Connection] = deque()
        for pipe, piece in zip(pipes, pieces, strict=False):
            _ask(pipe, piece)
            busy.append(pipe)
        yield ()
        if not pipes:
            yield map(prepare(), chain.from_iterable(pieces))
        for piece in pieces:
            pipe = busy.popleft()
            done = _answer(pipe)
            _ask(pipe, piece)
            busy.append(pipe)
            yield done
        for pipe in busy:
            yield _answer(pipe)


def _ask(pipe: Connection, piece: list[Any]) -> None:
    try:
        pipe.send(piece)
    except ConnectionError as error:
        raise ProcessLost from error


def _answer(pipe: Connection) -> list[Any]:
    try:
        answer: list[Any] | Exception = pipe.recv()
    except (EOFError, ConnectionError) as error:
        raise ProcessLost from error
    if isinstance(answer, Exception):
        raise answer
    return answer


@contextmanager
def _processes(prepare: Prepare[T, R], count: int) -> Iterator[list[Connection]]:
    """The pipes to as many new processes, fewer where the system allows no more; at the end these are ended.

    They are started afresh and not forked: other threads of this process may hold locks. An interrupt is for this
    process alone, which then ends them.
    """
    started: list[tuple[BaseProcess, Connection]] = []
    try:
        with suppress(OSError):
            _start(prepare, count, started)
        yield [pipe for _process, pipe in started]
    finally:
        for process, pipe in started:
            pipe.close()
            process.terminate()
        for process, _pipe in started:
            process.join()


def _start(prepare: Prepare[T, R], count: int, started: list[tuple[BaseProcess, Connection]]) -> None:
    """Start as many processes, and add each of them as soon as it runs."""
    from multiprocessing import get_context, resource_tracker  # 20 ms that few commands need

    context = get_context("spawn")
    resource_tracker.ensure_running()  # later it would let interrupts through again
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        for _number in range(count):
            near, far = context.Pipe()
            with far:
                process = context.Process(target=_serve, args=(far, prepare), daemon=True)
                process.start()
            started.append((process, near))
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _serve(pipe: Connection, prepare: Prepare[T, R]) -> None:
    """Answer one piece after the other until nobody asks any more; what each process runs."""
    gc.set_threshold(100_000)
    work: Callable[[T], R] | None = None
    with suppress(EOFError, ConnectionError):
        while True:
            piece = pipe.recv()
            try:
                work = work or prepare()
                pipe.send([work(item) for item in piece])
            except ConnectionError:
                return
            except CplError as error:
                pipe.send(CplError(str(error)))
            except Exception:  # a bug, which the asking process tells; not every exception can be pickled
                import traceback  # 2 ms that who asks does not need

                pipe.send(RuntimeError(traceback.format_exc()))
