"""A small made transfer task: for tests of what pretrains and adapts."""

from __future__ import annotations

import numpy as np

from tasks import Card, Problem, Split, Transfer


def noisy_transfer(
    source: int = 6,
    downstream: int = 4,
    images: tuple[int, int, int] = (30, 8, 10),
    noise: float = 60.0,
    seed: int = 0,
) -> Transfer:
    """Grey pictures 16 x 16: each class is a coarse pattern of 4 x 4 cells, each image that under noise."""
    draw = np.random.default_rng(seed)

    def problem(side: str, classes: int) -> Problem:
        cells = draw.integers(0, 256, (classes, 1, 1, 4, 4)).repeat(4, 3).repeat(4, 4)
        names = tuple(f"{side}-{i}" for i in range(classes))

        def part(count: int) -> Split:
            pictures = cells + draw.normal(0, noise, (classes, count, 1, 16, 16))
            return Split(
                images=np.clip(pictures, 0, 255).astype(np.uint8).reshape(-1, 1, 16, 16),
                labels=np.repeat(np.arange(classes, dtype=np.int64), count),
                domains=np.zeros(classes * count, dtype=np.int64),
                classes=names,
            )

        return Problem(*(part(count) for count in images))

    card = Card("Noisy patterns", "coarse patterns under noise", "CC0-1.0", "nobody", "drawn anew")
    return Transfer(
        "noisy_transfer", problem("source", source), problem("downstream", downstream), ("noise",), card
    )
