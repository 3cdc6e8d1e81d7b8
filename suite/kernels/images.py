"""The block that reads images: convolution, batch normalisation, ReLU and 2x2 max-pooling as one function.

Nobody asks for the gradient of an image, and its channels are few. Then nothing of the convolution's size
need exist. Notation is that of ``suite.kernels.algebra``; z = P w, where row P_i is the patch of 9 * inputs
values around pixel i, and w [9 * inputs, c] the weights. With s = sum P_i and M = sum P_i P_i' - s s' / N,
which do not depend on the weights,

    m = s w / N      var z = w' M w / N (by column)      sum P_i' x_i = M w r =: D.

**Backward**, by (1):

    dw = sum P_i' dz_i = g r (Q - s B / N - D G / N)      with Q = sum P_i' q_i, over the winners alone.  (4)

**Double backward.** Of a cotangent v of dw, F gains sum v dw = sum V dz with V = P v: (2) and (3) hold with

    S0 = s v      S1 = sum of v D by column,

V is needed at the winners alone, and by sum P_i' V_i = (M + s s' / N) v the map dF/dz of (3) is never made:

    dF/dw = sum P_i' dF/dz_i = of_q Q + of_v (M + s s' / N) v + of_z (M + s s' / N) w + constant s.        (5)
"""

from __future__ import annotations

import weakref
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd.function import once_differentiable

from suite.kernels.algebra import Channels, Vector, to_map_twice, to_pooled_twice, to_weight_twice
from suite.kernels.block import ImagePasses, Kernels, Normalised, channels_last

Array = Any


@dataclass(frozen=True)
class Images:
    """Images [n, i, h, w] framed by zeros, and what is the same under every weight: s, M, and N."""

    passes: ImagePasses
    framed: Array
    s: Array
    M: Array
    pixels: int


def prepare(kernels: Kernels, images: Tensor) -> Images:
    """Frame ``images`` [n, i, h, w] of a CPU, float32 or float64, and take the moments of their patches."""
    framed = F.pad(images.detach().contiguous(), (1, 1, 1, 1)).numpy()
    passes = kernels.images
    if passes is None:
        raise ValueError(f"the {kernels.name} kernels have no passes over images")
    s, second = passes.patch_moments(framed)
    pixels = images.numel() // images.shape[1]
    return Images(passes, framed, s, second - np.outer(s, s) / pixels, pixels)


class LastImages:
    """``prepare`` of the images that were read last: at each step of an inner loop they are the same."""

    def __init__(self) -> None:
        self._last: tuple[weakref.ref[Tensor], int, Images] | None = None

    def prepared(self, kernels: Kernels, images: Tensor) -> Images:
        """``prepare(kernels, images)``, once for one tensor as long as nobody writes into it."""
        if images.is_inference():  # such a tensor does not know whether somebody wrote into it
            return prepare(kernels, images)
        last = self._last
        if last is not None and last[0]() is images and last[1] == images._version:
            return last[2]
        found = prepare(kernels, images)
        self._last = weakref.ref(images, self._forget), images._version, found
        return found

    def _forget(self, gone: weakref.ref[Tensor]) -> None:
        if self._last is not None and self._last[0] is gone:
            self._last = None

    def __reduce__(self) -> tuple[type[LastImages], tuple[()]]:
        return LastImages, ()  # a copy of a network, or a saved one, starts without


def convolve_normalise_rectify_pool(
    images: Images,
    filters: Tensor,
    weight: Tensor,
    bias: Tensor,
    given: tuple[Tensor, Tensor] | None = None,
    epsilon: float = 1e-5,
) -> Normalised:
    """``block.normalise_rectify_pool`` of the convolution of images by ``filters`` [c, i, 3, 3], no bias."""
    mean, inverse_std = (None, None) if given is None else given
    return Normalised(*_Pooled.apply(images, filters, weight, bias, mean, inverse_std, epsilon))


@dataclass(frozen=True)
class _Statistics:
    mean: Vector
    inverse_std: Vector
    share: float
    D: Array


class _Pooled(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        images: Images,
        filters: Tensor,
        weight: Tensor,
        bias: Tensor,
        mean: Tensor | None,
        inverse_std: Tensor | None,
        epsilon: float,
    ) -> tuple[Tensor, Tensor, Tensor]:
        w = _columns(filters)
        of = _statistics(images, w, mean, inverse_std, epsilon)
        scale = _vector(weight) * of.inverse_std
        shift = _vector(bias) - of.mean * scale
        dtype = images.framed.dtype
        n, _, h, b = images.framed.shape
        shape = n, (h - 2) // 2, (b - 2) // 2, len(filters)
        pooled, winner, won = (
            torch.empty(shape, dtype=kind) for kind in (filters.dtype, torch.uint8, filters.dtype)
        )
        taps = _taps(w, dtype)
        images.passes.pool(
            images.framed, taps, scale.astype(dtype), shift.astype(dtype), *map(_rows, (pooled, winner, won))
        )
        ctx.images, ctx.statistics = images, of
        ctx.save_for_backward(filters, weight, winner, won)
        ctx.set_materialize_grads(False)
        told = _tensor(of.mean, filters), _tensor(of.inverse_std, filters)
        ctx.mark_non_differentiable(*told)
        return pooled.permute(0, 3, 1, 2), *told

    @staticmethod
    def backward(ctx: Any, to_pooled: Tensor | None, *_: Tensor | None) -> tuple[Tensor | None, ...]:
        if to_pooled is None:
            return (None,) * 7
        filters, weight, winner, won = ctx.saved_tensors
        to_pooled = channels_last(to_pooled)
        found = _Gradient.apply(ctx.images, to_pooled, filters, weight, winner, won, ctx.statistics)
        return None, *found, None, None, None


