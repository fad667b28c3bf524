"""What two honest clones made wrong between them, and the further event that puts it right; nothing is changed here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from cpl import workflow
from cpl.errors import Problem
from cpl.events import Event, void_target
from cpl.profile import Profile
from cpl.record import Record
from cpl.values import frozen

_OF_MOVES: Final = ("E060", "W060", "E061", "W061", "W062")
_OF_VOIDS: Final = ("E056", "W056")
_OF_FIELDS: Final = ("E058",)
_OF_TASKS: Final = ("E063",)
CODES: Final = frozenset((*_OF_MOVES, *_OF_VOIDS, *_OF_FIELDS, *_OF_TASKS))


@frozen
class Remedy:
    """What puts a problem right: the moves that can be voided, the last one first, or commands one of which will do."""

    problem: Problem
    voids: tuple[Event, ...]
    commands: tuple[str, ...]


def remedies(record: Record, profile: Profile, problems: Iterable[Problem]) -> list[Remedy]:
    """Of the problems of a record those that a further event puts right, each with it, in the same order."""
    return [_remedy(record, profile, each) for each in problems if each.code in CODES]


def _remedy(record: Record, profile: Profile, problem: Problem) -> Remedy:
    event = next((each for each in record.history if each.line == problem.line), None)
    voids: tuple[Event, ...] = ()
    if event is not None and problem.code in _OF_MOVES:
        voids = _alone(event, record)
    elif event is not None and problem.code in _OF_VOIDS:
        voids = _followed_by(event, record)
    return Remedy(problem, voids, tuple(_commands(record, profile, problem, voids)))


def _alone(event: Event, record: Record) -> tuple[Event, ...]:
    """The move, if it is the last one and not the intake: only that can be voided."""
    moves = [each for each in record.events if each.is_move]
    return (event,) if moves[1:] and event == moves[-1] else ()


def _followed_by(void: Event, record: Record) -> tuple[Event, ...]:
    """The moves that follow the one that was voided, the last one first, for only so can each of them be voided."""
    at, key = void_target(void)
    target = next((each for each in record.history if (each.at, each.key) == (at, key)), None)
    if target is None or target is record.history[0]:
        return ()
    return tuple(each for each in record.events if each.is_move and target.precedes(each))[::-1]


def _commands(record: Record, profile: Profile, problem: Problem, voids: tuple[Event, ...]) -> Iterator[str]:
    """What the message of the problem does not say itself."""
    if problem.code == "W062":
        yield from (f"cpl transition {record.id} {state}" for state in workflow.allowed_moves(record, profile))
    elif problem.code in _OF_FIELDS:
        yield f"cpl correct {record.id} NAME=VALUE --classify --reason TEXT"
    if voids:
        yield f"cpl settle {record.id} --void --reason TEXT"
