"""Measurements of similarity as text and as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from leaderboard.board.similarity import HEAD, Layer, Similarity, number, spelled, warnings
from suite.cli.lines import Col, table, terminal_width


def lines(found: Similarity) -> Iterator[str]:
    """The table of one comparison and what must be known beside it, for a terminal."""
    benchmark = found.record.benchmark
    where = f"{benchmark.name}, {found.protocol}" if benchmark else found.protocol
    yield f"{found.title} · {where}, {found.episodes} episodes"
    yield "Distance, 1 less the similarity: 0 is the same; 95 % intervals over episodes"
    yield ""
    columns: list[Col[Layer]] = [
        Col("Layer", lambda layer: layer.name),
        Col("Rows", lambda layer: f"{layer.rows:,}", right=True, rank=2),
        Col("Neurons", _neurons, right=True, rank=2),
        Col("Rows a neuron", lambda layer: _ratio(layer, found.safe_ratio), right=True, rank=1),
        *(_distance(name, title) for name, title in found.indexes.items()),
    ]
    # What does not fit beside goes below: no measure is left out on a narrow terminal.
    yield from _folded(found, columns)
    if len(found.layers) > 1 and found.layers[-1].name == HEAD:
        yield ""
        yield from _body_and_head(found)
    for sentence in warnings(found):
        yield f"! {sentence[:1].upper()}{sentence[1:]}."


def as_json(found: Similarity) -> dict[str, Any]:
    """The same as plain data."""
    return {
        "title": found.title,
        "key": found.record.key,
        **{name: found.record.spec[name] for name in ("benchmark", "episodes", "sides")},
        "safe_ratio": found.safe_ratio,
        "layers": [
            {**layer, "rows_a_neuron": read.ratio}
            for layer, read in zip(found.record.results["layers"], found.layers, strict=True)
        ],
        "warnings": warnings(found),
    }


def _folded(found: Similarity, columns: list[Col[Layer]]) -> Iterator[str]:
    width = terminal_width()
    (layer, *facts), measures = columns[:4], columns[4:]
    # An interval takes 22 places, two go between columns; rows and neurons stand in the first table alone.
    first, further = max(1, (width - 42) // 24), max(1, (width - 10) // 24)
    yield from table(found.layers, [layer, *facts, *measures[:first]], width, lambda _: None)
    for start in range(first, len(measures), further):
        yield ""
        yield from table(found.layers, [layer, *measures[start : start + further]], width, lambda _: None)


def _body_and_head(found: Similarity) -> Iterator[str]:
    """Where the head lies against the body, measure by measure."""
    *body, head = found.layers
    for name, title in found.indexes.items():
        each = [interval.estimate for layer in body if (interval := layer.distances[name]) is not None]
        own = head.distances[name]
        if each and own is not None:
            side = "farther apart than" if own.estimate > max(each) else "nearer than"
            if min(each) <= own.estimate <= max(each):
                side = "among"
            yield f"{title}: the head ({number(own.estimate)}) is {side} the body's layers ({_span(each)})"


def _span(values: list[float]) -> str:
    low, high = number(min(values)), number(max(values))
    return low if low == high else f"{low} to {high}"


def _neurons(layer: Layer) -> str:
    one, other = layer.neurons
    return str(one) if one == other else f"{one}, {other}"


def _ratio(layer: Layer, safe: float) -> str:
    return f"{layer.ratio:.1f} !" if layer.ratio < safe else f"{layer.ratio:.0f}  "


def _distance(name: str, title: str) -> Col[Layer]:
    return Col(title, lambda layer: spelled(layer.distances[name]), right=True)
