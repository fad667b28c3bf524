"""Names of the profile as people type them: the name itself, what it was before, or its label."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from gettext import gettext as _
from typing import Any

import click

from cpl import query
from cpl.cli.app import App
from cpl.labels import Ambiguous, Labelled, meant, name_of
from cpl.profile_names import STATUS
from cpl.values import replace


def known_term(app: App, option: str, field: str, name: str) -> str:
    """The name of one of the profile's maps, such as a channel, that `name` is, was before, or labels.

    Raises:
        click.BadParameter: the profile has no such name.
    """
    known, name = app.settings.profile.terms[field], app.settings.profile.present_name(field, name)
    return known_name(option, known, name, _("'{name}' is not in the profile")) if known else name


def known_name(option: str, known: Mapping[str, Labelled], text: str, unknown: str) -> str:
    """The name that is given or labelled by `text`; `unknown` is the message with {name} where there is none.

    Raises:
        click.BadParameter: none or several are.
    """
    try:
        name = name_of(known, text)
    except Ambiguous as error:
        raise click.BadParameter(str(error), param_hint=option) from None
    if name is None:
        raise click.BadParameter(unknown.format(name=text) + meant(known, text), param_hint=option)
    return name


def known_state(app: App, option: str, name: str) -> str:
    """The state of the profile that `name` is, was before, or labels.

    Raises:
        click.BadParameter: the profile has none of that name.
    """
    name = app.settings.profile.present_name(STATUS, name)
    return known_name(option, app.settings.profile.states, name, _("'{name}' is not a state of the profile"))


def value_test(app: App, condition: query.Condition) -> Callable[[Any], bool]:
    """Whether the condition holds where its field has a value, perhaps with a name of before."""
    test, profile = query.value_test(condition, app.settings.zone), app.settings.profile
    if condition.field not in profile.former:
        return test

    def now(value: Any) -> Any:
        if isinstance(value, tuple):
            return tuple(map(now, value))
        return profile.present_name(condition.field, value) if isinstance(value, str) else value

    return lambda value: test(now(value))


def known_names(app: App, condition: query.Condition) -> query.Condition:
    """A condition of --where, whose names of states and of the profile there are; a name above them will do.

    A name of before is read as that of now, a label as its name.
    """
    profile = app.settings.profile
    names = tuple(profile.present_name(condition.field, each) for each in condition.values)
    condition = query.in_names(replace(condition, values=names), profile)
    if condition.operator in ("=", "!="):
        known = {**profile.terms, "status": profile.states}.get(condition.field, {})
        for value in condition.values:
            if value and known and not any(name == value or name.startswith(f"{value}/") for name in known):
                check = known_state if condition.field == "status" else partial(known_term, field=condition.field)
                check(app, "--where", name=value)
    return condition
