"""Training images moved and mirrored, on whatever device they are."""

from __future__ import annotations

import torch
from torch import Tensor


def moved(images: Tensor, *, shift: int = 0, flip: bool = False) -> Tensor:
    """Images [n, c, h, w] of any type, each moved by -shift..shift pixels either way and mirrored or not.

    What is moved in from outside is as the pixel at the edge. Each image draws its own from torch's
    generator of the CPU, so that every device moves alike; nothing is drawn for ``shift`` 0 without ``flip``.
    """
    if not shift and not flip:
        return images
    n, c, height, width = images.shape
    down, right = torch.randint(-shift, shift + 1, (2, n, 1))
    rows = (torch.arange(height) - down).clamp(0, height - 1)
    columns = (torch.arange(width) - right).clamp(0, width - 1)
    if flip:
        columns = torch.where(torch.rand(n, 1) < 0.5, columns, width - 1 - columns)
    rows, columns = rows.to(images.device), columns.to(images.device)
    each = torch.arange(n, device=images.device)[:, None, None, None]
    channels = torch.arange(c, device=images.device)[:, None, None]
    return images[each, channels, rows[:, None, :, None], columns[:, None, None, :]]
