"""Every page of a board: linked, well-formed, and telling what it is for."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import pairwise
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leaderboard import BenchmarkCard, Origin, SplitSize
from leaderboard.board import Board, build
from leaderboard.board.html import render_site
from leaderboard.board.site import lay_out, slugs
from leaderboard.board.verdicts import MOST_METHODS
from tests.support.fabricate import COLUMNS, METHODS, Planted, cells, data, fabricate, failure
from tests.support.markup import Page

RIDGE = Planted("transfer", 0.79, {"head": "ridge", "steps": 5}, label="transfer(head=ridge)")
BROKEN = Planted("broken", 0.5)
PIXELS = b"\x89PNG\r\n\x1a\n and pixels"
SOURCE = "@method('strong', version='1')\nclass Strong: ...  # <b>bold</b>\n"


def card(name: str, digest: str) -> BenchmarkCard:
    return BenchmarkCard(
        name=name,
        digest=digest,
        options={"size": 28},
        title="Printed characters",
        description="One sample a type family.",
        licence="OFL-1.1",
        attribution="its type designers",
        split_rule="by script",
        image_shape=(1, 28, 28),
        splits={"train": SplitSize(classes=695, images=30_098), "test": SplitSize(classes=180, images=1_494)},
        sheet="Five classes of each split.",
    )


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> Board:
    """Three methods, one of them submitted with its file, one that failed, and one benchmark with a card."""
    folder = tmp_path_factory.mktemp("site")
    (folder / "method.py").write_text(SOURCE)
    store = fabricate(folder / "store", [RIDGE, METHODS[2]])
    for record, tables in cells(METHODS[:1]):
        store.put(record, tables, {"method.py": folder / "method.py"} if record.kind == "train" else {})
    store.put_failure(failure(BROKEN, COLUMNS[0]))
    digest = data(COLUMNS[0]).digest
    store.put_benchmark(card("glyphs", digest), PIXELS)
    return build(store)


@pytest.fixture(scope="module")
def files(board: Board) -> dict[str, str | bytes]:
    return dict(render_site(board))


@pytest.fixture(scope="module")
def pages(files: dict[str, str | bytes]) -> dict[str, Page]:
    return {name: Page(str(text)) for name, text in files.items() if name.endswith(".html")}


def test_there_is_a_page_for_each_method_benchmark_and_pair(pages: dict[str, Page]) -> None:
    folders = Counter(str(PurePosixPath(name).parent) for name in pages)
    assert folders == {".": 1, "methods": 4, "benchmarks": 2, "pairs": 3}
    assert {"methods/broken.html", "methods/transfer-head-ridge.html"} <= pages.keys()
    assert "pairs/strong--transfer-head-ridge.html" in pages


def test_every_page_is_well_formed_and_its_pictures_are_described(pages: dict[str, Page]) -> None:
    for name, page in pages.items():
        assert page.unbalanced == [], name
        assert [i for i, count in Counter(page.ids).items() if count > 1] == [], name
        assert len(page.all("caption")) == len(page.all("table")), name
        assert all(heading.get("scope") in ("col", "row", "colgroup") for heading in page.all("th")), name
        assert all(image.get("alt") for image in page.all("img")), name
        for picture in page.all("svg"):
            named = {str(picture.get("aria-labelledby"))} - {"None"}
            assert "aria-label" in picture or picture.get("aria-hidden") == "true" or named, name


def test_every_link_leads_to_a_file_of_the_board_and_a_place_in_it(
    files: dict[str, str | bytes], pages: dict[str, Page]
) -> None:
    followed = set()
    for name, page in pages.items():
        targets = [str(a.get("href") or a.get("src")) for _, a in page.tags if "href" in a or "src" in a]
        for target in targets:
            if target.startswith("data:"):
                continue
            path, _, place = target.partition("#")
            parts: list[str] = []
            for part in (
                PurePosixPath(name).parent.joinpath(path).parts if path else PurePosixPath(name).parts
            ):
                parts = parts[:-1] if part == ".." else [*parts, part]
            found = "/".join(parts)
            assert found in files, (name, target)
            assert not place or place in pages[found].ids, (name, target)
            followed.add(found)
    assert pages.keys() <= followed  # no page that nothing leads to


def test_sortable_tables_give_figures_to_sort_by(pages: dict[str, Page]) -> None:
    for page in pages.values():
        for _, attributes in page.tags:
            if attributes.get("data-sort"):
                float(str(attributes["data-sort"]))
        classes = [set(str(table.get("class")).split()) for table in page.all("table")]
        assert all(names & {"standings", "data-table", "matrix"} for names in classes)


def test_a_method_tells_who_it_is_where_it_stands_and_of_every_cell(
    board: Board, pages: dict[str, Page]
) -> None:
    (facts,) = [facts for facts in board.computed.methods if facts.label == "transfer(head=ridge)"]
    text = pages["methods/transfer-head-ridge.html"].text
    assert facts.source_hash in text and "version 1" in text
    assert "head ridge" in text and "steps default 5" in text
    assert "best meta-validation accuracy of 5 checkpoints" in text
    assert "2026-01-01 00:00" in text and "512 MiB" in text and "1 min 00 s" in text
    keys = [key for e in board.entries(facts.label) for s in e.seeds for key in (s.train_key, s.evaluate_key)]
    assert len(keys) == 8 and all(str(key)[:12] in text for key in keys)
    assert "Overall" in text and "strong" in text and "would decide" in text


def test_a_submitted_method_shows_its_file_as_text(pages: dict[str, Page]) -> None:
    page = pages["methods/strong.html"]
    assert SOURCE in page.words and page.all("b") == []
    assert not any("source" in p.ids for name, p in pages.items() if name != "methods/strong.html")


def test_a_method_that_failed_tells_why(pages: dict[str, Page]) -> None:
    text = pages["methods/broken.html"].text
    assert "its logits hold NaN after 1,200 training images" in text
    assert "no result: it was not evaluated here" in text  # on the other benchmark


def test_a_benchmark_tells_whose_data_they_are_and_shows_them(
    files: dict[str, str | bytes], board: Board
) -> None:
    (facts,) = [facts for facts in board.computed.benchmarks if facts.name == "glyphs"]
    path = lay_out(board).benchmarks[facts.id]
    page = Page(str(files[path]))
    assert files[path.replace(".html", ".png")] == PIXELS
    for said in (
        "Printed characters",
        "OFL-1.1",
        "its type designers",
        "695",
        "30,098",
        "By script",
        facts.digest,
    ):
        assert said in page.text
    assert {str(image["alt"]) for image in page.all("img")} == {
        "Contact sheet of glyphs: Five classes of each split."
    }
    assert "strong" in page.text and "Pareto" not in page.text  # the planted methods cost the same


def test_a_benchmark_without_a_card_says_what_is_missing(board: Board, pages: dict[str, Page]) -> None:
    (facts,) = [facts for facts in board.computed.benchmarks if facts.name == "emoji"]
    page = pages[lay_out(board).benchmarks[facts.id]]
    assert "keeps neither a card nor pictures" in page.text and "Run a sweep on them again" in page.text
    assert "the makers of emoji" in page.text and page.all("img") == []


def test_a_damaged_card_is_said_and_the_board_still_builds(tmp_path: Path) -> None:
    store = fabricate(tmp_path / "store", METHODS[:2], COLUMNS[:1], episodes=10)
    digest = data(COLUMNS[0]).digest
    store.put_benchmark(card("glyphs", digest), PIXELS)
    (tmp_path / "store" / "benchmarks" / digest / "sheet.png").write_bytes(PIXELS[:-1])
    (facts,) = build(store).computed.benchmarks
    assert facts.card is None and "corrupt" in facts.missing


def test_a_pair_tells_the_differences_behind_each_verdict(board: Board, pages: dict[str, Page]) -> None:
    page = pages["pairs/strong--transfer-head-ridge.html"]
    for column in board.computed.ranking.columns:
        pair = board.computed.ranking.comparison("strong", "transfer(head=ridge)", column)
        assert f"{100 * pair.difference.estimate:+.1f}".replace("-", "−") in page.text
        assert pair.verdict in page.text
    assert page.text.count("60 episodes: ahead in") == 4 and "Trained apart" in page.text
    assert len([svg for svg in page.all("svg") if svg.get("class") == "histogram"]) == 2


def test_without_what_was_measured_no_page_tells_a_time(board: Board) -> None:
    for name, text in render_site(board, measured=False):
        if name.endswith(".html"):
            words = Page(str(text)).text
            assert not [word for word in ("1 min 00 s", "512 MiB", "2026-01", "W&B") if word in words], name


def test_of_many_methods_the_first_have_pages_for_each_pair_and_all_with_the_next(tmp_path: Path) -> None:
    count = MOST_METHODS + 6
    methods = [Planted(f"m{i:02d}", 0.9 - 0.015 * i) for i in range(count)]
    board = build(fabricate(tmp_path / "store", methods, COLUMNS[:1], episodes=20))
    site = lay_out(board)
    among = MOST_METHODS * (MOST_METHODS - 1) // 2
    assert len(site.pairs) == among + 6 and site.unpaired == count * (count - 1) // 2 - among - 6
    order = [
        standing.method for standing in board.computed.ranking.by_column[board.computed.columns[0].column]
    ]
    assert all(site.pair(b, a) for a, b in pairwise(order))
    assert site.pair(order[0], order[-1]) is None
    index = Page(str(dict(render_site(board))["index.html"])).text
    assert f"{site.unpaired} pairs have none" in index


def test_the_page_of_a_pair_keeps_its_name_when_the_order_turns(tmp_path: Path) -> None:
    paths = []
    for number, (one, two) in enumerate(((0.9, 0.6), (0.6, 0.9))):
        methods = [replace(METHODS[0], accuracy=one), replace(METHODS[1], accuracy=two)]
        site = lay_out(build(fabricate(tmp_path / str(number), methods, COLUMNS[:1], episodes=10)))
        paths += list(site.pairs.values())
    assert paths == ["pairs/middle--strong.html"] * 2


@given(st.sets(st.text(max_size=120), max_size=12))
def test_slugs_are_file_names_that_no_two_share(names: set[str]) -> None:
    found = slugs(names)
    assert found.keys() == names and len(set(found.values())) == len(names)
    assert all(set(slug) <= set("abcdefghijklmnopqrstuvwxyz0123456789-") and slug for slug in found.values())
    assert all(len(slug) <= 80 and "--" not in slug for slug in found.values())


def test_a_name_keeps_its_slug_whatever_others_there_are() -> None:
    assert slugs(["maml", "transfer(head=ridge)"]) == {
        "maml": "maml",
        "transfer(head=ridge)": "transfer-head-ridge",
    }
    alike = slugs(["a b", "a-b", "c"])
    assert alike["c"] == "c" and alike["a b"] != alike["a-b"] and alike["a b"].startswith("a-b-")
    assert alike == slugs(["c", "a-b", "a b"])


def test_a_method_tells_which_of_its_cells_were_imported(tmp_path: Path) -> None:
    store = fabricate(tmp_path / "store", METHODS[:2], COLUMNS[:1], episodes=10)
    mine = [record for record, _ in cells(METHODS[:1], COLUMNS[:1], episodes=10)]
    origin = Origin(
        bundle="b" * 64,
        file="theirs.tar.gz",
        imported="2026-02-03T04:05:06+00:00",
        keys=tuple(record.key for record in mine[:3]),
    )
    store.put_origin(origin)
    board = build(store)
    found = dict(render_site(board))
    page, other = (Page(str(found[f"methods/{name}.html"])) for name in ("strong", "middle"))
    assert "3 cells from theirs.tar.gz bbbbbbbb on 2026-02-03" in page.text
    assert str(found["methods/strong.html"]).count(">imported</span>") == 2  # a row a seed
    assert "imported" not in other.text
    # Where it was computed is no part of what was.
    plain = dict(render_site(board, measured=False))
    assert "imported" not in Page(str(plain["methods/strong.html"])).text


def test_a_damaged_origin_is_said_and_the_board_still_builds(tmp_path: Path) -> None:
    store = fabricate(tmp_path / "store", METHODS[:2], COLUMNS[:1], episodes=10)
    store.put_origin(
        Origin(bundle="b" * 64, file="theirs.tar.gz", imported="2026-02-03T04:05:06+00:00", keys=("a" * 64,))
    )
    (path,) = (tmp_path / "store").rglob(f"*{'b' * 64}*")
    target = path if path.is_file() else next(path.iterdir())
    target.write_bytes(target.read_bytes()[:-9])
    notes = build(store).computed.notes
    assert any("Which records were imported cannot be told" in note for note in notes)
