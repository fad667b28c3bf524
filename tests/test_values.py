"""Values and patterns that are made when they are used: they are what dataclasses and `re.compile` would give."""

from __future__ import annotations

import copy
import dataclasses
import pickle
import re
from dataclasses import dataclass, field
from typing import Any

import pytest

from cpl.patterns import bytes_regex, regex
from cpl.values import frozen, replace, slotted


@frozen
class Light:
    """What is tried."""

    name: str
    number: int = 3
    hidden: str = field(default="h", repr=False, compare=False)
    items: dict[str, int] = field(default_factory=dict)
    named: bool = field(default=False, kw_only=True)
    own: list[int] = field(default_factory=list, init=False, repr=False, compare=False)

    @property
    def twice(self) -> str:
        """A property as of any class."""
        return self.name * 2


@dataclass(frozen=True, slots=True)
class Heavy:
    """The same as the standard library makes it."""

    name: str
    number: int = 3
    hidden: str = field(default="h", repr=False, compare=False)
    items: dict[str, int] = field(default_factory=dict)
    named: bool = field(default=False, kw_only=True)
    own: list[int] = field(default_factory=list, init=False, repr=False, compare=False)


@frozen
class Pair:
    """A value that can be hashed."""

    one: str
    other: int


@frozen
class Told:
    """A value that works something out when it is made."""

    text: str
    length: int = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "length", len(self.text))


@pytest.mark.parametrize(
    ("args", "more"),
    [(("a",), {}), (("a", 4), {"named": True}), (("a", 4, "x", {"b": 1}), {}), ((), {"name": "a", "items": {}})],
)
def test_a_value_is_what_a_dataclass_would_be(args: tuple[Any, ...], more: dict[str, Any]) -> None:
    light, heavy = Light(*args, **more), Heavy(*args, **more)
    names = ("name", "number", "hidden", "items", "named", "own")
    assert [getattr(light, name) for name in names] == [getattr(heavy, name) for name in names]
    assert repr(light) == repr(heavy).replace("Heavy", "Light")
    assert light == Light(*args, **more)
    assert light == replace(light, hidden="other")
    assert light != replace(light, number=light.number + 1)
    assert (light == "a") is False
    for copied in (copy.copy(light), copy.deepcopy(light), pickle.loads(pickle.dumps(light))):
        assert copied == light
        assert copied.hidden == light.hidden
    assert light.items is not Light("b").items


def test_a_value_can_not_be_changed() -> None:
    pair = Pair("a", 1)
    with pytest.raises(AttributeError, match="'one' of a Pair can't be changed"):
        pair.one = "b"  # type: ignore[misc]  # mypy refuses it too
    with pytest.raises(AttributeError):
        del pair.one
    with pytest.raises(AttributeError):
        pair.third = 1  # type: ignore[attr-defined]  # mypy refuses it too
    assert dataclasses.replace(pair, other=2) == Pair("a", 2)
    assert {pair, Pair("a", 1), replace(pair, other=2)} == {Pair("a", 1), Pair("a", 2)}


def test_what_a_value_is_not_given_is_told_as_of_a_function() -> None:
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'other'"):
        Pair("a")  # type: ignore[call-arg]  # mypy refuses it too
    assert Told("abc").length == 3
    assert replace(Told("abc"), text="ab").length == 2


def test_a_pattern_is_compiled_when_it_is_used() -> None:
    lazy, flagged, raw = regex("(a)(b)?"), regex("^b", re.MULTILINE), bytes_regex(b"[0-9]+")
    assert "fullmatch" not in vars(lazy)
    found = lazy.fullmatch("ab")
    assert found is not None
    assert found.groups() == ("a", "b")
    assert "fullmatch" in vars(lazy)
    assert lazy.split("xab") == re.split("(a)(b)?", "xab")
    assert flagged.sub("c", "a\nb") == "a\nc"
    assert [each[0] for each in raw.finditer(b"1 22")] == [b"1", b"22"]
    assert copy.copy(regex("a")).match("a")
    with pytest.raises(re.error):
        regex("(").match("a")


@slotted
class Growing:
    """A value that is filled in as it goes."""

    name: str
    items: list[int] = field(default_factory=list)


def test_a_slotted_value_can_be_changed_and_not_hashed() -> None:
    one, other = Growing("a"), Growing("a", [1])
    assert one != other
    one.items.append(1)
    assert one == other == pickle.loads(pickle.dumps(one)) == copy.deepcopy(one)
    one.name = "b"
    assert repr(one) == "Growing(name='b', items=[1])"
    assert one.items is not Growing("a").items
    with pytest.raises(TypeError):
        hash(one)
    with pytest.raises(AttributeError):
        one.more = 1  # type: ignore[attr-defined]  # mypy refuses it too
