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
from typing import Any, NamedTuple

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
class Statistics:
    """m, r [c], share, and D [9*i, c]."""

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
        pooled, winner, won, of = pool(images, filters, weight, bias, mean, inverse_std, epsilon)
        ctx.images, ctx.statistics = images, of
        ctx.save_for_backward(filters, weight, winner, won)
        ctx.set_materialize_grads(False)
        told = _tensor(of.mean, filters), _tensor(of.inverse_std, filters)
        ctx.mark_non_differentiable(*told)
        return pooled, *told

    @staticmethod
    def backward(ctx: Any, to_pooled: Tensor | None, *_: Tensor | None) -> tuple[Tensor | None, ...]:
        if to_pooled is None:
            return (None,) * 7
        filters, weight, winner, won = ctx.saved_tensors
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
        of: Statistics,
    ) -> tuple[Tensor, Tensor, Tensor]:
        found = sums(images, of, to_pooled, winner, won)
        ctx.images, ctx.of, ctx.sums = images, of, found
        ctx.save_for_backward(to_pooled, filters, weight, winner, won)
        to_filters = as_filters(to_columns(images, of, _vector(weight), found), filters)
        return to_filters, _tensor(found.G, filters), _tensor(found.B, filters)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, to_filters: Tensor, vg: Tensor, vb: Tensor) -> tuple[Tensor | None, ...]:
        to_pooled, filters, weight, winner, won = ctx.saved_tensors
        at = Winners(to_pooled, winner, won)
        found = twice(ctx.images, ctx.of, filters, weight, ctx.sums, at, (to_filters, vg, vb))
        to_w = as_filters(found.columns, filters)
        return None, found.to_pooled, to_w, _tensor(found.weight, weight), None, None, None


def pool(
    images: Images,
    filters: Tensor,
    weight: Tensor,
    bias: Tensor,
    mean: Tensor | None,
    inverse_std: Tensor | None,
    epsilon: float,
) -> tuple[Tensor, Tensor, Tensor, Statistics]:
    """The pooled map [n, c, h//2, w//2]; the winners, and the convolution there, [n, h//2, w//2, c]."""
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
    given = _taps(w, dtype), scale.astype(dtype), shift.astype(dtype)
    images.passes.pool(images.framed, *given, *map(_rows, (pooled, winner, won)))
    return pooled.permute(0, 3, 1, 2), winner, won, of


class Sums(NamedTuple):
    """B, G [c] and Q [9*i, c] of one dp."""

    B: Vector
    G: Vector
    Q: Array


class Winners(NamedTuple):
    """dp, the winners, and the convolution there: pooled maps."""

    to_pooled: Tensor
    winner: Tensor
    won: Tensor


class Twice(NamedTuple):
    """The derivatives of F by dp (a pooled map), w [9*i, c] and g [c]."""

    to_pooled: Tensor
    columns: Array
    weight: Vector


def sums(images: Images, of: Statistics, to_pooled: Tensor, winner: Tensor, won: Tensor) -> Sums:
    """B, G and Q; ``winner`` and ``won`` as ``pool`` gave them."""
    q = _rows(channels_last(to_pooled).permute(0, 2, 3, 1))
    mean = of.mean.astype(q.dtype)
    B, G, Q = images.passes.winner_sums(images.framed, q, _rows(winner), _rows(won), mean)
    return Sums(B, G * of.inverse_std, Q.reshape(-1, Q.shape[2]))


def to_columns(images: Images, of: Statistics, weight: Vector, found: Sums) -> Array:
    """dw [9*i, c], equation (4)."""
    B, G, Q = found
    return weight * of.inverse_std * (Q - (np.outer(images.s, B) + of.D * G) * of.share)


def twice(
    images: Images,
    of: Statistics,
    filters: Tensor,
    weight: Tensor,
    found: Sums,
    at: Winners,
    along: tuple[Tensor, Tensor, Tensor],
) -> Twice:
    """Equations (2) and (5), of cotangents ``along`` of dw, dg and db."""
    (B, G, Q), (to_filters, vg, vb) = found, along
    channels = Channels(_vector(weight), of.mean, of.inverse_std, of.share)
    v, w = _columns(to_filters), _columns(filters)
    S0, S1 = images.s @ v, (v * of.D).sum(0)
    to_weight, to_bias = _vector(vg), _vector(vb)
    by = to_pooled_twice(channels, S0, S1, to_weight, to_bias)
    q = _rows(channels_last(at.to_pooled).permute(0, 2, 3, 1))
    second = torch.empty_like(at.won)
    coefficients = [values.astype(q.dtype) for values in (by.of_v, by.of_z, by.constant)]
    given = q, _rows(at.winner), _rows(at.won)
    Sq = images.passes.gather(images.framed, _taps(v, q.dtype), *given, *coefficients, _rows(second))
    by = to_map_twice(channels, B, G, S0, S1, Sq, to_weight)
    mixed = v * by.of_v + w * by.of_z
    of_patches = images.M @ mixed + np.outer(images.s, images.s @ mixed / images.pixels + by.constant)
    to_g = to_weight_twice(channels, B, G, S0, S1, Sq)
    return Twice(second.permute(0, 3, 1, 2), by.of_q * Q + of_patches, to_g)


def _statistics(
    images: Images, w: Array, mean: Tensor | None, inverse_std: Tensor | None, epsilon: float
) -> Statistics:
    if mean is not None and inverse_std is not None:
        return Statistics(_vector(mean), _vector(inverse_std), 0.0, np.zeros_like(w))
    by_patches = images.M @ w
    variance = np.maximum((w * by_patches).sum(0) / images.pixels, 0.0)
    r = 1.0 / np.sqrt(variance + epsilon)
    return Statistics(images.s @ w / images.pixels, r, 1.0 / images.pixels, by_patches * r)


def _vector(values: Tensor) -> Vector:
    return values.detach().numpy().astype(np.float64)


def _tensor(values: Vector, like: Tensor) -> Tensor:
    return torch.from_numpy(values).to(like.dtype)


def _columns(filters: Tensor) -> Array:
    """Filters [c, i, 3, 3] as float64 [9*i, c]."""
    return _vector(filters).reshape(len(filters), -1).T


def as_filters(columns: Array, like: Tensor) -> Tensor:
    """[9*i, c] as filters, of the shape and type of ``like``."""
    return torch.from_numpy(columns.T.copy()).to(like.dtype).view(like.shape)


def _taps(columns: Array, dtype: Any) -> Array:
    """[9*i, c] as the kernels read it, [i, 9, c]."""
    return np.ascontiguousarray(columns, dtype=dtype).reshape(-1, 9, columns.shape[1])


def _rows(values: Tensor) -> Array:
    """[n, h, w, c] as an array [n*h*w, c] of the same memory."""
    return values.detach().reshape(-1, values.shape[3]).numpy()
