"""Hyper-parameters declared once: default, meaning and range, checked when what they are of is built."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

T = TypeVar("T", bool, int, float, str)

_KINDS = {bool: "true or false", int: "a whole number", float: "a number", str: "a word"}


@dataclass(frozen=True)
class Argument:
    """One argument, as ``describe`` tells it."""

    name: str
    default: Any
    doc: str = ""
    choices: tuple[str, ...] = ()


def argument(
    default: T,
    doc: str,
    *,
    at_least: float | None = None,
    above: float | None = None,
    below: float | None = None,
    choices: Sequence[str] = (),
    adapts: bool = False,
) -> T:
    """A field of a frozen dataclass with its meaning and what values it may have.

    ``adapts``: it matters to a method's ``adapt`` alone, so that one training serves all its values.
    """
    metadata = {
        "doc": doc,
        "at_least": at_least,
        "above": above,
        "below": below,
        "choices": tuple(choices),
        "adapts": adapts,
    }
    field: T = dataclasses.field(default=default, metadata=metadata)
    return field


def check_arguments(instance: Any) -> None:
    """Check each field of a dataclass against its declaration; call it from ``__post_init__``.

    A whole number given for a float becomes one, so that equal values are equal in an identity.
    Raises ValueError that names the argument, the value and what would be right.
    """
    for field in dataclasses.fields(instance):
        value: Any = getattr(instance, field.name)
        kind: Any = type(field.default)
        if kind is float and type(value) is int:
            value = float(value)
            object.__setattr__(instance, field.name, value)
        if type(value) is not kind or (kind is float and not math.isfinite(value)):
            raise ValueError(f"{field.name} must be {_KINDS[kind]}, not {value!r}")
        choices = field.metadata.get("choices", ())
        if choices and value not in choices:
            raise ValueError(f"{field.name} must be one of {', '.join(choices)}, not {value!r}")
        at_least, above, below = (field.metadata.get(end) for end in ("at_least", "above", "below"))
        if at_least is not None and value < at_least:
            raise ValueError(f"{field.name} must be at least {at_least}, not {value}")
        if above is not None and value <= above:
            raise ValueError(f"{field.name} must be above {above}, not {value}")
        if below is not None and value >= below:
            raise ValueError(f"{field.name} must be below {below}, not {value}")


def arguments_of(instance: Any) -> dict[str, Any]:
    """Values of all fields of a dataclass, by name."""
    return {field.name: getattr(instance, field.name) for field in dataclasses.fields(instance)}
