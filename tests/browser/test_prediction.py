"""The transfer track and "What predicts transfer?": accessible, no wider than a phone, the same without
scripts."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from leaderboard.board import build, write_html
from tests.browser.conftest import Built, Open
from tests.browser.test_pages import COLOURS, PHONE, RULES, faults, wait_for_scripts
from tests.support.fabricate import COLUMNS, METHODS, fabricate
from tests.support.pretrained import plant

pytestmark = pytest.mark.browser

PAGES = ("transfer/prediction.html", "transfer/index.html", "transfer/methods/sigmoid-linear.html")


@pytest.fixture(scope="module")
def tracks(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """A board of two tracks, with planted measures on one of them."""
    folder = tmp_path_factory.mktemp("tracks")
    fabricate(folder / "store", METHODS, COLUMNS, episodes=30)
    store = plant(folder / "store", adaptations=("knn", "linear"), seeds=(0, 1), images=100)
    board = build(store)
    write_html(board, folder / "board")
    return Built(board, folder / "board")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_no_serious_fault(tracks: Built, visit: Open, name: str, scheme: str) -> None:
    page = visit(tracks.url(name), color_scheme=scheme)
    wait_for_scripts(page)
    page.evaluate("document.querySelectorAll('details').forEach((part) => { part.open = true; })")
    assert faults(page, RULES if scheme == "light" else COLOURS) == []


@pytest.mark.parametrize("width", [320, 390, 1280])
def test_no_page_is_wider_than_its_window(tracks: Built, visit: Open, width: int) -> None:
    for name in PAGES:
        page = visit(tracks.url(name), viewport={"width": width, "height": 844})
        wait_for_scripts(page)
        page.evaluate("document.querySelectorAll('details').forEach((part) => { part.open = true; })")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), name


def test_a_reader_comes_there_from_the_first_page_and_sees_the_same_without_scripts(
    tracks: Built, visit: Open
) -> None:
    page = visit(tracks.url(), viewport=PHONE, java_script_enabled=False)
    page.get_by_role("navigation").get_by_role("link", name="Transfer track", exact=True).click()
    assert page.url == tracks.url("transfer/index.html")
    page.get_by_role("navigation").get_by_role("link", name="What predicts transfer?", exact=True).click()
    assert page.url == tracks.url("transfer/prediction.html")
    assert "Transfer accuracy" in page.locator("h1").inner_text()
    assert page.locator("#predictors table").first.locator("tbody tr").count() == 10
    assert page.locator("figure.cloud svg").first.is_visible()
    assert page.locator("button").filter(visible=True).count() == 0


def test_measures_can_be_sorted_by_what_they_predict(tracks: Built, visit: Open) -> None:
    page = visit(tracks.url("transfer/prediction.html"))
    table = page.locator("#predictors table").first
    table.locator("thead button", has_text="ρ").first.click()
    rhos = table.locator("tbody tr td:nth-child(4)").evaluate_all(
        "(cells) => cells.map((cell) => Number(cell.dataset.sort))"
    )
    assert rhos == sorted(rhos, reverse=True) and len(set(rhos)) > 3


def test_a_pool_of_the_track_is_ranked_in_the_page(tracks: Built, visit: Open) -> None:
    chosen = ("sigmoid + knn", "softmax + knn", "softmax + linear")
    pool = "&".join(f"method={quote(method)}" for method in chosen)
    page = visit(f"{tracks.url('transfer/index.html')}#{pool}")
    page.locator("#filter .pool:not(:empty)").wait_for()
    assert page.locator("#overall tbody tr").filter(visible=True).count() == 3
