"""Ratios as a picture (SVG): a dot at the median, a line from least to most, a bar at the target."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape

from bench.measure import Row

_LABEL, _PLOT, _LINE, _HEAD = 330, 430, 24, 46
_TICKS = (0.25, 0.5, 1, 2, 4, 8, 16, 32, 64, 128)


def picture(found: Mapping[str, Sequence[Row]]) -> str:
    """One line for each case that has a peer, on a logarithmic axis of the peer's time over ours."""
    rows = [(name, row) for name, part in found.items() for row in part if row.ratio is not None]
    low, high = _range([row for _, row in rows])
    height = _HEAD + _LINE * len(rows) + 12
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_LABEL + _PLOT + 40} {height}" '
        'font-family="system-ui, sans-serif" font-size="12">',
        '<rect width="100%" height="100%" fill="#fff"/>',
        f'<text x="{_LABEL}" y="16" font-weight="600">times as fast as the peer (bar: target)</text>',
    ]
    for tick in _TICKS:
        if low <= tick <= high:
            x = _x(tick, low, high)
            colour = "#666" if tick == 1 else "#ddd"
            parts.append(f'<line x1="{x:.1f}" x2="{x:.1f}" y1="36" y2="{height - 8}" stroke="{colour}"/>')
            parts.append(f'<text x="{x:.1f}" y="31" text-anchor="middle" fill="#555">{tick:g}×</text>')
    for i, (name, row) in enumerate(rows):
        parts += _line(name, row, _HEAD + _LINE * i + _LINE / 2, low, high)
    return "\n".join([*parts, "</svg>", ""])


def _range(rows: Sequence[Row]) -> tuple[float, float]:
    values = [value for row in rows for value in (row.ratio_min, row.ratio_max, row.target) if value]
    low, high = min([*values, 1.0]), max([*values, 2.0])
    return max(t for t in (1e-3, *_TICKS) if t <= low), min(t for t in (*_TICKS, 1e6) if t >= high)


def _x(value: float, low: float, high: float) -> float:
    return _LABEL + _PLOT * (math.log(value) - math.log(low)) / (math.log(high) - math.log(low))


def _line(name: str, row: Row, y: float, low: float, high: float) -> list[str]:
    assert row.ratio is not None and row.ratio_min is not None and row.ratio_max is not None
    left, middle, right = (_x(value, low, high) for value in (row.ratio_min, row.ratio, row.ratio_max))
    reached = row.target is None or row.ratio >= row.target
    colour = "#1b6ca8" if reached else "#b5451b"
    label = escape(f"{name}: {row.case}")
    parts = [
        f'<text x="{_LABEL - 12}" y="{y + 4:.1f}" text-anchor="end">{label}</text>',
        f'<line x1="{left:.1f}" x2="{right:.1f}" y1="{y:.1f}" y2="{y:.1f}" stroke="{colour}" '
        'stroke-width="2"/>',
        f'<circle cx="{middle:.1f}" cy="{y:.1f}" r="4" fill="{colour}">'
        f"<title>{row.ratio:.2f}×</title></circle>",
    ]
    if row.target:
        x = _x(row.target, low, high)
        parts.append(
            f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{y - 7:.1f}" y2="{y + 7:.1f}" stroke="#222" '
            'stroke-width="2"/>'
        )
    return parts
