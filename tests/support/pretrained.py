"""A store of the transfer track with planted accuracies and measures, in the form that sweeps give it.

Each objective has a quality. ``class_separation`` falls with it, ``label_alignment`` rises with it, and
``effective_rank`` has nothing to do with it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from leaderboard.records import BenchmarkIdentity, MethodIdentity, Protocol, Record
from leaderboard.store import Store
from tests.support.fabricate import SWEEP, clocked, sha

OBJECTIVES = (
    *("softmax", "label_smoothing", "dropout", "final_layer_l2", "logit_penalty"),
    *("logit_normalization", "cosine_softmax", "sigmoid", "squared_error"),
)
ADAPTATIONS = ("knn", "linear", "full")
TASKS = ("digit_classes", "scripts")
LABELS = (0, 5)
LAYERS = ("block1", "features")
BUDGET = {"images": 20_000, "validations": 5, "validation_episodes": 60}
_CHOSEN: Mapping[str, dict[str, Any]] = {"knn": {"neighbours": 5}, "linear": {"C": 1.0}, "full": {}}
_TUNED = {"knn": 0, "linear": 325, "full": 29_221}
_GAIN = {"knn": 0.0, "linear": 0.04, "full": 0.06}


def plant(
    folder: Path | str,
    *,
    objectives: Sequence[str] = OBJECTIVES,
    adaptations: Sequence[str] = ADAPTATIONS,
    tasks: Sequence[str] = TASKS,
    labels: Sequence[int] = LABELS,
    seeds: Sequence[int] = (0, 1, 2),
    images: int = 200,
    measures: bool = True,
    sweep: str = SWEEP,
) -> Store:
    """A store of every objective with every way to adapt."""
    store = Store(str(folder))
    keys = []
    for record, tables in cells(objectives, adaptations, tasks, labels, seeds, images, measures, sweep):
        store.put(record, tables)
        keys.append(record.key)
    before = store.plan(sweep)
    store.put_plan(sweep, [*(before.keys if before else ()), *keys])
    return store


def cells(
    objectives: Sequence[str] = OBJECTIVES,
    adaptations: Sequence[str] = ADAPTATIONS,
    tasks: Sequence[str] = TASKS,
    labels: Sequence[int] = LABELS,
    seeds: Sequence[int] = (0, 1, 2),
    images: int = 200,
    measures: bool = True,
    sweep: str = SWEEP,
) -> Iterator[tuple[Record, dict[str, pa.Table]]]:
    """Records and tables of the sweep, parents first."""
    for task in tasks:
        for place, objective in enumerate(objectives):
            quality = 0.08 * (place / max(1, len(objectives) - 1) - 0.5)
            for seed in seeds:
                train = train_record(objective, task, seed, sweep)
                yield train, {}
                if measures:
                    reference = train_record(objectives[0], task, seed, sweep)
                    yield from ((each, {}) for each in measure_records(train, quality, reference))
                for adaptation in adaptations:
                    for count in labels:
                        yield evaluate_record(train, adaptation, count, quality, images)


def train_record(objective: str, task: str, seed: int, sweep: str = SWEEP) -> Record:
    """One pretraining, which all ways to adapt share."""
    method, benchmark = _identity(objective, None), data(task)
    spec = {
        "track": "transfer",
        "method": method.model_dump(exclude={"label"}),
        "benchmark": benchmark.model_dump(),
        "budget": BUDGET,
        "seed": seed,
    }
    return Record(
        key=sha("train", spec),
        kind="train",
        sweep=sweep,
        spec=spec,
        method=method,
        benchmark=benchmark,
        seed=seed,
        results={
            "curve": [[4_000 * i, 0.9 - 0.3 * 2.0**-i] for i in range(1, 6)],
            "spent": {"images": 20_000, "backward_passes": 400},
            "parameters": 28_896,
            "selection": "last of 5 checkpoints",
            "class_count": 5,
            "train_accuracy": 0.97,
        },
        measured=clocked(60.0, seed),
    )


def evaluate_record(
    train: Record, adaptation: str, labels: int, quality: float, images: int = 200
) -> tuple[Record, dict[str, pa.Table]]:
    """One adaptation: an outcome an image, images of a task being as hard for all."""
    assert train.method is not None and train.benchmark is not None and train.seed is not None
    objective, task, seed = train.method.arguments["objective"], train.benchmark.name, train.seed
    method = _identity(objective, adaptation)
    protocol = Protocol(track="transfer", way=5, shot=labels, query=1, episodes=images)
    mean = 0.62 + quality + _GAIN[adaptation] + (0.15 if labels == 0 else 0.0)
    hardness = _drawn("images", task).normal(0, 0.2, 100_000)[:images]
    luck = _drawn("luck", objective, adaptation, task, labels, seed).normal(0, 0.01)
    chance = np.clip(mean + hardness + luck, 0.02, 0.98)
    correct = _drawn("answers", objective, adaptation, task, labels, seed).random(images) < chance
    spec = {**train.spec, "method": method.model_dump(exclude={"label"}), "protocol": protocol.model_dump()}
    record = Record(
        key=sha("evaluate", spec, train.key),
        kind="evaluate",
        sweep=train.sweep,
        spec=spec,
        parents=(train.key,),
        method=method,
        benchmark=train.benchmark,
        protocol=protocol,
        seed=seed,
        results={
            "mean_accuracy": float(correct.mean()),
            "way": 5,
            "transductive": False,
            "largest_change": 0.0,
            "labels_per_class": labels,
            "chosen": _CHOSEN[adaptation],
            "tuned_parameters": _TUNED[adaptation],
            "licence": "OFL-1.1",
            "attribution": f"the makers of {task}",
        },
        measured=clocked(8.0, seed),
    )
    table = pa.table(
        {
            "episode": np.arange(images, dtype=np.int32),
            "correct": correct.astype(np.int32),
            "queries": np.ones(images, dtype=np.int32),
        }
    )
    return record, {"outcomes": table}


def measure_records(train: Record, quality: float, reference: Record) -> Iterator[Record]:
    """The measures of one training."""
    assert train.method is not None and train.benchmark is not None
    who = train.method.arguments["objective"], train.benchmark.name, train.seed
    noise = _drawn("measures", *who)
    kept = noise.normal(0, 1)
    shift = 0.1 * (train.benchmark.name == TASKS[0])
    found: dict[str, dict[str, float | None]] = {
        "class_separation": {"class_separation": 0.6 + shift - 3 * quality + 0.01 * noise.normal()},
        "label_alignment": {"label_alignment": 0.5 + shift + 2 * quality + 0.01 * noise.normal()},
        "effective_rank": {"effective_rank": 12.0 + 3 * _drawn("rank", *who[:2]).normal() + 0.1 * kept},
        "neural_collapse": {
            "neural_collapse.nc1": float(np.exp(30 * quality + noise.normal(0, 0.2))),
            "neural_collapse.nc4": None,
        },
    }
    for name, values in found.items():
        yield measure_record(train, name, values)
    if reference.key != train.key:
        yield measure_record(train, "cka_to_reference", {"cka_to_reference": 0.8 + 0.01 * kept}, reference)


def measure_record(
    train: Record, name: str, values: Mapping[str, float | None], reference: Record | None = None
) -> Record:
    """One measure of one training: downstream a little more, in deeper layers as well."""
    assert train.method is not None and train.benchmark is not None
    told = None if reference is None or reference.method is None else reference.method.label
    spec = {
        "measure": {"name": name, "version": "1", "source_hash": sha("source", name)},
        "method": train.spec["method"],
        "benchmark": train.spec["benchmark"],
        "seed": train.seed,
        "reference": None if reference is None else reference.key,
        "track": "transfer",
    }
    rows = [
        {
            "problem": problem,
            "split": split,
            "layer": layer,
            "values": {
                figure: None if value is None else value * (1 + 0.01 * number)
                for figure, value in values.items()
            },
        }
        for number, (problem, split, layer) in enumerate(
            (problem, split, layer)
            for problem in ("source", "downstream")
            for split in ("train", "test")
            for layer in LAYERS
        )
    ]
    parents = (train.key,) if reference is None else (train.key, reference.key)
    return Record(
        key=sha("measure", spec, parents),
        kind="measure",
        sweep=train.sweep,
        spec=spec,
        parents=parents,
        method=train.method,
        benchmark=train.benchmark,
        seed=train.seed,
        results={"measure": name, "rows": rows, "reference": told},
        measured=clocked(2.0, train.seed or 0),
    )


def data(task: str) -> BenchmarkIdentity:
    """The identity of a transfer task."""
    return BenchmarkIdentity(name=task, options={}, digest=sha("transfer", task))


def _identity(objective: str, adaptation: str | None) -> MethodIdentity:
    """With ``adaptation`` None that of the training; defaults are softmax and linear."""
    arguments: dict[str, Any] = {"backbone": "conv4", "width": 32, "objective": objective}
    if adaptation is not None:
        arguments["adaptation"] = adaptation
    usual = {"objective": "softmax", "adaptation": "linear"}
    said = [f"{k}={v}" for k, v in sorted(arguments.items()) if k in usual and usual[k] != v]
    return MethodIdentity(
        name="pretrain",
        version="1",
        source_hash=sha("source", "pretrain"),
        arguments=arguments,
        label=f"pretrain({', '.join(said)})" if said else "pretrain",
    )


def _drawn(*parts: object) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(key=int(sha(*parts)[:32], 16)))
