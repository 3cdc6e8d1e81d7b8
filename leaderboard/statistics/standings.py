"""Where each method stands in one column."""

from __future__ import annotations

import numpy as np

from leaderboard.ranking import Interval, Standing
from leaderboard.statistics.aggregates import ranks
from leaderboard.statistics.comparisons import DECIMALS, in_order, separated
from leaderboard.statistics.estimates import Estimates
from leaderboard.statistics.table import Floats
from leaderboard.statistics.ties import tie_groups


def stand(estimates: Estimates, level: float) -> tuple[Standing, ...]:
    """Standings of one column, best first."""
    order = in_order(estimates.means)
    rank_draws = ranks(estimates.draws)
    letters = tie_groups(separated(estimates.tail, level)[np.ix_(order, order)])
    standings = []
    for place, row in enumerate(order):
        known = bool(estimates.testable[row])
        below = order[place + 1] if place + 1 < len(order) else None
        standings.append(
            Standing(
                method=estimates.methods[row],
                column=estimates.column,
                score=estimates.scores[row],
                rank=rank_interval(rank_draws[row], level, known),
                tie_groups=letters[place],
                p_better_than_next=(
                    ahead(estimates.draws[row], estimates.draws[below])
                    if below is not None and known and estimates.testable[below]
                    else None
                ),
                seeds=int(estimates.seeds[row]),
                episodes=estimates.episodes,
                checkpoint=estimates.checkpoints[row],
            )
        )
    return tuple(standings)


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
