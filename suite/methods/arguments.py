"""A method's hyper-parameters, and which of them matter to ``adapt`` alone."""

from __future__ import annotations

import dataclasses
from typing import Any

from suite.arguments import Argument, argument, arguments_of, check_arguments

__all__ = ["Argument", "adapting_arguments", "argument", "arguments_of", "check_arguments"]


def adapting_arguments(recipe: Any) -> tuple[str, ...]:
    """Names of the arguments of a recipe, or of its class, that matter to ``adapt`` alone.

    They are declared with ``adapts``, or else named by a class variable ``adaptation``.
    """
    declared = tuple(field.name for field in dataclasses.fields(recipe) if field.metadata.get("adapts"))
    return declared or tuple(getattr(recipe, "adaptation", ()))
