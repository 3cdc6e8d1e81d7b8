"""Diversity of tasks whose classes are normal distributions: the truth that other measures are held against.

Miranda, Yu, Wang and Koyejo (2022), "The Curse of Low Task Diversity": the diversity of their Gaussian
benchmark is the expected squared Hellinger distance H² of two classes, in 0..1. With independent axes 1 - H²
is the product of the axes' affinities sqrt(2 s t / (s² + t²)) exp(-(m - n)² / (4 (s² + t²))), for means m, n
and standard deviations s, t.
"""

from __future__ import annotations

import math

import torch

from suite.measures.matrices import Representation, matrix


def hellinger_diversity(means: Representation, deviations: Representation) -> float:
    """Mean squared Hellinger distance over the pairs of k normal distributions, in 0..1.

    means [k, d]; deviations [k], the same on each axis, or [k, d]. Of the classes that
    ``tasks.gaussian.gaussians`` tells it is the diversity that they have. Raises ValueError for fewer than 2
    distributions, shapes that do not fit, or deviations that are not above 0.
    """
    centres, given = matrix("means", means), torch.as_tensor(deviations)
    k, d = centres.shape
    if k < 2:
        raise ValueError(f"a diversity needs at least 2 distributions, not {k}")
    if given.shape not in ((k,), (k, d)):
        raise ValueError(f"deviations must be [{k}] or [{k}, {d}] as the means are, not {list(given.shape)}")
    spreads = matrix("deviations", given.reshape(k, -1)).expand(k, d)
    if not bool((spreads > 0).all()):
        raise ValueError(f"deviations must be above 0, not {float(spreads.min()):g}")
    # All ordered pairs, [k, k, d]; a distribution's distance from itself adds 0.
    one, other = spreads[:, None], spreads[None]
    shape = (2 / (one / other + other / one)).log() / 2
    place = ((centres[:, None] - centres) / (2 * torch.hypot(one, other))).square()
    return float(-torch.expm1((shape - place).sum(2)).sum()) / (k * (k - 1))


def expected_hellinger_diversity(between: float, within: float, dimensions: int = 1) -> float:
    """The same for ever more classes whose means are N(0, between²) on each axis, their deviation ``within``.

    1 - (1 + between² / (2 within²))^(-dimensions / 2): two means differ by N(0, 2 between²) on an axis, and
    of that the affinity is a Gaussian function. Raises ValueError unless between >= 0, within > 0 and
    dimensions >= 1.
    """
    if not (0 <= between < math.inf and 0 < within < math.inf and dimensions >= 1):
        raise ValueError(
            "between must be at least 0, within above 0 and dimensions at least 1, "
            f"not {between}, {within} and {dimensions}"
        )
    return -math.expm1(-dimensions / 2 * math.log1p((between / within) ** 2 / 2))
