"""The conditions of --where in the names of the store: as they are now, as they were before, or their labels."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from typing import Any

from cpl.cli.app import App
from cpl.cli.writing import known_state, known_term
from cpl.query import Condition, in_names, parse, value_test


def known_conditions(app: App, wheres: Iterable[str]) -> list[Condition]:
    """The conditions, whose names of states and of the profile there are; a name above them will do.

    Raises:
        BadWhere, click.BadParameter: text that is no condition; a field or a name that there is not.
    """
    return [_known(app, condition) for where in wheres for condition in parse(where)]


def _known(app: App, condition: Condition) -> Condition:
    profile = app.settings.profile
    names = tuple(profile.present_name(condition.field, each) for each in condition.values)
    condition = in_names(replace(condition, values=names), profile)
    if condition.operator in ("=", "!="):
        known = {**profile.terms, "status": profile.states}.get(condition.field, {})
        for value in condition.values:
            if value and known and not any(name.startswith(f"{value}/") for name in known):
                check = known_state if condition.field == "status" else partial(known_term, field=condition.field)
                check(app, "--where", name=value)
    return condition


def test_of(app: App, condition: Condition) -> Callable[[Any], bool]:
    """Whether the condition holds where its field has a value, perhaps with a name of before."""
    test, profile = value_test(condition, app.settings.zone), app.settings.profile
    if condition.field not in profile.former:
        return test

    def now(value: Any) -> Any:
        if isinstance(value, tuple):
            return tuple(map(now, value))
        return profile.present_name(condition.field, value) if isinstance(value, str) else value

    return lambda value: test(now(value))
