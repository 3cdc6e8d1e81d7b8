"""Objectives by name: the built-in nine, and those that a decorator registers."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from suite.arguments import Argument
from suite.nearest import nearest
from suite.objectives.interface import Loss, Objective

C = TypeVar("C", bound=Callable[..., Any])

_TENSORS = ("logits", "features", "labels")
_REGISTERED: dict[str, Callable[..., Any]] = {}


class UnknownObjective(LookupError):
    """No objective has that name; the message names the nearest ones."""


class UnknownArgument(TypeError):
    """An objective does not take that argument; the message names the nearest ones."""


@dataclass(frozen=True)
class ObjectiveInfo:
    """What can be known of an objective before it is built.

    ``changes_head``: its head is not affine. ``penalises_head``: the head's weights cost something. Importing
    ``module`` registers the objective.
    """

    name: str
    arguments: tuple[Argument, ...]
    changes_head: bool
    penalises_head: bool
    doc: str
    module: str

    @property
    def defaults(self) -> dict[str, Any]:
        """Default of each argument, by name."""
        return {argument.name: argument.default for argument in self.arguments}


def objective(name: str) -> Callable[[C], C]:
    """Register a loss: ``@objective("mine")`` above a function (logits, features, labels) -> mean loss.

    Its arguments follow the three tensors and have defaults. A loss that needs more is a frozen dataclass,
    whose fields are its arguments, with ``__call__(logits, features, labels)`` and, where it changes the
    head, ``head(dimension, classes)``; where the head's weights cost something, ``penalty(head)``; where its
    softmax reads other logits than the head's, ``outputs(logits)``. Raises ValueError where another has the
    name, the tensors are not the first three, or an argument has no default.
    """

    def register(loss: C) -> C:
        known = _REGISTERED.get(name)
        if known and (known.__module__, known.__qualname__) != (loss.__module__, loss.__qualname__):
            raise ValueError(f"an objective named {name!r} is registered already, by {known.__module__}")
        called = loss.__call__ if isinstance(loss, type) else loss
        tensors = [key for key in inspect.signature(called).parameters if key != "self"][:3]
        if tuple(tensors) != _TENSORS:
            raise ValueError(f"objective {name!r} must take {', '.join(_TENSORS)}, not {', '.join(tensors)}")
        for parameter in _parameters(loss):
            if parameter.default is parameter.empty:
                raise ValueError(f"argument {parameter.name!r} of objective {name!r} has no default")
        _REGISTERED[name] = loss
        return loss

    return register


def forget(name: str) -> None:
    """Undo the registration of ``name``, if there is one."""
    _REGISTERED.pop(name, None)


def names() -> list[str]:
    """Names that ``get`` knows, sorted."""
    return sorted(_REGISTERED)


def get(name: str, **arguments: Any) -> Objective:
    """Build an objective: callable(logits, features, labels) -> mean loss, with its head beside.

    Raises UnknownObjective for a name and UnknownArgument for an argument that there is not, with the nearest
    that there are, and ValueError for a value out of range.
    """
    loss = _loss(name)
    known = {parameter.name: parameter.default for parameter in _parameters(loss)}
    for argument, value in arguments.items():
        if argument not in known:
            raise UnknownArgument(
                f"{name} has no argument {argument!r} (given {value!r}); {nearest(argument, known)}"
            )
    if not isinstance(loss, type):
        return Objective(name, {**known, **arguments}, partial(loss, **arguments))
    built: Loss = loss(**arguments)
    return Objective(name, {key: getattr(built, key) for key in known}, built)


def describe(name: str) -> ObjectiveInfo:
    """Arguments, defaults and what it does to the head. Raises UnknownObjective."""
    loss = _loss(name)
    fields = getattr(loss, "__dataclass_fields__", {})
    arguments = []
    for parameter in _parameters(loss):
        told = fields[parameter.name].metadata if parameter.name in fields else {}
        arguments.append(
            Argument(parameter.name, parameter.default, told.get("doc", ""), told.get("choices", ()))
        )
    return ObjectiveInfo(
        name,
        tuple(arguments),
        hasattr(loss, "head"),
        hasattr(loss, "penalty"),
        inspect.getdoc(loss) or "",
        loss.__module__,
    )


def _loss(name: str) -> Callable[..., Any]:
    if name not in _REGISTERED:
        raise UnknownObjective(f"no objective is called {name!r}; {nearest(name, names())}")
    return _REGISTERED[name]


def _parameters(loss: Callable[..., Any]) -> Iterable[inspect.Parameter]:
    """Its arguments, without the tensors."""
    return [p for p in inspect.signature(loss).parameters.values() if p.name not in _TENSORS]
