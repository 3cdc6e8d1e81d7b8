"""Where things lie in the page's pictures: gaps against diversity, and accuracies by width."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from leaderboard.board import figures
from leaderboard.board.diversity.model import SizeSeries
from leaderboard.board.plots import Scale, round_scale
from leaderboard.ranking import Interval
from leaderboard.statistics.trend import Line

WIDTH, HEIGHT = 440, 300
_LEFT, _RIGHT, _TOP, _BOTTOM = 44, 14, 14, 40
_BAND_STEPS = 24
_LABEL_REACH = 11.0


@dataclass(frozen=True)
class Spot:
    """One benchmark: diversity and gap with their intervals, and its number in the table."""

    number: int
    name: str
    diversity: Interval
    gap: Interval
    verdict: str


@dataclass(frozen=True)
class Cross:
    """A spot drawn: its place, the ends of both intervals (None: no interval), and where its number goes."""

    number: int
    words: str
    verdict: str
    x: str
    y: str
    left: str
    right: str
    low: str | None
    high: str | None
    label_x: str
    label_y: str


@dataclass(frozen=True)
class Crosses:
    """Gaps against diversity. ``line`` and ``band`` are SVG points, empty where there is no line."""

    crosses: tuple[Cross, ...]
    line: str
    band: str
    zero: str
    above: str
    x_ticks: tuple[tuple[str, str], ...]
    y_ticks: tuple[tuple[str, str], ...]


def crosses(spots: Sequence[Spot], fit: Line | None) -> Crosses:
    """The picture of one panel, of at least one spot."""
    x = round_scale(*_ends([spot.diversity for spot in spots]))
    low, high = _ends([spot.gap for spot in spots])
    y = round_scale(min(low, 0.0), max(high, 0.0))
    placed = [(_x(spot.diversity.estimate, x), _y(spot.gap.estimate, y)) for spot in spots]
    labels = _labels(placed)
    return Crosses(
        crosses=tuple(
            Cross(
                number=spot.number,
                words=f"{spot.number}: {spot.name}, {_words(spot)}",
                verdict=spot.verdict,
                x=f"{a:.1f}",
                y=f"{b:.1f}",
                left=f"{_x(_low(spot.diversity), x):.1f}",
                right=f"{_x(_high(spot.diversity), x):.1f}",
                low=None if spot.gap.low is None else f"{_y(spot.gap.low, y):.1f}",
                high=None if spot.gap.high is None else f"{_y(spot.gap.high, y):.1f}",
                label_x=f"{label[0]:.1f}",
                label_y=f"{label[1]:.1f}",
            )
            for spot, (a, b), label in zip(spots, placed, labels, strict=True)
        ),
        line="" if fit is None else _points([(at, fit.band(at).estimate) for at in (x.low, x.high)], x, y),
        band="" if fit is None else _band(fit, x, y),
        zero=f"{_y(0.0, y):.1f}",
        above=f"{_TOP:.1f}",
        x_ticks=tuple((f"{_x(tick, x):.1f}", f"{tick:.10g}") for tick in x.ticks),
        y_ticks=tuple((f"{_y(t, y):.1f}", figures.signed_points(t).removesuffix(".0")) for t in y.ticks),
    )


@dataclass(frozen=True)
class Trace:
    """One arm by width: SVG points, a mark for each with the ends of its interval, and its number."""

    number: int
    words: str
    points: str
    marks: tuple[tuple[str, str, str | None, str | None], ...]


@dataclass(frozen=True)
class Traces:
    """Accuracies of arms by width, widths evenly spaced."""

    traces: tuple[Trace, ...]
    x_ticks: tuple[tuple[str, str], ...]
    y_ticks: tuple[tuple[str, str], ...]


def traces(series: SizeSeries) -> Traces:
    """The picture of one series."""
    place = {width: number for number, width in enumerate(series.widths)}
    x = Scale(-0.35, len(place) - 0.65, ())
    y = round_scale(*_ends([accuracy for line in series.lines for _, _, accuracy in line.points]))
    aside = [0.07 * (number - (len(series.lines) - 1) / 2) for number in range(len(series.lines))]
    return Traces(
        traces=tuple(
            Trace(
                number=number,
                words=f"{line.initialisation}, {line.adaptation}: "
                + ", ".join(f"{figures.accuracy(accuracy)} at {width}" for width, _, accuracy in line.points),
                points=_points([(place[w] + shift, a.estimate) for w, _, a in line.points], x, y),
                marks=tuple(
                    (
                        f"{_x(place[width] + shift, x):.1f}",
                        f"{_y(accuracy.estimate, y):.1f}",
                        None if accuracy.low is None else f"{_y(accuracy.low, y):.1f}",
                        None if accuracy.high is None else f"{_y(accuracy.high, y):.1f}",
                    )
                    for width, _, accuracy in line.points
                ),
            )
            for number, (line, shift) in enumerate(zip(series.lines, aside, strict=True), 1)
        ),
        x_ticks=tuple((f"{_x(at, x):.1f}", str(width)) for width, at in place.items()),
        y_ticks=tuple((f"{_y(tick, y):.1f}", f"{100 * tick:.10g}") for tick in y.ticks),
    )


def _words(spot: Spot) -> str:
    low, high = spot.gap.low, spot.gap.high
    between = "" if low is None or high is None else f" [{_signed(low)}, {_signed(high)}]"
    return (
        f"diversity {spot.diversity.estimate:.3f}, gap {_signed(spot.gap.estimate)}{between} points, "
        f"{spot.verdict}"
    )


def _signed(difference: float) -> str:
    return figures.signed_points(difference)


def _band(fit: Line, x: Scale, y: Scale) -> str:
    steps = [x.low + (x.high - x.low) * k / _BAND_STEPS for k in range(_BAND_STEPS + 1)]
    bands = [fit.band(at) for at in steps]
    upper = [(at, _high(band)) for at, band in zip(steps, bands, strict=True)]
    lower = [(at, _low(band)) for at, band in zip(steps, bands, strict=True)]
    return _points([*upper, *reversed(lower)], x, y)


def _labels(dots: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Each number goes into the corner of its cross that is furthest from other dots and numbers."""
    labels: list[tuple[float, float]] = []
    for own, (x, y) in enumerate(dots):
        taken = [*(dot for k, dot in enumerate(dots) if k != own), *labels]
        corners = [(x + dx * _LABEL_REACH, y + dy * _LABEL_REACH) for dx in (1, -1) for dy in (-1, 1)]
        inside = [c for c in corners if _LEFT < c[0] < WIDTH - _RIGHT and _TOP < c[1] < HEIGHT - _BOTTOM]
        labels.append(max(inside or corners, key=lambda corner: _nearest(corner, taken)))
    return labels


def _nearest(corner: tuple[float, float], taken: Sequence[tuple[float, float]]) -> float:
    return min(((corner[0] - a) ** 2 + (corner[1] - b) ** 2 for a, b in taken), default=0.0)


def _ends(intervals: Sequence[Interval]) -> tuple[float, float]:
    return min(map(_low, intervals)), max(map(_high, intervals))


def _points(points: Sequence[tuple[float, float]], x: Scale, y: Scale) -> str:
    return " ".join(f"{_x(a, x):.1f},{_y(b, y):.1f}" for a, b in points)


def _x(value: float, scale: Scale) -> float:
    return _LEFT + scale.share(value) * (WIDTH - _LEFT - _RIGHT)


def _y(value: float, scale: Scale) -> float:
    return HEIGHT - _BOTTOM - scale.share(value) * (HEIGHT - _TOP - _BOTTOM)


def _low(interval: Interval) -> float:
    return interval.estimate if interval.low is None else interval.low


def _high(interval: Interval) -> float:
    return interval.estimate if interval.high is None else interval.high
