"""Batch statistics over the images of all processes: synchronised batch normalisation."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _NormBase

from suite.models.layers import BatchNorm
from suite.parallel.crew import Crew


class Unshareable(RuntimeError):
    """A training cannot be shared by several processes; the message says why."""


@contextmanager
def shared_statistics(network: nn.Module, crew: Crew) -> Iterator[None]:
    """In the block, ``running`` batch norm in training mode is by the statistics of all members' images.

    ``episode`` batch norm is by those of one task, and each task is one member's: nothing is to be shared.
    Raises Unshareable for layers of torch's own, which would be by those of one member's images.
    """
    if crew.size == 1:
        yield
        return
    foreign = [name for name, module in network.named_modules() if isinstance(module, _NormBase)]
    if foreign:
        raise Unshareable(
            f"{foreign[0]} is a {type(network.get_submodule(foreign[0])).__name__} of torch's, whose "
            "statistics would be of one process's images; train on one GPU (resources.gpus_per_cell: 1)"
        )
    norms = [module for module in network.modules() if isinstance(module, BatchNorm)]
    for norm in norms:
        norm.shared = partial(batch_statistics, crew)
    try:
        yield
    finally:
        for norm in norms:
            norm.shared = None


def batch_statistics(crew: Crew, x: Tensor, epsilon: float) -> tuple[Tensor, Tensor, int] | None:
    """Of all members' ``x`` [n, c, h, w]: mean and 1 / sqrt(variance + epsilon) [c], and pixels a channel.

    None while each member works for itself. Differentiable once: a member's gradient, weighted as
    ``Crew.average`` will weight it, is the mean loss's with respect to its own ``x``.
    """
    if not crew.shares:
        return None
    mean, inverse_std, values = _SharedStatistics.apply(x, epsilon, crew)
    return mean, inverse_std, int(values)


class _SharedStatistics(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, epsilon: float, crew: Crew) -> tuple[Tensor, Tensor, Tensor]:
        # Sums of many values of half precision would lose what the values hold.
        exact = x.float() if x.dtype in (torch.bfloat16, torch.float16) else x
        variance, mean = torch.var_mean(exact, (0, 2, 3), correction=0)
        # An item that counts nothing has no part in the statistics either.
        values = float(x.numel() // x.shape[1]) if crew.weight else 0.0
        found = torch.stack(crew.gather(torch.cat([mean, variance, mean.new_tensor([values])]).double()))
        means, variances = found[:, :-1].chunk(2, dim=1)
        total = found[:, -1].sum()
        shares = found[:, -1:] / total
        whole = (shares * means).sum(0)
        spread = (shares * (variances + (means - whole).square())).sum(0)
        mean, inverse_std = whole.to(exact.dtype), torch.rsqrt(spread + epsilon).to(exact.dtype)
        ctx.save_for_backward(x, mean, inverse_std)
        ctx.crew, ctx.weight, ctx.total = crew, crew.weight, float(total)
        ctx.mark_non_differentiable(total)
        return mean, inverse_std, total

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, to_mean: Tensor, to_inverse_std: Tensor, _: Tensor) -> tuple[Tensor | None, ...]:
        x, mean, inverse_std = ctx.saved_tensors
        # The mean loss depends on these statistics through every member's images.
        slopes = torch.stack([to_mean, to_inverse_std]) * ctx.weight
        ctx.crew.add_up(slopes)
        if not ctx.weight:
            return torch.zeros_like(x), None, None
        to_mean, to_inverse_std = slopes / (ctx.weight * ctx.total)
        slope = -to_inverse_std * inverse_std.pow(3)
        offset = to_mean - slope * mean
        return torch.addcmul(offset[:, None, None], x, slope[:, None, None]).to(x.dtype), None, None
