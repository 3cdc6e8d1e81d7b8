"""How well one representation is a linear function of another."""

from __future__ import annotations

from suite.measures.basis import basis_of
from suite.measures.matrices import Representation, pair, squared_norm
from suite.measures.registry import measure


@measure("linear_regression", needs=("x", "y"))
def linear_regression(x: Representation, y: Representation) -> float:
    """R² of the least squares fit of all features of x [n, p] by those of y [n, q], in 0..1.

    ‖QᵧᵀX‖² / ‖X‖² of centred columns, Qᵧ an orthonormal basis of y's (Kornblith et al. 2019, table 1). Not
    symmetric: it does not change under invertible maps of y, nor under rotation and scaling of x. With as
    many features in y as examples it is 1. Raises ValueError as ``matrices.pair`` does.
    """
    one, other = pair(x, y)
    return min(1.0, squared_norm(basis_of(other).project(one)) / squared_norm(one))
