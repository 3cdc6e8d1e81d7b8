"""Similarity of two adapted methods, layer by layer: what a record of it says, and where its marks lie."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from leaderboard.board.plots import Scale, round_scale
from leaderboard.ranking import Interval
from leaderboard.records import Record

WIDTH, HEIGHT = 440, 280
_LEFT, _RIGHT, _TOP, _BOTTOM = 44, 14, 14, 40
# The head stands apart from the body by so many layers' widths, the marks of a layer side by side.
_GAP, _SPREAD = 0.55, 0.52
HEAD = "head"


@dataclass(frozen=True)
class Layer:
    """Distances of one layer by measure, None where undefined in all episodes; ``neurons`` of each side."""

    name: str
    rows: int
    neurons: tuple[int, int]
    distances: dict[str, Interval | None]
    undefined: dict[str, int]

    @property
    def ratio(self) -> float:
        """Rows for each neuron of the wider side."""
        return self.rows / max(self.neurons)


@dataclass(frozen=True)
class Similarity:
    """A record of kind ``measure``, read. ``indexes``: name -> title of each measure."""

    record: Record
    title: str
    indexes: dict[str, str]
    layers: tuple[Layer, ...]
    episodes: int
    safe_ratio: float

    @property
    def protocol(self) -> str:
        """``5-way 1-shot, 15 queries a class``."""
        told = self.record.spec["episodes"]
        return f"{told['way']}-way {told['shot']}-shot, {told['query']} queries a class"

    @property
    def unsafe(self) -> tuple[Layer, ...]:
        """Layers with too few rows for their neurons."""
        return tuple(layer for layer in self.layers if layer.ratio < self.safe_ratio)


@dataclass(frozen=True)
class Trace:
    """One measure: the polyline through the body's layers, and a mark (x, y, low, high) for each layer."""

    number: int
    title: str
    words: str
    points: str
    marks: tuple[tuple[str, str, str | None, str | None], ...]


@dataclass(frozen=True)
class LayerPicture:
    """Distances by layer; ``border`` is where the body ends and the head begins."""

    traces: tuple[Trace, ...]
    border: str
    x_ticks: tuple[tuple[str, str], ...]
    y_ticks: tuple[tuple[str, str], ...]


def read_similarity(record: Record) -> Similarity:
    """What a measurement of layers says. Raises ValueError of a record of anything else."""
    if record.kind != "measure" or record.spec["measure"]["name"] != "layer_similarity":
        raise ValueError(f"{record.key[:12]} is no measurement of layers")
    results = record.results
    return Similarity(
        record=record,
        title=_title(record),
        # The spec's list has the order that was asked for; a record's mappings are sorted.
        indexes={name: results["indexes"][name] for name in record.spec["indexes"]},
        layers=tuple(_layer(told) for told in results["layers"]),
        episodes=results["episodes"],
        safe_ratio=results["safe_ratio"],
    )


def warnings(found: Similarity) -> list[str]:
    """What a reader of the distances must know beside them, in sentences without their full stop."""
    said = []
    if found.unsafe:
        each = ", ".join(f"{layer.name} {layer.ratio:.2g}" for layer in found.unsafe)
        said.append(
            f"fewer than {found.safe_ratio:g} rows for each neuron ({each}): canonical correlations, "
            "and with them SVCCA and PWCCA, read too alike there; more queries a class help"
        )
        if "linear_cka" in found.indexes:
            said.append(
                f"linear CKA is biased towards alike where rows are few "
                f"({', '.join(layer.name for layer in found.unsafe)}); go by unbiased CKA there"
            )
    for layer in found.layers:
        most = max(layer.undefined.values(), default=0)
        if most:
            said.append(
                f"{layer.name} is the same for all queries in {most} of {found.episodes} episodes, "
                "which are left out"
            )
    return said


