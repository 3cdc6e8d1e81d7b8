"""Small made pictures on which every method learns within a second: for tests of methods and models."""

from __future__ import annotations

import numpy as np

from tasks import SPLITS, Benchmark, Card, Split


def noisy_patterns(
    classes: tuple[int, int, int] = (40, 12, 12),
    images: int = 12,
    channels: int = 1,
    size: int = 16,
    noise: float = 90.0,
    seed: int = 0,
) -> Benchmark:
    """Each class is a coarse pattern of 4 x 4 grey cells, each image that pattern under strong pixel noise.

    An untrained network finds the pattern now and then; one that has learned to smooth finds it often.
    """
    generator = np.random.default_rng(seed)
    splits = {}
    for name, count in zip(SPLITS, classes, strict=True):
        cells = (
            generator.integers(0, 256, (count, 1, channels, 4, 4)).repeat(size // 4, 3).repeat(size // 4, 4)
        )
        pictures = cells + generator.normal(0, noise, (count, images, channels, size, size))
        splits[name] = Split(
            images=np.clip(pictures, 0, 255).astype(np.uint8).reshape(-1, channels, size, size),
            labels=np.repeat(np.arange(count, dtype=np.int64), images),
            domains=np.zeros(count * images, dtype=np.int64),
            classes=tuple(f"{name}-{i}" for i in range(count)),
        )
    card = Card("Noisy patterns", "coarse patterns under noise", "CC0-1.0", "nobody", "by class")
    return Benchmark("noisy_patterns", splits, ("noise",), card, {"seed": seed})
