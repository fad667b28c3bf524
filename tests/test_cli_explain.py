"""explain: the worked examples come out as they were reckoned by hand, and what counted adds up to what was used."""

from __future__ import annotations

import json
import shutil
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cpl.explaining import explain
from cpl.workdays import Hours, Shift
from cpl.worktime import Worktime
from tests.ledger import CPL_YAML, EXAMPLES, ONE, ROOT, Ledger, instant, record, record_text, settings

NOW = "2026-11-18T16:00:00+08:00"

# The table of the hand-written examples: id, clock and run, starts, due, stops, result, used seconds.
WORKED = [
    ("M4T8RAE", "respond", 1, "16T09:00", "17T09:00", "16T09:05", "met", 5 * 60),
    ("M4T8RAE", "resolve", 1, "16T09:00", "17T17:00", "17T13:30", "met", 270 * 60),
    ("M4T8RAE", "resolve", 2, "18T10:05", "18T18:05", "18T12:00", "met", 115 * 60),
    ("M4T8RAE", "reply", 1, "17T13:30", "19T13:30", "17T13:40", "met", 10 * 60),
    ("M4T8RAE", "reply", 2, "18T12:00", "20T12:00", "18T12:10", "met", 10 * 60),
    ("9XE2WH9", "respond", 1, "17T08:40", "18T08:40", "17T08:45", "met", 5 * 60),
    ("9XE2WH9", "resolve", 1, "17T08:40", "17T20:00", None, "breached", None),
    ("3CB6VN4", "respond", 1, "18T02:10", "19T02:10", "18T02:19", "met", 9 * 60),
    ("3CB6VN4", "reply", 1, "18T09:40", "20T09:40", None, "running", None),
]


@pytest.fixture
def examples(tmp_path: Path) -> Ledger:
    shutil.copytree(EXAMPLES, tmp_path / "examples")
    return Ledger(tmp_path / "examples", now=NOW)


