"""CKA of every layer with every other: each kernel matrix, or each product, is computed once."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from suite.measures.cka import unbiased_hsic
from suite.measures.matrices import Representation, centred, gram, matrix, squared_norm


def cka_matrix(
    layers: Sequence[Representation],
    others: Sequence[Representation] | None = None,
    *,
    unbiased: bool = False,
) -> Tensor:
    """Linear CKA of each of ``layers`` with each of ``others`` (default: among themselves).

    Layers are [n, p_i] on the same n examples; the result is float64 [layers, others], what ``linear_cka``
    (``unbiased_cka`` where ``unbiased``) says of each pair. Raises ValueError as they do, and of no layers.
    """
    rows = _centred("layers", layers)
    columns = _centred("others", others) if others is not None else []
    each = rows + columns
    sizes = {len(x) for x in each}
    if len(sizes) > 1:
        raise ValueError(f"the layers must be of the same examples, not of {sorted(sizes)}")
    if sizes.pop() < (4 if unbiased else 2):
        raise ValueError(f"similarity needs at least {4 if unbiased else 2} examples, not {len(each[0])}")
    inner = (
        _by_examples(each) if _examples_cost_less(each) else _by_features(each, len(rows) if columns else 0)
    )
    if unbiased:
        inner = _without_bias(inner, each)
    scale = inner.diagonal().clamp_min(0).rsqrt()
    similarities = scale[:, None] * inner * scale
    return similarities[: len(rows), len(rows) :] if columns else similarities


def _centred(what: str, layers: Sequence[Representation]) -> list[Tensor]:
    if not len(layers):
        raise ValueError(f"{what} is empty")
    return [centred(f"{what}[{i}]", matrix(f"{what}[{i}]", x)) for i, x in enumerate(layers)]


def _examples_cost_less(layers: Sequence[Tensor]) -> bool:
    """Whether all kernel matrices [n, n] and their inner products take fewer multiplications."""
    n, widths = len(layers[0]), [x.shape[1] for x in layers]
    kernels = n * n * (sum(widths) + len(widths) ** 2) / 2
    return kernels < n * (sum(widths) ** 2) / 2


def _by_examples(layers: Sequence[Tensor]) -> Tensor:
    kernels = torch.stack([gram(x.T).reshape(-1) for x in layers])
    return gram(kernels.T)


def _by_features(layers: Sequence[Tensor], rows: int) -> Tensor:
    """|XᵢᵀXⱼ|². Of pairs within the first ``rows`` layers, and within the others, only the diagonal."""
    inner = torch.zeros(len(layers), len(layers), dtype=torch.float64, device=layers[0].device)
    for i, x in enumerate(layers):
        inner[i, i] = squared_norm(gram(x))
        for j in range(max(i + 1, rows) if i < rows or not rows else len(layers), len(layers)):
            inner[i, j] = inner[j, i] = squared_norm(x.T @ layers[j])
    return inner


def _without_bias(inner: Tensor, layers: Sequence[Tensor]) -> Tensor:
    n = len(layers[0])
    diagonals = torch.stack([x.square().sum(1) for x in layers])
    products, traces = gram(diagonals.T), diagonals.sum(1)
    return unbiased_hsic(n, inner, products, traces[:, None] * traces)
