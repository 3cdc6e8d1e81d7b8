"""The Hellinger diversity is what integration gives, and grows with the spread of the means."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import norm

import tasks
from suite.measures import expected_hellinger_diversity, hellinger_diversity
from tasks.gaussian import gaussians

spread = st.floats(0.2, 5)


@settings(max_examples=30, deadline=None)
@given(st.floats(-4, 4), spread, st.floats(-4, 4), spread)
def test_two_distributions_are_as_far_apart_as_integration_says(
    m: float, s: float, n: float, t: float
) -> None:
    affinity, error = quad(lambda x: np.sqrt(norm.pdf(x, m, s) * norm.pdf(x, n, t)), -60, 60, limit=400)
    assert hellinger_diversity(np.array([[m], [n]]), np.array([s, t])) == pytest.approx(
        1 - affinity, abs=1e-9 + 10 * error
    )


@settings(max_examples=50, deadline=None)
@given(st.integers(2, 8), st.integers(1, 4), st.integers(0, 10_000), st.floats(1.01, 3))
def test_it_does_not_see_order_shift_or_unit_and_grows_with_the_distance_of_means(
    k: int, d: int, seed: int, factor: float
) -> None:
    draw = np.random.default_rng(seed)
    means, deviations = draw.normal(size=(k, d)), draw.uniform(0.5, 2, size=(k, d))
    found = hellinger_diversity(means, deviations)
    order = draw.permutation(k)
    assert 0 < found < 1
    assert hellinger_diversity(means[order], deviations[order]) == pytest.approx(found, abs=1e-12)
    assert hellinger_diversity(3 * means + 7, 3 * deviations) == pytest.approx(found, abs=1e-12)
    assert hellinger_diversity(factor * means, deviations) > found


def test_one_deviation_serves_all_axes() -> None:
    means = np.array([[0.0, 1.0], [2.0, 3.0], [1.0, -1.0]])
    one = np.array([1.0, 2.0, 0.5])
    assert hellinger_diversity(means, one) == hellinger_diversity(means, np.stack([one, one], axis=1))


def test_copies_of_one_distribution_have_no_diversity_and_far_ones_have_all() -> None:
    assert hellinger_diversity(np.ones((5, 2)), np.full(5, 1e-200)) == 0
    assert hellinger_diversity(np.array([[0.0], [1e6]]), np.ones(2)) == 1


@settings(max_examples=20, deadline=None)
@given(st.floats(0, 30), st.floats(0.3, 30), st.integers(1, 16))
def test_the_closed_form_is_what_integration_over_means_gives(
    between: float, within: float, dimensions: int
) -> None:
    def affinity(z: float) -> float:
        return float(norm.pdf(z) * np.exp(-((between * z / within) ** 2) / 4))

    mean, _ = quad(affinity, -40, 40, points=[0], limit=400, epsabs=1e-12)
    found = expected_hellinger_diversity(between, within, dimensions)
    assert found == pytest.approx(1 - mean**dimensions, abs=1e-9)


@pytest.mark.parametrize("dimensions", [1, 3])
def test_many_classes_come_near_the_closed_form(dimensions: int) -> None:
    means = np.random.default_rng(0).normal(0, 10, size=(1_500, dimensions))
    assert hellinger_diversity(means, np.full(1_500, 3.0)) == pytest.approx(
        expected_hellinger_diversity(10, 3, dimensions), abs=0.02
    )


@pytest.mark.parametrize("dimensions", [1, 6])
def test_the_gaussian_benchmark_is_more_diverse_the_further_its_means_spread(
    dimensions: int, tmp_path: Path
) -> None:
    diversities = []
    for between in (0.1, 0.3, 1, 3, 10, 30):
        options = {"between": between, "within": 1.0, "dimensions": dimensions, "classes": 60}
        benchmark = tasks.load("gaussian", cache=tmp_path, **options)
        classes = gaussians(benchmark, "test")
        diversities.append(hellinger_diversity(classes.means, classes.deviations))
        assert diversities[-1] == pytest.approx(
            expected_hellinger_diversity(between, 1.0, dimensions), abs=0.06
        )
    assert diversities == sorted(set(diversities))


def test_what_makes_no_sense_is_refused() -> None:
    two = np.zeros((2, 3))
    with pytest.raises(ValueError, match="at least 2 distributions, not 1"):
        hellinger_diversity(two[:1], np.ones(1))
    with pytest.raises(ValueError, match=r"deviations must be \[2\] or \[2, 3\] as the means are, not \[3\]"):
        hellinger_diversity(two, np.ones(3))
    with pytest.raises(ValueError, match="deviations must be above 0, not 0"):
        hellinger_diversity(two, np.array([1.0, 0.0]))
    with pytest.raises(ValueError, match=r"within above 0 .* not 1, 0 and 1"):
        expected_hellinger_diversity(1, 0)
