"""Softmax cross-entropy, as it is, with smoothed labels, and on features of which some are dropped."""

from __future__ import annotations

from dataclasses import dataclass

import torch.nn.functional as F
from torch import Tensor, nn

from suite.arguments import argument, check_arguments
from suite.objectives.heads import DropoutHead
from suite.objectives.registry import objective


@objective("softmax")
def softmax(logits: Tensor, features: Tensor, labels: Tensor) -> Tensor:
    """Cross-entropy of the softmax: -log p_y."""
    return F.cross_entropy(logits, labels)


@objective("label_smoothing")
@dataclass(frozen=True)
class LabelSmoothing:
    """Cross-entropy with labels (1 - a) one-hot + a / classes, times 1 / (1 - a) (Szegedy et al. 2016).

    The factor, after Kornblith et al. (2021), keeps the true class's share of the gradient.
    """

    smoothing: float = argument(0.1, "share of a label spread over all classes", at_least=0, below=1)

    def __post_init__(self) -> None:
        check_arguments(self)

    def __call__(self, logits: Tensor, features: Tensor, labels: Tensor) -> Tensor:
        return F.cross_entropy(logits, labels, label_smoothing=self.smoothing) / (1 - self.smoothing)


@objective("dropout")
@dataclass(frozen=True)
class Dropout:
    """Cross-entropy on features of which some are dropped in training (Srivastava et al. 2014)."""

    rate: float = argument(0.3, "chance of a feature to be dropped", at_least=0, below=1)

    def __post_init__(self) -> None:
        check_arguments(self)

    def __call__(self, logits: Tensor, features: Tensor, labels: Tensor) -> Tensor:
        return F.cross_entropy(logits, labels)

    def head(self, dimension: int, classes: int) -> nn.Linear:
        return DropoutHead(dimension, classes, self.rate)
