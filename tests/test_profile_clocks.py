"""The clocks that the procedures need, each with its figure, through the command line; all but two are off at first."""

from __future__ import annotations

import json
from typing import NamedTuple

import pytest

from tests.ledger import CPL_YAML, Ledger

OFF = ("hand-over", "call-back", "investigate", "progress-told", "follow-up-call", "report-upwards", "write-up")
ON = "clocks:\n" + "".join(f"  {name}: {{off: false}}\n" for name in OFF)


class Case(NamedTuple):
    """A complaint and what is done about it, and what its clock comes to: due and result of each run."""

    clock: str
    opened: tuple[str, ...]
    steps: tuple[tuple[str, str], ...]
    expected: list[tuple[str, str]]


CASES = [
    pytest.param(
        Case("hand-over", (), (("16T09:00", "assign ID --to zhao.qiang"),), [("16T09:10", "breached")]),
        marks=pytest.mark.clause("MA-1"),
        id="handed over within 10 minutes",
    ),
    pytest.param(
        Case(
            "hand-over",
            (),
            (("16T09:00", "assign ID --to zhao.qiang"), ("16T09:10", "did ID handover")),
            [("16T09:10", "met")],
        ),
        marks=pytest.mark.clause("MA-1"),
        id="taken over in time",
    ),
    pytest.param(
        Case(
            "call-back",
            ("--channel", "phone"),
            tuple((f"16T09:{minute}", "contact ID --via phone --not-reached") for minute in ("10", "20")),
            [("16T11:30", "breached")],
        ),
        marks=pytest.mark.clause("MA-1"),
        id="called back within 3 hours, two attempts are not enough",
    ),
    pytest.param(
        Case(
            "call-back",
            ("--channel", "hotline"),
            tuple((f"16T09:{minute}", "contact ID --via phone --not-reached") for minute in ("10", "20", "40")),
            [("16T11:30", "met")],
        ),
        marks=pytest.mark.clause("MA-1"),
        id="three attempts are",
    ),
    pytest.param(
        Case("department-contact", ("--category", "service/attitude"), (), [("17T00:00", "breached")]),
        marks=pytest.mark.clause("RQ-4"),
        id="the department complained of calls the same day",
    ),
    pytest.param(
        Case("investigate", (), (("16T10:00", "transition ID investigating"),), [("18T10:00", "breached")]),
        marks=pytest.mark.clause("CS-5"),
        id="investigated",
    ),
    pytest.param(
        Case(
            "progress-told",
            (),
            (
                ("16T10:00", "transition ID resolving"),
                ("17T09:00", "contact ID --via phone --about progress"),
                ("18T12:00", "contact ID --via phone --about progress"),
                ("18T20:00", "transition ID replying"),
            ),
            [("17T10:00", "met"), ("18T09:00", "breached"), ("19T12:00", "met")],
        ),
        marks=pytest.mark.clause("CS-7"),
        id="progress told each day until there is an outcome",
    ),
    pytest.param(
        Case(
            "progress-told",
            ("--kind", "repair", "--field", "order.size=large"),
            (("16T10:00", "transition ID resolving"),),
            [("23T10:00", "running")],
        ),
        marks=pytest.mark.clause("RQ-4"),
        id="a large repair is tracked each week",
    ),
    pytest.param(
        Case(
            "follow-up-call",
            (),
            (
                ("16T10:00", "transition ID replying"),
                ("16T10:05", "contact ID --via phone --about reply"),
                ("16T10:10", "transition ID following-up"),
                ("17T10:00", "follow-up ID --via phone --satisfied"),
            ),
            [("18T10:10", "met")],
        ),
        marks=pytest.mark.clause("CS-9"),
        id="followed up",
    ),
    pytest.param(
        Case("report-upwards", ("--field", "nature=A", "--field", "severity=major"), (), [("17T00:00", "breached")]),
        marks=pytest.mark.clause("OT-6"),
        id="a serious case reported the same day",
    ),
    pytest.param(
        Case(
            "write-up",
            ("--kind", "incident"),
            (("16T20:00", "did ID sign-off --about write-up"),),
            [("17T08:30", "met")],
        ),
        marks=pytest.mark.clause("ML-4"),
        id="an emergency written up afterwards",
    ),
]


@pytest.mark.parametrize("case", CASES)
def test_clock_of_the_procedures(ledger: Ledger, case: Case) -> None:
    (ledger.root / "cpl.yaml").write_text(CPL_YAML + ON, encoding="utf-8")
    ledger.commit()
    identifier = ledger.open("Lift stuck", *case.opened, now="2026-11-16T08:30:00+08:00")
    for at, line in case.steps:
        ledger.ok(*line.replace("ID", identifier).split(), now=f"2026-11-{at}:00+08:00")
    told = json.loads(
        ledger.ok("explain", identifier, "--clock", case.clock, "--format", "json", "--at", "2026-11-20T09:00")
    )
    assert [(run["due_at"][8:16], run["result"]) for run in told["clocks"]] == case.expected


def test_clocks_that_are_off_do_not_run_and_are_not_known(ledger: Ledger, one: str) -> None:
    found = json.loads(ledger.ok("explain", one, "--format", "json"))
    assert [run["clock"] for run in found["clocks"]] == ["respond"]
    for name in OFF:
        assert f"'{name}' is not a clock of the profile" in ledger("explain", one, "--clock", name).err
