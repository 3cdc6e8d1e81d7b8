"""The fused block on a GPU: the passes of ``suite.kernels.cpu`` as Triton kernels.

Maps are rows of channels, [n*h*w, c] and pooled [n*(h//2)*(w//2), c]. A program takes a tile of rows by
channels. Sums over pixels are written as one part a program and added up in float64 in a fixed order, so that
they do not depend on which program ends first.
"""

# mypy: disable-error-code="no-untyped-def, no-untyped-call, untyped-decorator, misc"
from __future__ import annotations

from typing import Any

import torch
import triton
import triton.language as tl
from torch import Tensor

from suite.kernels.algebra import Affine, Vector
from suite.kernels.block import ImagePasses

_ROWS, _CHANNELS = 64, 32


@triton.jit
def _tile(c, ROWS: tl.constexpr, CHANNELS: tl.constexpr):
    """Rows [ROWS, 1] and channels [1, CHANNELS] of this program."""
    row = tl.program_id(0) * ROWS + tl.arange(0, ROWS)[:, None]
    channel = tl.program_id(1) * CHANNELS + tl.arange(0, CHANNELS)[None, :]
    return row.to(tl.int64), channel


@triton.jit
def _first_pixel(window, h, w):
    """Index of the upper left pixel of each window."""
    lines, columns = h // 2, w // 2
    image, within = window // (lines * columns), window % (lines * columns)
    return (image * h + within // columns * 2) * w + within % columns * 2


@triton.jit
def _pick(values, pixel, at, w, c, channel, here):
    """The value at the winner of each window; whatever where there is none."""
    where = pixel + at // 2 % 2 * w + at % 2
    return tl.load(values + where * c + channel, mask=here, other=0.0)


@triton.jit
def _add_part(parts, value, c, channel, CHANNELS: tl.constexpr):
    """Write the column sums of a tile as this program's part."""
    total = tl.sum(value, axis=0)[None, :].to(tl.float64)
    tl.store(parts + tl.program_id(0) * c + channel, total, mask=channel < c)


@triton.jit
def _moments(v, z, about, of_v, of_product, m, c, ROWS: tl.constexpr, CHANNELS: tl.constexpr):
    """Parts of the sums of v - about and of (v - about) * (z - about), or of v and v * (z - about)."""
    row, channel = _tile(c, ROWS, CHANNELS)
    here = (row < m) & (channel < c)
    origin = tl.load(about + channel, mask=channel < c, other=0.0)
    along = tl.load(v + row * c + channel, mask=here, other=0.0)
    centred = tl.where(here, tl.load(z + row * c + channel, mask=here, other=0.0) - origin, 0.0)
    _add_part(of_v, along, c, channel, CHANNELS)
    _add_part(of_product, along * centred, c, channel, CHANNELS)


@triton.jit
def _spread_out(z, about, of_z, of_square, m, c, ROWS: tl.constexpr, CHANNELS: tl.constexpr):
    """Parts of the sums of z - about and of its square."""
    row, channel = _tile(c, ROWS, CHANNELS)
    here = (row < m) & (channel < c)
    origin = tl.load(about + channel, mask=channel < c, other=0.0)
    centred = tl.where(here, tl.load(z + row * c + channel, mask=here, other=0.0) - origin, 0.0)
    _add_part(of_z, centred, c, channel, CHANNELS)
    _add_part(of_square, centred * centred, c, channel, CHANNELS)


@triton.jit
def _pool(z, scale, shift, pooled, winner, m, c, h, w, ROWS: tl.constexpr, CHANNELS: tl.constexpr):
    window, channel = _tile(c, ROWS, CHANNELS)
    here = (window < m) & (channel < c)
    a = tl.load(scale + channel, mask=channel < c, other=0.0)
    b = tl.load(shift + channel, mask=channel < c, other=0.0)
    first = z + _first_pixel(window, h, w) * c + channel
    best = tl.load(first, mask=here, other=0.0) * a + b
    found = tl.zeros_like(best).to(tl.int32)
    for corner in tl.static_range(1, 4):
        u = tl.load(first + (corner // 2 * w + corner % 2) * c, mask=here, other=0.0) * a + b
        above = (u > best) | (u != u)  # NaN wins, as in torch
        found = tl.where(above, corner, found)
        best = tl.where(above, u, best)
    dead = best <= 0
    tl.store(pooled + window * c + channel, tl.where(dead, 0.0, best), mask=here)
    tl.store(winner + window * c + channel, tl.where(dead, 4, found).to(tl.uint8), mask=here)


@triton.jit
def _winner_sums(
    z, to_pooled, winner, mean, of_q, of_product, m, c, h, w, ROWS: tl.constexpr, CHANNELS: tl.constexpr
):
    window, channel = _tile(c, ROWS, CHANNELS)
    here = (window < m) & (channel < c)
    at = tl.load(winner + window * c + channel, mask=here, other=4).to(tl.int64)
    alive = here & (at < 4)
    q = tl.load(to_pooled + window * c + channel, mask=alive, other=0.0)
    won = _pick(z, _first_pixel(window, h, w), at, w, c, channel, alive)
    centre = tl.load(mean + channel, mask=channel < c, other=0.0)
    _add_part(of_q, q, c, channel, CHANNELS)
    _add_part(of_product, tl.where(alive, q * (won - centre), 0.0), c, channel, CHANNELS)


@triton.jit
def _gather(
    v,
    z,
    to_pooled,
    winner,
    of_v,
    of_z,
    constant,
    out,
    sums,
    m,
    c,
    h,
    w,
    ROWS: tl.constexpr,
    CHANNELS: tl.constexpr,
):
    window, channel = _tile(c, ROWS, CHANNELS)
    here = (window < m) & (channel < c)
    at = tl.load(winner + window * c + channel, mask=here, other=4).to(tl.int64)
    alive = here & (at < 4)
    pixel = _first_pixel(window, h, w)
    along, won = _pick(v, pixel, at, w, c, channel, alive), _pick(z, pixel, at, w, c, channel, alive)
    q = tl.load(to_pooled + window * c + channel, mask=alive, other=0.0)
    known = channel < c
    value = tl.load(of_v + channel, mask=known, other=0.0) * along
    value += tl.load(of_z + channel, mask=known, other=0.0) * won
    value += tl.load(constant + channel, mask=known, other=0.0)
    tl.store(out + window * c + channel, tl.where(alive, value, 0.0), mask=here)
    _add_part(sums, q * along, c, channel, CHANNELS)


@triton.jit
def _spread(
    v,
    z,
    to_pooled,
    winner,
    of_v,
    of_z,
    constant,
    of_q,
    out,
    m,
    c,
    h,
    w,
    MAP: tl.constexpr,
    ALONG: tl.constexpr,
    ROWS: tl.constexpr,
    CHANNELS: tl.constexpr,
):
    """of_q * q at the winners; where MAP also of_z * z + constant at every pixel, where ALONG of_v * v."""
    pixel, channel = _tile(c, ROWS, CHANNELS)
    known = channel < c
    here = (pixel < m) & known
    line, x = pixel // w, pixel % w
    y, lines, columns = line % h, h // 2, w // 2
    inside = here & (y < 2 * lines) & (x < 2 * columns)
    window = (line // h * lines + y // 2) * columns + x // 2
    at = tl.load(winner + window * c + channel, mask=inside, other=4)
    won = inside & (at == y % 2 * 2 + x % 2)
    value = tl.load(of_q + channel, mask=known, other=0.0) * tl.load(
        to_pooled + window * c + channel, mask=won, other=0.0
    )
    value = tl.where(won, value, 0.0)
    if MAP:
        value += tl.load(of_z + channel, mask=known, other=0.0) * tl.load(z + pixel * c + channel, mask=here)
        value += tl.load(constant + channel, mask=known, other=0.0)
    if ALONG:
        value += tl.load(of_v + channel, mask=known, other=0.0) * tl.load(v + pixel * c + channel, mask=here)
    tl.store(out + pixel * c + channel, value, mask=here)


class TritonKernels:
    """See ``suite.kernels.block.Kernels``."""

    name = "Triton"
    images: ImagePasses | None = None

    def vector(self, values: Tensor) -> Vector:
        return values.detach().double()

    def tensor(self, values: Vector, like: Tensor) -> Tensor:
        found: Tensor = values.to(like.dtype)
        return found

    def statistics(self, z: Tensor, epsilon: float) -> tuple[Vector, Vector]:
        rows = _rows(z)
        m, c = rows.shape
        origin = rows[0].clone()
        of_z, of_square = _parts(rows), _parts(rows)
        _spread_out[_grid(m, c)](rows, origin, of_z, of_square, m, c, ROWS=_ROWS, CHANNELS=_CHANNELS)
        centre = of_z.sum(0) / m
        # clamp_min keeps NaN.
        variance = (of_square.sum(0) / m - centre * centre).clamp_min(0.0)
        return origin.double() + centre, (variance + epsilon).rsqrt()

    def pool(self, z: Tensor, scale: Vector, shift: Vector) -> tuple[Tensor, Tensor]:
        pooled, winner = _pooled(z, z.dtype), _pooled(z, torch.uint8)
        out = _rows(pooled)
        coefficients = scale.to(z.dtype), shift.to(z.dtype)
        _pool[_grid(*out.shape)](
            _rows(z),
            *coefficients,
            out,
            _rows(winner),
            *out.shape,
            *z.shape[2:],
            ROWS=_ROWS,
            CHANNELS=_CHANNELS,
        )
        return pooled, winner

    def winner_sums(
        self, z: Tensor, to_pooled: Tensor, winner: Tensor, mean: Vector
    ) -> tuple[Vector, Vector]:
        given = _rows(to_pooled)
        of_q, of_product = _parts(given), _parts(given)
        _winner_sums[_grid(*given.shape)](
            _rows(z),
            given,
            _rows(winner),
            mean.to(z.dtype),
            of_q,
            of_product,
            *given.shape,
            *z.shape[2:],
            ROWS=_ROWS,
            CHANNELS=_CHANNELS,
        )
        return of_q.sum(0), of_product.sum(0)

    def moments(self, v: Tensor, z: Tensor, mean: Vector) -> tuple[Vector, Vector]:
        rows = _rows(z)
        of_v, of_product = _parts(rows), _parts(rows)
        _moments[_grid(*rows.shape)](
            _rows(v), rows, mean.to(z.dtype), of_v, of_product, *rows.shape, ROWS=_ROWS, CHANNELS=_CHANNELS
        )
        return of_v.sum(0), of_product.sum(0)

    def gather(
        self, v: Tensor, z: Tensor, to_pooled: Tensor, winner: Tensor, by: Affine
    ) -> tuple[Tensor, Vector]:
        out = _pooled(z, z.dtype)
        rows = _rows(out)
        sums = _parts(rows)
        _gather[_grid(*rows.shape)](
            _rows(v),
            _rows(z),
            _rows(to_pooled),
            _rows(winner),
            *(values.to(z.dtype) for values in (by.of_v, by.of_z, by.constant)),
            rows,
            sums,
            *rows.shape,
            *z.shape[2:],
            ROWS=_ROWS,
            CHANNELS=_CHANNELS,
        )
        return out, sums.sum(0)

    def spread(self, v: Tensor | None, z: Tensor, to_pooled: Tensor, winner: Tensor, by: Affine) -> Tensor:
        return _spread_over(v, z, to_pooled, winner, by, everywhere=True)

    def scatter(self, z: Tensor, to_pooled: Tensor, winner: Tensor, of_q: Vector) -> Tensor:
        return _spread_over(None, z, to_pooled, winner, Affine(of_q, of_q, of_q, of_q), everywhere=False)


def _spread_over(
    v: Tensor | None, z: Tensor, to_pooled: Tensor, winner: Tensor, by: Affine, *, everywhere: bool
) -> Tensor:
    out = _map(z, (z.shape[2], z.shape[3]), z.dtype)
    rows = _rows(out)
    _spread[_grid(*rows.shape)](
        _rows(z if v is None else v),
        _rows(z),
        _rows(to_pooled),
        _rows(winner),
        *(values.to(z.dtype) for values in (by.of_v, by.of_z, by.constant, by.of_q)),
        rows,
        *rows.shape,
        *z.shape[2:],
        MAP=everywhere,
        ALONG=v is not None,
        ROWS=_ROWS,
        CHANNELS=_CHANNELS,
    )
    return out


def _grid(rows: int, channels: int) -> tuple[int, int]:
    return triton.cdiv(rows, _ROWS), triton.cdiv(channels, _CHANNELS)


def _parts(rows: Tensor) -> Tensor:
    return torch.empty(_grid(*rows.shape)[0], rows.shape[1], dtype=torch.float64, device=rows.device)


def _rows(values: Tensor) -> Any:
    """A channels-last map [n, c, h, w] as [n*h*w, c] of the same memory."""
    return values.detach().permute(0, 2, 3, 1).reshape(-1, values.shape[1])


def _map(like: Tensor, sides: tuple[int, int], dtype: torch.dtype) -> Tensor:
    shape = len(like), *sides, like.shape[1]
    return torch.empty(shape, dtype=dtype, device=like.device).permute(0, 3, 1, 2)


def _pooled(z: Tensor, dtype: torch.dtype) -> Tensor:
    return _map(z, (z.shape[2] // 2, z.shape[3] // 2), dtype)
