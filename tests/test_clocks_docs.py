"""docs/clocks.md tells what cpl does with deadlines: each of its rows is shown here through the command line."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import pytest

from tests.ledger import CPL_YAML, ROOT, Ledger

PAGE: Final = ROOT / "docs" / "clocks.md"
SMALL_REPAIR: Final = ("--kind", "repair", "--field", "order.size=minor")  # 8 h
LATER: Final = "2027-12-31T00:00:00+08:00"

Shown = tuple[str, str, str, str]


def at(time: str) -> str:
    """An instant of November 2026 in the store's zone: `18T16:00`, also with seconds."""
    return f"2026-11-{time}{':00' if time.count(':') == 1 else ''}+08:00"


def settle(ledger: Ledger, more: str) -> None:
    """Write `more` into the store's settings."""
    (ledger.root / "cpl.yaml").write_text(CPL_YAML + more, encoding="utf-8")


def opened(ledger: Ledger, *args: str, when: str = "18T16:00") -> str:
    """A complaint that was taken in then; on the 18th at 16:00 unless told."""
    return ledger.open("Door 2 does not lock", *args, "--no-commit", now=at(when))


def do(ledger: Ledger, when: str, command: str, identifier: str, *args: str) -> None:
    """Run a command that has to succeed, then; without a commit, for only the files are looked at."""
    ledger.ok(command, identifier, *args, "--no-commit", now=at(when))


def runs(ledger: Ledger, identifier: str, when: str) -> list[dict[str, Any]]:
    """The runs of every clock as `cpl show` tells them at that time."""
    out = ledger.ok("show", identifier, "--format", "json", "--at", at(when), now=LATER)
    found: list[dict[str, Any]] = json.loads(out)["clocks"]
    return found


def shown(ledger: Ledger, identifier: str, when: str, clock: str) -> list[Shown]:
    """The runs of one clock: due, result, the time that counted, and by what it is due."""
    return [
        (run["due_at"][8:16], run["result"], hours(run["used_seconds"]), run["clause"] or run["basis"])
        for run in runs(ledger, identifier, when)
        if run["clock"] == clock
    ]


def hours(seconds: int) -> str:
    """`1:30` for an hour and a half."""
    return f"{seconds // 3600}:{seconds % 3600 // 60:02}"


def listed(ledger: Ledger, when: str, *args: str) -> list[tuple[str, str]]:
    """What `cpl overdue` lists then: the clock, task or pause, and its due."""
    rows = json.loads(ledger.ok("overdue", "--format", "json", *args, now=at(when)))
    return [(row["clock"], row["due_at"][8:16]) for row in rows]


def first_response(ledger: Ledger) -> None:
    one = opened(ledger)
    do(ledger, "18T16:30", "note", one, "-m", "A look at the door")
    do(ledger, "18T16:40", "assign", one, "--to", "zhao.qiang")
    do(ledger, "18T16:50", "transition", one, "investigating")
    assert shown(ledger, one, "18T17:00", "respond") == [("19T16:00", "running", "1:00", "FC-1")]
    do(ledger, "18T17:30", "contact", one, "--via", "phone", "--about", "acknowledge")
    do(ledger, "18T18:30", "contact", one, "--via", "phone")
    assert shown(ledger, one, "18T19:00", "respond") == [("19T16:00", "met", "1:30", "FC-1")]


def nobody_reached(ledger: Ledger) -> None:
    one = opened(ledger)
    do(ledger, "18T17:00", "contact", one, "--via", "phone", "--not-reached")
    assert shown(ledger, one, "18T18:00", "respond") == [("19T16:00", "running", "2:00", "FC-1")]
    do(ledger, "18T19:00", "contact", one, "--via", "phone")
    assert shown(ledger, one, "18T20:00", "respond") == [("19T16:00", "met", "3:00", "FC-1")]


PROGRESS: Final = """\
clocks:
  progress:
    starts: [to:resolving]
    stops: [did:contact/progress]
    ends: [to:replying]
    repeat: true
    targets: {all: {within: 24h, clause: CS-7}}
"""


