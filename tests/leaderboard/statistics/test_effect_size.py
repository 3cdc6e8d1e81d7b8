"""Cohen's d over tasks: as the follow-up paper has it, and with an interval that holds."""

from __future__ import annotations

import numpy as np
import pytest

from leaderboard import rank
from leaderboard.ranking import Interval
from leaderboard.statistics.effect_size import effect_size
from tests.support.planted import EPISODE_DEVIATION, INTERACTION_DEVIATION, method, plant


def test_d_is_the_difference_over_the_pooled_deviation_of_tasks() -> None:
    random = np.random.default_rng(0)
    a, b = random.uniform(0, 1, (2, 1, 300))
    found = effect_size(Interval(float(a.mean() - b.mean()), None, None), a, b)
    pooled = np.sqrt((a.var(ddof=1) + b.var(ddof=1)) / 2)
    assert found is not None and found.d.low is None
    assert found.d.estimate == pytest.approx((a.mean() - b.mean()) / pooled)
    assert found.threshold == pytest.approx(0.01 / pooled)


def test_it_is_the_d_of_the_ranking() -> None:
    planted = plant(np.random.default_rng(1), np.array([[0.55], [0.5]]), seeds=3, episodes=200)
    (pair,) = rank(planted.outcomes).comparisons
    values = {name: found for (name, _), found in planted.outcomes.values.items()}
    found = effect_size(pair.difference, values[pair.a], values[pair.b])
    assert found is not None and found.d.estimate == pytest.approx(pair.cohens_d)
    assert found.d.low is not None and found.d.low < found.d.estimate


def test_less_than_one_point_is_no_difference_by_the_rule() -> None:
    random = np.random.default_rng(2)
    a, b = random.uniform(0, 1, (2, 2, 300))
    for points, negligible in ((0.009, True), (-0.009, True), (0.011, False), (-0.011, False)):
        found = effect_size(Interval(points, points - 0.01, points + 0.01), a, b)
        assert found is not None and found.negligible is negligible


def test_methods_that_never_vary_have_no_d() -> None:
    assert effect_size(Interval(0.5, None, None), np.ones((1, 20)), np.full((1, 20), 0.5)) is None


@pytest.mark.parametrize("difference", [0.0, 0.1])
def test_the_interval_of_d_holds(difference: float) -> None:
    random = np.random.default_rng(int(100 * difference))
    spread = np.sqrt(2 * EPISODE_DEVIATION**2 + INTERACTION_DEVIATION**2)
    hits = []
    for _ in range(60):
        means = np.full((4, 3), 0.5) + difference * (np.arange(4) % 2)[:, None]
        planted = plant(random, means, seeds=3, episodes=300, seed_deviation=0.01, heterogeneity=0.5)
        ranking = rank(planted.outcomes, draws=100)
        for column in ranking.columns:
            pair = ranking.comparison(method(1), method(0), column)
            values = planted.outcomes.values
            found = effect_size(pair.difference, values[method(1), column], values[method(0), column])
            assert found is not None and found.d.low is not None and found.d.high is not None
            hits.append(found.d.low <= difference / spread <= found.d.high)
    # 180 intervals, nearly independent: a standard error of 1.6 %.
    assert 0.91 <= np.mean(hits) <= 0.995
