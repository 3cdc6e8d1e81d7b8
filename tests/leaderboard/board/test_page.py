"""The static page: complete, self-contained, safe, and readable without colours."""

from __future__ import annotations

import errno
import re
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from leaderboard import StoreError
from leaderboard.board import Board, build, write_html
from leaderboard.board.html import render_page
from tests.support.fabricate import COLUMNS, METHODS, Planted, PlantedColumn, fabricate, failure
from tests.support.markup import Page


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> Board:
    methods = [*METHODS, Planted("tied", 0.795, {"head": "ridge", "steps": 5})]
    columns = [*COLUMNS, PlantedColumn("glyphs", shot=5, harder=-0.1)]
    store = fabricate(tmp_path_factory.mktemp("page") / "store", methods, columns)
    store.put_failure(failure(Planted("broken", 0.5), COLUMNS[0]))
    return build(store)


@pytest.fixture(scope="module")
def page(board: Board) -> Page:
    return Page(render_page(board, ("board.json",)))


def test_the_page_is_well_formed(page: Page) -> None:
    assert page.unbalanced == []
    assert [identifier for identifier, count in Counter(page.ids).items() if count > 1] == []


def test_the_page_asks_for_nothing_but_its_own_files(board: Board, tmp_path: Path) -> None:
    page = Page(write_html(board, tmp_path / "board").read_text())
    assert all(script.keys() == {"src", "defer"} for script in page.all("script"))
    targets = [str(a.get("href") or a.get("src")) for _, a in page.tags if "href" in a or "src" in a]
    files = {target.partition("#")[0] for target in targets if not target.startswith(("#", "data:"))}
    assert {"board.css", "pages.css", "board.json", "standings.csv", "measured.csv"} <= files
    assert not [name for name in files if "//" in name]
    assert all((tmp_path / "board" / name).is_file() for name in files)
    assert "url(" not in (tmp_path / "board" / "board.css").read_text()
    assert "@import" not in (tmp_path / "board" / "board.css").read_text()


def test_every_link_within_the_page_leads_somewhere(page: Page) -> None:
    links = {str(a["href"])[1:] for a in page.all("a") if str(a.get("href", "")).startswith("#")}
    assert links - set(page.ids) == set()
    assert {"overall", "columns", "verdicts", "curves", "cost", "methods", "data", "missing"} <= links


def test_tables_have_captions_and_their_headings_a_scope(page: Page) -> None:
    assert len(page.all("caption")) == len(page.all("table")) > 10
    assert all(heading.get("scope") in ("col", "row", "colgroup") for heading in page.all("th"))


def test_pictures_are_named_or_hidden_from_screen_readers(page: Page) -> None:
    pictures = [svg for svg in page.all("svg") if svg.get("aria-hidden") != "true"]
    assert sum("aria-label" in svg for svg in pictures) == 12  # a learning curve a method and column
    described = [str(svg["aria-labelledby"]).split() for svg in pictures if "aria-labelledby" in svg]
    # Of each column and of all: median ranks, and accuracy against the one cost that varies.
    assert len(described) >= 4 and len(described) + 12 == len(pictures)
    assert all(len(names) == 2 and set(names) <= set(page.ids) for names in described)


def test_verdicts_are_words_and_signs_not_colours_alone(page: Page) -> None:
    text = page.words
    assert "▲" in text and "▼" in text and "better" in text and "undecided" in text
    assert "would decide" in text.lower() and re.search(r"\d+ more (episode|seed)", text)


def test_the_head_says_who_leads_how_surely_and_at_what_cost(page: Page) -> None:
    head = " ".join(page.words.split("How to read this")[0].split())
    assert "No clear winner overall: strong" in head or "strong is ahead overall" in head
    assert "Probability that strong is better than the next, tied:" in head
    assert "saw 20,000 images in 400 backward passes, and took 1 min 00 s" in head
    assert "4 methods · 3 columns · 2 training seeds each · 60 shared test episodes a column" in head


def test_holes_data_and_assumptions_are_on_the_page(page: Page, board: Board) -> None:
    words = " ".join(page.words.split())
    assert "its logits hold NaN after 1,200 training images" in words
    assert board.computed.columns[0].column.digest[:12] in words and "Apache-2.0" in words
    assert all(" ".join(note.split()) in words for note in board.computed.notes)


def test_a_name_cannot_write_into_the_page(tmp_path: Path) -> None:
    label = "<script>alert(1)</script>\"'&"
    methods = [replace(METHODS[0], label=label, arguments={"<b>": "<i>x</i>"}), METHODS[1]]
    broken = failure(METHODS[2], COLUMNS[0]).model_copy(update={"reason": "<img src=x onerror=alert(2)>"})
    store = fabricate(tmp_path / "store", methods, COLUMNS[:1], episodes=10)
    store.put_failure(broken)
    page = Page(render_page(build(store), pools=True))
    assert all("src" in script for script in page.all("script")) and "alert" not in str(page.all("script"))
    assert page.all("img") == [] and page.all("b") == [] and page.unbalanced == []
    assert label in page.words and broken.reason in page.words


def test_what_was_measured_can_be_left_out(board: Board) -> None:
    with_times, without = render_page(board), render_page(board, measured=False)
    assert (
        "Time" in with_times
        and "2026-01-02" in with_times
        and "Peak memory" in with_times
        and "torch 2.5.0" in with_times
    )
    for word in ("Time", "Peak memory", "torch 2.5.0", "1 min", "MiB", "2026-01"):
        assert word not in without


def test_one_column_needs_no_overall_table(tmp_path: Path) -> None:
    page = Page(render_page(build(fabricate(tmp_path / "store", METHODS, COLUMNS[:1], episodes=20))))
    assert "overall" not in page.ids and "columns" in page.ids and page.unbalanced == []


def test_one_seed_and_partial_methods_are_marked(tmp_path: Path) -> None:
    store = fabricate(tmp_path / "store", METHODS, COLUMNS, seeds=(0,), plan=False)
    fabricate(tmp_path / "store", [Planted("half", 0.9)], COLUMNS[:1], seeds=(0,), plan=False)
    page = Page(render_page(build(store)))
    assert "this model" in page.words and "partial" in page.words
    assert (
        "No clear winner overall: strong, middle and control cannot be told apart." in page.words
    )  # not the partial one
    assert "no result: it was not evaluated here" in page.words


def test_a_folder_that_cannot_be_written_is_said(
    board: Board, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(StoreError, match="the board was not written"):
        write_html(board, tmp_path / "file")

    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    page = write_html(board, tmp_path / "board")
    before = page.read_bytes()
    monkeypatch.setattr(Path, "write_bytes", refuse)
    with pytest.raises(StoreError, match="no space is left"):
        write_html(board, tmp_path / "board")
    assert page.read_bytes() == before and not list((tmp_path / "board").rglob(".*"))
