"""How many more episodes, or seeds, would decide an undecided pair, if its estimates stay as they are."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy import special

from leaderboard.statistics.spread import Components
from leaderboard.statistics.table import Floats

MOST_EPISODES = 100_000
MOST_SEEDS = 1_000


def more_episodes(
    parts: Components, difference: Floats, degrees: Floats, margin: float, level: float
) -> Floats:
    """Least number [P] of further episodes; nan where ``MOST_EPISODES`` would not do.

    Seeds stay as they are, so that their part of the variance is a floor that no number of episodes breaks.
    """

    def decided(more: Floats) -> Floats:
        variance = parts.variance(episodes=parts.episodes + more)
        return _decided(difference, variance, degrees, margin, level)

    return _least(decided, len(difference), MOST_EPISODES)


def more_seeds(parts: Components, difference: Floats, degrees: Floats, margin: float, level: float) -> Floats:
    """Least number [P] of further train seeds for each of the two; nan where ``MOST_SEEDS`` would not do.

    Each further seed also adds its degree of freedom; the episodes' part of the variance is the floor.
    """

    def decided(more: Floats) -> Floats:
        variance = parts.variance(more_seeds=more)
        return _decided(difference, variance, degrees + 2 * more, margin, level)

    return _least(decided, len(difference), MOST_SEEDS)


def _decided(difference: Floats, variance: Floats, degrees: Floats, margin: float, level: float) -> Floats:
    deviation = np.sqrt(variance)
    apart = np.abs(difference) > special.stdtrit(degrees, (1 + level) / 2) * deviation
    together = np.abs(difference) + special.stdtrit(degrees, level) * deviation < margin
    return np.asarray(apart | together)


def _least(decided: Callable[[Floats], Floats], count: int, most: int) -> Floats:
    """Smallest whole number in 1..most that decides, by bisection: variances only fall as it grows."""
    low, high = np.zeros(count), np.full(count, float(most))
    possible = decided(high)
    while np.any(high - low > 1):
        middle = np.floor((low + high) / 2)
        enough = decided(middle)
        low, high = np.where(enough, low, middle), np.where(enough, middle, high)
    return np.where(possible, high, np.nan)
