"""How differences spread over episodes: bars of equal width, one of them centred on no difference."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from leaderboard.board import figures
from leaderboard.board.plots import Scale
from leaderboard.ranking import Interval

WIDTH, HEIGHT = 440, 140
_LEFT, _RIGHT, _TOP, _BOTTOM = 8, 8, 14, 34
_MOST_BARS = 41


@dataclass(frozen=True)
class Histogram:
    """Bars where A is behind (below zero), level and ahead (above); zero; the mean and its interval."""

    behind: str
    level: str
    ahead: str
    zero: str
    mean: str
    low: str | None
    high: str | None
    ticks: tuple[tuple[str, str], ...]
    base: str
    words: str


def histogram(differences: NDArray[np.float64], mean: Interval, grain: float) -> Histogram:
    """The differences [episodes], A minus B in 0..1, whose least possible step is ``grain``."""
    reach = max(float(np.abs(differences).max()), grain)
    # Bars of whole steps, so that none holds more of the possible differences than another.
    width = grain * max(1, math.ceil(2 * reach / (grain * (_MOST_BARS - 1))))
    number = np.rint(differences / width).astype(np.int64)
    half = int(np.abs(number).max())
    counts = np.bincount(number + half, minlength=2 * half + 1)
    scale = Scale(-(half + 0.5) * width, (half + 0.5) * width, ())
    tallest = int(counts.max())

    def bars(first: int, last: int) -> str:
        parts = []
        for k in range(first, last + 1):
            if count := int(counts[k + half]):
                left, right = (_x((k + side) * width, scale) for side in (-0.46, 0.46))
                top = HEIGHT - _BOTTOM - (HEIGHT - _TOP - _BOTTOM) * count / tallest
                parts.append(f"M{left:.1f} {HEIGHT - _BOTTOM}V{top:.1f}H{right:.1f}V{HEIGHT - _BOTTOM}Z")
        return "".join(parts)

    ahead, level, behind = ((differences > 0).mean(), (differences == 0).mean(), (differences < 0).mean())
    return Histogram(
        behind=bars(-half, -1),
        level=bars(0, 0),
        ahead=bars(1, half),
        zero=f"{_x(0.0, scale):.1f}",
        mean=f"{_x(mean.estimate, scale):.1f}",
        low=None if mean.low is None else f"{_x(mean.low, scale):.1f}",
        high=None if mean.high is None else f"{_x(mean.high, scale):.1f}",
        ticks=tuple((f"{_x(tick, scale):.1f}", _points(tick)) for tick in _ticks(scale.high)),
        base=str(HEIGHT - _BOTTOM),
        words=(
            f"{len(differences):,} episodes: ahead in {100 * ahead:.0f} %, level in {100 * level:.0f} %, "
            f"behind in {100 * behind:.0f} %"
        ),
    )


def _ticks(reach: float) -> list[float]:
    step = next(step for step in (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0) if reach / step <= 4.5)
    count = int(reach / step)
    return [step * k for k in range(-count, count + 1)]


def _points(difference: float) -> str:
    return figures.signed_points(difference).removesuffix(".0")


def _x(difference: float, scale: Scale) -> float:
    return _LEFT + scale.share(difference) * (WIDTH - _LEFT - _RIGHT)
