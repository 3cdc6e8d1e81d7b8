"""ResNet-12: the residual network of few-shot learning (Oreshkin et al. 2018, Tian et al. 2020)."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from suite.models.backbone import Backbone
from suite.models.layers import BatchNorm, BatchNormMode, Convolution, pooled_sizes

_WIDTHS = (1.0, 2.5, 5.0, 10.0)
_SLOPE = 0.1


class ResNet12(Backbone):
    """Four residual blocks of three 3x3 convolutions, then global average pooling: features [n, 10 * width].

    ``width`` is that of the first block; the others have 2.5, 5 and 10 times as many filters (64-160-320-640,
    Tian et al. 2020). LeakyReLU of slope 0.1, a 1x1 convolution on the shortcut, 2x2 max-pooling after each
    block until one row or column is left. DropBlock, a regulariser that they add to the last two blocks, is
    left out: no backbone here has one.
    """

    def __init__(
        self, channels: int, size: tuple[int, int], width: int = 64, batch_norm: BatchNormMode = "running"
    ) -> None:
        super().__init__()
        widths = [channels, *(round(width * factor) for factor in _WIDTHS)]
        for i, (pools, _) in enumerate(pooled_sizes(size, 4)):
            self.add_module(f"block{i + 1}", Block(widths[i], widths[i + 1], pools, batch_norm))
        self.feature_dimension = widths[-1]

    def forward(self, images: Tensor) -> Tensor:
        x = images
        for block in self.children():
            x = block(x)
        return x.mean((2, 3))


class Block(nn.Module):
    """Three convolutions and a projected shortcut, added, rectified, and max-pooled where ``pools``."""

    def __init__(self, inputs: int, outputs: int, pools: bool, batch_norm: BatchNormMode) -> None:
        super().__init__()
        self.pools = pools
        self.convolution1 = Convolution(inputs, outputs, 3)
        self.norm1 = BatchNorm(outputs, batch_norm)
        self.convolution2 = Convolution(outputs, outputs, 3)
        self.norm2 = BatchNorm(outputs, batch_norm)
        self.convolution3 = Convolution(outputs, outputs, 3)
        self.norm3 = BatchNorm(outputs, batch_norm)
        self.shortcut = Convolution(inputs, outputs, 1)
        self.shortcut_norm = BatchNorm(outputs, batch_norm)

    def forward(self, x: Tensor) -> Tensor:
        shortcut = self.shortcut_norm(self.shortcut(x))
        x = F.leaky_relu(self.norm1(self.convolution1(x)), _SLOPE)
        x = F.leaky_relu(self.norm2(self.convolution2(x)), _SLOPE)
        x = F.leaky_relu(self.norm3(self.convolution3(x)) + shortcut, _SLOPE)
        return F.max_pool2d(x, 2) if self.pools else x
