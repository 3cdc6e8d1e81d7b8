"""Newton's method for multinomial logistic regression of many tasks, at k+1 inverses [n, n] a step.

The Hessian of the loss couples the k classes only through Σ_c, which Rasmussen and Williams (2006, "Gaussian
Processes for Machine Learning", section 3.5) use: with D_c = C diag(P_c) and

    E_c = D_c^½ (I + D_c^½ K D_c^½)⁻¹ D_c^½,    Z = blockdiag(E_c) - [E_c (Σ E)⁻¹ E_c']_cc',

Z = (K + H⁻¹)⁻¹, H the loss's Hessian, so that (I + HK)⁻¹ = I - ZK. A step from A, b with cotangent G then is
δA = -(G - Z K G) - Z 1 δb, with δb such that each class's A keeps the sum 0.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from suite.linear.dual import Array, Point, Problem, descend, inner
from suite.linear.quasi_newton import DECREMENT

_STEPS = 60
_ROUNDING = 1e-12  # of the objective: a smaller fall of it cannot be told


class NotConverged(RuntimeError):
    """A logistic regression that Newton's method did not solve; the message says how far it got."""


def converge(problem: Problem, at: Point) -> Point:
    """The solution of each task, from ``at``. Raises NotConverged where 60 steps do not find it."""
    slope = np.full(len(at.x), np.nan)
    for _ in range(_STEPS):
        try:
            along = _step(problem, at)
        except np.linalg.LinAlgError:
            break
        slope = inner(at.cotangent, along[1])
        if not (slope >= -_ROUNDING * at.value).all():
            break  # no descent: the kernel's digits are used up
        at = descend(problem, at, along, slope, slope > 0)
        # Convergence is quadratic: after a step that was this short nothing is left to gain.
        if (slope <= np.maximum(DECREMENT, _ROUNDING * at.value)).all():
            return at
    raise NotConverged(
        f"logistic regression with C = {problem.C:g} cannot be solved in float64: the last Newton step would "
        f"still change the objective by {np.abs(slope).max() / 2:.1e}; scale the features or lower C"
    )


def _step(problem: Problem, at: Point) -> tuple[Array, Array]:
    """Newton's step against the gradient: x and u."""
    k, n = problem.targets.shape[1:]
    g, coefficients = at.cotangent[..., :-1], at.x[..., :-1]
    root = np.sqrt(problem.C * at.probabilities)
    e = np.linalg.inv(root[..., :, None] * problem.kernel[:, None] * root[..., None, :] + np.eye(n))
    e *= root[..., :, None]
    e *= root[..., None, :]
    ones: Array = e.sum(3)  # E_c 1, [e, k, n]
    of_g = _apply(e, g @ problem.kernel)  # E_c K G
    # Both products with (Σ E)⁻¹ in one go: of Σ_c E_c K G, and of each E_c 1.
    right = np.concatenate([of_g.sum(1)[:, :, None], ones.swapaxes(1, 2)], 2)
    solved: Array = np.linalg.solve(e.sum(1), right)
    z_of_g = of_g - _apply(e, solved[:, None, :, 0])
    without_bias = z_of_g - g
    sums = -ones @ solved[..., 1:]  # 1_cᵀ Z 1_d, less its diagonal part
    sums[:, range(k), range(k)] += ones.sum(2)
    # Z 1 of all classes together is 0, as a shift of every bias changes nothing: a constant makes it none.
    sums += np.trace(sums, axis1=1, axis2=2)[:, None, None] / k
    bias: Array = np.linalg.solve(sums, (coefficients.sum(2) + without_bias.sum(2))[..., None])
    z_of_bias = ones * bias - _apply(e, (solved[..., 1:] @ bias).swapaxes(1, 2))
    change = without_bias - z_of_bias
    x = -np.concatenate([change, bias], 2)
    u = -np.concatenate([change @ problem.kernel, bias], 2)
    return x, u


def _apply(matrices: NDArray[np.floating[Any]], vectors: Array) -> Array:
    """[e, k, n, n] times [e, k, n], or [e, 1, n]."""
    found: Array = (matrices @ vectors[..., None])[..., 0]
    return found
