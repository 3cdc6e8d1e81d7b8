"""A diversity as a record keeps it: figures as JSON, distances as tables; and back."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

import tasks
from leaderboard.records import Record
from leaderboard.store import Store
from suite.measures import Conditions, Diversity, of_distances

DISTANCES, FLOOR, TASKS = "distances", "floor", "tasks"
"""The tables: pairs of tasks; pairs of draws of each task that was drawn again, the first being 0; tasks."""


def results(measured: Diversity) -> dict[str, Any]:
    """As JSON, where nothing is infinite."""
    standardized = measured.standardized if math.isfinite(measured.standardized) else None
    return {
        "mean": measured.mean,
        "interval": list(measured.interval),
        "pair_interval": list(measured.pair_interval),
        "floor": measured.floor,
        "floor_interval": None if measured.floor_interval is None else list(measured.floor_interval),
        "floor_overlap": measured.floor_overlap,
        "standardized": standardized,
        "complexity": measured.complexity,
        "complexity_interval": list(measured.complexity_interval),
        "effective_tasks": measured.effective_tasks,
        "tasks": measured.tasks,
    }


def tables(measured: Diversity, episodes: tasks.Episodes) -> dict[str, pa.Table]:
    """The tables, by name; ``episodes`` are the tasks."""
    return {
        DISTANCES: _pairs(measured.distances),
        FLOOR: _floors(measured),
        TASKS: _tasks(measured, episodes),
    }


def read_diversity(store: Store, record: Record) -> Diversity:
    """The measurement that a record keeps, with its distances. Raises StoreError where a table is missing."""
    spec, task = record.spec, record.spec["task"]
    conditions = Conditions(
        spec["probe"]["digest"],
        spec["estimator"],
        task["way"],
        task["way"] * task["shot"],
        task["way"] * task["query"],
    )
    floors = store.table(record, FLOOR)
    of_task = floors["task"].to_numpy()
    redrawn = {int(i): _matrix(floors.filter(pa.array(of_task == i))) for i in np.unique(of_task)}
    complexities = store.table(record, TASKS)["complexity"].to_numpy()
    overlap = record.results["floor_overlap"]
    return of_distances(conditions, _matrix(store.table(record, DISTANCES)), complexities, redrawn, overlap)


def _pairs(distances: NDArray[np.float64]) -> pa.Table:
    first, second = np.triu_indices(len(distances), 1)
    return pa.table(
        {
            "first": first.astype(np.int32),
            "second": second.astype(np.int32),
            "distance": distances[first, second],
        }
    )


def _matrix(pairs: pa.Table) -> NDArray[np.float64]:
    """What ``_pairs`` made of it."""
    first, second = pairs["first"].to_numpy(), pairs["second"].to_numpy()
    found = np.zeros((second.max() + 1, second.max() + 1))
    found[first, second] = found[second, first] = pairs["distance"].to_numpy()
    return found


def _floors(measured: Diversity) -> pa.Table:
    parts = []
    for task, distances in measured.redrawn.items():
        pairs = _pairs(distances)
        number = pa.array(np.full(len(pairs), task, dtype=np.int32))
        parts.append(pairs.add_column(0, "task", number))
    none = _pairs(np.zeros((1, 1))).add_column(0, "task", pa.array(np.zeros(0, dtype=np.int32)))
    return pa.concat_tables(parts or [none])


def _tasks(measured: Diversity, episodes: tasks.Episodes) -> pa.Table:
    """Complexity of each task, and the domain of its images, None where they are of several."""
    benchmark, domains = episodes.benchmark, episodes.benchmark.domains(episodes.split)
    named = []
    for i in range(measured.tasks):
        own = np.unique(domains[list(episodes[i].indices)])
        named.append(benchmark.domain_names[own[0]] if len(own) == 1 else None)
    return pa.table(
        {
            "task": np.arange(measured.tasks, dtype=np.int32),
            "complexity": measured.complexities,
            "domain": pa.array(named, pa.string()),
        }
    )
