"""Does a figure order methods as accuracy does? Rank correlations with a bootstrap of methods and seeds.

A figure belongs to a trained network, of a method and a seed, and so does an accuracy. Both are averaged
over seeds, and ranked over methods. Methods are resampled with replacement, as clusters: with all their
figures and accuracies, in every stratum (task, number of labels, way of adapting) at once. Within each the
seeds are resampled too. Strata are never thrown together: correlations are taken within each and then
averaged, so that an easy task, where accuracies and figures are all high, makes no correlation.

Resampling n methods shows too little spread, as it does for any statistic: the ends are those quantiles that
would give the mean of a normal sample its t interval (the expanded percentile interval; Hesterberg 2015, The
American Statistician 69:371-386, section 5.3).
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from leaderboard.ranking import Interval
from leaderboard.statistics.draws import generator
from leaderboard.statistics.table import Floats

FEWEST = 5
"""Methods that it takes: of four, one order in twelve is monotone by chance."""

DRAWS = 2_000
_AT_ONCE = 4_000_000


@dataclass(frozen=True)
class Resampling:
    """D draws of R methods and their seeds: ``chosen`` [D, R] are methods, ``weights`` [D, R, S] say how
    often each seed of the method in this place was drawn."""

    chosen: NDArray[np.int64]
    weights: Floats


@dataclass(frozen=True)
class Drawn:
    """A rank correlation in -1..1, and what it was in each draw [D] (nan: undefined there)."""

    estimate: float
    draws: Floats


def resample(there: NDArray[np.bool_], draws: int = DRAWS, seed: int = 0) -> Resampling:
    """Draws for methods and seeds, ``there`` [R, S] where such a training is; each method has at least one.

    Raises ValueError where one has none.
    """
    if not there.any(axis=1).all():
        raise ValueError("each method needs at least one seed to be resampled")
    random = generator(seed, "methods and seeds", *there.shape)
    methods, seeds = there.shape
    chosen = random.integers(methods, size=(draws, methods))
    counts = there.sum(axis=1)
    # Seeds that are there come first, in their order: a draw among them is an index below their count.
    order = np.argsort(~there, axis=1, kind="stable")
    picked = np.floor(random.random((draws, methods, seeds)) * counts[chosen][:, :, None]).astype(np.int64)
    places = np.take_along_axis(order[chosen], picked, axis=2)
    # A method of fewer seeds is resampled with as many as it has.
    used = np.arange(seeds) < counts[chosen][:, :, None]
    weights = np.stack([np.sum((places == s) & used, axis=2) for s in range(seeds)], axis=2)
    return Resampling(chosen, weights.astype(np.float64))


def rank_correlation(x: Floats, y: Floats, resampling: Resampling) -> Drawn | None:
    """Spearman's rho of x and y [R, S], each averaged over the seeds that both have (nan: not there).

    None where fewer than ``FEWEST`` methods have both, or one of the two is the same for all of them.
    """
    both = np.isfinite(x) & np.isfinite(y)
    if np.sum(both.any(axis=1)) < FEWEST:
        return None
    everything = Resampling(np.arange(len(x))[None], both[None].astype(np.float64))
    estimate = float(_correlations(x, y, both, everything)[0])
    if not math.isfinite(estimate):
        return None
    step = max(1, _AT_ONCE // len(x) ** 2)
    parts = [
        _correlations(x, y, both, Resampling(resampling.chosen[at], resampling.weights[at]))
        for start in range(0, len(resampling.chosen), step)
        for at in [slice(start, start + step)]
    ]
    return Drawn(estimate, np.concatenate(parts))


def average(correlations: Sequence[Drawn]) -> Drawn:
    """The mean of at least one correlation, draw by draw over those that are defined there."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Mean of empty slice", category=RuntimeWarning)
        draws = np.nanmean([each.draws for each in correlations], axis=0)
    return Drawn(float(np.mean([each.estimate for each in correlations])), draws)


def interval(correlation: Drawn, methods: int, level: float = 0.95) -> Interval:
    """The correlation with its interval, ``methods`` being how many were resampled."""
    known = correlation.draws[np.isfinite(correlation.draws)]
    reach = math.sqrt(methods / (methods - 1)) * special.stdtrit(methods - 1, (1 + level) / 2)
    tail = float(special.ndtr(-reach))
    low, high = np.quantile(known, [tail, 1 - tail])
    estimate = correlation.estimate
    return Interval(estimate, float(min(low, estimate)), float(max(high, estimate)))


def _correlations(x: Floats, y: Floats, both: NDArray[np.bool_], of: Resampling) -> Floats:
    """[D]; nan where fewer than two methods are told apart."""
    weights = of.weights * both[of.chosen]
    total = weights.sum(axis=2)
    with np.errstate(divide="ignore", invalid="ignore"):
        means = [(weights * np.where(both, values, 0.0)[of.chosen]).sum(axis=2) / total for values in (x, y)]
        a, b = (_centred_ranks(values, total > 0) for values in means)
        spread = np.sqrt((a * a).sum(axis=1) * (b * b).sum(axis=1))
        return np.asarray(np.where(spread > 0, (a * b).sum(axis=1) / spread, np.nan))


def _centred_ranks(values: Floats, there: NDArray[np.bool_]) -> Floats:
    """Mean ranks [D, R] of those that are there, about their mean; 0 for the others."""
    # A value stands as many ranks above the middle as it exceeds more others than exceed it, halved.
    above = np.sum(values[:, :, None] > values[:, None, :], axis=2)
    below = np.sum(values[:, :, None] < values[:, None, :], axis=2)
    return np.where(there, (above - below) / 2.0, 0.0)
