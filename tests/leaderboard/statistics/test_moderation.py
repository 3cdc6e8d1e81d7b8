import numpy as np
import pytest
from scipy import special, stats

from leaderboard.statistics.effects import MeanSquare
from leaderboard.statistics.mixture import Mixture
from leaderboard.statistics.moderation import VariancePosterior, moderate


def posterior(values, degrees) -> VariancePosterior:
    found = moderate([MeanSquare(float(v), int(d), 1e-12) for v, d in zip(values, degrees, strict=True)])
    assert found is not None
    return found


def half_widths(found: VariancePosterior) -> np.ndarray:
    """Of estimates with these variances, 95 %."""
    return Mixture(found.nodes, np.full_like(found.nodes, 1e9), found.weights).half_width(0.95)


@pytest.mark.parametrize(("degrees", "tolerance"), [(1, 0.05), (2, 0.015), (4, 0.005), (9, 0.001)])
def test_a_single_variance_gives_the_t_interval(degrees, tolerance):
    found = half_widths(posterior([1e-6], [degrees]))[0]
    assert found == pytest.approx(1e-3 * stats.t.ppf(0.975, degrees), rel=tolerance)


def test_many_equal_variances_are_nearly_known():
    random = np.random.default_rng(1)
    values = 1e-4 * random.chisquare(1, 400)
    assert half_widths(posterior(values, [1] * 400)).mean() == pytest.approx(1.96e-2, rel=0.1)


def test_a_variance_moves_towards_the_others():
    others = [1e-4] * 20
    low = posterior([1e-6, *others], [3] * 21).medians()[0]
    high = posterior([1e-2, *others], [3] * 21).medians()[0]
    assert 1e-6 < low < 1e-4 < high < 1e-2


def test_more_seeds_move_less():
    others = [1e-4] * 20
    few = posterior([1e-2, *others], [1, *[3] * 20]).medians()[0]
    many = posterior([1e-2, *others], [9, *[3] * 20]).medians()[0]
    assert few < many < 1e-2


def test_unlike_variances_are_left_more_alone_than_like_ones():
    random = np.random.default_rng(2)
    noise = random.chisquare(4, 60) / 4
    alike = half_widths(posterior(1e-4 * noise, [4] * 60))
    unlike = half_widths(posterior(1e-4 * noise * np.exp(2 * random.standard_normal(60)), [4] * 60))
    assert np.ptp(np.log(alike)) < np.ptp(np.log(unlike))


def test_one_seed_gets_what_the_board_says():
    found = posterior([0.0, *[1e-4] * 20], [0, *[4] * 20])
    assert found.medians()[0] == pytest.approx(1e-4, rel=0.2)
    assert not found.zero[0]


def test_nothing_to_estimate_from_is_no_posterior():
    assert moderate([MeanSquare(0.0, 0, 0.0)]) is None
    assert moderate([]) is None


def test_exact_zeros_stay_zero_and_do_not_pull():
    squares = [MeanSquare(v, 4, 1e-9) for v in (1e-4, 2e-4, 0.5e-4)]
    with_zero = moderate([*squares, MeanSquare(0.0, 4, 0.0)])
    without = moderate(squares)
    assert with_zero is not None
    assert without is not None
    assert with_zero.medians()[3] == 0
    assert with_zero.medians()[:3] == pytest.approx(without.medians())


def test_equal_seed_means_by_chance_are_no_certainty():
    found = moderate([MeanSquare(0.0, 1, 1e-6), *[MeanSquare(1e-4, 1, 1e-6)] * 10])
    assert found is not None
    assert found.medians()[0] > 1e-6


def test_quantiles_agree_with_the_nodes():
    found = posterior([1e-4, 3e-4, 1e-5, 5e-4], [2, 2, 4, 4])
    scores = special.ndtri((np.arange(20_000) + 0.5) / 20_000)
    for k in range(4):
        drawn = np.log(found.quantile(k, scores))
        assert drawn.mean() == pytest.approx(found.weights[k] @ np.log(found.nodes[k]), abs=0.03)
