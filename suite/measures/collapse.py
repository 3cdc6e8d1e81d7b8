"""Neural collapse: how far features shrink to their class means, and these to a simplex.

Papyan, Han and Donoho (2020), "Prevalence of neural collapse during the terminal phase of deep learning
training". All of it lives in the span of the centred class means, at most K-1 dimensions for K classes.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from suite.measures.labelled import LabelledBatches, check_classes, checked, in_batches
from suite.measures.matrices import Representation, gram, matrix
from suite.measures.registry import measure

_ABSENT = 1e-6  # of the largest variance between classes; their inverse would drown all others


@dataclass(frozen=True)
class NeuralCollapse:
    """All 0 at full collapse. Σ_W and Σ_B are the covariances within and between classes, [d, d].

    ``nc1``: tr(Σ_W Σ_B⁺) / K, within-class variability; the pseudo-inverse takes variances below 1e-6 of the
    largest for 0. ``nc2_norm``: coefficient of variation of the lengths
    of the centred class means. ``nc2_angle``: mean over pairs of |cos + 1/(K-1)|. ``nc3``: distance of the
    head's weights from the centred class means, both scaled to unit Frobenius norm (0..2). ``nc4``: share of
    examples that the head and the nearest class mean classify differently. ``cdnv``: mean over pairs of the
    classes' variances over twice the squared distance of their means (Galanti et al. 2022). Without a head
    ``nc3`` and ``nc4`` are None; in NC4 a tie of classes goes to the first.
    """

    nc1: float
    nc2_norm: float
    nc2_angle: float
    nc3: float | None
    nc4: float | None
    cdnv: float


@measure("neural_collapse", needs=("features", "labels"), uses=("weight", "bias"))
def neural_collapse(
    features: Representation,
    labels: Representation,
    weight: Representation | None = None,
    bias: Representation | None = None,
    *,
    batch: int = 512,
) -> NeuralCollapse:
    """Neural collapse of features [n, d] under labels [n] in 0..K-1, with head weight [K, d] and bias [K].

    Classes count equally: the global mean is the mean of the class means, and Σ_W the mean of the classes'
    own covariances. Raises ValueError where shapes do not fit, a class below K has no example, or all class
    means are equal; there must be at least 2 classes.
    """
    return neural_collapse_of_batches(in_batches(features, labels, batch), weight, bias)


def neural_collapse_of_batches(
    batches: LabelledBatches, weight: Representation | None = None, bias: Representation | None = None
) -> NeuralCollapse:
    """``neural_collapse`` of more examples than fit into memory.

    Goes through the batches twice, once for the class means. Memory beside a batch: K x d values.
    """
    counts, means = _class_means(batches)
    centred = means - means.mean(0)
    axes, between = _between(centred)
    head = None if weight is None else _head(weight, bias, means)
    within, variances, differing = _within(batches, counts, means, axes, head)
    return NeuralCollapse(
        nc1=float((within / between).sum()) / len(means),
        nc2_norm=_variation(centred.norm(dim=1)),
        nc2_angle=_angle(centred),
        nc3=None if head is None else _distance(head[0], centred),
        nc4=None if head is None else differing / int(counts.sum()),
        cdnv=_distance_normalised_variance(means, variances),
    )


def _class_means(batches: LabelledBatches) -> tuple[Tensor, Tensor]:
    """Examples of each class [K] and their means [K, d]."""
    sums: Tensor | None = None
    counts = torch.zeros(0)
    for x, y in checked(batches):
        highest = int(y.max()) + 1
        if sums is None:
            sums, counts = x.new_zeros(highest, x.shape[1]), x.new_zeros(highest)
        if highest > len(sums):
            more = highest - len(sums)
            sums = torch.cat([sums, sums.new_zeros(more, sums.shape[1])])
            counts = torch.cat([counts, counts.new_zeros(more)])
        sums.index_add_(0, y, x)
        counts.index_add_(0, y, torch.ones_like(y, dtype=counts.dtype))
    check_classes(counts, "neural collapse")
    assert sums is not None
    return counts, sums / counts[:, None]


def _between(centred: Tensor) -> tuple[Tensor, Tensor]:
    """Axes [d, r] of the centred class means' span, and the variances [r] between classes along them."""
    squares, turn = torch.linalg.eigh(gram(centred.T))
    kept = squares > _ABSENT * squares[-1]
    if not bool(squares[-1] > 0):
        raise ValueError("all class means are equal: nothing lies between the classes")
    squares, turn = squares[kept], turn[:, kept]
    return centred.T @ (turn / squares.sqrt()), squares / len(centred)


def _within(
    batches: LabelledBatches, counts: Tensor, means: Tensor, axes: Tensor, head: tuple[Tensor, Tensor] | None
) -> tuple[Tensor, Tensor, int]:
    """Mean variance within classes along each axis [r], each class's in all directions [K], NC4's count."""
    share = 1 / (counts * len(counts))
    within, variances, differing = axes.new_zeros(axes.shape[1]), torch.zeros_like(counts), 0
    # One product with a batch, of all that it is multiplied with.
    columns = [axes] if head is None else [axes, means.T, head[0].T]
    factors, along = torch.cat(columns, 1), means @ axes
    for x, y in checked(batches):
        products = torch.split(x @ factors, [part.shape[1] for part in columns], dim=1)
        within += share[y] @ (products[0] - along[y]).square()
        variances.index_add_(0, y, (x - means[y]).square_().sum(1) / counts[y])
        if head is not None:
            nearest = (means.square().sum(1) - 2 * products[1]).argmin(1)
            differing += int(((products[2] + head[1]).argmax(1) != nearest).sum())
    return within, variances, differing


def _head(weight: Representation, bias: Representation | None, means: Tensor) -> tuple[Tensor, Tensor]:
    w = matrix("weight", weight).to(means.device)
    if w.shape != means.shape:
        raise ValueError(f"weight must be [classes, d] = {list(means.shape)}, not {list(w.shape)}")
    b = means.new_zeros(len(means)) if bias is None else torch.as_tensor(bias).detach().to(means)
    if b.shape != (len(means),):
        raise ValueError(f"bias must be [classes] = [{len(means)}], not {list(b.shape)}")
    return w, b


def _variation(lengths: Tensor) -> float:
    return float(lengths.std(correction=0) / lengths.mean())


def _angle(centred: Tensor) -> float:
    unit = torch.nn.functional.normalize(centred, dim=1)
    cosines, classes = unit @ unit.T, len(centred)
    apart = ~torch.eye(classes, dtype=torch.bool, device=centred.device)
    return float((cosines[apart] + 1 / (classes - 1)).abs().mean())


def _distance(weight: Tensor, centred: Tensor) -> float:
    if not bool(weight.any()):
        raise ValueError("the head's weights are all 0: they have no direction to compare")
    return float((weight / weight.norm() - centred / centred.norm()).norm())


def _distance_normalised_variance(means: Tensor, variances: Tensor) -> float:
    classes = len(means)
    squared = torch.cdist(means, means, compute_mode="donot_use_mm_for_euclid_dist").square()
    apart = ~torch.eye(classes, dtype=torch.bool, device=means.device)
    return float(((variances[:, None] + variances) / (2 * squared))[apart].mean())
