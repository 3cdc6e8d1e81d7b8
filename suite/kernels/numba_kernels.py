"""``Kernels`` on a CPU, for float32 and float64: tensors handed to ``suite.kernels.cpu`` as numpy arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from suite.kernels import cpu, cpu_images
from suite.kernels.algebra import Affine, Vector
from suite.kernels.block import ImagePasses


class NumbaKernels:
    """See ``suite.kernels.block.Kernels``."""

    name = "numba"
    images: ImagePasses = cpu_images

    def vector(self, values: Tensor) -> Vector:
        return values.detach().numpy().astype(np.float64)

    def tensor(self, values: Vector, like: Tensor) -> Tensor:
        return torch.from_numpy(values).to(like.dtype)

    def statistics(self, z: Tensor, epsilon: float) -> tuple[Vector, Vector]:
        return cpu.statistics(_rows(z), epsilon)

    def pool(self, z: Tensor, scale: Vector, shift: Vector) -> tuple[Tensor, Tensor]:
        pooled, winner = _pooled(z, z.dtype), _pooled(z, torch.uint8)
        rows = _rows(z)
        cpu.pool(
            rows, *_sides(z), scale.astype(rows.dtype), shift.astype(rows.dtype), _rows(pooled), _rows(winner)
        )
        return pooled, winner

    def winner_sums(
        self, z: Tensor, to_pooled: Tensor, winner: Tensor, mean: Vector
    ) -> tuple[Vector, Vector]:
        rows = _rows(z)
        return cpu.winner_sums(rows, _rows(to_pooled), _rows(winner), *_sides(z), mean.astype(rows.dtype))

    def moments(self, v: Tensor, z: Tensor, mean: Vector) -> tuple[Vector, Vector]:
        rows = _rows(z)
        return cpu.moments(_rows(v), rows, mean.astype(rows.dtype))

    def gather(
        self, v: Tensor, z: Tensor, to_pooled: Tensor, winner: Tensor, by: Affine
    ) -> tuple[Tensor, Vector]:
        rows, out = _rows(z), _pooled(z, z.dtype)
        of_v, of_z, constant, _ = _coefficients(by, rows.dtype)
        given = _rows(to_pooled), _rows(winner), *_sides(z)
        return out, cpu.gather(_rows(v), rows, *given, of_v, of_z, constant, _rows(out))

    def spread(self, v: Tensor | None, z: Tensor, to_pooled: Tensor, winner: Tensor, by: Affine) -> Tensor:
        rows, out = _rows(z), _map(z, _sides(z), z.dtype)
        given = _rows(to_pooled), _rows(winner), *_sides(z)
        cpu.spread(rows if v is None else _rows(v), rows, *given, *_coefficients(by, rows.dtype), _rows(out))
        return out

    def scatter(self, z: Tensor, to_pooled: Tensor, winner: Tensor, of_q: Vector) -> Tensor:
        out = _map(z, _sides(z), z.dtype)
        rows = _rows(out)
        cpu.scatter(_rows(to_pooled), _rows(winner), *_sides(z), of_q.astype(rows.dtype), rows)
        return out


def _rows(values: Tensor) -> Any:
    """A channels-last map [n, c, h, w] as an array [n*h*w, c] of the same memory."""
    return values.detach().permute(0, 2, 3, 1).reshape(-1, values.shape[1]).numpy()


def _sides(z: Tensor) -> tuple[int, int]:
    return z.shape[2], z.shape[3]


def _map(like: Tensor, sides: tuple[int, int], dtype: torch.dtype) -> Tensor:
    """An empty map whose memory is channels last even where its shape leaves that open."""
    return torch.empty((len(like), *sides, like.shape[1]), dtype=dtype).permute(0, 3, 1, 2)


def _pooled(z: Tensor, dtype: torch.dtype) -> Tensor:
    return _map(z, (z.shape[2] // 2, z.shape[3] // 2), dtype)


def _coefficients(by: Affine, dtype: Any) -> tuple[Any, Any, Any, Any]:
    return tuple(values.astype(dtype) for values in (by.of_v, by.of_z, by.constant, by.of_q))
