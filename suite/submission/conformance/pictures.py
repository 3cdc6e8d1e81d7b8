"""Small benchmarks made on the spot, on which any method trains within a second."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from suite.methods import Budget
from tasks import SPLITS, Benchmark, Card, Episode, Episodes, Split

_CLASSES = 8
_IMAGES = 10


@dataclass(frozen=True)
class Case:
    """Episodes of one shape, on square images of ``size`` pixels a side."""

    way: int = 5
    shot: int = 1
    query: int = 3
    channels: int = 1
    size: int = 16

    def __str__(self) -> str:
        return (
            f"{self.way}-way {self.shot}-shot episodes with images of {self.channels}x{self.size}x{self.size}"
        )

    @property
    def budget(self) -> Budget:
        """Eight and a half episodes of training: a method that takes a ninth is told."""
        return Budget(
            images=self.way * (self.shot + self.query) * 17 // 2, validations=2, validation_episodes=2
        )

    def episodes(self, count: int) -> list[Episode]:
        """The first ``count`` test episodes."""
        found = Episodes(
            patterns(self.channels, self.size), "test", self.way, self.shot, self.query, seed=1, length=count
        )
        return [found[i] for i in range(count)]


def patterns(channels: int, size: int) -> Benchmark:
    """Each class a coarse pattern of 4 x 4 cells, each image that pattern under noise."""
    generator = np.random.default_rng(7)
    splits = {}
    for name in SPLITS:
        cells = generator.integers(0, 256, (_CLASSES, 1, channels, 4, 4))
        coarse = cells.repeat(size // 4, 3).repeat(size // 4, 4)
        noise = generator.normal(0, 60, (_CLASSES, _IMAGES, channels, size, size))
        splits[name] = Split(
            images=np.clip(coarse + noise, 0, 255).astype(np.uint8).reshape(-1, channels, size, size),
            labels=np.repeat(np.arange(_CLASSES, dtype=np.int64), _IMAGES),
            domains=np.zeros(_CLASSES * _IMAGES, dtype=np.int64),
            classes=tuple(f"{name}-{i}" for i in range(_CLASSES)),
        )
    card = Card("Patterns", "coarse patterns under noise", "CC0-1.0", "nobody", "by class")
    return Benchmark("patterns", splits, ("noise",), card, {"channels": channels, "size": size})
