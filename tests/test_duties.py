"""What a profile says of channels, routes and shares: how it is read, and what is wrong with it."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from cpl.moments import Duration
from cpl.profile_duties import Channel, Route, Share
from tests.ledger import CPL_YAML, Ledger, settings
from tests.test_profile import SMALL, with_profile

TOMORROW = "answered within 24 hours, by 2026-11-19 16:00"


@pytest.mark.clause("RQ-5")
def test_shares_are_those_of_the_procedure() -> None:
    assert settings().profile.shares == (
        Share("desk", {"kind": ("complaint", "help")}, Decimal(100), "RQ-5", "follow-up/desk", "desk"),
        Share("management", {"kind": ("complaint",)}, Decimal(10), "RQ-5", "follow-up/management", "management"),
        Share("management", {"kind": ("help",)}, Decimal(1), "RQ-5", "follow-up/management", "management-help"),
        Share("office", {}, Decimal(3), "RQ-5", "follow-up/office", "office"),
    )


def test_channel_says_its_scope_and_deadline_and_share_has_the_name_of_its_level() -> None:
    more = (
        "channels: {app: {label: {zh: APP}, scope: {en: repairs, zh: 报修}, within: 8bh, clause: CS-2}, desk: {}}\n"
        "departments: {d: {}}\nrouting: {r: {when: {kind: k}, departments: d}}\nshares: {office: {share: 0.5%}}\n"
    )
    known = settings("format: 1\ntimezone: Asia/Shanghai\nprofile: p\n", profile=SMALL + more).profile
    assert known.channels == {
        "app": Channel("app", {"zh": "APP"}, {"en": "repairs", "zh": "报修"}, Duration(8, "bh"), "CS-2"),
        "desk": Channel("desk", {}, {}, None, None),
    }
    assert known.terms["channel"]["app"].label == {"zh": "APP"}
    assert known.routes == (Route("r", {"kind": ("k",)}, (), ("d",), None),)
    assert known.shares == (Share("office", {}, Decimal("0.5"), None, "follow-up/office", "office"),)


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ("shares: {s: {share: 10}}\n", "12: E022 '10' is not a share; write one such as 10%"),
        ("shares: {s: {share: 101%}}\n", "12: E022 '101%' is not a share; write one such as 10%"),
        ("shares: {s: {share: 0%}}\n", "12: E022 '0%' is not a share; write one such as 10%"),
        ("shares: {s: {share: [a]}}\n", "12: E022 '' is not a share; write one such as 10%"),
        ("shares: {s: {}}\n", "12: E021 'share' is missing"),
        ("shares: {s: {share: 1%, did: ring/x}}\n", "12: E071 'ring' is not defined; there are: "),
        ("shares: {s: {share: 1%, when: {kind: l}}}\n", "12: E071 'l' is not defined; there are: k"),
        ("routing: {r: {when: {kind: k}}}\n", "12: E021 'departments' is missing"),
        ("routing: {r: {departments: d, has: [forwarded]}}\n", "12: E071 'forwarded' is not defined; did you mean"),
        ("routing: {r: {departments: [e]}}\ndepartments: {d: {}}\n", "12: E071 'e' is not defined; there are: d"),
        ("channels: {c: {within: soon}}\n", "12: E022 'soon' is not a duration; write 10m"),
        ("channels: {c: {scop: {en: x}}}\n", "12: E020 'scop' is not a known key here; did you mean 'scope'?"),
    ],
)
def test_what_is_wrong_is_named_where_it_stands(more: str, expected: str) -> None:
    (found,) = with_profile(SMALL + more)
    assert found.startswith(expected)


# What becomes of it at the command line


@pytest.mark.clause("RO-2")
@pytest.mark.parametrize(
    ("args", "departments", "clause"),
    [
        (["--category", "equipment/lift"], ["engineering"], "RO-2"),
        (["--kind", "repair", "--category", "environment/noise"], ["engineering"], "RO-2"),
        (["--category", "security"], ["security"], "RO-2"),
        (["--category", "service/mail"], ["management"], "RO-2"),
        (["--channel", "headquarters", "--category", "equipment/lift"], ["quality"], "RO-2"),
        (["--category", "equipment/lift", "--forwarded-by", "12345"], ["general-office"], "RQ-6"),
        (["--category", "environment"], ["environment"], "CS-7"),
        (["--category", "neighbour"], ["customer-service"], "CS-7"),
    ],
)
def test_open_tells_who_gets_it_and_assign_dispatches_it(
    ledger: Ledger, args: list[str], departments: list[str], clause: str
) -> None:
    outcome = ledger("open", "-t", "x", *args)
    one = outcome.out.partition(":")[0]
    name = departments[0]
    told = f"for {name} ({clause}); next: cpl assign {one[-7:]} --department {name}"
    assert told in outcome.err.splitlines()
    assert ledger("assign", one) == (0, f"{one}: assigned to {name}\n", "")
    assert json.loads(ledger.ok("show", one, "--format", "json"))["departments"] == departments


def test_open_says_no_route_where_there_is_none_or_the_departments_are_given(ledger: Ledger) -> None:
    for args in (["--category", "other"], ["--category", "equipment", "--department", "security"]):
        outcome = ledger("open", "-t", "x", *args)
        assert outcome.err == f"records/2026/11/18/{outcome.out.partition(':')[0]}.md\n"


@pytest.mark.clause("OT-2")
def test_several_are_dispatched_each_to_its_own_departments_or_none_is(ledger: Ledger) -> None:
    lift, mail, more = (ledger.open("x", "--category", name) for name in ("equipment/lift", "service/mail", "other"))
    refused = ledger("assign", lift, mail, more)
    assert (refused.code, refused.err.rpartition("Error: ")[2]) == (
        2,
        "say to whom: --to PERSON, --department NAME, or both\n",
    )
    assert ledger.ok("assign", lift, mail) == (f"{lift}: assigned to engineering\n{mail}: assigned to management\n")
    again = ledger("assign", lift)
    assert (again.code, again.err) == (2, f"{lift}: nothing to change, the fields have these values\n")


def test_store_has_routes_of_its_own(ledger: Ledger) -> None:
    own = "routing: {ours: {when: {location.building: '9'}, departments: [security, environment]}}\n"
    (ledger.root / "cpl.yaml").write_text(CPL_YAML + own, encoding="utf-8")
    outcome = ledger("open", "-t", "x", "--building", "9", "--category", "equipment")
    piece = outcome.out.partition(":")[0][-7:]
    assert outcome.err.splitlines()[-1] == (
        f"for security, environment; next: cpl assign {piece} --department security --department environment"
    )
    assert ledger.ok("assign", piece).endswith(": assigned to security, environment\n")


@pytest.mark.clause("CS-2")
@pytest.mark.parametrize(
    ("language", "channel", "expected"),
    [
        ("en", "hotline", f"hotline: emergencies and repairs, day and night; {TOMORROW}"),
        ("zh", "hotline", f"24小时热线: 紧急情况与报修，全天; {TOMORROW}"),
        ("en", "letter", "letter: what is to be answered in writing; answered within 2 days, by 2026-11-20 16:00"),
        ("en", "other", None),
    ],
)
def test_open_tells_what_the_channel_is_for_and_by_when_it_is_answered(
    ledger: Ledger, language: str, channel: str, expected: str | None
) -> None:
    own = CPL_YAML.replace("language: en", f"language: {language}")
    (ledger.root / "cpl.yaml").write_text(own, encoding="utf-8")
    outcome = ledger("open", "-t", "x", "--channel", channel)
    assert (outcome.code, outcome.err.splitlines()[1:]) == (0, [] if expected is None else [expected])


def test_every_channel_of_the_procedures_says_what_it_is_for() -> None:
    known = settings().profile.channels
    assert [name for name, each in known.items() if set(each.scope) != {"en", "zh"} or not each.within] == ["other"]
