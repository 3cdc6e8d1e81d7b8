"""Where things lie in the page's pictures: scales in percent of a width, and curves as points."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from leaderboard.board.model import Entry
from leaderboard.ranking import Interval, Standing

PANEL_WIDTH, PANEL_HEIGHT = 180, 116
_LEFT, _RIGHT, _TOP, _BOTTOM = 26, 6, 8, 16

# Accuracies nearer than this are one point on any scale.
_EQUAL = 1e-6

# A method is off the scale if it lies more than so many widths of the others' range below them.
_FAR = 1.5


@dataclass(frozen=True)
class Scale:
    """A linear scale from ``low`` to ``high`` with ticks at round values between them."""

    low: float
    high: float
    ticks: tuple[float, ...]

    def percent(self, value: float) -> str:
        """Position of a value in percent of the width, kept within it: ``37.25%``."""
        return f"{100 * self.share(value):.2f}%"

    def share(self, value: float) -> float:
        """Position of a value in 0..1, kept within it."""
        return min(1.0, max(0.0, (value - self.low) / (self.high - self.low)))


@dataclass(frozen=True)
class Panel:
    """One method's learning curves: SVG points of each seed."""

    method: str
    seeds: tuple[str, ...]
    ends: tuple[tuple[str, str], ...]
    x_ticks: tuple[tuple[str, str], ...]
    y_ticks: tuple[tuple[str, str], ...]
    best: float


def round_scale(low: float, high: float, most_ticks: int = 5) -> Scale:
    """The narrowest scale with ends and ticks at 1, 2 or 5 times a power of ten that covers both values."""
    if high - low < _EQUAL:
        low, high = low - 0.01, high + 0.01
    raw = (high - low) / most_ticks
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(m * power for m in (1, 2, 5, 10) if m * power >= raw * (1 - 1e-9))
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return Scale(first * step, last * step, tuple(i * step for i in range(first, last + 1)))


def accuracy_scale(standings: Sequence[Standing], chance: float) -> Scale:
    """A scale over the intervals, with chance on it where that does not squeeze the methods into one half.

    The last few methods are left off the scale where they lie so far below that the others would look alike.
    """
    ends = sorted((_ends(standing) for standing in standings), reverse=True)
    for kept in range(len(ends) - 1, max(2, 2 * len(ends) // 3 - 1), -1):
        spread = max(high for _, high in ends[:kept]) - ends[kept - 1][0]
        if ends[kept - 1][0] - max(high for _, high in ends[kept:]) > _FAR * spread:
            ends = ends[:kept]
            break
    low, high = min(low for low, _ in ends), max(high for _, high in ends)
    if chance < low and low - chance <= high - low:
        low = chance
    return round_scale(low, high)


def rank_scale(standings: Sequence[Standing]) -> Scale:
    """A scale over the ranks 1 to n, half a rank wider on both sides."""
    count = len(standings)
    step = next(step for step in (1, 5, 10, 20, 50, 100, 1_000, 10_000) if count <= 8 * step)
    ticks = [1, *(rank for rank in range(2, count + 1) if rank % step == 0)]
    return Scale(0.5, count + 0.5, tuple(float(rank) for rank in ticks))


def drawn_interval(standing: Standing) -> Interval:
    """The interval that is drawn: the score's, or with one seed that of its one checkpoint."""
    return standing.checkpoint or standing.score


def _ends(standing: Standing) -> tuple[float, float]:
    interval = drawn_interval(standing)
    low = interval.estimate if interval.low is None else interval.low
    high = interval.estimate if interval.high is None else interval.high
    return low, high


@dataclass(frozen=True)
class Panels:
    """Learning curves of a column: one panel a method, and behind each the means of all, as one SVG path."""

    each: tuple[Panel, ...]
    means: str


def panels(entries: Iterable[Entry], order: Sequence[str]) -> Panels | None:
    """Learning curves of one column, a panel for each method that has any, in the order given."""
    curves = {
        entry.method: [seed.curve for seed in entry.seeds if seed.curve]
        for entry in entries
        if any(seed.curve for seed in entry.seeds)
    }
    points = [point for seeds in curves.values() for curve in seeds for point in curve]
    if not points:
        return None
    x = Scale(0.0, max(images for images, _ in points) or 1.0, ())
    y = round_scale(min(a for _, a in points), max(a for _, a in points), most_ticks=3)
    means = [f"M{_line(_mean(curves[method]), x, y)}" for method in sorted(curves)]
    each = [
        Panel(
            method=method,
            seeds=tuple(_line(curve, x, y) for curve in curves[method]),
            ends=tuple(_point(curve[-1], x, y) for curve in curves[method]),
            x_ticks=tuple((_x(v, x), thousands(v)) for v in (x.low, x.high)),
            y_ticks=tuple((_y(v, y), f"{100 * v:.0f}") for v in y.ticks),
            best=max(accuracy for curve in curves[method] for _, accuracy in curve),
        )
        for method in order
        if method in curves
    ]
    return Panels(tuple(each), "".join(means))


def _mean(curves: Sequence[Sequence[tuple[int, float]]]) -> list[tuple[int, float]]:
    """Mean curve over seeds at the image counts that all seeds have."""
    shared = set.intersection(*({images for images, _ in curve} for curve in curves))
    values = [dict(curve) for curve in curves]
    return [(images, sum(v[images] for v in values) / len(values)) for images in sorted(shared)]


def _line(curve: Iterable[tuple[int, float]], x: Scale, y: Scale) -> str:
    return " ".join(",".join(_point(point, x, y)) for point in curve)


def _point(point: tuple[int, float], x: Scale, y: Scale) -> tuple[str, str]:
    return _x(point[0], x), _y(point[1], y)


def _x(value: float, scale: Scale) -> str:
    return f"{_LEFT + scale.share(value) * (PANEL_WIDTH - _LEFT - _RIGHT):.1f}"


def _y(value: float, scale: Scale) -> str:
    return f"{PANEL_HEIGHT - _BOTTOM - scale.share(value) * (PANEL_HEIGHT - _TOP - _BOTTOM):.1f}"


def thousands(value: float) -> str:
    """A round number on a scale: ``500``, ``30k``, ``1.5M``."""
    if value >= 1_000_000:
        return f"{value / 1_000_000:g}M"
    return f"{value / 1_000:g}k" if value >= 1_000 else f"{value:g}"
