"""What a rank correlation with its interval allows to say."""

from __future__ import annotations

import math

from leaderboard.board.prediction.model import Answer
from leaderboard.ranking import Interval

WEAK = 0.5
"""A rank correlation below this, either way, explains less than a quarter of the ranks' variance: nothing to
choose a representation by."""

_MOST = 1_000


def answer(rho: Interval | None) -> Answer:
    """The verdict on one correlation."""
    if rho is None or rho.low is None or rho.high is None:
        return "cannot be told"
    if rho.low > 0:
        return "predicts"
    if rho.high < 0:
        return "opposite"
    return "nothing shown" if rho.low > -WEAK and rho.high < WEAK else "undecided"


def more(rho: Interval, methods: int) -> int | None:
    """How many methods would decide an undecided one, should the estimate stay: either that it is not 0 or
    that it is weak. None where it would take over a thousand."""
    assert rho.low is not None and rho.high is not None
    half = max(rho.high - rho.estimate, rho.estimate - rho.low)
    reach = max(abs(rho.estimate), WEAK - abs(rho.estimate))
    # The width of an interval falls with the root of n - 3 (Fisher's transformation).
    needed = math.ceil(3 + (methods - 3) * (half / reach) ** 2)
    return max(needed, methods + 1) if needed <= _MOST else None
