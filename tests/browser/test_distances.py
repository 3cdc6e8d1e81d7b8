"""The page of ``league measure diversity``: accessible, and no wider than a phone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from leaderboard.board.distance_pages import Comparison, MeasuredByProbe, write_distances
from leaderboard.board.distances import Measured
from leaderboard.ranking import Interval
from leaderboard.records import BenchmarkIdentity, Record
from leaderboard.records import Measured as Clock
from tests.browser.conftest import Open
from tests.browser.test_pages import COLOURS, RULES, faults

pytestmark = pytest.mark.browser


def measured(title: str, floor: float | None) -> Measured:
    drawn = np.triu(np.random.default_rng(len(title)).uniform(0.2, 0.5, (30, 30)), 1)
    record = Record(
        key="0" * 64,
        kind="diversity",
        sweep="s",
        spec={
            "probe": {"digest": "d" * 64},
            "task": {"way": 5, "shot": 5, "query": 15},
            "split": "train",
            "estimator": "exact",
        },
        benchmark=BenchmarkIdentity(name=title, options={}, digest="d" * 64),
        results={
            "probe": "conv4 width=64 size=84",
            "mean": 0.351,
            "interval": [0.334, 0.368],
            "pair_interval": [0.349, 0.353],
            "floor": floor,
            "floor_interval": None if floor is None else [floor - 0.01, floor + 0.01],
            "floor_overlap": 0.3,
            "standardized": 4.27,
            "complexity": 12.1,
            "complexity_interval": [11.4, 12.8],
            "tasks": 30,
        },
        measured=Clock(started="", wall_seconds=1, cpu_seconds=1, peak_memory_mib=1, host="h"),
    )
    domains = tuple("Devanagari" if i % 3 else "Latin" for i in range(30))
    floors = np.zeros(0) if floor is None else np.array([floor])
    return Measured(title, record, drawn + drawn.T, domains, floors)


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> str:
    titles = ("union of glyphs and emoji (classes_per_domain=20)", "emoji", "latent (domains=8)")
    found = tuple(measured(title, floor) for title, floor in zip(titles, (0.12, None, 0.2), strict=True))
    compared = tuple(Comparison(titles[0], title, Interval(0.05, -0.01, 0.11)) for title in titles[1:])
    folder: Path = tmp_path_factory.mktemp("distances")
    return write_distances(folder / "board", [MeasuredByProbe(found, compared)]).as_uri()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_serious_fault(address: str, visit: Open, scheme: str) -> None:
    page = visit(address, color_scheme=scheme)
    assert faults(page, RULES if scheme == "light" else COLOURS) == []


@pytest.mark.parametrize("width", [320, 390, 1280])
def test_it_is_no_wider_than_its_window(address: str, visit: Open, width: int) -> None:
    page = visit(address, viewport={"width": width, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_pictures_are_seen_without_scripts(address: str, visit: Open) -> None:
    page = visit(address, java_script_enabled=False)
    assert page.locator("svg.heat").count() == page.locator("svg.histogram").count() == 3
    assert page.locator("svg.heat").first.is_visible()
