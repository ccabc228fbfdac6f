"""Small versions of dataclass and NamedTuple: importing dataclasses and typing takes longer than this package."""

from __future__ import annotations

from collections import namedtuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable


class _Tuples(type):
    def __new__(cls, name: str, bases: tuple[type, ...], namespace: dict[str, Any]) -> Any:
        if not bases:
            return super().__new__(cls, name, bases, namespace)
        made = namedtuple(name, namespace["__annotations__"], module=namespace["__module__"])  # type: ignore[misc]
        made.__doc__ = namespace["__doc__"]
        return made


class NamedTuple(metaclass=_Tuples):
    """typing.NamedTuple, without defaults and methods."""


class _Signature:
    """The signature for help(), made at the first use."""

    def __get__(self, instance: Any, owner: Any) -> Any:
        from inspect import Parameter, Signature

        kind = Parameter.POSITIONAL_OR_KEYWORD
        return Signature([
            Parameter(name, kind, default=owner._defaults.get(name, Parameter.empty), annotation=annotation)
            for name, annotation in owner.__annotations__.items()
        ])  # fmt: skip


def _init(self: Any, *arguments: Any, **keywords: Any) -> None:
    kind = type(self)
    names, name = kind.__match_args__, kind.__name__
    if len(arguments) > len(names):
        raise TypeError(f"{name} takes at most {len(names)} arguments, not {len(arguments)}")
    values = dict(zip(names, arguments))
    for keyword, value in keywords.items():
        if keyword not in names:
            raise TypeError(f"{name} has no argument {keyword!r}")
        if keyword in values:
            raise TypeError(f"{name} was given {keyword!r} twice")
        values[keyword] = value
    missing = [one for one in names if one not in values and one not in kind._defaults]
    if missing:
        raise TypeError(f"{name} needs {', '.join(missing)}")
    self.__dict__.update({one: values.get(one, kind._defaults.get(one)) for one in names})


def _values(self: Any) -> tuple[Any, ...]:
    return tuple(self.__dict__[name] for name in self.__match_args__)


def _repr(self: Any) -> str:
    """The call that makes the same value, without arguments that have their default."""
    kind = type(self)
    shown = [
        f"{name}={value!r}"
        for name, value in self.__dict__.items()
        if name not in kind._defaults or value != kind._defaults[name]
    ]
    return f"{kind.__name__}({', '.join(shown)})"


def _eq(self: Any, other: object) -> Any:
    return _values(self) == _values(other) if type(other) is type(self) else NotImplemented


def _replace(self: Any, **changes: Any) -> Any:
    return type(self)(**{**self.__dict__, **changes})


def _refuse(self: Any, name: str, value: Any = None) -> None:
    raise AttributeError(f"a {type(self).__name__} does not change: {name} was given when it was made")


def dataclass(*, frozen: bool) -> Callable[[type], type]:
    """dataclasses.dataclass(frozen=True): fields by annotations and defaults, equal by value, hashable, constant."""
    assert frozen

    def make(kind: Any) -> type:
        names = tuple(kind.__annotations__)
        setattr(kind, "__match_args__", names)
        kind._defaults = {name: getattr(kind, name) for name in names if name in kind.__dict__}
        kind.__signature__ = _Signature()
        kind.__init__, kind.__repr__, kind.__eq__ = _init, _repr, _eq
        kind.__hash__ = lambda self: hash((kind, _values(self)))
        kind.__setattr__ = kind.__delattr__ = _refuse
        kind.__replace__ = _replace
        return kind  # type: ignore[no-any-return]

    return make
