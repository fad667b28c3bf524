"""What a profile says of channels, routes and shares: how it is read, and what is wrong with it."""

from __future__ import annotations

from decimal import Decimal

import pytest

from cpl.moments import Duration
from cpl.profile_duties import Channel, Route, Share
from tests.ledger import settings
from tests.test_profile import SMALL, with_profile


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
    assert known.routes == (Route("r", {"kind": ("k",)}, ("d",), None),)
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
        ("routing: {r: {departments: [e]}}\ndepartments: {d: {}}\n", "12: E071 'e' is not defined; there are: d"),
        ("channels: {c: {within: soon}}\n", "12: E022 'soon' is not a duration; write 10m"),
        ("channels: {c: {scop: {en: x}}}\n", "12: E020 'scop' is not a known key here; did you mean 'scope'?"),
    ],
)
def test_what_is_wrong_is_named_where_it_stands(more: str, expected: str) -> None:
    (found,) = with_profile(SMALL + more)
    assert found.startswith(expected)
