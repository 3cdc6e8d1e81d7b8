"""Probes that were never trained: small networks, and the weights of any network drawn by a seed."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import nn

from suite import models
from suite.models import Linear
from suite.models.layers import BatchNorm
from suite.probes.probe import Probed
from tasks.draws import normal


def conv4(width: int = 32, size: int = 28, channels: int = 3, seed: int = 0) -> Probed:
    """The four-block network of few-shot learning, at random: 4 * ``width`` filters and as many scales."""
    network = models.get("conv4", channels, size, width=width)
    return Probed(draw(network, ("conv4", seed)), channels=channels, size=size)


def mlp(width: int = 128, depth: int = 3, size: int = 28, channels: int = 3, seed: int = 0) -> Probed:
    """``depth`` layers of ``width`` units with ReLU on the flattened picture, at random."""
    if depth < 1 or width < 1:
        raise ValueError(f"depth and width must be at least 1, not {depth} and {width}")
    sizes = [channels * size * size, *[width] * depth]
    parts: list[nn.Module] = [nn.Flatten()]
    for inputs, outputs in pairwise(sizes):
        parts += [Linear(inputs, outputs), nn.ReLU()]
    return Probed(draw(nn.Sequential(*parts), ("mlp", seed)), channels=channels, size=size)


@torch.no_grad()
def draw(network: nn.Module, key: tuple[str | int, ...]) -> nn.Module:
    """Weights of ``network`` drawn anew, the same on every machine: N(0, 2 / inputs) (He et al. 2015).

    Biases are 0; batch norms scale and shift nothing, and their averages are 0 and 1.
    """
    for name, module in network.named_modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            shape = module.weight.shape
            drawn = normal(("probe", *key, name), *shape) * (2 / shape[1:].numel()) ** 0.5
            module.weight.copy_(torch.from_numpy(drawn))
            if module.bias is not None:
                module.bias.zero_()
        elif isinstance(module, BatchNorm | nn.BatchNorm2d):
            module.weight.fill_(1.0)
            module.bias.zero_()
    return network
