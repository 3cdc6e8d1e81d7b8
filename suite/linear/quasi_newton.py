"""Limited-memory BFGS on many tasks at once, preconditioned by the Hessian at equal probabilities.

That Hessian is H₀ = I + (C/k) SᵀS for every class, and n C/k for the bias: H₀⁻¹ of a cotangent G has the
coefficients G M⁻¹ with M = I + (C/k) K, and their image is G M⁻¹ K. One inverse [n, n] a task serves all
steps, and each step is a few products of [k, n] with [n, n].
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from suite.linear.dual import Array, Point, Problem, descend, inner

_STEPS = 24  # what is far from converged by then has probabilities near 0 or 1, where Newton's steps pay
_MEMORY = 8
DECREMENT = 1e-16
"""Converged is a task where a step would lower the objective by about half of this: W is within 1e-8."""


@dataclass(frozen=True)
class _Pair:
    """A step (its coefficients and image), the change of the cotangent along it, and 1 / their product."""

    x: Array
    u: Array
    cotangent: Array
    scale: Array


def approach(problem: Problem, at: Point) -> tuple[Point, NDArray[np.bool_]]:
    """The tasks after at most 24 steps from ``at``, and which of them have not converged [e]."""
    precondition = _preconditioner(problem)
    memory: deque[_Pair] = deque(maxlen=_MEMORY)
    for _ in range(_STEPS):
        along = _direction(at.cotangent, memory, precondition)
        slope = inner(at.cotangent, along[1])
        active = ~(slope <= DECREMENT)  # so that NaN is no convergence
        if not active.any():
            break
        reached = descend(problem, at, along, slope, active)
        memory.append(_pair(at, reached))
        at = reached
    return at, active


def _preconditioner(problem: Problem) -> tuple[Array, Array]:
    """[e, n+1, n+1] that take a cotangent to the coefficients of H₀⁻¹ of it, and to their image."""
    e, k, n = problem.targets.shape
    curvature = problem.C / k
    inverse = np.linalg.inv(np.eye(n) + curvature * problem.kernel)
    to_x = np.zeros((e, n + 1, n + 1))
    to_x[:, :n, :n] = inverse
    to_u = np.zeros_like(to_x)
    to_u[:, :n, :n] = (np.eye(n) - inverse) / curvature  # M⁻¹ K
    to_x[:, n, n] = to_u[:, n, n] = 1 / (curvature * n)
    return to_x, to_u


def _direction(
    cotangent: Array, memory: deque[_Pair], precondition: tuple[Array, Array]
) -> tuple[Array, Array]:
    """The two loops of Nocedal (1980): the inverse Hessian's estimate times the gradient, as x and u."""
    left, weights = cotangent.copy(), []
    for pair in reversed(memory):
        weight = pair.scale * inner(pair.u, left)
        weights.append(weight)
        left -= weight[:, None, None] * pair.cotangent
    x, u = left @ precondition[0], left @ precondition[1]
    for pair, weight in zip(memory, reversed(weights), strict=True):
        by = (weight - pair.scale * inner(pair.cotangent, u))[:, None, None]
        x += by * pair.x
        u += by * pair.u
    return x, u


def _pair(before: Point, after: Point) -> _Pair:
    u, cotangent = after.u - before.u, after.cotangent - before.cotangent
    curvature = inner(u, cotangent)
    moved = curvature > 0  # a task that has converged stays where it is
    scale = np.where(moved, 1 / np.where(moved, curvature, 1), 0)
    return _Pair(after.x - before.x, u, cotangent, scale)
