"""Methods that share their columns, and their scores over these columns with what is uncertain about them.

Benchmarks weigh equally, and columns within a benchmark (its protocols) equally. Draws resample benchmarks:
B - 1 of B with replacement, which gives the variance of a mean over benchmarks its right size (Rao and Wu
1988; B of B makes it too small by (B - 1) / B). With one benchmark there is nothing to resample.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from leaderboard.ranking import Interval, Profile
from leaderboard.statistics.aggregates import (
    bradley_terry,
    chance,
    interquartile_mean,
    normalised,
    profile,
    ranks,
)
from leaderboard.statistics.comparisons import DECIMALS
from leaderboard.statistics.draws import generator
from leaderboard.statistics.estimates import Estimates
from leaderboard.statistics.table import Floats

_THRESHOLDS = np.linspace(0, 1, 51)


@dataclass(frozen=True)
class Pool:
    """M methods that all have C columns of B benchmarks.

    ``scores`` [C, M] normalised, ``draws`` [C, M, D] of them; ``weights`` [C] and their draws
    ``weight_draws`` [C, D], both summing to 1 over columns; ``benchmark`` [C] the number of each column's
    benchmark; ``known`` [M] whether a method has intervals in every column.
    """

    methods: tuple[str, ...]
    columns: tuple[Estimates, ...]
    scores: Floats
    draws: Floats
    weights: Floats
    weight_draws: Floats
    benchmark: NDArray[np.int64]
    known: NDArray[np.bool_]

    @property
    def benchmarks(self) -> int:
        """Number of benchmarks."""
        return int(self.benchmark.max()) + 1

    def mean_draws(self) -> Floats:
        """Draws [M, D] of the mean normalised score."""
        return np.asarray(np.einsum("cmd,cd->md", self.draws, self.weight_draws))


def gather(methods: Sequence[str], columns: Sequence[Estimates], seed: int) -> Pool:
    """The pool of these methods, which must all have these columns."""
    data = [estimates.column.data for estimates in columns]
    benchmarks = sorted(set(data))
    number = np.array([benchmarks.index(which) for which in data])
    within = 1 / np.bincount(number)[number]
    count = columns[0].draws.shape[1]
    times = np.ones((len(benchmarks), count))
    if len(benchmarks) > 1:
        chosen = (resampling(seed, len(benchmarks), count) * len(benchmarks)) >> 16
        times = np.stack([np.sum(chosen == b, axis=0, dtype=np.float64) for b in range(len(benchmarks))])
    both = [(estimates, estimates.rows(methods)) for estimates in columns]
    return Pool(
        methods=tuple(methods),
        columns=tuple(columns),
        scores=np.stack([normalised(e.means[row], e.column) for e, row in both]),
        draws=np.stack([normalised(e.draws[row], e.column) for e, row in both]),
        weights=within / len(benchmarks),
        weight_draws=times[number] * within[:, None] / times.sum(axis=0),
        benchmark=number,
        known=np.all([e.testable[row] for e, row in both], axis=0),
    )


def resampling(seed: int, benchmarks: int, count: int) -> NDArray[np.int64]:
    """Integers [B - 1, count] below 2 ** 16 that choose benchmarks, whichever B they are: (i * B) >> 16.

    Fewer benchmarks use the first rows, so that every pool of a board is drawn from the same integers.
    """
    random = generator(seed, "benchmarks")
    return np.stack([random.integers(1 << 16, size=count) for _ in range(benchmarks - 1)])


def tails(pool: Pool) -> Floats:
    """One-sided p-values [M, M] of equal mean scores; nan where a side has no interval.

    A t test over benchmarks, B - 1 degrees of freedom, whose variance is not taken below what seeds and
    episodes alone explain (the modified Knapp-Hartung test of random-effects meta-analysis; Roever, Knapp and
    Friede 2015, BMC Med. Res. Methodol. 15:99). With one benchmark, what seeds and episodes explain is all.
    """
    size = len(pool.methods)
    a, b = np.triu_indices(size, 1)
    deviation, degrees, tail = _measurement(pool, a, b)
    mean = pool.weights @ pool.scores
    difference = np.abs(mean[a] - mean[b])
    if pool.benchmarks > 1:
        within = np.stack([pool.scores[pool.benchmark == n].mean(axis=0) for n in range(pool.benchmarks)])
        between = np.var(within[:, a] - within[:, b], axis=0, ddof=1) / pool.benchmarks
        deviation = np.sqrt(np.maximum(between, deviation**2))
        degrees = np.full(len(a), float(pool.benchmarks - 1))
    if len(pool.columns) > 1:
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = np.where(difference == 0, 0.0, difference / deviation)
        tail = special.stdtr(degrees, -ratio)
    matrix = np.full((size, size), np.nan)
    matrix[a, b] = matrix[b, a] = np.where(pool.known[a] & pool.known[b], tail, np.nan)
    return matrix


def _measurement(pool: Pool, a: NDArray[np.intp], b: NDArray[np.intp]) -> tuple[Floats, Floats, Floats]:
    """What seeds and episodes do to the differences of mean scores: standard deviation and degrees of freedom
    [P], and the tail probability [P] where there is one column.

    Columns of one benchmark may rest on the same checkpoints, so that their errors are added as if they went
    together, which is never too little.
    """
    by_benchmark = np.zeros((pool.benchmarks, len(a)))
    lost = np.zeros(len(a))
    tail = np.zeros(len(a))
    for estimates, number, weight in zip(pool.columns, pool.benchmark, pool.weights, strict=True):
        row = estimates.rows(pool.methods)
        chosen = row[a], row[b]
        variance, degrees = estimates.variance[chosen], estimates.degrees[chosen]
        tail = estimates.tail[chosen]
        part = weight / (1 - chance(estimates.column))
        by_benchmark[number] += part * np.sqrt(variance)
        lost += (part**2 * variance) ** 2 / degrees
    variance = np.sum(by_benchmark**2, axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        degrees = np.where(variance > 0, variance**2 / lost, 1e6)
    return np.sqrt(variance), degrees, tail


def summarise(
    pool: Pool, rows: Sequence[int], level: float, *, strengths: bool
) -> tuple[dict[str, Mapping[str, Interval]], dict[str, Profile]]:
    """Aggregate scores and profiles of some rows of a pool; Bradley-Terry only of a whole one."""
    chosen = list(rows)
    scores, draws = pool.scores[:, chosen], pool.draws[:, chosen]
    weights, weight_draws = pool.weights[:, None], pool.weight_draws[:, None, :]
    rank = np.stack([ranks(column[chosen], column) for column in pool.scores])
    rank_draws = np.stack([ranks(column[chosen], column) for column in pool.draws])
    mean_rank = np.sum(rank * weights, axis=0), np.sum(rank_draws * weight_draws, axis=0)
    values = {
        "mean_normalised": (np.sum(scores * weights, axis=0), np.sum(draws * weight_draws, axis=0)),
        "mean_rank": mean_rank,
        "interquartile_mean": (
            interquartile_mean(scores, weights),
            interquartile_mean(draws, weight_draws),
        ),
    }
    if strengths:
        strength, strength_draws = (bradley_terry(value, float(pool.benchmarks)) for value in mean_rank)
        values["bradley_terry"] = strength, strength_draws
    found = {
        name: intervals(estimates, drawn, level, pool.known[chosen])
        for name, (estimates, drawn) in values.items()
    }
    share = profile(scores, weights, _THRESHOLDS), profile(draws, weight_draws, _THRESHOLDS)
    shares = [intervals(*at, level, pool.known[chosen]) for at in zip(*share, strict=True)]
    thresholds = tuple(round(float(threshold), 4) for threshold in _THRESHOLDS)
    names = [pool.methods[row] for row in chosen]
    aggregates = {name: {score: found[score][i] for score in found} for i, name in enumerate(names)}
    profiles = {name: Profile(thresholds, tuple(at[i] for at in shares)) for i, name in enumerate(names)}
    return dict(aggregates), profiles


def intervals(estimates: Floats, drawn: Floats, level: float, known: NDArray[np.bool_]) -> list[Interval]:
    """Estimates [M] with the central intervals of their draws [M, D], none where not ``known`` [M].

    They are widened to hold the estimate where they miss it: ranks and shares of noisy means lie nearer the
    middle than those of the means themselves.
    """
    points = np.round(estimates, DECIMALS) + 0.0
    quantiles = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2], axis=1)
    low, high = np.round(quantiles, DECIMALS) + 0.0
    return [
        Interval(float(point), float(min(point, below)), float(max(point, above)))
        if sure
        else Interval(float(point), None, None)
        for point, below, above, sure in zip(points, low, high, known, strict=True)
    ]
