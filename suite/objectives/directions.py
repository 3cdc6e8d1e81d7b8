"""Softmax cross-entropy of directions: of the logits', or of cosines of features and weights."""

from __future__ import annotations

from dataclasses import dataclass

import torch.nn.functional as F
from torch import Tensor, nn

from suite.arguments import argument, check_arguments
from suite.objectives.heads import CosineHead
from suite.objectives.registry import objective


@objective("logit_normalization")
@dataclass(frozen=True)
class LogitNormalization:
    """Cross-entropy of logits scaled to length 1 / t."""

    temperature: float = argument(0.04, "t, one over the length of the logits", above=0)

    def __post_init__(self) -> None:
        check_arguments(self)

    def __call__(self, logits: Tensor, features: Tensor, labels: Tensor) -> Tensor:
        return F.cross_entropy(self.outputs(logits), labels)

    def outputs(self, logits: Tensor) -> Tensor:
        return F.normalize(logits, dim=1) / self.temperature


@objective("cosine_softmax")
@dataclass(frozen=True)
class CosineSoftmax:
    """Cross-entropy of cosines over t; its head gives cosines of features and weights, and has no bias."""

    temperature: float = argument(0.05, "t, what cosines are divided by", above=0)

    def __post_init__(self) -> None:
        check_arguments(self)

    def __call__(self, logits: Tensor, features: Tensor, labels: Tensor) -> Tensor:
        return F.cross_entropy(self.outputs(logits), labels)

    def outputs(self, logits: Tensor) -> Tensor:
        return logits / self.temperature

    def head(self, dimension: int, classes: int) -> nn.Linear:
        return CosineHead(dimension, classes)
