"""The page "Diversity": whole, well-formed, and the same bytes each time."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leaderboard.board import build
from leaderboard.board.diversity import pictures
from leaderboard.board.diversity.pictures import Spot, crosses
from leaderboard.board.html import render_site
from leaderboard.ranking import Interval
from tests.support.diverse import Measured, diversity_record, plant
from tests.support.fabricate import METHODS, PlantedColumn, fabricate
from tests.support.markup import Page

Files = dict[str, str | bytes]
FOUR = (0.28, 0.36, 0.44, 0.48)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    folder = tmp_path_factory.mktemp("diversity")
    return dict(render_site(build(plant(folder / "store", widths=(16, 32), diversities=FOUR, episodes=40))))


@pytest.fixture(scope="module")
def page(files: Files) -> Page:
    return Page(str(files["diversity.html"]))


def test_the_first_page_leads_there_and_it_leads_back(files: Files, page: Page) -> None:
    index = Page(str(files["index.html"]))
    assert "diversity.html" in [a.get("href") for a in index.all("a")]
    assert {"diversity.csv", "board.json"} <= {str(a.get("href")) for a in index.all("a")} & files.keys()
    assert "index.html" in [a.get("href") for a in page.all("a")]


def test_it_is_well_formed_and_its_pictures_are_described(page: Page) -> None:
    assert page.unbalanced == []
    assert [name for name, count in Counter(page.ids).items() if count > 1] == []
    assert len(page.all("caption")) == len(page.all("table")) > 5
    assert all(heading.get("scope") in ("col", "row") for heading in page.all("th"))
    pictures = [svg for svg in page.all("svg") if svg.get("aria-hidden") != "true"]
    assert len(pictures) == 4 + len(FOUR)  # two arms at two widths; a series a column
    assert all(set(str(svg["aria-labelledby"]).split()) <= set(page.ids) for svg in pictures)


def test_every_link_leads_somewhere(files: Files, page: Page) -> None:
    index = Page(str(files["index.html"]))
    for link in page.all("a"):
        path, _, place = str(link["href"]).partition("#")
        assert not path or path in files, link
        assert not place or place in (index if path == "index.html" else page).ids, link


def test_it_says_all_that_the_figures_say(page: Page) -> None:
    for said in (
        "Transfer's lead over MAML falls with diversity",
        "USL + head − MAML, 10 steps",
        "For each 0.1 of diversity the gap changes by",
        "0.280 [0.270, 0.290]",
        "0.278–0.283",
        "conv4-16",
        "not trained out",
        "Mean over columns",
        "Diversity by conv4, random weights against the better arm's accuracy",
        "2 validations without a gain of 0.002",
    ):
        assert said in page.text, said
    assert {"better", "worse"} <= set(page.text.split())


def test_without_diversity_it_says_how_to_measure_it(tmp_path: Path) -> None:
    store = plant(tmp_path / "store", probes=(), diversities=(0.3,), episodes=20, fit=False)
    page = Page(str(dict(render_site(build(store)))["diversity.html"]))
    assert "league measure diversity" in page.text and page.unbalanced == []
    assert "cannot be told yet" in page.text and "against" not in page.ids
    assert "tell neither accuracy on meta-train tasks nor whether a plateau" in page.text


def test_with_diversity_alone_it_shows_that_and_says_what_is_missing(tmp_path: Path) -> None:
    store = fabricate(tmp_path / "store", METHODS, episodes=10)
    store.put(*diversity_record(Measured(PlantedColumn("glyphs"), 0.3)))
    store.put(*diversity_record(Measured(PlantedColumn("alone"), 0.4)))
    files = dict(render_site(build(store)))
    page = Page(str(files["diversity.html"]))
    assert "0.300 [0.290, 0.310]" in page.text and "alone" in page.text
    assert "the board has no `transfer` with a head and no `maml`" in page.text
    assert "Not measured by conv4, random weights: emoji." in page.text
    # Data that no method was scored on have a page of their own all the same.
    (path,) = [name for name in files if name.startswith("benchmarks/alone")]
    assert path in [a.get("href") for a in page.all("a")]
    assert Page(str(files[path])).unbalanced == []


def test_a_store_with_nothing_but_diversity_has_a_board(tmp_path: Path) -> None:
    store = fabricate(tmp_path / "store", methods=(), plan=False)
    store.put(*diversity_record(Measured(PlantedColumn("alone"), 0.4)))
    files = dict(render_site(build(store)))
    assert "0.400" in Page(str(files["diversity.html"])).text
    assert "diversity.html" in [a.get("href") for a in Page(str(files["index.html"])).all("a")]


def test_a_board_without_it_has_neither_page_nor_link(tmp_path: Path) -> None:
    files = dict(render_site(build(fabricate(tmp_path / "store", episodes=10))))
    assert "diversity.html" not in files and "diversity.csv" not in files
    assert "diversity.html" not in str(files["index.html"])


def test_the_same_store_gives_the_same_page(tmp_path: Path) -> None:
    one, two = (
        dict(render_site(build(plant(tmp_path / name, diversities=FOUR, seeds=(0, 1), episodes=10))))
        for name in ("one", "two")
    )
    assert one["diversity.html"] == two["diversity.html"] and one["diversity.csv"] == two["diversity.csv"]


intervals = st.tuples(st.floats(-0.5, 0.5), st.floats(0, 0.2)).map(
    lambda both: Interval(both[0], both[0] - both[1], both[0] + both[1])
)


@settings(deadline=None)
@given(st.lists(st.tuples(intervals, intervals), min_size=1, max_size=12))
def test_crosses_and_their_numbers_lie_within_the_picture(found: list[tuple[Interval, Interval]]) -> None:
    spots = [Spot(number, f"b{number}", x, y, "undecided") for number, (x, y) in enumerate(found, 1)]
    picture = crosses(spots, None)
    assert len(picture.crosses) == len(spots) and picture.line == picture.band == ""
    for cross in picture.crosses:
        for x in (cross.left, cross.x, cross.right, cross.label_x):
            assert -12 <= float(x) <= pictures.WIDTH + 12
        for y in (cross.low, cross.y, cross.high, cross.label_y):
            assert y is not None and -12 <= float(y) <= pictures.HEIGHT + 12
        assert float(cross.left) <= float(cross.x) <= float(cross.right)
    assert 0 < float(picture.zero) < pictures.HEIGHT


def test_a_gap_without_an_interval_is_a_dot_and_no_cross() -> None:
    (cross,) = crosses(
        [Spot(1, "b", Interval(0.3, 0.2, 0.4), Interval(0.1, None, None), "undecided")], None
    ).crosses
    assert cross.low is None and cross.high is None and "[" not in cross.words
