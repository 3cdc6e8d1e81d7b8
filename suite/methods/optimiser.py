"""The one optimiser of every trained method: Adam on a cosine over the budget."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any, ClassVar

import torch
from torch import Tensor


class CosineAdam:
    """Adam (Kingma and Ba 2015), its rate falling from ``lr`` to ``lr_end`` by a half cosine.

    ``weight_decay`` is apart from the gradient (Loshchilov and Hutter 2019), so that it is as strong whatever
    the scale of the loss, and spares biases and the parameters of norms.

    The schedule follows ``Source.annealing``, which counts images, not steps: methods that step at other
    intervals end at the same rate.
    """

    family: ClassVar[str] = "Adam, its rate falling to 1e-5 by a cosine"

    def __init__(
        self, parameters: Iterable[Tensor], lr: float, lr_end: float = 1e-5, weight_decay: float = 0.0
    ) -> None:
        self._adam = (
            torch.optim.AdamW(_decaying(parameters), lr=lr, weight_decay=weight_decay)
            if weight_decay
            else torch.optim.Adam(parameters, lr=lr)
        )
        self._lr, self._lr_end = lr, min(lr, lr_end)

    def zero_grad(self) -> None:
        """Forget the gradients."""
        self._adam.zero_grad()

    def step(self, annealing: float) -> None:
        """One step, ``annealing`` in 0..1 of the way from ``lr`` to ``lr_end``."""
        for group in self._adam.param_groups:
            group["lr"] = self._lr_end + (self._lr - self._lr_end) * (1 + math.cos(math.pi * annealing)) / 2
        self._adam.step()


def _decaying(parameters: Iterable[Tensor]) -> list[dict[str, Any]]:
    """Those that decay, and those that do not: vectors, which are biases or of a norm."""
    every = list(parameters)
    vectors = [parameter for parameter in every if parameter.ndim < 2]
    return [
        {"params": [parameter for parameter in every if parameter.ndim >= 2]},
        {"params": vectors, "weight_decay": 0.0},
    ]
