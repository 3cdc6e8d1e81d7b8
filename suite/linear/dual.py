"""Multinomial logistic regression in the span of its examples: the objective that the solvers share.

Of one task with n examples s_i and k classes: minimise over W [k, d] and b [k]

    C Σ_i (log Σ_c exp f_ci - f_{y_i} i) + |W|² / 2,    f = W Sᵀ + b.

The best W is A S with A [k, n], so all is told by the kernel S Sᵀ [n, n], whatever d. It is centred here,
which moves b and nothing else, and makes the examples and the bias orthogonal. The gradient in A's terms is
the *cotangent* G = C (P - Y) + A: that of W is G S, and inner products of W's are <A, A'K>.

Each array has the tasks first. The bias is kept beside the examples as one more column: ``x`` = [A | b] and
its image ``u`` = [A K | b] are [e, k, n+1], and so is the cotangent [G | Σ_i C (P - Y)].
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Problem:
    """``e`` tasks: centred kernels [e, n, n], targets [e, k, n] that are 1 at each example's class, and C."""

    kernel: Array
    targets: Array
    C: float

    def of(self, tasks: NDArray[np.bool_]) -> Problem:
        """Those of the tasks that are marked."""
        return Problem(self.kernel[tasks], self.targets[tasks], self.C)


@dataclass(frozen=True)
class Point:
    """Where each task is: x and u [e, k, n+1], class probabilities [e, k, n], objective [e], cotangent."""

    x: Array
    u: Array
    probabilities: Array
    value: Array
    cotangent: Array

    def of(self, tasks: NDArray[np.bool_]) -> Point:
        """Those of the tasks that are marked."""
        fields = (self.x, self.u, self.probabilities, self.value, self.cotangent)
        return Point(*(field[tasks] for field in fields))


def start(problem: Problem) -> Point:
    """All weights 0."""
    e, k, n = problem.targets.shape
    return point(problem, np.zeros((e, k, n + 1)), np.zeros((e, k, n + 1)))


def point(problem: Problem, x: Array, u: Array) -> Point:
    """The objective and its cotangent at ``x``, whose image is ``u``."""
    scores = u[..., :-1] + u[..., -1:]
    scores -= scores.max(1, keepdims=True)
    probabilities = np.exp(scores)
    totals = probabilities.sum(1, keepdims=True)
    probabilities /= totals
    loss = np.log(totals).sum((1, 2)) - inner(scores, problem.targets)
    value = problem.C * loss + inner(x[..., :-1], u[..., :-1]) / 2
    residual = problem.C * (probabilities - problem.targets)
    cotangent = np.empty_like(u)
    np.add(residual, x[..., :-1], out=cotangent[..., :-1])
    residual.sum(2, out=cotangent[..., -1])
    return Point(x, u, probabilities, value, cotangent)


def descend(
    problem: Problem, at: Point, along: tuple[Array, Array], slope: Array, active: NDArray[np.bool_]
) -> Point:
    """A step against ``along`` (x and u) in each task that is ``active``, halved until the objective falls.

    ``slope`` [e] is by how much it falls at first. A task's steps do not depend on the others'.
    """
    step = active.astype(np.float64)
    rounding = 1e-13 * np.abs(at.value)
    while True:
        x, u = (old - step[:, None, None] * by for old, by in zip((at.x, at.u), along, strict=True))
        reached = point(problem, x, u)
        failed = (step > 0) & (reached.value > at.value - 1e-4 * step * slope + rounding)
        if not failed.any():
            return reached
        step[failed] /= 2


def inner(a: Array, b: Array) -> Array:
    """Inner products [e] of [e, k, n] and [e, k, n]."""
    found: Array = np.einsum("ekn,ekn->e", a, b)
    return found
