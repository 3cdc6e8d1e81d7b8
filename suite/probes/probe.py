"""What a probe is: a fixed network that reads any pictures the same way, told apart by a digest."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from suite.models.images import channels_last


class Probed(nn.Module):
    """Images [n, c, h, w] in -1..1, of one channel or three and any size -> features [n, d] of ``network``.

    The network reads ``channels`` channels of ``size`` x ``size`` pixels, each channel less ``mean`` and over
    ``deviation``, which are in units in which a picture is 0..1. Grey is repeated; colour is averaged where
    the network reads one channel; other sizes are interpolated (bilinear, antialiased).
    """

    mean: Tensor
    deviation: Tensor

    def __init__(
        self,
        network: nn.Module,
        *,
        channels: int = 3,
        size: int,
        mean: Sequence[float] = (0.5,),
        deviation: Sequence[float] = (0.5,),
    ) -> None:
        super().__init__()
        # In this layout CPUs convolve each channel by itself about twice as fast.
        self.network = network.to(memory_format=torch.channels_last)
        self.channels, self.size = channels, size
        self.register_buffer("mean", torch.tensor(mean).view(-1, 1, 1))
        self.register_buffer("deviation", torch.tensor(deviation).view(-1, 1, 1))

    def forward(self, images: Tensor) -> Tensor:
        has = images.shape[1]
        if has not in (1, 3):
            raise ValueError(f"a probe reads pictures of 1 or 3 channels, not of {has}")
        x = images.mean(1, keepdim=True) if has > self.channels else images
        if x.shape[2:] != (self.size, self.size):
            x = F.interpolate(x, (self.size, self.size), mode="bilinear", antialias=True)
        # 0..1 first, in which means and deviations are given; one channel becomes three by broadcasting.
        x = ((x + 1) / 2 - self.mean) / self.deviation
        found: Tensor = self.network(channels_last(x.expand(-1, self.channels, -1, -1)))
        return found


@dataclass(frozen=True)
class Probe:
    """A network and which one exactly. ``digest`` is over its name, options, weights and how it reads images.

    Only what was measured with probes of one digest compares.
    """

    module: nn.Module = field(repr=False, compare=False)
    name: str
    options: Mapping[str, Any] = field(compare=False)
    digest: str
    label: str = field(compare=False)


def identified(module: nn.Module, name: str, options: Mapping[str, Any], label: str = "") -> Probe:
    """``module`` as a Probe, in evaluation mode and without gradients of parameters."""
    module.eval().requires_grad_(False)
    digest = hashlib.sha256(json.dumps([name, options], sort_keys=True, allow_nan=False).encode())
    if isinstance(module, Probed):
        digest.update(f"\x1e{module.channels}x{module.size}x{module.size}".encode())
    for key, value in sorted(module.state_dict().items()):
        digest.update(f"\x1e{key}\x1e{value.dtype}\x1e{list(value.shape)}\x1e".encode())
        digest.update(value.detach().cpu().contiguous().numpy().tobytes())
    return Probe(module, name, dict(options), digest.hexdigest(), label or name)


def of_module(module: nn.Module, name: str = "custom") -> Probe:
    """A network of your own as a probe: images [n, c, h, w] in -1..1 -> features [n, d].

    It is told apart by ``name`` and its weights: networks that compute different things from equal weights
    need different names.
    """
    return identified(module, name, {})
