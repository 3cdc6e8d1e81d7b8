"""Effective rank is the exponential of the entropy of singular values, between 1 and the rank."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from suite.measures import effective_rank, effective_rank_of_batches

examples = settings(deadline=None, max_examples=40)
seeds = st.integers(0, 10_000)


@examples
@given(seed=seeds, n=st.integers(2, 40), d=st.integers(1, 25), centre=st.booleans())
def test_it_is_the_definition_and_at_most_the_rank(seed: int, n: int, d: int, centre: bool) -> None:
    features = np.random.default_rng(seed).standard_normal((n, d)) + 1
    values = np.linalg.svd(features - features.mean(0) * centre, compute_uv=False)
    shares = values / values.sum()
    shares = shares[shares > 1e-14]
    found = effective_rank(features, centre=centre)
    assert found == pytest.approx(math.exp(-(shares * np.log(shares)).sum()), rel=1e-9)
    assert 1 - 1e-9 <= found <= np.linalg.matrix_rank(features - features.mean(0) * centre) + 1e-9


@examples
@given(seed=seeds, size=st.integers(1, 60), d=st.integers(1, 20), centre=st.booleans())
def test_batches_of_any_size_give_the_same(seed: int, size: int, d: int, centre: bool) -> None:
    features = np.random.default_rng(seed).standard_normal((50, d)) * np.logspace(0, -6, d) + 3
    found = effective_rank_of_batches((features[i : i + size] for i in range(0, 50, size)), centre=centre)
    assert found == pytest.approx(effective_rank(features, centre=centre), abs=1e-8)


@examples
@given(seed=seeds, scale=st.floats(1e-3, 1e3), shift=st.floats(-100, 100))
def test_scale_rotation_order_and_shift_change_nothing(seed: int, scale: float, shift: float) -> None:
    rng = np.random.default_rng(seed)
    features = rng.standard_normal((30, 6)) * np.arange(1, 7)
    turn = np.linalg.qr(rng.standard_normal((6, 6)))[0]
    changed = scale * features[rng.permutation(30)] @ turn + shift
    assert effective_rank(changed) == pytest.approx(effective_rank(features), rel=1e-8)


@pytest.mark.parametrize("k", [1, 3, 8])
def test_k_even_directions_have_rank_k(k: int) -> None:
    features = np.vstack([np.eye(8)[:k], -np.eye(8)[:k]])
    assert effective_rank(features) == pytest.approx(k, rel=1e-12)


def test_directions_that_carry_next_to_nothing_count_next_to_nothing() -> None:
    rng = np.random.default_rng(0)
    features = np.hstack([rng.standard_normal((100, 1)), np.zeros((100, 50))])
    assert effective_rank(features) == pytest.approx(1, abs=1e-9)
    features[:, 1:] = 1e-12 * rng.standard_normal((100, 50))
    assert effective_rank(features) == pytest.approx(1, abs=1e-8)


def test_without_centring_the_mean_is_a_direction() -> None:
    features = np.vstack([np.eye(2), -np.eye(2)])
    with_mean = np.hstack([features, np.full((4, 1), 2**-0.5)])
    assert effective_rank(with_mean) == pytest.approx(2)
    assert effective_rank(with_mean, centre=False) == pytest.approx(3)


def test_what_has_no_directions_is_refused() -> None:
    with pytest.raises(ValueError, match="features do not vary between examples"):
        effective_rank(np.full((7, 3), 1 / 3))
    with pytest.raises(ValueError, match="features do not vary between examples"):
        effective_rank(np.ones((1, 3)))
    with pytest.raises(ValueError, match="features are all 0"):
        effective_rank(np.zeros((7, 3)), centre=False)
    with pytest.raises(ValueError, match="there are no examples"):
        effective_rank(np.zeros((0, 3)))
    with pytest.raises(ValueError, match=r"features must be \[examples, features\]"):
        effective_rank(np.ones((3, 2, 2)))
    with pytest.raises(ValueError, match="equally many features, not 3 and 2"):
        effective_rank_of_batches([np.ones((2, 3)), np.ones((2, 2))])