def progress(ledger: Ledger) -> None:
    settle(ledger, PROGRESS)
    one = opened(ledger)
    do(ledger, "18T17:00", "transition", one, "resolving")
    do(ledger, "19T10:00", "contact", one, "--via", "phone", "--about", "progress")
    do(ledger, "20T11:00", "contact", one, "--via", "phone", "--about", "progress")
    assert shown(ledger, one, "20T12:00", "progress") == [
        ("19T17:00", "met", "17:00", "CS-7"),
        ("20T10:00", "breached", "25:00", "CS-7"),
        ("21T11:00", "running", "1:00", "CS-7"),
    ]
    do(ledger, "20T13:00", "transition", one, "replying")
    assert shown(ledger, one, "30T12:00", "progress")[2:] == [("21T11:00", "met", "2:00", "CS-7")]


def solution(ledger: Ledger) -> None:
    one = opened(ledger, *SMALL_REPAIR)
    do(ledger, "18T16:10", "contact", one, "--via", "phone", "--about", "reply")
    do(ledger, "18T16:20", "transition", one, "resolving")
    assert shown(ledger, one, "18T20:00", "resolve") == [("19T00:00", "running", "4:00", "RQ-4")]
    do(ledger, "18T21:00", "transition", one, "replying")
    assert shown(ledger, one, "30T00:00", "resolve") == [("19T00:00", "met", "5:00", "RQ-4")]


def telling_the_outcome(ledger: Ledger) -> None:
    one = opened(ledger)
    do(ledger, "18T17:00", "transition", one, "replying")
    do(ledger, "18T18:00", "contact", one, "--via", "phone", "--about", "progress")
    assert shown(ledger, one, "18T19:00", "reply") == [("20T17:00", "running", "2:00", "CS-8")]
    refused = ledger("transition", one, "closed", "--reason", "done", "--no-commit", now=at("18T19:00"))
    assert (refused.code, "rule 'told' (CS-8) needs did:contact/reply" in refused.err) == (2, True)
    do(ledger, "18T20:00", "contact", one, "--via", "phone", "--about", "reply")
    assert shown(ledger, one, "30T00:00", "reply") == [("20T17:00", "met", "3:00", "CS-8")]


def paused(ledger: Ledger) -> str:
    """A small repair on hold from 17:00 on the 18th until noon of the 19th."""
    one = opened(ledger, *SMALL_REPAIR)
    do(ledger, "18T17:00", "transition", one, "on-hold", "--reason", "part ordered", "--until", "2026-11-19T12:00")
    return one


def pause(ledger: Ledger) -> None:
    one = paused(ledger)
    assert shown(ledger, one, "18T20:00", "resolve") == [("19T03:00", "paused", "1:00", "RQ-4")]
    assert shown(ledger, one, "18T20:00", "respond") == [("19T16:00", "running", "4:00", "FC-1")]
    do(ledger, "19T14:00", "transition", one, "received")
    assert shown(ledger, one, "19T15:00", "resolve") == [("19T21:00", "running", "2:00", "RQ-4")]


def end_of_a_pause(ledger: Ledger) -> None:
    one = paused(ledger)
    do(ledger, "18T18:00", "contact", one, "--via", "phone")
    assert listed(ledger, "19T12:00") == []
    assert listed(ledger, "19T12:01") == [("on-hold", "19T12:00")]
    needs = ledger("transition", opened(ledger), "on-hold", "--reason", "part ordered", "--no-commit")
    assert (needs.code, "rule 'pausing' needs until" in needs.err) == (2, True)


def agreed_date(ledger: Ledger) -> None:
    one = opened(ledger, *SMALL_REPAIR)
    do(ledger, "18T16:30", "did", one, "agree", "clock=resolve", "due=2026-11-20T18:00")
    assert shown(ledger, one, "18T17:00", "resolve") == [("20T18:00", "running", "1:00", "agreed")]
    do(ledger, "18T18:00", "transition", one, "on-hold", "--reason", "she is away", "--until", "2026-11-19")
    do(ledger, "19T18:00", "transition", one, "received")
    assert shown(ledger, one, "20T19:00", "resolve") == [("20T18:00", "breached", "27:00", "agreed")]


