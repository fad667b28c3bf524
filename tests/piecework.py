"""Work for the processes of `cpl.parallel`; apart from its tests, so that each process has little to import."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from cpl.files import Unreadable
from cpl.parallel import in_order

spread = partial(in_order, processes=2, enough=1)


def squares() -> Callable[[int], tuple[int, int]]:
    return square


def square(number: int) -> tuple[int, int]:
    """The square, and the process that worked it out."""
    return number * number, os.getpid()


def large() -> Callable[[int], bytes]:
    return bytes


def failing(error: str) -> Callable[[int], int]:
    return partial(fail, error)


def fail(error: str, number: int) -> int:
    if number == 250:
        match error:
            case "refused":
                raise Unreadable(Path("a.md"), "it is a folder; name a file")
            case "killed":
                os.kill(os.getpid(), signal.SIGKILL)
        raise ZeroDivisionError(number)
    return number


def not_to_be_prepared() -> Callable[[int], int]:
    raise Unreadable(Path("cpl.yaml"), "permission denied")


def slow() -> Callable[[int], int]:
    return wait


def wait(number: int) -> int:
    """The number, after a while; a piece of a hundred takes two seconds."""
    if number % 100 == 0:
        os.write(sys.stdout.fileno(), b"begun\n")
    time.sleep(0.02)
    return number


def frail() -> Callable[[int], int]:
    return die_in_a_child


def die_in_a_child(number: int) -> int:
    if number == 250 and multiprocessing.parent_process() is not None:
        os.kill(os.getpid(), signal.SIGKILL)
    return number