class _Gradient(torch.autograd.Function):
    """Equations (1) and (4): dp, w, g -> dw, dg, db."""

    @staticmethod
    def forward(
        ctx: Any,
        images: Images,
        to_pooled: Tensor,
        filters: Tensor,
        weight: Tensor,
        winner: Tensor,
        won: Tensor,
        statistics: _Statistics,
    ) -> tuple[Tensor, Tensor, Tensor]:
        r, share = statistics.inverse_std, statistics.share
        q = _rows(to_pooled.permute(0, 2, 3, 1))
        mean = statistics.mean.astype(q.dtype)
        B, G, Q = images.passes.winner_sums(images.framed, q, _rows(winner), _rows(won), mean)
        G, Q = G * r, Q.reshape(-1, Q.shape[2])
        slope = _vector(weight) * r
        to_filters = slope * (Q - (np.outer(images.s, B) + statistics.D * G) * share)
        ctx.images, ctx.statistics, ctx.sums = images, statistics, (B, G, Q)
        ctx.save_for_backward(to_pooled, filters, weight, winner, won)
        return _filters(to_filters, filters), _tensor(G, filters), _tensor(B, filters)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, to_filters: Tensor, vg: Tensor, vb: Tensor) -> tuple[Tensor | None, ...]:
        images, statistics, (B, G, Q) = ctx.images, ctx.statistics, ctx.sums
        to_pooled, filters, weight, winner, won = ctx.saved_tensors
        of = Channels(_vector(weight), statistics.mean, statistics.inverse_std, statistics.share)
        v, w = _columns(to_filters), _columns(filters)
        S0, S1 = images.s @ v, (v * statistics.D).sum(0)
        to_weight, to_bias = _vector(vg), _vector(vb)
        at = to_pooled_twice(of, S0, S1, to_weight, to_bias)
        q = _rows(to_pooled.permute(0, 2, 3, 1))
        second = torch.empty_like(won)
        coefficients = [values.astype(q.dtype) for values in (at.of_v, at.of_z, at.constant)]
        Sq = images.passes.gather(
            images.framed, _taps(v, q.dtype), q, _rows(winner), _rows(won), *coefficients, _rows(second)
        )
        by = to_map_twice(of, B, G, S0, S1, Sq, to_weight)
        mixed = v * by.of_v + w * by.of_z
        of_patches = images.M @ mixed + np.outer(images.s, images.s @ mixed / images.pixels + by.constant)
        to_g = to_weight_twice(of, B, G, S0, S1, Sq)
        return (
            None,
            second.permute(0, 3, 1, 2),
            _filters(by.of_q * Q + of_patches, filters),
            _tensor(to_g, weight),
            None,
            None,
            None,
        )


def _statistics(
    images: Images, w: Array, mean: Tensor | None, inverse_std: Tensor | None, epsilon: float
) -> _Statistics:
    if mean is not None and inverse_std is not None:
        return _Statistics(_vector(mean), _vector(inverse_std), 0.0, np.zeros_like(w))
    by_patches = images.M @ w
    variance = np.maximum((w * by_patches).sum(0) / images.pixels, 0.0)
    r = 1.0 / np.sqrt(variance + epsilon)
    return _Statistics(images.s @ w / images.pixels, r, 1.0 / images.pixels, by_patches * r)


def _vector(values: Tensor) -> Vector:
    return values.detach().numpy().astype(np.float64)


def _tensor(values: Vector, like: Tensor) -> Tensor:
    return torch.from_numpy(values).to(like.dtype)


def _columns(filters: Tensor) -> Array:
    """Filters [c, i, 3, 3] as float64 [9*i, c]."""
    return _vector(filters).reshape(len(filters), -1).T


def _filters(columns: Array, like: Tensor) -> Tensor:
    return torch.from_numpy(columns.T.copy()).to(like.dtype).view(like.shape)


def _taps(columns: Array, dtype: Any) -> Array:
    """[9*i, c] as the kernels read it, [i, 9, c]."""
    return np.ascontiguousarray(columns, dtype=dtype).reshape(-1, 9, columns.shape[1])


def _rows(values: Tensor) -> Array:
    """[n, h, w, c] as an array [n*h*w, c] of the same memory."""
    return values.detach().reshape(-1, values.shape[3]).numpy()