def units_of_time(ledger: Ledger) -> None:
    """In a zone whose clocks are put back an hour, on Sunday the 25th of October at 03:00."""
    text = CPL_YAML.replace("Asia/Shanghai", "Europe/Berlin")
    (ledger.root / "cpl.yaml").write_text(text, encoding="utf-8")
    saturday = "2026-10-24T16:00:00+02:00"
    repair = ledger.open("Lift", "--kind", "repair", "--field", "order.size=medium", now=saturday)
    ours = ledger.open("Rude", "--field", "nature=A", now=saturday)
    lines = "".join(ledger.ok("show", each, now=saturday) for each in (repair, ours))
    assert re.findall(r"^(\w+) 1 +(2026-\S+ \S+)", lines, re.MULTILINE) == [
        ("respond", "2026-10-25 15:00"),  # 24h
        ("resolve", "2026-10-27 16:00"),  # 3d
        ("respond", "2026-10-25 15:00"),
        ("resolve", "2026-10-25 00:00"),  # same-day
    ]


HOURS: Final = "hours: {mon-fri: ['08:30-12:00', '14:00-18:00']}\n"


def dues(ledger: Ledger, identifier: str) -> dict[str, str]:
    """When each clock of a complaint is due, as `cpl show` prints it."""
    out = ledger.ok("show", identifier, now=LATER)
    return dict(re.findall(r"^(\w+) 1 +20\d\d-(\S+ \S+)", out, re.MULTILINE))


def business_hours(ledger: Ledger) -> None:
    settle(ledger, HOURS + "clocks: {resolve: {targets: {small-repair: {within: 8bh}}}}\n")
    wednesday, saturday = opened(ledger, *SMALL_REPAIR), opened(ledger, *SMALL_REPAIR, when="21T10:00")
    assert dues(ledger, wednesday) == {"respond": "11-19 16:00", "resolve": "11-19 16:30"}
    assert dues(ledger, saturday) == {"respond": "11-22 10:00", "resolve": "11-24 09:00"}
    late = opened(ledger, "--field", "nature=A", when="18T19:00")
    assert dues(ledger, late) == {"respond": "11-19 19:00", "resolve": "11-19 18:00"}


def holidays(ledger: Ledger) -> None:
    """Sunday the 20th of September and Saturday the 10th of October make up for the week of the National Day."""
    calendar = ledger.root / "calendar" / "cn" / "2026.yml"
    calendar.parent.mkdir(parents=True)
    calendar.write_bytes((ROOT / "calendar" / "cn" / "2026.yml").read_bytes())
    settle(ledger, HOURS + "calendar: cn\nclocks: {resolve: {targets: {medium-repair: {within: 3bd}}}}\n")
    medium = ("Lift", "--kind", "repair", "--field", "order.size=medium")
    friday = ledger.open(*medium, now="2026-09-18T16:00:00+08:00")
    eve = ledger.open(*medium, now="2026-09-30T16:00:00+08:00")
    assert dues(ledger, friday) == {"respond": "09-19 16:00", "resolve": "09-22 16:00"}
    assert dues(ledger, eve) == {"respond": "10-01 16:00", "resolve": "10-10 16:00"}
    last = ledger.open(*medium, now="2026-12-31T16:00:00+08:00")
    assert dues(ledger, last) == {"respond": "01-01 16:00", "resolve": "01-06 16:00"}
    assert "provisional" in ledger("show", last, now=LATER).err


def closed(ledger: Ledger) -> str:
    """A small repair, answered, done and closed by 20:00 on the 18th."""
    one = opened(ledger, *SMALL_REPAIR)
    do(ledger, "18T17:00", "contact", one, "--via", "phone", "--about", "acknowledge")
    do(ledger, "18T18:00", "transition", one, "replying")
    do(ledger, "18T19:00", "contact", one, "--via", "phone", "--about", "reply")
    do(ledger, "18T20:00", "transition", one, "closed")
    return one


