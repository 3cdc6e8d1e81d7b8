"""A method and a benchmark that take no time: what a sweep of them costs is the engine's own doing.

Registered on import, as a user's own file would be; nothing but the processes of ``bench.engine`` and
``bench.cluster`` imports it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

import tasks
from suite.config import (
    BenchmarkConfig,
    MethodConfig,
    ModelConfig,
    ProtocolConfig,
    Resources,
    SweepConfig,
    Tracking,
)
from suite.methods import Budget, Predictor, Source, method

_NAME = "bench_idle"


@tasks.benchmark(_NAME)
def squares() -> tasks.Benchmark:
    """Two classes of four blank images of 1 x 4 x 4 in each split."""
    labels = np.repeat(np.arange(2), 4)
    images = np.zeros((8, 1, 4, 4), dtype=np.uint8)
    splits = {
        name: tasks.Split(images, labels, 0 * labels, (f"{name} one", f"{name} other"))
        for name in tasks.SPLITS
    }
    card = tasks.Card("Blank squares", "made for a benchmark of the engine", "CC0-1.0", "nobody", "all alike")
    return tasks.Benchmark(_NAME, splits, ("all",), card)


@method(_NAME, version="1")
@dataclass(frozen=True)
class Idle:
    """Learns nothing from its budget's one episode, and calls every query the first class.

    ``hours``: how long its training would be said to take (``bench.cluster``).
    """

    hours: float = 0.0
    adaptation = ()

    @property
    def arguments(self) -> dict[str, Any]:
        return {"hours": self.hours}

    def train(self, source: Source, budget: Budget) -> None:
        while not source.exhausted:
            source.episode()

    def adapt(self, support: tasks.Support) -> Predictor:
        return _first_class

    def save(self, path: Path) -> None:
        (path / "nothing.json").write_text("{}", encoding="utf-8")

    def load(self, path: Path) -> None:
        return None

    def parameter_count(self) -> int:
        return 0


def _first_class(images: Tensor) -> Tensor:
    return torch.tensor([1.0, 0.0]).expand(len(images), 2)


def long(store: Path, hours: Sequence[float], seeds: int) -> SweepConfig:
    """For each seed a training for each of ``hours``, on a GPU of its own, and an evaluation of each."""
    asked = sweep(store, 2 * seeds)
    methods = tuple(MethodConfig(_NAME, {"hours": each}) for each in hours)
    return replace(asked, methods=methods, resources=replace(asked.resources, gpus_per_cell=1))


def sweep(store: Path, cells: int) -> SweepConfig:
    """So many cells, a training and an evaluation for each seed."""
    return SweepConfig(
        name="idle",
        methods=(MethodConfig(_NAME),),
        benchmarks=(BenchmarkConfig(_NAME),),
        protocols=(ProtocolConfig(way=2, shot=1, query=1, episodes=2),),
        seeds=tuple(range(cells // 2)),
        model=ModelConfig(),
        budget=Budget(images=4, validations=1, validation_episodes=1),
        resources=Resources(memory_mib_per_cell=1_024),
        tracking=Tracking("disabled"),
        store=str(store),
    )
