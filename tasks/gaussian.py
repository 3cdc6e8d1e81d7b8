"""``gaussian``: classes that are normal distributions, so the diversity of tasks is known, and tunable."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tasks.benchmark import SPLITS, Benchmark, Card, Split, SplitName
from tasks.cache import through
from tasks.checks import check_positive, check_whole
from tasks.draws import normal
from tasks.raster import check_size
from tasks.registry import benchmark

IMAGES = 60
"""Images of a class."""

_JITTER = 0.01
"""How much the standard deviations of classes differ, as in the paper."""

_REACH = 4.0
"""A gauge shows so many standard deviations of all values to either side of their mean."""


@dataclass(frozen=True)
class Gaussians:
    """Class k is normal around ``means[k]``, with standard deviation ``deviations[k]`` on each axis.

    means [classes, dimensions], deviations [classes].
    """

    means: NDArray[np.float64]
    deviations: NDArray[np.float64]


@dataclass(frozen=True)
class _Design:
    """The options, checked."""

    between: float
    within: float
    dimensions: int
    classes: int
    size: int
    seed: int

    def __post_init__(self) -> None:
        for name in ("between", "within"):
            check_positive(name, getattr(self, name))
            # 10 and 10.0 are one benchmark.
            object.__setattr__(self, name, float(getattr(self, name)))
        for name in ("dimensions", "classes"):
            check_whole(name, getattr(self, name), 1)
        check_whole("seed", self.seed, 0)
        check_size(self.size)
        if self.dimensions > self.size:
            raise ValueError(
                f"size {self.size} has rows for at most {self.size} dimensions, not {self.dimensions}"
            )


@benchmark("gaussian")
def load(
    between: float = 10.0,
    within: float = 1.0,
    dimensions: int = 1,
    classes: int = 100,
    size: int = 8,
    seed: int = 0,
    *,
    cache: Path | None = None,
) -> Benchmark:
    """Grey gauges [n, 1, size, size]; class = a normal distribution, 60 images each; one domain.

    On each of ``dimensions`` axes the mean of a class is N(0, between^2) and its standard deviation, the same
    on all axes, |N(within, 0.01^2)|. Each split has ``classes`` of them. With one seed, ``between`` and
    ``within`` only stretch what is drawn. Raises ValueError for a value out of range.
    """
    design = _Design(between, within, dimensions, classes, size, seed)
    sources = ["gaussian.py", "draws.py"]
    return through("gaussian", asdict(design), lambda: _build(design), sources=sources, folder=cache)


def gaussians(benchmark: Benchmark, split: SplitName) -> Gaussians:
    """The distributions that a split's classes are, in the order of ``benchmark.classes(split)``.

    Raises ValueError for any benchmark but ``gaussian``.
    """
    if benchmark.name != "gaussian":
        raise ValueError(f"gaussian has classes that are normal distributions, {benchmark.name} has not")
    options: dict[str, Any] = dict(benchmark.options)
    return _classes(_Design(**options), split)


def gauges(values: NDArray[np.float64], size: int) -> NDArray[np.uint8]:
    """Pictures uint8 [n, size, size] of values [n, d], d <= size, in units in which -4..4 fills a gauge.

    Each value is a bar from the left edge, in a band of rows of its own. A pixel is as bright as the share of
    it that the bar covers, so a value is kept to 1 / (255 size) of the gauge; past either end it is cut off.
    """
    levels = np.rint((values / (2 * _REACH) + 0.5) * 255 * size).astype(np.int64)
    bars = np.clip(levels[..., None] - 255 * np.arange(size), 0, 255).astype(np.uint8)
    bands = np.arange(size) * values.shape[1] // size
    return np.asarray(bars[:, bands])


def _classes(design: _Design, split: SplitName) -> Gaussians:
    means = normal(("gaussian means", design.seed, split), design.classes, design.dimensions)
    jitter = normal(("gaussian deviations", design.seed, split), design.classes)
    return Gaussians(design.between * means, np.abs(design.within + _JITTER * jitter))


def _build(design: _Design) -> Benchmark:
    splits = {split: _split(design, split) for split in SPLITS}
    return Benchmark("gaussian", splits, ("gaussian",), _card(), asdict(design))


def _split(design: _Design, split: SplitName) -> Split:
    drawn, count = _classes(design, split), design.classes
    samples = normal(("gaussian samples", design.seed, split), count, IMAGES, design.dimensions)
    values = drawn.means[:, None] + drawn.deviations[:, None, None] * samples
    spread = math.hypot(design.between, design.within)
    return Split(
        gauges(values.reshape(-1, design.dimensions) / spread, design.size)[:, None],
        np.repeat(np.arange(count, dtype=np.int64), IMAGES),
        np.zeros(count * IMAGES, dtype=np.int64),
        tuple(f"{split} {k}" for k in range(count)),
    )


def _card() -> Card:
    return Card(
        title="Gaussian: tasks of a diversity that is known",
        description=(
            "Synthetic. A class is a normal distribution: its mean is drawn with standard deviation "
            "`between`, its own standard deviation is about `within`. Their ratio sets how far classes, and "
            "so tasks, lie apart: in d dimensions the squared Hellinger distance of two classes is on "
            "average 1 - (1 + between^2 / (2 within^2))^(-d/2). Values are divided by the standard "
            "deviation of all, so that nothing but the ratio changes, and are shown as bars. A bar is its "
            "value one to one, up to rounding and within 4 standard deviations, so distances of "
            "distributions stay what they are; and a network without biases, which of a mere number sees "
            "the sign, sees all of a bar."
        ),
        licence="CC0-1.0",
        attribution="Made up by Transfer League.",
        split_rule="the classes of each split are drawn independently",
        citation=(
            "After B. Miranda, P. Yu, Y.-X. Wang, S. Koyejo: The Curse of Low Task Diversity: On the Failure "
            "of Transfer Learning to Outperform MAML and Their Empirical Equivalence. arXiv:2208.01545, 2022."
        ),
    )
