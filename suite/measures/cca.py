"""Canonical correlations of two representations, and measures made of them.

The canonical correlations of x and y are the singular values of QₓᵀQᵧ, where Qₓ and Qᵧ are orthonormal bases
of the centred columns: they do not change under any invertible linear map of either. Where features are as
many as examples they are all 1.
"""

from __future__ import annotations

import torch
from torch import Tensor

from suite.measures.basis import Basis, basis_of
from suite.measures.matrices import Representation, pair
from suite.measures.registry import measure


@measure("cca", needs=("x", "y"))
def cca(x: Representation, y: Representation) -> float:
    """Mean canonical correlation of x [n, p] and y [n, q], in 0..1, over the smaller of their ranks.

    Directions with less than 1e-6 of the largest singular value do not count. Raises ValueError as
    ``matrices.pair`` does.
    """
    return cca_of(*pair(x, y))


@measure("cca_squared", needs=("x", "y"))
def cca_squared(x: Representation, y: Representation) -> float:
    """Mean squared canonical correlation, in 0..1: R²_CCA of Kornblith et al. (2019, equation 4).

    Otherwise as ``cca``.
    """
    one, other = pair(x, y)
    return float(_correlations(basis_of(one), basis_of(other)).square().mean())


@measure("svcca", needs=("x", "y"))
def svcca(x: Representation, y: Representation, variance: float = 0.99) -> float:
    """Mean canonical correlation of the leading principal components, in 0..1. x [n, p], y [n, q].

    Of x and of y are kept as few as hold ``variance`` of it: of the sum of squared singular values (Raghu et
    al. 2017). Packages that sum them unsquared keep more. Raises ValueError where ``variance`` is not in
    0..1, and as ``matrices.pair`` does.
    """
    return svcca_of(*pair(x, y), variance)


@measure("svcca_squared", needs=("x", "y"))
def svcca_squared(x: Representation, y: Representation, variance: float = 0.99) -> float:
    """Mean squared canonical correlation of the leading principal components, in 0..1; else as ``svcca``."""
    return float(_leading(*pair(x, y), variance).square().mean())


@measure("pwcca", needs=("x", "y"))
def pwcca(x: Representation, y: Representation) -> float:
    """Canonical correlations ρᵢ weighted by how much of x each canonical variable hᵢ accounts for, in 0..1.

    Σ αᵢ ρᵢ / Σ αᵢ with αᵢ = Σⱼ |<hᵢ, xⱼ>|, xⱼ the centred columns of x [n, p] (Morcos et al. 2018, equation 2
    and below). Not symmetric. Correlations that are equal leave their variables open, and so the weights: of
    p + q >= n features some are 1, and this measure means little. Packages differ: some sum |hᵢ| over
    examples instead, some weight by y where it has fewer live features. Raises ValueError as
    ``matrices.pair`` does.
    """
    return pwcca_of(*pair(x, y))


def cca_of(x: Tensor, y: Tensor) -> float:
    """``cca`` of centred float64 matrices."""
    return float(_correlations(basis_of(x), basis_of(y)).mean())


def svcca_of(x: Tensor, y: Tensor, variance: float = 0.99) -> float:
    """``svcca`` of centred float64 matrices."""
    return float(_leading(x, y, variance).mean())


def pwcca_of(x: Tensor, y: Tensor) -> float:
    """``pwcca`` of centred float64 matrices."""
    one, other = basis_of(x), basis_of(y)
    turn, correlations, _ = torch.linalg.svd(one.cross(other), full_matrices=False)
    # hᵢ = Qₓ uᵢ, and QₓᵀX = diag(s) Vᵀ.
    weights = ((turn.T * one.s) @ one.v.T).abs().sum(1)
    return float(weights @ correlations.clamp(0, 1) / weights.sum())


def _leading(x: Tensor, y: Tensor, variance: float) -> Tensor:
    """Canonical correlations of the principal components that hold ``variance``."""
    if not 0 < variance <= 1:
        raise ValueError(f"variance must be above 0 and at most 1, not {variance}")
    return _correlations(basis_of(x, variance), basis_of(y, variance))


def _correlations(one: Basis, other: Basis) -> Tensor:
    found: Tensor = torch.linalg.svdvals(one.cross(other))
    return found.clamp(0, 1)
