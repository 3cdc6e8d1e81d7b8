from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from engine_sweeps import PROTOCOL, sweep

import tasks
from leaderboard.records import Failure, Measured, Record
from leaderboard.store import Store
from suite.config import BenchmarkConfig, MethodConfig, ModelConfig, Resources, Tracking
from suite.engine.cells import Cell
from suite.engine.plan import look_up, plan
from suite.methods import Budget, UnknownMethod


def record(cell: Cell) -> Record:
    measured = Measured(started="now", wall_seconds=3.0, cpu_seconds=1.0, peak_memory_mib=1.0, host="h")
    return Record(key=cell.key, kind=cell.kind, sweep="doubles", spec=dict(cell.spec), measured=measured)


def failure(cell: Cell) -> Failure:
    return Failure(key=cell.key, kind=cell.kind, sweep="doubles", spec=dict(cell.spec), reason="it would not")


def test_methods_that_differ_in_adapting_alone_share_a_training(tmp_path: Path) -> None:
    cells = plan(sweep(tmp_path, {}, {"power": 1.0}, {"scale": 3.0})).cells
    train, score = ([cell for cell in cells if cell.kind == kind] for kind in ("train", "evaluate"))
    assert [cell.method.label for cell in train if cell.method] == [
        "engine_double",
        "engine_double(scale=3.0)",
    ]
    labels = [cell.method.label for cell in score if cell.method]
    assert labels == ["engine_double", "engine_double(power=1.0)", "engine_double(scale=3.0)"]
    assert score[0].parents == score[1].parents == (train[0].key,)
    assert train[0].method and "power" not in train[0].method.arguments
    assert score[1].method and score[1].method.arguments["power"] == 1.0


def test_every_benchmark_protocol_seed_and_method_is_there_once(tmp_path: Path) -> None:
    benchmarks = (BenchmarkConfig("engine_stripes"), BenchmarkConfig("engine_stripes", {"offset": 7}))
    protocols = (PROTOCOL, replace(PROTOCOL, shot=2), replace(PROTOCOL, shot=2, episodes=9))
    cells = plan(sweep(tmp_path, seeds=(0, 1), benchmarks=benchmarks, protocols=protocols)).cells
    assert (
        sum(cell.kind == "train" for cell in cells) == 2 * 2 * 2
    )  # two shots: equal shapes share a training
    assert sum(cell.kind == "evaluate" for cell in cells) == 2 * 3 * 2
    assert len({cell.key for cell in cells}) == len(cells)
    digests = {cell.benchmark.digest for cell in cells if cell.benchmark}
    assert len(digests) == 2


def test_a_protocol_may_name_its_benchmarks(tmp_path: Path) -> None:
    protocols = (PROTOCOL, replace(PROTOCOL, shot=2, benchmarks=("elsewhere",)))
    assert len(plan(sweep(tmp_path, protocols=protocols)).cells) == 2


def test_parents_come_before_children_and_the_order_is_fixed(tmp_path: Path) -> None:
    given = sweep(tmp_path, {}, {"scale": 2.0}, seeds=(0, 1, 2))
    cells = plan(given).cells
    seen: set[str] = set()
    for cell in cells:
        assert set(cell.parents) <= seen
        seen.add(cell.key)
    assert [cell.key for cell in plan(given).cells] == [cell.key for cell in cells]


def test_the_model_is_merged_into_methods_that_take_it(tmp_path: Path) -> None:
    narrow, wide = (plan(sweep(tmp_path, model=ModelConfig("conv4", width))).cells for width in (8, 16))
    assert narrow[0].method and wide[0].method
    assert (narrow[0].method.arguments["width"], wide[0].method.arguments["width"]) == (8, 16)
    assert "backbone" not in narrow[0].method.arguments  # the double takes none
    assert narrow[0].method.label == wide[0].method.label == "engine_double"
    assert narrow[0].key != wide[0].key


def test_how_it_is_run_changes_no_key(tmp_path: Path) -> None:
    keys = [cell.key for cell in plan(sweep(tmp_path)).cells]
    other = sweep(
        tmp_path / "elsewhere",
        name="other",
        resources=Resources(cpus_per_cell=2, max_in_flight=1),
        tracking=Tracking("offline"),
        margin=0.02,
    )
    assert [cell.key for cell in plan(other).cells] == keys


def test_another_budget_is_another_training(tmp_path: Path) -> None:
    keys = {cell.key for cell in plan(sweep(tmp_path)).cells}
    assert keys.isdisjoint(cell.key for cell in plan(sweep(tmp_path, budget=Budget(images=480))).cells)


def test_workers_are_told_what_to_import(tmp_path: Path) -> None:
    assert plan(sweep(tmp_path)).modules == ("engine_doubles",)


def test_what_cannot_be_is_refused_before_anything_runs(tmp_path: Path) -> None:
    with pytest.raises(UnknownMethod, match="engine_double"):
        plan(sweep(tmp_path, methods=(MethodConfig("engine_duoble"),)))
    with pytest.raises(LookupError, match="engine_stripes"):
        plan(sweep(tmp_path, benchmarks=(BenchmarkConfig("engine_stirpes"),)))
    with pytest.raises(ValueError, match="11-way episodes need 11"):
        plan(sweep(tmp_path, protocols=(replace(PROTOCOL, way=11),)))
    assert not list(tmp_path.iterdir())


def test_what_the_store_knows_is_found(tmp_path: Path) -> None:
    bare = plan(sweep(tmp_path, {}, {"scale": 2.0}))
    store = Store(tmp_path)
    trained, bad, scored, hanging = bare.cells
    assert look_up(bare, store).pending == bare.cells
    store.put(record(trained))
    store.put_failure(failure(bad))
    known = look_up(bare, store)
    assert known.done == {trained.key: 3.0}
    assert list(known.failed) == [bad.key] and known.blocked == {hanging.key}
    assert known.pending == (scored,)
    assert look_up(bare, store, retry=True).pending == (bad, scored, hanging)


def test_a_finished_cell_is_done_even_where_it_once_failed(tmp_path: Path) -> None:
    bare, store = plan(sweep(tmp_path)), Store(tmp_path)
    store.put_failure(failure(bare.cells[0]))
    store.put(record(bare.cells[0]))
    assert list(look_up(bare, store).done) == [bare.cells[0].key]
    assert not look_up(bare, store).failed


def test_a_corrupt_record_is_named_set_aside_and_computed_again(tmp_path: Path) -> None:
    bare, told = plan(sweep(tmp_path)), []
    store = Store(tmp_path, on_problem=told.append)
    key = bare.cells[0].key
    store.put(record(bare.cells[0]))
    path = store.folder(key) / "record.json"
    path.write_text(path.read_text()[:-40])
    assert look_up(bare, store).pending == bare.cells
    assert [problem.key for problem in told] == [key]
    assert not path.exists() and told[0].set_aside


def test_its_benchmark_is_loaded_with_the_options_given(tmp_path: Path) -> None:
    [train, _] = plan(sweep(tmp_path, benchmarks=(BenchmarkConfig("engine_stripes", {"size": 9}),))).cells
    assert train.benchmark and train.benchmark.options == {"size": 9, "offset": 0, "noise": 12.0}
    assert train.benchmark.digest == tasks.load("engine_stripes", size=9).digest
