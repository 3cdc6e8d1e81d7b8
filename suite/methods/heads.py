"""Classifiers on frozen features: what ``transfer`` refits for each task."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped]
from torch import Tensor

from suite import linear
from suite.linear import HEADS

__all__ = ["HEADS", "Classifier", "centroids", "fit", "squared_distance_logits"]

# Classes times examples up to which a solution to the end costs less than scikit-learn's to its tolerance.
_SMALL = 250

Classifier = Callable[[Tensor], Tensor]
"""Features [m, d] -> logits float64 [m, way]."""


def fit(head: str, features: Tensor, labels: Tensor, *, normalize: bool, C: float) -> Classifier:
    """Fit ``head`` to support features [n, d] and labels int64 [n] in 0..way-1, in float64.

    ``normalize`` scales each feature vector to unit length first, of support and query alike. ``C`` is the
    inverse strength of the squared penalty, as in scikit-learn. Raises ValueError where a class has no image.
    """
    x = _prepare(features, normalize)
    y = labels.cpu()
    way = int(y.max()) + 1
    missing = sorted(set(range(way)) - set(y.tolist()))
    if missing:
        raise ValueError(f"the support set has no image of class {missing[0]} of its {way}")
    if head == "nearest_centroid":
        means = centroids(x, y, way)
        return lambda queries: squared_distance_logits(_prepare(queries, normalize), means)
    if head == "ridge":
        weight, bias = _alone(head, x, y, C)
    else:
        weight, bias = _logistic_regression(x, y, way, C)
    return lambda queries: _prepare(queries, normalize) @ weight.T + bias


def centroids(features: Tensor, labels: Tensor, way: int) -> Tensor:
    """Mean features of each class: [n, d] and labels [n] -> [way, d]."""
    members = F.one_hot(labels, way).to(features.dtype)
    return (members.T @ features) / members.sum(0)[:, None]


def squared_distance_logits(queries: Tensor, means: Tensor) -> Tensor:
    """Minus squared Euclidean distances of queries [..., m, d] to means [..., way, d]: [..., m, way]."""
    return -(queries.unsqueeze(-2) - means.unsqueeze(-3)).square().sum(-1)


def _prepare(features: Tensor, normalize: bool) -> Tensor:
    features = features.detach().cpu().double()
    return F.normalize(features, dim=1) if normalize else features


def _logistic_regression(x: Tensor, y: Tensor, way: int, C: float) -> tuple[Tensor, Tensor]:
    """Multinomial, L2 penalty on weights alone (Tian et al. 2020): weight [way, d], bias [way]."""
    if way * len(x) <= _SMALL:
        with suppress(linear.NotConverged):  # then scikit-learn goes as far as float64 lets it
            # Of two classes scikit-learn penalises the difference of the weights, not both of them.
            return _alone("logistic_regression", x, y, C / 2 if way == 2 else C)
    if way == 1:
        return x.new_zeros(1, x.shape[1]), x.new_zeros(1)
    model = LogisticRegression(C=C, max_iter=1_000).fit(x.numpy(), y.numpy())
    weight, bias = _tensor(model.coef_), _tensor(model.intercept_)
    if way == 2:
        # scikit-learn keeps the second class's logit against the first's.
        weight, bias = torch.cat([-weight, weight]) / 2, torch.cat([-bias, bias]) / 2
    return weight, bias


def _alone(head: str, x: Tensor, y: Tensor, C: float) -> tuple[Tensor, Tensor]:
    heads = linear.fit(head, x[None], y[None], C=C)
    return heads.weight[0], heads.bias[0]


def _tensor(values: NDArray[np.float64]) -> Tensor:
    return torch.from_numpy(np.asarray(values, dtype=np.float64))
