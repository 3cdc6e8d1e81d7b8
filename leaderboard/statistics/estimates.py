"""What the standings of a column follow from, for all its methods or for any choice of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import special

from leaderboard.ranking import Column, Interval
from leaderboard.statistics.comparisons import DECIMALS, Pairs
from leaderboard.statistics.draws import draw_means
from leaderboard.statistics.effects import Effects
from leaderboard.statistics.spread import ColumnPosterior, Rows, spread_of_means
from leaderboard.statistics.table import Floats


@dataclass(frozen=True)
class Estimates:
    """A column of M methods, in alphabetical order, with D joint draws of their means.

    ``scores`` mean accuracies with intervals; ``checkpoints`` those of a single trained model; ``means`` [M];
    ``draws`` [M, D]; ``seeds`` [M]; ``testable`` [M] whether a method has an interval. Of the difference of
    each pair, symmetric [M, M] and nan where a side has no interval: ``tail`` the probability that its error
    exceeds it, ``variance`` and ``degrees`` of the t distribution that stands for the error.
    """

    column: Column
    methods: tuple[str, ...]
    episodes: int
    seeds: NDArray[np.int64]
    scores: tuple[Interval, ...]
    checkpoints: tuple[Interval | None, ...]
    means: Floats
    draws: Floats
    testable: NDArray[np.bool_]
    tail: Floats
    variance: Floats
    degrees: Floats

    def rows(self, methods: Sequence[str]) -> Rows:
        """Row numbers of methods. Raises ValueError for one that is not in the column."""
        return np.array([self.methods.index(method) for method in methods], dtype=np.intp)

    def among(self, methods: Sequence[str]) -> Estimates:
        """The same estimates of some of the methods. Nothing is estimated anew."""
        kept = [method for method in self.methods if method in set(methods)]
        row = self.rows(kept)
        square = np.ix_(row, row)
        return replace(
            self,
            methods=tuple(kept),
            seeds=self.seeds[row],
            scores=tuple(self.scores[i] for i in row),
            checkpoints=tuple(self.checkpoints[i] for i in row),
            means=self.means[row],
            draws=self.draws[row],
            testable=self.testable[row],
            tail=self.tail[square],
            variance=self.variance[square],
            degrees=self.degrees[square],
        )


def estimate(
    effects: Effects, posterior: ColumnPosterior | None, pairs: Pairs, level: float, draws: int, seed: int
) -> Estimates:
    """Estimates of one column from its mean squares, seed variances and pairs."""
    size = len(effects.methods)
    half_widths = np.full(size, np.nan)
    testable = np.zeros(size, dtype=bool)
    if posterior is not None:
        testable = effects.testable
        half_widths = np.where(testable, spread_of_means(effects, posterior).half_width(level), np.nan)
    return Estimates(
        column=effects.column,
        methods=effects.methods,
        episodes=effects.episodes,
        seeds=effects.seeds,
        scores=tuple(
            _score(mean, half_width) for mean, half_width in zip(effects.means, half_widths, strict=True)
        ),
        checkpoints=tuple(_checkpoint(effects, row, level) for row in range(size)),
        means=effects.means,
        draws=draw_means(effects, posterior, draws, seed),
        testable=testable,
        tail=pairs.matrix(pairs.tail, size),
        variance=pairs.matrix(pairs.variance, size),
        degrees=pairs.matrix(pairs.degrees, size),
    )


def _score(mean: float, half_width: float) -> Interval:
    estimate = round(float(mean), DECIMALS)
    if np.isnan(half_width):
        return Interval(estimate, None, None)
    # No accuracy lies outside 0..1.
    low, high = max(float(mean - half_width), 0.0), min(float(mean + half_width), 1.0)
    return Interval(estimate, round(low, DECIMALS), round(high, DECIMALS))


def _checkpoint(effects: Effects, row: int, level: float) -> Interval | None:
    if effects.seeds[row] != 1 or effects.episodes < 2:
        return None
    deviation = np.sqrt(effects.covariance[row, row] / effects.episodes)
    quantile = special.stdtrit(effects.episodes - 1, (1 + level) / 2)
    return _score(effects.means[row], float(quantile * deviation))
