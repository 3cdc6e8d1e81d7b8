"""How far a network is from another one that it is held against, layer by layer."""

from __future__ import annotations

from suite.measures.cka import unbiased_cka
from suite.measures.matrices import Representation
from suite.measures.registry import measure


@measure("cka_to_reference", needs=("x", "y"))
def cka_to_reference(x: Representation, y: Representation) -> float:
    """``unbiased_cka`` of a layer x [n, p] and the same layer y [n, q] of a reference network, at most 1.

    By Kornblith et al. (2021), section 3.1: how unlike a network of plain softmax an objective makes a
    network. Raises ValueError as ``unbiased_cka`` does.
    """
    return unbiased_cka(x, y)
