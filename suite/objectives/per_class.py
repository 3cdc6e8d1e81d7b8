"""Losses of each class's logit on its own, summed over classes."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch.nn.functional as F
from torch import Tensor

from suite.arguments import argument, check_arguments
from suite.objectives.registry import objective


@objective("sigmoid")
@dataclass(frozen=True)
class Sigmoid:
    """Binary cross-entropy of every class, summed, of logits less log(classes).

    With logits near 0 each class then starts at a chance of about 1 / classes; a head whose bias starts at
    -log(classes) would do the same.
    """

    def __call__(self, logits: Tensor, features: Tensor, labels: Tensor) -> Tensor:
        targets = F.one_hot(labels, logits.shape[1]).to(logits)
        each = F.binary_cross_entropy_with_logits(self.outputs(logits), targets, reduction="none")
        return each.sum(1).mean()

    def outputs(self, logits: Tensor) -> Tensor:
        return logits - math.log(logits.shape[1])


@objective("squared_error")
@dataclass(frozen=True)
class SquaredError:
    """s (k (z_y - m)² + the sum of the other logits' squares) (Hui and Belkin 2021)."""

    weight: float = argument(9.0, "k, how much the true class counts", above=0)
    target: float = argument(60.0, "m, what the true class's logit should be", above=0)
    scale: float = argument(10.0, "s, a factor of the whole loss", above=0)

    def __post_init__(self) -> None:
        check_arguments(self)

    def __call__(self, logits: Tensor, features: Tensor, labels: Tensor) -> Tensor:
        true = F.one_hot(labels, logits.shape[1]).to(logits)
        right = (logits * true).sum(1) - self.target
        others = (logits * (1 - true)).square().sum(1)
        return self.scale * (self.weight * right.square() + others).mean()