def reopening(ledger: Ledger) -> None:
    one = closed(ledger)
    do(ledger, "20T09:00", "transition", one, "resolving", "--reason", "it is loose again")
    assert [(run["cycle"], run["clock"], run["result"]) for run in runs(ledger, one, "20T10:00")] == [
        (1, "respond", "met"),
        (2, "respond", "running"),
        (1, "resolve", "met"),
        (2, "resolve", "running"),
        (1, "reply", "met"),
    ]
    assert shown(ledger, one, "20T10:00", "resolve")[1:] == [("20T17:00", "running", "1:00", "RQ-4")]


def closing(ledger: Ledger) -> None:
    soon, late = opened(ledger, *SMALL_REPAIR), opened(ledger, *SMALL_REPAIR)
    refer = ("referred", "--reason", "the gas company's")
    do(ledger, "18T20:00", "transition", soon, *refer)
    do(ledger, "19T20:00", "transition", late, *refer)
    assert [(run["clock"], run["result"]) for run in runs(ledger, soon, "30T00:00")] == [
        ("respond", "met"),
        ("resolve", "met"),
    ]
    assert [(run["clock"], run["result"]) for run in runs(ledger, late, "30T00:00")] == [
        ("respond", "breached"),
        ("resolve", "breached"),
    ]
    assert listed(ledger, "30T00:00") == []


def withdrawal(ledger: Ledger) -> None:
    one = opened(ledger, *SMALL_REPAIR)
    do(ledger, "19T20:00", "transition", one, "withdrawn", "--reason", "entered twice")
    assert runs(ledger, one, "30T00:00") == []
    assert listed(ledger, "30T00:00") == []


def several_targets(ledger: Ledger) -> None:
    lift = "{when: {category: equipment/lift}, within: 4h}"
    settle(ledger, "clocks: {resolve: {targets: {lift: " + lift + "}}}\n")
    small, lift = opened(ledger, *SMALL_REPAIR), opened(ledger, *SMALL_REPAIR, "--category", "equipment/lift")
    assert shown(ledger, small, "18T17:00", "resolve") == [("19T00:00", "running", "1:00", "RQ-4")]
    assert shown(ledger, lift, "18T17:00", "resolve") == [("18T20:00", "running", "1:00", "rule")]


def several_clocks(ledger: Ledger) -> None:
    one = opened(ledger)
    do(ledger, "18T17:00", "transition", one, "replying")
    assert listed(ledger, "18T18:00", "--soon", "3d") == [("respond", "19T16:00"), ("reply", "20T17:00")]
    (row,) = json.loads(ledger.ok("list", "--format", "json", now=at("18T18:00")))
    assert row["due"][8:16] == "19T16:00"


def no_target(ledger: Ledger) -> None:
    one = opened(ledger, "--kind", "suggestion")
    assert [run["clock"] for run in runs(ledger, one, "18T17:00")] == ["respond"]
    do(ledger, "18T17:00", "did", one, "agree", "clock=resolve", "due=2026-11-20T18:00")
    assert shown(ledger, one, "18T18:00", "resolve") == [("20T18:00", "running", "2:00", "agreed")]


BY_SEVERITY: Final = """\
clocks:
  resolve:
    targets:
      major: {when: {severity: major}, within: 4h}
      ours: {within: 24h}
"""


def change_of_severity(ledger: Ledger) -> None:
    settle(ledger, BY_SEVERITY)
    one = opened(ledger, "--field", "nature=A", "--field", "severity=minor")
    judge = ("--classify", "--reason", "on the facts")
    assert shown(ledger, one, "18T18:00", "resolve") == [("19T16:00", "running", "2:00", "RQ-4")]
    do(ledger, "18T19:00", "correct", one, "severity=major", *judge)
    assert shown(ledger, one, "18T19:00", "resolve") == [("18T20:00", "running", "3:00", "rule")]
    do(ledger, "18T20:30", "did", one, "sign-off", "about=plan", "--by", "sun.wei")
    do(ledger, "18T21:00", "transition", one, "replying")
    do(ledger, "18T22:00", "correct", one, "severity=minor", *judge)
    assert shown(ledger, one, "30T00:00", "resolve") == [("18T20:00", "breached", "5:00", "rule")]


