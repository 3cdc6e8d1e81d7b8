"""Layers that can run as several networks side by side.

Each layer reads its number of networks off its input. ``t`` networks of ``c`` channels are one tensor of ``t
* c`` channels, network by network, and parameters are stacked alike (``suite.models.stacked``): convolutions
then are grouped, and one call serves all tasks of a meta-batch. With ``t = 1`` each is the ordinary layer.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, get_args

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from suite import kernels
from suite.kernels import LastImages, convolve

BatchNormMode = Literal["episode", "running"]
"""``episode``: statistics of the batch at hand, always (so predictions are transductive). ``running``: those
of the batch in training mode, where running averages are kept, and these averages in evaluation mode."""


SharedStatistics = Callable[[Tensor, float], tuple[Tensor, Tensor, int] | None]


class Convolution(nn.Conv2d):
    """A convolution that keeps the size, without bias: [n, t*inputs, h, w] -> [n, t*outputs, h, w]."""

    def __init__(self, inputs: int, outputs: int, kernel: int) -> None:
        super().__init__(inputs, outputs, kernel, padding=kernel // 2, bias=False)
        nn.init.kaiming_normal_(self.weight, nonlinearity="relu")

    def forward(self, x: Tensor) -> Tensor:
        return convolve(x, self.weight)


class Linear(nn.Linear):
    """An affine map [n, t*inputs] -> [n, t*outputs]."""

    def forward(self, x: Tensor) -> Tensor:
        networks = x.shape[1] // self.in_features
        if networks == 1:
            return F.linear(x, self.weight, self.bias)
        n = len(x)
        inputs = x.reshape(n, networks, self.in_features).transpose(0, 1)
        weight = self.weight.view(networks, -1, self.in_features).transpose(1, 2)
        outputs = torch.baddbmm(self.bias.view(networks, 1, -1), inputs, weight)
        return outputs.transpose(0, 1).reshape(n, -1)


class BatchNorm(nn.Module):
    """Batch normalisation of [n, t*channels, h, w], statistics as ``mode`` says (Ioffe and Szegedy 2015).

    The networks that run side by side have statistics of their own; running averages are those of all.
    ``shared``, where set, stands in for the statistics of the batch where running averages are learned: from
    [n, t*channels, h, w] and epsilon to mean and 1 / sqrt(variance + epsilon) [t*channels] and the number of
    pixels that these are of, or None for those of the batch after all.
    """

    running_mean: Tensor
    running_variance: Tensor
    shared: SharedStatistics | None = None

    def __init__(
        self, channels: int, mode: BatchNormMode, epsilon: float = 1e-5, momentum: float = 0.1
    ) -> None:
        super().__init__()
        if mode not in get_args(BatchNormMode):
            raise ValueError(f"batch_norm must be one of {', '.join(get_args(BatchNormMode))}, not {mode!r}")
        self.channels, self.mode, self.epsilon, self.momentum = channels, mode, epsilon, momentum
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))
        if mode == "running":
            self.register_buffer("running_mean", torch.zeros(channels))
            self.register_buffer("running_variance", torch.ones(channels))

    def forward(self, x: Tensor) -> Tensor:
        scale, shift = self.affine(x)
        return torch.addcmul(shift, x, scale).to(x.dtype)

    def affine(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Scale and shift [t*channels, 1, 1] by which ``x`` is normalised: ``x * scale + shift``."""
        given = self.given(x.shape[1] // self.channels)
        if given is None:
            mean, inverse_std, values = self._statistics(x)
            self.follow(mean.detach(), inverse_std.detach(), values)
        else:
            mean, inverse_std = given
        scale = self.weight * inverse_std
        return scale[:, None, None], (self.bias - mean * scale)[:, None, None]

    def given(self, networks: int) -> tuple[Tensor, Tensor] | None:
        """Mean and 1 / sqrt(variance + epsilon) [t*channels] to normalise by; None: those of the batch."""
        if self.mode == "episode" or self.training:
            return None
        inverse_std = torch.rsqrt(self.running_variance + self.epsilon)
        return self.running_mean.repeat(networks), inverse_std.repeat(networks)

    @property
    def learns_shared(self) -> bool:
        """Whether the statistics of the next batch are to be had from ``shared``."""
        return self.shared is not None and self.training and self.mode == "running"

    def _statistics(self, x: Tensor) -> tuple[Tensor, Tensor, int]:
        found = self.shared(x, self.epsilon) if self.shared is not None and self.learns_shared else None
        if found is not None:
            return found
        mean, inverse_std = _ChannelStatistics.apply(x, self.epsilon)
        return mean, inverse_std, x.numel() // x.shape[1]

    @torch.no_grad()
    def follow(self, mean: Tensor, inverse_std: Tensor, values: int) -> None:
        """Let running averages, where such are learned now, follow the statistics of ``values`` pixels."""
        if self.mode == "episode" or not self.training:
            return
        # As everywhere, the running variance is the unbiased one.
        variance = (inverse_std.pow(-2) - self.epsilon) * (values / max(values - 1, 1))
        self.running_mean.lerp_(mean.view(-1, self.channels).mean(0), self.momentum)
        self.running_variance.lerp_(variance.view(-1, self.channels).mean(0), self.momentum)


class _ChannelStatistics(torch.autograd.Function):
    """Mean and 1 / sqrt(variance + epsilon) of each channel, in one pass over the input.

    Differentiable any number of times: ``backward`` is made of differentiable operations, of which only one
    touches a tensor of the input's size. The built-in double backward of batch normalisation takes twenty.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, epsilon: float) -> tuple[Tensor, Tensor]:
        # Sums of many values of half precision would lose what the values hold.
        values = x.float() if x.dtype in (torch.bfloat16, torch.float16) else x
        _, mean, inverse_std = torch.native_batch_norm(values, None, None, None, None, True, 0.0, epsilon)
        ctx.save_for_backward(x, mean, inverse_std)
        return mean, inverse_std

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        x, mean, inverse_std = ctx.saved_tensors
        to_mean, to_inverse_std = gradients
        values = x.numel() // x.shape[1]
        slope = -to_inverse_std * inverse_std.pow(3) / values
        offset = to_mean / values - slope * mean
        return torch.addcmul(offset[:, None, None], x, slope[:, None, None]), None


def convolve_normalise_rectify_pool(
    convolution: Convolution, norm: BatchNorm, x: Tensor, last: LastImages
) -> Tensor:
    """2x2 max-pooling of ReLU of ``norm(convolution(x))``, halves rounded down, by the fastest path there is.

    [n, t*inputs, h, w] -> [n, t*outputs, h//2, w//2]. ``last`` is the block's memory of the images it read.
    """
    # Where somebody reads what is normalised, or the statistics are of more than this batch.
    if norm._forward_pre_hooks or norm.learns_shared:
        return F.max_pool2d(F.relu(norm(convolution(x))), 2)
    fused = kernels.kernels_for(x)
    if fused is None:
        return F.relu(_normalise_and_pool(norm, convolution(x)))
    of_norm = norm.weight, norm.bias, norm.given(x.shape[1] // convolution.weight.shape[1]), norm.epsilon
    # Where somebody listens to the convolution, it must be made.
    if kernels.reads_images(x, convolution.weight) and not convolution._forward_hooks:
        found = kernels.convolve_images(last.prepared(fused, x), convolution.weight, *of_norm)
    else:
        found = kernels.normalise_rectify_pool(fused, convolution(x), *of_norm)
    norm.follow(found.mean, found.inverse_std, values=x.numel() // x.shape[1])
    return found.pooled


def _normalise_and_pool(norm: BatchNorm, x: Tensor) -> Tensor:
    """2x2 max-pooling of ``norm(x)``, pooled first: a monotone map and a maximum commute.

    What is left to normalise is a quarter. Where a channel's scale is negative the maximum is of ``-x``.
    """
    scale, shift = norm.affine(x)
    falling = scale.detach() < 0
    if torch.compiler.is_compiling() or bool(falling.any()):  # a compiler cannot look at values
        sign = torch.where(falling, -1.0, 1.0).to(x.dtype)
        pooled = F.max_pool2d(x * sign, 2) * sign
    else:
        pooled = F.max_pool2d(x, 2)
    return torch.addcmul(shift, pooled, scale).to(x.dtype)


def pooled_sizes(size: tuple[int, int], blocks: int) -> list[tuple[bool, tuple[int, int]]]:
    """Whether each block pools 2x2, and its output's size: a map of one row or column is not pooled."""
    sizes = []
    for _ in range(blocks):
        pools = min(size) >= 2
        size = (size[0] // 2, size[1] // 2) if pools else size
        sizes.append((pools, size))
    return sizes
