"""From stored pictures to what a network reads, in the memory layout that CPUs and GPUs convolve fastest."""

from __future__ import annotations

import torch
from torch import Tensor


def as_float(images: Tensor, dtype: torch.dtype = torch.float32) -> Tensor:
    """Standardise images [n, c, h, w], uint8 in 0..255 or floating in 0..1, to -1..1: (x - 0.5) / 0.5.

    The result is laid out channels last; its values do not depend on the layout. Raises TypeError for
    another dtype, ValueError for another number of axes.
    """
    if images.ndim != 4:
        raise ValueError(f"images must be [n, channels, height, width], not of shape {list(images.shape)}")
    if images.dtype == torch.uint8:
        scaled = images.to(dtype).div_(127.5).sub_(1.0)
    elif images.is_floating_point():
        scaled = images.to(dtype) * 2.0 - 1.0
    else:
        raise TypeError(f"images must be uint8 in 0..255 or floating in 0..1, not {images.dtype}")
    return channels_last(scaled)


def channels_last(images: Tensor) -> Tensor:
    """The same values [n, c, h, w] with channels innermost in memory."""
    n, c, h, w = images.shape
    images = images.contiguous(memory_format=torch.channels_last)
    # With one channel both layouts are the same bytes, and torch takes the strides to mean channels first:
    # every later layer would follow, and max-pooling alone is ten times slower there.
    return images.as_strided((n, c, h, w), (h * w, 1, w, 1)) if c == 1 else images
