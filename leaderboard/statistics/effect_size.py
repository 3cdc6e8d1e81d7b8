"""Cohen's d of two methods over tasks, with its interval, and the rule that takes 1 % for no difference.

As in the follow-up to Miranda et al. 2022 ("Is Pre-Training Truly Better Than Meta-Learning?", 2023):
d = (mean A - mean B) / s with s^2 = (s_A^2 + s_B^2) / 2, the variances being those of one trained model's
accuracy over tasks; |d| < 0.01 / s is no difference.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from leaderboard.ranking import Interval
from leaderboard.statistics.comparisons import DECIMALS
from leaderboard.statistics.table import Floats

ONE_PERCENT = 0.01


@dataclass(frozen=True)
class EffectSize:
    """``d`` with its interval (none with one seed), ``spread`` s in accuracy, the rule's ``threshold``."""

    d: Interval
    spread: float
    threshold: float

    @property
    def negligible(self) -> bool:
        """Whether the rule calls it no difference. It looks at the estimate alone, however unsure."""
        return abs(self.d.estimate) < self.threshold


def effect_size(difference: Interval, a: Floats, b: Floats) -> EffectSize | None:
    """d of two methods, accuracies [seeds, episodes] each on the same episodes; None where neither varies.

    ``difference``: A - B with its 95 % interval, under the board's model of seeds and episodes. The interval
    of d adds to it what is not known of s (delta method, its error being that of the mean square over
    episodes).
    """
    squares = (_squares(a) + _squares(b)) / 2
    variance = float(squares.mean()) * len(squares) / max(len(squares) - 1, 1)
    if variance <= 0:
        return None
    spread = math.sqrt(variance)
    d = difference.estimate / spread
    threshold = round(ONE_PERCENT / spread, DECIMALS)
    if difference.low is None or difference.high is None:
        return EffectSize(Interval(round(d, DECIMALS), None, None), round(spread, DECIMALS), threshold)
    of_spread = float(squares.std(ddof=1)) / (2 * variance * math.sqrt(len(squares)))
    reach = math.hypot((difference.high - difference.low) / 2 / spread, 1.96 * d * of_spread)
    return EffectSize(
        Interval(round(d, DECIMALS), round(d - reach, DECIMALS), round(d + reach, DECIMALS)),
        round(spread, DECIMALS),
        threshold,
    )


def _squares(values: Floats) -> Floats:
    """Mean over seeds of the squared deviations [episodes] from each model's mean."""
    return np.asarray(np.mean((values - values.mean(axis=1, keepdims=True)) ** 2, axis=0))
