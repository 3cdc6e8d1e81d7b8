"""What the board holds, and that it is a function of the store alone."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from leaderboard import Store, StoreError
from leaderboard.board import Board, build, to_csv, to_json, write_html
from tests.support import fabricate as support
from tests.support.fabricate import COLUMNS, METHODS, Planted, cells, fabricate, failure, sha

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> Board:
    return build(fabricate(tmp_path_factory.mktemp("board") / "store"), sweep="fabricated")


def test_planted_methods_come_in_their_order(board: Board) -> None:
    ranking = board.computed.ranking
    assert [standing.method for standing in ranking.overall] == ["strong", "middle", "control"]
    for column in ranking.columns:
        assert [standing.method for standing in ranking.by_column[column]] == ["strong", "middle", "control"]
    assert [facts.title for facts in board.computed.columns] == ["emoji 5-way 1-shot", "glyphs 5-way 1-shot"]


def test_each_cell_is_on_the_board_with_its_costs_and_curve(board: Board) -> None:
    assert len(board.computed.entries) == 6 and len(board.measured.costs) == 12
    (entry,) = board.entries("middle", board.computed.ranking.columns[0])
    assert entry.transductive and [seed.seed for seed in entry.seeds] == [0, 1]
    first = entry.seeds[0]
    assert (first.images, first.backward_passes, first.parameters) == (20_000, 400, 28_896)
    assert (
        first.curve[-1][0] == 20_000 and first.selection == "best meta-validation accuracy of 5 checkpoints"
    )
    (cost, _) = board.costs("middle", board.computed.ranking.columns[0])
    assert cost.train is not None and cost.train.wall_seconds == 60.0 and cost.evaluate.wall_seconds == 8.0
    assert board.computed.columns[0].licence == "Apache-2.0"
    assert board.measured.versions == {"torch": ("2.5.0",)}


def test_clocks_change_only_what_is_measured(tmp_path: Path) -> None:
    one = build(fabricate(tmp_path / "one", clock=1.0))
    two = build(fabricate(tmp_path / "elsewhere" / "two", clock=3.7))
    assert to_json(one, measured=False) == to_json(two, measured=False)
    assert to_csv(one) == to_csv(two)
    assert to_json(one) != to_json(two)
    pages = [write_html(b, tmp_path / name, measured=False) for b, name in ((one, "p1"), (two, "p2"))]
    assert pages[0].read_bytes() == pages[1].read_bytes()
    assert not (tmp_path / "p1" / "measured.csv").exists()


def test_the_order_of_arrival_changes_nothing(tmp_path: Path) -> None:
    forwards, backwards = Store(tmp_path / "forwards"), Store(tmp_path / "backwards")
    everything = list(cells(episodes=20))
    for record, tables in everything:
        forwards.put(record, tables)
    for record, tables in reversed(everything):
        backwards.put(record, tables)
    assert to_json(build(forwards)) == to_json(build(backwards))


BUILD = """
import sys
sys.path.insert(0, sys.argv[1])
from leaderboard import Store
from leaderboard.board import build, to_csv, to_json, write_html
board = build(Store(sys.argv[2]))
write_html(board, sys.argv[3])
"""


def test_the_same_store_gives_the_same_bytes_in_another_process(tmp_path: Path) -> None:
    store = fabricate(tmp_path / "store", episodes=20)
    store.put_failure(failure(Planted("broken", 0.5), COLUMNS[0]))
    for seed in ("1", "2"):
        subprocess.run(
            [sys.executable, "-c", BUILD, str(ROOT), str(tmp_path / "store"), str(tmp_path / seed)],
            env={"PYTHONHASHSEED": seed},
            check=True,
        )
    names = sorted(
        str(path.relative_to(tmp_path / "1")) for path in (tmp_path / "1").rglob("*") if path.is_file()
    )
    assert {"assets/pool.js", "board.css", "board.json", "index.html", "measured.csv"} <= set(names)
    for name in names:
        assert (tmp_path / "1" / name).read_bytes() == (tmp_path / "2" / name).read_bytes()


def test_a_board_builds_without_torch_and_ray() -> None:
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); import leaderboard, leaderboard.board; "
        "roots = {name.partition('.')[0] for name in sys.modules}; "
        "print(*sorted(roots & {'torch', 'ray', 'wandb', 'tasks', 'suite'}))"
    )
    done = subprocess.run([sys.executable, "-c", code, str(ROOT)], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_methods_of_one_label_are_told_apart_and_it_is_said(tmp_path: Path) -> None:
    store = fabricate(tmp_path / "store", METHODS, COLUMNS[:1])
    fabricate(tmp_path / "store", [replace(METHODS[0], source="2", accuracy=0.6)], COLUMNS[:1], plan=False)
    board = build(store)
    labels = [facts.label for facts in board.computed.methods]
    assert len(labels) == 4 and len(set(labels)) == 4
    told_apart = [label for label in labels if label.startswith("strong #")]
    assert len(told_apart) == 2 and "strong" not in labels
    (note,) = [note for note in board.computed.notes if "are called strong" in note]
    assert "they differ in source " in note and all(label in note for label in told_apart)
    # A plan names which of them the sweep means.
    assert [f.label for f in build(store, sweep="fabricated").computed.methods] == [
        "control",
        "middle",
        "strong",
    ]


def test_unequal_budgets_are_other_rows_and_said(tmp_path: Path) -> None:
    store = fabricate(tmp_path / "store", METHODS[:2], COLUMNS[:1])
    fabricate(tmp_path / "store", METHODS[:1], COLUMNS[:1], budget=200_000, sweep="long")
    board = build(store)
    assert len(board.computed.methods) == 3
    notes = " ".join(board.computed.notes)
    assert "differ in training budget" in notes
    assert "Training budgets differ" in notes and "200,000 images: strong #" in notes


def test_other_data_and_other_episodes_are_other_columns(tmp_path: Path) -> None:
    column = COLUMNS[0]
    others = [column, replace(column, digest=sha("new data")), replace(column, episode_seed=1)]
    board = build(fabricate(tmp_path / "store", METHODS[:2], others))
    titles = [facts.title for facts in board.computed.columns]
    assert len(set(titles)) == len({facts.id for facts in board.computed.columns}) == 3
    assert sum("data " in title for title in titles) == 3
    assert sum("episode seed 1" in title for title in titles) == 1


def test_columns_are_ranked_on_the_episodes_that_all_share(tmp_path: Path) -> None:
    store = fabricate(tmp_path / "store", METHODS[:2], COLUMNS[:1], episodes=60, plan=False)
    fabricate(tmp_path / "store", METHODS[2:], COLUMNS[:1], episodes=25, plan=False)
    board = build(store)
    assert [facts.episodes for facts in board.computed.columns] == [25]
    assert any("first 25 episodes" in note for note in board.computed.notes)


def test_of_two_evaluations_of_one_seed_the_longer_counts(tmp_path: Path) -> None:
    store = fabricate(tmp_path / "store", METHODS[:2], COLUMNS[:1], episodes=60, plan=False)
    fabricate(tmp_path / "store", METHODS[:2], COLUMNS[:1], episodes=25, plan=False)
    board = build(store)
    assert [facts.episodes for facts in board.computed.columns] == [60]
    assert any("2 further evaluations of the same seeds" in note for note in board.computed.notes)


def test_a_failure_is_a_hole_with_its_reason(tmp_path: Path) -> None:
    store = fabricate(tmp_path / "store")
    broken = failure(Planted("broken", 0.5), COLUMNS[0], sweep="fabricated")
    store.put_failure(broken)
    store.put_failure(failure(METHODS[0], COLUMNS[0]))  # of a cell that was computed after all
    store.put_plan("fabricated", [*store.keys(), broken.key, sha("not run")])
    board = build(store, sweep="fabricated")
    (hole,) = board.computed.holes
    assert (hole.method, hole.benchmark, hole.seed) == ("broken", "glyphs", 0)
    assert hole.reason == "its logits hold NaN after 1,200 training images"
    reasons = {(a.method, a.column.benchmark): a.reason for a in board.computed.absences}
    assert reasons == {("broken", "emoji"): "it was not evaluated here", ("broken", "glyphs"): hole.reason}
    assert any("1 of the sweep's 26 planned cells has not" in note for note in board.computed.notes)


def test_a_failure_of_another_source_is_no_hole_of_the_method_that_has_its_label(tmp_path: Path) -> None:
    store = fabricate(tmp_path / "store")
    store.put_failure(failure(replace(METHODS[0], source="2"), COLUMNS[0]))
    board = build(store)
    ranked = {facts.label: facts for facts in board.computed.methods}
    (failed,) = board.computed.unranked
    (label,) = [label for label, facts in ranked.items() if facts.name == "strong"]
    assert label != failed.label and failed.label.startswith("strong #") and label.startswith("strong #")
    (hole,) = board.computed.holes
    assert hole.concerns == (failed.label,) and hole.method == "strong"
    assert {absence.method for absence in board.computed.absences} == {failed.label}
    assert any("2 different methods are called strong" in note for note in board.computed.notes)


def test_a_failed_training_is_a_hole_of_every_method_that_adapts_it(tmp_path: Path) -> None:
    """A training is called by those arguments alone that matter to it."""
    heads = [
        Planted("transfer", 0.7, {"lr": 0.1, "head": head}, label=f"transfer(head={head})")
        for head in ("ridge", "centroid")
    ]
    store = fabricate(tmp_path / "store", heads, COLUMNS[:1])
    store.put_failure(failure(Planted("transfer", 0.7, {"lr": 0.1}), COLUMNS[1]))
    board = build(store)
    (hole,) = board.computed.holes
    assert hole.concerns == ("transfer(head=centroid)", "transfer(head=ridge)")
    assert board.computed.unranked == ()


def test_corrupt_cells_are_holes_and_the_store_is_left_as_it_is(tmp_path: Path) -> None:
    store = fabricate(tmp_path / "store")
    evaluate = list(store.scan("evaluate"))
    (store.folder(evaluate[0].key) / "record.json").write_text("{}")
    (store.folder(evaluate[1].key) / "outcomes.parquet").write_bytes(b"PAR1")
    before = {path: path.read_bytes() for path in (tmp_path / "store").rglob("*") if path.is_file()}
    board = build(store)
    assert {hole.key for hole in board.computed.holes} == {evaluate[0].key, evaluate[1].key}
    assert all(
        "corrupt" in hole.reason and "run the sweep again" in hole.reason for hole in board.computed.holes
    )
    assert {path: path.read_bytes() for path in (tmp_path / "store").rglob("*") if path.is_file()} == before


def test_a_store_without_results_gives_an_empty_board(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    store.put_failure(failure(METHODS[0], COLUMNS[0]))
    board = build(store)
    assert board.computed.ranking.overall == () and len(board.computed.holes) == 1
    page = write_html(board, tmp_path / "board").read_text()
    assert "No method has been evaluated yet." in page and "its logits hold NaN" in page


def test_no_store_and_no_such_sweep_are_said(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="there is no store at"):
        build(Store(tmp_path / "nowhere"))
    store = fabricate(tmp_path / "store", METHODS[:1], COLUMNS[:1], seeds=(0,), episodes=5)
    with pytest.raises(StoreError, match="has no sweep 'demmo'; it has fabricated"):
        build(store, sweep="demmo")


def test_the_helper_plants_what_it_says() -> None:
    means: dict[tuple[str, str], list[float]] = {}
    for record, tables in support.cells(episodes=400):
        if tables:
            found = tables["outcomes"]
            mean = found["correct"].to_numpy().sum() / found["queries"].to_numpy().sum()
            assert record.method is not None and record.benchmark is not None
            means.setdefault((record.method.label, record.benchmark.name), []).append(mean)
    for method in METHODS:
        for column in COLUMNS:
            planted = method.accuracy - column.harder
            assert means[method.label or method.name, column.benchmark] == pytest.approx(
                [planted] * 2, abs=0.03
            )
