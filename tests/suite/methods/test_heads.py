"""Heads are scikit-learn's and the definitions'."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.neighbors import NearestCentroid

from suite.methods.heads import HEADS, centroids, fit, squared_distance_logits

C_VALUES = [0.1, 1.0, 10.0]


def task(way: int = 5, shot: int = 3, dimension: int = 12, seed: int = 0) -> tuple[torch.Tensor, ...]:
    generator = torch.Generator().manual_seed(seed)
    labels = torch.arange(way).repeat_interleave(shot)
    means = torch.randn(way, dimension, generator=generator, dtype=torch.float64)
    features = means[labels] + torch.randn(len(labels), dimension, generator=generator, dtype=torch.float64)
    return features, labels, torch.randn(20, dimension, generator=generator, dtype=torch.float64)


@pytest.mark.parametrize("way", [2, 5])
@pytest.mark.parametrize("C", C_VALUES)
def test_logistic_regression_has_the_probabilities_of_sklearn(C: float, way: int) -> None:
    features, labels, queries = task(way)
    model = LogisticRegression(C=C, max_iter=100_000, tol=1e-12).fit(features.numpy(), labels.numpy())
    logits = fit("logistic_regression", features, labels, normalize=False, C=C)(queries)
    np.testing.assert_allclose(logits.softmax(1).numpy(), model.predict_proba(queries.numpy()), atol=1e-6)


@pytest.mark.parametrize("C", C_VALUES)
def test_ridge_is_that_of_sklearn_on_one_hot_targets(C: float) -> None:
    features, labels, queries = task()
    model = Ridge(alpha=1 / C).fit(features.numpy(), np.eye(5)[labels.numpy()])
    logits = fit("ridge", features, labels, normalize=False, C=C)(queries)
    np.testing.assert_allclose(logits.numpy(), model.predict(queries.numpy()), rtol=1e-9, atol=1e-9)


def test_nearest_centroid_predicts_as_sklearn() -> None:
    features, labels, queries = task()
    model = NearestCentroid().fit(features.numpy(), labels.numpy())
    logits = fit("nearest_centroid", features, labels, normalize=False, C=1.0)(queries)
    assert logits.argmax(1).tolist() == model.predict(queries.numpy()).tolist()


@settings(deadline=None, max_examples=25)
@given(seed=st.integers(0, 10_000), way=st.integers(1, 6), shot=st.integers(1, 4))
def test_distances_and_means_follow_the_definition(seed: int, way: int, shot: int) -> None:
    features, labels, queries = task(way, shot, seed=seed)
    means = torch.stack([features[labels == c].mean(0) for c in range(way)])
    torch.testing.assert_close(centroids(features, labels, way), means)
    distances = torch.stack([((q - means) ** 2).sum(1) for q in queries])
    torch.testing.assert_close(squared_distance_logits(queries, means), -distances)


@pytest.mark.parametrize("head", HEADS)
def test_normalised_features_make_scale_immaterial(head: str) -> None:
    features, labels, queries = task()
    scaled = features * torch.linspace(0.5, 20, len(features), dtype=torch.float64)[:, None]
    one = fit(head, features, labels, normalize=True, C=1.0)(queries)
    other = fit(head, scaled, labels, normalize=True, C=1.0)(queries * 7)
    torch.testing.assert_close(one, other, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("head", HEADS)
@pytest.mark.parametrize("way", [1, 2, 5])
def test_every_head_takes_any_number_of_classes(head: str, way: int) -> None:
    features, labels, queries = task(way, shot=1)
    assert fit(head, features, labels, normalize=False, C=1.0)(queries).shape == (20, way)


@pytest.mark.parametrize("head", HEADS)
def test_a_class_without_images_is_named(head: str) -> None:
    features, labels, _ = task()
    kept = labels != 2
    with pytest.raises(ValueError, match="no image of class 2 of its 5"):
        fit(head, features[kept], labels[kept], normalize=False, C=1.0)
