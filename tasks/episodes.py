"""Few-shot episodes as a pure function of their key: the same on every machine, in any order, from any worker."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from tasks.benchmark import Benchmark, SplitName


@dataclass(frozen=True)
class Support:
    """What a method adapts on: images uint8 [n, c, h, w] and labels int64 [n] in 0..way-1 (None when unlabelled)."""

    images: torch.Tensor
    labels: torch.Tensor | None

    @property
    def way(self) -> int:
        """Number of classes among the labels."""
        if self.labels is None:
            raise ValueError("an unlabelled support set has no way")
        return int(self.labels.max()) + 1


@dataclass(frozen=True)
class Episode:
    """A task: a support set, query images uint8 [m, c, h, w], and the query labels int64 [m] that scoring alone sees.

    Images come class by class within support and within query; ``indices`` are their rows in the split
    (support first), ``classes`` the classes drawn, in label order.
    """

    support: Support
    query_images: torch.Tensor
    query_labels: torch.Tensor
    indices: tuple[int, ...]
    classes: tuple[int, ...]


class Episodes(Sequence[Episode]):
    """Episode i of (benchmark digest, split, way, shot, query, seed), drawn by a Philox generator keyed by them.

    Classes with fewer than ``shot + query`` images cannot be drawn; ``eligible_classes`` are the others.
    The sequence is as long as it is asked to be: ``length`` bounds iteration only.
    Raises ValueError where fewer than ``way`` classes are eligible.
    """

    def __init__(
        self,
        benchmark: Benchmark,
        split: SplitName,
        way: int,
        shot: int,
        query: int,
        seed: int,
        length: int = 1_000,
    ) -> None:
        for name, value in (("way", way), ("shot", shot), ("query", query), ("length", length)):
            if value < 1:
                raise ValueError(f"{name} must be at least 1, not {value}")
        self.benchmark, self.split = benchmark, split
        self.way, self.shot, self.query, self.seed, self.length = way, shot, query, seed, length
        self._images, _ = benchmark.tensors(split)
        labels = benchmark.labels(split)
        members = [np.flatnonzero(labels == label) for label in range(len(benchmark.classes(split)))]
        self._members = members
        self.eligible_classes = np.array(
            [label for label, rows in enumerate(members) if len(rows) >= shot + query], dtype=np.int64
        )
        if len(self.eligible_classes) < way:
            raise ValueError(
                f"{benchmark.name}/{split} has {len(self.eligible_classes)} classes with at least "
                f"{shot + query} images (shot {shot} + query {query}); {way}-way episodes need {way}"
            )
        identity = json.dumps([benchmark.digest, split, way, shot, query, seed])
        self._key = int.from_bytes(hashlib.sha256(identity.encode()).digest()[:16], "little")

    def __len__(self) -> int:
        return self.length

    def indices(self, i: int) -> tuple[np.ndarray, np.ndarray]:
        """Classes int64 [way] and image rows int64 [way, shot + query] of episode i."""
        if i < 0:
            raise IndexError(f"episode {i}: episodes are numbered from 0")
        generator = np.random.Generator(np.random.Philox(key=self._key, counter=[0, 0, 0, i]))
        classes = generator.choice(self.eligible_classes, self.way, replace=False)
        rows = [generator.choice(self._members[c], self.shot + self.query, replace=False) for c in classes]
        return classes, np.stack(rows)

    def __getitem__(self, i: int) -> Episode:  # type: ignore[override]
        classes, rows = self.indices(i)
        support, query = rows[:, : self.shot].reshape(-1), rows[:, self.shot :].reshape(-1)
        labels = torch.arange(self.way)
        return Episode(
            support=Support(self._images[support], labels.repeat_interleave(self.shot)),
            query_images=self._images[query],
            query_labels=labels.repeat_interleave(self.query),
            indices=tuple(int(row) for row in np.concatenate([support, query])),
            classes=tuple(int(label) for label in classes),
        )

    def __iter__(self) -> Iterator[Episode]:
        return (self[i] for i in range(self.length))
