"""Geometric complexity (Dherin, Munn, Rosca and Barrett 2022), on handwritten digits.

Small dense networks, their logits at the pictures that they were trained on. Cross-entropy makes logits grow
for as long as one trains, so what is compared has had as many steps, or has come to the same loss.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

from leaderboard.findings import Check, Reported, Role
from suite.papers.geometric_complexity.sweeps import (
    CROSS_ENTROPY,
    NONE,
    REGULARISERS,
    SCALES,
    SHARES,
    SQUARED_ERROR,
    cross_entropy_rates,
    initial_weights,
    labelled,
    regularisers,
    scaled,
    squared_error_rates,
    stepped,
    strengths,
    wrong_labels,
)
from suite.papers.geometric_complexity.training import ACCURACY, COMPLEXITY, LOSS, Setting
from suite.papers.registry import Figures, at_least, at_most, paper

Found = Mapping[str, Figures]
Simpler = tuple[str, str]
"""Rows: of what should be simpler, and than what."""


@paper(
    "geometric_complexity",
    title="Why neural networks find simple solutions: the many regularizers of geometric complexity",
    authors=("Benoit Dherin", "Michael Munn", "Mihaela Rosca", "David Barrett"),
    year=2022,
    venue="NeurIPS",
    url="https://arxiv.org/abs/2209.13083",
    claim="Geometric complexity, the mean squared norm of the logits' Jacobian at the training inputs, is "
    "kept low by many heuristics: penalties on weights and spectral norms, noise, small initial weights, "
    "larger learning rates and smaller batches. Wrong labels raise it.",
    version="1",
    parts=(regularisers, wrong_labels, initial_weights, cross_entropy_rates, squared_error_rates),
    seeds=(0, 1, 2),
    reported=(
        Reported(
            what="what acts to control geometric complexity",
            value="parameter norm, spectral norm, flatness, implicit gradient and noise regularisation; the "
            "choice of initial parameters",
            source="abstract",
            checked=True,
        ),
        Reported(
            what="larger rates and smaller batches, ResNet-18 on CIFAR-10",
            value="lower geometric complexity",
            source="recalled, not looked up in the paper",
        ),
    ),
)
def judge(found: Found) -> Iterator[Check]:
    """All checks: explicit penalties, labels, initial weights, rates and batches."""
    yield from _regularisers(found["regularisers"])
    labels = _complexities(found["wrong_labels"], [labelled(share) for share in SHARES])
    yield at_least(
        "half of the labels drawn anew: at least twice as complex", labels[-1] / labels[0], 2.0, unit="times"
    )
    yield at_least(
        "the larger the initial weights, the more complex: smallest ratio to the scale before",
        min(_ratios(_complexities(found["initial_weights"], [scaled(scale) for scale in SCALES]))),
        1.0,
        unit="times",
    )
    yield from _rates(
        "squared error",
        found["squared_error_rates"],
        SQUARED_ERROR,
        (stepped(0.6, None), stepped(0.02, None)),
        (stepped(0.1, 16), stepped(0.1, None)),
        "claim",
    )
    # By cross-entropy neither was found when the experiment was designed, so the verdict does not ask for it.
    yield from _rates(
        "cross-entropy",
        found["cross_entropy_rates"],
        CROSS_ENTROPY,
        (stepped(0.5, 64), stepped(0.02, 64)),
        (stepped(0.1, 8), stepped(0.1, 512)),
        "context",
    )


def _regularisers(table: Figures) -> Iterator[Check]:
    for name in REGULARISERS:
        complexities = _complexities(table, strengths(name))
        yield at_most(
            f"{name}: the stronger, the simpler: largest ratio to the strength before",
            max(_ratios(complexities)),
            1.0,
            unit="times",
        )
        yield at_most(
            f"{name}: the strongest leaves half of the complexity or less",
            complexities[-1] / complexities[0],
            0.5,
            unit="times",
        )
    yield at_least(
        "without any, the network has learned the digits",
        table[NONE, ACCURACY].value,
        90,
        unit="%",
        role="context",
    )


def _rates(
    loss: str, table: Figures, setting: Setting, faster: Simpler, smaller: Simpler, role: Role
) -> Iterator[Check]:
    """Whether larger rates and smaller batches make simpler networks, all of them stopped at one loss."""
    for (one, other), share in ((faster, 0.75), (smaller, 0.95)):
        yield at_most(
            f"{loss}: {one} is simpler than {other}",
            table[one, COMPLEXITY].value / table[other, COMPLEXITY].value,
            share,
            unit="times",
            role=role,
        )
    yield at_most(
        f"{loss}: every network came to the loss where training was to stop",
        max(figure.value for figure in table if figure.column == LOSS) / setting.until,
        1.0,
        unit="times",
        role="context",
    )


def _complexities(table: Figures, rows: Sequence[str]) -> list[float]:
    return [table[row, COMPLEXITY].value for row in rows]


def _ratios(values: Sequence[float]) -> list[float]:
    """Of each value to the one before."""
    return [after / before for before, after in pairwise(values)]
