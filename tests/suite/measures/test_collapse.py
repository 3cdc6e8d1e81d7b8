"""Neural collapse is its definition with d x d matrices, and is 0 where it is complete."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from suite.measures import neural_collapse, neural_collapse_of_batches

Array = np.ndarray[tuple[int, ...], np.dtype[np.float64]]
examples = settings(deadline=None, max_examples=30)


def drawn(seed: int, classes: int, d: int, each: int = 12) -> tuple[Array, Array, Array, Array]:
    rng = np.random.default_rng(seed)
    means = 2 * rng.standard_normal((classes, d)) + 1
    labels = np.repeat(np.arange(classes), each)
    features = means[labels] + rng.standard_normal((len(labels), d))
    return features, labels, rng.standard_normal((classes, d)), rng.standard_normal(classes)


def simplex(classes: int, d: int) -> Array:
    """Centres of equal length at equal angles, in a rotated subspace, scaled."""
    rng = np.random.default_rng(classes)
    turn = np.linalg.qr(rng.standard_normal((d, d)))[0][:, :classes]
    found: Array = 3 * (np.eye(classes) - 1 / classes) @ turn.T
    return found


@examples
@given(seed=st.integers(0, 10_000), classes=st.integers(2, 8), d=st.integers(1, 20))
def test_every_figure_is_its_definition(seed: int, classes: int, d: int) -> None:
    features, labels, weight, bias = drawn(seed, classes, d)
    means = np.stack([features[labels == k].mean(0) for k in range(classes)])
    centred = means - means.mean(0)
    residual = features - means[labels]
    within, between = residual.T @ residual / len(features), centred.T @ centred / classes
    lengths = np.linalg.norm(centred, axis=1)
    pairs = [(k, m) for k in range(classes) for m in range(classes) if k != m]
    cosines = np.array([centred[k] @ centred[m] / (lengths[k] * lengths[m]) for k, m in pairs])
    variances = [((features[labels == k] - means[k]) ** 2).sum(1).mean() for k in range(classes)]
    nearest = ((features[:, None] - means) ** 2).sum(2).argmin(1)

    found = neural_collapse(features, labels, weight, bias)
    inverse = np.linalg.pinv(between, rcond=1e-6, hermitian=True)
    assert found.nc1 == pytest.approx(np.trace(within @ inverse) / classes, rel=1e-8)
    assert found.nc2_norm == pytest.approx(lengths.std() / lengths.mean(), abs=1e-10)
    assert found.nc2_angle == pytest.approx(np.abs(cosines + 1 / (classes - 1)).mean(), abs=1e-10)
    assert found.nc3 == pytest.approx(
        np.linalg.norm(weight / np.linalg.norm(weight) - centred / np.linalg.norm(centred)), abs=1e-10
    )
    assert found.nc4 == np.mean((features @ weight.T + bias).argmax(1) != nearest)
    ratios = [(variances[k] + variances[m]) / (2 * ((means[k] - means[m]) ** 2).sum()) for k, m in pairs]
    assert found.cdnv == pytest.approx(np.mean(ratios), rel=1e-9)


@pytest.mark.parametrize("classes", [2, 3, 10])
def test_a_simplex_without_spread_has_collapsed(classes: int) -> None:
    means = simplex(classes, 16)
    labels = np.repeat(np.arange(classes), 5)
    found = neural_collapse(
        means[labels] + 7, labels, 2 * means, np.zeros(classes) - 2 * means @ np.full(16, 7)
    )
    for value in dataclasses.astuple(found):
        assert value == pytest.approx(0, abs=1e-10)


@examples
@given(seed=st.integers(0, 10_000), size=st.integers(1, 70))
def test_streaming_over_batches_gives_the_same(seed: int, size: int) -> None:
    features, labels, weight, bias = drawn(seed, 5, 9)
    order = np.random.default_rng(seed).permutation(len(features))
    features, labels = features[order], labels[order]
    whole = neural_collapse(features, labels, weight, bias)
    starts = range(0, len(features), size)
    batched = neural_collapse_of_batches(
        lambda: ((features[i : i + size], labels[i : i + size]) for i in starts), weight, bias
    )
    assert dataclasses.astuple(batched) == pytest.approx(dataclasses.astuple(whole), abs=1e-8)


@examples
@given(seed=st.integers(0, 10_000), scale=st.floats(0.01, 100))
def test_scaling_and_rotating_change_nothing(seed: int, scale: float) -> None:
    features, labels, weight, bias = drawn(seed, 4, 7)
    turn = np.linalg.qr(np.random.default_rng(seed + 1).standard_normal((7, 7)))[0]
    one = neural_collapse(features, labels, weight, bias)
    other = neural_collapse(scale * features @ turn, labels, weight @ turn / scale, bias)
    assert dataclasses.astuple(other) == pytest.approx(dataclasses.astuple(one), rel=1e-8, abs=1e-9)


def test_without_a_head_its_figures_are_absent() -> None:
    features, labels, _, _ = drawn(0, 3, 4)
    found = neural_collapse(torch.from_numpy(features).float(), torch.from_numpy(labels))
    assert found.nc3 is None
    assert found.nc4 is None
    assert found.nc1 == pytest.approx(neural_collapse(features, labels).nc1, rel=1e-5)


def test_what_does_not_fit_is_refused() -> None:
    features, labels, weight, bias = drawn(0, 3, 4)
    with pytest.raises(ValueError, match="class 1 of 3 has no example"):
        neural_collapse(features[labels != 1], labels[labels != 1])
    with pytest.raises(ValueError, match="at least 2 classes"):
        neural_collapse(features[labels == 0], labels[labels == 0])
    with pytest.raises(ValueError, match=r"labels must be 0..K-1, not -1"):
        neural_collapse(features, labels - 1)
    with pytest.raises(ValueError, match="whole numbers"):
        neural_collapse(features, labels.astype(float))
    with pytest.raises(ValueError, match=r"not \[36, 4\] and \[35\]"):
        neural_collapse(features, labels[1:])
    with pytest.raises(ValueError, match=r"weight must be \[classes, d\] = \[3, 4\], not \[4, 3\]"):
        neural_collapse(features, labels, weight.T)
    with pytest.raises(ValueError, match=r"bias must be \[classes\] = \[3\], not \[2\]"):
        neural_collapse(features, labels, weight, bias[:2])
    with pytest.raises(ValueError, match="weights are all 0"):
        neural_collapse(features, labels, 0 * weight)
    with pytest.raises(ValueError, match="all class means are equal"):
        neural_collapse(np.ones((6, 2)), [0, 0, 1, 1, 2, 2])
