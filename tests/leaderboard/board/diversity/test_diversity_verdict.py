"""Transfer against MAML over benchmarks: what was planted is found, and no more is claimed than can be."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest

from leaderboard import Store
from leaderboard.board import Board, build, to_json
from leaderboard.board.diversity import sentences
from leaderboard.board.diversity.arms import arm_of, arms_of
from leaderboard.board.diversity.export import HEADER, diversity_to_csv
from leaderboard.board.diversity.model import Diversity
from leaderboard.board.model import MethodFacts
from tests.support.diverse import DIVERSITIES, Measured, arm, arms, diversity_record, plant
from tests.support.fabricate import PlantedColumn, cells, fabricate


def told(board: Board) -> Diversity:
    assert board.diversity is not None
    return board.diversity


@pytest.fixture(scope="module")
def falling(tmp_path_factory: pytest.TempPathFactory) -> Board:
    """Transfer leads by 5 points on the least diverse benchmark, MAML by 5 on the most diverse one."""
    return build(plant(tmp_path_factory.mktemp("falling") / "store"))


def facts(name: str, **arguments: object) -> MethodFacts:
    return MethodFacts(name, name, "1", "s", {"backbone": "conv4", "width": 32, **arguments}, {}, name)


@pytest.mark.parametrize(
    ("method", "told_as"),
    [
        (facts("transfer"), ("USL", "head")),
        (facts("transfer", adaptation="none"), ("USL", "none")),
        (facts("transfer", adaptation="inner_loop", adaptation_steps=5), ("USL", "5 steps")),
        (facts("maml", adaptation_steps=10), ("MAML", "10 steps")),
        (facts("fomaml", adaptation="head", adaptation_steps=5), ("FO-MAML", "head")),
        (facts("untrained"), ("random", "head")),
    ],
)
def test_arms_are_told_from_name_and_arguments(method: MethodFacts, told_as: tuple[str, str]) -> None:
    found = arm_of(method)
    assert found is not None and (found.initialisation, found.adaptation) == told_as


def test_other_methods_are_no_arms() -> None:
    assert arm_of(facts("protonet")) is None
    assert arm_of(MethodFacts("maml", "maml", "1", "s", {}, {}, "maml")) is None
    assert arm_of(facts("maml", adaptation="unheard of", adaptation_steps=5)) is None


def test_of_methods_alike_the_plainest_comes_first() -> None:
    ridge = MethodFacts(
        "transfer(head=ridge)",
        "transfer",
        "1",
        "s",
        {"backbone": "conv4", "width": 32, "head": "ridge"},
        {},
        "transfer(head=ridge)",
    )
    plain = facts("transfer", head="logistic_regression")
    assert [found.method for found in arms_of([ridge, plain])] == ["transfer", "transfer(head=ridge)"]


def test_the_gap_is_transfer_minus_maml_with_the_interval_of_the_ranking(falling: Board) -> None:
    found = told(falling)
    assert [sentences.title(contest) for contest in found.contests] == [
        "USL + head − MAML, 5 steps",
        "USL + head − MAML, 10 steps",
    ]
    for contest in found.contests:
        assert contest.unlike == () and len(contest.gaps) == len(DIVERSITIES)
        for gap in contest.gaps:
            transfer, maml = contest.transfer.method, contest.maml.method
            assert gap.comparison == falling.computed.ranking.comparison(transfer, maml, gap.column)
            a, b = (falling.outcomes[method, gap.column].mean() for method in (transfer, maml))
            assert gap.comparison.difference.estimate == pytest.approx(a - b)
            assert gap.effect is not None
            assert gap.effect.d.estimate == pytest.approx(gap.comparison.cohens_d)


def test_a_planted_slope_is_found(falling: Board) -> None:
    for panel in told(falling).panels:
        assert panel.line is not None and panel.order is not None and panel.silent == ""
        slope = panel.line.slope
        assert slope.low is not None and slope.high is not None and slope.low <= -0.5 <= slope.high < 0
        assert panel.order.p_value < 0.05
    assert (
        sentences.headline(told(falling))
        == "Transfer's lead over MAML falls with diversity in 2 of 2 panels."
    )
    said = " ".join(sentences.trend(told(falling).panels[0]))
    assert "over 6 benchmarks: it falls." in said and "Spearman's ρ −1.00 [" in said


def test_without_a_slope_nothing_is_told_and_that_is_said(tmp_path: Path) -> None:
    found = told(build(plant(tmp_path / "store", slope=0.0, episodes=60)))
    assert (
        sentences.headline(found)
        == "No change of the gap between transfer and MAML with diversity can be told."
    )
    said = " ".join(sentences.trend(found.panels[0]))
    assert "undecided" in said and "could not have been told from none" in said


def test_three_benchmarks_have_gaps_but_no_slope(tmp_path: Path) -> None:
    found = told(build(plant(tmp_path / "store", diversities=DIVERSITIES[:3], episodes=20)))
    assert found.panels[0].line is None
    assert found.panels[0].silent == "No slope: 3 benchmarks, and it takes 4."
    assert (
        sentences.headline(found) == "Whether diversity decides between transfer and MAML cannot be told yet."
    )


def test_one_seed_gives_gaps_without_intervals_and_no_slope(tmp_path: Path) -> None:
    found = told(build(plant(tmp_path / "store", seeds=(0,), episodes=20)))
    (panel, _) = found.panels
    assert panel.line is None and "0 of 6 benchmarks have a gap with an interval" in panel.silent
    assert found.contests[0].gaps[0].comparison.difference.low is None
    assert found.contests[0].gaps[0].effect is not None  # d needs no seeds, its interval does
    assert found.contests[0].gaps[0].effect.d.low is None


def test_diversities_that_are_mostly_error_have_no_slope(tmp_path: Path) -> None:
    store = plant(tmp_path / "store", probes=(), episodes=20)
    for number, diversity in enumerate(DIVERSITIES):
        store.put(*diversity_record(Measured(PlantedColumn(f"b{number}", shot=5), diversity, half=0.2)))
    (panel, _) = told(build(store)).panels
    assert panel.line is None and "error of measurement" in panel.silent


def test_probes_have_panels_of_their_own(tmp_path: Path) -> None:
    found = told(build(plant(tmp_path / "store", probes=("a", "b"), episodes=20)))
    assert len(found.panels) == 4 and len({(p.contest, p.ruler) for p in found.panels}) == 4


def test_only_arms_of_one_width_meet(tmp_path: Path) -> None:
    store = fabricate(tmp_path / "store", [arms(0.0, 16)[0], *arms(0.0, 32)[1:3]], [PlantedColumn("b0")])
    assert build(store).diversity is None  # no gap, and no diversity either
    store.put(*diversity_record(Measured(PlantedColumn("b0"), 0.3)))
    found = told(build(store))
    assert found.contests == () and found.panels == ()
    assert any("share backbone and width" in sentence for sentence in found.missing)


def test_unlike_arms_are_compared_and_it_is_said(tmp_path: Path) -> None:
    transfer, maml = arms(0.0)[0], arm("maml", 0.7, batch_norm="episode", adaptation_steps=5)
    store = fabricate(tmp_path / "store", [transfer], [PlantedColumn("b0")], episodes=20)
    for record, tables in cells([maml], [PlantedColumn("b0")], episodes=20, budget=50_000):
        store.put(record, tables)
    board = build(store)
    (contest,) = told(board).contests
    assert contest.unlike == (
        "batch norm running against episode",
        "budget of 20000 against 50000 images",
    )
    assert any(
        "also differ in batch norm" in sentence for sentence in sentences.confounds(board, told(board))
    )


def test_of_transfer_with_several_heads_the_plainest_is_the_arm(tmp_path: Path) -> None:
    methods = [*arms(0.0)[1:2], arm("transfer", 0.9, adaptation="head", head="ridge"), arms(0.0)[0]]
    board = build(fabricate(tmp_path / "store", methods, [PlantedColumn("b0")], episodes=20))
    (contest,) = told(board).contests
    assert contest.transfer.method == "transfer(adaptation=head)"
    (grid,) = told(board).grids
    (cell,) = [c for c in grid.cells[-1] if c is not None]
    assert cell.method == "transfer(adaptation=head)" and len(cell.others) == 1


def test_the_grid_has_every_place_that_a_method_fills(falling: Board) -> None:
    found = told(falling)
    assert len(found.grids) == 1 + len(DIVERSITIES)
    average, first = found.grids[0], found.grids[1]
    assert average.column is None and len(average.over) == len(DIVERSITIES)
    assert first.initialisations == ("random", "MAML", "USL")
    assert first.adaptations == ("5 steps", "10 steps", "head")
    filled = [[cell is not None for cell in row] for row in first.cells]
    assert filled == [[True, False, True], [True, True, True], [False, False, True]]
    cell, mean = first.cells[2][2], average.cells[2][2]
    assert cell is not None and mean is not None and first.column is not None
    standing = falling.computed.ranking.by_column[first.column]
    assert cell.accuracy in [row.score for row in standing if row.method == cell.method]
    accuracies = [falling.outcomes[cell.method, column].mean() for column in average.over]
    assert mean.accuracy.estimate == pytest.approx(np.mean(accuracies))
    low, high = mean.accuracy.low, mean.accuracy.high
    assert low is not None and high is not None and cell.accuracy.low is not None
    # Six columns are surer than one.
    assert high - low < 2 * (cell.accuracy.estimate - cell.accuracy.low)


def test_widths_make_a_series(tmp_path: Path) -> None:
    board = build(plant(tmp_path / "store", widths=(16, 32, 64), diversities=DIVERSITIES[:2], episodes=100))
    found = told(board)
    assert len(found.sizes) == 2
    series = found.sizes[0]
    assert series.widths == (16, 32, 64) and [line.initialisation for line in series.lines] == [
        "USL",
        "MAML",
        "MAML",
    ]
    for line in series.lines:
        accuracies = [accuracy.estimate for _, _, accuracy in line.points]
        assert accuracies == sorted(accuracies)
    assert len(series.contests) == 6


def test_one_width_makes_none(falling: Board) -> None:
    assert told(falling).sizes == ()


def test_how_far_each_arm_was_trained_stands_beside(falling: Board) -> None:
    found = told(falling)
    assert len(found.fits) == 3 * len(DIVERSITIES)
    fit = found.fits[0]
    assert fit.accuracy is not None and fit.accuracy.estimate == pytest.approx(0.91)
    assert (fit.accuracy.low, fit.accuracy.high) == (0.9, 0.92)
    assert (fit.plateau, fit.seeds) == (2, 3) and fit.criterion.startswith("2 validations")


def test_confounds_are_named(tmp_path: Path) -> None:
    store = Store(str(tmp_path / "store"))
    near = [arm("transfer", 0.99, adaptation="head"), arm("maml", 0.97, adaptation_steps=5)]
    for way in (5, 10):
        for record, tables in cells(near, [PlantedColumn(f"b{way}", way=way)], episodes=20):
            store.put(record, tables)
    board = build(store)
    said = " ".join(sentences.confounds(board, told(board)))
    assert "Chance differs between columns (10.0 % and 20.0 %)" in said
    assert "Near the ceiling" in said and "b10 10-way 1-shot, b5 5-way 1-shot" in said


def test_a_floor_above_half_of_the_diversity_is_said(tmp_path: Path) -> None:
    store = plant(tmp_path / "store", diversities=(0.3, 0.4), probes=(), seeds=(0,), episodes=10)
    for number, floor in enumerate((0.2, 0.1)):
        store.put(*diversity_record(Measured(PlantedColumn(f"b{number}", shot=5), 0.3, floor=floor)))
    board = build(store)
    (said,) = [sentence for sentence in sentences.confounds(board, told(board)) if "floor" in sentence]
    assert said.endswith("make most of it: b0.")


def test_a_board_without_arms_and_diversity_has_no_such_page(tmp_path: Path) -> None:
    assert build(fabricate(tmp_path / "store", episodes=10)).diversity is None


def test_the_csv_has_a_row_for_each_gap_and_ruler(falling: Board) -> None:
    rows = list(csv.DictReader(io.StringIO(diversity_to_csv(falling, told(falling)))))
    assert len(rows) == 2 * len(DIVERSITIES) and tuple(rows[0]) == HEADER
    row = next(row for row in rows if row["benchmark"] == "b0")
    assert float(row["diversity"]) == 0.28 and float(row["gap"]) > 0 and row["verdict"] == "better"
    assert row["probe"] == "conv4" and float(row["floor_high"]) == pytest.approx(0.08)


def test_the_csv_has_gaps_without_diversity_and_diversity_without_gaps(tmp_path: Path) -> None:
    store = plant(tmp_path / "store", diversities=(0.3,), probes=(), seeds=(0, 1), episodes=10)
    store.put(*diversity_record(Measured(PlantedColumn("alone"), 0.4)))
    board = build(store)
    rows = list(csv.DictReader(io.StringIO(diversity_to_csv(board, told(board)))))
    assert [(row["benchmark"], row["gap"] != "", row["diversity"]) for row in rows] == [
        ("b0", True, ""),
        ("b0", True, ""),
        ("alone", False, "0.4"),
    ]


def test_the_json_has_all_of_it_with_columns_by_their_ids(falling: Board) -> None:
    found = json.loads(to_json(falling, measured=False))["diversity"]
    ids = {column.id for column in falling.computed.columns}
    assert {gap["column"] for contest in found["contests"] for gap in contest["gaps"]} == ids
    assert found["panels"][0]["line"]["slope"]["estimate"] < 0
