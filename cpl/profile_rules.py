"""The rules of a profile as data: what an event, or a change of the settings, needs, and who may make it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date
from typing import Any, Final

from cpl.schema import Problems, day, flag, list_of, map_of, shaped, struct, text, word
from cpl.tree import REGISTER_NAMES
from cpl.values import frozen
from cpl.yaml_nodes import Node

EVENT_KEYS: Final = frozenset({"reason", "until", "text"})
TASK_KINDS: Final = ("promise", "step", "milestone", "part", "appointment", "action")
COUNTED: Final = {"register": REGISTER_NAMES, "task": TASK_KINDS}
"""What a requirement such as `register:access` or `task:action` may name behind the colon."""

When = Mapping[str, tuple[str, ...]]


@frozen
class Rule:
    """What a move, an event `did`, or a change of the `settings` needs; all rules that match apply.

    Each requirement is a tuple of alternatives. Who commits it needs one of the roles too, unless it is `shared`: done
    at a desk that several people use; and with `signed` a good signature.
    """

    name: str
    from_: tuple[str, ...]
    to: tuple[str, ...]
    when: When
    requires: tuple[tuple[str, ...], ...]
    roles: tuple[str, ...]
    since: date | None
    clause: str | None
    did: tuple[str, ...] = ()
    settings: bool = False
    signed: bool = False
    shared: bool = False


def holds(value: object, allowed: Collection[str]) -> bool:
    """Whether a field's value is, or has in it, one that a condition allows; a category counts for all below it."""
    if isinstance(value, str):
        return value in allowed or ("/" in value and any(value.startswith(f"{name}/") for name in allowed))
    if isinstance(value, tuple):
        return any(holds(each, allowed) for each in value)
    if value is None:
        return False
    return _as_text(value) in allowed


def asked(value: object) -> object:
    """What `holds` sees of a value, as text, tuples of it, or None: it can be a key, in which 1 is not `true`."""
    if value is None or isinstance(value, str):
        return value
    return tuple(map(asked, value)) if isinstance(value, tuple) else _as_text(value)


def _as_text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def may_be_about(rule: Rule, to: str | None, did: str | None) -> bool:
    """Whether a rule is about moves to that state, or about some deeds of that verb."""
    if rule.did:
        return any(name.partition("/")[0] == did for name in rule.did)
    return to is not None and not rule.settings and (not rule.to or to in rule.to)


@shaped(text)
def _requirement(node: Node, problems: Problems) -> tuple[str, ...] | None:
    value = text(node, problems)
    return None if value is None else tuple(part.strip() for part in value.split(" | "))


RULE: Final = struct(
    {
        "from": list_of(word),
        "to": list_of(word),
        "when": map_of(list_of(text)),
        "requires": list_of(_requirement),
        "roles": list_of(word),
        "since": day,
        "clause": text,
        "did": list_of(word),
        "settings": flag,
        "signed": flag,
        "shared": flag,
        "off": flag,
    },
)


def read_rule(name: str, data: Mapping[str, Any]) -> Rule:
    """The rule that the mapping of its keys says."""
    lists = {key: data.get(key, ()) for key in ("to", "requires", "roles", "did")}
    flags = {key: data.get(key, False) for key in ("settings", "signed", "shared")}
    return Rule(
        name,
        from_=data.get("from", ()),
        when=data.get("when", {}),
        since=data.get("since"),
        clause=data.get("clause"),
        **lists,
        **flags,
    )
