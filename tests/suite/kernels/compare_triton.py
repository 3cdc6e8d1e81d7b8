"""Derivatives by the Triton kernels beside the textbook's: ``compare_triton.py cpu|cuda`` prints their gap.

On ``cpu`` the environment must have TRITON_INTERPRET=1 from the start.
"""

from __future__ import annotations

import itertools
import sys

import torch
from torch import Tensor

from suite.kernels import block, plain
from suite.kernels.gpu import TritonKernels

Inputs = tuple[Tensor, Tensor, Tensor]


def derivatives(fused: bool, inputs: Inputs, given: tuple[Tensor, Tensor] | None) -> list[Tensor]:
    z, weight, bias = inputs
    if fused:
        value = block.normalise_rectify_pool(TritonKernels(), z, weight, bias, given).pooled
    else:
        own = z.mean((0, 2, 3)), (z.var((0, 2, 3), correction=0) + 1e-5).rsqrt()
        mean, inverse_std = given or own
        scale = weight * inverse_std
        value = plain.normalise_rectify_pool(z, scale, bias - mean * scale)
    first = torch.autograd.grad(value.square().sum() + value.sum(), inputs, create_graph=True)
    along = sum((torch.sin(3 * d).sum() for d in first), torch.zeros((), device=z.device))
    return [value, *first, *torch.autograd.grad(along, inputs)]


def worst_gap(device: str) -> float:
    worst = 0.0
    for shape, given in itertools.product([(3, 2, 5, 4), (4, 33, 4, 6)], [False, True]):
        generator = torch.Generator().manual_seed(0)
        sizes = (shape, (shape[1],), (shape[1],))
        drawn = [torch.randn(s, generator=generator, dtype=torch.float64).to(device) for s in sizes]
        drawn[2][0] = -50.0  # a dead channel
        z, weight, bias = (value.requires_grad_() for value in drawn)
        statistics = (0.1 * torch.ones_like(weight), 0.7 * torch.ones_like(weight)) if given else None
        ours, theirs = (derivatives(fused, (z, weight, bias), statistics) for fused in (True, False))
        for a, b in zip(ours, theirs, strict=True):
            gap = (a - b).detach().abs().max() / b.detach().abs().max()
            worst = max(worst, float(gap))
    return worst


if __name__ == "__main__":
    sys.stdout.write(f"{worst_gap(sys.argv[1])}\n")
