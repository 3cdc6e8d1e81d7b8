"""Diversity cells in a store: joined by digest, kept apart by probe, and holes where they are damaged."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest

from leaderboard import Failure, Store
from leaderboard.board import build
from leaderboard.board.diversity.model import Diversity
from tests.support.diverse import PROBE, SWEEP, Measured, diversity_record, plant
from tests.support.fabricate import PlantedColumn, data

ONE = Measured(PlantedColumn("b0", shot=5), 0.3)


def told(store: Store, *, sweep: str | None = None) -> Diversity:
    found = build(store, sweep=sweep).diversity
    assert found is not None
    return found


def stored(folder: Path, *cells: Measured) -> Store:
    store = Store(str(folder))
    for cell in cells:
        store.put(*diversity_record(cell))
    return store


def test_what_was_measured_is_found_by_the_digest_of_its_data(tmp_path: Path) -> None:
    found = told(stored(tmp_path / "store", ONE))
    (ruler,) = found.rulers
    measurement = found.measurement(data(ONE.column).digest, ruler.id)
    assert measurement is not None and measurement.mean.estimate == 0.3
    assert (measurement.mean.low, measurement.mean.high) == (0.29, 0.31)
    assert measurement.floor is not None and measurement.floor.estimate == 0.07
    assert measurement.domains == 2 and measurement.tasks == 60
    assert ruler.label == PROBE and (ruler.way, ruler.shot, ruler.query) == (5, 5, 15)


def test_probes_are_kept_apart(tmp_path: Path) -> None:
    found = told(stored(tmp_path / "store", ONE, replace(ONE, probe="resnet18, ImageNet", mean=0.1)))
    assert [ruler.label for ruler in found.rulers] == [PROBE, "resnet18, ImageNet"]
    means = {m.ruler: m.mean.estimate for m in found.measurements}
    assert [means[ruler.id] for ruler in found.rulers] == [0.3, 0.1]


def test_probes_of_one_label_with_other_weights_are_told_apart(tmp_path: Path) -> None:
    store = Store(str(tmp_path / "store"))
    record, tables = diversity_record(ONE)
    store.put(record, tables)
    probe = {**record.spec["probe"], "digest": "f" * 64}
    store.put(record.model_copy(update={"key": "0" * 64, "spec": {**record.spec, "probe": probe}}), tables)
    labels = [ruler.label for ruler in told(store).rulers]
    assert len(set(labels)) == 2 and all("weights " in label for label in labels)


def test_of_several_measurements_that_with_most_tasks_counts(tmp_path: Path) -> None:
    few, many = replace(ONE, mean=0.2), replace(ONE, tasks=500, mean=0.4)
    (found,) = told(stored(tmp_path / "store", few, many, replace(many, seed=1, mean=0.5))).measurements
    assert found.mean.estimate == 0.4 and found.seed == 0


def test_a_sweep_shows_the_diversity_that_it_planned_and_no_other(tmp_path: Path) -> None:
    store = plant(tmp_path / "store", diversities=(0.3, 0.4), seeds=(0, 1), episodes=10)
    store.put(*diversity_record(Measured(PlantedColumn("elsewhere"), 0.9), sweep="other"))
    assert len(told(store).measurements) == 3 and len(told(store, sweep=SWEEP).measurements) == 2


def test_tasks_that_were_not_drawn_again_have_no_floor(tmp_path: Path) -> None:
    (found,) = told(stored(tmp_path / "store", replace(ONE, floor=None))).measurements
    assert found.floor is None


def test_tasks_of_several_domains_are_told(tmp_path: Path) -> None:
    store = Store(str(tmp_path / "store"))
    record, tables = diversity_record(ONE)
    mixed = tables["tasks"].set_column(2, "domain", pa.array([None, *["a"] * 5], pa.string()))
    store.put(record, {**tables, "tasks": mixed})
    (found,) = told(store).measurements
    assert found.domains is None and found.classes_per_domain is None


@pytest.mark.parametrize("made", [40, {"train": 40, "validation": 8, "test": 12}])
def test_classes_per_domain_are_those_that_data_were_made_with(tmp_path: Path, made: object) -> None:
    store = Store(str(tmp_path / "store"))
    record, tables = diversity_record(ONE)
    assert record.benchmark is not None
    benchmark = record.benchmark.model_copy(update={"options": {"classes_per_domain": made}})
    store.put(record.model_copy(update={"benchmark": benchmark}), tables)
    (found,) = told(store).measurements
    assert found.classes_per_domain == 40


def test_a_damaged_table_is_a_hole_and_no_figure(tmp_path: Path) -> None:
    store = plant(tmp_path / "store", diversities=(0.3, 0.4), seeds=(0, 1), episodes=10)
    record, _ = diversity_record(Measured(PlantedColumn("b0", shot=5), 0.3))
    (store.folder(record.key) / "tasks.parquet").write_bytes(b"no table")
    board = build(store)
    assert board.diversity is not None and len(board.diversity.measurements) == 1
    (hole,) = board.computed.holes
    assert hole.kind == "diversity" and hole.method == "conv4" and "corrupt" in hole.reason
    assert "Not measured by conv4, random weights: b0." in board.diversity.missing


@pytest.mark.parametrize("lacking", ["interval", "floor"])
def test_a_record_of_another_make_is_a_hole_that_says_what_it_lacks(tmp_path: Path, lacking: str) -> None:
    store = plant(tmp_path / "store", diversities=(0.3,), seeds=(0, 1), episodes=10, probes=())
    record, tables = diversity_record(ONE)
    results = {name: value for name, value in record.results.items() if name != lacking}
    store.put(record.model_copy(update={"results": results}), tables)
    board = build(store)
    assert board.diversity is not None and board.diversity.measurements == ()
    (hole,) = board.computed.holes
    assert hole.reason == f"it cannot be read as a measurement: {lacking}: field required"


def test_a_measurement_that_failed_is_a_hole_called_after_its_probe(tmp_path: Path) -> None:
    store = plant(tmp_path / "store", diversities=(0.3,), seeds=(0, 1), episodes=10, probes=())
    record, _ = diversity_record(ONE)
    store.put_failure(
        Failure(
            key=record.key,
            kind="diversity",
            sweep=SWEEP,
            spec=record.spec,
            benchmark=record.benchmark,
            reason="resnet18's weights are not here",
        )
    )
    (hole,) = build(store).computed.holes
    assert (hole.kind, hole.method, hole.benchmark) == ("diversity", "conv4", "b0")