def explained(ledger: Ledger, piece: str, *args: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(ledger.ok("explain", piece, "--format", "json", *args))
    return found


def short(text: str | None) -> str | None:
    return None if text is None else f"{datetime.fromisoformat(text):%dT%H:%M}"


@pytest.mark.parametrize("row", WORKED, ids=[f"{each[0]} {each[1]} {each[2]}" for each in WORKED])
def test_worked_example_comes_out_as_reckoned_by_hand(examples: Ledger, row: tuple[Any, ...]) -> None:
    piece, clock, number, *expected = row
    (run,) = [each for each in explained(examples, piece)["clocks"] if (each["clock"], each["run"]) == (clock, number)]
    used = run["used_seconds"] if expected[-1] is not None else None
    times = [short(run[name]) for name in ("started_at", "due_at", "stopped_at")]
    assert [*times, run["result"], used] == expected


def test_lateness_of_the_examples_is_by_the_wall_clock(examples: Ledger) -> None:
    found = explained(examples, "9XE2WH9")
    (resolve,) = [each for each in found["clocks"] if each["clock"] == "resolve"]
    assert (resolve["late_seconds"], resolve["basis"]) == (20 * 3600, "agreed")
    assert found["others"] == [
        {
            "basis": "task",
            "name": "t-4hq2",
            "due_at": "2026-11-17T12:00:00+08:00",
            "late_seconds": 28 * 3600,
            "who": "zhao.qiang",
        }
    ]


def test_rule_is_named_with_its_clause_and_the_line_that_says_it(examples: Ledger) -> None:
    (run,) = explained(examples, "M4T8RAE", "--clock", "respond")["clocks"]
    place = run["rule"].pop("place")
    path, _colon, line = place.partition(":")
    lines = (Path(__file__).parent.parent / path).read_text(encoding="utf-8").splitlines()
    assert "within: 24h, clause: FC-1" in lines[int(line) - 1]
    assert run["rule"] == {"target": "all", "within": "24h", "warn": None, "when": {}, "since": None, "clause": "FC-1"}


def test_text_shows_every_stretch_and_why_it_did_not_count(examples: Ledger) -> None:
    text = examples.ok("explain", "M4T8RAE", "--clock", "resolve", "--at", "2026-11-17T20:00")
    place = explained(examples, "M4T8RAE", "--clock", "resolve")["clocks"][0]["rule"]["place"]
    assert text == (
        "CPL-20261116-M4T8RAE  5号楼楼道灯不亮\n"
        "as of 2026-11-17T20:00:00+08:00\n"
        "\n"
        "resolve, run 1\n"
        f"rule     target small-repair: 8h (RQ-4), {place}\n"
        "started  2026-11-16 09:00 by to:received of li.na\n"
        "due      2026-11-17 17:00\n"
        "stopped  2026-11-17 13:30 by to:replying of zhao.qiang\n"
        "result   met, 3 h 30 min to spare; 4 h 30 min used\n"
        "from              to                    length  counts  why\n"
        "----------------  ----------------  ----------  ------  -------------------------\n"
        "2026-11-16 09:00  2026-11-16 11:00         2 h  yes     running\n"
        "2026-11-16 11:00  2026-11-17 11:00         1 d  no      paused, on-hold, 灯具缺货\n"
        "2026-11-17 11:00  2026-11-17 13:30  2 h 30 min  yes     running\n"
    )


def test_clock_that_there_is_not_is_refused(ledger: Ledger, one: str) -> None:
    outcome = ledger("explain", one, "--clock", "respnd")
    assert (outcome.code, outcome.err.splitlines()[-1]) == (
        2,
        "Error: Invalid value for --clock: 'respnd' is not a clock of the profile; did you mean 'respond'?",
    )


@pytest.mark.usefixtures("one")
def test_calls_that_reach_nobody_stop_a_clock_after_as_many_as_the_profile_says(ledger: Ledger) -> None:
    text = (ledger.root / "cpl.yaml").read_text(encoding="utf-8")
    (ledger.root / "cpl.yaml").write_text(text + "clocks:\n  respond: {attempts: 2}\n", encoding="utf-8")
    ledger.git("commit", "--quiet", "--all", "--message", "two attempts")

    def respond() -> tuple[str, str | None]:
        (run,) = explained(ledger, ONE, "--clock", "respond", "--at", "2026-11-18T18:00")["clocks"]
        return run["result"], short(run["stopped_at"])

    for minute, expected in (("10", ("running", None)), ("20", ("met", "18T16:20"))):
        now = f"2026-11-18T16:{minute}:00+08:00"
        ledger.ok("contact", ONE, "--via", "phone", "--about", "acknowledge", "--not-reached", now=now)
        ledger.now = "2026-11-18T18:00:00+08:00"
        assert respond() == expected


MOVES = ("resolving", "on-hold, reason: x, until: '2026-12-20T09:00:00+08:00'", "investigating", "replying")
HISTORIES = st.lists(
    st.tuples(st.integers(1, 20_000), st.sampled_from(MOVES)), max_size=8, unique_by=lambda each: each[0]
)
BUSINESS = CPL_YAML + "clocks:\n  resolve: {targets: {all: {within: 8bh}}}\n  respond: {pauses: true}\n"


def test_business_time_is_told_apart_from_closed_hours_holidays_and_make_up_days(ledger: Ledger) -> None:
    office = "calendar: cn\nhours: {mon-fri: ['08:30-12:00', '14:00-18:00']}\n"
    clock = "clocks:\n  respond: {targets: {all: {within: 12bh}}}\n"
    (ledger.root / "cpl.yaml").write_text(CPL_YAML + office + clock, encoding="utf-8")
    (ledger.root / "calendar" / "cn").mkdir(parents=True)
    shutil.copy(ROOT / "calendar" / "cn" / "2026.yml", ledger.root / "calendar" / "cn")
    ledger.commit()
    identifier = ledger.open("Lift", now="2026-09-30T17:00:00+08:00")
    ledger.now = "2026-10-10T15:00:00+08:00"
    (run,) = explained(ledger, identifier, "--clock", "respond")["clocks"]
    parts = [
        (short(part["from"]), short(part["to"]), part["counts"], part["why"], part["name"]) for part in run["intervals"]
    ]
    # The eve of National Day has one hour left; seven days off; Thursday and Friday are worked, and so is the Saturday.
    holidays = [each for each in parts if each[3] == "holiday"]
    assert [(each[0], each[1], each[4]) for each in holidays] == [("01T00:00", "08T00:00", "国庆节")]
    assert [each[:2] for each in parts if each[2]] == [
        ("30T17:00", "30T18:00"),
        ("08T08:30", "08T12:00"),
        ("08T14:00", "08T18:00"),
        ("09T08:30", "09T12:00"),
        ("09T14:00", "09T18:00"),
        ("10T08:30", "10T12:00"),
        ("10T14:00", "10T15:00"),
    ]
    assert [(each[0], each[3], each[4]) for each in parts if each[2]][-2:] == [
        ("10T08:30", "make-up", "国庆节调休"),
        ("10T14:00", "make-up", "国庆节调休"),
    ]
    assert (short(run["due_at"]), run["used_seconds"]) == ("09T12:00", (1 + 7.5 + 7.5 + 4.5) * 3600)


_DAY = (Shift(510, 720), Shift(840, 1080))  # 08:30-12:00, 14:00-18:00
OFFICE = Hours((_DAY,) * 5 + ((), ()), _DAY)


@given(HISTORIES, st.integers(0, 30_000))
def test_stretches_have_no_gaps_and_those_that_count_add_up_to_what_was_used(
    moves: list[tuple[int, str]], later: int
) -> None:
    start = instant("2026-11-16T09:00")
    events = [f"{start + timedelta(minutes=at):%dT%H:%M} to: {move}" for at, move in sorted(moves)]
    found = record(record_text(*events))
    known = settings(BUSINESS)
    worktime = Worktime(known.zone, OFFICE)
    for each in explain(found, known.profile, worktime, start + timedelta(minutes=later)):
        run, parts = each.run, each.stretches
        end = run.stopped_at or max(start + timedelta(minutes=later), run.started_at)
        edges = [run.started_at, *(part.end for part in parts)]
        assert [part.start for part in parts] == edges[:-1]
        assert edges[-1] == end
        assert sum((part.length for part in parts if part.counts), timedelta()) == run.used
        assert all(part.start < part.end for part in parts)
        assert run.target is not None
        kinds = {part.why for part in parts} - {"paused"}
        assert kinds <= ({"open", "closed", "weekend"} if run.target.within.unit == "bh" else {"running"})
