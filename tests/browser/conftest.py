"""Boards in a headless Chromium. No page may write to the console, fail, or ask for any but its own files."""

from __future__ import annotations

import importlib.util
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from leaderboard import Store
from leaderboard.board import Board, build, write_html
from tests.browser.archive import unpack
from tests.support.diverse import plant
from tests.support.fabricate import Planted, PlantedColumn, fabricate, failure

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)

METHODS = (
    Planted("alpha", 0.80),
    Planted("beta(head=ridge, steps=5)", 0.79),
    Planted("gamma & <delta>", 0.74, transductive=True),
    Planted("epsilon", 0.60),
    Planted("control", 0.35),
)
COLUMNS = (
    PlantedColumn("glyphs"),
    PlantedColumn("glyphs", shot=5, harder=-0.1),
    PlantedColumn("emoji", harder=0.08),
    PlantedColumn("textures", way=10, harder=0.1),
)
TWIN = Planted("epsilon", 0.60, source="2", label="epsilon (twin)")
HALF = Planted("half", 0.77)
ONCE = Planted("once", 0.76)


@dataclass(frozen=True)
class Built:
    """A board and the folder that its pages are in."""

    board: Board
    folder: Path

    def url(self, page: str = "index.html") -> str:
        return (self.folder / page).as_uri()

    def page_of_each_kind(self) -> list[str]:
        """The index, and one page out of each folder of pages."""
        folders = sorted(folder for folder in self.folder.iterdir() if folder.is_dir())
        first = [min(folder.glob("*.html"), default=None) for folder in folders]
        return ["index.html", *(str(page.relative_to(self.folder)) for page in first if page)]


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """A board with what makes ranking hard: twins, a partial method, one seed, a failure, names to escape."""
    folder = tmp_path_factory.mktemp("made")
    store = fabricate(folder / "store", METHODS, COLUMNS, seeds=(0, 1, 2))
    fabricate(folder / "store", [TWIN], COLUMNS, seeds=(0, 1, 2), plan=False)
    fabricate(folder / "store", [HALF], COLUMNS[1:3], plan=False)
    fabricate(folder / "store", [ONCE], COLUMNS, seeds=(0,), plan=False)
    store.put_failure(failure(Planted("broken", 0.5), COLUMNS[0]))
    return _built(build(store), folder / "board")


@pytest.fixture(scope="session")
def standard(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """The board of a real standard sweep."""
    folder = tmp_path_factory.mktemp("standard")
    store = unpack(Path(__file__).parent / "standard.tar.xz", folder / "store")
    return _built(build(Store(str(store)), sweep="standard"), folder / "board")


@pytest.fixture(scope="session")
def diverse(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """A board whose gap between transfer and MAML was planted to fall with diversity, at two widths."""
    folder = tmp_path_factory.mktemp("diverse")
    store = plant(folder / "store", diversities=(0.28, 0.36, 0.44, 0.48), widths=(16, 32), episodes=40)
    return _built(build(store), folder / "board")


@pytest.fixture(params=["made", "standard"])
def built(request: pytest.FixtureRequest) -> Built:
    """Both boards, one after the other."""
    return request.getfixturevalue(request.param)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """The browser. Of a module each, since an event loop runs in this thread for as long as it lives."""
    if CHROMIUM is None:
        pytest.skip("chromium is not installed (Debian: apt-get install chromium)")
    if importlib.util.find_spec("playwright") is None:
        pytest.skip("playwright is not installed (pip install playwright; it needs no browser of its own)")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


Open = Callable[..., Any]


@pytest.fixture
def visit(chromium: Any) -> Iterator[Open]:
    """``visit(url, **options)`` opens a page in a context of its own; all must keep the rules."""
    contexts, faults = [], []

    def opened(url: str, **options: Any) -> Any:
        context = chromium.new_context(**{"viewport": {"width": 1280, "height": 900}, **options})
        contexts.append(context)
        base = url[: url.rindex("/board/") + len("/board/")]

        def watch(route: Any) -> None:
            if route.request.url.startswith((base, "data:")):
                route.continue_()
            else:
                faults.append(f"asked for {route.request.url}")
                route.abort()

        def failed(request: Any) -> None:
            # A page that is left while it loads gives up what it still asked for.
            if request.failure != "net::ERR_ABORTED":
                faults.append(f"failed: {request.url} ({request.failure})")

        context.route("**/*", watch)
        context.on("console", lambda message: faults.append(f"{message.type}: {message.text}"))
        context.on("weberror", lambda error: faults.append(f"error: {error.error}"))
        context.on("requestfailed", failed)
        page = context.new_page()
        page.set_default_timeout(60_000)
        page.goto(url)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert faults == []


def _built(board: Board, folder: Path) -> Built:
    write_html(board, folder)
    return Built(board, folder)
