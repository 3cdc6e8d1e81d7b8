"""Do methods compete by equal means? What is asked of every method of a sweep that says so."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from suite.methods.interface import Method
from suite.methods.recipe import RecipeMethod

# Only the first layer depends on it, and for all methods alike.
_SHAPE, _WAY = (3, 84, 84), 5


def check_fair(methods: Mapping[str, Method]) -> None:
    """Raise ValueError that names the first thing in which ``methods``, by their labels, are unequal.

    All must have one backbone, width and batch norm, bodies of equally many parameters, and those that train
    one kind of optimiser and schedule. What a method cannot be asked is refused too.
    """
    for label, method in methods.items():
        if not isinstance(method, RecipeMethod) or method.optimiser is None:
            raise ValueError(
                f"a fair sweep compares the methods' networks and optimisers, and {label} does not tell its "
                "own: a recipe with a class variable `optimiser` does"
            )
    recipes = {label: method for label, method in methods.items() if isinstance(method, RecipeMethod)}
    _same("backbone", recipes, lambda method: method.arguments.get("backbone"))
    _same("width", recipes, lambda method: method.arguments.get("width"))
    _same("batch_norm", recipes, lambda method: method.arguments.get("batch_norm"))
    _same("number of body parameters", recipes, lambda method: method.body_parameters(_SHAPE, _WAY))
    trained = {label: method for label, method in recipes.items() if method.optimiser}
    _same("optimiser", trained, lambda method: method.optimiser)


def _same(
    what: str, methods: Mapping[str, RecipeMethod[Any]], of: Callable[[RecipeMethod[Any]], object]
) -> None:
    found = {label: of(method) for label, method in methods.items()}
    first = next(iter(found), "")
    for label, value in found.items():
        if value != found[first]:
            raise ValueError(
                f"a fair sweep needs one {what} for all methods: {first} has {found[first]!r}, "
                f"{label} {value!r}"
            )
