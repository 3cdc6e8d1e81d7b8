"""Label alignment is the energy of labels along singular vectors, and their energies sum to all of it."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from suite.measures import (
    alignment_spectrum,
    alignment_spectrum_of_batches,
    label_alignment,
    layer_label_alignment,
)

Array = np.ndarray[tuple[int, ...], np.dtype[np.float64]]
examples = settings(deadline=None, max_examples=30)
seeds = st.integers(0, 10_000)


def drawn(seed: int, n: int = 60, d: int = 7, classes: int = 4) -> tuple[Array, Array]:
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % classes
    rng.shuffle(labels)
    return rng.standard_normal((n, d)) + 0.5 * rng.standard_normal((classes, d))[labels], labels


def left_vectors(features: Array) -> Array:
    """Of features with a constant beside them and rows of unit length."""
    rows = np.hstack([features, np.ones((len(features), 1))])
    found: Array = np.linalg.svd(rows / np.linalg.norm(rows, axis=1, keepdims=True), full_matrices=False)[0]
    return found


@examples
@given(seed=seeds, n=st.integers(5, 80), d=st.integers(1, 12), k=st.integers(1, 15))
def test_signs_have_the_energy_of_the_papers_definition(seed: int, n: int, d: int, k: int) -> None:
    features, labels = drawn(seed, n, d, 2)
    signs = 2.0 * labels - 1
    expected = ((left_vectors(features).T @ signs)[:k] ** 2).sum() / n
    assert label_alignment(features, signs, k) == pytest.approx(expected, abs=1e-9)


@examples
@given(seed=seeds, classes=st.integers(2, 6), k=st.integers(1, 8))
def test_classes_have_the_energy_of_their_centred_indicators(seed: int, classes: int, k: int) -> None:
    features, labels = drawn(seed, 61, 7, classes)
    indicators = np.eye(classes)[labels]
    indicators = indicators - indicators.mean(0)
    expected = ((left_vectors(features)[:, :k].T @ indicators) ** 2).sum() / (indicators**2).sum()
    assert label_alignment(features, labels, k) == pytest.approx(expected, abs=1e-9)


@examples
@given(seed=seeds)
def test_two_equal_classes_and_signs_say_the_same(seed: int) -> None:
    features, labels = drawn(seed, 60, 7, 2)
    assert label_alignment(features, labels, 3) == pytest.approx(
        label_alignment(features, 2.0 * labels - 1, 3), abs=1e-10
    )


@examples
@given(seed=seeds, q=st.integers(1, 3))
def test_energies_sum_to_all_of_what_a_linear_function_can_fit(seed: int, q: int) -> None:
    features, _ = drawn(seed)
    rng = np.random.default_rng(seed + 1)
    rows = np.hstack([features, np.ones((60, 1))])
    fitted = rows / np.linalg.norm(rows, axis=1, keepdims=True) @ rng.standard_normal((8, q))
    spectrum = alignment_spectrum(features, fitted)
    assert float(spectrum.energies.sum()) == pytest.approx((fitted**2).sum(), rel=1e-9)
    assert spectrum.total == pytest.approx((fitted**2).sum(), rel=1e-9)
    # As many directions as examples span everything, so any labels are fitted.
    anything = rng.standard_normal((15, q))
    wide = alignment_spectrum(rng.standard_normal((15, 20)), anything)
    assert float(wide.energies.sum()) == pytest.approx((anything**2).sum(), rel=1e-9)
    assert wide.first(1000) == pytest.approx(1, abs=1e-9)


@examples
@given(seed=seeds, fraction=st.floats(0, 1))
def test_a_threshold_counts_the_directions_above_it(seed: int, fraction: float) -> None:
    features, labels = drawn(seed)
    spectrum = alignment_spectrum(features, labels)
    count = int((spectrum.singular_values >= fraction * spectrum.singular_values[0]).sum())
    assert spectrum.above(fraction) == pytest.approx(spectrum.first(count), abs=1e-12)
    assert spectrum.above(0) == pytest.approx(float(spectrum.energies.sum()) / spectrum.total)
    shares = [spectrum.first(k) for k in range(1, 9)]
    assert shares == sorted(shares)
    assert 0 <= shares[0] <= shares[-1] <= 1 + 1e-12


@examples
@given(seed=seeds)
def test_order_rotation_and_the_names_of_classes_change_nothing(seed: int) -> None:
    features, labels = drawn(seed)
    rng = np.random.default_rng(seed + 1)
    one = label_alignment(features, labels, 4)
    order, turn = rng.permutation(60), np.linalg.qr(rng.standard_normal((7, 7)))[0]
    assert label_alignment(features[order], labels[order], 4) == pytest.approx(one, abs=1e-9)
    assert label_alignment(features @ turn, labels, 4) == pytest.approx(one, abs=1e-9)
    assert label_alignment(features, rng.permutation(4)[labels], 4) == pytest.approx(one, abs=1e-9)


@examples
@given(seed=seeds, size=st.integers(1, 70), d=st.integers(1, 20))
def test_batches_of_any_size_give_the_same(seed: int, size: int, d: int) -> None:
    features, labels = drawn(seed, 60, d)
    starts = range(0, 60, size)
    for y in (np.sort(labels), labels, labels.astype(float)):
        whole = alignment_spectrum(features, y)
        batched = alignment_spectrum_of_batches(
            lambda y=y: [(features[i : i + size], y[i : i + size]) for i in starts]  # type: ignore[misc]
        )
        assert batched.first(3) == pytest.approx(whole.first(3), abs=1e-8)
        assert batched.total == pytest.approx(whole.total, rel=1e-10)
        assert torch.allclose(batched.singular_values, whole.singular_values, atol=1e-10)


def test_directions_that_are_not_there_count_nothing() -> None:
    features, labels = drawn(0)
    twice = np.hstack([features, features, np.zeros((60, 5))])
    assert len(alignment_spectrum(twice, labels).singular_values) == 8


def test_far_more_examples_than_features_lose_no_digits() -> None:
    rng = np.random.default_rng(0)
    features = rng.standard_normal((5_000, 6)) * np.logspace(0, -7, 6)
    labels = np.arange(5_000) % 3
    indicators = np.eye(3)[labels] - 1 / 3
    indicators -= indicators.mean(0)
    expected = ((left_vectors(features).T @ indicators) ** 2).sum(1)
    spectrum = alignment_spectrum(features, labels)
    assert np.allclose(spectrum.energies.numpy(), expected, rtol=1e-6, atol=1e-6)


def test_each_layer_is_measured_with_the_labels_of_source_and_target() -> None:
    rng = np.random.default_rng(0)
    maps, last = torch.from_numpy(rng.standard_normal((20, 3, 2, 2))), rng.standard_normal((20, 5))
    source, target = np.arange(20) % 2, np.arange(20) // 10
    found = layer_label_alignment({"block": maps, "last": last}, {"source": source, "target": target}, k=2)
    assert found == {
        "block": {
            "source": label_alignment(maps.flatten(1), source, 2),
            "target": label_alignment(maps.flatten(1), target, 2),
        },
        "last": {"source": label_alignment(last, source, 2), "target": label_alignment(last, target, 2)},
    }


def test_training_a_network_aligns_its_features_with_the_labels() -> None:
    torch.manual_seed(0)
    x = torch.randn(200, 10)
    labels = (x[:, 0] * x[:, 1] > 0).long()
    body = torch.nn.Sequential(
        torch.nn.Linear(10, 64), torch.nn.ReLU(), torch.nn.Linear(64, 32), torch.nn.ReLU()
    )
    network = torch.nn.Sequential(body, torch.nn.Linear(32, 2))
    before = label_alignment(body(x), labels)
    parameters = list(network.parameters())
    for _ in range(200):
        loss = torch.nn.functional.cross_entropy(network(x), labels)
        gradients = torch.autograd.grad(loss, parameters)
        with torch.no_grad():
            for parameter, gradient in zip(parameters, gradients, strict=True):
                parameter -= 0.5 * gradient
    assert label_alignment(body(x), labels) >= before + 0.3


def test_what_does_not_fit_is_refused() -> None:
    features, labels = drawn(0)
    with pytest.raises(ValueError, match="k must be at least 1, not 0"):
        label_alignment(features, labels, 0)
    with pytest.raises(ValueError, match=r"fraction must be in 0..1, not 2"):
        alignment_spectrum(features, labels).above(2)
    with pytest.raises(
        ValueError, match=r"features must be \[n, d\] and labels \[n\], not \[60, 7\] and \[59\]"
    ):
        label_alignment(features, labels[1:])
    with pytest.raises(
        ValueError, match=r"labels must be 0\.\.K-1, not -1; labels of -1 and 1 are taken where"
    ):
        label_alignment(features, 2 * (labels % 2) - 1)
    with pytest.raises(ValueError, match="all labels are equal"):
        label_alignment(features, 0 * labels)
    with pytest.raises(ValueError, match=r"whole numbers \[n\] or floating"):
        label_alignment(features, labels > 1)
    with pytest.raises(ValueError, match="NaN or infinite"):
        label_alignment(features * np.inf, labels)
    with pytest.raises(ValueError, match="there are no examples"):
        label_alignment(features[:0], labels[:0])
    with pytest.raises(ValueError, match="equally many features, not 7 and 6"):
        alignment_spectrum_of_batches(lambda: [(features, labels), (features[:, 1:], labels)])
    with pytest.raises(ValueError, match="some batches have labels that are whole numbers"):
        alignment_spectrum_of_batches(lambda: [(features, labels), (features, labels.astype(float))])
    with pytest.raises(ValueError, match=r"a batch has 60 features but labels of shape \[59\]"):
        alignment_spectrum_of_batches(lambda: [(features, labels[1:])])
