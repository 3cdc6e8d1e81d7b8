"""Batch normalisation, ReLU and 2x2 max-pooling as one function, and its two derivatives on paper.

**Forward.** Channel by channel, with N the pixels of a channel (all images) and e a small constant,

    m = mean z      r = (var z + e)^(-1/2)      x = (z - m) r      p = max(0, max over a window of (g x + b)).

A window's *winner* is the pixel where the maximum is found, the first of equals; a window whose maximum is
not above 0 has none. So p is g x + b at the winners: linear in x once the winners are known.

**Backward.** Let q be dp, laid on the winners, and 0 at every other pixel. With B = sum q and G = sum q x,

    db = B      dg = G      dz = g r (q - B / N - x G / N).                                              (1)

The last two terms are the mean and the variance answering; where these are given constants (``share`` = 0
instead of 1 / N) they are absent. Besides q, dz is affine in z: nothing of z's size but z need be kept.

**Double backward.** Of cotangents V (of dz), vg (of dg), vb (of db), the derivative of

    F = sum V dz + vg G + vb B = g r A + vg G + vb B,      A = Sq - B S0 / N - G S1 / N,

with S0 = sum V, S1 = sum V x, Sq = sum V q. By g and, at the winners, by dp:

    dF/dg = r A      dF/ddp = g r (V - S0 / N - x S1 / N) + vg x + vb.                                   (2)

By z, through x first. G and S1 hold x, so X = dF/dx = k q - (g r G / N) V with k = vg - g r S1 / N. Then
x = (z - m) r takes X to r (X - mean X - x mean(X x)), and r itself, where F has it as a factor, adds
g A dr/dz = -g A r^2 x / N, for dr/dz = -r^2 x / N:

    dF/dz = r k q - (g r^2 G / N) V - r SX / N - x (r SXx + g A r^2) / N,                                (3)
    SX = k B - g r G S0 / N,      SXx = k G - g r G S1 / N.

(2) and (3) are affine in V, z and q with per-channel coefficients, as (1) is: the kernels take sums over a
map, or apply such coefficients to it, and this module turns the one into the other. Vectors are [c] in
float64, numpy's or torch's alike.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

Vector = Any
"""Float64 [c]: numpy's array or torch's tensor."""


@dataclass(frozen=True)
class Channels:
    """What a channel is normalised by: g, m, r, and ``share``, 1 / N or 0 for given statistics."""

    weight: Vector
    mean: Vector
    inverse_std: Vector
    share: float


@dataclass(frozen=True)
class Affine:
    """Coefficients of a map: of_v * V + of_z * z + constant, and of_q * q more at the winners."""

    of_v: Vector
    of_z: Vector
    constant: Vector
    of_q: Vector


def to_map(of: Channels, B: Vector, G: Vector) -> Affine:
    """dz, equation (1)."""
    slope = of.weight * of.inverse_std
    of_z = -slope * of.inverse_std * G * of.share
    return Affine(0 * slope, of_z, -slope * B * of.share - of_z * of.mean, slope)


def to_pooled_twice(of: Channels, S0: Vector, S1: Vector, vg: Vector, vb: Vector) -> Affine:
    """dF/ddp at the winners, equation (2)."""
    slope = of.weight * of.inverse_std
    of_z = (vg - slope * S1 * of.share) * of.inverse_std
    return Affine(slope, of_z, vb - slope * S0 * of.share - of_z * of.mean, 0 * slope)


def to_weight_twice(of: Channels, B: Vector, G: Vector, S0: Vector, S1: Vector, Sq: Vector) -> Vector:
    """dF/dg, equation (2)."""
    return of.inverse_std * (Sq - (B * S0 + G * S1) * of.share)


def to_map_twice(
    of: Channels, B: Vector, G: Vector, S0: Vector, S1: Vector, Sq: Vector, vg: Vector
) -> Affine:
    """dF/dz, equation (3)."""
    r, slope = of.inverse_std, of.weight * of.inverse_std
    k = vg - slope * S1 * of.share
    SX = k * B - slope * G * S0 * of.share
    SXx = k * G - slope * G * S1 * of.share
    of_x = -(r * SXx + slope * to_weight_twice(of, B, G, S0, S1, Sq)) * of.share
    of_z = of_x * r
    return Affine(-slope * r * G * of.share, of_z, -r * SX * of.share - of_z * of.mean, r * k)
