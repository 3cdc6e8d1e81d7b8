"""The reference of every kernel, in plain PyTorch: any device and floating type, derivatives by autograd."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor


def convolve(x: Tensor, weight: Tensor) -> Tensor:
    """Convolution that keeps the size, without bias, of ``t`` networks side by side.

    [n, t*inputs, h, w], [t*outputs, inputs, k, k] -> [n, t*outputs, h, w].
    """
    return F.conv2d(x, weight, padding=weight.shape[-1] // 2, groups=x.shape[1] // weight.shape[1])


def normalise_rectify_pool(z: Tensor, scale: Tensor, shift: Tensor) -> Tensor:
    """2x2 max-pooling of ReLU of scale * z + shift: [n, c, h, w], [c], [c] -> [n, c, h//2, w//2]."""
    return F.max_pool2d(F.relu(z * scale[:, None, None] + shift[:, None, None]), 2)
