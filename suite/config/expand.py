"""A list as an argument's value stands for each of its values."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import product

from suite.config.schema import ConfigError, MethodConfig


def expanded(methods: Iterable[MethodConfig]) -> tuple[MethodConfig, ...]:
    """Each method once for every choice of one value from each of its lists, the last list turning fastest.

    ``{objective: [softmax, sigmoid], adaptation: [knn, linear]}`` is four methods. Raises ConfigError for an
    empty list.
    """
    return tuple(choice for method in methods for choice in _choices(method))


def _choices(method: MethodConfig) -> Iterator[MethodConfig]:
    values = {key: value if isinstance(value, list) else [value] for key, value in method.arguments.items()}
    for key, several in values.items():
        if not several:
            raise ConfigError(f"{method.name}: {key} is an empty list; name a value, or several")
    for chosen in product(*values.values()):
        yield MethodConfig(method.name, dict(zip(values, chosen, strict=True)))
