"""How much of the labels lies along the leading directions of the features.

Imani, Hu and White (2022), "Representation Alignment in Neural Networks". With Φ the features, a constant
beside them and each row scaled to unit length, Φ = UΣVᵀ, the energy of labels y along direction i is (uᵢᵀy)².
Gradient descent on a linear head fits direction i at the rate σᵢ²: labels along the first ones are learned
fast. Compare with as many examples and the same k alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import normalize, one_hot, pad

from suite.measures.labelled import LabelledBatches
from suite.measures.matrices import Representation, as_given, matrix
from suite.measures.registry import measure
from suite.measures.triangular import Triangle

_ABSENT = 1e-10  # of the largest singular value; directions of smaller ones are arbitrary


@dataclass(frozen=True)
class AlignmentSpectrum:
    """``energies`` Σ (uᵢᵀy)² [r] of the labels along the left singular vectors, by descending singular value.

    ``singular_values`` [r] of Φ, those present; ``total`` is ‖y‖², which the energies sum to where the labels
    are a linear function of the features.
    """

    singular_values: Tensor
    energies: Tensor
    total: float

    def first(self, k: int) -> float:
        """Share of the energy along the first ``k`` directions, in 0..1 (all that there are, if fewer)."""
        if k < 1:
            raise ValueError(f"k must be at least 1, not {k}")
        return float(self.energies[:k].sum()) / self.total

    def above(self, fraction: float) -> float:
        """Share along directions with at least ``fraction`` of the largest singular value, in 0..1."""
        if not 0 <= fraction <= 1:
            raise ValueError(f"fraction must be in 0..1, not {fraction}")
        kept = self.singular_values >= fraction * self.singular_values[0]
        return float(self.energies[kept].sum()) / self.total


@measure("label_alignment", needs=("features", "labels"))
def label_alignment(features: Representation, labels: Representation, k: int = 5) -> float:
    """Share of the labels' energy along the first ``k`` singular directions of features [n, d], in 0..1.

    Labels [n] that are whole numbers 0..K-1 name classes: y are their K indicators less their means, so that
    the features' mean, which every constant fits, does not count; of two equally large classes that is the
    paper's ±1. K classes spread over K-1 directions, so a ``k`` below that cannot hold all of them. Floating
    labels, [n] or [n, q], are y as they are. Where singular values k and k+1 are equal the share is
    arbitrary. Raises ValueError where shapes do not fit, or nothing varies between labels.
    """
    return alignment_spectrum(features, labels).first(k)


def layer_label_alignment(
    layers: Mapping[str, Representation], labellings: Mapping[str, Representation], k: int = 5
) -> dict[str, dict[str, float]]:
    """``label_alignment`` of each layer [n, ...], flattened, with each labelling [n]: layer -> labelling.

    Of one network's layers on one set of examples; the labellings may be those of source and target.
    """
    flat = {name: as_given(values).flatten(1) for name, values in layers.items()}
    return {
        layer: {name: label_alignment(values, labels, k) for name, labels in labellings.items()}
        for layer, values in flat.items()
    }


def alignment_spectrum(
    features: Representation, labels: Representation, *, batch: int = 512
) -> AlignmentSpectrum:
    """Energies of labels along every singular direction of features [n, d], as ``label_alignment`` says."""
    given, targets = as_given(features), as_given(labels)
    if given.ndim != 2 or targets.shape[:1] != given.shape[:1]:
        raise ValueError(
            f"features must be [n, d] and labels [n], not {list(given.shape)} and {list(targets.shape)}"
        )
    starts = range(0, len(given), batch)
    return alignment_spectrum_of_batches(
        lambda: ((given[i : i + batch], targets[i : i + batch]) for i in starts)
    )


def alignment_spectrum_of_batches(batches: LabelledBatches) -> AlignmentSpectrum:
    """``alignment_spectrum`` of more examples than fit into memory, in one pass over the batches."""
    triangle, named, width = Triangle(), None, 0
    for given_x, given_y in batches():
        x = matrix("features", given_x)
        if not len(x):
            continue
        y, whole = _columns(given_y, x)
        if named not in (None, whole):
            raise ValueError("some batches have labels that are whole numbers, others floating ones")
        if width not in (0, x.shape[1] + 1):
            raise ValueError(f"batches must have equally many features, not {width - 1} and {x.shape[1]}")
        named, width = whole, x.shape[1] + 1
        triangle.add(torch.cat([normalize(pad(x, (0, 1), value=1.0), dim=1), y], 1))
    rows = triangle.rows()
    phi, y = rows[:, :width], rows[:, width:]
    # The indicators sum to the constant 1, so the triangle knows its products too.
    y = y - y.sum(1, keepdim=True) * _shares(y) if named else y
    total = float(y.square().sum())
    if not total > 0:
        raise ValueError("all labels are equal: there is nothing for features to align with")
    u, s, _ = torch.linalg.svd(phi, full_matrices=False)
    present = s > _ABSENT * s[0]
    return AlignmentSpectrum(s[present], (u[:, present].T @ y).square().sum(1), total)


def _columns(labels: Representation, x: Tensor) -> tuple[Tensor, bool]:
    """Labels as float64 columns [m, q], and whether they name classes."""
    y = as_given(labels)
    if y.shape[:1] != x.shape[:1]:
        raise ValueError(f"a batch has {len(x)} features but labels of shape {list(y.shape)}")
    if y.is_floating_point():
        return matrix("labels", y if y.ndim == 2 else y[:, None]).to(x.device), False
    if y.dtype == torch.bool or y.ndim != 1:
        raise ValueError(
            f"labels must be whole numbers [n] or floating [n] or [n, q], not {y.dtype} {list(y.shape)}"
        )
    if int(y.min()) < 0:
        raise ValueError(
            f"labels must be 0..K-1, not {int(y.min())}; labels of -1 and 1 are taken where they are floating"
        )
    return one_hot(y.to(torch.int64).to(x.device)).to(torch.float64), True


def _shares(indicators: Tensor) -> Tensor:
    """Share of each class among the examples, [K], from rows with the indicators' inner products."""
    counts = indicators.square().sum(0)
    return counts / counts.sum()
