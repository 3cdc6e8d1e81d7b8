"""Batch normalisation, ReLU and 2x2 max-pooling as one autograd function that can be differentiated twice."""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from suite.kernels.algebra import (
    Affine,
    Channels,
    Vector,
    to_map,
    to_map_twice,
    to_pooled_twice,
    to_weight_twice,
)

Array = Any
"""A numpy array."""


class ImagePasses(Protocol):
    """The passes of ``suite.kernels.images``, as ``suite.kernels.cpu_images`` has them."""

    def patch_moments(self, images: Array) -> tuple[Array, Array]: ...

    def pool(self, *arrays: Array) -> None: ...

    def winner_sums(self, *arrays: Array) -> tuple[Array, Array, Array]: ...

    def gather(self, *arrays: Array) -> Array: ...


class Kernels(Protocol):
    """The passes over maps that a device has kernels for.

    Maps are channels last: ``z``, ``v`` [n, c, h, w]; ``pooled``, ``to_pooled``, ``winner`` [n, c, h//2,
    w//2], ``winner`` of uint8: 0..3 where in its window the maximum was found, 4 where there is none.
    """

    @property
    def name(self) -> str:
        """What they are made with, as logs say it."""
        ...

    @property
    def images(self) -> ImagePasses | None:
        """Passes that convolve images on the way; None where there are none."""
        ...

    def vector(self, values: Tensor) -> Vector:
        """Per-channel values in float64, for ``algebra``."""
        ...

    def tensor(self, values: Vector, like: Tensor) -> Tensor:
        """Per-channel values as a tensor of the type and device of ``like``."""
        ...

    def statistics(self, z: Tensor, epsilon: float) -> tuple[Vector, Vector]:
        """Mean and 1 / sqrt(variance + epsilon) of each channel."""
        ...

    def pool(self, z: Tensor, scale: Vector, shift: Vector) -> tuple[Tensor, Tensor]:
        """max(0, maximum over windows of scale * z + shift), and the winner."""
        ...

    def winner_sums(
        self, z: Tensor, to_pooled: Tensor, winner: Tensor, mean: Vector
    ) -> tuple[Vector, Vector]:
        """Sums over the winners of q = ``to_pooled``, and of q * (z - mean)."""
        ...

    def moments(self, v: Tensor, z: Tensor, mean: Vector) -> tuple[Vector, Vector]:
        """Sums over all pixels of ``v`` and of v * (z - mean)."""
        ...

    def gather(
        self, v: Tensor, z: Tensor, to_pooled: Tensor, winner: Tensor, by: Affine
    ) -> tuple[Tensor, Vector]:
        """``by`` of v and z at the winners, 0 where there is none; and the sum of q * v over them."""
        ...

    def spread(self, v: Tensor | None, z: Tensor, to_pooled: Tensor, winner: Tensor, by: Affine) -> Tensor:
        """``by`` of v (None: 0), z and q at every pixel."""
        ...

    def scatter(self, z: Tensor, to_pooled: Tensor, winner: Tensor, of_q: Vector) -> Tensor:
        """``of_q`` * q at the winners, 0 at every other pixel; ``z`` gives the shape."""
        ...


class Normalised(NamedTuple):
    """A pooled map [n, c, h//2, w//2], and the statistics [c] by which it was normalised (no gradient)."""

    pooled: Tensor
    mean: Tensor
    inverse_std: Tensor


def normalise_rectify_pool(
    kernels: Kernels,
    z: Tensor,
    weight: Tensor,
    bias: Tensor,
    given: tuple[Tensor, Tensor] | None = None,
    epsilon: float = 1e-5,
) -> Normalised:
    """Pool ``z`` [n, c, h, w] (both sides at least 2) by ``kernels``; see ``suite.kernels.plain``.

    ``given`` are a mean and 1 / sqrt(variance + epsilon) [c] to normalise by, instead of the batch's own.
    """
    mean, inverse_std = (None, None) if given is None else given
    return Normalised(*_Pooled.apply(kernels, channels_last(z), weight, bias, mean, inverse_std, epsilon))


def channels_last(values: Tensor) -> Tensor:
    """The same values with channels innermost in memory; no copy where they are."""
    return values.contiguous(memory_format=torch.channels_last)


class _Pooled(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        kernels: Kernels,
        z: Tensor,
        weight: Tensor,
        bias: Tensor,
        mean: Tensor | None,
        inverse_std: Tensor | None,
        epsilon: float,
    ) -> tuple[Tensor, Tensor, Tensor]:
        if mean is None or inverse_std is None:
            m, r = kernels.statistics(z, epsilon)
            share = z.shape[1] / z.numel()
        else:
            m, r = kernels.vector(mean), kernels.vector(inverse_std)
            share = 0.0
        scale = kernels.vector(weight) * r
        pooled, winner = kernels.pool(z, scale, kernels.vector(bias) - m * scale)
        ctx.kernels, ctx.statistics = kernels, (m, r, share)
        ctx.save_for_backward(z, weight, winner)
        ctx.set_materialize_grads(False)
        told = kernels.tensor(m, z), kernels.tensor(r, z)
        ctx.mark_non_differentiable(*told)
        return pooled, *told

    @staticmethod
    def backward(ctx: Any, to_pooled: Tensor | None, *_: Tensor | None) -> tuple[Tensor | None, ...]:
        if to_pooled is None:
            return (None,) * 7
        z, weight, winner = ctx.saved_tensors
        found = _Gradient.apply(ctx.kernels, channels_last(to_pooled), z, weight, winner, ctx.statistics)
        return None, *found, None, None, None


class _Gradient(torch.autograd.Function):
    """Equation (1): dp, z, g -> dz, dg, db."""

    @staticmethod
    def forward(
        ctx: Any,
        kernels: Kernels,
        to_pooled: Tensor,
        z: Tensor,
        weight: Tensor,
        winner: Tensor,
        statistics: tuple[Vector, Vector, float],
    ) -> tuple[Tensor, Tensor, Tensor]:
        of = Channels(kernels.vector(weight), *statistics)
        B, G = kernels.winner_sums(z, to_pooled, winner, of.mean)
        G = G * of.inverse_std
        by = to_map(of, B, G)
        if of.share:
            to_z = kernels.spread(None, z, to_pooled, winner, by)
        else:
            to_z = kernels.scatter(z, to_pooled, winner, by.of_q)
        ctx.kernels, ctx.of, ctx.sums = kernels, of, (B, G)
        ctx.save_for_backward(to_pooled, z, weight, winner)
        return to_z, kernels.tensor(G, weight), kernels.tensor(B, weight)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, v: Tensor, vg: Tensor, vb: Tensor) -> tuple[Tensor | None, ...]:
        kernels, of, (B, G) = ctx.kernels, ctx.of, ctx.sums
        to_pooled, z, weight, winner = ctx.saved_tensors
        v = channels_last(v)
        to_weight, to_bias = kernels.vector(vg), kernels.vector(vb)
        S0, S1 = 0 * B, 0 * B
        if of.share:
            S0, S1 = kernels.moments(v, z, of.mean)
            S1 = S1 * of.inverse_std
        second, Sq = kernels.gather(v, z, to_pooled, winner, to_pooled_twice(of, S0, S1, to_weight, to_bias))
        by = to_map_twice(of, B, G, S0, S1, Sq, to_weight)
        if of.share:
            to_z = kernels.spread(v, z, to_pooled, winner, by)
        else:
            to_z = kernels.scatter(z, to_pooled, winner, by.of_q)
        to_g = kernels.tensor(to_weight_twice(of, B, G, S0, S1, Sq), weight)
        return None, second, to_z, to_g, None, None
