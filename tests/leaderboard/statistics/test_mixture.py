import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from leaderboard.statistics.mixture import Mixture


def single(variance: float, degrees: float) -> Mixture:
    return Mixture(np.array([[variance]]), np.array([[degrees]]), np.array([[1.0]]))


@pytest.mark.parametrize(
    ("degrees", "tolerance"), [(1, 1e-12), (19, 1e-12), (20, 3e-5), (60, 4e-6), (600, 4e-8)]
)
def test_one_component_is_a_t_distribution(degrees, tolerance):
    for x in np.linspace(0, 6, 25):
        assert single(4.0, degrees).tail(np.array([2 * x]))[0] == pytest.approx(
            stats.t.sf(x, degrees), abs=tolerance
        )


mixtures = st.lists(
    st.tuples(st.floats(1e-8, 1e-1), st.floats(5, 1e6), st.floats(0.01, 1)), min_size=1, max_size=6
)


@given(mixtures, st.floats(0.6, 0.999))
def test_half_width_holds_its_level(parts, level):
    variances, degrees, weights = (np.array([values]) for values in zip(*parts, strict=True))
    mixture = Mixture(variances, degrees, weights / weights.sum())
    assert mixture.tail(mixture.half_width(level))[0] == pytest.approx((1 - level) / 2, rel=1e-7)


@given(mixtures, st.floats(-1, 1))
def test_tails_add_up_to_one(parts, distance):
    variances, degrees, weights = (np.array([values]) for values in zip(*parts, strict=True))
    mixture = Mixture(variances, degrees, weights / weights.sum())
    x = np.array([distance])
    assert mixture.tail(x)[0] + mixture.tail(-x)[0] == pytest.approx(1)


def test_no_variance_is_certainty():
    certain = Mixture(np.zeros((3, 2)), np.full((3, 2), 50.0), np.full((3, 2), 0.5))
    assert certain.tail(np.array([-0.1, 0.0, 0.1])).tolist() == [1.0, 0.5, 0.0]
    assert certain.half_width(0.95).tolist() == [0.0, 0.0, 0.0]
