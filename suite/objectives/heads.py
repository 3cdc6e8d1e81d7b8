"""Heads other than the affine one."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from suite.models import Linear


class DropoutHead(Linear):
    """An affine head on features of which, in training, each is dropped with chance ``rate`` and the others
    are scaled by 1 / (1 - rate)."""

    def __init__(self, dimension: int, classes: int, rate: float) -> None:
        super().__init__(dimension, classes)
        self.rate = rate

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(F.dropout(x, self.rate, self.training))


class CosineHead(nn.Linear):
    """Cosines, in -1..1, of features [n, dimension] and each class's weight; without bias."""

    def __init__(self, dimension: int, classes: int) -> None:
        super().__init__(dimension, classes, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return F.linear(F.normalize(x, dim=1), F.normalize(self.weight, dim=1))
