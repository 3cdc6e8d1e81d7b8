"""Methods by name: built in, registered by a decorator, or from an installed package's entry point."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from typing import Any, TypeVar, cast

from suite.methods.arguments import Argument, adapting_arguments
from suite.methods.identity import source_hash
from suite.methods.interface import Method
from suite.methods.recipe import RecipeMethod, is_recipe
from suite.models.names import nearest

_GROUP = "league.methods"
_BUILT_IN = (
    "anil",
    "fomaml",
    "maml",
    "maml_learn2learn",
    "pretrain",
    "protonet",
    "reptile",
    "transfer",
    "untrained",
)
_REGISTERED: dict[str, _Entry] = {}

C = TypeVar("C", bound=type)


class UnknownMethod(LookupError):
    """No method has that name; the message names the nearest ones."""


class UnknownArgument(TypeError):
    """A method does not take that argument; the message names the nearest ones."""


@dataclass(frozen=True)
class _Entry:
    name: str
    version: str
    factory: Callable[..., Any]
    module: str


@dataclass(frozen=True)
class MethodInfo:
    """What can be known of a method before it is built.

    ``adaptation`` names the arguments that matter to ``adapt`` alone. Importing ``module`` registers the
    method.
    """

    name: str
    version: str
    source_hash: str
    arguments: tuple[Argument, ...]
    adaptation: tuple[str, ...]
    doc: str = ""
    module: str = ""

    @property
    def defaults(self) -> dict[str, Any]:
        """Default of each argument, by name."""
        return {argument.name: argument.default for argument in self.arguments}


def method(name: str, version: str) -> Callable[[C], C]:
    """Register a class: ``@method("mine", version="1")``.

    The class is a ``Method``, or a ``Recipe`` (a frozen dataclass of hyper-parameters and three functions,
    from which the suite makes one). All its arguments have defaults. Raise ``version`` when what it computes
    changes on purpose. Raises ValueError where another class has the name.
    """

    def register(cls: C) -> C:
        entry = _Entry(name, version, cls, cls.__module__)
        known = _REGISTERED.get(name)
        if known and (known.module, known.factory.__qualname__) != (cls.__module__, cls.__qualname__):
            raise ValueError(f"a method named {name!r} is registered already, by {known.module}")
        for parameter in inspect.signature(cls).parameters.values():
            if parameter.default is parameter.empty:
                raise ValueError(f"argument {parameter.name!r} of method {name!r} has no default")
        _REGISTERED[name] = entry
        return cls

    return register


def forget(name: str) -> None:
    """Undo the registration of ``name``, if there is one: what registers it next may be another class."""
    _REGISTERED.pop(name, None)


def names() -> list[str]:
    """Names that ``get`` knows, sorted."""
    return sorted({*_BUILT_IN, *_REGISTERED, *_installed()})


def get(name: str, **arguments: Any) -> Method:
    """Build a method.

    Raises UnknownMethod for a name and UnknownArgument for an argument that there is not, with the nearest
    that there are, and ValueError for a value out of range.
    """
    entry = _entry(name)
    known = inspect.signature(entry.factory).parameters
    for argument, value in arguments.items():
        if argument not in known:
            raise UnknownArgument(
                f"{name} has no argument {argument!r} (given {value!r}); {nearest(argument, known)}"
            )
    built = entry.factory(**arguments)
    if is_recipe(built):
        return RecipeMethod(built, entry.name, entry.version)
    return cast(Method, built)


def describe(name: str) -> MethodInfo:
    """Name, version, source hash and arguments of a method. Raises UnknownMethod."""
    entry = _entry(name)
    fields = getattr(entry.factory, "__dataclass_fields__", {})
    arguments = []
    for parameter in inspect.signature(entry.factory).parameters.values():
        told = fields[parameter.name].metadata if parameter.name in fields else {}
        doc, choices = told.get("doc", ""), told.get("choices", ())
        arguments.append(Argument(parameter.name, parameter.default, doc, choices))
    return MethodInfo(
        entry.name,
        entry.version,
        source_hash(entry.module),
        tuple(arguments),
        _adaptation(entry.factory),
        inspect.getdoc(entry.factory) or "",
        entry.module,
    )


def _adaptation(factory: Callable[..., Any]) -> tuple[str, ...]:
    if dataclasses.is_dataclass(factory):
        return adapting_arguments(factory)
    return tuple(getattr(factory, "adaptation", ()))


def _entry(name: str) -> _Entry:
    if name not in _REGISTERED:
        if name in _BUILT_IN:
            import_module(f"suite.methods.{name}")
        elif name in _installed():
            _installed()[name].load()
    if name not in _REGISTERED:
        raise UnknownMethod(f"no method is called {name!r}; {nearest(name, names())}")
    return _REGISTERED[name]


@lru_cache(maxsize=1)
def _installed() -> dict[str, EntryPoint]:
    """Entry points by the method's name. A built-in name cannot be taken."""
    return {point.name: point for point in entry_points(group=_GROUP) if point.name not in _BUILT_IN}
