"""Convolution whose derivatives, of any order, are convolutions.

z = x * w is linear in x and in w, and so are both of its gradients; so three maps are closed under
differentiation: z of (x, w), dx of (dz, w) and dw of (dz, x). Autograd's own second derivative takes other
routes (transposed and batch-swapped convolutions), which no library tunes.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from suite.kernels import plain


def convolve(x: Tensor, weight: Tensor) -> Tensor:
    """Convolution that keeps the size, without bias, as ``suite.kernels.plain.convolve``."""
    # torch.func and torch.compile see through plain operations alone; autocast knows what these keep.
    if (
        torch.compiler.is_compiling()
        or torch._C._are_functorch_transforms_active()
        or torch.is_autocast_enabled(x.device.type)
    ):
        return plain.convolve(x, weight)
    z: Tensor = _Convolution.apply(x, weight)
    return z


def input_gradient(to_z: Tensor, weight: Tensor, shape: torch.Size) -> Tensor:
    """dx [n, t*inputs, h, w], which is ``shape``, of dz and w."""
    return _gradient(to_z, _blank(to_z, shape), weight, of_input=True)


def weight_gradient(to_z: Tensor, x: Tensor, shape: torch.Size) -> Tensor:
    """dw [t*outputs, inputs, k, k], which is ``shape``, of dz and x."""
    return _gradient(to_z, x, _blank(to_z, shape), of_input=False)


def _blank(like: Tensor, shape: torch.Size) -> Tensor:
    """Stands for the argument that a gradient needs the shape of alone."""
    return torch.empty(shape, dtype=like.dtype, device=like.device, memory_format=torch.channels_last)


def _gradient(to_z: Tensor, x: Tensor, weight: Tensor, of_input: bool) -> Tensor:
    side = weight.shape[-1] // 2
    found = torch.ops.aten.convolution_backward(
        to_z,
        x,
        weight,
        None,
        [1, 1],
        [side, side],
        [1, 1],
        False,
        [0, 0],
        x.shape[1] // weight.shape[1],
        [of_input, not of_input, False],
    )
    gradient: Tensor = found[0 if of_input else 1]
    return gradient


class _Convolution(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor) -> Tensor:
        ctx.save_for_backward(x, weight)
        return plain.convolve(x, weight)

    @staticmethod
    def backward(ctx: Any, to_z: Tensor) -> tuple[Tensor | None, Tensor | None]:
        x, weight = ctx.saved_tensors
        of_x, of_weight = ctx.needs_input_grad
        return (
            _InputGradient.apply(to_z, weight, x.shape) if of_x else None,
            _WeightGradient.apply(to_z, x, weight.shape) if of_weight else None,
        )


class _InputGradient(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, to_z: Tensor, weight: Tensor, shape: torch.Size) -> Tensor:
        ctx.save_for_backward(to_z, weight)
        return input_gradient(to_z, weight, shape)

    @staticmethod
    def backward(ctx: Any, to_x: Tensor) -> tuple[Tensor | None, Tensor | None, None]:
        to_z, weight = ctx.saved_tensors
        of_z, of_weight, _ = ctx.needs_input_grad
        return (
            _Convolution.apply(to_x, weight) if of_z else None,
            _WeightGradient.apply(to_z, to_x, weight.shape) if of_weight else None,
            None,
        )


class _WeightGradient(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, to_z: Tensor, x: Tensor, shape: torch.Size) -> Tensor:
        ctx.save_for_backward(to_z, x)
        return weight_gradient(to_z, x, shape)

    @staticmethod
    def backward(ctx: Any, to_weight: Tensor) -> tuple[Tensor | None, Tensor | None, None]:
        to_z, x = ctx.saved_tensors
        of_z, of_x, _ = ctx.needs_input_grad
        return (
            _Convolution.apply(x, to_weight) if of_z else None,
            _InputGradient.apply(to_z, to_weight, x.shape) if of_x else None,
            None,
        )
