"""What a rank correlation with its interval allows to say."""

from __future__ import annotations

import math

from scipy import special

from leaderboard.board.prediction.model import Answer
from leaderboard.ranking import Interval

WEAK = 0.5
"""A rank correlation below this, either way, explains less than a quarter of the ranks' variance: nothing to
choose a representation by."""

_STEEPEST = 0.99


def answer(rho: Interval | None) -> Answer:
    """The verdict on one correlation."""
    if rho is None or rho.low is None or rho.high is None:
        return "cannot be told"
    if rho.low > 0:
        return "predicts"
    if rho.high < 0:
        return "opposite"
    return "nothing shown" if rho.low > -WEAK and rho.high < WEAK else "undecided"


def more(rho: float, methods: int, level: float = 0.95) -> int | None:
    """How many methods would decide an undecided correlation, should the estimate stay: that it is not 0, or
    that it is weak, whichever takes fewer. None where there are as many ``methods`` as that already, so that
    the noise of seeds keeps it open.

    By the standard error on Fisher's scale, the root of (1 + rho^2 / 2) / (n - 3) (Bonett and Wright 2000,
    Psychometrika 65:23-28), of one stratum: the average of several needs fewer.
    """
    apart = abs(math.atanh(max(-_STEEPEST, min(rho, _STEEPEST))))
    reach = max(apart, math.atanh(WEAK) - apart)
    normal = float(special.ndtri((1 + level) / 2))
    needed = math.ceil(3 + (1 + rho * rho / 2) * (normal / reach) ** 2)
    return needed if needed > methods else None
