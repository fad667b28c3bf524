"""Draws: repeatable, whoever asks in whatever order, never more than there are, and larger shares have the smaller."""

from __future__ import annotations

import hashlib
from decimal import Decimal
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cpl import sampling
from tests.ledger import record, record_text, settings

IDS = st.lists(st.from_regex(r"CPL-202611[0-2][0-9]-[0-9A-Z]{7}", fullmatch=True), unique=True, max_size=40)
PERCENT = st.decimals(min_value="0.01", max_value=100, places=2)


@given(IDS, PERCENT, st.randoms(use_true_random=False))
def test_a_draw_is_the_same_in_any_order_and_of_the_right_size(
    ids: list[str], percent: Decimal, chance: Random
) -> None:
    seed = sampling.seed("2026-11", "management", ids)
    drawn = sampling.draw(seed, ids, percent)
    shuffled = chance.sample(ids, len(ids))
    assert sampling.seed("2026-11", "management", shuffled) == seed
    assert sampling.draw(seed, shuffled, percent) == drawn
    assert set(drawn) <= set(ids)
    assert len(drawn) == len(set(drawn)) == sampling.size(percent, len(ids)) <= len(ids)
    assert len(drawn) * 100 >= percent * len(ids) > (len(drawn) - 1) * 100 or not ids


@given(IDS, PERCENT, PERCENT)
def test_a_larger_share_has_all_that_a_smaller_one_has(ids: list[str], one: Decimal, other: Decimal) -> None:
    seed = sampling.seed("2026-11", "management", ids)
    small, large = (sampling.draw(seed, ids, percent) for percent in sorted((one, other)))
    assert large[: len(small)] == small


@given(IDS, IDS)
def test_another_population_has_another_seed(ids: list[str], others: list[str]) -> None:
    same = set(ids) == set(others)
    assert (sampling.seed("2026-11", "office", ids) == sampling.seed("2026-11", "office", others)) is same
    assert sampling.seed("2026-10", "office", ids) != sampling.seed("2026-11", "office", ids)
    assert sampling.seed("2026-11", "desk", ids) != sampling.seed("2026-11", "office", ids)


def test_the_seed_is_the_hash_of_the_lines() -> None:
    text = "cpl sample 1\n2026-11\noffice\nCPL-A\nCPL-B\n"
    assert sampling.seed("2026-11", "office", ["CPL-B", "CPL-A"]) == hashlib.sha256(text.encode()).hexdigest()


@pytest.mark.parametrize(
    ("percent", "population", "expected"),
    [
        ("10", 0, 0),
        ("10", 1, 1),
        ("10", 10, 1),
        ("10", 11, 2),
        ("1", 100, 1),
        ("1", 101, 2),
        ("3", 1000, 30),
        ("100", 7, 7),
    ],
)
def test_a_share_is_rounded_up(percent: str, population: int, expected: int) -> None:
    assert sampling.size(Decimal(percent), population) == expected


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ([], False),
        (["16T10:00 to: resolving"], False),
        (["16T10:00 to: replying", "16T11:00 did: contact, via: phone, about: reply, reached: true"], True),
        (["16T10:00 to: replying", "16T11:00 did: contact, via: phone, about: reply, reached: false"], False),
        (["16T10:00 did: contact, via: letter, about: written-reply, reached: true"], True),
        (["16T10:00 to: declined, reason: not ours"], True),
        (["16T10:00 to: withdrawn, reason: a test"], False),
        (
            [
                "16T10:00 to: replying",
                "16T11:00 did: contact, via: phone, about: reply, reached: true",
                "16T12:00 to: closed, reason: told",
                "16T13:00 to: resolving, reason: out again",
            ],
            False,
        ),
    ],
)
def test_what_is_finished_or_replied_to_can_be_drawn(events: list[str], expected: bool) -> None:
    assert sampling.is_answered(record(record_text(*events)), settings().profile) is expected
