"""Centred kernel alignment (Kornblith et al. 2019, "Similarity of Neural Network Representations Revisited").

With K and L the kernel matrices of the examples under x and under y, HSIC(K, L) their inner product after
centring, CKA = HSIC(K, L) / sqrt(HSIC(K, K) HSIC(L, L)), in 0..1. It does not change where x or y is rotated,
reflected, scaled or shifted. Where features are many for the examples, the plain estimate is near 1 even of
independent x and y: below ten examples a feature take ``unbiased_cka``.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeVar

import torch
from torch import Tensor

from suite.measures.matrices import Representation, gram, pair, squared_norm
from suite.measures.registry import measure

Number = TypeVar("Number", float, Tensor)


@measure("linear_cka", needs=("x", "y"))
def linear_cka(x: Representation, y: Representation) -> float:
    """CKA with the kernel of dot products, in 0..1. x [n, p], y [n, q].

    Equal to |YᵀX|² / (|XᵀX| |YᵀY|) of centred matrices (equation 14 there), from products of features or of
    examples, whichever are the smaller. Raises ValueError as ``matrices.pair`` does.
    """
    return linear_cka_of(*pair(x, y))


@measure("linear_hsic", needs=("x", "y"))
def linear_hsic(x: Representation, y: Representation) -> float:
    """The biased estimate of HSIC with the kernel of dot products: |YᵀX|² / (n - 1)², at least 0.

    What CKA is before it is normalised: it grows with the square of either's scale. Raises ValueError as
    ``matrices.pair`` does.
    """
    one, other = pair(x, y)
    cross = _by_examples(one, other)[2] if _fewer_examples(one, other) else squared_norm(one.T @ other)
    return cross / (len(one) - 1) ** 2


def linear_cka_of(x: Tensor, y: Tensor) -> float:
    """``linear_cka`` of centred float64 matrices."""
    own_x, own_y, cross = _by_examples(x, y) if _fewer_examples(x, y) else _by_features(x, y)
    return cross / math.sqrt(own_x * own_y)


@measure("unbiased_cka", needs=("x", "y"))
def unbiased_cka(x: Representation, y: Representation) -> float:
    """Linear CKA from the unbiased estimate of HSIC; near 0, maybe below, of independent x and y.

    HSIC₁ of Song et al. (2012), as Nguyen et al. (2021) take it: U-statistics, free of the diagonals.
    x [n, p], y [n, q], at least 4 examples. Raises ValueError as ``matrices.pair`` does.
    """
    first, second = pair(x, y, least=4)
    return unbiased_cka_of(first, second, Diagonals.of(first, second))


def minibatch_cka(batches: Iterable[tuple[Representation, Representation]]) -> float:
    """Unbiased linear CKA from batches ([m, p], [m, q]) of examples, of which one at a time is in memory.

    HSIC₁ is averaged over batches, in the numerator and in both terms below it, before the ratio is taken
    (Nguyen et al. 2021). It has the same limit as ``unbiased_cka`` of all examples at once, not the same
    value: for that see ``similarities``. Raises ValueError of no batches, or as ``matrices.pair`` does.
    """
    pairs = (pair(x, y, least=4) for x, y in batches)
    found = [_unbiased_hsics(x, y, Diagonals.of(x, y)) for x, y in pairs]
    if not found:
        raise ValueError("there are no batches")
    own_x, own_y, cross = (math.fsum(values) for values in zip(*found, strict=True))
    return _ratio(own_x, own_y, cross)


@measure("rbf_cka", needs=("x", "y"))
def rbf_cka(x: Representation, y: Representation, fraction: float = 0.4) -> float:
    """CKA with the kernel exp(-|a - b|² / 2σ²), in 0..1. x [n, p], y [n, q].

    σ is ``fraction`` of the median distance between two examples, under x and under y each its own (Kornblith
    et al. 2019, section 4, tried 0.2, 0.4 and 0.8). Raises ValueError where that median is 0 or ``fraction``
    is not above 0, and as ``matrices.pair`` does.
    """
    if not fraction > 0:
        raise ValueError(f"fraction must be above 0, not {fraction}")
    first, second = pair(x, y)
    k, m = (
        _centre_kernel(_rbf_kernel(name, values, fraction)) for name, values in (("x", first), ("y", second))
    )
    return float((k * m).sum()) / math.sqrt(squared_norm(k) * squared_norm(m))


def _fewer_examples(x: Tensor, y: Tensor) -> bool:
    """Whether the matrices [n, n] cost less than those of features, in multiplications."""
    n, p, q = len(x), x.shape[1], y.shape[1]
    return n * n * (p + q) / 2 + 3 * n * n < n * (p * p + q * q) / 2 + n * p * q


def _by_features(x: Tensor, y: Tensor) -> tuple[float, float, float]:
    """|XᵀX|², |YᵀY|², |XᵀY|²."""
    return squared_norm(gram(x)), squared_norm(gram(y)), squared_norm(x.T @ y)


def _by_examples(x: Tensor, y: Tensor) -> tuple[float, float, float]:
    """The same from K = XXᵀ and L = YYᵀ: |K|², |L|², <K, L>."""
    k, m = gram(x.T), gram(y.T)
    return squared_norm(k), squared_norm(m), float(k.reshape(-1) @ m.reshape(-1))


@dataclass(frozen=True)
class Diagonals:
    """Sums over n examples of a = |x_i|² and b = |y_i|², the diagonals of the centred kernel matrices."""

    n: int
    a: float
    b: float
    aa: float
    bb: float
    ab: float

    @classmethod
    def of(cls, x: Tensor, y: Tensor) -> Diagonals:
        """Those of centred matrices."""
        a, b = x.square().sum(1), y.square().sum(1)
        return cls(len(x), float(a.sum()), float(b.sum()), float(a @ a), float(b @ b), float(a @ b))


def unbiased_cka_of(x: Tensor, y: Tensor, diagonals: Diagonals) -> float:
    """``unbiased_cka`` of centred float64 matrices, whose rows may have been rotated, and their diagonals."""
    return _ratio(*_unbiased_hsics(x, y, diagonals))


def _unbiased_hsics(x: Tensor, y: Tensor, d: Diagonals) -> tuple[float, float, float]:
    """HSIC₁ of x with itself, of y with itself, and of both, from centred matrices."""
    own_x, own_y, cross = _by_examples(x, y) if _fewer_examples(x, y) else _by_features(x, y)
    return (
        unbiased_hsic(d.n, own_x, d.aa, d.a * d.a),
        unbiased_hsic(d.n, own_y, d.bb, d.b * d.b),
        unbiased_hsic(d.n, cross, d.ab, d.a * d.b),
    )


def unbiased_hsic(n: int, inner: Number, diagonals: Number, traces: Number) -> Number:
    """HSIC₁ from <K, L>, Σ K_ii L_ii and tr K tr L of centred kernel matrices [n, n].

    Song et al. (2012), equation 5: (tr K̃L̃ + 1ᵀK̃1 1ᵀL̃1 / (n-1)(n-2) - 2 1ᵀK̃L̃1 / (n-2)) / n(n-3), where K̃ is K
    with zeros on its diagonal. It is the same of K and of K centred, and of a centred K, K̃1 = -diag(K).
    """
    summed: Number = inner - diagonals + traces / ((n - 1) * (n - 2)) - 2 * diagonals / (n - 2)
    return summed / (n * (n - 3))


def _ratio(own_x: float, own_y: float, cross: float) -> float:
    if not (own_x > 0 and own_y > 0):
        raise ValueError("too few examples differ: the unbiased estimate of x or y with itself is 0")
    return cross / math.sqrt(own_x * own_y)


def _rbf_kernel(name: str, x: Tensor, fraction: float) -> Tensor:
    squares = x.square().sum(1)
    distances = (squares[:, None] + squares - 2 * gram(x.T)).clamp_min_(0)
    n = len(x)
    rows, columns = torch.triu_indices(n, n, 1, device=x.device)
    sigma = fraction * _median(distances[rows, columns].sqrt_())
    if sigma == 0:
        raise ValueError(f"half of the pairs of examples are equal under {name}: a median distance of 0")
    return distances.mul_(-1 / (2 * sigma * sigma)).exp_()


def _median(values: Tensor) -> float:
    """Of an even number of values the mean of the middle two, unlike torch's own."""
    lower, upper = (len(values) + 1) // 2, len(values) // 2 + 1
    return float(values.kthvalue(lower).values + values.kthvalue(upper).values) / 2


def _centre_kernel(kernel: Tensor) -> Tensor:
    rows = kernel.mean(0)
    return kernel - rows - rows[:, None] + rows.mean()
