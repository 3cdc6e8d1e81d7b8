"""Which arguments of a method were given, and which are its defaults."""

from __future__ import annotations

import json
from collections.abc import Mapping

from leaderboard.board.model import MethodFacts


def given(facts: MethodFacts) -> Mapping[str, bool] | None:
    """Argument -> whether it differs from the default: a label names those that do, in brackets.

    None where the label is none of that kind, so that nobody can tell.
    """
    label = facts.given
    if label == facts.name:
        return dict.fromkeys(facts.arguments, False)
    if not (label.startswith(f"{facts.name}(") and label.endswith(")")):
        return None
    inside = label[len(facts.name) + 1 : -1]
    padded = f", {inside}, "
    return {name: f", {name}={_spelled(value)}, " in padded for name, value in facts.arguments.items()}


def _spelled(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True)
