"""Canonical correlations of two representations, and two measures made of them.

The canonical correlations of x and y are the singular values of QₓᵀQᵧ, where Qₓ and Qᵧ are orthonormal bases
of the centred columns: they do not change under any invertible linear map of either. Where features are as
many as examples they are all 1.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from suite.measures.matrices import Representation, gram, pair

_ABSENT = 1e-6  # float32 activations carry nothing in directions whose singular values are smaller than this
_ILL = 1e-6  # where variances differ by more, their products have lost too many digits


@dataclass(frozen=True)
class _Basis:
    """Principal axes of a centred x [n, p]: singular values s [r], axes v [p, r], orthonormal Q [n, r].

    Q is ``data @ turn``, or ``data`` itself where ``turn`` is None: a product with x is dearer than with its
    covariances, and not needed.
    """

    s: Tensor
    v: Tensor
    data: Tensor
    turn: Tensor | None = None

    def cross(self, other: _Basis) -> Tensor:
        """QₓᵀQᵧ, [r, r']."""
        product = self.data.T @ other.data
        product = product if other.turn is None else product @ other.turn
        return product if self.turn is None else self.turn.T @ product


def cca(x: Representation, y: Representation) -> float:
    """Mean canonical correlation of x [n, p] and y [n, q], in 0..1, over the smaller of their ranks.

    Directions with less than 1e-6 of the largest singular value do not count. Raises ValueError as
    ``matrices.pair`` does.
    """
    return cca_of(*pair(x, y))


def svcca(x: Representation, y: Representation, variance: float = 0.99) -> float:
    """Mean canonical correlation of the leading principal components, in 0..1. x [n, p], y [n, q].

    Of x and of y are kept as few as hold ``variance`` of it: of the sum of squared singular values (Raghu et
    al. 2017). Packages that sum them unsquared keep more. Raises ValueError where ``variance`` is not in
    0..1, and as ``matrices.pair`` does.
    """
    return svcca_of(*pair(x, y), variance)


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
    return _mean_correlation(_basis(x), _basis(y))


def svcca_of(x: Tensor, y: Tensor, variance: float = 0.99) -> float:
    """``svcca`` of centred float64 matrices."""
    if not 0 < variance <= 1:
        raise ValueError(f"variance must be above 0 and at most 1, not {variance}")
    return _mean_correlation(_basis(x, variance), _basis(y, variance))


def pwcca_of(x: Tensor, y: Tensor) -> float:
    """``pwcca`` of centred float64 matrices."""
    one, other = _basis(x), _basis(y)
    turn, correlations, _ = torch.linalg.svd(one.cross(other), full_matrices=False)
    # hᵢ = Qₓ uᵢ, and QₓᵀX = diag(s) Vᵀ.
    weights = ((turn.T * one.s) @ one.v.T).abs().sum(1)
    return float(weights @ correlations.clamp(0, 1) / weights.sum())


def _mean_correlation(one: _Basis, other: _Basis) -> float:
    correlations = torch.linalg.svdvals(one.cross(other)).clamp(0, 1)
    return float(correlations.mean())


def _basis(x: Tensor, variance: float = 1.0) -> _Basis:
    """The principal axes of centred x that hold ``variance`` of it, at least one."""
    squares, axes = _eigen(x)
    kept = _count(squares, variance)
    if float(squares[kept - 1]) < _ILL * float(squares[0]):
        q, s, vt = torch.linalg.svd(x, full_matrices=False)
        kept = _count(s.square(), variance)
        return _Basis(s[:kept], vt[:kept].T, q[:, :kept])
    s, axes = squares[:kept].sqrt(), axes[:, :kept]
    if x.shape[1] <= len(x):
        return _Basis(s, axes, x, axes / s)
    return _Basis(s, x.T @ (axes / s), axes)


def _eigen(x: Tensor) -> tuple[Tensor, Tensor]:
    """Squared singular values, descending, and singular vectors: those of features or, if fewer, examples."""
    squares, axes = torch.linalg.eigh(gram(x) if x.shape[1] <= len(x) else gram(x.T))
    return squares.flip(0).clamp_min(0), axes.flip(1)


def _count(squares: Tensor, variance: float) -> int:
    """How many of the descending ``squares`` hold ``variance`` of their sum and are not absent."""
    present = int((squares > _ABSENT**2 * squares[0]).sum())
    if variance == 1:
        return present
    held = squares.cumsum(0) / squares.sum()
    # Rounding may leave the last share a little below what was asked for.
    enough = int((held < variance * (1 - 1e-12)).sum()) + 1
    return min(enough, present)
