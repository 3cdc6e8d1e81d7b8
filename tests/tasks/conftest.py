"""Benchmarks that several tests of tasks look at."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import tasks
from tasks import SPLITS, Benchmark, Card, Split

CARD = Card("Made", "made by a test", "CC0-1.0", "nobody", "by class", packages={})


@pytest.fixture(scope="session")
def glyphs() -> Benchmark:
    """The real one, built once and kept in the user's cache."""
    return tasks.load("glyphs")


@pytest.fixture(scope="session")
def emoji() -> Benchmark:
    """The real one, built once and kept in the user's cache."""
    return tasks.load("emoji")


@pytest.fixture
def make() -> Callable[..., Benchmark]:
    """Builds a small benchmark of random images: ``make(seed=0, name="made", channels=1)``."""

    def build(seed: int = 0, name: str = "made", channels: int = 1) -> Benchmark:
        generator = np.random.default_rng(seed)
        splits = {
            split: Split(
                generator.integers(0, 256, (12, channels, 6, 7), dtype=np.uint8),
                np.repeat(np.arange(3, dtype=np.int64), 4),
                np.tile(np.arange(2, dtype=np.int64), 6),
                tuple(f"{split} {label} é" for label in range(3)),
            )
            for split in SPLITS
        }
        return Benchmark(name, splits, ("one", "zwei"), CARD, {"size": 6})

    return build
