"""README's picture of the board, and that the first screen answers who is ahead, how surely and at what cost.

``make picture`` takes it anew; without that the picture is taken too, and only its size compared.
"""

from __future__ import annotations

import os
import struct
from pathlib import Path

import pytest

from leaderboard.board import figures, summary
from tests.browser.conftest import Built, Open

pytestmark = pytest.mark.browser

PICTURE = Path(__file__).parents[2] / "docs" / "board.png"
SIZE = {"width": 1200, "height": 1180}


def size_of(png: bytes) -> dict[str, int]:
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack(">II", png[16:24])
    return {"width": width, "height": height}


def test_the_picture_is_of_the_standard_board_and_as_large_as_the_one_in_docs(
    standard: Built, visit: Open, tmp_path: Path
) -> None:
    page = visit(standard.url(), viewport=SIZE, color_scheme="light")
    page.wait_for_function("document.readyState === 'complete' && !document.getElementById('filter').hidden")
    target = PICTURE if os.environ.get("UPDATE_PICTURE") else tmp_path / "board.png"
    page.screenshot(path=target)
    assert size_of(target.read_bytes()) == SIZE == size_of(PICTURE.read_bytes())
    # A blank page of this size packs into a hundredth of that.
    assert min(target.stat().st_size, PICTURE.stat().st_size) > 100_000


@pytest.mark.parametrize("width, height", [(1280, 800), (390, 844)])
def test_the_first_screen_says_who_how_surely_and_at_what_cost(
    standard: Built, visit: Open, width: int, height: int
) -> None:
    page = visit(standard.url(), viewport={"width": width, "height": height})
    board, first = standard.board, standard.board.computed.ranking.overall[0]

    def on_screen(selector: str) -> str:
        found = page.locator(selector).first
        box = found.bounding_box()
        assert box is not None and box["y"] >= 0 and box["y"] + box["height"] <= height, selector
        return " ".join(found.inner_text().split())

    assert on_screen("h1") == summary.headline(board)
    lede = on_screen(".lede")
    assert summary.sureness(board) in lede
    assert figures.seconds(summary.of_time(board, first.method).train_wall) in lede
    if width > 1_000:  # A phone's first screen is the head.
        leader = on_screen("#overall tbody tr:first-child")
        assert first.method in leader and figures.rank_parts(first.rank)[1] in leader
