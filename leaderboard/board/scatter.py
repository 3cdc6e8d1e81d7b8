"""Accuracy against cost: where each method lies, and the Pareto front that none beats at no more cost."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from leaderboard.board import figures
from leaderboard.board.plots import Scale, round_scale
from leaderboard.ranking import Interval

WIDTH, HEIGHT = 440, 270
_LEFT, _RIGHT, _TOP, _BOTTOM = 40, 16, 10, 38
_LETTER, _LINE, _GAP = 6.5, 11.0, 7.0

# Costs that span more than this factor are drawn on a logarithmic scale.
_WIDE = 20.0
# Costs within this factor are not worth a picture.
_APART = 1.25


@dataclass(frozen=True)
class Point:
    """A method: its place in the standings, what it costs, and its score."""

    method: str
    place: int
    cost: float
    score: Interval


@dataclass(frozen=True)
class Dot:
    """A point drawn, with its place beside it; ``low`` and ``high`` end its interval."""

    method: str
    words: str
    x: str
    y: str
    low: str | None
    high: str | None
    front: bool
    place: int
    label_x: str
    label_y: str


@dataclass(frozen=True)
class Scatter:
    """One picture. ``front`` are the methods on the Pareto front, cheapest first; ``line`` joins them."""

    x_name: str
    dots: tuple[Dot, ...]
    line: str
    front: tuple[str, ...]
    x_ticks: tuple[tuple[str, str], ...]
    y_ticks: tuple[tuple[str, str], ...]
    logarithmic: bool


@dataclass(frozen=True)
class _Axis:
    """Positions along x; costs go through ``turn`` (identity, or the logarithm)."""

    scale: Scale
    turn: Callable[[float], float]
    ticks: tuple[float, ...]

    def at(self, cost: float) -> float:
        return _LEFT + self.scale.share(self.turn(cost)) * (WIDTH - _LEFT - _RIGHT)


def scatter(
    points: Sequence[Point], x_name: str, spell: Callable[[float], str], *, percent: bool
) -> Scatter | None:
    """The picture, or None where costs hardly differ: all alike, or two sorts of method, or a few per cent.

    ``spell`` writes a cost; ``percent``: scores are accuracies, shown in percent.
    """
    costs = sorted({point.cost for point in points if point.cost > 0})
    if len({point.cost for point in points}) < 3 or costs[-1] < _APART * costs[0]:
        return None
    axis = _axis([point.cost for point in points])
    y = round_scale(min(_low(point.score) for point in points), max(_high(point.score) for point in points))
    front = pareto(points)
    placed = [(axis.at(point.cost), _y(point.score.estimate, y), point) for point in points]
    labels = _spots([(a, b, len(str(point.place)) * _LETTER) for a, b, point in placed])
    score = figures.accuracy if percent else figures.score
    return Scatter(
        x_name=x_name,
        dots=tuple(
            Dot(
                method=point.method,
                words=f"{point.place}: {point.method}, {score(point.score)} at {spell(point.cost)}",
                x=f"{a:.1f}",
                y=f"{b:.1f}",
                low=None if point.score.low is None else f"{_y(point.score.low, y):.1f}",
                high=None if point.score.high is None else f"{_y(point.score.high, y):.1f}",
                front=point in front,
                place=point.place,
                label_x=f"{spot[0]:.1f}",
                label_y=f"{spot[1]:.1f}",
            )
            for (a, b, point), spot in zip(placed, labels, strict=True)
        ),
        line=_steps([(axis.at(p.cost), _y(p.score.estimate, y)) for p in front]),
        front=tuple(point.method for point in front),
        x_ticks=tuple((f"{axis.at(tick):.1f}", spell(tick)) for tick in axis.ticks),
        y_ticks=tuple((f"{_y(t, y):.1f}", f"{100 * t if percent else t:.10g}") for t in y.ticks),
        logarithmic=axis.turn is math.log10,
    )


def pareto(points: Sequence[Point]) -> list[Point]:
    """The points that no other beats or equals in score at lower or equal cost, cheapest first."""
    front: list[Point] = []
    for point in sorted(points, key=lambda p: (p.cost, -p.score.estimate, p.place)):
        if not front or point.score.estimate > front[-1].score.estimate:
            front.append(point)
    return front


def _steps(front: Sequence[tuple[float, float]]) -> str:
    """The best score to be had for each cost: it stays until the next method can be paid for."""
    corners = [front[0]]
    for x, y in front[1:]:
        corners += [(x, corners[-1][1]), (x, y)]
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in corners)


def _axis(costs: Sequence[float]) -> _Axis:
    low, high = min(costs), max(costs)
    if low > 0 and high / low > _WIDE:
        ends = math.floor(math.log10(low)), math.ceil(math.log10(high))
        step = max(1, (ends[1] - ends[0] + 5) // 6)
        scale = Scale(float(ends[0]), float(ends[1]), ())
        return _Axis(scale, math.log10, tuple(10.0**power for power in range(ends[0], ends[1] + 1, step)))
    # Costs begin at nothing, so that twice as far to the right is twice as dear.
    scale = round_scale(0.0, high)
    return _Axis(scale, float, scale.ticks)


def _spots(dots: Sequence[tuple[float, float, float]]) -> list[tuple[float, float]]:
    """Where the middle of each label goes, given dots (x, y, width of its label): beside its dot, clear of
    the others and of labels set before, as far as there is room."""
    spots: list[tuple[float, float]] = []
    for i, (x, y, width) in enumerate(dots):
        reach = _GAP + width / 2
        around = [
            (reach, 0),
            (-reach, 0),
            (0, -_LINE),
            (0, _LINE),
            (reach, -8),
            (-reach, -8),
            (reach, 8),
            (-reach, 8),
        ]
        choices = [(x + dx, y + dy) for dx, dy in around]

        def crowded(spot: tuple[float, float], own: int = i, mine: float = width) -> float:
            others = [(a, b, 8.0) for k, (a, b, _) in enumerate(dots) if k != own]
            others += [(a, b, dots[k][2]) for k, (a, b) in enumerate(spots)]
            outside = not (_LEFT < spot[0] < WIDTH - _RIGHT / 2 and _TOP - 6 < spot[1] < HEIGHT - _BOTTOM)
            return 9 * outside + sum(
                max(0.0, (mine + other) / 2 + 1 - abs(a - spot[0])) * max(0.0, _LINE - abs(b - spot[1]))
                for a, b, other in others
            )

        spots.append(min(choices, key=crowded))
    return spots


def _y(score: float, scale: Scale) -> float:
    return HEIGHT - _BOTTOM - scale.share(score) * (HEIGHT - _TOP - _BOTTOM)


def _low(score: Interval) -> float:
    return score.estimate if score.low is None else score.low


def _high(score: Interval) -> float:
    return score.estimate if score.high is None else score.high
