"""The page of measured distances: what is drawn where, and that it is the same bytes each time."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from leaderboard.board.distance_pages import Comparison, MeasuredByProbe, render_distances, write_distances
from leaderboard.board.distances import (
    LEVELS,
    Measured,
    distance_histogram,
    distance_scale,
    heat_map,
)
from leaderboard.ranking import Interval
from leaderboard.records import BenchmarkIdentity, Record
from leaderboard.records import Measured as Clock
from leaderboard.store import StoreError


def distances(n: int, seed: int = 0) -> NDArray[np.float64]:
    drawn = np.random.default_rng(seed).uniform(0.2, 0.6, (n, n))
    found = np.triu(drawn, 1)
    return found + found.T


def measured(title: str, n: int = 6, domains: tuple[str | None, ...] = (), floor: bool = True) -> Measured:
    between = distances(n)
    mean = float(between[np.triu_indices(n, 1)].mean())
    identity = BenchmarkIdentity(name="latent", options={}, digest=title[0] * 64)
    results = {
        "mean": mean,
        "interval": [mean - 0.02, mean + 0.02],
        "pair_interval": [mean - 0.001, mean + 0.001],
        "floor": 0.1 if floor else None,
        "floor_interval": [0.08, 0.12] if floor else None,
        "floor_overlap": 0.25 if floor else 0.0,
        "standardized": 3.5,
        "complexity": 1.25,
        "complexity_interval": [1.0, 1.5],
        "effective_tasks": float(between.sum()),
        "tasks": n,
        "probe": "conv4",
    }
    spec = {
        "probe": {"name": "conv4", "options": {}, "digest": "d" * 64},
        "task": {"way": 5, "shot": 5, "query": 15},
        "split": "train",
        "estimator": "exact",
    }
    clock = Clock(started="2026-01-01", wall_seconds=1, cpu_seconds=1, peak_memory_mib=1, host="h")
    record = Record(
        key="k" * 64,
        kind="diversity",
        sweep="s",
        spec=spec,
        benchmark=identity,
        results=results,
        measured=clock,
    )
    floors = np.array([0.09, 0.11]) if floor else np.zeros(0)
    return Measured(title, record, between, domains or (None,) * n, floors)


def area(path: str) -> int:
    return sum(int(width) for width in re.findall(r"h(\d+)v1", path))


def test_every_pair_of_tasks_is_drawn_once_in_each_half_and_no_task_with_itself() -> None:
    found = measured("a", 7)
    heat = heat_map(found, distance_scale([found]))
    assert len(heat.shades) == LEVELS
    assert sum(map(area, heat.shades)) == 7 * 6


def test_tasks_of_a_domain_lie_side_by_side_and_those_of_several_last() -> None:
    found = measured("a", 6, ("b", None, "a", "b", "a", "b"))
    heat = heat_map(found, distance_scale([found]))
    assert [name for name, _, _ in heat.domains] == ["a", "b", "mixed"]
    assert [start for _, start, _ in heat.domains] == pytest.approx([0, 2 / 6, 5 / 6])
    assert "ordered by domain: a, b, mixed" in heat.words


@pytest.mark.parametrize("domains", [("a",) * 20, tuple(f"domain {i}" for i in range(20))])
def test_one_domain_or_very_many_are_not_named(domains: tuple[str, ...]) -> None:
    found = measured("a", 20, domains)
    heat = heat_map(found, distance_scale([found]))
    assert heat.domains == () and heat.left == 0


def test_the_scale_covers_the_distances_and_floors_of_all_benchmarks() -> None:
    scale = distance_scale([measured("a"), measured("b", 9)])
    assert scale.low <= 0.09
    assert scale.high >= distances(9).max()


def test_the_histogram_marks_mean_interval_and_floor() -> None:
    found = measured("a")
    scale = distance_scale([found])
    drawn = distance_histogram(found, scale)
    assert drawn.floor is not None
    assert float(drawn.floor) < float(drawn.low) < float(drawn.mean) < float(drawn.low) + float(drawn.width)
    assert drawn.words.startswith("15 distances from 0.2")
    assert drawn.words.endswith("the floor is 0.100")
    bare = distance_histogram(measured("a", floor=False), scale)
    assert bare.floor is None and bare.words.endswith("no floor")


def parts() -> list[MeasuredByProbe]:
    one, other = measured("<glyphs>", domains=("x", "x", "y", "y", "y", "x")), measured("emoji", floor=False)
    compared = Comparison("<glyphs>", "emoji", Interval(-0.05, -0.08, -0.01))
    return [MeasuredByProbe((one, other), (compared,))]


def test_the_page_says_all_in_text_and_escapes_what_it_is_given() -> None:
    page = dict(render_distances(parts()))["index.html"]
    assert page == dict(render_distances(parts()))["index.html"]
    assert "&lt;glyphs&gt;" in page and "<glyphs>" not in page
    assert "−0.050" in page and "less diverse" in page
    assert "25 % of the images of the second draws" in page
    assert "No class has other images than those of its task" in page
    assert "script" not in page
    for picture in re.findall(
        r"<svg class=\"(?:heat|histogram)\".*?</svg>(?=\s*<(?:p|figcaption))", page, re.DOTALL
    ):
        ET.fromstring(picture)
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'aria-labelledby="([^"]+)"', page)) <= set(ids)


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    assert write_distances(tmp_path / "page", parts()).is_file()
    assert {path.name for path in (tmp_path / "page").glob("*.css")} == {
        "board.css",
        "pages.css",
        "distances.css",
    }
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError):
        write_distances(tmp_path / "file", parts())
