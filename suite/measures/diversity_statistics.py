"""Intervals of the mean distance of tasks: pairs share tasks, so tasks are what is drawn again, not pairs."""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray

Interval = tuple[float, float]
"""The lower and upper end."""

DRAWS = 4_000
_COVERAGE = 0.95
_NORMAL_QUANTILE = 1.96


def bootstrap_counts(n: int, key: str) -> NDArray[np.int64]:
    """How often each of n tasks is drawn when n are, with replacement: [DRAWS, n], by n and ``key``."""
    digest = hashlib.sha256(f"bootstrap {key}".encode()).digest()
    raw = np.random.Philox(key=int.from_bytes(digest[:16], "little")).random_raw(DRAWS * n)
    drawn = ((raw >> np.uint64(32)) * np.uint64(n) >> np.uint64(32)).astype(np.int64).reshape(DRAWS, n)
    drawn += n * np.arange(DRAWS)[:, None]
    return np.bincount(drawn.reshape(-1), minlength=DRAWS * n).reshape(DRAWS, n)


def mean_distances(distances: NDArray[np.float64], counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """Mean distance of two different tasks in each draw [draws]; ``distances`` [n, n], ``counts`` [draws, n].

    Pairs of a task with itself do not count. A draw of one task alone says nothing, and is left out.
    """
    n = len(distances)
    weights = counts.astype(np.float64)
    pairs = n * n - np.square(weights).sum(1)
    told = pairs > 0
    weights = weights[told]
    without_self = distances - np.diag(np.diag(distances))
    found: NDArray[np.float64] = ((weights @ without_self) * weights).sum(1) / pairs[told]
    return found


def percentiles(drawn: NDArray[np.float64]) -> Interval:
    """The middle 95 % of what was drawn."""
    low, high = np.quantile(drawn, [(1 - _COVERAGE) / 2, (1 + _COVERAGE) / 2])
    return float(low), float(high)


def pair_interval(mean: float, deviation: float, pairs: int) -> Interval:
    """mean ± 1.96 sd / √pairs, as if pairs were independent."""
    half = float(_NORMAL_QUANTILE * deviation / np.sqrt(pairs))
    return mean - half, mean + half
