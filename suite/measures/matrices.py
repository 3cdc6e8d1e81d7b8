"""What every similarity starts from: representations as float64 matrices, centred, and their products."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Representation = Tensor | NDArray[Any]
"""Activations of n examples, [n, p]: real numbers, on any device, of any precision."""


def pair(x: Representation, y: Representation, least: int = 2) -> tuple[Tensor, Tensor]:
    """Two representations of the same examples as float64 tensors [n, p] and [n, q], columns centred.

    Raises ValueError where they are no matrices of finite numbers, are not of the same n >= ``least``
    examples, or where nothing varies between examples.
    """
    one, other = matrix("x", x), matrix("y", y)
    if len(one) != len(other):
        raise ValueError(f"x and y must be of the same examples; x has {len(one)}, y has {len(other)}")
    if len(one) < least:
        raise ValueError(f"similarity needs at least {least} examples, not {len(one)}")
    return centred("x", one), centred("y", other)


def matrix(name: str, values: Representation) -> Tensor:
    """``values`` as a float64 tensor [n, p], on its device. Raises ValueError of other shapes and of NaN."""
    tensor = as_given(values)
    if tensor.ndim != 2:
        raise ValueError(
            f"{name} must be [examples, features], not of shape {list(tensor.shape)}; flatten the maps of a "
            "convolution, or take each position as an example"
        )
    tensor = tensor.to(torch.float64)
    # The sum is finite where all values are, and is the cheaper to look at.
    if not (bool(torch.isfinite(tensor.sum())) or bool(torch.isfinite(tensor).all())):
        raise ValueError(f"{name} has values that are NaN or infinite")
    return tensor


def as_given(values: Representation) -> Tensor:
    """``values`` as a tensor without gradients, in its own memory: measures never write there."""
    with warnings.catch_warnings():
        # torch has no read-only tensors, and warns of arrays that are, as those of benchmarks.
        warnings.filterwarnings("ignore", "The given NumPy array is not writable", UserWarning)
        return torch.as_tensor(values).detach()


def centred(name: str, values: Tensor) -> Tensor:
    """Columns of [n, p] less their means. Raises ValueError where no column varies."""
    if not bool((values != values[:1]).any()):
        raise ValueError(f"{name} is the same for all examples: its similarity to anything is undefined")
    return values - values.mean(0)


def gram(x: Tensor) -> Tensor:
    """``x.T @ x`` of [n, p], [p, p]."""
    if x.device.type == "cpu":
        # numpy computes half of a product that it sees to be symmetric (BLAS syrk); torch computes all.
        array = x.numpy()
        return torch.from_numpy(np.ascontiguousarray(array.T @ array))
    return x.T @ x


def squared_norm(x: Tensor) -> float:
    """Sum of squares of all entries."""
    flat = x.reshape(-1)
    return float(flat @ flat)
