"""Where each method stands in one column."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special

from leaderboard.ranking import Interval, Standing
from leaderboard.statistics.aggregates import ranks
from leaderboard.statistics.comparisons import DECIMALS, Pairs, compare
from leaderboard.statistics.draws import draw_means
from leaderboard.statistics.effects import Effects
from leaderboard.statistics.spread import ColumnPosterior, Rows, spread_of_means
from leaderboard.statistics.table import Floats
from leaderboard.statistics.ties import tie_groups


@dataclass(frozen=True)
class ColumnResult:
    """A column, analysed: its rows in standing order, joint draws of the means [M, draws], all pairs."""

    effects: Effects
    order: Rows
    draws: Floats
    pairs: Pairs
    standings: tuple[Standing, ...]


def stand(
    effects: Effects, posterior: ColumnPosterior | None, margin: float, level: float, draws: int, seed: int
) -> ColumnResult:
    """Standings of one column: by mean accuracy, names where that is equal."""
    # Rows come in alphabetical order; rounding keeps equal methods equal on every machine.
    order = np.argsort(-np.round(effects.means, DECIMALS), kind="stable")
    pairs = compare(effects, posterior, order, margin, level)
    drawn = draw_means(effects, posterior, draws, seed)
    size = len(order)
    rank_draws = ranks(drawn)
    half_widths = np.full(size, np.nan)
    if posterior is not None:
        half_widths = np.where(
            effects.testable, spread_of_means(effects, posterior).half_width(level), np.nan
        )
    # nan, an untestable pair, compares as not separable.
    separable = pairs.matrix(pairs.holm, size)[np.ix_(order, order)] < 1 - level
    letters = tie_groups(separable)
    standings = []
    for place, row in enumerate(order):
        known = posterior is not None and bool(effects.testable[row])
        below = order[place + 1] if place + 1 < size else None
        standings.append(
            Standing(
                method=effects.methods[row],
                column=effects.column,
                score=_score(effects.means[row], half_widths[row]),
                rank=rank_interval(rank_draws[row], level, known),
                tie_groups=letters[place],
                p_better_than_next=(
                    ahead(drawn[row], drawn[below])
                    if below is not None and known and effects.testable[below]
                    else None
                ),
                seeds=int(effects.seeds[row]),
                episodes=effects.episodes,
                checkpoint=_checkpoint(effects, row, level) if effects.seeds[row] == 1 else None,
            )
        )
    return ColumnResult(effects, order, drawn, pairs, tuple(standings))


def rank_interval(drawn: Floats, level: float, known: bool) -> Interval:
    """Median rank over draws and its interval, in ranks that were drawn; none where nothing is known."""
    median = float(np.median(drawn))
    if not known:
        return Interval(median, None, None)
    outside = (1 - level) / 2
    low, high = np.quantile(drawn, [outside, 1 - outside], method="inverted_cdf")
    return Interval(median, float(low), float(high))


def ahead(drawn: Floats, other: Floats) -> float:
    """Share of the draws that put the first ahead of the second, equal ones counted half."""
    return round(float(np.mean((drawn > other) + 0.5 * (drawn == other))), DECIMALS)


def _score(mean: float, half_width: float) -> Interval:
    estimate = round(float(mean), DECIMALS)
    if np.isnan(half_width):
        return Interval(estimate, None, None)
    # No accuracy lies outside 0..1.
    low, high = max(float(mean - half_width), 0.0), min(float(mean + half_width), 1.0)
    return Interval(estimate, round(low, DECIMALS), round(high, DECIMALS))


def _checkpoint(effects: Effects, row: int, level: float) -> Interval | None:
    if effects.episodes < 2:
        return None
    deviation = np.sqrt(effects.covariance[row, row] / effects.episodes)
    quantile = special.stdtrit(effects.episodes - 1, (1 + level) / 2)
    return _score(effects.means[row], float(quantile * deviation))
