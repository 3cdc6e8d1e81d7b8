"""The distance left after the best rotation (Ding et al. 2021, "Grounding Representation Similarity")."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from suite.measures.matrices import Representation, pair, squared_norm
from suite.measures.registry import measure


@measure("procrustes_distance", needs=("x", "y"))
def procrustes_distance(x: Representation, y: Representation) -> float:
    """1 - ‖XᵀY‖_* of centred X and Y with unit Frobenius norm, in 0..1; 0 where they differ by a rotation.

    x [n, p], y [n, q]. Half the least squared distance of the two over all rotations and reflections. Raises
    ValueError as ``matrices.pair`` does.
    """
    return procrustes_of(*pair(x, y))


def procrustes_of(x: Tensor, y: Tensor) -> float:
    """``procrustes_distance`` of centred float64 matrices."""
    scale = math.sqrt(squared_norm(x) * squared_norm(y))
    nuclear = torch.linalg.svdvals(_narrow(x).T @ _narrow(y)).sum()
    return max(0.0, 1 - float(nuclear) / scale)


def _narrow(x: Tensor) -> Tensor:
    """[n, p] as [n, min(n, p)] by a rotation of the features, which the distance does not see."""
    n, p = x.shape
    return torch.linalg.qr(x.T, mode="r").R.T if p > n else x
