"""Random numbers for benchmarks that are made up: a pure function of a key, on every machine.

They are made from the raw output of a counter-based generator, which is what numpy promises to keep; the
methods of ``numpy.random.Generator`` are not.
"""

from __future__ import annotations

import hashlib
import json
from math import prod

import numpy as np
from numpy.typing import NDArray

Key = tuple[str | int | float, ...]
"""What a sequence of draws is for: other words, other draws."""


def normal(key: Key, *shape: int) -> NDArray[np.float64]:
    """Standard normal values [*shape], by the inverse of the distribution function."""
    from scipy.special import ndtri

    # The middle of one of 2^53 equal intervals: never 0 or 1.
    uniform = ((_raw(key, prod(shape)) >> np.uint64(11)).astype(np.float64) + 0.5) * 2.0**-53
    return np.asarray(ndtri(uniform), dtype=np.float64).reshape(shape)


def choose(key: Key, count: int, among: int) -> NDArray[np.int64]:
    """``count`` of the numbers 0..among-1, in ascending order, every choice equally likely."""
    return np.sort(np.argsort(_raw(key, among), kind="stable")[:count])


def _raw(key: Key, count: int) -> NDArray[np.uint64]:
    digest = hashlib.sha256(json.dumps(key).encode()).digest()
    return np.random.Philox(key=int.from_bytes(digest[:16], "little")).random_raw(count)
