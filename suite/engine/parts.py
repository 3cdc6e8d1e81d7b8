"""Labelled images that a trained network is looked at with, and what a measure says of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from suite import measures
from tasks import Benchmark, SplitName, Transfer
from tasks.draws import Key, choose

SOURCE, DOWNSTREAM = "source", "downstream"
"""The two problems: classes that were trained on, and those that are adapted to."""


@dataclass(frozen=True)
class Figures:
    """What a measure says: ``values`` by figure, None where it is ``undefined``, with the reason."""

    values: Mapping[str, float | None]
    undefined: str | None = None


@dataclass(frozen=True)
class Part:
    """Some images uint8 [n, c, h, w] of a problem's split, and ``labels`` [n], numbered 0..K-1.

    ``classes`` [K] are these labels' numbers in the problem: of classes without an image there is none.
    """

    problem: str
    split: str
    images: Tensor
    labels: Tensor
    classes: Tensor

    def figures(self, name: str, available: Mapping[str, Any]) -> Figures:
        """The measure ``name`` of what is available, such as the features of these images."""
        try:
            return Figures(measures.get(name).compute(available))
        except ValueError as error:  # how measures say that they are undefined; the record tells why
            return Figures({name: None}, str(error))


def of_transfer(task: Transfer, problem: str, split: SplitName, most: int) -> Part:
    """At most ``most`` images of a part of a transfer task, as many of each class as can be."""
    images, labels = task.tensors(problem, split)
    return _part(problem, split, images, labels, most, ("measured", task.digest, problem, split))


def of_benchmark(benchmark: Benchmark, problem: str, split: SplitName, most: int) -> Part:
    """As ``of_transfer``, of the classes of a benchmark's split."""
    images, labels = benchmark.tensors(split)
    return _part(problem, split, images, labels, most, ("measured", benchmark.digest, split))


def pooled(rows: Tensor, examples: int) -> Tensor:
    """Means over positions, [n, d], of a layer as ``layer_activations`` gives it: [n * positions, d]."""
    return rows.reshape(examples, -1, rows.shape[1]).mean(1)


def _part(problem: str, split: str, images: Tensor, labels: Tensor, most: int, key: Key) -> Part:
    rows = torch.from_numpy(_evenly(labels.numpy(), most, key))
    classes, numbered = torch.unique(labels[rows], return_inverse=True)
    return Part(problem, split, images[rows], numbered, classes)


def _evenly(labels: NDArray[np.int64], most: int, key: Key) -> NDArray[np.int64]:
    """At most ``most`` rows in ascending order: all of them, or of each class up to one and the same number.

    Of more classes than ``most`` there is one row each.
    """
    counts = np.bincount(labels)
    if len(labels) <= most:
        return np.arange(len(labels))
    quota = next(q for q in range(int(counts.max()), 0, -1) if q == 1 or np.minimum(counts, q).sum() <= most)
    chosen = [
        np.flatnonzero(labels == label)[choose((*key, label), min(quota, int(count)), int(count))]
        for label, count in enumerate(counts)
    ]
    return np.sort(np.concatenate(chosen))
