"""MLP: a plain network of dense layers, for pictures whose pixels have no places."""

from __future__ import annotations

from typing import ClassVar, get_args

import torch.nn.functional as F
from torch import Tensor, nn

from suite.models.backbone import Backbone
from suite.models.layers import BatchNormMode, Linear

_LAYERS = 3


class Mlp(Backbone):
    """Three dense layers with ReLU on the flattened picture, ``width`` units each: features [n, width].

    Weights are drawn as He et al. (2015) do, biases are 0. It normalises nothing, so under either
    ``batch_norm`` it is the same network, and no query sees another.
    """

    dense: ClassVar[bool] = True
    rectifies: ClassVar[bool] = True

    def __init__(
        self, channels: int, size: tuple[int, int], width: int = 64, batch_norm: BatchNormMode = "running"
    ) -> None:
        super().__init__()
        if batch_norm not in get_args(BatchNormMode):
            raise ValueError(
                f"batch_norm must be one of {', '.join(get_args(BatchNormMode))}, not {batch_norm!r}"
            )
        inputs = channels * size[0] * size[1]
        for i in range(_LAYERS):
            layer = Linear(width if i else inputs, width)
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
            nn.init.zeros_(layer.bias)
            self.add_module(f"layer{i + 1}", layer)
        self.feature_dimension = width

    def forward(self, images: Tensor) -> Tensor:
        x = images.flatten(1)
        for layer in self.children():
            x = F.relu(layer(x))
        return x
