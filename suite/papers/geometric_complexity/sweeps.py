"""What is varied: explicit penalties, noise, labels, initial weights, rates and batches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch

from suite.measures import geometric_complexity
from suite.methods.seeding import seed_everything
from suite.papers.geometric_complexity.training import COMPLEXITY, Net, Setting, compared, digits
from suite.papers.registry import Figures

NETS = 2

NONE = "none"
REGULARISERS: Mapping[str, tuple[str, tuple[float, ...]]] = {
    "L2 penalty": ("l2", (1e-4, 1e-3, 3e-3)),
    "penalty on complexity": ("complexity", (1e-3, 1e-2)),
    "penalty on spectral norms": ("spectral", (1e-3, 1e-2)),
    "noise on pictures": ("noise", (0.1, 0.3)),
}
"""By name: the setting's field, and its strengths from weak to strong."""

SHARES = (0.0, 0.2, 0.5)
SCALES = (0.5, 1.0, 2.0, 3.0)
CROSS_ENTROPY_RATES: tuple[tuple[float, int | None], ...] = (
    (0.02, 64),
    (0.1, 64),
    (0.5, 64),
    (0.1, 8),
    (0.1, 512),
)
SQUARED_ERROR_RATES: tuple[tuple[float, int | None], ...] = (
    (0.02, None),
    (0.1, None),
    (0.3, None),
    (0.6, None),
    (0.02, 16),
    (0.1, 16),
    (0.2, 16),
)
"""Rates and sizes of batches; None is everything in one."""

PLAIN = Setting()
LABELS = Setting(rate=0.2, steps=3_000)
CROSS_ENTROPY = Setting(steps=12_000, until=0.05)
SQUARED_ERROR = Setting(loss="squared error", pictures=300, width=200, steps=6_000, until=0.02)


def strengths(name: str) -> tuple[str, ...]:
    """Rows of a regulariser, from none to the strongest."""
    return (NONE, *(f"{name} {strength:g}" for strength in REGULARISERS[name][1]))


def labelled(share: float) -> str:
    """The row of a share of labels drawn anew."""
    return f"{100 * share:g} % of labels drawn anew"


def scaled(scale: float) -> str:
    """The row of a scale of initial weights."""
    return f"initial weights times {scale:g}"


def stepped(rate: float, batch: int | None) -> str:
    """The row of a rate and a batch."""
    return f"rate {rate:g}, {'everything in a batch' if batch is None else f'batches of {batch}'}"


def regularisers(seed: int, *, nets: int = NETS, base: Setting = PLAIN) -> Figures:
    """Penalties and noise, after as many steps."""
    settings = {NONE: base}
    for name, (field, values) in REGULARISERS.items():
        for place, value in zip(strengths(name)[1:], values, strict=True):
            change: dict[str, Any] = {field: value}
            settings[place] = replace(base, **change)
    return compared(seed, settings, nets)


def wrong_labels(seed: int, *, nets: int = NETS, base: Setting = LABELS) -> Figures:
    """Labels drawn anew, after as many steps."""
    return compared(seed, {labelled(share): replace(base, mislabelled=share) for share in SHARES}, nets)


def initial_weights(seed: int, *, nets: int = NETS) -> Figures:
    """Networks that nobody trained."""
    found = Figures()
    for scale in SCALES:
        told = []
        for number in range(seed * nets, (seed + 1) * nets):
            seed_everything(number)
            net = Net(PLAIN.width)
            with torch.no_grad():
                for parameter in net.parameters():
                    parameter.mul_(scale)
            told.append(geometric_complexity(net, digits(number, PLAIN.pictures).pictures))
        found[scaled(scale), COMPLEXITY] = float(np.mean(told))
    return found


def cross_entropy_rates(seed: int, *, nets: int = NETS, base: Setting = CROSS_ENTROPY) -> Figures:
    """Rates and batches, stopped at the same cross-entropy."""
    return compared(seed, _stepped(base, CROSS_ENTROPY_RATES), nets)


def squared_error_rates(seed: int, *, nets: int = NETS, base: Setting = SQUARED_ERROR) -> Figures:
    """Rates and batches, stopped at the same squared error."""
    return compared(seed, _stepped(base, SQUARED_ERROR_RATES), nets)


def _stepped(base: Setting, pairs: Sequence[tuple[float, int | None]]) -> dict[str, Setting]:
    return {stepped(rate, batch): replace(base, rate=rate, batch=batch) for rate, batch in pairs}
