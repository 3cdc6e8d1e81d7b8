"""Softmax cross-entropy with a squared penalty, of the head's weights or of the logits."""

from __future__ import annotations

from dataclasses import dataclass

import torch.nn.functional as F
from torch import Tensor, nn

from suite.arguments import argument, check_arguments
from suite.objectives.registry import objective


@objective("final_layer_l2")
@dataclass(frozen=True)
class FinalLayerL2:
    """Cross-entropy, and s / 2 of the head's squared weights, beside any weight decay; not of its bias."""

    strength: float = argument(8e-4, "s, what half of the squared weights cost", at_least=0)

    def __post_init__(self) -> None:
        check_arguments(self)

    def __call__(self, logits: Tensor, features: Tensor, labels: Tensor) -> Tensor:
        return F.cross_entropy(logits, labels)

    def penalty(self, head: nn.Linear) -> Tensor:
        return self.strength / 2 * head.weight.square().sum()


@objective("logit_penalty")
@dataclass(frozen=True)
class LogitPenalty:
    """Cross-entropy, and s / 2 of an example's squared logits."""

    strength: float = argument(6e-4, "s, what half of the squared logits cost", at_least=0)

    def __post_init__(self) -> None:
        check_arguments(self)

    def __call__(self, logits: Tensor, features: Tensor, labels: Tensor) -> Tensor:
        return F.cross_entropy(logits, labels) + self.strength / 2 * logits.square().sum(1).mean()
