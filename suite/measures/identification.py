"""The sanity test of a measure of similarity: does it find the layer that corresponds, in another network?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import combinations
from statistics import fmean

import torch
from torch import Tensor

from suite.measures.family import Index
from suite.measures.matrices import Representation

# Similarities nearer than this differ by rounding alone.
_EQUAL = 1e-9


def layer_identification(
    nets: Sequence[Sequence[Representation]],
    measure: Index | Callable[[Representation, Representation], float],
) -> float:
    """Share of layers, in 0..1, whose most similar layer of another network is the one at the same depth.

    ``nets`` are networks of one architecture, trained from different seeds: of each its layers' [n, p_i] on
    the same examples. Layer i of a is identified in b where s(aᵢ, bⱼ) is the largest at j = i (Kornblith et
    al. 2019, section 6.1); the mean is over i and ordered pairs of networks; chance is 1 / layers. Where k
    layers are equally similar, each is the largest in 1 / k of the cases.

    ``measure`` is higher where two are more alike. Unless it is an ``Index`` that says it is symmetric, both
    orders are added, as there. Raises ValueError of fewer than two networks or layers, or where networks
    differ in depth; and as the measure does.
    """
    depths = {len(net) for net in nets}
    if len(nets) < 2 or len(depths) != 1 or depths == {1} or depths == {0}:
        raise ValueError(
            "identification needs two or more networks of the same two or more layers, "
            f"not of {[len(net) for net in nets]}"
        )
    return fmean(
        identified(similarities)
        for one, other in combinations(nets, 2)
        for found in [_similarities(one, other, measure)]
        for similarities in (found, found.T)
    )


def identified(similarities: Tensor) -> float:
    """Share of rows, in 0..1, of similarities [layers, layers] that are largest on the diagonal."""
    largest = similarities >= similarities.max(1, keepdim=True).values - _EQUAL
    return float((largest.diagonal() / largest.sum(1)).mean())


def _similarities(
    one: Sequence[Representation],
    other: Sequence[Representation],
    measure: Index | Callable[[Representation, Representation], float],
) -> Tensor:
    """How similar each layer of ``one`` is to each of ``other``, float64 [layers, layers]."""
    of = measure.of if isinstance(measure, Index) else measure
    found = [[of(x, y) for y in other] for x in one]
    if not (isinstance(measure, Index) and measure.symmetric):
        found = [
            [value + of(y, x) for value, y in zip(row, other, strict=True)]
            for row, x in zip(found, one, strict=True)
        ]
    return torch.tensor(found, dtype=torch.float64)
