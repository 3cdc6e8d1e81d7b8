"""Labelled features as measures take them: batches, checked, and what one pass over them keeps."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

import torch
from torch import Tensor

from suite.measures.matrices import Representation, as_given, matrix

LabelledBatches = Callable[[], Iterable[tuple[Representation, Representation]]]
"""Gives the batches (features [m, d], labels [m]) from the start each time it is called."""


def in_batches(features: Representation, labels: Representation, batch: int = 512) -> LabelledBatches:
    """Features [n, d] and labels [n] as batches of ``batch`` examples. Raises ValueError of other shapes."""
    given, classes = as_given(features), as_given(labels)
    if given.ndim != 2 or classes.shape != given.shape[:1]:
        raise ValueError(
            f"features must be [n, d] and labels [n], not {list(given.shape)} and {list(classes.shape)}"
        )
    starts = range(0, len(given), batch)
    return lambda: ((given[i : i + batch], classes[i : i + batch]) for i in starts)


def checked(batches: LabelledBatches) -> Iterator[tuple[Tensor, Tensor]]:
    """Features as float64 [m, d], labels as int64 [m] on their device, without empty batches.

    Raises ValueError of other shapes, values that are not finite, and labels other than 0..K-1.
    """
    for features, labels in batches():
        x, y = matrix("features", features), as_given(labels)
        if y.is_floating_point() or y.dtype == torch.bool:
            raise ValueError(f"labels must be whole numbers 0..K-1, not {y.dtype}")
        y = y.to(torch.int64)
        if len(y) != len(x):
            raise ValueError(f"a batch has {len(x)} features but {len(y)} labels")
        if not len(x):
            continue
        if int(y.min()) < 0:
            raise ValueError(f"labels must be 0..K-1, not {int(y.min())}")
        yield x, y.to(x.device)


@dataclass
class ClassMoments:
    """Number, mean and scatter of each class, updated batch by batch (Chan, Golub and LeVeque 1983).

    ``counts`` [K]; ``means`` [K, d]; ``scatter`` [K]: the sum over a class's examples of their squared
    distance to its mean. Float64. A class that has no example yet has count, mean and scatter 0.
    """

    counts: Tensor = field(default_factory=lambda: torch.zeros(0, dtype=torch.float64))
    means: Tensor = field(default_factory=lambda: torch.zeros(0, 0, dtype=torch.float64))
    scatter: Tensor = field(default_factory=lambda: torch.zeros(0, dtype=torch.float64))

    def add(self, x: Tensor, y: Tensor) -> None:
        """Take in float64 x [m, d] of classes y [m]."""
        self._make_room(int(y.max()) + 1, x)
        new = torch.zeros_like(self.counts).index_add_(0, y, torch.ones_like(x[:, 0]))
        some = new.clamp_min(1)
        means = torch.zeros_like(self.means).index_add_(0, y, x) / some[:, None]
        scatter = torch.zeros_like(self.scatter).index_add_(0, y, (x - means[y]).square().sum(1))
        total = self.counts + new
        apart = means - self.means
        share = new / total.clamp_min(1)
        self.scatter += scatter + apart.square().sum(1) * self.counts * share
        self.means += apart * share[:, None]
        self.counts = total

    def _make_room(self, classes: int, x: Tensor) -> None:
        if not len(self.counts):
            self.means = x.new_zeros(0, x.shape[1])
            self.counts, self.scatter = x.new_zeros(0), x.new_zeros(0)
        if (more := classes - len(self.counts)) > 0:
            self.counts = torch.cat([self.counts, self.counts.new_zeros(more)])
            self.scatter = torch.cat([self.scatter, self.scatter.new_zeros(more)])
            self.means = torch.cat([self.means, self.means.new_zeros(more, self.means.shape[1])])


def check_classes(counts: Tensor, what: str) -> None:
    """Raise ValueError unless there are at least 2 classes, each with an example: counts [K]."""
    if len(counts) < 2:
        raise ValueError(f"{what} needs at least 2 classes")
    if not bool(counts.all()):
        raise ValueError(f"class {int(counts.argmin())} of {len(counts)} has no example; number them 0..K-1")
