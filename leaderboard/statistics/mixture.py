"""Tails of an estimate whose variance is itself uncertain: a scale mixture of t distributions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special

from leaderboard.statistics.table import Floats

_ROOT_STEPS = 40
_ROOT_TOLERANCE = 1e-11


@dataclass(frozen=True)
class Mixture:
    """P estimates. Estimate p has variance ``variances[p, j]`` with probability ``weights[p, j]``, and then
    follows a t distribution with ``degrees[p, j]`` degrees of freedom. A variance of 0 is certainty."""

    variances: Floats
    degrees: Floats
    weights: Floats

    def tail(self, distance: Floats) -> Floats:
        """P(error > distance) for distances [P], of either sign; 1/2 at a distance of 0, certain or not."""
        with np.errstate(divide="ignore", invalid="ignore"):
            x = distance[:, None] / np.sqrt(self.variances)
        x = np.where(distance[:, None] == 0, 0.0, x)
        return np.asarray(np.einsum("pj,pj->p", _t_tail(x, self.degrees), self.weights))

    def half_width(self, level: float) -> Floats:
        """Half-widths [P] of the central intervals that hold the error with probability ``level``."""
        outside = (1 - level) / 2
        target = special.ndtri(outside)
        deviations = np.sqrt(self.variances)
        certain = self.variances.max(axis=1) == 0
        # The narrowest and the widest component bracket the mixture.
        low = -target * deviations.min(axis=1) / 2
        high = special.stdtrit(self.degrees.min(axis=1), 1 - outside) * deviations.max(axis=1) * 2
        low, high = np.where(certain, 1.0, np.maximum(low, high * 1e-6)), np.where(certain, 1.0, high)
        # Illinois rule on the tail's normal score against the log distance: nearly a straight line.
        x0, x1 = np.log(low), np.log(high)
        f0, f1 = (special.ndtri(self.tail(np.exp(x))) - target for x in (x0, x1))
        for _ in range(_ROOT_STEPS):
            with np.errstate(divide="ignore", invalid="ignore"):
                x = np.where(f0 == f1, (x0 + x1) / 2, (x0 * f1 - x1 * f0) / (f1 - f0))
            f = special.ndtri(self.tail(np.exp(x))) - target
            crossed = f * f1 <= 0
            x0, f0 = np.where(crossed, x1, x0), np.where(crossed, f1, f0 / 2)
            done = np.abs(x - x1) < _ROOT_TOLERANCE
            x1, f1 = x, f
            if bool(np.all(done | certain | (f == 0))):
                break
        return np.where(certain, 0.0, np.exp(x1))


def _t_tail(x: Floats, degrees: Floats) -> Floats:
    """P(T > x): exact below 20 degrees of freedom, above by Wallace's normal approximation (1959), which is
    within 3e-5 at 20, 3e-6 at 60 and 3e-8 at 600, at a quarter of the price."""
    if degrees.min() < 20:
        return np.asarray(special.stdtr(degrees, -x))
    with np.errstate(over="ignore"):
        score = (8 * degrees + 1) / (8 * degrees + 3) * np.sqrt(degrees * np.log1p(x * x / degrees))
    return np.asarray(special.ndtr(-np.copysign(score, x)))
