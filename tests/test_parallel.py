"""Work in several processes: the order of the results, what errors become, and that no process is left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from functools import partial

import pytest

from cpl.errors import CplError
from cpl.parallel import ProcessLost, in_order, in_order_anyhow
from tests.piecework import failing, frail, large, not_to_be_prepared, spread, squares
from tests.processes import PATIENCE, default_signals, environment


@pytest.mark.parametrize("count", [1, 200, 1234])
def test_results_come_in_the_order_of_the_items(count: int) -> None:
    assert [value for value, _process in spread(squares, range(count))] == [n * n for n in range(count)]


def test_all_processes_take_part_and_this_one_only_asks() -> None:
    processes = {process for _value, process in spread(squares, range(1000))}
    assert len(processes) == 2
    assert os.getpid() not in processes


@pytest.mark.parametrize(("processes", "count"), [(1, 3000), (2, 1999), (2, 0)])
def test_little_work_and_one_core_need_no_process(processes: int, count: int) -> None:
    found = list(in_order(squares, range(count), processes=processes))
    assert found == [(n * n, os.getpid()) for n in range(count)]


def test_more_than_a_pipe_holds_goes_through_both_ways() -> None:
    assert sum(map(len, spread(large, [10_000] * 1000))) == 10_000_000
    assert sum(map(len, spread(partial(partial, bytes.upper), [b"a" * 10_000] * 1000))) == 10_000_000


def test_items_are_taken_only_as_results_are_read() -> None:
    taken = []

    def items() -> Iterator[int]:
        for number in range(10_000):
            taken.append(number)
            yield number

    found = spread(squares, items())
    assert len(taken) == 200  # the work has begun
    for _result in range(150):
        next(found)
    assert len(taken) <= 400


def test_items_may_be_so_large_that_each_is_handed_over_alone() -> None:
    found = [*spread(squares, range(100), at_once=1)]
    assert [value for value, _process in found] == [n * n for n in range(100)]
    assert {process for _value, process in found[::2]}.isdisjoint({process for _value, process in found[1::2]})


def test_refusal_in_a_process_is_one_here_in_the_same_words() -> None:
    with pytest.raises(CplError, match=r"^a\.md can't be read: it is a folder; name a file$"):
        list(spread(partial(failing, "refused"), range(1000)))


def test_refusal_while_preparing_is_one_here() -> None:
    with pytest.raises(CplError, match=r"^cpl\.yaml can't be read: permission denied$"):
        list(spread(not_to_be_prepared, range(1000)))


def test_bug_in_a_process_is_one_here_with_its_traceback_behind_the_results_before() -> None:
    found = spread(partial(failing, "bug"), range(1000))
    assert [next(found) for _number in range(200)] == [*range(200)]
    with pytest.raises(RuntimeError, match=r"(?s)Traceback.*in fail\n.*ZeroDivisionError: 250"):
        next(found)


def test_killed_process_is_told_and_the_others_end() -> None:
    with pytest.raises(ProcessLost, match="one of cpl's processes was ended from outside"):
        list(spread(partial(failing, "killed"), range(1000)))


def test_what_a_killed_process_left_is_done_here_where_that_is_wanted() -> None:
    assert list(in_order_anyhow(frail, range(1000), enough=1)) == list(range(1000))
    with pytest.raises(RuntimeError, match="ZeroDivisionError"):
        list(in_order_anyhow(partial(failing, "a bug"), range(1000), enough=1))


def test_where_no_process_can_be_started_this_one_does_the_work() -> None:
    script = """
import os, resource
from multiprocessing import popen_spawn_posix
from tests.piecework import spread, squares
lowest = os.dup(0)
os.close(lowest)
resource.setrlimit(resource.RLIMIT_NOFILE, (lowest, lowest))
assert list(spread(squares, range(500))) == [(n * n, os.getpid()) for n in range(500)]
"""
    done = subprocess.run([sys.executable, "-c", script], env=environment(), capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def is_there(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def test_who_stops_reading_ends_the_processes() -> None:
    found = spread(squares, range(10_000))
    process = next(found)[1]
    assert is_there(process)
    del found
    assert not is_there(process)


@pytest.mark.parametrize(
    ("number", "to_all", "code", "said"),
    [
        pytest.param(signal.SIGINT, True, -signal.SIGINT, "KeyboardInterrupt", id="Ctrl-C"),
        pytest.param(signal.SIGKILL, False, -signal.SIGKILL, "", id="kill -9"),
    ],
)
def test_stopped_program_leaves_no_process(number: int, to_all: bool, code: int, said: str) -> None:
    """Its output ends only when all have ended. Ctrl-C reaches them all, and one tells it."""
    script = "from tests.piecework import slow, spread; list(spread(slow, range(1000)))"
    with subprocess.Popen(
        [sys.executable, "-c", script],
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=default_signals,
    ) as program:
        assert program.stdout is not None
        assert [program.stdout.readline() for _worker in range(2)] == ["begun\n"] * 2
        (os.killpg if to_all else os.kill)(program.pid, number)
        _out, words = program.communicate(timeout=PATIENCE)
    assert program.returncode == code
    assert words.count("KeyboardInterrupt") == (1 if said else 0)
