"""The whole family is what its names say; the sanity test identifies layers, and shares the ties."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from suite import measures
from suite.measures import (
    SAFE_RATIO,
    cca,
    cca_squared,
    layer_identification,
    linear_cka,
    linear_hsic,
    linear_regression,
    procrustes_distance,
    rbf_cka,
    similarity_family,
    svcca_squared,
    unbiased_cka,
)
from suite.measures.identification import identified

Array = np.ndarray[tuple[int, int], np.dtype[np.float64]]

FAMILY = similarity_family()
shapes = st.tuples(st.integers(0, 10_000), st.integers(14, 50), st.integers(1, 24), st.integers(1, 24))
tall = st.tuples(st.integers(0, 10_000), st.integers(30, 60), st.integers(1, 10), st.integers(1, 10))
examples = settings(deadline=None, max_examples=10)


def views(seed: int, n: int, p: int, q: int) -> tuple[Array, Array]:
    """Two noisy linear views of four common factors."""
    rng = np.random.default_rng(seed)
    factors = rng.standard_normal((n, 4))
    x = factors @ rng.standard_normal((4, p)) + 0.5 * rng.standard_normal((n, p)) + 2
    y = factors @ rng.standard_normal((4, q)) + 0.5 * rng.standard_normal((n, q)) - 1
    return x, y


def rotation(rng: np.random.Generator, p: int) -> Array:
    found: Array = np.linalg.qr(rng.standard_normal((p, p)))[0]
    return found


@pytest.mark.parametrize("name", [name for name, index in FAMILY.items() if index.unit])
@examples
@given(shape=shapes)
def test_a_representation_is_wholly_like_itself_and_nothing_is_liker(
    name: str, shape: tuple[int, int, int, int]
) -> None:
    x, y = views(*shape)
    of = FAMILY[name].of
    assert of(x, x) == pytest.approx(1, abs=1e-10)
    assert of(x, y) <= 1 + 1e-12


@pytest.mark.parametrize("name", [name for name in FAMILY if name != "pwcca"])
@examples
@given(shape=shapes)
def test_rotations_and_shifts_change_nothing(name: str, shape: tuple[int, int, int, int]) -> None:
    x, y = views(*shape)
    rng = np.random.default_rng(shape[0] + 1)
    of = FAMILY[name].of
    turned = x @ rotation(rng, x.shape[1]) + rng.standard_normal(x.shape[1])
    assert of(turned, y) == pytest.approx(of(x, y), rel=1e-10, abs=1e-10)
    turned = y @ rotation(rng, y.shape[1]) - 3
    assert of(x, turned) == pytest.approx(of(x, y), rel=1e-10, abs=1e-10)


# Of p + q >= n features some correlations are 1, and leave open what PWCCA weights them by: tall ones.
@pytest.mark.parametrize("name", list(FAMILY))
@examples
@given(shape=tall, scale=st.floats(0.01, 100))
def test_scale_changes_nothing_but_what_is_not_normalised(
    name: str, shape: tuple[int, int, int, int], scale: float
) -> None:
    x, y = views(*shape)
    index = FAMILY[name]
    expected = index.of(x, y) * (1 if index.unit else scale**2)
    assert index.of(scale * x, y) == pytest.approx(expected, rel=1e-10, abs=1e-10)


@pytest.mark.parametrize("name", [name for name, index in FAMILY.items() if index.symmetric])
@examples
@given(shape=shapes)
def test_those_that_say_so_are_symmetric(name: str, shape: tuple[int, int, int, int]) -> None:
    x, y = views(*shape)
    assert FAMILY[name].of(x, y) == pytest.approx(FAMILY[name].of(y, x), rel=1e-10, abs=1e-10)


@pytest.mark.parametrize("name", [name for name, index in FAMILY.items() if not index.symmetric])
def test_those_that_say_so_are_not(name: str) -> None:
    rng = np.random.default_rng(0)
    shared, one, other = rng.standard_normal((3, 40))
    x, y = np.stack([10 * shared, one], 1), np.stack([shared, 10 * other], 1)
    assert abs(FAMILY[name].of(x, y) - FAMILY[name].of(y, x)) > 0.01


@examples
@given(shape=tall)
def test_regression_is_the_share_that_least_squares_explain(shape: tuple[int, int, int, int]) -> None:
    x, y = views(*shape)
    target, by = x - x.mean(0), y - y.mean(0)
    residual = target - by @ np.linalg.lstsq(by, target, rcond=None)[0]
    expected = 1 - (residual**2).sum() / (target**2).sum()
    assert linear_regression(x, y) == pytest.approx(expected, abs=1e-10)


@examples
@given(shape=tall)
def test_regression_does_not_see_an_invertible_map_of_what_it_regresses_on(
    shape: tuple[int, int, int, int],
) -> None:
    x, y = views(*shape)
    rng = np.random.default_rng(shape[0] + 1)
    q = y.shape[1]
    mapped = y @ (rotation(rng, q) * rng.uniform(0.5, 2, q) @ rotation(rng, q))
    assert linear_regression(x, mapped) == pytest.approx(linear_regression(x, y), abs=1e-10)


@examples
@given(shape=shapes)
def test_squared_correlations_are_those_of_orthonormal_bases(shape: tuple[int, int, int, int]) -> None:
    x, y = views(*shape)

    def basis(values: Array, variance: float) -> Array:
        q, s, _ = np.linalg.svd(values - values.mean(0), full_matrices=False)
        squares = s**2
        kept = (s > 1e-6 * s[0]) & (np.cumsum(squares) - squares < variance * squares.sum() * (1 - 1e-12))
        found: Array = q[:, kept]
        return found

    for squared, variance in ((cca_squared, 1.0), (svcca_squared, 0.99)):
        cross = basis(x, variance).T @ basis(y, variance)
        expected = (cross**2).sum() / min(cross.shape)
        assert squared(x, y) == pytest.approx(expected, abs=1e-9)


@examples
@given(shape=shapes)
def test_hsic_is_its_definition(shape: tuple[int, int, int, int]) -> None:
    x, y = views(*shape)
    n = len(x)
    centre = np.eye(n) - 1 / n
    expected = np.trace(x @ x.T @ centre @ y @ y.T @ centre) / (n - 1) ** 2
    assert linear_hsic(x, y) == pytest.approx(expected, rel=1e-10)


def test_cka_sees_a_map_that_cca_and_regression_do_not() -> None:
    x, y = views(0, 60, 8, 8)
    stretched = y * np.geomspace(0.1, 10, 8)
    assert abs(linear_cka(x, stretched) - linear_cka(x, y)) > 0.01
    assert abs(procrustes_distance(x, stretched) - procrustes_distance(x, y)) > 0.01
    assert cca(x, stretched) == pytest.approx(cca(x, y), abs=1e-8)
    assert linear_regression(x, stretched) == pytest.approx(linear_regression(x, y), abs=1e-8)


@pytest.mark.parametrize("seed", range(5))
def test_of_independent_data_with_many_features_only_the_unbiased_estimate_is_near_0(seed: int) -> None:
    rng = np.random.default_rng(seed)
    x, y = rng.standard_normal((50, 200)), rng.standard_normal((50, 200))
    assert len(x) < SAFE_RATIO * x.shape[1]
    assert cca(x, y) == pytest.approx(1, abs=1e-9)
    assert linear_regression(x, y) == pytest.approx(1, abs=1e-9)
    assert linear_cka(x, y) > 0.7
    assert abs(unbiased_cka(x, y)) < 0.1


def test_the_family_can_be_had_by_name_too() -> None:
    x, y = views(3, 40, 5, 6)
    there = measures.names({"x": x, "y": y})
    for name in ("cca", "svcca", "pwcca", "linear_regression", "linear_cka", "unbiased_cka", "rbf_cka"):
        assert name in there
        assert measures.get(name).compute({"x": x, "y": y}) == {name: getattr(measures, name)(x, y)}
    assert FAMILY["rbf_cka_0.8"].of(x, y) == rbf_cka(x, y, fraction=0.8)
    assert FAMILY["procrustes"].of(x, y) == 1 - procrustes_distance(x, y)


def networks(count: int, noise: float) -> list[list[Array]]:
    """Networks whose layers are rotated views of the same three signals, each layer with noise of its own."""
    signals = [views(10 + layer, 40, 6, 6)[0] for layer in range(3)]
    found = []
    for net in range(count):
        rng = np.random.default_rng(net)
        found.append([s @ rotation(rng, 6) + noise * rng.standard_normal(s.shape) for s in signals])
    return found


def test_layers_that_correspond_are_identified() -> None:
    nets = networks(3, noise=0.1)
    for name in ("linear_cka", "unbiased_cka", "procrustes", "svcca", "linear_regression"):
        assert layer_identification(nets, FAMILY[name]) == 1


def test_a_measure_that_says_the_same_of_all_layers_is_at_chance() -> None:
    assert layer_identification(networks(3, 0.1), lambda x, y: 1.0) == pytest.approx(1 / 3)


def test_every_ordered_pair_counts_and_asymmetric_measures_are_added_both_ways() -> None:
    nets = [[np.full((4, 1), float(10 * net + layer)) for layer in range(2)] for net in range(2)]
    table = {
        (0.0, 10.0): 5.0,
        (0.0, 11.0): 4.0,
        (1.0, 10.0): 0.0,
        (1.0, 11.0): 1.0,
        (10.0, 0.0): 0.0,
        (10.0, 1.0): 0.0,
        (11.0, 0.0): 3.0,
        (11.0, 1.0): 0.0,
    }
    # Summed: s(0, 0') = 5, s(0, 1') = 7, s(1, 0') = 0, s(1, 1') = 1: layer 0 looks to 1', 1 to 1';
    # from the other side 0' looks to 0, 1' to 0.
    asked = layer_identification(nets, lambda x, y: table[float(np.mean(x)), float(np.mean(y))])
    assert asked == pytest.approx((0.5 + 0.5) / 2)


def test_ties_are_shared() -> None:
    assert identified(torch.tensor([[1.0, 1.0], [0.0, 2.0]])) == 0.75


@pytest.mark.parametrize("nets", [[], [[np.eye(4)] * 2], [[np.eye(4)], [np.eye(4)]], [[np.eye(4)] * 2, []]])
def test_what_cannot_be_identified_is_refused(nets: list[list[Array]]) -> None:
    with pytest.raises(ValueError, match="two or more networks of the same two or more layers"):
        layer_identification(nets, linear_cka)
