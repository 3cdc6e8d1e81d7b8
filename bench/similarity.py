"""Similarity of representations, against anatome in the precision of the data."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor

from bench.case import Case, Work
from bench.measure import version
from bench.peers import anatome
from bench.timing import product_seconds
from suite.measures import cka_matrix, linear_cka, procrustes_distance, svcca

_PEER = "ultimate-anatome"


def cases(quick: bool) -> list[Case]:
    """SVCCA, CKA of one pair and of all pairs of layers, Procrustes distance."""
    n, d = (120, 8) if quick else (5_000, 512)
    few, wide = (20, 40) if quick else (500, 2_048)
    layers, rows = (3, 60) if quick else (8, 1_000)

    def case(name: str, prepare: Callable[[], Work], target: float | None) -> Case:
        return Case(name, prepare, version(_PEER), (_PEER,), target)

    return [
        case(f"SVCCA, n={n}, d={d}", partial(_svcca, n, d), 3),
        case(f"SVCCA of maps, n={4 * n}, d={d // 8 or 1}", partial(_svcca, 4 * n, d // 8 or 1), 3),
        case(f"CKA of {layers} layers, all pairs, n={rows}, d={d}", partial(_all_pairs, layers, rows, d), 6),
        case(f"CKA, n={n}, d={d}", partial(_cka, n, d), 1),
        case(f"CKA, n={n}, d={d}, float64", partial(_cka, n, d, torch.float64), 1),
        case(f"CKA, n={few}, d={wide}", partial(_cka, few, wide), 5),
        case(f"Procrustes, n={n}, d={d}", partial(_procrustes, n, d), 1),
        case(f"Procrustes, n={n}, d={d}, float64", partial(_procrustes, n, d, torch.float64), 1),
        case(f"Procrustes, n={few}, d={wide}", partial(_procrustes, few, wide), 1),
    ]


def representations(count: int, n: int, d: int, dtype: torch.dtype = torch.float32) -> list[Tensor]:
    """[n, d] each, of common factors and noise, with variances that fall over three decades."""
    generator = torch.Generator().manual_seed(0)
    factors = torch.randn(n, d, generator=generator) * torch.logspace(0, -1.5, d)

    def one() -> Tensor:
        mixed = factors @ torch.randn(d, d, generator=generator)
        return (mixed + 0.3 * torch.randn(n, d, generator=generator) + 1).to(dtype)

    return [one() for _ in range(count)]


def _svcca(n: int, d: int) -> Work:
    x, y = representations(2, n, d)
    peer = partial(anatome().svcca_distance, x, y, accept_rate=0.99, backend="svd")
    return Work(lambda: svcca(x, y), lambda: 1 - float(peer()), agreement=_apart(None))


def _cka(n: int, d: int, dtype: torch.dtype = torch.float32) -> Work:
    x, y = representations(2, n, d, dtype)
    peer = partial(anatome().linear_cka_distance, x, y, reduce_bias=False)
    # Of a symmetric product half must be computed: both of features and their cross product, or both kernels.
    operations = (2 if d <= n else 1) * 2 * n * d * min(n, d)
    return Work(
        lambda: linear_cka(x, y),
        lambda: 1 - float(peer()),
        floor=lambda clock: product_seconds(operations, clock, torch.float64),
        agreement=_apart(1e-3),
    )


def _all_pairs(count: int, n: int, d: int) -> Work:
    layers = representations(count, n, d)
    distance = anatome().linear_cka_distance

    def peer() -> Tensor:
        return torch.tensor([[1 - float(distance(x, y, reduce_bias=False)) for y in layers] for x in layers])

    return Work(lambda: cka_matrix(layers), peer, agreement=_apart(1e-3))


def _procrustes(n: int, d: int, dtype: torch.dtype = torch.float32) -> Work:
    x, y = representations(2, n, d, dtype)
    peer = partial(anatome().orthogonal_procrustes_distance, x, y)
    return Work(lambda: procrustes_distance(x, y), lambda: float(peer()), agreement=_apart(1e-2))


def _apart(most: float | None) -> Callable[[Any, Any], str]:
    """``most`` None: the two define it differently (anatome counts singular values unsquared)."""

    def agreement(ours: Any, peer: Any) -> str:
        apart = float((torch.as_tensor(ours) - torch.as_tensor(peer)).abs().max())
        assert most is None or apart < most, f"the two differ by {apart:.1e}"
        return f"within {apart:.1e}" if most is not None else f"another definition: {apart:.1e} apart"

    return agreement
