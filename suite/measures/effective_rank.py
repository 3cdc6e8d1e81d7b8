"""Effective rank: over how many directions features spread."""

from __future__ import annotations

from collections.abc import Iterable

import torch

from suite.measures.matrices import Representation, as_given, matrix
from suite.measures.registry import measure
from suite.measures.triangular import Triangle

_ABSENT = 1e-13  # of the features' norm: what rounding leaves of features that do not vary


@measure("effective_rank", needs=("features",))
def effective_rank(features: Representation, *, centre: bool = True) -> float:
    """exp H(p) of the singular values' shares p = σ / Σσ of features [n, d], H their entropy; 1..min(n, d).

    Roy and Vetterli (2007), "The effective rank: a measure of effective dimensionality". Directions that
    features spread over evenly count 1 each. ``centre``: of the features less their mean, so that it is the
    spread that counts; without, as in RankMe (Garrido et al. 2023), the mean is one more direction. Raises
    ValueError where features are no matrix of finite numbers, or all 0 (once centred).
    """
    given = as_given(features)
    return effective_rank_of_batches((given[i : i + 512] for i in range(0, len(given), 512)), centre=centre)


def effective_rank_of_batches(batches: Iterable[Representation], *, centre: bool = True) -> float:
    """``effective_rank`` of more examples than fit into memory, in one pass over batches [m, d]."""
    triangle, width = Triangle(), 0
    for batch in batches:
        x = matrix("features", batch)
        if width not in (0, x.shape[1]):
            raise ValueError(f"batches must have equally many features, not {width} and {x.shape[1]}")
        width = x.shape[1]
        triangle.add(torch.cat([torch.ones_like(x[:, :1]), x], 1))
    rows = triangle.rows()
    # Below the row of the constant column, a triangular factor has what is orthogonal to constants.
    kept = torch.linalg.qr(rows, mode="r").R[1:, 1:] if centre else rows[:, 1:]
    values = torch.linalg.svdvals(kept)
    if not bool((values > _ABSENT * rows.norm()).any()):
        raise ValueError("features do not vary between examples" if centre else "features are all 0")
    return float(torch.special.entr(values / values.sum()).sum().exp())
