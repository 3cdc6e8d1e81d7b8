"""Boards whose truth is planted, to see how often the ranking's statements hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from leaderboard.ranking import Column, Outcomes, Ranking

Floats = NDArray[np.float64]

# Intervals do not change with the scale of the outcomes, and at a tenth of it none leaves 0..1.
SCALE = 0.1
EPISODE_DEVIATION = 0.07
INTERACTION_DEVIATION = 0.05


def column(number: int, *, protocol: int = 1, way: int = 5) -> Column:
    """Column of benchmark ``number``."""
    return Column(f"benchmark {number}", "few-shot", way, protocol, 15, f"digest {number}")


def method(number: int) -> str:
    """Name of method ``number``; names sort as the numbers do."""
    return f"method {number:02d}"


@dataclass(frozen=True)
class Planted:
    """Outcomes, and the true mean of every method in every column [methods, columns]."""

    outcomes: Outcomes
    truth: Floats


def plant(
    random: np.random.Generator,
    means: Floats,
    *,
    seeds: int | Sequence[int] = 2,
    episodes: int = 600,
    seed_deviation: float = 0.01,
    heterogeneity: float = 0.0,
    scale: float = SCALE,
) -> Planted:
    """A board with true means [methods, columns] in accuracy about 0.5, before ``scale`` shrinks all about
    0.5.

    The standard deviation of seed effects is ``seed_deviation`` exp(``heterogeneity`` z), z normal, drawn for
    each method and column. Episodes have a part that all methods share and one of each method's own.
    """
    methods, columns = means.shape
    counts = [seeds] * methods if isinstance(seeds, int) else list(seeds)
    values = {}
    for c in range(columns):
        shared = random.normal(0, EPISODE_DEVIATION, episodes)
        for m in range(methods):
            deviation = seed_deviation * np.exp(heterogeneity * random.standard_normal())
            outcome = (
                means[m, c]
                + random.normal(0, deviation, (counts[m], 1))
                + shared
                + random.normal(0, EPISODE_DEVIATION, episodes)
                + random.normal(0, INTERACTION_DEVIATION, (counts[m], episodes))
            )
            values[method(m), column(c)] = 0.5 + scale * (outcome - 0.5)
    return Planted(Outcomes(values), 0.5 + scale * (means - 0.5))


def differences_covered(ranking: Ranking, truth: Floats) -> tuple[Floats, Floats]:
    """For every comparison that has an interval: whether it holds the planted difference, and its
    half-width."""
    columns = {found: c for c, found in enumerate(ranking.columns)}
    covered, widths = [], []
    for pair in ranking.comparisons:
        low, high = pair.difference.low, pair.difference.high
        if low is None or high is None:
            continue
        a, b, c = int(pair.a.split()[1]), int(pair.b.split()[1]), columns[pair.column]
        covered.append(low <= truth[a, c] - truth[b, c] <= high)
        widths.append((high - low) / 2)
    return np.array(covered, dtype=np.float64), np.array(widths)


def scores_covered(ranking: Ranking, truth: Floats) -> Floats:
    """For every score in a column that has an interval: whether it holds the planted mean."""
    return np.array(
        [
            standing.score.low <= truth[int(standing.method.split()[1]), c] <= standing.score.high
            for c, found in enumerate(ranking.columns)
            for standing in ranking.by_column[found]
            if standing.score.low is not None and standing.score.high is not None
        ],
        dtype=np.float64,
    )


def ranks_covered(ranking: Ranking, truth: Floats) -> Floats:
    """For every rank in a column that has an interval: whether it holds the rank of the planted mean."""
    order = np.argsort(np.argsort(-truth, axis=0), axis=0) + 1
    return np.array(
        [
            standing.rank.low <= order[int(standing.method.split()[1]), c] <= standing.rank.high
            for c, found in enumerate(ranking.columns)
            for standing in ranking.by_column[found]
            if standing.rank.low is not None and standing.rank.high is not None
        ],
        dtype=np.float64,
    )
