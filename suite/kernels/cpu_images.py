"""The block that reads images, on a CPU: numba kernels that convolve and pool in one pass.

``images`` [n, i, h+2, w+2] are framed by zeros, planes apart; ``weight`` [i, 9, c] has a row of channels for
each tap; pooled maps are rows of channels [n*(h//2)*(w//2), c]. The convolution is computed where it is used
and never stored: a window needs 4x4 pixels. The mathematics stands in ``suite.kernels.images``, the rest as
in ``suite.kernels.cpu``.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np

Array = Any
"""A contiguous numpy array of float32 or float64, or of uint8 for winners."""

_kernel = numba.njit(cache=True, nogil=True, fastmath={"contract"}, error_model="numpy")


@_kernel
def _add_products(one: Array, other: Array, right: int, column: Array) -> None:
    """column[x] += one[x] * other[x + right], where both are."""
    start, end = max(0, -right), len(one) - max(0, right)
    a, b, out = one[start:end], other[start + right : end + right], column[start:end]
    for x in range(len(a)):
        out[x] += a[x] * b[x]


@_kernel
def patch_moments(images: Array) -> tuple[Array, Array]:
    """Sums over all pixels of the patch around each, float64 [9*i], and of its outer square [9*i, 9*i].

    Products of two taps depend on how far apart they lie, so each is taken once for all pairs of taps that
    lie alike; what a pair leaves out at the frame differs, and is added line by line.
    """
    n, inputs, high, wide = images.shape
    h = high - 2
    first, second = np.zeros((inputs, 3, 3)), np.zeros((inputs, 3, 3, inputs, 3, 3))
    column = np.empty(wide, images.dtype)
    for image in range(n):
        for i in range(inputs):
            for y in range(3):
                total = images[image, i, y : y + h].sum(axis=0)
                for x in range(3):
                    first[i, y, x] += total[x : x + wide - 2].sum()
            for j, below, right in np.ndindex(inputs, 3, 5):
                right -= 2
                column[:] = 0
                for line in range(2 - below, h):
                    _add_products(images[image, i, line], images[image, j, line + below], right, column)
                for y in range(3 - below):
                    total = column.copy()
                    for line in range(y, 2 - below):
                        _add_products(images[image, i, line], images[image, j, line + below], right, total)
                    for line in range(max(h, 2 - below), y + h):
                        _add_products(images[image, i, line], images[image, j, line + below], right, total)
                    for x in range(max(0, -right), min(3, 3 - right)):
                        moment = 0.0
                        for pixel in range(x, x + wide - 2):
                            moment += total[pixel]
                        second[i, y, x, j, y + below, x + right] += moment
                        if below:
                            second[j, y + below, x + right, i, y, x] += moment
    return first.reshape(9 * inputs), second.reshape(9 * inputs, 9 * inputs)


@_kernel
def _windows(
    images: Array, image: int, y: int, x: int, weight: Array, u0: Array, u1: Array, u2: Array, u3: Array
) -> None:
    """The convolution [c] at the four pixels of the window whose corner is (y, x)."""
    inputs, c = weight.shape[0], weight.shape[2]
    for i in range(inputs):
        a, b, d, e = (
            images[image, i, y],
            images[image, i, y + 1],
            images[image, i, y + 2],
            images[image, i, y + 3],
        )
        a0, a1, a2, a3 = a[x], a[x + 1], a[x + 2], a[x + 3]
        b0, b1, b2, b3 = b[x], b[x + 1], b[x + 2], b[x + 3]
        d0, d1, d2, d3 = d[x], d[x + 1], d[x + 2], d[x + 3]
        e0, e1, e2, e3 = e[x], e[x + 1], e[x + 2], e[x + 3]
        w0, w1, w2, w3, w4 = weight[i, 0], weight[i, 1], weight[i, 2], weight[i, 3], weight[i, 4]
        w5, w6, w7, w8 = weight[i, 5], weight[i, 6], weight[i, 7], weight[i, 8]
        if i == 0:
            u0[:] = 0
            u1[:] = 0
            u2[:] = 0
            u3[:] = 0
        for k in range(c):
            t0, t1, t2, t3, t4, t5, t6, t7, t8 = w0[k], w1[k], w2[k], w3[k], w4[k], w5[k], w6[k], w7[k], w8[k]
            u0[k] += a0 * t0 + a1 * t1 + a2 * t2 + b0 * t3 + b1 * t4 + b2 * t5 + d0 * t6 + d1 * t7 + d2 * t8
            u1[k] += a1 * t0 + a2 * t1 + a3 * t2 + b1 * t3 + b2 * t4 + b3 * t5 + d1 * t6 + d2 * t7 + d3 * t8
            u2[k] += b0 * t0 + b1 * t1 + b2 * t2 + d0 * t3 + d1 * t4 + d2 * t5 + e0 * t6 + e1 * t7 + e2 * t8
            u3[k] += b1 * t0 + b2 * t1 + b3 * t2 + d1 * t3 + d2 * t4 + d3 * t5 + e1 * t6 + e2 * t7 + e3 * t8


@_kernel
def pool(
    images: Array, weight: Array, scale: Array, shift: Array, pooled: Array, winner: Array, won: Array
) -> None:
    """Convolve, then as ``cpu.pool``; ``won`` is the convolution where the maximum was found."""
    n, _, h, w = images.shape
    rows, columns, c = (h - 2) // 2, (w - 2) // 2, weight.shape[2]
    u = np.empty((4, c), weight.dtype)
    u0, u1, u2, u3 = u[0], u[1], u[2], u[3]
    zero = weight.dtype.type(0)
    for image in range(n):
        for y in range(rows):
            for x in range(columns):
                _windows(images, image, 2 * y, 2 * x, weight, u0, u1, u2, u3)
                j = (image * rows + y) * columns + x
                out, at, here = pooled[j], winner[j], won[j]
                for k in range(c):
                    value, z1, z2, z3 = u0[k], u1[k], u2[k], u3[k]
                    best = value * scale[k] + shift[k]
                    v1, v2, v3 = z1 * scale[k] + shift[k], z2 * scale[k] + shift[k], z3 * scale[k] + shift[k]
                    found = np.uint8(0)
                    above = (v1 > best) | (v1 != v1)
                    found, best, value = (np.uint8(1), v1, z1) if above else (found, best, value)
                    above = (v2 > best) | (v2 != v2)
                    found, best, value = (np.uint8(2), v2, z2) if above else (found, best, value)
                    above = (v3 > best) | (v3 != v3)
                    found, best, value = (np.uint8(3), v3, z3) if above else (found, best, value)
                    here[k] = value
                    out[k] = zero if best <= zero else best
                    at[k] = np.uint8(4) if best <= zero else found


@_kernel
def winner_sums(
    images: Array, to_pooled: Array, winner: Array, won: Array, mean: Array
) -> tuple[Array, Array, Array]:
    """As ``cpu.winner_sums``; and Q [i, 9, c], the sum over the winners of q times the patch there."""
    n, inputs, h, w = images.shape
    rows, columns, c = (h - 2) // 2, (w - 2) // 2, won.shape[1]
    zero = won.dtype.type(0)
    of_q, of_product, Q = np.zeros(c), np.zeros(c), np.zeros((inputs, 9, c))
    part_q, part_product = np.empty(c, won.dtype), np.empty(c, won.dtype)
    part, corners = np.empty((inputs, 9, c), won.dtype), np.empty((4, c), won.dtype)
    q0, q1, q2, q3 = corners[0], corners[1], corners[2], corners[3]
    for image in range(n):
        part[:] = 0
        for y in range(rows):
            part_q[:] = 0
            part_product[:] = 0
            for x in range(columns):
                j = (image * rows + y) * columns + x
                given, at, here = to_pooled[j], winner[j], won[j]
                for corner in range(4):
                    line = corners[corner]
                    for k in range(c):
                        line[k] = given[k] if at[k] == corner else zero
                for k in range(c):
                    q = given[k] if at[k] < 4 else zero
                    part_q[k] += q
                    part_product[k] += q * (here[k] - mean[k])
                for i in range(inputs):
                    for t in range(9):
                        upper = images[image, i, 2 * y + t // 3]
                        lower = images[image, i, 2 * y + t // 3 + 1]
                        left = 2 * x + t % 3
                        x0, x1, x2, x3 = upper[left], upper[left + 1], lower[left], lower[left + 1]
                        sums = part[i, t]
                        for k in range(c):
                            sums[k] += q0[k] * x0 + q1[k] * x1 + q2[k] * x2 + q3[k] * x3
            of_q += part_q
            of_product += part_product
        Q += part
    return of_q, of_product, Q


@_kernel
def gather(
    images: Array,
    along: Array,
    to_pooled: Array,
    winner: Array,
    won: Array,
    of_v: Array,
    of_z: Array,
    constant: Array,
    out: Array,
) -> Array:
    """As ``cpu.gather``, where v is the convolution by ``along`` [i, 9, c]."""
    n, _, h, w = images.shape
    rows, columns, c = (h - 2) // 2, (w - 2) // 2, won.shape[1]
    u = np.empty((4, c), won.dtype)
    u0, u1, u2, u3 = u[0], u[1], u[2], u[3]
    zero = won.dtype.type(0)
    total, part = np.zeros(c), np.empty(c, won.dtype)
    for image in range(n):
        for y in range(rows):
            part[:] = 0
            for x in range(columns):
                _windows(images, image, 2 * y, 2 * x, along, u0, u1, u2, u3)
                j = (image * rows + y) * columns + x
                given, at, here, line = to_pooled[j], winner[j], won[j], out[j]
                for k in range(c):
                    v, v1, v2, v3, q, corner = u0[k], u1[k], u2[k], u3[k], given[k], at[k]
                    v = v1 if corner == 1 else v
                    v = v2 if corner == 2 else v
                    v = v3 if corner == 3 else v
                    value = of_v[k] * v + of_z[k] * here[k] + constant[k]
                    line[k] = value if corner < 4 else zero
                    part[k] += q * v if corner < 4 else zero
            total += part
    return total
