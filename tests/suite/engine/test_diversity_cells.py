"""Diversity cells: planned for every benchmark and probe, computed once, read back as they were measured."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from engine_sweeps import sweep

import tasks
from leaderboard.store import Store
from suite.config import DiversityConfig, ProbeConfig, SweepConfig
from suite.engine.body import Job, execute
from suite.engine.cells import Cell
from suite.engine.diversity_tables import read_diversity
from suite.engine.plan import plan
from suite.measures import difference, diversity_coefficient, redraw
from suite.probes import probe

PROBES = (ProbeConfig("mlp", {"width": 6, "size": 8}), ProbeConfig("conv4", {"width": 2, "size": 16}))


@pytest.fixture
def given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SweepConfig:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    bare = sweep(tmp_path / "store")
    return replace(bare, diversity=DiversityConfig(PROBES, tasks=4, way=3, shot=1, query=2))


def cells(given: SweepConfig) -> list[Cell]:
    return [cell for cell in plan(given).cells if cell.kind == "diversity"]


def job(cell: Cell, given: SweepConfig) -> Job:
    reports = Path(given.store) / "driver" / "cells"
    reports.mkdir(parents=True, exist_ok=True)
    return Job(cell, "s", given.store, str(reports), (), 1, "t", 1, 0, 100_000, 60, given.tracking)


def test_a_sweep_measures_each_benchmark_by_each_probe_and_none_without_probes(given: SweepConfig) -> None:
    found = cells(given)
    assert len(found) == len(given.benchmarks) * len(PROBES)
    assert {cell.spec["probe"]["name"] for cell in found} == {"mlp", "conv4"}
    assert all(cell.method is None and cell.protocol is None and cell.seed == 0 for cell in found)
    assert found[0].title.startswith("diversity mlp · ")
    assert not cells(replace(given, diversity=DiversityConfig()))


def test_the_key_tells_probe_tasks_and_estimator(given: SweepConfig) -> None:
    keys = [cell.key for cell in cells(given)]
    assert keys == [cell.key for cell in cells(given)]
    assert len(set(keys)) == len(keys)
    other = replace(given, diversity=replace(given.diversity, seed=1))
    assert not {cell.key for cell in cells(other)} & set(keys)


def test_the_record_is_what_was_measured(given: SweepConfig) -> None:
    cell = cells(given)[0]
    assert execute(job(cell, given)).fault is None
    store = Store(given.store)
    record = store.get(cell.key)
    assert record is not None and record.kind == "diversity"
    assert cell.benchmark is not None
    benchmark = tasks.load(cell.benchmark.name, **cell.benchmark.options)
    episodes = tasks.Episodes(benchmark, "train", 3, 1, 2, seed=0)
    direct = diversity_coefficient(
        [episodes[i] for i in range(4)], probe("mlp", width=6, size=8), redrawn=redraw(episodes, 4)
    )
    read = read_diversity(store, record)
    assert read.conditions == direct.conditions
    np.testing.assert_array_equal(read.distances, direct.distances)
    assert read.redrawn.keys() == direct.redrawn.keys()
    for field in ("mean", "interval", "pair_interval", "floor", "floor_interval", "complexity_interval"):
        assert getattr(read, field) == getattr(direct, field)
        expected = getattr(direct, field)
        assert record.results[field] == (list(expected) if isinstance(expected, tuple) else expected)
    assert store.table(record, "tasks").column_names == ["task", "complexity", "domain"]
    assert len(store.table(record, "distances")) == 6
    assert difference(read, direct).estimate == 0


def test_a_benchmark_with_too_few_images_is_refused_before_anything_runs(given: SweepConfig) -> None:
    greedy = replace(given, diversity=replace(given.diversity, query=100_000))
    with pytest.raises(ValueError, match="3-way episodes need 3"):
        plan(greedy)


@pytest.mark.parametrize(
    ("wrong", "error", "words"),
    [
        (ProbeConfig("conv"), ValueError, "no probe is called 'conv'; nearest: conv4"),
        (ProbeConfig("mlp", {"widht": 3}), TypeError, "no option 'widht'; nearest: width"),
        (ProbeConfig("resnet18", {"weights": "none.pth"}), ValueError, "there is no file none.pth"),
    ],
)
def test_a_probe_that_cannot_be_had_is_told_when_planning(
    given: SweepConfig, wrong: ProbeConfig, error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        plan(replace(given, diversity=DiversityConfig((wrong,))))


def test_another_probe_on_a_host_is_told(given: SweepConfig) -> None:
    cell = cells(given)[0]
    spec = {**cell.spec, "probe": {**cell.spec["probe"], "digest": "f" * 64}}
    outcome = execute(job(replace(cell, spec=spec), given))
    assert outcome.fault == "host"
    assert "digest" in outcome.reason and "ffffffffffff where the measurement was planned" in outcome.reason
