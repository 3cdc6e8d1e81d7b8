"""Measures by name: what each needs, so that whoever has it can compute them all.

>>> @measure("mean_length", needs=("features",))
... def mean_length(features):
...     return float(features.norm(dim=1).mean())
>>> get("mean_length").compute({"features": features, "labels": labels})
{'mean_length': 3.2}
"""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar, get_args

from suite.nearest import nearest

Need = Literal["features", "labels", "weight", "bias", "model", "inputs", "x", "y"]
"""``features`` [n, d] of labelled examples and their ``labels`` [n]; ``weight`` [classes, d] and ``bias``
[classes] of the linear head on them; ``model``, a module from ``inputs`` [n, ...] to logits [n, classes];
``x`` [n, p] and ``y`` [n, q], two representations of the same examples."""

F = TypeVar("F", bound=Callable[..., Any])

_REGISTERED: dict[str, Measure] = {}


class UnknownMeasure(LookupError):
    """No measure has that name; the message names the nearest ones."""


@dataclass(frozen=True)
class Measure:
    """A measure as the registry knows it.

    ``needs`` are what its first arguments are, in their order; ``uses`` what it takes by keyword where there
    is such. ``module`` is where it is defined.
    """

    name: str
    function: Callable[..., Any] = field(repr=False)
    needs: tuple[Need, ...]
    uses: tuple[Need, ...] = ()

    @property
    def doc(self) -> str:
        """Its docstring."""
        return inspect.getdoc(self.function) or ""

    @property
    def module(self) -> str:
        """Importing it registers the measure."""
        return str(self.function.__module__)

    def can(self, available: Mapping[str, Any]) -> bool:
        """Whether all that it needs is there; what is None is not."""
        return all(available.get(need) is not None for need in self.needs)

    def compute(self, available: Mapping[str, Any], **options: Any) -> dict[str, float]:
        """Its figures by name: ``{name: value}`` of a number, ``{name.field: value}`` of a named result.

        A field that is None, because something it ``uses`` is not there, is left out. Raises ValueError where
        something that it needs is not there, and as the measure itself does; TypeError where what it returns
        is neither a number nor a dataclass of numbers.
        """
        if not self.can(available):
            missing = [need for need in self.needs if available.get(need) is None]
            raise ValueError(f"{self.name} needs {', '.join(self.needs)}; {', '.join(missing)} is not there")
        given = {use: available[use] for use in self.uses if available.get(use) is not None}
        return _figures(self.name, self.function(*(available[n] for n in self.needs), **given, **options))


def measure(name: str, *, needs: Sequence[Need], uses: Sequence[Need] = ()) -> Callable[[F], F]:
    """Register a function: ``@measure("mine", needs=("features", "labels"))``. The function stays as it is.

    It takes what it ``needs`` by position, in that order, what it ``uses`` by keyword, and nothing else that
    has no default. Raises ValueError for a need that there is not, and where another function has the name.
    """
    for need in (*needs, *uses):
        if need not in get_args(Need):
            raise ValueError(f"a measure cannot need {need!r}; {nearest(need, get_args(Need))}")

    def register(function: F) -> F:
        known = _REGISTERED.get(name)
        if known and (known.module, known.function.__qualname__) != (
            function.__module__,
            function.__qualname__,
        ):
            raise ValueError(f"a measure named {name!r} is registered already, by {known.module}")
        _REGISTERED[name] = Measure(name, function, tuple(needs), tuple(uses))
        return function

    return register


def forget(name: str) -> None:
    """Undo the registration of ``name``, if there is one."""
    _REGISTERED.pop(name, None)


def names(available: Mapping[str, Any] | None = None) -> list[str]:
    """Names of all measures, sorted; of those alone that can be computed from what is ``available``."""
    return sorted(n for n, found in _REGISTERED.items() if available is None or found.can(available))


def get(name: str) -> Measure:
    """A measure by name. Raises UnknownMeasure."""
    if name not in _REGISTERED:
        raise UnknownMeasure(f"no measure is called {name!r}; {nearest(name, names())}")
    return _REGISTERED[name]


def _figures(name: str, result: Any) -> dict[str, float]:
    if dataclasses.is_dataclass(result) and not isinstance(result, type):
        fields = {f"{name}.{f.name}": getattr(result, f.name) for f in dataclasses.fields(result)}
    else:
        fields = {name: result}
    found = {key: value for key, value in fields.items() if value is not None}
    for key, value in found.items():
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise TypeError(f"{key} must be a number, not {type(value).__name__}")
    return {key: float(value) for key, value in found.items()}
