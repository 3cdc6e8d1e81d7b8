"""The measures of similarity for more examples than fit into memory."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from suite.measures.cca import cca_of, pwcca_of, svcca_of
from suite.measures.cka import Diagonals, linear_cka_of, unbiased_cka_of
from suite.measures.matrices import Representation, matrix
from suite.measures.procrustes import procrustes_of

Batches = Callable[[], Iterable[tuple[Representation, Representation]]]
"""Gives the batches ([m, p], [m, q]) from the start each time it is called: the same, in any order."""


@dataclass(frozen=True)
class Similarities:
    """What the functions of the same names say of all examples at once."""

    examples: int
    linear_cka: float
    unbiased_cka: float
    cca: float
    svcca: float
    pwcca: float
    procrustes_distance: float


def similarities(batches: Batches) -> Similarities:
    """Every linear measure of x [n, p] and y [n, q] from batches of their rows, at least 4 in all.

    Goes through the batches twice, once for the means. Keeps a matrix of at most 2(p + q) rows whose columns
    have the inner products of x's and y's: the triangular factor of their QR decomposition, which loses no
    digits as sums of products would. Raises ValueError as ``matrices.pair`` does.
    """
    examples, x_mean, y_mean = _means(batches)
    if examples < 4:
        raise ValueError(f"similarity needs at least 4 examples, not {examples}")
    x, y, diagonals = _compressed(batches, x_mean, y_mean)
    for name, values in (("x", x), ("y", y)):
        if not bool(values.any()):
            raise ValueError(f"{name} is the same for all examples: its similarity to anything is undefined")
    return Similarities(
        examples=examples,
        linear_cka=linear_cka_of(x, y),
        unbiased_cka=unbiased_cka_of(x, y, diagonals),
        cca=cca_of(x, y),
        svcca=svcca_of(x, y),
        pwcca=pwcca_of(x, y),
        procrustes_distance=procrustes_of(x, y),
    )


def _means(batches: Batches) -> tuple[int, Tensor, Tensor]:
    count, sums = 0, None
    for x, y in _matrices(batches):
        found = (x.sum(0), y.sum(0))
        sums = found if sums is None else (sums[0] + found[0], sums[1] + found[1])
        count += len(x)
    if sums is None:
        raise ValueError("there are no batches")
    return count, sums[0] / count, sums[1] / count


def _compressed(batches: Batches, x_mean: Tensor, y_mean: Tensor) -> tuple[Tensor, Tensor, Diagonals]:
    """Matrices [r, p] and [r, q] that have the inner products of the centred columns, and the diagonals."""
    width = len(x_mean) + len(y_mean)
    waiting: list[Tensor] = []
    each: list[Diagonals] = []
    for x, y in _matrices(batches):
        x, y = x - x_mean, y - y_mean
        each.append(Diagonals.of(x, y))
        waiting.append(torch.cat([x, y], 1))
        if sum(map(len, waiting)) > 2 * width:
            waiting = [torch.linalg.qr(torch.cat(waiting), mode="r").R]
    rows = torch.cat(waiting)
    summed = (sum(getattr(d, field.name) for d in each) for field in dataclasses.fields(Diagonals))
    return rows[:, : len(x_mean)], rows[:, len(x_mean) :], Diagonals(*summed)


def _matrices(batches: Batches) -> Iterator[tuple[Tensor, Tensor]]:
    for given_x, given_y in batches():
        x, y = matrix("x", given_x), matrix("y", given_y)
        if len(x) != len(y):
            raise ValueError(f"x and y must be of the same examples; a batch has {len(x)} and {len(y)}")
        yield x, y
