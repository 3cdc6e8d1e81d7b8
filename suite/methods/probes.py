"""Classifiers on frozen features: nearest class mean, nearest neighbours, a linear probe."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from suite.methods import heads
from suite.methods.adapted import Adapted, Chosen, accuracy, best, in_parts
from suite.methods.batches import inputs, support_labels
from suite.methods.heads import Classifier
from suite.models import Backbone, layer_activations
from suite.models.activations import HEAD
from tasks import Support

PENALTIES = (0.001, 0.01, 0.1, 1.0, 10.0, 100.0)
NEIGHBOURS = (1, 3, 5, 10, 20)

V = TypeVar("V", int, float)

Examples = tuple[Tensor, Tensor]
"""Features float64 [n, d] and labels int64 [n], on the CPU."""


@dataclass(frozen=True)
class ProbePredictor:
    """Predicts from the features of ``backbone`` by ``classify``."""

    backbone: Backbone
    classify: Classifier

    def __call__(self, images: Tensor) -> Tensor:
        return self.classify(features(self.backbone, images))

    def layers(self, images: Tensor) -> dict[str, Tensor]:
        """What each layer makes of images uint8 [n, c, h, w]: rows of neurons; the last is ``head``."""
        body = layer_activations(self.backbone, inputs(self.backbone, images))
        return {**body, HEAD: self(images)}


def fit(probe: str, backbone: Backbone, support: Support, *, neighbours: int, C: float) -> Adapted:
    """Fit ``nearest_centroid``, ``knn`` or ``linear`` to the features of a labelled support set.

    ``neighbours`` and ``C`` of 0 are chosen on its validation part, from ``NEIGHBOURS`` and ``PENALTIES``, or
    1 where it has none. Raises ValueError where a class has no image.
    """
    train = _examples(backbone, support)
    validation = None if support.validation is None else _examples(backbone, support.validation)
    if probe == "knn":
        return _knn(backbone, train, validation, neighbours)
    if probe == "linear":
        return _linear(backbone, train, validation, C)
    classify = heads.fit("nearest_centroid", *train, normalize=False, C=1.0)
    return Adapted(ProbePredictor(backbone, classify), support.way * train[0].shape[1], {})


@torch.no_grad()
def features(backbone: nn.Module, images: Tensor) -> Tensor:
    """Features [n, d] of images uint8 [n, c, h, w]."""
    return in_parts(lambda part: backbone(inputs(backbone, part)), images)


def _examples(backbone: Backbone, part: Support) -> Examples:
    return features(backbone, part.images).cpu().double(), support_labels(part).cpu()


def _linear(backbone: Backbone, train: Examples, validation: Examples | None, C: float) -> Adapted:
    """Multinomial logistic regression, its penalty on features of mean 0 and mean square 1 over the support.

    One scale for all features: it keeps the geometry, and no penalty has to make up for features that are
    large or small, as those of different objectives are.
    """
    x, y = train
    mean = x.mean(0)
    scale = (x - mean).square().mean().sqrt().clamp_min(torch.finfo(x.dtype).tiny)

    def fitted(strength: float) -> Classifier:
        classify = heads.fit("logistic_regression", (x - mean) / scale, y, normalize=False, C=strength)
        return lambda queries: classify((queries.cpu().double() - mean) / scale)

    classify, chosen = _chosen("C", C, PENALTIES, 1.0, fitted, validation)
    return Adapted(ProbePredictor(backbone, classify), (int(y.max()) + 1) * (x.shape[1] + 1), chosen)


def _knn(backbone: Backbone, train: Examples, validation: Examples | None, neighbours: int) -> Adapted:
    """Votes of the nearest by cosine; where classes have as many, the nearer ones count.

    Logits are votes, plus a part below 1 that grows with the similarity of those who voted.
    """
    x, y = F.normalize(train[0], dim=1), train[1]
    way = int(y.max()) + 1

    def fitted(count: int) -> Classifier:
        def classify(queries: Tensor) -> Tensor:
            similarity = F.normalize(queries.cpu().double(), dim=1) @ x.T
            nearest = similarity.topk(min(count, len(x)), dim=1)
            closeness = (1 + nearest.values.clamp(-1, 1)) / (2 * count + 1)
            votes = F.one_hot(y[nearest.indices], way)
            return (votes * (1 + closeness[..., None])).sum(1)

        return classify

    classify, chosen = _chosen("neighbours", neighbours, NEIGHBOURS, 1, fitted, validation)
    return Adapted(ProbePredictor(backbone, classify), 0, chosen)


def _chosen(
    name: str,
    given: V,
    grid: Sequence[V],
    default: V,
    fitted: Callable[[V], Classifier],
    validation: Examples | None,
) -> tuple[Classifier, Chosen]:
    """The classifier of the value that was given, or of the one that is most often right on validation."""
    if given or validation is None:
        return fitted(given or default), {}
    x, y = validation
    value, classify = best(((value, fitted(value)) for value in grid), lambda tried: accuracy(tried[1](x), y))
    return classify, {name: value}
