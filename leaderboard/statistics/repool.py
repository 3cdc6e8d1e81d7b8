"""A board's methods and columns, chosen anew and ranked anew, from estimates that the whole board gave."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from leaderboard.ranking import Column, Standing
from leaderboard.statistics.estimates import Estimates
from leaderboard.statistics.overall import stand_overall
from leaderboard.statistics.standings import stand


@dataclass(frozen=True)
class PoolRanking:
    """Standings of the chosen methods, in each chosen column and over all of them, best first."""

    overall: tuple[Standing, ...]
    by_column: Mapping[Column, tuple[Standing, ...]]


def rank_pool(
    estimates: Sequence[Estimates], methods: Sequence[str], columns: Sequence[Column], level: float, seed: int
) -> PoolRanking:
    """Rank some of a board's methods on some of its columns, as if no others were on it.

    Ranks, their intervals, tie groups and probabilities are those of the pool. Means and their errors are the
    board's: seed variances stay moderated by all of it, and episodes are those that all of its methods share.
    That alone differs from ``rank`` with the same pool. Methods without any of the columns are left out.
    """
    chosen = [found.among(methods) for found in estimates if found.column in set(columns)]
    chosen = [found for found in chosen if found.methods]
    return PoolRanking(
        overall=stand_overall(chosen, level, seed).standings if chosen else (),
        by_column={found.column: stand(found, level) for found in chosen},
    )
