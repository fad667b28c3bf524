"""What records add to the figures of a period, as the index keeps it for the settings of a store."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any, Final, NamedTuple, cast, get_args

from cpl import index_kept
from cpl.index_file import Tree, Where, key_of, locked, path_at, transaction
from cpl.index_kept import Sort, Wanted
from cpl.lasting import NoData, span, with_data_only
from cpl.moments import Period
from cpl.promises import Outcome
from cpl.recognise import microseconds
from cpl.renames import current
from cpl.store import Store
from cpl.tally import Cost, Dimension, FollowUp, Part, Promise, Single, View

_PARTS: Final = Sort("parts", most=8)
_DIMENSIONS: Final[tuple[Dimension, ...]] = get_args(Dimension)
_NEW: Final = (
    "INSERT OR IGNORE INTO parts SELECT :kept, row, 0, 0, 'null' FROM rows"
    " WHERE row > :seen AND NOT is_faulty AND ({at_work})"
)
_ASKED: Final = (
    "SELECT place, row, since <= :now AND :now < until, part FROM parts CROSS JOIN files USING (row)"
    " WHERE kept = :kept AND tree = :tree"
)
_UPDATE: Final = "UPDATE parts SET since = ?, until = ?, part = ? WHERE kept = ? AND row = ?"


class Tallied(NamedTuple):
    """What records add, None for nothing; and the files of those that are to be read themselves."""

    parts: Sequence[Part | None]
    paths: Sequence[str]


class AtWork(NamedTuple):
    """What a row has to be like for its record to add anything: as SQL, with its values."""

    condition: str
    values: Mapping[str, Any]


class _Reckoned(NamedTuple):
    """What the record of a row adds at the instants from `since` to before `until`, as text."""

    since: int
    until: int
    part: str
    row: int


def tallied(store: Store, at: Where, tree: Tree, view: View, at_work: AtWork) -> Tallied:
    """What the records at work add to the figures, seen from `view`; none of those that have an error of their form.

    What a record adds depends on its content, the settings, the period, and the instant as of which it is seen; for
    which instants it is the same `lasting.span` says. It is kept for one span of each, the one that was asked last.
    """

    def enter(number: int, seen: int) -> None:
        values = {**at_work.values, "kept": number, "seen": seen}
        tree.database.execute(_NEW.format(at_work=at_work.condition), values)

    def question(number: int) -> tuple[int, list[tuple[bytes, int, int, str]]]:
        values = {"kept": number, "tree": tree.number, "now": microseconds(view.at)}
        return number, tree.database.execute(_ASKED, values).fetchall()

    number, found = index_kept.asked(at, tree, (_PARTS, _key(store, view.period)), enter, question)
    new = _reckoned(store, tree, view, sorted({row for _place, row, holds, _part in found if not holds}))
    if new:
        _keep(at, tree, number, new.values())
    known = [part if holds else new[row].part for _place, row, holds, part in found if holds or row in new]
    paths = [path_at(place) for place, row, holds, _part in found if not holds and row not in new]
    return Tallied([*map(unpacked, json.loads(f"[{','.join(known)}]"))], paths)


def _key(store: Store, period: Period) -> bytes:
    """What parts are kept by: the period and the settings."""
    days = f"{microseconds(period.start)} {microseconds(period.end)} "
    return key_of(days.encode() + index_kept.settings_key(store))


def _reckoned(store: Store, tree: Tree, view: View, rows: Iterable[int]) -> dict[int, _Reckoned]:
    """What the records of these rows add, by row; without those whose files have to be read."""
    contents = [*index_kept.wanted(tree, rows)]
    found = index_kept.reckoned(store, contents, partial(_reckoner, view.period, view.at))
    return {each.row: each for each in found if each is not None}


def _reckoner(period: Period, at: datetime, store: Store) -> Callable[[Wanted], _Reckoned | None]:
    return partial(_part_of, store.root, View(with_data_only(store.settings), period, at))


def _part_of(root: Path, view: View, wanted: Wanted) -> _Reckoned | None:
    """What a content adds; None where a file without an index is needed to tell."""
    record = index_kept.record_of(root, wanted)
    if record is None:
        return None
    known = current(record, view.settings.profile)
    try:
        part = view.part(known)
        held = span(known, view.settings, view.at)
    except NoData:  # the store's own calendar has to be asked, for that is told
        return None
    return _Reckoned(*held, json.dumps(packed(part), separators=(",", ":")), wanted.row)


def _keep(at: Where, tree: Tree, number: int, new: Iterable[_Reckoned]) -> None:
    with locked(at), transaction(tree.database):
        tree.database.executemany(_UPDATE, ((each.since, each.until, each.part, number, each.row) for each in new))


def packed(part: Part | None) -> list[Any] | None:
    """What stands for a part in JSON."""
    if part is None:
        return None
    return [
        part.id,
        sorted(part.marks),
        [part.groups[each] for each in _DIMENSIONS],
        part.people,
        part.overdue,
        [(each.outcome, each.is_rescheduled) for each in part.promises],
        [(clock, used // timedelta.resolution) for clock, used in part.used],
        None if part.single is None else _packed_single(part.single),
        [(each.share, each.is_called, each.is_reached, each.satisfied) for each in part.follow_ups],
        part.scores,
        None if part.cost is None else [str(each) for each in (part.cost.amount, part.cost.hours, part.cost.charged)],
    ]


def _packed_single(single: Single) -> list[Any]:
    due_at = None if single.due_at is None else single.due_at.isoformat()
    named = (single.id, single.status, single.category, single.place, single.received_at.isoformat(), due_at)
    return [*named, single.is_overdue, single.lead, single.title]


def unpacked(values: Sequence[Any] | None) -> Part | None:
    """The part that `packed` made this of."""
    if values is None:
        return None
    id_, marks, groups, people, overdue, promises, used, single, follow_ups, scores, cost = values
    return Part(
        id_,
        frozenset(marks),
        dict(zip(_DIMENSIONS, map(tuple, groups), strict=True)),
        people,
        tuple(overdue),
        tuple(Promise(cast(Outcome, outcome), moved) for outcome, moved in promises),
        tuple((clock, timedelta(microseconds=each)) for clock, each in used),
        None if single is None else _unpacked_single(*single),
        tuple(FollowUp(*each) for each in follow_ups),
        tuple((name, value) for name, value in scores),
        None if cost is None else Cost(*map(Decimal, cost)),
    )


def _unpacked_single(*values: Any) -> Single:
    id_, status, category, place, received_at, due_at, is_overdue, lead, title = values
    return Single(
        id_,
        status,
        category,
        place,
        datetime.fromisoformat(received_at),
        None if due_at is None else datetime.fromisoformat(due_at),
        is_overdue,
        lead,
        title,
    )
