"""A small store with planted differences, for tests of whatever reads a store.

``fabricate(folder)`` fills a store as a sweep would: train and evaluate cells for all methods and columns.
All figures are drawn from generators keyed by names, so equal calls give equal stores.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from leaderboard.records import (
    BenchmarkIdentity,
    Failure,
    Measured,
    MethodIdentity,
    Protocol,
    Record,
)
from leaderboard.store import Store

SWEEP = "fabricated"


@dataclass(frozen=True)
class Planted:
    """A method whose true accuracy is planted. ``arguments`` and ``source`` make its identity."""

    name: str
    accuracy: float
    arguments: Mapping[str, Any] = field(default_factory=dict)
    source: str = "1"
    transductive: bool = False
    label: str | None = None


@dataclass(frozen=True)
class PlantedColumn:
    """A column; ``harder`` is taken off every method's accuracy there."""

    benchmark: str
    way: int = 5
    shot: int = 1
    query: int = 15
    harder: float = 0.0
    digest: str | None = None
    episode_seed: int = 0


METHODS = (Planted("strong", 0.80), Planted("middle", 0.70, transductive=True), Planted("control", 0.35))
COLUMNS = (PlantedColumn("glyphs"), PlantedColumn("emoji", harder=0.08))


def sha(*parts: object) -> str:
    """A stable sha256 of whatever is given: keys, digests."""
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def fabricate(
    folder: Path | str,
    methods: Sequence[Planted] = METHODS,
    columns: Sequence[PlantedColumn] = COLUMNS,
    *,
    seeds: Sequence[int] = (0, 1),
    episodes: int = 60,
    sweep: str = SWEEP,
    budget: int = 20_000,
    clock: float = 1.0,
    plan: bool = True,
) -> Store:
    """A store holding the sweep; ``clock`` scales what is measured and changes nothing that is computed."""
    store = Store(str(folder))
    keys = []
    for record, tables in cells(methods, columns, seeds, episodes, sweep, budget, clock):
        store.put(record, tables)
        keys.append(record.key)
    if plan:
        store.put_plan(sweep, keys)
    return store


def cells(
    methods: Sequence[Planted] = METHODS,
    columns: Sequence[PlantedColumn] = COLUMNS,
    seeds: Sequence[int] = (0, 1),
    episodes: int = 60,
    sweep: str = SWEEP,
    budget: int = 20_000,
    clock: float = 1.0,
) -> Iterator[tuple[Record, dict[str, pa.Table]]]:
    """Records and tables of the sweep, parents first."""
    for method in methods:
        for column in columns:
            for seed in seeds:
                train = train_record(method, column, seed, sweep, budget, clock)
                yield train, {}
                yield evaluate_record(method, column, seed, train, episodes, clock)


def train_record(
    method: Planted,
    column: PlantedColumn,
    seed: int,
    sweep: str = SWEEP,
    budget: int = 20_000,
    clock: float = 1.0,
) -> Record:
    """The train cell of a method, column and seed, with a learning curve that rises to its accuracy."""
    method_identity, benchmark = identity(method), data(column)
    spec = {
        "method": method_identity.model_dump(exclude={"label"}),
        "benchmark": benchmark.model_dump(),
        "episode": {"way": column.way, "shot": column.shot, "query": column.query},
        "budget": {"images": budget, "validations": 5, "validation_episodes": 60},
        "seed": seed,
    }
    final = method.accuracy - column.harder
    curve = [[budget * i // 5, round(final - 0.2 * 2.0**-i, 4)] for i in range(1, 6)]
    return Record(
        key=sha("train", spec),
        kind="train",
        sweep=sweep,
        spec=spec,
        method=method_identity,
        benchmark=benchmark,
        seed=seed,
        results={
            "curve": curve,
            "spent": {"images": budget, "backward_passes": budget // 50},
            "parameters": 28_896,
            "selection": "best meta-validation accuracy of 5 checkpoints",
            "class_count": 640,
        },
        measured=clocked(clock * 60.0, seed),
    )


def evaluate_record(
    method: Planted,
    column: PlantedColumn,
    seed: int,
    train: Record,
    episodes: int = 60,
    clock: float = 1.0,
) -> tuple[Record, dict[str, pa.Table]]:
    """The evaluate cell of a trained method: episodes share their difficulty over methods, so they pair."""
    protocol = Protocol(
        way=column.way, shot=column.shot, query=column.query, episodes=episodes, seed=column.episode_seed
    )
    queries = column.way * column.query
    difficulty = _normal("episodes", column.benchmark, column.episode_seed).normal(0, 0.06, 100_000)[
        :episodes
    ]
    luck = _normal("seed", method.name, column.benchmark, seed).normal(0, 0.01)
    chance = np.clip(method.accuracy - column.harder + difficulty + luck, 0.02, 0.98)
    correct = _normal("queries", method.name, column.benchmark, seed).binomial(queries, chance)
    table = pa.table(
        {
            "episode": np.arange(episodes, dtype=np.int32),
            "correct": correct.astype(np.int32),
            "queries": np.full(episodes, queries, dtype=np.int32),
        }
    )
    spec = {**train.spec, "protocol": protocol.model_dump()}
    record = Record(
        key=sha("evaluate", spec, train.key),
        kind="evaluate",
        sweep=train.sweep,
        spec=spec,
        parents=(train.key,),
        method=train.method,
        benchmark=train.benchmark,
        protocol=protocol,
        seed=seed,
        results={
            "mean_accuracy": float(correct.mean() / queries),
            "transductive": method.transductive,
            "largest_change": 0.25 if method.transductive else 0.0,
            "way": column.way,
            "licence": "Apache-2.0",
            "attribution": f"the makers of {column.benchmark}",
        },
        measured=clocked(clock * 8.0, seed),
    )
    return record, {"outcomes": table}


def failure(method: Planted, column: PlantedColumn, seed: int = 0, sweep: str = SWEEP) -> Failure:
    """A train cell that the method itself broke."""
    train = train_record(method, column, seed, sweep)
    return Failure(
        key=train.key,
        kind="train",
        sweep=sweep,
        spec=train.spec,
        method=train.method,
        benchmark=train.benchmark,
        seed=seed,
        reason="its logits hold NaN after 1,200 training images",
        traceback="Traceback (most recent call last): ...",
    )


def identity(method: Planted) -> MethodIdentity:
    """The identity of a planted method."""
    return MethodIdentity(
        name=method.name,
        version="1",
        source_hash=sha("source", method.name, method.source),
        arguments=dict(method.arguments),
        label=method.label or method.name,
    )


def data(column: PlantedColumn) -> BenchmarkIdentity:
    """The data identity of a planted column."""
    digest = column.digest or sha("data", column.benchmark)
    return BenchmarkIdentity(name=column.benchmark, options={}, digest=digest)


def clocked(seconds: float, seed: int) -> Measured:
    """What a clock might have said."""
    return Measured(
        started=f"2026-01-0{seed % 9 + 1}T00:00:00+00:00",
        wall_seconds=seconds + seed,
        cpu_seconds=seconds * 1.5,
        peak_memory_mib=512.0 + seed,
        host="fabricated",
        versions={"torch": "2.5.0"},
    )


def _normal(*parts: object) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(key=int(sha(*parts)[:32], 16)))