def new_target(ledger: Ledger) -> None:
    old = closed(ledger)
    settle(ledger, "clocks: {respond: {targets: {soon: {within: 2h, since: 2026-11-19}}}}\n")
    new = opened(ledger, when="19T09:00")
    do(ledger, "20T09:00", "transition", old, "resolving", "--reason", "it is loose again")
    assert shown(ledger, new, "19T10:00", "respond") == [("19T11:00", "running", "1:00", "rule")]
    assert shown(ledger, old, "20T10:00", "respond") == [
        ("19T16:00", "met", "1:00", "FC-1"),
        ("20T11:00", "running", "1:00", "rule"),
    ]


def warning(ledger: Ledger) -> None:
    one = opened(ledger)
    do(ledger, "18T16:10", "contact", one, "--via", "phone")
    do(ledger, "18T17:00", "transition", one, "replying")
    assert listed(ledger, "19T17:00", "--soon", "1h") == []
    assert listed(ledger, "19T17:01", "--soon", "1h") == [("reply", "20T17:00")]
    assert ledger("overdue", "--exit-code", now=at("19T17:01")).code == 0
    assert ledger("overdue", "--exit-code", now=at("20T17:01")).code == 1


def the_due_instant(ledger: Ledger) -> None:
    punctual, late = opened(ledger), opened(ledger)
    assert listed(ledger, "19T16:00") == []
    do(ledger, "19T16:00", "contact", punctual, "--via", "phone")
    do(ledger, "19T16:00:01", "contact", late, "--via", "phone")
    assert [run["result"] for each in (punctual, late) for run in runs(ledger, each, "30T00:00")] == ["met", "breached"]


def computed(ledger: Ledger) -> None:
    one = opened(ledger, *SMALL_REPAIR)
    before = ledger.path(one).read_bytes()
    assert listed(ledger, "30T00:00") == [("resolve", "19T00:00"), ("respond", "19T16:00")]
    assert (ledger.path(one).read_bytes(), b"due" in before) == (before, False)
    settle(ledger, "clocks: {respond: {targets: {all: {within: 12h}}}}\n")
    assert shown(ledger, one, "18T17:00", "respond") == [("19T04:00", "running", "1:00", "FC-1")]


ROWS: Final[Mapping[str, Callable[[Ledger], None]]] = {
    "first response": first_response,
    "nobody reached": nobody_reached,
    "progress": progress,
    "solution": solution,
    "telling the outcome": telling_the_outcome,
    "pause": pause,
    "end of a pause": end_of_a_pause,
    "agreed date": agreed_date,
    "units of time": units_of_time,
    "business hours": business_hours,
    "holidays": holidays,
    "reopening": reopening,
    "closing": closing,
    "withdrawal": withdrawal,
    "several targets": several_targets,
    "several clocks": several_clocks,
    "no target": no_target,
    "change of severity": change_of_severity,
    "new target": new_target,
    "warning": warning,
    "the due instant": the_due_instant,
    "computed or stored": computed,
}


@pytest.mark.parametrize("name", ROWS)
def test_cpl_does_what_the_row_says(name: str, ledger: Ledger) -> None:
    ROWS[name](ledger)


def cells() -> Iterator[list[str]]:
    """The cells of each row of the page's tables."""
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        if line.startswith("| **"):
            yield [cell.strip() for cell in line.strip("|").split(" | ")]


def test_every_row_of_the_page_is_shown_and_no_other() -> None:
    assert [row[0].strip("*") for row in cells()] == list(ROWS)


def test_every_row_says_what_each_of_the_four_does_and_where_that_stands() -> None:
    for name, *others, _cpl, _why in cells():
        assert len(others) == 4, name
        for other in others:
            assert re.search(r"\[[ZNJO]\d+\]", other), f"{name}: {other}"


def test_every_source_is_listed_once_and_used() -> None:
    text = PAGE.read_text(encoding="utf-8")
    listed_sources = re.findall(r"^- \[([ZNJO]\d+)\] ", text, re.MULTILINE)
    linked = re.findall(r"^\[([ZNJO]\d+)\]: https://\S+$", text, re.MULTILINE)
    used = set(re.findall(r"\[([ZNJO]\d+)\]", "".join("".join(row) for row in cells())))
    assert (sorted(listed_sources), sorted(linked)) == (sorted(used), sorted(used))
