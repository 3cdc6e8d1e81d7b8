"""Labelled images in splits: what training and episodes are made of, whatever they belong to."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from tasks.benchmark import SplitName


class Labelled(Protocol):
    """A ``Benchmark`` is one; so is the source of a transfer task (``tasks.transfers.SourceProblem``)."""

    @property
    def name(self) -> str:
        """What messages call it."""
        ...

    @property
    def digest(self) -> str:
        """Equal digests, equal data."""
        ...

    @property
    def domain_names(self) -> tuple[str, ...]:
        """Names of the values of ``domains``."""
        ...

    @property
    def within_domain(self) -> bool:
        """Whether each episode takes its classes from one domain."""
        ...

    def tensors(self, split: SplitName) -> tuple[torch.Tensor, torch.Tensor]:
        """Images uint8 [n, c, h, w] and labels int64 [n] of a split: never write there."""
        ...

    def labels(self, split: SplitName) -> NDArray[np.int64]:
        """Class index of each image, int64 [n]."""
        ...

    def domains(self, split: SplitName) -> NDArray[np.int64]:
        """Domain index of each image, int64 [n]."""
        ...

    def classes(self, split: SplitName) -> tuple[str, ...]:
        """Class names of a split."""
        ...
