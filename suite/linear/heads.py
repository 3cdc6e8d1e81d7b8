"""Heads of many few-shot tasks at once: logistic regression, ridge regression, nearest centroid.

Each is linear: scores of a query q are W q + b. Fitted on the CPU in float64, whatever the features are.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from suite.linear.dual import Array
from suite.linear.logistic import logistic_regression

_TOGETHER = 64  # tasks whose arrays stay in a core's cache
HEADS = ("logistic_regression", "ridge", "nearest_centroid")


@dataclass(frozen=True)
class LinearHeads:
    """``e`` classifiers: weight float64 [e, way, d] and bias [e, way]."""

    weight: Tensor
    bias: Tensor

    def logits(self, queries: Tensor) -> Tensor:
        """Scores [e, m, way] of queries [e, m, d], in the queries' precision and on their device.

        Those of nearest centroid are minus squared distances up to a constant for each query, which neither
        the largest nor a softmax sees.
        """
        weight, bias = self.weight.to(queries), self.bias.to(queries)
        return torch.baddbmm(bias[:, None], queries, weight.mT)


def fit(head: str, features: Tensor, labels: Tensor, *, C: float = 1.0) -> LinearHeads:
    """Fit ``head`` to each of e tasks: features [e, n, d], labels int64 [e, n], all of 0..way-1 in each.

    ``C`` is the inverse strength of the squared penalty on weights; nearest centroid has none. Raises
    ValueError for another head or shape, or a class without an example, and NotConverged as
    ``logistic_regression``.
    """
    if head not in HEADS:
        raise ValueError(f"there is no head {head!r}; there are {', '.join(HEADS)}")
    if features.ndim != 3 or labels.shape != features.shape[:2]:
        raise ValueError(
            f"features must be [tasks, n, d] and labels [tasks, n], not {list(features.shape)} and "
            f"{list(labels.shape)}"
        )
    x = features.detach().cpu().numpy()
    if not np.isfinite(x).all():
        raise ValueError("features have values that are NaN or infinite")
    targets = _targets(labels)
    solve = {
        "logistic_regression": logistic_regression,
        "ridge": _ridge,
        "nearest_centroid": _nearest_centroid,
    }
    solved = [
        solve[head](x[i : i + _TOGETHER].astype(np.float64), targets[i : i + _TOGETHER], C)
        for i in range(0, len(x), _TOGETHER)
    ]
    weights, biases = (torch.from_numpy(np.concatenate(parts)) for parts in zip(*solved, strict=True))
    return LinearHeads(weights, biases)


def _targets(labels: Tensor) -> Array:
    """One-hot, [e, way, n]."""
    way = int(labels.max()) + 1
    targets = F.one_hot(labels.cpu(), way).double().transpose(1, 2).contiguous().numpy()
    counts = targets.sum(2)
    if not counts.all():
        task, missing = (int(i) for i in np.argwhere(counts == 0)[0])
        raise ValueError(f"task {task} has no example of class {missing} of its {way}")
    return targets


def _ridge(x: Array, targets: Array, C: float) -> tuple[Array, Array]:
    """Least squares on one-hot targets with penalty |w|² / C, bias unpenalised, solved in the n x n dual."""
    n = x.shape[1]
    kernel = x @ x.swapaxes(1, 2)
    means = kernel.mean(1)
    centred = kernel - means[:, None] - means[:, :, None] + means.mean(1)[:, None, None]
    target_means = targets.mean(2)
    dual = np.linalg.solve(centred + np.eye(n) / C, (targets - target_means[..., None]).swapaxes(1, 2))
    coefficients = dual.swapaxes(1, 2)
    return coefficients @ x, target_means - np.einsum("ekn,en->ek", coefficients, means)


def _nearest_centroid(x: Array, targets: Array, C: float) -> tuple[Array, Array]:
    """-|q - m|² = 2 m·q - |m|² up to |q|²; there is nothing to penalise."""
    means = targets @ x / targets.sum(2)[..., None]
    return 2 * means, -np.einsum("ekd,ekd->ek", means, means)
