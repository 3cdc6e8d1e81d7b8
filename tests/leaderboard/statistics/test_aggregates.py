import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from leaderboard.statistics.aggregates import bradley_terry, interquartile_mean, normalised, profile, ranks
from tests.support.planted import column

accuracies = st.floats(0, 1)


@given(
    arrays(
        np.float64,
        st.tuples(st.integers(1, 7), st.integers(1, 3)),
        elements=st.sampled_from([0.0, 0.25, 0.5]),
    )
)
def test_ranks_share_ties_like_scipy(scores):
    assert ranks(scores) == pytest.approx(stats.rankdata(-scores, axis=0))


def test_ranks_of_some_among_all():
    scores = np.array([[0.3], [0.9], [0.5]])
    assert ranks(scores[[2]], scores).tolist() == [[2.0]]


@given(arrays(np.float64, st.sampled_from([4, 8, 12]), elements=accuracies))
def test_interquartile_mean_is_scipys_trimmed_mean(scores):
    weights = np.full(len(scores), 1 / len(scores))
    assert interquartile_mean(scores, weights) == pytest.approx(stats.trim_mean(scores, 0.25))


def test_interquartile_mean_counts_a_score_on_the_border_in_part():
    # Three columns: a quarter of the weight is three quarters of a column.
    # Inside lie 1/12 of the lowest, 1/3 of the middle and 1/12 of the highest.
    assert interquartile_mean(np.array([0.9, 0.1, 0.4]), np.full(3, 1 / 3)) == pytest.approx(
        (0.1 / 12 + 0.4 / 3 + 0.9 / 12) * 2
    )


@given(arrays(np.float64, st.integers(1, 9), elements=accuracies))
def test_interquartile_mean_lies_between_the_extremes(scores):
    found = interquartile_mean(scores, np.full(len(scores), 1 / len(scores)))
    assert scores.min() - 1e-12 <= found <= scores.max() + 1e-12


def test_bradley_terry_agrees_with_choix():
    choix = pytest.importorskip("choix")
    random = np.random.default_rng(3)
    scores = random.random((6, 5))  # methods, columns
    wins = np.array([[np.sum(a > b) for b in scores] for a in scores], dtype=float)
    with_a_draw = wins + 0.5 * (1 - np.eye(6))
    expected = choix.ilsr_pairwise_dense(with_a_draw, alpha=0.0, max_iter=500, tol=1e-12)
    found = bradley_terry(ranks(scores).mean(axis=1), games=5.0)
    assert found == pytest.approx(expected - expected.mean(), abs=1e-7)


def test_bradley_terry_follows_the_mean_rank_and_stays_finite():
    found = bradley_terry(np.array([1.0, 2.0, 3.0]), games=20.0)
    assert found[0] > found[1] > found[2]
    assert np.isfinite(found).all()
    assert found.sum() == pytest.approx(0)
    assert bradley_terry(np.array([2.0, 2.0, 2.0]), games=4.0) == pytest.approx([0, 0, 0])
    assert bradley_terry(np.array([1.0]), games=4.0) == pytest.approx([0])


def test_bradley_terry_of_many_draws_is_that_of_each():
    random = np.random.default_rng(4)
    mean_ranks = np.stack([ranks(random.random((7, 3))).mean(axis=1) for _ in range(200)], axis=1)
    together = bradley_terry(mean_ranks, games=3.0)
    assert together[:, 137] == pytest.approx(bradley_terry(mean_ranks[:, 137], games=3.0))


def test_normalised_is_zero_at_chance_and_one_when_perfect():
    assert normalised(np.array([0.2, 1.0, 0.6]), column(0, way=5)) == pytest.approx([0, 1, 0.5])


def test_profile_falls_from_all_to_none():
    scores = np.array([[0.2], [0.6], [0.9]])
    found = profile(scores, np.full((3, 1), 1 / 3), np.array([0.0, 0.5, 0.9, 1.0]))
    assert found[:, 0] == pytest.approx([1, 2 / 3, 1 / 3, 0])
