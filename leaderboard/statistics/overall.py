"""Where each method stands over all columns.

The page is ordered by the mean normalised score. Unlike the mean rank it does not depend on who else takes
part, so that no third method can turn two others around; it keeps how much one is ahead by; and on a few
benchmarks, where mean ranks often coincide, it still tells methods apart. Its weakness, that a benchmark with
large differences counts for more, is what the mean rank beside it shows.

Intervals over few benchmarks are too narrow for benchmarks not seen, as those of any resampling are: on
simulated boards nominal 95 % intervals of the mean normalised score held in about 70 % of cases with 2
benchmarks, 90 % with 6. The notes say so. Tie groups rest on a t test and keep their level.

A method with holes is ranked in its own pool: the columns it has, among the methods that have all of them. It
is listed after every complete method, whatever its score: a score over fewer columns is not comparable.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from leaderboard.ranking import Column, Interval, Profile, Standing
from leaderboard.statistics.aggregates import ranks
from leaderboard.statistics.comparisons import in_order, separated
from leaderboard.statistics.estimates import Estimates
from leaderboard.statistics.pool import Pool, gather, intervals, summarise, tails
from leaderboard.statistics.standings import ahead, rank_interval
from leaderboard.statistics.ties import tie_groups

ORDERED_BY = "mean_normalised"


@dataclass(frozen=True)
class Overall:
    """Standings, aggregate scores and profiles over all columns."""

    standings: tuple[Standing, ...]
    aggregates: Mapping[str, Mapping[str, Interval]]
    profiles: Mapping[str, Profile]


def stand_overall(columns: Sequence[Estimates], level: float, seed: int) -> Overall:
    """Complete methods first, by their mean normalised score; then the partial ones, those with most columns
    first and among them the higher in their own pools."""
    methods = sorted({method for estimates in columns for method in estimates.methods})
    missing = {
        method: tuple(estimates.column for estimates in columns if method not in estimates.methods)
        for method in methods
    }
    standings: list[Standing] = []
    aggregates: dict[str, Mapping[str, Interval]] = {}
    profiles: dict[str, Profile] = {}
    complete = [method for method in methods if not missing[method]]
    if complete:
        pool = gather(complete, columns, seed)
        standings += _complete(pool, level)
        aggregates, profiles = summarise(pool, range(len(complete)), level, strengths=True)
    partial: list[tuple[int, float, str, Standing]] = []
    for method, holes in missing.items():
        if holes:
            held = [estimates for estimates in columns if method in estimates.methods]
            peers = [other for other in methods if not set(missing[other]) - set(holes)]
            pool = gather(peers, held, seed)
            row = peers.index(method)
            scores, shown = summarise(pool, [row], level, strengths=False)
            aggregates |= scores
            profiles |= shown
            standing = _partial(pool, row, holes, level)
            partial.append((len(holes), standing.rank.estimate / len(peers), method, standing))
    standings += [standing for *_, standing in sorted(partial, key=lambda item: item[:3])]
    return Overall(tuple(standings), aggregates, profiles)


def _complete(pool: Pool, level: float) -> list[Standing]:
    score, drawn = pool.weights @ pool.scores, pool.mean_draws()
    order = in_order(score)
    rank_draws = ranks(drawn)
    letters = tie_groups(separated(tails(pool), level)[np.ix_(order, order)])
    scores = intervals(score, drawn, level, pool.known)
    standings = []
    for place, row in enumerate(order):
        below = order[place + 1] if place + 1 < len(order) else None
        known = bool(pool.known[row])
        open_below = below is None or not known or not pool.known[below]
        standings.append(
            Standing(
                method=pool.methods[row],
                column=None,
                score=scores[row],
                rank=rank_interval(rank_draws[row], level, known),
                tie_groups=letters[place],
                p_better_than_next=None if open_below else ahead(drawn[row], drawn[below]),
                seeds=_seeds(pool, int(row)),
                episodes=_episodes(pool),
            )
        )
    return standings


def _partial(pool: Pool, row: int, missing: tuple[Column, ...], level: float) -> Standing:
    score, drawn, known = pool.weights @ pool.scores, pool.mean_draws(), bool(pool.known[row])
    return Standing(
        method=pool.methods[row],
        column=None,
        score=intervals(score, drawn, level, pool.known)[row],
        rank=rank_interval(ranks(drawn[[row]], drawn)[0], level, known),
        tie_groups="",
        p_better_than_next=None,
        seeds=_seeds(pool, row),
        episodes=_episodes(pool),
        partial=missing,
    )


def _seeds(pool: Pool, row: int) -> int:
    method = pool.methods[row]
    return min(int(estimates.seeds[estimates.methods.index(method)]) for estimates in pool.columns)


def _episodes(pool: Pool) -> int:
    return sum(estimates.episodes for estimates in pool.columns)
