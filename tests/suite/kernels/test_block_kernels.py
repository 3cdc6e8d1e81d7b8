"""The fused block has the values and both derivatives of plain PyTorch."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from suite.kernels import block, plain
from suite.kernels.numba_kernels import NumbaKernels

KERNELS = NumbaKernels()
EPSILON = 1e-5
SHAPES = st.tuples(st.integers(1, 5), st.integers(1, 9), st.integers(2, 9), st.integers(2, 9))

Block = Callable[[Tensor, Tensor, Tensor], Tensor]


def fused(statistics: tuple[Tensor, Tensor] | None) -> Block:
    return lambda z, weight, bias: (
        block.normalise_rectify_pool(KERNELS, z, weight, bias, statistics, EPSILON).pooled
    )


def textbook(statistics: tuple[Tensor, Tensor] | None) -> Block:
    def run(z: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        if statistics is None:
            mean, variance = z.mean((0, 2, 3)), z.var((0, 2, 3), correction=0)
            inverse_std = (variance + EPSILON).rsqrt()
        else:
            mean, inverse_std = statistics
        scale = weight * inverse_std
        return plain.normalise_rectify_pool(z, scale, bias - mean * scale)

    return run


def arguments(
    shape: tuple[int, int, int, int], seed: int, dtype: torch.dtype = torch.float64
) -> tuple[Tensor, Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    sizes = (shape, (shape[1],), (shape[1],))
    z, weight, bias = (torch.randn(size, generator=generator, dtype=torch.float64) for size in sizes)
    return z.to(dtype).requires_grad_(), weight.to(dtype).requires_grad_(), bias.to(dtype).requires_grad_()


def constants(channels: int) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(channels)
    mean, spread = (torch.rand(channels, generator=generator, dtype=torch.float64) for _ in range(2))
    return mean, spread + 0.5


def derivatives(function: Block, given_: tuple[Tensor, Tensor, Tensor]) -> list[Tensor]:
    """Value, first derivatives of a curved function of it, second derivatives along fixed directions."""

    def weights(like: Tensor) -> Tensor:
        return torch.cos(torch.arange(like.numel(), dtype=like.dtype)).view_as(like)

    value = function(*given_)
    loss = (value.square() * weights(value)).sum() + value.sum()
    first = torch.autograd.grad(loss, given_, create_graph=True)
    along = sum(((d * weights(d)).sum() for d in first), torch.zeros(()))
    return [value, *first, *torch.autograd.grad(along, given_)]


def assert_agree(ours: list[Tensor], theirs: list[Tensor], tolerance: float = 1e-12) -> None:
    scale = max(float(value.detach().abs().max()) for value in theirs)
    for a, b in zip(ours, theirs, strict=True):
        assert a.shape == b.shape
        size = max(float(b.detach().abs().max()), 1e-3 * scale)
        assert float((a - b).detach().abs().max()) <= tolerance * size


@settings(max_examples=60, deadline=None)
@given(SHAPES, st.integers(0, 10_000), st.booleans())
def test_value_and_both_derivatives_are_those_of_autograd(
    shape: tuple[int, int, int, int], seed: int, given_statistics: bool
) -> None:
    n, c, h, w = shape
    # The variance of very few pixels can be near 0, where r^3 magnifies the rounding of both sides alike.
    shape = (n + 3, c, h, w)
    statistics = constants(c) if given_statistics else None
    inputs = arguments(shape, seed)
    assert_agree(derivatives(fused(statistics), inputs), derivatives(textbook(statistics), inputs))


@pytest.mark.parametrize("given_statistics", [False, True])
@pytest.mark.parametrize("shape", [(2, 3, 4, 4), (3, 2, 5, 3), (1, 1, 3, 2)], ids=str)
def test_gradcheck_and_gradgradcheck(shape: tuple[int, int, int, int], given_statistics: bool) -> None:
    statistics = constants(shape[1]) if given_statistics else None
    inputs = arguments(shape, seed=3)
    assert torch.autograd.gradcheck(fused(statistics), inputs)
    assert torch.autograd.gradgradcheck(fused(statistics), inputs)


@pytest.mark.parametrize("given_statistics", [False, True])
def test_ties_go_to_the_first_and_dead_units_to_nobody(given_statistics: bool) -> None:
    statistics = constants(4) if given_statistics else None
    z, weight, bias = arguments((3, 4, 6, 6), seed=0)
    with torch.no_grad():
        z.round_()  # many equal values in a window
        bias[1] = -50.0  # a channel that never is above 0
        weight[2] = 0.0  # a channel whose values all are equal
        weight[3] = -1.0
    ours, theirs = (derivatives(f(statistics), (z, weight, bias)) for f in (fused, textbook))
    assert_agree(ours, theirs)
    assert not ours[0][:, 1].any() and not ours[1][:, 1].any()


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
@pytest.mark.parametrize("given_statistics", [False, True])
def test_what_is_not_finite_is_not_hidden(given_statistics: bool, value: float) -> None:
    statistics = constants(3) if given_statistics else None
    z, weight, bias = arguments((2, 3, 4, 4), seed=0)
    with torch.no_grad():
        weight.abs_()
        z[1, 2, 0, 1] = value
    ours, theirs = (f(statistics)(z, weight, bias) for f in (fused, textbook))
    torch.testing.assert_close(ours, theirs, equal_nan=True)


def test_a_large_mean_costs_no_digits() -> None:
    z, weight, bias = arguments((5, 4, 8, 8), seed=1, dtype=torch.float32)
    with torch.no_grad():
        z.add_(1000.0)
    ours = fused(None)(z, weight, bias)
    exact = textbook(None)(z.double(), weight.double(), bias.double())
    torch.testing.assert_close(ours.double(), exact, rtol=1e-3, atol=1e-3)


def test_the_same_bits_each_time() -> None:
    inputs = arguments((6, 32, 11, 11), seed=0, dtype=torch.float32)
    first, second = (derivatives(fused(None), inputs) for _ in range(2))
    assert all(torch.equal(a, b) for a, b in zip(first, second, strict=True))


def test_any_memory_layout_is_taken() -> None:
    z, weight, bias = arguments((3, 5, 6, 4), seed=0)
    layouts = [
        z,
        z.contiguous(memory_format=torch.channels_last),
        z.transpose(2, 3).contiguous().transpose(2, 3),
    ]
    values = [fused(None)(layout, weight, bias) for layout in layouts]
    assert all(torch.equal(value, values[0]) for value in values)


def test_inputs_are_not_changed() -> None:
    inputs = arguments((2, 3, 5, 5), seed=0)
    before = [value.detach().clone() for value in inputs]
    derivatives(fused(None), inputs)
    assert all(torch.equal(a.detach(), b) for a, b in zip(inputs, before, strict=True))


def test_a_third_derivative_is_refused_not_wrong() -> None:
    z, weight, bias = arguments((2, 2, 4, 4), seed=0)
    value = fused(None)(z, weight, bias)
    (first,) = torch.autograd.grad(value.square().sum(), z, create_graph=True)
    (second,) = torch.autograd.grad(first.square().sum(), z, create_graph=True)
    with pytest.raises(RuntimeError, match="once_differentiable"):
        second.sum().backward()
