"""Seed variances that borrow strength from each other: what two or three seeds say, and what the others say.

As in limma (Smyth 2004, Stat. Appl. Genet. Mol. Biol. 3:3) the variances of a board are draws from a scaled
inverse chi-square distribution with scale s0 and d0 degrees of freedom. Two things differ, both chosen by
simulated coverage (``tests/leaderboard/statistics/test_coverage.py``):

- s0 and d0 are not plugged in but averaged over: their posterior is computed on a grid.
- what follows uses the whole posterior of each variance, through its quantiles. Satterthwaite's approximation
  from two moderated variances is too sure where these keep few degrees of freedom.

With two seeds, 8 methods and 3 columns, limma's plug-in with Satterthwaite's degrees of freedom holds in 87
to 94 % of cases instead of 95 %, averaging alone adds up to a point, and both together hold in 94 to 96 %.

Heterogeneity is set as tau, the standard deviation of the log standard deviation over cells, for which
trigamma(d0 / 2) = 4 tau^2. Its prior is half-Cauchy with scale 1; log s0 is flat. Where there is one
variance only, this is the t interval of that variance alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from leaderboard.statistics.effects import MeanSquare
from leaderboard.statistics.table import Floats

_TAU = np.array([0.1, 0.2, 0.3, 0.4, 0.5, 0.65, 0.8, 1.0, 1.25, 1.5, 2.0, 2.5, 3.0])
_TAU_PRIOR = np.gradient(_TAU) / (1 + _TAU**2)
_NEGLIGIBLE = 1e-5
# Accuracies lie in 0..1, so that no variance of theirs exceeds 1/4.
_LARGEST = 0.25
_TABLE_POINTS = 64
_NEWTON_STEPS = 60
# Nodes are spaced evenly in the log variance. What follows smooths them by a normal kernel, whose logarithm
# has a standard deviation of 1.1, so that the trapezoid rule with steps up to 1 in log sigma loses nothing.
# Nodes at Gauss-Hermite quantiles would be too far apart in the long upper tail of a variance from two seeds.
NODES = 8
_REACH = (-3.0, 4.3)


@dataclass(frozen=True)
class VariancePosterior:
    """Posterior of K variances: quantile tables, log variances [K, X] at normal scores [K, X], and the same
    posteriors made discrete: ``nodes`` [K, NODES] variances with ``weights`` [K, NODES].

    ``zero`` [K]: variances known to be 0. ``floor`` [K]: no variance is taken below it.
    """

    log_variance: Floats
    score: Floats
    nodes: Floats
    weights: Floats
    zero: NDArray[np.bool_]
    floor: Floats

    def __getitem__(self, rows: slice) -> VariancePosterior:
        """Some of the variances."""
        return VariancePosterior(
            log_variance=self.log_variance[rows],
            score=self.score[rows],
            nodes=self.nodes[rows],
            weights=self.weights[rows],
            zero=self.zero[rows],
            floor=self.floor[rows],
        )

    def quantile(self, k: int, score: Floats) -> Floats:
        """Variance k at the quantiles whose normal scores are given."""
        if self.zero[k]:
            return np.zeros_like(score)
        variances = np.exp(np.interp(score, self.score[k], self.log_variance[k]))
        return np.asarray(np.maximum(variances, self.floor[k]))

    def medians(self) -> Floats:
        """Posterior medians [K]."""
        return np.array([self.quantile(k, np.zeros(1))[0] for k in range(len(self.floor))])


def moderate(squares: Sequence[MeanSquare]) -> VariancePosterior | None:
    """Posterior of every variance given all; None where no variance was estimated from two values or more.

    A mean square of exactly 0 (no seed changed anything) stays 0, and lends nothing to the others.
    """
    value = np.array([square.value for square in squares])
    degrees = np.array([float(square.degrees) for square in squares])
    floor = np.array([square.floor for square in squares])
    zero = (degrees > 0) & (value == 0) & (floor == 0)
    lends = (degrees > 0) & ~zero
    if not (degrees > 0).any():
        return None
    # Two seeds can agree by chance in their mean; the interaction says that the variance is not 0.
    value = np.maximum(value, 1e-3 * floor)
    if not lends.any():
        nothing = np.zeros((len(value), NODES))
        return VariancePosterior(nothing, nothing, nothing, nothing + 1 / NODES, np.ones_like(zero), floor)
    prior, weight = _hyperposterior(value[lends], degrees[lends])
    posterior = _Posterior(value, degrees, prior, weight)
    log_variance, score = posterior.tables()
    low, high = (
        np.array([np.interp(reach, s, v) for s, v in zip(score, log_variance, strict=True)])
        for reach in _REACH
    )
    at = np.linspace(low, high, NODES, axis=1)
    density = posterior.density(at)
    return VariancePosterior(
        log_variance=log_variance,
        score=score,
        nodes=np.where(zero[:, None], 0.0, np.maximum(np.exp(at), floor[:, None])),
        weights=density / density.sum(axis=1, keepdims=True),
        zero=zero,
        floor=floor,
    )


def _hyperposterior(value: Floats, degrees: Floats) -> tuple[Floats, Floats]:
    """Nodes (d0, s0) [G, 2] and their posterior weights [G], the negligible ones left out."""
    nodes, log_weights = [], []
    for prior, d0 in zip(_TAU_PRIOR, 2 * _inverse_trigamma(4 * _TAU**2), strict=True):
        log_s0, step = _scale_grid(value, degrees, d0)
        ratio = degrees * value / d0 * np.exp(-log_s0[:, None])
        log_likelihood = np.sum(
            degrees / 2 * (np.log(degrees / d0) - log_s0[:, None])
            - (degrees + d0) / 2 * np.log1p(ratio)
            - special.betaln(degrees / 2, d0 / 2),
            axis=1,
        )
        nodes.append(np.stack([np.full_like(log_s0, d0), np.exp(log_s0)], axis=1))
        log_weights.append(log_likelihood + np.log(step * prior))
    every, log_weight = np.concatenate(nodes), np.concatenate(log_weights)
    # Taken off rather than cut at, so that rounding cannot decide whether a node counts.
    weight = np.exp(log_weight - log_weight.max()) - _NEGLIGIBLE
    keep = weight > 0
    return every[keep], weight[keep] / weight[keep].sum()


def _scale_grid(value: Floats, degrees: Floats, d0: float) -> tuple[Floats, float]:
    """Even grid of log s0 that holds its likelihood given d0, and its step."""
    top = np.log(np.average(value, weights=degrees))
    for _ in range(_NEWTON_STEPS):  # The likelihood is concave in log s0.
        ratio = degrees * value / d0 * np.exp(-top)
        pull = ratio / (1 + ratio)
        curve = float(np.sum((degrees + d0) / 2 * pull * (1 - pull)))
        move = float(np.clip(np.sum((degrees + d0) / 2 * pull - degrees / 2) / curve, -1, 1))
        top += move
        if abs(move) < 1e-10:
            break
    deviation = curve**-0.5
    # With few variances the likelihood falls off slowly: as exp(-sum(degrees) / 2) per unit of log s0 above
    # its top, as exp(-K d0 / 2) below it.
    above = max(4.5 * deviation, 24 / float(degrees.sum()))
    below = max(4.5 * deviation, 24 / (len(degrees) * d0))
    # Fine enough for the likelihood, and for the posterior of a variance given one node to overlap the next.
    step = min(0.6 * deviation, float(np.sqrt(2 / (d0 + degrees.max()))))
    return top + step * np.arange(-np.ceil(below / step), np.ceil(above / step) + 1), step


class _Posterior:
    """K variances given their mean squares and the hyperposterior: mixtures of scaled inverse chi-squares."""

    def __init__(self, value: Floats, degrees: Floats, prior: Floats, weight: Floats) -> None:
        d0, s0 = prior[:, 0], prior[:, 1]
        self._weight = weight
        self._half_degrees = (d0 + degrees[:, None]) / 2
        self._half_squares = (d0 * s0 + degrees[:, None] * value[:, None]) / 2
        self._low = np.log(self._half_squares / self._half_degrees).min(axis=1) - 4
        self._high = np.log(np.maximum(_LARGEST, 3 * value))

    def tables(self) -> tuple[Floats, Floats]:
        """Log variances and the normal scores of their posterior probabilities, [K, X] each."""
        log_variance = np.linspace(self._low, self._high, _TABLE_POINTS, axis=1)
        below = np.zeros_like(log_variance)
        for g, weight in enumerate(self._weight):
            h = self._half_squares[:, g, None] * np.exp(-log_variance)
            below += weight * special.gammaincc(self._half_degrees[:, g, None], h)
        below /= below[:, -1:]
        score = special.ndtri(np.clip(below, 1e-15, 1 - 1e-15))
        # Interpolation wants rising scores; where they are flat, at either end, nothing is looked up.
        return log_variance, np.maximum.accumulate(score, axis=1)

    def density(self, log_variance: Floats) -> Floats:
        """Posterior density of the log variances [K, N], up to a factor."""
        density = np.zeros_like(log_variance)
        for g, weight in enumerate(self._weight):
            a = self._half_degrees[:, g, None]
            log_h = np.log(self._half_squares[:, g, None]) - log_variance
            density += weight * np.exp(a * log_h - np.exp(log_h) - special.gammaln(a))
        return density


def _inverse_trigamma(x: Floats) -> Floats:
    """y with trigamma(y) = x, by Newton's method (Smyth 2004, appendix)."""
    y = 0.5 + 1 / x
    for _ in range(50):
        trigamma = special.polygamma(1, y)
        y = y + trigamma * (1 - trigamma / x) / special.polygamma(2, y)
    return np.asarray(y)
