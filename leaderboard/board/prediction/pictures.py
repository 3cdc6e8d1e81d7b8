"""Where things lie in a picture of accuracies against a figure."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from leaderboard.board import figures
from leaderboard.board.plots import Scale, round_scale
from leaderboard.board.prediction.words import digits

WIDTH, HEIGHT = 360, 236
_LEFT, _RIGHT, _TOP, _BOTTOM = 34, 12, 10, 26
WAYS = 6
"""So many ways to adapt have a mark of their own; further ones share the last."""

# Figures that span more than this factor are drawn on a logarithmic scale.
_WIDE = 20.0


@dataclass(frozen=True)
class Spot:
    """A method: its figure and accuracy, and the number of its way to adapt, from 1."""

    words: str
    way: int
    figure: float
    accuracy: float


@dataclass(frozen=True)
class Mark:
    """A spot drawn."""

    words: str
    way: int
    x: str
    y: str


@dataclass(frozen=True)
class Cloud:
    """One picture; positions are SVG units."""

    marks: tuple[Mark, ...]
    x_ticks: tuple[tuple[str, str], ...]
    y_ticks: tuple[tuple[str, str], ...]
    logarithmic: bool


def cloud(spots: Sequence[Spot]) -> Cloud:
    """The picture of at least one spot."""
    low, high = min(s.figure for s in spots), max(s.figure for s in spots)
    wide = low > 0 and high / low > _WIDE
    turn: Callable[[float], float] = math.log10 if wide else float
    x = _powers(low, high) if wide else round_scale(low, high, 4)
    y = round_scale(min(s.accuracy for s in spots), max(s.accuracy for s in spots), 4)
    return Cloud(
        marks=tuple(
            Mark(
                words=f"{spot.words}: {digits(spot.figure)}, {figures.points(spot.accuracy)} %",
                way=min(spot.way, WAYS),
                x=f"{_x(turn(spot.figure), x):.1f}",
                y=f"{_y(spot.accuracy, y):.1f}",
            )
            for spot in spots
        ),
        x_ticks=tuple((f"{_x(tick, x):.1f}", _spelled(10**tick if wide else tick)) for tick in x.ticks),
        y_ticks=tuple((f"{_y(tick, y):.1f}", f"{100 * tick:.10g}") for tick in y.ticks),
        logarithmic=wide,
    )


def _powers(low: float, high: float) -> Scale:
    """Powers of ten about both, no more than six of them told."""
    ends = math.floor(math.log10(low)), math.ceil(math.log10(high))
    step = max(1, (ends[1] - ends[0] + 5) // 6)
    return Scale(ends[0], ends[1], tuple(float(power) for power in range(ends[0], ends[1] + 1, step)))


def _spelled(value: float) -> str:
    return f"{value:.4g}".replace("-", "−") if value else "0"


def _x(value: float, scale: Scale) -> float:
    return _LEFT + scale.share(value) * (WIDTH - _LEFT - _RIGHT)


def _y(value: float, scale: Scale) -> float:
    return HEIGHT - _BOTTOM - scale.share(value) * (HEIGHT - _TOP - _BOTTOM)
