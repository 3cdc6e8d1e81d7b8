"""A paper's parts and findings as cells, run as a worker runs them."""

from __future__ import annotations

from pathlib import Path

import tests.support.toy_paper  # noqa: F401 (it registers its paper)
from leaderboard.board import build, to_json, write_html
from leaderboard.board.papers import tried_papers
from leaderboard.store import Store
from suite.engine.body import execute
from suite.engine.cells import Cell
from suite.engine.papering import paper_cells
from suite.papers import describe
from tests.support.jobs import job


def run(store: Path, *seeds: int) -> tuple[Cell, ...]:
    """All cells of the toy, parts first."""
    cells = paper_cells(describe("toy_of_parts"), seeds)
    for cell in cells:
        outcome = execute(job(cell, store))
        assert outcome.fault is None, outcome.reason
    return cells


def test_each_part_and_seed_is_a_cell_and_the_finding_follows_from_them() -> None:
    cells = paper_cells(describe("toy_of_parts"), (0, 1))
    assert [cell.title for cell in cells[:2]] == [
        "paper toy_of_parts.small · seed 0",
        "paper toy_of_parts.large · seed 0",
    ]
    assert len({cell.key for cell in cells}) == 6
    assert cells[4].parents == (cells[0].key, cells[1].key)


def test_a_finding_is_concluded_from_the_records_of_its_parts(tmp_path: Path) -> None:
    run(tmp_path, 0, 1)
    [tried] = tried_papers(Store(tmp_path))
    assert tried.account.seeds == (0, 1)
    assert dict(tried.account.by_seed) == {0: "reproduced", 1: "partly reproduced"}
    assert tried.verdict == "reproduced" and tried.met == 2
    assert tried.finding.measured[0].value == 1.5
    assert tried.cpu_seconds > 0


def test_a_part_that_was_planned_with_other_code_is_not_run(tmp_path: Path) -> None:
    cell = paper_cells(describe("toy_of_parts"), (0,))[0]
    other = {**cell.spec, "paper": {**cell.spec["paper"], "source_hash": "0" * 64}}
    outcome = execute(job(Cell("paper", other, seed=0), tmp_path))
    assert outcome.fault == "host" and "planned with other code" in outcome.reason


def test_a_finding_without_its_parts_asks_for_them(tmp_path: Path) -> None:
    finding = paper_cells(describe("toy_of_parts"), (0,))[-1]
    assert execute(job(finding, tmp_path)).fault == "parent"


def test_findings_of_other_code_are_counted_and_left_out(tmp_path: Path) -> None:
    cells = run(tmp_path, 0)
    store = Store(tmp_path)
    record = store.get(cells[-1].key)
    assert record is not None
    older = {**record.spec, "paper": {**record.spec["paper"], "source_hash": "0" * 64}}
    before = record.measured.model_copy(update={"started": "2020-01-01T00:00:00+00:00"})
    store.put(record.model_copy(update={"key": "0" * 64, "spec": older, "measured": before}))
    [tried] = tried_papers(store)
    assert (tried.other_code, tried.account.seeds) == (1, (0,))


def test_a_board_has_the_page_of_papers_with_the_same_bytes_each_time(tmp_path: Path) -> None:
    run(tmp_path / "store", 0, 1)
    board = build(Store(tmp_path / "store"))
    write_html(board, tmp_path / "one")
    write_html(build(Store(tmp_path / "store")), tmp_path / "two")
    page = (tmp_path / "one" / "papers.html").read_text(encoding="utf-8")
    assert page == (tmp_path / "two" / "papers.html").read_text(encoding="utf-8")
    assert "Things grow." in page and "partly reproduced" in page and "it was tiny" in page
    assert 'href="papers.html"' in (tmp_path / "one" / "index.html").read_text(encoding="utf-8")
    assert "toy_of_parts" in to_json(board)
