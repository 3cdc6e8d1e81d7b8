"""Contact sheets: what the images of a benchmark look like."""

from __future__ import annotations

from collections.abc import Sequence
from colorsys import hsv_to_rgb

import numpy as np
from numpy.typing import NDArray

from tasks.benchmark import Benchmark, SplitName

_GAP = 1
_RULE, _EMPTY = 200, 128


def contact_sheet(
    benchmark: Benchmark, split: SplitName, classes: Sequence[int], per_class: int
) -> NDArray[np.uint8]:
    """One row a class, one column a sample: uint8 [len(classes) * (h + 1) + 1, per_class * (w + 1) + 1, 3].

    ``classes`` are indices into ``benchmark.classes(split)``. Of a class with more samples than columns,
    evenly spaced ones are shown; tiles past its last sample are plain grey. Where there are several domains,
    the line above and left of a sample has the colour of its domain (``domain_colour``).
    Raises ValueError for no class or column, or a class that the split doesn't have.
    """
    if not classes or per_class < 1:
        raise ValueError(
            f"a sheet needs at least one class and one column, not {len(classes)} and {per_class}"
        )
    images, labels, domains = benchmark.images(split), benchmark.labels(split), benchmark.domains(split)
    channels, height, width = images.shape[1:]
    count = len(benchmark.classes(split))
    shape = (len(classes) * (height + _GAP) + _GAP, per_class * (width + _GAP) + _GAP, 3)
    sheet = np.full(shape, _RULE, dtype=np.uint8)
    for row, label in enumerate(classes):
        if not 0 <= label < count:
            raise ValueError(f"{benchmark.name}/{split} has classes 0 to {count - 1}, not {label}")
        members = np.flatnonzero(labels == label)
        chosen = members[
            np.arange(min(per_class, len(members))) * len(members) // min(per_class, len(members))
        ]
        top = _GAP + row * (height + _GAP)
        for column in range(per_class):
            left = _GAP + column * (width + _GAP)
            tile = images[chosen[column]] if column < len(chosen) else np.full_like(images[0], _EMPTY)
            # A single channel is repeated; of more than three the first three are shown.
            colour = np.repeat(tile, 3, axis=0) if channels < 3 else tile
            if len(benchmark.domain_names) > 1 and column < len(chosen):
                line = domain_colour(int(domains[chosen[column]]), len(benchmark.domain_names))
                sheet[top - _GAP : top, left - _GAP : left + width] = line
                sheet[top - _GAP : top + height, left - _GAP : left] = line
            sheet[top : top + height, left : left + width] = colour[:3].transpose(1, 2, 0)
    return sheet


def domain_colour(domain: int, domains: int) -> tuple[int, int, int]:
    """Red, green and blue, 0..255, of a domain among ``domains``: hues evenly around the circle."""
    red, green, blue = hsv_to_rgb(domain / domains, 0.8, 0.85)
    return round(255 * red), round(255 * green), round(255 * blue)
