"""Task2Vec: a task as the vector of how much each filter of a fixed probe network matters to it.

Achille et al. (2019), "Task2Vec: Task embedding for meta-learning"; as a measure of the diversity of a
benchmark, Miranda et al. (2022).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from suite.linear import logistic_regression
from suite.measures.fisher import features_of, filter_fisher, layers
from suite.measures.montecarlo import MonteCarlo, montecarlo_fisher
from suite.models import as_float
from tasks import Episode, Support

# Of the head's squared weights, on features of unit length (root mean square over examples), however many
# they are. A head that is held back less tells classes for certain, and its Fisher hangs on few images.
_PENALTY = 1e-2


@dataclass(frozen=True)
class Embedding:
    """Fisher information of each filter of a probe, float64 [filters]; ``layers`` are (name, filters)."""

    values: Tensor = field(repr=False)
    layers: tuple[tuple[str, int], ...] = field(repr=False)
    estimator: str

    @property
    def complexity(self) -> float:
        """The sum of all values: how much information the task asks of the probe."""
        return float(self.values.sum())

    def distance(self, other: Embedding) -> float:
        """1 - cos(a / (a + b), b / (a + b)) of both values, in 0..1 (Achille et al., section 4).

        Filters that matter to neither do not count. Embeddings that differ by a factor are at distance 0.
        Raises ValueError where the two are not of the same probe and estimator.
        """
        return float(pairwise_distances([self, other])[0, 1])


def pairwise_distances(embeddings: Sequence[Embedding]) -> NDArray[np.float64]:
    """``Embedding.distance`` of every two of n embeddings: float64 [n, n], symmetric, 0 on the diagonal.

    Raises ValueError where they are not all of one probe and estimator.
    """
    for other in embeddings:
        _check_alike(embeddings[0], other)
    n = len(embeddings)
    found = torch.zeros(n, n, dtype=torch.float64)
    values = torch.stack([embedding.values for embedding in embeddings]) if n else torch.zeros(0, 0)
    for i in range(n - 1):
        found[i, i + 1 :] = _distances(values[i], values[i + 1 :])
    return (found + found.T).numpy()


def _distances(one: Tensor, others: Tensor) -> Tensor:
    """Distances [n] of ``one`` [filters] to ``others`` [n, filters]; 0 where either is 0 throughout."""
    total = others + one
    scale = torch.where(total > 0, total, 1.0)  # filters that matter to neither are 0 in both
    a, b = one / scale, others / scale
    lengths = a.norm(dim=1) * b.norm(dim=1)
    return torch.where(lengths > 0, 1 - (a * b).sum(1) / lengths, 0.0).clamp(0, 1)


def _check_alike(one: Embedding, other: Embedding) -> None:
    if (one.layers, one.estimator) != (other.layers, other.estimator):
        raise ValueError(
            f"embeddings compare under one probe and estimator; these are of {len(one.values)} filters "
            f"by {one.estimator} and {len(other.values)} by {other.estimator}"
        )


def task2vec(
    task: Episode | Support, probe: nn.Module, mc: bool = False, *, options: MonteCarlo | None = None
) -> Embedding:
    """The embedding of ``task`` under ``probe``, a network from images to features [n, d], no classifier.

    All labelled images of the task count, support and query alike. A linear head on the probe's features is
    fitted from 0 to convergence (penalty 1e-2 of the squared weights, features scaled to a root mean square
    length of 1), then the Fisher information of every weight of the probe is taken exactly
    (``suite.measures.fisher``) and averaged within each filter; batch norm by running averages. Nothing is
    random: the same task has the same embedding, and naming its classes in another order changes it by
    rounding alone.

    ``mc`` takes the estimator of the reference implementation instead (``MonteCarlo``): another head, batch
    norm by the batch, squares of batch means of sampled gradients. The two do not compare.

    Images are uint8, or floating as the probe reads them. Raises ValueError where the task has no labels, or
    as ``filter_fisher`` does.
    """
    images, labels = _data(task, probe)
    if mc or options is not None:
        found = montecarlo_fisher(probe, images, labels, options or MonteCarlo())
    else:
        found = filter_fisher(probe, images, *_head(probe, images, labels))
    names = tuple((name, len(found[name])) for name in layers(probe))
    return Embedding(
        torch.cat([found[name].cpu() for name, _ in names]),
        names,
        "monte carlo" if mc or options else "exact",
    )


def _data(task: Episode | Support, probe: nn.Module) -> tuple[Tensor, Tensor]:
    """All images, as the probe reads them, and their labels."""
    support = task.support if isinstance(task, Episode) else task
    if support.labels is None:
        raise ValueError("a task embedding needs labels; this task has none")
    images, labels = support.images, support.labels
    if isinstance(task, Episode):
        images, labels = torch.cat([images, task.query_images]), torch.cat([labels, task.query_labels])
    like = next(probe.parameters())
    read = as_float(images, like.dtype) if images.dtype == torch.uint8 else images.to(like.dtype)
    return read.to(like.device), labels.to(like.device)


def _head(probe: nn.Module, images: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    """Weight [classes, d] and bias [classes] of the head fitted to the task, in the probe's precision."""
    features = features_of(probe, images)
    if features.ndim != 2:
        raise ValueError(f"the probe must give features [n, d], not of shape {list(features.shape)}")
    scale = float(features.double().square().sum(1).mean().sqrt())
    if scale == 0:
        raise ValueError("all features of the probe are 0 on this task")
    x = features.double().cpu().numpy() / scale
    targets = nn.functional.one_hot(labels).double().T.cpu().numpy()
    weight, bias = logistic_regression(x[None], targets[None], C=1 / (_PENALTY * len(x)))
    return (
        torch.from_numpy(weight[0] / scale).to(features),
        torch.from_numpy(bias[0]).to(features),
    )
