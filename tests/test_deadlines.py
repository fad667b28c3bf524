"""The worked deadlines of tests/deadlines.md, against the walker and, through the command line, against cpl."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cpl.moments import Duration
from cpl.record import make_id
from cpl.worktime import due, extend
from tests import walker
from tests.deadlines import SHIPPED, Expected, Row, record_text, rows, targets_text, walked
from tests.ledger import CPL_YAML, ROOT, Ledger, Outcome, settings

ROWS = rows()
SECOND = timedelta(seconds=1)
LAST_KNOWN = 2026  # the last year whose holidays the page counts with; the stores get no later one


def params(found: Sequence[Row]) -> list[Any]:
    """The rows as parameters, each marked with the clause that it proves."""
    marks = {row.number: [pytest.mark.clause(row.clause)] if row.clause else [] for row in found}
    return [pytest.param(row, id=str(row.number), marks=marks[row.number]) for row in found]


def stated(row: Row, found: Iterable[Expected]) -> list[Expected]:
    """`found` without the results that the row does not speak of."""
    return [
        replace(each, result=each.result if place >= len(row.expected) or row.expected[place].result else None)
        for place, each in enumerate(found)
    ]


def identifier(row: Row) -> str:
    return make_id(row.start.date(), f"{row.number:06}")


def settings_text(own: list[Row]) -> str:
    """The cpl.yaml of a place: its zone, hours and calendar, and one clock with the targets of all of its rows."""
    where = own[0].where
    text = CPL_YAML.replace("timezone: Asia/Shanghai\n", where.settings)
    if where.name == SHIPPED:
        return text
    others = "".join(f"  {name}: {{off: true}}\n" for name in ("respond", "resolve", "written-answer", "reply"))
    lines = dict.fromkeys(line for row in own for line in targets_text(row))
    targets = "".join(f"      {line}\n" for line in lines)
    return (
        f"{text}clocks:\n{others}  deadline:\n    starts: [to:received, reopen]\n    stops: [did:finish]\n"
        f"    pauses: true\n    targets:\n{targets}summary: {{timely: deadline, medians: [deadline]}}\n"
    )


@pytest.fixture(scope="module")
def estates(tmp_path_factory: pytest.TempPathFactory, pristine: Path) -> Mapping[str, Ledger]:
    """A store for each place of the page, with a record for each of its rows."""
    found = {}
    for name in sorted({row.where.name for row in ROWS}):
        root = tmp_path_factory.mktemp("deadlines") / name
        shutil.copytree(pristine, root, symlinks=True)
        for year in range(2025, LAST_KNOWN + 1):
            (root / "calendar/cn").mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / f"calendar/cn/{year}.yml", root / "calendar/cn")
        own = [row for row in ROWS if row.where.name == name]
        (root / "cpl.yaml").write_text(settings_text(own), encoding="utf-8")
        found[name] = Ledger(root)
        for row in own:
            found[name].put(identifier(row), record_text(row, identifier(row)))
        found[name].commit()  # else each command reads them all
    return found


def show(row: Row, ledger: Ledger) -> Outcome:
    return ledger("show", identifier(row), "--format", "json", now=row.now.isoformat())


def shown(row: Row, ledger: Ledger) -> list[Expected]:
    """The runs of the row's clock as `cpl show` tells them; those of the shipped procedure name their clause."""
    outcome = show(row, ledger)
    assert outcome.code == 0, outcome
    record = json.loads(outcome.out)
    runs = [run for run in record["clocks"] if run["clock"] == (row.rule or "deadline")]
    assert {run["clause"] for run in runs} <= {row.clause if row.rule else None}
    return [Expected(datetime.fromisoformat(run["due_at"]).astimezone(UTC), run["result"]) for run in runs]


def is_warned(row: Row, ledger: Ledger, now: datetime) -> bool:
    """Whether `cpl overdue --soon` warns of the row's clock at that instant."""
    found = json.loads(ledger.ok("overdue", "--soon", "1m", "--format", "json", now=now.isoformat()))
    return any(each["warned"] and each["id"] == identifier(row) for each in found)


