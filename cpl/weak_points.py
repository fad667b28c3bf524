"""What a period's figures give cause to improve: outstanding problems, and swings against the period before (OT-8)."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from gettext import gettext as _
from typing import Final

from cpl.figures import Numbers, Summary
from cpl.profile import Profile
from cpl.tally import Dimension, Key
from cpl.values import frozen

FEW: Final = 3
"""So many records are needed before anything is made of them."""
MUCH: Final = 30
"""Percent of all that was received, of a category that is hot."""
SWING: Final = 10
"""Points by which a rate has to fall."""
SHIPPED: Final = "improvement"
ACTION: Final = "task:action"
SINCE: Final = "x-finding"
"""The field of a record that says which finding it is for."""


@frozen
class Finding:
    """Something to improve: its key within the period, what was found, what a record of it would be called."""

    key: str
    text: str
    title: str
    category: str | None = None

    def command(self, profile: Profile, period: str) -> str:
        """The command that takes a record of it in."""
        words = ["cpl", "open", "--kind", improvement_kind(profile) or "KIND", "--title", self.title]
        words += ["--category", self.category] if self.category else []
        return shlex.join([*words, "--field", f"{SINCE}={period}:{self.key}"])


def improvement_kind(profile: Profile) -> str | None:
    """The kind of record that the profile wants an action with a deadline on before it goes on; None: there is none.

    Where no rule wants one, it is the kind that the shipped profiles have for it.
    """
    kinds = (rule.when.get("kind", ()) for rule in profile.rules if any(ACTION in names for names in rule.requires))
    shipped = profile.present_name("kind", SHIPPED)
    known = (shipped,) if shipped in profile.terms["kind"] else ()
    return next((kind for names in (*kinds, known) for kind in names), None)


def findings(summary: Summary, before: Summary) -> Iterator[Finding]:
    """What the figures of a period give cause to improve, compared with those of the period before it."""
    yield from _outstanding(_groups(summary, "category"))
    yield from _hot(summary, before)
    yield from _causes(_groups(summary, "cause"))
    yield from _late(summary, before)
    yield from _unsatisfied(summary, before)


def _groups(summary: Summary, dimension: Dimension) -> Mapping[Key, Numbers]:
    return summary.dimensions.get(dimension, {})


def _outstanding(groups: Mapping[Key, Numbers]) -> Iterator[Finding]:
    for category, numbers in groups.items():
        if category is not None and (count := numbers.overdue.number):
            text = _("{category}: {count} overdue at the end of the period").format(category=category, count=count)
            title = _("Settle what is overdue: {category}").format(category=category)
            yield Finding(f"overdue/{category}", text, title, category)


def _hot(summary: Summary, before: Summary) -> Iterator[Finding]:
    """A category with much of all that came in, or with half as many again as before."""
    earlier = _groups(before, "category")
    for category, numbers in _groups(summary, "category").items():
        count = numbers.received.number
        was = earlier[category].received.number if category in earlier else 0
        is_much = count * 100 >= MUCH * summary.total.received.number
        has_risen = count - was >= FEW and 2 * count >= 3 * was
        if category is not None and count >= FEW and (is_much or has_risen):
            text = _("{category}: {count} received of {all}, {was} in the period before").format(
                category=category, count=count, all=summary.total.received.number, was=was
            )
            yield Finding(
                f"hot/{category}", text, _("Fewer complaints: {category}").format(category=category), category
            )


def _causes(groups: Mapping[Key, Numbers]) -> Iterator[Finding]:
    for cause, numbers in groups.items():
        if cause is not None and (count := numbers.received.number) >= FEW:
            text = _("cause {cause}: found {count} times").format(cause=cause, count=count)
            yield Finding(f"cause/{cause}", text, _("Remove a cause: {cause}").format(cause=cause))


def _late(summary: Summary, before: Summary) -> Iterator[Finding]:
    clock = summary.total.timely.clock
    fallen = _fallen(summary.total.timely.of_due, before.total.timely.of_due)
    if fallen is not None:
        text = _("{clock}: {now} % in time, {was} % in the period before").format(
            clock=clock, now=fallen[0], was=fallen[1]
        )
        yield Finding(f"late/{clock}", text, _("Be in time again: {clock}").format(clock=clock))


def _unsatisfied(summary: Summary, before: Summary) -> Iterator[Finding]:
    now, was = ((each.follow_ups.satisfied.number, each.follow_ups.asked.number) for each in (summary, before))
    fallen = _fallen(now, was)
    if fallen is not None:
        text = _("{now} % of those asked are satisfied, {was} % in the period before").format(
            now=fallen[0], was=fallen[1]
        )
        yield Finding("satisfaction", text, _("Find out why fewer are satisfied"))


def _fallen(now: tuple[int, int], was: tuple[int, int]) -> tuple[int, int] | None:
    """Two rates in percent of which the first has fallen far below the second; None where they have not."""
    if min(now[1], was[1]) < FEW:
        return None
    rates = 100 * now[0] // now[1], 100 * was[0] // was[1]
    return rates if rates[0] <= rates[1] - SWING else None
