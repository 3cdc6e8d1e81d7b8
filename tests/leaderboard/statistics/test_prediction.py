"""Rank correlations within strata, averaged, with a bootstrap over methods and seeds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from leaderboard.statistics.prediction import FEWEST, average, interval, rank_correlation, resample

ALL = np.ones((9, 3), dtype=bool)
SPREAD = np.linspace(0.0, 1.0, 9)[:, None]


def noise(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape)


@settings(deadline=None, max_examples=25)
@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=5, max_size=12))
def test_the_estimate_is_spearmans_rho_of_seed_means(pairs: list[tuple[int, int]]) -> None:
    x, y = (np.array([pair[i] for pair in pairs], float)[:, None] for i in (0, 1))
    found = rank_correlation(x, y, resample(np.ones(x.shape, bool), draws=20))
    if np.ptp(x) == 0 or np.ptp(y) == 0:
        assert found is None
    else:
        assert found is not None
        assert found.estimate == pytest.approx(stats.spearmanr(x[:, 0], y[:, 0]).statistic)


@settings(deadline=None, max_examples=10)
@given(st.integers(0, 1_000))
def test_monotone_changes_of_a_figure_change_nothing(seed: int) -> None:
    x, y = np.repeat(noise(9, 1, seed=seed), 3, axis=1), noise(9, 3, seed=seed + 1)
    draws = resample(ALL, draws=50)
    one, other, turned = (rank_correlation(each, y, draws) for each in (x, np.exp(3 * x), -x))
    assert one is not None and other is not None and turned is not None
    assert np.allclose(one.draws, other.draws, equal_nan=True)
    assert np.allclose(one.draws, -turned.draws, equal_nan=True)


def test_what_orders_methods_is_told_from_what_does_not() -> None:
    accuracy = SPREAD + 0.05 * noise(9, 3)
    draws = resample(ALL)
    good = rank_correlation(SPREAD + 0.05 * noise(9, 3, seed=1), accuracy, draws)
    bad = rank_correlation(noise(9, 1, seed=5) + 0.05 * noise(9, 3, seed=2), accuracy, draws)
    assert good is not None and bad is not None
    sure, unsure = interval(good, 9), interval(bad, 9)
    assert sure.low is not None and sure.low > 0.5
    assert unsure.low is not None and unsure.high is not None and unsure.low < 0 < unsure.high


def test_levels_of_tasks_make_no_correlation() -> None:
    """Two tasks, one easy with high figures: thrown together they correlate, within each they do not."""
    x, y = np.tile(noise(9, 1, seed=3), 3), np.tile(noise(9, 1, seed=4), 3)
    draws = resample(ALL, draws=200)
    within = [rank_correlation(x + level, y + level, draws) for level in (0.0, 100.0)]
    together = stats.spearmanr(np.r_[x[:, 0], x[:, 0] + 100], np.r_[y[:, 0], y[:, 0] + 100]).statistic
    found = average([each for each in within if each is not None])
    assert together > 0.6
    assert found.estimate == pytest.approx(stats.spearmanr(x[:, 0], y[:, 0]).statistic)


def test_strata_that_share_methods_count_once() -> None:
    """The same stratum four times is no more data: the interval stays."""
    found = rank_correlation(noise(9, 3, seed=1), noise(9, 3, seed=2), resample(ALL, draws=300))
    assert found is not None
    assert interval(average([found] * 4), 9) == interval(found, 9)


def test_noise_of_seeds_widens_the_interval() -> None:
    accuracy = np.repeat(SPREAD, 3, axis=1)
    draws = resample(ALL)
    widths = []
    for size in (0.0, 0.6):
        found = rank_correlation(SPREAD + size * noise(9, 3, seed=7), accuracy, draws)
        assert found is not None
        told = interval(found, 9)
        assert told.low is not None and told.high is not None
        widths.append(told.high - told.low)
    assert widths[1] > widths[0] + 0.1


def test_methods_and_seeds_that_are_not_there_are_left_out() -> None:
    there = ALL.copy()
    there[0, 1:] = there[8] = False
    there[8, 2] = True
    x, y = noise(9, 3, seed=1), SPREAD + noise(9, 3, seed=2)
    x[~there] = np.nan
    y[8] = np.nan
    found = rank_correlation(x, y, resample(there, draws=100))
    assert found is not None
    means = np.nanmean(x[:8], axis=1), [np.mean(y[i][there[i]]) for i in range(8)]
    assert found.estimate == pytest.approx(stats.spearmanr(*means).statistic)
    assert np.isfinite(found.draws).mean() > 0.99


def test_too_few_methods_say_nothing() -> None:
    few = np.ones((FEWEST - 1, 2), dtype=bool)
    assert rank_correlation(noise(*few.shape), noise(*few.shape, seed=1), resample(few, draws=20)) is None


def test_a_method_without_any_seed_cannot_be_resampled() -> None:
    with pytest.raises(ValueError, match="at least one seed"):
        resample(np.zeros((5, 2), dtype=bool))


def test_equal_arguments_give_equal_draws() -> None:
    one, other = resample(ALL, draws=50), resample(ALL, draws=50)
    assert np.array_equal(one.chosen, other.chosen) and np.array_equal(one.weights, other.weights)
    assert np.all(one.weights.sum(axis=2) == 3)


@pytest.mark.slow
@pytest.mark.parametrize("methods", [5, 9, 16])
def test_of_figures_that_say_nothing_few_seem_to_predict(methods: int) -> None:
    """Three strata over the same methods, unrelated to the figure: at most 5 % of intervals exclude 0, within
    what 400 boards can tell (two standard errors)."""
    random, boards, wrong = np.random.default_rng(methods), 400, 0
    for _ in range(boards):
        x = random.standard_normal((methods, 1)) + 0.3 * random.standard_normal((methods, 2))
        quality = random.standard_normal((methods, 1))
        draws = resample(np.ones((methods, 2), dtype=bool), draws=500, seed=int(random.integers(1 << 31)))
        drawn = [
            rank_correlation(x, quality + 0.5 * random.standard_normal((methods, 2)), draws) for _ in range(3)
        ]
        told = interval(average([each for each in drawn if each is not None]), methods)
        assert told.low is not None and told.high is not None
        wrong += told.low > 0 or told.high < 0
    assert wrong / boards <= 0.05 + 2 * (0.05 * 0.95 / boards) ** 0.5
