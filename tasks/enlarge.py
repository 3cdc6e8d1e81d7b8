"""Small maps made larger, the same bytes everywhere."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def enlarge(maps: NDArray[np.integer], size: int, most: int = 255) -> NDArray[np.uint8]:
    """Square maps [n, s, s] of whole numbers 0..most, as images uint8 [n, size, size] of 0..255.

    Interpolated bilinearly between pixel centres, level beyond the outermost ones, and rounded half up. All
    sums are of whole numbers below 2^53, exact in float64 in any order. Raises ValueError for a ``size``
    below s: that would take averages.
    """
    side = maps.shape[1]
    if size < side:
        raise ValueError(f"maps of {side} pixels can be enlarged, not made {size} pixels wide")
    weights = _weights(side, size)
    whole = most * (2 * size) ** 2
    sums = np.matmul(np.matmul(weights, maps.astype(np.float64)), weights.T).astype(np.int64)
    return np.asarray((2 * 255 * sums + whole) // (2 * whole), dtype=np.uint8)


def _weights(side: int, size: int) -> NDArray[np.float64]:
    """How much each of ``side`` pixels counts in each of ``size``, times 2 * size: [size, side]."""
    weights = np.zeros((size, side))
    # In units of 1 / (2 * size) of a pixel of the map, from the centre of its first one.
    centres = np.clip((2 * np.arange(size) + 1) * side - size, 0, 2 * size * (side - 1))
    before, past = np.divmod(centres, 2 * size)
    rows = np.arange(size)
    weights[rows, before] = 2 * size - past
    weights[rows, np.minimum(before + 1, side - 1)] += past
    return weights
