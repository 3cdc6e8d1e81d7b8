"""A method and a benchmark for the engine's tests: real ones, made to be quick, and to fail when told to.

Registered on import, as a user's own file would be. Workers find it on the driver's import path. Each
training and each evaluation appends a line to the file that ``ENGINE_DOUBLES_LOG`` names, so that tests can
count them.
"""

from __future__ import annotations

import json
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

import tasks
from suite.methods import Budget, Predictor, Source, method


@tasks.benchmark("engine_stripes")
def load(size: int = 6, offset: int = 0, noise: float = 12.0) -> tasks.Benchmark:
    """Noise around one brightness a class: 10 classes a split, 8 images of 1 x size x size each."""
    splits = {}
    for number, name in enumerate(tasks.SPLITS):
        generator = np.random.default_rng(number + offset)
        brightness = np.repeat(np.linspace(20, 220, 10), 8)
        drawn = generator.normal(brightness[:, None, None, None], noise, (80, 1, size, size))
        images = np.clip(drawn, 0, 255).astype(np.uint8)
        labels = np.repeat(np.arange(10), 8).astype(np.int64)
        classes = tuple(f"{name}-{i}" for i in range(10))
        splits[name] = tasks.Split(images, labels, np.zeros(80, dtype=np.int64), classes)
    card = tasks.Card("Stripes", "for tests", "CC0", "nobody", "by number")
    return tasks.Benchmark(
        "engine_stripes", splits, ("one",), card, {"size": size, "offset": offset, "noise": noise}
    )


@method("engine_double", version="1")
@dataclass
class Double:
    """Nearest class mean of scaled pixels. ``fault`` says how to misbehave, ``where`` in "train" or "adapt".

    ``seconds`` are slept in training, in small steps; ``scale`` matters to training, ``power`` to adapting.
    ``once`` names a file: where it exists the fault is over; the first to misbehave makes it.
    """

    scale: float = 1.0
    power: float = 2.0
    seconds: float = 0.0
    fault: str = "none"
    where: str = "train"
    once: str = ""
    width: int = 8

    adaptation = ("power",)

    @property
    def arguments(self) -> dict[str, Any]:
        names = ("scale", "power", "seconds", "fault", "where", "once", "width")
        return {name: getattr(self, name) for name in names}

    def train(self, source: Source, budget: Budget) -> None:
        note("train", scale=self.scale, seed=source.seed)
        noise = torch.randn(1).item() + np.random.rand()
        while not source.exhausted:
            source.episode()
            time.sleep(self.seconds * source.episode_images / source.allowance)
            if self.where == "train":
                misbehave(self.fault, self.once)
            if source.validation_due:
                source.validate(self.adapt)
        self.weight, self.seed = torch.tensor(self.scale + 1e-3 * noise), source.seed

    def adapt(self, support: tasks.Support) -> Predictor:
        weight = getattr(self, "weight", torch.tensor(self.scale))
        features = support.images.float().flatten(1) * weight
        assert support.labels is not None
        means = torch.stack([features[support.labels == label].mean(0) for label in range(support.way)])

        def predict(images: torch.Tensor) -> torch.Tensor:
            if self.where == "adapt":
                if self.fault == "nan":
                    return torch.full((len(images), support.way), float("nan"))
                if self.fault == "shape":
                    return torch.zeros(len(images), support.way + 1)
                misbehave(self.fault, self.once)
            return -((images.float().flatten(1) * weight)[:, None] - means).abs().pow(self.power).mean(2)

        return predict

    def save(self, path: Path) -> None:
        (path / "weight.json").write_text(json.dumps([self.weight.item(), self.seed]))

    def load(self, path: Path) -> None:
        weight, seed = json.loads((path / "weight.json").read_text())
        note("evaluate", scale=self.scale, power=self.power, seed=seed)
        self.weight = torch.tensor(weight)

    def parameter_count(self) -> int:
        return 1


def misbehave(fault: str, once: str) -> None:
    """Do what ``fault`` names, unless it was done before."""
    if fault == "none" or (once and Path(once).exists()):
        return
    if once:
        Path(once).touch()
    if fault == "raise":
        raise ValueError("the double was told to raise")
    if fault == "leave":
        raise SystemExit("the double was told to leave")
    if fault == "die":
        os._exit(9)
    if fault == "memory":
        raise MemoryError("the double was told to find no memory")
    if fault == "hoard":
        hoard = []
        while True:
            hoard.append(np.ones(16 * 2**20 // 8))
            time.sleep(0.02)
    if fault == "loop":
        while True:
            pass


def note(what: str, **facts: object) -> None:
    """Append a line to the log of executions; a write this short is one step, also among processes."""
    path = os.environ.get("ENGINE_DOUBLES_LOG")
    if path:
        with Path(path).open("a") as file:
            file.write(json.dumps({"what": what, "pid": os.getpid(), **facts}) + "\n")
