"""Orthonormal bases of a representation's columns: what canonical correlations and regressions start from."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from suite.measures.matrices import gram

_ABSENT = 1e-6  # float32 activations carry nothing in directions whose singular values are smaller than this
_ILL = 1e-6  # where variances differ by more, their products have lost too many digits


@dataclass(frozen=True)
class Basis:
    """Principal axes of a centred x [n, p]: singular values s [r], axes v [p, r], orthonormal Q [n, r].

    Q is ``data @ turn``, or ``data`` itself where ``turn`` is None: a product with x is dearer than with its
    covariances, and not needed.
    """

    s: Tensor
    v: Tensor
    data: Tensor
    turn: Tensor | None = None

    def cross(self, other: Basis) -> Tensor:
        """QₓᵀQᵧ, [r, r']."""
        product = self.project(other.data)
        return product if other.turn is None else product @ other.turn

    def project(self, y: Tensor) -> Tensor:
        """QₓᵀY of y [n, q], [r, q]."""
        product = self.data.T @ y
        return product if self.turn is None else self.turn.T @ product


def basis_of(x: Tensor, variance: float = 1.0) -> Basis:
    """The principal axes of a centred float64 x [n, p] that hold ``variance`` of it, at least one.

    Directions with less than 1e-6 of the largest singular value do not count.
    """
    squares, axes = _eigen(x)
    kept = _count(squares, variance)
    if float(squares[kept - 1]) < _ILL * float(squares[0]):
        q, s, vt = torch.linalg.svd(x, full_matrices=False)
        kept = _count(s.square(), variance)
        return Basis(s[:kept], vt[:kept].T, q[:, :kept])
    s, axes = squares[:kept].sqrt(), axes[:, :kept]
    if x.shape[1] <= len(x):
        return Basis(s, axes, x, axes / s)
    return Basis(s, x.T @ (axes / s), axes)


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
