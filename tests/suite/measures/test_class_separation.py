"""Class separation is its pairwise definition, and its moments are the same in any batches."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from suite.measures import class_separation, class_separation_of_batches
from suite.measures.labelled import ClassMoments

Array = np.ndarray[tuple[int, ...], np.dtype[np.float64]]
examples = settings(deadline=None, max_examples=30)
seeds = st.integers(0, 10_000)


def drawn(seed: int, n: int = 40, d: int = 5, classes: int = 4) -> tuple[Array, Array]:
    rng = np.random.default_rng(seed)
    labels = np.concatenate([np.arange(classes), rng.integers(0, classes, n - classes)])
    return rng.standard_normal((n, d)) + rng.standard_normal((classes, d))[labels], labels


def pairwise(features: Array, labels: Array) -> float:
    """The paper's sums over pairs, each example with itself included; zeros are similar to nothing."""
    lengths = np.linalg.norm(features, axis=1, keepdims=True)
    unit = np.divide(features, lengths, out=np.zeros_like(features), where=lengths > 0)
    distances, classes = 1 - unit @ unit.T, labels.max() + 1
    of = [np.flatnonzero(labels == k) for k in range(classes)]
    within = sum(distances[np.ix_(a, a)].sum() / (classes * len(a) ** 2) for a in of)
    total = sum(distances[np.ix_(a, b)].sum() / (classes**2 * len(a) * len(b)) for a in of for b in of)
    return float(1 - within / total)


@examples
@given(seed=seeds, n=st.integers(8, 60), d=st.integers(2, 9), classes=st.integers(2, 6))
def test_it_is_the_pairwise_definition_whatever_the_sizes_of_classes(
    seed: int, n: int, d: int, classes: int
) -> None:
    features, labels = drawn(seed, n, d, classes)
    assert class_separation(features, labels) == pytest.approx(pairwise(features, labels), abs=1e-10)
    features[:2] = 0
    assert class_separation(features, labels) == pytest.approx(pairwise(features, labels), abs=1e-10)


@examples
@given(seed=seeds, size=st.integers(1, 50))
def test_batches_of_any_size_give_the_same(seed: int, size: int) -> None:
    features, labels = drawn(seed)
    labels = np.sort(labels)  # so that classes turn up one by one
    found = class_separation_of_batches(
        lambda: ((features[i : i + size], labels[i : i + size]) for i in range(0, 40, size))
    )
    assert found == pytest.approx(class_separation(features, labels), abs=1e-10)


@examples
@given(seed=seeds, power=st.integers(-150, 150))
def test_lengths_order_rotation_and_names_change_nothing(seed: int, power: int) -> None:
    features, labels = drawn(seed)
    rng = np.random.default_rng(seed + 1)
    one = class_separation(features, labels)
    order, turn = rng.permutation(40), np.linalg.qr(rng.standard_normal((5, 5)))[0]
    lengths = rng.uniform(0.1, 10, (40, 1)) * 10.0**power
    assert class_separation(features * lengths, labels) == pytest.approx(one, abs=1e-9)
    assert class_separation(features[order] @ turn, labels[order]) == pytest.approx(one, abs=1e-9)
    assert class_separation(features, rng.permutation(4)[labels]) == pytest.approx(one, abs=1e-9)


def test_collapsed_classes_are_fully_separated_and_equal_ones_not_at_all() -> None:
    directions, labels = np.eye(3), np.arange(12) % 3
    assert class_separation(directions[labels] * np.arange(1, 13)[:, None], labels) == 1.0
    assert class_separation(directions[np.arange(12) // 3 % 3], np.arange(12) % 2) == pytest.approx(
        pairwise(directions[np.arange(12) // 3 % 3], np.arange(12) % 2), abs=1e-12
    )
    same = np.tile(np.random.default_rng(0).standard_normal((6, 4)), (2, 1))
    assert class_separation(same, np.repeat([0, 1], 6)) == pytest.approx(0, abs=1e-12)


def test_directions_that_hardly_differ_keep_their_digits() -> None:
    features, labels = drawn(0)
    near = np.hstack([np.full((40, 1), 1e6), features])
    # Close to one direction, angles are differences: R² is that of plain distances.
    means = np.stack([features[labels == k].mean(0) for k in range(4)])
    within = np.mean([((features[labels == k] - means[k]) ** 2).sum(1).mean() for k in range(4)])
    between = ((means - means.mean(0)) ** 2).sum(1).mean()
    assert class_separation(near, labels) == pytest.approx(between / (between + within), rel=1e-4)


@examples
@given(seed=seeds, size=st.integers(1, 50), shift=st.floats(-1e6, 1e6))
def test_moments_of_batches_are_those_of_all(seed: int, size: int, shift: float) -> None:
    features, labels = drawn(seed)
    features = features + shift
    x, y = torch.from_numpy(features), torch.from_numpy(labels)
    moments = ClassMoments()
    for i in range(0, 40, size):
        moments.add(x[i : i + size], y[i : i + size])
    for k in range(4):
        own = features[labels == k]
        assert float(moments.counts[k]) == len(own)
        assert np.allclose(moments.means[k].numpy(), own.mean(0), rtol=1e-12)
        assert float(moments.scatter[k]) == pytest.approx(((own - own.mean(0)) ** 2).sum(), rel=1e-8)


def test_what_does_not_fit_is_refused() -> None:
    features, labels = drawn(0)
    with pytest.raises(ValueError, match="class 1 of 4 has no example"):
        class_separation(features[labels != 1], labels[labels != 1])
    with pytest.raises(ValueError, match="class separation needs at least 2 classes"):
        class_separation(features, 0 * labels)
    with pytest.raises(ValueError, match="class separation needs at least 2 classes"):
        class_separation(features[:0], labels[:0])
    with pytest.raises(ValueError, match=r"features must be \[n, d\] and labels \[n\]"):
        class_separation(features, labels[1:])
    with pytest.raises(ValueError, match="labels must be whole numbers"):
        class_separation(features, labels / 2)
    with pytest.raises(ValueError, match="all features have one direction"):
        class_separation(np.outer(np.arange(1.0, 41.0), np.array([0.3, 0.7, -0.1])), labels)
