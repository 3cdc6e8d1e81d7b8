"""Few-shot heads, fitted and asked: 640-d features, 5-way 5-shot, 75 queries; scikit-learn in a loop."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression, RidgeClassifier  # type: ignore[import-untyped]
from sklearn.neighbors import NearestCentroid  # type: ignore[import-untyped]

from bench.case import Case, Work
from bench.measure import version
from suite.linear import fit

_WAY, _SHOT, _QUERY, _DIMENSION = 5, 5, 15, 640


def cases(quick: bool) -> list[Case]:
    """Each head; logistic regression also on features that are not scaled to unit length."""
    peer = version("scikit-learn")

    def case(name: str, head: str, estimator: Callable[[], Any], target: float, **options: Any) -> Case:
        prepare = partial(_prepare, 4 if quick else 100, head, estimator, **options)
        return Case(f"{name}, per 100 episodes", prepare, peer, ("scikit-learn",), target)

    logistic = partial(LogisticRegression, max_iter=1_000)
    return [
        case("logistic regression, C=1", "logistic_regression", partial(logistic, C=1.0), 12),
        case("logistic regression, C=10", "logistic_regression", partial(logistic, C=10.0), 12, C=10.0),
        case("logistic regression, C=1, raw features", "logistic_regression", logistic, 12, length=10.0),
        case("ridge", "ridge", RidgeClassifier, 14),
        case("nearest centroid", "nearest_centroid", NearestCentroid, 14),
    ]


def episodes(count: int, length: float = 1.0) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Support [e, 25, 640], labels [25], queries [e, 75, 640]: rectified Gaussian clusters of that length."""
    generator = torch.Generator().manual_seed(0)
    means = 0.28 * torch.randn(count, _WAY, 1, _DIMENSION, generator=generator)

    def drawn(each: int) -> torch.Tensor:
        noise = torch.randn(count, _WAY, each, _DIMENSION, generator=generator)
        return length * F.normalize(F.relu(means + noise), dim=-1).flatten(1, 2)

    return drawn(_SHOT), torch.arange(_WAY).repeat_interleave(_SHOT), drawn(_QUERY)


def _prepare(
    count: int, head: str, estimator: Callable[[], Any], *, C: float = 1.0, length: float = 1.0
) -> Work:
    support, labels, queries = episodes(count, length)
    arrays = [part.numpy() for part in (support, labels, queries)]

    def ours() -> NDArray[np.int64]:
        heads = fit(head, support, labels.expand(count, -1), C=C)
        return heads.logits(queries).argmax(2).numpy()

    def peer() -> NDArray[np.int64]:
        found = [estimator().fit(s, arrays[1]).predict(q) for s, q in zip(arrays[0], arrays[2], strict=True)]
        return np.stack(found)

    return Work(ours, peer, agreement=_agreement)


def _agreement(ours: Any, peer: Any) -> str:
    share = float((ours == peer).mean())
    assert share > 0.99, f"only {share:.1%} of predictions agree"
    return f"{share:.2%} of predictions agree"
