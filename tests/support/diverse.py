"""A store with planted diversities and gaps: arms of MAML and transfer on benchmarks of rising diversity."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from leaderboard.records import Record
from leaderboard.store import Store
from tests.support.fabricate import Planted, PlantedColumn, cells, clocked, data, sha

SWEEP = "diverse"
DIVERSITIES = (0.28, 0.32, 0.36, 0.40, 0.44, 0.48)
PROBE = "conv4, random weights"


def arm(name: str, accuracy: float, width: int = 32, **arguments: Any) -> Planted:
    """An arm of the comparison; ``arguments`` beside those that all have."""
    body = {"backbone": "conv4", "width": width, "batch_norm": "running"}
    spelled = {**({"width": width} if width != 32 else {}), **arguments}
    said = ", ".join(f"{key}={value}" for key, value in sorted(spelled.items()))
    return Planted(name, accuracy, {**body, **arguments}, label=f"{name}({said})" if said else name)


def arms(lead: float, width: int = 32) -> list[Planted]:
    """Transfer ahead of MAML-5 by ``lead``, MAML-10 half a point above that, and an untrained network."""
    better = 0.02 * np.log2(width / 32)
    return [
        arm("transfer", 0.70 + lead + better, width, adaptation="head"),
        arm("maml", 0.70 + better, width, adaptation="inner_loop", adaptation_steps=5),
        arm("maml", 0.705 + better, width, adaptation="inner_loop", adaptation_steps=10),
        arm("maml", 0.69 + better, width, adaptation="head"),
        arm("untrained", 0.45, width, adaptation="head"),
        arm("untrained", 0.40, width, adaptation="inner_loop", adaptation_steps=5),
    ]


@dataclass(frozen=True)
class Measured:
    """A diversity cell to be: ``half`` is half the width of its interval."""

    column: PlantedColumn
    mean: float
    half: float = 0.01
    tasks: int = 60
    seed: int = 0
    probe: str = PROBE
    floor: float | None = 0.07
    domains: int = 2


def diversity_record(planted: Measured, sweep: str = SWEEP) -> tuple[Record, dict[str, pa.Table]]:
    """The cell and its tables; few tasks are in them, whatever ``tasks`` says."""
    benchmark, mean, half = data(planted.column), planted.mean, planted.half
    spec = {
        "benchmark": benchmark.model_dump(),
        "measure": {"name": "diversity_coefficient", "version": "1", "source_hash": sha("diversity")},
        "split": "train",
        "task": {"way": 5, "shot": 5, "query": 15},
        "tasks": planted.tasks,
        "seed": planted.seed,
        "probe": {"name": planted.probe.split(",")[0], "options": {}, "digest": sha("probe", planted.probe)},
        "estimator": "exact",
    }
    results = {
        "mean": mean,
        "interval": [mean - half, mean + half],
        "pair_interval": [mean - half / 4, mean + half / 4],
        "floor": planted.floor,
        "floor_interval": None if planted.floor is None else [planted.floor - 0.01, planted.floor + 0.01],
        "standardized": 4.2,
        "complexity": 123.4,
        "complexity_interval": [120.0, 126.8],
        "effective_tasks": 1_200.0,
        "tasks": planted.tasks,
        "probe": planted.probe,
        "split": "train",
        "way": 5,
        "shot": 5,
        "query": 15,
    }
    record = Record(
        key=sha("diversity", spec),
        kind="diversity",
        sweep=sweep,
        spec=spec,
        benchmark=benchmark,
        seed=planted.seed,
        results=results,
        measured=clocked(30.0, planted.seed),
    )
    tasks = pa.table(
        {
            "task": np.arange(6, dtype=np.int32),
            "complexity": np.linspace(120, 127, 6),
            "domain": [f"domain {number % planted.domains}" for number in range(6)],
        }
    )
    pairs = pa.table(
        {
            "first": np.array([0], np.int32),
            "second": np.array([1], np.int32),
            "distance": np.array([mean]),
        }
    )
    return record, {"tasks": tasks, "distances": pairs}


def plant(
    folder: Path | str,
    *,
    slope: float = -0.5,
    diversities: Sequence[float] = DIVERSITIES,
    widths: Sequence[int] = (32,),
    seeds: Sequence[int] = (0, 1, 2),
    episodes: int = 100,
    probes: Sequence[str] = (PROBE,),
    fit: bool = True,
) -> Store:
    """Benchmarks b0, b1, … of these diversities; transfer leads by ``slope`` (diversity - 0.38) on each."""
    store = Store(str(folder))
    keys = []
    for number, diversity in enumerate(diversities):
        column = PlantedColumn(f"b{number}", shot=5)
        for width in widths:
            for record, tables in cells(
                arms(slope * (diversity - 0.38), width), [column], seeds, episodes, SWEEP
            ):
                found = _fitted(record) if fit and record.kind == "train" else record
                store.put(found, tables)
                keys.append(found.key)
        for place, probe in enumerate(probes):
            cell, tables = diversity_record(Measured(column, diversity - 0.05 * place, probe=probe))
            store.put(cell, tables)
            keys.append(cell.key)
    store.put_plan(SWEEP, keys)
    return store


def _fitted(record: Record) -> Record:
    """A training that tells how far it went."""
    reached = record.seed != 2
    told = {
        "train_accuracy": 0.9 + 0.01 * (record.seed or 0),
        "plateau": {"reached": reached, "criterion": "2 validations without a gain of 0.002"},
    }
    return record.model_copy(update={"results": {**record.results, **told}})


def without(planted: Measured, **changes: Any) -> Measured:
    """The same with changes."""
    return replace(planted, **changes)
