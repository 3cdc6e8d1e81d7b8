"""Conv4: the four-block network of few-shot learning (Vinyals et al. 2016, Snell et al. 2017)."""

from __future__ import annotations

from typing import ClassVar

import torch.nn.functional as F
from torch import Tensor, nn

from suite.kernels import LastImages
from suite.models.backbone import Backbone
from suite.models.layers import (
    BatchNorm,
    BatchNormMode,
    Convolution,
    convolve_normalise_rectify_pool,
    pooled_sizes,
)


class Conv4(Backbone):
    """Four blocks of 3x3 convolution, batch normalisation, ReLU and 2x2 max-pooling.

    ``width`` filters in every block. Features [n, width * (h // 16) * (w // 16)] are the last map, flattened;
    an image below 16 pixels is pooled until one row or column is left. The convolutions have no bias: batch
    normalisation would cancel it.
    """

    fused: ClassVar[bool] = True

    def __init__(
        self, channels: int, size: tuple[int, int], width: int = 32, batch_norm: BatchNormMode = "running"
    ) -> None:
        super().__init__()
        sizes = pooled_sizes(size, 4)
        for i, (pools, _) in enumerate(sizes):
            block = Block(width if i else channels, width, pools, batch_norm)
            self.add_module(f"block{i + 1}", block)
        height, breadth = sizes[-1][1]
        self.feature_dimension = width * height * breadth

    def forward(self, images: Tensor) -> Tensor:
        x = images
        for block in self.children():
            x = block(x)
        return x.flatten(1)


class Block(nn.Module):
    """Convolution, batch normalisation, ReLU, and max-pooling where ``pools``."""

    def __init__(self, inputs: int, outputs: int, pools: bool, batch_norm: BatchNormMode) -> None:
        super().__init__()
        self.pools = pools
        self.convolution = Convolution(inputs, outputs, 3)
        self.norm = BatchNorm(outputs, batch_norm)
        self._last_images = LastImages()

    def forward(self, x: Tensor) -> Tensor:
        if self.pools:
            return convolve_normalise_rectify_pool(self.convolution, self.norm, x, self._last_images)
        return F.relu(self.norm(self.convolution(x)))
