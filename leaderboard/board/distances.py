"""Pictures of how far tasks lie apart: all distances as a histogram, and each of them in a heat map."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from leaderboard.board.plots import Scale, round_scale
from leaderboard.ranking import Interval
from leaderboard.records import Record

WIDTH, HEIGHT = 440, 150
LEVELS = 10
"""Shades of a heat map."""

_SIDE, _TOP, _BOTTOM = 10, 16, 34
_BARS = 40
_MOST_NAMES = 12
_NAMES_WIDTH = 84
_SEVERAL = "mixed"


@dataclass(frozen=True)
class Measured:
    """The diversity of one benchmark: its record, what it is called, and what lies behind its figures.

    ``distances`` [tasks, tasks]; ``domains`` of the tasks, None where one has several; ``floors`` [redrawn]
    are distances of a task to itself, drawn again.
    """

    title: str
    record: Record
    distances: NDArray[np.float64] = field(repr=False)
    domains: tuple[str | None, ...] = field(repr=False)
    floors: NDArray[np.float64] = field(repr=False)

    @property
    def mean(self) -> Interval:
        """The diversity coefficient."""
        return self.interval("mean", "interval")

    @property
    def floor(self) -> Interval | None:
        """The floor; None where no task could be drawn again."""
        return None if self.record.results["floor"] is None else self.interval("floor", "floor_interval")

    def interval(self, estimate: str, ends: str) -> Interval:
        """Two entries of the results as one."""
        low, high = self.record.results[ends] or (None, None)
        return Interval(self.record.results[estimate], low, high)


@dataclass(frozen=True)
class DistanceHistogram:
    """Bars, and where the mean, its interval's ends and the floor lie: SVG coordinates."""

    bars: str
    base: str
    mean: str
    low: str
    width: str
    floor: str | None
    ticks: tuple[tuple[str, str], ...]
    words: str


@dataclass(frozen=True)
class HeatMap:
    """``shades``: of each level the path of its cells, in a square of ``tasks`` x ``tasks``.

    ``domains``: name, and share in 0..1 at which its tasks begin and lie in the middle; none where tasks are
    of one domain, or of many.
    """

    tasks: int
    shades: tuple[str, ...]
    domains: tuple[tuple[str, float, float], ...]
    left: int
    words: str


def distance_scale(measured: Sequence[Measured]) -> Scale:
    """One scale for the distances of several benchmarks, that they can be compared by eye."""
    values = np.concatenate([np.append(_pairs(found.distances), found.floors) for found in measured])
    return round_scale(float(values.min()), float(values.max()))


def distance_histogram(found: Measured, scale: Scale) -> DistanceHistogram:
    """All distances of two different tasks."""
    pairs = _pairs(found.distances)
    counts, edges = np.histogram(pairs, _BARS, (scale.low, scale.high))
    base = HEIGHT - _BOTTOM
    bars = []
    for count, left, right in zip(counts, edges[:-1], edges[1:], strict=True):
        if count:
            top = base - (base - _TOP) * count / counts.max()
            bars.append(f"M{_x(left, scale) + 0.4:.1f} {base}V{top:.1f}H{_x(right, scale) - 0.4:.1f}V{base}Z")
    mean, floor = found.mean, found.floor
    low, high = (_x(float(end), scale) for end in found.record.results["interval"])
    against = "no floor" if floor is None else f"the floor is {floor.estimate:.3f}"
    return DistanceHistogram(
        bars="".join(bars),
        base=str(base),
        mean=f"{_x(mean.estimate, scale):.1f}",
        low=f"{low:.1f}",
        width=f"{max(high - low, 0.5):.1f}",
        floor=None if floor is None else f"{_x(floor.estimate, scale):.1f}",
        ticks=tuple((f"{_x(tick, scale):.1f}", f"{tick:.10g}") for tick in scale.ticks),
        words=(
            f"{len(pairs):,} distances from {pairs.min():.3f} to {pairs.max():.3f}; "
            f"their mean is {mean.estimate:.3f}, {against}"
        ),
    )


def heat_map(found: Measured, scale: Scale) -> HeatMap:
    """The distance of each two tasks, tasks of a domain side by side."""
    names = [_SEVERAL if domain is None else domain for domain in found.domains]
    order = sorted(range(len(names)), key=lambda task: (found.domains[task] is None, names[task], task))
    distances = found.distances[np.ix_(order, order)]
    shares = (distances - scale.low) / (scale.high - scale.low)
    level = np.clip((shares * LEVELS).astype(np.int64), 0, LEVELS - 1)
    np.fill_diagonal(level, -1)  # a task's distance to itself says nothing
    grouped = [(name, len(list(tasks))) for name, tasks in groupby(names[task] for task in order)]
    shown = grouped if 1 < len(grouped) <= _MOST_NAMES else []
    starts = np.cumsum([0, *(count for _, count in shown)]) / len(order)
    domains = tuple(
        (name, float(start), float((start + end) / 2))
        for (name, _), start, end in zip(shown, starts[:-1], starts[1:], strict=True)
    )
    of = f", ordered by domain: {', '.join(name for name, _, _ in domains)}" if domains else ""
    return HeatMap(
        tasks=len(order),
        shades=tuple(_cells(level == shade) for shade in range(LEVELS)),
        domains=domains,
        left=_NAMES_WIDTH if domains else 0,
        words=f"distances of {len(order)} tasks, each with each{of}",
    )


def _cells(mask: NDArray[np.bool_]) -> str:
    """The set cells [n, n] as one path: a rectangle for each run in a row."""
    parts = []
    for row, cells in enumerate(mask):
        ends = np.flatnonzero(np.diff(np.concatenate([[False], cells, [False]]).astype(np.int8)))
        for start, end in ends.reshape(-1, 2):
            parts.append(f"M{start} {row}h{end - start}v1h-{end - start}z")
    return "".join(parts)


def _pairs(distances: NDArray[np.float64]) -> NDArray[np.float64]:
    found: NDArray[np.float64] = distances[np.triu_indices(len(distances), 1)]
    return found


def _x(value: float, scale: Scale) -> float:
    return _SIDE + scale.share(value) * (WIDTH - 2 * _SIDE)
