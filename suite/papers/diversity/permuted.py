"""Digits under fixed permutations of their pixels: a domain each, so diversity grows with their number."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from tasks import Benchmark, Split, SplitName, digits
from tasks.benchmark import SPLITS
from tasks.draws import normal

_SIDE = 8


def permuted_digits(domains: int, seed: int, purpose: str = "tasks") -> Benchmark:
    """Rotated digits of 8 x 8 pixels, 20, 8 and 12 classes in each domain; episodes stay within a domain.

    A domain shows every image with its pixels in an order of its own, by ``purpose``, ``seed`` and its
    number: with more domains, the first stay as they are.
    """
    orders = np.stack([np.argsort(normal(("pixels", purpose, seed, k), _SIDE**2)) for k in range(domains)])
    plain = digits.load(size=_SIDE, rotated=True)
    return Benchmark(
        "permuted digits",
        {split: _permuted(plain, split, orders) for split in SPLITS},
        tuple(f"order {k}" for k in range(domains)),
        replace(plain.card, title="Digits under permutations of their pixels"),
        {"domains": domains, "seed": seed, "purpose": purpose},
        within_domain=True,
    )


def _permuted(plain: Benchmark, split: SplitName, orders: NDArray[np.int64]) -> Split:
    images, labels, classes = plain.images(split), plain.labels(split), plain.classes(split)
    flat = images.reshape(len(images), -1)
    each = np.arange(len(orders))
    return Split(
        np.concatenate([flat[:, order] for order in orders]).reshape(-1, *images.shape[1:]),
        np.concatenate([labels + k * len(classes) for k in each]),
        np.repeat(each, len(images)),
        tuple(f"{name}, order {k}" for k in each for name in classes),
    )
