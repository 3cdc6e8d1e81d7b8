"""Which methods are arms of the comparison: told from name and arguments alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from leaderboard.board.defaults import given
from leaderboard.board.diversity.model import Arm
from leaderboard.board.model import MethodFacts

RANDOM, MAML, FIRST_ORDER, TRANSFER = "random", "MAML", "FO-MAML", "USL"
NONE, HEAD = "none", "head"

# Name of the method -> where its weights come from, and what it does with a task unless told.
_METHODS: Mapping[str, tuple[str, str]] = {
    "untrained": (RANDOM, HEAD),
    "maml": (MAML, "inner_loop"),
    "fomaml": (FIRST_ORDER, "inner_loop"),
    "transfer": (TRANSFER, HEAD),
}
INITIALISATIONS = tuple(initialisation for initialisation, _ in _METHODS.values())


def arm_of(facts: MethodFacts) -> Arm | None:
    """The arm that a method is, or None."""
    known = _METHODS.get(facts.name)
    backbone, width = facts.arguments.get("backbone"), facts.arguments.get("width")
    if known is None or not isinstance(backbone, str) or not isinstance(width, int):
        return None
    adaptation = _adaptation(str(facts.arguments.get("adaptation", known[1])), facts.arguments)
    return None if adaptation is None else Arm(facts.label, known[0], adaptation, backbone, width)


def arms_of(methods: Iterable[MethodFacts]) -> tuple[Arm, ...]:
    """Every arm; of those alike in all that an arm is told by, the plainest first: fewest arguments given."""
    found = [(arm, facts) for facts in methods if (arm := arm_of(facts)) is not None]
    return tuple(
        arm
        for arm, _ in sorted(
            found,
            key=lambda both: (
                both[0].backbone,
                both[0].width,
                INITIALISATIONS.index(both[0].initialisation),
                adaptation_order(both[0].adaptation),
                _plainness(both[1]),
                both[0].method,
            ),
        )
    )


def is_transfer(arm: Arm) -> bool:
    """Whether it is the comparison's transfer arm: a head refitted on frozen features of a union."""
    return arm.initialisation == TRANSFER and arm.adaptation == HEAD


def is_maml(arm: Arm) -> bool:
    """Whether it is one of the comparison's MAML arms: an inner loop from a meta-learned initialisation."""
    return arm.initialisation in (MAML, FIRST_ORDER) and arm.adaptation not in (NONE, HEAD)


def adaptation_order(adaptation: str) -> tuple[int, int]:
    """Where an adaptation stands among others: none, inner loops by their steps, head."""
    if adaptation in (NONE, HEAD):
        return (0, 0) if adaptation == NONE else (2, 0)
    return 1, int(adaptation.split()[0])


def unlike(one: MethodFacts, other: MethodFacts) -> tuple[str, ...]:
    """What of body and budget is not the same in two arms, in words, one of them first."""
    said = []
    norms = [facts.arguments.get("batch_norm") for facts in (one, other)]
    if norms[0] != norms[1]:
        said.append(f"batch norm {norms[0]} against {norms[1]}")
    said += [
        f"budget of {one.budget[key]} against {other.budget[key]} {key.replace('_', ' ')}"
        for key in sorted(one.budget.keys() & other.budget.keys())
        if one.budget[key] != other.budget[key]
    ]
    return tuple(said)


def _adaptation(adaptation: str, arguments: Mapping[str, Any]) -> str | None:
    if adaptation in (NONE, HEAD):
        return adaptation
    steps = arguments.get("adaptation_steps")
    return f"{steps} steps" if adaptation == "inner_loop" and isinstance(steps, int) else None


def _plainness(facts: MethodFacts) -> int:
    """How many arguments were given."""
    return sum((given(facts) or dict.fromkeys(facts.arguments, True)).values())
