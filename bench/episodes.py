"""Episodes: drawing them, cutting out their pictures, rendering and loading the benchmarks."""

from __future__ import annotations

import time
from functools import partial
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch

import tasks
from bench.case import Case, Work
from bench.measure import version
from suite.methods import Budget, Source
from suite.methods.maml import Maml
from tasks import Episode, Episodes
from tasks.benchmark import Benchmark, Card, Split

_PEER = "learn2learn"


def cases(quick: bool) -> list[Case]:
    """5-way 5-shot 15-query episodes of 28x28 pictures, 100 classes of 60; the built-in benchmarks."""
    many, few = (64, 4) if quick else (1_024, 64)
    peer, needs = version(_PEER), (_PEER,)
    found = [
        Case(f"indices of {many} episodes at once", partial(_blocks, many), units=(many, "episodes")),
        Case(f"indices of {few} episodes", partial(_indices, few), peer, needs, units=(few, "episodes")),
        Case(f"pictures of {few} episodes", partial(_pictures, few), peer, needs, units=(few, "episodes")),
        Case("data of a MAML step, 4 episodes", partial(_share, 4 if quick else 32), units=(4, "episodes")),
    ]
    for name in () if quick else ("glyphs", "emoji"):
        found.append(Case(f"{name}: load from the cache", partial(_load, name)))
        found.append(Case(f"{name}: render", partial(_render, name)))
    return found


def made(classes: int = 100, each: int = 60) -> Benchmark:
    """Random 28x28 pictures; every split has as many classes."""
    rng = np.random.default_rng(0)

    def split(name: str) -> Split:
        images = rng.integers(0, 256, (classes * each, 1, 28, 28), dtype=np.uint8)
        labels = np.repeat(np.arange(classes), each)
        names = tuple(f"{name} {i}" for i in range(classes))
        return Split(images, labels, np.zeros_like(labels), names)

    splits: dict[Any, Split] = {name: split(name) for name in tasks.SPLITS}
    return Benchmark(
        "made", splits, ("all",), Card("made", "random pixels", "CC0-1.0", "nobody", "at random")
    )


def _episodes() -> Episodes:
    return Episodes(made(), "train", way=5, shot=5, query=15, seed=0)


def _blocks(many: int) -> Work:
    episodes, start = _episodes(), count(step=many)

    def ours() -> object:
        first = next(start)
        return episodes.indices_range(first, first + many)

    return Work(ours)


def _indices(many: int) -> Work:
    episodes, numbers = _episodes(), count()
    sampler = _sampler(many)
    return Work(
        lambda: [episodes.indices(next(numbers)) for _ in range(many)],
        lambda: [sampler.sample_task_description() for _ in range(many)],
    )


def _pictures(many: int) -> Work:
    episodes, numbers = _episodes(), count()
    sampler = _sampler(many)
    return Work(
        lambda: [episodes[next(numbers)] for _ in range(many)],
        lambda: [sampler.sample() for _ in range(many)],
    )


def _sampler(many: int) -> Any:
    """learn2learn's, over tensors that are in memory as ours are; no task is drawn twice."""
    import learn2learn.data as l2l  # type: ignore[import-untyped]
    from learn2learn.data import transforms

    images, labels = made().tensors("train")
    data = l2l.MetaDataset(torch.utils.data.TensorDataset(images, labels))
    steps = [
        transforms.NWays(data, 5),
        transforms.KShots(data, 20),
        transforms.LoadData(data),
        transforms.RemapLabels(data),
        transforms.ConsecutiveLabels(data),
    ]
    return l2l.TaskDataset(data, task_transforms=steps, num_tasks=-1)


def _share(width: int) -> Work:
    """The data of one meta-batch of four tasks; the note says what part of a MAML step they take."""
    source = _Timed(made(), Budget(images=10**9), shot=5, query=15)
    return Work(lambda: source.episodes(4), agreement=lambda _ours, _none: _shares(width))


class _Timed(Source):
    """Adds up the time that it takes to hand out episodes."""

    seconds = 0.0

    def episodes(self, count: int) -> list[Episode]:
        began = time.perf_counter()
        found = super().episodes(count)
        self.seconds += time.perf_counter() - began
        return found


def _shares(width: int, steps: int = 5) -> str:
    """What part of MAML's training time goes by outside its steps, after a first one."""
    source = _Timed(made(), Budget(images=10**9), shot=5, query=15)
    maml = Maml(width=width)
    step = maml.learner(maml.build(source.image_shape, source.way), source)
    step()
    source.seconds, began = 0.0, time.perf_counter()
    for _ in range(steps):
        step()
    return f"{source.seconds / (time.perf_counter() - began):.2%} of training time with {width} filters"


def _load(name: str) -> Work:
    tasks.load(name)
    return Work(lambda: tasks.load(name))


def _render(name: str) -> Work:
    def ours() -> None:
        with TemporaryDirectory() as folder:
            tasks.load(name, cache=Path(folder))

    return Work(ours)
