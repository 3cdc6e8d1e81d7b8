"""The fused block on a CPU: numba kernels, compiled once a machine and kept on disk.

Arrays are rows of channels, as channels-last tensors lie in memory: maps [n*h*w, c], pooled ones
[n*(h//2)*(w//2), c], per-channel coefficients [c] of the maps' type. Innermost loops run over channels, so
that they become vector instructions. Sums run over pixels in a fixed order, in parts that are added up in
float64: the same bits each time. ``contract`` lets a product and a sum become one instruction; NaN and
infinity keep their meaning. The mathematics stands in ``suite.kernels.algebra``.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np

Array = Any
"""A contiguous numpy array of float32 or float64, or of uint8 for winners."""

_PART = 256  # rows whose sum is kept in the maps' own type

_kernel = numba.njit(cache=True, nogil=True, fastmath={"contract"}, error_model="numpy")


@_kernel
def statistics(z: Array, epsilon: float) -> tuple[Array, Array]:
    """Mean and 1 / sqrt(variance + epsilon), float64 [c], of the columns of ``z`` [m, c]."""
    m, c = z.shape
    # Moments about the first row: the variance loses no digits where the mean is large beside it.
    origin = z[0].copy()
    total, squares = np.zeros(c), np.zeros(c)
    part, part_squares = np.empty(c, z.dtype), np.empty(c, z.dtype)
    for start in range(0, m, _PART):
        part[:] = 0
        part_squares[:] = 0
        for i in range(start, min(start + _PART, m)):
            for k in range(c):
                x = z[i, k] - origin[k]
                part[k] += x
                part_squares[k] += x * x
        total += part
        squares += part_squares
    centre = total / m
    variance = np.maximum(squares / m - centre * centre, 0.0)
    return origin + centre, 1.0 / np.sqrt(variance + epsilon)


@_kernel
def pool(z: Array, h: int, w: int, scale: Array, shift: Array, pooled: Array, winner: Array) -> None:
    """``pooled`` = max(0, maximum over 2x2 windows of scale * z + shift); ``winner``: where it was found.

    ``winner`` is 0, 1, 2, 3 (row by row; the first of equals), and 4 where the maximum is not above 0.
    """
    m, c = z.shape
    rows, columns = h // 2, w // 2
    zero = z.dtype.type(0)
    for row in range(m // (h * w) * rows):
        for x in range(columns):
            i = (row // rows * h + row % rows * 2) * w + 2 * x
            j = row * columns + x
            z0, z1, z2, z3 = z[i], z[i + 1], z[i + w], z[i + w + 1]
            out, at = pooled[j], winner[j]
            for k in range(c):
                best = z0[k] * scale[k] + shift[k]
                u1 = z1[k] * scale[k] + shift[k]
                u2 = z2[k] * scale[k] + shift[k]
                u3 = z3[k] * scale[k] + shift[k]
                found = np.uint8(0)
                # NaN wins, as in torch.
                found = np.uint8(1) if (u1 > best) | (u1 != u1) else found
                best = u1 if (u1 > best) | (u1 != u1) else best
                found = np.uint8(2) if (u2 > best) | (u2 != u2) else found
                best = u2 if (u2 > best) | (u2 != u2) else best
                found = np.uint8(3) if (u3 > best) | (u3 != u3) else found
                best = u3 if (u3 > best) | (u3 != u3) else best
                out[k] = zero if best <= zero else best
                at[k] = np.uint8(4) if best <= zero else found


@_kernel
def winner_sums(
    z: Array, to_pooled: Array, winner: Array, h: int, w: int, mean: Array
) -> tuple[Array, Array]:
    """Sums, float64 [c], over the winners: of ``to_pooled`` (q) and of q * (z - mean)."""
    m, c = z.shape
    rows, columns = h // 2, w // 2
    of_q, of_product = np.zeros(c), np.zeros(c)
    part_q, part_product = np.empty(c, z.dtype), np.empty(c, z.dtype)
    zero = z.dtype.type(0)
    for row in range(m // (h * w) * rows):
        part_q[:] = 0
        part_product[:] = 0
        for x in range(columns):
            i = (row // rows * h + row % rows * 2) * w + 2 * x
            j = row * columns + x
            z0, z1, z2, z3 = z[i], z[i + 1], z[i + w], z[i + w + 1]
            given, at = to_pooled[j], winner[j]
            for k in range(c):
                won, u1, u2, u3, q, corner = z0[k], z1[k], z2[k], z3[k], given[k], at[k]
                won = u1 if corner == 1 else won
                won = u2 if corner == 2 else won
                won = u3 if corner == 3 else won
                q = q if corner < 4 else zero
                part_q[k] += q
                part_product[k] += q * (won - mean[k])
        of_q += part_q
        of_product += part_product
    return of_q, of_product


@_kernel
def moments(v: Array, z: Array, mean: Array) -> tuple[Array, Array]:
    """Sums, float64 [c], over all rows: of ``v`` and of v * (z - mean)."""
    m, c = z.shape
    of_v, of_product = np.zeros(c), np.zeros(c)
    part_v, part_product = np.empty(c, z.dtype), np.empty(c, z.dtype)
    for start in range(0, m, _PART):
        part_v[:] = 0
        part_product[:] = 0
        for i in range(start, min(start + _PART, m)):
            for k in range(c):
                part_v[k] += v[i, k]
                part_product[k] += v[i, k] * (z[i, k] - mean[k])
        of_v += part_v
        of_product += part_product
    return of_v, of_product


@_kernel
def gather(
    v: Array,
    z: Array,
    to_pooled: Array,
    winner: Array,
    h: int,
    w: int,
    of_v: Array,
    of_z: Array,
    constant: Array,
    out: Array,
) -> Array:
    """``out`` = of_v * v + of_z * z + constant at the winners, 0 where there is none; sum of q * v [c]."""
    m, c = z.shape
    rows, columns = h // 2, w // 2
    total, part = np.zeros(c), np.empty(c, z.dtype)
    zero = z.dtype.type(0)
    for row in range(m // (h * w) * rows):
        part[:] = 0
        for x in range(columns):
            i = (row // rows * h + row % rows * 2) * w + 2 * x
            j = row * columns + x
            z0, z1, z2, z3 = z[i], z[i + 1], z[i + w], z[i + w + 1]
            v0, v1, v2, v3 = v[i], v[i + 1], v[i + w], v[i + w + 1]
            given, at, here = to_pooled[j], winner[j], out[j]
            for k in range(c):
                won, u1, u2, u3, corner = z0[k], z1[k], z2[k], z3[k], at[k]
                won = u1 if corner == 1 else won
                won = u2 if corner == 2 else won
                won = u3 if corner == 3 else won
                along, u1, u2, u3, q = v0[k], v1[k], v2[k], v3[k], given[k]
                along = u1 if corner == 1 else along
                along = u2 if corner == 2 else along
                along = u3 if corner == 3 else along
                value = of_v[k] * along + of_z[k] * won + constant[k]
                here[k] = value if corner < 4 else zero
                part[k] += q * along if corner < 4 else zero
        total += part
    return total


@_kernel
def spread(
    v: Array,
    z: Array,
    to_pooled: Array,
    winner: Array,
    h: int,
    w: int,
    of_v: Array,
    of_z: Array,
    constant: Array,
    of_q: Array,
    out: Array,
) -> None:
    """``out`` [m, c] = of_v * v + of_z * z + constant everywhere, and of_q * q more at the winners."""
    m, c = z.shape
    rows, columns = h // 2, w // 2
    zero = z.dtype.type(0)
    for row in range(m // (h * w) * rows):
        for x in range(columns):
            i = (row // rows * h + row % rows * 2) * w + 2 * x
            j = row * columns + x
            given, at = to_pooled[j], winner[j]
            for corner in range(4):
                pixel = i + corner // 2 * w + corner % 2
                along, value, here = v[pixel], z[pixel], out[pixel]
                for k in range(c):
                    q = of_q[k] * given[k] if at[k] == corner else zero
                    here[k] = of_v[k] * along[k] + of_z[k] * value[k] + constant[k] + q
    for line in range(m // w):  # what an odd height or width leaves outside the windows
        for i in range(line * w + (2 * columns if line % h < 2 * rows else 0), (line + 1) * w):
            for k in range(c):
                out[i, k] = of_v[k] * v[i, k] + of_z[k] * z[i, k] + constant[k]


@_kernel
def scatter(to_pooled: Array, winner: Array, h: int, w: int, of_q: Array, out: Array) -> None:
    """``out`` [m, c] = of_q * q at the winners, 0 elsewhere."""
    m, c = out.shape
    rows, columns = h // 2, w // 2
    zero = out.dtype.type(0)
    if h % 2 or w % 2:
        out[:] = 0
    for row in range(m // (h * w) * rows):
        for x in range(columns):
            i = (row // rows * h + row % rows * 2) * w + 2 * x
            j = row * columns + x
            given, at = to_pooled[j], winner[j]
            for corner in range(4):
                here = out[i + corner // 2 * w + corner % 2]
                for k in range(c):
                    here[k] = of_q[k] * given[k] if at[k] == corner else zero