def layer_picture(found: Similarity) -> LayerPicture:
    """Distances by layer, as Miranda et al. (2022) draw them: the body's layers in order, the head apart."""
    names = [layer.name for layer in found.layers]
    places = {name: i + (_GAP if name == HEAD else 0.0) for i, name in enumerate(names)}
    x = Scale(-0.5, max(places.values()) + 0.5, ())
    ends = [
        end
        for layer in found.layers
        for interval in layer.distances.values()
        if interval is not None
        for end in (_low(interval), _high(interval))
    ]
    y = round_scale(min(0.0, *ends), max(ends)) if ends else Scale(0.0, 1.0, (0.0, 1.0))
    step = _SPREAD / max(1, len(found.indexes) - 1)
    traces = []
    for number, (name, title) in enumerate(found.indexes.items(), 1):
        aside = step * (number - 1) - _SPREAD / 2 if len(found.indexes) > 1 else 0.0
        traces.append(_trace(found, name, title, number, {n: p + aside for n, p in places.items()}, x, y))
    return LayerPicture(
        traces=tuple(traces),
        border=f"{_x(len(names) - 1.5 + _GAP / 2, x):.1f}",
        x_ticks=tuple((f"{_x(place, x):.1f}", name) for name, place in places.items()),
        y_ticks=tuple((f"{_y(tick, y):.1f}", f"{tick:.10g}".replace("-", "−")) for tick in y.ticks),
    )


def spelled(interval: Interval | None) -> str:
    """``0.123 [0.101, 0.145]``; a dash where it is undefined."""
    if interval is None:
        return "–"
    if interval.low is None or interval.high is None:
        return number(interval.estimate)
    return f"{number(interval.estimate)} [{number(interval.low)}, {number(interval.high)}]"


def number(value: float) -> str:
    """Three digits behind the point, and no minus before what rounds to nothing."""
    return f"{value:.3f}".replace("-", "−") if abs(value) >= 0.0005 else "0.000"


def _title(record: Record) -> str:
    one, other = record.results["sides"]
    first, second = record.spec["sides"]
    arguments = first["method"]["arguments"]
    still = arguments.get("adaptation") == "none" or (
        "adaptation" not in arguments and arguments.get("adaptation_steps") == 0
    )
    if first["training"] == second["training"] and still:
        return f"{other} before and after it adapts"
    return f"{one} and {other}"


def _layer(told: dict[str, Any]) -> Layer:
    one, other = told["neurons"]
    return Layer(
        name=told["layer"],
        rows=told["rows"],
        neurons=(one, other),
        distances={name: _interval(found) for name, found in told["distances"].items()},
        undefined={name: found["undefined"] for name, found in told["distances"].items()},
    )


def _interval(told: dict[str, Any]) -> Interval | None:
    if told["mean"] is None:
        return None
    low, high = told["interval"] or (None, None)
    return Interval(told["mean"], low, high)


def _trace(
    found: Similarity, name: str, title: str, number: int, places: dict[str, float], x: Scale, y: Scale
) -> Trace:
    drawn = [
        (layer.name, distance) for layer in found.layers if (distance := layer.distances[name]) is not None
    ]
    marks = tuple(
        (
            f"{_x(places[layer], x):.1f}",
            f"{_y(distance.estimate, y):.1f}",
            None if distance.low is None else f"{_y(distance.low, y):.1f}",
            None if distance.high is None else f"{_y(distance.high, y):.1f}",
        )
        for layer, distance in drawn
    )
    body = [mark for mark, (layer, _) in zip(marks, drawn, strict=True) if layer != HEAD]
    words = ", ".join(f"{spelled(distance)} at {layer}" for layer, distance in drawn)
    return Trace(number, title, f"{title}: {words}", " ".join(f"{a},{b}" for a, b, _, _ in body), marks)


def _x(value: float, scale: Scale) -> float:
    return _LEFT + scale.share(value) * (WIDTH - _LEFT - _RIGHT)


def _y(value: float, scale: Scale) -> float:
    return HEIGHT - _BOTTOM - scale.share(value) * (HEIGHT - _TOP - _BOTTOM)


def _low(interval: Interval) -> float:
    return interval.estimate if interval.low is None else interval.low


def _high(interval: Interval) -> float:
    return interval.estimate if interval.high is None else interval.high
