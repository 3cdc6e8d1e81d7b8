"""Similarities are their definitions, written out; they have the invariances that they are chosen for."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from suite.measures import (
    cca,
    cka_matrix,
    linear_cka,
    minibatch_cka,
    procrustes_distance,
    pwcca,
    rbf_cka,
    similarities,
    svcca,
    unbiased_cka,
)
from suite.measures.cka import _by_examples, _by_features
from suite.measures.matrices import Representation

Measure = Callable[[Representation, Representation], float]
Array = np.ndarray[tuple[int, int], np.dtype[np.float64]]
ALL: list[Measure] = [linear_cka, rbf_cka, unbiased_cka, cca, svcca, pwcca, procrustes_distance]
SYMMETRIC: list[Measure] = [linear_cka, rbf_cka, unbiased_cka, cca, svcca, procrustes_distance]
ROTATION_PROOF: list[Measure] = [linear_cka, rbf_cka, unbiased_cka, cca, svcca, procrustes_distance]

shapes = st.tuples(st.integers(0, 10_000), st.integers(12, 60), st.integers(1, 30), st.integers(1, 30))
tall = st.tuples(st.integers(0, 10_000), st.integers(30, 60), st.integers(1, 12), st.integers(1, 12))
examples = settings(deadline=None, max_examples=30)


def related(seed: int, n: int, p: int, q: int) -> tuple[Array, Array]:
    """Two views of common factors, with a mean far from 0."""
    rng = np.random.default_rng(seed)
    factors = rng.standard_normal((n, 4))
    x = factors @ rng.standard_normal((4, p)) + 0.5 * rng.standard_normal((n, p)) + 3
    y = factors @ rng.standard_normal((4, q)) + 0.5 * rng.standard_normal((n, q)) - 5
    return x, y


def rotation(rng: np.random.Generator, p: int) -> Array:
    found: Array = np.linalg.qr(rng.standard_normal((p, p)))[0]
    return found


def gentle_map(rng: np.random.Generator, p: int) -> Array:
    """An invertible matrix with singular values in 0.5..2."""
    found: Array = rotation(rng, p) * rng.uniform(0.5, 2, p) @ rotation(rng, p)
    return found


@pytest.mark.parametrize("measure", ROTATION_PROOF)
@examples
@given(shape=shapes, scale=st.floats(0.01, 100))
def test_rotating_scaling_and_shifting_change_nothing(
    measure: Measure, shape: tuple[int, int, int, int], scale: float
) -> None:
    x, y = related(*shape)
    rng = np.random.default_rng(shape[0] + 1)
    moved = scale * x @ rotation(rng, x.shape[1]) + rng.standard_normal(x.shape[1])
    assert measure(moved, y) == pytest.approx(measure(x, y), abs=1e-10)
    turned = y @ rotation(rng, y.shape[1]) / scale
    assert measure(x, turned) == pytest.approx(measure(x, y), abs=1e-10)


@examples
@given(shape=tall)
def test_cca_does_not_change_under_invertible_maps(shape: tuple[int, int, int, int]) -> None:
    x, y = related(*shape)
    rng = np.random.default_rng(shape[0] + 1)
    mapped = x @ gentle_map(rng, x.shape[1])
    assert cca(mapped, y) == pytest.approx(cca(x, y), abs=1e-10)
    assert pwcca(x, y @ gentle_map(rng, y.shape[1])) == pytest.approx(pwcca(x, y), abs=1e-10)


def test_cka_does_change_under_invertible_maps() -> None:
    x, y = related(0, 60, 8, 8)
    assert abs(linear_cka(x * np.geomspace(0.1, 10, 8), y) - linear_cka(x, y)) > 0.01


@pytest.mark.parametrize("measure", SYMMETRIC)
@examples
@given(shape=shapes)
def test_order_of_the_two_is_immaterial(measure: Measure, shape: tuple[int, int, int, int]) -> None:
    x, y = related(*shape)
    assert measure(x, y) == pytest.approx(measure(y, x), abs=1e-10)


@pytest.mark.parametrize("measure", ALL)
@examples
@given(shape=shapes)
def test_a_representation_is_like_itself(measure: Measure, shape: tuple[int, int, int, int]) -> None:
    x, _ = related(*shape)
    same = 0.0 if measure is procrustes_distance else 1.0
    assert measure(x, x) == pytest.approx(same, abs=1e-10)


@examples
@given(shape=shapes)
def test_products_of_features_and_of_examples_agree(shape: tuple[int, int, int, int]) -> None:
    x, y = (torch.from_numpy(a - a.mean(0)) for a in related(*shape))
    assert _by_features(x, y) == pytest.approx(_by_examples(x, y), rel=1e-10)


@examples
@given(shape=shapes)
def test_linear_and_unbiased_cka_are_their_definitions(shape: tuple[int, int, int, int]) -> None:
    x, y = related(*shape)
    n = len(x)
    centre = np.eye(n) - 1 / n

    def biased(k: Array, m: Array) -> float:
        return float(np.trace(k @ centre @ m @ centre))

    def unbiased(k: Array, m: Array) -> float:
        k, m = k - np.diag(np.diag(k)), m - np.diag(np.diag(m))
        one = np.ones(n)
        total = np.trace(k @ m) + (one @ k @ one) * (one @ m @ one) / ((n - 1) * (n - 2))
        return float((total - 2 / (n - 2) * (one @ k @ m @ one)) / (n * (n - 3)))

    k, m = x @ x.T, y @ y.T
    for measure, hsic in ((linear_cka, biased), (unbiased_cka, unbiased)):
        expected = hsic(k, m) / np.sqrt(hsic(k, k) * hsic(m, m))
        assert measure(x, y) == pytest.approx(expected, abs=1e-9)


def test_rbf_cka_is_its_definition() -> None:
    x, y = related(1, 31, 5, 7)
    n = len(x)

    def kernel(a: Array) -> Array:
        distances = np.linalg.norm(a[:, None] - a, axis=2)
        sigma = 0.8 * np.median(distances[np.triu_indices(n, 1)])
        centre = np.eye(n) - 1 / n
        found: Array = centre @ np.exp(-(distances**2) / (2 * sigma**2)) @ centre
        return found

    k, m = kernel(x), kernel(y)
    expected = (k * m).sum() / np.sqrt((k * k).sum() * (m * m).sum())
    assert rbf_cka(x, y, fraction=0.8) == pytest.approx(expected, abs=1e-12)


def bases(x: Array, variance: float = 1.0) -> tuple[Array, Array]:
    x = x - x.mean(0)
    q, s, _ = np.linalg.svd(x, full_matrices=False)
    kept = (s > 1e-6 * s[0]) & (np.cumsum(s**2) - s**2 < variance * (s**2).sum() * (1 - 1e-12))
    return q[:, kept], x


@examples
@given(shape=shapes)
def test_correlations_are_those_of_orthonormal_bases(shape: tuple[int, int, int, int]) -> None:
    x, y = related(*shape)
    for measure, variance in ((cca, 1.0), (svcca, 0.99)):
        expected = np.linalg.svd(bases(x, variance)[0].T @ bases(y, variance)[0], compute_uv=False)
        assert measure(x, y) == pytest.approx(expected.mean(), abs=1e-9)


@examples
@given(shape=tall)
def test_pwcca_weights_by_projections_of_the_original_columns(shape: tuple[int, int, int, int]) -> None:
    x, y = related(*shape)
    (q, centred), (r, _) = bases(x), bases(y)
    turn, correlations, _ = np.linalg.svd(q.T @ r, full_matrices=False)
    weights = np.abs((q @ turn).T @ centred).sum(1)
    assert pwcca(x, y) == pytest.approx(weights @ correlations / weights.sum(), abs=1e-8)


def test_badly_scaled_features_lose_no_digits() -> None:
    x, y = related(3, 80, 6, 6)
    spread = x * np.geomspace(1, 1e-4, 6)
    assert cca(spread, y) == pytest.approx(cca(x, y), abs=1e-10)


@examples
@given(shape=shapes)
def test_procrustes_is_the_nuclear_norm(shape: tuple[int, int, int, int]) -> None:
    x, y = (a - a.mean(0) for a in related(*shape))
    x, y = x / np.linalg.norm(x), y / np.linalg.norm(y)
    expected = 1 - np.linalg.svd(x.T @ y, compute_uv=False).sum()
    assert procrustes_distance(x, y) == pytest.approx(expected, abs=1e-12)


def test_independent_data_with_more_features_than_examples() -> None:
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((50, 2_000)), rng.standard_normal((50, 2_000))
    assert cca(x, y) == pytest.approx(1, abs=1e-9)
    assert linear_cka(x, y) > 0.9
    assert abs(unbiased_cka(x, y)) < 0.05


@examples
@given(shape=shapes, unbiased=st.booleans())
def test_every_pair_of_layers_is_that_pair_alone(shape: tuple[int, int, int, int], unbiased: bool) -> None:
    seed, n, p, q = shape
    x, y = related(seed, n, p, q)
    z = related(seed + 1, n, q, p)[0]
    measure = unbiased_cka if unbiased else linear_cka
    layers = [x, y, z]
    expected = [[measure(a, b) for b in layers] for a in layers]
    np.testing.assert_allclose(cka_matrix(layers, unbiased=unbiased), expected, atol=1e-10)
    two = cka_matrix([x, y], [z], unbiased=unbiased)
    np.testing.assert_allclose(two, [[measure(x, z)], [measure(y, z)]], atol=1e-10)


@settings(deadline=None, max_examples=20)
@given(shape=shapes, size=st.integers(1, 70))
def test_streaming_over_batches_gives_the_same(shape: tuple[int, int, int, int], size: int) -> None:
    x, y = related(*shape)
    found = similarities(lambda: ((x[i : i + size], y[i : i + size]) for i in range(0, len(x), size)))
    assert found.examples == len(x)
    for measure in (linear_cka, unbiased_cka, cca, svcca, procrustes_distance):
        assert getattr(found, measure.__name__) == pytest.approx(measure(x, y), abs=1e-8)


@settings(deadline=None, max_examples=20)
@given(shape=tall, size=st.integers(1, 70))
def test_streaming_gives_the_same_weighted_correlations(shape: tuple[int, int, int, int], size: int) -> None:
    x, y = related(*shape)
    found = similarities(lambda: ((x[i : i + size], y[i : i + size]) for i in range(0, len(x), size)))
    assert found.pwcca == pytest.approx(pwcca(x, y), abs=1e-8)


def test_one_minibatch_is_the_unbiased_estimate_and_many_come_near() -> None:
    x, y = related(5, 3_000, 6, 6)
    assert minibatch_cka([(x, y)]) == pytest.approx(unbiased_cka(x, y), abs=1e-12)
    batches = [(x[i : i + 100], y[i : i + 100]) for i in range(0, 3_000, 100)]
    assert minibatch_cka(batches) == pytest.approx(unbiased_cka(x, y), abs=0.01)


def test_float32_and_tensors_are_taken_as_they_are() -> None:
    x, y = related(6, 40, 5, 5)
    tensors = torch.from_numpy(x).float().requires_grad_(), torch.from_numpy(y)
    assert linear_cka(*tensors) == pytest.approx(linear_cka(x, y), abs=1e-6)


@pytest.mark.parametrize("measure", ALL)
def test_what_cannot_be_compared_is_refused(measure: Measure) -> None:
    x, y = related(0, 20, 3, 4)
    with pytest.raises(ValueError, match="x has 20, y has 19"):
        measure(x, y[1:])
    with pytest.raises(ValueError, match=r"\[examples, features\], not of shape \[20, 3, 1\]"):
        measure(x[:, :, None], y)
    with pytest.raises(ValueError, match="y is the same for all examples"):
        measure(x, np.ones((20, 4)))
    with pytest.raises(ValueError, match="x has values that are NaN"):
        measure(np.where(x > x[0, 0], x, np.nan), y)
    with pytest.raises(ValueError, match="needs at least"):
        measure(x[:1], y[:1])


def test_arguments_out_of_range_are_refused() -> None:
    x, y = related(0, 20, 3, 4)
    with pytest.raises(ValueError, match="variance must be above 0"):
        svcca(x, y, variance=0)
    with pytest.raises(ValueError, match="fraction must be above 0"):
        rbf_cka(x, y, fraction=0)
    with pytest.raises(ValueError, match="half of the pairs of examples are equal under x"):
        rbf_cka(np.eye(20)[:, :2], y)
    with pytest.raises(ValueError, match="layers is empty"):
        cka_matrix([])
    with pytest.raises(ValueError, match=r"same examples, not of \[19, 20\]"):
        cka_matrix([x, y[1:]])
    with pytest.raises(ValueError, match="there are no batches"):
        similarities(list)
    with pytest.raises(ValueError, match="there are no batches"):
        minibatch_cka([])
