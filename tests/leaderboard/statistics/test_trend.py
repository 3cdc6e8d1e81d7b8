"""Lines through few points with errors on both axes: right where it can be said, silent where it cannot."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leaderboard import rank
from leaderboard.statistics.trend import FEWEST, line, rank_correlation
from tests.support.planted import SCALE, method, plant

DIVERSITIES = np.array([0.28, 0.31, 0.36, 0.40, 0.44, 0.47])
NONE = np.zeros(6)


def test_points_on_a_line_give_that_line() -> None:
    found = line(DIVERSITIES, NONE, 0.05 - 0.2 * DIVERSITIES, NONE)
    assert found is not None and found.slope.low is not None and found.slope.high is not None
    assert found.slope.estimate == pytest.approx(-0.2) and found.between < 1e-6
    assert found.slope.high - found.slope.low < 1e-6
    assert found.band(0.40).estimate == pytest.approx(0.05 - 0.08)


def test_equal_errors_in_y_alone_give_least_squares() -> None:
    random = np.random.default_rng(1)
    y = 0.3 * DIVERSITIES + random.normal(0, 0.05, 6)
    found = line(DIVERSITIES, NONE, y, np.full(6, 0.001))
    assert found is not None
    assert found.slope.estimate == pytest.approx(np.polyfit(DIVERSITIES, y, 1)[0])


def test_the_errors_of_x_are_taken_off_its_spread() -> None:
    random = np.random.default_rng(2)
    xi = random.uniform(0.3, 0.5, 4_000)
    x, y = xi + random.normal(0, 0.04, 4_000), 0.5 * xi + random.normal(0, 0.01, 4_000)
    errors = np.full(4_000, 0.04), np.full(4_000, 0.01)
    found = line(x, errors[0], y, errors[1])
    assert found is not None
    assert found.slope.estimate == pytest.approx(0.5, abs=0.03)  # least squares would say 0.34
    assert found.reliability == pytest.approx(0.675, abs=0.03) and found.between < 0.01


def test_a_benchmark_measured_badly_counts_for_little() -> None:
    y = 0.1 * DIVERSITIES
    y[-1] += 0.2
    sure, unsure = np.full(6, 0.001), np.array([0.001] * 5 + [1.0])
    bent, straight = line(DIVERSITIES, NONE, y, sure), line(DIVERSITIES, NONE, y, unsure)
    assert bent is not None and straight is not None
    assert abs(straight.slope.estimate - 0.1) < 0.01 < abs(bent.slope.estimate - 0.1)


def test_nothing_is_said_of_few_points_or_where_x_is_mostly_error() -> None:
    few = DIVERSITIES[: FEWEST - 1]
    assert line(few, NONE[:3], few, NONE[:3]) is None
    assert line(DIVERSITIES, np.full(6, 0.08), DIVERSITIES, NONE) is None
    assert line(np.full(6, 0.4), NONE, DIVERSITIES, NONE) is None


def test_points_without_errors_are_refused() -> None:
    with pytest.raises(ValueError, match="each point needs all four"):
        line(DIVERSITIES, NONE, DIVERSITIES, NONE[:5])
    with pytest.raises(ValueError, match="the error of y must be finite, not nan"):
        line(DIVERSITIES, NONE, DIVERSITIES, np.full(6, np.nan))
    with pytest.raises(ValueError, match="cannot be negative"):
        line(DIVERSITIES, NONE - 1, DIVERSITIES, NONE)


def test_one_benchmark_that_makes_the_slope_is_found_out() -> None:
    y = np.array([0.0, 0.001, 0.0, 0.001, 0.0, 0.1])
    found = line(DIVERSITIES, NONE, y, np.full(6, 0.002))
    assert found is not None and found.without is not None
    low, high = found.without
    assert low < 0.02 and high > 0.3


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.floats(-1, 1), min_size=6, max_size=6),
    st.floats(0.1, 10),
    st.floats(-3, 3),
    st.permutations(range(6)),
)
def test_units_and_order_do_not_matter(y: list[float], scale: float, shift: float, order: list[int]) -> None:
    errors = np.full(6, 0.01), np.full(6, 0.1)
    found = line(DIVERSITIES, errors[0], np.array(y), errors[1])
    other = line(
        (shift + scale * DIVERSITIES)[order], scale * errors[0], 2 * np.array(y)[order], 2 * errors[1]
    )
    assert found is not None and other is not None
    assert other.slope.estimate == pytest.approx(2 / scale * found.slope.estimate, rel=1e-4, abs=1e-6)
    assert other.slope_error == pytest.approx(2 / scale * found.slope_error, rel=1e-4)


def covered(benchmarks: int, between: float, x_error: float, slope: float, boards: int) -> float:
    """Share of the intervals that hold the planted slope, of those that are given."""
    random = np.random.default_rng([benchmarks, int(1e4 * between), int(1e4 * x_error), boards])
    hits = []
    for _ in range(boards):
        xi = random.uniform(0.3, 0.5, benchmarks)
        # Gaps are known to between 0.3 and 2 points.
        y_error = random.uniform(0.003, 0.02, benchmarks)
        y = slope * xi + random.normal(0, between, benchmarks) + random.normal(0, y_error)
        errors = np.full(benchmarks, x_error)
        found = line(xi + random.normal(0, errors), errors, y, y_error)
        if found is not None and found.slope.low is not None and found.slope.high is not None:
            hits.append(found.slope.low <= slope <= found.slope.high)
    assert len(hits) > 0.6 * boards
    return float(np.mean(hits))


@pytest.mark.parametrize("benchmarks", [4, 6, 10])
def test_the_interval_of_the_slope_holds(benchmarks: int) -> None:
    shares = [covered(benchmarks, between, 0.01, 0.2, 150) for between in (0.0, 0.03)]
    # Where errors explain all of it, few degrees of freedom make the interval too wide, not too narrow.
    assert min(shares) >= 0.90


@pytest.mark.slow
@pytest.mark.parametrize("x_error", [0.005, 0.02, 0.03])
@pytest.mark.parametrize("between", [0.0, 0.01, 0.03])
@pytest.mark.parametrize("benchmarks", [4, 6, 8, 12, 20])
def test_the_interval_of_the_slope_holds_for_any_number_of_benchmarks(
    benchmarks: int, between: float, x_error: float
) -> None:
    for slope in (0.0, 0.2):
        share = covered(benchmarks, between, x_error, slope, 1_000)
        print(f"{benchmarks} benchmarks, tau {between}, x {x_error}, slope {slope}: {share:.3f}")  # noqa: T201
        assert share >= 0.925


@pytest.mark.slow
@pytest.mark.parametrize("seeds", [2, 3])
@pytest.mark.parametrize("between", [0.0, 0.02])
def test_the_interval_of_the_slope_holds_from_outcomes_on(seeds: int, between: float) -> None:
    random = np.random.default_rng([seeds, int(1e3 * between)])
    slope, hits = 0.3, []
    for _ in range(150):
        xi = random.uniform(0.3, 0.5, 8)
        gaps = slope * (xi - 0.4) + random.normal(0, between, 8)
        means = 0.5 + np.stack([np.zeros(8), gaps])
        planted = plant(random, means, seeds=seeds, episodes=200, seed_deviation=0.01, heterogeneity=0.5)
        ranking = rank(planted.outcomes, draws=100)
        pairs = [ranking.comparison(method(1), method(0), column).difference for column in ranking.columns]
        y = np.array([pair.estimate for pair in pairs]) / SCALE
        errors = np.array([(pair.high or 0) - (pair.low or 0) for pair in pairs]) / (2 * 1.96 * SCALE)
        found = line(xi + random.normal(0, 0.01, 8), np.full(8, 0.01), y, errors)
        assert found is not None and found.slope.low is not None and found.slope.high is not None
        hits.append(found.slope.low <= slope <= found.slope.high)
    print(f"{seeds} seeds, tau {between}: {np.mean(hits):.3f}")  # noqa: T201
    # A standard error of 1.8 %.
    assert np.mean(hits) >= 0.91


def test_rank_correlation_knows_order_alone() -> None:
    found = rank_correlation(DIVERSITIES, np.exp(DIVERSITIES))
    assert found is not None and found.rho.estimate == pytest.approx(1.0)
    assert found.p_value == pytest.approx(2 / 720)  # one order of six, and its reverse
    turned = rank_correlation(DIVERSITIES, -DIVERSITIES)
    assert turned is not None and turned.rho.estimate == pytest.approx(-1.0)
    # Perfect order of six points is no certainty.
    assert turned.rho.low == pytest.approx(-1.0) and turned.rho.high is not None and turned.rho.high > -0.8


def test_rank_correlation_of_many_points_is_permuted_at_random_and_the_same_each_time() -> None:
    random = np.random.default_rng(3)
    x, y = random.normal(size=(2, 12))
    one, two = rank_correlation(x, y), rank_correlation(x, y)
    assert one is not None and one == two and 0 < one.p_value <= 1
    assert one.rho.low is not None and one.rho.high is not None
    assert -1 <= one.rho.low < one.rho.estimate < one.rho.high <= 1


def test_rank_correlation_of_next_to_nothing_is_not_given() -> None:
    assert rank_correlation(DIVERSITIES[:2], DIVERSITIES[:2]) is None
    assert rank_correlation(DIVERSITIES, NONE) is None
    four = rank_correlation(DIVERSITIES[:4], DIVERSITIES[:4])
    assert four is not None and four.rho.low is None


@pytest.mark.parametrize("points", [5, 8, 12])
def test_the_interval_of_the_rank_correlation_holds(points: int) -> None:
    random = np.random.default_rng(points)
    rho = 0.5
    truth = 6 / np.pi * np.arcsin(rho / 2)  # of a bivariate normal with that Pearson correlation
    hits = []
    for _ in range(600):
        x = random.normal(size=points)
        found = rank_correlation(x, rho * x + np.sqrt(1 - rho**2) * random.normal(size=points))
        assert found is not None and found.rho.low is not None and found.rho.high is not None
        hits.append(found.rho.low <= truth <= found.rho.high)
    # A standard error of 0.9 %.
    assert np.mean(hits) >= 0.925
