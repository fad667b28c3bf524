"""Values: slotted classes as from `@dataclass(slots=True)`, most of them frozen, made when they are used.

A dataclass generates and compiles six methods for each class, which takes about a millisecond, and a short run imports
some sixty classes to use twenty. Here only `__init__` is generated, for the first instance; the others are shared.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field
from dataclasses import field as field  # what a field is given its default by, taken from here too
from operator import attrgetter
from typing import Any, TypeVar, cast, dataclass_transform

T = TypeVar("T")
Fields = Mapping[str, "Field[Any]"]

_FIELDS = "__dataclass_fields__"  # so that `dataclasses.replace` takes them too


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def frozen(cls: type[T]) -> type[T]:
    """The class with its annotated names as the fields of instances that can't be changed; for classes without a base.

    A default is given as in a dataclass, also by `dataclasses.field`.
    """
    return _made(cls, is_frozen=True)


@dataclass_transform(field_specifiers=(field,))
def slotted(cls: type[T]) -> type[T]:
    """As `frozen`, but the fields of an instance can be changed, and it can't be hashed."""
    return _made(cls, is_frozen=False)


def _made(cls: type[T], *, is_frozen: bool) -> type[T]:
    names = tuple(cls.__annotations__)
    fields = {name: _field(name, vars(cls).get(name, MISSING)) for name in names}
    compared = [name for name in names if fields[name].compare]
    parts = attrgetter(*compared) if compared else lambda _self: ()

    def first(self: Any, *args: Any, **more: Any) -> None:
        type.__setattr__(made, "__init__", _constructor(made, fields, is_frozen=is_frozen))
        self.__init__(*args, **more)

    def equals(self: Any, other: object) -> bool:
        return bool(parts(self) == parts(other)) if type(other) is made else NotImplemented

    shared = {
        "__slots__": names,
        "__init__": first,
        "__eq__": equals,
        "__hash__": None,
        "__repr__": _shown,
        "__getstate__": _state,
        "__setstate__": _restore,
        _FIELDS: fields,
    }
    frozen_too = {"__hash__": lambda self: hash(parts(self)), "__setattr__": _refuse, "__delattr__": _refuse}
    shared |= frozen_too if is_frozen else {}
    own = {name: each for name, each in vars(cls).items() if name not in {*names, "__dict__", "__weakref__"}}
    made = type(cls.__name__, cls.__bases__, {**shared, **own})
    return cast("type[T]", made)


def replace(old: T, **changes: Any) -> T:
    """A value like `old` but for some fields."""
    fields: Fields = getattr(old, _FIELDS)
    return type(old)(**{name: getattr(old, name) for name, each in fields.items() if each.init} | changes)


def _field(name: str, default: Any) -> Field[Any]:
    found: Field[Any] = default if isinstance(default, Field) else field(default=default)
    found.name = name
    return found


def _constructor(cls: type, fields: Fields, *, is_frozen: bool) -> Callable[..., None]:
    """The `__init__`, which in a frozen class sets each field by its slot: twice as fast as `object.__setattr__`."""
    names: dict[str, Any] = {"_make": {}}
    plain: list[str] = []
    only_named: list[str] = []
    lines: list[str] = []
    for name, each in fields.items():
        names[f"_set_{name}"] = vars(cls)[name].__set__
        taken = name
        if each.default_factory is not MISSING:
            names[f"_make_{name}"] = each.default_factory
            taken = f"_make_{name}() if {name} is _make else {name}" if each.init else f"_make_{name}()"
        if each.init:
            (only_named if each.kw_only is True else plain).append(name + _default(name, each, names))
        if each.init or each.default_factory is not MISSING:
            lines.append(f"    _set_{name}(self, {taken})" if is_frozen else f"    self.{name} = {taken}")
    lines += ["    self.__post_init__()"] if hasattr(cls, "__post_init__") else []
    parameters = ", ".join(["self", *plain, *(["*", *only_named] if only_named else [])])
    exec("\n".join([f"def __init__({parameters}):", *lines]), names)
    made: Callable[..., None] = names["__init__"]
    return made


def _default(name: str, each: Field[Any], names: dict[str, Any]) -> str:
    """What stands behind a parameter that may be left out; its value is put into `names`."""
    if each.default_factory is not MISSING:
        return "=_make"
    if each.default is MISSING:
        return ""
    names[f"_default_{name}"] = each.default
    return f"=_default_{name}"


def _shown(self: Any) -> str:
    fields: Fields = getattr(self, _FIELDS)
    shown = ", ".join(f"{name}={getattr(self, name)!r}" for name, each in fields.items() if each.repr)
    return f"{type(self).__qualname__}({shown})"


def _refuse(self: Any, name: str, _value: object = None) -> None:
    raise AttributeError(f"{name!r} of a {type(self).__name__} can't be changed")


def _state(self: Any) -> list[Any]:
    return [getattr(self, name) for name in getattr(self, _FIELDS)]


def _restore(self: Any, state: list[Any]) -> None:
    for name, each in zip(getattr(self, _FIELDS), state, strict=True):
        object.__setattr__(self, name, each)
