"""The transfer track: one training serves all that adapt from it, and is measured without being asked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

import suite.methods
from leaderboard.records import MethodIdentity, Record
from leaderboard.store import Store
from suite import measures
from suite.config import BenchmarkConfig, MethodConfig, Tracking
from suite.engine.benchmarks import keep_benchmarks
from suite.engine.body import Job, execute
from suite.engine.cells import Cell, Shape, train_cell
from suite.engine.evaluating import adaptation_seed
from suite.engine.parts import of_transfer, pooled
from suite.engine.plan import plan
from suite.engine.trained import measure_cell
from suite.engine.training import CHECKPOINT, train
from suite.engine.transfers import reference_of
from suite.engine.work import Desk
from suite.engine.yardsticks import Yardstick
from suite.measures.registry import forget
from suite.methods import Budget, get, seed_everything
from tasks import Support
from tests.support.similar import carry_out_here
from tests.support.transfer_sweeps import noisy_task, transfer_sweep
from tests.support.transfers import noisy_transfer

PROBE = MethodConfig("transfer")
CENTROID = MethodConfig("transfer", {"head": "nearest_centroid"})


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    with noisy_task(), pytest.MonkeyPatch.context() as patch:
        patch.setenv("OMP_NUM_THREADS", "1")
        patch.setenv("CUDA_VISIBLE_DEVICES", "")
        yield


@pytest.fixture(scope="module")
def carried_out(one_thread: None, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Cell]]:
    """Two ways to adapt, all labels and two a class, and every measure."""
    store = tmp_path_factory.mktemp("transfer")
    cells = plan(transfer_sweep(store, PROBE, CENTROID, labels=(0, 2), measures=("all",))).cells
    carry_out_here(cells, store)
    return store, list(cells)


def records(carried: tuple[Path, list[Cell]], kind: str) -> list[Record]:
    store, cells = carried
    found = [Store(store).get(cell.key) for cell in cells if cell.kind == kind]
    assert all(record is not None for record in found)
    return [record for record in found if record is not None]


def kinds(store: Path, *methods: MethodConfig, **changes: Any) -> Counter[str]:
    return Counter(cell.kind for cell in plan(transfer_sweep(store, *methods, **changes)).cells)


def test_nothing_is_trained_twice_for_adaptations_and_labels(tmp_path: Path) -> None:
    ways = [MethodConfig("transfer", {"head": head}) for head in ("ridge", "nearest_centroid")]
    rates = [MethodConfig("transfer", {"lr": rate, "head": "ridge"}) for rate in (0.01, 0.02)]
    found = kinds(tmp_path, *ways, *rates, labels=(0, 1, 2), seeds=(0, 1))
    assert found == {"train": 3 * 2, "evaluate": 4 * 3 * 2}
    tasks = (BenchmarkConfig("noisy_transfer"), BenchmarkConfig("noisy_transfer", {"images": 20}))
    assert kinds(tmp_path, *ways, transfers=tasks) == {"train": 2, "evaluate": 4}


def test_few_shot_trainings_keep_their_keys() -> None:
    method = MethodIdentity(name="m", version="1", source_hash="a", arguments={}, label="m")
    given = (noisy_identity(), Shape(5, 1, 3), Budget(), 0)
    assert set(train_cell(method, *given).spec) == {"method", "benchmark", "episode", "budget", "seed"}
    assert train_cell(method, *given, track="transfer").spec["track"] == "transfer"


def noisy_identity() -> Any:
    from leaderboard.records import BenchmarkIdentity

    return BenchmarkIdentity(name="noisy_transfer", options={}, digest=noisy_transfer().digest)


def test_an_evaluation_tells_every_test_image(carried_out: tuple[Path, list[Cell]]) -> None:
    store, _ = carried_out
    for record in records(carried_out, "evaluate"):
        rows = Store(store).table(record, "outcomes").to_pylist()
        assert [row["episode"] for row in rows] == list(range(40))
        assert {row["queries"] for row in rows} == {1} and {row["correct"] for row in rows} <= {0, 1}
        results = record.results
        assert results["mean_accuracy"] == sum(row["correct"] for row in rows) / 40
        assert record.protocol is not None and record.protocol.track == "transfer"
        assert results["way"] == record.protocol.way == 4
        assert results["labels_per_class"] == record.protocol.shot
        assert record.protocol.episodes == 40 and results["licence"] == "CC0-1.0"
        assert results["transductive"] is False and results["chosen"] == {}


def test_a_method_adapts_with_the_labels_of_its_seed(carried_out: tuple[Path, list[Cell]]) -> None:
    store, _ = carried_out
    record = next(
        r for r in records(carried_out, "evaluate") if r.protocol is not None and r.protocol.shot == 2
    )
    assert record.method is not None
    task = noisy_transfer()
    method = get(record.method.name, **record.method.arguments)
    method.load(Store(store).folder(record.parents[0]) / CHECKPOINT)
    seed_everything(adaptation_seed(0, 0, 0))
    part = task.support(2, seed=0)
    predictor = method.adapt(
        Support(part.images, part.labels, Support(*task.tensors("downstream", "validation")))
    )
    images, answers = task.tensors("downstream", "test")
    expected = float((predictor(images).argmax(1) == answers).double().mean())
    assert record.results["mean_accuracy"] == pytest.approx(expected, abs=1e-12)


def test_what_was_trained_is_measured_without_being_asked(carried_out: tuple[Path, list[Cell]]) -> None:
    store, _ = carried_out
    [training] = records(carried_out, "train")
    found = {record.results["measure"]: record for record in records(carried_out, "measure")}
    # Of a backbone alone no classifier is left to differentiate, and nothing to compare it with.
    assert set(found) >= {"class_separation", "effective_rank", "label_alignment", "neural_collapse"}
    assert not {"geometric_complexity", "cka_to_reference"} & set(found)
    for record in found.values():
        assert record.parents == (training.key,) and record.method == training.method
        assert record.results["reference"] is None
        where = [(row["problem"], row["split"], row["layer"]) for row in record.results["rows"]]
        layers = ("block1", "block2", "block3", "features")
        both = [(problem, split) for problem in ("source", "downstream") for split in ("train", "test")]
        assert where == [(*part, layer) for part in both for layer in layers]

    assert training.method is not None
    method = get("transfer", **training.method.arguments)
    method.load(Store(store).folder(training.key) / CHECKPOINT)
    part = of_transfer(noisy_transfer(), "downstream", "test", 2_000)
    assert isinstance(method, suite.methods.RecipeMethod)
    with torch.no_grad():
        features = method.network(part.images.float() / 255)
    rows = found["class_separation"].results["rows"]
    told = rows[-1]["values"]["class_separation"]
    again = method.adapt(noisy_transfer().support()).layers(part.images)  # type: ignore[attr-defined]
    assert told == pytest.approx(
        measures.class_separation(pooled(again["block4"], 40), part.labels), abs=1e-6
    )
    assert features.shape == (40, 4)


def test_parts_are_bounded_and_hold_every_class_alike() -> None:
    task = noisy_transfer(source=6, images=(30, 8, 10))
    part = of_transfer(task, "source", "train", 50)
    assert torch.bincount(part.labels).tolist() == [8] * 6 and len(part.images) == 48
    again = of_transfer(task, "source", "train", 50)
    assert torch.equal(part.images, again.images) and torch.equal(part.classes, torch.arange(6))
    assert len(of_transfer(task, "source", "train", 180).images) == 180


def test_an_undefined_figure_is_none_with_its_reason() -> None:
    part = of_transfer(noisy_transfer(), "source", "test", 100)
    still = {"features": torch.ones(len(part.labels), 3), "labels": part.labels}
    found = part.figures("effective_rank", still)
    assert found.values == {"effective_rank": None}
    assert found.undefined == "features do not vary between examples"


def identity(objective: str, **arguments: Any) -> MethodIdentity:
    given = {"objective": objective, "width": 8, "lr": 0.01, **arguments}
    return MethodIdentity(name="pretrain", version="1", source_hash="a", arguments=given, label="p")


def test_the_reference_is_the_plain_softmax_that_differs_least() -> None:
    among = [
        identity("softmax", width=16),
        identity("sigmoid"),
        identity("softmax"),
        identity("softmax", lr=1),
    ]
    assert reference_of(identity("sigmoid"), among) == 2
    assert reference_of(identity("sigmoid", width=16), among) == 0
    assert reference_of(identity("softmax"), among) is None
    assert reference_of(identity("sigmoid"), among[1:2]) is None
    other = MethodIdentity(name="transfer", version="1", source_hash="a", arguments={}, label="t")
    assert reference_of(other, among) is None


def test_a_measure_of_ones_own_needs_a_file_alone(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text(
        "from suite.measures import measure\n\n\n"
        '@measure("largest_feature", needs=("features",))\n'
        "def largest_feature(features):\n    return float(features.max())\n",
        encoding="utf-8",
    )
    try:
        sweep = transfer_sweep(tmp_path / "store", PROBE, measures=(str(file),))
        cells = [cell for cell in plan(sweep).cells if cell.kind != "evaluate"]
        # As on another host, which has the cell and not the file.
        forget("largest_feature")
        file.unlink()
        carry_out_here(cells, tmp_path / "store")
    finally:
        forget("largest_feature")
    record = Store(tmp_path / "store").get(cells[-1].key)
    assert record is not None
    values = [row["values"]["largest_feature"] for row in record.results["rows"]]
    assert len(values) == 16 and all(value > 0 for value in values)


def test_objectives_are_held_against_plain_softmax_and_their_heads_measured(tmp_path: Path) -> None:
    both = [MethodConfig("pretrain", {"objective": name}) for name in ("softmax", "cosine_softmax")]
    wanted = ("cka_to_reference", "neural_collapse", "geometric_complexity")
    cells = plan(transfer_sweep(tmp_path, *both, measures=wanted)).cells
    assert Counter(cell.kind for cell in cells) == {"train": 2, "evaluate": 2, "measure": 5}
    carry_out_here(cells, tmp_path)
    store = Store(tmp_path)
    plain, cosine = (cell for cell in cells if cell.kind == "train")
    found = {(record.parents, record.results["measure"]): record.results for record in store.scan("measure")}
    against = found[(cosine.key, plain.key), "cka_to_reference"]
    assert against["reference"] == "pretrain" and len(against["rows"]) == 16
    assert all(-0.5 < row["values"]["cka_to_reference"] <= 1 for row in against["rows"])
    for training in (plain, cosine):
        [steep] = found[(training.key,), "geometric_complexity"]["rows"]
        assert (steep["problem"], steep["split"], steep["layer"]) == ("source", "train", "features")
        assert steep["values"]["geometric_complexity"] > 0
        for row in found[(training.key,), "neural_collapse"]["rows"]:
            # The head is one of source classes, on features.
            headed = row["problem"] == "source" and row["layer"] == "features"
            assert ("neural_collapse.nc3" in row["values"]) == headed
            assert headed or "neural_collapse.nc4" not in row["values"]
    for record in store.scan("evaluate"):
        assert record.results["chosen"] and record.results["tuned_parameters"] > 0


@pytest.mark.slow
def test_walls_change_no_result(tmp_path: Path) -> None:
    planned = plan(transfer_sweep(tmp_path, PROBE))
    reports = tmp_path / "reports"
    reports.mkdir()
    found = []
    for walled in (True, False):
        store = tmp_path / f"walled {walled}"
        for cell in planned.cells:
            job = Job(cell, "s", str(store), str(reports), (), 1, "t", 1, 0, 10**6, 300, Tracking("disabled"))
            outcome = execute(replace(job, code=planned.codes["transfer"], walled=walled))
            assert outcome.fault is None, outcome.reason
        found.append({record.key: record.results for record in Store(store).scan()})
    assert found[0] == found[1] and len(found[0]) == 2


def test_too_few_labels_are_refused_before_anything_is_trained(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"labels: noisy_transfer: class 'downstream-0' has 30 training ima"):
        plan(transfer_sweep(tmp_path, PROBE, labels=(0, 31)))


def test_a_task_without_so_many_labels_is_left_out_and_named(tmp_path: Path) -> None:
    many = BenchmarkConfig("digit_classes")  # more than 100 a class
    given = transfer_sweep(tmp_path, PROBE, labels=(0, 31))
    planned = plan(replace(given, transfers=(*given.transfers, many)))
    asked = [
        (cell.benchmark.name, cell.protocol.shot)
        for cell in planned.cells
        if cell.protocol is not None and cell.benchmark is not None
    ]
    assert sorted(asked) == [("digit_classes", 0), ("digit_classes", 31), ("noisy_transfer", 0)]
    [note] = planned.notes
    assert note.startswith("noisy_transfer is not scored at 31 labels a class")


def test_a_measure_of_two_has_a_reference_and_one_of_one_has_none() -> None:
    method = identity("sigmoid")
    alone, two = Yardstick.of("effective_rank"), Yardstick.of("cka_to_reference")
    given = (method, noisy_identity(), 0, "a" * 64)
    with pytest.raises(ValueError, match="cka_to_reference needs a reference"):
        measure_cell(*given, two, track="transfer")
    with pytest.raises(ValueError, match="effective_rank takes no reference"):
        measure_cell(*given, alone, track="transfer", reference="b" * 64)
    cell = measure_cell(*given, two, track="transfer", reference="b" * 64)
    assert cell.parents == ("a" * 64, "b" * 64) and cell.spec["reference"] == "b" * 64


def test_the_card_of_a_transfer_task_tells_both_sides(tmp_path: Path) -> None:
    store = Store(tmp_path)
    cells = plan(transfer_sweep(tmp_path, PROBE)).cells
    keep_benchmarks(cells, store)
    kept = store.benchmark(noisy_transfer().digest)
    assert kept is not None
    card, sheet = kept
    assert {side: (size.classes, size.images) for side, size in card.splits.items()} == {
        "source": (6, 6 * 48),
        "downstream": (4, 4 * 48),
    }
    assert card.sheet.startswith("source, downstream, downstream test from") and sheet[:4] == b"\x89PNG"


def test_each_validation_logs_what_the_features_are_like(tmp_path: Path) -> None:
    logged: list[dict[str, float]] = []
    cell = plan(transfer_sweep(tmp_path / "store", PROBE)).cells[0]
    assert cell.method is not None
    built = get(cell.method.name, **cell.method.arguments)
    desk = Desk(
        Store(tmp_path / "store"),
        tmp_path,
        lambda *_: None,
        lambda figures: logged.append(dict(figures)),
        lambda: nullcontext(built),
    )
    seed_everything(0)
    results = train(cell, desk).results
    curves = [entry for entry in logged if "train/class_separation" in entry]
    assert [entry["images"] for entry in curves] == [images for images, _ in results["curve"]]
    assert {"train/neural_collapse.nc1", "train/effective_rank", "train/label_alignment"} <= set(curves[0])
