"""A predictor that tells how it came about, and how what can be chosen is chosen."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

import torch
from torch import Tensor, nn

from suite.methods.interface import LayeredPredictor

T = TypeVar("T")

_BATCH = 256

Chosen = Mapping[str, float | int | str]
"""What was chosen on validation images, by the name of the argument."""


@dataclass(frozen=True)
class Adapted:
    """A predictor that tells how it came about.

    ``tuned_parameters`` is how many numbers were fitted to the support set, ``chosen`` what was chosen on its
    validation part. ``source_head``, of the pretraining and not of this task, maps the pretrained features to
    logits of the source classes; None where a projection stood between.
    """

    predictor: LayeredPredictor
    tuned_parameters: int
    chosen: Chosen
    source_head: nn.Linear | None = None

    def __call__(self, images: Tensor) -> Tensor:
        return self.predictor(images)

    def layers(self, images: Tensor) -> dict[str, Tensor]:
        """What each layer makes of images uint8 [n, c, h, w]: rows of neurons; the last is ``head``."""
        return self.predictor.layers(images)


def in_parts(function: Callable[[Tensor], Tensor], images: Tensor) -> Tensor:
    """``function`` of images [n, ...], some at a time, so that any number of them fits into memory."""
    return torch.cat([function(images[i : i + _BATCH]) for i in range(0, len(images), _BATCH)])


def best(candidates: Iterable[T], score: Callable[[T], float]) -> T:
    """The candidate of the highest score; of equals the first."""
    return max(candidates, key=score)


def accuracy(logits: Tensor, labels: Tensor) -> float:
    """Share, in 0..1, of rows of logits [n, way] whose largest is that of labels int64 [n]."""
    return float((logits.argmax(1).cpu() == labels.cpu()).double().mean())
