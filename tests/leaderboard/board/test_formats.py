"""JSON, CSV and the terminal: golden files, widths, and what machines read back."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from leaderboard.board import Board, build, measured_to_csv, render_terminal, to_csv, to_json
from leaderboard.board.build import assemble
from leaderboard.board.pool import gather
from tests.support.crude_ranking import crude_rank
from tests.support.fabricate import COLUMNS, METHODS, Planted, fabricate, failure

GOLDEN = Path(__file__).parent / "golden"


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Board:
    """A small board with a hole, ranked by hand so that the golden files do not follow the statistics."""
    store = fabricate(tmp_path_factory.mktemp("formats") / "store", seeds=(0,), episodes=10)
    store.put_failure(failure(Planted("broken", 0.5), COLUMNS[0]))
    pool = gather(store)
    return assemble(pool, crude_rank(pool.outcomes()), None)


@pytest.mark.parametrize(
    ("name", "render"),
    [
        ("board.json", lambda board: to_json(board, measured=False)),
        ("standings.csv", to_csv),
        ("measured.csv", measured_to_csv),
    ],
    ids=["json", "csv", "measured"],
)
def test_formats_are_those_of_the_golden_files(small: Board, name: str, render: object) -> None:
    assert callable(render)
    assert render(small) == (GOLDEN / name).read_text(encoding="utf-8")


def test_json_has_what_was_measured_in_a_part_of_its_own(small: Board) -> None:
    whole, computed = json.loads(to_json(small)), json.loads(to_json(small, measured=False))
    assert set(whole) == {"schema_version", "computed", "measured"}
    assert set(computed) == {"schema_version", "computed"} and computed["computed"] == whole["computed"]
    text = json.dumps(computed)
    assert all(word not in text for word in ("wall_seconds", "peak_memory", "2026", "torch"))
    ids = {column["id"] for column in whole["computed"]["columns"]}
    assert (
        set(whole["computed"]["ranking"]["by_column"])
        == ids
        == {e["column"] for e in whole["computed"]["entries"]}
    )


def test_csv_has_a_row_for_every_standing(small: Board) -> None:
    rows = list(csv.DictReader(io.StringIO(to_csv(small))))
    assert [row["scope"] for row in rows].count("overall") == 3 and len(rows) == 9
    assert rows[0]["method"] == "strong" and rows[0]["training_images"] == "20000"
    assert {row["transductive"] for row in rows if row["method"] == "middle"} == {"yes"}
    measured = list(csv.DictReader(io.StringIO(measured_to_csv(small))))
    assert len(measured) == 6 and measured[0]["train_wall_seconds"] == "60"


def printed(board: Board, width: int = 100, measured: bool = True) -> str:
    file = io.StringIO()
    Console(file=file, width=width, force_terminal=False).print(render_terminal(board, measured))
    return file.getvalue()


def test_the_terminal_shows_the_ranking_in_a_hundred_plain_columns(tmp_path: Path) -> None:
    methods = [
        *METHODS,
        Planted("a_method_with_a_very_long_name_indeed", 0.7, transductive=True),
        Planted(
            "transfer",
            0.72,
            {"head": "logistic"},
            label="transfer(head=logistic, normalise=true, penalty=0.1)",
        ),
    ]
    store = fabricate(tmp_path / "store", methods, episodes=30)
    store.put_failure(failure(Planted("broken", 0.5), COLUMNS[0]))
    text = printed(build(store))
    assert max(len(line.rstrip()) for line in text.splitlines()) <= 100
    assert "\x1b" not in text
    assert "No clear winner overall: strong" in text or "strong is ahead" in text
    assert "broken · glyphs · seed 0: its logits hold NaN" in text
    assert " ± " in text and "P(>next)" in text and "20,000" in text and "1 min 00 s" in text
    assert "Training" not in printed(build(store), measured=False).replace("Training budgets", "")


def test_one_seed_shows_no_interval_of_the_method(tmp_path: Path) -> None:
    board = build(fabricate(tmp_path / "store", METHODS, COLUMNS[:1], seeds=(0,)))
    text = printed(board)
    assert "±" not in text.split("Rank:")[0]
    assert any("One train seed" in note for note in board.computed.notes)


def test_markup_in_a_name_is_text(tmp_path: Path) -> None:
    methods = [replace(METHODS[0], label="[red]strong[/red]"), METHODS[1]]
    assert "[red]strong[/red]" in printed(
        build(fabricate(tmp_path / "store", methods, COLUMNS[:1], episodes=10))
    )
