"""Multinomial logistic regression of many small tasks at once, solved to the end."""

from __future__ import annotations

import numpy as np

from suite.linear.dual import Array, Point, Problem, start
from suite.linear.newton import NotConverged, converge
from suite.linear.quasi_newton import approach

__all__ = ["NotConverged", "logistic_regression"]


def logistic_regression(features: Array, targets: Array, C: float) -> tuple[Array, Array]:
    """Weights [e, k, d] and biases [e, k] of e tasks: features [e, n, d], one-hot targets [e, k, n].

    Minimises C times the sum of cross-entropies plus half the squared weights, biases unpenalised, from 0, in
    float64, until the weights are within about 1e-8: what scikit-learn's estimator does of three or more
    classes at ``tol=0``. A task's solution does not depend on the tasks solved beside it, but for rounding.
    Raises NotConverged where C is so large that float64 does not carry the problem.
    """
    kernel = features @ features.swapaxes(1, 2)
    means = kernel.mean(1)
    centred = kernel - means[:, None] - means[:, :, None] + means.mean(1)[:, None, None]
    x = _optimum(Problem(centred, targets, C)).x
    coefficients = x[..., :-1] - x[..., :-1].mean(2, keepdims=True)
    # The bias was that of centred features.
    bias = x[..., -1] - np.einsum("ekn,en->ek", coefficients, means)
    return coefficients @ features, bias


def _optimum(problem: Problem) -> Point:
    at, unfinished = approach(problem, start(problem))
    if not unfinished.any():
        return at
    finished = converge(problem.of(unfinished), at.of(unfinished))
    for array, found in ((at.x, finished.x), (at.u, finished.u)):
        array[unfinished] = found
    return at
