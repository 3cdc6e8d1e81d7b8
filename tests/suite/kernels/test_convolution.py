"""The convolution and its derivatives of every order are PyTorch's."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from suite.kernels import convolve, plain

Convolve = Callable[[Tensor, Tensor], Tensor]


def arguments(
    n: int, inputs: int, outputs: int, h: int, w: int, kernel: int, groups: int
) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(n + 10 * inputs + 100 * outputs)
    x = torch.randn(n, groups * inputs, h, w, generator=generator, dtype=torch.float64)
    weight = torch.randn(groups * outputs, inputs, kernel, kernel, generator=generator, dtype=torch.float64)
    return x.requires_grad_(), weight.requires_grad_()


def derivatives(function: Convolve, x: Tensor, weight: Tensor) -> list[Tensor]:
    z = function(x, weight)
    first = torch.autograd.grad(z.pow(3).sum(), (x, weight), create_graph=True)
    second = torch.autograd.grad(sum(d.pow(2).sum() for d in first), (x, weight), create_graph=True)
    third = torch.autograd.grad(sum(d.pow(2).sum() for d in second), (x, weight))
    return [z, *first, *second, *third]


SIZES = st.integers(1, 7)


@settings(max_examples=40, deadline=None)
@given(SIZES, SIZES, SIZES, SIZES, SIZES, st.sampled_from([1, 3]), st.integers(1, 3))
def test_values_and_derivatives_of_three_orders(
    n: int, inputs: int, outputs: int, h: int, w: int, kernel: int, groups: int
) -> None:
    x, weight = arguments(n, inputs, outputs, h, w, kernel, groups)
    for ours, theirs in zip(
        derivatives(convolve, x, weight), derivatives(plain.convolve, x, weight), strict=True
    ):
        scale = max(float(theirs.detach().abs().max()), 1e-300)
        assert float((ours - theirs).detach().abs().max()) <= 1e-12 * scale


@pytest.mark.parametrize("groups", [1, 2])
def test_gradcheck_and_gradgradcheck(groups: int) -> None:
    x, weight = arguments(2, 2, 3, 4, 3, 3, groups)
    assert torch.autograd.gradcheck(convolve, (x, weight))
    assert torch.autograd.gradgradcheck(convolve, (x, weight))


def test_images_without_gradient_get_none() -> None:
    x, weight = arguments(2, 2, 3, 4, 4, 3, 1)
    x = x.detach()
    (first,) = torch.autograd.grad(convolve(x, weight).pow(2).sum(), weight, create_graph=True)
    (second,) = torch.autograd.grad(first.pow(2).sum(), weight)
    assert second.shape == weight.shape and bool(second.any())


def test_torch_func_sees_through() -> None:
    x, weight = arguments(3, 2, 3, 4, 4, 3, 1)
    x, weight = x.detach(), weight.detach()
    per_image = torch.func.vmap(
        torch.func.grad(lambda w, image: convolve(image[None], w).pow(2).sum()), (None, 0)
    )
    torch.testing.assert_close(
        per_image(weight, x).sum(0), torch.func.grad(lambda w: convolve(x, w).pow(2).sum())(weight)
    )
