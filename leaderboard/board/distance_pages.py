"""Measurements of diversity as one static page: figures side by side, histograms and heat maps."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from leaderboard.board.distances import (
    HEIGHT,
    LEVELS,
    WIDTH,
    DistanceHistogram,
    HeatMap,
    Measured,
    distance_histogram,
    distance_scale,
    heat_map,
)
from leaderboard.board.environment import environment
from leaderboard.board.folder import write_folder
from leaderboard.board.plots import Scale
from leaderboard.ranking import Interval

_STYLES = ("board.css", "pages.css", "distances.css")


@dataclass(frozen=True)
class Comparison:
    """The diversity of ``one`` less that of ``other``, both by their titles."""

    one: str
    other: str
    difference: Interval


@dataclass(frozen=True)
class MeasuredByProbe:
    """All that one probe measured under one protocol: only these compare. ``measured`` is not empty."""

    measured: tuple[Measured, ...]
    comparisons: tuple[Comparison, ...]


@dataclass(frozen=True)
class _Picture:
    found: Measured
    id: str
    histogram: DistanceHistogram
    heat: HeatMap


@dataclass(frozen=True)
class _Part:
    by: MeasuredByProbe
    id: str
    scale: Scale
    pictures: tuple[_Picture, ...]


def write_distances(folder: str | os.PathLike[str], parts: Sequence[MeasuredByProbe]) -> Path:
    """Write the page and its style sheets into ``folder``; returns the page.

    Raises StoreError where the folder cannot be written.
    """
    write_folder(Path(folder), render_distances(parts))
    return Path(folder) / "index.html"


def render_distances(parts: Sequence[MeasuredByProbe]) -> Iterator[tuple[str, str]]:
    """Every file, its path and its content: equal measurements, equal bytes."""
    for name in _STYLES:
        yield name, resources.files("leaderboard.board").joinpath("templates", name).read_text("utf-8")
    drawn = [_part(by, f"probe-{i}") for i, by in enumerate(parts)]
    template = environment().get_template("distances.html")
    yield "index.html", template.render(parts=drawn, size=(WIDTH, HEIGHT), levels=LEVELS, root="")


def _part(by: MeasuredByProbe, name: str) -> _Part:
    scale = distance_scale(by.measured)
    pictures = tuple(
        _Picture(found, f"{name}-{i}", distance_histogram(found, scale), heat_map(found, scale))
        for i, found in enumerate(by.measured)
    )
    return _Part(by, name, scale, pictures)