def test_page_numbers_its_rows_from_1_and_has_enough_of_them() -> None:
    assert [row.number for row in ROWS] == list(range(1, len(ROWS) + 1))
    assert len(ROWS) >= 130


@pytest.mark.parametrize("row", params([row for row in ROWS if row.where.name != SHIPPED]))
def test_walk_from_minute_to_minute_agrees_with_the_page(row: Row) -> None:
    assert stated(row, walked(row)) == list(row.expected)


@pytest.mark.parametrize("row", params(ROWS))
def test_cpl_agrees_with_the_page(row: Row, estates: Mapping[str, Ledger]) -> None:
    found = shown(row, estates[row.where.name])
    assert stated(row, found) == [replace(each, warn=None) for each in row.expected]


@pytest.mark.parametrize("row", params([row for row in ROWS if any(each.warn for each in row.expected)]))
def test_cpl_warns_when_the_page_says(row: Row, estates: Mapping[str, Ledger]) -> None:
    ledger = estates[row.where.name]
    (warn,) = [each.warn for each in row.expected if each.warn]
    assert [is_warned(row, ledger, at) for at in (warn, warn + SECOND)] == [False, True]


def years(row: Row) -> set[int]:
    """The local years of the row's start and dues."""
    return {at.astimezone(row.where.place.zone).year for at in (row.start, *(each.due for each in row.expected))}


AT_THE_OFFICE = [row for row in ROWS if row.where.name == "office"]
UNKNOWN = [row for row in AT_THE_OFFICE if max(years(row)) > LAST_KNOWN]


@pytest.mark.parametrize("row", params([*UNKNOWN, *AT_THE_OFFICE[:3]]))
def test_cpl_says_when_a_year_has_no_calendar(row: Row, estates: Mapping[str, Ledger]) -> None:
    said = show(row, estates[row.where.name]).err
    assert {int(year) for year in re.findall(r"20[0-9]{2}", said)} == {year for year in years(row) if year > LAST_KNOWN}


def test_records_of_the_page_have_no_error(estates: Mapping[str, Ledger]) -> None:
    """What the rows say could have happened: nothing in it is read in another way than the page means."""
    for ledger in estates.values():
        said = ledger("check", now="2300-01-01T00:00:00+00:00").out
        assert [line for line in said.splitlines() if " E" in line] == []


PLACES = {row.where.name: row for row in ROWS if row.where.name not in (SHIPPED, "wall-cn")}
UNITS = {"m": 2000, "h": 100, "bh": 30, "bd": 6, "d": 9, "mo": 3, "same-day": 1}
DAYS = ("2026-02-12", "2026-03-27", "2026-04-03", "2026-09-29", "2026-10-23")  # before holidays and changes of time
quarters = st.integers(0, 300).map(lambda count: timedelta(minutes=15 * count))


@given(
    st.sampled_from(sorted(PLACES)),
    st.builds(
        lambda day, after: datetime.fromisoformat(day).replace(tzinfo=UTC) + after, st.sampled_from(DAYS), quarters
    ),
    st.sampled_from(sorted(UNITS)).flatmap(
        lambda unit: st.builds(Duration, st.integers(1, UNITS[unit]), st.just(unit))
    ),
    st.lists(st.tuples(quarters, quarters), max_size=2),
)
def test_cpl_and_the_walk_agree_on_any_deadline(
    name: str, start: datetime, within: Duration, pauses: list[tuple[timedelta, timedelta]]
) -> None:
    spans, at = [], start
    for wait, length in pauses:
        spans.append((at + wait, at + wait + length))
        at += wait + length
    worktime = settings(settings_text([PLACES[name]])).worktime
    found = extend(due(start, within, worktime), spans, within, worktime)
    assert found == walker.due(start, within.amount, within.unit, spans, PLACES[name].where.place)
